"""Conversion functions (``per_month``, ``in_hours``): which units they take, and what number they multiply by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from impacttree.errors import FormulaError, Problem
from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Negate, Number, fold
from impacttree.formula.functions import FUNCTIONS
from impacttree.quantity import PERIODS_PER_YEAR, Unit

__all__ = ["conversion_factor", "converted", "convertible", "in_period", "multiplied_out", "period_of", "refusal"]

_MINUTES = {"hour": 60.0, "minute": 1.0, "second": 1.0 / 60.0}


def conversion_factor(function: str, unit_of_argument: Unit, period: str) -> float:
    """Return what ``per_month``, ``in_hours`` and the like multiply their argument by.

    Parameters
    ----------
    function
        Name of a conversion function.
    unit_of_argument
        A flow per calendar period for ``per_...``, a duration in clock time for ``in_...``.
    period
        The tree's time step, for the message.

    Raises
    ------
    FormulaError
        If the argument's unit cannot be converted.

    Examples
    --------
    >>> conversion_factor("per_quarter", Unit.parse("USD/month"), "month")
    3.0
    """
    if not convertible(function, unit_of_argument):
        reason, fix = refusal(function, unit_of_argument, "the argument", period)
        raise FormulaError(Problem(reason=reason, fix=fix))
    if _is_duration(function):
        return _MINUTES[unit_of_argument.clock[0][0]] / (1.0 if function == "in_minutes" else 60.0)
    return PERIODS_PER_YEAR[unit_of_argument.calendar[0][0]] / PERIODS_PER_YEAR[_target(function)]


def convertible(function: str, unit: Unit) -> bool:
    """Tell whether a conversion takes that unit: rates shown in % compound, and are never converted linearly."""
    if _is_duration(function):
        return len(unit.clock) == 1 and unit.clock[0][1] == 1
    return period_of(unit) is not None and not unit.is_share


def refusal(function: str, unit: Unit | None, what: str, tree_period: str) -> tuple[str, str]:
    """Say why `what`, of a unit that is not `convertible`, cannot be converted, and what to do."""
    shown = "without a unit" if unit is None else f"in {unit}" if str(unit) else "a pure number"
    if _is_duration(function):
        return f"{function} converts hours, minutes and seconds, but {what} is {shown}", "drop the conversion"
    period = None if unit is None else period_of(unit)
    if period is None:
        fix = f"drop the conversion, or give it a unit such as USD/{tree_period}"
        return f"{function} converts a flow per day, week, month, quarter or year, but {what} is {shown}", fix
    if period == _target(function):
        return f"{what} is {shown} already", "drop the conversion"
    rate = what.strip("`") if what.startswith("`") else "rate"
    return (
        f"{what} is a rate ({unit}): rates do not convert linearly",
        f"write {_compounded(rate, period, _target(function))}",
    )


def converted(function: str, unit: Unit) -> Unit:
    """Return the unit of the result, for a `convertible` one."""
    duration = _is_duration(function)
    old = unit.clock[0] if duration else unit.calendar[0]
    new = _target(function)
    factors = ((new, power) if (base, power) == old else (base, power) for base, power in unit.factors)
    return Unit(unit.display, tuple(sorted(factors)))


def period_of(unit: Unit) -> str | None:
    """Return the calendar period of a flow or rate, None when there is no single one."""
    calendar = unit.calendar
    return calendar[0][0] if len(calendar) == 1 and calendar[0][1] == -1 else None


def in_period(text: str, unit: Unit, target: str) -> str:
    """Say how to bring the flow or rate written `text`, of that unit, to another period."""
    period = period_of(unit)
    if period is None:
        return f"bring it to one per {target} first"
    if unit.is_share:
        return f"rates do not convert linearly: write {_compounded(text, period, target)}"
    return f"write per_{target}({text})"


def multiplied_out(expr: Expr, factors: Mapping[int, float]) -> Expr:
    """Replace every conversion by its argument times (or over) a number; `factors` are by id of the call."""

    def visit(node: Expr, below: Sequence[Expr]) -> Expr:
        match node:
            case Call() if id(node) in factors:
                return _scaled(below[0], factors[id(node)], node)
            case Call():
                return replace(node, arguments=tuple(below))
            case Negate():
                return replace(node, operand=below[0])
            case Binary() | Compare():
                return replace(node, left=below[0], right=below[1])
            case Logic():
                return replace(node, operands=tuple(below))
            case _:
                return node

    return fold(expr, visit)


def _scaled(argument: Expr, factor: float, call: Call) -> Expr:
    if factor == 1.0:
        return argument
    inverse = round(1.0 / factor)
    if factor < 1 and inverse * factor == 1.0:
        return Binary("/", argument, Number(float(inverse), str(inverse), call.span), call.span)
    text = str(round(factor)) if factor.is_integer() else repr(factor)
    return Binary("*", argument, Number(factor, text, call.span), call.span)


def _is_duration(function: str) -> bool:
    return FUNCTIONS[function].unit_rule == "duration"


def _target(function: str) -> str:
    """Return the base that a conversion leads to: ``per_month`` to month, ``in_hours`` to hour."""
    return function.removeprefix("in_").removesuffix("s") if _is_duration(function) else function.removeprefix("per_")


def _compounded(text: str, period: str, target: str) -> str:
    """Write a rate per `period` as one per `target`: ``1 - (1 - churn)**12``."""
    ratio = PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[target]
    return f"1 - (1 - {text})**" + (f"{ratio:.6g}" if ratio >= 1 else f"(1/{1 / ratio:.6g})")
