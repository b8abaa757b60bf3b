"""``python -m benchmarks [pipeline] [fit] [load] [archive] [years]``: those named; if none, the
first three.

Exit codes: 0 every bar is met, 1 one is missed, 2 usage, 130 interrupted.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from benchmarks import archive, pipeline
from benchmarks.data import find_archive, find_year
from benchmarks.scratch import scratch_folder, warehouse_beside
from benchmarks.table import Row, format_table, without_bar
from console.months import format_month
from warehouse.embedded import server

# Pipeline is first: see benchmarks.steps on memory.
SHORT_PARTS = ("pipeline", "fit", "load")
PARTS = (*SHORT_PARTS, "archive", "years")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parts: Collection[str] = parser.parse_args().parts or SHORT_PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    # Like Ctrl-C, `kill` must leave no server behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(_machine())
    try:
        rows = _measure(parts)
    except KeyboardInterrupt:
        return 130
    print(f"\n{format_table(rows)}")
    missed = sum(not row.met for row in rows)
    if "archive" not in parts:
        print("\nthe whole archive, from 10 to 1,000 months: make bench-archive")
    if missed:
        print(f"\n{missed} of the bars missed", file=sys.stderr)
    return 1 if missed else 0


def _machine() -> str:
    postgres = subprocess.run(
        [server.client_program("postgres"), "--version"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, Postgres {postgres.stdout.split()[-1]}"
    )


def _measure(parts: Collection[str]) -> list[Row]:
    rows: list[Row] = []
    with scratch_folder() as scratch:
        if "archive" in parts:
            (folder := scratch / "archive").mkdir()
            rows += archive.measure(folder, find_archive(), _say)
        if "years" in parts:
            # Here, since it brings numpy: see benchmarks.steps on memory.
            from benchmarks import years

            with warehouse_beside("years"):
                rows += years.measure(scratch, _say)
        if set(parts) & set(SHORT_PARTS):
            rows += _measure_year(scratch, parts)
    return rows


def _measure_year(scratch: Path, parts: Collection[str]) -> list[Row]:
    rows: list[Row] = []
    year = find_year(scratch)
    first, last = (format_month(file.month) for file in (year.files[0], year.files[-1]))
    print(f"{first} to {last} of {year.description}", flush=True)
    if not year.is_real:
        print("the bars are set for the real archive: on the sample they are not held")
    if "pipeline" in parts:
        _say("pipeline: about half a minute")
        rows += pipeline.measure(scratch, year)
    if "fit" in parts:
        _say("fit: a minute")
        pipeline.build_marts(scratch, year)
        # Read by numpy's libraries when they are loaded, which is now.
        os.environ |= ONE_THREAD
        from benchmarks import fit

        rows += fit.measure()
    if "load" in parts:
        _say("load: about two minutes")
        # Read by dlt when it is imported, which is now: it takes no settings from elsewhere,
        # reports to nobody, and does not put Ctrl-C off until a step of it is done.
        os.environ |= {
            "DLT_DATA_DIR": str(scratch / "dlt"),
            "DLT_PROJECT_DIR": str(scratch),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__INTERCEPT_SIGNALS": "false",
        }
        from benchmarks import load

        rows += load.measure(scratch, year)
    return rows if year.is_real else [without_bar(row) for row in rows]


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
