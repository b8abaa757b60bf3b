"""Errors that a person can act on."""

import re


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
