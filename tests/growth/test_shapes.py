"""S-curves, pulses, the choice between them, and phases: on planted curves."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from benchmarks.calibration import ARTICLES, Noise, curve, simulate
from growth.logistic import (
    GrowthFit,
    fit_growth,
    fit_pulse,
    fit_s_curve,
    fit_trend,
)

pytestmark = pytest.mark.fast

Matrix = NDArray[Any]


def times(days: int) -> Matrix:
    return (np.arange(days) + 0.5) / days - 0.5


def cells(counts: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix, Matrix]:
    topic, day = np.nonzero(counts)
    days = counts.shape[1]
    return topic, day, counts[topic, day], np.full(days, ARTICLES), times(days)


def planted(shape: str, articles: float, topics: int = 200, noise: float = 0.0) -> Matrix:
    expected = curve(shape, 184, articles / 184)
    return simulate([7, int(articles)], expected, Noise(noise, 0.5), topics)


def log_likelihood(p: Matrix, y: Matrix) -> float:
    return float((special.xlogy(y, p) + special.xlog1py(ARTICLES - y, -p)).sum())


@pytest.mark.parametrize("days", [40, 184])
def test_the_s_curve_is_the_maximum(days: int) -> None:
    expected = curve("S-curve", days, 10.0)
    counts = simulate([1, days], expected, Noise(0, 0), 20)
    fit, trend = fit_s_curve(*cells(counts)), fit_trend(*cells(counts))
    t = times(days)
    assert (fit.status == "converged").all()
    for topic, y in enumerate(counts):

        def loss(x: Matrix, y: Matrix = y) -> float:
            p = np.clip(np.exp(x[0]) * special.expit(x[1] * (t - x[2])), 1e-15, 1 - 1e-15)
            return -log_likelihood(p, y)

        ours = np.array([np.log(fit.ceiling[topic]), fit.growth_rate[topic], fit.midpoint[topic]])
        options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 5000}
        peer = optimize.minimize(loss, ours + 0.03, method="Nelder-Mead", options=options)
        np.testing.assert_allclose(ours, peer.x, rtol=2e-4, atol=2e-5)
        assert loss(ours) <= peer.fun + 1e-6
        p = special.expit(trend.intercept[topic] + trend.growth_rate[topic] * t)
        assert fit.gain[topic] == pytest.approx(-loss(ours) - log_likelihood(p, y), abs=1e-5)


def test_the_pulse_is_the_maximum() -> None:
    counts = planted("pulse", 800, 20)
    fit = fit_pulse(*cells(counts))
    assert (fit.status == "converged").all()
    t = times(184)
    columns = np.stack([np.ones(184), t, t**2])
    for topic, y in enumerate(counts):
        top = special.logit(fit.peak_share[topic])
        p = special.expit(top + fit.curvature[topic] * (t - fit.peak[topic]) ** 2)
        # At the maximum the residuals are orthogonal to a constant, time and its square.
        assert np.abs(columns @ (y - ARTICLES * p)).max() < 1e-5 * y.sum()


def test_never_a_likelihood_below_the_trends() -> None:
    rng = np.random.default_rng(3)
    counts = rng.binomial(ARTICLES, rng.uniform(0.001, 0.05, (300, 1)), (300, 184))
    for fit in (fit_s_curve(*cells(counts)), fit_pulse(*cells(counts))):
        gain = fit.gain[fit.status == "converged"]
        assert len(gain) > 30
        assert (gain >= 0).all()


def test_few_articles_have_no_phase() -> None:
    counts = planted("flat", 30)
    fit = fit_growth(*cells(counts), topics=201, min_articles=1000)
    assert set(fit.phase) == {"too few articles"}
    assert set(fit.shape) == {""}
    assert np.isnan(fit.doubling).all() and np.isnan(fit.share_end).all()


def test_what_is_kept_is_consistent() -> None:
    counts = np.concatenate([planted(s, 900, 60, 0.5) for s in ("flat", "S-curve", "pulse")])
    fit = fit_growth(*cells(counts))
    _check_consistency(fit)
    s_curve, pulse = fit.shape == "s_curve", fit.shape == "pulse"
    assert s_curve.sum() > 20 and pulse.sum() > 50
    np.testing.assert_array_equal(s_curve, fit.s_curve.status == "converged")
    np.testing.assert_array_equal(pulse, fit.pulse.status == "converged")
    np.testing.assert_array_equal(np.isfinite(fit.s_curve.ceiling), s_curve)
    np.testing.assert_array_equal(np.isfinite(fit.pulse.peak), pulse)


def _check_consistency(fit: GrowthFit) -> None:
    alone = fit.s_curve
    kept = alone.status == "converged"
    for low, middle, high in (
        (alone.ceiling_low, alone.ceiling, alone.ceiling_high),
        (alone.midpoint_low, alone.midpoint, alone.midpoint_high),
    ):
        assert ((low <= middle) & (middle <= high))[kept].all()
    assert (alone.ceiling_high[kept] <= 1).all()
    assert (alone.share_end[kept] <= alone.ceiling[kept]).all()


def test_doubling_time_has_the_interval_of_the_rate() -> None:
    counts = planted("fourfold growth", 1000)
    fit = fit_growth(*cells(counts))
    found = fit.trend.ci_low > 0
    assert found.mean() > 0.9
    # Fourfold in the window's length, 1: twofold in a half.
    assert np.median(fit.doubling) == pytest.approx(0.5, rel=0.1)
    assert (fit.doubling_low[found] <= fit.doubling[found]).all()
    assert (fit.doubling[found] <= fit.doubling_high[found]).all()
    unsure = (fit.trend.ci_low < 0) & (fit.trend.ci_high > 0)
    assert np.isnan(fit.doubling_low[unsure]).all()


def test_flat_bursty_topics_claim_few_shapes_and_little_growth() -> None:
    counts = simulate([9], np.full(184, 2.0), Noise(0.7, 0.7), 2000)
    fit = fit_growth(*cells(counts))
    assert 0.01 < (fit.trend.p_value < 0.05).mean() < 0.08
    assert (fit.shape != "trend").mean() < 0.065


def test_words_agree_with_the_q_values() -> None:
    counts = np.concatenate(
        [planted("flat", 400, 400, 0.5), planted("fourfold growth", 150, 40, 0.5)]
    )
    fit = fit_growth(*cells(counts))
    found = fit.q_value <= 0.05
    assert found.sum() > 3 and (~found & (fit.p_value <= 0.05)).sum() > 3
    # What is listed as growing is not called shrinking, steady or unclear; nor the other way round.
    assert not set(fit.phase[found & (fit.sure_growth > 0)]) & {"fading", "steady", "unclear"}
    assert set(fit.phase[found & (fit.sure_growth < 0)]) <= {"fading", "came and went"}


def test_shapes_in_any_order_and_company() -> None:
    counts = np.concatenate([planted(s, 900, 20, 0.5) for s in ("flat", "S-curve", "pulse")])
    topic, day, count, totals, t = cells(counts)
    order = np.random.default_rng(1).permutation(len(topic))
    plain = fit_growth(topic, day, count, totals, t)
    for other in (
        fit_growth(topic[order], day[order], count[order], totals, t),
        fit_growth(np.r_[topic, 60], np.r_[day, 3], np.r_[count, 4], totals, t),
    ):
        np.testing.assert_array_equal(other.phase[:60], plain.phase)
        np.testing.assert_allclose(other.s_curve.ceiling[:60], plain.s_curve.ceiling, rtol=1e-9)
        np.testing.assert_allclose(other.pulse.peak[:60], plain.pulse.peak, rtol=1e-9)
    later = fit_growth(topic, day, count, totals, t + 2000)
    np.testing.assert_array_equal(later.phase, plain.phase)
    np.testing.assert_allclose(later.pulse.peak - 2000, plain.pulse.peak, atol=1e-9)


def test_no_topic_at_all() -> None:
    fit = fit_growth([], [], [], [10, 10, 10], [0, 1, 2])
    assert fit.phase.shape == fit.share_end.shape == fit.s_curve.status.shape == (0,)
    fit = fit_growth([], [], [], [10, 10, 10], [0, 1, 2], topics=2)
    assert fit.phase.tolist() == ["too few articles"] * 2
    assert fit.s_curve.status.tolist() == ["no_articles"] * 2


@pytest.mark.parametrize("periods", [3, 4, 6, 9])
def test_few_periods(periods: int) -> None:
    counts = np.array([[1, 3, 2, 4, 3, 5, 4, 6, 9][:periods], [2] * periods])
    topic, period = np.nonzero(counts)
    fit = fit_growth(topic, period, counts[topic, period], [50] * periods, np.arange(periods))
    assert fit.trend.status.tolist() == ["converged"] * 2
    assert (fit.trend.p_value > 0).all()
