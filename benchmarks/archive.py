"""The whole archive: 10 to 1,000 synthetic months, each step's time, memory and disk; seventy real
months from files to lists; new months beside them. ``make bench-archive``, about ten minutes.

The synthetic archive is what `extract sample` writes, spread thinly: a thousand of its months, of
2,900 documents each, would take hours on two cores. So each of a hundred generated months becomes
ten, every tenth document in turn, with the dates rewritten to the months of 1940-09 to 2023-12 (the
31st becomes the 30th where there is none). Ids stay: no document is written twice. The generator's
labels are few: the topics of 1,000 months are hardly more than those of 30. What grows here are
documents and days, not labels; the real months have those.
"""

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from math import log
from pathlib import Path
from statistics import fmean, linear_regression

import psycopg

from benchmarks.scratch import warehouse_beside
from benchmarks.steps import DBT_BUILD, Step, run_step
from benchmarks.table import Row
from console.months import format_month, months_between, next_month
from extract.landing import find_month_files
from extract.outlets.nyt import ARCHIVE
from extract.outlets.nyt.responses import SAMPLE_COPYRIGHT
from extract.size_limits import UnpackedLimit
from warehouse.embedded import server

SIZES = (10, 30, 100, 300, 1000)
THINNED = 10
GENERATED = (date(2015, 9, 1), date(2023, 12, 1))
SYNTHETIC = (date(1940, 9, 1), date(2023, 12, 1))
MANY_MONTHS = (date(2016, 1, 1), date(2021, 10, 1))
NEW_MONTHS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))

MOST_MEGABYTES = 600.0
MOST_GROWTH = 1.3  # of the time a document, from a hundred months to a thousand
MOST_NEW_MONTH = 1.3  # times the month alone
MOST_NEW_MONTH_SECONDS = 25.0
MOST_WHOLE_SECONDS = 90.0

# Exit code 1: some documents of 2026 carry an id twice, which are named and set aside.
LOADED = (0, 1)
_DAY = re.compile(rb'("pub_date":")\d{4}-\d\d-(\d\d)')


@dataclass(frozen=True)
class Size:
    """An archive of some months that has been loaded, built and fitted."""

    months: int
    documents: int
    steps: dict[str, Step]
    disk: int

    @property
    def seconds(self) -> float:
        return _total(self.steps)


def measure(scratch: Path, real: Path | None, say: Callable[[str], None]) -> list[Row]:
    """Measure a growing synthetic archive and, where ``real`` is a folder of real months, them.

    ``scratch`` is an empty folder. Each archive is built in an empty warehouse.
    """
    rows: list[Row] = []
    if real is None or not _has_months(real):
        say("no folder with the real months (NEWS_ARCHIVE names it): they are not measured")
    else:
        say("archive: 70 real months and new ones, about four minutes")
        rows += _measure_real(scratch, real)
    say("archive: 100 synthetic months are written, a minute")
    archive = scratch / "synthetic"
    written = run_step(scratch, "extract", "sample", str(scratch / "sample"), *_window(*GENERATED))
    _thin_out(scratch / "sample", archive)
    rows.append(_step_row("extract sample, 100 months", written))
    sizes: list[Size] = []
    for months in SIZES:
        say(f"archive: {months:,} synthetic months")
        sizes.append(_measure_size(scratch, archive, months))
        rows += _size_rows(sizes[-1])
    return [*rows, *_growth_rows(sizes)]


def _measure_size(scratch: Path, archive: Path, months: int) -> Size:
    window = _window(SYNTHETIC[0], [*months_between(*SYNTHETIC)][months - 1])
    with _empty_warehouse(scratch):
        run_step(scratch, "dbt", "--quiet", "parse")
        steps = {
            "extract load": run_step(scratch, *_load(archive, window)),
            "dbt build": run_step(scratch, *DBT_BUILD),
            "growth fit": run_step(scratch, "growth", "fit"),
        }
        documents, disk = _holdings()
    return Size(months, documents, steps, disk)


def _size_rows(size: Size) -> Iterator[Row]:
    what = f"archive of {size.months:,} months"
    for name, step in size.steps.items():
        yield _step_row(f"{what}: {name}", step)
    yield Row(
        f"{what}, {size.documents:,} documents: all of it",
        f"{size.seconds:.2f} s",
        f"{1e3 * _per_document(size):.3f} ms a document, {_disk(size.disk, size.documents)}",
    )


def _growth_rows(sizes: list[Size]) -> Iterator[Row]:
    """Yield the exponents b of documents^b, and what the bar is about."""
    names = list(sizes[0].steps)
    for name in names:
        seconds = [size.steps[name].seconds for size in sizes]
        yield _exponent_row(f"time of {name}", sizes, seconds)
    yield _exponent_row("time of all of it", sizes, [size.seconds for size in sizes])
    for name in names:
        megabytes = [size.steps[name].megabytes for size in sizes]
        yield _exponent_row(f"memory of {name}", sizes, megabytes)
    yield _exponent_row("disk", sizes, [size.disk for size in sizes])
    hundred, three_hundred, thousand = sizes[-3:]
    ratio = _per_document(thousand) / _per_document(hundred)
    yield Row(
        "archive: time a document, of 1,000 months",
        f"{1e3 * _per_document(thousand):.3f} ms",
        f"of 100 months: {1e3 * _per_document(hundred):.3f} ms",
        ratio,
        f"at most {MOST_GROWTH:g}x",
        ratio <= MOST_GROWTH,
    )
    # What is the same for every archive, dbt's start and tests above all, drops out here.
    last, before = _further(three_hundred, thousand), _further(hundred, three_hundred)
    yield Row(
        "archive: time a further document, from 300 months to 1,000",
        f"{1e3 * last:.3f} ms",
        f"from 100 to 300 months: {1e3 * before:.3f} ms",
        last / before,
    )


def _exponent_row(what: str, sizes: list[Size], values: Sequence[float]) -> Row:
    """Return the exponent by least squares on the logs, over all sizes and over the last three,
    where what every archive takes weighs little."""

    def exponent(first: int) -> float:
        documents = [log(size.documents) for size in sizes[first:]]
        return linear_regression(documents, [log(value) for value in values[first:]]).slope

    larger = f"from {sizes[-3].months:,} months on: b = {exponent(-3):.2f}"
    return Row(f"archive: {what} ~ documents^b", f"b = {exponent(0):.2f}", larger)


def _per_document(size: Size) -> float:
    return size.seconds / size.documents


def _further(small: Size, large: Size) -> float:
    return (large.seconds - small.seconds) / (large.documents - small.documents)


def _measure_real(scratch: Path, folder: Path) -> Iterator[Row]:
    """Measure 70 months from files to lists, then new months: each beside them and, at once after
    it, alone, so that both see the machine in the same mood."""
    with _empty_warehouse(scratch):
        months = {
            "extract load": run_step(scratch, *_load(folder, _window(*MANY_MONTHS))),
            "dbt build": run_step(scratch, *DBT_BUILD),
            "growth fit": run_step(scratch, "growth", "fit"),
            **{
                f"growth top, {name}": run_step(scratch, "growth", "top", "--direction", name)
                for name in ("growing", "shrinking", "popular")
            },
        }
        documents, disk = _holdings()
        beside, alone = [], []
        for month in NEW_MONTHS:
            beside.append(_new_month(scratch, folder, month))
            with warehouse_beside("alone"), _empty_warehouse(scratch):
                alone.append(_new_month(scratch, folder, month))
    count = len([*months_between(*MANY_MONTHS)])
    what = f"{count} real months"
    for name, step in months.items():
        yield _step_row(f"{what}: {name}", step)
    seconds = _total(months)
    yield Row(
        f"{what}, {documents:,} documents: from files to lists",
        f"{seconds:.2f} s",
        _disk(disk, documents),
        bar=f"at most {MOST_WHOLE_SECONDS:.0f} s",
        met=seconds <= MOST_WHOLE_SECONDS,
    )
    what = f"a new month beside {count} months (mean of {len(NEW_MONTHS)})"
    for name in beside[0]:
        together, single = (_mean(steps, name) for steps in (beside, alone))
        yield _step_row(
            f"{what}: {name}",
            together,
            f"alone: {single.seconds:.2f} s",
            together.seconds / single.seconds,
        )
    seconds, seconds_alone = (fmean(map(_total, steps)) for steps in (beside, alone))
    yield Row(
        f"{what}: all of it",
        f"{seconds:.2f} s",
        f"alone: {seconds_alone:.2f} s",
        seconds / seconds_alone,
        f"at most {MOST_NEW_MONTH:g}x",
        seconds <= MOST_NEW_MONTH * seconds_alone,
    )
    slowest = max(map(_total, beside))
    yield Row(
        f"a new month beside {count} months: the slowest of {len(NEW_MONTHS)}",
        f"{slowest:.2f} s",
        bar=f"under {MOST_NEW_MONTH_SECONDS:.0f} s",
        met=slowest < MOST_NEW_MONTH_SECONDS,
    )


def _mean(months: list[dict[str, Step]], name: str) -> Step:
    """Return a step's mean duration and largest memory."""
    steps = [month[name] for month in months]
    return Step(fmean(step.seconds for step in steps), max(step.megabytes for step in steps))


def _has_months(folder: Path) -> bool:
    files, _ = find_month_files(folder, MANY_MONTHS[0], NEW_MONTHS[-1])
    return {*months_between(*MANY_MONTHS), *NEW_MONTHS} <= {file.month for file in files}


def _new_month(scratch: Path, folder: Path, month: date) -> dict[str, Step]:
    """Load, build and fit a new month, with dbt's project parsed and the server's writes done."""
    window = _window(month, month)
    run_step(scratch, "dbt", "--quiet", "parse")
    with psycopg.connect(autocommit=True) as connection:
        connection.execute("checkpoint")
    return {
        "extract load": run_step(scratch, *_load(folder, window), accept=LOADED),
        "dbt build": run_step(scratch, *DBT_BUILD),
        "growth fit": run_step(scratch, "growth", "fit", *window),
    }


@contextmanager
def _empty_warehouse(scratch: Path) -> Iterator[None]:
    run_step(scratch, "warehouse", "start")
    try:
        yield
    finally:
        server.remove()


def _thin_out(source: Path, target: Path) -> None:
    """Write the synthetic months, each a tenth of a generated one: see above."""
    target.mkdir()
    months = iter(months_between(*SYNTHETIC))
    files, _ = find_month_files(source, None, None)
    limit = UnpackedLimit.of(ARCHIVE.outlet)
    for file in files:
        response = ARCHIVE.parse(file.read(limit).body)
        for part in range(THINNED):
            month = next(months)
            docs = [
                _rewritten(bytes(article.doc), month)
                for article in response.articles[part::THINNED]
            ]
            body = b'{"copyright":"%s","response":{"docs":[%s],"meta":{"hits":%d}}}' % (
                SAMPLE_COPYRIGHT.encode(), b",".join(docs), len(docs),
            )  # fmt: skip
            path = target / f"{format_month(month)}.json.gz"
            path.write_bytes(gzip.compress(body, compresslevel=1))


def _rewritten(doc: bytes, month: date) -> bytes:
    days = (next_month(month) - month).days
    return _DAY.sub(
        lambda found: (
            b"%s%s-%02d" % (found[1], month.strftime("%Y-%m").encode(), min(int(found[2]), days))
        ),
        doc,
        count=1,
    )


def _load(folder: Path, window: tuple[str, ...]) -> tuple[str, ...]:
    return ("extract", "load", "--from", str(folder), *window)


def _window(start: date, end: date) -> tuple[str, ...]:
    return ("--start", format_month(start), "--end", format_month(end))


def _holdings() -> tuple[int, int]:
    """Return the documents of the warehouse and the bytes it takes on disk."""
    with psycopg.connect() as connection:
        row = connection.execute(
            "select sum(docs), pg_database_size(current_database()) from raw.nyt_months"
        ).fetchone()
    if row is None or row[0] is None:
        raise RuntimeError("the warehouse holds no month")
    return int(row[0]), int(row[1])


def _disk(size: int, documents: int) -> str:
    return f"{size / 1e6:,.0f} MB on disk, {size / documents / 1e3:.1f} GB per million documents"


def _step_row(what: str, step: Step, peer: str = "", ratio: float | None = None) -> Row:
    return Row(
        what,
        f"{step.seconds:.2f} s, {step.megabytes:.0f} MB",
        peer,
        ratio,
        f"under {MOST_MEGABYTES:.0f} MB",
        step.megabytes < MOST_MEGABYTES,
    )


def _total(steps: dict[str, Step]) -> float:
    return sum(step.seconds for step in steps.values())
