"""The beta-binomial: counts of several groups that scatter alike, more widely than binomial ones.

No product uses it: test_least_squares.py holds its results against published ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BetaBinomialFit:
    """``share`` and ``share_se``, shape (G,): each group's mean probability. ``theta`` is a + b of
    the beta distribution, the intraclass correlation 1 / (theta + 1); ``log_likelihood`` includes
    the binomial coefficients."""

    share: Floats
    share_se: Floats
    theta: float
    log_likelihood: float


def fit_beta_binomial(group: NDArray[np.int64], count: Floats, total: Floats) -> BetaBinomialFit:
    """Fit one probability a group and one theta by maximum likelihood (Crowder, 1978, Applied
    Statistics 27, 34-37). ``group``, from 0, ``count`` and ``total`` have shape (N,)."""
    g, y, n = group, count, total
    coefficients = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)

    def loss(at: Floats) -> tuple[float, Floats]:
        """Return minus the log-likelihood, and its gradient."""
        p, theta = special.expit(at[:-1])[g], np.exp(at[-1])
        a, b = p * theta, (1 - p) * theta
        value = (coefficients + special.betaln(y + a, n - y + b) - special.betaln(a, b)).sum()
        by_a = special.psi(y + a) - special.psi(a)
        by_b = special.psi(n - y + b) - special.psi(b)
        both = special.psi(n + theta) - special.psi(theta)
        by_p = np.bincount(g, (by_a - by_b) * theta * p * (1 - p), len(at) - 1)
        by_theta = (p * by_a + (1 - p) * by_b - both).sum() * theta
        return -float(value), -np.r_[by_p, by_theta]

    groups = int(g.max()) + 1
    share = (np.bincount(g, y, groups) + 0.5) / (np.bincount(g, n, groups) + 1)
    best = optimize.minimize(
        loss,
        np.r_[special.logit(share), np.log(10.0)],
        jac=True,
        method="BFGS",
        options={"gtol": 1e-9},
    )
    # The observed information, by central differences of the exact gradient.
    step = 1e-5
    rows = [
        (loss(best.x + d)[1] - loss(best.x - d)[1]) / (2 * step) for d in step * np.eye(groups + 1)
    ]
    covariance = np.linalg.inv(np.array(rows))
    p = special.expit(best.x[:-1])
    return BetaBinomialFit(
        share=p,
        share_se=p * (1 - p) * np.sqrt(np.diag(covariance)[:-1]),
        theta=float(np.exp(best.x[-1])),
        log_likelihood=-float(best.fun),
    )
