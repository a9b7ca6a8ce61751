"""In which range of a metric another one was seen to follow it: of an assumed effect, or of a curve in a formula."""

from __future__ import annotations

from collections.abc import Iterator

from impacttree.formula.ast import Call, Name, walk
from impacttree.formula.parser import literal
from impacttree.graph.model import Metric
from impacttree.records import dataclass

__all__ = ["Seen", "seen_ranges"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A range of `source` within which its bearing on `metric` is known; beyond it, outputs say "extrapolated"."""

    metric: Metric
    source: str
    low: float
    high: float
    by_points: bool
    """Whether a formula has points there (``interpolate(source, ...)``); else an assumed effect was observed there."""


def seen_ranges(metric: Metric) -> Iterator[Seen]:
    """Yield the ranges in which others bear on a metric.

    The first argument of ``interpolate`` counts where it is the name of a metric: what is limited or computed on the
    way is the formula's own matter.
    """
    for influence in metric.influences:
        if influence.observed is not None:
            yield Seen(metric, influence.source, *influence.observed, by_points=False)
    for node in walk(metric.rule) if metric.origin == "formula" else ():
        if isinstance(node, Call) and node.function == "interpolate" and isinstance(node.arguments[0], Name):
            low, high = literal(node.arguments[1]), literal(node.arguments[-2])
            assert low is not None
            assert high is not None
            yield Seen(metric, node.arguments[0].name, low, high, by_points=True)
