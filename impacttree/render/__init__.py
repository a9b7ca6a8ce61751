"""Views -> text, HTML, Markdown, SVG, PNG, PDF, DOT, Mermaid, CSV: renderers paint, and compute no model number.

Names are imported from their modules when they are first used, so that a command which prints text loads no drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.contents import contents

if TYPE_CHECKING:
    from impacttree.render.charts.draw import to_figure
    from impacttree.render.convert import (
        render,
        supports,
        to_pdf,
        to_png,
        to_svg,
    )
    from impacttree.render.csv import to_csv
    from impacttree.render.dot import draw_with_dot, to_digraph, to_dot
    from impacttree.render.files import save
    from impacttree.render.html import to_html, to_page
    from impacttree.render.markdown import to_markdown
    from impacttree.render.mermaid import to_mermaid
    from impacttree.render.notebook import mimebundle
    from impacttree.render.registry import Renderer, formats_of, renderers
    from impacttree.render.terminal import to_rich
    from impacttree.render.text import to_text

__all__ = [
    "Renderer",
    "draw_with_dot",
    "formats_of",
    "mimebundle",
    "render",
    "renderers",
    "save",
    "supports",
    "to_csv",
    "to_digraph",
    "to_dot",
    "to_figure",
    "to_html",
    "to_markdown",
    "to_mermaid",
    "to_page",
    "to_pdf",
    "to_png",
    "to_rich",
    "to_svg",
    "to_text",
]

_HOME = {
    "Renderer": "registry",
    "draw_with_dot": "dot",
    "formats_of": "registry",
    "mimebundle": "notebook",
    "render": "convert",
    "renderers": "registry",
    "save": "files",
    "supports": "convert",
    "to_csv": "csv",
    "to_digraph": "dot",
    "to_dot": "dot",
    "to_figure": "charts.draw",
    "to_html": "html",
    "to_markdown": "markdown",
    "to_mermaid": "mermaid",
    "to_page": "html",
    "to_pdf": "convert",
    "to_png": "convert",
    "to_rich": "terminal",
    "to_svg": "convert",
    "to_text": "text",
}


__getattr__, __dir__ = contents(__name__, _HOME)
