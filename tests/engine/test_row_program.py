"""Rules over many rows: what generated functions compute, where they write, and what their source holds."""

from __future__ import annotations

import io
import re
import tokenize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.engine import program
from impacttree.engine.row_program import RowProgram, Varying, varying, write_rows
from tests.engine.support import ANY_TREE, Compiled, model_of
from tests.engine.test_codegen import HOSTILE, WORDS
from tests.strategies import Sketch, examples


class Space(dict):
    """Registers, poisoned when they are made: what is read before it is written is not a number."""

    def __missing__(self, register: int) -> np.ndarray:
        self[register] = np.full(2, np.nan)
        return self[register]


def everything(model) -> Varying:
    return Varying(frozenset(range(len(model.parameters))), frozenset(range(model.size)))


def computed(rules: RowProgram, compiled: Compiled, position: int, changes: dict, differing: Varying) -> list:
    """Return the row of a period, in which every number that differs stands twice."""
    model, run = compiled.model, compiled.model.run(compiled.horizon)

    def twice(values, which):
        return [np.full(2, value) if here in which else np.float64(value) for here, value in enumerate(values)]

    row = twice(run.at(position + 1), differing.slots)
    past = [twice(values, differing.slots) for values in run.past(position)]
    parameters = twice(model.numbers(position + 1), differing.parameters)
    with np.errstate(all="ignore"):
        for function in rules.functions(changes, differing):
            function(row, [np.float64(value) for value in model.base], parameters, past, changes, Space())
    return row


@pytest.mark.slow
@examples(60)
@given(sketch=ANY_TREE, data=st.data())
def test_functions_compute_what_the_scalar_ones_do(sketch: Sketch, data) -> None:
    compiled = Compiled(sketch)
    model = compiled.model
    slots = sorted({block.slot for block in model.step.blocks})
    stored = frozenset(data.draw(st.sets(st.sampled_from(slots), min_size=1)))
    changed = data.draw(st.sampled_from(slots))
    changes = data.draw(st.sampled_from([{}, {changed: (1.25, 0.5)}, {changed: 0.75}]))
    position = data.draw(st.integers(0, compiled.horizon - 1))
    places = data.draw(st.sets(st.sampled_from(range(len(model.parameters)))))
    moved = varying((*model.initial.blocks, *model.step.blocks), frozenset(places), changes)
    differing = data.draw(st.sampled_from([everything(model), moved]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program.Program, "size", data.draw(st.sampled_from([2, 128])))
        rules = RowProgram(model.step.blocks, model.lags, stored)
        row = computed(rules, compiled, position, changes, differing)
        again = RowProgram(model.step.blocks, model.lags, frozenset(slots))
        whole = computed(again, compiled, position, changes, Varying(frozenset(), frozenset()))
    expected = list(compiled.model.run(compiled.horizon).at(position + 1))
    run = compiled.model.run(compiled.horizon)
    kinds = {slot: "wrap" if isinstance(effect, tuple) else "fix" for slot, effect in changes.items()}
    for function in model.step.values(kinds):
        function(expected, model.base, model.numbers(position + 1), run.past(position), changes)
    for slot in slots:
        size = 1e-12 * max(1, abs(expected[slot]))
        assert np.all(np.abs(whole[slot] - expected[slot]) <= size)
        if slot in stored:
            assert np.all(np.abs(row[slot] - expected[slot]) <= size)
            assert np.shape(row[slot]) == () or slot in differing.slots


def test_what_is_stored_is_not_written_again() -> None:
    model = model_of(
        "{outcome: d, metrics: {a: {value: 3}, b: {formula: a * 2}, c: {formula: b}, d: {formula: c + 1}}}"
    )
    rules = RowProgram(model.step.blocks, (), frozenset({2, 3}))
    (function,) = rules.functions((), everything(model))
    space, rows = Space(), ([None] * 4, [None] * 4)
    for row, value in zip(rows, (3.0, 5.0), strict=True):
        function(row, [], [np.full(2, value)], (), {}, space)
    assert [row[slot].tolist() for row in rows for slot in (2, 3)] == [[6, 6], [7, 7], [10, 10], [11, 11]]
    assert not any(np.shares_memory(row[slot], array) for row in rows for slot in (2, 3) for array in space.values())


def test_what_only_hands_on_a_value_finds_it_there() -> None:
    """`x` reads `b` last and works in its register, before `c` shows what `b` is."""
    model = model_of(
        "{outcome: c, metrics: {a: {value: 3}, b: {formula: a * 2}, x: {formula: b + 1}, y: {formula: x * 5}, "
        "c: {formula: b}}}"
    )
    for changes in ({}, {0: 4.0}):
        row = [None] * 5
        for function in RowProgram(model.step.blocks, (), frozenset({3, 4})).functions(changes, everything(model)):
            function(row, [], [np.full(2, 3.0)], (), changes, Space())
        assert (row[3] == 35 + 10 * len(changes)).all()
        assert (row[4] == 6 + 2 * len(changes)).all()


def test_a_chain_takes_one_register() -> None:
    chain = ", ".join(f"m{n}: {{formula: m{n - 1} * 2 + 1}}" for n in range(1, 60))
    model = model_of(f"{{outcome: m59, metrics: {{m0: {{value: 3}}, {chain}}}}}")
    lines, _ = write_rows(model.step.blocks, (), frozenset({59}))
    assert set(re.findall(r"\br\d+", "\n".join(lines))) == {"r0"}


@pytest.mark.parametrize(
    ("formula", "word"),
    [("max(a, b)", "larger"), ("min(a, b)", "smaller"), ("abs(a - b)", "select"), ("if(a > b, a, b)", "larger")],
)
def test_the_larger_one_is_taken_at_once(formula: str, word: str) -> None:
    model = model_of(f"{{outcome: y, metrics: {{a: {{value: 3}}, b: {{value: 2}}, y: {{formula: '{formula}'}}}}}}")
    _, steps = write_rows(model.step.blocks, (), frozenset({2}))
    assert steps[-1].sign == word


@examples(30)
@given(ANY_TREE)
def test_the_source_holds_nothing_that_a_user_wrote(sketch: Sketch) -> None:
    new = {name: HOSTILE[k] for k, name in enumerate(sketch.metrics)}
    model = Compiled(sketch.renamed(new)).model
    slots = frozenset(range(model.size))
    for heeding in (frozenset(), slots):
        lines, _ = write_rows(model.step.blocks, model.lags, slots, heeding)
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            if token.type == tokenize.NAME:
                known = token.string in WORDS or token.string == "number"
                assert known or len(token.string) == 1 or token.string[1:].isdigit(), token.string
            assert token.type != tokenize.STRING
