"""Student's t: its quantiles and p-values, for many degrees of freedom at once."""

from functools import lru_cache

import numpy as np
from scipy import special

from growth.model.counts import Floats

_DEGREE = 24
# Fewer degrees of freedom than this no dispersion has.
FEWEST = 2.0
# The third coefficient of S-curves and pulses takes up slow swings too, and they are told only
# where they came out well dated, which favours those whose dispersion came out too low. So their
# intervals have this share of the waves as degrees of freedom. Chosen by simulation
# (docs/calibration.md).
_CURVE_SHARE = 0.35


@lru_cache(maxsize=16)
def _quantiles(confidence: float) -> np.polynomial.Chebyshev:
    """Return the two-sided quantile as a function of 1 / freedom, from 0. It is smooth and
    interpolated to rounding: scipy's own inversion would take as long as the fit."""

    def exact(x: Floats) -> Floats:
        return np.asarray(special.stdtrit(1 / np.maximum(x, 1e-9), 0.5 + confidence / 2))

    return np.polynomial.Chebyshev.interpolate(exact, _DEGREE, domain=[0.0, 1 / FEWEST])


def quantile(freedom: Floats, confidence: float) -> Floats:
    """Return how many errors an interval reaches to either side. ``freedom`` is FEWEST at least."""
    return np.asarray(_quantiles(confidence)(1 / freedom))


def two_sided(freedom: Floats, statistic: Floats) -> Floats:
    """Return the p-values."""
    return np.asarray(2 * special.stdtr(freedom, -np.abs(statistic)))


def curve_degrees_of_freedom(number: int, dispersion: Floats) -> Floats:
    """Return the degrees of freedom for intervals of S-curves and pulses, of which ``dispersion``
    was estimated from ``number`` waves. An estimate at its floor, 1, is not random: it gets twice
    as many."""
    return np.asarray(max(1.0, _CURVE_SHARE * number) * (1 + dispersion**-8.0))
