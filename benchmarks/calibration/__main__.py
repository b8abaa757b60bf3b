"""Prints docs/calibration.md: ``python -m benchmarks.calibration``. With ``--quick`` there are few
topics, for a rough look."""

import argparse
import sys
from textwrap import fill
from time import perf_counter

from benchmarks.calibration import ar1, jumps, mixtures, news
from benchmarks.calibration.report import Table, beyond_any_limit, write

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
may be false. The list below names all that is beyond 8 and 12 %; shapes that are claimed too often,
found too rarely or dated wrongly; and intervals that cover too little. It names too where less than
1 % is rejected, as under AR(1) noise with an autocorrelation of 0.9: there the fit takes noise for
longer than it is, and misses growth.

A topic with a yearly cycle does rise within half a year: that it will come down again, no count
from that half-year can say. Topics with one spike, bursts or regimes do jump: a step or an event
said of them is no mistake. A jump that is beyond doubt does not count as noise, though, so that
too many of them are said to have grown; a single spike is then mostly marked as one burst.
"""


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
    for line in beyond_any_limit(filled):
        print(line)
    for table, rows in filled:
        print()
        print("\n".join(write(table, rows)))


if __name__ == "__main__":
    main()
