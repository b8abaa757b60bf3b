"""A server of the user's own, named by libpq's variables."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import Warehouse, middle_document, temporary_warehouse, write_month

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def client() -> Iterator[Warehouse]:
    """A warehouse whose folder is never made: the tests' variables name other servers."""
    with temporary_warehouse() as own:
        yield own
        assert not own.folder.exists()


@pytest.fixture
def nobody_answers() -> Iterator[dict[str, str]]:
    """Libpq's variables for a port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(taken.getsockname()[1]),
            "PGUSER": "vera",
            "PGPASSWORD": "kelp-and-trams",
            "PGDATABASE": "news",
        }


@pytest.mark.parametrize(
    "command", ["warehouse status", "extract status", "extract load --from {folder}"]
)
def test_an_own_server_that_is_not_there(
    warehouse: Warehouse, tmp_path: Path, nobody_answers: dict[str, str], command: str
) -> None:
    write_month(tmp_path, "2020-01", [middle_document(1)])
    done = warehouse.run(*command.format(folder=tmp_path).split(), **nobody_answers)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the warehouse at 127.0.0.1 does not answer: ")
    assert "check PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE" in done.stderr
    assert "kelp-and-trams" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_own_server_is_left_alone(warehouse: Warehouse, nobody_answers: dict[str, str]) -> None:
    for command in ("start", "stop"):
        done = warehouse.run("warehouse", command, **nobody_answers)
        message = f"PGHOST is 127.0.0.1: your own server, nothing to {command}\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, "", message)
    done = warehouse.run("warehouse", "remove", "--yes", **nobody_answers)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: PGHOST is 127.0.0.1: your own server stays as it is\n"
    assert warehouse.value("select 1") == 1  # the embedded server is not created
    done = warehouse.run("warehouse", "env", **nobody_answers)
    assert done.stdout.splitlines() == [f"export {k}={v}" for k, v in nobody_answers.items()]


def test_an_own_server_is_used(client: Warehouse, warehouse: Warehouse, tmp_path: Path) -> None:
    """The test session's embedded server stands in for it."""
    assert warehouse.run("extract", "status").returncode == 0
    warehouse.empty()
    write_month(tmp_path, "2020-01", [middle_document(1)])
    own = {"PGHOST": str(warehouse.folder), "PGUSER": "postgres", "PGDATABASE": "news"}
    done = client.run("extract", "load", "--from", tmp_path, **own)
    assert done.returncode == 0, done.stderr
    assert list(warehouse.documents("2020-01")) == [middle_document(1)["_id"]]
    done = client.run("warehouse", "status", **own)
    assert done.stdout == f"own server, running: {warehouse.folder}\n"


@contextmanager
def database(warehouse: Warehouse, name: str, options: str = "") -> Iterator[dict[str, str]]:
    """Create a database on the session's server; yields libpq's variables for it, and drops it."""
    with warehouse.connect() as connection:
        connection.execute(f"create database {name} {options}".encode())
        try:
            yield {"PGHOST": str(warehouse.folder), "PGUSER": "postgres", "PGDATABASE": name}
        finally:
            connection.execute(f"drop database {name}".encode())


@pytest.mark.parametrize(
    "options", ["encoding 'SQL_ASCII' locale 'C'", "locale_provider libc locale 'C'"]
)
def test_a_database_without_accents_is_refused(
    client: Warehouse, warehouse: Warehouse, options: str
) -> None:
    with database(warehouse, "plain", f"template template0 {options}") as own:
        done = client.run("extract", "status", **own)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the database plain does not handle accented letters" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_role_without_rights_is_one_line(client: Warehouse, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection, database(warehouse, "closed") as own:
        connection.execute("create role guest login")
        done = client.run("extract", "status", **own | {"PGUSER": "guest"})
        connection.execute("drop role guest")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the warehouse's tables cannot be created: ")
    assert "permission denied" in done.stderr
    assert len(done.stderr.splitlines()) == 1
