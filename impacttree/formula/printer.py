"""Syntax tree -> canonical text; which metrics a tree reads; whether two trees are the same."""

from __future__ import annotations

from collections.abc import Iterator

from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Parameter, children, walk

__all__ = ["brief", "names", "same", "unparse"]

_PRECEDENCE = {"or": -2, "and": -1, "not": 0, "+": 2, "-": 2, "*": 3, "/": 3, "**": 5}
_COMPARE, _UNARY, _ATOM = 1, 4, 6


def unparse(expr: Expr) -> str:
    """Write a tree as text, with as few parentheses as its meaning allows.

    Reading the text gives the same structure; a `Parameter` is printed as its number.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> unparse(parse("((a)*b) - (c-d)+ -x**2"))
    'a * b - (c - d) + -x**2'
    """
    return "".join(_pieces(expr))


def brief(expr: Expr, limit: int = 40) -> str:
    """Write the start of a tree, for messages; takes no longer for a large tree.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> brief(parse("first + second + third + fourth"), limit=18)
    'first + second + …'
    """
    written = ""
    for piece in _pieces(expr):
        if len(written) + len(piece) > limit - 1:
            return f"{written}{piece[: limit - 1 - len(written)]}…"
        written += piece
    return written


def names(expr: Expr) -> tuple[str, ...]:
    """Return the metrics that a tree reads, in any period: each once, in reading order.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> names(parse("prev(customers) * (1 - churn) + churn"))
    ('customers', 'churn')
    """
    return tuple(dict.fromkeys(node.name for node in walk(expr) if type(node) is Name))


def same(a: Expr, b: Expr) -> bool:
    """Tell whether two trees have the same structure, wherever in a text they stand and however numbers are written.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> same(parse("a + 1_000"), parse("(a)+1k")), same(parse("a - (b - c)"), parse("a - b - c"))
    (True, False)
    """
    pairs = [(a, b)]
    while pairs:
        left, right = pairs.pop()
        below_left, below_right = children(left), children(right)
        if _label(left) != _label(right) or len(below_left) != len(below_right):
            return False
        pairs.extend(zip(below_left, below_right, strict=True))
    return True


def _label(node: Expr) -> tuple[type, str | float]:
    """Tell a node from others, leaving its operands aside."""
    match node:
        case Number():
            return Number, node.value
        case Name():
            return Name, node.name
        case Parameter():
            return Parameter, f"{node.address}={node.value!r}"
        case Binary() | Compare():
            return type(node), node.op
        case Logic():
            return Logic, node.op
        case Call():
            return Call, node.function
        case Negate():
            return Negate, "-"


def _pieces(expr: Expr) -> Iterator[str]:
    """Yield the text of a tree from left to right, a few characters at a time."""
    stack: list[Expr | str] = [expr]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        else:
            stack.extend(reversed(_parts(item)))


def _parts(node: Expr) -> list[Expr | str]:
    """Split a node into words and operands, these in parentheses where they need them."""
    match node:
        case Name():
            return [node.name]
        case Number() | Parameter():
            return [_number(node)]
        case Negate():
            return ["-", *_wrapped(node.operand, _strength(node.operand) < _UNARY)]
        case Compare():
            return [node.left, f" {node.op} ", node.right]
        case Logic():
            return _logic_parts(node)
        case Binary():
            return _binary_parts(node)
        case Call():
            inside: list[Expr | str] = [f"{node.function}("]
            for argument in node.arguments:
                inside += [argument, ", "]
            return [*inside[:-1], ")"] if node.arguments else [*inside, ")"]


def _binary_parts(node: Binary) -> list[Expr | str]:
    own, left, right = _PRECEDENCE[node.op], _strength(node.left), _strength(node.right)
    if node.op == "**":
        return [*_wrapped(node.left, left <= own), "**", *_wrapped(node.right, right < _UNARY)]
    return [*_wrapped(node.left, left < own), f" {node.op} ", *_wrapped(node.right, right <= own)]


def _logic_parts(node: Logic) -> list[Expr | str]:
    own, first = _PRECEDENCE[node.op], node.operands[0]
    if node.op == "not":
        return ["not ", *_wrapped(first, _strength(first) < own)]
    second = node.operands[1]
    return [*_wrapped(first, _strength(first) < own), f" {node.op} ", *_wrapped(second, _strength(second) <= own)]


def _wrapped(node: Expr, needed: bool) -> list[Expr | str]:
    return ["(", node, ")"] if needed else [node]


def _strength(node: Expr) -> int:
    """Return how strongly a node's own operator binds."""
    match node:
        case Binary() | Logic():
            return _PRECEDENCE[node.op]
        case Compare():
            return _COMPARE
        case Negate():
            return _UNARY
        case Number() | Parameter():
            return _UNARY if _number(node).startswith("-") else _ATOM
        case _:
            return _ATOM


def _number(node: Number | Parameter) -> str:
    if isinstance(node, Number) and node.text:
        return node.text
    return repr(int(node.value)) if node.value.is_integer() and abs(node.value) < 1e15 else repr(node.value)
