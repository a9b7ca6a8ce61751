"""Step 3: which row each card stands in, and at which height each long arrow runs; the search over both."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from impacttree.render.layout.budget import Budget
from impacttree.render.layout.lanes import Lanes
from impacttree.render.layout.levels import Levels
from impacttree.render.layout.network import Arrow, Network
from impacttree.render.layout.placement import FREE, STILL, Placement
from impacttree.render.layout.swaps import Swaps

__all__ = ["RowSearch", "Sweeps"]

Sweeps = dict[tuple[object, ...], tuple[int, ...]]
"""How cards of a lane stand after a sweep, by all that it depends on."""


class RowSearch:
    """A search of rows and levels for the lanes given, which can be taken up again.

    Searches of one picture share `swept`: they meet the same lanes again and again.
    """

    def __init__(self, net: Network, lanes: Lanes, budget: Budget, swept: Sweeps) -> None:
        self.net = net
        self.lanes = lanes.count
        self.budget = budget
        self.swept = swept
        self.placement = Placement(net, lanes, budget)
        self.levels = Levels(self.placement)
        self.gaps = {index: (run.start, run.stop) for index, run in self.placement.long.items()}
        """The gaps that an arrow passes, by the lanes on their right."""
        self.swaps = [Swaps(self.placement, lane) for lane in range(self.lanes)]
        self.clock = _Clock(self.lanes, len(net.arrows))

    def improve(self, sweeps: int) -> None:
        """Move or swap cards within their lanes, then set every long arrow to its best level, until nothing changes."""
        self._set_levels()
        for sweep in range(sweeps):
            changed = False
            lanes = range(self.lanes) if sweep % 2 == 0 else range(self.lanes - 1, -1, -1)
            for lane in lanes:
                changed = self._sweep(lane) or changed
            changed = self._set_levels() or changed
            if not changed or self.budget.spent:
                return

    def kick(self, times: int) -> None:
        """Shuffle two lanes and improve again; keep what got better. Fixed seed, so always the same."""
        chance = Random(11)  # noqa: S311 - a search needs repeatable numbers, not secret ones
        if not times:
            return
        kept, cost = self._state(), self.placement.total()
        for _ in range(times):
            if self.budget.spent:
                return
            for _ in range(2):
                self._shuffle(int(chance.random() * self.lanes), chance)
            self.improve(sweeps=6)
            now = self.placement.total()
            if now < cost - STILL:
                kept, cost = self._state(), now
            else:
                self._restore(kept)

    def _shuffle(self, lane: int, chance: Random) -> None:
        slots = list(self.placement.slot[lane])
        pinned = self.placement.pinned
        loose = [row for row, card in enumerate(slots) if card == FREE or (card >= 0 and not pinned[card])]
        for last in range(len(loose) - 1, 0, -1):
            one, two = loose[last], loose[int(chance.random() * (last + 1))]
            slots[one], slots[two] = slots[two], slots[one]
        self._fill(lane, slots)

    def _state(self) -> _State:
        placement = self.placement
        return tuple(tuple(slots) for slots in placement.slot), tuple(placement.level), self.clock.copy()

    def _restore(self, state: _State) -> None:
        slots, levels, clock = state
        for lane, filled in enumerate(slots):
            self._fill(lane, filled)
        for index in self.placement.long:
            self._set_level(self.net.arrows[index], levels[index])
        self.clock = clock.copy()

    def _sweep(self, lane: int) -> bool:
        """Give each card of a lane in turn the row that lowers the cost most; return whether one moved."""
        if self.clock.last_change(lane, lane + 1) <= self.clock.swept[lane]:
            return False
        around = self.placement.around(lane)
        slots = self.swept.get(around)
        if slots is None:
            slots = self._swept(lane)
            if not self.budget.spent:
                self.swept[around] = slots
        if self._fill(lane, slots):
            return True
        self.clock.swept[lane] = self.clock.now
        return False

    def _swept(self, lane: int) -> tuple[int, ...]:
        """Return the slots of a lane after each card in turn took its best row, its card taking the old one."""
        placement = self.placement
        before = tuple(placement.slot[lane])
        swaps = self.swaps[lane]
        swaps.look()
        for card in [card for card in before if card >= 0 and not placement.pinned[card]]:
            if self.budget.spent:
                break
            best = swaps.best(card)
            if best is not None:
                placement.swap(lane, placement.row[card], best)
                swaps.look()
        after = tuple(placement.slot[lane])
        placement.fill(lane, before)
        return after

    def _fill(self, lane: int, slots: Sequence[int]) -> bool:
        """Let cards of a lane stand as they do in `slots`; return whether one moved."""
        if not self.placement.fill(lane, slots):
            return False
        self.levels.cards_moved(lane)
        self.clock.tick(lane, lane + 1)
        return True

    def _set_levels(self) -> bool:
        changed = False
        for index in self.placement.long:
            if self.budget.spent:
                return changed
            arrow = self.net.arrows[index]
            if self.clock.last_change(*self.gaps[index]) > self.clock.decided[index]:
                changed = self._set_level(arrow, self.levels.best(arrow)) or changed
                self.clock.decided[index] = self.clock.now
        return changed

    def _set_level(self, arrow: Arrow, level: int) -> bool:
        """Let an arrow run at a level; return whether it did not before."""
        if level == self.placement.level[arrow.index]:
            return False
        self.levels.set(arrow, level)
        self.clock.tick(*self.gaps[arrow.index])
        return True


class _Clock:
    """When something last changed in each gap, and when the lanes and arrows that it touches were last looked at."""

    def __init__(self, lanes: int, arrows: int) -> None:
        self.now = 0
        self.changed = [0] * (lanes + 1)
        """By the lane on the right of the gap; there is one on both sides of each lane."""
        self.swept = [-1] * lanes
        """When no card of a lane had a better row."""
        self.decided = [-1] * arrows
        """When an arrow was last set to its best level."""

    def copy(self) -> _Clock:
        """Return the same times, to go back to."""
        other = _Clock(0, 0)
        other.now, other.changed = self.now, list(self.changed)
        other.swept, other.decided = list(self.swept), list(self.decided)
        return other

    def tick(self, first: int, last: int) -> None:
        """Note that something changed in some gaps, given by the lanes on their right."""
        self.now += 1
        self.changed[first : last + 1] = [self.now] * (last + 1 - first)

    def last_change(self, first: int, last: int) -> int:
        """Return when something last changed in some gaps."""
        return max(self.changed[first : last + 1])


_State = tuple[tuple[tuple[int, ...], ...], tuple[int, ...], _Clock]
