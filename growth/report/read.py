"""Reads all that the page shows: a stored fit, its topics, their series, their articles."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import psycopg
from psycopg.rows import dict_row

from console.errors import WarehouseError
from console.months import next_month
from growth.choices import Period
from growth.model.bands import Lines, draw_lines
from growth.model.counts import Floats, Integers
from growth.model.statuses import Status
from growth.shown.words import came_up
from growth.stored.columns import names, of_topics
from growth.stored.lines import first_periods, fitted_series, jumps_of
from growth.stored.lists import LISTS
from growth.stored.loaded import loaded_on
from growth.stored.observed import fitting_period
from growth.stored.periods import Bins, in_periods, places
from growth.stored.runs import Run
from growth.stored.series import Series
from warehouse.connect import connect

# Articles a topic: with one more, 5,000 topics of years would not fit into 4 MB.
_ARTICLES = 5

Row = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """What the page shows. ``topics`` are the T fitted ones, rows of marts.fct_topic_growth, the
    most articles first; ``counts``, shape (T, K), their articles by bin. ``times`` are the K + 2
    times of the curves, in years since the window's start: the first day with articles, the mean
    time of each bin's articles, the last day with articles. ``begins``, shape (T,): the place
    of the first of these times at which a topic's level is drawn; before its first article it is
    not. ``lists`` holds places in ``topics``. ``loaded_on`` is when the window's months were
    loaded, None where the login may not know; ``loaded_to`` the last day with articles of all."""

    run: Run
    loaded_on: date | None
    loaded_to: date
    topics: list[Row]
    bins: Bins
    counts: Integers
    times: Floats
    lines: Lines
    begins: Integers
    lists: dict[str, list[int]]


def read_content(connection: psycopg.Connection, run: Run, step: Callable[[str], None]) -> Content:
    """Read what the page shows of a fit, all but the articles, and compute its curves. Raises
    WarehouseError where there is nothing to show, or where the articles have changed since."""
    step("reading what was counted")
    topics = _rows(
        connection,
        f"select {', '.join(names(of_topics()))} from marts.fct_topic_growth "
        "where run_id = %s and status = %s order by articles desc, topic_id",
        [run.run_id, Status.CONVERGED],
    )
    lists = _lists(connection, run, topics)
    if not topics:
        raise WarehouseError(
            f"the fit {run.run_id} has no fitted topic: load more months, or run `growth fit` with "
            "a lower --min-articles"
        )
    series = fitted_series(connection, run, topics)
    bins, binned = _bins(run, series)
    size = (len(topics), len(bins))
    counts = np.bincount(
        binned.topic * size[1] + binned.period, binned.count, size[0] * size[1]
    ).reshape(size)
    # With months missing the curve does not begin, or end, where nothing was counted.
    counted = np.flatnonzero(series.totals)
    times = np.concatenate([series.times[counted[:1]], binned.times, series.times[counted[-1:]]])
    shape = np.array([topic["shape"] for topic in topics])
    loaded = loaded_on(connection, run.window)
    step(f"computing {len(topics):,} curves")
    of_run, jumps = in_periods(series, run.period).counts, jumps_of(run, topics)
    lines = draw_lines(of_run, series.monday, shape, jumps, times)
    counts = counts.astype(np.int64)
    begins = _begins(run, bins, topics)
    return Content(
        run,
        loaded,
        _loaded_to(connection, run.outlet),
        topics,
        bins,
        counts,
        times,
        lines,
        begins,
        lists,
    )


@contextmanager
def evidence_meanwhile(run: Run) -> Iterator[Callable[[], list[Row]]]:
    """Read the articles that stand for topics, rows of marts.fct_topic_evidence by topic and rank,
    in the background: the server takes as long for them as all else takes here. Give a function
    that waits for them. Leaving the block by an error cancels the query."""
    with connect("growth report", role="analyst") as connection, ThreadPoolExecutor(1) as thread:
        query = thread.submit(
            _rows,
            connection,
            "select * from marts.fct_topic_evidence where run_id = %s and rank <= %s "
            "order by topic_id, rank",
            [run.run_id, _ARTICLES],
        )
        try:
            yield query.result
        except BaseException:
            connection.cancel_safe()
            raise


def _rows(connection: psycopg.Connection, query: str, parameters: list[Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def _loaded_to(connection: psycopg.Connection, outlet: str) -> date:
    [[day]] = connection.execute(
        "select max(published_on) from marts.fct_daily_articles "
        "where outlet = %s and is_loaded and articles > 0",
        [outlet],
    ).fetchall()
    return cast(date, day)


def _lists(connection: psycopg.Connection, run: Run, topics: list[Row]) -> dict[str, list[int]]:
    """Return the lists as places in ``topics``; give these the labels that are shown with them."""
    place = {topic["topic_id"]: index for index, topic in enumerate(topics)}
    lists = {}
    for direction, table in LISTS.items():
        query = psycopg.sql.SQL("select * from marts.{} where run_id = %s order by rank").format(
            psycopg.sql.Identifier(table)
        )
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query, [run.run_id]).fetchall()
        # The list of most articles has topics without a fit, too: there is nothing to draw of them.
        rows = [row for row in rows if row["topic_id"] in place]
        lists[direction] = [place[row["topic_id"]] for row in rows]
        for row in rows:
            topics[place[row["topic_id"]]]["other_labels"] = row.get("other_labels") or []
    return lists


def _begins(run: Run, bins: Bins, topics: list[Row]) -> Integers:
    """Return the place in the curves' times of the bin of each topic's first article, 0 where that
    lies before the window."""
    bin_of = places(run.window, bins.unit)
    firsts = first_periods(run, topics, bin_of)
    # The curves' times begin with the window's first day.
    return np.where([came_up(topic) is not None for topic in topics], 1 + firsts, 0)


def _bins(run: Run, series: Series) -> tuple[Bins, Series]:
    """Put days together to weeks or months; those at the window's ends may be cut."""
    by_weeks = run.period != Period.MONTH and fitting_period(run) == Period.WEEK
    period = Period.WEEK if by_weeks else Period.MONTH
    binned = in_periods(series, period)
    first, last = run.window_start, run.window_end
    starts = [first]
    while True:
        day = starts[-1]
        after = day + timedelta(days=7 - day.weekday()) if by_weeks else next_month(day)
        if after > last:
            break
        starts.append(after)
    ends = [*(day - timedelta(days=1) for day in starts[1:]), last]
    return Bins(str(period), starts, ends, binned.totals), binned
