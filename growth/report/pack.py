"""The page's data: JSON by columns, compressed, as text that is safe inside a script element."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from growth.model.bands import BANDS
from growth.model.counts import Floats
from growth.report.pictures import milliseconds_of_curve
from growth.report.read import Content, Row
from growth.shown.words import (
    ONE_BURST,
    SHAPES,
    fits_poorly,
    how_it_fits,
    pace,
    what_happened,
)
from growth.stored.columns import BOOLEAN, DATE, NUMBER, Q_VALUE, TEXT, names, on_page

# Numbers keep five digits.
_NUMBERS, _DATES, _NAMES, _FLAGS = (
    names(column for column in on_page() if column.type == kind)
    for kind in (NUMBER, DATE, TEXT, BOOLEAN)
)
# Log-odds are kept to steps of this size, so that a fitted share is off by less than a part in
# three thousand of itself; half the widths of the bands to coarser ones.
_STEP, _HALF_STEP = 5e-4, 2e-3
_WIDEST = 1e3


def pack(content: Content, evidence: Callable[[], list[Row]]) -> str:
    """Return the data as base64 of gzip of JSON: letters, digits, +, / and = alone. Waits for the
    articles last."""
    text = json.dumps(_columns(content, evidence), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _columns(content: Content, evidence: Callable[[], list[Row]]) -> dict[str, Any]:
    topics, bins, lines = content.topics, content.bins, content.lines
    return {
        "unit": bins.unit,
        "from": [_day(day) for day in bins.start],
        "to": [_day(day) for day in bins.end],
        "totals": bins.totals.tolist(),
        "times": milliseconds_of_curve(content),
        "articles": content.run.articles,
        "lists": content.lists,
        # Keys of 64 bits are text: JavaScript's numbers have 53.
        "id": [str(topic["topic_id"]) for topic in topics],
        "label": [topic["label"] for topic in topics],
        "count": [topic["articles"] for topic in topics],
        "happened": [what_happened(topic) for topic in topics],
        "pace": [pace(topic) for topic in topics],
        "fits": [how_it_fits(topic) for topic in topics],
        "poor": [index for index, topic in enumerate(topics) if fits_poorly(topic)],
        "said": {"q": Q_VALUE, "one_burst": ONE_BURST, "shape": SHAPES},
        "also": {
            index: topic["other_labels"]
            for index, topic in enumerate(topics)
            if topic.get("other_labels")
        },
        "names": {name: _numbered(topics, name) for name in _NAMES},
        "numbers": {name: [_short(topic[name]) for topic in topics] for name in _NUMBERS},
        "dates": {name: [_day(topic[name]) for topic in topics] for name in _DATES},
        "flags": {name: [topic[name] for topic in topics] for name in _FLAGS},
        "counts": content.counts.tolist(),
        "level": _bends(lines.level, _STEP),
        "half": _bends(np.minimum(BANDS[95] * lines.error, _WIDEST), _HALF_STEP),
        "fitted": _bends(np.clip(lines.fitted, -_WIDEST, _WIDEST), _STEP),
        "steps": [_STEP, _HALF_STEP],
        "narrower": BANDS[80] / BANDS[95],
        "begins": content.begins.tolist(),
        "evidence": _evidence(content, evidence()),
    }


def _bends(values: Floats, step: float) -> list[list[int]]:
    """Return each row as whole steps: the first value, the first difference, then how differences
    change, which is next to nothing along a line."""
    steps = np.rint(np.nan_to_num(values) / step).astype(np.int64)
    rows: list[list[int]] = np.diff(np.diff(steps, prepend=0), prepend=0).tolist()
    return rows


def _numbered(topics: list[Row], name: str) -> dict[str, list[Any]]:
    names = sorted({str(topic[name]) for topic in topics})
    place = {each: index for index, each in enumerate(names)}
    return {"names": names, "of": [place[str(topic[name])] for topic in topics]}


def _evidence(content: Content, evidence: list[Row]) -> dict[str, list[Any]]:
    """Return the articles, each once and by day, and which of them stand for a topic, with the
    days by which the week that they stand for began before them."""
    articles = sorted({_article(row) for row in evidence})
    place = {article: index for index, article in enumerate(articles)}
    topic_place = {topic["topic_id"]: index for index, topic in enumerate(content.topics)}
    of: list[list[int]] = [[] for _ in content.topics]
    weeks: list[list[int]] = [[] for _ in content.topics]
    for row in evidence:
        if row["topic_id"] in topic_place:
            index = topic_place[row["topic_id"]]
            of[index].append(place[_article(row)])
            weeks[index].append((row["published_on"] - row["week_start"]).days)
    return {
        "on": [_day(on) for on, _, _ in articles],
        "url": [url for _, url, _ in articles],
        "headline": [headline for _, _, headline in articles],
        "of": of,
        "weeks": weeks,
    }


def _article(row: Row) -> tuple[date, str, str]:
    return row["published_on"], row["web_url"] or "", row["headline"] or ""


def _short(value: float | None) -> float | None:
    """Return a number with five digits."""
    if value is None or not np.isfinite(value):
        return None
    return float(f"{value:.5g}")


def _day(day: date | None) -> int | None:
    """Return the number of days since 1970."""
    return None if day is None else (day - date(1970, 1, 1)).days
