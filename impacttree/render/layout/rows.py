"""Step 3: which row each card stands in, and at which height each long arrow runs.

Heights are measured in half rows: card row ``r`` is ``2 r``, the channel above it ``2 r - 1``, the channel below the
last row ``2 rows - 1``. A long arrow runs at one height only: in a channel, or in slots that are empty in every lane it
crosses.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from random import Random

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.lanes import Lanes
from impacttree.render.layout.network import Arrow, Network

__all__ = ["Grid", "assign_rows"]

FREE = -1
TAKEN = -2
CROSSING = 1.2
BLOCKED = 50.0
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


def assign_rows(net: Network, lanes: Lanes, budget: Budget, kicks: int = 0) -> Grid:
    """Search rows and levels for the lanes given; each kick shuffles two lanes and searches on."""
    search = _Search(net, lanes, budget)
    search.improve(sweeps=3 if len(net.cards) > 60 else 10)
    search.kick(kicks)
    return Grid(
        lane=lanes.lane,
        row=tuple(search.row),
        level=tuple(None if height is None else height / 2 for height in search.level),
        lanes=lanes.count,
        rows=search.rows,
        callout=search.callout,
        cost=search.total() + lanes.cost,
        cards={(lane, row): card for card, (lane, row) in enumerate(zip(lanes.lane, search.row, strict=True))},
    )


class _Search:
    def __init__(self, net: Network, lanes: Lanes, budget: Budget) -> None:
        self.net = net
        self.lane = lanes.lane
        self.lanes = lanes.count
        self.budget = budget
        self.weight = [_weight(net, arrow) for arrow in net.arrows]
        self.level: list[int | None] = [None] * len(net.arrows)
        self.row = [0] * len(net.cards)
        self.pinned = [False] * len(net.cards)
        self.clock = 0
        self.changed = [0] * self.lanes
        """When something last changed in a lane or in the gaps beside it."""
        self._open_slots()
        self._sort_arrows()
        self._start()

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
            cost += 0.22 * heavy * (abs(start - end) / 2)
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
            cost += 0.22 * ((high - low) / 2)
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
        return cost + self.upright_cost(lane)

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
        first, second = self.net.arrows[one], self.net.arrows[two]
        if not (first.live or second.live or first.returns or second.returns) and (
            first.target == second.target
            or (first.source == second.source and first.link.assumed == second.link.assumed)
        ):
            return 0.15
        return 0.9 if level % 2 else BLOCKED

    def upright_cost(self, lane: int) -> float:
        """Return what arrows within a lane cost: their length, cards between their ends, runs that cross them."""
        cost = 0.0
        for arrow in self.upright[lane]:
            low, high = sorted((self.row[arrow.source], self.row[arrow.target]))
            heavy = self.weight[arrow.index]
            cost += 0.4 * (high - low)
            cost += 7.0 * heavy * sum(1 for row in range(low + 1, high) if self.slot[lane][row] != FREE)
            runs = self.through[lane]
            self.budget.spend(len(runs))
            cost += 2.5 * heavy * sum(1 for index in runs if 2 * low < (self.level[index] or 0) < 2 * high)
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
        lanes = range(start + 1, end)
        levels = [
            level
            for level in range(2 * self.rows)
            if level % 2 or all(self.slot[lane][level // 2] == FREE for lane in lanes)
        ]
        top, bottom = 2 * self.row[arrow.source], 2 * self.row[arrow.target]
        steps = self._crossings_by_level(start, end, top, bottom)
        costs = [
            CROSSING * heavy * crossed + 0.22 * heavy * ((abs(top - level) + abs(level - bottom)) / 2)
            for level, crossed in enumerate(accumulate(steps))
        ]
        for lane in lanes:
            for other in self.through[lane]:
                level = self.level[other] or 0
                if other != index and level >= 0:
                    costs[level] += self._shared_cost(index, other, level)
            self.budget.spend(len(self.through[lane]))
            for upright in self.upright[lane]:
                low, high = sorted((self.row[upright.source], self.row[upright.target]))
                for level in range(2 * low + 1, 2 * high):
                    costs[level] += 2.5 * self.weight[upright.index]
            for level in levels:
                costs[level] += self.slot_cost(level, lane)
        return [(level, costs[level]) for level in levels]

    def _crossings_by_level(self, start: int, end: int, top: int, bottom: int) -> list[float]:
        """Return how the weight that an arrow crosses changes from each level to the next, over all gaps it passes."""
        steps = [0.0] * (2 * self.rows + 2)
        weight = self.weight
        for gap in range(start, end):
            left, right, passing = self.left[gap], self.right[gap], self.passing[gap]
            self.budget.spend(len(passing))
            for other in passing:
                begin, finish = left[other], right[other]
                if gap == start:
                    side, bound = begin - top, finish
                elif gap == end - 1:
                    side, bound = finish - bottom, begin
                else:
                    low, high = (begin, finish) if begin < finish else (finish, begin)
                    if low + 1 < high:
                        steps[low + 1] += weight[other]
                        steps[high] -= weight[other]
                    continue
                if side > 0:
                    steps[bound + 1] += weight[other]
                elif side < 0:
                    steps[0] += weight[other]
                    steps[bound] -= weight[other]
            for other, card, leaves in self.turning[gap]:
                if gap > start if leaves else gap < end - 1:
                    low, high = sorted((2 * self.row[card], self.level[other] or 0))
                    steps[low + 1] += weight[other]
                    steps[max(high, low + 1)] -= weight[other]
        return steps


class _Moves:
    """What swapping two slots of a lane changes in the cost, as long as nothing moves."""

    def __init__(self, search: _Search, lane: int) -> None:
        self.search = search
        self.lane = lane
        self.slots = search.slot[lane]
        self.by_row: dict[int, list[float]] = {}
        """Cost of a card's lines in the gaps beside the lane, by the row it stands in."""
        gaps = (lane - 1, lane)
        self.turned = [gap for gap in gaps if search.turning[gap]]
        levels = [search.level[index] or 0 for index in search.through[lane]]
        self.in_rows = [level for level in levels if level % 2 == 0]
        self.tried = bool(self.turned or self.in_rows or search.upright[lane])
        self.before = self._trial_cost() if self.tried else 0.0

    def change(self, one: int, two: int) -> float:
        """Change of the whole cost when what stands in two rows trades places."""
        search, first, second = self.search, self.slots[one], self.slots[two]
        own = self._costs(first)
        change = own[two] - own[one] + search.depth[first] * (two - one)
        if second >= 0:
            other = self._costs(second)
            change += other[one] - other[two] + search.depth[second] * (one - two) + self._between(first, second)
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
        cost = search.upright_cost(lane)
        for gap in self.turned:
            cost += search.turn_cost(gap)
        for level in self.in_rows:
            cost += search.slot_cost(level, lane)
        return cost

    def _costs(self, card: int) -> list[float]:
        known = self.by_row.get(card)
        if known is None:
            search, lane = self.search, self.lane
            known = [0.0] * search.rows
            if search.entering[card]:
                ends = search.right[lane - 1], search.left[lane - 1]
                self._add(known, search.entering[card], search.passing[lane - 1], *ends)
            if search.leaving[card]:
                self._add(known, search.leaving[card], search.passing[lane], search.left[lane], search.right[lane])
            self.by_row[card] = known
        return known

    def _add(self, costs: list[float], own: list[int], passing: list[int], near: list[int], far: list[int]) -> None:
        """Add what a card's lines on one side cost in each row, by their length and by the lines they cross."""
        weight, rows = self.search.weight, self.search.rows
        mine = set(own)
        others = [(far[index], near[index], weight[index]) for index in passing if index not in mine]
        self.search.budget.spend(len(own) * (len(others) + rows))
        for index in own:
            steps = [0.0] * (rows + 1)
            start, heavy = far[index], weight[index]
            for end, height, other in others:
                if end > start:
                    steps[(height >> 1) + 1] += other
                elif end < start:
                    steps[0] += other
                    steps[(height + 1) >> 1] -= other
            crossed = 0.0
            for row in range(rows):
                crossed += steps[row]
                costs[row] += CROSSING * heavy * crossed + 0.22 * heavy * (abs(2 * row - start) / 2)

    def _between(self, one: int, two: int) -> float:
        """Return how often lines of two cards that part cross, either before or after a swap."""
        search, lane = self.search, self.lane
        cost = 0.0
        sides = ((search.entering, search.left[lane - 1]), (search.leaving, search.right[lane]))
        for lines, far in sides:
            for first in lines[one]:
                for second in lines[two]:
                    if far[first] != far[second]:
                        cost += CROSSING * search.weight[first] * search.weight[second]
        return cost


def _weight(net: Network, arrow: Arrow) -> float:
    if not net.lifted:
        return 2.0 if arrow.on_path else 1.3
    return 2.5 if arrow.live or arrow.on_path else 1.35
