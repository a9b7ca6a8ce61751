"""What unit a formula's value has, and what does not fit: money and time are hard, count nouns are labels.

Every refusal names both sides and the formula to write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from impacttree.errors import FormulaError, Problem
from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Parameter, fold, walk
from impacttree.formula.conversions import (
    conversion_factor,
    converted,
    convertible,
    in_period,
    multiplied_out,
    period_of,
    refusal,
)
from impacttree.formula.functions import FUNCTIONS
from impacttree.formula.printer import brief
from impacttree.quantity import NUMBER, PERCENT, Period, Unit

__all__ = ["Inferred", "infer_unit"]

MAX_PROBLEMS = 20
"""Problems and notes listed for one formula; more would not be read."""
MAX_EXPONENT = 20
"""Largest exponent of a unit's base."""

_COMPOUNDING = {
    ("day", 7.0): "week", ("day", 365.0): "year", ("month", 3.0): "quarter", ("month", 12.0): "year",
    ("quarter", 4.0): "year", ("week", 1.0 / 7.0): "day", ("year", 1.0 / 365.0): "day", ("quarter", 1.0 / 3.0): "month",
    ("year", 1.0 / 12.0): "month", ("year", 0.25): "quarter",
}  # fmt: skip
"""Period of a rate and power that a survival share (1 - rate) is raised to -> period of the result."""
_DONE = {"+": "added", "-": "subtracted", "*": "product", "/": "ratio"}


@dataclass(frozen=True, slots=True)
class Inferred:
    """The unit of a formula's value, and what the check noticed."""

    unit: Unit
    bare: bool
    """True when the value is made of literals only (``if(x > 3, 100, 200)``): it takes the declared unit."""
    notes: tuple[str, ...]
    """What was done silently otherwise: a dropped ratio of nouns."""
    warnings: tuple[str, ...]
    """What is likely a mistake: different nouns added."""
    expr: Expr
    """The formula with its conversion functions multiplied out; the same object when it has none."""


class _Term(NamedTuple):
    """What is known about a part of a formula; `unit` is None for bare literals and for what was already refused."""

    unit: Unit | None
    number: float | None = None
    """Value of a part that is made of literals."""


_BARE = _Term(None)
_PURE = _Term(NUMBER)


def infer_unit(expr: Expr, unit_of: Callable[[str], Unit], *, period: Period, own: str | None = None) -> Inferred:
    """Find the unit of a formula's value.

    Parameters
    ----------
    expr
        The formula.
    unit_of
        Unit of each metric that it reads; for `own`, the unit of its start.
    period
        The tree's time step, whose denominator ``cumulative`` drops.
    own
        The metric whose formula this is. Where it reads its own ``prev`` or ``lag``, ``/period`` equals none, and the
        result has the unit of its start.

    Raises
    ------
    FormulaError
        With every problem found, each with its span (the formula's text is not known here: fill it in with `at`).

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> units = {"arpu": Unit.parse("$/customer/month"), "margin": Unit.parse("%"), "churn": Unit.parse("%/month")}
    >>> str(infer_unit(parse("arpu * margin / churn"), units.__getitem__, period="month").unit)
    'USD/customer'
    """
    accumulates = own is not None and _reads_own_past(expr, own)
    checker = _Checker(unit_of, period, converts=_as_written(expr, unit_of) if accumulates else None)
    unit = fold(expr, checker.visit).unit
    if own is not None and accumulates:
        unit = checker.of_own(expr, own, unit)
    elif unit is not None:
        unit = checker.without_noun_ratio(expr, unit)
    if checker.problems:
        raise FormulaError(*checker.problems)
    converted = multiplied_out(expr, checker.factors) if checker.factors else expr
    return Inferred(unit or NUMBER, unit is None, tuple(checker.notes), tuple(checker.warnings), converted)


def _reads_own_past(expr: Expr, own: str) -> bool:
    return any(
        type(node) is Call and node.function in ("prev", "lag") and _is_name(node.arguments[0], own)
        for node in walk(expr)
    )


def _is_name(node: Expr, name: str) -> bool:
    return type(node) is Name and node.name == name


def _as_written(expr: Expr, unit_of: Callable[[str], Unit]) -> dict[int, Unit | None]:
    """Return the unit of each conversion's argument (by id of the call) when ``/period`` counts; checks nothing."""
    found: dict[int, Unit | None] = {}

    def visit(node: Expr, below: Sequence[Unit | None]) -> Unit | None:
        match node:
            case Name():
                return unit_of(node.name)
            case Binary(op="*" | "/") if below[0] or below[1]:
                return _product(below[0] or NUMBER, node.op, below[1] or NUMBER)
            case Call() if FUNCTIONS[node.function].kind == "conversion":
                unit = found[id(node)] = below[0]
                return converted(node.function, unit) if unit and convertible(node.function, unit) else None
            case _:
                return next((unit for unit in below if unit is not None), None)

    fold(expr, visit)
    return found


class _Checker:
    """One pass over one formula, operands first; collects problems rather than stopping at the first."""

    def __init__(
        self, unit_of: Callable[[str], Unit], period: Period, *, converts: Mapping[int, Unit | None] | None
    ) -> None:
        self.unit_of = unit_of
        self.period: Period = period
        self.loose = converts is not None
        """Whether ``/period`` equals none."""
        self.converts = converts or {}
        """Units of the arguments of conversions (by id of the call) as written, where ``/period`` equals none."""
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.said: set[tuple[object, ...]] = set()
        self.factors: dict[int, float] = {}
        """Factor of each conversion, by id of its call."""

    def visit(self, node: Expr, below: Sequence[_Term]) -> _Term:
        match node:
            case Name():
                unit = self.unit_of(node.name)
                return _Term(_without_period(unit, self.period) if self.loose else unit)
            case Number():
                return _Term(None, node.value)
            case Parameter():
                return _BARE
            case Negate():
                number = below[0].number
                return _Term(below[0].unit, None if number is None else -number)
            case Compare():
                self._meet((node.left, node.right), below, node, "compared")
                return _BARE
            case Logic():
                return _BARE
            case Binary():
                return self._binary(node, below[0], below[1])
            case Call():
                return self._call(node, below)

    def _binary(self, node: Binary, left: _Term, right: _Term) -> _Term:
        if node.op == "**":
            return _Term(self._power(node, node.left, left, right))
        number = _arithmetic(node.op, left.number, right.number)
        if node.op in "+-":
            if left.unit == right.unit:
                return _Term(left.unit, number)
            return _Term(self._meet((node.left, node.right), (left, right), node, _DONE[node.op]), number)
        if left.unit is None and right.unit is None:
            return _Term(None, number)
        unit = _product(left.unit or NUMBER, node.op, right.unit or NUMBER)
        if _mixes_time(unit):
            self._refuse_mixed_time(node, left.unit or NUMBER, right.unit or NUMBER, unit)
            return _BARE
        return _Term(unit)

    def _call(self, node: Call, below: Sequence[_Term]) -> _Term:
        match FUNCTIONS[node.function].unit_rule:
            case "keep":
                return _Term(below[0].unit)
            case "same":
                return _Term(self._meet(node.arguments, below, node, f"arguments of one {node.function}"))
            case "condition":
                return _Term(self._meet(node.arguments[1:], below[1:], node, "branches of one if"))
            case "pure":
                self._want_pure(node, node.arguments[0], below[0])
                return _PURE
            case "root":
                return _Term(self._power(node, node.arguments[0], below[0], _Term(None, 0.5)))
            case "saturate" | "logistic":
                return _Term(self._curve(node, below))
            case "interpolate":
                return _BARE
            case "cumulative":
                return _Term(self._cumulative(node, below[0].unit))
            case "flow" | "duration":
                return _Term(self._conversion(node, below[0].unit))

    def _curve(self, node: Call, below: Sequence[_Term]) -> Unit | None:
        """Return the unit of a response curve: that of its ceiling."""
        arguments = node.arguments
        if node.function == "saturate":
            self._meet((arguments[0], arguments[2]), (below[0], below[2]), node, "compared")
            for argument, term in zip(arguments[3:], below[3:], strict=True):
                self._want_pure(node, argument, term)
            return below[1].unit
        for position in (0, 3, 4):
            self._want_pure(node, arguments[position], below[position])
        return self._meet(arguments[1:3], below[1:3], node, "floor and ceiling of one logistic")

    def _meet(self, nodes: Sequence[Expr], terms: Sequence[_Term], whole: Expr, done: str) -> Unit | None:
        """Return the one unit of operands that must agree; literals take the unit of the others."""
        result: Unit | None = None
        first = nodes[0]
        for node, term in zip(nodes, terms, strict=True):
            if term.unit is None or term.unit == result:
                continue
            if result is None:
                result, first = term.unit, node
                continue
            together, verdict = _together(result, term.unit)
            if verdict == "hard":
                reason = f"{_is_in(first, result)} and {_is_in(node, term.unit)}: they cannot be {done}"
                self._problem(whole, reason, self._mismatch_fix(first, result, node, term.unit))
                return None
            if verdict == "nouns" and self._is_new(done, result, term.unit):
                self.warnings.append(
                    f"{_is_in(first, result)} and {_is_in(node, term.unit)}: different things are {done}"
                )
            result = together
        return result

    def _mismatch_fix(self, left: Expr, left_unit: Unit, right: Expr, right_unit: Unit) -> str:
        if left_unit.money != right_unit.money:
            return _money_fix(left, left_unit, right, right_unit)
        if left_unit.clock != right_unit.clock:
            return _clock_fix(left, left_unit, right, right_unit)
        periods = period_of(left_unit), period_of(right_unit)
        if periods[0] and periods[1]:
            return self._period_fix(left, left_unit, right, right_unit)
        if periods[0] or periods[1]:
            flow, other = (left, right) if periods[0] else (right, left)
            if self.loose:
                return in_period(brief(flow), left_unit if periods[0] else right_unit, self.period)
            period = periods[0] or periods[1]
            return (
                f"one is per {period}, the other is not: cumulative({brief(flow)}) adds a flow up over time, "
                f"or give `{brief(other)}` a unit per {period}"
            )
        return "multiply or divide one of them by a metric that carries the missing unit"

    def _period_fix(self, left: Expr, left_unit: Unit, right: Expr, right_unit: Unit) -> str:
        """Say which side to bring to which period: to the tree's own where one side has it."""
        left_period, right_period = period_of(left_unit), period_of(right_unit)
        if left_period and right_period:
            target = self.period if self.period in (left_period, right_period) else left_period
        elif left_period or right_period:
            target = (right_unit if left_period else left_unit).calendar[0][0]
        else:
            return "multiply or divide one of them by a metric that says how many of one make the other"
        if left_period and left_period != target:
            return in_period(brief(left), left_unit, target)
        return in_period(brief(right), right_unit, target)

    def _refuse_mixed_time(self, node: Binary, left: Unit, right: Unit, unit: Unit) -> None:
        bases = [base for base, _ in (unit.calendar if len(unit.calendar) > 1 else unit.clock)]
        noun = _DONE[node.op]
        reason = f"{_is_in(node.left, left)} and {_is_in(node.right, right)}: their {noun} mixes {' and '.join(bases)}"
        if len(unit.calendar) > 1:
            fix = self._period_fix(node.left, left, node.right, right)
        else:
            fix = _clock_fix(node.left, left, node.right, right)
        self._problem(node, reason, fix)

    def _power(self, whole: Expr, node: Expr, base: _Term, exponent: _Term) -> Unit | None:
        """Return the unit of a power; units take whole-number exponents, and halves where they come out whole."""
        if exponent.unit is not None and exponent.unit.hard().factors and isinstance(whole, Binary):
            reason = f"an exponent is a pure number, but {_is_in(whole.right, exponent.unit)}"
            self._problem(whole.right, reason, "divide it by a metric in the same unit")
            return None
        if base.unit is None:
            return None if exponent.unit is None else NUMBER
        if base.unit.is_pure:
            return PERCENT if base.unit.display == "%" else NUMBER
        number = exponent.number
        rate_period = _rate_period(base.unit)
        if rate_period:
            return self._compound(node, rate_period, number)
        factors: list[tuple[str, int]] = []
        for name, power in base.unit.factors:
            scaled = None if number is None else power * number
            if scaled is not None and scaled.is_integer() and abs(scaled) <= MAX_EXPONENT:
                factors.append((name, int(scaled)))
            elif (name, power) in base.unit.nouns:
                if self._is_new("power", base.unit):
                    self.notes.append(f"{_is_in(node, base.unit)}: a power of it is read as a pure number")
            else:
                reason = f"{_is_in(node, base.unit)}: a unit has no such power"
                fix = "divide by a metric in the same unit first, or raise to a small whole number"
                self._problem(whole, reason, fix)
                return None
        return Unit("", tuple((name, power) for name, power in factors if power))

    def _compound(self, node: Expr, period: str, number: float | None) -> Unit:
        """Return the unit of a rate per period raised to a power, as in ``1 - (1 - churn)**12``."""
        for (start, power), target in _COMPOUNDING.items():
            if number is not None and start == period and abs(number - power) < 1e-9:
                return Unit("%", ((target, -1),))
        if number != 1:
            if self._is_new("compound", period):
                self.notes.append(f"`{brief(node)}` is a rate per {period}; its power is read as a share")
            return PERCENT
        return Unit("%", ((period, -1),))

    def _want_pure(self, call: Call, node: Expr, term: _Term) -> None:
        unit = term.unit
        if unit is None or unit.is_pure:
            return
        if unit.hard().factors:
            reason = f"{call.function} takes a pure number, but {_is_in(node, unit)}"
            inside = f"{brief(node)} / baseline({brief(node)})" if type(node) is Name else f"({brief(node)}) / scale"
            self._problem(node, reason, f"divide it by a value in the same unit: {inside}")
        elif self._is_new(call.function, unit):
            self.notes.append(f"{_is_in(node, unit)}: {call.function} reads it as a pure number")

    def _cumulative(self, node: Call, unit: Unit | None) -> Unit | None:
        if unit is None or not any(power < 0 and base != self.period for base, power in unit.calendar):
            return unit and _without_period(unit, self.period)
        argument = node.arguments[0]
        reason = f"cumulative adds up once a {self.period}, but {_is_in(argument, unit)}"
        fix = in_period(brief(argument), unit, self.period)
        self._problem(node, reason, f"{fix} in a metric of its own, and add that up")
        return None

    def _conversion(self, node: Call, unit: Unit | None) -> Unit | None:
        function, argument = node.function, node.arguments[0]
        unit = self.converts[id(node)] if self.loose else unit
        if unit is None or not convertible(function, unit):
            if unit is not None or not self.problems:
                self._problem(node, *refusal(function, unit, f"`{brief(argument)}`", self.period))
            return None
        if len(unit.factors) == 1 and unit.calendar and self._is_new(function, unit):
            hint = "a rate that compounds is written 1 - (1 - rate)**12"
            self.notes.append(f"`{brief(argument)}` is converted linearly; {hint}")
        self.factors[id(node)] = conversion_factor(function, unit, self.period)
        result = converted(function, unit)
        return _without_period(result, self.period) if self.loose else result

    def of_own(self, expr: Expr, own: str, unit: Unit | None) -> Unit:
        """Return the unit of a metric that reads its own past: that of its start, if the formula fits it."""
        start = self.unit_of(own)
        if unit is not None and _without_period(start, self.period).hard() != unit.hard() and not self.problems:
            reason = f"the formula gives {_words(unit)}, but `{own}` starts in {_words(start)}"
            self._problem(expr, reason, "bring the parts that are added to the unit of 'start:'")
        return start

    def without_noun_ratio(self, expr: Expr, unit: Unit) -> Unit:
        """Drop nouns that stand above and below the line: ``orders / visits`` is a pure number."""
        signs = {power > 0 for _, power in unit.nouns}
        if len(signs) < 2:
            return unit
        self.notes.append(f"`{brief(expr)}` is in {unit}: the ratio of counts is read as a pure number")
        return Unit(unit.display, unit.hard().factors)

    def _problem(self, node: Expr, reason: str, fix: str) -> None:
        self.problems.append(Problem(reason=reason, fix=fix, span=node.span))
        if len(self.problems) == MAX_PROBLEMS:
            raise FormulaError(*self.problems)

    def _is_new(self, *what: object) -> bool:
        """Tell whether this has not been noted yet; a formula is not filled with notes."""
        if what in self.said or len(self.said) == MAX_PROBLEMS:
            return False
        self.said.add(what)
        return True


@lru_cache(maxsize=4096)
def _product(left: Unit, op: str, right: Unit) -> Unit:
    return left * right if op == "*" else left / right


@lru_cache(maxsize=4096)
def _mixes_time(unit: Unit) -> bool:
    return len(unit.calendar) > 1 or len(unit.clock) > 1


@lru_cache(maxsize=4096)
def _without_period(unit: Unit, period: str) -> Unit:
    """Return the unit without its ``/period``."""
    if not any(base == period and power < 0 for base, power in unit.factors):
        return unit
    return Unit(unit.display, tuple(factor for factor in unit.factors if factor[0] != period))


@lru_cache(maxsize=4096)
def _together(left: Unit, right: Unit) -> tuple[Unit, Literal["", "nouns", "hard"]]:
    """Return the unit of two things side by side, and whether money and time, or only nouns, are in the way."""
    if left.hard() != right.hard():
        return left, "hard"
    if left.nouns != right.nouns:
        if _is_unnamed(left):
            return right, ""
        return left, "" if _is_unnamed(right) else "nouns"
    if not left.display or (left.display == "pp" and right.display == "%"):
        return right, ""
    return left, ""


def _is_unnamed(unit: Unit) -> bool:
    """Tell whether a unit says nothing about what it counts, so that any noun fits."""
    return not unit.nouns and not unit.display and not unit.is_money


def _rate_period(unit: Unit) -> str | None:
    """Return the period of a share per period (``%/month``)."""
    return period_of(unit) if unit.display == "%" and len(unit.factors) == 1 else None


def _arithmetic(op: str, left: float | None, right: float | None) -> float | None:
    """Return the value of a part made of literals, None when it has none."""
    if left is None or right is None:
        return None
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else None


def _money_fix(left: Expr, left_unit: Unit, right: Expr, right_unit: Unit) -> str:
    if left_unit.money and right_unit.money:
        rate = f"{left_unit.money}/{right_unit.money}"
        return f"currencies never mix: multiply `{brief(right)}` by an exchange rate metric in {rate}"
    node, unit = (right, left_unit) if left_unit.money else (left, right_unit)
    return f"give `{brief(node)}` the unit {unit}, or multiply it by a price"


def _clock_fix(left: Expr, left_unit: Unit, right: Expr, right_unit: Unit) -> str:
    bases = {base for unit in (left_unit, right_unit) for base, _ in unit.clock}
    if len(bases) < 2:
        return "multiply or divide one of them by a metric that carries the missing unit"
    target = "hour" if "hour" in bases else "minute"
    nodes = [
        brief(node) for node, unit in ((left, left_unit), (right, right_unit)) if dict(unit.clock).keys() != {target}
    ]
    return f"write in_{target}s({nodes[0]})"


def _words(unit: Unit) -> str:
    return str(unit) or "a pure number"


def _is_in(node: Expr, unit: Unit) -> str:
    return f"`{brief(node)}` is in {unit}" if str(unit) else f"`{brief(node)}` is a pure number"
