"""How the code is laid out: short functions, folders of few modules, imports that go one way."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support import PROJECT_DIR

pytestmark = pytest.mark.fast

LONGEST_FUNCTION, FULLEST_FOLDER = 60, 16

# Longer functions that may stay: tables of examples, without steps.
TABLES = {
    "tests/models/test_bad_documents.py: zoo",
}

# The parts of growth/ from the lowest up: each imports those before it, and its own.
WINGS = (
    ("growth.choices",),
    ("growth.model",),
    ("growth.logistic",),
    ("growth.stored",),
    ("growth.shown",),
    ("growth.report",),
    ("growth.doctor", "growth.commands", "growth.cli", "growth.generate"),
)


def python_files() -> dict[Path, ast.Module]:
    """Return the project's Python, by its path in the project."""
    folders = (path for path in PROJECT_DIR.iterdir() if not path.name.startswith("."))
    files = (file for path in folders for file in (*path.rglob("*.py"), path) if file.is_file())
    return {
        file.relative_to(PROJECT_DIR): ast.parse(file.read_text(encoding="utf-8"))
        for file in files
        if file.suffix == ".py"
    }


FILES = python_files()


def name_of(path: Path) -> str:
    """Return the name by which a module is imported; tests import what they share by its stem."""
    parts = path.with_suffix("").parts
    if parts[0] == "tests":
        return parts[-1]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): tree for path, tree in FILES.items()}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's length: of a command only what it does, for its options are declared."""
    is_command = any("command" in ast.unparse(each) for each in function.decorator_list)
    first = function.body[0].lineno if is_command else function.lineno
    return (function.end_lineno or first) - first + 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path}: {node.name}"
        for path, tree in FILES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of(node) > LONGEST_FUNCTION
    }
    assert long - TABLES == set()


def test_no_folder_has_more_modules_than_a_reader_can_take_in() -> None:
    folders = [path.parent for path in FILES]
    assert {each for each in folders if folders.count(each) > FULLEST_FOLDER} == set()


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the project's modules that a module imports, within functions too, but for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in MODULES or node.module in MODULES:
                    yield inner if inner in MODULES else node.module
        else:
            yield from imports(node)


IMPORTS = {module: set(imports(tree)) for module, tree in MODULES.items()}


def test_imports_go_round_in_no_circle() -> None:
    assert "growth.model.counts" in IMPORTS["growth.stored.series"]
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_each_part_of_growth_imports_only_those_below_it() -> None:
    def floor(module: str) -> int | None:
        for number, parts in enumerate(WINGS):
            if any(module == part or module.startswith(f"{part}.") for part in parts):
                return number
        return None

    upwards = set()
    for module in IMPORTS:
        if module.startswith("growth."):
            own = floor(module)
            assert own is not None, f"{module} is in no part: add it to WINGS"
            upwards |= {
                f"{module} imports {found}"
                for found in IMPORTS[module]
                if (floor(found) or 0) > own
            }
    assert upwards == set()
