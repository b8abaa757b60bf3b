"""Command line of the fit: ``growth fit|top|show|compare|plot|report|runs|export|doctor``."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.command_line import (
    MOST,
    SOME_FAILED,
    AsJson,
    EndMonth,
    StartMonth,
    check_months,
    command_line,
    print_csv,
    print_findings,
    print_json,
    print_path,
    run,
    say,
    text_argument,
)
from console.months import format_month
from console.text import visible
from growth.choices import (
    DEFAULT_MIN_ARTICLES,
    Direction,
    FileFormat,
    Kind,
    Period,
    Phase,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from psycopg import Connection

    from growth.shown.show import KnownTopic
    from growth.stored.fit import Fitted
    from growth.stored.runs import Choice, Run

app = command_line("Which topics grew, which shrank, which led, between two months?")


Kinds = Annotated[
    list[Kind] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help=f"Only topics of this kind: {', '.join(Kind)}; repeat it for several.  [default: all]",
    ),
]
FitPeriod = Annotated[Period, typer.Option("--period", help="Of a fit by such periods.")]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run", parser=text_argument, metavar="RUN_ID", help="Of this fit; see `growth runs`."
    ),
]
Topic = Annotated[
    str,
    typer.Argument(parser=text_argument, metavar="TOPIC", help="Its label, or words of it."),
]
By = Annotated[
    Period | None,
    typer.Option(
        "--by", help="Count by such periods.  [default: week; month in windows above 400 days]"
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]


@app.command()
def fit(
    start: StartMonth = None,
    end: EndMonth = None,
    kind: Kinds = None,
    min_articles: Annotated[
        int,
        typer.Option(
            min=1, max=MOST, help="Fit topics with at least so many articles in the window."
        ),
    ] = DEFAULT_MIN_ARTICLES,
    period: Annotated[
        Period, typer.Option(help="Length of the periods that are counted.")
    ] = Period.DAY,
    allow_gaps: Annotated[
        bool, typer.Option("--allow-gaps", help="Fit though months of the window are not loaded.")
    ] = False,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit and store again what is stored already.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Fit all stored windows again, each with its settings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the growth of every topic between two months and store it.

    Without --start and --end it takes all loaded months. The same fit twice is stored once.
    --all fits the windows of `growth runs` again where their articles have changed or an older
    version fitted them.
    """
    check_months(start, end)
    if every:
        if start or end or kind or allow_gaps:
            raise typer.BadParameter(
                "--all takes windows and settings from the stored fits: leave --start, --end, "
                "--kind and --allow-gaps away"
            )
        _fit_all(refit, as_json)
        return

    from console.progress import steps
    from growth.stored.fit import STEPS, fit_window
    from growth.stored.store import Settings
    from warehouse.connect import connect

    settings = Settings(_names(kind), min_articles, str(period), allow_gaps)
    with connect("growth fit", role="modeller") as connection, steps(STEPS) as step:
        fitted = fit_window(connection, start, end, settings, refit=refit, step=step)
    window = fitted.window
    if as_json:
        print_json(
            {
                "run_id": fitted.run_id,
                "window_start": window.start,
                "window_end": window.end,
                "fitted_to": fitted.fitted_to,
                "topics": fitted.topics,
                "statuses": fitted.statuses,
                "stored_before": fitted.stored_before,
            }
        )
    else:
        others = ", ".join(
            f"{name.replace('_', ' ')} {number:,}"
            for name, number in fitted.statuses.items()
            if name != "converged"
        )
        typer.echo(
            f"{window.start} to {fitted.fitted_to}: {fitted.articles:,} articles, "
            f"{fitted.converged:,} topics fitted{f' ({others})' if others else ''}"
        )
        _say_how_far(fitted)
        if fitted.stored_before:
            say("the same fit of the same data was stored before: nothing to write")
        months = f"--start {format_month(window.start)} --end {format_month(window.end)}"
        say(f"see it: growth top --direction growing|shrinking|popular {months}")
    if fitted.some_failed:
        raise typer.Exit(SOME_FAILED)


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


def _fit_all(refit: bool, as_json: bool) -> None:
    from growth.stored.refit import fit_all
    from warehouse.connect import connect

    done = []
    with connect("growth fit", role="modeller") as connection:
        for again in fit_all(connection, refit=refit):
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


def _say_how_it_stands(connection: "Connection", run: "Run") -> None:
    """Say of a stored fit what it lacks, and whether the articles are others by now."""
    from growth.stored.observed import articles_now, marts_needed

    with marts_needed():
        if articles_now(connection, run) != run.articles:
            say(
                f"the articles have changed since {run.run_id} was fitted, and its numbers are of "
                f"those before: run `{run.command}`"
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


@app.command()
def top(
    direction: Annotated[Direction, typer.Option(help="Which list.")] = Direction.GROWING,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Topics to print.")] = 20,
    kind: Kinds = None,
    phase: Annotated[
        Phase | None, typer.Option(help="Only topics that stand there at the window's end.")
    ] = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print a ranked list of a stored fit, by default of the latest.

    Growing and shrinking topics are those that surely moved, at a false discovery rate of 5%,
    ranked by the smallest movement that is still plausible. Popular ones are ranked by articles.
    """
    choice = _choice(run_id, start, end, period)
    _one_of(as_json, as_csv)

    from growth.shown.tables import LIST_COLUMNS, list_table
    from growth.shown.words import window
    from growth.stored.lists import read_list
    from growth.stored.runs import choose_run
    from warehouse.connect import connect

    kinds = _names(kind)
    with connect("growth top", role="analyst") as connection:
        found = choose_run(connection, choice, kinds)
        wanted = phase.replace("-", " ") if phase else None
        topics = read_list(connection, found, direction, kinds, limit, wanted)
        _say_how_it_stands(connection, found)
    if as_json:
        print_json(
            {
                "run_id": found.run_id,
                "window_start": found.window_start,
                "window_end": found.window_end,
                "fitted_to": found.last_day,
                "direction": str(direction),
                # A program that reads JSON's numbers as floats would round the key.
                "topics": [topic | {"topic_id": str(topic["topic_id"])} for topic in topics],
            }
        )
    elif as_csv:
        print_csv(LIST_COLUMNS, topics)
    else:
        shown = window(found.window_start, found.window_end, found.last_day)
        title = f"{direction.capitalize()} topics, {shown}"
        typer.echo(f"{title}\n\n{list_table(topics)}" if topics else f"{title}: none")


@app.command()
def show(
    topic: Topic,
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
    by: By = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print all about one topic: its line, its numbers with intervals, its headlines.

    A name that no topic has is taken for the one it comes near, where that is clear; otherwise the
    topics that may be meant are named. --csv prints what was counted, a line a period.
    """
    _show([topic], kind, _choice(run_id, start, end, period), by, as_json, as_csv)


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")] = Path(
        "report.html"
    ),
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
) -> None:
    """Write a stored fit, by default the latest, as one HTML page that needs no network.

    The lists as charts, every fitted topic with its numbers and articles, and what can be compared
    and downloaded.
    """
    choice = _choice(run_id, start, end, period)

    from console.progress import steps
    from growth.report.page import STEPS, write_report
    from warehouse.connect import connect

    with connect("growth report", role="analyst") as connection, steps(STEPS) as step:
        written = write_report(connection, out, choice, step)
    say(f"{written.topics:,} topics, {written.size / 1e6:.1f} MB; open it in a browser")
    print_path(written.path)


@app.command()
def compare(
    topics: Annotated[
        list[str],
        typer.Argument(
            parser=text_argument,
            metavar="TOPIC...",
            help="Two or more, as for `growth show`.",
        ),
    ],
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
    by: By = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print topics side by side, their lines on one scale."""
    if len(topics) < 2:
        raise typer.BadParameter("name two topics or more; for one: growth show TOPIC")
    _show(topics, kind, _choice(run_id, start, end, period), by, as_json, as_csv)


def _show(
    names: list[str],
    kind: list[Kind] | None,
    choice: "Choice",
    by: Period | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    _one_of(as_json, as_csv)

    from growth.shown import show

    with _topics_of("growth show", names, kind, choice, by) as (connection, found, by, topics):
        _say_how_it_stands(connection, found)
        if as_json or as_csv:
            topics = show.with_curves(connection, found, by, topics)
    if as_json:
        print_json(show.as_json(found, by, topics))
    elif as_csv:
        print_csv(show.SERIES_COLUMNS, show.series_rows(topics))
    elif len(topics) == 1:
        typer.echo(show.page(found, by, topics[0]))
    else:
        typer.echo(show.comparison(found, by, topics))


@contextmanager
def _topics_of(
    command: str, names: list[str], kind: list[Kind] | None, choice: "Choice", by: Period | None
) -> "Iterator[tuple[Connection, Run, Period, list[KnownTopic]]]":
    """Give the topics that are meant, the fit they are of, and a connection."""
    from growth.shown.show import read_topics
    from growth.stored.observed import fitting_period
    from growth.stored.runs import choose_run
    from growth.stored.topics import find_topics
    from warehouse.connect import connect

    kinds = _names(kind)
    with connect(command, role="analyst") as connection:
        run = choose_run(connection, choice, kinds)
        chosen = find_topics(connection, run, names, kinds, say)
        by = by or fitting_period(run)
        ids = [topic.topic_id for topic in chosen]
        yield connection, run, by, read_topics(connection, run, by, ids)


@app.command()
def plot(
    topic: Topic,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .svg or .png file.")],
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
    by: By = None,
) -> None:
    """Draw a topic into a file: points, its level with bands of 80% and 95%, the fitted curve."""
    if out.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{out} ends in neither .svg nor .png: name it topic.svg")
    choice = _choice(run_id, start, end, period)
    with _topics_of("growth plot", [topic], kind, choice, by) as (connection, found, by, topics):
        from growth.shown.plot import draw
        from growth.stored.lines import fit_curves

        _say_what_is_lacking(found)
        numbers = topics[0].numbers
        curves = fit_curves(connection, found, by, [numbers])
    draw(out, found, by, numbers, topics[0].points, curves[numbers["topic_id"]])
    print_path(out)


@app.command()
def runs(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the stored fits, the latest first."""
    from growth.stored.runs import COLUMNS, list_runs, runs_table
    from warehouse.connect import connect

    _one_of(as_json, as_csv)
    with connect("growth runs", role="analyst") as connection:
        stored = list_runs(connection)
    if as_json:
        print_json({"runs": [vars(run) for run in stored]})
    elif as_csv:
        print_csv(COLUMNS, map(vars, stored))
    else:
        typer.echo(runs_table(stored) if stored else "no fit is stored: run `growth fit`")


@app.command()
def export(
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    file_format: Annotated[FileFormat, typer.Option("--format", help="Of the files.")],
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    run_id: RunId = None,
    by: Annotated[Period, typer.Option("--by", help="Count by such periods.")] = Period.DAY,
) -> None:
    """Write a fit's series and coefficients into files, with one that says what they hold.

    series has a line a fitted topic and period, zeros included; coefficients one a topic.
    """
    from growth.shown.export import export_run
    from growth.stored.runs import choose_run
    from warehouse.connect import connect

    choice = _choice(run_id, start, end, period)
    kinds = _names(kind)
    with connect("growth export", role="analyst") as connection:
        found = choose_run(connection, choice, kinds)
        written = export_run(connection, found, kinds, by, file_format, to)
    _say_what_is_lacking(found)
    for path, rows in written:
        typer.echo(visible(f"{path}: {rows:,} rows"))


@app.command()
def doctor() -> None:
    """Say what is missing between a fresh clone and a report, and the command that brings it."""
    from growth.doctor import examine

    print_findings(examine())


def _choice(run_id: str | None, start: "date | None", end: "date | None", period: str) -> "Choice":
    check_months(start, end)
    if run_id is not None and (start or end):
        raise typer.BadParameter("choose one of --run and a window (--start, --end)")

    from growth.stored.runs import Choice

    return Choice(run_id, start, end, period)


def _one_of(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")


def _names(kinds: list[Kind] | None) -> list[str]:
    return sorted({str(kind) for kind in kinds or []})


def main() -> None:
    """Run the command line."""
    run(app)
