"""A warehouse that 0.5.0 loaded, built and fitted is taken on; nothing of old is left behind.

``warehouse-0.5.0.sql.xz`` is that version's own dump of three months of a made-up paper, which
`pg_dump --no-owner` wrote after `extract load`, `dbt build` and two fits.
"""

import json
import lzma
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Warehouse, resolved, temporary_warehouse

DUMP = Path(__file__).with_name("warehouse-0.5.0.sql.xz")
WINDOW = ("--start", "2022-01", "--end", "2022-03")


@pytest.fixture(scope="module")
def old() -> Iterator[Warehouse]:
    """The warehouse as 0.5.0 left it."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        with own.connect() as connection:
            found = connection.execute(
                "select 1 from pg_namespace where nspname in ('raw', 'growth')"
            ).fetchall()
        assert not found, "the dump makes these schemas"
        subprocess.run(
            resolved(["warehouse", "psql", "--", "--quiet", "--set", "ON_ERROR_STOP=1"]),
            env=own.env, input=lzma.decompress(DUMP.read_bytes()), check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        yield own


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


def test_what_0_5_0_stored_is_read_built_on_and_fitted_anew(old: Warehouse) -> None:
    """One test: each step begins where the one before it ended."""
    coefficients = (
        "select run_id, label, growth_rate, p_value from growth.coefficients order by 1, 2"
    )
    stored = old.rows(coefficients)
    assert len(stored) == 10

    # Before `dbt build`: the lists are shown, or one line says that it is needed.
    done = old.run("growth", "top", *WINDOW, "--json")
    assert done.returncode == 0 or (done.returncode == 2 and "run `dbt build`" in done.stderr)
    old.build()
    assert old.rows(coefficients) == stored
    done = old.run("growth", "top", *WINDOW, "--json")
    assert [topic["label"] for topic in json.loads(done.stdout)["topics"]] == ["Ferries"]

    # `growth fit --all` fits what another version fitted.
    said = old.ok("growth", "fit", "--all").stdout
    assert said.count("fitted again") == 2
    for before, after in zip(stored, old.rows(coefficients), strict=True):
        numbers = [number for number in before[2:] if number is not None]
        assert after[:2] == before[:2]
        assert [number for number in after[2:] if number is not None] == pytest.approx(numbers)

    # All that dbt builds is what a build from nothing gives, and no table of old is left.
    upgraded = relations(old)
    with old.connect() as connection:
        connection.execute("drop schema staging, intermediate, marts cascade")
    old.build()
    assert relations(old) == upgraded
