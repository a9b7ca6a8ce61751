"""What is painted on a slide, read back from its XML: texts with the fill behind them, and the marks of charts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pptx.enum.shapes import MSO_SHAPE_TYPE

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
WHITE = "FFFFFF"


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(color[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def lightness(color: str) -> float:
    """L* of CIE 1976: equal steps look equal, and are what is left of a colour in grey print."""
    y = luminance(color)
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


@dataclass(frozen=True)
class Written:
    """A text and what is behind it."""

    text: str
    color: str
    behind: str
    size: float
    bold: bool

    @property
    def is_large(self) -> bool:
        return self.size >= 18 or (self.size >= 14 and self.bold)


Rectangle = tuple[float, float, float, float]


def flat(container: Any) -> Iterator[Any]:
    """Yield the shapes in drawing order, those of groups where they stand."""
    for shape in container.shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            yield from flat(shape)
        else:
            yield shape


def fill_of(properties: Any) -> str:
    found = properties.find(f"{A}solidFill/{A}srgbClr") if properties is not None else None
    return "" if found is None else str(found.get("val"))


def written(slide: Any) -> Iterator[Written]:
    """Yield every text of a slide with the fill that it stands on."""
    filled: list[tuple[Rectangle, str]] = []
    for shape in flat(slide):
        box = (shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)
        if shape.has_table:
            yield from _cells(shape)
            continue
        if shape.has_chart:
            yield from _chart_texts(shape.chart)
            continue
        fill = fill_of(shape.element.find(f"{P}spPr"))
        if fill:
            filled.append((box, fill))
        if shape.has_text_frame and shape.text_frame.text.strip():
            behind = _behind(filled, _ink(shape, box))
            yield from (_run(run, behind) for run in shape.element.iter(f"{A}r"))


def _ink(shape: Any, box: Rectangle) -> tuple[float, float]:
    """A point inside the letters: the middle of the first line."""
    align = next(shape.element.iter(f"{A}pPr"), None)
    side = "l" if align is None else align.get("algn", "l")
    size = 12_700 * max((float(run.get("sz", 1200)) / 100 for run in shape.element.iter(f"{A}rPr")), default=12.0)
    x = {"l": box[0] + size / 3, "r": box[2] - size / 3, "ctr": (box[0] + box[2]) / 2}[side]
    anchor = next(shape.element.iter(f"{A}bodyPr")).get("anchor", "t")
    return x, (box[1] + box[3]) / 2 if anchor == "ctr" else box[1] + size / 2


def _behind(filled: list[tuple[Rectangle, str]], point: tuple[float, float]) -> str:
    x, y = point
    return next(
        (fill for (left, top, right, bottom), fill in reversed(filled) if left <= x <= right and top <= y <= bottom),
        WHITE,
    )


def _run(run: Any, behind: str) -> Written:
    properties = run.find(f"{A}rPr")
    paragraph = run.getparent().find(f"{A}pPr/{A}defRPr")
    color = fill_of(properties) or fill_of(paragraph)
    size = next(
        (float(one.get("sz")) / 100 for one in (properties, paragraph) if one is not None and one.get("sz")), 12
    )
    bold = any(one is not None and one.get("b") == "1" for one in (properties, paragraph))
    return Written(run.find(f"{A}t").text or "", color, behind, size, bold)


def _cells(shape: Any) -> Iterator[Written]:
    for cell in shape.element.iter(f"{A}tc"):
        behind = fill_of(cell.find(f"{A}tcPr")) or WHITE
        yield from (_run(run, behind) for run in cell.iter(f"{A}r") if (run.find(f"{A}t").text or "").strip())


def _chart_texts(chart: Any) -> Iterator[Written]:
    space = chart._chartSpace
    bands = [fill for area in space.iter(f"{C}areaChart") for one in area.iter(f"{C}ser")
             if (fill := fill_of(one.find(f"{C}spPr")))]  # fmt: skip
    for run in space.iter(f"{A}r"):
        is_named = next(run.iterancestors(f"{C}dLbl"), None) is not None
        yield from (_run(run, behind) for behind in ((WHITE, *bands) if is_named else (WHITE,)))
    for properties in space.iter(f"{A}defRPr"):
        color = fill_of(properties)
        if color:
            yield Written("axis", color, WHITE, float(properties.get("sz", 1200)) / 100, properties.get("b") == "1")


@dataclass(frozen=True)
class Stroke:
    """How a line of a chart looks."""

    color: str
    dash: str
    weight: float


def bar_fills(chart: Any) -> set[str]:
    """Return the paints of the bars of a chart."""
    space = chart._chartSpace
    points = [fill_of(point.find(f"{C}spPr")) for bars in space.iter(f"{C}barChart") for point in bars.iter(f"{C}dPt")]
    return {fill for fill in points if fill}


def strokes(chart: Any) -> list[Stroke]:
    """Return the lines of a chart that are seen."""
    found = []
    for plot in chart._chartSpace.iter(f"{C}lineChart"):
        for series in plot.findall(f"{C}ser"):
            line = series.find(f"{C}spPr/{A}ln")
            values = list(series.find(f"{C}val").iter(f"{C}pt"))
            if line is not None and fill_of(line) and len(values) > 1:
                dash = line.find(f"{A}prstDash")
                found.append(Stroke(fill_of(line), "" if dash is None else dash.get("val"), float(line.get("w"))))
    return found


def told_apart(first: str, second: str, least: float = 15.0) -> bool:
    """Return whether two paints differ in grey print."""
    return math.fabs(lightness(first) - lightness(second)) >= least
