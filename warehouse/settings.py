"""Settings from the environment and from ``.env``; the environment wins."""

import os
from pathlib import Path

from dotenv import load_dotenv

from warehouse.errors import WarehouseError

PROJECT_DIR = Path(__file__).resolve().parent.parent

# The landing zone where neither --to nor NYT_LANDING_DIR names one.
DEFAULT_LANDING_DIR = PROJECT_DIR / "data" / "nyt"

# The variables of libpq that say where a server is, who asks, and how the connection is secured.
LIBPQ_VARIABLES = (
    "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
    "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY",
)  # fmt: skip


def load_settings() -> None:
    """Read the project's ``.env`` into the environment, where a variable is not set yet; and
    NYT_API_KEY, where it is not set then either, from the file that NYT_API_KEY_FILE names.

    An empty file is no key, for a file that containers mount has to exist. Raises WarehouseError
    where it cannot be read.
    """
    load_dotenv(PROJECT_DIR / ".env", override=False)
    key_file = os.environ.get("NYT_API_KEY_FILE")
    if not key_file or os.environ.get("NYT_API_KEY", "").strip():
        return
    try:
        key = Path(key_file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise WarehouseError(
            f"NYT_API_KEY_FILE is {key_file!r}, which cannot be read: {reason}; correct the path, "
            "or unset it and set NYT_API_KEY"
        ) from None
    if key:
        os.environ["NYT_API_KEY"] = key


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
    """Tell whether the warehouse is the embedded server: PGHOST is unset or names its folder.

    Raises WarehouseError where libpq would be led to another server without PGHOST.
    """
    host = os.environ.get("PGHOST")
    if host:
        return Path(host) == warehouse_dir()
    leading = [name for name in ("PGSERVICE", "PGHOSTADDR") if os.environ.get(name)]
    if leading:
        raise WarehouseError(
            f"{' and '.join(leading)} {'are' if leading[1:] else 'is'} set, and PGHOST is not: "
            f"unset {' '.join(leading)} for the embedded warehouse in {warehouse_dir()}, or set "
            "PGHOST for a server of your own"
        )
    return True
