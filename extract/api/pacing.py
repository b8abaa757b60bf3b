"""Keeps to an API's limits. The warehouse counts the requests of the last day, so that a cron
job and a person at the keyboard share one count, which survives restarts."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.errors import WarehouseError, explained
from console.messages import say
from console.outlets import Outlet
from extract.masking import quoted
from warehouse import roles, session
from warehouse.connect import address

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool
    from pyrate_limiter import PostgresBucket

# The API counts requests when they arrive, which is a little later than they are counted here: each
# opens a connection first, and one may take longer than the next. So the minute counts as longer.
MARGIN_SECONDS = 2.0
# Two commands read the warehouse's clock one after the other, so a request may seem to lie a little
# in the future. Only one that lies further ahead was counted by a wrong clock.
_AHEAD_SECONDS = 5.0

# The longest wait that the limit a minute can cause.
_MINUTE_SECONDS = 60 + MARGIN_SECONDS
_SECOND_MS = 1000
_DAY_MS = 24 * 60 * 60 * _SECOND_MS


class QuotaSpentError(Exception):
    """The day's requests are used up; ``until`` is when the next one may go."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"the day's requests are used up; the next may go at {until:%F %T}")
        self.until = until


@dataclass(frozen=True)
class Limits:
    """Requests a minute and a day that an outlet's key allows."""

    outlet: Outlet
    per_minute: int
    per_day: int

    @classmethod
    def of(cls, outlet: Outlet, per_minute: int, per_day: int) -> "Limits":
        """Read the outlet's variables, ``NYT_REQUESTS_PER_MINUTE`` for one; without them the limits
        are those given. Raises WarehouseError."""
        return cls(
            outlet,
            positive_number(outlet.variable("REQUESTS_PER_MINUTE"), per_minute),
            positive_number(outlet.variable("REQUESTS_PER_DAY"), per_day),
        )


def positive_number(name: str, default: int) -> int:
    """Return a setting that must be a whole number of 1 to 9 digits. Raises WarehouseError."""
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise WarehouseError(f"{name} is {quoted(text)}: give a whole number of at least 1")
    return int(text)


class Pacer:
    """Lets requests go within the limits, which everybody who uses the same warehouse shares."""

    def __init__(
        self,
        pool: "ConnectionPool",
        bucket: "PostgresBucket",
        limits: Limits,
        tell: Callable[[str], None],
    ) -> None:
        self._pool = pool
        self._bucket = bucket
        self._limits = limits
        self._tell = tell

    def wait(self, name: str, interrupted: Callable[[], bool]) -> bool:
        """Wait until a request may go, and count it; False where ``interrupted`` became true.

        ``name`` says which request. Raises QuotaSpentError where the day's are used up.
        """
        from pyrate_limiter import RateItem

        began = time.monotonic()
        is_told = False
        while not interrupted():
            now = self._now()
            item = RateItem(name, now)
            self._bucket.leak(now)
            if self._bucket.put(item):
                return True
            failing = self._bucket.failing_rate
            wait_ms = int(self._bucket.waiting(item))  # type: ignore[arg-type]
            if failing is not None and failing.interval >= _DAY_MS and self.left() == 0:
                raise QuotaSpentError(datetime.now().astimezone() + timedelta(milliseconds=wait_ms))
            waits = time.monotonic() - began + wait_ms / _SECOND_MS
            if waits > _MINUTE_SECONDS and not is_told:
                is_told = True
                self._tell(
                    f"{name}: waiting until the limits allow a request, about {waits:,.0f} s"
                )
            # Short naps, so that Ctrl-C takes effect soon.
            time.sleep(min(max(wait_ms, 20), 500) / _SECOND_MS)
        return False

    def left(self) -> int:
        """Return how many requests of the day are left."""
        self._bucket.leak(self._now())
        return max(0, self._limits.per_day - int(self._bucket.count()))  # type: ignore[arg-type]

    def _now(self) -> int:
        """Return the warehouse's time in milliseconds, and forget requests that lie after it.

        They were counted while its clock was ahead, and would go on counting until the clock gets
        there. The library's own function would use this machine's clock where the warehouse fails.
        """
        ahead = f"from {self._limits.outlet.ledger} where item_timestamp > clock_timestamp() + %s"
        margin = timedelta(seconds=_AHEAD_SECONDS)
        with self._pool.connection() as connection:
            [(now, is_wrong)] = connection.execute(
                f"select extract(epoch from clock_timestamp()), exists(select {ahead})", [margin]
            ).fetchall()
            gone = connection.execute(f"delete {ahead}", [margin]).rowcount if is_wrong else 0
        if gone:
            self._tell(
                f"{gone:,} of the counted requests lie in the future: the warehouse's clock was "
                "ahead; they are not counted any more"
            )
        return int(now * _SECOND_MS)


def _set_up(connection: "psycopg.Connection") -> None:
    session.set_up(connection, "raw, pg_temp")  # the library names its table without a schema
    roles.take(connection, "loader")


@contextmanager
def pacer(limits: Limits, tell: Callable[[str], None] = say) -> Iterator[Pacer]:
    """Give a pacer that counts in the warehouse that libpq's variables name.

    ``tell`` gets a line where a request waits for longer than a minute, and where requests counted
    by a wrong clock were dropped. Raises WarehouseError where the warehouse fails, within the block
    too.
    """
    import psycopg
    from psycopg_pool import ConnectionPool
    from pyrate_limiter import PostgresBucket, Rate

    minute_ms = int(_MINUTE_SECONDS * _SECOND_MS)
    minute = Rate(limits.per_minute, minute_ms)
    # The library refuses a rate a day that is higher than its minutes allow.
    day = Rate(min(limits.per_day, limits.per_minute * _DAY_MS // minute_ms), _DAY_MS)
    # Where a day allows no more requests than a minute, only the day's limit counts.
    rates = [minute, day] if limits.per_day > limits.per_minute else [day]
    # The library makes the table of the ledger from its name.
    bucket = limits.outlet.ledger.removeprefix("raw.ratelimit___")
    # The pool would log each connection that it loses, besides the error raised here.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        with ConnectionPool(
            "", min_size=1, max_size=2, open=True, configure=_set_up,
            kwargs=address() | {"application_name": "extract", "client_encoding": "UTF8"},
        ) as pool:  # fmt: skip
            pool.wait(timeout=10)
            yield Pacer(pool, PostgresBucket(pool, bucket, rates), limits, tell)
    except psycopg.Error as error:
        raise (explained(error) or error) from None
