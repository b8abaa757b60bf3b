"""What the commands of ``growth`` do once their options are checked.

A command imports what it needs: numpy takes longer to import than `growth top` takes in all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from console.exit_codes import SOME_FAILED
from console.messages import print_csv, print_json, print_path, say
from console.months import format_month
from console.outlets import outlet_option
from console.text import visible
from growth.choices import Direction, FileFormat, Period, Phase
from growth.model.statuses import Status
from warehouse.connect import connect

if TYPE_CHECKING:
    from psycopg import Connection

    from growth.stored.fit import Fitted
    from growth.stored.known import KnownTopic
    from growth.stored.result import Settings
    from growth.stored.runs import Choice, Run


def fit(
    start: date | None, end: date | None, settings: "Settings", refit: bool, as_json: bool
) -> None:
    """Fit a window, store the fit, and say what became of it."""
    from console.progress import steps
    from growth.stored.fit import STEPS, fit_window

    with connect("growth fit", role="modeller") as connection, steps(STEPS) as step:
        fitted = fit_window(connection, start, end, settings, refit=refit, step=step)
    if as_json:
        print_json(
            {
                "run_id": fitted.run_id,
                "window_start": fitted.window.start,
                "window_end": fitted.window.end,
                "fitted_to": fitted.fitted_to,
                "topics": fitted.topics,
                "statuses": fitted.statuses,
                "stored_before": fitted.stored_before,
            }
        )
    else:
        _say_what_became_of(fitted)
    if fitted.some_failed:
        raise typer.Exit(SOME_FAILED)


def _say_what_became_of(fitted: "Fitted") -> None:
    window = fitted.window
    others = ", ".join(
        f"{name.replace('_', ' ')} {number:,}"
        for name, number in fitted.statuses.items()
        if name != Status.CONVERGED
    )
    typer.echo(
        f"{window.start} to {fitted.fitted_to}: {fitted.articles:,} articles, "
        f"{fitted.converged:,} topics fitted{f' ({others})' if others else ''}"
    )
    _say_how_far(fitted)
    if fitted.stored_before:
        say("the same fit of the same data was stored before: nothing to write")
    option = outlet_option(window.outlet)
    months = f"--start {format_month(window.start)} --end {format_month(window.end)}"
    say(f"see it: growth top{option} --direction growing|shrinking|popular {months}")


def _say_how_far(fitted: "Fitted") -> None:
    """Say up to which day a window has articles, where its last month is not complete."""
    from growth.shown.words import long_date, month

    ends_early = fitted.fitted_to < fitted.window.end
    known = [f"fetched {long_date(fitted.not_final_since)}"] if fitted.not_final_since else []
    known += [f"articles up to {long_date(fitted.fitted_to)}"] if ends_early else []
    if known:
        what = "is not final" if fitted.not_final_since else "ends early"
        then = "the window is fitted to that day" if ends_early else "load it again later"
        say(f"{month(fitted.window.end)} {what} ({', '.join(known)}): {then}")


def fit_all(refit: bool, as_json: bool) -> None:
    """Fit all stored windows again, and say of each what became of it."""
    from growth.stored import refit as stored

    done = []
    with connect("growth fit", role="modeller") as connection:
        for again in stored.fit_all(connection, refit=refit):
            done.append(again)
            if again.fitted is None:
                say(f"{again.run.run_id}: {again.failure}")
            elif not as_json:
                what = "as stored" if again.fitted.stored_before else "fitted again"
                typer.echo(f"{again.run.run_id}: {what}")
    if as_json:
        print_json(
            {
                "runs": [
                    {
                        "run_id": again.run.run_id,
                        "stored_before": again.fitted.stored_before if again.fitted else None,
                        "failure": again.failure or None,
                    }
                    for again in done
                ]
            }
        )
    elif not done:
        typer.echo("no fit is stored: run `growth fit`")
    if any(again.fitted is None or again.fitted.some_failed for again in done):
        raise typer.Exit(SOME_FAILED)


def top(
    choice: "Choice",
    direction: Direction,
    kinds: list[str],
    limit: int,
    phase: Phase | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print a ranked list of a stored fit."""
    from growth.shown.tables import list_table
    from growth.shown.words import window
    from growth.stored.lists import CSV_COLUMNS, read_list
    from growth.stored.runs import choose_run

    with connect("growth top", role="analyst") as connection:
        run = choose_run(connection, choice, kinds)
        wanted = phase.replace("-", " ") if phase else None
        topics = read_list(connection, run, direction, kinds, limit, wanted)
        _say_how_it_stands(connection, run)
    if as_json:
        print_json(
            {
                "run_id": run.run_id,
                "window_start": run.window_start,
                "window_end": run.window_end,
                "fitted_to": run.last_day,
                "direction": str(direction),
                # A program that reads JSON's numbers as floats would round the key.
                "topics": [topic | {"topic_id": str(topic["topic_id"])} for topic in topics],
            }
        )
    elif as_csv:
        print_csv(CSV_COLUMNS, topics)
    else:
        shown = window(run.window, run.last_day)
        title = f"{direction.capitalize()} topics, {shown}"
        typer.echo(f"{title}\n\n{list_table(topics)}" if topics else f"{title}: none")


def show(
    names: list[str],
    kinds: list[str],
    choice: "Choice",
    by: Period | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print all about one topic, or several side by side."""
    from growth.shown import show
    from growth.stored.known import with_lines

    with _topics_of("growth show", names, kinds, choice, by) as (connection, run, by, topics):
        _say_how_it_stands(connection, run)
        if as_json or as_csv:
            topics = with_lines(connection, run, by, topics)
    if as_json:
        print_json(show.as_json(run, by, topics))
    elif as_csv:
        print_csv(show.SERIES_COLUMNS, show.series_rows(topics))
    elif len(topics) == 1:
        typer.echo(show.page(run, by, topics[0]))
    else:
        typer.echo(show.comparison(run, by, topics))


def plot(name: str, kinds: list[str], choice: "Choice", by: Period | None, out: Path) -> None:
    """Draw a topic into a file."""
    with _topics_of("growth plot", [name], kinds, choice, by) as (connection, run, by, topics):
        from growth.shown.plot import draw
        from growth.stored.lines import topic_lines

        _say_what_is_lacking(run)
        numbers = topics[0].numbers
        lines = topic_lines(connection, run, by, [numbers])
    draw(out, run, by, numbers, topics[0].points, lines[numbers["topic_id"]])
    print_path(out)


@contextmanager
def _topics_of(
    command: str, names: list[str], kinds: list[str], choice: "Choice", by: Period | None
) -> Iterator[tuple["Connection", "Run", Period, list["KnownTopic"]]]:
    """Give the topics that are meant, the fit they are of, the periods, and a connection."""
    from growth.stored.known import read_topics
    from growth.stored.observed import fitting_period
    from growth.stored.runs import choose_run
    from growth.stored.topics import find_topics

    with connect(command, role="analyst") as connection:
        run = choose_run(connection, choice, kinds)
        chosen = find_topics(connection, run, names, kinds, say)
        by = by or fitting_period(run)
        ids = [topic.topic_id for topic in chosen]
        yield connection, run, by, read_topics(connection, run, by, ids)


def report(choice: "Choice", out: Path) -> None:
    """Write a stored fit as one HTML page."""
    from console.progress import steps
    from growth.report.page import STEPS, write_report

    with connect("growth report", role="analyst") as connection, steps(STEPS) as step:
        written = write_report(connection, out, choice, step)
    say(f"{written.topics:,} topics, {written.size / 1e6:.1f} MB; open it in a browser")
    print_path(written.path)


def runs(as_json: bool, as_csv: bool) -> None:
    """List the stored fits."""
    from growth.shown.tables import runs_table
    from growth.stored.runs import COLUMNS, list_runs

    with connect("growth runs", role="analyst") as connection:
        stored = list_runs(connection)
    if as_json:
        print_json({"runs": [vars(run) for run in stored]})
    elif as_csv:
        print_csv(COLUMNS, map(vars, stored))
    else:
        typer.echo(runs_table(stored) if stored else "no fit is stored: run `growth fit`")


def export(
    choice: "Choice", kinds: list[str], by: Period, file_format: FileFormat, folder: Path
) -> None:
    """Write a fit's series and coefficients into files."""
    from growth.shown.export import export_run
    from growth.stored.runs import choose_run

    with connect("growth export", role="analyst") as connection:
        run = choose_run(connection, choice, kinds)
        written = export_run(connection, run, kinds, by, file_format, folder)
    _say_what_is_lacking(run)
    for path, rows in written:
        typer.echo(visible(f"{path}: {rows:,} rows"))


def _say_how_it_stands(connection: "Connection", run: "Run") -> None:
    """Say of a stored fit what it lacks, and whether the articles have changed since."""
    from growth.stored.observed import articles_now, marts_needed

    with marts_needed():
        if articles_now(connection, run) != run.articles:
            say(
                f"the articles have changed since {run.run_id} was fitted, so its numbers are out "
                f"of date: run `{run.command}`"
            )
    _say_what_is_lacking(run)


def _say_what_is_lacking(run: "Run") -> None:
    """Say of a fit by an older version what it lacks, and how to get it."""
    if not run.has_levels:
        say(
            f"{run.run_id} was fitted by version {run.code_version}: its start and end are those "
            "of the fitted curve, and it lacks listed rates, highest levels and today's words; "
            f"run `{run.command}`, or `growth fit --all` for all stored fits"
        )
