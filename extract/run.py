"""Fetches months and loads each as soon as it has landed. Where this is interrupted, nothing is
lost."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from console.months import format_month
from console.progress import Progress
from extract.api.client import ApiRefusedError, Client
from extract.api.pacing import QuotaSpentError, pacer
from extract.api.settings import Api
from extract.fetch import Fetcher, FetchResult, reader
from extract.landing import LandingError, prepare
from extract.load import Loading, MonthResult, load_months, vacuum_changed
from extract.outlets.interface import Archive

if TYPE_CHECKING:
    import psycopg

# After so many months in a row without an answer the API counts as down.
MONTHS_OF_AN_OUTAGE = 3


@dataclass(frozen=True)
class Request:
    """Which months of an outlet to fetch, where to, and whether to load them.

    ``refresh`` is for months that are there already, ``force`` for those that would be refused.
    """

    archive: Archive
    months: list[date]
    folder: Path
    refresh: bool = False
    force: bool = False
    load: bool = True


@dataclass(frozen=True)
class MonthOutcome:
    """What became of a month: in the landing zone, and in the warehouse if it was to be loaded."""

    fetch: FetchResult
    load: MonthResult | None

    @property
    def has_failed(self) -> bool:
        """Whether the month is not where it should be, or documents of it were rejected."""
        return self.fetch.outcome == "failed" or (self.load is not None and self.load.has_failed)

    def lines(self) -> Iterator[str]:
        """Say what became of the month."""
        fetched, loaded = self.fetch, self.load
        name = format_month(fetched.month)
        what = f"{fetched.docs:,} documents" if fetched.outcome == "fetched" else fetched.message
        line = f"{name}: {fetched.outcome}, {what}"
        if loaded is not None and loaded.outcome != "failed":
            line += f"; {loaded.outcome}"
        yield line
        if loaded is None:
            return
        if loaded.message:
            reason = "not loaded" if loaded.outcome == "failed" else f"{loaded.rejected:,} rejected"
            again = fetched.outcome == "kept" and loaded.outcome == "failed"
            remedy = "; --refresh fetches it again" if again else ""
            yield f"{name}: {reason}: {loaded.message}{remedy}"
        for note in loaded.notes:
            yield f"{name}: {note}"
        if loaded.sample_months_removed:
            removed = loaded.sample_months_removed
            yield f"{name}: the generated sample's {removed} months were removed"


@dataclass(frozen=True)
class Run:
    """What became of the months, and why the run stopped before the last of them, if it did."""

    outcomes: list[MonthOutcome]
    stopped: ApiRefusedError | QuotaSpentError | LandingError | None


def fetch_and_load(
    connection: "psycopg.Connection",
    api: Api,
    request: Request,
    shown: Progress,
    interrupted: Callable[[], bool] = lambda: False,
) -> Run:
    """Fetch the months that are due, load each if asked to, and show what becomes of it.

    ``connection`` is in autocommit mode. Where ``interrupted`` is true, stops with
    KeyboardInterrupt: at once while it waits for the API, else after the month that is being
    stored. Raises WarehouseError.
    """
    outcomes: list[MonthOutcome] = []
    stopped: ApiRefusedError | QuotaSpentError | LandingError | None = None
    try:
        for outcome in _outcomes(connection, api, request, shown.tell, interrupted):
            outcomes.append(outcome)
            for line in outcome.lines():
                shown.tell(line)
            shown.advance(outcome.load.docs if outcome.load else outcome.fetch.docs)
    except (ApiRefusedError, QuotaSpentError, LandingError) as error:
        stopped = error
        shown.tell(f"stopped: {error}")
    loads = [outcome.load for outcome in outcomes if outcome.load]
    vacuum_changed(connection, request.archive.outlet, loads)
    return Run(outcomes, stopped)


def _outcomes(
    connection: "psycopg.Connection",
    api: Api,
    request: Request,
    tell: Callable[[str], None],
    interrupted: Callable[[], bool],
) -> Iterator[MonthOutcome]:
    silent = 0
    prepare(request.folder)
    with pacer(api.limits, tell) as pace:
        archive, force = request.archive, request.force
        client = Client(api, pace, reader(archive, force), tell, interrupted)
        fetcher = Fetcher(connection, archive, client, request.folder, request.refresh, force)
        for month in request.months:
            if interrupted():
                raise KeyboardInterrupt
            outcome = _outcome(fetcher, month, request.load)
            yield outcome
            silent = silent + 1 if outcome.fetch.is_outage else 0
            if silent >= MONTHS_OF_AN_OUTAGE:
                raise ApiRefusedError(
                    f"no answer for {silent} months in a row: the API seems to be down; run the "
                    "same command later, it goes on where this one stopped"
                )


def _outcome(fetcher: Fetcher, month: date, load: bool) -> MonthOutcome:
    """Fetch a month, load it if asked to, and keep nothing of its bytes."""
    fetched, file = fetcher.month(month)
    if file is None or not load:
        return MonthOutcome(fetched, None)
    loading = Loading(fetcher.archive, force=fetcher.force)
    [loaded] = load_months(fetcher.connection, [file], loading)
    return MonthOutcome(fetched, loaded)


class CtrlC:
    """Lets loops ask whether Ctrl-C was pressed, and finish what they are at; pressed again, it
    stops at once."""

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
