"""Draws a topic into a file as the report's page does: points, level with bands, fitted curve."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import vl_convert

from console.text import short
from growth.shown import words
from growth.shown.charts import colours, large_chart, milliseconds
from growth.stored.lines import TopicLine
from growth.stored.observed import Point
from growth.stored.periods import Bins
from growth.stored.runs import Run
from growth.stored.series import DAYS_PER_YEAR
from warehouse.files import write

_ACCENTS = {"growing": "var(--grow)", "shrinking": "var(--shrink)"}
_WIDTH, _TITLE_HEIGHT = 720, 90
_DAY = 86_400_000
# Pixels a unit of the drawing: two look sharp on paper and on fine screens.
_PNG_SCALE = 2.0


def draw(path: Path, run: Run, by: str, topic: dict[str, Any], points: list[Point],
         line: TopicLine) -> None:  # fmt: skip
    """Write the picture of a topic, a row of marts.fct_topic_growth. Raises WarehouseError."""
    spec = json.loads(_in_colour(json.dumps(_specification(run, by, topic, points, line))))
    if path.suffix.lower() == ".svg":
        picture = vl_convert.vega_to_svg(spec).encode()
    else:
        picture = vl_convert.vega_to_png(spec, scale=_PNG_SCALE)
    write(path, picture, remedy="give another file with --out")


def _specification(
    run: Run, by: str, topic: dict[str, Any], points: list[Point], line: TopicLine
) -> dict[str, Any]:
    starts = [point.period_start for point in points]
    ends = [*(day - timedelta(days=1) for day in starts[1:]), run.window_end]
    bins = Bins(str(by), starts, ends, np.array([point.all_articles for point in points]))
    spec = large_chart(bins)
    shares = [point.share for point in points if point.share is not None]
    highest = float(np.nanmax([*shares, *line.share.tolist()]))
    for part, key, values in (
        (
            "signals",
            "value",
            {
                "accent": _ACCENTS.get(topic["direction"], "var(--steady)"),
                "top": 1.08 * highest,
            },
        ),
        (
            "data",
            "values",
            {
                "curve": _curve_rows(run.window_start, topic, line),
                "points": _point_rows(run.window_start, points, ends, line),
            },
        ),
    ):
        for each in spec[part]:
            if each["name"] in values:
                each[key] = values[each["name"]]
    has_fit = not np.isnan(line.share[-1])
    shown = words.window(run.window, run.last_day)
    spec["width"] = _WIDTH
    spec["title"] = {
        "text": f"{short(topic['label'])} ({topic['kind']})",
        "subtitle": [
            f"share of all articles, {shown}",
            words.what_happened(topic),
            f"dots: counted, by {by}"
            + "; line: the level, with bands of 80% and 95%" * has_fit,
            *([f"dashes: {_fitted(topic)}"] if has_fit else []),
        ],
        "anchor": "start", "frame": "group", "offset": 14, "fontSize": 15,
        "color": "var(--ink)", "subtitleColor": "var(--muted)",
    }  # fmt: skip
    spec["padding"]["top"] += _TITLE_HEIGHT
    spec["background"] = "var(--paper)"
    return spec


def _fitted(topic: dict[str, Any]) -> str:
    curve = f"the fitted {words.SHAPES[topic['shape']]}"
    return f"{curve}, which fits {words.how_it_fits(topic)}" if words.fits_poorly(topic) else curve


def _curve_rows(start: date, topic: dict[str, Any], line: TopicLine) -> list[dict[str, Any]]:
    if np.isnan(line.share[-1]):
        return []
    columns = {
        "level": line.share,
        "fitted": line.fitted,
        **{f"low{name}": low for name, low in line.low.items()},
        **{f"high{name}": high for name, high in line.high.items()},
    }
    rows: list[dict[str, Any]] = [
        {"t": _milliseconds(start, years), "end": None}
        | {
            name: None if np.isnan(values[place]) else float(values[place])
            for name, values in columns.items()
        }
        for place, years in enumerate(line.times.tolist())
        # Periods after the last day with articles are not drawn.
        if years <= line.times[-1]
    ]
    rows[-1]["end"] = words.percent(rows[-1]["level"])
    return sorted([*rows, *_jump_rows(topic)], key=lambda row: row["t"])


def _jump_rows(topic: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the two ends of a step or an event, so that it is drawn upright."""
    day = topic["step_on"] or topic["event_on"]
    if day is None:
        return []
    ends = (-1, topic["jump_share_before"]), (0, topic["jump_share_after"])
    return [{"t": milliseconds(day) + late, "end": None, "fitted": share} for late, share in ends]


def _point_rows(
    start: date, points: list[Point], ends: list[date], line: TopicLine
) -> list[dict[str, Any]]:
    return [
        {
            "t": _milliseconds(start, years),
            "from": milliseconds(point.period_start),
            "to": milliseconds(end),
            "share": point.share,
        }
        for point, end, years in zip(points, ends, line.times[1:-1].tolist(), strict=True)
        if point.share is not None
    ]


def _milliseconds(start: date, years: float) -> int:
    return milliseconds(start) + round(years * DAYS_PER_YEAR * _DAY)


def _in_colour(text: str) -> str:
    """Replace the names of colours by the light colours."""
    light: dict[str, str] = {}
    for name, colour in re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]+);", colours()):
        light.setdefault(name, colour)  # the dark ones come later
    return re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: light[found[1]], text)
