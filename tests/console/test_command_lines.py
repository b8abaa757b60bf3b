"""What all command lines share: help, completion, exit codes, what a terminal shows."""

import ast
import json
import re
import runpy
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import (
    BIN,
    PROJECT_DIR,
    Warehouse,
    middle_document,
    run,
    write_body,
    write_month,
)

from console.text import cell_text, visible, visible_json

pytestmark = pytest.mark.fast

PAGE = runpy.run_path(str(PROJECT_DIR / "docs" / "commands.py"))
COMMANDS: list[tuple[str, ...]] = list(PAGE["commands"]())
# Packages that take longer to import than everything that help needs.
HEAVY = {"altair", "dbt", "jinja2", "numpy", "psycopg", "requests", "scipy", "vl_convert"}


def test_the_page_of_commands_has_every_commands_help() -> None:
    page = (PROJECT_DIR / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = page.split("\n## ")
    assert sections[0] == PAGE["HEAD"], "run `python docs/commands.py >docs/commands.md`"
    assert len(COMMANDS) > 20
    for command, section in zip(COMMANDS, sections[1:], strict=True):
        name = " ".join(command)
        assert section.strip("\n") == f"{name}\n\n```text\n{PAGE['help_of'](*command)}\n```", (
            f"{name}: run `python docs/commands.py >docs/commands.md`"
        )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_plain_and_that_of_the_page_and_instant(command: tuple[str, ...]) -> None:
    """Instant by what it imports, which Python lists on stderr: seconds would depend on the
    machine."""
    env = {"PATH": str(BIN), "HOME": "/nowhere", "COLUMNS": "80", "FORCE_COLOR": "1"}
    done = run(*command, "--help", env=env | {"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    assert done.stdout.strip("\n") == PAGE["help_of"](*command)
    lines = done.stderr.splitlines()
    assert [line for line in lines if not line.startswith("import time: ")] == []
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "typer" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize(
    ("program", "typed", "completed"),
    [("growth", "growth comp", "compare"), ("extract", "extract sam", "sample"),
     ("warehouse", "warehouse back", "backup"), ("growth", "growth top --dir", "--direction")],
)  # fmt: skip
def test_the_shell_completes_commands_and_options(program: str, typed: str, completed: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    variables = {f"_{program.upper()}_COMPLETE": "complete_bash", **words}
    done = run(program, env={"PATH": str(BIN), **variables})
    assert done.stdout.split() == [completed]


@pytest.mark.parametrize(
    ("command", "code", "stream", "message"),
    [
        (["warehouse", "status"], 0, "stdout", "embedded server, running"),
        (["extract", "status"], 0, "stdout", "extract run, extract load --from DIR"),
        (["growth", "runs"], 0, "stdout", "run `growth fit`"),
        (["growth", "doctor"], 1, "stdout", "BAD  report: after that: `growth report`"),
        (["extract", "load", "--from", "{bad}"], 1, "stderr", "2022-01: failed: truncated"),
        (["extract", "load", "--from", "/nowhere"], 2, "stderr", "/nowhere is not a folder"),
        (["extract", "run"], 2, "stderr", "NYT_API_KEY is not set"),
        (["extract", "run", "--start", "1850-01"], 2, "stderr", "the archive begins with 1851-09"),
        (["growth", "fit"], 2, "stderr", "`extract load --from DIR`), then `dbt build`"),
        (["growth", "top"], 2, "stderr", "run `growth fit`"),
        (["growth", "show", "x"], 2, "stderr", "run `growth fit`"),
        (["growth", "show"], 2, "stderr", "Missing argument"),
        (["growth", "compare", "x"], 2, "stderr", "name two topics or more"),
        (["growth", "plot", "x", "--out", "x.pdf"], 2, "stderr", "neither .svg nor .png"),
        (["growth", "export", "--format", "xls", "--out", "x"], 2, "stderr", "'xls'"),
        (["growth", "top", "--run", "x"], 2, "stderr", "`growth runs` lists those that are"),
        (["warehouse", "restore", "/nowhere"], 2, "stderr", "is not a file: give one of"),
        (["growth"], 2, "stderr", "Usage: growth [OPTIONS] COMMAND"),
    ],
)
def test_exit_codes_and_what_to_do_next(
    warehouse: Warehouse, tmp_path: Path, command: list[str], code: int, stream: str, message: str
) -> None:
    """Code 3, for the API, is tested in test_extract_api.py."""
    warehouse.empty()
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists marts cascade")
    write_body(tmp_path, "2022-01", b'{"response": {"docs": [{')
    done = warehouse.run(*(word.format(bad=tmp_path) for word in command), NYT_API_KEY="")
    assert done.returncode == code, done.stdout + done.stderr
    assert message in getattr(done, stream)
    assert "Traceback" not in done.stderr
    # A command that fails prints no results; a doctor prints its findings.
    assert code != 2 or done.stdout == ""


def test_an_interrupted_command_says_so_by_its_code(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "select pg_advisory_lock(hashtext('news-growth'), hashtext('warehouse'))"
        )
        waiting = warehouse.start("growth", "fit")
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith("waiting: ")
        waiting.send_signal(signal.SIGINT)
        stdout, stderr = waiting.communicate(timeout=60)
    assert (waiting.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr


def test_a_bar_is_for_a_terminal_and_a_plain_line_for_all_else(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.empty()
    write_month(tmp_path, "2020-01", [middle_document(number) for number in range(3)])
    load: list[str | Path] = ["extract", "load", "--refresh", "--from", tmp_path]
    coloured = warehouse.on_terminal(*load)
    assert "━" in coloured and "1/1" in coloured and "\x1b[3" in coloured
    assert "2020-01: loaded, 3 documents" in coloured
    plain = warehouse.on_terminal(*load, NO_COLOR="1")
    assert "━" in plain and "\x1b[3" not in plain and "\x1b[9" not in plain
    elsewhere = warehouse.ok(*load)
    assert elsewhere.stderr == "2020-01: replaced, 3 documents\n"
    assert "\x1b" not in elsewhere.stdout


def test_parquet_without_its_package_is_one_line(warehouse: Warehouse, tmp_path: Path) -> None:
    """A module of that name that cannot be imported hides the real one."""
    (tmp_path / "pyarrow.py").write_text("raise ImportError('none here')")
    warehouse.empty()
    with warehouse.connect() as connection:
        connection.execute(
            "insert into growth.runs (run_id, window_start, window_end, period, kinds, "
            "min_articles, periods, articles, topics, converged, input_sha256, code_version, "
            "fitted_at) values ('r', '2020-01-01', '2020-01-31', 'day', 'all', 50, 31, 0, 0, 0, "
            "'', '', now())"
        )
    done = warehouse.run(
        "growth", "export", "--format", "parquet", "--out", "out", PYTHONPATH=str(tmp_path)
    )
    warehouse.empty()
    assert (done.returncode, done.stdout) == (2, "")
    assert "--format parquet needs the package pyarrow" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "shown", "cell"),
    [
        ("Tide Tables", "Tide Tables", "Tide Tables"),
        ("Pelé 🦀 \u200d ñ", "Pelé 🦀 \u200d ñ", "Pelé 🦀 \u200d ñ"),
        ("a\nb\tc\x00", "a\\nb\\tc\\x00", "a\\nb\\tc\\x00"),
        ("\x1b[2J\x9b2J", "\\x1b[2J\\x9b2J", "\\x1b[2J\\x9b2J"),
        ("\u202eevil\u2069", "\\u202eevil\\u2069", "\\u202eevil\\u2069"),
        ("latin-\udce9", "latin-\\udce9", "latin-\\udce9"),
        ("=cmd()", "=cmd()", "'=cmd()"),
        ("-1", "-1", "'-1"),
        ("\t=1", "\\t=1", "\\t=1"),
        ("＝1", "＝1", "'＝1"),  # noqa: RUF001
    ],
)
def test_text_of_others_is_written_out(text: str, shown: str, cell: str) -> None:
    assert visible(text) == shown
    assert cell_text(text) == cell
    document: Any = json.loads(visible_json(json.dumps({text: text}, ensure_ascii=False, indent=1)))
    assert document == {text: text}


def error_texts(module: Path) -> Iterator[str]:
    """Yield the first words of each error message in a module, without its advice."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if not re.search("(Error|BadParameter)$", name) or name == "ValueError":
            continue
        match node.args[0]:
            case ast.Constant(value=str(text)):
                pieces = [text]
            case ast.JoinedStr(values=values):
                pieces = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "\0" for part in values
                ).split("\0")
            case _:
                continue
        # What is wrong comes first; advice follows a semicolon or a colon.
        wrong = "\0".join(pieces).partition("; ")[0].split("\0")
        heads = [re.split(r": |, or ", piece.strip(" :,;(`)"))[0] for piece in wrong]
        # Where all are shorter, the message is the server's own.
        yield from [head for head in heads if len(head) > 10][:1]


def test_every_error_is_in_the_page_of_troubles() -> None:
    page = (PROJECT_DIR / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    texts = [
        text
        for package in ("console", "extract", "growth", "warehouse")
        for module in sorted((PROJECT_DIR / package).rglob("*.py"))
        for text in error_texts(module)
    ]
    assert len(texts) > 60
    # On the page the messages stand between backticks, and so have none inside.
    assert [text for text in texts if text.replace("`", "") not in page] == []
