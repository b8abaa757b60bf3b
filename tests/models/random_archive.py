"""Random months in the raw tables, and dbt within this process."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import SqlNode
from support import PROJECT_DIR

from warehouse.connect import connect
from warehouse.embedded import server

MONTHS = [date(2020, 1, 1), date(2020, 2, 1), date(2020, 3, 1), date(2020, 4, 1)]
RULES = """
    {%- set versions = {} -%}
    {%- for id, node in graph.nodes.items() if node.config.incremental_strategy == 'by_parts' -%}
        {%- do versions.update({node.name: rules_version(id)}) -%}
    {%- endfor -%}
    {{ tojson(versions) }}
"""
TABLES = [
    "intermediate.int_keywords_extracted", "intermediate.int_terms_extracted",
    "intermediate.int_articles_repeated", "intermediate.int_articles_kept",
    "intermediate.int_articles_dated", "intermediate.int_topics_counted",
    "intermediate.int_pairs_counted",
    "marts.dim_topics", "marts.fct_daily_articles", "marts.fct_topic_daily",
    "marts.fct_topic_relations",
]  # fmt: skip
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


@contextmanager
def own_warehouse(folder: Path) -> Iterator[psycopg.Connection]:
    """Give a warehouse to this process: dbt runs in it, and sets libpq's variables in it."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["WAREHOUSE_DIR"] = str(folder)
    try:
        with connect("test") as connection:
            connection.autocommit = True
            yield connection
        server.remove()
    finally:
        os.environ.clear()
        os.environ.update(before)


class Dbt:
    """dbt within this process: it reads the project once for all runs."""

    def __init__(self, target: Path, project: Path = PROJECT_DIR) -> None:
        self.options = [
            "--quiet", "--project-dir", str(project), "--profiles-dir", str(PROJECT_DIR),
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

    outlet = "nyt"

    def __init__(self, seed: int, warehouse: psycopg.Connection) -> None:
        self.random = random.Random(seed)
        self.warehouse = warehouse
        self.months, self.articles = f"raw.{self.outlet}_months", f"raw.{self.outlet}_articles"
        warehouse.execute(f"truncate {self.months}, {self.articles}".encode())

    def loaded(self) -> list[date]:
        rows = self.warehouse.execute(
            f"select archive_month from {self.months} order by 1".encode()
        ).fetchall()
        return [month for (month,) in rows]

    def change(self) -> str:
        loaded = self.loaded()
        action = self.random.choice(["load", "load", "reload", "shrink", "delete", "edit"])
        if action == "load" or not loaded:
            month = self.random.choice(MONTHS)
            self.store(month, [self.document(month) for _ in range(self.random.randint(5, 40))])
            return f"load {month:%Y-%m}"
        month = self.random.choice(loaded)
        documents_of = (
            f"select doc from {self.articles} where archive_month = %s order by article_id"
        )
        rows = self.warehouse.execute(documents_of.encode(), [month])
        documents = [doc for (doc,) in rows]
        if action == "delete":
            self.store(month, None)
        elif action == "shrink":
            self.store(month, documents[: len(documents) // 2])
        elif action == "edit":
            for document in documents[:3]:
                document.update(self.titled(self.headline()))
            self.store(month, documents)
        else:
            self.store(month, documents)
        return f"{action} {month:%Y-%m}"

    def store(self, month: date, documents: list[dict[str, object]] | None) -> None:
        with self.warehouse.transaction():
            for table in (self.articles, self.months):
                delete = f"delete from {table} where archive_month = %s"
                self.warehouse.execute(delete.encode(), [month])
            if documents is None:
                return
            unique = {document["_id"]: document for document in documents}
            insert = (
                f"insert into {self.months} (archive_month, docs, rejected, sha256, bytes, source, "
                "is_final, fetched_at, loaded_at) "
                "values (%s, %s, 0, '', 0, 'test', true, clock_timestamp(), clock_timestamp())"
            )
            self.warehouse.execute(insert.encode(), [month, len(unique)])
            self.warehouse.cursor().executemany(
                f"insert into {self.articles} (archive_month, article_id, doc) "
                "values (%s, %s, %s)".encode(),
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
            "keywords": [{"name": name, "value": value} for name, value in names],
        } | self.titled(self.headline())

    def titled(self, headline: str) -> dict[str, object]:
        """What a document says of its headline."""
        return {"headline": {"main": headline}}

    def headline(self) -> str:
        words = self.random.sample(WORDS, self.random.randint(1, 4))
        if self.random.random() < 0.5:
            words.insert(self.random.randint(0, len(words)), self.random.choice(PHRASES))
        return " ".join(words).title()
