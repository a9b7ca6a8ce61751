"""Central values at t = 0 of the metrics that a check or a driver's conversion asks for.

A metric with drivers stands at its stated value, one with a start at its start; so only formulas are computed, and only
those that are asked for. Where there is no value (a circle, a zero denominator) the answer is None: evaluation reports
that fault in full, wherever it matters.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise

from impacttree.formula import FUNCTIONS, names, parse_expression
from impacttree.formula.ast import Binary, Call, Compare, Expr, Name, Negate, Number, Parameter, fold

__all__ = ["Today", "evaluate"]

Value = float | None

_OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": math.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "min": min,
    "max": max,
}


class Today:
    """Values at t = 0, computed when they are asked for.

    Parameters
    ----------
    formulas
        Rules of the computed metrics, conversions already replaced by factors.
    stated
        Values of the others, and of metrics with a start.

    Examples
    --------
    >>> today = Today({"revenue": parse_expression("customers * arpu")}, {"customers": 100.0, "arpu": 29.0})
    >>> today["revenue"]
    2900.0
    """

    __slots__ = ("_formulas", "_values")

    def __init__(self, formulas: Mapping[str, Expr], stated: Mapping[str, float]) -> None:
        self._formulas = formulas
        self._values: dict[str, Value] = dict(stated)

    def __getitem__(self, name: str) -> Value:
        stack = [(name, False)]
        opened = set[str]()
        while stack:
            current, ready = stack.pop()
            if current in self._values:
                continue
            formula = self._formulas.get(current)
            if formula is None or (current in opened and not ready):
                self._values[current] = None
            elif ready:
                self._values[current] = evaluate(formula, self._values.__getitem__)
            else:
                opened.add(current)
                stack.append((current, True))
                stack.extend((source, False) for source in names(formula) if source not in self._values)
        return self._values[name]


def evaluate(expression: Expr, read: Callable[[str], Value]) -> Value:
    """Return the value of `expression` at t = 0, or None where it has no finite real value.

    Only the branch taken counts.

    Examples
    --------
    >>> evaluate(parse_expression("if(x == 0, 0, 1 / x)"), {"x": 0.0}.get)
    0.0
    """
    return fold(expression, lambda node, operands: _visit(read, node, operands))


def _visit(read: Callable[[str], Value], node: Expr, operands: Sequence[Value]) -> Value:
    match node:
        case Number() | Parameter():
            return node.value
        case Name():
            return read(node.name)
        case Call(function="if"):
            condition, then, otherwise = operands
            return None if condition is None else then if condition else otherwise
        case Call(function="cumulative"):
            return 0.0
        case Call(function="prev" | "lag" | "baseline"):
            return operands[0]
    known = [operand for operand in operands if operand is not None]
    if len(known) < len(operands):
        return None
    try:
        result = _apply(node, known)
    except (ArithmeticError, ValueError):
        return None
    return result if result is not None and math.isfinite(result) else None


def _apply(node: Expr, operands: Sequence[float]) -> Value:
    match node:
        case Negate():
            return -operands[0]
        case Binary() | Compare():
            return _OPERATORS[node.op](*operands)
        case Call(function="interpolate"):
            return _interpolate(operands[0], operands[1::2], operands[2::2])
        case Call() if node.function in _FUNCTIONS:
            return _FUNCTIONS[node.function](*operands)
        case Call():
            function = FUNCTIONS[node.function]
            if function.kind == "conversion":  # only a formula whose units are refused still has one
                return None
            given = dict(function.defaults) | dict(zip(function.parameters, operands, strict=False))
            return evaluate(_definition(function.definition), given.get)
    raise AssertionError(f"{type(node).__name__} is a leaf")


def _interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    lines = list(zip(pairwise(xs), pairwise(ys), strict=True))
    (left, right), (low, high) = next((line for line in lines[:-1] if x <= line[0][1]), lines[-1])
    return low + (high - low) / (right - left) * (x - left)


@cache
def _definition(text: str) -> Expr:
    return parse_expression(text)
