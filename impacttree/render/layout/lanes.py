"""Step 2: which lane each card stands in; a local search over a small cost that names what the eye dislikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import ceil, inf, isqrt
from operator import add, itemgetter, sub
from random import Random
from typing import Any, NamedTuple

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.network import Arrow, Network

__all__ = ["Lanes", "assign_lanes"]

HOME = {"product": 0.0, "driver": 0.35, "guardrail": 0.8, "financial": 0.85}
KICKS, PART_KICKS = 8, 2
KEPT = 3
"""Assignments per number of lanes that go on to the search for rows."""
CALLOUT_SLOTS = 1.4
SLOPE = 0.04
"""Of what a lane costs, by the square of its height."""
ROUNDING = 1e-5
"""More than the sums of a large picture are off by."""
DIGIT = 1 << 12
"""What takes the slots of a lane is one number: a digit each for the cards of every kind, the ribbon, the callout."""
CARD = {kind: DIGIT**place for place, kind in enumerate(HOME)}
SKIPPED = DIGIT ** len(HOME)
CALLOUT = SKIPPED * DIGIT


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


class _LaneCosts(dict[int, float]):
    """The own cost of a lane by what takes its slots: worked out when it is first asked for."""

    def __init__(self, tall: int) -> None:
        super().__init__()
        self.tall = tall

    def __missing__(self, taken: int) -> float:
        *cards, skipped, callout = (taken // unit % DIGIT for unit in (*CARD.values(), SKIPPED, CALLOUT))
        height: float = sum(cards) + skipped
        if callout:
            height += CALLOUT_SLOTS
        strangers = sum(cards) - max(cards)
        own = SLOPE * height * height + 10.0 * max(0.0, height - self.tall) ** 2 + 0.25 * strangers
        self[taken] = own if taken else 8.0
        return self[taken]


class _Alone(NamedTuple):
    """Where a card may go by itself, and what its home and its arrows cost in each of these lanes."""

    low: int
    high: int
    costs: Sequence[float]


class _Search:
    """One descent for a fixed number of lanes.

    Most moves are much too dear: what a move changes at least is told from what differs alone, and the whole costs
    before and after are added up only where that leaves it open whether the move is the best.
    """

    def __init__(self, net: Network, count: int, tall: int, budget: Budget) -> None:
        self.net = net
        self.budget = budget
        self.count = count
        size = len(net.cards)
        kinds = [_kind(net, card) for card in range(size)]
        self.slot = [CARD[kind] for kind in kinds]
        self.on_path = [False] * size
        for card in net.path:
            self.on_path[card] = True
        self.bound = {*net.path, net.outcome}
        """Cards on which the cost of every lane depends."""
        self.onward: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        self.inward: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        self.costs: list[list[tuple[int, list[float]]]] = [[] for _ in range(size)]
        """Of each card what its arrows cost: the other card, and a list that has distance 0 in its middle."""
        for arrow in net.arrows:
            self._add(arrow)
        self.sources = [[other for other, _ in inward] for inward in self.inward]
        self.targets = [[other for other, _ in onward] for onward in self.onward]
        for first, last in pairwise(net.path):
            self.onward[first].append((last, 1))
            self.inward[last].append((first, 1))
        tied = [
            {other for other, _ in (*self.costs[card], *self.onward[card], *self.inward[card])} or {card}
            for card in range(size)
        ]
        self.beside = [itemgetter(*others) for others in tied]
        """Give the lanes of the cards that an arrow or the path ties to a card."""
        self.known: list[dict[Any, _Alone]] = [{} for _ in range(size)]
        self.steps = [4 * len(costs) for costs in self.costs]
        """What it takes to judge a move of each card."""
        self.order = self._topological()
        self.home = [
            [0.12 * count * abs(lane / max(1, count - 1) - HOME[kind]) for lane in range(count)] for kind in kinds
        ]
        self.cost_of = _LaneCosts(tall)
        hangs = any(arrow.source == net.outcome for arrow in net.forward)
        self.last_penalty = 12.0 if hangs else 50.0
        self.ends: set[tuple[int, ...]] = set()
        """Assignments in which no move helps."""
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
        both = table[:0:-1] + table
        self.costs[arrow.source].append((arrow.target, both))
        self.costs[arrow.target].append((arrow.source, both))

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
        depth = [0] * len(self.slot)
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
        """Add up what takes the slots of each lane."""
        self.reserved = self._reserved(self.lane)
        self.taken = self.reserved.copy()
        for card, lane in enumerate(self.lane):
            self.taken[lane] += self.slot[card]
        self._note_lane_costs()
        self.crowds = list(map(self._crowd_cost, range(len(self.lane))))

    def _reserved(self, at: Sequence[int]) -> list[int]:
        """Return what the callout takes, and the ribbon in lanes which a path step skips, with cards `at` lanes."""
        taken = [0] * self.count
        for first, last in pairwise(self.net.path):
            for lane in range(at[first] + 1, at[last]):
                taken[lane] += SKIPPED
        if self.net.callout:
            taken[at[self.net.outcome]] += CALLOUT
        return taken

    def _note_lane_costs(self) -> None:
        self.lane_costs = self._lane_costs(self.taken)
        self.spare = sum(self.lane_costs) - SLOPE * len(self.lane) ** 2 / self.count
        """What the lanes cost more than if each held as many cards."""

    def _lane_costs(self, taken: list[int]) -> list[float]:
        """Return the own cost of each lane by what takes its slots."""
        return list(map(self.cost_of.__getitem__, taken))

    def _taken_after(self, moves: dict[int, int]) -> list[int]:
        """Return what takes the slots of each lane once the cards of `moves` have gone to theirs."""
        taken, at = self.taken.copy(), self.lane.copy()
        for card, lane in moves.items():
            slot = self.slot[card]
            taken[at[card]] -= slot
            taken[lane] += slot
            at[card] = lane
        if self._is_bound(moves):
            taken = list(map(sub, map(add, taken, self._reserved(at)), self.reserved))
        return taken

    def _crowd_cost(self, card: int) -> float:
        """Return what arrows within the lane of a card cost where more than one meets there."""
        here = self.lane[card]
        at = self.lane.__getitem__
        into = list(map(at, self.sources[card])).count(here)
        out = list(map(at, self.targets[card])).count(here)
        if into + out < 2:
            return 0.0
        crowd = 6.0 * (max(0, into - 1) + max(0, out - 1))
        if self.on_path[card]:
            return crowd + 12.0
        return crowd + 3.0 if into and out else crowd

    def _around(self, cards: set[int], crowd_cost: Callable[[int], float]) -> float:
        """Return everything in the cost that depends on where `cards` stand, the lanes' own cost apart."""
        cost = 0.0
        lane, middle = self.lane, self.count - 1
        beside = set(cards)
        for card in cards:
            here = lane[card]
            cost += self.home[card][here]
            for other, costs in self.costs[card]:
                beside.add(other)
                if other not in cards or other > card:
                    cost += costs[middle + here - lane[other]]
        for card in beside:
            cost += crowd_cost(card)
        if self.net.outcome in cards and lane[self.net.outcome] != self.count - 1:
            cost += self.last_penalty
        return cost

    def total(self) -> float:
        """Return the whole cost."""
        return self._around(set(range(len(self.lane))), self._crowd_cost) + sum(self._lane_costs(self.taken))

    def _change(self, moves: dict[int, int]) -> float:
        """Change of the cost if each card of `moves` went to its lane; nothing is changed."""
        cards = set(moves)
        back = {card: self.lane[card] for card in cards}
        lanes: Iterable[int] = set(back.values()) | set(moves.values())
        if self._is_bound(cards):
            lanes = range(self.count)
        costs = self._lane_costs(self._taken_after(moves))
        before = self._around(cards, self.crowds.__getitem__) + sum(self.lane_costs[lane] for lane in lanes)
        self._put(moves)
        after = self._around(cards, self._crowd_cost) + sum(costs[lane] for lane in lanes)
        self._put(back)
        return after - before

    def _is_bound(self, cards: Iterable[int]) -> bool:
        """Return whether the cost of every lane depends on where cards stand."""
        return not self.bound.isdisjoint(cards)

    def _least_alone(self, card: int, alone: _Alone) -> list[float]:
        """Return what `_change` tells at least of one card and each of its lanes; not for one that is bound."""
        lane, slot, cost_of = self.lane, self.slot[card], self.cost_of
        here = lane[card]
        now = alone.costs[here - alone.low] + self.lane_costs[here] - cost_of[self.taken[here] - slot]
        if here in (alone.low, alone.high):
            now += self.crowds[card] + sum(self.crowds[other] for other, _ in self.costs[card] if lane[other] == here)
        lanes = slice(alone.low, alone.high + 1)
        return [
            cost + cost_of[taken + slot] - before - now
            for cost, taken, before in zip(alone.costs, self.taken[lanes], self.lane_costs[lanes], strict=True)
        ]

    def _alone(self, card: int) -> _Alone:
        """Return where a card may go by itself, which the lanes of those beside it decide."""
        known, at = self.known[card], self.beside[card](self.lane)
        if at not in known:
            low, high = self._range(card)
            first = self.count - 1 + low
            last = first + high - low + 1
            arrows = [costs[first - self.lane[other] : last - self.lane[other]] for other, costs in self.costs[card]]
            costs = list(map(sum, zip(self.home[card][low : high + 1], *arrows, strict=True)))
            known[at] = _Alone(low, high, costs)
        return known[at]

    def _least(self, moves: dict[int, int], step: int) -> float:
        """Return what `_change` tells at least of cards that all move by `step`."""
        lane, middle, change = self.lane, self.count - 1, 0.0
        apart = set[int]()
        for card, there in moves.items():
            here, home = there - step, self.home[card]
            change += home[there] - home[here]
            at = middle + here
            for other, costs in self.costs[card]:
                if other not in moves:
                    distance = at - lane[other]
                    change += costs[distance + step] - costs[distance]
                    if distance == middle:
                        apart.update((card, other))
        change -= sum(map(self.crowds.__getitem__, apart))
        if self.net.outcome in moves and lane[self.net.outcome] != middle:
            change -= self.last_penalty
        if change > self.spare:
            return change - self.spare
        return change + (sum(self._lane_costs(self._taken_after(moves))) - sum(self.lane_costs))

    def _apply(self, moves: dict[int, int]) -> None:
        """Move cards for good."""
        self.taken = self._taken_after(moves)
        self._note_lane_costs()
        for card, there in moves.items():
            met = [other for other, _ in self.costs[card] if self.lane[other] in (self.lane[card], there)]
            self.lane[card] = there
            for other in (card, *met):
                self.crowds[other] = self._crowd_cost(other)
        if self._is_bound(moves):
            self.reserved = self._reserved(self.lane)

    def _put(self, moves: dict[int, int]) -> None:
        """Move cards, for what is about to be put back."""
        for card, lane in moves.items():
            self.lane[card] = lane

    def _range(self, card: int) -> tuple[int, int]:
        """Return the first and the last lane that a card can go to by itself."""
        lane = self.lane
        low = max([lane[other] + strict for other, strict in self.inward[card]], default=0)
        high = min([lane[other] - strict for other, strict in self.onward[card]], default=self.count - 1)
        return low, high

    def _pushed(self, card: int, step: int) -> dict[int, int]:
        """Return the lanes of `card`, moved by one, and of all in its way; empty when one would leave the page."""
        lane, ahead = self.lane, self.onward if step > 0 else self.inward
        edge = self.count - 1 if step > 0 else 0
        moves = {card: lane[card] + step}
        stack = [card]
        while stack:
            mover = stack.pop()
            here = lane[mover]
            if here == edge:
                return {}
            for other, strict in ahead[mover]:
                if lane[other] == here + step * strict and other not in moves:
                    moves[other] = lane[other] + step
                    stack.append(other)
        return moves

    def descend(self, sweeps: int = 12) -> None:
        """Take the best move of each card in turn until none helps."""
        size = len(self.lane)
        unmoved = 0
        is_end = tuple(self.lane) in self.ends
        for card in list(range(size)) * sweeps:
            if is_end or self.budget.spent:
                return
            unmoved += 1
            moves = self._best(card)
            if moves:
                self._apply(moves)
                unmoved = 0
                is_end = tuple(self.lane) in self.ends
            elif unmoved == size:
                self.ends.add(tuple(self.lane))
                is_end = True

    def _best(self, card: int) -> dict[int, int]:
        """Return the best move of a card, by itself or by one lane with all in its way; empty where none helps."""
        best, chosen = (-1e-9, -1), {}
        for least, number, moves in sorted(self._moves(card)):
            if least > best[0] + ROUNDING:
                break
            change = self._change(moves), number
            if change < best:
                best, chosen = change, moves
        return chosen

    def _moves(self, card: int) -> list[tuple[float, int, dict[int, int]]]:
        """Return the moves of a card that may help, each with what it changes at least and a number of its own."""
        low, high, _ = alone = self._alone(card)
        here = self.lane[card]
        moves = []
        if low < high:
            self.budget.spend(self.steps[card] * (high - low))
            if card in self.bound:
                changes = [self._least({card: lane}, lane - here) for lane in range(low, high + 1)]
            else:
                changes = self._least_alone(card, alone)
            changes[here - low] = inf
            moves = [(least, lane, {card: lane}) for lane, least in enumerate(changes, low) if least < ROUNDING]
        for step, is_free in ((-1, low < here), (1, here < high)):
            pushed = {} if is_free else self._pushed(card, step)
            if len(pushed) > 1:
                self.budget.spend(sum(map(self.steps.__getitem__, pushed)))
                least = self._least(pushed, step)
                if least < ROUNDING:
                    moves.append((least, self.count + (step > 0), pushed))
        return moves

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
            if tuple(self.lane) not in found:
                found[tuple(self.lane)] = self.total()
            best = min(found, key=lambda lane: (found[lane], lane))
            self._apply({card: lane for card, lane in enumerate(best) if lane != self.lane[card]})
        return sorted((cost, lane) for lane, cost in found.items())
