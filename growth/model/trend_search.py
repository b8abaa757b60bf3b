"""Finds the trends of a block of topics, by maximum likelihood, and how well they fit."""

from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Booleans, Design, Floats, Integers
from growth.model.grids import Grid, make_grids
from growth.model.noise.waves import Bursts, make_bursts

_MAX_ITERATIONS = 60
# Newton's steps converge quadratically: after a step this small, and one more that _finish takes,
# what is left to go is lost in rounding.
_STEP_TOLERANCE = 1e-4
_STEP_TOLERANCE_STEEP = 1e-6
# Fitted probabilities computed at a time: few enough to stay in a processor's cache.
_BLOCK_NODES = 1 << 16
_TILTS = 401
# Above these log-odds, sums over all periods lose too many digits to cancellation.
_LARGE_LOG_ODDS = 3.0
# Saturated likelihoods of counts below this, at most, are looked up, those above it computed.
_TABLED = 1024
# A wave keeps at least this part of its variance when the coefficients have taken theirs: in
# windows of a few periods nothing but rounding would be left.
_LEAST_NORM = 1e-9


@dataclass(frozen=True)
class PeriodTables:
    """What depends on a window's periods alone: worked out once, used for all topics.

    ``grids`` are for trends; S-curves and pulses take the finer ``curve_grids``.
    ``columns``, shape (P, 2 + B): u, u^2 and the waves, whose sums over a topic's articles are all
    that its fit needs. ``tilts``, ``mean_times`` and ``log_masses`` table the Poisson limit.
    ``saturated`` and ``squares``, shape (counts, P), hold y log(y / n) + (n - y) log(1 - y / n) and
    y^2 / n.
    """

    design: Design
    grids: list[Grid]
    curve_grids: list[Grid]
    bursts: Bursts
    columns: Floats
    tilts: Floats
    mean_times: Floats
    log_masses: Floats
    saturated: Floats
    squares: Floats

    def grid_for(self, slope: float) -> Grid:
        """Return the coarsest of the grids for curves that is precise for a slope."""
        return next(grid for grid in self.curve_grids if grid.limit >= slope)


@dataclass(frozen=True)
class Trends:
    """Trends of F topics on the scaled time u: logit p = level + slope u.

    ``information``, shape (F, 5): sums of n p (1 - p) u^k, k = 0 to 4. ``curvature`` is the score
    of a quadratic term, the sum of (y - n p) u^2, and ``curvature_norm`` its binomial variance.
    ``power`` and ``power_curved``, shape (F, B), are the waves' squared sums of residuals over
    their binomial variances, about the trend and about the trend with a quadratic term. All others
    have shape (F,)."""

    level: Floats
    slope: Floats
    information: Floats
    iterations: Integers
    converged: Booleans
    deviance: Floats
    pearson: Floats
    power: Floats
    curvature: Floats
    curvature_norm: Floats
    power_curved: Floats

    @classmethod
    def zeros(cls, size: int, waves: int) -> "Trends":
        """Return trends of ``size`` topics, to be filled in."""
        return cls(
            level=np.zeros(size),
            slope=np.zeros(size),
            information=np.zeros((size, 5)),
            iterations=np.zeros(size, dtype=np.int64),
            converged=np.zeros(size, dtype=np.bool_),
            deviance=np.zeros(size),
            pearson=np.zeros(size),
            power=np.zeros((size, waves)),
            curvature=np.zeros(size),
            curvature_norm=np.zeros(size),
            power_curved=np.zeros((size, waves)),
        )

    def take(self, rows: Booleans | Integers) -> "Trends":
        """Return some topics."""
        return Trends(*(getattr(self, field.name)[rows] for field in fields(self)))


def make_tables(design: Design, cells: int, most: float) -> PeriodTables:
    """Work out the tables of a tables. ``cells`` is how many there are to fit and ``most`` about
    the largest of their counts: the more cells, the more counts are worth a row of a table."""
    grids, curve_grids = make_grids(design)
    u = design.scaled
    bursts = make_bursts(design.totals)
    # The range covers topics that double in a hundredth of the tables.
    tilts = np.sinh(np.linspace(-np.arcsinh(300.0), np.arcsinh(300.0), _TILTS))
    # One array, changed in place: for a century of days it takes 100 MB.
    weights = tilts[:, None] * u
    top = weights.max(axis=1)
    weights -= top[:, None]
    np.exp(weights, out=weights)
    weights *= design.totals
    mass = weights.sum(axis=1)
    tabled = min(_TABLED, 1 + cells // (4 * len(u)), 1 + int(most))
    counts = np.arange(float(tabled))[:, None]
    return PeriodTables(
        design=design,
        grids=grids,
        curve_grids=curve_grids,
        bursts=bursts,
        columns=np.column_stack([u, u**2, bursts.columns]),
        tilts=tilts,
        mean_times=(weights @ u) / mass,
        log_masses=np.log(mass) + top,
        saturated=_saturated(np.minimum(counts, design.totals), design.totals),
        squares=counts**2 / design.totals,
    )


def search_trends(tables: PeriodTables, cells: Cells, articles: Floats) -> Trends:
    """Find the trends of topics of which an estimate is known to exist. ``articles``, shape (F,),
    are the sums of their counts."""
    size = cells.topics
    result = Trends.zeros(size, tables.bursts.number)
    sums = cells.products(tables.columns)
    level, slope = _poisson_start(tables, articles, sums[:, 0])
    waiting = np.arange(size)
    log_without, odds_sum = np.zeros(size), np.zeros(size)
    for grid in tables.grids:
        step = max(1, _BLOCK_NODES // max(1, grid.points))
        early = np.abs(slope[waiting]) <= grid.limit
        late, waiting = [waiting[~early]], waiting[early]
        for begin in range(0, len(waiting), step):
            rows = waiting[begin : begin + step]
            start = np.stack([level[rows], slope[rows]])
            targets = np.stack([articles[rows], sums[rows, 0]])
            found, iterations, converged = _maximise(grid, start, targets)
            fine = (converged & (np.abs(found[1]) <= grid.limit)) | (grid.limit == np.inf)
            if not fine.all():
                late.append(rows[~fine])
                rows, found, iterations = rows[fine], found[:, fine], iterations[fine]
                converged = converged[fine]
            result.level[rows], result.slope[rows] = found
            result.iterations[rows], result.converged[rows] = iterations, converged
            if len(rows):
                log_without[rows], odds_sum[rows] = _finish(
                    tables, grid, rows, result, articles, sums
                )
        waiting = np.concatenate(late)
        if not len(waiting):
            break
    _goodness(tables, cells, result, articles, sums[:, 0], log_without, odds_sum)
    return result


def _maximise(grid: Grid, start: Floats, targets: Floats) -> tuple[Floats, Integers, Booleans]:
    """Maximise likelihoods by Newton's method. ``start`` and the first result are level and slope,
    ``targets`` the sums of y and y u; all of shape (2, F)."""
    size = start.shape[1]
    iterations, converged = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    moments = grid.moments[:3]
    active = np.arange(size)
    found, now, step = start.copy(), start.copy(), np.zeros((2, size))
    previous = np.full(size, np.inf)
    for _ in range(_MAX_ITERATIONS):
        p = _probabilities(grid, now[0], now[1])
        score = targets - moments[:2] @ p
        np.subtract(p, p * p, out=p)
        info_0, info_1, info_2 = moments @ p
        iterations[active] += 1
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = np.stack(
                [info_2 * score[0] - info_1 * score[1], info_0 * score[1] - info_1 * score[0]]
            )
            newton /= info_0 * info_2 - info_1 * info_1
            # The score in the metric of the information: it falls to 0 at the maximum.
            decrement = (score * newton).sum(axis=0)
        # A step that made things worse went too far: go back half of it.
        fine = decrement <= 2 * previous + 1e-8
        step = newton if fine.all() else np.where(fine, newton, -step / 2)
        now += step
        small = np.maximum(_STEP_TOLERANCE, _STEP_TOLERANCE_STEEP * np.abs(now))
        near = np.abs(step) < small
        done = near[0] & near[1] & fine
        # What has just been undone counts as the step to halve next.
        step = np.where(fine, step, -step)
        previous = np.where(fine, decrement, previous)
        if done.any():
            converged[active[done]] = True
            found[:, active] = now
            if done.all():
                break
            left = np.flatnonzero(~done)
            active, previous = active.take(left), previous.take(left)
            now, step = now.take(left, axis=1), step.take(left, axis=1)
            targets = targets.take(left, axis=1)
    found[:, active] = now
    return found, iterations, converged


def _probabilities(grid: Grid, level: Floats, slope: Floats) -> Floats:
    """Return p at the nodes. Shape (Q, F): numpy is fast along the last axis if it is long."""
    p = -grid.nodes[:, None] * slope
    p -= level
    with np.errstate(over="ignore"):
        np.exp(p, out=p)
    p += 1
    np.reciprocal(p, out=p)
    return p


def _poisson_start(
    tables: PeriodTables, articles: Floats, scaled_sum: Floats
) -> tuple[Floats, Floats]:
    """Return starting values: the maximum of the Poisson likelihood, to which the binomial tends
    as p goes to 0. There the mean time of a topic's articles, sum(y u) / sum(y), equals the mean of
    u under weights n e^(r u), an increasing function of r alone: it is tabled once and inverted."""
    mean_time = scaled_sum / articles
    slope = np.interp(mean_time, tables.mean_times, tables.tilts)
    level = np.log(articles) - np.interp(slope, tables.tilts, tables.log_masses)
    # From the logarithm of p to its logit, by what the two and their slopes are at the mean time.
    with np.errstate(over="ignore"):
        rest = np.maximum(1 - np.exp(level + slope * mean_time), 0.5)
    steeper = slope / rest
    level += (slope - steeper) * mean_time - np.log(rest)
    slope = steeper
    # A topic in most articles is far from Poisson: start it at its overall share and no slope.
    share = articles / tables.design.totals.sum()
    common = share > 0.2
    level[common] = special.logit(share[common])
    slope[common] = 0.0
    return level, slope


def _finish(
    tables: PeriodTables, grid: Grid, rows: Integers, result: Trends, articles: Floats, sums: Floats
) -> tuple[Floats, Floats]:
    """Fill in what follows from the coefficients; return the sums over periods of n log(1 + odds)
    and of n odds."""
    u, moments = grid.nodes, grid.moments
    waves, squares = tables.bursts.weights(grid)
    observed = sums[rows].T
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        p = _probabilities(grid, result.level[rows], result.slope[rows])
        odds = p / (1 - p)
        log_without = -(grid.weights @ np.log(1 - p))
        odds_sum, odds_slope = moments[:2] @ odds
        expected = moments[:3] @ p
        score_0, score_1, curvature = (
            np.stack([articles[rows], observed[0], observed[1]]) - expected
        )
        residual = observed[2:] - waves @ p
        weight = np.subtract(p, p * p, out=p)
        info = moments @ weight
        norm = squares @ weight
        least = _LEAST_NORM * norm
        taken = []
        for power in range(3):
            if power:
                weight *= u[:, None]
            taken.append(waves @ weight)
        i0, i1, i2, i3, i4 = info
        d = i0 * i2 - i1 * i1

        def regress(of_1: Floats, of_u: Floats) -> tuple[Floats, Floats]:
            """Return the coefficients of a weighted regression on 1 and u."""
            return (i2 * of_1 - i1 * of_u) / d, (i0 * of_u - i1 * of_1) / d

        # The waves and the quadratic term, less what the coefficients take up of them.
        on_1, on_u = regress(taken[0], taken[1])
        norm -= on_1 * taken[0] + on_u * taken[1]
        square_1, square_u = regress(i2, i3)
        curvature_norm = i4 - square_1 * i2 - square_u * i3
        # At the maximum the residuals have no part along 1 and u; here, a last step before it, the
        # small part that they have is taken off.
        step_0, step_1 = regress(score_0, score_1)
        curvature -= step_0 * i2 + step_1 * i3
        residual -= step_0 * taken[0] + step_1 * taken[1]
        shared = taken[2] - square_1 * taken[0] - square_u * taken[1]
        result.power[rows] = (residual * residual / np.maximum(norm, least)).T
        residual -= (curvature / curvature_norm) * shared
        norm -= shared * shared / curvature_norm
        result.power_curved[rows] = (residual * residual / np.maximum(norm, least)).T
        near = (np.abs(step_0) < 1e-5) & (np.abs(step_1) < 1e-5)
    result.information[rows] = info.T
    result.curvature[rows], result.curvature_norm[rows] = curvature, curvature_norm
    step_0, step_1 = np.where(near, step_0, 0), np.where(near, step_1, 0)
    result.level[rows] += step_0
    result.slope[rows] += step_1
    log_without += step_0 * expected[0] + step_1 * expected[1]
    return log_without, odds_sum * (1 + step_0) + odds_slope * step_1


def _goodness(
    tables: PeriodTables,
    cells: Cells,
    fit: Trends,
    articles: Floats,
    scaled_sum: Floats,
    log_without: Floats,
    odds_sum: Floats,
) -> None:
    """Fill in the deviance and Pearson's statistic, zeros included.

    Both are a sum over all periods as if no article carried the topic, put right at the non-zero
    cells: for Pearson's statistic, with odds o = p / (1 - p), sum(n o) and
    y^2 / (n p (1 - p)) - 2 y / (1 - p) = y^2 / n (1 / o + 2) - 2 y + (y^2 / n - 2 y) o.
    """
    y = cells.count
    saturated, squares = _tabled(tables, cells)
    fit.deviance[:] = 2 * (
        log_without + cells.sums(saturated) - fit.level * articles - fit.slope * scaled_sum
    )
    del saturated
    power = cells.spread(fit.slope)
    power *= tables.design.scaled.take(cells.period, mode="clip")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        np.exp(power, out=power)
        odds = np.exp(fit.level)
        fit.pearson[:] = odds_sum + 2 * (cells.sums(squares) - articles)
        fit.pearson[:] += cells.sums(squares / power) / odds
        squares -= y
        squares -= y
        squares *= power
        fit.pearson[:] += cells.sums(squares) * odds
    ends = fit.level[:, None] + fit.slope[:, None] * tables.design.scaled[[0, -1]]
    common = np.flatnonzero(ends.max(axis=1) > _LARGE_LOG_ODDS)
    step = max(1, _BLOCK_NODES // len(tables.design.totals))
    for begin in range(0, len(common), step):
        rows = common[begin : begin + step]
        fit.deviance[rows], fit.pearson[rows] = _goodness_of_common(tables, cells, fit, rows)


def _goodness_of_common(
    tables: PeriodTables, cells: Cells, fit: Trends, rows: Integers
) -> tuple[Floats, Floats]:
    """Return deviance and Pearson's statistic of topics that come to be in nearly all articles,
    whose odds are too large to be added up and put right."""
    n = tables.design.totals
    y = tables.grids[-1].counts(cells.take(rows))
    eta = fit.level[rows, None] + fit.slope[rows, None] * tables.design.scaled
    most = eta > 0
    less = np.exp(-np.abs(eta))
    smaller = less / (1 + less)
    without = np.where(most, y - n, y)
    residual = without + np.where(most, n * smaller, -n * smaller)
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = (residual**2 / (n * smaller * (1 - smaller))).sum(axis=1)
    terms = _saturated(y, n) + n * np.log1p(less) - without * eta
    return 2 * terms.sum(axis=1), pearson


def _tabled(tables: PeriodTables, cells: Cells) -> tuple[Floats, Floats]:
    """Return each cell's saturated log-likelihood, less the binomial coefficient, and y^2 / n."""
    tabled, periods = tables.saturated.shape
    if not cells.whole or tabled < 2:
        return _saturated(cells.count, cells.total), cells.count**2 / cells.total
    index = cells.count.astype(np.int64)
    rare = np.flatnonzero(index >= tabled) if cells.most >= tabled else index[:0]
    index[rare] = 0
    index *= periods
    index += cells.period
    values = tables.saturated.ravel().take(index, mode="clip")
    squares = tables.squares.ravel().take(index, mode="clip")
    if len(rare):
        y, n = cells.count[rare], tables.design.totals[cells.period[rare]]
        values[rare], squares[rare] = _saturated(y, n), y**2 / n
    return values, squares


def _saturated(y: Floats, n: Floats) -> Floats:
    share = y / n
    # 0 log 0 is 0.
    others = np.log1p(-np.where(share < 1, share, 0.0))
    return np.asarray(y * np.log(np.where(share > 0, share, 1.0)) + (n - y) * others)
