"""What an outlet gives, so that its months can be fetched, judged and loaded.

An outlet is a folder beside this module, named by its short name, whose ``__init__`` holds an
`Archive` by the name ARCHIVE; and a line in the list of `console.outlets`. The page docs/outlets.md
goes through one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from console.errors import WarehouseError
from console.outlets import Outlet
from extract.api.client import Client, Received
from extract.api.pacing import Limits
from extract.api.settings import Api, ApiFacts
from extract.documents import Response


@dataclass(frozen=True)
class Source:
    """An API that gives out an outlet's months.

    ``fetch`` asks for one, by `Client.get`, and returns what `Client.received` makes of the answer.
    """

    facts: ApiFacts
    fetch: Callable[[date, Client], Received]


@dataclass(frozen=True)
class Archive:
    """An outlet's months.

    ``parse`` takes a month's bytes apart into documents, and reads their fields; it raises
    ResponseError where they are no month of this outlet. ``written_by`` says, for messages, what
    writes such bytes. ``source`` is None where months come as files alone.
    """

    outlet: Outlet
    written_by: str
    parse: Callable[[bytes], Response]
    source: Source | None = None

    def limits(self) -> Limits:
        """Return how many requests its API takes. Raises WarehouseError."""
        return Limits.of(self.outlet, self._source().facts.per_minute, self._source().facts.per_day)

    def api(self) -> Api:
        """Return its API as the environment says it is to be used. Raises WarehouseError."""
        return Api.of(self.outlet, self._source().facts, self.limits())

    def fetch(self, month: date, client: Client) -> Received:
        """Ask its API for a month."""
        return self._source().fetch(month, client)

    def _source(self) -> Source:
        if self.source is None:
            raise WarehouseError(
                f"{self.outlet.name} has no API here: load its months from files, "
                f"extract load --outlet {self.outlet.short} --from DIR"
            )
        return self.source
