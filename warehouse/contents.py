"""What a warehouse holds and where it is: shown before it is replaced or removed."""

from typing import TYPE_CHECKING

from warehouse.roles import SCHEMAS
from warehouse.tables import LEDGERS, months_tables, own_tables

if TYPE_CHECKING:
    import psycopg

_PLURALS = {
    "month": "months",
    "document": "documents",
    "fit": "fits",
    "other table or view": "other tables and views",
}


def place(connection: "psycopg.Connection") -> str:
    """Return database, host and port that a connection really leads to."""
    info = connection.info
    return f"the database {info.dbname} at {info.host}, port {info.port}"


def dependents(connection: "psycopg.Connection") -> list[str]:
    """Return the views and tables of other schemas that depend on the warehouse's tables. Where
    these are replaced, the views are dropped and the tables lose their foreign keys."""
    rows = connection.execute(
        """
        select distinct dependent.oid::regclass::text as name
        from pg_depend
        inner join pg_class as ours on pg_depend.refobjid = ours.oid
        left join pg_rewrite
            on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
        left join pg_constraint
            on pg_depend.classid = 'pg_constraint'::regclass and pg_depend.objid = pg_constraint.oid
        inner join pg_class as dependent
            on coalesce(pg_rewrite.ev_class, pg_constraint.conrelid) = dependent.oid
        where
            pg_depend.refclassid = 'pg_class'::regclass
            and ours.relnamespace::regnamespace::text = any(%s)
            and dependent.relnamespace::regnamespace::text <> all(%s)
        order by name
        """,
        [list(SCHEMAS), list(SCHEMAS)],
    )
    return [name for (name,) in rows]


def holdings(connection: "psycopg.Connection") -> str:
    """Return how much is stored in the warehouse's schemas; an empty text where nothing is.

    It counts the tables and views that Python does not own too: dbt's, and any that others have put
    into schemas of these names.
    """
    months_of_outlets = " union all ".join(
        f"select docs from {table}" for table in months_tables(connection)
    )
    [(months, documents, fits, others)] = connection.execute(
        f"""
        select
            (select count(*) from ({months_of_outlets}) as months),
            (select coalesce(sum(docs), 0)::bigint from ({months_of_outlets}) as months),
            (select count(*) from growth.runs),
            (
                select count(*)
                from pg_class
                inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
                where
                    nspname = any(%s)
                    and relkind in ('r', 'p', 'v', 'm', 'f')
                    and nspname || '.' || relname <> all(%s)
                    and not starts_with(nspname || '.' || relname, %s)
            )
        """.encode(),
        [list(SCHEMAS), own_tables(), f"raw.{LEDGERS}"],
    ).fetchall()
    counts = ((months, "month"), (documents, "document"), (fits, "fit"),
              (others, "other table or view"))  # fmt: skip
    told = [
        f"{number:,} {name if number == 1 else _PLURALS[name]}" for number, name in counts if number
    ]
    return ", ".join(told)
