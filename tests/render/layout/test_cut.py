from __future__ import annotations

from dataclasses import replace

import pytest

from impacttree.render.layout.cut import SLIDE, Room, board, cleaned, collapsed
from impacttree.views import Card, Diagram, Link
from tests.render import diagrams


def ids(diagram: Diagram) -> list[str]:
    return [card.id for card in diagram.cards]


def link(source: str, target: str, **more: object) -> Link:
    return Link(source, target, assumed=False, back=False, **more)  # type: ignore[arg-type]


def tree(*links: Link, names: str, path: str) -> Diagram:
    cards = tuple(Card(name, "driver", name, "1", "") for name in names)
    return Diagram("", "", cards, links, path[-1], tuple(path), lifted=path[0])


def test_an_order_of_its_own() -> None:
    diagram = cleaned(tree(link("b", "c"), link("a", "c"), names="cba", path="ac"))
    assert ids(diagram) == ["a", "b", "c"]
    assert [(item.source, item.target) for item in diagram.links] == [("a", "c"), ("b", "c")]


def test_links_to_nowhere_and_repeats_are_left_out() -> None:
    diagram = cleaned(tree(link("a", "b"), link("a", "b"), link("a", "x"), names="aab", path="ab"))
    assert ids(diagram) == ["a", "b"]
    assert len(diagram.links) == 1


def test_a_link_to_itself_becomes_the_memory_mark() -> None:
    diagram = cleaned(tree(link("a", "a"), link("a", "b"), names="ab", path="ab"))
    assert [card.memory for card in diagram.cards] == [True, False]
    assert len(diagram.links) == 1


def test_an_unknown_outcome_is_the_end_of_the_path() -> None:
    assert cleaned(replace(tree(link("a", "b"), names="ab", path="ab"), outcome="x")).outcome == "b"


def test_no_callout_without_a_lift() -> None:
    assert cleaned(diagrams.without_lift(diagrams.sample18())).callout is None
    assert cleaned(replace(diagrams.sample18(), lifted="")).callout is None


def test_the_board_keeps_at_most_six_boxes_on_the_path() -> None:
    full = cleaned(diagrams.duolingo())
    picture = board(full)
    assert len(picture.diagram.cards) == 6
    assert picture.diagram.path[0] == full.path[0]
    assert picture.diagram.path[-1] == full.path[-1]
    assert [name for name in full.path if name in picture.diagram.path] == list(picture.diagram.path)
    left_out = sum(len(names) for names in picture.skipped.values())
    assert left_out == len(full.path) - 6


def test_an_arrow_over_left_out_boxes_carries_what_runs_through_all_of_them() -> None:
    picture = board(cleaned(diagrams.duolingo()))
    joined = next(item for item in picture.diagram.links if (item.source, item.target) == ("lessons", "dau"))
    assert joined.money_text == "+$849k"
    assert joined.assumed
    assert picture.skipped["lessons", "dau"] == ("Streak length", "Daily retention (CURR)")


def test_a_short_path_stays_whole_on_the_board() -> None:
    picture = board(cleaned(diagrams.funnel5()))
    assert set(ids(picture.diagram)) == {"signup", "trials", "orders", "revenue"}
    assert not picture.skipped


@pytest.mark.parametrize("limit", [12, 25, 40])
def test_a_large_tree_keeps_its_path_and_counts_the_rest(limit: int) -> None:
    full = cleaned(diagrams.random_diagram(90, 3))
    picture = collapsed(full, Room(limit, limit, limit, 1000))
    kept = set(ids(picture.diagram))
    assert len(kept) == max(limit, len(full.path))
    assert set(full.path) <= kept
    assert len(kept) + sum(picture.folded.values()) == 90
    assert set(picture.folded) <= kept
    assert all({item.source, item.target} <= kept for item in picture.diagram.links)


def test_what_carries_most_is_kept() -> None:
    full = cleaned(diagrams.random_diagram(90, 3))
    picture = collapsed(full, SLIDE)
    kept = set(ids(picture.diagram))
    carried = {card.id: card.money for card in full.cards if card.id not in full.path}
    inputs = {item.source for item in full.links if item.target in full.path}
    worst_kept = min(carried[name] for name in kept if name in carried and name not in inputs)
    assert all(carried[name] <= worst_kept for name in carried if name not in kept)


def test_inputs_of_folded_cards_are_hung_on_what_they_feed() -> None:
    links = (link("a", "z", money=9.0), link("i", "x", money=5.0, money_text="+$5"), link("x", "z", money=0.0))
    full = cleaned(tree(*links, names="aixz", path="az"))
    cards = tuple(replace(card, money=7.0 if card.id == "i" else card.money) for card in full.cards)
    picture = collapsed(replace(full, cards=cards), Room(3, 3, 3, 100))
    assert ids(picture.diagram) == ["a", "i", "z"]
    assert picture.folded == {"z": 1}
    rehung = next(item for item in picture.diagram.links if item.source == "i")
    assert (rehung.target, rehung.money_text) == ("z", "+$5")


def test_a_small_tree_is_not_collapsed() -> None:
    full = cleaned(diagrams.sample18())
    assert collapsed(full, SLIDE).diagram is full
