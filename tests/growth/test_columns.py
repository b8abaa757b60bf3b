"""The register of stored columns: what is made from it is current, and has all of it."""

from dataclasses import replace

import pytest

from growth import generate
from growth.stored import columns as register
from growth.stored.columns import NUMBER, RUNS, TOPICS, Column, names
from growth.stored.runs import COLUMNS

pytestmark = pytest.mark.fast


def test_what_is_made_from_the_register_is_current() -> None:
    assert generate.stale() == [], "run `make columns`"


def test_one_line_in_the_register_brings_a_column_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = Column(
        "half_life", NUMBER, lambda result: result.fit.doubling, "How long.", unit="days", group=6
    )
    monkeypatch.setattr(register, "TOPICS", (*TOPICS, new))
    changed = {
        path.relative_to(generate.PROJECT_DIR).as_posix()
        for path, text in generate.files().items()
        if "half_life" in text
    }
    assert changed == {
        "docs/columns.md",
        "macros/growth_columns.sql",
        "models/marts/fct_topic_growth.yml",
        "models/marts/growing_topics.yml",
        "models/marts/popular_topics.yml",
        "models/marts/shrinking_topics.yml",
        "models/staging/growth/_growth__docs.md",
        "models/staging/growth/stg_growth__coefficients.yml",
        "warehouse/growth.sql",
    }
    assert new in register.stored() and new in register.of_topics() and new in register.listed()
    monkeypatch.setattr(register, "TOPICS", (*TOPICS, replace(new, group=0)))
    assert not any(column.name == "half_life" for column in register.listed())


def test_names_are_unique_and_meanings_known() -> None:
    for columns in (RUNS, TOPICS):
        assert len(set(names(columns))) == len(columns)
    assert all(column.meaning for column in TOPICS)
    assert all(column.meaning or register.column(column.name) for column in RUNS)
    assert set(COLUMNS) <= set(names(RUNS))
