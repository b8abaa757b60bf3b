"""Which topics have a step or an event: those whose counts support it over a trend or a curve."""

from collections.abc import Iterator

import numpy as np
from scipy import special

from growth.model.cells import Cells
from growth.model.counts import Booleans, Floats, Integers
from growth.model.jumps.dates import Dated, date_jumps
from growth.model.jumps.search import (
    DRIFT,
    EVENT,
    STEP,
    Jumps,
    Parts,
    Yardstick,
    best_line,
    search_jumps,
)
from growth.model.noise.memory import Noise
from growth.model.trends import Block

# By how much a shape's quality must be better than a trend's, for its coefficients and its date:
# such that few topics without a jump are said to have one (docs/calibration.md).
_CURVE = 3.5
_PENALTIES = {STEP: 8.0, DRIFT: 14.0, EVENT: 10.2}
# And by so much more where a jump is beyond doubt.
_BEYOND_DOUBT = 6.0
# Topics worked on at a time: few enough for a processor's cache.
_TOPICS = 512
# Topics dated at a time, for which counts of all periods are laid out.
_MOST_CELLS = 1 << 21


def jumped(
    block: Block, parts: Parts, square: Floats, noise: Noise
) -> Iterator[tuple[Integers, Floats]]:
    """Yield the topics of a block that have a jump without doubt rather than a trend: their places
    in the block, and the articles that the jump expects in each sixteenth, shape (F, 16).
    ``square``, shape (F,), are the squared strengths of the topics' noise."""
    for rows, yardstick, counts in _portions(block, parts, square, noise):
        best = _of_trend(block, rows, yardstick) - _BEYOND_DOUBT
        every = search_jumps(yardstick, counts)
        costs = np.stack([best, *(jumps.quality + _PENALTIES[jumps.kind] for jumps in every)])
        choice = costs.argmin(axis=0)
        for number, jumps in enumerate(every):
            chosen = np.flatnonzero(choice == number + 1)
            log_odds = jumps.take(chosen).log_odds(parts)
            yield rows[chosen], parts.in_sixteenths(parts.totals * special.expit(log_odds))


def choose_jumps(
    block: Block,
    parts: Parts,
    square: Floats,
    noise: Noise,
    kept: Floats,
    is_curve: Booleans,
    pulses: Floats,
) -> Iterator[tuple[Integers, Dated]]:
    """Yield the jumps of a block's topics that their counts support, with the places of the topics
    in the block, kind by kind. ``kept``, shape (F, M), are the log-odds of the trend or curve that
    is kept otherwise, at the times of the parts; ``is_curve`` whether it is a curve; ``pulses``,
    shape (F, 3), the coefficients of pulses, 0 for other shapes."""
    for rows, yardstick, counts in _portions(block, parts, square, noise):
        best = _of_trend(block, rows, yardstick)
        other = yardstick.quality(kept[rows]) + _CURVE
        bent = np.flatnonzero(pulses[rows, 2])
        if len(bent):
            pulse = best_line(yardstick.take(bent), pulses[rows[bent]]) + _CURVE
            other[bent] = np.minimum(other[bent], pulse)
        best = np.where(is_curve[rows], np.minimum(best, other), best)
        every = search_jumps(yardstick, counts)
        costs = np.stack([best, *(jumps.quality + _PENALTIES[jumps.kind] for jumps in every)])
        choice = costs.argmin(axis=0)
        for number, jumps in enumerate(every):
            chosen = np.flatnonzero(choice == number + 1)
            yield from _dated(block, rows, jumps, chosen, parts, yardstick.strength)


def _portions(
    block: Block, parts: Parts, square: Floats, noise: Noise
) -> Iterator[tuple[Integers, Yardstick, Floats]]:
    for begin in range(0, len(block.rows), _TOPICS):
        rows = np.arange(begin, min(begin + _TOPICS, len(block.rows)))
        counts = parts.counts(block.cells.take(rows))
        yield rows, Yardstick.of(parts, counts, square[rows], noise), counts


def _of_trend(block: Block, rows: Integers, yardstick: Yardstick) -> Floats:
    level, slope = block.trends.level[rows], block.trends.slope[rows]
    return best_line(yardstick, np.column_stack([level, slope, np.zeros(len(rows))]))


def _dated(
    block: Block, rows: Integers, jumps: Jumps, chosen: Integers, parts: Parts, strength: Floats
) -> Iterator[tuple[Integers, Dated]]:
    design = block.tables.design
    step = max(1, _MOST_CELLS // len(design.totals))
    for begin in range(0, len(chosen), step):
        some = chosen[begin : begin + step]
        counts = _dense(block.cells.take(rows[some]), len(design.totals))
        yield rows[some], date_jumps(jumps.take(some), counts, parts, design, strength[some])


def _dense(cells: Cells, periods: int) -> Floats:
    """Return the counts of topics in all periods. Shape (F, P)."""
    counts = np.zeros((cells.topics, periods))
    counts[np.repeat(np.arange(cells.topics), cells.lengths), cells.period] = cells.count
    return counts


def expected_in_sixteenths(dated: Dated, block: Block, part: Integers) -> Floats:
    """Return the articles that jumps expect in each sixteenth, ``part``, shape (P,), being that of
    each period. Shape (F, 16)."""
    design = block.tables.design
    expected = design.totals * special.expit(dated.log_odds(design, design.scaled))
    return np.add.reduceat(expected, np.searchsorted(part, np.arange(part[-1] + 1)), axis=1)
