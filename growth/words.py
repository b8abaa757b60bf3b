"""Says in words what is stored of a topic: shares, pace, turning points, why there is no fit.

The command line, the page and its pictures take their words from here. What the page's script has
to say by itself, it says alike: growth/report/assets/words.js.
"""

import math
from datetime import date
from typing import Any

Topic = dict[str, Any]

# As in growth.series, which takes a while to import.
_DAYS_PER_YEAR = 365.25
NOTHING = "\N{EN DASH}"

_WHY_NO_FIT = {
    "no_articles": "it has no articles in the window",
    "every_article": "every article carries it",
    "first_period_only": "all its articles are of the window's first day",
    "last_period_only": "all its articles are of the window's last day",
    "separated": "its articles all lie on one side of a day, so that no finite rate exists",
    "too_few_articles": "it has too few articles (`growth fit --min-articles`)",
    "too_few_periods": "the window has too few days with articles",
    "not_converged": "the search found no maximum",
}


def percent(share: float | None) -> str:
    """Return a share as readers read it."""
    if share is None:
        return NOTHING
    if share < 0.0001:
        return "<0.01%" if share > 0 else "0%"
    return f"{share:.1%}" if share >= 0.1 else f"{share:.2%}"


def signed(rate: float) -> str:
    """Return a rate with its sign."""
    return ("\N{MINUS SIGN}" if rate < 0 else "+") + f"{abs(rate):.1f}"


def q_value(value: float | None) -> str:
    """Return the false discovery rate at which a topic would be listed."""
    if value is None:
        return NOTHING
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def duration(days: float) -> str:
    """Return a length of time."""
    return f"{days:.0f} days" if days < 730 else f"{days / _DAYS_PER_YEAR:.1f} years"


def month(day: date) -> str:
    """Return a day's month, such as June 2020."""
    return f"{day:%B} {day.year}"


def long_date(day: date | None) -> str:
    """Return a day, such as 4 May 2020."""
    return NOTHING if day is None else f"{day.day} {month(day)}"


def window(start: date, end: date) -> str:
    """Return a window of whole months, such as January to June 2020."""
    if (start.year, start.month) == (end.year, end.month):
        return month(start)
    first = f"{start:%B}" if start.year == end.year else month(start)
    return f"{first} to {month(end)}"


def interval(value: str, low: str, high: str) -> str:
    """Return an estimate with its 95 % interval."""
    return f"{value} (95%: {low} to {high})"


def growth_and_what_is_sure(topic: Topic) -> str:
    """Return the growth a year with how much of it is sure."""
    if topic["growth_rate"] is None:
        return NOTHING
    if not _moves(topic):
        return _rate(topic)
    return f"{signed(_growth_a_year(topic))} (at least {signed(topic['sure_growth'])})"


def pace(topic: Topic) -> str:
    """Return how fast the odds of a topic that grew or shrank did so; nothing of others, nor of
    what came and went, which did not keep to one pace."""
    if not _moves(topic) or topic["phase"] == "peaked":
        return ""
    rate = _growth_a_year(topic)
    every = duration(_DAYS_PER_YEAR * math.log(2) / abs(rate))
    return f"{'doubled' if rate > 0 else 'halved'} every {every}"


def what_happened(topic: Topic) -> str:
    """Say where a topic stands at the window's end, and what is odd about it."""
    return "; ".join([_phase(topic), *_flags(topic)])


def describe(topic: Topic) -> str:
    """Say in one sentence what a topic's picture shows."""
    return (
        f"{topic['label']}: fitted share of articles from {percent(topic['share_start'])} to "
        f"{percent(topic['share_end'])}; {what_happened(topic)}"
    )


def sentences(topic: Topic) -> list[tuple[str, str]]:
    """Return all that the fit says of a topic, with its 95 % intervals: what about, and what."""
    if topic["status"] != "converged":
        why = _WHY_NO_FIT.get(topic["status"], topic["status"])
        return [("fit", f"there is none: {why}")]
    said = [
        ("what happened", what_happened(topic)),
        ("share at start", _share(topic, "share_start")),
        ("share at end", _share(topic, "share_end")),
        ("growth", _growth(topic)),
        ("trend", f"{_rate(topic)} a year"),
    ]
    if topic["change_rate"] is not None:
        said.append(
            (
                "change",
                f"{signed(topic['change_rate'])} a year from the first quarter of the window to "
                f"the last (p {q_value(topic['change_p_value'])})",
            )
        )
    if topic["midpoint_on"]:
        said.append(("half-way", _day(topic, "midpoint")))
        said.append(("ceiling", f"{_share(topic, 'ceiling')} of all articles"))
    if topic["peak_on"]:
        said.append(("peak", f"{_day(topic, 'peak')}, at {percent(topic['peak_share'])}"))
    said.append(
        (
            "how sure",
            f"q {q_value(topic['q_value'])}: the part of false entries to expect in a list that "
            "ends with this topic",
        )
    )
    return said


def _phase(topic: Topic) -> str:
    phase: str | None = topic["phase"]
    peak, midpoint = topic["peak_on"], topic["midpoint_on"]
    if phase == "peaked":
        return f"peaked in {month(peak)}" if peak else "peaked: grew, then fell back"
    if phase == "levelling off" and peak:
        return f"levelling off since {month(peak)}"
    if phase == "levelling off" and midpoint:
        return f"levelling off, half-way up in {month(midpoint)}"
    if phase == "fading" and midpoint:
        return f"fading, half-way down in {month(midpoint)}"
    return phase or NOTHING


def _flags(topic: Topic) -> list[str]:
    flags = []
    if topic["seasonal"]:
        peak = topic["peak_on"]
        movement = {"growing": "rises", "shrinking": "falls"}.get(topic["direction"], "comes back")
        flags.append(
            f"comes back every {peak:%B}" if peak else f"{movement} every year in these months"
        )
    if topic["new_label"]:
        flags.append("new label")
    return flags


def _moves(topic: Topic) -> bool:
    return topic["direction"] in ("growing", "shrinking")


def _growth_a_year(topic: Topic) -> float:
    """Return the growth a year that the lists go by: the trend's, or that of the change."""
    by_trend = topic["sure_growth"] in (topic["ci_low"], topic["ci_high"])
    return float(topic["growth_rate"] if by_trend else topic["change_rate"])


def _rate(topic: Topic) -> str:
    return interval(*(signed(topic[name]) for name in ("growth_rate", "ci_low", "ci_high")))


def _share(topic: Topic, name: str) -> str:
    return interval(*(percent(topic[name + end]) for end in ("", "_low", "_high")))


def _growth(topic: Topic) -> str:
    if not _moves(topic):
        return "none that is sure: it may have grown or shrunk, the articles do not show it"
    sure = signed(topic["sure_growth"])
    odds = f"its odds {pace(topic)}; " if pace(topic) else ""
    return f"{topic['direction']}: {odds}at least {sure} a year is sure"


def _day(topic: Topic, name: str) -> str:
    return interval(*(long_date(topic[name + end]) for end in ("_on", "_low_on", "_high_on")))
