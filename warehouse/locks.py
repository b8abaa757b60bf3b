"""Locks of the warehouse: steps that must not overlap wait for each other, and say so.

They are Postgres's advisory locks, so they end with the transaction or the connection that holds
them, however that ends. Whoever takes several takes them in this order, so that no two wait for
each other:

1. a month: `extract load`, one at a time for the same month (``extract/load.py``).
2. the warehouse: exclusive for what rewrites it (dbt's writing commands, `warehouse restore` and
   `warehouse roles`); shared for what must not see it half rewritten or change it under a dbt run
   (a month's transaction of a load, a fit from reading to storing, `dbt test`, `warehouse backup`).
3. a run: a fit, one at a time for the same window and settings, until it is stored.
4. the schema: creating tables and roles, one at a time.
5. Postgres's own locks on tables.

None is held while the API is asked.
"""

import sys
import threading
import time
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    import psycopg

_QUIET_SECONDS = 1.0
_NAP_SECONDS = 0.05

# Two keys of 32 bits each, as SQL.
_WAREHOUSE: LiteralString = "hashtext('news-growth'), hashtext('warehouse')"
_RUN: LiteralString = "hashtext('growth.runs'), hashtext(%(name)s)"

_HOLDERS: LiteralString = """
    select string_agg(distinct application_name, ', ')
    from pg_locks
    inner join pg_stat_activity using (pid)
    where
        locktype = 'advisory'
        and granted
        and database = (select oid from pg_database where datname = current_database())
        and array[classid::bigint, objid::bigint] = (
            select array_agg(key::bigint & 4294967295)
            from unnest(array[{keys}]) as key
        )
"""

# What threads of this process wait for and have said so.
_announced: set[str] = set()
_announcing = threading.Lock()


def hold_schema(connection: "psycopg.Connection") -> None:
    """Let one process at a time create tables and roles, until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(hashtext('news-growth schema'))")


def rewrite_warehouse(connection: "psycopg.Connection") -> None:
    """Have the warehouse alone until the connection is closed, which is to be in autocommit mode.

    No limits of time are set on it any more: it may wait for long, and be idle for long.
    """
    _lift_time_limits(connection)
    _take(connection, "advisory_lock", _WAREHOUSE, "this warehouse")


def keep_warehouse(connection: "psycopg.Connection") -> None:
    """Keep others from rewriting the warehouse until the connection is closed; as above."""
    _lift_time_limits(connection)
    _take(connection, "advisory_lock_shared", _WAREHOUSE, "this warehouse")


def share_warehouse(connection: "psycopg.Connection") -> None:
    """Keep others from rewriting the warehouse until the open transaction ends."""
    _take(connection, "advisory_xact_lock_shared", _WAREHOUSE, "this warehouse")


def hold_run(connection: "psycopg.Connection", run_id: str) -> None:
    """Let one process at a time store this run, until the open transaction ends."""
    _take(connection, "advisory_xact_lock", _RUN, "this window", run_id)


def _lift_time_limits(connection: "psycopg.Connection") -> None:
    for setting in ("statement_timeout", "lock_timeout", "idle_session_timeout"):
        connection.execute(f"set {setting} = 0")


def _take(
    connection: "psycopg.Connection",
    function: LiteralString,
    keys: LiteralString,
    what: str,
    name: str = "",
) -> None:
    """Take a lock; say on stderr who has it where that lasts longer than a second."""
    parameters = {"name": name}
    noisy_from = time.monotonic() + _QUIET_SECONDS
    # A free lock is not enough for `try`: whoever waits already goes first.
    while connection.execute(f"select pg_try_{function}({keys})", parameters).fetchone() != (True,):
        if time.monotonic() >= noisy_from:
            break
        time.sleep(_NAP_SECONDS)
    else:
        return
    holders = connection.execute(_HOLDERS.format(keys=keys), parameters).fetchone()
    message = f"waiting: another {(holders and holders[0]) or 'step'} is at work on {what}"
    with _announcing:
        said = message in _announced
        _announced.add(message)
    if not said:
        print(message, file=sys.stderr, flush=True)
    try:
        connection.execute(f"select pg_{function}({keys})", parameters)
    finally:
        with _announcing:
            _announced.discard(message)
