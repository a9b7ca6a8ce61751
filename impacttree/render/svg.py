"""Scene -> SVG text, with the letters it needs or without; SVG text -> PNG and PDF bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from impacttree.errors import MissingDependency, OutputError, Problem
from impacttree.render.layout.style import MUTED
from impacttree.render.scene import Box, Curve, Disc, Group, Scene, Shape, Text

if TYPE_CHECKING:
    from impacttree.views import Diagram

__all__ = [
    "FONT_FAMILY",
    "escape",
    "fitted",
    "render_diagram_svg",
    "scene_to_svg",
    "svg_to_pdf",
    "svg_to_png",
    "told_of_missing_letters",
    "with_letters",
]

FONT_FAMILY = "Arial, 'Liberation Sans', Helvetica, sans-serif"
_FONTS = Path(__file__).parent / "fonts"
_VENDORED_FAMILY = "Impacttree Sans"
_POINTS = 72.0
_PIXELS = 96.0
_MAX_PIXELS = 100_000_000
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
    + "".join(map(chr, (plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))))
    + "]"
)
"""Controls, halves of pairs, and the two code points at the end of each plane that are not letters."""
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """Return `text` safe between tags and inside quoted attributes; what XML forbids becomes a visible box.

    >>> escape('R&D "</svg>"')
    'R&amp;D &quot;&lt;/svg&gt;&quot;'
    """
    if not text.isprintable():
        text = _FORBIDDEN.sub("□", text)
    return text.translate(_ENTITIES)


def render_diagram_svg(diagram: Diagram) -> str:
    """Lay out `diagram` and return it as SVG text.

    >>> from impacttree.views import Card, Diagram
    >>> card = Card(id="revenue", kind="financial", label="Revenue", value="$1.2M", unit="per month")
    >>> svg = render_diagram_svg(Diagram("Revenue today", "", (card,), (), "revenue", ("revenue",)))
    >>> svg.startswith("<svg "), "$1.2M" in svg
    (True, True)
    """
    from impacttree.render.layout import layout

    return with_letters(scene_to_svg(layout(diagram)))


def with_letters(svg: str) -> str:
    """Return `svg` with the letters that it shows as a font of its own, so that text has its size in every reader.

    Letters that the vendored font lacks are left to the reader's fonts.

    >>> svg = with_letters(f'<svg font-family="{FONT_FAMILY}"><text>$17k</text></svg>')
    >>> svg.count("@font-face"), svg.count(f"'Impacttree Sans', {FONT_FAMILY}")
    (1, 1)
    """
    letters: dict[str, set[str]] = {"400": set(), "700": set()}
    for tag, words in re.findall(r"<text\b([^>]*)>(.*?)</text>", svg, re.DOTALL):
        weight = "700" if re.search(r"\b(700|bold)\b", tag) else "400"
        letters[weight].update(unescape(re.sub(r"<[^>]*>", "", words)))
    faces = "".join(
        f"@font-face{{font-family:'{_VENDORED_FAMILY}';font-weight:{weight};src:url({_font_data(weight, shown)})}}"
        for weight, shown in ((weight, "".join(sorted(found))) for weight, found in letters.items())
        if shown.strip()
    )
    if not faces:
        return svg
    place = svg.index(">", svg.index("<svg")) + 1
    exact = ' text-rendering="geometricPrecision"'  # else readers round the width of each letter to pixels
    own = svg[: place - 1] + exact + f"><style>{faces}</style>" + svg[place:]
    return own.replace(FONT_FAMILY, f"'{_VENDORED_FAMILY}', {FONT_FAMILY}")


def fitted(svg: str) -> str:
    """Return `svg` as wide as what it stands in, for notebooks, which show it as an image without a style.

    >>> fitted('<svg width="1280" height="720" viewBox="0 0 960 540">')
    '<svg width="100%" viewBox="0 0 960 540">'
    """
    start = svg.index("<svg")
    end = svg.index(">", start)
    root = re.sub(r' height="[^"]*"', "", svg[start:end], count=1)
    return svg[:start] + re.sub(r' width="[^"]*"', ' width="100%"', root, count=1) + svg[end:]


@lru_cache(maxsize=32)
def _font_data(weight: str, letters: str) -> str:
    from base64 import b64encode

    from impacttree.render.fonts.truetype import subset

    style = "Bold" if weight == "700" else "Regular"
    font = subset((_FONTS / f"ImpacttreeSans-{style}.ttf").read_bytes(), letters)
    return f"data:font/ttf;base64,{b64encode(font).decode('ascii')}"


def told_of_missing_letters(scene: Scene) -> Scene:
    """Return `scene` for a pen that draws on this machine: letters that no font here shows are owned up to in it."""
    from impacttree.render.fonts.installed import absent
    from impacttree.render.layout.measure import text_width, uncovered

    lacking = uncovered("".join(shape.text for shape in scene.shapes() if isinstance(shape, Text)))
    missing = absent(lacking) if lacking else ""
    if not missing:
        return scene
    words = f"{len(missing)} letter{'s' * (len(missing) > 1)} that no font here has: a box stands for each."
    size = 7.0 * scene.height / 7.5 if scene.height > 7.5 else 7.0
    width = text_width(words, size)
    note = Text(scene.width - 0.45, scene.height - 0.06, words, size, MUTED, width, anchor="end")
    return replace(
        scene,
        groups=(*scene.groups, Group("footer", (note,), alt=words)),
        warnings=(*scene.warnings, f"no font here has {missing[:20]}: a box stands for each letter"),
    )


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
    """Return the picture with our own font first, so that it is the same whatever fonts a machine has."""
    if _VENDORED_FAMILY in svg:
        return svg
    return svg.replace(f'font-family="{FONT_FAMILY}"', f"font-family=\"'{_VENDORED_FAMILY}', {FONT_FAMILY}\"", 1)
