"""Makes text from outside safe to print: no terminal or spreadsheet takes it for a command."""

import re

# Control characters, line and paragraph separators, marks that change the direction of writing, and
# bytes of a path that are not UTF-8 (surrogates).
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001

_PASSWORD = re.compile(r"(?<=://)([^/\s@:]*):[^/\s@]*(?=@)")


def without_password(text: str) -> str:
    """Return a text with the passwords in its addresses (user:password@) replaced by ***."""
    return _PASSWORD.sub(r"\1:***", text)


def visible(text: str) -> str:
    r"""Return a text with each invisible character written out, as ``\x1b`` or ``\n``: it stays on
    its line, and a terminal finds no command in it."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def short(text: str, width: int = 64) -> str:
    """Return a text, visible, in at most ``width`` columns of a terminal, where an emoji takes two;
    a longer one ends in an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    shown = visible(text)
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1).rstrip() + "…"


def cell_text(text: str) -> str:
    """Return a text as a CSV file's cell: visible, and with ' in front where a spreadsheet would
    take it for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def visible_json(document: str) -> str:
    """Return a JSON document with each invisible character but line breaks written as an escape;
    programs read the same from it."""
    return _UNSEEN.sub(
        lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", document
    )
