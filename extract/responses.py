"""Responses of the Archive API: one JSON document a month, checked before anything is stored."""

import re
from dataclasses import dataclass, field

import msgspec

# An escaped NUL: a backslash that is not itself escaped, then u0000.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class ResponseError(Exception):
    """Why a whole response cannot be used, in one line."""


@dataclass(frozen=True)
class Reject:
    """One document that cannot be stored: its place in the response's docs, why, its bytes."""

    position: int
    reason: str
    doc: bytes


@dataclass(frozen=True)
class Article:
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
    hits: int | None = None


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
    envelope = _decode_envelope(body)
    if envelope.fault is not None:
        raise ResponseError(
            f"an error answer of the API, not a month: {envelope.fault.faultstring}"
        )
    if envelope.response is None or envelope.response.docs is None:
        raise ResponseError("not a response of the Archive API: it has no response.docs")
    docs = envelope.response.docs
    hits = envelope.response.meta.hits if envelope.response.meta else None
    if hits is not None and hits > len(docs):
        raise ResponseError(
            f"truncated: meta.hits says {hits:,} documents, the file holds {len(docs):,}; "
            "download it again"
        )
    articles, rejects = _identify(docs, may_hold_nul=rb"\u0000" in body)
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
    except UnicodeDecodeError as error:
        raise ResponseError(f"broken JSON: not UTF-8 at byte {error.start:,}") from None


def _identify(
    docs: list[msgspec.Raw], may_hold_nul: bool
) -> tuple[list[Article], list[Reject]]:
    articles: list[Article] = []
    rejects: list[Reject] = []
    seen: dict[str, int] = {}
    for position, doc in enumerate(docs):
        reason = None
        try:
            article_id = _document_decoder.decode(doc).article_id
        except msgspec.ValidationError as error:
            article_id, reason = None, f"not a document: {error}"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            article_id, reason = None, f"broken JSON: {error}"
        if reason is None and not article_id:
            reason = "no _id"
        elif article_id in seen:
            reason = f"the _id {article_id} of document {seen[article_id]} again"
        elif reason is None and may_hold_nul and _ESCAPED_NUL.search(doc):
            reason = r"a NUL character (\u0000), which Postgres cannot store"
        if reason is None and article_id is not None:
            seen[article_id] = position
            articles.append(Article(position, article_id, doc))
        else:
            rejects.append(Reject(position, reason or "", bytes(doc)))
    return articles, rejects
