"""What the bytes of a month become: documents that can be stored, and rejects."""

from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from extract.fields import Reading, Tally, tally
from extract.masking import shortened

# The New York Times' have up to 60. An index entry of Postgres holds about 2,700.
_LONGEST_ID_BYTES = 1000


class ResponseError(Exception):
    """Why a whole response cannot be used, in one line."""


@dataclass(frozen=True)
class Reject:
    """One document that cannot be stored: its place in the response, why, its bytes."""

    position: int
    reason: str
    doc: bytes


class Article(msgspec.Struct, frozen=True, gc=False):
    """One document: its place in the response, its id, its bytes (a JSON object, as received
    where possible), and what could be read of its fields."""

    position: int
    article_id: str
    doc: msgspec.Raw
    reading: Reading


@dataclass(frozen=True)
class Response:
    """The documents of one month: ``len(articles) + len(rejects)`` is how many were received.

    ``hits`` is the number of documents that the response promises, None where it names none;
    ``remedy`` says what to do where there are fewer. ``decoding`` names the text's encoding error,
    empty where it is UTF-8. ``is_sample`` is true of months of the generated sample alone."""

    hits: int | None
    articles: list[Article] = field(repr=False)
    rejects: list[Reject] = field(repr=False)
    remedy: str = "; download it again"
    decoding: str = ""
    is_sample: bool = False

    @property
    def docs(self) -> int:
        """Return how many documents were received."""
        return len(self.articles) + len(self.rejects)

    @cached_property
    def fields(self) -> Tally:
        """Return what could be read of the documents' fields."""
        return tally(article.reading for article in self.articles)


class Sorting:
    """Sorts a month's documents into those that can be stored and rejects.

    ``id_field`` is what the outlet calls a document's id: reasons for rejecting one name it.
    """

    def __init__(self, id_field: str) -> None:
        self.articles: list[Article] = []
        self.rejects: list[Reject] = []
        self._id_field = id_field
        self._seen: dict[str, int] = {}

    def add(self, position: int, article_id: str, doc: msgspec.Raw, reading: Reading) -> None:
        """Keep a document; reject it where its id is missing, too long, or that of another
        document."""
        reason = self._wrong_id(article_id)
        if reason is None:
            self._seen[article_id] = position
            self.articles.append(Article(position, article_id, doc, reading))
        else:
            self.reject(position, reason, bytes(doc))

    def reject(self, position: int, reason: str, doc: bytes) -> None:
        """Set a document aside."""
        self.rejects.append(Reject(position, reason, doc))

    def _wrong_id(self, article_id: str) -> str | None:
        name = self._id_field
        if not article_id:
            return f"no {name}"
        # No character has more than four bytes.
        if 4 * len(article_id) > _LONGEST_ID_BYTES:
            length = len(article_id.encode())
            if length > _LONGEST_ID_BYTES:
                return f"an {name} of {length:,} bytes (at most {_LONGEST_ID_BYTES:,})"
        if article_id in self._seen:
            return (
                f"the {name} {shortened(article_id)!r} of document {self._seen[article_id]} again"
            )
        return None
