"""Which way a metric is taken over the horizon: summed, averaged, its last value, or recomputed from its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Parameter, fold
from impacttree.formula.functions import FUNCTIONS, Function
from impacttree.graph.model import Aggregation
from impacttree.quantity import PERIODS_PER_YEAR, Period, Unit

__all__ = ["aggregation", "is_flow", "other_flow", "scales_out"]

Degree = float | None
"""Power of a common factor on all summed inputs with which a term grows; None for zero, which grows with any."""


def aggregation(
    stated: Aggregation | None, unit: Unit, period: Period, rule: Expr | None, is_summed: Callable[[str], bool]
) -> tuple[Aggregation, str]:
    """Return the rule for a metric over the horizon, and the reason that is printed with it.

    Parameters
    ----------
    stated
        The metric's own ``aggregate``, which wins.
    unit, period
        The metric's unit and the tree's time step.
    rule
        The formula, when it reads only the same period or the baseline; None otherwise.
    is_summed
        Whether an input's horizon value is a sum over periods.

    Examples
    --------
    >>> aggregation(None, Unit.parse("USD/month"), "month", None, lambda name: False)
    ('sum', 'flow per month: summed')
    """
    if stated is not None:
        return stated, f"stated: {stated}"
    if is_flow(unit, period):
        return "sum", f"flow per {period}: summed"
    if rule is not None and scales_out(rule, is_summed):
        return "recompute", "recomputed from its inputs over the horizon"
    return "last", "level: value of the last period"


def is_flow(unit: Unit, period: str) -> bool:
    """Return True for an amount per `period`: no other denominator, not shown in %.

    Examples
    --------
    >>> [is_flow(Unit.parse(text), "month") for text in ("USD/month", "USD/user/month", "%/month", "USD/year")]
    [True, False, False, False]
    """
    return not unit.is_share and unit.per(period) and all(power > 0 or base == period for base, power in unit.factors)


def other_flow(unit: Unit, period: Period) -> str | None:
    """Return the period of a flow in another period than the tree's, else None.

    Examples
    --------
    >>> other_flow(Unit.parse("USD/year"), "month")
    'year'
    """
    return next((other for other in PERIODS_PER_YEAR if other != period and is_flow(unit, other)), None)


def scales_out(rule: Expr, is_summed: Callable[[str], bool]) -> bool:
    """Return whether a rule keeps its value when all its summed inputs grow by one common factor.

    That is: its unit stays the same when they lose ``/period``, and no bare number stands for an amount per period
    (``(revenue - 1000) / revenue`` would subtract one month's 1000 from a year's revenue).

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> flows = {"revenue", "profit"}
    >>> [scales_out(parse(text), flows.__contains__) for text in ("profit / revenue", "revenue / customers")]
    [True, False]
    """
    try:
        return fold(rule, partial(_degree, is_summed)) in (0, None)
    except _MixedError:
        return False


class _MixedError(Exception):
    """Terms that grow differently meet, or one has no value over several periods."""


def _degree(is_summed: Callable[[str], bool], node: Expr, below: Sequence[Degree]) -> Degree:
    match node:
        case Name():
            return 1.0 if is_summed(node.name) else 0.0
        case Number():
            return 0.0 if node.value else None
        case Parameter():
            return 0.0
        case Negate():
            return below[0]
        case Binary(op="*"):
            return None if None in below else sum(degree or 0.0 for degree in below)
        case Binary(op="/"):
            return None if below[0] is None else below[0] - (below[1] or 0.0)
        case Binary(op="**"):
            return _power(below[0], node.right, below[1])
        case Binary() | Compare():
            return _common(below)
        case Logic():
            return None
        case Call(function="baseline"):
            return 0.0
        case Call():
            return _call(FUNCTIONS[node.function], below)


def _call(function: Function, below: Sequence[Degree]) -> Degree:
    """Return the degree of a call: what may carry a unit grows as its unit does, all else takes pure numbers."""
    if function.steps:
        return _pure(below)
    match function.unit_rule:
        case "condition":
            return _common(below[1:])
        case "keep" | "flow" | "duration" | "cumulative":
            return below[0]
        case "same":
            return _common(below)
        case "clock":
            raise _MixedError
        case "root":
            return None if below[0] is None else below[0] / 2
        case "saturate":
            _common((below[0], below[2]))
            _common((0.0, *below[3:]))
            return below[1]
        case "logistic":
            _common((below[0], below[3]))
            if below[4] is not None:
                _common((0.0, (below[0] or 0.0) + below[4]))
            return _common(below[1:3])
        case _:
            return _pure(below)


def _pure(below: Sequence[Degree]) -> Degree:
    """Return the degree of what takes numbers that do not grow."""
    _common((0.0, *below))
    return 0.0


def _common(degrees: Sequence[Degree]) -> Degree:
    """Return the one degree that all share; raise when there are two."""
    known = {degree for degree in degrees if degree is not None}
    if len(known) > 1:
        raise _MixedError
    return known.pop() if known else None


def _power(base: Degree, exponent: Expr, exponent_degree: Degree) -> Degree:
    _common((0.0, exponent_degree))
    if not base:
        return base
    sign = -1.0 if isinstance(exponent, Negate) else 1.0
    literal = exponent.operand if isinstance(exponent, Negate) else exponent
    if not isinstance(literal, Number):
        raise _MixedError
    return base * sign * literal.value
