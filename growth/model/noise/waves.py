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
from scipy import optimize

from growth.model.counts import Floats
from growth.model.grids import Grid

_FEWEST, _MOST = 8, 24


def number_of_waves(periods: int) -> int:
    """Return B for a window of so many periods: 2 + 0.3 P^(2/3), but 10 to 26, and at most half of
    what two coefficients leave. Chosen by simulation (DECISIONS.md)."""
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
        """Return weights of sums over a grid's nodes, of n f c and of n f c^2 for every wave c.
        Each of shape (B, Q)."""
        if grid.limit not in self._weights:
            self._weights[grid.limit] = (
                np.ascontiguousarray(grid.transfer(self.totals, self.columns).T),
                np.ascontiguousarray(grid.transfer(self.totals, self.columns**2).T),
            )
        return self._weights[grid.limit]


def make_bursts(totals: Floats) -> Bursts:
    """Prepare the waves of a window."""
    number = number_of_waves(len(totals))
    return Bursts(number, waves(len(totals), number), totals)
