from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import QuantityError
from impacttree.quantity import MONEY, NUMBER, PERCENT, PERIODS_PER_YEAR, POINTS, PP, TIMES, Unit, is_noun
from impacttree.quantity.nouns import plural, singular

BASES = (
    "USD", "EUR", "JPY", "day", "week", "month", "quarter", "year", "hour", "minute", "second",
    "user", "customer", "paid_order", "sign-up", "person", "church", "company", "business",
)  # fmt: skip


def factored(powers: dict[str, int]) -> Unit:
    return Unit("", tuple(sorted((base, power) for base, power in powers.items() if power)))


dimensions = st.dictionaries(st.sampled_from(BASES), st.integers(-3, 3), max_size=4).map(factored)
displays = st.sampled_from((NUMBER, PERCENT, PP, TIMES, POINTS))


@st.composite
def units(draw: st.DrawFn) -> Unit:
    """Any unit that a person can write: a display form goes with denominators only."""
    unit = draw(dimensions)
    display = draw(displays).display
    return Unit(display, tuple(factor for factor in unit.factors if not display or factor[1] < 0))


@given(dimensions, dimensions, dimensions)
def test_dimensions_form_an_abelian_group(a: Unit, b: Unit, c: Unit) -> None:
    assert (a * b) * c == a * (b * c)
    assert a * b == b * a
    assert a * NUMBER == a == NUMBER * a
    assert a / a == NUMBER == a * a**-1
    assert a / b == a * b**-1
    assert (a * b) ** 2 == a**2 * b**2


@given(units(), units())
def test_display_forms_never_touch_the_dimension(a: Unit, b: Unit) -> None:
    assert (a * b).factors == (factored(dict(a.factors)) * factored(dict(b.factors))).factors
    assert (a / b).factors == (factored(dict(a.factors)) / factored(dict(b.factors))).factors
    assert a * NUMBER == a == NUMBER * a == a / NUMBER
    assert a / a == Unit(a.display if not a.display else "", ())


@given(units())
def test_text_of_a_unit_reads_back(unit: Unit) -> None:
    assert Unit.parse(str(unit)) == unit


@given(units())
def test_hard_part_is_money_and_time_only(unit: Unit) -> None:
    hard = unit.hard()
    assert hard.display == ""
    assert set(hard.factors) | set(unit.nouns) == set(unit.factors)
    assert not hard.nouns
    assert set(hard.calendar + hard.clock) == set(unit.calendar + unit.clock)
    assert hard.hard() == hard


@pytest.mark.parametrize(
    ("text", "display", "powers"),
    [
        ("USD/month", "", {"USD": 1, "month": -1}),
        ("$/user/month", "", {"USD": 1, "user": -1, "month": -1}),
        ("USD per user per month", "", {"USD": 1, "user": -1, "month": -1}),
        (" € / customer ", "", {"EUR": 1, "customer": -1}),
        ("%/month", "%", {"month": -1}),
        ("percent", "%", {}),
        ("pp", "pp", {}),
        ("x", "x", {}),
        ("times", "x", {}),
        ("points", "points", {}),
        ("$/point", "", {"USD": 1}),
        ("customers", "", {"customer": 1}),
        ("Customers", "", {"customer": 1}),
        ("hours", "", {"hour": 1}),
        ("$/mo", "", {"USD": 1, "month": -1}),
        ("1/month", "", {"month": -1}),
        ("/month", "", {"month": -1}),
        ("", "", {}),
        ("minutes*people", "", {"minute": 1, "person": 1}),
        ("USD/EUR", "", {"USD": 1, "EUR": -1}),
        ("USD**2/month**-1", "", {"USD": 2, "month": 1}),
        ("users/users", "", {}),
        ("MAU", "", {"mau": 1}),
    ],
)
def test_what_people_write(text: str, display: str, powers: dict[str, int]) -> None:
    unit = Unit.parse(text)
    assert unit.display == display
    assert dict(unit.factors) == powers


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("usd", "capitals"),
        ("dollars/month", "29 USD"),
        ("foo bar", "join words"),
        ("%/%", "start"),
        ("USD*%", "start"),
        ("USD/(user*month)", "parentheses"),
        ("users/", "missing"),
        ("*users", "missing"),
        ("users//month", "missing"),
        ("2/month", "no number"),
        ("%%", "join words"),
        ("m", "`M`"),
        ("monthly", "`/month`"),
        ("h", "spell"),
        ("users²", "cannot read"),
        ("ｕser", "cannot read"),
        ("ZZ$", "ISO code"),
        ("USD**", "power"),
        ("USD**1.5", "cannot read"),
        ("bps", "pp"),
        ("u" * 201, "too long"),
        ("to", "range"),
        ("USD/1M tokens", "write USD/token here"),
        ("Mtokens", "write tokens here"),
    ],
)
def test_refusals_say_what_to_write(text: str, word: str) -> None:
    with pytest.raises(QuantityError, match=word):
        Unit.parse(text)


def test_a_unit_is_text() -> None:
    with pytest.raises(QuantityError, match="int"):
        Unit.parse(3)  # type: ignore[arg-type]


@given(st.text(alphabet=st.sampled_from("aUSD$€%/*1 per-_x()²ｕ\n\0"), max_size=12) | st.text(max_size=20))
def test_hostile_text_ends_in_a_quantity_error_or_a_unit_that_reads_back(text: str) -> None:
    try:
        unit = Unit.parse(text)
    except QuantityError:
        return
    assert Unit.parse(str(unit)) == unit


@pytest.mark.parametrize("currency", ["USD", "CAD", "EUR"])
def test_dollar_sign_is_the_own_dollar(currency: str) -> None:
    assert Unit.parse("$", currency=currency).money == ("CAD" if currency == "CAD" else "USD")
    assert Unit.parse("US$", currency=currency).money == "USD"


@pytest.mark.parametrize(
    ("left", "right", "product", "quotient"),
    [
        ("%/month", "customers", "customers/month", "1/customer/month"),
        ("USD/month", "%", "USD/month", "USD/month"),
        ("%", "%", "%", ""),
        ("%/month", "", "%/month", "%/month"),
        ("%/month", "months", "%", "%/month**2"),
        ("USD/customer/month", "%/month", "USD/customer/month**2", "USD/customer"),
        ("points", "", "points", "points"),
        ("points", "points", "", ""),
        ("hours", "month", "hours*months", "hours/month"),
    ],
)
def test_display_of_products_and_quotients(left: str, right: str, product: str, quotient: str) -> None:
    a, b = Unit.parse(left), Unit.parse(right)
    assert str(a * b) == product
    assert str(a / b) == quotient


def test_powers_keep_percent_only_where_it_still_reads() -> None:
    assert PERCENT**2 == PERCENT
    assert PERCENT**-1 == NUMBER == PERCENT**0
    assert POINTS**1 == POINTS
    assert POINTS**2 == NUMBER
    assert Unit.parse("USD") ** 3 == Unit.parse("USD**3")


def test_questions_about_a_unit() -> None:
    arpu = Unit.parse("$/user/month")
    assert arpu.is_money
    assert arpu.money == "USD"
    assert arpu.per("month")
    assert not arpu.per("year")
    assert arpu.calendar == (("month", -1),)
    assert arpu.nouns == (("user", -1),)
    assert Unit.parse("orders/USD").money is None
    assert Unit.parse("%/month").is_share
    assert not Unit.parse("%/month").is_pure
    assert POINTS.is_pure
    assert not POINTS.is_share
    assert Unit.parse("hours").clock == (("hour", 1),)
    assert Unit.parse("days").clock == ()


def test_calendar_and_clock_never_cancel() -> None:
    assert not (Unit.parse("hours") / Unit.parse("day")).is_pure


def test_bases_are_of_one_sort() -> None:
    assert not any(is_noun(base) for base in (*MONEY, *PERIODS_PER_YEAR, "hour", "minute", "second"))
    assert is_noun("user")


def test_a_year_is_365_days() -> None:
    assert PERIODS_PER_YEAR["week"] * 7 == pytest.approx(PERIODS_PER_YEAR["day"])
    assert PERIODS_PER_YEAR["month"] == 3 * PERIODS_PER_YEAR["quarter"] == 12 * PERIODS_PER_YEAR["year"]


PLURALS = {
    "customers": "customer", "people": "person", "churches": "church", "companies": "company", "dishes": "dish",
    "boxes": "box", "businesses": "business", "statuses": "status", "bonuses": "bonus", "houses": "house",
    "causes": "cause", "purchases": "purchase", "movies": "movie", "sizes": "size", "shoes": "shoe", "series": "series",
    "ads": "ad", "keys": "key", "days": "day", "ties": "tie", "analyses": "analysis", "caches": "cache",
    "paid_orders": "paid_order", "sign-ups": "sign-up", "active_people": "active_person", "taxes": "tax",
    "sms": "sms", "leaves": "leaf", "drives": "drive", "matches": "match", "quizzes": "quiz", "responses": "response",
}  # fmt: skip


@pytest.mark.parametrize(("many", "one"), PLURALS.items())
def test_plurals_fold_and_unfold(many: str, one: str) -> None:
    assert singular(many) == one
    assert plural(one) == many


@given(st.from_regex(r"[a-z]{1,9}([_-][a-z]{1,6})?", fullmatch=True))
def test_folding_is_settled_after_one_step(noun: str) -> None:
    one = singular(noun)
    assert singular(one) == one
    assert singular(plural(one)) == one
