"""Few points in place of many periods: Gauss's rule for the articles of a window.

Sums over periods of n f(t), f a smooth function such as a logistic curve, need not visit every
period. Of all rules with Q points, Gauss's for the measure that puts weight n on each period is
exact for polynomials of degree 2 Q - 1 (Golub and Welsch, 1969, Mathematics of Computation 23,
221-230; here from the matrix of multiplication by t in polynomials orthonormal over the periods).
A logistic curve with slope r over a window of length 1 has its nearest poles at a distance of
pi / |r| from the real line, so that the error falls like rho^(-2 Q) with
rho = s + sqrt(1 + s^2), s = 2 pi / |r| (Trefethen, 2013, Approximation Theory and Approximation
Practice, theorem 19.3): 8 points give all digits for slopes of up to 1, and 16 of up to 4. Steeper
topics take more points, the steepest all periods.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from growth.counts import Cells, Design, Floats

# Points, and the steepest slope over the window that they are used for.
_TIERS = ((8, 1.0), (16, 4.0), (24, 8.0), (48, 20.0))


@dataclass(frozen=True)
class Grid:
    """A rule with Q = ``points`` points for a window of P periods; ``limit`` is the steepest slope
    that it is precise for. It is made when it is first needed."""

    points: int
    limit: float
    design: Design

    @cached_property
    def _rule(self) -> tuple[Floats, Floats, Floats | None]:
        if self.limit == np.inf:
            return self.design.scaled, self.design.totals, None
        return _gauss(self.design, self.points)

    @property
    def nodes(self) -> Floats:
        """Shape (Q,)."""
        return self._rule[0]

    @property
    def weights(self) -> Floats:
        """The sum over periods of n f(u) is that of weights f(nodes). Shape (Q,)."""
        return self._rule[1]

    @property
    def interpolation(self) -> Floats | None:
        """Column q is the polynomial that is 1 at node q and 0 at the others; none where the nodes
        are the periods themselves. Shape (P, Q)."""
        return self._rule[2]

    @cached_property
    def moments(self) -> Floats:
        """Rows n u^k, k = 0 to 4: weights of sums. Shape (5, Q)."""
        return self.weights * self.nodes ** np.arange(5)[:, None]

    def transfer(self, totals: Floats, columns: Floats) -> Floats:
        """Return weights (Q, K) such that f(nodes) @ weights is the sum over periods of n f c for
        each of the K ``columns`` c, shape (P, K), which need not be smooth."""
        weighted = totals[:, None] * columns
        return weighted if self.interpolation is None else self.interpolation.T @ weighted

    def counts(self, cells: Cells) -> Floats:
        """Return counts at the nodes that stand for those of the periods: sum(y f(u)) over cells
        is their sum with f(nodes). Shape (F, Q)."""
        if self.interpolation is not None:
            return cells.products(self.interpolation)
        dense = np.zeros((cells.topics, len(self.nodes)))
        dense[np.repeat(np.arange(cells.topics), cells.lengths), cells.period] = cells.count
        return dense


def make_grids(design: Design) -> list[Grid]:
    """Return the grids of a window, the coarsest first; the last is the periods themselves."""
    periods = len(design.totals)
    distinct = len(np.unique(design.scaled))
    grids = [
        Grid(points, limit, design)
        for points, limit in _TIERS
        if 2 * points <= min(periods, distinct)
    ]
    return [*grids, Grid(periods, np.inf, design)]


def _gauss(design: Design, points: int) -> tuple[Floats, Floats, Floats]:
    """Return nodes, weights and interpolation."""
    low, high = design.scaled.min(), design.scaled.max()
    unit = (2 * design.scaled - low - high) / (high - low)
    root = np.sqrt(design.totals)
    basis, _ = np.linalg.qr(np.polynomial.chebyshev.chebvander(unit, points - 1) * root[:, None])
    multiplication = basis.T @ (unit[:, None] * basis)
    nodes, vectors = np.linalg.eigh((multiplication + multiplication.T) / 2)
    root_weights = vectors.T @ (basis.T @ root)
    return (
        (nodes * (high - low) + low + high) / 2,
        root_weights**2,
        (basis @ vectors) * root_weights / root[:, None],
    )
