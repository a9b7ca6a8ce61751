"""Cut the rules of a period into stages: what stays the same from some period on is computed until then, and kept.

Inputs and what rests on them alone have one value in all periods; what reads them at a lag settles that much later;
stocks, and what rests on these, never do. Of their rules what can be computed once is taken out, as rules of slots that
no metric has: of ``prev(customers) * (1 - churn)`` it is ``1 - churn``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import count, groupby

from impacttree.engine.row_program import RowProgram
from impacttree.engine.tape import Block, Body, Instruction, Load
from impacttree.graph.reach import reached
from impacttree.records import dataclass

__all__ = ["PeriodStage", "stages_of"]


@dataclass(frozen=True, slots=True, eq=False)
class PeriodStage:
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

    program: RowProgram
    until: float
    until_changed: float


def stages_of(
    blocks: Sequence[Block], size: int, wanted: Set[int], started: Set[int], scheduled: Set[int]
) -> tuple[PeriodStage, ...]:
    """Return rules as stages, in an order in which they can be computed; those that are computed longest come last.

    Parameters
    ----------
    blocks
        In order of evaluation.
    size
        The first slot that is free.
    wanted
        Slots of which the values are read after the period; those that other periods or stages read are kept as well.
    started
        Slots with another rule at t = 0.
    scheduled
        Parameters with a number of their own in each period.
    """
    settled, free = _settling(blocks, started, scheduled, 0), count(size)
    blocks = [piece for block in blocks for piece in _pieces(block, settled, scheduled, free)]
    begun = started | {block.slot for block in blocks if block.slot >= size}  # not computed at t = 0
    plain, changed = (_settling(blocks, begun, scheduled, least) for least in (0, 1))
    keys = {slot: (_rounded_up(changed[slot]), _rounded_up(plain[slot])) for slot in plain}
    loads = [(block.slot, load) for block in blocks for load in block.loads.values()]
    lags = sorted({load.lag for _, load in loads if load.timing == "prev"})
    stored = wanted | {load.slot for _, load in loads if load.timing == "prev"}
    stored |= {load.slot for slot, load in loads if load.timing == "now" and keys[load.slot] != keys[slot]}
    stages = []
    for key, group in groupby(sorted(blocks, key=lambda block: keys[block.slot]), lambda block: keys[block.slot]):
        stages.append(PeriodStage(RowProgram(list(group), lags, stored), until=key[1], until_changed=key[0]))
    return tuple(stages)


def _pieces(block: Block, settled: Mapping[int, float], scheduled: Set[int], free: Iterator[int]) -> Iterator[Block]:
    """Yield rules for what can be computed once in a rule that never settles, and the rule with what is left.

    A rule with branches stays whole, since what fails on the side not taken does not count.
    """
    steps = [step for step in block.body.instructions if isinstance(step, Instruction)]
    if settled[block.slot] < math.inf or len(steps) < len(block.body.instructions):
        yield block
        return
    moving = {
        here for here, load in block.loads.items() if load.timing != "baseline" and settled[load.slot] == math.inf
    }
    moving |= {here for here, place in block.parameters.items() if place in scheduled}
    for step in steps:
        if not moving.isdisjoint(step.args):
            moving.add(step.out)
    makers = {step.out: step for step in steps}
    left = [step for step in steps if step.out in moving]
    known: dict[int, Load] = {}
    for out in {arg: None for step in left for arg in step.args if arg in makers and arg not in moving}:
        known[out] = Load(next(free))
        yield _piece(block, known[out].slot, [step for step in steps if step.out not in moving], out, {})
    yield _piece(block, block.slot, left, block.body.result, known) if known else block


def _piece(block: Block, slot: int, steps: Sequence[Instruction], result: int, known: Mapping[int, Load]) -> Block:
    """Return a rule for one temporary of a block, from those of its operations that it needs and what is known."""
    makers = {step.out: step for step in steps}
    needed = reached([result], lambda here: makers[here].args if here in makers else ())
    return replace(
        block,
        slot=slot,
        loads={here: load for here, load in {**block.loads, **known}.items() if here in needed},
        parameters={here: place for here, place in block.parameters.items() if here in needed},
        constants={here: value for here, value in block.constants.items() if here in needed},
        body=Body(tuple(step for step in steps if step.out in needed), result),
    )


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
