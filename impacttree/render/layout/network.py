"""The picture as numbered cards and arrows: which arrows run forward, which return, which carry money."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from impacttree.records import dataclass
from impacttree.render.layout.cut import Excerpt
from impacttree.views import Card, Link

__all__ = ["Arrow", "Network", "network"]

LIVE_SHARE = 0.002
"""Below this share of the largest amount an arrow counts as carrying nothing."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A link between numbered cards; `share` is its amount over the largest one."""

    index: int
    source: int
    target: int
    link: Link
    share: float
    live: bool
    """Carries money in this lift."""
    on_path: bool
    returns: bool
    """Runs against the lanes: it would close a circle."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the search for places reads; cards and arrows are numbered in a fixed order."""

    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]
    path: tuple[int, ...]
    outcome: int
    lifted: bool
    callout: bool
    folded: tuple[int, ...]

    @property
    def forward(self) -> tuple[Arrow, ...]:
        """The arrows that run from left to right, or within a lane."""
        return tuple(arrow for arrow in self.arrows if not arrow.returns)


def network(excerpt: Excerpt) -> Network:
    """Number the cards and arrows of `excerpt` and tell forward from return arrows."""
    diagram = excerpt.diagram
    number = {card.id: index for index, card in enumerate(diagram.cards)}
    path = tuple(number[name] for name in diagram.path)
    steps = set(pairwise(path))
    ends = [(number[link.source], number[link.target]) for link in diagram.links]
    forward = _forward(len(number), ends, diagram.links, steps)
    largest = max((abs(link.money) for link in diagram.links), default=0.0)
    arrows = []
    drawn: set[tuple[int, int]] = set()
    for index, (link, pair) in enumerate(zip(diagram.links, ends, strict=True)):
        share = abs(link.money) / largest if largest > 0 else 0.0
        on_path = pair in steps and index in forward and pair not in drawn
        drawn.add(pair)
        arrows.append(Arrow(index, *pair, link, share, share > LIVE_SHARE, on_path, index not in forward))
    inside = Counter(excerpt.folded.values())
    return Network(
        cards=diagram.cards,
        arrows=tuple(arrows),
        path=path,
        outcome=number[diagram.outcome],
        lifted=bool(diagram.lifted),
        callout=diagram.callout is not None,
        folded=tuple(inside[card.id] for card in diagram.cards),
    )


def _forward(count: int, ends: list[tuple[int, int]], links: tuple[Link, ...], steps: set[tuple[int, int]]) -> set[int]:
    """Return indices of the links that can all run forward: path steps first, then those at once, then delayed ones."""
    onward: list[list[int]] = [[] for _ in range(count)]
    for source, target in steps:
        onward[source].append(target)
    ranked = sorted(range(len(ends)), key=lambda index: (ends[index] not in steps, links[index].back, index))
    at_once = [index for index in ranked if ends[index] in steps or not links[index].back]
    forward: set[int] = set()
    if _is_acyclic(count, [*steps, *(ends[index] for index in at_once)]):
        forward.update(at_once)
        for index in at_once:
            onward[ends[index][0]].append(ends[index][1])
    for index in ranked:
        source, target = ends[index]
        if index not in forward and (ends[index] in steps or not _reaches(onward, target, source)):
            forward.add(index)
            onward[source].append(target)
    return forward


def _is_acyclic(count: int, pairs: list[tuple[int, int]]) -> bool:
    onward: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in pairs:
        onward[source].append(target)
        waiting[target] += 1
    ready = [card for card, number in enumerate(waiting) if number == 0]
    for card in ready:
        for other in onward[card]:
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    return len(ready) == count


def _reaches(onward: list[list[int]], start: int, goal: int) -> bool:
    seen = {start}
    stack = [start]
    while stack:
        node = stack.pop()
        if node == goal:
            return True
        fresh = [other for other in onward[node] if other not in seen]
        seen.update(fresh)
        stack.extend(fresh)
    return False
