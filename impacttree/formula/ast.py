"""The formula's syntax tree: eight immutable nodes, and the one way to walk them.

Nodes carry the half-open span of characters they came from. Trees can be deep (a sum of 10,000 names nests 10,000
levels), so nothing here or elsewhere recurses over them: consumers pass a function to `fold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeVar

from impacttree.records import dataclass

__all__ = [
    "Binary",
    "Call",
    "Compare",
    "Expr",
    "Logic",
    "Name",
    "Negate",
    "Number",
    "Parameter",
    "Span",
    "children",
    "fold",
    "walk",
]

Span = tuple[int, int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A literal; `text` is what was written (``1_000``, ``1.2M``, ``5%``)."""

    value: float
    text: str
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A metric read in the same period."""

    name: str
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A stated number with a stable address (``churn.nps.slope``); made by the graph for drivers, never parsed."""

    address: str
    value: float
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Negate:
    """``-operand``."""

    operand: Expr
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """``left op right``."""

    op: Literal["+", "-", "*", "/", "**"]
    left: Expr
    right: Expr
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """``left op right``; stands only in a condition, the first argument of ``if``."""

    op: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Expr
    right: Expr
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """``a and b``, ``a or b``, ``not a``; stands only in a condition, and its operands are conditions."""

    op: Literal["and", "or", "not"]
    operands: tuple[Expr, ...]
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A registered function, ``if`` included.

    For the time functions ``prev lag cumulative baseline`` the first argument is a `Name`, and the second of ``lag``
    a `Number` that is a whole number of periods, 1 or more.
    """

    function: str
    arguments: tuple[Expr, ...]
    span: Span = (0, 0)


Expr = Number | Name | Parameter | Negate | Binary | Compare | Logic | Call


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the operands of `node`, in reading order."""
    operands = _OPERANDS.get(type(node))
    return () if operands is None else operands(node)


_OPERANDS: Mapping[type, Callable[[Any], tuple[Expr, ...]]] = {
    Binary: attrgetter("left", "right"),
    Compare: attrgetter("left", "right"),
    Call: attrgetter("arguments"),
    Logic: attrgetter("operands"),
    Negate: lambda node: (node.operand,),
}
"""How the operands of a node are read, by its type; leaves have none."""


def walk(root: Expr) -> Iterator[Expr]:
    """Go through every node below and including `root`, operands before what uses them, in reading order."""
    found: list[Expr] = []
    stack = [root]
    while stack:
        node = stack.pop()
        found.append(node)
        operands = _OPERANDS.get(type(node))
        if operands is not None:
            stack += operands(node)
    return reversed(found)


def fold(root: Expr, visit: Callable[[Expr, Sequence[T]], T]) -> T:
    """Compute a value bottom-up: ``visit(node, values of its operands)``, without recursion.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> fold(parse("a + b * 2"), lambda node, below: 1 + max(below, default=0))
    3
    """
    values: list[T] = []
    for node in walk(root):
        operands = _OPERANDS.get(type(node))
        if operands is None:
            values.append(visit(node, ()))
            continue
        start = len(values) - len(operands(node))
        below = values[start:]
        del values[start:]
        values.append(visit(node, below))
    return values[0]
