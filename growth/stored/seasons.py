"""Which topics come back every year: the same window of earlier years shows the same movement."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from growth.model.movement import ALPHA
from growth.model.shapes import GrowthFit, fit_growth
from growth.stored.periods import in_periods
from growth.stored.result import Settings
from growth.stored.runs import Window
from growth.stored.series import DAYS_PER_YEAR, Series, is_loaded, read_window

if TYPE_CHECKING:
    import psycopg

# So many earlier years are looked at, as far as they are loaded.
YEARS = 3
# A movement is the same if it is as sure and at least half as fast, and at least half of it was
# undone in between; or if it peaks within so many days of the same day of the year.
_LEAST_PART = 0.5
_PEAK_DAYS = 30.0


def earlier_windows(
    connection: "psycopg.Connection", window: Window, kinds: list[str]
) -> list[Series]:
    """Return the daily series of the same window in up to three earlier years, as far as these are
    loaded whole; none for a window longer than a year, which would overlap."""
    if window.days > 366:
        return []
    found = []
    for years in range(1, YEARS + 1):
        earlier = replace(
            window,
            start=_years_before(window.start, years),
            end=_years_before(window.end, years),
        )
        if is_loaded(connection, earlier):
            found.append(read_window(connection, earlier, kinds))
    return found


@dataclass(frozen=True)
class SeriesFit:
    """The fit of a window: how many of its periods have articles, and which topics it has."""

    periods: int
    topic_ids: NDArray[np.int64]
    fit: GrowthFit


def fit_series(series: Series, settings: Settings) -> SeriesFit:
    """Fit a daily series."""
    binned = in_periods(series, settings.period)
    fit = fit_growth(
        binned.counts, min_articles=settings.min_articles, week=series.monday,
        false_discovery_rate=settings.false_discovery_rate,
    )  # fmt: skip
    return SeriesFit(int((binned.totals > 0).sum()), series.topic_ids, fit)


def seasonal(now: SeriesFit, earlier: list[Series], settings: Settings) -> NDArray[np.float64]:
    """Tell for each topic whether most of the earlier windows show the movement of this one: 1, 0,
    or NaN where no earlier one is loaded or this one shows no movement. Shape (T,)."""
    size = len(now.topic_ids)
    if not earlier:
        return np.full(size, np.nan)
    moved = now.fit.q_value <= settings.false_discovery_rate
    same = np.zeros(size)
    for series in earlier:
        before = fit_series(series, settings)
        if not len(before.topic_ids):
            continue
        place = np.searchsorted(before.topic_ids, now.topic_ids)
        place = np.minimum(place, len(before.topic_ids) - 1)
        known = before.topic_ids[place] == now.topic_ids
        same += known & _same_movement(now, before, place, moved)
    moves = moved | np.isfinite(now.fit.pulse.peak)
    return np.where(moves, same > len(earlier) / 2, np.nan)


def _same_movement(
    now: SeriesFit, before: SeriesFit, place: NDArray[np.int64], moved: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", divide="ignore"):
        as_sure = before.fit.p_value[place] <= ALPHA
        sign = now.fit.sure_growth * before.fit.sure_growth[place] > 0
        rate = before.fit.trend.growth_rate[place] / now.fit.trend.growth_rate >= _LEAST_PART
        change = before.fit.change.change[place] / now.fit.change.change >= _LEAST_PART
        apart = np.abs(before.fit.pulse.peak[place] - now.fit.pulse.peak) * DAYS_PER_YEAR
        # What went on growing from year to year is no season: it must have gone back in between.
        gained = _log_odds(before.fit.share_end) - _log_odds(before.fit.share_start)
        lost = _log_odds(before.fit.share_end)[place] - _log_odds(now.fit.share_start)
        back = lost / gained[place] >= _LEAST_PART
        return np.asarray((moved & as_sure & sign & (rate | change) & back) | (apart <= _PEAK_DAYS))


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(share) - np.log1p(-share))


def year_before(window: Window) -> Window:
    """Return the twelve months before a window."""
    return replace(
        window, start=_years_before(window.start, 1), end=window.start - timedelta(days=1)
    )


def _years_before(day: date, years: int) -> date:
    leap_day = day.month == 2 and day.day == 29
    return day.replace(year=day.year - years, day=28 if leap_day else day.day)
