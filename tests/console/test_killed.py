"""kill -9 of a command or of the server at random moments: after the same command once more, every
table and view is as if nothing had happened."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import (
    WITHOUT_TESTS,
    Warehouse,
    month_of_three_topics,
    temporary_warehouse,
    write_month,
)

pytestmark = pytest.mark.nightly

SCHEMAS = ["raw", "growth", "staging", "intermediate", "marts"]
# Columns that say when and from where, and so differ after a second run.
TIMES = ["loaded_at", "newer_loaded_at", "fetched_at", "fitted_at", "seconds", "version", "source"]
MONTHS = ("2020-01", "2020-02", "2020-03")
MOMENTS = 50

COMMANDS = {
    "load": "extract load --refresh --from {months}",
    "build": f"dbt build --full-refresh {' '.join(WITHOUT_TESTS)}",
    "fit": "growth fit --min-articles 10 --refit",
    "restore": "warehouse restore --yes {dump}",
    "backup": "warehouse backup --to {out}",
    "report": "growth report --out {out}/report.html",
    "export": "growth export --format json --out {out}",
    "start": "warehouse start",
}


def content(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table and view, without times."""
    relations = warehouse.rows(
        "select oid::regclass::text from pg_class "
        "where relnamespace::regnamespace::text = any(%s) and relkind in ('r', 'v')",
        SCHEMAS,
    )
    return {
        name: warehouse.rows(f"select to_jsonb(t) - %s::text[] from {name} as t order by 1", TIMES)
        for (name,) in relations
        if "ratelimit" not in name
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("killed")
    for month in MONTHS:
        write_month(folder / "months", month, month_of_three_topics(month, 840))
    with temporary_warehouse() as own:
        own.ok("extract", "load", "--from", folder / "months")
        own.build()
        own.ok("growth", "fit", "--min-articles", "10")
        dump = own.ok("warehouse", "backup", "--to", folder / "backup").stdout.strip()
        places = {"months": str(folder / "months"), "dump": dump, "out": str(folder / "out")}
        Path(places["out"]).mkdir()
        yield own, places


def killed(own: Warehouse, words: list[str], seconds: float, *, server: bool) -> None:
    """Start a command, and kill it or the server after so many seconds."""
    command = own.start(*words)
    time.sleep(seconds)
    victim = own.server_process() if server else command.pid
    os.kill(victim, signal.SIGKILL)
    _, said = command.communicate(timeout=120)
    assert "Traceback" not in said, said
    assert command.returncode in (-signal.SIGKILL, 0, 1, 2), said


def test_nothing_is_lost_or_left_half_done(built: tuple[Warehouse, dict[str, str]]) -> None:
    own, places = built
    before = content(own)
    assert len(before) > 25
    chance = random.Random(11)
    lines = {name: text.format(**places).split() for name, text in COMMANDS.items()}
    lasts = {}
    for name, words in lines.items():
        began = time.monotonic()
        own.start(*words).communicate(timeout=120)
        lasts[name] = time.monotonic() - began
    for number in range(MOMENTS):
        name = list(lines)[number % len(lines)]
        server = chance.random() < 0.35
        killed(own, lines[name], chance.uniform(0, lasts[name]), server=server)
        own.ok(*lines[name])
        if name in ("load", "restore"):
            own.build()
        assert content(own) == before, (number, name, server)
    out = Path(places["out"])
    left = [path.name for path in out.iterdir() if path.name.startswith(".")]
    assert left == [], "what a killed writer leaves goes with the next one's work"
