"""Arguments and options that several command lines have."""

from datetime import date
from typing import Annotated

import typer

from console.errors import WarehouseError
from console.months import format_month, parse_month
from console.outlets import find_outlet

# The largest number that an option takes: Postgres's largest integer.
MOST = 2**31 - 1
# Longer than any label or key.
_LONGEST_TEXT = 4000


def text_argument(text: str) -> str:
    """Return a name or key of the command line; one that Postgres cannot hold is a usage error."""
    # Python represents bytes that are not UTF-8 by surrogates.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise WarehouseError(f"{text[:40]!r} is not UTF-8 text: write it as the lists show it")
    if len(text) > _LONGEST_TEXT:
        raise WarehouseError(
            f"{text[:40]!r}... has {len(text):,} characters, more than any name or key: write it "
            "as the lists show it"
        )
    return text


def month_argument(text: str) -> date:
    """Parse a month of the command line; a bad one is a usage error."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise WarehouseError(str(error)) from None


def outlet_argument(text: str) -> str:
    """Return the short name of an outlet; one that is none is a usage error."""
    return find_outlet(text).short


def check_months(start: date | None, end: date | None) -> None:
    """Raise a usage error where a window of months starts after it ends."""
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
OutletName = Annotated[
    str,
    typer.Option(
        "--outlet", parser=outlet_argument, metavar="NAME", help="Whose articles: an outlet's name."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
