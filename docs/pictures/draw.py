"""Draws the pictures of docs/model.md from the generated sample and from a simulation.

python docs/pictures/draw.py
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from benchmarks.calibration.noises import AnyNoise, LongMemory, Noise, simulate
from extract.sample.newspaper import write_sample
from growth.logistic import GrowthFit, LevelFit, fit_growth, fit_level, fit_trend

HERE = Path(__file__).parent
DAYS_PER_YEAR = 365.25
# Each with the column of truth.csv that has its date.
TOPICS = {
    "Kelp Farming": "",
    "Lumen Rail": "midpoint_on",
    "Rust Fever (Disease)": "midpoint_on",
    "Puffin Parcel Service": "jumped_on",
    "Auroras": "jumped_on",
}
NAMES = {
    "trend": "trend",
    "s_curve": "S-curve",
    "pulse": "pulse",
    "step": "step",
    "step_drift": "step, then a drift",
    "event": "event",
}
NEW_YORK = ZoneInfo("America/New_York")
STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
    ".axis{stroke:#999;stroke-width:1}.level{fill:none;stroke:#356d9c;stroke-width:2.2}"
    ".fit{fill:none;stroke:#222;stroke-width:1.2;stroke-dasharray:4 3}"
    ".band{fill:#356d9c;opacity:.2}.ours{fill:#356d9c}.usual{fill:#c9c9c9}"
    ".dot{fill:#777}.truth{fill:#b3261e}.grid{stroke:#ddd}"
    ".promise{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:4 3}</style>"
)
Floats = NDArray[np.float64]


def counted(start: date, end: date) -> tuple[Floats, dict[str, Floats], dict[str, date]]:
    """Return the sample's articles a day, those with each topic, and the true dates of TOPICS."""
    days = (date(end.year, 12, 31) - start).days + 1
    totals = np.zeros(days)
    found: defaultdict[str, Floats] = defaultdict(lambda: np.zeros(days))
    with TemporaryDirectory() as folder:
        for path in write_sample(Path(folder), start, end).paths:
            answer = msgspec.json.decode(gzip.decompress(path.read_bytes()))
            for doc in answer["response"]["docs"]:
                if doc["document_type"].lower() != "article":
                    continue
                when = datetime.strptime(doc["pub_date"], "%Y-%m-%dT%H:%M:%S%z")
                day = (when.astimezone(NEW_YORK).date() - start).days
                if not 0 <= day < days:
                    continue
                totals[day] += 1
                for label in {keyword["value"] for keyword in doc["keywords"]}:
                    found[label][day] += 1
        with (Path(folder) / "truth.csv").open(encoding="utf-8") as file:
            truth = {row["label"]: row for row in csv.DictReader(file)}
    dates = {label: truth[label][column] for label, column in TOPICS.items() if column}
    return totals, found, {label: date.fromisoformat(day) for label, day in dates.items()}


def shapes() -> str:
    """Return the picture of topics of the sample, three in a row, and print their dates."""
    start = date(2022, 1, 1)
    totals, found, dates = counted(start, date(2022, 12, 1))
    # The noise is measured from all topics; those that are drawn come first.
    counts = np.stack([found[label] for label in [*TOPICS, *sorted(found.keys() - TOPICS.keys())]])
    topic, day = np.nonzero(counts)
    times = np.arange(len(totals)) / DAYS_PER_YEAR
    cells = topic, day, counts[topic, day], totals, times
    fit, level = fit_growth(*cells, min_articles=50), fit_level(*cells)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 460">', STYLE]
    for index, label in enumerate(TOPICS):
        print(label, fit.shape[index], dates.get(label), *fitted_dates(fit, index, start), sep=", ")
        left, top = 30 + 260 * (index % 3), 40 + 225 * (index // 3)
        true = (dates[label] - start).days if label in dates else None
        drawn = counts[index], totals, level, index, fitted(fit, index, times)
        parts += [f'<g transform="translate({left} {top})">']
        parts += [f'<text y="-23">{label}</text>']
        parts += [f'<text class="small" y="-8">{NAMES[fit.shape[index]]}</text>']
        parts += [*panel(*drawn, true), "</g>"]
    return "\n".join([*parts, *legend(550, 285), "</svg>", ""])


def fitted_dates(fit: GrowthFit, index: int, start: date) -> list[str]:
    """Return the date of a topic's shape, an event's half-life, and the ends of their intervals."""
    s, pulse, jump = fit.s_curve, fit.pulse, fit.jump
    for each in (
        (s.midpoint, s.midpoint_low, s.midpoint_high),
        (pulse.peak, pulse.peak_low, pulse.peak_high),
        (jump.at, jump.at_low, jump.at_high),
    ):
        years = [column[index] for column in each]
        if np.isfinite(years).all():
            days = [start + timedelta(days=round(year * DAYS_PER_YEAR)) for year in years]
            halves = jump.half_life, jump.half_life_low, jump.half_life_high
            half_life = [f"{each[index] * DAYS_PER_YEAR:.0f} days" for each in halves]
            return [*map(str, days), *half_life * (fit.shape[index] == "event")]
    return []


def panel(
    counts: Floats, totals: Floats, level: LevelFit, index: int, curve: Floats, true: int | None
) -> Iterator[str]:
    """Yield the picture of one topic: dots, level with its band, curve, and the true date."""
    width, height = 240, 150
    days = np.arange(len(totals))
    weeks = days // 7
    shares = np.bincount(weeks, counts) / np.bincount(weeks, totals)
    top_share = max(shares.max(), curve.max())
    high = 1.1 * top_share

    def x(day: ArrayLike) -> Floats:
        return np.asarray(width * np.asarray(day) / days[-1])

    def y(share: ArrayLike) -> Floats:
        return np.asarray(height * (1 - np.asarray(share) / high))

    for part in (0.5, 1.0):
        at = float(y(part * top_share))
        yield f'<path class="grid" d="M0 {at:.1f}h{width}"/>'
        percent = f"{100 * part * top_share:.1f} %"
        yield f'<text class="small" x="2" y="{at - 3:.1f}">{percent}</text>'
    edge = np.r_[np.minimum(level.share_high[index], high), level.share_low[index][::-1]]
    yield f'<polygon class="band" points="{_points(x(np.r_[days, days[::-1]]), y(edge))}"/>'
    whole = len(days) // 7
    for a, b in zip(x(np.arange(whole) * 7 + 3.0), y(shares[:whole]), strict=True):
        yield f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="2.2"/>'
    for name, line in (("fit", curve), ("level", level.share[index])):
        yield f'<polyline class="{name}" points="{_points(x(days), y(line))}"/>'
    yield f'<path class="axis" d="M0 {height}h{width}"/>'
    if true is not None:
        at = float(x(true))
        yield f'<path class="truth" d="M{at:.1f} {height - 1}l-5 9h10z"/>'
    for day, name in ((0, "January 2022"), (181, "July")):
        yield f'<text class="small" x="{float(x(day)):.0f}" y="{height + 20}">{name}</text>'


def legend(left: int, top: int) -> list[str]:
    """Return what the signs of the picture mean."""
    signs = [
        ('<circle class="dot" cx="15" cy="-4" r="2.2"/>', "a week\u2019s share"),
        ('<path class="level" d="M0 -4h30"/>', "level"),
        ('<path class="band" d="M0 -10h30v12h-30z"/>', "where the level may lie"),
        ('<path class="fit" d="M0 -4h30"/>', "fitted shape"),
        ('<path class="truth" d="M15 -10l-5 9h10z"/>', "the true date"),
    ]
    return [
        f'<g transform="translate({left} {top + 24 * number})">{sign}'
        f'<text class="small" x="40">{text}</text></g>'
        for number, (sign, text) in enumerate(signs)
    ]


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def fitted(fit: GrowthFit, index: int, times: Floats) -> Floats:
    """Return the shape that a topic's articles support."""
    if fit.shape[index] == "s_curve":
        s = fit.s_curve
        rise = special.expit(s.growth_rate[index] * (times - s.midpoint[index]))
        return np.asarray(s.ceiling[index] * rise)
    if fit.shape[index] == "pulse":
        p = fit.pulse
        bend = p.curvature[index] * (times - p.peak[index]) ** 2
        return np.asarray(special.expit(special.logit(p.peak_share[index]) + bend))
    if fit.shape[index] == "trend":
        t = fit.trend
        return np.asarray(special.expit(t.intercept[index] + t.growth_rate[index] * times))
    return np.asarray(special.expit(fit.jump.log_odds(times)[index]))


def false_alarms() -> str:
    """Return the picture of how often each error claims growth where there is none."""
    cases: list[tuple[str, AnyNoise]] = [
        ("no swings", Noise(0.0, 0.0)),
        ("swings of a day", Noise(0.7, 0.0)),
        ("of some days", Noise(0.7, 0.7)),
        ("of any length", LongMemory((0.3, 0.45), (0.2, 0.5))),
    ]
    days, articles = 182, 150
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 250">', STYLE]
    parts.append('<text x="40" y="20">Topics without growth that are said to grow or shrink</text>')
    bottom, scale = 200, 2.4
    for level in (20, 40, 60):
        at = bottom - scale * level
        parts.append(f'<path class="grid" d="M40 {at:.0f}h500"/>')
        parts.append(f'<text class="small" x="8" y="{at + 4:.0f}">{level} %</text>')
    for index, (name, noise) in enumerate(cases):
        counts = simulate([9, index], np.full(days, 8.0), noise, 4000)
        topic, day = np.nonzero(counts)
        times = np.arange(days) / DAYS_PER_YEAR
        cells = counts[topic, day]
        fit = fit_trend(topic, day, cells, np.full(days, articles), times, topics=len(counts))
        usual = fit.growth_rate / (fit.growth_rate_model_se * np.sqrt(fit.dispersion))
        rates = [100 * float(np.mean(found)) for found in (abs(usual) > 1.96, fit.p_value < 0.05)]
        left = 60 + 125 * index
        for place, (kind, rate) in enumerate(zip(("usual", "ours"), rates, strict=True)):
            at = left + 40 * place
            parts.append(
                f'<rect class="{kind}" x="{at}" y="{bottom - scale * rate:.1f}" width="36" '
                f'height="{scale * rate:.1f}"/>'
            )
            above = bottom - scale * max(rate, 5) - 4
            parts.append(f'<text class="small" x="{at + 5}" y="{above:.1f}">{rate:.0f} %</text>')
        parts.append(f'<text class="small" x="{left}" y="{bottom + 18}">{name}</text>')
    promise = bottom - scale * 5
    parts.append(f'<path class="promise" d="M40 {promise}h500"/>')
    parts.append(f'<path class="axis" d="M40 {bottom}h500"/>')
    for left, kind, name in ((60, "usual", "usual error"), (185, "ours", "ours")):
        parts.append(f'<rect class="{kind}" x="{left}" y="230" width="12" height="12"/>')
        parts.append(f'<text class="small" x="{left + 18}" y="240">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    (HERE / "shapes.svg").write_text(shapes(), encoding="utf-8")
    (HERE / "false-alarms.svg").write_text(false_alarms(), encoding="utf-8")
