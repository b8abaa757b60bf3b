"""Checks everything that fetching a month needs, and says what is missing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from console.errors import WarehouseError
from console.messages import Finding
from extract.api.answers import AnswerError
from extract.api.client import http_date
from extract.api.pacing import QuotaSpentError, pacer
from extract.api.settings import Api
from extract.outlets.interface import Archive
from warehouse.connect import connect
from warehouse.settings import remarks

NEEDED_GIGABYTES = 1.0
CLOCK_SECONDS = 120.0


def examine(archive: Archive, folder: Path, call_api: bool) -> Iterator[Finding]:
    """Yield the findings. With ``call_api`` one request is spent on trying the key."""
    yield from (Finding("settings", False, remark) for remark in remarks())
    yield _disk(folder)
    try:
        connect("extract doctor", role="loader").close()
    except WarehouseError as error:
        yield Finding("warehouse", False, str(error))
        return
    yield Finding("warehouse", True, f"reachable at {os.environ.get('PGHOST', '')}")
    if archive.source is None:
        yield Finding("API", True, f"none: months of {archive.outlet.name} come as files alone")
        return
    yield from _api(archive, call_api)


def _api(archive: Archive, call_api: bool) -> Iterator[Finding]:
    try:
        limits = archive.limits()
        mended: list[str] = []
        with pacer(limits, mended.append) as pace:
            left = pace.left()
        yield from (Finding("clock", True, line) for line in mended)
        yield Finding("quota", left > 0, f"{left} of {limits.per_day} requests of the day left")
        api = archive.api()
    except WarehouseError as error:
        yield Finding("key", False, str(error))
        return
    if not call_api:
        yield Finding("key", True, "set; not tried")
        return
    yield from _try_key(api)


def _disk(folder: Path) -> Finding:
    existing = folder
    while not os.path.exists(existing):  # noqa: PTH110 -- never raises, as pathlib does
        existing = existing.parent
    try:
        free = shutil.disk_usage(existing).free / 1e9
    except OSError as error:
        return Finding("landing zone", False, f"{folder}: {error.strerror}")
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    state = f"{free:.1f} GB free" if writable else "cannot be written to"
    return Finding("landing zone", writable and free >= NEEDED_GIGABYTES, f"{folder}: {state}")


def _try_key(api: Api) -> Iterator[Finding]:
    try:
        with pacer(api.limits) as pace:
            pace.wait("doctor", lambda: False)
        answer = api.ask(api.facts.trial, lambda: False)
    except QuotaSpentError as error:
        yield Finding("key", True, f"set; not tried: {error}")
        return
    except (AnswerError, WarehouseError) as error:
        yield Finding("API", False, f"no answer from {api.host}: {error}")
        return
    if answer.status == 200:
        yield Finding("key", True, "set and accepted")
    elif answer.status in (401, 403):
        page, remark = api.facts.key_page, api.facts.key_remark
        yield Finding("key", False, f"refused ({answer.status}): check it at {page} ({remark})")
    else:
        yield Finding("API", False, f"answered with status {answer.status}; try again later")
    theirs = http_date(answer.headers.get("Date", ""))
    if theirs is not None:
        seconds = abs((answer.came_at - theirs).total_seconds())
        yield Finding("clock", seconds <= CLOCK_SECONDS, f"{seconds:,.0f} s from the API's")
