"""The beta-binomial: counts of several groups, over-dispersed alike. For checks and for few
rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from growth.model.arguments import check_articles, check_indices
from growth.model.counts import Floats


@dataclass(frozen=True)
class BetaBinomialFit:
    """``share`` and ``share_se``, shape (G,): each group's mean probability. ``theta`` is a + b of
    the beta distribution, the intraclass correlation 1 / (theta + 1); ``log_likelihood`` includes
    the binomial coefficients."""

    share: Floats
    share_se: Floats
    theta: float
    log_likelihood: float


def fit_beta_binomial(group: ArrayLike, count: ArrayLike, total: ArrayLike) -> BetaBinomialFit:
    """Fit one probability a group and one theta by maximum likelihood (Crowder, 1978, Applied
    Statistics 27, 34-37). ``group``, from 0, ``count`` and ``total`` have shape (N,).

    Raises ValueError, in one line, for arrays of other shapes or types, groups that have no row,
    and counts outside 0 to their total.
    """
    y, n = (
        check_articles(name, values).astype(np.float64)
        for name, values in (("count", count), ("total", total))
    )
    g = check_indices(
        "group", group, max(0, len(y) - 1), "groups are indices, whole numbers from 0 without gaps"
    )
    if not len(g) == len(y) == len(n) > 0:
        raise ValueError("group, count and total must be of equal length, one or more")
    if not np.bincount(g).all():
        raise ValueError(f"group {np.bincount(g).argmin()} has no row: number groups without gaps")
    if (y > n).any():
        raise ValueError(f"count[{np.argmax(y > n)}] is above its total")
    coefficients = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)

    def state(at: Floats) -> tuple[float, Floats]:
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
        state, np.r_[special.logit(share), np.log(10.0)], jac=True, method="BFGS",
        options={"gtol": 1e-9},
    )  # fmt: skip
    # The observed information, by central differences of the exact gradient.
    step = 1e-5
    rows = [(state(best.x + d)[1] - state(best.x - d)[1]) / (2 * step)
            for d in step * np.eye(groups + 1)]  # fmt: skip
    covariance = np.linalg.inv(np.array(rows))
    p = special.expit(best.x[:-1])
    return BetaBinomialFit(
        share=p,
        share_se=p * (1 - p) * np.sqrt(np.diag(covariance)[:-1]),
        theta=float(np.exp(best.x[-1])),
        log_likelihood=-float(best.fun),
    )
