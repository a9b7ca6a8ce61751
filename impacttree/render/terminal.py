"""Any view as a rich renderable: the layout of `impacttree.render.text` with color for tones and heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from impacttree.render.pieces import Line, Role
from impacttree.render.text import lines
from impacttree.views import View

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

__all__ = ["Printed", "to_rich"]

STYLES: Final[dict[Role, str]] = {
    "plain": "",
    "title": "bold",
    "label": "bold dim",
    "muted": "dim",
    "favourable": "green",
    "adverse": "red",
}


class Printed:
    """A view laid out for the console's width when it is printed."""

    def __init__(self, view: View) -> None:
        self.view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in lines(self.view, options.max_width):
            yield _text(line)


def to_rich(view: View) -> Printed:
    """Return `view` as an object that ``rich.console.Console.print`` prints.

    Text is never read as markup, and every color goes with a sign or a word, so nothing is lost without color.
    """
    return Printed(view)


def _text(line: Line) -> Text:
    from rich.text import Text

    return Text.assemble(*((text, STYLES[role]) for text, role in line), no_wrap=True, overflow="ignore", end="\n")
