"""Judges a month from a file or the API alike: is it complete, and the month that it should be?

A refused month is not stored, and what was stored before stays. `--force` takes it all the same.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from console.months import format_month, last_day
from console.outlets import Outlet
from extract.documents import Reject, Response, ResponseError
from extract.fields import ARTICLE, GARBLED, WITH_KEYWORDS, WITH_WORDS, Tally, describe
from extract.outlets.interface import Archive

if TYPE_CHECKING:
    import psycopg

# A month must have at least this share of what the warehouse holds of it.
LEAST_PART = 0.9
# At most this share of its documents may be impossible to store; in a small month, a handful.
MOST_REJECTED = 0.1
HANDFUL = 5
# At most this share of its headlines may be garbled. Where more documents than this share are of
# other months, a note says so.
MOST_GARBLED = 0.05
MOST_ELSEWHERE = 0.02


class RefusedError(ResponseError):
    """Why a month is refused, in one line; `--force` takes it."""


class TruncatedError(RefusedError):
    """Fewer documents than promised: the same request may bring them all the next time."""


@dataclass(frozen=True)
class Held:
    """What the warehouse holds of a real month: how many documents, articles, headlines with
    words, and documents with keywords. The last three are None for months that 0.4 or older
    loaded."""

    docs: int
    is_final: bool
    articles: int | None
    headlines: int | None
    keywords: int | None


def held_of(connection: "psycopg.Connection", outlet: Outlet, month: date) -> Held | None:
    """Return what the warehouse holds of a month; None of the generated sample."""
    row = connection.execute(
        f"""
        select months.docs, months.is_final, counted.articles, counted.headlines, counted.keywords
        from {outlet.table("months")} as months
        cross join lateral (
            select
                sum(fields.docs) filter (where fields.reading = %(article)s) as articles,
                sum(fields.docs) filter (where fields.reading = %(words)s) as headlines,
                sum(fields.docs) filter (where fields.reading = %(keywords)s) as keywords
            from {outlet.table("fields")} as fields
            where fields.archive_month = months.archive_month
        ) as counted
        where months.archive_month = %(month)s and months.source <> 'sample'
        """,
        {"article": ARTICLE, "words": WITH_WORDS, "keywords": WITH_KEYWORDS, "month": month},
    ).fetchone()
    return Held(*row) if row is not None else None


def check_promised(response: Response) -> None:
    """Refuse fewer documents than the response promises. Raises TruncatedError."""
    if response.hits is None or response.hits <= response.docs:
        return
    raise TruncatedError(
        f"truncated: {response.hits:,} documents promised, the file holds {response.docs:,}"
        f"{response.remedy}"
    )


def check_month(
    archive: Archive, month: date, response: Response, held: Held | None, *, by_api: bool = False
) -> None:
    """Refuse a response that is not the month it should be. Raises RefusedError."""
    sent = "the API sent " if by_api else ""
    check_promised(response)
    _check_rejects(response, sent)
    _check_fields(response.fields, archive.written_by, sent)
    _check_what_counts(response.fields, sent)
    _check_dates(month, response, sent)
    if held is not None:
        _check_size(response, held, sent)


def describe_rejects(outlet: Outlet, rejects: list[Reject]) -> str:
    """Say how many documents were rejected, and why the first one was."""
    if not rejects:
        return ""
    first = rejects[0]
    more = f" (and {len(rejects) - 1:,} more: see {outlet.table('rejects')})"
    others = more if len(rejects) > 1 else ""
    return f"document {first.position}: {first.reason}{others}"


def _check_rejects(response: Response, sent: str) -> None:
    number, docs = len(response.rejects), response.docs
    most = max(HANDFUL, MOST_REJECTED * docs)
    if number * 2 <= docs and number <= most:
        return
    if response.decoding:
        raise RefusedError(
            f"{response.decoding}: {number:,} of {docs:,} documents cannot be stored as they are"
        )
    first = response.rejects[0]
    raise RefusedError(
        f"{sent}{number:,} of {docs:,} documents{' that' if sent else ''} cannot be stored "
        f"(document {first.position}: {first.reason}): --force takes the others"
    )


def _check_fields(counted: Tally, written_by: str, sent: str) -> None:
    wholes = {
        "document_type": counted.docs,
        "pub_date": counted.articles,
        "headline": counted.articles,
        "keywords": counted.articles,
    }
    if any(counted.unreadable(field) * 2 > whole for field, whole in wholes.items()):
        what = f"{sent}a month that cannot be read: " if sent else ""
        raise RefusedError(
            f"{what}{'; '.join(describe(counted))}: take a file with the fields as {written_by} "
            "writes them; --force takes this one"
        )


def _check_what_counts(counted: Tally, sent: str) -> None:
    """Refuse a month that can be read, but would add nothing to the tables."""
    if counted.docs > HANDFUL and not counted.readable(ARTICLE):
        types = [f"{c.docs:,} {c.reading!r}" for c in counted.counts if c.field == "document_type"]
        raise RefusedError(
            f"{sent}no document of type article, but {', '.join(types[:3])}; --force takes them"
        )
    empty = counted.articles - counted.readable(WITH_WORDS)
    if empty * 2 > counted.articles > HANDFUL:
        raise RefusedError(
            f"{sent}{empty:,} of {counted.articles:,} headlines without a word; --force takes them"
        )
    garbled = counted.readable(GARBLED)
    if garbled > max(HANDFUL, MOST_GARBLED * counted.articles):
        raise RefusedError(
            f"{sent}{garbled:,} of {counted.articles:,} headlines that are garbled, UTF-8 that was "
            "read as Windows-1252: take the file as it was downloaded; --force takes this one"
        )


def _check_dates(month: date, response: Response, sent: str) -> None:
    first, last = _span(month)
    days = [article.reading.day for article in response.articles if article.reading.day]
    others = sum(not first <= day <= last for day in days)
    if others * 2 > len(days):
        raise RefusedError(
            f"{sent}another month: {others:,} of {len(days):,} documents are not of "
            f"{format_month(month)}, they are from {min(days)} to {max(days)}; --force takes them"
        )


def _check_size(response: Response, held: Held, sent: str) -> None:
    counted = response.fields
    for what, new, old in (
        ("documents", len(response.articles), held.docs),
        ("articles", counted.readable(ARTICLE), held.articles),
        ("headlines with words", counted.readable(WITH_WORDS), held.headlines),
        ("documents with keywords", counted.readable(WITH_KEYWORDS), held.keywords),
    ):
        if old is None or new >= LEAST_PART * old:
            continue
        # A month that has just begun has few documents, and some may be withdrawn.
        if not held.is_final and old - new <= HANDFUL:
            continue
        which = "this final month" if held.is_final else "this month"
        raise RefusedError(
            f"{sent}{new:,} {what}, the warehouse holds {old:,} of {which}: kept as it is; "
            "--force takes the new ones"
        )


def elsewhere(month: date, response: Response) -> str:
    """Say how many documents of a month are dated in other months, if there are many."""
    days = [article.reading.day for article in response.articles if article.reading.day]
    first, last = _span(month)
    others = [day for day in days if not first <= day <= last]
    if len(others) <= max(HANDFUL, MOST_ELSEWHERE * len(days)):
        return ""
    return (
        f"{len(others):,} of {len(days):,} documents are of other months, from {min(others)} to "
        f"{max(others)}"
    )


def _span(month: date) -> tuple[str, str]:
    # A day more on either side: recent months are cut by UTC time, old ones by another.
    first, last = month - timedelta(days=1), last_day(month) + timedelta(days=1)
    return first.isoformat(), last.isoformat()
