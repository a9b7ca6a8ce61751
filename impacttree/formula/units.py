"""What unit a formula's value has, and what does not fit: money and time are hard, count nouns are labels.

Every refusal names both sides and the formula to write instead. What a rate per period becomes is the algebra of
`rates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal, NamedTuple

from impacttree.errors import FormulaError, Problem
from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Parameter, fold, walk
from impacttree.formula.conversions import (
    Conversion,
    brought_to,
    conversion_of,
    converted,
    convertible,
    in_period,
    period_of,
    refusal,
    without_ratio,
    written_out,
)
from impacttree.formula.functions import FUNCTIONS
from impacttree.formula.printer import brief
from impacttree.formula.rates import (
    Memory,
    power_of_memory,
    product_of_memories,
    rate_of,
    rate_period,
    same_length,
)
from impacttree.quantity import NUMBER, PERCENT, PERIODS_PER_YEAR, Period, Unit
from impacttree.records import dataclass

__all__ = ["About", "Inferred", "infer_unit"]

MAX_PROBLEMS = 20
"""Problems and notes listed for one formula; more would not be read."""
MAX_EXPONENT = 20
"""Largest exponent of a unit's base."""

_DONE = {"+": "added", "-": "subtracted", "*": "product", "/": "ratio"}


@dataclass(frozen=True, slots=True)
class Inferred:
    """The unit of a formula's value, and what the check noticed."""

    unit: Unit
    memory: Memory | None
    """What a pure number remembers of its periods."""
    bare: bool
    """True when the value is made of literals only (``if(x > 3, 100, 200)``): it takes the declared unit."""
    loose: bool
    """True when the tree's ``/period`` was taken to equal none, so that the unit may have it or not."""
    notes: tuple[str, ...]
    """What was done silently otherwise: a dropped ratio of nouns."""
    warnings: tuple[str, ...]
    """What is likely a mistake: different nouns added."""
    expr: Expr
    """The formula with its conversion functions written out; the same object when it has none."""


class About(NamedTuple):
    """What is known of a metric beyond its unit."""

    memory: Memory | None = None
    is_stock: bool = False
    """Whether it has a start: what is read of it one period ago is an amount that a flow adds to."""
    formula: Expr | None = None
    stays: str = ""
    """As stated, where it is a rate of 50% or more: rather what stays than what goes."""


def _nothing_known(_: str) -> About:
    return About()


class _Term(NamedTuple):
    """What is known about a part of a formula; `unit` is None for bare literals and for what was already refused."""

    unit: Unit | None
    number: float | None = None
    """Value of a part that is made of literals."""
    memory: Memory | None = None
    parts: list[_Part] | None = None
    """What is added so far, where the sum goes on."""
    has_one: bool = False
    """Whether it is a literal 1, or a sum of literals that holds one."""
    is_step: bool = False
    """Whether a level was multiplied by the factor of one period, and so goes on by that period."""
    is_constant: bool = False
    """Whether it is a function of literals, as log(2)."""


class _Part(NamedTuple):
    """What is added or subtracted in a sum, and the node at which it joins."""

    sign: int
    node: Expr
    term: _Term
    joint: Expr


_BARE = _Term(None)
_PURE = _Term(NUMBER)


def infer_unit(
    expr: Expr,
    unit_of: Callable[[str], Unit],
    *,
    period: Period,
    own: str | None = None,
    declared: Unit | None = None,
    about: Callable[[str], About] = _nothing_known,
) -> Inferred:
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
        The metric whose formula this is. Where it reads its own ``prev`` or ``lag``, or that of a stock, ``/period``
        equals none; reading its own, the result has the unit of its start.
    declared
        The unit that the metric is declared in; decides whether a rate and a share may be added.
    about
        What else is known of each metric.

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
    >>> infer_unit(parse("1 - churn"), units.__getitem__, period="month").memory
    Memory(period='month', role='factor')
    """
    checker = _Checker(expr, unit_of, about, period, own, declared)
    term = fold(expr, checker.visit)
    unit, memory = term.unit, term.memory
    if own is not None and checker.accumulates:
        unit, memory = checker.of_own(expr, own, unit), None
    elif unit is not None:
        unit = checker.without_noun_ratio(expr, unit)
        if checker.steps and unit is not None and declared is not None and _is_movement(unit, declared, period):
            unit = declared
    if checker.problems:
        raise FormulaError(*checker.problems)
    shown = written_out(expr, checker.conversions) if checker.conversions else expr
    return Inferred(
        unit or NUMBER,
        memory,
        unit is None,
        checker.is_loosened,
        tuple(checker.notes),
        tuple(checker.warnings),
        shown,
    )


@dataclass(slots=True)
class _Scan:
    """What a formula reads of the past, and which sums go on in a larger one."""

    reads_own: bool = False
    reads_stock: bool = False
    steps: set[str] = field(default_factory=set)
    """Periods that it goes forward by: the tree's own, and those of lags that are one (``lag(x, 12)``)."""
    inner: set[int] = field(default_factory=set)
    """Sums (by id) that are a part of a sum."""


def _scan(expr: Expr, own: str | None, period: str, about: Callable[[str], About]) -> _Scan:
    found = _Scan()
    for node in walk(expr):
        if isinstance(node, Binary) and node.op in "+-":
            found.inner |= {id(part) for side in (node.left, node.right) for part in _under_minus(side)}
        elif isinstance(node, Call) and node.function in ("prev", "lag"):
            read = node.arguments[0]
            assert isinstance(read, Name)
            found.reads_own = found.reads_own or read.name == own
            found.reads_stock = found.reads_stock or about(read.name).is_stock
            back = node.arguments[1] if len(node.arguments) > 1 else None
            found.steps |= {period, same_length(period, back.value) or period if isinstance(back, Number) else period}
    return found


def _under_minus(node: Expr) -> Iterator[Expr]:
    """Return a node, and what is below the minus signs that it begins with."""
    yield node
    while isinstance(node, Negate):
        node = node.operand
        yield node


class _Checker:
    """One pass over one formula, operands first; collects problems rather than stopping at the first."""

    def __init__(
        self,
        expr: Expr,
        unit_of: Callable[[str], Unit],
        about: Callable[[str], About],
        period: Period,
        own: str | None,
        declared: Unit | None,
    ) -> None:
        self.unit_of, self.about = unit_of, about
        self.period: Period = period
        self.own = own
        scan = _scan(expr, own, period, about)
        self.root, self.inner, self.steps = expr, scan.inner, scan.steps
        self.accumulates = scan.reads_own
        self.is_loose = own is not None and (scan.reads_own or scan.reads_stock)
        """Whether ``/period`` equals none."""
        self.is_loosened = False
        self.is_declared = declared is not None or scan.reads_own
        self.is_declared_share = declared is not None and _is_share_of(declared, period)
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.said: set[tuple[object, ...]] = set()
        self.conversions: dict[int, Conversion] = {}
        """What each conversion stands for, by id of its call."""

    def visit(self, node: Expr, below: Sequence[_Term]) -> _Term:
        if not (isinstance(node, Negate) or (isinstance(node, Binary) and node.op in "+-")):
            below = [term if term.parts is None else self._sum(term.parts) for term in below]
        match node:
            case Name():
                return _Term(self.unit_of(node.name), memory=self.about(node.name).memory)
            case Number():
                return _Term(None, node.value, has_one=node.value == 1)
            case Parameter():
                return _BARE
            case Negate():
                return self._negate(node, below[0])
            case Compare():
                self._meet((node.left, node.right), below, node, "compared")
                return _BARE
            case Logic():
                return _BARE
            case Binary(op="+" | "-"):
                parts = self._parts(1, node.left, below[0], node)
                parts += self._parts(-1 if node.op == "-" else 1, node.right, below[1], node)
                return _Term(None, parts=parts) if id(node) in self.inner else self._sum(parts)
            case Binary(op="**"):
                return self._power(node, node.left, below[0], below[1])
            case Binary():
                return self._product(node, below[0], below[1])
            case Call():
                return self._call(node, below)

    # ---- sums

    def _negate(self, node: Negate, term: _Term) -> _Term:
        if term.parts is not None:
            return term._replace(parts=[part._replace(sign=-part.sign) for part in term.parts])
        number = None if term.number is None else -term.number
        if id(node) in self.inner:
            return _Term(None, parts=[_Part(-1, node.operand, term, node)])
        return term._replace(number=number)

    @staticmethod
    def _parts(sign: int, node: Expr, term: _Term, joint: Expr) -> list[_Part]:
        if term.parts is None:
            return [_Part(sign, node, term, joint)]
        return term.parts if sign > 0 else [part._replace(sign=-part.sign) for part in term.parts]

    def _sum(self, parts: Sequence[_Part]) -> _Term:
        named = [part for part in parts if part.term.unit is not None]
        if not named:
            numbers = [part.sign * part.term.number for part in parts if part.term.number is not None]
            total = sum(numbers) if len(numbers) == len(parts) else None
            return _Term(None, total, has_one=total == 1 or any(part.term.has_one for part in parts))
        if all(part.term.unit is not None and _is_share(part.term.unit) for part in named):
            found = self._sum_of_shares(parts, named)
            if found is not None:
                return found
        first = named[0].term
        if any(part.term.is_step for part in named):
            return self._step(named)
        if all(part.term.unit == first.unit for part in named):
            return _Term(first.unit)
        unit = self._meet(
            [part.node for part in named], [part.term for part in named], [part.joint for part in named], ""
        )
        return _Term(unit)

    def _step(self, named: Sequence[_Part]) -> _Term:
        """Return the sum of levels that go on by one period, to which the period's flows are amounts."""
        nodes, terms, joints = ([part[index] for part in named] for index in (1, 2, 3))
        before, self.is_loose = self.is_loose, True
        unit = self._meet(nodes, terms, joints, "")  # type: ignore[arg-type]  # columns of the same rows
        self.is_loose = before
        return _Term(unit, is_step=True)

    def _sum_of_shares(self, parts: Sequence[_Part], named: Sequence[_Part]) -> _Term | None:
        """Return the sum of pure numbers of which some go by the period; None where none do.

        A factor counts as 1, a rate and a share as something small: what they count together tells what the sum is.
        """
        rates = {period for part in named if (period := _rate_of(part.term))}
        factors = {part.term.memory.period for part in named if part.term.memory and part.term.memory.role == "factor"}
        powers = {part.term.memory.period for part in named if part.term.memory}
        periods = rates | factors or powers
        if not periods or (not (rates | factors) and len(periods) > 1):
            return None
        if len(periods) > 1:
            return self._refuse_two_periods(named)
        period = next(iter(periods))
        ones = sum(part.sign for part in parts if part.term.unit is None and part.term.has_one)
        count = ones + sum(part.sign for part in named if _is_factor_of(part.term, period))
        is_shown = any(part.term.unit is not None and part.term.unit.is_share for part in named)
        role: Literal["factor", "power"] = "factor" if rates or period in factors else "power"
        if rates and abs(count) == 1 and not factors:
            if not is_shown and parts[0].term.unit is not None and all(_rate_of(part.term) for part in named):
                self._note_one_more(parts, period)
                return _Term(named[0].term.unit)
            self._note_stays(parts, period)
            if not is_shown:
                self._note_plain(parts, period)
        if count:
            memory = Memory(period, role) if abs(count) == 1 else None
            return _Term(PERCENT if is_shown else NUMBER, memory=memory)
        return self._small_sum(named, period, role)

    def _small_sum(self, named: Sequence[_Part], period: str, role: str) -> _Term:
        """Return a sum of rates, or of factors less as many: a rate, or the share that is left of a power."""
        rated = [part for part in named if _rate_of(part.term)]
        plain = [part for part in named if not _rate_of(part.term) and not _is_of(part.term, period)]
        has_factor = any(_is_factor_of(part.term, period) for part in named)
        if rated and plain and not has_factor:
            is_spine = named[-1].joint is self.root and self.is_declared_share
            if not is_spine and not (self.is_loose and period == self.period):
                terms = [part.term for part in named]
                return _Term(self._meet([part.node for part in named], terms, [part.joint for part in named], ""))
            if is_spine and self._is_new("share and rate", period):
                self.notes.append(f"{_is_in(rated[0].node, rate_of(period))}: added to a share as one of a {period}")
            self.is_loosened = self.is_loosened or not is_spine
        if role == "power":
            return _Term(PERCENT, memory=Memory(period, "share"))
        is_percent = has_factor or any(part.term.unit is not None and part.term.unit.is_share for part in named)
        return _Term(rate_of(period) if is_percent else Unit("", ((period, -1),)))

    def _refuse_two_periods(self, named: Sequence[_Part]) -> _Term:
        """Refuse ``1 - churn + inflation`` of a monthly churn and a yearly inflation."""
        timed = [(part, period) for part in named if (period := _period_in(part.term))]
        first, other = timed[0], next(item for item in timed if item[1] != timed[0][1])
        target = self.period if self.period in (first[1], other[1]) else first[1]
        wrong, period = other if first[1] == target else first
        what = [_goes_by(part, period) for part, period in (first, other)]
        unit, text = wrong.term.unit, brief(wrong.node)
        if wrong.term.memory is not None:
            fix = f"write {_as_power(wrong.node, period, target)} in place of `{text}`"
        else:
            assert unit is not None
            fix = self._in_period(wrong.node, Unit("%", unit.factors), target)
        self._problem(other[0].joint, f"{what[0]} and {what[1]}: they cannot be added", fix)
        return _BARE

    def _note_one_more(self, parts: Sequence[_Part], period: str) -> None:
        text = brief(parts[0].node)
        if self._is_new("one more", text):
            note = f"the 1 after `{text}` is read as one more per {period}"
            self.notes.append(f"{note}; if `{text}` is a rate, write it in %, e.g. 5%/{period}")

    def _note_plain(self, parts: Sequence[_Part], period: str) -> None:
        text = next(brief(part.node) for part in parts if _rate_of(part.term))
        if self._is_new("plain", text):
            note = f"`{text}` beside 1 is read as a rate of one {period}, as 5%/{period} is"
            self.notes.append(f"{note}; for one more or less per {period} write `{text} + 1` with `{text}` first")

    def _note_stays(self, parts: Sequence[_Part], period: str) -> None:
        """Say that a high rate beside 1 may be what stays, where no declared unit tells."""
        for part in parts:
            stated = self._stays(part.node)
            if stated and part.sign < 0 and not self.is_declared and self._is_new("stays", brief(part.node)):
                self._note_both_readings(brief(part.node), stated, f"1 - {brief(part.node)}", period)

    def _note_both_readings(self, text: str, stated: str, what: str, period: str) -> None:
        note = f"`{text}` is stated as {stated}: `{what}` takes it for what goes in a {period}, not for what stays"
        self.notes.append(f"{note}; write `churn: 3%/{period}` and `retention: 1 - churn`, or declare the unit")

    def _stays(self, node: Expr) -> str:
        if isinstance(node, Call) and node.function in ("prev", "lag", "baseline"):
            node = node.arguments[0]
        return self.about(node.name).stays if isinstance(node, Name) else ""

    # ---- products

    def _product(self, node: Binary, left: _Term, right: _Term) -> _Term:
        if left.unit is None and right.unit is None:
            number = _arithmetic(node.op, left.number, right.number)
            return _Term(None, number, has_one=number == 1)
        unit = _product(left.unit or NUMBER, node.op, right.unit or NUMBER)
        if _mixes_time(unit):
            self._refuse_mixed_time(node, left.unit or NUMBER, right.unit or NUMBER, unit)
            return _BARE
        self._check_step(node, left, right)
        if unit.is_pure:
            return _Term(unit, memory=self._product_memory(node, left, right))
        self._note_high_rate(node, left, right)
        if not unit.display and rate_period(unit) and _is_rate(node.op, left, right):
            unit = Unit("%", unit.factors)
        is_step = left.is_step or right.is_step or any(self._is_own_factor(term) for term in (left, right))
        return _Term(unit, is_step=is_step)

    def _is_own_factor(self, term: _Term) -> bool:
        return term.memory is not None and term.memory == (self.period, "factor")

    def _check_step(self, node: Binary, left: _Term, right: _Term) -> None:
        """Refuse to go on by another period than the tree's, in a formula that reads the past."""
        for factor, other, side in ((left, right, node.left), (right, left, node.right)):
            memory = factor.memory
            is_level = other.unit is not None and other.memory is None
            if memory is None or not self.steps or memory.period in self.steps or not is_level:
                continue
            reason = f"`{brief(side)}` goes by the {memory.period}, but the formula steps by the {self.period}"
            self._problem(node, reason, self._step_fix(side, memory.period))

    def _step_fix(self, side: Expr, period: str) -> str:
        """Say how to go by the tree's period: ``(1 + growth)**(1/12)``; a nominal rate, where 12 divides it already."""
        pending = [side]
        while pending:
            node = pending.pop()
            if isinstance(node, Binary) and node.op in "+-":
                pending += [node.right, node.left]
            elif not isinstance(node, Number):
                fix = self._in_period(node, rate_of(period), self.period)
                if "converts already" in fix:
                    return fix
        return f"write {_as_power(side, period, self.period)} in its place"

    def _product_memory(self, node: Binary, left: _Term, right: _Term) -> Memory | None:
        periods = [term.memory.period for term in (left, right) if term.memory and term.memory.is_factor]
        if len(set(periods)) > 1 and self._is_new("periods", *periods):
            self.warnings.append(
                f"`{brief(node.left)}` goes by the {periods[0]} and `{brief(node.right)}` by the {periods[1]}: "
                f"their {_DONE[node.op]} goes by neither"
            )
        return product_of_memories(left.memory, right.memory)

    def _note_high_rate(self, node: Binary, left: _Term, right: _Term) -> None:
        """Say that a high rate that multiplies a level may be what stays, where no declared unit tells."""
        if self.is_declared or node.op != "*":
            return
        for term, side, level in ((left, node.left, right), (right, node.right, left)):
            stated = self._stays(side)
            is_level = level.unit is not None and not level.unit.calendar and not level.unit.is_pure
            period = _rate_of(term)
            if stated and is_level and period and self._is_new("stays", brief(side)):
                self._note_both_readings(brief(side), stated, brief(node), period)

    def _call(self, node: Call, below: Sequence[_Term]) -> _Term:
        match FUNCTIONS[node.function].unit_rule:
            case "keep":
                return _Term(below[0].unit, memory=below[0].memory)
            case "same":
                return self._one_of(node.arguments, below, node, f"arguments of one {node.function}")
            case "condition":
                return self._one_of(node.arguments[1:], below[1:], node, "branches of one if")
            case "pure":
                return self._function(node, node.arguments[0], below[0])
            case "root":
                return self._power(node, node.arguments[0], below[0], _Term(None, 0.5))
            case "saturate" | "logistic":
                return _Term(self._curve(node, below))
            case "interpolate" | "clock":
                return _BARE
            case "cumulative":
                return _Term(self._cumulative(node, below[0].unit))
            case "flow" | "rate" | "duration":
                return _Term(self._conversion(node, below[0]))

    def _one_of(self, nodes: Sequence[Expr], terms: Sequence[_Term], whole: Expr, done: str) -> _Term:
        """Return what one of several values is: a factor if each is a factor of one period or a pure number."""
        unit = self._meet(nodes, terms, whole, done)
        memories = {term.memory for term in terms if term.memory is not None}
        return _Term(unit, memory=memories.pop() if unit is not None and len(memories) == 1 else None)

    def _function(self, node: Call, argument: Expr, term: _Term) -> _Term:
        """Return what ``exp`` or a logarithm gives: of a rate its factor, of a factor its rate."""
        period = _rate_of(term)
        if node.function == "exp" and period:
            return _Term(NUMBER, memory=Memory(period, "factor"))
        if node.function != "exp" and term.memory is not None and term.memory.is_factor:
            return _Term(rate_of(term.memory.period))
        self._want_pure(node, argument, term)
        return _PURE._replace(is_constant=term.number is not None)

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

    def _meet(
        self, nodes: Sequence[Expr], terms: Sequence[_Term], wholes: Expr | Sequence[Expr], done: str
    ) -> Unit | None:
        """Return the one unit of operands that must agree; literals take the unit of the others.

        Parameters
        ----------
        wholes
            The node to mark: one for all, or for each operand of a sum the node at which it joins.
        done
            What is done with them; of a sum, its nodes tell.
        """
        result: Unit | None = None
        first = nodes[0]
        for index, (node, term) in enumerate(zip(nodes, terms, strict=True)):
            if term.unit is None or term.unit == result:
                continue
            if result is None:
                result, first = term.unit, node
                continue
            together, verdict = _together(result, term.unit)
            whole = wholes[index] if isinstance(wholes, Sequence) else wholes
            doing = done or _DONE[whole.op if isinstance(whole, Binary) else "-"]
            if verdict == "hard" and self.is_loose and _equal_but_for(result, term.unit, self.period):
                self.is_loosened = True
                result = _level_or_flow(result, term.unit, self.period, wants_flow=bool(done))
                continue
            if verdict == "hard":
                reason = f"{_is_in(first, result)} and {_is_in(node, term.unit)}: they cannot be {doing}"
                self._problem(whole, reason, self._mismatch_fix(first, result, node, term.unit))
                return None
            if verdict == "nouns" and self._is_new(doing, result, term.unit):
                self.warnings.append(
                    f"{_is_in(first, result)} and {_is_in(node, term.unit)}: different things are {doing}"
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
            period = periods[0] or periods[1] or ""
            unit = left_unit if periods[0] else right_unit
            if self.is_loose and period != self.period:
                return self._in_period(flow, unit, self.period)
            if _is_share(unit):
                return (
                    f"one is per {period}, the other is not: write `{brief(other)}` with its period, e.g. 3%/{period}, "
                    "or declare the unit of the sum"
                )
            stock = self.own or "stock"
            return (
                f"one is per {period}, the other is not: a level that a flow adds to is a stock, with the level as its "
                f"`start` and the formula prev({stock}) + {brief(flow)}; cumulative({brief(flow)}) adds the flow alone "
                f"up over time; or give `{brief(other)}` a unit per {period}"
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
        if left_period and right_period:
            for node, unit, other in ((left, left_unit, right_period), (right, right_unit, left_period)):
                fix = self._in_period(node, unit, other)
                if "converts already" in fix:
                    return fix
        if left_period and left_period != target:
            return self._in_period(left, left_unit, target)
        return self._in_period(right, right_unit, target)

    def _in_period(self, node: Expr, unit: Unit, target: str) -> str:
        """Say how to bring a part to a period, without the number that converts it already (``mrr * 12``)."""
        formula = self.about(node.name).formula if isinstance(node, Name) else None
        period = period_of(unit)
        ratio = PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[target] if period else 0.0
        if isinstance(node, Name) and formula is not None and ratio and without_ratio(formula, ratio) is not None:
            return f"in `{node.name}` {brought_to(formula, unit, target)}"
        rate = "" if period is None or unit.is_share else self._rate_in(node, period)
        if period is not None and rate:
            return f"`{rate}` goes by the {period}: {in_period(rate, rate_of(period), target)}"
        return brought_to(node, unit, target)

    def _rate_in(self, node: Expr, period: str) -> str:
        """Return the rate that makes a product flow by that period: what compounds is not converted as a flow."""
        while isinstance(node, Binary) and node.op == "*":
            for side in (node.right, node.left):
                unit = self.unit_of(side.name) if isinstance(side, Name) else None
                if isinstance(side, Name) and unit is not None and unit.is_share and rate_period(unit) == period:
                    return side.name
            node = node.left
        return ""

    def _refuse_mixed_time(self, node: Binary, left: Unit, right: Unit, unit: Unit) -> None:
        bases = [base for base, _ in (unit.calendar if len(unit.calendar) > 1 else unit.clock)]
        noun = _DONE[node.op]
        reason = f"{_is_in(node.left, left)} and {_is_in(node.right, right)}: their {noun} mixes {' and '.join(bases)}"
        if len(unit.calendar) > 1:
            fix = self._period_fix(node.left, left, node.right, right)
            yearly = next((side for side, of in ((node.left, left), (node.right, right)) if of.per("year")), None)
            if node.op == "/" and left.money and left.money == right.money and yearly is not None:
                fix += f"; if `{brief(yearly)}` is a yearly figure of one {self.period}, as new ARR is, leave /year out"
        else:
            fix = _clock_fix(node.left, left, node.right, right)
        self._problem(node, reason, fix)

    def _power(self, whole: Expr, node: Expr, base: _Term, exponent: _Term) -> _Term:
        """Return what a power is; units take whole-number exponents, and halves where they come out whole."""
        if exponent.unit is not None and exponent.unit.hard().factors and isinstance(whole, Binary):
            return self._power_of_time(whole, base, exponent.unit)
        if base.unit is None:
            return _Term(None if exponent.unit is None else NUMBER)
        number = exponent.number
        if base.unit.is_pure:
            memory = power_of_memory(base.memory, number, self.period)
            return _Term(PERCENT if base.unit.display == "%" else NUMBER, memory=memory)
        period = _rate_of(base)
        if period and base.unit.display == "%":
            if number == 1:
                return base
            if self._is_new("compound", period):
                self.notes.append(f"`{brief(node)}` is a rate per {period}; its power is read as a share")
            return _Term(PERCENT, memory=power_of_memory(Memory(period, "factor"), number, self.period))
        return _Term(self._power_of_unit(whole, node, base.unit, number))

    def _power_of_unit(self, whole: Expr, node: Expr, unit: Unit, number: float | None) -> Unit | None:
        factors: list[tuple[str, int]] = []
        for name, power in unit.factors:
            scaled = None if number is None else power * number
            if scaled is not None and scaled.is_integer() and abs(scaled) <= MAX_EXPONENT:
                factors.append((name, int(scaled)))
            elif (name, power) in unit.nouns:
                if self._is_new("power", unit):
                    self.notes.append(f"{_is_in(node, unit)}: a power of it is read as a pure number")
            else:
                reason = f"{_is_in(node, unit)}: a unit has no such power"
                fix = "divide by a metric in the same unit first, or raise to a small whole number"
                self._problem(whole, reason, fix)
                return None
        return Unit("", tuple((name, power) for name, power in factors if power))

    def _power_of_time(self, whole: Binary, base: _Term, time: Unit) -> _Term:
        """Return a factor over so much time (``retention**months``), or per time (``(end / begin)**(1 / years)``)."""
        calendar = time.calendar if time.calendar == time.factors and len(time.factors) == 1 else ()
        period, power = calendar[0] if calendar else ("", 0)
        is_pure = base.unit is None or base.unit.is_pure
        if is_pure and base.memory is None and power == -1:
            return _Term(PERCENT if base.unit == PERCENT else NUMBER, memory=Memory(period, "factor"))
        within = base.memory.period if base.memory and base.memory.is_factor else _rate_of(base)
        if within and power == 1:
            if within == period:
                return _Term(PERCENT)
            reason = f"`{brief(whole.left)}` goes by the {within}, but {_is_in(whole.right, time)}"
            fix = f"write {_as_power(whole.left, within, period)} in place of `{brief(whole.left)}`"
            self._problem(whole, reason, fix)
            return _BARE
        reason = f"an exponent is a pure number, but {_is_in(whole.right, time)}"
        fix = "divide it by a metric in the same unit"
        if is_pure and power == 1 and not isinstance(whole.left, Number):
            fix += f", or write what goes by the {period} with its period, e.g. 3%/{period}"
        self._problem(whole.right, reason, fix)
        return _BARE

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

    def _conversion(self, node: Call, term: _Term) -> Unit | None:
        function, argument, unit = node.function, node.arguments[0], term.unit
        if unit is None or not convertible(function, unit):
            if unit is not None or not self.problems:
                reason, fix = refusal(function, unit, f"`{brief(argument)}`", self.period)
                if term.memory is not None and term.memory.is_factor:
                    target = function.rpartition("per_")[2]
                    reason = f"{function} converts rates and flows, but `{brief(argument)}` is what stays or grows"
                    fix = f"write {_as_power(argument, term.memory.period, target)}"
                self._problem(node, reason, fix)
            return None
        if FUNCTIONS[function].unit_rule == "flow" and rate_period(unit) and self._is_new(function, unit):
            hint = "a rate that compounds is written in %, and converted by decay_per_... or growth_per_..."
            self.notes.append(f"`{brief(argument)}` is converted linearly; {hint}")
        self.conversions[id(node)] = conversion_of(function, unit)
        return converted(function, unit)

    def of_own(self, expr: Expr, own: str, unit: Unit | None) -> Unit:
        """Return the unit of a metric that reads its own past: that of its start, if the formula fits it."""
        start = self.unit_of(own)
        if unit is not None and not _equal_but_for(start, unit, self.period) and not self.problems:
            reason = f"the formula gives {_words(unit)}, but `{own}` starts in {_words(start)}"
            self._problem(expr, reason, "bring the parts that are added to the unit of 'start:'")
        return start

    def without_noun_ratio(self, expr: Expr, unit: Unit) -> Unit:
        """Drop nouns that stand above and below the line: ``orders / visits`` is a pure number.

        Something per other thing and period, as orders per user and month, keeps both.
        """
        powers = sorted(power for _, power in unit.nouns)
        if not powers or powers[0] > 0 or powers[-1] < 0:
            return unit
        if powers == [-1, 1] and rate_period(unit.hard()):
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
def _equal_but_for(left: Unit, right: Unit, period: str) -> bool:
    """Tell whether two units agree once every power of the period equals none."""
    sides = [tuple(factor for factor in unit.hard().factors if factor[0] != period) for unit in (left, right)]
    return sides[0] == sides[1]


def _is_movement(unit: Unit, declared: Unit, period: str) -> bool:
    """Tell whether money per period, each period, is declared as money per period: what MRR gains or loses in one."""
    each = Unit("", ((period, -1),))
    return unit.is_money and declared.calendar == each.factors and (declared * each).hard() == unit.hard()


def _level_or_flow(left: Unit, right: Unit, period: str, *, wants_flow: bool) -> Unit:
    """Return the one of two units that is per period more, or less: a flow limited by a level is a flow."""
    powers = [dict(unit.factors).get(period, 0) for unit in (left, right)]
    return left if (powers[0] < powers[1]) == wants_flow else right


def _is_share(unit: Unit) -> bool:
    """Tell whether it is a pure number, or one per calendar period."""
    return unit.is_pure or rate_period(unit) is not None


def _is_share_of(unit: Unit, period: str) -> bool:
    return unit.is_pure or rate_period(unit) == period


def _rate_of(term: _Term) -> str | None:
    return None if term.unit is None else rate_period(term.unit)


def _is_of(term: _Term, period: str) -> bool:
    return term.memory is not None and term.memory.period == period


def _is_factor_of(term: _Term, period: str) -> bool:
    return term.memory is not None and term.memory.period == period and term.memory.is_factor


def _period_in(term: _Term) -> str | None:
    """Return the period of a rate, or of a factor of one."""
    if term.memory is not None and term.memory.role == "factor":
        return term.memory.period
    return _rate_of(term)


def _is_rate(op: str, left: _Term, right: _Term) -> bool:
    """Tell whether a product per period is a rate: the same noun, money or work above and below, or 1 over a time."""
    above, below = dict((left.unit or NUMBER).factors), dict((right.unit or NUMBER).factors)
    if op == "/" and (left.number == 1 or left.is_constant) and list(below.values()) == [1]:
        return True
    sign = -1 if op == "*" else 1
    return any(below.get(base, 0) * sign == power for base, power in above.items() if base not in PERIODS_PER_YEAR)


def _goes_by(part: _Part, period: str) -> str:
    if part.term.memory is None and part.term.unit is not None:
        return _is_in(part.node, part.term.unit)
    return f"`{brief(part.node)}` goes by the {period}"


def _as_power(node: Expr, period: str, target: str) -> str:
    """Write a factor of one period as one of another: ``(1 + growth)**(1/12)``."""
    ratio = PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[target]
    text = brief(node) if isinstance(node, Name | Call) else f"({brief(node)})"
    return f"{text}**{ratio:.6g}" if ratio >= 1 else f"{text}**(1/{1 / ratio:.6g})"


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
