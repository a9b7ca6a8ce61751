from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity import (
    MONEY,
    NUMBER,
    Unit,
    format_percent_change,
    format_signed,
    format_value,
    parse_change,
    parse_quantity,
    shown_parts,
    shown_shares,
    unit_words,
)

UNITS = st.sampled_from(
    ("", "%", "%/month", "pp", "x", "points", "customers", "USD", "USD/user/month", "EUR", "CHF", "JPY", "days")
)
values = st.floats(-1e17, 1e17).filter(lambda value: value == 0 or abs(value) > 1e-9)


def read(text: str) -> Decimal:
    """Read a shown number without any code of the package."""
    sign = -1 if text.startswith("-") else 1
    body = "".join(character for character in text if character.isdigit() or character in ".ekMBT-").lstrip("-")
    power = {"k": 3, "M": 6, "B": 9, "T": 12}.get(body[-1:], 0)
    return sign * Decimal(body.rstrip("kMBT")).scaleb(power)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (987, "USD", "$987"),
        (999.4, "", "999"),
        (999.5, "", "1k"),
        (999.6, "customers", "1k"),
        (999_500, "USD", "$1M"),
        (1_000, "USD", "$1k"),
        (17_020, "USD/month", "$17k"),
        (1_360_000, "USD", "$1.36M"),
        (122_400, "USD", "$122k"),
        (-3, "USD", "-$3"),
        (29.5, "USD", "$29.50"),
        (0.05, "USD", "$0.05"),
        (0.125, "USD", "$0.125"),
        (12.5, "JPY", "¥12.5"),
        (12.5, "CHF", "CHF 12.50"),
        (1e14, "USD", "$100T"),
        (1e15, "USD", "$1e15"),
        (65_800, "customers", "65.8k"),
        (0.42, "%", "42.0%"),
        (0.025, "%/month", "2.5%"),
        (0.02534, "%", "2.53%"),
        (1.0, "%", "100.0%"),
        (0.99996, "%", "100.0%"),
        (1.2345, "%", "123.5%"),
        (9.876, "%", "987.6%"),
        (12.3, "%", "12.3x"),
        (123.4, "%", "123x"),
        (2069.445, "%", "2070x"),
        (12.34, "USD", "$12.34"),
        (99.994, "USD", "$99.99"),
        (99.999, "USD", "$100"),
        (100.06, "USD", "$100"),
        (0.0, "%", "0.0%"),
        (0.02, "pp", "2pp"),
        (4.5, "x", "4.5x"),
        (3, "x", "3.0x"),
        (123.4, "x", "123x"),
        (99.96, "x", "100x"),
        (38, "points", "38 points"),
        (1, "points", "1 point"),
        (6.2, "days", "6.2 days"),
        (1, "days", "1 day"),
        (4, "hours/order", "4 hours"),
        (2.675, "", "2.68"),
        (-2.675, "", "-2.68"),
        (1.005, "", "1.01"),
        (0.00012345, "", "0.000123"),
        (1e-7, "", "1e-7"),
        (-0.0, "USD", "$0"),
    ],
)
def test_values(value: float, unit: str, text: str) -> None:
    assert format_value(value, Unit.parse(unit)) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (17_020, "USD", "+$17k"),
        (-3, "USD", "-$3"),
        (-0.003, "%/month", "-0.3pp"),
        (0.0042, "%", "+0.42pp"),
        (0.5, "x", "+0.5x"),
        (5, "points", "+5 points"),
        (0.0, "USD", "$0"),
        (-0.0, "%", "0pp"),
        (12.34, "USD", "+$12.34"),
        (23.4, "%", "+23.4x"),
    ],
)
def test_differences(value: float, unit: str, text: str) -> None:
    assert format_signed(value, Unit.parse(unit)) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.006412, "+0.64%"),
        (0.01274, "+1.27%"),
        (0.01, "+1%"),
        (-0.000123, "-0.012%"),
        (0.1274, "+12.7%"),
        (1.5, "+150%"),
        (0.0, "0%"),
        (-0.0, "0%"),
        (9.99, "+999%"),
        (23.45, "+23.5x"),
        (-12.0, "-12x"),
    ],
)
def test_relative_changes(ratio: float, text: str) -> None:
    assert format_percent_change(ratio) == text


def test_fewer_digits_on_request() -> None:
    share = Unit.parse("%")
    assert format_value(0.4242, share, digits=2) == "42%"
    assert format_value(122_400, Unit.parse("USD"), digits=2) == "$120k"
    assert format_signed(0.0042, share, digits=1) == "+0.4pp"


@given(values, UNITS)
def test_what_is_shown_is_the_value_at_three_digits(value: float, name: str) -> None:
    unit = Unit.parse(name)
    exact = Decimal(repr(value)).scaleb(2 if unit.is_share and abs(value) < 10 else 0)
    shown = read(format_value(value, unit))
    cents = unit.is_money and unit.money != "JPY" and exact.adjusted() == 1
    step = Decimal(1).scaleb(exact.adjusted() - 2 - cents) if exact else Decimal(1)
    one_decimal = unit.display == "%" and abs(value) < 10
    assert shown == exact.quantize(min(step, Decimal("0.1")) if one_decimal else step, rounding=ROUND_HALF_UP)
    assert not format_value(value, unit).startswith("-0 ")
    assert (shown < 0) == format_value(value, unit).startswith("-")


@given(values, UNITS, st.sampled_from(("USD", "CAD", "EUR", "CNY")))
def test_what_is_shown_reads_back(value: float, name: str, currency: str) -> None:
    unit = Unit.parse(name)
    text = format_value(value, unit, currency=currency)
    quantity = parse_quantity(text, currency=currency)
    assert quantity.value == pytest.approx(value, rel=0.0051)
    if unit.is_money:
        assert quantity.unit is not None
        assert quantity.unit.money == unit.money
    again = format_value(quantity.central(), unit, currency=currency)
    assert again == text


@given(values, UNITS)
def test_signed_differences_read_as_changes(value: float, name: str) -> None:
    assume(value)
    unit = Unit.parse(name)
    text = format_signed(value, unit)
    assert text[0] == ("+" if value > 0 else "-")
    parse_change(text)


@given(st.sampled_from(sorted(MONEY)), st.sampled_from(sorted(MONEY)))
def test_money_is_never_confused(code: str, currency: str) -> None:
    text = format_value(12.0, Unit.parse(code), currency=currency)
    assert parse_quantity(text, currency=currency).unit == Unit.parse(code)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_never_shown(value: float) -> None:
    with pytest.raises(QuantityError, match="finite"):
        format_value(value, NUMBER)
    with pytest.raises(QuantityError, match="finite"):
        format_signed(value, NUMBER)
    with pytest.raises(QuantityError, match="finite"):
        format_percent_change(value)
    with pytest.raises(QuantityError, match="finite"):
        shown_parts([value], 0.0, NUMBER)


def test_denominators_in_words() -> None:
    assert unit_words(Unit.parse("USD/user/month")) == "per user per month"
    assert unit_words(Unit.parse("%/month")) == "per month"
    assert unit_words(Unit.parse("1/month")) == "per month"
    assert unit_words(Unit.parse("customers")) == ""
    assert unit_words(NUMBER) == ""


amounts = st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(st.lists(amounts, min_size=1, max_size=12), st.sampled_from(("USD", "%", "customers", "points", "hours", "JPY")))
def test_shown_parts_add_up_to_the_shown_total(parts: list[float], name: str) -> None:
    unit = Unit.parse(name)
    total = sum(parts)
    texts, whole = shown_parts(parts, total, unit)
    assert sum(map(read, texts)) == read(whole)
    assert len(texts) == len(parts)
    scale = 100 if unit.is_share else 1
    step = max(abs(total) / 100, max(map(abs, parts)) / (1e7 if total else 100)) * scale
    for part, text in zip(parts, texts, strict=True):
        assert abs(float(read(text)) - part * scale) <= step * 1.0001


@given(st.lists(st.floats(0.5, 1e6), min_size=1, max_size=12))
def test_the_shown_total_is_that_of_the_headline(parts: list[float]) -> None:
    unit = Unit.parse("USD")
    assert shown_parts(parts, sum(parts), unit)[1] == format_signed(sum(parts), unit)


def test_parts_share_one_scale() -> None:
    usd = Unit.parse("USD")
    assert shown_parts([15_649, 871, 480], 17_000, usd) == (("+$15.6k", "+$0.9k", "+$0.5k"), "+$17k")
    assert shown_parts([1.2e6, -1.183e6], 17_000, usd) == (("+$1200k", "-$1183k"), "+$17k")
    assert shown_parts([1e6, -999_998.77], 1.23, usd) == (("+$1000000", "-$999998.80"), "+$1.20")
    assert shown_parts([0.1, 0.2, -0.3], 0.1 + 0.2 - 0.3, usd) == (("+$0.10", "+$0.20", "-$0.30"), "$0")
    assert shown_parts([5, -5], 0, usd) == (("+$5", "-$5"), "$0")
    assert shown_parts([], 0, usd) == ((), "$0")
    assert shown_parts([0.001, 0.002], 0.003, Unit.parse("%")) == (("+0.1pp", "+0.2pp"), "+0.3pp")


def test_equal_parts_that_do_not_divide() -> None:
    texts, whole = shown_parts([100 / 3] * 3, 100, NUMBER)
    assert (texts, whole) == (("+34", "+33", "+33"), "+100")


@pytest.mark.parametrize(("parts", "total"), [([1.0, 2.0], 100.0), ([], 5.0), ([100.0], 1.0)])
def test_parts_that_do_not_add_up_are_refused(parts: list[float], total: float) -> None:
    with pytest.raises(QuantityError, match="add up"):
        shown_parts(parts, total, NUMBER)


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=30))
def test_shown_shares_add_up_to_a_hundred(weights: list[float]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    shown = shown_shares(shares)
    assert sum(int(text.removesuffix("%")) for text in shown) == 100
    assert all(abs(int(text[:-1]) - 100 * share) < 1 for text, share in zip(shown, shares, strict=True))


@given(st.lists(st.floats(-3, 3), max_size=8))
def test_signed_shares_add_up_too(shares: list[float]) -> None:
    rest = 1.0 - sum(shares)
    shown = shown_shares([*shares, rest])
    assert sum(int(text.removesuffix("%")) for text in shown) == 100
    assert "-0%" not in shown


def test_shares_of_the_example() -> None:
    assert shown_shares([0.924, 0.05, 0.026]) == ("92%", "5%", "3%")
    assert shown_shares([0.3, 0.3]) == ("30%", "30%")
