"""The arguments of the fit's public functions: what is refused, in one line that names it, and what
is taken as if it were the plain array."""

import resource
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from scipy import sparse
from support import PROJECT_DIR

from growth.logistic import (
    adjust_p_values,
    fit_change,
    fit_growth,
    fit_level,
    fit_pulse,
    fit_s_curve,
    fit_trend,
)
from growth.model.least_squares import fit_s_curve_least_squares

pytestmark = pytest.mark.fast

FITS: list[Callable[..., Any]] = [
    fit_trend, fit_s_curve, fit_pulse, fit_growth, fit_change, fit_level,
]  # fmt: skip
PERIODS = 60
rng = np.random.default_rng(1)
DENSE = rng.binomial(100, np.linspace(0.02, 0.2, PERIODS), (3, PERIODS))
TOPIC, PERIOD = np.nonzero(DENSE)
GOOD: dict[str, Any] = {
    "topic": TOPIC,
    "period": PERIOD,
    "count": DENSE[TOPIC, PERIOD],
    "totals": np.full(PERIODS, 100),
    "times": np.arange(PERIODS) / 365.25,
}


def with_first(name: str, value: Any, dtype: Any = None) -> dict[str, Any]:
    """The good arguments, but for the first number of one array."""
    array = GOOD[name].astype(dtype or type(value))
    array[0] = value
    return {name: array}


def refusal(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Return the one line by which a function refuses its arguments, without a warning before."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError) as caught:
            function(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 250
    return message


def columns(fit: Any) -> dict[str, NDArray[Any]]:
    """Return all arrays of a result."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in vars(fit).items():
        if hasattr(value, "__dataclass_fields__"):
            found |= {f"{name}.{inner}": each for inner, each in columns(value).items()}
        else:
            found[name] = np.asarray(value)
    return found


def assert_same(fit: Any, plain: Any) -> None:
    """Assert that two results are the same, bit for bit."""
    for name, expected in columns(plain).items():
        np.testing.assert_array_equal(columns(fit)[name], expected, err_msg=name)


@pytest.mark.parametrize("fit", FITS)
def test_a_confidence_lies_between_0_and_1(fit: Callable[..., Any]) -> None:
    for bad in (
        0, 1, 95, -0.5, np.nan, np.inf, 1 - 2**-53, None, True, "0.95", [0.95],
        np.array([0.5, 0.9]), np.array(0.5), Decimal("0.95"), 0.5 + 0j, 10**5000,
    ):  # fmt: skip
        message = refusal(fit, **GOOD, confidence=bad)
        assert message.startswith("confidence is ")
        assert message.endswith(": give a share between 0 and 1, such as 0.95")


def test_a_false_discovery_rate_lies_between_0_and_1() -> None:
    for bad in (0, 1, -0.1, 5, float("nan"), "0.05", None, [0.05], True):
        message = refusal(fit_growth, **GOOD, false_discovery_rate=bad)
        assert message.startswith("false_discovery_rate is ")
        assert "give a share between 0 and 1, such as 0.05" in message


@pytest.mark.parametrize("confidence", [np.float32(0.5), Fraction(1, 2), np.float64(0.5)])
def test_a_confidence_may_be_of_any_real_type(confidence: Any) -> None:
    assert_same(fit_growth(**GOOD, confidence=confidence), fit_growth(**GOOD, confidence=0.5))


# What each argument must not hold, and what the message says of it.
BAD: list[tuple[dict[str, Any], str]] = [
    (with_first("topic", 1.9), "topic[0] is 1.9: topics are indices, whole numbers from 0"),
    (with_first("period", 2.2), "period[0] is 2.2: periods are indices into totals, whole"),
    (with_first("topic", np.nan), "topic[0] is nan: "),
    (with_first("period", np.inf), "period[0] is inf: "),
    (with_first("period", np.inf, np.float16), "period[0] is inf: "),
    (with_first("topic", -1), "topic[0] is -1: "),
    (with_first("period", -1), "period[0] is -1: "),
    (with_first("period", -128, np.int8), "period[0] is -128: "),
    (with_first("period", PERIODS), "period[0] is 60: periods are indices into totals, whole "
                                    "numbers from 0 to 59"),
    (with_first("topic", 2**64 - 1, np.uint64), "topic[0] is 18446744073709551615: "),
    (with_first("period", 2**63, np.uint64), "period[0] is 9223372036854775808: "),
    ({"topic": TOPIC.astype(bool)}, "topic holds truth values: topics are indices"),
    ({"period": PERIOD > 3}, "period holds truth values: periods are"),
    ({"topic": TOPIC.astype(str)}, "topic holds np.str_('0') (str_): "),
    ({"topic": TOPIC.astype("datetime64[D]")}, "(datetime64): give years, such"),
    ({"topic": [*TOPIC[1:].tolist(), None]}, "topic holds None (NoneType): "),
    ({"topic": [*TOPIC[1:].tolist(), 2**70]}, "topic holds 1180591620717411303424 (int): "),
    ({"count": GOOD["count"] + 0j}, "count holds np.complex128("),
    ({"count": [Decimal(3)] * len(TOPIC)}, "count holds Decimal('3') (Decimal): "),
    ({"totals": [Fraction(100)] * PERIODS}, "totals holds 100 (Fraction): "),
    ({"count": pd.Series([pd.NA, *GOOD["count"][1:]])}, "count holds <NA> (NAType): "),
    (with_first("count", np.nan), "count[0] is nan: counts and totals must be finite"),
    (with_first("count", -np.inf), "count[0] is -inf: counts and totals must be finite"),
    (with_first("count", -1), "count[0] is -1: counts and totals must not be negative"),
    (with_first("totals", -0.5), "totals[0] is -0.5: counts and totals must not be negative"),
    (with_first("totals", 2**53 + 1), "totals[0] is 9007199254740993: counts and totals go up to"),
    (with_first("totals", 1e300), "totals[0] is 1e+300: counts and totals go up to 2^53"),
    (with_first("count", 101), "topic 0 has a count of 101 in period 0, above its period's total "
                               "of 100"),
    (with_first("totals", 0), "topic 0 has a count in period 0, a period without articles"),
    (with_first("times", np.nan), "times[0] is nan: times must be finite"),
    (with_first("times", 1e300), "times[0] is 1e+300: times must be finite"),
    ({"times": GOOD["times"] + 0j}, "times holds "),
    ({"times": GOOD["times"] > 0.1}, "times holds truth values: give numbers"),
    ({"times": np.arange(PERIODS).astype("datetime64[D]")}, "times holds np.datetime64"),
    ({"times": np.arange(PERIODS).astype("timedelta64[D]")}, "give years, such as (t - t[0])"),
    ({"times": GOOD["times"] * 1e-130}, "times reach over 1.6"),
    ({"count": 5}, "count has the shape (): "),
    ({"count": DENSE}, "count has the shape (3, 60): it must have 1 dimension; np.nonzero gives"),
    ({"totals": [[100], [100, 100]]}, "totals is no array of numbers: "),
    ({"totals": iter([100])}, "totals holds <list_iterator object"),
    ({"topic": {0, 1}}, "topic holds {0, 1}"),
    ({"count": GOOD["count"][1:]}, "values: they must be of equal length"),
    ({"times": GOOD["times"][1:]}, "totals and times have 60 and 59 values: "),
    ({"topics": 2}, "topics is 2, but there is a topic 2: give 3 or more"),
    ({"topics": -1}, "topics is -1: give a whole number from 0"),
    ({"topics": 3.5}, "topics is 3.5: give a whole number"),
    ({"topics": True}, "topics is True: give a whole number"),
    ({"topics": "3"}, "topics is '3': give a whole number"),
    ({"topics": 10**5000}, "topics is an integer of thousands of digits: give a whole number"),
]  # fmt: skip


@pytest.mark.parametrize("fit", FITS)
def test_what_cannot_be_counted_is_refused_in_one_line_that_names_it(
    fit: Callable[..., Any],
) -> None:
    for change, message in BAD:
        assert message in refusal(fit, **(GOOD | change))


@pytest.mark.parametrize("fit", [fit for fit in FITS if fit is not fit_level])
@pytest.mark.parametrize("bad", [-1, 2.5, np.nan, True, None, "50", 10**400])
def test_min_articles_is_a_whole_number(fit: Callable[..., Any], bad: Any) -> None:
    assert refusal(fit, **GOOD, min_articles=bad).startswith("min_articles is ")


@pytest.mark.parametrize("bad", [np.nan, np.inf, "0", True, 10**400, np.zeros(2)])
def test_a_week_begins_at_a_finite_time(bad: Any) -> None:
    assert refusal(fit_growth, **GOOD, week=bad).startswith("week is ")


@pytest.mark.parametrize(
    "bad", [[np.nan], [[0.1]], "now", [True], np.array(["2020-01-01"], "M8[D]")]
)
def test_a_level_is_asked_for_at_finite_times(bad: Any) -> None:
    assert refusal(fit_level, **GOOD, at=bad).startswith("at")


@pytest.mark.parametrize("fit", [fit_growth, fit_level])
def test_times_that_cannot_be_years_are_refused_before_weeks_are_made_of_them(
    fit: Callable[..., Any],
) -> None:
    seconds = 1.6e9 + 86400 * np.arange(PERIODS)
    assert "give them in years" in refusal(fit, **(GOOD | {"times": seconds}))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", GOOD)
def test_a_mask_is_never_overlooked(fit: Callable[..., Any], name: str) -> None:
    masked = np.ma.array(GOOD[name], mask=np.arange(len(GOOD[name])) == 3)
    message = refusal(fit, **(GOOD | {name: masked}))
    assert message.startswith(f"{name} has masked values: ")
    assert ".compressed()" in message and ".filled()" in message


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.coo_matrix, sparse.csc_matrix])
def test_a_sparse_matrix_is_refused_with_the_way_to_its_cells(kind: Any) -> None:
    matrix = kind(DENSE)
    assert ".tocoo()" in refusal(fit_trend, **(GOOD | {"count": matrix}))
    cells = matrix.tocoo()
    parts = {"topic": cells.row, "period": cells.col, "count": cells.data}
    assert_same(fit_trend(**(GOOD | parts)), fit_trend(**GOOD))


def test_a_topics_number_is_never_what_fills_the_memory() -> None:
    for fit in FITS:
        far = refusal(fit, [0, 10**12], [0, 1], [1, 1], GOOD["totals"], GOOD["times"])
        assert "topic[1] is 1000000000000: " in far and "return_inverse" in far
        many = refusal(fit, **GOOD, topics=10**12)
        assert many == "topics is 1000000000000: give a whole number from 0 to 2,147,483,647"


def test_a_result_above_half_of_the_memory_is_refused_before_it_is_made() -> None:
    """In a process that may have 1 GB, a topic takes 800 bytes or more."""
    code = """
import numpy as np
from growth.logistic import fit_growth, fit_level, fit_trend
totals, times = np.full(60, 9), np.arange(60.0)
for call in (
    lambda: fit_trend([2_000_000], [0], [1], totals, times),
    lambda: fit_growth([0], [0], [1], totals, times, topics=500_000),
    lambda: fit_level([0], [0], [1], totals, times, topics=500_000),
    lambda: fit_trend([0], [0], [1], np.full(200_000, 9), np.arange(200_000.0)),
):
    try:
        call()
    except ValueError as error:
        print(error)
print(len(fit_trend([200_000], [0], [1], totals, times).status))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT_DIR,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9)),
        capture_output=True,
        text=True,
        check=True,
    )
    unique, growth, level, periods, size = done.stdout.splitlines()
    assert unique.startswith("topic goes up to 2,000,000: that takes 1.6 GB, more than half of")
    assert unique.endswith("np.unique(topic, return_inverse=True)[1]")
    assert growth.startswith("topics is 500,000: that takes 1.5 GB")
    assert level.startswith("topics is 500,000: that takes 0.7 GB")
    assert periods.startswith("totals has 200,000 periods: that takes 0.8 GB")
    assert size == "200001"


# The same numbers in other arrays.
ALIKE: dict[str, Callable[[NDArray[Any]], Any]] = {
    "lists": lambda values: values.tolist(),
    "floats": lambda values: values.astype(np.float64),
    "float16": lambda values: values.astype(np.float16),
    "longdouble": lambda values: values.astype(np.longdouble),
    "int8": lambda values: values.astype(np.int8),
    "uint64": lambda values: values.astype(np.uint64),
    "big-endian": lambda values: values.astype(values.dtype.newbyteorder(">")),
    "short big-endian": lambda values: values.astype(">i2"),
    "strided": lambda values: np.repeat(values, 2)[::2],
    "backwards": lambda values: values[::-1].copy()[::-1],
    "unmasked": lambda values: np.ma.array(values),
    "pandas": lambda values: pd.Series(values, index=values + 7),
    "pandas that knows NA": lambda values: pd.Series(values, dtype="Int64"),
}


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("alike", ALIKE)
def test_the_same_numbers_of_any_type_and_layout_give_the_same_fit(
    alike: str, shuffled: bool
) -> None:
    order = np.random.default_rng(2).permutation(len(TOPIC)) if shuffled else np.arange(len(TOPIC))
    cells = {name: GOOD[name][order] for name in ("topic", "period", "count")}
    whole = GOOD | cells
    plain = fit_growth(**whole)
    other = {name: ALIKE[alike](whole[name]) for name in (*cells, "totals")}
    assert_same(fit_growth(**(whole | other)), plain)
    for name in other:  # one of another type than the others
        assert_same(fit_growth(**(whole | {name: other[name]})), plain)


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.longdouble, ">f4"])
def test_times_of_any_precision_count_as_the_numbers_that_they_are(kind: Any) -> None:
    times = GOOD["times"].astype(kind)
    plain = GOOD | {"times": times.astype(np.float64)}
    assert_same(fit_growth(**(GOOD | {"times": times})), fit_growth(**plain))


@pytest.mark.parametrize("fit", FITS)
def test_no_argument_is_changed_or_needs_to_be_writable(fit: Callable[..., Any]) -> None:
    for kind in (np.int64, np.float64):
        given = {name: np.array(values, kind if name != "times" else None)
                 for name, values in GOOD.items()}  # fmt: skip
        given["totals"][5] = 0
        given["count"][given["period"] == 5] = 0
        before = {name: values.copy() for name, values in given.items()}
        for values in given.values():
            values.flags.writeable = False
        fit(**given)
        for name, values in given.items():
            np.testing.assert_array_equal(values, before[name])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("periods", [0, 1, 2])
@pytest.mark.parametrize("topics", [0, 2])
def test_of_nothing_the_result_is_empty_and_well_formed(
    fit: Callable[..., Any], periods: int, topics: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit([], [], [], np.full(periods, 9), np.arange(periods) / 52, topics=topics)
    arrays = [values for values in columns(found).values() if values.ndim]
    assert len(arrays) >= 3
    assert all(len(values) == topics for values in arrays)
    if "status" in columns(found):
        assert set(found.status.tolist()) <= {"too_few_periods"}


def test_p_values_lie_between_0_and_1() -> None:
    for bad, named in (
        ([0.5, 1.5], "p_values[1] is 1.5: give numbers from 0 to 1"),
        ([-1e-9], "p_values[0] is -1e-09: "),
        ([np.nan, np.inf], "p_values[1] is inf: "),
        ([True], "p_values[0] is True: "),
        (["0.5"], "p_values holds np.str_('0.5')"),
        ([0.5, None], "p_values holds None"),
        ([[0.5]], "p_values has the shape (1, 1): "),
        (0.5, "p_values has the shape (): "),
        (np.ma.array([0.1, 0.2], mask=[False, True]), "p_values has masked values: "),
        ([0.5 + 0j], "p_values holds "),
    ):
        assert named in refusal(adjust_p_values, bad)
    given = np.array([0.04, 0.01, np.nan], ">f4")
    given.flags.writeable = False
    np.testing.assert_array_equal(adjust_p_values(given), adjust_p_values(given.astype(float)))
    np.testing.assert_array_equal(adjust_p_values([0, 1]), [0.0, 1.0])


def test_curves_by_least_squares_check_what_they_are_given() -> None:
    times = np.arange(6.0)
    values = 9 / (1 + np.exp(3 - times))
    for bad, named in (
        ({"values": values[1:]}, "values has 5 columns for 6 times"),
        ({"values": values + 0j}, "values holds "),
        ({"values": np.where(times == 2, np.inf, values)}, "put NaN where there is no value"),
        ({"values": np.ma.array(values, mask=times == 2)}, "values has masked values"),
        ({"values": np.zeros((1, 1, 6))}, "it must have 1 or 2 dimensions"),
        ({"times": np.where(times == 2, np.nan, times)}, "times[2] is nan"),
        ({"start": [1.0, 2.0]}, "start has the shape (2,)"),
        ({"start": [1.0, np.nan, 2.0]}, "start must be finite"),
    ):
        arguments: dict[str, Any] = {"values": values, "times": times} | bad
        assert named in refusal(fit_s_curve_least_squares, **arguments)
    few = np.where(times < 3, values, np.nan)
    both = fit_s_curve_least_squares([few, values], times, start=[9, 1, 3])
    assert both.status.tolist() == ["not_converged", "converged"]
    assert both.ceiling[1] == fit_s_curve_least_squares(values, times, start=[9, 1, 3]).ceiling[0]
    for number in range(4):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            short = fit_s_curve_least_squares(values[:number], times[:number])
        assert short.status.tolist() == ["not_converged"] and np.isnan(short.ceiling).all()
