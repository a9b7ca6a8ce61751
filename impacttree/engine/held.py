"""What changes do to the slots of a model in each period, and over the horizon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, Literal

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects
from impacttree.graph.cycles import components
from impacttree.graph.model import Graph
from impacttree.quantity import Intervention
from impacttree.records import dataclass

__all__ = ["NOTHING_HELD", "Held", "PeriodsCounted", "local_effects"]

PeriodsCounted = Callable[[int], range]
"""Which of the first n periods count in what is taken over them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What changes do: which slots, and with what effect in each period (and over the horizon, for n periods)."""

    kinds: Intervened = field(default_factory=dict)
    steady: Effects = field(default_factory=dict)
    """Effects that are the same in every period."""
    paths: Mapping[int, Callable[[int], Any]] = field(default_factory=dict)
    """Effects that differ: what each is in the distinct period at a position."""
    horizons: Mapping[int, Callable[[int], Any]] = field(default_factory=dict)
    """Effects that differ: what each is over the first n periods."""

    @property
    def fixed_slots(self) -> list[int]:
        """The slots whose own rule counts for nothing."""
        return [slot for slot, kind in self.kinds.items() if kind == "fix"]

    def effects(self, position: int) -> Effects:
        if not self.paths:
            return self.steady
        return {**self.steady, **{slot: path(position) for slot, path in self.paths.items()}}

    def over(self, periods: int, slots: Collection[int]) -> Effects:
        """Return what changes do over the first n periods to those of `slots` that are recomputed from others."""
        if not self.horizons:
            return self.steady
        return {**self.steady, **{slot: value(periods) for slot, value in self.horizons.items() if slot in slots}}

    def along(
        self,
        slot: int,
        path: Sequence[Any],
        over: Callable[[int], Any],
        change: Intervention,
        counted: PeriodsCounted,
        apply: Callable[[Intervention, Any], Any] = Intervention.apply,
    ) -> Held:
        """Return a copy that also holds `slot` to a path with a change, whatever its own rule would give.

        Parameters
        ----------
        path
            What the slot shows without the change in each distinct period.
        over
            The same over the first n periods; asked where the slot is recomputed from others.
        counted
            The periods that count in it.
        apply
            Returns what a value becomes by what is done in one period.
        """
        shown = [apply(change.at(t), value) for t, value in enumerate(path, 1)]
        return self.fixed(slot, shown, lambda periods: apply(change.over(counted(periods)), over(periods)))

    def fixed(self, slot: int, path: Sequence[Any], over: Callable[[int], Any]) -> Held:
        """Return a copy that also fixes `slot` to a path, and to its value over the first n periods."""
        kinds: Intervened = {**self.kinds, slot: "fix"}
        return Held(kinds, self.steady, {**self.paths, slot: path.__getitem__}, {**self.horizons, slot: over})


NOTHING_HELD = Held()


def local_effects(
    graph: Graph, given: Mapping[int, Intervention], counted: PeriodsCounted
) -> tuple[Held, tuple[int, ...]]:
    """Return what changes do within a period, and the slots that wrap the path they have on a loop, in order.

    Parameters
    ----------
    counted
        The periods that count in what holds over the first n periods.
    """
    kinds: dict[int, Literal["wrap", "fix"]] = {}
    steady: dict[int, object] = {}
    varying: dict[int, Intervention] = {}
    loops = []
    for slot, change in given.items():
        if change.kind == "wrap" and graph.metrics[slot].on_loop:
            loops.append(slot)
            continue
        kinds[slot] = change.kind
        if change.varies:
            varying[slot] = change
        else:
            steady[slot] = _effect(change)
    if not varying:
        return Held(kinds, steady), _upstream_first(graph, loops)
    paths = {slot: partial(_effect_at, change) for slot, change in varying.items()}
    totals = {slot: partial(_effect_over, change, counted) for slot, change in varying.items()}
    return Held(kinds, steady, paths, totals), _upstream_first(graph, loops)


def _upstream_first(graph: Graph, slots: Sequence[int]) -> tuple[int, ...]:
    """Return slots of different time loops, each after those that can move it, at whatever lag."""
    if len(slots) < 2:
        return tuple(slots)
    inputs = [
        [graph.by_name[ref.source] for ref in metric.references if ref.timing != "baseline"] for metric in graph.metrics
    ]
    rank = {slot: number for number, members in enumerate(components(inputs)) for slot in members}
    return tuple(sorted(slots, key=rank.__getitem__))


def _effect_at(change: Intervention, position: int) -> object:
    return _effect(change.at(position + 1))


def _effect_over(change: Intervention, counted: PeriodsCounted, periods: int) -> object:
    return _effect(change.over(counted(periods)))


def _effect(change: Intervention) -> object:
    return (change.scale, change.shift) if change.kind == "wrap" else change.shift
