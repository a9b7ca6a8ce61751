from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.oxml.shapes.picture import CT_Picture
from pptx.util import Inches

from impacttree.errors import OutputError
from impacttree.render import render
from impacttree.render.layout.measure import clean
from impacttree.render.pptx.package import EMU
from impacttree.render.pptx.slides import slides_to_pptx
from impacttree.render.pptx.texts import height_of, lines_in
from impacttree.views import Bar, Bars, Cell, Column, Panel, Table
from impacttree.views.slides import (
    Event,
    Figures,
    Gauge,
    Gauges,
    Milestone,
    Passage,
    Prose,
    RangeBar,
    ShareOfBar,
    Shares,
    Signatures,
    Slide,
    SlidePart,
    Spans,
    Timeline,
    one_slide,
)
from tests.render.views import HOSTILE_TEXTS, VIEWS
from tests.strategies import examples

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
PICTURES = ("diagram", "table", "tornado", "waterfall", "lines", "fan", "distribution")


def opened(content: bytes) -> Any:
    return pptx.Presentation(io.BytesIO(content))


def shapes(container: Any) -> Iterator[Any]:
    for shape in container.shapes:
        yield shape
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            yield from shapes(shape)


def texts(slide: Any) -> str:
    return "\n".join(text.text or "" for text in slide.element.iter(f"{A}t"))


def every_part(text: str) -> Slide:
    """A slide with each drawn part, all its words being `text`."""
    panel = Panel(text, text, text, accent=True)
    span = RangeBar(text, 1.0, 2.0, 3.0, text, text, text, strong=True)
    return Slide(
        text,
        (
            SlidePart(Figures((panel, Panel(text, text, text)), ("-",)), 0, 6, 0.0, 0.3),
            SlidePart(Spans(text, (span,), ((0.0, text), (4.0, text)), 2.5, text), 6, 6, 0.0, 0.4),
            SlidePart(Gauges(text, (Gauge(text, text, 0.5, 0.4, text, text, breached=True),)), 0, 4, 0.3, 0.6),
            SlidePart(Shares(text, (ShareOfBar(text, 0.9), ShareOfBar(text, 0.1)), (text,)), 4, 4, 0.4, 0.7),
            SlidePart(Signatures(text, ((text, text),)), 8, 4, 0.4, 0.7),
            SlidePart(Prose(text, (Passage(text, strong=True), Passage(text)), accent=True), 0, 6, 0.7, 1.0),
            SlidePart(Timeline((Event(0.0, text, text, "money"), Event(1.0, text, text))), 6, 6, 0.7, 1.0),
        ),
        text,
        notes=(text,),
        footer=(text, text),
    )  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_one_slide_with_its_title_in_the_placeholder(name: str) -> None:
    view = VIEWS[name]
    (slide,) = opened(render(view, "pptx")).slides
    assert clean(slide.shapes.title.text_frame.text.replace("\x0b", " ")).startswith(clean(view.title)[:20])
    assert list(slide.placeholders) == [slide.shapes.title]
    assert view.title[:20] in slide.notes_slide.notes_text_frame.text


def test_entries_have_one_time_and_nothing_reaches_outside() -> None:
    with zipfile.ZipFile(io.BytesIO(render(VIEWS["diagram"], "pptx"))) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(b"External" in file.read(name) for name in file.namelist() if name.endswith(".rels"))


def test_shapes_take_no_effect_of_the_theme() -> None:
    (slide,) = opened(render(VIEWS["diagram"], "pptx")).slides
    assert not list(slide.element.iter(f"{P}style"))


def test_numbers_of_shapes_are_distinct() -> None:
    (slide,) = opened(render(VIEWS["diagram"], "pptx")).slides
    numbers = [shape.shape_id for shape in shapes(slide)]
    assert len(numbers) == len(set(numbers))


def test_lines_between_neighbours_are_glued_to_ports_on_both_cards_and_end_there() -> None:
    (slide,) = opened(render(VIEWS["diagram"], "pptx")).slides
    ports, cards = {}, {}
    for group in slide.shapes:
        if group.shape_type == MSO_SHAPE_TYPE.GROUP:
            for shape in group.shapes:
                if shape.name == "Port":
                    ports[shape.shape_id], cards[shape.shape_id] = shape, group
    glued = [shape for shape in slide.shapes if shape.element.tag == f"{P}cxnSp"]
    assert len(glued) > 5
    for line in glued:
        begin, end = (next(line.element.iter(f"{A}{tag}")) for tag in ("stCxn", "endCxn"))
        for tied, x, y in ((begin, line.begin_x, line.begin_y), (end, line.end_x, line.end_y)):
            port = ports[int(tied.get("id"))]
            assert abs(port.left + port.width / 2 - x) <= 0.02 * EMU
            assert abs(port.top + port.height / 2 - y) <= 0.02 * EMU
        assert cards[int(begin.get("id"))] is not cards[int(end.get("id"))]
        assert line.element.find(f".//{P}cNvPr").get("descr")


def test_connectors_stand_behind_cards() -> None:
    (slide,) = opened(render(VIEWS["diagram"], "pptx")).slides
    kinds = [shape.element.tag.removeprefix(P) for shape in slide.shapes]
    assert max(k for k, kind in enumerate(kinds) if kind == "cxnSp") < min(
        k for k, shape in enumerate(slide.shapes) if shape.name in {card.id for card in VIEWS["diagram"].cards}
    )


def test_every_card_is_a_group_with_its_words_as_alternative_text() -> None:
    view = VIEWS["diagram"]
    (slide,) = opened(render(view, "pptx")).slides
    groups = {shape.name: shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.GROUP}
    for card in view.cards:
        assert card.label in groups[card.id].element.find(f".//{P}cNvPr").get("descr")


def test_the_sheet_behind_a_tornado_holds_the_numbers_that_are_shown() -> None:
    import openpyxl

    view = VIEWS["tornado"]
    (slide,) = opened(render(view, "pptx")).slides
    (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
    rows = [row[:5] for row in book.active.iter_rows(min_row=2, values_only=True)]
    assert [row[1:5] for row in rows] == [(bar.low, bar.high, bar.low_text, bar.high_text) for bar in view.bars]
    cached = [[float(v.text) for v in s.iter("{*}v")] for s in chart._chartSpace.iter("{*}val")]
    assert cached == [[bar.low for bar in view.bars], [bar.high for bar in view.bars]]


def test_a_waterfall_rises_and_falls_by_its_amounts_also_below_zero() -> None:
    from impacttree.views import Step, Waterfall

    steps = [Step("start", 3.0, "$3", "total", "neutral"), Step("a", -5.0, "-$5", "change", "adverse"),
             Step("b", -1.0, "-$1", "change", "adverse"), Step("c", 4.0, "+$4", "change", "favourable"),
             Step("end", 1.0, "$1", "total", "neutral")]  # fmt: skip
    (slide,) = opened(render(Waterfall("t", "s", tuple(steps)), "pptx")).slides
    (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    hidden, above, below, tops = [[float(v.text) for v in s.iter("{*}v")] for s in chart._chartSpace.iter("{*}val")]
    spans = [
        (h + min(b, 0.0) if h < 0 or b < 0 else h, h + a if h >= 0 else h)
        for h, a, b in zip(hidden, above, below, strict=True)
    ]
    assert spans == [(0.0, 3.0), (-2.0, 3.0), (-3.0, -2.0), (-3.0, 1.0), (0.0, 1.0)]
    assert tops == [3.0, 3.0, -2.0, 1.0, 1.0]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_words_stay_words(text: str) -> None:
    cells = (Cell(text, text), Cell(text, 1.0))
    table = Table(text, (Column(text), Column(text, "right")), (cells, cells))
    tornado = Bars(text, text, 1.0, text, (Bar(text, 0.5, 2.0, text, text, "adverse", "favourable"),))
    presentation = opened(slides_to_pptx([every_part(text), one_slide(table), one_slide(tornado)]))
    assert len(presentation.slides) == 3
    for slide in presentation.slides:
        etree.fromstring(etree.tostring(slide.element))


ALPHABETS = st.one_of(
    st.text("abcdefghij WMim-&<>", min_size=3, max_size=120),
    st.text("абвгдежзий ЖШ", min_size=3, max_size=120),
    st.text("αβγδεζηθ ΩΨ", min_size=3, max_size=120),
    st.text("収益解約率顧客", min_size=3, max_size=120),
).filter(str.strip)


@pytest.mark.slow
@given(ALPHABETS)
def test_no_text_overflows_its_box(text: str) -> None:
    (slide,) = opened(slides_to_pptx([every_part(text)])).slides
    for shape in shapes(slide):
        if not shape.has_text_frame or not shape.text_frame.text:
            continue
        lines, size = 0, 12.0
        for paragraph in shape.text_frame.paragraphs:
            run = paragraph.runs[0]
            size = (run.font.size or paragraph.font.size).pt
            bold = bool(run.font.bold or paragraph.font.bold)
            for part in paragraph.text.split("\x0b"):
                lines += len(lines_in(part, size, shape.width / EMU / 0.97 + 1e-3, bold=bold))
        assert size >= 12.0
        assert height_of(lines, size) <= shape.height / EMU + 0.06, (shape.text_frame.text, size)
        assert shape.left >= -1
        assert shape.left + shape.width <= 13.34 * EMU


def test_rows_of_a_long_table_that_find_no_room_are_counted() -> None:
    rows = tuple((Cell(f"row {k}"), Cell(str(k), k)) for k in range(40))
    (slide,) = opened(render(Table("Long", (Column("a"), Column("b", "right")), rows), "pptx")).slides
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    shown = len(table.rows) - 1
    assert f"{40 - shown} more rows" in texts(slide)
    bottom = max(shape.top + shape.height for shape in slide.shapes if shape.has_table)
    assert bottom <= 6.75 * EMU


def template(width: float = 13.333, height: float = 7.5) -> bytes:
    presentation = pptx.Presentation()
    presentation.slide_width, presentation.slide_height = Inches(width), Inches(height)
    presentation.slides.add_slide(presentation.slide_layouts[0]).shapes.title.text = "Company slide"
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def repacked(content: bytes, **entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            target.writestr(name, entries.pop(name, source.read(name)))
        for name, value in entries.items():
            target.writestr(name, value)
    return stream.getvalue()


@pytest.mark.parametrize("size", [(13.333, 7.5), (10.0, 7.5), (11.0, 8.5)])
def test_a_template_keeps_its_size_and_fonts_and_loses_its_slides(size: tuple[float, float]) -> None:
    (slide,) = (presentation := opened(slides_to_pptx([every_part("Weekly engagement")], template(*size)))).slides
    assert presentation.slide_width == Inches(size[0])
    assert "Company slide" not in texts(slide)
    assert all(shape.left + shape.width <= presentation.slide_width for shape in shapes(slide))
    themes = [part.blob for part in presentation.part.package.iter_parts() if "/theme/" in part.partname]
    assert b'<a:latin typeface="Calibri"' in themes[0]


def branded(width: float, height: float) -> tuple[bytes, bytes]:
    """Return a company's template, and the picture of its logo: on the master, its own theme, a layout of its own."""
    presentation = opened(template(width, height))
    stream = io.BytesIO()
    Image.new("RGB", (8, 4), (213, 94, 0)).save(stream, "PNG")
    logo = stream.getvalue()
    master = presentation.slide_master
    _, of_logo = master.part.get_or_add_image_part(io.BytesIO(logo))
    master.shapes._spTree.append(picture_xml(of_logo, master.shapes))
    own = presentation.slide_layouts[5]  # a title alone
    own.name = "Company, title only"
    own.shapes[0].name = "Company title"
    for part in presentation.part.package.iter_parts():
        if "/theme/" in part.partname:
            blob = part.blob.replace(b'typeface="Calibri"', b'typeface="Georgia"')
            part._blob = re.sub(rb"(<a:accent1>.*?val=\")[0-9A-Fa-f]{6}", rb"\g<1>AA0055", blob, flags=re.DOTALL)
    saved = io.BytesIO()
    presentation.save(saved)
    return saved.getvalue(), logo


def picture_xml(relation: str, shapes_: Any) -> Any:
    """Return a picture of a master, which python-pptx reads and does not write."""
    assert all(shape.shape_id != 99 for shape in shapes_)
    place = (Inches(0.1), Inches(0.1), Inches(0.4), Inches(0.2))
    return CT_Picture.new_pic(99, "Logo", "Company logo", relation, *place)


@pytest.mark.parametrize("size", [(13.333, 7.5), (10.0, 7.5)], ids=["16:9", "4:3"])
def test_a_company_template_keeps_its_logo_layouts_theme_and_size(size: tuple[float, float]) -> None:
    content, logo = branded(*size)
    presentation = opened(slides_to_pptx([every_part("Weekly engagement"), every_part("NPS")], content))
    (picture,) = [shape for shape in presentation.slide_master.shapes if hasattr(shape, "image")]
    assert picture.image.blob == logo
    before = opened(content)
    assert [one.name for one in presentation.slide_layouts] == [one.name for one in before.slide_layouts]
    assert {slide.slide_layout.name for slide in presentation.slides} == {"Company, title only"}
    stated, kept = (
        [part.blob for part in one.part.package.iter_parts() if "/theme/" in part.partname and b"Georgia" in part.blob]
        for one in (before, presentation)
    )
    assert b"AA0055" in stated[0]
    assert stated[0] in kept
    assert (presentation.slide_width, presentation.slide_height) == (Inches(size[0]), Inches(size[1]))
    for slide in presentation.slides:
        assert b"<a:latin" not in etree.tostring(slide.shapes._spTree), "texts are in the fonts of the theme"
        assert all(shape.left >= 0 and shape.left + shape.width <= presentation.slide_width for shape in shapes(slide))
        assert all(shape.top + shape.height <= presentation.slide_height for shape in shapes(slide))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not a file", "not a .pptx"),
        (repacked(template(), **{"ppt/vbaProject.bin": b"x"}), "macros"),
        (
            repacked(
                template(),
                **{
                    "ppt/slides/_rels/slide1.xml.rels": (
                        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                        b'<Relationship Id="rId9" Type="x" Target="http://example.org/a.png" TargetMode="External"/>'
                        b"</Relationships>"
                    )
                },
            ),
            "outside",
        ),
        (repacked(template(), **{"ppt/presentation.xml": b"<p/>"}), "cannot"),
        (template(3.0, 2.0), "smaller"),
    ],
)
def test_templates_that_cannot_be_trusted_are_refused(content: bytes, why: str) -> None:
    with pytest.raises(OutputError, match=re.escape(why)):
        slides_to_pptx([every_part("a")], content)


def test_a_template_that_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ppt/presentation.xml", b"0" * (201 << 20))
    with pytest.raises(OutputError, match="unpacks"):
        slides_to_pptx([], stream.getvalue())


def test_ends_of_lines_are_named_apart_from_each_other() -> None:
    from impacttree.render.pptx.charts import _spread_out

    heights = [1.0, 1.05, 1.1, 3.0]
    placed = sorted(h + d for h, d in zip(heights, _spread_out(heights), strict=True))
    assert all(b - a >= 0.22 - 1e-9 for a, b in pairwise(placed))


@examples(100)
@given(st.data())
def test_names_of_points_cover_neither_each_other_nor_the_end_of_the_chart(data: st.DataObject) -> None:
    from impacttree.render.pptx.chartml import Axis
    from impacttree.render.pptx.charts import _named_apart

    periods, width = data.draw(st.integers(2, 108)), data.draw(st.floats(4.6, 9.0))
    texts = ("First spend, FY27 Q4", "−$164k deepest outlay, month 3", "Pays back in Jul 2028")
    marks = [
        Milestone(data.draw(st.integers(0, periods - 1)), data.draw(st.floats(-1.0, 1.0)), text, detail, drops=drops)
        for text, detail, drops in zip(texts, ("", "", "month 21"), (False, False, True), strict=True)
    ]
    names = list(_named_apart(marks, periods, Axis(-1.0, 1.0, 0.5, "0"), 2.0 / 4.0, width))
    assert {name.mark.text.partition(",")[0] for name in names} == {text.partition(",")[0] for text in texts}
    for name, other in combinations(names, 2):
        assert not name.covers(other.box)
    assert all(name.beyond(width) == 0 for name in names)
