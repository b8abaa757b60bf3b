"""Which months a run loads or fits: those asked for, or those before its scheduled start."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from prefect import runtime

from console.arguments import month_argument
from console.errors import WarehouseError
from console.months import format_month, months_up_to, previous_month
from console.outlets import OUTLETS

# The deployments' schedules are in the first outlet's time zone, and so is "the month before".
TIME_ZONE = OUTLETS[0].time_zone


def scheduled_start() -> datetime:
    """Return when the flow run was to start; outside a run, now."""
    return runtime.flow_run.scheduled_start_time or datetime.now(UTC)


def month_before(scheduled_start: datetime) -> date:
    """Return the month before that of a scheduled start, by the calendar of its time zone.

    A run that starts days late is still about the month before its scheduled start.
    """
    return previous_month(scheduled_start.astimezone(ZoneInfo(TIME_ZONE)).date())


def months_to_load(year: int | None, month: int | None, scheduled_start: datetime) -> list[date]:
    """Return the month asked for; without one the month before the scheduled start, and the two
    before it: the archive's index goes on growing for two months. Raises WarehouseError."""
    if year is not None and month is not None:
        return [date(year, month, 1)]
    if year is not None or month is not None:
        raise WarehouseError("give year and month together, for example year=2024 month=10")
    return months_up_to(month_before(scheduled_start), 3)


def window_to_fit(
    as_at: str | None,
    horizon_months: int,
    start: str | None,
    end: str | None,
    scheduled_start: datetime,
) -> tuple[date, date]:
    """Return the first and the last month of the window to fit.

    From ``start`` to ``end``; or ``horizon_months`` that end with ``as_at``, by default the month
    before the scheduled start. Raises WarehouseError.
    """
    if start or end:
        if not (start and end):
            raise WarehouseError("give start and end together, for example 2020-01 and 2020-06")
        if as_at:
            raise WarehouseError("give start and end, or as_at, not both")
        first, last = month_argument(start), month_argument(end)
        if first > last:
            raise WarehouseError(
                f"start {format_month(first)} is after end {format_month(last)}: swap them"
            )
        return first, last
    last = month_argument(as_at) if as_at else month_before(scheduled_start)
    return months_up_to(last, horizon_months)[0], last
