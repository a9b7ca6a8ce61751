"""Which few values show that many parameters are finite, so that not each of their arrays has to be looked through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from impacttree.engine.tape import Block, Instruction
from impacttree.graph.reach import reached

__all__ = ["witnesses"]

_TELLING: Mapping[str, int] = {"neg": 1, "add": 2, "sub": 2, "mul": 2, "div": 1}
"""Operations whose result is not finite where one of so many first operands is not."""


def witnesses(blocks: Sequence[Block], parameters: Set[int]) -> tuple[tuple[int, ...], frozenset[int]]:
    """Return slots that are finite only where parameters are, so that looking at them will do, and these parameters.

    A sum, a difference or a product is not finite where an operand is not, nor a quotient where its numerator is not;
    of other operations nothing is said. A slot is named where it tells of two parameters or more.

    Parameters
    ----------
    blocks
        In order of evaluation, within one period that reads no other.
    parameters
        Those that matter, by position.
    """
    sure = {block.slot: _sure(block) for block in blocks}
    seen: set[int] = set()
    named: list[int] = []
    shown: set[int] = set()
    for block in reversed(blocks):
        if block.slot in seen:
            continue
        slots = reached([block.slot], lambda slot: sure[slot][0] if slot in sure else (), around=seen)
        told = parameters & {place for slot in slots if slot in sure for place in sure[slot][1]}
        seen |= slots
        if len(told - shown) > 1:
            named.append(block.slot)
            shown |= told
    return tuple(named), frozenset(shown)


def _sure(block: Block) -> tuple[list[int], list[int]]:
    """Return the slots and the parameters that are finite where the result of a block is."""
    finite_too = {block.body.result}
    for step in reversed(block.body.instructions):
        if isinstance(step, Instruction) and step.out in finite_too and step.operation in _TELLING:
            finite_too.update(step.args[: _TELLING[step.operation]])
    loads = [load.slot for here, load in block.loads.items() if here in finite_too and load.timing != "baseline"]
    return loads, [place for here, place in block.parameters.items() if here in finite_too]
