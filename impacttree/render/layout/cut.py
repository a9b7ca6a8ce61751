"""Which cards and links a picture shows: everything, the board's six boxes, or the core of a large tree."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from heapq import heapify, heappop, heappush
from itertools import pairwise

from impacttree.records import dataclass
from impacttree.render.layout.measure import clean
from impacttree.views import Callout, Card, Diagram, Link, Panel

__all__ = ["POSTER", "SLIDE", "Capacity", "Excerpt", "board", "cleaned", "collapsed"]

BOARD_BOXES = 6
BESIDE = 0.01
"""Of the largest amount: smaller ones beside the path do not decide which cards of it are shown."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much a picture shows at most before it folds cards and leaves out lines."""

    cards: int
    touched: int
    """Cards that a lift changes stay up to this number, even where they are more than `cards`."""
    path: int
    """Cards of the main path in a tree that is folded."""
    lines: int


STRONGEST = 12
"""So many are shown of siblings that are more than a picture holds."""
SLIDE = Capacity(cards=40, touched=60, path=20, lines=400)
POSTER = Capacity(cards=400, touched=400, path=40, lines=2000)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A diagram as it will be drawn, and what was left out of it."""

    diagram: Diagram
    folded: Mapping[str, str] = field(default_factory=dict)
    """The shown card that each one left out is folded into, by their ids."""
    lent: bool = False
    """Whether a card draws a line that is that of a card folded into it."""
    apart: int = 0
    """Cards left out that no link ties to one that is shown."""
    thinned: int = 0
    """Lines left out: those that carry least."""
    skipped: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Labels of the boxes left out between two that follow each other, by their ids."""


def cleaned(diagram: Diagram) -> Diagram:
    """Return the same diagram in an order of its own and with drawable text: the picture depends on neither.

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
        asides=tuple(replace(one, text=clean(one.text), card=_clean_card(one.card, False)) for one in diagram.asides),
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


def board(diagram: Diagram, boxes: int = BOARD_BOXES) -> Excerpt:
    """Keep the main path alone; of one with more than `boxes`, the inner ones with the fewest other links go."""
    kept = _shortened(diagram, boxes)
    joints = _joints(diagram, kept)
    labels = {card.id: card.label for card in diagram.cards}
    skipped = {pair: tuple(labels[name] for name in inner) for pair, (_, inner) in joints.items() if inner}
    on_path = set(kept)
    shown = tuple(card for card in diagram.cards if card.id in on_path)
    outcome = diagram.outcome if diagram.outcome in on_path else kept[-1]
    links = tuple(link for link, _ in joints.values())
    return Excerpt(replace(diagram, cards=shown, links=links, outcome=outcome, path=kept), skipped=skipped)


def _shortened(diagram: Diagram, most: int) -> tuple[str, ...]:
    """Return the main path with at most so many cards: its ends, and the inner ones that most hangs on.

    Those come first where an amount joins the path or leaves it, then those with the most other links.
    """
    path = diagram.path
    if len(path) <= most:
        return path
    others, joined = dict.fromkeys(path, 0), dict.fromkeys(path, False)
    steps = set(pairwise(path))
    large = BESIDE * max((abs(link.money) for link in diagram.links), default=0.0)
    for link in diagram.links:
        for end in (link.source, link.target):
            if end in others:
                others[end] += 1
                joined[end] |= (link.source, link.target) not in steps and abs(link.money) > large
    inner = sorted(range(1, len(path) - 1), key=lambda k: (joined[path[k]], others[path[k]], k))
    kept = {0, len(path) - 1, *inner[len(inner) - (most - 2) :]}
    return tuple(name for position, name in enumerate(path) if position in kept)


def _joints(diagram: Diagram, kept: tuple[str, ...]) -> dict[tuple[str, str], tuple[Link, tuple[str, ...]]]:
    """Return the link between each two that follow each other on a shortened path, and who is left out between them.

    It carries what runs through all the steps that it stands for.
    """
    steps = {(link.source, link.target): link for link in reversed(diagram.links)}
    place = {name: position for position, name in enumerate(diagram.path)}
    joints = {}
    for first, last in pairwise(kept):
        stretch = diagram.path[place[first] : place[last] + 1]
        parts = [steps[pair] for pair in pairwise(stretch) if pair in steps]
        if parts:
            least = min(parts, key=lambda link: abs(link.money))
            assumed = any(link.assumed for link in parts)
            joint = replace(least, source=first, target=last, assumed=assumed, back=False)
            joints[first, last] = joint, stretch[1:-1]
    return joints


def collapsed(diagram: Diagram, room: Capacity) -> Excerpt:
    """Show what there is `room` for: fold cards into the first one shown that they feed, then thin out the lines.

    The main path stays (its inner cards go where it is very long) and what the lift touches; metrics that feed the
    same ones stay or go together. No link between what is shown is lost by folding: those of folded cards are hung on
    the card that they are folded into, which, coming first, closes no circle.
    """
    if len(diagram.cards) <= room.cards:
        return _thinned(Excerpt(diagram), room.lines)
    path = _shortened(diagram, room.path)
    links = _Neighbours(diagram)
    kept = _core(diagram, links, path, room)
    home = links.homes(kept)
    folded = {name: shown for name, shown in home.items() if name != shown}
    cards = tuple(card for card in diagram.cards if card.id in kept)
    outcome = home.get(diagram.outcome, path[-1])
    shown = replace(diagram, cards=cards, links=_hung(diagram, path, home), outcome=outcome, path=path)
    lent = any(
        link.source in folded and link.target in home and home[link.target] != folded[link.source]
        for link in diagram.links
    )
    return _thinned(Excerpt(shown, folded, lent, apart=len(diagram.cards) - len(home)), room.lines)


class _Neighbours:
    """Who feeds whom within a period, and an order in which what feeds comes before what is fed."""

    def __init__(self, diagram: Diagram) -> None:
        self.sources: dict[str, list[str]] = {card.id: [] for card in diagram.cards}
        self.targets: dict[str, list[str]] = {card.id: [] for card in diagram.cards}
        for link in diagram.links:
            if not link.back:
                self.sources[link.target].append(link.source)
                self.targets[link.source].append(link.target)
        self.order = self._ordered()
        self.place = {name: position for position, name in enumerate(self.order)}

    def _ordered(self) -> list[str]:
        """Return the cards in topological order; where links form a circle, it is entered at its first card."""
        waiting = {name: len(sources) for name, sources in self.sources.items()}
        ready = deque(name for name, number in waiting.items() if number == 0)
        entries = iter(list(waiting))
        order: list[str] = []
        while waiting:
            if not ready:
                ready.append(next(name for name in entries if name in waiting))
            name = ready.popleft()
            if waiting.pop(name, None) is None:
                continue
            order.append(name)
            for target in self.targets[name]:
                if target in waiting:
                    waiting[target] -= 1
                    if waiting[target] == 0:
                        ready.append(target)
        return order

    def siblings(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return what those have in common that feed the same metrics, or that feed nothing and are fed by the same."""
        targets = frozenset(self.targets[name])
        return targets, frozenset() if targets else frozenset(self.sources[name])

    def homes(self, kept: set[str]) -> dict[str, str]:
        """Return the shown card that each is drawn in: itself, the first that it feeds, else the last that feeds it."""
        home = {name: name for name in self.order if name in kept}
        first: Callable[[str], int] = self.place.__getitem__
        for name in reversed(self.order):
            if name not in home:
                fed = {home[target] for target in self.targets[name] if target in home}
                if fed:
                    home[name] = min(fed, key=first)
        for name in self.order:
            if name not in home:
                feeding = {home[source] for source in self.sources[name] if source in home}
                if feeding:
                    home[name] = max(feeding, key=first)
        return home

    def steps_from(self, names: set[str]) -> dict[str, int]:
        """Return how many links each card is away from these."""
        away = {name: 0 for name in self.order if name in names}
        queue = deque(away)
        while queue:
            name = queue.popleft()
            for other in (*self.sources[name], *self.targets[name]):
                if other not in away:
                    away[other] = away[name] + 1
                    queue.append(other)
        return away


def _core(diagram: Diagram, links: _Neighbours, path: tuple[str, ...], room: Capacity) -> set[str]:
    """Return path, outcome, what the lift touches, and of the rest as much as there is room for."""
    carried = {card.id: abs(card.money) for card in diagram.cards}
    strength = dict.fromkeys(carried, 0.0)
    for link in diagram.links:
        strength[link.source] = max(strength[link.source], abs(link.elasticity))
        for end in (link.source, link.target):
            carried[end] = max(carried[end], abs(link.money))
    core, whole_path = {*path, diagram.outcome}, set(diagram.path)
    loose = [card for card in diagram.cards if card.id not in core and card.id not in whole_path]
    touched = [card.id for card in loose if diagram.lifted and (card.change or carried[card.id] > 0)]
    touched.sort(key=lambda name: (-carried[name], name))
    core.update(touched[: room.touched - len(core)])
    kept = core | ({card.id for card in loose} - set(touched))
    away = links.steps_from(core)
    waves = _peel(kept, core, links, away, room.cards)
    if len(kept) > room.cards:
        kept = _grown(core, kept, links, away, strength, room.cards)
    for wave in reversed(waves):
        _unpeel(kept, wave, strength, room.cards)
    return kept


_Wave = list[tuple[str, list[str]]]
"""Groups of cards that were folded at one time, each after the card that it hangs on."""


def _peel(kept: set[str], core: set[str], links: _Neighbours, away: Mapping[str, int], most: int) -> list[_Wave]:
    """Take out of `kept` what can be folded unseen, from the far ends inwards, until no more than `most` are left.

    That is: cards that feed one card alone and show no inputs of their own, and dead ends that one card feeds. All
    that hang on one card go together, and so do all at one distance.
    """
    hanging: dict[tuple[str, bool], list[str]] = {}
    for name in links.order:
        feeds = bool(links.targets[name])
        ends = set(links.targets[name] if feeds else links.sources[name])
        if name in kept and name not in core and name in away and len(ends) == 1:
            hanging.setdefault((ends.pop(), feeds), []).append(name)
    group_of = {name: key for key, names in hanging.items() for name in names}
    inputs = {
        key: sum(source in kept for name in names for source in set(links.sources[name])) if key[1] else 0
        for key, names in hanging.items()
    }
    ready = [(-away[key[0]], key) for key, number in inputs.items() if number == 0]
    heapify(ready)
    waves: list[_Wave] = []
    while ready and len(kept) > most:
        distance = ready[0][0]
        wave: _Wave = []
        while ready and ready[0][0] == distance:
            key = heappop(ready)[1]
            wave.append((key[0], hanging[key]))
            kept.difference_update(hanging[key])
            fed = group_of.get(key[0]) if key[1] else None
            if fed and fed[1]:
                inputs[fed] -= len(hanging[key])
                if inputs[fed] == 0:
                    heappush(ready, (-away[fed[0]], fed))
        waves.append(wave)
    return waves


def _unpeel(kept: set[str], wave: _Wave, strength: Mapping[str, float], most: int) -> None:
    """Put back all groups of one size of a wave where they fit; of one too large for any picture, the strongest."""
    groups = [names for anchor, names in wave if anchor in kept]
    for size in sorted({len(names) for names in groups}):
        shown = [name for names in groups if len(names) == size for name in names]
        if size > most:
            shown = sorted(shown, key=lambda name: (-strength[name], name))[:STRONGEST]
        if len(kept) + len(shown) <= most:
            kept.update(shown)


def _grown(
    core: set[str],
    loose: set[str],
    links: _Neighbours,
    away: Mapping[str, int],
    strength: Mapping[str, float],
    most: int,
) -> set[str]:
    """Add to the core whole groups of siblings from near to far, the strongest first, as long as there is room."""
    kept = set(core)
    groups: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for name in links.order:
        if name in loose and name not in kept and name in away:
            groups.setdefault(links.siblings(name), []).append(name)
    ranked = sorted(
        groups.items(),
        key=lambda group: (
            min(away[name] for name in group[1]),
            -max(strength[name] for name in group[1]),
            min(group[1]),
        ),
    )
    for (targets, sources), names in ranked:
        if len(kept) + len(names) <= most and not kept.isdisjoint(targets or sources):
            kept.update(names)
    return kept


def _hung(diagram: Diagram, path: tuple[str, ...], home: Mapping[str, str]) -> tuple[Link, ...]:
    """Return all links between what is shown, those of folded cards on the card that they are folded into."""
    merged: dict[tuple[str, str, bool], list[Link]] = {}
    for link in diagram.links:
        source, target = home.get(link.source), home.get(link.target)
        if source and target and source != target:
            same = (source, target) == (link.source, link.target)
            drawn = link if same else replace(link, source=source, target=target, elasticity_text="")
            merged.setdefault((source, target, link.back), []).append(drawn)
    if path != diagram.path:
        for (first, last), (joint, inner) in _joints(diagram, path).items():
            if inner:
                merged[first, last, False] = [replace(joint, elasticity_text="")]
    return tuple(_merge(group) for group in merged.values())


def _merge(links: list[Link]) -> Link:
    if len(links) == 1:
        return links[0]
    money = sum(link.money for link in links)
    elasticity = max((link.elasticity for link in links), key=abs)
    assumed = all(link.assumed for link in links)
    return replace(
        links[0],
        assumed=assumed,
        money=money,
        money_text="",
        elasticity=elasticity,
        elasticity_text="",
        delay="",
    )


def _thinned(excerpt: Excerpt, most: int) -> Excerpt:
    """Leave out the lines beyond `most` that carry least, by money and then by elasticity; the path's own stay."""
    diagram = excerpt.diagram
    links = diagram.links
    if len(links) <= most:
        return excerpt
    steps = set(pairwise(diagram.path))

    def rank(index: int) -> tuple[bool, float, float, int]:
        link = links[index]
        return (link.source, link.target) not in steps, -abs(link.money), -abs(link.elasticity), index

    kept = sorted(sorted(range(len(links)), key=rank)[:most])
    return replace(
        excerpt, diagram=replace(diagram, links=tuple(links[index] for index in kept)), thinned=len(links) - most
    )
