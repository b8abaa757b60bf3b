"""Folders of month files: ``YYYY-MM.json`` or ``YYYY-MM.json.gz``, one response each.

A month that `extract fetch` landed has a sidecar, ``YYYY-MM.json.gz.meta``: when it was fetched,
its length and digest uncompressed, and what the API's headers said.
"""

import gzip
import hashlib
import os
import re
import stat
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from console.errors import WarehouseError
from console.months import format_month, next_month, parse_month
from console.outlets import OUTLETS, Outlet
from extract.documents import Response
from extract.masking import MASK, masked
from extract.size_limits import GZIP_MAGIC, UnpackedLimit, UnpackError, unpack
from warehouse.files import check, make_folder, replacing_together
from warehouse.settings import PROJECT_DIR

_REMEDY = "what was there stays; give another folder with --to"


def landing_dir(outlet: Outlet) -> Path:
    """Return an outlet's landing zone where no other is named: NYT_LANDING_DIR for one, without it
    data/nyt beside the project's files."""
    named = os.environ.get(outlet.variable("LANDING_DIR"))
    return Path(named) if named else PROJECT_DIR / "data" / outlet.short


class LandingError(Exception):
    """Why a file or folder cannot be read, in one line."""


@dataclass(frozen=True)
class Landed:
    """A month's bytes uncompressed, their SHA-256 in hex, when they were fetched; and what they
    hold, where somebody has read that already."""

    body: bytes = field(repr=False)
    sha256: str
    fetched_at: datetime
    response: Response | None = None


@dataclass(frozen=True)
class MonthFile:
    """A month's response on disk; and in memory, where it has just been written."""

    month: date
    path: Path
    landed: Landed | None = None

    def read(self, limit: UnpackedLimit) -> Landed:
        """Return what the file holds. Raises LandingError."""
        return self.landed or read_month_file(self.path, limit)


@dataclass(frozen=True)
class Sidecar:
    """What is known of a landed response, apart from its bytes."""

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

    The second list has every other file that looks like a month or like JSON, with the reason why
    it is passed over and what to do; its names are without keys. Files of other kinds are ignored.
    Raises LandingError where the folder cannot be read.
    """
    if not folder.is_dir():
        shown = shown_name(str(folder))
        raise LandingError(f"{shown} is not a folder: give one that holds YYYY-MM.json[.gz] files")
    files: dict[date, MonthFile] = {}
    problems: list[tuple[Path, str]] = []
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise LandingError(f"{folder} cannot be read: {error.strerror}") from None
    for path in paths:
        month, problem = _judge_name(path.name)
        if not _is_within(month, start, end):
            continue
        if month is not None or problem:
            problem = _not_a_file(path) or problem
        problem = _folder_of_months(path, start, end) or problem
        if month in files and not problem:
            problem = f"the same month as {files[month].path.name}: remove one"
        if problem:
            problems.append((path.with_name(shown_name(path.name)), f"passed over: {problem}"))
        elif month is not None:
            files[month] = MonthFile(month, path)
    return list(files.values()), problems


def _is_within(month: date | None, start: date | None, end: date | None) -> bool:
    return month is None or not ((start and month < start) or (end and month > end))


# A URL's query, which wget leaves in the names of files; on Windows it writes @ for ?.
_QUERY = re.compile(r"(?:\?|%3F|@)[^?@=]*?(?:=|%3D).*", re.IGNORECASE | re.DOTALL)
_KEY = re.compile(r"(api[-_]?key(?:=|%3D))[^&]*", re.IGNORECASE | re.DOTALL)


def shown_name(name: str) -> str:
    """Return a file's name without the key that wget leaves in it."""
    return masked(_KEY.sub(rf"\g<1>{MASK}", name))


# What comes before a year and a month, both however they are joined, and what follows: 202207.json,
# 2022_5.jsonl, nyt-2022-05.
_LIKE_A_MONTH = re.compile(
    r"([^0-9]*)([0-9]{4})[-_ .]?([0-9]{1,2})(?![0-9]|[-_ ][0-9])(.*)", re.DOTALL
)
# Names of folders and packed files that may hold months.
_LIKE_MONTHS = re.compile(
    r"\A[0-9]{4}(?=\.|\Z)|[-_=][0-9]{4}\Z|times|archive|month|"
    + "|".join(outlet.short for outlet in OUTLETS),
    re.IGNORECASE,
)
_LIKE_JSON = re.compile(r".*\.(json|jsonl|ndjson)(\.[a-z0-9]{1,5})?", re.IGNORECASE | re.DOTALL)
_PACKED = (
    ".zip", ".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".7z", ".rar", ".tar", ".tgz", ".z",
)  # fmt: skip
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")
_UNPACK = "only .json and .json.gz are read: unpack it, a file YYYY-MM.json a month"
_A_NAME = "not a month's name: rename it to YYYY-MM.json[.gz]"


def _judge_name(name: str) -> tuple[date | None, str]:
    """Return the month that a file's name stands for, if that is clear, and what is wrong with
    the name; None and an empty text where it looks neither like a month nor like JSON."""
    if name.startswith(".") or name.endswith(".meta"):
        return None, ""
    saved_as = _QUERY.sub("", name)
    if saved_as != name:
        month, problem = _judge_name(saved_as)
        if month is not None or problem:
            return month, problem or f"not a month's name: rename it to {saved_as}"
    is_json = _LIKE_JSON.fullmatch(name) is not None
    like = _LIKE_A_MONTH.fullmatch(name)
    is_packed = name.lower().endswith(_PACKED)
    if like is None or not (is_json or _may_be_a_month(like[1], like[4], is_packed)):
        if is_packed and not is_json and _LIKE_MONTHS.search(name):
            return None, _UNPACK
        return None, _A_NAME if is_json else ""
    written, kind = f"{like[2]}-{int(like[3]):02d}", like[4].lower()
    try:
        month = parse_month(written)
    except ValueError as error:
        is_month = 1 <= int(like[3]) <= 12 and like[2] != "0000"
        return None, str(error) if is_month else _A_NAME
    if name in (f"{written}.json", f"{written}.json.gz"):
        if month > _latest_month():
            return month, "the month has not begun: see what the file is, and rename it"
        return month, ""
    return month, _way(written, kind)


def _may_be_a_month(before: str, after: str, is_packed: bool) -> bool:
    """Tell whether a name that contains a month, but does not end like JSON, may be that of a
    month's file."""
    if before and not is_packed:
        return after == "" and _LIKE_MONTHS.search(before) is not None
    return after == "" or after.startswith(".")


def _way(written: str, kind: str) -> str:
    """Say what is wrong with a name that is almost that of a month's file, and what to do."""
    for ending in (".json", ".json.gz"):
        if kind.endswith(ending):
            return f"not a month's name: rename it to {written}{ending}"
    if kind.endswith(_UNFINISHED):
        return "a download that has not ended: download it again"
    if kind.endswith(_PACKED):
        return f"only .json and .json.gz are read: unpack it to {written}.json"
    return (
        "only .json and .json.gz are read: if it is a response of the Archive API, rename it to "
        f"{written}.json"
    )


def _latest_month() -> date:
    """Return the month in progress, anywhere on Earth."""
    return (datetime.now(UTC) + timedelta(hours=14)).date().replace(day=1)


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _not_a_file(path: Path) -> str:
    """Say why a path cannot be read as a file, and what to do; an empty text where it can."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            return "a link that leads nowhere: link it to the month's file, or remove it"
        return "not there any more"
    except OSError as error:
        return f"cannot be read ({error.strerror}): make it readable, or remove it"
    if stat.S_ISREG(mode):
        return ""
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return f"{kind}, not a file: put the month's file in its place, or remove it"


def _folder_of_months(path: Path, start: date | None, end: date | None) -> str:
    """Say what to do with a folder inside the folder, if it holds months; else an empty text."""
    if path.name.startswith(".") or not _LIKE_MONTHS.search(path.name) or not path.is_dir():
        return ""
    try:
        judged = [_judge_name(inner.name) for inner in path.iterdir()]
    except OSError as error:
        return f"a folder that cannot be read ({error.strerror}): make it readable, or remove it"
    if any((month or problem) and _is_within(month, start, end) for month, problem in judged):
        return "a folder that holds months' files: give that folder with --from"
    return ""


def read_month_file(path: Path, limit: UnpackedLimit) -> Landed:
    """Read a response, compressed or not. Raises LandingError."""
    body, modified = _read_file(path, limit)
    if body.startswith(GZIP_MAGIC):
        try:
            body = unpack(body, limit)
        except UnpackError as error:
            raise LandingError(str(error)) from None
    sha256 = hashlib.sha256(body).hexdigest()
    sidecar = read_sidecar(path)
    if sidecar is not None and sidecar.sha256 == sha256:
        return Landed(body, sha256, sidecar.fetched_at)
    return Landed(body, sha256, datetime.fromtimestamp(modified, UTC))


def _read_file(path: Path, limit: UnpackedLimit) -> tuple[bytes, float]:
    """Return a file's bytes and when it was last changed. A pipe does not block this."""
    problem = _not_a_file(path)
    if problem:
        raise LandingError(problem)
    try:
        # Since the check above it may have become a pipe: do not wait for someone to write to it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            state = os.fstat(file.fileno())
            body = file.read(min(state.st_size, limit.bytes) + 1)
    except OSError as error:
        raise LandingError(
            f"cannot be read: {error.strerror}: see its permissions and its disk"
        ) from None
    if len(body) > limit.bytes:
        raise LandingError(limit.exceeded())
    return body, state.st_mtime


def prepare(folder: Path) -> None:
    """Create the landing zone and check that it can be written to, before a request is spent.

    Raises LandingError.
    """
    try:
        make_folder(folder, remedy=_REMEDY)
        check(folder / "YYYY-MM.json.gz", remedy=_REMEDY)
    except WarehouseError as error:
        raise LandingError(str(error)) from None


def land_month(folder: Path, month: date, landed: Landed, headers: dict[str, str]) -> MonthFile:
    """Write a response into the landing zone, completely or not at all. Raises LandingError."""
    sidecar = Sidecar(landed.fetched_at, landed.sha256, len(landed.body), headers)
    path = folder / f"{format_month(month)}.json.gz"
    try:
        make_folder(folder, remedy=_REMEDY)
        compressed = gzip.compress(landed.body, compresslevel=6, mtime=0)
        with replacing_together([path, _sidecar_path(path)], remedy=_REMEDY) as [
            month_file,
            sidecar_file,
        ]:
            month_file.write(compressed)
            sidecar_file.write(msgspec.json.encode(asdict(sidecar)))
    except WarehouseError as error:
        raise LandingError(str(error)) from None
    return MonthFile(month, path, landed)


def landed_month(folder: Path, month: date) -> LandedMonth | None:
    """Return a month's file in the landing zone, None where there is none. The file is not read:
    its sidecar counts if it is as new as the file."""
    path = folder / f"{format_month(month)}.json.gz"
    try:
        file = path.stat()
    except OSError:  # it does not exist, or its folder cannot be read
        return None
    sidecar = read_sidecar(path)
    fetched_at = sidecar.fetched_at if sidecar else datetime.fromtimestamp(file.st_mtime, UTC)
    return LandedMonth(month, path, fetched_at, file.st_size)


def read_sidecar(path: Path) -> Sidecar | None:
    """Return a month file's sidecar; None where there is none, or where the file is newer."""
    sidecar = _sidecar_path(path)
    try:
        state = sidecar.stat()
        # Reading a pipe of that name would wait for ever.
        if not stat.S_ISREG(state.st_mode) or state.st_mtime_ns < path.stat().st_mtime_ns:
            return None
        return msgspec.json.decode(sidecar.read_bytes(), type=Sidecar)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sidecar_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.meta")
