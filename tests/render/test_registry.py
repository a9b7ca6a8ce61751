from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import impacttree.render
from impacttree.errors import OutputError
from impacttree.render import Renderer, formats_of, render, renderers, save, supports
from impacttree.render import registry as registry_module
from impacttree.views import Bars, Diagram, Distribution, Headline, Lines, Table, Waterfall
from tests.render.views import DIAGRAM, HEADLINE, TABLE, TORNADO


@dataclass
class Point:
    name: str
    value: str
    offered: object

    def load(self) -> object:
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    points: list[Point] = []

    def entry_points(*, group: str) -> list[Point]:
        assert group == "impacttree.renderers"
        return points

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    registry_module._plugins.cache_clear()
    yield points
    registry_module._plugins.cache_clear()


def shout(headline: Headline) -> bytes:
    return headline.title.upper().encode()


def test_the_formats_of_each_view() -> None:
    assert formats_of(HEADLINE) == ("txt", "html", "md")
    assert formats_of(TABLE) == ("txt", "html", "md", "csv", "pptx")
    for chart in (Bars, Waterfall, Lines, Distribution):
        assert formats_of(chart) == ("txt", "html", "md", "svg", "png", "pdf", "pptx")
    assert formats_of(DIAGRAM) == ("txt", "html", "md", "svg", "png", "pdf", "pptx", "dot", "mmd")
    assert supports(TORNADO, "svg")
    assert not supports(Table, "svg")
    assert not supports(Diagram, "csv")


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(
        OutputError, match=r"a Headline cannot be written as 'htm' \(did you mean 'html'\?\).* txt, html, md"
    ):
        render(HEADLINE, "htm")


def test_another_package_adds_a_format(offer: list[Point], tmp_path: object) -> None:
    offer.append(Point("shout", "loud:shout", Renderer("shout", (Headline,), shout)))
    assert render(HEADLINE, "shout") == HEADLINE.title.upper().encode()
    assert supports(HEADLINE, "shout")
    assert not supports(TABLE, "shout")
    save(HEADLINE, f"{tmp_path}/worth.shout")


def test_this_packages_renderers_win(offer: list[Point]) -> None:
    offer.append(Point("txt", "loud:shout", Renderer("txt", (Headline,), shout)))
    assert not render(HEADLINE, "txt").isupper()


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (ImportError("no module loud"), "renderer loud:shout: it fails to load: no module loud"),
        (shout, "renderer loud:shout: it is a function, not a Renderer"),
    ],
)
def test_a_broken_renderer_is_named_only_when_it_is_needed(offer: list[Point], offered: object, message: str) -> None:
    offer.append(Point("shout", "loud:shout", offered))
    assert render(HEADLINE, "txt")
    with pytest.raises(OutputError, match=message):
        render(HEADLINE, "shout")


def test_every_renderer_has_suffixes_of_its_own() -> None:
    suffixes: dict[str, str] = {}
    for renderer in renderers():
        for suffix in renderer.suffixes:
            assert suffixes.setdefault(suffix, renderer.format) == renderer.format


def test_exported_names_are_sorted_and_exist() -> None:
    assert impacttree.render.__all__ == sorted(impacttree.render.__all__)
    assert set(impacttree.render.__all__) == set(impacttree.render._HOME)
    assert set(impacttree.render.__all__) <= set(dir(impacttree.render))
    for name in impacttree.render.__all__:
        assert getattr(impacttree.render, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        impacttree.render.paint  # noqa: B018


def test_text_and_tables_load_no_drawing_package() -> None:
    script = (
        "import sys; from impacttree.render import to_text, to_html, to_csv, supports, save\n"
        "from impacttree.views import Headline, Table, Column\n"
        "to_text(Headline('x')); to_html(Headline('x')); to_csv(Table('', (Column('a'),), ()))\n"
        "heavy = {'matplotlib', 'graphviz', 'rich', 'numpy', 'resvg_py', 'networkx', 'sympy', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
