"""S-curves and pulses of many topics, the choice between them and the trend, and all that is told
of a topic put together: shape, change, level, word."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from growth.model.arguments import check_time
from growth.model.bursts import degrees_of_freedom, two_sided
from growth.model.changes import ChangeFit, Changes
from growth.model.counts import CONVERGED, Floats, Integers
from growth.model.curve_search import fit_pulses, fit_s_curves
from growth.model.curves import CurveColumns, describe_pulses, describe_s_curves
from growth.model.level.smoother import Weeks
from growth.model.level.standing import nowhere, stand
from growth.model.movement import PULSE, S_CURVE, TREND, movement
from growth.model.trend_search import Trends, Window
from growth.model.trends import Block, Fitting, TrendColumns, TrendFit

NOT_SUPPORTED = "not_supported"

# The quadratic term's two-sided level at which a topic's log-odds are taken to bend down.
_LEVEL = 0.05
# Half the 95 % point of chi-squared with one degree of freedom: what the pulse's log-likelihood,
# over the dispersion, must be above the S-curve's. A fall is claimed only if it is there; to decide
# by the likelier of the two would keep the S-curves that by chance look flattest, and too sure of
# themselves.
_CLEAR_LEAD = 1.92
# A ceiling or a date that could as well be several times off is no result.
_WIDEST_LOG_CEILING = np.log(4.0)
_WIDEST_DATE = 1.0
# Memory that a topic takes, in bytes: of one curve; of all that is told.
_CURVE_BYTES, _TOPIC_BYTES = 500, 2200
# No S-curve is half-way up or down in this first or last part of the window: what is seen there is
# a bend.
_EDGE = 0.05


@dataclass(frozen=True)
class SCurveFit:
    """S-curves p(t) = K / (1 + exp(-r (t - t0))) of T topics; every array has shape (T,).

    ``status`` is the trend's where no trend exists; ``no_ceiling`` where the trend, the S-curve's
    limit, is no worse; ``not_supported`` where fit_growth keeps another shape. Where a number does
    not exist it is NaN. ``ceiling`` (K) is a share, ``midpoint`` (t0) a time in the caller's unit,
    ``growth_rate`` (r) per that unit. Intervals allow for bursts (bursts.py) with Student's t;
    the ceiling's is symmetric for 1 / K, in which 1 / p is linear. ``gain`` is the log-likelihood
    above the trend's, never below 0; ``deviance`` the trend's less twice that."""

    status: NDArray[np.str_]
    ceiling: Floats
    ceiling_low: Floats
    ceiling_high: Floats
    midpoint: Floats
    midpoint_se: Floats
    midpoint_low: Floats
    midpoint_high: Floats
    growth_rate: Floats
    growth_rate_se: Floats
    long_run_dispersion: Floats
    deviance: Floats
    gain: Floats
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats
    iterations: Integers


@dataclass(frozen=True)
class PulseFit:
    """Pulses, logit p(t) quadratic with a maximum, of T topics; every array has shape (T,).

    ``status`` as in SCurveFit; ``no_peak`` where the log-odds do not bend down. ``peak`` is the
    time of the maximum, ``peak_share`` the share there; ``curvature`` the quadratic coefficient per
    squared unit of time."""

    status: NDArray[np.str_]
    peak: Floats
    peak_se: Floats
    peak_low: Floats
    peak_high: Floats
    peak_share: Floats
    curvature: Floats
    curvature_se: Floats
    long_run_dispersion: Floats
    deviance: Floats
    gain: Floats
    share_start: Floats
    share_start_low: Floats
    share_start_high: Floats
    share_end: Floats
    share_end_low: Floats
    share_end_high: Floats
    iterations: Integers


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

    ``share_start`` and ``share_end`` are where the level stands at the first and the last period,
    with intervals (levels.py); ``share_highest`` is its highest, at the time ``highest``, and
    ``jumped`` the time of a jump on its way there. ``trend_share_start`` and ``trend_share_end``
    are the shares of the shape kept, over the whole window, at the same periods. ``articles_end``
    is the articles a period at the window's end, by the level."""

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


_S_CURVE_NAMES = [field.name for field in fields(SCurveFit)]
_PULSE_NAMES = [field.name for field in fields(PulseFit)]


def fit_s_curve(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> SCurveFit:
    """Fit the S-curve to every topic by binomial quasi-likelihood. Arguments and errors as in
    growth.logistic.fit_trend."""
    fitting = Fitting(
        topic, period, count, totals, times,
        topics=topics, min_articles=min_articles, confidence=confidence, topic_bytes=_CURVE_BYTES,
    )  # fmt: skip
    columns = CurveColumns(_S_CURVE_NAMES, fitting.size)
    for block in fitting.blocks():
        curves = fit_s_curves(block.window, block.cells, block.trends)
        columns.add(block.rows, describe_s_curves(block, curves, fitting.confidence))
    return SCurveFit(**columns.finish(fitting))


def fit_pulse(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> PulseFit:
    """Fit the pulse to every topic by binomial quasi-likelihood. Arguments and errors as in
    growth.logistic.fit_trend."""
    fitting = Fitting(
        topic, period, count, totals, times,
        topics=topics, min_articles=min_articles, confidence=confidence, topic_bytes=_CURVE_BYTES,
    )  # fmt: skip
    columns = CurveColumns(_PULSE_NAMES, fitting.size)
    for block in fitting.blocks():
        curves = fit_pulses(block.window, block.cells, block.trends)
        columns.add(block.rows, describe_pulses(block, curves, fitting.confidence))
    return PulseFit(**columns.finish(fitting))


def fit_growth(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
    week: float | None = None,
) -> GrowthFit:
    """Fit all shapes and keep for each topic the one that its articles support.

    The trend is kept unless the log-odds bend down: unless the score of a quadratic term, over its
    binomial error times the root of the long-run dispersion about trend and bend, is below what
    Student's t gives at 5 %, two-sided. Then S-curve and pulse are fitted. Either comes into
    question if its turning point is inside the window and dated, with an interval narrower than the
    window, and the S-curve's ceiling known within a factor of 4. The pulse is kept if its
    log-likelihood over the dispersion is clearly above the S-curve's, or the S-curve is not in
    question; otherwise the S-curve.

    ``times`` are in years, as growth.logistic.fit_level needs them; ``week`` is a time at which a
    week begins: by default weeks are counted from the end. Other arguments and errors as in
    growth.logistic.fit_trend; ValueError, too, for times over more than 100,000 years.
    """
    fitting = Fitting(
        topic, period, count, totals, times,
        topics=topics, min_articles=min_articles, confidence=confidence, topic_bytes=_TOPIC_BYTES,
    )  # fmt: skip
    size, confidence = fitting.size, fitting.confidence
    design = fitting.design
    week = None if week is None else check_time("week", week)
    weeks, standing = Weeks.of(design, week), nowhere(size)
    trend_columns, changes = TrendColumns(size), Changes(design, size)
    columns = {"s": CurveColumns(_S_CURVE_NAMES, size), "p": CurveColumns(_PULSE_NAMES, size)}
    shape = np.full(size, "", dtype="<U7")
    bend, bend_p = np.full(size, np.nan), np.full(size, np.nan)
    for block in fitting.blocks(changes.add):
        trend_columns.add(block, confidence)
        rows = block.rows
        shape[rows] = TREND
        bend[rows], bend_p[rows] = _bends(block.window, block.trends)
        stand(standing, weeks, rows, block.cells, design.ends)
        chosen = np.flatnonzero((bend_p[rows] < _LEVEL) & (bend[rows] < 0))
        for column in columns.values():
            column.add(rows, {"status": np.full(len(rows), NOT_SUPPORTED)})
        if not len(chosen):
            continue
        part = Block(
            block.window, rows[chosen], block.cells.take(chosen), block.trends.take(chosen)
        )
        s_curves = fit_s_curves(part.window, part.cells, part.trends)
        pulses = fit_pulses(part.window, part.cells, part.trends)
        s_told = describe_s_curves(part, s_curves, confidence)
        p_told = describe_pulses(part, pulses, confidence)
        s_fits, p_fits = _dated(part, s_told, p_told)
        lead = (pulses.gain - s_curves.gain) / np.fmax(1.0, s_curves.long_run)
        s_kept = s_fits & ~(p_fits & (lead > _CLEAR_LEAD))
        p_kept = p_fits & ~s_kept
        for name, kept, told, label in (
            ("s", s_kept, s_told, S_CURVE),
            ("p", p_kept, p_told, PULSE),
        ):
            columns[name].add(part.rows[kept], {key: values[kept] for key, values in told.items()})
            shape[part.rows[kept]] = label
    trend = trend_columns.finish(fitting)
    s_curve, pulse = (
        SCurveFit(**columns["s"].finish(fitting)),
        PulseFit(**columns["p"].finish(fitting)),
    )
    by_shape = {
        name: np.select(
            [shape == S_CURVE, shape == PULSE],
            [getattr(s_curve, name), getattr(pulse, name)],
            getattr(trend, name),
        )
        for name in ("share_start", "share_end")
    }
    change = changes.finish(fitting.min_articles, confidence)
    moved = movement(trend, change, standing, shape, design.scale)
    margin = special.ndtri(0.5 + confidence / 2)
    shares = {
        f"share_{name}{end}": special.expit(log_odds + sign * margin * error)
        for name, log_odds, error in (
            ("start", standing.start, standing.start_error),
            ("end", standing.end, standing.end_error),
        )
        for end, sign in (("", 0), ("_low", -1), ("_high", 1))
    }
    with np.errstate(divide="ignore"):
        known = (trend.ci_low > 0) | (trend.ci_high < 0)
        ends = [np.where(known, np.log(2) / end, np.nan) for end in (trend.ci_high, trend.ci_low)]
        doubling = np.where(trend.growth_rate != 0, np.log(2) / trend.growth_rate, np.nan)
    return GrowthFit(
        trend=trend,
        s_curve=s_curve,
        pulse=pulse,
        shape=shape,
        change=change,
        **vars(moved),
        bend=bend,
        shape_p_value=bend_p,
        doubling=doubling,
        doubling_low=ends[0],
        doubling_high=ends[1],
        **shares,
        share_highest=special.expit(standing.highest),
        highest=standing.highest_at,
        jumped=standing.jumped_at,
        trend_share_start=by_shape["share_start"],
        trend_share_end=by_shape["share_end"],
        articles_end=shares["share_end"] * (design.totals.mean() if len(design.totals) else np.nan),
    )


def _bends(window: Window, trends: Trends) -> tuple[Floats, Floats]:
    """Return the score statistic of a quadratic term, negative where the log-odds bend down, and
    its p-value. One wave less is left to measure the dispersion with."""
    number = window.bursts.number - 1
    inflation = np.maximum(1.0, trends.long_run_curved)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = trends.curvature / np.sqrt(trends.curvature_norm * inflation)
    return statistic, two_sided(degrees_of_freedom(number, inflation), statistic)


def _dated(
    block: Block, s_curves: dict[str, Floats], pulses: dict[str, Floats]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which S-curves and which pulses have a turning point inside the window, dated within
    its length; of S-curves, also a ceiling."""
    design = block.window.design
    first, last = design.centre + design.scale * design.scaled[[0, -1]]
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = np.log(s_curves["ceiling_high"] / s_curves["ceiling"])
        s_fits = (
            (s_curves["status"] == CONVERGED)
            & (s_curves["midpoint"] > first + _EDGE * design.scale)
            & (s_curves["midpoint"] < last - _EDGE * design.scale)
            & (s_curves["midpoint_high"] - s_curves["midpoint_low"] < _WIDEST_DATE * design.scale)
            & (wide < _WIDEST_LOG_CEILING)
        )
        p_fits = (
            (pulses["status"] == CONVERGED)
            & (pulses["peak"] > first)
            & (pulses["peak"] < last)
            & (pulses["peak_high"] - pulses["peak_low"] < _WIDEST_DATE * design.scale)
        )
    return s_fits, p_fits
