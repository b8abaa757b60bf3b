"""The Archive API's client: one month a request, paced, retried, the key never shown."""

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from extract.pacing import Pacer, quoted
from warehouse.errors import WarehouseError
from warehouse.months import format_month

if TYPE_CHECKING:
    import requests
    from tenacity import RetryCallState

API_URL = "https://api.nytimes.com/svc/archive/v1"
KEY_PAGE = "https://developer.nytimes.com/get-started"
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
ATTEMPTS = 6
LONGEST_BACKOFF_SECONDS = 300.0

_BLOCK_BYTES = 1 << 16
_KEPT_HEADERS = (
    "Content-Type", "Content-Length", "Content-Encoding", "Date", "ETag", "Last-Modified",
)  # fmt: skip


class ApiRefusedError(Exception):
    """The API refuses this key or this set-up: no other month would fare better."""


class MonthFailedError(Exception):
    """A month that could not be had now; others may."""


class OutageError(MonthFailedError):
    """A month that failed at every attempt with what may pass by itself."""


class NotYetError(Exception):
    """A month in progress, which the API does not give out yet."""


class TransientError(Exception):
    """What may pass by itself; ``retry_after`` is how many seconds the API asked to wait."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Api:
    """Where the API is, the key, and how long to wait after a first failure."""

    url: str
    key: str = field(repr=False)
    backoff_seconds: float

    @classmethod
    def from_environment(cls) -> "Api":
        """Read ``NYT_API_KEY``, ``NYT_API_URL`` and ``NYT_BACKOFF_SECONDS``.

        Raises WarehouseError.
        """
        key = os.environ.get("NYT_API_KEY", "").strip()
        if not key:
            raise WarehouseError(
                f"NYT_API_KEY is not set: get a free key at {KEY_PAGE} (enable the Archive API), "
                "and put it into .env or your shell"
            )
        url = os.environ.get("NYT_API_URL", "").strip().rstrip("/") or API_URL
        if not _is_address(url):
            raise WarehouseError(f"NYT_API_URL is {quoted(url)}: give an address such as {API_URL}")
        return cls(url, key, _backoff_seconds())


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
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
class Download:
    """A month's answer: when it came, and those of its headers that say something about it."""

    fetched_at: datetime
    headers: dict[str, str]


class Client:
    """Downloads months. Every request is paced; what may pass by itself is tried again."""

    def __init__(self, api: Api, pacer: Pacer, interrupted: Callable[[], bool]) -> None:
        self._api = api
        self._pacer = pacer
        self._interrupted = interrupted
        self._session = open_session(api.key)

    def download(
        self,
        month: date,
        body: IO[bytes],
        check: Callable[[IO[bytes]], None],
        tell: Callable[[str], None],
    ) -> Download:
        """Write a month's response, uncompressed and byte-exact, to ``body``.

        ``check`` is called on the whole body and raises TransientError where it is to be had again.
        ``tell`` gets a line for each failed attempt. Raises ApiRefusedError, NotYetError,
        MonthFailedError, QuotaSpentError, and KeyboardInterrupt where interrupted while waiting.
        """
        from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt

        def wait(state: "RetryCallState") -> float:
            return self._seconds_to_wait(state)

        def before_sleep(state: "RetryCallState") -> None:
            error = state.outcome.exception() if state.outcome else None
            seconds = state.next_action.sleep if state.next_action else 0.0
            tell(
                f"{format_month(month)}: {error}; attempt {state.attempt_number} of {ATTEMPTS}, "
                f"again in {seconds:.0f} s"
            )

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait,
            before_sleep=before_sleep,
            sleep=self._sleep,
        )
        try:
            return retrying(self._attempt, month, body, check)
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

    def _sleep(self, seconds: float) -> None:
        import time

        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._interrupted():
                raise KeyboardInterrupt
            time.sleep(min(left, 0.5))

    def _attempt(
        self, month: date, body: IO[bytes], check: Callable[[IO[bytes]], None]
    ) -> Download:
        import requests

        if not self._pacer.wait(format_month(month), self._interrupted):
            raise KeyboardInterrupt
        body.seek(0)
        body.truncate()
        try:
            with self._session.get(
                f"{self._api.url}/{month.year}/{month.month}.json",
                params={"api-key": self._api.key},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                # A redirect would carry the key to wherever it points.
                allow_redirects=False,
            ) as answer:
                self._judge(month, answer)
                fetched_at = datetime.now(UTC)
                for block in answer.iter_content(_BLOCK_BYTES):
                    body.write(block)
                headers = {
                    name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers
                }
        except requests.RequestException as error:
            # The library's own message holds the address, and that the key.
            raise TransientError(_describe(error)) from None
        check(body)
        return Download(fetched_at, headers)

    def _judge(self, month: date, answer: "requests.Response") -> None:
        """Raise what an answer's status means."""
        status = answer.status_code
        if status == 200:
            return
        if status == 401:
            text = answer.content[:2000].decode("utf-8", "replace")
            if "FailedToResolveAPIKey" in text:
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
        if status >= 500 or status == 408:
            raise TransientError(f"the API failed ({status})", _retry_after(answer))
        if 300 <= status < 400:
            raise ApiRefusedError(
                f"the API's address redirects to {_target(answer)} ({status}): check NYT_API_URL"
            )
        if status == 404:
            raise MonthFailedError("the API has no such month (404)")
        raise MonthFailedError(f"the API answered with status {status}")


def _target(answer: "requests.Response") -> str:
    """Return where a redirect leads: the host alone, since the rest may hold the key."""
    try:
        return urlsplit(answer.headers.get("Location", "")).hostname or "another address"
    except ValueError:
        return "another address"


def _retry_after(answer: "requests.Response") -> float | None:
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None  # none given, or not one that HTTP knows


def _describe(error: "requests.RequestException") -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection to the API"
    if isinstance(error, requests.ConnectTimeout):
        return f"the API did not take the connection within {CONNECT_SECONDS:g} s"
    if isinstance(error, requests.Timeout):
        return f"the API sent nothing for {READ_SECONDS:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the API, or it was broken off"
    return f"the answer could not be read ({type(error).__name__})"


class _KeyFilter(logging.Filter):
    """Takes the key out of log records, whatever their level."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self._pattern = re.compile(re.escape(key) + r"|(?<=api-key=)[^&\s\"']+")

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = self._pattern.sub("***", message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


def open_session(key: str) -> "requests.Session":
    """Return a session for the API: it follows no redirect and keeps the key out of its logs."""
    import requests

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """Do not even read where a redirect leads: the library fails at a bad address."""

    _hide_key_in_logs(key)
    session = Session()
    session.headers["Accept"] = "application/json"
    return session


def _hide_key_in_logs(key: str) -> None:
    """Keep the key out of what requests and urllib3 log when someone turns on their debug logs."""
    for name in ("urllib3", "urllib3.connectionpool", "urllib3.util.retry", "requests"):
        logger = logging.getLogger(name)
        if not any(isinstance(known, _KeyFilter) and known.key == key for known in logger.filters):
            logger.addFilter(_KeyFilter(key))
