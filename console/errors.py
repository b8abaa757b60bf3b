"""Errors that a person can act on."""

import errno
import re
import sys


class WarehouseError(Exception):
    """What is wrong, with which value, and what to do next, in one line."""


class WarehouseDownError(WarehouseError):
    """The server cannot be reached now; it may be in a while."""


def worker_down(error: BaseException) -> str | None:
    """Return what to say of an error of a Citus coordinator that cannot reach one of its workers;
    None where it is another error."""
    found = re.search(r"connection to the remote node (?:\S+@)?(\S+)", str(error))
    return worker_down_message(found[1]) if found else None


def worker_down_message(worker: str) -> str:
    """Return the line that names a worker, as host:port, which does not answer."""
    return (
        f"the warehouse's worker {worker} does not answer: start it, then run the same command "
        "again; what was stored is still there"
    )


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split())


# SQLSTATEs, or the first two characters of all those of a class (the manual's appendix A).
_PASSES = {
    "08": "the connection to the server was lost",
    "57P01": "the server ended the connection",
    "57P02": "the server crashed",
    "57P03": "the server is starting or stopping",
    "57P05": "the server ended the connection",
    "25P03": "the server ended the connection",
    "25P04": "the server ended the connection",
    "53300": "the server takes no more connections",
    "53200": "the server has no memory left",
    "40": "another session was in the way",
    "55P03": "another session was in the way",
}
_STAYS = {
    "53100": "the server's disk is full",
    "53": "the server has run out of something",
    "54": "a limit of the server is exceeded",
    "57014": "the server ended a statement",
    "58": "the server met an error of its system",
    "XX": "the server met an error within itself",
    "25006": "the server allows reading alone",
    "42P01": "a table is not there",
    "42703": "a column is not there",
    "3F000": "a schema is not there",
    "28": "the server refuses this login",
}
_REMEDIES = {
    "53100": "make room there, then run the same command again",
    "42P01": "load months and run dbt build",
    "42703": "run dbt build",
    "3F000": "load months and run dbt build",
    "28": "check PGUSER and PGPASSWORD",
}
_INSUFFICIENT_PRIVILEGE = "42501"
_LOST_MESSAGE = "the connection to the server was lost"


def explained(error: BaseException) -> WarehouseError | None:
    """Return what to tell a person of an error that a server, a disk or a folder caused; None where
    the program itself is at fault.

    It is a WarehouseDownError where the same step may do better later.
    """
    if isinstance(error, WarehouseError):
        return error
    down = worker_down(error)
    if down:
        return WarehouseDownError(down)
    psycopg = sys.modules.get("psycopg")  # where it was not imported, it raised nothing
    if psycopg is not None and isinstance(error, psycopg.Error):
        return _of_server(error, lost=isinstance(error, psycopg.OperationalError))
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, MemoryError):
        return WarehouseError(
            "this machine has no memory left for it: end other programs, or take a shorter window"
        )
    return None


def _of_server(error: BaseException, *, lost: bool) -> WarehouseError | None:
    code: str | None = getattr(error, "sqlstate", None)
    reason = one_line(error)
    if code == _INSUFFICIENT_PRIVILEGE:
        first = (str(error).splitlines() or [""])[0]
        return WarehouseError(
            f"the login may not do this: {first} (set PGUSER to one that may, or ask the owner of "
            "the warehouse)"
        )
    if code is None:
        # libpq's own: the connection broke, or was closed meanwhile.
        if not (lost or "connection is" in reason):
            return None
        what, passes = _LOST_MESSAGE, True
    else:
        what, passes = _meaning(code)
        if not what:
            return None
    remedy = _REMEDIES.get(code or "", "what was stored before stays; run the same command again")
    kind = WarehouseDownError if passes else WarehouseError
    return kind(f"the warehouse failed: {what} ({reason}): {remedy}")


def _meaning(code: str) -> tuple[str, bool]:
    """Return what a SQLSTATE means, empty for errors of the program, and whether it passes."""
    for known, passes in ((_PASSES, True), (_STAYS, False)):
        if code in known:
            return known[code], passes
    for known, passes in ((_PASSES, True), (_STAYS, False)):
        if code[:2] in known:
            return known[code[:2]], passes
    return "", False


def _of_system(error: OSError) -> WarehouseError:
    where = f" ({error.filename})" if error.filename else ""
    remedies = {
        errno.ENOSPC: "make room on that disk, then run the same command again",
        errno.EDQUOT: "make room on that disk, then run the same command again",
        errno.EROFS: "choose a folder that can be written to",
        errno.EACCES: "choose a file or folder of your own",
        errno.EPERM: "choose a file or folder of your own",
    }
    remedy = remedies.get(error.errno or 0, "what was stored before stays")
    return WarehouseError(f"{error.strerror}{where}: {remedy}")
