"""The finished page, read as a reader sees it; `hard` lists everything that must never happen."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impacttree.render.layout import layout, style
from impacttree.render.scene import Box, Curve, Text
from impacttree.render.svg import render_diagram_svg
from impacttree.views import Card, Diagram
from tests.render import diagrams
from tests.render.checks import crossings, frame, groups, hard, line
from tests.render.layout.strategies import tree_diagrams, wild_diagrams
from tests.work import calls

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LARGE = ("rand40", "rand150")
BUDGET = {"sample18": (4, 0), "funnel5": (0, 0), "saas25": (18, 1), "duolingo": (11, 2), "star20": (0, 0)}
"""Crossings, and crossings of lines that carry money: no more than these."""


@pytest.mark.parametrize("name", [name for name in diagrams.NAMED if name not in LARGE])
def test_nothing_collides(name: str) -> None:
    scene = layout(diagrams.NAMED[name]())
    assert hard(scene) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_nothing_collides_in_large_trees(name: str) -> None:
    assert hard(layout(diagrams.NAMED[name]())) == []


@pytest.mark.slow
def test_a_poster_shows_everything() -> None:
    scene = layout(diagrams.random_diagram(90, 3), size="poster")
    assert len(groups(scene, "card")) == 90
    assert hard(scene) == []


@pytest.mark.slow
@FEW
@given(tree_diagrams())
def test_nothing_collides_in_random_trees(diagram: Diagram) -> None:
    assert hard(layout(diagram)) == []


@pytest.mark.slow
@settings(FEW, max_examples=60)
@given(wild_diagrams())
def test_nothing_collides_whatever_is_passed(diagram: Diagram) -> None:
    assert hard(layout(diagram)) == []


def test_a_long_name_on_a_board_makes_no_letter_too_small() -> None:
    """One word that is wider than its card at the larger letters of a board, and fits none of the smaller ones."""
    names = {"a": "Revenue", "b": "Orders", "c": "0" * 29}
    cards = tuple(Card(id=key, kind="product", label=name, value="42%", unit="") for key, name in names.items())
    diagram = Diagram(title="Revenue", subtitle="", cards=cards, links=(), outcome="a", path=("c",), cut="board")
    assert hard(layout(diagram)) == []


@pytest.mark.slow
@FEW
@given(tree_diagrams(14), st.randoms(use_true_random=False))
def test_the_order_of_cards_and_links_does_not_matter(diagram: Diagram, chance: Random) -> None:
    cards, links = list(diagram.cards), list(diagram.links)
    chance.shuffle(cards)
    chance.shuffle(links)
    assert layout(replace(diagram, cards=tuple(cards), links=tuple(links))) == layout(diagram)


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "from hashlib import sha256; from impacttree.render.svg import render_diagram_svg as draw;"
        "from tests.render import diagrams as d;"
        "print(sha256(''.join(draw(d.NAMED[n]()) for n in ('sample18', 'duolingo', 'rand22')).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", BUDGET)
def test_few_lines_cross_and_no_amount_is_lost(name: str) -> None:
    scene = layout(diagrams.NAMED[name]())
    total, live = crossings(scene)
    assert (total, live) <= BUDGET[name]
    assert live <= BUDGET[name][1]
    labelled = {group.id for group in groups(scene, "label")}
    carrying = {
        f"{link.source}>{link.target}" for link in diagrams.NAMED[name]().links if abs(link.money) > 0 and not link.back
    }
    assert carrying <= labelled


@pytest.mark.parametrize("name", ["funnel5", "sample18", "star20", "nolift-sample"])
def test_these_fit_on_a_slide(name: str) -> None:
    scene = layout(diagrams.NAMED[name]())
    assert (scene.width, scene.height) == (style.PAGE_WIDTH, style.PAGE_HEIGHT)


def test_the_work_of_laying_out_25_cards_is_bounded() -> None:
    assert calls(lambda: layout(diagrams.saas25())) < 2_500_000


@given(tree_diagrams(14))
@FEW
def test_the_accent_belongs_to_the_main_path(diagram: Diagram) -> None:
    scene = layout(diagram)
    path = set(diagram.path)
    for group in groups(scene, "card"):
        accented = any(isinstance(s, Box) and s.stroke == style.ACCENT for s in group.shapes)
        assert accented == (group.id in path)
    for group in groups(scene, "connector"):
        if style.ACCENT in (line(group).fill, line(group).stroke):
            assert {group.source, group.target} <= path


def test_without_a_lift_there_is_no_accent_no_dash_and_no_change() -> None:
    scene = layout(diagrams.without_lift(diagrams.sample18()))
    shapes = list(scene.shapes())
    texts = [shape.text for shape in shapes if isinstance(shape, Text)]
    assert not groups(scene, "callout")
    assert style.ACCENT not in {getattr(shape, "stroke", "") for shape in shapes}
    assert style.ACCENT not in {getattr(shape, "fill", "") for shape in shapes}
    assert all(line(group).dash == () for group in groups(scene, "connector"))
    assert not {"no change", "no money in this lift", "favourable"} & set(texts)
    rows = {group.id: frame(group)[1] for group in groups(scene, "card")}
    path = diagrams.sample18().path
    assert len({round(rows[name] + 0.0, 2) for name in path}) == 1


@pytest.mark.parametrize("words", ["$9k to $26k (P10 to P90)", "-$1.25M to +$14.80M (P10 to P90)"])
def test_the_range_of_a_callout_is_never_cut(words: str) -> None:
    diagram = diagrams.sample18()
    assert diagram.callout is not None
    scene = layout(replace(diagram, callout=replace(diagram.callout, range=words)))
    (group,) = groups(scene, "callout")
    shown = " ".join(shape.text for shape in group.shapes if isinstance(shape, Text))
    assert words.replace("-", "−") in shown


def test_lines_that_carry_nothing_are_dashed_and_those_that_do_are_not() -> None:
    diagram = diagrams.sample18()
    scene = layout(diagram)
    idle = {f"{link.source}>{link.target}" for link in diagram.links if not link.money}
    for group in groups(scene, "connector"):
        assert (line(group).dash == style.DASH) == (group.id in idle)


def test_kind_shows_by_word_and_glyph() -> None:
    scene = layout(diagrams.sample18())
    words = {"engagement": "METRIC", "churn": "DRIVER", "revenue": "FINANCIAL", "ratio": "GUARDRAIL"}
    for group in groups(scene, "card"):
        if group.id in words:
            assert words[group.id] in [shape.text for shape in group.shapes if isinstance(shape, Text)]


@pytest.mark.parametrize("name", ["sample18", "saas25", "duolingo", "star20", "rand30", "board-saas", "chain14"])
def test_no_value_change_or_limit_is_cut(name: str) -> None:
    diagram = diagrams.NAMED[name]()
    shown = {
        group.id: [s.text for s in group.shapes if isinstance(s, Text)] for group in groups(layout(diagram), "card")
    }
    for card in diagram.cards:
        if card.id in shown:
            assert card.value in shown[card.id]
            assert card.change.replace("-", "−") in ["", *shown[card.id]]
            assert card.guardrail in ["", *shown[card.id]]


def test_a_breached_guardrail_says_so_in_words() -> None:
    diagram = diagrams.sample18()
    cards = tuple(replace(card, breached=card.id == "ratio") for card in diagram.cards)
    scene = layout(replace(diagram, cards=cards))
    card = next(group for group in groups(scene, "card") if group.id == "ratio")
    assert "BREACHED" in [shape.text for shape in card.shapes if isinstance(shape, Text)]
    assert "breached" in card.alt


def test_favourable_is_filled_and_adverse_is_outlined() -> None:
    scene = layout(diagrams.sample18())
    pills = {
        group.id: next((s.fill for s in group.shapes if isinstance(s, Box) and s.radius == s.height / 2), "")
        for group in groups(scene, "card")
    }
    assert pills["churn"] == style.GOOD
    assert pills["cogs"] == style.WHITE
    assert pills["opex"] == ""


def test_the_legend_lists_only_what_occurs() -> None:
    def words(diagram: Diagram) -> set[str]:
        return {shape.text for shape in groups(layout(diagram), "legend")[0].shapes if isinstance(shape, Text)}

    assert "adverse" in words(diagrams.sample18())
    assert "adverse" not in words(diagrams.funnel5())
    assert "acts next month" in words(diagrams.saas25())
    assert "Guardrail" not in words(diagrams.funnel5())
    assert "+n more: folded" in words(diagrams.random_diagram(60, 1))


def test_more_than_forty_cards_collapse_with_counts() -> None:
    scene = layout(diagrams.random_diagram(60, 1))
    shown = groups(scene, "card")
    assert len(shown) == 40
    notes = " ".join(group.alt for group in groups(scene, "footer"))
    assert "20 metrics are folded" in notes
    assert any("more metrics folded into it" in group.alt for group in shown)


def test_the_board_shows_boxes_panels_and_money_alone() -> None:
    scene = layout(diagrams.board(diagrams.duolingo()))
    assert len(groups(scene, "card")) == 6
    assert len(groups(scene, "panel")) == 4
    assert not groups(scene, "head")
    written = [[shape for shape in group.shapes if isinstance(shape, Text)] for group in groups(scene, "label")]
    labels = [" ".join(shape.text for shape in texts) for texts in written]
    assert "+$849k" in labels
    assert "via Streak length" in labels
    assert "via 1 metric" in labels, "a name that would be broken within a word is counted"
    assert min(shape.size for texts in written for shape in texts) > 12
    assert not [text for text in labels if text in ("+0.50", "+4.00")]
    assert all(not s.dash for group in groups(scene, "connector") for s in group.shapes if isinstance(s, Curve))


def test_figures_without_room_stay_in_words() -> None:
    scene = layout(diagrams.k66())
    for group in groups(scene, "connector"):
        assert "elasticity +0.50" in group.alt


def test_letters_that_the_font_lacks_are_told() -> None:
    assert any("lacks" in warning for warning in layout(diagrams.alphabets()).warnings)
    assert not layout(diagrams.sample18()).warnings


def test_a_tree_without_metrics_is_a_title() -> None:
    scene = layout(Diagram("Nothing yet", "", (), (), "", ()))
    assert [group.role for group in scene.groups] == ["title"]


def test_cards_without_links_stand_beside_each_other() -> None:
    cards = tuple(Card(f"m{number}", "driver", f"Metric {number}", "1", "") for number in range(7))
    assert hard(layout(Diagram("Loose", "", cards, (), "m0", ("m0",)))) == []


@pytest.mark.parametrize("name", ["hostile", "long", "alphabets"])
def test_any_text_draws(name: str) -> None:
    assert render_diagram_svg(diagrams.NAMED[name]()).startswith("<svg ")
