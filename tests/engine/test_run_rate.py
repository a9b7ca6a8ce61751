"""Run rates: the last period alone counts, amounts annualised; all that speaks of a horizon follows."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.engine.derivative_checks import complex_steps
from impacttree.engine.horizon import run_rates
from impacttree.engine.model import Model, Run
from impacttree.engine.paths import Paths
from impacttree.engine.rounding import settled
from impacttree.engine.simulation import Job, Wanted, simulate_many
from impacttree.engine.vector import evaluate_many
from impacttree.errors import EvaluationError
from impacttree.formula import evaluate
from impacttree.formula.ast import Name, Parameter
from impacttree.formula.evaluation import Leaf
from impacttree.quantity import Intervention, Weights
from tests.engine.support import ANY_TREE, SMOOTH_TREE, Compiled, lift_of
from tests.strategies import Sketch, examples

PER_YEAR = 12.0


def rated(model: Model) -> Model:
    return model.taking(run_rates(PER_YEAR))


def value_at(model: Model, run: Run, slot: int, t: int, changed: dict[int, Intervention] | None = None) -> float:
    """Return a run rate at period t by its definition, straight from the values of that period."""
    metric = model.graph.metrics[slot]
    if metric.aggregation != "recompute":
        return run.at(t)[slot] * (PER_YEAR if metric.aggregation == "sum" else 1.0)

    def read(leaf: Leaf) -> float:
        if isinstance(leaf, Parameter):
            return leaf.value
        source = model.graph.by_name[leaf.name]
        if isinstance(leaf, Name):
            return value_at(model, run, source, t, changed)
        return run.initial[source] * (PER_YEAR if model.graph.metrics[source].aggregation == "sum" else 1.0)

    found = evaluate(metric.core, read)
    return found if not changed or slot not in changed else float(changed[slot].at(t).apply(found))


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.integers(0, 2), st.data())
def test_values_slopes_flows_paths_and_rows_are_those_of_the_last_period(
    sketch: Sketch, since: int, data: st.DataObject
) -> None:
    """Wherever the horizon begins: a run rate is that of its last period."""
    compiled = Compiled(sketch)
    last = compiled.horizon
    model = rated(compiled.model.counting(min(1 + since, last)))
    outcome, slot = (data.draw(st.integers(0, len(model.graph.metrics) - 1)) for _ in range(2))
    run = model.run(last)
    try:
        value = value_at(model, run, outcome, last)
        size = max(1.0, abs(value))
        assert abs(run.horizon()[outcome] - value) <= 1e-12 * size
        change = Intervention("wrap", 1.0, 0.01)
        lift = lift_of(model, slot, change, outcome, last)
        changed = model.run(last, {slot: change})
    except EvaluationError:
        assume(False)
    if model.graph.metrics[slot].on_loop and model.recomputes(slot):
        return
    after = value_at(model, changed, outcome, last, {slot: change})
    assert abs(lift.total - (after - value)) <= 1e-11 * size
    into = [flow for flow in lift.flows if flow.target == outcome]
    if slot != outcome and into and not any(flow.source == outcome for flow in lift.flows):
        assert abs(math.fsum(flow.amount for flow in into) - lift.total) <= lift.allowance + 1e-9 * size
    if slot != outcome and lift.total and len(sketch.metrics) <= 4:
        found = math.fsum(path.amount for path in Paths(lift).best(60))
        assert abs(found - lift.total) <= lift.allowance + 1e-9 * size
    rows = Intervention("wrap", scale=np.array([1.0, 1.0]), shift=np.array([0.0, 0.01]))
    batch = evaluate_many(model, last, interventions={slot: rows}, totals=[outcome])
    assert batch.totals[outcome].tolist() == pytest.approx([value, after], rel=1e-11, abs=1e-11)
    told = settled(run).horizon()[outcome]
    assert told == 0.0 or told == run.horizon()[outcome]


@examples(40)
@given(SMOOTH_TREE, st.data())
def test_the_gradient_is_the_complex_step_of_the_last_period(sketch: Sketch, data: st.DataObject) -> None:
    """The same tree, every metric of which is a level, says what the last period alone does."""
    compiled = Compiled(sketch)
    graph, last = compiled.model.graph, compiled.horizon
    plain = [metric for metric in graph.metrics if metric.aggregation != "recompute"]
    assume(plain)
    outcome = data.draw(st.sampled_from(plain))
    levels = replace(sketch, metrics={name: {**keys, "aggregate": "last"} for name, keys in sketch.metrics.items()})
    beside = Compiled(levels).model
    annual = PER_YEAR if outcome.aggregation == "sum" else 1.0
    found = rated(compiled.model).gradient(rated(compiled.model).run(last), outcome.index)
    exact = complex_steps(beside, beside.run(last), range(len(graph.metrics)), outcome.index)
    assert found == pytest.approx([annual * slope for slope in exact], rel=1e-10, abs=1e-10)


SHARES = {
    "outcome": "margin",
    "metrics": {
        "customers": {"start": "100 customers", "formula": "prev(customers) * 1.02"},
        "arpu": {"value": "$30/customer/month"},
        "revenue": {"formula": "customers * arpu", "unit": "USD/month"},
        "cost": {"formula": "0.4 * revenue + 0.1 * baseline(revenue)", "unit": "USD/month"},
        "margin": {"formula": "1 - cost / revenue"},
        "average": {"formula": "customers * 1", "aggregate": "mean"},
        "per_head": {"formula": "revenue / customers", "aggregate": "recompute"},
    },
}


def test_a_growing_tree_by_hand() -> None:
    model = rated(loads(json.dumps(SHARES))._subject.model)
    found = {m.name: model.run(12).horizon()[m.index] for m in model.graph.metrics}
    customers = 100 * 1.02**12
    assert found["revenue"] == pytest.approx(12 * 30 * customers, rel=1e-13)
    assert (found["customers"], found["average"]) == pytest.approx((customers, customers), rel=1e-13)
    assert found["margin"] == pytest.approx(1 - (0.4 * customers + 0.1 * 100) / customers, rel=1e-13)
    assert found["per_head"] == pytest.approx(12 * 30, rel=1e-13)


@pytest.mark.parametrize("last", [3, 5, 12])
def test_a_change_of_a_recomputed_metric_counts_as_it_is_in_the_last_period(last: int) -> None:
    """Over the horizon it would be the average of what is done in each period."""
    model = rated(loads(json.dumps(SHARES))._subject.model)
    slot = model.graph.by_name["margin"]
    late = {slot: Intervention("wrap", 1.0, 0.2, Weights(start=4, ramp=4))}
    share = min(max(last - 3, 0) / 4, 1.0)
    before, after = model.run(last).horizon()[slot], model.run(last, late).horizon()[slot]
    assert after - before == pytest.approx(0.2 * share, rel=1e-12)
    batch = evaluate_many(model, last, interventions=late, totals=[slot])
    assert batch.totals[slot].tolist() == pytest.approx([after], rel=1e-12)


def test_samples_and_jobs_of_other_processes_take_the_last_period_too() -> None:
    text = json.dumps(
        SHARES | {"metrics": {**SHARES["metrics"], "arpu": {"value": "$30/customer/month ($20 to $40)"}}}  # type: ignore[dict-item]  # dicts of texts
    )
    model = rated(loads(text)._subject.model)
    revenue, arpu = (model.graph.by_name[name] for name in ("revenue", "arpu"))
    job = Job.of(model, 12, Wanted(totals=(revenue, arpu), paths=(revenue,)))
    for one in (job, pickle.loads(pickle.dumps(job))):
        (run,) = simulate_many(one, 256)
        assert np.allclose(run.totals[revenue], 12 * run.paths[revenue][-1], rtol=1e-13)
        assert np.allclose(run.totals[revenue], 12 * 100 * 1.02**12 * run.totals[arpu], rtol=1e-12)
