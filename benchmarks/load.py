"""Loading a year of documents: against dlt, and against psql's COPY of already formatted rows."""

import gc
import gzip
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import dlt
import psycopg
from dlt.common import json
from dlt.common.destination import TLoaderFileFormat
from dlt.pipeline.exceptions import PipelineStepFailed

from benchmarks.data import WINDOW, Year
from benchmarks.scratch import tcp_warehouse
from benchmarks.steps import run_step
from benchmarks.table import Row, compare, interleave
from extract.landing import MonthFile
from extract.load import Loading, load_months
from extract.outlets.nyt import ARCHIVE
from extract.size_limits import UnpackedLimit
from warehouse.connect import connect
from warehouse.embedded import server

DLT_BAR = 8.0
COPY_BAR = 0.75
TARGETS = ("raw.nyt_articles", "raw.nyt_months", "bench.nyt_articles", "dlt.docs")

# What dlt leaves to its user: files small enough to share out, and a process for each of two
# processors; besides, csv files, which it loads by COPY instead of INSERT.
DLT_TUNED = {"NORMALIZE__WORKERS": "2", "DATA_WRITER__FILE_MAX_ITEMS": "10000"}


def measure(scratch: Path, year: Year) -> list[Row]:
    """Load the year in every way, over TCP all of them, and return the comparisons."""
    connect("benchmarks").close()  # starts the server and creates the tables
    with tcp_warehouse() as address, psycopg.connect(autocommit=True) as connection:
        connection.execute("create schema bench")
        connection.execute("create table bench.nyt_articles (like raw.nyt_articles including all)")
        formatted = scratch / "rows.txt"
        documents = _format_rows(year.files, formatted)
        run_dlt = _prepare_dlt(scratch, address, year.files)

        def timed(table: str, load: Callable[[], object]) -> float:
            """Time one load into emptied tables, when the writes of the load before are done."""
            connection.execute(f"truncate {', '.join(TARGETS)}")
            connection.execute("checkpoint")
            # So that this side does not spend its time on the garbage of those before.
            gc.collect()
            gc.freeze()
            start = perf_counter()
            load()
            seconds = perf_counter() - start
            row = connection.execute(f"select count(*) from {table}").fetchone()
            if row is None or row[0] != documents:
                raise RuntimeError(f"{table} holds {row and row[0]} of {documents} documents")
            return seconds

        ours = partial(timed, TARGETS[0], partial(_load, year.files))
        command = ("extract", "load", "--from", str(year.folder), *WINDOW)
        process = partial(timed, TARGETS[0], partial(run_step, scratch, *command))
        copy = partial(timed, TARGETS[2], partial(_psql_copy, formatted))
        defaults = partial(timed, TARGETS[3], partial(run_dlt, "insert_values", {}))
        tuned = partial(timed, TARGETS[3], partial(run_dlt, "csv", DLT_TUNED))

        beside_dlt, dlt_seconds, beside_tuned, tuned_seconds = interleave(
            3, ours, defaults, ours, tuned
        )
        beside_copy, copy_seconds, process_seconds = interleave(7, ours, copy, process)
    what = f"load {documents:,} documents over TCP"
    dlt_name, psql = f"dlt {version('dlt')}", f"psql {_psql_version()} \\copy"
    return [
        compare(what, beside_dlt, f"{dlt_name}, nesting off", dlt_seconds, DLT_BAR),
        compare(what, beside_tuned, f"{dlt_name}, also csv, 2 workers", tuned_seconds),
        compare(what, beside_copy, psql, copy_seconds, COPY_BAR),
        compare(f"{what}, Python's start included", process_seconds, psql, copy_seconds),
    ]


def _load(files: list[MonthFile]) -> None:
    with connect("benchmarks") as connection:
        connection.autocommit = True
        for result in load_months(connection, files, Loading(ARCHIVE)):
            if result.outcome != "loaded":
                raise RuntimeError(f"{result.path}: {result.outcome} {result.message}")


def _format_rows(files: list[MonthFile], target: Path) -> int:
    """Write the rows of raw.nyt_articles in COPY's text format; return how many."""
    rows, limit = 0, UnpackedLimit.of(ARCHIVE.outlet)
    with target.open("wb") as file:
        for month_file in files:
            month = month_file.month.isoformat().encode()
            for article in ARCHIVE.parse(month_file.read(limit).body).articles:
                doc = bytes(article.doc).replace(b"\\", b"\\\\").replace(b"\t", b"\\t")
                doc = doc.replace(b"\n", b"\\n").replace(b"\r", b"\\r")
                file.write(b"\t".join((month, article.article_id.encode(), doc)) + b"\n")
                rows += 1
    return rows


def _psql_copy(formatted: Path) -> None:
    psql = server.client_program("psql")
    copy = f"\\copy bench.nyt_articles from '{formatted}'"
    subprocess.run([psql, "--quiet", "--no-psqlrc", "--command", copy], check=True)


def _psql_version() -> str:
    psql = server.client_program("psql")
    result = subprocess.run([psql, "--version"], check=True, capture_output=True, text=True)
    return result.stdout.split()[-1]


def _prepare_dlt(
    scratch: Path, address: str, files: list[MonthFile]
) -> Callable[[TLoaderFileFormat, dict[str, str]], None]:
    """Return a function that loads the files with dlt, in its own file format and settings.

    The tables are there already, as ours are.
    """
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(scratch / "dlt"),
        destination=dlt.destinations.postgres(address),
        dataset_name="dlt",
    )

    def load(
        some: list[MonthFile], file_format: TLoaderFileFormat, settings: dict[str, str]
    ) -> None:
        # The emptied table is appended to: replacing would have dlt empty it once more.
        @dlt.resource(name="docs", max_table_nesting=0, write_disposition="append")
        def docs() -> Iterator[list[dict[str, Any]]]:
            for file in some:
                yield json.loadb(gzip.decompress(file.path.read_bytes()))["response"]["docs"]

        os.environ |= settings
        try:
            pipeline.run(docs(), loader_file_format=file_format)
        except PipelineStepFailed as error:
            if isinstance(error.exception, KeyboardInterrupt):
                raise error.exception from None  # Ctrl-C is no failure of dlt's
            raise
        finally:
            for name in settings:
                del os.environ[name]

    load(files[:1], "insert_values", {})
    return partial(load, files)
