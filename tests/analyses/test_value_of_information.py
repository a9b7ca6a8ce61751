from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import ChangeError, ImpactTreeError, QuestionError
from tests.analyses.models import SHOP
from tests.strategies import Sketch, examples, trees

NORMAL = NormalDist()
Z_P90 = NORMAL.inv_cdf(0.9)


def gain(mean: float, sd: float) -> float:
    """E[max(X, 0)] - max(E[X], 0) of a normal X."""
    d = abs(mean) / sd
    return sd * NORMAL.pdf(d) - abs(mean) * NORMAL.cdf(-d)


def plan(worth: str, more: str = "", **numbers: str) -> it.ImpactTree:
    """A tree in which `go` from 0 to 1 is worth `worth` of the numbers."""
    metrics = "".join(f"  {name}: {{value: {value}}}\n" for name, value in numbers.items())
    return it.loads(
        f"outcome: profit\nhorizon: 1\nmetrics:\n  go: {{value: 0}}\n{metrics}"
        f"  profit: {{label: Operating profit, formula: go * ({worth}){more}, unit: USD, aggregate: last}}\n"
    )


def normal(mean: float, sd: float) -> str:
    return f"{{normal: {{mean: ${mean}, sd: ${sd}}}}}"


def go(cost: str | dict, **further: str) -> it.Decision:
    return it.Decision("go", "+1", cost=cost, **further)


def found(answer) -> dict[str, float]:
    return {row.address: row.evppi for row in answer.rows}


# ---- numbers


@pytest.mark.parametrize("cost", [4, 9, 10, 11, 30])
def test_one_normal_number(cost):
    answer = plan("a", a=normal(10, 4)).value_of_information(go(f"${cost}"))
    assert answer.expected == pytest.approx(10 - cost, abs=1e-3)
    assert answer.worth == pytest.approx(10, abs=1e-3)
    assert answer.probability_of_loss == pytest.approx(NORMAL.cdf((cost - 10) / 4), abs=1e-3)
    assert answer.evpi == pytest.approx(gain(10 - cost, 4), abs=2e-3)
    assert answer.rows[0].evppi == pytest.approx(answer.evpi, abs=5e-3)
    assert answer.choice == ("do it" if cost < 10 else "leave it" if cost > 10 else answer.choice)


def test_several_normal_numbers():
    deviations = {"a.value": 4.0, "b.value": 2.0, "c.value": 1.0, "decision.cost": 1.5}
    tree = plan("a + 2 * b - c", a=normal(10, 4), b=normal(3, 1), c=normal(2, 1))
    answer = tree.value_of_information(go({"normal": {"mean": "$13", "sd": "$1.50"}}))
    assert answer.evpi == pytest.approx(gain(1, math.hypot(*deviations.values())), abs=0.02)
    for row in answer.rows:
        assert row.evppi == pytest.approx(gain(1, deviations[row.address]), abs=max(4 * row.error, 2e-3))
        assert row.share == row.evppi / answer.evpi
    assert [row.address for row in answer.rows] == sorted(deviations, key=lambda name: -deviations[name])


def test_a_few_cases_by_hand():
    tree = plan("a + b", a="{discrete: [[$0, 70%], [$100, 30%]]}", b="{discrete: [[-$50, 50%], [$50, 50%]]}")
    answer = tree.value_of_information(go("$20"))
    assert answer.expected == pytest.approx(10, abs=0.2)
    assert answer.probability_of_loss == pytest.approx(0.35, abs=2e-3)
    assert answer.evpi == pytest.approx(0.35 * 30 + 0.15 * 30 + 0.15 * 130 - 10, abs=4 * answer.evpi_error)
    assert found(answer) == pytest.approx({"a.value": 14, "b.value": 20}, abs=4 * answer.evpi_error)
    assert answer.evpi_error < 0.2


def test_a_product_of_lognormals_against_nested_simulation():
    answer = plan("a * b", a="$2 to $8", b="1 to 2").value_of_information(go("$6"))
    random = np.random.default_rng(11)

    def lognormal(low, high, count):
        middle, width = math.log(low * high) / 2, math.log(high / low) / 2 / Z_P90
        return np.exp(random.normal(middle, width, count))

    a, b = lognormal(2, 8, 4_000), lognormal(1, 2, 4_000)
    net = np.multiply.outer(a, b) - 6
    once = max(net.mean(), 0)
    nested = {axis: np.maximum(net.mean(axis=axis), 0).mean() - once for axis in (0, 1)}
    # The chance of the nested simulation: its outer loops have 4,000 cases.
    assert answer.evpi == pytest.approx(np.maximum(net, 0).mean() - once, abs=0.1)
    assert found(answer) == pytest.approx({"a.value": nested[1], "b.value": nested[0]}, abs=0.06)
    exact = math.exp((math.log(4) / 2 / Z_P90) ** 2 / 2) * 4 * math.exp((math.log(2) / 2 / Z_P90) ** 2 / 2) * 2**0.5
    assert answer.worth == pytest.approx(exact, rel=2e-3)


def test_what_does_not_move_the_worth_is_not_worth_knowing():
    answer = plan("a", " + other", a=normal(10, 4), other=normal(50, 30)).value_of_information(go("$10"))
    other = next(row for row in answer.rows if row.address == "other.value")
    assert other.evppi <= 2 * other.error < 1e-3
    assert answer.measure.address == "a.value"


def test_a_certain_number_changes_nothing():
    plain = plan("a", a=normal(10, 4)).value_of_information(go("$11"))
    more = plan("a", " + sure", a=normal(10, 4), sure="$3").value_of_information(go("$11"))
    assert found(more) == pytest.approx(found(plain), rel=1e-9)
    assert more.evpi == pytest.approx(plain.evpi, rel=1e-9)


def test_an_outcome_that_is_better_lower_is_turned_round():
    text = """
outcome: costs
horizon: 1
metrics:
  go: {value: 0}
  a: {value: {normal: {mean: $10, sd: $4}}}
  costs: {formula: 100 - go * a, unit: USD, aggregate: last, better: lower}
"""
    lower = it.loads(text).value_of_information(go("$11"))
    higher = plan("a", a=normal(10, 4)).value_of_information(go("$11"))
    assert found(lower) == pytest.approx(found(higher), rel=1e-9)
    assert (lower.worth, lower.expected) == pytest.approx((higher.worth, higher.expected))
    assert "On average it saves $10 costs" in str(lower)


def test_a_seed_gives_the_same_again_and_another_the_same_within_error():
    tree, decision = it.template("saas"), it.Decision("engagement", "+1%", cost="$15k ($10k to $20k)")
    answer = tree.value_of_information(decision, 4_096, 1)
    assert tree.value_of_information(decision, 4_096, 1) == answer
    other = tree.value_of_information(decision, 4_096, 2)
    assert other != answer
    again = {row.address: row for row in other.rows}
    for row in answer.rows:
        assert row.evppi == pytest.approx(again[row.address].evppi, abs=5 * math.hypot(row.error, answer.evpi_error))


def test_the_order_of_the_file_changes_nothing():
    numbers = {"a": normal(10, 4), "b": normal(3, 1)}
    one = plan("a + b", **numbers).value_of_information(go("$13"))
    other = plan("a + b", **dict(reversed(numbers.items()))).value_of_information(go("$13"))
    assert found(one) == pytest.approx(found(other), rel=1e-9)


def test_samples_without_a_value_are_left_out_and_said():
    tree = plan("sqrt(a) * each", a="{normal: {mean: 1, sd: 1}}", each="$1")
    answer = tree.value_of_information(go("$1"), 1_024)
    (said,) = (warning for warning in answer.warnings if "left out" in warning)
    left_out, _, rest = said.partition(" ")
    assert int(left_out) == pytest.approx(1_024 * NORMAL.cdf(-1), abs=8)
    assert rest.startswith("of 1,024 samples are left out: no finite value of Operating profit")
    shown = " ".join(str(answer).split())
    assert "samples are left out" in shown
    assert answer.evpi > 0
    with pytest.raises(QuestionError, match=r"only .* of 200 samples have a value"):
        tree.value_of_information(go("$1"), 200)


def correlated(tree: it.ImpactTree, *pairs: tuple[str, str, float]) -> it.ImpactTree:
    listed = "".join(f"- [{first}.value, {second}.value, {value}]\n" for first, second, value in pairs)
    return it.loads(f"{tree.to_yaml()}\ncorrelations:\n{listed}")


def test_knowing_one_of_two_that_are_correlated_tells_of_both():
    tree = correlated(plan("a + b", a=normal(5, 1), b=normal(5, 1)), ("a", "b", 0.8))
    answer = tree.value_of_information(go("$10"))
    for row in answer.rows:
        assert row.evppi == pytest.approx(gain(0, 1.8), rel=0.02)
    assert answer.evpi == pytest.approx(gain(0, math.sqrt(3.6)), rel=0.02)
    assert "A and B are correlated: knowing one also tells of the others, which its worth includes" in answer.warnings


def test_a_correlation_with_what_the_decision_does_not_rest_on_tells_nothing():
    tree = plan("a + b", a=normal(5, 1), b=normal(5, 1), z=normal(5, 1))
    answer = correlated(tree, ("a", "z", 0.8)).value_of_information(go("$10"))
    assert [row.evppi for row in answer.rows] == pytest.approx([gain(0, 1)] * 2, rel=0.02)
    assert answer.warnings == ()


@pytest.mark.slow
@examples(25)
@given(trees(), st.data())
def test_knowing_one_is_worth_no_more_than_knowing_all(sketch: Sketch, data: st.DataObject):
    metrics = {
        name: keys | {"value": f"{keys['value']} ({0.8 * float(keys['value'])} to {1.25 * float(keys['value'])})"}
        if set(keys) <= {"value", "aggregate"} and float(keys["value"]) > 0
        else keys
        for name, keys in sketch.metrics.items()
    }
    tree = replace(sketch, metrics=metrics).tree()
    name = data.draw(st.sampled_from([name for name in metrics if tree[name].unit == tree["m0"].unit]))
    try:
        worth = tree.worth(name, "+10%", range=False).total
        unit = tree._subject.words.total_unit(sketch.outcome)
        cost = f"{max(worth, 0.0) * data.draw(st.sampled_from([0.5, 1.0, 1.5]))!r} {unit}".strip()
        answer = tree.value_of_information(it.Decision(name, "+10%", cost=cost), 512)
    except ImpactTreeError:
        assume(False)
    assert answer.evpi >= 0
    assert all(0 <= row.evppi <= answer.evpi for row in answer.rows)
    assert [row.evppi for row in answer.rows] == sorted(found(answer).values(), reverse=True)
    assert all(math.isfinite(row.error) and row.error >= 0 for row in answer.rows)


# ---- the decision


def test_without_a_decision_the_lever_with_most_at_stake_is_weighed_at_its_worth():
    tree = it.template("saas")
    answer = tree.value_of_information(samples=2_048)
    first = tree.sensitivity().rows[0]
    assert answer.is_closest
    assert answer.decision == (f"=$32 {first.label} ($29 -> $32)",)
    assert (answer.expected, answer.choice) == (0, "either")
    same = tree.value_of_information(it.Decision(first.metric, "=$32", cost=f"${answer.worth!r}"), 2_048)
    assert found(same) == pytest.approx(found(answer), rel=1e-6, abs=1)
    shown = " ".join(str(answer).split())
    assert "No decision was given. Taken is the lever with most at stake, where the choice is closest" in shown
    assert "As things stand: a toss-up." in shown


def test_without_a_decision_and_a_lever_the_question_says_what_is_missing():
    with pytest.raises(QuestionError, match=r"no metric states what is plausible.*add `plausible:`.*it\.Decision"):
        plan("a", a="$3").value_of_information()


def test_a_lever_that_loses_on_average_is_weighed_at_no_cost():
    tree = plan("a", a="$1 (-$100 to $2)")
    lever = it.loads(tree.to_yaml().replace("value: 0", "value: 0\n    plausible: 0 to 1"))
    answer = lever.value_of_information(samples=1_024)
    assert (answer.cost, answer.choice) == ("$0", "leave it")
    assert ", at no cost." in " ".join(str(answer).split())


def test_several_changes_make_one_decision():
    tree = it.template("saas")
    decision = it.Decision({"engagement": "+1%", "arpu": ["+$1", "+1%"]}, cost="$900k ($800k to $1M)", on="revenue")
    answer = tree.value_of_information(decision, 1_024)
    assert answer.outcome == "revenue"
    assert answer.cost == "$900k ($800k to $1M)"
    assert len(answer.decision) == 2
    assert "they add" in str(answer)
    assert answer.rows[0].address == "decision.cost"
    assert answer.rows[0].label == "Cost of the decision"
    assert answer.rows[0].stated
    worth = tree.what_if({"engagement": "+1%", "arpu": ["+$1", "+1%"]}, on="revenue").range.mean
    assert answer.worth == pytest.approx(worth, rel=1e-3)


def test_a_decision_is_frozen_and_comparable():
    decision = it.Decision({"arpu": ["+$1", "+1%"]}, cost="$1k")
    assert decision == it.Decision({"arpu": ("+$1", "+1%")}, cost="$1k")
    assert hash(decision) == hash(it.Decision("arpu", ("+$1", "+1%"), cost="$1k"))
    with pytest.raises(AttributeError):
        decision.cost = "$2k"


@pytest.mark.parametrize(
    ("arguments", "cost", "message"),
    [
        (("engagement", "+1%"), None, "no cost"),
        (("engagement",), "$1k", "names a metric and what is done to it"),
        (({"engagement": "+1%"}, "+1%"), "$1k", "names a metric and what is done to it"),
        (({},), "$1k", "changes nothing"),
    ],
)
def test_what_is_no_decision(arguments, cost, message):
    with pytest.raises(QuestionError, match=message):
        it.Decision(*arguments, cost=cost)


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (it.Decision("engagement", "+1%", cost=10_000), "does not say which money: write it with its currency: USD"),
        (it.Decision("engagement", "+1%", cost="10k hours"), "hours does not fit a metric in USD"),
        (it.Decision("engagement", "+1%", cost="$1k/month"), "Nov 2026 to Oct 2027 is in USD: USD/month does not fit"),
        (it.Decision("engagement", "+1%", cost="-$1k"), "below zero"),
        (it.Decision("engagement", "+1%", cost="$1k (-$1k to $3k)"), "below zero"),
        (it.Decision("engagement", "+1%", cost={"uniform": "-$1k to $3k"}), "below zero"),
        (it.Decision("engagement", "+1%", cost="much"), "the cost: this is not a number"),
        (it.Decision("engagement", "+1%", cost="$1k ($1k to $2k)"), "the point is P50"),
        (it.Decision("engagment", "+1%", cost="$1k"), "did you mean 'engagement'"),
        (it.Decision("engagement", "+1%", cost="$1k", on="proft"), "did you mean 'profit'"),
        (("engagement", "+1%", "$1k"), "is not a decision: write it.Decision"),
    ],
)
def test_a_decision_that_does_not_fit_the_tree(decision, message):
    with pytest.raises(QuestionError, match=message):
        it.template("saas").value_of_information(decision)


def test_a_change_that_does_not_fit_is_a_change_error():
    with pytest.raises(ChangeError, match="outside its bounds"):
        it.template("saas").value_of_information(it.Decision("engagement", "+90pp", cost="$1k"))


@pytest.mark.parametrize("samples", [0, 199, 2**20 + 1, True, 1e4, "many"])
def test_samples_are_a_number_in_range(samples):
    with pytest.raises(QuestionError, match="whole number from 200 to 1_048_576"):
        it.template("saas").value_of_information(samples=samples)


# ---- words


def test_the_sentence_names_the_number_and_its_price():
    tree = it.template("saas")
    answer = tree.value_of_information(it.Decision("engagement", "+1%", cost="$15k"))
    label = "Monthly churn <- Weekly engagement, slope"
    assert answer.title == f"Measure next: {label}. Knowing it is worth up to $1.5k to this decision"
    assert answer.measure == answer.rows[0]
    assert str(answer).startswith(answer.title)
    document = json.loads(answer.to_json())
    assert document["sentence"] == answer.title
    assert document["rows"][0]["evppi"] == answer.rows[0].evppi
    assert document["rows"][0]["error"] == answer.rows[0].error
    [bar] = answer.picture().bars
    assert (bar.label, bar.low, bar.high) == (label, 0, answer.rows[0].evppi)


def test_errors_stand_beside_the_numbers():
    answer = plan("a * b", a="$20k to $80k", b="1 to 2").value_of_information(go("$60k"), 512)
    assert " ± $" in str(answer)
    assert "standard error" in str(answer)


def test_a_range_that_follows_from_a_grade_is_marked():
    answer = it.loads(SHOP).value_of_information(it.Decision("speed", "+1 point", cost="$3500"))
    stated = {row.address: row.stated for row in answer.rows}
    assert stated == {"basket.speed.slope": False, "conversion.speed.slope": False, "visits.value": True}
    assert "from its grade" in str(answer)


@pytest.mark.parametrize(("cost", "better"), [("$0", "doing it pays"), ("$900", "leaving it is better")])
def test_a_clear_decision_cannot_be_changed_by_this_model(cost, better):
    answer = plan("a", a="{uniform: $5 to $15}").value_of_information(go(cost), 1_024)
    assert answer.evpi == 0
    assert found(answer) == {"a.value": 0}
    assert answer.title == f"Nothing in this model can change the decision: {better} in all 1,024 samples"
    assert answer.measure is None
    assert answer.picture().bars == ()


def test_a_decision_that_rests_on_nothing_uncertain():
    answer = plan("a", a="$5").value_of_information(go("$2"), 1_024)
    assert (answer.evpi, answer.rows, answer.choice) == (0, (), "do it")
    assert answer.title.startswith("Nothing to measure: no number that this decision rests on is uncertain")


def test_an_outcome_that_is_not_money_is_weighed_in_its_own_unit():
    text = """
outcome: hours
metrics:
  tools: {value: 0}
  each: {value: 40 hours/month (20 to 80)}
  hours: {label: Support hours, formula: 1000 - tools * each, unit: hours/month, better: lower}
"""
    answer = it.loads(text).value_of_information(it.Decision("tools", "+1", cost="500 hours"), 1_024)
    assert answer.title.startswith("Measure next: Each. Knowing it is worth up to")
    assert "hours to this decision" in answer.title
    assert "$" not in str(answer)


def test_a_decision_that_moves_nothing_is_warned_about():
    answer = it.template("saas").value_of_information(it.Decision("cac", "-10%", cost="$1k"), 1_024)
    assert any("no path in this tree leads from CAC to Operating profit" in warning for warning in answer.warnings)
    assert answer.choice == "leave it"


def test_an_amount_is_the_same_with_its_error_and_without():
    decision = it.Decision("engagement", "+1%", cost="$15k ($10k to $40k)")
    answer = it.template("saas").value_of_information(decision, 512)
    shown = answer.view().rows[0][1].text
    assert " ± " in shown
    assert f"worth up to {shown.split(' ± ')[0]} to this decision" in answer.title


def test_amounts_that_are_no_money_say_what_they_count():
    source = """
    {horizon: 4, outcome: tickets, metrics: {bugs: {value: 12 bugs/month (8 to 20), plausible: 5 to 20 bugs/month},
    each: {value: 3 tickets/bug (2 to 5)}, tickets: {label: Support tickets, formula: bugs * each}}}
    """
    answer = it.loads(source).value_of_information(samples=512)
    assert re.search(r"worth up to [\d.]+ tickets to this decision", answer.title)
    assert re.search(r"expected worth, [\d.]+ tickets\.", str(answer))
    assert re.search(r"is worth [\d.]+ ± [\d.]+ tickets \(EVPI\)", str(answer))
