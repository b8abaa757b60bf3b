"""S-curves and pulses of a block of topics, by quasi-likelihood.

Both have three coefficients. With u the scaled time and eta = logit p:
- s_curve: p = K s, s = 1 / (1 + exp(-(a + r u))); coefficients logit K, a and r. As K goes to 1 it
  is the trend (Verhulst's curve; Pearl and Reed, 1920, PNAS 6, 275-288).
- pulse: eta = a + r u + c u^2; coefficients a, r and c.
The search is Fisher scoring (McCullagh and Nelder, 1989, section 2.5), damped as by Marquardt
(1963, SIAM Journal 11, 431-441): no step lowers the likelihood. Likelihoods are sums of smooth
functions over cells, so that they too take a few points each (growth.grids).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from growth.counts import Booleans, Cells, Floats, Integers
from growth.grids import Grid
from growth.trend_search import Trends, Window

_MAX_ITERATIONS = 80
_TOLERANCE = 1e-10
_BLOCK_NODES = 1 << 16
# Fewest points: likelihoods need more than sums of the fitted curve do.
_POINTS = 48
# Steepness over the window, and midpoint, of the S-curves that a search may start from.
_STEEPNESS = (2.0, 4.0, 8.0, 16.0)
_STEEPER = (32.0, 64.0, 128.0)
_MIDPOINTS = np.linspace(-0.75, 0.75, 13)
LARGEST_LOGIT = 12.0

Model = Callable[[Floats, Floats], tuple[Floats, Floats, list[Floats]]]


@dataclass(frozen=True)
class Curves:
    """Curves of F topics. ``coefficients``, shape (F, 3); ``covariance`` and ``even``, shape
    (F, 3, 3), allow for bursts: the one with a surplus of variance as the square of p, as that of
    noise in the log-odds, the other with one as p. ``gain``, shape (F,): by how much the
    log-likelihood is above the trend's; never below 0: where the search found nothing better
    ``coefficients`` are the trend's."""

    coefficients: Floats
    covariance: Floats
    even: Floats
    gain: Floats
    long_run: Floats
    iterations: Integers
    converged: Booleans

    def take(self, rows: Booleans | Integers) -> "Curves":
        """Return some topics."""
        return Curves(*(getattr(self, field.name)[rows] for field in fields(self)))


def fit_pulses(window: Window, cells: Cells, trends: Trends) -> Curves:
    """Fit the pulse to topics whose trends are known."""
    start = np.stack([trends.level, trends.slope, np.zeros(cells.topics)])
    return _fit(window, cells, trends, start, pulse, lambda grid, counts, at: [at])


def fit_s_curves(window: Window, cells: Cells, trends: Trends) -> Curves:
    """Fit the S-curve to topics whose trends are known."""
    start = np.stack([np.full(cells.topics, LARGEST_LOGIT), trends.level, trends.slope])
    return _fit(window, cells, trends, start, s_curve, _s_curve_starts)


def pulse(nodes: Floats, at: Floats) -> tuple[Floats, Floats, list[Floats]]:
    """Return log-odds and p at the nodes, shape (Q, F), and the derivatives of the log-odds."""
    u = nodes[:, None]
    eta = np.clip(at[0] + u * (at[1] + u * at[2]), -500, 500)
    return eta, special.expit(eta), [np.ones_like(u), u, u * u]


def s_curve(nodes: Floats, at: Floats) -> tuple[Floats, Floats, list[Floats]]:
    """Return log-odds and p at the nodes, shape (Q, F), and the derivatives of the log-odds."""
    u = nodes[:, None]
    x = np.clip(at[1] + u * at[2], -300, 300)
    lack, falls = np.exp(-np.clip(at[0], -300, 300)), np.exp(-x)
    # 1 / p = (1 + lack) (1 + falls), so that (1 - p) / p is this, without cancellation.
    against = lack + falls + lack * falls
    rest = against / ((1 + lack) * (1 + falls))
    remaining = falls / (1 + falls) / rest
    return (
        -np.log(against),
        1 / ((1 + lack) * (1 + falls)),
        [(lack / (1 + lack)) / rest, remaining, u * remaining],
    )


def _s_curve_starts(grid: Grid, counts: Floats, at: Floats) -> list[Floats]:
    """Return the best of a table of S-curves by the Poisson likelihood, whose ceiling is known
    given the rest: N / sum(n s)."""
    steepness = np.array(_STEEPNESS if grid.limit < np.inf else _STEEPNESS + _STEEPER)
    rates, midpoints = np.meshgrid(np.r_[steepness, -steepness], _MIDPOINTS)
    rate, level = rates.ravel(), (-rates * midpoints).ravel()
    x = level[:, None] + rate[:, None] * grid.nodes
    mass = special.expit(x) @ grid.weights
    articles = counts.sum(axis=0)
    fit = -np.logaddexp(0, -x) @ counts - articles * np.log(mass)[:, None]
    best = fit.argmax(axis=0)
    ceiling = np.clip(articles / mass[best], 1e-12, 0.9)
    return [np.stack([special.logit(ceiling), level[best], rate[best]])]


def _fit(
    window: Window,
    cells: Cells,
    trends: Trends,
    start: Floats,
    model: Model,
    starts: Callable[[Grid, Floats, Floats], list[Floats]],
) -> Curves:
    size = cells.topics
    result = Curves(
        start.T.copy(),
        np.full((size, 3, 3), np.nan),
        np.full((size, 3, 3), np.nan),
        np.zeros(size),
        np.full(size, np.nan),
        np.zeros(size, dtype=np.int64),
        np.zeros(size, dtype=np.bool_),
    )
    waiting = np.arange(size)
    for grid in window.grids:
        if grid.limit < np.inf and grid.points < _POINTS:
            continue
        late = []
        step = max(1, _BLOCK_NODES // grid.points)
        for begin in range(0, len(waiting), step):
            rows = waiting[begin : begin + step]
            own = cells.take(rows)
            counts = np.ascontiguousarray(grid.counts(own).T)
            trend = np.stack([trends.level[rows], trends.slope[rows], np.zeros(len(rows))])
            base = _likelihood(grid, counts, pulse(grid.nodes, trend))
            best, top = start[:, rows].copy(), base.copy()
            converged = np.zeros(len(rows), dtype=np.bool_)
            for at in starts(grid, counts, start[:, rows]):
                found, height, iterations, done = _search(grid, counts, at, model)
                result.iterations[rows] += iterations
                better = height > top
                best[:, better], top[better] = found[:, better], height[better]
                converged = np.where(better, done, converged)
            fine = (np.abs(best[1:]).max(axis=0) <= grid.limit) | (grid.limit == np.inf)
            if model is s_curve:
                fine = (np.abs(best[2]) <= grid.limit) | (grid.limit == np.inf)
            late.append(rows[~fine])
            done_rows = rows[fine]
            result.coefficients[done_rows] = best[:, fine].T
            result.gain[done_rows] = (top - base)[fine]
            result.converged[done_rows] = converged[fine]
            _describe(
                window,
                grid,
                own,
                done_rows,
                np.flatnonzero(fine),
                result,
                model,
            )
        waiting = np.concatenate(late) if late else waiting
        if not len(waiting):
            break
    return result


def _likelihood(grid: Grid, counts: Floats, state: tuple[Floats, Floats, list[Floats]]) -> Floats:
    """Return the log-likelihoods, less what depends on the counts alone: sums of
    y eta - n log(1 + e^eta)."""
    eta = state[0]
    return np.asarray((counts * eta).sum(axis=0) - grid.weights @ np.logaddexp(0, eta))


def _search(
    grid: Grid, counts: Floats, start: Floats, model: Model
) -> tuple[Floats, Floats, Integers, Booleans]:
    """Climb from ``start``, shape (3, F). Return where it ended, the likelihood there, the number
    of iterations, and whether it is a maximum."""
    size = start.shape[1]
    found, height = start.copy(), np.full(size, -np.inf)
    iterations, converged = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    active = np.arange(size)
    now, damping = start.copy(), np.full(size, 1e-3)
    state = model(grid.nodes, now)
    here = _likelihood(grid, counts, state)
    score, info = _derivatives(grid, counts, state)
    for _ in range(_MAX_ITERATIONS):
        iterations[active] += 1
        step = _solve(info, score, damping)
        trial = now + step
        state = model(grid.nodes, trial)
        there = _likelihood(grid, counts, state)
        with np.errstate(invalid="ignore"):
            up = there >= here - 1e-13 * np.abs(here)
        promised = np.abs((step * score).sum(axis=0))
        done = (up & (promised < _TOLERANCE)) | (damping > 1e12)
        damping = np.where(up, damping * 0.1, damping * 8)
        # An S-curve whose ceiling goes to 1 is the trend; one too steep is for a finer grid.
        gone = (trial[0] > LARGEST_LOGIT) | (np.abs(trial[2]) > 2 * grid.limit)
        done |= up & gone
        now, here = np.where(up, trial, now), np.where(up, there, here)
        if up.any():
            new_score, new_info = _derivatives(grid, counts, state)
            score, info = np.where(up, new_score, score), np.where(up, new_info, info)
        if done.any():
            found[:, active], height[active] = now, here
            converged[active[done]] = (damping < 1e12)[done] & ~gone[done]
            left = ~done
            active, now, here, damping = active[left], now[:, left], here[left], damping[left]
            score, info, counts = score[:, left], info[:, left], counts[:, left]
            if not len(active):
                break
    found[:, active], height[active] = now, here
    return found, height, iterations, converged


def _derivatives(
    grid: Grid,
    counts: Floats,
    state: tuple[Floats, Floats, list[Floats]],
    inflation: float | Floats = 1.0,
) -> tuple[Floats, Floats]:
    """Return the score, shape (3, F), and the information's entries, shape (6, F), its variances
    multiplied by ``inflation``."""
    _, p, along = state
    expected = grid.weights[:, None] * p
    residual = counts - expected
    weight = expected * (1 - p) * inflation
    score = np.stack([(residual * d).sum(axis=0) for d in along])
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    weighted = [weight * d for d in along[:2]] + [weight * along[2]]
    return score, np.stack([(weighted[i] * along[j]).sum(axis=0) for i, j in pairs])


def _solve(info: Floats, score: Floats, damping: Floats) -> Floats:
    """Solve (info + damping times its diagonal) x = score by cofactors, batched."""
    a, b, c, d, e, f = info
    grow = 1 + damping
    a, d, f = a * grow + 1e-300, d * grow + 1e-300, f * grow + 1e-300
    # Scaled to a unit diagonal, so that nothing over- or underflows.
    x, y, z = np.sqrt(a), np.sqrt(d), np.sqrt(f)
    b, c, e = b / (x * y), c / (x * z), e / (y * z)
    u, v, w = score / np.stack([x, y, z])
    determinant = 1 - e * e - b * (b - e * c) + c * (b * e - c)
    determinant = np.where(np.abs(determinant) < 1e-14, 1e-14, determinant)
    return np.asarray(
        np.stack(
            [
                ((1 - e * e) * u + (c * e - b) * v + (b * e - c) * w) / x,
                ((c * e - b) * u + (1 - c * c) * v + (b * c - e) * w) / y,
                ((b * e - c) * u + (b * c - e) * v + (1 - b * b) * w) / z,
            ]
        )
        / determinant
    )


def _describe(
    window: Window,
    grid: Grid,
    cells: Cells,
    rows: Integers,
    chosen: Integers,
    result: Curves,
    model: Model,
) -> None:
    """Fill in covariances and long-run dispersions of the topics ``rows``."""
    if not len(rows):
        return
    _, p, along = model(grid.nodes, result.coefficients[rows].T)
    waves, squares = window.bursts.weights(grid)
    residual = cells.take(chosen).products(window.bursts.columns) - (waves @ p).T
    v = p * (1 - p)
    taken = np.stack([(waves @ (v * d)).T for d in along], axis=1)
    _, entries = _derivatives(grid, p * 0, (p, p, along))
    a, b, c, d, e, f = entries
    info = np.stack([a, b, c, b, d, e, c, e, f], axis=1).reshape(-1, 3, 3)
    scale = np.sqrt(np.einsum("fii->fi", info)) + 1e-300
    unit = info / (scale[:, :, None] * scale[:, None, :])
    usable = np.isfinite(unit).all(axis=(1, 2))
    usable[usable] = np.linalg.cond(unit[usable]) < 1e13
    inverse = np.full_like(unit, np.nan)
    inverse[usable] = np.linalg.inv(unit[usable])
    covariance = inverse / (scale[:, :, None] * scale[:, None, :])
    with np.errstate(invalid="ignore", divide="ignore"):
        norm = squares @ v - np.einsum("fib,fij,fjb->f", taken, covariance, taken)
        long_run = (residual**2).sum(axis=1) / norm
        # Bursts multiply: their part of the variance is as the square of p. The excess over the
        # binomial's is spread so over the window that its mean stays.
        excess = np.maximum(0.0, long_run - 1)
        uneven = p * (grid.weights @ v) / (grid.weights @ (v * p))
        _, entries = _derivatives(grid, p * 0, (p, p, along), 1 + excess * uneven)
        a, b, c, d, e, f = entries
        middle = np.stack([a, b, c, b, d, e, c, e, f], axis=1).reshape(-1, 3, 3)
        result.covariance[rows] = covariance @ middle @ covariance
        result.even[rows] = covariance * (1 + excess)[:, None, None]
    result.long_run[rows] = long_run
