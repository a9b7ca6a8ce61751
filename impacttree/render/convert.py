"""A view in a named format, as bytes or text."""

from __future__ import annotations

from impacttree.render.drawing import draw_png
from impacttree.render.registry import find, formats_of
from impacttree.views import Chart, Diagram, View

__all__ = ["render", "supports", "to_pdf", "to_png", "to_svg"]


def render(view: View, format: str) -> bytes:  # noqa: A002 - the word that users know
    r"""Return the bytes of a file of `format` that shows `view`.

    Raises
    ------
    OutputError
        When this kind of view has no such format.
    MissingDependency
        When the format needs a package that is not installed.

    Examples
    --------
    >>> from impacttree.views import Headline
    >>> render(Headline("+1% engagement adds $17k"), "txt")
    b'+1% engagement adds $17k\n'
    """
    return find(view, format).draw(view)


def supports(view: View | type, format: str) -> bool:  # noqa: A002 - the word that users know
    """Return whether `view`, or every view of that class, can be drawn in `format`.

    Examples
    --------
    >>> from impacttree.views import Table
    >>> supports(Table, "csv"), supports(Table, "png")
    (True, False)
    """
    return format in formats_of(view)


def to_svg(view: View) -> str:
    """Return the picture of `view` as SVG."""
    return render(view, "svg").decode()


def to_png(view: View, scale: float = 2.0) -> bytes:
    """Return the picture of `view` as PNG; `scale` 1 gives 96 pixels per inch."""
    if not isinstance(view, Diagram | Chart):
        return render(view, "png")
    return draw_png(view, scale)


def to_pdf(view: View) -> bytes:
    """Return the picture of `view` as PDF."""
    return render(view, "pdf")
