"""The roles of the warehouse (``roles.sql``): set up by its owner, taken by each step.

A step takes its role whoever logs in, so that everything belongs to the role and not to the person.
Without the roles nothing is taken and every step is its login's own.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import psycopg

Role = Literal["loader", "transformer", "modeller", "analyst"]

# The owners of the warehouse's schemas, in the order in which each needs those before it.
OWNERS: dict[str, Role] = {
    "raw": "loader",
    "growth": "modeller",
    "staging": "transformer",
    "intermediate": "transformer",
    "marts": "transformer",
}

# A schema of each role, and who owns it. Roles are the whole server's, and their names plain ones:
# where the owner is another one, they are none of this warehouse's.
_HOMES: dict[Role, tuple[str, Role]] = {
    "loader": ("raw", "loader"),
    "transformer": ("marts", "transformer"),
    "modeller": ("growth", "modeller"),
    "analyst": ("marts", "transformer"),
}


def are_in_force(connection: "psycopg.Connection") -> bool:
    """Tell whether `warehouse roles` was run on this warehouse."""
    found = connection.execute(
        """
        select
        from pg_namespace
        where (nspname, pg_get_userbyid(nspowner)) in (
            ('raw', 'loader'), ('marts', 'transformer'), ('growth', 'modeller')
        )
        """
    )
    return found.rowcount > 0


def take(connection: "psycopg.Connection", role: Role, *, required: bool = True) -> bool:
    """Act as a role from now on; tell whether it was taken.

    False where the roles are not set up or, unless ``required``, the login may not take this one;
    if ``required`` that raises WarehouseError. No transaction may be open, and none is left open.
    """
    rows = connection.execute(
        """
        select pg_has_role(session_user, pg_roles.oid, 'SET'), session_user
        from pg_roles
        where
            rolname = %s
            and exists (
                select
                from pg_namespace
                where nspname = %s and pg_get_userbyid(nspowner) = %s
            )
        """,
        [role, *_HOMES[role]],
    ).fetchall()
    connection.commit()
    if not rows:
        return False
    [(allowed, login)] = rows
    if allowed:
        connection.execute(f"set role {role}")
        connection.commit()
    elif required:
        raise WarehouseError(
            f"this step needs the role {role}, which the login {login} does not have: set PGUSER "
            f"to one that does, or ask the owner of the warehouse for `grant {role} to {login}`"
        )
    return bool(allowed)


def apply(connection: "psycopg.Connection") -> None:
    """Run ``roles.sql`` in the transaction at hand."""
    connection.execute(script().encode())


def script() -> str:
    """Return the text of ``roles.sql``."""
    return (files("warehouse") / "roles.sql").read_text(encoding="utf-8")


def set_up() -> None:
    """Create the roles, hand them what is theirs and grant what they need.

    Raises WarehouseError, and changes nothing, where the login may not or the server refuses.
    """
    import psycopg

    from warehouse.connect import connect
    from warehouse.locks import hold_schema, rewrite_warehouse

    with connect("warehouse roles") as connection:
        [(login, database, allowed)] = connection.execute(
            """
            select
                current_user,
                current_database(),
                rolsuper or (rolcreaterole and pg_has_role(current_user, datdba, 'USAGE'))
            from pg_roles, pg_database
            where rolname = current_user and datname = current_database()
            """
        ).fetchall()
        if not allowed:
            raise WarehouseError(
                f"the login {login} cannot set up roles: log in as a superuser, or as the owner of "
                f"the database {database} with CREATEROLE (PGUSER); nothing was changed"
            )
        connection.commit()
        connection.autocommit = True
        try:
            rewrite_warehouse(connection)  # a new owner would wait in the middle of a dbt run
            with connection.transaction():
                hold_schema(connection)
                apply(connection)
        except psycopg.Error as error:
            raise WarehouseError(
                f"the roles cannot be set up: {' '.join(str(error).split())}; nothing was changed"
            ) from None
