"""A horizon that begins later than the run: all that speaks of it is what plain arithmetic on the periods gives."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.engine.model import Model, Run
from impacttree.engine.paths import Paths
from impacttree.engine.simulation import Job, Wanted, simulate_many
from impacttree.engine.vector import evaluate_many
from impacttree.errors import EvaluationError
from impacttree.formula import evaluate
from impacttree.formula.ast import Name, Parameter
from impacttree.formula.evaluation import Leaf
from impacttree.quantity import Intervention
from tests.engine.support import ANY_TREE, Compiled, lift_of, model_of
from tests.strategies import examples


def value_over(model: Model, run: Run, slot: int, first: int, last: int) -> float:
    """Return a value over periods first to last by its definition, straight from the values of the periods."""
    metric, values = model.graph.metrics[slot], [run.at(t)[slot] for t in range(first, last + 1)]
    match metric.aggregation:
        case "sum":
            return math.fsum(values)
        case "mean":
            return math.fsum(values) / len(values)
        case "last":
            return values[-1]
    change = run.held.steady.get(slot)

    def read(leaf: Leaf) -> float:
        if isinstance(leaf, Parameter):
            return leaf.value
        source = model.graph.by_name[leaf.name]
        if isinstance(leaf, Name):
            return value_over(model, run, source, first, last)
        rule = model.graph.metrics[source].aggregation
        return run.initial[source] * (last - first + 1 if rule == "sum" else 1.0)

    found = evaluate(metric.core, read)
    if change is None:
        return found
    return float(found * change[0] + change[1]) if isinstance(change, tuple) else float(change)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Compiled, int, int]:
    """A tree, and periods that may begin after the first."""
    compiled = Compiled(draw(ANY_TREE))
    last = draw(st.integers(1, compiled.horizon + 3))
    first = draw(st.integers(1, last))
    try:
        compiled.model.counting(first).run(last).horizon()
    except EvaluationError:
        assume(False)
    return compiled, first, last


@pytest.mark.slow
@examples(60)
@given(windows(), st.data())
def test_values_slopes_flows_paths_and_rows_are_those_of_the_window(
    drawn: tuple[Compiled, int, int], data: st.DataObject
) -> None:
    compiled, first, last = drawn
    model = compiled.model.counting(first)
    outcome = data.draw(st.integers(0, len(model.graph.metrics) - 1))
    slot = data.draw(st.integers(0, len(model.graph.metrics) - 1))
    run = model.run(last)
    value = value_over(model, run, outcome, first, last)
    size = max(1.0, abs(value))
    assert abs(run.horizon()[outcome] - value) <= 1e-12 * size
    if model.graph.metrics[slot].on_loop:
        return
    change = Intervention("wrap", 1.0, 0.01)
    try:
        lift = lift_of(model, slot, change, outcome, last)
        after = value_over(model, model.run(last, {slot: change}), outcome, first, last)
    except EvaluationError:
        return
    assert abs(lift.total - (after - value)) <= 1e-11 * size
    into = [flow for flow in lift.flows if flow.target == outcome]
    if slot != outcome and into and not any(flow.source == outcome for flow in lift.flows):
        assert abs(math.fsum(flow.amount for flow in into) - lift.total) <= lift.allowance + 1e-9 * size
    if slot != outcome and lift.total and len(model.graph.metrics) <= 4:
        found = math.fsum(path.amount for path in Paths(lift).best(60))
        assert abs(found - lift.total) <= lift.allowance + 1e-9 * size
    rows = Intervention("wrap", scale=np.array([1.0, 1.0]), shift=np.array([0.0, 0.01]))
    batch = evaluate_many(model, last, interventions={slot: rows}, totals=[outcome])
    assert batch.totals[outcome].tolist() == pytest.approx([value, after], rel=1e-11, abs=1e-11)


@pytest.mark.slow
@examples(40)
@given(windows(), st.data())
def test_the_gradient_is_that_of_the_window(drawn: tuple[Compiled, int, int], data: st.DataObject) -> None:
    compiled, first, last = drawn
    model = compiled.model.counting(first)
    outcome = data.draw(st.integers(0, len(model.graph.metrics) - 1))
    slot = data.draw(st.integers(0, len(model.graph.metrics) - 1))
    try:
        lifts = [lift_of(model, slot, Intervention("wrap", 1.0, step), outcome, last) for step in (1e-5, -1e-5)]
    except EvaluationError:
        return
    assume(not any(lift.switches for lift in lifts))
    found = model.gradient(model.run(last), outcome)[slot]
    difference = (lifts[0].total - lifts[1].total) / 2e-5
    noise = sum(lift.noise for lift in lifts) / 2e-5
    assert abs(found - difference) <= 1e-4 * max(1.0, abs(found)) + noise


@examples(40)
@given(windows())
def test_windows_that_follow_each_other_add_up(drawn: tuple[Compiled, int, int]) -> None:
    compiled, first, last = drawn
    whole = compiled.model.run(last)
    totals = [
        compiled.model.counting(since).run(until) for since, until in ((1, first), (first + 1, last)) if since <= until
    ]
    for metric in compiled.model.graph.metrics:
        if metric.aggregation == "sum":
            parts = [run.horizon()[metric.index] for run in totals]
            size = max(1.0, *(abs(row[metric.index]) * whole.repeats for row in whole.rows))
            assert abs(math.fsum(parts) - whole.horizon()[metric.index]) <= 1e-12 * size * last


GROWING = """
outcome: revenue
metrics:
  customers: {start: 100 customers, formula: prev(customers) + added}
  added: {value: 10 customers/month (8 to 12)}
  price: {value: $2/customer/month ($1.50 to $2.50)}
  revenue: {formula: customers * price, unit: USD/month}
  per_head: {formula: revenue / customers}
"""


def test_a_window_by_hand() -> None:
    model = model_of(GROWING).counting(4)
    run, slots = model.run(6), model.graph.by_name
    totals = run.horizon()
    assert totals[slots["revenue"]] == 2 * (140 + 150 + 160)
    assert totals[slots["customers"]] == 160
    assert totals[slots["added"]] == 30
    slopes = model.gradient(run, slots["revenue"])
    assert slopes[slots["price"]] == 140 + 150 + 160
    assert slopes[slots["added"]] == 2 * (4 + 5 + 6)


def test_samples_are_those_of_the_window_wherever_they_are_worked() -> None:
    model = model_of(GROWING).counting(4)
    slots: Mapping[str, int] = model.graph.by_name
    wanted = Wanted(totals=(slots["revenue"],), paths=(slots["revenue"],))
    job = Job.of(model, 6, wanted)
    (run,) = simulate_many(job, 512)
    np.testing.assert_allclose(run.totals[slots["revenue"]], run.paths[slots["revenue"]][4:].sum(axis=0), rtol=1e-13)
    settings = job.__getstate__()
    elsewhere = Job(**settings)
    assert simulate_many(elsewhere, 512)[0].totals[slots["revenue"]].tolist() == run.totals[slots["revenue"]].tolist()
