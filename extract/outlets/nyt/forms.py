"""Says what a file is where it is not a month, by its first bytes or by the shape of its JSON."""

import re
from codecs import getincrementaldecoder

import msgspec

from console.text import visible
from extract.masking import masked

_BOM = b"\xef\xbb\xbf"
_UNPACK = "unpack it: only .json and .json.gz are read"
_AS_UTF8 = "save it as UTF-8"
_DOWNLOAD = "download the month's response from the Archive API"

# What a file is, by its first bytes. Longer beginnings come before shorter ones that they start
# with.
_FORMS = (
    (b"\xff\xfe\0\0", f"UTF-32: {_AS_UTF8}"),
    (b"\0\0\xfe\xff", f"UTF-32: {_AS_UTF8}"),
    (b"\xff\xfe", f"UTF-16: {_AS_UTF8}"),
    (b"\xfe\xff", f"UTF-16: {_AS_UTF8}"),
    (b"+/v", f"UTF-7: {_AS_UTF8}"),
    (b"\x1f\x8b", "gzip within gzip: unpack it once"),
    (b"\x1f\x9d", f"a file packed by compress: {_UNPACK}"),
    (b"PK\x03\x04", f"a zip archive: {_UNPACK}"),
    (b"PK\x05\x06", f"an empty zip archive: {_UNPACK}"),
    (b"\xfd7zXZ\0", f"a file packed by xz: {_UNPACK}"),
    (b"\x5d\0\0", f"a file packed by lzma: {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a file packed by zstd: {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"a file packed by lz4: {_UNPACK}"),
    (b"BZh", f"a file packed by bzip2: {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {_UNPACK}"),
    (b"Rar!", f"a RAR archive: {_UNPACK}"),
    (b"%PDF", f"a PDF: {_DOWNLOAD}"),
    (b"\x89PNG", f"a picture: {_DOWNLOAD}"),
    (b"\xff\xd8\xff", f"a picture: {_DOWNLOAD}"),
    (b"GIF8", f"a picture: {_DOWNLOAD}"),
    (b"PAR1", "a Parquet file: export the months as JSON"),
    (b"SQLite format 3\0", "a SQLite database: export the months as JSON"),
    (b"\xd0\xcf\x11\xe0", "a file of Microsoft Office: export the months as JSON"),
    (b"Obj\x01", "an Avro file: export the months as JSON"),
    (b"\x80\x04", "a Python pickle: write it with json.dump"),
    (b"\x80\x05", "a Python pickle: write it with json.dump"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file: run `git lfs pull`"),
    (b"< HTTP/", "what curl -v says is in the file: save the answer's body alone"),
    (b"HTTP/", "the answer's headers are in the file: save its body alone"),
    (b"<", "an HTML or XML page, not JSON: the download went wrong"),
    (b"{'", "a Python dict as text, not JSON: write it with json.dump"),
    (b"[{'", "a Python list as text, not JSON: write it with json.dump"),
)
# UTF-16 and UTF-32 without a mark: which of the first four bytes of any JSON text are zero.
_WIDE: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "UTF-32",
    (False, True, True, True): "UTF-32",
    (True, False, True, False): "UTF-16",
    (False, True, False, True): "UTF-16",
}
_NOT_IN_WINDOWS_1252 = b"\x81\x8d\x8f\x90\x9d"
_PIECE = 1 << 20
_TAR_AT, _TAR = 257, b"ustar"

_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_IN_JSON = re.compile(
    rb"[-+]?(?:NaN|Infinity|nan|inf|Inf)\b|(?:None|NA|N/A|NaT|undefined|NULL|Null|nil|NIL)\b"
)
_TRUE_OR_FALSE = re.compile(rb"(?:True|False|TRUE|FALSE)\b")
_HEADERS = re.compile(
    rb"(?:content-(?:type|length|encoding)|date|server|connection|cache-control|via|vary"
    rb"|access-control-[a-z-]+|x-[a-z-]+): ",
    re.IGNORECASE,
)
_JAVASCRIPT = re.compile(
    rb"(?:/\*.*?\*/\s*)?(?:;?[\w$.]+\s*\(|(?:(?:var|let|const)\s+)?[\w$.]+\s*=|export\s)\s*[\[{]",
    re.DOTALL,
)
_ENDS = {b"\0": "zero bytes", b"\x1a": "a Ctrl-Z, the end mark of old systems,"}
_IN_WORDS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/+-"
_LONGEST_WORD = 9
_UNSEEN_ENDS = b"\0\x1a \t\r\n"
_FIRST_SHOWN = 40
_LONGEST_TEXT = 300
_MISMATCH = re.compile(r"Expected `([a-z]+)[^`]*`, got `([a-z]+)`(?: - at `\$\.?(.*)`)?")
_TYPES = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "null": "null",
    "object": "an object",
    "str": "a text",
}
_Member = dict[str, msgspec.Raw]


def without_mark(body: bytes) -> bytes:
    """Return a text without the byte order mark and the blanks that it may begin with."""
    return body.removeprefix(_BOM).lstrip()


def foreign_form(body: bytes) -> str | None:
    """Return in one line what a file is and what to do, where its bytes are not JSON."""
    text = without_mark(body)
    if not text:
        return "the file is empty"
    if not body.strip(b"\0"):
        return "nothing but zero bytes: download it again"
    for start, form in _FORMS:
        if text.startswith(start):
            return form
    wide = _WIDE.get(tuple(byte == 0 for byte in body[:4]))
    if wide is not None:
        return f"{wide} without a mark: {_AS_UTF8}"
    if body[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return f"a tar archive: {_UNPACK}"
    # JSON begins with a visible character, and its strings have no control characters.
    if text[0] not in b'{["' and any(byte < 32 and byte not in b"\t\n\r" for byte in text[:64]):
        return f"binary data, not a JSON text: {_DOWNLOAD}"
    return None


def _first_of(text: bytes) -> str:
    """Return what a text begins with, in quotes."""
    # The key is masked first: one that is cut short would not be found.
    line = (text[:_LONGEST_TEXT].decode(errors="replace").strip().splitlines() or [""])[0]
    first = visible(masked(line))
    return f"'{first[:_FIRST_SHOWN]}{'…' if len(first) > _FIRST_SHOWN else ''}'"


def not_json(text: bytes) -> str:
    """Return a line for a text that does not begin as JSON does."""
    if _HEADERS.match(text):
        return "the answer's headers are in the file: save its body alone"
    if _JAVASCRIPT.match(text[:_LONGEST_TEXT]):
        what = f"JavaScript, not JSON: it begins with {_first_of(text)}"
        return f"{what}: keep what is between the outer braces, with them"
    return f"not JSON: it begins with {_first_of(text)}; {_DOWNLOAD}"


def mismatch(error: msgspec.ValidationError) -> str:
    """Return in plain words which part of a JSON text has the wrong type."""
    found = _MISMATCH.match(str(error))
    if found is None:
        return str(error)
    wanted, got = (_TYPES.get(found[n], found[n]) for n in (1, 2))
    return f"{found[3] or 'it'} is {got}, not {wanted}"


def first_not_utf8(body: bytes) -> int | None:
    """Return at which byte a text stops being UTF-8; None where it is UTF-8 to its end."""
    if body.isascii():
        return None
    # Piece by piece: a text of 128 MB decoded at once takes 512.
    decoder = getincrementaldecoder("utf-8")()
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _PIECE], final=start + _PIECE >= len(body))
        except UnicodeDecodeError as error:
            return start - waiting + error.start
    return None


def not_utf8(body: bytes, at: int) -> str:
    """Return a line for a text that is not UTF-8 at a byte."""
    if any(byte in body for byte in _NOT_IN_WINDOWS_1252):
        return f"not UTF-8 at byte {at:,}: {_AS_UTF8}"
    return "not UTF-8: looks like Windows-1252; convert it (iconv -f WINDOWS-1252 -t UTF-8)"


def broken_json(body: bytes, error: msgspec.DecodeError) -> str:
    """Return a line for a text that begins like JSON but is not."""
    text = without_mark(body)
    if "truncated" in str(error):
        return f"truncated: the JSON breaks off after {len(body):,} bytes; download it again"
    found = _AT_BYTE.search(str(error))
    at = int(found[1]) if found else 0
    if text[0] not in b"{[":
        return not_json(text)
    if "trailing" in str(error):
        return _trailing(text, at - 1)  # msgspec counts one further
    start = at
    while at - start < _LONGEST_WORD and text[start - 1] in _IN_WORDS:
        start -= 1
    name = _NOT_IN_JSON.match(text, start) or _TRUE_OR_FALSE.match(text, start)
    # Inside a string, the error lies behind the word that is found here.
    if name is not None and at < name.end() and _is_value(text, start):
        written = name[0].decode()
        instead = written.lower() if _TRUE_OR_FALSE.match(name[0]) else "null"
        return (
            f"{written} at byte {name.start():,}, which JSON does not have: write {instead} in its "
            "place"
        )
    return f"broken JSON: {error}"


def _is_value(text: bytes, at: int) -> bool:
    """Tell whether a value of an object or a list may begin at a byte."""
    return text[max(0, at - 80) : at].rstrip()[-1:] in (b":", b",", b"[")


def _trailing(text: bytes, at: int) -> str:
    """Return a line for what follows a JSON text from a byte on."""
    rest = without_mark(text[at:].lstrip(_UNSEEN_ENDS))
    if rest[:1] in (b"{", b"[", b","):
        return (
            "several JSON documents in one file, one after the other: the Archive API's response "
            f"is one; {_DOWNLOAD}"
        )
    if rest:
        what = _first_of(rest)
    elif text.startswith(_BOM, at):
        what = "a mark of UTF-8"
    else:
        what = _ENDS.get(text[at : at + 1], "binary data")
    return f"broken JSON: {what} after the end of the JSON, from byte {at:,} on: remove it"


def other_shape(body: bytes) -> str | None:
    """Return what a JSON text is, where it is something known other than a response of the
    Archive API."""
    text = without_mark(body)
    try:
        if text.startswith(b'"'):
            inner = msgspec.json.decode(text, type=str).lstrip()
            return (
                "JSON text inside a JSON string: it was written as JSON twice"
                if inner.startswith(("{", "["))
                else "a text, not a response of the Archive API"
            )
        if text.startswith(b"["):
            return _list(msgspec.json.decode(text, type=list[msgspec.Raw]))
        if text.startswith(b"{"):
            return _object(msgspec.json.decode(text, type=_Member))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None


def _list(members: list[msgspec.Raw]) -> str:
    if not members:
        return "an empty list, not a response of the Archive API"
    try:
        first = msgspec.json.decode(members[0], type=_Member)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        first = {}
    if "response" in first or "docs" in first:
        return (
            f"a list of {len(members):,} responses: the Archive API's is one a month; put each "
            "into a file of its own"
        )
    if _is_document(first):
        return (
            "a list of documents without the response around it: write "
            '{"response": {"docs": [...], "meta": {"hits": NUMBER}}}'
        )
    return "a list, not a response of the Archive API"


def _object(members: _Member) -> str | None:
    if "response" in members:
        return None
    if "docs" in members:
        return (
            "the inside of a response, without the response around it: write "
            '{"response": {"docs": [...], "meta": {"hits": NUMBER}}}'
        )
    table = _table(members)
    if table:
        return f"a table {table} (pandas' to_json), not a response: {_DOWNLOAD}"
    if _is_document(members):
        return "one document, not a month of them"
    if "errors" in members:
        return "an error answer of the API, not a month"
    if "results" in members:
        return f"an answer of another API of the Times, with results in place of docs; {_DOWNLOAD}"
    return None


def _is_document(members: _Member) -> bool:
    return len({"_id", "pub_date", "headline", "keywords", "web_url"} & members.keys()) > 1


def _table(members: _Member) -> str:
    """Return whether pandas wrote an object as a table by rows or by columns; an empty text
    where it is no table."""
    if members.keys() in ({"columns", "index", "data"}, {"schema", "data"}):
        return "by rows"
    if "0" in members and bytes(members["0"]).startswith(b"{"):
        return "by rows"
    # In a document these are texts.
    columns = [members[name] for name in ("_id", "pub_date", "web_url") if name in members]
    if len(columns) > 1 and all(bytes(column)[:1] in (b"{", b"[") for column in columns):
        return "by columns"
    return ""
