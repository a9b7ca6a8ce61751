"""The search for lanes leaves moves out by what it keeps: both against the whole, worked out again."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.render.layout.budget import Budget
from impacttree.render.layout.cut import Excerpt, cleaned
from impacttree.render.layout.lanes import _Search
from impacttree.render.layout.network import network
from impacttree.views import Diagram
from tests.render.layout.strategies import tree_diagrams


def search_of(diagram: Diagram, more: int) -> _Search:
    net = network(Excerpt(cleaned(diagram)))
    return _Search(net, max(2, len(net.path)) + more, 4, Budget(10**12))


def moves_of(search: _Search, card: int) -> Iterator[dict[int, int]]:
    """Yield the moves of a card alone, then those by one lane of a card that is in the way of others."""
    low, high = search._range(card)
    here = search.lane[card]
    assert low <= here <= high
    yield from ({card: lane} for lane in range(low, high + 1) if lane != here)
    for step, edge in ((-1, low), (1, high)):
        moves = pushed(search, card, step) if here == edge else {}
        if len(moves) > 1:
            yield moves


def pushed(search: _Search, card: int, step: int) -> dict[int, int]:
    """Return what moves with a card, found by looking at all cards again after each."""
    moves = {card: search.lane[card] + step}
    ties = [(one, two, strict) for one, onward in enumerate(search.onward) for two, strict in onward]
    while True:
        at = [moves.get(other, lane) for other, lane in enumerate(search.lane)]
        if not all(0 <= lane < search.count for lane in at):
            return {}
        wrong = [(one, two) for one, two, strict in ties if at[two] - at[one] < strict]
        if not wrong:
            return moves
        for one, two in wrong:
            other = two if step > 0 else one
            moves[other] = search.lane[other] + step


def shaken(search: _Search, chance: Random, times: int) -> Iterator[None]:
    for _ in range(times):
        card = chance.randrange(len(search.lane))
        moves = chance.choice([{card: search.lane[card]}, *moves_of(search, card)])
        search._apply(moves)
        yield


@given(tree_diagrams(16), st.integers(0, 3), st.randoms(use_true_random=False))
def test_what_is_kept_is_what_is_worked_out_again(diagram: Diagram, more: int, chance: Random) -> None:
    search = search_of(diagram, more)
    for _ in shaken(search, chance, 6):
        kept = search.taken, search.reserved, search.lane_costs, search.crowds
        search._count_lanes()
        assert kept == (search.taken, search.reserved, search.lane_costs, search.crowds)
        for card in range(len(search.lane)):
            alone = search._alone(card)
            assert (alone.low, alone.high) == search._range(card)
            search.known[card].clear()
            assert alone == search._alone(card)


@given(tree_diagrams(14), st.integers(0, 3), st.randoms(use_true_random=False))
def test_no_move_changes_less_than_is_told_at_least(diagram: Diagram, more: int, chance: Random) -> None:
    search = search_of(diagram, more)
    for _ in shaken(search, chance, 3):
        for card in range(len(search.lane)):
            alone = search._alone(card)
            at_least = [] if card in search.bound else search._least_alone(card, alone)
            for moves in moves_of(search, card):
                change, step = search._change(moves), moves[card] - search.lane[card]
                assert search._least(moves, step) <= change + 1e-9
                if at_least and len(moves) == 1:
                    assert at_least[moves[card] - alone.low] <= change + 1e-9


@given(tree_diagrams(14), st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_descent_is_one_that_works_out_every_move(diagram: Diagram, more: int, chance: Random) -> None:
    search, plain = search_of(diagram, more), search_of(diagram, more)
    for _ in range(2):
        search.descend()
        unmoved, size = 0, len(plain.lane)
        for card in list(range(size)) * 12:
            if unmoved == size:
                break
            changes = [(plain._change(moves), number) for number, moves in enumerate(moves_of(plain, card))]
            change, number = min(changes, default=(0.0, 0))
            unmoved = 0 if change < -1e-9 else unmoved + 1
            if not unmoved:
                plain._apply(list(moves_of(plain, card))[number])
        assert search.lane == plain.lane
        assert search.total() == pytest.approx(plain.total(), abs=0)
        for _ in shaken(plain, chance, 3):
            pass
        search._apply(dict(enumerate(plain.lane)))


@given(tree_diagrams(14), st.integers(0, 3))
def test_no_move_helps_where_a_descent_has_ended(diagram: Diagram, more: int) -> None:
    search = search_of(diagram, more)
    search.kick(3)
    for end in search.ends:
        search._apply(dict(enumerate(end)))
        changes = [search._change(moves) for card in range(len(end)) for moves in moves_of(search, card)]
        assert min(changes, default=0.0) >= -1e-9


@given(tree_diagrams(14), st.integers(0, 3), st.randoms(use_true_random=False))
def test_moves_of_a_card_are_told_apart_by_their_numbers(diagram: Diagram, more: int, chance: Random) -> None:
    search = search_of(diagram, more)
    for _ in shaken(search, chance, 4):
        for card in range(len(search.lane)):
            numbers = [number for _, number, _ in search._moves(card)]
            assert len(set(numbers)) == len(numbers)
