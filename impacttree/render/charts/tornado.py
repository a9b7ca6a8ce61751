"""A tornado: what each assumption does to the answer, widest first, around the base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from impacttree.render.chartdata import bar_parts, end_texts
from impacttree.render.charts.page import LABEL, LEADING, LEFT, RIGHT, VALUE, Fill, Page, fill, font, lines_of
from impacttree.render.layout.measure import clean, fit, text_width
from impacttree.render.layout.style import INK, MUTED
from impacttree.views import Bar, Bars

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_tornado"]

WIDEST_LABEL = 3.2
WIDEST_NOTE = 1.9
LEAST_BARS = 1.0
HEAD = 0.3
"""Room for the text of the base above the bars."""
GAP = 0.1
THICKNESS = 0.62


def draw_tornado(view: Bars) -> Figure:
    """Draw `view` with its labels on the left and the values at the ends of the bars."""
    labels = [lines_of(bar.label, LABEL, WIDEST_LABEL, 2) for bar in view.bars]
    pitch = 0.42 if any(len(lines) > 1 for lines in labels) else 0.33
    body = (HEAD + pitch * len(view.bars), HEAD + 0.55 * len(view.bars))
    page = Page(view.title, view.subtitle, view.notes, body=body, keys=_keys(view))
    pitch = min(0.55, (page.top - page.bottom - HEAD) / max(1, len(view.bars)))
    notes = [fit(clean(bar.note), VALUE, WIDEST_NOTE) for bar in view.bars]
    note_head = fit(clean(view.note_head), VALUE, WIDEST_NOTE)
    note_width = max(text_width(note, VALUE) for note in (note_head, *notes))
    edge = RIGHT - note_width - (2 * GAP if note_width else 0.0)
    label_right = LEFT + max((text_width(line, LABEL) for lines in labels for line in lines), default=0.0)
    room = (edge - label_right - 4 * GAP - LEAST_BARS) / 2
    sides = [tuple(fit(clean(text), VALUE, room) for text in end_texts(bar, view.base)) for bar in view.bars]
    left = label_right + 3 * GAP + max((text_width(low, VALUE) for low, _ in sides), default=0.0)
    right = edge - GAP - max((text_width(high, VALUE) for _, high in sides), default=0.0)
    top, foot = page.top - HEAD, page.top - HEAD - pitch * max(1, len(view.bars))
    axes = page.axes(left, foot, right, top)
    low, high = _span(view)
    axes.set_xlim(low, high)
    axes.set_ylim(max(1, len(view.bars)) - 0.5, -0.5)
    for row, (bar, texts) in enumerate(zip(view.bars, sides, strict=True)):
        _bar(axes, row, bar, view.base, texts)
        _label(page, labels[row], label_right, top - (row + 0.5) * pitch)
        page.text(RIGHT, top - (row + 0.5) * pitch - 0.05, notes[row], VALUE, ha="right")
    page.text(RIGHT, top + 0.11, note_head, VALUE, color=MUTED, ha="right")
    _base(page, clean(view.base_text), left + (view.base - low) / (high - low) * (right - left), foot, top, edge)
    return page.figure


def _base(page: Page, text: str, x: float, foot: float, top: float, right: float) -> None:
    page.line(((x, foot - 0.04), (x, top + 0.06)), INK, 1.3)
    half = text_width(text, VALUE, bold=True) / 2
    page.text(min(max(x, LEFT + half), right - half), top + 0.11, text, VALUE, bold=True, ha="center")


def _keys(view: Bars) -> list[Fill]:
    tones = {tone for bar in view.bars for tone in (bar.low_tone, bar.high_tone)}
    words = {"favourable": "better than base", "adverse": "worse than base"}
    return [replace(fill(tone), word=word) for tone, word in words.items() if tone in tones]


def _span(view: Bars) -> tuple[float, float]:
    ends = [view.base, *(end for bar in view.bars for end in (bar.low, bar.high))]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _bar(axes: Axes, row: int, bar: Bar, base: float, texts: tuple[str, ...]) -> None:
    for start, end, tone in bar_parts(bar, base):
        paint = fill(tone)
        look: dict[str, Any] = {"color": paint.face, "edgecolor": paint.edge, "linewidth": 1.1, "clip_on": False}
        axes.barh(row, end - start, THICKNESS, start, **look)
    ends = (min(bar.low, bar.high, base), max(bar.low, bar.high, base))
    for end, text, shift, side in zip(ends, texts, (-5, 5), ("right", "left"), strict=True):
        axes.annotate(
            text, (end, row), (shift, 0), textcoords="offset points", ha=side, va="center_baseline", **font(VALUE)
        )


def _label(page: Page, lines: tuple[str, ...], right: float, middle: float) -> None:
    y = middle + (len(lines) / 2 - 1) * LABEL * LEADING + 0.045
    for line in lines:
        page.text(right, y, line, LABEL, ha="right")
        y -= LABEL * LEADING
