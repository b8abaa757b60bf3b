"""On a Citus cluster: the same marts as on plain Postgres, by the workers' work.

They run where libpq's variables name a coordinator, in a database of their own on all of its nodes;
``tests/citus/cluster.py`` starts one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest
from citus.cluster import Node, create_database, drop_database
from support import Warehouse, temporary_warehouse

from extract.sample.newspaper import write_sample

DATABASE = "news_growth_test"
WINDOW = ("--start", "2022-01", "--end", "2022-02")


@dataclass(frozen=True)
class Cluster(Warehouse):
    """A warehouse on a cluster."""

    nodes: list[Node]

    def connect(self) -> psycopg.Connection:
        """Return a connection to the coordinator, in autocommit mode."""
        host, port = self.nodes[0]
        return psycopg.connect(host=host, port=port, dbname=DATABASE, autocommit=True)


def nodes_of_cluster() -> list[Node]:
    """Return the nodes that libpq's variables lead to, the coordinator first; skip without."""
    if not os.environ.get("PGHOST"):
        pytest.skip("no Citus cluster: PGHOST is not set (tests/citus/cluster.py starts one)")
    with psycopg.connect(autocommit=True) as connection:
        if not connection.execute("select from pg_extension where extname = 'citus'").rowcount:
            pytest.skip(f"the server at {connection.info.host} is no Citus cluster")
        workers = connection.execute(
            "select nodename, nodeport from pg_dist_node where groupid > 0 order by nodeid"
        ).fetchall()
        if len(workers) < 2:
            pytest.skip(f"the Citus cluster at {connection.info.host} has fewer than two workers")
        return [(connection.info.host, connection.info.port), *workers]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months of the fictional newspaper."""
    folder = tmp_path_factory.mktemp("archive")
    write_sample(folder, date(2022, 1, 1), date(2022, 3, 1))
    return folder


def fill(warehouse: Warehouse, archive: Path) -> None:
    """Take two months from files to fits."""
    warehouse.ok("extract", "load", "--from", archive, *WINDOW)
    warehouse.ok("dbt", "build")
    warehouse.ok("growth", "fit", *WINDOW)


@pytest.fixture(scope="module")
def cluster(archive: Path) -> Iterator[Cluster]:
    """A database on the cluster with two months loaded, built and fitted."""
    nodes = nodes_of_cluster()
    drop_database(nodes, DATABASE)
    create_database(nodes, DATABASE)
    host, port = nodes[0]
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    try:
        with temporary_warehouse() as here:
            env = here.env | libpq | {"PGHOST": host, "PGPORT": str(port), "PGDATABASE": DATABASE}
            own = Cluster(here.folder, env, nodes)
            fill(own, archive)
            yield own
    finally:
        drop_database(nodes, DATABASE)


TABLES = (
    "intermediate.int_topics_counted",
    "intermediate.int_pairs_counted",
    "marts.dim_topics",
    "marts.fct_daily_articles",
    "marts.fct_topic_daily",
    "marts.fct_topic_relations",
)


def assert_same_rows(cluster: Warehouse, plain: Warehouse, tables: tuple[str, ...]) -> None:
    for table in tables:
        query = f"select to_jsonb(rows) from {table} as rows order by rows::text"
        expected = plain.rows(query)
        assert expected, table
        assert cluster.rows(query) == expected, table


def test_marts_and_fits_are_those_of_plain_postgres(
    cluster: Cluster, warehouse: Warehouse, archive: Path
) -> None:
    warehouse.empty()
    fill(warehouse, archive)
    assert_same_rows(
        cluster, warehouse, (*TABLES, "marts.fct_topic_growth", "marts.growing_topics")
    )
    warehouse.empty()


def test_large_tables_are_spread_and_small_ones_copied(cluster: Cluster) -> None:
    spread = dict(
        cluster.rows(
            "select table_name::text, coalesce(nullif(distribution_column, '<none>'), 'copied') "
            "from citus_tables"
        )
    )
    assert spread["raw.nyt_articles"] == "article_id"
    assert spread["marts.fct_topic_daily"] == "topic_id"
    assert spread["marts.dim_topics"] == "topic_id"
    for table in ("raw.nyt_months", "marts.fct_daily_articles", "intermediate.stop_words"):
        assert spread[table] == "copied"
    held = cluster.rows(
        "select nodeport, sum(shard_size) from citus_shards "
        "where table_name = 'marts.fct_topic_daily'::regclass group by nodename, nodeport"
    )
    assert len(held) == len(cluster.nodes) - 1
    assert all(size > 0 for _, size in held)


def test_daily_counts_are_the_workers_work(cluster: Cluster) -> None:
    compiled = Path(cluster.env["DBT_TARGET_PATH"], "compiled/news_growth/models/marts")
    select = (compiled / "fct_topic_daily.sql").read_text(encoding="utf-8")
    with cluster.connect() as connection:
        plan = connection.execute(
            f"explain (costs off) insert into marts.fct_topic_daily {select}".encode()
        ).fetchall()
    steps = [step.strip() for (step,) in plan]
    task = steps.index("->  Task")
    # Below a task stands what its worker does; above it, what is left to the coordinator.
    assert steps[0] == "Custom Scan (Citus Adaptive)"
    assert not any("Aggregate" in step for step in steps[:task])
    assert any(step.startswith("->  Insert on fct_topic_daily_") for step in steps[task:])
    assert any("Aggregate" in step for step in steps[task:])


def test_worker_that_is_down_costs_one_line_and_nothing_stored(
    cluster: Cluster, archive: Path
) -> None:
    def stored() -> list[object]:
        return [
            cluster.value(f"select sum(hashtextextended(rows::text, 0)) from {table} as rows")
            for table in ("raw.nyt_articles", "raw.nyt_months", "marts.fct_topic_daily",
                          "growth.coefficients")
        ]  # fmt: skip

    before = stored()
    host, port = cluster.nodes[-1]
    # As seen from this database: nobody listens on port 1.
    move = "update pg_dist_node set nodeport = %s where nodename = %s and nodeport = %s"
    with cluster.connect() as connection:
        connection.execute(move, [1, host, port])
    try:
        down = f"the warehouse's worker {host}:1 does not answer: start it, then run the same"
        load = cluster.run("extract", "load", "--from", archive, "--start", "2022-03")
        assert load.returncode == 2
        assert load.stderr.startswith("error: 2022-03 was not loaded: " + down)
        assert load.stderr.count("\n") == 1
        fit = cluster.run("growth", "fit", "--start", "2022-02", "--end", "2022-02")
        assert fit.returncode == 2
        assert fit.stderr.startswith("error: " + down)
        assert fit.stderr.count("\n") == 1
        build = cluster.run("dbt", "build")
        assert build.returncode == 2
        assert build.stdout.count(down) == 1
        # What was fitted lies on the coordinator.
        cluster.ok("growth", "top", *WINDOW)
    finally:
        with cluster.connect() as connection:
            connection.execute(move, [port, host, 1])
    assert stored() == before
    cluster.ok("extract", "load", "--from", archive)
    assert cluster.value("select count(*) from raw.nyt_months") == 3


def test_incremental_runs_end_where_those_of_plain_postgres_do(
    cluster: Cluster, warehouse: Warehouse, archive: Path
) -> None:
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", archive, *WINDOW)
    warehouse.build()
    for each in (cluster, warehouse):
        each.ok("extract", "load", "--from", archive)
        # A month is new: topics' totals and pairs are added to.
        each.ok("dbt", "run", "--select", "+marts")
    assert_same_rows(cluster, warehouse, TABLES)
    for each in (cluster, warehouse):
        with each.connect() as connection, connection.transaction():
            for table in (b"raw.nyt_articles", b"raw.nyt_months"):
                connection.execute(b"delete from " + table + b" where archive_month = '2022-02-01'")
        # A month is gone: they are built whole.
        each.ok("dbt", "run", "--select", "+marts")
    assert_same_rows(cluster, warehouse, TABLES)
    warehouse.empty()


def test_without_citus_dbt_runs_its_own_sql(warehouse: Warehouse) -> None:
    inline = """
        {{ config(materialized='table', meta={'distributed_by': 'topic_id'}) }}
        {%- set table = api.Relation.create(schema='marts', identifier='topics') -%}
        {{ postgres__create_table_as(false, table, 'select 1 as topic_id') }}
        / {{ dbt.postgres__create_table_as(false, table, 'select 1 as topic_id') }}
    """
    ours, dbts = warehouse.ok("dbt", "--quiet", "compile", "--inline", inline).stdout.split("/")
    assert "select 1 as topic_id" in dbts
    assert ours.strip() == dbts.strip()
