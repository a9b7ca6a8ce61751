from __future__ import annotations

import base64
import builtins
import io
import json
import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import MissingDependency, OutputError
from impacttree.render import render
from impacttree.render.fonts import installed
from impacttree.render.layout import layout
from impacttree.render.layout.measure import is_covered
from impacttree.render.scene import Box, Disc, Group, Scene, Text
from impacttree.render.svg import (
    FONT_FAMILY,
    escape,
    fitted,
    render_diagram_svg,
    scene_to_svg,
    svg_to_pdf,
    svg_to_png,
    told_of_missing_letters,
    with_letters,
)
from impacttree.views import Card, Diagram
from tests.render import diagrams
from tests.render.checks import hard

SVG = "{http://www.w3.org/2000/svg}"


def scene(*shapes: Any) -> Scene:
    return Scene(2.0, 1.0, "A title", "In words", (Group("card", tuple(shapes), id="revenue", alt="Revenue: 5"),))


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and unfiltered-enough image data of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    data, at = b"", 8
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24]), zlib.decompress(data)


def test_lengths_are_points_on_a_page_of_natural_size() -> None:
    root = ElementTree.fromstring(scene_to_svg(scene(Box(0.5, 0.25, 1.0, 0.5, fill="#ffffff"))))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("192", "96", "0 0 144 72")
    box = root.findall(f".//{SVG}g/{SVG}rect")[0]
    assert (box.get("x"), box.get("y"), box.get("width"), box.get("height")) == ("36", "18", "72", "36")


def test_the_picture_speaks() -> None:
    root = ElementTree.fromstring(scene_to_svg(scene(Disc(1, 1, 0.1, fill="#000000"))))
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert (root[0].text, root[1].text) == ("A title", "In words")
    group = root.find(f"{SVG}g")
    assert group is not None
    assert (group.get("class"), group.get("data-id"), group[0].text) == ("card", "revenue", "Revenue: 5")


def test_the_font_family_names_what_readers_have() -> None:
    assert FONT_FAMILY == "Arial, 'Liberation Sans', Helvetica, sans-serif"
    assert f'font-family="{FONT_FAMILY}"' in scene_to_svg(scene())
    assert f"font-family=\"'Impacttree Sans', {FONT_FAMILY}\"" in render_diagram_svg(diagrams.two())


def test_a_picture_brings_the_letters_it_shows_and_no_others() -> None:
    ttlib = pytest.importorskip("fontTools.ttLib")
    drawn = layout(diagrams.alphabets())
    svg = with_letters(scene_to_svg(drawn))
    for weight, bold in (("400", False), ("700", True)):
        (data,) = re.findall(rf"font-weight:{weight};src:url\(data:font/ttf;base64,([^)]*)\)", svg)
        font = ttlib.TTFont(io.BytesIO(base64.b64decode(data)))
        words = {ch for shape in drawn.shapes() if isinstance(shape, Text) and shape.bold == bold for ch in shape.text}
        assert set(map(chr, font.getBestCmap())) == {ch for ch in words if is_covered(ch)}


def test_a_picture_without_text_brings_no_font() -> None:
    svg = scene_to_svg(scene())
    assert with_letters(svg) == svg


def test_a_fitted_picture_takes_the_width_it_is_given() -> None:
    svg = render_diagram_svg(diagrams.two())
    before, after = ElementTree.fromstring(svg), ElementTree.fromstring(fitted(svg))
    assert (after.get("width"), after.get("height")) == ("100%", None)
    assert after.get("viewBox") == before.get("viewBox")
    assert len(list(after.iter())) == len(list(before.iter()))


def test_letters_that_no_font_here_has_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = layout(diagrams.alphabets())
    monkeypatch.setattr(installed, "absent", lambda letters: letters[:3])
    told = told_of_missing_letters(drawn)
    assert told.groups[-1].alt == "3 letters that no font here has: a box stands for each."
    assert any("no font here has" in warning for warning in told.warnings)
    assert hard(told) == []
    monkeypatch.setattr(installed, "absent", lambda letters: "")
    assert told_of_missing_letters(drawn) == drawn
    plain = layout(diagrams.sample18())
    monkeypatch.setattr(installed, "absent", None)  # where nothing is lacking, no font of the machine is opened
    assert told_of_missing_letters(plain) is plain


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.parametrize("name", ["saas25", "board-saas"])
def test_every_text_is_as_wide_in_a_browser_without_arial_as_it_was_measured(name: str, tmp_path: Path) -> None:
    drawn = layout(diagrams.NAMED[name]())
    texts = [shape for shape in drawn.shapes() if isinstance(shape, Text)]
    for text, width in zip(texts, browser_widths(with_letters(scene_to_svg(drawn)), tmp_path), strict=True):
        assert width == pytest.approx(72 * text.width, rel=0.005, abs=0.05), text.text


def browser_widths(svg: str, folder: Path) -> list[float]:
    """How wide Chromium draws each text when the machine has one font, which is wider than Arial."""
    fonts = folder / "fonts"
    fonts.mkdir()
    matplotlib = pytest.importorskip("matplotlib")
    shutil.copy(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", fonts)
    settings = folder / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
    script = (
        "Promise.all([...document.fonts].map(face => face.load())).then(() => { document.title = JSON.stringify("
        "[...document.querySelectorAll('svg text')].map(text => text.getComputedTextLength())) })"
    )
    page = folder / "page.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'><title></title>{svg}<script>{script}</script>", "utf-8")
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
        env={**os.environ, "FONTCONFIG_FILE": str(settings), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found
    widths: list[float] = json.loads(found[1])
    return widths


@given(st.text())
def test_any_text_comes_back_from_the_markup(text: str) -> None:
    root = ElementTree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    shown = root.text or ""
    assert len(shown) == len(text.replace("\r\n", "\n"))
    assert all(one in (two, "□", "\n") for one, two in zip(shown, text.replace("\r\n", "\n"), strict=True))


def test_what_xml_forbids_is_a_box_and_nothing_else_is() -> None:
    forbidden = (0x00, 0x08, 0x0B, 0x0C, 0x0E, 0x1F, 0x7F, 0x9F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF)
    assert escape("".join(map(chr, forbidden))) == "□" * len(forbidden)
    allowed = "".join(
        map(chr, (0x09, 0x0A, 0x0D, 0x20, 0x7E, 0xA0, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1FFFD, 0x10FFFD))
    )
    assert escape(allowed) == allowed


def test_names_cannot_leave_their_place() -> None:
    svg = render_diagram_svg(diagrams.hostile())
    root = ElementTree.fromstring(svg)
    allowed = {"svg", "title", "desc", "rect", "circle", "path", "text", "g", "style"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    names = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert svg.count("</svg>") == 1


def test_the_picture_uses_nothing_from_outside() -> None:
    svg = render_diagram_svg(diagrams.saas25())
    assert svg.count("url(") == svg.count("url(data:font/ttf;base64,") == 2
    assert "href" not in svg
    assert svg.count("http") == 1


def test_text_is_drawn_with_the_vendored_font_alone() -> None:
    blank = svg_to_png(scene_to_svg(scene()), 1.0)
    letters = svg_to_png(scene_to_svg(scene(Text(0.2, 0.6, "Revenue", 20.0, "#000000", 1.0))), 1.0)
    assert pixels(blank)[2] != pixels(letters)[2]


def test_png_has_the_scale_asked_for() -> None:
    svg = render_diagram_svg(diagrams.funnel5())
    assert pixels(svg_to_png(svg, 1.0))[:2] == (1280, 720)
    assert pixels(svg_to_png(svg))[:2] == (2560, 1440)


def test_same_picture_same_bytes() -> None:
    assert svg_to_png(render_diagram_svg(diagrams.two()), 1.0) == svg_to_png(render_diagram_svg(diagrams.two()), 1.0)


def test_letters_without_a_glyph_still_draw() -> None:
    japanese = scene_to_svg(scene(Text(0.2, 0.6, "週次", 20.0, "#000000", 1.0)))
    assert pixels(svg_to_png(japanese, 1.0))[2] != pixels(svg_to_png(scene_to_svg(scene()), 1.0))[2]


def test_a_picture_too_large_to_hold_is_refused() -> None:
    with pytest.raises(OutputError, match="too large"):
        svg_to_png(scene_to_svg(scene()), 1000.0)


def test_broken_markup_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="cannot be rasterised"):
        svg_to_png("<svg")


def test_pdf_is_a_page_of_natural_size() -> None:
    pdf = svg_to_pdf(render_diagram_svg(diagrams.two()))
    assert pdf.startswith(b"%PDF-")


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("vl_convert", "resvg_py"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"impacttree\[pdf\]"):
        svg_to_pdf("<svg/>")
    with pytest.raises(MissingDependency, match="resvg"):
        svg_to_png("<svg/>")


def test_every_shape_of_a_real_scene_is_drawn() -> None:
    drawn = layout(diagrams.saas25())
    root = ElementTree.fromstring(scene_to_svg(drawn))
    marks = [e for e in root.iter() if e.tag.removeprefix(SVG) in ("rect", "circle", "path", "text")]
    assert len(marks) == len(list(drawn.shapes())) + 1


@pytest.mark.filterwarnings("default:.*no font here has")  # on a machine without a Japanese font
def test_letters_that_the_font_lacks_are_warned_of_in_pictures_with_their_own_fonts():
    card = Card(id="profit", kind="financial", label="利益", value="$1", unit="")
    diagram = Diagram("Profit", "", (card,), (), "profit", ("profit",))
    with pytest.warns(UserWarning, match=r"lacks 2 letter\(s\): 利益"):
        assert render(diagram, "png").startswith(b"\x89PNG")
    assert "利益" in render(diagram, "svg").decode()
