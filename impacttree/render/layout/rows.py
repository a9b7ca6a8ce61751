"""Step 3: which row each card stands in, and at which height each long arrow runs.

Heights are measured in half rows: card row ``r`` is ``2 r``, the channel above it ``2 r - 1``, the channel below the
last row ``2 rows - 1``. A long arrow runs at one height only: in a channel, or in slots that are empty in every lane it
crosses.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise
from random import Random

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.lanes import Lanes
from impacttree.render.layout.network import Arrow, Network

__all__ = ["Grid", "RowSearch"]

FREE = -1
TAKEN = -2
CROSSING = 1.2
LENGTH = 0.11
"""What half a row of a line costs."""
WEIGHT, COST = 0.05, 0.0005
"""Weights of lines are whole numbers of the one; so what they cost by crossing and by length is of the other."""
PER_CROSSING, PER_LENGTH = round(CROSSING * WEIGHT * WEIGHT / COST), round(LENGTH * WEIGHT / COST)
BLOCKED = 50.0
NEVER = float("inf")
STILL = 1e-9
"""A change of the cost that counts as none."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Lane and row of each card, the level of each arrow that needs one, and the slots kept for the callout.

    A level is measured in rows: ``1`` runs through the second row, ``0.5`` in the channel above it.
    """

    lane: tuple[int, ...]
    row: tuple[int, ...]
    level: tuple[float | None, ...]
    lanes: int
    rows: int
    callout: tuple[int, int, int] | None
    """Lane, first row and number of rows of the slots under the outcome."""
    cost: float
    cards: dict[tuple[int, int], int]
    """The card in a slot, by lane and row."""


class RowSearch:
    """A search of rows and levels for the lanes given, which can be taken up again."""

    def __init__(self, net: Network, lanes: Lanes, budget: Budget) -> None:
        self.net = net
        self.assigned = lanes
        self.lane = lanes.lane
        self.lanes = lanes.count
        self.budget = budget
        self.weight = [_weight(net, arrow) for arrow in net.arrows]
        self.units = [round(weight / WEIGHT) for weight in self.weight]
        self.level: list[int | None] = [None] * len(net.arrows)
        self.row = [0] * len(net.cards)
        self.pinned = [False] * len(net.cards)
        self.clock = 0
        self.changed = [0] * self.lanes
        """When something last changed in a lane or in the gaps beside it."""
        self._open_slots()
        self._sort_arrows()
        self._start()

    def grid(self) -> Grid:
        """Return where everything stands now."""
        return Grid(
            lane=self.lane,
            row=tuple(self.row),
            level=tuple(None if height is None else height / 2 for height in self.level),
            lanes=self.lanes,
            rows=self.rows,
            callout=self.callout,
            cost=self.total() + self.assigned.cost,
            cards={(lane, row): card for card, (lane, row) in enumerate(zip(self.lane, self.row, strict=True))},
        )

    # the grid

    def _open_slots(self) -> None:
        path = self.net.path
        number = [0] * self.lanes
        for lane in self.lane:
            number[lane] += 1
        kept: set[tuple[int, int]] = set()
        for first, last in pairwise(path):
            for lane in range(self.lane[first] + 1, self.lane[last]):
                kept.add((lane, 0))
                number[lane] += 1
        base = max(number)
        self.callout: tuple[int, int, int] | None = None
        top = len(path) and 1
        hung = self._hung()
        if self.net.callout:
            lane = self.lane[self.net.outcome]
            first = top + (1 if hung is not None else 0)
            length = 2 if base > 3 else 1
            self.callout = (lane, first, length)
            base = max(base, number[lane] + length)
            kept.update((lane, first + extra) for extra in range(length))
        self.rows = base
        self.packed = _Packed(base)
        self.slot = [[FREE] * base for _ in range(self.lanes)]
        for lane, row in kept:
            self.slot[lane][row] = TAKEN
        for card in path:
            self._pin(card, 0)
        if hung is not None:
            self._pin(hung, 1)

    def _hung(self) -> int | None:
        """Return the one metric that the outcome feeds in its own lane: it stands between outcome and callout."""
        fed = [
            arrow.target
            for arrow in self.net.forward
            if arrow.source == self.net.outcome and self.lane[arrow.target] == self.lane[arrow.source]
        ]
        return fed[0] if fed and self.net.callout else None

    def _pin(self, card: int, row: int) -> None:
        self.pinned[card] = True
        self.row[card] = row
        self.slot[self.lane[card]][row] = card

    def _sort_arrows(self) -> None:
        """Find which arrows pass each gap, which run through each lane, which stand upright in it."""
        lane, arrows = self.lane, self.net.arrows
        self.through: list[list[int]] = [[] for _ in range(self.lanes)]
        self.upright: list[list[Arrow]] = [[] for _ in range(self.lanes)]
        self.passing: list[list[int]] = [[] for _ in range(self.lanes)]
        self.turning: list[list[tuple[int, int, bool]]] = [[] for _ in range(self.lanes + 1)]
        self.leaving: list[list[int]] = [[] for _ in self.net.cards]
        self.entering: list[list[int]] = [[] for _ in self.net.cards]
        self.leveled: list[int] = []
        self.decided = [-1] * len(arrows)
        """When an arrow was last set to its best level."""
        self.swept = [-1] * self.lanes
        for arrow in arrows:
            start, end = lane[arrow.source], lane[arrow.target]
            if arrow.returns:
                self.leveled.append(arrow.index)
                self.turning[start].append((arrow.index, arrow.source, True))
                self.turning[end - 1].append((arrow.index, arrow.target, False))
                for between in range(end, start + 1):
                    self.through[between].append(arrow.index)
            elif start == end:
                self.upright[start].append(arrow)
            else:
                self.leaving[arrow.source].append(arrow.index)
                self.entering[arrow.target].append(arrow.index)
                for gap in range(start, end):
                    self.passing[gap].append(arrow.index)
                if end - start > 1 and not arrow.on_path:
                    self.leveled.append(arrow.index)
                    for between in range(start + 1, end):
                        self.through[between].append(arrow.index)
        self.depth = [0.10] * len(self.net.cards)
        for arrow in arrows:
            for card in (arrow.source, arrow.target):
                self.depth[card] = max(self.depth[card], 0.10 * (1.0 + 2.0 * arrow.share))
        self.left = [[0] * len(arrows) for _ in range(self.lanes)]
        self.right = [[0] * len(arrows) for _ in range(self.lanes)]
        self.partners = _partners(arrows, self.leveled)
        self.crossed: list[dict[tuple[str, int], list[float]]] = [{} for _ in range(self.lanes)]
        """Weight that a line crosses in a gap at each level, by where it comes from, as long as nothing moves there."""
        self.fixed: dict[int, list[float]] = {}
        """What each level costs in a lane whatever else runs there, as long as no card moves."""

    def _start(self) -> None:
        """Order cards that carry money first, then by the mean row of those already placed beside them."""
        carried = [0.0] * len(self.net.cards)
        beside: list[list[int]] = [[] for _ in self.net.cards]
        for arrow in self.net.arrows:
            for card, other in ((arrow.source, arrow.target), (arrow.target, arrow.source)):
                carried[card] = max(carried[card], arrow.share)
                beside[card].append(other)
        placed = set(self.net.path)

        def mean_row(card: int) -> float:
            rows = [self.row[other] for other in beside[card] if other in placed]
            return sum(rows) / len(rows) if rows else self.rows / 2

        last = self.lane[self.net.path[-1]] if self.net.path else self.lanes - 1
        standing: list[list[int]] = [[] for _ in range(self.lanes)]
        for card, at in enumerate(self.lane):
            if not self.pinned[card]:
                standing[at].append(card)
        for lane in sorted(range(self.lanes), key=lambda number: (abs(last - number), number)):
            cards = sorted(standing[lane], key=lambda card: (-carried[card], mean_row(card), card))
            rows = [row for row in range(self.rows) if self.slot[lane][row] == FREE]
            for card, row in zip(cards, rows, strict=False):
                self.row[card] = row
                self.slot[lane][row] = card
            placed.update(cards)
        for index in self.leveled:
            arrow = self.net.arrows[index]
            middle = (self.row[arrow.source] + self.row[arrow.target]) / 2
            self.level[index] = 2 * max(1, min(self.rows, round(middle))) - 1
        for arrow in self.net.arrows:
            self._refresh(arrow.index)

    # the cost

    def _refresh(self, index: int) -> None:
        """Find where the arrow enters and leaves each gap it passes."""
        arrow = self.net.arrows[index]
        start, end = self.lane[arrow.source], self.lane[arrow.target]
        for known in self.crossed[max(0, min(start, end) - 1) : max(start, end) + 1]:
            known.clear()
        if arrow.returns or start == end:
            return
        level = self.level[index] or 0
        for gap in range(start, end):
            self.left[gap][index] = 2 * self.row[arrow.source] if gap == start else level
            self.right[gap][index] = 2 * self.row[arrow.target] if gap == end - 1 else level

    def _gap_cost(self, gap: int) -> float:
        cost = self.turn_cost(gap)
        if gap < 0:
            return cost
        left, right, weight = self.left[gap], self.right[gap], self.weight
        segments = [(left[index], right[index], weight[index]) for index in self.passing[gap]]
        self.budget.spend(len(segments) * len(segments) // 2)
        for position, (start, end, heavy) in enumerate(segments):
            cost += LENGTH * heavy * abs(start - end)
            for begin, finish, other_heavy in segments[:position]:
                if (start - begin) * (end - finish) < 0:
                    cost += CROSSING * heavy * other_heavy
        return cost

    def turn_cost(self, gap: int) -> float:
        """Return arrows go up or down beside their cards and cross what comes in there."""
        cost = 0.0
        for index, card, leaves in self.turning[gap]:
            low, high = 2 * self.row[card], self.level[index] or 0
            if low > high:
                low, high = high, low
            cost += LENGTH * (high - low)
            if 0 <= gap < self.lanes:
                ends = self.left[gap] if leaves else self.right[gap]
                self.budget.spend(len(self.passing[gap]))
                for other in self.passing[gap]:
                    if low < ends[other] < high:
                        cost += CROSSING * self.weight[index] * self.weight[other]
        return cost

    def _lane_cost(self, lane: int) -> float:
        cost = 0.0
        for card in self.slot[lane]:
            if card >= 0:
                cost += self.depth[card] * self.row[card]
        runs = self.through[lane]
        for position, index in enumerate(runs):
            cost += self._run_cost(index, lane, runs[:position])
        return cost + self.upright_cost(lane, self.levels_in(lane))

    def _run_cost(self, index: int, lane: int, others: Iterable[int]) -> float:
        level = self.level[index] or 0
        cost = self.slot_cost(level, lane)
        for other in others:
            if self.level[other] == level:
                cost += self._shared_cost(index, other, level)
        return cost

    def slot_cost(self, level: int, lane: int) -> float:
        """Return what a run at a level costs where it passes through a lane."""
        if level % 2 == 0:
            return -0.15 if self.slot[lane][level // 2] == FREE else BLOCKED
        if self.callout and self.callout[0] == lane and 0 < level - 2 * self.callout[1] < 2 * self.callout[2] - 2:
            return BLOCKED
        return 0.0

    def _shared_cost(self, one: int, two: int, level: int) -> float:
        """Return what two runs at one level cost where both pass through a lane."""
        if two in self.partners[one]:
            return 0.15
        return 0.9 if level % 2 else BLOCKED

    def levels_in(self, lane: int) -> list[int]:
        """Return the levels of the runs through a lane, lowest first."""
        level = self.level
        return sorted([level[index] or 0 for index in self.through[lane]])

    def upright_cost(self, lane: int, levels: list[int]) -> float:
        """Return what arrows within a lane cost: their length, cards between their ends, runs that cross them."""
        cost = 0.0
        self.budget.spend(len(levels) * len(self.upright[lane]))
        for arrow in self.upright[lane]:
            low, high = sorted((self.row[arrow.source], self.row[arrow.target]))
            heavy = self.weight[arrow.index]
            cost += 0.4 * (high - low)
            cost += 7.0 * heavy * (high - low - 1 - self.slot[lane][low + 1 : high].count(FREE))
            cost += 2.5 * heavy * (bisect_left(levels, 2 * high) - bisect_right(levels, 2 * low))
        return cost

    def total(self) -> float:
        """Return the whole cost."""
        above = 4.0 * sum(1 for index in self.leveled if (self.level[index] or 0) < 0)
        gaps = sum(self._gap_cost(gap) for gap in range(-1, self.lanes))
        return gaps + sum(self._lane_cost(lane) for lane in range(self.lanes)) + above

    # the moves

    def improve(self, sweeps: int) -> None:
        """Move or swap cards within their lanes, then set every long arrow to its best level, until nothing changes."""
        self._set_levels()
        for sweep in range(sweeps):
            changed = False
            lanes = range(self.lanes) if sweep % 2 == 0 else range(self.lanes - 1, -1, -1)
            for lane in lanes:
                changed = self._sweep_lane(lane) or changed
            changed = self._set_levels() or changed
            if not changed or self.budget.spent:
                return

    def kick(self, times: int) -> None:
        """Shuffle two lanes and improve again; keep what got better. Fixed seed, so always the same."""
        chance = Random(11)  # noqa: S311 - a search needs repeatable numbers, not secret ones
        if not times:
            return
        kept, cost = self._state(), self.total()
        for _ in range(times):
            if self.budget.spent:
                return
            for _ in range(2):
                self._shuffle(int(chance.random() * self.lanes), chance)
            self.improve(sweeps=6)
            now = self.total()
            if now < cost - STILL:
                kept, cost = self._state(), now
            else:
                self._restore(kept)

    def _shuffle(self, lane: int, chance: Random) -> None:
        slots = self.slot[lane]
        loose = [row for row, card in enumerate(slots) if card == FREE or (card >= 0 and not self.pinned[card])]
        for last in range(len(loose) - 1, 0, -1):
            self._swap(lane, loose[last], loose[int(chance.random() * (last + 1))])

    def _state(self) -> tuple[list[list[int]], list[int | None]]:
        return [list(slots) for slots in self.slot], list(self.level)

    def _restore(self, state: tuple[list[list[int]], list[int | None]]) -> None:
        self.slot, self.level = [list(slots) for slots in state[0]], list(state[1])
        self.fixed.clear()
        for slots in self.slot:
            for row, card in enumerate(slots):
                if card >= 0:
                    self.row[card] = row
        for arrow in self.net.arrows:
            self._refresh(arrow.index)
        self._touch(0, self.lanes - 1)

    def _touch(self, first: int, last: int) -> None:
        """Note that something changed from one lane to another."""
        self.clock += 1
        for lane in range(max(0, first), min(self.lanes, last + 1)):
            self.changed[lane] = self.clock

    def _sweep_lane(self, lane: int) -> bool:
        """Give each card in turn the row that lowers the cost most, its card taking the old one."""
        if self.changed[lane] <= self.swept[lane]:
            return False
        changed = False
        slots = self.slot[lane]
        moves = _Moves(self, lane)
        for card in [card for card in slots if card >= 0 and not self.pinned[card]]:
            if self.budget.spent:
                return changed
            here = self.row[card]
            better = [
                (change, row)
                for row, other in enumerate(slots)
                if row != here
                and other != TAKEN
                and not (other >= 0 and self.pinned[other])
                and (change := moves.change(here, row)) < -STILL
            ]
            if better:
                least = min(better)[0]
                target = self._first_of_equals(lane, here, [row for change, row in better if change <= least + STILL])
                self._swap(lane, here, target)
                moves = _Moves(self, lane)
                changed = True
        if not changed:
            self.swept[lane] = self.clock
        return changed

    def _first_of_equals(self, lane: int, here: int, rows: list[int]) -> int:
        """Return the row with the least whole cost, where rounding hides which of several it is."""
        if len(rows) == 1:
            return rows[0]
        costs = []
        for row in rows:
            self.trade(lane, here, row)
            costs.append((self._gap_cost(lane - 1) + self._gap_cost(lane) + self._lane_cost(lane), row))
            self.trade(lane, here, row)
        return min(costs)[1]

    def _swap(self, lane: int, one: int, two: int) -> None:
        self.trade(lane, one, two)
        self.fixed.clear()
        for known in self.crossed[max(0, lane - 1) : lane + 1]:
            known.clear()
        self._touch(lane - 1, lane + 1)

    def trade(self, lane: int, one: int, two: int) -> None:
        """Swap two slots without noting it: for a trial that is taken back."""
        slots = self.slot[lane]
        slots[one], slots[two] = slots[two], slots[one]
        for row in (one, two):
            card = slots[row]
            if card >= 0:
                self.row[card] = row
                for index in self.leaving[card]:
                    self.left[lane][index] = 2 * row
                for index in self.entering[card]:
                    self.right[lane - 1][index] = 2 * row

    def _set_levels(self) -> bool:
        changed = False
        for index in self.leveled:
            if self.budget.spent:
                return changed
            arrow = self.net.arrows[index]
            first, last = sorted((self.lane[arrow.source], self.lane[arrow.target]))
            around = self.changed[max(0, first - arrow.returns) : last + 1 + arrow.returns]
            if max(around) <= self.decided[index]:
                continue
            before = self.level[index]
            costs = self._costs_of_a_return(arrow) if arrow.returns else self._costs_of_levels(arrow)
            best, chosen = float("inf"), before
            for level, cost in costs:
                bound = cost - (1e-6 if level == before else 0.0)
                if bound < best - STILL:
                    best, chosen = bound, level
            if chosen != before:
                self.level[index] = chosen
                self._refresh(index)
                self._touch(first - arrow.returns, last + arrow.returns)
                changed = True
            self.decided[index] = self.clock
        return changed

    def _costs_of_a_return(self, arrow: Arrow) -> list[tuple[int, float]]:
        """Return every channel, above the first row as well, and what the arrow costs there."""
        index = arrow.index
        before = self.level[index]
        start, end = self.lane[arrow.source], self.lane[arrow.target]
        low, high = sorted((2 * self.row[arrow.source], 2 * self.row[arrow.target]))
        costs = []
        for level in range(-1, 2 * self.rows, 2):
            self.level[index] = level
            cost = 0.6 * (max(0.0, (low - level) / 2) + max(0.0, (level - high) / 2)) + (4.0 if level < 0 else 0.0)
            cost += self.turn_cost(start) + (self.turn_cost(end - 1) if end - 1 != start else 0.0)
            for lane in range(end, start + 1):
                others = [other for other in self.through[lane] if other != index]
                self.budget.spend(len(others))
                cost += self._run_cost(index, lane, others) + self._crossed_uprights(level, lane)
            costs.append((level, cost))
        self.level[index] = before
        return costs

    def _crossed_uprights(self, level: int, lane: int) -> float:
        cost = 0.0
        for arrow in self.upright[lane]:
            low, high = sorted((2 * self.row[arrow.source], 2 * self.row[arrow.target]))
            if low < level < high:
                cost += 2.5 * self.weight[arrow.index]
        return cost

    def _costs_of_levels(self, arrow: Arrow) -> list[tuple[int, float]]:
        """Return channels below the first row and rows that are empty all along, and what the arrow costs there."""
        index, heavy = arrow.index, self.weight[arrow.index]
        start, end = self.lane[arrow.source], self.lane[arrow.target]
        top, bottom = 2 * self.row[arrow.source], 2 * self.row[arrow.target]
        inner = range(start + 1, end - 1)
        gaps = [(start, "first", top), *((gap, "inner", 0) for gap in inner), (end - 1, "last", bottom)]
        crossed = [self._crossed_by_level(*gap) for gap in gaps]
        lanes = range(start + 1, end)
        fixed = [self.fixed.get(lane) or self._fix(lane) for lane in lanes]
        costs = [sum(own) for own in zip(*fixed, strict=True)]
        for level, weight in enumerate(zip(*crossed, strict=True)):
            if costs[level] < NEVER:
                costs[level] += heavy * (CROSSING * sum(weight) + LENGTH * (abs(top - level) + abs(level - bottom)))
        for lane in lanes:
            runs = self.through[lane]
            self.budget.spend(len(runs))
            for other in runs:
                level = self.level[other] or 0
                if other != index and level >= 0:
                    costs[level] += self._shared_cost(index, other, level)
        return [(level, cost) for level, cost in enumerate(costs) if cost < NEVER]

    def _fix(self, lane: int) -> list[float]:
        """Note what each level costs in a lane: nothing runs through a card, and arrows within the lane are crossed."""
        costs = [
            self.slot_cost(level, lane) if level % 2 or self.slot[lane][level // 2] == FREE else NEVER
            for level in range(2 * self.rows)
        ]
        for upright in self.upright[lane]:
            low, high = sorted((self.row[upright.source], self.row[upright.target]))
            for level in range(2 * low + 1, 2 * high):
                costs[level] += 2.5 * self.weight[upright.index]
        self.fixed[lane] = costs
        return costs

    def _crossed_by_level(self, gap: int, part: str, end: int) -> list[float]:
        """Return the weight that an arrow crosses in a gap with its run at each level.

        The gap is the first that it passes (then `end` is the height it starts from), the last (where it ends), or one
        in between.
        """
        self.budget.spend(len(self.passing[gap]))
        known = self.crossed[gap].get((part, end))
        if known is None:
            steps = [0.0] * (2 * self.rows + 2)
            if part == "inner":
                self._add_inner(steps, gap)
            else:
                near, far = self.left[gap], self.right[gap]
                if part == "last":
                    near, far = far, near
                self._add_outer(steps, self.passing[gap], near, far, end)
            for other, card, leaves in self.turning[gap]:
                if part != ("first" if leaves else "last"):
                    low, high = sorted((2 * self.row[card], self.level[other] or 0))
                    steps[low + 1] += self.weight[other]
                    steps[max(high, low + 1)] -= self.weight[other]
            known = self.crossed[gap][part, end] = list(accumulate(steps[: 2 * self.rows]))
        return known

    def _add_inner(self, steps: list[float], gap: int) -> None:
        left, right, weight = self.left[gap], self.right[gap], self.weight
        for other in self.passing[gap]:
            low, high = left[other], right[other]
            if low > high:
                low, high = high, low
            if low + 1 < high:
                steps[low + 1] += weight[other]
                steps[high] -= weight[other]

    def _add_outer(self, steps: list[float], passing: list[int], near: list[int], far: list[int], end: int) -> None:
        weight = self.weight
        for other in passing:
            begin = near[other]
            if begin > end:
                steps[far[other] + 1] += weight[other]
            elif begin < end:
                steps[0] += weight[other]
                steps[far[other]] -= weight[other]


class _Moves:
    """What swapping two slots of a lane changes in the cost, as long as nothing moves."""

    def __init__(self, search: RowSearch, lane: int) -> None:
        self.search = search
        self.lane = lane
        self.slots = search.slot[lane]
        self.by_row: dict[int, list[int]] = {}
        """Cost of a card's lines in the gaps beside the lane, in whole numbers of `COST`, by the row it stands in."""
        self.sides = [_Side(search, lane - 1, search.entering, search.right, search.left)] if lane else []
        self.sides.append(_Side(search, lane, search.leaving, search.left, search.right))
        gaps = (lane - 1, lane)
        self.turned = [gap for gap in gaps if search.turning[gap]]
        self.levels = search.levels_in(lane)
        self.in_rows = [level for level in self.levels if level % 2 == 0]
        self.tried = bool(self.turned or self.in_rows or search.upright[lane])
        self.before = self._trial_cost() if self.tried else 0.0

    def change(self, one: int, two: int) -> float:
        """Change of the whole cost when what stands in two rows trades places."""
        search, first, second = self.search, self.slots[one], self.slots[two]
        own = self._costs(first)
        lines, depth = own[two] - own[one], search.depth[first]
        if second >= 0:
            other = self._costs(second)
            lines += other[one] - other[two] + self._between(first, second)
            depth -= search.depth[second]
        change = COST * lines + depth * (two - one)
        if self.tried:
            change += self._by_trial(one, two)
        return change

    def _by_trial(self, one: int, two: int) -> float:
        """Return what depends on more than the two cards: return arrows, arrows within the lane, runs in rows."""
        self.search.trade(self.lane, one, two)
        after = self._trial_cost()
        self.search.trade(self.lane, one, two)
        return after - self.before

    def _trial_cost(self) -> float:
        search, lane = self.search, self.lane
        cost = search.upright_cost(lane, self.levels)
        for gap in self.turned:
            cost += search.turn_cost(gap)
        for level in self.in_rows:
            cost += search.slot_cost(level, lane)
        return cost

    def _costs(self, card: int) -> list[int]:
        known = self.by_row.get(card)
        if known is None:
            sides = [side for side in self.sides if side.own[card]]
            doubled = sum(side.doubled(card) for side in sides)
            costs = self.search.packed.unpacked(sum(side.cost(card) for side in sides))
            known = self.by_row[card] = [cost - doubled for cost in costs]
            known[self.search.row[card]] += doubled
        return known

    def _between(self, one: int, two: int) -> int:
        return sum(side.parting(one, two) for side in self.sides if side.own[one] and side.own[two])


class _Packed:
    """Numbers for all rows in one integer, 64 bits each: adding and multiplying such integers does so in every row."""

    def __init__(self, rows: int) -> None:
        self.form = struct.Struct(f"<{rows}Q")
        ones = [1 << (64 * row) for row in range(rows)]
        self.up_to = list(accumulate(ones, initial=0))
        """One in each row before the first, the second, ... and so on."""
        self.onward = [self.up_to[-1] - before for before in self.up_to]
        """One in each row from the first, the second, ... on."""
        self.away = [sum(one * abs(2 * row - height) for row, one in enumerate(ones)) for height in range(2 * rows)]
        """How many half rows each row is away from a height."""

    def unpacked(self, numbers: int) -> tuple[int, ...]:
        """Return the numbers row by row."""
        return self.form.unpack(numbers.to_bytes(self.form.size, "little"))


class _Side:
    """The gap on one side of a lane: what a card's lines there cost in each row, as long as nothing moves.

    Costs are whole numbers of `COST`, of lines whose weights are those of `WEIGHT`.
    """

    def __init__(
        self, search: RowSearch, gap: int, own: list[list[int]], near: list[list[int]], far: list[list[int]]
    ) -> None:
        self.search = search
        self.own = own
        self.far, ends = far[gap], near[gap]
        packed, units = search.packed, search.units
        self.lines = sorted(search.passing[gap], key=self.far.__getitem__)
        self.stops = [self.far[index] for index in self.lines]
        # a line that goes on beyond another's far end is crossed by it in the rows after its own, else in those before
        self.after = list(
            accumulate((units[index] * packed.onward[(ends[index] >> 1) + 1] for index in self.lines), initial=0)
        )
        self.before = list(
            accumulate((units[index] * packed.up_to[(ends[index] + 1) >> 1] for index in self.lines), initial=0)
        )
        self.weights: dict[int, dict[int, int]] = {}
        """Weight of a card's lines, by their far ends."""

    def cost(self, card: int) -> int:
        """Return what a card's lines cost in each row, packed: by their length, and by the lines that they cross.

        Lines of one card count as if they crossed each other, which they do not: that is `doubled`.
        """
        own = self.own[card]
        self.search.budget.spend(len(own) * (len(self.lines) - len(own) + self.search.rows))
        total = 0
        for end, weight in self._ends(card).items():
            first, last = bisect_left(self.stops, end), bisect_right(self.stops, end)
            crossed = self.before[first] + self.after[-1] - self.after[last]
            total += weight * (PER_CROSSING * crossed + PER_LENGTH * self.search.packed.away[end])
        return total

    def doubled(self, card: int) -> int:
        """Return what `cost` tells too much in every row but the card's own."""
        weights = self._ends(card).values()
        return PER_CROSSING * (sum(weights) ** 2 - sum(weight * weight for weight in weights)) // 2

    def parting(self, one: int, two: int) -> int:
        """Return what pairs of lines of two cards cost that cross, either before or after a swap."""
        first, second = self._ends(one), self._ends(two)
        together = sum(weight * second[end] for end, weight in first.items() if end in second)
        return PER_CROSSING * (sum(first.values()) * sum(second.values()) - together)

    def _ends(self, card: int) -> dict[int, int]:
        known = self.weights.get(card)
        if known is None:
            known = self.weights[card] = {}
            for index in self.own[card]:
                end = self.far[index]
                known[end] = known.get(end, 0) + self.search.units[index]
        return known


def _partners(arrows: Iterable[Arrow], leveled: Iterable[int]) -> dict[int, set[int]]:
    """Return, for each of the arrows `leveled`, those that may run with it as a bundle: same target or same start."""
    bundles: dict[tuple[str, int, bool], set[int]] = {}
    keys: dict[int, list[tuple[str, int, bool]]] = {}
    for arrow in arrows:
        if not (arrow.live or arrow.returns):
            keys[arrow.index] = [("into", arrow.target, True), ("out of", arrow.source, arrow.link.assumed)]
            for key in keys[arrow.index]:
                bundles.setdefault(key, set()).add(arrow.index)
    return {index: set().union(*(bundles[key] for key in keys.get(index, ()))) for index in leveled}


def _weight(net: Network, arrow: Arrow) -> float:
    if not net.lifted:
        return 2.0 if arrow.on_path else 1.3
    return 2.5 if arrow.live or arrow.on_path else 1.35
