"""Loads month files into the raw tables, one transaction a month."""

import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

from console.errors import WarehouseDownError, WarehouseError, explained, one_line
from console.months import format_month
from console.outlets import Outlet
from console.progress import Progress
from extract.documents import Article, Reject, Response, ResponseError
from extract.fields import describe
from extract.judge import check_month, describe_rejects, elsewhere, held_of
from extract.landing import Landed, LandingError, MonthFile, final_from
from extract.outlets.interface import Archive
from extract.size_limits import UnpackedLimit
from warehouse.locks import hold_month, share_warehouse

if TYPE_CHECKING:
    import psycopg

SAMPLE_SOURCE = "sample"

# COPY's binary format: a signature, flags and the length of a header extension; then rows of
# (number of fields, each with its length in front); then -1. See the manual's page on COPY.
_COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_COPY_TRAILER = struct.pack("!h", -1)
_POSTGRES_EPOCH = date(2000, 1, 1)
_JSONB_VERSION = b"\x01"
_COPY_BLOCK_BYTES = 1 << 18
# How many months are loaded at once, each on a connection of its own: while the server parses one
# month's JSON, Python reads the next.
_AT_ONCE = 2


@dataclass(frozen=True)
class Loading:
    """How months are loaded: whose they are, whether unchanged ones are loaded again (``refresh``),
    and whether those that would be refused are taken (``force``)."""

    archive: Archive
    refresh: bool = False
    force: bool = False


@dataclass(frozen=True)
class MonthResult:
    """What happened to one month. ``notes`` are lines about what was stored of it."""

    month: date
    path: Path
    outcome: Literal["loaded", "replaced", "unchanged", "failed"]
    docs: int = 0
    rejected: int = 0
    bytes: int = 0
    message: str = ""
    sample_months_removed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def has_changed(self) -> bool:
        """Whether the warehouse holds other documents than before."""
        return self.outcome in ("loaded", "replaced")

    @property
    def has_failed(self) -> bool:
        """Whether the month is not loaded, or documents of it were rejected just now."""
        return self.outcome == "failed" or (self.has_changed and self.rejected > 0)

    def lines(self) -> Iterator[str]:
        """Say what became of the month."""
        name = format_month(self.month)
        if self.outcome == "failed":
            yield f"{name}: failed: {self.message} ({self.path})"
            return
        yield f"{name}: {self.outcome}, {self.docs:,} documents"
        if self.sample_months_removed:
            removed = self.sample_months_removed
            yield f"{name}: real articles: the sample's {removed} months were removed"
        if self.has_failed:
            yield f"{name}: {self.rejected:,} documents rejected: {self.message}"
        for note in self.notes:
            yield f"{name}: {note}"


def load_files(
    connection: "psycopg.Connection", files: list[MonthFile], loading: Loading, shown: Progress
) -> list[MonthResult]:
    """Load month files, and show what becomes of each; raises what `load_months` does.

    ``connection`` is in autocommit mode.
    """
    results = []
    for result in load_months(connection, files, loading):
        results.append(result)
        for line in result.lines():
            shown.tell(line)
        shown.advance(result.docs)
    vacuum_changed(connection, loading.archive.outlet, results)
    return results


def load_months(
    connection: "psycopg.Connection", files: Iterable[MonthFile], loading: Loading
) -> Iterator[MonthResult]:
    """Load each month file in its own transaction and yield what became of it.

    A month whose bytes are those already loaded is left alone unless it is to be refreshed; one
    whose bytes differ is replaced. A bad file fails alone, and so does one that is not the month it
    should be, unless forced. Raises WarehouseError where the server fails.
    """
    from warehouse.connect import connect

    files = list(files)
    with ExitStack() as stack, ThreadPoolExecutor(_AT_ONCE) as pool:
        connections = [connection]
        for _ in files[1:_AT_ONCE]:
            connections.append(stack.enter_context(connect("extract load", role="loader")))
            connections[-1].autocommit = True
        idle: SimpleQueue[psycopg.Connection] = SimpleQueue()
        for each in connections:
            idle.put(each)

        def load(file: MonthFile) -> MonthResult:
            mine = idle.get()
            try:
                return _load_month(mine, file, loading)
            except (LandingError, ResponseError) as error:
                return MonthResult(file.month, file.path, "failed", message=str(error))
            finally:
                idle.put(mine)

        try:
            yield from pool.map(load, files)
        except KeyboardInterrupt:
            for each in connections:
                each.cancel_safe()  # a month may wait for another loader's lock
            raise


# By a tenth, as for autovacuum: one more month among many does not need new statistics.
# With Citus the table lies on the workers and seems empty here: that counts as grown.
_HAS_GROWN = """
    select pg_relation_size(oid) >= 1.1 * relpages * current_setting('block_size')::bigint
    from pg_class where oid = %s::regclass
"""


def vacuum_changed(
    connection: "psycopg.Connection", outlet: Outlet, results: list[MonthResult]
) -> None:
    """If a month has changed, do at once what autovacuum would do later, since dbt builds on it
    next: gather the planner's statistics, and mark the pages that index-only scans need not visit.

    Raises WarehouseError.
    """
    import psycopg

    if not any(result.has_changed for result in results):
        return
    articles, months = outlet.table("articles"), outlet.table("months")
    try:
        row = connection.execute(_HAS_GROWN, [articles]).fetchone()
        if row is not None and row[0]:
            connection.execute(f"vacuum (analyze) {articles}, {months}")
    except psycopg.Error as error:
        told = explained(error)
        raise (WarehouseDownError if isinstance(told, WarehouseDownError) else WarehouseError)(
            f"the months were loaded, and then: {told or one_line(error)}"
        ) from None


@contextmanager
def changing_month(
    connection: "psycopg.Connection", outlet: Outlet, month: date, doing: str
) -> Iterator[None]:
    """Open a transaction in which nobody else can change a month. Raises WarehouseError where
    the server fails; ``doing`` says what was being done."""
    import psycopg

    try:
        with connection.transaction():
            hold_month(connection, outlet.short, month)
            yield
    except psycopg.Error as error:
        told = explained(error)
        raise (WarehouseDownError if isinstance(told, WarehouseDownError) else WarehouseError)(
            f"{format_month(month)} was not {doing}, and is as it was: {told or one_line(error)}"
        ) from None


def _load_month(connection: "psycopg.Connection", file: MonthFile, loading: Loading) -> MonthResult:
    archive, outlet = loading.archive, loading.archive.outlet
    landed = file.read(UnpackedLimit.of(outlet))
    # Where two commands load the same month, the second waits, and finds the bytes unchanged.
    with changing_month(connection, outlet, file.month, "loaded"):
        stored = connection.execute(
            f"select sha256, docs, rejected from {outlet.table('months')} where archive_month = %s",
            [file.month],
        ).fetchone()
        if stored is not None and stored[0] == landed.sha256 and not loading.refresh:
            return MonthResult(
                file.month, file.path, "unchanged", stored[1], stored[2], len(landed.body)
            )
        response = landed.response or archive.parse(landed.body)
        share_warehouse(connection)  # dbt must not see a month change while it runs
        removed = _keep_sample_apart(connection, outlet, response.is_sample)
        held = held_of(connection, outlet, file.month)
        if not loading.force:
            check_month(archive, file.month, response, held)
        kept = _store(connection, outlet, file, landed, response)
        if not loading.force and kept is not response:  # Postgres refused some documents
            check_month(archive, file.month, kept, held)
    return MonthResult(
        file.month,
        file.path,
        "loaded" if stored is None else "replaced",
        len(kept.articles),
        len(kept.rejects),
        len(landed.body),
        describe_rejects(outlet, kept.rejects),
        removed,
        _notes(file.month, kept),
    )


def _notes(month: date, response: Response) -> tuple[str, ...]:
    """Return lines about a stored month that its reader should know."""
    notes = [*describe(response.fields)]
    others = elsewhere(month, response)
    if others:
        notes.insert(0, others)
    if response.hits is None:
        notes.insert(0, "the response does not say how many documents it should hold")
    elif response.hits > response.docs:
        notes.insert(0, f"{response.docs:,} documents of {response.hits:,} that it promises")
    return tuple(notes)


def _keep_sample_apart(connection: "psycopg.Connection", outlet: Outlet, is_sample: bool) -> int:
    """Let an outlet's real months take the place of the generated sample, and never the reverse.

    Returns the number of the sample's months removed.
    """
    months = outlet.table("months")
    # A sample's month and real months wait here for each other. So does the first real month after
    # a sample: two that delete the same rows could deadlock.
    found = connection.execute(
        f"select from {months} where source = %s limit 1", [SAMPLE_SOURCE]
    ).rowcount
    mode = "share row exclusive" if is_sample or found else "row exclusive"
    connection.execute(f"lock table {months} in {mode} mode")
    real = connection.execute(
        f"select count(*) from {months} where source <> %s", [SAMPLE_SOURCE]
    ).fetchone()
    if is_sample and real is not None and real[0] > 0:
        raise ResponseError(
            f"the generated sample: the warehouse holds {real[0]:,} real months and does not mix "
            "the two; load a folder of real files, or use another warehouse (WAREHOUSE_DIR)"
        )
    if is_sample:
        return 0
    removed = 0
    for name in ("articles", "rejects", "fields", "months"):
        removed = connection.execute(
            f"delete from {outlet.table(name)} where archive_month in "
            f"(select archive_month from {months} where source = %s)",
            [SAMPLE_SOURCE],
        ).rowcount
    return removed


_PUT_MONTH = """
    insert into {months} (
        archive_month, hits, docs, rejected, sha256, bytes, source, is_final, fetched_at, loaded_at
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
    on conflict (archive_month) do update set
        hits = excluded.hits,
        docs = excluded.docs,
        rejected = excluded.rejected,
        sha256 = excluded.sha256,
        bytes = excluded.bytes,
        source = excluded.source,
        is_final = excluded.is_final,
        fetched_at = excluded.fetched_at,
        loaded_at = excluded.loaded_at
"""


def _store(
    connection: "psycopg.Connection",
    outlet: Outlet,
    file: MonthFile,
    landed: Landed,
    response: Response,
) -> Response:
    """Replace the month's rows; return the response as stored."""
    import psycopg

    for name in ("articles", "rejects", "fields"):
        table = outlet.table(name)
        connection.execute(f"delete from {table} where archive_month = %s", [file.month])
    try:
        with connection.transaction():
            _copy_articles(connection, outlet, file.month, response.articles)
    except psycopg.DataError:
        response = _reject_invalid(connection, response)
        _copy_articles(connection, outlet, file.month, response.articles)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into {outlet.table('rejects')} (archive_month, position, reason, doc) "
            "values (%s, %s, %s, %s)",
            [
                (file.month, reject.position, reject.reason, reject.doc)
                for reject in response.rejects
            ],
        )
        cursor.executemany(
            f"insert into {outlet.table('fields')} "
            "(archive_month, field, reading, is_readable, docs) values (%s, %s, %s, %s, %s)",
            [
                (file.month, count.field, count.reading, count.is_readable, count.docs)
                for count in response.fields.counts
            ],
        )
    connection.execute(
        _PUT_MONTH.format(months=outlet.table("months")),
        [
            file.month,
            response.hits,
            len(response.articles),
            len(response.rejects),
            landed.sha256,
            len(landed.body),
            SAMPLE_SOURCE if response.is_sample else str(file.path.resolve()),
            landed.fetched_at.date() >= final_from(file.month),
            landed.fetched_at,
        ],
    )
    return response


def _copy_articles(
    connection: "psycopg.Connection", outlet: Outlet, month: date, articles: list[Article]
) -> None:
    # The binary format needs no escaping here and no unescaping on the server.
    days = (month - _POSTGRES_EPOCH).days
    start_of_row = struct.pack("!hii", 3, 4, days)
    length = struct.Struct("!i").pack
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"copy {outlet.table('articles')} (archive_month, article_id, doc) "
            "from stdin (format binary)"
        ) as copy,
    ):
        block: list[bytes | memoryview] = [_COPY_HEADER]
        size = 0
        for article in articles:
            article_id = article.article_id.encode()
            doc = memoryview(article.doc)
            block += (
                start_of_row,
                length(len(article_id)),
                article_id,
                length(len(doc) + 1),
                _JSONB_VERSION,
                doc,
            )
            size += len(doc)
            if size > _COPY_BLOCK_BYTES:
                copy.write(b"".join(block))
                block, size = [], 0
        block.append(_COPY_TRAILER)
        copy.write(b"".join(block))


def _reject_invalid(connection: "psycopg.Connection", response: Response) -> Response:
    """Reject the documents that jsonb refuses, for numbers that are too large.

    It asks the server about each document, which is slow, so it is called only where COPY has
    failed.
    """
    valid: list[Article] = []
    rejects = list(response.rejects)
    for article in response.articles:
        doc = bytes(article.doc)
        row = connection.execute(
            "select message from pg_input_error_info(%s, 'jsonb')", [doc.decode()]
        ).fetchone()
        reason = row[0] if row is not None else None
        if reason is None:
            valid.append(article)
        else:
            rejects.append(Reject(article.position, f"not storable as jsonb: {reason}", doc))
    return replace(
        response, articles=valid, rejects=sorted(rejects, key=lambda reject: reject.position)
    )
