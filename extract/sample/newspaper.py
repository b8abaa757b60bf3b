"""A generated sample: the archive of a fictional newspaper in the shape of the NYT Archive API.

Newcomers without an API key run the whole product on it. Some of its topics are planted: the curve
of their share of articles is known and stands in `truth.csv`, so that fits can be checked
(docs/sample.md).

How an article gets its topics. Each topic i has a share p_i(d) of the articles of New York day d:
its curve, times day-to-day noise. An article draws a theme, then carries topic i with a
probability that is higher inside the topic's own theme than outside, and whose mean over themes is
p_i(d). Articles are independent given the day, so the number that carry a topic on a day with n
articles is binomial(n, p_i(d)).

Randomness comes only from PCG64 and `Generator.random`, whose streams numpy keeps stable, with one
stream a month. The JSON is a function of (start, end, seed); the compressed bytes also depend on
the zlib library that Python was linked with.
"""

import datetime as dt
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from console.errors import WarehouseError
from console.months import months_between, next_month
from extract.outlets.nyt.responses import SAMPLE_COPYRIGHT
from extract.sample import vocabulary
from extract.sample.desk import Desk
from extract.sample.planted import curve, logit, noise, normals, truth
from extract.sample.text import Dice, Topic, background_topics, planted_topics
from warehouse.files import make_folder, write

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

_REMEDY = "give another folder"
_ARTICLES_A_DAY = (98.0, 108.0, 112.0, 114.0, 108.0, 52.0, 66.0)  # Monday first
_WITH_KEYWORDS = 0.92
_WITH_SUBJECTS = 0.74  # about 28 % of documents end up without a subject, as in the real archive
_OWN_THEME = 0.85  # of a topic's articles, the part that is confined to its own theme
# Articles by New York hour, from midnight, as counted in a week of the real archive.
_HOURS = (14, 20, 26, 60, 110, 150, 80, 50, 50, 55, 60, 75, 105, 75, 50, 52, 56, 45, 40, 32, 24, 18)
_HOUR_WEIGHTS = (*_HOURS, 16, 14)
# Background topics of a kind: expected number an article, and the two constants of the
# Zipf-Mandelbrot law, share of rank r proportional to (r + shift) ** -power.
_BACKGROUND = {
    "subject": (2.25, 10.0, 1.3),
    "person": (0.40, 2.0, 1.1),
    "organization": (0.35, 2.0, 1.1),
    "place": (0.80, 2.0, 1.1),
    "work": (0.12, 2.0, 1.1),
}


@dataclass(frozen=True)
class SampleSummary:
    """What `write_sample` wrote."""

    months: tuple[str, ...]  # "YYYY-MM", in order
    documents: int
    paths: tuple[Path, ...]  # one file a month, in the order of months
    truth_path: Path
    planted: int  # rows of truth.csv
    size_bytes: int  # of the month files, compressed


def write_sample(directory: Path, start: dt.date, end: dt.date, seed: int = 1) -> SampleSummary:
    """Write the months from `start` to `end`, both included, and `truth.csv` into `directory`.

    start, end: first days of months. seed: not negative. Each month becomes `YYYY-MM.json.gz`, an
    Archive API response with SAMPLE_COPYRIGHT; a sample's files of the same name are replaced,
    others left. As in the real archive, months are cut by UTC time while the newspaper lives in New
    York, so a file begins with the last evening of the month before. Documents up to 2024 have the
    middle shape of the API, from 2025 on the newest.

    Raises ValueError for a window or a seed that cannot be used, WarehouseError where a file cannot
    be written.
    """
    if start.day != 1 or end.day != 1:
        raise ValueError(f"start and end must be first days of months, not {start} and {end}")
    if start > end:
        raise ValueError(f"the window starts after it ends: {start:%Y-%m} > {end:%Y-%m}")
    if seed < 0:
        raise ValueError(f"the seed must not be negative, not {seed}")
    make_folder(directory, remedy=_REMEDY)
    for month in months_between(start, end):
        _spare_real_month(directory / f"{month:%Y-%m}.json.gz")
    newspaper = _Newspaper(start, (next_month(end) - start).days, seed)
    months: list[str] = []
    paths: list[Path] = []
    documents = size = 0
    for month, docs in _months_of(newspaper, start, end):
        response = {"docs": docs, "meta": {"hits": len(docs)}}
        path = directory / f"{month:%Y-%m}.json.gz"
        content = _gzipped(
            msgspec.json.encode({"copyright": SAMPLE_COPYRIGHT, "response": response})
        )
        write(path, content, remedy=_REMEDY)
        size += len(content)
        months.append(f"{month:%Y-%m}")
        paths.append(path)
        documents += len(docs)
    truth_path = directory / "truth.csv"
    planted = newspaper.topics[: len(vocabulary.PLANTED)]
    write(truth_path, truth(planted, start, newspaper.window), remedy=_REMEDY)
    return SampleSummary(tuple(months), documents, tuple(paths), truth_path, len(planted), size)


def _months_of(
    newspaper: "_Newspaper", start: dt.date, end: dt.date
) -> Iterator[tuple[dt.date, list[dict[str, Any]]]]:
    """Yield the documents of each month, cut by UTC time and in its order."""
    # The evening before the window belongs to its first UTC month.
    late = newspaper.documents(start - dt.timedelta(days=1), 1)
    for month in months_between(start, end):
        following = next_month(month)
        written = late + newspaper.documents(month, (following - month).days)
        written.sort(key=lambda stamped: stamped[0])
        first, last = month.isoformat(), following.isoformat()
        late = [stamped for stamped in written if stamped[0] >= last]
        yield month, [doc for stamp, doc in written if first <= stamp < last]


def _spare_real_month(path: Path) -> None:
    """Raise WarehouseError where a month of the sample would replace a file that is not one."""
    if not path.is_file():
        return
    try:
        with gzip.open(path) as file:
            is_sample = SAMPLE_COPYRIGHT.encode() in file.read(1000)
    except (OSError, EOFError, zlib.error):
        is_sample = False
    if not is_sample:
        raise WarehouseError(
            f"{path} is no month of the sample, and stays: name another folder for the sample"
        )


def _gzipped(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    # GzipFile and not gzip.compress: the header of the latter changed between Python versions.
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=buffer, mtime=0) as file:
        file.write(payload)
    return buffer.getvalue()


def _topics() -> tuple[list[Topic], list[float]]:
    """Every topic and its mean share of articles, the planted ones (share unused: 0) first."""
    topics = planted_topics()
    shares = [0.0] * len(topics)
    for kind, (total, shift, power) in _BACKGROUND.items():
        background = background_topics(kind)
        weights = [(rank + shift) ** -power for rank in range(1, len(background) + 1)]
        topics += background
        shares += [total * weight / sum(weights) for weight in weights]
    return topics, shares


class _Newspaper:
    """The fictional newspaper between two dates; `documents` writes its days."""

    def __init__(self, start: dt.date, window: int, seed: int) -> None:
        self.start, self.window, self._seed = start, window, seed
        self.topics, shares = _topics()
        days = np.arange(-1, window, dtype=np.int64)  # from the evening before the window on
        log_odds = np.empty((window + 1, len(self.topics)))
        for column, (topic, share) in enumerate(zip(self.topics, shares, strict=True)):
            if topic.shape == "background":
                log_odds[:, column] = logit(share)
            else:
                log_odds[:, column] = curve(topic, start, days, window)
        log_odds += noise(self._stream(0, 0), self.topics, window + 1)
        # A noisy day's share stays below 0.2, or the chance inside a theme would exceed 1.
        self._shares: _Floats = np.minimum(1.0 / (1.0 + np.exp(-log_odds)), 0.2)
        self._themes = list(vocabulary.THEMES)
        self._theme_shares = np.array(list(vocabulary.THEMES.values()))
        self._theme_of = np.array(
            [self._themes.index(topic.theme) if topic.theme else -1 for topic in self.topics]
        )
        self._is_subject = np.array([topic.kind == "subject" for topic in self.topics])

    def _stream(self, *key: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self._seed, *key]))

    def documents(self, first: dt.date, days: int) -> list[tuple[str, dict[str, Any]]]:
        """The documents of `days` New York days, each with its UTC time as sortable ISO text."""
        rng = self._stream(first.toordinal(), days)
        dates = [first + dt.timedelta(days=i) for i in range(days)]
        mean = np.array([_ARTICLES_A_DAY[date.weekday()] for date in dates])
        busy = normals(rng, (2, days))
        articles = np.rint(mean * np.exp(0.05 * busy[0]) + np.sqrt(mean) * busy[1])
        day_of = np.repeat(np.arange(days), np.maximum(articles, 10.0).astype(np.int64))
        theme_of = np.searchsorted(np.cumsum(self._theme_shares)[:-1], rng.random(day_of.size))
        carried = self._draw_topics(rng, (first - self.start).days + 1 + day_of, theme_of)
        seconds = _times_of_day(rng, day_of.size)
        identities = rng.bit_generator.random_raw(2 * day_of.size).tolist()
        desk = Desk(self.topics, Dice(rng))
        offsets = [_utc_offset_hours(date) * 3600 for date in dates]
        stamps: dict[tuple[int, int], str] = {}
        written = []
        for i, (day, theme) in enumerate(zip(day_of.tolist(), theme_of.tolist(), strict=True)):
            later, second = divmod(seconds[i] + offsets[day], 86400)
            if (day, later) not in stamps:
                stamps[day, later] = (dates[day] + dt.timedelta(days=later)).isoformat()
            clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            stamp = f"{stamps[day, later]}T{clock}"
            identity = f"{identities[2 * i]:016x}{identities[2 * i + 1]:016x}"
            doc = desk.write(dates[day], stamp, identity, self._themes[theme], carried[i])
            written.append((stamp, doc))
        return written

    def _draw_topics(
        self, rng: np.random.Generator, rows: _Ints, theme_of: _Ints
    ) -> list[list[int]]:
        """Topics (positions in `topics`) of each article; rows are positions in `_shares`."""
        days, row_of = np.unique(rows, return_inverse=True)
        tagged = np.where(self._is_subject, _WITH_SUBJECTS, _WITH_KEYWORDS)
        share = self._shares[days] / tagged
        of_theme = np.where(self._theme_of < 0, 0.0, self._theme_shares[self._theme_of])
        inside = np.minimum(_OWN_THEME * share, 0.75 * of_theme)
        boost = np.divide(inside, of_theme, out=np.zeros_like(inside), where=of_theme > 0.0)
        own = self._theme_of == np.arange(self._theme_shares.size)[:, np.newaxis]
        chance = (share - inside)[row_of] + boost[row_of] * own[theme_of]
        # One draw decides whether an article has keywords at all, and whether it has subjects.
        keywords = rng.random(rows.size)[:, np.newaxis]
        drawn = (rng.random(chance.shape) < chance) & (keywords < tagged)
        carried: list[list[int]] = [[] for _ in range(rows.size)]
        for article, topic in zip(*(axis.tolist() for axis in np.nonzero(drawn)), strict=True):
            carried[article].append(topic)
        return carried


def _times_of_day(rng: np.random.Generator, count: int) -> list[int]:
    """Seconds after New York midnight."""
    edges = np.cumsum(np.array(_HOUR_WEIGHTS, dtype=np.float64))
    hours = np.searchsorted(edges / edges[-1], rng.random(count), side="right")
    seconds: list[int] = (hours * 3600 + (rng.random(count) * 3600).astype(np.int64)).tolist()
    return seconds


def _utc_offset_hours(date: dt.date) -> int:
    """Hours from New York to UTC, by the rule of 2007 for all years and for the whole day.

    A rule of its own, because bytes must not depend on the time zone database of the machine.
    """
    march, november = dt.date(date.year, 3, 8), dt.date(date.year, 11, 1)
    spring = march + dt.timedelta(days=(6 - march.weekday()) % 7)
    autumn = november + dt.timedelta(days=(6 - november.weekday()) % 7)
    return 4 if spring <= date < autumn else 5
