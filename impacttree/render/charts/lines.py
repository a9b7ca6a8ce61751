"""Lines over periods, each named at its end, over bands that show their ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from impacttree.records import dataclass
from impacttree.render.charts.page import LABEL, LEFT, RIGHT, VALUE, Dash, Fill, Page
from impacttree.render.layout.measure import clean, fit, text_width
from impacttree.render.layout.style import INK, MUTED, PLAIN, PRODUCT, RULE
from impacttree.views import Band, Lines, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_lines"]

COLORS: Final = ("#0072b2", "#b04a00", "#00795a", "#8a4fa3", "#16263f", "#7a6200", "#2f8fa8", "#a33c5c")
DASHES: Final[tuple[Dash, ...]] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)))
WIDEST_NAME = 2.9
PITCH = 0.205
"""Inches between the names at the ends of two lines."""
BODY = 3.2
LEADER = 0.22
TINTS: Final = ("#dbeaf4", "#b5d5e9", "#8fc0de")
"""Of bands, from the widest in."""


def draw_lines(view: Lines) -> Figure:
    """Draw `view`; names at the ends of lines give way to each other, and ticks that would touch are left out."""
    ends = _ends(view)
    bands = _widest_first(view)
    keys = [Fill(tint, tint, clean(band.label)) for band, tint in bands if band.label]
    least = max(BODY, 0.45 + PITCH * len(ends))
    page = Page(view.title, view.subtitle, view.notes, body=(least, 9.0), keys=keys)
    left = LEFT + max((text_width(clean(text), VALUE) for _, text in view.levels), default=0.0) + 0.14
    right = RIGHT - max((text_width(end.name, LABEL, bold=True) for end in ends), default=0.0) - LEADER - 0.12
    bottom, top = page.bottom + 0.34, page.top - 0.08
    axes = page.axes(left, bottom, right, top)
    low, high = _span(view)
    lengths = [len(series.values) for series in view.series] + [len(band.high) for band in view.bands]
    periods = max([len(view.ticks), *lengths, 1])
    axes.set_xlim(*((0, periods - 1) if periods > 1 else (-1, 0)))
    axes.set_ylim(low, high)
    frame = _Frame(left, right, bottom, top, low, high, periods)
    _levels(page, axes, view, frame)
    _ticks(page, view, frame)
    for band, tint in bands:
        _band(axes, band, tint)
    for series, style in zip(view.series, _styles(view), strict=True):
        _line(axes, series, style)
    _names(page, ends, frame)
    return page.figure


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area in inches, and what it spans."""

    left: float
    right: float
    bottom: float
    top: float
    low: float
    high: float
    periods: int

    def x(self, period: int) -> float:
        share = period / (self.periods - 1) if self.periods > 1 else 1.0
        return self.left + share * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom + (value - self.low) / (self.high - self.low) * (self.top - self.bottom)


@dataclass(frozen=True, slots=True)
class _Style:
    color: str
    width: float
    dash: Dash


@dataclass(frozen=True, slots=True)
class _End:
    """What is written beside the last value of a line, or beside the end of a band."""

    name: str
    period: int
    value: float
    color: str
    bold: bool


def _ends(view: Lines) -> list[_End]:
    ends = [
        _End(_name(series), len(series.values) - 1, series.values[-1], style.color, series.accent)
        for series, style in zip(view.series, _styles(view), strict=True)
        if series.values
    ]
    for band in view.bands:
        for values, text in ((band.low, band.low_text), (band.high, band.high_text)):
            if values and text:
                ends.append(_End(fit(clean(text), LABEL, WIDEST_NAME), len(values) - 1, values[-1], PLAIN, bold=False))
    return ends


def _widest_first(view: Lines) -> list[tuple[Band, str]]:
    """Return the bands in the order of painting, each with its tint."""
    bands = sorted(view.bands, key=lambda band: sum(band.low) - sum(band.high))
    return [(band, TINTS[min(place, len(TINTS) - 1)]) for place, band in enumerate(bands)]


def _styles(view: Lines) -> list[_Style]:
    """Give the accent the strong blue line; others differ by color and, all in all, by dashes."""
    accented = any(series.accent for series in view.series)
    colors = COLORS[1:] if accented else COLORS
    styles: list[_Style] = []
    others = 0
    for series in view.series:
        if series.accent:
            styles.append(_Style(PRODUCT, 2.8, "-"))
            continue
        dash = DASHES[(others + accented) % len(DASHES)]
        styles.append(_Style(colors[others % len(colors)], 1.8, dash))
        others += 1
    return styles


def _span(view: Lines) -> tuple[float, float]:
    values = [value for series in view.series for value in series.values] + [level for level, _ in view.levels]
    values += [value for band in view.bands for value in (*band.low, *band.high)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    spare = (high - low) * 0.03 or abs(high) * 0.05 or 1.0
    return low - spare, high + spare


def _name(series: Series) -> str:
    value = clean(series.last_text)
    label = fit(clean(series.label), LABEL, WIDEST_NAME - text_width(f"  {value}", LABEL, bold=True), bold=True)
    return f"{label}  {value}".strip()


def _levels(page: Page, axes: Axes, view: Lines, frame: _Frame) -> None:
    last = float("inf")
    for value, text in sorted(view.levels, reverse=True):
        axes.axhline(value, color=PLAIN if value == 0 else RULE, linewidth=0.9, zorder=0)
        if last - frame.y(value) >= PITCH:
            last = frame.y(value)
            page.text(frame.left - 0.1, last - 0.05, clean(text), VALUE, color=MUTED, ha="right")


def _ticks(page: Page, view: Lines, frame: _Frame) -> None:
    texts = [clean(text) for text in view.ticks]
    if not texts:
        return
    widest = max(text_width(text, VALUE) for text in texts) + 0.16
    room = (frame.right - frame.left) / max(1, frame.periods - 1)
    every = max(1, -int(-widest // room))
    shown = [*range(0, len(texts) - 1, every), len(texts) - 1]
    if len(shown) > 2 and shown[-1] - shown[-2] < every:
        del shown[-2]
    for period in shown:
        page.text(frame.x(period), frame.bottom - 0.22, texts[period], VALUE, color=MUTED, ha="center")


def _band(axes: Axes, band: Band, tint: str) -> None:
    """Fill from `low` to `high`; a band of one period is an upright bar, like the point of a line of one."""
    periods = range(len(band.low))
    axes.fill_between(periods, band.low, band.high, color=tint, linewidth=0.0, clip_on=False, zorder=-1)
    if len(band.low) == 1:
        axes.vlines(0, band.low, band.high, color=tint, linewidth=9.0, clip_on=False, zorder=-1)


def _line(axes: Axes, series: Series, style: _Style) -> None:
    periods = range(len(series.values))
    axes.plot(
        periods, series.values, color=style.color, linewidth=style.width, linestyle=style.dash, clip_on=False,
        solid_capstyle="round", zorder=4 if series.accent else 3,
    )  # fmt: skip
    axes.plot(periods[-1:], series.values[-1:], color=style.color, marker="o", markersize=4.5, clip_on=False, zorder=5)


def _names(page: Page, ends: list[_End], frame: _Frame) -> None:
    numbers = sorted(range(len(ends)), key=lambda number: (ends[number].value, -number))
    order = [ends[number] for number in numbers]
    places = _spread([frame.y(end.value) for end in order], frame.bottom, frame.top)
    for end, y in zip(order, places, strict=True):
        start = (frame.x(end.period) + 0.06, frame.y(end.value))
        page.line((start, (frame.right + LEADER, y)), end.color, 0.7)
        page.text(frame.right + LEADER + 0.06, y - 0.05, end.name, LABEL, bold=end.bold, color=INK)


def _spread(heights: list[float], bottom: float, top: float) -> list[float]:
    """Move rising heights apart to `PITCH` each, as little as a group's mean allows, and keep them within the frame."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height, 1])
        while len(groups) > 1 and _edge(groups[-2], 1) + PITCH / 2 > _edge(groups[-1], -1) - PITCH / 2 + 1e-12:
            upper, lower = groups.pop(), groups.pop()
            count = lower[1] + upper[1]
            groups.append([(lower[0] * lower[1] + upper[0] * upper[1]) / count, count])
    placed: list[float] = []
    for middle, count in groups:
        placed += [middle + (number - (count - 1) / 2) * PITCH for number in range(int(count))]
    shift = max(0.0, bottom - placed[0]) if placed else 0.0
    placed = [height + shift for height in placed]
    for index in range(len(placed)):
        if index and placed[index] < placed[index - 1] + PITCH:
            placed[index] = placed[index - 1] + PITCH
    for index in reversed(range(len(placed))):
        limit = top if index == len(placed) - 1 else placed[index + 1] - PITCH
        placed[index] = min(placed[index], limit)
    return placed


def _edge(group: list[float], side: int) -> float:
    """Return the height of the highest (side 1) or lowest (side -1) member of a group."""
    return group[0] + side * (group[1] - 1) / 2 * PITCH
