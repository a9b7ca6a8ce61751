"""The order of evaluation, within a period and at t = 0, and the loops through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from impacttree.formula import Expr, names
from impacttree.graph.cycles import components, evaluation_order, shortest_cycle
from impacttree.graph.findings import Findings
from impacttree.graph.model import Reference, Timing
from impacttree.records import dataclass
from impacttree.spec import MetricSpec

__all__ = ["Orders", "orders_of"]

MAX_SHOWN = 8
"""Metrics of a circle that a message lists."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Positions of the metrics in order of evaluation, and the loop number of each (-1 off loops).

    Orders are shorter than the list of metrics where a circle is reported.
    """

    period: tuple[int, ...]
    initial: tuple[int, ...]
    loops: tuple[int, ...]


def orders_of(
    metrics: Sequence[MetricSpec],
    reads: Sequence[Mapping[Reference, tuple[int, int]]],
    findings: Findings,
    starts: Mapping[str, Expr],
) -> Orders:
    """Put the metrics in order, and report each circle once.

    Parameters
    ----------
    metrics
        All metrics of the tree.
    reads
        What each reads, with the place of the first mention in its formula.
    findings
        Takes the problems.
    starts
        The formulas of starts, by metric.
    """
    position = {metric.name: index for index, metric in enumerate(metrics)}

    def edges(timings: frozenset[Timing]) -> list[list[int]]:
        return [
            list(
                dict.fromkeys(position[ref.source] for ref in refs if ref.timing in timings and ref.source in position)
            )
            for refs in reads
        ]

    now = edges(_NOW)
    period = evaluation_order(now)
    first = [[position[name] for name in names(starts[m.name])] if m.name in starts else [] for m in metrics]
    rows = zip(metrics, edges(_AT_START), first, strict=True)
    at_start = [stated if metric.start else sources for metric, sources, stated in rows]
    initial = evaluation_order(at_start)
    circular: set[int] = set()
    if len(period) < len(metrics):
        for members in _circles(now):
            circular.update(members)
            _report_circle(metrics, reads, shortest_cycle(now, members), findings)
    if len(initial) < len(metrics):
        for members in _circles(at_start):
            if circular.isdisjoint(members):
                _report_start(metrics, reads, shortest_cycle(at_start, members), findings)
    return Orders(period, initial, _loops(edges(_THROUGH_TIME)))


_NOW: frozenset[Timing] = frozenset(("now", "cumulative"))
_AT_START: frozenset[Timing] = frozenset(("now", "prev", "baseline"))
_THROUGH_TIME: frozenset[Timing] = frozenset(("now", "prev", "cumulative"))


def _circles(inputs: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Return the components that hold a circle, in file order."""
    return sorted(members for members in components(inputs) if len(members) > 1 or members[0] in inputs[members[0]])


def _loops(inputs: Sequence[Sequence[int]]) -> tuple[int, ...]:
    loops = [-1] * len(inputs)
    for number, members in enumerate(_circles(inputs)):
        for member in members:
            loops[member] = number
    return tuple(loops)


def _report_circle(
    metrics: Sequence[MetricSpec],
    reads: Sequence[Mapping[Reference, tuple[int, int]]],
    circle: Sequence[int],
    findings: Findings,
) -> None:
    """Report a circle within one period, at the first metric of it in the file."""
    first, source = metrics[circle[0]], metrics[circle[1 % len(circle)]].name
    timing, span = next((ref.timing, span) for ref, span in reads[circle[0]].items() if ref.source == source)
    if len(circle) == 1:
        reason = f"'{first.name}' reads itself in the same period"
        fix = f"read the period before: prev({first.name}), with the value before period 1 as `start`"
    else:
        reason = f"these read each other in the same period: {_path(metrics, circle)}"
        fix = f"let one of them read the period before: prev({source}) in '{first.name}'"
    if timing == "cumulative":
        reason += " (cumulative includes the current period)"
    if first.drivers:
        fix = f"let one effect show later: `lag: 1` in the driver '{source}' of '{first.name}'"
        findings.add(first.name, ("drivers", source), reason, fix)
    else:
        findings.add(first.name, ("formula",), reason, fix, first.formula or "", span)


def _report_start(
    metrics: Sequence[MetricSpec],
    reads: Sequence[Mapping[Reference, tuple[int, int]]],
    circle: Sequence[int],
    findings: Findings,
) -> None:
    """Report a circular history, at the metric whose earlier value is read."""
    chosen = metrics[circle[0]]
    for place, index in enumerate(circle):
        source = metrics[circle[(place + 1) % len(circle)]]
        if any(ref.source == source.name and ref.timing != "now" for ref in reads[index]):
            chosen = source
            break
    if any(problem.metric == chosen.name and problem.key.startswith("start") for problem in findings.problems):
        return  # it has one, which is reported
    unit = f" {chosen.unit}" if chosen.unit and not chosen.unit.is_pure else ""
    example = chosen.value.text if chosen.value else f"100{unit}"
    reason = f"'{chosen.name}' needs a start: its value before period 1 depends on itself ({_path(metrics, circle)})"
    findings.add(chosen.name, (), reason, f"add its value at t = 0, e.g. `start: {example}`")


def _path(metrics: Sequence[MetricSpec], circle: Sequence[int]) -> str:
    names = [metrics[index].name for index in (*circle, circle[0])]
    if len(names) > MAX_SHOWN:
        names = [*names[: MAX_SHOWN - 2], f"({len(names) - MAX_SHOWN + 1} more)", names[-1]]
    return " <- ".join(names)
