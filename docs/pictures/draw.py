"""Draws the pictures of docs/model.md from the generated sample and from a simulation.

python docs/pictures/draw.py
"""

import gzip
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchmarks.calibration import Noise, simulate
from extract.sample.newspaper import write_sample
from growth.logistic import fit_growth, fit_level, fit_trend

HERE = Path(__file__).parent
DAYS_PER_YEAR = 365.25
TOPICS = {
    "Kelp Farming": "subject",
    "Lumen Rail": "organization",
    "Rust Fever (Disease)": "subject",
}
NEW_YORK = ZoneInfo("America/New_York")
STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
    ".axis{stroke:#999;stroke-width:1}.level{fill:none;stroke:#356d9c;stroke-width:2.2}"
    ".band{fill:#356d9c;opacity:.2}.fit{fill:none;stroke:#555;stroke-dasharray:4 3}"
    ".dot{fill:#777}.grid{stroke:#ddd}.usual{fill:#c9c9c9}.ours{fill:#356d9c}"
    ".promise{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:4 3}</style>"
)
Floats = NDArray[np.float64]


def counted(start: date, end: date) -> tuple[Floats, dict[str, Floats]]:
    """Return the sample's articles a day, and those with each topic."""
    days = (date(end.year, 12, 31) - start).days + 1
    totals = np.zeros(days)
    found = {label: np.zeros(days) for label in TOPICS}
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
                for label in {keyword["value"] for keyword in doc["keywords"]} & TOPICS.keys():
                    found[label][day] += 1
    return totals, found


def shapes() -> str:
    """Return the picture of three topics: dots, levels with their bands, fitted curves."""
    start = date(2022, 1, 1)
    totals, found = counted(start, date(2022, 12, 1))
    counts = np.stack([found[label] for label in TOPICS])
    topic, day = np.nonzero(counts)
    times = np.arange(len(totals)) / DAYS_PER_YEAR
    cells = topic, day, counts[topic, day], totals, times
    fit, level = fit_growth(*cells), fit_level(*cells)
    weeks = np.arange(len(totals)) // 7
    whole = len(totals) // 7
    width, height, top = 240, 150, 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * 260 + 20} 240">', STYLE]
    for index, label in enumerate(TOPICS):
        shares = np.bincount(weeks, counts[index]) / np.bincount(weeks, totals)
        middles = np.bincount(weeks, times) / np.bincount(weeks)
        curve = fitted(fit, index, times)
        high = 1.1 * max(shares.max(), curve.max())
        left = 30 + 260 * index

        def x(t: Floats, left: int = left) -> Floats:
            return np.asarray(left + width * t / times[-1])

        def y(p: Floats, high: float = high) -> Floats:
            return np.asarray(top + height * (1 - p / high))

        parts.append(f'<text x="{left}" y="20">{label}</text>')
        parts.append(f'<text class="small" x="{left}" y="35">{fit.phase[index]}</text>')
        for part in (0.5, 1.0):
            at = float(y(np.float64(part * high / 1.1)))
            parts.append(f'<path class="grid" d="M{left} {at:.1f}h{width}"/>')
            share = f"{100 * part * high / 1.1:.1f} %"
            parts.append(f'<text class="small" x="{left + 2}" y="{at - 3:.1f}">{share}</text>')
        upper = np.minimum(level.share_high[index], high)
        edge = np.r_[upper, level.share_low[index][::-1]]
        band = _points(x(np.r_[times, times[::-1]]), y(edge))
        parts.append(f'<polygon class="band" points="{band}"/>')
        dots = zip(x(middles[:whole]), y(shares[:whole]), strict=True)
        parts += [f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="2.2"/>' for a, b in dots]
        for name, shares in (("fit", curve), ("level", level.share[index])):
            line = _points(x(times), y(shares))
            parts.append(f'<polyline class="{name}" points="{line}"/>')
        parts.append(f'<path class="axis" d="M{left} {top + height}h{width}"/>')
        for month, name in ((0, "January 2022"), (6, "July")):
            at = left + width * month / 12
            parts.append(f'<text class="small" x="{at:.0f}" y="{top + height + 16}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def fitted(fit: "object", index: int, times: Floats) -> Floats:
    """Return the curve that a topic's articles support."""
    from growth.logistic import GrowthFit

    assert isinstance(fit, GrowthFit)
    if fit.shape[index] == "s_curve":
        s = fit.s_curve
        rise = special.expit(s.growth_rate[index] * (times - s.midpoint[index]))
        return np.asarray(s.ceiling[index] * rise)
    if fit.shape[index] == "pulse":
        p = fit.pulse
        bend = p.curvature[index] * (times - p.peak[index]) ** 2
        return np.asarray(special.expit(special.logit(p.peak_share[index]) + bend))
    t = fit.trend
    return np.asarray(special.expit(t.intercept[index] + t.growth_rate[index] * times))


def false_alarms() -> str:
    """Return the picture of how often each error claims growth where there is none."""
    cases = [
        ("no bursts", 0.0, 0.0),
        ("of a day", 0.7, 0.0),
        ("of some days", 0.7, 0.7),
        ("of weeks", 0.7, 0.9),
    ]
    days, articles = 184, 150
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 250">', STYLE]
    parts.append('<text x="40" y="20">Topics without growth that are said to grow or shrink</text>')
    bottom, scale = 200, 2.4
    for level in (20, 40, 60):
        at = bottom - scale * level
        parts.append(f'<path class="grid" d="M40 {at:.0f}h500"/>')
        parts.append(f'<text class="small" x="8" y="{at + 4:.0f}">{level} %</text>')
    for index, (name, deviation, autocorrelation) in enumerate(cases):
        noise = Noise(deviation, autocorrelation)
        counts = simulate([9, index], np.full(days, 8.0), noise, 4000)
        topic, day = np.nonzero(counts)
        times = np.arange(days) / DAYS_PER_YEAR
        cells = counts[topic, day]
        fit = fit_trend(topic, day, cells, np.full(days, articles), times, topics=len(counts))
        usual = fit.growth_rate / (fit.growth_rate_model_se * np.sqrt(fit.dispersion))
        rates = 100 * np.mean(np.abs(usual) > 1.96), 100 * np.mean(fit.p_value < 0.05)
        left = 60 + 125 * index
        for place, (kind, rate) in enumerate(zip(("usual", "ours"), rates, strict=True)):
            at = left + 40 * place
            parts.append(
                f'<rect class="{kind}" x="{at}" y="{bottom - scale * rate:.1f}" width="36" '
                f'height="{scale * rate:.1f}"/>'
            )
            above = bottom - scale * rate - 4
            parts.append(f'<text class="small" x="{at + 5}" y="{above:.1f}">{rate:.0f} %</text>')
        parts.append(f'<text class="small" x="{left}" y="{bottom + 18}">bursts: {name}</text>')
    promise = bottom - scale * 5
    parts.append(f'<path class="promise" d="M40 {promise}h500"/>')
    parts.append(f'<path class="axis" d="M40 {bottom}h500"/>')
    return "\n".join([*parts, "</svg>", ""]).replace("bursts: no bursts", "no bursts")


if __name__ == "__main__":
    (HERE / "shapes.svg").write_text(shapes(), encoding="utf-8")
    (HERE / "false-alarms.svg").write_text(false_alarms(), encoding="utf-8")
