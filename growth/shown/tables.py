"""Lays out the answers of the command line: aligned columns, sparklines."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from console.text import short, visible
from growth.shown import words
from growth.stored.columns import Q_VALUE
from growth.stored.runs import Run

_BARS = "▁▂▃▄▅▆▇█"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Return rows under a header; the columns ``left`` begin at their left edge, others end right.

    Widths are those of a terminal, where an emoji takes two columns.
    """
    from rich.cells import cell_len

    cells = [[visible(text) for text in row] for row in (header, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = []
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(text))
            padded.append(text + space if column in left else space + text)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def sparkline(shares: Sequence[float | None], top: float | None = None) -> str:
    """Return one bar a period, from 0 to ``top``, by default the highest; a space where there is no
    share, for lack of articles."""
    highest = max((share for share in shares if share is not None), default=0.0)
    scale = top or highest or 1.0
    return "".join(
        " " if share is None else _BARS[min(7, int(8 * share / scale))] for share in shares
    )


_LEGEND = f"""
start, end: the share of all articles over the first and the last two weeks, more in long windows; \
now: as end
growth a year: of the log-odds, and how much of it is sure at 95%
q: {Q_VALUE}
new label: first seen in the window; also: labels of nearly the same articles
one burst: {words.ONE_BURST}"""


def list_table(topics: Sequence[words.Topic]) -> str:
    """Return a ranked list, and what its columns mean."""
    header = (
        "", "topic", "kind", "articles", "start", "end", "growth a year", "q", "what happened",
    )  # fmt: skip
    rows = [
        (
            str(topic["rank"]),
            short(topic["label"]),
            topic["kind"],
            f"{topic['articles']:,}",
            words.percent(topic["share_start"]),
            words.percent(topic["share_end"]),
            words.growth_and_what_is_sure(topic),
            words.q_value(topic["q_value"]),
            f"{words.what_happened_and_pace(topic)}{_also_called(topic['other_labels'] or [])}",
        )
        for topic in topics
    ]
    return f"{table(header, rows, left=(1, 2, 8))}\n{_LEGEND}"


def _also_called(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    return f"; also {short(labels[0])}{f' and {len(labels) - 1} more' if labels[1:] else ''}"


def runs_table(runs: Sequence[Run]) -> str:
    """Return the stored fits as a table."""
    header = ("run", "window", "fitted", "of topics", "without", "when", "version")
    rows = [
        (
            run.run_id,
            words.window(run.window, run.last_day),
            f"{run.converged:,}",
            f"{run.topics:,}",
            run.missing_months or words.NOTHING,
            f"{run.fitted_at:%Y-%m-%d %H:%M}",
            run.code_version,
        )
        for run in runs
    ]
    return table(header, rows, left=(0, 1, 4, 5, 6))


def fields(pairs: Sequence[tuple[str, str]], width: int = 100) -> Iterator[str]:
    """Yield lines of names and what is said of them, broken at ``width``."""
    indent = max(len(name) for name, _ in pairs) + 2
    for name, text in pairs:
        lines = wrap(visible(text), width - indent) or [""]
        yield f"{name:{indent}}{lines[0]}"
        yield from (f"{'':{indent}}{line}" for line in lines[1:])
