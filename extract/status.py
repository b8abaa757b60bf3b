"""What is landed and loaded: one row per month, and the gaps between them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.months import LAST_MONTH, format_month, months_between, next_month
from console.outlets import Outlet
from extract.landing import LandingError, find_month_files, landed_month

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class UnreadableField:
    """A field that cannot be read, why, and in how many documents of a month."""

    field: str
    reading: str
    docs: int


@dataclass(frozen=True)
class KnownMonth:
    """A month in the landing zone, in the warehouse, or in both.

    ``hits``, ``docs``, ``rejected`` and ``source`` are those of the loaded month; ``bytes`` is the
    response's length uncompressed, or its size on disk where the month is not loaded.
    ``unreadable`` is None where nothing was counted: the month is not loaded, or a version before
    0.5.0 loaded it.
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
    unreadable: list[UnreadableField] | None = None


def known_months(
    connection: "psycopg.Connection", outlet: Outlet, folder: Path
) -> list[KnownMonth]:
    """Return the months that are loaded or landed in ``folder``, oldest first."""
    known: dict[date, KnownMonth] = {}
    try:
        files = find_month_files(folder, None, None)[0]
    except LandingError:
        files = []  # there is no landing zone yet
    for file in files:
        landed = landed_month(folder, file.month)
        if landed is not None:
            known[file.month] = KnownMonth(
                file.month, True, False, landed.is_final, None, 0, 0, landed.size, None,
                landed.fetched_at, None,
            )  # fmt: skip
    rows = connection.execute(
        f"""
        select archive_month, is_final, hits, docs, rejected, bytes, source, fetched_at, loaded_at
        from {outlet.table("months")}
        """
    )
    fields = _fields_of(connection, outlet)
    for month, *stored in rows:
        loaded = KnownMonth(month, month in known, True, *stored)
        known[month] = replace(
            loaded, unreadable=fields.get(month, [] if loaded.docs == 0 else None)
        )
    return [known[month] for month in sorted(known)]


def _fields_of(
    connection: "psycopg.Connection", outlet: Outlet
) -> dict[date, list[UnreadableField]]:
    """Return what cannot be read of each month whose fields were counted."""
    found: dict[date, list[UnreadableField]] = {}
    rows = connection.execute(
        f"""
        select archive_month, field, reading, is_readable, docs
        from {outlet.table("fields")}
        order by archive_month, field, docs desc, reading
        """
    )
    for month, field, reading, is_readable, docs in rows:
        unreadable = found.setdefault(month, [])
        if not is_readable:
            unreadable.append(UnreadableField(field, reading or "no type", docs))
    return found


def missing_months(outlet: Outlet, months: list[KnownMonth]) -> list[date]:
    """Return the months from the first to the last known one that are not loaded, as far as the
    archive goes."""
    if not months:
        return []
    loaded = {month.month for month in months if month.loaded}
    first = max(months[0].month, outlet.first_month)
    last = min(months[-1].month, LAST_MONTH)
    return [month for month in months_between(first, last) if month not in loaded]


def describe_months(months: list[date]) -> str:
    """Name months; of three or more in a row, the first and the last."""
    runs: list[list[date]] = []
    for month in months:
        if runs and next_month(runs[-1][-1]) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    parts: list[str] = []
    for run in runs:
        if len(run) > 2:
            first, last = format_month(run[0]), format_month(run[-1])
            parts.append(f"{first} to {last} ({len(run):,} months)")
        else:
            parts += map(format_month, run)
    return ", ".join(parts)
