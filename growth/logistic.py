"""Logistic growth of many topics at once. Arrays in, arrays out; knows nothing of the database.

The model of one topic: of the n articles of period t, y carry the topic, y ~ binomial(n, p(t)) with
logit p(t) = a + r t (McCullagh and Nelder, Generalized Linear Models, 1989, section 4.3), its
variance inflated by a dispersion estimated from Pearson's statistic (section 4.5). The likelihood
of a topic depends on its counts through two sums, of y and of y t, so the counts are never spread
out into a matrix of topics by periods.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from growth.counts import (
    CONVERGED,
    NOT_CONVERGED,
    Cells,
    Design,
    Floats,
    Integers,
    prepare,
    status_before_fit,
    sums_by_topic,
)

_MAX_ITERATIONS = 60
# Newton's steps converge quadratically: after a step this small the next would be lost in rounding.
_STEP_TOLERANCE = 1e-9
# Fitted probabilities computed at a time: few enough to stay in a processor's cache.
_BLOCK_CELLS = 1 << 16
_TILTS = 401


@dataclass(frozen=True)
class TrendFit:
    """Trends of T topics; every array has shape (T,). Where a number does not exist it is NaN.

    ``status`` says why. ``growth_rate`` (r) is per unit of ``times``; the odds multiply by e^r per
    unit. ``intercept`` (a) is the log-odds at time 0. ``growth_rate_se`` is the binomial model's
    own standard error, ``growth_rate_model_se``, times the square root of ``dispersion``, which is
    at least 1. The interval and ``p_value`` come from Student's t with P - 2 degrees of freedom, P
    the number of periods with articles. ``share_start`` and ``share_end`` are the fitted p at the
    first and the last of these.
    """

    status: NDArray[np.str_]
    articles: Integers
    intercept: Floats
    growth_rate: Floats
    intercept_model_se: Floats
    growth_rate_model_se: Floats
    growth_rate_se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    dispersion: Floats
    deviance: Floats
    pearson: Floats
    iterations: Integers
    share_start: Floats
    share_end: Floats


def fit_trend(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> TrendFit:
    """Fit the trend logit p(t) = a + r t to every topic by maximum likelihood.

    ``topic``, ``period`` and ``count``, each of shape (C,), are the non-zero cells in any order: in
    period ``period[c]`` (an index into ``totals``) ``count[c]`` articles carry topic ``topic[c]``
    (an integer from 0). Cells of one topic and period add up. ``totals`` and ``times``, shape (P,),
    are the articles of each period and its time; periods without articles say nothing and are left
    out. ``topics`` is the number of topics, where the last ones may have no cell. Topics with fewer
    than ``min_articles`` articles are not fitted.

    Raises ValueError for arrays of other shapes, negative counts, a count above its period's total,
    indices out of range, and times that are not finite.
    """
    cells, design, size = prepare(topic, period, count, totals, times, topics)
    articles = sums_by_topic(cells, cells.count, size)
    status = status_before_fit(cells, design, articles, min_articles)
    fitted = np.flatnonzero(status == "")
    scaled_sum = sums_by_topic(cells, cells.count * design.scaled[cells.period], size)
    result = _maximise(design, articles[fitted], scaled_sum[fitted])
    status[fitted] = np.where(result.converged, CONVERGED, NOT_CONVERGED)
    converged = fitted[result.converged]
    kept = result.take(result.converged)
    deviance, pearson = _goodness(cells, design, converged, kept, size)
    freedom = len(design.totals) - 2
    dispersion = np.maximum(1.0, pearson / freedom) if freedom > 0 else pearson
    rate = kept.slope / design.scale
    intercept_se, rate_se = _model_errors(design, kept)
    scaled_se = rate_se * np.sqrt(dispersion)
    quantile = special.stdtrit(freedom, 0.5 + confidence / 2) if freedom > 0 else np.nan
    ends = design.scaled[[0, -1]] if len(design.scaled) else np.zeros(2)

    def spread(values: Floats) -> Floats:
        full = np.full(size, np.nan)
        full[converged] = values
        return full

    iterations = np.zeros(size, dtype=np.int64)
    iterations[fitted] = result.iterations
    statistic = rate / scaled_se
    return TrendFit(
        status=status,
        articles=articles.astype(np.int64),
        intercept=spread(kept.level - kept.slope * design.centre / design.scale),
        growth_rate=spread(rate),
        intercept_model_se=spread(intercept_se),
        growth_rate_model_se=spread(rate_se),
        growth_rate_se=spread(scaled_se),
        ci_low=spread(rate - quantile * scaled_se),
        ci_high=spread(rate + quantile * scaled_se),
        statistic=spread(statistic),
        p_value=spread(2 * special.stdtr(freedom, -np.abs(statistic))),
        dispersion=spread(dispersion),
        deviance=spread(deviance),
        pearson=spread(pearson),
        iterations=iterations,
        share_start=spread(special.expit(kept.level + kept.slope * ends[0])),
        share_end=spread(special.expit(kept.level + kept.slope * ends[1])),
    )


def adjust_p_values(p_values: ArrayLike) -> Floats:
    """Return q-values: the smallest false discovery rate at which each hypothesis is rejected.

    The step-up procedure of Benjamini and Hochberg (1995, Journal of the Royal Statistical Society
    B 57, 289-300). Shape (T,) in and out; NaN stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    # The factor first: it is at least 1, so that rounding takes no q-value below its p-value.
    ranked = p[order] * (len(order) / np.arange(1, len(order) + 1))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return q


@dataclass(frozen=True)
class _Solution:
    """Coefficients on the scaled time, the information matrix (its entries 00, 01 and 11, shape
    (F, 3)), and how the search ended."""

    level: Floats
    slope: Floats
    information: Floats
    iterations: Integers
    converged: NDArray[np.bool_]

    def take(self, kept: NDArray[np.bool_]) -> "_Solution":
        """Return the topics chosen."""
        return _Solution(
            self.level[kept],
            self.slope[kept],
            self.information[kept],
            self.iterations[kept],
            self.converged[kept],
        )


def _maximise(design: Design, articles: Floats, scaled_sum: Floats) -> _Solution:
    """Maximise the likelihoods by Newton's method, block by block. Arguments have shape (F,)."""
    moments = design.moments
    level, slope = _poisson_start(design, articles, scaled_sum)
    size = len(articles)
    information = np.zeros((size, 3))
    iterations = np.zeros(size, dtype=np.int64)
    converged = np.zeros(size, dtype=np.bool_)
    block = max(1, _BLOCK_CELLS // max(1, len(design.totals)))
    for begin in range(0, size, block):
        active = np.arange(begin, min(begin + block, size))
        previous = np.full(len(active), np.inf)
        step = np.zeros((2, len(active)))
        for _ in range(_MAX_ITERATIONS):
            expected, info = _sums(design, moments, level[active], slope[active])
            information[active] = info
            iterations[active] += 1
            score_0 = articles[active] - expected[:, 0]
            score_1 = scaled_sum[active] - expected[:, 1]
            determinant = info[:, 0] * info[:, 2] - info[:, 1] ** 2
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                newton = (
                    np.stack(
                        [
                            info[:, 2] * score_0 - info[:, 1] * score_1,
                            info[:, 0] * score_1 - info[:, 1] * score_0,
                        ]
                    )
                    / determinant
                )
                # The score in the metric of the information: it falls to 0 at the maximum.
                decrement = score_0 * newton[0] + score_1 * newton[1]
            # A step that made things worse went too far: go back half of it.
            too_far = ~(decrement <= 2 * previous + 1e-8)
            step = np.where(too_far, -step / 2, newton)
            # What has just been undone counts as the step to halve next.
            level[active] += step[0]
            slope[active] += step[1]
            step = np.where(too_far, -step, step)
            size_of_step = np.maximum(
                np.abs(step[0]) / (1 + np.abs(level[active])),
                np.abs(step[1]) / (1 + np.abs(slope[active])),
            )
            done = (size_of_step < _STEP_TOLERANCE) & ~too_far
            converged[active[done]] = True
            previous = np.where(too_far, previous, decrement)[~done]
            step, active = step[:, ~done], active[~done]
            if not len(active):
                break
    return _Solution(level, slope, information, iterations, converged)


def _sums(design: Design, moments: Floats, level: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Return for each topic the sums over periods of n p u^k, k = 0, 1, and n p (1 - p) u^k,
    k = 0, 1, 2. Shapes (F, 2) and (F, 3)."""
    p = slope[:, None] * design.scaled
    p += level[:, None]
    np.negative(p, out=p)
    with np.errstate(over="ignore"):
        np.exp(p, out=p)
    p += 1
    np.reciprocal(p, out=p)
    expected = p @ moments[:, :2]
    np.subtract(p, p * p, out=p)
    return expected, p @ moments


def _poisson_start(design: Design, articles: Floats, scaled_sum: Floats) -> tuple[Floats, Floats]:
    """Return starting values: the maximum of the Poisson likelihood, to which the binomial tends
    as p goes to 0. There the mean time of a topic's articles, sum(y u) / sum(y), equals the mean of
    u under weights n e^(r u), an increasing function of r alone: it is tabled once and inverted."""
    if not len(articles):
        return np.zeros(0), np.zeros(0)
    # The range covers topics that double in a hundredth of the window.
    tilts = np.sinh(np.linspace(-np.arcsinh(300.0), np.arcsinh(300.0), _TILTS))
    exponent = tilts[:, None] * design.scaled
    top = exponent.max(axis=1)
    weights = design.totals * np.exp(exponent - top[:, None])
    mass = weights.sum(axis=1)
    slope = np.interp(scaled_sum / articles, (weights @ design.scaled) / mass, tilts)
    log_mass = np.interp(slope, tilts, np.log(mass) + top)
    level = np.log(articles) - log_mass
    # A topic in most articles is far from Poisson: start it at its overall share and no slope.
    share = articles / design.totals.sum()
    common = share > 0.2
    level[common] = special.logit(share[common])
    slope[common] = 0.0
    return level, slope


def _model_errors(design: Design, fit: _Solution) -> tuple[Floats, Floats]:
    """Return the standard errors of intercept and rate on the caller's time: roots of the diagonal
    of the inverse information."""
    info_00, info_01, info_11 = fit.information.T
    determinant = info_00 * info_11 - info_01**2
    shift = design.centre / design.scale
    intercept_variance = (info_11 + 2 * shift * info_01 + shift**2 * info_00) / determinant
    return np.sqrt(intercept_variance), np.sqrt(info_00 / determinant) / design.scale


def _goodness(
    cells: Cells, design: Design, fitted: Integers, fit: _Solution, topics: int
) -> tuple[Floats, Floats]:
    """Return the deviance and Pearson's statistic of the fitted topics, zeros included.

    Both are a sum over all periods as if no article carried the topic, put right at the non-zero
    cells: for Pearson's statistic sum(n p / (1 - p)) and (y^2 - 2 y n p) / (n p (1 - p)).
    """
    place = np.full(topics, -1, dtype=np.int64)
    place[fitted] = np.arange(len(fitted))
    topic = place[cells.topic]
    mine = topic >= 0
    own = Cells(topic[mine], cells.period[mine], cells.count[mine])
    deviance, pearson = np.zeros(len(fitted)), np.zeros(len(fitted))
    block = max(1, _BLOCK_CELLS // max(1, len(design.totals)))
    for begin in range(0, len(fitted), block):
        part = slice(begin, begin + block)
        eta = fit.slope[part, None] * design.scaled + fit.level[part, None]
        odds = np.exp(eta)
        size = len(odds)
        first, last = np.searchsorted(own.topic, [begin, begin + size])
        here = Cells(own.topic[first:last] - begin, own.period[first:last], own.count[first:last])
        at = here.topic, here.period
        # numpy's logarithms take a third of the time of scipy's xlogy and xlog1py.
        y, n = here.count, design.totals[here.period]
        share = y / n
        log_others = np.log1p(-np.where(share < 1, share, 0.0))  # where y = n, 0 log 0 is 0
        log_likelihood = y * (np.log(share) - eta[at]) + (n - y) * log_others
        inflated = y * (1 + odds[at])
        squares = inflated * (inflated / (n * odds[at]) - 2)
        pearson[part] = odds @ design.totals + sums_by_topic(here, squares, size)
        log_without = np.log1p(odds) @ design.totals
        deviance[part] = 2 * (log_without + sums_by_topic(here, log_likelihood, size))
    return deviance, pearson
