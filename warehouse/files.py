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
    """Write a file whole, as ``replacing`` does."""
    with replacing(path, mode=mode, remedy=remedy, owner=owner) as file:
        file.write(content)


@contextmanager
def scratch(path: Path, *, remedy: str = "") -> Iterator[IO[bytes]]:
    """Give a file beside ``path`` that is gone after the block: ``fileno()`` can be read too."""
    part = UnfinishedFile(path, 0o600, remedy, None)
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


def _take_places(parts: Sequence[UnfinishedFile]) -> None:
    """Give all files their names, or none."""
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
