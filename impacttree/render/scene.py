"""The picture before any pen: plain shapes at fixed places, grouped by what they mean.

Lengths are inches from the top left corner of the page; font sizes and line widths are points. A pen draws the groups
in order and each group's shapes in order; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impacttree.records import dataclass

__all__ = ["Anchor", "Box", "Curve", "Disc", "Group", "Scene", "Segment", "Shape", "ShapeRole", "Text"]

Anchor = Literal["start", "middle", "end"]
ShapeRole = Literal["title", "subtitle", "head", "connector", "card", "label", "callout", "panel", "legend", "footer"]
Segment = (
    tuple[Literal["M", "L"], float, float]
    | tuple[Literal["C"], float, float, float, float, float, float]
    | tuple[Literal["Z"]]
)
"""One segment of a curve: move to, line to, cubic to (two handles, then the end), close."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `radius` rounds its corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: str = ""
    stroke: str = ""
    weight: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A line or an area of straight and cubic steps."""

    steps: tuple[Segment, ...]
    fill: str = ""
    stroke: str = ""
    weight: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle about its centre."""

    x: float
    y: float
    radius: float
    fill: str = ""
    stroke: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text on its baseline; `width` is what it was measured at, `spacing` is extra points per letter."""

    x: float
    y: float
    text: str
    size: float
    color: str
    width: float
    bold: bool = False
    anchor: Anchor = "start"
    spacing: float = 0.0
    halo: str = ""
    """Colour of an outline behind the letters; empty for none."""

    @property
    def left(self) -> float:
        """Where the measured text begins."""
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width


Shape = Box | Curve | Disc | Text


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes that belong together: a card, a connector, a label; pens make one object of each.

    `id` names the card, or both ends of a connector or label as ``source>target``; `alt` says in words what is drawn.
    """

    role: ShapeRole
    shapes: tuple[Shape, ...]
    id: str = ""
    alt: str = ""
    source: str = ""
    target: str = ""
    line: Curve | None = None
    """Of a connector: its line as far as the point of its head, for pens that draw lines with heads of their own."""
    headed: bool = False
    """Whether that line ends in a head."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A laid out page, in inches."""

    width: float
    height: float
    title: str
    description: str
    """The whole picture in words, for those who cannot see it."""
    groups: tuple[Group, ...]
    warnings: tuple[str, ...] = ()
    """What the picture could not show: labels without room, letters without a glyph."""

    def shapes(self) -> Iterator[Shape]:
        """Yield every shape, in drawing order."""
        for group in self.groups:
            yield from group.shapes
