"""What all tests share: one embedded warehouse a process, never the developer's own.

What takes time, of one processor: `dbt build` 8 s, without its tests 5 s, 3 s more where the
project was not parsed for that warehouse's path before, another dbt command 3 s, a flow's run 5 s
and its dbt, `growth fit` 1 s, a new warehouse 1 s, a command in a process of its own 0.3 s, by
``Warehouse.run`` 0.1 s (preloaded.py). So a file of tests

- takes the fixture ``warehouse`` unless it destroys the server, changes its roles or settings, or
  runs beside other tests: dbt has mostly parsed for it already;
- loads, builds and fits once, in a fixture of the module (test_growth.py: ``built``, ``year``), and
  empties the warehouse after itself;
- builds by ``Warehouse.build()``, without dbt's own tests: test_growth.py, test_empty_warehouse.py,
  test_roles.py, test_locks.py and test_flows.py run those;
- gives dbt commands with target folders of their own ``Warehouse.parsed()``;
- asks several things of one run of a flow;
- waits by asking now and then, for each look at the database is a new connection;
- is named in ``LONGEST`` where it takes more than about 20 s.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_api import Loader, loader_on
from support import Warehouse, temporary_warehouse


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """A warehouse of the session's own, its tables created; ``empty()`` it before a test."""
    with temporary_warehouse() as own:
        status = own.run("extract", "status")
        assert status.returncode == 0, status.stderr
        yield own


@pytest.fixture
def loader(warehouse: Warehouse, tmp_path: Path) -> Iterator[Loader]:
    """`extract` on that warehouse, emptied, and a fake API without months."""
    with loader_on(warehouse, tmp_path / "nyt") as own:
        yield own


# Each process takes file after file; with the longest first, none is left alone at the end. Those
# that mostly wait go beside those that compute.
LONGEST = (
    "test_flows.py",
    "test_report.py",
    "test_extract_run.py",
    "test_growth.py",
    "test_cron.py",
    "test_roles.py",
    "test_locks.py",
    "test_extract_api.py",
    "test_incremental.py",
    "test_backup.py",
    "test_real_archive.py",
    "test_warehouse.py",
    "test_growth_show.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
