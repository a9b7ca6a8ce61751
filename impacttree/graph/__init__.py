"""Specification and formulas -> checked, immutable graph."""

from impacttree.graph.build import build
from impacttree.graph.model import Aggregation, Graph, Influence, Metric, Origin, Reference, Timing
from impacttree.graph.networkx import from_networkx, to_networkx
from impacttree.graph.subtree import subtree

__all__ = [
    "Aggregation",
    "Graph",
    "Influence",
    "Metric",
    "Origin",
    "Reference",
    "Timing",
    "build",
    "from_networkx",
    "subtree",
    "to_networkx",
]
