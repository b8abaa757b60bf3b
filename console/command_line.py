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

    Its help is plain text: rich's boxes would double the time that ``--help`` takes.
    """
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def _prepare_streams() -> None:
    """Open /dev/null in the place of a stream that the shell has closed (>&-), and let the others
    write characters that their encoding lacks as escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
        elif name != "stdin":
            stream.reconfigure(errors="backslashreplace")


def run(app: Callable[[], object]) -> None:
    """Run a command line, and exit with one of the project's codes (``exit_codes``)."""
    _prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # a closed pipe or a full disk shows here at the latest
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        # As it ends, Python flushes stdout once more, which would fail again: to /dev/null instead.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            sys.exit(SOME_FAILED)  # the reader, such as `head`, has closed the pipe and knows
        say(f"error: {told}")
        sys.exit(USAGE)
