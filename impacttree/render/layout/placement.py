"""Step 3, what is searched: the row of each card, the height of each long arrow, and what the eye dislikes about them.

Heights are measured in half rows: card row ``r`` is ``2 r``, the channel above it ``2 r - 1``, the channel below the
last row ``2 rows - 1``. A long arrow runs at one height only, its level: in a channel, or in slots that are empty in
every lane it crosses.

Costs are whole numbers, of which `COST` is one beside the cost of lanes; so what is added up in any order is the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from impacttree.records import dataclass
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.lanes import Lanes
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.packed import packed

__all__ = ["FREE", "TAKEN", "Grid", "Placement"]

FREE = -1
TAKEN = -2
COST = 0.0005
CROSSING = 6
"""Where two lines cross, for the product of their weights."""
LENGTH = 11
"""Half a row of a line that leans, by its weight."""
LEG = 220
"""Half a row that a return arrow goes up or down beside its card."""
EMPTY_SLOT, BLOCKED = -300, 100_000
"""A run through a slot that is empty, and through one that is not."""
BUNDLED, SHARED = 300, 1_800
"""Two runs in one channel, where they may be drawn as a bundle and where not."""
UPRIGHT, CARD_BETWEEN, RUN_ACROSS = 800, 700, 250
"""A row of an arrow within its lane; by its weight, a card that it would go through, and a run that it crosses."""
ABOVE = 8_000
"""A return arrow above the first row."""
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


class Placement:
    """Where cards and long arrows stand in the lanes given, and what that costs."""

    def __init__(self, net: Network, lanes: Lanes, budget: Budget) -> None:
        self.net = net
        self.assigned = lanes
        self.lane = lanes.lane
        self.lanes = lanes.count
        self.budget = budget
        self.weight = [_weight(net, arrow) for arrow in net.arrows]
        self.level: list[int] = [0] * len(net.arrows)
        """At which height each long arrow runs; without a meaning for the others."""
        self.row = [0] * len(net.cards)
        self.pinned = [False] * len(net.cards)
        self._open_slots()
        self._sort_arrows()
        self._start()

    def grid(self) -> Grid:
        """Return where everything stands now."""
        return Grid(
            lane=self.lane,
            row=tuple(self.row),
            level=tuple(height / 2 if index in self.long else None for index, height in enumerate(self.level)),
            lanes=self.lanes,
            rows=self.rows,
            callout=self.callout,
            cost=self.total() + self.assigned.cost,
            cards={(lane, row): card for card, (lane, row) in enumerate(zip(self.lane, self.row, strict=True))},
        )

    # what there is to stand

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
        self.by_row, self.by_level = packed(base, pitch=2), packed(2 * base, pitch=1)
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
        """Return arrows that leave or enter a card beside a gap, that card, and whether they leave it."""
        self.leaving: list[list[int]] = [[] for _ in self.net.cards]
        self.entering: list[list[int]] = [[] for _ in self.net.cards]
        self.long: dict[int, range] = {}
        """The arrows that need a level, and the lanes that each runs through."""
        for arrow in arrows:
            start, end = lane[arrow.source], lane[arrow.target]
            if arrow.returns:
                self.turning[start].append((arrow.index, arrow.source, True))
                self.turning[end - 1].append((arrow.index, arrow.target, False))
                self.long[arrow.index] = range(end, start + 1)
            elif start == end:
                self.upright[start].append(arrow)
            else:
                self.leaving[arrow.source].append(arrow.index)
                self.entering[arrow.target].append(arrow.index)
                for gap in range(start, end):
                    self.passing[gap].append(arrow.index)
                if end - start > 1 and not arrow.on_path:
                    self.long[arrow.index] = range(start + 1, end)
        for index, run in self.long.items():
            for between in run:
                self.through[between].append(index)
        self.depth = [0.10] * len(self.net.cards)
        """What a card costs by the row it stands in, as a fraction: what carries most stands high."""
        for arrow in arrows:
            for card in (arrow.source, arrow.target):
                self.depth[card] = max(self.depth[card], 0.10 * (1.0 + 2.0 * arrow.share))
        self.left = [[0] * len(arrows) for _ in range(self.lanes)]
        self.right = [[0] * len(arrows) for _ in range(self.lanes)]
        """At which height an arrow enters and leaves each gap that it passes."""
        self.partners = _partners(arrows, self.long)

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
        movable: list[list[int]] = [[] for _ in range(self.lanes)]
        for card, at in enumerate(self.lane):
            if not self.pinned[card]:
                movable[at].append(card)
        for lane in sorted(range(self.lanes), key=lambda number: (abs(last - number), number)):
            cards = sorted(movable[lane], key=lambda card: (-carried[card], mean_row(card), card))
            rows = [row for row in range(self.rows) if self.slot[lane][row] == FREE]
            for card, row in zip(cards, rows, strict=False):
                self.row[card] = row
                self.slot[lane][row] = card
            placed.update(cards)
        for index in self.long:
            arrow = self.net.arrows[index]
            middle = (self.row[arrow.source] + self.row[arrow.target]) / 2
            self.level[index] = 2 * max(1, min(self.rows, round(middle))) - 1
        for arrow in self.net.arrows:
            self.refresh(arrow)

    # moving

    def refresh(self, arrow: Arrow) -> None:
        """Find where an arrow enters and leaves each gap that it passes."""
        index, start, end = arrow.index, self.lane[arrow.source], self.lane[arrow.target]
        if arrow.returns or start == end:
            return
        level = self.level[index]
        for gap in range(start, end):
            self.left[gap][index] = 2 * self.row[arrow.source] if gap == start else level
            self.right[gap][index] = 2 * self.row[arrow.target] if gap == end - 1 else level

    def set_level(self, arrow: Arrow, level: int) -> None:
        """Let a long arrow run at a height."""
        self.level[arrow.index] = level
        self.refresh(arrow)

    def fill(self, lane: int, slots: Sequence[int]) -> bool:
        """Let the cards of a lane stand as they do in `slots`; return whether one moved."""
        now, moved = self.slot[lane], False
        for row, card in enumerate(slots):
            if now[row] != card:
                self._put(lane, row, card)
                moved = True
        return moved

    def swap(self, lane: int, one: int, two: int) -> None:
        """Let what stands in two slots of a lane trade places."""
        first, second = self.slot[lane][one], self.slot[lane][two]
        self._put(lane, two, first)
        self._put(lane, one, second)

    def _put(self, lane: int, row: int, card: int) -> None:
        self.slot[lane][row] = card
        if card >= 0:
            self.row[card] = row
            for index in self.leaving[card]:
                self.left[lane][index] = 2 * row
            for index in self.entering[card]:
                self.right[lane - 1][index] = 2 * row

    def around(self, lane: int) -> tuple[object, ...]:
        """Return all that tells which rows are best for the cards of a lane: the same wherever that is the same."""
        gaps = range(max(0, lane - 1), lane + 1)
        level, slots = self.level, self.slot[lane]
        return (
            self.rows,
            lane > 0,
            tuple(slots),
            tuple([self.pinned[card] for card in slots if card >= 0]),
            *(tuple(self.passing[gap]) for gap in gaps),
            *(tuple(self.left[gap]) for gap in gaps),
            *(tuple(self.right[gap]) for gap in gaps),
            tuple([level[index] for index in self.through[lane]]),
            tuple([(level[index], card) for index, card, leaves in self.turning[lane - 1] if not leaves]),
            tuple([(level[index], card) for index, card, leaves in self.turning[lane] if leaves]),
        )

    # the cost

    def total(self) -> float:
        """Return the whole cost."""
        above = ABOVE * sum(1 for index in self.long if self.level[index] < 0)
        gaps = sum(self._gap_cost(gap) for gap in range(-1, self.lanes))
        lanes = sum(self._lane_cost(lane) for lane in range(self.lanes))
        depth = sum(deep * row for deep, row in zip(self.depth, self.row, strict=True))
        return COST * (above + gaps + lanes) + depth

    def _gap_cost(self, gap: int) -> int:
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

    def turn_cost(self, gap: int) -> int:
        """Return what return arrows cost beside a gap, where they go up or down and cross what comes in there."""
        return sum(self.turn(index, self.level[index], card, gap, leaves) for index, card, leaves in self.turning[gap])

    def turn(self, index: int, level: int, card: int, gap: int, leaves: bool) -> int:
        """Return what one return arrow costs between a card beside a gap and its level."""
        low, high = sorted((2 * self.row[card], level))
        cost = LEG * (high - low)
        if 0 <= gap < self.lanes:
            ends, weight = self.left[gap] if leaves else self.right[gap], self.weight
            self.budget.spend(len(self.passing[gap]))
            crossed = sum(weight[other] for other in self.passing[gap] if low < ends[other] < high)
            cost += CROSSING * weight[index] * crossed
        return cost

    def _lane_cost(self, lane: int) -> int:
        cost = 0
        runs = self.through[lane]
        for position, index in enumerate(runs):
            level = self.level[index]
            cost += self.slot_cost(level, lane)
            cost += sum(self.shared_cost(index, other) for other in runs[:position] if self.level[other] == level)
        levels = self.levels_in(lane)
        self.budget.spend(len(levels) * len(self.upright[lane]))
        for arrow in self.upright[lane]:
            low, high = sorted((self.row[arrow.source], self.row[arrow.target]))
            between = high - low - 1 - self.slot[lane][low + 1 : high].count(FREE)
            across = bisect_left(levels, 2 * high) - bisect_right(levels, 2 * low)
            cost += UPRIGHT * (high - low)
            cost += self.weight[arrow.index] * (CARD_BETWEEN * between + RUN_ACROSS * across)
        return cost

    def slot_cost(self, level: int, lane: int) -> int:
        """Return what a run at a level costs where it passes through a lane."""
        if level % 2 == 0:
            return EMPTY_SLOT if self.slot[lane][level // 2] == FREE else BLOCKED
        if self.callout and self.callout[0] == lane and 0 < level - 2 * self.callout[1] < 2 * self.callout[2] - 2:
            return BLOCKED
        return 0

    def shared_cost(self, one: int, two: int) -> int:
        """Return what two runs at the level of the second cost where both pass through a lane."""
        return BUNDLED if two in self.partners[one] else self.crowd_cost(self.level[two])

    def crowd_cost(self, level: int) -> int:
        """Return what two runs at a level cost that may not be a bundle."""
        return SHARED if level % 2 else BLOCKED

    def levels_in(self, lane: int) -> list[int]:
        """Return the levels of the runs through a lane, lowest first."""
        level = self.level
        return sorted([level[index] for index in self.through[lane]])


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


def _weight(net: Network, arrow: Arrow) -> int:
    if not net.lifted:
        return 40 if arrow.on_path else 26
    return 50 if arrow.live or arrow.on_path else 27
