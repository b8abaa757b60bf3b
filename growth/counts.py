"""The counts of topics as sparse cells: checked, merged, and told apart by whether a fit exists."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Why a fit exists, or does not.
CONVERGED = "converged"
NO_ARTICLES = "no_articles"
EVERY_ARTICLE = "every_article"
FIRST_PERIOD_ONLY = "first_period_only"
LAST_PERIOD_ONLY = "last_period_only"
SEPARATED = "separated"
TOO_FEW_ARTICLES = "too_few_articles"
TOO_FEW_PERIODS = "too_few_periods"
NOT_CONVERGED = "not_converged"


@dataclass(frozen=True)
class Design:
    """The periods with articles: articles of each, its time centred and scaled, and the scaling."""

    totals: Floats
    scaled: Floats
    centre: float
    scale: float

    @property
    def moments(self) -> Floats:
        """Columns n, n u, n u^2: weights of the sums over periods. Shape (P, 3)."""
        return self.totals[:, None] * self.scaled[:, None] ** np.arange(3)


@dataclass(frozen=True)
class Cells:
    """The non-zero counts of all topics, sorted by topic; periods are those of the design."""

    topic: Integers
    period: Integers
    count: Floats


def sums_by_topic(cells: Cells, values: Floats, topics: int) -> Floats:
    """Add up ``values``, one a cell, for each topic. Shape (topics,)."""
    return np.bincount(cells.topic, values, topics).astype(np.float64, copy=False)


def prepare(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    topics: int | None,
) -> tuple[Cells, Design, int]:
    """Check the arguments, merge cells, drop empty periods, centre and scale the times."""
    topic_, period_ = np.asarray(topic, dtype=np.int64), np.asarray(period, dtype=np.int64)
    count_ = np.asarray(count, dtype=np.float64)
    totals_, times_ = np.asarray(totals, dtype=np.float64), np.asarray(times, dtype=np.float64)
    if topic_.ndim != 1 or not topic_.shape == period_.shape == count_.shape:
        raise ValueError("topic, period and count must be one-dimensional and of equal length")
    if totals_.ndim != 1 or totals_.shape != times_.shape:
        raise ValueError("totals and times must be one-dimensional and of equal length")
    if not np.isfinite(times_).all():
        raise ValueError("times must be finite")
    if not (np.isfinite(count_).all() and np.isfinite(totals_).all()):
        raise ValueError("counts and totals must be finite")
    if (count_ < 0).any() or (totals_ < 0).any():
        raise ValueError("counts and totals must not be negative")
    size = int(topic_.max()) + 1 if len(topic_) else 0
    if topics is not None:
        if topics < size:
            raise ValueError(f"topics is {topics}, but there is a topic {size - 1}")
        size = topics
    if len(topic_) and (topic_.min() < 0 or period_.min() < 0 or period_.max() >= len(totals_)):
        raise ValueError("topic and period must be indices from 0, period one into totals")
    kept = totals_ > 0
    by_time = np.flatnonzero(kept)[np.argsort(times_[kept], kind="stable")]
    place = np.full(len(totals_), -1, dtype=np.int64)
    place[by_time] = np.arange(len(by_time))
    cells = _merge(topic_, period_, count_, place, len(by_time))
    if (cells.period < 0).any():
        raise ValueError("a period without articles has a count")
    n, t = totals_[by_time], times_[by_time]
    if (cells.count > n[cells.period]).any():
        raise ValueError("a count is above its period's total")
    centre = float(np.average(t, weights=n)) if len(t) else 0.0
    spread = float(np.ptp(t)) if len(t) else 0.0
    scale = spread or 1.0
    return cells, Design(n, (t - centre) / scale, centre, scale), size


def _merge(
    topic: Integers, period: Integers, count: Floats, place: Integers, periods: int
) -> Cells:
    """Sort cells by topic and time, add up those of one topic and period, drop the zeros."""
    used = count > 0
    topic, position, count = topic[used], place[period[used]], count[used]
    key = topic * max(periods, 1) + position
    if len(key) and not (np.diff(key) > 0).all():
        unique, inverse = np.unique(key, return_inverse=True)
        count = np.bincount(inverse, count, len(unique)).astype(np.float64, copy=False)
        first = np.zeros(len(unique), dtype=np.int64)
        first[inverse] = np.arange(len(inverse))
        topic, position = topic[first], position[first]
    return Cells(topic, position, count)


def status_before_fit(
    cells: Cells, design: Design, articles: Floats, min_articles: int
) -> NDArray[np.str_]:
    """Return why a topic cannot be fitted, '' where it can.

    A finite estimate exists if and only if the times of articles with the topic and the times of
    those without overlap in more than an end point (Albert and Anderson, 1984, Biometrika 71,
    1-10).
    """
    size, periods = len(articles), len(design.totals)
    time = design.scaled
    status = np.full(size, "", dtype="<U20")
    if periods < 3 or time[0] == time[-1]:
        status[:] = TOO_FEW_PERIODS
        return status
    first_with, last_with = np.full(size, np.inf), np.full(size, -np.inf)
    # Cells are sorted by topic, then by time: the first and the last of each topic are its ends.
    first = np.flatnonzero(np.diff(cells.topic, prepend=-1))
    last = np.flatnonzero(np.diff(cells.topic, append=-1))
    first_with[cells.topic[first]] = time[cells.period[first]]
    last_with[cells.topic[last]] = time[cells.period[last]]
    first_without, last_without = np.full(size, time[0]), np.full(size, time[-1])
    full = cells.count == design.totals[cells.period]
    for index in np.unique(cells.topic[full]):
        others = np.setdiff1d(np.arange(periods), cells.period[full & (cells.topic == index)])
        first_without[index] = time[others[0]] if len(others) else np.inf
        last_without[index] = time[others[-1]] if len(others) else -np.inf
    status[articles < min_articles] = TOO_FEW_ARTICLES
    status[(last_with <= first_without) | (last_without <= first_with)] = SEPARATED
    status[first_with == time[-1]] = LAST_PERIOD_ONLY
    status[last_with == time[0]] = FIRST_PERIOD_ONLY
    status[first_without == np.inf] = EVERY_ARTICLE
    status[articles == 0] = NO_ARTICLES
    return status
