"""Creates the tables that Python owns (schema.sql, growth.sql; not dbt's), and names them."""

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from console.errors import WarehouseError
from console.outlets import OUTLETS
from warehouse import locks, roles

if TYPE_CHECKING:
    import psycopg


# How the names of the ledgers in `raw` begin. They count the requests to an outlet's API; a library
# that the loader uses creates them.
LEDGERS = "ratelimit___"


def distribution_script() -> str:
    """Return the SQL that spreads the raw tables over Citus's workers, where there are any."""
    return _script("distribution.sql")


def _script(name: str) -> str:
    return (files("warehouse") / name).read_text(encoding="utf-8")


def own_tables() -> list[str]:
    """Return the names of the tables that Python owns."""
    return re.findall(r"create table if not exists ([a-z0-9_.]+)", _own_script())


def _own_script() -> str:
    """Return the SQL that creates these tables."""
    schema = _script("schema.sql")
    raw = "".join(schema.replace("{outlet}", outlet.short) for outlet in OUTLETS)
    return raw + _script("growth.sql")


def months_tables(connection: "psycopg.Connection") -> list[str]:
    """Return the names of the tables of loaded months: one an outlet, raw.<outlet>_months."""
    rows = connection.execute(
        """
        select 'raw.' || relname
        from pg_class
        where
            relnamespace = to_regnamespace('raw')
            and relkind in ('r', 'p')
            and relname ~ '^[a-z][a-z0-9]*_months$'
        order by relname
        """
    )
    return [name for (name,) in rows]


def _made_by(ddl: str) -> list[str]:
    """Return the tables that Python creates, and the columns that it adds to tables of
    older versions."""
    added = re.findall(
        r"alter table ([a-z0-9_.]+)\n((?: +add column if not exists [^\n]+\n)+)", ddl
    )
    columns = [
        f"{table}.{column}"
        for table, lines in added
        for column in re.findall(r"if not exists ([a-z_]+)", lines)
    ]
    return own_tables() + columns


def create_missing(connection: "psycopg.Connection") -> None:
    """Create the tables where one is missing, or a column. Where none is, a login without
    the right to create tables can connect too."""
    import psycopg

    schema = _own_script()
    ddl = schema + distribution_script()
    missing = connection.execute(
        """
        select name
        from unnest(%s::text[]) as name
        where not exists (
            -- to_regclass would fail where the login may not use the schema.
            select
            from pg_class
            inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
            left join pg_attribute on pg_class.oid = pg_attribute.attrelid
            where
                name in (
                    pg_namespace.nspname || '.' || pg_class.relname,
                    pg_namespace.nspname || '.' || pg_class.relname || '.' || pg_attribute.attname
                )
        )
        """,
        [_made_by(schema)],
    ).fetchall()
    if missing:
        # Where two first commands run at once, the second waits here and finds all created.
        locks.hold_schema(connection)
        in_force = roles.are_in_force(connection)
        try:
            connection.execute(ddl.encode())
            if in_force:  # new tables need an owner and grants
                roles.apply(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            if not in_force:
                raise
            raise WarehouseError(
                f"the warehouse lacks {missing[0][0]}, and this login cannot create it "
                f"({' '.join(str(error).split())}): ask the owner of the database to run "
                "`warehouse roles`"
            ) from None
    connection.commit()
