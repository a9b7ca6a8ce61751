import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula import conversion_factor
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


@pytest.mark.parametrize(
    ("function", "unit", "reason"),
    [
        ("per_month", "USD", "converts a flow"),
        ("per_month", "hours", "converts a flow"),
        ("per_month", "%/year", "do not convert linearly: write 1 - \\(1 - rate\\)\\*\\*\\(1/12\\)"),
        ("per_week", "%/year", "1/52.1429"),
        ("per_year", "USD/month/day", "converts a flow"),
        ("in_hours", "months", "converts hours"),
        ("in_minutes", "USD/hour", "converts hours"),
    ],
)
def test_refusals(function, unit, reason):
    with pytest.raises(FormulaError, match=reason):
        conversion_factor(function, Unit.parse(unit), "month")
