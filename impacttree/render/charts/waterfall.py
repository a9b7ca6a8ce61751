"""A waterfall: how changes build one total from another, as columns or, when there are many, as rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from impacttree.records import dataclass
from impacttree.render.chartdata import CUT_NOTE, axis_start, visible_levels, whisker
from impacttree.render.charts.page import LABEL, LEADING, LEFT, RIGHT, TOTAL, Fill, Page, fill, font, lines_of
from impacttree.render.layout.measure import clean, fit, text_width
from impacttree.render.layout.style import INK, MUTED, PLAIN, WHITE
from impacttree.views import Step, Waterfall

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_waterfall"]

FIGURE = 10.5
"""Size of the amounts in points."""
RANGE = 9.0
"""Size of the range of an amount."""
CAP = 0.07
"""Half of the width of a whisker's cap, as a share of a slot."""
COLUMN = 0.66
"""Share of its slot that a column takes."""
LABEL_LINES = 3
WIDEST_LABEL = 3.2
COLUMNS_BODY = (3.2, 9.0)
ROW = (0.36, 0.5)
"""Least and best height of a row in inches."""
T = TypeVar("T")


def draw_waterfall(view: Waterfall) -> Figure:
    """Draw `view` as columns if all labels and amounts fit beside each other, else as rows."""
    notes = (*view.notes, CUT_NOTE) if axis_start(view) else view.notes
    slot = (RIGHT - LEFT) / max(1, len(view.steps))
    if all(_fits(step, slot) for step in view.steps):
        return _columns(view, Page(view.title, view.subtitle, notes, body=COLUMNS_BODY, keys=_keys(view)), slot)
    body = (ROW[0] * len(view.steps), ROW[1] * len(view.steps))
    return _rows(view, Page(view.title, view.subtitle, notes, body=body, keys=_keys(view)))


def _fits(step: Step, slot: float) -> bool:
    room = slot - 0.1
    words = clean(step.label).split(" ")
    return (
        text_width(clean(step.text), FIGURE, bold=True) <= room
        and text_width(clean(step.range_text), RANGE) <= room
        and max(text_width(word, LABEL) for word in words) <= room
        and len(lines_of(step.label, LABEL, room, LABEL_LINES + 1)) <= LABEL_LINES
    )


def _keys(view: Waterfall) -> list[Fill]:
    tones = {step.tone for step in view.steps if step.role == "change"}
    keys = [fill(tone) for tone in ("favourable", "adverse", "neutral") if tone in tones]
    return [*keys, replace(TOTAL, word="total")] if any(step.role == "total" for step in view.steps) else keys


def _paint(step: Step) -> Fill:
    return TOTAL if step.role == "total" else fill(step.tone)


def _limits(view: Waterfall) -> tuple[float, float]:
    ends = [axis_start(view), *(end for pair in visible_levels(view) for end in pair)]
    ends += [end for step in view.steps for end in whisker(step) or ()]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _columns(view: Waterfall, page: Page, slot: float) -> Figure:
    labels = [lines_of(step.label, LABEL, slot - 0.1, LABEL_LINES) for step in view.steps]
    foot = page.bottom + 0.08 + max(map(len, labels), default=0) * LABEL * LEADING
    room = 0.44 if any(step.range_text for step in view.steps) else 0.28
    below = room + 0.02 if any(map(_hangs, visible_levels(view))) else 0.04
    axes = page.axes(LEFT, foot + below, RIGHT, page.top - room)
    axes.set_xlim(-0.5, max(1, len(view.steps)) - 0.5)
    axes.set_ylim(*_limits(view))
    _draw(_Pen(axes, upright=True), view)
    for place, lines in enumerate(labels):
        for number, line in enumerate(lines, start=1):
            page.text(LEFT + (place + 0.5) * slot, foot + 0.01 - number * LABEL * LEADING, line, LABEL, ha="center")
    return page.figure


def _rows(view: Waterfall, page: Page) -> Figure:
    labels = [fit(clean(step.label), LABEL, WIDEST_LABEL, bold=step.role == "total") for step in view.steps]
    label_right = LEFT + max((text_width(label, LABEL, bold=True) for label in labels), default=0.0)
    sides: dict[bool, list[float]] = {True: [0.0], False: [0.0]}
    for step, pair in zip(view.steps, visible_levels(view), strict=True):
        words = text_width(clean(step.text), FIGURE, bold=True) + _range_width(step)
        sides[_hangs(pair)].append(words + 0.1)
    pitch = min(ROW[1], (page.top - page.bottom) / max(1, len(view.steps)))
    foot = page.top - pitch * max(1, len(view.steps))
    axes = page.axes(label_right + 0.15 + max(sides[True]), foot, RIGHT - max(sides[False]), page.top)
    axes.set_xlim(*_limits(view))
    axes.set_ylim(max(1, len(view.steps)) - 0.5, -0.5)
    _draw(_Pen(axes, upright=False), view)
    for place, (step, label) in enumerate(zip(view.steps, labels, strict=True)):
        y = page.top - (place + 0.5) * pitch - 0.05
        page.text(label_right, y, label, LABEL, ha="right", bold=step.role == "total")
    return page.figure


def _range_width(step: Step) -> float:
    """Return the inches that a range takes beside its amount."""
    return text_width(clean(step.range_text), RANGE) + 0.1 if step.range_text else 0.0


def _draw(pen: _Pen, view: Waterfall) -> None:
    levels = visible_levels(view)
    low, high = _limits(view)
    for place, (step, pair) in enumerate(zip(view.steps, levels, strict=True)):
        pen.bar(place, pair, _paint(step))
        ends = whisker(step) or ()
        if ends:
            pen.whisker(place, ends, pair, WHITE if step.role == "total" or step.tone != "adverse" else INK)
        pen.amount(place, (min(*pair, *ends), max(*pair, *ends)), step, below=_hangs(pair))
        if place + 1 < len(levels):
            pen.line((place + COLUMN / 2, place + 1 - COLUMN / 2), (pair[1], pair[1]), PLAIN, 0.8)
        if axis_start(view) and step.role == "total":
            pen.cut(place, low + (high - low) * 0.09, (high - low) * 0.02)
    pen.line((-0.5, max(1, len(levels)) - 0.5), (axis_start(view),) * 2, PLAIN, 0.9)


def _hangs(pair: tuple[float, float]) -> bool:
    """Return whether a bar lies below zero, so that its amount stands under it."""
    return max(pair) <= 0 and min(pair) < 0


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws along places and levels: upright as columns, else as rows."""

    axes: Axes
    upright: bool

    def bar(self, place: int, pair: tuple[float, float], paint: Fill) -> None:
        draw = self.axes.bar if self.upright else self.axes.barh
        look: dict[str, Any] = {
            "color": paint.face,
            "edgecolor": paint.edge,
            "linewidth": 1.1,
            "clip_on": False,
            "zorder": 2,
        }
        draw(place, abs(pair[1] - pair[0]), COLUMN, min(pair), **look)

    def amount(self, place: int, extent: tuple[float, float], step: Step, *, below: bool) -> None:
        """Write the amount, and its range under it or, in a row, right of it, beyond all that is drawn."""
        level = extent[0] if below else extent[1]
        if self.upright:
            along: dict[str, Any] = {"ha": "center", "va": "top" if below else "bottom"}
            nearer = RANGE * 1.3 if step.range_text else 0.0
            shifts = (-6.0, -6.0 - FIGURE * 1.25) if below else (5.0 + nearer, 5.0)
        else:
            along = {"ha": "right" if below else "left", "va": "center_baseline"}
            amount = 72 * text_width(clean(step.text), FIGURE, bold=True)
            shifts = (-5.0 - 72 * _range_width(step), -5.0) if below else (5.0, 12.0 + amount)
        looks = (font(FIGURE, bold=True), font(RANGE, color=MUTED))
        for text, shift, look in zip((step.text, step.range_text), shifts, looks, strict=True):
            spot, offset = self._turned(place, level), self._turned(0.0, shift)
            self.axes.annotate(clean(text), spot, offset, textcoords="offset points", **look, **along)

    def whisker(self, place: int, ends: tuple[float, float], pair: tuple[float, float], inside: str) -> None:
        """Draw a range as a thin line with caps; within the bar in the colour `inside`."""
        cuts = sorted({*ends, *(level for level in pair if ends[0] < level < ends[1])})
        strokes = [((float(place), float(place)), levels) for levels in pairwise(cuts)]
        strokes += [((place - CAP, place + CAP), (end, end)) for end in ends]
        for places, levels in strokes:
            color = inside if min(pair) < sum(levels) / 2 < max(pair) else INK
            self.axes.plot(*self._turned(places, levels), color=color, linewidth=1.4, clip_on=False, zorder=5)

    def line(self, places: tuple[float, float], levels: tuple[float, float], color: str, width: float) -> None:
        self.axes.plot(*self._turned(places, levels), color=color, linewidth=width, clip_on=False, zorder=1)

    def cut(self, place: int, level: float, rise: float) -> None:
        """Lay a slanted white band over the foot of a total."""
        ends = (place - COLUMN / 2 - 0.06, place + COLUMN / 2 + 0.06)
        lower, upper = (level - rise, level + rise), (level + 0.5 * rise, level + 2.5 * rise)
        corners = [*zip(ends, lower, strict=True), *zip(reversed(ends), reversed(upper), strict=True)]
        xs, ys = zip(*(self._turned(*corner) for corner in corners), strict=True)
        self.axes.fill(xs, ys, color=WHITE, linewidth=0, clip_on=False, zorder=3)
        for edge in (lower, upper):
            self.axes.plot(*self._turned(ends, edge), color=INK, linewidth=0.9, clip_on=False, zorder=4)

    def _turned(self, place: T, level: T) -> tuple[T, T]:
        return (place, level) if self.upright else (level, place)
