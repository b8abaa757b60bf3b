"""Errors that a person can act on."""


class WarehouseError(Exception):
    """What is wrong, with which value, and what to do next, in one line."""


class WarehouseDownError(WarehouseError):
    """The server cannot be reached now; it may be in a while."""
