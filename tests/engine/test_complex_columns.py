from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from impacttree import loads
from impacttree.engine.complex_columns import compute_columns
from impacttree.engine.model import Model
from impacttree.engine.tape import row_of
from tests.engine.support import ANY_TREE, Compiled
from tests.strategies import Sketch, examples


def columns(model: Model, slot: int, now, past, base) -> np.ndarray:
    """Return what the rule of a slot gives where rows of values are columns."""
    (block,) = (block for block in model.step.blocks if block.slot == slot)
    read = [row_of(load, now, base, past)[load.slot] for load in block.loads.values()]
    with np.errstate(all="ignore"):
        return compute_columns(block, read, list(np.array(model.parameters)))


@examples(40)
@given(ANY_TREE)
def test_columns_of_a_run_are_the_values_of_the_run(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run = compiled.model, compiled.model.run(compiled.horizon)

    def repeated(row):
        return [np.full(3, value, dtype=complex) for value in row]

    for position, row in enumerate(run.rows):
        past = dict(zip(model.lags, map(repeated, run.past(position)), strict=True))
        for block in model.step.blocks:
            found = columns(model, block.slot, repeated(row), past, list(np.array(model.base)))
            assert np.all(np.abs(found - row[block.slot]) <= 1e-12 * max(1, abs(row[block.slot])))
            assert np.all(np.imag(found) == 0)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("if(x > 2, x * x, if(x > 1, sqrt(x), 1 / (x - 1)))", [-1.0, np.sqrt(1.5), 9.0]),
        ("min(x, 2) ** 0.5", [0.0, np.sqrt(1.5), np.sqrt(2)]),
        ("floor(x) + log10(10) + abs(-x)", [1.0, 3.5, 7.0]),
        ("interpolate(x, 0, 1, 1, 3, 2, 3)", [1.0, 3.0, 3.0]),
    ],
)
def test_each_column_takes_its_own_side(formula: str, expected: list[float]) -> None:
    """Also where the other side has no value, and at zero, whose power numpy does not know as a complex one."""
    model = loads(f"outcome: y\nmetrics: {{x: {{value: 1}}, y: {{formula: '{formula}'}}}}")._subject.model
    x = np.array([0.0, 1.5, 3.0], dtype=complex)
    assert columns(model, 1, [x, 0.0], {}, []).tolist() == pytest.approx(expected)


def test_a_step_has_no_slope_and_an_exponential_has() -> None:
    model = loads("outcome: y\nmetrics: {x: {value: 1}, y: {formula: round(x) + exp(x)}}")._subject.model
    (found,) = columns(model, 1, [np.array([0.5 + 1e-30j]), 0.0], {}, [])
    assert found.real == pytest.approx(1 + np.exp(0.5))
    assert found.imag == pytest.approx(1e-30 * np.exp(0.5))
