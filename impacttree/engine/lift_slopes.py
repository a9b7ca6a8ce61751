"""A lift on its way from nothing to all of it: the runs, and how fast each metric moves and moves the outcome there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from impacttree.engine.lift_structure import LiftStructure
from impacttree.engine.model import Run
from impacttree.engine.program import Program, Row
from impacttree.engine.quadrature import HORIZON, Node, gauss
from impacttree.engine.tape import Block, Load

__all__ = ["LiftSlopes", "Visit"]

ROUNDING = 1e-15
"""Of a value and of what it is made from: what an evaluation cannot be better than."""
STEP = 1e-30
LARGEST = 1e12
"""A slope beyond it is not one: what is read stands where a slope is infinite."""

Visit = Callable[[int, int, Callable[[Load], float]], None]
"""Called with a position, a slot and a function that tells how fast a load moves."""


class LiftSlopes:
    """One metric lifted in every period, everything else following.

    Parameters
    ----------
    before, after
        The tree without and with the lift, over the horizon.
    slot
        The metric that is lifted.
    outcome
        Whose change is asked about.
    """

    def __init__(self, before: Run, after: Run, slot: int, outcome: int) -> None:
        model = before.model
        model.check_horizon(outcome)
        self.model, self.before, self.slot, self.outcome = model, before, slot, outcome
        self.structure, self.window = LiftStructure(model, slot, outcome), model.window(before.periods)
        self._start = [row[slot] for row in before.rows]
        self._start_horizon = before.horizon()[slot]
        self.delta = [row[slot] - value for row, value in zip(after.rows, self._start, strict=True)]
        """How far the lifted metric moves in each distinct period."""
        self.held = before.held.fixed(slot, self._start, lambda _: self._start_horizon)
        """What is changed in both runs, and the lifted metric, whose own inputs are cut."""
        self.delta_horizon = after.horizon()[slot] - self._start_horizon if model.recomputes(slot) else 0.0

    def at(self, share: float) -> Run:
        """Return the run with `share` of the lift."""
        path = [start + share * delta for start, delta in zip(self._start, self.delta, strict=True)]
        value = self._start_horizon + share * self.delta_horizon
        return self.model.simulate(self.before.periods, self.before.held.fixed(self.slot, path, lambda _: value))

    # -- local derivatives --------------------------------------------------------------------------------------

    def partials(self, run: Run) -> tuple[tuple[Row, ...], Row]:
        """Return the local derivatives, 0 where one is infinite.

        An infinite slope counts only if what it reads moves there; then the piece does not close, and is taken at other
        shares. Where it stays (a square root at zero), the other edges of that metric keep the slopes that they have.
        """
        rows, horizon = self.model.partials(run, self.held)
        for position, row in ((HORIZON, horizon), *enumerate(rows)):
            if not math.isfinite(sum(row)):
                self._correct(run, position, row)
        return rows, horizon

    def _correct(self, run: Run, position: int, slopes: Row) -> None:
        model = self.model
        program = model.recomputed if position == HORIZON else model.step
        for edge, (slot, load) in enumerate(program.edges):
            if not math.isfinite(slopes[edge]):
                slopes[edge] = self._slope_beside(run, position, slot, load)

    def _slope_beside(self, run: Run, position: int, slot: int, load: Load) -> float:
        """Return one local derivative by complex step, which an infinite slope by another input leaves as it is."""
        model, is_total = self.model, position == HORIZON
        row: list[Any] = list(run.horizon() if is_total else run.rows[position])
        past: list[list[Any]] = [] if is_total else [list(values) for values in run.past(position)]
        base = model.horizon_base(run.periods) if is_total else model.base
        if load.timing == "now":
            row[load.slot] += STEP * 1j
        else:
            past[model.lags.index(load.lag)][load.slot] += STEP * 1j
        before = row[slot].real
        (function,) = self._alone(model.blocks[slot], is_total).values({}, "complex")
        try:
            function(row, base, model.numbers(position + 1), past, {})
        except (ArithmeticError, ValueError):
            return 0.0
        slope = row[slot].imag / STEP
        moved = abs(row[slot].real - before) > ROUNDING * abs(before)
        return slope if math.isfinite(slope) and abs(slope) < LARGEST and not moved else 0.0

    def _alone(self, block: Block, is_total: bool) -> Program:
        key = (block.slot, is_total)
        if key not in self._programs:
            self._programs[key] = Program([block], () if is_total else self.model.lags)
        return self._programs[key]

    @cached_property
    def _programs(self) -> dict[tuple[int, bool], Program]:
        return {}

    # -- tangent and adjoint ------------------------------------------------------------------------------------

    def tangent(self, node: Node, visit: Visit | None = None) -> tuple[list[Row], Row]:
        """Return how fast each slot moves in every period and over the horizon, per unit of s.

        `visit` is called before each slot is moved, and may change the node; else what a node gives is kept with it.
        """
        if visit is None and node in self._known:
            return self._known[node]
        inward, order = self.structure.inward(0), self.structure.order(0)
        rows = [[0.0] * self.model.size for _ in node.partials]
        for position, partials in enumerate(node.partials):
            row = rows[position]
            row[self.slot] = self.delta[position]

            def moving(load: Load, here: int = position) -> float:
                past = here - load.lag
                return rows[past][load.slot] if past >= 0 else 0.0

            for slot in order:
                if visit:
                    visit(position, slot, moving)
                total = 0.0
                for edge, load in inward[slot]:
                    past = position - load.lag
                    if past >= 0:
                        total += partials[edge] * rows[past][load.slot]
                row[slot] = total
        found = rows, self._over_horizon(node, rows, visit)
        if visit is None:
            self._known[node] = found
        return found

    @cached_property
    def _known(self) -> WeakKeyDictionary[Node, tuple[list[Row], Row]]:
        return WeakKeyDictionary()

    def _over_horizon(self, node: Node, rows: Sequence[Row], visit: Visit | None) -> Row:
        horizon = self.totals(rows)
        if self.model.recomputes(self.slot):
            horizon[self.slot] = self.delta_horizon
        inward = self.structure.inward(HORIZON)
        for slot in self.structure.order(HORIZON):
            if visit:
                visit(HORIZON, slot, lambda load: horizon[load.slot])
            horizon[slot] = sum(node.horizon[edge] * horizon[load.slot] for edge, load in inward[slot])
        return horizon

    def totals(self, rows: Sequence[Row]) -> Row:
        """Return the horizon's moves of the touched slots that are taken over the periods."""
        horizon = [0.0] * self.model.size
        for slot in self.structure.touched:
            horizon[slot] = self.model.tangent(slot, [row[slot] for row in rows], self.window)
        return horizon

    def adjoint(self, node: Node) -> tuple[list[Row], Row]:
        """Return the derivative of the outcome with respect to each touched slot, by period and over the horizon."""
        structure = self.structure
        horizon = [0.0] * self.model.size
        horizon[self.outcome] = 1.0
        recomputed, inward = structure.inward(HORIZON), structure.inward(0)
        for slot in reversed(structure.order(HORIZON)):
            for edge, load in recomputed[slot]:
                horizon[load.slot] += node.horizon[edge] * horizon[slot]
        rows = self.model.seeds(self.window, horizon)
        for position in range(len(rows) - 1, -1, -1):
            row, partials = rows[position], node.partials[position]
            for slot in reversed(structure.order(0)):
                if row[slot]:
                    for edge, load in inward[slot]:
                        past = position - load.lag
                        if past >= 0:
                            rows[past][load.slot] += partials[edge] * row[slot]
        return rows, horizon

    # -- rounding -----------------------------------------------------------------------------------------------

    @cached_property
    def rounding(self) -> Mapping[int, Row]:
        """How far rounding may move the difference of two evaluations, to first order: by position and slot.

        It is taken inside the lift, because a slope may be infinite at its ends.
        """
        total = {position: [0.0] * self.model.size for position in (HORIZON, *range(len(self.before.rows)))}
        for run in (self.at(share) for share, _ in gauss(2)):
            rows, horizon = self._rounding_at(run)
            for position, row in ((HORIZON, horizon), *enumerate(rows)):
                total[position] = [a + b for a, b in zip(total[position], row, strict=True)]
        return total

    def _rounding_at(self, run: Run) -> tuple[list[Row], Row]:
        partials, horizon_partials = self.partials(run)
        inward, recomputed = self.structure.inward(0), self.structure.inward(HORIZON)
        rows = [[ROUNDING * abs(value) for value in row] for row in run.rows]
        initial = [ROUNDING * abs(value) for value in run.initial]
        for position, row in enumerate(rows):
            for slot in self.structure.order(0):
                for edge, load in inward[slot]:
                    past = position - load.lag
                    source = rows[past] if past >= 0 else initial
                    row[slot] += abs(partials[position][edge]) * source[load.slot]
        horizon = [moved + ROUNDING * abs(value) for moved, value in zip(self.totals(rows), run.horizon(), strict=True)]
        for slot in self.structure.order(HORIZON):
            horizon[slot] += sum(abs(horizon_partials[edge]) * horizon[load.slot] for edge, load in recomputed[slot])
        return rows, horizon
