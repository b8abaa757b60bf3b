"""The report in a real browser without a network: 5,000 topics, some with labels that mean harm."""

import csv
import io
import json
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from psycopg.rows import dict_row
from report_archive import (
    EMOJI,
    FORMULA,
    HOSTILE,
    HUNDREDS,
    IMAGE,
    LONG,
    RIGHT_TO_LEFT,
    SCRIPT,
    TOPICS,
    write_archive,
)
from scipy import special
from support import PROJECT_DIR, Warehouse, fill, small_disk

from growth.shown import words
from growth.shown.sentences import sentences

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def fitted(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with the fictional half-year, built and fitted."""
    archive = tmp_path_factory.mktemp("archive")
    write_archive(archive)
    warehouse.empty()
    warehouse.ok("extract", "load", "--from", archive)
    unneeded = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    warehouse.ok("dbt", "build", *unneeded)
    warehouse.ok("growth", "fit")
    yield warehouse
    warehouse.empty()


@pytest.fixture(scope="module")
def report(fitted: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that fit."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = fitted.ok("growth", "report", "--out", path)
    assert done.stdout == f"{path}\n"
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = playwright.chromium.launch(executable_path=CHROMIUM)
        yield own
        own.close()


@pytest.fixture
def page(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, ready; what it asks for and complains of is checked when the test has ended."""
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "offline": True}
    options |= getattr(request, "param", {})
    context = browser.new_context(**options)
    own = context.new_page()
    said, asked = [], []
    own.on("console", lambda message: said.append(message.text))
    own.on("pageerror", lambda error: said.append(str(error)))
    own.on("request", lambda asking: asked.append(asking.url))
    own.goto(report.as_uri())
    if options.get("java_script_enabled", True):
        own.locator("html[data-ready]").wait_for(state="attached")
    yield own
    context.close()
    assert said == []
    # A picture on its way into a PNG is the browser's own, of no network.
    assert {url for url in asked if not url.startswith("blob:")} == {report.as_uri()}


def choices(page: Page) -> dict[str, str]:
    """Return what the address says."""
    return {key: value for key, [value] in parse_qs(page.url.partition("#")[2]).items()}


def saved(page: Page, button: Locator) -> str:
    """Return the text of the file that a button saves."""
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def saved_rows(page: Page, button: Locator) -> list[dict[str, str]]:
    """Return the rows of the CSV that a button saves, whose number stands on it."""
    rows = list(csv.DictReader(io.StringIO(saved(page, button), newline="")))
    said = re.search(r"([\d,]+) rows", button.inner_text())
    assert said and int(said[1].replace(",", "")) == len(rows)
    return rows


def labels(locator: Locator) -> list[str]:
    read = "all => all.map((each) => each.textContent)"
    found: list[str] = locator.locator("bdi").evaluate_all(read)
    return found


# The file.


def test_bands_are_the_intervals_of_the_store(
    fitted: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from growth.report.read import read_content
    from growth.stored.runs import Choice, choose_run
    from warehouse.connect import connect

    for name, value in fitted.env.items():
        monkeypatch.setenv(name, value)
    # Put back what connecting sets.
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    with connect("test") as connection:
        run = choose_run(connection, Choice())
        content = read_content(connection, run, lambda name: None)
    assert {topic["shape"] for topic in content.topics} == set(words.SHAPES)
    for end, name in ((0, "share_start"), (-1, "share_end")):
        eta, half = content.lines.level[:, end], 1.96 * content.lines.error[:, end]
        for suffix, log_odds in (("", eta), ("_low", eta - half), ("_high", eta + half)):
            stored = [topic[name + suffix] for topic in content.topics]
            np.testing.assert_allclose(special.expit(log_odds), stored, rtol=1e-4)
        stored = [topic[f"trend_{name}"] for topic in content.topics]
        np.testing.assert_allclose(special.expit(content.lines.fitted[:, end]), stored, rtol=1e-6)


def test_one_small_file_with_a_strict_policy(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert TOPICS >= 5000 and len(text.encode()) <= 4_000_000
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe" not in policy and "http" not in policy
    assert not re.search(r'(?:src|href)="(?!#)', text.partition("<script>")[0])


def test_a_page_onto_a_full_disk_leaves_the_old_one(fitted: Warehouse, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        old = disk / "report.html"
        old.write_text("old")
        fill(disk)
        done = fitted.run("growth", "report", "--out", old)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{old} cannot be written: the disk of {disk} (mounted at {disk}) " in done.stderr
        assert done.stderr.endswith("give another file with --out\n"), done.stderr
        assert old.read_text() == "old" and len(list(disk.iterdir())) == 2


def test_a_page_is_written_to_no_device(fitted: Warehouse, tmp_path: Path) -> None:
    """Root could put a file in its place."""
    (tmp_path / "report.html").symlink_to("/dev/null")
    for out in ("/dev/null", tmp_path / "report.html"):
        done = fitted.run("growth", "report", "--out", out)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {out} is a device, not a regular file")
    assert Path("/dev/null").is_char_device()


def test_what_cannot_be_written_is_said(fitted: Warehouse, tmp_path: Path) -> None:
    for out in (tmp_path, tmp_path / "missing" / "report.html"):
        done = fitted.run("growth", "report", "--out", out)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {out} ") and done.stderr.count("\n") == 1
    done = fitted.run("growth", "report", "--start", "2019-01", "--out", tmp_path / "report.html")
    assert done.returncode == 2
    assert "run `growth fit --start 2019-01`" in done.stderr
    for which, message in (
        (["--period", "week"], "run `growth fit --period week`"),
        (["--run", "x"], "no fit 'x' is stored"),
        (["--run", "x", "--end", "2020-06"], "choose one of --run and a window"),
    ):
        done = fitted.run("growth", "report", *which, "--out", tmp_path / "report.html")
        assert done.returncode == 2 and message in done.stderr
    # Read by a thread of its own, told by the command.
    with fitted.connect() as connection:
        connection.execute("alter view marts.fct_topic_evidence rename to away")
    try:
        done = fitted.run("growth", "report", "--out", tmp_path / "report.html")
    finally:
        with fitted.connect() as connection:
            connection.execute("alter view marts.away rename to fct_topic_evidence")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "run `dbt build`" in done.stderr
    assert list(tmp_path.iterdir()) == []


# The page.


@in_browser
def test_ready_within_one_and_a_half_seconds(page: Page) -> None:
    times = []
    for _ in range(3):
        page.reload()
        page.locator("html[data-ready]").wait_for(state="attached")
        times.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
    assert min(times) <= 1500


@in_browser
def test_lists_show_the_ranks_of_the_warehouse(page: Page, fitted: Warehouse) -> None:
    for name in ("growing", "shrinking", "popular"):
        ranked = [
            label
            for (label,) in fitted.rows(f"select label from marts.{name}_topics order by rank")
        ]
        cards = page.locator(f"#{name} .card")
        shown = labels(cards.locator("h3"))
        assert shown == ranked[:12]
        cards.first.scroll_into_view_if_needed()
        expect(cards.first.locator("svg .mark-rect")).to_have_count(1)
    left = len_of(fitted, "growing") - 12
    more = page.locator("#growing .more")
    assert more.inner_text() == f"Show {min(left, 12)} more of {left}"
    more.click()
    assert len(labels(page.locator("#growing h3"))) == 12 + min(left, 12)
    page.get_by_label("Kind").first.select_option("person")
    persons = "select label from marts.popular_topics where kind = 'person' order by rank limit 12"
    assert labels(page.locator("#popular h3")) == [label for (label,) in fitted.rows(persons)]
    assert choices(page) == {"kind": "person"}


def len_of(fitted: Warehouse, name: str) -> int:
    return int(fitted.value(f"select count(*) from marts.{name}_topics"))


@in_browser
def test_one_scale_puts_the_same_axis_on_every_chart_of_a_list(page: Page) -> None:
    def axes() -> list[str]:
        cards = page.locator("#growing .card:nth-child(-n+4)")
        expect(cards.locator(".mark-rect")).to_have_count(4)
        axis = "all => all.map((card) => card.querySelectorAll('.role-axis')[2].textContent)"
        found: list[str] = cards.evaluate_all(axis)
        return found

    page.locator("#growing").scroll_into_view_if_needed()
    assert len(set(axes())) > 1
    page.get_by_label("One scale for each list").check()
    # Charts out of sight follow when they are seen.
    expect(page.locator("#growing .card:nth-child(-n+4)[data-scale='']")).to_have_count(0)
    assert len(set(axes())) == 1
    assert choices(page) == {"same": "1"}


@in_browser
def test_tooltip_says_date_articles_share_and_fit(page: Page) -> None:
    card = page.locator("#growing .card").first
    card.scroll_into_view_if_needed()
    card.locator(".mark-rect path").nth(10).hover()
    expect(page.locator("#tip")).to_contain_text(
        re.compile(
            "^9\\s\u2013\\s15 March 2020\\n\\d+ of 770 articles, [\\d.]+%\\nlevel [\\d.]+% .95%: "
        )
    )


@in_browser
def test_table_searches_sorts_and_filters(page: Page, fitted: Warehouse) -> None:
    fits = int(fitted.value("select converged from growth.runs"))
    expect(page.locator("#found")).to_have_text(f"{fits:,} topics")
    rows = page.locator("#rows tr")
    page.get_by_label("Search").fill("district 481")
    wanted = "from marts.fct_topic_growth where status = 'converged' and label ~ '481'"
    by_end = fitted.rows(f"select label {wanted} order by share_end")
    expect(rows).to_have_count(len(by_end))
    heading = page.get_by_role("columnheader", name="Share at end")
    heading.get_by_role("button").click()
    assert labels(rows) == [label for (label,) in reversed(by_end)]
    assert heading.get_attribute("aria-sort") == "descending"
    heading.get_by_role("button").click()
    assert labels(rows) == [label for (label,) in by_end]
    form = page.get_by_role("search")
    form.get_by_label("Kind").select_option("person")
    persons = fitted.rows(f"select label {wanted} and kind = 'person' order by share_end")
    assert labels(rows) == [label for (label,) in persons]
    form.get_by_label("Kind").select_option("")
    page.get_by_label("Search").fill("")
    form.get_by_label("Direction").select_option("growing")
    form.get_by_label("Phase").select_option("still rising")
    form.get_by_label("Kind").select_option("subject")
    rising = fitted.rows(
        "select label from marts.fct_topic_growth "
        "where direction = 'growing' and phase = 'still rising' and kind = 'subject'"
    )
    assert sorted(labels(rows)) == sorted(label for (label,) in rising)
    filters = {"of": "subject", "direction": "growing", "phase": "still rising"}
    assert choices(page) == {"sort": "share_end", "up": "1"} | filters
    numbers = saved_rows(page, page.locator("#csv-numbers"))
    [(*ferries, one_burst)] = fitted.rows(
        "select articles, share_end, listed_rate, q_value, one_burst from marts.growing_topics "
        "where label = %s and kind = 'subject'",
        EMOJI,
    )
    [row] = [row for row in numbers if row["topic"] == EMOJI]
    told = [float(row[name]) for name in ("articles", "share_end", "listed_rate", "q_value")]
    np.testing.assert_allclose(told, ferries, rtol=1e-4)
    assert row["one_burst"] == str(one_burst).lower()


@in_browser
def test_a_row_opens_its_topic(page: Page, fitted: Warehouse) -> None:
    [(topic_id, share, articles)] = fitted.rows(
        "select topic_id, share_end, articles from marts.fct_topic_growth where label = %s", LONG
    )
    page.get_by_label("Search").fill("special prosecutors")
    page.locator("#rows a").click()
    dialog = page.get_by_role("dialog", name=LONG)
    expect(dialog.locator("#topic-chart .mark-rect")).to_have_count(1)
    assert choices(page) == {"topic": str(topic_id), "q": "special prosecutors"}
    numbers = dialog.locator("#topic-numbers").inner_text()
    assert f"{articles} " in numbers.replace(",", " ")
    assert words.percent(share) in numbers
    evidence = fitted.rows(
        "select headline, web_url from marts.fct_topic_evidence where topic_id = %s and rank <= 5 "
        "order by rank",
        topic_id,
    )
    assert labels(dialog.locator("#topic-evidence")) == [headline for headline, _ in evidence]
    links = dialog.locator("#topic-evidence a")
    hrefs = links.evaluate_all("all => all.map((link) => link.href)")
    assert hrefs and hrefs == [url for _, url in evidence if url.startswith("http")]
    page.reload()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The address follows when the dialog has told that it is closed.
    expect(page).not_to_have_url(re.compile("topic="))
    assert choices(page) == {"q": "special prosecutors"}
    page.locator("#rows a").click()
    expect(dialog).to_be_visible()
    page.go_back()
    expect(dialog).to_be_hidden()


@in_browser
def test_a_topics_shape_is_told_as_growth_show_tells_it(page: Page, fitted: Warehouse) -> None:
    # Of each shape one that fits, and one that fits poorly.
    query = """
        select distinct on (shape, fit_quality < 0.5) *
        from marts.fct_topic_growth
        where fit_quality is not null
        order by shape, fit_quality < 0.5, topic_id
    """
    with fitted.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        topics = cursor.execute(query).fetchall()
    assert {topic["shape"] for topic in topics} >= {"step", "step_drift", "event"}
    assert any(map(words.fits_poorly, topics))
    for topic in topics:
        told = dict(sentences(topic))
        page.evaluate("id => { location.hash = `topic=${id}` }", str(topic["topic_id"]))
        expect(page.locator("#topic-title")).to_have_text(topic["label"])
        terms, texts = (
            page.locator(f"#topic-numbers {each}").all_inner_texts() for each in ("dt", "dd")
        )
        numbers = dict(zip(terms, texts, strict=True))
        step, then = numbers.get("Its step"), numbers.get("From then on")
        assert (f"{step}; then {then}" if then else step) == told.get("step")
        assert numbers.get("Its event") == told.get("event")
        assert numbers.get("Half-life") == told.get("half-life")
        assert numbers.get("It was half-way", "") == told.get("S-curve", "")[len("half-way ") :]
        assert numbers.get("It peaked", "") == told.get("pulse", "")[len("peak ") :]
        # The page has five digits of a number, so that its fourth may be rounded twice.
        (q, means), (on_page, meant) = (
            each.split(": ", 1) for each in (told["how sure"], numbers["How sure"])
        )
        assert meant == means and (on_page == q or abs(float(on_page[2:]) - float(q[2:])) < 2e-4)
        assert numbers.get("One burst") == told.get("one burst")
        assert numbers["It fits"] == words.how_it_fits(topic)
        dashed = page.locator("#topic-dashed").inner_text()
        assert dashed.startswith(f"Dashed: the fitted {words.SHAPES[topic['shape']]}")
        assert ("fits poorly: it describes" in dashed) == words.fits_poorly(topic)


@in_browser
def test_series_as_csv_are_the_numbers_of_the_warehouse(page: Page, fitted: Warehouse) -> None:
    page.get_by_label("Search").fill("ferries")
    page.locator("#rows a", has_text=re.compile("^Ferries$")).click()
    rows = saved_rows(page, page.locator("#topic-csv"))
    weeks = fitted.rows(
        """
        select
            greatest(date_trunc('week', days.published_on)::date, '2020-01-01'),
            max(days.published_on),
            coalesce(sum(counts.articles), 0),
            sum(days.articles)
        from marts.fct_daily_articles as days
        left join marts.fct_topic_daily as counts
            on
                days.published_on = counts.published_on
                and counts.topic_id
                = (select topic_id from marts.dim_topics where label = 'Ferries')
        group by 1
        order by 1
        """
    )
    assert [
        (date.fromisoformat(row["from"]), date.fromisoformat(row["to"]), row["topic"])
        for row in rows
    ] == [(start, end, "Ferries") for start, end, *_ in weeks]
    assert [(int(row["articles"]), int(row["total"])) for row in rows] == [
        (int(count), int(total)) for *_, count, total in weeks
    ]
    assert [float(row["share"]) for row in rows] == [
        int(count) / int(total) for *_, count, total in weeks
    ]
    [(ceiling, low, high)] = fitted.rows(
        "select share_end, share_end_low, share_end_high from marts.fct_topic_growth "
        "where label = 'Ferries'"
    )
    # The level of the last two weeks is that of the window's end.
    told = [float(rows[-1][name]) for name in ("level", "level_low_95", "level_high_95")]
    np.testing.assert_allclose(told, [ceiling, low, high], rtol=5e-3)


@in_browser
def test_compared_topics_stand_in_the_address(page: Page) -> None:
    page.get_by_label("Search").fill("district 12")
    ticks = page.locator("#rows input")
    for place in range(8):
        ticks.nth(place).check()
    expect(ticks.nth(8)).to_be_disabled()
    ticks.nth(7).uncheck()
    expect(ticks.nth(8)).to_be_enabled()
    chart = page.locator("#compare-chart svg")
    expect(chart.locator(".mark-line path")).to_have_count(7)
    expect(page.locator("#compare-note")).to_be_empty()
    page.locator("#scale").select_option("log")
    page.locator("#measure").select_option("count")
    expect(page.locator("#compare-note")).to_contain_text("a logarithmic scale has no zero: weeks")
    rows = saved_rows(page, page.locator("#compare-csv"))
    drawn = sum(row["articles"] != "0" for row in rows)
    expect(chart.locator(".mark-symbol path")).to_have_count(drawn)
    before = choices(page)
    assert before["scale"] == "log" and before["measure"] == "count"
    names = labels(page.locator("#chips"))
    assert len(names) == len(before["compare"].split(",")) == 7
    page.reload()
    expect(chart.locator(".mark-symbol path")).to_have_count(drawn)
    assert labels(page.locator("#chips")) == names
    assert choices(page) == before
    page.locator("#chips button").first.click()
    assert labels(page.locator("#chips")) == names[1:]


@in_browser
def test_charts_as_files(page: Page) -> None:
    page.goto(f"{page.url}#q=ferries")
    page.locator("#rows a", has_text=re.compile("^Ferries$")).click()
    page.locator("#topic-compare").click()
    for scheme, paper in (("light", "#ffffff"), ("dark", "#14171a")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        svg = saved(page, page.locator("#topic-svg"))
        assert "Ferries: share of articles" in "".join(ElementTree.fromstring(svg).itertext())
        assert "var(" not in svg and paper in svg
    with page.expect_download() as download:
        page.locator("#topic-png").click()
    png = Path(download.value.path()).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20], "big") > 1200
    page.keyboard.press("Escape")
    svg = saved(page, page.locator("#compare-svg"))
    assert "Ferries" in "".join(ElementTree.fromstring(svg).itertext())


@in_browser
def test_what_means_harm_is_text(page: Page, fitted: Warehouse) -> None:
    form = page.get_by_role("search")
    form.get_by_label("Direction").select_option("growing")
    form.get_by_label("Kind").select_option("subject")
    rows = page.locator("#rows tr")
    evidence: dict[str, list[str]] = {}
    for label, headline in fitted.rows(
        "select label, headline from marts.fct_topic_evidence inner join marts.dim_topics "
        "using (topic_id) where rank <= 5 and topic_id = any(select topic_id from marts.dim_topics "
        "where label = any(%s) and kind = 'subject') order by label, rank",
        list(HOSTILE),
    ):
        evidence.setdefault(label, []).append(headline)
    dialog = page.get_by_role("dialog")
    places = [place for place, label in enumerate(labels(rows)) if label in HOSTILE]
    assert len(places) == len(HOSTILE)
    for place in places:
        rows.nth(place).locator("input").check()
        rows.nth(place).locator("a").click()
        label = dialog.locator("h2").evaluate("each => each.textContent")
        assert label in HOSTILE
        assert labels(dialog.locator("#topic-evidence")) == evidence[label]
        expect(dialog.locator("#topic-evidence a")).to_have_count(0)
        expect(dialog.locator("#topic-chart .mark-rect")).to_have_count(1)
        page.keyboard.press("Escape")
    expect(page.locator("#compare-chart .mark-line path")).to_have_count(len(HOSTILE))
    assert page.title() == "What grew in the news, January to June 2020"
    assert page.locator("img, b").count() == 0
    told = saved(page, page.locator("#csv-numbers"))
    found = {row["topic"] for row in csv.DictReader(io.StringIO(told, newline=""))}
    assert {SCRIPT, IMAGE, RIGHT_TO_LEFT, HUNDREDS, EMOJI} <= found
    # A spreadsheet would run the label; behind an apostrophe it is text.
    assert FORMULA not in found and f"'{FORMULA}" in found


@in_browser
def test_the_script_says_numbers_as_the_command_line_does(page: Page) -> None:
    assets = PROJECT_DIR / "growth" / "report" / "assets"
    scripts = "\n".join((assets / f"{name}.js").read_text("utf-8") for name in ("data", "words"))

    def said(function: str, values: list[Any]) -> list[str]:
        script = f"values => {{ {scripts}\nreturn values.map((each) => {function}); }}"
        found: list[str] = page.evaluate(script, values)
        return found

    shares = [None, 0, 1e-6, 9.9e-5, 1e-4, 0.00123, 0.0999, 0.1, 0.195, 0.7319, 1]
    assert said("percent(each)", shares) == [words.percent(share) for share in shares]
    rates = [-11.63, -0.04, 0, 0.04, 19.27]
    assert said("signed(each)", rates) == [words.signed(rate) for rate in rates]
    q_values = [0, 9e-5, 1e-4, 0.0382, 1]
    assert said("qValue(each)", q_values) == [words.q_value(q) for q in q_values]
    lengths = [0.4, 12.3, 729.4, 730, 4000]
    assert said("duration(each)", lengths) == [words.duration(days) for days in lengths]
    days = [date(1970, 1, 1), date(2020, 9, 4), date(2021, 12, 31)]
    since = [(day - days[0]).days for day in days]
    assert said("date(each)", since) == [words.long_date(day) for day in days]
    assert said("monthName.format(each * DAY)", since) == [words.month(day) for day in days]
    assert said("interval(...each)", [["a", "b", "c"]]) == [words.interval("a", "b", "c")]


@in_browser
def test_by_keyboard_alone(page: Page) -> None:
    def focused() -> Any:
        return page.evaluate("document.activeElement.id || document.activeElement.textContent")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the lists"
    page.keyboard.press("Enter")
    assert focused() == "lists"
    while focused() != "search":
        page.keyboard.press("Tab")
    page.keyboard.type("ferries")
    while focused() != "Ferries":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Ferries")).to_be_visible()
    assert focused() == "topic-title"
    while focused() != "topic-compare":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#topic-compare")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    assert focused() == "Ferries"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator("#comparison")).to_be_hidden()


@in_browser
@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_the_lists_are_there(page: Page, fitted: Warehouse) -> None:
    for name in ("growing", "shrinking", "popular"):
        cards = page.locator(f"#{name} .card")
        expect(cards).to_have_count(min(12, len_of(fitted, name)))
        for place in range(cards.count()):
            assert cards.nth(place).locator("svg path").count() >= 4
    expect(page.get_by_text("Without JavaScript this page shows its lists.")).to_be_visible()
    expect(page.get_by_text("How to read this").last).to_be_visible()
    for control in page.locator("button, select, input").all():
        expect(control).to_be_hidden()


@in_browser
@pytest.mark.parametrize("page", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_on_a_phone_nothing_is_cut_off(page: Page) -> None:
    def too_wide() -> list[str]:
        found: list[str] = page.evaluate(
            """
            [...document.querySelectorAll("body *")].filter((each) => {
              const box = each.getBoundingClientRect();
              const meant = each.checkVisibility() && !each.closest("svg, .skip, .hidden");
              return meant && box.right > 361;
            }).map((each) => each.outerHTML.slice(0, 80))
            """
        )
        return found

    page.get_by_label("Search").fill("e")
    for place in range(3):
        page.locator("#rows input").nth(place).check()
    assert too_wide() == []
    page.locator("#growing a").first.click()
    expect(page.locator("#topic-chart .mark-rect")).to_have_count(1)
    assert too_wide() == []


@in_browser
def test_axe_finds_no_serious_fault(page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    def faults() -> list[str]:
        violations = Axe().run(page).response["violations"]
        return [
            f"{each['id']}: {json.dumps([node['html'] for node in each['nodes']])[:300]}"
            for each in violations
            if each["impact"] in ("serious", "critical")
        ]

    page.get_by_label("Search").fill("ferries")
    page.locator("#rows input").first.check()
    assert faults() == []
    page.emulate_media(color_scheme="dark")
    assert faults() == []
    page.locator("#rows a").first.click()
    expect(page.locator("#topic-chart .mark-rect")).to_have_count(1)
    assert faults() == []


@in_browser
def test_on_paper_the_lists_without_controls(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator("#growing svg").first).to_be_visible()
    for control in page.locator("button, select, input, #all").all():
        expect(control).to_be_hidden()
