"""Runs dbt as the Makefile does, and says which models or tests failed."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from console.errors import WarehouseDownError
from warehouse.connect import use_warehouse
from warehouse.settings import PROJECT_DIR

_FAILED = {"error", "fail", "runtime error", "partial success"}
_LINES_OF_OUTPUT = 20


# As in the Makefile, without unit tests: they test the models' SQL, not the data.
BUILD = ("build", "--exclude-resource-type", "unit_test")


# What Postgres and libpq say, and dbt repeats, where the server went away.
_SERVER_GONE = re.compile(
    "server closed the connection|terminating connection|connection to server|connection already "
    "closed|could not connect|the database system is|could not receive data from server"
)


class DbtError(Exception):
    """Models or tests of dbt failed; the message names each."""


def run_dbt(*arguments: str, tell: Callable[[str], None]) -> None:
    """Run a dbt command on the warehouse in a process of its own, its output line by line to
    ``tell``. Raises DbtError, WarehouseDownError where the server went away, WarehouseError."""
    use_warehouse()  # libpq's variables, which dbt's profile reads
    with TemporaryDirectory(prefix="news-growth-dbt-") as target:
        # Each run has a target folder of its own: two may run at once.
        command = [
            str(Path(sys.executable).with_name("dbt")), "--quiet", "--no-use-colors", *arguments,
            "--target-path", target, "--profiles-dir", str(PROJECT_DIR), "--target", "warehouse",
        ]  # fmt: skip
        output = []
        with subprocess.Popen(
            command, cwd=PROJECT_DIR, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                for line in process.stdout or ():
                    if line.strip():
                        output.append(line.rstrip())
                        tell(line.rstrip())
            except BaseException:  # where the run is cancelled, dbt stops too
                process.terminate()
                raise
        if process.returncode == 0:
            return
        failed = _failed_nodes(Path(target) / "run_results.json")
    name = f"dbt {arguments[0]}"
    if failed:
        message = f"{name} failed: {'; '.join(failed)}"
    else:
        said = "\n".join(output[-_LINES_OF_OUTPUT:]) or "it said nothing"
        message = f"{name} ended with {process.returncode}: {said}"
    raise (WarehouseDownError if _SERVER_GONE.search(message) else DbtError)(message)


def _failed_nodes(results: Path) -> list[str]:
    """Return "test topics_add_up: Got 3 results, configured to fail if != 0" for each failure."""
    if not results.exists():
        return []
    rows = json.loads(results.read_text(encoding="utf-8"))["results"]
    return [_name(row) for row in rows if row["status"] in _FAILED]


def _name(row: dict[str, Any]) -> str:
    kind, _, name = row["unique_id"].split(".")[:3]
    return f"{kind} {name}: {' '.join((row['message'] or row['status']).split())}"
