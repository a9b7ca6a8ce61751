"""Step 3, one move: what it changes in the cost when a card trades places with what stands in another row of its lane.

What a card's lines cost is told for all rows at once, packed into one integer.
"""

from __future__ import annotations

from itertools import accumulate

from impacttree.records import dataclass
from impacttree.render.layout.packed import Crossings, LineEnds
from impacttree.render.layout.placement import (
    BLOCKED,
    CARD_BETWEEN,
    COST,
    CROSSING,
    EMPTY_SLOT,
    FREE,
    LENGTH,
    RUN_ACROSS,
    STILL,
    TAKEN,
    UPRIGHT,
    Placement,
)

__all__ = ["Swaps"]

STEPS_A_ROW, STEPS_A_CARD, STEPS_A_LINE = 15, 80, 20
"""What it takes to look at one trade, at the lines of a card, and at a line that has moved."""


class Swaps:
    """What trading places in a lane changes in the cost, as long as nothing moves in other lanes."""

    def __init__(self, placement: Placement, lane: int) -> None:
        self.placement = placement
        self.lane = lane
        self.slots = placement.slot[lane]
        self.open = [
            row for row, card in enumerate(self.slots) if card == FREE or (card != TAKEN and not placement.pinned[card])
        ]
        """Rows whose slots may trade."""
        self.sides = [_Side(placement, lane - 1, placement.entering, far=0)] if lane else []
        self.sides.append(_Side(placement, lane, placement.leaving, far=1))
        self.ties = _Ties(placement, lane) if placement.upright[lane] else None
        self.turned = _turned(placement, lane)
        self.partings: dict[tuple[int, int], int] = {}

    def look(self) -> None:
        """Take in how everything stands now."""
        elsewhere = [side.look() for side in self.sides]
        if any(elsewhere):
            self.partings.clear()
        levels = self.placement.levels_in(self.lane)
        self.runs = [levels.count(2 * row) for row in range(self.placement.rows)]
        """How many runs each row holds."""
        if self.ties:
            self.ties.look()
        self.lines: dict[int, list[int]] = {}
        """Cost of a card's lines, by the row it stands in, while all others stay where they are."""
        self.turn_cost = self._turn_cost()
        self.settled: set[int] = set()
        """Cards that gain nothing by any trade: nor does another one by a trade with them."""

    def best(self, card: int) -> int | None:
        """Return the row that lowers the cost most when a card trades places with it, the first of several; or none."""
        better = [(change, row) for change, row in self.changes(card) if change < -STILL]
        if not better:
            self.settled.add(card)
            return None
        least = min(better)[0]
        return min(row for change, row in better if change <= least + STILL)

    def changes(self, card: int) -> list[tuple[float, int]]:
        """Return by how much the whole cost changes when a card trades places with another row, and that row."""
        slots, runs, depth = self.slots, self.runs, self.placement.depth
        here = self.placement.row[card]
        own, deep = self._lines(card), depth[card]
        self.placement.budget.spend(STEPS_A_ROW * len(self.open))
        changes = []
        for row in self.open:
            other = slots[row]
            if row == here or other in self.settled:
                continue
            change, falls = own[row] - own[here], deep
            if other == FREE:
                change += (BLOCKED - EMPTY_SLOT) * (runs[row] - runs[here])
                change += self.ties.cards_met(card, row) if self.ties else 0
            else:
                theirs = self._lines(other)
                change += theirs[here] - theirs[row] + self._parting(card, other)
                falls -= depth[other]
            if self.turned:
                change += self._change_of_turns(here, row)
            changes.append((COST * change + falls * (row - here), row))
        return changes

    def _lines(self, card: int) -> list[int]:
        known = self.lines.get(card)
        if known is None:
            packed, doubled = self.ties.cost(card) if self.ties else 0, 0
            for side in self.sides:
                if side.own[card]:
                    bundle = side.bundle(card)
                    packed += side.cost(bundle)
                    doubled += bundle.doubled
            known = self.lines[card] = [cost - doubled for cost in self.placement.by_row.unpacked(packed)]
            known[self.placement.row[card]] += doubled
        return known

    def _parting(self, one: int, two: int) -> int:
        """Return what is missing where two cards trade places and not one moves while the other stays.

        Pairs of their lines cross either before or after; an arrow between the two stays as it is.
        """
        pair = (one, two) if one < two else (two, one)
        known = self.partings.get(pair)
        if known is None:
            own = [side for side in self.sides if side.own[one] and side.own[two]]
            known = self.partings[pair] = sum(side.bundle(one).parting(side.bundle(two)) for side in own)
        return known + 2 * self.ties.between(one, two) if self.ties else known

    def _change_of_turns(self, here: int, row: int) -> int:
        self.placement.swap(self.lane, here, row)
        after = self._turn_cost()
        self.placement.swap(self.lane, here, row)
        return after - self.turn_cost

    def _turn_cost(self) -> int:
        return sum(self.placement.turn_cost(gap) for gap in self.turned)


def _turned(placement: Placement, lane: int) -> list[int]:
    """Return the gaps beside a lane where return arrows leave or enter its cards."""
    sides = ((lane - 1, False), (lane, True))
    return [gap for gap, leaves in sides if any(leaves == turns for _, _, turns in placement.turning[gap])]


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The lines of one card on one side of its lane, by their far ends."""

    ends: dict[int, int]
    """Weight of the lines with a far end."""
    weight: int
    doubled: int
    """What lines of one card would cost if each pair with different ends crossed."""
    length: int
    """What their length costs in each row, packed."""

    def parting(self, other: _Bundle) -> int:
        """Return what the pairs of lines of two cards cost of which one order crosses."""
        theirs = other.ends
        together = sum(weight * theirs[end] for end, weight in self.ends.items() if end in theirs)
        return CROSSING * (self.weight * other.weight - together)


class _Side:
    """The gap on one side of a lane: what a card's lines there cost in each row, as long as nothing moves."""

    def __init__(self, placement: Placement, gap: int, own: list[list[int]], far: int) -> None:
        self.placement = placement
        self.own = own
        self.far = far
        self.ends = LineEnds(placement.passing[gap], placement.left[gap], placement.right[gap])
        self.far_ends = (placement.left, placement.right)[far][gap]
        self.crossings = Crossings(placement.by_row)
        self.bundles: dict[int, _Bundle] = {}

    def look(self) -> bool:
        """Take in where the lines end now; return whether one ends elsewhere on the far side."""
        moved, near, far = self.ends.moved(), 1 - self.far, self.far
        self.placement.budget.spend(len(self.ends.lines) + STEPS_A_LINE * len(moved))
        for line, then, now in moved:
            weight = self.placement.weight[line]
            if then:
                self.crossings.add(then[near], then[far], -weight)
            self.crossings.add(now[near], now[far], weight)
        changed = any(then is None or then[far] != now[far] for _, then, now in moved)
        if changed:
            self.bundles.clear()
        return changed

    def cost(self, bundle: _Bundle) -> int:
        """Return what a card's lines cost in each row, packed: by their length, and by the lines that they cross.

        Lines of one card count as if they crossed each other, which they do not where it stands: see `_Bundle.doubled`.
        """
        self.placement.budget.spend(STEPS_A_CARD)
        crossed = 0
        for end, weight in bundle.ends.items():
            crossed += weight * self.crossings.met(end)
        return CROSSING * crossed + bundle.length

    def bundle(self, card: int) -> _Bundle:
        """Return the lines of a card."""
        known = self.bundles.get(card)
        if known is None:
            ends: dict[int, int] = {}
            for index in self.own[card]:
                end = self.far_ends[index]
                ends[end] = ends.get(end, 0) + self.placement.weight[index]
            weight = sum(ends.values())
            doubled = CROSSING * (weight * weight - sum(part * part for part in ends.values())) // 2
            length = sum(part * self.placement.by_row.away(end) for end, part in ends.items())
            known = self.bundles[card] = _Bundle(ends, weight, doubled, LENGTH * length)
        return known


class _Ties:
    """The arrows within a lane: what they cost where one of their cards stands elsewhere."""

    def __init__(self, placement: Placement, lane: int) -> None:
        self.placement, self.lane = placement, lane
        self.row, self.rows = placement.row, placement.by_row
        self.of: dict[int, list[tuple[int, int]]] = {}
        """The other end and the weight of each arrow of a card."""
        self.arrows = [(arrow.source, arrow.target, placement.weight[arrow.index]) for arrow in placement.upright[lane]]
        for source, target, weight in self.arrows:
            self.of.setdefault(source, []).append((target, weight))
            self.of.setdefault(target, []).append((source, weight))

    def look(self) -> None:
        """Take in how the cards of the lane stand now."""
        filled = [2 * row for row, card in enumerate(self.placement.slot[self.lane]) if card != FREE]
        self.obstacles = Crossings(self.rows)
        for height in filled:
            self.obstacles.add(height, height, CARD_BETWEEN)
        for height in self.placement.levels_in(self.lane):
            self.obstacles.add(height, height, RUN_ACROSS)
        steps = [0] * (self.placement.rows + 1)
        for source, target, weight in self.arrows:
            low, high = sorted((self.row[source], self.row[target]))
            steps[low + 1] += weight
            steps[high] -= weight
        self.passing = list(accumulate(steps))
        """Weight of the arrows that go past each row."""

    def cost(self, card: int) -> int:
        """Return what the arrows of a card cost in each row, packed, the other slots filled as they are."""
        return sum(self._cost(end, weight) for end, weight in self.of.get(card, ()))

    def between(self, one: int, two: int) -> int:
        """Return what the arrows between two cards cost."""
        costs = sum(self._cost(end, weight) for end, weight in self.of.get(one, ()) if end == two)
        return self.rows.unpacked(costs)[self.row[one]] if costs else 0

    def _cost(self, end: int, weight: int) -> int:
        height = 2 * self.row[end]
        return UPRIGHT // 2 * self.rows.away(height) + weight * self.obstacles.met(height)

    def cards_met(self, card: int, row: int) -> int:
        """Return what arrows of the lane meet more when a card moves to an empty slot: it leaves one and fills one."""
        here = self.row[card]
        past = self.passing[row] - self.passing[here]
        for end, weight in self.of.get(card, ()):  # which its own arrows do not go past, before or after
            if (row < self.row[end]) == (here < self.row[end]):
                past -= weight
        return CARD_BETWEEN * past
