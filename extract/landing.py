"""Folders of month files: ``YYYY-MM.json`` or ``YYYY-MM.json.gz``, one response each.

A month that `extract fetch` landed has a sidecar, ``YYYY-MM.json.gz.meta``: when it was fetched,
its length and digest uncompressed, and what the API's headers said.
"""

import gzip
import hashlib
import zlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from warehouse.errors import WarehouseError
from warehouse.files import check, make_folder, replacing_together
from warehouse.months import format_month, next_month, parse_month

_REMEDY = "what was there stays; give another folder with --to"

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


@dataclass(frozen=True)
class Sidecar:
    """What is known of a landed response besides its bytes."""

    fetched_at: Annotated[datetime, msgspec.Meta(tz=True)]
    sha256: str
    bytes: int
    headers: dict[str, str]


@dataclass(frozen=True)
class LandedMonth:
    """A month's file in a landing zone: when it was fetched, and its size on disk in bytes."""

    month: date
    path: Path
    fetched_at: datetime
    size: int

    @property
    def is_final(self) -> bool:
        """Whether the archive's index of the month was complete when it was fetched."""
        return self.fetched_at.date() >= final_from(self.month)


def final_from(month: date) -> date:
    """Return the day from which a fetched month is final: the archive's index lags two to four
    weeks, so the month itself and the two after it must have ended."""
    return next_month(next_month(next_month(month)))


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
    sha256 = hashlib.sha256(body).hexdigest()
    sidecar = read_sidecar(path)
    if sidecar is not None and sidecar.sha256 == sha256:
        return Landed(body, sha256, sidecar.fetched_at)
    return Landed(body, sha256, datetime.fromtimestamp(modified, UTC))


def prepare(folder: Path) -> None:
    """Make the landing zone, before a request is spent on what it cannot take.

    Raises LandingError.
    """
    try:
        make_folder(folder, remedy=_REMEDY)
        check(folder / "YYYY-MM.json.gz", remedy=_REMEDY)
    except WarehouseError as error:
        raise LandingError(str(error)) from None


def land_month(folder: Path, month: date, body: bytes, sidecar: Sidecar) -> Path:
    """Put a response into the landing zone, whole or not at all. Raises LandingError."""
    path = folder / f"{format_month(month)}.json.gz"
    try:
        make_folder(folder, remedy=_REMEDY)
        compressed = gzip.compress(body, compresslevel=6, mtime=0)
        with replacing_together([path, _sidecar_path(path)], remedy=_REMEDY) as [
            month_file,
            sidecar_file,
        ]:
            month_file.write(compressed)
            sidecar_file.write(msgspec.json.encode(asdict(sidecar)))
    except WarehouseError as error:
        raise LandingError(str(error)) from None
    return path


def landed_month(folder: Path, month: date) -> LandedMonth | None:
    """Return what the landing zone has of a month, None where it has nothing. The file is not read:
    a sidecar is believed if it is as new as the file."""
    path = folder / f"{format_month(month)}.json.gz"
    try:
        file = path.stat()
    except OSError:  # nothing there, or no way there
        return None
    sidecar = read_sidecar(path)
    fetched_at = sidecar.fetched_at if sidecar else datetime.fromtimestamp(file.st_mtime, UTC)
    return LandedMonth(month, path, fetched_at, file.st_size)


def read_sidecar(path: Path) -> Sidecar | None:
    """Return a month file's sidecar, None where there is none or it is an older file's."""
    sidecar = _sidecar_path(path)
    try:
        if sidecar.stat().st_mtime_ns < path.stat().st_mtime_ns:
            return None
        return msgspec.json.decode(sidecar.read_bytes(), type=Sidecar)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sidecar_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.meta")
