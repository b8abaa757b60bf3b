"""What all tests share: one embedded warehouse a process, never the developer's own.

`make test` runs all tests that are not ``nightly``, `make test-nightly` the others, and `make
test-fast` those that are ``fast``. pyproject.toml says what the two markers mean; the last lines of
pytest say how many tests were left out. Make a test quicker before you make it ``nightly``. The
main promise of each area stays in `make test`. Where a file's fixtures take long, its ``nightly``
tests are worth them, or there are none.

What takes time, of one processor: `dbt build` 8 s, without dbt's unit tests 5 s, without all its
tests 4 s, 2 s more where the project was not parsed for that warehouse's path before, another dbt
command 2 s, each 2 s more in a process of its own; a flow's run 5 s and its dbt, `growth fit` 1 s,
a new warehouse 1 s, a command in a process of its own 0.3 s, by ``Warehouse.run`` 0.1 s
(preloaded.py). So a file of tests

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
from tempfile import TemporaryDirectory
from typing import Any

import preloaded
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


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that all users may enter."""
    with TemporaryDirectory(prefix="ng-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


# Each process takes file after file; with the longest first, none is left alone at the end. Those
# that mostly wait go beside those that compute.
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
    "test_backup.py",
    "test_real_archive.py",
    "test_warehouse.py",
    "test_extract_secrets.py",
    "test_growth_show.py",
    "test_sample.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 99)
    both = [item.nodeid for item in items if {"fast", "nightly"} <= marks_of(item)]
    if both:
        raise pytest.UsageError(f"fast and nightly at once: {', '.join(both)}")


def marks_of(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def pytest_collection_finish(session: pytest.Session) -> None:
    """With only fast tests chosen, no dbt is imported."""
    if any("fast" not in marks_of(item) for item in session.items):
        preloaded.with_dbt()


# pytest counts the tests that -m leaves out; the processes of xdist keep that count to themselves.
_left_out = pytest.StashKey[int]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    stash = items[0].config.stash
    stash[_left_out] = stash.get(_left_out, 0) + len(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that began this one, where there is one."""
    told: dict[str, Any] = getattr(session.config, "workeroutput", {})
    told["left_out"] = session.config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # Each of the processes collects all tests, and leaves out the same.
    node.config.stash[_left_out] = getattr(node, "workeroutput", {}).get("left_out", 0)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Say after all else what was left out: such tests are not skipped, nobody asked for them."""
    yield
    count = config.stash.get(_left_out, 0)
    if count:
        chosen = config.option.markexpr or config.option.keyword
        terminalreporter.write_line(f"{count} tests left out by the selection: {chosen}")
