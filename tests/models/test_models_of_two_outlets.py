"""One more outlet is a folder of staging models and an entry in dbt_project.yml.

The Harbour Post (tests/outlets/harbour) writes its stories in its own way. A copy of the project
gets its folder; what the New York Times has stays row for row as it was.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from random_archive import MONTHS, TABLES, Archive, Dbt, own_warehouse, tables
from two_outlets import project_with_harbour


class HarbourArchive(Archive):
    """Random months of the Harbour Post."""

    outlet = "harbour"

    def document(self, month: date) -> dict[str, object]:
        document = super().document(month)
        keywords: Any = document["keywords"]
        return {
            # As its loader would store it.
            "_id": document["_id"],
            "day": str(document["pub_date"])[:10],
            "title": document["title"],
            "tags": [{"kind": entry["name"], "name": entry["value"]} for entry in keywords],
        }

    def titled(self, headline: str) -> dict[str, object]:
        return {"title": headline}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    with own_warehouse(tmp_path_factory.mktemp("w") / "w") as connection:
        for table in ("months", "articles", "rejects", "fields"):
            connection.execute(
                f"create table raw.harbour_{table} (like raw.nyt_{table} including all)".encode()
            )
        yield connection


@pytest.fixture(scope="module")
def dbt(warehouse: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """dbt on the project as it is."""
    return Dbt(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def dbt_of_both(warehouse: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """dbt on a copy of the project that knows the Harbour Post too."""
    project = project_with_harbour(tmp_path_factory.mktemp("both"))
    return Dbt(tmp_path_factory.mktemp("target"), project)


def of_outlet(warehouse: psycopg.Connection, outlet: str) -> dict[str, list[tuple[Any, ...]]]:
    """An outlet's rows of all tables."""
    return {
        table: [row for row in rows if outlet in row] for table, rows in tables(warehouse).items()
    }


def article(number: int, day: str, headline: str, subject: str) -> dict[str, object]:
    return {
        "_id": f"nyt://article/{number}", "document_type": "article",
        "pub_date": f"{day}T23:30:00Z", "headline": {"main": headline},
        "keywords": [{"name": "subject", "value": subject}],
    }  # fmt: skip


def test_an_outlet_has_its_own_days_topics_and_phrases(
    warehouse: psycopg.Connection, dbt: Dbt, dbt_of_both: Dbt
) -> None:
    """One test: each step begins where the one before it ended."""
    nyt, harbour = Archive(0, warehouse), HarbourArchive(0, warehouse)
    nyt.store(
        MONTHS[0],
        [article(number, "2020-01-09", f"Harbor {number}", "Ferries") for number in range(30)]
        + [article(number, "2020-01-10", "Red Sea", "Storms") for number in range(30, 33)],
    )
    dbt("build", "--exclude-resource-type", "unit_test")
    before = tables(warehouse)
    assert len(before["marts.dim_topics"]) > 2

    # The same ids, and a phrase that the other outlet says too seldom.
    harbour.store(
        MONTHS[0],
        [
            {
                "_id": f"nyt://article/{number}", "title": "Red Sea" if number < 6 else "Harbor",
                "day": "2020-01-20", "tags": [{"kind": "subject", "name": "FERRIES"}],
            }
            for number in range(20)
        ],
    )  # fmt: skip
    dbt_of_both("build", "--exclude-resource-type", "unit_test")
    assert of_outlet(warehouse, "nyt") == before
    assert warehouse.execute("select * from marts.dim_outlets order by 1").fetchall() == [
        ("harbour", "The Harbour Post", "Europe/Lisbon"),
        ("nyt", "The New York Times", "America/New_York"),
    ]
    assert warehouse.execute(
        "select published_on, articles from marts.fct_daily_articles "
        "where outlet = 'harbour' and articles > 0"
    ).fetchall() == [(date(2020, 1, 20), 20)]
    ferries = "select outlet, topic_id, articles from marts.dim_topics where kind = 'subject'"
    found = warehouse.execute(f"{ferries} and lower(label) = 'ferries' order by 1").fetchall()
    assert [row[::2] for row in found] == [("harbour", 20), ("nyt", 30)]
    assert found[0][1] == found[1][1]
    phrases = "select outlet, label, articles from marts.dim_topics where kind = 'phrase'"
    assert warehouse.execute(phrases).fetchall() == [("harbour", "red sea", 6)]
    keys = "select count(*), count(distinct article_key) from intermediate.int_articles_dated"
    assert warehouse.execute(keys).fetchall() == [(53, 53)]

    # Without its months, and then without the outlet, all is as it was.
    harbour.store(MONTHS[0], None)
    dbt_of_both("run", "--select", "+marts")
    assert tables(warehouse) == before
    dbt("run", "--select", "+marts")
    assert tables(warehouse) == before


@pytest.mark.nightly
def test_incremental_runs_of_two_outlets_end_where_a_full_refresh_does(
    warehouse: psycopg.Connection, dbt_of_both: Dbt
) -> None:
    archives = [Archive(5, warehouse), HarbourArchive(6, warehouse)]
    changes = []
    for number in range(6):
        changes.append(archives[number % 2].change())
        if number > 1:
            dbt_of_both("run", "--select", "+marts")
    incremental = tables(warehouse)
    dbt_of_both("run", "--select", "+marts", "--full-refresh")
    full = tables(warehouse)
    for table in TABLES:
        assert incremental[table] == full[table], (table, changes)
    assert {outlet for outlet, *_ in full["marts.dim_topics"]} == {"harbour", "nyt"}
