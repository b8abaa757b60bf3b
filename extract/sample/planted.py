"""The planted topics of the generated sample: their curves, their noise, and `truth.csv`."""

import csv
import datetime as dt
import io
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from extract.sample.text import Topic

SHAPES: Final = {
    "rising": "log-odds of the share that rise linearly in time",
    "falling": "the same, downwards",
    "saturating": "a logistic curve: a rise to a ceiling",
    "pulse": "log-odds that are quadratic in time: a rise and a fall",
    "seasonal": "a bump around each 5 December",
    "flat": "always the same share",
    "bursty": "always the same share, under strong noise",
    "step": "one share up to a day, another from that day on",
    "step_drift": "a step, and from it on log-odds that are linear in time",
    "event": "a jump of the log-odds, which halves every half-life, down to a share of its own",
}
"""What the curves of planted topics are; docs/sample.md repeats it."""

TRUTH_COLUMNS: Final = {
    "kind": "`subject`, `person`, `organization`, `place` or `work`.",
    "label": "The keyword's value.",
    "shape": "The curve, as above.",
    "growth_rate": "Slope of the log-odds, per year of 365.25 days; of `saturating` the rate r of "
    "ceiling / (1 + exp(-r (t - midpoint))); 0 of `flat` and `bursty`.",
    "share_start": "The curve on the window's first day.",
    "share_peak": "The curve's highest daily value.",
    "ceiling": "Of `saturating`: the share that it rises to.",
    "midpoint_on": "The day on which `saturating` passes half its ceiling, or `pulse` its peak.",
    "noise": "Standard deviation of the daily noise on the log-odds; 0 for none.",
    "noise_memory": "d of the noise where it is fractional Gaussian: the variance of "
    "means of m days is m^(2d - 1) times that of days. Blank where it is an AR(1) process, with "
    "autocorrelation 0.6 (`bursty`: 0.8), or none.",
    "jumped_on": "The day on which `step`, `step_drift` or `event` jumps.",
    "share_before": "The curve on every day before the jump.",
    "share_after": "The curve on the day of the jump.",
    "drift_rate": "Of `step_drift`: slope of the log-odds from the jump to the last day, per year.",
    "half_life_days": "Of `event`: t days after the jump the log-odds are 2^(-t / half_life_days) "
    "of the way from those of `share_settled` to those of `share_after`.",
    "share_settled": "Of `event`: the share that it comes down to.",
}
"""Column of truth.csv to its meaning, for docs/sample.md; blank where it does not apply."""

BURSTY_AUTOCORRELATION: Final = 0.8
AUTOCORRELATION: Final = 0.6

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

_DAYS_A_YEAR = 365.25
_SEASON_PEAK = dt.date(2000, 12, 5).toordinal()
_SEASON_SD_DAYS = 20.0
_S_CURVE_RISE = 10.0  # log-odds of share / (ceiling - share) gained over the whole window
_JUMPS = ("step", "step_drift", "event")


def logit(share: float) -> float:
    return math.log(share / (1.0 - share))


def curve(topic: Topic, start: dt.date, days: _Ints, window: int) -> _Floats:
    """Log-odds of the topic's share, without noise, on `days` counted from start: shape (days,)."""
    where = days / (window - 1)
    if topic.shape == "saturating":
        odds = np.exp(_S_CURVE_RISE * (where - topic.where))
        share = topic.share_end * odds / (1.0 + odds)
        return np.asarray(np.log(share / (1.0 - share)), dtype=np.float64)
    low, high = logit(topic.share_start), logit(topic.share_end)
    if topic.shape == "pulse":
        return np.asarray(high - (high - low) * ((where - topic.where) / topic.where) ** 2)
    if topic.shape == "seasonal":
        phase = (start.toordinal() + days - _SEASON_PEAK) % 365.2425
        distance = np.minimum(phase, 365.2425 - phase)
        return np.asarray(low + (high - low) * np.exp(-0.5 * (distance / _SEASON_SD_DAYS) ** 2))
    if topic.shape in _JUMPS:
        since = days - _day(topic, window)
        return np.where(since < 0, low, _after_jump(topic, np.maximum(since, 0), window))
    return np.asarray(low + (high - low) * where)


def _day(topic: Topic, window: int) -> int:
    """The day on which the topic bends, peaks or jumps, counted from the window's first."""
    return round(topic.where * (window - 1))


def _after_jump(topic: Topic, since: _Ints, window: int) -> _Floats:
    """Log-odds from the day of the jump on; since: days from it."""
    high = logit(topic.share_end)
    if topic.shape == "step":
        return np.full(since.shape, high)
    settled = logit(topic.settled)
    if topic.shape == "step_drift":
        return high + (settled - high) * since / (window - 1 - _day(topic, window))
    return np.asarray(
        settled + (high - settled) * 0.5 ** (since / (topic.half_life * (window - 1)))
    )


def noise(rng: np.random.Generator, topics: Sequence[Topic], days: int) -> _Floats:
    """Stationary noise on the log-odds, shape (days, topics): AR(1), or fractional Gaussian for
    topics with a memory. Its exponential has mean one, so that a curve is the expected share."""
    sd = np.array([topic.noise for topic in topics])
    bursty = np.array([topic.shape == "bursty" for topic in topics])
    carried = np.where(bursty, BURSTY_AUTOCORRELATION, AUTOCORRELATION)
    drawn = normals(rng, (days, len(topics)))
    for day in range(1, days):
        drawn[day] = carried * drawn[day - 1] + np.sqrt(1.0 - carried**2) * drawn[day]
    for column, topic in enumerate(topics):
        if topic.memory:
            drawn[:, column] = _fractional(rng, days, topic.memory)
    return np.asarray(sd * drawn - 0.5 * sd**2)


def _fractional(rng: np.random.Generator, days: int, memory: float) -> _Floats:
    """Fractional Gaussian noise with variance one and H = memory + 1/2 (Davies and Harte, 1987)."""
    power = 2.0 * memory + 1.0
    distance = np.abs(np.arange(-1.0, days + 2.0)) ** power
    covariance = 0.5 * (distance[2:] - 2.0 * distance[1:-1] + distance[:-2])  # of lags 0 to days
    spectrum = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    real, imaginary = normals(rng, (2, spectrum.size))
    waves = np.sqrt(spectrum / spectrum.size) * (real + 1j * imaginary)
    return np.asarray(np.fft.fft(waves).real[:days], dtype=np.float64)


def normals(rng: np.random.Generator, shape: tuple[int, ...]) -> _Floats:
    """Standard normal draws by Box and Muller (1958), since only `random` is stable in numpy."""
    radius = np.sqrt(-2.0 * np.log(1.0 - rng.random(shape)))
    return np.asarray(radius * np.cos(2.0 * np.pi * rng.random(shape)), dtype=np.float64)


def truth(topics: Sequence[Topic], start: dt.date, window: int) -> bytes:
    """Return `truth.csv`, a row for each planted topic; TRUTH_COLUMNS has its columns' meanings."""
    table = io.StringIO()
    writer = csv.DictWriter(table, TRUTH_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(topic, start, window) for topic in topics)
    return table.getvalue().encode()


def _row(topic: Topic, start: dt.date, window: int) -> dict[str, str]:
    log_odds = curve(topic, start, np.arange(window, dtype=np.int64), window)
    share = 1.0 / (1.0 + np.exp(-log_odds))
    years = (window - 1) / _DAYS_A_YEAR
    day = _day(topic, window)
    on = (start + dt.timedelta(days=day)).isoformat()
    row = {"kind": topic.kind, "label": topic.label, "shape": topic.shape}
    numbers = {"share_start": share[0], "share_peak": share.max(), "noise": topic.noise}
    if topic.memory:
        numbers["noise_memory"] = topic.memory
    match topic.shape:
        case "rising" | "falling":
            numbers["growth_rate"] = (log_odds[-1] - log_odds[0]) / years
        case "flat" | "bursty":
            numbers["growth_rate"] = 0.0
        case "saturating":
            row["midpoint_on"] = on
            numbers |= {"growth_rate": _S_CURVE_RISE / years, "ceiling": topic.share_end}
        case "pulse":
            row["midpoint_on"] = on
        case "step" | "step_drift" | "event":
            row["jumped_on"] = on
            numbers |= {"share_before": topic.share_start, "share_after": topic.share_end}
    if topic.shape == "step_drift":
        drifts = (window - 1 - day) / _DAYS_A_YEAR
        numbers["drift_rate"] = (log_odds[-1] - log_odds[day]) / drifts
    if topic.shape == "event":
        numbers["half_life_days"] = topic.half_life * (window - 1)
        numbers["share_settled"] = topic.settled
    return row | {name: f"{number:.6g}" for name, number in numbers.items()}
