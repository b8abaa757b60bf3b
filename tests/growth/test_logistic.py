"""The fit: against published results, statsmodels and scipy, and where no estimate exists."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from growth.logistic import TrendFit, adjust_p_values, fit_trend

pytestmark = pytest.mark.fast

PUBLISHED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "published_fits.json").read_text()
)
Matrix = NDArray[np.float64]


def fit_matrix(counts: Any, totals: Any, times: Any, **options: Any) -> TrendFit:
    """Fit a small matrix of topics by periods."""
    counts = np.atleast_2d(np.asarray(counts))
    topic, period = np.nonzero(counts)
    return fit_trend(
        topic, period, counts[topic, period], totals, times, topics=len(counts), **options
    )


def random_topics(seed: int, topics: int = 60, periods: int = 120) -> tuple[Matrix, Matrix, Matrix]:
    """Counts of topics with shares from 1 in 1,000 to 4 in 5 and slopes of both signs."""
    rng = np.random.default_rng(seed)
    totals = rng.poisson(150, periods).astype(float)
    totals[[3, 50]] = 0
    times = np.arange(periods) / 365.25
    level = np.linspace(-7, 1.4, topics)
    slope = rng.normal(0, 3, topics)
    p = 1 / (1 + np.exp(-(level[:, None] + slope[:, None] * (times - times.mean()))))
    return rng.binomial(totals.astype(int), p).astype(float), totals, times


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fits_are_reproduced_to_their_printed_digits(name: str) -> None:
    case = PUBLISHED[name]
    fit = fit_matrix(case["count"], case["totals"], case["times"])

    def printed(value: float, like: float) -> float:
        digits = len(str(like).partition(".")[2])
        return round(value, digits)

    assert fit.status.tolist() == ["converged"]
    found = {
        "estimate": [fit.intercept[0], fit.growth_rate[0]],
        "se": [fit.intercept_model_se[0], fit.growth_rate_model_se[0]],
    }
    for key, values in found.items():
        for value, like in zip(values, case[key], strict=True):
            # R prints 7 significant digits; the last of them may be cut off or rounded.
            assert value == pytest.approx(like, abs=1.01 * 10 ** -len(str(like).partition(".")[2]))
    assert printed(fit.deviance[0], case["deviance"]) == case["deviance"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statsmodels_agrees(seed: int) -> None:
    counts, totals, times = random_topics(seed)
    fit = fit_matrix(counts, totals, times)
    used = totals > 0
    design = sm.add_constant(times[used])
    checked = 0
    for topic in np.flatnonzero(fit.status == "converged"):
        y = counts[topic, used]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = sm.GLM(
                np.column_stack([y, totals[used] - y]), design, family=sm.families.Binomial()
            ).fit(tol=1e-14, maxiter=200)
        ours = [fit.intercept[topic], fit.growth_rate[topic]]
        np.testing.assert_allclose(ours, peer.params, rtol=1e-9, atol=1e-9)
        errors = [fit.intercept_model_se[topic], fit.growth_rate_model_se[topic]]
        np.testing.assert_allclose(errors, peer.bse, rtol=1e-7)
        np.testing.assert_allclose(fit.deviance[topic], peer.deviance, rtol=1e-9)
        np.testing.assert_allclose(fit.pearson[topic], peer.pearson_chi2, rtol=1e-9)
        checked += 1
    assert checked >= 50


def test_the_error_grows_with_bursts_and_never_falls_below_the_models() -> None:
    counts, totals, times = random_topics(4)
    fit = fit_matrix(counts, totals, times)
    found = fit.status == "converged"
    inflation = np.maximum(1, fit.long_run_dispersion[found])
    assert inflation.max() > 1.2 and inflation.min() < 1.01
    np.testing.assert_allclose(
        fit.growth_rate_se[found], fit.growth_rate_model_se[found] * np.sqrt(inflation)
    )
    freedom = int((totals > 0).sum()) - 2
    expected = np.maximum(1, fit.pearson[found] / freedom)
    np.testing.assert_allclose(fit.dispersion[found], expected)
    reference = stats.t(fit.freedom[found])
    np.testing.assert_allclose(
        fit.p_value[found], 2 * reference.sf(np.abs(fit.statistic[found])), rtol=1e-9
    )
    half = reference.ppf(0.975) * fit.growth_rate_se[found]
    np.testing.assert_allclose(fit.ci_low[found], fit.growth_rate[found] - half)
    np.testing.assert_allclose(fit.ci_high[found], fit.growth_rate[found] + half)


def test_bursty_topics_get_wider_intervals_than_quiet_ones() -> None:
    rng = np.random.default_rng(5)
    totals, times = np.full(200, 150.0), np.arange(200) / 365.25
    noise = rng.normal(0, 1.0, (50, 200))
    quiet = rng.binomial(150, 0.05, (50, 200))
    bursty = rng.binomial(150, 1 / (1 + np.exp(-(np.log(0.05 / 0.95) + noise))))
    quiet_fit, bursty_fit = fit_matrix(quiet, totals, times), fit_matrix(bursty, totals, times)
    assert np.median(bursty_fit.dispersion) > 3
    assert np.median(quiet_fit.dispersion) < 1.1
    assert np.median(bursty_fit.growth_rate_se) > 1.5 * np.median(quiet_fit.growth_rate_se)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ([0, 0, 0, 0, 0, 0], "no_articles"),
        ([5, 0, 0, 0, 0, 0], "first_period_only"),
        ([10, 0, 0, 0, 0, 0], "first_period_only"),
        ([0, 0, 0, 0, 0, 7], "last_period_only"),
        ([10, 10, 10, 10, 10, 10], "every_article"),
        ([0, 0, 0, 10, 10, 10], "separated"),
        ([0, 0, 4, 10, 10, 10], "separated"),
        ([10, 10, 3, 0, 0, 0], "separated"),
        ([3, 10, 10, 10, 10, 10], "separated"),
        ([10, 10, 10, 10, 10, 3], "separated"),
        ([0, 3, 0, 0, 0, 0], "converged"),
        ([1, 0, 0, 0, 0, 1], "converged"),
        ([9, 10, 10, 10, 10, 9], "converged"),
        ([0, 0, 4, 9, 10, 10], "converged"),
        ([10, 10, 0, 10, 10, 10], "converged"),
        ([0, 1, 10, 10, 10, 10], "separated"),
    ],
)
def test_existence(counts: list[int], status: str) -> None:
    """Whether a finite estimate exists does not depend on the direction of time."""
    times = np.arange(6.0)
    fit = fit_matrix(counts, np.full(6, 10), times)
    assert fit.status[0] == status
    assert np.isfinite(fit.growth_rate[0]) == (status == "converged")
    mirrored = {"first_period_only": "last_period_only", "last_period_only": "first_period_only"}
    backwards = fit_matrix(counts[::-1], np.full(6, 10), times)
    assert backwards.status[0] == mirrored.get(status, status)
    if status == "converged":
        assert backwards.growth_rate[0] == pytest.approx(-fit.growth_rate[0], abs=1e-9)


def test_days_without_articles_do_not_hide_the_first_day() -> None:
    fit = fit_matrix([0, 5, 0, 0, 0, 0], [0, 10, 10, 10, 10, 0], np.arange(6.0))
    assert fit.status[0] == "first_period_only"


def test_topics_with_too_few_articles_are_not_fitted() -> None:
    fit = fit_matrix([[1, 2, 1, 0], [3, 4, 3, 4]], np.full(4, 10), np.arange(4.0), min_articles=5)
    assert fit.status.tolist() == ["too_few_articles", "converged"]
    assert fit.articles.tolist() == [4, 14]
    for name, values in vars(fit).items():
        if values.dtype == np.float64:
            assert np.isnan(values[0]) and np.isfinite(values[1]), name


@pytest.mark.parametrize("times", [[0.0, 1.0], [2.0, 2.0, 2.0]])
def test_two_periods_or_one_time_tell_no_trend(times: list[float]) -> None:
    fit = fit_matrix([1] * len(times), [10] * len(times), times)
    assert fit.status.tolist() == ["too_few_periods"]


def test_no_topic_at_all() -> None:
    fit = fit_trend([], [], [], [10, 10, 10], [0, 1, 2])
    assert fit.status.shape == fit.growth_rate.shape == (0,)


def test_the_same_fit_in_any_order_split_shifted_or_in_company() -> None:
    counts, totals, times = random_topics(6, topics=40)
    topic, period = np.nonzero(counts)
    count = counts[topic, period]
    plain = fit_trend(topic, period, count, totals, times, topics=40)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(topic))
    halves = (np.r_[topic, topic], np.r_[period, period], np.r_[count - 1, np.ones_like(count)])
    shift = 1000.0
    variants = {
        "order": fit_trend(topic[order], period[order], count[order], totals, times, topics=40),
        "split": fit_trend(*halves, totals, times, topics=40),
        "shift": fit_trend(topic, period, count, totals, times + shift, topics=40),
        "company": fit_trend(
            np.r_[topic, 40], np.r_[period, 7], np.r_[count, 1], totals, times, topics=41
        ),
        "periods in another order": fit_trend(
            topic, len(totals) - 1 - period, count, totals[::-1], times[::-1], topics=40
        ),
    }
    for name, fit in variants.items():
        assert fit.status[:40].tolist() == plain.status.tolist(), name
        for column in ("growth_rate", "growth_rate_se", "deviance", "p_value", "share_end_high"):
            expected, found = getattr(plain, column), getattr(fit, column)[:40]
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10, err_msg=name)


def test_hard_starts_converge() -> None:
    """Topics in nearly all articles, in one article, and steep ones: all reach the maximum."""
    rng = np.random.default_rng(7)
    totals, times = np.full(400, 100.0), np.arange(400) / 365.25
    centred = times - times.mean()
    rows = []
    for level in (-9.0, -5.0, 0.0, 5.0):
        for slope in (0.0, 20.0, -60.0):
            p = 1 / (1 + np.exp(-(level + slope * centred)))
            rows.append(rng.binomial(100, p))
    fit = fit_matrix(rows, totals, times)
    exists = ~np.isin(fit.status, ["no_articles", "every_article", "separated"])
    assert (fit.status[exists] == "converged").all()
    assert exists.sum() >= 9
    for topic in np.flatnonzero(exists):
        p = 1 / (1 + np.exp(-(fit.intercept[topic] + fit.growth_rate[topic] * times)))
        residual = rows[topic] - totals * p
        assert abs(residual.sum()) < 1e-6 * max(1, fit.articles[topic])
        assert abs((residual * centred).sum()) < 1e-6 * max(1, fit.articles[topic])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [0], [1, 2], [5, 5, 5], [0, 1, 2]), "equal length"),
        (([0], [0], [1], [5, 5, 5], [0, 1]), "equal length"),
        (([0], [0], [-1], [5, 5, 5], [0, 1, 2]), "negative"),
        (([0], [0], [6], [5, 5, 5], [0, 1, 2]), "above its period's total"),
        (([0, 0], [0, 0], [3, 3], [5, 5, 5], [0, 1, 2]), "above its period's total"),
        (([0], [3], [1], [5, 5, 5], [0, 1, 2]), "indices"),
        (([-1], [0], [1], [5, 5, 5], [0, 1, 2]), "indices"),
        (([0], [0], [1], [0, 5, 5], [0, 1, 2]), "without articles"),
        (([0], [0], [1], [5, 5, 5], [0, 1, np.nan]), "finite"),
        (([0], [0], [np.inf], [5, 5, 5], [0, 1, 2]), "finite"),
    ],
)
def test_bad_arguments_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_trend(*arguments)


def test_q_values_are_benjamini_and_hochbergs() -> None:
    # The worked example of their article (1995): four of fifteen are rejected at 5 %.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    q = adjust_p_values(p)
    assert (q <= 0.05).sum() == 4
    np.testing.assert_allclose(q, stats.false_discovery_control(p))
    mixed = adjust_p_values([np.nan, 0.04, 0.01, np.nan, 0.04])
    np.testing.assert_allclose(mixed, [np.nan, 0.04, 0.03, np.nan, 0.04])
    assert adjust_p_values([]).shape == (0,)
    many = np.random.default_rng(0).random(10_000)
    assert (adjust_p_values(many) >= many).all() and (adjust_p_values(many) <= 1).all()


def test_q_values_allow_for_the_topics_fitted_together() -> None:
    counts, totals, times = random_topics(8)
    fit = fit_matrix(counts, totals, times, min_articles=20)
    np.testing.assert_array_equal(fit.q_value, adjust_p_values(fit.p_value))
    assert np.isnan(fit.q_value[fit.status != "converged"]).all()
    assert (fit.q_value >= fit.p_value)[fit.status == "converged"].all()


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float32, np.float64, np.bool_])
def test_cells_in_no_order_of_any_type(kind: type) -> None:
    rng = np.random.default_rng(9)
    topic, period = rng.integers(0, 60, 4000), rng.integers(0, 100, 4000)
    count: NDArray[Any] = (rng.random(4000) * 4).astype(kind)
    totals, times = np.full(100, 500), np.arange(100.0)
    order = np.argsort(topic, kind="stable")
    plain = fit_trend(topic[order], period[order], count[order], totals, times)
    other = fit_trend(topic.astype(np.uint8), period.astype(np.uint16), count, totals, times)
    for column in ("growth_rate", "growth_rate_se", "deviance", "p_value", "articles"):
        np.testing.assert_allclose(getattr(other, column), getattr(plain, column), rtol=1e-9)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, 501.0])
def test_bad_counts_are_refused_in_any_order(bad: float) -> None:
    topic, period = np.array([2, 0, 1, 0]), np.array([0, 1, 2, 2])
    with pytest.raises(ValueError, match=r"negative|finite|above its period's total"):
        fit_trend(topic, period, [1.0, 1.0, bad, 1.0], [500] * 3, [0, 1, 2])
    with pytest.raises(ValueError, match="indices"):
        fit_trend(topic, [0, 1, 3, 2], [1, 1, 1, 1], [500] * 3, [0, 1, 2])
