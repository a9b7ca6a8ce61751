"""Each step of the layout for itself: lanes, rows, tracks, ports, routes."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given

from impacttree.render.layout import lanes as lanes_module
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.cut import Excerpt, cleaned
from impacttree.render.layout.lanes import assign_lanes
from impacttree.render.layout.levels import NEVER
from impacttree.render.layout.network import Network, network
from impacttree.render.layout.placement import COST, TAKEN, Grid
from impacttree.render.layout.ports import assign_ports
from impacttree.render.layout.routes import routes
from impacttree.render.layout.rows import RowSearch
from impacttree.render.layout.sizes import Geometry, place, thickness
from impacttree.render.layout.tracks import Tracks, assign_tracks, gaps
from impacttree.views import Diagram
from tests.render import diagrams
from tests.render.layout.strategies import tree_diagrams

AMPLE = Budget(10**12)


def numbered(diagram: Diagram) -> Network:
    return network(Excerpt(cleaned(diagram)))


def searched(net: Network, kicks: int = 0) -> Grid:
    search = RowSearch(net, assign_lanes(net, AMPLE)[0], AMPLE, {})
    search.improve(sweeps=10)
    search.kick(kicks)
    return search.placement.grid()


def arranged(diagram: Diagram) -> tuple[Network, Grid, Tracks, Geometry]:
    net = numbered(diagram)
    grid = searched(net)
    tracks = assign_tracks(net, grid, AMPLE)
    return net, grid, tracks, place(net, grid, tracks, title_height=1.17)


@given(tree_diagrams(16))
def test_every_arrow_runs_to_the_right_and_path_steps_strictly(diagram: Diagram) -> None:
    net = numbered(diagram)
    for lanes in assign_lanes(net, AMPLE):
        assert all(0 <= lane < lanes.count for lane in lanes.lane)
        assert all(lanes.lane[arrow.source] <= lanes.lane[arrow.target] for arrow in net.forward)
        assert all(lanes.lane[one] < lanes.lane[two] for one, two in pairwise(net.path))


@given(tree_diagrams(16))
def test_the_cost_of_a_move_is_the_difference_of_whole_costs(diagram: Diagram) -> None:
    net = numbered(diagram)
    search = lanes_module._Search(net, max(3, len(net.path)), 5, AMPLE)
    before = search.total()
    for card in range(len(net.cards)):
        low, high = search._range(card)
        for lane in range(low, high + 1):
            moves = {card: lane}
            change = search._change(moves)
            assert search.total() == pytest.approx(before)
            here = search.lane[card]
            search._apply(moves)
            assert search.total() == pytest.approx(before + change)
            search._apply({card: here})


@pytest.mark.slow
@given(tree_diagrams(16))
def test_slots_hold_one_card_each_and_the_path_is_the_first_row(diagram: Diagram) -> None:
    net = numbered(diagram)
    grid = searched(net)
    places = list(zip(grid.lane, grid.row, strict=True))
    assert len(set(places)) == len(places)
    assert all(0 <= row < grid.rows for row in grid.row)
    assert all(grid.row[card] == 0 for card in net.path)
    if grid.callout:
        lane, first, count = grid.callout
        assert all((lane, row) not in places for row in range(first, first + count))


@given(tree_diagrams(16))
def test_a_run_in_a_row_meets_no_card(diagram: Diagram) -> None:
    net = numbered(diagram)
    grid = searched(net, kicks=2)
    for arrow in net.arrows:
        level = grid.level[arrow.index]
        if level is not None and level == int(level):
            between = range(grid.lane[arrow.source] + 1, grid.lane[arrow.target])
            assert all((lane, int(level)) not in grid.cards for lane in between)


@given(tree_diagrams(14))
def test_searching_on_never_makes_rows_worse(diagram: Diagram) -> None:
    net = numbered(diagram)
    lanes = assign_lanes(net, AMPLE)[0]
    search = RowSearch(net, lanes, AMPLE, {})
    start = search.placement.total()
    search.improve(10)
    improved = search.placement.total()
    search.kick(3)
    assert search.placement.total() <= improved + 1e-9
    assert improved <= start + 1e-9


@given(tree_diagrams(16))
def test_the_cost_of_a_trade_is_the_difference_of_whole_costs(diagram: Diagram) -> None:
    net = numbered(diagram)
    search = RowSearch(net, assign_lanes(net, AMPLE)[0], AMPLE, {})
    placement = search.placement
    for lane, swaps in enumerate(search.swaps):
        for card in [card for card in placement.slot[lane] if card >= 0 and not placement.pinned[card]]:
            swaps.look()
            before, here = search.placement.total(), placement.row[card]
            changes = swaps.changes(card)
            assert search.placement.total() == pytest.approx(before)
            loose = [row for row, other in enumerate(placement.slot[lane]) if other != TAKEN and row != here]
            assert [row for _, row in changes] == [
                row for row in loose if placement.slot[lane][row] < 0 or not placement.pinned[placement.slot[lane][row]]
            ]
            for change, row in changes:
                placement.swap(lane, here, row)
                assert search.placement.total() == pytest.approx(before + change, abs=1e-9)
                placement.swap(lane, row, here)
            best = swaps.best(card)
            if best is not None:
                search._fill(lane, _traded(placement.slot[lane], here, best))
                search._set_levels()


def _traded(slots: list[int], one: int, two: int) -> list[int]:
    traded = list(slots)
    traded[one], traded[two] = slots[two], slots[one]
    return traded


@given(tree_diagrams(16))
def test_the_cost_of_a_level_is_told_up_to_what_all_levels_share(diagram: Diagram) -> None:
    net = numbered(diagram)
    search = RowSearch(net, assign_lanes(net, AMPLE)[0], AMPLE, {})
    placement, levels = search.placement, search.levels
    for index in placement.long:
        arrow = net.arrows[index]
        if arrow.returns:
            told = levels.costs_of_a_return(arrow)
            assert list(told) == list(range(-1, 2 * placement.rows, 2))
        else:
            told = {level: cost for level, cost in enumerate(levels.costs(arrow)) if cost < NEVER}
            lanes = range(placement.lane[arrow.source] + 1, placement.lane[arrow.target])
            rows = [row for row in range(placement.rows) if all(placement.slot[lane][row] == -1 for lane in lanes)]
            assert [level for level in told if level % 2 == 0] == [2 * row for row in rows]
        shared = set()
        for level, cost in told.items():
            levels.set(arrow, level)
            away = 0.0
            if arrow.returns:  # which are kept near both their ends, which the whole cost does not ask for
                low, high = sorted((placement.row[arrow.source], placement.row[arrow.target]))
                away = 0.6 * (max(0.0, low - level / 2) + max(0.0, level / 2 - high))
            shared.add(round(search.placement.total() + away - COST * cost, 6))
        assert len(shared) == 1


@pytest.mark.slow
@given(tree_diagrams(18))
def test_runs_that_overlap_have_tracks_of_their_own_or_are_one_bundle(diagram: Diagram) -> None:
    net, grid, tracks, geometry = arranged(diagram)
    arrows = net.arrows
    for channel in tracks.channels:
        for track in channel:
            for one, two in combinations(track, 2):
                first, last = gaps(grid, arrows[one])
                begin, end = gaps(grid, arrows[two])
                shares = arrows[one].target == arrows[two].target or arrows[one].source == arrows[two].source
                assert last < begin or end < first or shares
    heights = [geometry.run_y[track[0]] for channel in tracks.channels for track in channel]
    assert heights == sorted(heights)


@given(tree_diagrams(18))
def test_cards_are_readable_and_apart(diagram: Diagram) -> None:
    _, grid, _, geometry = arranged(diagram)
    assert geometry.card_width >= 1.1
    assert min(geometry.row_height) >= 0.63
    below = list(zip(geometry.row_y, geometry.row_height, strict=True))
    assert all(next_y - (y + height) >= 0.19 - 1e-9 for (y, height), (next_y, _) in pairwise(below))
    assert all(two - one >= geometry.card_width + 0.5 for one, two in pairwise(geometry.lane_x))
    assert below[-1][0] + below[-1][1] <= geometry.bottom + 1e-9
    assert len(geometry.lane_x) == grid.lanes


@pytest.mark.slow
@given(tree_diagrams(18))
def test_ports_lie_on_their_card_and_the_main_path_in_its_middle(diagram: Diagram) -> None:
    net, grid, tracks, geometry = arranged(diagram)
    ports = assign_ports(net, grid, tracks, geometry)
    for arrow in net.arrows:
        if grid.lane[arrow.source] == grid.lane[arrow.target] and not arrow.returns:
            continue
        for card, height in ((arrow.source, ports.start[arrow.index]), (arrow.target, ports.end[arrow.index])):
            box = geometry.card(grid.lane[card], grid.row[card])
            assert box.y < height < box.y + box.height
            if arrow.on_path:
                assert height == pytest.approx(box.y + box.height / 2)


@given(tree_diagrams(18))
def test_the_main_path_is_one_straight_line(diagram: Diagram) -> None:
    net, grid, tracks, geometry = arranged(diagram)
    drawn = routes(net, grid, tracks, geometry, assign_ports(net, grid, tracks, geometry))
    steps = [route for route in drawn if route.arrow.on_path]
    assert all(route.straight and not route.upright for route in steps)
    assert len({round(y, 6) for route in steps for _, y in route.points}) <= 1


def test_flows_are_drawn_as_wide_as_they_are_large() -> None:
    net = numbered(diagrams.sample18())
    widths = {arrow.link.money: thickness(net, arrow) for arrow in net.arrows if arrow.live}
    assert widths[189000.0] == max(widths.values())
    assert widths[145000.0] / widths[189000.0] == pytest.approx(145 / 189)


def test_more_than_six_idle_inputs_share_one_head() -> None:
    net, grid, tracks, geometry = arranged(diagrams.star20())
    ports = assign_ports(net, grid, tracks, geometry)
    idle = [arrow.index for arrow in net.arrows if not arrow.live]
    assert len({round(ports.end[index], 6) for index in idle}) == 1
    assert sum(index in ports.heads for index in idle) == 1
