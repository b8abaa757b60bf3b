"""`extract load`: many at once, killed half-way, memory; the sample beside real months."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from loading import by_id, load, months_stored, summary, wait_for_blocked, wait_until
from support import (
    Doc,
    Warehouse,
    dated,
    middle_document,
    new_document,
    resolved,
    response,
    write_body,
    write_month,
)

from extract.outlets.nyt.responses import SAMPLE_COPYRIGHT

BOM = b"\xef\xbb\xbf"


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.empty()


# Many at once, and killed halfway


def test_two_loaders_of_one_folder_load_it_once(warehouse: Warehouse, tmp_path: Path) -> None:
    months = {f"2020-{m:02}": [middle_document(n, m=m) for n in range(300)] for m in range(1, 9)}
    for month, docs in months.items():
        write_month(tmp_path, month, docs)
    with warehouse.connect() as connection:
        # All wait for one lock, and go on together when it is free.
        with connection.transaction():
            connection.execute("lock table raw.nyt_rejects in access exclusive mode")
            command = ("extract", "load", "--from", tmp_path, "--json")
            loaders = [warehouse.start(*command) for _ in range(2)]
            wait_for_blocked(warehouse, 4)  # each loads two months at a time
        outputs = [loader.communicate(timeout=60) for loader in loaders]
    assert [loader.returncode for loader in loaders] == [0, 0], outputs
    outcomes = [json.loads(stdout)["months"] for stdout, _ in outputs]
    for both in zip(*outcomes, strict=True):
        assert sorted(month["outcome"] for month in both) == ["loaded", "unchanged"]
    assert {month: warehouse.documents(month) for month in months} == {
        month: by_id(dated(month, docs)) for month, docs in months.items()
    }


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)],
    ids=["killed", "interrupted"],
)
def test_a_loader_ended_halfway_leaves_whole_months(
    warehouse: Warehouse, tmp_path: Path, ending: signal.Signals, exit_code: int
) -> None:
    first = [middle_document(n) for n in range(100)]
    trams = [{"name": "Subject", "value": "Trams"}]
    second = [new_document(n, keywords=trams) for n in range(50, 200)]
    write_month(tmp_path, "2020-02", first)
    assert load(warehouse, tmp_path).returncode == 0
    february = warehouse.raw_tables()
    for month in ("2020-01", "2020-02", "2020-03"):
        write_month(tmp_path, month, second)
    with warehouse.connect() as connection, connection.transaction():
        # The loader waits for this row after it has copied the month's documents.
        connection.execute("select 1 from raw.nyt_months for update")
        loader = warehouse.start("extract", "load", "--from", tmp_path)
        wait_for_blocked(warehouse, 1)
        # Two months are loaded at a time.
        wait_until(lambda: "2020-01" in months_stored(warehouse))
        loader.send_signal(ending)
        _, stderr = loader.communicate(timeout=30)
        assert loader.returncode == exit_code, stderr
        assert "Traceback" not in stderr
    sessions = "select count(*) from pg_stat_activity where application_name = 'extract load'"
    wait_until(lambda: warehouse.value(sessions) == 0)
    stored = months_stored(warehouse)
    # March may have been stored before the loader was killed.
    assert stored in (["2020-01", "2020-02"], ["2020-01", "2020-02", "2020-03"])
    for month in {*stored} - {"2020-02"}:
        assert warehouse.documents(month) == by_id(dated(month, second))
    # February is as it was, even its loading time.
    tables = warehouse.raw_tables()
    assert [[row for row in rows if row[0].month == 2] for rows in tables] == february
    done = load(warehouse, tmp_path)
    unchanged = len(stored) - 1
    assert (done.returncode, done.stdout) == (
        0,
        summary(loaded=2 - unchanged, replaced=1, unchanged=unchanged, docs=3 * len(second)),
    )
    for month in ("2020-01", "2020-02", "2020-03"):
        assert warehouse.documents(month) == by_id(dated(month, second))


def test_a_failing_server_is_one_line(warehouse: Warehouse, tmp_path: Path) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    write_month(tmp_path, "2020-02", [middle_document(2)])
    with warehouse.connect() as connection:
        with connection.transaction():
            connection.execute("lock table raw.nyt_rejects in access exclusive mode")
            loader = warehouse.start("extract", "load", "--from", tmp_path)
            wait_for_blocked(warehouse, 2)
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'extract load'"
            )
        stdout, stderr = loader.communicate(timeout=30)
    assert (loader.returncode, stdout) == (2, "")
    assert stderr.startswith(
        "error: 2020-01 was not loaded, and is as it was: the warehouse failed: "
    )
    assert stderr.endswith("run the same command again\n")
    assert len(stderr.splitlines()) == 1
    assert not months_stored(warehouse)


def test_memory_stays_low(warehouse: Warehouse, tmp_path: Path) -> None:
    text = "Growers say that kelp could look very different by spring. " * 75
    docs: list[Doc | bytes] = [middle_document(n, lead_paragraph=text) for n in range(9300)]
    body = response(docs)
    assert 50_000_000 < len(body) < 60_000_000
    # One month is stored while the next is read.
    write_body(tmp_path, "2020-01", body)
    write_body(tmp_path, "2020-02", BOM + body.replace(b"2020-01-05T", b"2020-02-05T"), gz=False)
    write_body(tmp_path, "2020-03", body[:-1], gz=False)
    # Through another process: a child's peak memory begins with its parent's.
    measure = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    load_all = resolved(["extract", "load", "--from", tmp_path])
    done = warehouse.run(sys.executable, "-c", measure, *load_all)
    code, peak = map(int, done.stdout.split()[-2:])
    assert code == 1, done.stderr  # the third is truncated
    assert warehouse.value("select count(*) from raw.nyt_articles") == 2 * len(docs)
    assert peak * (1 if sys.platform == "darwin" else 1024) < 400e6


# The generated sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, warehouse: Warehouse) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    done = warehouse.run("extract", "sample", folder, "--start", "2022-01", "--end", "2022-02")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 months, ")
    return folder


def test_real_months_take_the_place_of_the_sample(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    done = load(warehouse, sample)
    assert done.returncode == 0, done.stderr
    assert warehouse.rows("select distinct source from raw.nyt_months") == [("sample",)]
    write_month(tmp_path, "2022-02", [middle_document(1)])
    write_month(tmp_path, "2022-03", [middle_document(2)])
    done = load(warehouse, tmp_path)
    assert done.returncode == 0
    # Two months are loaded at a time; the one that is stored first removes the sample.
    lines = done.stderr.splitlines()
    removed = [line for line in lines if "real articles: the sample's 2 months" in line]
    assert len(removed) == 1
    february, march = (line for line in lines if line not in removed)
    assert february in ("2022-02: replaced, 1 documents", "2022-02: loaded, 1 documents")
    assert march == "2022-03: loaded, 1 documents"
    assert months_stored(warehouse) == ["2022-02", "2022-03"]
    assert warehouse.value("select count(*) from raw.nyt_articles") == 2


def test_a_bad_real_month_does_not_remove_the_sample(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    assert load(warehouse, sample).returncode == 0
    write_body(tmp_path, "2022-02", response([middle_document(1), middle_document(2)])[:-9])
    assert load(warehouse, tmp_path).returncode == 1
    months = warehouse.rows("select source, docs from raw.nyt_months")
    assert [source for source, _ in months] == ["sample", "sample"]
    articles = warehouse.value("select count(*) from raw.nyt_articles")
    assert articles == sum(docs for _, docs in months) > 4000


def test_the_sample_is_refused_over_real_months(
    warehouse: Warehouse, tmp_path: Path, sample: Path
) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    assert load(warehouse, tmp_path).returncode == 0
    before = warehouse.raw_tables()
    done = load(warehouse, sample)
    assert (done.returncode, done.stdout) == (1, summary(failed=2))
    january, february = done.stderr.splitlines()
    assert january.startswith(
        "2022-01: failed: the generated sample: the warehouse holds 1 real months and does not "
        "mix the two; load a folder of real files, or use another warehouse (WAREHOUSE_DIR)"
    )
    assert february.startswith("2022-02: failed: the generated sample")
    assert warehouse.raw_tables() == before


def test_the_sample_waits_for_a_real_month_being_loaded(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_month(tmp_path, "2022-01", [middle_document(1)], copyright_=SAMPLE_COPYRIGHT)
    with warehouse.connect() as connection:
        with connection.transaction():
            connection.execute(
                "insert into raw.nyt_months "
                "values ('2020-01-01', 0, 0, 0, '', 0, '2020-01.json', true, now(), now())"
            )
            loader = warehouse.start("extract", "load", "--from", tmp_path)
            wait_for_blocked(warehouse, 1)
        _, stderr = loader.communicate(timeout=30)
    assert loader.returncode == 1
    assert "the warehouse holds 1 real months" in stderr
    assert months_stored(warehouse) == ["2020-01"]


def test_a_wait_names_who_else_holds_a_table_and_never_the_loader_itself(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Where one of the loader's own sessions waits for the other, it says nothing."""
    warehouse.empty()
    for month in ("2020-01", "2020-02"):
        write_month(tmp_path, month, [middle_document(1)], copyright_=SAMPLE_COPYRIGHT)
    with warehouse.connect() as reader, reader.transaction():
        reader.execute("lock table raw.nyt_rejects in access exclusive mode")
        loader = warehouse.start("extract", "load", "--from", tmp_path)
        assert loader.stderr is not None
        lines = [loader.stderr.readline()]
        time.sleep(3)  # meanwhile the loader's other session waits too
        pid = reader.info.backend_pid
    lines += loader.communicate(timeout=60)[1].splitlines(keepends=True)
    waiting = [line for line in lines if line.startswith("waiting: ")]
    assert loader.returncode == 0
    assert waiting
    for line in waiting:
        assert line.startswith(f"waiting: a session holds a table (login postgres, process {pid}; ")
