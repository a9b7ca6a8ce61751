import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula import conversion_factor, infer_unit, parse, unparse
from impacttree.formula.conversions import without_ratio
from impacttree.quantity import Unit

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}


@given(st.sampled_from(sorted(DAYS)), st.sampled_from(sorted(DAYS)))
def test_flows_are_proportional_to_the_length_of_the_period(start, target):
    factor = conversion_factor(f"per_{target}", Unit.parse(f"USD/{start}"), "month")
    assert factor == pytest.approx(DAYS[target] / DAYS[start], rel=1e-14)


@given(st.sampled_from(sorted(SECONDS)), st.sampled_from(["minute", "hour"]))
def test_durations_keep_their_length(start, target):
    factor = conversion_factor(f"in_{target}s", Unit.parse(f"{start}s/ticket"), "month")
    assert factor * SECONDS[target] == pytest.approx(SECONDS[start], rel=1e-14)


def rewritten(text, unit):
    return infer_unit(parse(text), {"x": Unit.parse(unit)}.__getitem__, period="month")


@given(st.sampled_from(sorted(DAYS)), st.sampled_from(sorted(DAYS)), st.floats(0.001, 0.5))
def test_rates_compound_over_the_length_of_the_period(evaluate, start, target, rate):
    lengths = DAYS[target] / DAYS[start]
    for kind, right in (
        ("decay", -math.expm1(lengths * math.log1p(-rate))),
        ("growth", math.expm1(lengths * math.log1p(rate))),
        ("nominal", rate * lengths),
    ):
        found = rewritten(f"{kind}_per_{target}(x)", f"%/{start}")
        assert str(found.unit) == f"%/{target}"
        assert evaluate(found.expr, {"x": (rate,) * 3}) == pytest.approx(right, rel=1e-9, abs=1e-15)


@given(st.sampled_from(sorted(DAYS)), st.sampled_from(sorted(DAYS)), st.floats(0.001, 0.02))
def test_there_and_back_is_the_rate_itself(evaluate, start, target, rate):
    for kind in ("decay", "growth", "nominal"):
        found = rewritten(f"{kind}_per_{start}({kind}_per_{target}(x))", f"%/{start}")
        assert evaluate(found.expr, {"x": (rate,) * 3}) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mrr * 12", "mrr"),
        ("12 * mrr", "mrr"),
        ("revenue / days * 365", "revenue / days"),
        ("weekly * 52 * 2", "weekly * 2"),
        ("(a + b) * 12", "a + b"),
        ("mrr * 2", None),
        ("mrr + 12", None),
        ("seats / 12", None),
    ],
)
def test_a_number_that_converts_by_hand_is_found(text, left):
    ratio = {"revenue / days * 365": 365.0, "weekly * 52 * 2": 365 / 7}.get(text, 12.0)
    found = without_ratio(parse(text), ratio)
    assert (found and unparse(found)) == left


@pytest.mark.parametrize(
    ("function", "unit", "reason"),
    [
        ("per_month", "USD", "converts a flow"),
        ("per_month", "hours", "converts a flow"),
        ("per_month", "%/year", r"decay_per_month\(rate\) .* which is 1 - \(1 - rate\)\*\*\(1/12\)"),
        ("per_month", "%/year", r"growth_per_month\(rate\) .* which is \(1 \+ rate\)\*\*\(1/12\) - 1"),
        ("per_month", "%/year", r"nominal_per_month\(rate\) .* which is rate/12"),
        ("per_year", "%/month", r"nominal_per_year\(rate\) .* which is rate\*12"),
        ("per_week", "%/year", "1/52.1429"),
        ("decay_per_month", "%", "converts a rate such as 12%/year, but the argument is in %: drop"),
        ("growth_per_month", "USD/year", "but the argument is in USD/year: write per_month"),
        ("per_year", "USD/month/day", "converts a flow"),
        ("in_hours", "months", "converts hours"),
        ("in_minutes", "USD/hour", "converts hours"),
    ],
)
def test_refusals(function, unit, reason):
    with pytest.raises(FormulaError, match=reason):
        conversion_factor(function, Unit.parse(unit), "month")
