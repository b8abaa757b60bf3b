"""Flat and growing topics with the noises that news has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.curves import along
from benchmarks.calibration.fits import JUMPS, Booleans, covers, fit, percent, years
from benchmarks.calibration.noises import (
    ARTICLES,
    AnyNoise,
    Counts,
    Floats,
    Hawkes,
    LongMemory,
    Noise,
    Swings,
    bursts,
    regimes,
    simulate,
    spike,
    sundays,
    weekday,
    year,
)
from benchmarks.calibration.report import Limit, Table
from growth.logistic import GrowthFit

WINDOWS = [182, 365, 731, 1096, 2130]
MIN_ARTICLES = 50
SHAPES = [*JUMPS, "s_curve", "pulse"]


def weekends(days: int) -> Counts:
    """Return articles a day: 150 in the mean, fewer at the weekend."""
    return np.array([220, 150, 150, 150, 150, 140, 90])[np.arange(days) % 7]


def doubled(days: int) -> Counts:
    """Return articles a day: twice as many in the window's second half."""
    return np.where(np.arange(days) < days // 2, 100, 200)


def steady(days: int) -> Counts:
    """Return articles a day: as many on each."""
    return np.full(days, ARTICLES)


@dataclass(frozen=True)
class Setting:
    """A noise with its name, what it is, and the articles of the days."""

    name: str
    text: str
    noise: AnyNoise
    totals: Callable[[int], Counts] = weekends

    def draw(self, seed: list[int], expected: Floats) -> Counts:
        """Draw counts about the expected ones."""
        topics, days = expected.shape
        return simulate(seed, expected, self.noise, topics, self.totals(days))


def ar1(noise: Noise) -> Setting:
    """Return the setting of an AR(1) noise."""
    return Setting(
        str(noise),
        "the log-odds carry a stationary AR(1) series, with this standard deviation / this "
        "autocorrelation from day to day",
        noise,
    )


AR1 = ar1(Noise(0.7, 0.7))
LONG_MEMORY = Setting(
    "long memory",
    "the log-odds carry fractional noise; its memory d differs from topic to topic, from 0.3 to "
    "0.45, and so does the standard deviation of its weekly means, from 0.2 to 0.5. The large "
    "subjects of the New York Times of 2016 to 2019 have a memory of about 0.4",
    LongMemory((0.3, 0.45), (0.2, 0.5)),
)
SETTINGS = [
    AR1,
    LONG_MEMORY,
    Setting(
        "the longest memory",
        "the same with d 0.45 and 0.35 a week for every topic",
        LongMemory((0.45, 0.45), (0.35, 0.35)),
    ),
    Setting(
        "news that makes news",
        "each article brings about 0.8 further ones in the mean, some of them weeks later (a "
        "Hawkes process with a power law)",
        Hawkes(0.8),
        steady,
    ),
    Setting(
        "two regimes",
        "four times the share for 45 days in the mean, then not for 45 days in the mean, and so on",
        Swings(regimes),
    ),
    Setting(
        "a yearly cycle",
        "four times the share in its season as half a year later, in the same way each year",
        Swings(year),
    ),
    Setting("one spike", "thirty times the share on five days in a row", Swings(spike)),
    Setting(
        "bursts of some days",
        "once in 40 days up to 55 times the share, which fades with four days",
        Swings(bursts),
    ),
    Setting("one weekday", "five times the share on one day of the week", Swings(weekday)),
    Setting("Sundays only", "no articles on other days", Swings(sundays)),
    Setting(
        "twice as many articles",
        "the days of the second half have 200 articles, those of the first 100; the share stays",
        Noise(0.0, 0.0),
        doubled,
    ),
]


def expected_counts(seed: list[int], days: int, grows: Booleans) -> Floats:
    """Return expected counts of topics with 50 articles to two a day, of which some grow to four
    times their share."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.uniform(np.log(MIN_ARTICLES / days), np.log(2), (len(grows), 1)))
    growing = np.exp(np.log(4) * along(days))
    return mean * np.where(grows[:, None], growing / growing.mean(), 1.0)


def flat(topics: int) -> Iterator[list[str]]:
    """Yield how often flat topics are said to move, and which shapes they are said to have."""
    for setting in SETTINGS:
        for days in WINDOWS:
            seed = [21, *setting.name.encode(), days]
            nobody = np.zeros(topics, dtype=bool)
            counts = setting.draw(seed, expected_counts(seed, days, nobody))
            found = fit(counts, setting.totals(days), MIN_ARTICLES)
            fitted = np.isfinite(found.p_value)
            rejected = found.p_value < 0.05
            yield [
                setting.name, str(days), percent(rejected[fitted]),
                percent(found.p_value[fitted] < 0.01), percent(found.one_burst[rejected] == 1),
                *shapes_claimed(found, fitted),
            ]  # fmt: skip


def growing(topics: int) -> Iterator[list[str]]:
    """Yield how often fourfold growth is found, its rate covered, and which shapes are claimed."""
    for setting in SETTINGS:
        for days in WINDOWS:
            seed = [22, *setting.name.encode(), days]
            everyone = np.ones(topics, dtype=bool)
            counts = setting.draw(seed, expected_counts(seed, days, everyone))
            found = fit(counts, setting.totals(days), MIN_ARTICLES)
            fitted = np.isfinite(found.p_value)
            rate, trend = np.log(4) / years(days), found.trend
            rates = covers(trend.ci_low, rate, trend.ci_high)[fitted]
            yield [
                setting.name, str(days), percent(found.p_value[fitted] < 0.05),
                percent(rates), *shapes_claimed(found, fitted),
            ]  # fmt: skip


def shapes_claimed(found: GrowthFit, fitted: Booleans) -> list[str]:
    """Return how often each shape is claimed, and any of the jumps."""
    shape = found.shape[fitted]
    return [percent(np.isin(shape, JUMPS)), *(percent(shape == name) for name in SHAPES)]


CLAIMED = ["step, drift or event claimed", "step", "step_drift", "event", "s_curve", "pulse"]
# Topics with these noises do jump.
JUMPING = ("two regimes", "one spike", "bursts of some days")
JUMP_LIMITS = (
    Limit("Jumps are claimed of more than 6.5 %", CLAIMED[0], most=6.5, where=(AR1.name,)),
    Limit(
        "Jumps are claimed of more than 15 %, where there are none",
        CLAIMED[0],
        most=15,
        but=JUMPING,
    ),
)
FLAT = Table(
    "Flat topics: how often is growth or a shape claimed?",
    "None of these topics grows. A topic is rejected if the p-value of the lists, of trend and "
    "change together, is below 5 or 1 %. One burst is said of a movement that one sixteenth of the "
    "window makes.",
    ["noise", "days", "rejected at 5 %", "at 1 %", "of those rejected: one burst", *CLAIMED],
    2,
    flat,
    (
        Limit("More than 8 % are rejected at 5 %", "rejected at 5 %", most=8),
        Limit("Too careful: less than 1 % are rejected at 5 %", "rejected at 5 %", least=1),
        *JUMP_LIMITS,
    ),
)
GROWING = Table(
    "Topics that grow fourfold: are they found?",
    "Here the odds of every topic grow fourfold from the window's start to its end, on a straight "
    "line. The rate covered is that of the trend.",
    ["noise", "days", "found at 5 %", "rate covered", *CLAIMED],
    2,
    growing,
    (
        Limit("Less than 90 % of the rates are covered", "rate covered", least=90),
        *JUMP_LIMITS,
    ),
)
