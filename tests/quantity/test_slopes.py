from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity import parse_slope, parse_slope_range


@pytest.mark.parametrize(
    ("text", "slope", "above", "below"),
    [
        ("-0.01pp per point", -0.0001, "pp", "points"),
        ("-0.03pp per pp", -0.03, "pp", "pp"),
        ("-0.3pp per 10pp", -0.03, "pp", "pp"),
        ("0.2pp/month per 10 points", 0.0002, "pp/month", "points"),
        ("$2 per point", 2.0, "USD", "points"),
        ("$2/user per point", 2.0, "USD/user", "points"),
        ("2 USD per user per point", 2.0, "USD/user", "points"),
        ("$5 per pp", 500.0, "USD", "pp"),
        ("0.5 orders per visit", 0.5, "orders", "visits"),
        ("2pp per $1k", 0.00002, "pp", "USD"),
        ("-0.3", -0.3, "", ""),
        (-0.5, -0.5, "", ""),
        (2, 2.0, "", ""),
        ("-0.3 per point", -0.3, "", "points"),
    ],
)
def test_slopes_as_people_write_them(text: str | float, slope: float, above: str, below: str) -> None:
    value, *units = parse_slope(text)
    assert value == pytest.approx(slope, rel=1e-15)
    assert [str(unit) for unit in units] == [above, below]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0.1% per point", "pp"),
        ("0.1pp per %", "pp"),
        ("0.1pp per 1%", "pp"),
        ("1 per 0 points", "above zero"),
        ("1 per -1 points", "above zero"),
        ("x per point", "not a number"),
        ("1 per", "not a number|missing"),
        ("1 per 5 million", "`M`"),
        ("1" * 201, "too long"),
        (True, "bool"),
        (None, "NoneType"),
        (float("nan"), "finite"),
        (10**400, "finite"),
    ],
)
def test_refusals_say_what_to_write(text: object, word: str) -> None:
    with pytest.raises(QuantityError, match=word):
        parse_slope(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("-0.03pp to -0.01pp per point", -0.0003, -0.0001),
        ("-0.03pp per point to -0.01pp per point", -0.0003, -0.0001),
        ("-0.3 to -0.1", -0.3, -0.1),
        ("$1 to $3 per pp", 100.0, 300.0),
    ],
)
def test_ranges_of_slopes(text: str, low: float, high: float) -> None:
    assert parse_slope_range(text)[:2] == pytest.approx((low, high))


@pytest.mark.parametrize("text", ["-0.3", "1 to 2 to 3", "2 to 1", "1pp per point to 2 per point", "1 to 2%", 3, None])
def test_other_texts_are_no_ranges_of_slopes(text: object) -> None:
    with pytest.raises(QuantityError):
        parse_slope_range(text)  # type: ignore[arg-type]


@given(st.text(alphabet=st.sampled_from("-0123456789. perpoint$%xto"), max_size=20) | st.text(max_size=15))
def test_hostile_text_ends_in_a_quantity_error(text: str) -> None:
    for parse in (parse_slope, parse_slope_range):
        try:
            slope = parse(text)
        except QuantityError:
            continue
        assert math.isfinite(float(slope[0]))
