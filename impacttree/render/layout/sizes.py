"""Step 5: from lanes and rows to inches: page, cards, gaps, and the height of every run."""

from __future__ import annotations

from dataclasses import dataclass

from impacttree.render.layout.measure import text_width
from impacttree.render.layout.network import Edge, Network
from impacttree.render.layout.rows import Grid
from impacttree.render.layout.style import CARD_GAP, MARGIN, NAME, PAGE_HEIGHT, PAGE_WIDTH, POINT, TRACK
from impacttree.render.layout.tracks import Tracks
from impacttree.render.scene import Box

__all__ = ["CARD_PAD", "Geometry", "place", "thickness"]

CARD_PAD = 0.1
LEAST_WIDTH = 1.16
LOW, LOW_TWO_LINES = 0.645, 0.815
"""Least card heights: one-line names, and any name on two lines."""
ROOMY, ROOMY_TWO_LINES = 0.86, 1.02
HEAD_ROOM = 0.33
HEAD_TO_CARDS = 0.28
FOOT_ROOM = 0.78
TALLEST = {1: 1.5, 2: 1.42, 3: 1.22}
GROWTH = 1.03
MOST_SCALE = 1.7
CALLOUT_HEIGHT = 1.28


@dataclass(frozen=True, slots=True)
class Geometry:
    """Everything about places that does not concern single edges; inches."""

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
    card_width: float
    card_height: float
    gap: float
    run_y: tuple[float | None, ...]
    callout: Box | None

    def card(self, lane: int, row: int) -> Box:
        """The slot in a lane and row."""
        return Box(self.lane_x[lane], self.row_y[row], self.card_width, self.card_height)


def thickness(net: Network, edge: Edge, text_scale: float = 1.0) -> float:
    """Line width of an edge in inches."""
    if not net.lifted:
        return (2.0 if edge.on_path else 1.1) * POINT
    if not edge.live:
        return (1.3 if edge.on_path else 1.0) * POINT
    return max(1.3, min(11.0, 10.5 * edge.share)) * POINT * min(text_scale, 1.3)


def place(net: Network, grid: Grid, tracks: Tracks, *, title_height: float, stretch: float = 1.0) -> Geometry:
    """The smallest page, a slide or larger, on which all cards fit with their names readable.

    `title_height` is the height of title and subtitle on a slide; `stretch` widens all gaps.
    """
    scale = 1.0
    while True:
        geometry = _try_scale(net, grid, tracks, scale, title_height, stretch)
        if geometry is not None:
            return geometry
        scale *= GROWTH


def _try_scale(
    net: Network, grid: Grid, tracks: Tracks, scale: float, title_height: float, stretch: float
) -> Geometry | None:
    width, height = PAGE_WIDTH * scale, PAGE_HEIGHT * scale
    lane_x, card_width, gap = _columns(grid.lanes, width, stretch)
    channels = [_channel(net, tracks, number, stretch) for number in range(grid.rows + 1)]
    _make_room_for_labels(net, grid, channels)
    top = title_height * scale + HEAD_ROOM + HEAD_TO_CARDS
    bottom = height - FOOT_ROOM * scale
    room = bottom - top - sum(channels)
    two_lines = any(_name_width(net, card, 1.0) > card_width - 2 * CARD_PAD for card in range(len(net.cards)))
    least = LOW_TWO_LINES if two_lines else LOW
    card_height = min(room / grid.rows, TALLEST.get(grid.rows, 1.06))
    if card_width < LEAST_WIDTH or card_height < least:
        return None
    slack = room - card_height * grid.rows
    text_scale = _text_scale(net, card_width, card_height)
    inner = max(1, grid.rows - 1)
    wider = min(slack / inner, 0.24 if grid.rows > 3 else 0.42) if grid.rows > 1 else 0.0
    for channel in range(1, grid.rows):
        channels[channel] += wider
    slack -= wider * (grid.rows - 1)
    y = top + 0.4 * slack + channels[0]
    start = top + 0.4 * slack
    row_y, middles = [], [start]
    for row in range(grid.rows):
        row_y.append(y)
        y += card_height
        middles.append(y)
        y += channels[row + 1]
    run_y = _runs(net, grid, tracks, row_y, card_height, channels, middles)
    callout = _callout(grid, lane_x, row_y, card_width, card_height, bottom, text_scale)
    return Geometry(
        width, height, scale, text_scale, start, bottom, tuple(lane_x), tuple(row_y),
        card_width, card_height, gap, run_y, callout,
    )  # fmt: skip


def _columns(lanes: int, width: float, stretch: float) -> tuple[list[float], float, float]:
    usable = width - 2 * MARGIN
    if lanes == 1:
        card = min(usable, 2.6)
        return [MARGIN + (usable - card) / 2], card, 1.15
    pitch = usable / (lanes - 0.27)
    widest_card, widest_gap = (2.6, 1.9) if lanes <= 3 else (2.3, 1.6 if lanes == 4 else 1.15)
    gap = min(max(0.36 * pitch, 0.56), widest_gap) * stretch
    card = min((usable - (lanes - 1) * gap) / lanes, widest_card)
    if card == widest_card:
        gap = min((usable - lanes * card) / (lanes - 1), widest_gap * stretch)
    block = lanes * card + (lanes - 1) * gap
    left = MARGIN + (usable - block) / 2
    return [left + lane * (card + gap) for lane in range(lanes)], card, gap


def _channel(net: Network, tracks: Tracks, number: int, stretch: float) -> float:
    """Height of a channel: clear space, its tracks, their lines."""
    lines = _track_widths(net, tracks, number)
    runs = sum(lines) + TRACK * max(0, len(lines) - 1)
    if number == 0:
        return runs + 0.12 if lines else 0.0
    if number == len(tracks.channels) - 1:
        return runs + 0.09 if lines else 0.0
    return CARD_GAP * stretch + (runs if lines else 0.0)


def _track_widths(net: Network, tracks: Tracks, number: int) -> list[float]:
    return [max(thickness(net, net.edges[index], 1.3) for index in track) for track in tracks.channels[number]]


def _make_room_for_labels(net: Network, grid: Grid, channels: list[float]) -> None:
    """An upright live edge needs its label beside it, between the cards."""
    for edge in net.edges:
        upright = grid.lane[edge.source] == grid.lane[edge.target] and not edge.returns
        if upright and (edge.live or not net.lifted):
            low = min(grid.row[edge.source], grid.row[edge.target])
            channels[low + 1] = max(channels[low + 1], 0.245)


def _name_width(net: Network, card: int, text_scale: float) -> float:
    return text_width(net.cards[card].label, NAME * text_scale, bold=True)


def _text_scale(net: Network, card_width: float, card_height: float) -> float:
    scale = min(card_width / 1.55, card_height / ROOMY)
    if any(_name_width(net, card, scale) > card_width - 2 * CARD_PAD * scale for card in range(len(net.cards))):
        scale = min(scale, card_height / ROOMY_TWO_LINES)
    return min(max(scale, 1.0), MOST_SCALE)


def _runs(
    net: Network,
    grid: Grid,
    tracks: Tracks,
    row_y: list[float],
    card_height: float,
    channels: list[float],
    starts: list[float],
) -> tuple[float | None, ...]:
    run_y: list[float | None] = [None] * len(net.edges)
    for edge in net.edges:
        level = grid.level[edge.index]
        if level is not None and level == int(level):
            run_y[edge.index] = row_y[int(level)] + card_height / 2
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


def _callout(
    grid: Grid,
    lane_x: list[float],
    row_y: list[float],
    card_width: float,
    card_height: float,
    bottom: float,
    text_scale: float,
) -> Box | None:
    if grid.callout is None:
        return None
    lane, first, count = grid.callout
    y = row_y[first]
    last = first + count - 1
    below = any(at == lane and row > last for at, row in zip(grid.lane, grid.row, strict=True))
    room = (row_y[last] + card_height if below or last < grid.rows - 1 else bottom) - y
    if not below and last + 1 < grid.rows:
        room = row_y[last + 1] + card_height - y
    return Box(lane_x[lane], y, card_width, min(room, CALLOUT_HEIGHT * min(text_scale, 1.35)), radius=0.08)
