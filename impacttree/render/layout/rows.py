"""Step 3: which row each card stands in, and at which height each long edge runs.

Heights are measured in rows: card row ``r`` is ``r``, the channel above it ``r - 0.5``, the channel below the last row
``rows - 0.5``. A long edge runs at one height only: in a channel, or in slots that are empty in every lane it crosses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from impacttree.render.layout.lanes import Lanes
from impacttree.render.layout.network import Edge, Network

__all__ = ["Grid", "assign_rows"]

FREE = -1
TAKEN = -2
CROSSING = 1.2
BLOCKED = 50.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Lane and row of each card, the level of each edge that needs one, and the slots kept for the callout."""

    lane: tuple[int, ...]
    row: tuple[int, ...]
    level: tuple[float | None, ...]
    lanes: int
    rows: int
    callout: tuple[int, int, int] | None
    """Lane, first row and number of rows of the slots under the outcome."""
    cost: float

    def card_at(self, lane: int, row: int) -> int | None:
        """The card in a slot."""
        for card, place in enumerate(zip(self.lane, self.row, strict=True)):
            if place == (lane, row):
                return card
        return None


def assign_rows(net: Network, lanes: Lanes, kicks: int = 0) -> Grid:
    """Search rows and levels for the lanes given; each kick shuffles two lanes and searches on."""
    search = _Search(net, lanes)
    search.improve(sweeps=3 if len(net.cards) > 60 else 10)
    search.kick(kicks)
    return Grid(
        lane=lanes.lane,
        row=tuple(search.row),
        level=tuple(search.level),
        lanes=lanes.count,
        rows=search.rows,
        callout=search.callout,
        cost=search.total() + lanes.cost,
    )


class _Search:
    def __init__(self, net: Network, lanes: Lanes) -> None:
        self.net = net
        self.lane = lanes.lane
        self.lanes = lanes.count
        self.weight = [_weight(net, edge) for edge in net.edges]
        self.level: list[float | None] = [None] * len(net.edges)
        self.row = [0] * len(net.cards)
        self.pinned = [False] * len(net.cards)
        self._open_slots()
        self._sort_edges()
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
        """The one metric that the outcome feeds in its own lane: it stands between outcome and callout."""
        fed = [
            edge.target
            for edge in self.net.forward
            if edge.source == self.net.outcome and self.lane[edge.target] == self.lane[edge.source]
        ]
        return fed[0] if fed and self.net.callout else None

    def _pin(self, card: int, row: int) -> None:
        self.pinned[card] = True
        self.row[card] = row
        self.slot[self.lane[card]][row] = card

    def _sort_edges(self) -> None:
        """Which edges pass each gap, which run through each lane, which stand upright in it."""
        lane = self.lane
        self.through: list[list[int]] = [[] for _ in range(self.lanes)]
        self.upright: list[list[Edge]] = [[] for _ in range(self.lanes)]
        self.passing: list[list[int]] = [[] for _ in range(self.lanes)]
        self.turning: list[list[tuple[int, int, bool]]] = [[] for _ in range(self.lanes + 1)]
        self.touching: list[list[int]] = [[] for _ in self.net.cards]
        self.leveled: list[int] = []
        for edge in self.net.edges:
            start, end = lane[edge.source], lane[edge.target]
            self.touching[edge.source].append(edge.index)
            self.touching[edge.target].append(edge.index)
            if edge.returns:
                self.leveled.append(edge.index)
                self.turning[start].append((edge.index, edge.source, True))
                self.turning[end - 1].append((edge.index, edge.target, False))
                for between in range(end, start + 1):
                    self.through[between].append(edge.index)
            elif start == end:
                self.upright[start].append(edge)
            else:
                for gap in range(start, end):
                    self.passing[gap].append(edge.index)
                if end - start > 1 and not edge.on_path:
                    self.leveled.append(edge.index)
                    for between in range(start + 1, end):
                        self.through[between].append(edge.index)
        shares = [max((self.net.edges[index].share for index in touching), default=0.0) for touching in self.touching]
        self.depth = [0.10 * (1.0 + 2.0 * share) for share in shares]
        self.left = [[0.0] * len(self.net.edges) for _ in range(self.lanes)]
        self.right = [[0.0] * len(self.net.edges) for _ in range(self.lanes)]

    def _start(self) -> None:
        """Cards that carry money first, then by the mean row of those already placed beside them."""
        carried = [0.0] * len(self.net.cards)
        for edge in self.net.edges:
            for card in (edge.source, edge.target):
                carried[card] = max(carried[card], edge.share)
        placed = set(self.net.path)
        last = self.lane[self.net.path[-1]] if self.net.path else self.lanes - 1
        for lane in sorted(range(self.lanes), key=lambda number: (abs(last - number), number)):
            cards = [card for card, at in enumerate(self.lane) if at == lane and not self.pinned[card]]
            cards.sort(key=lambda card: (-carried[card], self._mean_row(card, placed), card))
            rows = [row for row in range(self.rows) if self.slot[lane][row] == FREE]
            for card, row in zip(cards, rows, strict=False):
                self.row[card] = row
                self.slot[lane][row] = card
            placed.update(cards)
        for index in self.leveled:
            self.level[index] = self._first_level(index)
        for edge in self.net.edges:
            self._refresh(edge.index)

    def _mean_row(self, card: int, placed: set[int]) -> float:
        rows = []
        for index in self.touching[card]:
            edge = self.net.edges[index]
            other = edge.target if edge.source == card else edge.source
            if other in placed:
                rows.append(self.row[other])
        return sum(rows) / len(rows) if rows else self.rows / 2

    def _first_level(self, index: int) -> float:
        edge = self.net.edges[index]
        middle = (self.row[edge.source] + self.row[edge.target]) / 2
        return max(1, min(self.rows, round(middle))) - 0.5

    # the cost

    def _refresh(self, index: int) -> None:
        """Where the edge enters and leaves each gap it passes."""
        edge = self.net.edges[index]
        start, end = self.lane[edge.source], self.lane[edge.target]
        if edge.returns or start == end:
            return
        level = 0.0 if self.level[index] is None else float(self.level[index] or 0.0)
        for gap in range(start, end):
            self.left[gap][index] = self.row[edge.source] if gap == start else level
            self.right[gap][index] = self.row[edge.target] if gap == end - 1 else level

    def _gap_cost(self, gap: int) -> float:
        if not 0 <= gap < self.lanes:
            return self._turn_cost(gap) if gap == -1 else 0.0
        left, right, weight = self.left[gap], self.right[gap], self.weight
        cost = self._turn_cost(gap)
        segments = [(left[index], right[index], weight[index]) for index in self.passing[gap]]
        for position, (start, end, heavy) in enumerate(segments):
            cost += 0.22 * heavy * abs(start - end)
            for other in range(position):
                begin, finish, other_heavy = segments[other]
                if (start - begin) * (end - finish) < 0:
                    cost += CROSSING * heavy * other_heavy
        return cost

    def _edge_gap_cost(self, index: int, gap: int) -> float:
        """What one edge adds to a gap."""
        left, right, weight = self.left[gap], self.right[gap], self.weight
        start, end, heavy = left[index], right[index], weight[index]
        cost = 0.22 * heavy * abs(start - end) + self._turn_cost(gap)
        for other in self.passing[gap]:
            if (start - left[other]) * (end - right[other]) < 0:
                cost += CROSSING * heavy * weight[other]
        return cost

    def _turn_cost(self, gap: int) -> float:
        """Return edges go up or down beside their cards and cross what comes in there."""
        cost = 0.0
        for index, card, leaves in self.turning[gap]:
            level = float(self.level[index] or 0.0)
            low, high = sorted((float(self.row[card]), level))
            cost += 0.22 * (high - low)
            if 0 <= gap < self.lanes:
                ends = self.left[gap] if leaves else self.right[gap]
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
        for edge in self.upright[lane]:
            low, high = sorted((self.row[edge.source], self.row[edge.target]))
            heavy = self.weight[edge.index]
            cost += 0.4 * (high - low)
            blocked = sum(1 for row in range(low + 1, high) if self.slot[lane][row] != FREE)
            cost += 7.0 * heavy * blocked
            cost += 2.5 * heavy * sum(1 for index in runs if low < float(self.level[index] or 0.0) < high)
        return cost

    def _run_cost(self, index: int, lane: int, others: list[int]) -> float:
        level = float(self.level[index] or 0.0)
        cost = 0.0
        if level == int(level):
            cost += -0.15 if self.slot[lane][int(level)] == FREE else BLOCKED
        elif self.callout and self.callout[0] == lane and 0 < level - self.callout[1] < self.callout[2] - 1:
            cost += BLOCKED
        for other in others:
            if self.level[other] == level:
                cost += 0.15 if self._bundles(index, other) else BLOCKED if level == int(level) else 0.9
        return cost

    def _bundles(self, one: int, two: int) -> bool:
        first, second = self.net.edges[one], self.net.edges[two]
        if first.live or second.live or first.returns or second.returns:
            return False
        alike = first.link.assumed == second.link.assumed
        return first.target == second.target or (first.source == second.source and alike)

    def _level_cost(self, index: int) -> float:
        edge = self.net.edges[index]
        level = float(self.level[index] or 0.0)
        start, end = self.lane[edge.source], self.lane[edge.target]
        cost = 0.0
        if edge.returns:
            low, high = sorted((self.row[edge.source], self.row[edge.target]))
            cost += 0.6 * (max(0.0, low - level) + max(0.0, level - high))
            cost += 4.0 if level < 0 else 0.0
            cost += self._turn_cost(start) + (self._turn_cost(end - 1) if end - 1 != start else 0.0)
            lanes = range(end, start + 1)
        else:
            cost += sum(self._edge_gap_cost(index, gap) for gap in range(start, end))
            lanes = range(start + 1, end)
        for lane in lanes:
            cost += self._run_cost(index, lane, [other for other in self.through[lane] if other != index])
            for upright in self.upright[lane]:
                low, high = sorted((self.row[upright.source], self.row[upright.target]))
                if low < level < high:
                    cost += 2.5 * self.weight[upright.index]
        return cost

    def total(self) -> float:
        """The whole cost."""
        detour = 0.0
        for index in self.leveled:
            level = float(self.level[index] or 0.0)
            if self.net.edges[index].returns and level < 0:
                detour += 4.0
        gaps = sum(self._gap_cost(gap) for gap in range(-1, self.lanes))
        return gaps + sum(self._lane_cost(lane) for lane in range(self.lanes)) + detour

    # the moves

    def improve(self, sweeps: int) -> None:
        """Move or swap cards within their lanes, then set every long edge to its best level, until nothing changes."""
        self._set_levels()
        for sweep in range(sweeps):
            changed = False
            lanes = range(self.lanes) if sweep % 2 == 0 else range(self.lanes - 1, -1, -1)
            for lane in lanes:
                changed = self._sweep_lane(lane) or changed
            changed = self._set_levels() or changed
            if not changed:
                return

    def kick(self, times: int) -> None:
        """Shuffle two lanes and improve again; keep what got better. Fixed seed, so always the same."""
        chance = Random(11)  # noqa: S311 - a search needs repeatable numbers, not secret ones
        kept, cost = self._state(), self.total()
        for _ in range(times):
            for _ in range(2):
                self._shuffle(int(chance.random() * self.lanes), chance)
            self.improve(sweeps=6)
            now = self.total()
            if now < cost - 1e-9:
                kept, cost = self._state(), now
            else:
                self._restore(kept)

    def _shuffle(self, lane: int, chance: Random) -> None:
        slots = self.slot[lane]
        loose = [row for row, card in enumerate(slots) if card == FREE or (card >= 0 and not self.pinned[card])]
        for last in range(len(loose) - 1, 0, -1):
            self._swap(lane, loose[last], loose[int(chance.random() * (last + 1))])

    def _state(self) -> tuple[list[list[int]], list[float | None]]:
        return [list(slots) for slots in self.slot], list(self.level)

    def _restore(self, state: tuple[list[list[int]], list[float | None]]) -> None:
        self.slot, self.level = [list(slots) for slots in state[0]], list(state[1])
        for slots in self.slot:
            for row, card in enumerate(slots):
                if card >= 0:
                    self.row[card] = row
        for edge in self.net.edges:
            self._refresh(edge.index)

    def _sweep_lane(self, lane: int) -> bool:
        changed = False
        slots = self.slot[lane]
        for card in [card for card in slots if card >= 0 and not self.pinned[card]]:
            here = self.row[card]
            before = self._around(lane)
            best, target = before - 1e-9, here
            for row in range(self.rows):
                if row == here or slots[row] == TAKEN or (slots[row] >= 0 and self.pinned[slots[row]]):
                    continue
                self._swap(lane, here, row)
                cost = self._around(lane)
                self._swap(lane, here, row)
                if cost < best:
                    best, target = cost, row
            if target != here:
                self._swap(lane, here, target)
                changed = True
        return changed

    def _around(self, lane: int) -> float:
        return self._gap_cost(lane - 1) + self._gap_cost(lane) + self._lane_cost(lane)

    def _swap(self, lane: int, one: int, two: int) -> None:
        slots = self.slot[lane]
        slots[one], slots[two] = slots[two], slots[one]
        for row in (one, two):
            card = slots[row]
            if card >= 0:
                self.row[card] = row
                for index in self.touching[card]:
                    self._refresh(index)

    def _set_levels(self) -> bool:
        changed = False
        for index in self.leveled:
            edge = self.net.edges[index]
            before = self.level[index]
            best, chosen = float("inf"), before
            for level in self._levels(edge):
                self.level[index] = level
                self._refresh(index)
                cost = self._level_cost(index) - (1e-6 if level == before else 0.0)
                if cost < best - 1e-9:
                    best, chosen = cost, level
            self.level[index] = chosen
            self._refresh(index)
            changed = changed or chosen != before
        return changed

    def _levels(self, edge: Edge) -> list[float]:
        """Every channel; above the first row for return edges only; rows that are empty all along for forward ones."""
        if edge.returns:
            return [row - 0.5 for row in range(self.rows + 1)]
        levels = [row - 0.5 for row in range(1, self.rows + 1)]
        lanes = range(self.lane[edge.source] + 1, self.lane[edge.target])
        levels += [float(row) for row in range(self.rows) if all(self.slot[lane][row] == FREE for lane in lanes)]
        return sorted(levels)


def _weight(net: Network, edge: Edge) -> float:
    if not net.lifted:
        return 2.0 if edge.on_path else 1.3
    return 2.5 if edge.live or edge.on_path else 1.35
