"""Steps and events: found, told apart and dated, and how well a shape describes its topic."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.calibration import ARTICLES, Noise, curve, simulate
from benchmarks.calibration.curves import Jump
from growth.logistic import GrowthFit, fit_growth

pytestmark = pytest.mark.fast

DAYS, EACH = 182, 40
YEAR = 365.25
FOURFOLD = float(np.log(4))
JUMPS = ("step", "step_drift", "event")
PLANTED = [
    Jump("up", "step", 0.43, FOURFOLD),
    Jump("down", "step", 0.61, -FOURFOLD),
    Jump("late", "step", 0.95, FOURFOLD),
    Jump("drifts", "step_drift", 0.3, 2 * FOURFOLD, drift=-3 * FOURFOLD),
    Jump("event", "event", 0.4, 2 * FOURFOLD, half_life=0.1),
    Jump("event to a level above", "event", 0.5, 2 * FOURFOLD, half_life=0.05, left=0.5),
]


def fitted(counts: NDArray[np.int64]) -> GrowthFit:
    topic, day = np.nonzero(counts)
    days = counts.shape[1]
    totals, times = np.full(days, ARTICLES), np.arange(days) / YEAR
    return fit_growth(topic, day, counts[topic, day], totals, times, topics=len(counts))


@pytest.fixture(scope="module")
def fit() -> GrowthFit:
    """Topics that jump, 40 of each kind, beside 240 that do not."""
    jumping = [jump.expected(DAYS, 5.0) for jump in PLANTED]
    expected = np.repeat([*jumping, *[np.full(DAYS, 5.0)] * 6], EACH, axis=0)
    return fitted(simulate([1], expected, Noise(0.3, 0.5), len(expected)))


@pytest.mark.parametrize("jump", PLANTED, ids=[jump.name for jump in PLANTED])
def test_a_jump_is_found_dated_and_measured(fit: GrowthFit, jump: Jump) -> None:
    at = PLANTED.index(jump) * EACH
    mine = np.arange(at, at + EACH)
    found = mine[fit.shape[mine] == jump.shape]
    # An event may be told as a step that drifts down.
    assert np.isin(fit.shape[mine], JUMPS).mean() >= 0.8
    assert len(found) >= (0.6 if jump.shape == "event" else 0.8) * EACH
    truth, told, expected = jump.first_day(DAYS) / YEAR, fit.jump, jump.expected(DAYS, 5.0)
    assert (np.abs(told.at[found] - truth) <= 7 / YEAR).mean() > 0.9
    inside = (told.at_low[found] <= truth + 1e-9) & (truth <= told.at_high[found] + 1e-9)
    assert inside.mean() > 0.85
    first = jump.first_day(DAYS)
    for shares, day in ((told.share_before, first - 1), (told.share_after, first)):
        assert np.median(shares[found]) == pytest.approx(expected[day] / ARTICLES, rel=0.25)
    # Of a step in the last sixteenth a constant is often not bad: there is nothing to describe.
    assert np.isfinite(fit.fit_quality[found]).mean() > 0.5
    assert np.nanmedian(fit.fit_quality[found]) > 0.7
    if jump.shape == "step_drift":
        assert np.median(told.drift[found]) == pytest.approx(jump.drift / (DAYS / YEAR), rel=0.25)
    if jump.shape == "event":
        half_life = jump.half_life * DAYS / YEAR
        low, high = told.half_life_low[found], told.half_life_high[found]
        assert ((low <= half_life) & (half_life <= high)).mean() > 0.85
        settled = expected[0] * np.exp(jump.left * jump.height) / ARTICLES
        assert np.median(told.share_settled[found]) == pytest.approx(settled, rel=0.3)


def test_what_is_told_of_jumps_is_consistent(fit: GrowthFit) -> None:
    jumped, event = np.isin(fit.shape, JUMPS), fit.shape == "event"
    of_events = ("half_life", "half_life_low", "half_life_high", "share_settled")
    for field in fields(fit.jump):
        known = np.isfinite(getattr(fit.jump, field.name))
        here = fit.shape == "step_drift" if field.name == "drift" else jumped
        np.testing.assert_array_equal(known, event if field.name in of_events else here)
    told = fit.jump
    assert ((told.at_low <= told.at) & (told.at <= told.at_high))[jumped].all()
    assert (told.half_life_low < told.half_life)[event].all()
    assert (told.share_after > told.share_before)[event].all()
    assert (told.share_after > told.share_settled)[event].all()
    assert np.isnan(fit.s_curve.ceiling[jumped]).all() and np.isnan(fit.pulse.peak[jumped]).all()


@pytest.mark.parametrize("shape", ["flat", "fourfold growth"])
def test_bursts_are_seldom_taken_for_jumps(shape: str) -> None:
    fit = fitted(simulate([2], curve(shape, DAYS, 2.0), Noise(0.7, 0.7), 800))
    assert 100 * np.isin(fit.shape, JUMPS).mean() <= 6.5


@pytest.mark.parametrize(("before", "after"), [(0.3, 0.005), (0.005, 0.3)])
def test_a_step_on_any_day_is_a_step(before: float, after: float) -> None:
    """However a day lies among the parts of the window in which jumps are looked for."""
    days, flat = np.arange(40, 140), np.full((100, DAYS), 3.0)
    steps = ARTICLES * np.where(np.arange(DAYS) < days[:, None], before, after)
    fit = fitted(simulate([3], np.concatenate([steps, flat]), Noise(0.1, 0.0), 200))
    assert (fit.shape[:100] == "step").mean() > 0.85
    found = fit.shape[:100] == "step"
    np.testing.assert_allclose(fit.jump.at[:100][found], days[found] / YEAR, atol=2 / YEAR)


def test_quality_tells_how_much_a_shape_describes() -> None:
    """One for what is a trend, little for two bursts far apart, nothing to tell of a flat topic."""
    along = (np.arange(DAYS) + 0.5) / DAYS
    two = np.where((np.abs(along - 0.2) < 0.04) | (np.abs(along - 0.8) < 0.04), 30.0, 1.0)
    expected = np.repeat([curve("twentyfold growth", DAYS, 5.0), two, *[np.full(DAYS, 5.0)] * 8],
                         20, axis=0)  # fmt: skip
    quality = fitted(simulate([4], expected, Noise(0.0, 0.0), 200)).fit_quality
    assert (quality[:20] > 0.9).all()
    assert (quality[20:40] < 0.5).all()
    assert np.isnan(quality[40:]).mean() > 0.9


def test_one_burst_is_marked() -> None:
    """A spike in the window's last sixteenth makes growth that is not there without it."""
    burst = np.where(np.arange(DAYS) >= DAYS - 8, 25.0, 1.0)
    growing = curve("twentyfold growth", DAYS, 3.0)
    expected = np.repeat([burst, growing, burst[::-1], *[np.full(DAYS, 3.0)] * 7], 20, axis=0)
    fit = fitted(simulate([5], expected, Noise(0.1, 0.0), 200))
    listed = fit.q_value <= 0.05
    assert listed[:60].mean() > 0.9
    spikes = np.r_[:20, 40:60]
    assert (fit.one_burst[spikes][listed[spikes]] == 1).mean() > 0.9
    assert (fit.one_burst[20:40] == 0).all()
    assert (fit.one_burst[~listed & (fit.shape != "")] == 0).all()
