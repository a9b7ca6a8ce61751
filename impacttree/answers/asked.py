"""What a question changes, as it was understood, and where that moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from impacttree.graph.checks import bounds_of
from impacttree.graph.model import Graph, UncertainNumber
from impacttree.quantity import Bounds, Change, Intervention, Recipe, Set, Weights, quantity_of
from impacttree.records import dataclass
from impacttree.spec.address import Address

if TYPE_CHECKING:
    from impacttree.engine.simulation import DrawnChange

__all__ = ["NOTHING", "Asked", "Basis", "Changes", "Move"]

Basis = Literal["horizon", "run_rate", "pv"]
"""How amounts are taken over the horizon: added up as they come, the last period annualised, or discounted to today."""

Changes = Mapping[str, str | Change | Sequence[str | Change]]
"""Metric -> what is done to it: ``{"engagement": "+1%", "arpu": ["+2%", "+$1"]}``."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Changes as they were understood.

    Parameters
    ----------
    recipes
        What the changes do together, by slot.
    texts
        The changes as they are printed, by metric.
    """

    recipes: tuple[tuple[int, Recipe], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def slots(self) -> tuple[int, ...]:
        """The metrics that are changed."""
        return tuple(slot for slot, _ in self.recipes)

    @property
    def in_full(self) -> bool:
        """Whether a change has no range of its own, so that answers take it to be achieved in full."""
        return any(change.spread is None for _, recipe in self.recipes for change in recipe.changes)

    @property
    def weights(self) -> tuple[Weights | None, ...]:
        """How much of each change is in force in each period; nothing where all are in force in every period."""
        if not any(recipe.varies for _, recipe in self.recipes):
            return ()
        return tuple(one for _, recipe in self.recipes for one in recipe.weights or (None,) * len(recipe.changes))

    @property
    def interventions(self) -> Mapping[int, Intervention]:
        """What the engine does, by slot, with every change at its stated point."""
        return {slot: recipe.intervention() for slot, recipe in self.recipes}

    def uncertain(self, graph: Graph) -> tuple[UncertainNumber, ...]:
        """Return the numbers of changes that are not known for certain."""
        return tuple(
            UncertainNumber(address, graph.metrics[slot].name, quantity_of(change), _bounds(graph, slot, change), True)
            for slot, recipe in self.recipes
            for change, address in zip(recipe.changes, _addresses(graph, slot, recipe), strict=True)
            if address is not None
        )

    def uncertain_changes(self, graph: Graph) -> Mapping[str, Change]:
        """Return the changes that are not known for certain, by the address of their number."""
        return {
            address: change
            for slot, recipe in self.recipes
            for change, address in zip(recipe.changes, _addresses(graph, slot, recipe), strict=True)
            if address is not None
        }

    def drawn(self, graph: Graph) -> Mapping[int, Intervention | DrawnChange]:
        """Return what is done in samples: drawn where it is not known for certain."""
        from impacttree.engine.simulation import DrawnChange

        changes: dict[int, Intervention | DrawnChange] = dict(self.interventions)
        for slot, recipe in self.recipes:
            addresses = _addresses(graph, slot, recipe)
            if any(addresses):
                changes[slot] = DrawnChange(recipe, addresses)
        return changes


NOTHING = Asked()


def _addresses(graph: Graph, slot: int, recipe: Recipe) -> tuple[str | None, ...]:
    """Return ``engagement.lift`` for an uncertain change, ``engagement.lift2`` for the second one on a metric.

    So a change keeps its address, and with it its draws, when another one comes after it.
    """
    name = graph.metrics[slot].name
    return tuple(
        None if change.spread is None else str(Address(name, key=f"lift{number if number > 1 else ''}"))
        for number, change in enumerate(recipe.changes, 1)
    )


def _bounds(graph: Graph, slot: int, change: Change) -> Bounds | None:
    """Return what bounds the number of a change: a value that is set lies where the metric does."""
    return bounds_of(graph.metrics[slot].spec) if isinstance(change, Set) else None


@dataclass(frozen=True, slots=True)
class Move:
    """What was done to one metric, and where it went."""

    metric: str
    change: str
    """As it is printed: ``+1%``, ``+$3k/month``."""
    before: float
    after: float
    """Over the horizon, by the metric's aggregation rule."""
    text: str
    """``+1% Weekly engagement (42.0% -> 42.42%, +0.42pp)``."""
