"""What the marts can read of a document's fields; where they cannot, why, in a few plain words.

Staging (models/staging/nyt) reads by the same rules in SQL, and a dbt test holds the two against
each other. A document with a field that cannot be read is stored all the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

import msgspec

ARTICLE = "article"
FIRST_YEAR, LAST_YEAR = 1851, 2199
LONGEST_HEADLINE = 10_000
LONGEST_KEYWORD = 1_000
MOST_KEYWORDS = 1_000
LONGEST_TYPE = 100
# Beside unreadable fields, what `reading` says of keywords that are read.
FLAT_KEYWORDS = "texts without a kind"
NOT_THERE = "not there"

# A document of more bytes is not decoded at once: a million keywords would take a gigabyte.
_MOST_BYTES_AT_ONCE = 1_000_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
_REST_OF_DATE = re.compile(
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
    r" *(?:Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?",
    flags=re.ASCII,
)


class _Keyword(msgspec.Struct, gc=False):
    name: str
    value: Annotated[str, msgspec.Meta(max_length=LONGEST_KEYWORD)]


class _Headline(msgspec.Struct, gc=False):
    main: Annotated[str, msgspec.Meta(max_length=LONGEST_HEADLINE)] | None = None


class Exact(msgspec.Struct, gc=False):
    """A document whose fields can all be read, but for the date, which is still a text."""

    article_id: str = msgspec.field(name="_id")
    document_type: str
    pub_date: str
    headline: _Headline | None
    keywords: Annotated[list[_Keyword], msgspec.Meta(max_length=MOST_KEYWORDS)] | None


_ABSENT = msgspec.Raw(b"")


class _Loose(msgspec.Struct, gc=False):
    document_type: msgspec.Raw = _ABSENT
    pub_date: msgspec.Raw = _ABSENT
    headline: msgspec.Raw = _ABSENT
    keywords: msgspec.Raw = _ABSENT


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What was read of one document.

    ``document_type`` is in small letters, "" where there is none; ``day`` is that of the date as
    written, "" where it cannot be read; ``unreadable`` has a field and a reason each.
    """

    document_type: str
    day: str
    unreadable: tuple[tuple[str, str], ...] = ()
    has_flat_keywords: bool = False


@dataclass(frozen=True)
class FieldCount:
    """A row of raw.nyt_fields without its month."""

    field: str
    reading: str
    is_readable: bool
    docs: int


@dataclass(frozen=True)
class Tally:
    """How the fields of a month's documents read.

    ``articles`` is how many documents are of type article, or all where none has a type: their
    fields are counted.
    """

    docs: int
    articles: int
    counts: list[FieldCount]

    def unreadable(self, field: str) -> int:
        """Return in how many documents a field cannot be read."""
        return sum(c.docs for c in self.counts if c.field == field and not c.is_readable)

    def reasons(self, field: str) -> list[FieldCount]:
        """Return why it cannot, the most frequent reason first."""
        found = [c for c in self.counts if c.field == field and not c.is_readable]
        return sorted(found, key=lambda count: -count.docs)


_exact_decoder = msgspec.json.Decoder(Exact)
_loose_decoder = msgspec.json.Decoder(_Loose)


def read_exact(doc: msgspec.Raw) -> Exact | None:
    """Return a document whose fields are as they should be; None where one is not."""
    try:
        return None if len(memoryview(doc)) > _MOST_BYTES_AT_ONCE else _exact_decoder.decode(doc)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def reading_of(exact: Exact) -> Reading:
    """Return what was read of a document whose fields are as they should be."""
    written = exact.pub_date
    is_date = _REST_OF_DATE.fullmatch(written, 10) is not None
    return _reading(exact.document_type, written[:10], is_date)


@lru_cache(maxsize=4096)
def _reading(document_type: str, day: str, is_date: bool) -> Reading:
    """Return what many documents have in common."""
    reason = _wrong_day(day, is_date)
    kind = document_type[:LONGEST_TYPE].lower()
    return Reading(kind, "", (("pub_date", reason),)) if reason else Reading(kind, day)


def read_loosely(doc: msgspec.Raw) -> Reading:
    """Return what can be read of any document. It is an object."""
    loose = _loose_decoder.decode(doc)
    kind = _decode(loose.document_type)
    document_type = kind[:LONGEST_TYPE].lower() if isinstance(kind, str) else ""
    written = _decode(loose.pub_date)
    if isinstance(written, str):
        day = written[:10]
        reason = _wrong_day(day, _REST_OF_DATE.fullmatch(written, 10) is not None)
    else:
        day, reason = "", _not_a(written, "date")
    unreadable = [("pub_date", reason)] if reason else []
    unreadable += [("headline", why) for why in _headline(loose.headline)]
    reasons, has_flat = _keywords(loose.keywords)
    unreadable += [("keywords", why) for why in reasons]
    return Reading(document_type, "" if reason else day, tuple(unreadable), has_flat)


def tally(readings: Iterable[Reading]) -> Tally:
    """Count what was read of a month's documents."""
    types = Counter[str]()
    # Of the documents of type article, and of those without a type.
    unreadable = {ARTICLE: Counter[tuple[str, str]](), "": Counter[tuple[str, str]]()}
    flat = Counter[str]()
    for reading in readings:
        types[reading.document_type] += 1
        if reading.document_type not in unreadable:
            continue
        if reading.unreadable:
            unreadable[reading.document_type].update(reading.unreadable)
        if reading.has_flat_keywords:
            flat[reading.document_type] += 1
    counted = ARTICLE if any(types.keys() - {""}) else ""
    counts = [FieldCount("document_type", kind, kind != "", n) for kind, n in types.items()]
    counts += [
        FieldCount(field, reason, False, n) for (field, reason), n in unreadable[counted].items()
    ]
    if flat[counted]:
        counts.append(FieldCount("keywords", FLAT_KEYWORDS, True, flat[counted]))
    return Tally(types.total(), types[counted], counts)


_NAMES = {"pub_date": "dates", "headline": "headlines", "keywords": "lists of keywords"}


def describe(counted: Tally) -> Iterator[str]:
    """Say in lines what cannot be read of a month, and what is read in another way."""
    untyped = counted.unreadable("document_type")
    if untyped:
        yield f"{untyped:,} of {counted.docs:,} documents have no type and count as no articles"
    for field, name in _NAMES.items():
        number = counted.unreadable(field)
        if number:
            reasons = counted.reasons(field)
            first = f"{number:,} of {counted.articles:,} {name} cannot be read: "
            if len(reasons) == 1:
                yield first + reasons[0].reading
            else:
                yield first + ", ".join(f"{r.docs:,} {r.reading}" for r in reasons[:3])
    for count in counted.counts:
        if count.is_readable and count.field == "keywords":
            yield (
                f"keywords are texts without their kinds in {count.docs:,} documents: they count "
                "as subjects"
            )


def _wrong_day(day: str, is_date: bool) -> str:
    """Return why a date cannot be read, by its first ten characters and by whether what follows
    them may follow a day; nothing where it can be read."""
    if not is_date or not _DAY.fullmatch(day):
        return "a text, not a date"
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        return f"a year before {FIRST_YEAR} or after {LAST_YEAR}"
    try:
        date.fromisoformat(day)
    except ValueError:
        return "a day that the calendar does not have"
    return ""


class _Unreadable:
    """What cannot be decoded: a number too large, lists nested too deeply."""


def _decode(raw: msgspec.Raw) -> Any:
    """Return a value, UNSET where there is none."""
    if not memoryview(raw):
        return msgspec.UNSET
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Unreadable()


def _headline(raw: msgspec.Raw) -> Iterator[str]:
    headline = _decode(raw)
    if isinstance(headline, dict):
        main = headline.get("main")
        if main is not None and not isinstance(main, str):
            yield _not_a(main, "text")
    elif headline is None or isinstance(headline, str):
        main = headline
    else:
        yield _not_a(headline, "headline")
        return
    if isinstance(main, str) and len(main) > LONGEST_HEADLINE:
        yield f"a headline of more than {LONGEST_HEADLINE:,} characters"


def _keywords(raw: msgspec.Raw) -> tuple[list[str], bool]:
    """Return why a document's keywords cannot be read, if so, and whether there are plain texts."""
    many = [f"more than {MOST_KEYWORDS:,} keywords"]
    # A million commas are more than a thousand keywords of a thousand characters have.
    if bytes(raw).count(b",") > MOST_KEYWORDS * LONGEST_KEYWORD:
        return many, False
    keywords = _decode(raw)
    if keywords is None:
        return [], False
    if not isinstance(keywords, list):
        return [_not_a(keywords, "list")], False
    flat = any(isinstance(entry, str) for entry in keywords)
    if len(keywords) > MOST_KEYWORDS:
        return many, flat
    reasons = (_keyword(entry) for entry in keywords)
    return [reason for reason in reasons if reason][:1], flat


def _keyword(entry: Any) -> str:
    if isinstance(entry, dict):
        for part in ("name", "value"):
            if part in entry and entry[part] is None:
                return ""  # the archive has such: no keyword
            if not isinstance(entry.get(part), str):
                return f"a keyword without a text as its {part}"
        entry = entry["value"]
    if not isinstance(entry, str):
        return _not_a(entry, "keyword")
    if len(entry) > LONGEST_KEYWORD:
        return f"a keyword of more than {LONGEST_KEYWORD:,} characters"
    return ""


def _not_a(value: Any, what: str) -> str:
    if value is msgspec.UNSET:
        return NOT_THERE
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text",
             list: "a list", dict: "an object", type(None): "null"}  # fmt: skip
    return f"{kinds.get(type(value), 'what cannot be decoded')}, not a {what}"
