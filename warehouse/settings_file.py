"""Reads small text files that people write: ``.env``, and the file of an API's key."""

import codecs
import os
import select
import stat
from pathlib import Path

_LARGEST = 1 << 20
_PATIENCE_SECONDS = 10
_SAVE_AS_UTF8 = "save it as UTF-8 text"


class UnreadableError(Exception):
    """Says in one line why a file cannot be read, and what to do."""


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark. It may be a named pipe:
    shells and password managers hand secrets over that way.

    Raises UnreadableError, or FileNotFoundError where nothing has that name.
    """
    try:
        content = _read(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise UnreadableError(
                f"it is a symbolic link to {path.readlink()}, which is not there: mend it"
            ) from None
        raise
    except OSError as error:
        raise UnreadableError(f"{error.strerror}: give this user the right to read it") from None
    except ValueError:
        raise UnreadableError("no path can hold such characters: correct it") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError(f"it is UTF-16 text, not UTF-8: {_SAVE_AS_UTF8}")
    if b"\0" in content:
        halves = max(content[::2].count(0), content[1::2].count(0))
        if halves * 4 > len(content):
            raise UnreadableError(
                f"it is UTF-16 text without a byte order mark, not UTF-8: {_SAVE_AS_UTF8}"
            )
        line = _line(content, content.index(0))
        raise UnreadableError(f"there is a NUL byte in line {line}: {_SAVE_AS_UTF8}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise UnreadableError(
            f"the byte 0x{byte:02x} in line {_line(error.object, error.start)} is not UTF-8, but "
            f"perhaps Latin-1 or Windows-1252: {_SAVE_AS_UTF8}"
        ) from None


def _line(content: bytes, place: int) -> int:
    return content[:place].count(b"\n") + 1


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK, a pipe that nobody writes into would hang the command.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise UnreadableError("it is a folder, not a file: remove it, or name a file")
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        content = b""
        while poll.poll(_PATIENCE_SECONDS * 1000):
            block = os.read(handle, _LARGEST)
            content += block
            if len(content) > _LARGEST:
                raise UnreadableError("it is larger than 1 MB: name another file")
            if not block:
                return content
        raise UnreadableError(f"nobody wrote into this pipe for {_PATIENCE_SECONDS} seconds")
    finally:
        os.close(handle)
