"""Brings months from an outlet's API into its landing zone, and says why a month was fetched or
not."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from console.errors import WarehouseError
from console.months import format_month, months_between, months_up_to
from console.outlets import Outlet
from extract.api.client import Client, MonthFailedError, NotYetError, OutageError, TransientError
from extract.documents import Response, ResponseError
from extract.judge import check_month, check_promised, held_of
from extract.landing import Landed, MonthFile, land_month, landed_month
from extract.outlets.interface import Archive
from warehouse.locks import fetching

if TYPE_CHECKING:
    import psycopg

# A month that is not final is fetched again when it is older than this.
FRESH = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """A month, whether it is to be fetched, and the reason."""

    month: date
    is_due: bool
    reason: str


@dataclass(frozen=True)
class FetchResult:
    """What became of a month in the landing zone."""

    month: date
    outcome: Literal["fetched", "kept", "not yet", "failed"]
    message: str = ""
    docs: int = 0
    bytes: int = 0
    is_outage: bool = False


def months_to_consider(
    outlet: Outlet, start: date | None, end: date | None, today: date
) -> list[date]:
    """Return the months asked for, but for those that have not begun; where none were asked for,
    the current month and the two before it, which are not final. Raises WarehouseError."""
    if any(month is not None and month < outlet.first_month for month in (start, end)):
        raise WarehouseError(f"the archive begins with {format_month(outlet.first_month)}")
    current = today.replace(day=1)
    if start is None and end is None:
        return months_up_to(current, 3)
    return list(months_between(start or end or current, min(end or current, current)))


def plan(folder: Path, month: date, now: datetime, refresh: bool) -> Plan:
    """Say whether a month must be fetched."""
    landed = landed_month(folder, month)
    if landed is None:
        return Plan(month, True, "not landed yet")
    if refresh:
        return Plan(month, True, "asked for again")
    if landed.is_final:
        return Plan(month, False, "landed and final")
    if now - landed.fetched_at > FRESH:
        return Plan(month, True, "landed before it was final, more than a day ago")
    return Plan(month, False, "landed within a day")


def reader(archive: Archive, force: bool) -> Callable[[bytes], Response]:
    """Return the function that reads a month's bytes, and unless forced refuses a month cut
    short."""

    def read(body: bytes) -> Response:
        response = archive.parse(body)
        if not force:
            check_promised(response)
        return response

    return read


@dataclass(frozen=True)
class Fetcher:
    """Brings months into a landing zone. ``connection`` is in autocommit mode."""

    connection: "psycopg.Connection"
    archive: Archive
    client: Client
    folder: Path
    refresh: bool
    force: bool

    def month(self, month: date) -> tuple[FetchResult, MonthFile | None]:
        """Bring one month into the landing zone if it is due.

        Returns what became of it, and the file to load, None where there is none. A file that was
        just written carries what was read of it. Of two processes that fetch the same month the
        second waits, and finds it landed. Raises ApiRefusedError, QuotaSpentError and LandingError.
        """
        asked_at = datetime.now(UTC)
        with fetching(self.connection, self.archive.outlet.short, month, self.client.pause):
            landed = landed_month(self.folder, month)
            file = MonthFile(month, landed.path) if landed else None
            # Another process has fetched it while this one waited: no need to refresh it again.
            is_new = landed is not None and landed.fetched_at >= asked_at
            planned = plan(self.folder, month, datetime.now(UTC), self.refresh and not is_new)
            if not planned.is_due:
                return FetchResult(month, "kept", planned.reason), file
            try:
                return self._download(month, is_again=landed is not None)
            except NotYetError as error:
                return FetchResult(month, "not yet", str(error)), file
            except (MonthFailedError, TransientError, ResponseError) as error:
                is_outage = isinstance(error, OutageError)
                return FetchResult(month, "failed", str(error), is_outage=is_outage), None

    def _download(self, month: date, *, is_again: bool) -> tuple[FetchResult, MonthFile]:
        received = self.archive.fetch(month, self.client)
        response, body = received.response, received.body
        if not self.force:
            held = held_of(self.connection, self.archive.outlet, month)
            check_month(self.archive, month, response, held, by_api=True)
        sha256 = hashlib.sha256(body).hexdigest()
        landed = Landed(body, sha256, received.fetched_at, response)
        file = land_month(self.folder, month, landed, received.headers)
        again = "again" if is_again else ""
        return FetchResult(month, "fetched", again, response.docs, len(body)), file
