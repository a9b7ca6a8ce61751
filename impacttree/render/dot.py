"""The diagram as Graphviz DOT, and its picture where a ``dot`` program is found."""

from __future__ import annotations

import shutil
import subprocess
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal

from impacttree.errors import MissingDependency, OutputError, Problem, printable
from impacttree.render.characters import clean
from impacttree.render.outline import callout_line, value_line
from impacttree.views import Card, Diagram, Link

if TYPE_CHECKING:
    import graphviz

__all__ = ["draw_with_dot", "to_digraph", "to_dot"]

TIME_LIMIT = 60.0
"""Seconds that ``dot`` may take; it is slow on dense graphs of hundreds of metrics."""
THICKEST = 5.0
LONGEST_LABEL = 16_000
"""Bytes; Graphviz reads strings of at most 16,384."""
CUT = " […]"
INK, GREY, FAINT, ACCENT = "#16243d", "#8791a0", "#b4bcc8", "#d55e00"
FONT = "Arial,Liberation Sans,Helvetica,sans-serif"


def to_digraph(diagram: Diagram) -> graphviz.Digraph:
    """Return `diagram` as a ``graphviz.Digraph`` with generated node names; all text is escaped.

    Kinds show by shape and by word. A ring at the start of an arrow is an assumed effect, none an exact formula; a
    dashed arrow carries nothing in this lift; a dotted one acts in a later period.
    """
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": "LR",
            "label": _label(diagram.title, diagram.subtitle, callout_line(diagram), *diagram.notes, end="\\l"),
            "labelloc": "t",
            "labeljust": "l",
            "fontname": FONT,
            "fontsize": "15",
            "fontcolor": INK,
            "nodesep": "0.3",
            "ranksep": "0.8",
            "pad": "0.3",
            "charset": "UTF-8",
        },
        node_attr={"fontname": FONT, "fontsize": "11", "fontcolor": INK, "margin": "0.15,0.1", "shape": "box"},
        edge_attr={"fontname": FONT, "fontsize": "9", "color": GREY, "fontcolor": INK, "arrowsize": "0.7"},
    )
    names = {card.id: f"n{index}" for index, card in enumerate(diagram.cards)}
    steps = set(pairwise(diagram.path))
    most = max((abs(link.money) for link in diagram.links), default=0.0)
    for card in diagram.cards:
        graph.node(names[card.id], label=_card_label(card), **_card_style(card, card.id in diagram.path))
    for link in diagram.links:
        style = _link_style(link, (link.source, link.target) in steps and not link.back, most)
        graph.edge(names[link.source], names[link.target], label=_link_label(link), **style)
    return graph


def to_dot(diagram: Diagram) -> str:
    """Return `diagram` in Graphviz's DOT language."""
    return str(to_digraph(diagram).source)


def draw_with_dot(diagram: Diagram, file_format: Literal["svg", "png", "pdf"] = "svg") -> bytes:
    """Return the picture that the ``dot`` program makes of `diagram`.

    Raises
    ------
    MissingDependency
        When no ``dot`` is on the search path.
    OutputError
        When it fails, or takes longer than a minute.
    """
    program = shutil.which("dot")
    if program is None:
        raise MissingDependency(
            Problem(
                reason="the program `dot` of Graphviz is not installed",
                fix="install it (apt-get install graphviz, brew install graphviz, winget install graphviz), "
                "or save the diagram as .svg, .png or .pdf, which do not need it",
            )
        )
    try:
        done = subprocess.run(  # noqa: S603 - the program found above, fixed arguments, the graph on standard input
            [program, f"-T{file_format}"],
            input=to_dot(diagram).encode(),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutputError(
            Problem(
                reason=f"`dot` did not finish within {TIME_LIMIT:.0f} seconds on {len(diagram.cards)} cards",
                fix="save the diagram as .svg, which does not need it",
            )
        ) from error
    if done.returncode:
        raise OutputError(Problem(reason=f"`dot` failed: {printable(done.stderr.decode(errors='replace').strip())}"))
    return done.stdout


def _label(*parts: str, end: str = "\\n") -> str:
    r"""Join the parts as lines of a label in which nothing but the line ends has a meaning.

    Graphviz reads backslash sequences and character entities in labels, and a label in angle brackets as HTML. It does
    not read strings of more than 16,384 bytes, so what is longer is cut with a mark.
    """
    import graphviz

    lines: list[str] = []
    room = LONGEST_LABEL
    for part in filter(None, parts):
        line = f"{_escaped(part, room)}{end}"
        lines.append(line)
        room -= len(line.encode())
        if room <= len(CUT):
            break
    label: str = graphviz.nohtml("".join(lines).removesuffix("\\n"))
    return label


def _escaped(text: str, room: int) -> str:
    """Return `text` without a meaning, cut with a mark where it takes more than `room` bytes."""
    import graphviz

    letters = [graphviz.escape(letter.replace("&", "&amp;")) for letter in clean(text[:room])]
    ends = list(accumulate(len(letter.encode()) for letter in letters))
    if not ends or (ends[-1] <= room and len(text) <= room):
        return "".join(letters)
    return "".join(letters[: bisect_right(ends, room - len(CUT.encode()))]) + CUT


def _card_label(card: Card) -> str:
    state = "breached" if card.breached else "holds"
    kind = f"GUARDRAIL {card.guardrail}: {state}" if card.guardrail else card.kind.upper()
    memory = " (stock)" if card.memory else ""
    value = value_line(card)
    change = f"{card.change} ({card.tone})" if card.change else ""
    return _label(f"{kind}{memory}", card.label, value, change, card.owner)


def _card_style(card: Card, on_path: bool) -> dict[str, str]:
    style = {
        "product": {"style": "rounded,filled", "fillcolor": "white", "color": "#0072b2"},
        "driver": {"style": "filled", "fillcolor": "white", "color": GREY},
        "financial": {"style": "filled", "fillcolor": INK, "color": INK, "fontcolor": "white"},
    }[card.kind]
    if card.guardrail:
        style = {"style": "rounded,dashed", "color": "#7b3fa0"}
    return style | ({"color": ACCENT, "penwidth": "2.5"} if on_path else {})


def _link_style(link: Link, on_path: bool, most: float) -> dict[str, str]:
    style = {"dir": "both", "arrowtail": "odot"} if link.assumed else {}
    if link.back:
        return style | {"style": "dotted", "constraint": "false"}
    if link.money and most > 0:
        style["penwidth"] = f"{max(1.2, THICKEST * abs(link.money) / most):.2f}"
    elif most > 0:
        style |= {"style": "dashed", "color": FAINT}
    return style | ({"color": ACCENT} if on_path else {})


def _link_label(link: Link) -> str:
    return _label(link.elasticity_text, link.money_text, link.delay)
