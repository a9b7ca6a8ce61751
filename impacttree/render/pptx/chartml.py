"""Native charts as XML: series with their values cached, axes, labels, and the workbook behind them.

python-pptx writes charts of one kind; a band behind a line needs two kinds in one plot, and a bar's label a text of its
own. So the plot is written here and put into a chart that python-pptx made.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from impacttree.records import dataclass
from impacttree.render.layout.measure import clean
from impacttree.render.layout.style import INK, MUTED
from impacttree.render.pptx.grid import Frame
from impacttree.render.pptx.package import EMU
from impacttree.render.svg import escape

if TYPE_CHECKING:
    from pptx.slide import Slide

__all__ = ["Axis", "Plot", "PlotSeries", "PointLabel", "add_chart"]

Position = Literal["outEnd", "inEnd", "inBase", "ctr", "t", "b", "l", "r"]
_NAMESPACES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
_SHEET = "Numbers"
_CATEGORY_AXIS, _VALUE_AXIS = 1001, 1002
_SHOW = "".join(
    f'<c:show{what} val="0"/>' for what in ("LegendKey", "Val", "CatName", "SerName", "Percent", "BubbleSize")
)


@dataclass(frozen=True, slots=True)
class PointLabel:
    """A text at a point."""

    text: str
    """After a line break, in regular letters."""
    position: Position
    bold: bool = False
    color: str = INK
    size: float = 12.0
    down: float = 0.0
    """By how many inches it is moved from its place."""


@dataclass(frozen=True, slots=True)
class PlotSeries:
    """One series; `points` paints single ones as (fill, outline), and an empty fill paints nothing."""

    name: str
    values: Sequence[float | None]
    fill: str = ""
    stroke: str = ""
    weight: float = 0.75
    dash: bool = False
    points: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    labels: Mapping[int, PointLabel] = field(default_factory=dict)
    markers: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Of a line: the points that carry a dot, as (fill, outline)."""
    marker_size: int = 9
    drop: float = 0.0
    """Of a line: how far a dashed line leads down from each of its points."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Series of one kind in a chart."""

    kind: Literal["bar", "column", "line", "area"]
    series: Sequence[PlotSeries]
    stacked: bool = False
    gap: int = 60


@dataclass(frozen=True, slots=True)
class Axis:
    """The value axis: its ends, the step of its grid, how its numbers are written, and where bars start."""

    low: float
    high: float
    step: float | None = None
    format: str = "General"
    shown: bool = True
    base: float | None = None
    title: str = ""
    """What the categories are."""


def add_chart(
    slide: Slide,
    frame: Frame,
    inner: Frame,
    categories: Sequence[str],
    plots: Sequence[Plot],
    axis: Axis,
    *,
    alt: str,
    beside: Sequence[tuple[str, Sequence[float | str | None]]] = (),
    reverse: bool = False,
) -> None:
    """Put a native chart on a slide.

    Parameters
    ----------
    frame, inner
        What the chart takes up, and where in it the plot lies without its axis texts.
    categories
        Their names, in the order of the values.
    beside
        Further columns of the sheet behind the chart, which are not drawn.
    reverse
        Whether the first category stands at the top of a bar chart.
    """
    from lxml import etree
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Emu

    data = CategoryChartData()
    data.categories = [""]
    data.add_series("", [0.0])
    places = (Emu(round(length * EMU)) for length in (frame.left, frame.top, frame.width, frame.height))
    graphic = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *places, data)
    chart = graphic.chart
    chart.has_legend = False
    chart.has_title = False
    markup = _plot_area(frame, inner, categories, plots, axis, reverse=reverse)
    space = chart._chartSpace  # noqa: SLF001 - the plot is ours, see the head of this file
    old = space.chart.plotArea
    old.getparent().replace(old, etree.fromstring(markup))
    chart.part.chart_workbook.update_from_xlsx_blob(_workbook(categories, plots, beside))
    graphic._element.nvGraphicFramePr.cNvPr.set("descr", clean(alt))  # noqa: SLF001 - python-pptx has no alternative text


def _plot_area(
    frame: Frame,
    inner: Frame,
    categories: Sequence[str],
    plots: Sequence[Plot],
    axis: Axis,
    *,
    reverse: bool,
) -> str:
    left, top = (inner.left - frame.left) / frame.width, (inner.top - frame.top) / frame.height
    shares = (("x", left), ("y", top), ("w", inner.width / frame.width), ("h", inner.height / frame.height))
    layout = "".join(f'<c:{name} val="{share:.5f}"/>' for name, share in shares)
    drawn, first = [], 0
    for plot in plots:
        drawn.append(_plot(plot, categories, first, frame.height))
        first += len(plot.series)
    across = plots[0].kind == "bar"
    return (
        f"<c:plotArea {_NAMESPACES}><c:layout><c:manualLayout>"
        '<c:layoutTarget val="inner"/><c:xMode val="edge"/><c:yMode val="edge"/>'
        f"{layout}</c:manualLayout></c:layout>{''.join(drawn)}"
        f"{_category_axis(axis, across=across, reverse=reverse)}{_value_axis(axis, across=across)}"
        "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr></c:plotArea>"
    )


def _plot(plot: Plot, categories: Sequence[str], first: int, height: float) -> str:
    series = "".join(_series(plot, one, categories, first + number, height) for number, one in enumerate(plot.series))
    axes = f'<c:axId val="{_CATEGORY_AXIS}"/><c:axId val="{_VALUE_AXIS}"/>'
    match plot.kind:
        case "bar" | "column":
            direction = "bar" if plot.kind == "bar" else "col"
            grouping = "stacked" if plot.stacked else "clustered"
            return (
                f'<c:barChart><c:barDir val="{direction}"/><c:grouping val="{grouping}"/><c:varyColors val="0"/>'
                f'{series}<c:gapWidth val="{plot.gap}"/><c:overlap val="100"/>{axes}</c:barChart>'
            )
        case "line":
            return (
                f'<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{series}<c:marker val="1"/>{axes}'
                "</c:lineChart>"
            )
        case "area":
            return f'<c:areaChart><c:grouping val="stacked"/><c:varyColors val="0"/>{series}{axes}</c:areaChart>'


def _series(plot: Plot, series: PlotSeries, categories: Sequence[str], number: int, height: float) -> str:
    column, last = _column(number + 1), len(categories) + 1
    named = _point(0, series.name)
    name = f'<c:f>{_SHEET}!${column}$1</c:f><c:strCache><c:ptCount val="1"/>{named}</c:strCache>'
    texts = "".join(_point(k, text) for k, text in enumerate(categories))
    numbers = "".join(_point(k, repr(v)) for k, v in enumerate(series.values) if v is not None)
    count = f'<c:ptCount val="{len(categories)}"/>'
    inverted = '<c:invertIfNegative val="0"/>' if plot.kind in ("bar", "column") else ""
    smooth = '<c:smooth val="0"/>' if plot.kind == "line" else ""
    paint = _paint(series.fill, series.stroke, series.weight, dash=series.dash)
    marker = '<c:marker><c:symbol val="none"/></c:marker>' if plot.kind == "line" else ""
    return (
        f'<c:ser><c:idx val="{number}"/><c:order val="{number}"/><c:tx><c:strRef>{name}</c:strRef></c:tx>'
        f"<c:spPr>{paint}</c:spPr>{inverted}{marker}"
        f"{_points(plot, series)}{_labels(series, height)}{_drop(series)}"
        f"<c:cat><c:strRef><c:f>{_SHEET}!$A$2:$A${last}</c:f><c:strCache>{count}{texts}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>{_SHEET}!${column}$2:${column}${last}</c:f>"
        f"<c:numCache><c:formatCode>General</c:formatCode>{count}{numbers}</c:numCache></c:numRef></c:val>"
        f"{smooth}</c:ser>"
    )


def _drop(series: PlotSeries) -> str:
    if not series.drop:
        return ""
    return (
        '<c:errBars><c:errDir val="y"/><c:errBarType val="minus"/><c:errValType val="fixedVal"/><c:noEndCap val="1"/>'
        f'<c:val val="{series.drop!r}"/>'
        f"<c:spPr>{_paint('', series.stroke or INK, 1.75, dash=True)}</c:spPr></c:errBars>"
    )


def _point(number: int, text: str) -> str:
    return f'<c:pt idx="{number}"><c:v>{escape(text)}</c:v></c:pt>'


def _points(plot: Plot, series: PlotSeries) -> str:
    if plot.kind == "line":
        line = _paint("", "" if series.drop else series.stroke, series.weight, dash=series.dash)
        return "".join(
            f'<c:dPt><c:idx val="{k}"/><c:marker><c:symbol val="circle"/><c:size val="{series.marker_size}"/>'
            f"<c:spPr>{_paint(fill, stroke, 2.25)}</c:spPr></c:marker>"
            f'<c:bubble3D val="0"/><c:spPr>{line}</c:spPr></c:dPt>'
            for k, (fill, stroke) in sorted(series.markers.items())
        )
    return "".join(
        f'<c:dPt><c:idx val="{k}"/><c:invertIfNegative val="0"/><c:bubble3D val="0"/>'
        f"<c:spPr>{_paint(fill, stroke, series.weight)}</c:spPr></c:dPt>"
        for k, (fill, stroke) in sorted(series.points.items())
    )


def _labels(series: PlotSeries, height: float) -> str:
    if not series.labels:
        return ""
    each = "".join(_label(k, label, height) for k, label in sorted(series.labels.items()))
    return f"<c:dLbls>{each}{_SHOW}</c:dLbls>"


def _label(number: int, label: PointLabel, height: float) -> str:
    first, *others = label.text.split("\n")
    lines = [(label, first), *((replace(label, bold=False), text) for text in others)]
    rich = '<a:bodyPr wrap="none"/>' + "".join(_line_of_label(one, text) for one, text in lines)
    shown = _SHOW.replace('showVal val="0"', 'showVal val="1"')
    return (
        f'<c:dLbl><c:idx val="{number}"/>{_nudge(label, height)}<c:tx><c:rich>{rich}</c:rich></c:tx>'
        f'<c:dLblPos val="{label.position}"/>{shown}</c:dLbl>'
    )


def _line_of_label(label: PointLabel, text: str) -> str:
    side = {"r": ' algn="l"', "l": ' algn="r"'}.get(label.position, "")
    run = f"<a:r>{_font(label, 'rPr')}<a:t>{escape(text)}</a:t></a:r>"
    return f"<a:p><a:pPr{side}>{_font(label, 'defRPr')}</a:pPr>{run}</a:p>"


def _nudge(label: PointLabel, height: float) -> str:
    if not label.down:
        return ""
    down = f'<c:x val="0"/><c:y val="{label.down / height:.5f}"/>'
    return f"<c:layout><c:manualLayout>{down}</c:manualLayout></c:layout>"


def _font(label: PointLabel, element: str) -> str:
    weight = 1 if label.bold else 0
    return f'<a:{element} lang="en-US" sz="{round(label.size * 100)}" b="{weight}">{_color(label.color)}</a:{element}>'


def _color(color: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{color.removeprefix("#").upper()}"/></a:solidFill>'


def _paint(fill: str, stroke: str, weight: float, *, dash: bool = False) -> str:
    inside = _color(fill) if fill else "<a:noFill/>"
    if not stroke:
        return f"{inside}<a:ln><a:noFill/></a:ln>"
    dashes = '<a:prstDash val="dash"/>' if dash else ""
    return f'{inside}<a:ln w="{round(weight * 12_700)}" cap="rnd">{_color(stroke)}{dashes}<a:round/></a:ln>'


def _texts(color: str) -> str:
    font = f'<a:defRPr sz="1200" b="0">{_color(color)}</a:defRPr>'
    return f'<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr>{font}</a:pPr><a:endParaRPr lang="en-US"/></a:p></c:txPr>'


def _category_axis(axis: Axis, *, across: bool, reverse: bool) -> str:
    crosses = '<c:crosses val="autoZero"/>' if axis.base is None else f'<c:crossesAt val="{axis.base!r}"/>'
    return (
        f'<c:catAx><c:axId val="{_CATEGORY_AXIS}"/><c:scaling>'
        f'<c:orientation val="{"maxMin" if reverse else "minMax"}"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{"l" if across else "b"}"/>{_axis_title(axis.title)}'
        '<c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        f"<c:spPr>{_paint('', INK, 1.0)}</c:spPr>{_texts(INK)}"
        f'<c:crossAx val="{_VALUE_AXIS}"/>{crosses}<c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/>'
        '<c:tickLblSkip val="1"/><c:noMultiLvlLbl val="1"/></c:catAx>'
    )


def _axis_title(text: str) -> str:
    if not text:
        return ""
    label = PointLabel(text, "b", color=MUTED)
    rich = f"<a:bodyPr/>{_line_of_label(label, text)}"
    return f'<c:title><c:tx><c:rich>{rich}</c:rich></c:tx><c:overlay val="0"/></c:title>'


def _value_axis(axis: Axis, *, across: bool) -> str:
    grid = f"<c:majorGridlines><c:spPr>{_paint('', '#e3e7ec', 0.75)}</c:spPr></c:majorGridlines>" if axis.shown else ""
    step = "" if axis.step is None else f'<c:majorUnit val="{axis.step!r}"/>'
    return (
        f'<c:valAx><c:axId val="{_VALUE_AXIS}"/><c:scaling><c:orientation val="minMax"/>'
        f'<c:max val="{axis.high!r}"/><c:min val="{axis.low!r}"/></c:scaling>'
        f'<c:delete val="{0 if axis.shown else 1}"/><c:axPos val="{"b" if across else "l"}"/>{grid}'
        f'<c:numFmt formatCode="{escape(axis.format)}" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        f"<c:spPr>{_paint('', '', 0.0)}</c:spPr>{_texts(MUTED)}"
        f'<c:crossAx val="{_CATEGORY_AXIS}"/><c:crosses val="min"/><c:crossBetween val="between"/>{step}</c:valAx>'
    )


def _column(number: int) -> str:
    """Return the letters of a column, the first being 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _workbook(
    categories: Sequence[str], plots: Iterable[Plot], beside: Sequence[tuple[str, Sequence[float | str | None]]]
) -> bytes:
    """Return the workbook behind a chart, which PowerPoint opens for its data."""
    import datetime

    from xlsxwriter import Workbook

    stream = io.BytesIO()
    columns = [(one.name, one.values) for plot in plots for one in plot.series]
    with Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2000, 1, 1)})  # noqa: DTZ001 - XlsxWriter takes no zones
        sheet = book.add_worksheet(_SHEET)
        for row, text in enumerate(categories, 1):
            sheet.write_string(row, 0, text)
        for column, (name, values) in enumerate([*columns, *beside], 1):
            sheet.write_string(0, column, name)
            for row, value in enumerate(values, 1):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
        sheet.set_column(0, 0, 30)
    return stream.getvalue()
