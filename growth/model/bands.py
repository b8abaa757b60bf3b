"""The lines that are drawn of topics: the level with its error, and the curve that was fitted.

Neither is stored but for what is told of them. They come from the same counts by the same
functions, which takes a second for thousands of topics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.counts import Floats
from growth.model.curve_search import fit_pulses, fit_s_curves, pulse, s_curve
from growth.model.level.levels import levels_of
from growth.model.level.smoother import Weeks
from growth.model.movement import PULSE, S_CURVE
from growth.model.trends import TOPIC_BYTES, Fitting, log_odds_at
from growth.stored.series import Series

# The bands that are drawn, and how many standard errors each is wide to either side.
BANDS = {80: float(special.ndtri(0.9)), 95: float(special.ndtri(0.975))}


@dataclass(frozen=True)
class Lines:
    """Lines of T topics at K times, as log-odds of shape (T, K), NaN without a fit: the level, its
    standard error, and the trend, S-curve or pulse that was fitted over the whole window."""

    level: Floats
    error: Floats
    fitted: Floats


def draw_lines(series: Series, shape: NDArray[np.str_], times: Floats) -> Lines:
    """Return the lines of topics whose ``shape``, (T,), was kept, from a series by the run's
    periods, at ``times`` (K,), in years since the window's start."""
    fitting = Fitting(
        series.topic, series.period, series.count, series.totals, series.times,
        topics=len(series.topic_ids), min_articles=0, confidence=0.95, topic_bytes=TOPIC_BYTES,
    )  # fmt: skip
    weeks = Weeks.of(fitting.design, series.monday)
    size = (len(series.topic_ids), len(times))
    lines = Lines(*(np.full(size, np.nan) for _ in range(3)))
    scaled = (times - fitting.design.centre) / fitting.design.scale
    for block in fitting.blocks():
        for part, levels in levels_of(weeks, block.cells):
            level, error = levels.told(times, *fitting.design.ends)
            lines.level[block.rows[part]], lines.error[block.rows[part]] = level, error
        trends = [log_odds_at(block.trends, u)[0] for u in scaled]
        lines.fitted[block.rows] = np.column_stack(trends)
        for kept, fit, model in ((S_CURVE, fit_s_curves, s_curve), (PULSE, fit_pulses, pulse)):
            chosen = np.flatnonzero(shape[block.rows] == kept)
            if len(chosen):
                cells, trend = block.cells.take(chosen), block.trends.take(chosen)
                curves = fit(block.window, cells, trend)
                lines.fitted[block.rows[chosen]] = model(scaled, curves.coefficients.T).log_odds
    return lines
