"""What the benchmarks print, and how they repeat what they measure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, of us, of which peer, and the bar if it has one."""

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool = True


def without_bar(row: Row) -> Row:
    """Return the row as a mere measurement."""
    return replace(row, bar="", met=True)


def compare(
    what: str, ours: float, peer_name: str, peer: float, bar: float | None = None, unit: str = "s"
) -> Row:
    """Return the row of a comparison of two durations: the ratio is how often we are as fast."""
    ratio = peer / ours
    return Row(
        what,
        _duration(ours, unit),
        f"{peer_name}: {_duration(peer, unit)}",
        ratio,
        "" if bar is None else f"at least {bar:g}x",
        bar is None or ratio >= bar,
    )


def _duration(seconds: float, unit: str) -> str:
    return f"{seconds * 1e6:,.0f} us" if unit == "us" else f"{seconds:.2f} s"


def interleave(repetitions: int, *sides: Callable[[], float]) -> list[float]:
    """Return the median duration of each side, all taken in turn: a slow moment hits everyone."""
    rounds = [[side() for side in sides] for _ in range(repetitions)]
    return [median(durations) for durations in zip(*rounds, strict=True)]


def format_table(rows: list[Row]) -> str:
    """Return the rows as text in columns."""
    lines = [("", "this project", "peer", "ratio", "bar", "")]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:,.2f}x"
        verdict = "" if not row.bar else "ok" if row.met else "MISSED"
        lines.append((row.what, row.ours, row.peer, ratio, row.bar, verdict))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = (1, 3)
    return "\n".join(
        "  ".join(
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
