"""Every command connects to the right warehouse with the right session settings, whatever the
environment, the server or its logins say."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from support import (
    WITHOUT_TESTS,
    Warehouse,
    middle_document,
    month_of_three_topics,
    temporary_warehouse,
    write_month,
)

MONTHS = ("2020-01", "2020-02")
HEADLINE = "“Crème brûlée”: naïveté, 1 × 2 — Łódź"  # noqa: RUF001

# Variables that a shell may have exported for other servers. Each of them would fail here, or
# change what is read and written.
HOSTILE = {
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGDATABASE": "nothing",
    "PGPASSWORD": "of another server",
    "PGPASSFILE": "/nonexistent",
    "PGOPTIONS": "-c search_path=elsewhere -c default_transaction_read_only=on",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGCLIENTENCODING": "LATIN1",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Kolkata",
    "PGAPPNAME": "psql",
    "PGCONNECT_TIMEOUT": "nonsense",
}
# Settings that an administrator or another application may have made for a login or a database.
DEFAULTS = {
    "search_path": "elsewhere, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "datestyle": "German",
    "intervalstyle": "iso_8601",
    "timezone": "Asia/Kolkata",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "extra_float_digits": "-10",
    "transform_null_equals": "on",
    "idle_in_transaction_session_timeout": "50",
}


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("months")
    for month in MONTHS:
        docs = month_of_three_topics(month)
        docs[0]["headline"]["main"] = HEADLINE
        write_month(folder, month, docs)
    return folder


@pytest.fixture(scope="module")
def other() -> Iterator[Warehouse]:
    """Another application's server, which has a schema `marts` of its own."""
    with temporary_warehouse() as own:
        own.ok("warehouse", "start")
        with own.connect() as connection:
            connection.execute("create schema marts")
            connection.execute("create table marts.theirs as select 1 as x")
        yield own


def service_of(server: Warehouse, folder: Path) -> dict[str, str]:
    """Write a service file that leads to a server; return the variables by which libpq finds it."""
    file = folder / "services"
    lines = ("[prod]", f"host={server.folder}", "port=5432", "user=postgres", "dbname=news")
    file.write_text("\n".join(lines))
    return {"PGSERVICE": "prod", "PGSERVICEFILE": str(file)}


def tables(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows(
        """
        select oid::regclass::text from pg_class
        where relkind in ('r', 'v') and relnamespace::regnamespace::text !~ '^(pg_|information_)'
        order by 1
        """
    )
    return [name for (name,) in rows]


def content(warehouse: Warehouse) -> dict[str, list[tuple[str]]]:
    """Return the rows of the marts, without the times of fitting."""
    queries = {name: f"select t::text from {name} as t" for name in tables(warehouse)
               if name.startswith("marts.") and not name.endswith("fct_topic_growth")}  # fmt: skip
    queries["raw.nyt_articles"] = "select t::text from raw.nyt_articles as t"
    queries["growth.coefficients"] = "select t::text from growth.coefficients as t"
    queries = {name: f"{query} order by 1" for name, query in queries.items()}
    return {name: warehouse.rows(query) for name, query in queries.items()}


COMMANDS = [
    "warehouse start",
    "warehouse stop",
    "warehouse status",
    "warehouse env",
    "warehouse psql -- -c select",
    "warehouse roles",
    "warehouse backup --to {folder}",
    "warehouse restore --yes {dump}",
    "warehouse remove --yes",
    "extract status",
    "extract load --from {months}",
    "growth runs",
    "growth doctor",
    "growth fit",
]


@pytest.fixture(scope="module")
def dump(months: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backups")
    with temporary_warehouse() as own:
        own.ok("extract", "load", "--from", months)
        return Path(own.ok("warehouse", "backup", "--to", folder).stdout.strip())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_service_file_leads_nobody_to_another_server(
    other: Warehouse, months: Path, dump: Path, tmp_path: Path, command: str
) -> None:
    before = tables(other)
    assert before == ["marts.theirs"]
    words = command.format(months=months, folder=tmp_path / "backups", dump=dump).split()
    with temporary_warehouse() as own:
        for variables, names in (
            (service_of(other, tmp_path), "PGSERVICE is"),
            ({"PGHOSTADDR": "127.0.0.1"}, "PGHOSTADDR is"),
            ({"PGSERVICE": "prod", "PGHOSTADDR": "::1"}, "PGSERVICE and PGHOSTADDR are"),
        ):
            done = own.run(*words, **variables)
            said = done.stderr if words[1] != "doctor" else done.stdout.partition(": ")[2]
            assert done.returncode == (2 if words[1] != "doctor" else 1), done.stdout + done.stderr
            assert said.removeprefix("error: ").startswith(f"{names} set, and PGHOST is not: unset")
            assert len(said.splitlines()) == 1
        assert not own.folder.exists()
    assert tables(other) == before


def test_nor_does_it_lead_dbt(other: Warehouse, warehouse: Warehouse, tmp_path: Path) -> None:
    done = warehouse.run("dbt", "run", **service_of(other, tmp_path))
    assert done.returncode == 2
    assert "PGSERVICE is set, and PGHOST is not" in done.stdout


def test_with_pghost_all_programs_go_there(
    other: Warehouse, warehouse: Warehouse, months: Path, tmp_path: Path
) -> None:
    """psql and pg_dump too, which would prefer a service file."""
    led = Warehouse(
        warehouse.folder,
        warehouse.env
        | service_of(other, tmp_path)
        | {"WAREHOUSE_DIR": str(warehouse.folder.parent / "none")}
        | {"PGHOST": str(warehouse.folder), "PGUSER": "postgres", "PGDATABASE": "news"},
    )
    warehouse.empty()
    led.ok("extract", "load", "--from", months)
    written = led.ok("warehouse", "backup", "--to", tmp_path / "backups").stdout.strip()
    led.build()
    led.ok("warehouse", "restore", "--yes", written)
    assert warehouse.value("select count(*) from raw.nyt_months") == len(MONTHS)
    assert tables(other) == ["marts.theirs"]
    warehouse.empty()


def test_no_variable_of_libpq_reaches_the_embedded_server(
    warehouse: Warehouse, months: Path, tmp_path: Path
) -> None:
    warehouse.empty()
    hostile = Warehouse(warehouse.folder, warehouse.env | HOSTILE)
    hostile.ok("extract", "load", "--from", months)
    hostile.build()
    hostile.ok("growth", "fit", "--min-articles", "10")
    dump = hostile.ok("warehouse", "backup", "--to", tmp_path).stdout.strip()
    before = content(warehouse)
    headlines = {doc["headline"]["main"] for doc in warehouse.documents("2020-01").values()}
    assert HEADLINE in headlines
    hostile.ok("warehouse", "restore", "--yes", dump)
    assert content(warehouse) == before
    done = hostile.ok("warehouse", "psql", "--", "-Atc", "select current_user, current_database()")
    assert done.stdout == "postgres|news\n"
    # In a shell that has run the export lines, every program connects there too.
    script = hostile.ok("warehouse", "env").stdout
    done = hostile.ok("sh", "-c", f"{script}env")
    left = {line.partition("=")[0] for line in done.stdout.splitlines() if line.startswith("PG")}
    assert left == {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE"}
    warehouse.empty()


def test_a_server_with_other_defaults_gives_the_same(warehouse: Warehouse, months: Path) -> None:
    """The database and the login have misleading settings, functions and operators."""
    contents = []
    for misled in (False, True):
        name = "misled" if misled else "plain"
        own = Warehouse(
            warehouse.folder,
            warehouse.env
            | {"WAREHOUSE_DIR": str(warehouse.folder.parent / "none")}
            | {"PGHOST": str(warehouse.folder), "PGUSER": name, "PGDATABASE": name}
            | {"DBT_TARGET_PATH": warehouse.env["DBT_TARGET_PATH"] + name},
        )
        with warehouse.connect() as connection:
            connection.execute(f"create role {name} login".encode())
            connection.execute(f"create database {name} owner {name}".encode())
        at = {"host": str(warehouse.folder), "user": name, "dbname": name}
        if misled:
            with psycopg.connect(**at, autocommit=True) as connection:  # type: ignore[arg-type]
                connection.execute("create schema elsewhere")
                for function in ("lower(text)", "md5(text)", "count(text)", "hashtext(text)"):
                    connection.execute(
                        f"create function elsewhere.{function} returns text "
                        "language plpgsql as 'begin raise exception $$misled$$; end'".encode()
                    )
                connection.execute(
                    "create operator elsewhere.= (function = texteq, leftarg = text, "
                    "rightarg = text)"
                )
            with warehouse.connect() as connection:
                for setting, value in DEFAULTS.items():
                    for what in (f"role {name}", f"database {name}"):
                        quoted = value if setting == "search_path" else f"'{value}'"
                        connection.execute(f"alter {what} set {setting} = {quoted}".encode())
        own.ok("extract", "load", "--from", months)
        own.ok("dbt", "build", *WITHOUT_TESTS)
        own.ok("growth", "fit", "--min-articles", "10")
        top = own.ok("growth", "top", "--direction", "popular", "--csv").stdout
        with psycopg.connect(**at, client_encoding="UTF8") as connection:  # type: ignore[arg-type]
            connection.execute("set search_path = pg_catalog")
            connection.execute("set extra_float_digits = 1")
            connection.execute("set datestyle = ISO")
            rows = {
                query: connection.execute(query.encode()).fetchall()
                for query in (
                    "select doc::text from raw.nyt_articles order by 1",
                    "select t::text from marts.fct_topic_daily as t order by 1",
                    "select t::text from marts.dim_topics as t order by 1",
                    "select t::text from growth.coefficients as t order by 1",
                )
            }
        contents.append((top, rows))
    assert contents[0] == contents[1]
    assert contents[0][1]["select t::text from growth.coefficients as t order by 1"]
    with warehouse.connect() as connection:
        for name in ("plain", "misled"):
            connection.execute(f"drop database {name}".encode())
            connection.execute(f"drop role {name}".encode())


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DBT_PROFILES_DIR": "{folder}"}, "dbt reads its profile from {folder} (DBT_PROFILES_DIR"),
        ({"DBT_TARGET": "prod"}, "target"),
    ],
)
def test_dbt_takes_no_other_profile(
    warehouse: Warehouse, tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    (tmp_path / "profiles.yml").write_text(
        "news_growth:\n  target: prod\n  outputs:\n    prod:\n      type: postgres\n"
        "      host: localhost\n      port: 1\n      user: x\n      password: x\n"
        "      dbname: x\n      schema: public\n"
    )
    values = {name: value.format(folder=tmp_path) for name, value in variables.items()}
    done = warehouse.run("dbt", "run", **values)
    assert done.returncode == 2
    assert said.format(folder=tmp_path) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_make_names_dbts_profile_itself(warehouse: Warehouse) -> None:
    done = warehouse.run("make", "-n", "elt", "DBT_TARGET=prod")
    assert "--profiles-dir . --target warehouse" in done.stdout


def test_restore_asks_about_the_server_it_is_connected_to(
    other: Warehouse, warehouse: Warehouse, dump: Path
) -> None:
    """The user's own server holds another application's tables: the question names both."""
    own = {"WAREHOUSE_DIR": str(warehouse.folder.parent / "none"), "PGHOST": str(other.folder),
           "PGUSER": "postgres", "PGDATABASE": "news"}  # fmt: skip
    done = warehouse.run("warehouse", "restore", dump, **own)
    assert done.returncode == 1
    where = f"the database news at {other.folder}, port 5432"
    assert f"Replace what {where} holds (1 other table or view) by {dump}?" in done.stdout
    assert other.value("select x from marts.theirs") == 1
    with other.connect() as connection:
        connection.execute("drop schema raw, growth cascade")  # the command created them


def test_a_document_is_stored_as_it_came(warehouse: Warehouse, tmp_path: Path) -> None:
    """Even where the shell names another encoding."""
    warehouse.empty()
    document = middle_document(1, headline={"main": HEADLINE})
    write_month(tmp_path, "2020-01", [document])
    done = warehouse.run(
        "extract", "load", "--from", tmp_path, PGCLIENTENCODING="SQL_ASCII", LC_ALL="C"
    )
    assert done.returncode == 0, done.stderr
    assert warehouse.documents("2020-01") == {document["_id"]: document}
