"""What the questions say of one tree must agree, with each other and with the tests' own engine."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree import ImpactTree, loads
from impacttree.errors import ChangeError
from tests.oracles.unrolled import oracle_of
from tests.strategies import Change, Sketch, changes, examples, trees

ANY_TREE = st.one_of(trees(), trees(stepped=True), trees(kinks=True), trees(kinks=True, jumps=True))


def asked(change: Change) -> list[object]:
    """Return a change as a user gives it."""
    kind, scale, shift = change
    if kind == "fix":
        return [it.to(shift)]
    return [it.relative(scale - 1), it.add(shift)]


def free_of_loops(tree: ImpactTree, drawn: dict[str, Change]) -> None:
    loops = [tree._graph[name].loop for name in drawn if tree._graph[name].on_loop]
    assume(len(loops) == len(set(loops)))
    today = tree._subject.today
    assume(all(today[tree._graph[name].index] > 0 or change[0] == "fix" for name, change in drawn.items()))


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.data())
def test_several_changes_are_the_same_in_every_question_and_in_the_design(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, most=3))
    free_of_loops(tree, drawn)
    given_changes = {name: asked(change) for name, change in drawn.items()}
    answer = tree.what_if(given_changes)
    world, base = (oracle_of(sketch, tree).world(c) for c in (drawn, {}))
    size = max(1, abs(world.over(sketch.outcome)), abs(base.over(sketch.outcome)))
    assert abs(answer.total - (world.over(sketch.outcome) - base.over(sketch.outcome))) <= 1e-10 * size
    values = tree.values(given_changes)
    assert answer.after == values[sketch.outcome]
    assert answer.total == answer.after - answer.before
    projection = tree.project(changes=given_changes)
    for name in sketch.metrics:
        for t in range(sketch.horizon + 1):
            exact, told = world.value(name, t), projection[name][t]
            if told is None:  # what compares a metric with its own past is first known in period 1
                assert t == 0
                assert name in tree._graph.unknown_today
                continue
            assert abs(told - exact) <= 1e-10 * max(1, abs(exact))


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.data())
def test_a_worth_is_the_what_if_of_its_lift_and_closes(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    change = it.add(sketch.spans[name].least * 0.03 or 0.01)
    worth, what_if = tree.worth(name, change), tree.what_if({name: change})
    assert worth.total == what_if.total
    assert (worth.before, worth.after) == (what_if.before, what_if.after)
    assert (
        worth.by_period[-1]
        == tree.project(changes={name: change})[sketch.outcome][-1] - tree.project()[sketch.outcome][-1]
    )
    assert worth.long[0] == worth.total
    room = 1e-9 * max(abs(worth.total), sum(abs(edge.amount) for edge in worth.edges)) + 1e-13 * abs(worth.before)
    assert abs(math.fsum(path.amount for path in worth.paths) + worth.rest - worth.total) <= room
    if name != sketch.outcome:
        into = math.fsum(edge.amount for edge in worth.edges if edge.target == sketch.outcome)
        out = math.fsum(edge.amount for edge in worth.edges if edge.source == sketch.outcome)
        assert abs(into - out - worth.total) <= room
    shares = math.fsum(grounds.share for grounds in worth.rests_on) + worth.by_formulas
    assert shares == pytest.approx(1 if any(path.amount for path in worth.paths) else 0)


@examples(40)
@given(ANY_TREE, st.data())
def test_a_lift_to_where_it_is_is_worth_exactly_nothing(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    today = tree.values()[name]
    identities = ["+0%"] if today > 0 else []
    identities += ["+0", "-0"]
    if "value" in sketch.metrics[name] and "drivers" not in sketch.metrics[name]:
        identities.append(f"={today!r}")
    for change in identities:
        worth = tree.worth(name, change)
        assert worth.total == 0
        assert set(worth.by_period) == {0}
        assert all(edge.amount == 0 for edge in worth.edges)
        assert worth.long == (0, 0, 0)


@pytest.mark.slow
@examples(40)
@given(ANY_TREE)
def test_sensitivity_is_the_worth_of_one_percent_and_its_elasticity_the_limit_of_it(sketch: Sketch) -> None:
    tree = sketch.tree()
    oracle = oracle_of(sketch, tree)
    total = oracle.world().over(sketch.outcome)
    for row in tree.sensitivity().rows:
        if row.worth is not None:
            assert row.worth == tree.worth(row.metric, row.percent).total
        if row.elasticity is not None and abs(total) > 1e-3:
            exact = oracle.slope(sketch.outcome, row.metric, relative=True) / abs(total)
            assert abs(row.elasticity) == pytest.approx(float(abs(exact)), rel=1e-6, abs=1e-9)


@examples(30)
@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=8), st.integers(1, 12))
def test_elasticities_of_a_product_add_up(factors: list[float], horizon: int) -> None:
    inputs = "".join(f"  x{k}: {{value: {value!r}}}\n" for k, value in enumerate(factors))
    product = " * ".join(f"x{k}" for k in range(len(factors)))
    text = f"horizon: {horizon}\noutcome: y\nmetrics:\n{inputs}  y: {{formula: {product}, aggregate: sum}}\n"
    elasticities = [row.elasticity for row in loads(text).sensitivity().rows]
    assert elasticities == pytest.approx([1.0] * len(factors), rel=1e-12)


LOOP = """
outcome: y
metrics:
  hiring: {value: 3}
  quality: {value: 0.5}
  staff: {start: 100, formula: prev(staff) * 0.9 + hiring * prev(output) / 50}
  output: {start: 50, formula: prev(staff) * quality}
  y: {formula: output * 2}
"""


def test_two_changed_metrics_in_one_loop_are_refused_with_the_inputs_to_change() -> None:
    tree = loads(LOOP)
    for ask in (tree.what_if, tree.values, tree.check_guardrails):
        with pytest.raises(ChangeError) as raised:
            ask({"staff": "+1%", "output": "+1%"})
        message = str(raised.value)
        for word in ("staff", "output", "hiring", "quality"):
            assert word in message
    with pytest.raises(ChangeError, match="staff"):
        tree.compare({"both": {"staff": "+1%", "output": "+1%"}})
    assert tree.what_if({"staff": "+1%", "quality": "+1%"}).total > 0
    assert tree.what_if({"staff": ["+1%", "+2"]}).total > 0


def test_bounds_never_clamp() -> None:
    text = """
    outcome: y
    horizon: 3
    metrics:
      x: {value: 0.9, bounds: 0 to 1}
      y: {formula: 2 * x, bounds: 0 to 1.9}
    """
    tree = loads(text)
    with pytest.raises(ChangeError, match="bounds"):
        tree.worth("x", "+0.2")
    worth = tree.worth("x", "+0.1")
    assert worth.after == 2.0
    assert any("bounds" in warning for warning in worth.warnings)


@pytest.mark.slow
@examples(30)
@given(ANY_TREE, st.data())
def test_data_refreshed_with_the_same_data_answers_the_same(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    stated = {name: keys["value"] for name, keys in sketch.metrics.items() if "value" in keys}
    again = loads(tree.with_values(stated).to_yaml())
    assert again.values() == tree.values()
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    assert again.worth(name, "+0.01").total == tree.worth(name, "+0.01").total
    assert again._subject.fingerprint == tree._subject.fingerprint
