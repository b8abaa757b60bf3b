"""Writes the files that repeat the columns of the register: `make columns`.

Tables in SQL, dbt's contracts and documentation cannot read Python. What is written here is
committed; a test tells when it is out of date.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from growth.stored import columns as register
from growth.stored.columns import DATE, Column, names

PROJECT_DIR = Path(__file__).resolve().parent.parent
_MADE = "Written by `make columns` from growth/stored/columns.py"
_MART = "models/marts/{}.yml"
_STAGING = "models/staging/growth/{}.yml"
# What follows this line in a YAML file, as far as it is indented more, is written here.
_COLUMNS = "    columns: # written by `make columns`\n"


def files() -> dict[Path, str]:
    """Return the files with what they should hold."""
    topics, lists = register.of_topics(), register.listed()
    key = register.column("run_id")
    columns = {
        _STAGING.format("stg_growth__runs"): [_staged_column(column) for column in _staged_runs()],
        _STAGING.format("stg_growth__coefficients"): map(_yaml_column, [key, *register.stored()]),
        _MART.format("fct_topic_growth"): map(_contract_column, topics),
    } | {
        _MART.format(f"{name}_topics"): map(_contract_column, lists)
        for name in ("growing", "shrinking", "popular")
    }
    texts = {name: _with_columns(name, lines) for name, lines in columns.items()}
    texts |= {
        "macros/growth_columns.sql": _macro(),
        "models/staging/growth/_growth__docs.md": _docs_blocks(),
        "warehouse/growth.sql": _tables(),
        "docs/columns.md": _page(),
    }
    return {PROJECT_DIR / name: text for name, text in texts.items()}


def stale() -> list[str]:
    """Return the files that are not as they should be."""
    return [
        str(path.relative_to(PROJECT_DIR))
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def _staged_runs() -> list[Column]:
    return [column for column in register.RUNS if column.staged != ""]


def _with_columns(name: str, columns: Iterable[str]) -> str:
    """Return a YAML file with these columns in the place of those that it has."""
    text = (PROJECT_DIR / name).read_text(encoding="utf-8")
    before, marker, after = text.partition(_COLUMNS)
    if not marker:
        raise ValueError(f"{name} has no line {_COLUMNS.strip()!r}")
    rest = re.sub(r"\A(?: {6}.*\n)*", "", after)
    return "".join([before, marker, *columns, rest])


def _yaml_column(column: Column) -> str:
    return f"      - name: {column.name}\n        description: '{{{{ doc(\"{column.name}\") }}}}'\n"


def _contract_column(column: Column) -> str:
    name, description = _yaml_column(column).splitlines(keepends=True)
    return f"{name}        data_type: {column.type}\n{description}"


def _staged_column(column: Column) -> str:
    if not column.meaning:
        return _yaml_column(column)
    name = (column.staged or column.name).rpartition(" ")[2]
    return f"      - name: {name}\n        description: {json.dumps(column.meaning)}\n"


def _macro() -> str:
    places = {
        "runs": [column.staged or column.name for column in _staged_runs()],
        "stored": names(register.stored()),
        "topics": names(register.of_topics()),
        "lists": names(register.listed()),
    }
    lines = [f"{{#- {_MADE}. -#}}", "{% macro growth_columns(place) %}", "{%- set columns = {"]
    for place, columns in places.items():
        lines += [f"    '{place}': [", *(f"        '{name}'," for name in columns), "    ],"]
    lines += ["} -%}", "    {{ columns[place] | join(',\\n        ') }}", "{%- endmacro %}", ""]
    return "\n".join(lines)


def _docs_blocks() -> str:
    blocks = [
        f"{{% docs {column.name} %}}{column.meaning}{{% enddocs %}}\n" for column in register.TOPICS
    ]
    return "\n".join([f"<!-- {_MADE}. -->\n", *blocks])


def _tables() -> str:
    """Return the SQL of the tables."""
    coefficients = [register.column("run_id"), *register.stored()]
    parts = [
        f"-- {_MADE}.\n-- Everything is created if absent. A column that is new in the register is "
        "added; one that has\n-- left it stays as it is, for what is stored is kept.",
        "create schema if not exists growth;",
        _table("growth.runs", register.RUNS, ["run_id text primary key"], []),
        "comment on table growth.runs is 'One row per fitted window and its settings.';",
        _comments("growth.runs", register.RUNS),
        _table(
            "growth.coefficients",
            coefficients,
            [
                "run_id text not null references growth.runs (run_id) on delete cascade",
                "topic_id bigint not null",
            ],
            ["primary key (run_id, topic_id)"],
        ),
        "comment on table growth.coefficients is 'One row per topic of a run.';",
        _comments("growth.coefficients", coefficients),
    ]
    return "\n\n".join(parts) + "\n"


def _table(table: str, columns: Iterable[Column], first: list[str], last: list[str]) -> str:
    others = [column for column in columns if column.name not in ("run_id", "topic_id")]
    needed = [f"{column.name} {column.type} not null" for column in others if column.required]
    added = [
        f"add column if not exists {column.name} {column.type}"
        + (f" not null default {column.default}" if column.default else "")
        for column in others
        if not column.required
    ]
    created, altered = (",\n    ".join(lines) for lines in ([*first, *needed, *last], added))
    return (
        f"create table if not exists {table} (\n    {created}\n);\n\n"
        f"alter table {table}\n    {altered};"
    )


def _comments(table: str, columns: Iterable[Column]) -> str:
    meanings = {
        column.name: column.meaning or register.column(column.name).meaning for column in columns
    }
    return "\n".join(
        f"comment on column {table}.{name} is {_quoted(meaning)};"
        for name, meaning in meanings.items()
    )


def _quoted(text: str) -> str:
    """Return a text as a literal in SQL."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _page() -> str:
    """Return the page of all columns, in Markdown."""
    lists = {column.name for column in register.listed()}
    lines = [
        "# The columns of fits and lists",
        "",
        f"<!-- {_MADE}. -->",
        "",
        "`marts.fct_topic_growth` has one row per topic of a fit, with all columns but `rank` and",
        "`other_labels`; the exported `coefficients` and `growth show --json` have the same ones.",
        "Those with a dot under *lists* are in `marts.growing_topics`, `shrinking_topics` and",
        "`popular_topics` and in `growth top --json`; those under *page* are on the page that",
        "`growth report` writes.",
        "",
        "| column | type | unit | lists | page | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for column in register.TOPICS:
        unit = "" if column.type == DATE else column.unit
        shown = ["•" if yes else "" for yes in (column.name in lists, column.on_page)]
        cells = [f"`{column.name}`", column.type, unit, *shown, column.meaning]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Write what is out of date, and name it."""
    texts = files()
    for name in stale():
        path = PROJECT_DIR / name
        path.write_text(texts[path], encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
