"""A chart view -> matplotlib figure -> SVG, PNG or PDF bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from impacttree.errors import MissingDependency, OutputError, Problem
from impacttree.render.chartdata import check_finite
from impacttree.render.layout.measure import clean
from impacttree.views import Bars, Chart, Distribution, Lines, Waterfall

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_chart", "to_figure"]

PIXELS_PER_INCH = 96
MOST_SCALE = 10
METADATA: Final[dict[str, dict[str, Any]]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
SETTINGS: Final[dict[str, Any]] = {
    "svg.hashsalt": "impacttree",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "text.parse_math": False,
    "text.hinting": "none",
    "path.simplify": False,
}
_DRAWING = Lock()
"""matplotlib's settings are shared by all threads."""


def to_figure(view: Chart) -> Figure:
    """Return `view` as a ``matplotlib.figure.Figure`` of its own, outside pyplot.

    Raises
    ------
    MissingDependency
        When matplotlib is not installed.
    OutputError
        When a value of the view is not finite.
    """
    check_finite(view)
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingDependency(
            Problem(reason="charts need matplotlib", fix="pip install 'impacttree[plot]', or save the answer as .txt")
        ) from error
    with _settings():
        figure = _draw(view)
    vars(figure)["_repr_png_"] = partial(_notebook_png, figure)  # outside pyplot, notebooks have no picture of it
    return figure


def _notebook_png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def draw_chart(view: Chart, file_format: str, scale: float = 2.0) -> bytes:
    """Return the picture of `view` as the bytes of an ``svg``, ``png`` or ``pdf`` file.

    Parameters
    ----------
    scale
        Size of a PNG: 1 gives 96 pixels per inch.
    """
    if not 0 < scale <= MOST_SCALE:
        raise OutputError(Problem(reason=f"a picture cannot be {scale} times its size", fix=f"use 0.5 to {MOST_SCALE}"))
    figure = to_figure(view)
    stream = io.BytesIO()
    with _settings(), _letters_drawn_as_boxes() as letters:
        dpi = PIXELS_PER_INCH * scale if file_format == "png" else 72
        figure.savefig(stream, format=file_format, dpi=dpi, metadata=METADATA[file_format])
    if file_format == "svg":
        return _with_portable_fonts(stream.getvalue())
    if letters:
        _warn(view.title, letters)
    return stream.getvalue()


def _draw(view: Chart) -> Figure:
    from impacttree.render.charts.distribution import draw_distribution
    from impacttree.render.charts.lines import draw_lines
    from impacttree.render.charts.tornado import draw_tornado
    from impacttree.render.charts.waterfall import draw_waterfall

    match view:
        case Bars():
            return draw_tornado(view)
        case Waterfall():
            return draw_waterfall(view)
        case Lines():
            return draw_lines(view)
        case Distribution():
            return draw_distribution(view)


@contextmanager
def _settings() -> Iterator[None]:
    """Draw with our settings whatever the user's are, and leave those as they were."""
    from matplotlib import style

    with _DRAWING, style.context(["default", SETTINGS]):
        yield


@contextmanager
def _letters_drawn_as_boxes() -> Iterator[set[str]]:
    """Collect the letters that no font at hand can show, instead of a warning of matplotlib's for each."""
    letters: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield letters
    for warning in caught:
        missing = re.match(r"Glyph (\d+) .*missing from font", str(warning.message))
        if missing:
            letters.add(chr(int(missing[1])))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _warn(title: str, letters: set[str]) -> None:
    shown = "".join(sorted(letters)[:20])
    warnings.warn(
        f"{clean(title)}: no font at hand shows {shown!r}; boxes stand in their place "
        "(an .svg file leaves them to the viewer's fonts)",
        stacklevel=3,
    )


def _with_portable_fonts(svg: bytes) -> bytes:
    """Bring the letters that are shown, and name fonts that are as wide as the vendored one."""
    from impacttree.render.charts.page import FAMILIES
    from impacttree.render.svg import FONT_FAMILY, with_letters

    vendored = ", ".join(map(repr, FAMILIES))
    named = svg.replace(f"font-family: {vendored}".encode(), f"font-family: {FONT_FAMILY}".encode())
    return with_letters(named.decode()).encode()
