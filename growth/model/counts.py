"""How often each topic was counted in each period: what every fit takes, and the check of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from growth.model.arguments import (
    SHORTEST_SPAN,
    check_articles,
    check_finite,
    check_indices,
    check_memory,
    check_whole_number,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# Topics are counted in 32 bits.
_MOST_TOPICS = 2**31 - 1
_TOPICS_ARE = (
    "topics are indices, whole numbers from 0 without gaps, as np.unique(topic, "
    "return_inverse=True)[1] makes of others"
)


@dataclass(frozen=True)
class Counts:
    """The counts of T topics in P periods, as a caller gives them.

    ``topic``, ``period`` and ``count``, each of shape (C,), are the non-zero cells: in period
    ``period[c]``, an index into ``totals``, ``count[c]`` articles carry topic ``topic[c]``.
    ``totals`` and ``times``, shape (P,), are the articles and the time of each period. ``topics``
    is T where the last topics may have no cell.
    """

    topic: ArrayLike
    period: ArrayLike
    count: ArrayLike
    totals: ArrayLike
    times: ArrayLike
    topics: int | None = None


@dataclass(frozen=True)
class Design:
    """The periods with articles in the order of time: the articles of each, and its time, centred
    and scaled so that the window is 1 long. ``place`` says where each of the caller's periods went,
    -1 for those without articles; ``moved`` whether any is not where it was."""

    totals: Floats
    scaled: Floats
    centre: float
    scale: float
    place: Integers
    moved: bool

    @property
    def ends(self) -> Floats:
        """The times of the first and the last period."""
        return self.centre + self.scale * self.scaled[[0, -1]]

    @cached_property
    def fewest(self) -> float:
        """The fewest articles of a period."""
        return float(self.totals.min()) if len(self.totals) else 0.0


@dataclass(frozen=True)
class CheckedCounts:
    """Counts after their check: the cells, still in any order, the number of topics, the
    periods."""

    topic: NDArray[np.integer]
    period: NDArray[np.integer]
    count: NDArray[Any]
    topics: int
    design: Design


def check_counts(counts: Counts, topic_bytes: int, period_bytes: int) -> CheckedCounts:
    """Check counts. ``topic_bytes`` and ``period_bytes`` are the memory that the fit takes for a
    topic and for a period, whatever their cells. Only topics without a cell are held against the
    memory of this machine: where the number of topics is a mistake, most of them have none.

    A count above its period's total is found later, block by block (cells.py), when the cells of
    one topic and period have been added up.
    """
    design = prepare(counts.totals, counts.times)
    periods = len(design.place)
    check_memory(
        periods * period_bytes,
        f"totals has {periods:,} periods",
        "put periods together, such as days to weeks",
    )
    topic = check_indices("topic", counts.topic, _MOST_TOPICS - 1, _TOPICS_ARE)
    periods_are = f"periods are indices into totals, whole numbers from 0 to {periods - 1:,}"
    period = check_indices("period", counts.period, periods - 1, periods_are)
    count = check_articles("count", counts.count)
    if not len(topic) == len(period) == len(count):
        raise ValueError(
            f"topic, period and count have {len(topic):,}, {len(period):,} and {len(count):,} "
            "values: they must be of equal length"
        )
    size = _number_of_topics(counts.topics, topic, topic_bytes)
    return CheckedCounts(topic, period, count, size, design)


def _number_of_topics(topics: int | None, topic: NDArray[np.integer], topic_bytes: int) -> int:
    """Return the number of topics, checked against their cells and the memory."""
    needed = int(topic.max()) + 1 if len(topic) else 0
    size = needed if topics is None else check_whole_number("topics", topics, _MOST_TOPICS)
    if size < needed:
        raise ValueError(
            f"topics is {size}, but there is a topic {needed - 1}: give {needed} or more"
        )
    without_cells = max(0, size - len(topic))
    check_memory(
        without_cells * topic_bytes,
        f"topic goes up to {size - 1:,}" if topics is None else f"topics is {size:,}",
        "number topics from 0 without gaps: np.unique(topic, return_inverse=True)[1]",
    )
    return size


def prepare(totals: ArrayLike, times: ArrayLike) -> Design:
    """Check the periods, drop those without articles, sort them, centre and scale the times."""
    totals_ = check_articles("totals", totals).astype(np.float64)
    times_ = check_finite("times", times)
    if len(totals_) != len(times_):
        raise ValueError(
            f"totals and times have {len(totals_):,} and {len(times_):,} values: they must be of "
            "equal length"
        )
    kept = totals_ > 0
    by_time = np.flatnonzero(kept)[np.argsort(times_[kept], kind="stable")]
    place = np.full(len(totals_), -1, dtype=np.int64)
    place[by_time] = np.arange(len(by_time))
    moved = bool((place != np.arange(len(place))).any())
    n, t = totals_[by_time], times_[by_time]
    centre = float(np.average(t, weights=n)) if len(t) else 0.0
    scale = (float(np.ptp(t)) if len(t) else 0.0) or 1.0
    if scale < SHORTEST_SPAN:
        raise ValueError(f"times reach over {scale:g} only: give them in a smaller unit")
    return Design(n, (t - centre) / scale, centre, scale, place, moved)
