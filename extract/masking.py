"""Keeps the API's key out of all that is shown, raised, logged or stored."""

import logging
import os
import re
from functools import lru_cache
from json import dumps
from urllib.parse import quote, quote_plus

MASK = "***"
# A line is for a person: longer texts from outside are cut.
_LONGEST_LINE = 400
# So much of a text is searched: the mask and the cut come to the same for what follows.
_SEARCHED = 1 << 16
# A shorter key is a test's, and may well be a word of any month.
_SHORTEST_SECRET = 8


def masked(text: str) -> str:
    """Return a text from outside without the key, and no longer than a line.

    The key is found as it is, in other case, and with any of its characters escaped as addresses,
    JSON, Python or HTML do.
    """
    clean = _without_key(text[:_SEARCHED])
    return clean if len(clean) <= _LONGEST_LINE else f"{clean[:_LONGEST_LINE]}..."


def quoted(value: str) -> str:
    """Return a setting's value for a message: short, and without a key put there by mistake."""
    shown = masked(value)
    return repr(shown if len(shown) <= 80 else f"{shown[:80]}...")


def holds_key(body: bytes) -> bool:
    """Tell whether a body quotes the key, as it is, as it stands in an address, or in JSON."""
    key = _key()
    if len(key) < _SHORTEST_SECRET:
        return False
    return any(
        form.encode() in body for form in {key, quote(key, ""), quote_plus(key), dumps(key)[1:-1]}
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


def _without_key(text: str) -> str:
    return _pattern(_key()).sub(MASK, text)


def _key() -> str:
    return os.environ.get("NYT_API_KEY", "").strip()


@lru_cache(maxsize=4)
def _pattern(key: str) -> re.Pattern[str]:
    named = r"(?<=api-key=)[^&\s\"'<>]+"
    forms = "".join(_any_form(character) for character in key)
    return re.compile(rf"{forms}|{named}" if forms else named, re.IGNORECASE)


def _any_form(character: str) -> str:
    """Return a pattern for a character as it is or escaped, also a few times over.

    Nothing in it repeats without end: it is tried at each place of a text.
    """
    code = ord(character)
    octets = character.encode("utf-8", "surrogateescape")
    percent = "".join(rf"%(?:25){{0,4}}{octet:02x}" for octet in octets)
    html = rf"&#(?:x0{{0,6}}{code:x}|0{{0,6}}{code});"
    return rf"(?:{re.escape(character)}|{percent}|\\{{1,4}}(?:u00|x){code:02x}|{html})"
