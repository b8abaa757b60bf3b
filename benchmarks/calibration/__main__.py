"""Prints docs/calibration.md: ``python -m benchmarks.calibration``. With ``--quick`` there are few
topics, for a rough look."""

import argparse
import sys
from textwrap import fill
from time import perf_counter

from benchmarks.calibration import ar1, jumps, mixtures, news
from benchmarks.calibration.report import Table, beyond_limits, write

TOPICS, QUICK_TOPICS = 1000, 200
TABLES = [
    news.FLAT, news.GROWING, mixtures.MIXTURES, jumps.PLANTED, jumps.BY_DATE,
    ar1.FLAT, ar1.GROWING, ar1.BENT,
]  # fmt: skip
INTRODUCTION = """# How often is the fit wrong?

Here the fit is tried on simulated topics, whose growth is known. `make calibrate` writes this page,
the same each time; [model.md](model.md) explains the words. Each day has 150 articles in the mean,
and each of them carries the topic with a probability that follows the topic's curve and swings
about it, as news does. In most tables a topic has from 50 articles in the window to two a day.
Intervals are of 95 %. How many topics are found, rejected, covered or claimed is given in per cent,
where it is of 20 cases or more.

The swings, or noises:
"""
PROMISE = """
## Where the promise does not hold

At 5 %, one flat topic in twenty may be rejected, and of the topics listed at q = 0.05 one in twenty
may be false. More than 8 % and more than 12 % are named here, and so are shapes that are claimed
too often or found too rarely, and intervals that cover too little. A topic with a yearly cycle
does rise within half a year: that it will come down again, no count of that half-year says."""


def main() -> None:
    """Print the page; say on standard error how it goes."""
    parser = argparse.ArgumentParser(description="Print how often the fit is wrong, in Markdown.")
    parser.add_argument("--quick", action="store_true", help="few topics, for a rough look")
    topics = QUICK_TOPICS if parser.parse_args().quick else TOPICS
    filled: list[tuple[Table, list[list[str]]]] = []
    for table in TABLES:
        start = perf_counter()
        filled.append((table, list(table.rows(topics))))
        print(f"{perf_counter() - start:4.0f} s  {table.title}", file=sys.stderr)
    print(INTRODUCTION)
    for setting in news.SETTINGS:
        print(fill(f"- **{setting.name}**: {setting.text}.", 100, subsequent_indent="  "))
    print(PROMISE)
    for table, rows in filled:
        if table.limits:
            print(f"\n{table.title}\n")
        for line in beyond_limits(table, rows):
            print(fill(f"- {line}", 100, subsequent_indent="  "))
    for table, rows in filled:
        print()
        print("\n".join(write(table, rows)))


if __name__ == "__main__":
    main()
