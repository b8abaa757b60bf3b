"""Reads the ranked lists of stored fits. Needs no numbers' library: `growth top` starts at once."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from console.errors import WarehouseError
from growth.stored.runs import Run

LISTS = {
    "growing": "growing_topics",
    "shrinking": "shrinking_topics",
    "popular": "popular_topics",
}


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
            share, share_start, share_end, share_end_low, share_end_high, share_highest,
            highest_on, jumped_on, listed_rate, listed_low, listed_high, listed_doubling_days,
            listed_by, sure_growth, q_value, growth_rate, ci_low, ci_high, phase,
            peak_on, midpoint_on, first_seen_on, new_label, seasonal, direction,
            window_start, window_end, topic_id
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
