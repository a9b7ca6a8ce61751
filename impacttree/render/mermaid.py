"""The diagram as a Mermaid flowchart, for wikis and pull requests that draw it themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from impacttree.render.characters import clean
from impacttree.render.outline import callout_line, value_line
from impacttree.views import Card, Diagram, Link

__all__ = ["to_mermaid"]

STYLES = (
    "classDef product fill:#ffffff,stroke:#0072b2,color:#16243d",
    "classDef driver fill:#ffffff,stroke:#8791a0,color:#16243d",
    "classDef financial fill:#16243d,stroke:#16243d,color:#ffffff",
    "classDef guardrail fill:#ffffff,stroke:#7b3fa0,color:#16243d,stroke-dasharray:5 3",
    "classDef note fill:none,stroke:none,color:#5b6470,text-align:left",
)
SHAPES = {"product": ("(", ")"), "driver": ("[", "]"), "financial": ("[[", "]]"), "guardrail": ("{{", "}}")}
MAIN_PATH = "stroke:#d55e00,stroke-width:4px"
CARRIES_NOTHING = "stroke:#b4bcc8,stroke-width:1px"


def to_mermaid(diagram: Diagram) -> str:
    """Return `diagram` as a Mermaid flowchart with generated node names; all text is escaped.

    Kinds show by shape and by word. A dotted arrow is an assumed effect, a solid one an exact formula.
    """
    names = {card.id: f"n{index}" for index, card in enumerate(diagram.cards)}
    lines = [*_head(diagram.title), "flowchart LR"]
    lines += [f"  {names[card.id]}{_node(card)}" for card in diagram.cards]
    lines += [f"  {names[link.source]} {_arrow(link)} {names[link.target]}" for link in diagram.links]
    lines += _notes(diagram)
    lines += [f"  {style}" for style in STYLES]
    lines += _classes(diagram, names)
    lines += _link_styles(diagram)
    return "\n".join(lines) + "\n"


def _head(title: str) -> list[str]:
    quoted = json.dumps(clean(title)).replace("%", "\\u0025").replace("<", "\\u003c").replace("`", "\\u0060")
    return ["---", f"title: {quoted}", "---"] if title else []


def _escape(text: str) -> str:
    """Write everything but letters, digits and harmless signs as character codes."""
    return "".join(ch if ch.isalnum() or ch in " .,+-/:" else f"#{ord(ch)};" for ch in clean(text))


def _node(card: Card) -> str:
    state = "breached" if card.breached else "holds"
    head = f"guardrail: {card.guardrail} {state}" if card.guardrail else card.kind
    change = f"{card.change} ({card.tone})" if card.change else ""
    parts = (head, card.label, value_line(card), change, card.owner)
    label = "<br/>".join(_escape(part) for part in parts if part)
    opening, closing = SHAPES[_kind(card)]
    return f'{opening}"{label}"{closing}'


def _kind(card: Card) -> str:
    return "guardrail" if card.guardrail else card.kind


def _arrow(link: Link) -> str:
    label = "<br/>".join(_escape(part) for part in (link.elasticity_text, link.money_text, link.delay) if part)
    arrow = "-.->" if link.assumed else "-->"
    return f'{arrow}|"{label}"|' if label else arrow


def _notes(diagram: Diagram) -> Iterator[str]:
    """Yield a node of its own with what the picture's footer says: money never goes without its basis."""
    parts = [part for part in (diagram.subtitle, callout_line(diagram), *diagram.notes) if part]
    if parts:
        yield f'  notes["{"<br/>".join(map(_escape, parts))}"]'
        yield "  class notes note"


def _classes(diagram: Diagram, names: dict[str, str]) -> Iterator[str]:
    for kind in SHAPES:
        members = [names[card.id] for card in diagram.cards if _kind(card) == kind]
        if members:
            yield f"  class {','.join(members)} {kind}"


def _link_styles(diagram: Diagram) -> Iterator[str]:
    steps = set(pairwise(diagram.path))
    groups: dict[str, list[str]] = {MAIN_PATH: [], CARRIES_NOTHING: []}
    for index, link in enumerate(diagram.links):
        if (link.source, link.target) in steps and not link.back:
            groups[MAIN_PATH].append(str(index))
        elif diagram.lifted and not link.money:
            groups[CARRIES_NOTHING].append(str(index))
    for style, members in groups.items():
        if members:
            yield f"  linkStyle {','.join(members)} {style}"
