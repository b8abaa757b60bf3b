"""What the marts do not tell of the loaded months: when they were loaded and fetched, and whether
they are final."""

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


def may_read_months(connection: "psycopg.Connection") -> bool:
    """Tell whether the login may read raw.nyt_months: some that may read marts may not."""
    allowed = connection.execute(
        """
        select
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            nspname = 'raw'
            and relname = 'nyt_months'
            and has_schema_privilege(pg_namespace.oid, 'USAGE')
            and has_table_privilege(pg_class.oid, 'SELECT')
        """
    )
    return allowed.rowcount > 0


def loaded_on(connection: "psycopg.Connection", first: date, last: date) -> date | None:
    """Return the day on which the last of the months between two days was loaded; None where the
    login may not know."""
    if not may_read_months(connection):
        return None
    [[loaded]] = connection.execute(
        "select max(loaded_at)::date from raw.nyt_months where archive_month between %s and %s",
        [first, last],
    ).fetchall()
    return loaded if isinstance(loaded, date) else None


def not_final_since(connection: "psycopg.Connection", day: date) -> date | None:
    """Return when the month of a day was fetched, where that was before its index was complete;
    None where it is final, or the login may not know."""
    if not may_read_months(connection):
        return None
    row = connection.execute(
        "select fetched_at::date from raw.nyt_months where archive_month = %s and not is_final",
        [day.replace(day=1)],
    ).fetchone()
    return row[0] if row is not None and isinstance(row[0], date) else None
