"""The flow `growth-fit`: fits a window, tests what was fitted, and shows the lists."""

from typing import Annotated, Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import Field

from console.months import format_month, parse_month
from console.outlets import DEFAULT_OUTLET, find_outlet
from flows.retries import RETRIES
from flows.run_dbt import BUILD, run_dbt
from flows.which_months import scheduled_start, window_to_fit
from growth.choices import DEFAULT_MIN_ARTICLES
from growth.shown.words import percent, what_happened, window
from growth.stored.fit import Fitted, fit_window
from growth.stored.lists import LISTS, read_list
from growth.stored.refit import fit_all
from growth.stored.result import Settings
from growth.stored.runs import Choice, choose_run
from warehouse.connect import connect
from warehouse.settings import load_settings

Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]

# How many topics of each list the artifacts show.
TOPICS_SHOWN = 10


class FitsFailedError(Exception):
    """The fit of some topics did not converge."""


@flow(name="growth-fit")
def growth_fit(
    as_at: Month | None = None,
    horizon_months: Annotated[int, Field(ge=1, le=2400)] = 6,
    start: Month | None = None,
    end: Month | None = None,
    refit: bool = False,
    outlet: str = DEFAULT_OUTLET,
) -> None:
    """Fit the growth of every topic in a window of months, and show the lists.

    Args:
        as_at: Last month of the window, YYYY-MM; by default the month before the scheduled start.
        horizon_months: Length of the window.
        start: First month of the window, YYYY-MM, together with end, instead of as_at.
        end: See start.
        refit: Fit again what is stored already, though the data are the same.
        outlet: Whose articles, by the outlet's short name.
    """
    load_settings()
    first, last = window_to_fit(as_at, horizon_months, start, end, scheduled_start())
    months = format_month(first), format_month(last)
    fitted = fit(*months, refit, find_outlet(outlet).short)
    fit_stored()
    test_lists()
    lists = read_lists(*months, outlet)
    create_table_artifact(
        [_row(name, topic) for name, topics in lists.items() for topic in topics],
        key="top-topics",
        description=f"The first topics of each list, {months[0]} to {months[1]}",
    )
    create_markdown_artifact(
        _summary(fitted, lists), key="growth-summary", description=f"Run {fitted.run_id}"
    )
    if fitted.some_failed:
        raise FitsFailedError(f"some topics did not converge: {fitted.statuses}")


@task(**RETRIES)
def fit(start: str, end: str, refit: bool, outlet: str) -> Fitted:
    """Fit and store a window, as `growth fit` does; say so where the same fit is stored already."""
    tell = get_run_logger().info
    settings = Settings([], DEFAULT_MIN_ARTICLES, outlet=outlet)
    with connect("flow growth-fit", "modeller") as connection:
        fitted = fit_window(connection, parse_month(start), parse_month(end), settings, refit=refit)
    tell(f"{fitted.articles:,} articles, {fitted.converged:,} of {fitted.topics:,} topics fitted")
    if fitted.stored_before:
        tell("the same fit of the same data was stored before: nothing to write")
    return fitted


@task(**RETRIES)
def fit_stored() -> None:
    """Fit stored windows again if their articles have changed or an older version fitted them."""
    logger = get_run_logger()
    with connect("flow growth-fit", "modeller") as connection:
        for again in fit_all(connection):
            if again.fitted is None:
                logger.warning(f"{again.run.run_id} is not fitted again: {again.failure}")
            elif not again.fitted.stored_before:
                logger.info(f"{again.run.run_id}: fitted again")


@task(**RETRIES)
def test_lists() -> None:
    """Test what was fitted and the lists made of it."""
    run_dbt(*BUILD, "--select", "source:growth+", tell=get_run_logger().info)


@task(**RETRIES)
def read_lists(start: str, end: str, outlet: str) -> dict[str, list[dict[str, Any]]]:
    """Read the first topics of each list."""
    with connect("flow growth-fit", "modeller") as connection:
        choice = Choice(start=parse_month(start), end=parse_month(end), outlet=outlet)
        run = choose_run(connection, choice)
        return {name: read_list(connection, run, name, [], TOPICS_SHOWN) for name in LISTS}


def _row(name: str, topic: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "rank", "label", "kind", "articles", "share_start", "share_end", "listed_rate",
        "listed_low", "listed_high", "q_value",
    )  # fmt: skip
    said = {"what_happened": what_happened(topic)} if topic["phase"] else {}
    return {"list": name} | {column: topic[column] for column in kept} | said


def _summary(fitted: Fitted, lists: dict[str, list[dict[str, Any]]]) -> str:
    lines = [
        f"# {window(fitted.window, fitted.fitted_to)}",
        f"{fitted.articles:,} articles; {fitted.converged:,} of {fitted.topics:,} topics fitted.",
    ]
    for name, topics in lists.items():
        lines += [f"## {name.capitalize()}", *(_sentence(topic) for topic in topics)]
        if not topics:
            lines.append("None.")
    return "\n\n".join(lines)


def _sentence(topic: dict[str, Any]) -> str:
    text = f"{topic['rank']}. {topic['label']} ({topic['kind']}), {topic['articles']:,} articles"
    if topic["share_start"] is None:
        return text
    start, end = percent(topic["share_start"]), percent(topic["share_end"])
    return f"{text}: from {start} to {end} of all articles; {what_happened(topic)}"
