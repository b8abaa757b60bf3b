"""Finds S-curves and pulses of a block of topics, by quasi-likelihood.

Both have three coefficients. With u the scaled time and eta = logit p:
- S-curve: p = K s, s = 1 / (1 + exp(-(a + r u))); coefficients logit K, a and r. As K goes to 1 it
  is the trend (Verhulst's curve; Pearl and Reed, 1920, PNAS 6, 275-288).
- pulse: eta = a + r u + c u^2; coefficients a, r and c.
The search is Fisher scoring (McCullagh and Nelder, 1989, section 2.5), damped as by Marquardt
(1963, SIAM Journal 11, 431-441): no step lowers the likelihood. Likelihoods are sums of smooth
functions over cells, so that they too take a few points each (grids.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Booleans, Design, Floats, Integers
from growth.model.grids import Grid
from growth.model.trend_search import PeriodTables, Trends

_MAX_ITERATIONS = 80
_TOLERANCE = 1e-10
_DAMPING = 1e-3
_BLOCK_NODES = 1 << 16
# Steepness over the window, and midpoint, of the S-curves from which a search may start.
_STEEPNESS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_MIDPOINTS = np.linspace(-0.75, 0.75, 13)
LARGEST_LOGIT = 12.0


@dataclass(frozen=True)
class CurveValues:
    """F curves at Q nodes u: log-odds and odds, shape (F, Q). The derivatives of the log-odds by
    the three coefficients are a, b and b u; a and b are of a shape that broadcasts to (F, Q)."""

    log_odds: Floats
    odds: Floats
    a: Floats
    b: Floats

    @property
    def p(self) -> Floats:
        """Shape (F, Q)."""
        return self.odds / (1 + self.odds)


class CurveModel(Protocol):
    """One of the two kinds of curve. ``at`` are coefficients, shape (3, F)."""

    def values(self, nodes: Floats, at: Floats) -> CurveValues:
        """Return curves at the nodes u, shape (Q,)."""

    def from_trends(self, trends: Trends) -> Floats:
        """Return the coefficients of the curves that are these trends. Shape (3, F)."""

    def start(self, grid: Grid, cells: Cells, rows: Integers, at: Floats) -> Floats:
        """Return coefficients from which the search of the topics ``rows`` starts; ``at`` is where
        it has come. Both of shape (3, F)."""

    def steepness(self, at: Floats, design: Design) -> Floats:
        """Return how steep curves are where they are high, for there they need points. Shape
        (F,)."""


class SCurve:
    """The S-curve: logit K, a and r."""

    def values(self, nodes: Floats, at: Floats) -> CurveValues:
        """Return S-curves at the nodes."""
        ceiling, level, rate = at[:, :, None]
        x = -rate * nodes
        x -= level
        falls = np.exp(np.clip(x, -300, 300, out=x), out=x)
        lack = np.exp(-np.clip(ceiling, -300, 300))
        # 1 / p = (1 + lack) (1 + falls), so that (1 - p) / p is this, without cancellation.
        against = falls * (1 + lack)
        against += lack
        odds = 1 / against
        both = 1 + odds
        remaining = falls / (1 + falls)
        remaining *= both
        both *= lack / (1 + lack)
        return CurveValues(-np.log(against), odds, both, remaining)

    def from_trends(self, trends: Trends) -> Floats:
        """Return S-curves with the highest ceiling, next to the trends."""
        return np.stack([np.full(len(trends.level), LARGEST_LOGIT), trends.level, trends.slope])

    def start(self, grid: Grid, cells: Cells, rows: Integers, at: Floats) -> Floats:
        """Return the best of a table of S-curves by the Poisson likelihood, whose ceiling is known
        given the rest: N / sum(n s)."""
        steepness = np.array([rate for rate in _STEEPNESS if rate <= grid.limit])
        rates, midpoints = np.meshgrid(np.r_[steepness, -steepness], _MIDPOINTS)
        rate, level = rates.ravel(), (-rates * midpoints).ravel()
        x = level[:, None] + rate[:, None] * grid.nodes
        mass = special.expit(x) @ grid.weights
        counts = grid.counts(cells.take(rows))
        articles = counts.sum(axis=1)
        fit = -counts @ np.logaddexp(0, -x).T - articles[:, None] * np.log(mass)
        best = fit.argmax(axis=1)
        ceiling = np.clip(articles / mass[best], 1e-12, 0.9)
        return np.stack([special.logit(ceiling), level[best], rate[best]])

    def steepness(self, at: Floats, design: Design) -> Floats:
        """Return the rate."""
        return np.asarray(np.abs(at[2]))


class Pulse:
    """The pulse: a, r and c."""

    def values(self, nodes: Floats, at: Floats) -> CurveValues:
        """Return pulses at the nodes."""
        level, slope, bend = at[:, :, None]
        log_odds = bend * nodes
        log_odds += slope
        log_odds *= nodes
        log_odds += level
        np.clip(log_odds, -500, 500, out=log_odds)
        return CurveValues(log_odds, np.exp(log_odds), np.ones((1, 1)), nodes[None, :])

    def from_trends(self, trends: Trends) -> Floats:
        """Return pulses that do not bend: the trends."""
        return np.stack([trends.level, trends.slope, np.zeros(len(trends.level))])

    def start(self, grid: Grid, cells: Cells, rows: Integers, at: Floats) -> Floats:
        """Return where the search has come: it finds the pulse from the trend."""
        return at

    def steepness(self, at: Floats, design: Design) -> Floats:
        """Return the slope where a pulse is highest in the window or, if more, that of its flanks,
        which are 1 / sqrt(-2 c) wide."""
        _, slope, bend = at
        first, last = design.scaled[[0, -1]]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            peak = np.clip(-slope / (2 * bend), first, last)
        highest = np.where(bend > 0, np.where(slope > 0, last, first), peak)
        return np.asarray(np.fmax(np.abs(slope + 2 * bend * highest), 3 * np.sqrt(np.abs(bend))))


S_CURVE_MODEL, PULSE_MODEL = SCurve(), Pulse()


@dataclass(frozen=True)
class Climb:
    """How far the searches of F topics have come: coefficients, shape (3, F), damping and the
    iterations that are left, shape (F,). One that leaves a grid goes on from there on the next."""

    at: Floats
    damping: Floats
    left: Integers

    def take(self, rows: Integers) -> "Climb":
        """Return some topics."""
        return Climb(self.at[:, rows], self.damping[rows], self.left[rows])

    def put(self, rows: Integers, part: "Climb") -> None:
        """Take over how far some topics have come."""
        self.at[:, rows], self.damping[rows], self.left[rows] = part.at, part.damping, part.left


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

    @classmethod
    def of_trends(cls, coefficients: Floats) -> "Curves":
        """Return the trends as curves, to be filled in. ``coefficients``: shape (3, F)."""
        size = coefficients.shape[1]
        return cls(
            coefficients=coefficients.T.copy(),
            covariance=np.full((size, 3, 3), np.nan),
            even=np.full((size, 3, 3), np.nan),
            gain=np.zeros(size),
            long_run=np.full(size, np.nan),
            iterations=np.zeros(size, dtype=np.int64),
            converged=np.zeros(size, dtype=np.bool_),
        )


def search_curves(tables: PeriodTables, cells: Cells, trends: Trends, model: CurveModel) -> Curves:
    """Find the curves of topics whose trends are known."""
    size, start = cells.topics, model.from_trends(trends)
    as_pulses = PULSE_MODEL.from_trends(trends)
    result = Curves.of_trends(start)
    climb = Climb(start.copy(), np.empty(size), np.empty(size, dtype=np.int64))
    waiting = np.arange(size)
    # Steeper S-curves are looked for where no gentle one was found, on a grid that shows them.
    starts_on = {0: tables.curve_grids[0], 1: tables.grid_for(_STEEPNESS[-1])}
    for number, grid in enumerate(tables.curve_grids):
        if number in starts_on:
            climb.damping[waiting], climb.left[waiting] = _DAMPING, _MAX_ITERATIONS
            for rows in _batches(waiting, starts_on[number]):
                climb.at[:, rows] = model.start(starts_on[number], cells, rows, climb.at[:, rows])
        early = model.steepness(climb.at[:, waiting], tables.design) <= grid.limit
        late, waiting = [waiting[~early]], waiting[early]
        for rows in _batches(waiting, grid):
            own = cells.take(rows)
            counts = grid.counts(own)
            base = _likelihood(grid, counts, PULSE_MODEL.values(grid.nodes, as_pulses[:, rows]))
            before = climb.take(rows)
            after, height, converged = _search(tables, grid, counts, before, model)
            climb.put(rows, after)
            result.iterations[rows] += before.left - after.left
            better = height > base
            best = np.where(better, after.at, start[:, rows])
            fine = model.steepness(best, tables.design) <= grid.limit
            late.append(rows[~fine])
            done = rows[fine]
            result.coefficients[done] = best[:, fine].T
            result.gain[done] = np.maximum(height - base, 0)[fine]
            result.converged[done] = (converged & better)[fine]
            _describe(tables, grid, own.take(np.flatnonzero(fine)), done, result, model)
        waiting = np.concatenate(late)
        if not len(waiting):
            break
    return result


def _batches(rows: Integers, grid: Grid) -> Iterator[Integers]:
    step = max(1, _BLOCK_NODES // grid.points)
    for begin in range(0, len(rows), step):
        yield rows[begin : begin + step]


def _likelihood(grid: Grid, counts: Floats, values: CurveValues) -> Floats:
    """Return the log-likelihoods, less what depends on the counts alone: sums of
    y eta - n log(1 + e^eta)."""
    observed = np.einsum("fq,fq->f", counts, values.log_odds)
    without = 1 + values.odds
    return np.asarray(observed - np.log(without, out=without) @ grid.weights)


def _search(
    tables: PeriodTables, grid: Grid, counts: Floats, start: Climb, model: CurveModel
) -> tuple[Climb, Floats, Booleans]:
    """Climb on. Return how far it came, the likelihood there, and whether it is a maximum."""
    values = model.values(grid.nodes, start.at)
    height = _likelihood(grid, counts, values)
    score, info = _derivatives(grid, counts, values)
    found = Climb(start.at.copy(), start.damping.copy(), start.left.copy())
    converged = np.zeros(len(height), dtype=np.bool_)
    active, going = np.arange(len(height)), start.left > 0
    now, here, damping, left = start.at, height.copy(), start.damping, start.left
    while True:
        if not going.all():
            active, now, here = active[going], now[:, going], here[going]
            damping, left, counts = damping[going], left[going], counts[going]
            score, info = score[:, going], info[:, going]
        if not len(active):
            return found, height, converged
        left = left - 1
        step = _solve(info, score, damping)
        trial = now + step
        values = model.values(grid.nodes, trial)
        there = _likelihood(grid, counts, values)
        with np.errstate(invalid="ignore"):
            up = there >= here - 1e-13 * np.abs(here)
        promised = np.abs((step * score).sum(axis=0))
        done = (up & (promised < _TOLERANCE)) | (damping > 1e12)
        damping = np.where(up, damping * 0.1, damping * 8)
        # An S-curve whose ceiling goes to 1 is the trend; one too steep is for a finer grid.
        gone = trial[0] > LARGEST_LOGIT
        gone |= model.steepness(trial, tables.design) > grid.reach
        done |= up & gone
        now, here = np.where(up, trial, now), np.where(up, there, here)
        if up.any():
            new_score, new_info = _derivatives(grid, counts, values)
            score, info = np.where(up, new_score, score), np.where(up, new_info, info)
        converged[active[done]] = ((damping < 1e12) & ~gone)[done]
        going = ~done & (left > 0)
        ended = ~going
        found.put(active[ended], Climb(now[:, ended], damping[ended], left[ended]))
        height[active[ended]] = here[ended]


def _derivatives(grid: Grid, counts: Floats, values: CurveValues) -> tuple[Floats, Floats]:
    """Return the score, shape (3, F), and the information's entries, shape (6, F)."""
    expected = values.p
    expected *= grid.weights
    residual = counts - expected
    powers = grid.powers.T
    score = [(residual * values.a) @ powers[:, :1], (residual * values.b) @ powers[:, :2]]
    weight = expected
    weight /= 1 + values.odds
    return np.concatenate(score, axis=1).T, _information(grid, values, weight)


def _information(grid: Grid, values: CurveValues, weight: Floats) -> Floats:
    """Return the information's entries, shape (6, F): row by row, from the diagonal on. ``weight``,
    shape (F, Q), are the variances of the counts."""
    # The third derivative is the second times u: sums of the second's products, times powers of u.
    powers = grid.powers.T
    of_a, of_b = weight * values.a, weight * values.b
    entries = [(of_a * values.a) @ powers[:, :1], (of_a * values.b) @ powers[:, :2]]
    entries.append((of_b * values.b) @ powers[:, :3])
    return np.concatenate(entries, axis=1).T


def _symmetric(entries: Floats) -> Floats:
    """Return matrices, shape (F, 3, 3), from their entries, shape (6, F)."""
    a, b, c, d, e, f = entries
    return np.stack([a, b, c, b, d, e, c, e, f], axis=1).reshape(-1, 3, 3)


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
    tables: PeriodTables,
    grid: Grid,
    cells: Cells,
    rows: Integers,
    result: Curves,
    model: CurveModel,
) -> None:
    """Fill in covariances and long-run dispersions of the topics ``rows``, whose cells these
    are."""
    if not len(rows):
        return
    values = model.values(grid.nodes, result.coefficients[rows].T)
    p = values.p
    waves, squares = tables.bursts.weights(grid)
    residual = cells.products(tables.bursts.columns) - p @ waves.T
    v = p / (1 + values.odds)
    of_b = v * values.b
    taken = np.stack([part @ waves.T for part in (v * values.a, of_b, of_b * grid.nodes)], axis=1)
    weight = p * grid.weights / (1 + values.odds)
    covariance = _inverse(_symmetric(_information(grid, values, weight)))
    with np.errstate(invalid="ignore", divide="ignore"):
        norm = v @ squares.sum(axis=0) - np.einsum("fib,fij,fjb->f", taken, covariance, taken)
        long_run = (residual**2).sum(axis=1) / norm
        # Bursts multiply: their part of the variance is as the square of p. The excess over the
        # binomial's is spread over the window so that its mean stays.
        excess = np.maximum(0.0, long_run - 1)
        uneven = p * ((v @ grid.weights) / ((v * p) @ grid.weights))[:, None]
        weight *= 1 + excess[:, None] * uneven
        middle = _symmetric(_information(grid, values, weight))
        result.covariance[rows] = covariance @ middle @ covariance
        result.even[rows] = covariance * (1 + excess)[:, None, None]
    result.long_run[rows] = long_run


def _inverse(information: Floats) -> Floats:
    """Return the inverses of matrices, shape (F, 3, 3); NaN where rounding would leave no digit of
    them."""
    scale = np.sqrt(np.einsum("fii->fi", information)) + 1e-300
    unit = information / (scale[:, :, None] * scale[:, None, :])
    usable = np.isfinite(unit).all(axis=(1, 2))
    usable[usable] = np.linalg.cond(unit[usable]) < 1e13
    inverse = np.full_like(unit, np.nan)
    inverse[usable] = np.linalg.inv(unit[usable])
    return np.asarray(inverse / (scale[:, :, None] * scale[:, None, :]))
