"""In whatever order months are loaded, reloaded and deleted, the tables are a full refresh's; and
what was built by other rules is built anew.

A chain is a few random changes of the raw tables, each followed by a dbt run; then all tables are
compared with those of a full refresh. ``NEWS_GROWTH_CHAINS=50`` before pytest
tries more chains than the usual few; all but the first are nightly.
"""

import json
import os
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.clients.yaml_helper import load_yaml_text
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import SqlNode
from support import PROJECT_DIR

from warehouse.connect import connect
from warehouse.embedded import server

CHAINS = int(os.environ.get("NEWS_GROWTH_CHAINS", "3"))
MONTHS = [date(2020, 1, 1), date(2020, 2, 1), date(2020, 3, 1), date(2020, 4, 1)]
TABLES = [
    "intermediate.int_keywords_extracted", "intermediate.int_terms_extracted",
    "intermediate.int_articles_repeated", "intermediate.int_articles_kept",
    "intermediate.int_articles_dated", "intermediate.int_topics_counted",
    "intermediate.int_pairs_counted",
    "marts.dim_topics", "marts.fct_daily_articles", "marts.fct_topic_daily",
    "marts.fct_topic_relations",
]  # fmt: skip
RULES = """
    {%- set versions = {} -%}
    {%- for id, node in graph.nodes.items() if node.config.incremental_strategy == 'by_parts' -%}
        {%- do versions.update({node.name: rules_version(id)}) -%}
    {%- endfor -%}
    {{ tojson(versions) }}
"""
# Low enough that phrases come and go with a month.
VARIABLES = json.dumps({"phrase_min_articles": 4, "phrase_min_association": 0.3})
PHRASES = ["Red Sea", "Black Lives Matter", "New Moon", "Women's March", "Ferry Strike", "Old Town"]
WORDS = [
    "ferry", "storm", "budget", "court", "river", "school", "vote", "island", "harbor", "museum",
    "strike", "garden",
]  # fmt: skip
KEYWORDS = [
    ("subject", "Ferries"), ("subject", "FERRIES"), ("Subject", "Storms"),
    ("subject", "internal-x"),
    ("persons", "Doe, Jane (Mayor)"), ("persons", "Jane Doe"), ("glocations", "Oslo"),
    ("subject", "Black People"), ("subject", "Blacks"),
]  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    # dbt runs in this process, and sets libpq's variables in it.
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["WAREHOUSE_DIR"] = str(tmp_path_factory.mktemp("w") / "w")
    with connect("test") as connection:
        connection.autocommit = True
        yield connection
    server.remove()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def dbt(warehouse: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Dbt"]:
    yield Dbt(tmp_path_factory.mktemp("target"))


class Dbt:
    """dbt within this process: it reads the project once for all runs."""

    def __init__(self, target: Path) -> None:
        self.options = [
            "--quiet", "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR),
            "--target-path", str(target), "--vars", VARIABLES,
        ]  # fmt: skip
        parsed = dbtRunner().invoke(["parse", *self.options])
        assert isinstance(parsed.result, Manifest), parsed.exception
        self.manifest = parsed.result
        self.runner = dbtRunner(manifest=self.manifest)
        self("seed")

    def __call__(self, command: str, *options: str) -> dbtRunnerResult:
        result = self.runner.invoke([command, *self.options, *options])
        assert result.success, result.exception or result.result
        return result

    def rules(self, **variables: object) -> dict[str, str]:
        """The number that stands for the rules of each incremental model."""
        options = ("--inline", RULES, "--no-introspect", "--no-populate-cache")
        changed = json.dumps(json.loads(VARIABLES) | variables)
        done = self("compile", *options, "--vars", changed).result
        assert isinstance(done, RunExecutionResult)
        [compiled] = done.results
        assert isinstance(compiled.node, SqlNode) and compiled.node.compiled_code
        versions: dict[str, str] = json.loads(compiled.node.compiled_code)
        return versions


def tables(warehouse: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    return {
        table: sorted(warehouse.execute(f"select * from {table}").fetchall(), key=repr)
        for table in TABLES
    }


class Archive:
    """Random months in the raw tables."""

    def __init__(self, seed: int, warehouse: psycopg.Connection) -> None:
        self.random = random.Random(seed)
        self.warehouse = warehouse
        warehouse.execute("truncate raw.nyt_months, raw.nyt_articles")

    def loaded(self) -> list[date]:
        rows = self.warehouse.execute("select archive_month from raw.nyt_months order by 1")
        return [month for (month,) in rows]

    def change(self) -> str:
        loaded = self.loaded()
        action = self.random.choice(["load", "load", "reload", "shrink", "delete", "edit"])
        if action == "load" or not loaded:
            month = self.random.choice(MONTHS)
            self.store(month, [self.document(month) for _ in range(self.random.randint(5, 40))])
            return f"load {month:%Y-%m}"
        month = self.random.choice(loaded)
        rows = self.warehouse.execute(
            "select doc from raw.nyt_articles where archive_month = %s order by article_id", [month]
        )
        documents = [doc for (doc,) in rows]
        if action == "delete":
            self.store(month, None)
        elif action == "shrink":
            self.store(month, documents[: len(documents) // 2])
        elif action == "edit":
            for document in documents[:3]:
                document.update(headline={"main": self.headline()})
            self.store(month, documents)
        else:
            self.store(month, documents)
        return f"{action} {month:%Y-%m}"

    def store(self, month: date, documents: list[dict[str, object]] | None) -> None:
        with self.warehouse.transaction():
            self.warehouse.execute("delete from raw.nyt_articles where archive_month = %s", [month])
            self.warehouse.execute("delete from raw.nyt_months where archive_month = %s", [month])
            if documents is None:
                return
            unique = {document["_id"]: document for document in documents}
            self.warehouse.execute(
                "insert into raw.nyt_months (archive_month, docs, rejected, sha256, bytes, source, "
                "is_final, fetched_at, loaded_at) "
                "values (%s, %s, 0, '', 0, 'test', true, clock_timestamp(), clock_timestamp())",
                [month, len(unique)],
            )
            self.warehouse.cursor().executemany(
                "insert into raw.nyt_articles (archive_month, article_id, doc) values (%s, %s, %s)",
                [(month, key, json.dumps(doc)) for key, doc in unique.items()],
            )

    def document(self, month: date) -> dict[str, object]:
        # A few days before and after the month too: such days count where their month is loaded.
        day = month + timedelta(days=self.random.randint(-2, 32))
        names = self.random.sample(KEYWORDS, self.random.randint(0, 4))
        pub_date = f"{day}T{self.random.randint(0, 23):02}:00:00+0000"
        return {
            # From few ids, so that articles come with two months.
            "_id": f"nyt://article/{self.random.randint(0, 150)}",
            "document_type": self.random.choice(["article", "article", "article", "multimedia"]),
            "pub_date": pub_date if self.random.random() < 0.95 else "soon",
            "headline": {"main": self.headline()},
            "keywords": [{"name": name, "value": value} for name, value in names],
        }

    def headline(self) -> str:
        words = self.random.sample(WORDS, self.random.randint(1, 4))
        if self.random.random() < 0.5:
            words.insert(self.random.randint(0, len(words)), self.random.choice(PHRASES))
        return " ".join(words).title()


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
