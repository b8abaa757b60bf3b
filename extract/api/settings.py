"""The facts of an outlet's API, and its settings from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from console.errors import WarehouseError
from console.outlets import Outlet
from extract.api.answers import Answer, Bounds, ask
from extract.api.pacing import Limits
from extract.masking import masked, quoted

LONGEST_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True)
class ApiFacts:
    """An API as its makers describe it.

    ``url`` is its address unless the environment names another; ``key_page`` is where to get a key,
    ``key_remark`` what else to do for it. ``trial`` is a path below the address that gives a small
    answer, to see whether a key is accepted.
    """

    url: str
    key_page: str
    key_remark: str
    trial: str
    per_minute: int
    per_day: int
    key_parameter: str = "api-key"


@dataclass(frozen=True)
class Api:
    """An outlet's API with its settings: address, key, limits, how long to wait after a first
    failure, and how long for an answer."""

    outlet: Outlet
    facts: ApiFacts
    url: str
    key: str = field(repr=False)
    limits: Limits
    backoff_seconds: float
    bounds: Bounds

    @classmethod
    def of(cls, outlet: Outlet, facts: ApiFacts, limits: Limits) -> "Api":
        """Read the outlet's variables, such as ``NYT_API_KEY`` and ``NYT_API_URL``.

        Raises WarehouseError.
        """
        variable = outlet.variable("API_KEY")
        key = os.environ.get(variable, "").strip()
        if not key:
            raise WarehouseError(
                f"{variable} is not set: get a free key at {facts.key_page} ({facts.key_remark}), "
                "and put it into .env or your shell"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise WarehouseError(
                f"{variable} is not a key: it holds a space, a control character or a letter that "
                f"keys do not have; copy it again from {facts.key_page}"
            )
        variable = outlet.variable("API_URL")
        url = os.environ.get(variable, "").strip().rstrip("/") or facts.url
        if not _is_address(url):
            raise WarehouseError(
                f"{variable} is {quoted(url)}: give an address such as {facts.url}"
            )
        return cls(outlet, facts, url, key, limits, _backoff_seconds(outlet), Bounds.of(outlet))

    @property
    def host(self) -> str:
        """Where the API is, for a message: an address may hold a password."""
        return masked(urlsplit(self.url).hostname or "")

    def ask(
        self,
        path: str,
        interrupted: Callable[[], bool],
        parameters: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer for a path below the API's address; raise what `answers.ask` does."""
        all_parameters = {**(parameters or {}), self.facts.key_parameter: self.key}
        return ask(f"{self.url}/{path}", all_parameters, self.bounds, interrupted)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
        url.encode()
    except ValueError:  # brackets that do not match, a port that is no number, a label too long
        return False
    return named and parts.scheme in ("http", "https") and not parts.query and not parts.fragment


def _backoff_seconds(outlet: Outlet) -> float:
    variable = outlet.variable("BACKOFF_SECONDS")
    text = os.environ.get(variable, "")
    try:
        seconds = float(text or 15)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_BACKOFF_SECONDS:
        raise WarehouseError(
            f"{variable} is {quoted(text)}: give seconds from 0 to {LONGEST_BACKOFF_SECONDS:g}"
        )
    return seconds
