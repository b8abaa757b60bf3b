"""Numbers and texts of the command lines that nothing can hold: one line, exit code 2, no more."""

import os
import re
import subprocess

import pytest
from support import BIN, PROJECT_DIR, Warehouse

from console.arguments import text_argument
from console.errors import WarehouseError

pytestmark = pytest.mark.fast

# Each option that takes a number, as docs/commands.md has it, which a test holds against the code.
NUMBERS = [
    (section.partition("\n")[0], option)
    for section in (PROJECT_DIR / "docs" / "commands.md").read_text().split("\n## ")[1:]
    for option in re.findall(r"^  (--\S+) <(?:int|float)", section, flags=re.MULTILINE)
]
NO_NUMBERS = ("-1", "1.5", "nan", "", "9" * 5000)
# These go into the warehouse as integers.
STORED = [("growth fit", "--min-articles"), ("growth top", "--limit")]
NO_TEXTS = ("Pel\udce9", "a\0b")


@pytest.mark.parametrize(("command", "option"), NUMBERS)
def test_what_is_no_number_is_refused_before_anything_is_asked(
    warehouse: Warehouse, command: str, option: str
) -> None:
    too_large = (str(2**31), str(10**30)) if (command, option) in STORED else ()
    for value in (*NO_NUMBERS, *too_large):
        done = warehouse.run(*command.split(), f"{option}={value}")
        assert (done.returncode, done.stdout) == (2, ""), value
        usage, _, _, error = done.stderr.splitlines()
        assert usage.startswith(f"Usage: {command} [OPTIONS]")
        assert error.startswith(f"Error: Invalid value for '{option}': ")


@pytest.mark.parametrize("value", ["0", "1", "-0.1", "5", "nan", "inf", "", "x", "9" * 5000])
def test_a_false_discovery_rate_lies_between_0_and_1(warehouse: Warehouse, value: str) -> None:
    done = warehouse.run("growth", "fit", f"--false-discovery-rate={value}")
    assert (done.returncode, done.stdout) == (2, "")
    error = done.stderr.splitlines()[-1]
    assert error.startswith("Error: Invalid value for '--false-discovery-rate': ")
    assert "give a number above 0 and below 1" in error and len(error) < 160


def test_every_number_that_is_stored_has_its_largest() -> None:
    assert set(STORED) < set(NUMBERS)
    page = (PROJECT_DIR / "docs" / "commands.md").read_text()
    assert page.count("1<=x<=2147483647") == len(STORED)


@pytest.mark.parametrize(
    "command",
    [
        ("growth", "show", "{}"), ("growth", "compare", "tide", "{}"),
        ("growth", "plot", "{}", "--out", "x.svg"), ("growth", "top", "--run", "{}"),
        ("growth", "show", "tide", "--run", "{}"), ("growth", "report", "--run", "{}"),
        ("growth", "export", "--run", "{}", "--out", "x", "--format", "csv"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_text_that_postgres_cannot_hold_is_refused_in_one_line(
    warehouse: Warehouse, command: tuple[str, ...]
) -> None:
    for text in (*NO_TEXTS, "x " * 500_000):
        done = warehouse.run(*(word.format(text) for word in command))
        assert (done.returncode, done.stdout) == (2, "")
        [line] = done.stderr.splitlines()
        assert len(line) < 200
        assert ("is not UTF-8 text" if text in NO_TEXTS else "has 1,000,000 characters") in line


def test_bytes_that_are_no_text_are_refused_where_a_shell_gives_them(warehouse: Warehouse) -> None:
    done = subprocess.run(
        [os.fsencode(BIN / "growth"), b"top", b"--run", b"caf\xe9"],
        env=warehouse.env, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == b"error: 'caf\\udce9' is not UTF-8 text: write it as the lists show it\n"


def test_texts_that_a_label_may_have_are_taken_as_they_are() -> None:
    for text in ("", "Pelé", "岩手県", "🦀", "a\nb", "%s", "'; drop table", "x" * 4000):
        assert text_argument(text) == text
    with pytest.raises(WarehouseError, match="has 4,001 characters, more than any name or key"):
        text_argument("x" * 4001)
