"""Which months a scheduled run loads or fits."""

from datetime import UTC, date, datetime

import pytest

from console.errors import WarehouseError
from flows.which_months import month_before, months_to_load, window_to_fit

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("scheduled", "expected"),
    [
        # Midnight of the 1st in New York, in winter and in summer.
        (datetime(2024, 1, 1, 5, tzinfo=UTC), date(2023, 12, 1)),
        (datetime(2024, 7, 1, 4, tzinfo=UTC), date(2024, 6, 1)),
        # In UTC it is the 1st already, in New York it is not.
        (datetime(2024, 7, 1, 3, 59, tzinfo=UTC), date(2024, 5, 1)),
        (datetime(2024, 3, 31, 12, tzinfo=UTC), date(2024, 2, 1)),
    ],
)
def test_the_month_before_is_that_of_new_york(scheduled: datetime, expected: date) -> None:
    assert month_before(scheduled) == expected


def test_months_across_the_turn_of_the_year() -> None:
    scheduled = datetime(2024, 2, 1, 5, tzinfo=UTC)
    expected = [date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1)]
    assert months_to_load(None, None, scheduled) == expected
    assert months_to_load(1851, 9, scheduled) == [date(1851, 9, 1)]
    months = date(2023, 8, 1), date(2024, 1, 1)
    assert window_to_fit(None, 6, None, None, scheduled) == months
    assert window_to_fit("2024-01", 6, None, None, scheduled) == months
    assert window_to_fit(None, 6, "2023-08", "2024-01", scheduled) == months
    assert window_to_fit(None, 1, None, None, scheduled) == (date(2024, 1, 1), date(2024, 1, 1))


@pytest.mark.parametrize(
    ("as_at", "start", "end", "said"),
    [
        ("2023-11", "2023-06", "2023-11", "give start and end, or as_at, not both"),
        (None, "2023-06", None, "give start and end together"),
        (None, "2023-11", "2023-06", "start 2023-11 is after end 2023-06: swap them"),
    ],
)
def test_windows_that_contradict_themselves_are_refused(
    as_at: str | None, start: str | None, end: str | None, said: str
) -> None:
    with pytest.raises(WarehouseError, match=said):
        window_to_fit(as_at, 6, start, end, datetime(2024, 2, 1, 5, tzinfo=UTC))


def test_a_year_without_its_month_is_refused() -> None:
    with pytest.raises(WarehouseError, match="give year and month together"):
        months_to_load(2023, None, datetime(2024, 2, 1, 5, tzinfo=UTC))
