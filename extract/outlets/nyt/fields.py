"""What the marts can read of a document's fields, and why not where they cannot.

Staging (models/staging/nyt) applies the same rules in SQL; a dbt test compares the two. A document
with a field that cannot be read is stored all the same.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from extract.fields import GARBLED_PART, Reading

FIRST_YEAR, LAST_YEAR = 1851, 2199
LONGEST_HEADLINE = 10_000
LONGEST_KEYWORD = 1_000
MOST_KEYWORDS = 1_000
LONGEST_TYPE = 100
NOT_THERE = "not there"
# The names of keywords that the marts know, in small letters: seeds/keyword_kinds.csv.
KEYWORD_NAMES = frozenset(
    {
        "subject", "persons", "person", "organizations", "organization", "glocations", "location",
        "creative_works", "title",
    }
)  # fmt: skip
_UNKNOWN_KINDS = "no keyword of a known kind"
_JSON_TEXT = "JSON written as a text"
# Words that programs write where there is no text.
_NOTHING = frozenset({"nan", "none", "null", "na", "n/a", "undefined"})
# Only the letters of ASCII: how others change to small letters depends on the language.
_SMALL = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

# A longer document is not decoded as a whole: a million keywords would take a gigabyte.
_MOST_BYTES_AT_ONCE = 1_000_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
_REST_OF_DATE = re.compile(
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
    r" *(?:Z|UTC|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?",
    flags=re.ASCII,
)


class _Keyword(msgspec.Struct, gc=False):
    name: str
    value: Annotated[str, msgspec.Meta(max_length=LONGEST_KEYWORD)]


class _Headline(msgspec.Struct, gc=False):
    main: Annotated[str, msgspec.Meta(max_length=LONGEST_HEADLINE)] | None = None


class Exact(msgspec.Struct, gc=False):
    """A document whose fields have the usual form. The date is still a text."""

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


_exact_decoder = msgspec.json.Decoder(Exact)
_loose_decoder = msgspec.json.Decoder(_Loose)


def read_exact(doc: msgspec.Raw) -> Exact | None:
    """Return a document if all its fields have the usual form, else None."""
    try:
        return None if len(memoryview(doc)) > _MOST_BYTES_AT_ONCE else _exact_decoder.decode(doc)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def reading_of(exact: Exact) -> Reading:
    """Return what was read of a document whose fields have the usual form."""
    written = exact.pub_date
    is_date = _REST_OF_DATE.fullmatch(written, 10) is not None
    main = (exact.headline and exact.headline.main) or ""
    named = [keyword.name for keyword in exact.keywords or () if keyword.value]
    known = any(name in KEYWORD_NAMES or name.translate(_SMALL) in KEYWORD_NAMES for name in named)
    return _reading(
        exact.document_type, written[:10], is_date, bool(main), GARBLED_PART in main, known,
        bool(named) and not known,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _reading(
    document_type: str,
    day: str,
    is_date: bool,
    has_words: bool,
    is_garbled: bool,
    has_keywords: bool,
    has_unknown_alone: bool,
) -> Reading:
    """Return a reading; many documents share the same one."""
    reason = _wrong_day(day, is_date)
    unreadable = [("pub_date", reason)] if reason else []
    if has_unknown_alone:
        unreadable.append(("keywords", _UNKNOWN_KINDS))
    return Reading(
        document_type[:LONGEST_TYPE].translate(_SMALL), "" if reason else day, tuple(unreadable),
        has_words=has_words, is_garbled=is_garbled, has_keywords=has_keywords,
    )  # fmt: skip


def read_loosely(doc: msgspec.Raw) -> Reading:
    """Return what can be read of a document of any form. It is a JSON object."""
    loose = _loose_decoder.decode(doc)
    kind = _decode(loose.document_type)
    document_type = kind[:LONGEST_TYPE].translate(_SMALL) if isinstance(kind, str) else ""
    written = _decode(loose.pub_date)
    if isinstance(written, str):
        day = written[:10]
        reason = _wrong_day(day, _REST_OF_DATE.fullmatch(written, 10) is not None)
    else:
        day, reason = "", _not_a(written, "date")
    unreadable = [("pub_date", reason)] if reason else []
    main, reasons = _headline(loose.headline)
    unreadable += [("headline", why) for why in reasons]
    reasons, has_flat, has_known = _keywords(loose.keywords)
    unreadable += [("keywords", why) for why in reasons]
    return Reading(
        document_type, "" if reason else day, tuple(unreadable), has_flat, bool(main),
        GARBLED_PART in main, has_known,
    )  # fmt: skip


def _wrong_day(day: str, is_date: bool) -> str:
    """Return why a date cannot be read, an empty text where it can. ``day`` is its first ten
    characters; ``is_date`` tells whether the rest may follow a day."""
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
    """Stands for a value that cannot be decoded: a number too large, lists nested too deeply."""


def _decode(raw: msgspec.Raw) -> Any:
    """Return a value, UNSET where there is none."""
    if not memoryview(raw):
        return msgspec.UNSET
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Unreadable()


def _headline(raw: msgspec.Raw) -> tuple[str, list[str]]:
    """Return the headline, and the reasons why it cannot be read, if any."""
    headline = _decode(raw)
    main = headline.get("main") if isinstance(headline, dict) else headline
    if main is None:
        return "", []
    if not isinstance(main, str):
        return "", [_not_a(main, "text" if isinstance(headline, dict) else "headline")]
    if len(main) > LONGEST_HEADLINE:
        return "", [f"a headline of more than {LONGEST_HEADLINE:,} characters"]
    if isinstance(headline, str) and _is_json(main) and "main" in main:
        return "", [_JSON_TEXT]
    if isinstance(headline, str) and main.strip().lower() in _NOTHING:
        return "", ["no text, but a word for none"]
    return main, []


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _keywords(raw: msgspec.Raw) -> tuple[list[str], bool, bool]:
    """Return why a document's keywords cannot be read, if so; whether some are plain texts; and
    whether one is of a known kind."""
    many = [f"more than {MOST_KEYWORDS:,} keywords"]
    # A thousand keywords of a thousand characters have fewer commas than this.
    if bytes(raw).count(b",") > MOST_KEYWORDS * LONGEST_KEYWORD:
        return many, False, False
    keywords = _decode(raw)
    if keywords is None:
        return [], False, False
    if not isinstance(keywords, list):
        return [_not_a(keywords, "list")], False, False
    flat = any(isinstance(entry, str) and not _is_json(entry) for entry in keywords)
    if len(keywords) > MOST_KEYWORDS:
        return many, flat, False
    named = [_name(entry) for entry in keywords]
    known = flat or any(name in KEYWORD_NAMES for name in named)
    reasons = [reason for reason in map(_keyword, keywords) if reason][:1]
    if any(named) and not (reasons or known):
        reasons = [_UNKNOWN_KINDS]
    return reasons, flat, known


def _name(entry: Any) -> str:
    """Return the name of a keyword that has a value, in small letters."""
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), str):
        return ""
    name = entry.get("name")
    return name.translate(_SMALL) if isinstance(name, str) and entry["value"] else ""


def _keyword(entry: Any) -> str:
    if isinstance(entry, dict):
        for part in ("name", "value"):
            if part in entry and entry[part] is None:
                return ""  # the archive has such entries: they are no keywords
            if not isinstance(entry.get(part), str):
                return f"a keyword without a text as its {part}"
        entry = entry["value"]
    elif isinstance(entry, str) and _is_json(entry):
        return _JSON_TEXT
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
