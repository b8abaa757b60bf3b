"""Settings from the environment and from ``.env``; the environment wins."""

import os
from pathlib import Path

from dotenv import load_dotenv

from warehouse.errors import WarehouseError

PROJECT_DIR = Path(__file__).resolve().parent.parent

# The variables of libpq that say where a server is and who asks.
LIBPQ_VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")


def load_settings() -> None:
    """Read the project's ``.env`` into the environment, where a variable is not set yet."""
    load_dotenv(PROJECT_DIR / ".env", override=False)


def warehouse_dir() -> Path:
    """Return the folder of the embedded server: ``WAREHOUSE_DIR``, or ``.warehouse`` beside the
    project's files. The path is absolute; symbolic links in it are kept."""
    configured = os.environ.get("WAREHOUSE_DIR")
    if not configured:
        return PROJECT_DIR / ".warehouse"
    path = Path(configured).expanduser()
    if not path.is_absolute():
        raise WarehouseError(
            f"WAREHOUSE_DIR is {configured!r}, a relative path: give an absolute one, "
            f"for example {Path.cwd() / configured}"
        )
    return path


def uses_embedded_server() -> bool:
    """Tell whether the warehouse is the embedded server: PGHOST is unset or names its folder."""
    host = os.environ.get("PGHOST")
    return not host or Path(host) == warehouse_dir()
