"""The core of a formula: what is left to compute once everything that has a definition is written out.

A formula is lowered to its core once, when the graph is built. All evaluators, and all exporters, fold over the core: a
function that is defined by others (``clip``, ``saturate``) or by branches (``min``, ``abs``, ``interpolate``) has its
meaning here and nowhere else.

A core is a graph without circles rather than a tree: what is used twice is one object, so that it stays as small as the
formula. It can be deep, so nothing recurses over it: consumers pass a function to `fold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal, TypeVar

from impacttree.formula import ast
from impacttree.formula.ast import Call, Expr, Name, Number, Parameter, Span
from impacttree.formula.functions import FUNCTIONS, Function
from impacttree.formula.parser import parse_expression
from impacttree.records import dataclass

__all__ = [
    "Binary",
    "Clock",
    "Compare",
    "Core",
    "If",
    "Logic",
    "Name",
    "Negate",
    "Number",
    "Operator",
    "Parameter",
    "Primitive",
    "Timed",
    "children",
    "fold",
    "lowered",
    "timed",
    "walk",
]

T = TypeVar("T")
Operator = Literal["+", "-", "*", "/", "**"]
ComparisonSign = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True, eq=False)
class Negate:
    """``-operand``."""

    operand: Core
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """``left op right``."""

    op: Operator
    left: Core
    right: Core
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """A metric in another period: `lag` periods ago, its running total up to now, or at t = 0 of the base case."""

    name: str
    timing: Literal["prev", "cumulative", "baseline"]
    lag: int
    """1 or more for ``prev``, else 0."""
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """What depends on the period alone: its number, its month of the year."""

    function: str
    span: Span

    @property
    def address(self) -> str:
        """What its numbers are kept under, as those of a series are."""
        return f"{self.function}()"


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """A registered function that every evaluator has a word for; or a conversion, in a formula without units."""

    function: str
    arguments: tuple[Core, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """``left op right``; stands only in a condition."""

    op: ComparisonSign
    left: Core
    right: Core
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """``a and b``, ``a or b``, ``not a``; stands only in a condition. What decides early leaves the rest undone."""

    op: Literal["and", "or", "not"]
    operands: tuple[Core, ...]
    """Conditions."""
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """``then`` where the condition holds, else ``otherwise``; only the side taken is computed.

    `source` is the function that was written (``if min max abs clip interpolate``). Sides of an ``if`` may differ at
    the switch (a jump); those of the others meet there (a kink).
    """

    condition: Core
    """A `Compare` or a `Logic`."""
    then: Core
    otherwise: Core
    source: str
    span: Span

    @property
    def is_extremum(self) -> Literal["min", "max", ""]:
        """Which of two values it takes by definition: the smaller, the larger, or neither of these two.

        Exporters spell it ``MIN(a, b)``; `operands` gives all that the user wrote as one call.
        """
        test = self.condition
        if not isinstance(test, Compare) or test.left is not self.then or test.right is not self.otherwise:
            return ""
        return "min" if test.op == "<=" else "max"

    @property
    def operands(self) -> tuple[Core, ...]:
        """The values among which a `min` or `max` chooses, as written in one call."""
        found: list[Core] = []
        node: Core = self
        while isinstance(node, If) and node.is_extremum == self.is_extremum and node.span == self.span:
            found.append(node.otherwise)
            node = node.then
        return (node, *reversed(found))

    @property
    def is_size(self) -> bool:
        """Whether it is ``abs(then)``."""
        return self.source == "abs" and isinstance(self.otherwise, Negate) and self.otherwise.operand is self.then


Core = Number | Name | Parameter | Negate | Binary | Timed | Clock | Primitive | Compare | Logic | If


def children(node: Core) -> tuple[Core, ...]:
    """Return what `node` is computed from, in order; of an `If` the condition first."""
    operands = _OPERANDS.get(type(node))
    return () if operands is None else operands(node)


_OPERANDS: Mapping[type, Callable[[Any], tuple[Core, ...]]] = {
    Binary: attrgetter("left", "right"),
    Compare: attrgetter("left", "right"),
    Negate: lambda node: (node.operand,),
    If: attrgetter("condition", "then", "otherwise"),
    Primitive: attrgetter("arguments"),
    Logic: attrgetter("operands"),
}
"""How what a node is computed from is read, by its type; leaves have nothing."""


def walk(root: Core) -> Iterator[Core]:
    """Go through every node below and including `root` once, operands before what uses them."""
    seen = set[int]()
    stack: list[Core] = [root]
    opened: list[Core] = []
    while stack:
        node = stack[-1]
        if opened and opened[-1] is node:
            stack.pop()
            yield opened.pop()
            continue
        if id(node) in seen:
            stack.pop()
            continue
        seen.add(id(node))
        operands = _OPERANDS.get(type(node))
        if operands is None:
            yield stack.pop()
        else:
            opened.append(node)
            stack.extend(reversed(operands(node)))


def fold(root: Core, visit: Callable[[Core, Sequence[T]], T]) -> T:
    """Compute a value bottom-up: ``visit(node, values of its operands)``, once for each node, without recursion.

    Examples
    --------
    A formula as a spreadsheet spells it:

    >>> from impacttree.formula import parse
    >>> def spelled(node, below):
    ...     match node:
    ...         case Name():
    ...             return node.name
    ...         case Number():
    ...             return f"{node.value:g}"
    ...         case Binary():
    ...             return f"({below[0]}{'^' if node.op == '**' else node.op}{below[1]})"
    ...         case Compare():
    ...             return f"{below[0]}{node.op}{below[1]}"
    ...         case If():
    ...             return f"IF({below[0]},{below[1]},{below[2]})"
    ...         case Primitive():
    ...             function = FUNCTIONS[node.function]
    ...             return function.excel.format(**dict(zip(function.parameters, below)))
    >>> fold(lowered(parse("min(demand, supply) * exp(-(2 ** x)) / 2")).left.left, spelled)
    'IF(demand<=supply,demand,supply)'
    """
    values: dict[int, T] = {}
    for node in walk(root):
        values[id(node)] = visit(node, [values[id(child)] for child in children(node)])
    return values[id(root)]


def timed(call: Expr) -> Timed | None:
    """Return what a call of a time function reads; None for all else."""
    if not isinstance(call, Call) or FUNCTIONS[call.function].kind != "time":
        return None
    metric = call.arguments[0]
    assert isinstance(metric, Name)
    match call.function, call.arguments[1:]:
        case "lag", (Number() as periods,):
            return Timed(metric.name, "prev", int(periods.value), call.span)
        case "prev", _:
            return Timed(metric.name, "prev", 1, call.span)
        case "cumulative", _:
            return Timed(metric.name, "cumulative", 0, call.span)
        case _:
            return Timed(metric.name, "baseline", 0, call.span)


def lowered(expr: Expr) -> Core:
    """Return the core of a formula.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> core = lowered(parse("clip(x, 0, 1)"))
    >>> core.is_extremum, core.source, core.then.is_extremum
    ('min', 'clip', 'max')
    """
    return ast.fold(expr, _lower)


def _lower(node: Expr, below: Sequence[Core]) -> Core:
    match node:
        case Number() | Name() | Parameter():
            return node
        case ast.Negate():
            return Negate(below[0], node.span)
        case ast.Binary():
            return Binary(node.op, below[0], below[1], node.span)
        case ast.Compare():
            return Compare(node.op, below[0], below[1], node.span)
        case ast.Logic():
            return Logic(node.op, tuple(below), node.span)
        case Call():
            return timed(node) or _called(FUNCTIONS[node.function], below, node.span, node.function)


def _called(function: Function, arguments: Sequence[Core], span: Span, source: str) -> Core:
    """Return a call written out; `source` is the function that the user wrote."""
    match function.name:
        case name if function.kind == "clock":
            return Clock(name, span)
        case "if":
            condition, then, otherwise = arguments
            return If(condition, then, otherwise, source, span)
        case "min" | "max" as name:
            op: ComparisonSign = "<=" if name == "min" else ">="
            chosen = arguments[0]
            for other in arguments[1:]:
                chosen = If(Compare(op, chosen, other, span), chosen, other, source, span)
            return chosen
        case "interpolate":
            return _polyline(arguments, span)
    if function.definition:
        return _defined(function, arguments, span, source)
    given = (*arguments, *(Number(value, "", span) for value in _left_out(function, len(arguments))))
    return Primitive(function.name, given, span)


def _left_out(function: Function, given: int) -> list[float]:
    return [function.defaults[parameter] for parameter in function.parameters[given:]]


def _defined(function: Function, arguments: Sequence[Core], span: Span, source: str) -> Core:
    """Return a function's definition with its parameters replaced."""
    values = (*arguments, *(Number(value, "", span) for value in _left_out(function, len(arguments))))
    given: Mapping[str, Core] = dict(zip(function.parameters, values, strict=True))

    def visit(node: Expr, below: Sequence[Core]) -> Core:
        match node:
            case Name():
                return given[node.name]
            case Call():
                return _called(FUNCTIONS[node.function], below, span, source)
            case ast.Negate():
                return Negate(below[0], span)
            case ast.Binary():
                return Binary(node.op, below[0], below[1], span)
            case ast.Compare():
                return Compare(node.op, below[0], below[1], span)
            case ast.Logic():
                return Logic(node.op, tuple(below), span)
            case _:
                return node

    return ast.fold(_definition(function.definition), visit)


@cache
def _definition(text: str) -> Expr:
    return parse_expression(text)


def _polyline(arguments: Sequence[Core], span: Span) -> Core:
    """Return straight lines through constant points; the end lines go on."""
    x, points = arguments[0], [_constant(argument) for argument in arguments[1:]]

    def line(left: tuple[float, float], right: tuple[float, float]) -> Core:
        x0, y0, x1, y1 = (Number(value, "", span) for value in (*left, *right))
        slope = Binary("/", Binary("-", y1, y0, span), Binary("-", x1, x0, span), span)
        rise = Binary("*", slope, Binary("-", x, x0, span), span)
        return Binary("+", y0, rise, span)

    pairs = list(pairwise(zip(points[::2], points[1::2], strict=True)))
    tail = line(*pairs[-1])
    for left, right in reversed(pairs[:-1]):
        test = Compare("<=", x, Number(right[0], "", span), span)
        tail = If(test, line(left, right), tail, "interpolate", span)
    return tail


def _constant(node: Core) -> float:
    if isinstance(node, Negate):
        return -_constant(node.operand)
    assert isinstance(node, Number)
    return node.value
