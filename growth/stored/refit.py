"""Fits stored windows again: those whose articles have changed, or that an older version fitted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.errors import WarehouseError
from growth.stored.fit import Fitted, fit_window
from growth.stored.result import Settings
from growth.stored.runs import Run, list_runs

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Again:
    """What became of a stored run: its new fit, or why there is none."""

    run: Run
    fitted: Fitted | None
    failure: str = ""


def fit_all(connection: "psycopg.Connection", *, refit: bool = False) -> Iterator[Again]:
    """Fit all stored windows again, the oldest fit first, each in a transaction of its own. A fit
    of the same data by this version stays as it is unless ``refit``."""
    runs = list_runs(connection)
    connection.commit()
    for run in reversed(runs):
        try:
            yield Again(run, fit_again(connection, run, refit=refit))
        except WarehouseError as error:
            connection.rollback()
            yield Again(run, None, str(error))


def fit_again(connection: "psycopg.Connection", run: Run, *, refit: bool = False) -> Fitted:
    """Fit the window of a stored run with its settings. Raises WarehouseError."""
    settings = Settings(
        run.kinds_asked, run.min_articles, run.period, bool(run.missing_months),
        run.false_discovery_rate, run.outlet,
    )  # fmt: skip
    return fit_window(connection, run.window_start, run.window_end, settings, refit=refit)


def with_levels(run: Run) -> Run:
    """Return a run as it is, or fitted anew where a version before 0.4.0 made it, which did not
    tell the level of a topic. Raises WarehouseError where that cannot be done."""
    if run.has_levels:
        return run

    import psycopg

    from growth.stored.runs import Choice, choose_run
    from warehouse.connect import connect

    try:
        with connect("growth fit", role="modeller") as connection:
            fitted = fit_again(connection, run)
            connection.commit()
            return choose_run(connection, Choice(fitted.run_id))
    except (WarehouseError, psycopg.errors.InsufficientPrivilege) as error:
        raise WarehouseError(
            f"{run.run_id} was fitted by version {run.code_version}, which did not tell the level "
            f"of a topic, and cannot be fitted again here ({' '.join(str(error).split())}): "
            f"run `{run.command}`"
        ) from None
