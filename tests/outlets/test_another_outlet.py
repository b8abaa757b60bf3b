"""One more outlet: its folder and its line in the list, and every command of `extract` has it."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_api import month_body
from harbour_api import KEY, HarbourApi, harbour_api, stories_of
from support import Warehouse, temporary_warehouse, write_body
from two_outlets import on_project, project_with_harbour

MONTHS = ("2020-01", "2020-02")


class Desk:
    """`extract` of a project with two outlets, on a warehouse that has a month of the first."""

    def __init__(self, warehouse: Warehouse, api: HarbourApi, nyt: Path) -> None:
        self.warehouse, self.api, self.nyt = warehouse, api, nyt

    def extract(self, *arguments: str | Path, **variables: str) -> tuple[int, str, str]:
        done = self.warehouse.run("extract", *arguments, **variables)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    def stored(self, outlet: str) -> dict[str, int]:
        """Return how many documents of which months are stored."""
        return dict(
            self.warehouse.rows(
                f"select to_char(archive_month, 'YYYY-MM'), count(*) from raw.{outlet}_articles "
                "group by 1 order by 1"
            )
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("outlets")
    project = project_with_harbour(folder)
    nyt = folder / "nyt"
    write_body(nyt, "2020-01", month_body("2020-01", 9))
    with temporary_warehouse() as own, harbour_api() as api:
        own.ok("extract", "load", "--from", nyt)  # of a project without the Harbour Post
        variables = {
            "HARBOUR_API_KEY": KEY,
            "HARBOUR_API_URL": api.url,
            "HARBOUR_BACKOFF_SECONDS": "0",
            "HARBOUR_LANDING_DIR": str(folder / "harbour"),
            "NYT_LANDING_DIR": str(nyt),
        }
        api.months = {month: stories_of(month, 7) for month in MONTHS}
        yield Desk(on_project(own, project, **variables), api, nyt)


def test_nothing_of_it_is_loaded_at_first(desk: Desk) -> None:
    assert desk.extract("status", "--outlet", "harbour")[1] == (
        "no month is loaded: extract run --outlet harbour, or extract load --outlet harbour "
        "--from DIR\n"
    )


def test_its_months_are_fetched_in_pages_and_loaded(desk: Desk) -> None:
    desk.api.failures = 1
    code, said, told = desk.extract(
        "run", "--outlet", "harbour", "--start", "2020-01", "--end", "2020-02"
    )
    assert code == 0, told
    assert said == "2 months: 2 fetched, 0 kept, 0 not yet, 0 failed; 2 loaded\n"
    assert "2020-01: the API failed (500); attempt 1 of 6" in told
    assert "2020-02: fetched, 7 documents; loaded" in told
    assert desk.api.asked == [("2020-01", 0)] + [(m, n) for m in MONTHS for n in (0, 2, 4, 6)]
    assert desk.stored("harbour") == {"2020-01": 7, "2020-02": 7}
    assert desk.stored("nyt") == {"2020-01": 9}
    query = "select count(*) from raw.ratelimit___harbour_requests"
    assert desk.warehouse.value(query) == len(desk.api.asked)
    [landed] = (desk.nyt.parent / "harbour").glob("2020-01.json.gz")
    assert json.loads(gzip.decompress(landed.read_bytes()))["stories"] == desk.api.months["2020-01"]


def test_status_is_of_one_outlet(desk: Desk) -> None:
    own, nyt = (
        json.loads(desk.extract("status", *words, "--json")[1])["months"]
        for words in (["--outlet", "harbour"], [])
    )
    assert [(month["month"], month["docs"], month["landed"]) for month in own] == [
        ("2020-01", 7, True), ("2020-02", 7, True),
    ]  # fmt: skip
    assert [(month["month"], month["docs"]) for month in nyt] == [("2020-01", 9)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"day": "2011-05-01"}, "another month: 7 of 7 documents are not of 2020-01"),
        ({"title": ""}, "7 of 7 headlines without a word"),
        ({"day": "in spring"}, "7 of 7 dates cannot be read: a text, not a date: take a file with "
         "the fields as the Harbour Post's API writes them"),
        ({"ref": "A"}, "6 of 7 documents cannot be stored (document 1: the ref 'A' of document 0 "
         "again)"),
    ],
    ids=["another month", "no headlines", "no dates", "one id"],
)  # fmt: skip
def test_its_months_are_judged(
    desk: Desk, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    stories = [story | change for story in stories_of("2020-01", 7)]
    body = json.dumps({"total": 7, "stories": stories}).encode()
    write_body(tmp_path, "2020-01", body)
    code, _, told = desk.extract("load", "--outlet", "harbour", "--from", tmp_path)
    assert code == 1
    assert reason in told
    assert desk.stored("harbour")["2020-01"] == 7


def test_a_story_that_is_none_is_rejected(desk: Desk, tmp_path: Path) -> None:
    stories = [*stories_of("2020-03", 29), {"ref": 7}]
    write_body(tmp_path, "2020-03", json.dumps({"total": 30, "stories": stories}).encode())
    code, _, told = desk.extract("load", "--outlet", "harbour", "--from", tmp_path)
    assert code == 1
    assert "1 documents rejected: document 29: not a story: " in told
    assert desk.stored("harbour")["2020-03"] == 29


def test_it_has_days_topics_and_a_fit_of_its_own(desk: Desk) -> None:
    project = desk.warehouse.env["PYTHONPATH"]
    folders = ("--project-dir", project, "--profiles-dir", project)
    desk.warehouse.ok("dbt", "build", "--exclude-resource-type", "unit_test", *folders)
    days = (
        "select outlet, sum(articles) from marts.fct_daily_articles group by outlet order by outlet"
    )
    stored = {outlet: sum(desk.stored(outlet).values()) for outlet in ("harbour", "nyt")}
    assert dict(desk.warehouse.rows(days)) == stored
    assert desk.warehouse.rows(
        "select articles from marts.dim_topics where outlet = 'harbour' and label = 'Fishing Nets'"
    ) == [(stored["harbour"],)]
    window = ("--outlet", "harbour", "--start", "2020-01", "--end", "2020-02")
    desk.warehouse.ok("growth", "fit", *window, "--min-articles", "10")
    fitted = "select outlet, topics > 0 from growth.runs"
    assert desk.warehouse.rows(fitted) == [("harbour", True)]
    desk.warehouse.ok("growth", "top", *window)


def test_what_is_wrong_is_said_in_its_own_words(desk: Desk) -> None:
    month = ("--outlet", "harbour", "--start", "2020-04", "--end", "2020-04")
    code, _, told = desk.extract("fetch", *month, HARBOUR_API_KEY="")
    assert (code, told) == (2, "error: HARBOUR_API_KEY is not set: get a free key at "
        "https://harbour-post.example/keys (any reader may have one), and put it into .env or your "
        "shell\n")  # fmt: skip
    code, _, told = desk.extract("fetch", *month, HARBOUR_API_KEY="another-key")
    assert code == 3
    assert "the API does not know this key (401): check HARBOUR_API_KEY" in told
    code, _, told = desk.extract("fetch", "--outlet", "harbour", "--end", "2009-12")
    assert (code, told) == (2, "error: the archive begins with 2010-01\n")
    code, _, told = desk.extract("status", "--outlet", "post")
    assert (code, told) == (2, "error: there is no outlet 'post': give one of nyt, harbour\n")


def test_doctor_looks_at_its_api(desk: Desk) -> None:
    code, said, _ = desk.extract("doctor", "--outlet", "harbour")
    assert code == 0, said
    assert "ok   key: set and accepted" in said
    assert "of 5000 requests of the day left" in said


def test_its_months_are_removed_alone(desk: Desk) -> None:
    code, said, told = desk.extract("remove", "--outlet", "harbour", "2020-01", "--yes")
    assert code == 0, told
    assert "removed: 1 months, 7 documents" in said
    assert "2020-01" not in desk.stored("harbour")
    assert desk.stored("nyt") == {"2020-01": 9}
