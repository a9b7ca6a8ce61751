"""The page that every chart stands on: title, subtitle, key and notes around a free body, all in inches."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from impacttree.records import dataclass
from impacttree.render.layout.measure import balanced, clean, text_width, wrap
from impacttree.render.layout.style import ACCENT_DARK, ACCENT_TINT, INK, MUTED, NAVY, PLAIN, PRODUCT, WHITE
from impacttree.views import Tone

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FAMILIES", "Dash", "Fill", "Page", "fill", "font", "lines_of"]

Dash = Literal["-"] | tuple[float, tuple[float, ...]]
"""A line style of matplotlib's."""
FAMILIES: Final = ("Impacttree Sans", "DejaVu Sans")
WIDTH, HEIGHT = 10.0, 5.625
"""A 16:9 page; it grows when there is more to show, and shrinks when there is little."""
MARGIN = 0.42
LEFT, RIGHT = MARGIN, WIDTH - MARGIN
TITLE_SIZES = (19.5, 18.0, 16.5, 15.0)
SUBTITLE, LABEL, VALUE, KEY, NOTE = 11.5, 10.5, 10.0, 9.0, 8.0
SUBTITLE_GAP = 0.04
LEADING = 1.25 / 72
"""Inches from line to line for each point of size."""
SHEET = -1000.0
"""Below everything that is drawn."""
MOST_LINES = 12
"""Lines of notes that are drawn; the text form of the view has them all."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How a bar is painted; favorable and adverse differ without color: filled against outlined."""

    face: str
    edge: str
    word: str


FILLS: Final[dict[Tone, Fill]] = {
    "favourable": Fill(PRODUCT, PRODUCT, "favourable"),
    "adverse": Fill(ACCENT_TINT, ACCENT_DARK, "adverse"),
    "neutral": Fill(PLAIN, PLAIN, "neutral"),
}
TOTAL: Final = Fill(NAVY, NAVY, "total")


def fill(tone: Tone) -> Fill:
    """Return the paint of a tone."""
    return FILLS[tone]


@cache
def _register_fonts() -> None:
    from matplotlib.font_manager import fontManager

    folder = Path(__file__).parent.parent / "fonts"
    for style in ("Regular", "Bold"):
        fontManager.addfont(folder / f"ImpacttreeSans-{style}.ttf")


def font(size: float, bold: bool = False, color: str = INK) -> dict[str, Any]:
    """Return the keywords that give a matplotlib text its font, and keep it from being read as mathematics."""
    weight = "bold" if bold else "normal"
    return {"family": list(FAMILIES), "size": size, "weight": weight, "color": color, "parse_math": False}


def lines_of(text: str, size: float, width: float, most: int, bold: bool = False) -> tuple[str, ...]:
    """Break `text` into at most `most` lines of `width` inches."""
    return wrap(clean(text), size, width, most, bold)


class Page:
    """A figure with its frame drawn; the body is free between `top` and `bottom`, in inches from the bottom edge.

    Everything hangs on the figure's own coordinates, and a white sheet fills them: whatever is asked of ``savefig``
    (a tight box, padding, a resolution, a colour behind it), the sheet is the same picture.

    Parameters
    ----------
    body
        Height in inches that the body needs at least, and that it fills well; between them the page stays 16:9.
    keys
        Paints to explain under the subtitle.
    """

    def __init__(
        self, title: str, subtitle: str, notes: Iterable[str], *, body: tuple[float, float], keys: Iterable[Fill] = ()
    ) -> None:
        from matplotlib.figure import Figure

        _register_fonts()
        size, head = _title(title)
        below = lines_of(subtitle, SUBTITLE, RIGHT - LEFT, 2)
        foot = _foot(notes)
        keys = tuple(keys)
        above = MARGIN + len(head) * size * LEADING + len(below) * SUBTITLE * LEADING + (0.34 if keys else 0.0) + 0.24
        beneath = 0.3 + len(foot) * NOTE * LEADING + (0.16 if foot else 0.0)
        least, good = (above + size + beneath for size in body)
        self.height = max(least, min(good, HEIGHT))
        self.figure: Figure = Figure(figsize=(WIDTH, self.height), facecolor=WHITE, label=title)
        self.top, self.bottom = self.height - above, beneath
        self._rectangle(0.0, 0.0, WIDTH, self.height, facecolor=WHITE, linewidth=0.0, zorder=SHEET)
        y = self.height - MARGIN + 0.06
        for text, points, bold, color in (
            *((line, size, True, INK) for line in head),
            *((line, SUBTITLE, False, MUTED) for line in below),
        ):
            y -= points * LEADING if bold else points * LEADING + SUBTITLE_GAP
            self.text(LEFT, y + points * 0.25 / 72, text, points, bold=bold, color=color)
        self._keys(keys, y - 0.27)
        for number, line in enumerate(reversed(foot)):
            self.text(LEFT, 0.3 + number * NOTE * LEADING, line, NOTE, color=MUTED)

    def text(self, x: float, y: float, text: str, size: float, **style: Any) -> None:
        """Write one line whose baseline is at `y`; `style` takes ``bold``, ``color`` and ``ha``."""
        aligned = style.pop("ha", "left")
        self.figure.text(x / WIDTH, y / self.height, text, ha=aligned, va="baseline", **font(size, **style))

    def line(self, points: Iterable[tuple[float, float]], color: str, width: float, dash: Dash = "-") -> None:
        """Draw a line through `points` in inches."""
        from matplotlib.lines import Line2D

        xs, ys = zip(*((x / WIDTH, y / self.height) for x, y in points), strict=True)
        self.figure.add_artist(Line2D(xs, ys, color=color, linewidth=width, linestyle=dash))

    def axes(self, left: float, bottom: float, right: float, top: float) -> Axes:
        """Return bare axes over a rectangle in inches."""
        box = (left / WIDTH, bottom / self.height, (right - left) / WIDTH, (top - bottom) / self.height)
        axes = self.figure.add_axes(box)
        axes.set_axis_off()
        return axes

    def _rectangle(self, x: float, y: float, width: float, height: float, **look: Any) -> None:
        from matplotlib.patches import Rectangle

        box = Rectangle((x / WIDTH, y / self.height), width / WIDTH, height / self.height, **look)
        self.figure.add_artist(box)

    def _keys(self, keys: Iterable[Fill], y: float) -> None:
        x = LEFT
        for key in keys:
            self._rectangle(x, y, 0.13, 0.11, facecolor=key.face, edgecolor=key.edge)
            self.text(x + 0.2, y + 0.005, key.word, KEY, color=MUTED)
            x += 0.2 + text_width(key.word, KEY) + 0.3


def _title(title: str) -> tuple[float, tuple[str, ...]]:
    """Return the largest size at which the title is one line, else two lines at the smallest."""
    for size in TITLE_SIZES:
        if text_width(clean(title), size, bold=True) <= RIGHT - LEFT:
            return size, (clean(title),) if title else ()
    return TITLE_SIZES[-1], balanced(clean(title), TITLE_SIZES[-1], RIGHT - LEFT, bold=True)


def _foot(notes: Iterable[str]) -> tuple[str, ...]:
    lines = [line for note in notes for line in lines_of(note, NOTE, RIGHT - LEFT, 4)]
    return tuple(lines[:MOST_LINES])
