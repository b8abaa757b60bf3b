"""What the marts do not tell of the loaded months: when they were loaded and fetched, and whether
they are final."""

from datetime import date
from typing import TYPE_CHECKING

from growth.stored.runs import Window

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql


def loaded_on(connection: "psycopg.Connection", window: Window) -> date | None:
    """Return the day on which the last month of a window was loaded; None where the login may not
    know."""
    from psycopg import sql

    query = sql.SQL("select max(loaded_at)::date from {} where archive_month between %s and %s")
    return _day(connection, window, query, [window.start, window.end])


def not_final_since(connection: "psycopg.Connection", window: Window) -> date | None:
    """Return when a window's last month was fetched, where that was before its index was complete;
    None where it is final, or the login may not know."""
    from psycopg import sql

    query = sql.SQL("select fetched_at::date from {} where archive_month = %s and not is_final")
    return _day(connection, window, query, [window.end.replace(day=1)])


def _day(
    connection: "psycopg.Connection", window: Window, query: "sql.SQL", days: list[date]
) -> date | None:
    """Return the day that a query of the outlet's table of months has for an answer."""
    from psycopg import sql

    table = f"{window.outlet}_months"
    if not _may_read(connection, table):
        return None
    row = connection.execute(query.format(sql.Identifier("raw", table)), days).fetchone()
    return row[0] if row is not None and isinstance(row[0], date) else None


def _may_read(connection: "psycopg.Connection", table: str) -> bool:
    """Tell whether the login may read a table of ``raw``: some that may read marts may not."""
    allowed = connection.execute(
        """
        select
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            nspname = 'raw'
            and relname = %s
            and has_schema_privilege(pg_namespace.oid, 'USAGE')
            and has_table_privilege(pg_class.oid, 'SELECT')
        """,
        [table],
    )
    return allowed.rowcount > 0
