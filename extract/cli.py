"""Command line of the loader: ``extract fetch|run|load|remove|status|doctor|sample``."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.arguments import (
    AsJson,
    EndMonth,
    OutletName,
    StartMonth,
    check_months,
    month_argument,
)
from console.command_line import command_line, run
from console.errors import WarehouseError
from console.exit_codes import API_FAILED, SOME_FAILED
from console.messages import print_findings, say
from console.months import format_month
from console.outlets import DEFAULT_OUTLET, find_outlet
from console.text import visible
from warehouse.settings import load_settings

if TYPE_CHECKING:
    from extract.outlets.interface import Archive
    from extract.run import Request

Force = Annotated[
    bool, typer.Option("--force", help="Take months that would be refused: see `extract load`.")
]

app = command_line("Take an outlet's archive, that of the New York Times, into the raw tables.")


@app.command()
def load(
    folder: Annotated[
        Path,
        typer.Option("--from", metavar="DIR", help="Folder of YYYY-MM.json or YYYY-MM.json.gz."),
    ],
    outlet: OutletName = DEFAULT_OUTLET,
    start: StartMonth = None,
    end: EndMonth = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Load unchanged months again too.")
    ] = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Load month files: each a response of the outlet's API, of the Archive API by default.

    A month whose bytes are loaded already is left alone; one whose bytes changed is replaced. A bad
    file is named and fails alone; then the exit code is 1.

    A month is refused, and what was loaded of it stays, where it has fewer documents than it
    promises, or less than 90 % of those that are loaded; where more than a tenth of its documents
    cannot be stored; where most are of other months, or cannot be read. --force takes it.
    """
    from console.progress import progress
    from extract.landing import LandingError, find_month_files
    from extract.load import Loading, load_files
    from extract.outlets import archive_of
    from extract.show import print_loaded
    from warehouse.connect import connect

    check_months(start, end)
    loading = Loading(archive_of(find_outlet(outlet)), refresh, force)
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
    with connect("extract load", role="loader") as connection, progress(len(files)) as shown:
        connection.autocommit = True  # each month opens its own transaction
        results = load_files(connection, files, loading, shown)
    print_loaded(results, problems, as_json)
    if problems or any(result.has_failed for result in results):
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
    Path | None,
    typer.Option(
        "--to",
        metavar="DIR",
        show_default="NYT_LANDING_DIR, or data/nyt beside the project's files, for nyt",
        help="The landing zone: where the months' files go.",
    ),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Fetch months that are there too.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be fetched, and call nothing.")
]


@app.command()
def fetch(
    outlet: OutletName = DEFAULT_OUTLET,
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = None,
    refresh: Refresh = False,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fetch months from the API into the landing zone, and load nothing; see `extract run`.

    Without --start and --end: the current month and the two before it. Months that are there and
    final are left alone; others are fetched again when they are older than a day.
    """
    from extract.run import Request

    archive, months, folder = _what_to_fetch(outlet, start, end, to)
    _fetch(Request(archive, months, folder, refresh, force, load=False), dry_run, as_json)


@app.command(name="run")
def run_(
    outlet: OutletName = DEFAULT_OUTLET,
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = None,
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
    from extract.run import Request

    archive, months, folder = _what_to_fetch(outlet, start, end, to)
    _fetch(Request(archive, months, folder, refresh, force), dry_run, as_json)


def _what_to_fetch(
    outlet_name: str, start: date | None, end: date | None, to: Path | None
) -> "tuple[Archive, list[date], Path]":
    from extract.fetch import months_to_consider
    from extract.landing import landing_dir
    from extract.outlets import archive_of

    check_months(start, end)
    outlet = find_outlet(outlet_name)
    months = months_to_consider(outlet, start, end, datetime.now(UTC).date())
    if not months:
        raise typer.BadParameter("these months have not begun yet", param_hint="--start")
    return archive_of(outlet), months, to or landing_dir(outlet)


def _fetch(request: "Request", dry_run: bool, as_json: bool) -> None:
    from console.progress import progress
    from extract.api.client import ApiRefusedError
    from extract.run import CtrlC, fetch_and_load
    from extract.show import print_run
    from warehouse.connect import connect

    if dry_run:
        _plan(request, as_json)
        return
    api = request.archive.api()
    with (
        connect("extract", role="loader") as connection,
        progress(len(request.months)) as shown,
        CtrlC(shown.tell) as interrupted,
    ):
        connection.autocommit = True  # each month opens its own transaction
        done = fetch_and_load(connection, api, request, shown, interrupted)
    print_run(done, as_json)
    if isinstance(done.stopped, ApiRefusedError):
        raise typer.Exit(API_FAILED)
    if done.stopped is not None or any(outcome.has_failed for outcome in done.outcomes):
        raise typer.Exit(SOME_FAILED)


def _plan(request: "Request", as_json: bool) -> None:
    from extract.api.pacing import pacer
    from extract.fetch import plan
    from extract.show import print_plan
    from warehouse.connect import connect

    limits, now = request.archive.limits(), datetime.now(UTC)
    connect("extract", role="loader").close()
    with pacer(limits) as pace:
        left = pace.left()
    plans = [plan(request.folder, month, now, request.refresh) for month in request.months]
    print_plan(plans, limits, left, as_json)


@app.command()
def remove(
    months: Annotated[
        list[date] | None,
        typer.Argument(parser=month_argument, metavar="MONTH", show_default=False),
    ] = None,
    outlet: OutletName = DEFAULT_OUTLET,
    start: StartMonth = None,
    end: EndMonth = None,
    to: LandingDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Unload months: their documents go from the warehouse, their files stay.

    Give months, or --start and --end. It names the server and asks first. Run `dbt build`
    afterwards: the tables follow. The exit code is 1 where a month was not loaded.
    """
    from extract.landing import landed_month, landing_dir
    from extract.remove import loaded_months, remove_month
    from warehouse.connect import connect
    from warehouse.contents import place

    check_months(start, end)
    of = find_outlet(outlet)
    named = sorted(set(months or []))
    if bool(named) == bool(start or end):
        raise WarehouseError("say which months: extract remove YYYY-MM..., or --start and --end")
    with connect("extract remove", role="loader") as connection:
        connection.autocommit = True  # each month opens its own transaction
        found = loaded_months(connection, of, start, end)
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
            gone = remove_month(connection, of, loaded.month)
            landed = landed_month(to or landing_dir(of), loaded.month)
            stays = f"; its file stays: {landed.path}" if landed else ""
            say(f"{format_month(loaded.month)}: removed, {gone:,} documents{stays}")
    if not found and not named:
        say("none of these months is loaded")
    typer.echo(f"removed: {what}{'; now run `dbt build`' if found else ''}")
    if absent or not found:
        raise typer.Exit(SOME_FAILED)


@app.command()
def status(
    outlet: OutletName = DEFAULT_OUTLET, to: LandingDir = None, as_json: AsJson = False
) -> None:
    """List the months that are landed or loaded, and the gaps between them.

    "unreadable" counts dates, headlines, keywords and types that the tables cannot use; --json
    says of each why.
    """
    from extract.landing import landing_dir
    from extract.show import print_status
    from extract.status import known_months, missing_months
    from warehouse.connect import connect

    of = find_outlet(outlet)
    with connect("extract status", role="analyst") as connection:
        months = known_months(connection, of, to or landing_dir(of))
    print_status(of, months, missing_months(of, months), as_json)


@app.command()
def doctor(
    outlet: OutletName = DEFAULT_OUTLET,
    to: LandingDir = None,
    call_api: Annotated[
        bool, typer.Option("--call/--no-call", help="Spend one request on trying the key.")
    ] = True,
) -> None:
    """Check what fetching needs: key, warehouse, quota, disk, clock."""
    from extract.doctor import examine
    from extract.landing import landing_dir
    from extract.outlets import archive_of

    of = find_outlet(outlet)
    print_findings(examine(archive_of(of), to or landing_dir(of), call_api))


def main() -> None:
    """Run the command line."""

    def with_settings() -> None:
        load_settings()  # before the options are read: some have environment variables
        app()

    run(with_settings)
