"""The settings of every session on the warehouse, whatever the server, the database, the login or
the environment say.

``set_up`` sets them in sessions that psycopg has opened. dbt, psql and pg_dump open their own: they
get ``options`` in libpq's variable PGOPTIONS.
"""

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

_SETTINGS: dict[LiteralString, LiteralString] = {
    # Without `public`: others may create functions and operators there, which would run with the
    # rights of whoever uses the warehouse.
    "search_path": "pg_catalog,pg_temp",
    "client_encoding": "UTF8",
    "datestyle": "ISO,YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    # Floats are written with all their digits.
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "transform_null_equals": "off",
    "default_transaction_isolation": "'read committed'",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    # A fit computes in the middle of a transaction, and a session may wait long for a lock.
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}

# Settings that Postgres 16 does not know.
_NEWER: dict[LiteralString, LiteralString] = {"transaction_timeout": "0"}
_KNOWS_NEWER = 170000

_STATEMENTS: LiteralString = "; ".join(f"set {name} = {value}" for name, value in _SETTINGS.items())


def _option(name: str, value: str) -> str:
    """Return a setting as PGOPTIONS wants it: without quotes, spaces behind a backslash."""
    return f"-c {name}=" + value.strip("'").replace(" ", "\\ ")


def options(server_version: int) -> str:
    """Return all settings for PGOPTIONS, for a server of this version."""
    own = _SETTINGS | (_NEWER if server_version >= _KNOWS_NEWER else {})
    return " ".join(_option(name, value) for name, value in own.items())


def set_up(connection: "psycopg.Connection[Any]", search_path: LiteralString = "") -> None:
    """Make these settings in a session that was just opened; no transaction is left open.

    ``search_path`` replaces the setting, for libraries that name their tables without a schema.
    """
    statements = f"{_STATEMENTS}; set search_path = {search_path}" if search_path else _STATEMENTS
    if connection.info.server_version >= _KNOWS_NEWER:
        statements = f"{statements}; set transaction_timeout = 0"
    connection.execute(statements)
    connection.commit()
