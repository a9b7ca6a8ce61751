"""What a lift can move on the way to its outcome, period by period and over the horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from impacttree.engine.model import Model
from impacttree.engine.quadrature import HORIZON
from impacttree.engine.tape import Load
from impacttree.graph.reach import reached

__all__ = ["Inward", "LiftStructure"]

Inward = Mapping[int, tuple[tuple[int, Load], ...]]
"""Slot -> (number of the edge, what it loads) of all that move it."""


class LiftStructure:
    """The edges between a lifted metric and an outcome.

    A `position` is that of a distinct period, or `HORIZON` for the values that are recomputed from other totals.

    Parameters
    ----------
    model
        The compiled tree.
    slot, outcome
        The metric that is lifted, whose own inputs are cut, and the one that is asked about.
    """

    def __init__(self, model: Model, slot: int, outcome: int) -> None:
        self.model, self.slot, self.outcome = model, slot, outcome

    @cached_property
    def touched(self) -> frozenset[int]:
        """Slots that the lift can move and that can move the outcome: all that flows pass through."""
        ahead: dict[int, set[int]] = {}
        behind: dict[int, set[int]] = {}
        for slot, load in (*self.model.step.edges, *self.model.recomputed.edges):
            if slot != self.slot:
                ahead.setdefault(load.slot, set()).add(slot)
                behind.setdefault(slot, set()).add(load.slot)
        after = reached([self.slot], lambda slot: ahead.get(slot, set()))
        before = reached([self.outcome], lambda slot: behind.get(slot, set()))
        return after & before

    def inward(self, position: int) -> Inward:
        """Return what moves each touched slot, the lifted one apart."""
        return self._recomputed if position == HORIZON else self._step

    def order(self, position: int) -> tuple[int, ...]:
        """Return the slots that are moved, in order of evaluation."""
        return self._orders[position == HORIZON]

    @cached_property
    def _step(self) -> Inward:
        return self._grouped(self.model.step.edges)

    @cached_property
    def _recomputed(self) -> Inward:
        return self._grouped(self.model.recomputed.edges)

    @cached_property
    def _orders(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        step, recomputed = self.model.step.blocks, self.model.recomputed.blocks
        return (
            tuple(block.slot for block in step if block.slot in self._step),
            tuple(block.slot for block in recomputed if block.slot in self._recomputed),
        )

    def _grouped(self, edges: Sequence[tuple[int, Load]]) -> Inward:
        grouped: dict[int, list[tuple[int, Load]]] = {}
        for number, (slot, load) in enumerate(edges):
            if slot != self.slot and slot in self.touched and load.slot in self.touched:
                grouped.setdefault(slot, []).append((number, load))
        return {slot: tuple(loads) for slot, loads in grouped.items()}

    @cached_property
    def branching(self) -> bool:
        """Whether anything on the way can switch."""
        blocks = (*self.model.step.blocks, *self.model.recomputed.blocks)
        return any(block.branches for block in blocks if block.slot in self.touched)
