"""Specification and formulas -> checked, immutable graph."""

from impacttree.graph.build import build
from impacttree.graph.model import (
    Aggregation,
    Correlated,
    Graph,
    Influence,
    Metric,
    Origin,
    Reference,
    Timing,
    UncertainNumber,
)
from impacttree.graph.networkx import from_networkx, to_networkx
from impacttree.graph.subtree import subtree

__all__ = [
    "Aggregation",
    "Correlated",
    "Graph",
    "Influence",
    "Metric",
    "Origin",
    "Reference",
    "Timing",
    "UncertainNumber",
    "build",
    "from_networkx",
    "subtree",
    "to_networkx",
]
