"""How well a shape describes what was counted, between sixteenths of the window."""

import numpy as np
from scipy import stats

from growth.model.counts import Floats
from growth.model.noise.memory import SIXTEENTHS

# A constant is no worse than chance and bursts where its deviance is below this: nothing is left
# for a shape to explain.
_NOTHING_TO_EXPLAIN = float(stats.chi2(SIXTEENTHS - 1).ppf(0.95))


def fit_quality(counts: Floats, totals: Floats, expected: Floats, square: Floats) -> Floats:
    """Return 1 - D(shape) / D(constant) of F topics, NaN where a constant says all. ``counts`` and
    ``expected``, those of the shape, have shape (F, 16), ``totals`` (16,); ``square``, shape (F,),
    is the variance of the log-odds of a sixteenth by the topic's own noise.

    D is the binomial deviance less what bursts explain: the deviance of each sixteenth over
    1 + s^2 n p (1 - p), by which noise multiplies its expectation."""
    constant = totals * (counts.sum(axis=1, keepdims=True) / totals.sum())
    of_constant = _deviance(counts, totals, constant, square)
    of_shape = _deviance(counts, totals, expected, square)
    with np.errstate(divide="ignore", invalid="ignore"):
        quality = 1 - of_shape / of_constant
    return np.where(of_constant > _NOTHING_TO_EXPLAIN, quality, np.nan)


def _deviance(counts: Floats, totals: Floats, expected: Floats, square: Floats) -> Floats:
    mean = np.clip(expected, 1e-9, totals * (1 - 1e-9))
    others, others_mean = totals - counts, totals - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = np.where(counts > 0, counts * np.log(counts / mean), 0.0)
        deviance += np.where(others > 0, others * np.log(others / others_mean), 0.0)
    # By the larger of what was counted and expected: a burst on nothing is a burst.
    typical = np.maximum(counts, mean)
    typical = typical * (1 - typical / totals)
    return np.asarray((2 * deviance / (1 + square[:, None] * typical)).sum(axis=1))
