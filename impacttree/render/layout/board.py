"""The board cut: the main path in one row of large boxes, money on the arrows, panels below."""

from __future__ import annotations

from collections.abc import Sequence

from impacttree.records import dataclass
from impacttree.render.layout import cards, connectors
from impacttree.render.layout.asides import BELOW, BESIDE, FIGURES, JOINS, LEAVES, SIZE, aside_groups
from impacttree.render.layout.cards import text
from impacttree.render.layout.cut import Excerpt
from impacttree.render.layout.frame import Headings
from impacttree.render.layout.measure import fit, text_width, wrap
from impacttree.render.layout.network import Network
from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.routes import ArrowRoute
from impacttree.render.layout.sizes import thickness
from impacttree.render.layout.style import ACCENT_DARK, INK, MARGIN, MUTED, NAME, PAGE_WIDTH, POINT
from impacttree.render.scene import Anchor, Box, Group, Shape
from impacttree.views import Aside, Diagram

__all__ = ["board_groups"]

BOTTOM = 6.6
PANEL_HEIGHT = 1.6
BOX_HEIGHT = 2.06
HEADROOM = 0.25
"""Between the headings and the row, unless what stands below the row takes it."""
WIDEST = 2.5
AMOUNT = 12.3
MOST_WRITTEN = 2
"""Flows that are written under a card."""
LINE = 1.2 * SIZE * POINT


@dataclass(frozen=True, slots=True)
class _Row:
    """Places of the boxes on the board."""

    boxes: tuple[Box, ...]
    gap: float
    scale: float


def board_groups(net: Network, excerpt: Excerpt, headings: Headings) -> tuple[Group, ...]:
    """Return boxes, arrows and panels between the headings and the legend."""
    diagram = excerpt.diagram
    height = PANEL_HEIGHT if diagram.panels else 0.0
    space = BOTTOM - headings.height - BOX_HEIGHT - height
    spare = space - HEADROOM
    *_, below = _below(net, diagram, _row(net, 0.0))
    under = max(below, spare * 0.38)
    above = HEADROOM + max(0.1, spare * (0.28 if height else 0.42))
    row = _row(net, headings.height + max(0.2, min(above, space - under)))
    beside, written, _ = _below(net, diagram, row)
    y = row.boxes[0].y + BOX_HEIGHT + under
    on_path = {card: position for position, card in enumerate(net.path)}
    groups: list[Group] = []
    for arrow in net.arrows:
        position = on_path[arrow.source]
        groups += _arrow(net, excerpt, row, position, arrow.index)
    for position, card in enumerate(net.path):
        box = row.boxes[position]
        groups.append(cards.card(net.cards[card], box, row.scale, main=True, lifted=net.lifted, on_board=True))
    return (*groups, *beside, *written, *_panels(diagram, y))


def _below(net: Network, diagram: Diagram, row: _Row) -> tuple[Sequence[Group], Sequence[Group], float]:
    """Return what stands below the row: boxes with their arrows, texts, and how much room the two take."""
    path = [net.cards[card].id for card in net.path]
    beside, drawn = aside_groups(diagram.asides, path, row.boxes, PAGE_WIDTH - MARGIN)
    joined = {one.at for one in diagram.asides if one.joins and id(one) in drawn}
    left = {one.at for one in diagram.asides if not one.joins and id(one) in drawn}
    written = _written([one for one in diagram.asides if id(one) not in drawn], path, row, joined, left)
    lines = max((len(group.shapes) for group in written), default=0)
    return beside, written, max(BELOW if beside else 0.3, FIGURES + lines * LINE if written else 0.3)


def _written(asides: Sequence[Aside], path: Sequence[str], row: _Row, joined: set[str], left: set[str]) -> list[Group]:
    """Write under the cards what joins or leaves the path there, where no box shows it.

    Under a card that an arrow joins, whose figures then stand at its left, the texts stand at the right of that arrow;
    under one that an arrow leaves, whose figures stand at its right, they stand at the left of that one.
    """
    groups = []
    for name, box in zip(path, row.boxes, strict=True):
        found = [one for one in asides if one.at == name]
        if not found:
            continue
        anchor: Anchor = "start" if name in joined else "end" if name in left else "middle"
        x, room = box.x + box.width / 2, box.width + row.gap - 0.1
        if name in joined:
            x = box.x + JOINS * box.width + BESIDE
            room = (LEAVES - JOINS) * box.width - BESIDE if name in left else (1 - JOINS) * box.width + row.gap / 2
        elif name in left:
            x, room = box.x + LEAVES * box.width - BESIDE, LEAVES * box.width + min(row.gap / 2, MARGIN - 0.1)
        lines: list[Shape] = []
        for one in found[: 1 if name in left else MOST_WRITTEN]:
            where = f"{'through' if one.joins else 'to'} {one.card.label}"
            said = [fit(one.text, SIZE, room, bold=True), *wrap(where, SIZE, room, 1 if name in left else 2)]
            for number, words in enumerate(said):
                bold = number == 0
                y = box.y + BOX_HEIGHT + FIGURES + len(lines) * LINE
                lines.append(text(x, y, words, SIZE, INK if bold else MUTED, bold=bold, anchor=anchor))
        alt = "; ".join(one.words for one in found)
        groups.append(Group("label", tuple(lines), id=name, source=name, target=name, alt=alt))
    return groups


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
    route = ArrowRoute(
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
    notes = _notes(excerpt.skipped.get(ends, ()), link.delay, row.gap - 0.06)
    under.extend(
        text((x0 + x1) / 2, below + 1.15 * AMOUNT * POINT * number, note, AMOUNT, MUTED, anchor="middle")
        for number, note in enumerate(notes, start=1)
    )
    labels = [
        Group("label", tuple(shapes), id=">".join(ends), source=ends[0], target=ends[1])
        for shapes in (lines, under)
        if shapes
    ]
    return [connectors.connector(net, route, row.scale), *labels]


def _notes(skipped: tuple[str, ...], delay: str, room: float) -> tuple[str, ...]:
    """Return what stands under an arrow: which boxes it runs via, by its name where there is room, and when it acts."""
    counted = f"via {len(skipped)} metric{'s' * (len(skipped) != 1)}" if skipped else ""
    named = wrap(f"via {skipped[0]}", AMOUNT, room, 3) if len(skipped) == 1 else ()
    whole = bool(named) and " ".join(named) == f"via {skipped[0]}"  # neither cut nor broken within a word
    via = named if whole else wrap(counted, AMOUNT, room, 2) if counted else ()
    return (*via, *(wrap(delay, AMOUNT, room, 2) if delay else ()))


def _panels(diagram: Diagram, y: float) -> list[Group]:
    number = len(diagram.panels)
    if not number:
        return []
    gap, height = 0.22, min(PANEL_HEIGHT, BOTTOM - y)
    width = (PAGE_WIDTH - 2 * MARGIN - (number - 1) * gap) / number
    return [
        cards.panel(panel, Box(MARGIN + place * (width + gap), y, width, height))
        for place, panel in enumerate(diagram.panels)
    ]
