"""Steps that start at the same moment wait for each other, and end with the right result."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import (
    WITHOUT_TESTS,
    Warehouse,
    month_of_three_topics,
    temporary_warehouse,
    write_month,
)

BLOCKED = """
    select count(*) from pg_stat_activity
    where application_name = 'dbt' and wait_event_type = 'Lock'
"""


def says_it_waits_for(name: str) -> re.Pattern[str]:
    """Return the line of a step that waits for another one of this name."""
    return re.compile(
        rf"waiting: another {name} is at work on this warehouse \(login postgres, process (\d+); "
        r"select pg_terminate_backend\(\1\) in `warehouse psql` ends it\)\n"
    )


def write_months(folder: Path, *months: str, count: int = 84) -> Path:
    for month in months:
        write_month(folder, month, month_of_three_topics(month, count))
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with two months, built."""
    folder = write_months(tmp_path_factory.mktemp("months"), "2020-01", "2020-02")
    with temporary_warehouse() as own:
        own.ok("extract", "load", "--from", folder)
        own.build()
        yield own


def start(warehouse: Warehouse, name: str, *command: str | Path) -> "subprocess.Popen[str]":
    """Start a command; dbt gets its own target folder, as in another checkout."""
    target = str(warehouse.folder.parent / f"target-{name}")
    env = warehouse.env | {"DBT_TARGET_PATH": target, "DBT_LOG_PATH": target} | warehouse.parsed()
    return Warehouse(warehouse.folder, env).start(*command)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)  # each query opens a new connection


def locks(warehouse: Warehouse, granted: bool) -> list[str]:
    """Return the names of the sessions that hold, or wait for, an advisory lock; without dbt's own
    threads, which take turns to drop relations."""
    rows = warehouse.rows(
        """
        select application_name from pg_locks inner join pg_stat_activity using (pid)
        where locktype = 'advisory' and granted = %s and application_name <> 'dbt' order by 1
        """,
        granted,
    )
    return [name for (name,) in rows]


def marts(warehouse: Warehouse) -> dict[str, list[Any]]:
    relations = warehouse.rows(
        "select oid::regclass::text from pg_class "
        "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v')"
    )
    return {
        name: warehouse.rows(f"select t::text from {name} as t order by 1") for (name,) in relations
    }


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=240)
    return process.returncode, stdout, stderr


@contextmanager
def held_up(warehouse: Warehouse) -> Iterator["subprocess.Popen[str]"]:
    """Start a build that stops in the middle until the block ends."""
    with warehouse.connect() as reader, reader.transaction():
        # To replace the table, dbt waits for this reader.
        reader.execute("select from marts.dim_topics limit 1")
        # With dbt's data tests, which check what the build has read.
        command = ("dbt", "build", "--full-refresh", "--exclude-resource-type", "unit_test")
        build = start(warehouse, "first", *command)
        wait_until(lambda: warehouse.value(BLOCKED) > 0)
        assert locks(warehouse, granted=True) == ["dbt build"]
        yield build


def test_builds_a_load_and_a_fit_at_once(built: Warehouse, tmp_path: Path) -> None:
    before = marts(built)
    write_months(tmp_path, "2020-01", "2020-02", "2020-03")
    write_months(tmp_path, "2020-02", count=80)  # one unchanged, one changed, one new
    with held_up(built) as build:
        processes = [build, start(built, "second", "dbt", "build", *WITHOUT_TESTS)]
        wait_until(lambda: locks(built, granted=False) == ["dbt build"])
        processes.append(start(built, "fit", "growth", "fit", "--min-articles", "10", "--json"))
        wait_until(lambda: locks(built, granted=False) == ["dbt build", "growth fit"])
        processes.append(start(built, "load", "extract", "load", "--from", tmp_path))
        wait_until(lambda: locks(built, granted=False).count("extract load") == 2)
        # The load waits too.
        assert built.value("select count(*) from raw.nyt_months") == 2
    (_, first, first_said), (_, second, second_said), fit, load = map(ended, processes)
    assert [process.returncode for process in processes] == [0, 0, 0, 0], (first, second, fit, load)
    assert re.fullmatch(
        r"waiting: a session holds a table \(login postgres, process (\d+); "
        r"select pg_terminate_backend\(\1\) in `warehouse psql` ends it\)\n",
        first_said,
    )
    assert second_said == fit[2].splitlines(keepends=True)[0]
    assert says_it_waits_for("dbt build").fullmatch(second_said)
    # The loader loads two months at a time, and says it once.
    assert load[2].count("waiting: ") == 1
    assert says_it_waits_for("dbt build").search(load[2])
    assert load[1].startswith("1 months loaded, 1 replaced, 1 unchanged, 0 failed")
    for output in (first, second):
        assert "ERROR=0" in output
        assert "WARN=0" in output
    # Both builds read the raw tables before the load, and the fit read whole marts.
    after = marts(built)
    assert json.loads(fit[1])["topics"] == len(after["marts.dim_topics"])
    for name in ("dim_topics", "fct_topic_daily", "fct_daily_articles"):
        assert after[f"marts.{name}"] == before[f"marts.{name}"]
    assert built.value("select count(*) from raw.nyt_articles") == 84 + 80 + 84
    assert locks(built, granted=True) == []


def test_fits_of_one_window_at_once(built: Warehouse) -> None:
    with built.connect() as connection:
        connection.execute("truncate growth.runs, growth.coefficients")
    command = ("growth", "fit", "--min-articles", "5", "--json")
    processes = [start(built, "fit", *command) for _ in range(3)]
    results = [ended(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    fits = [json.loads(stdout) for _, stdout, _ in results]
    assert len({fit["run_id"] for fit in fits}) == 1
    assert sorted(fit["stored_before"] for fit in fits) == [False, True, True]
    assert built.value("select count(*) from growth.runs") == 1
    assert built.value("select count(*) from growth.coefficients") == fits[0]["topics"]


def test_a_killed_build_is_in_nobodys_way(built: Warehouse) -> None:
    before = marts(built).keys()
    with held_up(built) as killed:
        waiting = start(built, "next", "dbt", "run", "--select", "marts")
        wait_until(lambda: locks(built, granted=False) == ["dbt run"])
        os.kill(killed.pid, signal.SIGKILL)
        # The server still runs the killed build's statement.
        wait_until(lambda: locks(built, granted=True) == ["dbt run"])
    code, stdout, stderr = ended(waiting)
    assert code == 0, stdout
    assert says_it_waits_for("dbt build").fullmatch(stderr)
    ended(killed)
    assert marts(built).keys() == before
    assert built.value("select sum(articles) from marts.fct_daily_articles") > 0
    assert locks(built, granted=True) == []
