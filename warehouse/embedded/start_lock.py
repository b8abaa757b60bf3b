"""The lock under which one process at a time creates, starts, stops or removes a folder's server.

It is a lock of the system's (flock) on a file beside the folder: when its holder ends, it is free.
"""

import errno
import fcntl
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import WarehouseError
from warehouse.embedded.as_root import is_another_users

QUIET_SECONDS = 2.0
PATIENCE_SECONDS = 120.0


def lock_file(folder: Path) -> Path:
    """Return the path of a folder's lock file."""
    return folder.parent / f"{folder.name}.lock"


@contextmanager
def hold(folder: Path) -> Iterator[int]:
    """Hold the folder's lock; yields its file descriptor.

    After two seconds of waiting it says on stderr who has the lock. Raises WarehouseError after two
    minutes, and where the file is not the caller's lock file.
    """
    file = lock_file(folder)
    begun = time.monotonic()
    said = False
    while True:
        descriptor = _open(file, folder)
        try:
            if _take(descriptor, file):
                yield descriptor
                return
        finally:
            os.close(descriptor)
        waited = time.monotonic() - begun
        if waited > PATIENCE_SECONDS:
            raise WarehouseError(
                f"{_holder(file)} holds {file}, and only its holder may start or stop the server "
                f"of {folder}: waited for {round(waited)} seconds; end that process, then run the "
                "same command again"
            )
        if waited > QUIET_SECONDS and not said:
            said = True
            print(f"waiting: {_holder(file)} holds {file}", file=sys.stderr, flush=True)
        time.sleep(0.05)


def _open(file: Path, folder: Path) -> int:
    """Open the lock file, and create it if missing; a link is not followed."""
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    while True:
        try:
            descriptor = _open_old(file, flags)
            break
        except FileNotFoundError:
            file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | flags, 0o600)
            break
        except FileExistsError:
            continue  # another process was first, or the file is a link to nothing
    try:
        _check(descriptor, file, folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_old(file: Path, flags: int) -> int:
    try:
        try:
            return os.open(file, os.O_RDWR | flags)
        except PermissionError:
            # Root made the file, beside this user's folder. To lock it, reading is enough.
            return os.open(file, os.O_RDONLY | flags)
    except OSError as error:
        if error.errno == errno.ENOENT and not file.is_symlink():
            raise
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES):
            raise _refusal(file) from None
        raise


def _check(descriptor: int, file: Path, folder: Path) -> None:
    """Raise WarehouseError where the file is not the caller's lock file. Close it to other users,
    where an older version left it open: whoever can open it could hold the lock."""
    state = os.fstat(descriptor)
    user, group = os.geteuid(), state.st_gid
    if user == 0 and folder.is_dir() and is_another_users(folder.stat().st_uid):
        # The file gets the folder's owner, who can then go on without root.
        user, group = folder.stat().st_uid, folder.stat().st_gid
    plain = stat.S_ISREG(state.st_mode) and state.st_nlink == 1 and state.st_size == 0
    if not plain or state.st_uid not in (0, os.geteuid(), user):
        raise _refusal(file)
    if os.geteuid() in (0, state.st_uid):
        if state.st_uid != user:
            os.fchown(descriptor, user, group)
        if state.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)


def _refusal(file: Path) -> WarehouseError:
    return WarehouseError(
        f"{file} is not a lock file of yours (it is a link, not empty, or another user's): "
        "move it away, or choose another folder with WAREHOUSE_DIR"
    )


def _take(descriptor: int, file: Path) -> bool:
    """Try to take the lock; tell whether it was taken, on the file that is now at the path."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        # `warehouse remove` deletes the file while others wait for it.
        return os.path.samestat(os.fstat(descriptor), file.lstat())
    except FileNotFoundError:
        return False


def _holder(file: Path) -> str:
    """Return the process that holds the lock, as far as the system knows it."""
    try:
        number = file.lstat().st_ino
        # "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF"
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        found = [fields[4] for fields in locks if fields[5].endswith(f":{number}")]
        name = Path(f"/proc/{int(found[0])}/comm").read_text().strip()
    except (OSError, ValueError, IndexError):
        return "another process"
    return f"process {found[0]} ({name})"
