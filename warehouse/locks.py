"""Locks of the warehouse: steps that must not overlap wait for each other, and say so.

They are Postgres's advisory locks: Postgres frees them when the transaction or the connection that
holds them ends, however it ends. A step that takes several takes them in this order, so that no two
steps ever wait for each other:

1. a month: one `extract load` or `remove` at a time for the same month; before that, one fetch of
   it, which holds no other lock while it asks the API.
2. the warehouse: exclusive for steps that rewrite it (dbt's writing commands, `warehouse restore`,
   `warehouse roles`); shared for steps that must not read it half rewritten, or change it during a
   dbt run (the loading of a month, a fit from reading to storing, `dbt test`, `warehouse backup`).
3. a run: one fit at a time for the same window and settings, until it is stored.
4. the schema: one process at a time creates tables and roles.
5. Postgres's own locks on tables.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, LiteralString

from console.messages import say
from console.months import format_month

if TYPE_CHECKING:
    import psycopg

_QUIET_SECONDS = 1.0
_NAP_SECONDS = 0.05

# Each lock's two keys of 32 bits, as SQL.
_WAREHOUSE: LiteralString = "hashtext('news-growth'), hashtext('warehouse')"
_RUN: LiteralString = "hashtext('growth.runs'), hashtext(%(name)s)"
_SCHEMA: LiteralString = "hashtext('news-growth'), hashtext('schema')"
_MONTH: LiteralString = "hashtext('raw.' || %(outlet)s || '_months'), %(number)s::integer"
_FETCH: LiteralString = "hashtext('extract fetch ' || %(outlet)s), %(number)s::integer"

_HOLDERS: LiteralString = """
    select distinct application_name, usename, pid
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
    order by pid
"""

# Who holds up the sessions to which a condition applies.
_BLOCKERS: LiteralString = """
    select distinct blocker.application_name, blocker.usename, blocker.pid
    from pg_stat_activity as blocked
    cross join lateral unnest(pg_blocking_pids(blocked.pid)) as in_the_way (pid)
    inner join pg_stat_activity as blocker on in_the_way.pid = blocker.pid
    where {condition}
    order by blocker.pid
"""
_BLOCKERS_OF_SESSION: LiteralString = _BLOCKERS.format(
    condition="""
        blocked.pid = %s
        and blocked.wait_event <> 'advisory'
        and blocker.pid <> all(%s)
    """
)
_BLOCKERS_OF_APPLICATION: LiteralString = _BLOCKERS.format(
    condition="""
        blocked.application_name = %s
        and blocked.datname = current_database()
        and blocker.application_name <> blocked.application_name
    """
)

# What threads of this process are waiting for: one message for all that wait for the same.
_announced: set[str] = set()
_announcing = threading.Lock()


def hold_schema(connection: "psycopg.Connection") -> None:
    """Keep others from creating tables and roles until the transaction ends."""
    _take(connection, "advisory_xact_lock", _SCHEMA, "the warehouse's tables")


def rewrite_warehouse(connection: "psycopg.Connection") -> None:
    """Keep all others out of the warehouse until the connection, in autocommit mode, is closed.

    The connection's time limits are lifted: it may wait for long, and be idle for long.
    """
    _lift_time_limits(connection)
    _take(connection, "advisory_lock", _WAREHOUSE, "this warehouse")


def keep_warehouse(connection: "psycopg.Connection") -> None:
    """Keep others from rewriting the warehouse until the connection, in autocommit mode, is closed.

    The connection's time limits are lifted.
    """
    _lift_time_limits(connection)
    _take(connection, "advisory_lock_shared", _WAREHOUSE, "this warehouse")


def share_warehouse(connection: "psycopg.Connection") -> None:
    """Keep others from rewriting the warehouse until the open transaction ends."""
    _take(connection, "advisory_xact_lock_shared", _WAREHOUSE, "this warehouse")


def hold_run(connection: "psycopg.Connection", run_id: str) -> None:
    """Keep others from storing this run until the open transaction ends."""
    _take(connection, "advisory_xact_lock", _RUN, "this window", name=run_id)


def hold_month(connection: "psycopg.Connection", outlet: str, month: date) -> None:
    """Keep others from changing a month until the open transaction ends."""
    what = f"the month {format_month(month)}"
    _take(connection, "advisory_xact_lock", _MONTH, what, outlet=outlet, number=month.toordinal())


@contextmanager
def fetching(
    connection: "psycopg.Connection", outlet: str, month: date, pause: Callable[[float], None]
) -> Iterator[None]:
    """Keep others from fetching a month during the block; the connection is in autocommit mode.

    ``pause`` sleeps for so many seconds. Ctrl-C would not end Postgres's own wait for a lock, so
    this asks again and again instead, and ``pause`` may raise.
    """
    parameters = {"outlet": outlet, "number": month.toordinal()}
    noisy_from = time.monotonic() + _QUIET_SECONDS
    while not _is_free(connection, "advisory_lock", _FETCH, parameters):
        if time.monotonic() >= noisy_from:
            noisy_from = float("inf")
            say(_waiting_line(connection, _FETCH, parameters, f"the month {format_month(month)}"))
        pause(0.2)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(f"select pg_advisory_unlock({_FETCH})", parameters)


def _lift_time_limits(connection: "psycopg.Connection") -> None:
    for setting in ("statement_timeout", "lock_timeout", "idle_session_timeout"):
        connection.execute(f"set {setting} = 0")


def _take(
    connection: "psycopg.Connection",
    function: LiteralString,
    keys: LiteralString,
    what: str,
    **parameters: object,
) -> None:
    """Take a lock; after a second of waiting, say on stderr who has it."""
    noisy_from = time.monotonic() + _QUIET_SECONDS
    # pg_try_... also fails on a free lock for which another session waits already.
    while not _is_free(connection, function, keys, parameters):
        if time.monotonic() >= noisy_from:
            break
        time.sleep(_NAP_SECONDS)
    else:
        return
    message = _waiting_line(connection, keys, parameters, what)
    with _announcing:
        said = message in _announced
        _announced.add(message)
    if not said:
        say(message)
    try:
        connection.execute(f"select pg_{function}({keys})", parameters)
    finally:
        with _announcing:
            _announced.discard(message)


def _is_free(
    connection: "psycopg.Connection",
    function: LiteralString,
    keys: LiteralString,
    parameters: Mapping[str, object],
) -> bool:
    """Try to take a lock, and tell whether it was taken."""
    taken = connection.execute(f"select pg_try_{function}({keys})", parameters).fetchone()
    return taken == (True,)


def _waiting_line(
    connection: "psycopg.Connection",
    keys: LiteralString,
    parameters: Mapping[str, object],
    what: str,
) -> str:
    holders = connection.execute(_HOLDERS.format(keys=keys), parameters).fetchall()
    return f"waiting: another {_name(holders)} is at work on {what}{_way_out(holders)}"


def _name(holders: Sequence[tuple[str, str, int]]) -> str:
    names = dict.fromkeys(name or "session" for name, _, _ in holders)
    return ", ".join(names) or "step"


def _way_out(holders: Sequence[tuple[str, str, int]]) -> str:
    """Return the holders' logins and processes, and how to end one that never ends by itself."""
    if not holders:
        return ""
    who = ", ".join(f"login {login}, process {pid}" for _, login, pid in holders)
    return f" ({who}; select pg_terminate_backend({holders[0][2]}) in `warehouse psql` ends it)"


def in_the_way(connection: "psycopg.Connection", pid: int, own: Collection[int]) -> str:
    """Return the line that says who holds a table that a session waits for; an empty text where
    only ``own`` does, the sessions of this process, which end by themselves."""
    return _holding_line(connection.execute(_BLOCKERS_OF_SESSION, [pid, list(own)]).fetchall())


def _holding_line(holders: Sequence[tuple[str, str, int]]) -> str:
    names = ", ".join(dict.fromkeys(name for name, _, _ in holders if name))
    line = f"waiting: {names or 'a session'} holds a table{_way_out(holders)}"
    return line if holders else ""


@contextmanager
def say_who_is_in_the_way(connection: "psycopg.Connection", application: str) -> Iterator[None]:
    """During the block, say on stderr who holds up the sessions of this name.

    ``connection`` is in autocommit mode, and used for nothing else during the block.
    """
    import psycopg

    ended = threading.Event()

    def look() -> None:
        said = set[str]()
        while not ended.wait(_QUIET_SECONDS):
            try:
                holders = connection.execute(_BLOCKERS_OF_APPLICATION, [application]).fetchall()
            except psycopg.Error:
                return  # the server is gone: the work itself will fail and say so
            message = _holding_line(holders)
            if message and message not in said:
                say(message)
                said.add(message)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
