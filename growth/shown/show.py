"""Lays out all that is known of topics: for a person, as JSON, as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from console.text import short, visible
from growth.shown import words
from growth.shown.sentences import sentences
from growth.shown.tables import fields, sparkline, table
from growth.stored.known import Headline, KnownTopic
from growth.stored.runs import Run

SERIES_COLUMNS = (
    "label", "kind", "period_start", "days", "articles", "all_articles", "share", "level",
    "level_low", "level_high", "trend_share", "topic_id",
)  # fmt: skip

# Longest headline, in columns of the terminal; --json has it whole.
_HEADLINE_WIDTH = 200


def as_json(run: Run, by: str, topics: Sequence[KnownTopic]) -> dict[str, Any]:
    """Return the documented shape of `growth show --json` and `growth compare --json`."""
    return {
        "run_id": run.run_id,
        "window_start": run.window_start,
        "window_end": run.window_end,
        "fitted_to": run.last_day,
        "by": str(by),
        "topics": [
            {
                # A program that reads JSON's numbers as floats would round the key.
                **topic.numbers, "topic_id": str(topic.numbers["topic_id"]),
                "other_labels": topic.other_labels,
                "series": [
                    asdict(point) | asdict(drawn)
                    for point, drawn in zip(topic.points, topic.drawn, strict=True)
                ],
                "headlines": [asdict(headline) for headline in topic.headlines],
            }
            for topic in topics
        ],
    }  # fmt: skip


def series_rows(topics: Sequence[KnownTopic]) -> Iterator[dict[str, Any]]:
    """Yield a row a topic and a period, with SERIES_COLUMNS."""
    for topic in topics:
        for point, drawn in zip(topic.points, topic.drawn, strict=True):
            yield topic.numbers | asdict(point) | asdict(drawn)


def page(run: Run, by: str, topic: KnownTopic) -> str:
    """Return all about one topic, for a person to read."""
    numbers = topic.numbers
    everything = sum(point.all_articles for point in topic.points)
    counted = (
        f"{numbers['articles']:,} of {everything:,}, {words.percent(numbers['share'])}; first on "
        f"{words.long_date(numbers['first_seen_on'])}"
    )
    said = [("articles", counted)]
    if topic.other_labels:
        said.append(("also called", "; ".join(topic.other_labels)))
    lines = [
        f"{visible(numbers['label'])} ({numbers['kind']}), {_window(run)}",
        "",
        f"  {sparkline([point.share for point in topic.points])}",
        f"  {_about_the_line(by, topic)}",
        "",
        *fields([*said, *sentences(numbers)]),
    ]
    if topic.headlines:
        lines += ["", "headlines", *_headline_lines(topic.headlines)]
    return "\n".join(lines)


def comparison(run: Run, by: str, topics: Sequence[KnownTopic]) -> str:
    """Return topics side by side, their lines on one scale."""
    shares = [[point.share for point in topic.points] for topic in topics]
    top = max((share for line in shares for share in line if share is not None), default=0.0)
    header = ("topic", "kind", f"share by {by}", "articles", "start", "end", "growth a year",
              "what happened")  # fmt: skip
    rows = [
        (
            short(topic.numbers["label"]),
            topic.numbers["kind"],
            sparkline(line, top),
            f"{topic.numbers['articles']:,}",
            words.percent(topic.numbers["share_start"]),
            words.percent(topic.numbers["share_end"]),
            words.growth_and_what_is_sure(topic.numbers),
            words.what_happened_and_pace(topic.numbers),
        )
        for topic, line in zip(topics, shares, strict=True)
    ]
    return (
        f"{_window(run)}\n\n{table(header, rows, left=(0, 1, 2, 7))}\n\n"
        f"share by {by}: of all articles, from 0 to {words.percent(top)} in all lines alike; "
        "start, end: over the first and the last two weeks"
        + f"\none burst: {words.ONE_BURST}"
        * any(topic.numbers["one_burst"] for topic in topics)
    )


def _window(run: Run) -> str:
    return words.window(run.window, run.last_day)


def _about_the_line(by: str, topic: KnownTopic) -> str:
    known = [point for point in topic.points if point.share is not None]
    if not known:
        return "no articles are loaded of this window"
    highest = max(known, key=lambda point: point.share or 0.0)
    day = words.long_date(highest.period_start)
    when = f"the {by} of {day}" if by != "day" else day
    return (
        f"share of all articles by {by}, from 0 to {words.percent(highest.share)} ({when}); "
        f"the last {words.percent(known[-1].share)}"
    )


def _headline_lines(headlines: Sequence[Headline]) -> Iterator[str]:
    for headline in headlines:
        yield f"  {headline.published_on}  {short(headline.headline, _HEADLINE_WIDTH)}"
        yield f"  {'':10}  {visible(headline.web_url)}"
