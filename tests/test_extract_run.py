"""`extract run` over time: the landing zone, the limits, and whatever stops it half-way."""

import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_api import TOO_MANY_BODY, Answer, Loader, json_answer, loader_on, month_body
from support import (
    PROJECT_DIR,
    Warehouse,
    middle_document,
    resolved,
    response,
    temporary_warehouse,
    write_body,
)

# A finding of a failed random kill can be looked for longer: NEWS_GROWTH_KILLS=30.
KILLS = int(os.environ.get("NEWS_GROWTH_KILLS", "8"))
YEAR = [f"2020-{month:02d}" for month in range(1, 13)]
SIX = YEAR[:6]


@dataclass(frozen=True)
class Paced:
    """A run over 60 months at 60 requests a minute, started and not waited for."""

    loader: Loader
    process: "subprocess.Popen[str]"
    started: float


SIXTY = [f"{year}-{month:02d}" for year in range(2015, 2020) for month in range(1, 13)]
MIXED_FAULTS = [
    json_answer(429, TOO_MANY_BODY),
    Answer(b"", 500),
    Answer(month_body("2015-01", 50), cut=400),
    Answer(month_body("2015-01")[:-60]),
    Answer(response([middle_document(1)], hits=4046)),
    Answer(b"<html>busy</html>", 200, {"Content-Type": "text/html"}),
    Answer(b"", 503, {"Retry-After": "1"}),
    Answer(month_body("2015-01", 50), cut=400, reset=True),
]


@pytest.fixture(scope="module", autouse=True)
def paced() -> Iterator[Paced]:
    """The paced run goes on beside the other tests, for it mostly waits."""
    with (
        temporary_warehouse() as own,
        tempfile.TemporaryDirectory() as landing,
    ):
        own.ok("extract", "status")
        with loader_on(own, Path(landing)) as loader:
            loader.api.months = {month: month_body(month, 5) for month in SIXTY}
            loader.api.faults = lambda number, month: (
                MIXED_FAULTS[number // 3 % len(MIXED_FAULTS)] if number % 3 == 0 else None
            )
            process = loader.start(SIXTY[0], SIXTY[-1], NYT_REQUESTS_PER_MINUTE="60")
            yield Paced(loader, process, time.monotonic())
            process.kill()
            process.wait()


@pytest.fixture
def loader(warehouse: Warehouse, tmp_path: Path) -> Iterator[Loader]:
    with loader_on(warehouse, tmp_path / "nyt") as own:
        yield own


@pytest.fixture(scope="module")
def six_months() -> dict[str, bytes]:
    return {month: month_body(month, 300) for month in SIX}


@pytest.fixture(scope="module")
def undisturbed(
    warehouse: Warehouse, six_months: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> list[list[tuple[Any, ...]]]:
    """What the warehouse holds after a load of the six months that nothing disturbed."""
    return content_of_a_load(warehouse, six_months, tmp_path_factory.mktemp("undisturbed"))


def content_of_a_load(
    warehouse: Warehouse, bodies: dict[str, bytes], folder: Path
) -> list[list[tuple[Any, ...]]]:
    for month, body in bodies.items():
        write_body(folder, month, body)
    with loader_on(warehouse, folder) as loader:
        done = loader.extract("load", "--from", folder)
        assert done.returncode == 0, done.stderr
        return loader.content()


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 seconds"
        time.sleep(0.01)


def sidecar(loader: Loader, month: str) -> Path:
    return loader.landing / f"{month}.json.gz.meta"


def age(loader: Loader, month: str, hours: float) -> None:
    """Make a landed month look as if fetched so many hours ago."""
    before = datetime.now(UTC) - timedelta(hours=hours)
    path = sidecar(loader, month)
    known = json.loads(path.read_bytes())
    path.write_text(json.dumps(known | {"fetched_at": before.isoformat()}), encoding="utf-8")
    for file in (loader.landing / f"{month}.json.gz", path):
        os.utime(file, (before.timestamp(), before.timestamp()))


# The landing zone


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


@pytest.mark.parametrize("refresh", [False, True])
def test_a_full_disk_loses_nothing(loader: Loader, refresh: bool) -> None:
    loader.api.months = {month: month_body(month) for month in SIX[:2]}
    assert loader.run("2020-01", "2020-01" if not refresh else "2020-02").returncode == 0
    before, old = loader.content(), loader.landed()
    noise = random.Random(1).randbytes(100_000).hex()
    loader.api.months["2020-02"] = month_body("2020-02", abstract=noise)
    command = ["extract", "run", "--start", "2020-02", "--end", "2020-03"]
    # No file may grow past 50 kB: to the writer that is an error like a full disk's.
    done = subprocess.run(
        resolved([*command, "--refresh"] if refresh else command),
        env=loader.warehouse.env,
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
    assert "untouched" in done.stderr
    assert loader.content() == before
    assert loader.landed() == old
    assert not list(loader.landing.glob(".*"))
    done = loader.run("2020-01", "2020-02", *(["--refresh"] if refresh else []))
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 3, "2020-02": 3}
    assert loader.body("2020-02") == loader.api.months["2020-02"]


# Limits


def test_the_days_quota_is_shared_and_survives_restarts(loader: Loader) -> None:
    loader.api.months = {month: month_body(month) for month in YEAR}
    done = loader.run("2020-01", "2020-08", NYT_REQUESTS_PER_DAY="5")
    assert done.returncode == 1
    until = re.search(r"the next may go at (\S+ \S+)\n", done.stderr)
    assert until is not None, done.stderr
    wait = datetime.fromisoformat(until[1]) - datetime.now()
    assert timedelta(hours=23, minutes=58) < wait <= timedelta(days=1)
    assert loader.api.asked() == YEAR[:5]
    assert list(loader.loaded()) == YEAR[:5]
    done = loader.extract("fetch", "--start", "2020-09", "--end", "2020-09", "--to",
                          loader.landing / "other", NYT_REQUESTS_PER_DAY="5")  # fmt: skip
    assert done.returncode == 1
    assert len(loader.api.calls) == 5
    loader.warehouse.ok("warehouse", "stop")
    done = loader.run("2020-01", "2020-08", NYT_REQUESTS_PER_DAY="5")
    assert done.returncode == 1
    assert len(loader.api.calls) == 5
    done = loader.run("2020-01", "2020-08", NYT_REQUESTS_PER_DAY="8")
    assert done.returncode == 0, done.stderr
    assert loader.api.asked() == YEAR[:8]
    assert list(loader.loaded()) == YEAR[:8]
    # All is there: nothing is left to ask for, and a spent quota is no failure.
    assert loader.run("2020-01", "2020-08", NYT_REQUESTS_PER_DAY="8").returncode == 0
    done = loader.extract("doctor", NYT_REQUESTS_PER_DAY="8")
    assert done.returncode == 1
    assert "BAD  quota: 0 of 8 requests of the day left" in done.stdout
    assert len(loader.api.calls) == 8


def test_failed_requests_count_and_two_runs_share_the_quota(loader: Loader) -> None:
    loader.api.faults = lambda number, month: (
        Answer(status=500) if number == 1 else Answer(month_body(month), wait=0.1)
    )
    limit = {"NYT_REQUESTS_PER_DAY": "7"}
    runs = [
        loader.start("2020-01", "2020-06", **limit),
        loader.start("2020-07", "2020-12", **limit),
    ]
    errors = [process.communicate(timeout=60)[1] for process in runs]
    assert [process.returncode for process in runs] == [1, 1], errors
    assert len(loader.api.calls) == 7
    assert len(loader.loaded()) == 6
    assert loader.requests_counted() == 7


# Stops


@pytest.mark.parametrize("seed", range(KILLS))
def test_after_kill_9_the_next_run_completes(
    loader: Loader,
    six_months: dict[str, bytes],
    undisturbed: list[list[tuple[Any, ...]]],
    seed: int,
) -> None:
    loader.api.faults = lambda number, month: Answer(six_months[month], wait=0.02)
    running = loader.start("2020-01", "2020-06")
    if seed % 4:  # now and then before the first request
        wait_until(lambda: bool(loader.api.calls))
    time.sleep(random.Random(seed).uniform(0, 0.45))
    running.kill()
    running.communicate(timeout=30)
    asked = len(loader.api.calls)
    done = loader.run("2020-01", "2020-06")
    assert done.returncode == 0, done.stderr
    assert loader.content() == undisturbed
    assert {month: loader.body(month) for month in loader.landed()} == six_months
    assert not list(loader.landing.glob(".*.json.gz.part"))
    # At most the month in hand is asked for twice.
    assert len(loader.api.calls) <= 7, asked
    assert len(set(loader.api.asked()[asked:])) == len(loader.api.calls) - asked


def test_two_runs_at_once_ask_once_for_each_month(
    loader: Loader, six_months: dict[str, bytes], undisturbed: list[list[tuple[Any, ...]]]
) -> None:
    loader.api.faults = lambda number, month: Answer(six_months[month], wait=0.15)
    runs = [loader.start("2020-01", "2020-06") for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], errors
    assert sorted(loader.api.asked()) == SIX
    assert loader.content() == undisturbed
    assert "kept, landed and final" in "".join(errors)


def test_ctrl_c_ends_after_the_month_in_hand(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month), wait=1.0)
    running = loader.start("2020-01", "2020-03")
    wait_until(lambda: bool(loader.api.calls))
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 130, stderr
    assert "stopping after the month in hand" in stderr
    assert "Traceback" not in stderr
    assert loader.api.asked() == ["2020-01"]
    assert loader.loaded() == {"2020-01": 3}
    assert loader.landed() == ["2020-01"]


def test_a_second_ctrl_c_stops_at_once(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month), wait=20.0)
    running = loader.start("2020-01", "2020-03")
    wait_until(lambda: bool(loader.api.calls))
    running.send_signal(signal.SIGINT)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=10)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert loader.loaded() == {}


@pytest.mark.parametrize("waiting_for", ["another attempt", "the minute"])
def test_ctrl_c_does_not_wait_for_a_long_pause(loader: Loader, waiting_for: str) -> None:
    loader.api.first(Answer(month_body("2020-01")), Answer(status=500))
    running = loader.start(
        "2020-01",
        "2020-03",
        NYT_BACKOFF_SECONDS="60",
        NYT_REQUESTS_PER_MINUTE="2" if waiting_for == "another attempt" else "1",
    )
    calls = 2 if waiting_for == "another attempt" else 1
    wait_until(lambda: len(loader.api.calls) == calls)
    wait_until(lambda: list(loader.loaded()) == ["2020-01"])
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=5)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert len(loader.api.calls) == calls


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("while_", ["the API answers", "a request waits"])
def test_the_warehouse_is_gone_in_mid_run(loader: Loader, how: str, while_: str) -> None:
    answers = while_ == "the API answers"
    loader.api.faults = lambda number, month: Answer(
        month_body(month), wait=1.0 if number == 3 and answers else 0.0
    )
    variables = {} if answers else {"NYT_REQUESTS_PER_MINUTE": "3"}
    running = loader.start("2020-01", "2020-05", **variables)
    wait_until(lambda: len(loader.api.calls) == 3)
    if not answers:
        wait_until(lambda: len(loader.loaded()) == 3)
    if how == "stop":
        loader.warehouse.ok("warehouse", "stop")
    else:
        server = loader.warehouse.server_process()
        os.kill(server, signal.SIGQUIT)  # as a crash: no goodbye to its clients
    _, stderr = running.communicate(timeout=60)
    assert running.returncode in (1, 2), stderr
    assert "Traceback" not in stderr
    lines = [line for line in stderr.splitlines() if not re.match(r"2020-\d\d: fetched, ", line)]
    assert len(lines) == 1, stderr
    assert "warehouse" in lines[0]
    done = loader.run("2020-01", "2020-05")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == dict.fromkeys(YEAR[:5], 3)
    assert len(loader.api.calls) <= 6


# Size


MEASURE = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def test_a_month_of_50_mb_fits_into_300_mb(loader: Loader) -> None:
    text = "The kelp grows on. " * 200
    docs = [middle_document(number, abstract=text) for number in range(11_500)]
    body = response(docs)
    assert len(body) > 50e6
    loader.api.months = {"2020-01": body}
    # A process between, for the peak of a child counts from that of its parent on.
    command = resolved(["extract", "run", "--start", "2020-01", "--end", "2020-01"])
    done = loader.warehouse.run(sys.executable, "-c", MEASURE, *command)
    code, peak = map(int, done.stdout.split()[-2:])
    assert code == 0, done.stderr
    assert loader.loaded() == {"2020-01": len(docs)}
    assert peak * (1 if sys.platform == "darwin" else 1024) < 300e6


# At the end, when the run that began with this file is about done


def test_sixty_months_with_every_third_answer_bad(
    paced: Paced, warehouse: Warehouse, tmp_path: Path
) -> None:
    loader = paced.loader
    _, stderr = paced.process.communicate(timeout=75)
    assert paced.process.returncode == 0, stderr
    calls = loader.api.calls
    faults = len(calls) // 3
    assert faults == 29
    assert len(calls) == len(SIXTY) + faults
    assert stderr.count("; attempt 1 of 6, again in") == faults
    times = [call.at for call in calls]
    windows = [late - early for early, late in zip(times, times[60:], strict=False)]
    assert len(windows) == 29
    assert min(windows) > 60.0
    assert times[-1] - paced.started < 75.0
    assert loader.landed() == SIXTY
    assert {month: loader.body(month) for month in SIXTY} == loader.api.months
    assert loader.content() == content_of_a_load(warehouse, loader.api.months, tmp_path / "plain")
