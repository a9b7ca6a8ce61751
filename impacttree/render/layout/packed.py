"""A number for each of several places in one integer: adding and multiplying such integers does so in every place."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

__all__ = ["Crossings", "LineEnds", "Packed", "packed"]

BITS = 64


class Packed:
    """Integers that hold a whole number from 0 up to 2**64 for each of some places, which stand `pitch` heights apart.

    >>> rows = packed(4, pitch=2)
    >>> rows.unpacked(5 * rows.onward[1] + rows.up_to[2])
    (1, 6, 5, 5)
    >>> rows.unpacked(rows.away(3)), rows.unpacked(rows.between(0, 5))
    ((3, 1, 1, 3), (0, 1, 1, 0))
    """

    def __init__(self, places: int, pitch: int) -> None:
        self._form = struct.Struct(f"<{places}Q")
        self._pitch = pitch
        self._away: dict[int, int] = {}
        self._beside: dict[int, int] = {}
        self.size = BITS * places
        self.mask = (1 << self.size) - 1
        self.one = [1 << (BITS * place) for place in range(places)]
        """One in a place, nothing elsewhere."""
        self.up_to = list(accumulate(self.one, initial=0))
        """One in each place before the first, the second, ... and so on."""
        self.onward = [self.up_to[-1] - before for before in self.up_to]
        """One in each place from the first, the second, ... on."""

    def away(self, height: int) -> int:
        """Return how far each place is from a height."""
        known = self._away.get(height)
        if known is None:
            far = [one * abs(self._pitch * place - height) for place, one in enumerate(self.one)]
            known = self._away[height] = sum(far)
        return known

    def beside(self, height: int) -> int:
        """Return one for each place above a height and, `size` bits further on, one for each place below it."""
        known = self._beside.get(height)
        if known is None:
            above, below = self.up_to[-(-height // self._pitch)], self.onward[height // self._pitch + 1]
            known = self._beside[height] = above | below << self.size
        return known

    def between(self, one: int, two: int) -> int:
        """Return one for each place between two heights."""
        low, high = (one, two) if one < two else (two, one)
        first, last = low // self._pitch + 1, -(-high // self._pitch)
        return self.up_to[last] - self.up_to[first] if first < last else 0

    def unpacked(self, numbers: int) -> tuple[int, ...]:
        """Return the numbers, place by place."""
        return self._form.unpack(numbers.to_bytes(self._form.size, "little"))


@lru_cache(maxsize=64)
def packed(places: int, pitch: int) -> Packed:
    """Return the integers for so many places, which all searches share."""
    return Packed(places, pitch)


class Crossings:
    """Lines of a gap, met by one that ends at a given height on one side and in any place on the other.

    A line's `near` end is on the side of the places, its `far` end on the other one.

    >>> rows = packed(3, pitch=2)
    >>> crossings = Crossings(rows)
    >>> crossings.add(near=2, far=3, weight=7)
    >>> crossings.add(near=2, far=5, weight=9)
    >>> rows.unpacked(crossings.met(4))
    (7, 0, 9)
    """

    def __init__(self, places: Packed) -> None:
        self._places = places
        self._by_far: dict[int, int] = {}
        """The weight of lines in the places beside their near ends: see `Packed.beside`."""
        self._met: dict[int, int] = {}
        """What `met` has told since a line was last added."""

    def add(self, near: int, far: int, weight: int) -> None:
        """Count a line, or no more if its weight is negative."""
        self._by_far[far] = self._by_far.get(far, 0) + weight * self._places.beside(near)
        self._met.clear()

    def met(self, end: int) -> int:
        """Return the weight of the lines crossed, for each place: those that end on other sides of it at both ends."""
        known = self._met.get(end)
        if known is None:
            before = after = 0
            for far, beside in self._by_far.items():
                if far < end:
                    before += beside
                elif far > end:
                    after += beside
            known = self._met[end] = (before & self._places.mask) + (after >> self._places.size)
        return known


class LineEnds:
    """Where the lines of a gap end on both sides, and which have moved since one looked.

    >>> left, right = [0, 2], [2, 2]
    >>> ends = LineEnds([0, 1], left, right)
    >>> ends.moved()
    [(0, None, (0, 2)), (1, None, (2, 2))]
    >>> right[1] = 4
    >>> ends.moved()
    [(1, (2, 2), (2, 4))]
    """

    def __init__(self, lines: Sequence[int], left: list[int], right: list[int]) -> None:
        self.lines = lines
        self._left, self._right = left, right
        self._before: dict[int, tuple[int, int]] = {}

    def moved(self) -> list[tuple[int, tuple[int, int] | None, tuple[int, int]]]:
        """Return lines that end elsewhere than when this was last asked, with where they ended, if known, and end."""
        left, right, before = self._left, self._right, self._before
        moved = []
        for line in self.lines:
            now = left[line], right[line]
            then = before.get(line)
            if then != now:
                before[line] = now
                moved.append((line, then, now))
        return moved
