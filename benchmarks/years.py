"""Twenty-five years of a paper, made up: what `growth fit` of all their days takes, in time and
memory. ``make bench-years``, some minutes; OTHER=DIR/.venv/bin/growth fits the same warehouse with
another version in turn.

As many topics as a paper of 260 articles a day brings above 50 articles, most of them small
(Mandelbrot, 1953: frequencies fall as a power of rank plus a constant). Their articles come in
bursts, of days or of years, about trends, S-curves, pulses, steps and events that fade, gentle and
steep; some topics begin or end within the window. The marts are written as the fit reads them; no
article is.
"""

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from scipy import signal

from benchmarks.steps import run_step
from benchmarks.table import Row, interleave

TOPICS = 24_990
START, DAYS = date(2000, 1, 1), 9101  # to the last day of 2024-11
ARTICLES = np.array([300, 310, 310, 310, 285, 145, 155])  # a day of the week
LARGEST, SMALLEST, FLATTENED = 100_000, 50, 100
REPETITIONS = 2
MOST_MEGABYTES, MOST_RATIO = 700.0, 0.7
_AT_A_TIME = 100
# Postgres's binary COPY: how many columns, then each with its length in front.
_SIGNATURE, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_CELL = np.dtype(
    [("n", ">i2"), ("n1", ">i4"), ("topic", ">i8"), ("n2", ">i4"), ("day", ">i4"), ("n3", ">i4"),
     ("articles", ">i4")]
)  # fmt: skip
_MARTS = """
create schema marts;
create table marts.fct_topic_daily (
    topic_id bigint, published_on date, articles integer, outlet text default 'nyt'
);
create table marts.dim_topics (
    topic_id bigint, kind text, label text, first_seen_on date, outlet text default 'nyt'
);
create table marts.fct_daily_articles (
    published_on date, articles integer, is_loaded boolean, outlet text default 'nyt'
);
"""
_AFTERWARDS = """
create unique index on marts.fct_topic_daily (published_on, topic_id);
create index on marts.fct_topic_daily (topic_id);
insert into marts.dim_topics (topic_id, kind, label, first_seen_on)
select topic_id, 'term', 'topic ' || topic_id, min(published_on)
from marts.fct_topic_daily group by topic_id;
analyze marts.fct_topic_daily, marts.dim_topics, marts.fct_daily_articles;
"""
Numbers = NDArray[np.float64]


def measure(scratch: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Write the marts into the scratch warehouse, fit them, and let another version do so too."""
    say("years: the marts of 25 years are written, two minutes")
    run_step(scratch, "warehouse", "start")
    run_step(scratch, "growth", "runs")  # creates the tables of fits
    cells = _write_marts()
    os.environ["OMP_NUM_THREADS"] = "1"
    programs = ["growth", *filter(None, [os.environ.get("OTHER")])]
    megabytes = dict.fromkeys(programs, 0.0)

    def fit(program: str) -> float:
        say(f"years: {program} fit")
        step = run_step(scratch, program, "fit", "--refit")
        megabytes[program] = max(megabytes[program], step.megabytes)
        return step.seconds

    seconds = interleave(REPETITIONS, *(lambda name=name: fit(name) for name in programs))
    ours, *others = seconds
    what = f"growth fit of {TOPICS:,} topics x {DAYS:,} days, {cells:,} cells"
    for theirs in others:
        peer = f"{programs[1]}: {theirs:.1f} s, {megabytes[programs[1]]:.0f} MB"
        bar, met = f"at most {MOST_RATIO:g}x", ours <= MOST_RATIO * theirs
        yield Row(what, f"{ours:.1f} s", peer, ours / theirs, bar, met)
    bar, met = f"under {MOST_MEGABYTES:.0f} MB", megabytes["growth"] < MOST_MEGABYTES
    yield Row(what, f"{ours:.1f} s, {megabytes['growth']:.0f} MB", bar=bar, met=met)


def _write_marts() -> int:
    """Create and fill what the fit reads; return the number of cells."""
    rng = np.random.default_rng(25)
    totals = rng.poisson(ARTICLES[(START.weekday() + np.arange(DAYS)) % 7])
    first_day = (START - date(2000, 1, 1)).days
    cells = 0
    with psycopg.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_MARTS)
        with cursor.copy(
            "copy marts.fct_topic_daily (topic_id, published_on, articles) "
            "from stdin (format binary)"
        ) as copy:
            copy.write(_SIGNATURE)
            for counts in generate(rng, totals):
                day = np.flatnonzero(counts)
                rows = np.zeros(len(day), _CELL)
                rows["n"], rows["n1"], rows["n2"], rows["n3"] = 3, 8, 4, 4
                rows["topic"] = rng.integers(-(2**63), 2**63)
                rows["day"], rows["articles"] = first_day + day, counts[day]
                copy.write(rows.tobytes())
                cells += len(day)
            copy.write(_END)
        with cursor.copy(
            "copy marts.fct_daily_articles (published_on, articles, is_loaded) from stdin"
        ) as copy:
            for place, articles in enumerate(totals.tolist()):
                copy.write_row((START + timedelta(days=place), articles, True))
        cursor.execute(_AFTERWARDS)
    return cells


def generate(rng: np.random.Generator, totals: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the articles of each topic, shape (DAYS,), given those of each day."""
    power = np.log(LARGEST / SMALLEST) / np.log((TOPICS + FLATTENED) / (1 + FLATTENED))
    rank = rng.permutation(TOPICS) + 1.0
    sizes = np.rint(LARGEST * ((1 + FLATTENED) / (rank + FLATTENED)) ** power).astype(np.int64)
    for first in range(0, TOPICS, _AT_A_TIME):
        some = sizes[first : first + _AT_A_TIME]
        log_odds = _bursts(rng, len(some)) + np.stack([_curve(rng) for _ in some])
        expected = totals * np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        for size, sums in zip(some, np.cumsum(expected, axis=1), strict=True):
            days = np.searchsorted(sums / sums[-1], rng.random(size))
            # No topic is in nearly all articles of a day, whatever its burst.
            yield np.minimum(np.bincount(days, minlength=DAYS), np.maximum(1, totals * 4 // 5))


def _bursts(rng: np.random.Generator, topics: int) -> Numbers:
    """Return noise, shape (topics, DAYS): waves that fade within days, months or years, the longer
    ones in every second topic."""
    noise = np.zeros((topics, DAYS))
    for rho, share in ((0.5, 1.0), (0.9, 0.8), (0.98, 0.5), (0.998, 0.5)):
        innovations = np.sqrt(1 - rho**2) * rng.standard_normal((topics, DAYS))
        wave = signal.lfilter([1.0], [1.0, -rho], innovations, axis=1)
        noise += (rng.random((topics, 1)) < share) * wave
    return np.asarray(rng.uniform(0.1, 0.6, (topics, 1)) * noise)


def _curve(rng: np.random.Generator) -> Numbers:
    """Return a random curve of log-odds, shape (DAYS,)."""
    u = (np.arange(DAYS) + 0.5) / DAYS - 0.5
    since = rng.choice([-1.0, 1.0]) * (u - rng.uniform(-0.6, 0.6))
    kinds = {"trend": 0.46, "s_curve": 0.16, "pulse": 0.15, "step": 0.05, "event": 0.08, "cut": 0.1}
    kind = rng.choice([*kinds], p=[*kinds.values()])
    if kind == "s_curve":
        return np.asarray(-np.logaddexp(0, -since * np.exp(rng.uniform(np.log(2), np.log(600)))))
    if kind == "pulse":
        width = np.exp(rng.uniform(np.log(0.005), np.log(0.5)))
        return np.asarray(np.logaddexp(-((since / width) ** 2) / 2, rng.uniform(-12, -2)))
    if kind == "step":
        return np.where(since > 0, rng.uniform(0.5, 5), 0.0)
    if kind == "event":
        return np.asarray(-np.where(since < 0, 6, since / np.exp(rng.uniform(-6, -1.5))).clip(0, 6))
    if kind == "cut":
        return np.where(since > 0, rng.normal() * u, -30.0)
    return np.asarray(rng.normal() * u)
