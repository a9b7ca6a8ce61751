"""Specification and formulas -> checked, immutable graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.contents import contents

if TYPE_CHECKING:
    from impacttree.graph.builder import build
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
    from impacttree.graph.part import subtree

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

_HOME = {
    "Aggregation": "model",
    "Correlated": "model",
    "Graph": "model",
    "Influence": "model",
    "Metric": "model",
    "Origin": "model",
    "Reference": "model",
    "Timing": "model",
    "UncertainNumber": "model",
    "build": "builder",
    "from_networkx": "networkx",
    "subtree": "part",
    "to_networkx": "networkx",
}

__getattr__, __dir__ = contents(__name__, _HOME)
