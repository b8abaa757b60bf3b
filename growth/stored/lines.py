"""The lines of topics, level and fitted curve, worked out again from what was counted.

``topic_lines`` takes a few topics, of which it reads just their counts; ``fitted_series`` reads all
of a run, for the page and for ``drawn_rows``, the columns that an exported series has beside what
was counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row
from scipy import special

from console.errors import WarehouseError
from growth.choices import Period
from growth.model.bands import BANDS, draw_lines
from growth.model.counts import Floats, Integers
from growth.model.jumps.dates import JumpFit
from growth.model.level.ends import came_up
from growth.model.statuses import Status
from growth.stored.observed import Point, read_observed
from growth.stored.periods import in_periods, places
from growth.stored.runs import Run, Window
from growth.stored.series import DAYS_PER_YEAR, Series, read_window

# The columns of an exported series that are drawn.
DrawnRow = tuple[float | None, ...]
# Topics drawn at a time: an export by day of many years would not fit into memory at once.
_TOPICS = 256


@dataclass(frozen=True)
class TopicLine:
    """What is drawn of a topic at K times, in years since the window's start: its level as a share,
    the ends of the bands by their per cent, and the share by the fitted curve. All of shape (K,);
    NaN without a fit, and level and bands before the topic's first article."""

    times: Floats
    share: Floats
    low: dict[int, Floats]
    high: dict[int, Floats]
    fitted: Floats


def topic_lines(
    connection: psycopg.Connection, run: Run, by: str, topics: list[dict[str, Any]]
) -> dict[int, TopicLine]:
    """Return the lines of some topics, rows of marts.fct_topic_growth: on the window's first day,
    at the mean time of each period's articles, and on the last day with articles.

    Raises WarehouseError where the articles have changed since the fit.
    """
    points = read_observed(connection, run, Period.DAY, [topic["topic_id"] for topic in topics])
    counted = [sum(point.articles for point in points[topic["topic_id"]]) for topic in topics]
    _need_unchanged(run, counted == [topic["articles"] for topic in topics])
    series = _series(run, topics, points)
    last = (series.fitted_to - run.window_start).days / DAYS_PER_YEAR
    times = np.concatenate([[0.0], in_periods(series, by).times, [last]])
    firsts = first_periods(run, topics, places(series.window, by))
    shapes = np.array([topic["shape"] or "" for topic in topics])
    jumps = jumps_of(run, topics)
    counts = in_periods(series, run.period).counts
    lines = draw_lines(counts, series.monday, shapes, jumps, times)
    drawn = {}
    for row, topic in enumerate(topics):
        level = lines.level[row] if topic["shape"] else np.full(len(times), np.nan)
        if _came_up(run, topic):
            level[: 1 + firsts[row]] = np.nan
        error = lines.error[row]
        fitted = lines.fitted[row] if topic["shape"] else level
        drawn[topic["topic_id"]] = TopicLine(
            times=times,
            share=special.expit(level),
            low={name: special.expit(level - width * error) for name, width in BANDS.items()},
            high={name: special.expit(level + width * error) for name, width in BANDS.items()},
            fitted=special.expit(fitted),
        )
    return drawn


def fitted_series(connection: psycopg.Connection, run: Run, topics: list[dict[str, Any]]) -> Series:
    """Return the daily series of the fitted topics of a run, rows of marts.fct_topic_growth, in
    their order. Raises WarehouseError where the articles have changed since the fit."""
    window = run.window
    series = read_window(connection, window, run.kinds_asked)
    row_of = {topic["topic_id"]: row for row, topic in enumerate(topics)}
    rows = np.array([row_of.get(topic_id, -1) for topic_id in series.topic_ids.tolist()])
    topic = rows[series.topic] if len(rows) else series.topic
    kept = np.flatnonzero(topic >= 0)
    # Cells sorted by topic, as the fit had them.
    kept = kept[np.argsort(topic[kept], kind="stable")]
    topic, count = topic[kept], series.count[kept]
    counted = np.bincount(topic, count, len(topics)).tolist()
    _need_unchanged(
        run,
        int(series.totals.sum()) == run.articles
        and counted == [topic["articles"] for topic in topics],
    )
    return _of_topics(window, topics, topic, series.period[kept], count, series.totals)


def first_periods(run: Run, topics: Sequence[dict[str, Any]], period_of: Integers) -> Integers:
    """Return the period of each topic's first article, by ``period_of``, the period of each day; 0
    where that lies before the window. Shape (T,)."""
    firsts = (_came_up(run, topic) for topic in topics)
    return np.array(
        [0 if day is None else period_of[(day - run.window_start).days] for day in firsts],
        dtype=np.int64,
    )


def jumps_of(run: Run, topics: Sequence[dict[str, Any]]) -> JumpFit:
    """Return the steps and events of topics, rows of marts.fct_topic_growth, to draw them by."""

    def years(name: str) -> Floats:
        return (
            np.array(
                [
                    np.nan if topic[name] is None else (topic[name] - run.window_start).days
                    for topic in topics
                ],
                dtype=np.float64,
            )
            / DAYS_PER_YEAR
        )

    def numbers(name: str) -> Floats:
        return np.array([topic[name] for topic in topics], dtype=np.float64)

    return replace(
        JumpFit.nothing(len(topics)),
        at=np.fmax(years("step_on"), years("event_on")),
        half_life=numbers("half_life_days") / DAYS_PER_YEAR,
        share_before=numbers("jump_share_before"),
        share_after=numbers("jump_share_after"),
        share_settled=numbers("event_share_settled"),
        drift=numbers("drift_rate"),
    )


def drawn_rows(
    connection: psycopg.Connection, run: Run, kinds: Sequence[str], by: str
) -> Iterator[DrawnRow]:
    """Return the columns DRAWN of each fitted topic, by kind and label, and each period. All is
    read before the first row, since the connection is busy with the export from then on. Raises
    WarehouseError where the articles have changed since the fit."""
    topics = _fitted_topics(connection, run)
    series = fitted_series(connection, run, topics)
    if not topics:
        return iter(())
    # The periods that the exported series has: those with a loaded day.
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
        jumps = jumps_of(run, [topics[row] for row in rows])
        lines = draw_lines(by_run.take(rows).counts, series.monday, shapes, jumps, times)
        level, half, fitted = lines.level, BANDS[95] * lines.error, lines.fitted
        level[np.arange(len(times)) < firsts[rows][:, None]] = np.nan
        columns = [special.expit(x) for x in (level, level - half, level + half, fitted)]
        shown = (column[:, period_of[days]].tolist() for column in columns)
        for of_topic in zip(*shown, strict=True):
            for values in zip(*of_topic, strict=True):
                yield tuple(None if value != value else value for value in values)


def _fitted_topics(connection: psycopg.Connection, run: Run) -> list[dict[str, Any]]:
    """Return the fitted topics in the order of the exported series."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from marts.fct_topic_growth where run_id = %s and status = %s "
            "order by kind, label, topic_id",
            [run.run_id, Status.CONVERGED],
        ).fetchall()


def _came_up(run: Run, topic: dict[str, Any]) -> date | None:
    """Return the day of a topic's first article where the line begins with it, else None."""
    return came_up(topic["first_seen_on"], run.window_start, run.window_end)


def _need_unchanged(run: Run, unchanged: bool) -> None:
    """Raise WarehouseError where the articles are not those of the fit."""
    if not unchanged:
        raise WarehouseError(
            f"the articles have changed since the fit {run.run_id}: run `{run.command}` again"
        )


def _series(run: Run, topics: list[dict[str, Any]], points: dict[int, list[Point]]) -> Series:
    """Return daily points as the fit reads them."""
    window = run.window
    totals = np.zeros(window.days, dtype=np.int64)
    cells: list[tuple[int, int, int]] = []
    for row, topic in enumerate(topics):
        for point in points[topic["topic_id"]]:
            day = (point.period_start - window.start).days
            totals[day] = point.all_articles
            if point.articles:
                cells.append((row, day, point.articles))
    rows, days, counts = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return _of_topics(window, topics, rows, days, counts, totals)


def _of_topics(
    window: Window,
    topics: list[dict[str, Any]],
    topic: NDArray[np.integer],
    day: NDArray[np.integer],
    count: NDArray[np.integer],
    totals: Integers,
) -> Series:
    """Return the daily series of topics, rows of marts.fct_topic_growth, from its cells."""
    return Series(
        window=window,
        topic=topic,
        period=day,
        count=count,
        totals=totals,
        times=np.arange(window.days) / DAYS_PER_YEAR,
        topic_ids=np.array([each["topic_id"] for each in topics]),
        kinds=[each["kind"] for each in topics],
        labels=[each["label"] for each in topics],
        first_seen_on=[each["first_seen_on"] for each in topics],
    )
