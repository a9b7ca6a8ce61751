"""Step 11: a place for each arrow's figures, beside its own line and clear of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import inf
from operator import itemgetter

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.measure import text_width
from impacttree.render.layout.nearby import (
    CLEAR,
    NEAR,
    PartsByCell,
    beside_others,
    distance_of_own,
    is_blocked,
    is_solid,
    reach,
)
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.ports import head_width
from impacttree.render.layout.routes import ArrowRoute, Point
from impacttree.render.layout.sizes import Geometry
from impacttree.render.layout.squares import Gaps, Rect, Squares
from impacttree.render.layout.style import ACCENT_DARK, INK, LABEL, LEAST, MARGIN, MUTED, POINT, RETURN

__all__ = ["Label", "LabelLine", "Rect", "place_labels", "variants"]

LEADING = 1.2
OWN = 0.012
"""Least distance to the label's own line."""
CROWDED = 0.05
"""Where another line is nearer than this, a place is a worse one."""
EDGE = 0.12
STEP = 0.035
TIE = 1e-9
"""Places whose costs differ by less are equals, of which the first is taken."""
AROUND, PART = 8, 6
"""Steps of the budget: the places around a point, and the points of a part of a line as a rule."""
UNDER = 1.3
"""What it costs to stand on a line that carries nothing."""
ASIDE = 1.5
"""What an inch between a label and its line costs."""
ASTRAY, CROWD, OUTSIDE = 0.7, 0.2, 0.8
"""What it costs that another line is nearer than the own one, that one is very near, and to reach into the margin."""
THIN = 3 * POINT
"""Lines up to this width may carry their own label when there is no room beside them."""

_Places = tuple[float, Iterable[Point]]
"""What it costs to stand so far along a line, and the places there: the left and top of a box."""
_Bend = tuple[float, float, list[Point]]
"""Where a gap begins and ends that a line bends in, and its points there and a little beyond."""
_Place = tuple[float, int, Rect]
"""What it costs to stand so far along a line, the number of the place in the order of all, and the box."""
_Best = tuple[float, int, Rect, bool]
"""The same with the whole cost, and whether the box needs a halo."""


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


class _Placer:
    def __init__(
        self, geometry: Geometry, drawn: tuple[ArrowRoute, ...], forbidden: Iterable[Rect], budget: Budget
    ) -> None:
        self.geometry = geometry
        self.budget = budget
        self.sizes = (LABEL * min(geometry.text_scale, 1.35), LEAST)
        self.lines = PartsByCell(drawn)
        self.closed = Squares(geometry.width, (route.points for route in drawn if is_solid(route)))
        """Where no label stands: on lines that carry something, its own as well, and on what is taken."""
        self.quiet = Squares(geometry.width, (route.points for route in drawn if not is_solid(route)))
        """Where it would stand on a line that carries nothing."""
        self.bends: dict[int, list[_Bend]] = {}
        self.taken: dict[tuple[int, int], list[Rect]] = {}
        """What no label may touch, by the inch squares it lies in."""
        for box in forbidden:
            self._take(box)

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
        best = (self._best_on_line if on_line else self._best_beside)(route, width, height)
        if best is None:
            return None
        _, _, box, halo = best
        left, top, right, bottom = box
        self._take((left - 0.02, top - 0.01, right + 0.02, bottom + 0.01))
        return Label(route, box, rows, size, halo or on_line)

    def _best_on_line(self, route: ArrowRoute, width: float, height: float) -> _Best | None:
        """Return the last resort: on the label's own thin line, with a halo."""
        last = max(1, len(route.points) - 1)
        boxes = sorted(
            (
                (abs(number / last - 0.45), (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
                for number, (x, y) in enumerate(route.points)
            ),
            key=_cost,
        )
        places = ((cost, number, box) for number, (cost, box) in enumerate(boxes))
        return self._best(route, places, None, on_line=True)

    def _best_beside(self, route: ArrowRoute, width: float, height: float) -> _Best | None:
        """Return the best place beside the line; those on quiet lines are looked at last, if they may still win."""
        on_quiet: list[_Place] = []
        best = self._best(route, self._open(route, width, height, on_quiet), None)
        return self._best(route, on_quiet, best, under=1)

    def _best(
        self, route: ArrowRoute, places: Iterable[_Place], best: _Best | None, *, under: int = 0, on_line: bool = False
    ) -> _Best | None:
        """Return the best of `best` and places, cheapest first, each on `under` other lines; of equals the first."""
        least = UNDER * under + (0.0 if on_line else ASIDE * OWN)
        for cost, number, box in places:
            if best is not None and cost + least >= best[0] + TIE:
                break
            limit = 99.0 if best is None else best[0] + (TIE if number < best[1] else -TIE)
            found = self._judge(route, box, cost, limit, under, on_line=on_line)
            if found is not None:
                best = (found[0], number, box, found[1])
        return best

    def _open(self, route: ArrowRoute, width: float, height: float, on_quiet: list[_Place]) -> Iterator[_Place]:
        """Yield places that are not surely closed, the cheapest first; those on quiet lines go to `on_quiet`."""
        closed = self.closed.gaps(width, height, EDGE, self.geometry.width - EDGE)
        quiet = self.quiet.gaps(width, height, EDGE, self.geometry.width - EDGE)
        number = 0
        for cost, places in self._candidates(route, width, height, closed):
            for left, top in places:
                number += 1
                place = (cost, number, (left, top, left + width, top + height))
                if quiet((left,), (top,)):
                    yield place
                else:
                    on_quiet.append(place)

    def _candidates(self, route: ArrowRoute, width: float, height: float, gaps: Gaps) -> Iterator[_Places]:
        """Yield places, the cheapest first."""
        if route.arrow.on_path and route.straight and not route.upright:
            yield from sorted(self._above_ribbon(route, width, height, gaps), key=_cost)
        if route.upright:
            yield from sorted(self._beside_upright(route, width, height, gaps), key=_cost)
        away = route.width / 2 + CLEAR + 0.015
        at_corners: dict[int, list[Point]] = {}
        for cost, number in _order(len(route.points)):
            if number is None:
                yield cost, self._in_gaps(route, width, height, gaps)
            elif number in at_corners:
                yield cost, at_corners[number]
            else:
                at_sides, at_corners[number] = self._around(route.points[number], width, height, away, gaps)
                yield cost, at_sides

    def _around(
        self, point: Point, width: float, height: float, away: float, gaps: Gaps
    ) -> tuple[list[Point], list[Point]]:
        """Return the places at the sides of a point, and those at its corners."""
        self.budget.spend(AROUND)
        x, y = point[0] - width / 2, point[1] - height / 2
        across, down = width / 2 + away, height / 2 + away
        at_sides: list[Point] = []
        at_corners: list[Point] = []
        for left, top in gaps((x, x + across, x - across), (y - down, y, y + down)):
            if (left == x) != (top == y):
                at_sides.append((left, top))
            elif left != x:
                at_corners.append((left, top))
        at_corners.sort(key=itemgetter(1))
        return at_sides, at_corners

    def _above_ribbon(self, route: ArrowRoute, width: float, height: float, gaps: Gaps) -> Iterator[_Places]:
        """Yield the places centred in the first gap above the breadth of the arrowhead."""
        wing = max(head_width(route.width) / 2, 0.055)
        x = route.start[0] + self.geometry.gap / 2
        ends = (route.start[0], route.tip[0])
        for centre in (x, sum(ends) / 2, ends[1] - self.geometry.gap / 2):
            left = centre - width / 2
            for lift in (0.0, 0.05, 0.1):
                bottom = route.start[1] - wing - CLEAR - 0.02 - lift
                yield -2.0 + lift, gaps((left,), (bottom - height,))

    def _beside_upright(self, route: ArrowRoute, width: float, height: float, gaps: Gaps) -> Iterator[_Places]:
        x = route.start[0]
        for middle in ((route.start[1] + route.tip[1]) / 2, route.start[1] * 0.3 + route.tip[1] * 0.7):
            for left in (x + 0.07 + route.width / 2, x - 0.07 - route.width / 2 - width):
                yield -2.0 if left > x else -1.9, gaps((left,), (middle - height / 2,))

    def _in_gaps(self, route: ArrowRoute, width: float, height: float, gaps: Gaps) -> Iterator[Point]:
        """Yield the places left, middle and right in each gap the line bends in, at every height where it is near."""
        if self.geometry.gap < width:
            return
        far = NEAR + reach(route)
        for begin, end, points in self._bends(route):
            heights = [y for x, y in points if begin <= x <= end]
            first = min(heights) - height - 0.1
            number = int((max(heights) + 0.1 - first) / STEP) + 1
            self.budget.spend(3 * number)
            for left in (begin + 0.03, (begin + end - width) / 2, end - width - 0.03):
                near = [y for x, y in points if left - far < x < left + width + far]
                highest, lowest = min(near, default=inf) - height - far, max(near, default=-inf) + far
                tops = [top for step in range(number) if highest < (top := first + step * STEP) < lowest]
                yield from gaps((left,), tops)

    def _bends(self, route: ArrowRoute) -> list[_Bend]:
        """Return the gaps that a line bends in: where each begins and ends, and the points in it and near it."""
        index, geometry = route.arrow.index, self.geometry
        if index not in self.bends:
            self.bends[index] = []
            west, east = min(route.points)[0], max(route.points)[0]
            far = NEAR + reach(route)
            for x in geometry.lane_x[:-1]:
                begin = x + geometry.card_width
                end = begin + geometry.gap
                if begin <= east and west <= end:
                    points = [point for point in route.points if begin - far < point[0] < end + far]
                    heights = [y for x, y in points if begin <= x <= end]
                    if heights and max(heights) - min(heights) >= 0.1:
                        self.bends[index].append((begin, end, points))
        return self.bends[index]

    def _judge(
        self, route: ArrowRoute, box: Rect, cost: float, limit: float, under: int, *, on_line: bool
    ) -> tuple[float, bool] | None:
        """Return the whole cost of a place on `under` other lines at least, and whether it needs a halo.

        None where no label may stand, and where the cost is not below `limit`.
        """
        index = route.arrow.index
        parts = self.lines.around(box)
        self.budget.spend(PART * len(parts))
        cost += UNDER * under
        far = min(NEAR, (limit - cost) / ASIDE)
        own = distance_of_own(box, parts, index, far)
        if own > far or (own < OWN and not on_line) or self._is_taken(box) or is_blocked(box, parts, index):
            return None
        cost += ASIDE * max(0.0, own)
        if box[0] < MARGIN - 0.05 or box[2] > self.geometry.width - MARGIN + 0.05:
            cost += OUTSIDE
        room = limit - cost
        most = max(own, CROWDED)
        least = most if room <= CROWD else own if room <= ASTRAY else 0.0
        foreign, touched = beside_others(box, parts, index, most, least, under + room / UNDER)
        cost += UNDER * max(0, touched - under)
        cost += ASTRAY if foreign < own else CROWD if foreign < CROWDED else 0.0
        return (cost, touched > 0) if cost < limit else None

    def _is_taken(self, box: Rect) -> bool:
        """Return whether the place is off the page, on a card or another fixed thing, or on another label."""
        left, top, right, bottom = box
        if left < EDGE or right > self.geometry.width - EDGE:
            return True
        rows = range(int(top // 1), int(bottom // 1) + 1)
        for column in range(int(left // 1), int(right // 1) + 1):
            for row in rows:
                for west, north, east, south in self.taken.get((column, row), ()):
                    if left < east and right > west and top < south and bottom > north:
                        return True
        return False

    def _take(self, box: Rect) -> None:
        left, top, right, bottom = box
        for column in range(int(left // 1), int(right // 1) + 1):
            for row in range(int(top // 1), int(bottom // 1) + 1):
                self.taken.setdefault((column, row), []).append(box)
        self.closed.mark(box)


def _cost(place: tuple[float, object]) -> float:
    return place[0]


@lru_cache(maxsize=1024)
def _order(count: int) -> tuple[tuple[float, int | None], ...]:
    """Return what it costs to stand at the points of a line of so many, the cheapest first, with their numbers.

    A point comes twice: first its sides, later its corners. None stands for the gaps that the line bends in.
    """
    costs: list[tuple[float, int | None]] = []
    last = count - 1
    for number in range(0, count, max(1, count // 28)):
        toll = 0.5 * abs(number / max(1, last) - 0.45)
        costs += [(toll, number), (toll + 0.06, number)]
    return tuple(sorted([*costs, (0.25, None)], key=_cost))
