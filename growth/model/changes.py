"""How far the end of a window is from its start, whatever the curve between them.

To a trend, all that is not a straight line is noise: of a topic that appears in the last weeks it
says little. Here the counts of the window's last quarter are compared with those of its first, on
the log-odds. The noise is measured between neighbouring sixteenths of the window: a single step
from one level to another shows in one of the 15 differences, and their median does not see it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from growth.model.arguments import MOST_ARTICLES, check_confidence, check_whole_number
from growth.model.cells import Cells, blocks
from growth.model.counts import Counts, Design, Floats, Integers, check_counts

# Blocks of a window, and how many of them are a quarter.
BLOCKS, _QUARTER = 16, 4
# A difference counts where its two blocks have so many articles together; the median is taken where
# so many differences count.
_LEAST_ARTICLES, _LEAST_DIFFERENCES = 4, 4
# Chosen by simulation (DECISIONS.md). Neighbouring blocks resemble each other, so their noise is
# multiplied by _INFLATION; and it is drawn towards _TYPICAL_NOISE, as if _PRIOR_WEIGHT more
# differences had shown that.
_INFLATION, _TYPICAL_NOISE, _PRIOR_WEIGHT, _FREEDOM = 3.0, 0.2, 3.0, 8.0
# Bytes that a topic and a period take, whatever their cells.
_TOPIC_BYTES, _PERIOD_BYTES = 1000, 100
# The median of chi-squared with one degree of freedom.
_MEDIAN = 0.454936


@dataclass(frozen=True)
class ChangeFit:
    """Changes of T topics; every array has shape (T,). NaN where there is none.

    ``change`` is the log-odds of the last quarter of the periods less those of the first;
    ``change_se`` its standard error where the topic is as frequent in both; ``p_value`` and the
    interval come from Student's t. ``last_to_highest`` is the share in the last quarter over that
    in the quarter where it is highest. ``years``, a number: the time from the middle of the first
    quarter to that of the last, in the unit of ``times``."""

    change: Floats
    change_se: Floats
    change_low: Floats
    change_high: Floats
    p_value: Floats
    last_to_highest: Floats
    years: float


def fit_change(counts: Counts, *, min_articles: int = 0, confidence: float = 0.95) -> ChangeFit:
    """Compare the last quarter with the first: see growth.logistic.fit_change."""
    confidence = check_confidence(confidence)
    min_articles = check_whole_number("min_articles", min_articles, MOST_ARTICLES)
    checked = check_counts(counts, _TOPIC_BYTES, _PERIOD_BYTES)
    changes = Changes(checked.design, checked.topics)
    for cells in blocks(checked):
        changes.add(cells)
    return changes.finish(min_articles, confidence)


class Changes:
    """The articles of topics in the sixteenths of a window, added up block by block."""

    def __init__(self, design: Design, size: int) -> None:
        periods = len(design.totals)
        self._design = design
        self._part = np.arange(periods) * BLOCKS // periods if periods >= 2 * BLOCKS else None
        self._counts = np.zeros((size, BLOCKS))

    def add(self, cells: Cells) -> None:
        """Add up the articles of a block of topics."""
        if self._part is None or not len(cells.count):
            return
        place = np.repeat(np.arange(cells.topics) * BLOCKS, cells.lengths)
        place += self._part.take(cells.period, mode="clip")
        sums = np.bincount(place, cells.count, cells.topics * BLOCKS)
        self._counts[cells.first : cells.first + cells.topics] = sums.reshape(-1, BLOCKS)

    def finish(self, min_articles: int, confidence: float) -> ChangeFit:
        """Return the changes of all topics."""
        if self._part is None:
            nothing = np.full(len(self._counts), np.nan)
            return ChangeFit(nothing, nothing, nothing, nothing, nothing, nothing, np.nan)
        return _compare(self._counts, self._part, self._design, min_articles, confidence)


def _compare(
    counts: Floats, block: Integers, design: Design, min_articles: int, confidence: float
) -> ChangeFit:
    nothing = np.full(len(counts), np.nan)
    total: Floats = np.bincount(block, design.totals, BLOCKS).astype(np.float64)
    rows = np.flatnonzero(counts.sum(axis=1) >= max(1, min_articles))
    y: Floats = counts[rows].astype(np.float64)
    first, last = y[:, :_QUARTER].sum(axis=1), y[:, -_QUARTER:].sum(axis=1)
    of_first, of_last = total[:_QUARTER].sum(), total[-_QUARTER:].sum()
    change = _log_odds(last, of_last) - _log_odds(first, of_first)
    share = (first + last + 1) / (of_first + of_last + 2)
    binomial = (1 / of_first + 1 / of_last) / (share * (1 - share))
    noise = _INFLATION * _noise(y, total) * 2 / _QUARTER
    error = np.sqrt(binomial + noise)
    freedom = _FREEDOM * ((binomial + noise) / noise) ** 2
    margin = special.stdtrit(freedom, 0.5 + confidence / 2) * error
    quarters = y.reshape(-1, BLOCKS // _QUARTER, _QUARTER).sum(axis=2)
    shares = quarters / total.reshape(-1, _QUARTER).sum(axis=1)
    values = {
        "last_to_highest": shares[:, -1] / shares.max(axis=1),
        "change": change,
        "change_se": error,
        "change_low": change - margin,
        "change_high": change + margin,
        "p_value": 2 * special.stdtr(freedom, -np.abs(change / error)),
    }
    silent = first + last == 0
    columns = {name: nothing.copy() for name in values}
    for name, column in columns.items():
        column[rows] = np.where(silent, np.nan, values[name])
    centres = np.bincount(block, design.scaled, BLOCKS) / np.bincount(block, minlength=BLOCKS)
    years = design.scale * float(centres[-_QUARTER:].mean() - centres[:_QUARTER].mean())
    return ChangeFit(**columns, years=years)


def _log_odds(count: Floats, total: Floats | float) -> Floats:
    """Return the empirical logit (Anscombe, 1956, Biometrika 43, 461-464)."""
    return np.asarray(np.log((count + 0.5) / (total - count + 0.5)))


def _noise(y: Floats, total: Floats) -> Floats:
    """Return the variance that the log-odds of blocks have beyond the binomial's: half of what the
    median squared difference of neighbours is above its own. Shape (T,)."""
    squares = np.diff(_log_odds(y, total), axis=1) ** 2
    variance = 1 / (y + 0.5) + 1 / (total - y + 0.5)
    excess = (squares / _MEDIAN - variance[:, 1:] - variance[:, :-1]) / 2
    counts = y[:, 1:] + y[:, :-1] >= _LEAST_ARTICLES
    number = counts.sum(axis=1)
    excess = np.sort(np.where(counts, excess, np.inf), axis=1)
    middle = np.stack([(number - 1) // 2, number // 2], axis=1)
    median = np.take_along_axis(excess, np.maximum(middle, 0), axis=1).mean(axis=1)
    enough = number >= _LEAST_DIFFERENCES
    weight = np.where(enough, number / 2, 0.0)
    found = np.where(enough, np.maximum(median, 0.0), 0.0)
    return (_PRIOR_WEIGHT * _TYPICAL_NOISE + weight * found) / (_PRIOR_WEIGHT + weight)
