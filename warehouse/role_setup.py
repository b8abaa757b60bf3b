"""Sets up the roles: `warehouse roles`."""

from console.errors import WarehouseError
from warehouse import roles
from warehouse.connect import connect
from warehouse.locks import hold_schema, rewrite_warehouse


def set_up() -> None:
    """Create the roles, make them the owners of their schemas and grant what each step needs.

    Raises WarehouseError, and changes nothing, where the login may not or the server refuses.
    """
    import psycopg

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
            rewrite_warehouse(connection)  # ALTER OWNER would wait in the middle of a dbt run
            with connection.transaction():
                hold_schema(connection)
                roles.apply(connection)
        except psycopg.Error as error:
            raise WarehouseError(
                f"the roles cannot be set up: {' '.join(str(error).split())}; nothing was changed"
            ) from None
