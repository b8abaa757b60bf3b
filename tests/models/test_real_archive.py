"""The lists and fits of the real months of 2020, where they are on this machine."""

import json
import warnings
from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm
from support import REAL_ARCHIVE, Warehouse

from growth.logistic import fit_trend
from growth.stored.series import Series, read_series

pytestmark = pytest.mark.skipif(
    not REAL_ARCHIVE.is_dir(), reason="the real archive files are not on this machine"
)

WINDOW = ("--start", "2020-01", "--end", "2020-06")


@pytest.fixture(scope="module")
def half_year(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse with the first half of 2020 loaded, built and its subjects fitted."""
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", REAL_ARCHIVE / "archive", *WINDOW)
    warehouse.build()
    warehouse.ok("growth", "fit", *WINDOW, "--kind", "subject")
    yield warehouse
    warehouse.empty()


def top(warehouse: Warehouse, direction: str, limit: int) -> list[str]:
    output = warehouse.ok(
        "growth", "top", "--direction", direction, *WINDOW, "--limit", str(limit), "--json"
    ).stdout
    return [topic["label"] for topic in json.loads(output)["topics"]]


def test_what_everybody_remembers_of_2020_leads_the_lists(half_year: Warehouse) -> None:
    growing = top(half_year, "growing", 15)
    for label in ("Black Lives Matter Movement", "Coronavirus Reopenings", "Police Reform"):
        assert label in growing
    assert "Impeachment" in top(half_year, "shrinking", 15)
    assert top(half_year, "popular", 1) == ["Coronavirus (2019-nCoV)"]


def test_twins_and_fragments_are_shown_as_one(half_year: Warehouse) -> None:
    half_year.ok("growth", "fit", *WINDOW)
    for name in ("growing_topics", "shrinking_topics", "popular_topics"):
        listed = half_year.rows(
            f"select topic_id, label from marts.{name} where position('_all_' in run_id) > 0"
        )
        assert len(listed) > 10
        both = half_year.rows(
            f"""
            select relations.topic_id
            from marts.fct_topic_relations as relations
            inner join marts.{name} as topics
                on relations.topic_id = topics.topic_id
            inner join marts.{name} as others
                on relations.shown_under = others.topic_id and topics.run_id = others.run_id
            """
        )
        assert both == []
    popular = dict(
        half_year.rows(
            "select label, other_labels from marts.popular_topics "
            "where position('_all_' in run_id) > 0"
        )
    )
    assert popular["Black People"] == ["Blacks"]
    assert "new york" in popular and "york" not in popular


def test_a_movement_has_its_articles(half_year: Warehouse) -> None:
    evidence = half_year.rows(
        """
        select topics.label, count(*), min(evidence.published_on), max(evidence.published_on)
        from marts.growing_topics as topics
        inner join marts.fct_topic_evidence as evidence
            on topics.run_id = evidence.run_id and topics.topic_id = evidence.topic_id
        where topics.rank <= 20
        group by topics.run_id, topics.label
        """
    )
    for label, articles, first, last in evidence:
        assert 3 <= articles <= 6, label
        assert date(2020, 1, 1) <= first <= last <= date(2020, 6, 30), label
    headlines = half_year.rows(
        """
        select evidence.headline
        from marts.growing_topics as topics
        inner join marts.fct_topic_evidence as evidence
            on topics.run_id = evidence.run_id and topics.topic_id = evidence.topic_id
        where topics.label = 'Police Reform'
        """
    )
    assert any("Polic" in headline for (headline,) in headlines)


def test_no_internal_tag_is_a_topic(half_year: Warehouse) -> None:
    subjects = "select label from marts.fct_topic_growth where kind = 'subject'"
    labels = [label for (label,) in half_year.rows(subjects)]
    assert len(labels) > 3000
    marks = ("content type:", "internal-", "your-feed-", "your feed-", "vis-", "audio-", "genre-")
    assert [label for label in labels if label.lower().startswith(marks)] == []


@pytest.fixture(scope="module")
def series(half_year: Warehouse) -> Series:
    with half_year.connect() as connection:
        return read_series(connection, "nyt", date(2020, 1, 1), date(2020, 6, 1), [])


def test_statsmodels_agrees_on_real_topics(series: Series) -> None:
    fit = fit_trend(
        series.topic, series.period, series.count, series.totals, series.times, min_articles=20
    )
    chosen = np.random.default_rng(1).choice(
        np.flatnonzero(fit.status == "converged"), 300, replace=False
    )
    used = series.totals > 0
    design = sm.add_constant(series.times[used])
    for topic in chosen:
        counts = np.zeros(len(series.totals))
        mine = series.topic == topic
        counts[series.period[mine]] = series.count[mine]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = sm.GLM(
                np.column_stack([counts[used], (series.totals - counts)[used]]),
                design,
                family=sm.families.Binomial(),
            ).fit(tol=1e-14, maxiter=200)
        ours = [fit.intercept[topic], fit.growth_rate[topic]]
        np.testing.assert_allclose(ours, peer.params, rtol=1e-9, atol=1e-9)
        errors = [fit.intercept_model_se[topic], fit.growth_rate_model_se[topic]]
        np.testing.assert_allclose(errors, peer.bse, rtol=1e-7)
        np.testing.assert_allclose(fit.deviance[topic], peer.deviance, rtol=1e-9)
        np.testing.assert_allclose(fit.pearson[topic], peer.pearson_chi2, rtol=1e-9)
