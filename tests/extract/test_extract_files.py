"""`extract load` says something of every file that looks like a month, waits for none and bounds
their size; `extract status` names gaps; `extract remove` unloads months."""

import gzip
import json
import os
import socket
import sys
from datetime import date
from pathlib import Path

import pytest
from fake_api import Loader, month_body
from loading import load, months_stored, summary, wait_until
from support import Warehouse, middle_document, resolved, write_month

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


ONLY = "only .json and .json.gz are read: "
IF_ONE = "if it is a response of the Archive API, rename it to "
NOT_A = "not a month's name: rename it to "
IN_PLACE = "not a file: put the month's file in its place, or remove it"
NAMES = {
    "2022-02.json.zip": f"{ONLY}unpack it to 2022-02.json",
    "2022-03.JSON.gz": f"{NOT_A}2022-03.json.gz",
    "2022-04.jsonl": f"{ONLY}{IF_ONE}2022-04.json",
    "2022_05.json": f"{NOT_A}2022-05.json",
    "2022-06.json.bz2": f"{ONLY}unpack it to 2022-06.json",
    "202207.json": f"{NOT_A}2022-07.json",
    "2022-8.json.gz": f"{NOT_A}2022-08.json.gz",
    "2022-09": f"{ONLY}{IF_ONE}2022-09.json",
    "2022-10.tar.gz": f"{ONLY}unpack it to 2022-10.json",
    "2022-11 (1).json": f"{NOT_A}2022-11.json",
    "2022-12.json.crdownload": "a download that has not ended: download it again",
    "2022-12.csv": f"{ONLY}{IF_ONE}2022-12.json",
    "nyt-2022-01.json.xz": f"{ONLY}unpack it to 2022-01.json",
    "nyt-archive-2016-01.zip": f"{ONLY}unpack it to 2016-01.json",
    "nyt-2016.zip": f"{ONLY}unpack it, a file YYYY-MM.json a month",
    "archive_2020-07": f"{ONLY}{IF_ONE}2020-07.json",
    "archive-2020-08.json.gz": f"{NOT_A}2020-08.json.gz",
    "nyt.ndjson": f"{NOT_A}YYYY-MM.json[.gz]",
    "0001-01.json": "0001-01 is too early: the archive begins with 1851-09",
    "1851-08.json.gz": "1851-08 is too early: the archive begins with 1851-09",
    "9999-12.json": "9999-12 is too late: give a month up to 2199-12",
    "2199-12.json": "the month has not begun: see what the file is, and rename it",
}


def test_every_file_that_looks_like_a_month_is_spoken_of(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(b"{}")
    for name in ("README.txt", ".DS_Store", "2022-01.json.meta", "truth.csv", "2022-report.html",
                 "2022-01-photos.zip", "photos.zip", "report-2022-01.pdf",
                 "20220105.log"):  # fmt: skip
        (tmp_path / name).touch()
    write_month(tmp_path, "2022-01", [middle_document(1)])
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, docs=1))
    *passed, loaded = done.stderr.splitlines()
    assert loaded == "2022-01: loaded, 1 documents"
    assert dict(line.split(": passed over: ") for line in passed) == NAMES
    shown = load(warehouse, tmp_path, "--json")
    assert len(json.loads(shown.stdout)["problems"]) == len(NAMES)


def test_names_that_wget_gave_are_spoken_of_without_the_key(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    names = {
        "1.json?api-key=SECRET": ("1.json?api-key=***", "YYYY-MM.json[.gz]"),
        "1.json@api-key=SEC RET": ("1.json@api-key=***", "YYYY-MM.json[.gz]"),
        "2022-02.json?api-key=SECRET&a=1": ("2022-02.json?api-key=***&a=1", "2022-02.json"),
        "2022-03.json%3Fapi-key%3DSECRET": ("2022-03.json%3Fapi-key%3D***", "2022-03.json"),
        "2022-04.json?n=known-key-1234": ("2022-04.json?n=***", "2022-04.json"),
    }
    for name in names:
        (tmp_path / name).write_bytes(b"{}")
    known = Warehouse(warehouse.folder, warehouse.env | {"NYT_API_KEY": "known-key-1234"})
    done = load(known, tmp_path)
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == sorted(
        f"{shown}: passed over: {NOT_A}{new}" for shown, new in names.values()
    )
    told = json.loads(load(known, tmp_path, "--json").stdout)["problems"]
    assert {Path(each["path"]).name for each in told} == {shown for shown, _ in names.values()}
    missing = load(known, tmp_path / "5.json?api-key=SECRET")
    assert missing.returncode == 2 and "SECRET" not in missing.stderr


def test_folders_that_hold_months_are_spoken_of(warehouse: Warehouse, tmp_path: Path) -> None:
    for inner in ("2018/2018-01.json", "2019/1.json", "nyt-2020/README.txt", "archive/2020-01.gz"):
        (tmp_path / inner).parent.mkdir()
        (tmp_path / inner).write_bytes(b"{}")
    write_month(tmp_path, "2022-01", [middle_document(1)])
    done = load(warehouse, tmp_path)
    what = "passed over: a folder that holds months' files: give that folder with --from"
    assert done.stderr.splitlines() == [
        f"2018: {what}", f"2019: {what}", f"archive: {what}", "2022-01: loaded, 1 documents",
    ]  # fmt: skip
    assert done.returncode == 1
    elsewhere = load(warehouse, tmp_path, "--start", "2022-01")
    assert "2018: " not in elsewhere.stderr


def test_what_is_no_file_is_named_and_never_waited_for(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "2020-01.json")
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(tmp_path)  # a socket's path is short
        server.bind("2020-02.json.gz")
        os.chdir(before)
    (tmp_path / "2020-03.json").symlink_to("/dev/zero")
    (tmp_path / "2020-04.json").mkdir()
    (tmp_path / "2020-05.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "2020-06.json").symlink_to(tmp_path / "2020-06.json")
    (tmp_path / "2020-07").mkdir()
    write_month(tmp_path / "elsewhere", "2020-08", [middle_document(2)])
    (tmp_path / "2020-08.json.gz").symlink_to(tmp_path / "elsewhere" / "2020-08.json.gz")
    os.mkfifo(tmp_path / "2020-08.json.gz.meta")
    done = load(warehouse, tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(loaded=1, docs=1))
    loop = "cannot be read (Too many levels of symbolic links): make it readable, or remove it"
    assert done.stderr.splitlines() == [
        f"2020-01.json: passed over: a named pipe, {IN_PLACE}",
        f"2020-02.json.gz: passed over: a socket, {IN_PLACE}",
        f"2020-03.json: passed over: a device, {IN_PLACE}",
        f"2020-04.json: passed over: a folder, {IN_PLACE}",
        "2020-05.json: passed over: a link that leads nowhere: link it to the month's file, or "
        "remove it",
        f"2020-06.json: passed over: {loop}",
        f"2020-07: passed over: a folder, {IN_PLACE}",
        "2020-08: loaded, 1 documents",
    ]


def test_a_pipe_in_the_landing_zone_is_not_waited_for(loader: Loader) -> None:
    loader.landing.mkdir()
    os.mkfifo(loader.landing / "2020-01.json.gz")
    loader.api.months = {month: month_body(month) for month in ("2020-01", "2020-02")}
    done = loader.run("2020-01", "2020-02")
    assert "Traceback" not in done.stderr
    assert "2020-02" in loader.loaded()
    assert loader.extract("status").returncode == 0


@pytest.mark.parametrize("command", ["load", "sample", "growth fit"])
@pytest.mark.parametrize("month", ["0001-01", "1851-08", "9999-12", "2200-01"])
def test_months_out_of_range_are_one_line(
    warehouse: Warehouse, tmp_path: Path, command: str, month: str
) -> None:
    commands = {
        "load": ["extract", "load", "--from", str(tmp_path)],
        "sample": ["extract", "sample", str(tmp_path)],
        "growth fit": ["growth", "fit"],
    }
    for option in ("--start", "--end"):
        done = warehouse.run(*commands[command], option, month)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {month} is too ")
        assert len(done.stderr.splitlines()) == 1


def test_gaps_are_told_as_ranges(warehouse: Warehouse, tmp_path: Path) -> None:
    for month in ("1899-12", "2000-01", "2000-03", "2000-06"):
        write_month(tmp_path, month, [middle_document(1)])
    assert load(warehouse, tmp_path).returncode == 0
    shown = warehouse.ok("extract", "status").stdout
    assert shown.endswith(
        "\nnot loaded: 1900-01 to 1999-12 (1,200 months), 2000-02, 2000-04, 2000-05\n"
    )


def test_gaps_begin_with_the_archive(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        # As a version before 0.5.0 would have loaded them.
        connection.execute(
            "insert into raw.nyt_months select day, 0, 0, 0, '', 0, 'x', true, now(), now() "
            "from unnest(array['0001-01-01', '1851-10-01', '9998-01-01']::date[]) as day"
        )
    shown = json.loads(warehouse.ok("extract", "status", "--json").stdout)
    assert shown["missing"][:2] == ["1851-09", "1851-11"]
    assert shown["missing"][-1] == "2199-12"
    assert warehouse.ok("extract", "status").stderr == ""


# Size

MEASURE = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def test_a_file_that_unpacks_to_gigabytes_fails_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    block = gzip.compress(b" " * 64_000_000, compresslevel=1)
    (tmp_path / "2020-01.json.gz").write_bytes(block * 15)
    # A sparse file, which takes no room on the disk.
    with (tmp_path / "2020-02.json").open("wb") as file:
        file.truncate(5_000_000_000)
    write_month(tmp_path, "2020-03", [middle_document(1)])
    command = resolved(["extract", "load", "--from", tmp_path])
    done = warehouse.run(sys.executable, "-c", MEASURE, *command)
    code, peak = map(int, done.stdout.split()[-2:])
    assert code == 1
    reason = "more than 128 MB unpacked, which no month is: if it is meant, set NYT_MAX_ANSWER_MB"
    lines = done.stderr.splitlines()
    assert [line.partition(" higher")[0] for line in lines] == [
        f"2020-01: failed: {reason}",
        f"2020-02: failed: {reason}",
        "2020-03: loaded, 1 documents",
    ]
    assert peak * (1 if sys.platform == "darwin" else 1024) < 450e6


def test_the_limit_can_be_set(warehouse: Warehouse, tmp_path: Path) -> None:
    docs = [middle_document(n, abstract="Kelp. " * 1_000) for n in range(200)]
    write_month(tmp_path, "2020-01", docs)
    environment = warehouse.env | {"NYT_MAX_ANSWER_MB": "1"}
    done = load(Warehouse(warehouse.folder, environment), tmp_path)
    assert (done.returncode, done.stdout) == (1, summary(failed=1))
    assert "2020-01: failed: more than 1 MB unpacked" in done.stderr
    assert load(warehouse, tmp_path).returncode == 0
    for wrong in ("0", "-1", "1.5", "lots", "99999"):
        environment = warehouse.env | {"NYT_MAX_ANSWER_MB": wrong}
        done = load(Warehouse(warehouse.folder, environment), tmp_path, "--refresh")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            f"error: NYT_MAX_ANSWER_MB is {wrong!r}: give whole megabytes from 1 to 4,096\n"
        )


# extract remove


@pytest.fixture
def three(warehouse: Warehouse, tmp_path: Path) -> Path:
    """Three loaded months, each with a rejected document and one with unreadable fields."""
    for month in ("2020-01", "2020-02", "2020-03"):
        docs = [middle_document(n) for n in range(5)]
        write_month(tmp_path, month, [*docs, middle_document(6, headline=7), b"{}"])
    assert load(warehouse, tmp_path).returncode == 1
    return tmp_path


def test_a_removed_month_is_gone_and_its_file_stays(warehouse: Warehouse, three: Path) -> None:
    before = warehouse.raw_tables()
    server = f"the database news at {warehouse.folder}, port 5432"
    done = warehouse.run("extract", "remove", "2020-02", "--to", three, "--yes")
    assert done.returncode == 0
    file = three / "2020-02.json.gz"
    assert done.stderr == f"2020-02: removed, 6 documents; its file stays: {file}\n"
    assert done.stdout == f"removed: 1 months, 6 documents, from {server}; now run `dbt build`\n"
    assert file.exists()
    after = warehouse.raw_tables()
    assert after == [[row for row in rows if row[0].month != 2] for rows in before]
    assert load(warehouse, three).returncode == 1
    assert months_stored(warehouse) == ["2020-01", "2020-02", "2020-03"]


def test_months_are_removed_by_a_window(warehouse: Warehouse, three: Path) -> None:
    done = warehouse.run("extract", "remove", "--start", "2020-02", "--end", "2020-12", "--yes")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "2020-02: removed, 6 documents", "2020-03: removed, 6 documents"
    ]  # fmt: skip
    assert months_stored(warehouse) == ["2020-01"]


def test_nothing_is_removed_before_somebody_says_yes(warehouse: Warehouse, three: Path) -> None:
    done = warehouse.run("extract", "remove", "2020-01", "2020-03")
    assert done.returncode == 1
    question = f"Remove 2 months, 12 documents, from the database news at {warehouse.folder}, port"
    assert question in done.stderr
    assert len(months_stored(warehouse)) == 3


def test_removing_what_is_not_loaded_is_exit_code_1(warehouse: Warehouse, three: Path) -> None:
    done = warehouse.run("extract", "remove", "2020-01", "2021-05", "--yes")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["2021-05: not loaded", "2020-01: removed, 6 documents"]
    done = warehouse.run("extract", "remove", "--start", "2021-01", "--yes")
    assert (done.returncode, done.stderr) == (1, "none of these months is loaded\n")
    assert months_stored(warehouse) == ["2020-02", "2020-03"]


@pytest.mark.parametrize("options", [[], ["2020-01", "--start", "2020-01"], ["2020-1"]])
def test_remove_asks_for_months_in_one_line(warehouse: Warehouse, options: list[str]) -> None:
    done = warehouse.run("extract", "remove", *options, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_remove_waits_for_a_loader_of_the_month(warehouse: Warehouse, three: Path) -> None:
    with warehouse.connect() as connection:
        with connection.transaction():
            connection.execute(
                "select pg_advisory_xact_lock(hashtext('raw.nyt_months'), %s)",
                [date(2020, 1, 1).toordinal()],
            )
            remover = warehouse.start("extract", "remove", "2020-01", "--yes")
            waiting = """
                select count(*) from pg_stat_activity
                where application_name = 'extract remove' and wait_event_type = 'Lock'
            """
            wait_until(lambda: warehouse.value(waiting) == 1)
            assert len(months_stored(warehouse)) == 3
        _, stderr = remover.communicate(timeout=30)
    assert remover.returncode == 0, stderr
    assert months_stored(warehouse) == ["2020-02", "2020-03"]
