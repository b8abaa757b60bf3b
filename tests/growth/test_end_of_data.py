"""A window whose last month is in progress: it keeps its name, and says how far it goes."""

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from support import Warehouse, write_days

END = date(2022, 4, 10)
WINDOW = ("--start", "2022-01", "--end", "2022-04")
SAID = "January to April 2022 (articles up to 10 April 2022)"


def labels(day: date, place: int) -> list[str]:
    """Ferries begin in May 2021 and grow, Trams begin in February 2022."""
    ferries = date(2021, 5, 1) <= day and place < 1 + (day.toordinal() % 100) // 25
    return ["Ferries"] * ferries + ["Trams"] * (day >= date(2022, 2, 1) and place == 5)


def write_archive(folder: Path) -> None:
    """Write 2021 without its June, and 2022 up to the 10th of April, fetched on the 11th."""
    write_days(folder, date(2021, 1, 1), date(2021, 5, 31), 6, labels)
    write_days(folder, date(2021, 7, 1), END, 6, labels)
    fetched = datetime(2022, 4, 11, 10).timestamp()
    for path in folder.iterdir():
        os.utime(path, (fetched, fetched))


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", folder)
    warehouse.build()
    yield warehouse
    warehouse.empty()


def test_the_window_is_fitted_to_its_last_day_with_articles(
    built: Warehouse, tmp_path: Path
) -> None:
    done = built.run("growth", "fit", *WINDOW)
    assert done.returncode == 0
    assert done.stdout.startswith("2022-01-01 to 2022-04-10: ")
    not_final = "April 2022 is not final (fetched 11 April 2022, articles up to 10 April 2022)"
    assert f"{not_final}: the window is fitted to that day" in done.stderr
    stored = "select window_end, fitted_to, periods from growth.runs"
    assert built.rows(stored) == [(date(2022, 4, 30), END, 100)]

    # Every place that prints the window says so.
    for command in (["top"], ["show", "Ferries"], ["compare", "Ferries", "Trams"], ["runs"]):
        assert SAID in built.ok("growth", *command).stdout, command
    assert json.loads(built.ok("growth", "top", "--json").stdout)["fitted_to"] == "2022-04-10"
    [show] = [json.loads(built.ok("growth", "show", "Ferries", "--json").stdout)]
    assert show["fitted_to"] == "2022-04-10"
    built.ok("growth", "plot", "Ferries", "--out", tmp_path / "ferries.svg")
    assert SAID in (tmp_path / "ferries.svg").read_text(encoding="utf-8")
    built.ok("growth", "report", "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<title>What grew in the news, {SAID}</title>" in page
    assert "<dt>Loaded up to</dt><dd>10 April 2022</dd>" in page
    built.ok("growth", "export", "--format", "csv", "--out", tmp_path)
    [metadata] = tmp_path.glob("*.metadata.json")
    assert json.loads(metadata.read_text(encoding="utf-8"))["window"]["fitted_to"] == "2022-04-10"
    assert "2022-04 is not final: fetched on 2022-04-11" in built.run("growth", "doctor").stdout
    assert built.value("select distinct fitted_to from marts.fct_topic_growth") == END


def test_a_complete_window_says_nothing_of_its_end(built: Warehouse) -> None:
    done = built.run("growth", "fit", "--start", "2021-07", "--end", "2021-12")
    assert done.returncode == 0 and "final" not in done.stderr and "early" not in done.stderr
    assert "July to December 2021: none\n" in built.ok("growth", "top", "--start", "2021-07").stdout


def test_across_a_gap_nothing_is_said_of_new_labels(built: Warehouse) -> None:
    """June 2021 is not loaded: nobody knows whether Trams had articles then."""
    built.ok("growth", "fit", *WINDOW)
    new = "select distinct new_label from growth.coefficients where label in ('Trams', 'Ferries')"
    assert built.rows(f"{new} and run_id ~ '^2022-01_'") == [(None,)]
    with built.connect() as connection:
        # As if it were loaded.
        connection.execute(
            "update marts.fct_daily_articles set is_loaded = true where not is_loaded"
        )
    try:
        assert "nothing to write" not in built.run("growth", "fit", *WINDOW).stderr
        labels = "select label, new_label from growth.coefficients where run_id ~ '^2022-01_'"
        assert dict(built.rows(labels)).items() >= {("Trams", True), ("Ferries", False)}
    finally:
        with built.connect() as connection:
            connection.execute(
                "update marts.fct_daily_articles set is_loaded = false "
                "where published_on between '2021-06-01' and '2021-06-30'"
            )


def test_before_the_first_article_there_is_no_level(built: Warehouse) -> None:
    built.ok("growth", "fit", *WINDOW)
    show = ("growth", "show", "Trams", "--kind", "subject", *WINDOW)
    text = built.ok(*show).stdout
    assert "share at start  no article before 1 February 2022" in text
    table = built.ok(*show, "--by", "week", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(table)))
    began = [row["level"] != "" for row in rows]
    assert began == sorted(began) and began.index(True) == 5  # the week of 31 January
    assert all(row["articles"] == "0" for row in rows[:5])


def test_ids_are_numbers_in_every_csv(built: Warehouse, tmp_path: Path) -> None:
    built.ok("growth", "fit", *WINDOW)
    table = built.ok("growth", "top", "--direction", "popular", "--limit", "500", "--csv").stdout
    listed = {row["topic_id"] for row in csv.DictReader(io.StringIO(table))}
    built.ok("growth", "export", "--format", "csv", "--out", tmp_path)
    with (tmp_path / "coefficients.csv").open(encoding="utf-8") as file:
        exported = {row["topic_id"] for row in csv.DictReader(file)}
    assert listed and listed <= exported
    assert any(int(topic_id) < 0 for topic_id in listed)


def test_all_takes_no_window(built: Warehouse) -> None:
    done = built.run("growth", "fit", "--all", "--start", "2022-01")
    assert done.returncode == 2 and "--all takes windows and settings from" in done.stderr
