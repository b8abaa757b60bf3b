"""The cells of topics, the numbers that a fit adds up: sorted, put together where one topic and
period come twice, cut into blocks that fit in a processor's cache. And whether a fit exists."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from growth.model.counts import Booleans, CheckedCounts, Design, Floats, Integers
from growth.model.statuses import Status

Shorts = NDArray[np.int32]
Columns: TypeAlias = Floats | sparse.csr_array

# The text of each status, at its code.
STATUS_TEXTS = np.array([status.value for status in Status])
# Cells and topics of a block: few enough for the processor's cache, so many that the fixed cost of
# each block does not matter.
_BLOCK_CELLS = 1 << 18
_BLOCK_TOPICS = 1 << 13
# Where only a yes or no is kept of each cell, so many are looked at together.
_STRIDE = 1 << 20
# Unsorted cells are sorted in parts, each of which takes at most this much memory, or, if that is
# more, an eighth of what a matrix of topics by periods would take. Sorting takes this much a cell.
_SORT_BYTES = 1 << 26
_CELL_BYTES = 28


@dataclass(frozen=True)
class Cells:
    """The cells of a block of F topics, by topic and period: those of topic f are at ``indptr[f]``
    to ``indptr[f + 1]``. ``first`` is the number of the block's first topic, ``totals`` the
    articles of each period; ``whole`` tells that all counts are known to be integers, and no count
    is above ``most``."""

    first: int
    indptr: Shorts
    period: Integers
    count: Floats
    totals: Floats
    whole: bool
    most: float

    @property
    def topics(self) -> int:
        """The number of topics."""
        return len(self.indptr) - 1

    @cached_property
    def lengths(self) -> Shorts:
        """The number of cells of each topic."""
        return np.diff(self.indptr)

    @cached_property
    def total(self) -> Floats:
        """The articles of each cell's period. Shape (C,)."""
        return self.totals.take(self.period, mode="clip")

    @cached_property
    def _filled(self) -> Integers:
        return np.flatnonzero(self.lengths)

    def sums(self, values: Floats) -> Floats:
        """Add up ``values``, one a cell, for each topic. Shape (F,)."""
        if len(self._filled) == self.topics and self.topics:
            return np.add.reduceat(values, self.indptr[:-1])
        total = np.zeros(self.topics)
        if len(self._filled):
            total[self._filled] = np.add.reduceat(values, self.indptr[self._filled])
        return total

    def spread(self, values: Floats) -> Floats:
        """Return the value of each cell's topic. Shape (C,)."""
        return np.repeat(values, self.lengths)

    def products(self, columns: Columns) -> Floats:
        """Add up, for each topic, its counts times the rows of ``columns``, one row per period.
        Shape (F, number of columns)."""
        shape = (self.topics, columns.shape[0])
        parts = (self.count, self.period.astype(np.int32), self.indptr)
        product = sparse.csr_array(parts, shape=shape) @ columns
        return np.asarray(product.toarray() if sparse.issparse(product) else product)

    def take(self, rows: Integers) -> "Cells":
        """Return the cells of some topics, in their order."""
        if len(rows) == self.topics:
            return self
        lengths = self.lengths[rows]
        indptr = np.zeros(len(rows) + 1, dtype=np.int32)
        np.cumsum(lengths, out=indptr[1:])
        chosen = np.repeat(self.indptr[rows] - indptr[:-1], lengths) + np.arange(indptr[-1])
        period, count = self.period[chosen], self.count[chosen]
        return Cells(self.first, indptr, period, count, self.totals, self.whole, self.most)


def blocks(counts: CheckedCounts) -> Iterator[Cells]:
    """Yield the cells of all topics, block after block.

    Time and memory are linear in the cells: no block holds more than a fixed number of cells, or
    the cells of one topic. Cells that do not come sorted by topic are sorted first, in parts.
    """
    if _ascending(counts.topic):
        ends = np.searchsorted(counts.topic, np.arange(counts.topics + 1))
        yield from _slices(ends, counts.period, counts.count, 0, counts.design)
    else:
        yield from _sorted_blocks(counts)


def _sorted_blocks(counts: CheckedCounts) -> Iterator[Cells]:
    """Yield the blocks of cells that come in no order: part after part of the topics, each sorted
    by counting."""
    topic, period, count = counts.topic, counts.period, counts.count
    size, design = counts.topics, counts.design
    ends = np.cumsum(np.bincount(topic, minlength=size))
    room = max(_SORT_BYTES, size * len(design.place))
    parts = 1 + len(topic) * _CELL_BYTES // room
    cuts = np.searchsorted(ends, len(topic) * np.arange(1, parts) / parts) + 1
    edges = np.unique(np.r_[0, np.minimum(cuts, size), size])
    whole = count.dtype.kind in "biu"
    kind = np.int32 if whole and count.max() < 2**31 else np.float64
    for first, last in itertools.pairwise(edges):
        mine = slice(None) if len(edges) == 2 else _between(topic, first, last)
        rows = topic[mine].astype(np.int32)
        rows -= np.int32(first)
        values = count[mine].astype(kind)
        shape = (len(design.place), int(last - first))
        by_period = sparse.coo_matrix((values, (period[mine].astype(np.int32), rows)), shape=shape)
        del mine, rows, values
        # Twice to where the pointers of the other side are: each is a counting sort that keeps the
        # order of what is equal. scipy is told not to sort and add up in between.
        by_period.has_canonical_format = True
        halfway = by_period.tocsr()
        del by_period
        part = halfway.tocsc()
        del halfway
        yield from _slices(part.indptr, part.indices, part.data, int(first), design, whole)


def _ascending(values: NDArray[np.integer]) -> bool:
    starts = range(0, len(values), _STRIDE)
    parts = (values[begin : begin + _STRIDE + 1] for begin in starts)
    return all(bool((part[1:] >= part[:-1]).all()) for part in parts)


def _between(values: NDArray[np.integer], first: int, last: int) -> Integers:
    """Return where values are at least ``first`` and below ``last``."""
    found = []
    for begin in range(0, len(values), _STRIDE):
        part = values[begin : begin + _STRIDE]
        found.append(np.flatnonzero((part >= first) & (part < last)) + begin)
    return np.concatenate(found)


def _slices(
    ends: NDArray[np.integer],
    period: NDArray[np.integer],
    count: NDArray[Any],
    first: int,
    design: Design,
    whole: bool | None = None,
) -> Iterator[Cells]:
    """Yield the blocks of topics from ``first`` on. The cells of the topic that comes k-th are at
    ``ends[k]`` to ``ends[k + 1]``."""
    begin, topics = 0, len(ends) - 1
    if whole is None:
        whole = count.dtype.kind in "biu"
    while begin < topics:
        stop = int(np.searchsorted(ends, ends[begin] + _BLOCK_CELLS, side="right")) - 1
        stop = min(max(stop, begin + 1), begin + _BLOCK_TOPICS, topics)
        part = slice(int(ends[begin]), int(ends[stop]))
        indptr = (ends[begin : stop + 1] - ends[begin]).astype(np.int32)
        yield _block(indptr, period[part], count[part], first + begin, design, whole)
        begin = stop


def _block(
    indptr: Shorts,
    period: NDArray[np.integer],
    count: NDArray[Any],
    first: int,
    design: Design,
    whole: bool,
) -> Cells:
    """Drop a block's zeros, sort, add up the cells of one topic and period, and check these."""
    y = np.asarray(count, dtype=np.float64)
    largest = float(count.max()) if len(count) else 0.0
    if len(count) and not count.min():
        used = y > 0
        indptr = np.r_[0, np.cumsum(used)].astype(np.int32)[indptr]
        period, y = period[used], y[used]
    place = np.asarray(period, dtype=np.int64)
    if design.moved:
        # Several times as fast as plain indexing: nothing is checked again.
        place = design.place.take(place, mode="clip")
        if len(place) and int(place.min()) < 0:
            row, at = _where(indptr, place < 0)
            raise ValueError(
                f"topic {first + row} has a count in period {period[at]}, a period without "
                f"articles: totals[{period[at]}] is 0"
            )
    # Within a topic periods must rise: every fall is where a topic ends.
    rises = place[1:] > place[:-1]
    inner = indptr[1:-1]
    inner = inner[(inner > indptr[:-2]) & (inner < len(place))] - 1
    if len(rises) - np.count_nonzero(rises) != len(inner) - np.count_nonzero(rises[inner]):
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        shape = (len(indptr) - 1, len(design.totals))
        merged = sparse.coo_matrix((y, (rows, place)), shape=shape).tocsr()
        indptr, place, y = merged.indptr, merged.indices.astype(np.int64), merged.data
        largest = float(y.max())
    whole = whole or bool((y == np.rint(y)).all())
    cells = Cells(first, indptr, place, y, design.totals, whole, largest)
    if largest > design.fewest and (y > cells.total).any():
        row, at = _where(indptr, y > cells.total)
        of = int(np.flatnonzero(design.place == place[at])[0])
        raise ValueError(
            f"topic {first + row} has a count of {y[at]:.15g} in period {of}, above its period's "
            f"total of {cells.total[at]:.15g}: each article may count once for a topic"
        )
    return cells


def _where(indptr: Shorts, bad: Booleans) -> tuple[int, int]:
    """Return the topic, and the place, of the first cell that is bad."""
    at = int(np.flatnonzero(bad)[0])
    return int(np.searchsorted(indptr, at, side="right")) - 1, at


def existence(
    cells: Cells, design: Design, articles: Floats, min_articles: float
) -> NDArray[np.int8]:
    """Return the code of each topic's status: CONVERGED where a fit exists, or why none does.

    A finite estimate exists if and only if the times of articles with the topic and the times of
    those without overlap in more than an end point (Albert and Anderson, 1984, Biometrika 71,
    1-10).
    """
    size, periods = cells.topics, len(design.totals)
    time = design.scaled
    status = np.zeros(size, dtype=np.int8)
    if periods < 3 or time[0] == time[-1]:
        status[:] = Status.TOO_FEW_PERIODS.code
        return status
    first_with, last_with = np.full(size, np.inf), np.full(size, -np.inf)
    filled = np.flatnonzero(cells.lengths)
    first_with[filled] = time[cells.period[cells.indptr[filled]]]
    last_with[filled] = time[cells.period[cells.indptr[filled + 1] - 1]]
    first_without, last_without = np.full(size, time[0]), np.full(size, time[-1])
    if cells.most >= design.fewest and (cells.count == cells.total).any():
        full = np.flatnonzero(cells.count == cells.total)
        padded = np.r_[time, np.inf]
        first_without = padded[_run(cells, full, np.arange(periods))]
        backwards = np.r_[time[::-1], -np.inf]
        last_without = backwards[_run(cells, full[::-1], np.arange(periods)[::-1])]
    status[articles < min_articles] = Status.TOO_FEW_ARTICLES.code
    status[(last_with <= first_without) | (last_without <= first_with)] = Status.SEPARATED.code
    status[first_with == time[-1]] = Status.LAST_PERIOD_ONLY.code
    status[last_with == time[0]] = Status.FIRST_PERIOD_ONLY.code
    status[first_without == np.inf] = Status.EVERY_ARTICLE.code
    status[articles == 0] = Status.NO_ARTICLES.code
    return status


def _run(cells: Cells, full: Integers, order: Integers) -> Integers:
    """Return for each topic how many periods, taken in ``order``, have the topic in every article
    before the first that has not. ``full`` are the cells with every article, in that order."""
    topic = np.searchsorted(cells.indptr, full, side="right") - 1
    starts = np.flatnonzero(np.diff(topic, prepend=-1))
    rank = np.arange(len(full)) - np.repeat(starts, np.diff(np.r_[starts, len(full)]))
    unbroken = cells.period[full] == order[rank]
    return np.bincount(topic[unbroken], minlength=cells.topics)
