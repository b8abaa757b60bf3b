"""`extract load` and `extract status`: what they store and keep, and what they say."""

import gzip
import hashlib
import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from loading import by_id, load, months_stored, summary
from support import (
    REAL_ARCHIVE,
    Doc,
    Warehouse,
    dated,
    middle_document,
    new_document,
    old_document,
    response,
    write_body,
    write_month,
)

pytestmark = pytest.mark.fast

BOM = b"\xef\xbb\xbf"


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


# What is stored


@pytest.mark.parametrize(
    ("gz", "start"),
    [(True, b""), (False, b""), (True, BOM), (False, BOM + b"\n \t")],
    ids=["gz", "plain", "gz with BOM", "plain with BOM and blanks"],
)
def test_documents_of_all_shapes_are_stored_as_received(
    warehouse: Warehouse, tmp_path: Path, gz: bool, start: bytes
) -> None:
    shapes = [
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
    docs = dated("2020-01", shapes)
    body = start + response(docs)
    path = write_body(tmp_path, "2020-01", body, gz)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == summary(loaded=1, docs=8)
    assert done.stderr.splitlines() == [
        "2020-01: loaded, 8 documents",
        "2020-01: 2 of 8 documents have no type and count as no articles",
    ]
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
    # A replaced month loses its rejects too.
    write_month(tmp_path, "2020-02", [middle_document(7), {"title": "no id"}])
    write_month(tmp_path, "2020-03", [middle_document(8)])
    assert load(warehouse, tmp_path).returncode == 1
    months, *_ = warehouse.raw_tables()
    january = [middle_document(n, word_count=1) for n in range(3, 9)]
    write_month(tmp_path, "2020-01", january)
    write_month(tmp_path, "2020-02", [middle_document(7)])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(replaced=2, unchanged=1, docs=8))
    assert warehouse.documents("2020-01") == by_id(january)
    assert warehouse.documents("2020-02") == by_id(dated("2020-02", [middle_document(7)]))
    assert not warehouse.rows("select * from raw.nyt_rejects")
    after, *_ = warehouse.raw_tables()
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


def test_what_was_loaded_is_known_to_the_planner(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [new_document(number) for number in range(300)])
    load(warehouse, tmp_path)
    # After loading into an empty table, its statistics and its visibility map are up to date.
    [(rows, seen, pages)] = warehouse.rows(
        "select reltuples::int, relallvisible, relpages from pg_class"
        " where oid = 'raw.nyt_articles'::regclass"
    )
    assert rows == 300
    assert seen == pages > 0


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
    no_month = "not a month's name: rename it to YYYY-MM.json[.gz]"
    reasons = {
        "0000-01.json": no_month,
        "2020-01-01.json.gz": no_month,
        "2020-02.json.gz.part": "a download that has not ended: download it again",
        "2020-13.json": no_month,
        "2020-2.json": "not a month's name: rename it to 2020-02.json",
        "notes.json": no_month,
    }
    for name in (*reasons, "README.md", "truth.csv", "2020-01.json.gz.meta", ".2020-01.json"):
        (tmp_path / name).write_text("Not a month.")
    write_month(tmp_path, "2020-01", [middle_document(1)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        *(f"{name}: passed over: {reason}" for name, reason in reasons.items()),
        "2020-01: loaded, 1 documents",
    ]
    assert done.stdout == summary(loaded=1, docs=1)


def test_a_folder_of_other_json_files_alone_is_no_usage_error(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "notes.json").touch()
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary())
    reason = "passed over: not a month's name: rename it to YYYY-MM.json[.gz]"
    assert done.stderr == f"notes.json: {reason}\n"


def test_two_files_of_a_month_are_named(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)], gz=False)
    write_month(tmp_path, "2020-01", [middle_document(2)], gz=True)
    write_month(tmp_path, "2020-02", [middle_document(3)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 1
    message = "2020-01.json.gz: passed over: the same month as 2020-01.json: remove one"
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
         "sample_months_removed", "notes")
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
    write_month(tmp_path, "2020-04", [new_document(1, keywords="Kelp"), new_document(2),
                                      {"no": "id"}])  # fmt: skip
    assert load(warehouse, tmp_path).returncode == 1
    done = warehouse.run("extract", "status")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows, total, gaps = done.stdout.splitlines()
    columns = ["month", "landed", "loaded", "final", "documents", "rejected", "unreadable", "MB",
               "age"]  # fmt: skip
    assert head.split() == columns
    assert [row.split()[:7] for row in rows] == [
        ["2019-11", "no", "yes", "yes", "1,200", "0", "0"],
        ["2020-01", "no", "yes", "yes", "1,200", "0", "0"],
        ["2020-04", "no", "yes", "yes", "2", "1", "1"],
    ]
    assert total == "3 months, 2,402 documents"
    assert gaps == "not loaded: 2019-12, 2020-02, 2020-03"
    done = warehouse.run("extract", "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    shape = json.loads(done.stdout)
    assert shape["missing"] == ["2019-12", "2020-02", "2020-03"]
    assert [(m["month"], m["hits"], m["docs"], m["rejected"]) for m in shape["months"]] == [
        ("2019-11", 1200, 1200, 0),
        ("2020-01", 1200, 1200, 0),
        ("2020-04", 3, 2, 1),
    ]
    assert [month["unreadable"] for month in shape["months"]] == [
        [], [], [{"field": "keywords", "reading": "a text, not a list", "docs": 1}]
    ]  # fmt: skip
    assert shape["months"][2]["is_final"] is True
    assert shape["months"][2]["source"] == str(path)


# The real archive, where it is on this machine

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
    # 49 documents are in two of these months.
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
