"""Arguments and options that several command lines have."""

from datetime import date
from typing import Annotated

import typer

from console.errors import WarehouseError
from console.months import format_month, parse_month

# The largest number of an option: what Postgres has room for in an integer.
MOST = 2**31 - 1
# Longer than any label or key.
_LONGEST_TEXT = 4000


def text_argument(text: str) -> str:
    """Take a name or key of the command line; one that Postgres cannot hold is a usage error."""
    # Python writes bytes that are no UTF-8 as halves of surrogate pairs.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise WarehouseError(f"{text[:40]!r} is no text in UTF-8: write it as the lists show it")
    if len(text) > _LONGEST_TEXT:
        raise WarehouseError(
            f"no name or key has {len(text):,} characters, as {text[:40]!r}... has: write it as "
            "the lists show it"
        )
    return text


def month_argument(text: str) -> date:
    """Parse a month of the command line; a bad one is a usage error."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise WarehouseError(str(error)) from None


def check_months(start: date | None, end: date | None) -> None:
    """Stop with a usage error where a window of months starts after it ends."""
    if start is not None and end is not None and start > end:
        raise WarehouseError(
            f"--start {format_month(start)} is after --end {format_month(end)}: swap them"
        )


StartMonth = Annotated[
    date | None,
    typer.Option("--start", parser=month_argument, metavar="YYYY-MM", help="First month."),
]
EndMonth = Annotated[
    date | None,
    typer.Option("--end", parser=month_argument, metavar="YYYY-MM", help="Last month, included."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
