"""`warehouse backup` and `restore`: a backup comes back whole, and a bad file changes nothing."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import (
    PROJECT_DIR,
    Warehouse,
    fill,
    middle_document,
    month_of_three_topics,
    small_disk,
    temporary_warehouse,
    write_month,
)

SCHEMAS = ("raw", "growth", "staging", "intermediate", "marts")
LEDGER = "raw.ratelimit___nyt_requests"
OTHER_LEDGER = "raw.ratelimit___gazette_requests"
NAME = re.compile(r"news-\d{4}-\d\d-\d\dT\d{6}Z\.dump")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with two months, a rejected document, marts, a fit, and requests in the
    ledger."""
    folder = tmp_path_factory.mktemp("months")
    for month in ("2020-01", "2020-02"):
        docs = [*month_of_three_topics(month), middle_document(1, _id=None)]
        write_month(folder, month, docs)
    with temporary_warehouse() as own:
        assert own.run("extract", "load", "--from", folder).returncode == 1  # one is rejected
        own.build()
        own.ok("growth", "fit", "--min-articles", "10")
        own.ok("extract", "fetch", "--dry-run")  # creates the ledger of requests
        with own.connect() as connection:
            connection.execute(f"insert into {LEDGER} values ('old', 1, now())".encode())
        yield own


@pytest.fixture(scope="module")
def dump(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of ``built``."""
    folder = tmp_path_factory.mktemp("backups")
    return Path(built.ok("warehouse", "backup", "--to", folder).stdout.strip())


def content(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows and the definition of every table and view of the warehouse."""
    relations = warehouse.rows(
        """
        select
            pg_class.oid::regclass::text,
            case relkind when 'v' then pg_get_viewdef(pg_class.oid) else (
                select string_agg(indexdef, ';' order by indexdef)
                from pg_indexes
                where schemaname = nspname and tablename = relname
            ) end
        from pg_class
        inner join pg_namespace on relnamespace = pg_namespace.oid
        where nspname = any(%s) and relkind in ('r', 'v')
        """,
        list(SCHEMAS),
    )
    return {
        name: [(definition,), *warehouse.rows(f"select t::text from {name} as t order by 1")]
        for name, definition in relations
    }


def test_dump_destroy_restore(built: Warehouse, dump: Path) -> None:
    assert NAME.fullmatch(dump.name)
    assert dump.stat().st_mode & 0o077 == 0  # only the owner may read it
    before = content(built)
    assert len(before["marts.fct_topic_daily"]) > 100
    assert len(before["marts.popular_topics"]) > 3
    assert len(before["raw.nyt_rejects"]) == 3
    built.ok("warehouse", "remove", "--yes")
    done = built.run("warehouse", "restore", dump)  # does not ask: nothing is stored
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"restored: {dump}\n")
    assert content(built) == before
    # The restored warehouse can be loaded and built.
    done = built.ok("growth", "fit", "--min-articles", "10")
    assert "stored before" in done.stderr


def test_restore_asks_where_there_is_data_and_replaces_it_all(built: Warehouse, dump: Path) -> None:
    before = content(built)
    with built.connect() as connection:
        connection.execute("delete from raw.nyt_months where archive_month = '2020-02-01'")
        connection.execute("drop table marts.dim_topics")
        connection.execute("create table marts.later (a integer)")
        connection.execute(f"insert into {LEDGER} values ('made since', 1, now())".encode())
        # Another outlet's tables.
        connection.execute("create table raw.gazette_months as table raw.nyt_months")
        connection.execute(f"create table {OTHER_LEDGER} as table {LEDGER}".encode())
    changed = content(built)
    done = built.run("warehouse", "restore", dump)
    assert done.returncode == 1
    assert f"Replace what the database news at {built.folder}, port 5432 holds (" in done.stdout
    assert "2 months, 168 documents, 1 fit, " in done.stdout
    assert f"by {dump}?" in done.stdout
    assert content(built) == changed
    built.ok("warehouse", "restore", dump, "--yes")
    after = content(built)
    # The requests made since the backup still count.
    assert after.pop(LEDGER) == changed[LEDGER]
    assert after.pop(OTHER_LEDGER) == changed[OTHER_LEDGER]
    assert len(before.pop(LEDGER)) == len(changed[LEDGER]) - 1
    assert after == before
    assert built.value("select count(*) from pg_namespace where nspname ~ 'restore'") == 0
    with built.connect() as connection:
        connection.execute(f"drop table {OTHER_LEDGER}".encode())


def test_roles_come_back(built: Warehouse, dump: Path) -> None:
    def grants() -> list[tuple[object, ...]]:
        return built.rows(
            """
            select pg_class.oid::regclass::text, pg_get_userbyid(relowner), array(
                select item::text from unnest(relacl) as item order by 1
            )
            from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
            where nspname = any(%s) and relkind in ('r', 'v') order by 1
            """,
            list(SCHEMAS),
        )

    built.ok("warehouse", "roles")
    before = grants()
    assert {owner for _, owner, _ in before} == {"loader", "transformer", "modeller"}
    rows = content(built)
    built.ok("warehouse", "restore", dump, "--yes")
    assert grants() == before
    assert content(built) == rows
    # The transformer can build on the restored tables.
    built.ok("dbt", "run", "--select", "fct_daily_articles")
    assert grants() == before


def test_the_newest_are_kept(built: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "backups"
    names = []
    for count in range(3):
        done = built.ok("warehouse", "backup", "--to", folder, "--keep", "2")
        names.append(Path(done.stdout.strip()).name)
        if count == 0:
            for other in ("news-2019.dump", "notes.txt", "news-2019-01-01T000000Z.dump.gz"):
                (folder / other).write_text("mine")
    assert done.stderr == f"removed: {folder / names[0]}\n"
    assert folder.stat().st_mode & 0o077 == 0
    assert len({*names}) == 3
    assert {path.name for path in folder.iterdir()} == {
        *names[1:], "news-2019.dump", "notes.txt", "news-2019-01-01T000000Z.dump.gz"
    }  # fmt: skip


def test_a_new_backup_never_goes_for_files_of_the_future(built: Warehouse, tmp_path: Path) -> None:
    """They were dated by a clock that was ahead."""
    later = [tmp_path / f"news-209{n}-01-01T000000Z.dump" for n in range(7)]
    older = [tmp_path / f"news-200{n}-01-01T000000Z.dump" for n in range(3)]
    for file in (*later, *older):
        file.write_text("a backup")
    (tmp_path / "news-1999-01-01T000000Z.dump").mkdir()
    (tmp_path / "news-1998-01-01T000000Z.dump").symlink_to(older[0])
    for keep, kept in ((2, [older[2]]), (1, [])):
        done = built.ok("warehouse", "backup", "--to", tmp_path, "--keep", str(keep))
        new = Path(done.stdout.strip())
        assert new.stat().st_size > 10_000 and new.stat().st_mode & 0o777 == 0o600
        assert all(file.exists() for file in later)
        assert [file for file in older if file.exists()] == kept
        assert (
            f"dated in the future, neither counted nor deleted: {later[0]} and 6 more\n"
            in done.stderr
        )
    assert len(list(tmp_path.iterdir())) == 7 + 1 + 2


def test_an_old_backup_that_cannot_be_removed_is_said(built: Warehouse, tmp_path: Path) -> None:
    with small_disk(tmp_path, 2) as disk:
        old = disk / "news-2000-01-01T000000Z.dump"
        old.write_text("a backup")
        subprocess.run(["mount", "--bind", old, old], check=True)
        try:
            done = built.ok("warehouse", "backup", "--to", disk, "--keep", "1")
        finally:
            subprocess.run(["umount", old], check=True)
        assert done.stderr == f"cannot be removed: {old} (Device or resource busy)\n"
        assert {path.name for path in disk.iterdir()} == {old.name, Path(done.stdout.strip()).name}


@pytest.mark.parametrize("left", [0, 20_000])
def test_a_backup_on_a_full_disk_costs_none_of_the_old(
    built: Warehouse, tmp_path: Path, left: int
) -> None:
    with small_disk(tmp_path) as disk:
        old = disk / "news-2000-01-01T000000Z.dump"
        old.write_text("a backup")
        fill(disk, left)
        names = {path.name for path in disk.iterdir()}
        done = built.run("warehouse", "backup", "--to", disk, "--keep", "1")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert f"the disk of {disk} (mounted at {disk}) is full: 0 MB free; " in done.stderr
        assert {path.name for path in disk.iterdir()} == names
        assert old.read_text() == "a backup"


def test_backups_at_once_get_names_of_their_own(built: Warehouse, tmp_path: Path) -> None:
    running = [built.start("warehouse", "backup", "--to", tmp_path) for _ in range(3)]
    names = {process.communicate(timeout=60)[0].strip() for process in running}
    assert {process.returncode for process in running} == {0}
    assert {str(path) for path in tmp_path.iterdir()} == names and len(names) == 3


@pytest.mark.parametrize("kind", ["cut", "cut early", "flipped", "text", "empty", "none"])
def test_a_bad_file_changes_nothing(
    built: Warehouse, dump: Path, tmp_path: Path, kind: str
) -> None:
    whole = dump.read_bytes()
    middle = len(whole) * 2 // 3
    bad = {
        "cut": whole[:-200],
        "cut early": whole[:300],
        "flipped": whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 64])
        + whole[middle + 64 :],
        "text": b"select 1;\n",
        "empty": b"",
    }  # fmt: skip
    file = tmp_path / dump.name
    if kind in bad:
        file.write_bytes(bad[kind])
    before = content(built)
    done = built.run("warehouse", "restore", file, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    *before_it, line = done.stderr.splitlines()
    if before_it:
        # Flipped bytes may pass as data until the server reads them.
        assert kind == "flipped"
        assert line.startswith("error: the backup was not restored, and nothing was changed: ")
    else:
        assert line.startswith(f"error: {file} is ")
    assert content(built) == before


def test_another_databases_dump_is_refused(built: Warehouse, tmp_path: Path) -> None:
    with built.connect() as connection:
        connection.execute("create table public.other as select 1 as a")
    file = tmp_path / "other.dump"
    script = f'eval "$(warehouse env)" && {pg_dump(built)} -Fc -t public.other -f "$0"'
    built.ok("sh", "-c", script, str(file))
    before = content(built)
    done = built.run("warehouse", "restore", file, "--yes")
    assert done.returncode == 2
    assert done.stderr == (f"error: {file} is not a backup of a warehouse; nothing was changed\n")
    assert content(built) == before


def pg_dump(warehouse: Warehouse) -> str:
    program = "from warehouse.embedded import server; print(server.client_program('pg_dump'))"
    return warehouse.ok("python", "-c", program).stdout.strip()


def test_a_restore_that_fails_halfway_changes_nothing(built: Warehouse, tmp_path: Path) -> None:
    """The last table needs a type that no longer exists."""
    with built.connect() as connection:
        connection.execute("create type public.mood as enum ('glad')")
        connection.execute("create table marts.zz_moods as select 'glad'::public.mood as mood")
        file = built.ok("warehouse", "backup", "--to", tmp_path / "new").stdout.strip()
        connection.execute("drop type public.mood cascade")
        connection.execute("drop table marts.zz_moods")
    before = content(built)
    done = built.run("warehouse", "restore", file, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1:] == [
        "error: the backup was not restored, and nothing was changed: "
        'type "public.mood" does not exist'
    ]
    assert content(built) == before


def test_a_failed_backup_leaves_no_file(built: Warehouse, tmp_path: Path) -> None:
    with built.connect() as connection:
        connection.execute("create role guest login")
    kept = tmp_path / "news-2019-01-01T000000Z.dump"
    kept.write_text("an older one")
    own_server = {"WAREHOUSE_DIR": str(tmp_path / "none"), "PGHOST": str(built.folder),
                  "PGDATABASE": "news", "PGUSER": "guest"}  # fmt: skip
    done = built.run("warehouse", "backup", "--to", tmp_path, "--keep", "1", **own_server)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the backup failed: ")
    assert "permission denied for " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [kept]
    done = built.run("warehouse", "backup", "--to", kept)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {kept} cannot be made: it is not a folder; ")


def test_make(built: Warehouse, tmp_path: Path) -> None:
    """With the packages marked as installed."""

    def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return built.run("make", "-C", PROJECT_DIR, "-s", "-o", ".venv/.installed", *arguments)

    before = content(built)
    for _ in range(2):
        done = make("backup", f"TO={tmp_path}", "KEEP=1")
        assert done.returncode == 0, done.stderr
    [file] = tmp_path.iterdir()
    assert done.stdout == f"{file}\n"
    done = make("restore")
    assert done.returncode == 2
    assert "make restore FILE=data/backups/news-....dump: FILE is missing" in done.stderr
    with built.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"drop schema {schema} cascade".encode())
    done = make("restore", f"FILE={file}")
    assert (done.returncode, done.stderr) == (0, f"restored: {file}\n")
    assert content(built) == before
