"""Which metrics have no value at t = 0, because they compare a metric with its own past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from impacttree.graph.model import Reference
from impacttree.graph.reach import reached
from impacttree.spec import MetricSpec

__all__ = ["unknown_today"]


def unknown_today(metrics: Sequence[MetricSpec], reads: Sequence[Iterable[Reference]]) -> frozenset[str]:
    """Return the metrics without a `start` that read both a metric and its past (growth, NRR), and what reads those.

    At t = 0 there is no earlier period, and ``prev`` reads t = 0 itself: a growth of 0 % or a retention of 100 % would
    be an artefact. What reads the past alone (``lost / prev(customers)``) has a value.

    Parameters
    ----------
    metrics
        All metrics of the tree.
    reads
        What each reads.
    """
    pasts = dict(_pasts(metrics, reads))
    readers: dict[str, list[str]] = {}
    comparing = []
    for metric, references in zip(metrics, reads, strict=True):
        if metric.start is None and metric.formula is not None:
            for ref in references:
                readers.setdefault(ref.source, []).append(metric.name)
            if _compares(references, pasts):
                comparing.append(metric.name)
    return reached(comparing, lambda name: readers.get(name, ()))


def _pasts(metrics: Sequence[MetricSpec], reads: Sequence[Iterable[Reference]]) -> Iterable[tuple[str, str]]:
    """Yield the metrics that are nothing but the past of another, with that one: ``last: prev(revenue)``."""
    for metric, references in zip(metrics, reads, strict=True):
        match list(references):
            case [Reference(source=source, timing="prev")] if metric.start is None and metric.formula is not None:
                text = metric.formula.strip()
                if text.startswith(("prev(", "lag(")) and text.count("(") == 1 and text.endswith(")"):
                    yield metric.name, source


def _compares(references: Iterable[Reference], pasts: Mapping[str, str]) -> bool:
    if not pasts and all(ref.timing != "prev" for ref in references):
        return False
    now = {ref.source for ref in references if ref.timing == "now"}
    past = {ref.source for ref in references if ref.timing == "prev"} | {pasts[name] for name in now if name in pasts}
    return not now.isdisjoint(past)
