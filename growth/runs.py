"""The stored fits: which there are, and which one a command is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from growth.choices import Period
from growth.tables import table
from warehouse.errors import WarehouseError
from warehouse.months import format_month, last_day

COLUMNS = (
    "run_id", "window_start", "window_end", "period", "kinds", "min_articles", "missing_months",
    "articles", "topics", "converged", "not_converged", "s_curves", "pulses", "seconds",
    "code_version", "fitted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A row of growth.runs."""

    run_id: str
    window_start: date
    window_end: date
    kinds: str
    min_articles: int
    topics: int
    converged: int
    fitted_at: datetime


@dataclass(frozen=True)
class Choice:
    """What a person says of the fit they mean: its key, or window and period; nothing, the latest
    of all by days."""

    run_id: str | None = None
    start: date | None = None
    end: date | None = None
    period: str = Period.DAY


def find_run(
    connection: psycopg.Connection,
    start: date | None,
    end: date | None,
    kinds: list[str],
    period: str = Period.DAY,
) -> Run:
    """Return the latest run of that period and, where given, of the window's start and end:
    one of just these kinds (none: of all), else one that has them among its own. Raises
    WarehouseError where there is none."""
    rows = connection.execute(
        """
        select run_id, window_start, window_end, kinds, min_articles, topics, converged, fitted_at
        from growth.runs
        where
            (%(start)s::date is null or window_start = %(start)s)
            and (%(end)s::date is null or window_end = %(end)s)
            and period = %(period)s
            and (kinds = 'all' or string_to_array(kinds, '+') @> %(kinds)s::text[])
        order by kinds = %(wanted)s desc, fitted_at desc
        limit 1
        """,
        {
            "start": start,
            "end": last_day(end) if end else None,
            "kinds": kinds,
            "wanted": "+".join(kinds) or "all",
            "period": period,
        },
    ).fetchall()
    if not rows:
        options = [f"--start {format_month(start)}"] if start else []
        options += [f"--end {format_month(end)}"] if end else []
        options += [f"--kind {kind}" for kind in kinds]
        options += [f"--period {period}"] if period != Period.DAY else []
        raise WarehouseError(f"no such fit is stored: run `{' '.join(['growth fit', *options])}`")
    return Run(*rows[0])


def list_runs(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Return the stored fits, the latest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"select {', '.join(COLUMNS)} from growth.runs order by fitted_at desc")
        return cursor.fetchall()


def read_run(connection: psycopg.Connection, run_id: str) -> dict[str, Any]:
    """Return the row of a stored fit."""
    [run] = [run for run in list_runs(connection) if run["run_id"] == run_id]
    return run


def choose_run(connection: psycopg.Connection, choice: Choice, kinds: list[str]) -> Run:
    """Return the fit that is meant. Raises WarehouseError where there is none."""
    if choice.run_id is None:
        return find_run(connection, choice.start, choice.end, kinds, choice.period)
    row = connection.execute(
        """
        select run_id, window_start, window_end, kinds, min_articles, topics, converged, fitted_at
        from growth.runs
        where run_id = %s
        """,
        [choice.run_id],
    ).fetchone()
    if row is None:
        raise WarehouseError(
            f"no fit {choice.run_id!r} is stored: `growth runs` lists those that are"
        )
    return Run(*row)


def runs_table(runs: Sequence[dict[str, Any]]) -> str:
    """Return the stored fits as a table."""
    header = ("run", "window", "fitted", "of topics", "without", "when", "version")
    rows = [
        (
            run["run_id"],
            f"{run['window_start']} to {run['window_end']}",
            f"{run['converged']:,}",
            f"{run['topics']:,}",
            run["missing_months"] or "-",
            f"{run['fitted_at']:%Y-%m-%d %H:%M}",
            run["code_version"],
        )
        for run in runs
    ]
    return table(header, rows, left=(0, 1, 4, 5, 6))
