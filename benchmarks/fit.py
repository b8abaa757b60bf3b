"""The fit: against statsmodels and scipy on one thread; its time and memory as the topics grow."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import statsmodels.api as sm
import statsmodels.formula.api as smf
from numpy.typing import NDArray
from scipy import optimize, special

from benchmarks.calibration import ARTICLES, Noise, curve, simulate
from benchmarks.table import Row, compare, interleave
from growth.logistic import GrowthFit, SCurveFit, TrendFit, fit_growth, fit_s_curve, fit_trend
from growth.model.statuses import Status
from growth.stored.series import DAYS_PER_YEAR, read_series
from warehouse.connect import connect

MIN_ARTICLES = 50
PEER_TOPICS = 20
REPETITIONS = 7
LONG_REPETITIONS = 3
MOST_SECONDS = 2.0
MOST_SHAPES = 10.0
# How much longer a cell may take where there are ten times as many, and no cache holds them.
MOST_RISE = 2.0
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """Topics to fit: their cells, sorted or not, and the periods (growth.logistic)."""

    topic: NDArray[np.int64]
    period: NDArray[np.int64]
    count: NDArray[np.int64]
    totals: NDArray[np.int64]
    times: NDArray[np.float64]

    @property
    def arguments(self) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
        """What the fits take."""
        return self.topic, self.period, self.count, self.totals, self.times

    def fit(self) -> TrendFit:
        """Fit the trend to every topic."""
        return fit_trend(*self.arguments)

    def fit_all_shapes(self) -> GrowthFit:
        """Fit trend, S-curve and pulse, and choose."""
        return fit_growth(*self.arguments)

    def series(self, topic: int) -> Numbers:
        """Return a topic's counts, zeros included, as statsmodels and scipy take them."""
        mine = self.topic == topic
        y = np.zeros(len(self.totals), dtype=np.int64)
        y[self.period[mine]] = self.count[mine]
        return y

    def shuffled(self) -> "Sample":
        """Return the same cells in no order."""
        order = np.random.default_rng(3).permutation(len(self.topic))
        return replace(
            self, topic=self.topic[order], period=self.period[order], count=self.count[order]
        )


def measure() -> list[Row]:
    """Compare trends, S-curves and the choice between shapes; measure what they take."""
    with connect("benchmarks") as connection:
        series = read_series(connection, "nyt", None, None, [])
    articles = np.bincount(series.topic, series.count)
    many = (articles >= MIN_ARTICLES)[series.topic]
    topic = np.unique(series.topic[many], return_inverse=True)[1]
    real = Sample(topic, series.period[many], series.count[many], series.totals, series.times)
    days = len(real.totals)
    half_year = generate(5000, 184, ARTICLES, (80, 1100), DAYS_PER_YEAR)
    months = generate(20_000, 48, 4500, (20, 1000), 12.0)
    return [
        *_compare_trends(f"real topics x {days} days", real, 300, None),
        *_compare_trends("topics x 184 days", half_year, 1000, 300),
        *_compare_trends("topics x 48 months", months, 2500, 750),
        *_many_topics(),
        *_linearity(),
        *_s_curves(),
        _all_shapes(f"real topics x {days} days", real),
        _all_shapes("topics x 184 days", half_year),
    ]


def generate(
    topics: int, periods: int, articles: int, sizes: tuple[float, float], per_year: float
) -> Sample:
    """Draw topics whose articles in the window are log-uniform between ``sizes``, most of them
    small as in a real paper, and whose shares grow or fall: twofold or more in the window for a
    third of them."""
    rng = np.random.default_rng(1)
    low, high = np.log(sizes)
    totals = rng.poisson(articles, periods)
    u = (np.arange(periods) + 0.5) / periods - 0.5
    parts = []
    for first in range(0, topics, 5000):
        size = min(5000, topics - first)
        level = rng.uniform(low, high, size) - np.log(totals.sum())
        share = special.expit(level[:, None] + rng.normal(0, 0.7, size)[:, None] * u)
        dense = rng.binomial(totals, share)
        topic, period = np.nonzero(dense)
        parts.append((topic + first, period, dense[topic, period]))
    topic, period, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Sample(topic, period, count, totals, np.arange(periods) / per_year)


def _compare_trends(
    what: str, counts: Sample, formula_bar: float | None, array_bar: float | None
) -> Iterator[Row]:
    """Compare the time that a topic takes: of all topics fitted together, and of some that
    statsmodels fits one by one, with the same results: coefficients, errors, p-values, intervals,
    deviance and Pearson's statistic."""
    ours = counts.fit()
    fitted = np.flatnonzero(ours.status == Status.CONVERGED)
    picked = np.random.default_rng(1).permutation(fitted)[:PEER_TOPICS]
    # The peers' arrays are made beforehand; our time includes everything from the cells on.
    arrays = [np.column_stack([y, counts.totals - y]) for y in map(counts.series, picked.tolist())]
    design = sm.add_constant(counts.times)
    frames = [
        pd.DataFrame({"y": y, "miss": n, "t": counts.times}) for y, n in map(np.transpose, arrays)
    ]

    def by_formula() -> list[Numbers]:
        models = (smf.glm("y + miss ~ t", frame, family=sm.families.Binomial()) for frame in frames)
        return [_tell(model.fit()) for model in models]

    def by_array() -> list[Numbers]:
        models = (sm.GLM(array, design, family=sm.families.Binomial()) for array in arrays)
        return [_tell(model.fit()) for model in models]

    told = np.column_stack(
        [ours.growth_rate, ours.growth_rate_model_se, ours.deviance, ours.pearson]
    )[picked]
    for peer in (by_formula, by_array):
        np.testing.assert_allclose(told, peer(), rtol=1e-4, atol=1e-4)
    seconds = interleave(
        REPETITIONS,
        lambda: _time(counts.fit) / len(fitted),
        lambda: _time(by_formula) / len(picked),
        lambda: _time(by_array) / len(picked),
    )
    name = f"statsmodels {version('statsmodels')}"
    for peer_name, peer_seconds, bar in (
        (f"{name} formula GLM", seconds[1], formula_bar),
        (f"{name} array GLM", seconds[2], array_bar),
    ):
        what_ = f"trend of {len(fitted):,} {what}, a topic"
        yield compare(what_, seconds[0], peer_name, peer_seconds, bar, unit="us")


def _tell(result: Any) -> Numbers:
    """Return some of a trend's numbers, after statsmodels has computed all that ours has."""
    rate, error = np.asarray(result.params)[1], np.asarray(result.bse)[1]
    np.asarray(result.pvalues), np.asarray(result.conf_int())
    return np.array([rate, error, result.deviance, result.pearson_chi2])


def _many_topics() -> Iterator[Row]:
    """Measure 200,000 topics of half a year: 4 million cells, as many as 150 articles a day with
    150 topics each make."""
    counts = generate(200_000, 184, ARTICLES, (2, 80), DAYS_PER_YEAR)
    dense = 200_000 * 184 * 8
    for order, cells in (("sorted", counts), ("in no order", counts.shuffled())):
        what = f"trend of 200,000 topics x 184 days, {len(cells.topic):,} cells {order}"
        [seconds] = interleave(LONG_REPETITIONS, lambda cells=cells: _time(cells.fit))  # type: ignore[misc]
        bar = f"at most {MOST_SECONDS:g} s"
        yield Row(what, f"{seconds:.2f} s", bar=bar, met=seconds <= MOST_SECONDS)
        peak = _peak(cells.fit)
        yield Row(
            "  memory at its peak, above the cells",
            f"{peak / 1e6:,.0f} MB",
            f"a float64 matrix of topics by days: {dense / 1e6:,.0f} MB",
            peak / dense,
            "at most 0.5x",
            peak <= dense / 2,
        )


def _linearity() -> Iterator[Row]:
    """Measure time and memory a cell, from a hundred thousand cells to ten million."""
    per_cell = []
    for topics in (2_000, 20_000, 200_000):
        counts = generate(topics, 184, ARTICLES, (20, 130), DAYS_PER_YEAR)
        cells = len(counts.topic)
        for order, mine in (("sorted", counts), ("in no order", counts.shuffled())):
            repetitions = REPETITIONS if topics < 100_000 else LONG_REPETITIONS
            [seconds] = interleave(repetitions, lambda mine=mine: _time(mine.fit))  # type: ignore[misc]
            peak = _peak(mine.fit)
            per_cell.append((seconds / cells, peak / cells))
            # Beside the same order of a tenth of the cells.
            before = per_cell[-3][0] if len(per_cell) > 2 else None
            yield Row(
                f"trend of {topics:,} topics x 184 days, {cells:,} cells {order}",
                f"{seconds * 1e9 / cells:.0f} ns a cell",
                f"{peak / 1e6:,.0f} MB at the peak, {peak / cells:.0f} bytes a cell",
                None if before is None else seconds / cells / before,
                "" if before is None else f"at most {MOST_RISE:g}x",
                before is None or seconds / cells <= MOST_RISE * before,
            )


def _s_curves() -> Iterator[Row]:
    """Compare S-curves of well-observed topics."""
    topics, days, times = 2000, 184, (np.arange(184) + 0.5) / 184 - 0.5
    dense = simulate([21], curve("S-curve", days, 3000 / days), Noise(0.3, 0.3), topics)
    topic, day = np.nonzero(dense)
    counts = Sample(topic, day, dense[topic, day], np.full(days, ARTICLES), times)

    def fit() -> SCurveFit:
        return fit_s_curve(*counts.arguments)

    def shape(t: Numbers, ceiling: float, rate: float, midpoint: float) -> Numbers:
        return np.asarray(ceiling * special.expit(rate * (t - midpoint)))

    def least_squares(y: Numbers) -> Numbers:
        return np.asarray(optimize.curve_fit(shape, times, y / ARTICLES, p0=[0.2, 8.0, 0.0])[0])

    def likelihood(y: Numbers) -> Numbers:
        def loss(x: Numbers) -> float:
            p = special.expit(x[0]) * special.expit(x[1] * (times - x[2]))
            return -float((special.xlogy(y, p) + (ARTICLES - y) * np.log1p(-p)).sum())

        best = optimize.minimize(loss, [-1.5, 8.0, 0.0], method="BFGS").x
        return np.array([special.expit(best[0]), *best[1:]])

    ours = fit()
    some = dense[:PEER_TOPICS]
    told = np.column_stack([ours.ceiling, ours.growth_rate, ours.midpoint])[:PEER_TOPICS]
    np.testing.assert_allclose(told, [likelihood(y) for y in some], rtol=1e-2, atol=1e-3)
    seconds = interleave(
        REPETITIONS,
        lambda: _time(fit) / topics,
        lambda: _time(lambda: [least_squares(y) for y in some]) / len(some),
        lambda: _time(lambda: [likelihood(y) for y in some]) / len(some),
    )
    what, scipy = f"S-curve of {topics:,} topics x {days} days, a topic", version("scipy")
    yield compare(what, seconds[0], f"scipy {scipy} curve_fit", seconds[1], 4, unit="us")
    yield compare(
        what, seconds[0], f"scipy {scipy} BFGS, same likelihood", seconds[2], 20, unit="us"
    )


def _all_shapes(what: str, counts: Sample) -> Row:
    """Compare all shapes, and the choice between them, with the trend alone."""
    ours, trend = interleave(
        REPETITIONS, lambda: _time(counts.fit_all_shapes), lambda: _time(counts.fit)
    )
    topics = int(counts.topic.max()) + 1
    return Row(
        f"all shapes of {topics:,} {what}",
        f"{ours:.2f} s",
        f"the trend alone: {trend:.2f} s",
        ours / trend,
        f"at most {MOST_SHAPES:g}x",
        ours <= MOST_SHAPES * trend,
    )


def _time(function: Callable[[], object]) -> float:
    start = perf_counter()
    function()
    return perf_counter() - start


def _peak(function: Callable[[], object]) -> int:
    """Return the bytes that a call needs at most, its result included."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
