"""What holds for every view in every format, found from the table of renderers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zlib
from xml.etree import ElementTree

import pytest

from impacttree.render import formats_of, render, renderers
from impacttree.views import Lines, Series, View
from tests.render.views import EMPTY, HOSTILE_TEXTS, VIEWS, hostile

SMALL = ("headline", "table", "shares", "with-range", "fan", "distribution", "diagram")
CASES = [(name, file_format) for name in SMALL for file_format in formats_of(VIEWS[name])]


def test_every_kind_of_view_and_every_format_is_covered() -> None:
    covered = {(type(VIEWS[name]), file_format) for name, file_format in CASES}
    assert covered == {(view, renderer.format) for renderer in renderers() for view in renderer.views}


@pytest.mark.parametrize(("name", "file_format"), CASES)
def test_the_same_view_gives_the_same_bytes(name: str, file_format: str) -> None:
    first = render(VIEWS[name], file_format)
    assert first
    assert render(VIEWS[name], file_format) == first


SCRIPT = """
import hashlib
from impacttree.render import formats_of, render
from tests.render.views import VIEWS
for name in {names!r}:
    for file_format in formats_of(VIEWS[name]):
        print(name, file_format, hashlib.sha256(render(VIEWS[name], file_format)).hexdigest())
"""


@pytest.mark.slow
def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(names=SMALL)],
        env=os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [tuple(line.split()) for line in done.stdout.splitlines()]
    expected = [
        (name, file_format, hashlib.sha256(render(VIEWS[name], file_format)).hexdigest())
        for name in SMALL
        for file_format in formats_of(VIEWS[name])
    ]
    assert lines == expected


@pytest.mark.parametrize("view", EMPTY, ids=lambda view: type(view).__name__)
def test_empty_views_are_drawn_in_every_format(view: View) -> None:
    for file_format in formats_of(view):
        assert isinstance(render(view, file_format), bytes)


def structure(svg: bytes) -> tuple[set[str], set[str]]:
    elements = list(ElementTree.fromstring(svg).iter())
    return {element.tag for element in elements}, {name for element in elements for name in element.attrib}


SCRIPTING = {"script", "a", "foreignObject", "image", "animate", "set", "iframe"}


CHARTS = ("with-range", "fan", "distribution")


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize(
    "name", ["shares", "diagram", *(pytest.param(name, marks=pytest.mark.slow) for name in CHARTS)]
)
def test_hostile_text_brings_nothing_alive_into_svg(name: str, text: str) -> None:
    tags, attributes = structure(render(hostile(VIEWS[name], text), "svg"))
    known_tags, known_attributes = structure(render(hostile(VIEWS[name], "harmless text"), "svg"))
    assert tags <= known_tags
    assert attributes <= known_attributes
    assert not {tag.rsplit("}")[-1] for tag in tags} & SCRIPTING
    assert not any(attribute.startswith("on") for attribute in attributes)


@pytest.mark.parametrize("name", ["shares", "with-range", "fan", "distribution"])
def test_the_words_of_a_chart_can_be_searched_in_svg(name: str) -> None:
    text = render(hostile(VIEWS[name], 'R&D <b>"x"</b>'), "svg").decode()
    shown = ["".join(element.itertext()) for element in ElementTree.fromstring(text).iter() if element.text]
    assert any('R&D <b>"x"</b>' in words for words in shown)


@pytest.mark.parametrize("text", ["<script>", "(evil) Tj ET \\", "%%EOF"])
def test_hostile_text_leaves_a_pdf_whole(text: str) -> None:
    pdf = render(hostile(VIEWS["tornado"], text), "pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pdf.count(b"endobj") == pdf.count(b" 0 obj")
    assert b"/JavaScript" not in pdf
    assert b"CreationDate" not in pdf


@pytest.mark.parametrize("name", ["tornado", "diagram"])
def test_png_files_hold_a_picture_and_no_date(name: str) -> None:
    png = render(VIEWS[name], "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"tIME" not in png
    start = png.index(b"IHDR")
    assert int.from_bytes(png[start + 17 : start + 21]) == zlib.crc32(png[start : start + 17])


def test_text_is_utf_8_that_ends_with_a_line_end() -> None:
    for name in VIEWS:
        text = render(VIEWS[name], "txt").decode()
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_a_long_label_is_cut_with_a_mark_and_never_the_page() -> None:
    view = Lines("t" * 5000, "s" * 5000, ("x" * 200,), (Series("l" * 5000, (1.0,), "$" * 30),), ())
    svg = render(view, "svg").decode()
    assert "…" in svg
    assert len(svg) < 100_000
