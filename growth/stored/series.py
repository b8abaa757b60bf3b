"""Reads the daily series of a window from the marts."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.errors import WarehouseError
from console.months import format_month, last_day
from console.outlets import outlet_option
from growth.model.counts import Counts
from growth.stored.runs import Window

if TYPE_CHECKING:
    import psycopg

DAYS_PER_YEAR = 365.25
# The topics of so many days are put together at a time.
_DAYS_AT_A_TIME = 256


@dataclass(frozen=True)
class Series:
    """The daily series of T topics over P days.

    ``topic``, ``period`` and ``count``, shape (C,), are the non-zero cells, topic an index into
    ``topic_ids``, period one into ``totals`` (articles a day) and ``times`` (years since the
    window's start), both of shape (P,). ``topic_ids``, ``kinds``, ``labels`` and ``first_seen_on``
    (the day of the first article that is loaded) have length T.
    """

    window: Window
    topic: NDArray[np.integer]
    period: NDArray[np.integer]
    count: NDArray[np.integer]
    totals: NDArray[np.int64]
    times: NDArray[np.float64]
    topic_ids: NDArray[np.int64]
    kinds: list[str]
    labels: list[str]
    first_seen_on: list[date | None]

    @property
    def counts(self) -> Counts:
        """What a fit takes."""
        return Counts(
            self.topic, self.period, self.count, self.totals, self.times, len(self.topic_ids)
        )

    @property
    def monday(self) -> float:
        """The time of the first Monday, at which a week begins."""
        return (-self.window.start.weekday() % 7) / DAYS_PER_YEAR

    @property
    def fitted_to(self) -> date:
        """The last day with articles; the window's last day where none has any."""
        counted = np.flatnonzero(self.totals)
        last = int(counted[-1]) if len(counted) else self.window.days - 1
        return self.window.start + timedelta(days=last)

    def take(self, rows: NDArray[np.int64]) -> "Series":
        """Return the series of some topics, whose places are ``rows``, in rising order."""
        place = np.full(len(self.topic_ids), -1)
        place[rows] = np.arange(len(rows))
        topic = place[self.topic]
        kept = topic >= 0
        return replace(
            self,
            topic=topic[kept],
            period=self.period[kept],
            count=self.count[kept],
            topic_ids=self.topic_ids[rows],
            kinds=[self.kinds[row] for row in rows.tolist()],
            labels=[self.labels[row] for row in rows.tolist()],
            first_seen_on=[self.first_seen_on[row] for row in rows.tolist()],
        )

    def sha256(self) -> str:
        """Return a digest of everything that a fit depends on."""
        digest = hashlib.sha256()
        for array in (self.topic, self.period, self.count, self.totals, self.times, self.topic_ids):
            digest.update(np.ascontiguousarray(array).data)
            digest.update(b"|")
        digest.update("\n".join(self.labels).encode())
        digest.update("\n".join(map(str, self.first_seen_on)).encode())
        return digest.hexdigest()


def read_series(
    connection: "psycopg.Connection",
    outlet: str,
    start: date | None,
    end: date | None,
    kinds: list[str],
    *,
    allow_gaps: bool = False,
) -> Series:
    """Read the series of an outlet's months, ``start`` to ``end``, by default all that are loaded.

    ``kinds`` limits the topics; empty, it takes all. Days of months that are not loaded count as
    days without articles if ``allow_gaps``. Raises WarehouseError where the marts are not built or,
    otherwise, months of the window are not loaded.
    """
    import psycopg

    try:
        return read_window(connection, _window(connection, outlet, start, end, allow_gaps), kinds)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise WarehouseError(
            "the marts are not built yet: load months (`extract load --from DIR`), then `dbt build`"
        ) from None
    except psycopg.errors.UndefinedColumn:
        raise WarehouseError("the marts are those of an older version: run `dbt build`") from None


def read_window(connection: "psycopg.Connection", window: Window, kinds: list[str]) -> Series:
    """Read the daily series of a window, whether all of it is loaded or not."""
    topic_ids, topic, day, count = _cells(connection, window, kinds)
    kinds_of, labels, first_seen = _topics(connection, window.outlet, topic_ids)
    return Series(
        window=window,
        topic=topic,
        period=day,
        count=count,
        totals=_totals(connection, window),
        times=np.arange(window.days) / DAYS_PER_YEAR,
        topic_ids=topic_ids,
        kinds=kinds_of,
        labels=labels,
        first_seen_on=first_seen,
    )


def is_loaded(connection: "psycopg.Connection", window: Window) -> bool:
    """Tell whether all days of a window are loaded."""
    row = connection.execute(
        "select count(*) from marts.fct_daily_articles "
        "where is_loaded and outlet = %s and published_on between %s and %s",
        [window.outlet, window.start, window.end],
    ).fetchone()
    return row is not None and row[0] == window.days


def missing_months(connection: "psycopg.Connection", window: Window) -> list[date]:
    """Return the months of a window that are not loaded."""
    rows = connection.execute(
        """
        select month::date
        from generate_series(%s::date, %s::date, interval '1 month') as month
        where not exists (
            select
            from marts.fct_daily_articles
            where outlet = %s and published_on = month and is_loaded
        )
        order by month
        """,
        [window.start, window.end, window.outlet],
    )
    return [month for (month,) in rows]


def _window(
    connection: "psycopg.Connection",
    outlet: str,
    start: date | None,
    end: date | None,
    allow_gaps: bool,
) -> Window:
    row = connection.execute(
        "select min(published_on), max(published_on) from marts.fct_daily_articles "
        "where outlet = %s",
        [outlet],
    ).fetchone()
    if row is None or row[0] is None:
        option = outlet_option(outlet)
        of_outlet = f" of the outlet {outlet}" if option else ""
        raise WarehouseError(
            f"the marts hold no articles{of_outlet}: load months (`extract load{option} --from "
            "DIR`), then `dbt build`"
        )
    window = Window(outlet, start or row[0], last_day(end) if end else row[1])
    if window.start > window.end:
        asked = f"from {window.start:%Y-%m} on" if start else f"up to {window.end:%Y-%m}"
        raise WarehouseError(
            f"not loaded: any month {asked}; the marts hold months from {row[0]:%Y-%m} to "
            f"{row[1]:%Y-%m}: choose another --start or --end"
        )
    missing = missing_months(connection, window)
    if missing and not allow_gaps:
        names = [format_month(month) for month in missing]
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        raise WarehouseError(
            f"not loaded: {shown}; the marts hold months from {row[0]:%Y-%m} to {row[1]:%Y-%m}: "
            "load them and run `dbt build`, choose another --start and --end, or fit without them "
            "with --allow-gaps"
        )
    return window


def _totals(connection: "psycopg.Connection", window: Window) -> NDArray[np.int64]:
    rows = connection.execute(
        "select published_on, articles from marts.fct_daily_articles "
        "where outlet = %s and published_on between %s and %s",
        [window.outlet, window.start, window.end],
    )
    totals = np.zeros(window.days, dtype=np.int64)
    for day, articles in rows:
        totals[(day - window.start) // timedelta(days=1)] = articles
    return totals


def _cells(
    connection: "psycopg.Connection", window: Window, kinds: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the ids of the topics, and of the non-zero cells, by topic and day: which topic, days
    since the window's start, and count.

    The server sends each day as one row of two columns of bytes, big-endian: to receive a row for
    each cell would take longer than to fit the trends. The rows are read one by one, for the whole
    answer would take more memory than the fit.
    """
    from psycopg import sql
    from scipy import sparse

    query = sql.SQL(
        """
        select
            published_on - {start}::date,
            string_agg(int8send(topic_id), ''),
            string_agg(int4send(articles), '')
        from marts.fct_topic_daily
        where outlet = {outlet} and published_on between {start} and {end} {of_kinds}
        group by published_on
        order by published_on
        """
    ).format(
        outlet=sql.Literal(window.outlet),
        start=sql.Literal(window.start),
        end=sql.Literal(window.end),
        of_kinds=sql.SQL(
            "and topic_id in (select topic_id from marts.dim_topics "
            "where outlet = {outlet} and kind = any({kinds}))"
        ).format(outlet=sql.Literal(window.outlet), kinds=sql.Literal(kinds))
        if kinds
        else sql.SQL(""),
    )
    topic_ids, ids, counts = np.zeros(0, np.int64), [], []
    ends = np.zeros(window.days + 1, dtype=np.int64)
    with connection.cursor() as cursor:
        for day, of_topics, of_counts in cursor.stream(query, binary=True):
            ids.append(np.frombuffer(of_topics, dtype=">i8"))
            counts.append(np.frombuffer(of_counts, dtype=">i4").astype(np.int32))
            ends[day + 1] = len(ids[-1])
            if len(ids) % _DAYS_AT_A_TIME == 0:
                topic_ids = np.unique(np.concatenate([topic_ids, *ids[-_DAYS_AT_A_TIME:]]))
    topic_ids = np.unique(np.concatenate([topic_ids, *ids[-_DAYS_AT_A_TIME:]]))
    none = np.zeros(0, np.int32)
    topic = np.concatenate(
        [none, *(np.searchsorted(topic_ids, day).astype(np.int32) for day in ids)]
    )
    count = np.concatenate([none, *counts])
    del ids, counts
    # The cells come by day and are needed by topic: a counting sort.
    shape = (len(topic_ids), window.days)
    cells = sparse.csc_array((count, topic, np.cumsum(ends)), shape=shape).tocsr()
    del topic, count
    topic = np.repeat(np.arange(len(topic_ids), dtype=np.int32), np.diff(cells.indptr))
    return topic_ids, topic, cells.indices, cells.data


def _topics(
    connection: "psycopg.Connection", outlet: str, topic_ids: NDArray[np.int64]
) -> tuple[list[str], list[str], list[date | None]]:
    """Return kind, label and day of the first loaded article of each topic."""
    kinds, labels = [""] * len(topic_ids), [""] * len(topic_ids)
    first_seen: list[date | None] = [None] * len(topic_ids)
    rows = connection.execute(
        "select topic_id, kind, label, first_seen_on from marts.dim_topics "
        "where outlet = %s and topic_id = any(%s)",
        [outlet, topic_ids.tolist()],
    ).fetchall()
    places = np.searchsorted(topic_ids, [row[0] for row in rows]).tolist()
    for place, (_, kind, label, seen) in zip(places, rows, strict=True):
        kinds[place], labels[place], first_seen[place] = kind, label, seen
    return kinds, labels, first_seen
