from __future__ import annotations

import pytest

import impacttree as it
from tests.analyses.models import SHOP

STICKY = """
name: App
outcome: revenue
metrics:
  dau: {label: Daily users, value: 40k users, kind: product}
  mau: {label: Monthly users, value: 100k users, kind: product}
  stickiness: {label: Stickiness, formula: dau / mau, unit: "%", kind: product}
  subscribers: {label: Subscribers, formula: 20_000 * stickiness, unit: users}
  plan: {label: Plan, value: $5/user/month}
  ads: {label: Ads, formula: dau * ad_price, unit: USD/month, kind: financial}
  ad_price: {label: Ad price, value: $0.5/user/month}
  revenue: {label: Revenue, formula: subscribers * plan + ads, unit: USD/month, kind: financial}
"""

SHIP = """
period: day
horizon: 7
outcome: shipped
metrics:
  demand: {label: Demand, value: 120 orders/day}
  capacity: {label: Capacity, value: 100 orders/day}
  shipped: {label: Shipped, formula: "min(demand, capacity)"}
"""


# ---- inputs that stay as they are


def test_an_input_that_goes_on_by_another_route_is_named():
    worth = it.loads(STICKY).worth("stickiness", "+1%")
    assert worth.warnings == (
        "unmoved inputs of Stickiness: Daily users would also move Revenue by another route; to include that, turn "
        "the formula of stickiness round or change its inputs instead",
    )
    assert worth.total == pytest.approx(20_000 * 0.004 * 5 * 12)


def test_the_input_itself_needs_no_warning():
    tree = it.loads(STICKY)
    assert tree.worth("dau", "+1%").warnings == ()
    assert tree.worth("dau", "+1%").total == pytest.approx((20_000 * 0.004 * 5 + 400 * 0.5) * 12)
    assert tree.worth("stickiness", "+1%", on="subscribers").warnings == ()


def test_inputs_that_are_changed_as_well_do_move():
    tree = it.loads(STICKY)
    assert "Daily users would also move Revenue" in tree.what_if({"stickiness": "+1%"}).warnings[0]
    assert tree.what_if({"stickiness": "+1%", "dau": "+1%"}).warnings == ()


def test_several_inputs_are_named():
    both = STICKY.replace("* plan + ads", "* plan + ads + mau * ad_price")
    (warning,) = it.loads(both).worth("stickiness", "+1%").warnings
    assert "inputs of Stickiness: Daily users and Monthly users would also move Revenue by another route" in warning


def test_assumed_effects_are_no_inputs_of_a_formula():
    assert it.loads(SHOP).worth("conversion", "+1%").warnings == ()


def test_a_metric_that_leads_nowhere_is_named():
    tree = it.loads(SHOP)
    no_path = "no path in this tree leads from Profit share to Operating profit"
    assert tree.worth("profit_share", "+1%").warnings == (no_path,)
    assert tree.what_if({"profit_share": "+1%"}).warnings == (no_path,)
    assert tree.what_if({"profit_share": "+1%", "fixed": "+1%"}).warnings == ()


def test_what_only_decides_a_start_is_told_where_it_does():
    tree = it.loads(
        "outcome: rev\nmetrics: {seats: {value: 10 seats}, users: {start: seats * 3, formula: prev(users) * 1.01, "
        "unit: users}, rev: {formula: users * price}, price: {value: $2/user/month}}"
    )
    told = "Seats bears on Rev only by where Users starts, and what is changed acts from month 1 on"
    assert tree.worth("seats", "+10%").warnings[0].startswith(told)
    assert tree.with_values({"seats": 11}).worth("price", "+1%").total == pytest.approx(
        1.1 * tree.worth("price", "+1%").total
    )


# ---- beyond what was seen, beyond what can be


@pytest.mark.parametrize(
    ("observed", "change", "told"),
    [
        ("", "+4pp", None),
        ("", "+5pp", "38.0% to 46.0%"),
        ("", "-5pp", "38.0% to 46.0%"),
        (", observed: 40% to 43%", "+2pp", "40.0% to 43.0%"),
        (", observed: 10% to 90%", "+5pp", "38.0% to 46.0%"),
        (", observed: 40% to 90%", "+5pp", "40.0% to 46.0%"),
        (", observed: 60% to 90%", "+5pp", "38.0% to 46.0%"),
    ],
)
def test_a_curve_beyond_its_own_points_is_extrapolation(observed, change, told):
    text = f"""
outcome: churn
metrics:
  eng: {{value: 42%}}
  churn: {{value: 2.5%/month, drivers: {{eng: {{points: [[38%, 2.8%], [46%, 2.3%]]{observed}}}}}}}
"""
    warnings = it.loads(text).worth("eng", change, range=False).warnings
    assert [told in warning for warning in warnings if "extrapolated" in warning] == ([True] if told else [])


@pytest.mark.parametrize(
    ("change", "told"),
    [("=85 points", False), ("=85.1 points", True), ("=70 points", False), ("=69 points", True)],
)
def test_extrapolation_begins_outside_the_observed_range(change, told):
    warnings = it.loads(SHOP).worth("speed", change).warnings
    assert [warning.startswith("extrapolated") for warning in warnings] == [True] * told
    if told:
        shown = change.removeprefix("=")
        assert warnings[0] == (
            f"extrapolated: Page speed at {shown}, outside 70 points to 85 points, where the effect on Conversion was "
            "seen"
        )


CURVE = """
outcome: signups
metrics:
  spend: {value: $40k/month, plausible: $30k/month to $150k/month}
  signups: {formula: "interpolate(spend, 0, 0, 50_000, 900, 100_000, 1_200)", unit: signups/month}
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("=$100k/month", ()),
        ("=$120k/month", ("extrapolated: Spend at $120k, outside $0 to $100k, where Signups has its points",)),
        ("=-$1k/month", ("extrapolated: Spend at -$1k, outside $0 to $100k, where Signups has its points",)),
    ],
)
def test_a_formula_beyond_its_points_is_extrapolation(change, told):
    tree = it.loads(CURVE)
    assert tree.worth("spend", change, range=False).warnings == told
    assert tree.sweep("spend", "$90k/month", "$110k/month", 3).points[2].extrapolated
    assert tree.sensitivity()["spend"].extrapolated
    limited = it.loads(CURVE.replace("interpolate(spend", "interpolate(clip(spend, 0, 100_000)"))
    assert limited.worth("spend", change, range=False).warnings == ()


def test_the_furthest_period_counts():
    text = """
horizon: 4
outcome: y
metrics:
  push: {value: 1}
  x: {start: 10, formula: prev(x) + push}
  y: {value: 5, drivers: {x: {slope: "1", observed: 0 to 16}}}
"""
    tree = it.loads(text)
    assert tree.worth("push", "+0.5").warnings == ()
    assert "X at 20, outside 0 to 16" in tree.worth("push", "+1.5").warnings[0]


def test_a_lift_is_not_blamed_for_what_it_does_not_move():
    text = SHOP.replace("70 to 85 points", "85 to 90 points")
    tree = it.loads(text)
    assert tree.worth("visits", "+1%").warnings == ()
    assert "extrapolated" in tree.worth("speed", "+1%").warnings[0]


def test_computed_values_beyond_bounds_are_kept_and_told():
    text = "outcome: y\nmetrics: {a: {value: 0.9}, s: {formula: a, unit: '%', bounds: 0% to 100%}, y: {formula: s * 2}}"
    worth = it.loads(text).worth("a", "+20%")
    assert worth.total == pytest.approx(2 * 0.18)
    assert worth.warnings == (
        "S at 108.0% in month 1, outside the bounds 0.0% to 100.0%; put a limit into the formula with clip() if no "
        "value can go there",
    )
    assert it.loads(text).what_if({"a": "+20%"}).warnings == worth.warnings
    assert it.loads(text).values({"a": "+20%"}).warnings == worth.warnings


def test_a_value_just_beyond_its_bounds_is_shown_apart_from_them():
    text = "outcome: y\nmetrics: {a: {value: 1}, s: {formula: a, unit: '%', bounds: 0% to 100%}, y: {formula: s * 2}}"
    assert "S at 100.001% in month 1" in it.loads(text).worth("a", "+0.001%").warnings[0]


# ---- limits that bind


def test_the_bottleneck_before_the_lift_and_where_it_passes_on():
    worth = it.loads(SHIP).worth("capacity", "+30 orders/day")
    assert worth.total == pytest.approx(7 * 20)
    assert worth.kinks == (
        "bottleneck for Shipped: Capacity, the lower of Demand and Capacity",
        "at 67% of the lift the bottleneck for Shipped changes",
    )
    assert it.loads(SHIP).worth("capacity", "+10%").kinks == worth.kinks[:1]


def test_more_demand_beyond_capacity_is_worth_nothing():
    worth = it.loads(SHIP).worth("demand", "+10%")
    assert worth.total == 0
    assert "bottleneck for Shipped: Capacity" in str(worth)


def test_the_higher_of_two_is_no_bottleneck():
    worth = it.loads(SHIP.replace("min(", "max(")).worth("demand", "+10%")
    assert worth.kinks == ("in force for Shipped: Demand, the higher of Demand and Capacity",)


def test_a_bottleneck_that_changes_through_time():
    text = """
horizon: 5
outcome: shipped
metrics:
  growth: {value: 10}
  demand: {start: 80, formula: prev(demand) + growth}
  capacity: {value: 105}
  shipped: {formula: "min(demand, capacity)", aggregate: sum}
"""
    worth = it.loads(text).worth("growth", "+1%")
    assert worth.kinks[0] == "bottleneck for Shipped: Demand in 2 of 5 months, else Capacity"


@pytest.mark.parametrize(
    ("formula", "told", "total"),
    [
        ("if(a > 1.5, 10, 0)", "at 50% of the lift the condition of Y changes sides", 10.0),
        ("clip(a, 0, 1.25)", "at 25% of the lift a limit of Y begins or ceases to bind", 0.25),
        ("min(a, 1.25)", "at 25% of the lift a limit of Y begins or ceases to bind", 0.25),
        ("interpolate(a, 0, 0, 1.75, 1.75, 3, 1.75)", "at 75% of the lift the formula of Y has a corner", 0.75),
    ],
)
def test_switches_along_the_lift_are_told(formula, told, total):
    worth = it.loads(f'metrics: {{a: {{value: 1}}, y: {{formula: "{formula}"}}}}').worth("a", "+1")
    assert worth.kinks == (told,)
    assert worth.total == pytest.approx(total)
    assert f"\n  limits     {told}\n" in str(worth)


def test_no_limit_is_told_where_none_is():
    assert it.loads(SHOP).worth("speed", "+1 points").kinks == ()


# ---- what arrives later than is asked about

LATE = """
period: month
horizon: 12
outcome: paid
metrics:
  sold: {label: Sold, value: 10}
  due: {label: Due, formula: "lag(sold, LAG)"}
  paid: {label: Paid, formula: due * 3, aggregate: sum}
"""


@pytest.mark.parametrize("lag", [11, 12, 13, 100])
def test_a_change_that_arrives_after_the_horizon_is_said_to(lag):
    worth = it.loads(LATE.replace("LAG", str(lag))).worth("sold", "+1")
    assert worth.total == 3 * max(0, 12 - lag)
    assert worth.warnings == (
        ()
        if lag < 12
        else (
            f"Sold moves Paid with a lag of {lag} months, from month {lag + 1} on: nothing of it falls within the "
            "first 12 months",
        )
    )


def test_the_shortest_way_counts():
    sooner = LATE.replace("due * 3", "'due * 3 + lag(sold, 5)'").replace("LAG", "20")
    assert it.loads(sooner).worth("sold", "+1").warnings == ()
