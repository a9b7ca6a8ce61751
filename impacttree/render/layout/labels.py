"""Step 11: a place for each arrow's figures, beside its own line and clear of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.measure import text_width
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.routes import ArrowRoute
from impacttree.render.layout.sizes import Geometry
from impacttree.render.layout.style import ACCENT_DARK, INK, LABEL, LEAST, MARGIN, MUTED, POINT, RETURN

__all__ = ["Label", "LabelLine", "Rect", "place_labels", "variants"]

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
LinePoint = tuple[float, float, float]
"""A point on a line, and how far the line reaches around it."""
LEADING = 1.2
CELL = 0.3
CLEAR = 0.02
OWN = 0.012
"""Least distance to other lines, and to the label's own line."""
NEAR = 0.13
EDGE = 0.12
STEP = 0.035
UNDER = 1.3
"""What it costs to stand on a line that carries nothing."""
THIN = 3 * POINT
"""Lines up to this width may carry their own label when there is no room beside them."""


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One line of a label."""

    text: str
    color: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A label where it is drawn; `lines` are centred in the box."""

    route: ArrowRoute
    box: Rect
    lines: tuple[LabelLine, ...]
    size: float
    halo: bool


def variants(net: Network, arrow: Arrow, good_sign: float) -> tuple[tuple[LabelLine, ...], ...]:
    """Return what may stand at an arrow, the fullest form first."""
    link = arrow.link
    elasticity, money, delay = link.elasticity_text, link.money_text, link.delay
    if arrow.returns:
        first = money if net.lifted and money else elasticity
        rows = tuple(LabelLine(words, RETURN, number == 0) for number, words in enumerate((first, delay)) if words)
        return tuple(rows[:length] for length in range(len(rows), 0, -1))
    if not net.lifted or not (arrow.live or arrow.on_path) or not money:
        color = INK if arrow.on_path and not net.lifted else MUTED
        quiet = tuple(LabelLine(words, color, arrow.on_path) for words in (elasticity, delay) if words)
        return tuple(quiet[:length] for length in range(len(quiet), 0, -1))
    strong = ACCENT_DARK if arrow.on_path else INK
    plain = ACCENT_DARK if arrow.on_path or link.money * good_sign < 0 else INK
    top = LabelLine(elasticity, strong, True)
    below = LabelLine(money, plain, False)
    late = LabelLine(delay, MUTED, False)
    one = LabelLine(f"{elasticity} {money}".strip(), strong, True)
    ladder = [(top, below, late), (top, below), (one,), (LabelLine(money, plain, True),)]
    return tuple(dict.fromkeys(tuple(row for row in rows if row.text) for rows in ladder))


def place_labels(
    net: Network,
    geometry: Geometry,
    drawn: tuple[ArrowRoute, ...],
    forbidden: Iterable[Rect],
    good_sign: float,
    budget: Budget,
) -> tuple[tuple[Label, ...], tuple[ArrowRoute, ...]]:
    """Return labels by priority (main path, live by amount, the rest), and the routes whose label found no room."""
    placer = _Placer(geometry, drawn, forbidden, budget)
    order = sorted(drawn, key=_priority)
    labels, lost = [], []
    for route in order:
        ladder = variants(net, route.arrow, good_sign)
        if not ladder or not ladder[0]:
            continue
        label = placer.place(route, ladder)
        if label is None:
            lost.append(route)
        else:
            labels.append(label)
    return tuple(labels), tuple(lost)


def _priority(route: ArrowRoute) -> tuple[bool, bool, float, int]:
    arrow = route.arrow
    return not arrow.on_path, not arrow.live, -arrow.share, arrow.index


class _Run:
    """The points of one line in a small square of the page, and the box that they reach over."""

    __slots__ = ("arrow", "box", "points")

    def __init__(self, arrow: int, points: list[LinePoint]) -> None:
        self.arrow = arrow
        self.points = points
        self.box: Rect = (
            min(x - reach for x, _, reach in points),
            min(y - reach for _, y, reach in points),
            max(x + reach for x, _, reach in points),
            max(y + reach for _, y, reach in points),
        )


class _Cell:
    """A small square of the page: how many points lie in it, and the runs of lines through it."""

    __slots__ = ("runs", "size", "solid")

    def __init__(self) -> None:
        self.size = 0
        self.runs: dict[int, _Run] = {}
        self.solid: list[_Run] = []
        """Runs that no label may touch; the one that did so last comes first: it does so to most places nearby."""

    def add(self, run: _Run, *, solid: bool) -> None:
        self.size += len(run.points)
        self.runs[run.arrow] = run
        if solid:
            self.solid.append(run)

    def blocks(self, box: Rect, grown: Rect, own: int) -> bool:
        """Return whether a run of another line that no label may touch comes too close to a box."""
        left, top, right, bottom = grown
        for place, run in enumerate(self.solid):
            west, north, east, south = run.box
            if west < right and east > left and north < bottom and south > top and run.arrow != own:
                if _distance(box, run.points) >= CLEAR:
                    continue
                self.solid.insert(0, self.solid.pop(place))
                return True
        return False


class _Placer:
    def __init__(
        self, geometry: Geometry, drawn: tuple[ArrowRoute, ...], forbidden: Iterable[Rect], budget: Budget
    ) -> None:
        self.geometry = geometry
        self.budget = budget
        self.taken: dict[tuple[int, int], list[Rect]] = {}
        """What no label may touch, by the inch squares it lies in; what was last touched there comes first."""
        for box in forbidden:
            self._take(box)
        self.sizes = (LABEL * min(geometry.text_scale, 1.35), LEAST)
        self.cells: dict[tuple[int, int], _Cell] = {}
        self.near: dict[tuple[int, int, int, int], list[_Cell]] = {}
        for route in drawn:
            self._file(route)

    def _file(self, route: ArrowRoute) -> None:
        half = route.width / 2
        samples = [(x, y, half) for x, y in route.points]
        if route.head:
            (x, y), (along_x, along_y) = route.tip, route.heading
            length, wing = head_length(route.width), head_width(route.width) / 2
            samples.append((x - along_x * length / 2, y - along_y * length / 2, wing))
            samples.append((x - along_x * length, y - along_y * length, wing))
        if route.arrow.link.assumed and not route.branches:
            samples.append((*route.start, 0.06))
        arrow = route.arrow
        runs: dict[tuple[int, int], list[LinePoint]] = {}
        for point in samples:
            runs.setdefault((int(point[0] // CELL), int(point[1] // CELL)), []).append(point)
        for place, points in runs.items():
            if place not in self.cells:
                self.cells[place] = _Cell()
            self.cells[place].add(_Run(arrow.index, points), solid=arrow.live or arrow.on_path or arrow.returns)

    def place(self, route: ArrowRoute, ladder: tuple[tuple[LabelLine, ...], ...]) -> Label | None:
        """Return the best place for the fullest form that fits, in the usual size or else the least."""
        one_line_first = sorted(ladder, key=lambda rows: len(rows) != 1) if route.upright else ladder
        for size in self.sizes:
            for rows in one_line_first:
                if self.budget.spent:
                    return None
                label = self._placed(route, rows, size)
                if label is not None:
                    return label
        if route.arrow.live and route.width <= THIN:
            return self._placed(route, ladder[-1], self.sizes[-1], on_line=True)
        return None

    def _placed(
        self, route: ArrowRoute, rows: tuple[LabelLine, ...], size: float, *, on_line: bool = False
    ) -> Label | None:
        width = max(text_width(row.text, size, row.bold) for row in rows) + 0.03
        height = len(rows) * size * LEADING * POINT + 0.01
        best: tuple[float, Rect, bool] | None = None
        places = self._on_line(route, width, height) if on_line else self._candidates(route, width, height)
        for box, extra in sorted(places, key=lambda place: place[1]):
            if best is not None and extra >= best[0]:
                break
            found = self._judge(route, box, extra, best[0] if best else 99.0, on_line=on_line)
            if found is not None:
                best = (found[0], box, found[1] or on_line)
        if best is None:
            return None
        left, top, right, bottom = best[1]
        self._take((left - 0.02, top - 0.01, right + 0.02, bottom + 0.01))
        return Label(route, best[1], rows, size, best[2])

    def _on_line(self, route: ArrowRoute, width: float, height: float) -> Iterator[tuple[Rect, float]]:
        """Yield the last resort: on the label's own thin line, with a halo."""
        last = max(1, len(route.points) - 1)
        for number, (x, y) in enumerate(route.points):
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            yield box, abs(number / last - 0.45)

    def _candidates(self, route: ArrowRoute, width: float, height: float) -> Iterator[tuple[Rect, float]]:
        half = route.width / 2
        if route.arrow.on_path and route.straight and not route.upright:
            yield from self._above_ribbon(route, width, height)
        if route.upright:
            yield from self._beside(route, width, height)
        points = route.points
        step = max(1, len(points) // 28)
        away = half + CLEAR + 0.015
        last = len(points) - 1
        for number in range(0, last + 1, step):
            x, y = points[number]
            toll = 0.5 * abs(number / max(1, last) - 0.45)
            for side_x, side_y in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1)):
                left = x - width / 2 + side_x * (width / 2 + away)
                top = y - height / 2 + side_y * (height / 2 + away)
                yield (left, top, left + width, top + height), toll + (0.06 if side_x and side_y else 0.0)
        yield from self._in_gaps(route, width, height)

    def _above_ribbon(self, route: ArrowRoute, width: float, height: float) -> Iterator[tuple[Rect, float]]:
        """Yield the places centred in the first gap above the breadth of the arrowhead."""
        wing = max(head_width(route.width) / 2, 0.055)
        x = route.start[0] + self.geometry.gap / 2
        ends = (route.start[0], route.tip[0])
        for centre in (x, sum(ends) / 2, ends[1] - self.geometry.gap / 2):
            for lift in (0.0, 0.05, 0.1):
                bottom = route.start[1] - wing - CLEAR - 0.02 - lift
                yield (centre - width / 2, bottom - height, centre + width / 2, bottom), -2.0 + lift

    def _beside(self, route: ArrowRoute, width: float, height: float) -> Iterator[tuple[Rect, float]]:
        x = route.start[0]
        for middle in ((route.start[1] + route.tip[1]) / 2, route.start[1] * 0.3 + route.tip[1] * 0.7):
            for left in (x + 0.07 + route.width / 2, x - 0.07 - route.width / 2 - width):
                box = (left, middle - height / 2, left + width, middle + height / 2)
                yield box, -2.0 if left > x else -1.9

    def _in_gaps(self, route: ArrowRoute, width: float, height: float) -> Iterator[tuple[Rect, float]]:
        """Yield the places left, middle and right in each gap the line bends in, at every height."""
        geometry = self.geometry
        low = min(y for _, y in route.points) - height - 0.1
        high = max(y for _, y in route.points) + 0.1
        for lane in range(len(geometry.lane_x) - 1):
            begin = geometry.lane_x[lane] + geometry.card_width
            end = begin + geometry.gap
            inside = [y for x, y in route.points if begin <= x <= end]
            if not inside or max(inside) - min(inside) < 0.1 or geometry.gap < width:
                continue
            top, bottom = max(low, min(inside) - height - 0.1), min(high, max(inside) + 0.1)
            for left in (begin + 0.03, (begin + end - width) / 2, end - width - 0.03):
                for number in range(int((bottom - top) / STEP) + 1):
                    y = top + number * STEP
                    yield (left, y, left + width, y + height), 0.25

    def _judge(
        self, route: ArrowRoute, box: Rect, cost: float, limit: float, *, on_line: bool = False
    ) -> tuple[float, bool] | None:
        """Return the cost of a place, and whether it needs a halo; None where no label may stand, or above `limit`."""
        if cost >= limit - 1e-9 or self._is_taken(box):
            return None
        index = route.arrow.index
        own = 9.0
        near = self._cells_near(box)
        grown = _grown(box, CLEAR)
        for cell in near:
            self.budget.spend(cell.size)
            mine = cell.runs.get(index)
            if mine is not None:
                own = min(own, _distance(box, mine.points))
                if own < OWN and not on_line:
                    return None
            if cell.solid and cell.blocks(box, grown, index):
                return None
        if own > NEAR or cost + 1.5 * max(0.0, own) >= limit - 1e-9:
            return None
        foreign, under = _beside_others(box, index, near, (limit - cost) / UNDER)
        cost += UNDER * under + 1.5 * max(0.0, own)
        cost += 0.7 if foreign < own else 0.2 if foreign < 0.05 else 0.0
        if box[0] < MARGIN - 0.05 or box[2] > self.geometry.width - MARGIN + 0.05:
            cost += 0.8
        return (cost, under > 0) if cost < limit - 1e-9 else None

    def _is_taken(self, box: Rect) -> bool:
        """Return whether the place is off the page, on a card or another fixed thing, or on another label."""
        left, top, right, bottom = box
        if left < EDGE or right > self.geometry.width - EDGE:
            return True
        rows = range(int(top // 1), int(bottom // 1) + 1)
        for column in range(int(left // 1), int(right // 1) + 1):
            for row in rows:
                taken = self.taken.get((column, row))
                if taken is None:
                    continue
                for place, (west, north, east, south) in enumerate(taken):
                    if left < east and right > west and top < south and bottom > north:
                        taken.insert(0, taken.pop(place))
                        return True
        return False

    def _take(self, box: Rect) -> None:
        left, top, right, bottom = box
        for column in range(int(left // 1), int(right // 1) + 1):
            for row in range(int(top // 1), int(bottom // 1) + 1):
                self.taken.setdefault((column, row), []).append(box)

    def _cells_near(self, box: Rect) -> list[_Cell]:
        left, top, right, bottom = box
        first, last = int((left - NEAR) // CELL), int((right + NEAR) // CELL)
        upper, lower = int((top - NEAR) // CELL), int((bottom + NEAR) // CELL)
        found = self.near.get((first, last, upper, lower))
        if found is None:
            places = ((column, row) for column in range(first, last + 1) for row in range(upper, lower + 1))
            found = [self.cells[place] for place in places if place in self.cells]
            self.near[first, last, upper, lower] = found
        return found


def _grown(box: Rect, by: float) -> Rect:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _beside_others(box: Rect, own: int, near: list[_Cell], most: float) -> tuple[float, int]:
    """Return how far the nearest of the other lines is that a label stays clear of, and how many it stands on.

    Lines beyond `most` of the latter are not looked for.
    """
    left, top, right, bottom = _grown(box, NEAR)
    foreign = NEAR
    under: set[int] = set()
    for cell in near:
        for run in cell.runs.values():
            west, north, east, south = run.box
            if west < right and east > left and north < bottom and south > top and run.arrow != own:
                foreign, touched = _clearance(box, run.points, foreign)
                if touched:
                    under.add(run.arrow)
        if len(under) > most:
            break
    return foreign, len(under)


def _distance(box: Rect, points: Iterable[LinePoint]) -> float:
    """Return how far a box is from the nearest of some points on lines, less than nothing where it covers one."""
    left, top, right, bottom = box
    least = 9.0
    for x, y, reach in points:
        beside = left - x if x < left else x - right if x > right else 0.0
        beyond = top - y if y < top else y - bottom if y > bottom else 0.0
        away = hypot(beside, beyond) - reach
        least = min(least, away)
    return least


def _clearance(box: Rect, points: Iterable[LinePoint], most: float) -> tuple[float, bool]:
    """Return how far the nearest point is that a box stays clear of, if nearer than `most`; whether it touches one."""
    left, top, right, bottom = box
    touched = False
    for x, y, reach in points:
        room = most + reach
        if left - room > x or x > right + room or top - room > y or y > bottom + room:
            continue
        beside = left - x if x < left else x - right if x > right else 0.0
        beyond = top - y if y < top else y - bottom if y > bottom else 0.0
        away = hypot(beside, beyond) - reach
        if away < CLEAR:
            touched = True
        elif away < most:
            most = away
    return most, touched
