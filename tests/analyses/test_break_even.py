"""What must hold for a lift to pay: thresholds worked out by hand, and the worth computed again on either side."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.analyses.break_even import BreakEven, SwitchingValue, _rounded
from impacttree.errors import ChangeError, ImpactTreeError, QuestionError
from tests.analyses.models import CLUB, COST
from tests.strategies import Sketch, examples, trees

PRICE = """
horizon: 10
outcome: paid
metrics:
  price: {value: $30/order ($25 to $36)}
  sold: {value: 50 orders/month, drivers: {calls: {slope: 2 orders/month per call, evidence: experiment}}}
  calls: {value: 5 calls}
  paid: {formula: price * sold, unit: USD/month}
scenarios:
  slump: {sold: -20 orders/month}
"""
"""One call more a period brings 2 orders at $30 in each of 10 months: $600."""


def row_of(answer: BreakEven, address: str) -> SwitchingValue:
    (row,) = [row for row in answer.rows if row.address == address]
    return row


def test_thresholds_worked_out_by_hand():
    answer = it.loads(PRICE).break_even("calls", "+1 call", cost="$450")
    assert (answer.pays, answer.horizon, answer.cost) == (True, 10, 450.0)
    assert answer.net == pytest.approx(150)
    at = {row.address: row.at for row in answer.rows}
    assert at["calls.lift"] == pytest.approx(450 / 600)
    assert at["decision.cost"] == pytest.approx(600)
    assert at["price.value"] == pytest.approx(450 / 20)
    assert at["sold.calls.slope"] == pytest.approx(450 / 300)
    assert "sold.value" not in at  # what is sold anyway does not bear on it
    assert [row.address for row in answer.rows][:2] == ["calls.lift", "decision.cost"]
    price = row_of(answer, "price.value")
    assert (price.low, price.high, price.within_range) == (pytest.approx(25), pytest.approx(36), False)
    assert price.moves == pytest.approx(450 / 20 - 30)


def test_of_several_costs_each_is_moved_alone():
    """$600 comes in; $200 is paid at once, $100 later, and $150 that lasts: all of it counts when it is paid."""
    answer = it.loads(PRICE).break_even(
        "calls", "+1 call", cost="$200; $100 in month 5; $150 in month 2 over 20 months"
    )
    assert answer.cost == pytest.approx(450)
    assert answer.net == pytest.approx(150)
    at = {row.label: row.at for row in answer.rows if row.address.startswith("decision.cost")}
    assert at == {
        "Cost, $200 in month 1": pytest.approx(350),
        "Cost, $100 in month 5": pytest.approx(250),
        "Cost, $150 in month 2, written off over 20 months": pytest.approx(300),
    }
    assert row_of(answer, "calls.lift").at == pytest.approx(450 / 600)


def test_what_does_not_pay_says_what_would():
    answer = it.loads(PRICE).break_even("calls", "+1 call", cost="$700")
    assert not answer.pays
    price = row_of(answer, "price.value")
    assert price.at == pytest.approx(35)
    assert price.within_range
    assert answer.title == (
        "+1 Calls does not pay back within 10 months (-$100) but does within 30 (+$1.1k), in month 12; "
        "in the first 10 months it would pay at +1.17 or more"
    )
    assert "$35 or more" in str(answer)
    assert row_of(answer, "decision.cost").at == pytest.approx(600)


def test_without_a_cost_it_is_where_the_effect_turns_around():
    answer = it.loads(PRICE).break_even("calls", "+1 call")
    assert answer.cost is None
    assert answer.net == pytest.approx(600)
    assert answer.rows[0].address == "sold.calls.slope"
    assert row_of(answer, "sold.calls.slope").at == pytest.approx(0, abs=1e-9)


def test_the_horizon_is_read_as_in_a_file_and_a_scenario_holds_on_both_sides():
    tree = it.loads(PRICE)
    assert tree.break_even("calls", "+1 call", cost="$900", horizon="20 months").net == pytest.approx(300)
    with pytest.raises(QuestionError, match=r"steps by month, not by year.*write 24 months"):
        tree.break_even("calls", "+1 call", horizon="2 years")
    held = tree.break_even("price", "+$1", cost="$100", scenario="slump")
    assert held.net == pytest.approx(30 * 10 - 100)
    assert held.title.startswith("Slump: ")
    with pytest.raises(QuestionError, match="no scenario 'slmp' \\(did you mean 'slump'"):
        tree.break_even("price", "+$1", scenario="slmp")


def test_the_lifted_metric_of_a_scenario_is_moved_from_where_the_scenario_has_it():
    held = it.loads(PRICE).break_even("sold", "+10 orders/month", cost="$1500", scenario="slump")
    assert held.net == pytest.approx(10 * 30 * 10 - 1500)
    assert held.rows[0].at == pytest.approx(5)


def test_an_outcome_that_is_better_lower_pays_by_what_is_saved():
    answer = it.loads(COST).break_even("minutes", "-10%", cost="€20k")
    saved = 4 * 12_000 * 0.8 * 1.5 / 60 * 32
    assert answer.net == pytest.approx(saved - 20e3)
    assert answer.rows[0].at == pytest.approx(-0.1 * 20e3 / saved)
    without = it.loads(COST).break_even("minutes", "-10%")
    assert "saves €30.7k" in str(without)


def test_the_cost_of_a_range_and_an_uncertain_lift_say_their_ranges():
    answer = it.loads(PRICE).break_even("calls", "+1 call (0.5 to 2 calls)", cost="$450 ($400 to $700)")
    lift, cost = answer.rows[:2]
    assert (lift.low, lift.high) == (pytest.approx(0.5), pytest.approx(2))
    assert lift.within_range
    assert (cost.low, cost.high, cost.within_range) == (400, 700, True)
    assert "NOT over its range" in str(answer)


def test_what_cannot_be_asked():
    tree = it.loads(PRICE)
    with pytest.raises(QuestionError, match="does not change paid"):
        it.loads(PRICE.replace("2 orders/month per call", "0 orders/month per call")).break_even("calls", "+1 call")
    with pytest.raises(ChangeError, match="no one size"):
        tree.break_even("calls", ["+1 call", "+2%"])  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="the cost is 3 orders"):
        tree.break_even("calls", "+1 call", cost="3 orders")


def test_a_threshold_is_rounded_to_the_side_that_still_holds():
    assert (_rounded(0.017846, up=True), _rounded(0.017846, up=False)) == (0.0179, 0.0178)
    assert (_rounded(-13.826, up=True, digits=4), _rounded(-13.826, up=False, digits=4)) == (-13.82, -13.83)
    assert _rounded(0.0, up=True) == 0.0
    assert _rounded(5.0, up=True) == 5.0


def test_the_template_reads_as_people_say_it():
    answer = it.template("saas").break_even("engagement", "+5%", cost="$250k", horizon=36)
    assert answer.title == "+5% Weekly engagement pays from Nov 2026 to Oct 2029 if it is +1.68% or more; stated is +5%"
    text = str(answer)
    assert "$11.73 or more" in text
    assert "-0.0106pp per +1pp or stronger" in text
    assert "$22.10 or less" in text


# ---- against the worth, computed again


def worth_net(answer: BreakEven, text: str, address: str, value: float) -> float:
    """Return the worth less the cost with one number of `CLUB` replaced in the text of the model."""
    stated = {"churn.value": "5%/quarter", "fee.value": "€50/member/quarter", "joins.value": "400 members/quarter"}
    units = {"fee.value": " EUR/member/quarter", "joins.value": " members/quarter"}
    assert text.count(stated[address]) == 1
    moved = text.replace(
        stated[address], f"{value!r}{units[address]}" if address in units else f"{100 * value!r}%/quarter"
    )
    return it.loads(moved).worth("spirit", "+5pp", range=False).total - (answer.cost or 0.0)


@pytest.mark.parametrize("cost", ["€5k", "€30k", "€300k"])
def test_at_each_switching_value_worth_less_cost_is_zero(cost):
    answer = it.loads(CLUB).break_even("spirit", "+5pp", cost=cost)
    checked = 0
    for row in answer.rows:
        if row.at is not None and row.address in ("churn.value", "fee.value", "joins.value"):
            net = worth_net(answer, CLUB, row.address, row.at)
            assert net == pytest.approx(0, abs=1e-6 * answer.cost)
            checked += 1
    lift = answer.rows[0]
    if lift.at is not None:
        again = it.loads(CLUB).worth("spirit", it.points(lift.at), range=False)
        assert again.total == pytest.approx(answer.cost, rel=1e-8)
        checked += 1
    assert checked >= 2


@pytest.mark.slow
@examples(40)
@given(trees(), st.data())
def test_any_switching_value_turns_the_answer_around(sketch: Sketch, data: st.DataObject):
    tree = sketch.tree()
    metric = data.draw(st.sampled_from([name for name in sketch.metrics if name != tree.outcome] or [tree.outcome]))
    size = data.draw(st.sampled_from([0.5, -0.25, 2.0]))
    try:
        total = tree.worth(metric, it.add(size), range=False).total
        assume(abs(total) > 1e-6 and math.isfinite(total))
        cost = abs(total) * data.draw(st.sampled_from([0.3, 0.9, 1.5]))
        answer = tree.break_even(metric, it.add(size), cost=cost)
    except ImpactTreeError:
        assume(False)
    assert answer.net == pytest.approx(total - cost, rel=1e-9, abs=1e-9)
    lift = answer.rows[0]
    assume(lift.address == f"{metric}.lift" and lift.at is not None)
    try:
        found = tree.worth(metric, it.add(lift.at), range=False).total - cost
    except ImpactTreeError:
        return
    assert abs(found) <= 1e-6 * (abs(total) + cost) + 1e-6 * abs(lift.at)
