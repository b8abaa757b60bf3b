"""The tests that docs/promises.md names exist."""

import ast
import re
from pathlib import Path

import pytest
from support import PROJECT_DIR

pytestmark = pytest.mark.fast

TESTS = PROJECT_DIR / "tests"
PROMISES = PROJECT_DIR / "docs" / "promises.md"


def functions_in(file: Path) -> set[str]:
    """Return the names of a file's test functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_promise_names_a_test_that_exists() -> None:
    """A row ends with its tests: `file.py`: `name`, `name`; `other.py`: `name`."""
    lines = PROMISES.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and "`test_" in line]
    assert len(rows) > 55
    for row in rows:
        promise, held_by = row.strip("| ").rsplit(" | ", 1)
        assert promise.endswith("."), promise
        names: set[str] = set()
        for name in re.findall(r"`([^`]+)`", held_by):
            if name.endswith(".py"):
                names = functions_in(next(TESTS.rglob(name)))
            else:
                assert name in names, (row, name)
