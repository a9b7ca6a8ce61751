from __future__ import annotations

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity.fiscal_years import FiscalRule, YearEnd, parse_year_end
from tests.strategies import examples

Day = datetime.date
ONE = datetime.timedelta(days=1)
RETAIL = FiscalRule(2, (4, 5, 4), parse_year_end("Saturday nearest 31 January"), "start")
"""As the National Retail Federation (NRF) publishes it."""


def test_the_retail_calendar_has_the_long_years_that_are_published() -> None:
    long = [year for year in range(1996, 2030) if RETAIL.weeks_in(RETAIL.serial_called(year)) == 53]
    assert [year for year in long if 2001 <= year <= 2023] == [2006, 2012, 2017, 2023]
    assert 2000 in long
    assert all(5 <= later - year <= 6 for year, later in pairwise(long))


@pytest.mark.parametrize(
    ("year", "begins"),
    [
        (2006, "2006-01-29"), (2007, "2007-02-04"), (2012, "2012-01-29"), (2013, "2013-02-03"), (2017, "2017-01-29"),
        (2018, "2018-02-04"), (2019, "2019-02-03"), (2020, "2020-02-02"), (2021, "2021-01-31"), (2022, "2022-01-30"),
        (2023, "2023-01-29"), (2024, "2024-02-04"), (2025, "2025-02-02"),
    ],
)  # fmt: skip
def test_the_retail_year_begins_where_it_is_published(year: int, begins: str) -> None:
    assert RETAIL.begins(RETAIL.first_month(RETAIL.serial_called(year))) == Day.fromisoformat(begins)


def test_a_53rd_week_comes_where_four_days_of_january_are_left() -> None:
    """The rule as the NRF words it, stepped from year to year."""
    begin, year = Day(2001, 2, 4), 2001
    while year < 2060:
        end = begin + datetime.timedelta(weeks=52) - ONE
        if (Day(year + 1, 1, 31) - end).days >= 4:
            end += datetime.timedelta(weeks=1)
        assert RETAIL.begins(RETAIL.first_month(RETAIL.serial_called(year))) == begin
        begin, year = end + ONE, year + 1


@pytest.mark.parametrize(
    ("year_end", "ends"),
    [
        # as stated in the annual reports of Apple, Costco and Target
        (
            "last Saturday of September",
            {2012: "2012-09-29", 2017: "2017-09-30", 2022: "2022-09-24", 2023: "2023-09-30"},
        ),
        ("Sunday nearest 31 August", {2017: "2017-09-03", 2022: "2022-08-28", 2023: "2023-09-03", 2024: "2024-09-01"}),
        ("Saturday nearest January 31", {2023: "2023-01-28", 2024: "2024-02-03", 2025: "2025-02-01"}),
    ],
)
def test_years_end_where_companies_say_theirs_do(year_end: str, ends: dict[int, str]) -> None:
    for year, end in ends.items():
        assert parse_year_end(year_end).in_year(year).isoformat() == end


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("January", "does not say when"), ("last day of January", "does not say when"),
        ("Saturday nearest 31 Smarch", "does not say when"), ("Saturday nearest 31 April", "April has 30 days, not 31"),
        ("Saturday nearest 0 April", "not 0"), ("last " * 40, "does not say when"),
    ],
)  # fmt: skip
def test_year_ends_that_are_not_understood(text: str, reason: str) -> None:
    with pytest.raises(QuantityError, match=reason) as caught:
        parse_year_end(text)
    assert "last Saturday of January" in caught.value.problems[0].fix


@examples(40)
@given(st.integers(0, 6), st.integers(1, 12), st.none() | st.integers(1, 28), st.integers(1950, 2100))
def test_year_ends_lie_on_their_weekday_and_within_three_days(
    weekday: int, month: int, day: int | None, year: int
) -> None:
    end = YearEnd(weekday, month, day).in_year(year)
    assert end.weekday() == weekday
    if day is None:
        assert end.month == month
        assert (end + 7 * ONE).month != month
    else:
        assert abs((end - Day(year, month, day)).days) <= 3
