"""Reads the ranked lists of stored fits. Needs no numbers' library: `growth top` starts at once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from growth.choices import Period
from warehouse.errors import WarehouseError
from warehouse.months import format_month, last_day

LISTS = {
    "growing": "growing_topics",
    "shrinking": "shrinking_topics",
    "popular": "popular_topics",
}


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


def read_list(
    connection: psycopg.Connection,
    run: Run,
    direction: str,
    kinds: list[str],
    limit: int,
    phase: str | None = None,
) -> list[dict[str, Any]]:
    """Return the first ``limit`` topics of a run's list, ranked among the kinds and the phase asked
    for."""
    query = sql.SQL(
        """
        select
            row_number() over (order by rank)::integer as rank, label, other_labels, kind, articles,
            share, share_start, share_end, growth_rate, doubling_days, ci_low, ci_high, q_value,
            change_rate, sure_growth, phase,
            peak_on, midpoint_on, first_seen_on, new_label, seasonal, direction,
            topic_id::text as topic_id
        from marts.{table}
        where
            run_id = %(run_id)s
            and (%(kinds)s::text[] = '{{}}' or kind = any(%(kinds)s))
            and (%(phase)s::text is null or phase = %(phase)s)
        order by rank
        limit %(limit)s
        """
    ).format(table=sql.Identifier(LISTS[direction]))
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                query, {"run_id": run.run_id, "kinds": kinds, "phase": phase, "limit": limit}
            )
            return cursor.fetchall()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InvalidSchemaName,
    ):
        raise WarehouseError(
            f"the list marts.{LISTS[direction]} is not there, or older than this version: run "
            "`dbt build`"
        ) from None
