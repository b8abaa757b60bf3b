"""What is loaded: one row a month, and the gaps between them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from warehouse.months import months_between

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class LoadedMonth:
    """A row of raw.nyt_months."""

    month: date
    hits: int | None
    docs: int
    rejected: int
    bytes: int
    source: str
    is_final: bool
    fetched_at: datetime
    loaded_at: datetime


def loaded_months(connection: "psycopg.Connection") -> list[LoadedMonth]:
    """Return the loaded months, oldest first."""
    rows = connection.execute(
        """
        select archive_month, hits, docs, rejected, bytes, source, is_final, fetched_at, loaded_at
        from raw.nyt_months
        order by archive_month
        """
    )
    return [LoadedMonth(*row) for row in rows]


def missing_months(months: list[LoadedMonth]) -> list[date]:
    """Return the months between the first and the last loaded one that are not loaded."""
    if not months:
        return []
    loaded = {month.month for month in months}
    return [
        month for month in months_between(months[0].month, months[-1].month) if month not in loaded
    ]
