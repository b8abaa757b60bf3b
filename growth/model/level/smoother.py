"""The local level of many topics at once: blocks of weeks, Kalman's filter, and the smoother.

A curve with two or three coefficients says how a topic moved over a whole window; on a given day it
may be far from what was counted there. The level follows the counts. The window is cut into blocks
of whole weeks; of the n articles of a block, y carry the topic:

    mean of y = n p,    variance of y = n p (1 - p) (1 + burst n p (1 - p)),
    logit p = a,        a - a of the block before ~ N(0, swing times the weeks between the two).

Bursts make single weeks stand out, swings carry the level along: a local level model (Harvey, 1989,
Forecasting, Structural Time Series Models and the Kalman Filter, section 2.3) for log-odds. News
jumps: the steps are Student's t with one degree of freedom, so that a step is a step and the rest
stays smooth; each is a normal one with a variance of its own, estimated as in the EM algorithm of
Lange, Little and Taylor (1989, Journal of the American Statistical Association 84, 881-896). The
counts enter by the working response of quasi-likelihood, z = a + (y - n p) / (n p (1 - p)) with
variance 1 / (n p (1 - p)) + burst (Breslow and Clayton, 1993, Journal of the American Statistical
Association 88, 9-25); filter and smoother are Kalman's and Rauch, Tung and Striebel's (Durbin and
Koopman, 2012, Time Series Analysis by State Space Methods, sections 2.2 to 2.4).

Neither swing nor burst is known. Both are taken from a grid, with a prior that follows the
archive's topics, and all results are averaged over their posterior (as in Durbin and Koopman,
section 13.1): with the likeliest pair alone, 95 % intervals of the level at the window's end held
it in 71 % of simulations. The cost grows with the cells and the blocks, not with topics times days.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Design, Floats, Integers

# A day and a week, in years.
DAY, WEEK = 1 / 365.25, 7 / 365.25
# The longest window, and the farthest from it that weeks may begin: beyond this, times
# are surely not in years.
_LONGEST = 1e5
# At most about so many blocks. However long the window, its last weeks are blocks of one week each.
_MOST_BLOCKS = 128
_LAST_WEEKS = 8
# Variances of a swing in a week, of a burst in a week, and how likely each is before anything was
# counted. A burst of several weeks' mean is smaller by this power of their number.
_SWINGS = np.exp(np.linspace(np.log(3e-5), np.log(0.6), 7))
_SWING_WEIGHTS = np.array([0.20, 0.08, 0.15, 0.20, 0.17, 0.13, 0.07])
_BURSTS = np.array([0.02, 0.08, 0.2, 0.5, 1.2])
_TYPICAL_BURST, _BURST_POWER = 0.1, -0.6
# Variance of the log-odds of the first block about those of the whole window.
_START_VARIANCE = 9.0
# Degrees of freedom of the steps from block to block, and the shortest of them, in weeks.
_FREEDOM, _SHORTEST = 1.0, 1e-9
# Rounds of working responses: with the posterior's centre alone, then with the whole grid.
_ROUNDS = 3
# Log-odds move by at most so much in one round, and a working response lies no farther off.
_LONGEST_STEP, _FARTHEST = 2.0, 5.0
# Factors multiplied before a logarithm is taken of them: few enough that nothing overflows.
_FACTORS = 6


@dataclass(frozen=True)
class Weeks:
    """The M blocks of a window: the block of each of its periods, shape (P,); and of each block,
    shape (M,), its articles, its mean time in years, the weeks since the block before, and its
    length in weeks, of one at least."""

    block: Integers
    totals: Floats
    times: Floats
    gaps: Floats
    lengths: Floats

    @property
    def burst(self) -> Floats:
        """What the variance of bursts is multiplied by in each block. Shape (M,)."""
        return self.lengths**_BURST_POWER

    @classmethod
    def of(cls, design: Design, week: float | None = None) -> "Weeks":
        """Cut a window into blocks of whole weeks. Weeks begin at the time ``week``, or are counted
        from the window's end. Weeks without articles are in no block. Raises ValueError for times
        that cannot be in years."""
        time = design.centre + design.scale * design.scaled
        if not len(time):
            nothing = np.zeros(0)
            return cls(np.zeros(0, dtype=np.int64), nothing, nothing, nothing, nothing)
        known = time if week is None else np.append(time, week)
        if np.ptp(known) > _LONGEST:
            raise ValueError(
                f"times (and week) reach from {known.min():g} to {known.max():g}: give them in "
                "years, such as days / 365.25"
            )
        distance = np.diff(time)
        spacing = float(np.median(distance[distance > 0])) if (distance > 0).any() else WEEK
        # A period lasts as long as from one to the next; a hundredth of it is for rounding.
        begins = time[-1] + spacing if week is None else week
        of_time = np.floor((time - begins + spacing / 100) / WEEK).astype(np.int64)
        weeks_ago = of_time[-1] - of_time
        # Less than half a week at either end goes with the week beside it.
        if weeks_ago[0] and np.count_nonzero(weeks_ago == 0) * spacing < WEEK / 2:
            weeks_ago = np.maximum(weeks_ago - 1, 0)
        longest = weeks_ago[0]
        if longest and np.count_nonzero(weeks_ago == longest) * spacing < WEEK / 2:
            weeks_ago = np.minimum(weeks_ago, longest - 1)
        number = int(weeks_ago[0]) + 1
        lengths = _lengths(number)
        of_week = np.repeat(np.arange(len(lengths)), lengths)
        _, block = np.unique(-of_week[weeks_ago], return_inverse=True)
        size = int(block.max()) + 1
        totals: Floats = np.bincount(block, design.totals, size).astype(np.float64)
        mean = np.bincount(block, design.totals * time, size) / totals
        weeks = np.maximum(1.0, np.bincount(block, minlength=size) * spacing / WEEK)
        gaps = np.diff(mean, prepend=mean[0]) / WEEK
        return cls(block, totals, mean, gaps, weeks)

    def counts(self, cells: Cells) -> Floats:
        """Return the articles of F topics in each block. Shape (M, F)."""
        row = np.repeat(np.arange(cells.topics), cells.lengths)
        place = self.block[cells.period] * cells.topics + row
        counts: Floats = np.bincount(place, cells.count, len(self.totals) * cells.topics).astype(
            np.float64
        )
        return counts.reshape(len(self.totals), cells.topics)


def _lengths(weeks: int) -> list[int]:
    """Return the lengths of blocks, in weeks, the window's last first: one week each at its end,
    then longer ones, up to what leaves about _MOST_BLOCKS of them."""
    longest = -(-weeks // _MOST_BLOCKS)
    lengths = [1] * min(weeks, _LAST_WEEKS)
    while sum(lengths) < weeks:
        lengths.append(min(longest, lengths[-1] + 1))
    return lengths


@dataclass(frozen=True)
class _Pairs:
    """G pairs of swing and burst, each of shape (G,), and the logarithm of their prior."""

    swing: Floats
    burst: Floats
    log_prior: Floats


def _make_pairs() -> _Pairs:
    weights = np.exp(-0.5 * np.log(_BURSTS / _TYPICAL_BURST) ** 2)
    prior = np.log(_SWING_WEIGHTS)[:, None] + np.log(weights / weights.sum())
    return _Pairs(np.repeat(_SWINGS, len(_BURSTS)), np.tile(_BURSTS, len(_SWINGS)), prior.ravel())


_PAIRS = _make_pairs()


def smooth(weeks: Weeks, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the log-odds of F topics in M blocks and their standard errors, each of shape (F, M),
    and the posterior mean of each topic's swing, shape (F,), from ``counts`` of shape (M, F)."""
    log_odds, centre = _start(weeks, counts)
    reach = np.broadcast_to(weeks.gaps[:, None], counts.shape)
    response, variance = _respond(weeks, counts, log_odds)
    passed = _Filter(weeks, centre, response, variance, reach, _PAIRS.swing, _PAIRS.burst)
    weights = _weights(passed)
    # A weighted mean on the scale of logarithms, one pair a topic.
    swing, burst = (np.exp(weights @ np.log(x))[:, None] for x in (_PAIRS.swing, _PAIRS.burst))
    one = np.ones((counts.shape[1], 1))
    for _ in range(_ROUNDS - 1):
        response, variance = _respond(weeks, counts, log_odds)
        passed = _Filter(weeks, centre, response, variance, reach, swing, burst, keep=True)
        mean, _, moved = passed.smooth(one)
        log_odds = _step(log_odds, mean)
        usual = swing[:, 0] * np.maximum(weeks.gaps, _SHORTEST)[:, None]
        reach = weeks.gaps[:, None] * (_FREEDOM + moved / usual) / (_FREEDOM + 1)
    response, variance = _respond(weeks, counts, log_odds)
    passed = _Filter(
        weeks, centre, response, variance, reach, _PAIRS.swing, _PAIRS.burst, keep=True
    )
    weights = _weights(passed)
    mean, spread, _ = passed.smooth(weights)
    log_odds = _step(log_odds, mean)
    return log_odds.T, np.sqrt(spread).T, weights @ _PAIRS.swing


def _start(weeks: Weeks, counts: Floats) -> tuple[Floats, Floats]:
    """Return log-odds to begin with, of running means over five blocks drawn towards that of the
    whole window, shape (M, F); and those of the whole window, shape (F,)."""
    share = (counts.sum(axis=0) + 0.5) / (weeks.totals.sum() + 1)
    edge = np.pad(np.cumsum(counts, axis=0), ((3, 2), (0, 0)), mode="edge")
    edge[:3] = 0.0
    articles = np.pad(np.cumsum(weeks.totals), (3, 2), mode="edge")
    articles[:3] = 0.0
    near, near_totals = edge[5:] - edge[:-5], (articles[5:] - articles[:-5])[:, None]
    # One article's worth of the whole window.
    p = (near + 1.0) / (near_totals + 1 / share)
    return special.logit(np.clip(p, 1e-8, 1 - 1e-8)), special.logit(share)


def _respond(weeks: Weeks, counts: Floats, log_odds: Floats) -> tuple[Floats, Floats]:
    """Return working responses and their binomial variances, each of shape (M, F)."""
    p = special.expit(log_odds)
    totals = weeks.totals[:, None]
    weight = np.maximum(totals * p * (1 - p), 1e-12)
    off = np.clip((counts - totals * p) / weight, -_FARTHEST, _FARTHEST)
    return log_odds + off, 1 / weight


def _step(log_odds: Floats, towards: Floats) -> Floats:
    return np.asarray(log_odds + np.clip(towards - log_odds, -_LONGEST_STEP, _LONGEST_STEP))


def _weights(passed: "_Filter") -> Floats:
    """Return the posterior of the pairs. Shape (F, G)."""
    log_weights = passed.log_likelihood + _PAIRS.log_prior
    log_weights -= log_weights.max(axis=1, keepdims=True)
    weights = np.exp(log_weights)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class _Filter:
    """Kalman's filter over the blocks of F topics, for G pairs of swing and burst each.

    ``centre``, shape (F,), is where the first block is expected; ``response``, ``variance`` and
    ``reach``, what the swing is multiplied by before each block, have shape (M, F); ``swing`` and
    ``burst`` shape (G,) or (F, 1). The states are kept for the smoother if ``keep``."""

    def __init__(
        self,
        weeks: Weeks,
        centre: Floats,
        response: Floats,
        variance: Floats,
        reach: Floats,
        swing: Floats,
        burst: Floats,
        *,
        keep: bool = False,
    ) -> None:
        shape = (len(centre), swing.shape[-1])
        mean = np.broadcast_to(centre[:, None], shape)
        spread = np.full(shape, _START_VARIANCE)
        twice, product = np.zeros(shape), np.ones(shape)
        bursts = weeks.burst
        self._reach, self._swing = reach, swing
        self._states: list[tuple[Floats, Floats]] = []
        for m in range(len(reach)):
            spread = spread + swing * reach[m][:, None]
            noise = variance[m][:, None] + burst * bursts[m]
            total = spread + noise
            off = response[m][:, None] - mean
            gain = spread / total
            product *= total
            twice += off * off / total
            if m % _FACTORS == _FACTORS - 1:
                twice += np.log(product)
                product[:] = 1.0
            mean = mean + gain * off
            spread = gain * noise
            if keep:
                self._states.append((mean, spread))
        self.log_likelihood = -0.5 * (twice + np.log(product))

    def smooth(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return mean and variance of the log-odds given all blocks, and the mean square of the
        step to each block, averaged over the G pairs by ``weights``, shape (F, G). Each of shape
        (M, F)."""
        mean, variance, moved = np.zeros((3, len(self._states), len(weights)))
        smoothed, spread = self._states[-1]
        for m in range(len(self._states) - 1, -1, -1):
            if m < len(self._states) - 1:
                own_mean, own_spread = self._states[m]
                ahead = own_spread + self._swing * self._reach[m + 1][:, None]
                back = own_spread / ahead
                later, later_spread = smoothed, spread
                smoothed = own_mean + back * (later - own_mean)
                spread = own_spread + back * back * (later_spread - ahead)
                step = later - smoothed
                moved[m + 1] = (
                    weights * (step * step + later_spread + spread - 2 * back * later_spread)
                ).sum(axis=1)
            mean[m] = (weights * smoothed).sum(axis=1)
            apart = smoothed - mean[m][:, None]
            variance[m] = (weights * (spread + apart * apart)).sum(axis=1)
        return mean, variance, moved
