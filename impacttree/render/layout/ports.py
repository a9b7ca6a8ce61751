"""Step 7: where on the side of a card each arrow leaves or enters."""

from __future__ import annotations

from impacttree.records import dataclass
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.sizes import Geometry, thickness
from impacttree.render.layout.standing import Grid
from impacttree.render.layout.style import POINT
from impacttree.render.layout.tracks import Tracks

__all__ = ["Ports", "assign_ports", "head_length", "head_width"]

CROWD = 6
"""More inputs than this that carry nothing share one port and one head."""
CORNER = 0.12


@dataclass(frozen=True, slots=True)
class Ports:
    """Height of each arrow's end at its source and at its target; `heads` are the arrows that draw an arrowhead."""

    start: tuple[float, ...]
    end: tuple[float, ...]
    heads: frozenset[int]


@dataclass(slots=True)
class _Slot:
    """One place on a side: the arrows that share it, how far up or down they go, and the width they need."""

    far: float
    width: float
    arrows: list[int]
    main: bool = False


def head_length(width: float) -> float:
    """Return the length of the arrowhead of a line `width` inches wide."""
    return 0.07 + 0.55 * width


def head_width(width: float) -> float:
    """Return the whole breadth of that arrowhead."""
    return 0.07 + 1.35 * width


def assign_ports(net: Network, grid: Grid, tracks: Tracks, geometry: Geometry) -> Ports:
    """Stack the arrow ends of every card side around its middle, the main path in the middle."""
    start = [0.0] * len(net.arrows)
    end = [0.0] * len(net.arrows)
    heads = {arrow.index for arrow in net.arrows}
    leaves: list[list[Arrow]] = [[] for _ in net.cards]
    enters: list[list[Arrow]] = [[] for _ in net.cards]
    for arrow in net.arrows:
        if arrow.returns or grid.lane[arrow.source] != grid.lane[arrow.target]:
            leaves[arrow.source].append(arrow)
            enters[arrow.target].append(arrow)
    for card in range(len(net.cards)):
        middle = geometry.middle(grid.row[card])
        half = geometry.row_height[grid.row[card]] / 2 - CORNER
        slots = _slots(net, grid, geometry, leaves[card], tracks.out_of, leaving=True)
        _stack(slots, middle, half, geometry.text_scale, start)
        shared = tracks.into
        idle = [arrow.index for arrow in enters[card] if not arrow.live and not arrow.returns and not arrow.on_path]
        if len(idle) > CROWD:
            shared = dict.fromkeys(idle[1:], idle[0])
            heads.difference_update(idle[1:])
        slots = _slots(net, grid, geometry, enters[card], shared, leaving=False)
        _stack(slots, middle, half, geometry.text_scale, end)
    heads.difference_update(tracks.into)
    return Ports(tuple(start), tuple(end), frozenset(heads))


def _slots(
    net: Network, grid: Grid, geometry: Geometry, arrows: list[Arrow], shared: dict[int, int], *, leaving: bool
) -> list[_Slot]:
    slots: dict[int, _Slot] = {}
    for arrow in arrows:
        key = shared.get(arrow.index, arrow.index)
        far = geometry.run_y[arrow.index]
        if far is None:
            other = arrow.target if leaving else arrow.source
            far = geometry.middle(grid.row[other])
        line = thickness(net, arrow, geometry.text_scale)
        width = line if leaving else max(line, head_width(line))
        slot = slots.setdefault(key, _Slot(0.0, 0.0, []))
        slot.far = (slot.far * len(slot.arrows) + far) / (len(slot.arrows) + 1)
        slot.width = max(slot.width, width)
        slot.arrows.append(arrow.index)
        slot.main = slot.main or arrow.on_path
    return sorted(slots.values(), key=lambda slot: (slot.far, slot.arrows[0]))


def _stack(slots: list[_Slot], middle: float, half: float, text_scale: float, heights: list[float]) -> None:
    main = next((slot for slot in slots if slot.main), None)
    if main is None:
        _spread(slots, middle - half, middle + half, middle, text_scale, heights)
        return
    for index in main.arrows:
        heights[index] = middle
    reach = main.width / 2 + 0.6 * POINT
    above = [slot for slot in slots if slot is not main and slot.far < middle - 0.01]
    below = [slot for slot in slots if slot is not main and slot.far >= middle - 0.01]
    _spread(above, middle - half, middle - reach, None, text_scale, heights, upward=True)
    _spread(below, middle + reach, middle + half, None, text_scale, heights)


def _spread(
    slots: list[_Slot],
    low: float,
    high: float,
    middle: float | None,
    text_scale: float,
    heights: list[float],
    *,
    upward: bool = False,
) -> None:
    """Put `slots` between `low` and `high`: around `middle`, or outward from the main path's line."""
    if not slots:
        return
    widths = sum(slot.width for slot in slots)
    free = max(0.0, high - low - widths)
    spaces = len(slots) - 1 if middle is not None else len(slots)
    space = min(0.12 * text_scale, free / max(1, spaces))
    used = widths + space * spaces
    squeeze = min(1.0, (high - low) / used) if used > 0 else 1.0
    if middle is not None:
        y = middle - used * squeeze / 2
    else:
        y = high - used * squeeze if upward else low + space * squeeze * 0.6
    for slot in slots:
        centre = y + slot.width * squeeze / 2
        for index in slot.arrows:
            heights[index] = centre
        y += (slot.width + space) * squeeze
