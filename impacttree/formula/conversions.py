"""Conversion functions (``per_month``, ``decay_per_month``, ``in_hours``): what they take, and what they stand for.

Flows and clock time convert linearly. Rates do not: what decays and what grows compound, each in its own way, and only
a nominal rate (a loan's yearly one) is divided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from impacttree.errors import FormulaError, Problem
from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Negate, Number, fold
from impacttree.formula.functions import FUNCTIONS
from impacttree.formula.printer import brief, unparse
from impacttree.formula.rates import NEARLY, rate_period
from impacttree.quantity import PERIODS_PER_YEAR, Unit

__all__ = [
    "Conversion",
    "brought_to",
    "conversion_factor",
    "conversion_of",
    "converted",
    "convertible",
    "in_period",
    "period_of",
    "refusal",
    "without_ratio",
    "written_out",
]

_MINUTES = {"hour": 60.0, "minute": 1.0, "second": 1.0 / 60.0}
_RATES = ("decay", "growth", "nominal")
_FOR = {"decay": "for what is lost (churn)", "growth": "for what grows (interest, inflation)", "nominal": "for a loan"}


class Conversion(NamedTuple):
    """What a conversion stands for: ``x * number``, or 1 less (or less 1) a power of ``1 - x`` (or ``1 + x``)."""

    kind: Literal["linear", "decay", "growth"]
    number: float


def conversion_factor(function: str, unit_of_argument: Unit, period: str) -> float:
    """Return what ``per_month``, ``in_hours`` and the like multiply their argument by.

    Parameters
    ----------
    function
        Name of a conversion function.
    unit_of_argument
        A flow per calendar period for ``per_...``, a rate for ``nominal_per_...``, a duration in clock time for
        ``in_...``.
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
    return conversion_of(function, unit_of_argument).number


def conversion_of(function: str, unit: Unit) -> Conversion:
    """Return what a conversion of a `convertible` unit stands for.

    Examples
    --------
    >>> conversion_of("decay_per_year", Unit.parse("%/month"))
    Conversion(kind='decay', number=12.0)
    """
    if _is_duration(function):
        return Conversion("linear", _MINUTES[unit.clock[0][0]] / (1.0 if function == "in_minutes" else 60.0))
    old, new = PERIODS_PER_YEAR[unit.calendar[0][0]], PERIODS_PER_YEAR[_target(function)]
    kind = _rate_kind(function)
    return Conversion("decay" if kind == "decay" else "growth" if kind == "growth" else "linear", old / new)


def convertible(function: str, unit: Unit) -> bool:
    """Tell whether a conversion takes that unit; rates shown in % are never converted as flows."""
    if _is_duration(function):
        return len(unit.clock) == 1 and unit.clock[0][1] == 1
    if _rate_kind(function):
        return rate_period(unit) is not None
    return period_of(unit) is not None and not unit.is_share


def refusal(function: str, unit: Unit | None, what: str, tree_period: str) -> tuple[str, str]:
    """Say why `what`, of a unit that is not `convertible`, cannot be converted, and what to do."""
    shown = "without a unit" if unit is None else f"in {unit}" if str(unit) else "a pure number"
    if _is_duration(function):
        return f"{function} converts hours, minutes and seconds, but {what} is {shown}", "drop the conversion"
    period = None if unit is None else period_of(unit)
    target = _target(function)
    if _rate_kind(function):
        fix = f"write per_{target}" if period else f"drop the conversion, or give it a unit such as %/{tree_period}"
        return f"{function} converts a rate such as 12%/year, but {what} is {shown}", fix
    if period is None:
        fix = f"drop the conversion, or give it a unit such as USD/{tree_period}"
        return f"{function} converts a flow per day, week, month, quarter or year, but {what} is {shown}", fix
    if period == target:
        return f"{what} is {shown} already", "drop the conversion"
    rate = what.strip("`") if what.startswith("`") else "rate"
    listed = [
        f"{kind}_per_{target}({rate}) {_FOR[kind]}, which is {_expanded(kind, rate, period, target)}" for kind in _RATES
    ]
    fix = f"write {listed[0]}; {listed[1]}; or {listed[2]}"
    return f"{what} is a rate ({unit}): rates do not convert linearly", fix


def converted(function: str, unit: Unit) -> Unit:
    """Return the unit of the result, for a `convertible` one."""
    duration = _is_duration(function)
    old = unit.clock[0] if duration else unit.calendar[0]
    new = _target(function)
    factors = ((new, power) if (base, power) == old else (base, power) for base, power in unit.factors)
    return Unit("%" if _rate_kind(function) else unit.display, tuple(sorted(factors)))


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
        listed = [f"{kind}_per_{target}({text}) {_FOR[kind]}" for kind in _RATES]
        return f"rates do not convert linearly: write {listed[0]}, {listed[1]} or {listed[2]}"
    return f"write per_{target}({text})"


def brought_to(node: Expr, unit: Unit, target: str) -> str:
    """Say how to bring a part of a formula to another period, without the number that converts it already.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> brought_to(parse("mrr * 12"), Unit.parse("USD/month"), "year")
    'the number in it converts already, but leaves the unit: write per_year(mrr) in place of mrr * 12'
    """
    period = period_of(unit)
    shorter = None if period is None else without_ratio(node, PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[target])
    if shorter is None:
        return in_period(brief(node), unit, target)
    function = f"nominal_per_{target}" if unit.is_share else f"per_{target}"
    fix = f"write {function}({unparse(shorter)}) in place of {brief(node)}"
    return f"the number in it converts already, but leaves the unit: {fix}"


def without_ratio(expr: Expr, ratio: float) -> Expr | None:
    """Return a product without the literal that converts by hand (``mrr * 12``), None where it has none.

    Parameters
    ----------
    expr
        A formula.
    ratio
        What the conversion multiplies by, nearly: 12 from months to years.

    Examples
    --------
    >>> from impacttree.formula import parse, unparse
    >>> unparse(without_ratio(parse("revenue / days * 365"), 365.0))
    'revenue / days'
    """
    above: list[Binary] = []
    node = expr
    while isinstance(node, Binary) and node.op in "*/":
        if _is_ratio(node.right, node.op, ratio):
            return _rebuilt(node.left, above)
        if node.op == "*" and _is_ratio(node.left, "*", ratio):
            return _rebuilt(node.right, above)
        above.append(node)
        node = node.left
    return None


def _is_ratio(node: Expr, op: str, ratio: float) -> bool:
    if not isinstance(node, Number) or node.value <= 0:
        return False
    return abs((node.value if op == "*" else 1 / node.value) / ratio - 1) < NEARLY


def _rebuilt(node: Expr, above: Sequence[Binary]) -> Expr:
    for parent in reversed(above):
        node = replace(parent, left=node)
    return node


def written_out(expr: Expr, conversions: Mapping[int, Conversion]) -> Expr:
    """Replace every conversion by the formula that it stands for; `conversions` are by id of the call.

    Examples
    --------
    >>> from impacttree.formula import parse, unparse
    >>> call = parse("decay_per_month(churn)")
    >>> unparse(written_out(call, {id(call): Conversion("decay", 1 / 12)}))
    '1 - (1 - churn)**(1 / 12)'
    """

    def visit(node: Expr, below: Sequence[Expr]) -> Expr:
        match node:
            case Call() if id(node) in conversions:
                return _written(below[0], conversions[id(node)], node)
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


def _written(argument: Expr, conversion: Conversion, call: Call) -> Expr:
    kind, number = conversion
    if number == 1.0:
        return argument
    if kind == "linear":
        return _scaled(argument, number, call)
    one, span = Number(1.0, "1", call.span), call.span
    exponent = _scaled(one, number, call) if number < 1 else _number(number, call)
    if kind == "decay":
        return Binary("-", one, Binary("**", Binary("-", one, argument, span), exponent, span), span)
    return Binary("-", Binary("**", Binary("+", one, argument, span), exponent, span), one, span)


def _scaled(argument: Expr, factor: float, call: Call) -> Expr:
    inverse = round(1.0 / factor)
    if factor < 1 and inverse * factor == 1.0:
        return Binary("/", argument, _number(float(inverse), call), call.span)
    return Binary("*", argument, _number(factor, call), call.span)


def _number(value: float, call: Call) -> Number:
    return Number(value, str(round(value)) if value.is_integer() else repr(value), call.span)


def _is_duration(function: str) -> bool:
    return FUNCTIONS[function].unit_rule == "duration"


def _rate_kind(function: str) -> str:
    """Return ``decay``, ``growth`` or ``nominal``; nothing for the conversion of a flow."""
    kind = function.partition("_per_")[0]
    return kind if kind in _RATES else ""


def _target(function: str) -> str:
    """Return the base that a conversion leads to: ``per_month`` to month, ``in_hours`` to hour."""
    return function.removeprefix("in_").removesuffix("s") if _is_duration(function) else function.rpartition("per_")[2]


def _expanded(kind: str, rate: str, period: str, target: str) -> str:
    """Write what a conversion of a rate stands for: ``1 - (1 - churn)**(1/12)``."""
    ratio = PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[target]
    number = f"{ratio:.6g}" if ratio >= 1 else f"(1/{1 / ratio:.6g})"
    if kind == "decay":
        return f"1 - (1 - {rate})**{number}"
    if kind == "growth":
        return f"(1 + {rate})**{number} - 1"
    return f"{rate}*{ratio:.6g}" if ratio >= 1 else f"{rate}/{1 / ratio:.6g}"
