"""Compute blocks over columns of complex numbers, one operation at a time: what is asked once repays no compiling.

Nothing here is shared with the generated code that derivatives are checked against, but the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from impacttree.engine.program import array_function
from impacttree.engine.tape import ARITHMETIC, Block, Instruction, Select
from impacttree.formula import FUNCTIONS
from impacttree.formula.evaluation import COMPARISONS

__all__ = ["compute_columns"]


def compute_columns(block: Block, read: Sequence[Any], parameters: Sequence[Any]) -> Any:
    """Return what a block's rule gives in each column.

    Both sides of a branch are computed for all columns, and by the real parts of its condition one is taken in each: a
    side that is not taken may have no value, so the caller sees to it that this is not a warning.

    Parameters
    ----------
    read
        What the block loads, in the order of its loads: numbers of numpy, or arrays.
    parameters
        Those of the tree, as numbers of numpy.
    """
    values: dict[int, Any] = {temporary: np.float64(value) for temporary, value in block.constants.items()}
    values |= {temporary: parameters[position] for temporary, position in block.parameters.items()}
    values |= dict(zip(block.loads, read, strict=True))
    pending: list[tuple[Instruction | Select, bool]] = [(step, False) for step in reversed(block.body.instructions)]
    while pending:
        step, is_ready = pending.pop()
        if isinstance(step, Instruction):
            values[step.out] = _function(step)(*[values[arg] for arg in step.args])
        elif is_ready:
            values[step.out] = _chosen(step, values)
        else:
            pending.append((step, True))
            pending += [(inner, False) for inner in reversed((*step.then.instructions, *step.otherwise.instructions))]
    return values[block.body.result]


def _function(step: Instruction) -> Callable[..., Any]:
    if step.operation == "call":
        return _registered(step.function)
    return _power if step.operation == "pow" else ARITHMETIC[step.operation]


@cache
def _registered(name: str) -> Callable[..., Any]:
    """Return a registered function; one that steps has no slope."""
    found = array_function(name)
    return (lambda *values: found(*map(np.real, values))) if FUNCTIONS[name].steps else found


def _chosen(step: Select, values: Mapping[int, Any]) -> Any:
    taken: Any = COMPARISONS[step.op](np.real(values[step.left]), np.real(values[step.right]))
    then, otherwise = values[step.then.result], values[step.otherwise.result]
    if isinstance(taken, np.ndarray):
        return np.where(taken, then, otherwise)
    return then if taken else otherwise


def _power(base: Any, exponent: Any) -> Any:
    """Return a power; one of zero is zero, where numpy's is not a number."""
    found = base**exponent
    is_zero = (base == 0) & (np.real(exponent) > 0)
    return np.where(is_zero, 0.0, found) if np.any(is_zero) else found
