"""Folders of month files: ``YYYY-MM.json`` or ``YYYY-MM.json.gz``, one response each."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from warehouse.months import parse_month

GZIP_MAGIC = b"\x1f\x8b"


class LandingError(Exception):
    """Why a file or folder cannot be read, in one line."""


@dataclass(frozen=True)
class MonthFile:
    """A month's response on disk."""

    month: date
    path: Path


@dataclass(frozen=True)
class Landed:
    """A response as read: its bytes uncompressed, their SHA-256 in hex, when it was fetched."""

    body: bytes
    sha256: str
    fetched_at: datetime


def find_month_files(
    folder: Path, start: date | None, end: date | None
) -> tuple[list[MonthFile], list[tuple[Path, str]]]:
    """Return the month files of ``folder`` from ``start`` to ``end``, oldest first.

    The second list names the JSON files that are not usable as a month, each with the reason; other
    files are passed over. Raises LandingError where the folder cannot be read.
    """
    if not folder.is_dir():
        raise LandingError(f"{folder} is not a folder: give one that holds YYYY-MM.json[.gz] files")
    files: dict[date, MonthFile] = {}
    problems: list[tuple[Path, str]] = []
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise LandingError(f"{folder} cannot be read: {error.strerror}") from None
    for path in paths:
        stem = path.name.removesuffix(".gz").removesuffix(".json")
        if path.name not in (f"{stem}.json", f"{stem}.json.gz"):
            continue
        try:
            month = parse_month(stem)
        except ValueError:
            problems.append((path, "not a month's name: rename it to YYYY-MM.json[.gz]"))
            continue
        if (start and month < start) or (end and month > end):
            continue
        if month in files:
            problems.append((path, f"the same month as {files[month].path.name}: remove one"))
            continue
        files[month] = MonthFile(month, path)
    return list(files.values()), problems


def read_month_file(path: Path) -> Landed:
    """Read a response, compressed or not. Raises LandingError."""
    try:
        body = path.read_bytes()
        modified = path.stat().st_mtime
        if body.startswith(GZIP_MAGIC):
            body = gzip.decompress(body)
    except EOFError:
        raise LandingError("truncated: the gzip file breaks off; download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise LandingError(f"broken gzip: {error}") from None
    except OSError as error:
        raise LandingError(f"cannot be read: {error.strerror}") from None
    return Landed(body, hashlib.sha256(body).hexdigest(), datetime.fromtimestamp(modified, UTC))
