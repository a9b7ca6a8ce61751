"""Through which paths a lift reaches an outcome, and as which routes and by which names they are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from impacttree.engine.flows import Lift
from impacttree.engine.paths import MOST_CANDIDATES, Paths
from impacttree.graph.model import Graph, Influence, Metric
from impacttree.records import dataclass

__all__ = [
    "GRADES",
    "TEMPLATE",
    "Edge",
    "Path",
    "Route",
    "edges_of",
    "effects_along",
    "grade_of",
    "paths_of",
    "routes_of",
    "shortened",
    "told_apart",
]


TEMPLATE = "template values"
"""What is said of effects that only stand in until a real one is known, whatever their grade."""
GRADES = ("experiment", "quasi_experiment", "correlation", "benchmark", "judgement", TEMPLATE)
"""Strongest first; a path counts under its weakest."""


@dataclass(frozen=True, slots=True)
class Path:
    """One chain of metrics from the lifted one to the outcome."""

    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    amount: float
    share: float
    """Of the total; shares of paths that pull the other way are negative."""
    grade: str | None
    """Weakest evidence along the path; None when no assumed effect is on it: exact formulas are not evidence."""


@dataclass(frozen=True, slots=True)
class Route:
    """The paths that rest on the same assumed effects: where formulas part and join again after these is one way.

    Paths by formulas alone are one where they begin with the same step.
    """

    labels: tuple[str, ...]
    """What its paths have in common before they part, between the lifted metric and the outcome."""
    amount: float
    share: float
    """Of the total; negative where it pulls the other way."""
    paths: tuple[Path, ...]
    parts: tuple[tuple[str, float], ...]
    """Where its paths part, the label of what each goes through last before they join, and what comes through it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What one metric passes on to another in this lift."""

    source: str
    target: str
    lag: int
    """Periods it takes; 0 within a period."""
    amount: float
    assumed: bool
    """True for an assumed effect, False for an exact formula."""


def routes_of(graph: Graph, paths: Sequence[Path], total: float) -> tuple[Route, ...]:
    """Put paths together where only formulas part them, largest route first."""
    together: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        together.setdefault(path.metrics[: _assumed(graph, path) + 1], []).append(path)
    routes = [_route(alike, total) for alike in together.values()]
    return tuple(sorted(routes, key=lambda route: -abs(route.amount)))


SHOWN_STEPS = 4


def _assumed(graph: Graph, path: Path) -> int:
    """Return the position on a path that its last assumed effect leads to; 1 on a path by formulas alone."""
    on_it = [graph[name] for name in path.metrics]
    steps = [any(i.source == a.name for i in b.influences) for a, b in pairwise(on_it)]
    return max((position for position, assumed in enumerate(steps, 1) if assumed), default=1)


def _route(paths: Sequence[Path], total: float) -> Route:
    """Put paths together that begin alike."""
    least = min(len(path.metrics) for path in paths) - 1
    ahead = _alike([path.metrics[:least] for path in paths])
    behind = _alike([path.metrics[: ahead - 1 : -1][: least + 1 - ahead] for path in paths])
    parts: dict[str, list[float]] = {}
    for path in paths if len(paths) > 1 else ():
        last = len(path.metrics) - behind - 1
        parts.setdefault(path.labels[last] if last >= ahead else "directly", []).append(path.amount)
    amount = math.fsum(path.amount for path in paths)
    sums = sorted(((label, math.fsum(part)) for label, part in parts.items()), key=lambda part: -abs(part[1]))
    labels = paths[0].labels[1:ahead]
    return Route(labels, amount, amount / total if total else 0.0, tuple(paths), tuple(sums))


def _alike(rows: Sequence[Sequence[str]]) -> int:
    """Return how many items rows have in common from the first on."""
    return next((n for n, items in enumerate(zip(*rows, strict=False)) if len(set(items)) > 1), min(map(len, rows)))


def shortened(route: Route) -> str:
    """Write ``Monthly churn > Customers > …``: what a route begins with, all of it where that is short."""
    if len(route.labels) > SHOWN_STEPS:
        return " > ".join([*route.labels[: SHOWN_STEPS - 1], "…"])
    return " > ".join([*route.labels, *(["…"] if len(route.paths) > 1 else [])]) or "directly"


def told_apart(paths: Sequence[Path]) -> tuple[str, ...]:
    """Name paths that begin together by where they part: at each parting the metric that a path takes.

    Examples
    --------
    >>> paths = [Path((*names, "profit"), (*names, "profit"), 1.0, 0.5, "exact") for names in ("abcd", "abed", "afd")]
    >>> told_apart(paths)
    ('b > c', 'b > e', 'f')
    """
    after: dict[tuple[str, ...], dict[str, str]] = {}
    for path in paths:
        for position in range(1, len(path.metrics)):
            after.setdefault(path.metrics[:position], {})[path.metrics[position]] = path.labels[position]
    return tuple(_by_partings(path, after) for path in paths)


def _by_partings(path: Path, after: Mapping[tuple[str, ...], Mapping[str, str]]) -> str:
    """Name a path by what it takes at each parting; a metric's label, with its name where another there is alike."""
    taken = []
    for position in range(1, len(path.metrics)):
        there = after[path.metrics[:position]]
        if len(there) > 1:
            name, label = path.metrics[position], path.labels[position]
            alike = list(there.values()).count(label) > 1
            is_last = position == len(path.metrics) - 1
            taken.append("directly" if is_last else f"{label} ({name})" if alike else label)
    return " > ".join(taken) or path.labels[min(1, len(path.labels) - 1)]


def paths_of(graph: Graph, lift: Lift, total: float) -> tuple[tuple[Path, ...], float]:
    """Return the largest paths of a lift, and what of the total comes through none of them."""
    metrics = graph.metrics
    if 0 < max((abs(flow.amount) for flow in lift.flows), default=0.0) <= lift.noise:
        return (), 0.0
    found = []
    for walked in Paths(lift).best(MOST_CANDIDATES):
        on_it = [metrics[index] for index in walked.metrics]
        found.append(
            Path(
                metrics=tuple(metric.name for metric in on_it),
                labels=tuple(metric.label for metric in on_it),
                amount=walked.amount,
                share=walked.amount / total if total else 0.0,
                grade=_weakest(on_it),
            )
        )
    rest = total - math.fsum(path.amount for path in found)
    return tuple(found), rest if abs(rest) > lift.allowance else 0.0


def effects_along(path: Sequence[Metric]) -> list[tuple[Metric, Influence]]:
    """Return the assumed effects along a path, with the metric each acts on."""
    return [(target, i) for source, target in pairwise(path) for i in target.influences if i.source == source.name]


def grade_of(effect: Influence) -> str:
    """Return the evidence grade that an assumed effect counts under."""
    return TEMPLATE if effect.placeholder else effect.evidence.grade


def _weakest(path: Sequence[Metric]) -> str | None:
    return max((grade_of(effect) for _, effect in effects_along(path)), key=GRADES.index, default=None)


def edges_of(graph: Graph, lift: Lift) -> tuple[Edge, ...]:
    """Return what each metric passes on to the next in a lift."""
    metrics = graph.metrics
    edges = []
    for flow in lift.flows:
        source, target = metrics[flow.source], metrics[flow.target]
        assumed = any(influence.source == source.name for influence in target.influences)
        edges.append(Edge(source.name, target.name, flow.lag, flow.amount, assumed))
    return tuple(edges)
