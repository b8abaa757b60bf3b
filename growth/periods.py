"""Days put together to weeks or months."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from growth.choices import Period
from growth.series import Series


def in_periods(series: Series, period: str) -> Series:
    """Return a daily series by ``period``: weeks begin on Mondays, months on the 1st; those at the
    window's ends may be cut. A period's time is the mean time of its articles."""
    if period == Period.DAY:
        return series
    start = series.window.start
    days = np.arange(series.window.days)
    if period == Period.WEEK:
        place = (days + start.weekday()) // 7
    else:
        months = [start + timedelta(days=day) for day in days.tolist()]
        place = np.array([12 * (day.year - start.year) + day.month - start.month for day in months])
    size = int(place[-1]) + 1
    totals = np.bincount(place, series.totals, size)
    weights = series.totals + 1e-9  # a period without articles has a time too
    times = np.bincount(place, weights * series.times, size) / np.bincount(place, weights, size)
    return replace(series, period=place[series.period], totals=totals.astype(np.int64), times=times)
