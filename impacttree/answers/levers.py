"""How a metric is moved when it is asked how far it may go: by which amounts, between which ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.answers.case import Case
from impacttree.answers.words import is_still
from impacttree.graph.model import Metric

if TYPE_CHECKING:
    from impacttree.engine.first_crossing import Lever

__all__ = ["FURTHEST", "is_level", "lever_of", "moved_to", "plausible_of", "stands_at"]

FURTHEST = 10.0
"""How far is searched without bounds: times the size of today's value."""


def is_level(case: Case, metric: Metric) -> bool:
    """Return whether a metric has one value throughout, today included."""
    today = case.subject.first_known(metric)
    return all(is_still(today, value) for value in _path(case, metric))


def stands_at(case: Case, metric: Metric) -> float:
    """Return where a metric stands before it is moved: today, or over the horizon where it moves over time."""
    return case.subject.first_known(metric) if is_level(case, metric) else case.before[metric.index]


def lever_of(case: Case, metric: Metric) -> Lever:
    """Return how a metric is moved, and how far: within its bounds, else from zero to `FURTHEST` times today's size.

    A level is held at a value, which is to add the same amount throughout. What moves over time keeps its course: it
    is multiplied, or, where it is not above zero throughout and a ratio would mean nothing, added to.
    """
    from impacttree.engine.first_crossing import Lever

    today, path = case.subject.first_known(metric), _path(case, metric)
    bounds = metric.spec.bounds.low_high() if metric.spec.bounds else None
    if not is_level(case, metric) and min(today, *path) > 0:
        ends = (bounds[0] / min(path) - 1.0, bounds[1] / max(path) - 1.0) if bounds else (-1.0, FURTHEST)
        return Lever(metric.index, "multiply", _around_zero(ends))
    if bounds:
        return Lever(metric.index, "add", _around_zero((bounds[0] - min(path), bounds[1] - max(path))))
    size = max(map(abs, (*path, today))) or max(map(abs, plausible_of(metric) or (0.0,))) or 1.0
    low = min(path) if min(path) > 0 else FURTHEST * size
    high = -max(path) if max(path) < 0 else FURTHEST * size
    return Lever(metric.index, "add", (-low, high))


def moved_to(case: Case, lever: Lever, stands: float, amount: float) -> float:
    """Return a metric's value with a change, over the horizon where it moves over time."""
    if lever.kind == "multiply":
        return stands * (1.0 + amount)
    metric = case.subject.graph.metrics[lever.slot]
    summed = metric.aggregation == "sum" and not is_level(case, metric)
    return stands + amount * (case.words.count_to(case.periods) if summed else 1)


def plausible_of(metric: Metric) -> tuple[float, float] | None:
    """Return what is stated as plausible, else the range of the value, else None."""
    stated = metric.spec.plausible or metric.spec.value
    return stated.low_high() if stated is not None else None


def _path(case: Case, metric: Metric) -> list[float]:
    return [row[metric.index] for row in case.base.rows]


def _around_zero(ends: tuple[float, float]) -> tuple[float, float]:
    return min(ends[0], 0.0), max(ends[1], 0.0)
