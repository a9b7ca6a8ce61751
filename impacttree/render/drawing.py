"""Drawn views as bytes of SVG, PNG and PDF: the diagram by our own cards, charts by matplotlib."""

from __future__ import annotations

from impacttree.views import Chart, Diagram

__all__ = ["draw_pdf", "draw_png", "draw_svg"]


def draw_svg(view: Chart | Diagram) -> bytes:
    """Return the picture of `view` as an SVG file."""
    if not isinstance(view, Diagram):
        return _chart(view, "svg")
    from impacttree.render.svg import render_diagram_svg

    return render_diagram_svg(view).encode()


def draw_png(view: Chart | Diagram, scale: float = 2.0) -> bytes:
    """Return the picture of `view` as a PNG file; `scale` 1 gives 96 pixels per inch."""
    if not isinstance(view, Diagram):
        return _chart(view, "png", scale)
    from impacttree.render.svg import svg_to_png

    return svg_to_png(_warned_svg(view), scale)


def draw_pdf(view: Chart | Diagram) -> bytes:
    """Return the picture of `view` as a PDF file."""
    if not isinstance(view, Diagram):
        return _chart(view, "pdf")
    from impacttree.render.pdf import ordered
    from impacttree.render.svg import svg_to_pdf

    return ordered(svg_to_pdf(_warned_svg(view)))


def _chart(view: Chart, file_format: str, scale: float = 2.0) -> bytes:
    from impacttree.render.charts import draw_chart

    return draw_chart(view, file_format, scale)


def _warned_svg(diagram: Diagram) -> str:
    """Return a diagram as SVG for a page that brings its own fonts, and warn of what it cannot show."""
    import warnings

    from impacttree.render.layout import layout
    from impacttree.render.svg import scene_to_svg, told_of_missing_letters

    scene = told_of_missing_letters(layout(diagram))
    for text in scene.warnings:
        warnings.warn(f"{diagram.title[:60]}: {text}", stacklevel=3)
    return scene_to_svg(scene)
