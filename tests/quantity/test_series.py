from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import EvaluationError
from impacttree.quantity import Count, Month, Season, ValueSeries
from impacttree.quantity.calendar import Calendar
from impacttree.quantity.fiscal_years import FiscalRule
from tests.strategies import examples

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10).map(tuple)


@examples(50)
@given(VALUES, st.integers(1, 40))
def test_beyond_the_end(values: tuple[float, ...], t: int) -> None:
    inside = values[t - 1] if t <= len(values) else None
    assert ValueSeries(values, "hold").at(t) == (values[-1] if inside is None else inside)
    assert ValueSeries(values, "repeat").at(t) == (values * 40)[t - 1]
    grown = values[-1] * 1.02 ** (t - len(values)) if inside is None else inside
    assert ValueSeries(values, "grow", 0.02).at(t) == pytest.approx(grown)


@examples(50)
@given(VALUES)
def test_a_series_is_steady_when_all_its_numbers_are_one(values: tuple[float, ...]) -> None:
    assert ValueSeries(values, "hold").is_steady == (len(set(values)) == 1)
    assert not ValueSeries((1.0,), "grow", 0.01).is_steady
    assert ValueSeries((1.0, 1.0)).last == 2
    assert ValueSeries((1.0, 1.0), "repeat").last is None


def test_too_much_growth_is_told() -> None:
    with pytest.raises(EvaluationError, match="grows beyond any number"):
        ValueSeries((1e300,), "grow", 1.0, "sold").at(30_000)


def test_months_and_quarters_of_the_year() -> None:
    calendar = Calendar(datetime.date(2026, 11, 1), "month")
    month = Month(calendar)
    assert month.today == 10
    assert [month.at(t) for t in range(1, 15)] == [11, 12, *range(1, 13)]
    season = Season(tuple(float(n) for n in range(1, 13)), calendar)
    assert [season.at(t) for t in range(1, 15)] == [month.at(t) for t in range(1, 15)]
    assert season.today == 1.0
    quarters = Season((1.0, 2.0, 3.0, 4.0), calendar)
    assert [quarters.at(t) for t in range(1, 6)] == [4, 4, 1, 1, 1]
    fiscal = Season((1.0, 2.0, 3.0, 4.0), Calendar(datetime.date(2026, 11, 1), "month", FiscalRule(2)))
    assert [fiscal.at(t) for t in range(1, 6)] == [4, 4, 4, 1, 1]
    assert [Count().at(t) for t in (1, 2)] == [1, 2]
