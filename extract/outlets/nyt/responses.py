"""Responses of the Archive API: one JSON document a month, checked before anything is stored."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from console.outlets import find_outlet
from extract.documents import Response, ResponseError, Sorting
from extract.masking import shortened
from extract.outlets.nyt.fields import read_exact, read_loosely, reading_of
from extract.outlets.nyt.forms import (
    broken_json,
    first_not_utf8,
    foreign_form,
    mismatch,
    not_utf8,
    other_shape,
    without_mark,
)
from extract.size_limits import UnpackedLimit

# An escaped NUL: a backslash that is not itself escaped, then u0000.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# One escape of a JSON string: a surrogate pair, half a pair alone (the group), or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", flags=re.DOTALL
)
# Real months have up to 20,000 documents, and a comma in every 25 bytes or fewer.
_MOST_DOCUMENTS = 200_000
_BYTES_A_VALUE = 20
_FEW_BYTES = 8_000_000
_MOST_ESCAPES = 4_000_000
# So many documents are on a page of the Article Search API.
_DOCUMENTS_A_PAGE = 10

# The `copyright` of the generated sample's months, by which they are told from real ones.
SAMPLE_COPYRIGHT = (
    "Generated sample of a fictional newspaper, The Sample Times: no real person, place or event."
)


# The database column has 32 bits.
_MOST_HITS = 2**31 - 1
_WHOLE = re.compile(r"([0-9]{1,10})(?:\.0*)?")
# Programs that read an answer and write it again may turn 2608 into 2608.0, "2608" or, as R's
# jsonlite, [2608].
_Number = int | float | str | list[int | float | str] | None


class _Meta(msgspec.Struct):
    hits: _Number = None
    offset: _Number = None


class _Body(msgspec.Struct):
    docs: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    meta: _Meta | None = None
    # As the Times' other APIs spell it since 2025.
    metadata: _Meta | None = None


class _Envelope(msgspec.Struct):
    copyright: Any = None
    response: _Body | None = None
    fault: Any = None


class _Identified(msgspec.Struct):
    article_id: str | None = msgspec.field(default=None, name="_id")


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_id_decoder = msgspec.json.Decoder(_Identified)


def parse_response(body: bytes) -> Response:
    """Split a month's response into its documents, as they are in ``body``, and read their fields.

    Raises ResponseError where it is not a complete response of the Archive API. `extract.judge`
    says whether it is the right month.
    """
    _check_values(body)
    text = body
    try:
        envelope = _decode_envelope(body)
    except ResponseError:
        # Replacing very many escapes takes too much memory.
        if body.count(b"\\") > _MOST_ESCAPES:
            raise
        text = _mask_half_characters(body)
        if text == body:
            raise
        envelope = _decode_envelope(text)
    if envelope.fault is not None:
        raise ResponseError(f"an error answer of the API, not a month: {_reason(envelope.fault)}")
    metas = [meta for meta in _metas(envelope) if meta is not None]
    hits = max((_hits(meta.hits) for meta in metas if meta.hits is not None), default=None)
    offsets = (_whole(meta.offset) for meta in metas)
    offset = max((offset for offset in offsets if offset is not None), default=None)
    docs = envelope.response.docs if envelope.response else msgspec.UNSET
    if docs is None and hits is not None:
        docs = []  # as an empty month is written since 2025
    if docs is None or docs is msgspec.UNSET:
        other = other_shape(body)
        raise ResponseError(other or "not a response of the Archive API: it has no response.docs")
    if len(docs) > _MOST_DOCUMENTS:
        raise ResponseError(f"{len(docs):,} documents, which no month has")
    wrong_at = first_not_utf8(body)
    decoding = "" if wrong_at is None else not_utf8(body, wrong_at)
    masked = _masked_docs(docs, text, body) if text is not body else {}
    sorted_ = _sort(docs, rb"\u0000" in body, masked, check_utf8=bool(decoding))
    return Response(
        hits,
        sorted_.articles,
        sorted_.rejects,
        remedy=_remedy(len(docs), offset),
        decoding=decoding,
        is_sample=_text(envelope.copyright) == SAMPLE_COPYRIGHT,
    )


def _remedy(docs: int, offset: int | None) -> str:
    """Say what to do where a response holds fewer documents than it promises."""
    if offset or (offset is not None and docs == _DOCUMENTS_A_PAGE):
        return (
            ": a page of the Article Search API, not a month: download the month from the Archive "
            "API"
        )
    return "; download it again"


def _check_values(body: bytes) -> None:
    """Refuse a text with so many values that it would take too much memory."""
    if len(body) < _FEW_BYTES:
        return
    values = body.count(b",")
    if values > UnpackedLimit.of(find_outlet("nyt")).bytes // _BYTES_A_VALUE:
        raise ResponseError(f"{values:,} commas, more than any month's documents have")


def _reason(fault: Any) -> str:
    """Return the reason that an error answer gives."""
    text = _text(fault.get("faultstring") if isinstance(fault, dict) else fault)
    return shortened(" ".join(text.split())) or "it gives no reason"


def _text(value: Any) -> str:
    """Return a text; R's jsonlite writes it as a list with one text."""
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    return alone if isinstance(alone, str) else ""


def _hits(value: _Number) -> int:
    number = _whole(value)
    if number is None or number > _MOST_HITS:
        shown = shortened(str(value))
        raise ResponseError(
            f"hits is {shown}, not the number of documents: download the month again"
        )
    return number


def _whole(value: _Number) -> int | None:
    """Return a whole number from 0 on, None for anything else."""
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    found = _WHOLE.fullmatch(str(alone).strip())
    return int(found[1]) if found else None


def _metas(envelope: _Envelope) -> Iterator[_Meta | None]:
    if envelope.response is not None:
        yield envelope.response.meta
        yield envelope.response.metadata


def _decode_envelope(body: bytes) -> _Envelope:
    form = foreign_form(body)
    if form is not None:
        raise ResponseError(form)
    try:
        return _envelope_decoder.decode(without_mark(body))
    except msgspec.ValidationError as error:
        broken = _syntax_error(body)
        if broken is not None:
            raise ResponseError(broken_json(body, broken)) from None
        other = other_shape(body) or f"not a response of the Archive API: {mismatch(error)}"
        raise ResponseError(other) from None
    except msgspec.DecodeError as error:
        raise ResponseError(broken_json(body, error)) from None
    except UnicodeDecodeError:
        raise ResponseError(not_utf8(body, first_not_utf8(body) or 0)) from None
    except RecursionError:
        raise ResponseError("broken JSON: lists or objects nested too deeply") from None


def _syntax_error(body: bytes) -> msgspec.DecodeError | None:
    """Return what is wrong with a text's JSON syntax, None if nothing is."""
    try:
        msgspec.json.decode(without_mark(body), type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return error
    except (UnicodeDecodeError, RecursionError):
        return None
    return None


def _mask_half_characters(body: bytes) -> bytes:
    """Replace halves of surrogate pairs, which the decoder refuses, by as many bytes that it
    takes."""
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


def _sort(
    docs: list[msgspec.Raw], may_hold_nul: bool, masked: dict[int, bytes], *, check_utf8: bool
) -> Sorting:
    sorting = Sorting("_id")
    for position, doc in enumerate(docs):
        if position in masked:
            half = "half of a surrogate pair, which Postgres cannot store"
            sorting.reject(position, half, masked[position])
            continue
        exact = None if check_utf8 else read_exact(doc)
        if exact is not None:
            article_id, reason = exact.article_id, None
        else:
            article_id, reason = _read_id(doc)
        if reason is None and check_utf8:
            reason = _wrong_bytes(doc)
        if reason is None and may_hold_nul and _ESCAPED_NUL.search(doc):
            reason = r"a NUL character (\u0000), which Postgres cannot store"
        if reason is None:
            reading = reading_of(exact) if exact is not None else read_loosely(doc)
            sorting.add(position, article_id, doc, reading)
        else:
            sorting.reject(position, reason, bytes(doc))
    return sorting


def _read_id(doc: msgspec.Raw) -> tuple[str, str | None]:
    """Return a document's ``_id``, and why it cannot be one if so."""
    try:
        article_id = _id_decoder.decode(doc).article_id or ""
    except msgspec.ValidationError as error:
        return "", f"not a document: {mismatch(error)}"
    except UnicodeDecodeError:
        return "", "its _id is not UTF-8"
    return article_id, None


def _wrong_bytes(doc: msgspec.Raw) -> str | None:
    try:
        bytes(doc).decode()
    except UnicodeDecodeError as error:
        return f"not storable as jsonb: not UTF-8 at byte {error.start:,}"
    return None
