"""How far from independent a topic's articles are: its long-run dispersion, and tests from it.

News comes in bursts. Around its fitted curve a topic's count has a variance above the binomial's,
and one day's surplus is likely to be followed by another. The error of a trend depends on the
variance of slow swings, for these can be mistaken for a trend. It is measured on B waves that are
slow, orthogonal to a constant and to a line: the even ones are cosines cos(2 pi k s), the odd ones
sines sin(2 w s) with tan(w) = w, s from -1/2 to 1/2 over the window (Mueller and Watson, 2008,
Econometrica 76, 979-1016, the detrended case; equally weighted, as Lazarus, Lewis, Stock and
Watson, 2018, Journal of Business and Economic Statistics 36, 541-559, advise for cosines). With
residuals e = y - n p, wave c and binomial variance v = n p (1 - p),

    long-run dispersion = sum over waves of (sum e c)^2 / sum over waves of |c|^2_v,

where |c|^2_v is the sum of v c^2 after the part that the fitted coefficients take up, the weighted
regression of c on their derivatives, has been subtracted. It estimates 1 if articles are
independent, and has about B degrees of freedom.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import optimize, special

from growth.model.counts import Floats
from growth.model.grids import Grid

_FEWEST, _MOST = 8, 24
_DEGREE = 14
_CURVE_SHARE = 0.35


def number_of_waves(periods: int) -> int:
    """Return B for a window of so many periods: 0.3 P^(2/3), but 8 to 24, and at most half of what
    two coefficients leave. Chosen by simulation: with more waves, flat topics are rejected too
    often where the noise's autocorrelation from day to day is 0.9; with fewer, less growth is found
    (see DECISIONS.md)."""
    wanted = int(np.rint(0.3 * periods ** (2 / 3)))
    return max(1, min(max(_FEWEST, min(wanted, _MOST)), (periods - 2) // 2))


@lru_cache(maxsize=64)
def waves(periods: int, number: int) -> Floats:
    """Return the slow waves, each of mean square about 1. Shape (P, number)."""
    s = (np.arange(periods) + 0.5) / periods - 0.5
    columns = []
    for index in range(number):
        k = index // 2 + 1
        if index % 2 == 0:
            columns.append(np.cos(2 * np.pi * k * s))
        else:
            root = optimize.brentq(
                lambda w: np.sin(w) - w * np.cos(w), k * np.pi + 1e-9, (k + 0.5) * np.pi - 1e-9
            )
            columns.append(np.sin(2 * root * s))
    return np.asarray(np.sqrt(2) * np.column_stack(columns))


@dataclass(frozen=True)
class Bursts:
    """What a window's long-run dispersions are computed from: ``columns``, shape (P, B), are its
    waves."""

    number: int
    columns: Floats
    totals: Floats

    @cached_property
    def _weights(self) -> dict[float, tuple[Floats, Floats]]:
        return {}

    def weights(self, grid: Grid) -> tuple[Floats, Floats]:
        """Return weights of sums over a grid's nodes: of n f c, for every wave c, shape (B, Q), and
        of n f times the sum of all c^2, shape (Q,)."""
        if grid.limit not in self._weights:
            squares = (self.columns**2).sum(axis=1, keepdims=True)
            by_wave = np.ascontiguousarray(grid.transfer(self.totals, self.columns).T)
            self._weights[grid.limit] = by_wave, grid.transfer(self.totals, squares)[:, 0]
        return self._weights[grid.limit]


def make_bursts(totals: Floats) -> Bursts:
    """Prepare the waves of a window."""
    number = number_of_waves(len(totals))
    return Bursts(number, waves(len(totals), number), totals)


def degrees_of_freedom(number: int, dispersion: Floats) -> Floats:
    """Return the degrees of freedom of Student's t for a ratio whose variance is the binomial's
    times ``dispersion``, at least 1, estimated from ``number`` waves.

    The formula is not derived but chosen by simulation (see DECISIONS.md). One wave is given up
    for autocorrelation and skewness. An estimate at its floor, 1, is not random, and with B - 1
    degrees of freedom the test would then reject too seldom: it gets twice as many, and still
    rejects only 2 to 4 % of topics whose articles are independent. Above the floor it rejects 4 to
    5 %, and up to 10 % if autocorrelation is 0.9."""
    return _least(number) * (1 + dispersion**-8.0)


def curve_degrees_of_freedom(number: int, dispersion: Floats) -> Floats:
    """Return the degrees of freedom for intervals of S-curves and pulses.

    Their third coefficient takes up slow swings too, and they are reported only where they came out
    well dated, which favours those whose dispersion came out too low. Chosen by simulation as well:
    with all waves but three, 95 % intervals cover 89 % in the worst case; with this share of the
    waves all cover what they should (docs/calibration.md)."""
    return np.asarray(max(1.0, _CURVE_SHARE * number) * (1 + dispersion**-8.0))


def _least(number: int) -> int:
    return max(1, number - 1)


def quantiles(number: int, confidence: float) -> np.polynomial.Chebyshev:
    """Return the two-sided quantile of Student's t as a function of 1 / freedom, for all that
    ``degrees_of_freedom`` returns. It is smooth and interpolated to rounding: scipy's own inversion
    would take as long as the fit."""
    return np.polynomial.Chebyshev.interpolate(
        lambda x: special.stdtrit(1 / x, 0.5 + confidence / 2),
        _DEGREE,
        domain=[0.5 / _least(number), 1.0 / _least(number)],
    )


def two_sided(freedom: Floats, statistic: Floats) -> Floats:
    """Return the p-values of Student's t."""
    return np.asarray(2 * special.stdtr(freedom, -np.abs(statistic)))
