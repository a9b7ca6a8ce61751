"""Which metrics an expression reads, and when."""

from __future__ import annotations

from impacttree.formula.ast import Call, Expr, Name, Number, Span, children
from impacttree.graph.model import Reference, Timing

__all__ = ["reference", "references"]

_TIMING: dict[str, Timing] = {"prev": "prev", "cumulative": "cumulative", "baseline": "baseline"}


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
        read = reference(node)
        if read is None:
            stack.extend(reversed(children(node)))
        else:
            found.setdefault(read, node.arguments[0].span if isinstance(node, Call) else node.span)
    return found


def reference(node: Expr) -> Reference | None:
    """Return what a name or a time call reads; None for other nodes."""
    match node:
        case Name():
            return Reference(node.name, "now")
        case Call(function="lag", arguments=(Name() as metric, Number() as periods)):
            return Reference(metric.name, "prev", int(periods.value))
        case Call(arguments=(Name() as metric,)) if node.function in _TIMING:
            return Reference(metric.name, _TIMING[node.function], 1 if node.function == "prev" else 0)
    return None
