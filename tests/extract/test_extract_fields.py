"""Fields of documents that cannot be read: counted by month, field and reason, and shown."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from loading import load, summary
from support import (
    PROJECT_DIR,
    Doc,
    Warehouse,
    middle_document,
    response,
    write_body,
    write_month,
)

from extract.outlets.nyt.fields import KEYWORD_NAMES

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


GONE = object()
KELP = {"name": "subject", "value": "Kelp"}
NO_VALUE = "a keyword without a text as its value"
NO_NAME = "a keyword without a text as its name"
TEXT_NO_DATE = "a text, not a date"
LONG_KEYWORD = "a keyword of more than 1,000 characters"
LONG_HEADLINE = "a headline of more than 10,000 characters"

READABLE: dict[str, list[Any]] = {
    "pub_date": [
        "2020-01-05", "2020-01-05T23:59", "2020-01-05T00:00:00", "2020-01-05 10:00:00",
        "2020-01-05 10:00:00.123456+00:00", "2020-01-05T10:00:00 +0530", "2020-01-05T10:00:00Z",
        "2020-01-05T10:00:00.25Z", "2020-01-05T10:00-05", "2020-01-05T10:00:00+15:59",
        "1851-01-01T00:00:00Z", "2199-12-31", "2020-02-29",
    ],
    "headline": [
        {"main": "A"}, {"main": None}, {}, {"main": "", "kicker": 7}, "A", "", None,
        {"main": "é" * 10_000}, "A" * 10_000,
    ],
    "keywords": [
        [], None, [KELP], [KELP | {"rank": None, "major": 7}], [KELP] * 1_000,
        [KELP | {"value": ""}], [KELP | {"value": "é" * 1_000}], [KELP | {"value": None}],
    ],
}  # fmt: skip
UNREADABLE: dict[str, list[tuple[Any, str]]] = {
    "pub_date": [
        (GONE, "not there"), (None, "null, not a date"), (1577836800, "a number, not a date"),
        (True, "true or false, not a date"), ([], "a list, not a date"),
        ({"$date": "2020-01-05"}, "an object, not a date"), ("", TEXT_NO_DATE),
        ("Jan 5, 2020", TEXT_NO_DATE), ("20200105", TEXT_NO_DATE), ("2020-1-5", TEXT_NO_DATE),
        ("2020-01-05T24:00:00Z", TEXT_NO_DATE), ("2020-01-05T10:60:00Z", TEXT_NO_DATE),
        ("2020-01-05T10:00:00+16:00", TEXT_NO_DATE), ("2020-01-05T10:00:00 BC", TEXT_NO_DATE),
        ("2020-01-05T10", TEXT_NO_DATE), (" 2020-01-05", TEXT_NO_DATE), ("infinity", TEXT_NO_DATE),
        ("\u0662\u0660\u0662\u0660-01-05", TEXT_NO_DATE), ("2020-01-05\n", TEXT_NO_DATE),
        ("2021-02-29", "a day that the calendar does not have"),
        ("2020-13-01", "a day that the calendar does not have"),
        ("1850-12-31", "a year before 1851 or after 2199"),
        ("2200-01-01", "a year before 1851 or after 2199"),
        ("0000-00-00", "a year before 1851 or after 2199"),
    ],
    "headline": [
        (GONE, "not there"), (7, "a number, not a headline"), ([], "a list, not a headline"),
        (False, "true or false, not a headline"), ({"main": 7.5}, "a number, not a text"),
        ({"main": ["A"]}, "a list, not a text"), ({"main": "é" * 10_001}, LONG_HEADLINE),
        ("A" * 10_001, LONG_HEADLINE),
    ],
    "keywords": [
        (GONE, "not there"), ("Kelp; Trams", "a text, not a list"), ({}, "an object, not a list"),
        ([7], "a number, not a keyword"), ([KELP, None], "null, not a keyword"),
        ([[KELP]], "a list, not a keyword"), ([{"name": "subject"}], NO_VALUE),
        ([{"value": "Kelp"}], NO_NAME),
        ([{"name": 7, "value": "Kelp"}], NO_NAME), ([KELP | {"value": "é" * 1_001}], LONG_KEYWORD),
        ([KELP] * 1_001, "more than 1,000 keywords"),
        ([KELP | {"value": "Oxbow" * 250}] * 1_001, "more than 1,000 keywords"),
    ],
}  # fmt: skip
CASES = [(field, value, "") for field, values in READABLE.items() for value in values]
CASES += [(field, value, why) for field, values in UNREADABLE.items() for value, why in values]


def month_of(number: int) -> str:
    return f"{1900 + number // 12}-{1 + number % 12:02d}"


def document(number: int, field: str, value: Any) -> Doc:
    doc: Doc = middle_document(number, **({} if value is GONE else {field: value}))
    if value is GONE:
        doc.pop(field)
    return doc


def test_each_field_is_read_or_counted_with_its_reason(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for number, (field, value, _) in enumerate(CASES):
        write_month(tmp_path, month_of(number), [document(number, field, value)])
    done = load(warehouse, tmp_path, "--force")
    assert done.stdout == summary(loaded=len(CASES), docs=len(CASES)), done.stderr
    rows = warehouse.rows(
        "select to_char(archive_month, 'YYYY-MM'), field, reading, docs from raw.nyt_fields "
        "where not is_readable order by 1"
    )
    assert rows == [
        (month_of(number), field, why, 1) for number, (field, _, why) in enumerate(CASES) if why
    ]


def fields_of(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "select field, reading, is_readable, docs from raw.nyt_fields "
        "where reading not in ('with words', 'of a known kind') order by 1, 2, 3"
    )


def write_typed(folder: Path, types: list[Any]) -> None:
    docs = [document(n, "document_type", kind) for n, kind in enumerate(types)]
    docs[1]["headline"] = docs[-1]["headline"] = 7
    write_month(folder, "2020-01", docs)


def test_types_are_counted_and_fields_of_articles_alone(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    types = ["article", "Article", "ARTICLE", "x" * 101, "multimedia", None, GONE, "", 7, "video"]
    write_typed(tmp_path, types)
    done = load(warehouse, tmp_path)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "2020-01: loaded, 10 documents",
        "2020-01: 4 of 10 documents have no type and count as no articles",
        "2020-01: 1 of 3 headlines cannot be read: a number, not a headline",
    ]
    assert fields_of(warehouse) == [
        ("document_type", "", False, 4),
        ("document_type", "article", True, 3),
        ("document_type", "multimedia", True, 1),
        ("document_type", "video", True, 1),
        ("document_type", "x" * 100, True, 1),
        ("headline", "a number, not a headline", False, 1),
    ]


def test_where_no_document_has_a_type_the_fields_of_all_are_counted(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_typed(tmp_path, [GONE] * 5)
    assert load(warehouse, tmp_path).returncode == 1
    assert load(warehouse, tmp_path, "--force").returncode == 0
    assert fields_of(warehouse) == [
        ("document_type", "", False, 5), ("headline", "a number, not a headline", False, 2)
    ]  # fmt: skip


def test_keywords_that_are_texts_are_read_and_told(warehouse: Warehouse, tmp_path: Path) -> None:
    keywords = [["Kelp"], ["Kelp", KELP], ["Kelp", 7], [KELP]]
    docs = [middle_document(n, keywords=value) for n, value in enumerate(keywords)]
    write_month(tmp_path, "2020-01", docs)
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(loaded=1, docs=4))
    assert done.stderr.splitlines()[1:] == [
        "2020-01: 1 of 4 lists of keywords cannot be read: a number, not a keyword",
        "2020-01: keywords are texts without their kinds in 3 documents: they count as subjects",
    ]
    assert fields_of(warehouse) == [
        ("document_type", "article", True, 4),
        ("keywords", "a number, not a keyword", False, 1),
        ("keywords", "texts without a kind", True, 3),
    ]


def test_counts_go_with_their_month(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(n, headline=7) for n in range(2)])
    write_month(tmp_path, "2020-02", [middle_document(n, keywords=7) for n in range(2)])
    assert load(warehouse, tmp_path, "--force").returncode == 0
    february = [row for row in warehouse.raw_tables()[3] if row[0] == date(2020, 2, 1)]
    write_month(tmp_path, "2020-01", [middle_document(n) for n in range(2)])
    assert load(warehouse, tmp_path, "--end", "2020-01").returncode == 0
    counts = [row[1:] for row in warehouse.raw_tables()[3] if row[0] == date(2020, 1, 1)]
    assert counts == [
        ("document_type", "article", True, 2),
        ("headline", "with words", True, 2),
        ("keywords", "of a known kind", True, 2),
    ]
    after = [row for row in warehouse.raw_tables()[3] if row[0] == date(2020, 2, 1)]
    assert february
    assert after == february


def test_the_names_of_keywords_are_those_that_the_tables_know() -> None:
    with (PROJECT_DIR / "seeds" / "keyword_kinds.csv").open(encoding="utf-8") as file:
        assert {row["name"] for row in csv.DictReader(file)} == KEYWORD_NAMES


def test_a_document_with_a_million_keywords_costs_one_document(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    docs = [json.dumps(middle_document(n)).encode() for n in range(3)]
    many = b'"keywords": [%b7]' % (b"7," * 1_200_000)
    docs[1] = docs[1].replace(b'"keywords": [', many + b', "others": [')
    write_body(tmp_path, "2020-01", response(docs))
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(loaded=1, docs=3))
    message = "2020-01: 1 of 3 lists of keywords cannot be read: more than 1,000 keywords"
    assert done.stderr.splitlines()[1:] == [message]


# What is said of loaded months


def test_status_and_doctor_tell_of_months_that_cannot_be_read(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    docs = [middle_document(n) for n in range(4)]
    write_month(tmp_path, "2020-01", docs)
    write_month(tmp_path, "2020-02", [*docs[:3], docs[3] | {"headline": 7, "keywords": 7}])
    assert load(warehouse, tmp_path).returncode == 0
    shown = json.loads(warehouse.ok("extract", "status", "--json").stdout)
    assert [month["unreadable"] for month in shown["months"]] == [
        [],
        [{"field": "headline", "reading": "a number, not a headline", "docs": 1},
         {"field": "keywords", "reading": "a number, not a list", "docs": 1}],
    ]  # fmt: skip
    said = "1 headlines cannot be read, 1 lists of keywords cannot be read, in 1 months: see"
    assert f"ok   fields: {said}" in warehouse.run("growth", "doctor").stdout
    write_month(tmp_path, "2020-02", [doc | {"headline": 7} for doc in docs])
    assert load(warehouse, tmp_path, "--force").returncode == 0
    said = "2020-02: 4 of 4 headlines cannot be read: load a better file"
    done = warehouse.run("growth", "doctor")
    assert f"BAD  fields: {said}" in done.stdout
    assert "  marts: after that" not in done.stdout  # the fields that can be read still count
    assert done.returncode == 1


def test_months_of_an_older_version_are_not_counted_until_they_are_loaded_again(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for month in ("2020-01", "2020-02", "2020-03", "1978-09"):
        write_month(tmp_path, month, [] if month == "1978-09" else [middle_document(1)])
    assert load(warehouse, tmp_path).returncode == 0
    with warehouse.connect() as connection:
        connection.execute("delete from raw.nyt_fields where archive_month < '2020-03-01'")
    shown = warehouse.ok("extract", "status").stdout
    not_counted = "unreadable fields not counted (loaded before 0.5.0): 2020-01, 2020-02; "
    assert f"\n{not_counted}`extract load --from DIR --refresh` counts them\n" in shown
    assert [row.split()[6] for row in shown.splitlines()[1:5]] == ["0", "-", "-", "0"]
    said = "ok   fields: all read; 2 months not counted (loaded before 0.5.0)"
    assert said in warehouse.run("growth", "doctor").stdout
    assert load(warehouse, tmp_path, "--refresh").returncode == 0
    assert "not counted" not in warehouse.ok("extract", "status").stdout
