"""The lines that are drawn of topics: the level with its error, and the curve that was fitted.

The warehouse stores what is told of the lines, not the lines: they are worked out again from the
same counts by the same functions, which takes a second for thousands of topics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.counts import Counts, Floats
from growth.model.curve_search import PULSE_MODEL, S_CURVE_MODEL, search_curves
from growth.model.jumps.dates import JumpFit
from growth.model.level.levels import levels_of
from growth.model.level.smoother import Weeks
from growth.model.movement import PULSE, S_CURVE
from growth.model.trends import TOPIC_BYTES, Fitting, log_odds_at

# The bands that are drawn, in per cent, and how many standard errors each is wide to either side.
BANDS = {80: float(special.ndtri(0.9)), 95: float(special.ndtri(0.975))}


@dataclass(frozen=True)
class Lines:
    """Lines of T topics at K times, as log-odds of shape (T, K), NaN without a fit: the level, its
    standard error, and the shape that was fitted over the whole window."""

    level: Floats
    error: Floats
    fitted: Floats


def draw_lines(
    counts: Counts, week: float, shape: NDArray[np.str_], jump: JumpFit, times: Floats
) -> Lines:
    """Return the lines at ``times``, shape (K,), of topics of which the fit kept ``shape``, shape
    (T,), and ``jump``. ``counts`` are by the periods of the fit; ``week`` is a time at which a week
    begins."""
    fitting = Fitting(counts, min_articles=0, confidence=0.95, topic_bytes=TOPIC_BYTES)
    weeks = Weeks.of(fitting.design, week)
    size = (fitting.size, len(times))
    lines = Lines(*(np.full(size, np.nan) for _ in range(3)))
    scaled = (times - fitting.design.centre) / fitting.design.scale
    for block in fitting.blocks():
        for some, levels in levels_of(weeks, block.cells):
            level, error = levels.told(times, *fitting.design.ends)
            lines.level[block.rows[some]], lines.error[block.rows[some]] = level, error
        trends = [log_odds_at(block.trends, u)[0] for u in scaled]
        lines.fitted[block.rows] = np.column_stack(trends)
        for kept, model in ((S_CURVE, S_CURVE_MODEL), (PULSE, PULSE_MODEL)):
            chosen = np.flatnonzero(shape[block.rows] == kept)
            if len(chosen):
                part = block.take(chosen)
                curves = search_curves(part.tables, part.cells, part.trends, model)
                lines.fitted[part.rows] = model.values(scaled, curves.coefficients.T).log_odds
    jumps = np.isfinite(jump.at)
    lines.fitted[jumps] = jump.log_odds(times)[jumps]
    return lines
