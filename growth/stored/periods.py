"""Puts days together to weeks or months."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from growth.choices import Period
from growth.stored.runs import Window
from growth.stored.series import Series


@dataclass(frozen=True)
class Bins:
    """The K periods of a chart, days, weeks or months: first day, last day and articles of each."""

    unit: str
    start: list[date]
    end: list[date]
    totals: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)


def places(window: Window, period: str) -> NDArray[np.int64]:
    """Return the number of the period, from 0, in which each day of a window lies: weeks begin on
    Mondays, months on the 1st; those at the window's ends may be cut."""
    days = np.arange(window.days)
    if period == Period.DAY:
        return days
    if period == Period.WEEK:
        return np.asarray((days + window.start.weekday()) // 7)
    months = [window.start + timedelta(days=day) for day in days.tolist()]
    first = window.start
    return np.array([12 * (day.year - first.year) + day.month - first.month for day in months])


def in_periods(series: Series, period: str) -> Series:
    """Return a daily series by ``period``. A period's time is the mean time of its articles."""
    if period == Period.DAY:
        return series
    place = places(series.window, period)
    size = int(place[-1]) + 1
    totals = np.bincount(place, series.totals, size)
    weights = series.totals + 1e-9  # so that a period without articles has a time, too
    times = np.bincount(place, weights * series.times, size) / np.bincount(place, weights, size)
    return replace(series, period=place[series.period], totals=totals.astype(np.int64), times=times)
