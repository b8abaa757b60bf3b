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
# Stands for a text that quotes the key in a form in which it cannot be cut out.
_WHOLLY_MASKED = "(a text that quotes the key)"
# A line is for a person: longer texts from outside are cut.
_LONGEST_LINE, _LONGEST_PART = 400, 300
# So much of a text is searched: the mask and the cut come to the same for what follows.
_SEARCHED = 1 << 16
# A shorter key is a test's, and may well be a word of any month.
_SHORTEST_SECRET = 8
# A body is searched in pieces, which overlap by more than a key takes when it is escaped.
_PIECE, _OVERLAP = 1 << 20, 1 << 13
# A text may be escaped so many times over.
_MOST_ESCAPES = 6

_HEX = "[0-9a-fA-F]"
_BACKSLASHED = re.compile(
    rf"\\+(?:u\{{({_HEX}{{1,8}})\}}|U({_HEX}{{8}})|u({_HEX}{{4}})|x\{{?({_HEX}{{2}})\}}?"
    r"|([0-7]{1,3})|([abefnrtv])|([^0-9A-Za-z]))"
)
# A scheme, a user's name, and the password, which a person may have written with any character.
_USERINFO = re.compile(r"^(\w+:/+|/+)?(?:([^:@/]*):)?.*@", re.DOTALL)


def masked(text: str) -> str:
    """Return a text from outside without the key, and no longer than a line.

    The key is cut out as it is, in other case, and with any of its characters escaped as addresses,
    JSON, Python or HTML do. A text that quotes it in yet another form is left out as a whole.
    """
    clean = _without_key(text[:_SEARCHED])
    return clean if len(clean) <= _LONGEST_LINE else f"{clean[:_LONGEST_LINE]}..."


def shortened(text: str) -> str:
    """Return a text from outside as a part of a line: without the key, and shorter still."""
    clean = masked(text)
    return clean if len(clean) <= _LONGEST_PART else f"{clean[:_LONGEST_PART]}…"


def quoted(value: str) -> str:
    """Return a setting's value for a message: short, without an address's password, and without a
    key put there by mistake."""
    shown = masked(_USERINFO.sub(_without_password, value))
    return repr(shown if len(shown) <= 80 else f"{shown[:80]}...")


def holds_key(body: bytes) -> bool:
    """Tell whether a body quotes the key, in any form that ``masked`` does not show."""
    return any(
        _quotes_key(body[start : start + _PIECE + _OVERLAP].decode(errors="replace"))
        for start in range(0, len(body), _PIECE)
    )


def mask_logs() -> None:
    """Keep the key out of what the libraries log when someone turns on their debug logs.

    A filter counts for the records of its own logger alone, so each of theirs gets one.
    """
    names = [*logging.root.manager.loggerDict, "urllib3", "requests"]
    for name in names:
        if name.partition(".")[0] in ("urllib3", "requests"):
            logging.getLogger(name).addFilter(_mask_record)  # once: it is the same function


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
    """Return how a key may stand in a reading: as it is, in hexadecimal digits, and in base64,
    where the characters depend on how many bytes of a longer text come before it."""
    plain = _reduced(key)
    if len(plain) < _SHORTEST_SECRET:
        return frozenset()
    octets = key.encode("utf-8", "surrogateescape")
    forms = {plain, octets.hex()}
    for before in range(3):
        whole = b64encode(bytes(before) + octets).decode()
        # Only the characters that are the key's alone.
        own = whole[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6].lower()
        forms |= {own, own.replace("+", "-").replace("/", "_")}
    return frozenset(forms)


def _readings(text: str) -> Iterator[str]:
    """Give a text as it is, and unescaped again and again."""
    for _ in range(_MOST_ESCAPES):
        yield _reduced(text)
        unescaped = _BACKSLASHED.sub(_character, html.unescape(unquote(text)))
        if unescaped == text:
            return
        text = unescaped
    yield _reduced(text)


def _reduced(text: str) -> str:
    """Return a text's ASCII letters, digits and signs in lower case, other forms of them too."""
    if not text.isascii():
        # Escaped one by one, the halves of a pair are two characters.
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
    """Return a pattern for a character as it is or escaped, also a few times over.

    Nothing in it repeats without end: it is tried at each place of a text.
    """
    code = ord(character)
    octets = character.encode("utf-8", "surrogateescape")
    percent = "".join(rf"%(?:25){{0,4}}{octet:02x}" for octet in octets)
    html = rf"&#(?:x0{{0,6}}{code:x}|0{{0,6}}{code});"
    return rf"(?:{re.escape(character)}|{percent}|\\{{1,4}}(?:u00|x){code:02x}|{html})"
