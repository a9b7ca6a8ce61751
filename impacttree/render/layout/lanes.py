"""Step 2: which lane each card stands in; a local search over a small cost that names what the eye dislikes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import ceil, isqrt
from random import Random

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.network import Arrow, Network

__all__ = ["Lanes", "assign_lanes"]

HOME = {"product": 0.0, "driver": 0.35, "guardrail": 0.8, "financial": 0.85}
KICKS, PART_KICKS = 8, 2
KEPT = 3
"""Assignments per number of lanes that go on to the search for rows."""
CALLOUT_SLOTS = 1.4


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lane of each card, and how many there are."""

    lane: tuple[int, ...]
    count: int
    cost: float


def assign_lanes(net: Network, budget: Budget, *, poster: bool = False, part_lanes: int = 0) -> tuple[Lanes, ...]:
    """Return the best assignment for each promising number of lanes, best first."""
    length, cards = len(net.path), len(net.cards)
    found = []
    for count in _counts(length, cards, poster=poster, most=part_lanes + 1 if part_lanes else 7 if cards <= 22 else 9):
        tall = ceil(cards / (0.8 * count)) if poster else max(5, ceil(cards / (0.88 * max(7, length))))
        search = _Search(net, count, tall, budget)
        search.descend()
        found.append((search.total() + 0.9 * count, count, search))
    found.sort(key=lambda entry: entry[:2])
    lanes = []
    for _, count, search in found[:4]:
        kicks = PART_KICKS if part_lanes else KICKS
        assignments = search.kick(kicks) if cards <= 45 else [(search.total(), tuple(search.lane))]
        lanes += [Lanes(lane, count, own + 0.9 * count) for own, lane in assignments[:KEPT]]
    return tuple(sorted(lanes, key=lambda entry: (entry.cost, entry.count, entry.lane)))


def _counts(length: int, cards: int, *, poster: bool, most: int) -> list[int]:
    """Return numbers of lanes worth trying: at least the main path's length, at most what a page holds."""
    if poster:
        wide = isqrt(cards)  # as many lanes as rows: about the shape of the page
        least, most = (wide - 4, wide + 2) if wide > 14 else (6, 14)
        counts = range(max(least, length), max(most, length) + 1, 2)
    else:
        counts = range(max(2, length) if cards > 1 else 1, max(most, length + (cards > 2 * length)) + 1)
    return [count for count in counts if count <= max(cards, length)] or [max(1, length)]


def _kind(net: Network, card: int) -> str:
    return "guardrail" if net.cards[card].guardrail else net.cards[card].kind


class _Search:
    """One descent for a fixed number of lanes; every move changes the cost by what it touches only."""

    def __init__(self, net: Network, count: int, tall: int, budget: Budget) -> None:
        self.net = net
        self.budget = budget
        self.count = count
        self.tall = tall
        size = len(net.cards)
        self.kinds = [_kind(net, card) for card in range(size)]
        self.on_path = [False] * size
        for card in net.path:
            self.on_path[card] = True
        self.onward: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        self.inward: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        self.costs: list[list[tuple[int, list[float]]]] = [[] for _ in range(size)]
        for arrow in net.arrows:
            self._add(arrow)
        for first, last in pairwise(net.path):
            self.onward[first].append((last, 1))
            self.inward[last].append((first, 1))
        self.beside = [list({card, *(other for other, _ in own)}) for card, own in enumerate(self.costs)]
        """A card and those that an arrow ties to it."""
        self.order = self._topological()
        self.home = [
            [0.12 * count * abs(lane / max(1, count - 1) - HOME[kind]) for lane in range(count)] for kind in self.kinds
        ]
        hangs = any(arrow.source == net.outcome for arrow in net.forward)
        self.last_penalty = 12.0 if hangs else 50.0
        self.lane = self._start()
        self._count_lanes()

    def _add(self, arrow: Arrow) -> None:
        """Set up costs by distance in lanes; a negative distance never occurs for forward arrows."""
        weight = 1.0 + arrow.share if arrow.live else 0.6 if not self.net.lifted else 0.45
        if arrow.returns:
            table = [0.25 * distance for distance in range(self.count)]
        else:
            table = [(distance - 1) * weight + 0.15 * (distance - 1) ** 2 for distance in range(self.count)]
            table[0] = 2.0 + 0.5 * weight
            if arrow.target == self.net.outcome and self.net.callout:
                table[0] += 30.0
            self.onward[arrow.source].append((arrow.target, 0))
            self.inward[arrow.target].append((arrow.source, 0))
        self.costs[arrow.source].append((arrow.target, table))
        self.costs[arrow.target].append((arrow.source, table))

    def _topological(self) -> list[int]:
        waiting = [len(inward) for inward in self.inward]
        ready = [card for card, number in enumerate(waiting) if number == 0]
        order = []
        while ready:
            card = ready.pop()
            order.append(card)
            for other, _ in self.onward[card]:
                waiting[other] -= 1
                if waiting[other] == 0:
                    ready.append(other)
        return order

    def _start(self) -> list[int]:
        """Return the longest path to a sink, squeezed into the lanes from the left, path steps always apart."""
        depth = [0] * len(self.kinds)
        for card in reversed(self.order):
            depth[card] = max((depth[other] + 1 for other, _ in self.onward[card]), default=0)
        lane = [self.count - 1 - value for value in depth]
        floor = [0] * len(lane)
        for card in self.order:
            least = max((floor[other] + strict for other, strict in self.inward[card]), default=0)
            floor[card] = max(least, lane[card])
        ceiling = [self.count - 1] * len(lane)
        for card in reversed(self.order):
            most = min((ceiling[other] - strict for other, strict in self.onward[card]), default=self.count - 1)
            ceiling[card] = min(most, floor[card])
        return ceiling

    def _count_lanes(self) -> None:
        self.into, self.out = [0] * len(self.lane), [0] * len(self.lane)
        """How many arrows enter and leave a card from within its lane."""
        for arrow in self.net.forward:
            if self.lane[arrow.source] == self.lane[arrow.target]:
                self.out[arrow.source] += 1
                self.into[arrow.target] += 1
        self.number = [0] * self.count
        self.by_kind: list[dict[str, int]] = [dict.fromkeys(HOME, 0) for _ in range(self.count)]
        for card, lane in enumerate(self.lane):
            self.number[lane] += 1
            self.by_kind[lane][self.kinds[card]] += 1
        self._reserve()
        self.lane_costs = [self._lane_cost(lane) for lane in range(self.count)]

    def _reserve(self) -> None:
        """Keep the slots that the ribbon takes in the lanes which a path step skips."""
        self.skipped = [0] * self.count
        path = self.net.path
        for first, last in pairwise(path):
            for lane in range(self.lane[first] + 1, self.lane[last]):
                self.skipped[lane] += 1

    def _lane_cost(self, lane: int) -> float:
        height: float = self.number[lane] + self.skipped[lane]
        if height == 0:
            return 8.0
        if self.net.callout and self.lane[self.net.outcome] == lane:
            height += CALLOUT_SLOTS
        strangers = self.number[lane] - max(self.by_kind[lane].values())
        return 0.04 * height * height + 10.0 * max(0.0, height - self.tall) ** 2 + 0.25 * strangers

    def _with_same_lanes(self, cost: float, cards: Iterable[int]) -> float:
        """Return `cost` and what arrows within the lane of each card add to it where more than one meets there."""
        for card in cards:
            into, out = self.into[card], self.out[card]
            if into + out < 2:
                continue
            own = 6.0 * (max(0, into - 1) + max(0, out - 1))
            if into and out:
                own += 12.0 if self.on_path[card] else 3.0
            elif self.on_path[card]:
                own += 12.0
            cost += own
        return cost

    def _around(self, cards: set[int]) -> float:
        """Return everything in the cost that depends on where `cards` stand, the lanes' own cost apart."""
        cost = 0.0
        lane = self.lane
        beside = set(cards)
        for card in cards:
            here = lane[card]
            cost += self.home[card][here]
            for other, table in self.costs[card]:
                beside.add(other)
                if other not in cards or other > card:
                    cost += table[abs(here - lane[other])]
        cost = self._with_same_lanes(cost, beside)
        if self.net.outcome in cards and lane[self.net.outcome] != self.count - 1:
            cost += self.last_penalty
        return cost

    def total(self) -> float:
        """Return the whole cost."""
        return self._around(set(range(len(self.lane)))) + sum(self._lane_cost(lane) for lane in range(self.count))

    def _try(self, moves: dict[int, int]) -> float:
        """Change of the cost if each card of `moves` went to its lane; nothing is changed."""
        cards = set(moves)
        back = {card: self.lane[card] for card in cards}
        lanes = set(back.values()) | set(moves.values())
        if self.net.outcome in cards or any(self.on_path[card] for card in cards):
            lanes = set(range(self.count))
        self.budget.spend(4 * sum(len(self.costs[card]) for card in cards))
        before = self._around(cards) + sum(self.lane_costs[lane] for lane in lanes)
        self._shift(moves)
        after = self._around(cards) + sum(self._lane_cost(lane) for lane in lanes)
        self._shift(back)
        return after - before

    def _single_moves(self, card: int, lanes: Iterable[int]) -> list[tuple[float, int]]:
        """Return what `_try` tells of one card and each of the lanes, what they share worked out once.

        Not for the main path or the outcome, on which the cost of every lane depends.
        """
        here = self.lane[card]
        before = self._around_one(card)
        self._leave(card)
        left = self._lane_cost(here)
        changes = []
        for lane in lanes:
            self.budget.spend(4 * len(self.costs[card]))
            self._enter(card, lane)
            after = self._around_one(card) + (left + self._lane_cost(lane))
            self._leave(card)
            changes.append((after - (before + (self.lane_costs[here] + self.lane_costs[lane])), lane))
        self._enter(card, here)
        return changes

    def _around_one(self, card: int) -> float:
        """Return what `_around` does for a single card."""
        here, lane = self.lane[card], self.lane
        cost = self.home[card][here]
        for other, table in self.costs[card]:
            cost += table[abs(here - lane[other])]
        return self._with_same_lanes(cost, self.beside[card])

    def _apply(self, moves: dict[int, int]) -> None:
        self._shift(moves)
        self.lane_costs = [self._lane_cost(lane) for lane in range(self.count)]

    def _shift(self, moves: dict[int, int]) -> None:
        for card, lane in moves.items():
            self._leave(card)
            self._enter(card, lane)
        if not self.net.path or any(self.on_path[card] for card in moves):
            self._reserve()

    def _leave(self, card: int) -> None:
        """Count a card no more in the lane where it stands, until it enters one."""
        lane = self.lane[card]
        self._count_beside(card, lane, -1)
        self.number[lane] -= 1
        self.by_kind[lane][self.kinds[card]] -= 1

    def _enter(self, card: int, lane: int) -> None:
        self._count_beside(card, lane, 1)
        self.number[lane] += 1
        self.by_kind[lane][self.kinds[card]] += 1
        self.lane[card] = lane

    def _count_beside(self, card: int, lane: int, by: int) -> None:
        """Count the arrows between a card that leaves or enters a lane and those that stand there."""
        at, into, out = self.lane, self.into, self.out
        for other, strict in self.inward[card]:
            if at[other] == lane and not strict:
                into[card] += by
                out[other] += by
        for other, strict in self.onward[card]:
            if at[other] == lane and not strict:
                out[card] += by
                into[other] += by

    def _range(self, card: int) -> tuple[int, int]:
        low, high = 0, self.count - 1
        for other, strict in self.inward[card]:
            low = max(low, self.lane[other] + strict)
        for other, strict in self.onward[card]:
            high = min(high, self.lane[other] - strict)
        return low, high

    def _pushed(self, card: int, step: int) -> dict[int, int]:
        """Return the lanes of `card`, moved by one, and of all in its way; empty when one would leave the page."""
        moves = {card: self.lane[card] + step}
        stack = [card]
        while stack:
            mover = stack.pop()
            target = moves[mover]
            if not 0 <= target < self.count:
                return {}
            for other, strict in self.onward[mover] if step > 0 else self.inward[mover]:
                at = moves.get(other, self.lane[other])
                if (at - target if step > 0 else target - at) < strict:
                    moves[other] = target + (strict if step > 0 else -strict)
                    stack.append(other)
        return moves

    def descend(self, sweeps: int = 12) -> None:
        """Take the best move of each card in turn until none helps."""
        unmoved = 0
        for _ in range(sweeps):
            for card in range(len(self.lane)):
                if unmoved == len(self.lane) or self.budget.spent:
                    return
                unmoved += 1
                best, chosen = -1e-9, None
                low, high = self._range(card)
                here = self.lane[card]
                lanes = [lane for lane in range(low, high + 1) if lane != here]
                if self.on_path[card] or card == self.net.outcome:
                    changes = [(self._try({card: lane}), lane) for lane in lanes]
                else:
                    changes = self._single_moves(card, lanes) if lanes else []
                for change, lane in changes:
                    if change < best:
                        best, chosen = change, {card: lane}
                for step, is_free in ((-1, low < here), (1, here < high)):
                    moves = {} if is_free else self._pushed(card, step)
                    if len(moves) > 1:
                        change = self._try(moves)
                        if change < best:
                            best, chosen = change, moves
                if chosen:
                    self._apply(chosen)
                    unmoved = 0

    def kick(self, times: int) -> list[tuple[float, tuple[int, ...]]]:
        """Shake three cards, descend again, go on from the best; what was found, best first.

        The seed is fixed, so the same tree always gives the same lanes.
        """
        chance = Random(7)  # noqa: S311 - a search needs repeatable numbers, not secret ones
        found = {tuple(self.lane): self.total()}
        for _ in range(times):
            for _ in range(3):
                card = int(chance.random() * len(self.lane))
                low, high = self._range(card)
                self._apply({card: low + int(chance.random() * (high - low + 1))})
            self.descend()
            found[tuple(self.lane)] = self.total()
            best = min(found, key=lambda lane: (found[lane], lane))
            self._apply({card: lane for card, lane in enumerate(best) if lane != self.lane[card]})
        return sorted((cost, lane) for lane, cost in found.items())
