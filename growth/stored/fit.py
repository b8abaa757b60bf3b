"""Fits a window of the marts and stores the result: what `growth fit` and the flow both do."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from growth.model.movement import say_every_year
from growth.model.statuses import Status
from growth.stored.loaded import not_final_since
from growth.stored.result import Result, Settings, run_id
from growth.stored.runs import Window
from growth.stored.seasons import earlier_windows, fit_series, seasonal, year_before
from growth.stored.series import Series, is_loaded, missing_months, read_series
from growth.stored.store import is_stored, store_fit, stored_statuses
from warehouse.locks import hold_run, share_warehouse

if TYPE_CHECKING:
    import psycopg


# What a fit does, step by step: reading, fitting, looking at earlier years, storing.
STEPS = 4


@dataclass(frozen=True)
class Fitted:
    """What became of a fit: its key, its window, and how many topics ended with which status.

    ``fitted_to`` is the window's last day with articles; ``not_final_since`` is when its last month
    was fetched, where that was before its index was complete. ``stored_before`` tells that the same
    fit of the same data was there and nothing was written.
    """

    run_id: str
    window: Window
    fitted_to: date
    not_final_since: date | None
    articles: int
    topics: int
    statuses: dict[str, int]
    stored_before: bool

    @property
    def converged(self) -> int:
        """Topics that have a rate."""
        return self.statuses.get(Status.CONVERGED, 0)

    @property
    def some_failed(self) -> bool:
        """Whether the search found no maximum for a topic that has one."""
        return Status.NOT_CONVERGED in self.statuses


def fit_window(
    connection: "psycopg.Connection",
    start: date | None,
    end: date | None,
    settings: Settings,
    *,
    refit: bool = False,
    step: Callable[[str], None] = lambda name: None,
) -> Fitted:
    """Fit every topic between two months, by default of all loaded ones, and store the run.

    A run that is stored already, of the same data by the same version, is left as it is unless
    ``refit``. ``step`` is told the name of each step that begins. Raises WarehouseError where the
    marts are not built or months of the window are not loaded.
    """
    began = time.monotonic()
    with connection.transaction():
        # Until the run is stored, nobody changes the marts.
        share_warehouse(connection)
        step("reading what was counted")
        data = _read(connection, start, end, settings)
        series, key = data.series, run_id(data.series.window, settings)
        fetched = not_final_since(connection, series.window)
        # Two fits of one window at once: the second waits, and finds the run stored.
        hold_run(connection, key)
        stored_before = is_stored(connection, key, data.sha256) and not refit
        if stored_before:
            statuses = stored_statuses(connection, key)
        else:
            result = _fit(data, settings, step, began)
            step("storing")
            store_fit(connection, result)
            names, counts = np.unique(result.fit.trend.status, return_counts=True)
            statuses = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return Fitted(
        run_id=key,
        window=series.window,
        fitted_to=series.fitted_to,
        not_final_since=fetched,
        articles=int(series.totals.sum()),
        topics=len(series.topic_ids),
        statuses=statuses,
        stored_before=stored_before,
    )


@dataclass(frozen=True)
class _FitInput:
    """What a fit is made from: the window's series, those of the same window in earlier years, the
    months that are missing, and whether the year before is loaded, without which nobody knows what
    is new. ``sha256`` is a digest of it all."""

    series: Series
    earlier: list[Series]
    missing_months: list[date]
    knows_new: bool
    sha256: str


def _read(
    connection: "psycopg.Connection", start: date | None, end: date | None, settings: Settings
) -> _FitInput:
    series = read_series(
        connection, settings.outlet, start, end, settings.kinds, allow_gaps=settings.allow_gaps
    )
    earlier = earlier_windows(connection, series.window, settings.kinds)
    missing = missing_months(connection, series.window)
    knows_new = not missing and is_loaded(connection, year_before(series.window))
    digest = hashlib.sha256(str(knows_new).encode())
    for each in (series, *earlier):
        digest.update(each.sha256().encode())
    return _FitInput(series, earlier, missing, knows_new, digest.hexdigest())


def _fit(data: _FitInput, settings: Settings, step: Callable[[str], None], began: float) -> Result:
    """Fit a window. ``began`` is the time at which its reading began."""
    step(f"fitting {len(data.series.topic_ids):,} topics")
    now = fit_series(data.series, settings)
    step("looking at earlier years")
    comes_back = seasonal(now, data.earlier, settings)
    return Result(
        series=data.series,
        settings=settings,
        fit=replace(now.fit, phase=say_every_year(now.fit.phase, comes_back)),
        periods=now.periods,
        seasonal=comes_back,
        knows_new=data.knows_new,
        missing_months=data.missing_months,
        input_sha256=data.sha256,
        seconds=time.monotonic() - began,
    )
