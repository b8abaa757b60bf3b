"""The choice between trend, S-curve, pulse, step and event, and all that is told of a topic put
together: shape, change, level, word."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from growth.model.arguments import check_false_discovery_rate, check_time
from growth.model.changes import ChangeFit, Changes
from growth.model.counts import Booleans, Counts, Design, Floats, Integers
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
from growth.model.jumps.choice import choose_jumps, expected_in_sixteenths, jumped
from growth.model.jumps.dates import JumpFit
from growth.model.jumps.quality import fit_quality
from growth.model.jumps.search import Parts
from growth.model.level.smoother import Weeks
from growth.model.level.standing import Standing, nowhere, stand
from growth.model.movement import ALPHA, PULSE, S_CURVE, TREND, movement
from growth.model.noise.memory import Noise, dispersions
from growth.model.noise.students import two_sided
from growth.model.statuses import Status
from growth.model.trend_search import Trends
from growth.model.trends import Block, Fitting, TrendColumns, TrendFit

# By how much the pulse's log-likelihood, over the dispersion, must be above the S-curve's: half the
# 95 % point of chi-squared with one degree of freedom. A fall is claimed only if it is there; to
# decide by the likelier of the two would keep the S-curves that by chance look flattest, and too
# sure of themselves.
_CLEAR_LEAD = 1.92
# A ceiling or a date that could as well be several times off is no result.
_WIDEST_LOG_CEILING = np.log(4.0)
_WIDEST_DATE = 1.0
# Where the log-odds of sixteenths of the window stray by more, it is hardly noise.
_STRONGEST_NOISE = 0.6
# Bytes that a topic takes, whatever its cells.
_TOPIC_BYTES = 3000
# An S-curve that is half-way up or down in the first or last twentieth of the window is none: what
# is seen there is a bend.
_EDGE = 0.05


@dataclass(frozen=True)
class GrowthFit:
    """All there is to tell of T topics; every array has shape (T,), NaN where there is no number.

    ``shape`` is ``trend``, ``s_curve``, ``pulse``, ``step``, ``step_drift`` or ``event``, ''
    without a fit; ``fit_quality`` tells how much of what moved it describes, 1 at most, NaN where
    nothing moved beyond chance and bursts (jumps/quality.py). ``noise`` is that of all topics.
    ``p_value``, ``q_value``, ``sure_growth``, the ``listed_`` numbers and ``phase`` are what trend,
    change and level say together (movement.py). ``bend`` is the score of a quadratic term in the
    log-odds over its error, negative where they bend down, and ``shape_p_value`` its p-value.
    ``doubling`` is the time, in the unit of ``times``, in which the odds double along the trend,
    negative if they halve; ``doubling_low`` and ``doubling_high`` are its ends where the growth
    rate is not 0 at the confidence asked for.

    ``share_start`` and ``share_end`` are the level at the window's two ends, means over two weeks
    or more (ends.py), with intervals (levels.py); ``share_highest`` is its highest, at the time
    ``highest``, and ``jumped`` the time of a jump on its way there. ``trend_share_start`` and
    ``trend_share_end`` are the shares of the shape kept, over the whole window, at the same
    periods. ``articles_end`` is the articles a period at the window's end, by the level."""

    noise: Noise
    trend: TrendFit
    s_curve: SCurveFit
    pulse: PulseFit
    jump: JumpFit
    change: ChangeFit
    shape: NDArray[np.str_]
    fit_quality: Floats
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
    blocks = []
    for block in fitting.blocks(changes.add):
        trends.add(block)
        stand(standing, weeks, block.rows, block.cells, fitting.design.ends)
        blocks.append(block)
    noise = _measure(blocks, trends, changes, fitting)
    kept = _KeptShapes(fitting, noise, changes)
    for block in blocks:
        kept.add(block)
    trend, change = trends.finish(fitting, noise), changes.finish(fitting, noise)
    moved = movement(trend, change, standing, kept.shape, fitting.design.scale, rate)
    told: dict[str, Any] = vars(moved) | kept.told(trend, fitting) | _doubling(trend)
    told |= _shares(standing, fitting.confidence, fitting.design)
    return GrowthFit(noise=noise, trend=trend, change=change, **told)


def _measure(
    blocks: list[Block], trends: TrendColumns, changes: Changes, fitting: Fitting
) -> Noise:
    """Measure the noise of all topics; then again, without those that surely jump, since a jump
    looks like the slowest of waves. Their own noise is measured about the jump. Where nearly all
    jump, the first measure is of jumps: it counts up to some strength."""
    first = trends.measure()
    noise = replace(first, strength=min(first.strength, _STRONGEST_NOISE))
    parts = Parts.of(fitting.design)
    if parts is None or changes.counts is None:
        return first
    square, jumps = changes.strengths(noise), np.zeros(fitting.size, dtype=np.bool_)
    for block in blocks:
        for places, expected in jumped(block, parts, square[block.rows], noise):
            jumps[block.rows[places]] = True
            changes.follow(block.rows[places], expected)
    return trends.measure(jumps)


class _KeptShapes:
    """The shapes that are kept, filled block by block: '' without a fit; the bend that decides; and
    the columns of the S-curves, pulses and jumps that are kept."""

    def __init__(self, fitting: Fitting, noise: Noise, changes: Changes) -> None:
        size = fitting.size
        self._fitting, self._noise, self._changes = fitting, noise, changes
        self._parts, self._square = Parts.of(fitting.design), changes.strengths(noise)
        self.shape = np.full(size, "", dtype="<U10")
        self._bend, self._bend_p_value = np.full(size, np.nan), np.full(size, np.nan)
        self._s_curves = CurveColumns(S_CURVE_NUMBERS, size)
        self._pulses = CurveColumns(PULSE_NUMBERS, size)
        self._jumps, self._jump_ends = JumpFit.nothing(size), np.full((2, size), np.nan)
        self._quality = np.full(size, np.nan)

    def add(self, block: Block) -> None:
        """Choose for the topics of a block: the trend, unless the log-odds bend down and a curve is
        dated; a jump where the counts support it over these."""
        rows = block.rows
        self.shape[rows] = TREND
        self._s_curves.say(rows, Status.NOT_SUPPORTED)
        self._pulses.say(rows, Status.NOT_SUPPORTED)
        bend, p_value = _bends(block.trends, self._noise)
        self._bend[rows], self._bend_p_value[rows] = bend, p_value
        times = np.zeros(0) if self._parts is None else self._parts.times
        kept = block.trends.level[:, None] + block.trends.slope[:, None] * times
        bent = np.flatnonzero((p_value < ALPHA) & (bend < 0))
        pulses = np.zeros((len(rows), 3))
        if len(bent):
            self._choose_curve(block.take(bent), times, kept, pulses, bent)
        if self._parts is not None:
            self._choose_jump(block, self._parts, kept, pulses)

    def _choose_curve(
        self, block: Block, times: Floats, kept: Floats, pulses: Floats, places: Integers
    ) -> None:
        """Choose between trend, S-curve and pulse; put the log-odds of curves, at ``times``, into
        the rows ``places`` of ``kept``, and the coefficients of pulses into ``pulses``."""
        confidence = self._fitting.confidence
        s_curves, pulse_curves = (
            search_curves(block.tables, block.cells, block.trends, model)
            for model in (S_CURVE_MODEL, PULSE_MODEL)
        )
        s_told = describe_s_curves(block, s_curves, confidence)
        p_told = describe_pulses(block, pulse_curves, confidence)
        s_fits, p_fits = _dated(block, s_told, p_told)
        lead = (pulse_curves.gain - s_curves.gain) / np.fmax(1.0, s_curves.long_run)
        s_kept = s_fits & ~(p_fits & (lead > _CLEAR_LEAD))
        for columns, chosen, told, shape, curves, model in (
            (self._s_curves, s_kept, s_told, S_CURVE, s_curves, S_CURVE_MODEL),
            (self._pulses, p_fits & ~s_kept, p_told, PULSE, pulse_curves, PULSE_MODEL),
        ):
            rows = block.rows[chosen]
            columns.add(rows, {name: values[chosen] for name, values in told.items()})
            self.shape[rows] = shape
            kept[places[chosen]] = model.values(times, curves.coefficients[chosen].T).log_odds
            if shape == PULSE:
                pulses[places[chosen]] = curves.coefficients[chosen]

    def _choose_jump(self, block: Block, parts: Parts, kept: Floats, pulses: Floats) -> None:
        fitting, counts = self._fitting, self._changes.counts
        is_curve = self.shape[block.rows] != TREND
        square = self._square[block.rows]
        margin = float(special.ndtri(0.5 + fitting.confidence / 2))
        expected = parts.in_sixteenths(parts.totals * special.expit(kept))
        jumps = choose_jumps(block, parts, square, self._noise, kept, is_curve, pulses)
        for places, dated in jumps:
            rows = block.rows[places]
            self.shape[rows] = dated.kind
            for columns in (self._s_curves, self._pulses):
                columns.forget(rows)
            self._jumps.fill(rows, dated, fitting.design, margin)
            ends = dated.log_odds(fitting.design, fitting.design.scaled[[0, -1]])
            self._jump_ends[:, rows] = special.expit(ends).T
            if counts is not None:
                expected[places] = expected_in_sixteenths(dated, block, self._changes.part)
        if counts is not None:
            self._quality[block.rows] = fit_quality(
                counts[block.rows], self._changes.totals, expected, square
            )

    def told(self, trend: TrendFit, fitting: Fitting) -> dict[str, Any]:
        """Return the columns of GrowthFit that are about shapes."""
        s_curve = SCurveFit(**self._s_curves.finish(fitting))
        pulse = PulseFit(**self._pulses.finish(fitting))
        ends = {}
        for name, of_jumps in zip(("share_start", "share_end"), self._jump_ends, strict=True):
            ends[f"trend_{name}"] = np.select(
                [self.shape == S_CURVE, self.shape == PULSE, np.isfinite(of_jumps)],
                [getattr(s_curve, name), getattr(pulse, name), of_jumps],
                getattr(trend, name),
            )
        return ends | {
            "s_curve": s_curve,
            "pulse": pulse,
            "jump": self._jumps,
            "shape": self.shape,
            "bend": self._bend,
            "shape_p_value": self._bend_p_value,
            "fit_quality": self._quality,
        }


def _bends(trends: Trends, noise: Noise) -> tuple[Floats, Floats]:
    """Return the score statistic of a quadratic term, negative where the log-odds bend down, and
    its p-value."""
    information = trends.information[:, 0]
    dispersion, freedom = dispersions(noise, "bend", trends.power_curved, information)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = trends.curvature / np.sqrt(trends.curvature_norm * dispersion)
    return statistic, two_sided(freedom, statistic)


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
