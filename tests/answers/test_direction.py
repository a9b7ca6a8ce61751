"""Which way is better where it is not stated."""

from __future__ import annotations

import pytest

import impacttree as it

COSTS = """
outcome: profit
metrics:
  sold: {value: 50 orders/month (40 to 60)}
  price: {value: $30/order}
  ads: {value: $300/month ($250 to $400)}
  tickets: {value: $20/month ($10 to $30), better: higher}
  idle: {value: 3, drivers: {sold: {slope: 0}}}
  profit: {formula: sold * price - ads - 2 * tickets, unit: USD/month, kind: financial}
"""


def test_a_cost_is_noted_and_ranked_the_way_that_pays():
    tree = it.loads(COSTS)
    noted = [note for note in tree.notes if "better" in note]
    assert noted == [
        "ads: a rise lowers Profit, and `better` is not stated; write `better: lower`, or `better: higher` if a rise "
        "is good all the same"
    ]
    answer = tree.sensitivity()
    assert answer["ads"].percent == "-1%"
    assert answer["ads"].worth == pytest.approx(12 * 3)
    assert answer["ads"].plausible == (300, 250)
    assert answer["ads"].plausible_worth == pytest.approx(12 * 50)
    assert "`better` is not stated of Ads; lower is taken, since a rise lowers Profit." in str(answer)


def test_what_is_stated_stands():
    tree = it.loads(COSTS)
    assert tree.sensitivity()["tickets"].percent == "+1%"
    stated = it.loads(COSTS.replace("($250 to $400)}", "($250 to $400), better: lower}"))
    assert not any("better" in note for note in stated.notes)
    assert "not stated of" not in str(stated.sensitivity())
    assert stated.sensitivity()["ads"].plausible_worth == tree.sensitivity()["ads"].plausible_worth


def test_of_an_outcome_that_is_better_lower_what_raises_it_is_the_cost():
    text = COSTS.replace("outcome: profit", "outcome: spent").replace(
        "  idle:", "  spent: {formula: ads + 2 * tickets - sold * price, unit: USD/month, better: lower}\n  idle:"
    )
    tree = it.loads(text)
    assert [note.partition(":")[0] for note in tree.notes if "raises Spent" in note] == ["ads"]
    answer = tree.sensitivity()
    assert (answer["ads"].percent, answer["sold"].percent) == ("-1%", "+1%")


def test_a_model_without_a_base_case_has_no_such_note():
    tree = it.loads("outcome: y\nmetrics: {a: {value: 0}, b: {value: 2}, y: {formula: b / a}}")
    assert not any("better" in note for note in tree.notes)
