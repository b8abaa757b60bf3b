"""A warehouse that an older version loaded, built and fitted is taken on; nothing of old is left.

``warehouse-0.6.0.sql.xz`` and ``warehouse-0.5.0.sql.xz`` are those versions' own dumps of three
months of a made-up paper, which `pg_dump --no-owner` wrote after `extract load`, `dbt build` and
two fits. In both, ferries grow, trams shrink and harbours stay; in that of 0.6.0 strikes step up on
20 February, and storms come on 10 February and go.
"""

import json
import lzma
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import Warehouse, resolved, temporary_warehouse

WINDOW = ("--start", "2022-01", "--end", "2022-03")


@dataclass(frozen=True)
class Old:
    """The warehouse as a version left it, the topics that the two fits stored, and those listed as
    growing in the longer of the two windows."""

    version: str
    warehouse: Warehouse
    topics: int
    growing: list[str]


@pytest.fixture(
    scope="module",
    params=[("0.6.0", 14, ["Ferries", "Strikes"]),
            pytest.param(("0.5.0", 10, ["Ferries"]), marks=pytest.mark.nightly)],
    ids=["0.6.0", "0.5.0"],
)  # fmt: skip
def old(request: pytest.FixtureRequest) -> Iterator[Old]:
    """The warehouse as the version left it."""
    version, topics, growing = request.param
    dump = Path(__file__).with_name(f"warehouse-{version}.sql.xz")
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        with own.connect() as connection:
            found = connection.execute(
                "select 1 from pg_namespace where nspname in ('raw', 'growth')"
            ).fetchall()
        assert not found, "the dump makes these schemas"
        subprocess.run(
            resolved(["warehouse", "psql", "--", "--quiet", "--set", "ON_ERROR_STOP=1"]),
            env=own.env, input=lzma.decompress(dump.read_bytes()), check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        yield Old(version, own, topics, growing)


def relations(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table and view that dbt builds, sorted."""
    with warehouse.connect() as connection:
        names = connection.execute(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables "
            "where table_schema in ('staging', 'intermediate', 'marts') and "
            "table_name <> 'build_log' order by 1"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"select * from {name}").fetchall(), key=repr)
            for (name,) in names
        }


def test_what_an_older_version_stored_is_read_built_on_and_fitted_anew(old: Old) -> None:
    """One test: each step begins where the one before it ended."""
    warehouse = old.warehouse
    columns = "label, articles, status, growth_rate, change, p_value, q_value, phase"
    fits = f"select run_id, {columns} from growth.coefficients order by 1, 2"
    stored = warehouse.rows(fits)
    assert len(stored) == old.topics

    # Before `dbt build`: the lists are shown, or one line says that it is needed.
    done = warehouse.run("growth", "top", *WINDOW, "--json")
    assert done.returncode == 0 or (done.returncode == 2 and "run `dbt build`" in done.stderr)
    warehouse.build()
    assert warehouse.rows(fits) == stored

    # What is stored is shown as it was.
    done = warehouse.run("growth", "top", *WINDOW, "--json")
    shown = {
        topic["label"]: (topic["growth_rate"], topic["q_value"], topic["phase"])
        for topic in json.loads(done.stdout)["topics"]
    }
    assert list(shown) == old.growing
    told = {row[1]: (row[4], row[7], row[8]) for row in stored if row[0].startswith("2022-01")}
    assert shown == {label: told[label] for label in old.growing}

    # `growth fit --all` fits what another version fitted: rates and changes stay, what rests on
    # the noise is new.
    said = warehouse.ok("growth", "fit", "--all").stdout
    assert said.count("fitted again") == 2
    for before, after in zip(stored, warehouse.rows(fits), strict=True):
        assert after[:4] == before[:4]
        for was, now in zip(before[4:6], after[4:6], strict=True):
            assert now == (None if was is None else pytest.approx(was))
    jumps = warehouse.rows(
        "select label, coalesce(step_on, event_on), half_life_days from marts.fct_topic_growth "
        "where window_start = '2022-01-01' and coalesce(step_on, event_on) is not null "
        "order by label"
    )
    if "Strikes" in old.growing:
        [(_, begin, half_life), (_, step, none)] = jumps
        # Their share halves in six days, what is left of the jump in the log-odds more slowly.
        assert abs((begin - date(2022, 2, 10)).days) <= 2 and 6 < half_life < 40
        assert abs((step - date(2022, 2, 20)).days) <= 2 and none is None
    assert warehouse.rows("select distinct noise_memory, noise_deviation > 0 from growth.runs") == [
        (0.4, True)
    ]
    assert warehouse.run("growth", "top", *WINDOW).stderr == ""

    # All that dbt builds is what a build from nothing gives, and no table of old is left.
    upgraded = relations(warehouse)
    with warehouse.connect() as connection:
        connection.execute("drop schema staging, intermediate, marts cascade")
    warehouse.build()
    assert relations(warehouse) == upgraded
