"""Which metrics an expression reads, and when."""

from __future__ import annotations

from impacttree.formula.ast import Call, Expr, Name, Span, children
from impacttree.formula.core import Timed, timed
from impacttree.graph.model import Reference

__all__ = ["reference", "references"]


def references(expression: Expr) -> dict[Reference, Span]:
    """Return what `expression` reads, in reading order, each with the span of its first mention.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> [(ref.source, ref.timing, ref.lag) for ref in references(parse("prev(base) * (1 - churn) + lag(new, 3)"))]
    [('base', 'prev', 1), ('churn', 'now', 0), ('new', 'prev', 3)]
    """
    found: dict[Reference, Span] = {}
    stack: list[Expr] = [expression]
    while stack:
        node = stack.pop()
        leaf = node if isinstance(node, Name) else timed(node)
        if leaf is None:
            stack.extend(reversed(children(node)))
        else:
            found.setdefault(reference(leaf), node.arguments[0].span if isinstance(node, Call) else node.span)
    return found


def reference(leaf: Name | Timed) -> Reference:
    """Return what a leaf of a formula reads."""
    return Reference(leaf.name, "now") if isinstance(leaf, Name) else Reference(leaf.name, leaf.timing, leaf.lag)
