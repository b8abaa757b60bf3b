"""Keeps the APIs' keys out of all that is shown, raised, logged or stored."""

import html
import logging
import os
import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import unquote

from console.outlets import OUTLETS

MASK = "***"
# Replaces a text that contains the key in a form that cannot be cut out.
_WHOLLY_MASKED = "(a text that quotes the key)"
# Longer texts that others wrote are cut: a person reads these lines.
_LONGEST_LINE, _LONGEST_PART = 400, 300
# Only the beginning of a text is searched for the key; the rest is cut off anyway.
_SEARCHED = 1 << 16
# Only a test's key is shorter, and might occur in any month as a word.
_SHORTEST_SECRET = 8
# A body is searched in pieces that overlap by more than the length of an escaped key.
_PIECE, _OVERLAP = 1 << 20, 1 << 13
# How many times over a text may be escaped.
_MOST_ESCAPES = 6

_HEX = "[0-9a-fA-F]"
_BACKSLASHED = re.compile(
    rf"\\+(?:u\{{({_HEX}{{1,8}})\}}|U({_HEX}{{8}})|u({_HEX}{{4}})|x\{{?({_HEX}{{2}})\}}?"
    r"|([0-7]{1,3})|([abefnrtv])|([^0-9A-Za-z]))"
)
# A URL's scheme, user name and password; the password may contain any character.
_USERINFO = re.compile(r"^(\w+:/+|/+)?(?:([^:@/]*):)?.*@", re.DOTALL)


def masked(text: str) -> str:
    """Return a text that others wrote without the key, and no longer than a line.

    The key is replaced wherever it stands: in capitals or small letters, and with any of its
    characters escaped as in URLs, JSON, Python or HTML. A text that contains it in yet another form
    is replaced as a whole.
    """
    clean = _without_key(text[:_SEARCHED])
    return clean if len(clean) <= _LONGEST_LINE else f"{clean[:_LONGEST_LINE]}..."


def shortened(text: str) -> str:
    """Return a text that others wrote as a part of a line: without the key, and shorter."""
    clean = masked(text)
    return clean if len(clean) <= _LONGEST_PART else f"{clean[:_LONGEST_PART]}…"


def quoted(value: str) -> str:
    """Return a setting's value for a message: short, without an address's password, and without a
    key put there by mistake."""
    shown = masked(_USERINFO.sub(_without_password, value))
    return repr(shown if len(shown) <= 80 else f"{shown[:80]}...")


def holds_key(body: bytes) -> bool:
    """Tell whether a body contains the key, in any of the forms that ``masked`` replaces."""
    return any(
        _quotes_key(body[start : start + _PIECE + _OVERLAP].decode(errors="replace"))
        for start in range(0, len(body), _PIECE)
    )


def mask_logs() -> None:
    """Keep the key out of the libraries' debug logs, where someone turns them on.

    A filter sees only the records of its own logger, so each of their loggers gets one.
    """
    names = [*logging.root.manager.loggerDict, "urllib3", "requests"]
    for name in names:
        if name.partition(".")[0] in ("urllib3", "requests"):
            logging.getLogger(name).addFilter(
                _mask_record
            )  # adding the same function again changes nothing


def _mask_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = _without_key(record.getMessage()), ()
    if record.exc_info:
        record.exc_text = _without_key(logging.Formatter().formatException(record.exc_info))
        record.exc_info = None
    return True


def _without_password(address: re.Match[str]) -> str:
    scheme, user = address[1] or "", address[2]
    return f"{scheme}{MASK if user is None else f'{user}:{MASK}'}@"


def _without_key(text: str) -> str:
    keys = _keys()
    clean = _pattern(keys).sub(MASK, text)
    return _WHOLLY_MASKED if _quotes_key(clean) else clean


def _quotes_key(text: str) -> bool:
    """Tell whether a text holds a key however it is escaped, spaced or written."""
    forms = [form for key in _keys() for form in _forms(key)]
    return bool(forms) and any(form in reading for reading in _readings(text) for form in forms)


@lru_cache(maxsize=4)
def _forms(key: str) -> frozenset[str]:
    """Return the forms in which a key may be written: as it is, in hexadecimal digits, and in
    base64, whose characters depend on how many bytes of a longer text come before the key."""
    plain = _reduced(key)
    if len(plain) < _SHORTEST_SECRET:
        return frozenset()
    octets = key.encode("utf-8", "surrogateescape")
    forms = {plain, octets.hex()}
    for before in range(3):
        whole = b64encode(bytes(before) + octets).decode()
        # Only the characters that depend on nothing but the key.
        own = whole[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6].lower()
        forms |= {own, own.replace("+", "-").replace("/", "_")}
    return frozenset(forms)


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is, then unescaped once, twice and so on."""
    for _ in range(_MOST_ESCAPES):
        yield _reduced(text)
        unescaped = _BACKSLASHED.sub(_character, html.unescape(unquote(text)))
        if unescaped == text:
            return
        text = unescaped
    yield _reduced(text)


def _reduced(text: str) -> str:
    """Return a text's ASCII letters, digits and signs in lower case, wide or bold forms of them
    included."""
    if not text.isascii():
        # Where the halves of a surrogate pair are escaped one by one, they are two characters here.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = normalize("NFKD", text)
    return re.sub(r"[^!-~]+", "", text).lower()


def _character(escape: re.Match[str]) -> str:
    *codes, octal, blank, itself = escape.groups()
    if blank:
        return " "
    code = int(octal, 8) if octal else next((int(code, 16) for code in codes if code), None)
    if code is None:
        return str(itself)
    return chr(code) if code <= sys.maxunicode else ""


def _keys() -> tuple[str, ...]:
    found = (os.environ.get(outlet.variable("API_KEY"), "").strip() for outlet in OUTLETS)
    return tuple(key for key in found if key)


@lru_cache(maxsize=4)
def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    named = r"(?<=api-key=)[^&\s\"'<>]+"
    forms = ["".join(_any_form(character) for character in key) for key in keys]
    return re.compile("|".join([*forms, named]), re.IGNORECASE)


def _any_form(character: str) -> str:
    """Return a pattern for a character as it is or escaped, a few times over if need be.

    No part of the pattern repeats without limit, since it is tried at each place of a text.
    """
    code = ord(character)
    octets = character.encode("utf-8", "surrogateescape")
    percent = "".join(rf"%(?:25){{0,4}}{octet:02x}" for octet in octets)
    html = rf"&#(?:x0{{0,6}}{code:x}|0{{0,6}}{code});"
    return rf"(?:{re.escape(character)}|{percent}|\\{{1,4}}(?:u00|x){code:02x}|{html})"
