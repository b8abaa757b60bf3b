"""Command line of the loader: ``extract fetch|run|load|remove|status|doctor|sample``."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.command_line import (
    API_FAILED,
    SOME_FAILED,
    AsJson,
    EndMonth,
    StartMonth,
    check_months,
    command_line,
    month_argument,
    print_findings,
    print_json,
    run,
    say,
)
from console.errors import WarehouseError
from console.months import format_month
from console.text import visible
from warehouse.settings import DEFAULT_LANDING_DIR, load_settings

if TYPE_CHECKING:
    from extract.fetch import Plan
    from extract.pacing import Limits
    from extract.run import MonthOutcome
    from extract.status import KnownMonth

Force = Annotated[
    bool, typer.Option("--force", help="Take months that would be refused: see `extract load`.")
]

app = command_line("Take the New York Times archive into the warehouse's raw tables.")


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
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Load month files: each a response of the Archive API.

    A month whose bytes are loaded already is left alone; one whose bytes changed is replaced. A bad
    file is named and fails alone; then the exit code is 1.

    A month is refused, and what was loaded of it stays, where it has fewer documents than it
    promises, or less than 90 % of those that are loaded; where more than a tenth of its documents
    cannot be stored; where most are of other months, or cannot be read. --force takes it.
    """
    from console.progress import progress
    from extract.landing import LandingError, find_month_files
    from extract.load import describe_load, load_months, vacuum_raw
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
    with connect("extract load", role="loader") as connection, progress(len(files)) as shown:
        connection.autocommit = True  # each month opens its own transaction
        for result in load_months(connection, files, refresh, force):
            results.append(result)
            for line in describe_load(result):
                shown.tell(line)
            shown.advance(result.docs)
        if any(result.outcome in ("loaded", "replaced") for result in results):
            vacuum_raw(connection)
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
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the months.")],
    start: StartMonth = None,
    end: EndMonth = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same bytes.")] = 1,
) -> None:
    """Write a fictional newspaper's archive, with topics whose growth is known (truth.csv).

    Without --start and --end it covers 2022-01 to 2023-12.
    """
    from extract.sample.newspaper import write_sample

    start, end = start or date(2022, 1, 1), end or date(2023, 12, 1)
    check_months(start, end)
    summary = write_sample(folder, start, end, seed)
    typer.echo(
        visible(
            f"{len(summary.months)} months, {summary.documents:,} documents of a fictional "
            f"newspaper in {folder}; the truth about its topics is in {summary.truth_path}"
        )
    )


LandingDir = Annotated[
    Path,
    typer.Option(
        "--to",
        metavar="DIR",
        envvar="NYT_LANDING_DIR",
        show_default="data/nyt, beside the project's files",
        help="The landing zone: where the months' files go.",
    ),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Fetch months that are there too.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be fetched, and call nothing.")
]


@app.command()
def fetch(
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = DEFAULT_LANDING_DIR,
    refresh: Refresh = False,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fetch months from the API into the landing zone, and load nothing; see `extract run`.

    Without --start and --end: the current month and the two before it. Months that are there and
    final are left alone; others are fetched again when they are older than a day.
    """
    _fetch(start, end, to, refresh, force, dry_run, as_json, load=False)


@app.command(name="run")
def run_(
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = DEFAULT_LANDING_DIR,
    refresh: Refresh = False,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fetch months and load each as soon as it has landed.

    Needs NYT_API_KEY in the environment or in .env (free at developer.nytimes.com). Without --start
    and --end: the current month and the two before it. Stopped or interrupted, the next run goes on
    where it stopped; Ctrl-C lets a month that is being stored finish.

    Keeps to NYT_REQUESTS_PER_MINUTE (5) and NYT_REQUESTS_PER_DAY (500), together with all other
    runs on this warehouse. Exit codes: 0 done, 1 some months failed or the day's requests are used
    up, 2 usage, 3 the API refused or is down, 130 interrupted.
    """
    _fetch(start, end, to, refresh, force, dry_run, as_json, load=True)


def _fetch(
    start: date | None,
    end: date | None,
    to: Path,
    refresh: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
    *,
    load: bool,
) -> None:
    from console.progress import progress
    from extract.fetch import months_to_consider, plan
    from extract.landing import LandingError
    from extract.load import vacuum_raw
    from extract.outlets.nyt.client import Api, ApiRefusedError
    from extract.pacing import Limits, QuotaSpentError, pacer
    from extract.run import CtrlC, Request, describe, fetch_months
    from warehouse.connect import connect

    check_months(start, end)
    now = datetime.now(UTC)
    months = months_to_consider(start, end, now.date())
    if not months:
        raise typer.BadParameter("these months have not begun yet", param_hint="--start")
    limits = Limits.from_environment()
    if dry_run:
        connect("extract", role="loader").close()
        with pacer(limits) as pace:
            left = pace.left()
        _print_plan([plan(to, month, now, refresh) for month in months], limits, left, as_json)
        return
    api = Api.from_environment()
    outcomes = []
    stopped: Exception | None = None
    with (
        connect("extract", role="loader") as connection,
        progress(len(months)) as shown,
        CtrlC(shown.tell) as interrupted,
    ):
        connection.autocommit = True  # each month opens its own transaction
        request = Request(months, to, refresh, force, load)
        try:
            for outcome in fetch_months(connection, api, limits, request, interrupted, shown.tell):
                outcomes.append(outcome)
                for line in describe(outcome):
                    shown.tell(line)
                shown.advance(outcome.load.docs if outcome.load else outcome.fetch.docs)
        except (ApiRefusedError, QuotaSpentError, LandingError) as error:
            stopped = error
            shown.tell(f"stopped: {error}")
        if any(outcome.load and outcome.load.outcome != "unchanged" for outcome in outcomes):
            vacuum_raw(connection)
    _print_outcomes(outcomes, stopped, as_json)
    if isinstance(stopped, ApiRefusedError):
        raise typer.Exit(API_FAILED)
    if stopped is not None or any(outcome.failed for outcome in outcomes):
        raise typer.Exit(SOME_FAILED)


def _print_outcomes(
    outcomes: "list[MonthOutcome]", stopped: Exception | None, as_json: bool
) -> None:
    if as_json:
        rows = [
            {
                "month": format_month(outcome.fetch.month),
                "outcome": outcome.fetch.outcome,
                "documents": outcome.fetch.docs,
                "bytes": outcome.fetch.bytes,
                "message": outcome.fetch.message,
                "loaded": outcome.load.outcome if outcome.load else None,
                "rejected": outcome.load.rejected if outcome.load else None,
            }
            for outcome in outcomes
        ]
        print_json({"months": rows, "stopped": str(stopped) if stopped else None})
        return
    counts = Counter[str](outcome.fetch.outcome for outcome in outcomes)
    kinds = ("fetched", "kept", "not yet", "failed")
    line = ", ".join(f"{counts[kind]} {kind}" for kind in kinds)
    loads = Counter(outcome.load.outcome for outcome in outcomes if outcome.load)
    if loads:
        line += "; " + ", ".join(f"{number} {kind}" for kind, number in sorted(loads.items()))
    typer.echo(f"{len(outcomes)} months: {line}")


def _print_plan(plans: "list[Plan]", limits: "Limits", left: int, as_json: bool) -> None:
    due = [planned for planned in plans if planned.is_due]
    minutes = max(0, len(due) - 1) // limits.per_minute
    if as_json:
        months = [asdict(planned) | {"month": format_month(planned.month)} for planned in plans]
        print_json({"months": months, "requests": len(due), "minutes": minutes, "quota_left": left})
        return
    for planned in plans:
        name = format_month(planned.month)
        typer.echo(f"{name}  {'fetch' if planned.is_due else 'keep '}  {planned.reason}")
    typer.echo(
        f"{len(due)} requests, about {minutes} minutes; {left} of {limits.per_day} requests of the "
        f"day left{'' if len(due) <= left else ': the rest must wait for another day'}"
    )


@app.command()
def remove(
    months: Annotated[
        list[date] | None,
        typer.Argument(parser=month_argument, metavar="MONTH", show_default=False),
    ] = None,
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = DEFAULT_LANDING_DIR,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Unload months: their documents go from the warehouse, their files stay.

    Give months, or --start and --end. It names the server and asks first. Run `dbt build`
    afterwards: the tables follow. The exit code is 1 where a month was not loaded.
    """
    from extract.landing import landed_month
    from extract.remove import loaded_months, remove_month
    from warehouse.connect import connect
    from warehouse.contents import place

    check_months(start, end)
    named = sorted(set(months or []))
    if bool(named) == bool(start or end):
        raise WarehouseError("say which months: extract remove YYYY-MM..., or --start and --end")
    with connect("extract remove", role="loader") as connection:
        connection.autocommit = True  # each month opens its own transaction
        found = loaded_months(connection, start, end)
        if named:
            found = [loaded for loaded in found if loaded.month in named]
        absent = [month for month in named if month not in {loaded.month for loaded in found}]
        for month in absent:
            say(f"{format_month(month)}: not loaded")
        docs = sum(loaded.docs for loaded in found)
        what = f"{len(found)} months, {docs:,} documents, from {place(connection)}"
        if found and not yes:
            typer.confirm(f"Remove {what}?", abort=True, err=True)
        for loaded in found:
            gone = remove_month(connection, loaded.month)
            landed = landed_month(to, loaded.month)
            stays = f"; its file stays: {landed.path}" if landed else ""
            say(f"{format_month(loaded.month)}: removed, {gone:,} documents{stays}")
    if not found and not named:
        say("none of these months is loaded")
    typer.echo(f"removed: {what}{'; now run `dbt build`' if found else ''}")
    if absent or not found:
        raise typer.Exit(SOME_FAILED)


@app.command()
def status(to: LandingDir = DEFAULT_LANDING_DIR, as_json: AsJson = False) -> None:
    """List the months that are landed or loaded, and the gaps between them.

    "unreadable" counts dates, headlines, keywords and types that the tables cannot use; --json
    says of each why.
    """
    from extract.status import describe_months, known_months, missing_months
    from warehouse.connect import connect

    with connect("extract status", role="analyst") as connection:
        months = known_months(connection, to)
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
        typer.echo(
            "no month is loaded: extract run, extract load --from DIR, or extract sample DIR"
        )
        return
    typer.echo(
        f"{'month':8} landed  loaded  final {'documents':>10} {'rejected':>9} {'unreadable':>10} "
        f"{'MB':>7}  age"
    )
    for month in months:
        landed, loaded, final = (
            "yes" if state else "no" for state in (month.landed, month.loaded, month.is_final)
        )
        typer.echo(
            f"{format_month(month.month):8} {landed:6}  {loaded:6}  {final:5} {month.docs:>10,} "
            f"{month.rejected:>9,} {_unreadable(month):>10} {month.bytes / 1e6:>7.1f}  "
            f"{_age(month.fetched_at)}"
        )
    documents = sum(month.docs for month in months)
    typer.echo(f"{len(months)} months, {documents:,} documents")
    if gaps:
        typer.echo(f"not loaded: {describe_months(gaps)}")
    uncounted = [month.month for month in months if month.loaded and month.unreadable is None]
    if uncounted:
        typer.echo(
            f"unreadable fields not counted (loaded before 0.5.0): {describe_months(uncounted)}; "
            "`extract load --from DIR --refresh` counts them"
        )


def _unreadable(month: "KnownMonth") -> str:
    return "-" if month.unreadable is None else f"{sum(f.docs for f in month.unreadable):,}"


def _age(fetched_at: datetime) -> str:
    hours = (datetime.now(UTC) - fetched_at).total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


@app.command()
def doctor(
    to: LandingDir = DEFAULT_LANDING_DIR,
    call_api: Annotated[
        bool, typer.Option("--call/--no-call", help="Spend one request on trying the key.")
    ] = True,
) -> None:
    """Check what fetching needs: key, warehouse, quota, disk, clock."""
    from extract.doctor import examine

    print_findings(examine(to, call_api))


def _json_month(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"month": format_month(row["month"])}


def main() -> None:
    """Run the command line."""

    def with_settings() -> None:
        load_settings()  # before the options are read: some have environment variables
        app()

    run(with_settings)
