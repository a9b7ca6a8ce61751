"""Step 5: from lanes and rows to inches: page, cards, gaps, and the height of every run."""

from __future__ import annotations

import math
from dataclasses import replace

from impacttree.records import dataclass
from impacttree.render.layout.measure import text_width
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.standing import Grid
from impacttree.render.layout.style import (
    CARD_GAP,
    FOOT,
    LEAST,
    MARGIN,
    NAME,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PART_HEIGHT,
    PART_LANE,
    POINT,
    TRACK,
)
from impacttree.render.layout.tracks import Tracks
from impacttree.render.scene import Box
from impacttree.views import Card

__all__ = ["CARD_PAD", "Geometry", "discomfort", "pill_width", "place", "thickness"]

CARD_PAD = 0.09
LEAST_WIDTH, WORD_ROOM = 1.1, 1.6
"""Cards are at least this wide; wide enough for the longest word of a name up to the second."""
NARROW, COMFORT = 0.54, 1.4
"""The least gap between lanes, and the card width up to which gaps give way to it."""
LOW, ROOMY, NAME_LINE = 0.63, 0.76, 0.168
"""Least height of a card with a one-line name, without and with a foot line; what another line adds."""
HEAD_ROOM = 0.32
HEAD_TO_CARDS = 0.27
FOOT_ROOM = 0.78
TALLEST = {1: 1.5, 2: 1.42, 3: 1.22}
TALL = 1.06
GROWTH = 1.015
SLIDE, A_LITTLE = 1.03, 1.09
"""Pages up to this scale still count as a slide; up to this one, foot lines are worth the growth."""
SPARE = 0.4
"""A page that is not a slide keeps no more empty height than this."""
VALUE_SMALL = 10.0
THICKEST, THICKEST_RETURN = 11.0, 3.0
"""Points; a dash-dot line any thicker reads as a row of blocks."""
MOST_SCALE = 1.7
CALLOUT_HEIGHT = 1.28


@dataclass(frozen=True, slots=True)
class Geometry:
    """Everything about places that does not concern single arrows; inches."""

    width: float
    height: float
    scale: float
    """Of the page to a slide."""
    text_scale: float
    top: float
    """Where the first row begins."""
    bottom: float
    """Nothing of the tree lies below."""
    lane_x: tuple[float, ...]
    row_y: tuple[float, ...]
    row_height: tuple[float, ...]
    card_width: float
    gap: float
    run_y: tuple[float | None, ...]
    callout: Box | None

    def card(self, lane: int, row: int) -> Box:
        """Return the slot in a lane and row."""
        return Box(self.lane_x[lane], self.row_y[row], self.card_width, self.row_height[row])

    def middle(self, row: int) -> float:
        """Return the height of the middle of a row."""
        return self.row_y[row] + self.row_height[row] / 2


def thickness(net: Network, arrow: Arrow, text_scale: float = 1.0) -> float:
    """Return the line width of an arrow in inches."""
    if not net.lifted:
        return (2.0 if arrow.on_path else 1.1) * POINT
    if not arrow.live:
        return (1.3 if arrow.on_path else 1.0) * POINT
    most = THICKEST_RETURN if arrow.returns else THICKEST
    return max(1.3, min(most, 10.5 * arrow.share)) * POINT * min(text_scale, 1.3)


def place(
    net: Network, grid: Grid, tracks: Tracks, *, title_height: float, stretch: float = 1.0, part_lanes: int = 0
) -> Geometry:
    """Return the smallest page, a slide or larger, on which all cards fit with their names readable.

    `title_height` is the height of title and subtitle on a slide; `stretch` widens the gaps between lanes. A page
    little larger than a slide is better than cards without their foot lines; a much larger one is not. A part of a
    tree begins with a smaller page, for so many lanes.
    """
    page = _Page(net, grid, tracks, title_height, stretch)
    if part_lanes:
        page.width, page.height, page.tallest = PART_LANE * part_lanes, PART_HEIGHT, ROOMY + NAME_LINE
    scale = page.narrowest()
    for limit, feet in ((max(A_LITTLE, scale * GROWTH), True), (float("inf"), False)):
        larger = scale
        while larger <= limit:
            heights = page.heights(larger, feet=feet)
            if heights:
                return page.geometry(larger, heights)
            larger *= GROWTH
    raise AssertionError("a page that grows without limit holds every tree")


class _Page:
    """Tries pages of growing size."""

    width, height, tallest = PAGE_WIDTH, PAGE_HEIGHT, math.inf

    def __init__(self, net: Network, grid: Grid, tracks: Tracks, title_height: float, stretch: float) -> None:
        self.net = net
        self.grid = grid
        self.tracks = tracks
        self.title_height = title_height
        self.stretch = stretch
        self.channels = [_channel(net, tracks, number) for number in range(grid.rows + 1)]
        _make_room_for_labels(net, grid, self.channels)
        self.names = [_name_width(net, card, 1.0) for card in range(len(net.cards))]
        self.needs_foot = {grid.row[card] for card in range(len(net.cards)) if net.cards[card].guardrail}
        if net.lifted:
            self.needs_foot.add(0)

    def narrowest(self) -> float:
        """Return the scale of the smallest page that is wide enough."""
        least = _least_width(self.net)
        scale = 1.0
        while _columns(self.grid.lanes, self.width * scale, self.stretch)[1] < least:
            scale *= GROWTH
        return scale

    def _top(self, scale: float) -> float:
        return self.title_height * scale + HEAD_ROOM + HEAD_TO_CARDS

    def heights(self, scale: float, *, feet: bool) -> list[float]:
        """Return the heights of the rows, equal where they fit, else less for one-line names; empty when none fit.

        With `feet` every card has room for its foot line; without, those of the main path and the guardrails.
        """
        grid = self.grid
        room = (self.height - FOOT_ROOM) * scale - self._top(scale) - sum(self.channels)
        inside = _columns(grid.lanes, self.width * scale, self.stretch)[1] - 2 * CARD_PAD
        wrapping = {grid.row[card] for card, name in enumerate(self.names) if name > inside}
        least = [
            (ROOMY if feet or row in self.needs_foot else LOW) + (NAME_LINE if row in wrapping else 0.0)
            for row in range(grid.rows)
        ]
        if sum(least) > room:
            return []
        level = min(room / grid.rows, TALLEST.get(grid.rows, TALL), self.tallest)
        while (over := sum(max(level, low) for low in least) - room) > 1e-9:
            level -= over / max(1, sum(1 for low in least if low < level))
        return [max(level, low) for low in least]

    def geometry(self, scale: float, heights: list[float]) -> Geometry:
        """Return the page with rows of these heights; what is left over widens the row gaps, then centres the block."""
        grid = self.grid
        height = self.height * scale
        lane_x, card_width, gap = _columns(grid.lanes, self.width * scale, self.stretch)
        slack = height - FOOT_ROOM * scale - self._top(scale) - sum(self.channels) - sum(heights)
        if scale > SLIDE and slack > SPARE:
            height, slack = height - slack + SPARE, SPARE
        inner = max(1, grid.rows - 1)
        wider = min(slack / inner, 0.24 if grid.rows > 3 else 0.42)
        channels = [
            channel + (wider if 0 < number < grid.rows else 0.0) for number, channel in enumerate(self.channels)
        ]
        start = self._top(scale) + 0.4 * (slack - wider * (grid.rows - 1))
        row_y, starts, y = [], [start], start + channels[0]
        for row, row_height in enumerate(heights):
            row_y.append(y)
            starts.append(y + row_height)
            y += row_height + channels[row + 1]
        bare = Geometry(
            width=self.width * scale,
            height=height,
            scale=scale,
            text_scale=_text_scale(self.net, card_width, min(heights)),
            top=start,
            bottom=height - FOOT_ROOM * scale,
            lane_x=tuple(lane_x),
            row_y=tuple(row_y),
            row_height=tuple(heights),
            card_width=card_width,
            gap=gap,
            run_y=(),
            callout=None,
        )
        run_y = _runs(self.net, grid, self.tracks, bare, channels, starts)
        return replace(bare, run_y=run_y, callout=_callout(self.net, grid, bare, run_y))


def _least_width(net: Network) -> float:
    """Return a width wide enough for the longest word of a name, and for every value beside its change."""
    words = [word for card in net.cards for word in card.label.split()]
    longest = max((text_width(word, NAME, bold=True) for word in words), default=0.0) + 0.02
    values = max((_value_width(card) for card in net.cards), default=0.0)
    return max(LEAST_WIDTH, min(max(longest, values) + 2 * CARD_PAD, WORD_ROOM))


def _value_width(card: Card) -> float:
    change = pill_width(card.change, LEAST) + 0.04 if card.change else 0.0
    return text_width(card.value, VALUE_SMALL) + change


def pill_width(words: str, size: float) -> float:
    """Return the width of the pill around a change."""
    return text_width(words, size, bold=True) + size * POINT * 1.25


def _columns(lanes: int, width: float, stretch: float) -> tuple[list[float], float, float]:
    usable = width - 2 * MARGIN
    if lanes == 1:
        card = min(usable, 2.6)
        return [MARGIN + (usable - card) / 2], card, 1.15
    pitch = usable / (lanes - 0.27)
    widest_card, widest_gap = (2.6, 1.9) if lanes <= 3 else (2.3, 1.6 if lanes == 4 else 1.15)
    gap = min(max(0.36 * pitch, NARROW), widest_gap)
    card = min((usable - (lanes - 1) * gap) / lanes, widest_card)
    if card < COMFORT:
        gap = max(NARROW, (usable - lanes * COMFORT) / (lanes - 1))
    gap *= stretch
    card = min((usable - (lanes - 1) * gap) / lanes, widest_card)
    if card == widest_card:
        gap = min((usable - lanes * card) / (lanes - 1), widest_gap * stretch)
    block = lanes * card + (lanes - 1) * gap
    left = MARGIN + (usable - block) / 2
    return [left + lane * (card + gap) for lane in range(lanes)], card, gap


def _channel(net: Network, tracks: Tracks, number: int) -> float:
    """Return the height of a channel: clear space, its tracks, their lines."""
    lines = _track_widths(net, tracks, number)
    runs = sum(lines) + TRACK * max(0, len(lines) - 1)
    if number == 0:
        return runs + 0.12 if lines else 0.0
    if number == len(tracks.channels) - 1:
        return runs + 0.09 if lines else 0.0
    return CARD_GAP + (runs if lines else 0.0)


def _track_widths(net: Network, tracks: Tracks, number: int) -> list[float]:
    return [max(thickness(net, net.arrows[index], 1.3) for index in track) for track in tracks.channels[number]]


def _make_room_for_labels(net: Network, grid: Grid, channels: list[float]) -> None:
    """Keep room where an upright live arrow needs its label beside it, between the cards."""
    for arrow in net.arrows:
        upright = grid.lane[arrow.source] == grid.lane[arrow.target] and not arrow.returns
        if upright and (arrow.live or not net.lifted):
            low = min(grid.row[arrow.source], grid.row[arrow.target])
            channels[low + 1] = max(channels[low + 1], 0.245)


def _name_width(net: Network, card: int, text_scale: float) -> float:
    return text_width(net.cards[card].label, NAME * text_scale, bold=True)


def _text_scale(net: Network, card_width: float, card_height: float) -> float:
    scale = min(card_width / 1.5, card_height / (ROOMY + 0.06))
    if any(_name_width(net, card, scale) > card_width - 2 * CARD_PAD * scale for card in range(len(net.cards))):
        scale = min(scale, card_height / (ROOMY + 0.03 + NAME_LINE))
    return min(max(scale, 1.0), MOST_SCALE)


def _runs(
    net: Network, grid: Grid, tracks: Tracks, geometry: Geometry, channels: list[float], starts: list[float]
) -> tuple[float | None, ...]:
    run_y: list[float | None] = [None] * len(net.arrows)
    for arrow in net.arrows:
        level = grid.level[arrow.index]
        if level is not None and level == int(level):
            run_y[arrow.index] = geometry.middle(int(level))
    for number, channel in enumerate(tracks.channels):
        lines = _track_widths(net, tracks, number)
        used = sum(lines) + TRACK * max(0, len(lines) - 1)
        last = number == len(tracks.channels) - 1
        y = starts[number] + (0.08 if last else 0.02 if number == 0 else (channels[number] - used) / 2)
        for line, track in zip(lines, channel, strict=True):
            for index in track:
                run_y[index] = y + line / 2
            y += line + TRACK
    return tuple(run_y)


def _callout(net: Network, grid: Grid, geometry: Geometry, run_y: tuple[float | None, ...]) -> Box | None:
    """Return as many slots as were kept for it, and what is free below them when it needs more."""
    if grid.callout is None:
        return None
    lane, first, count = grid.callout
    y = geometry.row_y[first]
    last = first + count - 1
    while last + 1 < grid.rows and (lane, last + 1) not in grid.cards:
        last += 1
    floor = geometry.bottom if last == grid.rows - 1 else geometry.row_y[last] + geometry.row_height[last]
    for arrow in net.arrows:
        run = run_y[arrow.index]
        start, end = grid.lane[arrow.source], grid.lane[arrow.target]
        passes = end <= lane <= start if arrow.returns else start < lane < end
        if run is not None and run > y and passes:
            floor = min(floor, run - thickness(net, arrow, geometry.text_scale) / 2 - 0.08)
    height = min(floor - y, CALLOUT_HEIGHT * min(geometry.text_scale, 1.35))
    return Box(geometry.lane_x[lane], y, geometry.card_width, height, radius=0.08)


def discomfort(net: Network, geometry: Geometry) -> float:
    """Return how much the picture suffers from its page: a large page, names that wrap, foot lines that are cut."""
    room = geometry.card_width - 2 * CARD_PAD * geometry.text_scale
    cost = 160.0 * (geometry.scale - 1.0) + 10.0 * max(0.0, COMFORT - geometry.card_width)
    for card in net.cards:
        name = text_width(card.label, NAME * geometry.text_scale, bold=True)
        cost += 0.3 * (name > room) + 1.5 * (name > 1.9 * room)
        foot = text_width(f"{card.unit}  {card.owner}", FOOT * geometry.text_scale)
        cost += 0.4 * (foot > room)
    return cost
