"""Settings from the environment and from ``.env``; the environment wins."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values, load_dotenv
from dotenv.parser import parse_stream

from console.errors import WarehouseError
from console.outlets import OUTLETS
from warehouse.settings_file import UnreadableError, read_text

PROJECT_DIR = Path(__file__).resolve().parent.parent

# libpq's variables for a server's address, its login, and how the connection is secured.
LIBPQ_VARIABLES = (
    "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
    "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY",
)  # fmt: skip

# Names of variables that hold a secret.
_SECRETS = re.compile("KEY$|PASS|SECRET|TOKEN|AUTH_STRING$")


def load_settings() -> None:
    """Set the variables that the project's ``.env`` names and the environment lacks, and the
    outlets' keys. Raises WarehouseError where a file cannot be read."""
    try:
        load_dotenv(stream=io.StringIO(_dot_env()), override=False)
    except ValueError as error:
        raise WarehouseError(
            f"{PROJECT_DIR / '.env'} sets a variable that the system refuses ({error}): correct it"
        ) from None
    for outlet in OUTLETS:
        load_secret(outlet.variable("API_KEY"))


def load_secret(name: str) -> None:
    """Set a variable that is not set yet from the file that ``<name>_FILE`` names.

    An empty file counts as none: a file that a container mounts has to exist. Raises WarehouseError
    where the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path or os.environ.get(name, "").strip():
        return
    try:
        secret = read_text(Path(path).expanduser()).strip()
    except (FileNotFoundError, UnreadableError, RuntimeError) as error:
        # RuntimeError: the path begins with ~ and the name of a user who does not exist.
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error
        raise WarehouseError(
            f"{name}_FILE is {path!r}, which cannot be read: {reason}; or unset it and set {name}"
        ) from None
    if secret:
        os.environ[name] = secret


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
                f"{path} cannot be read: line {binding.original.line} is not NAME=value, or a "
                "quote in it is not closed: correct it"
            )
    return text


def remarks() -> Iterator[str]:
    """Yield a warning where ``.env`` holds secrets that other users may read."""
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
    """Return the embedded server's folder, as an absolute path: ``WAREHOUSE_DIR``, or
    ``.warehouse`` beside the project's files. Symbolic links in it are not resolved."""
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

    Raises WarehouseError where another variable would lead libpq to another server.
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
