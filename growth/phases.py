"""The phase of each topic, by a written rule.

In order; the first that holds decides. ``grew`` is the ratio of the fitted shares at the window's
end and start.

| phase | rule |
|---|---|
| too few articles | no trend was fitted |
| peaked | a pulse is kept, and the share at the end is at most 4/5 of the peak's |
| levelling off | a pulse is kept otherwise, or an S-curve that rises |
| fading | an S-curve that falls is kept; or the trend falls (its q-value is at most 0.05) |
| levelling off | the trend rises (the same), and its log-odds bend down at 5 % |
| emerging | the trend rises, and the share grew at least eightfold |
| accelerating | the trend rises otherwise: at a constant rate, ever more articles a day |
| steady | none of these |

The q-value (Benjamini and Hochberg) allows for all topics that were fitted together, as the lists
of growing and shrinking topics do: the phases and the lists agree on which trends are there.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from growth.counts import Floats

if TYPE_CHECKING:
    from growth.trends import TrendFit

TREND, S_CURVE, PULSE = "trend", "s_curve", "pulse"
EMERGING = "emerging"
ACCELERATING = "accelerating"
LEVELLING_OFF = "levelling off"
PEAKED = "peaked"
FADING = "fading"
STEADY = "steady"
TOO_FEW = "too few articles"

_LEVEL = 0.05
_FALLEN = 0.8
_EMERGED = 8.0


def phases(
    trend: "TrendFit",
    shape: NDArray[np.str_],
    s_curve_rate: Floats,
    peak_share: Floats,
    share_start: Floats,
    share_end: Floats,
    bend: Floats,
    bend_p: Floats,
) -> NDArray[np.str_]:
    """Return the phase of each topic. All arrays have shape (T,).

    ``s_curve_rate`` and ``peak_share`` are NaN where S-curve or pulse are not kept; ``bend`` is
    negative where the log-odds bend down, with p-value ``bend_p``.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        sure = trend.q_value <= _LEVEL
        rises = sure & (trend.growth_rate > 0)
        return np.select(
            [
                shape == "",
                (shape == PULSE) & (share_end <= _FALLEN * peak_share),
                shape == PULSE,
                (shape == S_CURVE) & (s_curve_rate > 0),
                shape == S_CURVE,
                sure & (trend.growth_rate < 0),
                rises & (bend < 0) & (bend_p <= _LEVEL),
                rises & (share_end >= _EMERGED * share_start),
                rises,
            ],
            [
                TOO_FEW,
                PEAKED,
                LEVELLING_OFF,
                LEVELLING_OFF,
                FADING,
                FADING,
                LEVELLING_OFF,
                EMERGING,
                ACCELERATING,
            ],
            STEADY,
        )
