"""Every row of a seed is met in the real archive: none is there by guess.

Not asked of html_entities: that is the list of HTML, of which headlines have used a few.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support import PROJECT_DIR, REAL_ARCHIVE

pytestmark = pytest.mark.skipif(
    not REAL_ARCHIVE.is_dir(), reason="the real archive files are not on this machine"
)

Seen = tuple[set[str], set[tuple[str, str]]]


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def documents() -> Iterator[dict[str, Any]]:
    for file in sorted(REAL_ARCHIVE.glob("*/*.json*")):
        if file.parent.name == "errors":
            continue
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
        yield from json.loads(content)["response"]["docs"]


@pytest.fixture(scope="module")
def seen() -> Seen:
    """The words of all headlines, and all keywords with their names."""
    words: set[str] = set()
    keywords: set[tuple[str, str]] = set()
    for document in documents():
        headline = ((document.get("headline") or {}).get("main") or "").lower()
        words.update(re.split(r"[^\w'.-]+", headline.replace("\u2019", "'").replace("\u2018", "'")))
        for keyword in document.get("keywords") or []:
            keywords.add((keyword["name"].lower(), keyword.get("value") or ""))
    return {word.strip("'.-") for word in words}, keywords


def test_stop_words_are_words_of_headlines(seen: Seen) -> None:
    words, _ = seen
    assert [row["word"] for row in seed("stop_words") if row["word"] not in words] == []


def test_internal_tags_are_keywords(seen: Seen) -> None:
    _, keywords = seen
    values = [value for _, value in keywords]
    for row in seed("internal_tags"):
        pattern = re.escape(row["pattern"]).replace("%", ".*")
        assert any(re.fullmatch(pattern, value, re.IGNORECASE) for value in values), row


def test_kinds_are_names_of_keywords(seen: Seen) -> None:
    _, keywords = seen
    names = {name for name, _ in keywords}
    # The newest shape's name of works stands in the API's description; the six documents have none.
    assert {row["name"] for row in seed("keyword_kinds")} - names <= {"title"}


def test_merged_labels_are_labels(seen: Seen) -> None:
    words, keywords = seen
    for row in seed("label_merges"):
        for label in (row["label"], row["merged_label"]):
            if row["kind"] == "term":
                assert label in words, row
            else:
                assert label in {value for _, value in keywords}, row
