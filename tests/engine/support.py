"""What the engine's tests share: a sketch compiled, and what its changes do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from impacttree import ImpactTree, loads
from impacttree.engine.flows import Lift
from impacttree.engine.model import Model, Run
from impacttree.quantity import Intervention
from tests.oracles.unrolled import Oracle, World, oracle_of
from tests.strategies import Change, Sketch, trees

ANY_TREE = st.one_of(trees(), trees(kinks=True), trees(kinks=True, jumps=True), trees(linear=True))
SMOOTH_TREE = st.one_of(trees(stepped=False), trees(stepped=True))


class Compiled:
    """A sketch that went through the real loader, and its oracle."""

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch
        self.tree: ImpactTree = sketch.tree()
        self.model: Model = self.tree._subject.model
        self.horizon = sketch.horizon
        self.outcome = self.slot(sketch.outcome)

    @property
    def oracle(self) -> Oracle:
        return oracle_of(self.sketch, self.tree)

    def slot(self, name: str) -> int:
        return self.tree._graph[name].index

    def interventions(self, changes: Mapping[str, Change]) -> dict[int, Intervention]:
        """Return what `changes` do, by slot; two in one time loop are not answered."""
        loops = [self.tree._graph[name].loop for name in changes if self.tree._graph[name].on_loop]
        assume(len(loops) == len(set(loops)))
        return {self.slot(name): Intervention(*change) for name, change in changes.items()}


def model_of(text: str) -> Model:
    """Return the compiled model of a file."""
    return loads(text)._subject.model


def is_close(found: float, exact: Any, size: Any, tolerance: float) -> bool:
    """Whether a number agrees with the exact one to a share of `size`, or to the smallest normal number."""
    return abs(found - exact) <= tolerance * size + 1e-300


def assert_values(compiled: Compiled, run: Run, world: World, tolerance: float) -> None:
    """Hold every value of a run, at t = 0, in each period and over the horizon, to that of the oracle."""
    totals, times = run.horizon(), range(compiled.horizon + 1)
    for name in compiled.sketch.metrics:
        slot = compiled.slot(name)
        found = [run.at(t)[slot] for t in times] + [totals[slot]]
        exact = [world.value(name, t) for t in times] + [world.over(name)]
        for value, expected in zip(found, exact, strict=True):
            assert is_close(value, expected, max(1, abs(expected)), tolerance), name


def lifted(text: str, metric: str, intervention: Intervention, on: str = "y") -> Lift:
    tree = loads(text)
    model = tree._subject.model
    return lift_of(model, tree._graph[metric].index, intervention, tree._graph[on].index, tree.spec.horizon_periods)


def lift_of(model: Model, slot: int, intervention: Intervention, outcome: int, periods: int) -> Lift:
    return Lift(model.run(periods), model.run(periods, {slot: intervention}), slot, outcome)


def named(lift: Lift) -> dict[tuple[str, str], float]:
    metrics = lift.model.graph.metrics
    amounts: dict[tuple[str, str], float] = {}
    for flow in lift.flows:
        key = (metrics[flow.source].name, metrics[flow.target].name)
        amounts[key] = amounts.get(key, 0.0) + flow.amount
    return amounts
