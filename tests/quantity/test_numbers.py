from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.quantity.numbers import exact, exact_text, literal, plain, round_to, round_to_digits, scientific

finite = st.floats(allow_nan=False, allow_infinity=False)


def as_decimal(number: tuple[int, int]) -> Decimal:
    return Decimal(number[0]).scaleb(number[1])


@given(finite)
def test_exact_is_the_shortest_decimal(value: float) -> None:
    assert as_decimal(exact(value)) == Decimal(repr(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_exact_refuses_what_is_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        exact(value)


@given(st.floats(-1e12, 1e12), st.integers(-8, 8))
def test_rounding_is_half_away_from_zero_on_the_decimal(value: float, place: int) -> None:
    oracle = Decimal(repr(value)).quantize(Decimal(1).scaleb(place), rounding=ROUND_HALF_UP)
    assert Decimal(round_to(exact(value), place)).scaleb(place) == oracle


@given(finite.filter(bool), st.integers(1, 6))
def test_significant_digits(value: float, digits: int) -> None:
    rounded = as_decimal(round_to_digits(exact(value), digits))
    assert abs(rounded - Decimal(repr(value))) <= abs(Decimal(repr(value))) * Decimal(10) ** (1 - digits) / 2


@given(st.integers(-(10**9), 10**9), st.integers(-12, 12), st.integers(0, 3))
def test_texts_keep_the_number(coefficient: int, exponent: int, decimals: int) -> None:
    number = (coefficient, exponent)
    value = as_decimal(number)
    assert Decimal(plain(number, decimals)) == value
    assert plain((0, exponent)) != "-0"
    if coefficient:
        assert Decimal(scientific(number)) == value


@given(st.integers(0, 10**9), st.integers(-12, 12))
def test_exact_text_reads_back(coefficient: int, exponent: int) -> None:
    text = exact_text((coefficient, exponent))
    power = {"k": 3, "M": 6, "B": 9, "T": 12}.get(text[-1], 0)
    assert Decimal(text.rstrip("kMBT")).scaleb(power) == as_decimal((coefficient, exponent))
    assert len(text) <= 24


@given(st.decimals(0, 10**6, places=4), st.sampled_from((-2, 0, 3, 6, 9)))
def test_literals_are_rounded_once(number: Decimal, exponent: int) -> None:
    assert literal(str(number), exponent) == float(number.scaleb(exponent))


@pytest.mark.parametrize(("digits", "exponent"), [("1", 400), ("1", -400), ("0.001", -330), ("9" * 200, 200)])
def test_numbers_beyond_floats_are_refused(digits: str, exponent: int) -> None:
    with pytest.raises(OverflowError):
        literal(digits, exponent)


def test_zero_stays_zero() -> None:
    assert literal("0.00", -400) == 0.0
