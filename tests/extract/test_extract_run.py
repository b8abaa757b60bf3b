"""`extract run`: its limits, and what stops it half-way."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fake_api import Answer, Loader, content_of_a_load, month_body
from loading import wait_until
from support import Warehouse, middle_document, resolved, response

# To search longer after a random kill has failed: NEWS_GROWTH_KILLS=30.
KILLS = int(os.environ.get("NEWS_GROWTH_KILLS", "8"))
YEAR = [f"2020-{month:02d}" for month in range(1, 13)]
SIX = YEAR[:6]


@pytest.fixture(scope="module")
def six_months() -> dict[str, bytes]:
    return {month: month_body(month, 300) for month in SIX}


@pytest.fixture(scope="module")
def undisturbed(
    warehouse: Warehouse, six_months: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> list[list[tuple[Any, ...]]]:
    """What the warehouse holds after an undisturbed load of the six months."""
    return content_of_a_load(warehouse, six_months, tmp_path_factory.mktemp("undisturbed"))


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
    # All months are there: none has to be asked for, so a spent quota is no failure.
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
    if seed % 4:  # sometimes before the first request
        wait_until(lambda: bool(loader.api.calls))
    time.sleep(random.Random(seed).uniform(0, 0.45))
    running.kill()
    running.communicate(timeout=30)
    asked = len(loader.api.calls)
    done = loader.run("2020-01", "2020-06")
    assert done.returncode == 0, done.stderr
    assert loader.content() == undisturbed
    assert {month: loader.body(month) for month in loader.landed()} == six_months
    assert not list(loader.landing.glob(".*"))  # the month that the killed run had begun
    # At most the month that was being fetched is asked for twice.
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


@contextmanager
def storing(loader: Loader) -> Iterator["subprocess.Popen[str]"]:
    """Start a run over three months that is stuck in storing the first, until the block ends."""
    loader.api.faults = lambda number, month: Answer(month_body(month))
    with loader.warehouse.connect() as connection, connection.transaction():
        connection.execute("lock table raw.nyt_months in share mode")
        running = loader.start("2020-01", "2020-03")
        wait_until(lambda: loader.landed() == ["2020-01"])
        waits = "select from pg_stat_activity where wait_event_type = 'Lock'"
        wait_until(lambda: bool(loader.warehouse.rows(waits)))
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert running.poll() is None
        yield running


def test_ctrl_c_lets_a_month_that_is_being_stored_finish(loader: Loader) -> None:
    with storing(loader) as running:
        pass
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 130, stderr
    assert "stopping: a month that is being stored is finished" in stderr
    assert "Traceback" not in stderr
    assert loader.api.asked() == ["2020-01"]
    assert loader.loaded() == {"2020-01": 3}
    assert loader.landed() == ["2020-01"]


def test_a_second_ctrl_c_stops_at_once(loader: Loader) -> None:
    with storing(loader) as running:
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=10)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert loader.loaded() == {}


def test_ctrl_c_ends_a_wait_for_another_fetch_of_the_month(loader: Loader) -> None:
    day = date(2020, 1, 1).toordinal()
    with loader.warehouse.connect() as connection:
        connection.execute("select pg_advisory_lock(hashtext('extract fetch nyt'), %s)", [day])
        running = loader.start("2020-01", "2020-03")
        ours = "select from pg_stat_activity where application_name = 'extract'"
        wait_until(lambda: bool(loader.warehouse.rows(ours)))
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=2)
    assert running.returncode == 130, stderr
    assert loader.api.calls == []


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
        os.kill(server, signal.SIGQUIT)  # as in a crash: it does not close its connections
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
