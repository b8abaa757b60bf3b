"""`extract run` and the API: what it asks for, what each answer leads to, what it shows."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from fake_api import (
    KEY,
    NO_KEY_BODY,
    TOO_MANY_BODY,
    WRONG_KEY_BODY,
    Answer,
    Loader,
    fake_api,
    json_answer,
    month_body,
)
from support import middle_document, response

HTML = b"<!DOCTYPE html><html><body>Service Unavailable</body></html>"
ATTEMPTS = 6


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


@pytest.mark.parametrize(
    ("body", "message"),
    [(NO_KEY_BODY, "the API got no key (401)"), (WRONG_KEY_BODY, "does not know this key (401)")],
    ids=["missing key", "wrong key"],
)
def test_a_refused_key_stops_the_run_at_once(
    loader: Loader, body: dict[str, object], message: str
) -> None:
    loader.api.faults = lambda number, month: json_answer(401, body)
    done = loader.run("2020-01", "2020-04")
    assert done.returncode == 3
    assert message in done.stderr
    assert loader.api.asked() == ["2020-01"]
    assert loader.has_nothing()


def test_a_key_refused_in_mid_run_leaves_the_months_before(loader: Loader) -> None:
    loader.api.months = {"2020-01": GOOD}
    loader.api.faults = lambda number, month: (
        json_answer(401, WRONG_KEY_BODY) if number > 1 else None
    )
    done = loader.run("2020-01", "2020-04")
    assert done.returncode == 3
    assert loader.api.asked() == ["2020-01", "2020-02"]
    assert loader.loaded() == {"2020-01": 40}
    assert loader.landed() == ["2020-01"]


def test_403_of_the_current_month_means_not_yet(loader: Loader) -> None:
    loader.api.faults = lambda number, month: json_answer(403, {"message": "Forbidden"})
    done = loader.run(this_month(), this_month())
    assert done.returncode == 0
    assert f"{this_month()}: not yet" in done.stderr
    assert loader.api.asked() == [this_month()]
    assert loader.has_nothing()


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "refuses this month (403)"), (404, "has no such month (404)"), (410, "status 410")],
)
def test_a_refused_month_fails_alone_and_is_not_asked_for_again(
    loader: Loader, status: int, message: str
) -> None:
    loader.api.months = {"2020-02": month_body("2020-02")}
    loader.api.first(json_answer(status, {"message": "no"}))
    done = loader.run("2020-01", "2020-02")
    assert done.returncode == 1
    assert message in done.stderr
    assert loader.api.asked() == ["2020-01", "2020-02"]
    assert loader.loaded() == {"2020-02": 3}
    assert loader.landed() == ["2020-02"]


GOOD = month_body("2020-01", 40)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (json_answer(429, TOO_MANY_BODY), "too many requests (429)"),
        (Answer(status=500), "the API failed (500)"),
        (Answer(HTML, 503, {"Content-Type": "text/html"}), "the API failed (503)"),
        (Answer(GOOD, cut=500), "the answer broke off"),
        (Answer(GOOD, cut=500, reset=True), "broke"),
        (Answer(GOOD, cut=500, gz=True), "the answer broke off"),
        (Answer(b"not gzip", headers={"Content-Encoding": "gzip"}), "could not be read"),
        (Answer(month_body("2020-01", 60)[:-100]), "truncated: the JSON breaks off"),
        (Answer(response([middle_document(1)], hits=4046)), "truncated: 4,046 documents promised"),
        (Answer(b""), "empty"),
        (Answer(HTML, headers={"Content-Type": "text/html"}), "an HTML or XML page"),
        (json_answer(200, TOO_MANY_BODY), "Rate limit quota violation"),
        (json_answer(200, {"status": "OK"}), "no response.docs"),
    ],
    ids=[
        "429", "500", "503", "cut", "reset", "gzip cut", "no gzip", "truncated", "too few",
        "nothing", "page", "fault with 200", "other JSON",
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(loader: Loader, fault: Answer, message: str) -> None:
    loader.api.months = {"2020-01": GOOD}
    loader.api.first(fault, fault)
    done = loader.run("2020-01", "2020-01")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(message) == 2, done.stderr
    assert "attempt 2 of 6" in done.stderr
    assert loader.api.asked() == ["2020-01"] * 3
    assert loader.loaded() == {"2020-01": 40}
    assert loader.body("2020-01") == GOOD


def test_a_month_that_never_comes_whole_fails_alone(loader: Loader) -> None:
    loader.api.months = {"2020-02": month_body("2020-02")}
    loader.api.faults = lambda number, month: Answer(GOOD[:-9]) if month == "2020-01" else None
    done = loader.run("2020-01", "2020-02")
    assert done.returncode == 1
    assert f"tried {ATTEMPTS} times" in done.stderr
    assert loader.api.asked() == ["2020-01"] * ATTEMPTS + ["2020-02"]
    assert loader.loaded() == {"2020-02": 3}
    assert loader.landed() == ["2020-02"]


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(loader: Loader, status: int, form: str) -> None:
    # An HTTP date has no fractions: from 2 to 3 seconds from now.
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    loader.api.months = {"2020-01": GOOD}
    loader.api.first(Answer(status=status, headers={"Retry-After": "2"}))
    if form == "date":
        loader.api.first(Answer(status=status, headers={"Retry-After": soon}))
    before = time.time()
    started = time.monotonic()
    done = loader.run("2020-01", "2020-01")
    assert done.returncode == 0, done.stderr
    first, second = (call.at for call in loader.api.calls)
    if form == "seconds":
        assert 2.0 <= second - first < 4.0
    else:
        # The date is a whole second: at least three seconds after it was written.
        assert before + (second - started) >= int(before) + 3.9
        assert second - started < 7.0


@pytest.mark.parametrize("text", ["soon", "-5", "", "Wed, 99 Foo 2026", "²"])
def test_a_senseless_retry_after_is_passed_over(loader: Loader, text: str) -> None:
    loader.api.months = {"2020-01": GOOD}
    header = text.encode().decode("latin-1")
    loader.api.first(Answer(status=429, headers={"Retry-After": header}))
    done = loader.run("2020-01", "2020-01")
    assert done.returncode == 0, done.stderr
    first, second = (call.at for call in loader.api.calls)
    assert second - first < 1.5


@pytest.mark.parametrize(
    "answer",
    [
        Answer(GOOD, headers={"Content-Type": "text/plain; charset=latin-1"}),
        Answer(GOOD, gz=True),
        Answer(GOOD, drip=0.3),
        Answer(GOOD, wait=1.5),
        Answer(GOOD, gz=True, drip=0.2),
    ],
    ids=["wrong type", "gzip", "drip", "late", "gzip drip"],
)
def test_an_unusual_but_good_answer_lands_the_same_bytes(loader: Loader, answer: Answer) -> None:
    loader.api.first(answer)
    done = loader.run("2020-01", "2020-01")
    assert done.returncode == 0, done.stderr
    assert loader.api.asked() == ["2020-01"]
    assert loader.body("2020-01") == GOOD
    assert loader.loaded() == {"2020-01": 40}


@pytest.mark.parametrize("location", ["{url}/2020/1.json", "http://[", "/elsewhere"])
def test_a_redirect_is_named_and_not_followed(loader: Loader, location: str) -> None:
    with fake_api() as other:
        other.months = {"2020-01": GOOD}
        target = location.format(url=other.url)
        loader.api.faults = lambda number, month: Answer(status=302, headers={"Location": target})
        done = loader.run("2020-01", "2020-03")
        assert other.calls == []
    assert done.returncode == 3
    where = "127.0.0.1" if "{url}" in location else "another address"
    assert f"redirects to {where} (302)" in done.stderr
    assert "Traceback" not in done.stderr
    assert loader.api.asked() == ["2020-01"]
    assert loader.has_nothing()


def test_a_valid_empty_month_lands_and_loads(loader: Loader) -> None:
    loader.api.months = {"1978-09": response([])}
    done = loader.run("1978-09", "1978-09")
    assert done.returncode == 0, done.stderr
    assert "1978-09: fetched, 0 documents; loaded" in done.stderr
    assert loader.loaded() == {"1978-09": 0}
    assert loader.body("1978-09") == response([])


def test_another_months_documents_are_refused(loader: Loader) -> None:
    loader.api.months = {"2020-02": GOOD}
    done = loader.run("2020-02", "2020-02")
    assert done.returncode == 1
    assert "the API sent another month: 40 of 40 documents are not of 2020-02" in done.stderr
    assert loader.api.asked() == ["2020-02"]
    assert loader.has_nothing()


def test_a_few_documents_of_other_dates_or_none_are_taken(loader: Loader) -> None:
    number = iter(range(1, 100))
    dates = ["2020-02-01T03:00:00+0000", "2010-01-05T14:30:12+0000", None, 20200105]
    docs = [middle_document(next(number), pub_date=day) for day in dates]
    docs += [middle_document(next(number)) for _ in range(6)]
    loader.api.months = {"2020-01": response(docs)}
    done = loader.run("2020-01", "2020-01")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 10}


def test_a_refresh_that_lost_much_of_a_final_month_needs_force(loader: Loader) -> None:
    loader.api.months = {"2020-01": GOOD}
    assert loader.run("2020-01", "2020-01").returncode == 0
    before = loader.content()
    loader.api.months = {"2020-01": month_body("2020-01", 35)}
    done = loader.run("2020-01", "2020-01", "--refresh")
    assert done.returncode == 1
    assert "the API sent 35 documents, the warehouse holds 40 of this final month" in done.stderr
    assert "--force" in done.stderr
    assert loader.body("2020-01") == GOOD
    assert loader.content() == before
    done = loader.run("2020-01", "2020-01", "--refresh", "--force")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 35}
    loader.api.months = {"2020-01": month_body("2020-01", 32)}  # of 35: more than 90 %
    done = loader.run("2020-01", "2020-01", "--refresh")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"2020-01": 32}
    assert len(loader.api.calls) == 4


def test_nothing_listens(loader: Loader) -> None:
    with fake_api() as gone:
        url = gone.url
    done = loader.run("2020-01", "2020-06", NYT_API_URL=url)
    assert done.returncode == 3
    assert "no answer for 3 months in a row: the API seems to be down" in done.stderr
    for month in ("2020-01", "2020-02", "2020-03"):
        assert f"{month}: failed, no connection to the API" in done.stderr
    assert "2020-04" not in done.stderr
    assert loader.requests_counted() == 3 * ATTEMPTS
    assert loader.has_nothing()


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (("--start", "1851-08"), "1851-09"),
        (("--end", "1851-08"), "1851-09"),
        (("--start", "1850-01", "--end", "1860-01"), "1851-09"),
        (("--start", "{next}"), "not begun yet"),
        (("--start", "2020-05", "--end", "2020-04"), "after"),
        (("--start", "2020-13"), "2020-13"),
    ],
)
def test_impossible_months_are_usage_errors(
    loader: Loader, window: tuple[str, ...], message: str
) -> None:
    later = f"{datetime.now(UTC).date().replace(day=28) + timedelta(days=7):%Y-%m}"
    done = loader.extract("run", *(part.format(next=later) for part in window))
    assert done.returncode == 2
    assert message in done.stderr
    assert loader.api.calls == []


def test_without_months_the_three_that_are_not_final_are_fetched(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month))
    done = loader.extract("run")
    assert done.returncode == 0, done.stderr
    first = date.today().replace(day=1)
    second = (first - timedelta(days=1)).replace(day=1)
    third = (second - timedelta(days=1)).replace(day=1)
    assert loader.api.asked() == [f"{day:%Y-%m}" for day in (third, second, first)]
    assert loader.warehouse.value("select bool_or(is_final) from raw.nyt_months") is False


# Progress


RUN = ("extract", "run", "--start", "2020-01", "--end", "2020-03")


def test_a_terminal_gets_a_bar(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month), wait=0.3)
    shown = loader.warehouse.on_terminal(*RUN)
    assert "2/3" in shown
    assert "6 documents" in shown
    assert "2020-03: fetched, 3 documents; loaded" in shown
    assert re.search(r"\x1b\[[0-9;]*m", shown)
    assert KEY not in shown


def test_no_color_means_no_colours(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month), wait=0.3)
    shown = loader.warehouse.on_terminal(*RUN, NO_COLOR="1")
    assert "2/3" in shown
    colours = [
        int(part)
        for codes in re.findall(r"\x1b\[([0-9;]*)m", shown)
        for part in codes.split(";")
        if part
    ]
    assert not [code for code in colours if 30 <= code <= 49 or code >= 90]


def test_elsewhere_one_plain_line_a_month(loader: Loader) -> None:
    loader.api.faults = lambda number, month: Answer(month_body(month))
    done = loader.run("2020-01", "2020-03")
    lines = [f"2020-0{month}: fetched, 3 documents; loaded" for month in (1, 2, 3)]
    assert done.stderr.splitlines() == lines
    assert done.stdout == "3 months: 3 fetched, 0 kept, 0 not yet, 0 failed; 3 loaded\n"
