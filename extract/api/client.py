"""Sends requests to an outlet's API: within the limits, again where that may help, and without
ever showing the key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from console.months import format_month
from extract.api.answers import Answer, AnswerError, TooLargeError, TooSlowError
from extract.api.pacing import Pacer
from extract.api.settings import LONGEST_BACKOFF_SECONDS, Api
from extract.documents import Response, ResponseError
from extract.masking import holds_key, masked

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 6
# A server that asks for more than a day is mistaken.
_LONGEST_RETRY_AFTER = 86400.0
# No date is longer; the rest is ignored.
_LONGEST_DATE = 100

_KEPT_HEADERS = (
    "Content-Type", "Content-Length", "Content-Encoding", "Date", "ETag", "Last-Modified",
)  # fmt: skip


class ApiError(Exception):
    """What the API did, in one line, without the key."""

    def __init__(self, message: str) -> None:
        super().__init__(masked(message))


class ApiRefusedError(ApiError):
    """The API refuses the key or the settings: it would refuse every other month too."""


class MonthFailedError(ApiError):
    """This month could not be fetched; others may be."""


class OutageError(MonthFailedError):
    """The API gave no answer for this month, at any attempt or in the time allowed."""


class NotYetError(ApiError):
    """The month is in progress, and the API does not give it out yet."""


class TransientError(ApiError):
    """The next attempt may succeed. ``retry_after``: for how many seconds the API asked to wait."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Received:
    """A month as the API sent it: its bytes, what was read of them, when they came, and the
    headers worth keeping."""

    body: bytes = field(repr=False)
    response: Response
    fetched_at: datetime
    headers: dict[str, str]


class Client:
    """Sends requests to an outlet's API, within its limits; tries again what may succeed the
    next time."""

    def __init__(
        self,
        api: Api,
        pacer: Pacer,
        read: Callable[[bytes], Response],
        tell: Callable[[str], None],
        interrupted: Callable[[], bool],
    ) -> None:
        """``read`` reads a month's bytes; ``tell`` gets a line for each failed attempt."""
        self._api = api
        self._pacer = pacer
        self._read = read
        self._tell = tell
        self._interrupted = interrupted

    def get(
        self,
        month: date,
        path: str,
        take: Callable[[Answer], T],
        parameters: Mapping[str, str] | None = None,
    ) -> T:
        """Request a path below the API's address, for a month, and return what ``take`` returns for
        the answer. Where ``take`` raises TransientError, the request is sent again.

        Raises ApiRefusedError, NotYetError, MonthFailedError, QuotaSpentError, and
        KeyboardInterrupt where interrupted while waiting.
        """
        from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt

        def attempt() -> T:
            if not self._pacer.wait(format_month(month), self._interrupted):
                raise KeyboardInterrupt
            return take(self._ask(path, parameters))

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
            return retrying(attempt)
        except RetryError as error:
            last = error.last_attempt.exception()
            raise OutageError(f"{last}; tried {ATTEMPTS} times") from None

    def received(self, answer: Answer, body: bytes | None = None) -> Received:
        """Read a month: an answer's body; or ``body``, where it took several answers, of which this
        is the last.

        Raises TransientError where it is not a complete month, MonthFailedError where it contains a
        key.
        """
        body = answer.body if body is None else body
        try:
            response = self._read(body)
        except ResponseError as error:
            raise TransientError(str(error)) from None
        except Exception as error:
            raise TransientError(f"the answer could not be read ({type(error).__name__})") from None
        if holds_key(body):
            raise MonthFailedError("the API's answer quotes your key: it is not stored")
        headers = {
            name: masked(answer.headers[name]) for name in _KEPT_HEADERS if name in answer.headers
        }
        return Received(body, response, answer.came_at, headers)

    def check(self, answer: Answer) -> None:
        """Raise the error that an answer's status stands for, unless it is 200."""
        status, outlet, facts = answer.status, self._api.outlet, self._api.facts
        if status == 200:
            return
        if status in (401, 403):
            raise ApiRefusedError(
                f"the API does not know this key ({status}): check {outlet.variable('API_KEY')} at "
                f"{facts.key_page}"
            )
        if status == 429:
            raise TransientError("the API says too many requests (429)", _retry_after(answer))
        if status >= 500 or status in (408, 425) or status < 200:
            raise TransientError(f"the API failed ({status})", _retry_after(answer))
        if status in (301, 302, 303, 307, 308):
            raise ApiRefusedError(
                f"the API's address redirects to {_target(answer)} ({status}): check "
                f"{outlet.variable('API_URL')}"
            )
        if status == 404:
            raise MonthFailedError("the API has no such month (404)")
        raise MonthFailedError(f"the API answered with status {status}")

    def _seconds_to_wait(self, state: "RetryCallState") -> float:
        from tenacity import wait_exponential_jitter

        first = self._api.backoff_seconds
        seconds = wait_exponential_jitter(first, LONGEST_BACKOFF_SECONDS, jitter=first)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(seconds, min(asked or 0.0, LONGEST_BACKOFF_SECONDS))

    def pause(self, seconds: float) -> None:
        """Wait; as soon as interrupted, raise KeyboardInterrupt."""
        import time

        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._interrupted():
                raise KeyboardInterrupt
            time.sleep(min(left, 0.1))

    def _ask(self, path: str, parameters: Mapping[str, str] | None) -> Answer:
        try:
            return self._api.ask(path, self._interrupted, parameters)
        except TooLargeError as error:
            raise MonthFailedError(str(error)) from None
        except TooSlowError as error:
            raise OutageError(str(error)) from None
        except AnswerError as error:
            raise TransientError(str(error)) from None


def _target(answer: Answer) -> str:
    """Return the host to which a redirect leads; the rest of the address may contain the key."""
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
        return None  # what the library raises where it is not a date, or one out of range
