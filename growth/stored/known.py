"""Reads all that is known of a few topics: a fit's numbers, what was counted, headlines, lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import isnan
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from growth.stored.observed import Point, marts_needed, read_observed
from growth.stored.runs import Run

if TYPE_CHECKING:
    from growth.stored.lines import TopicLine


@dataclass(frozen=True)
class LinePoint:
    """What is drawn of a topic at a period: its level at the mean time of the period's articles and
    the ends of the 95 % band, None before the topic's first article; and the share by the curve
    that was fitted over the whole window. All None without a fit."""

    level: float | None
    level_low: float | None
    level_high: float | None
    trend_share: float | None


@dataclass(frozen=True)
class Headline:
    """An article that carries the topic."""

    published_on: date
    headline: str
    web_url: str


@dataclass(frozen=True)
class KnownTopic:
    """A topic of a run: its row of marts.fct_topic_growth, what was counted by period, its
    headlines; and its line, where that was asked for (``with_lines``)."""

    numbers: dict[str, Any]
    other_labels: list[str]
    points: list[Point]
    headlines: list[Headline]
    drawn: list[LinePoint] = field(default_factory=list)


def read_topics(
    connection: psycopg.Connection, run: Run, by: str, topic_ids: Sequence[int]
) -> list[KnownTopic]:
    """Return what is known of topics, in the order given. Raises WarehouseError."""
    ids = list(topic_ids)
    with marts_needed(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "select * from marts.fct_topic_growth where run_id = %s and topic_id = any(%s)",
            [run.run_id, ids],
        )
        numbers = {row["topic_id"]: row for row in cursor}
        others = _other_labels(connection, run, ids)
        headlines = _headlines(connection, run, ids)
    points = read_observed(connection, run, by, ids)
    return [KnownTopic(numbers[i], others.get(i, []), points[i], headlines.get(i, [])) for i in ids]


def with_lines(
    connection: psycopg.Connection, run: Run, by: str, topics: Sequence[KnownTopic]
) -> list[KnownTopic]:
    """Return topics with their lines beside what was counted. Raises WarehouseError where the
    articles have changed since the fit."""
    from growth.stored.lines import topic_lines

    lines = topic_lines(connection, run, by, [topic.numbers for topic in topics])
    return [replace(topic, drawn=_at_periods(lines[topic.numbers["topic_id"]])) for topic in topics]


def _at_periods(line: "TopicLine") -> list[LinePoint]:
    """Return a line at the periods, without the window's first and last day."""
    values = zip(
        line.share[1:-1].tolist(),
        line.low[95][1:-1].tolist(),
        line.high[95][1:-1].tolist(),
        line.fitted[1:-1].tolist(),
        strict=True,
    )
    return [LinePoint(*(None if isnan(number) else number for number in row)) for row in values]


def _other_labels(
    connection: psycopg.Connection, run: Run, topic_ids: list[int]
) -> dict[int, list[str]]:
    rows = connection.execute(
        """
        select topic_id, other_labels
        from marts.popular_topics
        where run_id = %s and topic_id = any(%s)
        """,
        [run.run_id, topic_ids],
    )
    return {topic_id: labels or [] for topic_id, labels in rows}


def _headlines(
    connection: psycopg.Connection, run: Run, topic_ids: list[int]
) -> dict[int, list[Headline]]:
    found: dict[int, list[Headline]] = {}
    for topic_id, *values in connection.execute(
        """
        select topic_id, published_on, headline, web_url
        from marts.fct_topic_evidence
        where run_id = %s and topic_id = any(%s)
        order by topic_id, rank
        """,
        [run.run_id, topic_ids],
    ):
        found.setdefault(topic_id, []).append(Headline(*values))
    return found
