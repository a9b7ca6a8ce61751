"""Step 13: title, lane heads, legend and footer."""

from __future__ import annotations

from collections.abc import Callable

from impacttree.records import dataclass
from impacttree.render.layout.cards import COLORS, glyph, kind_of, polygon, text
from impacttree.render.layout.measure import balanced, fit, text_width, wrap
from impacttree.render.layout.network import Network
from impacttree.render.layout.sizes import Geometry
from impacttree.render.layout.standing import Grid
from impacttree.render.layout.style import (
    ACCENT,
    ACCENT_DARK,
    CARD_LINE,
    DASH,
    DASH_DOT,
    DEAD,
    DRIVER,
    GOOD,
    INK,
    LIVE,
    MARGIN,
    MUTED,
    PLAIN,
    POINT,
    RETURN,
    RULE,
    WHITE,
)
from impacttree.render.scene import Box, Curve, Disc, Group, Segment, Shape
from impacttree.views import Diagram

__all__ = ["Headings", "footer", "headings", "heads", "legend"]

TITLE_LARGE, TITLE_SMALL, TITLE_TWO_LINES, TITLE_LEAST = 26.0, 21.0, 22.0, 15.0
SUBTITLE = 14.0


@dataclass(frozen=True, slots=True)
class Headings:
    """Title and subtitle as they will be set on a slide."""

    title: tuple[str, ...]
    size: float
    subtitle: tuple[str, ...]
    subtitle_size: float

    @property
    def height(self) -> float:
        """From the page's upper edge to below the last line, on a slide."""
        height = 0.80 + (len(self.title) - 1) * self.size * POINT * 1.15 if self.title else 0.35
        return height + (0.37 if self.subtitle else 0.1) + max(0, len(self.subtitle) - 1) * 0.23

    def group(self, page: float) -> tuple[Group, ...]:
        """Set them on a page `page` times a slide."""
        groups = []
        y = 0.77 * page
        if self.title:
            lines = []
            for number, line in enumerate(self.title):
                if number:
                    y += self.size * POINT * 1.15 * page
                lines.append(text(MARGIN, y, line, self.size * page, INK, bold=True))
            groups.append(Group("title", tuple(lines)))
        if self.subtitle:
            lines = []
            y += 0.37 * page if self.title else 0.0
            for line in self.subtitle:
                lines.append(text(MARGIN, y, line, self.subtitle_size * page, MUTED))
                y += 0.23 * page
            groups.append(Group("subtitle", tuple(lines)))
        return tuple(groups)


def headings(diagram: Diagram, width: float) -> Headings:
    """Fit title and subtitle to a slide's width: smaller on one line first, then two lines."""
    size = TITLE_LARGE
    while size > TITLE_SMALL and text_width(diagram.title, size, bold=True) > width:
        size -= 0.5
    if text_width(diagram.title, size, bold=True) > width:
        size = TITLE_TWO_LINES
        while size > TITLE_LEAST and "…" in balanced(diagram.title, size, width, bold=True)[-1]:
            size -= 0.5
    title = balanced(diagram.title, size, width, bold=True)
    below = SUBTITLE
    while below > 11 and text_width(diagram.subtitle, below) > width:
        below -= 0.5
    return Headings(title, size, balanced(diagram.subtitle, below, width), below)


def heads(net: Network, grid: Grid, geometry: Geometry) -> tuple[Group, ...]:
    """Return a short head over each run of lanes of one sort."""
    names = [_lane_name(net, grid, lane) for lane in range(grid.lanes)]
    spans: list[tuple[str, int, int]] = []
    for lane, name in enumerate(names):
        if spans and (merged := _merged(spans[-1][0], name)):
            spans[-1] = (merged, spans[-1][1], lane)
        else:
            spans.append((name, lane, lane))
    y = geometry.top - 0.28
    size = 9.0 * min(geometry.text_scale, 1.35)
    groups = []
    for name, first, last in spans:
        x = geometry.lane_x[first]
        width = geometry.lane_x[last] + geometry.card_width - x
        if not name:
            continue
        room = width + geometry.gap * 0.8
        words = name if text_width(name, size, bold=True) <= room else _short(name)
        rule: tuple[Segment, ...] = (("M", x, y + 0.1), ("L", x + width, y + 0.1))
        shapes: tuple[Shape, ...] = (
            text(x, y, fit(words, size, room, bold=True), size, MUTED, bold=True),
            Curve(rule, stroke=RULE, weight=1.0),
        )
        groups.append(Group("head", shapes))
    return tuple(groups)


def _short(name: str) -> str:
    return name.partition(" and ")[0]


def _merged(one: str, two: str) -> str:
    if one and two and _short(one) == _short(two) and "Outcome" not in (one, two):
        return max(one, two, key=len)
    return ""


def _lane_name(net: Network, grid: Grid, lane: int) -> str:
    here = [card for card, at in enumerate(grid.lane) if at == lane]
    if not here:
        return ""
    if net.outcome in here and lane == grid.lanes - 1:
        return "Outcome"
    kinds = {kind_of(net.cards[card]) for card in here}
    fed = {arrow.target for arrow in net.forward if grid.lane[arrow.source] < lane}
    leaves = [card for card in here if card not in fed]
    if kinds == {"product"}:
        return "Product metrics"
    if "product" in kinds and all(card in leaves for card in here if net.cards[card].kind != "product"):
        return "Product metrics and inputs"
    if len(leaves) == len(here):
        return "Inputs"
    if 2 * sum(net.cards[card].kind == "product" for card in here) > len(here):
        return "Product metrics and drivers"
    if kinds <= {"financial", "guardrail"}:
        return "P&L and unit economics" if "guardrail" in kinds else "P&L"
    return "Drivers and P&L" if "financial" in kinds else "Drivers"


LegendSample = Callable[[float, float, float], tuple[Shape, ...]]


def _entries(net: Network, *, pills: set[str], folded: bool) -> list[tuple[float, LegendSample, str]]:
    """Return the width of the sample, the sample itself, and the words, for all that occurs in the picture."""
    kinds = {kind_of(card) for card in net.cards}
    words = {"product": "Product metric", "driver": "Driver", "financial": "Financial", "guardrail": "Guardrail"}
    entries: list[tuple[float, LegendSample, str]] = [
        (0.11, _glyph_sample(kind), words[kind]) for kind in words if kind in kinds
    ]
    arrows = net.arrows
    steps = [arrow for arrow in arrows if arrow.on_path]
    if steps and net.lifted:
        entries.append((0.32, _ribbon_sample, "Main path; width = money carried"))
    elif steps:
        entries.append((0.32, _line_sample(LIVE, 2.0), "strongest chain"))
    line = LIVE if net.lifted else PLAIN
    if any(arrow.link.assumed for arrow in arrows):
        entries.append((0.32, _ring_sample(line), "assumed effect"))
    plain = [arrow for arrow in arrows if not arrow.returns and not arrow.on_path and (arrow.live or not net.lifted)]
    if any(not arrow.link.assumed for arrow in plain):
        entries.append((0.32, _line_sample(line, 1.3), "exact formula"))
    if net.lifted and any(not arrow.live and not arrow.on_path and not arrow.returns for arrow in arrows):
        entries.append((0.32, _line_sample(DEAD, 1.2, DASH), "no money in this lift"))
    delays = {arrow.link.delay for arrow in arrows if arrow.returns}
    if delays:
        words_late = f"acts {next(iter(delays))}" if len(delays) == 1 and "" not in delays else "acts later"
        entries.append((0.32, _line_sample(RETURN, 1.3, DASH_DOT), words_late))
    if "favourable" in pills:
        entries.append((0.26, _pill_sample(GOOD, GOOD), "favourable"))
    if "adverse" in pills:
        entries.append((0.26, _pill_sample(WHITE, ACCENT_DARK), "adverse"))
    if folded:
        entries.append((0.24, _folded_sample, "+n more: folded"))
    return entries


def legend(net: Network, scale: float, width: float, height: float) -> Group:
    """Return one line at the foot of the page that explains only what occurs."""
    pills = {card.tone for card in net.cards if card.change}
    entries = _entries(net, pills={str(tone) for tone in pills}, folded=any(net.folded))
    room = width - 2 * MARGIN
    size, gap = 8.0, 0.27
    while _legend_width(entries, size, gap) * scale > room and (size > 7.0 or gap > 0.12):
        size, gap = (size - 0.25, gap) if size > 7.0 else (size, gap - 0.03)
    x, y = MARGIN, height - 0.54 * scale
    shapes: list[Shape] = []
    for sample_width, sample, words in entries:
        reach = (sample_width + 0.06 + text_width(words, size)) * scale
        if x > MARGIN and x + reach > width - MARGIN:
            x, y = MARGIN, y + 0.15 * scale
        shapes += sample(x, y - size * POINT * 0.36 * scale, scale)
        shapes.append(text(x + (sample_width + 0.06) * scale, y, words, size * scale, INK))
        x += reach + gap * scale
    return Group("legend", tuple(shapes))


def _legend_width(entries: list[tuple[float, LegendSample, str]], size: float, gap: float) -> float:
    return sum(width + 0.06 + text_width(words, size) for width, _, words in entries) + gap * max(0, len(entries) - 1)


def footer(notes: tuple[str, ...], scale: float, width: float, height: float) -> Group | None:
    """Return basis and what was left out, on at most two lines."""
    words = " ".join(note if note.endswith((".", "!", "?", "…")) else f"{note}." for note in notes if note)
    if not words:
        return None
    room = width - 2 * MARGIN
    size = 8.0 * scale
    while size > 7.0 * scale and len(wrap(words, size, room, 3)) > 2:
        size -= 0.25 * scale
    lines = wrap(words, size, room, 2)
    y = height - 0.32 * scale
    return Group(
        "footer",
        tuple(text(MARGIN, y + number * 0.14 * scale, line, size, MUTED) for number, line in enumerate(lines)),
        alt=words,
    )


def _glyph_sample(kind: str) -> LegendSample:
    return lambda x, y, scale: (glyph(kind, x + 0.055 * scale, y, 0.105 * scale, COLORS[kind]),)


def _line_sample(color: str, weight: float, dash: tuple[float, ...] = ()) -> LegendSample:
    def draw(x: float, y: float, scale: float) -> tuple[Shape, ...]:
        steps: tuple[Segment, ...] = (("M", x, y), ("L", x + 0.32 * scale, y))
        return (Curve(steps, stroke=color, weight=weight * scale, dash=tuple(length * scale for length in dash)),)

    return draw


def _ring_sample(color: str) -> LegendSample:
    def draw(x: float, y: float, scale: float) -> tuple[Shape, ...]:
        line = _line_sample(color, 1.3)(x, y, scale)
        return (*line, Disc(x + 0.06 * scale, y, 0.036 * scale, WHITE, color, 1.1 * scale))

    return draw


def _ribbon_sample(x: float, y: float, scale: float) -> tuple[Shape, ...]:
    half, wing, neck, end = 0.03 * scale, 0.055 * scale, x + 0.25 * scale, x + 0.32 * scale
    upper = ((x, y - half), (neck, y - half), (neck, y - wing), (end, y))
    lower = ((neck, y + wing), (neck, y + half), (x, y + half))
    return (polygon((*upper, *lower), ACCENT),)


def _pill_sample(fill: str, stroke: str) -> LegendSample:
    def draw(x: float, y: float, scale: float) -> tuple[Shape, ...]:
        return (Box(x, y - 0.068 * scale, 0.26 * scale, 0.136 * scale, 0.068 * scale, fill, stroke, 1.1 * scale),)

    return draw


def _folded_sample(x: float, y: float, scale: float) -> tuple[Shape, ...]:
    shapes: list[Shape] = [Box(x, y - 0.08 * scale, 0.24 * scale, 0.1 * scale, 0.01, WHITE, DRIVER, 0.9 * scale)]
    for number in (1, 2):
        inset, rise = 0.025 * number * scale, (0.02 + 0.028 * number) * scale
        steps: tuple[Segment, ...] = (("M", x + inset, y + rise), ("L", x + 0.24 * scale - inset, y + rise))
        shapes.append(Curve(steps, stroke=DRIVER if number == 1 else CARD_LINE, weight=0.9 * scale))
    return tuple(shapes)
