from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import ChangeError, ModelError, QuestionError
from tests.analyses.models import CLUB, COST, SHOP, amount, asked, can_be_asked, club, near, over, shop
from tests.strategies import Sketch, changes, examples, trees


def test_every_figure_of_several_changes_at_once():
    changes = {"spirit": "+5pp", "fee": "+€2", "staff": "-2%"}
    answer = it.loads(CLUB).what_if(changes)
    base, changed = club(), club(spirit=0.45, fee=52, staff=480_200)
    before, after = over(base), over(changed)
    assert (answer.before, answer.after) == pytest.approx((before["result"], after["result"]), rel=1e-12)
    assert answer.total == pytest.approx(after["result"] - before["result"], rel=1e-9)
    assert answer.run_rate == pytest.approx(4 * (changed[-1]["result"] - base[-1]["result"]), rel=1e-9)
    assert answer.changes == (("spirit", "+5pp"), ("fee", "+€2"), ("staff", "-2%"))
    assert [m.before for m in answer.moves] == pytest.approx([0.4, 50, 6 * 490e3])
    assert [m.after for m in answer.moves] == pytest.approx([0.45, 52, 6 * 480_200])
    for o in answer.outcomes:
        assert (o.before, o.after) == pytest.approx((before[o.name], after[o.name]), rel=1e-12)


def test_overlap_goes_through_the_formulas():
    tree = it.loads(SHOP)
    both = tree.what_if({"visits": "+10%", "margin": "+10%"}).total
    each = tree.what_if({"visits": "+10%"}).total + tree.what_if({"margin": "+10%"}).total
    assert both / 0.21 == pytest.approx(each / 0.2)


def test_another_outcome():
    answer = it.loads(CLUB).what_if({"fee": "+€1"}, on="fees")
    assert answer.outcome == "fees"
    assert answer.total == pytest.approx(sum(row["members"] for row in club()))
    assert answer.outcomes[0].name == "fees"


# ---- the sentence


SENTENCES = [
    (SHOP, {"visits": "+1%"}, "+1% Visits (1.08M -> 1.09M in 12 months) adds $2.59k operating profit (+1.86%)"),
    (
        SHOP,
        {"margin": "+1pp", "fixed": "-$1k"},
        "+1pp Gross margin (30.0% -> 31.0%, +1pp) and -$1k/month Fixed cost ($120k -> $108k in 12 months) "
        "add $20.6k operating profit (+14.8%)",
    ),
    (
        SHOP,
        {"margin": "+1pp", "fixed": "-$1k", "visits": "-1%"},
        "3 changes together add $18k operating profit (+12.9%)",
    ),
    (
        SHOP,
        {"profit_share": "+1pp"},
        "+1pp Profit share (16.11% -> 17.11%, +1pp) does not change operating profit",
    ),
    (SHOP, {}, "Without a change: operating profit $139k"),
    (
        COST,
        {"self_service": "+1pp"},
        "+1pp Self-service share (20.0% -> 21.0%, +1pp) saves €3.84k support cost (-1.25%)",
    ),
    (
        COST,
        {"rate": "+€1", "minutes": "=12 minutes/ticket"},
        "+€1 Hourly rate (€32 -> €33) and =12 minutes Handling time (15 minutes -> 12 minutes) "
        "save €53.8k support cost (-17.5%)",
    ),
]


@pytest.mark.parametrize(("text", "changes", "sentence"), SENTENCES)
def test_the_sentence(text, changes, sentence):
    title = it.loads(text).what_if(changes).title
    when = " in the first 12 months" if text == SHOP else " in the first 4 quarters"
    assert title.count(when) == 1
    assert title.replace(when, "") == sentence


def test_many_changes_are_listed_below():
    text = str(it.loads(SHOP).what_if({"margin": "+1pp", "fixed": "-$1k", "visits": "-1%"}))
    for note in ("+1pp Gross margin (30.0% -> 31.0%, +1pp)", "-1% Visits (1.08M -> 1.07M in 12 months)"):
        assert f"\nWith {note}\n" in text


def test_the_table_says_over_what_time():
    answer = it.loads(CLUB).what_if({"spirit": "+5pp"})
    rows = {row[0].value: [cell.text for cell in row[1:]] for row in answer.view().rows}
    assert {name: row[0] for name, row in rows.items()} == {
        "result": "sum of 6 quarters",
        "reserve": "quarter 6",
        "members": "quarter 6",
        "mean_members": "mean of 6 quarters",
    }
    members = [club()[-1]["members"], club(spirit=0.45)[-1]["members"]]
    assert rows["members"][1:3] == [f"{value / 1000:.2f}k" for value in members]
    assert amount(rows["members"][3]) == round(members[1] - members[0])
    assert "Run rate of result: +€89.7k a year by quarter 6" in str(answer)
    assert str(answer).endswith(
        "Basis: accrual, pre-tax, undiscounted, before the cost of achieving it; changes held from quarter 1, "
        "if achieved in full."
    )


def test_an_outcome_that_does_not_move_says_so():
    row = it.loads(SHOP).what_if({"fixed": "-$1k"}, range=False).view().rows[0]
    assert [cell.text for cell in row] == ["Revenue", "sum of 12 months", "$864k", "$864k", "$0", "no change"]


# ---- scenarios


def test_the_scenarios_of_the_file():
    comparison = it.loads(SHOP).compare()
    assert [name for name, _ in comparison.scenarios] == ["fast", "lean"]
    assert comparison.base.after == pytest.approx(shop()["profit"])
    assert comparison["fast"].after == pytest.approx(shop(speed=90)["profit"])
    assert comparison["lean"].after == pytest.approx(shop(fixed=9e3, margin=0.31)["profit"])
    assert comparison["lean"].changes == (("fixed", "-$1k/month"), ("margin", "+1pp"))


def test_the_table_of_scenarios():
    lines = str(it.loads(SHOP).compare()).splitlines()
    assert lines[0] == "Scenarios over the first 12 months"
    assert lines[1].split("  ")[0] == "Scenario"
    assert "Basket, month 12" in lines[1]
    assert lines[3].split() == ["Base", "case", "$864k", "$139k", "$40", "hold"]
    assert lines[4].startswith("Fast")
    assert "$172k (+$33k)" in lines[4]
    assert "Fast: +10 points Page speed (80 points -> 90 points)" in lines
    assert (
        "Lean: -$1k/month Fixed cost ($120k -> $108k in 12 months); +1pp Gross margin (30.0% -> 31.0%, +1pp)" in lines
    )
    assert any(line.startswith("Fast: extrapolated: Page speed at 90 points, outside") for line in lines)


def test_scenarios_of_ones_own_keep_their_names():
    comparison = it.loads(CLUB).compare({"Plan B_2": {"fee": "+€5"}, "as is": {}})
    rows = comparison.view().rows
    assert [row[0].text for row in rows] == ["Base case", "Plan B 2", "As is"]
    assert [row[0].value for row in rows] == ["base", "Plan B_2", "as is"]
    assert rows[0][-1].text == "BREACHED: Reserve"
    assert rows[1][-1].text == "hold"
    assert "As is: no change" in str(comparison)


def test_a_tree_without_guardrails_has_no_column_for_them():
    assert [c.label for c in it.loads(COST).compare({"x": {}}).view().columns][-1] == "Support hours"


def test_percent_of_a_share_is_ambiguous_in_a_file_and_clear_in_a_question():
    text = SHOP.replace("fast: {speed: +10 points}", "more: {conversion: +5%}")
    with pytest.raises(ModelError, match=r"write '\+5% relative' or '\+5pp'"):
        it.loads(text).compare()
    stated = it.loads(text.replace("+5%", "+5% relative")).compare()
    assert stated["more"].after == pytest.approx(shop(conversion=0.001)["profit"])
    asked_here = it.loads(SHOP).compare({"more": {"conversion": "+5%"}})
    assert asked_here["more"].after == stated["more"].after


@pytest.mark.parametrize("name", ["red\x1b[31m", "two\nlines", "\u202egnorw", ""])
def test_the_name_of_a_scenario_is_held_to_what_text_of_a_file_is(name):
    with pytest.raises(QuestionError, match="scenario '"):
        it.loads(CLUB).compare({name: {"fee": "+€5"}})


def test_a_wrong_scenario_is_named():
    with pytest.raises(ChangeError, match="fee: in the scenario high, a change starts with"):
        it.loads(CLUB).compare({"high": {"fee": "5"}})
    with pytest.raises(
        QuestionError, match=r"in the scenario high, there is no metric 'feee' \(did you mean 'fee'\?\)"
    ):
        it.loads(CLUB).compare({"high": {"feee": "+1%"}})
    with pytest.raises(
        QuestionError, match=r"there is no scenario 'fest' \(did you mean 'fast'\?\): they are fast, lean"
    ):
        it.loads(SHOP).compare()["fest"]


@pytest.mark.parametrize("scenarios", ["fast", [{}], 3, {3: {}}])
def test_scenarios_are_a_mapping(scenarios):
    with pytest.raises(QuestionError, match="scenarios are a mapping of name to changes: write"):
        it.loads(SHOP).compare(scenarios)


# ---- ways out


def test_rows_carry_names_numbers_and_units():
    comparison = it.loads(CLUB).compare({"dear": {"fee": "+€5"}})
    row = comparison.to_dicts()[0]
    assert row == {
        "scenario": "dear",
        "title": "Dear",
        "metric": "result",
        "period": 6,
        "label": "Result",
        "before": comparison.base.before,
        "after": comparison["dear"].after,
        "change": comparison["dear"].total,
        "change_p10": pytest.approx(comparison["dear"].total),
        "change_p90": pytest.approx(comparison["dear"].total),
        "unit": "EUR",
        "over": "sum of 6 quarters",
    }
    same = {key: value for key, value in row.items() if key not in ("scenario", "title", "metric", "period")}
    assert it.loads(CLUB).what_if({"fee": "+€5"}).to_dicts()[0] == {"outcome": "result", **same}
    assert len(comparison.to_frame()) == 4


def test_json_says_what_was_changed_and_what_breaks():
    data = json.loads(it.loads(CLUB).what_if({"fee": "-€1"}).to_json())
    assert data["changes"] == {"fee": "-€1"}
    assert data["unit"] == "EUR"
    assert data["guardrails"][0]["holds"] is False
    several = json.loads(it.loads(CLUB).compare({"cheap": {"fee": "-€1"}}).to_json())
    assert several["scenarios"]["cheap"]["changes"] == {"fee": "-€1"}
    assert several["scenarios"]["cheap"]["guardrails"] == data["guardrails"]


@examples(30)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_a_comparison_is_its_what_ifs(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, most=3))
    assume(can_be_asked(sketch, drawn, tree.values()))
    given_changes = asked(drawn)
    alone, beside = tree.what_if(given_changes), tree.compare({"x": given_changes, "none": {}})
    assert beside["x"] == alone
    assert beside["none"].total == 0
    assert beside.base.before == alone.before
    assert near(alone.after - alone.before, alone.total)


LABELLED = """
outcome: paid
metrics:
  sold: {value: 50 orders/month}
  price: {value: $30/order}
  paid: {formula: sold * price}
scenarios:
  low: {label: Weak demand, description: A large customer leaves., changes: {sold: -20%}}
  high_price: {price: +10%}
"""


def test_scenarios_are_called_by_their_label_in_every_answer():
    tree = it.loads(LABELLED)
    compared = tree.compare(range=False)
    assert [row[0].text for row in compared.view().rows] == ["Base case", "Weak demand", "High price"]
    assert "Weak demand: A large customer leaves" in compared.view().notes
    assert compared.to_dicts()[0]["title"] == "Weak demand"
    assert tree.worth("price", "+1%", scenario="low").title.startswith("Weak demand: +1% Price")
    assert tree.what_if({"price": "+1%"}, scenario="low").title.startswith("Weak demand: +1% Price")
    assert tree.diagram(("price", "+1%"), scenario="low").view().title.startswith("Weak demand: +1% Price")
    assert tree.subtree("paid").spec.scenarios == tree.spec.scenarios


def test_a_wrong_change_of_a_scenario_with_a_label_is_put_in_its_place():
    with pytest.raises(ModelError) as caught:
        it.loads(LABELLED.replace("sold: -20%", "slod: -20%"))
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("scenarios.low.changes.slod", 8)


def test_long_frames_join_on_metric_period_and_scenario():
    tree = it.template("saas")
    frames = [
        tree.compare(range=False),
        tree.sweep("churn", "2%", "3%", steps=2, scenario="growth"),
        tree.simulate(512, scenario="growth").fan(),
        tree.simulate(512, scenario="growth"),
    ]
    for frame in frames:
        rows = frame.to_dicts()
        assert list(rows[0])[:3] == ["metric", "period", "scenario"]
        assert "growth" in {row["scenario"] for row in rows}
    assert list(tree.project(3).to_dicts()[0])[:2] == ["period", tree.project(3).names[0]]
