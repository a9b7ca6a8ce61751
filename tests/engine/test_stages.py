"""What stays the same from some period on, and that it is computed until then."""

from __future__ import annotations

import math

import numpy as np
import pytest

from impacttree.engine.vector import evaluate_many
from impacttree.quantity import Intervention
from tests.engine.test_vector import compiled

SERIES = ("season: {values: [1, 2, 3, 4], then: hold}", "peak: {formula: season * price}")
LINES = (
    "price: {value: 3}",
    "sold: {value: 50}",
    "paid: {formula: price * sold}",
    "late: {formula: 'lag(paid, 3) + price'}",
    "later: {formula: prev(late) * 2}",
    "begun: {formula: prev(price) + 1, start: 9}",
    "stock: {formula: prev(stock) * 0.9 + sold, start: 100}",
    "seen: {formula: stock * exp(price)}",
)


def until(lines):
    model = compiled(lines)
    part = model.part(range(len(lines)))
    names = [metric.name for metric in model.graph.metrics]
    return {names[slot]: (stage.until, stage.until_changed) for stage in part.stages for slot in stage.slots}


def test_what_never_changes_is_that_of_today_and_what_reads_a_change_late_settles_late():
    """With changes from period 1 on: `late` is new in period 4, `later` in 5, which rounds up to 8."""
    assert until(LINES) == {
        "price": (0, 1),
        "sold": (0, 1),
        "paid": (0, 1),
        "late": (0, 4),
        "later": (0, 8),
        "begun": (1, 2),
        "stock": (math.inf, math.inf),
        "seen": (math.inf, math.inf),
    }


def test_a_number_of_each_period_never_settles():
    assert until(SERIES + LINES)["peak"] == (math.inf, math.inf)


@pytest.mark.parametrize(
    "change",
    [
        None,
        Intervention("wrap", 1.5, 0.25),
        Intervention("fix", shift=4.0),
    ],
)
@pytest.mark.parametrize("slot", [0, 2, 3, 6])
def test_every_period_is_that_of_the_scalar_evaluator(change, slot):
    model = compiled(LINES, horizon=12)
    given = {} if change is None else {slot: change}
    batch = evaluate_many(model, 12, interventions=given, count=1, paths=range(len(LINES)))
    run = model.run(12, given)
    for position in range(len(LINES)):
        assert batch.paths[position][:, 0].tolist() == [run.at(t)[position] for t in range(13)]


def test_a_rule_is_computed_until_it_settles(monkeypatch):
    computed = []
    exp = np.exp

    def counted(values):
        computed.append(values)
        return exp(values)

    monkeypatch.setattr(np, "exp", counted)
    model = compiled(["a: {value: 2}", "b: {formula: exp(a)}", "c: {formula: 'prev(c) + lag(b, 2)', start: 0}"])
    rows = {"a.value": np.array([1.0, 2.0])}
    evaluate_many(model, 40, parameters=rows, totals=[2])
    assert len(computed) == 1
    computed.clear()
    evaluate_many(model, 40, parameters=rows, totals=[2], interventions={0: Intervention("wrap", 1.01)})
    assert len(computed) == 2  # today and in period 1
