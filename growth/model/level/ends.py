"""What counts as the start and the end of a window. Imports nothing heavy: words.py takes it."""

from datetime import date, timedelta
from typing import TypeVar

Time = TypeVar("Time", float, timedelta)

# Two weeks; but at most a twelfth of a short window, and at least a thirty-second of a long one.
END_DAYS = 14
_MOST_OF_SHORT, _LEAST_OF_LONG = 12, 32


def end_length(span: Time, two_weeks: Time) -> Time:
    """Return how long the start of a window of the length ``span`` is, and its end, in any unit of
    time: a single day's news must not stand for all."""
    return max(min(two_weeks, span / _MOST_OF_SHORT), span / _LEAST_OF_LONG)


def came_up(first_seen_on: date | None, start: date, end: date) -> date | None:
    """Return the day of a topic's first article where that lies inside the window, from ``start``
    to ``end``, and after what counts as its start."""
    begun = start + end_length(end - start, timedelta(days=END_DAYS))
    return first_seen_on if first_seen_on is not None and first_seen_on > begun else None
