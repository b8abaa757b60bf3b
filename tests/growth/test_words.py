"""What is said of a topic in a sentence, from its stored numbers."""

from datetime import date, timedelta
from typing import Any

import pytest
from support import PROJECT_DIR

from growth.shown.sentences import sentences, share_at_start
from growth.shown.words import came_up, pace, what_happened
from growth.stored.columns import Q_VALUE, TOPICS

pytestmark = pytest.mark.fast

START, END = date(2020, 1, 1), date(2020, 6, 30)
MAY, JUNE = date(2020, 5, 27), date(2020, 6, 4)


def topic(phase: str, **changes: Any) -> dict[str, Any]:
    return (
        dict.fromkeys(column.name for column in TOPICS)
        | {
            "phase": phase,
            "window_start": START,
            "window_end": END,
            "first_seen_on": date(2016, 1, 1),
            "share": 0.05,
            "share_start": 0.0021,
            "share_start_low": 0.001,
            "share_start_high": 0.004,
            "share_end": 0.081,
            "share_end_low": 0.04,
            "share_end_high": 0.12,
            "share_highest": 0.31,
            "highest_on": JUNE,
            "direction": "growing",
        }
        | changes
    )


def step(phase: str, on: date, before: float, after: float, **changes: Any) -> dict[str, Any]:
    """A topic with a step, dated within a week."""
    days = {"step_on": on, "step_low_on": on - timedelta(3), "step_high_on": on + timedelta(3)}
    shares = {"jump_share_before": before, "jump_share_after": after}
    return topic(phase, shape="step", fit_quality=0.9) | days | shares | changes


def event(phase: str, on: date, **changes: Any) -> dict[str, Any]:
    """A topic with an event: from 0.1 % to 32 %, down to 0.3 %."""
    days = {"event_on": on, "event_low_on": on - timedelta(2), "event_high_on": on + timedelta(2)}
    shares = {"jump_share_before": 0.001, "jump_share_after": 0.32, "event_share_settled": 0.003}
    half_life = {"half_life_days": 40.0, "half_life_days_low": 25.0, "half_life_days_high": 64.0}
    return topic(phase, shape="event", fit_quality=0.9) | days | shares | half_life | changes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            topic("past its peak", jumped_on=MAY),
            "past its peak: jumped in late May 2020, 31% in early June, now 8.1%",
        ),
        (
            topic("came and went", jumped_on=date(2020, 6, 2), share_end=0.003),
            "came and went: jumped to 31% in early June 2020, now 0.3%",
        ),
        (topic("still rising"), "still rising: 0.21% at the start, now 8.1%"),
        (
            topic("still rising", first_seen_on=MAY, new_label=True),
            "still rising: first article in late May 2020, now 8.1%; new label",
        ),
        (
            topic("holding high", share_end=0.2),
            "holding high: 0.21% at the start, 31% in early June 2020, now 20%",
        ),
        (
            topic("holding high", share_end=0.305, jumped_on=MAY, share_highest=0.308),
            "holding high: jumped in late May 2020, 31% in early June, now 30%",
        ),
        (
            topic("holding high", share_highest=0.082, share_end=0.0821),
            "holding high: 0.21% at the start, now 8.2%",
        ),
        (
            topic("fading", share_start=0.12, share_highest=0.13, share_end=0.00002),
            "fading: 12% at the start, now <0.01%",
        ),
        (
            topic("fading", highest_on=date(2020, 2, 14), share_end=0.01),
            "fading: 31% in mid-February 2020, now 1%",
        ),
        (
            topic("every year", direction="shrinking", share_end=0.001),
            "every year: falls in these months, 31% in early June 2020, now 0.1%",
        ),
        (
            topic("every year", direction="steady"),
            "every year: the same in earlier years, 31% in early June 2020, now 8.1%",
        ),
        (topic("steady"), "steady: about 5%"),
        (topic("unclear"), "unclear: now between 4% and 12%"),
        # Of a fit by 0.3.0, which knew no levels.
        (topic("emerging", share_highest=None), "emerging"),
        (topic("too few articles", share_highest=None), "too few articles"),
    ],
)
def test_a_sentence_has_dates_and_sizes(row: dict[str, Any], said: str) -> None:
    assert what_happened(row) == said


FEBRUARY, APRIL = date(2020, 2, 14), date(2020, 4, 8)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            step("holding high", APRIL, 0.002, 0.2, jumped_on=MAY, share_end=0.2),
            "holding high: jumped in early April 2020, 31% in early June, now 20%",
        ),
        (
            step("still rising", APRIL, 0.002, 0.05),
            "still rising: jumped in early April 2020, now 8.1%",
        ),
        # The date is known to a month.
        (
            step("still rising", APRIL, 0.002, 0.05, step_low_on=date(2020, 3, 20)),
            "still rising: jumped around early April 2020, now 8.1%",
        ),
        # The growth after it made more of the rise.
        (
            step("still rising", APRIL, 0.002, 0.02),
            "still rising: 0.21% at the start, now 8.1%",
        ),
        # Less than a doubling is no jump, nor does a topic jump after its highest level.
        (
            step("still rising", APRIL, 0.03, 0.05),
            "still rising: 0.21% at the start, now 8.1%",
        ),
        (
            step("past its peak", APRIL, 0.002, 0.2, highest_on=FEBRUARY),
            "past its peak: 31% in mid-February 2020, now 8.1%",
        ),
        # Where the shape fits poorly the level's date is told.
        (
            step("past its peak", APRIL, 0.002, 0.2, fit_quality=0.3, jumped_on=MAY),
            "past its peak: jumped in late May 2020, 31% in early June, now 8.1%",
        ),
        (
            step("came and went", APRIL, 0.2, 0.004, highest_on=FEBRUARY, jumped_on=FEBRUARY),
            "came and went: jumped to 31% in mid-February 2020, fell in early April, now 8.1%",
        ),
        (
            step("fading", APRIL, 0.12, 0.004, share_start=0.3, highest_on=FEBRUARY),
            "fading: 30% at the start, fell in early April 2020, now 8.1%",
        ),
        # What jumped by less than twice its start on the way is not said to jump.
        (
            event("fading", date(2020, 6, 1), share_start=0.2, share_end=0.002),
            "fading: 31% in early June 2020, halved within 11 days, now 0.2%",
        ),
        # Half of its log-odds in 40 days: half of its share in 11.
        (
            event("past its peak", date(2020, 6, 1)),
            "past its peak: jumped to 31% in early June 2020, halved within 11 days, now 8.1%",
        ),
        (
            event("past its peak", date(2020, 6, 1), half_life_days_high=101.0, one_burst=True),
            "past its peak: jumped to 31% in early June 2020, now 8.1%; one burst",
        ),
        # The level was never as high as the event just after its jump.
        (
            event("past its peak", date(2020, 6, 1), share_highest=0.2),
            "past its peak: jumped to 20% in early June 2020, now 8.1%",
        ),
    ],
)
def test_a_jump_is_dated_by_the_shape(row: dict[str, Any], said: str) -> None:
    assert what_happened(row) == said


@pytest.mark.parametrize(
    ("row", "name", "said"),
    [
        (
            step("still rising", APRIL, 0.002, 0.2, shape="step_drift", drift_rate=-25.3),
            "step",
            "8 April 2020 (95%: 5 April 2020 to 11 April 2020), from 0.20% to 20.0%; then its odds "
            "halved every 10 days",
        ),
        (
            event("past its peak", MAY),
            "event",
            "27 May 2020 (95%: 25 May 2020 to 29 May 2020), from 0.10% to 32.0%, then down to "
            "0.30%",
        ),
        (
            event("past its peak", MAY, half_life_days_low=0.2, half_life_days_high=1e9),
            "half-life",
            "40 days (95%: less than a day to longer than the window), of what it added to the "
            "log-odds",
        ),
        (event("fading", MAY), "fits", "the event describes 90% of what moved"),
        (
            topic("fading", shape="s_curve", fit_quality=0.314),
            "fits",
            "poorly: the S-curve describes 31% of what moved",
        ),
        (
            topic("fading", shape="trend", fit_quality=-0.2),
            "fits",
            "poorly: the trend describes none of what moved",
        ),
        (
            topic("fading", one_burst=True),
            "one burst",
            "one sixteenth of the window makes two thirds of the movement or more",
        ),
    ],
)
def test_all_about_a_topic_has_its_shape_and_how_well_that_fits(
    row: dict[str, Any], name: str, said: str
) -> None:
    numbers = {"status": "converged", "growth_rate": 1.0, "ci_low": 0.5, "ci_high": 1.5}
    assert dict(sentences(row | numbers))[name] == said
    assert "fits" not in dict(sentences(topic("steady") | numbers))


@pytest.mark.parametrize("page", ["reading-the-lists.md", "model.md", "columns.md"])
def test_what_q_means_is_one_sentence(page: str) -> None:
    text = (PROJECT_DIR / "docs" / page).read_text(encoding="utf-8")
    assert Q_VALUE in " ".join(text.split())


def test_long_windows_name_months_and_years() -> None:
    row = topic(
        "past its peak",
        window_start=date(2016, 1, 1),
        jumped_on=date(2017, 11, 3),
        highest_on=date(2018, 9, 20),
    )
    assert what_happened(row) == (
        "past its peak: jumped in November 2017, 31% in September 2018, now 8.1%"
    )
    same_month = row | {"jumped_on": date(2018, 9, 2)}
    assert "jumped to 31% in September 2018" in what_happened(same_month)
    same_month_of_another_year = row | {"jumped_on": date(2017, 9, 2)}
    assert "jumped in September 2017, 31% in September 2018" in what_happened(
        same_month_of_another_year
    )


def test_before_the_first_article_no_share_is_told() -> None:
    row = topic("past its peak", first_seen_on=MAY)
    assert came_up(row) == MAY
    assert share_at_start(row) == "no article before 27 May 2020"
    assert share_at_start(topic("steady")) == "0.21% (95%: 0.10% to 0.40%)"
    # What counts as the window's start takes two weeks.
    assert came_up(topic("steady", first_seen_on=date(2020, 1, 15))) is None
    assert came_up(topic("steady", first_seen_on=date(2020, 1, 16))) is not None


def test_a_pace_is_told_where_one_is_stored() -> None:
    assert pace(topic("still rising", listed_doubling_days=12.4)) == "doubled every 12 days"
    assert pace(topic("fading", listed_doubling_days=-800.0)) == "halved every 2.2 years"
    assert pace(topic("holding high")) == ""
