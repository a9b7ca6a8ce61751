"""How much of a tree is still what a template filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from impacttree.graph.model import Graph, Metric
from impacttree.graph.reach import upstream

__all__ = ["ILLUSTRATIVE", "headed", "placeholder_note", "placeholders"]

ILLUSTRATIVE = "illustrative template figures"
"""What the basis of an answer says when the figures of the whole tree are invented."""


def placeholders(graph: Graph) -> tuple[int, int]:
    """Return how many of the tree's stated values and assumed effects are still a template's, and how many it has."""
    inputs = sum(_is_stated(metric) + len(metric.influences) for metric in graph.metrics)
    return _marked(graph.metrics), inputs


def _is_stated(metric: Metric) -> bool:
    start = metric.spec.start
    return metric.origin != "formula" or (start is not None and not start.is_formula)


def _marked(metrics: Iterable[Metric]) -> int:
    return sum(m.spec.placeholder + sum(effect.placeholder for effect in m.influences) for m in metrics)


def headed(graph: Graph, title: str, outcomes: Sequence[str] = ()) -> str:
    """Return a title, begun with "Illustrative:" where a placeholder is behind `outcomes` (none: behind any metric).

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: $30, placeholder: true}, paid: {formula: 2 * price}}"))
    >>> headed(graph, "Price adds $2", ["paid"])
    'Illustrative: Price adds $2'
    """
    if not _marked(graph.metrics):
        return title
    behind = upstream(graph, [graph.by_name[name] for name in outcomes]) if outcomes else range(len(graph.metrics))
    return f"Illustrative: {title}" if _marked(graph.metrics[index] for index in behind) else title


def placeholder_note(counts: tuple[int, int]) -> str:
    """Write ``3 of 14 inputs are template values``; empty when none is.

    Examples
    --------
    >>> placeholder_note((3, 14)), placeholder_note((0, 14))
    ('3 of 14 inputs are template values', '')
    """
    found, inputs = counts
    if not found:
        return ""
    return f"{found} of {inputs} inputs {'is a template value' if found == 1 else 'are template values'}"
