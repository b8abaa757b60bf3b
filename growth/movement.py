"""Did a topic grow or shrink, how sure is that, and where does it stand? Trend, change and shape
put together.

Phases, in order; the first that holds decides:

| phase | rule |
|---|---|
| too few articles | no trend was fitted |
| peaked | a pulse is kept, and the share at the end is at most 4/5 of the peak's |
| levelling off | a pulse is kept otherwise, or an S-curve that rises |
| fading | an S-curve that falls is kept, or the topic shrinks |
| peaked | the topic grows, but the share of an earlier quarter was three times the last one's |
| levelling off | the topic grows, and its log-odds bend down at 5 % |
| emerging | the topic grows, and its odds in the last quarter are eight times those in the first |
| accelerating | the topic grows otherwise: at a constant rate, ever more articles a day |
| steady | none of these |
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.changes import ChangeFit
from growth.counts import Floats
from growth.trends import TrendFit, adjust_p_values

TREND, S_CURVE, PULSE = "trend", "s_curve", "pulse"
EMERGING = "emerging"
ACCELERATING = "accelerating"
LEVELLING_OFF = "levelling off"
PEAKED = "peaked"
FADING = "fading"
STEADY = "steady"
TOO_FEW = "too few articles"

LEVEL = 0.05
# What the smaller of two p-values is multiplied by. Bonferroni's 2 is for tests that each reject as
# often as they say; that of the change rejects seldom where nothing changed. With this the two
# together reject flat topics at 2 to 6 %, and up to 13 % if autocorrelation is 0.9.
_TWO_CHANCES = 1.25
_FALLEN = 0.8
_PAST = 1 / 3
_EMERGED = np.log(8.0)


@dataclass(frozen=True)
class Movement:
    """What is known of T topics; every array has shape (T,).

    ``p_value`` is that of trend and change together (1.25 times the smaller), ``q_value`` that
    adjusted for the number of topics (Benjamini and Hochberg, 1995). ``sure_growth``, in
    log-odds per unit of time: the end nearest 0 of the interval of the growth rate or of the change
    over its time, whichever is farther from 0; 0 where both hold it."""

    p_value: Floats
    q_value: Floats
    sure_growth: Floats
    phase: NDArray[np.str_]


def movement(
    trend: TrendFit,
    change: ChangeFit,
    shape: NDArray[np.str_],
    s_curve_rate: Floats,
    peak_share: Floats,
    share_start: Floats,
    share_end: Floats,
    bend: Floats,
    bend_p: Floats,
) -> Movement:
    """Put together what the fits of the same topics say. All arrays have shape (T,).

    ``shape`` is '' without a fit; ``s_curve_rate`` and ``peak_share`` are NaN where S-curve or
    pulse are not kept; ``bend`` is negative where the log-odds bend down, with p-value ``bend_p``.
    """
    fitted = shape != ""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(fitted, joint_p_value(trend.p_value, change.p_value), np.nan)
        q = adjust_p_values(p)
        by_trend = _nearest_0(trend.ci_low, trend.ci_high)
        by_change = _nearest_0(change.change_low, change.change_high) / change.years
        by_change = np.nan_to_num(by_change)
        opposed = by_trend * by_change < 0
        trend_first = np.where(
            opposed, trend.p_value <= change.p_value, np.abs(by_trend) >= np.abs(by_change)
        )
        sure = np.where(fitted, np.where(trend_first, by_trend, by_change), np.nan)
        grows, shrinks = (q <= LEVEL) & (sure > 0), (q <= LEVEL) & (sure < 0)
        bends_down = (bend_p <= LEVEL) & (bend < 0)
        large = np.where(np.isnan(change.change), np.log(share_end / share_start), change.change)
        phase = np.select(
            [
                ~fitted,
                (shape == PULSE) & (share_end <= _FALLEN * peak_share),
                shape == PULSE,
                (shape == S_CURVE) & (s_curve_rate > 0),
                shape == S_CURVE,
                shrinks,
                grows & (change.last_to_highest <= _PAST),
                grows & bends_down,
                grows & (large >= _EMERGED),
                grows,
            ],
            [
                TOO_FEW,
                PEAKED,
                LEVELLING_OFF,
                LEVELLING_OFF,
                FADING,
                FADING,
                PEAKED,
                LEVELLING_OFF,
                EMERGING,
                ACCELERATING,
            ],
            STEADY,
        )
    return Movement(p, q, sure, phase)


def joint_p_value(trend: Floats, change: Floats) -> Floats:
    """Return the p-value of trend and change together, or the trend's where there is no change."""
    both = np.minimum(1.0, _TWO_CHANCES * np.fmin(trend, change))
    return np.asarray(np.where(np.isnan(change), trend, both))


def _nearest_0(low: Floats, high: Floats) -> Floats:
    return np.where(low > 0, low, np.where(high < 0, high, 0.0))
