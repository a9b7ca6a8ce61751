from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import ChangeError
from impacttree.quantity import (
    Add,
    Change,
    Points,
    RawQuantity,
    Relative,
    Set,
    Spread,
    Unit,
    add,
    at,
    number_of,
    parse_change,
    points,
    quantity_of,
    relative,
    to,
)

UNITS = st.sampled_from(
    ("%", "x", "points", "customers", "USD", "USD/user/month", "CHF", "EUR/order", "hours", "pp/month")
)
amounts = st.floats(-1e12, 1e12).filter(lambda value: value == 0 or abs(value) > 1e-12)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("+1%", Relative(0.01)),
        ("-1%", Relative(-0.01)),
        ("+0%", Relative(0.0)),
        ("+10% relative", Relative(0.1, stated=True)),
        ("+2pp", Points(2.0)),
        (" -0.3pp ", Points(-0.3)),
        ("+0.5pp/month", Add(0.005, Unit.parse("pp/month"))),
        ("+500", Add(500.0)),
        ("+1.2M customers", Add(1.2e6, Unit.parse("customers"))),
        ("-$3", Add(-3.0, Unit.parse("USD"))),
        ("- $3/user", Add(-3.0, Unit.parse("USD/user"))),
        ("+5 points", Add(5.0, Unit.parse("points"))),
        ("=45%", Set(0.45, Unit.parse("%"))),
        ("= $32", Set(32.0, Unit.parse("USD"))),
        ("=-3", Set(-3.0)),
        ("=0", Set(0.0)),
    ],
)
def test_what_people_say(text: str, change: Change) -> None:
    assert parse_change(text) == change
    assert parse_change(change) is change


def test_typed_forms() -> None:
    assert relative(0.01) == Relative(0.01, stated=True)
    assert points(2) == Points(2.0)
    assert add(500) == Add(500.0, None, typed=True)
    assert to(0.45) == Set(0.45, None, typed=True)
    for make in (relative, points, add, to):
        for wrong in (True, "one", None, float("nan"), float("inf"), 10**400, [1]):
            with pytest.raises(ChangeError, match="number"):
                make(wrong)  # type: ignore[arg-type]


@given(amounts.map(abs), UNITS, st.sampled_from("+-="))
def test_texts_read_back(value: float, name: str, sign: str) -> None:
    unit = Unit.parse(name)
    change: Change
    if sign == "=":
        if unit.display == "pp":
            return
        change = Set(value, unit)
    elif name == "%":
        change = Relative(value if sign == "+" else -value)
    else:
        change = Add(value if sign == "+" or not value else -value, unit)
    again = parse_change(str(change))
    assert type(again) is type(change)
    assert again == change or str(again) == str(change)
    if isinstance(change, Set) and isinstance(again, Set):
        assert again.value == pytest.approx(change.value, rel=1e-15)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Relative(0.01), "+1%"),
        (Relative(-0.0), "+0%"),
        (Points(2.0), "+2pp"),
        (Points(-0.25), "-0.25pp"),
        (Add(500.0, Unit.parse("USD")), "+$500"),
        (Add(-1.2e6, Unit.parse("USD/month")), "-$1.2M/month"),
        (Add(3.0, Unit.parse("CAD")), "+CAD 3"),
        (Add(0.005, Unit.parse("pp/month")), "+0.5pp/month"),
        (Add(65_432.0, Unit.parse("customers")), "+65432 customers"),
        (Set(0.45, Unit.parse("%")), "=45%"),
        (Set(4.5, Unit.parse("x")), "=4.5x"),
        (Set(-0.0, None), "=0"),
    ],
)
def test_texts_look_as_people_write(change: Change, text: str) -> None:
    assert str(change) == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("5", r"'\+5' to add or '=5' to set"),
        ("1%", r"'\+1%' to multiply or '=1%' to set"),
        ("2pp", r"'\+2pp' to add or '=2pp' to set"),
        ("1%/month", r"'\+1%/month' to add or"),
        ("$5", "to add"),
        ("", "starts with"),
        ("−3", "write e.g."),
        ("+", "not a number"),
        ("=", "not a number"),
        ("++3", "not a number"),
        ("+-3", "not a number"),
        ("+1% (1% to 2%)", "not on one of them"),
        ("+1% (2% to 3%)", "outside its range"),
        ("+1% (1% to 1%)", "below its high end"),
        ("+2% to +1%", "below its high end"),
        ("-1% to -2%", "below its high end"),
        ("+1% (0.5pp to 2pp)", "units differ: % and pp"),
        ("-1% to 2%", r"'2%' could mean -2% or \+2%"),
        ("-1% (-2% to 0.5%)", "write a sign before both ends"),
        ("+1% (2%)", "not a range"),
        ("+1% (", "cannot read"),
        ("-(1% to 2%)", "parentheses"),
        ("=45pp (43pp to 47pp)", "=45%"),
        ("+5pp relative (3pp to 8pp)", "percentage"),
        ("+1e309pp (1pp to 1e310pp)", "too wide"),
        ("+1,000", "1_000"),
        ("+0.5%/month", "pp/month"),
        ("=5pp", "=5%"),
        ("+$3 relative", "percentage"),
        ("+3 relative", "percentage"),
        ("=45% relative", "cannot read"),
        ("+1e400", "too large"),
        ("+" + "1" * 300, "too long"),
        (5, "add"),
        (0.01, "relative"),
        (True, "bool"),
        (None, "NoneType"),
        (["+1%"], "list"),
    ],
)
def test_refusals_say_what_to_write(text: object, word: str) -> None:
    with pytest.raises(ChangeError, match=word):
        parse_change(text)  # type: ignore[arg-type]


@given(
    st.text(alphabet=st.sampled_from("+-=0123456789.,%p$€/ toxrelativk()¹−\n\0"), max_size=18)
    | st.text(max_size=15)
    | st.floats()
    | st.integers()
)
def test_hostile_input_ends_in_a_finite_change_or_a_change_error(raw: object) -> None:
    try:
        change = parse_change(raw)  # type: ignore[arg-type]
    except ChangeError:
        return
    match change:
        case Relative(ratio=number) | Points(points=number) | Add(amount=number) | Set(value=number):
            assert math.isfinite(number)
    assert parse_change(str(change)) == change or isinstance(change, Relative)
    assert math.isfinite(number_of(change))


# ---- changes that are not known for certain


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("+1% (+0.5% to +2%)", Relative(0.01, spread=Spread("p10_p50_p90", (0.005, 0.01, 0.02)))),
        ("+1% (0.5% to 2%)", Relative(0.01, spread=Spread("p10_p50_p90", (0.005, 0.01, 0.02)))),
        ("+1% (-0.5 to 2)", Relative(0.01, spread=Spread("p10_p50_p90", (-0.005, 0.01, 0.02)))),
        ("-0.3pp (-0.5pp to -0.1pp)", Points(-0.3, Spread("p10_p50_p90", (-0.5, -0.3, -0.1)))),
        ("-0.3pp (0.1pp to 0.5pp)", Points(-0.3, Spread("p10_p50_p90", (-0.5, -0.3, -0.1)))),
        ("-20% (-30% to 0%)", Relative(-0.2, spread=Spread("p10_p50_p90", (-0.3, -0.2, 0.0)))),
        ("-$3 (-$4 to -$2)", Add(-3.0, Unit.parse("USD"), spread=Spread("p10_p50_p90", (-4.0, -3.0, -2.0)))),
        ("=45% (43% to 47%)", Set(0.45, Unit.parse("%"), spread=Spread("p10_p50_p90", (0.43, 0.45, 0.47)))),
        ("=-3 (-4 to -2)", Set(-3.0, spread=Spread("p10_p50_p90", (-4.0, -3.0, -2.0)))),
        ("+5% relative (3% to 8%)", Relative(0.05, True, Spread("p10_p50_p90", (0.03, 0.05, 0.08)))),
        ("+5% (3% to 8%) relative", Relative(0.05, True, Spread("p10_p50_p90", (0.03, 0.05, 0.08)))),
        ("+0.5pp to +2pp", Points(1.0, Spread("p10_p90", (0.5, 2.0)))),
        ("+0.5pp to 2pp", Points(1.0, Spread("p10_p90", (0.5, 2.0)))),
        ("-9 to -4", Add(-6.0, spread=Spread("p10_p90", (-9.0, -4.0)))),
        ("-1 to +3", Add(1.0, spread=Spread("p10_p90", (-1.0, 3.0)))),
        ("=$4 to $9", Set(6.0, Unit.parse("USD"), spread=Spread("p10_p90", (4.0, 9.0)))),
    ],
)
def test_ranges_that_people_say(text: str, change: Change) -> None:
    assert parse_change(text) == change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (relative("1% (0.5% to 2%)"), "+1% (+0.5% to +2%)"),
        (relative("0.01 (0.005 to 0.02)"), "+1% (+0.5% to +2%)"),
        (relative({"normal": {"mean": 0.01, "sd": 0.004}}), "+1% (normal)"),
        (relative({"beta": {"alpha": 2, "beta": 3}}), "+40% (beta)"),
        (points({"p10": 0.5, "p50": 1, "p90": 2}), "+1pp (+0.5pp to +2pp)"),
        (points("0.5pp to 2pp"), "+0.5pp to +2pp"),
        (points({"lognormal": ["1pp", "0.5pp"]}), "+0.8944pp (lognormal)"),
        (points({"discrete": [["1pp", 0.25], ["3pp", 0.75]]}), "+2.5pp (discrete +1pp to +3pp)"),
        (add({"triangular": ["-$3", "-$2", "-$1"]}), "-$2 (triangular -$3 to -$1)"),
        (add("500 (400 to 700)"), "+500 (+400 to +700)"),
        (to({"uniform": "40% to 46%"}), "=43% (uniform 40% to 46%)"),
        (to({"value": "43%", "ci95": "40% to 46%"}), "=43% (ci95 40% to 46%)"),
    ],
)
def test_typed_forms_take_every_form_of_a_quantity(change: Change, text: str) -> None:
    assert str(change) == text
    known = quantity_of(change)
    assert (known.value, known.spread, known.unit) == (number_of(change), change.spread, None)


def test_typed_forms_with_a_unit_are_in_that_unit() -> None:
    assert points("1pp (0.5pp to 2pp)") == points("1 (0.5 to 2)")
    assert points({"discrete": [["1pp", 0.25], ["3pp", 0.75]]}) == points({"discrete": [[1, 0.25], [3, 0.75]]})
    assert add("-$3 (-$4 to -$2)") == parse_change("-$3 (-$4 to -$2)")
    assert to("45% (43% to 47%)") == parse_change("=45% (43% to 47%)")
    assert relative("5% (3% to 8%)") == parse_change("+5% relative (3% to 8%)")
    assert add("3 (2 to 4)") == Add(3.0, None, True, Spread("p10_p50_p90", (2.0, 3.0, 4.0)))


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        (relative, "2pp", "a relative change is a ratio"),
        (relative, "1%/month", "a relative change is a ratio"),
        (points, "2%", "percentage points"),
        (points, {"beta": {"alpha": 2, "beta": 3}}, "percentage points"),
        (points, "1e309pp (1e308pp to 1e310pp)", "too wide"),
        (add, "1% (0% to 2%)", "a ratio or points"),
        (to, "5pp", "difference, not a level"),
        (to, "45% (45% to 47%)", "not on one of them"),
        (relative, {"value": 0.02, "normal": [0.01, 0.004]}, "not the P50 of its distribution"),
        (add, {"uniform": "2 to 2"}, "below its high end"),
        (add, {"unifrom": "2 to 3"}, "did you mean 'uniform'"),
        (to, "1,200", "comma"),
    ],
)
def test_typed_forms_refuse_what_does_not_fit(
    make: Callable[[RawQuantity], Change], given: RawQuantity, words: str
) -> None:
    with pytest.raises(ChangeError, match=words):
        make(given)


three = st.lists(st.integers(-999, 999), min_size=3, max_size=3, unique=True).map(sorted)


@given(three, st.sampled_from(("%", "pp", " customers", "")), st.booleans(), st.booleans())
def test_texts_with_a_range_read_back(numbers: list[int], unit: str, level: bool, alone: bool) -> None:
    if level and unit == "pp":
        return
    written = [f"{number / 10:{'' if level else '+'}}{unit}" for number in numbers]
    text = f"{written[0]} to {written[2]}" if alone else f"{written[1]} ({written[0]} to {written[2]})"
    change = parse_change(f"={text}" if level else text)
    assert parse_change(str(change)) == change
    known = quantity_of(change)
    share = 100 if unit == "%" else 1
    assert known.low_high() == (pytest.approx(numbers[0] / 10 / share), pytest.approx(numbers[2] / 10 / share))
    if not alone:
        assert number_of(change) == pytest.approx(numbers[1] / 10 / share)


@given(three.filter(lambda numbers: numbers[0] > 0))
def test_ends_take_the_sign_of_a_loss(numbers: list[int]) -> None:
    low, middle, high = numbers
    assert parse_change(f"-{middle}pp ({low}pp to {high}pp)") == parse_change(f"-{middle}pp (-{high}pp to -{low}pp)")
    assert parse_change(f"+{middle}pp ({low}pp to {high}pp)") == parse_change(f"+{middle}pp (+{low}pp to +{high}pp)")


def test_at_another_number_a_change_is_certain() -> None:
    for text, number, expected in (
        ("+5% relative (3% to 8%)", 0.04, Relative(0.04, stated=True)),
        ("-0.3pp (-0.5pp to -0.1pp)", -0.2, Points(-0.2)),
        ("-$3 (-$4 to -$2)", -2.5, Add(-2.5, Unit.parse("USD"))),
        ("=45% (43% to 47%)", 0.44, Set(0.44, Unit.parse("%"))),
    ):
        assert at(parse_change(text), number) == expected
    assert at(add("3 (2 to 4)"), 2.0) == add(2)
