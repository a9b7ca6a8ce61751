"""Step 6: a card's own shapes, and the boxes that look like cards: the callout and the board's panels."""

from __future__ import annotations

from impacttree.records import dataclass
from impacttree.render.layout.measure import balanced, fit, text_width, wrap
from impacttree.render.layout.sizes import CARD_PAD, LOW, NAME_LINE, pill_width
from impacttree.render.layout.style import (
    ACCENT,
    ACCENT_DARK,
    ACCENT_TINT,
    CARD_LINE,
    DASH_RAIL,
    DRIVER,
    FOOT,
    GOOD,
    GUARDRAIL,
    INK,
    KIND,
    LEAST,
    MUTED,
    NAME,
    NAVY,
    NAVY_GLYPH,
    ON_NAVY,
    ON_TINT,
    PANEL,
    PILL,
    POINT,
    PRODUCT,
    VALUE,
    VALUE_LEAST,
    WHITE,
)
from impacttree.render.scene import Anchor, Box, Curve, Disc, Group, Segment, Shape, Text
from impacttree.views import Callout, Card, Panel, Tone

__all__ = ["callout", "card", "glyph", "panel", "pill", "pill_width", "polygon", "small_card"]

WORDS = {"product": "METRIC", "driver": "DRIVER", "financial": "FINANCIAL", "guardrail": "GUARDRAIL"}
COLORS = {"product": PRODUCT, "driver": DRIVER, "financial": NAVY, "guardrail": GUARDRAIL}
VALUE_BESIDE = 11.0
"""A value keeps this size as long as the pill beside it can give way."""
BOARD = 12.3
"""Letters on the board: 12 points on a slide, where it is drawn a little smaller."""
SPACING = 0.35
"""Extra points between the capitals of the kind."""
CAP = 0.72
"""Height of a capital in em."""


def kind_of(card: Card) -> str:
    """Return product, driver, financial or guardrail, as it is drawn."""
    return "guardrail" if card.guardrail else card.kind


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    color: str,
    *,
    bold: bool = False,
    anchor: Anchor = "start",
    spacing: float = 0.0,
    halo: str = "",
) -> Text:
    """Return a measured text."""
    width = text_width(words, size, bold) + spacing * POINT * len(words)
    return Text(x, y, words, size, color, width, bold, anchor, spacing, halo)


def polygon(points: tuple[tuple[float, float], ...], fill: str) -> Curve:
    """Return a filled shape of straight sides."""
    start: Segment = ("M", *points[0])
    sides: tuple[Segment, ...] = tuple(("L", x, y) for x, y in points[1:])
    return Curve((start, *sides, ("Z",)), fill=fill)


def glyph(kind: str, x: float, y: float, size: float, color: str) -> Shape:
    """Return the sign of a kind, centred on a point: circle, square, diamond, triangle."""
    half = size / 2
    if kind == "product":
        return Disc(x, y, half, fill=color)
    if kind == "driver":
        side = size * 0.92
        return Box(x - side / 2, y - side / 2, side, side, fill=color)
    if kind == "financial":
        reach = half * 1.22
        return polygon(((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)), color)
    rise = half * 1.08
    return polygon(((x, y - rise), (x + half * 1.15, y + rise * 0.85), (x - half * 1.15, y + rise * 0.85)), color)


def pill(x: float, y: float, words: str, tone: Tone, size: float, *, dark: bool) -> tuple[Shape, ...]:
    """Return the change of a metric, ending at `x`, centred on `y`: filled when favourable, outlined when adverse."""
    width = pill_width(words, size)
    height = size * POINT * 1.755
    fill, stroke, color = GOOD, GOOD, WHITE
    if tone == "adverse":
        fill, stroke, color = WHITE, ACCENT_DARK, ACCENT_DARK
    elif tone == "neutral":
        fill, stroke, color = (NAVY, ON_NAVY, WHITE) if dark else (WHITE, MUTED, INK)
    box = Box(x - width, y - height / 2, width, height, height / 2, fill, stroke, 1.1)
    label = text(x - width / 2, y + size * POINT * CAP / 2, words, size, color, bold=True, anchor="middle")
    return box, label


class _Painter:
    """Lays out one card line by line."""

    def __init__(self, card: Card, box: Box, scale: float, *, lifted: bool, folded: int) -> None:
        self.card = card
        self.box = box
        self.scale = scale
        self.lifted = lifted
        self.folded = folded
        self.kind = kind_of(card)
        self.breached = card.breached and bool(card.guardrail)
        self.dark = self.kind == "financial"
        self.pad = CARD_PAD * scale
        self.left = box.x + self.pad
        self.right = box.x + box.width - self.pad
        self.room = box.width - 2 * self.pad
        self.shapes: list[Shape] = []
        self.muted = ON_NAVY if self.dark else MUTED
        self.foot = _foot(card)

    def frame(self, main: bool, lifted_accent: bool) -> None:
        """Fill, border and corners say the kind; the main path's border is the accent."""
        rounded = {"product": 0.13, "guardrail": 0.13}.get(self.kind, 0.025) * self.scale
        fill = NAVY if self.dark else WHITE
        dash: tuple[float, ...] = ()
        if main and lifted_accent:
            stroke, weight = ACCENT, 2.25
        elif self.kind == "guardrail":
            stroke, weight = (ACCENT_DARK, 1.75) if self.breached else (GUARDRAIL, 1.1)
            dash = () if self.breached else DASH_RAIL
        else:
            stroke, weight = (NAVY if self.dark else CARD_LINE), 1.25
        inset = weight * POINT / 2
        box = self.box
        self.shapes.append(
            Box(
                box.x + inset,
                box.y + inset,
                box.width - 2 * inset,
                box.height - 2 * inset,
                rounded,
                fill,
                stroke,
                weight,
                dash,
            )
        )

    def fill(self) -> None:
        """Draw kind, name, value and pill, foot line: as many as there is height for, spare height between them."""
        scale, box = self.scale, self.box
        line = NAME_LINE * scale
        room = box.height - (LOW - 0.034) * scale - (0.125 * scale if self.card.guardrail else 0.0)
        names = wrap(self.card.label, NAME * scale, self.room, max(1, min(3, 1 + int(room / line))), bold=True)
        spare = box.height - (LOW - 0.036) * scale - line * (len(names) - 1)
        with_foot = bool(self.foot or self.card.owner) and spare >= 0.125 * scale
        step = max(0.0, spare - (0.125 * scale if with_foot else 0.0)) / (4.0 if with_foot else 3.0)
        y = self._top(box.y + 0.07 * scale + 0.7 * step, 0.05 * scale + 0.5 * step, names, with_foot)
        unit = self.foot if not with_foot or self._unit_beside_value() else ""
        self._value_line(y + 0.044 * scale + step + 0.0975 * scale, VALUE * scale, unit)
        if with_foot:
            self._foot_line(box.y + box.height - 0.075 * scale - 0.6 * step, "" if unit else self.foot)

    def fill_board(self) -> None:
        """Draw the same in larger letters, the pill, unit and owner on lines of their own, aligned over all boxes."""
        scale, box, size = self.scale, self.box, BOARD
        y = box.y + 0.13 + size * POINT * CAP
        self._kind_in_words(y, size)
        y += 0.08 + NAME * scale * POINT * CAP
        for number, name in enumerate(wrap(self.card.label, NAME * scale, self.room, 2, bold=True)):
            self.shapes.append(
                text(self.left, y + number * NAME_LINE * scale, name, NAME * scale, self._ink(), bold=True)
            )
        line = size * 1.2 * POINT
        y = box.y + box.height - 0.12
        for words in (self.card.owner, self.foot):
            if words:
                self.shapes.append(self._unit(self.left, y, words, size))
            y -= line
        y -= 0.12
        if self.card.change:
            change = fit(self.card.change, size, self.room - 0.2, bold=True)
            self.shapes += pill(self.left + pill_width(change, size), y, change, self.card.tone, size, dark=self.dark)
        self._value(y - 0.37, VALUE * 1.5, self.room, "")

    def _kind_in_words(self, y: float, size: float) -> None:
        """Draw the glyph and the word of the kind, as large as the other letters of a board."""
        color = NAVY_GLYPH if self.dark else COLORS[self.kind]
        shown = ACCENT_DARK if self.breached else MUTED if self.kind == "driver" else color
        words = "Breached" if self.breached else WORDS[self.kind].capitalize()
        middle = y - size * POINT * CAP / 2
        self.shapes.append(glyph(self.kind, self.left + size * POINT * 0.4, middle, size * POINT * 0.75, color))
        start = self.left + size * POINT * 1.05
        label = text(start, y, fit(words, size, self.right - start, bold=True), size, shown, bold=True)
        self.shapes.append(label)
        if self.card.memory and label.x + label.width + size * POINT * 1.2 < self.right:
            self.shapes += _loop(label.x + label.width + size * POINT * 0.7, middle, size * POINT * 0.36, self.muted)

    def fill_small(self, size: float) -> None:
        """Draw glyph and name with the pill at the right, the value with its unit below."""
        box = self.box
        y = box.y + box.height / 2 - 0.06
        color = NAVY_GLYPH if self.dark else COLORS[self.kind]
        middle = y - size * POINT * CAP / 2
        self.shapes.append(glyph(self.kind, self.left + size * POINT * 0.4, middle, size * POINT * 0.75, color))
        end = self.right
        if self.card.change:
            change = fit(self.card.change, 0.9 * size, self.room * 0.6, bold=True)
            self.shapes += pill(self.right, middle, change, self.card.tone, 0.9 * size, dark=self.dark)
            end -= pill_width(change, 0.9 * size) + 0.06
        start = self.left + size * POINT * 1.05
        self.shapes.append(text(start, y, fit(self.card.label, size, end - start, True), size, self._ink(), bold=True))
        words = f"{self.card.value} {self.card.unit}".strip()
        self.shapes.append(text(self.left, y + 0.24, fit(words, size, self.room), size, self.muted))

    def _top(self, y: float, space: float, names: tuple[str, ...], with_foot: bool) -> float:
        """Draw kind and name; return the last baseline."""
        scale = self.scale
        y += KIND * scale * POINT * CAP
        self._kind_line(y, KIND * scale, with_foot)
        y += space + NAME * scale * POINT * CAP
        for number, name in enumerate(names):
            baseline = y + number * NAME_LINE * scale
            self.shapes.append(text(self.left, baseline, name, NAME * scale, self._ink(), bold=True))
        return y + NAME_LINE * scale * (len(names) - 1)

    def _unit_beside_value(self) -> bool:
        """Return whether the unit leaves the foot line to a long owner where there is room behind the value."""
        size, scale = FOOT * self.scale, self.scale
        if self.card.change or not self.foot or not self.card.owner:
            return False
        foot = text_width(self.foot, size) + text_width(self.card.owner, size) + 0.07 * scale
        beside = text_width(self.card.value, VALUE * scale) + text_width(self.foot, size) + 0.05 * scale
        return foot > self.room >= beside

    def _ink(self) -> str:
        return WHITE if self.dark else INK

    def _kind_line(self, y: float, size: float, with_foot: bool) -> None:
        color = NAVY_GLYPH if self.dark else COLORS[self.kind]
        self.shapes.append(
            glyph(self.kind, self.left + size * POINT * 0.45, y - size * POINT * CAP / 2, size * POINT, color)
        )
        words = "BREACHED" if self.breached else WORDS[self.kind]
        if self.breached:
            color = ACCENT_DARK
        shown = color if self.kind != "driver" else MUTED
        label = text(self.left + size * POINT * 1.3, y, words, size, shown, bold=True, spacing=SPACING * self.scale)
        self.shapes.append(label)
        end = label.x + label.width
        if self.card.memory:
            self.shapes += _loop(end + size * POINT * 0.75, y - size * POINT * CAP / 2, size * POINT * 0.42, self.muted)
            end += size * POINT * 1.3
        room = self.right - end - 0.06
        if self.folded:
            words = f"+{self.folded} more"
            note = words if text_width(words, size, bold=True) <= room else f"+{self.folded}"
        else:
            note = "" if with_foot else _whole(fit(self.card.owner, size, room))
        if note:
            self.shapes.append(text(self.right, y, note, size, self.muted, bold=bool(self.folded), anchor="end"))

    def _value_line(self, middle: float, size: float, unit: str) -> None:
        """Draw the value on the left, its change on the right; the value shrinks before the two meet."""
        card, scale = self.card, self.scale
        points = PILL * scale
        taken = 0.0
        if card.change:
            wanted = text_width(card.value, VALUE_BESIDE * scale) + 0.04
            if pill_width(card.change, points) + wanted > self.room:
                points = max(LEAST, 0.875 * points)
            most = self.room - points * POINT * 1.25 - min(text_width(card.value, VALUE_LEAST), 0.4 * self.room)
            change = fit(card.change, points, most, bold=True)
            taken = pill_width(change, points)
            self.shapes += pill(self.right + 0.025 * scale, middle, change, card.tone, points, dark=self.dark)
        used = self._value(middle, size, self.room - taken - (0.025 * scale if taken else 0.0), unit)
        if self.lifted and not card.change and not card.missing:
            self._no_change(middle, self.room - used - 0.02)

    def _no_change(self, middle: float, room: float) -> None:
        words = "no change"
        for size in (FOOT * self.scale, LEAST):
            if text_width(words, size) <= room:
                y = middle + size * POINT * CAP / 2
                self.shapes.append(text(self.right, y, words, size, self.muted, anchor="end"))
                return

    def _value(self, middle: float, size: float, room: float, unit: str) -> float:
        """Draw the value and a unit behind it where it fits; return the width used."""
        words, scale = self.card.value, self.scale
        while size > VALUE_LEAST and text_width(words, size) > room:
            size -= 0.5
        words = fit(words, size, room)
        baseline = middle + size * POINT * CAP / 2
        if words:
            self.shapes.append(text(self.left, baseline, words, size, self._ink()))
        used = text_width(words, size) + 0.05 * scale
        for shown in dict.fromkeys((unit, _short(unit))):
            width = text_width(shown, FOOT * scale, self.breached)
            if shown and used + width <= room:
                self.shapes.append(self._unit(self.left + used, baseline, shown, FOOT * scale))
                return used + width + 0.05
        return used

    def _unit(self, x: float, y: float, unit: str, size: float) -> Text:
        color, bold = (ACCENT_DARK, True) if self.breached else (self.muted, False)
        return text(x, y, fit(unit, size, self.right - x, bold), size, color, bold=bold)

    def _foot_line(self, y: float, foot: str) -> None:
        """Draw unit left, owner right; a shorter unit, then smaller letters, then an ellipsis where they meet."""
        gap, owner = 0.07 * self.scale, self.card.owner
        usual, less = FOOT * self.scale, max(LEAST, 0.94 * FOOT * self.scale)
        short = _short(foot)
        bold = self.breached
        for unit, size in ((foot, usual), (short, usual), (short, less)):
            if text_width(unit, size, bold) + text_width(owner, size) + gap <= self.room:
                break
        else:
            half = self.room if self.card.guardrail or not owner else self.room * 0.5
            share = max(self.room - gap - text_width(owner, size), half)
            unit = fit(unit, size, share, bold)
            owner = _whole(fit(owner, size, self.room - gap - text_width(unit, size, bold)))
        if unit:
            self.shapes.append(self._unit(self.left, y, unit, size))
        if owner:
            self.shapes.append(text(self.right, y, owner, size, self.muted, anchor="end"))

    def folded_rules(self) -> None:
        """Draw two rules below the card: others are folded into it."""
        box = self.box
        for number in (1, 2):
            y = box.y + box.height + 0.028 * number
            inset = 0.05 * number
            steps: tuple[Segment, ...] = (("M", box.x + inset, y), ("L", box.x + box.width - inset, y))
            self.shapes.append(Curve(steps, stroke=DRIVER if number == 1 else CARD_LINE, weight=0.9))


def _short(unit: str) -> str:
    unit = f"/{unit[4:]}" if unit.startswith("per ") else unit
    return unit.replace(", discounted", ", disc.")


def _whole(shown: str) -> str:
    """Return the text, or nothing instead of one or two letters with an ellipsis."""
    return "" if len(shown) <= 3 and shown.endswith("…") else shown


def _foot(card: Card) -> str:
    if card.guardrail:
        return card.guardrail
    return card.unit


def card(
    item: Card,
    box: Box,
    scale: float,
    *,
    main: bool,
    lifted: bool,
    folded: int = 0,
    on_board: bool = False,
) -> Group:
    """Draw a metric."""
    painter = _Painter(item, box, scale, lifted=lifted, folded=folded)
    if folded:
        painter.folded_rules()
    painter.frame(main, lifted)
    if on_board:
        painter.fill_board()
    else:
        painter.fill()
    return Group("card", tuple(painter.shapes), id=item.id, alt=describe(item, folded, lifted=lifted))


def small_card(item: Card, box: Box, size: float) -> Group:
    """Draw a metric beside the main path."""
    painter = _Painter(item, box, 1.0, lifted=True, folded=0)
    painter.frame(main=False, lifted_accent=True)
    painter.fill_small(size)
    return Group("card", tuple(painter.shapes), id=item.id, alt=describe(item))


def describe(item: Card, folded: int = 0, *, lifted: bool = True) -> str:
    """Return a card in words."""
    parts = [f"{item.label}: {item.value} {item.unit}".strip(), WORDS[kind_of(item)].lower()]
    if item.change:
        parts.append(f"change {item.change}" + (f", {item.tone}" if item.tone != "neutral" else ""))
    elif lifted and not item.missing:
        parts.append("no change")
    if item.guardrail:
        parts.append(item.guardrail + (", breached" if item.breached else ""))
    if item.owner:
        parts.append(f"owner {item.owner}")
    if item.memory:
        parts.append("reads its own previous value")
    if folded:
        parts.append(f"{folded} more metrics folded into it")
    return "; ".join(parts)


def _loop(x: float, y: float, radius: float, color: str) -> tuple[Shape, ...]:
    """Return three quarters of a circle with a small head: the card remembers its own previous value."""
    k = 0.5523 * radius
    steps: tuple[Segment, ...] = (
        ("M", x + radius, y),
        ("C", x + radius, y + k, x + k, y + radius, x, y + radius),
        ("C", x - k, y + radius, x - radius, y + k, x - radius, y),
        ("C", x - radius, y - k, x - k, y - radius, x, y - radius),
    )
    size = radius * 0.62
    head = polygon(
        ((x + size * 1.25, y - radius), (x - size * 0.1, y - radius - size), (x - size * 0.1, y - radius + size)), color
    )
    return Curve(steps, stroke=color, weight=0.9), head


def callout(item: Callout, box: Box, scale: float) -> Group:
    """Return what the change is worth, beside the outcome; letters shrink until all of it fits."""
    adverse = item.tone == "adverse"
    fill, stroke, weight = (WHITE, ACCENT_DARK, 1.5) if adverse else (ACCENT_TINT, "", 0.0)
    shapes: list[Shape] = [Box(box.x, box.y, box.width, box.height, 0.08, fill, stroke, weight)]
    pad = 0.12 * scale
    lines = _callout_lines(item, box.width - 2 * pad, scale)
    while scale > 0.6 and _height(lines) > box.height - 0.14:
        scale -= 0.05
        lines = _callout_lines(item, box.width - 2 * pad, scale)
    spare = box.height - _height(lines)
    step = max(0.0, min(0.09 * scale, (spare - 0.14) / max(1, len(lines))))
    y = box.y + max(0.05, (spare - step * (len(lines) - 1)) / 2)
    for line in lines:
        y += line.lead + line.size * POINT * 0.95
        shapes.append(text(box.x + pad, y, line.text, line.size, line.color, bold=line.bold))
        y += line.size * POINT * 0.25 + step
    alt = "; ".join(part for part in (item.head, item.amount, item.what, item.range) if part)
    return Group("callout", tuple(shapes), alt=alt)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    color: str
    bold: bool
    lead: float


def _height(lines: list[_Line]) -> float:
    return sum(line.size * POINT * 1.2 + line.lead for line in lines)


def _callout_lines(item: Callout, room: float, scale: float) -> list[_Line]:
    large, medium = 22.0 * scale, max(LEAST, 9.0 * scale)
    while large > 11 and text_width(item.amount, large, bold=True) > room:
        large -= 0.5
    head = medium
    while head > 7.5 and text_width(item.head, head, bold=True) > room:
        head -= 0.25
    lines = [
        *(_Line(row, head, ACCENT_DARK, True, 0.03) for row in wrap(item.head, head, room, 2, bold=True)),
        _Line(fit(item.amount, large, room, bold=True), large, ACCENT_DARK, True, 0.02),
        *(_Line(row, medium, INK, False, 0.02) for row in wrap(item.what, medium, room, 2)),
        *_range_lines(item.range, max(LEAST, 8.0 * scale), room),
    ]
    return [line for line in lines if line.text]


def _range_lines(words: str, size: float, room: float) -> list[_Line]:
    """Set a range on two lines, smaller where that keeps it whole, on three when nothing else does."""
    while size > LEAST and "…" in "".join(balanced(words, size, room)):
        size -= 0.25
    rows = balanced(words, size, room)
    if "…" in "".join(rows):
        rows = wrap(words, size, room, 3)
    return [_Line(row, size, ON_TINT, False, 0.0) for row in rows]


def panel(item: Panel, box: Box) -> Group:
    """Return one of the boxes below the board cut."""
    shapes: list[Shape] = [Box(box.x, box.y, box.width, box.height, 0.09, ACCENT_TINT if item.accent else PANEL)]
    pad = 0.17
    room = box.width - 2 * pad
    size = 22.0 if item.accent else 19.0
    while size > 13 and text_width(item.body, size, bold=True) > room:
        size -= 0.5
    y = box.y + 0.3
    shapes.append(
        text(
            box.x + pad,
            y,
            fit(item.head, 10.5, room, bold=True),
            10.5,
            ACCENT_DARK if item.accent else MUTED,
            bold=True,
        )
    )
    y += 0.14
    for line in wrap(item.body, size, room, 1 if text_width(item.body, size, bold=True) <= room else 2, bold=True):
        y += size * POINT * 1.18
        shapes.append(text(box.x + pad, y, line, size, ACCENT_DARK if item.accent else INK, bold=True))
    y += 0.1
    for line in wrap(item.detail, 10.0, room, max(1, int((box.y + box.height - y - 0.12) / 0.175))):
        y += 0.175
        shapes.append(text(box.x + pad, y, line, 10.0, ON_TINT if item.accent else MUTED))
    return Group("panel", tuple(shapes), alt="; ".join(part for part in (item.head, item.body, item.detail) if part))
