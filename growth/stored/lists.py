"""Reads the lists of stored fits, which macros/ranked_list.sql ranks.

No library of numbers is imported, so that `growth top` starts at once.
"""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from console.errors import WarehouseError
from growth.stored.columns import listed, names
from growth.stored.runs import Run

# What a list is printed with; the run and the end of its data are told once, above the list.
COLUMNS = [name for name in names(listed()) if name not in ("run_id", "fitted_to")]
CSV_COLUMNS = names(column for column in listed() if column.in_csv)

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
        with
        asked_for as (
            select *, row_number() over (order by rank)::integer as place
            from marts.{table}
            where
                run_id = %(run_id)s
                and (%(kinds)s::text[] = '{{}}' or kind = any(%(kinds)s))
                and (%(phase)s::text is null or phase = %(phase)s)
        )
        select {columns}
        from asked_for
        order by place
        limit %(limit)s
        """
    ).format(
        table=sql.Identifier(LISTS[direction]),
        columns=sql.SQL(", ").join(
            sql.SQL("place as rank") if name == "rank" else sql.Identifier(name) for name in COLUMNS
        ),
    )
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
