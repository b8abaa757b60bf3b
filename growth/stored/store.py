"""Writes fits to growth.runs and growth.coefficients: the columns of the register."""

import struct
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import pq, sql
from psycopg.adapt import Dumper

from growth.model.statuses import Status
from growth.stored.columns import BOOLEAN, DATE, NUMBER, RUNS, Column, stored
from growth.stored.result import Result
from growth.stored.series import DAYS_PER_YEAR

# Topics written at a time.
_BATCH = 20_000


def is_stored(connection: psycopg.Connection, key: str, input_sha256: str) -> bool:
    """Tell whether this very fit is stored: same window, settings, data and version."""
    row = connection.execute(
        "select 1 from growth.runs where run_id = %s and input_sha256 = %s and code_version = %s",
        [key, input_sha256, version("news-growth")],
    ).fetchone()
    return row is not None


def stored_statuses(connection: psycopg.Connection, key: str) -> dict[str, int]:
    """Return how many topics of a stored run have which status."""
    rows = connection.execute(
        "select status, count(*) from growth.coefficients where run_id = %s group by 1 order by 1",
        [key],
    )
    return dict(rows.fetchall())


def store_fit(connection: psycopg.Connection, result: Result) -> None:
    """Replace the run of this window and these settings, in one transaction."""
    with connection.transaction():
        connection.execute("delete from growth.runs where run_id = %s", [result.run_id])
        run = {column.name: column.value(result) for column in RUNS if column.value is not None}
        connection.execute(
            sql.SQL(
                "insert into growth.runs ({}, fitted_at) values ({}, clock_timestamp())"
            ).format(
                sql.SQL(", ").join(map(sql.Identifier, run)),
                sql.SQL(", ").join(sql.Placeholder() * len(run)),
            ),
            list(run.values()),
        )
        topics = {column: column.value(result) for column in stored() if column.value is not None}
        of_every = {column: values for column, values in topics.items() if column.of_every_topic}
        is_fitted = result.fit.trend.status == Status.CONVERGED
        for columns, chosen in ((topics, is_fitted), (of_every, ~is_fitted)):
            for rows in _batches(np.flatnonzero(chosen)):
                _insert(connection, result, columns, rows)
        # The lists are read at once, before autovacuum looks: without statistics the planner joins
        # every topic of a run with every other.
        connection.execute("analyze growth.runs, growth.coefficients")


def _batches(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for begin in range(0, len(rows), _BATCH):
        yield rows[begin : begin + _BATCH]


def _insert(
    connection: psycopg.Connection,
    result: Result,
    columns: Mapping[Column, Any],
    rows: NDArray[np.int64],
) -> None:
    """Insert the topics ``rows``. Numbers that do not exist become null, never NaN."""
    # The server takes whole columns: a fraction of the time of rows.
    query = sql.SQL(
        "insert into growth.coefficients (run_id, {names}) "
        "select %s, {values} from unnest({arrays}) as t ({names})"
    ).format(
        names=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        values=sql.SQL(", ").join(
            sql.SQL("nullif({}, 'NaN')" if column.type == NUMBER else "{}").format(
                sql.Identifier(column.name)
            )
            for column in columns
        ),
        arrays=sql.SQL(", ").join(sql.SQL(f"%b::{column.type}[]") for column in columns),
    )
    start = result.series.window.start
    arrays = [_array(column, values, rows, start) for column, values in columns.items()]
    connection.execute(query, [result.run_id, *arrays])


def _array(column: Column, values: Any, rows: NDArray[np.int64], start: date) -> Any:
    """Return the values of the topics ``rows`` as psycopg takes them."""
    if not isinstance(values, np.ndarray):
        return [values[row] for row in rows.tolist()]
    if column.type == NUMBER:
        return FloatArray(values[rows])
    listed = values[rows].tolist()
    if column.type == DATE:
        return [_day(start, years) for years in listed]
    if column.type == BOOLEAN:
        return [None if np.isnan(value) else bool(value) for value in listed]
    return listed


def _day(start: date, years: float) -> date | None:
    """Return the day at a time that is counted from the window's start."""
    return start + timedelta(days=round(years * DAYS_PER_YEAR)) if np.isfinite(years) else None


_FLOAT8 = 701
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])


class FloatArray:
    """Numbers on their way into a parameter of type double precision[]."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.values = values


class _FloatArrayDumper(Dumper):
    """Writes Postgres's binary form of an array: dimensions, whether there are nulls, the elements'
    type, length and first index; then each element with its length in front."""

    format = pq.Format.BINARY
    oid = 1022

    def dump(self, obj: FloatArray) -> bytes:
        elements = np.empty(len(obj.values), _ELEMENT)
        elements["length"], elements["value"] = 8, obj.values
        header = struct.pack(">iiiii", 1, 0, _FLOAT8, len(obj.values), 1)
        return header + elements.tobytes()


psycopg.adapters.register_dumper(FloatArray, _FloatArrayDumper)
