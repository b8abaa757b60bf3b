"""The stored fits: which there are, and which one a command is about."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from console.errors import WarehouseError
from console.months import format_month, last_day
from console.outlets import DEFAULT_OUTLET
from growth.choices import (
    DEFAULT_FALSE_DISCOVERY_RATE,
    DEFAULT_MIN_ARTICLES,
    Period,
)


@dataclass(frozen=True)
class Window:
    """Whole months of an outlet, as first and last day, both included."""

    outlet: str
    start: date
    end: date

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Run:
    """A row of growth.runs, as far as a reader of fits has use for it."""

    run_id: str
    window_start: date
    window_end: date
    period: str
    kinds: str
    min_articles: int
    missing_months: str
    articles: int
    topics: int
    converged: int
    not_converged: int
    s_curves: int
    pulses: int
    seconds: float
    code_version: str
    fitted_at: datetime
    fitted_to: date | None
    false_discovery_rate: float
    outlet: str

    @property
    def window(self) -> Window:
        """The months that were fitted."""
        return Window(self.outlet, self.window_start, self.window_end)

    @property
    def last_day(self) -> date:
        """The last day that was fitted: of the window, or with articles where that is earlier."""
        return self.fitted_to or self.window_end

    @property
    def kinds_asked(self) -> list[str]:
        """The kinds that were asked for; none: all."""
        return [] if self.kinds == "all" else self.kinds.split("+")

    @property
    def has_levels(self) -> bool:
        """Whether it was made by 0.4.0 or later: before, shares at the ends were the fitted
        curve's, and there was no listed rate."""
        return self.fitted_to is not None

    @property
    def command(self) -> str:
        """The command that makes it anew."""
        options = [
            f"--start {format_month(self.window_start)} --end {format_month(self.window_end)}"
        ]
        if self.outlet != DEFAULT_OUTLET:
            options.insert(0, f"--outlet {self.outlet}")
        options += [f"--kind {kind}" for kind in self.kinds_asked]
        if self.min_articles != DEFAULT_MIN_ARTICLES:
            options.append(f"--min-articles {self.min_articles}")
        if self.false_discovery_rate != DEFAULT_FALSE_DISCOVERY_RATE:
            options.append(f"--false-discovery-rate {self.false_discovery_rate:g}")
        if self.period != Period.DAY:
            options.append(f"--period {self.period}")
        if self.missing_months:
            options.append("--allow-gaps")
        return " ".join(["growth fit", *options])


COLUMNS = tuple(field.name for field in fields(Run))


@dataclass(frozen=True)
class Choice:
    """Which fit is asked for: a key, or outlet, window and period. Where nothing is given, the
    latest daily fit."""

    run_id: str | None = None
    start: date | None = None
    end: date | None = None
    period: str = Period.DAY
    outlet: str = DEFAULT_OUTLET


def list_runs(connection: psycopg.Connection, outlet: str | None = None) -> list[Run]:
    """Return the stored fits, of one outlet or of all, the latest first."""
    return _read(
        connection,
        "where %(outlet)s::text is null or outlet = %(outlet)s order by fitted_at desc",
        {"outlet": outlet},
    )


def choose_run(connection: psycopg.Connection, choice: Choice, kinds: Sequence[str] = ()) -> Run:
    """Return the fit that is meant. Of several of one window and period it is the latest of just
    these kinds (none: of all), else the latest that has them among its own. Raises WarehouseError
    where there is none."""
    if choice.run_id is not None:
        runs = _read(connection, "where run_id = %(run_id)s", {"run_id": choice.run_id})
        if not runs:
            raise WarehouseError(
                f"no fit {choice.run_id!r} is stored: `growth runs` lists those that are"
            )
        return runs[0]
    runs = _read(
        connection,
        """
        where
            outlet = %(outlet)s
            and (%(start)s::date is null or window_start = %(start)s)
            and (%(end)s::date is null or window_end = %(end)s)
            and period = %(period)s
            and (kinds = 'all' or string_to_array(kinds, '+') @> %(kinds)s::text[])
        order by kinds = %(wanted)s desc, fitted_at desc
        limit 1
        """,
        {
            "start": choice.start,
            "end": last_day(choice.end) if choice.end else None,
            "kinds": list(kinds),
            "wanted": "+".join(kinds) or "all",
            "period": choice.period,
            "outlet": choice.outlet,
        },
    )
    if not runs:
        options = [f"--outlet {choice.outlet}"] if choice.outlet != DEFAULT_OUTLET else []
        options += [f"--start {format_month(choice.start)}"] if choice.start else []
        options += [f"--end {format_month(choice.end)}"] if choice.end else []
        options += [f"--kind {kind}" for kind in kinds]
        options += [f"--period {choice.period}"] if choice.period != Period.DAY else []
        raise WarehouseError(f"no such fit is stored: run `{' '.join(['growth fit', *options])}`")
    return runs[0]


def _read(
    connection: psycopg.Connection, which: LiteralString, parameters: dict[str, Any]
) -> list[Run]:
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        query = f"select {', '.join(COLUMNS)} from growth.runs {which}"
        return cursor.execute(query.encode(), parameters).fetchall()
