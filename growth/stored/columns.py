"""The columns of growth.coefficients that a fit fills, made from its arrays."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.logistic import GrowthFit
from growth.stored.series import DAYS_PER_YEAR, Series

# Columns of every topic; the others belong to topics with a fit.
OF_EVERY_TOPIC = {
    "topic_id": "bigint",
    "kind": "text",
    "label": "text",
    "articles": "bigint",
    "status": "text",
    "phase": "text",
    "first_seen_on": "date",
    "new_label": "boolean",
}
_DATES = (
    "midpoint_on", "midpoint_low_on", "midpoint_high_on", "peak_on", "peak_low_on", "peak_high_on",
    "highest_on", "jumped_on",
)  # fmt: skip


def topic_columns(
    series: Series,
    fit: GrowthFit,
    knows_new: bool,
    rows: NDArray[np.int64],
) -> dict[str, list[Any]]:
    """Return the columns that every topic has, of the topics ``rows``. ``knows_new`` tells whether
    the window and the year before it are loaded: else nobody knows what is new in it."""
    start = series.window.start
    seen = [series.first_seen_on[row] for row in rows.tolist()]
    return {
        "topic_id": series.topic_ids[rows].tolist(),
        "kind": [series.kinds[row] for row in rows.tolist()],
        "label": [series.labels[row] for row in rows.tolist()],
        "articles": fit.trend.articles[rows].tolist(),
        "status": fit.trend.status[rows].tolist(),
        "phase": fit.phase[rows].tolist(),
        "first_seen_on": seen,
        "new_label": [day >= start if knows_new and day is not None else None for day in seen],
    }


def fit_columns(
    series: Series,
    fit: GrowthFit,
    seasonal: NDArray[np.float64],
    rows: NDArray[np.int64],
) -> dict[str, tuple[str, Any]]:
    """Return the columns of fitted topics ``rows`` as type and values; what does not exist is NaN
    among numbers and None elsewhere."""
    trend, s_curve, pulse = fit.trend, fit.s_curve, fit.pulse
    days = series.totals > 0
    articles_a_day = float(series.totals.sum()) / max(1, int(days.sum()))
    numbers = {
        "intercept": trend.intercept,
        "growth_rate": trend.growth_rate,
        "growth_rate_se": trend.growth_rate_se,
        "growth_rate_model_se": trend.growth_rate_model_se,
        "ci_low": trend.ci_low,
        "ci_high": trend.ci_high,
        "statistic": trend.statistic,
        "degrees_of_freedom": trend.freedom,
        "p_value": trend.p_value,
        "change": fit.change.change,
        "change_rate": fit.change.change / fit.change.years,
        "change_se": fit.change.change_se,
        "change_p_value": fit.change.p_value,
        "q_value": fit.q_value,
        "sure_growth": fit.sure_growth,
        "listed_rate": fit.listed_rate,
        "listed_low": fit.listed_low,
        "listed_high": fit.listed_high,
        "listed_doubling_days": fit.listed_doubling * DAYS_PER_YEAR,
        "dispersion": trend.dispersion,
        "long_run_dispersion": trend.long_run_dispersion,
        "deviance": trend.deviance,
        "pearson": trend.pearson,
        "iterations": trend.iterations.astype(np.float64),
        "share_start": fit.share_start,
        "share_start_low": fit.share_start_low,
        "share_start_high": fit.share_start_high,
        "share_end": fit.share_end,
        "share_end_low": fit.share_end_low,
        "share_end_high": fit.share_end_high,
        "share_highest": fit.share_highest,
        "trend_share_start": fit.trend_share_start,
        "trend_share_end": fit.trend_share_end,
        "doubling_days": fit.doubling * DAYS_PER_YEAR,
        "doubling_days_low": fit.doubling_low * DAYS_PER_YEAR,
        "doubling_days_high": fit.doubling_high * DAYS_PER_YEAR,
        "articles_a_day_end": fit.share_end * articles_a_day,
        "shape_p_value": fit.shape_p_value,
        "ceiling": s_curve.ceiling,
        "ceiling_low": s_curve.ceiling_low,
        "ceiling_high": s_curve.ceiling_high,
        "s_curve_rate": s_curve.growth_rate,
        "s_curve_rate_se": s_curve.growth_rate_se,
        "peak_share": pulse.peak_share,
    }
    times = (
        s_curve.midpoint, s_curve.midpoint_low, s_curve.midpoint_high,
        pulse.peak, pulse.peak_low, pulse.peak_high, fit.highest, fit.jumped,
    )  # fmt: skip
    result: dict[str, tuple[str, Any]] = {
        name: ("double precision", values[rows]) for name, values in numbers.items()
    }
    result["shape"] = ("text", fit.shape[rows].tolist())
    result["listed_by"] = ("text", fit.listed_by[rows].tolist())
    result["seasonal"] = (
        "boolean",
        [None if np.isnan(value) else bool(value) for value in seasonal[rows].tolist()],
    )
    for name, values in zip(_DATES, times, strict=True):
        result[name] = ("date", [_day(series, value) for value in values[rows].tolist()])
    return result


def _day(series: Series, years: float) -> date | None:
    if not np.isfinite(years):
        return None
    return series.window.start + timedelta(days=round(years * DAYS_PER_YEAR))
