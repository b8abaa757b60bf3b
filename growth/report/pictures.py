"""Still pictures of the lists' first topics, for readers without JavaScript and for a quick start.

They are drawn from the same specification as the page's own charts, so that nothing moves when the
script puts those in their place.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import vl_convert
from scipy import special

from growth.model.bands import BANDS
from growth.report.read import Content
from growth.shown.charts import Spec, milliseconds
from growth.shown.words import percent
from growth.stored.series import DAYS_PER_YEAR

ACCENTS = {"growing": "var(--grow)", "shrinking": "var(--shrink)"}
_STEADY = "var(--steady)"
_DAY = 86_400_000

_DOT = re.compile(r'<path transform="translate\(([\d.]+),([\d.]+)\)" d="[^"]*A[^>]*/>')
_ATTRIBUTE = re.compile(r'="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{2,}")
_NEEDLESS = re.compile(r' (?:class|role|aria-[a-z]+|font-family|xmlns:xlink)="[^"]*"')


def milliseconds_of_curve(content: Content) -> list[int]:
    """Return the times of the curves' points as Vega takes them."""
    start = milliseconds(content.run.window_start)
    return [start + round(years * DAYS_PER_YEAR * _DAY) for years in content.times.tolist()]


def draw(content: Content, spec: Spec, topics: Iterable[int]) -> dict[int, str]:
    """Return the pictures of some topics, as SVG to put into a page."""
    return {index: _lean(vl_convert.vega_to_svg(_fill(content, spec, index))) for index in topics}


def _fill(content: Content, spec: Spec, index: int) -> Spec:
    """Put a topic's rows and signals into a specification."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = content.counts[index] / content.bins.totals
    log_odds, error = content.lines.level[index], content.lines.error[index]
    level = special.expit(log_odds)
    times = milliseconds_of_curve(content)
    curve: dict[str, list[Any]] = {"t": times, "level": level.tolist()}
    for name, width in BANDS.items():
        curve[f"low{name}"] = special.expit(log_odds - width * error).tolist()
        curve[f"high{name}"] = special.expit(log_odds + width * error).tolist()
    curve["end"] = [None] * (len(times) - 1) + [percent(float(level[-1]))]
    points = {"t": times[1:-1], "share": share.tolist()}
    rows = _rows(curve)[content.begins[index] :]
    drawn = [row for row in rows if times[0] <= row["t"] <= times[-1]]
    data = {"curve": drawn, "points": [row for row in _rows(points) if row["share"] >= 0]}
    signals = {
        "accent": ACCENTS.get(content.topics[index]["direction"], _STEADY),
        "top": 1.08 * float(np.nanmax(np.concatenate([share, level]))),
    }
    return spec | {
        part: [
            each | {key: values[each["name"]]} if each["name"] in values else each
            for each in spec[part]
        ]
        for part, key, values in (("data", "values", data), ("signals", "value", signals))
    }


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _lean(svg: str) -> str:
    """Return a picture at a third of its size. What the page's style sheet says is left out, and
    the dots become one path of strokes without length, whose round ends are the dots."""
    dots = [f"M{float(x):.1f} {float(y):.1f}h0" for x, y in _DOT.findall(svg)]
    line = f'<path class="dots" d="{"".join(dots)}"/>'
    svg = _NEEDLESS.sub("", svg)
    svg = _DOT.sub("", _DOT.sub(line, svg, count=1))
    # The clips of the charts that the script draws are numbered alike: name these otherwise.
    svg = svg.replace('id="clip', 'id="still').replace("url(#clip", "url(#still")
    # Only in attributes: the text beside the line is a number that readers see.
    return _ATTRIBUTE.sub(
        lambda text: _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.1f}", text[0]), svg
    )
