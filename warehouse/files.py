"""The one writer of files: whoever looks, also after a crash, sees the old file or the new one.

A new file grows beside the one that it replaces, under a name that nobody can guess and for its
writer's eyes only. When it is whole it is synced to the disk and takes the other's name; after any
failure it is gone, and what was there is as it was. A writer holds a lock on its unfinished file
until it ends, however it ends: what a killed one has left is known by its name and its free lock,
and the next writer in that folder removes it.

Only regular files are replaced. Whoever may write in a folder may replace the files in it, as with
`mv`. Every failure is a WarehouseError of one line.
"""

import contextlib
import errno
import fcntl
import io
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from console.errors import WarehouseError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_UNFINISHED = re.compile(r"\.news-growth-[0-9a-f]{16}\.part")
_MOST_LINKS = 40
# Answers of file systems that cannot sync a folder; what is renamed is renamed.
_NO_SYNC = (errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP)

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o644, remedy: str = "", owner: tuple[int, int] | None = None
) -> Iterator[IO[bytes]]:
    """Give a file to write into; it becomes ``path`` when the block has ended well.

    A symbolic link is followed to the file that it names, which is replaced beside itself; not one
    that names nothing, nor one of another user's, wherever in the path it stands.

    mode: of a new file, less what the umask takes away; an existing file's mode and group stay.
    remedy: what to do if it cannot be written, which ends the error's line, for example "give
    another file with --out".
    owner: user and group to own the file, for root in a folder of theirs. Then no link is followed,
    neither the file nor its folder, and the folder has to be that user's.

    The block may also write through ``fileno()``, after a flush. Raises WarehouseError where the
    file cannot be written; what else the block raises is passed on as it is.
    """
    with replacing_together([path], mode=mode, remedy=remedy, owner=owner) as [file]:
        yield file


@contextmanager
def replacing_together(
    paths: Sequence[Path],
    *,
    mode: int = 0o644,
    remedy: str = "",
    owner: tuple[int, int] | None = None,
) -> Iterator[list[IO[bytes]]]:
    """Give files to write into, as ``replacing`` does: they become ``paths`` all or not at all."""
    parts = [_Part(path, mode, remedy, owner) for path in paths]
    try:
        for part in parts:
            part.open()
        yield [part.file for part in parts]
        for part in parts:
            part.finish()
        _take_places(parts)
    finally:
        for part in parts:
            part.discard()


def write(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o644,
    remedy: str = "",
    owner: tuple[int, int] | None = None,
) -> None:
    """Write a file whole, as ``replacing`` does."""
    with replacing(path, mode=mode, remedy=remedy, owner=owner) as file:
        file.write(content)


@contextmanager
def scratch(path: Path, *, remedy: str = "") -> Iterator[IO[bytes]]:
    """Give a file beside ``path`` that is gone after the block: ``fileno()`` can be read too."""
    part = _Part(path, 0o600, remedy, None)
    try:
        part.open()
        yield part.file
    finally:
        part.discard()


def check(path: Path, *, remedy: str = "") -> None:
    """Make sure that a file could be written to ``path``. Raises WarehouseError."""
    with scratch(path, remedy=remedy):
        pass


def make_folder(folder: Path, *, mode: int = 0o777, remedy: str = "") -> None:
    """Make a folder if absent, and those that it lies in; ``mode`` is its own, less the umask's.
    Raises WarehouseError."""
    try:
        refuse_foreign_link(folder, remedy)
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise failure(folder, error, remedy, "made") from None


def refuse_foreign_link(path: Path, remedy: str = "", *, trusted: int = 0) -> None:
    """Raise WarehouseError where a path leads through a symbolic link of another user's, who could
    have it lead anywhere. Links of root, of this user and of the user ``trusted`` may stay."""
    steps = list(reversed(path.absolute().parts))
    here = Path("/")
    links = 0
    while steps:
        step = steps.pop()
        # No link is in the path so far, so that this is where the system would go, too.
        place = here.parent if step == ".." else here / step
        try:
            found = place.lstat()
        except OSError:
            return  # nothing is there, or it may not be seen: whoever opens it learns why
        if not stat.S_ISLNK(found.st_mode):
            here = place
            continue
        if found.st_uid not in (0, os.geteuid(), trusted):
            what = "is" if place == path else f"leads through {place},"
            raise WarehouseError(
                f"{path} {what} a symbolic link of another user's, which is not followed; "
                f"{remedy or 'name another file'}"
            )
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        steps.extend(reversed(place.readlink().parts))


def failure(
    path: Path, error: OSError | ValueError, remedy: str = "", done: str = "written"
) -> WarehouseError:
    """Return the one line for a file that cannot be written."""
    line = f"{path} cannot be {done}: {reason(path, error)}"
    return WarehouseError(f"{line}; {remedy}" if remedy else line)


def reason(path: Path, error: OSError | ValueError) -> str:
    """Return why a file at ``path`` cannot be written, in words; of a disk, which one it is."""
    if isinstance(error, ValueError):
        return "no path can hold such characters"
    match error.errno:
        case errno.ENOSPC:
            return f"{_disk(path)} is full: {_free(path)}"
        case errno.EDQUOT:
            return f"{_disk(path)} has no room left for this user, whose quota is used up"
        case errno.EROFS:
            return f"{_disk(path)} is read-only"
        case errno.EFBIG:
            return f"{error.strerror}: `ulimit -f` or the file system allows no more"
        case errno.ENAMETOOLONG:
            return f"{error.strerror}: a shorter one is needed"
        case errno.ENOENT if not _is_folder(path.parent):
            return f"there is no folder {path.parent}"
        case errno.ENOTDIR | errno.EEXIST:
            there = _existing(path)
            return f"{'it' if there == path else there} is not a folder"
        case errno.ELOOP:
            return "its symbolic links lead in a circle"
        case errno.EACCES | errno.EPERM:
            folder = path if _is_folder(path) else _existing(path.parent)
            return f"this user may not write in {folder} ({error.strerror})"
    return error.strerror or str(error)


def _is_folder(path: Path) -> bool:
    # Path.is_dir() raises an error where this user may not look.
    return os.path.isdir(path)  # noqa: PTH112


def _existing(path: Path) -> Path:
    """Return the part of a path that is there."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _disk(path: Path) -> str:
    folder = _existing(path.parent)
    mount = folder.resolve()
    while not mount.is_mount() and mount != mount.parent:
        mount = mount.parent
    return f"the disk of {folder} (mounted at {mount})"


def _free(path: Path) -> str:
    folder = _existing(path.parent)
    try:
        if os.statvfs(folder).f_favail == 0 < os.statvfs(folder).f_files:
            return "it holds as many files as it can"
        return f"{shutil.disk_usage(folder).free / 1e6:.0f} MB free"
    except OSError:
        return "no space left"


def _take_places(parts: Sequence["_Part"]) -> None:
    """Give all files their names, or none."""
    begun: list[_Part] = []
    try:
        for part in parts:
            begun.append(part)
            part.take_place(keep_old=len(parts) > 1)
    except BaseException:
        for part in reversed(begun):
            part.put_back()
        raise
    for part in parts:
        part.sync_folder()


class _Part:
    """An unfinished file beside the one that it is to replace."""

    def __init__(self, path: Path, mode: int, remedy: str, owner: tuple[int, int] | None) -> None:
        self._path, self._mode, self._remedy, self._owner = path, mode, remedy, owner
        self._folder = -1  # all is done relative to it, wherever the path leads by then
        self._name = ""
        self._unfinished = ""
        self._old = ""
        self._old_handle = -1
        self.file: IO[bytes]

    def open(self) -> None:
        with self._told():
            target = self._path if self._owner else self._followed()
            self._name = target.name or "."  # of the root, and of an empty path
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
                # Before the lock was taken, another writer may have taken the file for left over.
                if os.fstat(handle).st_nlink:
                    break
                self.file.close()
            # A full disk is found now, not after what may take minutes to compute.
            os.write(handle, b"0")
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)

    def finish(self) -> None:
        """See to it that all is on the disk, for whom it is meant."""
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
        # Not all file systems know hard links: there the new file stays, which is whole.
        with contextlib.suppress(OSError):
            os.link(
                self._name, self._old, src_dir_fd=self._folder, dst_dir_fd=self._folder,
                follow_symlinks=False,
            )  # fmt: skip
            self._old_handle = os.open(self._old, os.O_RDONLY, dir_fd=self._folder)
            _lock(self._old_handle)

    def put_back(self) -> None:
        """Undo ``take_place``, whether it was done or not."""
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
        """Close all; remove what has not become the file."""
        if hasattr(self, "file"):
            with contextlib.suppress(OSError, WarehouseError):
                self.file.close()  # tries once more to write the rest
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
        """Return the path without links in its last part."""
        refuse_foreign_link(self._path, self._remedy)
        path = self._path
        for _ in range(_MOST_LINKS):
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
        """Return what is known of the file that is replaced, None where there is none."""
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
                # What its group might do is not for this user's.
                mode &= 0o707 | (mode & 0o007) << 3
        return mode if found.st_uid == os.geteuid() else mode & ~_umask()


class _Raw(io.FileIO):
    """A file whose writes fail with one line, so that other errors of a block are not taken for
    its own."""

    def __init__(self, handle: int, part: _Part) -> None:
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
    """Wait for a file's lock; without it where the file system has none."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def _remove_left_over(folder: int) -> None:
    """Remove what killed writers have left: unfinished files of this user whose lock is free."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _UNFINISHED.fullmatch(entry.name)]
    for name in names:
        # Where one cannot be looked at, locked or removed, it stays.
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
    # It can only be read by setting it: to the strictest, for the files of other threads.
    found = os.umask(0o077)
    os.umask(found)
    return found
