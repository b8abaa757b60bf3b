"""The page's tables: how they are written, and what in them is beyond its limit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import fill

import numpy as np

_NOWHERE = "nowhere."


@dataclass(frozen=True)
class Limit:
    """How high the numbers of a column may be, or must be, in the rows that have the words
    ``where`` and none of ``but``. ``what`` begins the sentence that names those beyond it."""

    what: str
    column: str
    most: float = np.inf
    least: float = -np.inf
    where: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def judges(self, row: list[str], value: str) -> bool:
        """Tell whether the limit is about a row."""
        return value != "-" and set(self.where) <= set(row) and not set(self.but) & set(row)


@dataclass(frozen=True)
class Table:
    """A table whose first ``names`` columns say what was simulated. ``rows`` takes the number of
    topics a simulation."""

    title: str
    text: str
    columns: list[str]
    names: int
    rows: Callable[[int], Iterator[list[str]]]
    limits: tuple[Limit, ...] = ()


def write(table: Table, rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of the table in Markdown, and below it what is beyond its limits."""
    yield f"## {table.title}\n\n{fill(table.text, 100)}\n"
    yield "| " + " | ".join(table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
    for line in beyond_limits(table, rows):
        yield f"{fill(line, 100)}\n"


def beyond_any_limit(tables: list[tuple[Table, list[list[str]]]]) -> Iterator[str]:
    """Yield the lines of a list of all that is beyond a limit."""
    for table, rows in tables:
        for line in beyond_limits(table, rows):
            if not line.endswith(_NOWHERE):
                subject = table.title.partition(":")[0]
                yield fill(f"- *{subject}.* {line}", 100, subsequent_indent="  ")


def beyond_limits(table: Table, rows: list[list[str]]) -> Iterator[str]:
    """Yield a sentence for each limit: which rows are beyond it, by their first name."""
    for limit in table.limits:
        column = table.columns.index(limit.column)
        judged = [row for row in rows if limit.judges(row, row[column])]
        parts = []
        for first in dict.fromkeys(row[0] for row in judged):
            mine = [row for row in judged if row[0] == first]
            broken = [row for row in mine if not limit.least <= float(row[column]) <= limit.most]
            if broken:
                parts.append(f"{first} ({_places(table, column, broken, len(mine))})")
        yield f"{limit.what}: " + (f"{', '.join(parts)}." if parts else _NOWHERE)


def _places(table: Table, column: int, broken: list[list[str]], number: int) -> str:
    """Return the rows with their numbers; where they are many, how many, and the range."""
    if len(broken) > 3:
        values = sorted(float(row[column]) for row in broken)
        return f"{len(broken)} of {number} rows: {values[0]:g} to {values[-1]:g}"
    names = table.columns[1 : table.names]
    return "; ".join(
        f"{', '.join(map(_named, row[1 : table.names], names))}: {row[column]}" for row in broken
    )


def _named(value: str, column: str) -> str:
    return f"{value} {column}" if value.replace(".", "").isdigit() else value
