"""When Prefect tries a failed task again: where the failure may pass by itself."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from console.errors import WarehouseDownError, explained


class ApiDownError(Exception):
    """The API gave no answer, at any attempt."""


def passes_by_itself(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a failed task may do better later."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, ApiDownError):
        return True
    return isinstance(error, BaseException) and isinstance(explained(error), WarehouseDownError)


# An API that is down or a server that restarts is back after minutes or an hour.
RETRIES: Any = {
    "retries": 2,
    "retry_delay_seconds": [600.0, 3600.0],
    "retry_condition_fn": passes_by_itself,
}
