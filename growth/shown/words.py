"""Says in words what is stored of a topic: shares, pace, turning points, why there is no fit.

The command line, the page and its pictures take their words from here. What the page's script has
to say by itself, it says alike: growth/report/assets/words.js.
"""

from datetime import date, timedelta
from typing import Any

from console.outlets import DEFAULT_OUTLET, find_outlet
from growth.model.level import ends
from growth.model.statuses import Status
from growth.stored.runs import Window

Topic = dict[str, Any]

# As in series.py, which takes a while to import.
_DAYS_PER_YEAR = 365.25
NOTHING = "\N{EN DASH}"
_AS_EVER = "the same in earlier years"

_WHY_NO_FIT = {
    Status.NO_ARTICLES: "it has no articles in the window",
    Status.EVERY_ARTICLE: "every article carries it",
    Status.FIRST_PERIOD_ONLY: "all its articles are of the window's first day",
    Status.LAST_PERIOD_ONLY: "all its articles are of the window's last day",
    Status.SEPARATED: "its articles all lie on one side of a day, so that no finite rate exists",
    Status.TOO_FEW_ARTICLES: "it has too few articles (`growth fit --min-articles`)",
    Status.TOO_FEW_PERIODS: "the window has too few days with articles",
    Status.NOT_CONVERGED: "the search found no maximum",
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


def window(of: Window, fitted_to: date | None = None) -> str:
    """Return a window, such as January to June 2020, and up to which day it has articles where that
    is before its end. The outlet is named where it is not the first of the list."""
    start, end = of.start, of.end
    if (start.year, start.month) == (end.year, end.month):
        name = month(start)
    else:
        first = f"{start:%B}" if start.year == end.year else month(start)
        name = f"{first} to {month(end)}"
    if of.outlet != DEFAULT_OUTLET:
        name = f"{find_outlet(of.outlet).name}, {name}"
    if fitted_to is None or fitted_to >= end:
        return name
    return f"{name} (articles up to {long_date(fitted_to)})"


def interval(value: str, low: str, high: str) -> str:
    """Return an estimate with its 95 % interval."""
    return f"{value} (95%: {low} to {high})"


def growth_and_what_is_sure(topic: Topic) -> str:
    """Return the growth a year that is listed, with how much of it is sure."""
    if topic["listed_rate"] is None:
        return NOTHING
    if not _moves(topic):
        return _listed(topic)
    return f"{signed(topic['listed_rate'])} (at least {signed(topic['sure_growth'])})"


def pace(topic: Topic) -> str:
    """Return how fast the odds of a topic doubled or halved, where it kept to a pace."""
    days = topic["listed_doubling_days"]
    if days is None:
        return ""
    return f"{'doubled' if days > 0 else 'halved'} every {duration(abs(days))}"


def what_happened(topic: Topic) -> str:
    """Say what became of a topic in the window, with dates and sizes, and what is odd about it."""
    said = topic["phase"] or NOTHING
    if topic["share_highest"] is not None:
        told = ", ".join(_course(topic))
        said = f"{said}: {told}" if told else said
    return f"{said}; new label" if topic["new_label"] else said


def what_happened_and_pace(topic: Topic) -> str:
    """Return what became of a topic, and its pace where it kept to one."""
    said = what_happened(topic)
    return f"{said}; odds {pace(topic)}" if pace(topic) else said


def describe(topic: Topic) -> str:
    """Say in one sentence what a topic's picture shows."""
    return (
        f"{topic['label']}: share of articles from {percent(topic['share_start'])} to "
        f"{percent(topic['share_end'])}; {what_happened(topic)}"
    )


def sentences(topic: Topic) -> list[tuple[str, str]]:
    """Return all that the fit says of a topic, with its 95 % intervals: what about, and what."""
    if topic["status"] != Status.CONVERGED:
        why = _WHY_NO_FIT.get(topic["status"], topic["status"])
        return [("fit", f"there is none: {why}")]
    said = [
        ("what happened", what_happened(topic)),
        ("share at start", share_at_start(topic)),
        ("share at end", _share(topic, "share_end")),
    ]
    if topic["share_highest"] is not None:
        highest = f"{percent(topic['share_highest'])}, about {long_date(topic['highest_on'])}"
        said.append(("highest", highest))
    said.append(("growth", _growth(topic)))
    said.append(("trend", f"{_rate(topic)} a year, over the whole window"))
    if topic["change_rate"] is not None:
        said.append(
            (
                "change",
                f"{signed(topic['change_rate'])} a year from the first quarter of the window to "
                f"the last (p {q_value(topic['change_p_value'])})",
            )
        )
    if topic["midpoint_on"]:
        said.append(("S-curve", f"half-way {_day(topic, 'midpoint')}"))
        said.append(("ceiling", f"{_share(topic, 'ceiling')} of all articles"))
    if topic["peak_on"]:
        peak = f"peak {_day(topic, 'peak')}, at {percent(topic['peak_share'])}"
        said.append(("pulse", peak))
    said.append(
        (
            "how sure",
            f"q {q_value(topic['q_value'])}: the expected share of false alarms in a list that "
            "ends with this topic",
        )
    )
    return said


def share_at_start(topic: Topic) -> str:
    """Return the share on the window's first day with its interval; of a topic that came up later,
    that there was no article before."""
    if came_up(topic) is not None:
        return f"no article before {long_date(topic['first_seen_on'])}"
    return _share(topic, "share_start")


def came_up(topic: Topic) -> date | None:
    """Return the day of a topic's first article where that lies inside the window, after what
    counts as its start."""
    return ends.came_up(topic["first_seen_on"], topic["window_start"], topic["window_end"])


def _course(topic: Topic) -> list[str]:
    """Return what happened to a topic, step by step."""
    when = _Dates(topic)
    start, end = _about(topic["share_start"]), _about(topic["share_end"])
    at_start, now = f"{start} at the start", f"now {end}"
    match topic["phase"]:
        case "still rising":
            return [*_rise(topic, when, at_start), now]
        case "holding high":
            # A highest that is no higher than the end is not worth a word.
            peak = _about(topic["share_highest"]) != end
            return [*_rise(topic, when, at_start, peak=peak), now]
        case "past its peak" | "came and went":
            return [*_rise(topic, when, peak=True), now]
        case "fading":
            fell_from_start = topic["share_highest"] <= 1.25 * topic["share_start"]
            return [at_start if fell_from_start else _peak(topic, when), now]
        case "every year":
            return [_every_year(topic), _peak(topic, when), now]
        case "steady":
            return [f"about {_about(topic['share'])}"]
        case "unclear":
            low, high = (_about(topic[f"share_end_{side}"]) for side in ("low", "high"))
            return [f"now between {low} and {high}"]
    return []


def _every_year(topic: Topic) -> str:
    moves = {"growing": "rises in these months", "shrinking": "falls in these months"}
    part_of_a_year = topic["window_end"] - topic["window_start"] < timedelta(days=300)
    return moves.get(topic["direction"], _AS_EVER) if part_of_a_year else _AS_EVER


def _rise(topic: Topic, when: "_Dates", otherwise: str = "", *, peak: bool = False) -> list[str]:
    """Return how a topic came up: by a jump, with its first article, or as ``otherwise`` says; and
    its highest level, if ``peak``."""
    jumped, came = topic["jumped_on"], came_up(topic)
    if jumped and peak and when.same(jumped, topic["highest_on"]):
        return [f"jumped to {_about(topic['share_highest'])} in {when(jumped)}"]
    said = []
    if jumped:
        said.append(f"jumped in {when(jumped)}")
    elif otherwise:
        said.append(f"first article in {when(came)}" if came else otherwise)
    return [*said, _peak(topic, when)] if peak else said


def _peak(topic: Topic, when: "_Dates") -> str:
    return f"{_about(topic['share_highest'])} in {when(topic['highest_on'])}"


class _Dates:
    """Says the parts of months, and the year where it was not said before. In windows of more than
    400 days, whose levels are by several weeks, months alone."""

    def __init__(self, topic: Topic) -> None:
        self._whole_months = (topic["window_end"] - topic["window_start"]).days > 400
        self._year: int | None = None

    def __call__(self, day: date) -> str:
        text = self._part(day)
        if day.year != self._year:
            self._year = day.year
            text += f" {day.year}"
        return text

    def same(self, one: date, other: date) -> bool:
        """Tell whether two days are said alike."""
        return one.year == other.year and self._part(one) == self._part(other)

    def _part(self, day: date) -> str:
        month = f"{day:%B}"
        if self._whole_months:
            return month
        if 10 < day.day <= 20:
            return f"mid-{month}"
        return f"{'early' if day.day <= 10 else 'late'} {month}"


def _about(share: float) -> str:
    """Return a share in two digits."""
    if share < 0.0001:
        return percent(share)
    return f"{share:.0%}" if share >= 0.0995 else f"{100 * share:.2g}%"


def _moves(topic: Topic) -> bool:
    return topic["direction"] in ("growing", "shrinking")


def _listed(topic: Topic) -> str:
    names = ("listed_rate", "listed_low", "listed_high")
    return interval(*(signed(topic[name]) for name in names))


def _rate(topic: Topic) -> str:
    return interval(*(signed(topic[name]) for name in ("growth_rate", "ci_low", "ci_high")))


def _share(topic: Topic, name: str) -> str:
    return interval(*(percent(topic[name + end]) for end in ("", "_low", "_high")))


def _growth(topic: Topic) -> str:
    if topic["listed_rate"] is None:
        return NOTHING
    if not _moves(topic):
        return "no clear overall change"
    odds = f"its odds {pace(topic)}; " if pace(topic) else ""
    by = "its trend" if topic["listed_by"] == "trend" else "the change from first to last quarter"
    return f"{topic['direction']}: {odds}{_listed(topic)} a year, by {by}"


def _day(topic: Topic, name: str) -> str:
    return interval(*(long_date(topic[name + end]) for end in ("_on", "_low_on", "_high_on")))
