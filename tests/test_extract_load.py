"""`extract load` and `extract status`: what is stored, what is refused, what stays."""

import gzip
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from support import (
    REAL_ARCHIVE,
    Doc,
    Done,
    Warehouse,
    middle_document,
    new_document,
    old_document,
    resolved,
    response,
    write_body,
    write_month,
)

from extract.responses import SAMPLE_COPYRIGHT

BOM = b"\xef\xbb\xbf"


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


def load(warehouse: Warehouse, folder: Path, *options: str) -> Done:
    return warehouse.run("extract", "load", "--from", folder, *options)


def by_id(docs: list[Doc]) -> dict[str, Doc]:
    return {doc["_id"]: doc for doc in docs}


def summary(
    loaded: int = 0,
    replaced: int = 0,
    unchanged: int = 0,
    failed: int = 0,
    docs: int = 0,
    rejected: int = 0,
) -> str:
    return (
        f"{loaded} months loaded, {replaced} replaced, {unchanged} unchanged, {failed} failed; "
        f"{docs:,} documents, {rejected:,} rejected\n"
    )


def months_stored(warehouse: Warehouse) -> list[str]:
    query = "select to_char(archive_month, 'YYYY-MM') from raw.nyt_months order by 1"
    return [month for (month,) in warehouse.rows(query)]


def wait_for_blocked(warehouse: Warehouse, connections: int) -> None:
    """Wait until this many connections of loaders wait for a lock."""
    query = """
        select count(*) from pg_stat_activity
        where application_name = 'extract load' and wait_event_type = 'Lock'
    """
    wait_until(lambda: warehouse.value(query) == connections)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 s in vain"
        time.sleep(0.02)


# What is stored


@pytest.mark.parametrize(
    ("gz", "start"),
    [(True, b""), (False, b""), (True, BOM), (False, BOM + b"\n \t")],
    ids=["gz", "plain", "gz with BOM", "plain with BOM and blanks"],
)
def test_documents_of_all_shapes_are_stored_as_received(
    warehouse: Warehouse, tmp_path: Path, gz: bool, start: bytes
) -> None:
    docs = [
        old_document(1),
        old_document(2, byline=None, _id="52c4f2a138f0d81e7d9f1a33"),
        middle_document(3),
        middle_document(4, keywords=[], headline={"main": "Ünïted “Mills” &amp; Söhne\n"}),
        new_document(5),
        new_document(6, keywords=[{"name": "Subject", "value": None, "rank": 1}]),
        {
            "_id": "nyt://video/0",
            "nested": {"deep": [[[{"é": [1.5, 12345678901234567890, None]}]]]},
        },
        {"_id": "emoji 🜚 \U0001f680", "x": True},
    ]
    body = start + response(docs)
    path = write_body(tmp_path, "2020-01", body, gz)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == summary(loaded=1, docs=8)
    assert done.stderr == "2020-01: loaded, 8 documents\n"
    assert warehouse.documents("2020-01") == by_id(docs)
    [month] = warehouse.rows(
        "select archive_month::text, hits, docs, rejected, sha256, bytes, source "
        "from raw.nyt_months"
    )
    assert month == ("2020-01-01", 8, 8, 0, hashlib.sha256(body).hexdigest(), len(body), str(path))
    assert not warehouse.rows("select * from raw.nyt_rejects")


def test_a_month_is_final_when_the_two_after_it_had_ended(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    fetched = {"2020-01": "2020-03-31", "2020-02": "2020-05-01", "2019-11": "2020-01-31",
               "2019-12": "2024-01-01"}  # fmt: skip
    for month, day in fetched.items():
        path = write_month(tmp_path, month, [middle_document(1)])
        noon = datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()
        os.utime(path, (noon, noon))
    assert load(warehouse, tmp_path).returncode == 0
    query = "select to_char(archive_month, 'YYYY-MM'), fetched_at::date::text from raw.nyt_months"
    assert dict(warehouse.rows(query)) == fetched
    assert dict(warehouse.rows(query.replace("fetched_at::date::text", "is_final"))) == {
        "2020-01": False, "2020-02": True, "2019-11": False, "2019-12": True
    }  # fmt: skip


def test_an_empty_month_is_a_month(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "1978-09", [])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(loaded=1))
    stored = warehouse.rows("select archive_month::text, hits, docs, rejected from raw.nyt_months")
    assert stored == [("1978-09-01", 0, 0, 0)]


def test_a_response_may_hold_more_documents_than_hits(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1), middle_document(2)], hits=1)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(loaded=1, docs=2))
    assert warehouse.rows("select hits, docs from raw.nyt_months") == [(1, 2)]


# Again


@pytest.mark.parametrize("gz", [True, False], ids=["gz", "plain"])
def test_an_unchanged_month_is_left_alone(warehouse: Warehouse, tmp_path: Path, gz: bool) -> None:
    paths = [write_month(tmp_path, m, [middle_document(1)]) for m in ("2020-01", "2020-02")]
    assert load(warehouse, tmp_path).returncode == 0
    before = warehouse.raw_tables()
    # The same bytes, compressed or not, under another time.
    for path in paths:
        body = gzip.decompress(path.read_bytes())
        path.unlink()
        write_body(tmp_path, path.name[:7], body, gz)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(unchanged=2, docs=2))
    assert done.stderr == "2020-01: unchanged, 1 documents\n2020-02: unchanged, 1 documents\n"
    assert warehouse.raw_tables() == before


def test_a_changed_month_is_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(n) for n in range(5)])
    # Rejects vanish with their month too.
    write_month(tmp_path, "2020-02", [middle_document(7), {"title": "no id"}])
    write_month(tmp_path, "2020-03", [middle_document(8)])
    assert load(warehouse, tmp_path).returncode == 1
    months, _, _ = warehouse.raw_tables()
    january = [middle_document(1), new_document(2), middle_document(3, word_count=1)]
    write_month(tmp_path, "2020-01", january)
    write_month(tmp_path, "2020-02", [middle_document(7)])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(replaced=2, unchanged=1, docs=5))
    assert warehouse.documents("2020-01") == by_id(january)
    assert warehouse.documents("2020-02") == by_id([middle_document(7)])
    assert not warehouse.rows("select * from raw.nyt_rejects")
    after, _, _ = warehouse.raw_tables()
    assert after[2] == months[2]
    assert after[0] != months[0]


def test_refresh_loads_unchanged_months_again(warehouse: Warehouse, tmp_path: Path) -> None:
    docs = [middle_document(1), middle_document(2)]
    write_month(tmp_path, "2020-01", docs)
    assert load(warehouse, tmp_path).returncode == 0
    loaded_at = warehouse.value("select loaded_at from raw.nyt_months")
    done = load(warehouse, tmp_path, "--refresh")
    assert (done.returncode, done.stdout) == (0, summary(replaced=1, docs=2))
    assert warehouse.value("select loaded_at from raw.nyt_months") > loaded_at
    assert warehouse.documents("2020-01") == by_id(docs)


# Which months


@pytest.mark.parametrize(
    ("options", "months"),
    [
        ([], ["2019-12", "2020-01", "2020-02", "2020-03"]),
        (["--start", "2020-01"], ["2020-01", "2020-02", "2020-03"]),
        (["--end", "2020-01"], ["2019-12", "2020-01"]),
        (["--start", "2020-01", "--end", "2020-02"], ["2020-01", "2020-02"]),
        (["--start", "2020-02", "--end", "2020-02"], ["2020-02"]),
    ],
)
def test_start_and_end_are_both_included(
    warehouse: Warehouse, tmp_path: Path, options: list[str], months: list[str]
) -> None:
    for month in ("2020-02", "2019-12", "2020-03", "2020-01"):
        write_month(tmp_path, month, [middle_document(1)])
    done = load(warehouse, tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert months_stored(warehouse) == months
    # Oldest first.
    assert [line[:7] for line in done.stderr.splitlines()] == months


def test_a_broken_month_outside_the_window_does_not_matter(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    write_body(tmp_path, "2020-02", b"{", gz=False)
    write_body(tmp_path, "2020-02", b"{", gz=True)
    assert load(warehouse, tmp_path, "--end", "2020-01").returncode == 0
    assert months_stored(warehouse) == ["2020-01"]


def test_names_that_are_no_months_are_named(warehouse: Warehouse, tmp_path: Path) -> None:
    names = ["0000-01.json", "2020-01-01.json.gz", "2020-1.json", "2020-13.json", "notes.json"]
    for name in (*names, "README.md", "truth.csv", "2020-02.json.gz.part"):
        (tmp_path / name).write_text("Not a month.")
    write_month(tmp_path, "2020-01", [middle_document(1)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        *(f"{name}: not a month's name: rename it to YYYY-MM.json[.gz]" for name in names),
        "2020-01: loaded, 1 documents",
    ]
    assert done.stdout == summary(loaded=1, docs=1)


def test_a_folder_of_other_json_files_alone_is_no_usage_error(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "notes.json").touch()
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary())
    assert done.stderr == "notes.json: not a month's name: rename it to YYYY-MM.json[.gz]\n"


def test_two_files_of_a_month_are_named(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)], gz=False)
    write_month(tmp_path, "2020-01", [middle_document(2)], gz=True)
    write_month(tmp_path, "2020-02", [middle_document(3)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 1
    message = "2020-01.json.gz: the same month as 2020-01.json: remove one"
    assert done.stderr.splitlines()[0] == message
    assert months_stored(warehouse) == ["2020-01", "2020-02"]
    assert list(warehouse.documents("2020-01")) == [middle_document(1)["_id"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "{tmp}/nowhere"], "error: {tmp}/nowhere is not a folder: give one that holds"),
        (["--from", "{tmp}/file"], "error: {tmp}/file is not a folder: give one that holds"),
        (["--from", "{tmp}/empty"], "error: {tmp}/empty holds no YYYY-MM.json or YYYY-MM.json.gz"),
        (
            ["--from", "{tmp}/full", "--start", "2021-01"],
            "error: {tmp}/full holds no YYYY-MM.json or YYYY-MM.json.gz file of the months asked",
        ),
        (
            ["--from", "{tmp}/full", "--start", "2020-02", "--end", "2020-01"],
            "error: --start 2020-02 is after --end 2020-01: swap them",
        ),
        *(
            (["--from", "{tmp}/full", option, month], f"error: {month!r} is not a month: write ")
            for option, month in [
                ("--start", "2020-1"),
                ("--start", "2020-13"),
                ("--end", "2020-01-01"),
                ("--end", ""),
            ]
        ),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(
    warehouse: Warehouse, tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").touch()
    (tmp_path / "file").touch()
    write_month(tmp_path / "full", "2020-01", [middle_document(1)])
    done = warehouse.run("extract", "load", *(o.format(tmp=tmp_path) for o in options))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message.format(tmp=tmp_path))
    assert len(done.stderr.splitlines()) == 1
    assert not months_stored(warehouse)


# What is refused

GOOD = response([middle_document(n) for n in range(50)])
PACKED = gzip.compress(GOOD, mtime=0)
DOWNLOAD_AGAIN = "download it again"


BAD_MONTHS = [
        pytest.param(PACKED[: len(PACKED) // 2], "truncated: the gzip file breaks off; "
                     + DOWNLOAD_AGAIN, id="gzip cut in half"),
        pytest.param(PACKED[:-1], "truncated: the gzip file breaks off; " + DOWNLOAD_AGAIN,
                     id="gzip without its last byte"),
        pytest.param(PACKED[:2], "truncated: the gzip file breaks off; " + DOWNLOAD_AGAIN,
                     id="gzip of two bytes"),
        pytest.param(PACKED[:40] + b"\0" * 40 + PACKED[80:], "broken gzip: ", id="gzip damaged"),
        pytest.param(PACKED + b"more", "broken gzip: ", id="gzip and more"),
        pytest.param(GOOD[:-1], f"truncated: the JSON breaks off after {len(GOOD) - 1:,} bytes; "
                     + DOWNLOAD_AGAIN, id="JSON without its last byte"),
        pytest.param(GOOD[:700], "truncated: the JSON breaks off after 700 bytes; "
                     + DOWNLOAD_AGAIN, id="JSON cut in a document"),
        pytest.param(GOOD.replace(b'"_id":', b'"_id"', 1), "broken JSON: ", id="broken JSON"),
        pytest.param(GOOD + b"{}", "broken JSON: ", id="JSON and more"),
        pytest.param(GOOD.replace(b"Gazette", b"G\xff"), "broken JSON: its text is not UTF-8",
                     id="not UTF-8"),
        pytest.param(GOOD.replace(b"Gazette", b"G\0"), "broken JSON: ", id="NUL byte"),
        pytest.param(GOOD.replace(b"[]", b"[" * 50000 + b"]" * 50000, 1)
                     .replace(b'"legacy": {}', b'"legacy": ' + b"[" * 50000 + b"]" * 50000, 1),
                     "broken JSON: lists or objects nested too deeply", id="deep"),
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\n\n", "the file is empty", id="blank"),
        pytest.param(gzip.compress(b""), "the file is empty", id="gzip of nothing"),
        pytest.param(b"\n<!DOCTYPE html><html><body>Sorry</body></html>",
                     "an HTML or XML page, not JSON: the download went wrong", id="HTML"),
        pytest.param(b"Service Unavailable", "broken JSON: ", id="text"),
        pytest.param(b'{"fault": {"faultstring": "Invalid\\n ApiKey", "detail": {}}}',
                     "an error answer of the API, not a month: Invalid ApiKey", id="fault"),
        pytest.param(b'{"fault": {}}', "an error answer of the API, not a month: it gives no "
                     "reason", id="fault without a reason"),
        pytest.param(b'{"message": "no Route matched"}',
                     "not a response of the Archive API: it has no response.docs",
                     id="no response"),
        pytest.param(b'{"response": {"meta": {"hits": 0}}}',
                     "not a response of the Archive API: it has no response.docs", id="no docs"),
        pytest.param(b'{"response": {"docs": null, "meta": {"hits": 0}}}',
                     "not a response of the Archive API: it has no response.docs", id="docs null"),
        pytest.param(b'{"response": {"docs": {}}}', "not a response of the Archive API: Expected "
                     "`array | null`, got `object`", id="docs an object"),
        pytest.param(b"[]", "not a response of the Archive API: ", id="a list"),
        pytest.param(response([], hits=-1), "not a response of the Archive API: ",
                     id="hits below zero"),
        pytest.param(response([middle_document(1), {"no": "id"}], hits=4046),
                     "truncated: meta.hits says 4,046 documents, the file holds 2; "
                     + DOWNLOAD_AGAIN, id="hits above the documents"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Spoilt:
    """A load where every second month had been spoilt since the load before."""

    done: Done
    before: list[list[tuple[Any, ...]]]
    after: list[list[tuple[Any, ...]]]


def month_of_case(number: int) -> date:
    """Return the month of a bad response, good ones on both sides."""
    return date(1900 + number, 6, 1)


@pytest.fixture(scope="module")
def spoilt(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    folder = tmp_path_factory.mktemp("spoilt")
    warehouse.empty()
    for number in range(len(BAD_MONTHS)):
        write_month(
            folder, f"{month_of_case(number):%Y-%m}", [middle_document(number), {"no": "id"}]
        )
    assert load(warehouse, folder).returncode == 1
    before = warehouse.raw_tables()
    for number, case in enumerate(BAD_MONTHS):
        content: Any = case.values[0]
        (folder / f"{month_of_case(number):%Y-%m}.json.gz").write_bytes(content)
        write_month(folder, f"{1900 + number}-05", [middle_document(1)])
        write_month(folder, f"{1900 + number}-07", [middle_document(2)])
    return Spoilt(load(warehouse, folder), before, warehouse.raw_tables())


@pytest.mark.parametrize(
    ("number", "reason"),
    [pytest.param(number, case.values[1], id=case.id) for number, case in enumerate(BAD_MONTHS)],
)
def test_a_bad_month_is_one_line_and_what_was_loaded_stays(
    spoilt: Spoilt, number: int, reason: str
) -> None:
    month = month_of_case(number)
    [line] = [
        line for line in spoilt.done.stderr.splitlines() if line.startswith(f"{month:%Y-%m}: ")
    ]
    assert line.startswith(f"{month:%Y-%m}: failed: {reason}")
    assert line.endswith(f"/{month:%Y-%m}.json.gz)")
    assert f"{month.year}-05: loaded, 1 documents\n" in spoilt.done.stderr
    assert f"{month.year}-07: loaded, 1 documents\n" in spoilt.done.stderr
    for before, after in zip(spoilt.before, spoilt.after, strict=True):
        stays = [row for row in after if row[0] == month]
        assert stays == [row for row in before if row[0] == month]
        assert len(stays) == 1  # a month, an article, a reject


def test_bad_months_fail_alone(spoilt: Spoilt) -> None:
    bad = len(BAD_MONTHS)
    assert spoilt.done.returncode == 1
    assert spoilt.done.stdout == summary(loaded=2 * bad, failed=bad, docs=2 * bad)
    assert len(spoilt.done.stderr.splitlines()) == 3 * bad
    assert [len(table) for table in spoilt.after] == [3 * bad, 3 * bad, bad]


@pytest.mark.parametrize("content", [b"", PACKED[:-1], b'{"fault": {}}', response([], hits=3)])
def test_one_bad_month_is_exit_code_1(warehouse: Warehouse, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "2020-01.json").write_bytes(content)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(failed=1))
    assert len(done.stderr.splitlines()) == 1


def test_a_month_that_cannot_be_read_fails_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "2020-01.json").mkdir()
    (tmp_path / "2020-02.json").symlink_to(tmp_path / "nowhere")
    write_month(tmp_path, "2020-03", [middle_document(2)])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, failed=2, docs=1))
    assert done.stderr.splitlines()[:2] == [
        f"2020-01: failed: cannot be read: Is a directory ({tmp_path / '2020-01.json'})",
        f"2020-02: failed: cannot be read: No such file or directory ({tmp_path / '2020-02.json'})",
    ]
    assert months_stored(warehouse) == ["2020-03"]


ID = middle_document(0)["_id"]
REJECTS = [
    pytest.param(rb'{"_id": "x", "a": "Oxbow\u0000Mill"}',
                 r"a NUL character (\u0000), which Postgres cannot store", id="NUL"),
    pytest.param(rb'{"_id": "x", "a": "\\\u0000"}',
                 r"a NUL character (\u0000), which Postgres cannot store", id="backslash and NUL"),
    pytest.param(rb'{"_id": "x", "a\u0000": 1}',
                 r"a NUL character (\u0000), which Postgres cannot store", id="NUL in a name"),
    pytest.param(rb'{"_id": "x\u0000"}',
                 r"a NUL character (\u0000), which Postgres cannot store", id="NUL in _id"),
    pytest.param(b'{"headline": {"main": "No id"}}', "no _id", id="no _id"),
    pytest.param(b'{"_id": null}', "no _id", id="_id null"),
    pytest.param(b'{"_id": ""}', "no _id", id="_id empty"),
    pytest.param(b'{"_id": 7}', "not a document: Expected `str | null`, got `int` - at `$._id`",
                 id="_id a number"),
    pytest.param(b'{"_id": "%b"}' % (b"x" * 4000), "an _id of 4,000 bytes (at most 1,000)",
                 id="_id long"),
    pytest.param(b'{"_id": "\xff"}', "its _id is not UTF-8", id="_id not UTF-8"),
    pytest.param(json.dumps({"_id": ID}).encode(), f"the _id {ID!r} of document 0 again",
                 id="_id twice"),
    pytest.param(b'"a text"', "not a document: Expected `object`, got `str`", id="a text"),
    pytest.param(b"null", "not a document: Expected `object`, got `null`", id="null"),
    pytest.param(b"[]", "not a document: Expected `object`, got `array`", id="a list"),
    pytest.param(rb'{"_id": "x", "a": "\ud800"}',
                 "half of a surrogate pair, which Postgres cannot store", id="high surrogate"),
    pytest.param(rb'{"_id": "x", "a": "\ud83dab"}',
                 "half of a surrogate pair, which Postgres cannot store", id="surrogate and text"),
    pytest.param(rb'{"_id": "x", "a": "\\\uDE80\ud83d\ude80"}',
                 "half of a surrogate pair, which Postgres cannot store", id="low surrogate"),
    pytest.param(b'{"_id": "x", "a": "M\xfchle"}', "not storable as jsonb: not UTF-8 at byte 20",
                 id="not UTF-8"),
    pytest.param(b'{"_id": "x", "a": "\xed\xa0\x80"}',
                 "not storable as jsonb: not UTF-8 at byte 19", id="surrogate in UTF-8"),
    pytest.param(b'{"_id": "x", "a": 1e999999}',
                 "not storable as jsonb: value overflows numeric format", id="number too large"),
]  # fmt: skip


@dataclass(frozen=True)
class Rejected:
    """A load of months with one bad document each, between two good ones, and its repetition."""

    done: Done
    again: Done
    good: list[Doc]
    months: list[tuple[Any, ...]]
    articles: dict[date, dict[str, Doc]]
    rejects: dict[date, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def rejected(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Rejected:
    folder = tmp_path_factory.mktemp("rejected")
    warehouse.empty()
    good = [middle_document(0), middle_document(1, abstract="\U0001f680 \\ud800 \\u0000")]
    for number, case in enumerate(REJECTS):
        bad: Any = case.values[0]
        write_month(folder, f"{month_of_case(number):%Y-%m}", [good[0], bad, good[1]])
    done = load(warehouse, folder)
    again = load(warehouse, folder)
    _, articles, rejects = warehouse.raw_tables()
    return Rejected(
        done,
        again,
        good,
        warehouse.rows(
            "select archive_month, hits, docs, rejected from raw.nyt_months order by archive_month"
        ),
        {
            month: {article_id: doc for _, article_id, doc in rows}
            for month, rows in groupby(articles, key=itemgetter(0))
        },
        {month: list(rows) for month, rows in groupby(rejects, key=itemgetter(0))},
    )


@pytest.mark.parametrize(
    ("number", "doc", "reason"),
    [pytest.param(number, *case.values, id=case.id) for number, case in enumerate(REJECTS)],
)
def test_a_document_that_cannot_be_stored_is_set_aside(
    rejected: Rejected, number: int, doc: bytes, reason: str
) -> None:
    month = month_of_case(number)
    lines = [
        line for line in rejected.done.stderr.splitlines() if line.startswith(f"{month:%Y-%m}")
    ]
    assert lines == [
        f"{month:%Y-%m}: loaded, 2 documents",
        f"{month:%Y-%m}: 1 documents rejected: document 1: {reason}",
    ]
    assert rejected.rejects[month] == [(month, 1, reason, doc)]
    assert rejected.articles[month] == by_id(rejected.good)
    assert rejected.months[number] == (month, 3, 2, 1)


def test_a_month_with_rejects_is_loaded(rejected: Rejected) -> None:
    months = len(REJECTS)
    assert rejected.done.returncode == 1
    assert rejected.done.stdout == summary(loaded=months, docs=2 * months, rejected=months)
    # The second call has nothing to complain about.
    assert rejected.again.returncode == 0
    assert rejected.again.stdout == summary(unchanged=months, docs=2 * months)


@pytest.mark.parametrize("doc", [b'{"a": 1}', rb'{"_id": "x", "a": "\u0000"}'])
def test_one_reject_is_exit_code_1(warehouse: Warehouse, tmp_path: Path, doc: bytes) -> None:
    write_month(tmp_path, "2020-01", [doc])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, rejected=1))


def test_documents_and_rejects_add_up(warehouse: Warehouse, tmp_path: Path) -> None:
    bad: list[Any] = [case.values[0] for case in REJECTS]
    good = [middle_document(n) for n in range(len(bad) + 1)]
    docs: list[Doc | bytes] = [good[0]]
    for n, doc in enumerate(bad):
        docs += [doc, good[n + 1]]
    write_month(tmp_path, "2020-01", docs)
    done = load(warehouse, tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert done.stderr.endswith(f" (and {len(bad) - 1} more: see raw.nyt_rejects)\n")
    [(hits, stored, rejected)] = warehouse.rows("select hits, docs, rejected from raw.nyt_months")
    assert (hits, stored, rejected) == (len(docs), len(good), len(bad))
    assert warehouse.documents("2020-01") == by_id(good)
    rejects = warehouse.rows("select position, doc from raw.nyt_rejects order by position")
    assert rejects == [(1 + 2 * n, doc) for n, doc in enumerate(bad)]


def test_what_only_looks_like_a_bad_escape_is_stored(warehouse: Warehouse, tmp_path: Path) -> None:
    texts = [rb"\\u0000", rb"C:\\\\u0000", rb"\\ud800", rb"\ud83d\ude80", rb"u0000", rb"\u0001"]
    docs = [b'{"_id": "%d", "a": "%b"}' % (n, text) for n, text in enumerate(texts)]
    write_month(tmp_path, "2020-01", docs)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0, done.stderr
    assert warehouse.documents("2020-01") == by_id([json.loads(doc) for doc in docs])


# Output


def test_json_is_all_that_stdout_holds(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    write_month(tmp_path, "2020-02", [middle_document(1), {"no": "id"}])
    broken = write_body(tmp_path, "2020-03", b"")
    (tmp_path / "notes.json").touch()
    done = load(warehouse, tmp_path, "--json")
    assert done.returncode == 1
    shape = json.loads(done.stdout)
    assert list(shape) == ["months", "problems"]
    assert [problem["path"] for problem in shape["problems"]] == [str(tmp_path / "notes.json")]
    months = shape["months"]
    assert {tuple(month) for month in months} == {
        ("month", "path", "outcome", "docs", "rejected", "bytes", "message",
         "sample_months_removed")
    }  # fmt: skip
    assert [(m["month"], m["outcome"], m["docs"], m["rejected"]) for m in months] == [
        ("2020-01", "loaded", 1, 0),
        ("2020-02", "loaded", 1, 1),
        ("2020-03", "failed", 0, 0),
    ]
    assert months[2]["message"] == "the file is empty"
    assert months[2]["path"] == str(broken)
    assert "2020-03: failed: the file is empty" in done.stderr


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_status_of_an_empty_warehouse(warehouse: Warehouse, as_json: bool) -> None:
    done = warehouse.run("extract", "status", *(["--json"] if as_json else []))
    assert (done.returncode, done.stderr) == (0, "")
    if as_json:
        assert json.loads(done.stdout) == {"months": [], "missing": []}
    else:
        assert done.stdout.startswith("no month is loaded: extract run, ")


def test_status_lists_months_and_names_gaps(warehouse: Warehouse, tmp_path: Path) -> None:
    for month in ("2019-11", "2020-01", "2020-04"):
        path = write_month(tmp_path, month, [middle_document(n) for n in range(1200)])
    write_month(tmp_path, "2020-04", [middle_document(1), {"no": "id"}])
    assert load(warehouse, tmp_path).returncode == 1
    done = warehouse.run("extract", "status")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows, total, gaps = done.stdout.splitlines()
    columns = ["month", "landed", "loaded", "final", "documents", "rejected", "MB", "age"]
    assert head.split() == columns
    assert [row.split()[:6] for row in rows] == [
        ["2019-11", "no", "yes", "yes", "1,200", "0"],
        ["2020-01", "no", "yes", "yes", "1,200", "0"],
        ["2020-04", "no", "yes", "yes", "1", "1"],
    ]
    assert total == "3 months, 2,401 documents"
    assert gaps == "not loaded: 2019-12, 2020-02, 2020-03"
    done = warehouse.run("extract", "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    shape = json.loads(done.stdout)
    assert shape["missing"] == ["2019-12", "2020-02", "2020-03"]
    assert [(m["month"], m["hits"], m["docs"], m["rejected"]) for m in shape["months"]] == [
        ("2019-11", 1200, 1200, 0),
        ("2020-01", 1200, 1200, 0),
        ("2020-04", 2, 1, 1),
    ]
    assert shape["months"][2]["is_final"] is True
    assert shape["months"][2]["source"] == str(path)


# Many at once, and the end halfway


def test_two_loaders_of_one_folder_load_it_once(warehouse: Warehouse, tmp_path: Path) -> None:
    months = {f"2020-{m:02}": [middle_document(n, m=m) for n in range(300)] for m in range(1, 9)}
    for month, docs in months.items():
        write_month(tmp_path, month, docs)
    with warehouse.connect() as connection:
        # Held at the same point, and let go together.
        with connection.transaction():
            connection.execute("lock table raw.nyt_rejects in access exclusive mode")
            command = ("extract", "load", "--from", tmp_path, "--json")
            loaders = [warehouse.start(*command) for _ in range(2)]
            wait_for_blocked(warehouse, 4)  # each loads two months at a time
        outputs = [loader.communicate(timeout=60) for loader in loaders]
    assert [loader.returncode for loader in loaders] == [0, 0], outputs
    outcomes = [json.loads(stdout)["months"] for stdout, _ in outputs]
    for both in zip(*outcomes, strict=True):
        assert sorted(month["outcome"] for month in both) == ["loaded", "unchanged"]
    assert {month: warehouse.documents(month) for month in months} == {
        month: by_id(docs) for month, docs in months.items()
    }


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)],
    ids=["killed", "interrupted"],
)
def test_a_loader_ended_halfway_leaves_whole_months(
    warehouse: Warehouse, tmp_path: Path, ending: signal.Signals, exit_code: int
) -> None:
    first = [middle_document(n) for n in range(100)]
    second = [new_document(n) for n in range(50, 200)]
    write_month(tmp_path, "2020-02", first)
    assert load(warehouse, tmp_path).returncode == 0
    february = warehouse.raw_tables()
    for month in ("2020-01", "2020-02", "2020-03"):
        write_month(tmp_path, month, second)
    with warehouse.connect() as connection, connection.transaction():
        # The loader waits for this row after it has copied the month's documents.
        connection.execute("select 1 from raw.nyt_months for update")
        loader = warehouse.start("extract", "load", "--from", tmp_path)
        wait_for_blocked(warehouse, 1)
        loader.send_signal(ending)
        _, stderr = loader.communicate(timeout=30)
        assert loader.returncode == exit_code, stderr
        assert "Traceback" not in stderr
    sessions = "select count(*) from pg_stat_activity where application_name = 'extract load'"
    wait_until(lambda: warehouse.value(sessions) == 0)
    stored = months_stored(warehouse)
    # Two months are loaded at a time: March may have been stored before the end.
    assert stored in (["2020-01", "2020-02"], ["2020-01", "2020-02", "2020-03"])
    for month in {*stored} - {"2020-02"}:
        assert warehouse.documents(month) == by_id(second)
    # February is as it was, to the time of its loading.
    tables = warehouse.raw_tables()
    assert [[row for row in rows if row[0].month == 2] for rows in tables] == february
    done = load(warehouse, tmp_path)
    unchanged = len(stored) - 1
    assert (done.returncode, done.stdout) == (
        0,
        summary(loaded=2 - unchanged, replaced=1, unchanged=unchanged, docs=3 * len(second)),
    )
    for month in ("2020-01", "2020-02", "2020-03"):
        assert warehouse.documents(month) == by_id(second)


def test_a_failing_server_is_one_line(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    write_month(tmp_path, "2020-02", [middle_document(2)])
    with warehouse.connect() as connection:
        with connection.transaction():
            connection.execute("lock table raw.nyt_rejects in access exclusive mode")
            loader = warehouse.start("extract", "load", "--from", tmp_path)
            wait_for_blocked(warehouse, 2)
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'extract load'"
            )
        stdout, stderr = loader.communicate(timeout=30)
    assert (loader.returncode, stdout) == (2, "")
    assert stderr.startswith("error: the warehouse failed while 2020-01 was loaded: ")
    assert stderr.endswith("run the same command again\n")
    assert len(stderr.splitlines()) == 1
    assert not months_stored(warehouse)


def test_memory_stays_low(warehouse: Warehouse, tmp_path: Path) -> None:
    text = "Growers say that kelp could look very different by spring. " * 75
    docs: list[Doc | bytes] = [middle_document(n, lead_paragraph=text) for n in range(9300)]
    body = response(docs)
    assert 50_000_000 < len(body) < 60_000_000
    # One is stored while the next is read.
    write_body(tmp_path, "2020-01", body)
    write_body(tmp_path, "2020-02", BOM + body, gz=False)
    write_body(tmp_path, "2020-03", body[:-1], gz=False)
    # A process between, for the peak of a child counts from that of its parent on.
    measure = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    load_all = resolved(["extract", "load", "--from", tmp_path])
    done = warehouse.run(sys.executable, "-c", measure, *load_all)
    code, peak = map(int, done.stdout.split()[-2:])
    assert code == 1, done.stderr  # the third is truncated
    assert warehouse.value("select count(*) from raw.nyt_articles") == 2 * len(docs)
    assert peak * (1 if sys.platform == "darwin" else 1024) < 400e6


# The generated sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, warehouse: Warehouse) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    done = warehouse.run("extract", "sample", folder, "--start", "2022-01", "--end", "2022-02")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 months, ")
    return folder


def test_real_months_take_the_place_of_the_sample(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    done = load(warehouse, sample)
    assert done.returncode == 0, done.stderr
    assert warehouse.rows("select distinct source from raw.nyt_months") == [("sample",)]
    write_month(tmp_path, "2022-02", [middle_document(1)])
    write_month(tmp_path, "2022-03", [middle_document(2)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 0
    # Two months are loaded at a time: the first of them to be stored removes the sample.
    lines = done.stderr.splitlines()
    removed = [line for line in lines if "real articles: the sample's 2 months" in line]
    assert len(removed) == 1
    february, march = (line for line in lines if line not in removed)
    assert february in ("2022-02: replaced, 1 documents", "2022-02: loaded, 1 documents")
    assert march == "2022-03: loaded, 1 documents"
    assert months_stored(warehouse) == ["2022-02", "2022-03"]
    assert warehouse.value("select count(*) from raw.nyt_articles") == 2


def test_a_bad_real_month_does_not_remove_the_sample(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    assert load(warehouse, sample).returncode == 0
    write_body(tmp_path, "2022-02", GOOD[:-9])
    assert load(warehouse, tmp_path).returncode == 1
    months = warehouse.rows("select source, docs from raw.nyt_months")
    assert [source for source, _ in months] == ["sample", "sample"]
    articles = warehouse.value("select count(*) from raw.nyt_articles")
    assert articles == sum(docs for _, docs in months) > 4000


def test_the_sample_is_refused_over_real_months(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    assert load(warehouse, tmp_path).returncode == 0
    before = warehouse.raw_tables()
    done = load(warehouse, sample)
    assert (done.returncode, done.stdout) == (1, summary(failed=2))
    january, february = done.stderr.splitlines()
    assert january.startswith(
        "2022-01: failed: the generated sample: the warehouse holds 1 real months and does not "
        "mix the two; load a folder of real files, or use another warehouse (WAREHOUSE_DIR)"
    )
    assert february.startswith("2022-02: failed: the generated sample")
    assert warehouse.raw_tables() == before


def test_the_sample_waits_for_a_real_month_being_loaded(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_month(tmp_path, "2022-01", [middle_document(1)], copyright_=SAMPLE_COPYRIGHT)
    with warehouse.connect() as connection:
        with connection.transaction():
            connection.execute(
                "insert into raw.nyt_months "
                "values ('2020-01-01', 0, 0, 0, '', 0, '2020-01.json', true, now(), now())"
            )
            loader = warehouse.start("extract", "load", "--from", tmp_path)
            wait_for_blocked(warehouse, 1)
        _, stderr = loader.communicate(timeout=30)
    assert loader.returncode == 1
    assert "the warehouse holds 1 real months" in stderr
    assert months_stored(warehouse) == ["2020-01"]


# The real archive, where it is at hand

real = pytest.mark.skipif(
    not REAL_ARCHIVE.is_dir(), reason="real archive files are not on this machine"
)


def docs_in(path: Path) -> list[Doc]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    docs: list[Doc] = json.loads(text)["response"]["docs"]
    return docs


@real
def test_a_real_year(warehouse: Warehouse) -> None:
    window = ("--start", "2020-01", "--end", "2020-12")
    done = load(warehouse, REAL_ARCHIVE / "archive", *window)
    assert (done.returncode, done.stdout) == (0, summary(loaded=12, docs=55_493))
    assert warehouse.value("select count(*) from raw.nyt_articles") == 55_493
    query = "select count(*), bool_and(docs + rejected = hits) from raw.nyt_months"
    assert warehouse.rows(query) == [(12, True)]
    loaded_at = warehouse.rows("select loaded_at from raw.nyt_months order by archive_month")
    again = load(warehouse, REAL_ARCHIVE / "archive", *window)
    assert (again.returncode, again.stdout) == (0, summary(unchanged=12, docs=55_493))
    assert loaded_at == warehouse.rows(
        "select loaded_at from raw.nyt_months order by archive_month"
    )


@real
def test_real_documents_of_every_shape_are_stored_as_received(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    verbatim = sorted((REAL_ARCHIVE / "verbatim").iterdir())
    assert len(verbatim) >= 4
    for path in verbatim:
        (tmp_path / f"{path.name[:7]}.json").symlink_to(path)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0, done.stderr
    for path in verbatim:
        assert warehouse.documents(path.name[:7]) == by_id(docs_in(path))


@real
def test_real_months_of_the_newest_shape(warehouse: Warehouse) -> None:
    done = load(warehouse, REAL_ARCHIVE / "archive", "--start", "2026-01")
    # These months hold 49 documents twice.
    assert (done.returncode, done.stdout) == (1, summary(loaded=7, docs=29_585, rejected=49))
    assert warehouse.value("select bool_and(docs + rejected = hits) from raw.nyt_months") is True
    reasons = "select count(*) from raw.nyt_rejects where reason ~ '^the _id .* again$'"
    assert warehouse.value(reasons) == 49


@real
def test_real_error_answers_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    errors = {
        "2020-01": "401_invalid_key.json",
        "2020-02": "401_missing_key.json",
        "2020-03": "429_quota.json",
        "1978-09": "200_empty_month_1978-09.json",
    }
    for month, name in errors.items():
        (tmp_path / f"{month}.json").symlink_to(REAL_ARCHIVE / "errors" / name)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, failed=3))
    for reason in ("Invalid ApiKey", "Failed to resolve API Key", "Rate limit quota violation"):
        assert f"failed: an error answer of the API, not a month: {reason}" in done.stderr
    assert months_stored(warehouse) == ["1978-09"]
