"""Scene -> SVG text; SVG text -> PNG and PDF bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from impacttree.errors import MissingDependency, OutputError, Problem
from impacttree.render.scene import Box, Curve, Disc, Group, Scene, Shape, Text

if TYPE_CHECKING:
    from impacttree.views import Diagram

__all__ = ["FONT_FAMILY", "escape", "render_diagram_svg", "scene_to_svg", "svg_to_pdf", "svg_to_png"]

FONT_FAMILY = "Arial, 'Liberation Sans', Helvetica, sans-serif"
_FONTS = Path(__file__).parent / "fonts"
_VENDORED_FAMILY = "Impacttree Sans"
_POINTS = 72.0
_PIXELS = 96.0
_MAX_PIXELS = 100_000_000
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """Return `text` safe between tags and inside quoted attributes; what XML forbids becomes a visible box.

    >>> escape('R&D "</svg>"')
    'R&amp;D &quot;&lt;/svg&gt;&quot;'
    """
    return "".join(ch if _allowed(ch) else "□" for ch in text).translate(_ENTITIES)


def _allowed(ch: str) -> bool:
    code = ord(ch)
    if code < 0x20:
        return ch in "\t\n\r"
    return not (0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE)


def render_diagram_svg(diagram: Diagram) -> str:
    """Lay out `diagram` and return it as SVG text.

    >>> from impacttree.views import Card, Diagram
    >>> card = Card(id="revenue", kind="financial", label="Revenue", value="$1.2M", unit="per month")
    >>> svg = render_diagram_svg(Diagram("Revenue today", "", (card,), (), "revenue", ("revenue",)))
    >>> svg.startswith("<svg "), "$1.2M" in svg
    (True, True)
    """
    from impacttree.render.layout import layout

    return scene_to_svg(layout(diagram))


def scene_to_svg(scene: Scene) -> str:
    """Draw `scene`: one user unit is one point, the page has its natural size at 96 pixels per inch."""
    width, height = scene.width * _POINTS, scene.height * _POINTS
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(scene.width * _PIXELS)}"'
        f' height="{_number(scene.height * _PIXELS)}" viewBox="0 0 {_number(width)} {_number(height)}"'
        f' font-family="{FONT_FAMILY}" direction="ltr" role="img" style="max-width:100%;height:auto">',
        f"<title>{escape(scene.title)}</title>",
        f"<desc>{escape(scene.description)}</desc>",
        f'<rect width="{_number(width)}" height="{_number(height)}" fill="#ffffff"/>',
    ]
    for group in scene.groups:
        lines.extend(_group(group))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _group(group: Group) -> Iterator[str]:
    identity = f' data-id="{escape(group.id)}"' if group.id else ""
    yield f'<g class="{group.role}"{identity}>'
    if group.alt:
        yield f"<title>{escape(group.alt)}</title>"
    for shape in group.shapes:
        yield _shape(shape)
    yield "</g>"


def _shape(shape: Shape) -> str:
    match shape:
        case Box():
            rounded = f' rx="{_inch(shape.radius)}"' if shape.radius else ""
            return (
                f'<rect x="{_inch(shape.x)}" y="{_inch(shape.y)}" width="{_inch(shape.width)}"'
                f' height="{_inch(shape.height)}"{rounded}{_paint(shape)}{_dash(shape.dash)}/>'
            )
        case Disc():
            return f'<circle cx="{_inch(shape.x)}" cy="{_inch(shape.y)}" r="{_inch(shape.radius)}"{_paint(shape)}/>'
        case Curve():
            steps = "".join(step[0] + " ".join(_inch(value) for value in step[1:]) for step in shape.steps)
            return f'<path d="{steps}"{_paint(shape)}{_dash(shape.dash)}/>'
        case Text():
            return _text(shape)


def _text(text: Text) -> str:
    bold = ' font-weight="700"' if text.bold else ""
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    spacing = f' letter-spacing="{_number(text.spacing)}"' if text.spacing else ""
    halo = f' stroke="{text.halo}" stroke-width="2.5" paint-order="stroke"' if text.halo else ""
    return (
        f'<text x="{_inch(text.x)}" y="{_inch(text.y)}" font-size="{_number(text.size)}"{bold}{anchor}{spacing}'
        f' fill="{text.color}"{halo} xml:space="preserve">{escape(text.text)}</text>'
    )


def _paint(shape: Box | Curve | Disc) -> str:
    fill = f' fill="{shape.fill or "none"}"'
    if not shape.stroke:
        return fill
    return f'{fill} stroke="{shape.stroke}" stroke-width="{_number(shape.weight)}"'


def _dash(dash: tuple[float, ...]) -> str:
    return f' stroke-dasharray="{" ".join(_number(length) for length in dash)}"' if dash else ""


def _inch(value: float) -> str:
    return _number(value * _POINTS)


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def svg_to_png(svg: str, scale: float = 2.0) -> bytes:
    """Rasterise `svg` at `scale` times its natural size with the vendored font.

    Letters which that font lacks are looked for in the fonts of the machine, and are boxes where none has them.
    """
    try:
        import resvg_py
    except ImportError:
        raise MissingDependency(
            Problem(reason="PNG pictures need the package 'resvg-py'", fix="install it, or save as .svg")
        ) from None
    from impacttree.render.layout.measure import is_covered

    _check_pixels(svg, scale)
    fonts = [str(_FONTS / f"ImpacttreeSans-{style}.ttf") for style in ("Regular", "Bold")]
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=_vendored_first(svg),
                zoom=scale,
                dpi=96,
                skip_system_fonts=is_covered(svg),
                font_files=fonts,
                font_family=_VENDORED_FAMILY,
                sans_serif_family=_VENDORED_FAMILY,
            )
        )
    except ValueError as problem:
        raise OutputError(Problem(reason=f"the picture cannot be rasterised: {problem}")) from problem


def _check_pixels(svg: str, scale: float) -> None:
    import re

    found = re.search(r'<svg[^>]*? width="([\d.]+)[^"]*" height="([\d.]+)', svg[:2000])
    if not found:
        return
    width, height = float(found[1]) * scale, float(found[2]) * scale
    if width * height > _MAX_PIXELS:
        raise OutputError(
            Problem(
                reason=f"a picture of {width:,.0f} x {height:,.0f} pixels is too large",
                fix="use a smaller scale, or save as .svg or .pdf",
            )
        )


def svg_to_pdf(svg: str) -> bytes:
    """Return `svg` as a PDF page of its natural size (extra ``pdf``)."""
    try:
        import vl_convert
    except ImportError:
        raise MissingDependency(
            Problem(
                reason="PDF pictures need the package 'vl-convert-python'",
                fix="pip install 'impacttree[pdf]', or save as .svg or .png",
            )
        ) from None
    vl_convert.register_font_directory(str(_FONTS))
    return bytes(vl_convert.svg_to_pdf(_vendored_first(svg)))


def _vendored_first(svg: str) -> str:
    """Our own pens use our own font, whatever the machine has: the same picture everywhere."""
    return svg.replace(f'font-family="{FONT_FAMILY}"', f"font-family=\"'{_VENDORED_FAMILY}', {FONT_FAMILY}\"", 1)
