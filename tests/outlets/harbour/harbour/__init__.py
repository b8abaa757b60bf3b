"""The Harbour Post, a fictional newspaper of the tests: its API gives a month in pages."""

from collections.abc import Sequence
from datetime import date

import msgspec

from console.months import format_month
from console.outlets import find_outlet
from extract.api.answers import Answer
from extract.api.client import Client, Received, TransientError
from extract.api.settings import ApiFacts
from extract.documents import Response, ResponseError, Sorting
from extract.fields import read_fields
from extract.outlets.interface import Archive, Source

# The names of tags that the tables know: seeds/keyword_kinds.csv.
_KINDS = frozenset({"subject", "person", "organization", "location"})


class _Month(msgspec.Struct):
    total: int
    stories: list[msgspec.Raw]


class _Tag(msgspec.Struct):
    kind: str
    name: str


class _Story(msgspec.Struct):
    ref: str
    day: str
    title: str
    tags: Sequence[_Tag] = ()


def parse(body: bytes) -> Response:
    """Split a month into its stories, and read their fields."""
    month = _decode(body)
    sorting = Sorting("ref")
    for position, raw in enumerate(month.stories):
        try:
            story = msgspec.json.decode(raw, type=_Story)
        except msgspec.ValidationError as error:
            sorting.reject(position, f"not a story: {error}", bytes(raw))
            continue
        known = any(tag.kind in _KINDS for tag in story.tags)
        sorting.add(position, story.ref, raw, read_fields(story.day, story.title, known))
    return Response(month.total, sorting.articles, sorting.rejects)


def fetch(month: date, client: Client) -> Received:
    """Ask for a month's pages, one after the other, and put them together."""
    stories: list[msgspec.Raw] = []
    while True:
        parameters = {"month": format_month(month), "from": str(len(stories))}
        answer, page = client.get(
            month, "stories", lambda answer: _page(client, answer), parameters
        )
        stories += page.stories
        if not page.stories or len(stories) >= page.total:
            break
    return client.received(answer, msgspec.json.encode(_Month(page.total, stories)))


def _page(client: Client, answer: Answer) -> tuple[Answer, _Month]:
    client.check(answer)
    try:
        return answer, _decode(answer.body)
    except ResponseError as error:
        raise TransientError(str(error)) from None


def _decode(body: bytes) -> _Month:
    try:
        return msgspec.json.decode(body, type=_Month)
    except msgspec.DecodeError as error:
        raise ResponseError(f"not a month of the Harbour Post: {error}") from None


ARCHIVE = Archive(
    outlet=find_outlet("harbour"),
    written_by="the Harbour Post's API",
    parse=parse,
    source=Source(
        ApiFacts(
            url="https://harbour-post.example/api",
            key_page="https://harbour-post.example/keys",
            key_remark="any reader may have one",
            trial="stories?month=2010-01",
            per_minute=60,
            per_day=5000,
        ),
        fetch,
    ),
)
