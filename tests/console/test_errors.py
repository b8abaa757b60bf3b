"""The messages for errors of servers, disks and machines, and which of these may pass by
themselves."""

import errno

import psycopg
import pytest

from console.errors import WarehouseDownError, WarehouseError, explained

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("57P01", "the server ended the connection"),
        ("57P02", "the server crashed"),
        ("57P03", "the server is starting or stopping"),
        ("08006", "the connection to the server was lost"),
        ("53300", "the server takes no more connections"),
        ("53200", "the server has no memory left"),
        ("40001", "another session was in the way"),
        ("40P01", "another session was in the way"),
        ("55P03", "another session was in the way"),
    ],
)
def test_what_may_pass_by_itself_is_said_and_can_be_tried_again(code: str, said: str) -> None:
    told = explained(psycopg.errors.lookup(code)("it\nfailed"))
    assert isinstance(told, WarehouseDownError)
    assert str(told) == (
        f"the warehouse failed: {said} (it failed): what was stored before stays; run the same "
        "command again"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("53100", "the server's disk is full (it failed): make room there"),
        ("53400", "the server has run out of something"),
        ("54000", "a limit of the server is exceeded"),
        ("57014", "the server ended a statement"),
        ("58030", "the server's system reported an error"),
        ("XX000", "the server had an internal error"),
        ("25006", "the server is read-only"),
        ("42P01", "a table is not there (it failed): load months and run dbt build"),
        ("42501", "the login may not do this: it failed"),
    ],
)
def test_what_does_not_pass_is_said_with_the_way_out(code: str, said: str) -> None:
    told = explained(psycopg.errors.lookup(code)("it failed"))
    assert isinstance(told, WarehouseError)
    assert not isinstance(told, WarehouseDownError)
    assert said in str(told)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("consuming input failed: server closed the connection"),
        psycopg.InterfaceError("the connection is closed"),
    ],
)
def test_a_lost_connection_may_come_back(error: Exception) -> None:
    assert isinstance(explained(error), WarehouseDownError)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"),
         "No space left on device (/a/b): make room"),
        (OSError(errno.EROFS, "Read-only file system", "/a"),
         "Read-only file system (/a): choose a folder"),
        (PermissionError(errno.EACCES, "Permission denied", "/a"), "Permission denied (/a): "),
        (MemoryError(), "this machine has too little memory left"),
    ],
)  # fmt: skip
def test_an_error_of_the_machine_is_one_line(error: Exception, said: str) -> None:
    told = explained(error)
    assert isinstance(told, WarehouseError)
    assert str(told).startswith(said)
    assert len(str(told).splitlines()) == 1


@pytest.mark.parametrize(
    "error", [psycopg.errors.lookup("42601")("near from"), ValueError("x"), KeyError("x")]
)
def test_a_fault_of_the_program_is_not_explained_away(error: Exception) -> None:
    assert explained(error) is None
