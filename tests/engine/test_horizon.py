"""Ways over the horizon beyond a plain sum: the model takes them and nothing else knows of them."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.engine.horizon import HORIZONS, Discounted, HorizonRule, RunRate, Window, discounted
from impacttree.engine.model import Model, Run
from impacttree.engine.paths import Paths
from impacttree.engine.simulation import Job, Wanted
from impacttree.engine.vector import evaluate_many
from impacttree.errors import EvaluationError, QuestionError
from impacttree.formula import evaluate
from impacttree.formula.ast import Name, Parameter
from impacttree.formula.evaluation import Leaf
from impacttree.graph.model import Aggregation
from impacttree.quantity import Intervention, Weights
from impacttree.spec.finance import PaymentTiming
from tests.engine.support import ANY_TREE, Compiled, lift_of
from tests.strategies import Sketch, examples

RATE = 0.03


PRESENT: Mapping[Aggregation, HorizonRule] = {"sum": Discounted(RATE, 1.0)}
"""Amounts of later periods count for less, by ``1 + RATE`` for each period; levels have no value."""


def present(model: Model) -> Model:
    return Model(model.graph, PRESENT)


def value_over(model: Model, run: Run, slot: int) -> float:
    """Return a present value by its definition, straight from the values of the periods."""
    metric = model.graph.metrics[slot]
    if metric.aggregation == "sum":
        return math.fsum(run.at(t)[slot] / (1 + RATE) ** t for t in range(1, run.periods + 1))

    def read(leaf: Leaf) -> float:
        if isinstance(leaf, Parameter):
            return leaf.value
        source = model.graph.by_name[leaf.name]
        if isinstance(leaf, Name):
            return value_over(model, run, source)
        factor = math.fsum((1 + RATE) ** -t for t in range(1, run.periods + 1))
        rule = model.graph.metrics[source].aggregation
        return run.initial[source] * (factor if rule == "sum" else 1.0)

    return evaluate(metric.core, read)


def valued(model: Model) -> list[int]:
    return [metric.index for metric in model.graph.metrics if metric.index not in model._valueless]


@pytest.mark.slow
@examples(40)
@given(ANY_TREE, st.data())
def test_values_slopes_flows_paths_and_rows_are_those_of_present_values(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    model, periods = present(compiled.model), compiled.horizon
    assume(valued(model))
    outcome = data.draw(st.sampled_from(valued(model)))
    slot = data.draw(st.integers(0, len(sketch.metrics) - 1))
    run = model.run(periods)
    value = value_over(model, run, outcome)
    size = max(1.0, abs(value))
    assert abs(run.horizon()[outcome] - value) <= 1e-12 * size
    change = Intervention("wrap", 1.0, 0.01)
    lift = lift_of(model, slot, change, outcome, periods)
    after = model.run(periods, {slot: change})
    assert abs(lift.total - (value_over(model, after, outcome) - value)) <= 1e-11 * size
    carried = math.fsum(flow.amount for flow in lift.flows if flow.target == outcome)
    into = [flow for flow in lift.flows if flow.target == outcome]
    if slot != outcome and into and not any(flow.source == outcome for flow in lift.flows):
        assert abs(carried - lift.total) <= lift.allowance + 1e-9 * size
    if slot != outcome and lift.total and len(sketch.metrics) <= 4:
        found = math.fsum(path.amount for path in Paths(lift).best(60))
        assert abs(found - lift.total) <= lift.allowance + 1e-9 * size
    rows = Intervention("wrap", scale=np.array([1.0, 1.0]), shift=np.array([0.0, 0.01]))
    batch = evaluate_many(model, periods, interventions={slot: rows}, totals=[outcome])
    assert batch.totals[outcome].tolist() == pytest.approx([value, value_over(model, after, outcome)], rel=1e-11)


@examples(30)
@given(ANY_TREE, st.data())
def test_the_gradient_is_that_of_present_values(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    model, periods = present(compiled.model), compiled.horizon
    assume(valued(model))
    outcome = data.draw(st.sampled_from(valued(model)))
    slot = data.draw(st.integers(0, len(sketch.metrics) - 1))
    lifts = [lift_of(model, slot, Intervention("wrap", 1.0, step), outcome, periods) for step in (1e-5, -1e-5)]
    assume(not any(lift.switches for lift in lifts))
    found = model.gradient(model.run(periods), outcome)[slot]
    difference = (lifts[0].total - lifts[1].total) / 2e-5
    noise = sum(lift.noise for lift in lifts) / 2e-5
    assert abs(found - difference) <= 1e-4 * max(1.0, abs(found)) + noise


def complex_present(model: Model, run: Run, slot: int, outcome: int) -> float:
    """Return d present value / d (amount added to `slot` in every period), by one evaluation at a complex point."""
    rows: list[list[complex]] = []
    for position, real in enumerate(run.rows):
        row: list[complex] = [0.0] * model.size
        past = [rows[position - lag] if position >= lag else list(run.initial) for lag in model.lags]
        for function in model.step.values({slot: "fix"}, "complex"):
            function(row, model.base, model.numbers(position + 1), past, {slot: real[slot] + 1e-40j})
        rows.append(row)
    factors = [(1 + RATE) ** -t for t in range(1, run.periods + 1)]
    if len(rows) == 1:
        factors = [math.fsum(factors)]
    return sum((factor * row[outcome] for factor, row in zip(factors, rows, strict=True)), start=0j).imag / 1e-40


@pytest.mark.slow
@examples(30)
@given(ANY_TREE, st.data())
def test_the_gradient_of_present_values_is_that_of_complex_step(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    model = present(compiled.model)
    summed = [metric.index for metric in model.graph.metrics if metric.aggregation == "sum"]
    assume(summed)
    outcome, run = data.draw(st.sampled_from(summed)), model.run(compiled.horizon)
    found = model.gradient(run, outcome)
    for metric in model.graph.metrics:
        exact = complex_present(model, run, metric.index, outcome)
        assert found[metric.index] == pytest.approx(exact, rel=1e-9, abs=1e-9), metric.name


LEVELS = {
    "outcome": "margin",
    "horizon": 12,
    "metrics": {
        "customers": {"start": "100 customers", "formula": "prev(customers) * 1.02"},
        "arpu": {"value": "$30/customer/month"},
        "revenue": {"formula": "customers * arpu", "unit": "USD/month"},
        "cost": {"formula": "0.4 * revenue + 0.1 * baseline(revenue)", "unit": "USD/month"},
        "margin": {"formula": "1 - cost / revenue"},
        "growth": {"formula": "revenue / baseline(revenue)", "aggregate": "recompute"},
        "per_head": {"formula": "revenue / customers"},
        "average": {"formula": "customers * 1", "aggregate": "mean"},
    },
}


@pytest.mark.parametrize("name", ["customers", "average", "per_head"])
def test_levels_have_no_present_value_nor_has_what_reads_one(name: str) -> None:
    model = present(loads(json.dumps(LEVELS))._subject.model)
    slot = model.graph.by_name[name]
    stated = {"aggregate": "recompute"}
    if name == "per_head":
        metrics = {**LEVELS["metrics"], "per_head": {**LEVELS["metrics"]["per_head"], **stated}}  # type: ignore[dict-item]  # its values are dicts of texts
        model = present(loads(json.dumps(LEVELS | {"metrics": metrics}))._subject.model)
    run = model.run(12)
    assert math.isnan(run.horizon()[slot])
    for ask in (
        lambda: model.gradient(run, slot),
        lambda: lift_of(model, model.graph.by_name["arpu"], Intervention("wrap", 1.1), slot, 12),
        lambda: evaluate_many(model, 12, totals=[slot]),
    ):
        with pytest.raises(QuestionError, match=f"{name} has no value over this horizon"):
            ask()


def test_recomputed_metrics_and_baselines_take_their_inputs_present_values() -> None:
    model = present(loads(json.dumps(LEVELS))._subject.model)
    run = model.run(12)
    factors = [1.03**-t for t in range(1, 13)]
    revenue = [3_000 * 1.02**t for t in range(1, 13)]
    total = math.fsum(map(float.__mul__, factors, revenue))
    base = 3_000 * math.fsum(factors)
    horizon = {metric.name: run.horizon()[metric.index] for metric in model.graph.metrics}
    assert horizon["revenue"] == pytest.approx(total, rel=1e-13)
    assert horizon["growth"] == pytest.approx(total / base, rel=1e-13)
    assert horizon["margin"] == pytest.approx(1 - (0.4 * total + 0.1 * base) / total, rel=1e-13)


WAYS: Mapping[str, HorizonRule] = {
    **HORIZONS,
    "end": Discounted(0.12, 12.0),
    "mid": Discounted(0.12, 12.0, "mid"),
    "year": RunRate(12.0),
}


@pytest.mark.parametrize("rule", sorted(WAYS))
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.integers(1, 5), st.floats(-5, 5))
def test_each_way_is_one_linear_map(rule: str, path: list[float], repeats: int, weight: float) -> None:
    """Value, move, adjoint, rows and what is held are the same weights."""
    way = WAYS[rule]
    window = Window(repeats, 1) if len(path) == 1 else Window(len(path), len(path))
    near = pytest.approx(way.forward(path, window), rel=1e-12, abs=1e-9)
    assert way.tangent(path, window) == near
    assert math.fsum(a * x for a, x in zip(way.adjoint(1.0, window), path, strict=True)) == near
    assert way.adjoint(weight, window) == pytest.approx([weight * a for a in way.adjoint(1.0, window)])
    total = None
    for position, value in enumerate(path):
        total = way.added(total, np.array([value]), position, window)
    assert way.finished(total, window)[0] == near
    assert way.held(path[0], window) == pytest.approx(way.forward([path[0]] * len(path), window), rel=1e-12)


@pytest.mark.parametrize(("timing", "value"), [("end", 1129.15), ("mid", 1134.50)])
def test_a_hundred_a_month_for_a_year_at_twelve_percent(timing: PaymentTiming, value: float) -> None:
    way = Discounted(0.12, 12.0, timing)
    stepped, alike = way.forward([100.0] * 12, Window(12, 12)), way.forward([100.0], Window(12, 1))
    assert round(stepped, 2) == round(alike, 2) == value


@given(st.floats(0.0001, 3), st.sampled_from([1.0, 4.0, 12.0, 365 / 7, 365.0]), st.integers(1, 80), st.integers(1, 9))
def test_an_annuity_is_its_closed_form(rate: float, per_year: float, periods: int, since: int) -> None:
    each = (1 + rate) ** (1 / per_year) - 1
    annuity = -math.expm1(-periods * math.log1p(each)) / each / (1 + each) ** (since - 1)
    window = Window(periods, periods, since - 1, since)
    end, mid = (Discounted(rate, per_year, timing).forward([1.0] * periods, window) for timing in ("end", "mid"))
    assert end == pytest.approx(annuity, rel=1e-9)
    assert mid == pytest.approx(annuity * math.sqrt(1 + each), rel=1e-9)
    assert Discounted(rate, per_year).held(1.0, Window(periods, 1, since=since)) == pytest.approx(annuity, rel=1e-9)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), st.sampled_from(["end", "mid"]))
def test_at_no_discount_a_present_value_is_the_sum(path: list[float], timing: PaymentTiming) -> None:
    window = Window(len(path), len(path))
    assert Discounted(0.0, 12.0, timing).forward(path, window) == HORIZONS["sum"].forward(path, window)


def test_what_is_paid_today_counts_in_full() -> None:
    assert [Discounted(0.12, 12.0, timing).factor(0) for timing in ("end", "mid")] == [1.0, 1.0]


@examples(20)
@given(ANY_TREE, st.integers(0, 3))
def test_a_discounted_horizon_may_begin_later(sketch: Sketch, skipped: int) -> None:
    """What is counted of later periods is discounted to today, not to the beginning of the window."""
    compiled = Compiled(sketch)
    ways = discounted(0.5, 1.0, "end")
    model, periods = compiled.model.taking(ways).counting(1 + skipped), compiled.horizon + skipped
    try:
        run = model.run(periods)
        found = run.horizon()
    except EvaluationError:
        assume(False)
    for metric in model.graph.metrics:
        if metric.aggregation == "sum":
            amounts = [run.at(t)[metric.index] * 1.5**-t for t in range(1 + skipped, periods + 1)]
            size = math.fsum(map(abs, amounts))
            assert abs(found[metric.index] - math.fsum(amounts)) <= 1e-12 * max(size, 1.0)


def test_other_rules_hold_for_changes_in_time_whatever_was_asked_before() -> None:
    text = "outcome: paid\nmetrics: {price: {value: $30}, sold: {value: 50/month}, paid: {formula: price * sold}}"
    model, late = loads(text)._subject.model, {0: Intervention("wrap", 1.1, 0.0, Weights(start=3))}
    paid = model.graph.by_name["paid"]
    assert model.run(12, late).horizon()[paid] == pytest.approx(2 * 1_500 + 10 * 1_650)
    amounts = [1_500 if t < 3 else 1_650 for t in range(1, 13)]
    present = model.taking(discounted(0.5, 12.0, "end")).run(12, late).horizon()[paid]
    assert present == pytest.approx(sum(amount * 1.5 ** (-t / 12) for t, amount in enumerate(amounts, 1)), rel=1e-12)


def test_a_job_takes_its_rules_along_to_other_processes() -> None:
    model = loads(json.dumps(LEVELS))._subject.model.taking(discounted(0.12, 12.0, "mid"))
    slot = model.graph.by_name["revenue"]
    job = pickle.loads(pickle.dumps(Job.of(model, 12, Wanted(totals=(slot,)))))
    assert job.model.run(12).horizon()[slot] == model.run(12).horizon()[slot]
