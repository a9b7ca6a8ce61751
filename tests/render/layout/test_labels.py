"""Labels stand where they would stand if every place were looked at in full."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.render.layout import _forbidden
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.labels import Label, place_labels
from impacttree.render.layout.nearby import (
    CLEAR,
    NEAR,
    PartsByCell,
    beside_others,
    distance_of_own,
    is_blocked,
    is_solid,
)
from impacttree.render.layout.ports import assign_ports
from impacttree.render.layout.routes import ArrowRoute, routes
from impacttree.render.layout.squares import Gaps, Rect, Squares
from impacttree.views import Diagram
from tests.render.layout.strategies import tree_diagrams
from tests.render.layout.test_steps import arranged


def labelled(diagram: Diagram) -> tuple[list[Label], list[int]]:
    net, grid, tracks, geometry = arranged(diagram)
    drawn = routes(net, grid, tracks, geometry, assign_ports(net, grid, tracks, geometry))
    labels, lost = place_labels(net, geometry, drawn, _forbidden(net, grid, geometry), 1.0, Budget(10**12))
    return list(labels), [route.arrow.index for route in lost]


def everywhere(_squares: Squares, width: float, _height: float, least: float, most: float) -> Gaps:
    """Find every place on the page."""

    def found(lefts: Sequence[float], tops: Sequence[float]) -> list[tuple[float, float]]:
        return [(left, top) for left in lefts if least <= left and left + width <= most for top in tops]

    return found


@settings(max_examples=25)
@given(diagram=tree_diagrams(14))
def test_squares_change_no_label(diagram: Diagram) -> None:
    quick = labelled(diagram)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Squares, "gaps", everywhere)
        assert labelled(diagram) == quick


def samples(route: ArrowRoute) -> list[tuple[float, float, float]]:
    """Every point of a line, and how far the line reaches around it."""
    parts = PartsByCell([route])
    return [(x, y, part.reach) for cell in parts.cells.values() for part in cell for x, y in part.points]


def away(box: Rect, point: tuple[float, float, float]) -> float:
    x, y, reach = point
    return hypot(max(box[0] - x, 0.0, x - box[2]), max(box[1] - y, 0.0, y - box[3])) - reach


@settings(max_examples=25)
@given(
    diagram=tree_diagrams(14),
    moves=st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)), min_size=5, max_size=5),
    size=st.tuples(st.floats(0.1, 1.0), st.floats(0.1, 0.5)),
)
def test_distances_to_lines_are_those_to_all_their_points(
    diagram: Diagram, moves: list[tuple[float, float]], size: tuple[float, float]
) -> None:
    net, grid, tracks, geometry = arranged(diagram)
    drawn = routes(net, grid, tracks, geometry, assign_ports(net, grid, tracks, geometry))
    lines = PartsByCell(drawn)
    of_line = {route.arrow.index: samples(route) for route in drawn}
    assert all(len(of_line[route.arrow.index]) >= len(route.points) for route in drawn)
    for route in drawn[:4]:
        own = route.arrow.index
        middle = route.points[len(route.points) // 2]
        for across, down in moves:
            left, top = middle[0] + across - size[0] / 2, middle[1] + down - size[1] / 2
            box = (left, top, left + size[0], top + size[1])
            parts = lines.around(box)
            around = {
                index: [(away(box, point), away(box, (*point[:2], 0.0)) <= NEAR) for point in points]
                for index, points in of_line.items()
            }
            mine = distance_of_own(box, parts, own, NEAR)
            nearest, surely_seen = min(around[own])
            assert mine >= min(nearest, 0.0)
            assert mine == nearest or max(mine, nearest) <= 0.0 or not surely_seen
            others = [route.arrow.index for route in drawn if route.arrow.index != own]
            solid = [route.arrow.index for route in drawn if is_solid(route) and route.arrow.index != own]
            blocked = is_blocked(box, parts, own)
            assert blocked or not any(far < CLEAR and seen for index in solid for far, seen in around[index])
            assert not blocked or any(far < CLEAR for index in solid for far, _ in around[index])
            clear, under = beside_others(box, parts, own, 0.05, 0.0, len(drawn))
            assert under >= sum(any(far < CLEAR and seen for far, seen in around[index]) for index in others)
            assert under <= sum(any(far < CLEAR for far, _ in around[index]) for index in others)
            assert clear < 0.05 or not any(
                CLEAR <= far < 0.05 and seen for index in others for far, seen in around[index]
            )
            assert clear >= 0.05 or any(CLEAR <= far == clear for index in others for far, _ in around[index])
