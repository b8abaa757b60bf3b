"""Flat topics and planted curves under AR(1) noise of many strengths."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.curves import curve
from benchmarks.calibration.fits import JUMPS, covers, fit, percent, years
from benchmarks.calibration.noises import ARTICLES, Noise, simulate
from benchmarks.calibration.report import Limit, Table

NOISES = [
    Noise(deviation, autocorrelation)
    for deviation, autocorrelation in (
        (0.0, 0.0), (0.7, 0.0), (1.0, 0.0), (0.7, 0.7), (1.0, 0.7), (0.7, 0.9), (1.0, 0.9)
    )
]  # fmt: skip
LEVELS = [0.1, 1.0, 8.0]
WINDOWS = [182, 731]


def flat(topics: int) -> Iterator[list[str]]:
    """Yield how often flat topics are said to move, or to have another shape than a trend."""
    for noise in NOISES:
        for days in WINDOWS:
            for level in LEVELS:
                seed = [11, days, int(level * 10), *seeds(noise)]
                found = fit(simulate(seed, np.full(days, level), noise, topics))
                fitted = found.trend.status == "converged"
                p = found.trend.p_value[fitted]
                yield [
                    str(noise), str(days), f"{level:g}", percent(p < 0.05), percent(p < 0.01),
                    percent(found.p_value[fitted] < 0.05), percent(found.shape != "trend"),
                ]  # fmt: skip


def seeds(noise: Noise) -> list[int]:
    """Return a noise as whole numbers, to seed a simulation with."""
    return [int(10 * noise.deviation), int(10 * noise.autocorrelation)]


def growing(topics: int) -> Iterator[list[str]]:
    """Yield how often growth that is a trend is found, and its rate in the interval."""
    for noise in (Noise(0.0, 0.0), Noise(0.5, 0.5), Noise(1.0, 0.7)):
        for days in WINDOWS:
            for shape, factor in (
                ("fourfold growth", 4.0), ("fourfold fall", 0.25), ("twentyfold growth", 20.0)
            ):  # fmt: skip
                for articles in (200, 1000):
                    seed = [12, days, articles, int(10 * factor), *seeds(noise)]
                    expected = curve(shape, days, articles / days)
                    found = fit(simulate(seed, expected, noise, topics))
                    trend, rate = found.trend, np.log(factor) / years(days)
                    yield [
                        str(noise), str(days), shape, str(articles),
                        percent(trend.p_value < 0.05), percent(trend.p_value < 0.01),
                        percent(covers(trend.ci_low, rate, trend.ci_high)),
                        percent(found.shape != "trend"),
                    ]  # fmt: skip


def bent(topics: int) -> Iterator[list[str]]:
    """Yield how often S-curves and pulses are kept, and their dates and ceilings in the
    intervals."""
    for noise in (Noise(0.0, 0.0), Noise(0.5, 0.5), Noise(0.7, 0.7)):
        for days in WINDOWS:
            for shape, turn in (("S-curve", -0.1), ("falling S-curve", 0.1), ("pulse", -0.1)):
                for articles in (200, 1000, 5000):
                    expected = curve(shape, days, articles / days)
                    seed = [14, days, articles, int(turn * 10) + 5, *seeds(noise)]
                    found = fit(simulate(seed, expected, noise, topics))
                    s_kept, p_kept = found.shape == "s_curve", found.shape == "pulse"
                    s, pulse, truth = found.s_curve, found.pulse, turn * years(days)
                    if shape == "pulse":
                        dated = covers(pulse.peak_low, truth, pulse.peak_high)[p_kept]
                        held = dated[:0]
                    else:
                        dated = covers(s.midpoint_low, truth, s.midpoint_high)[s_kept]
                        top = expected.max() / ARTICLES
                        held = covers(s.ceiling_low, top, s.ceiling_high)[s_kept]
                    phases, numbers = np.unique(found.phase, return_counts=True)
                    yield [
                        str(noise), str(days), shape, str(articles),
                        percent(s_kept), percent(p_kept), percent(np.isin(found.shape, JUMPS)),
                        percent(dated), percent(held),
                        f"{phases[numbers.argmax()]} {100 * numbers.max() / topics:.0f} %",
                    ]  # fmt: skip


FLAT = Table(
    "Flat topics under AR(1) noise: how often is growth claimed?",
    "The p-value of the trend, and that of trend and change together.",
    ["noise", "days", "a day", "trend rejected at 5 %", "at 1 %", "with the change at 5 %",
     "shape claimed"],
    3,
    flat,
    (
        Limit("More than 8 % are rejected at 5 %", "with the change at 5 %", most=8),
        Limit("Too careful: less than 1 % are rejected at 5 %", "with the change at 5 %", least=1),
    ),
)  # fmt: skip
GROWING = Table(
    "Log-linear topics under AR(1) noise: how often is growth found?",
    "Found is what the p-value of the trend says.",
    ["noise", "days", "curve", "articles", "found at 5 %", "found at 1 %", "rate covered",
     "shape claimed"],
    4,
    growing,
    (Limit("Less than 90 % of the rates are covered", "rate covered", least=90),),
)  # fmt: skip
BENT = Table(
    "Planted S-curves and pulses: are they found, and dated?",
    "How often each shape is kept; how often the date of its turning point, and an S-curve's "
    "ceiling, is in the interval.",
    ["noise", "days", "curve", "articles", "s_curve", "pulse", "step, drift or event",
     "turning point covered", "ceiling covered", "commonest phase"],
    4,
    bent,
    (
        Limit("Less than 90 % of the dates are covered", "turning point covered", least=90),
        Limit("Less than 90 % of the ceilings are covered", "ceiling covered", least=90),
    ),
)  # fmt: skip
