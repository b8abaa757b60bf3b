"""Finds the year of documents that is measured: of the real archive, or of the sample."""

import os
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.steps import run_step
from console.months import format_month, months_between
from extract.landing import MonthFile, find_month_files
from warehouse.settings import PROJECT_DIR

START, END = date(2020, 1, 1), date(2020, 12, 1)
WINDOW = ("--start", format_month(START), "--end", format_month(END))


@dataclass(frozen=True)
class Year:
    """The month files of the year, and what they are."""

    folder: Path
    files: list[MonthFile]
    description: str
    is_real: bool


def find_archive() -> Path | None:
    """Return the folder of the real archive (``NEWS_ARCHIVE`` says where), if it is at hand."""
    configured = os.environ.get("NEWS_ARCHIVE")
    if configured:
        return Path(configured).expanduser().resolve()
    folder = PROJECT_DIR.parent / "shared" / "nyt" / "archive"
    return folder if folder.is_dir() else None


def find_year(scratch: Path) -> Year:
    """Return the year of the real archive, or a generated one."""
    folder = find_archive()
    if folder is None:
        folder = scratch / "sample"
        run_step(scratch, "extract", "sample", str(folder), *WINDOW)
        return Year(folder, _month_files(folder), "the generated sample (set NEWS_ARCHIVE)", False)
    return Year(folder, _month_files(folder), f"the real archive in {folder}", True)


def _month_files(folder: Path) -> list[MonthFile]:
    files, _ = find_month_files(folder, START, END)
    missing = {*months_between(START, END)} - {file.month for file in files}
    if missing:
        names = ", ".join(format_month(month) for month in sorted(missing))
        print(f"{folder} does not hold {names}: name another in NEWS_ARCHIVE", file=sys.stderr)
        raise SystemExit(2)
    return files
