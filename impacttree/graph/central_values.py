"""Central values at t = 0 of the metrics that a check or a driver's conversion asks for.

A metric with drivers stands at its stated value, one with a start at its start; so only formulas are computed, and only
those that are asked for. Where there is no value (a circle, a zero denominator) the answer is None: evaluation reports
that fault in full, wherever it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from impacttree.formula import Core, Fault, lowered
from impacttree.formula import evaluate as computed
from impacttree.formula.ast import Expr, Name, Parameter
from impacttree.formula.core import Clock, Timed, walk
from impacttree.formula.evaluation import Leaf

__all__ = ["Today", "evaluate"]

Value = float | None


class Today:
    """Values at t = 0, computed when they are asked for.

    Parameters
    ----------
    formulas
        Rules of the computed metrics.
    stated
        Values of the others, and of metrics with a start; of clocks by their address.

    Examples
    --------
    >>> from impacttree.formula import parse_expression
    >>> today = Today({"revenue": lowered(parse_expression("customers * arpu"))}, {"customers": 100.0, "arpu": 29.0})
    >>> today["revenue"]
    2900.0
    """

    __slots__ = ("_formulas", "_values")

    def __init__(self, formulas: Mapping[str, Core], stated: Mapping[str, float]) -> None:
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
                self._values[current] = _value(formula, self._values.__getitem__)
            else:
                opened.add(current)
                stack.append((current, True))
                read = (leaf.name for leaf in walk(formula) if isinstance(leaf, Name | Timed))
                stack.extend((source, False) for source in read if source not in self._values)
        return self._values[name]


def evaluate(expression: Expr, read: Callable[[str], Value]) -> Value:
    """Return the value of `expression` at t = 0, or None where it has no finite real value.

    Only the branch taken counts.

    Examples
    --------
    >>> from impacttree.formula import parse_expression
    >>> evaluate(parse_expression("if(x == 0, 0, 1 / x)"), {"x": 0.0}.get)
    0.0
    """
    return _value(lowered(expression), read)


def _value(core: Core, read: Callable[[str], Value]) -> Value:
    try:
        return computed(core, lambda leaf: _at_start(leaf, read))
    except (Fault, _MissingError):
        return None


class _MissingError(Exception):
    """What is read has no value."""


def _at_start(leaf: Leaf, read: Callable[[str], Value]) -> float:
    match leaf:
        case Parameter():
            return leaf.value
        case Timed(timing="cumulative"):
            return 0.0
        case Clock():
            value = read(leaf.address)
        case Name() | Timed():
            value = read(leaf.name)
    if value is None:
        raise _MissingError
    return value
