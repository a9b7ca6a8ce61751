"""Which cards and links a picture shows: everything, the board's six boxes, or the core of a large tree."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from impacttree.render.layout.measure import clean
from impacttree.views import Callout, Card, Diagram, Link, Panel

__all__ = ["Picture", "board", "cleaned", "collapsed"]

BOARD_BOXES = 6


@dataclass(frozen=True, slots=True)
class Picture:
    """A diagram as it will be drawn, and what was left out of it."""

    diagram: Diagram
    folded: Mapping[str, int] = field(default_factory=dict)
    """How many cards were folded into a card, by its id."""
    skipped: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Labels of the boxes left out between two that follow each other, by their ids."""


def cleaned(diagram: Diagram) -> Diagram:
    """The same diagram in an order of its own and with drawable text: the picture depends on neither.

    Repeated cards and links, and links to nowhere, are left out; a link from a card to itself becomes its memory mark.
    """
    selves = {link.source for link in diagram.links if link.source == link.target}
    cards: dict[str, Card] = {}
    for card in diagram.cards:
        cards.setdefault(card.id, _clean_card(card, card.memory or card.id in selves))
    links: dict[tuple[str, str, bool, str], Link] = {}
    for link in diagram.links:
        if link.source != link.target and link.source in cards and link.target in cards:
            links.setdefault((link.source, link.target, link.back, link.delay), _clean_link(link))
    path = tuple(dict.fromkeys(name for name in diagram.path if name in cards))
    outcome = diagram.outcome if diagram.outcome in cards else (path[-1] if path else min(cards, default=""))
    return replace(
        diagram,
        title=clean(diagram.title),
        subtitle=clean(diagram.subtitle),
        cards=tuple(cards[name] for name in sorted(cards)),
        links=tuple(links[key] for key in sorted(links)),
        outcome=outcome,
        path=path or ((outcome,) if outcome else ()),
        callout=_clean_callout(diagram.callout) if diagram.callout and diagram.lifted and cards else None,
        panels=tuple(Panel(clean(p.head), clean(p.body), clean(p.detail), p.accent) for p in diagram.panels),
        notes=tuple(clean(note) for note in diagram.notes),
        period=clean(diagram.period),
    )


def _clean_card(card: Card, memory: bool) -> Card:
    return replace(
        card,
        label=clean(card.label) or clean(card.id),
        value=clean(card.value),
        unit=clean(card.unit),
        owner=clean(card.owner),
        change=clean(card.change),
        guardrail=clean(card.guardrail),
        memory=memory,
    )


def _clean_link(link: Link) -> Link:
    return replace(
        link,
        delay=clean(link.delay),
        money_text=clean(link.money_text),
        elasticity_text=clean(link.elasticity_text),
    )


def _clean_callout(callout: Callout) -> Callout:
    return replace(
        callout,
        head=clean(callout.head),
        amount=clean(callout.amount),
        what=clean(callout.what),
        range=clean(callout.range),
    )


def board(diagram: Diagram, boxes: int = BOARD_BOXES) -> Picture:
    """Keep the main path alone; while it has more than `boxes`, leave out the inner one with the fewest other links."""
    cards = {card.id: card for card in diagram.cards}
    others = dict.fromkeys(cards, 0)
    for link in diagram.links:
        others[link.source] += 1
        others[link.target] += 1
    kept = list(diagram.path)
    while len(kept) > boxes:
        inner = range(1, len(kept) - 1)
        kept.pop(min(inner, key=lambda position: (others[kept[position]], position)))
    steps = {(link.source, link.target): link for link in reversed(diagram.links)}
    links: list[Link] = []
    skipped: dict[tuple[str, str], tuple[str, ...]] = {}
    for first, last in pairwise(kept):
        start, end = diagram.path.index(first), diagram.path.index(last)
        stretch = diagram.path[start : end + 1]
        parts = [steps[pair] for pair in pairwise(stretch) if pair in steps]
        if not parts:
            continue
        least = min(parts, key=lambda link: abs(link.money))
        links.append(replace(least, source=first, target=last, assumed=any(link.assumed for link in parts), back=False))
        if len(stretch) > 2:
            skipped[first, last] = tuple(cards[name].label for name in stretch[1:-1])
    shown = tuple(cards[name] for name in sorted(kept))
    outcome = diagram.outcome if diagram.outcome in kept else kept[-1]
    boxes_only = replace(diagram, cards=shown, links=tuple(links), outcome=outcome, path=tuple(kept))
    return Picture(boxes_only, skipped=skipped)


def collapsed(diagram: Diagram, limit: int) -> Picture:
    """Keep `limit` cards (path, what the lift touches most, the path's inputs); fold the rest into what they feed."""
    if len(diagram.cards) <= limit:
        return Picture(diagram)
    kept = _core(diagram, limit)
    home = _homes(diagram, kept)
    folded: dict[str, int] = {}
    for card in diagram.cards:
        if card.id not in kept and home.get(card.id):
            folded[home[card.id]] = folded.get(home[card.id], 0) + 1
    merged: dict[tuple[str, str, bool], list[Link]] = {}
    for link in diagram.links:
        source, target = home.get(link.source, ""), home.get(link.target, "")
        rehung = link.target not in kept
        if link.source in kept and target and source != target and not (rehung and link.back):
            merged.setdefault((source, target, link.back), []).append(replace(link, target=target))
    cards = tuple(card for card in diagram.cards if card.id in kept)
    links = tuple(_merge(group) for group in merged.values())
    return Picture(replace(diagram, cards=cards, links=links), folded=folded)


def _core(diagram: Diagram, limit: int) -> set[str]:
    carried = {card.id: abs(card.money) for card in diagram.cards}
    for link in diagram.links:
        for end in (link.source, link.target):
            carried[end] = max(carried[end], abs(link.money))
    path = set(diagram.path)
    inputs = {link.source for link in diagram.links if link.target in path and not link.back}
    ranked = sorted(
        (card.id for card in diagram.cards if card.id not in path),
        key=lambda name: (name != diagram.outcome, -carried[name], name not in inputs, name),
    )
    room = max(0, limit - len(path))
    return path | set(ranked[:room])


def _homes(diagram: Diagram, kept: set[str]) -> dict[str, str]:
    """The kept card that each card is shown in: itself, or the nearest one downstream (else upstream)."""
    feeders: dict[str, list[str]] = {}
    fed: dict[str, list[str]] = {}
    for link in diagram.links:
        if not link.back:
            feeders.setdefault(link.target, []).append(link.source)
            fed.setdefault(link.source, []).append(link.target)
    home = {name: name for name in sorted(kept)}
    _spread(home, feeders)
    _spread(home, fed)
    return home


def _spread(home: dict[str, str], onward: Mapping[str, Iterable[str]]) -> None:
    queue = deque(home)
    while queue:
        name = queue.popleft()
        for other in onward.get(name, ()):
            if other not in home:
                home[other] = home[name]
                queue.append(other)


def _merge(links: list[Link]) -> Link:
    if len(links) == 1:
        return links[0]
    money = sum(link.money for link in links)
    assumed = all(link.assumed for link in links)
    return replace(links[0], assumed=assumed, money=money, money_text="", elasticity_text="", delay="")
