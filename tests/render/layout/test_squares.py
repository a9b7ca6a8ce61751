"""What squares tell is certain: compared with looking at every box and point."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impacttree.render.layout.squares import ACROSS, DOWN, Rect, Squares

WIDTH, HEIGHT, EDGE = 6.0, 4.0, 0.12
POINTS = st.tuples(st.floats(0.0, WIDTH), st.floats(0.0, HEIGHT))
LENGTHS = st.floats(0.01, 1.5)
BOXES = st.builds(lambda at, width, height: (*at, at[0] + width, at[1] + height), POINTS, LENGTHS, LENGTHS)


def meet(one: Rect, two: Rect) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def holds(box: Rect, point: tuple[float, float], margin: tuple[float, float] = (0.0, 0.0)) -> bool:
    (x, y), (across, down) = point, margin
    return box[0] + across < x < box[2] - across and box[1] + down < y < box[3] - down


@given(
    lines=st.lists(st.lists(POINTS, max_size=8), max_size=4),
    boxes=st.lists(BOXES, max_size=4),
    later=st.lists(BOXES, max_size=4),
    size=st.tuples(LENGTHS, LENGTHS),
    places=st.lists(st.tuples(st.floats(-1.0, WIDTH), st.lists(st.floats(-1.0, HEIGHT), max_size=9)), min_size=1),
)
def test_what_is_left_out_surely_touches_something(
    lines: list[list[tuple[float, float]]],
    boxes: list[Rect],
    later: list[Rect],
    size: tuple[float, float],
    places: list[tuple[float, list[float]]],
) -> None:
    squares = Squares(WIDTH, lines)
    points = [point for line in lines for point in line]
    marking = [point for line in lines for point in line[::2]]
    width, height = size
    wide = (2 / ACROSS, 2 / DOWN)
    marked: list[Rect] = []
    for batch in (boxes, later):  # the second after the first was asked for
        for box in batch:
            squares.mark(box)
            marked.append(box)
        gaps = squares.gaps(width, height, EDGE, WIDTH - EDGE)
        for left, tops in places:
            free = gaps((left,), tops)
            found = [top for _, top in free]
            assert free == [(left, top) for top in tops if top in found]
            assert gaps((left, left), tops) == [*free, *free]
            for top in tops:
                box = (left, top, left + width, top + height)
                on_page = left >= EDGE and left + width <= WIDTH - EDGE and top >= 0.0
                taken = any(meet(box, other) for other in marked) or any(holds(box, point) for point in points)
                assert top in found or taken or not on_page
                if not on_page or any(holds(box, point, wide) for point in marking):
                    assert top not in found
