"""What can be reached in a graph: the one walk that all questions of the kind "what rests on what" share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from heapq import heappop, heappush
from typing import TypeVar

from impacttree.graph.model import Graph

__all__ = ["delay", "reached", "upstream"]

T = TypeVar("T")


def reached(starts: Iterable[T], onward: Callable[[T], Iterable[T]], *, around: Collection[T] = ()) -> frozenset[T]:
    """Return `starts` and all that `onward` leads to from there, in one step or in many, without recursion.

    Parameters
    ----------
    starts
        Where the walk begins; they count as reached.
    onward
        The neighbours of a node.
    around
        Nodes that the walk does not enter.

    Examples
    --------
    >>> onward = {"engagement": ["churn", "nps"], "nps": ["churn"], "churn": ["customers"]}
    >>> sorted(reached(["nps"], lambda name: onward.get(name, ())))
    ['churn', 'customers', 'nps']
    >>> sorted(reached(["engagement"], lambda name: onward.get(name, ()), around={"churn"}))
    ['engagement', 'nps']
    """
    found = set(starts)
    pending = list(found)
    while pending:
        for node in onward(pending.pop()):
            if node not in found and node not in around:
                found.add(node)
                pending.append(node)
    return frozenset(found)


def upstream(graph: Graph, metrics: Iterable[int], *, around: Collection[int] = ()) -> frozenset[int]:
    """Return positions of metrics with all that can move them, at whatever lag; ``baseline`` moves nothing.

    What moves them only by way of a metric in `around` is left out, and so is that.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: 30}, sold: {value: 5}, paid: {formula: price * sold}}"))
    >>> sorted(upstream(graph, [graph.by_name["paid"]])), sorted(upstream(graph, [graph.by_name["sold"]]))
    ([0, 1, 2], [1])
    """
    return reached(metrics, lambda index: _moved_by(graph, index), around=around)


def _moved_by(graph: Graph, index: int) -> Iterable[int]:
    return (graph.by_name[ref.source] for ref in graph.metrics[index].references if ref.timing != "baseline")


def delay(graph: Graph, sources: Collection[int], target: int) -> int | None:
    """Return after how many periods at least a move of `sources` arrives at `target`; None where none ever does.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> text = "metrics: {sold: {value: 5}, due: {formula: 'lag(sold, 2)'}, paid: {formula: due * 3}}"
    >>> graph = build(load_text(text))
    >>> delay(graph, [graph.by_name["sold"]], graph.by_name["paid"])
    2
    >>> delay(graph, [graph.by_name["paid"]], graph.by_name["sold"]) is None
    True
    """
    pending, seen = [(0, target)], set[int]()
    while pending:
        waited, index = heappop(pending)
        if index in sources:
            return waited
        if index not in seen:
            seen.add(index)
            for ref in graph.metrics[index].references:
                if ref.timing != "baseline":
                    heappush(pending, (waited + ref.lag, graph.by_name[ref.source]))
    return None
