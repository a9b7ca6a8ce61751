from __future__ import annotations

import dataclasses
import json
import re

import pytest

from impacttree.render import to_mermaid
from impacttree.render.characters import clean
from impacttree.views import Diagram
from tests.render.views import DIAGRAM, HOSTILE_TEXTS, hostile

NODE = re.compile(r'  (n\d+|notes)(\(|\[\[|\[|\{\{)"([^"]*)"(\)|\]\]|\]|\}\})')
EDGE = re.compile(r'  n\d+ (-->|-\.->)(\|"[^"]*"\|)? n\d+')
STYLE = re.compile(r"  (class [n\d,]+|class notes|linkStyle [\d,]+|classDef) [\w:#,; .-]+")


def decoded(label: str) -> list[str]:
    lines = label.split("<br/>")
    return [re.sub(r"#(\d+);", lambda code: chr(int(code[1])), line) for line in lines]


def test_cards_links_and_notes_are_all_there() -> None:
    lines = to_mermaid(DIAGRAM).splitlines()
    nodes = [NODE.fullmatch(line) for line in lines]
    shown = {match[1]: decoded(match[3]) for match in nodes if match}
    assert shown["n5"] == ["financial", "Revenue", "$1.91M per month", "+0.60% (favourable)", "CFO"]
    assert shown["n8"][0] == "guardrail: floor 3.0x holds"
    assert DIAGRAM.notes[0] in shown["notes"]
    assert len(shown) == len(DIAGRAM.cards) + 1
    assert sum(EDGE.fullmatch(line) is not None for line in lines) == len(DIAGRAM.links)
    assert '  n0 -.->|"-0.55<br/>+#36;16k<br/>next month"| n2' in lines
    assert "  linkStyle 0,3,4,7 stroke:#d55e00,stroke-width:4px" in lines


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_stays_inside_its_label(text: str) -> None:
    diagram = hostile(DIAGRAM, text)
    assert isinstance(diagram, Diagram)
    fence, title, end, head, *lines = to_mermaid(diagram).splitlines()
    assert (fence, end, head) == ("---", "---", "flowchart LR")
    assert json.loads(title.removeprefix("title: ")) == clean(text)
    for line in lines:
        assert NODE.fullmatch(line) or EDGE.fullmatch(line) or STYLE.fullmatch(line), line
    labels = [decoded(match[3]) for match in map(NODE.fullmatch, lines) if match]
    assert all(label[1] == label[4] == clean(text) for label in labels[:-1])
    for match in filter(None, map(NODE.fullmatch, lines)):
        assert not re.search(r"[<>&`%|;{}\[\]()\\]", re.sub(r"<br/>|#\d+;", "", match[3]))


def test_a_diagram_without_title_and_notes_has_neither() -> None:
    bare = dataclasses.replace(DIAGRAM, title="", subtitle="", notes=(), callout=None)
    assert to_mermaid(bare).startswith("flowchart LR\n")
    assert "notes" not in to_mermaid(bare)


def test_without_a_lift_no_link_is_said_to_carry_nothing() -> None:
    assert "#b4bcc8" not in to_mermaid(dataclasses.replace(DIAGRAM, lifted=""))
