"""Which metrics an expression reads, and when."""

from __future__ import annotations

from impacttree.formula.ast import Call, Expr, Name, Number, Span, children
from impacttree.graph.model import Reference, Timing

__all__ = ["references"]

_TIMING: dict[str, Timing] = {"prev": "prev", "lag": "prev", "cumulative": "cumulative", "baseline": "baseline"}


def references(expression: Expr) -> dict[Reference, Span]:
    """Return what `expression` reads, in reading order, each with the span of its first mention.

    Examples
    --------
    >>> from impacttree.formula import parse
    >>> [(ref.source, ref.timing, ref.lag) for ref in references(parse("prev(base) * (1 - churn) + lag(new, 3)"))]
    [('base', 'prev', 1), ('churn', 'now', 0), ('new', 'prev', 3)]
    """
    found: dict[tuple[str, Timing, int], Span] = {}
    stack: list[Expr] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Name):
            found.setdefault((node.name, "now", 0), node.span)
        elif isinstance(node, Call) and node.function in _TIMING:
            metric = node.arguments[0]
            assert isinstance(metric, Name)
            lag = 1 if node.function == "prev" else 0
            if node.function == "lag":
                periods = node.arguments[1]
                assert isinstance(periods, Number)
                lag = int(periods.value)
            found.setdefault((metric.name, _TIMING[node.function], lag), metric.span)
        else:
            stack.extend(reversed(children(node)))
    return {Reference(*key): span for key, span in found.items()}
