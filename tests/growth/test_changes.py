"""The change from a window's first quarter to its last, and what trend and change say together."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.calibration import ARTICLES, Noise, simulate
from growth.logistic import GrowthFit, fit_change, fit_growth

pytestmark = pytest.mark.fast

DAYS = 182


def fitted(counts: NDArray[np.int64]) -> GrowthFit:
    topic, day = np.nonzero(counts)
    totals, times = np.full(counts.shape[1], ARTICLES), np.arange(counts.shape[1]) / 365.25
    return fit_growth(topic, day, counts[topic, day], totals, times, topics=len(counts))


def test_a_step_in_the_last_weeks_is_growth_though_no_straight_line() -> None:
    quiet, loud = np.full(150, 0.05), np.full(DAYS - 150, 8.0)
    step = np.r_[quiet, loud]
    # Beside topics that do not move: the noise is measured from all.
    expected = np.where(np.arange(200)[:, None] < 40, step, step.mean())
    counts, steps = simulate([1], expected, Noise(0.5, 0.5), 200), slice(40)
    moved = fitted(counts)
    # Little can be said of a straight line through it; much of the change.
    assert np.median(moved.trend.p_value[steps]) > 10 * np.median(moved.change.p_value[steps])
    assert (moved.change.p_value[steps] < 0.005).mean() > 0.9
    # 32 of the last 45 days are loud; expected counts 5.7 a day against 0.05.
    assert np.median(moved.change.change[steps]) == pytest.approx(np.log(5.7 / 0.05), abs=0.7)
    assert (moved.sure_growth[steps] > 0).mean() > 0.9
    up = np.isin(moved.phase[steps], ["still rising", "holding high"])
    assert up[moved.q_value[steps] <= 0.05].mean() > 0.9
    down = fitted(counts[:, ::-1])
    assert (down.phase[steps][down.q_value[steps] <= 0.05] == "fading").mean() > 0.9


@pytest.mark.parametrize(
    ("deviation", "autocorrelation", "least"),
    # Of swings that end within a window, fractional noise makes too much.
    [(0.0, 0.0, 1), (0.7, 0.7, 1), (1.0, 0.7, 1), (0.7, 0.9, 0)],
)
@pytest.mark.parametrize("level", [0.3, 8.0])
def test_bursts_are_not_taken_for_growth(
    deviation: float, autocorrelation: float, least: float, level: float
) -> None:
    noise = Noise(deviation, autocorrelation)
    seed = [2, int(10 * deviation), int(10 * autocorrelation), int(10 * level)]
    # Each set has a noise of its own, as it is measured: the promise holds for the mean of sets.
    sets = [simulate([*seed, each], np.full(DAYS, level), noise, 400) for each in range(3)]
    rejected = [100 * np.nanmean(fitted(counts).p_value < 0.05) for counts in sets]
    assert least <= np.mean(rejected) <= 8


def test_a_change_is_the_same_however_its_cells_are_written() -> None:
    counts = simulate([3], np.full(DAYS, 2.0), Noise(0.5, 0.5), 20)
    topic, day = np.nonzero(counts)
    count = counts[topic, day]
    totals, times = np.full(DAYS, ARTICLES), np.arange(DAYS) / 365.25
    plain = fit_change(topic, day, count, totals, times)
    order = np.random.default_rng(3).permutation(len(topic))
    again = fit_change(
        np.r_[topic[order], 20], np.r_[day[order], 5], np.r_[count[order], 1], totals, times + 7
    )
    split = fit_change(
        np.r_[topic, topic], np.r_[day, day], np.r_[count - 1, np.ones(len(topic))], totals, times
    )
    for other in (again, split):
        np.testing.assert_allclose(other.change[:20], plain.change, atol=1e-10)
        np.testing.assert_allclose(other.p_value[:20], plain.p_value, atol=1e-10)
    assert (
        again.years == pytest.approx(plain.years) == pytest.approx(0.75 * DAYS / 365.25, rel=0.01)
    )


def test_no_change_where_there_is_nothing_to_compare() -> None:
    totals, times = np.full(40, 100), np.arange(40) / 365.25
    middle = fit_change([0, 0], [19, 20], [5, 5], totals, times)
    assert np.isnan(middle.change[0]) and np.isnan(middle.p_value[0])
    short = fit_change([0, 0], [1, 20], [5, 5], totals[:31], times[:31])
    assert np.isnan(short.change[0])
    few = fit_change([0, 0], [1, 39], [1, 1], totals, times, min_articles=3)
    assert np.isnan(few.change[0])
