"""What was counted: articles of topics by day, week or month, zeros included."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from console.errors import WarehouseError
from growth.choices import Period
from growth.stored.runs import Run

# Windows of up to so many days are shown by weeks, longer ones by months.
_LONGEST_BY_WEEKS = 400

# Only loaded days count, for of the others nobody knows the articles. Weeks begin on Mondays; those
# at the window's ends, or beside a month that is not loaded, may have fewer days: `days` tells.
_OBSERVED = """
    with

    days as (
        select
            greatest(date_trunc({by}, published_on)::date, {start}) as period_start,
            count(*)::integer as days,
            sum(articles)::bigint as all_articles
        from marts.fct_daily_articles
        where outlet = {outlet} and is_loaded and published_on between {start} and {end}
        group by 1
    ),

    counts as (
        select
            topic_id,
            greatest(date_trunc({by}, published_on)::date, {start}) as period_start,
            sum(articles)::bigint as articles
        from marts.fct_topic_daily
        where outlet = {outlet} and published_on between {start} and {end} and {chosen}
        group by 1, 2
    ),

    topics as (
        select topic_id, kind, label
        from growth.coefficients
        where run_id = {run_id} and {chosen}
    )

    select
        topics.topic_id,
        topics.kind,
        topics.label,
        days.period_start,
        days.days,
        coalesce(counts.articles, 0) as articles,
        days.all_articles,
        coalesce(counts.articles, 0) / nullif(days.all_articles, 0)::double precision as share
    from topics
    cross join days
    left join counts
        on topics.topic_id = counts.topic_id and days.period_start = counts.period_start
"""


@dataclass(frozen=True)
class Point:
    """The articles of a topic in a period, among all articles of its loaded days.

    ``share`` is None where the period has no articles.
    """

    period_start: date
    days: int
    articles: int
    all_articles: int
    share: float | None


def observed_query(run: Run, by: str, topic_ids: Sequence[int] | None) -> sql.Composed:
    """Return the query of the series of some topics of a run, or of all that have a fit."""
    if topic_ids is None:
        chosen = sql.SQL(
            "topic_id in (select topic_id from growth.coefficients "
            "where run_id = {} and status = 'converged')"
        ).format(sql.Literal(run.run_id))
    else:
        chosen = sql.SQL("topic_id = any({})").format(sql.Literal(list(topic_ids)))
    return sql.SQL(_OBSERVED).format(
        by=sql.Literal(str(by)),
        outlet=sql.Literal(run.outlet),
        start=sql.Literal(run.window_start),
        end=sql.Literal(run.window_end),
        run_id=sql.Literal(run.run_id),
        chosen=chosen,
    )


def fitting_period(run: Run) -> Period:
    """Return the period by which a window is shown in one line."""
    days = (run.window_end - run.window_start).days + 1
    return Period.WEEK if days <= _LONGEST_BY_WEEKS else Period.MONTH


def read_observed(
    connection: psycopg.Connection, run: Run, by: str, topic_ids: Sequence[int]
) -> dict[int, list[Point]]:
    """Return the points of each topic, in the order of time."""
    points: dict[int, list[Point]] = defaultdict(list)
    with marts_needed():
        query = sql.SQL("{} order by period_start").format(observed_query(run, by, topic_ids))
        for topic_id, _, _, *values in connection.execute(query):
            points[topic_id].append(Point(*values))
    return points


def articles_now(connection: psycopg.Connection, run: Run) -> int:
    """Return how many articles a run's window has now. The number is another than when it was
    fitted where months were loaded, replaced or removed since."""
    [[articles]] = connection.execute(
        "select coalesce(sum(articles), 0)::bigint from marts.fct_daily_articles "
        "where outlet = %s and published_on between %s and %s",
        [run.outlet, run.window_start, run.window_end],
    ).fetchall()
    return int(articles)


@contextmanager
def marts_needed() -> Iterator[None]:
    """Where a table or a column of the marts is missing, raise WarehouseError that names the
    command to run."""
    try:
        yield
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InvalidSchemaName,
    ) as error:
        missing = str(error).splitlines()[0]
        raise WarehouseError(
            f"the marts are not built, or older than this version ({missing}): run `dbt build`"
        ) from None
