"""Step 8: the line of every arrow; curves stay in gaps, long runs in channels, so no line crosses a card."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from impacttree.records import dataclass
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.ports import Ports, head_length
from impacttree.render.layout.sizes import Geometry, thickness
from impacttree.render.layout.standing import Grid
from impacttree.render.layout.tracks import Tracks
from impacttree.render.scene import Segment

__all__ = ["ArrowRoute", "Point", "routes"]

Point = tuple[float, float]
SAMPLE = 0.045
UPRIGHT = 0.86
ROOM_BESIDE = 1.7
"""In wider cards a label fits beside an upright line in the middle."""


@dataclass(frozen=True, slots=True)
class ArrowRoute:
    """Where one arrow runs. `steps` ends at the base of the head; `tip` and `heading` say where the head points."""

    arrow: Arrow
    steps: tuple[Segment, ...]
    points: tuple[Point, ...]
    """Samples along the line, close enough to keep labels off it."""
    width: float
    tip: Point
    heading: Point
    head: bool
    upright: bool
    straight: bool
    start: Point
    branches: bool
    """Begins on another arrow's line, not at its card."""


def routes(net: Network, grid: Grid, tracks: Tracks, geometry: Geometry, ports: Ports) -> tuple[ArrowRoute, ...]:
    """Return the routes of all arrows, in the network's order."""
    router = _Router(net, grid, tracks, geometry, ports)
    return tuple(router.route(arrow) for arrow in net.arrows)


class _Router:
    def __init__(self, net: Network, grid: Grid, tracks: Tracks, geometry: Geometry, ports: Ports) -> None:
        self.net = net
        self.grid = grid
        self.tracks = tracks
        self.geometry = geometry
        self.ports = ports
        self.twins: dict[frozenset[int], list[int]] = {}
        self.turns: dict[tuple[int, bool], int] = {}
        """How many return arrows have turned so far in the gap beside a lane."""
        for arrow in net.forward:
            self.twins.setdefault(frozenset((arrow.source, arrow.target)), []).append(arrow.index)

    def route(self, arrow: Arrow) -> ArrowRoute:
        if arrow.returns:
            return self._returning(arrow)
        if self.grid.lane[arrow.source] == self.grid.lane[arrow.target]:
            return self._upright(arrow)
        return self._forward(arrow)

    def _forward(self, arrow: Arrow) -> ArrowRoute:
        geometry, grid, index = self.geometry, self.grid, arrow.index
        width = thickness(self.net, arrow, geometry.text_scale)
        head = index in self.ports.heads
        start_lane, end_lane = grid.lane[arrow.source], grid.lane[arrow.target]
        x0 = geometry.lane_x[start_lane] + geometry.card_width
        tip = geometry.lane_x[end_lane]
        x1 = tip - head_length(width)
        y0, y1 = self.ports.start[index], self.ports.end[index]
        run = geometry.run_y[index]
        if run is None:
            steps = _smooth((x0, y0), (x1, y1))
            return self._made(arrow, steps, width, (tip, y1), (1.0, 0.0), head)
        first, last = geometry.lane_x[start_lane + 1], geometry.lane_x[end_lane - 1] + geometry.card_width
        begin: Segment = ("M", x0, y0)
        if index in self.tracks.out_of:
            branch = (("M", last, run), *_smooth((last, run), (x1, y1))[1:])
            return self._made(arrow, branch, width, (tip, y1), (1.0, 0.0), head, branches=True)
        steps = (begin, *_smooth((x0, y0), (first, run))[1:])
        if index in self.tracks.into:
            return self._made(arrow, steps, width, (first, run), (1.0, 0.0), head=False)
        steps = (*steps, ("L", last, run), *_smooth((last, run), (x1, y1))[1:])
        return self._made(arrow, steps, width, (tip, y1), (1.0, 0.0), head)

    def _upright(self, arrow: Arrow) -> ArrowRoute:
        geometry, grid = self.geometry, self.grid
        width = thickness(self.net, arrow, geometry.text_scale)
        lane, start, end = grid.lane[arrow.source], grid.row[arrow.source], grid.row[arrow.target]
        down = end > start
        left = geometry.lane_x[lane]
        y0 = geometry.row_y[start] + (geometry.row_height[start] if down else 0.0)
        y1 = geometry.row_y[end] + (0.0 if down else geometry.row_height[end])
        back = head_length(width) * (1 if down else -1)
        between = range(min(start, end) + 1, max(start, end))
        blocked = any((lane, row) in grid.cards or self._is_callout(lane, row) for row in between)
        if blocked:
            return self._bracket(arrow, width)
        share = UPRIGHT if between else 0.5 if geometry.card_width > ROOM_BESIDE else 0.28
        x = left + geometry.card_width * share
        x += self._side_step(arrow)
        steps: tuple[Segment, ...] = (("M", x, y0), ("L", x, y1 - back))
        return self._made(arrow, steps, width, (x, y1), (0.0, 1.0 if down else -1.0), True, upright=True)

    def _side_step(self, arrow: Arrow) -> float:
        """Return how far an upright arrow stands aside from others between the same neighbours."""
        twins = self.twins[frozenset((arrow.source, arrow.target))]
        return (twins.index(arrow.index) - (len(twins) - 1) / 2) * 0.2

    def _is_callout(self, lane: int, row: int) -> bool:
        place = self.grid.callout
        return place is not None and place[0] == lane and place[1] <= row < place[1] + place[2]

    def _bracket(self, arrow: Arrow, width: float) -> ArrowRoute:
        """Return the route around the cards in between: out to the right and back in from the right."""
        geometry, grid = self.geometry, self.grid
        x0 = geometry.lane_x[grid.lane[arrow.source]] + geometry.card_width
        start, end = grid.row[arrow.source], grid.row[arrow.target]
        toward = 0.15 if end > start else -0.15
        y0 = geometry.middle(start) + toward * geometry.row_height[start]
        y1 = geometry.middle(end) - toward * geometry.row_height[end]
        reach = x0 + min(0.24, geometry.gap * 0.4)
        x1 = x0 + head_length(width)
        bend = min(0.12, abs(y1 - y0) / 2) * (1 if y1 > y0 else -1)
        steps: tuple[Segment, ...] = (
            ("M", x0, y0),
            ("C", reach - 0.05, y0, reach, y0, reach, y0 + bend),
            ("L", reach, y1 - bend),
            ("C", reach, y1, reach - 0.05, y1, x1, y1),
        )
        return self._made(arrow, steps, width, (x0, y1), (-1.0, 0.0), True)

    def _returning(self, arrow: Arrow) -> ArrowRoute:
        geometry, grid, index = self.geometry, self.grid, arrow.index
        width = thickness(self.net, arrow, geometry.text_scale)
        x0 = geometry.lane_x[grid.lane[arrow.source]] + geometry.card_width
        tip = geometry.lane_x[grid.lane[arrow.target]]
        x1 = tip - head_length(width)
        y0, y1 = self.ports.start[index], self.ports.end[index]
        run = geometry.run_y[index]
        assert run is not None
        far = min(0.27, geometry.gap * 0.46)
        out = x0 + far - 0.03 * self._turn(arrow, leaving=True)
        into = tip - far + 0.03 * self._turn(arrow, leaving=False)
        steps = (
            ("M", x0, y0),
            *_turn((x0, y0), out, (x0 - 0.12, run)),
            ("L", tip + 0.12, run),
            *_turn((tip + 0.12, run), into, (x1, y1)),
        )
        return self._made(arrow, tuple(steps), width, (tip, y1), (1.0, 0.0), True)

    def _turn(self, arrow: Arrow, *, leaving: bool) -> int:
        """Return how many return arrows before this one turn in the same gap."""
        lane = self.grid.lane[arrow.source if leaving else arrow.target]
        before = self.turns.get((lane, leaving), 0)
        self.turns[lane, leaving] = before + 1
        return before

    def _made(
        self,
        arrow: Arrow,
        steps: Sequence[Segment],
        width: float,
        tip: Point,
        heading: Point,
        head: bool,
        *,
        upright: bool = False,
        branches: bool = False,
    ) -> ArrowRoute:
        points = _sampled(steps)
        if head:
            points = (*points, tip)
        straight = all(step[0] != "C" for step in steps)
        return ArrowRoute(
            arrow, tuple(steps), points, width, tip, heading, head, upright, straight, points[0], branches
        )


def _smooth(start: Point, end: Point) -> tuple[Segment, ...]:
    (x0, y0), (x1, y1) = start, end
    if abs(y1 - y0) < 0.004:
        return ("M", x0, y1), ("L", x1, y1)
    middle = (x0 + x1) / 2
    return ("M", x0, y0), ("C", middle, y0, middle, y1, x1, y1)


def _turn(start: Point, reach: float, end: Point) -> tuple[Segment, ...]:
    """Return a U with an upright middle at x = `reach`."""
    (x0, y0), (x1, y1) = start, end
    sign = 1 if y1 > y0 else -1
    bend = min(0.16, abs(y1 - y0) / 2) * sign
    return (
        ("C", (x0 + reach) / 2, y0, reach, y0, reach, y0 + bend),
        ("L", reach, y1 - bend),
        ("C", reach, y1, (x1 + reach) / 2, y1, x1, y1),
    )


def _sampled(steps: Sequence[Segment]) -> tuple[Point, ...]:
    points: list[Point] = []
    for step in steps:
        if step[0] == "M":
            points.append((step[1], step[2]))
        elif step[0] == "L":
            points += _line(points[-1], (step[1], step[2]))
        elif step[0] == "C":
            points += _cubic(points[-1], (step[1], step[2]), (step[3], step[4]), (step[5], step[6]))
    return tuple(points)


def _line(start: Point, end: Point) -> list[Point]:
    (x, y), (across, down) = start, (end[0] - start[0], end[1] - start[1])
    number = max(1, int((abs(across) + abs(down)) / SAMPLE))
    return [(x + across * part / number, y + down * part / number) for part in range(1, number + 1)]


def _cubic(start: Point, one: Point, two: Point, end: Point) -> list[Point]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = start, one, two, end
    return [
        (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)
        for a, b, c, d in _weights(max(4, int(1.4 * length / SAMPLE)))
    ]


@lru_cache(maxsize=256)
def _weights(number: int) -> tuple[tuple[float, float, float, float], ...]:
    """Return how much each of its four points counts at so many places along a cubic curve, up to its end."""
    places = (part / number for part in range(1, number + 1))
    return tuple(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3) for t in places)
