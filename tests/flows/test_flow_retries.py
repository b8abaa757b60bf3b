"""A flow's task is tried again after failures that may pass by themselves, and only then."""

from typing import Any

import psycopg
import pytest

from console.errors import WarehouseDownError, WarehouseError
from flows.retries import RETRIES, ApiDownError
from flows.run_dbt import DbtError


class Ended:
    """A state that a task has ended in."""

    def __init__(self, error: object) -> None:
        self.error = error

    def result(self, *, raise_on_failure: bool) -> object:
        assert not raise_on_failure
        return self.error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (WarehouseDownError("the server is gone"), True),
        (ApiDownError("no answer"), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.DiskFull("no space left"), False),
        (WarehouseError("not loaded: 2020-01"), False),
        (DbtError("test topics_add_up failed"), False),
        (ValueError("a fault of the program"), False),
        (None, False),
    ],
)
def test_what_may_pass_is_tried_again(error: object, again: bool) -> None:
    rule: Any = RETRIES["retry_condition_fn"]
    assert rule(None, None, Ended(error)) is again
