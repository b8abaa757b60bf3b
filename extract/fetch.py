"""Brings months from the API into the landing zone, and says of each why or why not."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from console.errors import WarehouseError
from console.months import (
    FIRST_ARCHIVE_MONTH,
    format_month,
    months_between,
    previous_month,
)
from extract.judge import check_month, check_promised, held_of
from extract.landing import LandedMonth, Sidecar, land_month, landed_month
from extract.outlets.nyt.client import (
    Client,
    MonthFailedError,
    NotYetError,
    OutageError,
    TransientError,
)
from extract.outlets.nyt.responses import Response, ResponseError, parse_response
from warehouse.locks import fetching

if TYPE_CHECKING:
    import psycopg

# A month that is not final is fetched again when it is older than this.
FRESH = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """A month, whether it must be fetched, and why or why not."""

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
    path: Path | None = None
    is_outage: bool = False


def months_to_consider(start: date | None, end: date | None, today: date) -> list[date]:
    """Return the months asked for; without any, those that are never final: the current and the two
    before it. Months that have not begun are left out. Raises WarehouseError."""
    if end is not None and end < FIRST_ARCHIVE_MONTH:
        raise WarehouseError(f"the archive begins with {format_month(FIRST_ARCHIVE_MONTH)}")
    current = today.replace(day=1)
    if start is None and end is None:
        start = previous_month(previous_month(current))
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


def fetch_month(
    connection: "psycopg.Connection",
    client: Client,
    folder: Path,
    month: date,
    *,
    refresh: bool,
    force: bool,
    tell: Callable[[str], None],
) -> FetchResult:
    """Bring one month into the landing zone if it is due.

    ``connection`` is in autocommit mode. Two processes never fetch the same month: the second
    waits, and finds it landed. Raises what `Client.download` raises of the API as a whole, and
    LandingError.
    """
    asked_at = datetime.now(UTC)
    with fetching(connection, month, client.pause):
        landed = landed_month(folder, month)
        # Landed by another process while this one waited: that serves a refresh as well.
        is_new = landed is not None and landed.fetched_at >= asked_at
        planned = plan(folder, month, datetime.now(UTC), refresh and not is_new)
        if not planned.is_due:
            path = landed.path if landed else None
            return FetchResult(month, "kept", planned.reason, path=path)
        try:
            return _download(connection, client, folder, month, landed, force, tell)
        except NotYetError as error:
            return FetchResult(month, "not yet", str(error), path=landed.path if landed else None)
        except (MonthFailedError, ResponseError) as error:
            return FetchResult(
                month,
                "failed",
                str(error),
                path=landed.path if landed else None,
                is_outage=isinstance(error, OutageError),
            )


def _download(
    connection: "psycopg.Connection",
    client: Client,
    folder: Path,
    month: date,
    landed: LandedMonth | None,
    force: bool,
    tell: Callable[[str], None],
) -> FetchResult:
    body = io.BytesIO()
    answers: list[Response] = []

    def check(received: IO[bytes]) -> None:
        received.seek(0)
        try:
            answers[:] = [parse_response(body.getvalue())]
            if not force:
                check_promised(answers[0])
        except ResponseError as error:
            raise TransientError(str(error)) from None

    download = client.download(month, body, check, tell)
    response, content = answers[0], body.getvalue()
    if not force:
        check_month(month, response, held_of(connection, month), by_api=True)
    sidecar = Sidecar(
        download.fetched_at, hashlib.sha256(content).hexdigest(), len(content), download.headers
    )
    path = land_month(folder, month, content, sidecar)
    return FetchResult(
        month, "fetched", "again" if landed else "", response.docs, len(content), path
    )
