"""Are the fit's p-values and intervals right? Fits simulated topics and prints Markdown tables.

``make calibrate`` writes them to docs/calibration.md, in some minutes; the seeds are fixed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal, special

from growth.logistic import GrowthFit, adjust_p_values, fit_change, fit_growth, fit_trend
from growth.model.movement import joint_p_value

INTRODUCTION = """# How often is the fit wrong?

Here the fit is tried on simulated topics, whose growth is known. `make calibrate` writes this page,
the same each time; [model.md](model.md) explains the words. Each day has 150 articles, and each of
them carries the topic with a probability that follows the topic's curve. News comes in bursts, so
the log-odds of that probability carry noise: a stationary AR(1) series, with the standard deviation
(sd) and the autocorrelation from day to day that the tables give. Intervals are of 95 %. How many
topics are found, rejected, covered or claimed is given in per cent.
"""
ARTICLES = 150
TOPICS = 4000
NOISES = [(0.0, 0.0), (0.7, 0.0), (1.0, 0.0), (0.7, 0.7), (1.0, 0.7), (0.7, 0.9), (1.0, 0.9)]
LEVELS = [0.1, 1.0, 8.0]
WINDOWS = [184, 731]
SETS = {184: 40, 731: 10}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Noise of the log-odds: its standard deviation and its autocorrelation from day to day."""

    deviation: float
    autocorrelation: float


def simulate(
    seed: list[int],
    expected: Floats,
    noise: Noise,
    topics: int,
    totals: NDArray[np.int64] | int = ARTICLES,
) -> NDArray[np.int64]:
    """Draw counts, shape (topics, days), whose means are about ``expected``, shape (days,) or
    (topics, days)."""
    rng = np.random.default_rng(seed)
    days = expected.shape[-1]
    innovations = rng.standard_normal((topics, days + 200))
    rho = noise.autocorrelation
    scaled = noise.deviation * np.sqrt(1 - rho**2)
    wave = signal.lfilter([scaled], [1.0, -rho], innovations, axis=1)[:, 200:]
    # The log-odds without noise that, with it, give probabilities of the mean asked for.
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    centres = np.linspace(-25, 25, 4001)
    means = special.expit(centres[:, None] + noise.deviation * nodes) @ (weights / weights.sum())
    log_odds = np.interp(special.logit(expected / ARTICLES), special.logit(means), centres) + wave
    return np.asarray(rng.binomial(totals, special.expit(log_odds)), dtype=np.int64)


def simulate_otherwise(
    kind: str, seed: list[int], expected: Floats, totals: NDArray[np.int64], topics: int
) -> NDArray[np.int64]:
    """Draw counts, shape (topics, days), with noise that is no AR(1) series."""
    rng = np.random.default_rng(seed)
    days = len(expected)
    if kind == BURSTS:
        # Once in 40 days a burst: e^h times the share, h exponential with mean 2 but at most 4 on
        # its first day, then fading with four days.
        starts = rng.random((topics, days + 100)) < 1 / 40
        heights = starts * rng.exponential(2.0, starts.shape)
        wave = signal.lfilter([1.0], [1.0, -np.exp(-1 / 4)], heights, axis=1)[:, 100:]
        wave = np.minimum(wave, 4.0)
    elif kind == WEEKLY:
        # Five times as likely on one day of the week as on the others.
        wave = np.log(5.0) * (np.arange(days) % 7 == rng.integers(0, 7, (topics, 1)))
    else:
        return simulate(seed, expected, Noise(0.7, 0.7), topics, totals)
    p = expected / ARTICLES * np.exp(wave) / np.exp(wave).mean()
    return np.asarray(rng.binomial(totals, p / (1 + p)), dtype=np.int64)


BURSTS = "a burst of some days once in 40 days"
WEEKLY = "one day of the week with five times the share"
ONLY_TOTALS = "AR(1), sd 0.7, autocorrelation 0.7"


def fit(counts: NDArray[np.int64], totals: NDArray[np.int64] | None = None) -> GrowthFit:
    """Fit a matrix of topics by days; the unit of time is the window."""
    return fit_growth(*cells(counts, totals), topics=len(counts))


def cells(
    counts: NDArray[np.int64], totals: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return the arguments of a fit."""
    topic, day = np.nonzero(counts)
    days = counts.shape[1]
    times = (np.arange(days) + 0.5) / days - 0.5
    return (
        topic,
        day,
        counts[topic, day],
        np.full(days, ARTICLES) if totals is None else totals,
        times,
    )


def curve(shape: str, days: int, mean: float) -> Floats:
    """Return the expected counts of a planted curve, with the mean asked for."""
    u = (np.arange(days) + 0.5) / days - 0.5
    values = {
        "flat": np.ones(days),
        "fourfold growth": _log_linear(np.log(4) * u, mean),
        "fourfold fall": _log_linear(-np.log(4) * u, mean),
        "twentyfold growth": _log_linear(np.log(20) * u, mean),
        "S-curve": special.expit(12 * (u + 0.1)),
        "falling S-curve": special.expit(-12 * (u - 0.1)),
        "pulse": np.exp(-(((u + 0.1) / 0.15) ** 2) / 2) + 0.003,
    }[shape]
    return np.asarray(values * mean / values.mean())


def _log_linear(log_odds: Floats, mean: float) -> Floats:
    """Return expected counts of the mean asked for: their log-odds are as given plus a constant."""
    constants = np.linspace(-20, 10, 3001)
    means = ARTICLES * special.expit(constants[:, None] + log_odds).mean(axis=1)
    return np.asarray(special.expit(np.interp(mean, means, constants) + log_odds))


def percent(flags: NDArray[np.bool_]) -> str:
    """Return the share of true ones in per cent."""
    return f"{100 * flags.mean():.1f}" if len(flags) else "-"


def sizes() -> Iterator[list[str]]:
    """Yield how often flat topics are said to move, or to have an S-curve or a pulse."""
    yield ["days", "a day", "sd", "autocorrelation", "rejected at 5 %", "at 1 %",
           "with the change at 5 %", "shape claimed"]  # fmt: skip
    for days in WINDOWS:
        for level in LEVELS:
            for deviation, rho in NOISES:
                noise = Noise(deviation, rho)
                seed = [11, days, int(level * 10), int(deviation * 10), int(rho * 10)]
                counts = simulate(seed, np.full(days, level), noise, TOPICS)
                found = fit(counts)
                fitted = found.trend.status == "converged"
                p = found.trend.p_value[fitted]
                yield [
                    str(days), f"{level:g}", f"{deviation:g}", f"{rho:g}",
                    percent(p < 0.05), percent(p < 0.01), percent(found.p_value[fitted] < 0.05),
                    percent(found.shape != "trend"),
                ]  # fmt: skip


def powers() -> Iterator[list[str]]:
    """Yield how often growth that is a trend is found, and its rate in the interval."""
    yield ["days", "curve", "articles", "sd", "autocorrelation", "found at 5 %", "found at 1 %",
           "rate covered", "shape claimed"]  # fmt: skip
    for days in WINDOWS:
        for shape, rate in (("fourfold growth", np.log(4)), ("fourfold fall", -np.log(4)),
                            ("twentyfold growth", np.log(20))):  # fmt: skip
            for articles in (200, 1000):
                for deviation, rho in ((0.0, 0.0), (0.5, 0.5), (1.0, 0.7)):
                    noise = Noise(deviation, rho)
                    seed = [12, days, articles, int(10 * deviation), int(abs(rate) * 10)]
                    expected = curve(shape, days, articles / days)
                    found = fit(simulate(seed, expected, noise, TOPICS // 2))
                    trend = found.trend
                    yield [
                        str(days), shape, str(articles), f"{deviation:g}", f"{rho:g}",
                        percent(trend.p_value < 0.05), percent(trend.p_value < 0.01),
                        percent((trend.ci_low <= rate) & (rate <= trend.ci_high)),
                        percent(found.shape != "trend"),
                    ]  # fmt: skip


def mixtures() -> Iterator[list[str]]:
    """Yield how many of the topics that are listed do not grow, where some grow and some do not."""
    yield [
        "days",
        "growing",
        "sd",
        "autocorrelation",
        "false of those found at q = 0.05 (mean over the sets)",
        "growing found",
        "found in all (a number)",
        "with the change: false",
        "growing found",
    ]
    for days in WINDOWS:
        for share in (0.05, 0.2, 0.5):
            for deviation, rho in ((0.0, 0.0), (0.5, 0.5), (0.7, 0.7), (1.0, 0.7)):
                false, found_all, grown, rates, listed_rates, listed_found = 0, 0, 0, [], [], 0
                for repeat in range(SETS[days]):
                    grows = np.arange(TOPICS) < share * TOPICS
                    mean = np.exp(np.random.default_rng(repeat).uniform(0, 2, TOPICS))[:, None]
                    u = (np.arange(days) + 0.5) / days - 0.5
                    expected = mean * np.where(grows[:, None], np.exp(np.log(4) * u), 1.0)
                    seed = [13, days, repeat, int(share * 100), int(10 * deviation)]
                    counts = simulate(seed, expected, Noise(deviation, rho), TOPICS)
                    trend = fit_trend(*cells(counts), topics=TOPICS)
                    change = fit_change(*cells(counts), topics=TOPICS)
                    p_value = joint_p_value(trend.p_value, change.p_value)
                    listed = adjust_p_values(p_value) <= 0.05
                    listed_rates.append((listed & ~grows).sum() / max(1, listed.sum()))
                    listed_found += int((listed & grows).sum())
                    called = trend.q_value <= 0.05
                    false += int((called & ~grows).sum())
                    found_all += int(called.sum())
                    grown += int(grows.sum())
                    rates.append((called & ~grows).sum() / max(1, called.sum()))
                yield [str(days), f"{share:g}", f"{deviation:g}", f"{rho:g}",
                       f"{100 * np.mean(rates):.1f}",
                       f"{100 * (found_all - false) / grown:.1f}", str(found_all),
                       f"{100 * np.mean(listed_rates):.1f}",
                       f"{100 * listed_found / grown:.1f}"]  # fmt: skip


def shapes() -> Iterator[list[str]]:
    """Yield how often S-curves and pulses are kept, and their dates and ceilings in the
    intervals."""
    yield ["days", "curve", "articles", "sd", "autocorrelation", "s_curve", "pulse",
           "turning point covered", "ceiling covered", "commonest phase"]  # fmt: skip
    for days in WINDOWS:
        for shape, turn in (("S-curve", -0.1), ("falling S-curve", 0.1), ("pulse", -0.1)):
            for articles in (200, 1000, 5000):
                for deviation, rho in ((0.0, 0.0), (0.5, 0.5), (0.7, 0.7)):
                    expected = curve(shape, days, articles / days)
                    seed = [14, days, articles, int(10 * deviation), int(turn * 10) + 5]
                    found = fit(simulate(seed, expected, Noise(deviation, rho), TOPICS // 2))
                    if shape == "pulse":
                        kept, fitted = found.shape == "pulse", found.pulse
                        low, high = fitted.peak_low[kept], fitted.peak_high[kept]
                        ceiling = "-"
                    else:
                        kept, s_fit = found.shape == "s_curve", found.s_curve
                        low, high = s_fit.midpoint_low[kept], s_fit.midpoint_high[kept]
                        true = expected.max() / ARTICLES
                        bottom, top = s_fit.ceiling_low[kept], s_fit.ceiling_high[kept]
                        ceiling = percent((bottom <= true) & (true <= top))
                    names, numbers = np.unique(found.phase, return_counts=True)
                    yield [
                        str(days), shape, str(articles), f"{deviation:g}", f"{rho:g}",
                        percent(found.shape == "s_curve"), percent(found.shape == "pulse"),
                        percent((low <= turn) & (turn <= high)), ceiling,
                        f"{names[numbers.argmax()]} {100 * numbers.max() / numbers.sum():.0f} %",
                    ]  # fmt: skip


def others() -> Iterator[list[str]]:
    """Yield the same for noise of other kinds, with fewer articles at the weekend."""
    yield ["noise", "days", "curve", "articles", "found at 5 %", "found at 1 %", "rate covered",
           "shape claimed"]  # fmt: skip
    for kind in (ONLY_TOTALS, BURSTS, WEEKLY):
        for days in WINDOWS:
            totals = np.array([220, 150, 150, 150, 150, 140, 90])[np.arange(days) % 7]
            for shape, rate in (("flat", 0.0), ("fourfold growth", np.log(4))):
                for articles in (50, 200, 1000):
                    expected = curve(shape, days, articles / days)
                    seed = [15, days, articles, len(kind), len(shape)]
                    counts = simulate_otherwise(kind, seed, expected, totals, TOPICS // 2)
                    found = fit(counts, totals)
                    trend = found.trend
                    yield [
                        kind, str(days), shape, str(articles),
                        percent(trend.p_value < 0.05), percent(trend.p_value < 0.01),
                        percent((trend.ci_low <= rate) & (rate <= trend.ci_high)),
                        percent(found.shape != "trend"),
                    ]  # fmt: skip


def table(rows: Iterator[list[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    for number, row in enumerate(rows):
        yield "| " + " | ".join(row) + " |"
        if number == 0:
            yield "|" + "---|" * len(row)


def main() -> None:
    """Print all tables."""
    print(INTRODUCTION)
    for title, rows in (
        ("Flat topics: how often is growth claimed?", sizes()),
        ("Log-linear topics: how often is growth found?", powers()),
        ("Mixtures: how many of the claims are false?", mixtures()),
        ("Planted shapes: are they found, and dated?", shapes()),
        ("Other noise, and fewer articles at the weekend", others()),
    ):
        print(f"## {title}\n")
        for line in table(rows):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
