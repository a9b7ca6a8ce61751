"""A distribution: the histogram with its marks named above it, and the cumulative curve on the same axis below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

from impacttree.records import dataclass
from impacttree.render.chartdata import is_adverse, is_central, to_span_marks, with_threshold
from impacttree.render.charts.page import KEY, LEADING, LEFT, RIGHT, VALUE, Fill, Page, lines_of
from impacttree.render.layout.measure import clean, fit, text_width
from impacttree.render.layout.style import ACCENT_DARK, ACCENT_TINT, INK, MUTED, PLAIN, PRODUCT, RULE, WHITE
from impacttree.views import Distribution, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_distribution"]

BODY = 3.3
GUTTER = 1.2
"""Inches left of the panels when there are two that need telling apart."""
AXIS = 0.34
APART = 0.16
CURVE_SHARE = 0.3
LEADER = 0.16
WIDEST_NAME = 1.7
NAME_GAP = 0.16
MOST_SEPARATED = 60
"""Bars up to which each is set off from the next."""
TAIL: Final = "#a3cbe4"
ADVERSE_CENTRAL: Final = "#f8d8bd"


def draw_distribution(view: Distribution) -> Figure:
    """Draw `view`; names of marks give way to each other, and axis labels that would touch are left out."""
    view = to_span_marks(view)
    page = Page(view.title, view.subtitle, view.notes, body=(BODY, 9.0), keys=_keys(view))
    left = LEFT + (GUTTER if view.curve else 0.0)
    names = _names(view)
    top = page.top - max((len(name.lines) for name in names), default=0) * VALUE * LEADING - LEADER
    foot = page.bottom + AXIS
    middle = foot + (CURVE_SHARE * (top - foot) if view.curve else 0.0)
    frame = _Frame(left, foot, RIGHT, top, view.edges[0], view.edges[-1])
    _histogram(page.axes(left, middle + (APART if view.curve else 0.0), RIGHT, top), view)
    if view.curve:
        _caption(page, "how likely", top - 0.14)
        _curve(page, view, frame, middle)
    _marks(page, names, frame)
    _levels(page, view, frame)
    return page.figure


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area in inches, and the values that it spans."""

    left: float
    bottom: float
    right: float
    top: float
    low: float
    high: float

    def x(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)


@dataclass(frozen=True, slots=True)
class _Name:
    """A mark with the words that stand above its line."""

    mark: Mark
    lines: tuple[str, ...]
    limit: bool

    @property
    def width(self) -> float:
        return max((text_width(line, VALUE, bold=True) for line in self.lines), default=0.0)


def _keys(view: Distribution) -> list[Fill]:
    drawn = [part for part in _parts(view) if part.share]
    keys = []
    if view.central_text and any(part.central and not part.adverse for part in drawn):
        keys.append(Fill(PRODUCT, PRODUCT, clean(view.central_text)))
    if view.central_text and any(not part.central and not part.adverse for part in drawn):
        keys.append(Fill(TAIL, TAIL, "outside it"))
    if any(part.adverse for part in drawn):
        keys.append(Fill(ACCENT_TINT, ACCENT_DARK, "adverse"))
    return keys


def _names(view: Distribution) -> list[_Name]:
    """Return what is written above each mark, narrow enough that all fit beside each other."""
    shown = [mark for mark in with_threshold(view) if view.edges[0] <= mark.at <= view.edges[-1]]
    widest = min(WIDEST_NAME, (RIGHT - LEFT) / max(1, len(shown)) - NAME_GAP)
    names = []
    for mark in shown:
        limit = mark not in view.marks
        words = (
            lines_of(mark.text, VALUE, widest, 2, bold=True)
            if limit
            else tuple(fit(clean(text), VALUE, widest, bold=True) for text in (mark.label, mark.text))
        )
        names.append(_Name(mark, tuple(line for line in words if line), limit))
    return names


@dataclass(frozen=True, slots=True)
class _Part:
    """A bin, or the part of it on one side of the threshold and of the ends of the central range."""

    left: float
    right: float
    share: float
    central: bool
    adverse: bool


def _parts(view: Distribution) -> Iterator[_Part]:
    ends = view.central if view.central and view.central[0] != view.central[1] else ()
    cuts = {*ends, *(() if view.threshold is None else (view.threshold,))}
    for (left, right), share in zip(pairwise(view.edges), view.shares, strict=True):
        for start, end in pairwise([left, *sorted(cut for cut in cuts if left < cut < right), right]):
            yield _Part(start, end, share, is_central(view, start, end), is_adverse(view, (start + end) / 2))


def _histogram(axes: Axes, view: Distribution) -> None:
    tallest = max(view.shares) or 1.0
    axes.set_xlim(view.edges[0], view.edges[-1])
    axes.set_ylim(0.0, tallest * 1.04)
    axes.axhline(0.0, color=PLAIN, linewidth=0.9, clip_on=False, zorder=1)
    for (central, adverse), group in groupby(_parts(view), key=lambda part: (part.central, part.adverse)):
        parts = list(group)
        if not any(part.share for part in parts):
            continue
        edges = [*(part.left for part in parts), parts[-1].right]
        face = (ADVERSE_CENTRAL if central else ACCENT_TINT) if adverse else (PRODUCT if central else TAIL)
        look: dict[str, Any] = {"facecolor": face, "edgecolor": ACCENT_DARK, "linewidth": 1.1 if adverse else 0.0}
        axes.stairs([part.share for part in parts], edges, fill=True, clip_on=False, zorder=3 if adverse else 2, **look)
    if len(view.shares) <= MOST_SEPARATED:
        between = [min(pair) for pair in pairwise(view.shares)]
        axes.vlines(view.edges[1:-1], 0.0, between, color=WHITE, linewidth=0.9, zorder=2.5)


def _caption(page: Page, text: str, y: float) -> None:
    page.text(LEFT, y, text, KEY, color=MUTED)


def _curve(page: Page, view: Distribution, frame: _Frame, top: float) -> None:
    axes = page.axes(frame.left, frame.bottom, frame.right, top)
    axes.set_xlim(frame.low, frame.high)
    axes.set_ylim(0.0, 1.0)
    height = top - frame.bottom
    for share, text in ((0.0, "0%"), (0.5, "50%"), (1.0, "100%")):
        axes.axhline(share, color=RULE if share else PLAIN, linewidth=0.9, clip_on=False, zorder=1)
        page.text(frame.left - 0.1, frame.bottom + share * height - 0.05, text, KEY, color=MUTED, ha="right")
    _caption(page, "chance", frame.bottom + height / 2 + 0.04)
    _caption(page, "of less", frame.bottom + height / 2 - 0.12)
    values, shares = zip(*view.curve, strict=True)
    axes.plot(values, shares, color=PRODUCT, linewidth=2.0, solid_capstyle="butt", zorder=3)


def _marks(page: Page, names: list[_Name], frame: _Frame) -> None:
    widths = [name.width + NAME_GAP for name in names]
    places = _apart([frame.x(name.mark.at) for name in names], widths, LEFT, RIGHT)
    for name, place in zip(names, places, strict=True):
        x, color = frame.x(name.mark.at), ACCENT_DARK if name.limit else INK
        stem = ((place, frame.top + LEADER - 0.02), (x, frame.top), (x, frame.bottom))
        strong = name.limit or name.mark.accent
        page.line(stem, color if strong else MUTED, 1.3 if strong else 0.8, (0, (4, 2)) if name.limit else "-")
        for number, line in enumerate(reversed(name.lines)):
            y = frame.top + LEADER + 0.04 + number * VALUE * LEADING
            bold = strong or not number
            page.text(place, y, line, VALUE, bold=bold, color=color if bold else MUTED, ha="center")


def _apart(wanted: list[float], widths: list[float], left: float, right: float) -> list[float]:
    """Move rising places apart so that nothing overlaps: as far to one side as to the other, and within the frame."""
    places = [
        (up + down) / 2
        for up, down in zip(_pushed(wanted, widths, left - 1e3), _pulled(wanted, widths, right + 1e3), strict=True)
    ]
    return _pulled(_pushed(places, widths, left), widths, right)


def _pushed(wanted: list[float], widths: list[float], left: float) -> list[float]:
    """Move places right where they would overlap what is left of them."""
    placed: list[float] = []
    for place, width in zip(wanted, widths, strict=True):
        placed.append(max(place, left + width / 2))
        left = placed[-1] + width / 2
    return placed


def _pulled(wanted: list[float], widths: list[float], right: float) -> list[float]:
    """Move places left where they would overlap what is right of them."""
    mirrored = _pushed([-place for place in reversed(wanted)], widths[::-1], -right)
    return [-place for place in reversed(mirrored)]


def _levels(page: Page, view: Distribution, frame: _Frame) -> None:
    last = float("-inf")
    for value, text in sorted(view.levels):
        half = text_width(clean(text), VALUE) / 2
        x = frame.x(value)
        if frame.low <= value <= frame.high and x - half >= last:
            last = x + half + NAME_GAP
            page.line(((x, frame.bottom), (x, frame.bottom - 0.05)), PLAIN, 0.9)
            page.text(x, frame.bottom - 0.22, clean(text), VALUE, color=MUTED, ha="center")
