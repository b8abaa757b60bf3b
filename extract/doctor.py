"""What stands between this machine and a month of the archive: each thing checked and named."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from extract.nyt import CONNECT_SECONDS, KEY_PAGE, READ_SECONDS, Api, open_session
from extract.pacing import Limits, QuotaSpentError, pacer
from warehouse.command_line import Finding
from warehouse.connect import connect
from warehouse.errors import WarehouseError
from warehouse.settings import remarks

# The archive of a month that a strike left empty: the smallest answer there is.
SMALLEST_MONTH = "1978/9.json"
NEEDED_GIGABYTES = 1.0
CLOCK_SECONDS = 120.0


def examine(folder: Path, call_api: bool) -> Iterator[Finding]:
    """Yield the findings. With ``call_api`` one request is spent on trying the key."""
    yield from (Finding("settings", False, remark) for remark in remarks())
    yield _disk(folder)
    try:
        connect("extract doctor", role="loader").close()
    except WarehouseError as error:
        yield Finding("warehouse", False, str(error))
        return
    yield Finding("warehouse", True, f"reachable at {os.environ.get('PGHOST', '')}")
    try:
        limits = Limits.from_environment()
        with pacer(limits) as pace:
            left = pace.left()
        yield Finding("quota", left > 0, f"{left} of {limits.per_day} requests of the day left")
        api = Api.from_environment()
    except WarehouseError as error:
        yield Finding("key", False, str(error))
        return
    if not call_api:
        yield Finding("key", True, "set; not tried")
        return
    yield from _try_key(api, limits)


def _disk(folder: Path) -> Finding:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free / 1e9
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    state = f"{free:.1f} GB free" if writable else "cannot be written to"
    return Finding("landing zone", writable and free >= NEEDED_GIGABYTES, f"{folder}: {state}")


def _try_key(api: Api, limits: Limits) -> Iterator[Finding]:
    import requests

    try:
        with pacer(limits) as pace:
            pace.wait("doctor", lambda: False)
        answer = open_session(api.key).get(
            f"{api.url}/{SMALLEST_MONTH}",
            params={"api-key": api.key},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
    except QuotaSpentError as error:
        yield Finding("key", True, f"set; not tried: {error}")
        return
    except requests.RequestException as error:
        # The library's own message holds the key.
        yield Finding("API", False, f"no answer from {api.url} ({type(error).__name__})")
        return
    if answer.status_code == 200:
        yield Finding("key", True, "set and accepted")
    elif answer.status_code in (401, 403):
        refused = f"refused ({answer.status_code}): check it at {KEY_PAGE}, with the Archive API on"
        yield Finding("key", False, refused)
    else:
        yield Finding("API", False, f"answered with status {answer.status_code}; try again later")
    yield from _clock(answer.headers.get("Date", ""))


def _clock(date_header: str) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(date_header)
    except (ValueError, TypeError):
        return  # the answer names no time to compare with
    seconds = abs((datetime.now(UTC) - theirs).total_seconds())
    yield Finding("clock", seconds <= CLOCK_SECONDS, f"{seconds:.0f} s from the API's")
