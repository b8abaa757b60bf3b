"""What a fit was asked for and what came of it, as it is stored."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from console.months import format_month
from console.outlets import DEFAULT_OUTLET
from growth.choices import DEFAULT_FALSE_DISCOVERY_RATE, Period
from growth.model.shapes import GrowthFit
from growth.stored.runs import Window
from growth.stored.series import DAYS_PER_YEAR, Series


@dataclass(frozen=True)
class Settings:
    """What a fit depends on besides the series: kinds of topics (none: all), fewest articles,
    length of the periods, whether months of the window may be missing, the false discovery rate at
    which topics are listed as growing or shrinking, and whose articles are fitted."""

    kinds: list[str]
    min_articles: int
    period: str = Period.DAY
    allow_gaps: bool = False
    false_discovery_rate: float = DEFAULT_FALSE_DISCOVERY_RATE
    outlet: str = DEFAULT_OUTLET

    @property
    def kinds_text(self) -> str:
        """The kinds in one word, as growth.runs holds them."""
        return "+".join(sorted(self.kinds)) or "all"


def run_id(window: Window, settings: Settings) -> str:
    """Return the key of a fit: its window and settings, readable."""
    months = f"{format_month(window.start)}_{format_month(window.end)}"
    key = f"{months}_{settings.period}_{settings.kinds_text}_min{settings.min_articles}"
    rate = settings.false_discovery_rate
    key += "" if rate == DEFAULT_FALSE_DISCOVERY_RATE else f"_fdr{rate:g}"
    return key if window.outlet == DEFAULT_OUTLET else f"{window.outlet}_{key}"


@dataclass(frozen=True)
class Result:
    """A fit and what it was made from. ``series`` is the daily one; ``seasonal``, shape (T,), as
    `seasonal` returns it; ``knows_new`` tells whether the window and the year before it are loaded:
    else nobody knows what is new in it; ``seconds`` is the time that reading and fitting took."""

    series: Series
    settings: Settings
    fit: GrowthFit
    seasonal: NDArray[np.float64]
    periods: int
    knows_new: bool
    missing_months: list[date]
    input_sha256: str
    seconds: float

    @property
    def run_id(self) -> str:
        """The key of the fit."""
        return run_id(self.series.window, self.settings)

    @property
    def code_version(self) -> str:
        """The version of this project."""
        return version("news-growth")

    @property
    def missing_months_text(self) -> str:
        """The missing months, as growth.runs holds them."""
        return ", ".join(map(format_month, self.missing_months))

    @property
    def articles_a_day(self) -> float:
        """Articles of the window, of all topics, on a day that has any."""
        return float(self.series.totals.sum()) / max(1, int((self.series.totals > 0).sum()))

    @cached_property
    def new_label(self) -> list[bool | None]:
        """Whether each topic's first article lies in the window."""
        start = self.series.window.start
        return [
            day >= start if self.knows_new and day is not None else None
            for day in self.series.first_seen_on
        ]

    def with_status(self, status: str) -> int:
        """Return how many topics have a status."""
        return int((self.fit.trend.status == status).sum())

    def with_shape(self, shape: str) -> int:
        """Return how many topics have a shape."""
        return int((self.fit.shape == shape).sum())

    @property
    def noise_deviation(self) -> float:
        """The standard deviation of the noise in the log-odds of a typical topic's weekly share."""
        return self.fit.noise.deviation(7 / self.series.window.days)

    def jumped(self, values: NDArray[np.float64], *shapes: str) -> NDArray[np.float64]:
        """Return the values of the topics that have one of these shapes, NaN for the others."""
        return np.where(np.isin(self.fit.shape, shapes), values, np.nan)

    def in_days(self, years: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return lengths of time in days."""
        return years * DAYS_PER_YEAR
