"""Checks, step by step, what a report needs on this machine, and names the command to run next."""

import os
from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from console.errors import WarehouseError
from console.messages import Finding
from console.months import format_month
from console.outlets import Outlet, outlet_option
from growth.stored.lists import LISTS, read_list
from growth.stored.observed import articles_now, fitting_period, marts_needed, observed_query
from growth.stored.runs import list_runs
from warehouse.connect import connect
from warehouse.roles import take
from warehouse.settings import remarks

# So many of the months that are not final are named.
_NAMED = 3
_MARTS = (
    "dim_topics", "fct_daily_articles", "fct_topic_daily", "fct_topic_growth", "growing_topics",
    "shrinking_topics", "popular_topics",
)  # fmt: skip


def examine(outlet: Outlet) -> Iterator[Finding]:
    """Yield the findings about an outlet, in the order in which the steps need each other. The
    steps after a bad one are not checked: what they say is the command that comes then."""
    yield from (Finding("settings", False, remark) for remark in remarks())
    try:
        connection = connect("growth doctor", role="analyst")
    except WarehouseError as error:
        yield Finding("warehouse", False, str(error))
        return
    with connection:
        yield Finding("warehouse", True, f"reachable at {os.environ.get('PGHOST', '')}")
        well = True
        for name, find, command in (
            ("months", _months, ""),
            ("fields", _fields, ""),
            ("marts", _marts, "dbt build"),
            ("fit", _fit, "growth fit"),
            ("report", _report, "growth report"),
        ):
            if not (well or command):
                continue
            later = f"{command}{outlet_option(outlet.short)}"
            finding = _ask(connection, outlet, name, find) if well else _later(name, later)
            well = finding.ok or (
                well and find is _fields
            )  # bad fields stop nothing: the others are read
            yield finding


def _ask(
    connection: psycopg.Connection,
    outlet: Outlet,
    name: str,
    find: Callable[[psycopg.Connection, Outlet], Finding],
) -> Finding:
    try:
        return find(connection, outlet)
    except WarehouseError as error:
        return Finding(name, False, str(error))
    except psycopg.errors.InsufficientPrivilege as error:
        return Finding(
            name,
            False,
            f"this login may not read it ({str(error).splitlines()[0]}): set PGUSER to one that "
            "may, or ask the owner of the warehouse for `grant analyst to ...`",
        )


def _raw_rows(
    connection: psycopg.Connection, outlet: Outlet, query: LiteralString
) -> list[tuple[Any, ...]]:
    """Return the rows of a query that names an outlet, and its raw tables, in braces."""
    names = {name: sql.Identifier("raw", f"{outlet.short}_{name}") for name in ("months", "fields")}
    composed = sql.SQL(query).format(**names, outlet=sql.Literal(outlet.short))
    return connection.execute(composed).fetchall()


def _later(name: str, command: str) -> Finding:
    return Finding(name, False, f"after that: `{command}`")


def _report(connection: psycopg.Connection, outlet: Outlet) -> Finding:
    """Check that the page's queries run: tables of an older version may lack a column."""
    option = outlet_option(outlet.short)
    latest = list_runs(connection, outlet.short)[0]
    for name in LISTS:
        read_list(connection, latest, name, [], 1)
    with marts_needed():
        observed = observed_query(latest, fitting_period(latest), None)
        connection.execute(sql.SQL("{} limit 0").format(observed))
        connection.execute("select from marts.fct_topic_evidence limit 0")
    return Finding(
        "report",
        True,
        f"nothing is missing: `growth report{option}`; `growth top{option}` for the lists",
    )


def _months(connection: psycopg.Connection, outlet: Outlet) -> Finding:
    option = outlet_option(outlet.short)
    rows = _raw_rows(connection, outlet, "select archive_month from {months} order by 1")
    if not rows:
        return Finding(
            "months",
            False,
            f"none is loaded: `extract load{option} --from DIR` takes files, `extract run{option}` "
            "asks the API, "
            "`make run` makes a sample",
        )
    first, last = format_month(rows[0][0]), format_month(rows[-1][0])
    said = f"{len(rows)} loaded, {first} to {last}"
    changing = _raw_rows(
        connection,
        outlet,
        "select archive_month, fetched_at::date from {months} where not is_final "
        "order by archive_month desc",
    )
    for month, fetched in changing[:_NAMED]:
        said += (
            f"; {format_month(month)} is not final: fetched on {fetched}, before its index was "
            "complete"
        )
    if changing[_NAMED:]:
        said += f"; and {len(changing) - _NAMED} more"
    return Finding("months", True, said)


# How many documents cannot be read, by month and field, and out of how many; of the months whose
# fields were counted.
_UNREADABLE: LiteralString = """
    with documents as (
        select
            archive_month,
            sum(docs) as docs,
            case
                when bool_or(is_readable)
                    then coalesce(sum(docs) filter (where reading = 'article'), 0)
                else sum(docs)
            end as articles
        from {fields}
        where field = 'document_type'
        group by archive_month
    )

    select
        archive_month,
        field,
        sum(fields.docs) as unreadable,
        case when field = 'document_type' then documents.docs else articles end as counted
    from {fields} as fields
    inner join documents using (archive_month)
    where not is_readable
    group by archive_month, field, documents.docs, articles
    order by archive_month, field
"""
_FIELDS = {
    "document_type": "documents have no type",
    "pub_date": "dates cannot be read",
    "headline": "headlines cannot be read",
    "keywords": "lists of keywords cannot be read",
}


def _fields(connection: psycopg.Connection, outlet: Outlet) -> Finding:
    option = outlet_option(outlet.short)
    table = outlet.table("fields")
    [[allowed]] = connection.execute("select has_table_privilege(%s, 'SELECT')", [table]).fetchall()
    if not allowed:
        return Finding("fields", True, f"not checked: this login may not read {table}")
    rows = _raw_rows(connection, outlet, _UNREADABLE)
    for month, field, unreadable, counted in rows:
        if unreadable * 2 > counted:
            name = format_month(month)
            return Finding(
                "fields",
                False,
                f"{name}: {unreadable:,} of {counted:,} {_FIELDS[field]}: load a better file of "
                f"the month, or `extract remove{option} {name}`",
            )
    totals = {name: sum(row[2] for row in rows if row[1] == name) for name in _FIELDS}
    said = [f"{total:,} {_FIELDS[name]}" for name, total in totals.items() if total]
    months = len({row[0] for row in rows})
    found = f"{', '.join(said)}, in {months} months: see `extract status`" if rows else "all read"
    [[uncounted]] = _raw_rows(
        connection,
        outlet,
        "select count(*) from {months} as months where docs > 0 and not exists ("
        "select from {fields} as fields where fields.archive_month = months.archive_month)",
    )
    if uncounted:
        found += (
            f"; {uncounted} months not counted (loaded before 0.5.0): `extract load{option} --from "
            "DIR --refresh` counts them"
        )
    return Finding("fields", True, found)


# Months that are loaded, and not in the marts; and those in the marts that are loaded no more.
_LATE: LiteralString = """
    select archive_month
    from {months}
    where archive_month not in (
        select published_on from marts.fct_daily_articles where outlet = {outlet} and is_loaded
    )
    order by archive_month
"""
_GONE: LiteralString = """
    select distinct date_trunc('month', published_on)::date as archive_month
    from marts.fct_daily_articles
    where outlet = {outlet} and is_loaded
    except
    select archive_month from {months}
    order by archive_month
"""


def _marts(connection: psycopg.Connection, outlet: Outlet) -> Finding:
    missing = connection.execute(
        "select name from unnest(%s::text[]) as name where to_regclass('marts.' || name) is null",
        [list(_MARTS)],
    ).fetchall()
    if missing:
        return Finding("marts", False, f"marts.{missing[0][0]} is not there: run `dbt build`")
    with marts_needed():
        late = _raw_rows(connection, outlet, _LATE)
        gone = _raw_rows(connection, outlet, _GONE)
    if gone:
        months = f"{format_month(gone[0][0])}{f' and {len(gone) - 1} more' if gone[1:] else ''}"
        return Finding("marts", False, f"in the marts, but not loaded: {months}: run `dbt build`")
    if late:
        months = f"{format_month(late[0][0])}{f' and {len(late) - 1} more' if late[1:] else ''}"
        return Finding("marts", False, f"loaded, but not in the marts: {months}: run `dbt build`")
    return Finding("marts", True, "built, with all loaded months")


def _fit(connection: psycopg.Connection, outlet: Outlet) -> Finding:
    option = outlet_option(outlet.short)
    runs = list_runs(connection, outlet.short)
    if not runs:
        return Finding(
            "fit", False, f"none is stored: run `growth fit{option}`{_and_role(connection)}"
        )
    latest = runs[0]
    if articles_now(connection, latest) != latest.articles:
        return Finding(
            "fit",
            False,
            f"the articles have changed since {latest.run_id} was fitted: run "
            f"`{latest.command}`{_and_role(connection)}",
        )
    if not latest.has_levels:
        return Finding(
            "fit",
            False,
            f"{latest.run_id} was fitted by version {latest.code_version}, without levels: run "
            f"`growth fit --all`{_and_role(connection)}",
        )
    return Finding(
        "fit", True, f"{len(runs)} stored, the latest {latest.run_id}: {latest.converged:,} "
        f"of {latest.topics:,} topics fitted",
    )  # fmt: skip


def _and_role(connection: psycopg.Connection) -> str:
    """Return what a login that may not fit has to ask for; '' where it may."""
    connection.commit()
    try:
        take(connection, "modeller")
    except WarehouseError as error:
        return f"; {error}"
    return ""
