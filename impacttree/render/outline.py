"""The diagram in words: a table whose first column is the tree, outcome first, each metric above what feeds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from impacttree.records import dataclass
from impacttree.render.characters import clean
from impacttree.views import Card, Cell, Column, Diagram, Link, Table

__all__ = ["callout_line", "outline", "value_line"]

COLUMNS = (
    Column("Metric"),
    Column("Value"),
    Column("Change", "right"),
    Column("Carries", "right"),
    Column("Effect"),
    Column("Kind"),
    Column("Owner"),
)
DEEPEST = 16
"""Levels that are indented; deeper ones carry their number, so that a chain of thousands stays readable."""


def outline(diagram: Diagram) -> Table:
    """Return `diagram` as a table; a metric that feeds several others is unfolded once and referred to after."""
    feeds: dict[str, list[Link]] = {card.id: [] for card in diagram.cards}
    for link in diagram.links:
        feeds[link.target].append(link)
    cards = {card.id: card for card in diagram.cards}
    rows = tuple(_row(cards, diagram, visit) for visit in _walk(diagram, feeds))
    used = [index for index in range(len(COLUMNS)) if any(row[index].text for row in rows)]
    return Table(
        title="",
        columns=tuple(COLUMNS[index] for index in used),
        rows=tuple(tuple(row[index] for index in used) for row in rows),
        notes=tuple(line for line in (callout_line(diagram), *_panels(diagram), *diagram.notes) if line),
    )


def value_line(card: Card) -> str:
    """Return a card's value with its unit."""
    return " ".join(part for part in (card.value, card.unit) if part)


def callout_line(diagram: Diagram) -> str:
    """Return the box by the outcome as a sentence, or an empty text without one."""
    box = diagram.callout
    return f"{box.head}: {box.amount} {box.what}{f' ({box.range})' if box.range else ''}" if box else ""


def _panels(diagram: Diagram) -> Iterator[str]:
    for panel in diagram.panels:
        yield ": ".join(part for part in (panel.head, "; ".join(filter(None, (panel.body, panel.detail)))) if part)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A card at its place in the outline, with the link to the card above it."""

    name: str
    level: int
    link: Link | None
    again: bool


def _walk(diagram: Diagram, feeds: Mapping[str, Sequence[Link]]) -> Iterator[_Visit]:
    """Visit the outcome's tree first, then what it does not reach."""
    seen: set[str] = set()
    read = {link.source for link in diagram.links if not link.back}
    loose = [card.id for card in diagram.cards if card.id not in read]
    for root in (diagram.outcome, *loose, *feeds):
        stack: list[tuple[str, int, Link | None]] = [] if root in seen or root not in feeds else [(root, 0, None)]
        while stack:
            name, level, link = stack.pop()
            again = name in seen or bool(link and link.back)
            yield _Visit(name, level, link, again)
            if not again:
                seen.add(name)
                stack += [(below.source, level + 1, below) for below in reversed(feeds[name])]


def _row(cards: Mapping[str, Card], diagram: Diagram, visit: _Visit) -> tuple[Cell, ...]:
    card, link = cards[visit.name], visit.link
    indent = "  " * visit.level if visit.level <= DEEPEST else f"{'  ' * DEEPEST}[level {visit.level}] "
    label = f"{indent}{clean(card.label)}"
    carried = Cell(link.money_text if link else "")
    acts = Cell(_acts(link) if link else "")
    if visit.again:
        seen = "" if link and link.back else "see above"
        return (Cell(label), Cell(seen), Cell(""), carried, acts, Cell(""), Cell(""))
    value = Cell(value_line(card))
    kind = _joined(_kind(card), "main path" if visit.name in diagram.path else "")
    return (Cell(label), value, Cell(card.change, None, card.tone), carried, acts, Cell(kind), Cell(card.owner))


def _acts(link: Link) -> str:
    form = "assumed" if link.assumed else "exact"
    return f"{form} {link.elasticity_text}".rstrip() + (f", {link.delay}" if link.delay else "")


def _kind(card: Card) -> str:
    state = "breached" if card.breached else "holds"
    return f"guardrail {card.guardrail} {state}" if card.guardrail else f"{card.kind}{' stock' if card.memory else ''}"


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
