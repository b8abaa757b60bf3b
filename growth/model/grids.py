"""Few points in place of many periods: Gauss's rule for the articles of a window.

Sums over periods of n f(t), f a smooth function such as a logistic curve, need not visit every
period. Of all rules with Q points, Gauss's for the measure that puts weight n on each period is
exact for polynomials of degree 2 Q - 1 (Golub and Welsch, 1969, Mathematics of Computation 23,
221-230; here from the matrix of multiplication by t in polynomials orthonormal over the periods).
A logistic curve with slope r over a window of length 1 has its nearest poles at a distance of
pi / |r| from the real line, so that the error falls like rho^(-2 Q) with
rho = s + sqrt(1 + s^2), s = 2 pi / |r| (Trefethen, 2013, Approximation Theory and Approximation
Practice, theorem 19.3): 8 points give all digits for slopes of up to 1, and 16 of up to 4.

For steeper curves the window is cut into equal pieces with 16 points each, so many that the slope
over a piece is at most 4 (a composite rule: Davis and Rabinowitz, 1984, Methods of Numerical
Integration, section 2.4): four points for each unit of slope, where one rule for the whole window
would become ill-conditioned. The steepest curves take all periods.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from growth.model.cells import Cells, Columns
from growth.model.counts import Design, Floats

# Points, and the steepest slope over the window that they are used for.
_TIERS = ((8, 1.0), (16, 4.0), (24, 8.0), (48, 20.0))
# Fewest points for curves: likelihoods need more than sums of the fitted curve do.
_CURVE_POINTS = 48
# The same for the window in pieces: points of a piece and slope over it, then slopes.
_PIECE_POINTS, _PIECE_SLOPE = 16, 4.0
_IN_PIECES = (40.0, 80.0, 160.0, 320.0, 640.0)


@dataclass(frozen=True)
class Grid:
    """A rule with Q = ``points`` points for a window of P periods that is cut into ``pieces``;
    ``limit`` is the steepest slope that it is precise for. It is made when it is first needed."""

    points: int
    limit: float
    design: Design
    pieces: int = 1

    @cached_property
    def _rule(self) -> tuple[Floats, Floats, Columns | None]:
        design = self.design
        if self.limit == np.inf:
            return design.scaled, design.totals, None
        if self.pieces == 1:
            return _gauss(design.scaled, design.totals, self.points)
        edges = np.linspace(design.scaled[0], design.scaled[-1], self.pieces + 1)[1:-1]
        cuts = [0, *np.searchsorted(design.scaled, edges), len(design.scaled)]
        rules = [
            _gauss(design.scaled[begin:end], design.totals[begin:end], _PIECE_POINTS)
            for begin, end in itertools.pairwise(cuts)
            if begin < end
        ]
        nodes, weights, blocks = zip(*rules, strict=True)
        together = sparse.csr_array(sparse.block_diag(blocks, format="csr"))
        return np.concatenate(nodes), np.concatenate(weights), together

    @property
    def reach(self) -> float:
        """How steep a curve may become during the search before a finer grid takes over. A curve
        that leaves the first grid begins anew on the next, so it may first go twice as far: it may
        still come back."""
        return 2 * self.limit if self.pieces == 1 else self.limit

    @property
    def nodes(self) -> Floats:
        """Shape (Q,)."""
        return self._rule[0]

    @property
    def weights(self) -> Floats:
        """The sum over periods of n f(u) is that of weights f(nodes). Shape (Q,)."""
        return self._rule[1]

    @property
    def interpolation(self) -> Columns | None:
        """Column q is the polynomial that is 1 at node q and 0 at the others of its piece; none
        where the nodes are the periods themselves. Shape (P, Q)."""
        return self._rule[2]

    @cached_property
    def moments(self) -> Floats:
        """Rows n u^k, k = 0 to 4: weights of sums. Shape (5, Q)."""
        return self.weights * self.powers

    @cached_property
    def powers(self) -> Floats:
        """Rows u^k, k = 0 to 4. Shape (5, Q)."""
        return np.asarray(self.nodes ** np.arange(5)[:, None])

    def transfer(self, totals: Floats, columns: Floats) -> Floats:
        """Return weights (Q, K) such that f(nodes) @ weights is the sum over periods of n f c for
        each of the K ``columns`` c, shape (P, K), which need not be smooth."""
        weighted = totals[:, None] * columns
        if self.interpolation is None:
            return weighted
        return np.asarray(self.interpolation.T @ weighted)

    def counts(self, cells: Cells) -> Floats:
        """Return counts at the nodes that stand for those of the periods: sum(y f(u)) over cells
        is their sum with f(nodes). Shape (F, Q)."""
        if self.interpolation is not None:
            return cells.products(self.interpolation)
        dense = np.zeros((cells.topics, len(self.nodes)))
        dense[np.repeat(np.arange(cells.topics), cells.lengths), cells.period] = cells.count
        return dense


def make_grids(design: Design) -> tuple[list[Grid], list[Grid]]:
    """Return the grids of a window for trends and those for curves, the coarsest first; the last
    of each is the periods themselves. Only curves have grids of a window in pieces: few trends are
    so steep."""
    periods = len(design.totals)
    # With more points than half of the periods a rule saves less than it costs to make.
    most = min(periods, len(np.unique(design.scaled))) // 2
    whole = [Grid(points, limit, design) for points, limit in _TIERS if points <= most]
    in_pieces = []
    for limit in _IN_PIECES:
        pieces = int(limit / _PIECE_SLOPE)
        if pieces * _PIECE_POINTS <= most:
            in_pieces.append(Grid(pieces * _PIECE_POINTS, limit, design, pieces))
    finest = Grid(periods, np.inf, design)
    for_curves = [grid for grid in whole if grid.points >= _CURVE_POINTS]
    return [*whole, finest], [*for_curves, *in_pieces, finest]


def _gauss(scaled: Floats, totals: Floats, points: int) -> tuple[Floats, Floats, Floats]:
    """Return nodes, weights and interpolation of a rule for some periods; where they are too few
    for so many points, each is one."""
    distinct, place = np.unique(scaled, return_inverse=True)
    if len(distinct) <= points:
        weights: Floats = np.bincount(place, totals).astype(np.float64)
        return distinct, weights, np.eye(len(distinct))[place]
    low, high = distinct[0], distinct[-1]
    unit = (2 * scaled - low - high) / (high - low)
    root = np.sqrt(totals)
    basis, _ = np.linalg.qr(np.polynomial.chebyshev.chebvander(unit, points - 1) * root[:, None])
    multiplication = basis.T @ (unit[:, None] * basis)
    nodes, vectors = np.linalg.eigh((multiplication + multiplication.T) / 2)
    root_weights = vectors.T @ (basis.T @ root)
    return (
        (nodes * (high - low) + low + high) / 2,
        root_weights**2,
        (basis @ vectors) * root_weights / root[:, None],
    )
