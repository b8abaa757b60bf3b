"""A real HTTP server on loopback that plays the Archive API, faults included, and a loader that
asks it."""

import gzip
import json
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from support import Done, Warehouse, middle_document, response, write_body

KEY = "loopback-key-0123456789"
NO_KEY_BODY = {
    "fault": {
        "faultstring": "Failed to resolve API Key variable request.queryparam.api-key",
        "detail": {"errorcode": "steps.oauth.v2.FailedToResolveAPIKey"},
    }
}
WRONG_KEY_BODY = {
    "fault": {
        "faultstring": "Invalid ApiKey",
        "detail": {"errorcode": "oauth.v2.InvalidApiKey"},
    }
}
TOO_MANY_BODY = {
    "fault": {
        "faultstring": "Rate limit quota violation. Quota limit  exceeded. "
        "Identifier : 00000000-0000-0000-0000-000000000000",
        "detail": {"errorcode": "policies.ratelimit.QuotaViolation"},
    }
}
# No limits that matter, and no waiting between attempts.
FAST = {
    "NYT_API_KEY": KEY,
    "NYT_REQUESTS_PER_MINUTE": "100000",
    "NYT_REQUESTS_PER_DAY": "1000000",
    "NYT_BACKOFF_SECONDS": "0.05",
}


@dataclass(frozen=True)
class Answer:
    """An answer and its faults: the connection ends after ``cut`` bytes, by a reset if ``reset``;
    ``drip`` seconds pass between blocks, and ``wait`` seconds before the first byte.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    gz: bool = False
    cut: int | None = None
    reset: bool = False
    drip: float = 0.0
    wait: float = 0.0


@dataclass(frozen=True)
class Call:
    """A request: the month that it asks for, when it came, and its key."""

    month: str
    at: float
    key: str | None


class FakeApi:
    """The API's months, the faults that it serves first, and the requests that it got."""

    def __init__(self) -> None:
        self.months: dict[str, bytes] = {}
        self.faults: Callable[[int, str], Answer | None] = lambda number, month: None
        self.calls: list[Call] = []
        self.url = ""
        self._lock = threading.Lock()

    def first(self, *answers: Answer) -> None:
        """Give the first requests these answers, and the later ones good ones."""
        self.faults = lambda number, month: answers[number - 1] if number <= len(answers) else None

    def answer(self, month: str, key: str | None) -> Answer:
        """Return the answer to one request."""
        with self._lock:
            self.calls.append(Call(month, time.monotonic(), key))
            number = len(self.calls)
        fault = self.faults(number, month)
        if fault is not None:
            return fault
        if key is None:
            return json_answer(401, NO_KEY_BODY)
        if key != KEY:
            return json_answer(401, WRONG_KEY_BODY)
        if month not in self.months:
            return json_answer(404, {"message": "no such month"})
        return Answer(self.months[month])

    def asked(self) -> list[str]:
        """Return the months that were asked for, in order."""
        return [call.month for call in self.calls]


def json_answer(status: int, body: Any, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(json.dumps(body).encode(), status, headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: tests kill clients."""


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """Serve a fake API on a free port of loopback."""
    api = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            year, month = address.path.removesuffix(".json").split("/")[-2:]
            key = parse_qs(address.query).get("api-key", [None])[0]
            self.send(api.answer(f"{int(year):04d}-{int(month):02d}", key))

        def send(self, answer: Answer) -> None:
            time.sleep(answer.wait)
            body = gzip.compress(answer.body, 1) if answer.gz else answer.body
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", **answer.headers}
            if answer.gz:
                headers["Content-Encoding"] = "gzip"
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.cut is not None:
                self.wfile.write(body[: answer.cut])
                self.close_connection = True
                if answer.reset:
                    at_once = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                return
            step = 1 << 16 if answer.drip == 0 else max(1, len(body) // 5)
            for begin in range(0, len(body), step):
                self.wfile.write(body[begin : begin + step])
                time.sleep(answer.drip)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Print nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/svc/archive/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Loader:
    """`extract` with a fake API: the API, the warehouse whose environment names it, the landing
    zone."""

    warehouse: Warehouse
    api: FakeApi
    landing: Path

    def extract(self, *arguments: str | Path, **variables: str) -> Done:
        """Run `extract` to its end."""
        return self.warehouse.run("extract", *arguments, **variables)

    def run(self, start: str, end: str, *options: str | Path, **variables: str) -> Done:
        """Run `extract run` over these months to its end."""
        return self.extract("run", "--start", start, "--end", end, *options, **variables)

    def start(self, start: str, end: str, **variables: str) -> "subprocess.Popen[str]":
        """Start `extract run` over these months and do not wait for it."""
        own = Warehouse(self.warehouse.folder, self.warehouse.env | variables)
        return own.start("extract", "run", "--start", start, "--end", end)

    def loaded(self) -> dict[str, int]:
        """Return the number of documents of each month in the warehouse."""
        query = """
            select to_char(m.archive_month, 'YYYY-MM'), count(a.article_id)
            from raw.nyt_months as m left join raw.nyt_articles as a using (archive_month)
            group by 1 order by 1
        """
        return dict(self.warehouse.rows(query))

    def landed(self) -> list[str]:
        """Return the months with a file in the landing zone."""
        files = self.landing.glob("????-??.json.gz") if self.landing.is_dir() else []
        return sorted(path.name[:7] for path in files)

    def has_nothing(self) -> bool:
        """Tell whether no month is landed or loaded."""
        return self.loaded() == {} and self.landed() == []

    def body(self, month: str) -> bytes:
        """Return the response in a landed month's file."""
        return gzip.decompress((self.landing / f"{month}.json.gz").read_bytes())

    def content(self) -> list[list[tuple[Any, ...]]]:
        """Return what is loaded, without sources and times."""
        return [
            self.warehouse.rows(
                "select archive_month, hits, docs, rejected, sha256, bytes, is_final "
                "from raw.nyt_months order by archive_month"
            ),
            self.warehouse.rows(
                "select archive_month, article_id, doc::text from raw.nyt_articles order by 1, 2"
            ),
            self.warehouse.rows("select archive_month, position, doc from raw.nyt_rejects"),
        ]

    def requests_counted(self) -> int:
        """Return the number of requests in the ledger."""
        return int(self.warehouse.value("select count(*) from raw.ratelimit___nyt_requests"))


@contextmanager
def loader_on(warehouse: Warehouse, landing: Path) -> Iterator[Loader]:
    """Give a loader on a fake API without months; warehouse and ledger are emptied."""
    try:
        warehouse.empty()
    except psycopg.OperationalError:  # an earlier test may have stopped it
        warehouse.ok("extract", "status")
        warehouse.empty()
    with warehouse.connect() as connection:
        connection.execute("drop table if exists raw.ratelimit___nyt_requests")
    with fake_api() as api:
        env = warehouse.env | FAST | {"NYT_API_URL": api.url, "NYT_LANDING_DIR": str(landing)}
        yield Loader(Warehouse(warehouse.folder, env), api, landing)


def month_body(month: str, count: int = 3, **changes: Any) -> bytes:
    """Return a month's response with so many documents of that month."""
    number = int(month.replace("-", "")) * 1000
    dated = {"pub_date": f"{month}-05T14:30:12+0000"} | changes
    return response([middle_document(number + k, **dated) for k in range(count)])


def content_of_a_load(
    warehouse: Warehouse, bodies: dict[str, bytes], folder: Path
) -> list[list[tuple[Any, ...]]]:
    """Load these months from files; return what the warehouse then holds."""
    for month, body in bodies.items():
        write_body(folder, month, body)
    with loader_on(warehouse, folder) as loader:
        done = loader.extract("load", "--from", folder)
        assert done.returncode == 0, done.stderr
        return loader.content()
