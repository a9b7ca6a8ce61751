from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity import NUMBER, PERCENT, PP, Quantity, Spread, Unit, parse_quantity, parse_range

NUMBERS = st.from_regex(r"(0|[1-9][0-9]{0,5})(\.[0-9]{0,4})?", fullmatch=True)
UNITS = st.sampled_from(("", "%", "%/month", "pp", "x", "points", "customers", "USD", "USD/user/month", "days"))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("42%", 0.42, "%"),
        ("57 %", 0.57, "%"),
        ("2.5%/month", 0.025, "%/month"),
        ("2pp", 0.02, "pp"),
        ("1.2M", 1.2e6, None),
        ("1.1 M", 1.1e6, None),
        ("3k", 3000.0, None),
        ("3K users", 3000.0, "users"),
        ("1e3", 1000.0, None),
        ("2.5e-3", 0.0025, None),
        ("1_000_000", 1e6, None),
        (".5", 0.5, None),
        ("+5", 5.0, None),
        ("-0", 0.0, None),
        ("-3", -3.0, None),
        ("65_800 customers", 65_800.0, "customers"),
        ("$29/user/month", 29.0, "USD/user/month"),
        ("29 USD/user/month", 29.0, "USD/user/month"),
        ("$29 per user per month", 29.0, "USD/user/month"),
        ("-$1.2M", -1.2e6, "USD"),
        ("US$ 5", 5.0, "USD"),
        ("€12.50/order", 12.5, "EUR/order"),
        ("CHF 12", 12.0, "CHF"),
        ("4.5x", 4.5, "x"),
        ("4kx", 4000.0, "x"),
        ("1kpp", 10.0, "pp"),
        ("90min/order", 90.0, "minutes/order"),
        ("29USD", 29.0, "USD"),
        ("38 points", 38.0, "points"),
        ("6.2 days", 6.2, "days"),
        ("90 min", 90.0, "minutes"),
        ("5/month", 5.0, "1/month"),
        ("5.", 5.0, None),
        ("5.%", 0.05, "%"),
        ("0.50", 0.5, None),
    ],
)
def test_one_number_as_people_write_it(text: str, value: float, unit: str | None) -> None:
    quantity = parse_quantity(text)
    assert quantity.value == value
    assert math.copysign(1.0, quantity.central()) == math.copysign(1.0, value)
    assert quantity.unit == (None if unit is None else Unit.parse(unit))
    assert quantity.spread is None
    assert quantity.text == text


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$0.002/1k tokens", 0.000002, "USD/token"),
        ("$2/1M tokens", 0.000002, "USD/token"),
        ("$2/Mtokens", 0.000002, "USD/token"),
        ("$2 per million tokens", 0.000002, "USD/token"),
        ("$5/1000 impressions", 0.005, "USD/impression"),
        ("$6/12 bottles", 0.5, "USD/bottle"),
        ("960k Mtokens/month", 960e9, "tokens/month"),
        ("3 ktokens", 3000.0, "tokens"),
        ("5 kUsers", 5000.0, "users"),
        ("$30/customer-month", 30.0, "USD/customer/month"),
        ("12 person-days", 12.0, "people*days"),
        ("$0.02/GB-month", 0.02, "USD/gb/month"),
        ("1.9% of gmv", 0.019, "%"),
        ("1.9% of gross revenue/month", 0.019, "%/month"),
        ("1.375 orders/customer/month", 1.375, "orders/customer/month"),
        ("$1.125/gallon", 1.125, "USD/gallon"),
        ("1.000", 1.0, None),
        ("3 Marketers", 3.0, "marketers"),
    ],
)
def test_units_as_people_write_them(text: str, value: float, unit: str | None) -> None:
    quantity = parse_quantity(text)
    assert quantity.value == value
    assert quantity.unit == (None if unit is None else Unit.parse(unit))


@pytest.mark.parametrize(
    ("text", "value", "ends"),
    [
        ("$2/1M tokens ($1 to $3)", 2e-6, (1e-6, 3e-6)),
        ("$2/1M tokens ($1/1M tokens to $3/1M tokens)", 2e-6, (1e-6, 3e-6)),
        ("$2/1k tokens ($1_000/1M tokens to $3_000/1M tokens)", 2e-3, (1e-3, 3e-3)),
        ("1.9% of gmv (1.7% to 2.1%)", 0.019, (0.017, 0.021)),
    ],
)
def test_ends_of_a_range_are_of_as_many_as_the_point(text: str, value: float, ends: tuple[float, float]) -> None:
    quantity = parse_quantity(text)
    assert quantity.value == value
    assert quantity.low_high() == ends


@pytest.mark.parametrize(("raw", "value"), [(3, 3.0), (2.5, 2.5), (-0.0, 0.0), (10**300, 1e300)])
def test_python_numbers_are_bare(raw: float, value: float) -> None:
    quantity = parse_quantity(raw)
    assert (quantity.value, quantity.unit, quantity.spread) == (value, None, None)
    assert math.copysign(1.0, quantity.central()) == 1.0


@given(NUMBERS, UNITS, st.sampled_from(("", "k", "M", "B", "T")), st.sampled_from(("", "-", "+")))
def test_what_is_read_is_the_decimal_that_was_written(number: str, unit: str, suffix: str, sign: str) -> None:
    assume(suffix or not re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", number))
    quantity = parse_quantity(f"{sign}{number}{suffix} {unit}")
    power = {"": 0, "k": 3, "M": 6, "B": 9, "T": 12}[suffix] - (2 if unit[:1] == "%" or unit == "pp" else 0)
    assert quantity.value == float(Decimal(sign + number).scaleb(power))
    assert quantity.unit == (Unit.parse(unit) if unit else None)


@pytest.mark.parametrize(
    ("text", "value", "numbers", "unit"),
    [
        ("42% (40% to 45%)", 0.42, (0.40, 0.45), "%"),
        ("40% (40% to 45%)", 0.40, (0.40, 0.45), "%"),
        ("45% (40% to 45%)", 0.45, (0.40, 0.45), "%"),
        ("42% (40 to 45)", 0.42, (0.40, 0.45), "%"),
        ("42 (40% to 57%)", 0.42, (0.40, 0.57), "%"),
        ("40% to 45%", None, (0.40, 0.45), "%"),
        ("40 to 57%", None, (0.40, 0.57), "%"),
        ("-0.5pp to -0.1pp", None, (-0.005, -0.001), "pp"),
        ("$25 to $33/user", None, (25.0, 33.0), "USD/user"),
        ("$29 ($25 to $33)", 29.0, (25.0, 33.0), "USD"),
        ("$29/user (25 to 33)", 29.0, (25.0, 33.0), "USD/user"),
        ("3 to 5 days", None, (3.0, 5.0), "days"),
        ("1k to 2k", None, (1000.0, 2000.0), None),
    ],
)
def test_ranges(text: str, value: float | None, numbers: tuple[float, float], unit: str | None) -> None:
    quantity = parse_quantity(text)
    assert quantity.value == value
    assert quantity.spread == Spread("p10_p90", numbers)
    assert quantity.low_high() == numbers
    assert quantity.unit == (None if unit is None else Unit.parse(unit))
    if value is None:
        assert parse_range(text) == quantity
        assert numbers[0] < quantity.central() < numbers[1]


@pytest.mark.parametrize(
    ("raw", "value", "spread", "unit"),
    [
        ({"p10": "40%", "p90": "45%"}, None, Spread("p10_p90", (0.40, 0.45)), PERCENT),
        ({"value": "42%", "p10": "40%", "p90": "45%"}, 0.42, Spread("p10_p90", (0.40, 0.45)), PERCENT),
        ({"p90": 9, "p50": 2, "p10": 1}, None, Spread("p10_p50_p90", (1.0, 2.0, 9.0)), None),
        ({"value": "2.5%", "ci95": "2% to 3%"}, 0.025, Spread("ci95", (0.02, 0.03)), PERCENT),
        ({"ci95": ["$2", "$3"]}, None, Spread("ci95", (2.0, 3.0)), Unit.parse("USD")),
        ({"normal": {"mean": "42%", "sd": "2%"}}, None, Spread("normal", (0.42, 0.02)), PERCENT),
        ({"normal": [5, 1]}, None, Spread("normal", (5.0, 1.0)), None),
        ({"lognormal": {"sd": "$10", "mean": "$29"}}, None, Spread("lognormal", (29.0, 10.0)), Unit.parse("USD")),
        ({"value": 40, "normal": [5, 1]}, 40.0, Spread("normal", (5.0, 1.0)), None),
        ({"value": "$20", "lognormal": ["$29", "$10"]}, 20.0, Spread("lognormal", (29.0, 10.0)), Unit.parse("USD")),
        ({"value": 1, "discrete": [[0, 0.5], [2, 0.5]]}, 1.0, Spread("discrete", (0.0, 0.5, 2.0, 0.5)), None),
        ({"beta": {"alpha": 42, "beta": 58}}, None, Spread("beta", (42.0, 58.0)), PERCENT),
        ({"value": "2%/month", "beta": [2, 98]}, 0.02, Spread("beta", (2.0, 98.0)), Unit.parse("%/month")),
        ({"triangular": [1, 2, 4]}, None, Spread("triangular", (1.0, 2.0, 4.0)), None),
        ({"uniform": "1 to 3 days"}, None, Spread("uniform", (1.0, 3.0)), Unit.parse("days")),
        ({"uniform": {"low": 1, "high": 3}}, None, Spread("uniform", (1.0, 3.0)), None),
        (
            {"discrete": [["$0", "70%"], ["$50k", 0.3]]},
            None,
            Spread("discrete", (0.0, 0.7, 50_000.0, 0.3)),
            Unit.parse("USD"),
        ),
        ({"discrete": {"10%": 0.5, "20%": 0.5}}, None, Spread("discrete", (0.1, 0.5, 0.2, 0.5)), PERCENT),
    ],
)
def test_mappings(raw: Mapping[str, object], value: float | None, spread: Spread, unit: Unit | None) -> None:
    quantity = parse_quantity(raw)
    assert (quantity.value, quantity.spread, quantity.unit) == (value, spread, unit)
    assert quantity.text.startswith("{")
    assert quantity.central() == (spread.central() if value is None else value)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("1,200", "1_200 or, as a decimal, 1.2"),
        ("1,5", "write 1.5"),
        ("+nan", "finite"),
        ("-Infinity", "finite"),
        ("1e400", "too large"),
        ("1e-400", "too small"),
        ("9" * 201, "too long"),
        ("٣", "not a number"),
        ("４２%", "not a number"),
        ("−3", "minus"),
        ("40%–45%", "40% to 45%"),
        ("40%-45%", "40% to 45%"),
        ("40-45", "40 to 45"),
        ("0123", "write 123"),
        ("-$007", "write -\\$7"),
        ("1.127.54", "write 1_127.54"),
        ("€1.127,54", "write €1_127.54"),
        ("1 200 users", "write 1_200 users"),
        ("~40", "40% to 45%"),
        ("(3)", "`-`"),
        ("5 million", "write 5M"),
        ("5bn", "write 5B"),
        ("1.2Musers", "space"),
        ("5kg", "space"),
        ("5users/month", "space"),
        ("5m", "write 5M, or spell the unit out"),
        ("$5m", r"write \$5M"),
        ("$5 million/month", r"write \$5M/month"),
        ("5 million users", "write 5M users"),
        ("$-10_000", r"write -\$10_000"),
        ("USD -5", "write -USD 5"),
        ("120,000", "write 120_000 or, as a decimal, 120.0"),
        ("120,000 customers", "write 120_000 customers or, as a decimal, 120.0 customers"),
        ("1,127.54", "write 1_127.54"),
        ("1.127,54", "write 1_127.54"),
        ("9,000,000", "write 9_000_000"),
        ("0,5%", "write 0.5%"),
        ("9.000 customers", "write 9_000 customers or, as a decimal, 9.0 customers"),
        ("9.125 customers", "write 9_125 customers or, as a decimal, 9.1250 customers"),
        ("€9.000/month", "write €9_000/month or, as a decimal, €9.0/month"),
        ("12.000", "write 12_000 or, as a decimal, 12.0"),
        ("1.127.540 users", "write 1_127_540 users"),
        ("$2/0 tokens", "per 0"),
        ("$2/5", "what is counted is missing"),
        ("2% of", "what the share is of"),
        ("3 person days", "person-days"),
        ("3 mtokens", "1M tokens"),
        ("25bps", "pp"),
        ("0x10", "cannot read"),
        ("1__0", "cannot read"),
        ("1_", "cannot read"),
        ("5 usd", "capitals"),
        ("$29 users", "after the number"),
        ("$29)", "after the number"),
        ("$-3", "write -\\$3"),
        ("", "not a number"),
        ("to", "not a number"),
        ("5 to", "range"),
        ("5 to 3", "below its high end"),
        ("3 to 3", "below its high end"),
        ("1 to 2 to 3", "low to high"),
        ("40% to 45 days", "units differ"),
        ("42% (40 days to 45 days)", "units differ"),
        ("$29 (€25 to €33)", "units differ"),
        ("$29 ($25/month to $33/month)", "units differ"),
        ("42% (50% to 60%)", "outside"),
        ("42% (0.4 to 0.45)", "outside"),
        ("42% (40%)", "low to high"),
        ("(40% to 45%)", "parentheses"),
        ("42% (40% to 45%) (1 to 2)", "not a range"),
        (True, "true or false"),
        (None, "nothing"),
        ([1, 2], "list"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (10**400, "finite"),
        ({}, "give one of"),
        ({"value": 3}, "give one of"),
        ({"p10": 3}, "give one of"),
        ({"p50": 3}, "give one of"),
        ({"p10": 1, "p90": 3, "normal": [1, 2]}, "give one of"),
        ({"p1O": 3}, "did you mean 'p10'"),
        ({"p10": 3, "p90": 1}, "increase"),
        ({"value": 2, "p10": 1, "p50": 2, "p90": 3}, "keep one"),
        ({"value": 9, "p10": 1, "p90": 3}, "outside"),
        ({"p10": "40%", "p90": 45}, "units differ"),
        ({"value": "42%", "ci95": "$1 to $2"}, "units differ"),
        ({"ci95": 3}, "not a range"),
        ({"ci95": "3"}, "not a range"),
        ({"ci95": [3, 1]}, "increase"),
        ({"normal": 3}, r"mean: \.\.\., sd: \.\.\."),
        ({"normal": {"mean": 1, "std": 1}}, r"mean: \.\.\., sd: \.\.\."),
        ({"normal": [1, 0]}, "above zero"),
        ({"normal": [True, 1]}, "true or false"),
        ({"normal": ["1 to 2", 1]}, "one number"),
        ({"normal": ["42% (40% to 45%)", "1%"]}, "one number"),
        ({"normal": [None, 1]}, "nothing"),
        ({"lognormal": [0, 1]}, "above zero"),
        ({"value": -1, "lognormal": [1, 1]}, "outside"),
        ({"value": 3, "discrete": [[0, 0.5], [2, 0.5]]}, "outside"),
        ({"beta": [0, 1]}, "above zero"),
        ({"beta": [1e7, 1]}, "at most"),
        ({"beta": ["4%", "5%"]}, "bare"),
        ({"value": 2, "beta": [4, 6]}, "outside"),
        ({"triangular": [3, 2, 1]}, "increase"),
        ({"triangular": [1, 1, 1]}, "increase"),
        ({"uniform": [2, 1]}, "increase"),
        ({"discrete": [[1, 0.5], [2, 0.4]]}, "add up to 0.9"),
        ({"discrete": [[1, 1.5], [2, -0.5]]}, "probability"),
        ({"discrete": [[1, "$1"], [2, 0.5]]}, "probability"),
        ({"discrete": [[1, 1]]}, "2 to 100"),
        ({"discrete": "1"}, "2 to 100"),
        ({"discrete": [[1], [2]]}, "value, probability"),
        ({"discrete": [1, 2]}, "value, probability"),
    ],
)
def test_refusals_say_what_to_write(raw: object, word: str) -> None:
    with pytest.raises(QuantityError, match=word):
        parse_quantity(raw)  # type: ignore[arg-type]


def test_the_spot_is_marked_in_the_text() -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity("12 USD per usr,")
    assert caught.value.problems[0].formula == "12 USD per usr,"
    with pytest.raises(QuantityError) as caught:
        parse_quantity("12 USD/dollars")
    (problem,) = caught.value.problems
    assert problem.formula[slice(*problem.span)] == "dollars"


@pytest.mark.parametrize("raw", ["42%", "42% (40% to 45%)", 3, {"p10": 1, "p90": 2}, True, None, [0, 1], [10**5000]])
def test_only_low_to_high_is_a_range(raw: object) -> None:
    with pytest.raises(QuantityError, match="low to high"):
        parse_range(raw)  # type: ignore[arg-type]


def test_currency_decides_the_dollar() -> None:
    assert parse_quantity("$5", currency="CAD").unit == Unit.parse("CAD")
    assert parse_quantity("$5", currency="EUR").unit == Unit.parse("USD")
    assert parse_quantity({"p10": "$1", "p90": "$2"}, currency="CAD").unit == Unit.parse("CAD")


def test_bounds_decide_the_middle() -> None:
    wide = parse_quantity("10% to 90%")
    assert wide.central(bounds=(0.0, 1.0)) == pytest.approx(0.5)
    assert wide.central() == pytest.approx(0.3)


def test_a_quantity_made_by_hand_states_something() -> None:
    with pytest.raises(QuantityError, match="no number"):
        Quantity(None, None, None, "").central()


def test_points_of_a_share_keep_their_unit() -> None:
    assert parse_quantity("-0.3pp").unit == PP
    assert parse_quantity("$5/x").unit == Unit.parse("USD")
    assert parse_quantity("5").unit is not NUMBER


SCRAPS = st.text(alphabet=st.sampled_from("0123456789.,_%$€/ toxkMBe()+-*=¹٣−…\n\0"), max_size=20)


def nested(children: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    keys = st.sampled_from(("value", "p10", "p50", "p90", "ci95", "normal", "beta", "discrete", "mean", "sd")) | SCRAPS
    return st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=3)


RAW = st.recursive(
    SCRAPS | st.text(max_size=15) | st.floats() | st.integers() | st.booleans() | st.none(), nested, max_leaves=8
)


@given(RAW)
def test_hostile_input_ends_in_a_finite_quantity_or_a_quantity_error(raw: object) -> None:
    try:
        quantity = parse_quantity(raw)  # type: ignore[arg-type]
    except QuantityError as error:
        message = str(error)
    else:
        message = quantity.text or "0"
        assert math.isfinite(quantity.central())
        assert math.isfinite(quantity.central((-1e300, 1e300)))
        assert quantity.spread is None or all(map(math.isfinite, quantity.spread.numbers))
    assert 0 < len(message) < 1200


@pytest.mark.parametrize(
    "raw",
    [
        "(" * 200,
        "1" + "_1" * 98 + "_",
        "1 to " * 40,
        "1" + " " * 198 + "xx",
        {"normal": [10**5000, 1]},
        {"discrete": [[[["x" * 10_000] * 1_000] * 1_000] * 1_000] * 100},
        {"x" * 100_000: 1},
        {"\x1b[2J": 1},
        {10**5000: 1},
    ],
)
def test_large_and_rude_input_is_refused_shortly(raw: object) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(raw)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 1200
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["$29/user/month ($28 to $30)", "$29/user/month ($28 to $30/user/month)", "$29/user/month (28 to 30)"]
)
def test_ends_beside_a_point_may_leave_its_denominators_out(text):
    quantity = parse_quantity(text)
    assert (quantity.value, quantity.low_high(), str(quantity.unit)) == (29.0, (28.0, 30.0), "USD/user/month")


@pytest.mark.parametrize(
    "text", ["$29/user (€28 to €30)", "$29/user ($28/month to $30/month)", "29% (28 users to 30 users)"]
)
def test_other_units_beside_a_point_are_refused(text):
    with pytest.raises(QuantityError, match="units differ"):
        parse_quantity(text)
