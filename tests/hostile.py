"""Answers that no API should send, but an attacker or a broken proxy might; over raw sockets."""

import gzip
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, repeat
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fake_api import month_body

# The month that every request asks for, and a good answer.
MONTH = "2020-01"
GOOD = month_body(MONTH, 40)

OK, FAILED, REFUSED = 0, 1, 3
SLOW = r"not whole after \d+ s"
LARGE = "more than 128 MB unpacked"
UNREAD = "could not be read|broke off|broken off"


@dataclass(frozen=True)
class Asked:
    """A request's target, and the key in it."""

    target: str

    @property
    def key(self) -> str:
        return parse_qs(urlsplit(self.target).query)["api-key"][0]

    @property
    def url(self) -> str:
        return f"https://api.example{self.target}"


Pieces = Iterator[bytes]
Source = Callable[[], Pieces]


@dataclass(frozen=True)
class Attack:
    """What the server sends, piece by piece; what the command says then, and its exit code."""

    name: str
    pieces: Callable[[Asked], Pieces]
    says: str
    code: int = REFUSED
    reset: bool = False

    @property
    def seconds(self) -> int:
        """The command's limit for an answer; some answers end only by it."""
        return 1 if SLOW in self.says else 20


# What pieces are made of


def head(*headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def sized(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return head(f"Content-Length: {len(body)}", *headers, status=status) + body


def drip(text: bytes, pause: float = 0.05) -> Source:
    """Send a text over and over, a byte at a time."""

    def pieces() -> Pieces:
        for octet in cycle(text):
            yield bytes([octet])
            time.sleep(pause)

    return pieces


def silence() -> Pieces:
    while True:
        yield b""
        time.sleep(0.05)


def endless(text: bytes) -> Source:
    return lambda: repeat(text)


def pack(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)


def zeros(megabytes: int) -> Pieces:
    """Yield a gzip stream of so many megabytes of zeros: packed, a thousandth of that."""
    packer = zlib.compressobj(9, wbits=31)
    million = bytes(10**6)
    yield packer.compress(million) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush, the same bytes give the same packed bytes.
    same = packer.compress(million) + packer.flush(zlib.Z_FULL_FLUSH)
    yield from repeat(same, megabytes - 1)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def fault(text: str) -> bytes:
    return json.dumps({"fault": {"faultstring": text}}).encode()


def escaped(text: str, form: str, every: int = 1) -> str:
    return "".join(
        form.format(ord(letter)) if place % every == 0 else letter
        for place, letter in enumerate(text)
    )


BLOCK = b"x" * 65536
CHUNKED = head("Transfer-Encoding: chunked")
GZIPPED = head("Content-Encoding: gzip")


def sends(
    name: str, *pieces: bytes | Source, says: str = UNREAD, code: int = FAILED, **more: Any
) -> Attack:
    """Return an attack that sends these pieces, whatever is asked."""

    def all_pieces(asked: Asked) -> Pieces:
        for piece in pieces:
            yield from (piece,) if isinstance(piece, bytes) else piece()

    return Attack(name, all_pieces, says, code, **more)


def quotes(name: str, answer: Callable[[Asked], bytes], says: str, code: int = FAILED) -> Attack:
    """Return an attack whose answer depends on the request."""
    return Attack(name, lambda asked: iter([answer(asked)]), says, code)


# The attacks


def status_lines() -> Iterator[Attack]:
    """Status lines that are cut, endless or no HTTP."""
    yield sends("status line drips", b"HTTP/1.1 200", drip(b" "), says=SLOW)
    yield sends("status line without end", b"HTTP/1.1 200 ", endless(BLOCK))
    for name, line in {
        "garbage": b"\x00\xff\x13 garbage",
        "no HTTP": b"hello, world",
        "letters": b"HTTP/1.1 abc OK",
        "five digits": b"HTTP/1.1 20000 OK",
        "negative": b"HTTP/1.1 -200 OK",
        "zero": b"HTTP/1.1 000 OK",
        "unknown version": b"HTTP/9.9 200 OK",
        "SSH": b"SSH-2.0-OpenSSH_9.6",
        "TLS alert": b"\x15\x03\x03\x00\x02\x02\x46",
        "HTTP/2 preface": b"PRI * HTTP/2.0",
        "UTF-16": "HTTP/1.1 200 OK".encode("utf-16"),
        "superscript": "HTTP/1.1 ²00 OK".encode(),
    }.items():
        yield sends(f"status line: {name}", line + b"\r\n\r\n", says=f"{UNREAD}|API failed")
    yield sends("nothing")
    yield sends("reset at once", reset=True)
    yield sends("half a status line", b"HTTP/1.1 2")
    yield sends("blank lines without end", endless(b"\r\n" * 30000))
    yield sends("silence", silence, says=SLOW)


def interim_answers() -> Iterator[Attack]:
    """Interim answers (100 Continue) that never end, or that no real answer follows."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    yield sends("100 Continue for ever", endless(interim * 3000), says=f"{LARGE}|{SLOW}")
    yield sends("100 Continue drips", drip(interim, 0.02), says=SLOW)
    yield sends("100 Continue with long headers",
                endless(b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 60000 + b"\r\n\r\n"),
                says=f"{LARGE}|{SLOW}")  # fmt: skip
    for status in ("101 Switching Protocols", "102 Processing", "103 Early Hints"):
        yield sends(f"{status} and no more", head(status=status), says="the API failed|no more")


def headers() -> Iterator[Attack]:
    """Headers that are endless, odd or wrong about the length."""
    yield sends("header drips", b"HTTP/1.1 200 OK\r\nX: ", drip(b"y"), says=SLOW)
    yield sends("header without end", b"HTTP/1.1 200 OK\r\nX: ", endless(BLOCK))
    yield sends("headers without end", b"HTTP/1.1 200 OK\r\n", endless(b"X: y\r\n" * 9000))
    yield sends("headers drip", b"HTTP/1.1 200 OK\r\n", drip(b"X: y\r\n"), says=SLOW)
    yield sends("101 headers", head(*["X: y"] * 101))
    yield sends("folded without end", b"HTTP/1.1 200 OK\r\nX: y\r\n", endless(b" z\r\n" * 9000))
    for name, header in {
        "without colon": "no colon here",
        "with NUL": "X: a\0b",
        "with controls": "X: \x1b[31mred\x07",
        "of Latin-1": "X: \xff\xfe\x80",
        "with no name": ": value",
        "with spaces in its name": "a b c : d",
        "of cookies": "Set-Cookie: a=b; expires=" + " " * 60000 + "x",
        "of a cookie's zone": "Set-Cookie: a=b; expires=Wed, 99 Jan 99999 99:99:99 +999999",
        "of 60 kB": "ETag: " + "e" * 60000,
        "Date of year 0": "Date: Mon, 01 Jan 0000 00:00:00 -0000",
        "unknown charset": "Content-Type: application/json; charset=\xff\x00",
    }.items():
        yield sends(f"header {name}", sized(GOOD, header), says="fetched, 40 documents", code=OK)
    for name, header in {
        "two lengths": f"Content-Length: {len(GOOD)}\r\nContent-Length: 7",
        "lengths in one": "Content-Length: 1, 2",
        "too great a length": f"Content-Length: {len(GOOD) + 1}",
        "huge length": "Content-Length: 99999999999999999999",
    }.items():
        yield sends(f"header {name}", head(header) + GOOD)
    for name, header in {
        "negative length": "Content-Length: -5",
        "no number": "Content-Length: many",
        "5,000 digits": "Content-Length: " + "9" * 5000,
        "unknown transfer": "Transfer-Encoding: rot13",
    }.items():
        yield sends(
            f"header {name}", head(header) + GOOD, says=f"fetched, 40 documents|{UNREAD}", code=-1
        )
    yield sends("short length", head("Content-Length: 50") + GOOD, says="truncated")


def bodies() -> Iterator[Attack]:
    """Bodies that break off, never end, or come in odd chunks."""
    yield sends("body drips", head() + GOOD[:10], drip(b" "), says=SLOW)
    yield sends("body stalls", head(f"Content-Length: {len(GOOD)}") + GOOD[:99], silence, says=SLOW)
    yield sends("body without end", head(), endless(BLOCK), says=LARGE)
    yield sends("body breaks off", head(f"Content-Length: {len(GOOD)}") + GOOD[:99])
    yield sends("body is reset", head(f"Content-Length: {len(GOOD)}") + GOOD[:99], reset=True)
    yield sends("chunks without end", CHUNKED, endless(chunk(BLOCK)), says=LARGE)
    yield sends("chunks drip", CHUNKED, drip(chunk(b" ")), says=SLOW)
    yield sends("chunk's size drips", CHUNKED, drip(b"0"), says=SLOW)
    yield sends("chunk's size without end", CHUNKED, endless(b"0" * 65536))
    yield sends("chunk's extension without end", CHUNKED, b"5;x=", endless(BLOCK))
    yield sends("minus one chunk", CHUNKED + b"-1\r\n", endless(BLOCK), says=f"{LARGE}|{UNREAD}")
    for name, size in {
        "negative": b"-5",
        "garbage": b"zz",
        "empty": b"",
        "underscore": b"1_0",
        "huge": b"f" * 30,
        "of 9,000 digits": b"1" * 9000,
        "of Unicode digits": "٣".encode(),
        "with sign": b"+5",
    }.items():
        yield sends(f"chunk size {name}", CHUNKED + size + b"\r\n" + GOOD, says=f"{UNREAD}|JSON")
    whole = CHUNKED + chunk(GOOD) + b"0\r\n"
    yield sends("trailers without end", whole, endless(b"X: y\r\n" * 9000), says=f"{LARGE}|{SLOW}")
    yield sends("trailer without end", whole + b"X: ", endless(BLOCK))
    yield sends("trailers drip", whole, drip(b"X: y\r\n"), says=SLOW)


def packings() -> Iterator[Attack]:
    """Bodies that unpack to too much, to nothing, or not at all."""
    yield sends("6 MB that unpack to 6 GB", GZIPPED, lambda: zeros(6000), says=LARGE)
    yield sends("the same in chunks", head("Transfer-Encoding: chunked", "Content-Encoding: gzip"),
                lambda: map(chunk, zeros(6000)), says=LARGE)  # fmt: skip
    yield sends("packing that unpacks to nothing", GZIPPED + pack(b"")[:10],
                endless(b"\x00\x00\x00\xff\xff" * 13000), says=f"{LARGE}|{SLOW}")  # fmt: skip
    yield sends("packed members of nothing", GZIPPED, endless(pack(b"") * 3000),
                says=f"{LARGE}|{SLOW}")  # fmt: skip
    yield sends("packed, with a name without end", GZIPPED + b"\x1f\x8b\x08\x08" + bytes(6),
                endless(BLOCK), says=f"{LARGE}|{SLOW}")  # fmt: skip
    yield sends("packed, then garbage without end", GZIPPED + pack(GOOD), endless(BLOCK),
                says=f"{LARGE}|{SLOW}")  # fmt: skip
    yield sends("packed and cut", GZIPPED + pack(GOOD)[:-200], says="truncated|broke off")
    yield sends("packed with a wrong sum", sized(pack(GOOD)[:-8] + bytes(8),
                "Content-Encoding: gzip"))  # fmt: skip
    yield sends("packed twice unsaid", sized(pack(pack(GOOD)), "Content-Encoding: gzip"),
                says="gzip within gzip")  # fmt: skip
    for packing in ("gzip, gzip", "gzip," * 7, "deflate", "br", "zstd", "compress", "rot13"):
        yield sends(f"packed by {packing}", sized(pack(pack(GOOD)), f"Content-Encoding: {packing}"),
                    says="not asked for")  # fmt: skip
    yield sends("nothing is packed", sized(GOOD, "Content-Encoding: gzip"))


def refusals() -> Iterator[Attack]:
    """Refusals with odd bodies and odd times to come again."""
    for status, says in {
        "401 No": r"does not know this key \(401\)",
        "403 No": r"refuses this month \(403\)",
        "404 No": r"no such month \(404\)",
        "429 No": r"too many requests \(429\)",
        "500 No": r"the API failed \(500\)",
        "302 No": r"redirects to another address \(302\)",
        "418 No": r"answered with status 418",
    }.items():
        code = REFUSED if status[:3] in ("401", "302") else FAILED
        yield sends(f"{status[:3]} without end", head(status=status), endless(BLOCK),
                    says=says, code=code)  # fmt: skip
        yield sends(f"{status[:3]} in drips", head(status=status), drip(b" "),
                    says=says, code=code)  # fmt: skip
        yield sends(f"{status[:3]} that unpacks", head("Content-Encoding: gzip", status=status),
                    lambda: zeros(6000), says=says, code=code)  # fmt: skip
    yield sends("401 packed wrongly", sized(b"xx", "Content-Encoding: gzip", status="401 No"),
                says="does not know this key", code=REFUSED)  # fmt: skip
    for status in ("204 No Content", "206 Partial Content", "304 Not Modified", "999 Odd"):
        yield sends(f"{status}", head(status=status), says=f"status {status[:3]}|failed")
    for when in (
        "Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "86401",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 27 Nov 2026 16:00:00 -0000",
        "Fri, 27 Nov 2026 16:00:00 +99999999999", "9" * 5000, "-" + "9" * 400, "nan", "1e999",
        "Fri, 99 Foo " + "9" * 60, "\xb2", "(" * 5000, "0x7f",
    ):  # fmt: skip
        yield sends(f"429, again after {when[:40]}",
                    sized(b"", f"Retry-After: {when}", status="429 No"),
                    says=r"too many requests \(429\)")  # fmt: skip


def answers_with_the_key() -> Iterator[Attack]:
    """Answers that quote the key of the request."""

    def moved(to: str) -> Callable[[Asked], bytes]:
        return lambda asked: sized(
            b"", f"Location: {to.format(asked.key, url=asked.url)}", status="302 Found"
        )

    for name, to in {
        "host": "http://{0}.example/", "path": "http://h.example/{0}", "login": "http://u:{0}@h/",
        "query": "{url}", "scheme": "{0}://h", "brackets": "http://[{0}", "no host": "//{0}",
        "script": "javascript:{0}", "port": "http://h:{0}/",
    }.items():  # fmt: skip
        yield quotes(
            f"the key as a redirect's {name}", moved(to), r"redirects to .* \(302\)", REFUSED
        )

    def saying(form: str, every: int) -> Callable[[Asked], bytes]:
        def answer(asked: Asked) -> bytes:
            key = asked.key if form == "{}" else escaped(asked.key, form, every)
            return sized(fault(f"no: ?q={key} end"))

        return answer

    for form in ("{}", "%{:02x}", "%{:02X}", "%25{:02x}", "\\u00{:02x}", "\\x{:02x}", "&#{};",
                 "&#x{:x};"):  # fmt: skip
        for every in (1, 3):
            yield quotes(f"the key in a fault as {form}, one in {every}", saying(form, every),
                         r"an error answer of the API, not a month: no")  # fmt: skip
    yield quotes("a fault that quotes the address", lambda a: sized(fault(f"Bad {a.url}")), "Bad")
    yield quotes(
        "a 400 that quotes it", lambda a: sized(fault(a.url), status=f"400 {a.url}"), "400"
    )
    yield quotes("a fault of 10 MB", lambda a: sized(fault(f"{a.key} " * 300_000)), "not a month")
    yield quotes(
        "a fault of backslashes", lambda a: sized(fault("\\" * 65000 + a.key)), "not a month"
    )
    yield quotes("a key across the cut", lambda a: sized(fault("x" * 390 + a.key * 9)), "x" * 300)
    yield quotes("the key in a good month", lambda a: sized(
        GOOD.replace(b"Kelp Farming", a.key.encode())), "quotes your key")  # fmt: skip
    yield quotes("the key in a good month's headers", lambda a: sized(
        GOOD, f"ETag: {a.key}", f"Last-Modified: {a.url}", f"X: {a.key}"),
        "fetched, 40 documents", OK)  # fmt: skip
    yield quotes("the key as packing", lambda a: sized(GOOD, f"Content-Encoding: {a.key}"),
                 "packed as")  # fmt: skip
    yield quotes("the key as status", lambda a: f"HTTP/1.1 {a.key} OK\r\n\r\n".encode(), UNREAD)
    yield quotes("the key as chunk size", lambda a: CHUNKED + a.key.encode() + b"\r\n", UNREAD)
    yield quotes("the key in a bad header", lambda a: head(a.key) + GOOD, "fetched, 40", OK)


def no_months() -> Iterator[Attack]:
    """Bodies that came whole and are no month."""
    for name, body, says in (
        ("deep lists", b"[" * 10**6, "nested too deeply|not a response"),
        ("deep documents", b'{"response":{"docs":[' + b'{"a":' * 10**6, "nested too deeply|JSON"),
        ("UTF-16", GOOD.decode().encode("utf-16"), "UTF-16|JSON"),
        ("NaN", b"NaN", "JSON"),
        (
            "a number of 9,000 digits",
            b'{"response":{"docs":[],"meta":{"hits":' + b"9" * 9000,
            "not a response|JSON",
        ),
        ("1e9999 hits", b'{"response":{"docs":[],"meta":{"hits":1e9999}}}', "not a response|JSON"),
        (
            "minus hits",
            b'{"response":{"docs":[],"meta":{"hits":-1}}}',
            "hits is -1, not the number",
        ),
        ("a page", b"<!DOCTYPE html><html>Sign in</html>", "an HTML or XML page"),
        ("a text", b"OK", "JSON"),
        ("null", b"null", "not a response"),
        ("controls", fault("\x1b[2J\x07\r\n\u202e evil"), "an error answer"),
    ):
        yield sends(f"a body of {name}", sized(body), says=says)
    for name, begin, some, end in (
        ("documents that are numbers", b"[", b"1,", b"1]"),
        ("documents of nothing", b"[", b"{},", b"{}]"),
        ("escapes, and half a character", b'[{"a":"', rb"\n", rb'\ud800"}]'),
    ):
        yield sends(
            f"120 MB of {name}",
            partial(many, b'{"response":{"docs":' + begin, some, end + b"}}"),
            says="documents|truncated",
        )


def many(begin: bytes, some: bytes, end: bytes) -> Pieces:
    """Yield a body of 120 MB that repeats one thing."""
    million = some * (10**6 // len(some))
    yield head(f"Content-Length: {len(begin) + 120 * len(million) + len(end)}") + begin
    yield from repeat(million, 120)
    yield end


ATTACKS = [
    *status_lines(),
    *interim_answers(),
    *headers(),
    *bodies(),
    *packings(),
    *refusals(),
    *answers_with_the_key(),
    *no_months(),
]


class HostileApi:
    """A server that answers every request with one attack."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack
        self.requests = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/svc/archive/v1"
        self._is_over = False

    def serve(self) -> None:
        while not self._is_over:
            with suppress(OSError):
                connection, _ = self._socket.accept()
                self.requests += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._is_over = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
                if request[:1] == b"\x16":  # the beginning of TLS
                    break
            found = re.match(rb"(?:GET|CONNECT) (\S+) ", request)
            target = found[1].decode() if found else ""
            for piece in self.attack.pieces(Asked(target)):
                if self._is_over:
                    return
                connection.sendall(piece)
            if self.attack.reset:
                at_once = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            else:
                # Closing with bytes of the request unread would reset the connection.
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65536)


@contextmanager
def hostile_api(attack: Attack) -> Iterator[HostileApi]:
    """Serve an attack on a free port of loopback."""
    api = HostileApi(attack)
    thread = threading.Thread(target=api.serve, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.close()
