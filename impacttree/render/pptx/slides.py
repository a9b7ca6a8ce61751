"""Slides and single pictures -> a presentation: title and footer in their places, each part by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impacttree.render.layout import layout
from impacttree.render.layout.measure import clean
from impacttree.render.layout.style import INK
from impacttree.render.pptx import markup
from impacttree.render.pptx.blocks import BLOCKS, GREY, RULE, heading, label
from impacttree.render.pptx.charts import draw_chart, draw_course
from impacttree.render.pptx.drawing import add_shapes, fitted, height_at, on_page, scene_shapes
from impacttree.render.pptx.grid import Frame, SlideGrid
from impacttree.render.pptx.markup import Ids
from impacttree.render.pptx.package import EMU, new_presentation, to_bytes
from impacttree.render.pptx.tables import draw_table, stands_whole
from impacttree.render.pptx.texts import fitted as fitted_text
from impacttree.render.pptx.texts import lines_in, title_lines
from impacttree.render.scene import Scene, Text
from impacttree.views import Bars, Diagram, Distribution, Lines, Table, Waterfall
from impacttree.views.slides import Course, Slide, SlidePart, SlidePicture, one_slide

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide as Page
    from pptx.slide import SlideLayout

__all__ = ["slides_to_pptx", "view_to_pptx"]

_FIRST = 100
"""Numbers of shapes below are left to the placeholders of a slide."""
_PRINT = 10.0
"""Points of the letters of a tree that can be read in print."""
_PART_LARGEST = 1.7
_LEGEND = 0.4
_FRAME = ("title", "subtitle", "footer")
"""What of a diagram the slide itself says."""


def view_to_pptx(view: Table | Diagram | Bars | Waterfall | Lines | Distribution) -> bytes:
    """Return a presentation of one slide that holds a picture as native shapes, table or chart.

    A diagram takes up the whole page as it does elsewhere; the others stand in the frame of a deck's slides.
    """
    if not isinstance(view, Diagram):
        return slides_to_pptx([one_slide(view)])
    presentation = new_presentation()
    _whole_page(presentation, view)
    return to_bytes(presentation)


def _whole_page(presentation: Presentation, diagram: Diagram) -> None:
    page = presentation.slides.add_slide(_layout(presentation))
    grid = _grid(presentation)
    scene = on_page(layout(diagram), grid.width, grid.height)
    lines = [shape for group in scene.groups if group.role == "title" for shape in group.shapes]
    texts = [line for line in lines if isinstance(line, Text)]
    if texts:
        first, last = texts[0], texts[-1]
        top = first.y - markup.ASCENT * first.size / 72
        frame = Frame(first.left, top, grid.width - 2 * first.left, last.y + 0.3 * last.size / 72 - top)
        _write_title(page, frame, [line.text for line in texts], first.size)
    else:
        _write_title(page, grid.title, [diagram.title], 25.0)
    add_shapes(page, scene_shapes(Ids(_FIRST), scene, ("title",)))
    _write_notes(page, (scene.title, scene.description, *diagram.notes))


def slides_to_pptx(slides: Sequence[Slide], template: bytes | None = None) -> bytes:
    """Return a presentation of these slides, on our own page or on a company's.

    Raises
    ------
    OutputError
        When the template is not a presentation without macros and links.
    MissingDependency
        Without python-pptx.
    """
    presentation = new_presentation(template)
    titled = _layout(presentation)
    for number, slide in enumerate(slides, 1):
        _add(presentation, titled, slide, number)
    return to_bytes(presentation)


def _add(presentation: Presentation, titled: SlideLayout, slide: Slide, number: int) -> None:
    page = presentation.slides.add_slide(titled)
    grid, ids = _grid(presentation), Ids(_FIRST)
    _title(page, grid, slide.title)
    drawn = [label(ids, grid.subtitle, slide.subtitle, 15.0, GREY)] if slide.subtitle else []
    for part in slide.parts:
        frame = _frame(grid, slide, part)
        drawn.append(_picture(page, ids, frame, _that_fits(frame, part)))
    drawn.append(_foot(ids, grid, slide.footer, number))
    add_shapes(page, "".join(drawn))
    _write_notes(page, (slide.title, *slide.notes, *slide.footer))


def _that_fits(frame: Frame, part: SlidePart) -> SlidePicture:
    """Return the picture of a part; of a table that has narrower ones the first whose texts stand whole."""
    if not part.narrower or not isinstance(part.picture, Table):
        return part.picture
    tables = (part.picture, *part.narrower)
    return next((table for table in tables if stands_whole(frame, table)), tables[-1])


def _frame(grid: SlideGrid, slide: Slide, part: SlidePart) -> Frame:
    """Return where a part stands; a whole tree that a slide holds alone takes what a subtitle would take, too."""
    is_tree = isinstance(part.picture, Diagram) and part.picture.cut == "full"
    return grid.below_title if is_tree and len(slide.parts) == 1 and not slide.subtitle else grid.place(part)


def _grid(presentation: Presentation) -> SlideGrid:
    return SlideGrid(presentation.slide_width / EMU, presentation.slide_height / EMU)


def _write_notes(page: Page, lines: Sequence[str]) -> None:
    page.notes_slide.notes_text_frame.text = "\n".join(clean(line) for line in lines if line)


def _layout(presentation: Presentation) -> SlideLayout:
    """Return the layout with a title and as little else as there is."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    titles = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
    decor = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)

    def rank(layout: SlideLayout) -> tuple[bool, int]:
        kinds = [shape.placeholder_format.type for shape in layout.placeholders]
        return titles[0] not in kinds, sum(kind not in (*titles, *decor) for kind in kinds)

    return min(presentation.slide_layouts, key=rank)


def _title(page: Page, grid: SlideGrid, title: str) -> None:
    """Write the title, broken at a clause, at the bottom of its room, so that one line keeps the grid."""
    frame = grid.title
    text, size = fitted_text(title, 25.0, frame.width, frame.height, bold=True, least=15.0)
    _write_title(page, frame, title_lines(text, size, frame.width), size)


def _write_title(page: Page, frame: Frame, lines: Sequence[str], size: float) -> None:
    """Write lines into the slide's own placeholder, so that outline and screen readers find the title."""
    from pptx.dml.color import RGBColor
    from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
    from pptx.util import Emu, Pt

    shape = page.shapes.title
    for placeholder in list(page.placeholders):
        if placeholder.shape_id != shape.shape_id:
            placeholder.element.getparent().remove(placeholder.element)
    places = (frame.left, frame.top, frame.width, frame.height)
    shape.left, shape.top, shape.width, shape.height = (Emu(round(length * EMU)) for length in places)
    within = shape.text_frame
    within.text = "\v".join(lines)
    within.margin_left = within.margin_right = within.margin_top = within.margin_bottom = Emu(0)
    within.vertical_anchor, within.auto_size, within.word_wrap = MSO_ANCHOR.BOTTOM, MSO_AUTO_SIZE.NONE, True
    for paragraph in within.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.font.size, paragraph.font.bold = Pt(size), True
        paragraph.font.color.rgb = RGBColor.from_string(INK.removeprefix("#").upper())


def _picture(page: Page, ids: Ids, frame: Frame, picture: SlidePicture) -> str:
    match picture:
        case Table():
            return draw_table(ids, frame, picture)
        case Diagram(size="part"):
            return _part(ids, frame, layout(picture))
        case Diagram():
            scene = layout(picture)
            skip = (*_FRAME, "legend") if picture.cut == "board" else _FRAME
            return scene_shapes(ids, fitted(scene, frame, skip), skip)
        case Course():
            return draw_course(page, ids, frame, picture)
        case Bars() | Waterfall() | Lines() | Distribution():
            head, inner = heading(ids, frame, picture.title)
            return head + draw_chart(page, ids, inner, picture)
        case _:
            return BLOCKS[type(picture)](ids, frame, picture)


def _part(ids: Ids, frame: Frame, scene: Scene) -> str:
    """Draw a part of a tree in letters that can be read in print, and below it what its signs mean."""
    roles = {group.role for group in scene.groups}
    others = roles - {"card", "connector", "label"}
    legend = max(_LEGEND, height_at(scene, roles - {"legend"}, _PRINT))
    tree = fitted(scene, frame.within(bottom=legend + 0.08), others, largest=_PART_LARGEST, least=_PRINT)
    below = frame.within(top=frame.height - legend)
    key = fitted(scene, below, roles - {"legend"}, largest=_PART_LARGEST, least=_PRINT)
    return scene_shapes(ids, tree, others) + scene_shapes(ids, key, ())


def _foot(ids: Ids, grid: SlideGrid, footer: Sequence[str], number: int) -> str:
    frame = grid.footer
    place = markup.rule(ids, grid.margin, grid.width - grid.margin, grid.rule, RULE)
    pages = Frame(grid.width - grid.margin - 0.5, frame.top + 0.1, 0.5, 0.22)
    said = [clean(line) for line in footer[:2]]
    if any(len(lines_in(line, 12.0, frame.width)) > 1 for line in said):  # a long one goes on where the other ends
        said = list(lines_in(" ".join(said), 12.0, frame.width, most=2))
    lines = [
        label(ids, Frame(frame.left, frame.top + 0.21 * k, frame.width, 0.21), line, 12.0, GREY)
        for k, line in enumerate(said)
    ]
    return place + "".join(lines) + label(ids, pages, str(number), 12.0, GREY, anchor="end")
