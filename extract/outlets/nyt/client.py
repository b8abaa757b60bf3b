"""Fetches a month from the Archive API, in one request."""

from datetime import UTC, date, datetime

from extract.api.answers import Answer
from extract.api.client import (
    ApiRefusedError,
    Client,
    MonthFailedError,
    NotYetError,
    Received,
)

KEY_PAGE = "https://developer.nytimes.com/get-started"


def fetch(month: date, client: Client) -> Received:
    """Return a month's answer."""

    def take(answer: Answer) -> Received:
        _check(month, answer)
        client.check(answer)
        return client.received(answer)

    return client.get(month, f"{month.year}/{month.month}.json", take)


def _check(month: date, answer: Answer) -> None:
    """Raise the error that a status stands for where this API has its own meaning."""
    if answer.status == 401:
        if b"FailedToResolveAPIKey" in answer.body:
            raise ApiRefusedError("the API got no key (401): check NYT_API_KEY and NYT_API_URL")
        raise ApiRefusedError(
            f"the API does not know this key (401): check NYT_API_KEY at {KEY_PAGE}; a new key "
            "needs the Archive API enabled and some minutes"
        )
    if answer.status == 403:
        if month >= datetime.now(UTC).date().replace(day=1):
            raise NotYetError("the month is in progress, and the API does not give it out yet")
        raise MonthFailedError(
            "the API refuses this month (403): see whether the Archive API is enabled for the key "
            f"at {KEY_PAGE}"
        )
