from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.render.layout.cut import SLIDE, STRONGEST, Capacity, board, cleaned, collapsed
from impacttree.render.layout.network import network
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
    excerpt = board(full)
    assert len(excerpt.diagram.cards) == 6
    assert excerpt.diagram.path[0] == full.path[0]
    assert excerpt.diagram.path[-1] == full.path[-1]
    assert [name for name in full.path if name in excerpt.diagram.path] == list(excerpt.diagram.path)
    left_out = sum(len(names) for names in excerpt.skipped.values())
    assert left_out == len(full.path) - 6


def test_an_arrow_over_left_out_boxes_carries_what_runs_through_all_of_them() -> None:
    excerpt = board(cleaned(diagrams.duolingo()))
    joined = next(item for item in excerpt.diagram.links if (item.source, item.target) == ("lessons", "retention"))
    assert joined.money_text == "+$849k"
    assert joined.assumed
    assert excerpt.skipped["lessons", "retention"] == ("Streak length",)


def test_a_short_path_stays_whole_on_the_board() -> None:
    excerpt = board(cleaned(diagrams.funnel5()))
    assert set(ids(excerpt.diagram)) == {"signup", "trials", "orders", "revenue"}
    assert not excerpt.skipped


@pytest.mark.parametrize("limit", [12, 25, 40])
def test_a_large_tree_keeps_its_path_and_counts_the_rest(limit: int) -> None:
    full = cleaned(diagrams.random_diagram(90, 3))
    excerpt = collapsed(full, Capacity(limit, limit, limit, 1000))
    kept = set(ids(excerpt.diagram))
    assert len(full.path) <= len(kept) <= limit
    assert set(full.path) <= kept
    assert len(kept) + len(excerpt.folded) == 90
    assert set(excerpt.folded.values()) <= kept
    assert all({item.source, item.target} <= kept for item in excerpt.diagram.links)


ROOM = Capacity(cards=30, touched=45, path=12, lines=10_000)
LARGE = st.builds(
    diagrams.random_diagram,
    size=st.integers(41, 120),
    seed=st.integers(0, 10_000),
    extra=st.floats(0.0, 0.8),
    loops=st.integers(0, 3),
)
MANY = settings(max_examples=60, deadline=None)


@MANY
@given(LARGE)
def test_no_link_to_what_is_shown_is_lost(diagram: Diagram) -> None:
    full = cleaned(diagram)
    excerpt = collapsed(full, ROOM)
    drawn = {(item.source, item.target) for item in excerpt.diagram.links}
    shown = {name: name for name in ids(excerpt.diagram)} | dict(excerpt.folded)
    expected = {
        (shown[item.source], shown[item.target]) for item in full.links if {item.source, item.target} <= {*shown}
    }
    path = excerpt.diagram.path
    steps = set() if path == full.path else set(pairwise(path))
    assert drawn - steps == {(source, target) for source, target in expected if source != target} - steps


@MANY
@given(LARGE)
def test_a_card_is_folded_into_one_that_it_feeds_or_else_that_feeds_it(diagram: Diagram) -> None:
    full = cleaned(diagram)
    excerpt = collapsed(full, ROOM)
    graph = nx.DiGraph([(item.source, item.target) for item in full.links if not item.back])
    shown = set(ids(excerpt.diagram))
    for name, home in excerpt.folded.items():
        fed = nx.descendants(graph, name) & shown
        assert home in fed if fed else nx.has_path(graph, home, name) or not graph.in_degree(name)


@MANY
@given(LARGE)
def test_folding_closes_no_circle(diagram: Diagram) -> None:
    excerpt = collapsed(cleaned(diagram), ROOM)
    forward = nx.DiGraph([(item.source, item.target) for item in excerpt.diagram.links if not item.back])
    assert nx.is_directed_acyclic_graph(forward)
    assert all(arrow.link.back for arrow in network(excerpt).arrows if arrow.returns)


@MANY
@given(LARGE)
def test_folding_keeps_the_money_that_flows_between_what_is_shown(diagram: Diagram) -> None:
    full = cleaned(diagram)
    excerpt = collapsed(full, ROOM)
    if excerpt.diagram.path == full.path:
        outside = [
            item
            for item in full.links
            if excerpt.folded.get(item.source, item.source) != excerpt.folded.get(item.target, item.target)
        ]
        known = set(ids(excerpt.diagram)) | set(excerpt.folded)
        money = sum(item.money for item in outside if {item.source, item.target} <= known)
        assert sum(item.money for item in excerpt.diagram.links) == pytest.approx(money, abs=1e-6)


@MANY
@given(LARGE)
def test_siblings_stay_or_go_together_and_what_the_lift_touches_stays(diagram: Diagram) -> None:
    full = cleaned(diagram)
    excerpt = collapsed(full, ROOM)
    kept = set(ids(excerpt.diagram))
    carried = {card.id: abs(card.money) for card in full.cards}
    for item in full.links:
        for end in (item.source, item.target):
            carried[end] = max(carried[end], abs(item.money))
    touched = {card.id for card in full.cards if card.change or carried[card.id] > 0}
    inner = set(full.path) - set(excerpt.diagram.path)
    if len(touched | set(full.path)) <= ROOM.touched:
        assert touched - inner <= kept
    else:
        assert len(kept) <= ROOM.touched
    together: dict[frozenset[str], list[str]] = {}
    for card in full.cards:
        fed = frozenset(item.target for item in full.links if item.source == card.id and not item.back)
        if fed and card.id not in touched | set(full.path):
            together.setdefault(fed, []).append(card.id)
    for names in together.values():
        assert len({name in kept for name in names}) == 1 or len(names) > STRONGEST
    assert len(kept) + len(excerpt.folded) + excerpt.apart == len(full.cards)


def test_of_siblings_that_no_picture_holds_the_strongest_are_shown() -> None:
    names = [f"m{number:02d}" for number in range(60)]
    links = tuple(link(name, "out", elasticity=number / 100) for number, name in enumerate(names))
    cards = tuple(Card(name, "driver", name, "1", "") for name in [*names, "out"])
    full = cleaned(Diagram("", "", cards, links, "out", ("m59", "out")))
    excerpt = collapsed(full, SLIDE)
    assert set(ids(excerpt.diagram)) == {"out", *names[-1 - STRONGEST :]}
    assert excerpt.folded == dict.fromkeys(names[: 59 - STRONGEST], "out")


def test_a_very_long_path_keeps_its_ends_and_what_has_most_links() -> None:
    names = [f"m{number:02d}" for number in range(60)]
    steps = [link(one, two, elasticity_text="+1.00") for one, two in pairwise(names)]
    aside = [link(f"x{number}", "m30") for number in range(3)]
    cards = tuple(Card(name, "driver", name, "1", "") for name in [*names, "x0", "x1", "x2"])
    full = cleaned(Diagram("", "", cards, (*steps, *aside), "m59", tuple(names)))
    excerpt = collapsed(full, SLIDE)
    path = excerpt.diagram.path
    assert (len(path), path[0], path[-1]) == (SLIDE.path, "m00", "m59")
    assert "m30" in path
    drawn = {(item.source, item.target): item.elasticity_text for item in excerpt.diagram.links}
    for one, two in pairwise(path):
        follows = names.index(two) == names.index(one) + 1
        assert drawn[one, two] == ("+1.00" if follows else "")


def test_inputs_of_folded_cards_are_hung_on_what_they_feed() -> None:
    links = (link("a", "z", money=9.0), link("i", "x", money=5.0, money_text="+$5"), link("x", "z", money=0.0))
    full = cleaned(tree(*links, names="aixz", path="az"))
    cards = tuple(replace(card, money=7.0 if card.id == "i" else card.money) for card in full.cards)
    excerpt = collapsed(replace(full, cards=cards), Capacity(3, 3, 3, 100))
    assert ids(excerpt.diagram) == ["a", "i", "z"]
    assert excerpt.folded == {"x": "z"}
    rehung = next(item for item in excerpt.diagram.links if item.source == "i")
    assert (rehung.target, rehung.money_text) == ("z", "+$5")


def test_a_small_tree_is_not_collapsed() -> None:
    full = cleaned(diagrams.sample18())
    assert collapsed(full, SLIDE).diagram is full
