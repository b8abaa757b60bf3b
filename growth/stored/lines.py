"""The lines of a few topics, drawn again from what was counted; the series of all of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from scipy import special

from console.errors import WarehouseError
from growth.choices import Period
from growth.model.bands import BANDS, draw_lines
from growth.model.counts import Floats, Integers
from growth.shown.words import came_up
from growth.stored.observed import Point, read_observed
from growth.stored.periods import in_periods, places
from growth.stored.runs import Run
from growth.stored.series import DAYS_PER_YEAR, Series, Window, read_window


@dataclass(frozen=True)
class Curve:
    """The level of a topic at K times, in years since the window's start, as a share, the ends of
    its bands by their level in percent, and the share by the fitted curve; all of shape (K,), NaN
    without a fit. The level and its bands are NaN before the topic's first article, too."""

    times: Floats
    share: Floats
    low: dict[int, Floats]
    high: dict[int, Floats]
    fitted: Floats


def fit_curves(
    connection: psycopg.Connection, run: Run, by: str, topics: list[dict[str, Any]]
) -> dict[int, Curve]:
    """Return the lines of each topic, rows of marts.fct_topic_growth, on the window's first day, at
    the mean time of each period's articles, and on its last day with articles.

    Raises WarehouseError where the articles have changed since the fit.
    """
    points = read_observed(connection, run, Period.DAY, [topic["topic_id"] for topic in topics])
    for topic in topics:
        if sum(point.articles for point in points[topic["topic_id"]]) != topic["articles"]:
            raise WarehouseError(
                f"the articles have changed since the fit {run.run_id}: run `{run.command}` again"
            )
    series = _series(run, topics, points)
    last = (series.fitted_to - run.window_start).days / DAYS_PER_YEAR
    times = np.concatenate([[0.0], in_periods(series, by).times, [last]])
    firsts = first_periods(run, topics, places(series.window, by))
    shapes = np.array([topic["shape"] or "" for topic in topics])
    lines = draw_lines(in_periods(series, run.period), shapes, times)
    curves = {}
    for row, topic in enumerate(topics):
        level = lines.level[row] if topic["shape"] else np.full(len(times), np.nan)
        if came_up(topic):
            level[: 1 + firsts[row]] = np.nan
        error = lines.error[row]
        fitted = lines.fitted[row] if topic["shape"] else level
        curves[topic["topic_id"]] = Curve(
            times,
            special.expit(level),
            {name: special.expit(level - width * error) for name, width in BANDS.items()},
            {name: special.expit(level + width * error) for name, width in BANDS.items()},
            special.expit(fitted),
        )
    return curves


def fitted_series(connection: psycopg.Connection, run: Run, topics: list[dict[str, Any]]) -> Series:
    """Return the daily series of the fitted topics of a run, rows of marts.fct_topic_growth, in
    their order. Raises WarehouseError where the articles have changed since the fit."""
    window = Window(run.window_start, run.window_end)
    series = read_window(connection, window, run.kinds_asked)
    place = {topic["topic_id"]: index for index, topic in enumerate(topics)}
    places = np.array([place.get(topic_id, -1) for topic_id in series.topic_ids.tolist()])
    topic = places[series.topic] if len(places) else series.topic
    kept = np.flatnonzero(topic >= 0)
    # Cells sorted by topic, as the fit had them.
    kept = kept[np.argsort(topic[kept], kind="stable")]
    topic, count = topic[kept], series.count[kept]
    counted = np.bincount(topic, count, len(topics))
    if int(series.totals.sum()) != run.articles or counted.tolist() != [
        topic["articles"] for topic in topics
    ]:
        raise WarehouseError(
            f"the articles have changed since the fit {run.run_id}: run `{run.command}` again"
        )
    return Series(
        window=window,
        topic=topic,
        period=series.period[kept],
        count=count,
        totals=series.totals,
        times=series.times,
        topic_ids=np.array([topic["topic_id"] for topic in topics]),
        kinds=[topic["kind"] for topic in topics],
        labels=[topic["label"] for topic in topics],
        first_seen_on=[topic["first_seen_on"] for topic in topics],
    )


def first_periods(
    run: Run, topics: Sequence[dict[str, Any]], period_of: Integers
) -> NDArray[np.int64]:
    """Return the period of each topic's first article, by ``period_of``, the period of each day; 0
    where that lies before the window. Shape (T,)."""
    firsts = map(came_up, topics)
    return np.array(
        [0 if day is None else period_of[(day - run.window_start).days] for day in firsts],
        dtype=np.int64,
    )


def _series(run: Run, topics: list[dict[str, Any]], points: dict[int, list[Point]]) -> Series:
    """Return daily points as the fit reads them."""
    window = Window(run.window_start, run.window_end)
    totals = np.zeros(window.days, dtype=np.int64)
    cells: list[tuple[int, int, int]] = []
    for row, topic in enumerate(topics):
        for point in points[topic["topic_id"]]:
            day = (point.period_start - window.start).days
            totals[day] = point.all_articles
            if point.articles:
                cells.append((row, day, point.articles))
    rows, days, counts = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    first_seen: list[date | None] = [topic["first_seen_on"] for topic in topics]
    return Series(
        window=window,
        topic=rows,
        period=days,
        count=counts,
        totals=totals,
        times=np.arange(window.days) / DAYS_PER_YEAR,
        topic_ids=np.array([topic["topic_id"] for topic in topics]),
        kinds=[topic["kind"] for topic in topics],
        labels=[topic["label"] for topic in topics],
        first_seen_on=first_seen,
    )
