"""Shows how a run of months goes: a bar on a terminal, a plain line a month elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from warehouse.command_line import say


@dataclass(frozen=True)
class Progress:
    """``tell`` prints a line about a month; ``advance`` counts it with its documents."""

    tell: Callable[[str], None]
    advance: Callable[[int], None]


@contextmanager
def progress(months: int) -> Iterator[Progress]:
    """Give the progress of a run of so many months, on stderr."""
    if not sys.stderr.isatty():
        yield Progress(say, lambda documents: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("months"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[documents]:,} documents, {task.fields[rate]:,.0f} a minute"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=months, documents=0, rate=0.0)

        def advance(documents: int) -> None:
            state = bar.tasks[0]
            total = state.fields["documents"] + documents
            minutes = max(state.elapsed or 0.0, 1.0) / 60
            bar.update(task, advance=1, documents=total, rate=total / minutes)

        def tell(line: str) -> None:
            bar.console.print(line, highlight=False, markup=False)

        yield Progress(tell, advance)
