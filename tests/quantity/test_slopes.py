from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity import Spread, Unit, parse_slope, parse_slope_spread, slope_misfit


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
        ("-0.01pp/point", -0.0001, "pp", "points"),
        ("$2/point", 2.0, "USD", "points"),
        ("0.03 trials/session", 0.03, "trials/session", ""),
        ("$30/customer-month", 30.0, "USD/customer/month", ""),
        ("5 trials per 1k sessions", 0.005, "trials", "sessions"),
        ("3 trials per $1k", 0.003, "trials", "USD"),
    ],
)
def test_slopes_as_people_write_them(text: str | float, slope: float, above: str, below: str) -> None:
    value, *units, spread, _ = parse_slope(text)
    assert spread is None
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
        ("1 per 5 million", "5M"),
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
    assert parse_slope_spread(text)[0].numbers == pytest.approx((low, high))


@pytest.mark.parametrize("text", ["-0.3", "1 to 2 to 3", "2 to 1", "1pp per point to 2 per point", "1 to 2%", 3, None])
def test_other_texts_are_no_ranges_of_slopes(text: object) -> None:
    with pytest.raises(QuantityError):
        parse_slope_spread(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value", "ends"),
    [
        ("-0.01pp per point (-0.02pp per point to 0pp per point)", -0.0001, (-0.0002, 0.0)),
        ("-0.01pp per point (-0.02pp to 0pp per point)", -0.0001, (-0.0002, 0.0)),
        ("-0.01pp per point (-0.02pp to 0pp)", -0.0001, (-0.0002, 0.0)),
        ("$2 per 10pp ($1 to $4)", 20.0, (10.0, 40.0)),
        ("0.5 (0.2 to 0.8)", 0.5, (0.2, 0.8)),
        ("-0.01pp per point (-0.02 to 0)", -0.0001, (-0.0002, 0.0)),
        ("-0.1pp per 10 points (-0.2 to 0)", -0.0001, (-0.0002, 0.0)),
        ("-0.01pp/point (-0.02pp to 0pp)", -0.0001, (-0.0002, 0.0)),
    ],
)
def test_a_slope_with_its_range(text: str, value: float, ends: tuple[float, float]) -> None:
    slope = parse_slope(text)
    assert slope.value == pytest.approx(value)
    assert slope.spread is not None
    assert (slope.spread.kind, slope.spread.numbers) == ("p10_p90", pytest.approx(ends))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("-0.01pp per point (0pp to 1pp)", "outside its range"),
        ("-0.01pp per point (-0.02pp to 0pp per pp)", "other units"),
        ("-0.01pp per point (0pp to -0.02pp)", "below its high end"),
        ("-0.01pp per point ()", "not a range of slopes"),
        ("(1 to 2)", "not a number"),
    ],
)
def test_a_range_that_does_not_fit_its_slope(text: str, word: str) -> None:
    with pytest.raises(QuantityError, match=word):
        parse_slope(text)


def test_percent_is_a_ratio_where_that_is_asked_for() -> None:
    assert parse_slope("-2% per point (-3% to -1%)", percent=True).value == -0.02
    like = parse_slope("-2% per point", percent=True)
    assert parse_slope_spread("-3 to -1", percent=True, like=like)[0].numbers == (-0.03, -0.01)
    assert parse_slope_spread({"ci95": "-3% per point to -1% per point"}, percent=True, like=like)[0].kind == "ci95"


@pytest.mark.parametrize(
    ("above", "below", "target", "source"),
    [
        ("trials", "sessions", "trials/month", "sessions/month"),
        ("trials/session", "", "trials/month", "sessions/month"),
        ("customers", "trials", "customers/month", "trials/month"),
        ("customers", "trials", "customers", "trials/month"),
        ("customers", "points", "customers/month", "points"),
        ("USD/customer/month", "", "USD/month", "customers"),
        ("USD", "customers", "USD/month", "customers"),
        ("USD", "orders", "USD/customer/month", "orders/customer/month"),
        ("pp", "sessions", "%/month", "sessions/month"),
        ("USD/month", "sessions/day", "USD/month", "sessions/day"),
        ("", "", "orders/month", "visits/month"),
    ],
)
def test_slopes_that_fit_two_metrics(above: str, below: str, target: str, source: str) -> None:
    assert slope_misfit(*(Unit.parse(text) for text in (above, below, target, source))) is None


@pytest.mark.parametrize(
    ("above", "below", "target", "source", "blamed"),
    [
        ("orders/session", "", "trials/month", "sessions/month", "trials/month"),
        ("trials", "orders", "trials/month", "sessions/month", "sessions/month"),
        ("trials", "sessions", "trials/month", "sessions/day", "trials/month"),
        ("trials/month", "sessions", "trials/month", "sessions/day", "sessions/day"),
        ("trials/year", "sessions", "trials/month", "sessions/month", "trials/month"),
        ("", "points", "%", "points", "%"),
    ],
)
def test_slopes_that_do_not_fit(above: str, below: str, target: str, source: str, blamed: str) -> None:
    found = slope_misfit(*(Unit.parse(text) for text in (above, below, target, source)))
    assert found is not None
    assert found[1] == Unit.parse(blamed)


@pytest.mark.parametrize(
    ("raw", "spread"),
    [
        ({"ci95": "-0.03pp to -0.01pp per point"}, Spread("ci95", (-0.0003, -0.0001))),
        ({"p10": "1 per point", "p90": "3 per point"}, Spread("p10_p90", (1.0, 3.0))),
        ({"p10": 1, "p50": 2, "p90": "3"}, Spread("p10_p50_p90", (1.0, 2.0, 3.0))),
        ({"normal": {"mean": "$2 per point", "sd": "$1 per point"}}, Spread("normal", (2.0, 1.0))),
        ({"uniform": "0pp to 2pp per 10 points"}, Spread("uniform", (0.0, 0.002))),
        ({"triangular": ["0pp per pp", "1pp per pp", "2pp per pp"]}, Spread("triangular", (0.0, 1.0, 2.0))),
        ({"discrete": [["0 per visit", "40%"], ["0.5 per visit", 0.6]]}, Spread("discrete", (0.0, 0.4, 0.5, 0.6))),
    ],
)
def test_spreads_of_slopes(raw: dict[str, object], spread: Spread) -> None:
    found, *_ = parse_slope_spread(raw)
    assert (found.kind, found.numbers) == (spread.kind, pytest.approx(spread.numbers))


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ({"p10": "1 per point", "p90": "3 per pp"}, "units differ: none per points and none per pp"),
        ({"p10": "3 per point", "p90": "1 per point"}, "must increase"),
        ({"p10": "3 (1 to 4)", "p90": "5"}, "must be one slope"),
        ({"p10": [1], "p90": "5"}, "not a list"),
        ({"p9": "1"}, "did you mean 'p90'"),
        ({"value": 1, "ci95": "0 to 2"}, "leave `value` out"),
        ({"beta": [1, 2]}, "of a probability"),
        ({}, "give one of"),
    ],
)
def test_spreads_of_slopes_that_cannot_be(raw: dict[str, object], word: str) -> None:
    with pytest.raises(QuantityError, match=word):
        parse_slope_spread(raw)


@given(st.text(alphabet=st.sampled_from("-0123456789. perpoint$%xto"), max_size=20) | st.text(max_size=15))
def test_hostile_text_ends_in_a_quantity_error(text: str) -> None:
    for parse in (parse_slope, parse_slope_spread):
        try:
            found = parse(text)
        except QuantityError:
            continue
        numbers = found[0].numbers if isinstance(found[0], Spread) else [found[0]]
        assert all(map(math.isfinite, numbers))
