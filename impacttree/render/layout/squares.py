"""Where on a page something stands, by small squares: one look tells most of the boxes that would cover it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import or_

__all__ = ["Gaps", "Rect", "Squares"]

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Gaps = Callable[[Sequence[float], Sequence[float]], list[tuple[float, float]]]
"""Finds in which boxes nothing stands, of those with one of the left and one of the top edges: their left and top."""
ACROSS, DOWN = 20, 50
"""Squares in an inch of width and of height; labels are wider than high."""
WHOLE = 1e-6
"""What a height must have beyond whole squares to count as them, whatever rounding does."""


class Squares:
    """The squares of a page in which points and boxes lie, a column of them as the bits of one integer.

    A box that holds a marked square wholly surely touches what marked it. One that holds none may still do so at its
    edge: what is told here is certain, what is not told is open.

    >>> squares = Squares(5.0, [[(1.0, 1.0)]])
    >>> squares.mark((3.0, 1.0, 4.0, 2.0))
    >>> gaps = squares.gaps(1.0, 1.0, least=0.0, most=5.0)
    >>> gaps((0.5, 1.5, 2.5), (0.5, 1.5))
    [(0.5, 1.5), (1.5, 0.5), (1.5, 1.5)]
    """

    __slots__ = ("spans",)

    def __init__(self, width: float, lines: Iterable[Sequence[tuple[float, float]]]) -> None:
        columns = [0] * (int(width * ACROSS) + 2)
        for points in lines:
            for x, y in points[::2]:  # points of a line are so close that every other one tells as much
                columns[int(x * ACROSS)] |= 1 << int(y * DOWN)
        self.spans = [columns]
        """By its power of two, so many neighbouring columns as one, at the place of the first of them."""

    def mark(self, box: Rect) -> None:
        """Mark every square in which a part of `box` lies."""
        left, top, right, bottom = box
        first, last = max(0, int(left * ACROSS)), min(len(self.spans[0]) - 1, int(right * ACROSS))
        upper = max(0, int(top * DOWN))
        bits = (1 << int(bottom * DOWN) + 1) - (1 << upper)
        for power, span in enumerate(self.spans):
            for column in range(max(0, first - (1 << power) + 1), last + 1):
                span[column] |= bits

    def gaps(self, width: float, height: float, least: float, most: float) -> Gaps:
        """Return what finds boxes so large in which nothing surely stands, by left edge and then by top edge.

        Boxes that reach beyond `least` on the left or `most` on the right are left out, and so are those that begin
        above the page.
        """
        across, down = int(width * ACROSS - WHOLE) - 1, int(height * DOWN - WHOLE) - 1
        span, further = self._span(max(1, across))
        window = (1 << max(0, down)) - 1 if across > 0 else 0

        def found(lefts: Sequence[float], tops: Sequence[float]) -> list[tuple[float, float]]:
            rows = [(int(top * DOWN) + 1, top) for top in tops if top >= 0.0]
            places = []
            for left in lefts:
                if least <= left and left + width <= most:
                    column = int(left * ACROSS) + 1
                    marked = span[column] | span[column + further]
                    for row, top in rows:
                        if not marked >> row & window:
                            places.append((left, top))
            return places

        return found

    def _span(self, columns: int) -> tuple[list[int], int]:
        """Return a span no wider than so many columns, and how much further right another one ends with the last."""
        power = columns.bit_length() - 1
        while power >= len(self.spans):
            half, below = 1 << len(self.spans) - 1, self.spans[-1]
            self.spans.append([*map(or_, below, below[half:]), *below[-half:]])
        return self.spans[power], columns - (1 << power)
