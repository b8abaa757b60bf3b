-- The roles of the warehouse, each with what its step needs and nothing else:
--
--   loader       writes raw, and keeps the ledgers of requests to an API there
--   transformer  reads raw and growth; owns dbt's schemas: staging, intermediate, marts
--   modeller     reads marts, writes growth
--   analyst      reads marts, intermediate, staging, growth and the loaded months; writes nothing
--
-- Nobody logs in as one of these roles. People and services get logins of their own:
--   create role anna login password '...' in role analyst;
-- With Citus a role can log in, for the coordinator logs in as it on the workers. It has no password:
-- where the workers ask for passwords, nobody else gets in as that role.
--
-- `warehouse roles` runs this in one transaction, as a superuser or as the database's owner with
-- CREATEROLE. It can be repeated: what is right already stays, and it takes back whatever else these
-- roles were granted in the five schemas.

do $$
declare
    role_name text;
begin
    foreach role_name in array array['loader', 'transformer', 'modeller', 'analyst'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
        if
            exists (select from pg_extension where extname = 'citus')
            and not exists (select from pg_roles where rolname = role_name and rolcanlogin)
        then
            execute format('alter role %I login', role_name);
        end if;
        -- Only a superuser can hand tables to a role without being a member of it.
        if
            not pg_has_role(current_user, role_name, 'USAGE')
            or not pg_has_role(current_user, role_name, 'SET')
        then
            execute format(
                'grant %I to %I with inherit true, set true', role_name, current_user
            );
        end if;
    end loop;
end
$$;

create schema if not exists raw;
create schema if not exists growth;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts;

-- Owners. A table that has the right owner is left alone: ALTER waits for everyone who reads it.

do $$
declare
    home record;
    relation record;
begin
    for home in
        select *
        from (
            values
                ('raw', 'loader'),
                ('growth', 'modeller'),
                ('staging', 'transformer'),
                ('intermediate', 'transformer'),
                ('marts', 'transformer')
        ) as homes (schema_name, role_name)
    loop
        if exists (
            select
            from pg_namespace
            where nspname = home.schema_name and pg_get_userbyid(nspowner) <> home.role_name
        ) then
            execute format('alter schema %I owner to %I', home.schema_name, home.role_name);
        end if;
        for relation in
            select
                relname,
                case relkind
                    when 'v' then 'view'
                    when 'm' then 'materialized view'
                    when 'S' then 'sequence'
                    else 'table'
                end as kind
            from pg_class
            where
                relnamespace = home.schema_name::regnamespace
                and relkind in ('r', 'p', 'v', 'm', 'S')
                and pg_get_userbyid(relowner) <> home.role_name
                -- A column's own sequence goes with its table.
                and not exists (
                    select
                    from pg_depend
                    where
                        pg_depend.classid = 'pg_class'::regclass
                        and pg_depend.objid = pg_class.oid
                        and pg_depend.refobjsubid > 0
                        and pg_class.relkind = 'S'
                )
        loop
            execute format(
                'alter %s %I.%I owner to %I',
                relation.kind, home.schema_name, relation.relname, home.role_name
            );
        end loop;
    end loop;
end
$$;

-- Takes from everybody what Postgres grants to everybody: temporary tables, tables in `public` (in
-- databases made before Postgres 15), and large objects, which only a superuser can forbid.

do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
    -- dbt's unit tests make temporary tables, to find out the columns of a model.
    execute format('grant temporary on database %I to transformer', current_database());
    if to_regnamespace('public') is not null then
        revoke create on schema public from public;
    end if;
    if (select rolsuper from pg_roles where rolname = current_user) then
        revoke execute on function
            pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid),
            pg_catalog.lo_from_bytea(oid, bytea)
            from public;
    end if;
end
$$;

-- raw: the loader's. Others read the outlets' tables, never the ledgers of requests to an API.

revoke all on schema raw from public, transformer, modeller, analyst;
revoke all on all tables in schema raw from public, transformer, modeller, analyst;
grant usage on schema raw to transformer, analyst;

do $$
declare
    relation record;
begin
    for relation in
        select relname
        from pg_class
        where
            relnamespace = 'raw'::regnamespace
            and relkind in ('r', 'p', 'v')
            and relname ~ '^[a-z][a-z0-9]*_(months|articles|rejects|fields)$'
    loop
        execute format('grant select on raw.%I to transformer', relation.relname);
        if relation.relname !~ '_rejects$' then
            execute format('grant select on raw.%I to analyst', relation.relname);
        end if;
    end loop;
end
$$;

-- growth: the modeller's.

revoke all on schema growth from public, loader, transformer, analyst;
revoke all on all tables in schema growth from public, loader, transformer, analyst;
grant usage on schema growth to transformer, analyst;
grant select on all tables in schema growth to transformer, analyst;
alter default privileges for role modeller in schema growth
    grant select on tables to transformer, analyst;

-- dbt's schemas: the transformer's. dbt drops its tables and creates them again, so each grant is also
-- one on tables to come.

revoke all on schema staging, intermediate, marts from public, loader, modeller, analyst;
revoke all on all tables in schema staging, intermediate, marts
    from public, loader, modeller, analyst;
grant usage on schema staging, intermediate, marts to analyst;
grant select on all tables in schema staging, intermediate, marts to analyst;
alter default privileges for role transformer in schema staging, intermediate, marts
    grant select on tables to analyst;
grant usage on schema marts to modeller;
grant select on all tables in schema marts to modeller;
alter default privileges for role transformer in schema marts
    grant select on tables to modeller;
