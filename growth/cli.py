"""Command line of the fit: ``growth fit|top|show|compare|plot|report|runs|export|doctor``.

Here stand the options and their checks; what the commands do is in commands.py, which is imported
when one runs, so that `--help` is there at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.arguments import (
    MOST,
    AsJson,
    EndMonth,
    OutletName,
    StartMonth,
    check_months,
    text_argument,
)
from console.command_line import command_line, run
from console.messages import print_findings
from console.outlets import DEFAULT_OUTLET, find_outlet
from growth.choices import (
    DEFAULT_FALSE_DISCOVERY_RATE,
    DEFAULT_MIN_ARTICLES,
    Direction,
    FileFormat,
    Kind,
    Period,
    Phase,
)

if TYPE_CHECKING:
    from datetime import date

    from growth.stored.runs import Choice

app = command_line("Which topics grew, which shrank, which led, between two months?")


def _rate(text: str | float) -> float:
    """Parse a rate of the command line; a bad one is a usage error."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1:
        raise typer.BadParameter(
            f"{str(text)[:40]!r} is no rate: give a number above 0 and below 1"
        )
    return rate


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
TopicName = Annotated[
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
    false_discovery_rate: Annotated[
        float,
        typer.Option(
            parser=_rate,
            metavar="RATE",
            help="Of the topics listed as growing or shrinking, at most this part by chance.",
        ),
    ] = DEFAULT_FALSE_DISCOVERY_RATE,
    outlet: OutletName = DEFAULT_OUTLET,
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
    if every and (start or end or kind or allow_gaps):
        raise typer.BadParameter(
            "--all takes windows and settings from the stored fits: leave --start, --end, --kind "
            "and --allow-gaps away"
        )

    from growth import commands

    if every:
        commands.fit_all(refit, as_json)
    else:
        from growth.stored.result import Settings

        settings = Settings(
            _names(kind), min_articles, str(period), allow_gaps, false_discovery_rate, outlet
        )
        commands.fit(start, end, settings, refit, as_json)


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
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print a ranked list of a stored fit, by default of the latest.

    Growing and shrinking topics are those that surely moved, at the fit's false discovery rate,
    ranked by the smallest movement that is still plausible. Popular ones are ranked by articles.
    """
    choice = _choice(run_id, outlet, start, end, period)
    _one_of(as_json, as_csv)

    from growth import commands

    commands.top(choice, direction, _names(kind), limit, phase, as_json, as_csv)


@app.command()
def show(
    topic: TopicName,
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
    by: By = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print all about one topic: its line, its numbers with intervals, its headlines.

    A name that no topic has is taken for the one it comes near, where that is clear; otherwise the
    topics that may be meant are named. --csv prints what was counted, a line a period.
    """
    choice = _choice(run_id, outlet, start, end, period)
    _one_of(as_json, as_csv)

    from growth import commands

    commands.show([topic], _names(kind), choice, by, as_json, as_csv)


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")] = Path(
        "report.html"
    ),
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
) -> None:
    """Write a stored fit, by default the latest, as one HTML page that needs no network.

    The lists as charts, every fitted topic with its numbers and articles, and what can be compared
    and downloaded.
    """
    choice = _choice(run_id, outlet, start, end, period)

    from growth import commands

    commands.report(choice, out)


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
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
    by: By = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print topics side by side, their lines on one scale."""
    if len(topics) < 2:
        raise typer.BadParameter("name two topics or more; for one: growth show TOPIC")
    choice = _choice(run_id, outlet, start, end, period)
    _one_of(as_json, as_csv)

    from growth import commands

    commands.show(topics, _names(kind), choice, by, as_json, as_csv)


@app.command()
def plot(
    topic: TopicName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .svg or .png file.")],
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
    by: By = None,
) -> None:
    """Draw a topic into a file: points, its level with bands of 80% and 95%, the fitted curve."""
    if out.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{out} ends in neither .svg nor .png: name it topic.svg")
    choice = _choice(run_id, outlet, start, end, period)

    from growth import commands

    commands.plot(topic, _names(kind), choice, by, out)


@app.command()
def runs(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the stored fits, the latest first."""
    _one_of(as_json, as_csv)

    from growth import commands

    commands.runs(as_json, as_csv)


@app.command()
def export(
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    file_format: Annotated[FileFormat, typer.Option("--format", help="Of the files.")],
    kind: Kinds = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: FitPeriod = Period.DAY,
    outlet: OutletName = DEFAULT_OUTLET,
    run_id: RunId = None,
    by: Annotated[Period, typer.Option("--by", help="Count by such periods.")] = Period.DAY,
) -> None:
    """Write a fit's series and coefficients into files, with one that says what they hold.

    series has a line a fitted topic and period, zeros included; coefficients one a topic.
    """
    choice = _choice(run_id, outlet, start, end, period)

    from growth import commands

    commands.export(choice, _names(kind), by, file_format, to)


@app.command()
def doctor(outlet: OutletName = DEFAULT_OUTLET) -> None:
    """Say what is missing between a fresh clone and a report, and the command that brings it."""
    from growth.doctor import examine

    print_findings(examine(find_outlet(outlet)))


def _choice(
    run_id: str | None, outlet: str, start: "date | None", end: "date | None", period: str
) -> "Choice":
    check_months(start, end)
    if run_id is not None and (start or end):
        raise typer.BadParameter("choose one of --run and a window (--start, --end)")

    from growth.stored.runs import Choice

    return Choice(run_id, start, end, period, outlet)


def _one_of(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")


def _names(kinds: list[Kind] | None) -> list[str]:
    return sorted({str(kind) for kind in kinds or []})


def main() -> None:
    """Run the command line."""
    run(app)
