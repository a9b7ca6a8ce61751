"""The algebra of rates: what a share per period becomes in sums, products and powers.

A *rate* is a pure number per calendar period (``5%/month``). A *factor* of one period is what a level is multiplied by
to go on by that period (``1 - churn``, ``1 + growth``): pure, but it remembers its period. In a sum a factor counts as
the literal 1 does, a rate or a share as something small: ``1 - churn + growth`` is a factor, and where ``retention`` is
a factor ``1 - retention`` is a rate. What is decided here is a unit, never a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from impacttree.formula.ast import Binary, Call, Expr, Name, Negate, Number, fold
from impacttree.quantity import PERIODS_PER_YEAR, Unit

__all__ = ["Memory", "beside_one", "power_of_memory", "product_of_memories", "rate_of", "rate_period", "same_length"]

NEARLY = 0.02
"""How far a number of periods may be from a longer one: 52 weeks and 360 days are said to be a year."""


class Memory(NamedTuple):
    """What a pure number remembers of how it was made.

    Examples
    --------
    >>> retention = Memory("month", "factor")
    >>> power_of_memory(retention, 12, "month")
    Memory(period='year', role='power')
    """

    period: str
    role: Literal["factor", "power", "share"]
    """``factor`` of one period; ``power`` of a factor which is one of a longer period; ``share`` that such a power
    leaves of 1, which may be declared per that period."""

    @property
    def is_factor(self) -> bool:
        return self.role != "share"


def rate_period(unit: Unit) -> str | None:
    """Return the period of a rate: a pure number per calendar period, nothing else left.

    Examples
    --------
    >>> rate_period(Unit.parse("%/month")), rate_period(Unit.parse("1/year")), rate_period(Unit.parse("USD/month"))
    ('month', 'year', None)
    """
    if len(unit.factors) != 1:
        return None
    base, power = unit.factors[0]
    return base if power == -1 and base in PERIODS_PER_YEAR else None


def rate_of(period: str) -> Unit:
    """Return the unit of a rate per that period."""
    return Unit("%", ((period, -1),))


def same_length(period: str, count: float) -> str | None:
    """Return the calendar period that so many others are, None when there is none.

    Examples
    --------
    >>> same_length("month", 12), same_length("week", 52), same_length("year", 1 / 4), same_length("month", 5)
    ('year', 'year', 'quarter', None)
    """
    years = count / PERIODS_PER_YEAR[period]
    return next((name for name, number in PERIODS_PER_YEAR.items() if abs(years * number - 1) < NEARLY), None)


def power_of_memory(memory: Memory | None, number: float | None, own: str) -> Memory | None:
    """Return what a power remembers; `own` is the tree's period.

    A power that leads to a shorter period, or to the tree's own, converts a rate: what it is less 1 is a rate again.
    """
    if memory is None or not memory.is_factor or not number:
        return None
    if number == 1:
        return memory
    period = same_length(memory.period, abs(number))
    if period is None:
        return None
    return Memory(period, "factor" if period == own or abs(number) < 1 else "power")


def product_of_memories(left: Memory | None, right: Memory | None) -> Memory | None:
    """Return what the product or ratio of two pure numbers remembers: factors of one period stay one."""
    if left is None or right is None:
        kept = left or right
        return kept if kept is not None and kept.is_factor else None
    if left.period != right.period or not (left.is_factor and right.is_factor):
        return None
    return left if left.role == "power" else right


def beside_one(expr: Expr) -> tuple[str, ...]:
    """Return the metrics that a formula subtracts from 1, in any period.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> beside_one(parse("arpu * margin / (1 + interest - prev(retention))"))
    ('retention',)
    """
    found: dict[str, None] = {}

    def close(parts: Sequence[tuple[int, Expr]]) -> None:
        ones = {sign for sign, node in parts if isinstance(node, Number) and node.value == 1}
        for sign, node in parts:
            is_past = isinstance(node, Call) and node.function in ("prev", "lag", "baseline")
            read = node.arguments[0] if is_past and isinstance(node, Call) else node
            if isinstance(read, Name) and -sign in ones:
                found.setdefault(read.name)

    def visit(node: Expr, below: Sequence[list[tuple[int, Expr]]]) -> list[tuple[int, Expr]]:
        match node:
            case Binary(op="+" | "-"):
                left, right = below
                left += right if node.op == "+" else _opposite(right)
                return left
            case Negate():
                return _opposite(below[0])
        for parts in below:
            close(parts)
        return [(1, node)]

    parts: list[tuple[int, Expr]] = fold(expr, visit)
    close(parts)
    return tuple(found)


def _opposite(parts: Sequence[tuple[int, Expr]]) -> list[tuple[int, Expr]]:
    return [(-sign, node) for sign, node in parts]
