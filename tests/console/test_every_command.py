"""Every command against a server that dies, on a full disk, and in a folder that cannot be written
to: no traceback, one line, the right exit code, and nothing stored is lost. A new command has to be
added here."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from fake_api import FAST, FakeApi, fake_api, month_body
from faults import dying_server
from support import (
    Done,
    Warehouse,
    fill,
    month_of_three_topics,
    resolved,
    small_disk,
    temporary_warehouse,
    write_month,
)

import extract.cli
import growth.cli
import warehouse.cli

PROGRAMS: dict[str, ModuleType] = {
    "extract": extract.cli,
    "growth": growth.cli,
    "warehouse": warehouse.cli,
}
# The arguments of each command; {out} is a place to write to, {months} a folder of months.
ARGUMENTS = {
    "extract load": "--from {months} --refresh",
    "extract sample": "{out}/sample --start 2022-01 --end 2022-01",
    "extract fetch": "--start 2020-01 --end 2020-01 --refresh --to {out}/nyt",
    "extract run": "--start 2020-01 --end 2020-01 --refresh --to {out}/nyt --force",
    "extract status": "",
    "extract doctor": "--no-call",
    "extract remove": "2020-02 --yes",
    "growth fit": "--min-articles 10 --refit",
    "growth top": "--direction popular",
    "growth show": "Kelp",
    "growth compare": "Kelp Trams",
    "growth plot": "Kelp --out {out}/kelp.svg",
    "growth report": "--out {out}/report.html",
    "growth runs": "",
    "growth export": "--out {out}/export --format csv",
    "growth doctor": "",
    "warehouse start": "",
    "warehouse stop": "",
    "warehouse status": "",
    "warehouse env": "",
    "warehouse psql": "-- -c select",
    "warehouse roles": "",
    "warehouse backup": "--to {out}/backups",
    "warehouse restore": "{dump} --yes",
    "warehouse remove": "",  # asks, and gets no answer, so it removes nothing
}
WRITES_A_FILE = [name for name, arguments in ARGUMENTS.items() if "{out}" in arguments]
# Doctors find something bad, `warehouse psql` ends as psql does, `warehouse remove` gets no yes.
MAY_END_WITH_1 = ("extract doctor", "growth doctor", "warehouse psql", "warehouse remove")
MONTHS = ("2020-01", "2020-02")


def commands() -> list[str]:
    """Return all commands."""
    return [
        f"{program} {name}"
        for program, module in PROGRAMS.items()
        for name in typer.main.get_command(module.app).commands  # type: ignore[attr-defined]
    ]


def test_every_command_is_here() -> None:
    assert sorted(ARGUMENTS) == sorted(commands())


class Stage:
    """A built warehouse, and what commands on it need."""

    def __init__(self, own: Warehouse, folder: Path, api: FakeApi) -> None:
        self.months = folder / "months"
        for month in MONTHS:
            write_month(self.months, month, month_of_three_topics(month))
        api.months = {month: month_body(month, 80) for month in MONTHS}
        self.own = Warehouse(own.folder, own.env | FAST | {"NYT_API_URL": api.url})
        self.refill()
        self.dump = Path(own.ok("warehouse", "backup", "--to", folder).stdout.strip())

    def refill(self) -> None:
        """Load, build and fit, so that the warehouse is as before each command."""
        self.own.ok("extract", "load", "--from", self.months)
        self.own.build()
        self.own.ok("growth", "fit", "--min-articles", "10")

    def words(self, command: str, out: Path) -> list[str]:
        """Return the words of a command line."""
        arguments = ARGUMENTS[command].format(out=out, months=self.months, dump=self.dump)
        return [*command.split(), *arguments.split()]

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is stored, without times."""
        queries = {
            "months": "select archive_month, docs, sha256 from raw.nyt_months order by 1",
            "articles": "select archive_month, article_id, doc::text from raw.nyt_articles "
            "order by 1, 2",
            "topics": "select t::text from marts.dim_topics as t order by 1",
            "daily": "select t::text from marts.fct_topic_daily as t order by 1",
            "runs": "select run_id, topics, input_sha256 from growth.runs order by 1",
            "fits": "select t::text from growth.coefficients as t order by 1",
        }
        return {name: self.own.rows(query) for name, query in queries.items()}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with temporary_warehouse() as own, fake_api() as api:
        yield Stage(own, tmp_path_factory.mktemp("stage"), api)


def check(command: str, done: Done, codes: tuple[int, ...]) -> None:
    """Check the exit code and the messages of a command that met a fault."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    allowed = (*codes, 1) if command in MAY_END_WITH_1 else codes
    assert done.returncode in allowed, (done.returncode, said)
    if command == "warehouse psql" and done.returncode != 0:
        return  # the message is psql's own
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == (1 if done.returncode == 2 else 0), said


# Commands that may have replaced some months, each whole, before the fault.
CHANGES_MONTHS = ("extract load", "extract run", "extract remove", "warehouse restore")


def check_nothing_is_lost(stage: Stage, command: str, before: dict[str, Any]) -> None:
    after = stage.content()
    if command in CHANGES_MONTHS and after != before:
        counts = dict(stage.own.rows("select archive_month::text, docs from raw.nyt_months"))
        assert set(counts.values()) <= {80, 84}
        assert counts.keys() >= {"2020-01-01"}
        stored = stage.own.rows(
            "select archive_month::text, count(*) from raw.nyt_articles group by 1"
        )
        assert dict(stored) == counts
        # Another load brings everything back.
        stage.own.ok("extract", "load", "--from", stage.months)
        stage.own.build()
        after = stage.content()
    assert after == before


def one_of_each(quick: Iterable[str]) -> list[Any]:
    """Return all commands; `make test` runs those in ``quick``, `make test-nightly` the others."""
    return [
        command if command in quick else pytest.param(command, marks=pytest.mark.nightly)
        for command in ARGUMENTS
    ]


@pytest.mark.parametrize("after", [14])
@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_server_that_dies(stage: Stage, tmp_path: Path, command: str, after: int) -> None:
    before = stage.content()
    elsewhere = {"WAREHOUSE_DIR": str(stage.own.folder.parent / "none")}
    with dying_server(stage.own.folder, stage.own.folder.parent / "dying", after) as variables:
        done = stage.own.run(*stage.words(command, tmp_path), **variables, **elsewhere)
    (stage.own.folder.parent / "dying").rmdir()
    check(command, done, (0, 2))
    check_nothing_is_lost(stage, command, before)


@pytest.mark.nightly
@pytest.mark.parametrize("after", [1, 2, 6, 9, 12, 17, 26, 40])
@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_server_that_dies_at_any_time(
    stage: Stage, tmp_path: Path, command: str, after: int
) -> None:
    test_a_server_that_dies(stage, tmp_path, command, after)


@pytest.mark.parametrize("command", WRITES_A_FILE)
def test_a_full_disk_for_what_is_written(stage: Stage, tmp_path: Path, command: str) -> None:
    before = stage.content()
    with small_disk(tmp_path) as disk:
        fill(disk)
        done = stage.own.run(*stage.words(command, disk))
        left = [path for path in disk.rglob("*") if path.is_file()]
        assert left == [disk / "filling"]
        check(command, done, (1, 2))
        assert "full" in done.stderr or "No space left" in done.stderr, done.stderr
    check_nothing_is_lost(stage, command, before)


@pytest.mark.nightly
@pytest.mark.parametrize("command", WRITES_A_FILE)
def test_a_folder_that_cannot_be_written_to(stage: Stage, tmp_path: Path, command: str) -> None:
    before = stage.content()
    with small_disk(tmp_path) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = stage.own.run(*stage.words(command, disk))
        check(command, done, (1, 2))
        assert str(disk) in done.stderr
        assert "ead-only" in done.stderr or "cannot be written" in done.stderr, done.stderr
    check_nothing_is_lost(stage, command, before)


@pytest.mark.parametrize(
    "command", one_of_each(("extract status", "growth top", "growth show", "warehouse env"))
)
def test_an_answer_that_finds_no_room(stage: Stage, tmp_path: Path, command: str) -> None:
    """As in `growth top > /full/disk`."""
    before = stage.content()
    if command in ("warehouse psql", "warehouse remove", "warehouse stop"):
        pytest.skip("psql answers for itself; the others answer on stderr, or ask")
    with open("/dev/full", "w") as full:  # noqa: PTH123 -- a device
        done = subprocess.run(
            resolved(stage.words(command, tmp_path)),
            env=stage.own.env, check=False, text=True, stdin=subprocess.DEVNULL, stdout=full,
            stderr=subprocess.PIPE, timeout=120,
        )  # fmt: skip
    done = Done(done.args, done.returncode, "", done.stderr)
    check(command, done, (0, 2))
    if done.returncode == 2:
        assert "No space left on device" in done.stderr
    check_nothing_is_lost(stage, command, before)


@pytest.mark.nightly
def test_a_full_disk_under_the_server(tmp_path: Path) -> None:
    """The embedded server's disk is full: what is stored stays, and commands work again after
    that."""
    tmp_path.chmod(0o755)
    with small_disk(tmp_path, 400) as disk, temporary_warehouse() as own, fake_api() as api:
        env = own.env | {"WAREHOUSE_DIR": str(disk / "w")}
        own = Warehouse(disk / "w", env)
        try:
            stage = Stage(own, tmp_path / "stage", api)
            before = stage.content()
            for command in ARGUMENTS:
                if command in ("warehouse stop", "warehouse remove"):
                    continue
                fill(disk)
                done = own.run(*stage.words(command, tmp_path), **FAST, NYT_API_URL=api.url)
                check(command, done, (0, 1, 2))
                (disk / "filling").unlink()
                own.ok("warehouse", "start")
                check_nothing_is_lost(stage, command, before)
        finally:
            own.run("warehouse", "stop")
