"""Sends one request and reads its answer, within a limit of bytes and of seconds.

The request runs in a thread of its own, so that the caller can stop waiting at any moment: while a
host name is looked up, or while the server sends a byte now and then. Bytes and seconds are counted
where the socket is read, so that no library can wait longer or gather more than allowed.
"""

import io
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPResponse
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from console.errors import WarehouseError
from console.outlets import Outlet
from extract.api.pacing import positive_number
from extract.masking import mask_logs, masked
from extract.size_limits import UnpackedLimit

if TYPE_CHECKING:
    import socket

    import requests
    import urllib3
    from _typeshed import WriteableBuffer

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0

_BLOCK_BYTES = 1 << 16
# How many bytes the status line and the headers may have, besides the body.
_HEAD_BYTES = 1 << 20
# The status says why a request was refused; the beginning of a 401's text may say more, and is read
# if it comes soon.
_REFUSAL_BYTES, _REFUSAL_SECONDS = 2000, 5.0
# How often the caller checks whether to go on waiting.
_LOOK_SECONDS = 0.1
_PACKINGS = ("", "identity", "gzip", "x-gzip")
_SETTINGS = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip


class AnswerError(Exception):
    """Why there is no complete answer, in one line. The next attempt may succeed."""


class TooSlowError(AnswerError):
    """The answer was not complete when its time was up."""


class TooLargeError(AnswerError):
    """The answer has more bytes than a month can have."""


@dataclass(frozen=True)
class Bounds:
    """How many bytes an answer may have, packed or unpacked, and how many seconds it may take."""

    outlet: Outlet
    unpacked: UnpackedLimit
    seconds: int

    @classmethod
    def of(cls, outlet: Outlet) -> "Bounds":
        """Read the outlet's variables, by default 128 MB and 600 seconds. Raises WarehouseError."""
        seconds = positive_number(outlet.variable("MAX_ANSWER_SECONDS"), 600)
        return cls(outlet, UnpackedLimit.of(outlet), seconds)


@dataclass(frozen=True)
class Answer:
    """An answer. ``body`` is complete and unpacked where the status is 200, the beginning of it
    where it is 401, else empty. ``headers`` are found in upper or lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    came_at: datetime


def ask(
    url: str, parameters: Mapping[str, str], bounds: Bounds, interrupted: Callable[[], bool]
) -> Answer:
    """Return the answer to one request. Redirects are not followed.

    Raises AnswerError, KeyboardInterrupt as soon as ``interrupted`` is true, and WarehouseError
    where the settings allow no request.
    """
    budget = _Budget(bounds)
    outcome = SimpleQueue[Answer | Exception]()
    threading.Thread(
        target=lambda: outcome.put(_outcome(url, parameters, budget)), name="request", daemon=True
    ).start()
    try:
        while True:
            try:
                result = outcome.get(timeout=_LOOK_SECONDS)
                break
            except Empty:
                pass
            if interrupted():
                raise KeyboardInterrupt
            if budget.is_overdue():
                raise _too_slow(bounds)
    finally:
        budget.stop()
    if isinstance(result, Exception):
        raise result
    return result


class _Budget:
    """How many bytes and seconds are left for an answer. Another thread can stop it."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.has_begun = False
        self._ends_at = time.monotonic() + bounds.seconds
        self._bytes_left = bounds.unpacked.bytes + _HEAD_BYTES
        self._is_stopped = False

    def stop(self) -> None:
        """End the request at its next byte."""
        self._is_stopped = True

    def is_overdue(self) -> bool:
        """Tell whether the time was up more than a second ago, and the request has not noticed."""
        return time.monotonic() > self._ends_at + 1.0

    def is_spent(self) -> bool:
        return self._is_stopped or time.monotonic() >= self._ends_at

    def seconds_left(self) -> float:
        """Return for how many seconds to wait for the next byte. Raises TooSlowError."""
        if self.is_spent():
            raise _too_slow(self.bounds)
        return min(READ_SECONDS, max(self._ends_at - time.monotonic(), 0.001))

    def shorten(self, seconds: float) -> None:
        self._ends_at = min(self._ends_at, time.monotonic() + seconds)

    def take(self, count: int) -> None:
        """Count bytes that came in. Raises TooLargeError."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise TooLargeError(f"the answer is {self.bounds.unpacked.exceeded()}")


def _too_slow(bounds: Bounds) -> TooSlowError:
    return TooSlowError(
        f"the answer was not whole after {bounds.seconds:,} s: if the line is that slow, set "
        f"{bounds.outlet.variable('MAX_ANSWER_SECONDS')} higher"
    )


def _outcome(url: str, parameters: Mapping[str, str], budget: _Budget) -> Answer | Exception:
    """Return the answer, or the error to raise: always a new one, since those of the libraries
    contain the key."""
    try:
        return _exchange(url, parameters, budget)
    except AnswerError as error:
        return type(error)(str(error))
    except Exception as error:
        if budget.is_spent():
            return _too_slow(budget.bounds)
        if not budget.has_begun or _is_of_settings(error):
            address = budget.bounds.outlet.variable("API_URL")
            names = [name for name in (address, *_SETTINGS) if _is_set(name)] or [address]
            return WarehouseError(
                f"the request to the API cannot be made ({type(error).__name__}): check "
                f"{', '.join(names)}"
            )
        return AnswerError(_describe(error))


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(name.lower()))


def _exchange(url: str, parameters: Mapping[str, str], budget: _Budget) -> Answer:
    import requests

    mask_logs()
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        "User-Agent": requests.utils.default_user_agent(),
    }
    request = requests.Request("GET", url, headers=headers, params=parameters).prepare()
    settings: Any = requests.Session().merge_environment_settings(request.url, {}, True, None, None)
    adapter = _adapter(budget)
    try:
        raw: urllib3.HTTPResponse = adapter.send(
            request, timeout=(CONNECT_SECONDS, READ_SECONDS), **settings
        ).raw
        came_at = datetime.now(UTC)
        body = b""
        if raw.status == 200:
            body = _body(raw, budget)
        elif raw.status == 401:
            body = _text_of_refusal(raw, budget)
        return Answer(raw.status, raw.headers, body, came_at)
    finally:
        adapter.close()


def _body(raw: "urllib3.HTTPResponse", budget: _Budget) -> bytes:
    packing = raw.headers.get("Content-Encoding", "").strip().lower()
    if packing not in _PACKINGS:
        raise AnswerError(f"the answer is packed as {masked(packing)!r}, which was not asked for")
    body = io.BytesIO()
    for block in raw.stream(_BLOCK_BYTES, decode_content=True):
        budget.seconds_left()
        if body.tell() + len(block) > budget.bounds.unpacked.bytes:
            raise TooLargeError(f"the answer is {budget.bounds.unpacked.exceeded()}")
        body.write(block)
    return body.getvalue()


def _text_of_refusal(raw: "urllib3.HTTPResponse", budget: _Budget) -> bytes:
    budget.shorten(_REFUSAL_SECONDS)
    try:
        return raw.read(_REFUSAL_BYTES, decode_content=True)
    except Exception:
        return b""  # the status is known, and is enough


class _Metered(io.RawIOBase):
    """The bytes that a socket receives, within a budget."""

    def __init__(self, stream: io.RawIOBase, sock: "socket.socket", budget: _Budget) -> None:
        super().__init__()
        self._stream = stream
        self._socket = sock
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._socket.settimeout(self._budget.seconds_left())
        count: int | None = self._stream.readinto(buffer)
        self._budget.take(count or 0)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _adapter(budget: _Budget) -> "requests.adapters.HTTPAdapter":
    """Return an adapter of `requests` that sends one request and reads all of its answer within a
    budget.

    It hands over the answer before `requests` reads cookies, whose patterns take quadratic time, or
    the target of a redirect, which may be no address.
    """
    import requests

    class Response(HTTPResponse):
        def __init__(self, sock: "socket.socket", *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp = io.BufferedReader(_Metered(self.fp.detach(), sock, budget))

    class Adapter(requests.adapters.HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)

            class Connection(pool.ConnectionCls):  # type: ignore[misc]
                response_class = Response

                def connect(self) -> None:
                    budget.has_begun = True
                    super().connect()

            pool.ConnectionCls = Connection
            return pool

        def build_response(self, req: Any, resp: Any) -> requests.Response:
            answer = requests.Response()
            answer.raw = resp
            return answer

    return Adapter()


def _is_of_settings(error: Exception) -> bool:
    """Tell whether the error means that the address is not valid, which shows only on
    connecting."""
    import requests
    from urllib3.exceptions import LocationValueError

    return isinstance(
        error,
        LocationValueError | requests.exceptions.InvalidURL | requests.exceptions.InvalidProxyURL,
    )


def _describe(error: Exception) -> str:
    import requests
    from urllib3 import exceptions as of_urllib3

    match error:
        case requests.exceptions.SSLError() | of_urllib3.SSLError():
            bundle = next(filter(_is_set, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")), None)
            by = f" with the certificates that {bundle} names" if bundle else ""
            return f"no secure connection to the API{by}"
        case requests.exceptions.ProxyError():
            return "no connection to the API's proxy, or it was broken off"
        case requests.ConnectTimeout():
            return f"the API did not take the connection within {CONNECT_SECONDS:g} s"
        case requests.Timeout() | of_urllib3.ReadTimeoutError():
            return f"the API sent nothing for {READ_SECONDS:g} s"
        case of_urllib3.ProtocolError() | of_urllib3.IncompleteRead():
            return "the answer broke off"
        case requests.ConnectionError():
            return "no connection to the API, or it was broken off"
    return f"the answer could not be read ({type(error).__name__})"
