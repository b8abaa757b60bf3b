"""Responses of the Archive API: one JSON document a month, checked before anything is stored."""

import re
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

# An escaped NUL: a backslash that is not itself escaped, then u0000.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# One escape of a JSON string: a surrogate pair, half a pair alone (the group), or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", flags=re.DOTALL
)
# NYT's have up to 60. An index entry of Postgres holds about 2,700.
_LONGEST_ID_BYTES = 1000

# The `copyright` of every month of the generated sample: how it is told from the real archive.
SAMPLE_COPYRIGHT = (
    "Generated sample of a fictional newspaper, The Sample Times: no real person, place or event."
)


class ResponseError(Exception):
    """Why a whole response cannot be used, in one line."""


@dataclass(frozen=True)
class Reject:
    """One document that cannot be stored: its place in the response's docs, why, its bytes."""

    position: int
    reason: str
    doc: bytes


class Article(msgspec.Struct, frozen=True, gc=False):
    """One document: its place in the response's docs, its ``_id``, its bytes as received."""

    position: int
    article_id: str
    doc: msgspec.Raw


@dataclass(frozen=True)
class Response:
    """The documents of one month: ``len(articles) + len(rejects)`` is how many were received."""

    copyright: str
    hits: int | None
    articles: list[Article] = field(repr=False)
    rejects: list[Reject] = field(repr=False)


class _Meta(msgspec.Struct):
    hits: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Body(msgspec.Struct):
    docs: list[msgspec.Raw] | None = None
    meta: _Meta | None = None


class _Fault(msgspec.Struct):
    faultstring: str = ""


class _Envelope(msgspec.Struct):
    copyright: str | None = None
    response: _Body | None = None
    fault: _Fault | None = None


class _Document(msgspec.Struct):
    article_id: str | None = msgspec.field(default=None, name="_id")


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_document_decoder = msgspec.json.Decoder(_Document)


def parse_response(body: bytes) -> Response:
    """Split a month's response into its documents, without decoding them.

    The documents stay views into ``body``. Raises ResponseError where the response as a whole is
    unusable: not JSON, truncated, an error answer, or fewer documents than ``meta.hits``.
    """
    text = body
    try:
        envelope = _decode_envelope(body)
    except ResponseError:
        text = _mask_half_characters(body)
        if text == body:
            raise
        envelope = _decode_envelope(text)
    if envelope.fault is not None:
        reason = " ".join(envelope.fault.faultstring.split()) or "it gives no reason"
        raise ResponseError(f"an error answer of the API, not a month: {reason}")
    if envelope.response is None or envelope.response.docs is None:
        raise ResponseError("not a response of the Archive API: it has no response.docs")
    docs = envelope.response.docs
    hits = envelope.response.meta.hits if envelope.response.meta else None
    if hits is not None and hits > len(docs):
        raise ResponseError(
            f"truncated: meta.hits says {hits:,} documents, the file holds {len(docs):,}; "
            "download it again"
        )
    masked = _masked_docs(docs, text, body) if text is not body else {}
    articles, rejects = _identify(docs, rb"\u0000" in body, masked)
    return Response(envelope.copyright or "", hits, articles, rejects)


def _decode_envelope(body: bytes) -> _Envelope:
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise ResponseError("the file is empty")
    if text.startswith(b"<"):
        raise ResponseError("an HTML or XML page, not JSON: the download went wrong")
    try:
        return _envelope_decoder.decode(text)
    except msgspec.ValidationError as error:
        raise ResponseError(f"not a response of the Archive API: {error}") from None
    except msgspec.DecodeError as error:
        if "truncated" in str(error):
            raise ResponseError(
                f"truncated: the JSON breaks off after {len(body):,} bytes; download it again"
            ) from None
        raise ResponseError(f"broken JSON: {error}") from None
    except UnicodeDecodeError:
        raise ResponseError("broken JSON: its text is not UTF-8") from None
    except RecursionError:
        raise ResponseError("broken JSON: lists or objects nested too deeply") from None


def _mask_half_characters(body: bytes) -> bytes:
    """Replace halves of surrogate pairs, which the decoder refuses, by as many other bytes."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def _masked_docs(docs: list[msgspec.Raw], text: bytes, body: bytes) -> dict[int, bytes]:
    """Return the documents that differ between ``text`` and ``body``, as they are in ``body``."""
    masked: dict[int, bytes] = {}
    end = 0
    for position, doc in enumerate(docs):
        start = text.index(doc, end)
        end = start + len(memoryview(doc))
        if text[start:end] != body[start:end]:
            masked[position] = body[start:end]
    return masked


def _identify(
    docs: list[msgspec.Raw], may_hold_nul: bool, masked: dict[int, bytes]
) -> tuple[list[Article], list[Reject]]:
    articles: list[Article] = []
    rejects: list[Reject] = []
    seen: dict[str, int] = {}
    for position, doc in enumerate(docs):
        if position in masked:
            half = "half of a surrogate pair, which Postgres cannot store"
            rejects.append(Reject(position, half, masked[position]))
            continue
        article_id, reason = _read_id(doc)
        if reason is None and article_id in seen:
            reason = f"the _id {article_id!r} of document {seen[article_id]} again"
        elif reason is None and may_hold_nul and _ESCAPED_NUL.search(doc):
            reason = r"a NUL character (\u0000), which Postgres cannot store"
        if reason is None:
            seen[article_id] = position
            articles.append(Article(position, article_id, doc))
        else:
            rejects.append(Reject(position, reason, bytes(doc)))
    return articles, rejects


def _read_id(doc: msgspec.Raw) -> tuple[str, str | None]:
    """Return a document's ``_id``, and why it cannot be one if so."""
    try:
        article_id = _document_decoder.decode(doc).article_id or ""
    except msgspec.ValidationError as error:
        return "", f"not a document: {error}"
    except UnicodeDecodeError:
        return "", "its _id is not UTF-8"
    length = len(article_id.encode())
    if length > _LONGEST_ID_BYTES:
        return "", f"an _id of {length:,} bytes (at most {_LONGEST_ID_BYTES:,})"
    return article_id, None if article_id else "no _id"
