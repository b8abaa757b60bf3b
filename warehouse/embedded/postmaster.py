"""Which process serves a data folder: it is known by the folder that it works in.

Neither its name nor its number tells. After a crash the number in ``postmaster.pid`` may be that of
a zombie, of another program (containers count from 1 again), or of another folder's server.
"""

import time
from pathlib import Path

from console.errors import WarehouseError
from warehouse.embedded import programs
from warehouse.embedded.programs import Server

# Higher than any process's number.
NO_PROCESS = 2**31 - 1
ORPHAN_SECONDS = 10.0


def find(server: Server) -> int | None:
    """Return the number of the process that serves the data folder, or None."""
    found = _processes(server)
    # The others are its children, or what a killed one has left behind.
    return next(
        (pid for pid, parent in found.items() if parent not in found and not _is_child(pid)), None
    )


def name_in_lock_file(server: Server, pid: int) -> None:
    """Let ``postmaster.pid`` name the running server, whatever it names now."""
    file = server.data / "postmaster.pid"
    lines = _lines(file)
    if lines[:1] != [str(pid)]:
        programs.write_file(server, file, "\n".join([str(pid), *(lines[1:] or [""])]))


def clear_lock_files(server: Server) -> None:
    """Let Postgres see, where no server runs, that its lock files name none.

    Postgres would refuse to start beside any living process that they name, and with an empty file
    or one that it cannot read. A good file stays, with a number that is no process's: by its other
    lines Postgres finds out whether old processes still use the data. Raises WarehouseError where
    there are such.
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
    """Return the lines of a lock file that begins with a process's number; [] of any other."""
    lines = (programs.read_file(file) or b"").decode(errors="backslashreplace").split("\n")
    return lines if lines[0].strip().lstrip("-").isdecimal() else []


def _processes(server: Server) -> dict[int, int]:
    """Return the processes of Postgres that work in the data folder, and the parent of each."""
    if not Path("/proc/self/cwd").exists():
        return _named_processes(server)
    # Asked as the server's user: in a container, root may not see where others' processes work.
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
            continue  # it has just ended
        if command.endswith("(postgres") and rest[0] not in "ZX":
            found[int(pid)] = int(rest.split()[1])
    return found


def _is_child(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: ")
    except OSError:
        return False


def _named_processes(server: Server) -> dict[int, int]:
    """As ``_processes``, on a system that does not tell in which folder a process works: a process
    that the lock file names, and that is called postgres, may be the server."""
    lines = _lines(server.data / "postmaster.pid")
    if not lines:
        return {}
    script = f"ps -o ppid=,comm= -p {lines[0].strip()}"
    said = programs.call(server, "/bin/sh", ["-c", script]).stdout.split(maxsplit=1)
    if len(said) < 2 or Path(said[1].strip()).name != "postgres":
        return {}
    return {int(lines[0]): int(said[0])}
