"""`warehouse roles`: each login can run its step's commands, and nothing else."""

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fake_api import FAST, fake_api, month_body
from support import (
    WITHOUT_TESTS,
    Done,
    Warehouse,
    month_of_three_topics,
    temporary_warehouse,
    write_month,
)

LOGINS = {
    "lena": ["loader"],
    "theo": ["transformer"],
    "mo": ["modeller"],
    "ann": ["analyst"],
    "una": ["loader", "transformer", "modeller"],
}
OWNERS = {
    "raw": "loader",
    "growth": "modeller",
    "staging": "transformer",
    "intermediate": "transformer",
    "marts": "transformer",
}
LEDGER = "raw.ratelimit___nyt_requests"


def write_months(folder: Path, *months: str) -> Path:
    for month in months:
        write_month(folder, month, month_of_three_topics(month))
    return folder


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_months(tmp_path_factory.mktemp("months"), "2020-01", "2020-02")


@pytest.fixture(scope="module")
def shared() -> Iterator[Warehouse]:
    """A warehouse with the roles set up and a login for each; its tables are empty."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "roles")
        with own.connect() as connection:
            for login, roles in LOGINS.items():
                connection.execute(f"create role {login} login in role {', '.join(roles)}".encode())
        yield own


@pytest.fixture(scope="module")
def built(shared: Warehouse, months: Path) -> Warehouse:
    """The warehouse after loader, transformer and modeller have done their steps."""
    for login, *command in (
        ("lena", "extract", "load", "--from", str(months)),
        ("theo", "dbt", "build", "--exclude-resource-type", "unit_test"),
        ("mo", "growth", "fit", "--min-articles", "10"),
    ):
        done = as_login(shared, login, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    return shared


def login_env(warehouse: Warehouse, login: str, database: str = "news") -> dict[str, str]:
    """Return a login's environment. WAREHOUSE_DIR names another folder, so that commands take the
    server for the user's own and PGUSER counts."""
    return {
        "WAREHOUSE_DIR": str(warehouse.folder.parent / "none"),
        "PGHOST": str(warehouse.folder),
        "PGUSER": login,
        "PGDATABASE": database,
    }


def as_login(
    warehouse: Warehouse, login: str, *command: str | Path, database: str = "news", **more: str
) -> Done:
    """Run a command line as a login."""
    return warehouse.run(*command, **login_env(warehouse, login, database), **more)


def session(warehouse: Warehouse, login: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(warehouse.folder), port=5432, user=login, dbname="news", autocommit=True
    )


def owners(warehouse: Warehouse) -> set[tuple[str, str]]:
    """Return the owners of each schema's tables and views."""
    return {
        (schema, owner)
        for schema, owner in warehouse.rows(
            """
            select relnamespace::regnamespace::text, pg_get_userbyid(relowner)::text
            from pg_class
            where relnamespace::regnamespace::text = any(%s) and relkind in ('r', 'v', 'S')
            """,
            list(OWNERS),
        )
    }


def content(warehouse: Warehouse) -> dict[str, Any]:
    """Return the digest and the oid of every table and view in the warehouse's schemas."""
    with warehouse.connect() as connection:
        relations = connection.execute(
            """
            select oid::regclass::text, oid, relfilenode
            from pg_class
            where relnamespace::regnamespace::text = any(%s) and relkind in ('r', 'v')
            """,
            [list(OWNERS)],
        ).fetchall()
        digest = "select md5(string_agg(t::text, ' ' order by t::text)) from {} as t"
        return {
            name: (*identity, *connection.execute(digest.format(name).encode()).fetchall())
            for name, *identity in relations
        }


# Each does their part


def test_each_does_their_part(built: Warehouse) -> None:
    assert built.value("select count(*) from raw.nyt_months") == 2
    assert built.value("select count(*) from marts.dim_topics") > 0
    assert built.value("select count(*) from growth.coefficients where growth_rate is not null") > 0
    assert owners(built) == set(OWNERS.items())
    # Each login may read the result of its step.
    assert "2 months, 168 documents" in as_login(built, "lena", "extract", "status").stdout
    done = as_login(built, "mo", "growth", "top", "--direction", "popular", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"label"' in done.stdout


def test_a_login_that_only_reads_makes_the_page(built: Warehouse, tmp_path: Path) -> None:
    """The page gives the loading time only where the login may read it, the last day always."""
    for login, told in (("ann", True), ("mo", False)):
        page = tmp_path / f"{login}.html"
        done = as_login(built, login, "growth", "report", "--out", page)
        assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
        text = page.read_text(encoding="utf-8")
        assert ("<dt>Loaded on</dt>" in text) is told, login
        assert "<dt>Loaded up to</dt><dd>28 February 2020</dd>" in text
    assert as_login(built, "lena", "growth", "report", "--out", page).returncode == 2


def test_the_loader_asks_the_api_and_keeps_the_ledger(built: Warehouse, tmp_path: Path) -> None:
    with fake_api() as api:
        api.months = {"2020-03": month_body("2020-03")}
        env = FAST | {"NYT_API_URL": api.url, "NYT_LANDING_DIR": str(tmp_path)}
        run = ("extract", "run", "--start", "2020-03", "--end", "2020-03")
        for other in ("theo", "mo", "ann"):
            done = as_login(built, other, *run, **env)
            assert (done.returncode, done.stdout) == (2, ""), other
            assert "this step needs the role loader" in done.stderr
        assert not api.calls
        done = as_login(built, "lena", *run, **env)
        assert done.returncode == 0, done.stderr
        done = as_login(built, "lena", "extract", "doctor", "--no-call", **env)
        assert "999999 of 1000000 requests" in done.stdout, done.stdout
    assert built.value(f"select count(*) from {LEDGER}") == 1
    assert owners(built) == set(OWNERS.items())
    for other in ("theo", "mo", "ann"):
        with session(built, other) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from {LEDGER}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"delete from {LEDGER}".encode())


# And nothing else


@pytest.mark.parametrize(
    ("login", "command", "role"),
    [
        ("theo", "extract load --from {months} --refresh", "loader"),
        ("mo", "extract load --from {months} --refresh", "loader"),
        ("ann", "extract load --from {months} --refresh", "loader"),
        ("lena", "growth fit --refit", "modeller"),
        ("theo", "growth fit --refit", "modeller"),
        ("ann", "growth fit --refit", "modeller"),
        ("lena", "dbt build", "transformer"),
        ("mo", "dbt run", "transformer"),
        ("ann", "dbt seed", "transformer"),
    ],
)
def test_nobody_does_anothers_part(
    built: Warehouse, months: Path, login: str, command: str, role: str
) -> None:
    before = content(built)
    done = as_login(built, login, *shlex.split(command.format(months=months)))
    said = done.stdout if command.startswith("dbt") else done.stderr
    assert done.returncode == 2, said
    assert (
        f"this step needs the role {role}, which the login {login} does not have: set PGUSER to "
        f"one that does, or ask the owner of the warehouse for `grant {role} to {login}`" in said
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert content(built) == before


@pytest.mark.parametrize(
    ("login", "command", "object_"),
    [
        ("mo", "extract status", "schema raw"),
        ("lena", "growth top", "schema growth"),
        ("ann", "warehouse backup --to {folder}", ""),
    ],
)
def test_what_may_not_be_read_is_one_line(
    built: Warehouse, tmp_path: Path, login: str, command: str, object_: str
) -> None:
    done = as_login(built, login, *command.format(folder=tmp_path).split())
    assert (done.returncode, done.stdout) == (2, "")
    assert f"permission denied for {object_}" in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_analyst_reads(built: Warehouse) -> None:
    with session(built, "ann") as connection:
        for relation in (
            "marts.dim_topics", "marts.fct_topic_daily", "marts.fct_daily_articles",
            "marts.fct_topic_growth", "marts.growing_topics", "marts.popular_topics",
            "growth.runs", "growth.coefficients", "raw.nyt_months", "raw.nyt_articles",
            "staging.stg_nyt__articles", "intermediate.int_articles_kept",
        ):  # fmt: skip
            connection.execute(f"select * from {relation} limit 1".encode())
        row = connection.execute("select count(*) from marts.popular_topics").fetchone()
        assert row is not None
        assert row[0] > 0
    assert as_login(built, "ann", "growth", "top", "--direction", "popular").returncode == 0
    assert "months, " in as_login(built, "ann", "extract", "status").stdout


REFUSED = {
    "ann": [
        "insert into marts.fct_daily_articles select * from marts.fct_daily_articles",
        "update marts.dim_topics set label = 'mine'",
        "delete from growth.runs",
        "delete from raw.nyt_months",
        "truncate raw.nyt_articles",
        "truncate marts.fct_topic_daily",
        "drop view marts.growing_topics",
        "alter table marts.dim_topics add mine integer",
        "create table marts.mine (a integer)",
        "create view staging.mine as select 1",
        "create table growth.mine (a integer)",
        "create table raw.mine (a integer)",
        "create table public.mine (a integer)",
        "create temporary table mine (a integer)",
        "create schema mine",
        "create role mine",
        "set role loader",
        "set role transformer",
        "begin; lock table marts.dim_topics in exclusive mode",
        "copy (select 1) to '/tmp/mine'",
        "select lo_from_bytea(0, 'mine')",
    ],
    "lena": [
        "select * from marts.dim_topics",
        "select * from growth.runs",
        "create table public.mine (a integer)",
    ],
    "theo": [
        "delete from raw.nyt_articles",
        "insert into growth.runs select * from growth.runs",
        "create table raw.mine (a integer)",
        "create schema mine",
    ],
    "mo": [
        "select * from raw.nyt_articles",
        "select * from staging.stg_nyt__articles",
        "delete from marts.dim_topics",
        "create table marts.mine (a integer)",
        "create temporary table mine (a integer)",
    ],
}


@pytest.mark.parametrize("login", REFUSED)
def test_nobody_may_do_more_than_they_need(built: Warehouse, login: str) -> None:
    before = content(built)
    for statement in REFUSED[login]:
        with session(built, login) as connection:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
        pytest.fail(f"{login} may: {statement}")
    assert content(built) == before


# Over time


def test_one_login_for_all_steps(built: Warehouse, tmp_path: Path) -> None:
    """After it has built the tables anew, the other logins can still read them."""
    write_months(tmp_path, "2020-03")
    before = built.value("select 'marts.dim_topics'::regclass::oid")
    for command in (
        ["extract", "load", "--from", tmp_path],
        ["dbt", "build", "--full-refresh", *WITHOUT_TESTS],
        ["growth", "fit", "--min-articles", "10"],
        ["growth", "top"],
        ["extract", "status"],
    ):
        done = as_login(built, "una", *command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert built.value("select 'marts.dim_topics'::regclass::oid") != before
    assert owners(built) == set(OWNERS.items())
    with session(built, "ann") as connection:
        for relation in ("marts.dim_topics", "marts.popular_topics", "staging.stg_nyt__months"):
            connection.execute(f"select * from {relation} limit 1".encode())
    done = as_login(built, "mo", "growth", "fit", "--min-articles", "10")
    assert done.returncode == 0, done.stderr
    assert "2020-01-01 to 2020-03-28: 252 articles" in done.stdout


def test_again_nothing_changes(built: Warehouse) -> None:
    def state() -> list[tuple[Any, ...]]:
        return built.rows(
            """
            select oid::regclass::text, relowner, relacl::text from pg_class
            where relnamespace::regnamespace::text = any(%s)
            union all
            select nspname::text, nspowner, nspacl::text from pg_namespace
            union all
            select defaclnamespace::regnamespace::text, defaclrole, defaclacl::text
            from pg_default_acl
            order by 1, 2, 3
            """,
            list(OWNERS),
        )

    built.ok("warehouse", "roles")
    before = state()
    done = built.ok("warehouse", "roles")
    assert "the roles are set up: loader, transformer, modeller, analyst" in done.stderr
    assert state() == before
    # `warehouse roles` takes back what was granted by hand.
    with built.connect() as connection:
        connection.execute("grant delete on marts.dim_topics, raw.nyt_months to analyst")
    assert state() != before
    built.ok("warehouse", "roles")
    assert state() == before


def test_another_outlets_tables_may_be_read_like_the_first_ones(built: Warehouse) -> None:
    names = ("months", "articles", "rejects", "fields")
    with built.connect() as connection:
        for name in names:
            connection.execute(f"create table raw.gazette_{name} (like raw.nyt_{name})".encode())
    try:
        built.ok("warehouse", "roles")
        readable = {
            (role, name)
            for role in ("loader", "transformer", "modeller", "analyst")
            for name in names
            if built.value(
                "select has_table_privilege(%s, %s, 'select')", role, f"raw.gazette_{name}"
            )
        }
    finally:
        with built.connect() as connection:
            for name in names:
                connection.execute(f"drop table raw.gazette_{name}".encode())
    assert readable == {
        *(("loader", name) for name in names),
        *(("transformer", name) for name in names),
        *(("analyst", name) for name in names if name != "rejects"),
    }


def test_only_the_owner_sets_roles_up(built: Warehouse) -> None:
    done = as_login(built, "una", "warehouse", "roles")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the login una cannot set up roles: log in as a superuser, or as the owner of the "
        "database news with CREATEROLE (PGUSER); nothing was changed\n"
    )


def test_a_missing_table_is_the_owners_to_create(built: Warehouse, months: Path) -> None:
    """As after an update that brings a new table."""
    with built.connect() as connection:
        connection.execute("drop table raw.nyt_rejects cascade")
    done = as_login(built, "lena", "extract", "load", "--from", months)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"error: the warehouse lacks raw\.nyt_rejects, and this login cannot create it "
        r"\(permission denied .*\): ask the owner of the database to run `warehouse roles`\n",
        done.stderr,
    )
    built.ok("warehouse", "roles")
    assert owners(built) == set(OWNERS.items())
    done = as_login(built, "lena", "extract", "load", "--from", months)
    assert done.returncode == 0, done.stderr


def test_another_database_of_the_server_has_no_roles(built: Warehouse, months: Path) -> None:
    """The roles exist on the whole server, but steps in the other database run as their login."""
    with built.connect() as connection:
        connection.execute("drop database if exists other")
        connection.execute("create database other owner lena")
    done = as_login(built, "lena", "extract", "load", "--from", months, database="other")
    assert done.returncode == 0, done.stderr
    done = as_login(built, "ann", "extract", "load", "--from", months, database="other")
    assert done.returncode == 2
    assert "permission denied for schema raw" in done.stderr
    with built.connect() as connection:
        connection.execute("drop database other")


def test_an_owner_who_is_no_superuser(months: Path) -> None:
    """As on a hosted server. The tables exist already, and the owner goes on working afterwards."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        with own.connect() as connection:
            connection.execute("create role olga login createrole")
            connection.execute("create database hosted owner olga")
        load = ("extract", "load", "--from", str(months), "--refresh")
        assert as_login(own, "olga", *load, database="hosted").returncode == 0
        for _ in range(2):
            done = as_login(own, "olga", "warehouse", "roles", database="hosted")
            assert done.returncode == 0, done.stderr
        with own.connect() as connection:
            connection.execute("create role lena login in role loader")
        for login in ("lena", "olga"):
            done = as_login(own, login, *load, database="hosted")
            assert (done.returncode, done.stderr.count("replaced, 84")) == (0, 2), done.stderr
        with psycopg.connect(host=str(own.folder), user="postgres", dbname="hosted") as connection:
            row = connection.execute(
                """
                select bool_and(pg_get_userbyid(relowner) = 'loader')
                from pg_class where relnamespace = 'raw'::regnamespace
                """
            ).fetchone()
        assert row == (True,)


# What one login could do to another by functions and the like


def test_who_only_reads_acts_as_the_analyst(built: Warehouse) -> None:
    """Where a transformer's login has changed a list's view, it runs with a reader's rights."""
    definition = built.value("select pg_get_viewdef('marts.popular_topics')")
    with session(built, "theo") as connection:
        connection.execute("set role transformer")
        names = [name for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = 'marts.popular_topics'::regclass "
            "and attnum > 0 order by attnum")]  # fmt: skip
        columns = (
            'current_user::text collate "default" as label' if name == "label" else name
            for name in names
        )
        connection.execute(
            f"create or replace view marts.popular_topics as select {', '.join(columns)} "
            f"from ({definition.rstrip(';')}) as topics".encode()
        )
    try:
        for login in ("postgres", "ann"):
            done = as_login(built, login, "growth", "top", "--direction", "popular", "--csv")
            assert done.returncode == 0, done.stderr
            labels = {line.split(",")[1] for line in done.stdout.splitlines()[1:]}
            assert labels == {"analyst"}, login
    finally:
        with session(built, "theo") as connection:
            connection.execute("set role transformer")
            connection.execute(
                f"create or replace view marts.popular_topics as {definition}".encode()
            )


@pytest.mark.parametrize(
    "made",
    [
        "create function raw.f(integer) returns boolean language plpgsql as 'begin "
        "if session_user = ''postgres'' then reset role; alter role loader superuser; end if; "
        "return true; end'; "
        "create table raw.mine as select 1 as x; alter table raw.mine add check (raw.f(x))",
        pytest.param(
            "create table raw.mine as select 1 as x; "
            "alter table raw.mine add check (set_config('role', 'none', false) is not null)",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "create table raw.mine (x integer default length(set_config('role', 'none', false)))",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "create domain raw.mine as text check (value <> 'a')",
            marks=pytest.mark.nightly,
        ),
        "create rule mine as on insert to raw.nyt_months "
        "do also select set_config('role', 'none', false)",
        pytest.param(
            "create function raw.f() returns trigger language plpgsql as 'begin return new; end'; "
            "create trigger mine before insert on raw.nyt_months execute function raw.f()",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_restore_gives_no_role_the_rights_of_who_restores(
    built: Warehouse, tmp_path: Path, made: str
) -> None:
    with session(built, "lena") as connection:
        connection.execute("set role loader")
        connection.execute(made.encode())
        try:
            file = built.ok("warehouse", "backup", "--to", tmp_path).stdout.strip()
            # No other command runs it with the owner's rights either.
            for command in (["warehouse", "restore", "--yes", file], ["growth", "top"],
                            ["extract", "status"], ["growth", "fit"]):  # fmt: skip
                done = built.run(*command)
                assert (done.returncode, done.stdout) == (2, ""), command
                assert "the warehouse holds what news-growth does not make, " in done.stderr
        finally:
            for kind in ("table", "domain"):
                with contextlib.suppress(psycopg.errors.WrongObjectType):
                    connection.execute(f"drop {kind} if exists raw.mine cascade".encode())
            connection.execute("drop rule if exists mine on raw.nyt_months")
            connection.execute("drop function if exists raw.f() cascade")
            connection.execute("drop function if exists raw.f(integer) cascade")
    before = content(built)
    done = built.run("warehouse", "restore", "--yes", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "was not restored, and nothing was changed: it holds what news-growth" in done.stderr
    assert content(built) == before
    assert built.value("select rolsuper from pg_roles where rolname = 'loader'") is False


def test_a_restore_as_the_roles_brings_all_back(built: Warehouse, tmp_path: Path) -> None:
    def rows() -> dict[str, Any]:
        return {name: digest for name, (_, _, *digest) in content(built).items()}

    file = built.ok("warehouse", "backup", "--to", tmp_path).stdout.strip()
    before = rows()
    with built.connect() as connection:
        connection.execute("delete from raw.nyt_articles")
        connection.execute("drop table marts.dim_topics cascade")
    built.ok("warehouse", "restore", "--yes", file)
    assert rows() == before
    assert owners(built) == set(OWNERS.items())


def test_who_holds_a_lock_is_named_with_the_way_out(built: Warehouse, months: Path) -> None:
    """An open transaction of a reader holds up everything."""
    with session(built, "ann") as reader:
        reader.execute("select pg_advisory_lock(hashtext('news-growth'), hashtext('warehouse'))")
        load = Warehouse(built.folder, built.env).start(
            "extract", "load", "--from", str(months), "--refresh"
        )
        assert load.stderr is not None
        said = load.stderr.readline()
        pid = reader.info.backend_pid
        assert f"(login ann, process {pid}; " in said
        assert f"select pg_terminate_backend({pid}) in `warehouse psql` ends it" in said
        built.rows(f"select pg_terminate_backend({pid})")
        load.communicate(timeout=60)
        assert load.returncode == 0
        reader.close()


def test_restore_says_whose_reading_it_waits_for(built: Warehouse, tmp_path: Path) -> None:
    file = built.ok("warehouse", "backup", "--to", tmp_path).stdout.strip()
    with session(built, "ann") as reader, reader.transaction():
        reader.execute("select from marts.dim_topics limit 1")
        restore = Warehouse(built.folder, built.env).start("warehouse", "restore", "--yes", file)
        assert restore.stderr is not None
        lines = [restore.stderr.readline(), restore.stderr.readline()]
        assert f"(login ann, process {reader.info.backend_pid}; " in lines[1]
    restore.communicate(timeout=60)
    assert restore.returncode == 0
