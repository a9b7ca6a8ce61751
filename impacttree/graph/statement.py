"""The statement of an outcome: its lines from the top, each cost between the subtotals that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impacttree.formula import Binary, Name, Negate
from impacttree.formula.ast import Expr
from impacttree.graph.model import Graph, Metric
from impacttree.graph.reach import upstream
from impacttree.records import dataclass

__all__ = ["StatementLine", "derived_statement", "stated_line"]

MOST_LINES = 60
"""Lines of a statement; what adds up more of them is one line."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A metric in a statement: added, taken off, or what has been reached so far."""

    metric: str
    sign: Literal["+", "-", "="] = "+"


def stated_line(text: str) -> StatementLine:
    """Read a line as it is written: ``revenue``, ``-cogs``, ``=gross_profit``.

    Examples
    --------
    >>> stated_line("-cogs")
    StatementLine(metric='cogs', sign='-')
    """
    if text.startswith("-"):
        return StatementLine(text[1:], "-")
    return StatementLine(text[1:], "=") if text.startswith("=") else StatementLine(text.removeprefix("+"))


def derived_statement(graph: Graph, outcome: Metric) -> tuple[StatementLine, ...]:
    """Return the statement that sums and differences make, followed down from an outcome.

    Of a sum or difference, the first term that is added leads further down; the others are lines, those that add up
    others being written as these. What is computed otherwise, but is what another metric leaves (``cogs = revenue -
    gross_profit``), is read that way round.

    Returns
    -------
    tuple of StatementLine
        From the top; the outcome is the last. Of an outcome that adds nothing up, it alone.

    Examples
    --------
    >>> import impacttree as it
    >>> graph = it.template("saas")._subject.graph
    >>> [line.sign + line.metric for line in derived_statement(graph, graph["contribution"])]
    ['+revenue', '-cogs', '=gross_profit', '-sales_and_marketing', '=contribution']
    """
    below: list[StatementLine] = []
    passed = {outcome.name}
    here = outcome
    while len(below) < MOST_LINES:
        terms = _terms(graph, here) or _what_leaves(graph, here.name)
        heads = [name for name, sign in terms.items() if sign > 0 and name not in passed]
        if not terms or not heads or passed & terms.keys():
            break
        head = heads[0]
        others = [line for name, sign in terms.items() if name != head for line in _lines(graph, name, sign)]
        below = [*others, StatementLine(here.name, "="), *below]
        passed |= {head, *(line.metric for line in others)}
        here = graph[head]
    return (StatementLine(here.name), *below)


def _lines(graph: Graph, name: str, sign: int) -> Iterator[StatementLine]:
    """Yield a term, or the lines of a plain sum."""
    pending, count = [name], 0
    while pending:
        term = pending.pop()
        inner = _terms(graph, graph[term]) or {}
        count += len(inner)
        if inner and all(way > 0 for way in inner.values()) and count <= MOST_LINES:
            pending += reversed(inner)
        else:
            yield StatementLine(term, "+" if sign > 0 else "-")


def _terms(graph: Graph, metric: Metric) -> dict[str, int] | None:
    """Return what a metric adds (1) and takes off (-1), in reading order; None where it is computed otherwise."""
    if metric.origin != "formula":
        return None
    found: dict[str, int] = {}
    pending: list[tuple[Expr, int]] = [(metric.rule, 1)]
    while pending:
        node, sign = pending.pop()
        match node:
            case Binary(op="+" | "-" as op):
                pending += [(node.right, sign if op == "+" else -sign), (node.left, sign)]
            case Negate():
                pending.append((node.operand, -sign))
            case Name() if node.name not in found and _alike(metric, graph[node.name]):
                found[node.name] = sign
            case _:
                return None
    return found if len(found) > 1 else None


def _alike(metric: Metric, other: Metric) -> bool:
    """Return whether two metrics are amounts of one kind that both add up over time."""
    return metric.unit.factors == other.unit.factors and metric.aggregation == other.aggregation == "sum"


def _what_leaves(graph: Graph, name: str) -> dict[str, int]:
    """Return what a metric is made of where it is what another leaves of a whole: ``c = a - x`` is ``x = a - c``.

    The whole must be what the metric itself is computed from; else the other is only made from it.
    """
    from_what = upstream(graph, (graph[name].index,))
    for metric in graph.metrics:
        if not any(reference.source == name for reference in metric.references):
            continue
        terms = _terms(graph, metric) or {}
        added = [one for one, sign in terms.items() if sign > 0]
        if terms.get(name) == -1 and len(added) == 1 and graph[added[0]].index in from_what:
            others = {one: sign for one, sign in terms.items() if one not in (name, added[0])}
            return {added[0]: 1, metric.name: -1, **others}
    return {}
