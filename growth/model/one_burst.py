"""Does one sixteenth of the window make a topic's movement? Then it is marked: one burst.

The sixteenth in question is the fullest of the higher quarter, the last where a topic grew and the
first where it shrank. Trend and change are tested again without it: the change in changes.py, the
trend here, by one step of Newton's method from where it is.
"""

import numpy as np
from scipy import special

from growth.model.changes import Changes
from growth.model.counts import Floats
from growth.model.noise.memory import SIXTEENTHS
from growth.model.noise.students import two_sided
from growth.model.trends import Block, TrendFit

_QUARTER = SIXTEENTHS // 4


def rates_without_fullest(block: Block, changes: Changes) -> tuple[Floats, Floats]:
    """Return the growth rates of a block's trends, and their binomial errors, each of shape (F,),
    where the fullest sixteenth of the higher quarter is left out; NaN where the window has too few
    periods."""
    trends = block.trends
    if changes.counts is None:
        nothing = np.full(len(block.rows), np.nan)
        return nothing, nothing
    y, n, u = changes.counts[block.rows], changes.totals, changes.times
    p = special.expit(trends.level[:, None] + trends.slope[:, None] * u)
    weight, residual = n * p * (1 - p), y - n * p
    share = y / n
    part = np.where(
        trends.slope > 0,
        SIXTEENTHS - _QUARTER + share[:, -_QUARTER:].argmax(axis=1),
        share[:, :_QUARTER].argmax(axis=1),
    )
    kept = np.arange(SIXTEENTHS) != part[:, None]
    weight, residual = weight * kept, residual * kept
    i0, i1, i2 = ((weight * u**power).sum(axis=1) for power in range(3))
    score_0, score_1 = residual.sum(axis=1), (residual * u).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = i0 * i2 - i1 * i1
        step = (i0 * score_1 - i1 * score_0) / determinant
        scale = block.tables.design.scale
        return (trends.slope + step) / scale, np.sqrt(i0 / determinant) / scale


def p_values_without_fullest(rate: Floats, error: Floats, trend: TrendFit) -> Floats:
    """Return the p-values of these rates, with each topic's own dispersion; 1 where the direction
    is another. Shape (T,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = rate / (error * np.sqrt(trend.long_run_dispersion))
        same = rate * trend.growth_rate > 0
        return np.where(same, two_sided(trend.freedom, statistic), 1.0)
