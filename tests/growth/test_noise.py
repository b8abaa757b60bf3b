"""The noise that topics share: what is measured of it, and what follows for tests and lists. Slow
waves and their powers, the grids of points that stand for periods, and blocks of cells."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from benchmarks.calibration import ARTICLES, curve, simulate
from benchmarks.calibration.noises import LongMemory
from growth.logistic import GrowthFit, fit_change, fit_growth, fit_trend
from growth.model.cells import blocks
from growth.model.counts import Counts, check_counts, prepare
from growth.model.grids import make_grids
from growth.model.noise.memory import DEFAULT, SIXTEENTHS, covariances, dispersions, loadings
from growth.model.noise.students import curve_degrees_of_freedom, quantile, two_sided
from growth.model.noise.waves import make_bursts, number_of_waves, waves

pytestmark = pytest.mark.fast

Numbers = NDArray[np.int64]
DAYS = 364


def cells(counts: NDArray[np.int64]) -> tuple[Numbers, Numbers, Numbers]:
    topic, day = np.nonzero(counts)
    return topic, day, counts[topic, day]


def fitted(counts: NDArray[np.int64]) -> GrowthFit:
    totals, times = np.full(counts.shape[1], ARTICLES), np.arange(counts.shape[1]) / 365.25
    return fit_growth(*cells(counts), totals, times, topics=len(counts), min_articles=1)


def flat(
    seed: list[int], topics: int, memory: float, deviation: float, days: int = DAYS
) -> NDArray[np.int64]:
    noise = LongMemory((memory, memory), (deviation, deviation))
    return simulate(seed, np.full(days, 4.0), noise, topics)


@pytest.mark.parametrize(("memory", "deviation"), [(0.4, 0.4), (0.2, 0.4), (0.0, 0.3)])
def test_memory_and_strength_are_measured(memory: float, deviation: float) -> None:
    noise = fitted(flat([1], 500, memory, deviation)).noise
    assert noise.topics >= 495
    assert noise.memory == pytest.approx(memory, abs=0.08)
    weekly = noise.deviation(7 / DAYS)
    assert weekly == pytest.approx(deviation, rel=0.25)
    # Over a part, the deviation falls with its length as that of fractional noise does.
    assert noise.deviation(28 / DAYS) / weekly == pytest.approx(4 ** (noise.memory - 0.5))


def test_few_topics_have_the_default_noise() -> None:
    assert fitted(flat([2], 29, 0.1, 0.9)).noise is DEFAULT
    assert fitted(flat([2], 30, 0.1, 0.9)).noise.topics == 30
    # A topic alone has an error all the same.
    alone = fitted(flat([3], 1, 0.4, 0.5))
    assert alone.trend.long_run_dispersion[0] > 1 and alone.p_value[0] < 1


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.45])
def test_loadings_are_variances_of_contrasts(memory: float) -> None:
    """Noise of which the mean over every part of the window has the variance that its memory says,
    laid out in many parts: what does a wave, a trend, a change make of it?"""
    parts = 4096
    u = (np.arange(parts) + 0.5) / parts - 0.5
    lags = covariances(memory, parts)
    # That of a sixteenth about the whole window is 1.
    assert covariances(memory, 16)[0] - covariances(memory, 1)[0] == pytest.approx(1)
    assert lags[0] / covariances(memory, 16)[0] == pytest.approx(
        (SIXTEENTHS / parts) ** (2 * memory - 1)
    )

    def variance(contrast: NDArray[np.float64]) -> float:
        """Sum over all pairs of parts, by their distance."""
        products = np.correlate(contrast, contrast, mode="full")[parts - 1 :]
        return float(lags[0] * products[0] + 2 * lags[1:] @ products[1:])

    found = loadings(memory, 9)
    for number, loading in ((0, found.waves[0]), (5, found.waves[5])):
        wave = waves(parts, 9)[:, number]
        assert loading == pytest.approx(variance(wave) / (parts * (wave**2).sum()), rel=0.01)
    for contrast, loading in ((u, found.trend), (u**2 - (u**2).mean(), found.bend)):
        expected = variance(contrast) / (parts * (contrast**2).sum())
        assert loading == pytest.approx(expected, rel=0.01)
    quarters = np.where(u > 0.25, 4.0, np.where(u < -0.25, -4.0, 0.0)) / parts
    assert found.change == pytest.approx(variance(quarters), rel=1e-6)
    sixteenths = np.repeat([16.0, -16.0], parts // 16) / parts
    neighbours = np.concatenate([sixteenths, np.zeros(parts - len(sixteenths))])
    assert found.neighbours == pytest.approx(variance(neighbours), rel=1e-6)


def test_slow_swings_are_not_taken_for_growth() -> None:
    noise, rejected, listed, false = LongMemory((0.3, 0.45), (0.2, 0.5)), [], 0, 0
    for days in (182, 731):
        level = 4 * 182 / days
        found = fitted(simulate([4, days], np.full(days, level), noise, 600))
        rejected.append(100 * (found.p_value < 0.05).mean())
        grows = np.arange(800) < 80
        growing = curve("fourfold growth", days, level)
        expected = np.where(grows[:, None], growing, np.full(days, level))
        found = fitted(simulate([5, days], expected, noise, 800))
        called = (found.q_value <= 0.05) & (found.sure_growth > 0)
        listed, false = listed + called.sum(), false + (called & ~grows).sum()
    assert 1 <= np.mean(rejected) <= 8
    assert listed > 40 and false / listed <= 0.12


def test_order_splits_and_times_do_not_matter() -> None:
    counts = flat([6], 60, 0.4, 0.5)
    topic, day, count = cells(counts)
    totals, times = np.full(DAYS, ARTICLES), np.arange(DAYS) / 365.25
    order = np.random.default_rng(6).permutation(len(topic))
    several = count > 1
    split = (
        np.r_[topic, topic[several]],
        np.r_[day, day[several]],
        np.r_[np.minimum(count, 1), count[several] - 1],
    )
    backwards = np.arange(DAYS)[::-1]
    for fit in (fit_trend, fit_change, fit_growth):
        plain = fit(topic, day, count, totals, times).p_value
        for other in (
            fit(topic[order], day[order], count[order], totals, times),
            fit(*split, totals, times),
            fit(topic, day, count, totals, times + 2000),
            fit(topic, backwards[day], count, totals, times[::-1]),
        ):
            np.testing.assert_allclose(other.p_value, plain, rtol=1e-6)


def test_waves_are_orthogonal_to_a_line_and_to_each_other() -> None:
    columns = np.column_stack([np.ones(400), np.arange(400) - 199.5, waves(400, 12)])
    columns /= np.sqrt((columns**2).sum(axis=0))
    np.testing.assert_allclose(columns.T @ columns, np.eye(14), atol=1e-2)


@pytest.mark.parametrize(("periods", "number"), [(3, 1), (8, 3), (48, 8), (184, 10), (731, 24)])
def test_number_of_waves(periods: int, number: int) -> None:
    assert number_of_waves(periods) == number


def test_quantiles_and_p_values_are_students() -> None:
    freedom = np.array([2.0, 2.7, 5.0, 17.0, 600.0, 1e7])
    for confidence in (0.5, 0.95, 0.999):
        reach = quantile(freedom, confidence)
        np.testing.assert_allclose(reach, stats.t(freedom).ppf(0.5 + confidence / 2), rtol=1e-7)
        np.testing.assert_allclose(two_sided(freedom, -reach), 1 - confidence, rtol=1e-5)


def test_curves_have_fewer_degrees_of_freedom_than_waves() -> None:
    for number in (1, 3, 10, 24):
        freedom = curve_degrees_of_freedom(number, np.array([1.0, 1.3, 2.0, 50.0, 1e6]))
        least = max(1.0, 0.35 * number)
        assert freedom[0] == 2 * least and freedom[-1] == pytest.approx(least)
        assert (np.diff(freedom) <= 0).all()


@pytest.mark.parametrize("slope", [0.0, 3.9, -7.9, 19.0])
@pytest.mark.parametrize("level", [-9.0, -3.0, 0.0, 2.0])
def test_a_grid_stands_for_all_periods(slope: float, level: float) -> None:
    rng = np.random.default_rng(1)
    design = prepare(rng.poisson(100, 300), np.arange(300.0))
    grids, _ = make_grids(design)
    assert [len(grid.nodes) for grid in grids] == [8, 16, 24, 48, 300]
    p = special.expit(level + slope * design.scaled)
    weight = p * (1 - p)
    bursts = make_bursts(design.totals)
    for grid in grids:
        if abs(slope) > grid.limit:
            continue
        q = special.expit(level + slope * grid.nodes)
        for power in range(5):
            full = (design.totals * weight * design.scaled**power).sum()
            assert (q * (1 - q)) @ grid.moments[power] == pytest.approx(
                full, rel=1e-10, abs=1e-12 * design.totals.sum()
            )
        wavy = (design.totals * p) @ bursts.columns
        np.testing.assert_allclose(
            bursts.weights(grid)[0] @ q, wavy, atol=1e-5 * (design.totals * p).sum()
        )


@pytest.mark.parametrize("rate", [-30.0, 75.0, 310.0])
def test_a_window_in_pieces_stands_for_all_its_days(rate: float) -> None:
    rng = np.random.default_rng(6)
    totals = rng.poisson(100, 3000)
    totals[[0, 700, 701, 2999]] = 0
    totals[1000:1070] = 0  # a piece of the finest grid in which hardly a day has articles
    totals[1055] = 90
    design = prepare(totals, np.arange(3000.0))
    _, grids = make_grids(design)
    assert [grid.limit for grid in grids] == [20, 40, 80, 160, 320, np.inf]
    counts = rng.binomial(totals, 0.02)
    used = np.flatnonzero(counts)
    topic, times = np.zeros(len(used), int), np.arange(3000.0)
    [cells] = blocks(check_counts(Counts(topic, used, counts[used], totals, times, 1), 1, 1))
    y = grids[-1].counts(cells)[0]

    def log_odds(u: NDArray[np.float64]) -> NDArray[np.float64]:
        """An S-curve's: neither it nor its sum with log p is a polynomial."""
        return np.asarray(special.logit(0.3 * special.expit(rate * (u - 0.1))))

    for grid in grids[1:]:
        if abs(rate) > grid.limit:
            continue
        p, q = special.expit(log_odds(design.scaled)), special.expit(log_odds(grid.nodes))
        for power in range(3):
            full = (design.totals * p * design.scaled**power).sum()
            found = grid.weights @ (q * grid.nodes**power)
            assert found == pytest.approx(full, rel=1e-9)
        full = (y * log_odds(design.scaled)).sum()
        assert grid.counts(cells)[0] @ log_odds(grid.nodes) == pytest.approx(full, rel=1e-8)


def test_long_run_dispersion_by_hand() -> None:
    rng = np.random.default_rng(2)
    totals, times = rng.poisson(150, 200).astype(float), np.arange(200) / 365.25
    y = rng.binomial(totals.astype(int), 0.03 * np.exp(rng.normal(0, 0.7, 200)))
    used = np.flatnonzero(y)
    fit = fit_trend(np.zeros(len(used), int), used, y[used], totals, times)
    p = special.expit(fit.intercept[0] + fit.growth_rate[0] * times)
    v = totals * p * (1 - p)
    columns = waves(200, number_of_waves(200))
    x = np.column_stack([np.ones(200), times])
    beta = np.linalg.solve(x.T @ (v[:, None] * x), x.T @ (v[:, None] * columns))
    rest = columns - x @ beta
    power = (columns.T @ (y - totals * p)) ** 2 / (v[:, None] * rest**2).sum(axis=0)
    dispersion, freedom = dispersions(DEFAULT, "trend", power[None], np.array([v.sum()]))
    assert dispersion > 1
    np.testing.assert_allclose(fit.long_run_dispersion, dispersion, rtol=1e-7)
    np.testing.assert_allclose(fit.growth_rate_se, fit.growth_rate_model_se * np.sqrt(dispersion))
    np.testing.assert_allclose(fit.p_value, 2 * stats.t(freedom).sf(np.abs(fit.statistic)))


def test_blocks_hold_every_cell_once() -> None:
    rng = np.random.default_rng(4)
    topic = np.sort(rng.integers(0, 30_000, 500_000))
    period = rng.integers(0, 50, 500_000)
    count = np.ones(500_000, dtype=np.int64)
    periods = np.full(50, 1e4), np.arange(50)
    order = rng.permutation(len(topic))
    for index in (slice(None), order):
        cells = topic[index], period[index], count[index]
        parts = list(blocks(check_counts(Counts(*cells, *periods, topics=40_000), 1, 1)))
        assert [part.first for part in parts] == [
            0, *np.cumsum([part.topics for part in parts])[:-1]
        ]  # fmt: skip
        assert sum(part.topics for part in parts) == 40_000
        assert sum(part.count.sum() for part in parts) == 500_000
        sums = np.concatenate([part.sums(part.count) for part in parts])
        np.testing.assert_array_equal(sums, np.bincount(topic, minlength=40_000))


def test_memory_is_a_fraction_of_the_dense_matrix() -> None:
    rng = np.random.default_rng(5)
    topics, periods, each = 100_000, 184, 12
    topic = np.repeat(np.arange(topics), each)
    period = np.sort(rng.integers(0, periods, (topics, each)), axis=1).ravel()
    count = np.ones(len(topic), dtype=np.int64)
    order = rng.permutation(len(topic))
    for index in (np.arange(len(topic)), order):
        arrays = topic[index], period[index], count[index]
        tracemalloc.start()
        fit_trend(*arrays, np.full(periods, 150), np.arange(periods) / 365.25)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < topics * periods * 8 / 2
