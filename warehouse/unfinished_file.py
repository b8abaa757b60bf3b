"""A file that is written beside the one that it is to replace, and then takes its name.

The head of ``warehouse.files`` says what callers can rely on.
"""

import contextlib
import errno
import fcntl
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from console.errors import WarehouseError
from warehouse.file_errors import MOST_LINKS, failure, refuse_foreign_link

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_UNFINISHED = re.compile(r"\.news-growth-[0-9a-f]{16}\.part")
# How a file system answers that cannot sync a folder. The rename is done all the same.
_NO_SYNC = (errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP)

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class UnfinishedFile:
    """A file under a random name, in the folder of the file that it is to replace."""

    def __init__(self, path: Path, mode: int, remedy: str, owner: tuple[int, int] | None) -> None:
        self._path, self._mode, self._remedy, self._owner = path, mode, remedy, owner
        self._folder = -1  # an open folder: others may make the path lead elsewhere meanwhile
        self._name = ""
        self._unfinished = ""
        self._old = ""
        self._old_handle = -1
        self.file: IO[bytes]

    def open(self) -> None:
        with self._told():
            target = self._path if self._owner else self._followed()
            self._name = target.name or "."  # the root and an empty path have no name
            flags = os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if self._owner else 0)
            self._folder = os.open(target.parent, flags)
            if self._owner and os.fstat(self._folder).st_uid != self._owner[0]:
                self._refuse(f"lies in a folder that is not the user's with id {self._owner[0]}")
            self._replaced()
            _remove_left_over(self._folder)
            while True:
                self._unfinished = _new_name()
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                handle = os.open(self._unfinished, flags, 0o600, dir_fd=self._folder)
                self.file = io.BufferedWriter(_Raw(handle, self))
                _lock(handle)
                # Before it was locked, another writer may have deleted it as left over.
                if os.fstat(handle).st_nlink:
                    break
                self.file.close()
            # Finds a full disk now, not after the caller has computed for minutes.
            os.write(handle, b"0")
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)

    def finish(self) -> None:
        """Set owner and mode, and sync the file to the disk."""
        self.file.flush()
        with self._told():
            handle = self.file.fileno()
            if self._owner:
                os.fchown(handle, *self._owner)
            os.fchmod(handle, self._final_mode(handle))
            os.fsync(handle)

    def take_place(self, *, keep_old: bool) -> None:
        with self._told():
            if self._replaced() and keep_old:
                self._keep_old()
            os.rename(
                self._unfinished, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder
            )

    def _keep_old(self) -> None:
        self._old = _new_name()
        # Some file systems have no hard links. There the new file cannot be taken back: it stays.
        with contextlib.suppress(OSError):
            os.link(
                self._name, self._old, src_dir_fd=self._folder, dst_dir_fd=self._folder,
                follow_symlinks=False,
            )  # fmt: skip
            self._old_handle = os.open(self._old, os.O_RDONLY, dir_fd=self._folder)
            _lock(self._old_handle)

    def put_back(self) -> None:
        """Undo ``take_place``, as far as it was done."""
        with contextlib.suppress(OSError):
            if self._old:
                os.rename(self._old, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            elif os.path.samestat(self._look(), os.fstat(self.file.fileno())):
                os.unlink(self._name, dir_fd=self._folder)

    def sync_folder(self) -> None:
        with self._told():
            try:
                os.fsync(self._folder)
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise

    def discard(self) -> None:
        """Close everything, and delete the unfinished file and the old one's second name."""
        if hasattr(self, "file"):
            with contextlib.suppress(OSError, WarehouseError):
                self.file.close()  # it tries once more to write what is buffered
        for name in filter(None, (self._unfinished, self._old)):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._folder)
        for handle in (self._old_handle, self._folder):
            if handle >= 0:
                os.close(handle)

    def failed(self, error: OSError | ValueError) -> WarehouseError:
        return failure(self._path, error, self._remedy)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise self.failed(error) from None

    def _refuse(self, what: str) -> NoReturn:
        raise WarehouseError(f"{self._path} {what}; {self._remedy or 'name another file'}")

    def _followed(self) -> Path:
        """Return the path that the last part of this one leads to, through all links."""
        refuse_foreign_link(self._path, self._remedy)
        path = self._path
        for _ in range(MOST_LINKS):
            try:
                found = path.lstat()
            except FileNotFoundError:
                if path == self._path:
                    return path
                self._refuse(f"is a symbolic link to {path}, which is not there")
            if not stat.S_ISLNK(found.st_mode):
                return path
            path = path.parent / path.readlink()
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _look(self) -> os.stat_result:
        return os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)

    def _replaced(self) -> os.stat_result | None:
        """Return the state of the file that is to be replaced; None where there is none."""
        try:
            found = self._look()
        except FileNotFoundError:
            return None
        kind = _KINDS.get(stat.S_IFMT(found.st_mode))
        if kind is not None:
            self._refuse(f"is {kind}, not a regular file, and stays as it is")
        return found

    def _final_mode(self, handle: int) -> int:
        found = self._replaced()
        if found is None or self._owner:
            return self._mode & ~_umask()
        mode = found.st_mode & 0o777
        if found.st_gid != os.fstat(handle).st_gid:
            try:
                os.fchown(handle, -1, found.st_gid)
            except OSError:
                # The group cannot be kept: the file's new group gets no more than everybody.
                mode &= 0o707 | (mode & 0o007) << 3
        return mode if found.st_uid == os.geteuid() else mode & ~_umask()


class _Raw(io.FileIO):
    """A file whose failed writes raise WarehouseError, so that they can be told from the block's
    own errors."""

    def __init__(self, handle: int, part: UnfinishedFile) -> None:
        super().__init__(handle, "w")
        self._part = part

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise self._part.failed(error) from None


def _new_name() -> str:
    return f".news-growth-{secrets.token_hex(8)}.part"


def _lock(handle: int) -> None:
    """Wait for a file's lock; go on without where the file system has no locks."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def _remove_left_over(folder: int) -> None:
    """Delete what killed writers have left: this user's unfinished files whose lock is free."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _UNFINISHED.fullmatch(entry.name)]
    for name in names:
        # A file that cannot be read, locked or deleted stays.
        with contextlib.suppress(OSError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode) or os.geteuid() not in (0, found.st_uid):
                continue
            handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(handle)


def _umask() -> int:
    # Reading the umask means setting it: to the strictest, because other threads may make files.
    found = os.umask(0o077)
    os.umask(found)
    return found
