"""Counts of simulated topics, with the noises that news has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal, special

from growth.stored.series import DAYS_PER_YEAR

ARTICLES = 150
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class AnyNoise(Protocol):
    """What can draw counts, shape (topics, days), about the expected ones."""

    def draw(self, rng: np.random.Generator, expected: Floats, totals: Counts | int) -> Counts:
        """Draw counts; ``expected`` are those of a day of ``ARTICLES`` articles, of which there
        are ``totals``."""


def simulate(
    seed: list[int],
    expected: Floats,
    noise: AnyNoise,
    topics: int,
    totals: Counts | int = ARTICLES,
) -> Counts:
    """Draw counts, shape (topics, days), whose means are about ``expected``, shape (days,) or
    (topics, days)."""
    everyone = np.broadcast_to(expected, (topics, expected.shape[-1]))
    return noise.draw(np.random.default_rng(seed), everyone, totals)


@dataclass(frozen=True)
class Noise:
    """AR(1) noise of the log-odds: its standard deviation and its autocorrelation from day to
    day."""

    deviation: float
    autocorrelation: float

    def __str__(self) -> str:
        if self.deviation == 0:
            return "none"
        return f"AR(1) {self.deviation:g} / {self.autocorrelation:g}"

    def draw(self, rng: np.random.Generator, expected: Floats, totals: Counts | int) -> Counts:
        """Draw counts."""
        topics, days = expected.shape
        innovations = rng.standard_normal((topics, days + 200))
        rho = self.autocorrelation
        scaled = self.deviation * np.sqrt(1 - rho**2)
        wave = signal.lfilter([scaled], [1.0, -rho], innovations, axis=1)[:, 200:]
        # The log-odds without noise that, with it, give probabilities of the mean asked for.
        nodes, weights = np.polynomial.hermite_e.hermegauss(41)
        centres = np.linspace(-25, 25, 4001)
        means = special.expit(centres[:, None] + self.deviation * nodes) @ (weights / weights.sum())
        wanted = special.logit(expected / ARTICLES)
        log_odds = np.interp(wanted, special.logit(means), centres) + wave
        return np.asarray(rng.binomial(totals, special.expit(log_odds)), dtype=np.int64)

    def autocovariance(self, _: np.random.Generator, topics: int, days: int) -> Floats:
        """Return the covariances of the log-odds at lags of 0 to ``days`` days, the same for all
        topics, shape (topics, days + 1)."""
        lags = np.arange(days + 1)
        return np.tile(self.deviation**2 * self.autocorrelation**lags, (topics, 1))


@dataclass(frozen=True)
class LongMemory:
    """Fractional noise (Granger and Joyeux, 1980; Hosking, 1981) of the log-odds. Each topic has a
    memory d and a standard deviation of weekly means of its own, from the ranges given."""

    memory: tuple[float, float]
    deviation: tuple[float, float]

    def draw(self, rng: np.random.Generator, expected: Floats, totals: Counts | int) -> Counts:
        """Draw counts."""
        topics, days = expected.shape
        covariance = self.autocovariance(rng, topics, days)
        # Exactly of this covariance, on a ring twice as long (Davies and Harte, 1987).
        power = fft.rfft(np.hstack([covariance, covariance[:, -2:0:-1]]), axis=1).real
        white = fft.rfft(rng.standard_normal((topics, 2 * days)), axis=1)
        wave = fft.irfft(np.sqrt(np.maximum(power, 0)) * white, axis=1)[:, :days]
        return _draw(rng, expected, np.exp(wave - covariance[:, :1] / 2), totals)

    def autocovariance(self, rng: np.random.Generator, topics: int, days: int) -> Floats:
        """Draw the topics' memories and deviations, and return the covariances of the log-odds at
        lags of 0 to ``days`` days, shape (topics, days + 1)."""
        memory = rng.uniform(*self.memory, (topics, 1))
        low, high = np.log(self.deviation)
        weekly = np.exp(rng.uniform(low, high, (topics, 1)))
        lags = np.arange(1, days + 1)
        steps = np.hstack([np.ones((topics, 1)), (lags - 1 + memory) / (lags - memory)])
        correlation = np.cumprod(steps, axis=1)
        of_a_week = (7 + 2 * (correlation[:, 1:7] @ np.arange(6, 0, -1))) / 49
        return np.asarray(correlation * weekly**2 / of_a_week[:, None])


@dataclass(frozen=True)
class Hawkes:
    """Articles bring about further ones: each ``branching`` more in the mean, s days later with a
    density as (1 + s)^-1.7 (Hawkes and Oakes, 1974). Needs days of ``ARTICLES`` articles."""

    branching: float

    def draw(self, rng: np.random.Generator, expected: Floats, totals: Counts | int) -> Counts:
        """Draw counts: so many as at the height of ``expected``, then thinned out to it."""
        if np.any(totals != ARTICLES):
            raise ValueError(f"totals must be {ARTICLES} on every day")
        topics, days = expected.shape
        before = 1000
        highest = expected.max(axis=1)
        first = rng.poisson((1 - self.branching) * highest * (before + days))
        topic = np.repeat(np.arange(topics), first)
        time = rng.uniform(-before, days, len(topic))
        counts = np.zeros((topics, days), dtype=np.int64)
        while len(topic):
            inside = time >= 0
            np.add.at(counts, (topic[inside], time[inside].astype(int)), 1)
            children = rng.poisson(self.branching, len(topic))
            topic, time = np.repeat(topic, children), np.repeat(time, children)
            time = time + rng.pareto(0.7, len(time))
            topic, time = topic[time < days], time[time < days]
        kept = rng.binomial(counts, expected / highest[:, None])
        return np.asarray(np.minimum(kept, totals), dtype=np.int64)


@dataclass(frozen=True)
class Swings:
    """Shares that swing by the factors that ``factors`` draws for a number of topics and days."""

    factors: Callable[[np.random.Generator, int, int], Floats]

    def draw(self, rng: np.random.Generator, expected: Floats, totals: Counts | int) -> Counts:
        """Draw counts."""
        return _draw(rng, expected, self.factors(rng, *expected.shape), totals)


def _draw(
    rng: np.random.Generator, expected: Floats, factors: Floats, totals: Counts | int
) -> Counts:
    share = np.minimum(expected / ARTICLES * factors, 0.9)
    return np.asarray(rng.binomial(totals, share), dtype=np.int64)


def bursts(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Once in 40 days e^h times the share, h exponential with mean 2 but at most 4 on the first
    day, then fading with four days."""
    starts = rng.random((topics, days + 100)) < 1 / 40
    heights = starts * rng.exponential(2.0, starts.shape)
    wave = signal.lfilter([1.0], [1.0, -np.exp(-1 / 4)], heights, axis=1)[:, 100:]
    factors = np.exp(np.minimum(wave, 4.0))
    return np.asarray(factors / factors.mean())


def weekday(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Five times the share on one day of the week."""
    there = np.arange(days) % 7 == rng.integers(0, 7, (topics, 1))
    return np.where(there, 5.0, 1.0) * 7 / 11


def sundays(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Nothing but on Sundays, the days with the most articles."""
    return np.tile(np.where(np.arange(days) % 7 == 0, 7 * ARTICLES / 220, 0.0), (topics, 1))


def regimes(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Now four times the share, now not, for 45 days in the mean."""
    turns = (rng.random((topics, days)) < 1 / 45).cumsum(axis=1)
    high = (turns + rng.integers(0, 2, (topics, 1))) % 2 == 1
    return np.where(high, 1.6, 0.4)


def year(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Four times as high in a season as half a year later."""
    angle = 2 * np.pi * (np.arange(days) / DAYS_PER_YEAR + rng.random((topics, 1)))
    half = np.log(4) / 2
    return np.asarray(np.exp(half * np.cos(angle)) / special.i0(half))


def spike(rng: np.random.Generator, topics: int, days: int) -> Floats:
    """Thirty times the share on five days."""
    since = np.arange(days) - rng.integers(0, days - 4, (topics, 1))
    return np.where((since >= 0) & (since < 5), 30.0, 1.0) / (1 + 29 * 5 / days)
