from __future__ import annotations

import math

import pytest

from impacttree.quantity import Intervention
from tests.engine.support import lifted, named


@pytest.mark.parametrize("rule", ["last", "recompute", "sum"])
def test_a_jump_goes_through_the_edges_of_the_condition(rule: str) -> None:
    text = f"""
    outcome: y
    horizon: 3
    metrics:
      x: {{value: 1}}
      load: {{formula: 2 * x}}
      size: {{formula: 10 * x}}
      y: {{formula: "if(load > 3, size, 0)", aggregate: {rule}}}
    """
    lift = lifted(text, "x", Intervention("fix", shift=2.0))
    times = 3 if rule == "sum" else 1
    # It switches at x = 1.5, where size is 15: a lump through the load; then size grows by 5.
    assert lift.total == 20 * times
    amounts = {("x", "load"): 15, ("load", "y"): 15, ("x", "size"): 5, ("size", "y"): 5}
    assert named(lift) == pytest.approx({pair: amount * times for pair, amount in amounts.items()}, rel=1e-9)
    assert {round(switch.at, 12) for switch in lift.switches} == {0.5}
    assert math.fsum(switch.jump for switch in lift.switches) == pytest.approx(15 * times)


@pytest.mark.parametrize("rule", ["last", "recompute"])
def test_a_jump_is_shared_by_how_much_each_side_of_the_condition_moves_it(rule: str) -> None:
    text = f"""
    outcome: y
    metrics:
      x: {{value: 0}}
      left: {{formula: 3 * x}}
      right: {{formula: 2 - x}}
      y: {{formula: "if(left >= right, 8, 4)", aggregate: {rule}}}
    """
    lift = lifted(text, "x", Intervention("fix", shift=1.0))
    amounts = {("x", "left"): 3.0, ("left", "y"): 3.0, ("x", "right"): 1.0, ("right", "y"): 1.0}
    assert named(lift) == pytest.approx(amounts, rel=1e-9)


@pytest.mark.parametrize("rule", ["last", "recompute"])
def test_a_jump_that_sets_off_another_is_carried_through_both(rule: str) -> None:
    text = f"""
    outcome: y
    metrics:
      x: {{value: 0}}
      first: {{formula: "if(x >= 0.25, 6, 1)", aggregate: {rule}}}
      second: {{formula: "if(first > 5, first * first, 0)", aggregate: {rule}}}
      y: {{formula: second + 2 * first, aggregate: {rule}}}
    """
    lift = lifted(text, "x", Intervention("fix", shift=1.0))
    assert lift.total == 46
    amounts = {("x", "first"): 46, ("first", "second"): 36, ("second", "y"): 36, ("first", "y"): 10}
    assert named(lift) == pytest.approx(amounts, rel=1e-9)


def test_a_jump_in_one_period_reaches_the_next_ones() -> None:
    text = """
    outcome: y
    horizon: 3
    metrics:
      x: {value: 1}
      stock: {start: 0, formula: prev(stock) + x}
      bonus: {formula: "if(stock >= 3.5, 100, 0)"}
      y: {formula: prev(bonus), aggregate: sum}
    """
    # Lifted to 2 the stock is 2, 4, 6: the bonus comes in months 2 and 3; the outcome sees that of month 2.
    lift = lifted(text, "x", Intervention("wrap", 2.0))
    assert lift.total == 100
    assert named(lift) == pytest.approx({("x", "stock"): 100, ("stock", "bonus"): 100, ("bonus", "y"): 100}, rel=1e-9)


@pytest.mark.parametrize("rule", ["last", "recompute"])
@pytest.mark.parametrize(
    ("formula", "total"),
    [
        ("max(3, (a - 5) ** 2)", 16 - 25),
        ("abs(abs(a - 5) - 1)", 3 - 4),
        ("exp(3 * a)", math.exp(27) - 1),
        ("interpolate(a, 0, 0, 1, 5, 2, -7, 3, 40, 4, 0, 9, 1)", 1),
        ("if(a > 5, min(a, 7), 1 / (a - 5))", 7 + 0.2),
        ("if(a ** 2 > 50, 2, 1)", 1),
    ],
)
def test_what_bends_while_its_input_jumps_passes_on_all_of_it(formula: str, total: float, rule: str) -> None:
    text = f"""
    outcome: y
    metrics:
      x: {{value: 0}}
      a: {{formula: "if(x >= 0.3, 9, 0)", aggregate: {rule}}}
      z: {{formula: "{formula}", aggregate: {rule}}}
      y: {{formula: z + a, aggregate: {rule}}}
    """
    lift = lifted(text, "x", Intervention("fix", shift=1.0))
    amounts = {("x", "a"): total + 9, ("a", "z"): total, ("z", "y"): total, ("a", "y"): 9}
    assert named(lift) == pytest.approx(amounts, rel=1e-12)


def test_a_condition_that_is_only_touched_where_it_switches_still_carries_its_jump() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 0}
      half: {formula: 0.5 * x}
      y: {formula: "if((x + half - 1.5) ** 3 >= 0, 5, 0)", aggregate: last}
    """
    lift = lifted(text, "x", Intervention("fix", shift=2.0))
    amounts = named(lift)
    assert lift.total == 5
    assert amounts["x", "y"] + amounts["half", "y"] == pytest.approx(5, rel=1e-9)
    assert amounts["x", "half"] == pytest.approx(amounts["half", "y"], rel=1e-9)
