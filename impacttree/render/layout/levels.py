"""Step 3, the other move: the level of a long arrow that costs least, told for all levels at once."""

from __future__ import annotations

from impacttree.render.layout.network import Arrow
from impacttree.render.layout.packed import Crossings, LineEnds
from impacttree.render.layout.placement import (
    ABOVE,
    BUNDLED,
    CROSSING,
    EMPTY_SLOT,
    FREE,
    LENGTH,
    RUN_ACROSS,
    Placement,
)

__all__ = ["Levels"]

STEPS_AN_ARROW, STEPS_A_PARTNER, STEPS_A_LINE = 150, 8, 40
"""What it takes to look at an arrow, at one that it may run with, and at a line that has moved."""
NEVER = 1 << 40
"""Costs more than all else together."""
AWAY = 600
"""Half a row that a return arrow runs above or below both its ends."""


class Levels:
    """What long arrows cost at each level; what is noted of lanes and gaps stays true until something moves there."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.slots: dict[int, int] = {}
        """What each level costs in a lane because of its cards."""
        self.runs = [sum(self._run(index) for index in through) for through in placement.through]
        """What each level costs in a lane because of what runs there."""
        self.gaps = [_Gap(placement, gap) for gap in range(placement.lanes)]
        self.bundles: dict[int, list[tuple[int, int]]] = {}

    def set(self, arrow: Arrow, level: int) -> None:
        """Let a long arrow run at a level."""
        placement, lanes = self.placement, self.placement.long[arrow.index]
        before = self._run(arrow.index)
        placement.set_level(arrow, level)
        for lane in lanes:
            self.runs[lane] += self._run(arrow.index) - before
        self._let_look(lanes)

    def cards_moved(self, lane: int) -> None:
        """Note that cards of a lane stand elsewhere."""
        self.slots.pop(lane, None)
        self._let_look(range(lane, lane + 1))

    def _let_look(self, lanes: range) -> None:
        """Note that something has moved in the gaps beside some lanes."""
        for gap in self.gaps[max(0, lanes.start - 1) : lanes.stop]:
            gap.stale = True

    def best(self, arrow: Arrow) -> int:
        """Return the level that costs least: that where the arrow runs, if there is none better, or the first."""
        before = self.placement.level[arrow.index]
        if arrow.returns:
            costs = self.costs_of_a_return(arrow)
            least = min(costs.values())
            return before if costs[before] == least else min(level for level, cost in costs.items() if cost == least)
        told = self.costs(arrow)
        least = min(told)
        return before if told[before] == least else told.index(least)

    def costs(self, arrow: Arrow) -> tuple[int, ...]:
        """Return what an arrow costs at each level below the first row, over `NEVER` where it may not run.

        The same is left out of all.
        """
        placement, levels = self.placement, self.placement.by_level
        start, end = placement.lane[arrow.source], placement.lane[arrow.target]
        top, bottom = 2 * placement.row[arrow.source], 2 * placement.row[arrow.target]
        crossed = self.gaps[start].first(top) + self.gaps[end - 1].last(bottom)
        crossed += sum(gap.inside() for gap in self.gaps[start + 1 : end - 1])
        length = levels.away(top) + levels.away(bottom)
        costs = placement.weight[arrow.index] * (CROSSING * crossed + LENGTH * length)
        costs += sum(self._slots(lane) for lane in range(start + 1, end)) + self._runs_beside(arrow.index)
        return levels.unpacked(costs)

    def costs_of_a_return(self, arrow: Arrow) -> dict[int, int]:
        """Return what a return arrow costs in each channel, that above the first row as well.

        The same is left out of all.
        """
        placement, index = self.placement, arrow.index
        start, end = placement.lane[arrow.source], placement.lane[arrow.target]
        low, high = sorted((2 * placement.row[arrow.source], 2 * placement.row[arrow.target]))
        costs = {}
        for level in range(-1, 2 * placement.rows, 2):
            cost = AWAY * (max(0, low - level) + max(0, level - high)) + (ABOVE if level < 0 else 0)
            cost += placement.turn(index, level, arrow.source, start, leaves=True)
            cost += placement.turn(index, level, arrow.target, end - 1, leaves=False)
            for lane in range(end, start + 1):
                runs = placement.through[lane]
                placement.budget.spend(len(runs))
                beside = [other for other in runs if placement.level[other] == level and other != index]
                cost += placement.slot_cost(level, lane) + self._uprights_crossed(level, lane)
                cost += sum(placement.shared_cost(index, other) for other in beside)
            costs[level] = cost
        return costs

    def _uprights_crossed(self, level: int, lane: int) -> int:
        row, crossed = self.placement.row, 0
        for arrow in self.placement.upright[lane]:
            low, high = sorted((2 * row[arrow.source], 2 * row[arrow.target]))
            if low < level < high:
                crossed += self.placement.weight[arrow.index]
        return RUN_ACROSS * crossed

    def _slots(self, lane: int) -> int:
        """Return what each level costs in a lane: nothing runs through a card, and arrows within it are crossed."""
        known = self.slots.get(lane)
        if known is None:
            placement, levels = self.placement, self.placement.by_level
            known = 0
            for level, one in enumerate(levels.one):
                filled = level % 2 == 0 and placement.slot[lane][level // 2] != FREE
                known += one * (NEVER if filled else placement.slot_cost(level, lane) - EMPTY_SLOT)
            for upright in placement.upright[lane]:
                crossed = levels.between(2 * placement.row[upright.source], 2 * placement.row[upright.target])
                known += RUN_ACROSS * placement.weight[upright.index] * crossed
            self.slots[lane] = known
        return known

    def _runs_beside(self, index: int) -> int:
        """Return what an arrow costs at each level because of what else runs through the same lanes."""
        lanes, bundle = self.placement.long[index], self._bundle(index)
        self.placement.budget.spend(STEPS_AN_ARROW + STEPS_A_PARTNER * len(bundle))
        costs = sum(self.runs[lanes.start : lanes.stop]) - len(lanes) * self._run(index)
        for other, together in bundle:
            costs -= together * self._run(other, BUNDLED)
        return costs

    def _run(self, index: int, less: int = 0) -> int:
        """Return what a run costs others at its level, or so much less."""
        level, placement = self.placement.level[index], self.placement
        return (placement.crowd_cost(level) - less) * placement.by_level.one[level] if level >= 0 else 0

    def _bundle(self, index: int) -> list[tuple[int, int]]:
        """Return the arrows that may run with one as a bundle, and through how many lanes both do."""
        known = self.bundles.get(index)
        if known is None:
            long = self.placement.long
            others = [other for other in self.placement.partners[index] if other in long and other != index]
            shared = [(other, _together(long[index], long[other])) for other in others]
            known = self.bundles[index] = [(other, lanes) for other, lanes in shared if lanes]
        return known


def _together(one: range, two: range) -> int:
    return max(0, min(one.stop, two.stop) - max(one.start, two.start))


class _Gap:
    """The weight of the lines that a run crosses in a gap, for each level."""

    def __init__(self, placement: Placement, gap: int) -> None:
        self.placement = placement
        self.stale = True
        self.leaving = [(line, card) for line, card, leaves in placement.turning[gap] if leaves]
        self.entering = [(line, card) for line, card, leaves in placement.turning[gap] if not leaves]
        self.ends = LineEnds(placement.passing[gap], placement.left[gap], placement.right[gap])
        self.by_start, self.by_end = Crossings(placement.by_level), Crossings(placement.by_level)
        self.between = 0
        """Lines whose ends are above and below a level."""

    def first(self, height: int) -> int:
        """Return what a run crosses that starts at a height on the left and is at its level on the right."""
        self._look()
        return self.by_start.met(height) + self.right_turns

    def last(self, height: int) -> int:
        """Return what a run crosses that ends at a height on the right and is at its level on the left."""
        self._look()
        return self.by_end.met(height) + self.left_turns

    def inside(self) -> int:
        """Return what a run crosses that is at its level on both sides."""
        self._look()
        return self.between + self.left_turns + self.right_turns

    def _look(self) -> None:
        """Take in what has moved."""
        if not self.stale:
            return
        moved = self.ends.moved()
        self.placement.budget.spend(len(self.ends.lines) + STEPS_A_LINE * len(moved))
        for line, then, now in moved:
            if then:
                self._count(*then, -self.placement.weight[line])
            self._count(*now, self.placement.weight[line])
        self.left_turns, self.right_turns = self._past(self.leaving), self._past(self.entering)
        self.stale = False

    def _count(self, left: int, right: int, weight: int) -> None:
        self.by_start.add(near=right, far=left, weight=weight)
        self.by_end.add(near=left, far=right, weight=weight)
        self.between += weight * self.placement.by_level.between(left, right)

    def _past(self, turns: list[tuple[int, int]]) -> int:
        """Return the weight of return arrows that go past each level where they leave or enter cards."""
        row, level, weight = self.placement.row, self.placement.level, self.placement.weight
        past = self.placement.by_level.between
        return sum(weight[line] * past(2 * row[card], level[line]) for line, card in turns) if turns else 0
