"""S-curves by least squares, for values that are not counts out of totals.

For people who have such values, say subscribers by month, and want the same curve: docs/model.md
names it. No command uses it.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from growth.model.arguments import check_finite, check_numbers
from growth.model.counts import Floats, Integers
from growth.model.statuses import Status

_COEFFICIENTS = 3
_MAX_ITERATIONS = 500
_TOLERANCE = 1e-12
_STEEPNESS = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
_MIDPOINTS = np.linspace(-1.0, 1.5, 26)


@dataclass(frozen=True)
class LeastSquaresFit:
    """S-curves y = K / (1 + exp(-r (t - t0))) of S series; every array has shape (S,).

    ``ceiling`` (K), ``midpoint`` (t0), ``growth_rate`` (r) with standard errors from the residual
    variance ``rss`` / (P - 3) and the derivatives at the optimum (Bates and Watts, 1988, Nonlinear
    Regression Analysis and Its Applications, section 2.3). ``offset`` is r t0, the b2 of
    y = b1 / (1 + exp(b2 - b3 t)). ``status``: ``converged`` or ``not_converged``; NaN if not.
    """

    status: NDArray[np.str_]
    ceiling: Floats
    ceiling_se: Floats
    midpoint: Floats
    midpoint_se: Floats
    growth_rate: Floats
    growth_rate_se: Floats
    offset: Floats
    offset_se: Floats
    rss: Floats
    iterations: Integers


def fit_s_curve_least_squares(
    values: ArrayLike, times: ArrayLike, *, start: ArrayLike | None = None
) -> LeastSquaresFit:
    """Fit an S-curve to each series by unweighted least squares.

    ``values``, shape (S, P) or (P,): the series; NaN where there is no value. ``times``, shape
    (P,). ``start``, shape (3,) or (S, 3): ceiling, growth rate and midpoint to start from; by
    default the best of a table, the ceiling by linear regression (Golub and Pereyra, 1973, SIAM
    Journal on Numerical Analysis 10, 413-432). The search is Marquardt's (1963).

    A series of fewer than four values has no fit.

    Raises ValueError, in one line, for arrays of other shapes or types, masked values, infinite
    values, and times or starts that are not finite.
    """
    y = np.atleast_2d(check_numbers("values", values, (1, 2)))
    t = check_finite("times", times)
    if y.shape[1] != len(t):
        raise ValueError(
            f"values has {y.shape[1]} columns for {len(t)} times: it must have one for each"
        )
    y = y.astype(np.float64)
    if np.isinf(y).any():
        raise ValueError("values has infinite ones: put NaN where there is no value")
    given = None if start is None else _given(start, len(y))
    used = np.isfinite(y)
    enough = np.flatnonzero(used.sum(axis=1) > _COEFFICIENTS)
    if len(enough) == len(y) > 0:
        return _fit(y, used, t, given)
    columns: dict[str, NDArray[Any]] = {
        field.name: np.full(len(y), np.nan) for field in fields(LeastSquaresFit)
    }
    columns["status"] = np.full(len(y), Status.NOT_CONVERGED, dtype="<U13")
    columns["iterations"] = np.zeros(len(y), dtype=np.int64)
    if len(enough):
        fit = _fit(y[enough], used[enough], t, given if given is None else given[enough])
        for name, column in columns.items():
            column[enough] = getattr(fit, name)
    return LeastSquaresFit(**columns)


def _given(start: ArrayLike, size: int) -> Floats:
    """Return where the search of each series starts. Shape (S, 3)."""
    array = np.atleast_2d(check_numbers("start", start, (1, 2)))
    if array.shape not in ((1, _COEFFICIENTS), (size, _COEFFICIENTS)):
        raise ValueError(
            f"start has the shape {np.shape(start)}: give ceiling, growth rate and midpoint, "
            "for all series or for each"
        )
    if not np.isfinite(array).all():
        raise ValueError("start must be finite: leave it away where nothing is known")
    return np.broadcast_to(array.astype(np.float64), (size, _COEFFICIENTS))


def _fit(y: Floats, used: NDArray[np.bool_], t: Floats, given: Floats | None) -> LeastSquaresFit:
    y = np.where(used, y, 0.0)
    centre, scale = float(t.mean()), float(np.ptp(t)) or 1.0
    u = (t - centre) / scale
    if given is None:
        at = _starts(y, used, u)
    else:
        rate = given[:, 1] * scale
        at = np.column_stack([given[:, 0], -rate * (given[:, 2] - centre) / scale, rate])
    at, rss, iterations, converged = _search(y, used, u, at)
    _, slopes = _state(y, used, u, at)
    freedom = used.sum(axis=1) - _COEFFICIENTS
    covariance = np.full((len(y), 3, 3), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.sqrt((slopes**2).sum(axis=1))
        unit = slopes / length[:, None]
        _, triangle = np.linalg.qr(np.nan_to_num(unit))
        sound = np.abs(np.einsum("sii->si", triangle)).min(axis=1) > 1e-10
        converged &= sound & (freedom > 0)
        inverse = np.linalg.inv(triangle[converged]) / length[converged][:, :, None]
        variance = rss[converged] / freedom[converged]
        covariance[converged] = inverse @ inverse.transpose(0, 2, 1) * variance[:, None, None]
        level, slope = at[:, 1], at[:, 2]

        def error(*along: ArrayLike) -> Floats:
            derivative = np.stack([np.broadcast_to(d, len(y)) for d in along], axis=1)
            return np.asarray(
                np.sqrt(np.einsum("si,sij,sj->s", derivative, covariance, derivative))
            )

        shift = centre / scale
        told = {
            "ceiling": at[:, 0],
            "ceiling_se": error(1, 0, 0),
            "midpoint": centre - scale * level / slope,
            "midpoint_se": error(0, -scale / slope, scale * level / slope**2),
            "growth_rate": slope / scale,
            "growth_rate_se": error(0, 0, 1 / scale),
            "offset": slope * shift - level,
            "offset_se": error(0, -1, shift),
            "rss": rss,
        }
    return LeastSquaresFit(
        status=np.where(converged, Status.CONVERGED, Status.NOT_CONVERGED),
        iterations=iterations,
        **{name: np.where(converged, column, np.nan) for name, column in told.items()},
    )


def _starts(y: Floats, used: NDArray[np.bool_], u: Floats) -> Floats:
    """Return the best of a table of steepness and midpoint for each series, and its ceiling."""
    rate, midpoint = np.meshgrid(np.r_[_STEEPNESS, -_STEEPNESS], _MIDPOINTS)
    rates, levels = rate.ravel(), (-rate * midpoint).ravel()
    s = special.expit(levels[:, None] + rates[:, None] * u)
    products, squares = y @ s.T, used.astype(np.float64) @ (s**2).T
    best = (products**2 / squares).argmax(axis=1)
    rows = np.arange(len(y))
    ceiling = products[rows, best] / squares[rows, best]
    return np.column_stack([ceiling, levels[best], rates[best]])


def _state(y: Floats, used: NDArray[np.bool_], u: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return residuals, shape (S, P), and derivatives of the curve, shape (S, P, 3)."""
    x = at[:, 1:2] + at[:, 2:] * u
    s = special.expit(x)
    bend = at[:, :1] * s * special.expit(-x)
    slopes = np.stack([s, bend, bend * u], axis=2) * used[:, :, None]
    return (y - at[:, :1] * s) * used, slopes


def _search(
    y: Floats, used: NDArray[np.bool_], u: Floats, start: Floats
) -> tuple[Floats, Floats, Integers, NDArray[np.bool_]]:
    """Descend; return coefficients, residual sums of squares, iterations, and whether at a
    minimum."""
    size = len(y)
    found, rss = start.copy(), np.zeros(size)
    iterations, converged = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    active, damping, small = np.arange(size), np.full(size, 1e-3), np.zeros(size, dtype=np.int64)
    residual, slopes = _state(y, used, u, found)
    rss[:] = (residual**2).sum(axis=1)
    for _ in range(_MAX_ITERATIONS):
        if not len(active):
            break
        iterations[active] += 1
        length = np.sqrt((slopes**2).sum(axis=1)) + 1e-300
        unit = slopes / length[:, None]
        normal = np.einsum("spi,spj->sij", unit, unit) + damping[:, None, None] * np.eye(3)
        gradient = np.einsum("spi,sp->si", unit, residual)
        step = np.linalg.solve(normal, gradient[:, :, None])[:, :, 0] / length
        trial = found[active] + step
        new_residual, new_slopes = _state(y[active], used[active], u, trial)
        new_rss = (new_residual**2).sum(axis=1)
        better = new_rss <= rss[active] * (1 + 1e-15)
        tiny = (np.abs(step) <= _TOLERANCE * (1e-3 + np.abs(found[active]))).all(axis=1)
        found[active[better]], rss[active[better]] = trial[better], new_rss[better]
        residual = np.where(better[:, None], new_residual, residual)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        damping = np.where(better, damping * 0.1, damping * 10)
        # Twice in a row: a step can be small because it is damped.
        small = np.where(tiny, small + 1, 0)
        done = (small >= 2) | (damping > 1e15)
        converged[active[done]] = True
        left = ~done
        active, damping, small = active[left], damping[left], small[left]
        residual, slopes = residual[left], slopes[left]
    return found, rss, iterations, converged
