"""What most tests use: a warehouse with a server of its own, and a fictional archive on disk."""

import atexit
import errno
import gzip
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import preloaded
import psycopg
import pytest

from console.errors import WarehouseError

PROJECT_DIR = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
REAL_ARCHIVE = PROJECT_DIR.parent / "shared" / "nyt"
COPYRIGHT = "Copyright (c) 2020 The Fictional Gazette. All Rights Reserved."

# A user without rights, for tests that run as root.
OTHER_USER = 65534
SHAPES_DATES = ("2014-01-02T00:00:00Z", "2020-01-05T14:30:12+0000", "2026-07-02T08:21:37.250Z")

WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

Doc = dict[str, Any]
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Warehouse:
    """An embedded warehouse in a folder of its own, and the environment for commands on it."""

    folder: Path
    env: dict[str, str]

    def run(self, *command: str | Path, **variables: str) -> Done:
        """Run a command line to its end; ``variables`` are added to its environment."""
        env = self.env | variables
        # Python reads variables such as PYTHONPATH when it starts, so this needs a new process.
        if command[0] in preloaded.PROGRAMS and not any(name[:6] == "PYTHON" for name in env):
            return preloaded.run([*map(str, command)], env, PROJECT_DIR, timeout=300)
        return run(*command, env=env)

    def ok(self, *command: str | Path) -> Done:
        """Run a command line that must succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def build(self) -> None:
        """Build the tables with `dbt build`, but without its tests, which take a third of the
        time."""
        self.ok("dbt", "build", *WITHOUT_TESTS)

    def start(self, *command: str | Path) -> "subprocess.Popen[str]":
        """Start a command line and do not wait for it."""
        return subprocess.Popen(
            resolved(command),
            env=self.env,
            cwd=PROJECT_DIR,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def on_terminal(self, *command: str | Path, **variables: str) -> str:
        """Run a command line that must succeed; return what a terminal as its stderr shows."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            resolved(command),
            env=self.env | {"TERM": "xterm-256color"} | variables,
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        # On Linux reading fails once nobody writes to the terminal.
        with suppress(OSError):
            while block := os.read(ours, 65536):
                shown += block
        os.close(ours)
        assert process.wait(timeout=30) == 0, shown.decode()
        return shown.decode()

    def parsed(self) -> dict[str, str]:
        """Return the variable that spares dbt commands with their own target folder the parsing."""
        path = Path(self.env["DBT_TARGET_PATH"]) / "partial_parse.msgpack"
        if not path.exists():
            self.ok("dbt", "parse")
        return {"DBT_PARTIAL_PARSE_FILE_PATH": str(path)}

    def connect(self) -> psycopg.Connection:
        """Return a connection in autocommit mode."""
        return psycopg.connect(
            host=str(self.folder), port=5432, user="postgres", dbname="news", autocommit=True
        )

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        with self.connect() as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: object) -> Any:
        """Return a query's one value."""
        [[value]] = self.rows(query, *parameters)
        return value

    def empty(self) -> None:
        """Delete all rows of the tables that Python owns."""
        with self.connect() as connection:
            connection.execute(
                """
                truncate raw.nyt_months, raw.nyt_articles, raw.nyt_rejects, raw.nyt_fields,
                    growth.runs, growth.coefficients
                """
            )

    def documents(self, month: str) -> dict[str, Doc]:
        """Return a month's stored documents by their ids."""
        query = "select article_id, doc from raw.nyt_articles where archive_month = %s"
        return dict(self.rows(query, f"{month}-01"))

    def raw_tables(self) -> list[list[tuple[Any, ...]]]:
        """Return all rows of ``raw``, with the times of their loading."""
        return [
            self.rows("select * from raw.nyt_months order by archive_month"),
            self.rows("select * from raw.nyt_articles order by archive_month, article_id"),
            self.rows("select * from raw.nyt_rejects order by archive_month, position"),
            self.rows("select * from raw.nyt_fields order by archive_month, field, reading"),
        ]

    def server_process(self) -> int:
        """Return the process id of the running server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])


def resolved(command: Sequence[str | Path]) -> list[str | Path]:
    """Return a command line; a program that lies beside Python gets its full path."""
    program = BIN / command[0]
    return [program if program.exists() else command[0], *command[1:]]


def run(*command: str | Path, env: dict[str, str]) -> Done:
    """Run a command line to its end, in the project's folder, with this environment only."""
    return subprocess.run(
        resolved(command),
        env=env,
        cwd=PROJECT_DIR,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )


@cache
def _session_folder() -> Path:
    """Return the folder of this process's warehouses, which all users may enter. It is deleted when
    the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="ng-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder)
    return folder


@contextmanager
def temporary_warehouse(name: str = "warehouse", mode: int = 0o755) -> Iterator[Warehouse]:
    """Give a warehouse whose folder does not exist yet; remove it in the end.

    All users may enter the folder above: for root, the server runs as another user. The path is
    short: a socket's path has room for about a hundred bytes.

    A later warehouse gets the path of a removed one, and dbt's target folder stays: dbt takes it
    for the same server and does not parse again, which saves 2 s a command.
    """
    session = _session_folder()
    base = next(path for path in (session / str(n) for n in count()) if not path.exists())
    base.mkdir()
    base.chmod(mode)
    home = base / "home"
    home.mkdir()
    folder = base / name
    env = {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "WAREHOUSE_DIR": str(folder),
        "NYT_LANDING_DIR": str(base / "landing"),
        # Outside the checkout.
        "DBT_TARGET_PATH": str(session / f"dbt-{base.name}"),
        "DBT_LOG_PATH": str(base / "logs"),
    }
    own = Warehouse(folder, env)
    try:
        yield own
    finally:
        removed = own.run("warehouse", "remove", "--yes") if os.path.lexists(folder) else None
        shutil.rmtree(base)
        assert removed is None or removed.returncode == 0, removed.stderr


@contextmanager
def small_disk(folder: Path, megabytes: int = 1, *, name: str = "disk") -> Iterator[Path]:
    """Mount a disk of this size on a new folder in ``folder``, which all users may enter who may
    enter ``folder``. The test is skipped where nothing can be mounted."""
    disk = folder / name
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, text=True, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        # Lazily: a server that a command has started may still use it.
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path, leave: int = 0) -> None:
    """Fill a small disk with the file ``filling``, and leave so many bytes free."""
    with (disk / "filling").open("ab", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
        file.truncate(file.tell() - leave)


def as_other_user(act: Callable[[], object]) -> str:
    """Return the WarehouseError that a user without rights gets, or an empty text."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        said = "the test itself failed"
        try:
            os.setgroups([])
            os.setgid(OTHER_USER)
            os.setuid(OTHER_USER)
            act()
            said = ""
        except WarehouseError as error:
            said = str(error)
        finally:
            os.write(writer, said.encode())
            os._exit(0)
    os.waitpid(process, 0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        return pipe.read()


def old_document(number: int, **changes: Any) -> Doc:
    """Return a document in the shape of the years to about 2016."""
    return {
        "_id": f"{number:024x}",
        "web_url": f"http://gazette.example/2014/01/02/mill-{number}.html",
        "snippet": None,
        "pub_date": "2014-01-02T00:00:00Z",
        "document_type": "article",
        "headline": {"main": f"The Mill of Oxbow & Sons, No. {number}"},
        "keywords": [
            {"name": "subject", "value": "Water Mills", "rank": "1", "is_major": "Y"},
            {"name": "glocations", "value": "Oxbow (Verrane)", "rank": "2", "is_major": "N"},
        ],
        "byline": [],
        "multimedia": [],
        "word_count": "312",
    } | changes


def middle_document(number: int, **changes: Any) -> Doc:
    """Return a document in the shape of about 2016 to 2024."""
    article_id = f"nyt://article/{number:08x}-0000-5000-8000-{number:012x}"
    return {
        "_id": article_id,
        "uri": article_id,
        "web_url": f"https://gazette.example/2020/01/05/kelp-{number}.html",
        "abstract": "Growers say that kelp could look very different by spring.",
        "pub_date": "2020-01-05T14:30:12+0000",
        "document_type": "article",
        "headline": {
            "main": f"‘Kelp’ Grows on {number} Towns",  # noqa: RUF001 -- as the archive quotes
            "kicker": None,
            "content_kicker": None,
            "print_headline": None,
            "name": None,
            "seo": None,
            "sub": None,
        },
        "keywords": [
            {"name": "subject", "value": "Kelp Farming", "rank": 1, "major": "N"},
            {"name": "persons", "value": "Aldermont, Vera", "rank": 2, "major": "N"},
        ],
        "byline": {
            "original": "By Juno Tallow",
            "person": [{"firstname": "Juno", "lastname": "Tallow", "rank": 1}],
            "organization": None,
        },
        "multimedia": [{"rank": 0, "type": "image", "url": "images/kelp.jpg", "legacy": {}}],
        "news_desk": "Science",
        "section_name": "Science",
        "type_of_material": "News",
        "word_count": 850,
    } | changes


def month_of_three_topics(month: str, count: int = 84) -> list[Doc]:
    """Return a month's documents, each with one of three subjects; of 84, each subject has 28."""
    first = int(month.replace("-", "")) * 1000
    return [
        middle_document(
            first + n,
            pub_date=f"{month}-{1 + n % 28:02d}T14:30:12+0000",
            keywords=[{"name": "subject", "value": ("Kelp", "Trams", "Mills")[n % 3]}],
        )
        for n in range(count)
    ]


def new_document(number: int, **changes: Any) -> Doc:
    """Return a document in the shape of 2025 on."""
    article_id = f"nyt://article/{number:08x}-0000-5000-9000-{number:012x}"
    return {
        "_id": article_id,
        "uri": article_id,
        "web_url": f"https://gazette.example/2026/07/02/trams-{number}.html",
        "abstract": "",
        "pub_date": "2026-07-02T08:21:37.250Z",
        "document_type": "Article",
        "headline": {"main": f"A Tram for Karrowick, {number} Years On", "kicker": "",
                     "print_headline": ""},
        "keywords": None,
        "byline": {"original": "By Odile Fenn"},
        "multimedia": {"caption": "", "credit": "", "default": {"url": "", "height": 0}},
        "section_name": "World",
        "type_of_material": "",
        "word_count": 0,
    } | changes  # fmt: skip


def response(
    docs: Sequence[Doc | bytes], hits: int | None = None, copyright_: str = COPYRIGHT
) -> bytes:
    """Return the bytes of a month's response; documents given as bytes are put in unchanged.

    ``hits`` is the number of documents that the response promises; by default, those that it has.
    """
    items = [doc if isinstance(doc, bytes) else json.dumps(doc).encode() for doc in docs]
    meta = json.dumps({"hits": len(docs) if hits is None else hits, "offset": 0, "time": 7})
    return b'{"copyright": %b, "response": {"docs": [%b], "meta": %b}}' % (
        json.dumps(copyright_).encode(),
        b", ".join(items),
        meta.encode(),
    )


def write_body(folder: Path, month: str, body: bytes, gz: bool = True) -> Path:
    """Write a month's file with these bytes, compressed or not."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{month}.json{'.gz' if gz else ''}"
    path.write_bytes(gzip.compress(body, compresslevel=1, mtime=0) if gz else body)
    return path


def write_days(
    folder: Path, first: date, last: date, a_day: int, labels: Callable[[date, int], list[str]]
) -> None:
    """Write the months between two days with ``a_day`` articles a day. ``labels`` returns an
    article's subjects, given its day and its number in the day."""
    months: dict[str, list[Doc]] = {}
    for number in range(((last - first).days + 1) * a_day):
        day = first + timedelta(days=number // a_day)
        months.setdefault(f"{day:%Y-%m}", []).append(
            middle_document(
                number + 1,
                pub_date=f"{day}T14:30:12+0000",
                headline={"main": f"The Ledger, Sheet {number + 1}"},
                keywords=[
                    {"name": "subject", "value": label, "rank": 1, "major": "N"}
                    for label in labels(day, number % a_day)
                ],
            )
        )
    for month, docs in months.items():
        write_month(folder, month, docs)


def write_month(
    folder: Path,
    month: str,
    docs: Sequence[Doc | bytes],
    hits: int | None = None,
    gz: bool = True,
    copyright_: str = COPYRIGHT,
) -> Path:
    """Write a month's file with these documents; default dates are moved into the month."""
    return write_body(folder, month, response(dated(month, docs), hits, copyright_), gz)


def dated(month: str, docs: Sequence[Doc | bytes]) -> list[Any]:
    """Return documents; those with the default date of their shape are moved into a month."""
    return [
        doc | {"pub_date": month + doc["pub_date"][7:]}
        if isinstance(doc, dict) and doc.get("pub_date") in SHAPES_DATES
        else doc
        for doc in docs
    ]
