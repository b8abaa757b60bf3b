"""Fetches months and loads each as soon as it has landed, so that a stop loses nothing."""

import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from console.months import format_month
from extract.fetch import FetchResult, fetch_month
from extract.landing import MonthFile, prepare
from extract.load import MonthResult, load_months
from extract.outlets.nyt.client import Api, ApiRefusedError, Client
from extract.pacing import Limits, pacer

if TYPE_CHECKING:
    import psycopg

# So many months in a row without an answer, and the API counts as down.
MONTHS_OF_AN_OUTAGE = 3


@dataclass(frozen=True)
class MonthOutcome:
    """What became of a month: in the landing zone, and in the warehouse if it was to be loaded."""

    fetch: FetchResult
    load: MonthResult | None

    @property
    def failed(self) -> bool:
        """Whether the month is not where it should be, or documents of it were rejected."""
        if self.fetch.outcome == "failed":
            return True
        loaded = self.load
        return loaded is not None and (
            loaded.outcome == "failed" or (loaded.rejected > 0 and loaded.outcome != "unchanged")
        )


@dataclass(frozen=True)
class Request:
    """What to fetch, where to, and whether to load it."""

    months: list[date]
    folder: Path
    refresh: bool
    force: bool
    load: bool


def fetch_months(
    connection: "psycopg.Connection",
    api: Api,
    limits: Limits,
    request: Request,
    interrupted: Callable[[], bool],
    tell: Callable[[str], None],
) -> Iterator[MonthOutcome]:
    """Fetch the months that are due, load each if asked to, and yield what became of it.

    ``connection`` is in autocommit mode. Where ``interrupted`` is true, stops with
    KeyboardInterrupt: at once while it waits for the API, else after the month that is being
    stored. Raises ApiRefusedError, QuotaSpentError, LandingError, WarehouseError.
    """
    silent = 0
    prepare(request.folder)
    with pacer(limits, tell) as pace:
        client = Client(api, pace, interrupted)
        for month in request.months:
            if interrupted():
                raise KeyboardInterrupt
            fetched = fetch_month(
                connection, client, request.folder, month,
                refresh=request.refresh, force=request.force, tell=tell,
            )  # fmt: skip
            yield MonthOutcome(fetched, _load(connection, request, fetched))
            silent = silent + 1 if fetched.is_outage else 0
            if silent >= MONTHS_OF_AN_OUTAGE:
                raise ApiRefusedError(
                    f"no answer for {silent} months in a row: the API seems to be down; run the "
                    "same command later, it goes on where this one stopped"
                )


def _load(
    connection: "psycopg.Connection", request: Request, fetched: FetchResult
) -> MonthResult | None:
    if not request.load or fetched.path is None or fetched.outcome == "failed":
        return None
    files: Iterable[MonthFile] = [MonthFile(fetched.month, fetched.path)]
    return next(iter(load_months(connection, files, force=request.force)))


def describe(outcome: MonthOutcome) -> Iterator[str]:
    """Say in lines what became of a month."""
    fetched, loaded = outcome.fetch, outcome.load
    name = format_month(fetched.month)
    what = f"{fetched.docs:,} documents" if fetched.outcome == "fetched" else fetched.message
    line = f"{name}: {fetched.outcome}, {what}"
    if loaded is not None and loaded.outcome != "failed":
        line += f"; {loaded.outcome}"
    yield line
    if loaded is not None and loaded.message:
        reason = "not loaded" if loaded.outcome == "failed" else f"{loaded.rejected:,} rejected"
        again = fetched.outcome == "kept" and loaded.outcome == "failed"
        remedy = "; --refresh fetches it again" if again else ""
        yield f"{name}: {reason}: {loaded.message}{remedy}"
    for note in loaded.notes if loaded is not None else ():
        yield f"{name}: {note}"
    if loaded is not None and loaded.sample_months_removed:
        yield f"{name}: the generated sample's {loaded.sample_months_removed} months were removed"


class CtrlC:
    """Turns a first Ctrl-C into a question that loops can ask; a second one stops at once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._asked = False

    def __call__(self) -> bool:
        """Tell whether Ctrl-C was pressed."""
        return self._asked

    def __enter__(self) -> "CtrlC":
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._tell("stopping: a month that is being stored is finished; Ctrl-C again stops at once")
