"""From loaded months to ranked lists, through the command lines, on the generated sample."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import Warehouse

from extract.sample.newspaper import SampleSummary, write_sample

WINDOW = ("--start", "2022-01", "--end", "2022-12")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    """A year of the fictional newspaper."""
    return write_sample(tmp_path_factory.mktemp("sample"), date(2022, 1, 1), date(2022, 12, 1))


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, sample: SampleSummary) -> Iterator[Warehouse]:
    """A warehouse with the sample loaded and the marts built."""
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", sample.truth_path.parent)
    warehouse.build()
    yield warehouse
    warehouse.empty()


@pytest.fixture(scope="module")
def year(built: Warehouse) -> dict[str, Any]:
    """The fit of the whole year, stored; what tests change of it they make good."""
    return fitted(built)


def planted(sample: SampleSummary) -> list[dict[str, str]]:
    with sample.truth_path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fitted(warehouse: Warehouse, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(
        warehouse.ok("growth", "fit", *WINDOW, *arguments, "--json").stdout
    )
    return result


def ranked(warehouse: Warehouse, direction: str, *arguments: str) -> list[dict[str, Any]]:
    output = warehouse.ok(
        "growth", "top", "--direction", direction, *WINDOW, "--limit", "500", "--json", *arguments
    ).stdout
    topics: list[dict[str, Any]] = json.loads(output)["topics"]
    return topics


def test_planted_topics_are_found(
    built: Warehouse, year: dict[str, Any], sample: SampleSummary
) -> None:
    lists = {
        direction: {(topic["kind"], topic["label"]) for topic in ranked(built, direction)}
        for direction in ("growing", "shrinking")
    }
    intervals = {
        (kind, label): (low, high)
        for kind, label, low, high in built.rows(
            "select kind, label, ci_low, ci_high from marts.fct_topic_growth"
        )
    }
    log_linear = covered = found = 0
    for topic in planted(sample):
        key = topic["kind"], topic["label"]
        noise, shape = float(topic["noise"]), topic["shape"]
        # What more than doubles or halves within the year, without much noise.
        if (
            noise <= 0.3
            and shape in ("rising", "falling")
            and abs(float(topic["growth_rate"])) > 0.7
        ):
            assert key in lists["growing" if shape == "rising" else "shrinking"], key
            found += 1
        if noise <= 0.3 and shape == "saturating":
            assert key in lists["growing"], key
            found += 1
        # Nor are bursts of noise taken for growth.
        if shape in ("flat", "bursty"):
            assert key not in lists["growing"] | lists["shrinking"], key
        if shape in ("rising", "falling", "flat"):
            low, high = intervals[key]
            log_linear += 1
            covered += low <= float(topic["growth_rate"]) <= high
    assert found >= 8
    # Intervals of 95 %: of these topics at most two may miss the truth.
    assert log_linear >= 14 and covered >= log_linear - 2


def test_planted_curves_are_told_apart_and_dated(
    built: Warehouse, year: dict[str, Any], sample: SampleSummary
) -> None:
    told = {
        (kind, label): values
        for kind, label, *values in built.rows(
            """
            select
                kind, label, phase, midpoint_on, peak_on, ceiling, ceiling_low, ceiling_high,
                share_end < 0.5 * share_highest
            from marts.fct_topic_growth
            """
        )
    }
    dated = 0
    for topic in planted(sample):
        phase, midpoint, peak, ceiling, low, high, halved = told[topic["kind"], topic["label"]]
        if topic["shape"] in ("flat", "bursty"):
            # Strong noise comes, stays and goes; the test above holds that it is not listed.
            swings = topic["shape"] == "bursty" or topic["noise_memory"]
            assert phase != "still rising" if swings else phase in ("steady", "unclear"), topic
        if topic["shape"] == "saturating" and float(topic["noise"]) <= 0.3:
            assert phase == "holding high", topic
            assert abs(midpoint - date.fromisoformat(topic["midpoint_on"])).days <= 30
            assert low <= ceiling <= high and low <= float(topic["ceiling"]) <= high
            dated += 1
        # Under strong noise a year's pulse may as well be an S-curve, or a jump.
        if topic["shape"] == "pulse" and float(topic["noise"]) <= 0.3:
            # Of a pulse near the window's end, what is left may be more than half.
            assert phase in ("past its peak", "came and went") or not halved, topic
            assert abs(peak - date.fromisoformat(topic["midpoint_on"])).days <= 14
            dated += 1
    assert dated >= 5


def test_planted_jumps_are_told_and_dated(
    built: Warehouse, year: dict[str, Any], sample: SampleSummary
) -> None:
    told = {
        (kind, label): (shape, jumps)
        for kind, label, shape, *jumps in built.rows(
            """
            select
                kind, label, shape,
                coalesce(step_on, event_on),
                coalesce(step_low_on, event_low_on), coalesce(step_high_on, event_high_on),
                jump_share_before, jump_share_after,
                half_life_days, half_life_days_low, half_life_days_high, step_on is null
            from marts.fct_topic_growth
            """
        )
    }
    planted_jumps = found = close = dated = half_lives = 0
    for topic in planted(sample):
        shape, jump = told[topic["kind"], topic["label"]]
        if topic["shape"] in ("flat", "rising", "falling") and float(topic["noise"]) <= 0.3:
            assert shape not in ("step", "step_drift", "event"), topic
        if topic["jumped_on"]:
            planted_jumps += 1
            if shape != topic["shape"]:
                continue
            found += 1
            on, low, high, before, after, half_life, shortest, longest, no_step = jump
            truth = date.fromisoformat(topic["jumped_on"])
            close += abs((on - truth).days) <= 7
            dated += low <= truth <= high
            assert 0.5 < before / float(topic["share_before"]) < 2, topic
            assert 0.5 < after / float(topic["share_after"]) < 2, topic
            assert no_step == (shape == "event") == (half_life is not None)
            if shape == "event":
                assert shortest <= half_life <= longest
                half_lives += shortest <= float(topic["half_life_days"]) <= longest
    # Four in five are promised to be found, dated within a week, and inside their intervals.
    assert planted_jumps == 8 and found >= 6
    assert close >= found - 1 and dated >= found - 1 and half_lives >= 2


def test_weeks_and_months_say_the_same_as_days(built: Warehouse) -> None:
    rates = {}
    for period in ("day", "week", "month"):
        run_id = fitted(built, "--period", period)["run_id"]
        rates[period] = {
            topic: (rate, se)
            for topic, rate, se in built.rows(
                "select topic_id, growth_rate, "
                "growth_rate_se / sqrt(greatest(1, long_run_dispersion)) from growth.coefficients "
                "where run_id = %s and growth_rate is not null",
                run_id,
            )
        }
    assert built.value("select periods from growth.runs where period = 'month'") == 12
    assert built.value("select periods from growth.runs where period = 'week'") == 53
    assert rates["day"].keys() == rates["week"].keys() == rates["month"].keys()
    for period, close in (("week", 0.1), ("month", 0.5)):
        apart = [
            abs(rates[period][topic][0] - rate) / se for topic, (rate, se) in rates["day"].items()
        ]
        assert sorted(apart)[len(apart) // 2] < close


def test_a_window_with_gaps_is_fitted_if_asked_to(built: Warehouse, year: dict[str, Any]) -> None:
    with built.connect() as connection:
        connection.execute(
            """
            create table public.kept as
                select * from marts.fct_topic_daily
                where published_on between '2022-05-01' and '2022-05-31';
            create table public.days as select * from marts.fct_daily_articles;
            delete from marts.fct_topic_daily
                where published_on between '2022-05-01' and '2022-05-31';
            update marts.fct_daily_articles set is_loaded = false, articles = 0
                where published_on between '2022-05-01' and '2022-05-31'
            """
        )
    try:
        result = fitted(built, "--allow-gaps")
        missing, periods = built.rows(
            "select missing_months, (select count(*) from marts.fct_daily_articles "
            "where articles > 0) from growth.runs where run_id = %s",
            result["run_id"],
        )[0]
    finally:
        with built.connect() as connection:
            connection.execute(
                """
                insert into marts.fct_topic_daily select * from public.kept;
                update marts.fct_daily_articles as now
                    set is_loaded = days.is_loaded, articles = days.articles
                    from public.days where days.published_on = now.published_on;
                drop table public.kept;
                drop table public.days
                """
            )
    assert missing == "2022-05" and periods == 365 - 31
    assert 0.8 * year["statuses"]["converged"] < result["statuses"]["converged"]
    assert fitted(built)["stored_before"] is False


def test_a_fit_lists_at_its_own_false_discovery_rate(
    built: Warehouse, year: dict[str, Any]
) -> None:
    strict = fitted(built, "--false-discovery-rate", "1e-4")["run_id"]
    assert strict == f"{year['run_id']}_fdr0.0001"
    try:
        told = built.rows(
            """
            select topics.run_id, false_discovery_rate, direction, count(*), max(q_value)
            from marts.fct_topic_growth as topics
            inner join growth.runs on topics.run_id = runs.run_id
            where topics.run_id = any(%s) and direction in ('growing', 'shrinking')
            group by 1, 2, 3
            """,
            [strict, year["run_id"]],
        )
        assert len(told) == 4 and all(largest <= rate for _, rate, _, _, largest in told)
        listed = {(run, direction): number for run, _, direction, number, _ in told}
        for direction in ("growing", "shrinking"):
            assert 0 < listed[strict, direction] < listed[year["run_id"], direction]
            # The lists, and the fit that gives topics their words, go by the same rate.
            [rows] = built.rows(
                f"select count(*) from marts.{direction}_topics where run_id = %s", strict
            )
            assert 0 < rows[0] <= listed[strict, direction]
        paces = """
            select count(*) from marts.fct_topic_growth
            where run_id = %s and listed_doubling_days is not null
                and direction not in ('growing', 'shrinking')
        """
        assert built.rows(paces, strict) == [(0,)]
        [run] = [
            run
            for run in json.loads(built.ok("growth", "runs", "--json").stdout)["runs"]
            if run["run_id"] == strict
        ]
        assert run["false_discovery_rate"] == 1e-4
    finally:
        with built.connect() as connection:
            connection.execute("delete from growth.runs where run_id = %s", [strict])


def test_every_topic_has_a_status_and_only_fits_have_numbers(
    built: Warehouse, year: dict[str, Any]
) -> None:
    assert year["statuses"]["converged"] > 300
    assert year["statuses"]["too_few_articles"] > 100
    assert sum(year["statuses"].values()) == year["topics"]
    assert built.value("select count(*) from marts.dim_topics") == year["topics"]
    wrong = built.rows(
        """
        select count(*) filter (where (status = 'converged') <> (growth_rate is not null))
            + count(*) filter (where 'NaN' in (growth_rate, ci_low, ci_high, p_value, q_value))
            + count(*) filter (where status = 'converged' and articles < 50)
        from growth.coefficients
        """
    )
    assert wrong == [(0,)]


def test_the_same_fit_twice_leaves_one_run_and_the_same_bytes(built: Warehouse) -> None:
    def stored() -> tuple[list[Any], list[Any]]:
        return (
            built.rows("select * from growth.runs order by run_id"),
            built.rows("select * from growth.coefficients order by run_id, topic_id"),
        )

    fitted(built)
    before = stored()
    assert fitted(built)["stored_before"] is True
    assert stored() == before
    with built.connect() as connection:
        connection.execute("update growth.runs set input_sha256 = 'other data'")
    assert fitted(built)["stored_before"] is False
    runs, coefficients = stored()
    assert len(runs) == len(before[0])
    assert coefficients == before[1]


def test_windows_kinds_and_thresholds_are_runs_of_their_own(
    built: Warehouse, year: dict[str, Any]
) -> None:
    people = fitted(built, "--kind", "person", "--kind", "place", "--min-articles", "20")
    assert people["run_id"] != year["run_id"]
    kinds = built.rows(
        "select distinct kind from growth.coefficients where run_id = %s order by kind",
        people["run_id"],
    )
    assert kinds == [("person",), ("place",)]
    half = json.loads(
        built.ok("growth", "fit", "--start", "2022-02", "--end", "2022-03", "--json").stdout
    )
    assert (half["window_start"], half["window_end"]) == ("2022-02-01", "2022-03-31")
    days = built.value("select periods from growth.runs where run_id = %s", half["run_id"])
    assert days == 28 + 31


def test_the_lists_are_ranked_by_what_is_sure(built: Warehouse, year: dict[str, Any]) -> None:
    growing = ranked(built, "growing")
    assert [topic["rank"] for topic in growing] == list(range(1, len(growing) + 1))
    assert all(topic["sure_growth"] > 0 and topic["q_value"] <= 0.05 for topic in growing)
    lows = [topic["sure_growth"] for topic in growing]
    assert lows == sorted(lows, reverse=True)
    shrinking = ranked(built, "shrinking")
    highs = [topic["sure_growth"] for topic in shrinking]
    assert highs == sorted(highs) and highs[-1] < 0
    popular = [topic["articles"] for topic in ranked(built, "popular")]
    assert popular == sorted(popular, reverse=True)
    people = ranked(built, "popular", "--kind", "person")
    assert {topic["kind"] for topic in people} == {"person"}
    assert [topic["rank"] for topic in people] == list(range(1, len(people) + 1))
    high = ranked(built, "growing", "--phase", "holding-high")
    assert high and {topic["phase"] for topic in high} == {"holding high"}


def test_internal_tags_are_nowhere(built: Warehouse) -> None:
    assert built.value("select count(*) from raw.nyt_articles where doc::text ~ 'internal-'") > 0
    found = built.rows(
        "select label from marts.dim_topics where kind <> 'term' and "
        "label ~* '^(internal-|content type:|your-feed-)'"
    )
    assert found == []


def test_top_prints_a_table_csv_or_json(built: Warehouse, year: dict[str, Any]) -> None:
    table = built.ok("growth", "top", *WINDOW, "--limit", "3").stdout
    assert table.startswith("Growing topics, January to December 2022\n")
    lines = table.splitlines()
    assert [line.split()[0] for line in lines[3:6]] == ["1", "2", "3"]
    assert "growth a year" in lines[2]
    text = built.ok("growth", "top", *WINDOW, "--limit", "3", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    growing = ranked(built, "growing")[:3]
    assert [row["label"] for row in rows] == [topic["label"] for topic in growing]
    assert [float(row["ci_low"]) for row in rows] == [topic["ci_low"] for topic in growing]


def test_days_counted_in_the_marts_are_those_of_the_files(
    built: Warehouse, sample: SampleSummary
) -> None:
    articles = built.value(
        "select count(*) from raw.nyt_articles where lower(doc ->> 'document_type') = 'article'"
    )
    [(counted, days, first, last)] = built.rows(
        "select sum(articles), count(*), min(published_on), max(published_on) "
        "from marts.fct_daily_articles where is_loaded"
    )
    assert (days, first, last) == (365, date(2022, 1, 1), date(2022, 12, 31))
    # Only the last evening of 2021, which came with January, is left out.
    assert 0 < articles - counted < 60


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fit", "--start", "2021-12", "--end", "2022-02"], 2, "not loaded: 2021-12"),
        (["fit", "--start", "2022-03", "--end", "2022-02"], 2, "is after --end 2022-02"),
        (["fit", "--start", "2023-01"], 2, "not loaded: any month from 2023-01 on"),
        (["fit", "--end", "1900-12", "--allow-gaps"], 2, "not loaded: any month up to 1900-12"),
        (["fit", "--start", "2022-3"], 2, "'2022-3' is not a month"),
        (["fit", "--kind", "colour"], 2, "colour"),
        (["fit", "--period", "year"], 2, "year"),
        (["fit", "--min-articles", "0"], 2, "--min-articles"),
        (["top", "--start", "2022-05", "--end", "2022-06"], 2, "growth fit --start 2022-05"),
        (["top", "--json", "--csv"], 2, "one of --json and --csv"),
        (["top", "--direction", "sideways"], 2, "sideways"),
    ],
)
def test_wrong_usage_is_one_clear_message(
    built: Warehouse, arguments: list[str], code: int, message: str
) -> None:
    result = built.run("growth", *arguments)
    assert result.returncode == code
    assert result.stdout == ""
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_the_largest_numbers_that_are_taken_are_stored_and_listed(
    built: Warehouse, year: dict[str, Any]
) -> None:
    """Any larger one is refused before anything is asked: test_numbers.py."""
    few = fitted(built, "--min-articles", str(2**31 - 1))
    try:
        assert few["statuses"].keys() == {"too_few_articles"}
        listed = built.ok("growth", "top", "--run", few["run_id"], "--limit", str(2**31 - 1))
        assert listed.stdout == "Growing topics, January to December 2022: none\n"
    finally:
        with built.connect() as connection:
            connection.execute("delete from growth.runs where run_id = %s", [few["run_id"]])


def test_a_month_missing_inside_the_window_is_named(built: Warehouse) -> None:
    with built.connect() as connection:
        connection.execute(
            "update marts.fct_daily_articles set is_loaded = false "
            "where published_on between '2022-04-01' and '2022-05-31'"
        )
    try:
        result = built.run("growth", "fit", *WINDOW)
    finally:
        with built.connect() as connection:
            connection.execute("update marts.fct_daily_articles set is_loaded = true")
    assert result.returncode == 2
    assert "not loaded: 2022-04, 2022-05;" in result.stderr


def test_build_stays_green_after_a_fit_and_a_second_time(
    built: Warehouse, year: dict[str, Any], tmp_path: Path
) -> None:
    before = built.rows("select * from marts.fct_topic_growth order by run_id, topic_id")
    built.ok("dbt", "build")
    assert built.rows("select * from marts.fct_topic_growth order by run_id, topic_id") == before
    docs = ("dbt", "docs", "generate", "--static", "--target-path", tmp_path)
    done = built.run(*docs, **built.parsed())
    assert done.returncode == 0, done.stdout
    page = (tmp_path / "static_index.html").read_text(encoding="utf-8")
    assert "One row per topic of a run of `growth fit`" in page
