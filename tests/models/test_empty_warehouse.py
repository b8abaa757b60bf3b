"""A warehouse with nothing in it: everything runs, and says what to do next."""

from support import Warehouse


def test_dbt_build_alone_makes_empty_tables_and_all_tests_pass(warehouse: Warehouse) -> None:
    """Typed in a plain shell: no server runs, and no table is there."""
    with warehouse.connect() as connection:
        for schema in ("raw", "growth", "staging", "intermediate", "marts"):
            connection.execute(f"drop schema if exists {schema} cascade".encode())
    assert warehouse.run("warehouse", "stop").returncode == 0
    done = warehouse.ok("dbt", "build")
    assert "ERROR=0" in done.stdout
    assert "WARN=0" in done.stdout
    for table in ("dim_topics", "fct_topic_daily", "fct_daily_articles", "growing_topics"):
        assert warehouse.rows(f"select count(*) from marts.{table}") == [(0,)]
    fit = warehouse.run("growth", "fit")
    assert fit.returncode == 2
    assert "the marts hold no articles: load months" in fit.stderr
    top = warehouse.run("growth", "top")
    assert top.returncode == 2
    assert "run `growth fit`" in top.stderr


def test_without_marts_the_commands_name_the_step_that_is_missing(warehouse: Warehouse) -> None:
    warehouse.empty()
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists marts cascade")
    fit = warehouse.run("growth", "fit")
    assert fit.returncode == 2
    assert "the marts are not built yet" in fit.stderr
    assert "dbt build" in fit.stderr
    status = warehouse.ok("extract", "status")
    assert "no month is loaded" in status.stdout
