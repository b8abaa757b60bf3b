"""What all tests share: one embedded warehouse a session, never the developer's own."""

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
    "test_warehouse.py",
    "test_backup.py",
    "test_real_archive.py",
    "test_seasons.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
