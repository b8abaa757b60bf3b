"""Says in words what is stored of a topic: shares, pace, what happened and when.

The command line, the page and its pictures take their words from here. What the page's script has
to say by itself, it says alike: growth/report/assets/words.js.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from math import log, log2
from typing import Any

from console.outlets import DEFAULT_OUTLET, find_outlet
from growth.model.level import ends
from growth.stored.columns import Q_VALUE
from growth.stored.runs import Window

Topic = dict[str, Any]

# As in series.py, which takes a while to import.
DAYS_PER_YEAR = 365.25
NOTHING = "\N{EN DASH}"
_AS_EVER = "the same in earlier years"

# What the fitted curves are called.
SHAPES = {
    "trend": "trend", "s_curve": "S-curve", "pulse": "pulse", "step": "step",
    "step_drift": "step with a drift", "event": "event",
}  # fmt: skip
ONE_BURST = "one sixteenth of the window makes two thirds of the movement or more"
# A curve that describes less than this of what moved is said to fit poorly.
_POOR_FIT = 0.5
# So many times a share is more than one before a jump, or less than one before a fall.
_JUMP = 2.0
# A half-life is told where the ends of its interval are less than this many times apart.
_KNOWN_HALF_LIFE = 4.0
# The level's highest and the share just after an event are alike up to so many times.
_ALIKE = 1.5


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


def how_sure(topic: Topic) -> str:
    """Return the q of a topic, and what that is."""
    return f"q {q_value(topic['q_value'])}: {Q_VALUE}"


def duration(days: float) -> str:
    """Return a length of time."""
    return f"{days:.0f} days" if days < 730 else f"{days / DAYS_PER_YEAR:.1f} years"


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
    if not moves(topic):
        return listed_growth(topic)
    return f"{signed(topic['listed_rate'])} (at least {signed(topic['sure_growth'])})"


def moves(topic: Topic) -> bool:
    """Tell whether a topic is listed as growing or shrinking."""
    return topic["direction"] in ("growing", "shrinking")


def listed_growth(topic: Topic) -> str:
    """Return the growth a year that is listed, with its interval."""
    names = ("listed_rate", "listed_low", "listed_high")
    return interval(*(signed(topic[name]) for name in names))


def pace(topic: Topic) -> str:
    """Return how fast the odds of a topic doubled or halved, where it kept to a pace."""
    days = topic["listed_doubling_days"]
    return "" if days is None else multiplied(days)


def multiplied(days: float) -> str:
    """Return how fast odds doubled or, where ``days`` are negative, halved."""
    return f"{'doubled' if days > 0 else 'halved'} every {duration(abs(days))}"


def fits_poorly(topic: Topic) -> bool:
    """Tell whether the fitted curve describes too little of what moved."""
    return topic["fit_quality"] is not None and topic["fit_quality"] < _POOR_FIT


def how_it_fits(topic: Topic, curve: str = "it") -> str:
    """Return how much the fitted curve describes of what moved, if anything did."""
    if topic["fit_quality"] is None:
        return ""
    part = f"{topic['fit_quality']:.0%}" if topic["fit_quality"] >= 0.005 else "none"
    return f"{'poorly: ' * fits_poorly(topic)}{curve} describes {part} of what moved"


def what_happened(topic: Topic) -> str:
    """Say what became of a topic in the window, with dates and sizes, and what is odd about it."""
    said = topic["phase"] or NOTHING
    if topic["share_highest"] is not None:
        told = ", ".join(_course(topic))
        said = f"{said}: {told}" if told else said
    said += "; new label" * bool(topic["new_label"])
    return said + "; one burst" * bool(topic["one_burst"])


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
            return [*_rise(topic, when, peak=True), *_fall(topic, when), now]
        case "fading":
            fell_from_start = topic["share_highest"] <= 1.25 * topic["share_start"]
            before = at_start if fell_from_start else _peak(topic, when)
            return [before, *_fall(topic, when), now]
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
    jumped, came = _jumped(topic, when), came_up(topic)
    if jumped and peak and when.same(jumped.on, topic["highest_on"]):
        return [f"jumped to {_about(topic['share_highest'])} {when.around(jumped)}"]
    said = []
    if jumped:
        said.append(f"jumped {when.around(jumped)}")
    elif otherwise:
        said.append(f"first article in {when(came)}" if came else otherwise)
    return [*said, _peak(topic, when)] if peak else said


def _fall(topic: Topic, when: "_Dates") -> list[str]:
    """Return how a topic came down from its highest: by a step, or halved after an event."""
    day = _day_of_shape(topic)
    if day is None:
        return []
    highest, halved = topic["highest_on"], _halved_within(topic)
    fell = topic["jump_share_before"] >= _JUMP * topic["jump_share_after"]
    if fell and highest < day.on and not when.same(highest, day.on):
        return [f"fell {when.around(day)}"]
    if halved is not None and when.in_order(day.on, highest):
        return [f"halved within {max(1, halved):.0f} day{'s' * (halved >= 1.5)}"]
    return []


def _peak(topic: Topic, when: "_Dates") -> str:
    return f"{_about(topic['share_highest'])} in {when(topic['highest_on'])}"


@dataclass(frozen=True)
class _Day:
    """A day and its 95 % interval."""

    on: date
    low: date
    high: date


def _jumped(topic: Topic, when: "_Dates") -> _Day | None:
    """Return when a topic jumped on its way to its highest: by its step or event, else by its
    level."""
    day = _day_of_shape(topic)
    if day is not None and _is_the_rise(topic) and when.in_order(day.on, topic["highest_on"]):
        return day
    on = topic["jumped_on"]
    return None if on is None else _Day(on, on, on)


def _is_the_rise(topic: Topic) -> bool:
    """Tell whether a step or an event is a jump, and makes at least half of the rise to the highest
    level, in logarithms."""
    before, after = topic["jump_share_before"], topic["jump_share_after"]
    start = max(before, topic["share_start"])
    return bool(after >= _JUMP * before and after**2 >= start * topic["share_highest"])


def _day_of_shape(topic: Topic) -> _Day | None:
    """Return the day of a topic's step or event, if that fits."""
    for name in ("step", "event"):
        if topic[f"{name}_on"] is not None and not fits_poorly(topic):
            return _Day(*(topic[f"{name}_{end}"] for end in ("on", "low_on", "high_on")))
    return None


def _halved_within(topic: Topic) -> float | None:
    """Return the days after an event in which its share halved, where that is well known and the
    level was about as high. They are fewer than its half-life, which is that of the log-odds."""
    low, high = topic["half_life_days_low"], topic["half_life_days_high"]
    after, settled = topic["jump_share_after"], topic["event_share_settled"]
    if (
        topic["event_on"] is None
        or high >= _KNOWN_HALF_LIFE * low
        or settled >= after / 2
        or not after / _ALIKE <= topic["share_highest"] <= _ALIKE * after
    ):
        return None
    jump, left = (_log_odds(share) - _log_odds(settled) for share in (after, after / 2))
    return float(topic["half_life_days"] * log2(jump / left))


def _log_odds(share: float) -> float:
    return log(share / (1 - share))


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

    def around(self, day: _Day) -> str:
        """Say a day that is known from counts: in which part of a month or, where its interval is
        longer than two of them, around which."""
        sure = (day.high - day.low).days <= (62 if self._whole_months else 20)
        return f"{'in' if sure else 'around'} {self(day.on)}"

    def in_order(self, one: date, other: date) -> bool:
        """Tell whether a day is said to be no later than another."""
        return one <= other or self.same(one, other)

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
