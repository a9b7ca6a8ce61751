"""What stands beside the main path of the board cut: boxes below it, and what flows to them and back from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from impacttree.records import dataclass
from impacttree.render.layout import cards
from impacttree.render.layout.cards import text
from impacttree.render.layout.measure import fit, text_width, wrap
from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.style import INK, LIVE, MUTED, POINT
from impacttree.render.scene import Anchor, Box, Curve, Group, Segment, Shape
from impacttree.views import Aside

__all__ = ["BELOW", "BESIDE", "FIGURES", "JOINS", "LEAVES", "SIZE", "aside_groups"]

SIZE = 12.3
"""Points: 12 on a slide, where the board is drawn a little smaller."""
GAP = 0.56
"""Between the boxes on the path and those below them: as high as the figures beside the arrows need."""
HEIGHT = 0.68
FIGURES = 0.5 * GAP + 0.02
"""How far below a card the figures of what joins it stand."""
BELOW = GAP + HEIGHT + 0.08
NARROWEST, WIDEST = 1.5, 3.2
LEAVES, JOINS = 0.68, 0.32
"""Where arrows leave and reach a box on the path, as shares of its width."""
WIDTH = 2.0 * POINT
APART = 0.12
BESIDE = 0.09
"""Between an arrow and its figures."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A box below the path, what leads to it, and what leads back to the path."""

    leaving: Aside
    joining: tuple[Aside, ...]
    box: Box


def aside_groups(
    asides: Sequence[Aside], path: Sequence[str], row: Sequence[Box], right: float
) -> tuple[list[Group], frozenset[int]]:
    """Return the boxes below the path with their arrows and figures, and which of the asides they show.

    A box stands below the card that it is fed from; one that would stand in the way of another is not drawn, and what
    flows there is left to be written under the cards.

    Parameters
    ----------
    asides
        What joins and leaves the path.
    path, row
        The cards of the path by their ids, and where each stands.
    right
        Where the page ends.
    """
    at = dict(zip(path, row, strict=True))
    groups: list[Group] = []
    shown: set[int] = set()
    places = list(_places(asides, at, right))
    for place in places:
        shown |= {id(one) for one in (place.leaving, *place.joining)}
    sources = {place.leaving.at for place in places} | {one.at for one in asides if id(one) not in shown}
    for place in places:
        groups += _drawn(place, at, sources)
    return groups, frozenset(shown)


def _places(asides: Sequence[Aside], at: dict[str, Box], right: float) -> Iterator[_Place]:
    """Yield the boxes that find room, from left to right."""
    free = 0.0
    seen: set[str] = set()
    leaving = [one for one in asides if not one.joins and one.at in at]
    for one in sorted(leaving, key=lambda one: at[one.at].x):
        source = at[one.at]
        joining = tuple(
            sorted(
                (other for other in asides if other.joins and other.root == one.card.id and other.at in at),
                key=lambda other: at[other.at].x,
            )
        )
        after = [other for other in joining if at[other.at].x > source.x]
        if one.card.id in seen or not after:
            continue
        start = source.x + LEAVES * source.width
        left = max(source.x, free)
        ends = [at[other.at].x + JOINS * at[other.at].width for other in after]
        room = max(NARROWEST, min(right, ends[0] - APART) - left)
        box = Box(left, source.y + source.height + GAP, min(_width(one), room), HEIGHT)
        if start < box.x + 0.2 or box.x + box.width < start + 0.2 or ends[0] < box.x + box.width + APART:
            continue
        seen.add(one.card.id)
        free = ends[-1] + APART
        yield _Place(one, tuple(after), box)


def _width(one: Aside) -> float:
    change = cards.pill_width(one.card.change, SIZE * 0.9) if one.card.change else 0.0
    return max(NARROWEST, min(WIDEST, text_width(one.card.label, SIZE, bold=True) + change + 0.62))


def _drawn(place: _Place, at: dict[str, Box], sources: set[str]) -> Iterator[Group]:
    box, leaving = place.box, place.leaving
    source = at[leaving.at]
    x, y = source.x + LEAVES * source.width, source.y + source.height
    yield _arrow(leaving, (leaving.at, leaving.card.id), [(x, y), (x, box.y)])
    yield _figures(leaving, x, y + 0.5 * GAP + 0.06, [])
    count = len(place.joining)
    for number, one in enumerate(place.joining, 1):
        target = at[one.at]
        x, level = target.x + JOINS * target.width, box.y + HEIGHT * number / (count + 1)
        foot = target.y + target.height
        yield _arrow(one, (leaving.card.id, one.at), [(box.x + box.width, level), (x, level), (x, foot)])
        via = f"via {one.card.label}" if one.card.id != leaving.card.id else ""
        room = target.width * (LEAVES - JOINS) + 0.9
        further = wrap(via, SIZE, room, 2) if via else []
        yield _figures(one, x, foot + FIGURES, further, to_left=one.at in sources)
    yield cards.small_card(leaving.card, box, SIZE)


def _arrow(one: Aside, ends: tuple[str, str], points: list[tuple[float, float]]) -> Group:
    """Return a line of straight parts with a head at its end."""
    (before, tip) = points[-2:]
    length, wing = head_length(WIDTH), head_width(WIDTH) / 2
    down = 1.0 if tip[1] > before[1] else -1.0
    neck = (tip[0], tip[1] - down * length)
    head = cards.polygon((tip, (tip[0] - wing, neck[1]), (tip[0] + wing, neck[1])), LIVE)
    steps: tuple[Segment, ...] = (("M", *points[0]), *(("L", *point) for point in (*points[1:-1], neck)))
    line = Curve(steps, stroke=LIVE, weight=WIDTH / POINT)
    whole = replace(line, steps=(("M", *points[0]), *(("L", *point) for point in points[1:])))
    alt = f"{ends[0]} to {ends[1]}; carries {one.text}"
    return Group(
        "connector", (line, head), id=">".join(ends), alt=alt, source=ends[0], target=ends[1], line=whole, headed=True
    )


def _figures(one: Aside, x: float, y: float, further: Sequence[str], *, to_left: bool = False) -> Group:
    """Return what an arrow carries, beside it: at its left where another arrow leaves the same card."""
    anchor: Anchor = "end" if to_left else "start"
    x += -BESIDE if to_left else BESIDE
    words = fit(one.text, SIZE, 1.2, bold=True)
    lines: list[Shape] = [text(x, y, words, SIZE, INK, bold=True, anchor=anchor)]
    lines += [
        text(x, y + number * SIZE * 1.2 * POINT, line, SIZE, MUTED, anchor=anchor)
        for number, line in enumerate(further, start=1)
    ]
    return Group("label", tuple(lines), id=f"{one.card.id}:{one.at}", source=one.card.id, target=one.at)
