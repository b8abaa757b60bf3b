"""From files to lists: the commands of ``make run`` on a warehouse that does not exist yet."""

from itertools import islice
from pathlib import Path

import psycopg

from benchmarks.data import WINDOW, Year
from benchmarks.steps import DBT_BUILD, run_step
from benchmarks.table import Row
from warehouse.embedded.server import is_running

MOST_SECONDS = 60.0
MOST_MEGABYTES = 400.0


def measure(scratch: Path, year: Year) -> list[Row]:
    """Run all steps once and return a row for each, then one for their sum."""
    rows = []
    total = 0.0
    for name, command in _commands(year).items():
        step = run_step(scratch, *command)
        total += step.seconds
        rows.append(
            Row(
                f"pipeline: {name}",
                f"{step.seconds:.2f} s, {step.megabytes:.0f} MB",
                bar=f"under {MOST_MEGABYTES:.0f} MB",
                met=step.megabytes < MOST_MEGABYTES,
            )
        )
    with psycopg.connect() as connection:
        row = connection.execute("select sum(docs) from raw.nyt_months").fetchone()
    documents = row[0] if row else 0
    what = f"pipeline: all of it, {len(year.files)} months, {documents:,} documents"
    bar = f"under {MOST_SECONDS:.0f} s"
    return [*rows, Row(what, f"{total:.2f} s", bar=bar, met=total < MOST_SECONDS)]


def build_marts(scratch: Path, year: Year) -> None:
    """Load the year and build the marts, unless this run has done so."""
    if not is_running():
        for command in islice(_commands(year).values(), 3):
            run_step(scratch, *command)


def _commands(year: Year) -> dict[str, tuple[str, ...]]:
    lists = ("growing", "shrinking", "popular")
    return {
        "warehouse start": ("warehouse", "start"),
        "extract load": ("extract", "load", "--from", str(year.folder), *WINDOW),
        "dbt build": DBT_BUILD,
        "growth fit": ("growth", "fit"),
        "dbt build of the lists": (*DBT_BUILD, "--select", "source:growth+"),
        **{f"growth top, {name}": ("growth", "top", "--direction", name) for name in lists},
    }
