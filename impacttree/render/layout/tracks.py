"""Step 4: runs that share a channel get tracks of their own, ordered so that they cross least."""

from __future__ import annotations

from collections.abc import Sequence

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.standing import Grid

__all__ = ["Tracks", "assign_tracks"]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Per channel (0 above the first row, ``rows`` below the last) its runs from top to bottom.

    `bundle` names, for each arrow whose run joins another's, the arrow that draws the common part: by common target
    (`into`) or by common source (`out_of`).
    """

    channels: tuple[tuple[tuple[int, ...], ...], ...]
    """channel > track > indices of the arrows that run there."""
    into: dict[int, int]
    out_of: dict[int, int]


def assign_tracks(net: Network, grid: Grid, budget: Budget) -> Tracks:
    """Sort the runs of every channel into tracks."""
    into: dict[int, int] = {}
    out_of: dict[int, int] = {}
    levels: dict[float, list[Arrow]] = {}
    for arrow in net.arrows:
        level = grid.level[arrow.index]
        if level is not None:
            levels.setdefault(level, []).append(arrow)
    grouped = {level: _bundles(grid, arrows, into, out_of) for level, arrows in levels.items()}
    channels = tuple(_order(grid, grouped.get(channel - 0.5, []), budget) for channel in range(grid.rows + 1))
    return Tracks(channels, into, out_of)


def gaps(grid: Grid, arrow: Arrow) -> tuple[int, int]:
    """Return first and last gap that an arrow passes."""
    start, end = grid.lane[arrow.source], grid.lane[arrow.target]
    return (end - 1, start) if arrow.returns else (start, end - 1)


def _bundles(grid: Grid, arrows: list[Arrow], into: dict[int, int], out_of: dict[int, int]) -> list[list[Arrow]]:
    """Join runs that carry nothing and end (or begin) at one card; the longest draws them all."""
    groups: list[list[Arrow]] = []
    left = [arrow for arrow in arrows if not arrow.live and not arrow.returns]
    for joined in (into, out_of):
        by_card: dict[tuple[int, bool], list[Arrow]] = {}
        for arrow in left:
            key = (arrow.target, True) if joined is into else (arrow.source, arrow.link.assumed)
            by_card.setdefault(key, []).append(arrow)
        left = []
        for members in by_card.values():
            if len(members) == 1:
                left += members
                continue
            members.sort(key=lambda arrow: (gaps(grid, arrow)[0] - gaps(grid, arrow)[1], arrow.index))
            joined.update((arrow.index, members[0].index) for arrow in members[1:])
            groups.append(members)
    groups += [[arrow] for arrow in left]
    groups += [[arrow] for arrow in arrows if arrow.live or arrow.returns]
    return groups


def _order(grid: Grid, groups: list[list[Arrow]], budget: Budget) -> tuple[tuple[int, ...], ...]:
    def mean(group: list[Arrow]) -> tuple[float, int]:
        rows = [grid.row[arrow.source] + grid.row[arrow.target] for arrow in group]
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


def _stacked(groups: list[list[Arrow]], extents: list[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return each group on the first track below all those before it that it meets."""
    tracks: list[list[int]] = []
    deepest: dict[int, int] = {}
    for group, (first, last) in zip(groups, extents, strict=True):
        track = 1 + max(deepest.get(gap, -1) for gap in range(first, last + 1))
        deepest.update(dict.fromkeys(range(first, last + 1), track))
        tracks += [[] for _ in range(track + 1 - len(tracks))]
        tracks[track] += [arrow.index for arrow in group]
    return tuple(map(tuple, tracks))


def _overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return one[0] <= two[1] and two[0] <= one[1]


def _extent(grid: Grid, group: Sequence[Arrow]) -> tuple[int, int]:
    ends = [gaps(grid, arrow) for arrow in group]
    return min(first for first, _ in ends), max(last for _, last in ends)


def _crossings(grid: Grid, upper: Sequence[Arrow], lower: Sequence[Arrow]) -> int:
    """Return how often two groups cross when `upper` runs above `lower`."""
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


def _height(grid: Grid, arrow: Arrow, gap: int, *, left: bool) -> float:
    if left and gap == grid.lane[arrow.source]:
        return grid.row[arrow.source]
    if not left and gap == grid.lane[arrow.target] - 1:
        return grid.row[arrow.target]
    return float(grid.level[arrow.index] or 0.0)
