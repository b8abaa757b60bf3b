"""Commands of the project as a person types them, each a process of its own."""

import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from flows.run_dbt import BUILD
from warehouse.settings import PROJECT_DIR

# As `make elt` builds.
DBT_BUILD = ("dbt", "--quiet", *BUILD)


@dataclass(frozen=True)
class Step:
    """A command that has run: its duration and its peak resident memory."""

    seconds: float
    megabytes: float


def run_step(scratch: Path, program: str, *arguments: str, accept: Collection[int] = (0,)) -> Step:
    """Run a command of the environment in the project's folder; raise where it ends otherwise than
    with one of the exit codes to ``accept``.

    Peak memory is that of the process, but at least this process's own: Linux counts what a child
    held before it became another program. So nothing large is imported here before it is measured.
    """
    # dbt keeps what it has parsed in its target folder: one of our own is a first start each run.
    places = {"DBT_TARGET_PATH": str(scratch / "target"), "DBT_LOG_PATH": str(scratch / "logs")}
    output = scratch / "output.txt"
    start = perf_counter()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [Path(sys.executable).parent / program, *arguments],
            cwd=PROJECT_DIR,
            env=os.environ | places,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            _end(process)
            raise
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accept:
        sys.stderr.write(output.read_text(errors="replace"))
        raise RuntimeError(f"`{program} {' '.join(arguments)}` ended with {process.returncode}")
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return Step(seconds, usage.ru_maxrss * bytes_per_unit / 1e6)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a command to end after Ctrl-C, which reached it too; after a `kill` tell it to."""
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
