"""Order and circles of a directed graph given as lists of inputs: iterative, linear, deterministic.

A graph is a sequence that holds, for each node (a position from 0), the positions of the nodes it reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

__all__ = ["components", "evaluation_order", "readers", "shortest_cycle"]

Inputs = Sequence[Sequence[int]]

SEARCH_STEPS = 2_000_000
"""Edges that `shortest_cycle` follows before it settles for the shortest circle found so far."""


def readers(inputs: Inputs) -> list[list[int]]:
    """Return, for each node, the nodes that read it.

    Examples
    --------
    >>> readers([[], [0], [0, 1]])
    [[1, 2], [2], []]
    """
    result: list[list[int]] = [[] for _ in inputs]
    for node, sources in enumerate(inputs):
        for source in sources:
            result[source].append(node)
    return result


def evaluation_order(inputs: Inputs) -> tuple[int, ...]:
    """Return the nodes, each after all it reads, otherwise in file order.

    Nodes on a circle, and nodes that read one, are left out: the result is shorter than `inputs` exactly when there
    is a circle.

    Examples
    --------
    >>> evaluation_order([[2], [], [1]])
    (1, 2, 0)
    >>> evaluation_order([[1], [0], []])
    (2,)
    """
    missing = [len(sources) for sources in inputs]
    reading = readers(inputs)
    ready = [node for node, count in enumerate(missing) if not count]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for reader in reading[node]:
            missing[reader] -= 1
            if not missing[reader]:
                heappush(ready, reader)
    return tuple(order)


def components(inputs: Inputs) -> tuple[tuple[int, ...], ...]:
    """Return the strongly connected components, each after all that it reads (Tarjan 1972, without recursion).

    A node that lies on no circle is a component of its own; so is a node that reads only itself.

    Examples
    --------
    >>> components([[1], [0, 2], []])
    ((2,), (0, 1))
    """
    unseen = -1
    number = [unseen] * len(inputs)
    low = [0] * len(inputs)
    open_nodes: list[int] = []
    is_open = [False] * len(inputs)
    result: list[tuple[int, ...]] = []
    counter = 0
    for root in range(len(inputs)):
        if number[root] != unseen:
            continue
        work = [(root, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                number[node] = low[node] = counter
                counter += 1
                open_nodes.append(node)
                is_open[node] = True
            sources = inputs[node]
            while position < len(sources):
                source = sources[position]
                position += 1
                if number[source] == unseen:
                    work.append((node, position))
                    work.append((source, 0))
                    break
                if is_open[source]:
                    low[node] = min(low[node], number[source])
            else:
                if low[node] == number[node]:
                    result.append(_close(node, open_nodes, is_open))
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
    return tuple(result)


def _close(root: int, open_nodes: list[int], is_open: list[bool]) -> tuple[int, ...]:
    members: list[int] = []
    while True:
        member = open_nodes.pop()
        is_open[member] = False
        members.append(member)
        if member == root:
            return tuple(sorted(members))


def shortest_cycle(inputs: Inputs, within: Sequence[int]) -> tuple[int, ...]:
    """Return a shortest circle among the nodes `within`, each followed by what it reads; empty if there is none.

    It starts at the lowest of its nodes. Each node in turn, the busiest first, is searched breadth first and then
    struck out, together with all that no longer lies on a circle. After `SEARCH_STEPS` edges the shortest circle
    found so far is returned.

    Examples
    --------
    >>> shortest_cycle([[1], [2], [0, 1]], [0, 1, 2])
    (1, 2)
    """
    alive = set(within)
    sources = {node: [source for source in inputs[node] if source in alive] for node in within}
    targets: dict[int, list[int]] = {node: [] for node in within}
    for node in within:
        for source in sources[node]:
            targets[source].append(node)
    neighbors = (sources, targets)
    degrees = tuple({node: len(side[node]) for node in within} for side in neighbors)
    best: tuple[int, ...] = ()
    steps = 0
    for start in sorted(within, key=lambda node: (-len(sources[node]) * len(targets[node]), node)):
        if start not in alive:
            continue
        found, followed = _circle_through(start, sources, alive, len(best) or len(alive) + 1)
        best = found or best
        steps += followed
        if len(best) == 1 or (best and steps > SEARCH_STEPS):
            break
        _strike(start, neighbors, degrees, alive)
    if not best:
        return ()
    lowest = best.index(min(best))
    return best[lowest:] + best[:lowest]


def _circle_through(
    start: int, sources: dict[int, list[int]], alive: set[int], limit: int
) -> tuple[tuple[int, ...], int]:
    """Search breadth first for a circle through `start` of fewer than `limit` nodes; also count edges followed."""
    came_from = {start: start}
    depth = {start: 1}
    queue = deque([start])
    followed = 0
    while queue:
        node = queue.popleft()
        if depth[node] >= limit:
            break
        for source in sources[node]:
            followed += 1
            if source == start:
                circle = [node]
                while circle[-1] != start:
                    circle.append(came_from[circle[-1]])
                return tuple(reversed(circle)), followed
            if source in alive and source not in came_from:
                came_from[source] = node
                depth[source] = depth[node] + 1
                queue.append(source)
    return (), followed


def _strike(
    start: int,
    neighbors: tuple[dict[int, list[int]], dict[int, list[int]]],
    degrees: tuple[dict[int, int], ...],
    alive: set[int],
) -> None:
    """Take `start` out of `alive`, and all that then reads nothing alive or is read by nothing alive."""
    sources, targets = neighbors
    source_count, target_count = degrees
    doomed = [start]
    while doomed:
        node = doomed.pop()
        if node not in alive:
            continue
        alive.discard(node)
        for reader in targets[node]:
            source_count[reader] -= 1
            if not source_count[reader]:
                doomed.append(reader)
        for source in sources[node]:
            target_count[source] -= 1
            if not target_count[source]:
                doomed.append(source)
