"""How far the end of a window is from its start, whatever the curve between them.

To a trend, all that is not a straight line is noise: of a topic that appears in the last weeks it
says little. Here the counts of the window's last quarter are compared with those of its first, on
the log-odds. The noise is measured between neighbouring sixteenths of the window: a single step
from one level to another shows in one of the 15 differences, and their median does not see it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Booleans, Counts, Design, Floats, Integers
from growth.model.noise.memory import SIXTEENTHS as BLOCKS
from growth.model.noise.memory import Noise, loadings
from growth.model.noise.students import two_sided
from growth.model.trends import TOPIC_BYTES, Fitting, TrendColumns

_QUARTER = BLOCKS // 4
# A difference counts where its two blocks have so many articles together; the median is taken where
# so many differences count.
_LEAST_ARTICLES, _LEAST_DIFFERENCES, _MOST_DIFFERENCES = 4, 4, 12
# How many degrees of freedom a difference is worth in their median (Mosteller, 1946, Annals of
# Mathematical Statistics 17, 377-408: its efficiency is 0.37), and the fewest that are assumed.
_WORTH, _FEWEST_FREEDOM = 0.37, 3.0
# No topic's noise is below this part of the typical one, nor that below this.
_LEAST_PART, _LEAST_SQUARE = 0.1, 1e-4
# Noise that lasts for days makes neighbouring sixteenths alike (docs/calibration.md).
_INFLATION = 1.25
# As many topics as what slow waves say is worth.
_USUAL_TOPICS = 80
# The median of chi-squared with one degree of freedom.
_MEDIAN = 0.454936


@dataclass(frozen=True)
class ChangeFit:
    """Changes of T topics; every array has shape (T,). NaN where there is none.

    ``change`` is the log-odds of the last quarter of the periods less those of the first;
    ``change_se`` its standard error where the topic is as frequent in both; ``p_value`` and the
    interval come from Student's t. ``last_to_highest`` is the share in the last quarter over that
    in the quarter where it is highest. ``of_fullest`` is which part of what the higher quarter has
    more than the lower one is in its fullest sixteenth. ``years``, a number: the time from the
    middle of the first quarter to that of the last, in the unit of ``times``."""

    change: Floats
    change_se: Floats
    change_low: Floats
    change_high: Floats
    p_value: Floats
    of_fullest: Floats
    last_to_highest: Floats
    years: float


def fit_change(counts: Counts, *, min_articles: int = 0, confidence: float = 0.95) -> ChangeFit:
    """Compare the last quarter with the first: see growth.logistic.fit_change."""
    fitting = Fitting(counts, min_articles, confidence, TOPIC_BYTES)
    changes, trends = Changes(fitting.design, fitting.size), TrendColumns(fitting.size)
    for block in fitting.blocks(changes.add):
        trends.add(block)
    return changes.finish(fitting, trends.measure())


class Changes:
    """The articles of topics in the sixteenths of a window, added up block by block."""

    def __init__(self, design: Design, size: int) -> None:
        periods = len(design.totals)
        self._design = design
        self._enough = periods >= 2 * BLOCKS
        self._part = np.arange(periods) * BLOCKS // max(1, periods)
        self._counts = np.zeros((size, BLOCKS))
        self._course = np.zeros((size, BLOCKS))

    def follow(self, rows: Integers, expected: Floats) -> None:
        """Take the articles ``expected`` of some topics in each sixteenth, shape (F, 16), as their
        course, about which their noise is measured."""
        self._course[rows] = _log_odds(expected, self.totals)

    def add(self, cells: Cells) -> None:
        """Add up the articles of a block of topics."""
        if not self._enough or not len(cells.count):
            return
        place = np.repeat(np.arange(cells.topics) * BLOCKS, cells.lengths)
        place += self._part.take(cells.period, mode="clip")
        sums = np.bincount(place, cells.count, cells.topics * BLOCKS)
        self._counts[cells.first : cells.first + cells.topics] = sums.reshape(-1, BLOCKS)

    @property
    def counts(self) -> Floats | None:
        """The articles of each topic in each sixteenth, shape (T, 16); None where the window has
        too few periods."""
        return self._counts if self._enough else None

    @property
    def totals(self) -> Floats:
        """All articles of each sixteenth. Shape (16,)."""
        return np.bincount(self._part, self._design.totals, BLOCKS).astype(np.float64)

    @property
    def times(self) -> Floats:
        """The mean scaled time of each sixteenth. Shape (16,)."""
        times = np.bincount(self._part, self._design.totals * self._design.scaled, BLOCKS)
        return np.asarray(times / self.totals)

    @property
    def part(self) -> Integers:
        """The sixteenth of each period. Shape (P,)."""
        return self._part

    def strengths(self, noise: Noise) -> Floats:
        """Return the square of each topic's strength of noise. Shape (T,)."""
        if not self._enough:
            return np.full(len(self._counts), noise.strength**2)
        return squared_strengths(self._counts, self.totals, self._course, noise)[0]

    def finish(self, fitting: Fitting, noise: Noise) -> ChangeFit:
        """Return the changes of all topics."""
        if not self._enough:
            nothing = np.full(len(self._counts), np.nan)
            return ChangeFit(nothing, nothing, nothing, nothing, nothing, nothing, nothing, np.nan)
        return self._compare(fitting, noise)

    def _compare(self, fitting: Fitting, noise: Noise) -> ChangeFit:
        design, total = fitting.design, self.totals
        rows = np.flatnonzero(self._counts.sum(axis=1) >= max(1, fitting.min_articles))
        y: Floats = self._counts[rows]
        square, freedom = squared_strengths(y, total, self._course[rows], noise)
        strayed = _INFLATION * square * loadings(noise.memory, 1).change
        first = y[:, :_QUARTER].sum(axis=1), float(total[:_QUARTER].sum())
        last = y[:, -_QUARTER:].sum(axis=1), float(total[-_QUARTER:].sum())
        change, error, freedom_ = _compare(first, last, strayed, freedom)
        margin = special.stdtrit(freedom_, 0.5 + fitting.confidence / 2) * error
        quarters = y.reshape(-1, BLOCKS // _QUARTER, _QUARTER).sum(axis=2)
        shares = quarters / total.reshape(-1, _QUARTER).sum(axis=1)
        values = {
            "last_to_highest": shares[:, -1] / shares.max(axis=1),
            "change": change,
            "change_se": error,
            "change_low": change - margin,
            "change_high": change + margin,
            "p_value": two_sided(freedom_, change / error),
            "of_fullest": _of_fullest(y, total, change > 0),
        }
        silent = first[0] + last[0] == 0
        columns = {name: np.full(len(self._counts), np.nan) for name in values}
        for name, column in columns.items():
            column[rows] = np.where(silent, np.nan, values[name])
        block = self._part
        centres = np.bincount(block, design.scaled, BLOCKS) / np.bincount(block, minlength=BLOCKS)
        years = design.scale * float(centres[-_QUARTER:].mean() - centres[:_QUARTER].mean())
        return ChangeFit(**columns, years=years)


def _compare(
    first: tuple[Floats, float], last: tuple[Floats, float], strayed: Floats, freedom: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return change, error and degrees of freedom, from the articles with a topic and all articles
    of both quarters. ``strayed`` is the variance of the change by noise, ``freedom`` the degrees of
    freedom of that."""
    change = _log_odds(*last) - _log_odds(*first)
    share = (first[0] + last[0] + 1) / (first[1] + last[1] + 2)
    binomial = (1 / first[1] + 1 / last[1]) / (share * (1 - share))
    return change, np.sqrt(binomial + strayed), freedom * ((binomial + strayed) / strayed) ** 2


def _of_fullest(y: Floats, total: Floats, rises: Booleans) -> Floats:
    """Return which part of what the higher quarter has more than the lower one is in its fullest
    sixteenth. Shape (F,)."""
    quarters = np.arange(BLOCKS).reshape(-1, _QUARTER)[[0, -1]]
    first, last = (y[:, quarter] for quarter in quarters)
    high, low = np.where(rises[:, None], (last, first), (first, last))
    of_high = np.where(rises[:, None], total[quarters[1]], total[quarters[0]])
    of_low = np.where(rises, total[quarters[0]].sum(), total[quarters[1]].sum())
    more = high - of_high * (low.sum(axis=1) / of_low)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(more.max(axis=1) / more.sum(axis=1))


def _log_odds(count: Floats, total: Floats | float) -> Floats:
    """Return the empirical logit (Anscombe, 1956, Biometrika 43, 461-464)."""
    return np.asarray(np.log((count + 0.5) / (total - count + 0.5)))


def squared_strengths(
    y: Floats, total: Floats, course: Floats, noise: Noise
) -> tuple[Floats, Floats]:
    """Return the square of each topic's strength of noise, as its sixteenths show it, and the
    degrees of freedom of that; each of shape (T,). ``y``, shape (T, 16), are counts, ``total`` all
    articles, ``course``, shape (T, 16), the log-odds of the shapes of topics that jumped.

    The median squared difference of neighbours, over the median of chi-squared, less its binomial
    variance, is that square times its loading. It is drawn towards what is typical, as if as many
    degrees of freedom had shown that as the spread from topic to topic comes to."""
    squares = np.diff(_log_odds(y, total) - course, axis=1) ** 2
    chance = 1 / (y + 0.5) + 1 / (total - y + 0.5)
    chance = chance[:, 1:] + chance[:, :-1]
    loading = loadings(noise.memory, 1).neighbours
    excess = (squares / _MEDIAN - chance) / loading
    counts = y[:, 1:] + y[:, :-1] >= _LEAST_ARTICLES
    counts |= y.mean(axis=1, keepdims=True) >= _LEAST_ARTICLES / 2
    number = counts.sum(axis=1)
    median = _median(excess, counts)
    enough = number >= _LEAST_DIFFERENCES
    by_chance = np.where(enough, _median(chance, counts), np.inf) / loading
    telling = (number >= _MOST_DIFFERENCES) & (by_chance <= noise.strength**2 / 2)
    typical = _typical(median[telling], noise)
    signal = typical / (typical + by_chance)
    own = np.where(enough, _WORTH * number * signal**2, 0.0)
    # The logarithm of a mean square with f degrees of freedom has the variance 2 / f, about.
    borrowed = 0.5 / noise.strength_spread**2
    square = (borrowed * typical + own * np.where(enough, median, 0.0)) / (borrowed + own)
    return np.maximum(square, _LEAST_PART * typical), np.maximum(_FEWEST_FREEDOM, borrowed + own)


def _median(values: Floats, counts: Booleans) -> Floats:
    """Return the median of those values of each row that count, infinite where none does."""
    number = counts.sum(axis=1)
    ordered = np.sort(np.where(counts, values, np.inf), axis=1)
    middle = np.stack([(number - 1) // 2, number // 2], axis=1)
    return np.asarray(np.take_along_axis(ordered, np.maximum(middle, 0), axis=1).mean(axis=1))


def _typical(medians: Floats, noise: Noise) -> float:
    """Return the typical square of a strength, from those of topics whose differences tell of it:
    movement over the whole window, which slow waves take for noise, is not in it. What the waves
    say counts as so many such topics."""
    usual = np.log(noise.strength**2)
    if not len(medians):
        return float(np.exp(usual))
    found = np.log(max(_LEAST_SQUARE, float(np.median(medians))))
    return float(np.exp(np.average([usual, found], weights=[_USUAL_TOPICS, len(medians)])))
