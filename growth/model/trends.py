"""The trends of many topics, and what is told of each. How they are found is in trend_search.py.

The model of one topic: of the n articles of period t, y carry the topic, y ~ binomial(n, p(t)) with
logit p(t) = a + r t (McCullagh and Nelder, Generalized Linear Models, 1989, section 4.3), its
variance inflated by how much the topic strays from it anyway (noise/). The likelihood of a topic
depends on its counts through two sums, of y and of y t, so the counts are never spread out into a
matrix of topics by periods; nor are the fitted curves, whose sums take a few points each
(grids.py)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from growth.model.arguments import (
    MOST_ARTICLES,
    check_confidence,
    check_numbers,
    check_whole_number,
)
from growth.model.cells import STATUS_TEXTS, Cells, blocks, existence
from growth.model.counts import Booleans, Counts, Floats, Integers, check_counts
from growth.model.noise.memory import Noise, dispersions, measure
from growth.model.noise.students import quantile, two_sided
from growth.model.statuses import Status
from growth.model.trend_search import PeriodTables, Trends, make_tables, search_trends

# Bytes that a topic and a period take, whatever their cells.
TOPIC_BYTES, PERIOD_BYTES = 800, 4000


@dataclass(frozen=True)
class TrendFit:
    """Trends of T topics; every array has shape (T,). Where a number does not exist it is NaN.

    ``status`` says why. ``growth_rate`` (r) is per unit of ``times``; the odds multiply by e^r per
    unit. ``intercept`` (a) is the log-odds at time 0. ``growth_rate_model_se`` is the binomial
    model's own standard error; ``growth_rate_se`` is that times the square root of
    ``long_run_dispersion``, by how much the topic's slow swings add to the variance, at least 1
    (noise/memory.py). ``statistic`` is growth_rate /
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


def fit_trend(counts: Counts, *, min_articles: int = 0, confidence: float = 0.95) -> TrendFit:
    """Fit the trend to every topic: see growth.logistic.fit_trend."""
    fitting = Fitting(counts, min_articles, confidence, TOPIC_BYTES)
    columns = TrendColumns(fitting.size)
    for block in fitting.blocks():
        columns.add(block)
    return columns.finish(fitting, columns.measure())


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
    """Adjust p-values that were computed here, and need no check, as ``adjust_p_values`` does."""
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    # In this order rounding takes no q-value below its p-value: the factor is at least 1.
    ranked = p[order] * (len(order) / np.arange(1, len(order) + 1))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return q


@dataclass(frozen=True)
class Block:
    """The topics of a block that have a trend: their places among all topics, cells, trends."""

    tables: PeriodTables
    rows: Integers
    cells: Cells
    trends: Trends

    def take(self, chosen: Integers) -> "Block":
        """Return some of these topics."""
        cells, trends = self.cells.take(chosen), self.trends.take(chosen)
        return Block(self.tables, self.rows[chosen], cells, trends)


class Fitting:
    """Checks the arguments of a fit, finds trends block by block, and keeps the status, articles
    and iterations of every topic. ``topic_bytes`` is the memory that a topic takes in the fit's
    result."""

    def __init__(
        self, counts: Counts, min_articles: int, confidence: float, topic_bytes: int
    ) -> None:
        self.confidence = check_confidence(confidence)
        self.min_articles = check_whole_number("min_articles", min_articles, MOST_ARTICLES)
        self._counts = check_counts(counts, topic_bytes, PERIOD_BYTES)
        self.size, self.design = self._counts.topics, self._counts.design
        self.status = np.zeros(self.size, dtype=np.int8)
        self.articles = np.zeros(self.size, dtype=np.int64)
        self.iterations = np.zeros(self.size, dtype=np.int64)

    def blocks(self, see: Callable[[Cells], None] = lambda cells: None) -> Iterator[Block]:
        """Yield the topics that have a trend, block by block. ``see`` gets the cells of every
        topic, of those without a trend too."""
        tables: PeriodTables | None = None
        for cells in blocks(self._counts):
            see(cells)
            articles = cells.sums(cells.count)
            status = existence(cells, self.design, articles, self.min_articles)
            rows = np.flatnonzero(status == Status.CONVERGED.code)
            part = slice(cells.first, cells.first + cells.topics)
            self.articles[part] = articles
            if len(rows):
                if tables is None:
                    most = float(cells.count.max())
                    tables = make_tables(self.design, len(self._counts.topic), most)
                own = cells.take(rows)
                trends = search_trends(tables, own, articles[rows])
                status[rows[~trends.converged]] = Status.NOT_CONVERGED.code
                self.iterations[cells.first + rows] = trends.iterations
                found = Block(tables, cells.first + rows, own, trends)
                kept = np.flatnonzero(trends.converged)
                yield found if len(kept) == len(rows) else found.take(kept)
            self.status[part] = status

    def status_texts(self) -> NDArray[np.str_]:
        """Return the status of every topic as text."""
        return STATUS_TEXTS[self.status]


_NUMBERS = [
    field.name
    for field in fields(TrendFit)
    if field.name not in ("status", "articles", "iterations")
]


class TrendColumns:
    """The numbers of trends, filled block by block; their errors when all topics are known, since
    the noise is measured from all of them."""

    def __init__(self, size: int) -> None:
        self._numbers = {name: np.full(size, np.nan) for name in _NUMBERS}
        self._found: list[_Found] = []

    def add(self, block: Block) -> None:
        """Write what is known of a block before the noise is."""
        for name, values in _describe(block.tables, block.trends).items():
            self._numbers[name][_place(block.rows)] = values
        trends = block.trends
        self._found.append(_Found(block.rows, trends.power, trends.information[:, 0]))

    def measure(self, without: Booleans | None = None) -> Noise:
        """Measure the noise of all topics, or of those that are not ``without``, shape (T,)."""
        kept = [slice(None) if without is None else ~without[each.rows] for each in self._found]
        power = [each.power[rows] for each, rows in zip(self._found, kept, strict=True)]
        information = [each.information[rows] for each, rows in zip(self._found, kept, strict=True)]
        return measure(power, information)

    def finish(self, fitting: Fitting, noise: Noise) -> TrendFit:
        """Return the columns."""
        for found in self._found:
            rows = _place(found.rows)
            own = {name: column[rows] for name, column in self._numbers.items()}
            known = dispersions(noise, "trend", found.power, found.information)
            for name, values in _errors(own, *known, fitting.confidence).items():
                self._numbers[name][rows] = values
        self._numbers["q_value"] = q_values(self._numbers["p_value"])
        return TrendFit(
            status=fitting.status_texts(),
            articles=fitting.articles,
            iterations=fitting.iterations,
            **self._numbers,
        )


@dataclass(frozen=True)
class _Found:
    """What the noise of some topics is measured from: their places among all topics, the powers of
    their waves and their information."""

    rows: Integers
    power: Floats
    information: Floats


def _place(rows: Integers) -> slice | Integers:
    """Return rows as a slice, which is faster, where they are without gaps."""
    first, last = rows[[0, -1]] if len(rows) else (0, -1)
    return slice(first, last + 1) if last - first == len(rows) - 1 else rows


def _describe(tables: PeriodTables, fit: Trends) -> dict[str, Floats]:
    """Return the columns of converged fits on the caller's time that do not depend on the noise; of
    shares at the window's ends their log-odds, and in the place of the lower end their errors by
    the binomial model."""
    design = tables.design
    info_0, info_1, info_2 = fit.information[:, :3].T
    determinant = info_0 * info_2 - info_1**2
    origin = -design.centre / design.scale
    start, start_error = log_odds_at(fit, design.scaled[0])
    end, end_error = log_odds_at(fit, design.scaled[-1])
    return {
        "intercept": fit.level + fit.slope * origin,
        "growth_rate": fit.slope / design.scale,
        "intercept_model_se": log_odds_at(fit, origin)[1],
        "growth_rate_model_se": np.sqrt(info_0 / determinant) / design.scale,
        "dispersion": np.maximum(1.0, fit.pearson / (len(design.totals) - 2)),
        "deviance": fit.deviance,
        "pearson": fit.pearson,
        "share_start": start,
        "share_start_low": start_error,
        "share_end": end,
        "share_end_low": end_error,
    }


def _errors(
    own: dict[str, Floats], dispersion: Floats, freedom: Floats, confidence: float
) -> dict[str, Floats]:
    """Return the columns that depend on the noise, from those of ``_describe``."""
    root = np.sqrt(dispersion)
    margin = quantile(freedom, confidence)
    rate, error = own["growth_rate"], own["growth_rate_model_se"] * root
    shares = {}
    for name in ("share_start", "share_end"):
        log_odds, half = own[name], margin * root * own[f"{name}_low"]
        shares[name] = _expit(log_odds)
        shares[f"{name}_low"] = _expit(log_odds - half)
        shares[f"{name}_high"] = _expit(log_odds + half)
    return shares | {
        "growth_rate_se": error,
        "ci_low": rate - margin * error,
        "ci_high": rate + margin * error,
        "statistic": rate / error,
        "p_value": two_sided(freedom, rate / error),
        "freedom": freedom,
        "long_run_dispersion": dispersion,
    }


def log_odds_at(fit: Trends, u: float) -> tuple[Floats, Floats]:
    """Return the log-odds of trends at the scaled time ``u``, and their errors by the binomial
    model, before bursts are allowed for. Shape (F,)."""
    info_0, info_1, info_2 = fit.information[:, :3].T
    variance = (info_2 - 2 * u * info_1 + u**2 * info_0) / (info_0 * info_2 - info_1**2)
    return fit.level + fit.slope * u, np.sqrt(variance)


def _expit(log_odds: Floats) -> Floats:
    """Return probabilities. With numpy's exponential it takes a fraction of the time that scipy's
    expit takes."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-log_odds)))
