from __future__ import annotations

import pytest

import impacttree as it
from impacttree.errors import ChangeError, ImpactTreeError, QuestionError
from tests.analyses.models import CLUB, SHOP

LOOP = """
metrics:
  growth: {value: 2%}
  users: {start: 100, formula: prev(users) + new}
  new: {formula: prev(users) * growth}
  income: {formula: users * 3, aggregate: sum, kind: financial}
"""


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("sped", "there is no metric 'sped' (did you mean 'speed'?)"),
        ("xyzzy", "there is no metric 'xyzzy'"),
        (None, "a metric is named by text, not by NoneType"),
        (3, "a metric is named by text, not by int"),
        (["speed"], "a metric is named by text, not by list"),
        ("\x1b[31m", "there is no metric '\\x1b[31m'"),
    ],
)
def test_a_metric_that_is_not_there(metric, message):
    tree = it.loads(SHOP)
    questions = [
        lambda: tree.worth(metric, "+1%"),
        lambda: tree[metric],
        lambda: tree.derivative("profit", metric),
        lambda: tree.diagram(lift=(metric, "+1%")),
    ]
    if not isinstance(metric, list):
        questions += [lambda: tree.what_if({metric: "+1%"}), lambda: tree.project(1, {metric: "+1%"})]
    if metric is not None:
        questions += [lambda: tree.sensitivity(on=metric), lambda: tree.worth("speed", "+1%", on=metric)]
    for question in questions:
        with pytest.raises(QuestionError) as caught:
            question()
        assert str(caught.value) == f"{message}: name a metric of the tree; tree.values() lists them"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("1%", "speed: a change starts with `+`, `-` or `=`, '1%' does not: write '+1%' to multiply or '=1%' to set"),
        ("", "speed: a change starts with `+`, `-` or `=`, '' does not: write e.g. '+1%', '+2pp', '-$3' or '=45%'"),
        (None, "speed: a change is text such as '+1%', not a NoneType"),
        ({"speed": "+1%"}, "speed: a change is text such as '+1%', not a dict"),
        ([], "speed: no change is given: write e.g. '+1%'"),
        (True, "speed: a change is text such as '+1%', not a bool"),
        ("+1pp", "'speed' is not shown in %, so +1pp has no meaning for it: write e.g. +5 points or +1%"),
        (["=70 points", "=80 points"], "'speed' is set twice (=70 points and =80 points): keep one"),
    ],
)
def test_a_change_that_cannot_be_done(change, message):
    tree = it.loads(SHOP)
    for question in (tree.what_if, tree.values, tree.check_guardrails, lambda c: tree.project(2, c)):
        with pytest.raises(ChangeError) as caught:
            question({"speed": change})
        assert str(caught.value) == message
    with pytest.raises(ChangeError) as caught:
        tree.worth("speed", change)
    assert str(caught.value) == message


def test_a_bare_number_is_refused_with_the_ways_to_say_it():
    with pytest.raises(ChangeError, match="a bare number does not say what kind of change it is: write"):
        it.loads(SHOP).worth("speed", 0.01)


@pytest.mark.parametrize("changes", ["speed +1%", [("speed", "+1%")], 3])
def test_changes_are_a_mapping(changes):
    tree = it.loads(SHOP)
    for question in (tree.what_if, tree.values, tree.check_guardrails, lambda c: tree.project(2, c)):
        with pytest.raises(
            ChangeError, match=r"changes are a mapping of metric to change, not \w+: write \{'engagement'"
        ):
            question(changes)


def test_nothing_changed_is_an_answer():
    tree = it.loads(SHOP)
    assert tree.values({}) == tree.values()
    assert tree.values(None) == tree.values()
    assert tree.project(3, {}) == tree.project(3)
    assert tree.what_if({}).total == 0
    assert tree.check_guardrails({}) == tree.check_guardrails()


def test_stated_values_beyond_bounds_are_refused():
    for change in ("+160%", "=120%", "+61pp", "-41pp"):
        with pytest.raises(ChangeError, match=r"outside its bounds 0\.0% to 100\.0%: use a smaller change"):
            it.loads(CLUB).worth("spirit", change)


def test_no_product_of_nothing():
    tree = it.loads("metrics: {a: {value: -5}, b: {formula: a * 2}}")
    with pytest.raises(
        ChangeError, match=r"'a' is -5, and a relative change \(\+1%\) means nothing at or below zero: write"
    ):
        tree.worth("a", "+1%")
    assert tree.worth("a", "+1").total == 2


def test_two_changes_in_one_time_loop_name_what_to_change_instead():
    with pytest.raises(ChangeError) as caught:
        it.loads(LOOP).what_if({"users": "+1%", "new": "+1%"})
    assert str(caught.value) == (
        "users and new stand in one time loop, so each change would alter the path that the other one is applied to: "
        "change inputs of the loop instead: growth"
    )


def test_a_change_in_a_loop_does_not_feed_back_on_itself():
    worth = it.loads(LOOP).worth("users", "+10%")
    path, users = [], 100.0
    for _ in range(12):
        users += users * 0.02
        path.append(users)
    assert worth.by_period == pytest.approx([0.1 * value * 3 for value in path])


def test_an_outcome_is_needed():
    with pytest.raises(ImpactTreeError, match="no outcome is stated"):
        it.loads("metrics: {a: {value: 2}, b: {formula: a}, c: {formula: a}}")


def test_the_fingerprint_tells_trees_apart():
    tree = it.loads(SHOP)
    same = [it.loads(SHOP), it.loads(tree.to_yaml()), it.loads(SHOP.replace("label: Visits", "label: Traffic"))]
    other = [
        it.loads(SHOP.replace("90_000 visits", "90_001 visits")),
        it.loads(SHOP.replace("0.02pp per point", "0.03pp per point")),
        it.loads(SHOP.replace("name: Shop", "name: Shop\nhorizon: 6")),
        it.loads(SHOP.replace("outcome: profit", "outcome: revenue")),
    ]
    prints = {t.values().provenance.fingerprint for t in same}
    assert prints == {tree.values().provenance.fingerprint}
    assert len({t.values().provenance.fingerprint for t in other} - prints) == len(other)


def test_one_mistake_is_one_line():
    tree = it.loads(SHOP)
    for question in (lambda: tree.worth("sped", "+1%"), lambda: tree.project(0), lambda: tree.what_if({"speed": "5"})):
        with pytest.raises(ImpactTreeError) as caught:
            question()
        assert "\n" not in str(caught.value)
