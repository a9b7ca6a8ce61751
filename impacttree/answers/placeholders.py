"""How much of a tree is still what a template filled in."""

from __future__ import annotations

from impacttree.graph.model import Graph

__all__ = ["placeholder_note", "placeholders"]


def placeholders(graph: Graph) -> tuple[int, int]:
    """Return how many of the tree's stated inputs are still a template's values, and how many there are."""
    inputs = [m for m in graph.metrics if m.origin != "formula" or m.start is not None]
    return sum(m.spec.placeholder for m in inputs), len(inputs)


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
