"""What questions have in common: changes, horizon and scenario mean the same in each of them."""

from __future__ import annotations

import numpy as np
import pytest

import impacttree as it
from impacttree.errors import QuestionError

TREE = """
horizon: 6
outcome: paid
metrics:
  price: {value: $30/unit ($25 to $36), guardrail: {min: $20/unit}, plausible: $28 to $33}
  sold: {value: 50 units/month, drivers: {calls: {slope: 2 units/month per call (1 to 3), evidence: experiment}}}
  calls: {value: 5 calls, plausible: 4 to 8 calls}
  paid: {formula: price * sold, unit: USD/month}
scenarios:
  slump: {sold: -20 units/month}
"""
CALLS = {"calls": "+1 call"}


@pytest.fixture(scope="module")
def tree():
    return it.loads(TREE)


ASKED = {
    "worth": lambda tree, **more: tree.worth("calls", "+1 call", **more),
    "what_if": lambda tree, **more: tree.what_if(CALLS, **more),
    "check_guardrails": lambda tree, **more: tree.check_guardrails(CALLS, **more),
    "sensitivity": lambda tree, **more: tree.sensitivity(**more),
    "simulate": lambda tree, **more: tree.simulate(256, changes=CALLS, **more),
    "uncertainty": lambda tree, **more: tree.uncertainty(samples=256, changes=CALLS, **more),
    "break_even": lambda tree, **more: tree.break_even("calls", "+1 call", **more),
    "value_of_information": lambda tree, **more: tree.value_of_information(
        it.Decision("calls", "+1 call", cost="$300"), 512, **more
    ),
    "sweep": lambda tree, **more: tree.sweep("calls", 4, 8, 3, **more),
}


@pytest.mark.parametrize("question", sorted(ASKED))
@pytest.mark.parametrize("horizon", [9, " 9 ", "9 months"])
def test_a_horizon_is_read_alike_everywhere(tree, question, horizon):
    assert ASKED[question](tree, horizon=horizon).horizon == 9


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_horizon_or_scenario_that_is_none_is_refused_alike_everywhere(tree, question):
    with pytest.raises(QuestionError, match=r"the tree steps by month, not by year.*write 24 months"):
        ASKED[question](tree, horizon="2 years")
    with pytest.raises(QuestionError, match="the horizon: '0' is not a whole number from 1"):
        ASKED[question](tree, horizon=0)
    with pytest.raises(QuestionError, match=r"no scenario 'slunp' \(did you mean 'slump'\?\)"):
        ASKED[question](tree, scenario="slunp")


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_scenario_is_named_by_the_answer(tree, question):
    answer = ASKED[question](tree, scenario="slump")
    assert answer.provenance.scenario == "Slump"
    assert answer.summary()["scenario"] == "Slump"
    assert "Slump" in str(answer).split("\n")[0]


def test_a_scenario_stands_on_both_sides(tree):
    sold = 6 * 30 * 30
    assert tree.what_if(CALLS, scenario="slump").before == pytest.approx(sold)
    assert tree.what_if(CALLS, scenario="slump").total == pytest.approx(6 * 2 * 30)
    assert tree.what_if({"price": "+10%"}, scenario="slump").total == pytest.approx(0.1 * sold)
    assert tree.worth("price", "+10%", scenario="slump").total == pytest.approx(0.1 * sold)
    assert tree.sensitivity(scenario="slump")["price"].plausible_worth == pytest.approx(6 * 30 * 3)


def test_simulated_changes_are_those_of_what_if(tree):
    within = tree.simulate(2**10, changes={"price": "=$40"}, scenario="slump")
    assert within.central[0] == pytest.approx(6 * 40 * 30)
    assert within.ranges[0].is_point
    both = tree.simulate(2**10, changes=CALLS).samples() - tree.simulate(2**10).samples()
    draws = tree.simulate(2**10, changes=CALLS, on=["price", "sold"])
    assert both == pytest.approx(6 * draws.samples("price") * (draws.samples("sold") / 6 - 50))
    unsure = tree.simulate(2**10, changes={"calls": "+1 call (0.5 to 2 calls)"})
    assert "calls.lift" in unsure.uncertain
    assert unsure.title.startswith("Paid in the first 6 months")


def test_uncertainty_of_a_change_is_that_of_the_change(tree):
    """The change is 6 months * price * slope: a product of two numbers that nothing else moves."""
    answer = tree.uncertainty(samples=2**12, changes=CALLS)
    assert answer.central == pytest.approx(6 * 30 * 2)
    price, slope = answer["price.value"], answer["sold.calls.slope"]
    assert (price.outcome_low, price.outcome_high) == (pytest.approx(6 * 25 * 2), pytest.approx(6 * 36 * 2))
    assert (slope.outcome_low, slope.outcome_high) == (pytest.approx(6 * 30), pytest.approx(6 * 90))
    moved = tree.simulate(2**12, changes=CALLS).samples() - tree.simulate(2**12).samples()
    assert answer.range.p10 == pytest.approx(np.quantile(moved, 0.1), rel=0.02)
    assert price.first.value + slope.first.value == pytest.approx(1, abs=0.05)
    assert answer.title == "What drives the spread of what +1 Calls does to paid in the first 6 months"
    bars = answer.picture().bars
    assert [bar.label.split(",")[0] for bar in bars] == ["Sold <- Calls", "Price"]
    assert bars[0].low_text == "+$180"


def test_an_uncertain_lift_is_one_of_the_numbers(tree):
    answer = tree.uncertainty(samples=256, changes={"calls": "+1 call (0.5 to 2 calls)"})
    lift = answer["calls.lift"]
    assert lift.span == "+0.5 to +2"
    assert (lift.outcome_low, lift.outcome_high) == (pytest.approx(180), pytest.approx(720))


def test_what_is_held_beside_a_decision_is_held_without_it(tree):
    decision = it.Decision("calls", "+1 call", cost="$300")
    alone = tree.value_of_information(decision, 512)
    held = tree.value_of_information(decision, 512, changes={"price": "=$60"})
    assert alone.worth == pytest.approx(tree.worth("calls", "+1 call").range.mean, rel=0.05)
    assert held.median_worth == pytest.approx(6 * 60 * 2, rel=0.05)
    assert held.choice == "do it"


def test_samples_and_seed_are_those_asked_for(tree):
    first, again, other = (tree.worth("calls", "+1 call", samples=512, seed=seed) for seed in (3, 3, 4))
    assert first.range == again.range != other.range
    assert (first.provenance.samples, first.provenance.seed) == (512, 3)
    assert tree.what_if(CALLS, samples=512, seed=3).range == first.range
    assert tree.check_guardrails(CALLS, samples=512, seed=3).provenance.samples == 512
    with pytest.raises(QuestionError, match="samples"):
        tree.worth("calls", "+1 call", samples=-1)
