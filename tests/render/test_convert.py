from __future__ import annotations

from dataclasses import dataclass

import pytest

from impacttree.errors import OutputError
from impacttree.render import registry, render, to_pdf, to_png, to_svg
from impacttree.render.registry import Renderer
from impacttree.views import Headline
from tests.render.views import DIAGRAM, HEADLINE, TABLE, WATERFALL


@dataclass
class Point:
    name: str
    value: str

    def load(self) -> Renderer:
        return Renderer("png", (Headline,), lambda headline: b"painted")


def width(png: bytes) -> int:
    return int.from_bytes(png[16:20])


def test_pictures_come_in_three_formats() -> None:
    for view in (DIAGRAM, WATERFALL):
        assert to_svg(view) == render(view, "svg").decode()
        assert to_png(view) == render(view, "png")
        assert to_pdf(view) == render(view, "pdf")


def test_a_diagram_scales() -> None:
    assert width(to_png(DIAGRAM, scale=2)) == 2 * width(to_png(DIAGRAM, scale=1))


def test_what_is_no_picture_says_so() -> None:
    for convert in (to_svg, to_png, to_pdf):
        with pytest.raises(OutputError, match="a Table cannot be written as"):
            convert(TABLE)


def test_another_package_can_paint_what_this_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_plugins", lambda: (Point("png", "paint").load(),))
    assert to_png(HEADLINE) == b"painted"
