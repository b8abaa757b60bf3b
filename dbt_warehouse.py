"""A dbt plug-in that makes the warehouse ready, so that `dbt build` can be typed alone in a shell.

dbt imports every top-level module whose name begins with ``dbt_``, and creates the classes listed
in ``plugins`` after it has read its profile and before it connects. The plug-in starts the embedded
server, creates the missing tables of dbt's sources, gives dbt the role of the transformer where the
roles are set up, and waits for other runs.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError
from dotenv import dotenv_values

from console.errors import explained
from warehouse import locks, roles, session
from warehouse.connect import check_workers, connect
from warehouse.settings import LIBPQ_VARIABLES, PROJECT_DIR

if TYPE_CHECKING:
    import psycopg

TARGET = "warehouse"
# The application name of dbt's sessions.
DBT = "dbt"
# These commands read and write only files.
COMMANDS_WITHOUT_WAREHOUSE = {"parse", "list", "deps", "clean", "init"}
# These rewrite tables: they run one at a time, as the transformer.
WRITING_COMMANDS = {"build", "run", "seed", "snapshot", "clone", "retry", "run-operation"}


class ReadyWarehouse(dbtPlugin):
    """Prepares the warehouse for this project's dbt commands."""

    def initialize(self) -> None:
        """Start the embedded server and create missing tables; then wait for steps that must not
        run beside this command."""
        command = getattr(get_flags(), "WHICH", None)  # type: ignore[no-untyped-call]
        if self.project_name != "news_growth" or command in COMMANDS_WITHOUT_WAREHOUSE:
            return
        # dbt has already read its profile, from the environment and not from `.env`.
        written = dotenv_values(PROJECT_DIR / ".env").keys() & {*LIBPQ_VARIABLES, "WAREHOUSE_DIR"}
        missing = sorted(written - os.environ.keys())
        if missing and not os.environ.get("PGHOST"):
            raise DbtRuntimeError(
                f".env sets {', '.join(missing)}, which dbt does not read: type "
                '`eval "$(warehouse env)"` first, or use `make elt`'
            )
        _check_profile()
        try:
            self._prepare(str(command))
        except Exception as error:
            told = explained(error)
            if told is None:
                raise
            raise DbtRuntimeError(str(told)) from None

    def _prepare(self, command: str) -> None:
        connection = connect(f"dbt {command}")
        # dbt does not tell plug-ins when it ends; the context of its command line does.
        context = click.get_current_context(silent=True)
        if context is not None:
            context.call_on_close(connection.close)
            _check_server(connection, context)
        required = command in WRITING_COMMANDS
        _set_variable("PGCLIENTENCODING", "UTF8", context)
        _pass_to_libpq(session.options(connection.info.server_version), context)
        if roles.take(connection, "transformer", required=required):
            _pass_to_libpq("-c role=transformer", context)
        connection.autocommit = True
        if check_workers(connection):
            # A transaction reads tables that its hooks have written: Citus needs one connection to
            # each worker for that.
            for setting in (
                "multi_shard_modify_mode=sequential",
                "max_adaptive_executor_pool_size=1",
                "enable_local_execution=off",
            ):
                _pass_to_libpq(f"-c citus.{setting}", context)
        if required:
            locks.rewrite_warehouse(connection)
            if context is not None:
                context.with_resource(locks.say_who_is_in_the_way(connection, DBT))
        elif command == "test":
            locks.keep_warehouse(connection)
        else:
            connection.close()
        self._connection: psycopg.Connection = connection  # the lock lasts as long as this


def _check_profile() -> None:
    """Raise an error for another profile than this project's, which could name another server."""
    flags = get_flags()  # type: ignore[no-untyped-call]
    folder, target = Path(flags.PROFILES_DIR), flags.TARGET
    if folder.resolve() != PROJECT_DIR:
        raise DbtRuntimeError(
            f"dbt reads its profile from {folder} (DBT_PROFILES_DIR or --profiles-dir): unset "
            f"that, this project has its own profile in {PROJECT_DIR}"
        )
    if target not in (None, TARGET):
        raise DbtRuntimeError(
            f"dbt's target is {target} (DBT_TARGET or --target): unset that, this project has "
            f"one target, {TARGET}"
        )


def _check_server(connection: "psycopg.Connection", context: click.Context) -> None:
    """Raise an error where dbt would connect elsewhere than all other commands, for example by a
    service file of libpq."""
    profile = (context.obj or {}).get("profile")
    if profile is None:
        return
    theirs, ours = profile.credentials, connection.info
    # Of several hosts, libpq takes the one that answers.
    hosts = [] if "," in theirs.host else [("host", theirs.host, ours.host)]
    for name, there, here in (
        *hosts,
        ("port", str(theirs.port), str(ours.port)),
        ("database", theirs.database, ours.dbname),
        ("user", theirs.user, ours.user),
    ):
        if _written_alike(there) != _written_alike(here):
            raise DbtRuntimeError(
                f"dbt would use the {name} {there}, and all other commands {here}: set "
                f"PG{name.upper()} in your shell (dbt does not read .env) and unset PGSERVICE, or "
                'type `eval "$(warehouse env)"` first'
            )


def _written_alike(value: str) -> str:
    """Return a value in one spelling: a socket's folder may be written in several ways."""
    return str(Path(value)) if value.startswith("/") else value


def _pass_to_libpq(options: str, context: click.Context | None) -> None:
    """Add options to those of dbt's connections, for this command only."""
    before = os.environ.get("PGOPTIONS")
    _set_variable("PGOPTIONS", f"{before} {options}" if before else options, context)


def _set_variable(name: str, value: str, context: click.Context | None) -> None:
    """Set a variable of the environment, for this command only."""
    before = os.environ.get(name)
    os.environ[name] = value
    if context is None:
        return
    if before is None:
        context.call_on_close(lambda: os.environ.pop(name, None))
    else:
        context.call_on_close(lambda: os.environ.update({name: before}))


plugins = [ReadyWarehouse]
