"""In whatever order months are loaded, reloaded and deleted, the tables are a full refresh's; and
what was built by other rules is built anew.

A chain is a few random changes of the raw tables, each followed by a dbt run; then all tables are
compared with those of a full refresh. ``NEWS_GROWTH_CHAINS=50`` before pytest
tries more chains than the usual few; all but the first are nightly.
"""

import json
import os
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from dbt.clients.yaml_helper import load_yaml_text
from dbt.contracts.graph.manifest import Manifest
from random_archive import MONTHS, TABLES, VARIABLES, Archive, Dbt, own_warehouse, tables
from support import PROJECT_DIR

CHAINS = int(os.environ.get("NEWS_GROWTH_CHAINS", "3"))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    with own_warehouse(tmp_path_factory.mktemp("w") / "w") as connection:
        yield connection


@pytest.fixture(scope="module")
def dbt(warehouse: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    yield Dbt(tmp_path_factory.mktemp("target"))


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(1, CHAINS))]
)
def test_incremental_runs_end_where_a_full_refresh_does(
    seed: int, warehouse: psycopg.Connection, dbt: Dbt
) -> None:
    archive = Archive(seed, warehouse)
    changes = []
    for _ in range(archive.random.randint(3, 6)):
        changes.append(archive.change())
        # Now and then two changes meet in one run.
        if archive.random.random() < 0.7:
            dbt("run", "--select", "+marts")
    dbt("run", "--select", "+marts")
    incremental = tables(warehouse)
    dbt("run", "--select", "+marts", "--full-refresh")
    full = tables(warehouse)
    for table in TABLES:
        assert incremental[table] == full[table], (table, changes)
    assert seed > 0 or full["marts.dim_topics"]


def test_a_second_run_changes_nothing(warehouse: psycopg.Connection, dbt: Dbt) -> None:
    archive = Archive(99, warehouse)
    archive.change()
    dbt("run", "--select", "+marts")
    query = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables"
    warehouse.execute("select pg_stat_force_next_flush()")

    def writes() -> int:
        row = warehouse.execute(f"{query} where relname !~ 'dbt_tmp'").fetchone()
        assert row is not None
        return int(row[0])

    before = writes()
    dbt("run", "--select", "+marts")
    assert writes() == before


def test_phrases_that_become_frequent_are_counted_on_all_days(
    warehouse: psycopg.Connection, dbt: Dbt
) -> None:
    def article(number: int, day: str, headline: str) -> dict[str, object]:
        return {
            "_id": f"nyt://article/{number}", "document_type": "article",
            "pub_date": f"{day}T12:00:00Z", "headline": {"main": headline}, "keywords": [],
        }  # fmt: skip

    def phrase_days() -> list[tuple[date, int]]:
        return warehouse.execute(
            "select published_on, daily.articles from marts.fct_topic_daily as daily "
            "join marts.dim_topics using (topic_id) where label = 'red sea' order by 1"
        ).fetchall()

    archive = Archive(0, warehouse)
    others = [article(number, "2020-01-09", f"Harbor {number}") for number in range(50, 80)]
    early = [article(number, "2020-01-02", "Red Sea") for number in range(3)]
    archive.store(MONTHS[0], early + others)
    dbt("run", "--select", "+marts")
    assert phrase_days() == []
    archive.store(MONTHS[1], [article(4, "2020-02-03", "Red Sea")])
    dbt("run", "--select", "+marts")
    assert phrase_days() == [(date(2020, 1, 2), 3), (date(2020, 2, 3), 1)]
    archive.store(MONTHS[1], None)
    dbt("run", "--select", "+marts")
    assert phrase_days() == []


def users(manifest: Manifest) -> dict[str, set[str]]:
    """The incremental models that each macro of the project has a part in, as dbt knows it."""
    ours = {name for name in manifest.macros if name.startswith("macro.news_growth.")}
    found: dict[str, set[str]] = {name.split(".")[-1]: set() for name in ours}
    for node in manifest.nodes.values():
        if node.config.get("incremental_strategy") != "by_parts":
            continue
        nodes, macros = [node.unique_id], ["macro.news_growth.get_incremental_by_parts_sql"]
        for unique_id in nodes:  # the list grows
            if unique_id in manifest.nodes:
                upstream = manifest.nodes[unique_id]
                macros += upstream.depends_on_macros
                nodes += [other for other in upstream.depends_on_nodes if other not in nodes]
        for macro in macros:
            if macro in ours:
                found[macro.split(".")[-1]].add(node.name)
                macros += [m for m in manifest.macros[macro].depends_on.macros if m not in macros]
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {model for model, version in before.items() if after[model] != version}


@pytest.mark.nightly
def test_each_macro_is_part_of_the_rules_of_the_models_that_use_it(dbt: Dbt) -> None:
    before = dbt.rules()
    for name, models in users(dbt.manifest).items():
        macro = dbt.manifest.macros[f"macro.news_growth.{name}"]
        was = macro.macro_sql
        macro.macro_sql = was + " "
        try:
            assert changed(before, dbt.rules()) == models, name
        finally:
            macro.macro_sql = was
    assert dbt.rules() == before


def test_each_variable_is_part_of_the_rules_of_the_models_that_use_it(dbt: Dbt) -> None:
    before = dbt.rules()
    project = load_yaml_text((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project is not None
    found = {name: changed(before, dbt.rules(**{name: ["7"]})) for name in project["vars"]}
    pairs = {"int_pairs_proposed", "int_pairs_counted", "fct_topic_relations"}
    totals = pairs | {"int_topics_counted", "dim_topics", "fct_topic_daily"}
    assert found == {
        "outlets": set(before),
        "article_document_types": set(before),
        "headline_kinds": totals,
        "phrase_min_articles": totals,
        "phrase_min_association": {"dim_topics", "fct_topic_daily", "fct_topic_relations"},
        "twin_overlap": pairs,
        "fragment_share": pairs,
    }


def test_changed_rules_build_what_they_are_for_anew(
    warehouse: psycopg.Connection, dbt: Dbt, capsys: pytest.CaptureFixture[str]
) -> None:
    def filenodes() -> dict[str, int]:
        """A table that is built anew lies in a new file."""
        rows = warehouse.execute(
            "select distinct model, pg_relation_filenode(pg_class.oid) from intermediate.build_log "
            "join pg_class on relname = model"
        )
        return dict(rows.fetchall())

    archive = Archive(7, warehouse)
    archive.change()
    dbt("run", "--select", "+marts")
    before = filenodes()
    assert len(before) == 14
    capsys.readouterr()
    other = json.dumps(json.loads(VARIABLES) | {"twin_overlap": 0.5})
    dbt("run", "--select", "+marts", "--vars", other)
    after = filenodes()
    assert {model for model in before if after[model] != before[model]} == {
        "int_pairs_proposed", "int_pairs_counted", "fct_topic_relations",
    }  # fmt: skip
    said = "The rules have changed by which 3 tables were built: they are built anew"
    assert capsys.readouterr().out.count(said) == 1
