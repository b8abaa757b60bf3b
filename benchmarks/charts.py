"""Counts the charts on the pages of stored fits that their own dots contradict.

usage: python -m benchmarks.charts [YYYY-MM:YYYY-MM ...]

It reads the warehouse that libpq's variables name.

Of the first twelve charts of each list, those count that have ten articles or more in the window's
last four weeks, expected or counted. One is bad if

- its label at the end is more than 1.7 times off the share counted in the last four weeks;
- it is "still rising" though that share is below 60 % of the highest four weeks before, or "holding
  high" though it is below half of it;
- the highest dot is more than two and a half times as high as the line anywhere.

Besides, of the first 50 topics of the growing and the shrinking list it counts those whose share at
the end is more than twice off what was counted in the window's last sixteenth, where five articles
or more were expected or counted: at most 4 % may be.

By default it looks at the windows of docs/page.md. Exit code 1 where more than one
chart a page is bad, of up to 36, or more ends than may be.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from console.months import parse_month
from growth.report.read import Content, read_content
from growth.shown.words import percent
from growth.stored.runs import Choice, choose_run
from growth.stored.series import read_window
from warehouse.connect import connect

WINDOWS = ("2020-01:2020-06", "2020-01:2020-12", "2026-01:2026-07")
_FIRST, _WEEKS, _LEAST = 12, 28, 10
_LISTED, _LEAST_AT_END, _MOST_OFF = 50, 5, 0.04
_OFF, _RISING, _HIGH, _DRAWN = 1.7, 0.6, 0.5, 0.4
# A page has up to 36 charts: of three pages at most three may be bad.


Counts = NDArray[Any]


def faults(content: Content, daily: Counts, totals: Counts) -> dict[str, list[str]]:
    """Return what is wrong with each chart that counts, by its list and label. ``daily``, shape
    (T, days), are the articles of the topics up to the last day with articles, and ``totals`` all
    articles of these days."""
    found: dict[str, list[str]] = {}
    for name, places in content.lists.items():
        for place in places[:_FIRST]:
            topic, counts = content.topics[place], daily[place]
            now, all_now = counts[-_WEEKS:].sum(), totals[-_WEEKS:].sum()
            if max(now, topic["share_end"] * all_now) < _LEAST:
                continue
            share = now / all_now
            wrong = found.setdefault(f"{name}: {topic['label']}", [])
            off = topic["share_end"] / max(share, 0.5 / all_now)
            if max(off, 1 / off) > _OFF:
                wrong.append(f"says {percent(topic['share_end'])}, counted {percent(share)}")
            four_weeks = np.convolve(counts, np.ones(_WEEKS), "valid")
            of_four_weeks = np.convolve(totals, np.ones(_WEEKS), "valid")
            before = (four_weeks / np.maximum(of_four_weeks, 1)).max()
            least = {"still rising": _RISING, "holding high": _HIGH}.get(topic["phase"], 0.0)
            if share < least * before:
                wrong.append(f"{topic['phase']} at {percent(share)}, was {percent(before)}")
            with np.errstate(invalid="ignore"):
                dots = np.nanmax(content.counts[place] / content.bins.totals)
            line = special.expit(content.lines.level[place]).max()
            if line < _DRAWN * dots:
                wrong.append(f"highest dot {percent(dots)}, line {percent(line)}")
    return found


def ends_off(content: Content, daily: Counts, totals: Counts) -> tuple[int, int]:
    """Return how many listed topics have an end that is off, and of how many."""
    days = max(1, len(totals) // 16)
    listed = [place for name in ("growing", "shrinking") for place in content.lists[name][:_LISTED]]
    counted = daily[listed, -days:].sum(axis=1)
    told = np.array([content.topics[place]["share_end"] for place in listed])
    expected = told * totals[-days:].sum()
    off = np.abs(np.log((expected + 0.5) / (counted + 0.5))) > np.log(2)
    return int((off & (np.maximum(expected, counted) >= _LEAST_AT_END)).sum()), len(listed)


def main() -> None:
    """Print the bad charts of each window, and how many there are."""
    charts = bad = off = listed = 0
    windows = sys.argv[1:] or WINDOWS
    for text in windows:
        start, end = map(parse_month, text.split(":"))
        with connect("benchmark charts") as connection:
            run = choose_run(connection, Choice(start=start, end=end))
            content = read_content(connection, run, lambda step: None)
            series = read_window(connection, replace(run.window, end=run.last_day), [])
        place = {topic["topic_id"]: index for index, topic in enumerate(content.topics)}
        days = run.last_day - run.window_start + timedelta(days=1)
        daily = np.zeros((len(content.topics), days.days))
        rows = np.array([place.get(topic_id, -1) for topic_id in series.topic_ids.tolist()])
        kept = rows[series.topic] >= 0
        daily[rows[series.topic[kept]], series.period[kept]] = series.count[kept]
        found = faults(content, daily, series.totals)
        wrong = {label: said for label, said in found.items() if said}
        print(f"{text}: {len(wrong)} of {len(found)} charts")
        for label, said in wrong.items():
            print(f"  {label}: {'; '.join(said)}")
        charts, bad = charts + len(found), bad + len(wrong)
        off_here, listed_here = ends_off(content, daily, series.totals)
        off, listed = off + off_here, listed + listed_here
    print(f"{bad} of {charts} charts are bad, at most one a page may be")
    print(f"{off} of {listed} ends are off, at most {_MOST_OFF:.0%} may be")
    sys.exit(bad > len(windows) or off > _MOST_OFF * listed)


if __name__ == "__main__":
    main()
