"""What is said of a topic in a sentence, from its stored numbers."""

from datetime import date
from typing import Any

import pytest

from growth.shown.words import came_up, pace, share_at_start, what_happened

pytestmark = pytest.mark.fast

START, END = date(2020, 1, 1), date(2020, 6, 30)
MAY, JUNE = date(2020, 5, 27), date(2020, 6, 4)


def topic(phase: str, **changes: Any) -> dict[str, Any]:
    return {
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
        "jumped_on": None,
        "listed_doubling_days": None,
        "direction": "growing",
        "new_label": None,
    } | changes


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
