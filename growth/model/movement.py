"""Did a topic grow or shrink, how sure is that, and what is to be said of it? Trend, change and
level put together.

The words, in order; the first whose rule holds is said. ``start``, ``end``, ``highest`` and
``lowest`` are the level's; a level is *surely* above another if it is so by two standard errors.

| word | rule |
|---|---|
| too few articles | no trend was fitted |
| every year | earlier years show the same (seasons.py; put in by ``say_every_year``) |
| past its peak | it rose; the end is below half of the highest and at twice the start or above |
| came and went | it rose; the end is below half of the highest and below twice the start |
| fading | it shrank, or the end is below half of the highest and it surely fell |
| still rising | it grew, its odds by a fifth or more in the last quarter, and is near its top |
| holding high | it grew, rose or came back, and the end is at half of the highest or above |
| steady | the interval of end over start is within a half and two; highest and lowest within 2.5 |
| unclear | none of these |

- grew: listed as growing, or the end is surely twice the start, or the counts of the last quarter
  are four times those of the first (p of the change at most 5 %).
- rose: it grew, or its highest is surely twice the start; where it surely fell, probably twice
  (by one standard error). Came back: its end is surely four times the lowest.
- near its top: the end is within a tenth of the highest, and the last week within a fifth of the
  highest week.
- shrank: the same as grew, downwards. Fell: its highest is surely twice the end, or surely four
  times the lowest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.changes import ChangeFit
from growth.model.counts import Booleans, Floats
from growth.model.level.standing import Standing
from growth.model.trends import TrendFit, q_values

TREND, S_CURVE, PULSE = "trend", "s_curve", "pulse"
CHANGE = "change"
STILL_RISING = "still rising"
HOLDING_HIGH = "holding high"
PAST_ITS_PEAK = "past its peak"
CAME_AND_WENT = "came and went"
FADING = "fading"
STEADY = "steady"
UNCLEAR = "unclear"
EVERY_YEAR = "every year"
TOO_FEW = "too few articles"

# A single test is passed at this level; what is listed goes by the false discovery rate.
ALPHA = 0.05
# The smaller of the two p-values is multiplied by this. Bonferroni's 2 is for tests that have
# nothing in common; these two look at the same counts. Chosen by simulation (docs/calibration.md).
_TWO_CHANCES = 1.35
_TWICE, _FOURFOLD, _QUIET = np.log(2.0), np.log(4.0), np.log(2.5)
# Where the counts say that a topic has halved, the level must nearly say so too.
_NEARLY_HALF = np.log(0.6)
_SURELY, _PROBABLY = 2.0, 1.0
# By how much the last quarter of a window lifts a level that is still rising, and how sure that is.
_STILL, _STILL_SURE = np.log(1.2), 1.0
# How far the end, and the last week, may lie below the highest and still be called rising.
_NEAR_HIGHEST, _LAST_NEAR_HIGHEST = np.log(0.9), np.log(0.8)
# Two thirds of a movement in one sixteenth of the window is one burst.
_BURST = 2 / 3
# A pace is told where the level moved by about as much as the pace comes to over the window.
_LEAST_BORNE_OUT, _MOST_BORNE_OUT = 2 / 3, 3 / 2
# And where a doubling takes at most so many windows.
_LONGEST_PACE = 2.0


@dataclass(frozen=True)
class Movement:
    """What is known of T topics; every array has shape (T,), NaN without a fit.

    ``p_value`` is that of trend and change together (1.35 times the smaller), ``q_value`` that
    adjusted for the number of topics (Benjamini and Hochberg, 1995). ``listed_rate``, in log-odds
    per unit of time, with the interval from ``listed_low`` to ``listed_high``, is what the lists
    show: the growth rate, or the change over its time, whichever is surer; ``listed_by`` says
    which, '' without a fit. ``sure_growth`` is the end of the interval nearest 0, or 0 where it
    holds 0. ``listed_doubling`` is the time in which the odds doubled at that rate, negative if
    they halved; NaN where the topic is not listed, where its level has fallen below half of its
    highest or jumped, where its course bends (its shape is not the trend), where it did not move at
    such a pace, and where the window is shorter than half of that time. ``phase`` is the word.
    ``one_burst`` is 1 for topics that are listed, and of which one sixteenth of the window has two
    thirds or more of what the higher of its first and last quarter has above the other; else 0.
    Where start and end of the level contradict trend and change, ``sure_growth`` is 0."""

    p_value: Floats
    q_value: Floats
    sure_growth: Floats
    listed_rate: Floats
    listed_low: Floats
    listed_high: Floats
    listed_by: NDArray[np.str_]
    listed_doubling: Floats
    phase: NDArray[np.str_]
    one_burst: Floats


def movement(
    trend: TrendFit,
    change: ChangeFit,
    standing: Standing,
    shape: NDArray[np.str_],
    span: float,
    false_discovery_rate: float,
) -> Movement:
    """Put together what the fits of the same topics say. All arrays have shape (T,); ``shape`` is
    '' without a fit, ``span`` is the window's length in the unit of time."""
    fitted = shape != ""
    p = np.where(fitted, joint_p_value(trend.p_value, change.p_value), np.nan)
    q = q_values(p)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_trend = _nearest_0(trend.ci_low, trend.ci_high)
        by_change = np.nan_to_num(_nearest_0(change.change_low, change.change_high) / change.years)
        opposed = by_trend * by_change < 0
        trend_first = np.where(
            opposed, trend.p_value <= change.p_value, np.abs(by_trend) >= np.abs(by_change)
        )

        def listed(of_trend: Floats, of_change: Floats) -> Floats:
            return np.where(fitted, np.where(trend_first, of_trend, of_change), np.nan)

        rate = listed(trend.growth_rate, change.change / change.years)
        sure = listed(by_trend, by_change)
        sure = np.where(sure * (standing.end - standing.start) < 0, 0.0, sure)
        found = q <= false_discovery_rate
        grows, shrinks = found & (sure > 0), found & (sure < 0)
        shares = _Shares.of(standing)
        moved = (standing.end - standing.start) / (rate * span)
        borne_out = (moved >= _LEAST_BORNE_OUT) & (moved <= _MOST_BORNE_OUT)
        jumped = np.isfinite(standing.jumped_at)
        seen = np.log(2) / np.abs(rate) <= _LONGEST_PACE * span
        steadily = (shape == TREND) & ~jumped & ~shares.below_half
        has_pace = (grows | shrinks) & steadily & borne_out & seen
        return Movement(
            p_value=p,
            q_value=q,
            sure_growth=sure,
            listed_rate=rate,
            listed_low=listed(trend.ci_low, change.change_low / change.years),
            listed_high=listed(trend.ci_high, change.change_high / change.years),
            listed_by=np.select([~fitted, trend_first], ["", TREND], CHANGE),
            listed_doubling=np.where(has_pace, np.log(2) / rate, np.nan),
            phase=_phase(standing, shares, change, fitted, grows, shrinks),
            one_burst=np.where(fitted, (grows | shrinks) & (change.of_fullest >= _BURST), np.nan),
        )


@dataclass(frozen=True)
class _Shares:
    """Logarithms of the shares at which levels stand, and whether the end is below half of the
    highest: by the level; or nearly so, and below it by the counts or the last week's level."""

    start: Floats
    end: Floats
    highest: Floats
    lowest: Floats
    below_half: Booleans

    @classmethod
    def of(cls, standing: Standing) -> "_Shares":
        start, end, highest, lowest = (
            special.log_expit(log_odds)
            for log_odds in (standing.start, standing.end, standing.highest, standing.lowest)
        )
        halved = (standing.halved == 1) & (end < highest + _NEARLY_HALF)
        below_half = (end < highest - _TWICE) | halved
        return cls(start, end, highest, lowest, below_half)


def _phase(
    standing: Standing,
    shares: _Shares,
    change: ChangeFit,
    fitted: Booleans,
    listed_growing: Booleans,
    listed_shrinking: Booleans,
) -> NDArray[np.str_]:
    """Return the word of each topic: the first whose rule holds. Shape (T,)."""
    start, end, highest, lowest = shares.start, shares.end, shares.highest, shares.lowest
    apart = np.hypot(standing.start_error, standing.end_error)
    to_highest = np.hypot(standing.start_error, standing.highest_error)
    counted = change.p_value <= ALPHA
    grew = listed_growing | _surely(end - start, apart, _TWICE)
    grew |= counted & (change.change >= _FOURFOLD)
    shrank = listed_shrinking | _surely(start - end, apart, _TWICE)
    shrank |= counted & (change.change <= -_FOURFOLD)
    rose = grew | _surely(highest - start, to_highest, _TWICE)
    fell = _surely(highest - end, np.hypot(standing.highest_error, standing.end_error), _TWICE)
    fell |= _surely(
        highest - lowest, np.hypot(standing.highest_error, standing.lowest_error), _FOURFOLD
    )
    came_back = _surely(
        end - lowest, np.hypot(standing.lowest_error, standing.end_error), _FOURFOLD
    )
    # Where it surely fell, less is asked of the rise before.
    rose_before = (highest - start >= _TWICE) & (highest - start >= _PROBABLY * to_highest)
    humped = shares.below_half & (rose | (fell & rose_before))
    quiet = (np.abs(end - start) + _SURELY * apart <= _TWICE) & (highest - lowest <= _QUIET)
    return np.select(
        [
            ~fitted,
            humped & (end >= start + _TWICE),
            humped,
            shrank & ~grew,
            shares.below_half & fell,
            grew & _still_rising(standing, shares),
            (rose | came_back) & ~shares.below_half,
            quiet,
        ],
        [
            TOO_FEW, PAST_ITS_PEAK, CAME_AND_WENT, FADING, FADING, STILL_RISING, HOLDING_HIGH,
            STEADY,
        ],
        UNCLEAR,
    )  # fmt: skip


def _still_rising(standing: Standing, shares: _Shares) -> Booleans:
    """Tell which levels are near their top and rose in the last quarter of the window."""
    lately = standing.end - standing.before_end
    error = np.hypot(standing.end_error, standing.before_end_error)
    near = shares.end >= shares.highest + _NEAR_HIGHEST
    near &= standing.last_to_highest >= _LAST_NEAR_HIGHEST
    return np.asarray(near & (lately >= _STILL) & (lately >= _STILL_SURE * error))


def say_every_year(phase: NDArray[np.str_], seasonal: Floats) -> NDArray[np.str_]:
    """Put "every year" in the place of the word of topics that come back, ``seasonal`` 1."""
    return np.where(seasonal == 1, EVERY_YEAR, phase)


def joint_p_value(trend: Floats, change: Floats) -> Floats:
    """Return the p-value of trend and change together, or the trend's where there is no change."""
    both = np.minimum(1.0, _TWO_CHANCES * np.fmin(trend, change))
    return np.asarray(np.where(np.isnan(change), trend, both))


def _surely(more: Floats, error: Floats, least: float) -> Booleans:
    """Tell where a difference is at least ``least`` and surely above 0."""
    return np.asarray((more >= least) & (more >= _SURELY * error))


def _nearest_0(low: Floats, high: Floats) -> Floats:
    return np.where(low > 0, low, np.where(high < 0, high, 0.0))
