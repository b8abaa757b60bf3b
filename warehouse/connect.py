"""Opens connections to the warehouse: on the embedded server, or on one of the user's own."""

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from console.errors import WarehouseDownError, WarehouseError, one_line, worker_down_message
from console.messages import say
from console.text import without_password
from warehouse import locks, roles, session, tables
from warehouse.embedded import folders, server
from warehouse.settings import LIBPQ_VARIABLES, load_settings, uses_embedded_server, warehouse_dir

if TYPE_CHECKING:
    import psycopg

OLDEST_SERVER = 160000
_MOMENT_SECONDS = 2.0
# The process ids, on the server, of the sessions that this process has opened.
_own_sessions: set[int] = set()


def use_warehouse() -> list[str]:
    """Point libpq's variables at the warehouse, and start the embedded server where it is down.

    Every command calls this before it connects. With the embedded server all other variables of
    libpq are removed from the environment, so that psycopg, dbt, psql and pg_dump connect to the
    same place. Returns the names of the removed ones. Raises WarehouseError.
    """
    load_settings()
    if not uses_embedded_server():
        return []
    folders.check_path(warehouse_dir())
    folders.check_contents(warehouse_dir())  # refuses another user's server
    ours = server.environment(warehouse_dir())
    others = [name for name in os.environ if name.startswith("PG") and name not in ours]
    for name in others:
        del os.environ[name]
    os.environ.update(ours)
    if not _answers():
        server.start()
    return others


def libpq_environment() -> dict[str, str]:
    """Return the variables of libpq that are set."""
    return {name: os.environ[name] for name in LIBPQ_VARIABLES if os.environ.get(name)}


def address() -> dict[str, Any]:
    """Return host, port, user and database of the warehouse, as arguments for psycopg.

    They repeat the environment, as dbt's profile does: otherwise a service file that PGSERVICE
    names would win.
    """
    said = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    return {name: os.environ[variable] for name, variable in said.items()
            if os.environ.get(variable)}  # fmt: skip


def environment(connection: "psycopg.Connection", application: str) -> dict[str, str]:
    """Return the environment in which psql or pg_dump connect to where a connection leads, with
    the settings that every session has."""
    info = connection.info
    before = {name: value for name, value in os.environ.items() if name != "PGSERVICE"}
    options = f"{before.get('PGOPTIONS', '')} {session.options(info.server_version)}".strip()
    return before | {
        "PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user,
        "PGDATABASE": info.dbname, "PGAPPNAME": application, "PGCLIENTENCODING": "UTF8",
        "PGOPTIONS": options,
    }  # fmt: skip


def connect(
    application: str, role: roles.Role | None = None, *, reads_nothing: bool = False
) -> "psycopg.Connection":
    """Return a connection to the warehouse, not in autocommit mode; missing tables are created.

    ``application`` is the name that the server shows for it. ``role`` is the role that it takes,
    where the roles are set up. ``reads_nothing`` connects even where others have added functions
    or triggers, which a query might run. Raises WarehouseError.
    """
    import psycopg

    use_warehouse()
    connection = _connect(application)
    try:
        session.set_up(connection)
        _watch(connection)
        _check_server(connection)
        if not reads_nothing and roles.are_in_force(connection):
            roles.check_foreign(connection)
        tables.create_missing(connection)
        if role is not None:
            # A login that may not take the role of the analyst reads with its own rights.
            roles.take(connection, role, required=role != "analyst")
    except psycopg.OperationalError:
        connection.close()
        raise
    except psycopg.Error as error:
        connection.close()
        raise WarehouseError(
            f"the warehouse's tables cannot be created: {one_line(error)}"
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _watch(connection: "psycopg.Connection") -> None:
    """Start a thread that says on stderr who holds a table that this connection waits for.

    It needs a second connection, and opens it only for a session that lasts longer than a moment.
    """
    import psycopg

    pid = connection.info.backend_pid
    _own_sessions.add(pid)

    def look() -> None:
        said = set[str]()
        try:
            time.sleep(_MOMENT_SECONDS)
            if connection.closed:
                return
            with psycopg.connect(
                **address(), application_name="news-growth watch", connect_timeout=10,
                client_encoding="UTF8", autocommit=True,
            ) as second:  # fmt: skip
                session.set_up(second)
                while not connection.closed:
                    message = locks.in_the_way(second, pid, _own_sessions)
                    if message and message not in said:
                        said.add(message)
                        say(message)
                    time.sleep(_MOMENT_SECONDS)
        except psycopg.Error:
            return  # the server is gone: the work itself will fail and say so

    threading.Thread(target=look, daemon=True).start()


def _connect(application: str) -> "psycopg.Connection":
    import psycopg

    try:
        return psycopg.connect(
            **address(), application_name=application, connect_timeout=10, client_encoding="UTF8"
        )
    except UnicodeError:
        raise WarehouseError(
            "PGHOST, PGPORT, PGUSER or PGDATABASE is not UTF-8 text: correct it"
        ) from None
    except psycopg.OperationalError as error:
        where = without_password(os.environ.get("PGHOST", ""))
        reason = without_password(one_line(error))
        # With FATAL the server refuses the login, unless it is just starting or stopping.
        refused = "FATAL" in reason and "the database system is" not in reason
        raise (WarehouseError if refused else WarehouseDownError)(
            f"the warehouse at {where} does not answer: {reason} "
            "(check PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE)"
        ) from None


def _answers() -> bool:
    """Tell whether the embedded server accepts connections: a dead server's socket file stays."""
    import psycopg

    if not os.path.exists(server.socket_path(warehouse_dir())):  # noqa: PTH110 -- never raises
        return False
    try:
        psycopg.connect(**address(), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _check_server(connection: "psycopg.Connection") -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise WarehouseError(
            f"the server at {connection.info.host} is Postgres {version // 10000}: "
            f"{OLDEST_SERVER // 10000} or newer is needed"
        )
    utf8 = connection.info.parameter_status("server_encoding") == "UTF8"
    if not utf8 or connection.execute("select lower('É')").fetchone() != ("é",):
        raise WarehouseError(
            f"the database {connection.info.dbname} does not handle accented letters: create it "
            "with encoding UTF8 and a UTF-8 locale, not C"
        )


def check_workers(connection: "psycopg.Connection") -> bool:
    """Tell whether the server is a Citus coordinator; raise WarehouseDownError if a worker is down.

    dbt asks this first: otherwise each of its many statements would fail by itself.
    """
    if not connection.execute("select from pg_extension where extname = 'citus'").rowcount:
        return False
    # A row comes back for each worker, whether it answers or not.
    down = connection.execute(
        "select nodename || ':' || nodeport from run_command_on_workers('select 1') "
        "where not success order by 1"
    ).fetchone()
    if down is not None:
        raise WarehouseDownError(worker_down_message(down[0]))
    return True
