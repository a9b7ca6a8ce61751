"""Evaluate one formula by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from impacttree.engine.tape import lower
from impacttree.errors import EvaluationError, Problem, QuestionError, nearest
from impacttree.formula import FUNCTIONS, Fault, lowered, names
from impacttree.formula import evaluate as computed
from impacttree.formula.ast import Call, Expr, Parameter, walk
from impacttree.formula.core import Clock
from impacttree.formula.evaluation import Leaf

if TYPE_CHECKING:
    from impacttree.engine.arrays import Array

__all__ = ["evaluate", "evaluate_rows"]


def evaluate(text: str, expr: Expr, values: Mapping[str, float]) -> float:
    """Return the value of a formula; a time function reads the value given, whatever the time.

    Raises
    ------
    QuestionError
        When a value is missing, unknown or not a finite number, or the formula converts units.
    EvaluationError
        When the formula has no finite real value there.
    """
    read = names(expr)
    for name in read:
        if name not in values:
            raise QuestionError(f"{text!r} needs a value of {name!r}; pass {name}=...")
    for name, value in values.items():
        if name not in read:
            raise QuestionError(f"{text!r} does not read {name!r}{nearest(name, read)}")
        if not _is_finite(value):
            raise QuestionError(f"{name} is {value!r}; give a finite number")
    for node in walk(expr):
        if isinstance(node, Call) and FUNCTIONS[node.function].kind == "conversion":
            raise QuestionError(
                f"{node.function}() in {text!r} depends on units, which a formula by itself does not have; "
                "make it a metric of a tree"
            )
        if isinstance(node, Call) and FUNCTIONS[node.function].kind == "clock":
            raise QuestionError(
                f"{node.function}() in {text!r} depends on the period, which a formula by itself does not have; "
                "make it a metric of a tree"
            )

    def value_of(leaf: Leaf) -> float:
        assert not isinstance(leaf, Clock), "refused above"
        return leaf.value if isinstance(leaf, Parameter) else float(values[leaf.name])

    try:
        return computed(lowered(expr), value_of)
    except Fault as fault:
        shown = ", ".join(f"{name} = {values[name]:g}" for name in read[:8])
        raise EvaluationError(
            Problem(
                reason=f"{fault.reason} ({shown})",
                fix="guard it with if(condition, a, b), or give other values",
                formula=text,
                span=fault.span,
            )
        ) from None


def evaluate_rows(expr: Expr, values: Mapping[str, Array]) -> Array:
    """Return the value of a formula in many rows, NaN where it has no finite one.

    Parameters
    ----------
    values
        The names that it reads, each an array with a number for every row.
    """
    import numpy as np

    from impacttree.engine.vector_faults import compute

    slots = {name: slot for slot, name in enumerate(values)}
    block = lower(len(values), lowered(expr), slots, _no_parameter)
    rows, _ = compute(block, list(values.values()), (), (), {})
    return np.asarray(rows, dtype=np.float64)


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _no_parameter(address: str, value: float) -> int:
    raise AssertionError(f"a formula that was parsed has no parameter, yet {address} = {value}")
