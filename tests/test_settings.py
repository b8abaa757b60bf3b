"""Secrets from files: the API's key, and libpq's password file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_api import KEY, Loader, loader_on, month_body
from support import Warehouse, temporary_warehouse

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


@pytest.mark.parametrize("kind", ["absent", "folder", "bytes"])
def test_a_key_file_that_cannot_be_read_is_one_line(
    loader: Loader, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "key"
    if kind == "folder":
        file.mkdir()
    if kind == "bytes":
        file.write_bytes(b"\xff\xfe")
    done = loader.run("2020-01", "2020-01", NYT_API_KEY="", NYT_API_KEY_FILE=str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: NYT_API_KEY_FILE is '{file}', which cannot be read: ")
    assert len(done.stderr.splitlines()) == 1
    assert loader.api.calls == []


@pytest.fixture(scope="module")
def guarded() -> Iterator[Warehouse]:
    """A server that asks the login `vera` for her password, and the way to it as to one's own."""
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
    """dbt's among them, whose profile always gives a password, if an empty one."""
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
