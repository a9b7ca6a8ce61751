"""Scene -> native shapes of a slide: cards as groups, connectors glued to them, everything else where it stood."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from impacttree.render.pptx import markup
from impacttree.render.pptx.grid import Frame
from impacttree.render.pptx.markup import Glue, Ids
from impacttree.render.scene import Box, Curve, Disc, Group, Scene, Segment, Shape, Text

if TYPE_CHECKING:
    from pptx.slide import Slide

__all__ = ["add_shapes", "fitted", "height_at", "on_page", "scene_shapes"]

_EDGE = 0.02
"""A connector's end counts as on a card's side within this many inches."""


def add_shapes(slide: Slide, drawn: str) -> None:
    """Put shapes of our own markup on a slide, above what is there."""
    from lxml import etree

    parsed = etree.fromstring(f"<shapes {markup.NAMESPACES}>{drawn}</shapes>")
    slide.shapes._spTree.extend(parsed)  # noqa: SLF001 - python-pptx has no Bezier curves and glues to no ports


def scene_shapes(ids: Ids, scene: Scene, skip: Collection[str]) -> str:
    """Return every group of a scene as shapes, but those of the roles in `skip`, which the slide writes itself."""
    pen = _Pen(ids, scene)
    return "".join(pen.draw(group) for group in scene.groups if group.role not in skip)


def _box_of(card: Group) -> Box:
    """Return the box of a card, which stands behind the lines of those that are folded into it."""
    return next(shape for shape in card.shapes if isinstance(shape, Box))


class _Pen:
    """Draws the groups of one scene; what is glued to a card is known before the card is drawn."""

    def __init__(self, ids: Ids, scene: Scene) -> None:
        self.ids = ids
        self.cards = {group.id: _box_of(group) for group in scene.groups if group.role == "card"}
        self.ports: dict[str, list[tuple[int, float, float]]] = {name: [] for name in self.cards}
        self.rings: dict[str, list[Disc]] = {name: [] for name in self.cards}
        self.glued: dict[int, tuple[Glue, Glue]] = {}
        for group in scene.groups:
            if group.role == "connector":
                self._tie(group)

    def _tie(self, group: Group) -> None:
        """Give a connector its ports on both cards, where it is of a shape that PowerPoint has."""
        line, source, target = group.line, self.cards.get(group.source), self.cards.get(group.target)
        if line is None or source is None or target is None or not group.headed or not _is_native(line):
            return
        (x0, y0), (x1, y1) = _corners(line)[0], _corners(line)[-1]
        begin, end = _side(source, x0, y0), _side(target, x1, y1)
        if begin is None or end is None:
            return
        self.glued[id(group)] = (self._port(group.source, begin, x0, y0), self._port(group.target, end, x1, y1))
        self.rings[group.source] += [shape for shape in group.shapes if isinstance(shape, Disc)]

    def _port(self, card: str, side: int, x: float, y: float) -> Glue:
        number = self.ids.take()
        self.ports[card].append((number, x, y))
        return Glue(number, side)

    def draw(self, group: Group) -> str:
        match group.role:
            case "connector":
                return self._connector(group)
            case "card":
                return self._card(group)
            case "callout" | "panel" | "legend":
                return self._group(group)
            case _:
                return "".join(self._shape(shape) for shape in group.shapes)

    def _connector(self, group: Group) -> str:
        if id(group) in self.glued:
            assert group.line is not None
            return markup.connector(self.ids, group.line, *self.glued[id(group)], alt=group.alt, headed=group.headed)
        if group.line is None:
            return "".join(self._shape(shape) for shape in group.shapes)
        line = markup.free_form(self.ids, group.line, name="Line", alt=group.alt, headed=group.headed)
        return line + "".join(self._shape(shape) for shape in group.shapes if isinstance(shape, Disc))

    def _card(self, group: Group) -> str:
        ports = [markup.port(*port) for port in self.ports[group.id]]
        rings = [markup.disc(self.ids, ring, "Assumed effect") for ring in self.rings[group.id]]
        return self._group(group, [*ports, *rings])

    def _group(self, group: Group, further: Sequence[str] = ()) -> str:
        frame = group.shapes[0] if isinstance(group.shapes[0], Box) else _around(group.shapes)
        members = [*(self._shape(shape) for shape in group.shapes), *further]
        name = group.id or group.role.capitalize()
        return markup.group(self.ids.take(), name, group.alt, frame, members)

    def _shape(self, shape: Shape) -> str:
        match shape:
            case Box():
                return markup.box(self.ids, shape)
            case Disc():
                return markup.disc(self.ids, shape)
            case Curve():
                return markup.free_form(self.ids, shape)
            case Text():
                return markup.text_box(self.ids, shape)


def _is_native(line: Curve) -> bool:
    """Return whether PowerPoint has a connector of this shape: straight, a bend that ends level, or one corner."""
    kinds = [step[0] for step in line.steps]
    if kinds == ["M", "L", "L"]:
        (_, y0), (corner, level), (x1, _) = _corners(line)
        return level == y0 and corner == x1
    return kinds in (["M", "L"], ["M", "C", "L"])


def _side(card: Box, x: float, y: float) -> int | None:
    """Return which side of a card a point lies on: 0 top, 1 left, 2 bottom, 3 right."""
    gaps = (abs(y - card.y), abs(x - card.x), abs(y - card.y - card.height), abs(x - card.x - card.width))
    nearest = min(range(4), key=gaps.__getitem__)
    return nearest if gaps[nearest] <= _EDGE else None


def _around(shapes: Sequence[Shape]) -> Box:
    """Return the rectangle that holds all shapes."""
    corners = [corner for shape in shapes for corner in _corners(shape)]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    return Box(left, top, max(x for x, _ in corners) - left, max(y for _, y in corners) - top)


def _corners(shape: Shape) -> list[tuple[float, float]]:
    match shape:
        case Box():
            return [(shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height)]
        case Disc():
            size = shape.radius
            return [(shape.x - size, shape.y - size), (shape.x + size, shape.y + size)]
        case Curve():
            return [pair for step in shape.steps for pair in zip(step[1::2], step[2::2], strict=True)]
        case Text():
            return [(shape.left, shape.y - shape.size / 72), (shape.left + shape.width, shape.y)]


_LARGEST = 1.25
"""By which a picture is drawn larger than on its own page, at most."""
_A_LITTLE = 1.1
"""By which letters may grow within cards that do not."""


def fitted(
    scene: Scene, frame: Frame, skip: Collection[str] = (), *, largest: float = _LARGEST, least: float = 0.0
) -> Scene:
    """Return the scene drawn as large as a rectangle takes what is left of it without the roles in `skip`.

    It is drawn at most `largest` times as large as on its own page. Letters that are a little smaller than `least`
    points are drawn in that size.
    """
    groups = [group for group in scene.groups if group.role not in skip and group.shapes]
    around = _around([shape for group in groups for shape in group.shapes]) if groups else Box(0, 0, 1, 1)
    scale = min(frame.width / around.width, frame.height / around.height, largest)
    right = frame.left + (frame.width - around.width * scale) / 2 - around.x * scale
    down = frame.top + (frame.height - around.height * scale) / 2 - around.y * scale
    moved = (_moved(group, scale, right, down) for group in groups)
    return replace(scene, groups=tuple(_readable(group, least) for group in moved))


def height_at(scene: Scene, skip: Collection[str], size: float) -> float:
    """Return how high what is left of a scene without some roles stands where its smallest letters have a size."""
    shapes = [shape for group in scene.groups if group.role not in skip for shape in group.shapes]
    letters = [shape.size for shape in shapes if isinstance(shape, Text)]
    return _around(shapes).height * size / min(letters) if letters else 0.0


def _readable(group: Group, least: float) -> Group:
    shapes = (
        replace(shape, size=least) if isinstance(shape, Text) and least / _A_LITTLE <= shape.size < least else shape
        for shape in group.shapes
    )
    return replace(group, shapes=tuple(shapes))


def on_page(scene: Scene, width: float, height: float) -> Scene:
    """Return the scene drawn to fit a page of so many inches, centred across it."""
    scale = min(width / scene.width, height / scene.height)
    right = (width - scene.width * scale) / 2
    return replace(scene, groups=tuple(_moved(group, scale, right, 0.0) for group in scene.groups))


def _moved(group: Group, scale: float, right: float, down: float) -> Group:
    shapes = tuple(_placed(shape, scale, right, down) for shape in group.shapes)
    line = None if group.line is None else _placed_curve(group.line, scale, right, down)
    return replace(group, shapes=shapes, line=line)


def _placed(shape: Shape, scale: float, right: float, down: float) -> Shape:
    match shape:
        case Curve():
            return _placed_curve(shape, scale, right, down)
        case Box():
            shape = replace(shape, width=shape.width * scale, height=shape.height * scale, radius=shape.radius * scale)
            shape = replace(shape, weight=shape.weight * scale, dash=tuple(part * scale for part in shape.dash))
        case Disc():
            shape = replace(shape, radius=shape.radius * scale, weight=shape.weight * scale)
        case Text():
            size, width, spacing = shape.size * scale, shape.width * scale, shape.spacing * scale
            shape = replace(shape, size=size, width=width, spacing=spacing)
    return replace(shape, x=shape.x * scale + right, y=shape.y * scale + down)


def _placed_curve(curve: Curve, scale: float, right: float, down: float) -> Curve:
    def place(step: Segment) -> Segment:
        shifts = (right, down) * 3
        return (step[0], *(number * scale + shift for number, shift in zip(step[1:], shifts, strict=False)))  # type: ignore[return-value]  # as many numbers as before

    return replace(
        curve,
        steps=tuple(map(place, curve.steps)),
        weight=curve.weight * scale,
        dash=tuple(part * scale for part in curve.dash),
    )
