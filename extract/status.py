"""What is landed and loaded: one row a month, and the gaps between them."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from extract.landing import LandingError, find_month_files, landed_month
from warehouse.months import months_between

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class KnownMonth:
    """A month in the landing zone, in the warehouse, or in both.

    ``hits``, ``docs``, ``rejected`` and ``source`` are those of the loaded month; ``bytes`` is the
    response's length uncompressed, of a month that is landed alone its size on disk.
    """

    month: date
    landed: bool
    loaded: bool
    is_final: bool
    hits: int | None
    docs: int
    rejected: int
    bytes: int
    source: str | None
    fetched_at: datetime
    loaded_at: datetime | None


def known_months(connection: "psycopg.Connection", folder: Path) -> list[KnownMonth]:
    """Return the months that are loaded or landed in ``folder``, oldest first."""
    known: dict[date, KnownMonth] = {}
    try:
        files = find_month_files(folder, None, None)[0]
    except LandingError:
        files = []  # no landing zone yet
    for file in files:
        landed = landed_month(folder, file.month)
        if landed is not None:
            known[file.month] = KnownMonth(
                file.month, True, False, landed.is_final, None, 0, 0, landed.size, None,
                landed.fetched_at, None,
            )  # fmt: skip
    rows = connection.execute(
        """
        select archive_month, is_final, hits, docs, rejected, bytes, source, fetched_at, loaded_at
        from raw.nyt_months
        """
    )
    for month, *stored in rows:
        known[month] = KnownMonth(month, month in known, True, *stored)
    return [known[month] for month in sorted(known)]


def missing_months(months: list[KnownMonth]) -> list[date]:
    """Return the months from the first to the last known one that are not loaded."""
    if not months:
        return []
    loaded = {month.month for month in months if month.loaded}
    return [
        month for month in months_between(months[0].month, months[-1].month) if month not in loaded
    ]
