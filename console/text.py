"""Text that others wrote, on its way to a terminal or a spreadsheet: it is shown, never obeyed."""

import re

# Control characters, line and paragraph separators, what turns the direction of text, and a path's
# bytes that are no text.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

# A spreadsheet takes a cell that begins with one of these, also full-width, for a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001


_PASSWORD = re.compile(r"(?<=://)([^/\s@:]*):[^/\s@]*(?=@)")


def without_password(text: str) -> str:
    """Return a text whose addresses have no password."""
    return _PASSWORD.sub(r"\1:***", text)


def visible(text: str) -> str:
    r"""Return a text with each character that cannot be seen written out, as ``\x1b`` or ``\n``.

    So it stays on its line, and a terminal finds no command in it.
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def short(text: str, width: int = 64) -> str:
    """Return a text, visible, in at most ``width`` columns of a terminal, where an emoji takes two;
    a longer one ends in an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    shown = visible(text)
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1).rstrip() + "…"


def cell_text(text: str) -> str:
    """Return a text as the cell of a CSV file: visible, and with ' before it where a spreadsheet
    would compute it."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def visible_json(document: str) -> str:
    """Return a JSON document, the same to a program, with each such character written out."""
    return _UNSEEN.sub(
        lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", document
    )
