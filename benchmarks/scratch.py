"""A warehouse of the benchmarks' own: created for one run and removed at its end."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.embedded import server
from warehouse.embedded.programs import Server
from warehouse.settings import LIBPQ_VARIABLES, warehouse_dir

HOST = "127.0.0.1"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a new folder, with libpq's variables pointing at a warehouse that is created on demand.

    Both are gone afterwards, also where a benchmark failed or was interrupted.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-")).resolve()
    # Root's server runs as another user, who must be able to enter the folder above its own.
    folder.chmod(0o755)
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["WAREHOUSE_DIR"] = str(folder / "warehouse")
    _use_socket()
    try:
        yield folder
    finally:
        try:
            server.remove()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def warehouse_beside(name: str) -> Iterator[None]:
    """Let libpq's variables point at a further warehouse of this name, gone with the block.

    The one of `scratch_folder` stays as it is meanwhile, its server running.
    """
    first = os.environ["WAREHOUSE_DIR"]
    os.environ["WAREHOUSE_DIR"] = str(Path(first).with_name(name))
    _use_socket()
    try:
        yield
    finally:
        try:
            server.remove()
        finally:
            os.environ["WAREHOUSE_DIR"] = first
            _use_socket()


@contextmanager
def tcp_warehouse() -> Iterator[str]:
    """Let the server of the scratch warehouse listen on a TCP port instead of its socket.

    libpq's variables point there meanwhile, so that both sides of a comparison take the same way.
    Yields the address for those who do not read them.
    """
    password = _require_password()
    server.stop()
    found = server.find()
    if found is None:
        raise RuntimeError("the scratch warehouse has not been created yet")
    port = str(_free_port())
    # Without autovacuum, which would slow down whichever repetition it happens to fall into.
    options = f"-h {HOST} -p {port} -k '' -c autovacuum=off"
    _pg_ctl(found, "-l", found.log.name, "-o", options, "start")
    os.environ |= {"PGHOST": HOST, "PGPORT": port, "PGPASSWORD": password}
    try:
        yield f"postgresql://{server.USER}:{password}@{HOST}:{port}/{server.DATABASE}"
    finally:
        _use_socket()
        _pg_ctl(found, "-m", "fast", "stop")


def _use_socket() -> None:
    # Every variable is set: one that is not would be read from `.env`, the user's own warehouse.
    os.environ |= dict.fromkeys(LIBPQ_VARIABLES, "") | server.environment(warehouse_dir())
    os.environ["PGSSLMODE"] = "prefer"  # libpq's default; it refuses an empty one


def _require_password() -> str:
    """Make a password necessary for TCP: a port is open to every user of the machine."""
    password = secrets.token_urlsafe()
    with psycopg.connect(autocommit=True) as connection:
        connection.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(server.USER), password)
        )
        row = connection.execute("show hba_file").fetchone()
    if row is None:
        raise RuntimeError("the server does not say where its hba_file is")
    Path(row[0]).write_text(
        f"local all all trust\nhost all all {HOST}/32 scram-sha-256\n", encoding="utf-8"
    )
    return password


def _pg_ctl(server: Server, *arguments: str) -> None:
    user, group = server.run_as or (None, None)
    # Run in the folder: pg_ctl passes paths through a shell.
    subprocess.run(
        [server.binaries / "pg_ctl", "-w", "-D", server.data.name, *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=server.folder,
        user=user,
        group=group,
        extra_groups=[] if server.run_as else None,
        umask=0o077,
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
