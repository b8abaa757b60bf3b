"""`extract run` keeps to the minute's limit, through faults: that takes a minute."""

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
