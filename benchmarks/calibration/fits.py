"""Fits of simulated counts, and what is counted of them."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.noises import ARTICLES, Counts, Floats
from growth.logistic import GrowthFit, fit_growth
from growth.stored.series import DAYS_PER_YEAR

FEWEST = 20
JUMPS = ["step", "step_drift", "event"]
Booleans = NDArray[np.bool_]


def years(days: float) -> float:
    """Return the days in years, the unit of all times and rates."""
    return days / DAYS_PER_YEAR


def fit(counts: Counts, totals: Counts | int = ARTICLES, min_articles: int = 0) -> GrowthFit:
    """Fit a matrix of topics by days. Times are in years from the window's middle."""
    topic, day = np.nonzero(counts)
    days = counts.shape[1]
    return fit_growth(
        topic,
        day,
        counts[topic, day],
        np.broadcast_to(totals, days),
        (np.arange(days) + 0.5 - days / 2) / DAYS_PER_YEAR,
        topics=len(counts),
        min_articles=min_articles,
    )


def percent(flags: Booleans) -> str:
    """Return the share of true ones in per cent; of a few cases none."""
    return f"{100 * flags.mean():.1f}" if len(flags) >= FEWEST else "-"


def covers(low: Floats, truth: Floats | float, high: Floats) -> Booleans:
    """Return where the interval has the truth."""
    return np.asarray((low <= truth) & (truth <= high))
