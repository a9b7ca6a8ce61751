"""Charts on a character grid: a tornado, a waterfall and lines over time as rows with bar characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from impacttree.render.characters import clean, pad, width
from impacttree.render.chartdata import CUT_NOTE, axis_start, check_finite, end_texts, outer_first, visible_levels
from impacttree.render.text import Line, Piece, Role, head_lines, wrapped
from impacttree.views import Bars, Lines, Tone, Waterfall

__all__ = ["chart_lines"]

FILL: Final[dict[Tone, str]] = {"favourable": "█", "adverse": "░", "neutral": "▒"}
ROLES: Final[dict[Tone, Role]] = {"favourable": "favourable", "adverse": "adverse", "neutral": "plain"}
SPARKS = "▁▂▃▄▅▆▇█"
WIDEST = 60
"""Columns of a chart's drawing area at most."""
GAP = 2


def chart_lines(view: Bars | Waterfall | Lines, columns: int) -> tuple[Line, ...]:
    """Lay a chart out in lines of at most `columns`, or a little more where labels alone take all the room."""
    check_finite(view)
    drawn = head_lines(view.title, view.subtitle, columns)
    match view:
        case Bars():
            drawn += _tornado(view, columns)
        case Waterfall():
            drawn += _waterfall(view, columns)
        case Lines():
            drawn += _sparks(view, columns)
    for note in view.notes:
        drawn += wrapped(note, columns, "muted", indent="  ")
    return tuple(drawn)


def _tornado(view: Bars, columns: int) -> list[Line]:
    ends = [value for bar in view.bars for value in (bar.low, bar.high)]
    low, high = min([view.base, *ends]), max([view.base, *ends])
    labels = [clean(bar.label) for bar in view.bars]
    label_width = _widest([*labels, "base"])
    sides = [end_texts(bar, view.base) for bar in view.bars]
    left_width, right_width = (_widest(texts) for texts in zip(("", ""), *sides, strict=True))
    room = columns - label_width - 2 * GAP - 2 - left_width - right_width
    scale = _Scale(low, high, max(10, min(WIDEST, room)))
    axis = scale.column(view.base)
    start = label_width + GAP + left_width + 1
    head = pad("base", label_width) + " " * (start - label_width) + " " * axis + "│ " + clean(view.base_text)
    drawn: list[Line] = [((head.rstrip(), "label"),)]
    for bar, label, (left, right) in zip(view.bars, labels, sides, strict=True):
        grid = _blank(scale.size)
        for value, tone in outer_first(bar, view.base):
            _paint(grid, axis, scale.column(value), tone)
        grid[axis] = ("│", "plain")
        texts = (pad(label, label_width) + " " * GAP + pad(left, left_width, right=True) + " ", f" {right}")
        drawn.append(((texts[0], "plain"), *_merged(grid), (texts[1], "plain")))
    tones = {tone for bar in view.bars for tone in (bar.low_tone, bar.high_tone)}
    return [*drawn, _legend(tones, "better", "worse", "")]


def _waterfall(view: Waterfall, columns: int) -> list[Line]:
    levels = visible_levels(view)
    labels = [clean(step.label) for step in view.steps]
    texts = [clean(step.text) for step in view.steps]
    label_width, text_width = _widest(labels), _widest(texts)
    room = columns - label_width - text_width - 2 * GAP
    ends = [axis_start(view), *(end for pair in levels for end in pair)]
    scale = _Scale(min(ends), max(ends), max(10, min(WIDEST, room)))
    drawn: list[Line] = []
    for step, (before, after), label, text in zip(view.steps, levels, labels, texts, strict=True):
        grid = _blank(scale.size)
        _paint(grid, scale.column(before), scale.column(after), "neutral" if step.role == "total" else step.tone)
        head = pad(label, label_width) + " " * GAP + pad(text, text_width, right=True) + " " * GAP
        drawn.append(((head, "label" if step.role == "total" else "plain"), *_merged(grid)))
    cut = wrapped(CUT_NOTE, columns, "muted", indent="  ") if axis_start(view) else []
    return [*drawn, _legend({s.tone for s in view.steps if s.role == "change"}, "favourable", "adverse", "total"), *cut]


def _sparks(view: Lines, columns: int) -> list[Line]:
    values = [value for series in view.series for value in series.values]
    values += [level for level, _ in view.levels]
    low, high = min(values, default=0.0), max(values, default=0.0)
    labels = [clean(series.label) for series in view.series]
    label_width = _widest(labels)
    room = max(10, min(WIDEST, columns - label_width - GAP - 1 - _widest(clean(s.last_text) for s in view.series)))
    drawn: list[Line] = []
    for label, series in zip(labels, view.series, strict=True):
        spark = "".join(_spark(value, low, high) for value in _thinned(series.values, room))
        role: Role = "label" if series.accent else "plain"
        drawn.append(((f"{pad(label, label_width)}{' ' * GAP}{spark} {clean(series.last_text)}", role),))
    if len(view.ticks) > 1:
        drawn.append(((" " * (label_width + GAP) + f"{clean(view.ticks[0])} to {clean(view.ticks[-1])}", "muted"),))
    if view.levels:
        bottom, top = min(view.levels), max(view.levels)
        drawn.append(((" " * (label_width + GAP) + f"axis {clean(bottom[1])} to {clean(top[1])}", "muted"),))
    return drawn


def _thinned(values: Sequence[float], room: int) -> Sequence[float]:
    """Keep first and last and evenly spaced values between when there are more than fit."""
    if len(values) <= room:
        return values
    return [values[round(index * (len(values) - 1) / (room - 1))] for index in range(room)]


def _spark(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 0.5
    return SPARKS[min(len(SPARKS) - 1, int(share * len(SPARKS)))]


class _Scale:
    """Values to columns of a grid of `size` columns."""

    def __init__(self, low: float, high: float, size: int) -> None:
        self.low, self.span, self.size = low, high - low, size

    def column(self, value: float) -> int:
        return round((value - self.low) / self.span * (self.size - 1)) if self.span > 0 else self.size // 2


def _blank(size: int) -> list[Piece]:
    return [(" ", "plain")] * size


def _paint(grid: list[Piece], start: int, end: int, tone: Tone) -> None:
    for column in range(min(start, end), max(start, end) + 1):
        grid[column] = (FILL[tone], ROLES[tone])


def _merged(grid: Iterable[Piece]) -> list[Piece]:
    pieces: list[Piece] = []
    for text, role in grid:
        if pieces and pieces[-1][1] == role:
            pieces[-1] = (pieces[-1][0] + text, role)
        else:
            pieces.append((text, role))
    return pieces


def _legend(tones: set[Tone], better: str, worse: str, total: str) -> Line:
    words = {"favourable": better, "adverse": worse}
    keys = [f"{FILL[tone]} {words[tone]}" for tone in FILL if tone in tones and tone in words]
    keys += [f"{FILL['neutral']} {total}"] if total else []
    return (("  " + "   ".join(keys), "muted"),)


def _widest(texts: Iterable[str]) -> int:
    return max(map(width, texts), default=0)
