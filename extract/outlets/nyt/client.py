"""The Archive API's client: one month a request, paced, retried, the key never shown."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from console.errors import WarehouseError
from console.months import format_month
from extract.answers import Answer, AnswerError, Bounds, TooLargeError, TooSlowError, ask
from extract.masking import holds_key, masked, quoted
from extract.outlets.nyt.responses import Response, ResponseError
from extract.pacing import Limits, Pacer

if TYPE_CHECKING:
    from tenacity import RetryCallState

API_URL = "https://api.nytimes.com/svc/archive/v1"
KEY_PAGE = "https://developer.nytimes.com/get-started"
ATTEMPTS = 6
LONGEST_BACKOFF_SECONDS = 300.0
# More than a day is no time to try again, but an error of whoever says it.
_LONGEST_RETRY_AFTER = 86400.0
# So long no date is; what follows is not looked at.
_LONGEST_DATE = 100

_KEPT_HEADERS = (
    "Content-Type", "Content-Length", "Content-Encoding", "Date", "ETag", "Last-Modified",
)  # fmt: skip


class ApiError(Exception):
    """What the API did, in one line. What it said itself is in there without the key."""

    def __init__(self, message: str) -> None:
        super().__init__(masked(message))


class ApiRefusedError(ApiError):
    """The API refuses this key or this set-up: no other month would fare better."""


class MonthFailedError(ApiError):
    """A month that could not be had now; others may."""


class OutageError(MonthFailedError):
    """A month for which the API had no answer, at no attempt or in all the time it was given."""


class NotYetError(ApiError):
    """A month in progress, which the API does not give out yet."""


class TransientError(ApiError):
    """What may pass by itself; ``retry_after`` is how many seconds the API asked to wait."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Api:
    """Where the API is, the key and its limits, how long to wait after a first failure, and for an
    answer."""

    url: str
    key: str = field(repr=False)
    limits: Limits
    backoff_seconds: float
    bounds: Bounds

    @classmethod
    def from_environment(cls) -> "Api":
        """Read ``NYT_API_KEY`` and the other variables ``NYT_...``. Raises WarehouseError."""
        limits = Limits.from_environment()
        key = os.environ.get("NYT_API_KEY", "").strip()
        if not key:
            raise WarehouseError(
                f"NYT_API_KEY is not set: get a free key at {KEY_PAGE} (enable the Archive API), "
                "and put it into .env or your shell"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise WarehouseError(
                "NYT_API_KEY is not a key: it holds a space, a control character or a letter that "
                f"keys do not have; copy it again from {KEY_PAGE}"
            )
        url = os.environ.get("NYT_API_URL", "").strip().rstrip("/") or API_URL
        if not _is_address(url):
            raise WarehouseError(f"NYT_API_URL is {quoted(url)}: give an address such as {API_URL}")
        return cls(url, key, limits, _backoff_seconds(), Bounds.from_environment())

    @property
    def host(self) -> str:
        """Where the API is, for a message: an address may hold a password."""
        return masked(urlsplit(self.url).hostname or "")

    def ask(self, path: str, interrupted: Callable[[], bool]) -> Answer:
        """Return the answer for a path below the API's address; raise what `answers.ask` does."""
        return ask(f"{self.url}/{path}", {"api-key": self.key}, self.bounds, interrupted)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
        url.encode()
    except ValueError:  # brackets that do not match, a port that is no number, a label too long
        return False
    return named and parts.scheme in ("http", "https") and not parts.query and not parts.fragment


def _backoff_seconds() -> float:
    text = os.environ.get("NYT_BACKOFF_SECONDS", "")
    try:
        seconds = float(text or 15)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_BACKOFF_SECONDS:
        raise WarehouseError(
            f"NYT_BACKOFF_SECONDS is {quoted(text)}: give seconds from 0 to "
            f"{LONGEST_BACKOFF_SECONDS:g}"
        )
    return seconds


@dataclass(frozen=True)
class Received:
    """A month as the API answered: its bytes, what was read of them, when they came, and the
    headers that say something about them."""

    body: bytes = field(repr=False)
    response: Response
    fetched_at: datetime
    headers: dict[str, str]


class Client:
    """Asks for months. Every request is paced; what may pass by itself is tried again."""

    def __init__(
        self,
        api: Api,
        pacer: Pacer,
        interrupted: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        """``tell`` gets a line for each failed attempt."""
        self._api = api
        self._pacer = pacer
        self._interrupted = interrupted
        self._tell = tell

    def month(self, month: date, read: Callable[[bytes], Response]) -> Received:
        """Return a month's answer, its bytes uncompressed and as they were sent.

        ``read`` takes them apart; where it raises ResponseError, the month is asked for again.
        Raises ApiRefusedError, NotYetError, MonthFailedError, QuotaSpentError, and
        KeyboardInterrupt where interrupted while waiting.
        """
        from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt

        def before_sleep(state: "RetryCallState") -> None:
            error = state.outcome.exception() if state.outcome else None
            seconds = state.next_action.sleep if state.next_action else 0.0
            self._tell(
                f"{format_month(month)}: {error}; attempt {state.attempt_number} of {ATTEMPTS}, "
                f"again in {seconds:.0f} s"
            )

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._seconds_to_wait,
            before_sleep=before_sleep,
            sleep=self.pause,
        )
        try:
            return retrying(self._attempt, month, read)
        except RetryError as error:
            last = error.last_attempt.exception()
            raise OutageError(f"{last}; tried {ATTEMPTS} times") from None

    def _seconds_to_wait(self, state: "RetryCallState") -> float:
        from tenacity import wait_exponential_jitter

        first = self._api.backoff_seconds
        seconds = wait_exponential_jitter(first, LONGEST_BACKOFF_SECONDS, jitter=first)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(seconds, min(asked or 0.0, LONGEST_BACKOFF_SECONDS))

    def pause(self, seconds: float) -> None:
        """Wait, and not a moment longer than until interrupted: then raise KeyboardInterrupt."""
        import time

        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._interrupted():
                raise KeyboardInterrupt
            time.sleep(min(left, 0.1))

    def _attempt(self, month: date, read: Callable[[bytes], Response]) -> Received:
        if not self._pacer.wait(format_month(month), self._interrupted):
            raise KeyboardInterrupt
        answer = self._ask(month)
        self._judge(month, answer)
        try:
            response = read(answer.body)
        except ResponseError as error:
            raise TransientError(str(error)) from None
        except Exception as error:
            raise TransientError(f"the answer could not be read ({type(error).__name__})") from None
        if holds_key(answer.body):
            raise MonthFailedError("the API's answer quotes your key: it is not stored")
        headers = {
            name: masked(answer.headers[name]) for name in _KEPT_HEADERS if name in answer.headers
        }
        return Received(answer.body, response, answer.came_at, headers)

    def _ask(self, month: date) -> Answer:
        path = f"{month.year}/{month.month}.json"
        try:
            return self._api.ask(path, self._interrupted)
        except TooLargeError as error:
            raise MonthFailedError(str(error)) from None
        except TooSlowError as error:
            raise OutageError(str(error)) from None
        except AnswerError as error:
            raise TransientError(str(error)) from None

    def _judge(self, month: date, answer: Answer) -> None:
        """Raise what an answer's status means."""
        status = answer.status
        if status == 200:
            return
        if status == 401:
            if b"FailedToResolveAPIKey" in answer.body:
                raise ApiRefusedError("the API got no key (401): check NYT_API_KEY and NYT_API_URL")
            raise ApiRefusedError(
                f"the API does not know this key (401): check NYT_API_KEY at {KEY_PAGE}; a new key "
                "needs the Archive API enabled and some minutes"
            )
        if status == 403:
            if month >= datetime.now(UTC).date().replace(day=1):
                raise NotYetError("the month is in progress, and the API does not give it out yet")
            raise MonthFailedError(
                "the API refuses this month (403): see whether the Archive API is enabled for the "
                f"key at {KEY_PAGE}"
            )
        if status == 429:
            raise TransientError("the API says too many requests (429)", _retry_after(answer))
        if status >= 500 or status in (408, 425) or status < 200:
            raise TransientError(f"the API failed ({status})", _retry_after(answer))
        if status in (301, 302, 303, 307, 308):
            raise ApiRefusedError(
                f"the API's address redirects to {_target(answer)} ({status}): check NYT_API_URL"
            )
        if status == 404:
            raise MonthFailedError("the API has no such month (404)")
        raise MonthFailedError(f"the API answered with status {status}")


def _target(answer: Answer) -> str:
    """Return where a redirect leads: the host alone, since the rest may hold the key."""
    try:
        return urlsplit(answer.headers.get("Location", "")).hostname or "another address"
    except ValueError:
        return "another address"


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        until = http_date(text)
        seconds = (until - datetime.now(UTC)).total_seconds() if until else 0.0
    return seconds if 0 < seconds <= _LONGEST_RETRY_AFTER else None


def http_date(text: str) -> datetime | None:
    """Return the time that a header names, None where it names none."""
    from email.utils import parsedate_to_datetime

    try:
        named = parsedate_to_datetime(text[:_LONGEST_DATE])
        # A zone of -0000 leaves the time without one.
        return named.astimezone(UTC) if named.tzinfo else named.replace(tzinfo=UTC)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None  # the library's own ways to say that it is no date, or none that fits
