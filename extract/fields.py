"""What could be read of a month's documents, field by field. It is counted, stored and reported.

The fields are the same for all outlets: ``document_type``, ``pub_date``, ``headline`` and
``keywords``. What an outlet's documents call them is known in the outlet's own folder.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

ARTICLE = "article"
# What `reading` says of fields that can be read.
FLAT_KEYWORDS = "texts without a kind"
WITH_WORDS = "with words"
WITH_KEYWORDS = "of a known kind"
GARBLED = "garbled"
# A curly quote or a dash whose bytes were read as Windows-1252.
GARBLED_PART = "\u00e2\u20ac"


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What was read of one document.

    ``document_type`` is in small letters, "" where there is none; ``day`` is that of the date as
    written, "" where it cannot be read; ``unreadable`` has a field and a reason each. The others
    tell whether the headline has words, whether these are garbled, and whether a keyword counts.
    """

    document_type: str
    day: str
    unreadable: tuple[tuple[str, str], ...] = ()
    has_flat_keywords: bool = False
    has_words: bool = False
    is_garbled: bool = False
    has_keywords: bool = False


def read_fields(day: str, headline: str, has_keywords: bool) -> Reading:
    """Return the fields that were read from a document, for an outlet that publishes articles only:
    the day of publication as YYYY-MM-DD, the headline, and whether it has keywords that count."""
    try:
        date.fromisoformat(day)
        unreadable: tuple[tuple[str, str], ...] = ()
    except ValueError:
        day, unreadable = "", (("pub_date", "a text, not a date" if day else "no date"),)
    return Reading(
        ARTICLE, day, unreadable,
        has_words=bool(headline), is_garbled=GARBLED_PART in headline, has_keywords=has_keywords,
    )  # fmt: skip


@dataclass(frozen=True)
class FieldCount:
    """A row of an outlet's table of fields, without its month."""

    field: str
    reading: str
    is_readable: bool
    docs: int


@dataclass(frozen=True)
class Tally:
    """How often each field of a month's documents can be read, and why not.

    ``articles`` is how many documents are of type article, or all where none has a type: their
    fields are counted.
    """

    docs: int
    articles: int
    counts: list[FieldCount]

    def unreadable(self, field: str) -> int:
        """Return in how many documents a field cannot be read."""
        return sum(c.docs for c in self.counts if c.field == field and not c.is_readable)

    def readable(self, reading: str) -> int:
        """Return in how many documents something was found that the marts use."""
        return sum(c.docs for c in self.counts if c.is_readable and c.reading == reading)

    def reasons(self, field: str) -> list[FieldCount]:
        """Return why a field cannot be read, the most frequent reason first."""
        found = [c for c in self.counts if c.field == field and not c.is_readable]
        return sorted(found, key=lambda count: -count.docs)


def tally(readings: Iterable[Reading]) -> Tally:
    """Count what was read of a month's documents."""
    types = Counter[str]()
    # Of the documents of type article, and of those without a type.
    unreadable = {ARTICLE: Counter[tuple[str, str]](), "": Counter[tuple[str, str]]()}
    found = {ARTICLE: Counter[tuple[str, str]](), "": Counter[tuple[str, str]]()}
    for reading in readings:
        types[reading.document_type] += 1
        if reading.document_type not in unreadable:
            continue
        if reading.unreadable:
            unreadable[reading.document_type].update(reading.unreadable)
        seen = found[reading.document_type]
        seen["headline", WITH_WORDS] += reading.has_words
        seen["headline", GARBLED] += reading.is_garbled
        seen["keywords", WITH_KEYWORDS] += reading.has_keywords
        seen["keywords", FLAT_KEYWORDS] += reading.has_flat_keywords
    counted = ARTICLE if any(types.keys() - {""}) else ""
    counts = [FieldCount("document_type", kind, kind != "", n) for kind, n in types.items()]
    counts += [
        FieldCount(field, reason, False, n) for (field, reason), n in unreadable[counted].items()
    ]
    counts += [
        FieldCount(field, reading, True, n) for (field, reading), n in found[counted].items() if n
    ]
    return Tally(types.total(), types[counted], counts)


_NAMES = {"pub_date": "dates", "headline": "headlines", "keywords": "lists of keywords"}


def describe(counted: Tally) -> Iterator[str]:
    """Yield lines about what cannot be read of a month, and what is read in another way than
    usual."""
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
        if count.reading == FLAT_KEYWORDS:
            yield (
                f"keywords are texts without their kinds in {count.docs:,} documents: they count "
                "as subjects"
            )
