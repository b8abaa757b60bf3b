"""The stored fits: which there are, and which one a command is about."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from console.errors import WarehouseError
from console.months import format_month, last_day
from growth.choices import DEFAULT_FALSE_DISCOVERY_RATE, DEFAULT_MIN_ARTICLES, Period


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
    """What a person says of the fit they mean: its key, or window and period; nothing, the latest
    of all by days."""

    run_id: str | None = None
    start: date | None = None
    end: date | None = None
    period: str = Period.DAY


def list_runs(connection: psycopg.Connection) -> list[Run]:
    """Return the stored fits, the latest first."""
    return _read(connection, "order by fitted_at desc", {})


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
            (%(start)s::date is null or window_start = %(start)s)
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
        },
    )
    if not runs:
        options = [f"--start {format_month(choice.start)}"] if choice.start else []
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
