"""The grid of a slide: margins, twelve columns, title, body and footer, for any size of page."""

from __future__ import annotations

from impacttree.records import dataclass
from impacttree.views.slides import COLUMNS, SlidePart

__all__ = ["Frame", "SlideGrid"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle in inches."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def within(self, left: float = 0.0, top: float = 0.0, right: float = 0.0, bottom: float = 0.0) -> Frame:
        """Return the rectangle with its sides moved inwards."""
        return Frame(self.left + left, self.top + top, self.width - left - right, self.height - top - bottom)


@dataclass(frozen=True, slots=True)
class SlideGrid:
    """Places on a page of `width` by `height` inches.

    Examples
    --------
    >>> SlideGrid(40 / 3, 7.5).title.top
    0.37
    """

    width: float
    height: float

    @property
    def margin(self) -> float:
        return 0.6 * min(1.0, self.width / (40 / 3))

    @property
    def title(self) -> Frame:
        """Two lines of 25 pt, anchored at the bottom, so that one line keeps the grid."""
        return Frame(self.margin, 0.37, self.width - 2 * self.margin, 0.83)

    @property
    def subtitle(self) -> Frame:
        return Frame(self.margin, 1.25, self.width - 2 * self.margin, 0.3)

    @property
    def body(self) -> Frame:
        return Frame(self.margin, 1.8, self.width - 2 * self.margin, self.height - 2.72)

    @property
    def below_title(self) -> Frame:
        """The body of a slide without a subtitle whose picture needs all the room there is: nearly all of the page."""
        top, side = self.title.bottom + 0.08, self.margin / 2
        return Frame(side, top, self.width - 2 * side, self.rule - 0.06 - top)

    @property
    def rule(self) -> float:
        """Where the line above the footer stands."""
        return self.height - 0.72

    @property
    def footer(self) -> Frame:
        return Frame(self.margin, self.height - 0.62, self.width - 2 * self.margin - 0.6, 0.42)

    def place(self, part: SlidePart) -> Frame:
        """Return where a part of a slide stands."""
        gutter = self.margin / 3
        pitch = (self.body.width + gutter) / COLUMNS
        return Frame(
            self.body.left + part.column * pitch,
            self.body.top + part.top * self.body.height,
            part.columns * pitch - gutter,
            (part.bottom - part.top) * self.body.height,
        )
