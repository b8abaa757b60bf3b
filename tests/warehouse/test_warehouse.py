"""`warehouse`: starts and stops the embedded server, keeps others out, and touches nothing else."""

import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from support import PROJECT_DIR, Warehouse, middle_document, run, temporary_warehouse, write_month

SPACES_AND_QUOTES = "a 'warehouse' \"$HOME\" `id`"
ROOTS_SHARED_DIR = Path("/var/lib/news-growth")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")


@pytest.fixture(scope="module")
def odd() -> Iterator[Warehouse]:
    """A warehouse in a folder whose name needs quoting everywhere, and whose creation was
    interrupted once."""
    with temporary_warehouse(SPACES_AND_QUOTES) as own:
        unfinished = own.folder / "data.new"
        unfinished.mkdir(parents=True)
        (unfinished / "PG_VERSION").write_text("18\n")
        yield own


@pytest.fixture
def fresh() -> Iterator[Warehouse]:
    """A warehouse that does not exist yet."""
    with temporary_warehouse() as own:
        yield own


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def parents(path: Path) -> dict[Path, tuple[int, int, int]]:
    """Return mode and owner of all folders above ``path``."""
    states = {parent: parent.stat() for parent in path.parents}
    return {p: (state.st_mode, state.st_uid, state.st_gid) for p, state in states.items()}


def tree(folder: Path) -> dict[Path, tuple[int, int, int, bytes]]:
    """Return mode, owner and content of ``folder`` and everything in it, and the names beside
    it."""
    found = {}
    for path in (folder, *folder.rglob("*"), *folder.parent.iterdir()):
        state = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found[path] = (state.st_mode, state.st_uid, state.st_gid, content)
    return found


# Life


def test_a_life(fresh: Warehouse) -> None:
    folder = fresh.folder

    def says(command: str) -> tuple[int, str, str]:
        done = fresh.run("warehouse", *command.split())
        return done.returncode, done.stdout, done.stderr

    assert says("status") == (0, f"embedded server, stopped: {folder}\n", "")
    assert says("stop") == (0, "", f"not running: {folder}\n")
    assert not folder.exists()  # neither command creates anything
    assert says("start") == (0, "", f"started: {folder}\n")
    assert says("start") == (0, "", f"already running: {folder}\n")
    assert says("status") == (0, f"embedded server, running: {folder}\n", "")
    code, stdout, _ = says("status --json")
    running = {"server": "embedded", "folder": str(folder), "running": True}
    assert (code, json.loads(stdout)) == (0, running)
    with fresh.connect() as connection:
        connection.execute("create table kept as select 7 as value")
    assert says("stop") == (0, "", f"stopped: {folder}\n")
    assert says("status --json")[1] == json.dumps(running | {"running": False}, indent=2) + "\n"
    with pytest.raises(psycopg.OperationalError):
        fresh.connect()
    # Any command starts the server, and its data are still there.
    done = fresh.run("warehouse", "psql", "--", "-Atc", "table kept")
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
    assert says("remove --yes") == (0, "", f"removed: {folder}\n")
    assert says("remove --yes") == (0, "", f"removed: {folder}\n")
    assert not folder.exists()
    assert {path.name for path in folder.parent.iterdir()} == {"home"}


def test_remove_asks_first(odd: Warehouse) -> None:
    assert odd.run("warehouse", "start").returncode == 0
    done = odd.run("warehouse", "remove")  # the server does not answer
    assert done.returncode == 1
    assert f"Delete {odd.folder} and everything stored in it: nothing?" in done.stdout
    assert odd.value("select 1") == 1


def test_help_is_given_without_a_command(odd: Warehouse) -> None:
    done = odd.run("warehouse")
    assert done.returncode == 2
    help_text = done.stdout + done.stderr
    for command in ("start", "stop", "status", "env", "psql", "remove"):
        assert command in help_text


def test_env_is_what_a_shell_and_libpq_need(odd: Warehouse) -> None:
    assert odd.run("warehouse", "stop").returncode == 0
    done = odd.run("warehouse", "env", PGPASSWORD="left over from another server")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "unset PGPASSWORD",
        f"export PGHOST={shlex.quote(str(odd.folder))}",
        "export PGPORT=5432",
        "export PGUSER=postgres",
        "export PGDATABASE=news",
    ]
    # The server runs now. The variables alone lead psycopg to it; twice, for the quoting.
    program = "import psycopg; print(psycopg.connect().execute('select 6 * 7').fetchone()[0])"
    script = f"""
        eval "$(warehouse env)" && eval "$(warehouse env)" && unset WAREHOUSE_DIR &&
        {shlex.quote(sys.executable)} -c {shlex.quote(program)}
    """
    done = odd.run("sh", "-c", script)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


@pytest.mark.parametrize("separator", [["--"], []], ids=["--", "bare"])
def test_psql_passes_its_arguments_on(odd: Warehouse, separator: list[str]) -> None:
    psql = ["warehouse", "psql", *separator]
    query = "select 'a b', $$it's \"so\"$$"
    done = odd.run(*psql, "-A", "-t", "-F", "|", "-c", query)
    assert (done.returncode, done.stdout, done.stderr) == (0, 'a b|it\'s "so"\n', "")


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["-c", "select 1"], 0),
        (["-c", "select 1 / 0"], 1),
        (["-v", "ON_ERROR_STOP=1", "-f", "{script}"], 3),
    ],
)
def test_psql_passes_its_exit_code_on(
    odd: Warehouse, tmp_path: Path, arguments: list[str], exit_code: int
) -> None:
    script = tmp_path / "script.sql"
    script.write_text("select 1 / 0;")
    arguments = [argument.format(script=script) for argument in arguments]
    assert odd.run("warehouse", "psql", "--", *arguments).returncode == exit_code


def test_the_whole_path_works_in_a_folder_with_spaces_and_quotes(
    odd: Warehouse, tmp_path: Path
) -> None:
    folder = tmp_path / 'it\'s "the" archive'
    write_month(folder, "2020-01", [middle_document(1)])
    done = odd.run("extract", "load", "--from", folder)
    assert done.returncode == 0, done.stderr
    assert odd.value("select source from raw.nyt_months") == str(folder / "2020-01.json.gz")


def test_two_first_commands_at_once(fresh: Warehouse) -> None:
    before = parents(fresh.folder)
    both = [fresh.start("extract", "status", "--json") for _ in range(2)]
    outputs = [command.communicate(timeout=60) for command in both]
    assert [command.returncode for command in both] == [0, 0], outputs
    assert [json.loads(stdout) for stdout, _ in outputs] == [{"months": [], "missing": []}] * 2
    assert fresh.value("select count(*) from raw.nyt_months") == 0
    assert parents(fresh.folder) == before


def test_a_killed_server_is_started_again(odd: Warehouse) -> None:
    assert odd.run("extract", "status").returncode == 0
    process = odd.server_process()
    os.kill(process, signal.SIGKILL)
    assert (odd.folder / ".s.PGSQL.5432").exists()
    assert (odd.folder / "data" / "postmaster.pid").exists()
    done = odd.run("extract", "status")
    assert done.returncode == 0, done.stderr
    assert odd.server_process() != process


@pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="only Linux tells what a process has open"
)
def test_a_server_whose_socket_was_deleted(odd: Warehouse) -> None:
    """As when the folder is deleted and made again while its server runs."""
    assert odd.run("warehouse", "start").returncode == 0
    process = odd.server_process()
    socket = odd.folder / ".s.PGSQL.5432"
    socket.unlink()
    done = odd.run("extract", "status")
    assert done.returncode == 0, done.stderr
    assert odd.server_process() != process
    socket.unlink()
    assert odd.run("warehouse", "stop").stderr == f"stopped: {odd.folder}\n"
    assert not (odd.folder / "data" / "postmaster.pid").exists()


@pytest.mark.skipif(not Path("/proc/1/stat").exists(), reason="only Linux tells what a process is")
def test_another_program_with_the_dead_servers_process_id(odd: Warehouse) -> None:
    """As after a crash and a reboot, or in a restarted container."""
    assert odd.run("warehouse", "start").returncode == 0
    os.kill(odd.server_process(), signal.SIGKILL)
    owner = (odd.folder / "data").stat().st_uid
    with subprocess.Popen(["sleep", "300"], user=owner) as other:
        file = odd.folder / "data" / "postmaster.pid"
        _, rest = file.read_text().split("\n", maxsplit=1)
        file.write_text(f"{other.pid}\n{rest}")
        status = odd.run("warehouse", "status")
        assert status.stdout == f"embedded server, stopped: {odd.folder}\n"
        assert odd.run("warehouse", "stop").stderr == f"not running: {odd.folder}\n"
        done = odd.run("extract", "status")
        ended = other.poll()
        other.kill()
    assert done.returncode == 0, done.stderr
    assert ended is None  # the other program still runs, and did not keep the server from starting


def test_an_interrupted_creation_is_begun_again(odd: Warehouse) -> None:
    done = odd.run("extract", "status")
    assert done.returncode == 0, done.stderr
    assert not (odd.folder / "data.new").exists()


# Who gets in


def test_the_folder_and_the_socket_are_closed_to_others(odd: Warehouse) -> None:
    assert odd.run("warehouse", "start").returncode == 0
    assert mode(odd.folder) == "drwx------"
    assert mode(odd.folder / ".s.PGSQL.5432") == "srwx------"
    assert mode(odd.folder / "data") == "drwx------"
    assert mode(odd.folder / "server.log") == "-rw-------"
    with odd.connect() as connection:
        # The server does not listen on the network, not even on 127.0.0.1.
        assert connection.execute("show listen_addresses").fetchone() == ("",)


@as_root
def test_another_user_cannot_connect(odd: Warehouse) -> None:
    assert odd.run("warehouse", "start").returncode == 0
    address = str(odd.folder / ".s.PGSQL.5432")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
    with effective_user("nobody"), socket.socket(socket.AF_UNIX) as client:
        assert Path(odd.folder.parent).stat()  # nobody can reach the folder
        with pytest.raises(PermissionError):
            client.connect(address)
    # Nor where the folder is open: the socket itself is closed.
    odd.folder.chmod(0o755)
    try:
        with effective_user("nobody"), socket.socket(socket.AF_UNIX) as client:
            assert Path(address).stat()
            with pytest.raises(PermissionError):
                client.connect(address)
    finally:
        odd.folder.chmod(0o700)


@contextmanager
def effective_user(name: str) -> Iterator[None]:
    """Act as another user in this process: a child process of theirs might not reach Python."""
    user = pwd.getpwnam(name)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@as_root
def test_a_folder_closed_to_others_stays_closed() -> None:
    """In a checkout below /root, which the server's user cannot reach; root's folder is not
    opened."""
    with temporary_warehouse(mode=0o700) as closed:
        before = parents(closed.folder)
        done = closed.run("extract", "status")
        assert done.returncode == 0, done.stderr
        assert closed.value("select count(*) from raw.nyt_months") == 0
        assert closed.folder.is_symlink()
        kept = closed.folder.resolve()
        assert kept.parent == ROOTS_SHARED_DIR
        assert mode(kept) == "drwx------"
        assert closed.run("warehouse", "status").returncode == 0
        assert closed.folder.resolve() == kept
        assert parents(closed.folder) == before
        assert closed.run("warehouse", "remove", "--yes").returncode == 0
        assert not kept.exists()
        assert not closed.folder.is_symlink()
        assert parents(closed.folder) == before


@as_root
def test_an_empty_folder_where_the_servers_user_cannot_come() -> None:
    with temporary_warehouse(mode=0o700) as closed:
        closed.folder.mkdir()
        before = parents(closed.folder)
        done = closed.run("warehouse", "start")
        assert done.returncode == 0, done.stderr
        assert closed.folder.resolve().parent == ROOTS_SHARED_DIR
        assert parents(closed.folder) == before


@as_root
def test_another_users_warehouse_stays_theirs(fresh: Warehouse) -> None:
    """Root runs commands in another user's checkout, and that user can go on with it."""
    for command in ("start", "stop"):
        fresh.ok("warehouse", command)
    nobody = pwd.getpwnam("nobody")
    for path in (fresh.folder, *fresh.folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    fresh.ok("extract", "status")
    for path in (fresh.folder, *fresh.folder.rglob("*"), Path(f"{fresh.folder}.lock")):
        assert path.stat().st_uid == nobody.pw_uid, path
    assert Path(f"/proc/{fresh.server_process()}").stat().st_uid == nobody.pw_uid


# What it must not touch


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"letters/1.txt": b"Dear Vera", "photo.jpg": b"\xff\xd8"}, "letters and 1 more"),
        ({"server.log": b"mine", "data/nyt/2020-01.json": b"{}"}, "a data folder of something"),
        ({"data/PG_VERSION": b"16\n", "data/base/1/1249": b""}, "a data folder of something"),
    ],
    ids=["files", "data", "another postgres"],
)
def test_a_folder_of_something_else_is_refused(
    fresh: Warehouse, content: dict[str, bytes], named: str
) -> None:
    for name, text in content.items():
        path = fresh.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    fresh.folder.chmod(0o750)
    if os.geteuid() == 0:
        for path in (fresh.folder, *fresh.folder.rglob("*")):
            shutil.chown(path, "nobody")
    before = tree(fresh.folder)
    for command in ("start", "status", "env", "remove --yes"):
        done = fresh.run("warehouse", *command.split())
        assert (done.returncode, done.stdout) == (2, ""), command
        assert done.stderr.startswith(
            f"error: {fresh.folder} is not a warehouse's folder: it holds {named}"
        )
        assert "nothing was changed; give a new or an empty folder as WAREHOUSE_DIR" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert tree(fresh.folder) == before, command
    shutil.rmtree(fresh.folder)


def test_a_file_is_refused(fresh: Warehouse) -> None:
    fresh.folder.write_text("a file")
    done = fresh.run("warehouse", "start")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot hold the warehouse: Not a directory" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert fresh.folder.read_text() == "a file"
    fresh.folder.unlink()


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("{base}/" + "long/" * 30 + "w", "error: the path {folder}/.s.PGSQL.5432 has {bytes} "
         "bytes, too many for a Unix socket"),
        ("{base}/a,b", "error: the path {folder} has a comma, which separates hosts"),
        ("warehouse/here", "error: WAREHOUSE_DIR is 'warehouse/here', a relative path: give an "
         "absolute one, for example {project}/warehouse/here"),
    ],
    ids=["too long", "comma", "relative"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["warehouse start", "extract status"])
def test_an_unusable_path_is_one_line_with_the_remedy(
    warehouse: Warehouse, folder: str, message: str, command: str
) -> None:
    base = warehouse.folder.parent
    before = sorted(base.iterdir())
    folder = folder.format(base=base)
    done = warehouse.run(*command.split(), WAREHOUSE_DIR=folder)
    assert (done.returncode, done.stdout) == (2, "")
    socket_bytes = len(f"{folder}/.s.PGSQL.5432".encode())
    assert done.stderr.startswith(
        message.format(folder=folder, bytes=socket_bytes, project=PROJECT_DIR)
    )
    assert "for example" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (PROJECT_DIR / folder).exists()
    assert sorted(base.iterdir()) == before


# Settings


def test_dot_env_is_read_and_the_environment_wins(fresh: Warehouse, tmp_path: Path) -> None:
    """In a copy of the package, so that the developer's own .env is left alone."""
    shutil.copytree(PROJECT_DIR / "warehouse", tmp_path / "warehouse")
    (tmp_path / ".env").write_text(f"WAREHOUSE_DIR='{fresh.folder}'\nPGPORT=1\n")
    status = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))} && exec {shlex.quote(sys.executable)} "
              "-c 'from warehouse.cli import main; main()' status"]  # fmt: skip
    env = {name: value for name, value in fresh.env.items() if name != "WAREHOUSE_DIR"}
    done = run(*status, env=env)
    assert done.stdout == f"embedded server, stopped: {fresh.folder}\n", done.stderr
    other = str(fresh.folder.parent / "other")
    done = run(*status, env=env | {"WAREHOUSE_DIR": other})
    assert done.stdout == f"embedded server, stopped: {other}\n", done.stderr
    (tmp_path / ".env").unlink()
    done = run(*status, env=env)
    assert done.stdout == f"embedded server, stopped: {tmp_path / '.warehouse'}\n", done.stderr
