"""Shows how far a command is: as a bar where stderr is a terminal, else as plain lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from console.messages import say
from console.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn


@dataclass(frozen=True)
class Progress:
    """``tell`` prints a line about a month; ``advance`` counts it with its documents."""

    tell: Callable[[str], None]
    advance: Callable[[int], None]


@contextmanager
def progress(months: int) -> Iterator[Progress]:
    """Show the progress of a run over so many months."""
    if not sys.stderr.isatty():
        yield Progress(say, lambda documents: None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    with _bar(
        TextColumn("months"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[documents]:,} documents, {task.fields[rate]:,.0f} a minute"),
        TimeRemainingColumn(),
    ) as bar:
        task = bar.add_task("", total=months, documents=0, rate=0.0)

        def advance(documents: int) -> None:
            state = bar.tasks[0]
            total = state.fields["documents"] + documents
            minutes = max(state.elapsed or 0.0, 1.0) / 60
            bar.update(task, advance=1, documents=total, rate=total / minutes)

        def tell(line: str) -> None:
            bar.console.print(visible(line), highlight=False, markup=False, soft_wrap=True)

        yield Progress(tell, advance)


@contextmanager
def steps(number: int) -> Iterator[Callable[[str], None]]:
    """Show the progress of so many steps; yields a function that begins the next one by its
    name."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    with _bar(
        BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    ) as bar:
        task = bar.add_task("", total=number)
        done = count()

        def step(name: str) -> None:
            bar.update(task, completed=next(done), description=name)

        yield step


@contextmanager
def _bar(*columns: "ProgressColumn") -> "Iterator[Bar]":
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield bar
