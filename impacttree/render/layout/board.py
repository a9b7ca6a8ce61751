"""The board cut: the main path in one row of large boxes, money on the arrows, panels below."""

from __future__ import annotations

from dataclasses import dataclass

from impacttree.render.layout import cards, connectors
from impacttree.render.layout.cards import text
from impacttree.render.layout.cut import Excerpt
from impacttree.render.layout.frame import Headings
from impacttree.render.layout.measure import text_width, wrap
from impacttree.render.layout.network import Network
from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.routes import Route
from impacttree.render.layout.sizes import thickness
from impacttree.render.layout.style import ACCENT_DARK, INK, MARGIN, MUTED, NAME, PAGE_WIDTH
from impacttree.render.scene import Box, Group, Shape
from impacttree.views import Diagram

__all__ = ["board_groups"]

BOTTOM = 6.6
PANEL_HEIGHT = 1.6
BOX_HEIGHT = 1.86
WIDEST = 2.5
AMOUNT = 12.0
ASIDE = 10.5
ASIDE_HEIGHT = 0.75


@dataclass(frozen=True, slots=True)
class _Row:
    """Places of the boxes on the board."""

    boxes: tuple[Box, ...]
    gap: float
    scale: float


def board_groups(net: Network, excerpt: Excerpt, headings: Headings) -> tuple[Group, ...]:
    """Return boxes, arrows and panels between the headings and the legend."""
    diagram = excerpt.diagram
    top = headings.height + 0.25
    panels = PANEL_HEIGHT if diagram.panels else 0.0
    spare = BOTTOM - top - BOX_HEIGHT - panels
    above = max(0.1, spare * (0.28 if panels else 0.42))
    row = _row(net, top + above)
    asides = [group for position, card in enumerate(net.path) for group in _aside(net, card, row.boxes[position])]
    y = top + above + BOX_HEIGHT + max(ASIDE_HEIGHT if asides else 0.3, spare * 0.38)
    on_path = {card: position for position, card in enumerate(net.path)}
    groups: list[Group] = []
    for arrow in net.arrows:
        position = on_path[arrow.source]
        groups += _arrow(net, excerpt, row, position, arrow.index)
    for position, card in enumerate(net.path):
        box = row.boxes[position]
        groups.append(cards.card(net.cards[card], box, row.scale, main=True, lifted=net.lifted, on_board=True))
    return (*groups, *asides, *_panels(diagram, y))


def _aside(net: Network, card: int, box: Box) -> list[Group]:
    """Write under a box what joins or leaves the path there."""
    item = net.cards[card]
    if not item.aside_text:
        return []
    middle, below = box.x + box.width / 2, box.y + BOX_HEIGHT
    lines: list[Shape] = [text(middle, below + 0.21, item.aside_text, ASIDE, INK, bold=True, anchor="middle")]
    lines += [
        text(middle, below + 0.21 + 0.15 * number, line, 8.0, MUTED, anchor="middle")
        for number, line in enumerate(wrap(item.aside_by, 8.0, box.width, 2), start=1)
    ]
    return [Group("label", tuple(lines), id=item.id, source=item.id, target=item.id)]


def _row(net: Network, y: float) -> _Row:
    number = len(net.path)
    usable = PAGE_WIDTH - 2 * MARGIN
    gap = 0.78 if number > 4 else 1.1
    width = min(WIDEST, (usable - (number - 1) * gap) / number)
    if width == WIDEST and number > 1:
        gap = min(1.6, (usable - number * width) / (number - 1))
    left = MARGIN + (usable - number * width - (number - 1) * gap) / 2
    scale = 1.25
    while scale > 1.0 and any(_longest_word(net, card) * scale > width - 0.2 * scale for card in net.path):
        scale = max(1.0, scale - 0.02)
    boxes = tuple(Box(left + place * (width + gap), y, width, BOX_HEIGHT) for place in range(number))
    return _Row(boxes, gap, scale)


def _longest_word(net: Network, card: int) -> float:
    return max(text_width(word, NAME, bold=True) for word in net.cards[card].label.split() or [""])


def _arrow(net: Network, excerpt: Excerpt, row: _Row, position: int, index: int) -> list[Group]:
    arrow = net.arrows[index]
    start, end = row.boxes[position], row.boxes[position + 1]
    y = start.y + BOX_HEIGHT / 2
    x0, x1 = start.x + start.width, end.x
    width = thickness(net, arrow, 1.3)
    neck = x1 - head_length(width)
    route = Route(
        arrow, (("M", x0, y), ("L", neck, y)), ((x0, y), (x1, y)), width, (x1, y), (1.0, 0.0),
        head=True, upright=False, straight=True, start=(x0, y), branches=False,
    )  # fmt: skip
    link = arrow.link
    ends = (net.cards[arrow.source].id, net.cards[arrow.target].id)
    lines: list[Shape] = []
    under: list[Shape] = []
    words = link.money_text if net.lifted else ""
    if words:
        size = AMOUNT
        while size > 8 and text_width(words, size, bold=True) > row.gap - 0.06:
            size -= 0.5
        above = y - max(head_width(width) / 2, 0.06) - 0.06
        lines.append(text((x0 + x1) / 2, above, words, size, ACCENT_DARK, bold=True, anchor="middle"))
    below = y + max(head_width(width) / 2, 0.06) + 0.05
    notes = _via(excerpt.skipped.get(ends, ()), row.gap)
    if link.delay:
        notes = (*notes, *wrap(link.delay, 8.0, row.gap - 0.06, 2))
    under.extend(
        text((x0 + x1) / 2, below + 0.135 * number, note, 8.0, MUTED, anchor="middle")
        for number, note in enumerate(notes, start=1)
    )
    labels = [
        Group("label", tuple(shapes), id=">".join(ends), source=ends[0], target=ends[1])
        for shapes in (lines, under)
        if shapes
    ]
    return [connectors.connector(net, route, row.scale), *labels]


def _via(names: tuple[str, ...], gap: float) -> tuple[str, ...]:
    if not names:
        return ()
    words = f"via {names[0]}" if len(names) == 1 else f"via {len(names)} metrics"
    lines = wrap(words, 8.0, gap - 0.06, 3)
    return lines if "…" not in "".join(lines) else wrap("via 1 metric", 8.0, gap - 0.06, 2)


def _panels(diagram: Diagram, y: float) -> list[Group]:
    number = len(diagram.panels)
    if not number:
        return []
    gap = 0.22
    width = (PAGE_WIDTH - 2 * MARGIN - (number - 1) * gap) / number
    return [
        cards.panel(panel, Box(MARGIN + place * (width + gap), y, width, PANEL_HEIGHT))
        for place, panel in enumerate(diagram.panels)
    ]
