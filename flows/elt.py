"""The flow `elt`: months into the warehouse, then the tables."""

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from console.months import FIRST_ARCHIVE_MONTH, format_month, previous_month
from extract.landing import MonthFile, find_month_files
from extract.load import describe_load, load_months, vacuum_raw
from extract.outlets.nyt.client import Api, ApiRefusedError
from extract.pacing import Limits, QuotaSpentError
from extract.run import MonthOutcome, Request, describe, fetch_months
from extract.sample.newspaper import write_sample
from flows.retries import RETRIES, ApiDownError
from flows.run_dbt import BUILD, run_dbt
from flows.which_months import months_to_load, scheduled_start
from warehouse.connect import connect
from warehouse.settings import DEFAULT_LANDING_DIR, load_settings

SAMPLE_MONTHS = 24

Lines = list[str]


class MonthsFailedError(Exception):
    """Months that could not be fetched or loaded whole; the message names each."""


@flow(name="elt")
def elt(
    year: Annotated[int, Field(ge=FIRST_ARCHIVE_MONTH.year, le=2199)] | None = None,
    month: Annotated[int, Field(ge=1, le=12)] | None = None,
    source: str = "api",
) -> None:
    """Load months, then build and test the tables.

    Args:
        year: With month, the one month to load. By default the month before the scheduled start,
            and the two before it that are not final yet.
        month: See year.
        source: "api"; "sample", a fictional newspaper, to try things without a key; or a folder of
            the Archive API's responses.
    """
    load_settings()
    months = months_to_load(year, month, scheduled_start())
    loaded, failed = load(months, source)
    # As make does: the months that are there are built before the others are said to be missing.
    build()
    create_markdown_artifact(
        "\n".join(f"- {line}" for line in loaded), key="elt-summary", description="Months loaded"
    )
    if failed:
        raise MonthsFailedError("; ".join(failed))


@task(**RETRIES)
def load(months: list[date], source: str) -> tuple[Lines, Lines]:
    """Load months; return what became of each, in lines, and the lines of those that failed."""
    if source == "api":
        return _load_from_api(months)
    if source == "sample":
        return _load_sample(months[-1])
    files, problems = find_month_files(Path(source), months[0], months[-1])
    lines, failed = _load_files(files)
    missing = sorted({*months} - {file.month for file in files})
    failed += [f"{path.name}: {reason}" for path, reason in problems]
    failed += [f"{format_month(month)}: no file in {source}" for month in missing]
    return lines, failed


@task(**RETRIES)
def build() -> None:
    """Build and test the tables, as `make elt` does."""
    run_dbt(*BUILD, tell=get_run_logger().info)


def _load_from_api(months: list[date]) -> tuple[Lines, Lines]:
    tell = get_run_logger().info
    limits, api = Limits.from_environment(), Api.from_environment()
    folder = Path(os.environ.get("NYT_LANDING_DIR") or DEFAULT_LANDING_DIR)
    request = Request(months, folder, refresh=False, force=False, load=True)
    outcomes: list[MonthOutcome] = []
    refused, stopped = None, []
    with connect("flow elt", "loader") as connection:
        connection.autocommit = True  # each month opens its own transaction
        try:
            for outcome in fetch_months(connection, api, limits, request, lambda: False, tell):
                outcomes.append(outcome)
                for line in describe(outcome):
                    tell(line)
        except ApiRefusedError as error:
            refused = error
        except QuotaSpentError as error:
            stopped = [f"stopped: {error}"]
        if any(outcome.load and outcome.load.outcome != "unchanged" for outcome in outcomes):
            vacuum_raw(connection)
    silent = [outcome for outcome in outcomes if outcome.fetch.is_outage]
    if silent:
        raise ApiDownError("; ".join(line for outcome in silent for line in describe(outcome)))
    if refused is not None:
        raise refused
    lines = [line for outcome in outcomes for line in describe(outcome)]
    failed = [line for outcome in outcomes if outcome.failed for line in describe(outcome)]
    return lines, failed + stopped


def _load_sample(last: date) -> tuple[Lines, Lines]:
    first = last
    for _ in range(SAMPLE_MONTHS - 1):
        first = previous_month(first)
    with TemporaryDirectory(prefix="news-growth-sample-") as folder:
        write_sample(Path(folder), first, last)
        files, _ = find_month_files(Path(folder), first, last)
        return _load_files(files)


def _load_files(files: Iterable[MonthFile]) -> tuple[Lines, Lines]:
    tell = get_run_logger().info
    lines: Lines = []
    failed: Lines = []
    changed = False
    with connect("flow elt", "loader") as connection:
        connection.autocommit = True  # each month opens its own transaction
        for result in load_months(connection, files):
            said = list(describe_load(result))
            for line in said:
                tell(line)
            lines += said
            changed = changed or result.outcome in ("loaded", "replaced")
            if result.outcome == "failed" or (result.rejected and result.outcome != "unchanged"):
                failed += said
        if changed:
            vacuum_raw(connection)
    return lines, failed
