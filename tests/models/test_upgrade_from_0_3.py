"""A warehouse as 0.3.0 left it, with stored fits: read, built, fitted again."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import Warehouse, write_days

WINDOW = ("--start", "2022-01", "--end", "2022-03")
# What 0.4.0 added, and what 0.3.0 called a topic that grew.
_NEW = (
    "share_highest", "highest_on", "jumped_on", "trend_share_start", "trend_share_end",
    "listed_rate", "listed_low", "listed_high", "listed_doubling_days", "listed_by",
)  # fmt: skip
# What fits filled up to 0.5.0, and nothing showed.
_IDLE = ("growth_rate_model_se", "statistic", "deviance", "pearson", "iterations")
_MISSION = (
    "growth_rate, growth_rate_se, ci_low, ci_high, ceiling, midpoint_on, peak_on, p_value, q_value"
)


def labels(day: date, place: int) -> list[str]:
    """Ferries grow, trams shrink, harbours stay."""
    number = (day - date(2022, 1, 1)).days
    found = ["Harbours"] if place % 2 else []
    found += ["Ferries"] if place < number // 9 else []
    return found + (["Trams"] if place < (90 - number) // 9 else [])


@pytest.fixture(scope="module")
def old(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse in which two fits are stored as 0.3.0 stored them, with that version's views."""
    folder = tmp_path_factory.mktemp("archive")
    write_days(folder, date(2022, 1, 1), date(2022, 3, 31), 12, labels)
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", folder)
    warehouse.build()
    warehouse.ok("growth", "fit", "--start", "2022-02", "--end", "2022-03", "--min-articles", "40")
    warehouse.ok("growth", "fit", *WINDOW)
    with warehouse.connect() as connection:
        drops = ", ".join(f"drop column {column} cascade" for column in _NEW)
        idle = ", ".join(f"add column {column} double precision" for column in _IDLE)
        connection.execute(
            f"""
            alter table growth.coefficients {drops}, {idle};
            alter table growth.runs
                drop column fitted_to cascade, drop column false_discovery_rate cascade;
            update growth.runs set code_version = '0.3.0';
            update growth.coefficients set statistic = 1;
            update growth.coefficients set phase = case
                when phase in ('still rising', 'holding high') then 'emerging'
                when phase in ('unclear', 'every year') then 'steady'
                else phase
            end;
            create view marts.growing_topics as
                select run_id, label, share_end from growth.coefficients
            """.encode()
        )
    yield warehouse
    warehouse.empty()


def mission(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        f"select run_id, topic_id, {_MISSION} from growth.coefficients order by run_id, topic_id"
    )


def test_fits_of_0_3_0_are_read_and_made_anew(old: Warehouse, tmp_path: Path) -> None:
    """One test: each step begins where the one before it ended."""
    stored = mission(old)
    assert len(stored) > 5

    # Before `dbt build` the views are those of 0.3.0.
    done = old.run("growth", "top", *WINDOW)
    assert done.returncode == 2 and "run `dbt build`" in done.stderr
    old.ok("dbt", "build", "--exclude-resource-type", "unit_test")

    # What is no longer filled is kept, and every run was fitted at the rate that was the only one.
    assert old.value("select count(*) from growth.coefficients where statistic = 1") > 5
    assert old.rows("select distinct false_discovery_rate from growth.runs") == [(0.05,)]

    # What is stored stays readable, and says what it lacks.
    done = old.run("growth", "top", *WINDOW, "--json")
    lacking = "was fitted by version 0.3.0"
    command = "run `growth fit --start 2022-01 --end 2022-03`, or `growth fit --all`"
    assert done.returncode == 0 and lacking in done.stderr and command in done.stderr
    [ferries] = [t for t in json.loads(done.stdout)["topics"] if t["label"] == "Ferries"]
    assert ferries["phase"] == "emerging" and ferries["listed_rate"] is None
    assert "emerging" in old.ok("growth", "top", *WINDOW).stdout
    for options in ([], ["--csv"], ["--json"]):
        done = old.run("growth", "show", "Ferries", *options)
        assert done.returncode == 0 and lacking in done.stderr
    assert "0.3.0" in old.ok("growth", "runs").stdout
    done = old.run("growth", "doctor")
    assert done.returncode == 1 and "run `growth fit --all`" in done.stdout

    # The page fits its window again by itself; the other window stays.
    old.ok("growth", "report", *WINDOW, "--out", tmp_path / "report.html")
    versions = "select window_start, fitted_to is not null from growth.runs order by 1"
    assert old.rows(versions) == [(date(2022, 1, 1), True), (date(2022, 2, 1), False)]

    # `growth fit --all` leaves what is as it should be and fits the rest.
    said = old.ok("growth", "fit", "--all").stdout
    assert said.count("as stored") == 1 and said.count("fitted again") == 1
    assert old.ok("growth", "fit", "--all").stdout.count("as stored") == 2
    assert old.run("growth", "top", *WINDOW).stderr == ""
    old.ok("dbt", "build", "--select", "source:growth+", "--exclude-resource-type", "unit_test")

    # The mission's coefficients have kept their values.
    again = mission(old)
    assert [row[:2] for row in again] == [row[:2] for row in stored]
    for before, after in zip(stored, again, strict=True):
        for old_value, new_value in zip(before[2:], after[2:], strict=True):
            if isinstance(old_value, float):
                assert new_value == pytest.approx(old_value, rel=1e-9)
            else:
                assert new_value == old_value


def test_a_window_that_cannot_be_fitted_again_is_named(old: Warehouse) -> None:
    with old.connect() as connection:
        connection.execute(
            """
            update marts.fct_daily_articles set is_loaded = false
            where published_on >= '2022-03-01'
            """
        )
        connection.execute(
            "insert into growth.runs select (json_populate_record(runs, "
            '\'{"run_id": "x", "window_end": "2022-02-28"}\')).* from growth.runs '
            "where window_start = '2022-01-01'"
        )
    try:
        done = old.run("growth", "fit", "--all")
    finally:
        with old.connect() as connection:
            connection.execute(
                "update marts.fct_daily_articles set is_loaded = true; "
                "delete from growth.runs where window_end = '2022-02-28'"
            )
    assert done.returncode == 1
    assert done.stderr.count("not loaded: 2022-03") == 2
    assert "2022-01_2022-02" not in done.stderr and "x: fitted again" in done.stdout
