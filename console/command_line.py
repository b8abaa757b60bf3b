"""What the command lines have in common: exit codes, messages, months as arguments."""

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from console.errors import WarehouseError, explained
from console.months import format_month, parse_month
from console.text import cell_text, visible, visible_json

# The largest number of an option: what Postgres has room for in an integer.
MOST = 2**31 - 1
# Longer than any label or key.
_LONGEST_TEXT = 4000

DONE, SOME_FAILED, USAGE, API_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def command_line(help_text: str) -> typer.Typer:
    """Return an empty command line.

    Its help is plain text: rich's boxes take as long as all the rest of ``--help``.
    """
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def say(message: str) -> None:
    """Print a line for a person: to stderr, so that results stay alone on stdout."""
    # What is told is lost where stderr finds no room; what is done is not.
    with contextlib.suppress(OSError):
        typer.echo(visible(message), err=True)


def print_path(path: Path) -> None:
    """Print a file's path to stdout as the system has it, so that a script can use it."""
    typer.echo(os.fsencode(path))


def print_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    typer.echo(visible_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)))


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows with a header to stdout, their texts safe to open in a spreadsheet."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row[column] for column in columns)
        texts = ("; ".join(cell) if isinstance(cell, list) else cell for cell in cells)
        writer.writerow([cell_text(cell) if isinstance(cell, str) else cell for cell in texts])


@dataclass(frozen=True)
class Finding:
    """One check of a doctor: its name, whether all is well, and what was found or what to do."""

    name: str
    ok: bool
    message: str


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each finding as soon as it is made; leave with exit code 1 where one is bad."""
    well = True
    for finding in findings:
        well = well and finding.ok
        typer.echo(visible(f"{'ok ' if finding.ok else 'BAD'}  {finding.name}: {finding.message}"))
    if not well:
        raise typer.Exit(SOME_FAILED)


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


def _open_what_is_closed() -> None:
    """Give a program whose shell has closed a stream (>&-) one that leads nowhere, and let texts
    that a stream's encoding does not have be written out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
        elif name != "stdin":
            stream.reconfigure(errors="backslashreplace")


def run(app: Callable[[], object]) -> None:
    """Run a command line and leave with the exit codes of the project.

    0 done, 1 finished but something failed, 2 usage or configuration, 130 interrupted.
    """
    _open_what_is_closed()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # what a pipe or a disk does not take shows here at the latest
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        # Nothing more goes there: Python would try once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            sys.exit(SOME_FAILED)  # who read the answer has closed the pipe, and knows
        say(f"error: {told}")
        sys.exit(USAGE)
