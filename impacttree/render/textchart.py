"""Charts on a character grid: a tornado, a waterfall, lines over time and a distribution as rows of bar characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from impacttree.records import dataclass
from impacttree.render.characters import clean, pad, width, wrap
from impacttree.render.chartdata import (
    CUT_NOTE,
    axis_start,
    bar_parts,
    check_finite,
    end_texts,
    is_adverse,
    is_central,
    mark_name,
    to_span_marks,
    visible_levels,
    with_threshold,
)
from impacttree.render.pieces import Line, Piece, Role, head_lines, wrapped
from impacttree.views import Bars, Chart, Distribution, Lines, Tone, Waterfall

__all__ = ["chart_lines"]

FILL: Final[dict[Tone, str]] = {"favourable": "█", "adverse": "░", "neutral": "▒"}
ROLES: Final[dict[Tone, Role]] = {"favourable": "favourable", "adverse": "adverse", "neutral": "plain"}
SPARKS = "▁▂▃▄▅▆▇█"
WIDEST = 60
"""Columns of a chart's drawing area at most."""
NARROW = 30
"""Columns up to which names take a third of the room, and bars what is left."""
GAP = 2
MOST_ROWS = 16
"""Rows of a distribution; more bins are merged."""


def chart_lines(view: Chart, columns: int) -> tuple[Line, ...]:
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
        case Distribution():
            view = to_span_marks(view)
            drawn += _histogram(view, columns)
    for note in view.notes:
        drawn += wrapped(note, columns, "muted", indent="  ")
    return tuple(drawn)


@dataclass(frozen=True, slots=True)
class _Labels:
    """The names of the rows, wrapped to a column of at most two fifths of the room."""

    width: int
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, labels: Iterable[str], columns: int) -> _Labels:
        rows = tuple(
            wrap(clean(label), max(min(12, columns // 3), columns * 2 // 5 if columns > NARROW else columns // 3))
            for label in labels
        )
        return cls(_widest(line for lines in rows for line in lines), rows)

    def beside(self, row: int, pieces: Iterable[Piece], role: Role = "plain") -> list[Line]:
        """Put `pieces` right of the first line of a row's name, and the rest of the name below."""
        first, *more = self.rows[row]
        head = pad(first, self.width) + " " * GAP
        return [((head, role), *pieces), *(((line, role),) for line in more)]


def _tornado(view: Bars, columns: int) -> list[Line]:
    ends = [view.base, *(value for bar in view.bars for value in (bar.low, bar.high))]
    labels = _Labels.of((bar.label for bar in view.bars), columns)
    sides = [tuple(map(clean, end_texts(bar, view.base))) for bar in view.bars]
    left_width, right_width = (_widest(texts) for texts in zip(("", ""), *sides, strict=True))
    notes = [clean(bar.note) for bar in view.bars]
    note_head = clean(view.note_head)
    note_width = _widest((note_head, *notes))
    room = columns - labels.width - GAP - 2 - left_width - right_width - (note_width + GAP if note_width else 0)
    scale = _Scale(min(ends), max(ends), max(min(10, columns // 7), min(WIDEST, room)))
    axis = scale.column(view.base)
    start = labels.width + GAP + left_width + 1
    note_end = start + scale.size + 1 + right_width + GAP + note_width
    drawn = [_base_line(clean(view.base_text), start + axis, axis < scale.size // 2)]
    drawn = _headed(drawn[0], note_head, note_end) if note_head else drawn
    for row, (bar, (left, right)) in enumerate(zip(view.bars, sides, strict=True)):
        grid = _blank(scale.size)
        for inner, outer, tone in bar_parts(bar, view.base):
            _paint(grid, scale.column(inner), scale.column(outer), tone)
        grid[axis] = ("│", "plain")
        low_text: Piece = (pad(left, left_width, right=True) + " ", "plain")
        note = pad(notes[row], right_width - width(right) + GAP + note_width, right=True) if notes[row] else ""
        drawn += labels.beside(row, (low_text, *_merged(grid), (f" {right}", "plain"), (note, "plain")))
    tones = {tone for bar in view.bars for tone in (bar.low_tone, bar.high_tone)}
    return [*drawn, *_legend(tones, "better", "worse", "", columns)]


def _base_line(text: str, axis: int, right: bool) -> Line:
    """Write the base beside its line, on the side with more room."""
    if right or width(text) >= axis:
        return ((f"{' ' * axis}│ {text}", "label"),)
    return ((f"{pad(text, axis - 1, right=True)} │", "label"),)


def _headed(base: Line, head: str, end: int) -> list[Line]:
    """Write the head of the column of notes on the line of the base, or above it when they would touch."""
    space = end - width(head) - sum(width(text) for text, _ in base)
    if space >= GAP:
        return [(*base, (" " * space + head, "label"))]
    return [((pad(head, end, right=True), "label"),), base]


def _waterfall(view: Waterfall, columns: int) -> list[Line]:
    levels = visible_levels(view)
    labels = _Labels.of((step.label for step in view.steps), columns)
    texts = [clean(step.text) for step in view.steps]
    ranges = [clean(step.range_text) for step in view.steps]
    text_width, range_width = _widest(texts), _widest(ranges)
    ends = [axis_start(view), *(end for pair in levels for end in pair)]
    room = columns - labels.width - text_width - 2 * GAP - (range_width + GAP if range_width else 0)
    scale = _Scale(min(ends), max(ends), max(min(10, columns // 7), min(WIDEST, room)))
    drawn: list[Line] = []
    for row, (step, (before, after), text) in enumerate(zip(view.steps, levels, texts, strict=True)):
        total = step.role == "total"
        role: Role = "label" if total else "plain"
        grid = _blank(scale.size)
        _paint(grid, scale.column(before), scale.column(after), "neutral" if total else step.tone)
        amount: Piece = (pad(text, text_width, right=True) + " " * GAP, role)
        spread: Piece = (f"{' ' * GAP}{ranges[row]}" if ranges[row] else "", "plain")
        drawn += labels.beside(row, (amount, *_merged(grid), spread), role)
    cut = wrapped(CUT_NOTE, columns, "muted", indent="  ") if axis_start(view) else []
    tones = {step.tone for step in view.steps if step.role == "change"}
    return [*drawn, *_legend(tones, "favourable", "adverse", "total", columns), *cut]


def _sparks(view: Lines, columns: int) -> list[Line]:
    values = [value for series in view.series for value in series.values]
    values += [level for level, _ in view.levels]
    values += [value for band in view.bands for value in (*band.low, *band.high)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    labels = _Labels.of((series.label for series in view.series), columns)
    last = [clean(series.last_text) for series in view.series]
    room = max(min(10, columns // 7), min(WIDEST, columns - labels.width - GAP - 1 - _widest(last)))
    drawn: list[Line] = []
    for row, series in enumerate(view.series):
        spark = "".join(_spark(value, low, high) for value in _thinned(series.values, room))
        role: Role = "label" if series.accent else "plain"
        drawn += labels.beside(row, ((f"{spark} {last[row]}", role),), role)
    indent = " " * (labels.width + GAP)
    for band in view.bands:
        ends = " to ".join(clean(text) for text in (band.low_text, band.high_text) if text)
        at = f" at {clean(view.ticks[-1])}" if view.ticks and ends else ""
        drawn += wrapped(": ".join(filter(None, (clean(band.label), ends + at))), columns, "plain", start=indent)
    if len(view.ticks) > 1:
        drawn += wrapped(f"{view.ticks[0]} to {view.ticks[-1]}", columns, "muted", start=indent)
    if view.levels:
        bottom, top = min(view.levels), max(view.levels)
        drawn += wrapped(f"axis {bottom[1]} to {top[1]}", columns, "muted", start=indent)
    return drawn


def _thinned(values: Sequence[float], room: int) -> Sequence[float]:
    """Keep first and last and evenly spaced values between when there are more than fit."""
    if len(values) <= room:
        return values
    return [values[round(index * (len(values) - 1) / (room - 1))] for index in range(room)]


def _spark(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 0.5
    return SPARKS[min(len(SPARKS) - 1, int(share * len(SPARKS)))]


def _histogram(view: Distribution, columns: int) -> list[Line]:
    """Give each bin, or a few neighbours, a row from low to high, and name on it what lies there."""
    rows = _bin_rows(view)
    levels = [_level(row, view) for row in rows]
    marks = [", ".join(clean(mark_name(m)) for m in with_threshold(view) if _lies(m.at, row, view)) for row in rows]
    labels = _Labels.of(levels, columns)
    names = [wrap(text, max(12, columns // 2)) for text in marks]
    room = columns - labels.width - 2 * GAP - _widest(line for lines in names for line in lines)
    size = max(min(10, columns // 7), min(WIDEST, room))
    tallest = max(row.share for row in rows) or 1.0
    drawn: list[Line] = []
    for number, row in enumerate(rows):
        length = max(1, round(row.share / tallest * size)) if row.share else 0
        first, *more = names[number]
        bar: Piece = (FILL[row.tone] * length, ROLES[row.tone])
        drawn += labels.beside(number, (("│", "muted"), bar, (f" {first}", "label")))
        drawn += [((" " * (labels.width + GAP), "plain"), ("│", "muted"), (f" {line}", "label")) for line in more]
    tones = {row.tone for row in rows if row.share}
    words: dict[Tone, str] = {"favourable": clean(view.central_text), "neutral": "outside it", "adverse": "adverse"}
    shown = ["favourable", "neutral", "adverse"] if view.central_text else ["adverse"]
    keys = [f"{FILL[tone]} {word}" for tone, word in words.items() if tone in tones and tone in shown]
    return [*drawn, *wrapped("   ".join(keys), columns, "muted", start="  ")]


@dataclass(frozen=True, slots=True)
class _BinRow:
    low: float
    high: float
    share: float
    tone: Tone


def _bin_rows(view: Distribution) -> list[_BinRow]:
    each = -(-len(view.shares) // MOST_ROWS)
    rows = []
    for start in range(0, len(view.shares), each):
        shares = view.shares[start : start + each]
        low, high = view.edges[start], view.edges[start + len(shares)]
        tone: Tone = "favourable" if is_central(view, low, high) else "neutral"
        rows.append(_BinRow(low, high, sum(shares), "adverse" if is_adverse(view, (low + high) / 2) else tone))
    return rows


def _level(row: _BinRow, view: Distribution) -> str:
    """Return the axis label nearest to the middle of a row, of those that lie in it."""
    middle = (row.low + row.high) / 2
    inside = [level for level in view.levels if _lies(level[0], row, view)]
    return clean(min(inside, key=lambda level: abs(level[0] - middle), default=(0.0, ""))[1])


def _lies(value: float, row: _BinRow, view: Distribution) -> bool:
    return row.low <= value < row.high or value == row.high == view.edges[-1]


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


def _legend(tones: set[Tone], better: str, worse: str, total: str, columns: int) -> list[Line]:
    words = {"favourable": better, "adverse": worse}
    keys = [f"{FILL[tone]} {words[tone]}" for tone in FILL if tone in tones and tone in words]
    keys += [f"{FILL['neutral']} {total}"] if total else []
    return wrapped("   ".join(keys), columns, "muted", start="  ")


def _widest(texts: Iterable[str]) -> int:
    return max(map(width, texts), default=0)
