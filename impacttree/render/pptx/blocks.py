"""The drawn parts of slides: figures, ranges against a threshold, gauges, shares, signatures, sentences, timelines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from impacttree.records import dataclass
from impacttree.render.layout.measure import clean, text_width
from impacttree.render.layout.style import (
    ACCENT,
    ACCENT_DARK,
    ACCENT_TINT,
    GUARDRAIL,
    INK,
    MUTED,
    NAVY,
    ON_TINT,
    PANEL,
    WHITE,
)
from impacttree.render.pptx import markup
from impacttree.render.pptx.axis_texts import in_one_unit
from impacttree.render.pptx.grid import Frame
from impacttree.render.pptx.markup import Ids, Paragraph
from impacttree.render.pptx.texts import fitted, height_of, lines_in, one_line
from impacttree.render.scene import Box, Curve, Disc
from impacttree.views import Panel
from impacttree.views.slides import Event, Figures, Gauge, Gauges, Prose, RangeBar, Shares, Signatures, Spans, Timeline

__all__ = ["BLOCKS", "GREY", "HEAD", "RULE", "WORSE", "heading", "label"]

GREY = MUTED
RULE = "#c6cdd5"
GRID = "#e3e7ec"
WORSE = "#b9c2cd"
HEAD = 13.0
"""Size of the head of a part."""
_BAR = 0.05
"""Width of the bar at the left of the box to read first."""


def label(
    ids: Ids,
    frame: Frame,
    text: str,
    size: float,
    color: str,
    *,
    bold: bool = False,
    anchor: Any = "start",
    vertical: Any = "t",
) -> str:
    """Return a text that is made to fit its rectangle."""
    shown, at = fitted(text, size, frame.width, frame.height, bold=bold)
    place = Box(frame.left, frame.top, frame.width, frame.height)
    return markup.text_frame(ids, place, [Paragraph(shown, at, color, bold, anchor)], vertical=vertical)


def heading(ids: Ids, frame: Frame, text: str) -> tuple[str, Frame]:
    """Return the head of a part, and what is left below it."""
    if not text:
        return "", frame
    lines = min(2, len(lines_in(text, HEAD, frame.width, bold=True)))
    high = height_of(lines, HEAD)
    top = Frame(frame.left, frame.top, frame.width, high)
    return label(ids, top, text, HEAD, INK, bold=True), frame.within(top=high + 0.08)


def _panel(ids: Ids, frame: Frame, *, accent: bool) -> str:
    """Return a box; the accented one carries a bar, since tint alone vanishes in grey print."""
    tint = ACCENT_TINT if accent else PANEL
    back = markup.box(ids, Box(frame.left, frame.top, frame.width, frame.height, fill=tint), "Panel")
    bar = Box(frame.left, frame.top, _BAR, frame.height, fill=ACCENT)
    return back + (markup.box(ids, bar, "Accent") if accent else "")


def _tile(ids: Ids, frame: Frame, panel: Panel, heads: int = 1) -> str:
    """Draw a tile whose head has so many lines."""
    inner = frame.within(0.2, 0.16 if heads == 1 else 0.08, 0.14, 0.06)
    small = GREY if not panel.accent else ON_TINT
    head = Frame(inner.left, inner.top, inner.width, height_of(heads, HEAD if heads == 1 else 12.0))
    body = Frame(inner.left, head.bottom + 0.04, inner.width, min(0.52, inner.height * (0.4 if heads == 1 else 0.32)))
    detail = Frame(inner.left, body.bottom + 0.05, inner.width, inner.bottom - body.bottom - 0.05)
    shown, size = one_line(panel.head, HEAD, inner.width, bold=True)
    if heads > 1:
        shown, size = fitted(panel.head, HEAD, inner.width, head.height, bold=True)
    figure, large = one_line(panel.body, 30.0, inner.width, bold=True)
    return "".join(
        (
            _panel(ids, frame, accent=panel.accent),
            label(ids, head, shown, size, ACCENT_DARK if panel.accent else GREY, bold=True),
            label(ids, body, figure, large, ACCENT if panel.accent else INK, bold=True, vertical="ctr"),
            label(ids, detail, panel.detail, 12.0, small) if panel.detail else "",
        )
    )


def figures(ids: Ids, frame: Frame, view: Figures) -> str:
    """Draw tiles side by side, or below each other."""
    count = len(view.panels)
    gap = 0.5 if view.signs else 0.2
    drawn = []
    if view.upright:
        high = (frame.height - gap * (count - 1)) / count
        places = [Frame(frame.left, frame.top + k * (high + gap), frame.width, high) for k in range(count)]
    else:
        wide = (frame.width - gap * (count - 1)) / count
        places = [Frame(frame.left + k * (wide + gap), frame.top, wide, frame.height) for k in range(count)]
    heads = max((len(lines_in(one.head, 12.0, place.width - 0.34, bold=True)) for place, one in
                 zip(places, view.panels, strict=True)), default=1)  # fmt: skip
    for place, panel, sign in zip_longest(places, view.panels, view.signs[: count - 1]):
        drawn.append(_tile(ids, place, panel, min(heads, 2)))
        if sign:
            between = Frame(place.right, place.top, gap, place.height)
            drawn.append(label(ids, between, sign, 24.0, GREY, anchor="middle", vertical="ctr"))
    return "".join(drawn)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to places between two ends."""

    low: float
    high: float
    left: float
    width: float

    def at(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low or 1.0) * self.width


def spans(ids: Ids, frame: Frame, view: Spans) -> str:
    """Draw ranges as bars with their points marked, on one axis, with the threshold as a dashed line."""
    head, inner = heading(ids, frame, view.title)
    wide = min(max((text_width(one.label, 12.0, True) for one in view.spans), default=0.0) + 0.25, inner.width * 0.3)
    plot = inner.within(left=wide, top=0.3, right=0.5, bottom=0.32)
    numbers = [level for level, _ in view.levels] + [end for one in view.spans for end in (one.low, one.high)]
    numbers += [view.threshold] if view.threshold is not None else []
    scale = _Scale(min(numbers, default=0.0), max(numbers, default=1.0), plot.left, plot.width)
    drawn = [head, *_axis(ids, plot, scale, in_one_unit(view.levels))]
    pitch = plot.height / max(1, len(view.spans))
    for number, one in enumerate(view.spans):
        middle = plot.top + (number + 0.5) * pitch
        row = Frame(inner.left, middle - 0.14, wide - 0.1, 0.28)
        drawn.append(label(ids, row, one.label, 12.0, INK, bold=one.strong, vertical="ctr"))
        high = min(0.32, pitch * 0.5)
        left, right, at = scale.at(one.low), scale.at(one.high), scale.at(one.point)
        drawn.append(markup.box(ids, Box(left, middle - high / 2, max(right - left, 0.01), high, fill=WORSE), "Range"))
        drawn.append(markup.box(ids, Box(at - 0.03, middle - high * 0.7, 0.06, high * 1.4, fill=INK), "Point"))
        avoid = None if view.threshold is None else scale.at(view.threshold)
        drawn += _span_texts(ids, plot, one, (left, at, right), (middle, high), avoid)
    if view.threshold is not None:
        x = scale.at(view.threshold)
        line = Curve((("M", x, plot.top - 0.05), ("L", x, plot.bottom)), stroke=ACCENT, weight=2.0, dash=(6.0, 4.0))
        drawn.append(markup.free_form(ids, line, name="Threshold"))
        drawn.append(_centred(ids, frame, view.threshold_text, x, plot.top - 0.3, ACCENT_DARK, bold=True))
    return "".join(drawn)


def _span_texts(
    ids: Ids,
    plot: Frame,
    span: RangeBar,
    places: tuple[float, float, float],
    row: tuple[float, float],
    avoid: float | None,
) -> Iterator[str]:
    """Yield the figures of a range: its ends in the bar where they have room, else the point alone beside it."""
    (left, at, right), (middle, high) = places, row
    ends = (f"P10 {span.low_text}", f"P90 {span.high_text}")
    widths = [text_width(text, 12.0) * 1.06 + 0.12 for text in ends]
    if not span.strong or widths[0] > at - left - 0.05 or widths[1] > right - at - 0.05:
        start, wide = right + 0.08, text_width(span.point_text, 12.0, True) * 1.06
        if avoid is not None and start < avoid + 0.05 < start + wide + 0.1:
            start = avoid + 0.08  # beyond the threshold's line, not across it
        yield _beside(ids, plot, span.point_text, start, middle)
        return
    top = middle - high / 2
    yield label(ids, Frame(left + 0.08, top, widths[0], high), ends[0], 12.0, INK, vertical="ctr")
    yield label(ids, Frame(right - widths[1], top, widths[1] - 0.08, high), ends[1], 12.0, INK, anchor="end",
                vertical="ctr")  # fmt: skip
    wide = text_width(span.point_text, 12.0, True) * 1.08
    if avoid is not None and abs(at - avoid) < wide / 2 + 0.05:  # beside the threshold's line, not across it
        at = avoid + math.copysign(wide / 2 + 0.05, at - avoid or 1.0)
    yield _centred(ids, plot, span.point_text, at, middle - high * 0.7 - 0.23, INK, bold=True)


def _axis(ids: Ids, plot: Frame, scale: _Scale, levels: Sequence[tuple[float, str]]) -> Iterator[str]:
    for level, text in levels:
        x = scale.at(level)
        line = Curve((("M", x, plot.top), ("L", x, plot.bottom)), stroke=GRID, weight=0.75)
        yield markup.free_form(ids, line, name="Grid")
        yield _centred(ids, plot.within(left=-1.0, right=-1.0), text, x, plot.bottom + 0.06, GREY)


def _beside(ids: Ids, plot: Frame, text: str, x: float, middle: float) -> str:
    text, _ = one_line(text, 12.0, plot.width / 2, bold=True)
    wide = text_width(text, 12.0, True) * 1.06
    left = min(x, plot.right + 0.5 - wide)
    return label(ids, Frame(left, middle - 0.12, wide, 0.24), text, 12.0, INK, bold=True, vertical="ctr")


def _centred(ids: Ids, room: Frame, text: str, x: float, top: float, color: str, *, bold: bool = False) -> str:
    text, _ = one_line(text, 12.0, room.width * 0.9, bold=bold)
    wide = text_width(text, 12.0, bold) * 1.08
    left = min(max(x - wide / 2, room.left), room.right - wide)
    return label(ids, Frame(left, top, wide, 0.22), text, 12.0, color, bold=bold, anchor="middle")


def gauges(ids: Ids, frame: Frame, view: Gauges) -> str:
    """Draw each guardrail as a bar up to its value with its limit marked."""
    head, inner = heading(ids, frame, view.title)
    count = max(1, len(view.gauges))
    gap = 0.14
    high = min((inner.height - gap * (count - 1)) / count, 1.45)
    places = (Frame(inner.left, inner.top + k * (high + gap), inner.width, high) for k in range(count))
    return head + "".join(_gauge(ids, place, one) for place, one in zip(places, view.gauges, strict=False))


def _gauge(ids: Ids, frame: Frame, view: Gauge) -> str:
    border = Box(frame.left, frame.top, frame.width, frame.height, 0.1, WHITE, GUARDRAIL, 1.5, (5.0, 3.0))
    inner = frame.within(0.16, 0.1, 0.16, 0.08)
    value, size = one_line(view.value_text, 16.0, inner.width * 0.5, bold=True)
    wide = text_width(value, size, True) * 1.08
    x, y = inner.left, inner.top
    glyph = Curve((("M", x + 0.07, y + 0.05), ("L", x + 0.14, y + 0.19), ("L", x, y + 0.19), ("Z",)), fill=GUARDRAIL)
    name = Frame(x + 0.22, y, inner.width - wide - 0.3, 0.26)
    shown, name_size = one_line(view.label, 13.0, name.width, bold=True)
    bar = Frame(x, y + 0.34, inner.width, 0.12)
    mark = bar.left + view.limit * bar.width
    note = Frame(x, bar.bottom + 0.33, inner.width, max(0.22, inner.bottom - bar.bottom - 0.33))
    return "".join(
        (
            markup.box(ids, border, "Guardrail"),
            markup.free_form(ids, glyph, name="Guardrail"),
            label(ids, name, shown, name_size, INK, bold=True),
            label(ids, Frame(inner.right - wide, y - 0.03, wide, 0.28), value, size, INK, bold=True, anchor="end"),
            markup.box(ids, Box(bar.left, bar.top, bar.width, bar.height, fill="#e6eaef"), "Scale"),
            markup.box(ids, Box(bar.left, bar.top, max(0.01, view.value * bar.width), bar.height, fill=GREY), "Value"),
            markup.box(ids, Box(mark - 0.015, bar.top - 0.05, 0.03, bar.height + 0.1, fill=GUARDRAIL), "Limit"),
            _centred(ids, inner, view.limit_text, mark, bar.bottom + 0.07, GUARDRAIL, bold=True),
            label(ids, note, view.note, 12.0, ACCENT_DARK if view.breached else GREY, bold=view.breached),
        )
    )


SHARE_PAINTS = (NAVY, GREY, "#8792a0", WORSE, WHITE)


def shares(ids: Ids, frame: Frame, view: Shares) -> str:
    """Draw one bar cut into shares, each named in it where there is room, and the notes below."""
    head, inner = heading(ids, frame, view.title)
    high, x = 0.3, inner.left
    drawn = [head]
    whole = sum(one.share for one in view.shares) or 1.0
    for number, one in enumerate(view.shares):
        wide = one.share / whole * inner.width
        last = number == len(view.shares) - 1 and number > 0
        paint = WHITE if last else SHARE_PAINTS[min(number, len(SHARE_PAINTS) - 2)]
        drawn.append(markup.box(ids, Box(x, inner.top, wide, high, fill=paint, stroke=NAVY, weight=1.0), "Share"))
        if text_width(one.label, 12.0, True) + 0.2 < wide:
            ink = WHITE if paint in (NAVY, GREY) else INK
            drawn.append(label(ids, Frame(x + 0.1, inner.top, wide - 0.15, high), one.label, 12.0, ink, bold=True,
                               vertical="ctr"))  # fmt: skip
        x += wide
    notes = inner.within(top=high + 0.12)
    drawn.append(_paragraphs(ids, notes, [(note, False) for note in view.notes], GREY))
    return "".join(drawn)


def _paragraphs(ids: Ids, frame: Frame, texts: Sequence[tuple[str, bool]], color: str) -> str:
    """Return paragraphs one below the other; those that find no room are cut."""
    drawn, top = [], frame.top
    for text, bold in texts:
        size = 15.0 if bold else 12.0
        lines = len(lines_in(text, size, frame.width, bold=bold))
        high = min(height_of(lines, size), frame.bottom - top)
        if high < height_of(1, 12.0):
            break
        drawn.append(
            label(ids, Frame(frame.left, top, frame.width, high), text, size, INK if bold else color, bold=bold)
        )
        top += high + 0.08
    return "".join(drawn)


def signatures(ids: Ids, frame: Frame, view: Signatures) -> str:
    """Draw a line to sign on for each role."""
    head, inner = heading(ids, frame.within(top=0.08), view.title)
    drawn = [markup.rule(ids, frame.left, frame.right, frame.top, RULE), head]
    pitch = min(0.42, inner.height / max(1, len(view.lines)))
    wide = max((text_width(clean(role), 12.0) for role, _ in view.lines), default=0.0) * 1.08
    roles = min(wide, inner.width * 0.3)
    for number, (role, who) in enumerate(view.lines):
        top = inner.top + number * pitch
        place = Frame(inner.left, top, roles, 0.24)
        drawn.append(label(ids, place, one_line(role, 12, roles)[0], 12, GREY))
        named = Frame(inner.left + roles + 0.1, top, inner.width * 0.65 - roles - 0.15, 0.24)
        drawn.append(label(ids, named, one_line(who, 12, named.width, bold=True)[0], 12.0, INK, bold=True))
        drawn.append(markup.rule(ids, inner.left + inner.width * 0.65, inner.right, top + 0.24, GREY))
    end = inner.top + pitch * (len(view.lines) - 1) + 0.27
    if view.lines and end + 0.2 <= frame.bottom:
        below = Frame(inner.left + inner.width * 0.65, end, inner.width * 0.35, 0.2)
        drawn.append(label(ids, below, "signature, date", 12.0, GREY))
    return "".join(drawn)


def prose(ids: Ids, frame: Frame, view: Prose) -> str:
    """Draw sentences in a box."""
    inner = frame.within(0.22, 0.14, 0.18, 0.1)
    color = ACCENT_DARK if view.accent else GREY
    head = Frame(inner.left, inner.top, inner.width, height_of(1, HEAD))
    shown, size = one_line(view.title, HEAD, inner.width, bold=True)
    texts = [(passage.text, passage.strong) for passage in view.passages]
    below = inner.within(top=height_of(1, HEAD) + 0.06 if view.title else 0.0)
    return "".join(
        (
            _panel(ids, frame, accent=view.accent),
            label(ids, head, shown, size, color, bold=True) if view.title else "",
            _paragraphs(ids, below, texts, ON_TINT if view.accent else GREY),
        )
    )


def timeline(ids: Ids, frame: Frame, view: Timeline) -> str:
    """Draw events along a line, their texts above and below it in turn."""
    middle = frame.top + frame.height / 2
    left, right = frame.left + 0.11, frame.right - 0.11
    drawn = [markup.box(ids, Box(left, middle - 0.025, right - left, 0.05, fill=RULE), "Line")]
    free = {True: frame.left, False: frame.left}
    """Where the last text above and below ends."""
    for event in view.events:
        x = left + event.at * (right - left)
        drawn.append(_dot(ids, event, x, middle))
        text, size = one_line(event.text, 14.0, frame.width * 0.4, bold=True)
        when, _ = one_line(event.when, 12.0, frame.width * 0.4)
        wide = max(text_width(text, size, True), text_width(when, 12.0)) * 1.06
        start = min(max(x - wide / 2, frame.left), frame.right - wide)
        above = free[True] <= max(start, free[False])
        start = max(start, free[above])
        if start + wide > frame.right + 1e-6:
            continue
        free[above] = start + wide + 0.2
        top = middle - 0.62 if above else middle + 0.18
        drawn.append(label(ids, Frame(start, top, wide, 0.26), text, size, INK, bold=True, anchor="middle"))
        drawn.append(label(ids, Frame(start, top + 0.25, wide, 0.22), when, 12.0, GREY, anchor="middle"))
    return "".join(drawn)


def _dot(ids: Ids, event: Event, x: float, y: float) -> str:
    stroke = GREY if event.role == "other" else ACCENT
    fill = ACCENT if event.role == "money" else WHITE
    return markup.disc(ids, Disc(x, y, 0.1, fill, stroke, 3.0), "Event")


BLOCKS: dict[type, Callable[[Ids, Frame, Any], str]] = {
    Figures: figures,
    Spans: spans,
    Gauges: gauges,
    Shares: shares,
    Signatures: signatures,
    Prose: prose,
    Timeline: timeline,
}
"""How each drawn part is drawn; the other parts are native tables and charts."""
