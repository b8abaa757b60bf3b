"""One topic, several, all of them: what `growth` prints, draws and writes of a stored fit.

On a small archive whose every count is known, and some of whose labels mean harm.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support import PROJECT_DIR, Doc, Warehouse, fill, middle_document, small_disk, write_month

from growth.shown.words import ONE_BURST
from growth.stored.columns import Q_VALUE

START = date(2022, 1, 1)
DAYS = 90  # to the end of March
ARTICLES_A_DAY = 10
LONG = "L" + 499 * "o"
RED = "\x1b[31mRed\x1b[0m Tape"
TURNED = "\u202edellennac\u202c Elections"
FORMULA = '=HYPERLINK("http://x.example";"Click")'
HOSTILE = [FORMULA, "-2+3+cmd|' /C calc'!A1", "@Sum(A1)", RED, TURNED, "🦀 Crab Rights", LONG,
           '"><img onerror=alert(1)>', "\x9b2J Screens"]  # fmt: skip
BARS = "▁▂▃▄▅▆▇█"
UNSEEN = "\x1b\x9b\u202e\u202c"


def keywords(day: int, number: int) -> Iterator[tuple[str, str]]:
    """Yield the keywords of a day's article of that number."""
    if number < 1 + day // 12:  # 1 to 8 a day
        yield "subject", "Kelp Farming"
    if number < 9 - day // 11:
        yield "subject", "Lamp Oil"
    if number < 2:
        yield "persons", "Aldermont, Vera"
        yield "glocations", "Pelé Island"
    # Each on days and articles of its own: labels of the same articles are one topic's.
    for place, label in enumerate(HOSTILE):
        if number == (3, 6, 7)[place // 3] and (day + place) % 3:
            yield "subject", label
    if number == 4:
        yield "organizations", "Kelp Farming"
    if number == 5 and day % 3 == 0:
        yield "subject", "Tide Tables"
    if number in (0, 8, 9) and day >= 40:
        yield "subject", "Sluice Gates"


def documents() -> Iterator[tuple[date, Doc]]:
    for day in range(DAYS):
        published = START + timedelta(days=day)
        for number in range(ARTICLES_A_DAY):
            yield (
                published,
                middle_document(
                    ARTICLES_A_DAY * day + number,
                    pub_date=f"{published}T17:00:00+0000",
                    headline={
                        "main": LONG if number == 4 else f"Tide {RED} and </script <script Turn"
                    },
                    web_url="javascript:alert(1)" if day % 2 else f"https://gazette.example/{day}",
                    keywords=[
                        {"name": name, "value": value, "rank": rank, "major": "N"}
                        for rank, (name, value) in enumerate(keywords(day, number), 1)
                    ],
                ),
            )


@pytest.fixture(scope="module")
def fitted(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with the archive loaded, built and fitted."""
    folder = tmp_path_factory.mktemp("archive")
    months: dict[str, list[Doc]] = {}
    for published, doc in documents():
        months.setdefault(f"{published:%Y-%m}", []).append(doc)
    for month, docs in months.items():
        write_month(folder, month, docs)
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", folder)
    warehouse.ok("dbt", "build", "--exclude-resource-type", "test", "unit_test")
    warehouse.ok("growth", "fit")
    yield warehouse
    warehouse.empty()


def shown(warehouse: Warehouse, *arguments: str) -> str:
    return warehouse.ok("growth", *arguments).stdout


def as_json(warehouse: Warehouse, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(shown(warehouse, *arguments, "--json"))
    return result


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_topic_is_shown_with_its_line_and_its_numbers_in_words(fitted: Warehouse) -> None:
    page = shown(fitted, "show", "Kelp Farming", "--kind", "subject")
    lines = page.splitlines()
    assert lines[0] == "Kelp Farming (subject), January to March 2022"
    bars = lines[2].strip()
    # From the Saturday on which the year began to the Thursday on which March ended.
    assert len(bars) == 14
    assert list(bars) == sorted(bars) and bars[0] < bars[7] < bars[-1] == "█"
    said = " ".join(page.split())
    growing, total = sum(1 + day // 12 for day in range(DAYS)), ARTICLES_A_DAY * DAYS
    assert f"articles {growing} of {total}, {growing / total:.1%}" in said
    assert "growing: its odds doubled every" in said
    [topic] = as_json(fitted, "show", "Kelp Farming", "--kind", "subject")["topics"]
    low, rate, high = (f"{topic[name]:+.1f}" for name in ("ci_low", "growth_rate", "ci_high"))
    assert f"trend {rate} (95%: {low} to {high}) a year, over the whole window" in said
    low, rate, high = (f"{topic[f'listed_{name}']:+.1f}" for name in ("low", "rate", "high"))
    by = {"trend": "its trend", "change": "the change from first to last quarter"}
    assert f"{rate} (95%: {low} to {high}) a year, by {by[topic['listed_by']]}" in said
    assert said.count("still rising: ") == 1 and f"now {topic['share_end']:.0%}" in said
    days = topic["listed_doubling_days"]
    assert f"its odds doubled every {days:.0f} days" in said


def test_a_step_is_told_with_its_date_and_how_well_it_fits(fitted: Warehouse) -> None:
    said = " ".join(shown(fitted, "show", "Sluice Gates").split())
    [topic] = as_json(fitted, "show", "Sluice Gates")["topics"]
    low, on, high = (date.fromisoformat(topic[f"step_{end}on"]) for end in ("low_", "", "high_"))
    assert abs((on - START).days - 40) <= 1 and low <= on <= high
    days = [f"{day.day} {day:%B} {day.year}" for day in (on, low, high)]
    after = topic["jump_share_after"]
    assert after == pytest.approx(0.3, abs=0.05)
    assert "step {} (95%: {} to {}), from <0.01% to ".format(*days) in said
    assert f"from <0.01% to {after:.1%}" in said
    assert f"the step describes {topic['fit_quality']:.0%} of what moved" in said
    assert topic["fit_quality"] > 0.9
    [listed] = [each for each in as_json(fitted, "top", "--direction", "popular")["topics"]
                if each["label"] == "Sluice Gates"]  # fmt: skip
    assert listed["step_on"] == topic["step_on"] and listed["one_burst"] is False
    legend = shown(fitted, "top", "--direction", "popular")
    assert f"\nq: {Q_VALUE}\n" in legend and f"\none burst: {ONE_BURST}\n" in legend


def test_what_was_counted_and_fitted_stands_side_by_side(fitted: Warehouse) -> None:
    arguments = "show", "Lamp Oil", "--by", "month"
    table = rows(shown(fitted, *arguments, "--csv"))
    counts = [0, 0, 0]
    for day in range(DAYS):
        counts[(START + timedelta(days=day)).month - 1] += 9 - day // 11
    assert [row["period_start"] for row in table] == ["2022-01-01", "2022-02-01", "2022-03-01"]
    assert [int(row["articles"]) for row in table] == counts
    assert [int(row["all_articles"]) for row in table] == [310, 280, 310]
    for row, count in zip(table, counts, strict=True):
        share = count / int(row["all_articles"])
        assert float(row["share"]) == pytest.approx(share)
        assert float(row["level_low"]) < float(row["level"]) < float(row["level_high"])
        assert float(row["level"]) == pytest.approx(share, abs=0.1)
        assert float(row["trend_share"]) == pytest.approx(share, abs=0.1)
    series = as_json(fitted, *arguments)["topics"][0]["series"]
    for name in ("level", "level_low", "level_high", "trend_share"):
        assert [str(each[name]) for each in series] == [row[name] for row in table]


def test_the_curve_ends_where_the_stored_fit_does(fitted: Warehouse) -> None:
    """By days, the first and last points of the curve are those whose shares were stored."""
    table = rows(shown(fitted, "show", "Lamp Oil", "--by", "day", "--csv"))
    stored = fitted.rows(
        """
        select share_start, share_start_low, share_start_high,
            share_end, share_end_low, share_end_high, trend_share_start, trend_share_end
        from marts.fct_topic_growth where label = 'Lamp Oil'
        """
    )[0]
    drawn = [
        float(row[name]) for row in (table[0], table[-1])
        for name in ("level", "level_low", "level_high")
    ]  # fmt: skip
    drawn += [float(row["trend_share"]) for row in (table[0], table[-1])]
    assert drawn == pytest.approx(list(stored), rel=1e-6)


def test_topics_are_compared_on_one_scale(fitted: Warehouse) -> None:
    text = shown(fitted, "compare", "Lamp Oil", "aldermont, vera", "Tide Tables")
    oil, vera, tide = (line for line in text.splitlines() if set(BARS) & set(line))
    # Nine of ten articles at its best, and two of ten throughout, on one scale.
    assert "█" in oil and set(BARS) & set(vera) == {"▂"} and "▃" not in tide
    table = rows(shown(fitted, "compare", "Lamp Oil", "Tide Tables", "--by", "month", "--csv"))
    assert [(row["label"], row["articles"]) for row in table[3:]] == [
        ("Tide Tables", "11"), ("Tide Tables", "9"), ("Tide Tables", "10"),
    ]  # fmt: skip
    # Too few articles for a fit: counted, not fitted.
    assert {row["level"] + row["trend_share"] for row in table[3:]} == {""}
    assert "too few articles" in text


@pytest.mark.parametrize(
    ("name", "label", "said"),
    [
        ("Lamp Oil", "Lamp Oil", ""),
        ("lamp  OIL", "Lamp Oil", ""),
        ("pele island", "Pelé Island", ""),
        ("vera aldermont", "Aldermont, Vera", "this is Aldermont, Vera (person)"),
        ("tide tabl", "Tide Tables", "this is Tide Tables (subject)"),
        ("Lampp Oil", "Lamp Oil", "no topic is called 'Lampp Oil': this is Lamp Oil (subject)"),
    ],
)
def test_a_topic_is_found_by_what_was_meant(
    fitted: Warehouse, name: str, label: str, said: str
) -> None:
    done = fitted.run("growth", "show", name, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["topics"][0]["label"] == label
    assert said in done.stderr and bool(said) == bool(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Kelp Farming"], "may be each of these: Kelp Farming (subject), Kelp Farming (org"),
        (["kelp"], "no topic is called 'kelp', and 2 have these words: Kelp Farming (subject)"),
        (["Kelpe Framing"], "spelt alike: Kelp Farming (subject), Kelp Farming (organization)"),
        (["zzzz"], "nor anything like it: `growth top --direction popular` lists topics"),
        ([""], "no topic of 2022-01 to 2022-03 is called ''"),
        (["kelp " * 700], "and 2 have these words: Kelp Farming (subject)"),
        (["z " * 1900], f"is called '{'z ' * 50}…', nor anything like it"),
        (["Lamp Oil", "--kind", "person"], "no topic of 2022-01 to 2022-03 is called 'Lamp Oil'"),
        (["Lamp Oil", "--start", "2021-01"], "no such fit is stored: run `growth fit --start 20"),
        (["Lamp Oil", "--run", "x"], "no fit 'x' is stored: `growth runs` lists those that are"),
        (["Lamp Oil", "--run", "x", "--end", "2022-03"], "choose one of --run and a window"),
        (["Lamp Oil", "--json", "--csv"], "choose one of --json and --csv"),
    ],
)
def test_what_is_meant_by_no_topic_is_one_clear_message(
    fitted: Warehouse, arguments: list[str], message: str
) -> None:
    done = fitted.run("growth", "show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr) < 500


def test_runs_are_listed_and_one_is_picked_by_its_key(fitted: Warehouse) -> None:
    fitted.ok("growth", "fit", "--start", "2022-02", "--end", "2022-03", "--min-articles", "20")
    try:
        stored = as_json(fitted, "runs")["runs"]
        assert [run["window_start"] for run in stored] == ["2022-02-01", "2022-01-01"]
        assert [row["run_id"] for row in rows(shown(fitted, "runs", "--csv"))] == [
            run["run_id"] for run in stored
        ]
        assert all(run["run_id"] in shown(fitted, "runs") for run in stored)
        first = stored[1]["run_id"]
        assert as_json(fitted, "show", "Lamp Oil", "--run", first)["run_id"] == first
        assert as_json(fitted, "top", "--run", first)["window_start"] == "2022-01-01"
    finally:
        with fitted.connect() as connection:
            connection.execute("delete from growth.runs where window_start = '2022-02-01'")


def test_a_fit_of_other_articles_is_not_drawn(fitted: Warehouse, tmp_path: Path) -> None:
    change = "update marts.fct_topic_daily set articles = articles {} where topic_id = (" \
        "select topic_id from marts.dim_topics where label = 'Lamp Oil')"  # fmt: skip
    with fitted.connect() as connection:
        connection.execute(change.format("+ 1").encode())
    try:
        done = fitted.run("growth", "plot", "Lamp Oil", "--out", str(tmp_path / "oil.svg"))
    finally:
        with fitted.connect() as connection:
            connection.execute(change.format("- 1").encode())
    assert done.returncode == 2
    assert "the articles have changed since the fit" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_topic_is_drawn_with_its_points_curve_and_bands(
    fitted: Warehouse, tmp_path: Path
) -> None:
    svg, png = tmp_path / "kelp.svg", tmp_path / "kelp.PNG"
    shown(fitted, "plot", RED, "--out", str(svg))
    shown(fitted, "plot", "Lamp Oil", "--out", str(png))
    picture = svg.read_text(encoding="utf-8")
    assert "\\x1b[31mRed" in picture and not set(UNSEEN) & set(picture)
    assert "with bands of 80% and 95%" in picture and "dashes: the fitted" in picture
    assert picture.count("mark-area") == 2 and "mark-line" in picture
    assert "var(" not in picture, "a colour that only the page knows"
    step = tmp_path / "step.svg"
    shown(fitted, "plot", "Sluice Gates", "--out", str(step))
    picture = step.read_text(encoding="utf-8")
    assert "dashes: the fitted step" in picture
    [dashed] = re.findall(r'd="M([^"]+)"[^>]*stroke-dasharray', picture)
    points = [tuple(map(float, point.split(","))) for point in dashed.split("L")]
    # It rises upright: from one point to the next, and by nearly all of its height.
    heights = [abs(b[1] - a[1]) for a, b in pairwise(points) if abs(b[0] - a[0]) < 0.1]
    assert max(heights) > 0.9 * (max(y for _, y in points) - min(y for _, y in points))
    assert png.read_bytes().startswith(b"\x89PNG")
    for name, message in (("kelp.pdf", "neither .svg nor .png"), ("no/x.svg", "cannot be written")):
        done = fitted.run("growth", "plot", "Lamp Oil", "--out", str(tmp_path / name))
        assert done.returncode == 2 and message in done.stderr


def test_headlines_that_were_the_topic_are_shown_as_text(fitted: Warehouse) -> None:
    page = shown(fitted, "show", "Lamp Oil")
    headlines = as_json(fitted, "show", "Lamp Oil")["topics"][0]["headlines"]
    assert headlines and page.count("</script <script Turn\n") == len(headlines)
    assert all(each["web_url"] in page for each in headlines)
    assert not set(UNSEEN) & set(page)


def test_a_headline_takes_no_more_than_a_line_and_json_has_it_whole(fitted: Warehouse) -> None:
    arguments = ["show", "Kelp Farming", "--kind", "organization"]
    page = shown(fitted, *arguments)
    headlines = as_json(fitted, *arguments)["topics"][0]["headlines"]
    assert headlines and {each["headline"] for each in headlines} == {LONG}
    assert page.count(f"  {LONG[:199]}…\n") == len(headlines)


def test_hostile_labels_are_text_in_every_answer(fitted: Warehouse, tmp_path: Path) -> None:
    every = ["--direction", "popular", "--limit", "500", "--kind", "subject"]
    table = shown(fitted, "top", *every)
    assert not set(UNSEEN) & set(table)
    assert "\\x1b[31mRed" in table and "\\u202edellennac" in table and "🦀 Crab Rights" in table
    assert max(len(line.split("  subject")[0]) for line in table.splitlines()[3:15]) < 75
    labels = [row["label"] for row in rows(shown(fitted, "top", *every, "--csv"))]
    assert f"'{FORMULA}" in labels and "'@Sum(A1)" in labels and LONG in labels
    assert not [label for label in labels if label[0] in "=+-@" or set(UNSEEN) & set(label)]
    # JSON is for programs: they get the label as it is, a terminal none of its commands.
    text = shown(fitted, "top", *every, "--json")
    assert {topic["label"] for topic in json.loads(text)["topics"]} >= set(HOSTILE)
    assert not set(UNSEEN) & set(text)
    done = fitted.run("growth", "show", "\x1b]0;title\x07")
    assert done.returncode == 2 and not set(UNSEEN) & set(done.stderr)
    page = shown(fitted, "show", TURNED)
    assert page.startswith("\\u202edellennac\\u202c Elections (subject), January")


def test_labels_of_the_same_articles_stand_in_one_row(fitted: Warehouse) -> None:
    pair = {"Aldermont, Vera", "Pelé Island"}
    arguments = "top", "--direction", "popular", "--limit", "500"
    [row] = [row for row in as_json(fitted, *arguments)["topics"] if row["label"] in pair]
    assert {row["label"], *row["other_labels"]} == pair
    [other] = row["other_labels"]
    assert f"; also {other}" in shown(fitted, *arguments)
    assert f"also called {other}" in " ".join(shown(fitted, "show", row["label"]).split())
    table = rows(shown(fitted, *arguments, "--csv"))
    assert [each["other_labels"] for each in table if each["label"] == row["label"]] == [other]


def test_doctor_finds_all_well_then_what_is_missing(fitted: Warehouse) -> None:
    well = fitted.run("growth", "doctor")
    assert (well.returncode, well.stderr) == (0, "")
    assert [line[:3] for line in well.stdout.splitlines()] == ["ok "] * 6
    assert "3 loaded, 2022-01 to 2022-03" in well.stdout

    def found(change: str, back: str) -> str:
        with fitted.connect() as connection:
            connection.execute(change.encode())
        try:
            done = fitted.run("growth", "doctor")
        finally:
            with fitted.connect() as connection:
                connection.execute(back.encode())
        assert done.returncode == 1
        bad = [line for line in done.stdout.splitlines() if line.startswith("BAD")]
        assert all("`" in line for line in bad), "a command each"
        return bad[0]

    day = "where published_on = '2022-02-03'"
    more = found(
        f"update marts.fct_daily_articles set articles = articles + 1 {day}",
        f"update marts.fct_daily_articles set articles = articles - 1 {day}",
    )
    assert "run `growth fit --start 2022-01 --end 2022-03`" in more
    gone = found(
        "alter table growth.runs rename to kept; create table growth.runs (like growth.kept)",
        "drop table growth.runs; alter table growth.kept rename to runs",
    )
    assert "none is stored: run `growth fit`" in gone
    old = found(
        "alter view marts.growing_topics rename column listed_rate to of_an_older_version",
        "alter view marts.growing_topics rename column of_an_older_version to listed_rate",
    )
    assert "report: the list marts.growing_topics is not there, or older than this version" in old
    late = found(
        "update marts.fct_daily_articles set is_loaded = false where published_on >= '2022-03-01'",
        "update marts.fct_daily_articles set is_loaded = true",
    )
    assert "loaded, but not in the marts: 2022-03: run `dbt build`" in late
    gone_month = found(
        "insert into marts.fct_daily_articles (outlet, published_on, articles, is_loaded) "
        "values ('nyt', '2022-04-05', 0, true)",
        "delete from marts.fct_daily_articles where published_on = '2022-04-05'",
    )
    assert "in the marts, but not loaded: 2022-04: run `dbt build`" in gone_month
    unbuilt = found("alter schema marts rename to away", "alter schema away rename to marts")
    assert "marts.dim_topics is not there: run `dbt build`" in unbuilt
    empty = found(
        "alter table raw.nyt_months rename to kept; create table raw.nyt_months (like raw.kept)",
        "drop table raw.nyt_months; alter table raw.kept rename to nyt_months",
    )
    assert "none is loaded: `extract load --from DIR`" in empty


def test_a_fit_of_articles_that_have_changed_says_so(fitted: Warehouse) -> None:
    day = "where published_on = '2022-02-03'"
    with fitted.connect() as connection:
        connection.execute(f"update marts.fct_daily_articles set articles = articles + 1 {day}")
    try:
        for command in (["top"], ["show", "Lamp Oil"]):
            done = fitted.run("growth", *command)
            assert done.returncode == 0
            assert "the articles have changed since 2022-01_2022-03_day_all_min" in done.stderr
            assert "run `growth fit --start 2022-01 --end 2022-03" in done.stderr
    finally:
        with fitted.connect() as connection:
            connection.execute(f"update marts.fct_daily_articles set articles = articles - 1 {day}")


def test_doctor_names_a_warehouse_that_does_not_answer(fitted: Warehouse) -> None:
    done = fitted.run("growth", "doctor", PGHOST="/nowhere")
    assert done.returncode == 1
    assert done.stdout.startswith("BAD  warehouse: the warehouse at /nowhere does not answer")
    assert len(done.stdout.splitlines()) == 1


def exported(warehouse: Warehouse, folder: Path, *arguments: str) -> dict[str, Any]:
    done = warehouse.ok("growth", "export", "--out", folder, *arguments)
    metadata: dict[str, Any] = json.loads((folder / "news-growth.metadata.json").read_text("utf-8"))
    told = [f"{folder / table['file']}: {table['rows']:,} rows" for table in metadata["tables"]]
    assert done.stdout.splitlines() == told
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["news-growth.metadata.json", *(table["file"] for table in metadata["tables"])]
    )
    return metadata


def test_an_export_holds_the_warehouses_numbers_in_every_format(
    fitted: Warehouse, tmp_path: Path
) -> None:
    from pyarrow import parquet

    stored = {
        (kind, label): (str(topic_id), articles, rate, status, direction)
        for kind, label, topic_id, articles, rate, status, direction in fitted.rows(
            "select kind, label, topic_id, articles, growth_rate, status, direction "
            "from marts.fct_topic_growth"
        )
    }
    tables = {}
    for file_format in ("csv", "json", "parquet"):
        folder = tmp_path / file_format
        metadata = exported(fitted, folder, "--format", file_format, "--by", "week")
        for name in ("series", "coefficients"):
            path = folder / f"{name}.{file_format}"
            if file_format == "csv":
                with path.open(encoding="utf-8", newline="") as file:
                    tables[file_format, name] = list[dict[str, Any]](csv.DictReader(file))
            elif file_format == "json":
                tables[file_format, name] = json.loads(path.read_text(encoding="utf-8"))
            else:
                tables[file_format, name] = parquet.read_table(path).to_pylist()
        for table in metadata["tables"]:
            rows_written = tables[file_format, table["file"].partition(".")[0]]
            assert len(rows_written) == table["rows"] > 0
            assert [column["name"] for column in table["columns"]] == list(rows_written[0])
            assert all(column["description"] and column["title"] for column in table["columns"])
    for file_format in ("json", "parquet"):
        got = {
            (row["kind"], row["label"]): (
                str(row["topic_id"]), row["articles"], row["growth_rate"], row["status"],
                row["direction"],
            )
            for row in tables[file_format, "coefficients"]
        }  # fmt: skip
        assert got == stored
    for exact, text in zip(
        tables["json", "coefficients"], tables["csv", "coefficients"], strict=True
    ):
        rate = exact["growth_rate"]
        assert text["growth_rate"] == "" if rate is None else float(text["growth_rate"]) == rate
        assert text["new_label"] == {None: "", True: "true", False: "false"}[exact["new_label"]]
    for exact, text in zip(tables["json", "series"], tables["csv", "series"], strict=True):
        assert (exact["period_start"], str(exact["articles"])) == (
            text["period_start"], text["articles"],
        )  # fmt: skip
        assert exact["share"] == float(text["share"])
    fits = sum(status == "converged" for *_, status, _ in stored.values())
    assert len(tables["csv", "series"]) == fits * 14
    # Every article of a fitted topic is in the series, once.
    counted = sum(row["articles"] for row in tables["parquet", "series"])
    assert counted == sum(n for _, n, _, status, _ in stored.values() if status == "converged")


def test_an_exported_csv_is_safe_to_open(fitted: Warehouse, tmp_path: Path) -> None:
    metadata = exported(fitted, tmp_path, "--format", "csv", "--kind", "subject", "--by", "month")
    labels = {row["label"] for row in rows((tmp_path / "series.csv").read_text("utf-8"))}
    assert f"'{FORMULA}" in labels and LONG in labels and "🦀 Crab Rights" in labels
    assert not [label for label in labels if label[0] in "=+-@" or set(UNSEEN) & set(label)]
    assert "spreadsheet" in metadata["text"]
    assert metadata["window"] == {
        "start": "2022-01-01", "end": "2022-03-31", "fitted_to": "2022-03-31",
        "missing_months": [],
    }  # fmt: skip
    assert metadata["fit"]["run_id"] == "2022-01_2022-03_day_all_min50"
    units = {
        column["name"]: column["unit"] for table in metadata["tables"]
        for column in table["columns"]
    }  # fmt: skip
    assert units["growth_rate"] == "log-odds a year" and units["days"] == "days"


def test_every_column_of_the_mart_is_exported(fitted: Warehouse, tmp_path: Path) -> None:
    """And in the mart's order: the contract and the export come from one register."""
    metadata = exported(fitted, tmp_path, "--format", "csv", "--kind", "person")
    mart = fitted.rows(
        "select attname from pg_attribute "
        "where attrelid = 'marts.fct_topic_growth'::regclass and attnum > 0 order by attnum"
    )
    [coefficients] = [t for t in metadata["tables"] if t["file"] == "coefficients.csv"]
    assert [column["name"] for column in coefficients["columns"]] == [name for (name,) in mart]


def test_an_export_that_fails_leaves_what_was_there(fitted: Warehouse, tmp_path: Path) -> None:
    exported(fitted, tmp_path, "--format", "csv", "--kind", "person")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    exported(fitted, tmp_path, "--format", "csv", "--kind", "person")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with fitted.connect() as connection:
        connection.execute("alter view marts.fct_topic_growth rename to away")
    try:
        done = fitted.run("growth", "export", "--out", str(tmp_path), "--format", "csv")
    finally:
        with fitted.connect() as connection:
            connection.execute("alter view marts.away rename to fct_topic_growth")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the marts are not built, or older than this version" in done.stderr
    file = tmp_path / "series.csv"
    done = fitted.run("growth", "export", "--out", str(file), "--format", "csv")
    assert done.returncode == 2 and f"{file} cannot be made: it is not a folder" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("left", [0, 30_000])
@pytest.mark.parametrize("file_format", ["csv", "json", "parquet"])
def test_an_export_onto_a_full_disk_leaves_what_was_there(
    fitted: Warehouse, tmp_path: Path, file_format: str, left: int
) -> None:
    names = {f"series.{file_format}", f"coefficients.{file_format}", "news-growth.metadata.json"}
    with small_disk(tmp_path) as disk:
        for name in names:
            (disk / name).write_text("old")
        fill(disk, left)
        command = ("export", "--out", str(disk), "--format", file_format)
        done = fitted.run("growth", *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1, done.stderr
        assert f"the disk of {disk} (mounted at {disk}) is full: 0 MB free; " in done.stderr
        assert "give another folder with --out" in done.stderr
        assert {path.name for path in disk.iterdir()} == names | {"filling"}
        assert {(disk / name).read_text() for name in names} == {"old"}


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_picture_onto_a_full_disk_leaves_the_old_one(
    fitted: Warehouse, tmp_path: Path, suffix: str
) -> None:
    with small_disk(tmp_path) as disk:
        old = disk / f"kelp{suffix}"
        old.write_text("old")
        fill(disk)
        done = fitted.run("growth", "plot", RED, "--out", str(old))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{old} cannot be written: the disk of {disk} (mounted at {disk}) " in done.stderr
        assert done.stderr.endswith("give another file with --out\n"), done.stderr
        assert old.read_text() == "old" and len(list(disk.iterdir())) == 2


def test_the_queries_for_other_tools_give_rows(fitted: Warehouse) -> None:
    page = (PROJECT_DIR / "docs" / "other-tools.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```sql\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    growing, by_week, windows = (fitted.rows(query) for query in queries)
    assert "Kelp Farming" in [row[1] for row in growing]
    assert sum(row[1] for row in by_week) == sum(1 + day // 12 for day in range(DAYS))
    [(start, _, rate, low, high)] = windows
    assert start == START and low < rate < high
