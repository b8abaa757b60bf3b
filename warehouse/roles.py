"""The roles of the warehouse (``roles.sql``): its owner sets them up, each step takes one.

Whoever logs in, a step takes its role, so that tables belong to the role and not to a person. Where
no roles are set up, a step runs with its login's own rights.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Literal, LiteralString

from console.errors import WarehouseError

if TYPE_CHECKING:
    import psycopg

Role = Literal["loader", "transformer", "modeller", "analyst"]

# The warehouse's schemas and the role that owns each. Tables of a schema may depend on those of the
# schemas before it.
OWNERS: dict[str, Role] = {
    "raw": "loader",
    "growth": "modeller",
    "staging": "transformer",
    "intermediate": "transformer",
    "marts": "transformer",
}
SCHEMAS = tuple(OWNERS)
_NAMES = ", ".join(f"'{schema}'" for schema in SCHEMAS)

# A schema for each role, and its owner. Roles belong to the whole server and have common names:
# where the schema has another owner, a role of that name is not this warehouse's.
_HOMES: dict[Role, tuple[str, Role]] = {
    "loader": ("raw", "loader"),
    "transformer": ("marts", "transformer"),
    "modeller": ("growth", "modeller"),
    "analyst": ("marts", "transformer"),
}


# Finds what a role can create and news-growth never does. Whoever created it could act with the
# rights of an owner who uses the warehouse. News-growth's own checks and defaults call no function,
# and its views call only Postgres's own and never change the role.
_FOREIGN: LiteralString = f"""
    select what
    from (
        select 'function ' || oid::regprocedure as what, pronamespace as home from pg_proc
        union all
        select 'operator ' || oid::regoperator, oprnamespace from pg_operator
        union all
        select 'type ' || oid::regtype, typnamespace
        from pg_type
        where typtype in ('d', 'e', 'r', 'm') or (typtype = 'b' and typelem = 0)
        union all
        select 'check of ' || conrelid::regclass, connamespace
        from pg_constraint
        where
            contype = 'c'
            and regexp_replace(
                pg_get_constraintdef(oid), 'CHECK |EXTRACT|AND |OR |NOT ', '', 'g'
            ) ~ '[[:alnum:]_"]\\s*\\('
        union all
        select 'default of ' || adrelid::regclass, relnamespace
        from pg_attrdef inner join pg_class on pg_class.oid = adrelid
        where pg_get_expr(adbin, adrelid) ~ '[[:alnum:]_"]\\s*\\('
        union all
        select 'trigger of ' || tgrelid::regclass, relnamespace
        from pg_trigger inner join pg_class on pg_class.oid = tgrelid
        where not tgisinternal
        union all
        select 'rule of ' || ev_class::regclass, relnamespace
        from pg_rewrite inner join pg_class on pg_class.oid = ev_class
        where rulename <> '_RETURN'
        union all
        select 'policy of ' || polrelid::regclass, relnamespace
        from pg_policy inner join pg_class on pg_class.oid = polrelid
        union all
        select 'foreign table ' || oid::regclass, relnamespace from pg_class where relkind = 'f'
        union all
        select 'view ' || ev_class::regclass || ', which calls a function', relnamespace
        from pg_depend
        inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
        inner join pg_class on pg_rewrite.ev_class = pg_class.oid
        where
            pg_depend.classid = 'pg_rewrite'::regclass
            and pg_depend.refclassid = 'pg_proc'::regclass
        union all
        select 'view ' || oid::regclass || ', which leaves its role', relnamespace
        from pg_class
        where
            relkind in ('v', 'm')
            and relnamespace::regnamespace::text in ({_NAMES})
            and pg_get_viewdef(oid) ~ 'set_config|_to_xml'
        union all
        select 'view ' || oid::regclass || ' in the place of a table', relnamespace
        from pg_class
        where
            relkind in ('v', 'm')
            and relnamespace::regnamespace::text in ('raw', 'growth')
    ) as made (what, home)
    where home::regnamespace::text in ({_NAMES})
    order by what
"""


def refuse_foreign() -> str:
    """Return SQL that ends a restore whose backup holds what news-growth does not make."""
    return f"""
do $$
declare
    found text;
begin
    select string_agg(what, ', ') into found from ({_FOREIGN}) as made;
    if found is not null then
        raise exception 'it holds what news-growth does not make (%): drop that in the warehouse '
            'and back it up again, or restore it into a warehouse without roles', found;
    end if;
end
$$;
"""


def check_foreign(connection: "psycopg.Connection") -> None:
    """Refuse an owner's login where a warehouse with roles holds what news-growth does not make.

    Taking a role does not protect the owner: a function that runs in the session can reset the
    role. Raises WarehouseError.
    """
    owner = connection.execute(
        "select from pg_roles where rolname = session_user and (rolsuper or rolcreaterole)"
    )
    if not owner.rowcount:
        return
    found = [what for (what,) in connection.execute(_FOREIGN)]
    connection.commit()
    if found:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        raise WarehouseError(
            f"the warehouse holds what news-growth does not make, {found[0]}{more}, which would "
            "run with your rights: drop it, or log in as a user who has this step's role alone"
        )


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
    """Take a role for the rest of the session; tell whether it was taken.

    It is not where the roles are not set up, or where the login may not take this one: then
    ``required`` raises WarehouseError. No transaction may be open, and none is left open.
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
    """Run ``roles.sql`` in the open transaction."""
    connection.execute(script().encode())


def script() -> str:
    """Return the text of ``roles.sql``."""
    return (files("warehouse") / "roles.sql").read_text(encoding="utf-8")
