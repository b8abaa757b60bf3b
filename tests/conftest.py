"""What all tests share: one embedded warehouse a process, never the developer's own.

What takes time, of one processor: `dbt build` 6 s where the project was parsed for that warehouse's
path before and 9 s where not, another dbt command 3 s, a flow's run 5 s and its dbt, `growth fit`
1 s, a new warehouse 1 s, any other command 0.3 s. So a file of tests

- takes the fixture ``warehouse`` unless it destroys the server, changes its roles or settings, or
  runs beside other tests: dbt has mostly parsed for it already;
- loads, builds and fits once, in a fixture of the module (test_growth.py: ``built``, ``year``), and
  empties the warehouse after itself;
- gives dbt commands with target folders of their own ``support.Warehouse.parsed()``;
- waits by asking now and then, for each look at the database is a new connection;
- is named in ``LONGEST`` where it takes more than about 20 s.
"""

from collections.abc import Iterator

import pytest
from support import Warehouse, temporary_warehouse


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """A warehouse of the session's own, its tables created; ``empty()`` it before a test."""
    with temporary_warehouse() as own:
        status = own.run("extract", "status")
        assert status.returncode == 0, status.stderr
        yield own


# Each process takes file after file; with the longest first, none is left alone at the end. Those
# that mostly wait go beside those that compute.
LONGEST = (
    "test_flows.py",
    "test_extract_api.py",
    "test_extract_run.py",
    "test_growth.py",
    "test_roles.py",
    "test_cron.py",
    "test_locks.py",
    "test_report.py",
    "test_commands.py",
    "test_growth_show.py",
    "test_incremental.py",
    "test_warehouse.py",
    "test_backup.py",
    "test_real_archive.py",
    "test_seasons.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
