"""What holds for every way out: found from the table of renderers, the reports and the export package."""

from __future__ import annotations

import ast
import builtins
import csv
import importlib
import io
import pkgutil
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import impacttree
import impacttree.files
from impacttree.errors import MissingDependency
from impacttree.render import render, renderers
from impacttree.render.layout.measure import clean
from impacttree.reports.deck import Deck
from impacttree.views import Cell, Column, Diagram, Table
from impacttree.views.slides import one_slide
from tests.render.views import VIEWS, hostile

LABELS = (
    "=1+1", "+SUM(A1)", "-2+3", "@cmd", "<script>alert(1)</script>", "a & b < c > d", "]]><x/>", "&amp;amp;",
    "مرحبا بالعالم", "שלום עולם", "収益の成長", "x" * 10_000, 'say "it\'s"', "| pipe | `tick`",
)  # fmt: skip
"""Driven through every exporter: what spreadsheets take for formulas, markup, writing from right to left, length."""
SHORT = tuple(label for label in LABELS if len(label) < 100)
HEAVY = frozenset(
    ("pptx", "lxml", "xlsxwriter", "openpyxl", "matplotlib", "pandas", "numpy", "scipy", "sympy", "graphviz")
)


def table(label: str) -> Table:
    cells = (Cell(label, label), Cell(label, 1.0))
    return Table(label, (Column(label), Column("n", "right")), (cells, cells))


def deck(label: str) -> Deck:
    return Deck((one_slide(table(label)),))


def exporters() -> dict[str, Callable[[str], bytes]]:
    """Return every exporter as a function of the label that it writes."""
    found: dict[str, Callable[[str], bytes]] = {}
    for renderer in renderers():
        view: Callable[[str], Any] = table
        if Table not in renderer.views:
            chosen = VIEWS["diagram"] if Diagram in renderer.views else VIEWS["tornado"]
            view = lambda label, chosen=chosen: hostile(chosen, label)  # noqa: E731 - bound to what was chosen
        found[renderer.format] = lambda label, draw=renderer.draw, view=view: draw(view(label))
    found["deck"] = lambda label: deck(label).to_bytes()
    return found


EXPORTERS = exporters()
each_exporter = pytest.mark.parametrize("name", sorted(EXPORTERS))


def test_the_exporters_are_found() -> None:
    assert {"txt", "html", "md", "csv", "svg", "png", "pdf", "pptx", "dot", "mmd", "deck"} <= EXPORTERS.keys()


@each_exporter
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    first = EXPORTERS[name]("Weekly engagement")
    assert first
    assert EXPORTERS[name]("Weekly engagement") == first


# ---- labels read back


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped += tag == "style"
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.words.append(data)


def read_html(content: bytes) -> str:
    parser = _Words()
    parser.feed(content.decode())
    return " ".join(parser.words)


def read_csv(content: bytes) -> str:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell[:1] and not _is_number(cell)]
    return "\n".join(cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_svg(content: bytes) -> str:
    root = ElementTree.fromstring(content)
    assert not [element for element in root.iter() if element.tag.endswith("}script")]
    return " ".join("".join(element.itertext()) for element in root.iter() if element.text)


def read_pptx(content: bytes) -> str:
    import pptx

    found = []
    for slide in pptx.Presentation(io.BytesIO(content)).slides:
        found += [element.text or "" for element in slide.element.iter("{*}t")]
    return " ".join(found)


READERS: dict[str, Callable[[bytes], str]] = {
    "html": read_html,
    "csv": read_csv,
    "svg": read_svg,
    "pptx": read_pptx,
    "deck": read_pptx,
    "txt": bytes.decode,
    "md": lambda content: unescape(content.decode().replace("\\", "")),
}


@pytest.mark.parametrize("label", SHORT)
@pytest.mark.parametrize("name", sorted(READERS.keys() & EXPORTERS.keys()))
def test_a_hostile_label_comes_back_as_text(name: str, label: str) -> None:
    read = READERS[name](EXPORTERS[name](label))
    wanted = clean(label)
    if name == "svg":  # a picture cuts what finds no room
        wanted = wanted[:4]
    assert _bare(wanted) in _bare(read)


def _bare(text: str) -> str:
    """Leave out what is between words: lines are broken, and left-to-right marks stand around other writing."""
    return "".join(mark for mark in text.replace("−", "-") if not mark.isspace() and mark.isprintable())


@pytest.mark.filterwarnings("ignore::UserWarning")  # letters that the font lacks, figures without room
@each_exporter
@pytest.mark.parametrize("label", LABELS, ids=range(len(LABELS)))
def test_every_label_leaves_a_file_whole(name: str, label: str) -> None:
    content = EXPORTERS[name](label)
    assert content
    READERS.get(name, bytes)(content)


# ---- files


@each_exporter
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {renderer.format: renderer.suffixes[0] for renderer in renderers()}
    path = tmp_path / f"answer{found.get(name, '.pptx')}"
    path.write_bytes(b"old")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(impacttree.files.os, "replace", broken)
    view = deck("x") if name == "deck" else table("x")
    if name not in ("deck", *(r.format for r in renderers() if Table in r.views)):
        view = VIEWS["diagram"]
    with pytest.raises(impacttree.OutputError):
        view.save(path)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("name", "package"), [("pptx", "pptx"), ("deck", "pptx")])
def test_a_missing_extra_is_named_with_what_to_install(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def without(wanted: str, *args: Any, **kwargs: Any) -> Any:
        if wanted.partition(".")[0] == package:
            raise ImportError(wanted)
        return original(wanted, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match="pip install"):
        EXPORTERS[name]("x")


def modules() -> Iterator[str]:
    for package in ("render", "reports", "export"):
        try:
            root = importlib.import_module(f"impacttree.{package}")
        except ModuleNotFoundError:
            continue
        yield from (found.name for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."))


@pytest.mark.parametrize("name", sorted(modules()))
def test_heavy_packages_are_imported_inside_functions(name: str) -> None:
    source = Path(str(importlib.import_module(name).__file__)).read_text(encoding="utf-8")
    at_load = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in at_load if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in at_load if isinstance(node, ast.ImportFrom)}
    assert not {module.partition(".")[0] for module in imported} & HEAVY


def test_views_and_render_write_the_same() -> None:
    assert render(table("x"), "pptx") == EXPORTERS["pptx"]("x")
