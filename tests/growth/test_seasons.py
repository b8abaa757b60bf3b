"""What a fit knows of earlier years: seasons, and labels that are new."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Warehouse, middle_document, write_month

from console.months import last_day, months_between

AUTUMN = ("--start", "2023-07", "--end", "2023-12")
FIRST, LAST = date(2022, 7, 1), date(2023, 12, 1)
ARTICLES_A_DAY = 15


def share(label: str, day: date) -> float:
    """Return the share of a day's articles that carry a topic."""
    autumn = max(0.0, (day - date(day.year, 7, 1)).days / 184)
    years = (day - FIRST).days / 365
    return {
        "Lantern Night": 0.02 * 20**autumn if autumn else 0.02,  # each autumn, then back again
        "Kelp Farming": 0.02 * 8**years,  # year after year
        "Water Mills": 0.2,
        "Moon Trams": 0.3 if day >= date(2023, 9, 1) else 0.0,  # no such thing before
    }[label]


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A year and a half of a small newspaper."""
    folder: Path = tmp_path_factory.mktemp("months")
    rng = np.random.default_rng(4)
    number = 0
    for month in months_between(FIRST, LAST):
        docs: list[dict[str, Any]] = []
        for day in range((last_day(month) - month).days + 1):
            on = month + timedelta(days=day)
            for _ in range(ARTICLES_A_DAY):
                number += 1
                labels = ("Lantern Night", "Kelp Farming", "Water Mills", "Moon Trams")
                carried = [label for label in labels if rng.random() < share(label, on)]
                keywords = [{"name": "subject", "value": label} for label in carried]
                dated = {"pub_date": f"{on}T14:30:12+0000", "keywords": keywords}
                docs.append(middle_document(number, **dated))
        write_month(folder, f"{month:%Y-%m}", docs)
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", folder)
    warehouse.build()
    yield warehouse
    warehouse.empty()


def known(warehouse: Warehouse, *window: str) -> dict[str, list[Any]]:
    run_id = json.loads(warehouse.ok("growth", "fit", *window, "--json").stdout)["run_id"]
    rows = warehouse.rows(
        """
        select label, direction, seasonal, new_label, first_seen_on
        from marts.fct_topic_growth
        where run_id = %s and kind = 'subject'
        """,
        run_id,
    )
    return {label: values for label, *values in rows}


def test_seasons_and_new_labels_are_marked(built: Warehouse) -> None:
    topics = known(built, *AUTUMN)
    assert topics["Lantern Night"][:3] == ["growing", True, False]
    # What grows all the time grew in the autumn before too, and is no season.
    assert topics["Kelp Farming"][:3] == ["growing", False, False]
    assert topics["Water Mills"][:3] == ["steady", None, False]
    assert topics["Moon Trams"][:3] == ["growing", False, True]
    assert topics["Moon Trams"][3] >= date(2023, 9, 1)
    table = built.ok("growth", "top", *AUTUMN, "--kind", "subject").stdout
    told = {
        line.split("  ")[1].strip(): line for line in table.splitlines() if "  subject  " in line
    }
    assert "every year: rises in these months, " in told["Lantern Night"]
    assert "; new label" in told["Moon Trams"]
    assert "still rising: " in told["Kelp Farming"] or "holding high: " in told["Kelp Farming"]


def test_without_an_earlier_year_nothing_is_said(built: Warehouse) -> None:
    topics = known(built, "--start", "2022-07", "--end", "2022-12")
    assert topics["Lantern Night"][:3] == ["growing", None, None]
