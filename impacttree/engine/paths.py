"""The paths of a lift: which chains of metrics carry how much, best first.

A path is a walk through the tree with its loops erased, and its amount is the sum over all walks (through time) that
erase to it. For chronological loop erasure that sum is a product: at each metric of the path, all walks that come back
to it without touching the metrics before it on the path; then the step to the next one (Lawler, "Loop-erased random
walk", 1999, gives the identity for general weights). Both factors act on moves by period.

The candidates are found best first on the share that each metric passes on along each edge, then measured exactly.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from impacttree.engine.flows import Lift
from impacttree.engine.quadrature import HORIZON, Node
from impacttree.engine.tape import Load
from impacttree.records import dataclass

__all__ = ["Paths", "WalkedPath"]

MOST_CANDIDATES = 60
MOST_EXPANSIONS = 20_000


@dataclass(frozen=True, slots=True)
class WalkedPath:
    """Metrics from the lifted one to the outcome, and the amount that comes this way."""

    metrics: tuple[int, ...]
    amount: float


@dataclass(frozen=True, slots=True)
class _Moves:
    """How a metric moves because of what came along a path: by period, and its recomputed horizon value."""

    rows: tuple[float, ...]
    horizon: float


class Paths:
    """The paths of one lift."""

    def __init__(self, lift: Lift) -> None:
        self.lift, self.model, self.slopes, self.structure = lift, lift.model, lift.slopes, lift.structure

    def best(self, count: int) -> tuple[WalkedPath, ...]:
        """Return the `count` largest paths by absolute amount, largest first."""
        candidates = sorted(self._candidates())
        found = list(map(WalkedPath, candidates, self.amounts(candidates)))
        found.sort(key=lambda path: (-abs(path.amount), len(path.metrics), path.metrics))
        return tuple(path for path in found[:count] if path.amount)

    def amounts(self, paths: Sequence[Sequence[int]]) -> list[float]:
        """Return the exact amount of all walks whose loop erasure is each path; in order, they begin alike."""
        carried = [[node.weight * moved for moved in self._along(node, paths)] for node in self.lift.nodes]
        return [math.fsum(of_path) for of_path in zip(*carried, strict=True)]

    def _along(self, node: Node, paths: Sequence[Sequence[int]]) -> Iterator[float]:
        """Yield how the outcome moves along each path; what it has in common with the one before is known."""
        known: list[_Moves] = []
        before: Sequence[int] = ()
        for path in paths:
            del known[_alike(before, path) :]
            for position in range(len(known), len(path)):
                moves = _Moves(tuple(self.slopes.delta), self.slopes.delta_horizon)
                if position:
                    moves = self._pass(node, path[position - 1], path[position], known[-1])
                known.append(self._return(node, path[position], path[:position], moves))
            before = path
            yield self._horizon(self.lift.outcome, known[-1])

    def _horizon(self, metric: int, moves: _Moves) -> float:
        if self.model.recomputes(metric):
            return moves.horizon
        return self.model.tangent(metric, moves.rows, self.slopes.window)

    def _pass(self, node: Node, source: int, target: int, moves: _Moves) -> _Moves:
        """Return how `target` moves directly because `source` moves so."""
        rows = [0.0] * len(moves.rows)
        for edge, load in self._between.get((source, target), ()):
            values = _running(moves.rows) if load.slot != source else moves.rows
            for position in range(load.lag, len(rows)):
                rows[position] += node.partials[position][edge] * values[position - load.lag]
        horizon = 0.0
        for edge, load in self._between_horizon.get((source, target), ()):
            horizon += node.horizon[edge] * self._horizon(load.slot, moves)
        return _Moves(tuple(rows), horizon)

    def _return(self, node: Node, metric: int, before: Sequence[int], moves: _Moves) -> _Moves:
        """Return how `metric` moves with all walks that come back to it past none of the metrics `before`."""
        loop = self._loops.get(self.model.graph.metrics[metric].loop, ())
        inside = [slot for slot in loop if self.model.owners[slot] not in before]
        if metric == self.lift.slot or metric not in inside:
            return moves
        allowed = set(inside)
        rows: list[dict[int, float]] = []
        for position, arriving in enumerate(moves.rows):
            row: dict[int, float] = {}
            rows.append(row)
            for slot in inside:
                total = arriving if slot == metric else 0.0
                for edge, load in self.structure.inward(0).get(slot, ()):
                    if load.slot in allowed and position >= load.lag:
                        total += node.partials[position][edge] * rows[position - load.lag][load.slot]
                row[slot] = total
        return _Moves(tuple(row[metric] for row in rows), moves.horizon)

    @cached_property
    def _loops(self) -> Mapping[int, tuple[int, ...]]:
        """Slots of each time loop that the lift touches, running totals included, in order of evaluation."""
        loops: dict[int, list[int]] = {}
        for slot in self.structure.order(0):
            loop = self.model.graph.metrics[self.model.owners[slot]].loop
            if loop >= 0:
                loops.setdefault(loop, []).append(slot)
        return {loop: tuple(slots) for loop, slots in loops.items()}

    @cached_property
    def _between(self) -> Mapping[tuple[int, int], tuple[tuple[int, Load], ...]]:
        """(source, target) -> edges of a step between two metrics; a running total belongs to its metric."""
        return self._grouped(self.structure.inward(0))

    @cached_property
    def _between_horizon(self) -> Mapping[tuple[int, int], tuple[tuple[int, Load], ...]]:
        return self._grouped(self.structure.inward(HORIZON))

    def _grouped(
        self, inward: Mapping[int, Sequence[tuple[int, Load]]]
    ) -> Mapping[tuple[int, int], tuple[tuple[int, Load], ...]]:
        owners = self.model.owners
        grouped: dict[tuple[int, int], list[tuple[int, Load]]] = {}
        for slot, loads in inward.items():
            for edge, load in loads:
                if owners[slot] != owners[load.slot]:
                    grouped.setdefault((owners[load.slot], owners[slot]), []).append((edge, load))
        return {pair: tuple(edges) for pair, edges in grouped.items()}

    def _candidates(self) -> Iterator[tuple[int, ...]]:
        """Yield paths by falling product of the shares passed on; ties go to the deepest, so that long ones finish."""
        start, end = self.lift.slot, self.lift.outcome
        onward = self._shares
        ahead = _cheapest(onward, end)
        if start not in ahead:
            return
        queue: list[tuple[float, int, float, tuple[int, ...]]] = [(ahead[start], 0, 0.0, (start,))]
        yielded = expanded = 0
        while queue and yielded < MOST_CANDIDATES and expanded < MOST_EXPANSIONS:
            _, _, cost, path = heapq.heappop(queue)
            if path[-1] == end:
                yielded += 1
                yield path
                continue
            expanded += 1
            for target, step in onward.get(path[-1], ()):
                if target in ahead and target not in path:
                    bound = round(cost + step + ahead[target], 9)
                    heapq.heappush(queue, (bound, -len(path), cost + step, (*path, target)))

    @cached_property
    def _shares(self) -> Mapping[int, tuple[tuple[int, float], ...]]:
        """Metric -> (target, -log of the share of what it passes on that goes there, nothing cancelling)."""
        amounts: dict[int, dict[int, float]] = {}
        for flow in self.lift.gross:
            targets = amounts.setdefault(flow.source, {})
            targets[flow.target] = targets.get(flow.target, 0.0) + abs(flow.amount)
        shares: dict[int, tuple[tuple[int, float], ...]] = {}
        for source, targets in amounts.items():
            total = sum(targets.values())
            if total > 0:
                least = total * 1e-15
                shares[source] = tuple((t, -math.log(a / total)) for t, a in sorted(targets.items()) if a > least)
        return shares


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """Return with how many members two sequences begin alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _running(values: Sequence[float]) -> list[float]:
    total, totals = 0.0, []
    for value in values:
        total += value
        totals.append(total)
    return totals


def _cheapest(onward: Mapping[int, Sequence[tuple[int, float]]], end: int) -> dict[int, float]:
    """Return the least cost from each metric to `end` (Dijkstra, backwards)."""
    backward: dict[int, list[tuple[int, float]]] = {}
    for source, targets in onward.items():
        for target, cost in targets:
            backward.setdefault(target, []).append((source, cost))
    best: dict[int, float] = {}
    queue = [(0.0, end)]
    while queue:
        cost, metric = heapq.heappop(queue)
        if metric not in best:
            best[metric] = cost
            for source, step in backward.get(metric, ()):
                if source not in best:
                    heapq.heappush(queue, (cost + step, source))
    return best
