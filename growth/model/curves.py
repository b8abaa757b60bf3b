"""S-curves and pulses of many topics, and what is told of each: turning points, ceilings, shares,
with intervals. How they are found is in curve_search.py."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.cells import STATUS_TEXTS
from growth.model.counts import Booleans, Counts, Floats, Integers
from growth.model.curve_search import (
    LARGEST_LOGIT,
    PULSE_MODEL,
    S_CURVE_MODEL,
    CurveModel,
    Curves,
    search_curves,
)
from growth.model.noise.students import curve_degrees_of_freedom
from growth.model.statuses import Status
from growth.model.trends import Block, Fitting

# Bytes that a topic takes, whatever its cells.
_CURVE_BYTES = 500
# In the place of a status: that of the topic's trend.
_AS_THE_TREND = -1


@dataclass(frozen=True)
class SCurveFit:
    """S-curves p(t) = K / (1 + exp(-r (t - t0))) of T topics; every array has shape (T,).

    ``status`` is the trend's where no trend exists; ``no_ceiling`` where the trend, the S-curve's
    limit, is no worse; ``not_supported`` where fit_growth keeps another shape. Where a number does
    not exist it is NaN. ``ceiling`` (K) is a share, ``midpoint`` (t0) a time in the caller's unit,
    ``growth_rate`` (r) per that unit. Intervals allow for bursts (noise/students.py) with Student's
    t; the ceiling's is symmetric for 1 / K, in which 1 / p is linear. ``gain`` is the
    log-likelihood above the trend's, never below 0; ``deviance`` the trend's less twice that."""

    status: NDArray[np.str_]
    ceiling: Floats
    ceiling_low: Floats
    ceiling_high: Floats
    midpoint: Floats
    midpoint_se: Floats
    midpoint_low: Floats
    midpoint_high: Floats
    growth_rate: Floats
    growth_rate_se: Floats
    long_run_dispersion: Floats
    deviance: Floats
    gain: Floats
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats
    iterations: Integers


@dataclass(frozen=True)
class PulseFit:
    """Pulses, logit p(t) quadratic with a maximum, of T topics; every array has shape (T,).

    ``status`` as in SCurveFit; ``no_peak`` where the log-odds do not bend down. ``peak`` is the
    time of the maximum, ``peak_share`` the share there; ``curvature`` the quadratic coefficient per
    squared unit of time."""

    status: NDArray[np.str_]
    peak: Floats
    peak_se: Floats
    peak_low: Floats
    peak_high: Floats
    peak_share: Floats
    curvature: Floats
    curvature_se: Floats
    long_run_dispersion: Floats
    deviance: Floats
    gain: Floats
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats
    iterations: Integers


_NOT_NUMBERS = ("status", "iterations")
S_CURVE_NUMBERS = [each.name for each in fields(SCurveFit) if each.name not in _NOT_NUMBERS]
PULSE_NUMBERS = [each.name for each in fields(PulseFit) if each.name not in _NOT_NUMBERS]


def fit_s_curve(counts: Counts, *, min_articles: int = 0, confidence: float = 0.95) -> SCurveFit:
    """Fit the S-curve to every topic: see growth.logistic.fit_s_curve."""
    fitting = Fitting(counts, min_articles, confidence, _CURVE_BYTES)
    columns = CurveColumns(S_CURVE_NUMBERS, fitting.size)
    for block in fitting.blocks():
        curves = search_curves(block.tables, block.cells, block.trends, S_CURVE_MODEL)
        columns.add(block.rows, describe_s_curves(block, curves, fitting.confidence))
    return SCurveFit(**columns.finish(fitting))


def fit_pulse(counts: Counts, *, min_articles: int = 0, confidence: float = 0.95) -> PulseFit:
    """Fit the pulse to every topic: see growth.logistic.fit_pulse."""
    fitting = Fitting(counts, min_articles, confidence, _CURVE_BYTES)
    columns = CurveColumns(PULSE_NUMBERS, fitting.size)
    for block in fitting.blocks():
        curves = search_curves(block.tables, block.cells, block.trends, PULSE_MODEL)
        columns.add(block.rows, describe_pulses(block, curves, fitting.confidence))
    return PulseFit(**columns.finish(fitting))


class CurveColumns:
    """The columns of a curve fit, filled block by block. ``names`` are those of its numbers."""

    def __init__(self, names: list[str], size: int) -> None:
        self._numbers = {name: np.full(size, np.nan) for name in names}
        self._status = np.full(size, _AS_THE_TREND, dtype=np.int8)
        self._iterations = np.zeros(size, dtype=np.int64)

    def say(self, rows: Integers, status: Status) -> None:
        """Write one status for some topics, which have no curve."""
        self._status[rows] = status.code

    def forget(self, rows: Integers) -> None:
        """Take back the curves of some topics, of which another shape is kept."""
        self.say(rows, Status.NOT_SUPPORTED)
        self._iterations[rows] = 0
        for column in self._numbers.values():
            column[rows] = np.nan

    def add(self, rows: Integers, told: dict[str, NDArray[Any]]) -> None:
        """Write what is told of the curves of some topics."""
        self._status[rows], self._iterations[rows] = told["status"], told["iterations"]
        for name, column in self._numbers.items():
            column[rows] = told[name]

    def finish(self, fitting: Fitting) -> dict[str, NDArray[Any]]:
        """Return the columns. Topics without a trend have its status."""
        codes = np.where(self._status == _AS_THE_TREND, fitting.status, self._status)
        return {"status": STATUS_TEXTS[codes], "iterations": self._iterations, **self._numbers}


def margin(block: Block, curves: Curves, confidence: float) -> Floats:
    """Return Student's quantile: how many errors an interval reaches to either side. Shape (F,)."""
    inflation = np.fmax(1.0, curves.long_run)
    freedom = curve_degrees_of_freedom(block.tables.bursts.number, inflation)
    return np.asarray(special.stdtrit(freedom, 0.5 + confidence / 2))


def _error(curves: Curves, along: list[Floats]) -> Floats:
    """Return the error of a function of the coefficients whose derivatives are ``along``: the
    larger of the two that follow from the two covariances."""
    derivative = np.stack(along, axis=1)
    variances = [
        np.einsum("fi,fij,fj->f", derivative, covariance, derivative)
        for covariance in (curves.covariance, curves.even)
    ]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.maximum(*variances)))


def describe_s_curves(block: Block, curves: Curves, confidence: float) -> dict[str, NDArray[Any]]:
    """Return the columns of an SCurveFit, of the topics of a block; status by its code."""
    design = block.tables.design
    logit_ceiling, level, rate = curves.coefficients.T
    quantile = margin(block, curves, confidence)
    ceiling = special.expit(logit_ceiling)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_se = _error(curves, [1 - ceiling, 0 * level, 0 * level])
        midpoint = -level / rate
        midpoint_se = _error(curves, [0 * level, -1 / rate, level / rate**2])
        rate_se = _error(curves, [0 * level, 0 * level, 1 + 0 * level])
        bends = (
            (curves.gain > 1e-6)
            & (logit_ceiling < LARGEST_LOGIT)
            & np.isfinite(log_se + midpoint_se)
        )
        status = _status(bends, curves, Status.NO_CEILING)
        half = quantile * log_se
    told = {
        "ceiling": ceiling,
        "ceiling_low": ceiling / (1 + half),
        "ceiling_high": np.minimum(1.0, ceiling / np.maximum(1e-300, 1 - half)),
        "midpoint": design.centre + design.scale * midpoint,
        "midpoint_se": design.scale * midpoint_se,
        "midpoint_low": design.centre + design.scale * (midpoint - quantile * midpoint_se),
        "midpoint_high": design.centre + design.scale * (midpoint + quantile * midpoint_se),
        "growth_rate": rate / design.scale,
        "growth_rate_se": rate_se / design.scale,
        "long_run_dispersion": curves.long_run,
        **_ends(block, curves, quantile, S_CURVE_MODEL),
    }
    return _finish(block, curves, status, told)


def describe_pulses(block: Block, curves: Curves, confidence: float) -> dict[str, NDArray[Any]]:
    """Return the columns of a PulseFit, of the topics of a block; status by its code."""
    design = block.tables.design
    level, slope, bend = curves.coefficients.T
    quantile = margin(block, curves, confidence)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peak = -slope / (2 * bend)
        along = [0 * bend, -1 / (2 * bend), slope / (2 * bend**2)]
        peak_se = _error(curves, along)
        bend_se = _error(curves, [0 * bend, 0 * bend, 1 + 0 * bend])
        falls = (bend < 0) & np.isfinite(peak_se)
        status = _status(falls, curves, Status.NO_PEAK)
        told = {
            "peak": design.centre + design.scale * peak,
            "peak_se": design.scale * peak_se,
            "peak_low": design.centre + design.scale * (peak - quantile * peak_se),
            "peak_high": design.centre + design.scale * (peak + quantile * peak_se),
            "peak_share": special.expit(level + slope * peak / 2),
            "curvature": bend / design.scale**2,
            "curvature_se": bend_se / design.scale**2,
            "long_run_dispersion": curves.long_run,
            **_ends(block, curves, quantile, PULSE_MODEL),
        }
    return _finish(block, curves, status, told)


def _status(found: Booleans, curves: Curves, otherwise: Status) -> NDArray[np.int8]:
    """Return the codes of statuses: ``otherwise`` where what makes the curve is not ``found``."""
    searched = np.where(curves.converged, Status.CONVERGED.code, Status.NOT_CONVERGED.code)
    return np.where(found, searched, otherwise.code).astype(np.int8)


def _ends(block: Block, curves: Curves, quantile: Floats, model: CurveModel) -> dict[str, Floats]:
    """Return the shares at the window's start and end, with intervals."""
    scaled = block.tables.design.scaled
    told = {}
    for name, u in (("share_start", scaled[0]), ("share_end", scaled[-1])):
        eta, error = log_odds_at(curves, model, u)
        half = quantile * error
        told[name] = special.expit(eta)
        told[f"{name}_low"] = special.expit(eta - half)
        told[f"{name}_high"] = special.expit(eta + half)
    return told


def log_odds_at(curves: Curves, model: CurveModel, u: float) -> tuple[Floats, Floats]:
    """Return the log-odds of curves at the scaled time ``u``, and their errors. Shape (F,)."""
    values = model.values(np.array([u]), curves.coefficients.T)
    eta = values.log_odds[:, 0]
    a, b = (np.broadcast_to(part, (len(eta), 1))[:, 0] for part in (values.a, values.b))
    return eta, _error(curves, [a, b, u * b])


def _finish(
    block: Block, curves: Curves, status: NDArray[np.int8], told: dict[str, Floats]
) -> dict[str, NDArray[Any]]:
    """Add what all curves have; take away the numbers of those that did not converge."""
    kept = status == Status.CONVERGED.code
    numbers = {name: np.where(kept, values, np.nan) for name, values in told.items()}
    deviance = np.where(kept, block.trends.deviance - 2 * curves.gain, np.nan)
    gain = np.where(kept, curves.gain, np.nan)
    return {
        "status": status,
        "iterations": curves.iterations,
        "deviance": deviance,
        "gain": gain,
        **numbers,
    }
