"""The landing zone: what `extract` fetches into it and keeps there; damaged files, full disks."""

import hashlib
import json
import os
import random
import re
import resource
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_api import Answer, Loader, month_body
from support import (
    PROJECT_DIR,
    fill,
    resolved,
    small_disk,
)

pytestmark = pytest.mark.fast

YEAR = [f"2020-{month:02d}" for month in range(1, 13)]
SIX = YEAR[:6]


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def sidecar(loader: Loader, month: str) -> Path:
    return loader.landing / f"{month}.json.gz.meta"


def age(loader: Loader, month: str, hours: float) -> None:
    """Make a landed month look as if it was fetched so many hours ago."""
    before = datetime.now(UTC) - timedelta(hours=hours)
    path = sidecar(loader, month)
    known = json.loads(path.read_bytes())
    path.write_text(json.dumps(known | {"fetched_at": before.isoformat()}), encoding="utf-8")
    for file in (loader.landing / f"{month}.json.gz", path):
        os.utime(file, (before.timestamp(), before.timestamp()))


def test_a_month_lands_byte_exact_with_its_sidecar(loader: Loader) -> None:
    body = b"\n " + month_body("2020-01")
    loader.api.first(Answer(body, headers={"ETag": '"7"', "X-Other": "x"}))
    before = datetime.now(UTC)
    done = loader.extract("fetch", "--start", "2020-01", "--end", "2020-01")
    assert done.returncode == 0, done.stderr
    assert loader.body("2020-01") == body
    known = json.loads(sidecar(loader, "2020-01").read_bytes())
    assert known["sha256"] == hashlib.sha256(body).hexdigest()
    assert known["bytes"] == len(body)
    assert before <= datetime.fromisoformat(known["fetched_at"]) <= datetime.now(UTC)
    assert known["headers"]["ETag"] == '"7"'
    assert known["headers"]["Content-Type"] == "application/json"
    assert "X-Other" not in known["headers"]
    assert loader.loaded() == {}
    assert len(list(loader.landing.iterdir())) == 2


def test_a_final_month_is_not_fetched_again_but_loaded(loader: Loader) -> None:
    loader.api.months = {month: month_body(month) for month in SIX[:2]}
    assert loader.extract("fetch", "--start", "2020-01", "--end", "2020-02").returncode == 0
    done = loader.run("2020-01", "2020-02")
    assert done.returncode == 0
    assert "2020-01: kept, landed and final; loaded" in done.stderr
    assert loader.api.asked() == SIX[:2]
    assert loader.loaded() == {"2020-01": 3, "2020-02": 3}
    done = loader.run("2020-01", "2020-02", "--refresh")
    assert done.returncode == 0
    assert "2020-01: fetched, 3 documents; unchanged" in done.stderr
    assert loader.api.asked() == SIX[:2] * 2


def test_the_current_month_is_fetched_again_after_a_day(loader: Loader) -> None:
    month = this_month()
    loader.api.months = {month: month_body(month)}
    assert loader.run(month, month).returncode == 0
    age(loader, month, 23)
    done = loader.run(month, month)
    assert "landed within a day; unchanged" in done.stderr
    assert len(loader.api.calls) == 1
    age(loader, month, 25)
    loader.api.months = {month: month_body(month, 1)}  # not final: it may shrink
    done = loader.run(month, month)
    assert done.returncode == 0, done.stderr
    assert f"{month}: fetched, 1 documents; replaced" in done.stderr
    assert len(loader.api.calls) == 2
    assert loader.loaded() == {month: 1}


@pytest.mark.parametrize(("landed_in", "calls"), [("2020-02-15", 2), ("2020-06-15", 1)])
def test_a_month_without_a_sidecar_is_as_old_as_its_file(
    loader: Loader, landed_in: str, calls: int
) -> None:
    loader.api.months = {"2020-01": month_body("2020-01")}
    assert loader.run("2020-01", "2020-01").returncode == 0
    sidecar(loader, "2020-01").unlink()
    landed = datetime.fromisoformat(landed_in).timestamp()
    os.utime(loader.landing / "2020-01.json.gz", (landed, landed))
    assert loader.run("2020-01", "2020-01").returncode == 0
    assert len(loader.api.calls) == calls


def test_a_broken_sidecar_counts_as_none(loader: Loader) -> None:
    loader.api.months = {"2020-01": month_body("2020-01")}
    assert loader.run("2020-01", "2020-01").returncode == 0
    for broken in (b"", b"{}", b"[1", b"\xff"):
        sidecar(loader, "2020-01").write_bytes(broken)
        done = loader.run("2020-01", "2020-01")
        assert done.returncode == 0, done.stderr
    assert len(loader.api.calls) == 1


def test_a_damaged_file_is_named_and_a_refresh_heals_it(loader: Loader) -> None:
    loader.api.months = {month: month_body(month) for month in SIX[:2]}
    assert loader.extract("fetch", "--start", "2020-01", "--end", "2020-02").returncode == 0
    file = loader.landing / "2020-01.json.gz"
    file.write_bytes(file.read_bytes()[:-20])
    done = loader.run("2020-01", "2020-02")
    assert done.returncode == 1
    assert "2020-01: not loaded: truncated" in done.stderr
    assert loader.loaded() == {"2020-02": 3}
    done = loader.run("2020-01", "2020-02", "--refresh")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 3, "2020-02": 3}


def test_a_dry_run_calls_nothing(loader: Loader) -> None:
    loader.api.months = {month: month_body(month) for month in YEAR}
    assert loader.run("2020-01", "2020-02").returncode == 0
    limits = {"NYT_REQUESTS_PER_MINUTE": "3", "NYT_REQUESTS_PER_DAY": "11"}
    done = loader.run("2020-01", "2020-12", "--dry-run", "--json", NYT_API_KEY="", **limits)
    assert done.returncode == 0, done.stderr
    planned = json.loads(done.stdout)
    assert [row["month"] for row in planned["months"]] == YEAR
    assert [row["is_due"] for row in planned["months"]] == [False] * 2 + [True] * 10
    assert (planned["requests"], planned["minutes"], planned["quota_left"]) == (10, 3, 9)
    done = loader.run("2020-01", "2020-12", "--dry-run", **limits)
    assert "2020-01  keep   landed and final\n" in done.stdout
    assert "2020-03  fetch  not landed yet\n" in done.stdout
    assert "10 requests, about 3 minutes; 9 of 11 requests of the day left" in done.stdout
    assert "another day" in done.stdout
    assert len(loader.api.calls) == 2
    assert loader.requests_counted() == 2


def test_status_shows_what_is_landed_loaded_final_and_missing(loader: Loader) -> None:
    loader.api.months = {month: month_body(month) for month in SIX} | {"2020-02": b""}
    loader.run("2020-01", "2020-03")
    loader.extract("fetch", "--start", "2020-05", "--end", "2020-05")
    age(loader, "2020-05", 24 * 366 * 3)
    (loader.landing / "2020-01.json.gz").unlink()
    done = loader.extract("status", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    states = {row["month"]: (row["landed"], row["loaded"], row["docs"]) for row in shown["months"]}
    assert states == {
        "2020-01": (False, True, 3),
        "2020-03": (True, True, 3),
        "2020-05": (True, False, 0),
    }
    assert all(row["is_final"] for row in shown["months"])
    assert {"2020-02", "2020-04"} <= set(shown["missing"])
    done = loader.extract("status")
    row = re.search(r"^2020-05 .*$", done.stdout, re.MULTILINE)
    assert row is not None
    assert row[0].split()[1:4] == ["yes", "no", "yes"]
    assert row[0].endswith(" days")


@pytest.mark.parametrize("zone", ["/dev/null/nyt", "/proc/nyt"])
def test_a_landing_zone_that_cannot_be_written_to(loader: Loader, zone: str) -> None:
    loader.api.months = {"2020-01": month_body("2020-01")}
    done = loader.run("2020-01", "2020-02", "--to", zone)
    assert done.returncode in (1, 2)
    assert zone in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert loader.api.calls == []
    assert loader.loaded() == {}
    assert loader.extract("status", "--to", zone).returncode == 0


def test_no_request_is_spent_on_a_full_disk(loader: Loader, tmp_path: Path) -> None:
    loader.api.months = {"2020-01": month_body("2020-01")}
    with small_disk(tmp_path) as disk:
        fill(disk)
        done = loader.run("2020-01", "2020-02", "--to", disk)
        assert done.returncode in (1, 2)
        assert f"the disk of {disk} (mounted at {disk}) is full: 0 MB free" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert [path.name for path in disk.iterdir()] == ["filling"]
    assert loader.api.calls == []


@pytest.mark.parametrize("refresh", [False, True])
def test_a_full_disk_loses_nothing(loader: Loader, refresh: bool) -> None:
    loader.api.months = {month: month_body(month) for month in SIX[:2]}
    assert loader.run("2020-01", "2020-01" if not refresh else "2020-02").returncode == 0
    before, old = loader.content(), loader.landed()
    noise = random.Random(1).randbytes(100_000).hex()
    loader.api.months["2020-02"] = month_body("2020-02", abstract=noise)
    command = ["extract", "run", "--start", "2020-02", "--end", "2020-03"]
    # No file may grow past 50 kB: the writer gets an error like that of a full disk. The limit
    # would cut off Python's compiled files too.
    done = subprocess.run(
        resolved([*command, "--refresh"] if refresh else command),
        env=loader.warehouse.env | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=PROJECT_DIR,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        timeout=60,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert "File too large" in done.stderr
    assert "what was there stays" in done.stderr
    assert loader.content() == before
    assert loader.landed() == old
    assert not list(loader.landing.glob(".*"))
    done = loader.run("2020-01", "2020-02", *(["--refresh"] if refresh else []))
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 3, "2020-02": 3}
    assert loader.body("2020-02") == loader.api.months["2020-02"]
