"""Cut the rules of a period into stages: what stays the same from some period on is computed until then, and kept.

Inputs and what rests on them alone have one value in all periods; what reads them at a lag settles that much later;
stocks, and what rests on these, never do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from impacttree.engine.program import Program
from impacttree.engine.tape import Block

__all__ = ["Stage", "stages_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Some of the rules of a period.

    Parameters
    ----------
    program
        Its rules; the lags are those that any stage reads.
    until
        The last period in which it has to be computed; 0 where the values of t = 0 stand for all.
    until_changed
        The same, where changes act from period 1.
    """

    program: Program
    until: float
    until_changed: float

    @property
    def slots(self) -> Iterator[int]:
        """The slots that it computes."""
        return (block.slot for block in self.program.blocks)


def stages_of(blocks: Sequence[Block], started: Set[int], scheduled: Set[int]) -> tuple[Stage, ...]:
    """Return rules as stages, in an order in which they can be computed; those that are computed longest come last.

    Parameters
    ----------
    blocks
        In order of evaluation.
    started
        Slots with another rule at t = 0.
    scheduled
        Parameters with a number of their own in each period.
    """
    plain, changed = (_settling(blocks, started, scheduled, least) for least in (0, 1))

    def key(block: Block) -> tuple[float, float]:
        return _rounded_up(changed[block.slot]), _rounded_up(plain[block.slot])

    loads = [load for block in blocks for load in block.loads.values()]
    lags = sorted({load.lag for load in loads if load.timing == "prev"})
    groups = groupby(sorted(blocks, key=key), key)
    return tuple(Stage(Program(list(group), lags), until, longer) for (longer, until), group in groups)


def _rounded_up(period: float) -> float:
    """Return the next power of two, so that stages stay few."""
    return period if period in {0, math.inf} else 1 << (int(period) - 1).bit_length()


def _settling(blocks: Sequence[Block], started: Set[int], scheduled: Set[int], least: int) -> Mapping[int, float]:
    """Return from which period on each slot stays the same: `least` at the earliest, infinite for what never does.

    What stands on a loop through time waits for itself, so it is never reached, and neither is what rests on it.
    """
    sources = {
        block.slot: [(load.slot, load.lag) for load in block.loads.values() if load.timing != "baseline"]
        for block in blocks
    }
    readers: dict[int, list[int]] = {}
    for slot, read in sources.items():
        for source, _ in read:
            readers.setdefault(source, []).append(slot)
    own = {
        block.slot: max(least, int(block.slot in started))
        if scheduled.isdisjoint(block.parameters.values())
        else math.inf
        for block in blocks
    }
    settled = dict.fromkeys(sources, math.inf)
    waiting = {slot: len(read) for slot, read in sources.items()}
    ready = [slot for slot, count in waiting.items() if not count]
    while ready:
        slot = ready.pop()
        later = (settled[source] + lag if settled[source] else 0 for source, lag in sources[slot])
        settled[slot] = max(own[slot], *later, 0)
        for reader in readers.get(slot, ()):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return settled
