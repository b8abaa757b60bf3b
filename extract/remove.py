"""Unloads months: what is stored of them in the raw tables goes, their files stay."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from console.outlets import Outlet
from extract.load import changing_month
from warehouse.locks import share_warehouse

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class LoadedMonth:
    """A loaded month, and how many documents are stored of it."""

    month: date
    docs: int


def loaded_months(
    connection: "psycopg.Connection", outlet: Outlet, start: date | None, end: date | None
) -> list[LoadedMonth]:
    """Return the loaded months from ``start`` to ``end``, oldest first."""
    rows = connection.execute(
        f"""
        select archive_month, docs
        from {outlet.table("months")}
        where
            archive_month >= coalesce(%s, archive_month)
            and archive_month <= coalesce(%s, archive_month)
        order by archive_month
        """,
        [start, end],
    )
    return [LoadedMonth(*row) for row in rows]


def remove_month(connection: "psycopg.Connection", outlet: Outlet, month: date) -> int:
    """Unload a month, whole or not at all; return how many documents went.

    ``connection`` is in autocommit mode. Raises WarehouseError where the server fails.
    """
    with changing_month(connection, outlet, month, "removed"):
        share_warehouse(connection)  # dbt must not see a month change while it runs
        for name in ("rejects", "fields", "months", "articles"):
            gone = connection.execute(
                f"delete from {outlet.table(name)} where archive_month = %s", [month]
            ).rowcount
        return gone
