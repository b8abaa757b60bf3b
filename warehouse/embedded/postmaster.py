"""Finds the process that serves a data folder: the one whose working directory it is.

The process id in Postgres's own ``postmaster.pid`` does not tell. After a crash it may be that of a
zombie, of another program (containers count from 1 again) or of another folder's server.
"""

import time
from pathlib import Path

from console.errors import WarehouseError
from warehouse.embedded import programs
from warehouse.embedded.programs import Server

# Higher than any process id.
NO_PROCESS = 2**31 - 1
ORPHAN_SECONDS = 10.0


def find(server: Server) -> int | None:
    """Return the id of the process that serves the data folder, or None."""
    found = _processes(server)
    # The others are its children, or children that a killed server has left behind.
    return next(
        (pid for pid, parent in found.items() if parent not in found and not _is_child(pid)), None
    )


def name_in_lock_file(server: Server, pid: int) -> None:
    """Write the running server's process id into ``postmaster.pid``, where it says otherwise."""
    file = server.data / "postmaster.pid"
    lines = _lines(file)
    if lines[:1] != [str(pid)]:
        programs.write_file(server, file, "\n".join([str(pid), *(lines[1:] or [""])]))


def clear_lock_files(server: Server) -> None:
    """Make the lock files that a dead server has left harmless, so that Postgres starts.

    It would refuse to start where a lock file names any living process, is empty or cannot be
    read. A readable one stays, with a process id that does not exist:
    from its other lines Postgres finds out whether old processes still use the data. Raises
    WarehouseError where some do.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while left := _processes(server):
        if time.monotonic() > deadline:
            numbers = " ".join(map(str, left))
            raise WarehouseError(
                f"the embedded server was killed, and one of its processes still uses "
                f"{server.data}: end it (kill {numbers}), then run the same command again"
            )
        time.sleep(0.05)
    socket = server.folder / f".s.PGSQL.{programs.PORT}"
    programs.delete(server, socket, Path(f"{socket}.lock"))
    file = server.data / "postmaster.pid"
    lines = _lines(file)
    if lines:
        programs.write_file(server, file, "\n".join([str(NO_PROCESS), *lines[1:]]))
    else:
        programs.delete(server, file)


def _lines(file: Path) -> list[str]:
    """Return the lines of a lock file; [] where it does not begin with a process id."""
    lines = (programs.read_file(file) or b"").decode(errors="backslashreplace").split("\n")
    return lines if lines[0].strip().lstrip("-").isdecimal() else []


def _processes(server: Server) -> dict[int, int]:
    """Return the parents of Postgres's processes in the data folder, by process id."""
    if not Path("/proc/self/cwd").exists():
        return _named_processes(server)
    # As the server's user: in a container, root may not see other users' working directories.
    name = server.data.name
    script = f'for p in /proc/[0-9]*; do test "$p/cwd" -ef {name} && echo "${{p#/proc/}}"; done'
    found = {}
    for pid in programs.call(server, "/bin/sh", ["-c", script]).stdout.split():
        try:
            # "4711 (postgres) S 1 ..."
            command, _, rest = (
                Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(") ")
            )
        except OSError:
            continue  # the process has just ended
        if command.endswith("(postgres") and rest[0] not in "ZX":
            found[int(pid)] = int(rest.split()[1])
    return found


def _is_child(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: ")
    except OSError:
        return False


def _named_processes(server: Server) -> dict[int, int]:
    """Do as ``_processes`` on a system without /proc: take the process that the lock file names for
    the server, if it is called postgres."""
    lines = _lines(server.data / "postmaster.pid")
    if not lines:
        return {}
    script = f"ps -o ppid=,comm= -p {lines[0].strip()}"
    said = programs.call(server, "/bin/sh", ["-c", script]).stdout.split(maxsplit=1)
    if len(said) < 2 or Path(said[1].strip()).name != "postgres":
        return {}
    return {int(lines[0]): int(said[0])}
