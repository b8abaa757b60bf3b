"""The trends of many topics at once, and what is told of each.

The model of one topic: of the n articles of period t, y carry the topic, y ~ binomial(n, p(t)) with
logit p(t) = a + r t (McCullagh and Nelder, Generalized Linear Models, 1989, section 4.3), its
variance inflated by how bursty the topic is (bursts.py). The likelihood of a topic depends on
its counts through two sums, of y and of y t, so the counts are never spread out into a matrix of
topics by periods; nor are the fitted curves, whose sums take a few points each (grids.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import ArrayLike, NDArray

from growth.model.arguments import (
    MOST_ARTICLES,
    check_confidence,
    check_numbers,
    check_whole_number,
)
from growth.model.bursts import degrees_of_freedom, quantiles, two_sided
from growth.model.counts import (
    NOT_CONVERGED,
    STATUSES,
    Cells,
    Floats,
    Integers,
    blocks,
    check_counts,
    existence,
)
from growth.model.trend_search import Trends, Window, fit_trends, make_window

# Memory that a topic and a period take, whatever their cells, in bytes.
TOPIC_BYTES, PERIOD_BYTES = 400, 4000


@dataclass(frozen=True)
class TrendFit:
    """Trends of T topics; every array has shape (T,). Where a number does not exist it is NaN.

    ``status`` says why. ``growth_rate`` (r) is per unit of ``times``; the odds multiply by e^r per
    unit. ``intercept`` (a) is the log-odds at time 0. ``growth_rate_model_se`` is the binomial
    model's own standard error; ``growth_rate_se`` is that times the square root of
    ``long_run_dispersion`` where this is above 1 (bursts.py). ``statistic`` is growth_rate /
    growth_rate_se; ``p_value`` and the interval come from Student's t with ``freedom`` degrees of
    freedom; ``q_value`` is the p-value adjusted for the number of topics fitted together
    (``adjust_p_values``). ``dispersion`` is Pearson's statistic over P - 2, at least 1, P the
    number of periods with articles: how uneven single periods are. ``share_start`` and
    ``share_end`` are the fitted p at the first and the last of these, with intervals.
    """

    status: NDArray[np.str_]
    articles: Integers
    intercept: Floats
    growth_rate: Floats
    intercept_model_se: Floats
    growth_rate_model_se: Floats
    growth_rate_se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    q_value: Floats
    freedom: Floats
    dispersion: Floats
    long_run_dispersion: Floats
    deviance: Floats
    pearson: Floats
    iterations: Integers
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats


def fit_trend(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> TrendFit:
    """Fit the trend logit p(t) = a + r t to every topic by maximum likelihood.

    ``topic``, ``period`` and ``count``, each of shape (C,), are the non-zero cells in any order: in
    period ``period[c]`` (an index into ``totals``) ``count[c]`` articles carry topic ``topic[c]``
    (an integer from 0). Cells of one topic and period add up. ``totals`` and ``times``, shape (P,),
    are the articles of each period and its time; periods without articles say nothing and are left
    out. ``topics`` is the number of topics, where the last ones may have no cell. Topics with fewer
    than ``min_articles`` articles are not fitted.

    Cells sorted by topic are fitted as they come, with little memory; others are sorted first.

    Arrays may be of any integer or float type, and lists; none is changed. Counts and totals are
    from 0 to 2^53, whole or not; indices are whole numbers, also as floats. Times may come in any
    order and more than once. ``confidence`` is that of the intervals, between 0 and 1.

    Raises ValueError, in one line that names the argument, its value and the way out: for other
    types, shapes and ranges, masked values, a count above its period's total or in a period without
    articles, times that are not finite, and topics without a cell, or periods, so many that they
    would take more than half of the memory.
    """
    fitting = Fitting(
        topic, period, count, totals, times,
        topics=topics, min_articles=min_articles, confidence=confidence, topic_bytes=TOPIC_BYTES,
    )  # fmt: skip
    columns = TrendColumns(fitting.size)
    for block in fitting.blocks():
        columns.add(block, fitting.confidence)
    return columns.finish(fitting)


def adjust_p_values(p_values: ArrayLike) -> Floats:
    """Return q-values: the smallest false discovery rate at which each hypothesis is rejected.

    The step-up procedure of Benjamini and Hochberg (1995, Journal of the Royal Statistical Society
    B 57, 289-300). Shape (T,) in and out; NaN stays NaN and does not count. Raises ValueError for
    values outside 0 to 1, masked values, and arrays of other shapes or types.
    """
    p = check_numbers("p_values", p_values)
    outside = np.flatnonzero((p < 0) | (p > 1))
    if p.dtype.kind == "b" or len(outside):
        at = outside[0] if len(outside) else 0
        raise ValueError(
            f"p_values[{at}] is {p[at]}: give numbers from 0 to 1, NaN where none is known"
        )
    return q_values(p.astype(np.float64))


def q_values(p: Floats) -> Floats:
    """Return what ``adjust_p_values`` returns, of p-values that were computed here."""
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    # The factor first: it is at least 1, so that rounding takes no q-value below its p-value.
    ranked = p[order] * (len(order) / np.arange(1, len(order) + 1))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return q


@dataclass(frozen=True)
class Block:
    """The converged trends of a block: which topics, their cells, the fits."""

    window: Window
    rows: Integers
    cells: Cells
    trends: Trends


class Fitting:
    """Checks the arguments of a fit, fits trends block by block, and keeps statuses, counts and
    iterations of all topics."""

    def __init__(
        self,
        topic: ArrayLike,
        period: ArrayLike,
        count: ArrayLike,
        totals: ArrayLike,
        times: ArrayLike,
        *,
        topics: int | None,
        min_articles: int,
        confidence: float,
        topic_bytes: int,
    ) -> None:
        self.confidence = check_confidence(confidence)
        self.min_articles = check_whole_number("min_articles", min_articles, MOST_ARTICLES)
        self._counts = check_counts(
            topic, period, count, totals, times, topics, topic_bytes, PERIOD_BYTES
        )
        self.size, self.design = self._counts.topics, self._counts.design
        self.status = np.zeros(self.size, dtype=np.int8)
        self.articles = np.zeros(self.size, dtype=np.int64)
        self.iterations = np.zeros(self.size, dtype=np.int64)

    def blocks(self, see: Callable[[Cells], None] = lambda cells: None) -> Iterator[Block]:
        """Yield the blocks that have a trend. ``see`` gets the cells of every topic."""
        window: Window | None = None
        for cells in blocks(self._counts):
            see(cells)
            articles = cells.sums(cells.count)
            status = existence(cells, self.design, articles, self.min_articles)
            rows = np.flatnonzero(status == 0)
            part = slice(cells.first, cells.first + cells.topics)
            self.articles[part] = articles
            if len(rows):
                if window is None:
                    most = float(cells.count.max())
                    window = make_window(self.design, len(self._counts.topic), most)
                own = cells.take(rows)
                fit = fit_trends(window, own, articles[rows])
                status[rows[~fit.converged]] = _NOT_CONVERGED
                self.iterations[cells.first + rows] = fit.iterations
                kept = np.flatnonzero(fit.converged)
                trends = fit if len(kept) == len(rows) else fit.take(kept)
                yield Block(window, cells.first + rows[kept], own.take(kept), trends)
            self.status[part] = status


_NOT_CONVERGED = int(np.flatnonzero(STATUSES == NOT_CONVERGED)[0])
_NUMBERS = [
    field.name
    for field in fields(TrendFit)
    if field.name not in ("status", "articles", "iterations")
]


class TrendColumns:
    """The numbers of trends, filled block by block."""

    def __init__(self, size: int) -> None:
        self._numbers = {name: np.full(size, np.nan) for name in _NUMBERS}
        self._quantile: Chebyshev | None = None

    def add(self, block: Block, confidence: float) -> None:
        """Write the numbers of a block."""
        if self._quantile is None:
            self._quantile = quantiles(block.window.bursts.number, confidence)
        values = _describe(block.window, block.trends, self._quantile)
        first, last = block.rows[[0, -1]] if len(block.rows) else (0, 0)
        together = last - first == len(block.rows) - 1
        rows = slice(first, last + 1) if together else block.rows
        for name, column in values.items():
            self._numbers[name][rows] = column

    def finish(self, fitting: Fitting) -> TrendFit:
        """Return the columns."""
        self._numbers["q_value"] = q_values(self._numbers["p_value"])
        return TrendFit(
            status=STATUSES[fitting.status],
            articles=fitting.articles,
            iterations=fitting.iterations,
            **self._numbers,
        )


def _describe(window: Window, fit: Trends, quantile: Chebyshev) -> dict[str, Floats]:
    """Return the columns of converged fits on the caller's time."""
    design, number = window.design, window.bursts.number
    info_0, info_1, info_2 = fit.information[:, :3].T
    determinant = info_0 * info_2 - info_1**2
    inflation = np.maximum(1.0, fit.long_run)
    freedom = degrees_of_freedom(number, inflation)
    margin = np.asarray(quantile(1 / freedom))
    rate = fit.slope / design.scale
    model_se = np.sqrt(info_0 / determinant) / design.scale
    error = model_se * np.sqrt(inflation)
    shares = {}
    for name, at in (("share_start", design.scaled[0]), ("share_end", design.scaled[-1])):
        log_odds, model_error = log_odds_at(fit, at)
        half = margin * model_error * np.sqrt(inflation)
        shares[name] = _expit(log_odds)
        shares[f"{name}_low"] = _expit(log_odds - half)
        shares[f"{name}_high"] = _expit(log_odds + half)
    origin = -design.centre / design.scale
    return {
        "intercept": fit.level + fit.slope * origin,
        "growth_rate": rate,
        "intercept_model_se": log_odds_at(fit, origin)[1],
        "growth_rate_model_se": model_se,
        "growth_rate_se": error,
        "ci_low": rate - margin * error,
        "ci_high": rate + margin * error,
        "statistic": rate / error,
        "p_value": two_sided(freedom, rate / error),
        "freedom": freedom,
        "dispersion": np.maximum(1.0, fit.pearson / (len(design.totals) - 2)),
        "long_run_dispersion": fit.long_run,
        "deviance": fit.deviance,
        "pearson": fit.pearson,
        **shares,
    }


def log_odds_at(fit: Trends, u: float) -> tuple[Floats, Floats]:
    """Return the log-odds of trends at the scaled time ``u``, and their errors by the binomial
    model, before bursts are allowed for. Shape (F,)."""
    info_0, info_1, info_2 = fit.information[:, :3].T
    variance = (info_2 - 2 * u * info_1 + u**2 * info_0) / (info_0 * info_2 - info_1**2)
    return fit.level + fit.slope * u, np.sqrt(variance)


def _expit(log_odds: Floats) -> Floats:
    """Return the probability. numpy's exponential takes a fraction of the time of scipy's expit."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-log_odds)))
