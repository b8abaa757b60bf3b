"""`extract run` keeps the limit of requests a minute, even with faults: this takes a minute."""

import time
from pathlib import Path

import pytest
from fake_api import (
    TOO_MANY_BODY,
    Answer,
    Loader,
    content_of_a_load,
    json_answer,
    month_body,
)
from support import Warehouse, middle_document, response

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


@pytest.mark.nightly
def test_sixty_months_with_every_third_answer_bad(
    loader: Loader, warehouse: Warehouse, tmp_path: Path
) -> None:
    loader.api.months = {month: month_body(month, 5) for month in SIXTY}
    loader.api.faults = lambda number, month: (
        MIXED_FAULTS[number // 3 % len(MIXED_FAULTS)] if number % 3 == 0 else None
    )
    started = time.monotonic()
    done = loader.run(SIXTY[0], SIXTY[-1], NYT_REQUESTS_PER_MINUTE="60")
    assert done.returncode == 0, done.stderr
    calls = loader.api.calls
    faults = len(calls) // 3
    assert faults == 29
    assert len(calls) == len(SIXTY) + faults
    assert done.stderr.count("; attempt 1 of 6, again in") == faults
    times = [call.at for call in calls]
    windows = [late - early for early, late in zip(times, times[60:], strict=False)]
    assert len(windows) == 29
    assert min(windows) > 60.0
    assert times[-1] - started < 75.0
    assert loader.landed() == SIXTY
    assert {month: loader.body(month) for month in SIXTY} == loader.api.months
    content = loader.content()
    assert content == content_of_a_load(warehouse, loader.api.months, tmp_path / "plain")


def counted_ahead(loader: Loader, by: str, count: int) -> None:
    """Put requests into the ledger as if the warehouse's clock had been ahead."""
    assert loader.extract("doctor", "--no-call").returncode == 0  # creates the ledger
    with loader.warehouse.connect() as connection:
        connection.execute(
            "insert into raw.ratelimit___nyt_requests (name, weight, item_timestamp) "
            "select 'earlier', 1, (now() at time zone 'UTC') + %s::interval "
            "from generate_series(1, %s)",
            [by, count],
        )


@pytest.mark.parametrize("by", ["30 seconds", "366 days", "200000 years", "infinity"])
def test_requests_stamped_in_the_future_are_told_and_nobody_waits(loader: Loader, by: str) -> None:
    loader.api.months = {"2020-01": month_body("2020-01", 5)}
    counted_ahead(loader, by, 5)
    limits = {"NYT_REQUESTS_PER_MINUTE": "5", "NYT_REQUESTS_PER_DAY": "500"}
    done = loader.run("2020-01", "2020-01", **limits)
    assert done.returncode == 0, done.stderr
    told, fetched = done.stderr.splitlines()
    assert told.startswith("5 of the counted requests lie in the future")
    assert fetched == "2020-01: fetched, 5 documents; loaded"
    assert loader.requests_counted() == 1
    done = loader.extract("doctor", "--no-call", **limits)
    assert "in the future" not in done.stdout
    assert "ok   quota: 499 of 500 requests of the day left" in done.stdout


def test_doctor_and_a_dry_run_tell_of_requests_of_the_future(loader: Loader) -> None:
    counted_ahead(loader, "2 days", 500)
    done = loader.extract("doctor", "--no-call", NYT_REQUESTS_PER_DAY="500")
    assert done.returncode == 0, done.stdout
    assert "ok   clock: 500 of the counted requests lie in the future" in done.stdout
    assert "ok   quota: 500 of 500 requests of the day left" in done.stdout
    assert done.stderr == ""
    counted_ahead(loader, "2 days", 1)
    done = loader.extract("run", "--dry-run", "--start", "2020-01", "--end", "2020-01")
    assert done.stderr.startswith("1 of the counted requests lie in the future")
