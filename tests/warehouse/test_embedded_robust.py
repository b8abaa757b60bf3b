"""The embedded server after crashes, among other users, on full disks and under odd names."""

import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from support import Done, Warehouse, fill, run, small_disk, temporary_warehouse

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root writes into other users' folders")
on_linux = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="only Linux tells in which folder a process works"
)
NOBODY = pwd.getpwnam("nobody")

# Characters that a path may hold; those below are refused.
ODD = "-a 'b' \"c\" \\ \\n $HOME `id` %s # {{ x }} [*]?;&|<>!~=:@ \t\x01é\u2028"


@pytest.fixture(scope="module")
def own() -> Iterator[Warehouse]:
    """This file's own warehouse, with a table `kept`."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        with own.connect() as connection:
            connection.execute("create table kept as select 7 as value")
        yield own


@pytest.fixture
def fresh() -> Iterator[Warehouse]:
    """A warehouse that does not exist yet."""
    with temporary_warehouse() as own:
        yield own


def one_line(done: Done, *said: str) -> str:
    """Check that a command was refused in one line that holds all these words; return the line."""
    assert (done.returncode, done.stdout) == (2, ""), done
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    for words in said:
        assert words in line
    return line


def killed(own: Warehouse) -> Path:
    """Kill the server as a power cut would, and return its lock file."""
    own.ok("warehouse", "start")
    process = own.server_process()
    os.kill(process, signal.SIGKILL)
    file = own.folder / "data" / "postmaster.pid"
    assert file.exists()
    return file


def servers(own: Warehouse) -> list[int]:
    """Return the processes that serve the warehouse's data."""
    data = (own.folder / "data").stat()
    found = []
    for process in Path("/proc").iterdir():
        try:
            here = (process / "cwd").stat()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.path.samestat(here, data) and b"-D\0data\0" in command:
            found.append(int(process.name))
    return found


def owner_of(folder: Path) -> dict[str, int]:
    """Return a folder's user and group, for a process to run as."""
    return {"user": folder.stat().st_uid, "group": folder.stat().st_gid}


def tree(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Return mode, owner and content of everything in a folder; links are not followed."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (state.st_mode, state.st_uid, state.st_gid, content)
    return found


# The server is found by the working directory of its process


@pytest.fixture(scope="module")
def others(warehouse: Warehouse) -> dict[str, int]:
    """Process ids of another warehouse's server, of a child of it, and of one that has ended."""
    with warehouse.connect() as connection:
        [backend] = connection.execute("select pg_backend_pid()").fetchone() or [0]
        checkpointer = connection.execute(
            "select pid from pg_stat_activity where backend_type = 'checkpointer'"
        ).fetchone()
    assert checkpointer is not None
    return {"server": warehouse.server_process(), "child": checkpointer[0], "ended": backend}


@on_linux
@pytest.mark.parametrize("which", ["server", "child", "ended"])
def test_a_lock_file_that_names_another_warehouses_process(
    own: Warehouse, warehouse: Warehouse, others: dict[str, int], which: str
) -> None:
    file = killed(own)
    pid = others[which]
    _, rest = file.read_text().split("\n", maxsplit=1)
    file.write_text(f"{pid}\n{rest}")
    lock = own.folder / ".s.PGSQL.5432.lock"
    lock.write_text(f"{pid}\n{lock.read_text().partition(chr(10))[2]}")
    assert own.run("warehouse", "status").stdout == f"embedded server, stopped: {own.folder}\n"
    assert own.run("warehouse", "stop").stderr == f"not running: {own.folder}\n"
    assert own.run("warehouse", "start").stderr == f"started: {own.folder}\n"
    assert own.value("table kept") == 7
    assert servers(own) == [own.server_process()]
    assert warehouse.server_process() == others["server"]
    assert warehouse.value("select 1") == 1


@on_linux
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff no number\n", b"99999999999999999999\n-1\n", b"1"],
    ids=["empty", "no number", "no process", "cut off"],
)
def test_a_lock_file_that_a_crash_has_cut(own: Warehouse, content: bytes) -> None:
    file = killed(own)
    file.write_bytes(content)
    (own.folder / ".s.PGSQL.5432.lock").write_bytes(content)
    assert own.run("warehouse", "start").stderr == f"started: {own.folder}\n"
    assert own.value("table kept") == 7


@on_linux
@pytest.mark.parametrize("kind", ["link", "pipe", "closed"])
def test_a_lock_file_that_is_none(own: Warehouse, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    file = killed(own)
    for path in (file, own.folder / ".s.PGSQL.5432.lock"):
        path.unlink()
        if kind == "link":
            path.symlink_to(other)
        elif kind == "pipe":
            os.mkfifo(path)
        else:  # as root, the server's user cannot read it
            path.write_text("1\n")
            path.chmod(0)
    assert own.run("warehouse", "start").stderr == f"started: {own.folder}\n"
    assert own.value("table kept") == 7
    assert other.read_text() == "mine"


def test_a_folder_in_the_place_of_a_lock_file(own: Warehouse) -> None:
    for file in (own.folder / "data" / "postmaster.pid", own.folder / ".s.PGSQL.5432.lock"):
        killed(own)
        file.unlink()
        file.mkdir()
        (file / "mine").touch()
        line = one_line(own.run("warehouse", "start"))
        assert f"{file} is in the way of the server and cannot be deleted" in line
        assert (file / "mine").exists()
        shutil.rmtree(file)
        own.ok("warehouse", "start")


@on_linux
@pytest.mark.parametrize("content", [b"", b"1\nx\n", None], ids=["empty", "another", "none"])
def test_a_running_server_is_found_whatever_its_lock_file_says(
    own: Warehouse, content: bytes | None
) -> None:
    own.ok("warehouse", "start")
    file = own.folder / "data" / "postmaster.pid"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    assert own.run("warehouse", "status").stdout == f"embedded server, running: {own.folder}\n"
    assert own.run("warehouse", "start").stderr == f"already running: {own.folder}\n"
    assert len(servers(own)) == 1
    assert own.run("warehouse", "stop").stderr == f"stopped: {own.folder}\n"
    assert servers(own) == []


@on_linux
def test_never_two_servers_on_one_data_folder(own: Warehouse) -> None:
    """All files that name the first server are deleted."""
    own.ok("warehouse", "start")
    [first] = servers(own)
    for name in ("data/postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (own.folder / name).unlink()
    assert own.run("warehouse", "start").stderr == f"started: {own.folder}\n"
    [second] = servers(own)
    assert first != second
    assert own.value("table kept") == 7


@on_linux
def test_what_a_killed_server_leaves_behind_is_named(own: Warehouse) -> None:
    """A running query does not notice that its server is gone, and would write beside a second
    one."""
    own.ok("warehouse", "start")
    [server] = servers(own)
    with own.connect() as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(server, signal.SIGKILL)
        line = one_line(own.run("warehouse", "start"))
        assert f"still uses {own.folder}/data: end it (kill {backend}" in line
        os.kill(backend, signal.SIGKILL)
    own.ok("warehouse", "start")
    assert own.value("table kept") == 7


@on_linux
@pytest.mark.nightly
def test_a_folder_moved_while_its_server_runs_leaves_the_next_one_alone(fresh: Warehouse) -> None:
    fresh.ok("warehouse", "start")
    moved = fresh.folder.with_name("moved")
    fresh.folder.rename(moved)
    fresh.ok("warehouse", "start")
    done = fresh.run("warehouse", "stop", WAREHOUSE_DIR=str(moved))
    assert done.stderr == f"stopped: {moved}\n"
    assert fresh.value("select 1") == 1
    assert fresh.run("warehouse", "remove", "--yes", WAREHOUSE_DIR=str(moved)).returncode == 0
    assert fresh.run("warehouse", "status").stdout.startswith("embedded server, running")


@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_a_container_where_root_sees_little_of_others_processes(own: Warehouse) -> None:
    own.ok("warehouse", "start")
    (own.folder / ".s.PGSQL.5432").unlink()
    stop = ("setpriv", "--bounding-set=-sys_ptrace", "warehouse", "stop")
    assert own.run(*stop).stderr == f"stopped: {own.folder}\n"
    assert servers(own) == []


@as_root
def test_a_container_does_not_stop_what_another_one_runs(own: Warehouse) -> None:
    own.ok("warehouse", "start")
    process = own.server_process()
    container = ("unshare", "--pid", "--fork", "--mount-proc")
    if subprocess.run([*container, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no namespaces can be made here")
    one_line(
        own.run(*container, "warehouse", "stop"),
        f"another machine or container runs the server of {own.folder}: stop it there",
    )
    assert own.run(*container, "warehouse", "start").stderr == f"already running: {own.folder}\n"
    assert servers(own) == [process]


def test_a_database_that_an_interrupted_start_did_not_make(own: Warehouse) -> None:
    own.ok("warehouse", "start")
    with psycopg.connect(
        host=str(own.folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("alter database news rename to old")
        assert own.run("warehouse", "start").stderr == f"already running: {own.folder}\n"
        assert own.value("select count(*) from pg_class where relname = 'kept'") == 0
        connection.execute("drop database news")
        connection.execute("alter database old rename to news")
    assert own.value("table kept") == 7


# The caller's environment


def test_no_variable_of_libpq_redirects_the_start(fresh: Warehouse) -> None:
    variables = {
        "PGPORT": "9", "PGUSER": "somebody", "PGSERVICEFILE": "/elsewhere",
        "PGDATABASE": "elsewhere", "PGOPTIONS": "-c default_transaction_read_only=on",
        "PGREQUIREAUTH": "scram-sha-256", "PGCHANNELBINDING": "require", "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby", "PGCLIENTENCODING": "nonsense", "PGDATA": "/elsewhere",
    }  # fmt: skip
    done = fresh.run("warehouse", "start", **variables)
    assert (done.returncode, done.stderr) == (0, f"started: {fresh.folder}\n")
    assert fresh.value("select current_database()") == "news"
    done = fresh.run("warehouse", "stop", **variables)
    assert (done.returncode, done.stderr) == (0, f"stopped: {fresh.folder}\n")


@on_linux
def test_the_servers_processes_do_not_hold_the_callers_key(own: Warehouse) -> None:
    own.ok("warehouse", "stop")
    assert own.run("warehouse", "start", NYT_API_KEY="secret-of-mine").returncode == 0
    environment = Path(f"/proc/{own.server_process()}/environ").read_bytes()
    assert b"LC_ALL=C" in environment
    assert b"secret-of-mine" not in environment


# Files that are not the warehouse's


def test_a_stray_file_is_in_nobodys_way_and_is_never_deleted(fresh: Warehouse) -> None:
    folder = fresh.folder
    fresh.ok("warehouse", "start")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "notes").mkdir()
    (folder / "notes" / "1.txt").write_text("mine")
    (folder / "core").symlink_to("/nowhere")
    assert fresh.run("warehouse", "stop").stderr == f"stopped: {folder}\n"
    assert fresh.run("warehouse", "status").stdout == f"embedded server, stopped: {folder}\n"
    assert fresh.run("warehouse", "start").stderr == f"started: {folder}\n"
    done = fresh.run("warehouse", "remove", "--yes")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"removed: {folder}\nnot deleted, because ")
    assert done.stderr.endswith(": .DS_Store, core, notes\n")
    assert {path.name for path in folder.iterdir()} == {".DS_Store", "core", "notes"}
    assert (folder / "notes" / "1.txt").read_text() == "mine"
    one_line(fresh.run("warehouse", "start"), "is not a warehouse's folder: it holds .DS_Store")
    shutil.rmtree(folder)


@pytest.mark.nightly
def test_what_a_link_leads_to_is_not_deleted(fresh: Warehouse) -> None:
    """The data folder is a link to a folder whose name must be quoted in the server's settings."""
    disk = fresh.folder.parent / ODD[:30]
    fresh.ok("warehouse", "start")
    fresh.ok("warehouse", "stop")
    odd = fresh.folder.rename(fresh.folder.with_name(ODD[:40]))
    (odd / "data").rename(disk)
    (odd / "data").symlink_to(disk)
    assert fresh.run("warehouse", "start", WAREHOUSE_DIR=str(odd)).returncode == 0
    assert (odd / ".s.PGSQL.5432").is_socket()
    done = fresh.run("warehouse", "remove", "--yes", WAREHOUSE_DIR=str(odd))
    assert done.returncode == 0
    assert not odd.exists()
    assert (disk / "PG_VERSION").exists()


# The lock of the folder

HOLD = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(1, flush=True); input()"


@contextmanager
def holder(file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Hold a lock on a file in another process."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        yield process
        process.kill()


@on_linux
def test_who_holds_the_lock_is_named_and_waited_for(own: Warehouse) -> None:
    own.ok("warehouse", "stop")
    lock = Path(f"{own.folder}.lock")
    with holder(lock) as process:
        starting = own.start("warehouse", "start")
        assert starting.stderr is not None
        line = starting.stderr.readline()
        assert line.startswith(f"waiting: process {process.pid} (python")
        assert line.endswith(f"holds {lock}\n")
        assert starting.poll() is None
    assert starting.communicate(timeout=60) == ("", f"started: {own.folder}\n")
    assert lock.stat().st_mode & 0o777 == 0o600


def test_the_wait_for_the_lock_ends_in_one_line(own: Warehouse) -> None:
    lock = Path(f"{own.folder}.lock")
    impatient = (
        "from warehouse.embedded import start_lock; start_lock.PATIENCE_SECONDS = 0.1; "
        "from warehouse.cli import main; main()"
    )
    with holder(lock):
        done = own.run(sys.executable, "-c", impatient, "stop")
    one_line(done, f"holds {lock}, and only its holder may", "end that process, then run")


def test_the_lock_file_of_an_older_version_is_used_and_closed(own: Warehouse) -> None:
    own.ok("warehouse", "stop")
    lock = Path(f"{own.folder}.lock")
    lock.unlink()
    lock.touch()
    lock.chmod(0o644)
    own.ok("warehouse", "start")
    assert lock.stat().st_mode & 0o777 == 0o600


def make_full(path: Path) -> None:
    path.write_text("mine")


def make_foreign(path: Path) -> None:
    path.touch()
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to(path.with_name("target")),
        lambda path: path.symlink_to("/nowhere/at/all"),
        lambda path: path.hardlink_to(path.with_name("target")),
        os.mkfifo,
        os.mkdir,
        make_full,
        pytest.param(make_foreign, marks=as_root),
    ],
    ids=["link", "dangling link", "hard link", "pipe", "folder", "not empty", "another user's"],
)
def test_what_is_no_lock_file_is_refused_and_stays(
    fresh: Warehouse, make: Callable[[Path], object]
) -> None:
    target = fresh.folder.with_name("target")
    target.touch(0o644)
    make(Path(f"{fresh.folder}.lock"))
    before = tree(fresh.folder.parent)
    line = one_line(fresh.run("warehouse", "start"), f"{fresh.folder}.lock is not a lock file")
    assert "move it away, or choose another folder with WAREHOUSE_DIR" in line
    assert tree(fresh.folder.parent) == before


# Root among other users


@pytest.fixture(scope="module")
def theirs() -> Iterator[Warehouse]:
    """Another user's warehouse in that user's folder, and beside it a file of root's."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        own.ok("warehouse", "stop")
        parent = own.folder.parent
        for path in (parent, own.folder, *own.folder.rglob("*")):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
        secret = parent / "root"
        secret.mkdir(0o700)
        (secret / "file").write_text("root's own\n")
        (secret / "file").chmod(0o600)
        yield own


def link_of_nobodys(path: Path, target: Path) -> None:
    path.symlink_to(target)
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)


@as_root
@pytest.mark.parametrize(
    "name",
    [
        "data/warehouse.conf",
        "data/postmaster.pid",
        "server.log",
        "data",
        pytest.param("data.new", marks=pytest.mark.nightly),
        pytest.param(".s.PGSQL.5432.lock", marks=pytest.mark.nightly),
        pytest.param("data/warehouse.conf.new", marks=pytest.mark.nightly),
        pytest.param("data/postgresql.conf", marks=pytest.mark.nightly),
        pytest.param("data/base", marks=pytest.mark.nightly),
    ],
)
def test_root_follows_no_link_of_another_users(theirs: Warehouse, name: str) -> None:
    secret = theirs.folder.parent / "root"
    before = tree(secret)
    path, aside = theirs.folder / name, theirs.folder.parent / "aside"
    is_folder = path.is_dir() or name == "data.new"
    if path.exists():
        path.rename(aside)
    link_of_nobodys(path, secret if is_folder else secret / "file")
    for command in ("start", "status", "stop"):
        done = theirs.run("warehouse", command)
        assert done.returncode in (0, 2)
        assert len(done.stderr.splitlines()) <= 1
        assert "root's own" not in done.stderr
        assert tree(secret) == before, command
    path.unlink(missing_ok=True)
    if aside.exists():
        aside.rename(path)


@as_root
def test_root_removes_no_more_than_another_users_warehouse(theirs: Warehouse) -> None:
    secret = theirs.folder.parent / "root"
    before = tree(secret)
    for name in ("data.new", "data/pg_tblspc/1", ".s.PGSQL.5432.lock"):
        link_of_nobodys(theirs.folder / name, secret)
    theirs.ok("warehouse", "remove", "--yes")
    assert tree(secret) == before
    assert not theirs.folder.exists()


@as_root
def test_root_takes_no_folder_of_another_users(fresh: Warehouse) -> None:
    fresh.folder.mkdir(0o755)
    os.chown(fresh.folder, NOBODY.pw_uid, NOBODY.pw_gid)
    before = tree(fresh.folder.parent)
    for command in ("start", "remove --yes"):
        done = fresh.run("warehouse", *command.split())
        one_line(done, f"{fresh.folder} belongs to nobody: run as that user, or choose a folder of")
        assert tree(fresh.folder.parent) == before
    # Nor an unfinished warehouse of theirs, nor root's own folder through their link.
    (fresh.folder / "data.new").mkdir()
    one_line(fresh.run("warehouse", "start"), "belongs to nobody")
    shutil.rmtree(fresh.folder)
    empty = fresh.folder.with_name("empty")
    empty.mkdir()
    fresh.folder.symlink_to(empty)
    os.chown(fresh.folder, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
    one_line(
        fresh.run("warehouse", "start"), f"{fresh.folder} is a symbolic link of another user's"
    )
    assert empty.stat().st_uid == 0
    fresh.folder.unlink()


@as_root
def test_root_makes_no_warehouse_where_everybody_may_replace_it(fresh: Warehouse) -> None:
    fresh.folder.parent.chmod(0o777)
    one_line(
        fresh.run("warehouse", "start"), f"everybody may rename what is in {fresh.folder.parent}"
    )
    assert {path.name for path in fresh.folder.parent.iterdir()} <= {"home", "warehouse.lock"}


@as_root
def test_root_makes_no_warehouse_where_another_user_may_replace_it(fresh: Warehouse) -> None:
    parent = fresh.folder.parent / "theirs"
    parent.mkdir()
    os.chown(parent, NOBODY.pw_uid, NOBODY.pw_gid)
    (parent / "empty").mkdir()
    for name in ("new", "new/below", "empty"):
        done = fresh.run("warehouse", "start", WAREHOUSE_DIR=str(parent / name))
        one_line(done, f"{parent} belongs to nobody, who may rename what is in it")
        assert not any((parent / name).glob("*"))


@as_root
def test_root_reaches_no_warehouse_through_another_users_link(fresh: Warehouse) -> None:
    real, link = fresh.folder.with_name("real"), fresh.folder.with_name("link")
    real.mkdir()
    link_of_nobodys(link, real)
    for command in ("warehouse start", "warehouse remove --yes", "extract status"):
        done = fresh.run(*command.split(), WAREHOUSE_DIR=str(link / "warehouse"))
        one_line(done, f"leads through {link}, a symbolic link of another user's")
        assert list(real.iterdir()) == []


# Paths


@pytest.mark.nightly
def test_any_name_that_the_system_allows() -> None:
    with temporary_warehouse(ODD) as odd:
        folder = str(odd.folder)
        odd.ok("warehouse", "start")
        assert odd.value("select 1") == 1
        odd.ok("extract", "status")
        done = odd.run("warehouse", "status", WAREHOUSE_DIR=f"{folder}//")
        assert done.stdout.startswith("embedded server, running: ")
        assert len(done.stdout.splitlines()) == 1
        there = f"{odd.folder.parent}/home/../{odd.folder.name}/"
        assert odd.run("extract", "status", WAREHOUSE_DIR=there).returncode == 0
        shown = odd.run("dbt", "--quiet", "show", "--inline", "select 6 * 7 as answer")
        assert "42" in shown.stdout, shown
        odd.ok("warehouse", "stop")
        odd.ok("warehouse", "remove", "--yes")
        assert not odd.folder.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two\nlines", r"two\nlines has a line break"),
        ("latin-\udce9", r"latin-\udce9 is not UTF-8"),
        ("a,b", "a,b has a comma"),
        ("home/..", "does not end in the name of a folder"),
    ],
)
def test_a_path_that_postgres_cannot_take_is_one_line(
    fresh: Warehouse, name: str, said: str
) -> None:
    base = fresh.folder.parent
    for command in ("warehouse start", "extract status"):
        done = run(*command.split(), env=fresh.env | {"WAREHOUSE_DIR": f"{base}/{name}"})
        one_line(done, said, "for example export WAREHOUSE_DIR=")
    assert [path.name for path in base.iterdir()] == ["home"]
    # A link with a good name to such a path is refused too.
    if name != "home/..":
        (base / name).mkdir()
        fresh.folder.symlink_to(base / name)
        one_line(fresh.run("warehouse", "start"), said)
        fresh.folder.unlink()


# Another version's data


def test_the_data_of_another_version_are_not_touched(own: Warehouse) -> None:
    own.ok("warehouse", "start")
    own.ok("warehouse", "stop")
    file = own.folder / "data" / "PG_VERSION"
    older = "and this version has Postgres 18: run `warehouse backup` with the version that made it"
    for version, said in (
        ("17\n", f"data was made by Postgres 17, {older}, move {own.folder} away"),
        ("9.6\n", f"data was made by Postgres 9, {older}"),
        (
            "19\n",
            "data was made by Postgres 19, and this version has Postgres 18: go on with the newer",
        ),
        ("", "PG_VERSION does not name a version of Postgres"),
        ("\x00\n", "PG_VERSION does not name a version of Postgres"),
    ):
        file.write_text(version)
        before = tree(own.folder)
        for command in ("warehouse start", "extract status"):
            one_line(own.run(*command.split()), said)
            assert tree(own.folder) == before
    file.unlink()
    one_line(own.run("warehouse", "start"), "PG_VERSION does not name a version of Postgres")
    assert own.run("warehouse", "status").returncode == 0
    file.write_text("18\n")
    own.ok("warehouse", "start")
    assert own.value("table kept") == 7


# Disks


@as_root
@pytest.mark.parametrize("kilobytes", [8192, 64])
def test_a_disk_too_small_for_a_new_warehouse(fresh: Warehouse, kilobytes: int) -> None:
    with small_disk(fresh.folder.parent, 8) as small:
        fill(small, leave=kilobytes << 10)
        there = {"WAREHOUSE_DIR": str(small / "w")}
        done = fresh.run("warehouse", "start", **there)
        one_line(done, f"the disk of {small}/w is full", "No space left on device")
        assert list(small.iterdir()) == [small / "filling"]
        assert "stopped" in fresh.run("warehouse", "status", **there).stdout


@as_root
def test_a_disk_that_fills_up_and_is_freed_again(fresh: Warehouse) -> None:
    with small_disk(fresh.folder.parent, 80) as small:
        folder = small / "w"
        there = {"WAREHOUSE_DIR": str(folder)}
        assert fresh.run("warehouse", "start", **there).returncode == 0
        psql = ("warehouse", "psql", "--", "-d", "postgres", "-c")
        assert fresh.run(*psql, "drop database news", **there).returncode == 0
        fill(small)
        done = fresh.run("warehouse", "start", **there)
        one_line(
            done, "the embedded server runs, but not its database news", f"the disk of {folder}"
        )
        (small / "filling").unlink()
        assert fresh.run("warehouse", "start", **there).stderr == f"already running: {folder}\n"
        assert fresh.run("extract", "status", **there).returncode == 0
        os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        fill(small)
        done = fresh.run("warehouse", "start", **there)
        one_line(done, f"the disk of {folder} is full")
        (small / "filling").unlink()
        assert fresh.run("extract", "status", **there).returncode == 0
        done = fresh.run("warehouse", "remove", "--yes", **there)
        assert (done.returncode, list(small.iterdir())) == (0, [])


@as_root
def test_a_disk_that_may_only_be_read(fresh: Warehouse) -> None:
    with small_disk(fresh.folder.parent) as small:
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
        done = fresh.run("warehouse", "start", WAREHOUSE_DIR=str(small / "w"))
        one_line(done, f"{small}/w cannot hold the warehouse: Read-only file system")


@as_root
@pytest.mark.nightly
def test_a_disk_of_its_own(fresh: Warehouse) -> None:
    """A disk is mounted on the warehouse's folder: it is emptied, because it cannot be deleted."""
    with small_disk(fresh.folder.parent, 80, name=fresh.folder.name):
        fresh.ok("warehouse", "start")
        fresh.ok("warehouse", "remove", "--yes")
        assert list(fresh.folder.iterdir()) == []


def test_a_log_that_cannot_be_written(own: Warehouse) -> None:
    own.ok("warehouse", "start")
    own.ok("warehouse", "stop")
    log = own.folder / "server.log"
    log.unlink()
    log.mkdir()
    one_line(own.run("warehouse", "start"), "did not start", "server.log: ")
    log.rmdir()
    own.ok("warehouse", "start")


# Interrupted


def interrupt_a_first_start(seconds: float) -> None:
    with temporary_warehouse() as fresh:
        starting = fresh.start("warehouse", "start")
        time.sleep(seconds)
        starting.kill()
        starting.communicate()
        done = fresh.run("warehouse", "start")
        assert done.returncode == 0, done.stderr
        assert fresh.value("select current_database()") == "news"
        assert not (fresh.folder / "data.new").exists()
        if Path("/proc/self/cwd").exists():
            assert len(servers(fresh)) == 1


def test_a_first_start_that_was_killed() -> None:
    interrupt_a_first_start(0.5)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(15))
def test_a_first_start_that_was_killed_at_any_moment(seed: int) -> None:
    interrupt_a_first_start(random.Random(seed).uniform(0.1, 1.6))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5))
def test_a_removal_that_was_killed(seed: int) -> None:
    with temporary_warehouse() as fresh:
        fresh.ok("warehouse", "start")
        removing = fresh.start("warehouse", "remove", "--yes")
        time.sleep(random.Random(seed).uniform(0.4, 1.0))
        removing.kill()
        removing.communicate()
        fresh.ok("warehouse", "status")
        fresh.ok("warehouse", "remove", "--yes")
        assert not fresh.folder.exists()
