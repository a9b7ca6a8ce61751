"""Shapes of a slide as XML: rectangles, circles, free forms, connectors, texts and groups.

Lengths are inches; `Ids` numbers the shapes of one slide. No shape refers to an effect of the theme: python-pptx's own
shapes do, and cast shadows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Literal

from impacttree.records import dataclass
from impacttree.render.pptx.package import EMU
from impacttree.render.scene import Anchor, Box, Curve, Disc, Segment, Text
from impacttree.render.svg import escape

__all__ = [
    "NAMESPACES",
    "Glue",
    "Ids",
    "Paragraph",
    "box",
    "connector",
    "disc",
    "emu",
    "free_form",
    "full_paragraph",
    "group",
    "named",
    "port",
    "rule",
    "solid",
    "text_box",
    "text_frame",
]

NAMESPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
ASCENT = 0.905
"""Of Arial, from the top of a line to its baseline, in ems."""
LINE = 1.15
_POINTS = 12_700
_ALIGNMENTS = {"start": "l", "middle": "ctr", "end": "r"}
_SLACK = 1.06
"""Text boxes are a little wider than their measured text, for fonts that run wider than Arial."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text of one look in a text frame; `before` is space above it in points."""

    text: str
    size: float
    color: str
    bold: bool = False
    anchor: Anchor = "start"
    before: float = 0.0


class Ids:
    """The running numbers of a slide's shapes."""

    def __init__(self, first: int) -> None:
        self._numbers = count(first)

    def take(self) -> int:
        return next(self._numbers)


@dataclass(frozen=True, slots=True)
class Glue:
    """Where an end of a connector is glued: a shape's number and its side (0 top, 1 left, 2 bottom, 3 right)."""

    shape: int
    side: int


def emu(inches: float) -> int:
    """Return inches in the file's unit of length."""
    return round(inches * EMU)


def named(number: int, name: str, alt: str = "") -> str:
    """Return a shape's number, name and text for those who cannot see it."""
    described = f' descr="{escape(alt)}"' if alt else ""
    return f'<p:cNvPr id="{number}" name="{escape(name)}"{described}/>'


def solid(color: str) -> str:
    """Return the paint of one colour, ``#d55e00``."""
    return f'<a:solidFill><a:srgbClr val="{color.removeprefix("#").upper()}"/></a:solidFill>'


def _fill(color: str) -> str:
    return solid(color) if color else "<a:noFill/>"


def _line(stroke: str, weight: float, dash: Sequence[float] = (), head: str = "") -> str:
    if not stroke:
        return "<a:ln><a:noFill/></a:ln>"
    dashes = ""
    if dash:
        pairs = zip(dash[::2], dash[1::2], strict=True)
        parts = (f'<a:ds d="{round(d / weight * 100_000)}" sp="{round(gap / weight * 100_000)}"/>' for d, gap in pairs)
        dashes = f"<a:custDash>{''.join(parts)}</a:custDash>"
    return f'<a:ln w="{round(weight * _POINTS)}" cap="flat">{solid(stroke)}{dashes}<a:round/>{head}</a:ln>'


def _head(weight: float) -> str:
    """Return a head about as large as the picture draws it: it grows with the line's width, from 2 points on."""
    size = "med" if weight < 4 else "sm"
    return f'<a:tailEnd type="triangle" w="{size}" len="{size}"/>'


def _frame(x: float, y: float, width: float, height: float, flips: str = "") -> str:
    return f'<a:xfrm{flips}><a:off x="{emu(x)}" y="{emu(y)}"/><a:ext cx="{emu(width)}" cy="{emu(height)}"/></a:xfrm>'


def _shape(number: int, name: str, frame: str, geometry: str, paint: str, alt: str = "") -> str:
    return (
        f"<p:sp><p:nvSpPr>{named(number, name, alt)}<p:cNvSpPr/><p:nvPr/></p:nvSpPr>"
        f"<p:spPr>{frame}{geometry}{paint}</p:spPr></p:sp>"
    )


def box(ids: Ids, shape: Box, name: str = "Box") -> str:
    """Return a rectangle, rounded where it has a radius."""
    shorter = min(shape.width, shape.height)
    if shape.radius and shorter:
        share = min(50_000, round(shape.radius / shorter * 100_000))
        values = f'<a:avLst><a:gd name="adj" fmla="val {share}"/></a:avLst>'
        geometry = f'<a:prstGeom prst="roundRect">{values}</a:prstGeom>'
    else:
        geometry = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    paint = _fill(shape.fill) + _line(shape.stroke, shape.weight, shape.dash)
    return _shape(ids.take(), name, _frame(shape.x, shape.y, shape.width, shape.height), geometry, paint)


def disc(ids: Ids, shape: Disc, name: str = "Dot") -> str:
    """Return a circle."""
    size = 2 * shape.radius
    frame = _frame(shape.x - shape.radius, shape.y - shape.radius, size, size)
    paint = _fill(shape.fill) + _line(shape.stroke, shape.weight)
    return _shape(ids.take(), name, frame, '<a:prstGeom prst="ellipse"><a:avLst/></a:prstGeom>', paint)


def port(number: int, x: float, y: float) -> str:
    """Return the invisible dot on a card's edge that a connector is glued to, so that it moves with the card."""
    half = 0.005
    return _shape(
        number,
        "Port",
        _frame(x - half, y - half, 2 * half, 2 * half),
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>',
        "<a:noFill/><a:ln><a:noFill/></a:ln>",
    )


def free_form(ids: Ids, shape: Curve, *, name: str = "Line", alt: str = "", headed: bool = False) -> str:
    """Return a line or an area of straight and cubic steps."""
    points = [point for step in shape.steps for point in _points(step)]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - left, max(y for _, y in points) - top
    steps = "".join(_step(step, left, top) for step in shape.steps)
    open_line = "" if shape.fill else ' fill="none"'
    geometry = (
        "<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
        '<a:rect l="0" t="0" r="r" b="b"/>'
        f'<a:pathLst><a:path w="{emu(width)}" h="{emu(height)}"{open_line}>{steps}</a:path></a:pathLst></a:custGeom>'
    )
    head = _head(shape.weight) if headed else ""
    paint = _fill(shape.fill) + _line(shape.stroke, shape.weight, shape.dash, head)
    return _shape(ids.take(), name, _frame(left, top, width, height), geometry, paint, alt)


def _points(step: Segment) -> list[tuple[float, float]]:
    numbers = step[1:]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _step(step: Segment, left: float, top: float) -> str:
    points = "".join(f'<a:pt x="{emu(x - left)}" y="{emu(y - top)}"/>' for x, y in _points(step))
    match step[0]:
        case "M":
            return f"<a:moveTo>{points}</a:moveTo>"
        case "L":
            return f"<a:lnTo>{points}</a:lnTo>"
        case "C":
            return f"<a:cubicBezTo>{points}</a:cubicBezTo>"
        case "Z":
            return "<a:close/>"


def connector(ids: Ids, shape: Curve, begin: Glue, end: Glue, *, alt: str, headed: bool) -> str:
    """Return a line between two glued ends: straight, bent as one cubic with level ends, or level and then upright."""
    (x0, y0), (x1, y1) = _points(shape.steps[0])[0], _points(shape.steps[-1])[-1]
    flips = (' flipH="1"' if x1 < x0 else "") + (' flipV="1"' if y1 < y0 else "")
    curved = "curvedConnector3" if shape.steps[1][0] == "C" else "bentConnector2"
    kind = "straightConnector1" if len(shape.steps) == 2 else curved
    head = _head(shape.weight) if headed else ""
    return (
        f"<p:cxnSp><p:nvCxnSpPr>{named(ids.take(), 'Connector', alt)}<p:cNvCxnSpPr>"
        f'<a:stCxn id="{begin.shape}" idx="{begin.side}"/><a:endCxn id="{end.shape}" idx="{end.side}"/>'
        "</p:cNvCxnSpPr><p:nvPr/></p:nvCxnSpPr>"
        f"<p:spPr>{_frame(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0), flips)}"
        f'<a:prstGeom prst="{kind}"><a:avLst/></a:prstGeom>{_line(shape.stroke, shape.weight, shape.dash, head)}'
        "</p:spPr></p:cxnSp>"
    )


def text_box(ids: Ids, text: Text) -> str:
    """Return one line of text whose baseline stands where the picture has it; its halo is the fill of its box."""
    width = max(text.width, 0.02) * _SLACK
    left = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * width
    height = LINE * text.size / 72
    frame = _frame(left, text.y - ASCENT * text.size / 72, width, height)
    return (
        f'<p:sp><p:nvSpPr>{named(ids.take(), "Text")}<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr>'
        f'<p:spPr>{frame}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{_fill(text.halo)}</p:spPr>'
        '<p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="t"><a:noAutofit/></a:bodyPr>'
        f"<a:p>{_paragraph(text.anchor)}{_run(text)}</a:p></p:txBody></p:sp>"
    )


def _paragraph(anchor: Anchor) -> str:
    return f'<a:pPr algn="{_ALIGNMENTS[anchor]}"><a:buNone/></a:pPr>'


def _run(text: Text) -> str:
    bold = ' b="1"' if text.bold else ' b="0"'
    spacing = f' spc="{round(text.spacing * 100)}"' if text.spacing else ""
    properties = f'<a:rPr lang="en-US" sz="{round(text.size * 100)}"{bold}{spacing}>{solid(text.color)}</a:rPr>'
    return f"<a:r>{properties}<a:t>{escape(text.text)}</a:t></a:r>"


def text_frame(
    ids: Ids,
    place: Box,
    paragraphs: Iterable[Paragraph],
    *,
    vertical: Literal["t", "ctr", "b"] = "t",
) -> str:
    """Return a text box whose paragraphs break at its width; `place` gives its rectangle and paint."""
    paint = _fill(place.fill) + _line(place.stroke, place.weight, place.dash)
    return (
        f'<p:sp><p:nvSpPr>{named(ids.take(), "Text")}<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr>'
        f"<p:spPr>{_frame(place.x, place.y, place.width, place.height)}"
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{paint}</p:spPr>'
        f'<p:txBody><a:bodyPr wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" anchor="{vertical}"><a:noAutofit/>'
        f"</a:bodyPr>{''.join(map(full_paragraph, paragraphs))}</p:txBody></p:sp>"
    )


def full_paragraph(paragraph: Paragraph) -> str:
    """Return a paragraph of text frames and table cells."""
    before = f'<a:spcBef><a:spcPts val="{round(paragraph.before * 100)}"/></a:spcBef>' if paragraph.before else ""
    text = Text(0, 0, paragraph.text, paragraph.size, paragraph.color, 0, paragraph.bold)
    return f'<a:p><a:pPr algn="{_ALIGNMENTS[paragraph.anchor]}">{before}<a:buNone/></a:pPr>{_run(text)}</a:p>'


def rule(ids: Ids, x0: float, x1: float, y: float, color: str, weight: float = 0.75) -> str:
    """Return a level line."""
    return free_form(ids, Curve((("M", x0, y), ("L", x1, y)), stroke=color, weight=weight), name="Rule")


def group(number: int, name: str, alt: str, frame: Box, members: Iterable[str]) -> str:
    """Return shapes that move as one; `frame` is what they take up."""
    place = f'<a:off x="{emu(frame.x)}" y="{emu(frame.y)}"/><a:ext cx="{emu(frame.width)}" cy="{emu(frame.height)}"/>'
    inner = place.replace("<a:off", "<a:chOff").replace("<a:ext", "<a:chExt")
    return (
        f"<p:grpSp><p:nvGrpSpPr>{named(number, name, alt)}<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>"
        f"<p:grpSpPr><a:xfrm>{place}{inner}</a:xfrm></p:grpSpPr>{''.join(members)}</p:grpSp>"
    )
