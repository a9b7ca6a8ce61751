"""Specification and formulas -> checked, immutable graph."""

from impacttree.graph.build import build
from impacttree.graph.model import Aggregation, Graph, Influence, Metric, Origin, Reference, Timing

__all__ = ["Aggregation", "Graph", "Influence", "Metric", "Origin", "Reference", "Timing", "build"]
