"""Settings and secrets in files: `.env`, the API's key, and libpq's password file."""

import os
import shlex
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_api import KEY, Loader, loader_on, month_body
from support import PROJECT_DIR, Done, Warehouse, as_other_user, run, temporary_warehouse

from warehouse import settings, settings_file

PASSWORD = "kelp-and-trams"


@pytest.fixture
def loader(warehouse: Warehouse, tmp_path: Path) -> Iterator[Loader]:
    with loader_on(warehouse, tmp_path / "nyt") as own:
        own.api.months = {"2020-01": month_body("2020-01")}
        yield own


@pytest.mark.parametrize(("key", "code"), [("", 0), (" ", 0), (KEY, 0), ("wrong", 3)])
def test_the_key_comes_from_a_file_unless_it_is_set(
    loader: Loader, tmp_path: Path, key: str, code: int
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY if not key.strip() else 'not the one'}\n")
    done = loader.run("2020-01", "2020-01", NYT_API_KEY=key, NYT_API_KEY_FILE=str(file))
    assert done.returncode == code, done.stderr
    assert {call.key for call in loader.api.calls} == {key.strip() or KEY}
    assert KEY not in done.stdout + done.stderr


def test_an_empty_key_file_is_no_key(loader: Loader, tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    variables = {"NYT_API_KEY": "", "NYT_API_KEY_FILE": str(tmp_path / "key")}
    done = loader.run("2020-01", "2020-01", **variables)
    assert done.returncode == 2
    assert "NYT_API_KEY is not set" in done.stderr
    assert loader.api.calls == []
    assert loader.extract("status", **variables).returncode == 0


@pytest.mark.parametrize("kind", ["absent", "folder", "bytes", "NUL", "nobody's"])
def test_a_key_file_that_cannot_be_read_is_one_line(
    loader: Loader, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "key"
    if kind == "folder":
        file.mkdir()
    if kind == "bytes":
        file.write_bytes(b"\xff\xfe")
    if kind == "NUL":
        file.write_bytes(b"key\0")
    if kind == "nobody's":
        file = Path("~no-such-user-here/key")
    done = loader.run("2020-01", "2020-01", NYT_API_KEY="", NYT_API_KEY_FILE=str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: NYT_API_KEY_FILE is '{file}', which cannot be read: ")
    assert len(done.stderr.splitlines()) == 1
    assert loader.api.calls == []


@pytest.fixture(scope="module")
def guarded() -> Iterator[Warehouse]:
    """A server that asks the login `vera` for a password, used as the user's own server."""
    with temporary_warehouse() as own, temporary_warehouse() as client:
        own.ok("extract", "status")
        with own.connect() as connection:
            connection.execute(f"create role vera superuser login password '{PASSWORD}'".encode())
            rules = own.folder / "data" / "pg_hba.conf"
            rules.write_text(f"local all vera scram-sha-256\n{rules.read_text()}")
            connection.execute("select pg_reload_conf()")
        way = {"PGHOST": str(own.folder), "PGUSER": "vera", "PGDATABASE": "news"}
        yield Warehouse(client.folder, client.env | way)


def test_a_password_file_is_enough_for_every_command(guarded: Warehouse, tmp_path: Path) -> None:
    """For dbt too, whose profile always passes a password, even an empty one."""
    file = tmp_path / "passwords"
    file.write_text(f"{guarded.env['PGHOST']}:5432:news:vera:{PASSWORD}\n")
    file.chmod(0o600)
    for command in (["warehouse", "status"], ["dbt", "debug", "--connection"]):
        done = guarded.run(*command)
        assert done.returncode != 0, "the server asks for no password"
        done = guarded.run(*command, PGPASSFILE=str(file))
        assert done.returncode == 0, done.stdout + done.stderr


def test_warehouse_env_passes_on_how_the_connection_is_secured(guarded: Warehouse) -> None:
    secured = {
        "PGPASSFILE": "/home/vera/pass words",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ca.pem",
    }
    done = guarded.run("warehouse", "env", **secured)
    script = f"{done.stdout}\nenv -0"
    shell = guarded.run("env", "-i", f"PATH={os.defpath}", "sh", "-c", script)
    exported = dict(pair.split("=", 1) for pair in shell.stdout.split("\0") if "=" in pair)
    assert exported.items() >= secured.items()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the code that reads settings, so that the developer's own .env is left alone."""
    folder = tmp_path / "project"
    for package in ("warehouse", "extract"):
        shutil.copytree(PROJECT_DIR / package, folder / package)
    shutil.copy(PROJECT_DIR / "Makefile", folder)
    return folder


def run_in(project: Path, program: str, *arguments: str, **variables: str) -> Done:
    """Run a command in the copy."""
    code = f"from {program}.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    script = f"cd {shlex.quote(str(project))} && exec {shlex.join(command)}"
    return run("sh", "-c", script, env={"PATH": os.environ["PATH"]} | variables)


SETTINGS = "# café\nNYT_LANDING_DIR=/srv/café\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SETTINGS.encode("utf-16"), "it is UTF-16 text, not UTF-8: save it as UTF-8 text"),
        (SETTINGS.encode("utf-16-be"), "it is UTF-16 text without a byte order mark, not UTF-8"),
        (b"A=b\n" + SETTINGS.encode("latin-1"), "the byte 0xe9 in line 2 is not UTF-8"),
        (b"A=b\nNYT_API_KEY=\0\n" + bytes(2), "there is a NUL byte in line 2"),
        (b"x" * 1_100_000, "it is larger than 1 MB"),
        (b"'a=b'=c\n", "sets a variable that the system refuses"),
        ("folder", "it is a folder, not a file"),
        ("link", "it is a symbolic link to nowhere, which is not there"),
        ("socket", "cannot be read"),
    ],
    ids=["UTF-16", "UTF-16 without a mark", "Latin-1", "NUL", "large", "name", "folder", "link",
         "socket"],
)  # fmt: skip
def test_settings_that_cannot_be_read_are_one_line(
    project: Path, content: bytes | str, said: str
) -> None:
    file = project / ".env"
    if content == "folder":
        file.mkdir()
    elif content == "link":
        file.symlink_to("nowhere")
    elif content == "socket":
        os.mknod(file, 0o140600)
    else:
        assert isinstance(content, bytes)
        file.write_bytes(content)
    done = run_in(project, "warehouse", "status")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {file} ") and done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize("kind", ["byte order mark", "pipe"])
def test_settings_of_editors_and_password_managers_are_read(project: Path, kind: str) -> None:
    file = project / ".env"
    content = b"WAREHOUSE_DIR=/srv/warehouse\n"
    if kind == "pipe":
        os.mkfifo(file)
        threading.Thread(target=file.write_bytes, args=[content], daemon=True).start()
    else:
        file.write_bytes(b"\xef\xbb\xbf" + content)
    done = run_in(project, "warehouse", "status")
    assert done.stdout == "embedded server, stopped: /srv/warehouse\n", done.stderr


def test_a_pipe_into_which_nobody_writes_hangs_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_file, "_PATIENCE_SECONDS", 0.1)
    os.mkfifo(tmp_path / ".env")
    with pytest.raises(settings_file.UnreadableError, match="nobody wrote into this pipe"):
        settings_file.read_text(tmp_path / ".env")


@pytest.mark.parametrize(
    ("mode", "content", "told"),
    [
        (0o644, "NYT_API_KEY=k\nPGPASSWORD=p\n", "NYT_API_KEY, PGPASSWORD"),
        (0o640, "export PGPASSWORD='p'\n", "PGPASSWORD"),
        (0o600, "NYT_API_KEY=k\n", ""),
        (0o644, "NYT_API_KEY=\nNYT_API_KEY_FILE=/dev/null\nPGPASSFILE=/p\nPGHOST=h\n", ""),
    ],
)
def test_doctor_remarks_on_secrets_that_others_may_read(
    project: Path, mode: int, content: str, told: str
) -> None:
    file = project / ".env"
    file.write_text(content)
    file.chmod(mode)
    # A server that does not exist, so that none is started.
    done = run_in(project, "extract", "doctor", PGHOST=str(project), NYT_LANDING_DIR=str(project))
    assert done.returncode == 1
    remark = f"BAD  settings: other users may read {told} in {file}: chmod 600 {file}\n"
    assert done.stdout.startswith(remark) == bool(told)
    assert ("settings" in done.stdout) == bool(told)


@pytest.mark.parametrize(
    ("settings", "file", "ran"),
    [
        ("", "", "sample"),
        ("NYT_API_KEY=k\n", "", "run"),
        ("  export NYT_API_KEY = 'k'\n", "", "run"),
        ("NYT_API_KEY=''\n", "", "sample"),
        ("NYT_API_KEY_FILE=$PWD/key\n", "k\n", "run"),
        ("NYT_API_KEY_FILE=$PWD/key\n", "\n", "sample"),
        ("NYT_API_KEY_FILE=$PWD/other\n", "k\n", "error: NYT_API_KEY_FILE is "),
        ("shell", "k\n", "run"),
    ],
)
def test_make_elt_knows_a_key_wherever_the_loader_finds_it(
    project: Path, settings: str, file: str, ran: str
) -> None:
    """`make elt` loads the sample only where there is no key; a key in a file counts."""
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, does in (
        ("python", f'PYTHONPATH=. exec {shlex.quote(sys.executable)} "$@"'),
        ("extract", 'echo "$1" >>extracted'),
        ("warehouse", ":"),
        ("dbt", ":"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    (project / "key").write_text(file)
    env = {"PATH": os.environ["PATH"]}
    if settings == "shell":
        env["NYT_API_KEY_FILE"] = str(project / "key")
    else:
        (project / ".env").write_text(settings.replace("$PWD", str(project)))
    done = run("make", "-s", "-C", project, "-o", ".venv/.installed", "elt", env=env)
    extracted = project / "extracted"
    if ran.startswith("error"):
        assert done.returncode == 2 and ran in done.stderr and not extracted.exists()
    else:
        assert done.returncode == 0, done.stderr
        assert extracted.read_text() == ("run\n" if ran == "run" else "sample\nload\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_settings_of_another_users_alone_are_one_line(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shared / ".env").write_text("NYT_API_KEY=k\n")
    (shared / ".env").chmod(0o600)
    monkeypatch.setattr(settings, "PROJECT_DIR", shared)
    said = as_other_user(settings.load_settings)
    assert said == (
        f"{shared}/.env cannot be read: Permission denied: give this user the right to read it"
    )
