"""What a topic's columns say, in words. The page's tables and pictures use the same sentences."""

import math
from datetime import date
from typing import Any

from growth.series import DAYS_PER_YEAR


def what_happened(topic: dict[str, Any]) -> str:
    """Say where a topic stands at the window's end, and what is odd about it."""
    return "; ".join([_phase(topic), *_flags(topic)])


def _phase(topic: dict[str, Any]) -> str:
    phase: str = topic["phase"]
    peak, midpoint = topic["peak_on"], topic["midpoint_on"]
    if phase == "peaked":
        return f"peaked in {month(peak)}" if peak else "peaked: grew, then fell back"
    if phase == "levelling off" and peak:
        return f"levelling off since {month(peak)}"
    if phase == "levelling off" and midpoint:
        return f"levelling off, half-way up in {month(midpoint)}"
    if phase == "fading" and midpoint:
        return f"fading, half-way down in {month(midpoint)}"
    return phase


def _flags(topic: dict[str, Any]) -> list[str]:
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


def pace(topic: dict[str, Any]) -> str:
    """Say how fast a topic that grew or shrank did so; nothing of others."""
    verb = {"growing": "doubled", "shrinking": "halved"}.get(topic["direction"])
    if verb is None:
        return ""
    # The list goes by the trend's rate or by that of the change, whichever is the surer.
    by_trend = topic["sure_growth"] in (topic["ci_low"], topic["ci_high"])
    rate = topic["growth_rate"] if by_trend else topic["change_rate"]
    days = abs(math.log(2) / rate) * DAYS_PER_YEAR
    length = f"{days:.0f} days" if days < 730 else f"{days / DAYS_PER_YEAR:.1f} years"
    return f"odds {verb} every {length}"


def percent(share: float | None) -> str:
    """Write a share as the command line does."""
    if share is None:
        return "-"
    if share < 0.0001:
        return "<0.01 %" if share > 0 else "0 %"
    return f"{100 * share:.1f} %" if share >= 0.1 else f"{100 * share:.2f} %"


def month(day: date) -> str:
    """Write a day's month, such as June 2020."""
    return f"{day:%B} {day.year}"


def long_date(day: date) -> str:
    """Write a day, such as 4 May 2020."""
    return f"{day.day} {month(day)}"


def describe(topic: dict[str, Any]) -> str:
    """Say in one sentence what a topic's picture shows."""
    return (
        f"{topic['label']}: fitted share of articles from {percent(topic['share_start'])} to "
        f"{percent(topic['share_end'])}; {what_happened(topic)}"
    )
