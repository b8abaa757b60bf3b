"""Logistic growth of many topics at once. Arrays in, arrays out; knows nothing of the database.

``fit_trend``, ``fit_s_curve`` and ``fit_pulse`` fit one shape to every topic, ``fit_growth`` fits
all and keeps of each topic what its articles support; ``fit_change`` compares the end of a window
with its start, ``fit_level`` says where a share stood at any time.

All take the same counts. ``topic``, ``period`` and ``count``, each of shape (C,), are the non-zero
cells in any order: in period ``period[c]`` (an index into ``totals``) ``count[c]`` articles carry
topic ``topic[c]`` (an integer from 0). Cells of one topic and period add up. ``totals`` and
``times``, shape (P,), are the articles of each period and its time; periods without articles say
nothing and are left out. ``topics`` is the number of topics, where the last ones may have no cell.
"""

from numpy.typing import ArrayLike

from growth.model import changes, curves, shapes, trends
from growth.model.changes import ChangeFit
from growth.model.counts import Counts
from growth.model.curves import PulseFit, SCurveFit
from growth.model.level import levels
from growth.model.level.levels import LevelFit
from growth.model.shapes import GrowthFit
from growth.model.trends import TrendFit, adjust_p_values

__all__ = [
    "ChangeFit",
    "GrowthFit",
    "LevelFit",
    "PulseFit",
    "SCurveFit",
    "TrendFit",
    "adjust_p_values",
    "fit_change",
    "fit_growth",
    "fit_level",
    "fit_pulse",
    "fit_s_curve",
    "fit_trend",
]


def fit_trend(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> TrendFit:
    """Fit the trend logit p(t) = a + r t to every topic by maximum likelihood.

    The counts are explained above. Topics with fewer than ``min_articles`` articles are not fitted.
    ``confidence`` is that of the intervals, between 0 and 1.

    Arrays may be of any integer or float type, and lists; none is changed. Counts and totals are
    from 0 to 2^53, whole or not; indices are whole numbers, also as floats. Times may come in any
    order and more than once. Cells sorted by topic are fitted as they come, with little memory;
    others are sorted first.

    Raises ValueError, in one line that names the argument, its value and the way out: for other
    types, shapes and ranges, masked values, a count above its period's total or in a period without
    articles, times that are not finite, and topics without a cell, or periods, so many that they
    would take more than half of the memory.
    """
    counts = Counts(topic, period, count, totals, times, topics)
    return trends.fit_trend(counts, min_articles=min_articles, confidence=confidence)


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
    ``fit_trend``."""
    counts = Counts(topic, period, count, totals, times, topics)
    return curves.fit_s_curve(counts, min_articles=min_articles, confidence=confidence)


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
    ``fit_trend``."""
    counts = Counts(topic, period, count, totals, times, topics)
    return curves.fit_pulse(counts, min_articles=min_articles, confidence=confidence)


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
    false_discovery_rate: float = 0.05,
) -> GrowthFit:
    """Fit all shapes and keep for each topic the one that its articles support.

    The trend is kept unless the log-odds bend down: unless the score of a quadratic term, over its
    binomial error times the root of the long-run dispersion about trend and bend, is below what
    Student's t gives at 5 %, two-sided. Then S-curve and pulse are fitted. Either comes into
    question if its turning point is inside the window and dated, with an interval narrower than the
    window, and the S-curve's ceiling known within a factor of 4. The pulse is kept if its
    log-likelihood over the dispersion is clearly above the S-curve's, or the S-curve is not in
    question; otherwise the S-curve.

    ``times`` are in years, as ``fit_level`` needs them; ``week`` is a time at which a week begins:
    by default weeks are counted from the end. ``false_discovery_rate``, between 0 and 1, is that at
    which topics are taken to grow or shrink. Other arguments and errors as in ``fit_trend``;
    ValueError, too, for times over more than 100,000 years.
    """
    counts = Counts(topic, period, count, totals, times, topics)
    return shapes.fit_growth(
        counts, min_articles=min_articles, confidence=confidence, week=week,
        false_discovery_rate=false_discovery_rate,
    )  # fmt: skip


def fit_change(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    min_articles: int = 0,
    confidence: float = 0.95,
) -> ChangeFit:
    """Compare the last quarter of the periods with the first, for every topic.

    Arguments and errors as in ``fit_trend``. There is no change where fewer than 32 periods have
    articles, or for topics with fewer than ``min_articles`` or with none in both quarters.
    """
    counts = Counts(topic, period, count, totals, times, topics)
    return changes.fit_change(counts, min_articles=min_articles, confidence=confidence)


def fit_level(
    topic: ArrayLike,
    period: ArrayLike,
    count: ArrayLike,
    totals: ArrayLike,
    times: ArrayLike,
    *,
    topics: int | None = None,
    at: ArrayLike | None = None,
    confidence: float = 0.95,
) -> LevelFit:
    """Return where the share of every topic stands at the times ``at``, a number or of shape (K,),
    by default at the times of the periods.

    ``times`` and ``at`` are in years, since a level moves by the week; of periods with ``totals`` 0
    nothing is known. The interval is for the level: counts of single weeks scatter more widely.
    Other arguments and errors as in ``fit_trend``; ValueError, too, for times over more than
    100,000 years.
    """
    counts = Counts(topic, period, count, totals, times, topics)
    return levels.fit_level(counts, at=at, confidence=confidence)
