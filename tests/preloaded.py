"""Runs the project's command lines in forks of one process that has already imported them.

Most commands spend four fifths of their time on starting up. A fork starts at once, and has an
environment, arguments and an exit code like any other process. Tests of signals, terminals, killed
runs and the installed scripts start real processes: ``Warehouse.start``, test_command_lines.py.

To import dbt takes 1.7 s. It is imported only where a test that is not `fast` was chosen: no fast
test runs dbt.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

_OWN = ("extract", "growth", "warehouse")
PROGRAMS = (*_OWN, "dbt")
_PROJECT_DIR = Path(__file__).resolve().parent.parent
_MODULES = [
    ".".join(file.relative_to(_PROJECT_DIR).with_suffix("").parts)
    for program in _OWN
    for file in sorted((_PROJECT_DIR / program).rglob("[a-z]*.py"))
]
# Packages that commands import in functions.
_LIBRARIES = ("psycopg_pool", "pyrate_limiter", "requests", "rich.progress", "tenacity")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_MODULES, *_LIBRARIES])


def with_dbt() -> None:
    """Import dbt too. Call this before the first command runs."""
    _context.set_forkserver_preload(
        [*_MODULES, *_LIBRARIES, "dbt.cli.main", "dbt.adapters.postgres"]
    )


def run(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float
) -> "subprocess.CompletedProcess[str]":
    """Run a command line to its end, as ``subprocess.run`` does."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        for file in said:
            file.touch()
        process = _context.Process(target=_main, args=(list(command), dict(env), cwd, *said))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        stdout, stderr = (file.read_text(encoding="utf-8") for file in said)
        return subprocess.CompletedProcess(command, process.exitcode, stdout, stderr)


def _main(command: list[str], env: dict[str, str], cwd: Path, out: Path, err: Path) -> None:
    """Run the command in this process."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, path in enumerate((Path(os.devnull), out, err)):
        file = os.open(path, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.argv = command
    if command[0] == "dbt":
        import_module("dbt.cli.main").cli()
    else:
        import_module(f"{command[0]}.cli").main()
