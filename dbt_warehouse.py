"""A dbt plug-in: `dbt build`, typed alone in a plain shell, finds its warehouse ready.

dbt imports every top-level module whose name begins with ``dbt_`` and creates the classes listed in
``plugins`` once it has read its profile, before it connects. Here the embedded server is started if
it is down, and the tables that dbt's sources name are created if absent.
"""

import os

from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dotenv import dotenv_values

from warehouse.connect import connect
from warehouse.settings import LIBPQ_VARIABLES, PROJECT_DIR

# These read and write files alone.
COMMANDS_WITHOUT_WAREHOUSE = {"parse", "list", "deps", "clean", "init"}


class ReadyWarehouse(dbtPlugin):
    """Makes the warehouse ready for this project's dbt commands."""

    def initialize(self) -> None:
        """Start the embedded server and create the tables that Python owns, if need be."""
        command = getattr(get_flags(), "WHICH", None)  # type: ignore[no-untyped-call]
        if self.project_name != "news_growth" or command in COMMANDS_WITHOUT_WAREHOUSE:
            return
        # dbt's profile has already been read from the environment, without `.env`.
        written = dotenv_values(PROJECT_DIR / ".env").keys() & {*LIBPQ_VARIABLES, "WAREHOUSE_DIR"}
        missing = sorted(written - os.environ.keys())
        if missing and not os.environ.get("PGHOST"):
            raise RuntimeError(
                f".env sets {', '.join(missing)}, which dbt does not read: type "
                '`eval "$(warehouse env)"` first, or use `make elt`'
            )
        connect("dbt").close()


plugins = [ReadyWarehouse]
