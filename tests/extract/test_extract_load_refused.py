"""`extract load` refuses single months by name, and sets single documents aside."""

import gzip
import json
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from loading import by_id, load, summary
from support import (
    Doc,
    Done,
    Warehouse,
    dated,
    middle_document,
    response,
    write_month,
)

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


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
        pytest.param(GOOD + b"]", "broken JSON: ", id="JSON and more"),
        pytest.param(GOOD.replace(b"Gazette", b"G\xff"), "not UTF-8: looks like Windows-1252; "
                     "convert it (iconv -f WINDOWS-1252 -t UTF-8)", id="not UTF-8"),
        pytest.param(GOOD.replace(b"Gazette", b"G\0"), "broken JSON: ", id="NUL byte"),
        pytest.param(GOOD.replace(b"[]", b"[" * 50000 + b"]" * 50000, 1)
                     .replace(b'"legacy": {}', b'"legacy": ' + b"[" * 50000 + b"]" * 50000, 1),
                     "broken JSON: lists or objects nested too deeply", id="deep"),
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\n\n", "the file is empty", id="blank"),
        pytest.param(gzip.compress(b""), "the file is empty", id="gzip of nothing"),
        pytest.param(b"\n<!DOCTYPE html><html><body>Sorry</body></html>",
                     "an HTML or XML page, not JSON: the download went wrong", id="HTML"),
        pytest.param(b"Service Unavailable",
                     "not JSON: it begins with 'Service Unavailable'", id="text"),
        pytest.param(b'{"fault": {"faultstring": "Invalid\\n ApiKey", "detail": {}}}',
                     "an error answer of the API, not a month: Invalid ApiKey", id="fault"),
        pytest.param(b'{"fault": {}}', "an error answer of the API, not a month: it gives no "
                     "reason", id="fault without a reason"),
        pytest.param(b'{"message": "no Route matched"}',
                     "not a response of the Archive API: it has no response.docs",
                     id="no response"),
        pytest.param(b'{"response": {"meta": {"hits": 0}}}',
                     "not a response of the Archive API: it has no response.docs", id="no docs"),
        pytest.param(b'{"response": {"docs": null}}',
                     "not a response of the Archive API: it has no response.docs", id="docs null"),
        pytest.param(b'{"response": {"docs": null, "meta": {"hits": 7}}}',
                     "truncated: 7 documents promised, the file holds 0; " + DOWNLOAD_AGAIN,
                     id="docs null, hits 7"),
        pytest.param(b'{"response": {"docs": {}}}', "not a response of the Archive API: "
                     "response.docs is an object, not a list", id="docs an object"),
        pytest.param(b"[]", "an empty list, not a response of the Archive API", id="a list"),
        pytest.param(response([], hits=-1), "hits is -1, not the number of documents: ",
                     id="hits below zero"),
        pytest.param(response([middle_document(1), {"no": "id"}], hits=4046),
                     "truncated: 4,046 documents promised, the file holds 2; "
                     + DOWNLOAD_AGAIN, id="hits above the documents"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Spoilt:
    """A load in which every second month had been spoilt since the last load."""

    done: Done
    before: list[list[tuple[Any, ...]]]
    after: list[list[tuple[Any, ...]]]


def month_of_case(number: int) -> date:
    """Return the month for a bad response; the months around it are good."""
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
        # Rows: a month, an article, a reject; and of fields a type, a headline and keywords.
        assert len(stays) in (1, 3)


def test_bad_months_fail_alone(spoilt: Spoilt) -> None:
    bad = len(BAD_MONTHS)
    assert spoilt.done.returncode == 1
    assert spoilt.done.stdout == summary(loaded=2 * bad, failed=bad, docs=2 * bad)
    assert len(spoilt.done.stderr.splitlines()) == 3 * bad
    assert [len(table) for table in spoilt.after] == [3 * bad, 3 * bad, bad, 9 * bad]


@pytest.mark.parametrize("content", [b"", PACKED[:-1], b'{"fault": {}}', response([], hits=3)])
def test_one_bad_month_is_exit_code_1(warehouse: Warehouse, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "2020-01.json").write_bytes(content)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(failed=1))
    assert len(done.stderr.splitlines()) == 1


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
    pytest.param(b'{"_id": 7}', "not a document: _id is a number, not a text",
                 id="_id a number"),
    pytest.param(b'{"_id": "%b"}' % (b"x" * 4000), "an _id of 4,000 bytes (at most 1,000)",
                 id="_id long"),
    pytest.param(b'{"_id": "\xff"}', "its _id is not UTF-8", id="_id not UTF-8"),
    pytest.param(json.dumps({"_id": ID}).encode(), f"the _id {ID!r} of document 0 again",
                 id="_id twice"),
    pytest.param(b'"a text"', "not a document: it is a text, not an object", id="a text"),
    pytest.param(b"null", "not a document: it is null, not an object", id="null"),
    pytest.param(b"[]", "not a document: it is a list, not an object", id="a list"),
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
    """A load of months that hold a bad document between two good ones, and the same load again."""

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
    _, articles, rejects, _ = warehouse.raw_tables()
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
    assert rejected.articles[month] == by_id(dated(f"{month:%Y-%m}", rejected.good))
    assert rejected.months[number] == (month, 3, 2, 1)


def test_a_month_with_rejects_is_loaded(rejected: Rejected) -> None:
    months = len(REJECTS)
    assert rejected.done.returncode == 1
    assert rejected.done.stdout == summary(loaded=months, docs=2 * months, rejected=months)
    # The second load finds nothing new, and so nothing wrong.
    assert rejected.again.returncode == 0
    assert rejected.again.stdout == summary(unchanged=months, docs=2 * months)


@pytest.mark.parametrize("doc", [b'{"a": 1}', rb'{"_id": "x", "a": "\u0000"}'])
def test_one_reject_is_exit_code_1(warehouse: Warehouse, tmp_path: Path, doc: bytes) -> None:
    write_month(tmp_path, "2020-01", [doc, middle_document(1)])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, docs=1, rejected=1))


def test_documents_and_rejects_add_up(warehouse: Warehouse, tmp_path: Path) -> None:
    bad: list[Any] = [case.values[0] for case in REJECTS]
    good = [middle_document(n) for n in range(10 * len(bad))]
    docs: list[Doc | bytes] = [good[0]]
    for n, doc in enumerate(bad):
        docs += [doc, good[n + 1]]
    docs += good[len(bad) + 1 :]
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
    good = json.dumps(middle_document(1))[1:-1].encode().replace(b'"_id"', b'"was"')
    docs = [b'{%b, "_id": "%d", "a": "%b"}' % (good, n, text) for n, text in enumerate(texts)]
    write_month(tmp_path, "2020-01", docs)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0, done.stderr
    assert warehouse.documents("2020-01") == by_id([json.loads(doc) for doc in docs])
