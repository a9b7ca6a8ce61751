from __future__ import annotations

import datetime
import math
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.answers.rates_of_return import HIGHEST, LOWEST, internal_rates, internal_rates_by_date, sign_changes
from impacttree.errors import MissingDependency

DAYS = [datetime.date(2008, 1, 1), datetime.date(2008, 3, 1), datetime.date(2008, 10, 30)]
DAYS += [datetime.date(2009, 2, 15), datetime.date(2009, 4, 1)]


def value(amounts: list[float], rate: float, per_year: float = 1) -> float:
    return math.fsum(amount / (1 + rate) ** (t / per_year) for t, amount in enumerate(amounts))


def test_the_example_of_spreadsheets() -> None:
    """IRR of a business that costs 70,000 and brings five incomes, as the documentation of spreadsheets has it."""
    incomes = [-70_000.0, 12_000, 15_000, 18_000, 21_000, 26_000]
    assert internal_rates(incomes, 1) == pytest.approx([0.08663094803653162], rel=1e-9)
    assert internal_rates(incomes[:5], 1) == pytest.approx([-0.02124484827341], rel=1e-9)


def test_the_example_by_days() -> None:
    assert internal_rates_by_date([-10_000.0, 2_750, 4_250, 3_250, 2_750], DAYS) == pytest.approx([0.3733625], rel=1e-6)


@pytest.mark.parametrize(
    ("amounts", "rates"),
    [
        ([-100.0, 230, -132], [0.1, 0.2]),
        ([-1000.0, 3600, -4310, 1716], [0.1, 0.2, 0.3]),
        ([100.0, -200, 150], []),
        ([1.0, 2, 3], []),
        ([-1.0, -2], []),
        ([0.0, 0], []),
        ([-100.0, 110], [0.1]),
    ],
)
def test_none_one_and_several_rates_are_told_apart(amounts: list[float], rates: list[float]) -> None:
    assert internal_rates(amounts, 1) == pytest.approx(rates, rel=1e-9)
    assert sign_changes(amounts) >= len(rates)


def test_rates_by_days_may_be_several_too() -> None:
    days = [datetime.date(2027, 1, 1) + datetime.timedelta(365 * t) for t in range(3)]
    assert internal_rates_by_date([-100.0, 230, -132], days) == pytest.approx([0.1, 0.2], rel=1e-9)
    assert internal_rates_by_date([100.0, 230, 132], days) == ()


@given(st.floats(-0.9, 5), st.lists(st.floats(0.5, 100), min_size=1, max_size=24), st.sampled_from([1, 4, 12]))
def test_a_rate_that_was_built_in_is_found(rate: float, later: list[float], per_year: int) -> None:
    """An outlay that is what the rest is worth at a rate has that internal rate and no other."""
    paid = value([0.0, *later], rate, per_year)
    assume(0 < paid < 1e12)
    (found,) = internal_rates([-paid, *later], per_year)
    assert found == pytest.approx(rate, rel=1e-6, abs=1e-9)


@pytest.mark.slow
@given(st.lists(st.floats(0.01, 100) | st.floats(-100, -0.01), min_size=2, max_size=12))
def test_every_rate_found_makes_amounts_worth_nothing(amounts: list[float]) -> None:
    for rate in internal_rates(amounts, 1):
        assert LOWEST <= rate <= HIGHEST
        size = max(abs(amount) / (1 + rate) ** t for t, amount in enumerate(amounts))
        assert abs(value(amounts, rate)) <= 1e-5 * size


def test_without_pyxirr_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyxirr", None)
    with pytest.raises(MissingDependency, match=r"impacttree\[finance\]"):
        internal_rates([-1.0, 2.0], 1)
