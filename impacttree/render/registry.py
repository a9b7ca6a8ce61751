"""Which pictures can be drawn in which formats: a table of renderers, open to other packages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from impacttree.errors import OutputError, Problem, nearest
from impacttree.records import dataclass
from impacttree.render.drawing import draw_pdf, draw_png, draw_svg
from impacttree.views import Bars, Diagram, Distribution, Headline, Lines, Table, View, Waterfall

__all__ = ["GROUP", "Renderer", "find", "format_for_suffix", "formats_of", "renderers"]

GROUP = "impacttree.renderers"
"""Entry point group in which other packages offer a `Renderer`."""

PICTURES: tuple[type, ...] = (Bars, Waterfall, Lines, Distribution, Diagram)
ALL: tuple[type, ...] = (Headline, Table, *PICTURES)


@dataclass(frozen=True, slots=True)
class Renderer:
    """One way to draw some views in one format.

    Parameters
    ----------
    format
        Name of the format, as users write it: ``"svg"``.
    views
        Classes of `impacttree.views` that it draws.
    draw
        Turns such a view into the bytes of a file; imports what it needs only when called.
    suffixes
        File suffixes with their dot that mean this format; by default the dot and the format's name.

    Examples
    --------
    A package offers a format by an entry point in the group ``impacttree.renderers`` that names a `Renderer`:

    >>> from impacttree.render import Renderer
    >>> from impacttree.views import Headline
    >>> shout = Renderer("shout", (Headline,), lambda headline: headline.title.upper().encode())
    >>> shout.draw(Headline("+1% engagement adds $17k")), shout.suffixes
    (b'+1% ENGAGEMENT ADDS $17K', ('.shout',))
    """

    format: str
    views: tuple[type, ...]
    draw: Callable[[Any], bytes]
    suffixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.suffixes:
            object.__setattr__(self, "suffixes", (f".{self.format}",))


def _text(view: View) -> bytes:
    from impacttree.render.text import to_text

    return f"{to_text(view)}\n".encode()


def _page(view: View) -> bytes:
    from impacttree.render.html import to_page

    return to_page(view).encode()


def _markdown(view: View) -> bytes:
    from impacttree.render.markdown import to_markdown

    return f"{to_markdown(view)}\n".encode()


def _csv(table: Table) -> bytes:
    from impacttree.render.csv import to_csv

    return to_csv(table)


def _dot(diagram: Diagram) -> bytes:
    from impacttree.render.dot import to_dot

    return to_dot(diagram).encode()


def _mermaid(diagram: Diagram) -> bytes:
    from impacttree.render.mermaid import to_mermaid

    return to_mermaid(diagram).encode()


def _pptx(view: Any) -> bytes:
    from impacttree.render.pptx.slides import view_to_pptx

    return view_to_pptx(view)


BUILT_IN: tuple[Renderer, ...] = (
    Renderer("txt", ALL, _text),
    Renderer("html", ALL, _page, (".html", ".htm")),
    Renderer("md", ALL, _markdown, (".md", ".markdown")),
    Renderer("csv", (Table,), _csv),
    Renderer("svg", PICTURES, draw_svg),
    Renderer("png", PICTURES, draw_png),
    Renderer("pdf", PICTURES, draw_pdf),
    Renderer("pptx", (Table, *PICTURES), _pptx),
    Renderer("dot", (Diagram,), _dot, (".dot", ".gv")),
    Renderer("mmd", (Diagram,), _mermaid, (".mmd", ".mermaid")),
)


def renderers() -> tuple[Renderer, ...]:
    """Return every renderer, this package's own first: where two draw the same, the first is used."""
    return (*BUILT_IN, *_plugins())


@cache
def _plugins() -> tuple[Renderer, ...]:
    from importlib.metadata import entry_points

    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            renderer = point.load()
        except Exception as error:
            raise OutputError(_broken(point.value, f"it fails to load: {error}")) from error
        if not isinstance(renderer, Renderer):
            raise OutputError(_broken(point.value, f"it is a {type(renderer).__name__}, not a Renderer"))
        found.append(renderer)
    return tuple(found)


def _broken(value: str, why: str) -> Problem:
    return Problem(reason=f"renderer {value}: {why}", fix="update or uninstall the package that offers it")


def find(view: View, file_format: str) -> Renderer:
    """Return the renderer that draws `view` in a format.

    Raises
    ------
    OutputError
        When there is none; the message lists the formats of this kind of view.
    """
    found = _first(BUILT_IN, view, file_format) or _first(_plugins(), view, file_format)
    if found:
        return found
    kind = type(view).__name__
    known = formats_of(view)
    raise OutputError(
        Problem(
            reason=f"a {kind} cannot be written as {file_format!r}{nearest(file_format, known)}",
            fix=f"formats of a {kind} are {', '.join(known) or 'none'}",
        )
    )


def _first(among: tuple[Renderer, ...], view: View, file_format: str) -> Renderer | None:
    return next((r for r in among if r.format == file_format and isinstance(view, r.views)), None)


def formats_of(view: View | type) -> tuple[str, ...]:
    """Return the formats in which a view, or a class of views, can be drawn."""
    kind = view if isinstance(view, type) else type(view)
    return tuple(dict.fromkeys(r.format for r in renderers() if issubclass(kind, r.views)))


def format_for_suffix(suffix: str) -> str:
    """Return the format that a file's suffix means.

    Raises
    ------
    OutputError
        When no renderer claims the suffix.
    """
    for known in renderers():
        if suffix.lower() in known.suffixes:
            return known.format
    suffixes = tuple(dict.fromkeys(suffix for known in renderers() for suffix in known.suffixes))
    shown = f"suffix {suffix!r}" if suffix else "a file name without a suffix"
    raise OutputError(
        Problem(
            reason=f"{shown} names no known format{nearest(suffix, suffixes)}",
            fix=f"use one of {', '.join(suffixes)}",
        )
    )
