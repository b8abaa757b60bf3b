"""The stored fits: which there are, and which one a command is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from growth.choices import Period
from growth.lists import Run, find_run
from growth.tables import table
from warehouse.errors import WarehouseError

COLUMNS = (
    "run_id", "window_start", "window_end", "period", "kinds", "min_articles", "missing_months",
    "articles", "topics", "converged", "not_converged", "s_curves", "pulses", "seconds",
    "code_version", "fitted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What a person says of the fit they mean: its key, or window and period; nothing, the latest
    of all by days."""

    run_id: str | None = None
    start: date | None = None
    end: date | None = None
    period: str = Period.DAY


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
