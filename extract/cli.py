"""Command line of the loader: ``extract load|status|sample``."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

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
from warehouse.errors import WarehouseError
from warehouse.months import format_month

app = typer.Typer(
    help="Take the New York Times archive into the warehouse's raw tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def load(
    folder: Annotated[
        Path,
        typer.Option("--from", metavar="DIR", help="Folder of YYYY-MM.json or YYYY-MM.json.gz."),
    ],
    start: StartMonth = None,
    end: EndMonth = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Load unchanged months again too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load month files: each a response of the Archive API.

    A month whose bytes are loaded already is left alone; one whose bytes changed is replaced. A bad
    file is named and fails alone; then the exit code is 1.
    """
    from extract.landing import LandingError, find_month_files
    from extract.load import load_months
    from warehouse.connect import connect

    check_months(start, end)
    try:
        files, problems = find_month_files(folder, start, end)
    except LandingError as error:
        raise WarehouseError(str(error)) from None
    if not files and not problems:
        raise WarehouseError(
            f"{folder} holds no YYYY-MM.json or YYYY-MM.json.gz file of the months asked for"
        )
    for path, reason in problems:
        say(f"{path.name}: {reason}")
    results = []
    with connect("extract load") as connection:
        connection.autocommit = True  # each month opens its own transaction
        for result in load_months(connection, files, refresh):
            results.append(result)
            name = format_month(result.month)
            if result.outcome == "failed":
                say(f"{name}: failed: {result.message} ({result.path})")
                continue
            say(f"{name}: {result.outcome}, {result.docs:,} documents")
            if result.sample_months_removed:
                say(
                    f"{name}: real articles: the sample's {result.sample_months_removed} months "
                    "were removed"
                )
            if result.rejected and result.outcome != "unchanged":
                say(f"{name}: {result.rejected:,} documents rejected: {result.message}")
        if any(result.outcome in ("loaded", "replaced") for result in results):
            connection.execute("analyze raw.nyt_articles, raw.nyt_months")
    outcomes = [result.outcome for result in results]
    rejected = sum(r.rejected for r in results if r.outcome in ("loaded", "replaced"))
    if as_json:
        print_json(
            {
                "months": [_json_month(asdict(result)) for result in results],
                "problems": [{"path": str(p), "message": reason} for p, reason in problems],
            }
        )
    else:
        typer.echo(
            f"{outcomes.count('loaded')} months loaded, {outcomes.count('replaced')} replaced, "
            f"{outcomes.count('unchanged')} unchanged, {outcomes.count('failed')} failed; "
            f"{sum(r.docs for r in results):,} documents, {rejected:,} rejected"
        )
    if problems or rejected or "failed" in outcomes:
        raise typer.Exit(SOME_FAILED)


@app.command()
def status(as_json: AsJson = False) -> None:
    """List the loaded months and the gaps between them."""
    from extract.status import loaded_months, missing_months
    from warehouse.connect import connect

    with connect("extract status") as connection:
        months = loaded_months(connection)
    gaps = missing_months(months)
    if as_json:
        print_json(
            {
                "months": [_json_month(asdict(month)) for month in months],
                "missing": [format_month(month) for month in gaps],
            }
        )
        return
    if not months:
        typer.echo("no month is loaded: extract load --from DIR, or extract sample DIR first")
        return
    typer.echo(f"{'month':8}{'documents':>10}{'rejected':>10}{'MB':>8}  final  source")
    for month in months:
        typer.echo(
            f"{format_month(month.month):8}{month.docs:>10,}{month.rejected:>10,}"
            f"{month.bytes / 1e6:>8.1f}  {'yes' if month.is_final else 'no':5}  {month.source}"
        )
    documents = sum(month.docs for month in months)
    typer.echo(f"{len(months)} months, {documents:,} documents")
    if gaps:
        typer.echo(f"not loaded in between: {', '.join(map(format_month, gaps))}")


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the months.")],
    start: StartMonth = None,
    end: EndMonth = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same bytes.")] = 1,
) -> None:
    """Write a fictional newspaper's archive, with topics whose growth is known (truth.csv).

    Without --start and --end it covers 2022-01 to 2023-12.
    """
    from extract.sample import write_sample

    start, end = start or date(2022, 1, 1), end or date(2023, 12, 1)
    check_months(start, end)
    summary = write_sample(folder, start, end, seed)
    typer.echo(
        f"{len(summary.months)} months, {summary.documents:,} documents of a fictional newspaper "
        f"in {folder}; the truth about its topics is in {summary.truth_path}"
    )


def _json_month(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"month": format_month(row["month"])}


def main() -> None:
    """Run the command line."""
    run(app)
