"""Writes fits to growth.runs and growth.coefficients, and reads the ranked lists back."""

from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from growth.counts import CONVERGED
from growth.logistic import TrendFit, adjust_p_values
from growth.series import Series
from warehouse.errors import WarehouseError
from warehouse.months import format_month, last_day

if TYPE_CHECKING:
    import psycopg

PERIOD = "day"
LISTS = {
    "growing": "growing_topics",
    "shrinking": "shrinking_topics",
    "popular": "popular_topics",
}

_COLUMNS = (
    "run_id", "topic_id", "kind", "label", "articles", "status", "intercept", "growth_rate",
    "growth_rate_se", "growth_rate_model_se", "ci_low", "ci_high", "statistic", "p_value",
    "q_value", "dispersion", "deviance", "pearson", "iterations", "share_start", "share_end",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What a fit depends on besides the series: kinds of topics (none: all), fewest articles."""

    kinds: list[str]
    min_articles: int

    @property
    def kinds_text(self) -> str:
        """The kinds in one word, as growth.runs holds them."""
        return "+".join(sorted(self.kinds)) or "all"


@dataclass(frozen=True)
class Run:
    """A row of growth.runs."""

    run_id: str
    window_start: date
    window_end: date
    kinds: str
    min_articles: int
    topics: int
    converged: int
    fitted_at: datetime


def run_id(series: Series, settings: Settings) -> str:
    """Return the key of a fit: its window and settings, readable."""
    months = f"{format_month(series.window.start)}_{format_month(series.window.end)}"
    return f"{months}_{PERIOD}_{settings.kinds_text}_min{settings.min_articles}"


def is_stored(connection: "psycopg.Connection", series: Series, settings: Settings) -> bool:
    """Tell whether this very fit is stored: same window, settings, data and version."""
    row = connection.execute(
        "select 1 from growth.runs where run_id = %s and input_sha256 = %s and code_version = %s",
        [run_id(series, settings), series.sha256(), version("news-growth")],
    ).fetchone()
    return row is not None


def stored_statuses(connection: "psycopg.Connection", key: str) -> dict[str, int]:
    """Return how many topics of a stored run have which status."""
    rows = connection.execute(
        "select status, count(*) from growth.coefficients where run_id = %s group by 1 order by 1",
        [key],
    )
    return dict(rows.fetchall())


def store_fit(
    connection: "psycopg.Connection", series: Series, settings: Settings, fit: TrendFit
) -> None:
    """Replace the run of this window and these settings, in one transaction."""
    key = run_id(series, settings)
    with connection.transaction():
        # Two fits of one window at once: the second waits, then replaces the first.
        connection.execute(
            "select pg_advisory_xact_lock(hashtext('growth.runs'), hashtext(%s))", [key]
        )
        connection.execute("delete from growth.runs where run_id = %s", [key])
        connection.execute(
            """
            insert into growth.runs (
                run_id, window_start, window_end, period, kinds, min_articles, periods, articles,
                topics, converged, input_sha256, code_version, fitted_at
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
            """,
            [
                key,
                series.window.start,
                series.window.end,
                PERIOD,
                settings.kinds_text,
                settings.min_articles,
                int((series.totals > 0).sum()),
                int(series.totals.sum()),
                len(series.topic_ids),
                int((fit.status == CONVERGED).sum()),
                series.sha256(),
                version("news-growth"),
            ],
        )
        columns = (
            [key] * len(series.topic_ids),
            series.topic_ids.tolist(),
            series.kinds,
            series.labels,
            fit.articles.tolist(),
            fit.status.tolist(),
            *map(
                _nullable,
                (
                    fit.intercept,
                    fit.growth_rate,
                    fit.growth_rate_se,
                    fit.growth_rate_model_se,
                    fit.ci_low,
                    fit.ci_high,
                    fit.statistic,
                    fit.p_value,
                    adjust_p_values(fit.p_value),
                    fit.dispersion,
                    fit.deviance,
                    fit.pearson,
                ),
            ),
            fit.iterations.tolist(),
            _nullable(fit.share_start),
            _nullable(fit.share_end),
        )
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy growth.coefficients ({', '.join(_COLUMNS)}) from stdin") as copy,
        ):
            for row in zip(*columns, strict=True):
                copy.write_row(row)


def find_run(
    connection: "psycopg.Connection",
    start: date | None,
    end: date | None,
    kinds: list[str],
) -> Run:
    """Return the latest run that matches: of the window's start and end where they are given, and
    with the kinds asked for among its own. Raises WarehouseError where there is none."""
    rows = connection.execute(
        """
        select run_id, window_start, window_end, kinds, min_articles, topics, converged, fitted_at
        from growth.runs
        where
            (%(start)s::date is null or window_start = %(start)s)
            and (%(end)s::date is null or window_end = %(end)s)
            and (kinds = 'all' or string_to_array(kinds, '+') @> %(kinds)s::text[])
        order by fitted_at desc
        limit 1
        """,
        {"start": start, "end": last_day(end) if end else None, "kinds": kinds},
    ).fetchall()
    if not rows:
        options = [f"--start {format_month(start)}"] if start else []
        options += [f"--end {format_month(end)}"] if end else []
        options += [f"--kind {kind}" for kind in kinds]
        raise WarehouseError(f"no such fit is stored: run `{' '.join(['growth fit', *options])}`")
    return Run(*rows[0])


def read_list(
    connection: "psycopg.Connection", run: Run, direction: str, kinds: list[str], limit: int
) -> list[dict[str, Any]]:
    """Return the first ``limit`` topics of a run's list, ranked among the kinds asked for."""
    import psycopg
    from psycopg import sql
    from psycopg.rows import dict_row

    query = sql.SQL(
        """
        select
            row_number() over (order by rank)::integer as rank, label, kind, articles, share,
            share_start, share_end, growth_rate, doubling_days, ci_low, ci_high, q_value, direction,
            topic_id::text as topic_id
        from marts.{table}
        where run_id = %(run_id)s and (%(kinds)s::text[] = '{{}}' or kind = any(%(kinds)s))
        order by rank
        limit %(limit)s
        """
    ).format(table=sql.Identifier(LISTS[direction]))
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query, {"run_id": run.run_id, "kinds": kinds, "limit": limit})
            return cursor.fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise WarehouseError(
            f"the list marts.{LISTS[direction]} is not there: run `dbt build`"
        ) from None


def _nullable(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers as they go into the database: what does not exist is null, never NaN."""
    known = np.isfinite(values)
    return [
        value if ok else None for value, ok in zip(values.tolist(), known.tolist(), strict=True)
    ]
