"""How a command line is made, and how it is run."""

import os
import sys
from collections.abc import Callable

import typer

from console.errors import explained
from console.exit_codes import SOME_FAILED, USAGE
from console.messages import say


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
