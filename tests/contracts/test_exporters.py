"""What holds for every way out: found from the table of renderers, and from whoever replaces a file."""

from __future__ import annotations

import ast
import builtins
import csv
import importlib
import io
import json
import pkgutil
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest

import impacttree
import impacttree.files
import impacttree.spec
from impacttree.errors import MissingDependency
from impacttree.export.page import page
from impacttree.export.workbook import workbook
from impacttree.interfaces.cli import main
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


def tree(label: str) -> impacttree.ImpactTree:
    """A tree whose words are all `label`."""
    words = json.dumps(label, ensure_ascii=False)
    return impacttree.loads(
        "outcome: paid\nmetrics:\n"
        f"  sold: {{value: 50 orders/month, label: {words}, notes: {words}}}\n"
        f"  price: {{value: $30/order ($25 to $36), label: {words}, owner: {words}}}\n"
        f"  paid: {{formula: sold * price, label: {words}, description: {words}, kind: financial}}\n"
    )


def page_of(label: str) -> bytes:
    return page(tree(label)._subject, ("price", "+1%")).encode()


def workbook_of(label: str) -> bytes:
    return workbook(tree(label)._subject, {"price": "+1%"})


def schema() -> bytes:
    return json.dumps(impacttree.spec.json_schema(), indent=2, ensure_ascii=False).encode()


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
    found["page"] = page_of
    found["workbook"] = workbook_of
    found["yaml"] = lambda label: tree(label).to_yaml().encode()
    found["json"] = lambda label: tree(label).values().to_json().encode()
    found["schema"] = lambda label: schema()
    return found


def savers() -> dict[str, Callable[[Path], object]]:
    """Return every exporter as a function that writes its file."""
    plain = tree("Weekly engagement")
    found: dict[str, Callable[[Path], object]] = {
        "deck": deck("x").save,
        "page": lambda path: plain.to_html(path, ("price", "+1%")),
        "workbook": lambda path: plain.to_excel(path, {"price": "+1%"}),
        "yaml": plain.save,
        "json": plain.values().save,
        "schema": lambda path: main(["schema", str(path)], standalone_mode=False),
    }
    for renderer in renderers():
        view: Any = (
            table("x") if Table in renderer.views else VIEWS["diagram" if Diagram in renderer.views else "tornado"]
        )
        found[renderer.format] = view.save
    return found


SUFFIXES = {"deck": ".pptx", "page": ".html", "workbook": ".xlsx", "yaml": ".yaml", "json": ".json", "schema": ".json"}
WRITERS = {
    "answers/result.py": ("json",),
    "interfaces/cli.py": ("schema",),
    "render/files.py": tuple(renderer.format for renderer in renderers()),
    "reports/deck.py": ("deck",),
    "spec/write.py": ("yaml",),
    "tree.py": ("page", "workbook"),
}
"""Who replaces files, and by which exporters that is tested."""


EXPORTERS = exporters()
each_exporter = pytest.mark.parametrize("name", sorted(EXPORTERS))


def test_the_exporters_are_found() -> None:
    assert {"txt", "html", "md", "csv", "svg", "png", "pdf", "pptx", "dot", "mmd", "deck"} <= EXPORTERS.keys()
    root = Path(impacttree.__file__).parent
    sources = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.py")}
    assert {name for name, text in sources.items() if "replace_file(" in text} == {*WRITERS, "files.py"}
    assert {name for names in WRITERS.values() for name in names} == EXPORTERS.keys() == savers().keys()


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


class _Page(HTMLParser):
    """The elements of a page, and the data that its script reads."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.data = ""
        self.is_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.is_data = ("type", "application/json") in attrs

    def handle_data(self, data: str) -> None:
        self.data += data if self.is_data else ""


def page_elements(content: bytes) -> _Page:
    parser = _Page()
    parser.feed(content.decode())
    return parser


def read_page(content: bytes) -> str:
    assert page_elements(content).elements == page_elements(page_of("Weekly engagement")).elements
    return "\n".join(strings(json.loads(page_elements(content).data)))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from strings(key)
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def read_workbook(content: bytes) -> str:
    """Return the texts of a workbook, whose formulas are the same whatever a model says."""
    from openpyxl import load_workbook

    found, formulas = [], []
    for sheet in load_workbook(io.BytesIO(content)).worksheets:
        assert not sheet._hyperlinks
        for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
            (formulas if cell.data_type == "f" else found).append(cell.value)
    assert len(formulas) == formula_count()
    return " ".join(found)


@cache
def formula_count() -> int:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook_of("Weekly engagement")))
    return sum(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def read_yaml(content: bytes) -> str:
    read = impacttree.loads(content.decode())
    assert read.to_yaml() == content.decode()
    return "\n".join(text for metric in read.metrics for text in (metric.label, metric.owner) if text)


READERS: dict[str, Callable[[bytes], str]] = {
    "html": read_html,
    "csv": read_csv,
    "svg": read_svg,
    "pptx": read_pptx,
    "deck": read_pptx,
    "page": read_page,
    "workbook": read_workbook,
    "yaml": read_yaml,
    "json": lambda content: "\n".join(strings(json.loads(content))),
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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # letters that the font lacks, figures without room
@pytest.mark.parametrize("name", sorted(EXPORTERS))
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
    found = SUFFIXES | {renderer.format: renderer.suffixes[0] for renderer in renderers()}
    path, save = tmp_path / f"answer{found[name]}", savers()[name]
    save(path)
    written = path.read_bytes()
    path.write_bytes(old := b"metrics: {}\n")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(impacttree.files.os, "replace", broken)
    with pytest.raises((impacttree.OutputError, click.ClickException)):
        save(path)
    assert path.read_bytes() == old
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert written


EXTRAS = {
    "python-pptx": ("pptx", "lxml", "xlsxwriter"),
    "xlsxwriter": ("xlsxwriter",),
    "matplotlib": ("matplotlib",),
    "vl-convert-python": ("vl_convert",),
    "numba": ("numba",),
    "pyxirr": ("pyxirr",),
    "anywidget": ("anywidget",),
}
"""Distributions that the extras bring, and what is imported of them."""
NEEDS = {"pptx": "deck", "deck": "deck", "pdf": "pdf", "workbook": "excel"}
"""Which extra an exporter cannot do without."""


def test_the_extras_are_those_of_the_project() -> None:
    stated = tomllib.loads((Path(impacttree.__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    extras = stated["project"]["optional-dependencies"].values()
    assert {re.split(r"[<>=]", one)[0] for names in extras for one in names} == EXTRAS.keys()


@each_exporter
def test_without_extras_an_exporter_works_or_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original, missing = builtins.__import__, {one for names in EXTRAS.values() for one in names}

    def without(wanted: str, names: Any = None, *args: Any, **kwargs: Any) -> Any:
        if wanted.partition(".")[0] in missing and (names or {}).get("__name__", "").startswith("impacttree"):
            raise ImportError(wanted)
        return original(wanted, names, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    if name in NEEDS:
        with pytest.raises(MissingDependency, match=rf"pip install 'impacttree\[{NEEDS[name]}\]'"):
            EXPORTERS[name]("x")
    else:
        assert EXPORTERS[name]("x")


def modules() -> Iterator[str]:
    for package in ("answers", "export", "render", "reports", "spec", "views"):
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
