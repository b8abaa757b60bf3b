"""The folder of a warehouse: checks its path, its owner and its content, and deletes it."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import WarehouseError
from warehouse.embedded import as_root, programs
from warehouse.embedded.programs import PORT
from warehouse.file_errors import refuse_foreign_link

# struct sockaddr_un's sun_path holds 108 bytes on Linux and 104 on macOS, one of them a NUL.
SOCKET_PATH_BYTES = 103 if os.uname().sysname == "Darwin" else 107

# All that a warehouse's folder can hold; "data.new" while the data folder is being created.
OWN_FILES = {"data", "data.new", "server.log", f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"}
SETTINGS_FILE = "warehouse.conf"


def socket_path(folder: Path) -> Path:
    """Return the path of the server's socket."""
    return folder / f".s.PGSQL.{PORT}"


def check_path(folder: Path) -> None:
    """Raise WarehouseError for a path that Postgres or its clients cannot use."""
    example = f"for example export WAREHOUSE_DIR={Path.home() / '.news-growth'}"
    path = os.fsencode(folder)
    length = len(os.fsencode(socket_path(folder)))
    if length > SOCKET_PATH_BYTES:
        raise WarehouseError(
            f"the path {socket_path(folder)} has {length} bytes, too many for a Unix socket "
            f"(at most {SOCKET_PATH_BYTES}): keep the warehouse in a folder with a shorter path, "
            f"{example}"
        )
    if b"," in path:
        problem = "has a comma, which separates hosts in PGHOST"
    elif b"\n" in path:
        problem = "has a line break, which Postgres's own files cannot hold"
    elif not _is_utf8(path):
        problem = "is not UTF-8, which Postgres's clients need"
    elif folder.name in ("", ".."):
        problem = "does not end in the name of a folder"
    else:
        return
    raise WarehouseError(f"the path {folder} {problem}: keep the warehouse elsewhere, {example}")


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_contents(folder: Path) -> None:
    """Raise WarehouseError for another user's folder, or for one that is not a warehouse's."""
    with one_line_errors(folder):
        exists = folder.exists()
        refuse_foreign_link(
            folder,
            "choose a folder of your own with WAREHOUSE_DIR",
            # A user's link to their own warehouse is followed, by root too.
            trusted=folder.stat().st_uid if exists else 0,
        )
        if not exists:
            return
        owner = folder.stat().st_uid
        is_root = os.geteuid() == 0
        if not is_root and owner != os.geteuid():
            raise as_root.foreign_folder(folder, owner)
        names = {path.name for path in folder.iterdir()}
        is_warehouse = (folder / "data" / SETTINGS_FILE).exists()
    others = sorted(names - OWN_FILES)
    if "data" in names and not is_warehouse:
        others.append("a data folder of something else")
    if others and not is_warehouse:
        raise WarehouseError(
            f"{folder} is not a warehouse's folder: it holds {others[0]}"
            f"{f' and {len(others) - 1} more' if len(others) > 1 else ''}; nothing was changed; "
            "give a new or an empty folder as WAREHOUSE_DIR"
        )
    # Root may use another user's warehouse, as that user, but takes none of their other folders.
    if is_root and not is_warehouse and as_root.is_another_users(owner):
        raise as_root.foreign_folder(folder, owner)


@contextmanager
def one_line_errors(folder: Path) -> Iterator[None]:
    """Turn the system's errors in the block into WarehouseErrors of one line."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WarehouseError(programs.full_disk(folder, f"{error.strerror}{where}")) from None
        raise WarehouseError(
            f"the folder {folder} cannot hold the warehouse: {error.strerror}{where}; "
            "give a folder of your own as WAREHOUSE_DIR"
        ) from None


def delete(folder: Path) -> list[str]:
    """Delete a warehouse's files, and its folder if nothing else is in it. Returns the names of
    what is left, and where links among the warehouse's files lead: what they lead to stays."""
    real = folder.resolve()
    left = []
    if real.is_dir():
        own = [real / name for name in OWN_FILES]
        left += [str(path.resolve()) for path in own if path.is_symlink()]
        # The data first, renamed: if this is interrupted, what is left counts as incomplete.
        delete_names(real, {"data.new"})
        if (real / "data").is_dir() and not (real / "data").is_symlink():
            (real / "data").rename(real / "data.new")
        delete_names(real, OWN_FILES)
        others = sorted(path.name for path in real.iterdir())
        if others:
            return left + others
        try:
            real.rmdir()
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EACCES, errno.EPERM):
                raise
            return left  # the folder is a mounted disk, or its parent may not be changed
    if folder.is_symlink():
        folder.unlink()
    return left


def delete_names(folder: Path, names: set[str]) -> None:
    """Delete files and folders of these names in a folder; of a link, the link alone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name in names & {path.name for path in folder.iterdir()}:
            if stat.S_ISDIR(os.lstat(name, dir_fd=descriptor).st_mode):
                shutil.rmtree(name, dir_fd=descriptor)
            else:
                os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)
