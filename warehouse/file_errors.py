"""Says in one line why a file cannot be written, and refuses other users' symbolic links."""

import errno
import os
import shutil
import stat
from pathlib import Path

from console.errors import WarehouseError

MOST_LINKS = 40


def refuse_foreign_link(path: Path, remedy: str = "", *, trusted: int = 0) -> None:
    """Raise WarehouseError where a path leads through another user's symbolic link: they could make
    it lead anywhere. Links of root, of this user and of the user ``trusted`` are followed."""
    steps = list(reversed(path.absolute().parts))
    here = Path("/")
    links = 0
    while steps:
        step = steps.pop()
        # ``here`` holds no link, so ".." leads to its parent.
        place = here.parent if step == ".." else here / step
        try:
            found = place.lstat()
        except OSError:
            return  # nothing is there, or this user may not look: opening the file says why
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
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        steps.extend(reversed(place.readlink().parts))


def failure(
    path: Path, error: OSError | ValueError, remedy: str = "", done: str = "written"
) -> WarehouseError:
    """Return the error for a file that cannot be written."""
    line = f"{path} cannot be {done}: {reason(path, error)}"
    return WarehouseError(f"{line}; {remedy}" if remedy else line)


def reason(path: Path, error: OSError | ValueError) -> str:
    """Return in words why ``path`` cannot be written, with the disk where that is the reason."""
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
    # Path.is_dir() raises an error where this user may not look into the parent folder.
    return os.path.isdir(path)  # noqa: PTH112


def _existing(path: Path) -> Path:
    """Return the longest part of a path that exists."""
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
