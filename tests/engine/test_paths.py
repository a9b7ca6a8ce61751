from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.engine.paths import Paths
from impacttree.quantity import Intervention
from tests.engine.support import ANY_TREE, Compiled, lift_of
from tests.oracles.attribution import Attribution, TooManyWalksError
from tests.oracles.unrolled import erased
from tests.strategies import Sketch, changes, examples, trees
from tests.work import calls


@pytest.mark.slow
@examples(60)
@given(trees(linear=True, most=6, horizon=4), st.data())
def test_a_path_of_a_linear_tree_is_the_sum_of_all_walks_that_erase_to_it(sketch: Sketch, data: st.DataObject) -> None:
    assert_paths(sketch, data, nodes=1)


@pytest.mark.slow
@examples(30)
@given(trees(most=5, horizon=3), st.data())
def test_a_path_of_any_tree_is_the_integral_of_its_walks(sketch: Sketch, data: st.DataObject) -> None:
    assert_paths(sketch, data, nodes=96)


def assert_paths(sketch: Sketch, data: st.DataObject, nodes: int) -> None:
    compiled = Compiled(sketch)
    drawn = data.draw(changes(sketch))
    ((slot, intervention),) = compiled.interventions(drawn).items()
    ((metric, change),) = drawn.items()
    lift = lift_of(compiled.model, slot, intervention, compiled.outcome, compiled.horizon)
    paths = Paths(lift)
    try:
        exact = Attribution(compiled.oracle, metric, change, sketch.outcome, nodes).paths()
    except TooManyWalksError:
        return
    size = max(abs(lift.total), math.fsum(map(abs, exact.values())))
    walked = sorted(([compiled.slot(name) for name in names], amount) for names, amount in exact.items())
    together = paths.amounts([slots for slots, _ in walked])
    for (slots, _), amount in zip(walked, together, strict=True):
        assert paths.amounts([slots]) == [amount]
    for names, amount in exact.items():
        found = paths.amounts([[compiled.slot(name) for name in names]])[0]
        assert abs(found - amount) <= 1e-9 * size + 1e-13, names
    listed = paths.best(1_000)
    index = {compiled.slot(name): name for name in sketch.metrics}
    named = {tuple(index[slot] for slot in path.metrics): path.amount for path in listed}
    for names, amount in exact.items():
        if abs(amount) > 1e-9 * size + 1e-13:
            assert names in named
    assert named.keys() <= exact.keys()


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.data())
def test_paths_and_rest_make_the_total(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    ((slot, intervention),) = compiled.interventions(data.draw(changes(sketch))).items()
    lift = lift_of(compiled.model, slot, intervention, compiled.outcome, compiled.horizon)
    found = Paths(lift).best(1_000)
    if len(found) == 60:
        return
    rounding = 1e-14 * max(abs(run.horizon()[lift.outcome]) for run in (lift.before, lift.after))
    sizes = math.fsum(abs(path.amount) for path in found)
    assert abs(math.fsum(path.amount for path in found) - lift.total) <= 1e-9 * max(abs(lift.total), sizes) + rounding
    assert [abs(path.amount) for path in found] == sorted((abs(path.amount) for path in found), reverse=True)


def test_loops_are_erased_in_the_order_in_which_they_close() -> None:
    assert erased("abcbd") == tuple("abd")
    assert erased("abcacbd") == tuple("acbd")
    assert erased("abcdbe") == tuple("abe")


def test_a_walk_back_collapses_to_the_first_visit() -> None:
    text = """
    horizon: 3
    outcome: y
    metrics:
      x: {value: 1}
      stock: {start: 10, formula: prev(stock) * 0.5 + x + 0.1 * prev(echo)}
      echo: {formula: 2 * stock}
      y: {formula: stock + echo, aggregate: sum}
    """
    tree = loads(text)
    worth = tree.worth("x", "+1")
    # Each unit of the stock makes 0.5 + 0.1 * 2 = 0.7 of it a month later.
    stock = [1, 1 + 0.7, 1 + 0.7 + 0.49]
    amounts = {path.metrics: path.amount for path in worth.paths}
    assert worth.total == pytest.approx(3 * sum(stock), rel=1e-12)
    # A walk from the echo back to the stock and straight on is the path without the echo.
    assert amounts == pytest.approx(
        {("x", "stock", "y"): sum(stock), ("x", "stock", "echo", "y"): 2 * sum(stock)}, rel=1e-12
    )


def diamonds(count: int) -> str:
    lines = ["outcome: y", "metrics:", "  d0: {value: 2}"]
    for k in range(1, count + 1):
        lines += [
            f"  up{k}: {{formula: d{k - 1} * 0.6}}",
            f"  down{k}: {{formula: d{k - 1} * 0.4}}",
            f"  d{k}: {{formula: up{k} + down{k}}}",
        ]
    return "\n".join([*lines, f"  y: {{formula: d{count} * 3}}"])


def test_a_running_total_passes_on_what_has_gathered() -> None:
    worth = loads("""
    horizon: 3
    outcome: y
    metrics:
      x: {value: 1}
      a: {formula: x * 1}
      b: {formula: x * 3}
      y: {formula: cumulative(a) + b, aggregate: sum}
    """).worth("x", "+1")
    amounts = {path.metrics: path.amount for path in worth.paths}
    assert amounts == pytest.approx({("x", "a", "y"): 1 + 2 + 3, ("x", "b", "y"): 3 * 3}, rel=1e-12)


def test_stacked_diamonds_list_some_paths_and_state_the_rest() -> None:
    answers = []
    assert calls(lambda: answers.append(loads(diamonds(64)).worth("d0", "+10%"))) < 2_500_000
    (worth,) = answers
    assert worth.total == pytest.approx(0.6, rel=1e-12)
    assert 0 < len(worth.paths) <= 60
    best = worth.paths[0]
    assert best.amount == pytest.approx(0.6 * 0.6**64, rel=1e-9)
    assert all(name.startswith(("d", "up", "y")) and not name.startswith("down") for name in best.metrics)
    assert math.fsum(path.amount for path in worth.paths) + worth.rest == pytest.approx(worth.total, rel=1e-12)


def test_few_diamonds_list_every_path() -> None:
    worth = loads(diamonds(4)).worth("d0", "+10%")
    assert len(worth.paths) == 16
    assert worth.rest == 0
    expected = sorted(
        (0.6 * 0.6**ups * 0.4 ** (4 - ups) for ups in (4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0)), reverse=True
    )
    assert [path.amount for path in worth.paths] == pytest.approx(expected, rel=1e-9)


def test_no_way_to_the_outcome_is_no_path() -> None:
    tree = loads("{outcome: y, metrics: {x: {value: 1}, z: {value: 2}, y: {formula: z * 2}}}")
    lift = lift_of(tree._subject.model, 0, Intervention("wrap", 2.0), 2, 12)
    assert Paths(lift).best(10) == ()
    assert lift.total == 0


def test_paths_that_cancel_are_listed() -> None:
    tree = loads("""
    outcome: margin
    metrics:
      users: {value: 10}
      gains: {formula: users * 2}
      costs: {formula: users * 2}
      margin: {formula: gains - costs}
    """)
    worth = tree.worth("users", "+10%")
    assert worth.total == worth.rest == 0
    assert {path.metrics[1]: path.amount for path in worth.paths} == pytest.approx({"gains": 2.0, "costs": -2.0})
