"""Numbers that differ by period, series and changes that come and go, through every evaluator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from impacttree.engine.derivative_checks import complex_steps, symbolic_chain
from impacttree.engine.flows import Lift
from impacttree.engine.model import Model, Run
from impacttree.engine.paths import Paths
from impacttree.engine.symbolic import Closed
from impacttree.engine.vector import evaluate_many
from impacttree.quantity import Intervention, Recipe, Weights, parse_change
from tests.engine.support import ANY_TREE, Compiled, assert_values
from tests.strategies import Change, Sketch, changes, examples, trees, weightings, with_series

SERIES = ANY_TREE.flatmap(with_series)
VALUE = 1e-9
Timed = Mapping[str, tuple[Change, Weights]]


def intervened(compiled: Compiled, timed: Timed) -> dict[int, Intervention]:
    """Return what changes with weights do, two in one time loop being left out."""
    compiled.interventions({name: change for name, (change, _) in timed.items()})
    found = {}
    for name, ((kind, scale, shift), weights) in timed.items():
        whole = Intervention(kind, scale, shift)
        part = Intervention("wrap", 0.0 if kind == "fix" else scale, shift, weights)
        found[compiled.slot(name)] = whole if weights.is_steady else part
    return found


@st.composite
def timed_changes(draw: Any, sketch: Sketch, most: int = 2) -> Timed:
    drawn = draw(changes(sketch, most=most))
    return {name: (change, draw(weightings(sketch.horizon))) for name, change in drawn.items()}


def plain(timed: Timed, periods: int) -> dict[str, Any]:
    """Return the same for the oracle: each change with its share of every period, counted by the formula as written."""
    return {
        name: (*change, *(share(weights, t) for t in range(1, periods + 1)))
        for name, (change, weights) in timed.items()
    }


def share(weights: Weights, t: int) -> float:
    s, k, d = weights.start, weights.ramp, weights.decay
    if t < s or (weights.until is not None and t > weights.until):
        return 0.0
    w = min(1, (t - s + 1) / k)
    if weights.shape == "s":
        w = 3 * w**2 - 2 * w**3
    return w * (1 - d) ** (t - s - k + 1) if t > s + k - 1 else w


# ---- values


@examples(60)
@given(SERIES, st.data())
def test_values_are_those_of_a_plain_stepping_oracle(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    timed = data.draw(st.one_of(st.just({}), timed_changes(sketch)))
    run = compiled.model.run(compiled.horizon, intervened(compiled, timed))
    world = compiled.oracle.world(plain(timed, compiled.horizon))
    assert_values(compiled, run, world, VALUE)


@pytest.mark.slow
@examples(40)
@given(SERIES, st.data())
def test_rows_and_compiled_code_give_what_the_scalar_evaluator_gives(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    model, periods = compiled.model, compiled.horizon
    done = intervened(compiled, data.draw(timed_changes(sketch)))
    run = model.run(periods, done)
    slots = [metric.index for metric in model.graph.metrics]
    batch = evaluate_many(model, periods, count=2, interventions=done, paths=slots, totals=slots)
    totals = run.horizon()
    for slot in slots:
        exact = np.array([run.at(t)[slot] for t in range(1, periods + 1)])
        np.testing.assert_allclose(batch.paths[slot][1:, 1], exact, rtol=1e-12, atol=1e-12)
        assert batch.totals[slot][0] == pytest.approx(totals[slot], rel=1e-12, abs=1e-12)
    quick = Model(model.graph)
    quick.expect(10**9, 1)
    quickly = quick.run(periods, done)
    assert quickly.rows == run.rows
    assert quickly.stepped is not None
    assert run.model.gradient(run, compiled.outcome) == quickly.model.gradient(quickly, compiled.outcome)
    assert quick.total(periods, done, compiled.outcome) in (None, totals[compiled.outcome])


# ---- slopes


@pytest.mark.slow
@examples(25)
@given(st.one_of(trees(), trees(kinks=True)).flatmap(with_series))
def test_the_gradient_over_periods_is_that_of_complex_step_and_sympy(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run = compiled.model, compiled.model.run(compiled.horizon)
    reverse = model.gradient(run, compiled.outcome)
    symbolic = symbolic_chain(Closed(model.graph), model, run, compiled.outcome)
    stepped = complex_steps(model, run, range(len(reverse)), compiled.outcome)
    for metric in model.graph.metrics:
        exact, size = symbolic[metric.index]
        for found in (reverse[metric.index], stepped[metric.index]):
            assert abs(found - exact) <= 1e-10 * max(size, 1e-6), metric.name  # the symbols cancel without rounding


@examples(30)
@given(trees().flatmap(with_series), st.data())
def test_the_gradient_under_changes_is_the_difference_quotient(sketch: Sketch, data: st.DataObject) -> None:
    """Slopes go through what is shown: in each period a change scales the slope by its own share."""
    compiled = Compiled(sketch)
    done = intervened(compiled, data.draw(timed_changes(sketch, most=1)))
    metrics = [m for m in compiled.model.graph.metrics if not m.on_loop and m.index not in done]
    if any(compiled.model.graph.metrics[slot].on_loop for slot in done) or not metrics:
        return
    moved = data.draw(st.sampled_from(metrics)).index
    run = compiled.model.run(compiled.horizon, done)
    slope = run.model.gradient(run, compiled.outcome)[moved]

    def at(amount: float) -> float:
        more = {**done, moved: Intervention("wrap", shift=amount)}
        return compiled.model.run(compiled.horizon, more).horizon()[compiled.outcome]

    step = 1e-4
    near = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    assert slope == pytest.approx(near, rel=1e-4, abs=1e-5)


ASKED_OF_A_RUN: tuple[Callable[[Model, Run], object], ...] = (
    lambda model, run: model.gradient(run, 2),
    lambda model, run: model.relative_gradient(run, 2),
    lambda model, run: model.partials(run, run.held),
    lambda model, run: list(model.decisions(run)),
    lambda model, run: model.horizon(run, 12),
)


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_model_refuses_a_run_whose_rows_stand_for_other_periods(is_quick: bool) -> None:
    """Its derivatives would count one period for all, and compiled code would write beyond the end of one row."""
    model = it.loads(
        "horizon: 12\nmetrics: {price: {value: 30}, sold: {value: 50/month}, paid: {formula: price * sold}}\n"
        "outcome: paid"
    )._subject.model
    if is_quick:
        pytest.importorskip("numba")
        model.expect(10**9, 1)
    alike = model.run(12)
    timed = model.run(12, {0: Intervention("wrap", 1.1, 0.0, Weights(start=3))})
    assert (timed.stepped is not None, timed.model is model) == (is_quick, False)
    for asked in ASKED_OF_A_RUN:
        for other, run in ((model, timed), (timed.model, alike)):
            with pytest.raises(ValueError, match=r"ask `run\.model`"):
                asked(other, run)
    assert timed.model.gradient(timed, 2) == pytest.approx([50 * 12, 30 * (2 + 1.1 * 10), 12])
    assert model.gradient(alike, 2) == pytest.approx([50 * 12, 30 * 12, 12])


# ---- a lift and its paths


@examples(40)
@given(SERIES, st.data())
def test_edges_and_paths_add_up_to_what_a_lift_in_time_is_worth(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    ((slot, change),) = intervened(compiled, data.draw(timed_changes(sketch, most=1))).items()
    model = compiled.model.beside({slot: change})
    lift = Lift(model.run(compiled.horizon), model.run(compiled.horizon, {slot: change}), slot, compiled.outcome)
    if slot == compiled.outcome:
        return
    out = math.fsum(flow.amount for flow in lift.flows if flow.source == slot)
    back = math.fsum(flow.amount for flow in lift.flows if flow.target == slot)
    assert abs(out - back - lift.total) <= lift.allowance + 1e-12
    paths = Paths(lift).best(1_000)
    assert abs(math.fsum(path.amount for path in paths) - lift.total) <= lift.allowance + 1e-9 * (1 + abs(lift.total))


# ---- what must be the same


def same(one: Run, other: Run) -> bool:
    periods = one.periods
    return one.initial == other.initial and all(one.at(t) == other.at(t) for t in range(1, periods + 1))


@examples(40)
@given(ANY_TREE, st.data())
def test_a_constant_series_is_its_value_to_the_bit(sketch: Sketch, data: st.DataObject) -> None:
    stated = [name for name, keys in sketch.metrics.items() if "value" in keys]
    metrics = {name: dict(keys) for name, keys in sketch.metrics.items()}
    for name in data.draw(st.lists(st.sampled_from(stated), min_size=1, unique=True)):
        metrics[name]["values"] = [metrics[name].pop("value")] * sketch.horizon
    constant = Compiled(Sketch(metrics, sketch.outcome, sketch.horizon, sketch.spans))
    compiled = Compiled(sketch)
    done = compiled.interventions(data.draw(changes(sketch)))
    one, other = (each.model.run(sketch.horizon, done) for each in (compiled, constant))
    assert same(one, other)
    assert one.horizon() == other.horizon()
    assert constant.model.is_static == compiled.model.is_static


@examples(40)
@given(ANY_TREE, st.data())
def test_a_ramp_of_one_period_from_the_first_is_the_plain_lift(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    done = compiled.interventions(data.draw(changes(sketch)))
    ((slot, change),) = done.items()
    if change.kind == "fix":
        return
    held = compiled.model.run(sketch.horizon, done)
    timed = compiled.model.run(sketch.horizon, {slot: Intervention("wrap", change.scale, change.shift, Weights())})
    assert same(held, timed)


@examples(30)
@given(trees(stepped=False), st.data())
def test_off_time_a_later_start_is_the_same_lift_later(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    done = compiled.interventions(data.draw(changes(sketch)))
    ((slot, change),) = done.items()
    start = data.draw(st.integers(1, sketch.horizon))
    scale = 0.0 if change.kind == "fix" else change.scale
    late = compiled.model.run(sketch.horizon, {slot: Intervention("wrap", scale, change.shift, Weights(start=start))})
    base, held = compiled.model.run(sketch.horizon), compiled.model.run(sketch.horizon, done)
    for t in range(1, sketch.horizon + 1):
        assert late.at(t) == pytest.approx(held.at(t) if t >= start else base.at(t), rel=1e-12, abs=1e-12)


STEADY_STATE = """
horizon: 24
outcome: revenue
metrics:
  churn: {value: 5%/month}
  new: {value: 100 customers/month}
  customers: {start: 2000 customers, formula: prev(customers) * (1 - churn) + new}
  arpu: {value: $29/customer/month}
  revenue: {formula: customers * arpu, kind: financial}
"""


@pytest.mark.parametrize("text", ["+10%", "+10% over 4 months", "=120 over 3 months shape s decay 5%/month"])
@pytest.mark.parametrize("metric", ["new", "customers"])
def test_on_a_constant_base_path_a_later_start_is_worth_what_the_shifted_one_is(metric: str, text: str) -> None:
    if metric == "customers":
        text = text.replace("=120", "=2400")
    first, _, rest = text.partition(" ")
    late = f"{first} from month 8 {rest}".strip()
    tree = it.loads(STEADY_STATE)
    shifted = tree.worth(metric, late, range=False).total
    assert shifted == pytest.approx(tree.worth(metric, text, horizon=24 - 7, range=False).total, rel=1e-9)


def test_a_season_of_ones_changes_nothing() -> None:
    text = "start_date: 2027-01-01\nmetrics: {a: {value: 3, SEASON}, b: {formula: a * 2 + cumulative(a)}}\noutcome: b"
    plainly = it.loads(text.replace(", SEASON", ""))
    ones = it.loads(text.replace("SEASON", "seasonality: [1, 1, 1, 1]"))
    assert plainly._subject.model.run(12).rows == ones._subject.model.run(12).rows
    assert it.loads("start_date: 2027-01-01\nmetrics: {a: {value: 3, seasonality: [1, 1, 1, 1]}}")._graph.is_static


# ---- several changes on one metric


@pytest.mark.parametrize("t", range(1, 8))
def test_changes_on_one_metric_each_keep_their_own_time(t: int) -> None:
    changes_ = tuple(parse_change(text) for text in ("+2", "=40", "+10%", "-5%"))
    added, fixed_at, lowered = Weights(start=3), Weights(start=2, ramp=4), Weights(until=5, ramp=2, shape="s")
    done = Recipe(changes_, (added, fixed_at, None, lowered)).intervention().at(t)
    fixed, part, late = share(fixed_at, t), share(lowered, t), share(added, t)
    by_hand = (25.0 + (40.0 - 25.0) * fixed) * 1.1 * (1 - 0.05 * part) + 2.0 * late
    assert done.apply(25.0) == pytest.approx(by_hand, rel=1e-14)


def test_over_a_window_a_recomputed_metric_has_the_average_of_its_change() -> None:
    tree = it.loads(
        "horizon: 4\noutcome: margin\nmetrics: {sold: {value: 10/month}, made: {value: 5/month}, "
        "margin: {formula: made / sold}}"
    )
    worth = tree.worth("margin", "+10% from month 3", range=False)
    assert worth.total == pytest.approx(0.5 * 0.1 * 2 / 4)


# ---- how much work it is


def test_a_tree_without_anything_that_differs_is_computed_once_whatever_the_horizon() -> None:
    tree = it.loads("metrics: {price: {value: 30}, sold: {value: 50}, paid: {formula: price * sold}}\noutcome: paid")
    model = tree._subject.model
    assert len(model.run(36).rows) == 1
    assert len(model.run(36, {0: Intervention("wrap", 1.1)}).rows) == 1
    assert len(model.run(36, {0: Intervention("wrap", 1.1, 0.0, Weights(start=2))}).rows) == 36
    assert model.numbers(5) is model.parameters


@examples(30)
@given(st.one_of(ANY_TREE, SERIES))
def test_extremes_are_those_of_the_path(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model = compiled.model
    numbers = {
        address: np.array([value, 1.25 * value])
        for place, (address, value) in enumerate(zip(model.addresses, model.parameters, strict=True))
        if place not in model.schedules
    }
    slots = [metric.index for metric in model.graph.metrics]
    batch = evaluate_many(model, compiled.horizon, count=2, parameters=numbers, paths=slots, extremes=slots)
    for slot in slots:
        later = batch.paths[slot][1:]
        np.testing.assert_array_equal(batch.lows[slot], later.min(axis=0))
        np.testing.assert_array_equal(batch.highs[slot], later.max(axis=0))


def test_a_series_that_ends_is_said_by_every_evaluator() -> None:
    text = "horizon: 2\nmetrics: {a: {values: [1, 2]}, b: {formula: a + 1}}\noutcome: b"
    model = it.loads(text)._subject.model
    with pytest.raises(it.EvaluationError, match="ends with month 2, and month 3 is asked for"):
        model.run(3)
    with pytest.raises(it.EvaluationError, match="ends with month 2"):
        evaluate_many(model, 3, count=2, totals=[1])
    constant = it.loads(text.replace("[1, 2]", "[1, 1]"))._subject.model
    with pytest.raises(it.EvaluationError, match="ends with month 2"):
        constant.run(3)


def test_a_later_horizon_counts_what_is_in_force_there() -> None:
    tree = it.loads(
        "start_date: 2027-01-01\noutcome: paid\n"
        "metrics: {price: {value: $30}, sold: {value: 50/month}, paid: {formula: price * sold}}"
    )
    late = "+10% from 2027-04 until 2027-11"
    assert tree.worth("price", late).total == pytest.approx(8 * 150)
    assert tree.worth("price", late, over="2027 Q1").total == 0
    assert tree.worth("price", late, over="2027 Q2").total == pytest.approx(450)
    assert tree.worth("price", late, over="2027 Q4").total == pytest.approx(300)
