"""Prints docs/commands.md: the help of every command, as the commands print it.

python docs/commands.py >docs/commands.md
"""

from collections.abc import Iterator

import typer
from typer.testing import CliRunner

import extract.cli
import growth.cli
import warehouse.cli

PROGRAMS = {"extract": extract.cli.app, "growth": growth.cli.app, "warehouse": warehouse.cli.app}
HEAD = """# Commands

What each command says with `--help`. `extract` loads months into the warehouse, `dbt build` makes
tables of them, `growth` fits topics and shows them, `warehouse` runs the database server.
`python docs/commands.py >docs/commands.md` writes this page; a test fails where it is out of date.

`growth --install-completion` (or `extract`, `warehouse`) lets your shell complete commands and
options. Where NO_COLOR is set, nothing is coloured. Exit codes: 0 done; 1 finished, but some months
or fits failed, or a doctor found something missing; 2 wrong usage or configuration; 3 the API
refused or is down; 130 interrupted.
"""


def commands() -> Iterator[tuple[str, ...]]:
    """Yield each program and each of its commands."""
    for program, app in PROGRAMS.items():
        yield (program,)
        group = typer.main.get_command(app)
        for name in getattr(group, "commands", {}):
            yield program, name


def help_of(program: str, *command: str) -> str:
    """Return what a command prints with --help."""
    # As wide as on a terminal of 80 columns or more.
    result = CliRunner().invoke(
        PROGRAMS[program], [*command, "--help"], prog_name=program, terminal_width=78
    )
    assert result.exit_code == 0, result.output
    return result.stdout.strip("\n")


if __name__ == "__main__":
    print(HEAD, end="")
    for command in commands():
        print(f"\n## {' '.join(command)}\n\n```text\n{help_of(*command)}\n```")
