"""Turn what a question is given (names, changes, an outcome) into what the engine takes, or say what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from impacttree.answers.result import Provenance
from impacttree.answers.words import Words
from impacttree.engine.model import Model, Run
from impacttree.errors import ChangeError, Problem, QuestionError, nearest, printable
from impacttree.formula import unparse
from impacttree.graph.checks import bounds_of
from impacttree.graph.model import Graph, Metric, UncertainNumber
from impacttree.quantity import Bounds, Change, Intervention, Recipe, Set, parse_change, quantity_of, recipe
from impacttree.spec.address import Address

if TYPE_CHECKING:
    from impacttree.engine.simulation import DrawnChange
    from impacttree.engine.symbolic import Closed

__all__ = ["Asked", "Changes", "Move", "Subject"]

Changes = Mapping[str, str | Change | Sequence[str | Change]]
"""Metric -> what is done to it: ``{"engagement": "+1%", "arpu": ["+2%", "+$1"]}``."""
MOST_PERIODS = 1_200


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

    recipes: Mapping[int, Recipe]
    texts: tuple[tuple[str, str], ...]

    @property
    def interventions(self) -> Mapping[int, Intervention]:
        """What the engine does, by slot, with every change at its stated point."""
        return {slot: recipe.intervention() for slot, recipe in self.recipes.items()}

    def uncertain(self, graph: Graph) -> tuple[UncertainNumber, ...]:
        """Return the numbers of changes that are not known for certain."""
        return tuple(
            UncertainNumber(address, graph.metrics[slot].name, quantity_of(change), _bounds(graph, slot, change), True)
            for slot, recipe in self.recipes.items()
            for change, address in zip(recipe.changes, self._addresses(graph, slot), strict=True)
            if address is not None
        )

    def drawn(self, graph: Graph) -> Mapping[int, Intervention | DrawnChange]:
        """Return what is done in samples: drawn where it is not known for certain."""
        from impacttree.engine.simulation import DrawnChange

        changes: dict[int, Intervention | DrawnChange] = dict(self.interventions)
        for slot, together in self.recipes.items():
            addresses = self._addresses(graph, slot)
            if any(addresses):
                changes[slot] = DrawnChange(together, addresses)
        return changes

    def _addresses(self, graph: Graph, slot: int) -> tuple[str | None, ...]:
        """Return ``engagement.lift`` for an uncertain change, numbered where there are several on one metric."""
        changes, name = self.recipes[slot].changes, graph.metrics[slot].name
        many = len(changes) > 1
        return tuple(
            None if change.spread is None else str(Address(name, key=f"lift{number}" if many else "lift"))
            for number, change in enumerate(changes, 1)
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
    """``+1% Weekly engagement (42.0% -> 42.4%, +0.4pp)``."""


class Subject:
    """A tree as questions see it: the checked graph, its compiled model, its words.

    Parameters
    ----------
    graph
        As `impacttree.graph.build` returns it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.words = Words(graph)

    @cached_property
    def model(self) -> Model:
        return Model(self.graph)

    @cached_property
    def closed(self) -> Closed:
        """The tree's closed forms; loads sympy."""
        from impacttree.engine.symbolic import Closed

        return Closed(self.graph)

    @property
    def horizon(self) -> int:
        return self.graph.spec.horizon_periods

    @cached_property
    def base(self) -> Run:
        """The base case over the horizon."""
        return self.model.run(self.horizon)

    @cached_property
    def fingerprint(self) -> str:
        """A short digest of all that decides the tree's numbers."""
        spec = self.graph.spec
        digest = hashlib.sha256(f"{spec.currency} {spec.period} {self.horizon} {self.graph.outcome}".encode())
        for metric in self.graph.metrics:
            start = unparse(metric.start) if metric.start is not None else ""
            line = f"\n{metric.name}|{metric.unit}|{metric.aggregation}|{unparse(metric.rule)}|{start}"
            digest.update(line.encode())
        digest.update(repr(self.graph.doubts).encode())
        return digest.hexdigest()[:12]

    @cached_property
    def onward(self) -> Mapping[int, tuple[int, ...]]:
        """Metric -> the metrics whose rules read it, at any time but t = 0."""
        targets: dict[int, list[int]] = {}
        for metric in self.graph.metrics:
            for ref in metric.references:
                if ref.timing != "baseline":
                    targets.setdefault(self.graph.by_name[ref.source], []).append(metric.index)
        return {source: tuple(dict.fromkeys(found)) for source, found in targets.items()}

    @cached_property
    def influenced(self) -> tuple[Metric, ...]:
        """Metrics with assumed effects on them."""
        return tuple(metric for metric in self.graph.metrics if metric.influences)

    @cached_property
    def bounded(self) -> tuple[Metric, ...]:
        """Metrics that state bounds."""
        return tuple(metric for metric in self.graph.metrics if metric.spec.bounds is not None)

    @cached_property
    def _upstream(self) -> dict[int, frozenset[int]]:
        return {}

    def upstream(self, outcome: Metric) -> frozenset[int]:
        """Return the metrics that can move `outcome`, itself included."""
        if outcome.index not in self._upstream:
            self._upstream[outcome.index] = self._reached_backwards(outcome)
        return self._upstream[outcome.index]

    def correlated(self, addresses: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Return the groups among these uncertain numbers that are not independent of each other.

        What a question does not rest on takes no part: the others vary together as they do without it.
        """
        groups = (tuple(one for one in group.members if one in addresses) for group in self.graph.correlations)
        return tuple(group for group in groups if len(group) > 1)

    def _reached_backwards(self, outcome: Metric) -> frozenset[int]:
        metrics, positions = self.graph.metrics, self.graph.by_name
        seen, pending = {outcome.name}, [outcome]
        while pending:
            for ref in pending.pop().references:
                if ref.source not in seen and ref.timing != "baseline":
                    seen.add(ref.source)
                    pending.append(metrics[positions[ref.source]])
        return frozenset(positions[name] for name in seen)

    def provenance(
        self, method: str, basis: str = "", samples: int | None = None, seed: int | None = None
    ) -> Provenance:
        return Provenance(method, basis, self.fingerprint, samples, seed)

    def metric(self, name: str) -> Metric:
        """Return the metric called `name`.

        Raises
        ------
        QuestionError
            When there is none; the message names the nearest.
        """
        if not isinstance(name, str) or name not in self.graph.by_name:
            fix = "name a metric of the tree; tree.values() lists them"
            if not isinstance(name, str):
                raise QuestionError(Problem(reason=f"a metric is named by text, not by {type(name).__name__}", fix=fix))
            shown = f"'{printable(name, 80)}'{nearest(name, self.graph.by_name)}"
            raise QuestionError(Problem(reason=f"there is no metric {shown}", fix=fix))
        return self.graph[name]

    def outcome(self, on: str | None = None) -> Metric:
        """Return the metric that a question is about: `on`, else the tree's outcome."""
        if on is None and not self.graph.outcome:
            fix = "pass on='...' or add `outcome:` to the model"
            raise QuestionError(Problem(reason="the tree states no outcome", fix=fix))
        return self.metric(self.graph.outcome if on is None else on)

    def periods(self, count: int | None) -> int:
        """Return how many periods to look ahead: `count`, else the horizon."""
        if count is None:
            return self.horizon
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_PERIODS:
            fix = f"give a whole number from 1 to {MOST_PERIODS:,}"
            raise QuestionError(Problem(reason=f"periods is {printable(repr(count), 40)}", fix=fix))
        return count

    def changes(self, changes: Changes | None) -> Asked:
        """Return what `changes` do.

        Raises
        ------
        ChangeError
            When one is written wrongly, does not fit its metric, or two act on metrics of one time loop.
        """
        if changes is None:
            return Asked({}, ())
        if not isinstance(changes, Mapping):
            raise ChangeError(
                Problem(
                    reason=f"changes are a mapping of metric to change, not {type(changes).__name__}",
                    fix="write {'engagement': '+1%'}",
                )
            )
        found: dict[int, Recipe] = {}
        texts = []
        for name, given in changes.items():
            metric = self.metric(name)
            parsed = self.read(metric, given)
            found[metric.index] = self.resolve(metric, parsed)
            texts.append((name, " then ".join(self.words.change(name, change) for change in parsed)))
        self._one_to_a_loop(found)
        return Asked(found, tuple(texts))

    def read(self, metric: Metric, given: str | Change | Sequence[str | Change]) -> list[Change]:
        """Return the changes on one metric, parsed.

        Raises
        ------
        ChangeError
            When one is written wrongly, or there is none.
        """
        several = given if isinstance(given, list | tuple) else (given,)
        if not several:
            raise ChangeError(Problem(metric=metric.name, reason="no change is given", fix="write e.g. '+1%'"))
        try:
            return [parse_change(change, currency=self.words.currency) for change in several]
        except ChangeError as error:
            raise ChangeError(*(problem.at(metric=metric.name) for problem in error.problems)) from None

    def moves(self, asked: Asked, before: Sequence[float], after: Sequence[float]) -> tuple[Move, ...]:
        """Return where changed metrics went, from values over the horizon."""
        moves = []
        for name, change in asked.texts:
            slot = self.graph.by_name[name]
            moved = self.words.move(name, before[slot], after[slot])
            text = f"{change} {self.words.label(name)} ({moved})"
            moves.append(Move(name, change, before[slot], after[slot], text))
        return tuple(moves)

    def resolve(self, metric: Metric, changes: Sequence[Change]) -> Recipe:
        return recipe(
            changes,
            name=metric.name,
            unit=metric.unit,
            base=self.model.base[metric.index],
            bounds=metric.spec.bounds.low_high() if metric.spec.bounds else None,
        )

    def _one_to_a_loop(self, changes: Mapping[int, Recipe]) -> None:
        loops: dict[int, Metric] = {}
        for slot in changes:
            metric = self.graph.metrics[slot]
            if not metric.on_loop:
                continue
            other = loops.setdefault(metric.loop, metric)
            if other is not metric:
                inputs = self._inputs_of_loop(metric.loop)
                fix = f"change inputs of the loop instead: {', '.join(inputs[:6])}" if inputs else "change only one"
                raise ChangeError(
                    Problem(
                        reason=f"{other.name} and {metric.name} stand in one time loop, so each change would alter "
                        "the path that the other one is applied to",
                        fix=fix,
                    )
                )

    def _inputs_of_loop(self, loop: int) -> list[str]:
        members = [metric for metric in self.graph.metrics if metric.loop == loop and metric.on_loop]
        names = {metric.name for metric in members}
        sources = (ref.source for metric in members for ref in metric.references)
        return list(dict.fromkeys(source for source in sources if source not in names))
