"""Settings from the environment and from ``.env``; the environment wins."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values, load_dotenv
from dotenv.parser import parse_stream

from console.errors import WarehouseError
from warehouse.settings_file import UnreadableError, read_text

PROJECT_DIR = Path(__file__).resolve().parent.parent

# The landing zone where neither --to nor NYT_LANDING_DIR names one.
DEFAULT_LANDING_DIR = PROJECT_DIR / "data" / "nyt"

# The variables of libpq that say where a server is, who asks, and how the connection is secured.
LIBPQ_VARIABLES = (
    "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
    "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY",
)  # fmt: skip


_SECRETS = re.compile("KEY$|PASS|SECRET|TOKEN|AUTH_STRING$")


def load_settings() -> None:
    """Read the project's ``.env`` into the environment, where a variable is not set yet; and
    NYT_API_KEY, where it is not set then either, from the file that NYT_API_KEY_FILE names.

    An empty file is no key, for a file that containers mount has to exist. Raises WarehouseError
    where it cannot be read.
    """
    try:
        load_dotenv(stream=io.StringIO(_dot_env()), override=False)
    except ValueError as error:
        raise WarehouseError(
            f"{PROJECT_DIR / '.env'} sets what no variable can be ({error}): correct it"
        ) from None
    key_file = os.environ.get("NYT_API_KEY_FILE")
    if not key_file or os.environ.get("NYT_API_KEY", "").strip():
        return
    try:
        key = read_text(Path(key_file).expanduser()).strip()
    except (FileNotFoundError, UnreadableError, RuntimeError) as error:
        # RuntimeError: of ~ and a user who does not exist.
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error
        raise WarehouseError(
            f"NYT_API_KEY_FILE is {key_file!r}, which cannot be read: {reason}; or unset it and "
            "set NYT_API_KEY"
        ) from None
    if key:
        os.environ["NYT_API_KEY"] = key


def _dot_env() -> str:
    """Return the text of ``.env``, empty where there is none. Raises WarehouseError."""
    path = PROJECT_DIR / ".env"
    try:
        text = read_text(path)
    except FileNotFoundError:
        return ""
    except UnreadableError as error:
        raise WarehouseError(f"{path} cannot be read: {error}") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise WarehouseError(
                f"{path} cannot be read: line {binding.original.line} is no NAME=value, or a quote "
                "in it is not closed: correct it"
            )
    return text


def remarks() -> Iterator[str]:
    """Yield what an administrator should know of ``.env``: that others may read its secrets."""
    path = PROJECT_DIR / ".env"
    values = dotenv_values(stream=io.StringIO(_dot_env()), interpolate=False)
    secrets = [
        name
        for name, value in values.items()
        if value and _SECRETS.search(name) and not name.endswith("FILE")
    ]
    if secrets and path.stat().st_mode & 0o077:
        yield f"other users may read {', '.join(secrets)} in {path}: chmod 600 {path}"


def warehouse_dir() -> Path:
    """Return the folder of the embedded server: ``WAREHOUSE_DIR``, or ``.warehouse`` beside the
    project's files. The path is absolute; symbolic links in it are kept."""
    configured = os.environ.get("WAREHOUSE_DIR")
    if not configured:
        return PROJECT_DIR / ".warehouse"
    try:
        path = Path(configured).expanduser()
    except RuntimeError:
        raise WarehouseError(
            f"WAREHOUSE_DIR is {configured!r}, and there is no such user: give the whole path"
        ) from None
    if not path.is_absolute():
        raise WarehouseError(
            f"WAREHOUSE_DIR is {configured!r}, a relative path: give an absolute one, "
            f"for example {Path.cwd() / configured}"
        )
    return path


def _is_same(folder: Path, other: Path) -> bool:
    try:
        return folder.is_absolute() and folder.samefile(other)
    except OSError:
        return False  # one of them is not there


def uses_embedded_server() -> bool:
    """Tell whether the warehouse is the embedded server: PGHOST is unset or names its folder.

    Raises WarehouseError where libpq would be led to another server without PGHOST.
    """
    host = os.environ.get("PGHOST")
    if host:
        folder = warehouse_dir()
        return Path(host) == folder or _is_same(Path(host), folder)
    leading = [name for name in ("PGSERVICE", "PGHOSTADDR") if os.environ.get(name)]
    if leading:
        raise WarehouseError(
            f"{' and '.join(leading)} {'are' if leading[1:] else 'is'} set, and PGHOST is not: "
            f"unset {' '.join(leading)} for the embedded warehouse in {warehouse_dir()}, or set "
            "PGHOST for a server of your own"
        )
    return True
