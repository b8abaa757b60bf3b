"""Topics that jump on a date: steps, steps that drift on, and events."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.curves import Jump
from benchmarks.calibration.fits import JUMPS, Booleans, covers, fit, percent, years
from benchmarks.calibration.news import AR1, LONG_MEMORY, Setting, ar1, expected_counts
from benchmarks.calibration.noises import Noise
from benchmarks.calibration.report import Limit, Table

WINDOWS = [182, 731]
ARTICLES = [100, 400, 1500]
ONSETS = [0.25, 0.5, 0.75, 0.95]
HALF_LIVES = [0.03, 0.1, 0.25]
FOURFOLD = float(np.log(4))
NOISES = [ar1(Noise(0.0, 0.0)), ar1(Noise(0.5, 0.5)), AR1, LONG_MEMORY]
STEPS = [
    Jump(name, "step", onset, height)
    for name, height in (("step up", FOURFOLD), ("step down", -FOURFOLD))
    for onset in ONSETS
]
# After it the odds go on to fall, or to grow, fourfold within a window's time.
DRIFTS = [
    Jump("step that drifts", "step_drift", onset, FOURFOLD, drift=drift)
    for onset in ONSETS
    for drift in (-FOURFOLD, FOURFOLD)
]
# It ends at the old level, or at one and a half times its odds.
EVENTS = [
    Jump("event", "event", onset, FOURFOLD, half_life=half_life, left=left)
    for onset in ONSETS
    for half_life in HALF_LIVES
    for left in (0.0, float(np.log(1.5)) / FOURFOLD)
]
KINDS = STEPS + DRIFTS + EVENTS


@dataclass(frozen=True)
class Told:
    """What is told of topics that jump: which ``kind`` each is of, whether a jump is claimed, and
    its own shape, dated rightly, and what its intervals cover."""

    kind: NDArray[np.int64]
    jumps: Booleans
    found: Booleans
    dated: Booleans
    date_covered: Booleans
    half_life_covered: Booleans


@cache
def told(setting: Setting, days: int, articles: int, topics: int) -> Told:
    """Fit as many flat topics as ones that jump, since most topics do not, and return what is told
    of those that do."""
    kind = np.repeat(np.arange(len(KINDS)), topics // 20)
    seed = [31, *setting.name.encode(), days, articles]
    jumping = np.array([jump.expected(days, articles / days) for jump in KINDS])[kind]
    flat = expected_counts(seed, days, np.zeros(len(kind), dtype=bool))
    counts = setting.draw(seed, np.concatenate([jumping, flat]))
    found = fit(counts, setting.totals(days))
    of = slice(len(kind))
    shape, jump = found.shape[of], found.jump
    at, low, high = jump.at[of], jump.at_low[of], jump.at_high[of]
    truth = np.array([years(each.first_day(days) + 0.5 - days / 2) for each in KINDS])[kind]
    half_life = np.array([each.half_life * years(days) for each in KINDS])[kind]
    # Intervals are of whole days.
    half_a_day = years(0.5)
    return Told(
        kind=kind,
        jumps=np.isin(shape, JUMPS),
        found=shape == np.array([each.shape for each in KINDS])[kind],
        dated=np.abs(at - truth) <= years(max(7, 0.02 * days)),
        date_covered=covers(low - half_a_day, truth, high + half_a_day),
        half_life_covered=covers(jump.half_life_low[of], half_life, jump.half_life_high[of]),
    )


def planted(topics: int) -> Iterator[list[str]]:
    """Yield how often jumps are found, dated, and their dates and half-lives covered."""
    for setting in NOISES:
        for days in WINDOWS:
            for articles in ARTICLES:
                each = told(setting, days, articles, topics)
                for name in dict.fromkeys(jump.name for jump in KINDS):
                    mine = np.array([jump.name == name for jump in KINDS])[each.kind]
                    found = mine & each.found
                    half_life = each.half_life_covered[found] if name == "event" else found[:0]
                    yield [
                        setting.name, str(days), str(articles), name,
                        percent(each.found[mine]), percent(each.jumps[mine]),
                        percent(each.dated[found]), percent(each.date_covered[found]),
                        percent(half_life),
                    ]  # fmt: skip


def by_date(topics: int) -> Iterator[list[str]]:
    """Yield how often jumps with 400 articles are found and then rightly dated, for each date and
    half-life, in columns for the noises."""
    places = dict.fromkeys((jump.name, jump.onset, jump.half_life) for jump in KINDS)
    for days in WINDOWS:
        for name, onset, half_life in places:
            cells = []
            for setting in NOISES:
                each = told(setting, days, 400, topics)
                mine = np.array(
                    [(k.name, k.onset, k.half_life) == (name, onset, half_life) for k in KINDS]
                )[each.kind]
                cells += [percent(each.found[mine]), percent(each.dated[mine & each.found])]
            yield [
                name, str(days), f"{onset:g}", "-" if half_life == np.inf else f"{half_life:g}",
                *cells,
            ]  # fmt: skip


DATED = "of those found: date right"
PLANTED = Table(
    "Planted jumps: are they found, and dated?",
    "Half of the topics are flat. The others jump on one date, a quarter, half, three quarters or "
    "19 twentieths along the window: the odds rise fourfold or fall to a quarter and stay (steps); "
    "or they rise fourfold and then drift, fourfold up or down in the time of a window; or the "
    "jump halves every 3, 10 or 25 % of the window, down to the old odds or to one and a half "
    "times them (events). Found: with its own shape. Right is a date within a week, or 2 % of the "
    "window if that is more; covered one whose day is in the interval.",
    ["noise", "days", "articles", "jump", "found", "any jump found",
     DATED, "date covered", "half-life covered"],
    4,
    planted,
    (
        Limit("Of 400 articles, less than 80 % found", "found", least=80, where=("400",)),
        Limit("Of 400 articles, less than 80 % dated rightly", DATED, least=80, where=("400",)),
        Limit("Less than 90 % of the dates are covered", "date covered", least=90),
        Limit("Less than 90 % of the half-lives are covered", "half-life covered", least=90),
    ),
)  # fmt: skip
BY_DATE = Table(
    "Planted jumps with 400 articles, by date and half-life",
    "Date and half-life are in parts of the window.",
    ["jump", "days", "date", "half-life",
     *(f"{setting.name}: {what}" for setting in NOISES for what in ("found", "date right"))],
    4,
    by_date,
)  # fmt: skip
