"""The generated sample: its files, that it is always the same, and that truth.csv is true."""

import csv
import datetime as dt
import gzip
import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from console.errors import WarehouseError
from extract.outlets.nyt.responses import SAMPLE_COPYRIGHT
from extract.sample.newspaper import SampleSummary, write_sample
from extract.sample.planted import SHAPES, TRUTH_COLUMNS, noise
from extract.sample.text import Topic, planted_topics

pytestmark = pytest.mark.fast

START, END = dt.date(2024, 7, 1), dt.date(2025, 6, 1)
LAST = dt.date(2025, 6, 30)
JUMPS = ("step", "step_drift", "event")
NEW_YORK = ZoneInfo("America/New_York")
KINDS = {
    "subject": "subject",
    "persons": "person",
    "organizations": "organization",
    "glocations": "place",
    "creative_works": "work",
    "Subject": "subject",
    "Person": "person",
    "Organization": "organization",
    "Location": "place",
    "Title": "work",
}
Doc = dict[str, Any]
Carried = dict[tuple[str, str], list[int]]


def read(path: Path) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return envelope


def topics(doc: Doc) -> set[tuple[str, str]]:
    return {(KINDS[word["name"]], word["value"]) for word in doc["keywords"] or []}


def new_york_date(doc: Doc) -> dt.date:
    return dt.datetime.fromisoformat(doc["pub_date"]).astimezone(NEW_YORK).date()


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("sample"), START, END)


@pytest.fixture(scope="module")
def months(summary: SampleSummary) -> list[list[Doc]]:
    return [read(path)["response"]["docs"] for path in summary.paths]


@pytest.fixture(scope="module")
def docs(months: list[list[Doc]]) -> list[Doc]:
    return [doc for month in months for doc in month]


@pytest.fixture(scope="module")
def truth(summary: SampleSummary) -> list[dict[str, str]]:
    with summary.truth_path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def articles(docs: list[Doc]) -> list[int]:
    """Articles of each of the year's days."""
    found = Counter(map(new_york_date, docs))
    return [found[START + dt.timedelta(days=day)] for day in range(365)]


@pytest.fixture(scope="module")
def carried(docs: list[Doc]) -> Carried:
    """Articles with each topic, of each of the year's days."""
    days: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 365)
    for doc in docs:
        day = (new_york_date(doc) - START).days
        for topic in topics(doc) if day >= 0 else ():
            days[topic][day] += 1
    return days


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_seed_alone_decides_the_bytes(tmp_path: Path) -> None:
    month = dt.date(2022, 3, 1)
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write_sample(tmp_path / name, month, month, seed)
    one, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert set(one) == {"2022-03.json.gz", "truth.csv"}  # and no unfinished file
    assert one["2022-03.json.gz"] != other["2022-03.json.gz"]
    # The gzip header holds no file name (flags) and no time.
    assert one["2022-03.json.gz"][3:8] == bytes(5)


def test_summary_describes_the_files(summary: SampleSummary, docs: list[Doc]) -> None:
    assert summary.months[0] == "2024-07"
    assert summary.months[-1] == "2025-06"
    assert [path.name for path in summary.paths] == [f"{m}.json.gz" for m in summary.months]
    assert len(summary.months) == 12
    assert summary.documents == len(docs)
    assert summary.size_bytes == sum(path.stat().st_size for path in summary.paths)


def test_envelope(summary: SampleSummary) -> None:
    envelope = read(summary.paths[3])
    assert envelope["copyright"] == SAMPLE_COPYRIGHT
    assert envelope["response"]["meta"]["hits"] == len(envelope["response"]["docs"]) > 2000


def test_ids_are_unique_and_well_formed(docs: list[Doc]) -> None:
    assert len({doc["_id"] for doc in docs}) == len(docs)
    uri = re.compile(r"nyt://(article|interactive)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    assert all(uri.fullmatch(doc["_id"]) and doc["uri"] == doc["_id"] for doc in docs)
    assert all(doc["web_url"].startswith("https://sample-times.example/2") for doc in docs)


def test_months_are_cut_by_utc_time(summary: SampleSummary, months: list[list[Doc]]) -> None:
    for name, month in zip(summary.months, months, strict=True):
        assert {doc["pub_date"][:7] for doc in month} == {name}
        # In New York it is still the evening before: some documents, all of that one day.
        early = [day for day in map(new_york_date, month) if day.isoformat()[:7] != name]
        assert 0 < len(early) < 60
        assert len(set(early)) == 1


def test_shapes_change_with_2025(months: list[list[Doc]]) -> None:
    middle = [doc for month in months[:6] for doc in month]
    newest = [doc for month in months[6:] for doc in month]
    names = {word["name"] for doc in middle for word in doc["keywords"]}
    assert names == {"subject", "persons", "organizations", "glocations", "creative_works"}
    names = {word["name"] for doc in newest for word in doc["keywords"] or []}
    assert names == {"Subject", "Person", "Organization", "Location", "Title"}
    assert {doc["document_type"] for doc in newest} == {"Article"}
    kinds = Counter(doc["document_type"] for doc in middle)
    assert set(kinds) == {"article", "multimedia"}
    assert 0.02 < kinds["multimedia"] / len(middle) < 0.06
    assert any(doc["keywords"] is None for doc in newest)
    assert any(doc["keywords"] == [] for doc in newest)
    assert all(doc["pub_date"].endswith("+0000") for doc in middle)
    assert all(doc["pub_date"].endswith("Z") for doc in newest)
    assert "person" in middle[0]["byline"]
    assert set(newest[0]["byline"]) == {"original"}


def test_every_kind_and_the_internal_tags_occur(docs: list[Doc]) -> None:
    found = Counter(topic for doc in docs for topic in topics(doc))
    assert {kind for kind, _ in found} == set(KINDS.values())
    assert len(found) > 250
    for tag in ("Content Type: Service", "internal-essential", "your-feed-science"):
        assert found["subject", tag] > 50


def test_part_of_the_documents_has_no_subject(docs: list[Doc]) -> None:
    kinds = [{kind for kind, _ in topics(doc)} for doc in docs]
    assert 0.25 < sum("subject" not in kind for kind in kinds) / len(docs) < 0.31
    assert 0.05 < sum(not kind for kind in kinds) / len(docs) < 0.15


def test_weekly_rhythm(docs: list[Doc]) -> None:
    days = Counter(new_york_date(doc) for doc in docs)
    mean = {
        weekday: sum(n for day, n in days.items() if day.weekday() == weekday) / 52
        for weekday in range(7)
    }
    assert max(mean[5], mean[6]) < 0.75 * min(mean[day] for day in range(5))
    assert all(START - dt.timedelta(days=1) <= day < dt.date(2025, 7, 1) for day in days)


def test_truth_lists_each_shape_twice_and_leaves_blanks(truth: list[dict[str, str]]) -> None:
    assert list(truth[0]) == list(TRUTH_COLUMNS)
    shapes = Counter(row["shape"] for row in truth)
    assert set(shapes) == set(SHAPES)
    assert min(shapes.values()) >= 2
    assert {row["kind"] for row in truth} == set(KINDS.values())
    for row in truth:
        assert bool(row["ceiling"]) == (row["shape"] == "saturating")
        assert bool(row["midpoint_on"]) == (row["shape"] in ("saturating", "pulse"))
        assert bool(row["growth_rate"]) == (row["shape"] not in ("pulse", "seasonal", *JUMPS))
        for column in ("jumped_on", "share_before", "share_after"):
            assert bool(row[column]) == (row["shape"] in JUMPS)
        assert bool(row["drift_rate"]) == (row["shape"] == "step_drift")
        for column in ("half_life_days", "share_settled"):
            assert bool(row[column]) == (row["shape"] == "event")
        assert 0 < float(row["share_start"]) <= float(row["share_peak"]) < 0.1
    assert [row["shape"] for row in truth if row["noise_memory"]] == ["flat", "rising"]
    settled = [(row["share_settled"], row["share_before"]) for row in truth if row["share_settled"]]
    assert 0 < sum(share == before for share, before in settled) < len(settled)
    growth = {row["label"]: float(row["growth_rate"] or 0) for row in truth}
    assert growth["Kelp Farming"] > growth["Heat Pumps"] > 0 > growth["Landline Telephones"]


def test_the_docs_say_what_truth_holds() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "sample.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    assert rows == [*SHAPES.items(), *TRUTH_COLUMNS.items()]


def expected_share(row: dict[str, str], day: dt.date) -> float:
    """Return the share on a day, from the columns of truth.csv only."""
    if row["shape"] in JUMPS:
        return share_of_jump(row, (day - dt.date.fromisoformat(row["jumped_on"])).days)
    years = (day - START).days / 365.25
    rate = float(row["growth_rate"])
    if row["shape"] == "saturating":
        since = (day - dt.date.fromisoformat(row["midpoint_on"])).days / 365.25
        return float(row["ceiling"]) / (1 + math.exp(-rate * since))
    return share_at(logit(row["share_start"]) + rate * years)


def share_of_jump(row: dict[str, str], since: int) -> float:
    """Return the share so many days after the jump."""
    after = logit(row["share_after"])
    if since < 0:
        return float(row["share_before"])
    if row["shape"] == "event":
        settled = logit(row["share_settled"])
        left = 0.5 ** (since / float(row["half_life_days"]))
        return share_at(settled + left * (after - settled))
    return share_at(after + float(row["drift_rate"] or 0) * since / 365.25)


def logit(share: str) -> float:
    return math.log(float(share) / (1 - float(share)))


def share_at(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def test_truth_columns_agree_with_each_other(truth: list[dict[str, str]]) -> None:
    for row in truth:
        if row["shape"] in ("rising", "saturating"):
            # midpoint_on is a whole day: on a steep curve, half a day makes 1.4 % of the share.
            assert expected_share(row, START) == pytest.approx(float(row["share_start"]), rel=0.03)
            assert expected_share(row, LAST) == pytest.approx(float(row["share_peak"]), rel=0.03)
        elif row["shape"] == "falling":
            assert row["share_peak"] == row["share_start"]
            assert expected_share(row, LAST) < 0.7 * float(row["share_start"])
        elif row["shape"] in JUMPS:
            shares = [expected_share(row, START + dt.timedelta(days=day)) for day in range(365)]
            assert shares[0] == float(row["share_start"]) == float(row["share_before"])
            assert max(shares) == pytest.approx(float(row["share_peak"]), rel=1e-3)
            on = dt.date.fromisoformat(row["jumped_on"])
            assert START + dt.timedelta(days=60) < on < LAST - dt.timedelta(days=60)


@pytest.mark.parametrize(
    "label",
    [
        "Heat Pumps",
        "Tidewatch Foundation",
        "Shopping Arcades",
        "Lumen Rail",
        "Beekeeping",
        "Kelp Farming",
        "Aldermont, Vera",
        "Landline Telephones",
        "Karrowick (Verrane)",
        "Siestas",
        "Puffin Parcel Service",
        "Quarrendon, Ottilie",
        "Trackless Trams",
        "Ferrabend, Cosima",
        "Auroras",
        "Wrenfield, Otto",
        "Mount Othry (Veshtara)",
    ],
)
def test_monthly_share_follows_the_truth(
    label: str, docs: list[Doc], truth: list[dict[str, str]]
) -> None:
    row = next(row for row in truth if row["label"] == label)
    noise = float(row["noise"])
    carried: Counter[str] = Counter()
    expected: defaultdict[str, float] = defaultdict(float)
    variance: defaultdict[str, float] = defaultdict(float)
    days = Counter(new_york_date(doc) for doc in docs)
    for doc in docs:
        if (row["kind"], label) in topics(doc):
            carried[f"{new_york_date(doc):%Y-%m}"] += 1
    for day, articles in days.items():
        month, share = f"{day:%Y-%m}", expected_share(row, day)
        expected[month] += articles * share
        # Binomial variance, and that of log-normal noise: its autocorrelation of 0.6 multiplies it
        # in a month's sum by (1 + .6) / (1 - .6).
        spread = 4 * (math.exp(noise**2) - 1) * (articles * share) ** 2
        variance[month] += articles * share * (1 - share) + spread
    del expected["2024-06"]  # one evening
    assert len(expected) == 12
    scores = {m: (carried[m] - expected[m]) / math.sqrt(variance[m]) for m in expected}
    assert max(map(abs, scores.values())) < 4, scores
    # With a wrong curve the sum of squares is far above its 12 degrees of freedom.
    assert sum(score**2 for score in scores.values()) < 33, scores


def days_later(row: dict[str, str], counts: list[int], articles: list[int]) -> int:
    """Return by how many days the curve of a jump must be moved to fit the daily counts best."""
    at = (dt.date.fromisoformat(row["jumped_on"]) - START).days

    def log_likelihood(later: int) -> float:
        shares = [share_of_jump(row, day - at - later) for day in range(len(counts))]
        return sum(
            count * math.log(share) - total * share
            for count, total, share in zip(counts, articles, shares, strict=True)
        )

    return max(range(-25, 26), key=log_likelihood)


def test_planted_topics_jump_on_their_days(
    articles: list[int], carried: Carried, truth: list[dict[str, str]]
) -> None:
    for row in (row for row in truth if row["shape"] in JUMPS):
        counts = carried[row["kind"], row["label"]]
        at = (dt.date.fromisoformat(row["jumped_on"]) - START).days
        before, after = (
            sum(counts[part]) / sum(articles[part])
            for part in (slice(at - 28, at), slice(at, at + 28))
        )
        low, high = (before, after) if row["share_before"] < row["share_after"] else (after, before)
        assert sum(counts) > 200 and high > 4 * low, (row, before, after)
        assert abs(days_later(row, counts, articles)) <= 7, row


def test_means_of_months_keep_apart_under_long_memory() -> None:
    """The variance of means of m days falls as m ** (2 d - 1): far slower than that of AR(1)."""

    def variances(topic: Topic) -> list[float]:
        drawn = noise(np.random.default_rng(1), [topic] * 300, 448)
        assert np.exp(drawn).mean() == pytest.approx(1, abs=0.05)
        return [drawn.reshape(448 // m, m, 300).mean(1).var() for m in (7, 28, 112)]

    remembering = [topic for topic in planted_topics() if topic.memory]
    assert [topic.shape for topic in remembering] == ["flat", "rising"]
    for topic in remembering:
        power = 2 * topic.memory - 1
        week, *longer = variances(topic)
        assert week == pytest.approx(topic.noise**2 * 7**power, rel=0.05)
        assert [variance / week for variance in longer] == pytest.approx(
            [4**power, 16**power], rel=0.1
        )
    bursty = next(topic for topic in planted_topics() if topic.shape == "bursty")
    week, four_weeks, sixteen_weeks = variances(bursty)
    assert four_weeks / week < 0.5 and sixteen_weeks / week < 0.15


def test_headline_words_follow_the_topic(docs: list[Doc]) -> None:
    with_kelp = [doc for doc in docs if "kelp" in doc["headline"]["main"].lower()]
    assert len(with_kelp) > 300
    assert all(("subject", "Kelp Farming") in topics(doc) for doc in with_kelp)
    tagged = [doc for doc in docs if ("subject", "Kelp Farming") in topics(doc)]
    assert len(with_kelp) > 0.6 * len(tagged)


def test_headlines_vary(docs: list[Doc]) -> None:
    headlines = Counter(doc["headline"]["main"] for doc in docs)
    assert len(headlines) > 0.6 * len(docs)
    assert any(n > 5 and text.startswith("Quotation of") for text, n in headlines.items())
    assert any(n > 1 and text.startswith("Corrections: ") for text, n in headlines.items())
    assert sum("’" in text for text in headlines) > 500  # noqa: RUF001 -- as in the real archive
    assert any("&amp;" in text or "&#8217;" in text for text in headlines)
    assert not any("{" in text or "  " in text or text != text.strip() for text in headlines)
    assert all(text[0].isupper() or not text[0].isalpha() for text in headlines)


@pytest.mark.parametrize(
    ("start", "end", "seed", "message"),
    [
        (dt.date(2024, 2, 1), dt.date(2024, 1, 1), 1, "starts after it ends: 2024-02 > 2024-01"),
        (dt.date(2024, 1, 2), dt.date(2024, 2, 1), 1, "first days of months"),
        (dt.date(2024, 1, 1), dt.date(2024, 2, 1), -1, "seed must not be negative"),
    ],
)
def test_a_bad_request_is_refused(
    tmp_path: Path, start: dt.date, end: dt.date, seed: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_sample(tmp_path, start, end, seed)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b'{"copyright": "(c)"}'), b"no gzip", b""],
    ids=["a real month", "no gzip", "an empty file"],
)
def test_a_month_that_is_no_sample_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "2024-08.json.gz").write_bytes(content)
    with pytest.raises(WarehouseError, match=r"2024-08\.json\.gz is no month of the sample"):
        write_sample(tmp_path, dt.date(2024, 7, 1), dt.date(2024, 8, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["2024-08.json.gz"]
    assert (tmp_path / "2024-08.json.gz").read_bytes() == content
    (tmp_path / "2024-08.json.gz").unlink()
    for _ in range(2):
        write_sample(tmp_path, dt.date(2024, 8, 1), dt.date(2024, 8, 1))


def test_one_month_has_the_stated_change(tmp_path: Path) -> None:
    """Curves fit the window: start and end are the same, the rate is steeper."""
    month = dt.date(2024, 2, 1)
    with write_sample(tmp_path, month, month).truth_path.open(encoding="utf-8") as file:
        kelp = next(row for row in csv.DictReader(file) if row["label"] == "Kelp Farming")
    start, peak = float(kelp["share_start"]), float(kelp["share_peak"])
    change = math.log(peak / (1 - peak)) - math.log(start / (1 - start))
    assert float(kelp["growth_rate"]) == pytest.approx(change / (28 / 365.25), rel=1e-4)
