"""Errors that the user can act on, and the message for each error of a server or the system."""

import errno
import re
import sys


class WarehouseError(Exception):
    """Says in one line what is wrong, with which value, and what to do next."""


class WarehouseDownError(WarehouseError):
    """The server cannot be reached now; trying later may help."""


def worker_down(error: BaseException) -> str | None:
    """Return the message for a Citus coordinator that cannot reach a worker; None for any other
    error."""
    found = re.search(r"connection to the remote node (?:\S+@)?(\S+)", str(error))
    return worker_down_message(found[1]) if found else None


def worker_down_message(worker: str) -> str:
    """Return the message for a worker, host:port, that does not answer."""
    return (
        f"the warehouse's worker {worker} does not answer: start it, then run the same command "
        "again; what was stored is still there"
    )


def one_line(error: BaseException) -> str:
    """Return an error's text as one line."""
    return " ".join(str(error).split())


# By SQLSTATE, or by its first two characters for a whole class (appendix A of Postgres's manual):
# errors that may pass by themselves, and errors that stay until somebody acts.
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
    "58": "the server's system reported an error",
    "XX": "the server had an internal error",
    "25006": "the server is read-only",
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
    """Return the message for an error that a server, a disk or a folder caused; None for a bug.

    A WarehouseDownError says that the same step may succeed later.
    """
    if isinstance(error, WarehouseError):
        return error
    down = worker_down(error)
    if down:
        return WarehouseDownError(down)
    psycopg = sys.modules.get("psycopg")  # not imported, so it raised nothing
    if psycopg is not None and isinstance(error, psycopg.Error):
        return _of_server(error, lost=isinstance(error, psycopg.OperationalError))
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, MemoryError):
        return WarehouseError(
            "this machine has too little memory left: end other programs, or take a shorter window"
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
        # libpq's own error: the connection broke, or was closed.
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
    """Return what a SQLSTATE means, empty for a bug, and whether it may pass by itself."""
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
