"""A chart view -> matplotlib figure -> SVG, PNG or PDF bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from impacttree.errors import MissingDependency, OutputError, Problem
from impacttree.render.chartdata import check_finite
from impacttree.render.layout.measure import clean
from impacttree.views import Bars, Lines, Waterfall

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


def to_figure(view: Bars | Waterfall | Lines) -> Figure:
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
        return _draw(view)


def draw_chart(view: Bars | Waterfall | Lines, file_format: str, scale: float = 2.0) -> bytes:
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
    with _settings(), _one_warning(figure):
        dpi = PIXELS_PER_INCH * scale if file_format == "png" else 72
        figure.savefig(stream, format=file_format, dpi=dpi, metadata=METADATA[file_format])
    content = stream.getvalue()
    return _with_portable_fonts(content) if file_format == "svg" else content


def _draw(view: Bars | Waterfall | Lines) -> Figure:
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


@contextmanager
def _settings() -> Iterator[None]:
    """Draw with our settings whatever the user's are, and leave those as they were."""
    from matplotlib import style

    with _DRAWING, style.context(["default", SETTINGS]):
        yield


@contextmanager
def _one_warning(figure: Figure) -> Iterator[None]:
    """Say once, in our words, which letters are drawn as boxes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = [warning for warning in caught if "missing from font" in str(warning.message)]
    for warning in caught:
        if warning not in missing:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing:
        title = figure.get_label() or "the chart"
        warnings.warn(
            f"{clean(str(title))}: the fonts at hand lack {len(missing)} of its letters, which are drawn as boxes; "
            "an .svg file shows them where the viewer has a font for them",
            stacklevel=4,
        )


def _with_portable_fonts(svg: bytes) -> bytes:
    """Name fonts that every viewer has and that are as wide as the vendored one."""
    from impacttree.render.charts.page import FAMILIES
    from impacttree.render.svg import FONT_FAMILY

    vendored = ", ".join(map(repr, FAMILIES))
    return svg.replace(f"font-family: {vendored}".encode(), f"font-family: {FONT_FAMILY}".encode())
