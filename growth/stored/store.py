"""Writes fits to growth.runs and growth.coefficients."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import pq, sql
from psycopg.adapt import Dumper

from console.months import format_month
from growth.choices import Period
from growth.logistic import GrowthFit
from growth.model.movement import PULSE, S_CURVE
from growth.model.statuses import Status
from growth.stored.columns import OF_EVERY_TOPIC, fit_columns, topic_columns
from growth.stored.series import Series, Window

# Topics written at a time.
_BATCH = 20_000


@dataclass(frozen=True)
class Settings:
    """What a fit depends on besides the series: kinds of topics (none: all), fewest articles,
    length of the periods, whether months of the window may be missing."""

    kinds: list[str]
    min_articles: int
    period: str = Period.DAY
    allow_gaps: bool = False

    @property
    def kinds_text(self) -> str:
        """The kinds in one word, as growth.runs holds them."""
        return "+".join(sorted(self.kinds)) or "all"


def run_id(window: Window, settings: Settings) -> str:
    """Return the key of a fit: its window and settings, readable."""
    months = f"{format_month(window.start)}_{format_month(window.end)}"
    return f"{months}_{settings.period}_{settings.kinds_text}_min{settings.min_articles}"


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


@dataclass(frozen=True)
class Result:
    """A fit and what it was made from. ``series`` is the daily one; ``seasonal``, shape (T,), as
    `seasonal` returns it; ``knows_new`` tells whether the year before the window is loaded;
    ``seconds`` is the time that reading and fitting took."""

    series: Series
    settings: Settings
    fit: GrowthFit
    seasonal: NDArray[np.float64]
    periods: int
    knows_new: bool
    missing_months: list[date]
    input_sha256: str
    seconds: float


def store_fit(connection: psycopg.Connection, result: Result) -> None:
    """Replace the run of this window and these settings, in one transaction."""
    series, fit = result.series, result.fit
    key = run_id(series.window, result.settings)
    with connection.transaction():
        connection.execute("delete from growth.runs where run_id = %s", [key])
        run = {
            "run_id": key,
            "window_start": series.window.start,
            "window_end": series.window.end,
            "fitted_to": series.fitted_to,
            "period": result.settings.period,
            "kinds": result.settings.kinds_text,
            "min_articles": result.settings.min_articles,
            "missing_months": ", ".join(map(format_month, result.missing_months)),
            "periods": result.periods,
            "articles": int(series.totals.sum()),
            "topics": len(series.topic_ids),
            "converged": int((fit.trend.status == Status.CONVERGED).sum()),
            "not_converged": int((fit.trend.status == Status.NOT_CONVERGED).sum()),
            "s_curves": int((fit.shape == S_CURVE).sum()),
            "pulses": int((fit.shape == PULSE).sum()),
            "seconds": result.seconds,
            "input_sha256": result.input_sha256,
            "code_version": version("news-growth"),
        }
        connection.execute(
            sql.SQL(
                "insert into growth.runs ({}, fitted_at) values ({}, clock_timestamp())"
            ).format(
                sql.SQL(", ").join(map(sql.Identifier, run)),
                sql.SQL(", ").join(sql.Placeholder() * len(run)),
            ),
            list(run.values()),
        )
        is_fitted = fit.trend.status == Status.CONVERGED
        for rows in _batches(np.flatnonzero(is_fitted)):
            every = topic_columns(series, fit, result.knows_new, rows)
            columns = {name: (OF_EVERY_TOPIC[name], values) for name, values in every.items()}
            columns |= fit_columns(series, fit, result.seasonal, rows)
            _insert(connection, key, columns)
        for rows in _batches(np.flatnonzero(~is_fitted)):
            every = topic_columns(series, fit, result.knows_new, rows)
            columns = {name: (OF_EVERY_TOPIC[name], values) for name, values in every.items()}
            _insert(connection, key, columns)
        # The lists are read at once, before autovacuum looks: without statistics the planner joins
        # every topic of a run with every other.
        connection.execute("analyze growth.runs, growth.coefficients")


def _batches(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for begin in range(0, len(rows), _BATCH):
        yield rows[begin : begin + _BATCH]


def _insert(connection: psycopg.Connection, key: str, columns: dict[str, tuple[str, Any]]) -> None:
    """Insert rows given as columns. Numbers that do not exist become null, never NaN."""
    names = list(columns)
    # The server takes whole columns: a fraction of the time of rows.
    query = sql.SQL(
        "insert into growth.coefficients (run_id, {names}) "
        "select %s, {values} from unnest({arrays}) as t ({names})"
    ).format(
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(
            sql.SQL("nullif({}, 'NaN')" if kind == "double precision" else "{}").format(
                sql.Identifier(name)
            )
            for name, (kind, _) in columns.items()
        ),
        arrays=sql.SQL(", ").join(sql.SQL(f"%b::{kind}[]") for kind, _ in columns.values()),
    )
    values = [
        FloatArray(values) if kind == "double precision" else values
        for kind, values in columns.values()
    ]
    connection.execute(query, [key, *values])


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
