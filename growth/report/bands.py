"""The fitted curve of each topic and its bands, at the times that the page draws.

The store holds what is told of a curve, not the covariances of its coefficients. They come from
fitting the same series again by the same functions, which takes a second for thousands of topics.

With eta = logit p the fitted log-odds at a time and d its derivatives by the coefficients, the band
is expit(eta -+ t sqrt(d' V d)), as the intervals of share_start and share_end are: V is the inverse
information (McCullagh and Nelder, 1989, section 4.4) with the long-run dispersion of growth.bursts,
and t Student's quantile with its degrees of freedom. The band is for the curve, point by point; the
observed shares of single weeks scatter more widely.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.bursts import degrees_of_freedom
from growth.counts import Floats, Integers
from growth.curve_columns import log_odds_at, margin
from growth.curves import Curves, Model, fit_pulses, fit_s_curves, pulse, s_curve
from growth.movement import PULSE, S_CURVE
from growth.series import Series
from growth.trends import Block, Fitting
from growth.trends import log_odds_at as trend_log_odds_at

LEVELS = (0.8, 0.95)


@dataclass(frozen=True)
class Bands:
    """Fitted log-odds of T topics at K times, shape (T, K), and half the widths of their bands at
    each of ``LEVELS``, shape (T, K) too; NaN where a topic has no fit."""

    log_odds: Floats
    half: tuple[Floats, ...]


def fit_bands(series: Series, shape: NDArray[np.str_], times: Floats) -> Bands:
    """Fit the curves that were kept, ``shape`` (T,), to a series by the run's periods, and return
    them at ``times`` (K,), in years since the window's start."""
    fitting = Fitting(
        series.topic, series.period, series.count, series.totals, series.times,
        len(series.topic_ids), 0,
    )  # fmt: skip
    size = (len(series.topic_ids), len(times))
    bands = Bands(np.full(size, np.nan), tuple(np.full(size, np.nan) for _ in LEVELS))
    scaled = (times - fitting.design.centre) / fitting.design.scale
    for block in fitting.blocks():
        _add_trends(bands, block, scaled)
        for kept, fit, model in (
            (S_CURVE, fit_s_curves, s_curve),
            (PULSE, fit_pulses, pulse),
        ):
            chosen = np.flatnonzero(shape[block.rows] == kept)
            if len(chosen):
                rows, cells = block.rows[chosen], block.cells.take(chosen)
                part = Block(block.window, rows, cells, block.trends.take(chosen))
                _add_curves(bands, part, fit(part.window, part.cells, part.trends), model, scaled)
    return bands


def _add_trends(bands: Bands, block: Block, scaled: Floats) -> None:
    inflation = np.maximum(1.0, block.trends.long_run)
    freedom = degrees_of_freedom(block.window.bursts.number, inflation)
    quantiles = [special.stdtrit(freedom, 0.5 + level / 2) for level in LEVELS]
    at = [trend_log_odds_at(block.trends, u) for u in scaled]
    _write(bands, block.rows, at, [quantile * np.sqrt(inflation) for quantile in quantiles])


def _add_curves(bands: Bands, block: Block, curves: Curves, model: Model, scaled: Floats) -> None:
    quantiles = [margin(block, curves, level) for level in LEVELS]
    _write(bands, block.rows, [log_odds_at(curves, model, u) for u in scaled], quantiles)


def _write(
    bands: Bands, rows: Integers, at: list[tuple[Floats, Floats]], quantiles: list[Floats]
) -> None:
    bands.log_odds[rows] = np.column_stack([log_odds for log_odds, _ in at])
    errors = np.column_stack([error for _, error in at])
    for half, quantile in zip(bands.half, quantiles, strict=True):
        half[rows] = quantile[:, None] * errors
