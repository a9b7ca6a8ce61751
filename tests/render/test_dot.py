from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from impacttree.errors import MissingDependency, OutputError
from impacttree.render import dot as dot_module
from impacttree.render import draw_with_dot, to_digraph, to_dot
from impacttree.render.characters import clean
from impacttree.views import Diagram
from tests.render.views import DIAGRAM, HOSTILE_TEXTS, hostile

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="no Graphviz program `dot` on the search path")


def drawn(diagram: Diagram) -> ElementTree.Element:
    return ElementTree.fromstring(draw_with_dot(diagram, "svg"))


def groups(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [group for group in root.iter(f"{SVG}g") if group.get("class") == kind]


def lines(group: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()).replace("\u00a0", " ") for text in group.iter(f"{SVG}text")]


@needs_dot
def test_the_picture_shows_every_card_and_link() -> None:
    root = drawn(DIAGRAM)
    assert len(groups(root, "node")) == len(DIAGRAM.cards)
    assert len(groups(root, "edge")) == len(DIAGRAM.links)
    revenue = next(node for node in groups(root, "node") if "Revenue" in lines(node))
    assert lines(revenue) == ["FINANCIAL", "Revenue", "$1.91M per month", "+0.60% (favourable)", "CFO"]
    guardrail = next(node for node in groups(root, "node") if "LTV/CAC" in lines(node))
    assert lines(guardrail)[0] == "GUARDRAIL floor 3.0x: holds"


@needs_dot
def test_title_range_and_basis_are_on_the_picture() -> None:
    shown = lines(drawn(DIAGRAM))
    assert DIAGRAM.title in shown
    assert "First 12 months: +$17k operating profit ($9k to $26k)" in shown
    assert DIAGRAM.notes[0] in shown


@needs_dot
@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_is_shown_as_it_is_and_nothing_else(text: str) -> None:
    root = drawn(hostile(DIAGRAM, text))
    nodes = groups(root, "node")
    assert len(nodes) == len(DIAGRAM.cards)
    assert len(groups(root, "edge")) == len(DIAGRAM.links)
    shown = " ".join(clean(text).split())
    for node in nodes:
        kind, label, value, change, owner = (" ".join(line.split()) for line in lines(node))
        assert (label, owner) == (shown, shown)
        assert kind.startswith(f"GUARDRAIL {shown}")
        assert value == f"{shown} {shown}"
        assert change.startswith(f"{shown} (")
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline",
    }  # fmt: skip


def test_kinds_differ_by_shape_as_well_as_by_word() -> None:
    source = to_dot(DIAGRAM)
    assert 'label="PRODUCT\\nWeekly engagement' in source
    assert 'style="rounded,filled"' in source
    assert 'style="rounded,dashed"' in source
    assert "arrowtail=odot" in source
    assert "constraint=false" in source


def test_thickness_follows_the_money() -> None:
    links = tuple(dataclasses.replace(link, money=0.0) for link in DIAGRAM.links)
    assert "penwidth=5.00" in to_dot(DIAGRAM)
    assert "dashed, color" not in to_dot(dataclasses.replace(DIAGRAM, links=links))


def test_names_of_cards_stay_out_of_the_source() -> None:
    assert "ltv_cac" not in to_dot(DIAGRAM)
    assert to_digraph(DIAGRAM).source == to_dot(DIAGRAM)


def test_a_missing_program_is_named_with_the_ways_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingDependency, match="apt-get install graphviz"):
        draw_with_dot(DIAGRAM)


def test_a_slow_program_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    monkeypatch.setattr(dot_module, "TIME_LIMIT", 0.2)
    with pytest.raises(OutputError, match=r"did not finish within 0 seconds on 9 cards"):
        draw_with_dot(DIAGRAM)


def test_a_failing_program_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, b"", b"\x1b[31mout of memory\n")
    monkeypatch.setattr(shutil, "which", lambda name: "dot")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(OutputError, match=r"`dot` failed: \\x1b\[31mout of memory"):
        draw_with_dot(DIAGRAM)


@pytest.mark.slow
@needs_dot
@pytest.mark.parametrize("letter", ["x", "\\\\", "é"])
def test_labels_of_any_length_are_read_and_cut_with_a_mark(letter: str) -> None:
    long = dataclasses.replace(DIAGRAM.cards[0], label=letter * 20_000, owner=letter * 20_000)
    root = drawn(dataclasses.replace(DIAGRAM, cards=(long, *DIAGRAM.cards[1:])))
    node = next(node for node in groups(root, "node") if lines(node)[-1].endswith(dot_module.CUT))
    assert len(lines(node)[-1]) >= 2_000
    assert len(groups(root, "node")) == len(DIAGRAM.cards)
