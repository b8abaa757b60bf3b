"""How files are written: whoever looks, also after a crash, sees the old file or the whole new one.

The new file is written beside the old one, under a name that nobody can guess, and only its writer
can read it. Once it is whole it is synced to the disk and takes the old one's name. After any
failure it is deleted, and the old file is as it was.

A writer locks its unfinished file. When the writer is killed the system frees the lock, so the next
writer in that folder knows the file by its name and its free lock, and deletes it.

Only regular files are replaced. Whoever may write in a folder may replace the files in it, as with
`mv`. Every failure is a WarehouseError of one line.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from warehouse.file_errors import failure, refuse_foreign_link
from warehouse.unfinished_file import UnfinishedFile


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o644, remedy: str = "", owner: tuple[int, int] | None = None
) -> Iterator[IO[bytes]]:
    """Open a file to write into; it becomes ``path`` when the block ends without an error.

    Where ``path`` is a symbolic link, the file that it leads to is replaced. Broken links, and
    other users' links anywhere in the path, are refused.

    mode: permissions of a new file, before the umask; a file that is replaced keeps its mode and
    group.
    remedy: what to do if the file cannot be written; it ends the error's line, for example "give
    another file with --out".
    owner: user and group of the file, where root writes into that user's folder. The folder has to
    be that user's, and no link is followed.

    The block may also write to ``fileno()``, after a flush. Raises WarehouseError where the file
    cannot be written; other errors of the block are passed on.
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
    """Open files to write into, as ``replacing`` does: all of them become ``paths``, or none."""
    parts = [UnfinishedFile(path, mode, remedy, owner) for path in paths]
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
    """Write a whole file, as ``replacing`` does."""
    with replacing(path, mode=mode, remedy=remedy, owner=owner) as file:
        file.write(content)


@contextmanager
def scratch(path: Path, *, remedy: str = "") -> Iterator[IO[bytes]]:
    """Open a file beside ``path`` that is deleted after the block; ``fileno()`` can be read too."""
    part = UnfinishedFile(path, 0o600, remedy, None)
    try:
        part.open()
        yield part.file
    finally:
        part.discard()


def check(path: Path, *, remedy: str = "") -> None:
    """Raise WarehouseError where no file could be written to ``path``."""
    with scratch(path, remedy=remedy):
        pass


def make_folder(folder: Path, *, mode: int = 0o777, remedy: str = "") -> None:
    """Make a folder and its parents, where they are missing; ``mode``, less the umask, is for the
    folder itself. Raises WarehouseError."""
    try:
        refuse_foreign_link(folder, remedy)
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise failure(folder, error, remedy, "made") from None


def _take_places(parts: Sequence[UnfinishedFile]) -> None:
    """Rename all files to their final names, or none."""
    begun: list[UnfinishedFile] = []
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
