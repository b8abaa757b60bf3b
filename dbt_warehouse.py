"""A dbt plug-in: `dbt build`, typed alone in a plain shell, finds its warehouse ready.

dbt imports every top-level module whose name begins with ``dbt_`` and creates the classes listed in
``plugins`` once it has read its profile, before it connects. Here the embedded server is started if
it is down, the tables that dbt's sources name are created if absent, dbt gets the role of the
transformer where there are roles, and other runs are waited for.
"""

import os
from typing import TYPE_CHECKING

import click
from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError
from dotenv import dotenv_values

from warehouse import locks, roles
from warehouse.connect import check_workers, connect
from warehouse.errors import WarehouseError
from warehouse.settings import LIBPQ_VARIABLES, PROJECT_DIR

if TYPE_CHECKING:
    import psycopg

# These read and write files alone.
COMMANDS_WITHOUT_WAREHOUSE = {"parse", "list", "deps", "clean", "init"}
# These rewrite tables: one at a time, and as the transformer.
WRITING_COMMANDS = {"build", "run", "seed", "snapshot", "clone", "retry", "run-operation"}


class ReadyWarehouse(dbtPlugin):
    """Makes the warehouse ready for this project's dbt commands."""

    def initialize(self) -> None:
        """Start the embedded server and create the tables that Python owns, if need be; then wait
        for whatever must not go on beside this command."""
        command = getattr(get_flags(), "WHICH", None)  # type: ignore[no-untyped-call]
        if self.project_name != "news_growth" or command in COMMANDS_WITHOUT_WAREHOUSE:
            return
        # dbt's profile has already been read from the environment, without `.env`.
        written = dotenv_values(PROJECT_DIR / ".env").keys() & {*LIBPQ_VARIABLES, "WAREHOUSE_DIR"}
        missing = sorted(written - os.environ.keys())
        if missing and not os.environ.get("PGHOST"):
            raise DbtRuntimeError(
                f".env sets {', '.join(missing)}, which dbt does not read: type "
                '`eval "$(warehouse env)"` first, or use `make elt`'
            )
        try:
            self._prepare(str(command))
        except WarehouseError as error:
            raise DbtRuntimeError(str(error)) from None

    def _prepare(self, command: str) -> None:
        connection = connect(f"dbt {command}")
        # dbt calls no plug-in at its end; its command line's context does.
        context = click.get_current_context(silent=True)
        if context is not None:
            context.call_on_close(connection.close)
        required = command in WRITING_COMMANDS
        if roles.take(connection, "transformer", required=required):
            _pass_to_libpq("-c role=transformer", context)
        connection.autocommit = True
        if check_workers(connection):
            # Hooks write to tables that the same transaction then reads: on Citus that needs one
            # connection a worker.
            for setting in (
                "multi_shard_modify_mode=sequential",
                "max_adaptive_executor_pool_size=1",
                "enable_local_execution=off",
            ):
                _pass_to_libpq(f"-c citus.{setting}", context)
        if required:
            locks.rewrite_warehouse(connection)
        elif command == "test":
            locks.keep_warehouse(connection)
        else:
            connection.close()
        self._connection: psycopg.Connection = connection  # the lock lasts as long as it


def _pass_to_libpq(option: str, context: click.Context | None) -> None:
    """Add an option to those of dbt's own connections, for this command alone."""
    before = os.environ.get("PGOPTIONS")
    os.environ["PGOPTIONS"] = f"{before} {option}" if before else option
    if context is None:
        return
    if before is None:
        context.call_on_close(lambda: os.environ.pop("PGOPTIONS", None))
    else:
        context.call_on_close(lambda: os.environ.update(PGOPTIONS=before))


plugins = [ReadyWarehouse]
