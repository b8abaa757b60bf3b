"""Where topics stood at a window's start, at its end and in between, told from their levels."""

from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Booleans, Floats, Integers
from growth.model.level.levels import Levels, levels_of
from growth.model.level.smoother import Weeks

# A topic jumped if its odds tripled from the block before the steepest step to the block after it,
# and that is at least half of its whole rise.
_JUMP, _MOST_OF_IT = np.log(3.0), 0.5
_FOUR_WEEKS, _PROBABLY = 4.0, 1.5


@dataclass(frozen=True)
class Standing:
    """What the levels of T topics say; every array has shape (T,), NaN without a fit.

    Log-odds and their standard errors at the window's start and end (Levels.ends), a quarter of it
    before its last day, where the level was highest and where it was lowest. ``highest_at`` is the
    time of the highest level; ``jumped_at`` that of the steepest rise to it, where this was a jump:
    NaN elsewhere. ``last_to_highest`` is the logarithm of the share in the very last block over
    that in the block where it was highest. ``halved`` is 1 where the level of the last week is
    probably below half of that of the highest week (by one and a half standard errors), or the
    counts of the last four weeks, or of the last sixteenth of the window, below half of those of
    the fullest part as long, by more than that stands out by chance; else 0."""

    start: Floats
    start_error: Floats
    end: Floats
    end_error: Floats
    before_end: Floats
    before_end_error: Floats
    highest: Floats
    highest_error: Floats
    highest_at: Floats
    lowest: Floats
    lowest_error: Floats
    jumped_at: Floats
    last_to_highest: Floats
    halved: Floats


def nowhere(size: int) -> Standing:
    """Return what is known of topics without a fit, to be filled in."""
    return Standing(*(np.full(size, np.nan) for _ in fields(Standing)))


def stand(standing: Standing, weeks: Weeks, rows: Integers, cells: Cells, span: Floats) -> None:
    """Fill in where F topics stood: those at the places ``rows`` of ``standing``, with these cells.
    ``span`` are the times of the first and the last period."""
    for part, levels in levels_of(weeks, cells):
        for name, values in _describe(levels, span).items():
            getattr(standing, name)[rows[part]] = values


def _describe(levels: Levels, span: Floats) -> dict[str, Floats]:
    first, last = span
    (start, end), (start_error, end_error) = (each.T for each in levels.ends(first, last))
    before_end, before_end_error = levels.at(np.array([last - (last - first) / 4]))
    # As it is drawn: within the window's ends the level is that of the ends.
    log_odds, error = levels.told(levels.times, first, last)
    shares = special.log_expit(levels.log_odds)
    every = np.arange(len(log_odds))
    top, bottom = log_odds.argmax(axis=1), log_odds.argmin(axis=1)
    highest = shares.argmax(axis=1)
    last_to_highest = shares[:, -1] - shares[every, highest]
    apart = np.hypot(levels.error[:, -1], levels.error[every, highest])
    week_halved = (last_to_highest < -np.log(2.0)) & (last_to_highest < -_PROBABLY * apart)
    sixteenth = levels.lengths.sum() / 16
    halved = week_halved | _counts_halved(levels, _FOUR_WEEKS) | _counts_halved(levels, sixteenth)
    return {
        "start": start,
        "start_error": start_error,
        "end": end,
        "end_error": end_error,
        "before_end": before_end[:, 0],
        "before_end_error": before_end_error[:, 0],
        "highest": log_odds[every, top],
        "highest_error": error[every, top],
        "highest_at": levels.times[top],
        "lowest": log_odds[every, bottom],
        "lowest_error": error[every, bottom],
        "jumped_at": _jumps(levels, top),
        "last_to_highest": last_to_highest,
        "halved": halved.astype(np.float64),
    }


def _jumps(levels: Levels, top: Integers) -> Floats:
    """Return the time of the block to which the level went up most steeply on its way to the
    highest, NaN where that was no jump. Shape (F,)."""
    size, blocks = levels.log_odds.shape
    if blocks < 2:
        return np.full(size, np.nan)
    every = np.arange(size)
    steps = np.diff(levels.log_odds, axis=1)
    steps[np.arange(blocks - 1) >= top[:, None]] = -np.inf
    # Nobody knows when it rose in weeks that are not loaded.
    unseen = levels.unseen() > 0
    near = unseen.copy()
    near[1:] |= unseen[:-1]
    near[:-1] |= unseen[1:]
    steps[:, near] = -np.inf
    steepest = steps.argmax(axis=1)
    before, after = np.maximum(steepest - 1, 0), np.minimum(steepest + 2, blocks - 1)
    rise = levels.log_odds[every, after] - levels.log_odds[every, before]
    # Its whole rise: from the lowest level before the highest.
    earlier = np.where(np.arange(blocks) <= top[:, None], levels.log_odds, np.inf).min(axis=1)
    whole = levels.log_odds[every, top] - earlier
    jumped = np.isfinite(steps.max(axis=1)) & (rise >= np.maximum(_JUMP, _MOST_OF_IT * whole))
    return np.where(jumped, levels.times[np.minimum(steepest + 1, blocks - 1)], np.nan)


def _counts_halved(levels: Levels, weeks: float) -> Booleans:
    """Tell whether the counts of the last ``weeks`` weeks are below half of those of the fullest
    part as long, on the logarithm of the share, by more than the fullest of W parts stands out by
    chance: the root of 2 log W, times the Poisson error of both. Shape (F,)."""
    end = np.cumsum(levels.lengths)
    ends = np.arange(1, len(end) + 1)
    starts = np.searchsorted(end, end - weeks + 0.5, side="left")
    starts = np.minimum(np.where(end < weeks, 0, starts), ends - 1)
    sums = np.pad(np.cumsum(levels.counts, axis=1), ((0, 0), (1, 0)))
    totals = np.pad(np.cumsum(levels.totals), (1, 0))
    counts = sums[:, ends] - sums[:, starts] + 0.5
    shares = counts / (totals[ends] - totals[starts])
    every, fullest = np.arange(len(counts)), shares.argmax(axis=1)
    fall = np.log(shares[every, fullest] / shares[:, -1])
    error = np.sqrt(1 / counts[every, fullest] + 1 / counts[:, -1])
    chance = np.sqrt(2 * np.log(max(np.e, end[-1] / weeks)))
    return np.asarray((fall > np.log(2.0)) & (fall > chance * error))
