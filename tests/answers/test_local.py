from __future__ import annotations

import json
import math

import pytest

import impacttree as it
from impacttree.errors import EvaluationError

LAUNCH = """
currency: USD
period: month
horizon: 6
outcome: rev
metrics:
  new: {value: 10 customers/month (8 customers/month to 12 customers/month)}
  price: {value: $50/customer/month, plausible: $45/customer/month to $60/customer/month}
  cust: {start: 0 customers, formula: prev(cust) + new, unit: customers}
  rev: {formula: cust * price, unit: USD/month, kind: financial}
"""
SIDES = {
    "today": "side: {formula: rev / cust, unit: USD/customer/month}",
    "one period": 'side: {formula: "rev / prev(rev) - 1", unit: "%"}',
    "always": "zero: {value: 0}\n  side: {formula: 1 / zero}",
    "read on": 'ratio: {formula: "rev / prev(rev)"}\n  side: {formula: ratio * 2}',
    "only with the lift": 'side: {formula: "1 / (price - 50.5)"}',
}
QUESTIONS = {
    "worth": lambda tree: tree.worth("price", "+1%"),
    "what_if": lambda tree: tree.what_if({"price": "+1%"}),
    "compare": lambda tree: tree.compare({"dear": {"price": "+1%"}}),
    "sensitivity": lambda tree: tree.sensitivity(),
    "headroom": lambda tree: tree.headroom(),
    "check_guardrails": lambda tree: tree.check_guardrails(),
    "simulate": lambda tree: tree.simulate(samples=256),
    "uncertainty": lambda tree: tree.uncertainty(samples=256),
    "verify": lambda tree: tree.verify(),
    "lifted diagram": lambda tree: tree.diagram(lift=("price", "+1%")),
    "project": lambda tree: tree.project(),
    "values": lambda tree: tree.values({"price": "+1%"}),
}


def with_side(side: str) -> it.ImpactTree:
    return it.loads(f"{LAUNCH}  {SIDES[side]}\n")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("side", SIDES)
def test_what_has_no_value_stops_no_answer_that_does_not_read_it(side: str, question: str) -> None:
    assert str(QUESTIONS[question](with_side(side)))


@pytest.mark.parametrize("side", SIDES)
def test_answers_are_those_of_the_tree_without_it(side: str) -> None:
    tree, plain = with_side(side), it.loads(LAUNCH)
    found, expected = tree.worth("price", "+1%"), plain.worth("price", "+1%")
    assert (found.total, found.by_period, found.range) == (expected.total, expected.by_period, expected.range)
    assert [path.amount for path in found.paths] == [path.amount for path in expected.paths]
    shared = [name for name in plain if name != "side"]
    assert [tree.project()[name] for name in shared] == [plain.project()[name] for name in shared]
    assert {row.metric: row.elasticity for row in tree.sensitivity().rows} == {
        row.metric: row.elasticity for row in plain.sensitivity().rows
    }


@pytest.mark.parametrize("side", ["one period", "always", "read on"])
def test_asked_for_itself_it_is_an_error_that_names_where_it_begins(side: str) -> None:
    with pytest.raises(EvaluationError, match="division by zero in month 1"):
        with_side(side).worth("price", "+1%", on="side")


def test_a_value_that_there_is_not_today_does_not_stop_answers_over_the_horizon() -> None:
    tree = with_side("today")
    assert tree.values()["side"] is None
    assert tree.project()["side"] == (None, *[50.0] * 6)
    assert tree.worth("price", "+1%", on="side", range=False).total == pytest.approx(0.5)


def test_tables_mark_it_and_rows_give_the_reason() -> None:
    values = with_side("always").values()
    row = next(row for row in values.to_dicts() if row["metric"] == "side")
    assert row["value"] is None
    assert row["reason"] == "undefined: division by zero today"
    assert next(row for row in values.to_dicts() if row["metric"] == "rev")["reason"] is None
    assert "undefined: division by zero today" in str(values)
    assert "reason" not in it.loads(LAUNCH).values().to_dicts()[0]


def test_a_projection_says_when_and_why() -> None:
    found = with_side("read on").project()
    assert found["side"][:2] == (None, None)
    assert found["side"][2:] == pytest.approx([4.0, 3.0, 8 / 3, 2.5, 2.4])
    assert ("side", 1, "undefined: division by zero in month 1") in found.reasons
    assert "Side is undefined: division by zero in month 1" in found.warnings
    data = json.loads(json.dumps({"rows": found.to_dicts(), **found.summary()}, allow_nan=False))
    assert {"metric": "side", "period": 1, "reason": "undefined: division by zero in month 1"} in data["undefined"]
    assert data["rows"][1]["side"] is None


def test_a_picture_marks_it() -> None:
    for picture in (with_side("always").diagram(), with_side("always").diagram(lift=("price", "+1%"))):
        cards = {card.id: card for card in picture.drawn.cards}
        assert (cards["side"].value, cards["side"].unit.split()[:3]) == ("undefined", ["division", "by", "zero"])
        assert cards["rev"].value.startswith("$")


def test_a_branch_that_is_not_taken_needs_no_value() -> None:
    tree = it.loads(f"{LAUNCH}  ratio: {{formula: rev / prev(rev)}}\n  side: {{formula: 'if(cust > 10, ratio, 1)'}}\n")
    assert tree.values()["side"] is None  # it compares
    assert tree.project()["side"][1:4] == pytest.approx((1.0, 2.0, 1.5))


def test_a_comparison_reads_no_mark_as_a_number() -> None:
    tree = it.loads(f"{LAUNCH}  ratio: {{formula: 'rev / lag(rev, 1)'}}\n  side: {{formula: 'if(ratio > 1, 1, 0)'}}\n")
    assert tree.project()["side"][1] is None
    later = it.loads(f"{LAUNCH}  r: {{formula: rev / cust}}\n  side: {{formula: 'if(prev(r) > 1, 1, 0)'}}\n")
    assert later.project()["side"][:3] == (None, None, 1.0)


def test_first_known_in_the_first_period() -> None:
    tree = it.loads(LAUNCH.replace("start: 0", "start: 100") + '  nrr: {formula: rev / prev(rev), unit: "%"}\n')
    assert tree.values()["nrr"] is None
    assert "first known in month 1" in str(tree.values())
    assert tree.project()["nrr"][1] == pytest.approx(1.1)
    assert tree.project()["nrr"][0] is None
    assert not math.isnan(tree.worth("new", "+1%", on="nrr", range=False).total)


def test_what_its_author_calls_not_meaningful_is_called_so_and_warned_of_nowhere() -> None:
    tree = it.loads(
        "outcome: sales\nmetrics: {sales: {value: $5/month}, spent: {value: $8/month},"
        " margin: {formula: 'if(spent < sales, 1 - spent / sales, 1 / 0)', unit: '%'}}"
    )
    assert (
        next(row for row in tree.values().to_dicts() if row["metric"] == "margin")["reason"] == "not meaningful today"
    )
    assert tree["margin"].today is None
    assert "margin" in repr(tree["margin"])
    found = tree.project(2)
    assert ("margin", 1, "not meaningful in month 1") in found.reasons
    assert not found.warnings
    assert tree.project(2, {"spent": "=$4"})["margin"][1:] == pytest.approx((0.2, 0.2))
    drawn = tree.diagram(lift=("sales", "-1%"))
    assert drawn.view().cards[2].unit == "not meaningful in month 1"
    assert "Margin: – not meaningful in month 1; driver." in drawn._repr_mimebundle_()["image/svg+xml"]
    with pytest.raises(EvaluationError, match=r"not meaningful in month 1.*its formula divides by 0 there to say so"):
        tree.worth("sales", "-1%", on="margin")
