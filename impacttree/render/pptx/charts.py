"""Chart views as native charts, whose sheets hold the numbers that are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from impacttree.records import dataclass
from impacttree.render.chartdata import (
    CUT_NOTE,
    axis_start,
    check_finite,
    end_texts,
    is_adverse,
    is_central,
    mark_name,
    running_levels,
    to_span_marks,
    visible_levels,
    with_threshold,
)
from impacttree.render.layout.measure import clean, text_width
from impacttree.render.layout.style import ACCENT, ACCENT_DARK, INK, NAVY, WHITE
from impacttree.render.pptx import markup
from impacttree.render.pptx.axis_texts import in_one_unit, number_format
from impacttree.render.pptx.blocks import GREY, WORSE, label
from impacttree.render.pptx.chartml import Axis, Plot, PlotSeries, PointLabel, add_chart
from impacttree.render.pptx.grid import Frame
from impacttree.render.pptx.markup import Ids
from impacttree.render.pptx.texts import ROOM, height_of, lines_in, one_line
from impacttree.render.scene import Box, Curve
from impacttree.views import Bars, Chart, Distribution, Lines, Tone, Waterfall
from impacttree.views.slides import Course, Milestone

if TYPE_CHECKING:
    from pptx.slide import Slide

__all__ = ["draw_chart", "draw_course"]

PAINTS: dict[Tone, tuple[str, str]] = {"favourable": (NAVY, NAVY), "adverse": (WORSE, NAVY), "neutral": (GREY, GREY)}
WORDS: dict[Tone, str] = {"favourable": "better", "adverse": "worse", "neutral": "neither better nor worse"}
TONES: tuple[Tone, ...] = ("adverse", "favourable", "neutral")
BAND = "#e1e6ec"
LINE = "#8792a0"
_LABEL = 12.0
_ROW = 0.24
_TALLEST = 0.7
"""Of a row of a tornado."""
_FOOT = 0.5
"""How many inches above the axis a line down from a named point has its name."""
_BESIDE = 0.12
"""Inches between a point and its name."""
_RISES = 6
"""Rows that a name is moved up at most, to where none stands."""
_MOST_TICKS = 8
_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
"""Between the periods that an axis names."""


def draw_chart(slide: Slide, ids: Ids, frame: Frame, view: Chart) -> str:
    """Put a chart on a slide; return the shapes that stand beside it.

    Raises
    ------
    OutputError
        When a value of the view is not finite.
    """
    check_finite(view)
    match view:
        case Bars():
            return _tornado(slide, ids, frame, view)
        case Waterfall():
            return _waterfall(slide, ids, frame, view)
        case Lines():
            return draw_course(slide, ids, frame, Course(view))
        case Distribution():
            return _histogram(slide, ids, frame, view)


def _key(ids: Ids, frame: Frame, tones: Sequence[Tone]) -> str:
    """Return the key of the paints, in one line."""
    drawn, x = [], frame.left
    for tone in tones:
        fill, stroke = PAINTS[tone]
        word = WORDS[tone]
        drawn.append(markup.box(ids, Box(x, frame.top + 0.04, 0.2, 0.14, fill=fill, stroke=stroke, weight=1.0), "Key"))
        wide = text_width(word, _LABEL) * 1.06
        drawn.append(label(ids, Frame(x + 0.28, frame.top, wide, _ROW), word, _LABEL, GREY))
        x += 0.28 + wide + 0.3
    return "".join(drawn)


def _cut(texts: Sequence[str], width: float, most: int = 2) -> list[str]:
    """Return names that stand in so many lines of an axis, broken where they were measured."""
    return ["\n".join(lines_in(text, _LABEL, width, most=most)) for text in texts]


def _tornado(slide: Slide, ids: Ids, frame: Frame, view: Bars) -> str:
    room = max(1, int((frame.height - 0.7) / 0.27))
    bars = view.bars[:room]
    longest = max((text_width(clean(bar.label), _LABEL) for bar in bars), default=1.0)
    wide = min(longest / ROOM + 0.21, frame.width * 0.36)
    noted = max((text_width(bar.note, _LABEL) for bar in bars), default=0.0)
    inner = frame.within(left=wide, top=0.32, right=noted + 0.2 if noted else 0.0, bottom=0.34)
    inner = replace(inner, height=min(inner.height, _TALLEST * len(bars)))
    sides = [end_texts(bar, view.base) for bar in bars]
    left = max((text_width(text, _LABEL) for text, _ in sides), default=0.0) + 0.15
    right = max((text_width(text, _LABEL) for _, text in sides), default=0.0) + 0.15
    ends = [view.base, *(end for bar in bars for end in (bar.low, bar.high))]
    low, high = min(ends), max(ends)
    per_inch = ((high - low) or abs(high) or 1.0) / max(0.5, inner.width - left - right)
    axis = Axis(low - left * per_inch, high + right * per_inch, shown=False, base=view.base)
    series = []
    for name, end in (("low end", "low"), ("high end", "high")):
        values = [getattr(bar, end) for bar in bars]
        tones: list[Tone] = [getattr(bar, f"{end}_tone") for bar in bars]
        texts = [getattr(bar, f"{end}_text") for bar in bars]
        points = {k: PAINTS[tone] for k, tone in enumerate(tones)}
        labels = {k: PointLabel(text, "outEnd", color=GREY) for k, text in enumerate(texts)}
        series.append(PlotSeries(name, values, NAVY, NAVY, 1.0, points=points, labels=labels))
    lines = min(3, max(1, int(inner.height / max(1, len(bars)) / height_of(1, _LABEL))))
    names = _cut([bar.label for bar in bars], wide - 0.2, lines)
    shown = [("low end, shown", [bar.low_text for bar in bars]), ("high end, shown", [bar.high_text for bar in bars])]
    alt = f"{view.title}. " + "; ".join(f"{bar.label}: {bar.low_text} to {bar.high_text}" for bar in bars)
    add_chart(slide, frame, inner, names, [Plot("bar", series)], axis, alt=alt, beside=shown, reverse=True)
    base = inner.left + (view.base - axis.low) / (axis.high - axis.low) * inner.width
    half = text_width(view.base_text, _LABEL, True) * 0.55
    drawn = [label(ids, Frame(base - half, frame.top, 2 * half, _ROW), view.base_text, _LABEL, INK, bold=True,
                   anchor="middle")]  # fmt: skip
    if noted:
        drawn += _notes_beside(ids, frame, inner, replace(view, bars=bars), noted)
    used = {tone for bar in bars for tone in (bar.low_tone, bar.high_tone)}
    key = Frame(frame.left, frame.bottom - 0.26, frame.width, _ROW)
    drawn.append(_key(ids, key, [tone for tone in TONES if tone in used]))
    if len(bars) < len(view.bars):
        more = f"{len(view.bars) - len(bars)} more rows move it less"
        drawn.append(label(ids, key.within(left=frame.width / 2), more, _LABEL, GREY, anchor="end"))
    return "".join(drawn)


def _notes_beside(ids: Ids, frame: Frame, inner: Frame, view: Bars, wide: float) -> list[str]:
    pitch = inner.height / len(view.bars)
    column = Frame(frame.right - wide * 1.06, frame.top, wide * 1.06, _ROW)
    head, size = one_line(view.note_head, _LABEL, frame.width / 4)
    room = text_width(head, size) * 1.06
    texts = [label(ids, Frame(frame.right - room, frame.top, room, _ROW), head, size, GREY, anchor="end")]
    for number, bar in enumerate(view.bars):
        top = inner.top + (number + 0.5) * pitch - _ROW / 2
        place = Frame(column.left, top, column.width, _ROW)
        texts.append(label(ids, place, bar.note, _LABEL, GREY, anchor="end", vertical="ctr"))
    return texts


def _waterfall(slide: Slide, ids: Ids, frame: Frame, view: Waterfall) -> str:
    inner = frame.within(top=0.3, bottom=1.0)
    levels = visible_levels(view)
    steps = view.steps
    hidden, above, below = [], [], []
    for before, after in levels:
        low, high = min(before, after), max(before, after)
        hidden.append(low if low > 0 else high if high < 0 else 0.0)
        above.append(max(high, 0.0) - max(low, 0.0))
        below.append(min(low, 0.0) - min(high, 0.0))
    tops = [max(pair) for pair in levels]
    start, end = min((min(pair) for pair in levels), default=0.0), max(tops, default=1.0)
    start = min(start, axis_start(view))
    axis = Axis(start, end + ((end - start) or 1.0) * 0.09, shown=False)
    paint = {k: (GREY, GREY) if step.role == "total" else PAINTS[step.tone] for k, step in enumerate(steps)}
    texts = {k: PointLabel(_amount(step.text, step.range_text), "t", bold=True) for k, step in enumerate(steps)}
    plots = [
        Plot(
            "column",
            [
                PlotSeries("below the step", hidden),
                PlotSeries("step", above, NAVY, NAVY, 1.0, points=paint),
                PlotSeries("step under zero", below, NAVY, NAVY, 1.0, points=paint),
            ],
            stacked=True,
            gap=45,
        ),
        Plot("line", [PlotSeries("top", tops, labels=texts)]),
    ]
    names = _cut([step.label for step in steps], inner.width / max(1, len(steps)) * 0.95)
    amounts: list[tuple[str, list[float | str | None]]] = [
        ("amount", [step.amount for step in steps]),
        ("shown", [step.text for step in steps]),
        ("level", [after for _, after in running_levels(view)]),
    ]
    alt = f"{view.title}. " + "; ".join(f"{step.label}: {step.text}" for step in steps)
    add_chart(slide, frame, inner, names, plots, axis, alt=alt, beside=amounts)
    used = {step.tone for step in steps if step.role == "change"}
    key = Frame(frame.left, frame.bottom - 0.26, frame.width, _ROW)
    cut = label(ids, key.within(left=frame.width / 2), CUT_NOTE, _LABEL, GREY, anchor="end") if axis_start(view) else ""
    return _key(ids, key, [tone for tone in TONES if tone in used]) + cut


def _amount(text: str, spread: str) -> str:
    return f"{text} ({spread})" if spread else text


def _spread_out(heights: Sequence[float]) -> list[float]:
    """Return by how much texts at these heights move down so that none covers another."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = list(heights)
    for above, under in pairwise(order):
        placed[under] = max(placed[under], placed[above] + 0.22)
    excess = placed[order[-1]] - heights[order[-1]] if order else 0.0
    return [after - before - excess / 2 for before, after in zip(heights, placed, strict=True)]


def draw_course(slide: Slide, ids: Ids, frame: Frame, course: Course) -> str:
    """Put lines over periods on a slide, with their bands, their ends named, and the points that have a name."""
    view = course.lines
    check_finite(view)
    ends: list[tuple[float, str]] = []
    for band in view.bands:
        ends += [(band.low[-1], band.low_text), (band.high[-1], band.high_text)]
    named = len(view.series) > 1
    ends += [(one.values[-1], f"{one.label} {one.last_text}" if named else one.last_text) for one in view.series]
    right = min(max((text_width(text, _LABEL, True) for _, text in ends), default=0.0) + 0.25, frame.width * 0.3)
    left = max((text_width(text, _LABEL) for _, text in in_one_unit(view.levels)), default=0.0) + 0.15
    inner = frame.within(left=left, top=0.12, right=right, bottom=0.56 if course.axis else 0.32)
    numbers = [level for level, _ in view.levels] + [value for one in view.series for value in one.values]
    numbers += [value for band in view.bands for value in (*band.low, *band.high)]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    places = [level for level, _ in view.levels]
    step = places[1] - places[0] if len(places) > 1 else None
    axis = Axis(low, high if high > low else low + 1.0, step, number_format(view.levels), title=clean(course.axis))
    per_inch = (axis.high - axis.low) / inner.height
    lowered = _spread_out([(axis.high - value) / per_inch for value, _ in ends])
    heights = [(value - axis.low) / per_inch - down for (value, _), down in zip(ends, lowered, strict=True)]
    moves = iter(lowered)
    areas, lines = [], []
    for band in view.bands:
        areas += [
            PlotSeries(band.low_text or f"{band.label}, low", band.low),
            PlotSeries(band.label, [top - bottom for bottom, top in zip(band.low, band.high, strict=True)], BAND),
        ]
        for text, values in ((band.low_text, band.low), (band.high_text, band.high)):
            label_ = {len(values) - 1: PointLabel(text, "r", color=GREY, down=next(moves))}
            lines.append(PlotSeries(text or band.label, values, stroke=LINE, weight=1.25, dash=True, labels=label_))
    for one, (_, text) in zip(view.series, ends[2 * len(view.bands) :], strict=True):
        color, dark = (ACCENT, ACCENT_DARK) if one.accent or not named else (LINE, GREY)
        last = len(one.values) - 1
        shown = {last: PointLabel(one_line(text, _LABEL, right)[0], "r", bold=one.accent, color=dark, down=next(moves))}
        dots = {last: (color, color)} if one.accent else {}
        lines.append(
            PlotSeries(
                one.label,
                one.values,
                stroke=color,
                weight=3.0 if one.accent else 2.0,
                dash=named and not one.accent,
                labels=shown,
                markers=dots,
            )
        )
    count = len(view.ticks)
    drawn = [
        ((k + 0.5) * inner.width / count, (value - axis.low) / per_inch)
        for one in view.series
        for k, value in enumerate(one.values)
    ]
    taken = [(inner.width, inner.width + right, height - 0.12, height + 0.12) for height in heights]
    named_points = list(
        _named_apart(course.milestones, count, axis, per_inch, inner.width, room=right, taken=taken, drawn=drawn)
    )
    for name in named_points:
        foot = max(
            (other.box[3] for other in named_points if other is not name and other.is_crossed_at(name.x)), default=0
        )
        lines += _milestone(name, count, axis, per_inch, foot)
    plots = [Plot("area", areas, stacked=True)] if areas else []
    plots.append(Plot("line", lines))
    told = [f"{mark.text} {mark.detail}".strip() for mark in course.milestones] + [text for _, text in ends if text]
    alt = f"{view.title}. " + "; ".join(told)
    beside = [("period", list(view.ticks))]
    ticks = _named_ticks(course.names, inner.width) if course.names else _ticks(view.ticks, inner.width)
    pitch = inner.width / max(1, len(ticks))
    narrow = all(text_width(tick, _LABEL) < max(pitch, 0.2) for tick in ticks)
    names = ticks if narrow else [" "] * len(ticks)
    add_chart(slide, frame, inner, names, plots, axis, alt=alt, beside=beside)
    return "" if narrow else "".join(_tick_labels(ids, frame, inner, ticks))


def _tick_labels(ids: Ids, frame: Frame, inner: Frame, ticks: Sequence[str]) -> Iterator[str]:
    """Yield the texts of an axis that are wider than the room of one period, which charts would break."""
    pitch = inner.width / len(ticks)
    for number, tick in enumerate(ticks):
        if tick.strip():
            wide = text_width(tick, _LABEL) * 1.08
            left = min(max(inner.left + (number + 0.5) * pitch - wide / 2, frame.left), frame.right - wide)
            place = Frame(left, inner.bottom + 0.06, wide, _ROW)
            yield label(ids, place, tick, _LABEL, INK, anchor="middle")


Beside = Literal["l", "r", "ctr"]
_LEFT: Mapping[Beside, float] = MappingProxyType({"l": 1.0, "r": 0.0, "ctr": 0.5})
"""Share of a name that stands left of its point."""


_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Name:
    """Where the name of a point stands: beside the point's place along the axis, so many inches above the axis."""

    mark: Milestone
    side: Beside
    height: float
    """Of the middle of its first line."""
    x: float

    @property
    def width(self) -> float:
        texts = ((self.mark.text, True), (self.mark.detail, False))
        return max(text_width(clean(text), _LABEL, bold) for text, bold in texts) * 1.05 + _BESIDE

    @property
    def box(self) -> _Box:
        """Left and right end, bottom and top."""
        left = self.x - self.width * _LEFT[self.side]
        return left, left + self.width, self.height - 0.12 - 0.2 * bool(self.mark.detail), self.height + 0.12

    def covers(self, other: _Box) -> bool:
        left, right, bottom, top = self.box
        start, end, low, high = other
        return left < end and start < right and bottom < high and low < top

    def is_on(self, points: Sequence[tuple[float, float]]) -> bool:
        """Return whether any of these points lies under it."""
        return any(self.covers((x, x, height, height)) for x, height in points)

    def is_crossed_at(self, x: float) -> bool:
        """Return whether a line down at a place would run through it."""
        left, right, *_ = self.box
        return left < x < right

    def beyond(self, width: float) -> float:
        """Return how far it reaches out of a chart of such a width."""
        left, right, *_ = self.box
        return max(0.0, -left) + max(0.0, right - width)


def _named_apart(
    marks: Sequence[Milestone],
    periods: int,
    axis: Axis,
    per_inch: float,
    width: float,
    *,
    room: float = 0.0,
    taken: Sequence[_Box] = (),
    drawn: Sequence[tuple[float, float]] = (),
) -> Iterator[_Name]:
    """Yield where the names of points stand, so that none covers another one or reaches out of the chart.

    The name of a point stands a little below it, that of one with a line down above the foot of that line: on the side
    on which there is room, in one line where another name stands near by, and higher where that does not help. Right of
    the chart is `room`, of which other texts have `taken` some. Points that are `drawn` stay clear where they can.
    """
    placed, end = list(taken), width + room
    for mark in sorted(marks, key=lambda mark: mark.drops):
        one_line_ = replace(mark, text=f"{mark.text}, {mark.detail}", detail="") if mark.detail else mark
        below = max(0.34 if mark.detail else 0.14, (mark.value - axis.low) / per_inch - 0.24)
        x, first = (mark.at + 0.5) * width / periods, _FOOT if mark.drops else below
        beside: tuple[Beside, ...] = ("r", "l") if mark.at < 0.7 * periods else ("l", "r")
        across: tuple[Beside, ...] = ("ctr",)
        tried = [
            _Name(told, side, first + _ROW * step, x)
            for sides in (beside, across)
            for step in range(_RISES)
            for told in dict.fromkeys((mark, one_line_))
            for side in sides
        ]
        free = [name for name in tried if not any(map(name.covers, placed))] or tried
        within = [name for name in free if not name.beyond(end)] or [min(free, key=lambda name: name.beyond(end))]
        chosen = next((name for name in within if not name.is_on(drawn)), within[0])
        placed.append(chosen.box)
        yield chosen


def _milestone(name: _Name, periods: int, axis: Axis, per_inch: float, foot: float) -> Iterator[PlotSeries]:
    """Yield a point that is named: its dot, a dashed line down from it to so many inches above the axis, its name."""
    mark, top = name.mark, axis.low + name.height * per_inch

    def point(called: str, value: float, text: str = "", *, bold: bool = True, **further: Any) -> PlotSeries:
        labels = {mark.at: PointLabel(text, name.side, bold=bold)} if text else {}
        return PlotSeries(called, [value if k == mark.at else None for k in range(periods)], labels=labels, **further)

    text, detail = clean(mark.text), clean(mark.detail)
    drop = max(mark.value - axis.low - foot * per_inch, 0.0) if mark.drops else 0.0
    yield point(text, mark.value, stroke=ACCENT, markers={mark.at: (ACCENT, ACCENT)}, marker_size=12, drop=drop)
    if mark.drops:
        yield point(f"{text}, its middle", mark.value, markers={mark.at: (WHITE, WHITE)}, marker_size=6)
    yield point(f"{text}, its name", top, text)
    if detail:
        yield point(f"{text}, more of it", top - 0.2 * per_inch, detail, bold=False)


def _named_ticks(names: Sequence[str], width: float) -> list[str]:
    """Return the names below an axis that stand beside each other, counted from the last one; the others empty."""
    named = [k for k, name in enumerate(names) if name]
    widest = max((text_width(names[k], _LABEL) for k in named), default=0.1) + 0.1
    room = min((after - before for before, after in pairwise(named)), default=len(names)) * width / len(names)
    kept = frozenset(named[:: -max(1, math.ceil(widest / room))])
    return [name if k in kept else " " for k, name in enumerate(names)]


def _ticks(ticks: Sequence[str], width: float) -> list[str]:
    """Return the texts of the axis: as many as stand beside each other, the others empty.

    Of numbered periods those are the multiples of a round number.
    """
    widest = max((text_width(tick, _LABEL) for tick in ticks), default=0.1) + 0.15
    fitting = max(1, min(_MOST_TICKS, int(width / widest)))
    every = -(-len(ticks) // fitting)
    if all(tick.isdecimal() for tick in ticks):
        every = next((k for k in _STEPS if k >= every), every)
        next_one = every - int(ticks[0]) % every if ticks else 0
        return [
            tick if int(tick) % every == 0 or (k == 0 and next_one > every / 2) else " " for k, tick in enumerate(ticks)
        ]
    last = len(ticks) - 1
    return [tick if (last - k) % every == 0 or (k == 0 and last % every > every / 2) else " " for k, tick in
            enumerate(ticks)]  # fmt: skip


def _histogram(slide: Slide, ids: Ids, frame: Frame, view: Distribution) -> str:
    view = to_span_marks(view)
    inner = frame.within(left=0.1, top=0.75, right=0.1, bottom=0.34)
    points = {}
    for number, (low, high) in enumerate(pairwise(view.edges)):
        if is_adverse(view, (low + high) / 2):
            points[number] = (WHITE, ACCENT_DARK)
        else:
            points[number] = (NAVY, NAVY) if is_central(view, low, high) else (WORSE, WORSE)
    series = PlotSeries("share of samples", view.shares, NAVY, NAVY, 0.75, points=points)
    axis = Axis(0.0, max(view.shares, default=1.0) or 1.0, shown=False)
    marks = "; ".join(f"{mark_name(mark)}" for mark in with_threshold(view))
    edges = [("from", list(view.edges[:-1])), ("to", list(view.edges[1:]))]
    names = [" "] * len(view.shares)
    add_chart(slide, frame, inner, names, [Plot("column", [series], gap=4)], axis, alt=f"{view.title}. {marks}",
              beside=edges)  # fmt: skip
    low, high = view.edges[0], view.edges[-1]

    def place(value: float) -> float:
        return inner.left + (value - low) / (high - low) * inner.width

    drawn = []
    for level, text in in_one_unit(view.levels):
        if low <= level <= high:
            wide = text_width(text, _LABEL) * 1.08
            drawn.append(label(ids, Frame(place(level) - wide / 2, inner.bottom + 0.06, wide, _ROW), text, _LABEL, GREY,
                               anchor="middle"))  # fmt: skip
    drawn += _marks(ids, frame, inner, view, place)
    return "".join(drawn)


def _marks(ids: Ids, frame: Frame, inner: Frame, view: Distribution, place: Callable[[float], float]) -> list[str]:
    drawn: list[str] = []
    ends = [frame.left, frame.left, frame.left]
    """Where the last text of each of three rows ends."""
    low, high = view.edges[0], view.edges[-1]
    marks = [mark for mark in with_threshold(view) if low <= mark.at <= high]
    lines = [*(place(mark.at) for mark in marks), math.inf]
    for mark, (_, following) in zip(marks, pairwise(lines), strict=True):
        x, text = place(mark.at), mark_name(mark)
        is_limit = not mark.label
        color = ACCENT_DARK if is_limit or mark.accent else INK
        wide = text_width(text, _LABEL, True) * 1.06
        left = max(min(x - wide / 2, frame.right - wide, following - 0.06 - wide), frame.left)
        row = next((k for k in range(3) if ends[k] <= left), None)
        dash = (4.0, 3.0) if is_limit else ()
        top = inner.top - 0.25 * (row or 0) - 0.02
        line = Curve((("M", x, top), ("L", x, inner.bottom)), stroke=color, weight=1.25, dash=dash)
        drawn.append(markup.free_form(ids, line, name="Mark"))
        if row is not None:
            ends[row] = left + wide + 0.1
            drawn.append(
                label(ids, Frame(left, top - 0.22, wide, _ROW), text, _LABEL, color, bold=True, anchor="middle")
            )
    return drawn
