"""What tests of `extract load` share: running it, its last line, what it stored, waiting for it."""

import time
from collections.abc import Callable
from pathlib import Path

from support import Doc, Done, Warehouse


def load(warehouse: Warehouse, folder: Path, *options: str) -> Done:
    return warehouse.run("extract", "load", "--from", folder, *options)


def by_id(docs: list[Doc]) -> dict[str, Doc]:
    return {doc["_id"]: doc for doc in docs}


def summary(
    loaded: int = 0,
    replaced: int = 0,
    unchanged: int = 0,
    failed: int = 0,
    docs: int = 0,
    rejected: int = 0,
) -> str:
    return (
        f"{loaded} months loaded, {replaced} replaced, {unchanged} unchanged, {failed} failed; "
        f"{docs:,} documents, {rejected:,} rejected\n"
    )


def months_stored(warehouse: Warehouse) -> list[str]:
    query = "select to_char(archive_month, 'YYYY-MM') from raw.nyt_months order by 1"
    return [month for (month,) in warehouse.rows(query)]


def wait_for_blocked(warehouse: Warehouse, connections: int) -> None:
    """Wait until this many of the loader's connections wait for a lock."""
    query = """
        select count(*) from pg_stat_activity
        where application_name = 'extract load' and wait_event_type = 'Lock'
    """
    wait_until(lambda: warehouse.value(query) == connections)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 s in vain"
        time.sleep(0.02)
