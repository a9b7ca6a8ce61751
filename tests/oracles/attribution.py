"""What each edge and each path of a lift carries, by brute force over the unrolled tree.

The integral of local flows along the lift is taken by Gauss-Legendre quadrature with more nodes than are needed; paths
are found by walking every walk through time, and erasing its loops in the order in which they close.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from tests.oracles.unrolled import OVER, Edge, Node, Oracle, World, erased
from tests.strategies import Change

__all__ = ["Attribution", "TooManyWalksError"]


class TooManyWalksError(Exception):
    """There are more walks than a test should follow."""


class Attribution:
    """One lift of one metric, taken apart.

    Parameters
    ----------
    oracle
        The model.
    metric, change
        What is lifted, and how.
    outcome
        What is asked about.
    nodes
        Places along the lift at which flows are taken; 1 is exact for linear trees.
    """

    def __init__(self, oracle: Oracle, metric: str, change: Change, outcome: str, nodes: int) -> None:
        self.oracle, self.metric, self.outcome = oracle, metric, outcome
        self.before, self.after = oracle.world(), oracle.world({metric: change})
        places, weights = np.polynomial.legendre.leggauss(nodes)
        self.places = [((x + 1) / 2, w / 2) for x, w in zip(places, weights, strict=True)]

    @property
    def total(self) -> float:
        return float(self.after.over(self.outcome) - self.before.over(self.outcome))

    def delta(self, node: Node) -> Any:
        return self.after.at(node) - self.before.at(node)

    def is_moved(self, node: Node) -> bool:
        """Whether the lift itself moves this node: the metric in a period, or its own recomputed horizon value."""
        return node[0] == self.metric and (node[1] != OVER or self.oracle.aggregations[self.metric] == "recompute")

    def at(self, share: float) -> World:
        """Return the world with a share of the lift."""
        metric, periods = self.metric, range(1, self.oracle.periods + 1)

        def part(node: Node) -> Any:
            return self.before.at(node) + share * self.delta(node)

        return self.oracle.world(paths={metric: ([part((metric, t)) for t in periods], part((metric, OVER)))})

    @cached_property
    def slices(self) -> list[tuple[float, list[Node], dict[Node, tuple[Edge, ...]]]]:
        """Weight, nodes in order, and edges into each, at every place along the lift."""
        slices = []
        for share, weight in self.places:
            world = self.at(share)
            order = world.order(self.outcome)
            slices.append((weight, order, {node: world.edges(node) for node in order}))
        return slices

    @cached_property
    def flows(self) -> dict[tuple[str, str, int], float]:
        """Amount that each edge between two metrics carries, by the periods that it takes."""
        flows: dict[tuple[str, str, int], float] = {}
        for weight, order, edges in self.slices:
            moves = self._moves(order, edges)
            pulls = self._pulls(order, edges)
            for node in order:
                for edge in edges[node]:
                    for source in edge.sources:
                        if source[0] != node[0]:
                            lag = int(node[1]) - int(source[1]) if OVER not in (node[1], source[1]) else 0
                            key = (source[0], node[0], lag if len(edge.sources) == 1 else 0)
                            carried = weight * float(moves[source] * edge.slope * pulls[node])
                            flows[key] = flows.get(key, 0.0) + carried
        return flows

    def _moves(self, order: list[Node], edges: dict[Node, tuple[Edge, ...]]) -> dict[Node, Any]:
        moves: dict[Node, Any] = {}
        for node in order:
            if self.is_moved(node):
                moves[node] = self.delta(node)
            else:
                moves[node] = sum(edge.slope * moves[source] for edge in edges[node] for source in edge.sources)
        return moves

    def _pulls(self, order: list[Node], edges: dict[Node, tuple[Edge, ...]]) -> dict[Node, Any]:
        pulls: dict[Node, Any] = dict.fromkeys(order, 0)
        pulls[self.outcome, OVER] = 1
        for node in reversed(order):
            for edge in edges[node]:
                for source in edge.sources:
                    pulls[source] += edge.slope * pulls[node]
        return pulls

    def paths(self, most: int = 20_000) -> dict[tuple[str, ...], float]:
        """Return the amount of each path: the sum over all walks whose loop erasure it is.

        Raises
        ------
        TooManyWalksError
            When there are more than `most` walks.
        """
        amounts: dict[tuple[str, ...], float] = {}
        for weight, order, edges in self.slices:
            for count, (walk, carried) in enumerate(self._walks(order, edges), 1):
                if count * len(self.slices) > most:
                    raise TooManyWalksError
                path = erased([name for name, _ in walk])
                amounts[path] = amounts.get(path, 0.0) + weight * carried
        return amounts

    def _walks(
        self, order: list[Node], edges: dict[Node, tuple[Edge, ...]]
    ) -> Iterator[tuple[tuple[Node, ...], float]]:
        """Yield every walk from a node that the lift moves to the outcome over the horizon, and what it carries."""
        onward: dict[Node, list[tuple[Node, float]]] = {}
        for node in order:
            for edge in edges[node]:
                for source in edge.sources:
                    onward.setdefault(source, []).append((node, float(edge.slope)))
        end = (self.outcome, OVER)
        pending = [((node,), float(self.delta(node))) for node in order if self.is_moved(node)]
        while pending:
            walk, carried = pending.pop()
            if walk[-1] == end:
                yield walk, carried
                continue
            pending += [((*walk, node), carried * slope) for node, slope in onward.get(walk[-1], ())]
