"""How near a box comes to the lines: their points by small cells of the page, and distances to those around a box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot

from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.routes import ArrowRoute, Point
from impacttree.render.layout.squares import Rect

__all__ = [
    "CLEAR",
    "NEAR",
    "LinePart",
    "PartsByCell",
    "beside_others",
    "distance_of_own",
    "is_blocked",
    "is_solid",
    "reach",
]

NEAR = 0.13
"""No line farther than this from a label matters to it, and its own line must not be farther."""
CLEAR = 0.02
"""Least distance between a label and other lines."""
RING = 0.06
"""How far the sign of an assumed effect reaches around the start of its line."""
CELL = 0.3
ROUNDING = 1e-9


def is_solid(route: ArrowRoute) -> bool:
    """Return whether no label may touch a line."""
    return route.arrow.live or route.arrow.on_path or route.arrow.returns


def reach(route: ArrowRoute) -> float:
    """Return how far from its points a line reaches at most, with its head and the sign at its start."""
    return max(route.width / 2, head_length(route.width) + head_width(route.width) / 2, RING)


class LinePart:
    """Points of a line that follow each other in one cell, how far the line reaches around them, and the box of it."""

    __slots__ = ("arrow", "box", "points", "reach", "solid")

    def __init__(self, arrow: int, points: Sequence[Point], reach: float, *, solid: bool) -> None:
        self.arrow = arrow
        self.solid = solid
        self.points = points
        self.reach = reach
        xs, ys = zip(*points, strict=True)
        self.box: Rect = (min(xs) - reach, min(ys) - reach, max(xs) + reach, max(ys) + reach)


class PartsByCell:
    """The points of all lines, by the cells of the page that they lie in."""

    __slots__ = ("cells", "found")

    def __init__(self, drawn: Iterable[ArrowRoute]) -> None:
        self.cells: dict[tuple[int, int], list[LinePart]] = {}
        self.found: dict[tuple[int, int, int, int], list[LinePart]] = {}
        """What was found so far, by the first and last column and row of the cells looked in."""
        for route in drawn:
            self._add(route, route.points, route.width / 2)
            if route.head:
                (x, y), (along_x, along_y) = route.tip, route.heading
                length, wing = head_length(route.width), head_width(route.width) / 2
                middle = (x - along_x * length / 2, y - along_y * length / 2)
                self._add(route, (middle, (x - along_x * length, y - along_y * length)), wing)
            if route.arrow.link.assumed and not route.branches:
                self._add(route, (route.start,), RING)

    def _add(self, route: ArrowRoute, points: Sequence[Point], reach: float) -> None:
        """Add points to the cells they lie in, those that follow each other in one cell as one part."""
        arrow, solid = route.arrow.index, is_solid(route)
        starts: list[int] = []
        places: list[tuple[int, int]] = []
        west = east = north = south = 0.0
        for number, (x, y) in enumerate(points):
            if west < x < east and north < y < south:
                continue  # surely in the cell of the point before
            column, row = place = (int(x // CELL), int(y // CELL))
            if not places or place != places[-1]:
                starts.append(number)
                places.append(place)
                west, north = column * CELL + ROUNDING, row * CELL + ROUNDING
                east, south = west + CELL - 2 * ROUNDING, north + CELL - 2 * ROUNDING
        for place, start, end in zip(places, starts, (*starts[1:], len(points)), strict=True):
            self.cells.setdefault(place, []).append(LinePart(arrow, points[start:end], reach, solid=solid))

    def around(self, box: Rect) -> list[LinePart]:
        """Return the parts of lines in all cells that are not wholly farther from a box than `NEAR`."""
        left, top, right, bottom = box
        first, last = int((left - NEAR) // CELL), int((right + NEAR) // CELL)
        upper, lower = int((top - NEAR) // CELL), int((bottom + NEAR) // CELL)
        found = self.found.get((first, last, upper, lower))
        if found is None:
            found = self.found[first, last, upper, lower] = []
            for column in range(first, last + 1):
                for row in range(upper, lower + 1):
                    found += self.cells.get((column, row), ())
        return found


def distance_of_own(box: Rect, parts: Iterable[LinePart], own: int, far: float) -> float:
    """Return how far a box is from its own line, if not beyond `far`; nothing or less where it covers some of it."""
    left, top, right, bottom = _grown(box, far)
    least = 9.0
    for part in parts:
        if part.arrow == own:
            west, north, east, south = part.box
            if west <= right and east >= left and north <= bottom and south >= top:
                least = min(least, _distance(box, part))
                if least <= 0.0:
                    break
    return least


def is_blocked(box: Rect, parts: Iterable[LinePart], own: int) -> bool:
    """Return whether another line that no label may touch comes too close to a box."""
    left, top, right, bottom = _grown(box, CLEAR)
    for part in parts:
        if part.solid and part.arrow != own:
            west, north, east, south = part.box
            beside = west < right and east > left and north < bottom and south > top
            if beside and _distance(box, part) < CLEAR:
                return True
    return False


def beside_others(
    box: Rect, parts: Iterable[LinePart], own: int, most: float, least: float, lines: float
) -> tuple[float, int]:
    """Return how far the nearest of the other lines is that a label stays clear of, and how many it stands on.

    What is farther than `most` is not looked for. The search ends at a line nearer than `least`, and at more lines to
    stand on than `lines`.
    """
    left, top, right, bottom = _grown(box, most)
    under: set[int] = set()
    for part in parts:
        west, north, east, south = part.box
        if west < right and east > left and north < bottom and south > top and part.arrow != own:
            most, touched = _clearance(box, part, most)
            if touched:
                under.add(part.arrow)
            if most < least or len(under) > lines:
                break
    return most, len(under)


def _grown(box: Rect, by: float) -> Rect:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _distance(box: Rect, part: LinePart) -> float:
    """Return how far a box is from a part, less than nothing where it covers a point of it."""
    left, top, right, bottom = box
    away = [
        hypot(
            left - x if x < left else x - right if x > right else 0.0,
            top - y if y < top else y - bottom if y > bottom else 0.0,
        )
        for x, y in part.points
    ]
    return min(away) - part.reach


def _clearance(box: Rect, part: LinePart, most: float) -> tuple[float, bool]:
    """Return how far the nearest point is that a box stays clear of, if nearer than `most`; whether it touches one."""
    left, top, right, bottom = box
    reach = part.reach
    room = most + reach
    touched = False
    for x, y in part.points:
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
