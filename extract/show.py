"""What the commands of `extract` print: their lines for a person, and their JSON."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from console.messages import print_json
from console.months import format_month
from console.outlets import OUTLETS, Outlet
from extract.status import describe_months

if TYPE_CHECKING:
    from extract.api.pacing import Limits
    from extract.fetch import Plan
    from extract.load import MonthResult
    from extract.run import Run
    from extract.status import KnownMonth


def print_loaded(
    results: "list[MonthResult]", problems: list[tuple[Path, str]], as_json: bool
) -> None:
    """Print what became of a folder's month files; ``problems`` are the files passed over."""
    if as_json:
        print_json(
            {
                "months": [_json_result(result) for result in results],
                "problems": [{"path": str(p), "message": reason} for p, reason in problems],
            }
        )
        return
    outcomes = Counter[str](result.outcome for result in results)
    rejected = sum(result.rejected for result in results if result.has_changed)
    typer.echo(
        f"{outcomes['loaded']} months loaded, {outcomes['replaced']} replaced, "
        f"{outcomes['unchanged']} unchanged, {outcomes['failed']} failed; "
        f"{sum(result.docs for result in results):,} documents, {rejected:,} rejected"
    )


def _json_result(result: "MonthResult") -> dict[str, Any]:
    return asdict(result) | {"month": format_month(result.month)}


def print_run(run: "Run", as_json: bool) -> None:
    """Print what became of the months of a run."""
    outcomes = run.outcomes
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
        print_json({"months": rows, "stopped": str(run.stopped) if run.stopped else None})
        return
    counts = Counter[str](outcome.fetch.outcome for outcome in outcomes)
    kinds = ("fetched", "kept", "not yet", "failed")
    line = ", ".join(f"{counts[kind]} {kind}" for kind in kinds)
    loads = Counter(outcome.load.outcome for outcome in outcomes if outcome.load)
    if loads:
        line += "; " + ", ".join(f"{number} {kind}" for kind, number in sorted(loads.items()))
    typer.echo(f"{len(outcomes)} months: {line}")


def print_plan(plans: "list[Plan]", limits: "Limits", left: int, as_json: bool) -> None:
    """Print which months would be fetched, and what that takes of the API's limits."""
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


def print_status(
    outlet: Outlet, months: "list[KnownMonth]", gaps: list[date], as_json: bool
) -> None:
    """Print an outlet's months that are landed or loaded, and those between that are not loaded."""
    if as_json:
        rows = [asdict(month) | {"month": format_month(month.month)} for month in months]
        print_json({"months": rows, "missing": [format_month(month) for month in gaps]})
        return
    if not months:
        typer.echo(f"no month is loaded: {_ways_to_load(outlet)}")
        return
    typer.echo(
        f"{'month':8} landed  loaded  final {'documents':>10} {'rejected':>9} {'unreadable':>10} "
        f"{'MB':>7}  age"
    )
    now = datetime.now(UTC)
    for month in months:
        typer.echo(_status_line(month, now))
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


def _ways_to_load(outlet: Outlet) -> str:
    if outlet == OUTLETS[0]:
        return "extract run, extract load --from DIR, or extract sample DIR"
    option = f"--outlet {outlet.short}"
    return f"extract run {option}, or extract load {option} --from DIR"


def _status_line(month: "KnownMonth", now: datetime) -> str:
    landed, loaded, final = (
        "yes" if state else "no" for state in (month.landed, month.loaded, month.is_final)
    )
    unreadable = "-"
    if month.unreadable is not None:
        unreadable = f"{sum(field.docs for field in month.unreadable):,}"
    hours = (now - month.fetched_at).total_seconds() / 3600
    age = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return (
        f"{format_month(month.month):8} {landed:6}  {loaded:6}  {final:5} {month.docs:>10,} "
        f"{month.rejected:>9,} {unreadable:>10} {month.bytes / 1e6:>7.1f}  {age}"
    )
