"""What command lines print: messages to people on stderr, results on stdout."""

import contextlib
import csv
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from console.exit_codes import SOME_FAILED
from console.text import cell_text, visible, visible_json


def say(message: str) -> None:
    """Print a line for a person: to stderr, so that stdout holds results alone."""
    # Where stderr's disk is full the line is lost; the command goes on.
    with contextlib.suppress(OSError):
        typer.echo(visible(message), err=True)


def print_path(path: Path) -> None:
    """Print a file's path to stdout, byte for byte, so that a script can use it."""
    typer.echo(os.fsencode(path))


def print_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    typer.echo(visible_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)))


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a header and rows to stdout; texts are safe to open in a spreadsheet."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row[column] for column in columns)
        texts = ("; ".join(cell) if isinstance(cell, list) else cell for cell in cells)
        writer.writerow([cell_text(cell) if isinstance(cell, str) else cell for cell in texts])


@dataclass(frozen=True)
class Finding:
    """A doctor's check: its name, whether all is well, and what it found or what to do."""

    name: str
    ok: bool
    message: str


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each finding as soon as it is made; exit with code 1 where one is bad."""
    well = True
    for finding in findings:
        well = well and finding.ok
        typer.echo(visible(f"{'ok ' if finding.ok else 'BAD'}  {finding.name}: {finding.message}"))
    if not well:
        raise typer.Exit(SOME_FAILED)
