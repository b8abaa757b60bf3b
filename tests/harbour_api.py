"""The API of the Harbour Post on loopback: two stories a page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "harbour-key-0123456789"
_A_PAGE = 2

Story = dict[str, Any]


@dataclass
class HarbourApi:
    """The stories it has of each month, the requests it got, and how often it fails first."""

    url: str = ""
    months: dict[str, list[Story]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    failures: int = 0

    def answer(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        """Return a status and what to say."""
        if query.get("api-key") != [KEY]:
            return 401, {"error": "who are you?"}
        month, start = query["month"][0], int(query.get("from", ["0"])[0])
        self.asked.append((month, start))
        if self.failures:
            self.failures -= 1
            return 500, {}
        stories = self.months.get(month, [])
        return 200, {"total": len(stories), "stories": stories[start : start + _A_PAGE]}


def stories_of(month: str, number: int) -> list[Story]:
    """Return so many stories of a month, a day each."""
    return [
        {
            "ref": f"{month}/{n}",
            "day": f"{month}-{n + 1:02d}",
            "title": f"Nets mended, boat {n}",
            "tags": [{"kind": "subject", "name": "Fishing Nets"}],
            "link": f"https://harbour-post.example/{month}/{n}",
        }
        for n in range(number)
    ]


@contextmanager
def harbour_api() -> Iterator[HarbourApi]:
    """Serve the API on a free port."""
    api = HarbourApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = api.answer(parse_qs(urlsplit(self.path).query))
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
