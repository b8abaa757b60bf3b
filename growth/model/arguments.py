"""Checks what the fit's public functions are given, before anything is computed.

What cannot be right raises ValueError: one line that names the argument, its value and the way out.
Arrays are looked at where they lie, and copied only where their numbers must change type.
"""

import os
import resource
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

# Above this a float64 has no room for every whole number.
MOST_ARTICLES = 2**53
# Times, and the span from the first to the last, are squared: beyond these limits the squares
# overflow, or become 0.
_LARGEST_TIME, SHORTEST_SPAN = 1e100, 1e-100
# The part of the memory that topics without a cell may take, or periods.
_MOST_OF_MEMORY = 0.5
_MEMORY_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_LONGEST_SHOWN = 60


def check_confidence(confidence: object) -> float:
    """Return a confidence: a number between 0 and 1."""
    level = _number(confidence)
    # The quantile at 0.5 + confidence / 2 is needed, and there is none at 1.
    if level is None or not 0 < level < 1 or 0.5 + level / 2 == 1:
        raise ValueError(
            f"confidence is {_shown(confidence)}: give a share between 0 and 1, such as 0.95"
        )
    return level


def check_false_discovery_rate(rate: object) -> float:
    """Return a false discovery rate: a number above 0 and below 1."""
    number = _number(rate)
    if number is None or not 0 < number < 1:
        raise ValueError(
            f"false_discovery_rate is {_shown(rate)}: give a share between 0 and 1, such as 0.05"
        )
    return number


def check_whole_number(name: str, value: object, most: int) -> int:
    """Return a whole number from 0 to ``most``."""
    number = _number(value)
    if number is not None and 0 <= number <= most and number.is_integer():
        # An integer stays as it is: the float nearest to it may be another number.
        exact = int(value) if isinstance(value, Integral) else int(number)
        if exact <= most:
            return exact
    raise ValueError(f"{name} is {_shown(value)}: give a whole number from 0 to {most:,}")


def check_time(name: str, value: object) -> float:
    """Return a time that is finite."""
    number = _number(value)
    if number is None or not abs(number) <= _LARGEST_TIME:
        raise ValueError(f"{name} is {_shown(value)}: give a finite number, in years")
    return number


def _as_given(values: ArrayLike) -> object:
    """Return the array of an object that has one, such as a pandas Series, with its mask."""
    return np.asanyarray(values) if hasattr(values, "__array__") else values


def check_numbers(name: str, values: ArrayLike, dimensions: Sequence[int] = (1,)) -> NDArray[Any]:
    """Return an array of real numbers or truth values: as it is, in this machine's byte order.
    It may have as many dimensions as one of ``dimensions``."""
    if sparse.issparse(values):
        raise ValueError(
            f"{name} is a sparse matrix: give its non-zero cells, row, col and data of .tocoo()"
        )
    if np.ma.is_masked(values) or np.ma.is_masked(_as_given(values)):
        raise ValueError(
            f"{name} has masked values: leave their cells out (.compressed() of all arrays alike), "
            "or give them a value (.filled())"
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no array of numbers: {' '.join(str(error).split())}") from None
    if not array.size:
        array = np.zeros(array.shape)
    if array.dtype.kind not in "biuf":
        odd = next((each for each in array.flat if not _fits(each)), array.flat[0])
        to_do = "give an array of integers or floats"
        if array.dtype.kind in "mM":
            to_do = "give years, such as (t - t[0]) / np.timedelta64(1, 'D') / 365.25"
        raise ValueError(f"{name} holds {_shown(odd)} ({type(odd).__name__}): {to_do}")
    if array.ndim not in dimensions:
        allowed = " or ".join(map(str, dimensions))
        raise ValueError(
            f"{name} has the shape {array.shape}: it must have {allowed} dimension"
            f"{'s' if dimensions[-1] > 1 else '; np.nonzero gives the cells of a matrix'}"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def check_articles(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return numbers of articles, whole or not, from 0 to 2^53."""
    array = check_numbers(name, values)
    low, high = _range(array)
    # NaN is refused here, too: it is neither above nor below.
    if not (low >= 0 and high <= MOST_ARTICLES):
        place, value = _first_beyond(array, 0, MOST_ARTICLES)
        rule = "go up to 2^53: above it they would be rounded"
        if not np.isfinite(value):
            rule = "must be finite: leave out what was not counted"
        elif value < 0:
            rule = "must not be negative"
        raise ValueError(f"{name}[{place}] is {_shown(value)}: counts and totals {rule}")
    return array


def check_finite(
    name: str, values: ArrayLike, dimensions: Sequence[int] = (1,)
) -> NDArray[np.float64]:
    """Return finite numbers as float64, one alone as an array."""
    array = np.atleast_1d(check_numbers(name, values, dimensions))
    if array.dtype.kind == "b":
        raise ValueError(f"{name} holds truth values: give numbers, such as years")
    low, high = _range(array)
    if not (low >= -_LARGEST_TIME and high <= _LARGEST_TIME):
        place, value = _first_beyond(array, -_LARGEST_TIME, _LARGEST_TIME)
        raise ValueError(f"{name}[{place}] is {_shown(value)}: {name} must be finite, up to 1e100")
    return array.astype(np.float64, copy=False)


def check_indices(name: str, values: ArrayLike, most: int, what: str) -> NDArray[np.integer]:
    """Return whole numbers from 0 to ``most``. ``what`` says in an error what they are."""
    array = check_numbers(name, values)
    if array.dtype.kind == "b":
        raise ValueError(f"{name} holds truth values: {what}")
    low, high = _range(array)
    if not len(array):
        return array.astype(np.int64)
    if not (low >= 0 and high <= most) or (
        array.dtype.kind == "f" and (array != np.rint(array)).any()
    ):
        place, value = _first_beyond(array, 0, most, whole=True)
        raise ValueError(f"{name}[{place}] is {_shown(value)}: {what}")
    # uint64 becomes int64: of the two together numpy would make float64.
    return array.astype(np.int64) if array.dtype.kind == "f" or array.dtype == np.uint64 else array


def check_memory(needed: int, what: str, to_do: str) -> None:
    """Raise ValueError where a fit would need more than half of the memory that there is. ``what``
    is the argument that asks for so much."""
    there = _memory()
    if needed > _MOST_OF_MEMORY * there:
        raise ValueError(
            f"{what}: that takes {needed / 1e9:,.1f} GB, more than half of the memory here "
            f"({there / 1e9:,.1f} GB); {to_do}"
        )


def _memory() -> int:
    """Return the bytes of memory that there are for this process."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    of_process = resource.getrlimit(resource.RLIMIT_AS)[0]
    if of_process != resource.RLIM_INFINITY:
        limits.append(of_process)
    if _MEMORY_OF_CONTAINER.is_file():
        of_container = _MEMORY_OF_CONTAINER.read_text().strip()
        limits += [int(of_container)] if of_container.isdecimal() else []
    return min(limits)


def _number(value: object) -> float | None:
    """Return a real number as a float; None of anything else, and of what is too large for one."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _fits(value: object) -> bool:
    """Tell whether a number is one that numpy has a type for."""
    return isinstance(value, float) or (isinstance(value, int) and -(2**63) <= value < 2**64)


def _range(array: NDArray[Any]) -> tuple[Any, Any]:
    """Return the smallest and the largest of some numbers, NaN where one is NaN; 0 of none."""
    return (array.min().item(), array.max().item()) if len(array) else (0, 0)


def _first_beyond(
    array: NDArray[Any], low: float, high: float, *, whole: bool = False
) -> tuple[int, Any]:
    """Return the place of the first value that is not from ``low`` to ``high``, or not ``whole``,
    and the value."""
    exact = array.astype(np.longdouble) if array.dtype.kind == "f" else array
    sound = (exact >= low) & (exact <= high)
    if whole:
        sound &= exact == np.rint(exact)
    place = int(np.flatnonzero(~sound)[0])
    return place, array[place].item()


def _shown(value: object) -> str:
    """Return a value in one short line."""
    try:
        text = " ".join((str(value) if isinstance(value, Real) else repr(value)).split())
    except ValueError:
        text = "an integer of thousands of digits"  # which Python does not write out
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
