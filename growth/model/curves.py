"""What is told of S-curves and pulses: turning points, ceilings and shares, with intervals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.bursts import curve_degrees_of_freedom
from growth.model.counts import CONVERGED, NOT_CONVERGED, STATUSES, Floats, Integers
from growth.model.curve_search import LARGEST_LOGIT, Curves, Model, pulse, s_curve
from growth.model.trends import Block, Fitting

NO_CEILING = "no_ceiling"
NO_PEAK = "no_peak"


class CurveColumns:
    """The columns of curves, filled block by block."""

    def __init__(self, names: list[str], size: int) -> None:
        names = [name for name in names if name not in ("status", "iterations")]
        self._values = {name: np.full(size, np.nan) for name in names}
        self._status = np.full(size, "", dtype="<U20")
        self._iterations = np.zeros(size, dtype=np.int64)

    def add(self, rows: Integers, told: dict[str, NDArray[Any]]) -> None:
        """Write what is told of some topics."""
        for name, values in told.items():
            if name == "status":
                self._status[rows] = values
            elif name == "iterations":
                self._iterations[rows] = values
            else:
                self._values[name][rows] = values

    def finish(self, fitting: Fitting) -> dict[str, NDArray[Any]]:
        """Return the columns; topics without a trend have its status."""
        status = np.where(self._status == "", STATUSES[fitting.status], self._status)
        return {"status": status, "iterations": self._iterations, **self._values}


def margin(block: Block, curves: Curves, confidence: float) -> Floats:
    """Return Student's quantile."""
    inflation = np.fmax(1.0, curves.long_run)
    freedom = curve_degrees_of_freedom(block.window.bursts.number, inflation)
    return np.asarray(special.stdtrit(freedom, 0.5 + confidence / 2))


def _error(curves: Curves, along: list[Floats]) -> Floats:
    """Return the error of a function of the coefficients with derivatives ``along``: the larger of
    those that follow from the two covariances."""
    derivative = np.stack(along, axis=1)
    variances = [
        np.einsum("fi,fij,fj->f", derivative, covariance, derivative)
        for covariance in (curves.covariance, curves.even)
    ]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.maximum(*variances)))


def describe_s_curves(block: Block, curves: Curves, confidence: float) -> dict[str, NDArray[Any]]:
    design = block.window.design
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
        status = np.where(bends, np.where(curves.converged, CONVERGED, NOT_CONVERGED), NO_CEILING)
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
        **_ends(block, curves, quantile, s_curve),
    }
    return _finish(block, curves, status, told)


def describe_pulses(block: Block, curves: Curves, confidence: float) -> dict[str, NDArray[Any]]:
    design = block.window.design
    level, slope, bend = curves.coefficients.T
    quantile = margin(block, curves, confidence)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peak = -slope / (2 * bend)
        along = [0 * bend, -1 / (2 * bend), slope / (2 * bend**2)]
        peak_se = _error(curves, along)
        bend_se = _error(curves, [0 * bend, 0 * bend, 1 + 0 * bend])
        falls = (bend < 0) & np.isfinite(peak_se)
        status = np.where(falls, np.where(curves.converged, CONVERGED, NOT_CONVERGED), NO_PEAK)
        told = {
            "peak": design.centre + design.scale * peak,
            "peak_se": design.scale * peak_se,
            "peak_low": design.centre + design.scale * (peak - quantile * peak_se),
            "peak_high": design.centre + design.scale * (peak + quantile * peak_se),
            "peak_share": special.expit(level + slope * peak / 2),
            "curvature": bend / design.scale**2,
            "curvature_se": bend_se / design.scale**2,
            "long_run_dispersion": curves.long_run,
            **_ends(block, curves, quantile, pulse),
        }
    return _finish(block, curves, status, told)


def _ends(block: Block, curves: Curves, quantile: Floats, model: Model) -> dict[str, Floats]:
    """Return the shares at the window's start and end, with intervals."""
    scaled = block.window.design.scaled
    told = {}
    for name, u in (("share_start", scaled[0]), ("share_end", scaled[-1])):
        eta, error = log_odds_at(curves, model, u)
        half = quantile * error
        told[name] = special.expit(eta)
        told[f"{name}_low"] = special.expit(eta - half)
        told[f"{name}_high"] = special.expit(eta + half)
    return told


def log_odds_at(curves: Curves, model: Model, u: float) -> tuple[Floats, Floats]:
    """Return the log-odds of curves at the scaled time ``u``, and their errors. Shape (F,)."""
    state = model(np.array([u]), curves.coefficients.T)
    eta = state.log_odds[:, 0]
    a, b = (np.broadcast_to(part, (len(eta), 1))[:, 0] for part in (state.a, state.b))
    return eta, _error(curves, [a, b, u * b])


def _finish(
    block: Block, curves: Curves, status: NDArray[np.str_], told: dict[str, Floats]
) -> dict[str, NDArray[Any]]:
    """Add what all curves have; take away the numbers of those that did not converge."""
    kept = status == CONVERGED
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
