"""Step 4: runs that share a channel get tracks of their own, ordered so that they cross least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impacttree.render.layout.budget import Budget
from impacttree.render.layout.network import Edge, Network
from impacttree.render.layout.rows import Grid

__all__ = ["Tracks", "assign_tracks"]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Per channel (0 above the first row, ``rows`` below the last) its runs from top to bottom.

    `bundle` names, for each edge whose run joins another's, the edge that draws the common part: by common target
    (`into`) or by common source (`out_of`).
    """

    channels: tuple[tuple[tuple[int, ...], ...], ...]
    """channel > track > indices of the edges that run there."""
    into: dict[int, int]
    out_of: dict[int, int]


def assign_tracks(net: Network, grid: Grid, budget: Budget) -> Tracks:
    """Sort the runs of every channel into tracks."""
    into: dict[int, int] = {}
    out_of: dict[int, int] = {}
    levels: dict[float, list[Edge]] = {}
    for edge in net.edges:
        level = grid.level[edge.index]
        if level is not None:
            levels.setdefault(level, []).append(edge)
    grouped = {level: _bundles(grid, edges, into, out_of) for level, edges in levels.items()}
    channels = tuple(_order(grid, grouped.get(channel - 0.5, []), budget) for channel in range(grid.rows + 1))
    return Tracks(channels, into, out_of)


def gaps(grid: Grid, edge: Edge) -> tuple[int, int]:
    """First and last gap that an edge passes."""
    start, end = grid.lane[edge.source], grid.lane[edge.target]
    return (end - 1, start) if edge.returns else (start, end - 1)


def _bundles(grid: Grid, edges: list[Edge], into: dict[int, int], out_of: dict[int, int]) -> list[list[Edge]]:
    """Runs that carry nothing and end (or begin) at one card become one run; the longest draws it."""
    groups: list[list[Edge]] = []
    left = [edge for edge in edges if not edge.live and not edge.returns]
    for joined in (into, out_of):
        by_card: dict[tuple[int, bool], list[Edge]] = {}
        for edge in left:
            key = (edge.target, True) if joined is into else (edge.source, edge.link.assumed)
            by_card.setdefault(key, []).append(edge)
        left = []
        for members in by_card.values():
            if len(members) == 1:
                left += members
                continue
            members.sort(key=lambda edge: (gaps(grid, edge)[0] - gaps(grid, edge)[1], edge.index))
            joined.update((edge.index, members[0].index) for edge in members[1:])
            groups.append(members)
    groups += [[edge] for edge in left]
    groups += [[edge] for edge in edges if edge.live or edge.returns]
    return groups


def _order(grid: Grid, groups: list[list[Edge]], budget: Budget) -> tuple[tuple[int, ...], ...]:
    def mean(group: list[Edge]) -> tuple[float, int]:
        rows = [grid.row[edge.source] + grid.row[edge.target] for edge in group]
        return sum(rows) / len(rows), group[0].index

    groups = sorted(groups, key=mean)
    extents = {id(group): _extent(grid, group) for group in groups}
    for _ in groups:
        swapped = False
        for position in range(len(groups) - 1):
            if budget.spent:
                break
            upper, lower = groups[position], groups[position + 1]
            if not _overlap(extents[id(upper)], extents[id(lower)]):
                continue
            budget.spend(len(upper) * len(lower))
            if _crossings(grid, lower, upper) < _crossings(grid, upper, lower):
                groups[position], groups[position + 1] = lower, upper
                swapped = True
        if not swapped:
            break
    return _stacked(groups, [extents[id(group)] for group in groups])


def _stacked(groups: list[list[Edge]], extents: list[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Each group on the first track below all those before it that it meets."""
    tracks: list[list[int]] = []
    deepest: dict[int, int] = {}
    for group, (first, last) in zip(groups, extents, strict=True):
        track = 1 + max(deepest.get(gap, -1) for gap in range(first, last + 1))
        deepest.update(dict.fromkeys(range(first, last + 1), track))
        tracks += [[] for _ in range(track + 1 - len(tracks))]
        tracks[track] += [edge.index for edge in group]
    return tuple(map(tuple, tracks))


def _overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return one[0] <= two[1] and two[0] <= one[1]


def _extent(grid: Grid, group: Sequence[Edge]) -> tuple[int, int]:
    ends = [gaps(grid, edge) for edge in group]
    return min(first for first, _ in ends), max(last for _, last in ends)


def _crossings(grid: Grid, upper: Sequence[Edge], lower: Sequence[Edge]) -> int:
    """How often two groups cross when `upper` runs above `lower`."""
    count = 0
    for one in upper:
        for two in lower:
            if one.returns or two.returns:
                continue
            first, last = gaps(grid, one)
            begin, end = gaps(grid, two)
            for gap in range(max(first, begin), min(last, end) + 1):
                left = _height(grid, one, gap, left=True) - 0.1 - _height(grid, two, gap, left=True)
                right = _height(grid, one, gap, left=False) - 0.1 - _height(grid, two, gap, left=False)
                count += left * right < 0
    return count


def _height(grid: Grid, edge: Edge, gap: int, *, left: bool) -> float:
    if left and gap == grid.lane[edge.source]:
        return grid.row[edge.source]
    if not left and gap == grid.lane[edge.target] - 1:
        return grid.row[edge.target]
    return float(grid.level[edge.index] or 0.0)
