"""Writes a fit's series and coefficients into files that stand on their own.

Beside the two tables lies a file that says what each column is, of what unit, and from where, as
Our World in Data does. Its words are the register's.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

from console.errors import WarehouseError
from console.outlets import find_outlet
from console.text import cell_text, visible_json
from growth.choices import FileFormat
from growth.stored.columns import (
    BIGINT,
    BOOLEAN,
    COUNTED,
    DATE,
    DRAWN,
    INTEGER,
    NUMBER,
    TEXT,
    Column,
    names,
    of_topics,
)
from growth.stored.lines import DrawnRow, drawn_rows
from growth.stored.observed import marts_needed, observed_query
from growth.stored.runs import Run
from warehouse.files import make_folder, replacing_together, scratch
from warehouse.locks import hold_run, share_warehouse

METADATA = "news-growth.metadata.json"
_REMEDY = "give another folder with --out"

# What Postgres's types are called in the description, and in Parquet.
_TYPES = {
    BOOLEAN: ("boolean", "bool"),
    INTEGER: ("integer", "int32"),
    BIGINT: ("integer", "int64"),
    NUMBER: ("number", "float64"),
    DATE: ("date", "date32"),
    TEXT: ("text", "string"),
}
_ROWS_AT_ONCE = 10_000
# What is told of the fit that was exported.
_SETTINGS = (
    "run_id", "period", "kinds", "min_articles", "false_discovery_rate", "fitted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What is exported: a query, the columns to take from it, the order of its rows. ``drawn``
    gives the columns DRAWN, which are added to each row: the lines of topics, which are not
    stored."""

    name: str
    title: str
    description: str
    query: sql.Composed
    queried: Sequence[Column]
    order: str
    drawn: Callable[[], Iterator[DrawnRow]] | None = None

    @property
    def columns(self) -> list[Column]:
        """The columns of the file: those that the query gives, then those that are drawn."""
        return [*self.queried, *(DRAWN if self.drawn else ())]


def export_run(
    connection: psycopg.Connection,
    run: Run,
    kinds: Sequence[str],
    by: str,
    file_format: FileFormat,
    folder: Path,
) -> list[tuple[Path, int]]:
    """Write the tables of a run, and what they hold, into a folder; return the tables' paths with
    their numbers of rows.

    Files of these names are replaced when all is written, not before. Raises WarehouseError where
    the folder cannot be written to, the marts are not built, or a package is missing.
    """
    if file_format == FileFormat.PARQUET:
        _need_pyarrow()
    paths = [folder / f"{name}.{file_format}" for name in ("series", "coefficients")]
    make_folder(folder, remedy=_REMEDY)
    with (
        replacing_together([*paths, folder / METADATA], remedy=_REMEDY) as (*files, metadata),
        connection.transaction(),
        marts_needed(),
    ):
        # Until all is written, neither dbt nor a fit of this window changes it.
        share_warehouse(connection)
        hold_run(connection, run.run_id)
        safe = _safe_labels(connection, run) if file_format == FileFormat.CSV else {}
        tables = [_series(connection, run, kinds, by), _coefficients(run, kinds)]
        rows = []
        for table, path, file in zip(tables, paths, files, strict=True):
            if file_format == FileFormat.JSON:
                rows.append(_write_json(connection, table, file))
            elif file_format == FileFormat.CSV:
                rows.append(_write_csv(connection, table, file, safe))
            else:
                with scratch(path, remedy=_REMEDY) as lines:
                    rows.append(_write_csv(connection, table, lines, safe))
                    _to_parquet(table, lines, file)
        described = _metadata(connection, run, file_format, tables, rows)
        text = json.dumps(described, ensure_ascii=False, indent=2, default=str)
        metadata.write(f"{visible_json(text)}\n".encode())
    return list(zip(paths, rows, strict=True))


def _series(connection: psycopg.Connection, run: Run, kinds: Sequence[str], by: str) -> Table:
    query = sql.SQL("select * from ({}) as series where {}").format(
        observed_query(run, by, None), _of_kinds(kinds)
    )
    return Table(
        "series",
        f"Articles of each fitted topic by {by}",
        f"One row per topic that has a fit and {by} of the window, those without an article of it "
        "included. Days of months that are not loaded are left out.",
        query,
        COUNTED,
        "kind, label, topic_id, period_start",
        lambda: drawn_rows(connection, run, kinds, by),
    )


def _coefficients(run: Run, kinds: Sequence[str]) -> Table:
    query = sql.SQL("select * from marts.fct_topic_growth where run_id = {} and {}").format(
        sql.Literal(run.run_id), _of_kinds(kinds)
    )
    return Table(
        "coefficients",
        "Growth of each topic of the window",
        "One row per topic: how fast its share of all articles grew or shrank, and how sure that "
        "is. A topic without a fit has a status that says why, and nulls.",
        query,
        of_topics(),
        "kind, label, topic_id",
    )


def _of_kinds(kinds: Sequence[str]) -> sql.Composable:
    if not kinds:
        return sql.SQL("true")
    return sql.SQL("kind = any({})").format(sql.Literal(list(kinds)))


def _safe_labels(connection: psycopg.Connection, run: Run) -> dict[int, str]:
    """Return the labels that a spreadsheet or a terminal must not get as they are."""
    rows = connection.execute(
        "select topic_id, label from growth.coefficients where run_id = %s", [run.run_id]
    )
    return {topic_id: cell_text(label) for topic_id, label in rows if cell_text(label) != label}


def _write_csv(
    connection: psycopg.Connection, table: Table, file: IO[bytes], labels: dict[int, str]
) -> int:
    """Write a table as the server makes it; return its number of rows."""
    columns: list[sql.Composable] = []
    for column in table.queried:
        name = sql.Identifier(column.name)
        if column.name == "label":
            columns.append(sql.SQL("coalesce(safe.text, label) as label"))
        elif column.type == BOOLEAN:
            columns.append(sql.SQL("{0}::text as {0}").format(name))
        else:
            columns.append(name)
    query = sql.SQL(
        """
        copy (
            select {columns}
            from ({query}) as exported
            left join unnest({keys}::bigint[], {texts}::text[]) as safe (key, text)
                on exported.topic_id = safe.key
            order by {order}
        ) to stdout (format csv, header)
        """
    ).format(
        columns=sql.SQL(", ").join(columns),
        query=table.query,
        keys=sql.Literal(list(labels)),
        texts=sql.Literal(list(labels.values())),
        order=sql.SQL(", ").join(map(sql.SQL, _order(table))),
    )
    drawn = table.drawn() if table.drawn else None
    with connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            if drawn is None:
                for block in copy:
                    file.write(block)
            else:
                # No text of the query's has a line break: control characters are written out.
                lines = _lines(copy)
                file.write(next(lines) + f",{','.join(names(DRAWN))}\n".encode())
                for line, values in zip(lines, drawn, strict=True):
                    file.write(line + f",{','.join(map(_cell, values))}\n".encode())
        return cursor.rowcount


def _lines(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Yield the lines of what comes in blocks of any length, without their ends."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + bytes(block)).split(b"\n")
        yield from lines


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _order(table: Table) -> list[Any]:
    return [f"exported.{name}" for name in table.order.split(", ")]


def _write_json(connection: psycopg.Connection, table: Table, file: IO[bytes]) -> int:
    """Write a table as an array of objects, one a line; return its number of rows."""
    # A program that reads JSON's numbers as floats would round the key.
    columns = [
        sql.SQL("topic_id::text as topic_id") if name == "topic_id" else sql.Identifier(name)
        for name in names(table.queried)
    ]
    query = sql.SQL(
        """
        select row_to_json(row)::text
        from (
            select {columns}
            from ({query}) as exported
            order by {order}
        ) as row
        """
    ).format(
        columns=sql.SQL(", ").join(columns),
        query=table.query,
        order=sql.SQL(", ").join(map(sql.SQL, _order(table))),
    )
    rows = 0
    drawn = table.drawn() if table.drawn else None
    with connection.cursor("export") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        file.write(b"[")
        for (row,) in cursor.execute(query):
            if drawn is not None:
                added = dict(zip(names(DRAWN), map(_short, next(drawn)), strict=True))
                row = f"{row[:-1]},{json.dumps(added)[1:]}"
            file.write(f"{',' if rows else ''}\n{visible_json(row)}".encode())
            rows += 1
        file.write(b"\n]\n")
    return rows


def _short(value: float | None) -> float | None:
    return None if value is None else float(_cell(value))


def _need_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise WarehouseError(
            "--format parquet needs the package pyarrow, which is not installed: run "
            "`.venv/bin/pip install pyarrow`, or choose --format csv"
        ) from None


def _to_parquet(table: Table, lines: IO[bytes], file: IO[bytes]) -> None:
    """Turn a CSV file into a Parquet file, a block at a time."""
    import pyarrow
    from pyarrow import csv, parquet

    types = {
        column.name: pyarrow.type_for_alias(_TYPES[column.type][1]) for column in table.columns
    }
    convert = csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True,
        quoted_strings_can_be_null=False, true_values=["true"], false_values=["false"],
    )  # fmt: skip
    parse = csv.ParseOptions(newlines_in_values=True)
    lines.flush()
    with open(lines.fileno(), "rb", closefd=False) as source:
        source.seek(0)
        with (
            csv.open_csv(source, parse_options=parse, convert_options=convert) as reader,
            parquet.ParquetWriter(file, reader.schema) as writer,
        ):
            for batch in reader:
                writer.write_batch(batch)


def _metadata(
    connection: psycopg.Connection,
    run: Run,
    file_format: FileFormat,
    tables: Sequence[Table],
    rows: Sequence[int],
) -> dict[str, Any]:
    outlet = find_outlet(run.outlet)
    return {
        "title": f"Topics in the news, {run.window_start} to {run.last_day}: articles and growth",
        "description": "How many articles carried each topic, and how its share of all articles "
        "grew or shrank. docs/model.md explains the model.",
        "source": {"name": outlet.source, "url": outlet.url, "terms": outlet.terms},
        "window": {
            "start": run.window_start,
            "end": run.window_end,
            "fitted_to": run.last_day,
            "missing_months": run.missing_months.split(", ") if run.missing_months else [],
        },
        "fit": {key: getattr(run, key) for key in _SETTINGS},
        "versions": {
            "news-growth": version("news-growth"),
            "fitted_by": run.code_version,
            "postgres": connection.info.parameter_status("server_version"),
        },
        "text": "In CSV files control characters are written as \\n or \\x1b, and texts that begin "
        "with = + - @ have ' in front, so that no spreadsheet computes them."
        if file_format == FileFormat.CSV
        else "As in the warehouse.",
        "tables": [
            _described(table, file_format, number)
            for table, number in zip(tables, rows, strict=True)
        ],
    }


def _described(table: Table, file_format: FileFormat, rows: int) -> dict[str, Any]:
    """Return what a file holds: its columns, with what each means and in what unit."""
    return {
        "file": f"{table.name}.{file_format}",
        "title": table.title,
        "description": table.description,
        "rows": rows,
        "columns": [
            {
                "name": column.name,
                "title": column.name.replace("_", " "),
                "description": column.meaning,
                "unit": "date" if column.type == DATE else column.unit,
                "type": _TYPES[column.type][0],
            }
            for column in table.columns
        ],
    }
