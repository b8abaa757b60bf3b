"""The lines of a run's topics, row by row as the exported series has them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import dict_row
from scipy import special

from growth.model.bands import BANDS, draw_lines
from growth.model.counts import CONVERGED
from growth.stored.lines import first_periods, fitted_series
from growth.stored.observed import read_observed
from growth.stored.periods import in_periods, places
from growth.stored.runs import Run
from growth.stored.series import Series

DRAWN = ("level", "level_low", "level_high", "trend_share")
DrawnRow = tuple[float | None, ...]

# Topics drawn at a time: a day's export of years is not held in memory at once.
_TOPICS = 256


def drawn_rows(
    connection: psycopg.Connection, run: Run, kinds: Sequence[str], by: str
) -> Iterator[DrawnRow]:
    """Return the columns DRAWN of each fitted topic, by kind and label, and each period. All is
    read at once, since the connection is then busy with the rows. Raises WarehouseError where the
    articles have changed since the fit."""
    topics = _topics(connection, run)
    series = fitted_series(connection, run, topics)
    if not topics:
        return iter(())
    # The periods that the series has: those with a loaded day.
    points = read_observed(connection, run, by, [topics[0]["topic_id"]])[topics[0]["topic_id"]]
    days = [(point.period_start - run.window_start).days for point in points]
    chosen = [row for row, topic in enumerate(topics) if not kinds or topic["kind"] in kinds]
    return _draw(run, by, series, topics, chosen, days)


def _draw(
    run: Run,
    by: str,
    series: Series,
    topics: Sequence[dict[str, Any]],
    chosen: Sequence[int],
    days: Sequence[int],
) -> Iterator[DrawnRow]:
    """Yield the rows of the topics at the places ``chosen``, for the periods of ``days``."""
    times, period_of = in_periods(series, by).times, places(series.window, by)
    firsts = first_periods(run, topics, period_of)
    by_run = in_periods(series, run.period)
    for begin in range(0, len(chosen), _TOPICS):
        rows = np.array(chosen[begin : begin + _TOPICS])
        shapes = np.array([topics[row]["shape"] for row in rows])
        lines = draw_lines(_take(by_run, rows), shapes, times)
        level, half, fitted = lines.level, BANDS[95] * lines.error, lines.fitted
        level[np.arange(len(times)) < firsts[rows][:, None]] = np.nan
        columns = [special.expit(x) for x in (level, level - half, level + half, fitted)]
        shown = (column[:, period_of[days]].tolist() for column in columns)
        for of_topic in zip(*shown, strict=True):
            for values in zip(*of_topic, strict=True):
                yield tuple(None if value != value else value for value in values)


def _topics(connection: psycopg.Connection, run: Run) -> list[dict[str, Any]]:
    """Return the fitted topics in the order of the exported series."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from marts.fct_topic_growth where run_id = %s and status = %s "
            "order by kind, label, topic_id",
            [run.run_id, CONVERGED],
        ).fetchall()


def _take(series: Series, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Series:
    """Return the series of some topics, ``rows`` rising."""
    place = np.full(len(series.topic_ids), -1)
    place[rows] = np.arange(len(rows))
    topic = place[series.topic]
    kept = topic >= 0
    return replace(
        series,
        topic=topic[kept],
        period=series.period[kept],
        count=series.count[kept],
        topic_ids=series.topic_ids[rows],
    )
