"""Says in words what is stored of a topic: shares, pace, turning points, why there is no fit."""

import math
from datetime import date
from typing import Any

Topic = dict[str, Any]

# As in growth.series, which takes a while to import.
_DAYS_PER_YEAR = 365.25

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
        return "-"
    if 0 < share < 0.0001:
        return "<0.01%"
    return f"{share:.1%}" if share >= 0.1 else f"{share:.2%}" if share else "0%"


def growth_a_year(topic: Topic) -> float:
    """Return the growth a year that the lists go by: the trend's, or that of the change."""
    by_trend = topic["sure_growth"] in (topic["ci_low"], topic["ci_high"])
    return float(topic["growth_rate"] if by_trend else topic["change_rate"])


def growth_and_what_is_sure(topic: Topic) -> str:
    """Return the growth a year with how much of it is sure."""
    if topic["growth_rate"] is None:
        return "-"
    if not _moves(topic):
        return f"{topic['growth_rate']:+.1f} ({topic['ci_low']:+.1f} to {topic['ci_high']:+.1f})"
    return f"{growth_a_year(topic):+.1f} (at least {topic['sure_growth']:+.1f})"


def pace(topic: Topic) -> str:
    """Return how long the odds take to double or to halve."""
    if not _moves(topic):
        return "-"
    rate = growth_a_year(topic)
    return f"{'double' if rate > 0 else 'halve'} in {_days(math.log(2) / abs(rate))}"


def q_value(value: float | None) -> str:
    """Return the false discovery rate at which a topic would be listed."""
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def what_happened(topic: Topic) -> str:
    """Return phase, turning point and flags."""
    words = [str(topic["phase"])]
    if topic["peak_on"]:
        words[0] += f", peak on {topic['peak_on']}"
    elif topic["midpoint_on"]:
        words[0] += f", half-way on {topic['midpoint_on']}"
    if topic["seasonal"]:
        words.append("comes every year")
    if topic["new_label"]:
        words.append("new label")
    return "; ".join(words)


def sentences(topic: Topic) -> list[tuple[str, str]]:
    """Return all that the fit says of a topic, with its 95 % intervals: what about, and what."""
    if topic["status"] != "converged":
        why = _WHY_NO_FIT.get(topic["status"], topic["status"])
        return [("fit", f"there is none: {why}")]
    said = [
        ("what happened", what_happened(topic)),
        (
            "fitted share",
            f"{_share(topic, 'share_start')} on {topic['window_start']}, "
            f"{_share(topic, 'share_end')} on {topic['window_end']}",
        ),
        ("growth", _growth(topic)),
        ("trend", _trend(topic)),
    ]
    if topic["change_rate"] is not None:
        said.append(
            (
                "change",
                f"{topic['change_rate']:+.1f} a year from the first quarter of the window to the "
                f"last (p {q_value(topic['change_p_value'])})",
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


def _moves(topic: Topic) -> bool:
    return topic["direction"] in ("growing", "shrinking")


def _share(topic: Topic, name: str) -> str:
    low, high = percent(topic[f"{name}_low"]), percent(topic[f"{name}_high"])
    return f"{percent(topic[name])} (95 %: {low} to {high})"


def _growth(topic: Topic) -> str:
    if not _moves(topic):
        return "none that is sure: it may have grown or shrunk, the articles do not show it"
    odds = "its odds " + pace(topic)
    return f"{topic['direction']}: {odds}; at least {topic['sure_growth']:+.1f} a year is sure"


def _trend(topic: Topic) -> str:
    low, high = topic["ci_low"], topic["ci_high"]
    return f"{topic['growth_rate']:+.1f} a year (95 %: {low:+.1f} to {high:+.1f})"


def _day(topic: Topic, name: str) -> str:
    low, high = (_date(topic[f"{name}_{end}_on"]) for end in ("low", "high"))
    return f"{_date(topic[f'{name}_on'])} (95 %: {low} to {high})"


def _date(day: date | None) -> str:
    return "-" if day is None else f"{day}"


def _days(years: float) -> str:
    days = years * _DAYS_PER_YEAR
    return f"{days:.0f} days" if days < 730 else f"{years:.1f} years"
