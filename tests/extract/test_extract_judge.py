"""Which months `extract load` and `extract run` refuse; both judge alike."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fake_api import Loader
from loading import load, summary
from support import COPYRIGHT, Doc, Done, Warehouse, middle_document, response, write_body

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


def documents(month: str, count: int, **changes: Any) -> list[Doc]:
    """Return documents that are dated in a month."""
    first = int(month.replace("-", "")) * 1000
    return [
        middle_document(first + n, **({"pub_date": f"{month}-05T14:30:12+0000"} | changes))
        for n in range(count)
    ]


def line_of(done: Done, month: str) -> str:
    """Return the first line about a month."""
    return next(line for line in done.stderr.splitlines() if line.startswith(f"{month}: "))


# Files that are no response of the archive: the message says what they are

GOOD = response(documents("2020-01", 10))
DOCS = json.loads(GOOD)["response"]["docs"]
LINES = b"\n".join(json.dumps(doc).encode() for doc in DOCS)
UNPACK = "unpack it"
INSIDE = {"docs": DOCS, "meta": {"hits": 10}}
SEARCH = {"docs": DOCS, "meta": {"hits": 45529, "offset": 0, "time": 9}}
TAR = b"2020-01.json".ljust(257, b"\0") + b"ustar\00000" + b"\0" * 248 + GOOD


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def word_count(written: str) -> bytes:
    return GOOD.replace(b'"word_count": 850', b'"word_count": ' + written.encode(), 1)


def hits(number: Any) -> bytes:
    return as_json({"response": {"docs": DOCS, "meta": {"hits": number}}})


HEADERS = "the answer's headers are in the file: save its body alone"
TABLE = "(pandas' to_json), not a response: "
OTHER_FILES = [
    ("UTF-16 with a mark", GOOD.decode().encode("utf-16"), "UTF-16: save it as UTF-8"),
    ("UTF-16 BE", b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "UTF-16: save it as UTF-8"),
    ("UTF-16 without", GOOD.decode().encode("utf-16-le"), "UTF-16 without a mark: save it as"),
    ("UTF-16 BE without", GOOD.decode().encode("utf-16-be"), "UTF-16 without a mark: save it as"),
    ("UTF-32 with a mark", GOOD.decode().encode("utf-32"), "UTF-32: save it as UTF-8"),
    ("UTF-32 without", GOOD.decode().encode("utf-32-le"), "UTF-32 without a mark: save it as"),
    ("UTF-32 BE without", GOOD.decode().encode("utf-32-be"), "UTF-32 without a mark: save it as"),
    ("zip", b"PK\x03\x04\x14\0\0\0", "a zip archive: unpack it"),
    ("xz", b"\xfd7zXZ\0\0\4", "a file packed by xz: unpack it"),
    ("zstd", b"\x28\xb5\x2f\xfd\x24", "a file packed by zstd: unpack it"),
    ("bzip2", b"BZh91AY&SY", "a file packed by bzip2: unpack it"),
    ("7z", b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive: unpack it"),
    ("tar", TAR, "a tar archive: unpack it"),
    ("tar.gz", gzip.compress(TAR), "a tar archive: unpack it"),
    ("PDF", b"%PDF-1.7\n", "a PDF: download the month's response"),
    ("HTML", b"\xef\xbb\xbf \n<html>", "an HTML or XML page, not JSON"),
    ("gzip within gzip", gzip.compress(gzip.compress(GOOD)), "gzip within gzip: unpack it once"),
    ("LFS", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ("zero bytes", b"\0" * 4096, "nothing but zero bytes: download it again"),
    ("a Python dict", repr(json.loads(GOOD)).encode(), "a Python dict as text, not JSON"),
    ("JSON in JSON", as_json(GOOD.decode()), "JSON text inside a JSON string"),
    ("a text", b'"Sorry"', "a text, not a response of the Archive API"),
    ("NaN", GOOD.replace(b'"word_count": 850', b'"word_count": NaN', 1), "NaN at byte "),
    ("Infinity", b'{"response": -Infinity}', "-Infinity at byte 13, which JSON does not have"),
    ("one document a line", LINES, "several JSON documents in one file"),
    ("pages in a row", GOOD + b"\n" + GOOD, "several JSON documents in one file"),
    ("a list of documents", as_json(DOCS), "a list of documents without the response around it"),
    ("a list of responses", as_json([json.loads(GOOD)] * 2), "a list of 2 responses: "),
    ("a list of numbers", b"[1, 2]", "a list, not a response of the Archive API"),
    ("inside", as_json(INSIDE), "the inside of a response, without the response around it"),
    ("one document", as_json(DOCS[0]), "one document, not a month of them"),
    ("binary", b"\x82\xa9copyright\xa0\x00\x01", "binary data, not a JSON text: "),
    ("errors", b'{"status": "ERROR", "errors": ["no"]}', "an error answer of the API, not a month"),
    ("another API", b'{"status": "OK", "results": []}', "an answer of another API of the Times"),
    ("a search page", as_json({"response": SEARCH}), "truncated: 45,529 documents promised, the "
     "file holds 10: a page of the Article Search API, not a month"),
    ("as spelt since 2025", as_json({"response": {"docs": DOCS, "metadata": SEARCH["meta"]}}),
     "truncated: 45,529 documents promised, the file holds 10: a page of the Article Search API"),
    ("a later page", as_json({"response": {"docs": DOCS[:3], "meta": {"hits": 9, "offset": 6}}}),
     "truncated: 9 documents promised, the file holds 3: a page of the Article Search API"),
    ("a fault in UTF-8", b'{"fault": {"faultstring": "Invalid ApiKey"}}', "an error answer of the"),
    ("Windows-1252", response([], copyright_="Copyright @").replace(b"@", b"\xa9"),
     "not UTF-8: looks like Windows-1252; convert it (iconv -f WINDOWS-1252 -t UTF-8)"),
    ("another 8-bit text", response([], copyright_="Copyright @").replace(b"@", b"\x81"),
     "not UTF-8 at byte "),
    ("a number", b"7", "not a response of the Archive API: it is a number, not an object"),
    ("curl -i", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + GOOD, HEADERS),
    ("headers", b"content-type: application/json\r\n\r\n" + GOOD, HEADERS),
    ("JSONP", b"callback(" + GOOD + b");", "JavaScript, not JSON: it begins with 'callback({"),
    ("a variable", b"var x = " + GOOD, "JavaScript, not JSON: it begins with 'var x = {"),
    ("CSV", b"_id,pub_date\n1,2\n", "not JSON: it begins with '_id,pub_date'; "),
    ("CSV in quotes", b'"_id","pub_date"\n', "not JSON: it begins with '\"_id\",\"pub_date\"'; "),
    ("CSV of dates", b"2020-01-05,Tide\n", "not JSON: it begins with '2020-01-05,Tide'; "),
    ("YAML", b"response:\n  docs:\n", "not JSON: it begins with 'response:'; "),
    ("a log", b"GET /1.json?api-key=SECRET " + b"x" * 99,
     "not JSON: it begins with 'GET /1.json?api-key=*** " + "x" * 16 + "…'; "),
    *((name, word_count(name), f"{name} at byte 1") for name in
      ("None", "NA", "N/A", "undefined", "nan", "-inf", "NULL", "True")),
    ("a text that holds None", GOOD.replace(b"850", b'"a:None\n"', 1), "broken JSON: "),
    ("a zero byte", GOOD + b"\0\0", "broken JSON: zero bytes after the end of the JSON, from byte"),
    ("a Ctrl-Z", GOOD + b"\r\n\x1a", "broken JSON: a Ctrl-Z, the end mark of old systems, after"),
    ("a mark after", GOOD + b"\xef\xbb\xbf", "broken JSON: a mark of UTF-8 after the end"),
    ("a semicolon", GOOD + b";\n", "broken JSON: ';' after the end of the JSON, from byte"),
    ("a table", as_json({"_id": {"0": 1}, "pub_date": {"0": 2}}), f"a table by columns {TABLE}"),
    ("a table of lists", as_json({"_id": ["a"], "web_url": ["b"]}), f"a table by columns {TABLE}"),
    ("a table of rows", as_json({"0": DOCS[0], "1": DOCS[1]}), f"a table by rows {TABLE}"),
    ("hits of a half", hits(10.5), "hits is 10.5, not the number of documents: "),
    ("hits below zero", hits(-1), "hits is -1, not the number of documents: "),
    ("hits in words", hits("ten"), "hits is ten, not the number of documents: "),
    ("hits beyond all", hits(10**20), "hits is 100000000000000000000, not the number of"),
    ("hits of no kind", hits({}), "not a response of the Archive API: response.meta.hits is an "
     "object, not a number"),
    ("docs of no kind", as_json({"response": {"docs": {}}}),
     "not a response of the Archive API: response.docs is an object, not a list"),
    ("a long fault", as_json({"fault": {"faultstring": "x" * 5_000}}),
     f"an error answer of the API, not a month: {'x' * 300}… ("),
    ("too many documents", b'{"response": {"docs": [%b0]}}' % (b"0," * 250_000),
     "250,001 documents, which no month has"),
    ("too many values", b'{"response": {"docs": [%b0]}}' % (b"0," * 6_500_000),
     "6,500,000 commas, more than any"),
]  # fmt: skip


@pytest.fixture(scope="module")
def others(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Done:
    warehouse.empty()
    folder = tmp_path_factory.mktemp("others")
    for number, (_, content, _) in enumerate(OTHER_FILES):
        (folder / f"{1900 + number}-06.json").write_bytes(content)
    write_body(folder, "2020-01", b"\xef\xbb\xbf\n" + GOOD, gz=False)
    return load(warehouse, folder)


@pytest.mark.parametrize(
    ("number", "message"),
    [pytest.param(n, message, id=name) for n, (name, _, message) in enumerate(OTHER_FILES)],
)
def test_what_is_no_month_is_named_for_what_it_is(others: Done, number: int, message: str) -> None:
    month = f"{1900 + number}-06"
    assert line_of(others, month).startswith(f"{month}: failed: {message}")


def test_files_that_are_no_months_fail_alone_in_one_line_each(others: Done) -> None:
    assert others.returncode == 1
    assert others.stdout == summary(loaded=1, failed=len(OTHER_FILES), docs=10)
    assert len(others.stderr.splitlines()) == len(OTHER_FILES) + 1


# Not the month that it should be: refused, and the loaded month stays


def changed(change: Callable[[int, Doc], object]) -> Callable[[str], Sequence[Doc | bytes]]:
    """Return a function that makes a month of 40 documents and changes each by its position."""

    def make(month: str) -> Sequence[Doc | bytes]:
        docs = documents(month, 40)
        for place, doc in enumerate(docs):
            change(place, doc)
        return docs

    return make


def most(place: int) -> bool:
    return place < 21


def part(month: str) -> Sequence[Doc | bytes]:
    return documents(month, 35)


def latin(month: str) -> Sequence[Doc | bytes]:
    docs = [json.dumps(doc).encode() for doc in documents(month, 40)]
    return [doc.replace(b"kelp could", b"\x93kelp\x94") if most(n) else doc
            for n, doc in enumerate(docs)]  # fmt: skip


def huge(month: str) -> Sequence[Doc | bytes]:
    """Make five documents that only Postgres refuses."""
    docs = [json.dumps(doc).encode() for doc in documents(month, 40)]
    return [doc.replace(b"850", b"1e999999") if n < 6 else doc for n, doc in enumerate(docs)]


REFUSED = [
    ("every document rejected", changed(lambda n, doc: doc.pop("_id")),
     "40 of 40 documents cannot be stored (document 0: no _id)"),
    ("more than a tenth rejected", changed(lambda n, doc: n < 6 and doc.update(_id="")),
     "6 of 40 documents cannot be stored (document 0: no _id)"),
    ("more than a tenth that Postgres rejects", huge,
     "6 of 40 documents cannot be stored (document 0: not storable as jsonb: "),
    ("documents of Windows-1252", latin,
     "not UTF-8: looks like Windows-1252; convert it (iconv -f WINDOWS-1252 -t UTF-8): 21 of 40 "
     "documents cannot be stored as they are"),
    ("another month", lambda month: documents("2019-07", 40), "another month: 40 of 40 documents "
     "are not of {month}, they are from 2019-07-05 to 2019-07-05"),
    ("most of another month", changed(lambda n, doc: most(n) and doc.update(pub_date="2010-01-05")),
     "another month: 21 of 40 documents are not of {month}"),
    ("under 90 % of what is loaded", part,
     "35 documents, the warehouse holds 40 of this final month: kept as it is; --force takes"),
    ("nothing any more", lambda month: [],
     "0 documents, the warehouse holds 40 of this final month: kept as it is; --force takes"),
    ("no dates", changed(lambda n, doc: most(n) and doc.update(pub_date=1580000000)),
     "21 of 40 dates cannot be read: a number, not a date"),
    ("no headlines", changed(lambda n, doc: most(n) and doc.pop("headline")),
     "21 of 40 headlines cannot be read: not there"),
    ("no keywords", changed(lambda n, doc: most(n) and doc.update(keywords={"a": "b"})),
     "21 of 40 lists of keywords cannot be read: an object, not a list"),
    ("no types", changed(lambda n, doc: most(n) and doc.pop("document_type")),
     "21 of 40 documents have no type and count as no articles"),
    ("no article", changed(lambda n, doc: doc.update(document_type="multimedia")),
     "no document of type article, but 40 'multimedia'"),
    ("headlines without words", changed(lambda n, doc: most(n) and doc.update(headline={})),
     "21 of 40 headlines without a word"),
    ("headlines that are JSON as texts",
     changed(lambda n, doc: most(n) and doc.update(headline=json.dumps(doc["headline"]))),
     "21 of 40 headlines cannot be read: JSON written as a text"),
    ("headlines of a table without values",
     changed(lambda n, doc: most(n) and doc.update(headline="nan")),
     "21 of 40 headlines cannot be read: no text, but a word for none"),
    ("garbled headlines",
     changed(lambda n, doc: n < 6 and doc.update(headline={"main": "It\u00e2\u20ac\u2122s"})),
     "6 of 40 headlines that are garbled, UTF-8 that was read as Windows-1252"),
    ("keywords of unknown kinds",
     changed(lambda n, doc: most(n) and doc.update(keywords=[{"name": "tag", "value": "Kelp"}])),
     "21 of 40 lists of keywords cannot be read: no keyword of a known kind"),
    ("keywords that are JSON as texts",
     changed(lambda n, doc: most(n) and doc.update(keywords=[json.dumps({"value": "Kelp"})])),
     "21 of 40 lists of keywords cannot be read: JSON written as a text"),
    ("fewer articles than before",
     changed(lambda n, doc: n < 6 and doc.update(document_type="multimedia")),
     "34 articles, the warehouse holds 40 of this final month: kept as it is"),
    ("fewer keywords than before", changed(lambda n, doc: most(n) and doc.update(keywords=[])),
     "19 documents with keywords, the warehouse holds 40 of this final month: kept as it is"),
]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A load of good months, then one in which each was refused; what was stored before and
    after."""

    done: Done
    before: list[list[tuple[Any, ...]]]
    after: list[list[tuple[Any, ...]]]
    forced: Done
    months: dict[str, int]


def name_of(number: int) -> str:
    return f"{1950 + number}-06"


@pytest.fixture(scope="module")
def judged(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder = tmp_path_factory.mktemp("judged")
    warehouse.empty()
    for number in range(len(REFUSED)):
        write_body(folder, name_of(number), response(documents(name_of(number), 40)))
    assert load(warehouse, folder).returncode == 0
    before = warehouse.raw_tables()
    for number, (_, make, _) in enumerate(REFUSED):
        write_body(folder, name_of(number), response(make(name_of(number))))
    done = load(warehouse, folder)
    after = warehouse.raw_tables()
    forced = load(warehouse, folder, "--force")
    query = "select to_char(archive_month, 'YYYY-MM'), docs from raw.nyt_months order by 1"
    return Judged(done, before, after, forced, dict(warehouse.rows(query)))


@pytest.mark.parametrize(
    ("number", "message"),
    [pytest.param(n, message, id=name) for n, (name, _, message) in enumerate(REFUSED)],
)
def test_a_refused_month_leaves_what_was_there(judged: Judged, number: int, message: str) -> None:
    month = name_of(number)
    line = line_of(judged.done, month)
    assert line.startswith(f"{month}: failed: {message.format(month=month)}")
    for before, after in zip(judged.before, judged.after, strict=True):
        mine = date(1950 + number, 6, 1)
        assert [row for row in after if row[0] == mine] == [row for row in before if row[0] == mine]


def test_every_refused_month_is_one_line_and_the_exit_code_says_so(judged: Judged) -> None:
    assert (judged.done.returncode, judged.done.stdout) == (1, summary(failed=len(REFUSED)))
    assert len(judged.done.stderr.splitlines()) == len(REFUSED)
    assert judged.after == judged.before


def test_force_takes_what_would_be_refused(judged: Judged) -> None:
    assert judged.forced.stdout.startswith(f"0 months loaded, {len(REFUSED)} replaced, 0 unchanged")
    stored = dict(zip((name for name, _, _ in REFUSED), judged.months.values(), strict=True))
    assert {name: docs for name, docs in stored.items() if docs != 40} == {
        "every document rejected": 0,
        "more than a tenth rejected": 34,
        "more than a tenth that Postgres rejects": 34,
        "documents of Windows-1252": 19,
        "under 90 % of what is loaded": 35,
        "nothing any more": 0,
    }


def test_a_refused_month_does_not_become_a_loaded_one(warehouse: Warehouse, tmp_path: Path) -> None:
    held = ("under 90 % of what is loaded", "nothing any more", "fewer articles than before",
            "fewer keywords than before")  # fmt: skip
    for number, (name, make, _) in enumerate(REFUSED):
        if name not in held:
            write_body(tmp_path, name_of(number), response(make(name_of(number))))
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(failed=len(REFUSED) - len(held)))
    assert warehouse.raw_tables() == [[], [], [], []]


def test_what_is_not_much_is_taken(warehouse: Warehouse, tmp_path: Path) -> None:
    changes: list[Callable[[str], Sequence[Doc | bytes]]] = [
        lambda month: documents(month, 36),
        changed(lambda n, doc: n < 4 and doc.update(_id="")),
        changed(lambda n, doc: n < 20 and doc.update(pub_date="2010-01-05")),
        changed(lambda n, doc: n < 20 and doc.update(pub_date=None, headline=7, keywords="Kelp")),
        changed(lambda n, doc: n < 20 and doc.pop("document_type")),
        lambda month: [*documents(month, 1), b"{}"],
    ]
    for number in range(3):
        write_body(tmp_path, name_of(number), response(documents(name_of(number), 40)))
    assert load(warehouse, tmp_path).returncode == 0
    for number, make in enumerate(changes):
        write_body(tmp_path, name_of(number), response(make(name_of(number))))
    done = load(warehouse, tmp_path)
    assert done.stdout == summary(loaded=3, replaced=3, docs=193, rejected=5), done.stderr


def test_a_month_that_is_not_final_may_lose_a_handful(warehouse: Warehouse, tmp_path: Path) -> None:
    month = f"{date.today():%Y-%m}"
    for count, outcome in ((9, "loaded"), (4, "replaced"), (20, "replaced"), (14, "failed")):
        write_body(tmp_path, month, response(documents(month, count)))
        assert line_of(load(warehouse, tmp_path), month).startswith(f"{month}: {outcome}")
    assert warehouse.value("select docs from raw.nyt_months") == 20


@pytest.mark.parametrize("spelling", ["meta", "metadata"])
def test_the_number_of_promised_documents_is_read_in_both_spellings(
    warehouse: Warehouse, tmp_path: Path, spelling: str
) -> None:
    docs = documents("2020-01", 3)
    body = {"copyright": COPYRIGHT, "response": {"docs": docs, spelling: {"hits": 3}}}
    write_body(tmp_path, "2020-01", as_json(body))
    empty = {"copyright": COPYRIGHT, "response": {"docs": None, spelling: {"hits": 0}}}
    write_body(tmp_path, "2020-02", as_json(empty))
    write_body(tmp_path, "2020-03", as_json({"response": {"docs": None, spelling: {"hits": 1}}}))
    done = load(warehouse, tmp_path)
    assert done.stdout == summary(loaded=2, failed=1, docs=3)
    assert "2020-03: failed: truncated: 1 documents promised, the file holds 0" in done.stderr
    hits = "select hits, docs from raw.nyt_months order by archive_month"
    assert warehouse.rows(hits) == [(3, 3), (0, 0)]


@pytest.mark.parametrize("written", [3.0, "3", "3.0", [3]])
def test_the_number_of_promised_documents_is_read_however_it_is_written(
    warehouse: Warehouse, tmp_path: Path, written: Any
) -> None:
    docs = documents("2020-01", 3)
    body = {"copyright": [COPYRIGHT], "response": {"docs": docs, "meta": {"hits": written}}}
    write_body(tmp_path, "2020-01", as_json(body))
    body["response"] = {"docs": docs[:2], "meta": {"hits": written}}
    write_body(tmp_path, "2020-02", as_json(body))
    done = load(warehouse, tmp_path)
    assert done.stdout == summary(loaded=1, failed=1, docs=3), done.stderr
    assert "2020-02: failed: truncated: 3 documents promised, the file holds 2" in done.stderr
    assert warehouse.rows("select hits, docs from raw.nyt_months") == [(3, 3)]


def test_a_long_id_that_comes_again_is_cut_in_the_message(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    docs = documents("2020-01", 2)
    for doc in docs:
        doc["_id"] = "y" * 900
    write_body(tmp_path, "2020-01", response([*documents("2020-01", 20)[2:], *docs]))
    done = load(warehouse, tmp_path)
    reason = f"the _id '{'y' * 300}…' of document 18 again"
    assert done.stderr.endswith(f"1 documents rejected: document 19: {reason}\n")


def test_a_response_that_promises_no_number_is_loaded_and_told(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_body(tmp_path, "2020-01", as_json({"response": {"docs": documents("2020-01", 3)}}))
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (0, summary(loaded=1, docs=3))
    assert done.stderr.splitlines() == [
        "2020-01: loaded, 3 documents",
        "2020-01: the response does not say how many documents it should hold",
    ]


# The same for the API's answers


def test_a_refused_answer_does_not_land(loader: Loader) -> None:
    # What only Postgres finds out is refused when it is loaded, after it has landed.
    cases = [case for case in REFUSED if case[1] is not huge]
    months = [f"{2010 + n // 12}-{1 + n % 12:02d}" for n in range(len(cases))]
    good = {month: response(documents(month, 40)) for month in months}
    loader.api.months = good
    assert loader.run(months[0], months[-1]).returncode == 0
    before = loader.content()
    loader.api.months = {
        month: response(make(month)) for month, (_, make, _) in zip(months, cases, strict=True)
    }
    done = loader.run(months[0], months[-1], "--refresh")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for month, line, (_, _, message) in zip(months, lines, cases, strict=True):
        assert line.startswith(f"{month}: failed, ")
        assert message.format(month=month).partition(" cannot be stored")[0] in line
        assert loader.body(month) == good[month]
    assert loader.content() == before
    assert loader.api.asked() == months * 2
    done = loader.run(months[0], months[-1], "--refresh", "--force")
    assert done.stderr.count(": fetched, ") == len(months)
    assert {month: loader.body(month) for month in months} == loader.api.months
    assert set(loader.loaded().values()) == {0, 19, 34, 35, 40}


def test_an_empty_month_as_spelt_since_2025_lands(loader: Loader) -> None:
    body = as_json({"response": {"docs": None, "metadata": {"hits": 0, "offset": 0}}})
    loader.api.months = {"1978-09": body}
    done = loader.run("1978-09", "1978-09")
    assert done.returncode == 0, done.stderr
    assert loader.loaded() == {"1978-09": 0}
