"""The PDF that LibreOffice makes of slides: no text stands outside of the shape that it was written into."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pptx
import pytest

import impacttree as it
from impacttree.render.pptx.slides import slides_to_pptx
from impacttree.views import Bar, Bars, Cell, Column, Lines, Series, Step, Table, Waterfall
from impacttree.views.slides import Course, Milestone, Slide, SlidePart
from tests.render.pptx.paints import A, flat
from tests.render.pptx.test_slides import every_part

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed"),
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed"),
]

POINT = 12_700
ASIDE = 3.0
"""Points by which a word may stand over the side of its shape: other fonts of the kind run a little wider."""
ABOVE = 0.2
"""Of a word's height, which is that of the font with room for accents, by which it may stand over top and bottom."""
SCRIPTS = {
    "latin": "Onboarding of weekly active teams (self-serve), Wimmelbild & Quarterly ",
    "cyrillic": "Еженедельная вовлечённость жителей, Щука ",
    "greek": "Εβδομαδιαία δέσμευση πελατών, Ωμέγα Ψηφιακή ",
    "cjk": "週次エンゲージメント顧客維持率の改善収益解約率",
}
LENGTHS = (3, 12, 30, 60, 120)


@dataclass(frozen=True)
class Written:
    """Where a text may stand, in points, and its letters."""

    left: float
    top: float
    right: float
    bottom: float
    letters: str
    is_chart: bool = False
    """Whether numbers stand in it that are written from values by their format."""

    def says(self, letters: str) -> bool:
        return letters in self.letters or (self.is_chart and any(mark.isdigit() for mark in letters))

    def holds(self, word: tuple[float, float, float, float]) -> bool:
        left, top, right, bottom = word
        over = ABOVE * (bottom - top)
        is_across = self.left - ASIDE <= left and right <= self.right + ASIDE
        return is_across and self.top - over <= top and bottom <= self.bottom + over


def bare(text: str) -> str:
    """Leave out what lies between words, and forms of letters that look the same."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text) if mark.isalnum())


def frames(slide: Any) -> Iterator[Written]:
    """Yield every shape with text, the cells of tables and charts as wholes."""
    for shape in flat(slide):
        if shape.has_table:
            yield from cells(shape)
            continue
        letters = shape.text_frame.text if shape.has_text_frame else ""
        if shape.has_chart:
            space = shape.chart._chartSpace
            letters = "".join(one.text or "" for tag in ("{*}v", f"{A}t") for one in space.iter(tag))
        if letters.strip():
            yield replace(box(shape.left, shape.top, shape.width, shape.height, letters), is_chart=shape.has_chart)


def cells(shape: Any) -> Iterator[Written]:
    top = shape.top
    for row in shape.table.rows:
        left = shape.left
        for column, cell in zip(shape.table.columns, row.cells, strict=True):
            yield box(left, top, column.width, row.height, cell.text)
            left += column.width
        top += row.height


def box(left: float, top: float, width: float, height: float, letters: str) -> Written:
    return Written(left / POINT, top / POINT, (left + width) / POINT, (top + height) / POINT, bare(letters))


def drawn(content: bytes, folder: Path) -> list[list[tuple[str, tuple[float, float, float, float]]]]:
    """Return the words on each page of the PDF that LibreOffice makes, with their places."""
    (folder / "deck.pptx").write_bytes(content)
    home = f"-env:UserInstallation=file://{folder}/office"
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(folder), "deck.pptx"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    told = subprocess.run(
        ["pdftotext", "-bbox", "deck.pdf", "-"], cwd=folder, check=True, capture_output=True, text=True
    )
    pages = []
    for page in re.findall(r"<page [^>]*>(.*?)</page>", told.stdout, flags=re.DOTALL):
        found = re.findall(
            r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', page
        )
        pages.append([(unescape(word), (float(a), float(b), float(c), float(d))) for a, b, c, d, word in found])
    return pages


def outside(content: bytes, folder: Path) -> list[tuple[int, str, tuple[float, ...]]]:
    """Return the words that stand in no shape whose text they are part of, each with its slide and place."""
    slides = list(pptx.Presentation(io.BytesIO(content)).slides)
    pages = drawn(content, folder)
    assert len(pages) == len(slides)
    found = []
    for number, (slide, words) in enumerate(zip(slides, pages, strict=True), 1):
        shapes = list(frames(slide))
        assert words
        for word, place in words:
            letters = bare(word)
            own = [one for one in shapes if letters and one.says(letters)] or shapes
            if not any(one.holds(place) for one in own):
                found.append((number, word, place))
    return found


def labelled(text: str) -> list[Slide]:
    """Slides of every part, of tables and of charts, all their words being `text`."""
    cells_ = (Cell(text), Cell(text), Cell("$1.2M"))
    table = Table(
        text, (Column(text), Column(text), Column(text, "right")), (cells_,) * 4, totals=frozenset((3,)), accent=1
    )
    bars = Bars(text, "", 1.0, "$1", (Bar(text, 0.5, 2.0, "$0.5", "$2", "adverse", "favourable"),) * 3)
    steps = (Step(text, 3.0, "$3", "total", "neutral"), Step(text, -1.0, "-$1", "change", "adverse"),
             Step(text, 2.0, "$2", "total", "neutral"))  # fmt: skip
    line = Series(text, (-1.0, 0.0, 2.0, 3.0), "$3", accent=True)
    course = Course(
        Lines("", "", ("1", "2", "3", "4"), (line,), ((-2.0, "-$2"), (0.0, "$0"), (4.0, "$4"))),
        (Milestone(1, 0.0, "Pays back in month 2", "July 2028", drops=True),),
        "Month (1 = November 2026)",
    )
    footer = (text, text)
    return [
        every_part(text),
        Slide(text, (SlidePart(table, 0, 7), SlidePart(bars, 7, 5)), text, footer=footer),
        Slide(text, (SlidePart(Waterfall(text, "", steps), 0, 6), SlidePart(course, 6, 6)), text, footer=footer),
    ]


@pytest.mark.parametrize("script", SCRIPTS)
def test_labels_of_any_length_stay_in_their_shapes(script: str, tmp_path: Path) -> None:
    texts = [(SCRIPTS[script] * 10)[:length].strip() for length in LENGTHS]
    content = slides_to_pptx([slide for text in texts for slide in labelled(text)])
    assert outside(content, tmp_path) == []


@pytest.mark.parametrize(
    ("template", "metric", "change", "options"),
    [("saas", "engagement", "+5%", {"cost": "$250k"}), ("internal", "deploy_minutes", "=12 minutes/deploy", {}),
     ("duolingo", "mau", "+2%", {"cost": "$30M ($20M to $40M)"})],
)  # fmt: skip
def test_decks_stay_in_their_shapes(
    template: str, metric: str, change: str, options: dict[str, str], tmp_path: Path
) -> None:
    deck = it.template(template).deck(metric, change, **options)  # type: ignore[arg-type]  # of known names
    assert outside(deck.to_bytes(), tmp_path) == []


def test_a_text_outside_of_its_shape_is_seen(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    shape = slide.shapes.add_textbox(POINT * 100, POINT * 100, POINT * 40, POINT * 20)
    shape.text_frame.text = "Incomprehensibilities"
    shape.text_frame.word_wrap = False
    stream = io.BytesIO()
    presentation.save(stream)
    assert [word for _, word, _ in outside(stream.getvalue(), tmp_path)] == ["Incomprehensibilities"]
