"""Fitting trends: against a loop of statsmodels' formula GLM, both on one thread."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import statsmodels.api as sm
import statsmodels.formula.api as smf
from numpy.typing import NDArray

from benchmarks.table import Row, compare, interleave
from growth.counts import CONVERGED
from growth.logistic import TrendFit, fit_trend
from growth.series import DAYS_PER_YEAR, read_series
from warehouse.connect import connect

BAR = 300.0
MIN_ARTICLES = 50
PEER_TOPICS = 30
REPETITIONS = 7


@dataclass(frozen=True)
class Counts:
    """The arguments of a fit: see growth.logistic.fit_trend."""

    topic: NDArray[np.int64]
    period: NDArray[np.int64]
    count: NDArray[np.int64]
    totals: NDArray[np.int64]
    times: NDArray[np.float64]

    def fit(self) -> TrendFit:
        """Fit the trend to every topic with enough articles."""
        return fit_trend(
            self.topic, self.period, self.count, self.totals, self.times, min_articles=MIN_ARTICLES
        )

    def frame(self, topic: int) -> pd.DataFrame:
        """Return a topic's series as statsmodels takes it: days without the topic are zeros."""
        mine = self.topic == topic
        y = np.zeros(len(self.totals), dtype=np.int64)
        y[self.period[mine]] = self.count[mine]
        return pd.DataFrame({"y": y, "miss": self.totals - y, "t": self.times})


def measure() -> list[Row]:
    """Compare on all topics of the year in the warehouse, and on many generated topics."""
    with connect("benchmarks") as connection:
        series = read_series(connection, None, None, [])
    real = Counts(series.topic, series.period, series.count, series.totals, series.times)
    return [_compare(real), _compare(_generate(topics=5000, days=184))]


def _compare(counts: Counts) -> Row:
    """Compare the time a topic: of all topics fitted together, and of some in statsmodels."""
    ours = counts.fit()
    fitted = np.flatnonzero(ours.status == CONVERGED)
    picked = np.random.default_rng(1).permutation(fitted)[:PEER_TOPICS]
    # The peer's frames are made beforehand; our time includes everything from the counts on.
    frames = [counts.frame(int(topic)) for topic in picked]
    _check_agreement(ours, picked, frames)
    ours_seconds, peer_seconds = interleave(
        REPETITIONS,
        lambda: _time(counts.fit) / len(fitted),
        lambda: _time(lambda: [_fit_peer(frame) for frame in frames]) / len(frames),
    )
    return compare(
        f"fit {len(fitted):,} trends of {len(counts.totals)} days, a topic",
        ours_seconds,
        f"statsmodels {version('statsmodels')} formula GLM",
        peer_seconds,
        BAR,
        unit="us",
    )


def _fit_peer(frame: pd.DataFrame) -> tuple[float, float]:
    result = smf.glm("y + miss ~ t", data=frame, family=sm.families.Binomial()).fit()
    return result.params["t"], result.bse["t"]


def _check_agreement(ours: TrendFit, picked: NDArray[np.int64], frames: list[pd.DataFrame]) -> None:
    """Raise where the two do not fit the same model: then their times would mean nothing."""
    rate, error = np.transpose([_fit_peer(frame) for frame in frames])
    np.testing.assert_allclose(ours.growth_rate[picked], rate, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.growth_rate_model_se[picked], error, rtol=1e-4)


def _time(function: Callable[[], object]) -> float:
    start = perf_counter()
    function()
    return perf_counter() - start


def _generate(topics: int, days: int) -> Counts:
    """Draw topics of about 80 to 1,100 articles, most of them small as in a real paper."""
    rng = np.random.default_rng(1)
    totals = rng.poisson(150, days)
    times = np.arange(days) / DAYS_PER_YEAR
    level = rng.uniform(np.log(0.003), np.log(0.04), topics)
    rate = rng.normal(0, 1, topics)
    share = 1 / (1 + np.exp(-(level[:, None] + rate[:, None] * (times - times.mean()))))
    dense = rng.binomial(totals, share)
    topic, period = np.nonzero(dense)
    return Counts(topic, period, dense[topic, period], totals, times)
