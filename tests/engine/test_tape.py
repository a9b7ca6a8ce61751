from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from impacttree.engine.tape import Block, Body, Instruction, Load, Select, lower, total_of
from impacttree.engine.vector_faults import compute
from impacttree.formula import lowered, parse
from impacttree.formula.ast import Binary, Name, Parameter
from tests.engine.support import ANY_TREE, Compiled, is_close
from tests.strategies import Sketch, examples

SLOTS = {"a": 0, "b": 1, "c": 2}


def block_of(text: str) -> Block:
    slots = SLOTS | {total_of(name): slot + 10 for name, slot in SLOTS.items()}
    return lower(9, lowered(parse(text)), slots, lambda address, value: 0)


def value_of(block: Block, row: list[float]) -> float:
    """Return what the operations of a tape come to, one at a time."""
    values = [np.float64(value) for value in row]
    return float(compute(block, values, values, (), {})[0])


def operations(block: Block) -> list[str]:
    """Return every operation, those inside branches after a mark for their side."""

    def of(body: Body) -> list[str]:
        found: list[str] = []
        for step in body.instructions:
            if isinstance(step, Instruction):
                found.append(step.operation)
            else:
                found += [f"{step.op}?", *of(step.then), ":", *of(step.otherwise), "."]
        return found

    return of(block.body)


@examples(60)
@given(ANY_TREE)
def test_the_tape_computes_the_rule(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run, world = compiled.model, compiled.model.run(compiled.horizon), compiled.oracle.world()
    for name in sketch.metrics:
        slot = compiled.slot(name)
        for t in range(1, compiled.horizon + 1):
            past = {lag: run.at(max(t - lag, 0)) for lag in model.lags}
            found = float(compute(model.blocks[slot], run.at(t), model.base, model.parameters, past)[0])
            assert is_close(found, world.value(name, t), max(1, abs(world.value(name, t))), 1e-11)


@examples(30)
@given(ANY_TREE)
def test_each_metric_owns_a_slot_and_its_temporaries(sketch: Sketch) -> None:
    model = Compiled(sketch).model
    assert [block.slot for block in model.blocks] == list(range(len(sketch.metrics)))
    for block in model.blocks:
        own = {*block.loads, *block.constants, *block.parameters}
        outs = [step.out for body in bodies(block) for step in body.instructions]
        assert len(set(outs)) == len(outs)
        assert own.isdisjoint(outs)


def bodies(block: Block) -> list[Body]:
    found, pending = [], [block.body]
    while pending:
        body = pending.pop()
        found.append(body)
        for step in body.instructions:
            if isinstance(step, Select):
                pending += [step.then, step.otherwise]
    return found


def test_equal_parts_of_one_rule_are_computed_once() -> None:
    assert operations(block_of("(a + b) * (a + b) / log(a + b)")) == ["add", "mul", "call", "div"]
    assert operations(block_of("exp(a) * exp(b) - exp(a)")) == ["call", "call", "mul", "sub"]
    assert len(block_of("a + prev(a) + lag(a, 1) + lag(a, 2) + a").loads) == 3


def test_what_a_branch_computes_stays_in_it() -> None:
    assert operations(block_of("if(b == 0, a / c, a / b) + a / b")) == ["==?", "div", ":", "div", ".", "div", "add"]
    assert operations(block_of("a / b + if(c > 0, a / b, 0)")) == ["div", ">?", ":", ".", "add"]
    assert operations(block_of("if(a + b > 0, a + b, c)")) == ["add", ">?", ":", "."]


def test_loads_say_when() -> None:
    loads = set(block_of("a + prev(a) + lag(b, 3) + baseline(c) + cumulative(b)").loads.values())
    assert loads == {Load(0), Load(0, "prev", 1), Load(1, "prev", 3), Load(2, "baseline"), Load(11)}


def test_kinks_become_branches_that_know_their_source() -> None:
    block = block_of("min(a, b, 3) + max(a, c) + abs(b) + clip(c, 0, 1) + interpolate(a, 0, 0, 1, 2, 3, 4, 5, 9)")
    assert [select.source for select in block.selects] == [
        "min", "min", "max", "abs", "clip", "clip", "interpolate", "interpolate",
    ]  # fmt: skip
    assert [select.operands for select in block.selects][:3] == [("a", "b"), ("", ""), ("a", "c")]
    assert [select.op for select in block.selects] == ["<=", "<=", ">=", ">=", ">=", "<=", "<=", "<="]


def test_parameters_keep_their_address() -> None:
    seen: list[tuple[str, float]] = []

    def register(address: str, value: float) -> int:
        seen.append((address, value))
        return len(seen) + 4

    slope = Parameter("churn.nps.slope", -0.5)
    block = lower(0, lowered(Binary("*", slope, Name("a"))), SLOTS, register)
    assert seen == [("churn.nps.slope", -0.5)]
    assert list(block.parameters.values()) == [5]


@examples(4)
@given(st.integers(3, 12_000))
def test_long_formulas_need_no_recursion(count: int) -> None:
    block = block_of(" + ".join(["a", "b * 2", "c"] * (count // 3)))
    row = [1.0, 2.0, 3.0]
    assert value_of(block, row) == 8.0 * (count // 3)


def test_definitions_of_the_registry_take_their_defaults() -> None:
    row = [6.0, 2.0, 3.0]
    assert value_of(block_of("saturate(a, b, c)"), row) == 2 * 6 / 9
    assert value_of(block_of("saturate(a, b, c, 2)"), row) == 2 * 36 / 45


def test_conditions_are_decided_from_left_to_right_and_no_further_than_needed() -> None:
    block = block_of("if(a > 0 and b / a > 1 or not c < 2, 7, 8)")
    for a, b, c, value in ((2, 3, 0, 7), (2, 1, 0, 8), (0, 1, 0, 8), (0, 1, 2, 7), (3, 1, 5, 7)):
        assert value_of(block, [a, b, c]) == value


@examples(4)
@given(st.integers(2, 400))
def test_nested_choices_grow_with_their_text(count: int) -> None:
    """What both sides of a choice read is written once, or else twice for each level."""
    chosen = "a"
    for _ in range(min(count, 40)):
        chosen = f"max(b, abs({chosen}) - 1)"
    joined = " and ".join(f"a > {k}" for k in range(count))
    assert len(block_of(f"{chosen} + if({joined}, b, c)").steps) < 10 * count + 200
