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
    "lost: {formula: 'stock * (1 - 0.1 * late) * (price + sold)'}",
)


def until(lines):
    model = compiled(lines)
    everything = range(len(lines))
    names = [metric.name for metric in model.graph.metrics]
    stages = model.part(everything).stages(everything)
    return {
        names[slot]: (stage.until, stage.until_changed)
        for stage in stages
        for slot in stage.program.stored
        if slot < len(names)
    }


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
        "lost": (math.inf, math.inf),
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
@pytest.mark.parametrize("slot", [0, 2, 3, 6, 8])
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
    model = compiled(
        ["a: {value: 2}", "b: {formula: exp(a)}", "c: {formula: 'prev(c) + lag(b, 2) * exp(-a)', start: 0}"]
    )
    rows = {"a.value": np.array([1.0, 2.0])}
    evaluate_many(model, 40, parameters=rows, totals=[2])
    assert len(computed) == 2  # b today, and in period 1 the part of c that stays the same
    computed.clear()
    evaluate_many(model, 40, parameters=rows, totals=[2], interventions={0: Intervention("wrap", 1.01)})
    assert len(computed) == 6  # b once more with the change, and the part of c until it has come there: 3, rounded up


def test_only_what_is_read_later_is_stored():
    model = compiled(LINES)
    slot = model.graph.by_name
    stages = model.part([slot["seen"]]).stages([slot["seen"]])
    names = {slot[name] for name in ("price", "sold", "stock", "seen")}
    assert {stored for stage in stages for stored in stage.program.stored if stored < model.size} <= names


def test_after_a_false_alarm_parts_of_rules_are_there_again():
    """The side that is not taken divides by zero, which the quick way cannot tell from a fault."""
    lines = [
        "a: {value: 2}",
        "c: {formula: 'prev(c) * 0.5 + (a + 1) * 2', start: 0}",
        "d: {formula: 'if(c > 100, 1 / (c - c), c * (a + 3))'}",
    ]
    model = compiled(lines, horizon=6)
    batch = evaluate_many(model, 6, parameters={"a.value": np.array([1.5, 2.0])}, paths=range(3))
    for position in range(3):
        assert batch.paths[position][:, 1].tolist() == [model.run(6).at(t)[position] for t in range(7)]


def test_a_fault_of_a_part_is_one_of_the_metric():
    model = compiled(["a: {value: 2}", "c: {formula: 'prev(c) * 0.5 + log(a) * 2', start: 1}"])
    batch = evaluate_many(model, 3, parameters={"a.value": np.array([2.0, -2.0])}, totals=[1])
    assert batch.faults == {1: 1}
    assert np.isnan(batch.totals[1]).tolist() == [False, True]


def test_a_part_of_a_rule_differs_between_rows_as_what_it_reads_does():
    """What `c` chooses by is computed once, in a slot that no metric has."""
    lines = [
        "a: {value: 2}",
        "b: {formula: prev(b) + 1, start: 1}",
        "c: {formula: 'prev(b) + a * 2'}",
        "d: {formula: 'if(c > 6, c, a)'}",
    ]
    batch = evaluate_many(compiled(lines), 3, parameters={"a.value": np.array([0.5, 2.0])}, paths=[3])
    assert batch.paths[3].tolist() == [[0.5, 2.0], [0.5, 2.0], [0.5, 2.0], [0.5, 7.0]]
