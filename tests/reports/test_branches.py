"""The tree in parts: the inputs of each metric stand on one of them, in letters that can be read in print."""

from __future__ import annotations

import io
import re
from collections import Counter

import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx.util import Inches

import impacttree as it
from impacttree.reports.bet.branches import CARDS, MOST_PARTS, branches, lanes_on
from impacttree.views import Card, Diagram, Link
from tests.strategies import examples


def card(name: str, money: float = 0.0) -> Card:
    return Card(name, "driver", name, "1", "", money=money)


def diagram(pairs: list[tuple[str, str]], outcome: str, names: list[str]) -> Diagram:
    links = tuple(Link(source, target, assumed=False, back=False) for source, target in dict.fromkeys(pairs))
    return Diagram("", "", tuple(map(card, names)), links, outcome, (outcome,))


@pytest.mark.slow
@examples(100)
@given(st.data())
def test_the_inputs_of_each_metric_stand_on_one_part(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 60))
    names = [f"m{number}" for number in range(count)]
    pairs = [
        (names[source], name)
        for number, name in enumerate(names)
        for source in data.draw(st.lists(st.integers(0, max(0, number - 1)), max_size=4))
        if source < number
    ]
    drawn, lanes = diagram(pairs, names[-1], names), data.draw(st.sampled_from(sorted(CARDS)))
    parts, missing = branches(drawn, lanes)
    assert len(parts) <= MOST_PARTS[lanes]
    seen = Counter((link.source, link.target) for part in parts for link in part.diagram.links)
    assert set(seen.values()) <= {1}
    shown = {one.id for part in parts for one in part.diagram.cards}
    assert set(names) - shown == set(missing)
    if not missing and len(parts) < MOST_PARTS[lanes] and not any(part.left for part in parts):
        assert set(seen) == set(pairs)
    for number, part in enumerate(parts, 1):
        assert len(part.diagram.cards) <= max(CARDS[lanes])
        opened = {link.target for link in part.diagram.links}
        for one in part.diagram.cards:  # a card whose inputs stand elsewhere says where
            if one.owner:
                place = int(one.owner.removeprefix("part "))
                assert place != number
                assert one.id not in opened
                assert one.id in {link.target for link in parts[place - 1].diagram.links}


def test_more_inputs_than_a_part_holds_are_counted() -> None:
    names = ["total", *(f"m{number}" for number in range(30))]
    drawn = diagram([(name, "total") for name in names[1:]], "total", names)
    parts, missing = branches(drawn)
    assert parts[0].left + len(parts[0].diagram.links) == 30
    assert not missing  # what has no room beside the total stands by itself


def test_a_tree_of_thousands_says_what_is_left() -> None:
    names = [f"m{number}" for number in range(3_000)]
    pairs = [(names[number], names[number // 3]) for number in range(1, 3_000)]
    parts, missing = branches(diagram(pairs, "m0", names))
    assert len(parts) == MOST_PARTS[4]
    assert len({one.id for part in parts for one in part.diagram.cards}) + len(missing) == 3_000
    assert parts[0].heads == ("m0",)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40 / 3, 7.5), (10.0, 7.5), (8.5, 11.0)], ids=["16:9", "4:3", "upright"])
@pytest.mark.parametrize(
    ("template", "metric", "change"),
    [("saas", "engagement", "+5%"), ("internal", "deploy_minutes", "=12 minutes/deploy"), ("duolingo", "mau", "+2%")],
)
def test_letters_of_the_tree_can_be_read_in_print(
    template: str, metric: str, change: str, size: tuple[float, float]
) -> None:
    deck = it.template(template).deck(metric, change, people=False, template=pages_of(*size))
    presentation = pptx.Presentation(io.BytesIO(deck.to_bytes()))
    pages = [page for page in presentation.slides if page.shapes.title.text_frame.text.startswith("Appendix. The tree")]
    assert 1 < len(pages) <= MOST_PARTS[lanes_on(size[0])]
    shown = set()
    for page in pages:
        assert min(int(size) for size in re.findall(r'sz="(\d+)"', page.shapes._spTree.xml)) >= 1_000
        shown |= {shape.name for shape in page.shapes if shape.shape_type == 6}
    assert {one.name for one in it.template(template).metrics} <= shown


def pages_of(width: float, height: float) -> bytes:
    """Return a template whose slides are so large."""
    presentation, stream = pptx.Presentation(), io.BytesIO()
    presentation.slide_width, presentation.slide_height = Inches(width), Inches(height)
    presentation.save(stream)
    return stream.getvalue()
