"""S-curves by least squares and the beta-binomial: against published results and scipy."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from beta_binomial import fit_beta_binomial
from numpy.typing import NDArray
from scipy import optimize

from growth.model.least_squares import fit_s_curve_least_squares

pytestmark = pytest.mark.fast

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "published_curves.json").read_text())
# NIST's data, https://www.itl.nist.gov/div898/strd/nls/data/LINKS/DATA/Rat42.dat
RAT42_X = [9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0]
RAT42_Y = [8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08]


def column(case: str, name: str) -> NDArray[np.float64]:
    return np.array([float(row[name]) for row in CASES[case]["columns"]])


@pytest.mark.parametrize("start", ["start1", "start2", None])
def test_nist_rat42(start: str | None) -> None:
    case = CASES["NIST_Rat42"]
    begin = None
    if start:
        b1, b2, b3 = case[start]
        begin = [b1, b3, b2 / b3]
    fit = fit_s_curve_least_squares(RAT42_Y, RAT42_X, start=begin)
    assert fit.status.tolist() == ["converged"]
    found = [fit.ceiling[0], fit.offset[0], fit.growth_rate[0]]
    np.testing.assert_allclose(found, case["certified"], rtol=1e-8)
    errors = [fit.ceiling_se[0], fit.offset_se[0], fit.growth_rate_se[0]]
    np.testing.assert_allclose(errors, case["certified_sd"], rtol=1e-6)
    assert fit.rss[0] == pytest.approx(case["rss"], rel=1e-9)


@pytest.mark.parametrize(
    ("case", "time", "value"),
    [
        ("dwlg1", "end", "Prop"),
        ("uspop_SAS", "year", "pop"),
        ("USPop_carData", "year", "population"),
        ("ChickWeight.1", "Time", "weight"),
    ],
)
def test_published_curves(case: str, time: str, value: str) -> None:
    published = CASES[case]
    fit = fit_s_curve_least_squares(column(case, value), column(case, time))
    assert fit.status.tolist() == ["converged"]
    if case == "uspop_SAS":
        b = fit.offset[0] - fit.growth_rate[0] * 1790
        np.testing.assert_allclose(
            [fit.ceiling[0], b, fit.growth_rate[0]], published["recomputed"], rtol=1e-6
        )
        return
    found = [fit.ceiling[0], fit.midpoint[0], 1 / fit.growth_rate[0]]
    np.testing.assert_allclose(found, published["recomputed"], rtol=1e-6)
    if "recomputed_se" in published:
        scale_se = fit.growth_rate_se[0] / fit.growth_rate[0] ** 2
        errors = [fit.ceiling_se[0], fit.midpoint_se[0], scale_se]
        np.testing.assert_allclose(errors, published["recomputed_se"], rtol=1e-5)


def test_many_series_agree_with_scipy() -> None:
    rng = np.random.default_rng(1)
    times = np.arange(30.0)
    ceiling, rate = rng.uniform(1, 100, 50), rng.uniform(0.2, 0.8, 50)
    midpoint = rng.uniform(8, 22, 50)
    values = ceiling[:, None] / (1 + np.exp(-rate[:, None] * (times - midpoint[:, None])))
    values += rng.normal(0, 0.03, values.shape) * ceiling[:, None]
    fit = fit_s_curve_least_squares(values, times)
    assert (fit.status == "converged").all()
    for row in range(50):
        peer, covariance = optimize.curve_fit(
            lambda t, k, r, m: k / (1 + np.exp(-r * (t - m))),
            times, values[row], p0=[ceiling[row], rate[row], midpoint[row]], ftol=1e-14, xtol=1e-14,
        )  # fmt: skip
        found = [fit.ceiling[row], fit.growth_rate[row], fit.midpoint[row]]
        np.testing.assert_allclose(found, peer, rtol=1e-6)
        assert fit.midpoint_se[row] == pytest.approx(covariance[2, 2] ** 0.5, rel=1e-4)


def test_missing_values_are_left_out() -> None:
    with_gap = np.array([*RAT42_Y[:4], np.nan, *RAT42_Y[4:]])
    times = np.array([*RAT42_X[:4], 35.0, *RAT42_X[4:]])
    gap, plain = (
        fit_s_curve_least_squares(y, t) for y, t in ((with_gap, times), (RAT42_Y, RAT42_X))
    )
    assert gap.ceiling[0] == pytest.approx(plain.ceiling[0], rel=1e-9)
    assert gap.ceiling_se[0] == pytest.approx(plain.ceiling_se[0], rel=1e-7)


def test_crowders_beta_binomial() -> None:
    case = CASES["orob1_betabinomial"]
    levels = case["recomputed"]["levels"]
    group = np.array([levels.index(row["dilution"]) for row in case["columns"]])
    fit = fit_beta_binomial(group, column("orob1_betabinomial", "y"),
                            column("orob1_betabinomial", "n"))  # fmt: skip
    np.testing.assert_allclose(fit.share, case["recomputed"]["p"], atol=1e-6)
    # Crowder's errors differ from the inverse of the observed information by up to 0.0013; why is
    # not known.
    np.testing.assert_allclose(fit.share_se, case["estimate"]["se_p"], atol=1.6e-3)
    assert fit.theta == pytest.approx(case["recomputed"]["theta"], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-case["recomputed"]["NLL"], abs=1e-6)
