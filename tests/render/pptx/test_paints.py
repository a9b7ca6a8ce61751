"""Every slide is read by people who see contrast badly, and printed in grey."""

from __future__ import annotations

import io
from functools import cache
from itertools import combinations, pairwise

import pptx
import pytest

import impacttree as it
from impacttree.render import render
from impacttree.render.pptx import blocks
from impacttree.render.pptx.charts import PAINTS
from impacttree.render.pptx.slides import slides_to_pptx
from tests.render.pptx.paints import bar_fills, contrast, flat, lightness, strokes, told_apart, written
from tests.render.pptx.test_slides import PICTURES, every_part
from tests.render.views import VIEWS

pytestmark = pytest.mark.slow

DECKS = {
    "saas": lambda: it.template("saas").deck("engagement", "+5%", cost="$250k").to_bytes(),
    "duolingo": lambda: it.template("duolingo").deck("mau", "+2%", cost="$300M").to_bytes(),
    "internal": lambda: it.template("internal").deck("deploy_minutes", "=12 minutes/deploy").to_bytes(),
    "board": lambda: render(it.template("saas").diagram(("engagement", "+5%"), cut="board").view(), "pptx"),
    "parts": lambda: slides_to_pptx([every_part("Weekly engagement")]),
    **{name: lambda name=name: render(VIEWS[name], "pptx") for name in PICTURES},
}
each_deck = pytest.mark.parametrize("name", DECKS)


@cache
def slides(name: str) -> tuple[pptx.slide.Slide, ...]:
    return tuple(pptx.Presentation(io.BytesIO(DECKS[name]())).slides)


def test_contrast_and_lightness_are_those_of_the_standards() -> None:
    assert contrast("000000", "FFFFFF") == pytest.approx(21.0)
    assert contrast("777777", "FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert lightness("FFFFFF") == pytest.approx(100.0)
    assert lightness("777777") == pytest.approx(50.0, abs=0.2)


@each_deck
def test_every_text_has_the_contrast_of_wcag_aa(name: str) -> None:
    texts = [one for slide in slides(name) for one in written(slide)]
    assert len(texts) > 5
    assert all(one.color for one in texts)
    pale = [one for one in texts if contrast(one.color, one.behind) < (3.0 if one.is_large else 4.5)]
    assert not pale, {(one.text, one.color, one.behind, round(contrast(one.color, one.behind), 2)) for one in pale}


@each_deck
def test_what_charts_tell_apart_by_paint_differs_in_grey_print(name: str) -> None:
    for slide in slides(name):
        for chart in (shape.chart for shape in flat(slide) if shape.has_chart):
            for first, second in combinations(sorted(bar_fills(chart)), 2):
                assert told_apart(first, second), (first, second)
            for one, other in combinations(strokes(chart), 2):
                same = one.color == other.color
                assert same or one.dash != other.dash or told_apart(one.color, other.color), (one, other)


def test_better_and_worse_differ_by_more_than_outline() -> None:
    fills = [PAINTS[tone][0].removeprefix("#") for tone in ("adverse", "favourable")]
    assert told_apart(*fills, least=40.0)


def test_neighbouring_shares_of_the_evidence_differ_in_grey_print() -> None:
    paints = [paint.removeprefix("#") for paint in blocks.SHARE_PAINTS]
    assert all(told_apart(*pair, least=10.0) for pair in pairwise(paints))


def test_the_box_to_read_first_has_a_bar_since_its_tint_vanishes_in_grey() -> None:
    (slide,) = slides("parts")
    tints = [shape for shape in flat(slide) if shape.name == "Panel"]
    bars = [shape for shape in flat(slide) if shape.name == "Accent"]
    assert tints
    assert bars
    assert all(any(bar.left == box.left and bar.top == box.top for box in tints) for bar in bars)
