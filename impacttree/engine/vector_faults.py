"""Compute one metric over many rows, one operation at a time, so that a fault stays in the rows that have it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from impacttree.engine.program import array_function
from impacttree.engine.tape import ARITHMETIC, Block, Instruction, Select, row_of
from impacttree.formula.evaluation import COMPARISONS

__all__ = ["Observe", "are_finite", "compute", "finite"]

_SHOWING = frozenset({"neg", "add", "sub", "mul", "div"})
"""Operations that are finite only where no operand is NaN."""

Observe = Callable[[Block, Instruction, Any, Sequence[Any], Any], None]
"""Told of an operation: its block, its result, its operands, and in which rows its branch is taken."""


def compute(
    block: Block,
    v: Sequence[Any],
    b: Sequence[Any],
    p: Sequence[Any],
    past: Mapping[int, Sequence[Any]],
    observe: Observe | None = None,
) -> tuple[Any, Any]:
    """Return the values of a block, and in which rows an operation of its own had no finite real value.

    Both sides of a branch are computed for all rows; in each row what happened on the side not taken is dropped,
    values and faults alike. A comparison with NaN takes neither side: its result is NaN.

    Parameters
    ----------
    v, b, p
        Values of this period, at t = 0 of the base case, and parameters: numbers or arrays.
    past
        Rows by lag.
    observe
        Told of every operation.
    """
    values: dict[int, Any] = {temporary: np.float64(value) for temporary, value in block.constants.items()}
    values |= {temporary: p[position] for temporary, position in block.parameters.items()}
    for temporary, load in block.loads.items():
        values[temporary] = row_of(load, v, b, past)[load.slot]
    own: dict[int, Any] = dict.fromkeys(values, False)
    pending: list[tuple[Instruction | Select, bool, Any]] = [
        (step, False, True) for step in reversed(block.body.instructions)
    ]
    with np.errstate(all="ignore"):
        while pending:
            step, ready, here = pending.pop()
            if isinstance(step, Instruction):
                args = [values[arg] for arg in step.args]
                values[step.out], fault = _operate(step, args)
                own[step.out] = reduce(operator.or_, (own[arg] for arg in step.args), fault)
                if observe is not None:
                    observe(block, step, values[step.out], args, here)
            elif ready:
                values[step.out], own[step.out] = _choose(step, values, own)
            else:
                pending.append((step, True, here))
                then = here & COMPARISONS[step.op](values[step.left], values[step.right])
                pending += [(inner, False, here & ~then) for inner in reversed(step.otherwise.instructions)]
                pending += [(inner, False, then) for inner in reversed(step.then.instructions)]
    return values[block.body.result], own[block.body.result]


def finite(values: Any) -> tuple[Any, Any]:
    """Return `values` with NaN in place of infinity, and where that was."""
    if are_finite(values):
        return values, False
    infinite = np.isinf(values)
    return (np.where(infinite, np.nan, values), infinite) if np.any(infinite) else (values, False)


def are_finite(values: Any) -> bool:
    """Return whether all values are finite: by their sum, which is quick, or one by one where it overflows.

    A dot product would wake the threads of a linear algebra library, which wait for each other on a busy machine. The
    caller sees to it that an overflow is not a warning.
    """
    return math.isfinite(np.add.reduce(values, axis=None)) or bool(np.isfinite(values).all())


def _operate(step: Instruction, args: Sequence[Any]) -> tuple[Any, Any]:
    result = _function(step)(*args)
    if step.operation in _SHOWING and are_finite(result):
        return result, False
    lost = ~np.isfinite(result)
    missing = np.isnan(args[0])
    for arg in args[1:]:
        missing = missing | np.isnan(arg)
    if not np.any(lost | missing):
        return result, False
    return np.where(lost | missing, np.nan, result), lost & ~missing


def _function(step: Instruction) -> Callable[..., Any]:
    return array_function(step.function) if step.operation == "call" else ARITHMETIC[step.operation]


def _choose(step: Select, values: Mapping[int, Any], own: Mapping[int, Any]) -> tuple[Any, Any]:
    left, right = values[step.left], values[step.right]
    taken = COMPARISONS[step.op](left, right)
    value = np.where(taken, values[step.then.result], values[step.otherwise.result])
    fault = np.where(taken, own[step.then.result], own[step.otherwise.result])
    missing = np.isnan(left) | np.isnan(right)
    return np.where(missing, np.nan, value), np.where(missing, False, fault) | own[step.left] | own[step.right]
