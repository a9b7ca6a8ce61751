"""A tree in parts that can be read in print: each metric with what feeds it, on one part, down from the outcome."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from impacttree.records import dataclass
from impacttree.views import Card, Diagram, Link

__all__ = ["Branch", "branches", "lanes_on"]

MOST_LANES = 4
"""Of a part: what a wide slide holds in letters of ten points."""
CARDS = {4: (7, 8, 9, 10, 11, 12), 3: (6, 7, 8), 2: (4, 5, 6)}
"""That a part of so many lanes shows at most: the fewest with which all of the tree finds room."""
MOST_PARTS = {4: 8, 3: 14, 2: 24}
"""By lanes."""
LANE = 3.1
"""Inches of a slide that a lane takes in such letters."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a tree.

    Parameters
    ----------
    diagram
        What is drawn.
    heads
        The metrics that it leads to, by their labels.
    left
        How many inputs of these have no room on it.
    """

    diagram: Diagram
    heads: tuple[str, ...]
    left: int = 0


def lanes_on(width: float) -> int:
    """Return how many lanes of a tree stand side by side on a slide of so many inches in letters of ten points.

    Examples
    --------
    >>> lanes_on(13.333), lanes_on(10.0), lanes_on(7.5)
    (4, 3, 2)
    """
    return min(max(int(width / LANE), min(CARDS)), MOST_LANES)


def branches(diagram: Diagram, lanes: int = MOST_LANES) -> tuple[tuple[Branch, ...], tuple[str, ...]]:
    """Return a tree in parts of so many lanes at most, and the ids of the metrics that stand on none of them.

    A part begins with the outcome, later with a metric whose inputs no part shows yet, and takes in the inputs of what
    it shows, largest amounts first, as long as it has room. So the inputs of each metric stand on one part; a metric
    that is shown before says on which one.

    Examples
    --------
    >>> from impacttree.views import Card
    >>> cards = tuple(Card(name, "driver", name, "1", "") for name in ("price", "sold", "paid"))
    >>> links = (Link("price", "paid", False, False), Link("sold", "paid", False, False))
    >>> parts, missing = branches(Diagram("", "", cards, links, "paid", ("price", "paid")))
    >>> [part.heads for part in parts], [len(part.diagram.cards) for part in parts], missing
    ([('paid',)], [3], ())
    """
    for cards in CARDS[lanes]:
        tree = _Tree(diagram, cards, lanes)
        planned = list(tree.planned())
        if tree.shown.issuperset(tree.cards) and tree.opened.issuperset(name for name in tree.cards if tree.into[name]):
            break
    places = {name: number for number, part in enumerate(planned, 1) for name in part.opened}
    parts = tuple(tree.drawn(part, number, places) for number, part in enumerate(planned, 1))
    return parts, tuple(card.id for card in diagram.cards if card.id not in tree.shown)


@dataclass(slots=True)
class _Part:
    """What stands on a part: the metrics whose inputs it shows, and all that it shows."""

    heads: list[str]
    opened: dict[str, tuple[Link, ...]]
    left: int = 0

    @property
    def cards(self) -> dict[str, None]:
        """The ids of what it shows, in order."""
        found = dict.fromkeys(self.heads)
        for name, links in self.opened.items():
            found |= dict.fromkeys((name, *(link.source for link in links)))
        return found


class _Tree:
    """A tree as parts are cut from it."""

    def __init__(self, diagram: Diagram, most: int, lanes: int) -> None:
        self.diagram, self.most, self.lanes = diagram, most, lanes
        self.cards: Mapping[str, Card] = {card.id: card for card in diagram.cards}
        self.into: dict[str, list[Link]] = {card.id: [] for card in diagram.cards}
        for link in diagram.links:
            if link.source != link.target:
                self.into[link.target].append(link)
        for links in self.into.values():
            links.sort(key=lambda link: (-abs(link.money), -abs(link.elasticity)))
        self.opened: set[str] = set()
        self.shown: set[str] = set()

    def planned(self) -> Iterator[_Part]:
        """Yield the parts, so many at most."""
        feeding = {link.source for link in self.diagram.links if link.source != link.target}
        ends = [self.diagram.outcome, *(name for name in self.cards if name not in feeding)]
        waiting = deque(dict.fromkeys([*ends, *self.cards]))
        for _ in range(MOST_PARTS[self.lanes]):
            part = self._part(waiting)
            if part is None:
                return
            yield part

    def _part(self, waiting: deque[str]) -> _Part | None:
        """Return the next part, and put what it leaves to others at the head of what waits."""
        part = _Part([], {})
        while (head := self._head(waiting, part)) is not None:
            part.heads.append(head)
            self.shown.add(head)
            if self.into[head]:
                self._open(part, head)
                self._grow(part)
        later = [name for name in part.cards if self._waits(name)]
        waiting.extendleft(name for name in reversed(later))
        return part if part.heads else None

    def _waits(self, name: str) -> bool:
        return bool(self.into[name]) and name not in self.opened

    def _head(self, waiting: deque[str], part: _Part) -> str | None:
        """Take the first that waits and finds room, those without inputs last; the first one of a part always does."""
        able = [name for name in waiting if self._waits(name)] or [name for name in waiting if name not in self.shown]
        found = next((name for name in able if not part.heads or self._fits(part, name)), None)
        if found is not None:
            waiting.remove(found)
        return found

    def _fits(self, part: _Part, name: str) -> bool:
        links = self.into[name]
        cards = part.cards | dict.fromkeys((name, *(link.source for link in links)))
        return len(cards) <= self.most and _lanes([*part.opened.values(), links], self.lanes) <= self.lanes

    def _open(self, part: _Part, name: str) -> None:
        room = self.most - len(part.cards)
        here = part.cards
        fresh = [link for link in self.into[name] if link.source not in here]
        kept = frozenset(link.source for link in fresh[:room])
        links = tuple(link for link in self.into[name] if link.source in here or link.source in kept)
        part.left += len(fresh) - len(kept)
        part.opened[name] = links
        self.opened.add(name)
        self.shown |= {link.source for link in links}

    def _grow(self, part: _Part) -> None:
        """Take in the inputs of what is shown as long as there is room, those first through which most money passes."""
        while True:
            able = [name for name in part.cards if self._waits(name) and self._fits(part, name)]
            if not able:
                return
            self._open(part, max(able, key=lambda name: self.cards[name].money))

    def drawn(self, part: _Part, number: int, places: Mapping[str, int]) -> Branch:
        """Return a part as it is drawn; who has inputs on another part says so where owners stand."""
        links = tuple(
            replace(link, elasticity_text="" if link.money_text else link.elasticity_text)
            for own in part.opened.values()
            for link in own
        )
        cards = tuple(replace(self.cards[name], owner=self._elsewhere(name, number, places)) for name in part.cards)
        path = _chain(self.diagram.path, {(link.source, link.target) for link in links})
        outcome = path[-1] if path else part.heads[0]
        drawn = replace(
            self.diagram, title="", subtitle="", cards=cards, links=links, outcome=outcome, path=path or (outcome,),
            callout=None, notes=(), size="part", lanes=self.lanes,
        )  # fmt: skip
        return Branch(drawn, tuple(self.cards[name].label for name in part.heads), part.left)

    def _elsewhere(self, name: str, number: int, places: Mapping[str, int]) -> str:
        place = places.get(name, number)
        return "" if place == number else f"part {place}"


def _lanes(groups: Iterable[Sequence[Link]], most: int) -> int:
    """Return how many cards the longest chain has; more than there is room for where chains close to a circle.

    A link that acts later runs against the others only where it would close one.
    """
    links = [link for group in groups for link in group]
    longest = _longest([link for link in links if not link.back], most)
    every = _longest(links, most)
    return every if every <= most else longest


def _longest(links: Sequence[Link], most: int) -> int:
    level: dict[str, int] = {}
    for _ in range(most):
        for link in links:
            level[link.target] = max(level.get(link.target, 1), level.get(link.source, 1) + 1)
    return max(level.values(), default=1)


def _chain(path: Sequence[str], drawn: set[tuple[str, str]]) -> tuple[str, ...]:
    """Return the longest stretch of the main path whose steps are drawn."""
    best: list[str] = []
    run: list[str] = []
    for first, second in pairwise(path):
        if (first, second) in drawn:
            run = [*(run or [first]), second]
            best = max(best, run, key=len)
        else:
            run = []
    return tuple(best)
