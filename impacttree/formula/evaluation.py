"""Compute a formula one operation at a time: plain, slow, and clear about what has no value."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from impacttree.formula.ast import Span
from impacttree.formula.core import (
    Binary,
    Clock,
    Compare,
    Core,
    If,
    Logic,
    Name,
    Negate,
    Number,
    Parameter,
    Primitive,
    Timed,
    children,
)
from impacttree.formula.functions import FUNCTIONS

__all__ = ["COMPARISONS", "NOT_MEANINGFUL", "Fault", "Leaf", "evaluate"]

Leaf = Name | Parameter | Timed | Clock
NOT_MEANINGFUL = "not meaningful"
"""Why there is no value where a formula divides by a written 0: its author says that there is none."""
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": math.pow,
}


class Fault(ArithmeticError):
    """An operation without a finite real result: which, and why."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span


def evaluate(core: Core, read: Callable[[Leaf], float]) -> float:
    """Return the value of a formula's core.

    Only what the result needs is computed: of a branch the side taken, of a condition as much as decides it.

    Parameters
    ----------
    read
        Gives the value of what the formula reads.

    Raises
    ------
    Fault
        At the first operation without a finite real result.

    Examples
    --------
    >>> from impacttree.formula import lowered, parse
    >>> evaluate(lowered(parse("if(x == 0, 0, 1 / x)")), lambda leaf: {"x": 0.0}[leaf.name])
    0.0
    """
    values: dict[int, float] = {}
    pending = [core]
    while pending:
        node = pending[-1]
        if id(node) in values:
            pending.pop()
            continue
        needed = _needed(node, values)
        if needed:
            pending += needed
            continue
        pending.pop()
        values[id(node)] = _value(node, values, read)
    return values[id(core)]


def _needed(node: Core, values: Mapping[int, float]) -> Sequence[Core]:
    """Return operands that `node` cannot do without, the first one last; none when it can be computed."""
    match node:
        case Number() | Name() | Parameter() | Timed() | Clock():
            return ()
        case If():
            wanted = _side(node, values) if id(node.condition) in values else node.condition
            return () if id(wanted) in values else (wanted,)
        case Logic():
            decides = {"and": 0.0, "or": 1.0}.get(node.op)
            for operand in node.operands:
                if id(operand) not in values:
                    return (operand,)
                if values[id(operand)] == decides:
                    return ()
            return ()
        case _:
            return [child for child in reversed(children(node)) if id(child) not in values]


def _side(node: If, values: Mapping[int, float]) -> Core:
    return node.then if values[id(node.condition)] else node.otherwise


def _value(node: Core, values: Mapping[int, float], read: Callable[[Leaf], float]) -> float:
    match node:
        case Number():
            return node.value
        case Name() | Parameter() | Timed() | Clock():
            return read(node)
        case If():
            return values[id(_side(node, values))]
        case Compare():
            return float(COMPARISONS[node.op](values[id(node.left)], values[id(node.right)]))
        case Logic():
            known = [values[id(operand)] for operand in node.operands if id(operand) in values]
            return 1.0 - known[0] if node.op == "not" else known[-1]
        case _:
            return _operated(node, [values[id(child)] for child in children(node)])


def _operated(node: Negate | Binary | Primitive, operands: Sequence[float]) -> float:
    try:
        result = _result(node, operands)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise Fault(_reason(node, operands, error), node.span) from None
    if not math.isfinite(result):
        raise Fault("the result is too large for a number", node.span)
    return result


def _result(node: Negate | Binary | Primitive, operands: Sequence[float]) -> float:
    match node:
        case Negate():
            return -operands[0]
        case Binary():
            return _ARITHMETIC[node.op](operands[0], operands[1])
    function = FUNCTIONS[node.function].python
    if function is None:
        raise Fault(f"{node.function} depends on a unit that is not known", node.span)
    return float(function(*operands))


def _reason(node: Negate | Binary | Primitive, operands: Sequence[float], error: Exception) -> str:
    if isinstance(node, Binary) and node.op == "/":
        is_written = isinstance(node.right, Number) and node.right.value == 0
        return NOT_MEANINGFUL if is_written else "division by zero"
    if isinstance(error, OverflowError):
        return "the result is too large for a number"
    if isinstance(node, Primitive):
        return f"{node.function} of {operands[0]:g} is not a real number"
    return f"{operands[0]:g} to the power {operands[1]:g} is not a real number"
