import functools
import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula import Binary, Call, Compare, Name, Negate, Number, Parameter, infer_unit, parse, unparse
from impacttree.quantity import NUMBER, PERCENT, POINTS, Unit
from tests.work import growth

UNITS = {
    name: Unit.parse(unit)
    for name, unit in {
        "customers": "customers",
        "new_customers": "customers/month",
        "churn": "%/month",
        "growth": "%/year",
        "margin": "%",
        "arpu": "$/customer/month",
        "yearly_price": "$/customer/year",
        "cac": "$/customer",
        "revenue": "$/month",
        "mrr": "$/month",
        "salaries": "$/year",
        "cash": "$",
        "euros": "EUR/month",
        "rate": "USD/EUR",
        "orders": "orders",
        "visits": "visits",
        "tickets": "tickets/month",
        "wait": "hours/ticket",
        "handling": "minutes/ticket",
        "pause": "seconds/ticket",
        "wage": "$/hour",
        "hazard": "1/month",
        "speed": "$/year**2",
        "nps": "points",
        "n": "",
    }.items()
}


def infer(text, own=None, period="month"):
    return infer_unit(parse(text), UNITS.__getitem__, period=period, own=own)


def problems_of(question):
    try:
        question()
    except FormulaError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("customers * arpu", "USD/month"),
        ("arpu * margin / churn", "USD/customer"),
        ("arpu * margin / churn / cac", ""),
        ("cac / (arpu * margin)", "months"),
        ("1 / churn", "months"),
        ("customers * churn", "customers/month"),
        ("1 - churn", "%"),
        ("churn + 1%", "%/month"),
        ("margin * margin", "%"),
        ("n * margin", "%"),
        ("-churn + 1%", "%/month"),
        ("revenue + 5k - 3", "USD/month"),
        ("euros * rate + revenue", "USD/month"),
        ("cumulative(revenue)", "USD"),
        ("cumulative(customers)", "customers"),
        ("prev(revenue) + lag(revenue, 2) + baseline(revenue)", "USD/month"),
        ("revenue - per_month(salaries)", "USD/month"),
        ("per_year(revenue) - salaries", "USD/year"),
        ("per_day(salaries)", "USD/day"),
        ("in_minutes(wait) + handling", "minutes/ticket"),
        ("in_minutes(wait) + in_minutes(pause)", "minutes/ticket"),
        ("tickets * in_hours(handling) * wage", "USD/month"),
        ("sqrt(cash * cash)", "USD"),
        ("cash**2", "USD**2"),
        ("(cash**2)**0.5", "USD"),
        ("cash**-1", "1/USD"),
        ("cash**(4/2) + cash**(3 - 1) + cash**(1 + 1) + cash**(2 * 1)", "USD**2"),
        ("(revenue / 2k)**0", ""),
        ("n**n", ""),
        ("2**nps", ""),
        ("(1 + margin)**n", "%"),
        ("1 - (1 - churn)**12", "%"),
        ("decay_per_year(churn)", "%/year"),
        ("nominal_per_month(growth)", "%/month"),
        ("1 - (1 - growth)**(1/12)", "%/month"),
        ("churn**1", "%/month"),
        ("exp(nps / 10) + log(n)", ""),
        ("min(revenue, 100k, mrr)", "USD/month"),
        ("clip(nps, 0, 100)", "points"),
        ("abs(cash)", "USD"),
        ("if(nps > 40, revenue, 0)", "USD/month"),
        ("if(revenue >= 10k, nps, 3)", "points"),
        ("saturate(cash, new_customers, 10k)", "customers/month"),
        ("saturate(cash, 100, cash, 2) * arpu", "USD/customer/month"),
        ("logistic(nps, 0, revenue, 40, 0.1)", "USD/month"),
        ("arpu * interpolate(nps, 0, 1, 100, 2)", "USD/customer/month"),
        ("arpu + interpolate(nps, 0, 1, 100, 2)", "USD/customer/month"),
        ("customers * 3 / 4", "customers"),
    ],
)  # fmt: skip
def test_units(text, unit):
    found = infer(text)
    assert str(found.unit) == unit
    assert not found.bare
    assert found.warnings == ()


@pytest.mark.parametrize(
    "text", ["if(n > 3, 100, 200)", "interpolate(nps, 0, 5%, 100, 2%)", "-if(n > 1, 2, 3) * 4 + 2**3"]
)
def test_values_made_of_literals_take_the_declared_unit(text):
    assert infer(text).bare
    assert infer(text).unit == NUMBER


@pytest.mark.parametrize(
    ("text", "own", "unit"),
    [
        ("prev(customers) * (1 - churn) + new_customers", "customers", "customers"),
        ("prev(mrr) * (1 - churn) + revenue", "mrr", "USD/month"),
        ("prev(cash) + revenue - per_month(salaries)", "cash", "USD"),
        ("prev(cash) + revenue - per_month(per_year(revenue) + salaries)", "cash", "USD"),
        ("lag(cash, 3) + revenue", "cash", "USD"),
        ("prev(margin) + 1%", "margin", "%"),
    ],
)
def test_what_reads_its_own_past_keeps_the_unit_of_its_start(text, own, unit):
    assert str(infer(text, own).unit) == unit


def test_the_own_past_alone_makes_a_period_equal_none():
    with pytest.raises(FormulaError, match="one is per month, the other is not"):
        infer("prev(customers) + new_customers", own="cash")
    with pytest.raises(FormulaError, match="cannot be added"):
        infer("prev(customers) + new_customers")


@pytest.mark.parametrize(
    ("text", "marked", "reason", "fix"),
    [
        ("revenue + salaries", "", "`revenue` is in USD/month and `salaries` is in USD/year", "per_month(salaries)"),
        ("revenue + salaries", "", "they cannot be added", "write per_month(salaries)"),
        ("salaries - revenue", "", "they cannot be subtracted", "write per_month(salaries)"),
        ("revenue + euros", "", "EUR/month", "`euros` by an exchange rate metric in USD/EUR"),
        ("revenue + n", "", "`n` is a pure number", "give `n` the unit USD/month"),
        ("orders - cash", "", "`orders` is in orders", "give `orders` the unit USD"),
        ("revenue + cash", "", "cannot be added", "cumulative(revenue)"),
        ("cash + revenue", "", "cannot be added", "give `cash` a unit per month"),
        ("churn + growth", "", "%/year", "write decay_per_month(growth) for what is lost (churn), growth_per_month"),
        ("churn * yearly_price", "", "their product mixes month and year", "write per_month(yearly_price)"),
        ("revenue / salaries", "", "their ratio mixes month and year", "write per_month(salaries)"),
        ("yearly_price / churn", "", "mixes month and year", "write per_month(yearly_price)"),
        ("1 / churn * yearly_price", "", "mixes month and year", "write per_month(yearly_price)"),
        ("1 / churn / growth", "", "", "nominal_per_month(growth) for a loan"),
        ("1 / churn + 1 / growth", "", "cannot be added", "multiply or divide one of them"),
        ("1 / churn * (1 / growth)", "", "mixes month and year", "multiply or divide one of them"),
        ("1 / churn + n", "", "cannot be added", "multiply or divide one of them"),
        ("wait + n", "", "cannot be added", "multiply or divide one of them"),
        ("cumulative(speed)", "", "adds up once a month", "bring it to one per month first"),
        ("growth * revenue", "", "mixes month and year", "write decay_per_month(growth)"),
        ("wait + handling", "", "cannot be added", "write in_hours(handling)"),
        ("handling - pause", "", "cannot be subtracted", "write in_minutes(pause)"),
        ("wage * handling", "", "their product mixes hour and minute", "write in_hours(handling)"),
        ("n + max(revenue, 0, salaries)", "max(revenue, 0, salaries)", "arguments of one max", "per_month(salaries)"),
        ("if(cash > revenue, n, n)", "cash > revenue", "cannot be compared", "cumulative(revenue)"),
        ("if(n > 0, cash, n)", "", "branches of one if", "the unit USD"),
        ("2 * exp(cash)", "cash", "exp takes a pure number", "cash / baseline(cash)"),
        ("log(cash * 2)", "cash * 2", "log takes a pure number", "(cash * 2) / scale"),
        ("logistic(cash, 0, n, 40, 0.1)", "cash", "logistic takes a pure number", "baseline"),
        ("saturate(cash, n, nps)", "", "cannot be compared", "the unit USD"),
        ("saturate(n, n, n, cash)", "cash", "saturate takes a pure number", "baseline"),
        ("log(wait)", "wait", "log takes a pure number", "wait / baseline(wait)"),
        ("2**wait", "wait", "an exponent is a pure number", "same unit"),
        ("2**cash", "cash", "an exponent is a pure number", "same unit"),
        ("cash**n", "", "no such power", "small whole number"),
        ("n * cash**0.5", "cash**0.5", "no such power", "same unit first"),
        ("cash**21", "", "no such power", "small whole number"),
        ("sqrt(cash)", "", "no such power", "same unit first"),
        ("per_month(cash)", "", "converts a flow", "drop the conversion, or give it a unit such as USD/month"),
        ("per_year(churn)", "", "do not convert linearly", "which is 1 - (1 - churn)**12"),
        ("per_month(churn)", "", "already", "drop the conversion"),
        ("n * per_month(5)", "per_month(5)", "`5` is without a unit", "drop"),
        ("in_hours(wage)", "", "converts hours, minutes and seconds, but `wage` is in USD/hour", "drop"),
        ("cumulative(salaries)", "", "adds up once a month", "per_month(salaries)"),
        ("cumulative(growth)", "", "adds up once a month", "decay_per_month(growth)"),
        ("1 - churn + growth", "", "`churn` is in %/month and `growth` is in %/year", "decay_per_month(growth)"),
        ("1 - churn - (1 - growth)", "1 - growth", "`churn` is in %/month and `growth`", "decay_per_month(growth)"),
        ("margin + churn", "", "cannot be added", "write `margin` with its period, e.g. 3%/month"),
        ("(1 - churn)**(1 / growth)", "", "`1 - churn` goes by the month", "write (1 - churn)**12 in place"),
        ("margin**(1 / churn)", "1 / churn", "an exponent is a pure number", "with its period, e.g. 3%/month"),
        ("per_month(1 + growth)", "", "`1 + growth` is what stays or grows", "write (1 + growth)**(1/12)"),
    ],
)  # fmt: skip
def test_refusals(text, marked, reason, fix):
    with pytest.raises(FormulaError) as caught:
        infer(text)
    (found,) = caught.value.problems
    start, end = found.span
    assert text[start:end] == (marked or text)
    assert reason in found.reason
    assert fix in found.fix


@pytest.mark.parametrize(
    ("text", "own", "reason", "fix"),
    [
        ("prev(cash) + revenue - salaries", "cash", "USD/year", "write per_month(salaries)"),
        ("prev(cash) + growth * cash", "cash", "USD/year", "`growth` goes by the year: rates do not convert"),
        ("prev(customers) * arpu", "customers", "gives USD/month, but `customers` starts in customers", "start:"),
        (
            "prev(cash) * (1 + growth)",
            "cash",
            "`1 + growth` goes by the year",
            "write (1 + growth)**(1/12) in its place",
        ),
        ("prev(cash) * (1 - churn)**12", "cash", "goes by the year, but the formula steps by the month", "**(1/12)"),
        ("prev(cash) + per_month(cash)", "cash", "`cash` is in USD", "drop the conversion"),
    ],
)
def test_refusals_where_a_period_equals_none(text, own, reason, fix):
    with pytest.raises(FormulaError) as caught:
        infer(text, own)
    (found,) = caught.value.problems
    assert reason in found.reason
    assert fix in found.fix


@pytest.mark.parametrize(
    "text",
    [
        "revenue + salaries",
        "growth * revenue",
        "churn + growth",
        "wait + handling",
        "wage * handling",
        "per_year(churn)",
    ],
)
def test_fixes_can_be_written_as_they_stand(text):
    with pytest.raises(FormulaError) as caught:
        infer(text)
    fixes = re.findall(r"[a-z_]+\([a-z]+\)(?= for|,| or|$)", caught.value.problems[0].fix)
    assert fixes
    for fix in fixes:
        inside = re.search(r"\(([a-z]+)\)", fix).group(1)
        infer(fix if text.startswith("per_") else re.sub(rf"\b{inside}\b", f"({fix})", text))


def test_problems_of_one_formula_come_together():
    text = "(revenue + cash) * 2 + exp(cash) * (wait + handling)"
    with pytest.raises(FormulaError) as caught:
        infer(text)
    spans = [text[slice(*found.span)] for found in caught.value.problems]
    assert spans == ["revenue + cash", "cash", "wait + handling"]


@pytest.mark.parametrize(
    ("text", "unit", "note"),
    [
        ("orders / visits", "", "the ratio of counts is read as a pure number"),
        ("log(customers)", "", "log reads it as a pure number"),
        ("sqrt(customers)", "", "a power of it is read as a pure number"),
        ("customers**n", "", "a power of it"),
        ("churn**n", "%", "its power is read as a share"),
        ("1 - hazard", "", "`hazard` beside 1 is read as a rate of one month"),
        ("hazard + 1", "1/month", "the 1 after `hazard` is read as one more per month"),
        ("per_year(hazard)", "1/year", "a rate that compounds is written in %"),
    ],
)
def test_notes(text, unit, note):
    found = infer(text)
    assert str(found.unit) == unit
    assert len(found.notes) == 1
    assert note in found.notes[0]


@pytest.mark.parametrize(
    "text", ["orders + visits", "max(orders, visits)", "if(orders > visits, n, n)", "customers + margin"]
)
def test_different_nouns_side_by_side_are_a_warning(text):
    (warning,) = infer(text).warnings
    assert "different things are" in warning


@pytest.mark.parametrize("text", ["orders + n", "n + orders", "revenue * n + revenue", "orders + orders"])
def test_a_number_without_a_noun_fits_any_noun(text):
    assert infer(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("revenue - per_month(salaries)", "revenue - salaries / 12"),
        ("per_year(revenue) * 2", "revenue * 12 * 2"),
        ("per_month(mrr)", "mrr"),
        ("in_hours(in_minutes(wait) + handling)", "(wait * 60 + handling) / 60"),
        ("per_quarter(per_month(salaries))", "salaries / 12 * 3"),
        ("decay_per_month(growth) + churn", "1 - (1 - growth)**(1 / 12) + churn"),
        ("growth_per_year(churn)", "(1 + churn)**12 - 1"),
        ("nominal_per_month(growth)", "growth / 12"),
        ("decay_per_month(churn)", "churn"),
        ("-if(per_year(revenue) > salaries, max(1, 2), n)", "-if(revenue * 12 > salaries, max(1, 2), n)"),
    ],
)
def test_conversions_are_written_out(text, printed):
    assert unparse(infer(text).expr) == printed


@pytest.mark.parametrize("text", ["per_year(revenue)", "in_hours(tickets * handling)", "per_year(tickets * handling)"])
def test_flows_are_converted_without_a_note(text):
    assert infer(text).notes == ()


def test_without_conversions_the_formula_stays_itself():
    expr = parse("customers * arpu")
    assert infer_unit(expr, UNITS.__getitem__, period="month").expr is expr


# A change of measure (cents for dollars, years for months, minutes for hours) must change the result by exactly the
# factor that its unit says, whatever the formula: the meaning of a unit, and an oracle that knows none of the rules.
MEASURES = {"USD": 100.0, "EUR": 7.0, "month": 1 / 12, "hour": 60.0, "customer": 1.0}
HARD = ("arpu", "cac", "revenue", "mrr", "cash", "euros", "rate", "wage", "margin", "n", "nps", "new_customers")
hard_formulas = st.recursive(
    st.sampled_from(HARD).map(Name),
    lambda below: st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "*", "/", "/"]), below, below),
        st.builds(lambda x, power: Binary("**", x, Number(power, "")), below, st.sampled_from([0.5, 1.0, 2.0, 3.0])),
        st.builds(lambda number, x: Binary("*", Number(number, ""), x), st.sampled_from([2.0, 0.5]), below),
        st.builds(Negate, below),
        st.builds(lambda function, *x: Call(function, x), st.sampled_from(["min", "max"]), below, below),
        st.builds(lambda function, x: Call(function, (x,)), st.sampled_from(["abs", "sqrt", "exp", "log"]), below),
        st.builds(
            lambda *x: Call("if", (Compare("<", x[0], x[1]), x[2], x[3])), below, below, below, below
        ),
    ),
    max_leaves=8,
)  # fmt: skip


def measure(unit):
    return math.prod(MEASURES[base] ** power for base, power in unit.factors)


@given(hard_formulas, st.dictionaries(st.sampled_from(HARD), st.floats(0.2, 3), min_size=len(HARD)))
def test_a_change_of_measure_changes_the_value_as_the_unit_says(evaluate, expr, values):
    try:
        inferred = infer_unit(expr, UNITS.__getitem__, period="month")
    except FormulaError:
        assume(False)
    assume(not inferred.bare)
    before = evaluate(expr, {name: (value,) * 3 for name, value in values.items()})
    rescaled = {name: (value * measure(UNITS[name]),) * 3 for name, value in values.items()}
    after = evaluate(expr, rescaled)
    assume(abs(before) > 1e-6)
    assert abs(after / before / measure(inferred.unit) - 1) < 1e-6


@functools.cache
def of_unit(unit, depth):
    """Formulas whose value has a unit by construction."""
    named = [name for name in HARD if UNITS[name].factors == unit.factors]
    leaves = st.sampled_from(named).map(Name) if named else st.just(Binary("*", Name("n"), of_factors(unit)))
    if depth == 0:
        return leaves
    below = of_unit(unit, depth - 1)
    numbers = of_unit(NUMBER, depth - 1)
    return st.one_of(
        leaves,
        st.builds(Binary, st.sampled_from(["+", "-"]), below, below),
        st.builds(Binary, st.sampled_from(["*", "/"]), below, numbers),
        st.builds(lambda *x: Call("max", x), below, below),
        st.builds(lambda *x: Call("if", (Compare("<", *x[:2]), *x[2:])), below, below, below, below),
        st.builds(lambda a, b: Binary("*", a, Binary("/", b, b)), below, of_unit(Unit.parse("USD"), depth - 1)),
        st.builds(lambda x: Call("sqrt", (Binary("**", x, Number(2.0, "2")),)), below),
    )


def of_factors(unit):
    base = {"USD": Name("cash"), "month": Binary("/", Name("cash"), Name("revenue"))}
    expr = Number(1.0, "1")
    for name, power in unit.factors:
        expr = Binary("*", expr, Binary("**", base[name], Number(float(power), "")))
    return expr


@pytest.mark.parametrize("unit", ["USD/month", "USD", "USD**2/month", "months", ""])
@given(data=st.data())
def test_formulas_that_fit_by_construction_are_accepted(unit, data):
    expected = Unit.parse(unit)
    inferred = infer_unit(data.draw(of_unit(expected, 2)), UNITS.__getitem__, period="month")
    assert inferred.unit.factors == expected.factors
    assert inferred.warnings == ()


def test_stated_numbers_are_like_literals():
    slope = Parameter("churn.nps.slope", -0.01)
    expr = Binary("+", Parameter("churn.value", 0.025), Binary("*", slope, Name("nps")))
    assert infer_unit(expr, UNITS.__getitem__, period="month").unit == POINTS
    assert infer_unit(slope, UNITS.__getitem__, period="month").bare


def test_display_forms():
    assert infer("margin + n").unit == PERCENT
    assert infer("n - nps").unit == POINTS
    assert infer("nps**2").unit == NUMBER
    units = {"a": Unit.parse("pp"), "b": PERCENT}
    assert infer_unit(parse("a + b"), units.__getitem__, period="month").unit == PERCENT
    assert infer_unit(parse("b + a"), units.__getitem__, period="month").unit == PERCENT


@pytest.mark.parametrize(
    ("sign", "terms"),
    [
        (" + ", ["customers"]),
        (" + ", ["revenue", "cash", "n"]),
        (" * ", ["revenue"]),
        (" + ", ["customers", "orders", "visits"]),
        (" + ", ["sqrt(customers)"]),
        (" + ", ["per_year(revenue)", "prev(cash)"]),
    ],
    ids=["alike", "unlike", "product", "nouns", "notes", "conversions"],
)
def test_long_formulas_are_checked_in_linear_time(sign, terms):
    def check(times):
        problems = problems_of(lambda: infer_unit(parsed[times], UNITS.__getitem__, period="month", own="cash"))
        assert len(problems) <= 20

    parsed = {times: parse(sign.join(terms * times)) for times in (500, 2_000)}
    assert growth(check, 500, 4) < 4.1
