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


# Files go to one of two processes each; with the longest first, neither is left alone at the end.
LONGEST = (
    "test_flows.py",
    "test_cron.py",
    "test_locks.py",
    "test_report.py",
    "test_growth.py",
    "test_extract_run.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
