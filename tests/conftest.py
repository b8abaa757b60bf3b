"""What all tests share: one embedded warehouse a process, never the developer's own.

The folders: ``console`` tests what all commands share, and every command against crashes, full
disks and servers that die; ``extract``, ``growth``, ``warehouse`` and ``flows`` test the packages
of these names, ``flows`` with cron and the container files too; ``models`` tests dbt's models,
macros and seeds; ``outlets`` adds another newspaper to a copy of the project; ``docker`` tests
image and containers, by `make test-docker` only; ``citus`` starts a cluster for
models/test_citus.py. Helpers that several folders use stand beside them.

`make test` runs all tests but the ``nightly`` ones, `make test-nightly` those, and `make test-fast`
the ``fast`` ones; pyproject.toml says what the two marks mean. The last lines of pytest say how
many tests were left out. Make a test quicker before you mark it ``nightly``, and leave the test of
each area's main promise in `make test`.

Seconds of one processor: `dbt build` 8, without dbt's unit tests 5, without all its tests 4; 2 more
where dbt has not parsed for that warehouse's path yet; another dbt command 2; each 2 more in a
process of its own. A flow's run 5 and its dbt; `growth fit` 1; a new warehouse 1; a command 0.1 by
``Warehouse.run`` (preloaded.py), in a process of its own 0.3. So a file of tests

- uses the fixture ``warehouse``, for which dbt has mostly parsed already, unless it destroys the
  server, changes roles or settings, or runs beside other tests;
- loads, builds and fits once, in a fixture of the module (test_growth.py: ``built``, ``year``), and
  empties the warehouse in the end;
- builds by ``Warehouse.build()``, without dbt's own tests: test_growth.py, test_empty_warehouse.py,
  test_roles.py, test_locks.py and test_flows.py run those;
- gives ``Warehouse.parsed()`` to dbt commands that have their own target folder;
- checks several things after one run of a flow;
- waits by asking now and then: each query opens a connection;
- is named in ``LONGEST`` where it takes more than about 20 s.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import preloaded
import pytest
from fake_api import Loader, loader_on
from support import Warehouse, temporary_warehouse


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """This process's warehouse, with the tables of schema.sql; ``empty()`` it before a test."""
    with temporary_warehouse() as own:
        status = own.run("extract", "status")
        assert status.returncode == 0, status.stderr
        yield own


@pytest.fixture
def loader(warehouse: Warehouse, tmp_path: Path) -> Iterator[Loader]:
    """`extract` on that warehouse, which is emptied, and a fake API without months."""
    with loader_on(warehouse, tmp_path / "nyt") as own:
        yield own


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that all users may enter."""
    with TemporaryDirectory(prefix="ng-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


# Each process takes the next file when it is done with one: with the longest first, all end at
# about the same time. Files that mostly wait come beside files that compute.
LONGEST = (
    "test_killed.py",
    "test_extract_hostile.py",
    "test_extract_paced.py",
    "test_flows.py",
    "test_every_command.py",
    "test_embedded_robust.py",
    "test_report.py",
    "test_extract_run.py",
    "test_growth.py",
    "test_cron.py",
    "test_roles.py",
    "test_locks.py",
    "test_seasons.py",
    "test_extract_api.py",
    "test_incremental.py",
    "test_models_of_two_outlets.py",
    "test_backup.py",
    "test_real_archive.py",
    "test_warehouse.py",
    "test_extract_secrets.py",
    "test_growth_show.py",
    "test_sample.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
    both = [item.nodeid for item in items if {"fast", "nightly"} <= marks_of(item)]
    if both:
        raise pytest.UsageError(f"fast and nightly at once: {', '.join(both)}")


def marks_of(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import dbt beforehand, unless only fast tests were chosen."""
    if any("fast" not in marks_of(item) for item in session.items):
        preloaded.with_dbt()


# The number of tests that -m or -k has left out. Each process of xdist has its own count.
_left_out = pytest.StashKey[int]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    stash = items[0].config.stash
    stash[_left_out] = stash.get(_left_out, 0) + len(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Pass the number on to the main process."""
    told: dict[str, Any] = getattr(session.config, "workeroutput", {})
    told["left_out"] = session.config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # Each process collects all tests, so that their numbers are the same.
    node.config.stash[_left_out] = getattr(node, "workeroutput", {}).get("left_out", 0)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Say in the last line how many tests were left out: these do not count as skipped."""
    yield
    count = config.stash.get(_left_out, 0)
    if count:
        chosen = config.option.markexpr or config.option.keyword
        terminalreporter.write_line(f"{count} tests left out by the selection: {chosen}")
