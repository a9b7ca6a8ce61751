from __future__ import annotations

import pytest
from hypothesis import given

from impacttree.engine import program
from impacttree.engine.codegen import edge_loads
from impacttree.engine.model import Model
from impacttree.quantity import Intervention
from tests.engine.support import ANY_TREE, Compiled, model_of
from tests.strategies import Sketch, examples


@examples(30)
@given(ANY_TREE)
def test_chunks_of_any_size_compute_the_same(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    run = compiled.model.run(compiled.horizon)
    gradient = compiled.model.gradient(run, compiled.outcome)
    partials = compiled.model.partials(run, run.held)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program.Program, "size", 2)
        small = Model(compiled.model.graph)
        assert max(len(chunk) for chunk in small.step.chunks) <= 2
        again = small.run(compiled.horizon)
        assert (again.initial, again.rows) == (run.initial, run.rows)
        assert small.gradient(again, compiled.outcome) == gradient
        assert small.partials(again, again.held) == partials


@examples(20)
@given(ANY_TREE)
def test_edges_are_the_loads_that_can_move_a_slot(sketch: Sketch) -> None:
    model = Compiled(sketch).model
    listed = [(block.slot, load) for block in model.step.blocks for load in edge_loads(block)]
    assert list(model.step.edges) == listed
    assert all(load.timing != "baseline" for _, load in listed)
    for metric in model.graph.metrics:
        moving = {(ref.source, ref.timing, ref.lag) for ref in metric.references if ref.timing != "baseline"}
        assert len([load for slot, load in listed if slot == metric.index]) == len(moving)


def test_only_the_chunk_of_a_changed_slot_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.Program, "size", 2)
    model = model_of(
        "{outcome: e, metrics: {a: {value: 2}, b: {formula: a * 2}, c: {formula: b * 2}, d: {formula: c * 2}, "
        "e: {formula: d * 2}}}"
    )
    plain = model.step.values({})
    assert model.step.values({}) == plain
    wrapped = model.step.values({2: "wrap"})
    assert [one is other for one, other in zip(plain, wrapped, strict=True)] == [True, False, True]
    assert model.step.values({2: "wrap"}) == wrapped
    assert model.run(12, {2: Intervention("wrap", 2.0)}).at(1) == [2, 4, 16, 32, 64]
    assert model.run(12, {2: Intervention("fix", 1.0, 5.0)}).at(1) == [2, 4, 5, 10, 20]


def test_a_fixed_metric_that_nothing_moves_takes_no_functions_of_its_own() -> None:
    model = model_of("{outcome: c, metrics: {a: {value: 2}, b: {formula: a * 2}, c: {formula: b * a}}}")
    assert model.step.partials({0}) == model.step.partials()
    assert model.step.partials({1}) != model.step.partials()


def test_a_part_is_the_same_whether_or_not_what_it_rests_on_is_named() -> None:
    model = model_of("{outcome: c, metrics: {a: {value: 2}, b: {formula: a * 2}, c: {formula: b * a}}}")
    assert model.part([2]) is model.part([0, 2])
    assert model.part([1]) is not model.part([2])


def test_many_changes_share_one_function() -> None:
    text = "{outcome: c, metrics: {a: {value: 2}, b: {formula: a * 2}, c: {formula: b * a}, d: {formula: c + 1}}}"
    step = model_of(text).step
    first, *others = (step.values({slot: "wrap"}) for slot in range(4))
    assert all(other == others[0] != first for other in others)
    assert step.values({0: "fix"}) == first


def test_powers_at_zero_have_the_slope_of_the_limit() -> None:
    text = "{outcome: y, metrics: {a: {value: 0}, n: {value: 2}, y: {formula: a ** n + a ** 1 + a ** 3 + 2 ** a}}}"
    model = model_of(text)
    run = model.run(12)
    assert run.at(1)[2] == 1
    assert model.gradient(run, 2)[:2] == pytest.approx([1 + 0.6931471805599453, 0])
