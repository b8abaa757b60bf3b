"""Where the share of each topic stands on any day, for many topics at once.

The level is worked out block of weeks by block of weeks (smoother.py); here it is asked for
at any time, at a window's ends, and as it is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from growth.model.arguments import check_confidence, check_finite
from growth.model.cells import Cells, blocks
from growth.model.counts import Counts, Floats, Integers, check_counts
from growth.model.level.ends import END_DAYS, end_length
from growth.model.level.smoother import DAY, WEEK, Weeks, smooth

# Bytes that a topic takes for each time asked for, and that a period takes.
_POINT_BYTES, _PERIOD_BYTES = 24, 200
# Topics worked on at a time: few enough for a processor's cache.
_BLOCK_TOPICS = 256
# The level at a window's start, or end, is the mean of the levels at so many times there.
_POINTS = 5


@dataclass(frozen=True)
class LevelFit:
    """The levels of T topics at K times: ``share`` and the ends of its interval, each of shape
    (T, K); NaN where no period has articles."""

    share: Floats
    share_low: Floats
    share_high: Floats


@dataclass(frozen=True)
class Levels:
    """The levels of T topics in M blocks of weeks: ``log_odds`` and their standard ``error``, each
    of shape (T, M). ``times``, shape (M,), are the blocks' mean times, in years. ``swing``, shape
    (T,), is the posterior mean of the variance by which log-odds move in a week. ``counts``, shape
    (T, M), and ``totals``, shape (M,), are what was counted in the blocks, and ``lengths``, shape
    (M,), their lengths in weeks."""

    times: Floats
    log_odds: Floats
    error: Floats
    swing: Floats
    counts: Floats
    totals: Floats
    lengths: Floats

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """Return log-odds and errors at ``times``, shape (K,): each of shape (T, K). Between two
        blocks the log-odds are on the line from one to the other; before the first and after the
        last they stay. The swing of the time that is in no block adds to the variance."""
        last = len(self.times) - 1
        after = np.clip(np.searchsorted(self.times, times), min(1, last), last)
        before = np.maximum(after - 1, 0)
        length = np.where(after > before, self.times[after] - self.times[before], 1.0)
        part = np.clip((times - self.times[before]) / length, 0.0, 1.0)
        half = self.lengths * WEEK / 2
        outside = np.maximum(self.times[0] - times - half[0], times - self.times[-1] - half[-1])
        unseen = np.maximum(0.0, length - half[before] - half[after])
        unknown = part * (1 - part) * unseen + np.maximum(0.0, outside)
        log_odds = (1 - part) * self.log_odds[:, before] + part * self.log_odds[:, after]
        variance = (1 - part) * self.error[:, before] ** 2 + part * self.error[:, after] ** 2
        variance += self.swing[:, None] * unknown / WEEK
        return log_odds, np.sqrt(variance)

    def unseen(self) -> Floats:
        """Return the gap in weeks between each block and the next. Gaps of less than a week count
        as 0. Shape (M - 1,)."""
        apart = np.diff(self.times) / WEEK - (self.lengths[1:] + self.lengths[:-1]) / 2
        return np.where(apart >= 1, apart, 0.0)

    def ends(self, first: float, last: float) -> tuple[Floats, Floats]:
        """Return log-odds and errors at the start and at the end of a window from ``first`` to
        ``last``, each of shape (T, 2): those of the mean share over what counts as its start and
        its end (ends.py). The error is the mean of the daily errors, which hardly differ over so
        few days."""
        part = np.linspace(0.0, end_length(last - first, END_DAYS * DAY), _POINTS)
        sides = [self.at(first + part), self.at(last - part)]
        shares = [special.expit(log_odds).mean(axis=1) for log_odds, _ in sides]
        errors = [error.mean(axis=1) for _, error in sides]
        return special.logit(np.stack(shares, axis=1)), np.stack(errors, axis=1)

    def told(self, times: Floats, first: float, last: float) -> tuple[Floats, Floats]:
        """Return log-odds and errors as they are drawn, each of shape (T, K): as ``at``, but within
        the window's ends what is told of these."""
        log_odds, error = self.at(times)
        (start, end), (start_error, end_error) = (each.T for each in self.ends(first, last))
        length = end_length(last - first, END_DAYS * DAY)
        # Where a window is so short that its ends meet, each has its half.
        middle = (first + last) / 2
        early, late = times <= min(first + length, middle), times > max(last - length, middle)
        log_odds[:, early], log_odds[:, late] = start[:, None], end[:, None]
        error[:, early], error[:, late] = start_error[:, None], end_error[:, None]
        return log_odds, error


def fit_level(counts: Counts, *, at: ArrayLike | None = None, confidence: float = 0.95) -> LevelFit:
    """Return the level of every topic: see growth.logistic.fit_level."""
    confidence = check_confidence(confidence)
    asked = check_finite("times", counts.times) if at is None else check_finite("at", at, (0, 1))
    checked = check_counts(counts, len(asked) * _POINT_BYTES, _PERIOD_BYTES)
    fit = LevelFit(*(np.full((checked.topics, len(asked)), np.nan) for _ in fields(LevelFit)))
    weeks, margin = Weeks.of(checked.design), special.ndtri(0.5 + confidence / 2)
    for cells in blocks(checked):
        if not len(weeks.times):
            continue  # no period has articles: nothing is known
        for rows, levels in levels_of(weeks, cells):
            log_odds, error = levels.at(asked)
            of = cells.first + rows
            fit.share[of] = special.expit(log_odds)
            fit.share_low[of] = special.expit(log_odds - margin * error)
            fit.share_high[of] = special.expit(log_odds + margin * error)
    return fit


def levels_of(weeks: Weeks, cells: Cells) -> Iterator[tuple[Integers, Levels]]:
    """Yield the levels of F topics, so many at a time that a processor's cache holds them, with
    their places among the F."""
    for begin in range(0, cells.topics, _BLOCK_TOPICS):
        rows = np.arange(begin, min(begin + _BLOCK_TOPICS, cells.topics))
        counts = weeks.counts(cells.take(rows))
        log_odds, error, swing = smooth(weeks, counts)
        yield (
            rows,
            Levels(weeks.times, log_odds, error, swing, counts.T, weeks.totals, weeks.lengths),
        )
