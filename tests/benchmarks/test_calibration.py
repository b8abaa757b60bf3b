"""`make calibrate` simulates what its page says, and names what is beyond a limit."""

import numpy as np
import pytest

from benchmarks.calibration.curves import Jump
from benchmarks.calibration.news import SETTINGS, Setting
from benchmarks.calibration.noises import ARTICLES, LongMemory, simulate
from benchmarks.calibration.report import Limit, Table, beyond_limits

pytestmark = pytest.mark.fast

DAYS = 728


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_noise_swings_about_the_share_that_was_asked_for(setting: Setting) -> None:
    expected = np.full((200, DAYS), 2.0)
    totals = setting.totals(DAYS)
    counts = setting.draw([1], expected)
    assert totals.mean() == pytest.approx(ARTICLES, rel=0.01)
    assert counts.mean() == pytest.approx(2.0, rel=0.06)
    assert np.all(counts <= totals)


def test_long_memory_falls_off_as_that_of_real_topics() -> None:
    # So many articles that the counts are the share.
    noise, totals, days = LongMemory((0.4, 0.4), (0.35, 0.35)), 10**12, 208 * 7
    counts = simulate([2], np.full(days, 0.1), noise, 400, totals)
    weeks = np.log(counts / totals).reshape(400, -1, 7).mean(axis=2)
    assert weeks.std() == pytest.approx(0.35, rel=0.05)
    week = np.arange(208.0)
    angle = 2 * np.pi * 7 * week / 365.25
    known, _ = np.linalg.qr(np.c_[np.ones(208), week, np.cos(angle), np.sin(angle)])
    left = weeks - weeks @ known @ known.T
    shares = [
        left.reshape(400, -1, number).mean(axis=2).var() / left.var()
        for number in (2, 4, 8, 16, 26)
    ]
    # Of 167 large subjects of the New York Times, 2016 to 2019, less trend and yearly cycle.
    assert shares == pytest.approx([0.79, 0.58, 0.40, 0.28, 0.20], abs=0.03)


def test_an_event_jumps_on_its_day_and_halves_down_to_its_own_level() -> None:
    jump = Jump("event", "event", 0.25, np.log(4), half_life=0.25, left=0.5)
    expected = jump.expected(400, 1.0)
    odds = expected / (ARTICLES - expected)
    assert expected.mean() == pytest.approx(1.0, rel=1e-4)
    assert odds[99] == odds[0]
    assert odds[100] / odds[99] == pytest.approx(4.0, rel=0.01)
    assert odds[200] / odds[99] == pytest.approx(4**0.75, rel=0.01)


def test_the_page_names_what_is_beyond_a_limit() -> None:
    rows = [["calm", "182", "5.0"], ["calm", "365", "-"], ["wild", "182", "9.1"]]
    limits = (Limit("Above 8", "rejected", most=8), Limit("Below 1", "rejected", least=1))
    table = Table("", "", ["noise", "days", "rejected"], 2, lambda _: iter(rows), limits)
    assert list(beyond_limits(table, rows)) == [
        "Above 8: wild (182 days: 9.1).",
        "Below 1: nowhere.",
    ]
