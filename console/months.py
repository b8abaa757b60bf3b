"""Months: ``YYYY-MM`` on the command line and in file names, their first day inside."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from console.outlets import FIRST_MONTH

# Far enough for anybody, and near enough for the days after it.
LAST_MONTH = date(2199, 12, 1)


def parse_month(text: str) -> date:
    """Return the first day of a month written ``YYYY-MM``, from the first one of any outlet's
    archive to 2199-12.

    Raises ValueError, in one line that names the text, for anything else.
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})", text, flags=re.ASCII)
    if match is None or not 1 <= int(match[2]) <= 12 or match[1] == "0000":
        raise ValueError(f"{text!r} is not a month: write YYYY-MM, for example 2020-01")
    month = date(int(match[1]), int(match[2]), 1)
    if month < FIRST_MONTH:
        first = format_month(FIRST_MONTH)
        raise ValueError(f"{text} is too early: the archive begins with {first}")
    if month > LAST_MONTH:
        raise ValueError(f"{text} is too late: give a month up to {format_month(LAST_MONTH)}")
    return month


def format_month(month: date) -> str:
    """Return ``YYYY-MM``."""
    return f"{month:%Y-%m}" if month.year >= 1000 else f"{month.year:04d}-{month.month:02d}"


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous_month(month: date) -> date:
    """Return the first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def last_day(month: date) -> date:
    """Return the last day of a month given by any of its days."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def months_up_to(last: date, number: int) -> list[date]:
    """Return so many months, the oldest first, of which ``last`` is the last."""
    months = [last.replace(day=1)]
    while len(months) < number:
        months.insert(0, previous_month(months[0]))
    return months


def months_between(start: date, end: date) -> Iterator[date]:
    """Yield the first days of all months from ``start`` to ``end``, both included."""
    month = start
    while month <= end:
        yield month
        month = next_month(month)
