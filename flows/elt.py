"""The flow `elt`: loads months into the warehouse, then builds the tables."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from console.months import format_month, months_up_to
from console.outlets import FIRST_MONTH, OUTLETS, find_outlet
from console.progress import Progress
from extract.api.pacing import QuotaSpentError
from extract.landing import MonthFile, find_month_files, landing_dir
from extract.load import Loading, MonthResult, load_files
from extract.outlets import archive_of
from extract.outlets.interface import Archive
from extract.run import MonthOutcome, Request, fetch_and_load
from extract.sample.newspaper import write_sample
from flows.retries import RETRIES, ApiDownError
from flows.run_dbt import BUILD, run_dbt
from flows.which_months import months_to_load, scheduled_start
from warehouse.connect import connect
from warehouse.settings import load_settings

if TYPE_CHECKING:
    import psycopg

SAMPLE_MONTHS = 24

Lines = list[str]


class MonthsFailedError(Exception):
    """Some months could not be fetched or loaded completely; the message names each."""


@flow(name="elt")
def elt(
    year: Annotated[int, Field(ge=FIRST_MONTH.year, le=2199)] | None = None,
    month: Annotated[int, Field(ge=1, le=12)] | None = None,
    source: str = "api",
    outlet: str = OUTLETS[0].short,
) -> None:
    """Load months, then build and test the tables.

    Args:
        year: With month, the one month to load. By default the month before the scheduled start,
            and the two before it that are not final yet.
        month: See year.
        source: "api"; "sample", a fictional newspaper, to try things without a key; or a folder of
            the responses of the outlet's API.
        outlet: Whose months, by its short name.
    """
    load_settings()
    months = months_to_load(year, month, scheduled_start())
    loaded, failed = load(months, source, outlet)
    # As `make elt` does: first build with the months that are there, then fail for those that are
    # not.
    build()
    create_markdown_artifact(
        "\n".join(f"- {line}" for line in loaded), key="elt-summary", description="Months loaded"
    )
    if failed:
        raise MonthsFailedError("; ".join(failed))


@task(**RETRIES)
def load(months: list[date], source: str, outlet: str = OUTLETS[0].short) -> tuple[Lines, Lines]:
    """Load months; return what became of each, in lines, and the lines of those that failed."""
    archive = archive_of(find_outlet(outlet))
    if source == "api":
        return _load_from_api(archive, months)
    if source == "sample":
        return _load_sample(archive, months[-1])
    files, problems = find_month_files(Path(source), months[0], months[-1])
    lines, failed = _load_files(archive, files)
    missing = sorted({*months} - {file.month for file in files})
    failed += [f"{path.name}: {reason}" for path, reason in problems]
    failed += [f"{format_month(month)}: no file in {source}" for month in missing]
    return lines, failed


@task(**RETRIES)
def build() -> None:
    """Build and test the tables, as `make elt` does."""
    run_dbt(*BUILD, tell=get_run_logger().info)


def _load_from_api(archive: Archive, months: list[date]) -> tuple[Lines, Lines]:
    api = archive.api()
    request = Request(archive, months, landing_dir(archive.outlet))
    with _connection() as connection:
        done = fetch_and_load(connection, api, request, _log())
    silent = [outcome for outcome in done.outcomes if outcome.fetch.is_outage]
    if silent:
        raise ApiDownError("; ".join(_lines(silent)))
    failed = _lines(outcome for outcome in done.outcomes if outcome.has_failed)
    if isinstance(done.stopped, QuotaSpentError):
        failed.append(f"stopped: {done.stopped}")
    elif done.stopped is not None:
        raise done.stopped
    return _lines(done.outcomes), failed


def _load_sample(archive: Archive, last: date) -> tuple[Lines, Lines]:
    first = months_up_to(last, SAMPLE_MONTHS)[0]
    with TemporaryDirectory(prefix="news-growth-sample-") as folder:
        write_sample(Path(folder), first, last)
        files, _ = find_month_files(Path(folder), first, last)
        return _load_files(archive, files)


def _load_files(archive: Archive, files: list[MonthFile]) -> tuple[Lines, Lines]:
    with _connection() as connection:
        results = load_files(connection, files, Loading(archive), _log())
    return _lines(results), _lines(result for result in results if result.has_failed)


@contextmanager
def _connection() -> Iterator["psycopg.Connection"]:
    with connect("flow elt", "loader") as connection:
        connection.autocommit = True  # each month opens its own transaction
        yield connection


def _log() -> Progress:
    return Progress(tell=get_run_logger().info, advance=lambda documents: None)


def _lines(months: Iterable[MonthOutcome | MonthResult]) -> Lines:
    return [line for month in months for line in month.lines()]
