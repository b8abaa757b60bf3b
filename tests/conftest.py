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
