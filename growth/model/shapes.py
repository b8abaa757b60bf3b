"""The choice between trend, S-curve and pulse, and all that is told of a topic put together: shape,
change, level, word."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.arguments import check_false_discovery_rate, check_time
from growth.model.bursts import degrees_of_freedom, two_sided
from growth.model.changes import ChangeFit, Changes
from growth.model.counts import Booleans, Counts, Design, Floats
from growth.model.curve_search import PULSE_MODEL, S_CURVE_MODEL, search_curves
from growth.model.curves import (
    PULSE_NUMBERS,
    S_CURVE_NUMBERS,
    CurveColumns,
    PulseFit,
    SCurveFit,
    describe_pulses,
    describe_s_curves,
)
from growth.model.level.smoother import Weeks
from growth.model.level.standing import Standing, nowhere, stand
from growth.model.movement import ALPHA, PULSE, S_CURVE, TREND, movement
from growth.model.statuses import Status
from growth.model.trend_search import PeriodTables, Trends
from growth.model.trends import Block, Fitting, TrendColumns, TrendFit

# By how much the pulse's log-likelihood, over the dispersion, must be above the S-curve's: half the
# 95 % point of chi-squared with one degree of freedom. A fall is claimed only if it is there; to
# decide by the likelier of the two would keep the S-curves that by chance look flattest, and too
# sure of themselves.
_CLEAR_LEAD = 1.92
# A ceiling or a date that could as well be several times off is no result.
_WIDEST_LOG_CEILING = np.log(4.0)
_WIDEST_DATE = 1.0
# Bytes that a topic takes, whatever its cells.
_TOPIC_BYTES = 2200
# An S-curve that is half-way up or down in the first or last twentieth of the window is none: what
# is seen there is a bend.
_EDGE = 0.05


@dataclass(frozen=True)
class GrowthFit:
    """All there is to tell of T topics; every array has shape (T,), NaN where there is no number.

    ``shape`` is ``trend``, ``s_curve`` or ``pulse``, '' without a fit. ``p_value``, ``q_value``,
    ``sure_growth``, the ``listed_`` numbers and ``phase`` are what trend, change and level say
    together (movement.py). ``bend`` is the score of a quadratic term in the log-odds over its
    error, negative where they bend down, and ``shape_p_value`` its p-value. ``doubling`` is the
    time, in the unit of ``times``, in which the odds double along the trend, negative if they
    halve; ``doubling_low`` and ``doubling_high`` are its ends where the growth rate is not 0 at the
    confidence asked for.

    ``share_start`` and ``share_end`` are the level at the window's two ends, means over two weeks
    or more (ends.py), with intervals (levels.py); ``share_highest`` is its highest, at the time
    ``highest``, and ``jumped`` the time of a jump on its way there. ``trend_share_start`` and
    ``trend_share_end`` are the shares of the shape kept, over the whole window, at the same
    periods. ``articles_end`` is the articles a period at the window's end, by the level."""

    trend: TrendFit
    s_curve: SCurveFit
    pulse: PulseFit
    change: ChangeFit
    shape: NDArray[np.str_]
    p_value: Floats
    q_value: Floats
    sure_growth: Floats
    listed_rate: Floats
    listed_low: Floats
    listed_high: Floats
    listed_by: NDArray[np.str_]
    listed_doubling: Floats
    phase: NDArray[np.str_]
    bend: Floats
    shape_p_value: Floats
    doubling: Floats
    doubling_low: Floats
    doubling_high: Floats
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats
    share_highest: Floats
    highest: Floats
    jumped: Floats
    trend_share_start: Floats
    trend_share_end: Floats
    articles_end: Floats


def fit_growth(
    counts: Counts,
    *,
    min_articles: int = 0,
    confidence: float = 0.95,
    week: float | None = None,
    false_discovery_rate: float = 0.05,
) -> GrowthFit:
    """Fit all shapes and keep for each topic the one that its articles support: see
    growth.logistic.fit_growth."""
    fitting = Fitting(counts, min_articles, confidence, _TOPIC_BYTES)
    week = None if week is None else check_time("week", week)
    rate = check_false_discovery_rate(false_discovery_rate)
    weeks, standing = Weeks.of(fitting.design, week), nowhere(fitting.size)
    trends, changes = TrendColumns(fitting.size), Changes(fitting.design, fitting.size)
    kept = _KeptShapes(fitting.size, fitting.confidence)
    for block in fitting.blocks(changes.add):
        trends.add(block, fitting.confidence)
        stand(standing, weeks, block.rows, block.cells, fitting.design.ends)
        kept.add(block)
    trend, change = trends.finish(fitting), changes.finish(fitting.min_articles, fitting.confidence)
    s_curve = SCurveFit(**kept.s_curves.finish(fitting))
    pulse = PulseFit(**kept.pulses.finish(fitting))
    moved = movement(trend, change, standing, kept.shape, fitting.design.scale, rate)
    trend_shares = {
        f"trend_{name}": np.select(
            [kept.shape == S_CURVE, kept.shape == PULSE],
            [getattr(s_curve, name), getattr(pulse, name)],
            getattr(trend, name),
        )
        for name in ("share_start", "share_end")
    }
    told: dict[str, Any] = vars(moved) | trend_shares | _doubling(trend)
    told |= _shares(standing, fitting.confidence, fitting.design)
    return GrowthFit(
        trend=trend,
        s_curve=s_curve,
        pulse=pulse,
        change=change,
        shape=kept.shape,
        bend=kept.bend,
        shape_p_value=kept.bend_p_value,
        **told,
    )


class _KeptShapes:
    """The shapes that are kept, filled block by block: '' without a fit; the bend that decides; and
    the columns of the S-curves and pulses that are kept."""

    def __init__(self, size: int, confidence: float) -> None:
        self._confidence = confidence
        self.shape = np.full(size, "", dtype="<U7")
        self.bend, self.bend_p_value = np.full(size, np.nan), np.full(size, np.nan)
        self.s_curves = CurveColumns(S_CURVE_NUMBERS, size)
        self.pulses = CurveColumns(PULSE_NUMBERS, size)

    def add(self, block: Block) -> None:
        """Choose for the topics of a block: the trend, unless the log-odds bend down and a curve is
        dated."""
        rows = block.rows
        self.shape[rows] = TREND
        self.s_curves.say(rows, Status.NOT_SUPPORTED)
        self.pulses.say(rows, Status.NOT_SUPPORTED)
        bend, p_value = _bends(block.tables, block.trends)
        self.bend[rows], self.bend_p_value[rows] = bend, p_value
        bent = np.flatnonzero((p_value < ALPHA) & (bend < 0))
        if len(bent):
            self._choose_curve(block.take(bent))

    def _choose_curve(self, block: Block) -> None:
        s_curves, pulses = (
            search_curves(block.tables, block.cells, block.trends, model)
            for model in (S_CURVE_MODEL, PULSE_MODEL)
        )
        s_told = describe_s_curves(block, s_curves, self._confidence)
        p_told = describe_pulses(block, pulses, self._confidence)
        s_fits, p_fits = _dated(block, s_told, p_told)
        lead = (pulses.gain - s_curves.gain) / np.fmax(1.0, s_curves.long_run)
        s_kept = s_fits & ~(p_fits & (lead > _CLEAR_LEAD))
        for columns, kept, told, shape in (
            (self.s_curves, s_kept, s_told, S_CURVE),
            (self.pulses, p_fits & ~s_kept, p_told, PULSE),
        ):
            rows = block.rows[kept]
            columns.add(rows, {name: values[kept] for name, values in told.items()})
            self.shape[rows] = shape


def _bends(tables: PeriodTables, trends: Trends) -> tuple[Floats, Floats]:
    """Return the score statistic of a quadratic term, negative where the log-odds bend down, and
    its p-value. One wave less is left to measure the dispersion with."""
    number = tables.bursts.number - 1
    inflation = np.maximum(1.0, trends.long_run_curved)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = trends.curvature / np.sqrt(trends.curvature_norm * inflation)
    return statistic, two_sided(degrees_of_freedom(number, inflation), statistic)


def _dated(
    block: Block, s_curves: dict[str, Floats], pulses: dict[str, Floats]
) -> tuple[Booleans, Booleans]:
    """Return which S-curves and which pulses have a turning point inside the window, dated within
    its length; of S-curves, also a ceiling."""
    design = block.tables.design
    first, last = design.centre + design.scale * design.scaled[[0, -1]]
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = np.log(s_curves["ceiling_high"] / s_curves["ceiling"])
        s_fits = (
            (s_curves["status"] == Status.CONVERGED.code)
            & (s_curves["midpoint"] > first + _EDGE * design.scale)
            & (s_curves["midpoint"] < last - _EDGE * design.scale)
            & (s_curves["midpoint_high"] - s_curves["midpoint_low"] < _WIDEST_DATE * design.scale)
            & (wide < _WIDEST_LOG_CEILING)
        )
        p_fits = (
            (pulses["status"] == Status.CONVERGED.code)
            & (pulses["peak"] > first)
            & (pulses["peak"] < last)
            & (pulses["peak_high"] - pulses["peak_low"] < _WIDEST_DATE * design.scale)
        )
    return s_fits, p_fits


def _doubling(trend: TrendFit) -> dict[str, Floats]:
    """Return the times in which the odds double along the trend, and the ends of their intervals
    where the trend's does not hold 0."""
    with np.errstate(divide="ignore"):
        known = (trend.ci_low > 0) | (trend.ci_high < 0)
        return {
            "doubling": np.where(trend.growth_rate != 0, np.log(2) / trend.growth_rate, np.nan),
            "doubling_low": np.where(known, np.log(2) / trend.ci_high, np.nan),
            "doubling_high": np.where(known, np.log(2) / trend.ci_low, np.nan),
        }


def _shares(standing: Standing, confidence: float, design: Design) -> dict[str, Floats]:
    """Return where the levels stand, as shares: at the ends with intervals, at the highest, and
    what the end comes to in articles a period."""
    margin = special.ndtri(0.5 + confidence / 2)
    shares = {
        f"share_{name}{end}": special.expit(log_odds + sign * margin * error)
        for name, log_odds, error in (
            ("start", standing.start, standing.start_error),
            ("end", standing.end, standing.end_error),
        )
        for end, sign in (("", 0), ("_low", -1), ("_high", 1))
    }
    articles = design.totals.mean() if len(design.totals) else np.nan
    return shares | {
        "share_highest": special.expit(standing.highest),
        "highest": standing.highest_at,
        "jumped": standing.jumped_at,
        "articles_end": shares["share_end"] * articles,
    }
