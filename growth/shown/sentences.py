"""Says all that a fit knows of one topic: rows of what about, and what; or why there is no fit."""

from math import log

from growth.model.statuses import Status
from growth.shown.words import (
    DAYS_PER_YEAR,
    NOTHING,
    ONE_BURST,
    SHAPES,
    Topic,
    came_up,
    duration,
    how_it_fits,
    how_sure,
    interval,
    listed_growth,
    long_date,
    moves,
    multiplied,
    pace,
    percent,
    q_value,
    signed,
    what_happened,
)

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
    said += _shape(topic)
    if topic["one_burst"]:
        said.append(("one burst", ONE_BURST))
    return [*said, ("how sure", how_sure(topic))]


def _shape(topic: Topic) -> list[tuple[str, str]]:
    """Return what the fitted curve says, where it is not the trend, and how well it fits."""
    said = []
    if topic["midpoint_on"]:
        said.append(("S-curve", f"half-way {_day(topic, 'midpoint')}"))
        said.append(("ceiling", f"{_share(topic, 'ceiling')} of all articles"))
    if topic["peak_on"]:
        peak = f"peak {_day(topic, 'peak')}, at {percent(topic['peak_share'])}"
        said.append(("pulse", peak))
    if topic["step_on"]:
        drift = topic["drift_rate"]
        then = f"; then its odds {multiplied(log(2) / drift * DAYS_PER_YEAR)}" if drift else ""
        said.append(("step", f"{_day(topic, 'step')}, {_jump(topic)}{then}"))
    if topic["event_on"]:
        settled = percent(topic["event_share_settled"])
        said.append(("event", f"{_day(topic, 'event')}, {_jump(topic)}, then down to {settled}"))
        said.append(("half-life", f"{_half_life(topic)}, of what it added to the log-odds"))
    if how_it_fits(topic):
        said.append(("fits", how_it_fits(topic, f"the {SHAPES[topic['shape']]}")))
    return said


def share_at_start(topic: Topic) -> str:
    """Return the share on the window's first day with its interval; of a topic that came up later,
    that there was no article before."""
    if came_up(topic) is not None:
        return f"no article before {long_date(topic['first_seen_on'])}"
    return _share(topic, "share_start")


def _rate(topic: Topic) -> str:
    return interval(*(signed(topic[name]) for name in ("growth_rate", "ci_low", "ci_high")))


def _share(topic: Topic, name: str) -> str:
    return interval(*(percent(topic[name + end]) for end in ("", "_low", "_high")))


def _growth(topic: Topic) -> str:
    if topic["listed_rate"] is None:
        return NOTHING
    if not moves(topic):
        return "no clear overall change"
    odds = f"its odds {pace(topic)}; " if pace(topic) else ""
    by = "its trend" if topic["listed_by"] == "trend" else "the change from first to last quarter"
    return f"{topic['direction']}: {odds}{listed_growth(topic)} a year, by {by}"


def _day(topic: Topic, name: str) -> str:
    return interval(*(long_date(topic[name + end]) for end in ("_on", "_low_on", "_high_on")))


def _jump(topic: Topic) -> str:
    before, after = (percent(topic[f"jump_share_{side}"]) for side in ("before", "after"))
    return f"from {before} to {after}"


def _half_life(topic: Topic) -> str:
    window = (topic["window_end"] - topic["window_start"]).days
    days = [topic[f"half_life_days{end}"] for end in ("", "_low", "_high")]
    return interval(*(_lasting(each, window) for each in days))


def _lasting(days: float, window: int) -> str:
    """Return a length of time, as far as a window can tell."""
    if days < 1:
        return "less than a day"
    return duration(days) if days <= window else "longer than the window"
