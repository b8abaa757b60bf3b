"""The fitted curves of a few topics, with their bands: fitted again to what was counted."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from scipy import special

from growth.choices import Period
from growth.counts import Floats
from growth.observed import Point, read_observed
from growth.periods import in_periods
from growth.report.bands import LEVELS, fit_bands
from growth.runs import Run
from growth.series import DAYS_PER_YEAR, Series, Window
from warehouse.errors import WarehouseError


@dataclass(frozen=True)
class Curve:
    """The fitted share of a topic at K times, in years since the window's start, and the ends of
    its bands by their level in percent; all of shape (K,), NaN without a fit."""

    times: Floats
    share: Floats
    low: dict[int, Floats]
    high: dict[int, Floats]


def fit_curves(
    connection: psycopg.Connection, run: Run, by: str, topics: list[dict[str, Any]]
) -> dict[int, Curve]:
    """Return the curve of each topic, rows of marts.fct_topic_growth, on the window's first day, at
    the mean time of each period's articles, and on its last day.

    Raises WarehouseError where the articles have changed since the fit.
    """
    points = read_observed(connection, run, Period.DAY, [topic["topic_id"] for topic in topics])
    for topic in topics:
        if sum(point.articles for point in points[topic["topic_id"]]) != topic["articles"]:
            raise WarehouseError(
                f"the articles have changed since the fit {run.run_id}: run `growth fit` again"
            )
    series = _series(run, topics, points)
    last = (series.window.days - 1) / DAYS_PER_YEAR
    times = np.concatenate([[0.0], in_periods(series, by).times, [last]])
    shapes = np.array([topic["shape"] or "" for topic in topics])
    bands = fit_bands(in_periods(series, run.period), shapes, times)
    names = [round(100 * level) for level in LEVELS]
    curves = {}
    for row, topic in enumerate(topics):
        log_odds = bands.log_odds[row] if topic["shape"] else np.full(len(times), np.nan)
        halves = [half[row] for half in bands.half]
        curves[topic["topic_id"]] = Curve(
            times,
            special.expit(log_odds),
            {name: special.expit(log_odds - h) for name, h in zip(names, halves, strict=True)},
            {name: special.expit(log_odds + h) for name, h in zip(names, halves, strict=True)},
        )
    return curves


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
