from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.engine.compiled import Work
from impacttree.engine.flows import Lift
from impacttree.engine.model import Model, Run
from impacttree.engine.quadrature import HORIZON
from impacttree.quantity import Intervention
from tests.engine.support import ANY_TREE, Compiled, lift_of, lifted, named
from tests.oracles.attribution import Attribution
from tests.strategies import Change, Sketch, changes, examples, trees


def split_of(compiled: Compiled, drawn: dict[str, Change]) -> Lift:
    ((slot, intervention),) = compiled.interventions(drawn).items()
    return lift_of(compiled.model, slot, intervention, compiled.outcome, compiled.horizon)


def allowance(lift: Lift) -> float:
    """What promise 4 grants, and what the difference of two evaluations cannot be better than."""
    rounding = 1e-14 * max(abs(run.horizon()[lift.outcome]) for run in (lift.before, lift.after))
    return 1e-9 * max(abs(lift.total), math.fsum(abs(flow.amount) for flow in lift.flows)) + rounding


# ---- closing


@pytest.mark.slow
@examples(100)
@given(ANY_TREE, st.data())
def test_flows_add_up_to_the_exact_change_over_every_cut(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    lift = split_of(compiled, drawn)
    run = compiled.model.run(compiled.horizon, compiled.interventions(drawn))
    total = run.horizon()[compiled.outcome] - compiled.model.run(compiled.horizon).horizon()[compiled.outcome]
    assert abs(lift.total - total) <= allowance(lift)
    others = [m.index for m in compiled.model.graph.metrics if m.index not in (lift.slot, lift.outcome)]
    for near in ([], others, data.draw(st.lists(st.sampled_from(others), unique=True)) if others else []):
        side = {lift.slot, *near}
        out = math.fsum(f.amount for f in lift.flows if f.source in side and f.target not in side)
        back = math.fsum(f.amount for f in lift.flows if f.source not in side and f.target in side)
        assert abs(out - back - lift.total) <= allowance(lift)


@pytest.mark.slow
@examples(60)
@given(st.one_of(trees(stepped=True), trees(stepped=True, kinks=True, jumps=True)), st.data())
def test_flows_add_up_over_every_cut_of_the_tree_unrolled_in_time(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    lift = split_of(compiled, data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome])))
    edges = unrolled(lift)
    places = sorted({place for source, target, _ in edges for place in (source, target)})
    own = {place for place in places if place[0] == lift.slot and (place[1] != HORIZON or is_recomputed(lift))}
    chooser = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(4):
        side = own | {place for place in places if chooser.random() < 0.5} - {(lift.outcome, HORIZON)}
        if lift.slot == lift.outcome:
            continue
        net = math.fsum(amount * ((source in side) - (target in side)) for source, target, amount in edges)
        assert abs(net - lift.total) <= allowance(lift)


def is_recomputed(lift: Lift) -> bool:
    return lift.model.aggregations[lift.slot] == "recompute"


def unrolled(lift: Lift) -> list[tuple[tuple[int, int], tuple[int, int], float]]:
    """Return each edge of the unrolled tree with what it carries, summed over the quadrature."""
    model, carried = lift.model, dict[tuple[tuple[int, int], tuple[int, int]], float]()

    def add(source: tuple[int, int], target: tuple[int, int], amount: float) -> None:
        carried[source, target] = carried.get((source, target), 0.0) + amount

    for node in lift.nodes:
        moves, over = lift.slopes.tangent(node)
        pulls, over_pulls = lift.slopes.adjoint(node)
        for slot, loads_in in lift.structure.inward(0).items():
            for edge, load in loads_in:
                for t in range(load.lag, len(moves)):
                    amount = moves[t - load.lag][load.slot] * node.partials[t][edge] * pulls[t][slot]
                    add((load.slot, t - load.lag), (slot, t), node.weight * amount)
        for slot, loads_in in lift.structure.inward(HORIZON).items():
            for edge, load in loads_in:
                amount = over[load.slot] * node.horizon[edge] * over_pulls[slot]
                add((load.slot, HORIZON), (slot, HORIZON), node.weight * amount)
        for slot in lift.touched:
            for t, row in enumerate(moves):
                weight = {
                    "sum": float(lift.before.repeats),
                    "mean": 1 / len(moves),
                    "last": float(t == len(moves) - 1),
                    "recompute": 0.0,
                }[model.aggregations[slot]]
                add((slot, t), (slot, HORIZON), node.weight * row[slot] * weight * over_pulls[slot])
    return [(source, target, amount) for (source, target), amount in carried.items()]


# ---- amounts


@pytest.mark.slow
@examples(30)
@given(st.one_of(trees(linear=True, most=6, horizon=4), trees(most=6, horizon=3)), st.data())
def test_each_edge_carries_the_integral_of_its_local_flow(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    lift = split_of(compiled, drawn)
    ((metric, change),) = drawn.items()
    exact = Attribution(compiled.oracle, metric, change, sketch.outcome, nodes=16).flows
    metrics = compiled.model.graph.metrics
    found = {(metrics[f.source].name, metrics[f.target].name, f.lag): f.amount for f in lift.flows}
    for key in {**exact, **found}:
        assert abs(found.get(key, 0.0) - exact.get(key, 0.0)) <= allowance(lift), key


@examples(30)
@given(ANY_TREE, st.data())
def test_a_lift_of_nothing_carries_exactly_nothing(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    slot = compiled.slot(data.draw(st.sampled_from(list(sketch.metrics))))
    lift = lift_of(compiled.model, slot, Intervention("wrap"), compiled.outcome, compiled.horizon)
    assert lift.total == 0
    assert all(flow.amount == 0 for flow in lift.flows)


def test_opposite_flows_are_each_exact() -> None:
    # Up and down cancel in the outcome, whatever the quadrature; each by itself needs many nodes.
    text = """
    outcome: y
    metrics:
      x: {value: 1}
      up: {formula: exp(3 * x)}
      down: {formula: exp(3 * x)}
      y: {formula: up - down, aggregate: last}
    """
    lift = lifted(text, "x", Intervention("fix", shift=5.0))
    carried = math.exp(15) - math.exp(3)
    assert lift.total == 0
    assert named(lift) == pytest.approx(
        {("x", "up"): carried, ("x", "down"): -carried, ("up", "y"): carried, ("down", "y"): -carried}, rel=1e-9
    )


# ---- kinks


def test_a_kink_is_crossed_exactly() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 1}
      cap: {value: 2}
      y: {formula: "max(x, cap) * x", aggregate: last}
    """
    lift = lifted(text, "x", Intervention("fix", shift=3.0))
    assert lift.total == pytest.approx(7)
    assert named(lift) == pytest.approx({("x", "y"): 7.0}, rel=1e-12)
    (switch,) = lift.switches
    assert (switch.at, switch.jump) == (pytest.approx(0.5), 0)


def test_an_outcome_that_is_the_small_difference_of_large_numbers_answers_quickly() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 1.234567}
      gain: {formula: 1e9 * x + exp(x / 10)}
      loss: {formula: 1e9 * x}
      y: {formula: gain - loss, aggregate: last}
    """
    lift = lifted(text, "x", Intervention("wrap", 1.01))
    assert len(lift.nodes) <= 64
    assert abs(math.fsum(f.amount for f in lift.flows if f.target == 3) - lift.total) <= allowance(lift)


def test_what_a_large_number_swallows_is_split_by_values_and_told_as_nothing() -> None:
    # In floats the large number swallows x, so that no quadrature accounts for what is not there; what is left of y is
    # within rounding of zero, and told so.
    tree = loads('{outcome: y, metrics: {x: {value: 1}, y: {formula: "(x + 1e200) - 1e200 + x"}}}')
    worth = tree.worth("x", "+1")
    assert worth.total == 0
    assert math.fsum(edge.amount for edge in worth.edges) == pytest.approx(1)
    assert worth.rest == pytest.approx(-1)


def level_lifted(metrics: dict[str, dict[str, str]]) -> Lift:
    """Return the lift of x by one on a tree of levels."""
    levels = {name: keys | {"aggregate": "last"} for name, keys in metrics.items()}
    return lifted(json.dumps({"outcome": "y", "horizon": 1, "metrics": levels}), "x", Intervention("wrap", 1.0, 1.0))


@pytest.mark.parametrize(
    ("formula", "value", "wanted"),
    [
        ("x + sqrt(z * x)", 1.0, {"x": 1.0}),
        ("x + 2 * w + sqrt(z * x)", 1.0, {"x": 1.0, "w": 6.0}),
        ("sqrt(x) + w", 0.0, {"x": 1.0, "w": 3.0}),
        ("x ** 0.01", 0.0, {"x": 1.0}),
    ],
)
def test_a_slope_that_is_infinite_where_the_lift_begins_or_stays_so_is_split_too(
    formula: str, value: float, wanted: dict[str, float]
) -> None:
    metrics = {"x": {"value": str(value)}, "z": {"value": "0"}, "w": {"formula": "3 * x"}, "y": {"formula": formula}}
    text = json.dumps(
        {"outcome": "y", "horizon": 1, "metrics": {k: v | {"aggregate": "last"} for k, v in metrics.items()}}
    )
    lift = lifted(text, "x", Intervention("wrap", 1.0, 1.0))
    slot = {name: lift.model.graph.by_name[name] for name in metrics}
    into = {flow.source: flow.amount for flow in lift.flows if flow.target == slot["y"]}
    assert {name: into.get(slot[name], 0.0) for name in wanted} == pytest.approx(wanted, rel=1e-8)
    assert abs(math.fsum(into.values()) - lift.total) <= lift.allowance


@pytest.mark.parametrize("formula", ["floor(x * 1000)", "round(x * w, 1) * floor(w)", "ceil(x) + floor(x) * w + x"])
def test_steps_are_jumps_and_the_split_closes_however_many_there_are(formula: str) -> None:
    metrics = {"x": {"value": "1.3"}, "w": {"formula": "3 * x"}, "y": {"formula": formula}}
    text = json.dumps(
        {"outcome": "y", "horizon": 1, "metrics": {k: v | {"aggregate": "last"} for k, v in metrics.items()}}
    )
    lift = lifted(text, "x", Intervention("wrap", 1.0, 1.0))
    carried = math.fsum(flow.amount for flow in lift.flows if lift.model.graph.metrics[flow.target].name == "y")
    assert lift.switches
    assert abs(carried - lift.total) <= lift.allowance


def test_flows_close_to_a_billionth_also_where_few_nodes_do_not() -> None:
    tree = loads("""
    outcome: y
    metrics:
      x: {value: 0.1}
      steep: {formula: "logistic(x, 0, 1, 0.5, 60)"}
      other: {formula: 1 / x}
      y: {formula: steep * other}
    """)
    outcome = tree._graph["y"].index
    lift = lift_of(tree._subject.model, 0, Intervention("fix", 1.0, 0.9), outcome, 12)
    into = [flow.amount for flow in lift.flows if flow.target == outcome]
    assert len(into) == 2
    assert abs(math.fsum(into) - lift.total) <= 1e-9 * math.fsum(map(abs, into))
    carried = math.fsum(abs(flow.amount) for flow in lift.flows)
    assert lift.allowance == pytest.approx(1e-9 * carried, rel=0.01)


def test_an_infinite_slope_of_what_stays_carries_nothing() -> None:
    worth = loads("""
    outcome: y
    metrics:
      x: {value: 1}
      spare: {formula: "max(x - 10, 0)"}
      root: {formula: sqrt(spare)}
      y: {formula: root + 3 * x}
    """).worth("x", "+1")
    assert {path.metrics: path.amount for path in worth.paths} == pytest.approx({("x", "y"): 3.0}, rel=1e-12)
    assert all(math.isfinite(edge.amount) for edge in worth.edges)
    assert worth.rest == 0


# ---- beside what is changed in both runs


def held_tree(b: str, c: str, changes: dict[str, str]) -> str:
    """Return a tree of two ways to its outcome, as JSON; `changes` are its scenario."""
    metrics = {
        "a": {"value": 2},
        "b": {"formula": b},
        "c": {"formula": c},
        "stock": {"start": 10, "formula": "prev(stock) * 0.9 + b"},
        "out": {"formula": "stock + b * c", "aggregate": "sum"},
    }
    scenarios = {"scenarios": {"held": changes}} if changes else {}
    return json.dumps({"metrics": metrics, "outcome": "out", **scenarios})


WRITTEN = {
    "a product": ("b", "+50%", "(a ** 2 + 1) * 1.5"),
    "a sum": ("b", "+5", "a ** 2 + 1 + 5"),
    "a value": ("b", "=7", "7 + 0 * a"),
    "a ramp": ("b", "+50% from 3 over 4", "(a ** 2 + 1) * (1 + 0.5 * clip((period_number() - 2) / 4, 0, 1))"),
    "a value to come": ("b", "=7 from 4", "if(period_number() >= 4, 7, a ** 2 + 1)"),
}


@pytest.mark.parametrize("held", WRITTEN)
def test_a_split_beside_a_change_is_that_of_the_tree_with_the_change_in_its_formula(held: str) -> None:
    name, change, formula = WRITTEN[held]
    found = loads(held_tree("a ** 2 + 1", "a + 1", {name: change})).worth("a", "+20%", scenario="held", range=False)
    expected = loads(held_tree(formula, "a + 1", {})).worth("a", "+20%", range=False)
    assert found.total == pytest.approx(expected.total, rel=1e-12)
    carried = {path.metrics: path.amount for path in expected.paths}
    for path in found.paths:
        assert path.amount == pytest.approx(carried.pop(path.metrics), rel=1e-9)
    assert not any(abs(amount) > 1e-9 for amount in carried.values())
    assert found.rest == 0


@pytest.mark.parametrize("held", WRITTEN)
def test_a_split_beside_a_change_takes_no_more_runs(held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, change, _ = WRITTEN[held]
    runs: list[int] = []
    simulate = Model.simulate

    def counted(model: Model, *given: Any) -> Run:
        runs.append(1)
        return simulate(model, *given)

    monkeypatch.setattr(Model, "simulate", counted)
    tree = loads(held_tree("a ** 2 + 1", "a + 1", {name: change}))
    tree.worth("a", "+20%", range=False)
    plain, runs[:] = len(runs), []
    tree.worth("a", "+20%", scenario="held", range=False)
    assert len(runs) <= plain + 4


FAULTY = """
metrics:
  a: {value: 2}
  zero: {value: 1}
  ratio: {formula: "if(a > 1, a / zero, 3)"}
  out: {formula: 'ratio * 2 + a + if(a > 2.1, 1, 0)'}
outcome: out
scenarios: {fixed: {zero: =0, ratio: =3}}
"""


@pytest.mark.parametrize("compiled", [False, True])
def test_the_rule_of_a_fixed_metric_is_not_followed_so_that_its_fault_stops_no_lift(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled:
        pytest.importorskip("numba")
    monkeypatch.setattr(Work, "repays", lambda *_: compiled)
    found = loads(FAULTY).worth("a", "+10%", scenario="fixed", range=False)
    assert found.total == pytest.approx(1.2)
    assert [path.metrics for path in found.paths] == [("a", "out")]
