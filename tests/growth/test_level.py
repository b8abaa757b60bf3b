"""Levels: where a topic stands, how sure that is, and what is told from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.calibration import ARTICLES, Noise, simulate
from growth.logistic import fit_growth, fit_level

pytestmark = pytest.mark.fast

Matrix = NDArray[Any]


def days_of(days: int) -> Matrix:
    return np.arange(days) / 365.25


def cells(counts: Matrix, totals: Matrix | None = None) -> tuple[Matrix, ...]:
    topic, day = np.nonzero(counts)
    days = counts.shape[1]
    totals = np.full(days, ARTICLES) if totals is None else totals
    return topic, day, counts[topic, day], totals, days_of(days)


def planted(log_odds: Matrix, articles: float, seed: int = 1, noise: float = 0.5) -> Matrix:
    """Return counts of 60 topics whose share moves as ``log_odds`` say."""
    share = np.exp(log_odds)
    expected = share / share.mean() * articles / len(share)
    return simulate([seed, len(share), int(articles)], expected, Noise(noise, 0.5), 60)


def along(days: int) -> Matrix:
    return (np.arange(days) + 0.5) / days


@pytest.mark.parametrize("days", [182, 731])
@pytest.mark.parametrize("shape", ["flat", "step", "event", "trend"])
def test_the_interval_holds_the_level(days: int, shape: str) -> None:
    u = along(days)
    curves = {
        "flat": 0 * u,
        "step": 2.0 * (u > 0.6),
        "event": 3 * (u > 0.5) * np.exp(-(u - 0.5) / 0.1),
        "trend": np.log(4) * u,
    }
    share = np.exp(curves[shape])
    truth = share / share.mean() * 600 / days / ARTICLES
    fit = fit_level(*cells(planted(curves[shape], 600)))
    held = (fit.share_low <= truth) & (truth <= fit.share_high)
    assert 0.88 <= held.mean() <= 0.995
    assert held[:, -days // 32 :].mean() >= 0.8


def test_a_jump_is_followed_within_a_week() -> None:
    u = along(182)
    fit = fit_level(*cells(planted(3.0 * (u > 0.6), 1500)))
    before, after = fit.share[:, 95].mean(), fit.share[:, 120].mean()
    assert 15 < after / before < 25  # e to the power of 3 is 20


def test_the_level_goes_through_hidden_weeks() -> None:
    """Weeks without totals are unknown, not empty: the level goes on from one side to the other,
    and is less sure in between."""
    counts = planted(np.log(4) * along(364), 3000)
    hidden = (np.arange(364) >= 140) & (np.arange(364) < 196)
    totals = np.where(hidden, 0, ARTICLES)
    seen = fit_level(*cells(counts))
    topic, day, count, *_ = cells(np.where(hidden, 0, counts))
    unseen = fit_level(topic, day, count, totals, days_of(364))
    off = np.log(unseen.share[:, 168] / seen.share[:, 168])
    assert np.abs(off).max() < 1 and np.abs(np.median(off)) < 0.15
    wide = np.log(unseen.share_high / unseen.share_low)
    assert (wide[:, 168] > 1.3 * wide[:, 100]).all()


def test_levels_are_asked_for_at_any_time() -> None:
    topic, day, count, totals, times = cells(planted(0 * along(182), 500))
    fit = fit_level(topic, day, count, totals, times)
    some = fit_level(topic, day, count, totals, times, at=times[[0, 90, 181]])
    np.testing.assert_array_equal(some.share, fit.share[:, [0, 90, 181]])
    one = fit_level(topic, day, count, totals, times, at=0.25)
    assert one.share.shape == (60, 1)
    # Beyond the ends it stays, ever less sure.
    later = fit_level(topic, day, count, totals, times, at=[times[-1], times[-1] + 1])
    np.testing.assert_allclose(later.share[:, 1], later.share[:, 0])
    assert (later.share_high[:, 1] > later.share_high[:, 0]).all()
    narrow = fit_level(topic, day, count, totals, times, confidence=0.5)
    assert (narrow.share_high < fit.share_high).all() and (narrow.share_low > fit.share_low).all()


def test_the_same_level_in_any_order_split_shifted_or_in_company() -> None:
    counts = planted(3 * (along(182) > 0.6), 300)
    topic, day, count, totals, times = cells(counts)
    plain = fit_level(topic, day, count, totals, times)
    order = np.random.default_rng(1).permutation(len(topic))
    shuffled = fit_level(topic[order], day[order], count[order], totals, times)
    company = fit_level(
        np.r_[topic, 60, 400], np.r_[day, 3, 9], np.r_[count, 4, 1], totals, times, topics=500
    )
    split = fit_level(
        np.r_[topic, topic], np.r_[day, day], np.r_[count - 1, np.ones(len(topic))], totals, times
    )
    shifted = fit_level(topic, day, count, totals, times + 12)
    for other in (shuffled, company, split, shifted):
        for name in ("share", "share_low", "share_high"):
            np.testing.assert_allclose(getattr(other, name)[:60], getattr(plain, name), rtol=1e-6)


def test_topics_without_an_article_and_windows_without_a_day() -> None:
    totals, times = np.full(60, 100), days_of(60)
    fit = fit_level([1], [30], [2], totals, times, topics=3)
    assert fit.share.shape == (3, 60)
    assert (fit.share[0] < 1e-3).all() and (fit.share_low[0] > 0).all()
    np.testing.assert_allclose(fit.share[0], fit.share[2])
    nothing = fit_level([], [], [], [0, 0], [0.0, 0.1], topics=2)
    assert np.isnan(nothing.share).all() and nothing.share.shape == (2, 2)
    assert fit_level([], [], [], totals, times).share.shape == (0, 60)
    day = fit_level([0], [0], [5], [50], [0.0])
    assert 0 < day.share_low[0, 0] < day.share[0, 0] < day.share_high[0, 0] < 1


@pytest.mark.parametrize("weeks", [1, 4])
def test_weeks_and_months_as_periods(weeks: int) -> None:
    counts = planted(np.log(6) * along(364), 4000)
    by_day = fit_level(*cells(counts))
    days = 7 * weeks
    binned = counts.reshape(60, -1, days).sum(axis=2)
    topic, period = np.nonzero(binned)
    totals = np.full(364 // days, days * ARTICLES)
    times = days_of(364).reshape(-1, days).mean(axis=1)
    by_period = fit_level(topic, period, binned[topic, period], totals, times)
    middle = by_day.share[:, days // 2 :: days]
    assert np.abs(np.log(by_period.share / middle)).mean() < 0.15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"confidence": float("nan")}, "confidence is nan"),
        ({"at": [0.1, float("inf")]}, r"at\[1\] is inf: at must be finite"),
        ({"at": [[0.1]]}, r"at has the shape \(1, 1\)"),
        ({"topics": 1}, "topics is 1"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_level([0, 1], [0, 1], [1, 1], [5, 5, 5], [0.0, 0.1, 0.2], **change)


# What is told of planted curves, by the rules of docs/model.md. ``u`` runs from 0 to 1.
WORDS: dict[str, Callable[[Matrix], Matrix]] = {
    "still rising": lambda u: 3 * u,
    "holding high": lambda u: 2.0 * (u > 0.6),
    "past its peak": lambda u: 3 * (u > 0.5) * np.exp(-(u - 0.5) / 0.1) + 1.2 * (u > 0.5),
    "came and went": lambda u: 3 * np.exp(-(((u - 0.5) / 0.1) ** 2)),
    "fading": lambda u: -np.log(6) * u,
    "steady": lambda u: 0 * u,
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("days", [182, 366, 1461])
def test_words_of_planted_curves(word: str, days: int) -> None:
    fit = fit_growth(*cells(planted(WORDS[word](along(days)), 2000, noise=0.3)))
    assert (fit.phase == word).mean() > 0.75, np.unique(fit.phase, return_counts=True)


def test_words_keep_their_promises() -> None:
    """Whatever the curve: nothing that has halved is called rising or high, nothing that surely
    moved fourfold steady or unclear."""
    counts = np.concatenate(
        [
            planted(curve(along(366)), articles, noise=noise)
            for curve in WORDS.values()
            for articles in (100, 700)
            for noise in (0.0, 0.7)
        ]
    )
    fit = fit_growth(*cells(counts))
    up = np.isin(fit.phase, ["still rising", "holding high"])
    assert up.sum() > 200
    assert (fit.share_end[up] >= 0.5 * fit.share_highest[up]).all()
    neither = np.isin(fit.phase, ["steady", "unclear"])
    assert neither.sum() > 200
    surely = fit.share_start_high * 4 < fit.share_end_low
    surely |= fit.share_end_high * 4 < fit.share_start_low
    assert surely.sum() > 50 and not (surely & neither).any()
    peak = fit.phase == "past its peak"
    assert peak.sum() > 20
    fallen = fit.share_end < 0.5 * fit.share_highest
    assert fallen[peak].mean() > 0.9
    assert (fit.share_end >= 2 * fit.share_start)[peak].all()


def test_one_rate_is_listed() -> None:
    counts = np.concatenate([planted(WORDS[word](along(366)), 600) for word in WORDS])
    fit = fit_growth(*cells(counts))
    by_trend, by_change = fit.listed_by == "trend", fit.listed_by == "change"
    assert (by_trend | by_change).all() and by_trend.sum() > 50 and by_change.sum() > 50
    change = fit.change.change / fit.change.years
    np.testing.assert_array_equal(fit.listed_rate[by_trend], fit.trend.growth_rate[by_trend])
    np.testing.assert_array_equal(fit.listed_rate[by_change], change[by_change])
    sure = np.where(fit.listed_low > 0, fit.listed_low, np.minimum(fit.listed_high, 0))
    np.testing.assert_array_equal(fit.sure_growth, sure)
    pace = np.isfinite(fit.listed_doubling)
    assert pace.sum() > 30
    np.testing.assert_allclose(fit.listed_doubling[pace], np.log(2) / fit.listed_rate[pace])
    # No pace of what has halved, jumped or is not listed.
    assert (fit.share_end >= 0.5 * fit.share_highest)[pace].all()
    assert np.isnan(fit.jumped[pace]).all() and (fit.q_value[pace] <= 0.05).all()


def test_a_jump_and_a_peak_are_dated() -> None:
    days = 366
    u = along(days)
    curve = 4 * (u > 0.5) * np.exp(-(u - 0.5) / 0.15)
    fit = fit_growth(*cells(planted(curve, 1500, noise=0.3)))
    assert np.isfinite(fit.jumped).mean() > 0.9
    assert np.nanmedian(np.abs(fit.jumped * 365.25 - 183)) <= 7
    assert np.median(np.abs(fit.highest * 365.25 - 187)) <= 7
    flat = fit_growth(*cells(planted(0 * u, 1500, noise=0.3)))
    assert np.isnan(flat.jumped).mean() > 0.95


def test_no_jump_is_dated_in_weeks_that_are_not_loaded() -> None:
    days = 366
    counts = planted(4.0 * (along(days) > 0.5), 1500)
    known = (np.arange(days) < 120) | (np.arange(days) >= 240)
    topic, day, count, *_ = cells(np.where(known, counts, 0))
    totals = np.where(known, ARTICLES, 0)
    fit = fit_growth(topic, day, count, totals, days_of(days), topics=60)
    assert np.isnan(fit.jumped).all()
    assert np.isfinite(fit_growth(*cells(counts)).jumped).mean() > 0.9


def test_the_fitted_curves_ends_are_kept_beside_the_levels() -> None:
    fit = fit_growth(*cells(planted(np.log(4) * along(366), 800)))
    trend = fit.shape == "trend"
    assert trend.sum() > 40
    np.testing.assert_array_equal(fit.trend_share_end[trend], fit.trend.share_end[trend])
    np.testing.assert_array_equal(fit.trend_share_start[trend], fit.trend.share_start[trend])
    curved = fit.shape == "s_curve"
    np.testing.assert_array_equal(fit.trend_share_end[curved], fit.s_curve.share_end[curved])
