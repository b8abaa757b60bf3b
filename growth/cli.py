"""Command line of the fit: ``growth fit|top|report``."""

import csv
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from growth.choices import Direction, Kind, Period, Phase
from warehouse.command_line import (
    SOME_FAILED,
    AsJson,
    EndMonth,
    StartMonth,
    check_months,
    print_json,
    run,
    say,
)
from warehouse.months import format_month

app = typer.Typer(
    help="Which topics grew, which shrank, which led, between two months?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


DEFAULT_MIN_ARTICLES = 50


Kinds = Annotated[
    list[Kind] | None,
    typer.Option("--kind", help="Only topics of this kind; repeat it for several.  [default: all]"),
]


@app.command()
def fit(
    start: StartMonth = None,
    end: EndMonth = None,
    kind: Kinds = None,
    min_articles: Annotated[
        int, typer.Option(min=1, help="Fit topics with at least so many articles in the window.")
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
    as_json: AsJson = False,
) -> None:
    """Fit the growth of every topic between two months and store it.

    Without --start and --end it takes all loaded months. The same fit twice is stored once.
    """
    from growth.fit import fit_window
    from growth.store import Settings
    from warehouse.connect import connect

    check_months(start, end)
    settings = Settings(sorted({str(k) for k in kind or []}), min_articles, str(period), allow_gaps)
    with connect("growth fit", role="modeller") as connection:
        fitted = fit_window(connection, start, end, settings, refit=refit)
    window = fitted.window
    if as_json:
        print_json(
            {
                "run_id": fitted.run_id,
                "window_start": window.start,
                "window_end": window.end,
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
            f"{window.start} to {window.end}: {fitted.articles:,} articles, "
            f"{fitted.converged:,} topics fitted{f' ({others})' if others else ''}"
        )
        if fitted.stored_before:
            say("the same fit of the same data was stored before: nothing to write")
        months = f"--start {format_month(window.start)} --end {format_month(window.end)}"
        say(f"see it: growth top --direction growing|shrinking|popular {months}")
    if fitted.some_failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def top(
    direction: Annotated[Direction, typer.Option(help="Which list.")] = Direction.GROWING,
    limit: Annotated[int, typer.Option(min=1, help="Topics to print.")] = 20,
    kind: Kinds = None,
    phase: Annotated[
        Phase | None, typer.Option(help="Only topics that stand there at the window's end.")
    ] = None,
    start: StartMonth = None,
    end: EndMonth = None,
    period: Annotated[Period, typer.Option(help="Of a fit by such periods.")] = Period.DAY,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
) -> None:
    """Print a ranked list of a stored fit, by default of the latest.

    Growing and shrinking topics are those whose growth rate differs from 0 at a false discovery
    rate of 5 %, ranked by the end of its 95 % interval that is nearest 0. Popular ones are ranked
    by articles.
    """
    from growth.store import find_run, read_list
    from warehouse.connect import connect

    check_months(start, end)
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    kinds = sorted({str(k) for k in kind or []})
    with connect("growth top") as connection:
        found = find_run(connection, start, end, kinds, str(period))
        wanted = phase.replace("-", " ") if phase else None
        topics = read_list(connection, found, direction, kinds, limit, wanted)
    if as_json:
        print_json(
            {
                "run_id": found.run_id,
                "window_start": found.window_start,
                "window_end": found.window_end,
                "direction": str(direction),
                "topics": topics,
            }
        )
    elif as_csv:
        _print_csv(topics)
    else:
        title = f"{direction.capitalize()} topics, {found.window_start} to {found.window_end}"
        typer.echo(f"{title}\n" if topics else f"{title}: none")
        if topics:
            _print_table(topics)


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")] = Path(
        "report.html"
    ),
    start: StartMonth = None,
    end: EndMonth = None,
) -> None:
    """Write a stored fit, by default the latest, as one HTML page that needs no network.

    The lists as charts, every fitted topic with its numbers and articles, and what can be compared
    and downloaded.
    """
    from growth.report.page import write_report
    from warehouse.connect import connect

    check_months(start, end)
    with connect("growth report") as connection:
        written = write_report(connection, out, start, end)
    say(f"{written.topics:,} topics, {written.size / 1e6:.1f} MB; open it in a browser")
    typer.echo(written.path)


_CSV_COLUMNS = (
    "rank", "label", "kind", "articles", "share", "share_start", "share_end", "growth_rate",
    "doubling_days", "ci_low", "ci_high", "change_rate", "sure_growth", "q_value", "phase",
    "peak_on", "midpoint_on", "first_seen_on", "new_label", "seasonal", "direction", "topic_id",
)  # fmt: skip


def _print_csv(topics: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, _CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(topics)


def _print_table(topics: list[dict[str, Any]]) -> None:
    header = (
        "",
        "topic",
        "kind",
        "articles",
        "start",
        "end",
        "growth a year",
        "the odds",
        "q",
        "what happened",
    )
    rows = [
        (
            str(topic["rank"]),
            topic["label"],
            topic["kind"],
            f"{topic['articles']:,}",
            _percent(topic["share_start"]),
            _percent(topic["share_end"]),
            _interval(topic),
            _pace(topic),
            _q_value(topic["q_value"]),
            _what_happened(topic),
        )
        for topic in topics
    ]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    left = (1, 2, 7, 9)
    for row in (header, *rows):
        cells = [
            text.ljust(width) if column in left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())
    typer.echo(
        "\nstart, end: the fitted share of all articles on the first and the last day\n"
        "growth a year: of the log-odds, and how much of it is sure at 95 %; the odds are about "
        "the share while that is small\n"
        "q: the false discovery rate at which the topic would still be listed\n"
        "what happened: where the topic stands at the end; comes every year: earlier years show "
        "the same; new label: first seen in the window"
    )


def _what_happened(topic: dict[str, Any]) -> str:
    words = [topic["phase"]]
    if topic["peak_on"]:
        words[0] += f", peak on {topic['peak_on']}"
    elif topic["midpoint_on"]:
        words[0] += f", half-way on {topic['midpoint_on']}"
    if topic["seasonal"]:
        words.append("comes every year")
    if topic["new_label"]:
        words.append("new label")
    return "; ".join(words)


def _percent(share: float | None) -> str:
    if share is None:
        return "-"
    return f"{share:.1%}" if share >= 0.1 else f"{share:.2%}" if share >= 0.0001 else "<0.01%"


def _rate(topic: dict[str, Any]) -> float:
    """Return the growth a year that the list goes by: the trend's, or that of the change."""
    by_trend = topic["sure_growth"] in (topic["ci_low"], topic["ci_high"])
    return float(topic["growth_rate"] if by_trend else topic["change_rate"])


def _interval(topic: dict[str, Any]) -> str:
    if topic["growth_rate"] is None:
        return "-"
    if topic["direction"] == "steady":
        return f"{topic['growth_rate']:+.1f} ({topic['ci_low']:+.1f} to {topic['ci_high']:+.1f})"
    return f"{_rate(topic):+.1f} (at least {topic['sure_growth']:+.1f})"


def _pace(topic: dict[str, Any]) -> str:
    if topic["direction"] not in ("growing", "shrinking"):
        return "-"
    days = abs(math.log(2) / _rate(topic)) * 365.25
    length = f"{days:.0f} days" if days < 730 else f"{days / 365.25:.1f} years"
    return f"{'double' if topic['direction'] == 'growing' else 'halve'} in {length}"


def _q_value(q_value: float | None) -> str:
    if q_value is None:
        return "-"
    return "<0.0001" if q_value < 0.0001 else f"{q_value:.4f}"


def main() -> None:
    """Run the command line."""
    run(app)
