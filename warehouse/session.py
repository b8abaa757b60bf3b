"""What every session on the warehouse is set to, whoever opens it and whatever the server, the
database, the login or the environment would have it be.

psycopg's sessions are set after they are opened (``set_up``); programs that open their own, dbt
among them, are told by ``options``, in libpq's variable PGOPTIONS.
"""

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

_SETTINGS: dict[LiteralString, LiteralString] = {
    # Nothing is looked up in `public`, where others may create functions and operators that would
    # then run with the rights of whoever uses the warehouse.
    "search_path": "pg_catalog,pg_temp",
    "client_encoding": "UTF8",
    "datestyle": "ISO,YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    # Numbers are written out in full.
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "transform_null_equals": "off",
    "default_transaction_isolation": "'read committed'",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    # A fit computes, and a lock waits, in the middle of a transaction.
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}

# Postgres 16 does not know it.
_NEWER: dict[LiteralString, LiteralString] = {"transaction_timeout": "0"}
_KNOWS_NEWER = 170000

_STATEMENTS: LiteralString = "; ".join(f"set {name} = {value}" for name, value in _SETTINGS.items())


def _option(name: str, value: str) -> str:
    """Return a setting as PGOPTIONS has it: a space has a backslash before it, and no quotes."""
    return f"-c {name}=" + value.strip("'").replace(" ", "\\ ")


def options(server_version: int) -> str:
    """Return the settings as PGOPTIONS has them, for a server of this version."""
    own = _SETTINGS | (_NEWER if server_version >= _KNOWS_NEWER else {})
    return " ".join(_option(name, value) for name, value in own.items())


def set_up(connection: "psycopg.Connection[Any]", search_path: LiteralString = "") -> None:
    """Set a session that has just been opened; no transaction is left open.

    ``search_path`` is for libraries that name tables of theirs without a schema.
    """
    statements = f"{_STATEMENTS}; set search_path = {search_path}" if search_path else _STATEMENTS
    if connection.info.server_version >= _KNOWS_NEWER:
        statements = f"{statements}; set transaction_timeout = 0"
    connection.execute(statements)
    connection.commit()
