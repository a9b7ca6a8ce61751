"""Split a finite lift over edges and paths, exactly.

Along the lift, from nothing (s = 0) to all of it (s = 1), each edge carries a local flow: what moves its source, times
the local derivative along it, times the adjoint of its target. The amount carried is the integral over s (the
Aumann-Shapley or integrated-gradients split; flows are conserved at every metric in every period, so they add up over
any cut). The integral is taken by Gauss-Legendre quadrature between the places where a branch switches.

At a switch that jumps (``if``), the lump goes through the edges of the condition; see `jumps`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from impacttree.engine.jumps import Jump
from impacttree.engine.model import Held, Model, Run
from impacttree.engine.program import Row
from impacttree.engine.quadrature import HORIZON, Node, gauss, values_at
from impacttree.engine.tape import Load
from impacttree.graph.reach import reached
from impacttree.quantity import Intervention

__all__ = ["EdgeFlow", "Lift", "Switch"]

Decisions = dict[tuple[int, int, int], bool]
"""(position, slot, select) -> side taken."""

TOLERANCE = 1e-11
"""Of the sum of absolute flows of a piece; a piece that does not close so far is refined."""
ROUNDING = 1e-15
"""Of a value and of what it is made from: what an evaluation cannot be better than."""
MOST_SWITCHES = 200
MOST_NODES = 3_000
"""Evaluated for one lift; what is left then is taken as it is."""
NARROWEST = 2.0**-40
"""Share of a lift that is not cut further: something there has no slope."""


@dataclass(frozen=True, slots=True)
class EdgeFlow:
    """What one metric passes to another: `lag` 0 within a period, else the periods it takes."""

    source: int
    target: int
    lag: int
    amount: float


@dataclass(frozen=True, slots=True)
class Switch:
    """A branch that changes sides along the lift."""

    slot: int
    select: int
    position: int
    at: float
    """Share of the lift at which it happens."""
    jump: float
    """Change of the outcome there; 0 at a kink."""


class Lift:
    """One metric lifted in every period, everything else following.

    Parameters
    ----------
    model
        The compiled tree.
    slot
        The metric that is lifted.
    intervention
        What is done to it.
    periods
        The horizon.
    """

    def __init__(self, model: Model, slot: int, intervention: Intervention, outcome: int, periods: int) -> None:
        self.model, self.slot, self.outcome, self.periods = model, slot, outcome, periods
        self.before = model.run(periods)
        self.start = [row[slot] for row in self.before.rows]
        self.delta = [intervention.apply(value) - value for value in self.start]
        self.start_horizon = self.before.horizon()[slot]
        recomputed = model.aggregations[slot] == "recompute"
        self.delta_horizon = intervention.apply(self.start_horizon) - self.start_horizon if recomputed else 0.0
        self.after = self.at(1.0)
        self.total = self._outcome(self.after) - self._outcome(self.before)

    def at(self, share: float) -> Run:
        """Return the run with `share` of the lift."""
        return self.model.simulate(self.periods, self._held(share))

    def _held(self, share: float) -> Held:
        path = [start + share * delta for start, delta in zip(self.start, self.delta, strict=True)]
        value = self.start_horizon + share * self.delta_horizon
        return Held({self.slot: "fix"}, {}, {self.slot: path}, {self.slot: lambda _: value})

    def _outcome(self, run: Run) -> float:
        return run.horizon()[self.outcome]

    # -- structure ----------------------------------------------------------------------------------------------

    @cached_property
    def edges(self) -> tuple[tuple[int, Load], ...]:
        """Each (slot, load) of a step, the lifted slot's own inputs being cut."""
        return self.model.step.edges

    @cached_property
    def horizon_edges(self) -> tuple[tuple[int, Load], ...]:
        return self.model.recomputed.edges

    @cached_property
    def inward(self) -> Mapping[int, tuple[tuple[int, Load], ...]]:
        """Slot -> (edge, load) that move it; none for the lifted one."""
        return self._inward(self.edges)

    @cached_property
    def horizon_inward(self) -> Mapping[int, tuple[tuple[int, Load], ...]]:
        return self._inward(self.horizon_edges)

    def _inward(self, edges: Sequence[tuple[int, Load]]) -> Mapping[int, tuple[tuple[int, Load], ...]]:
        grouped: dict[int, list[tuple[int, Load]]] = {}
        for number, (slot, load) in enumerate(edges):
            if slot != self.slot and slot in self.touched and load.slot in self.touched:
                grouped.setdefault(slot, []).append((number, load))
        return {slot: tuple(loads) for slot, loads in grouped.items()}

    @cached_property
    def touched(self) -> frozenset[int]:
        """Slots that the lift can move and that can move the outcome: all that flows pass through."""
        ahead: dict[int, set[int]] = {}
        behind: dict[int, set[int]] = {}
        for slot, load in (*self.edges, *self.horizon_edges):
            if slot != self.slot:
                ahead.setdefault(load.slot, set()).add(slot)
                behind.setdefault(slot, set()).add(load.slot)
        after = reached([self.slot], lambda slot: ahead.get(slot, set()))
        before = reached([self.outcome], lambda slot: behind.get(slot, set()))
        return after & before

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Slots of a step in order of evaluation, as far as they are touched."""
        return tuple(block.slot for block in self.model.step.blocks if block.slot in self.inward)

    @cached_property
    def horizon_order(self) -> tuple[int, ...]:
        return tuple(block.slot for block in self.model.recomputed.blocks if block.slot in self.horizon_inward)

    # -- quadrature ---------------------------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Quadrature nodes whose flows sum to the total."""
        return self._integrated[0]

    @cached_property
    def switches(self) -> tuple[Switch, ...]:
        """Branches that change sides along the lift, in order."""
        return self._integrated[1]

    @cached_property
    def _integrated(self) -> tuple[tuple[Node, ...], tuple[Switch, ...]]:
        nodes: list[Node] = []
        switches: list[Switch] = []
        pending: list[tuple[float, float, int]] = [(0.0, 1.0, 4)]
        spent = 0
        while pending:
            low, high, count = pending.pop()
            found = self._first_switch(low, high, count) if len(switches) < MOST_SWITCHES else None
            if found:
                left, right = found
                switches += self._switched(left, right, nodes)
                pending += [(right, high, count)] if right < high else []
                high = left
                if high <= low:
                    continue
            piece = [self._node(low + (high - low) * x, (high - low) * w) for x, w in gauss(count)]
            spent += count
            given_up = spent > MOST_NODES or high - low < NARROWEST
            if given_up or self._closes(piece, self.at(low), self.at(high)):
                nodes += piece
            elif count < 64:
                pending.append((low, high, count * 2))
            else:
                middle = (low + high) / 2
                pending += [(middle, high, 16), (low, middle, 16)]
        return tuple(nodes), tuple(sorted(switches, key=lambda switch: switch.at))

    def _closes(self, piece: Sequence[Node], low: Run, high: Run) -> bool:
        """Whether the nodes account for the change of every touched slot between two shares of the lift.

        Of the outcome alone it would not do: flows that cancel there may each be far off.
        """
        moves = [self.tangent(node) for node in piece]
        weights = [node.weight for node in piece]
        for position in (HORIZON, *reversed(range(len(low.rows)))):
            rows = [horizon if position == HORIZON else rows[position] for rows, horizon in moves]
            before, after, rounding = values_at(low, position), values_at(high, position), self.rounding[position]
            for slot in self.horizon_order if position == HORIZON else self.order:
                carried = [weight * row[slot] for weight, row in zip(weights, rows, strict=True)]
                missing = abs(math.fsum(carried) - (after[slot] - before[slot]))
                if missing > rounding[slot] + TOLERANCE * math.fsum(map(abs, carried)):
                    return False
        return True

    @cached_property
    def rounding(self) -> Mapping[int, Row]:
        """How far rounding may move the difference of two evaluations, to first order: by position and slot.

        It is taken inside the lift, because a slope may be infinite at its ends.
        """
        total = {position: [0.0] * self.model.size for position in (HORIZON, *range(len(self.before.rows)))}
        for run in (self.at(share) for share, _ in gauss(2)):
            partials, horizon_partials = self.partials(run)
            rows = [[ROUNDING * abs(value) for value in row] for row in run.rows]
            initial = [ROUNDING * abs(value) for value in run.initial]
            for position, row in enumerate(rows):
                for slot in self.order:
                    for edge, load in self.inward[slot]:
                        past = position - load.lag
                        source = rows[past] if past >= 0 else initial
                        row[slot] += abs(partials[position][edge]) * source[load.slot]
            values = run.horizon()
            horizon = [h + ROUNDING * abs(value) for h, value in zip(self.aggregate(rows), values, strict=True)]
            for slot in self.horizon_order:
                horizon[slot] += sum(
                    abs(horizon_partials[edge]) * horizon[load.slot] for edge, load in self.horizon_inward[slot]
                )
            for position, row in ((HORIZON, horizon), *enumerate(rows)):
                total[position] = [a + b for a, b in zip(total[position], row, strict=True)]
        return total

    def _carried(self, node: Node) -> float:
        return node.weight * self.tangent(node)[1][self.outcome]

    def _node(self, share: float, weight: float) -> Node:
        return Node(weight, *self.partials(self.at(share)))

    def partials(self, run: Run) -> tuple[tuple[Row, ...], Row]:
        """Return the local derivatives; 0 where one is infinite, as that of a square root that stays at zero.

        It counts only if what it reads moves there; then the piece does not close, and is taken at other shares.
        """
        rows, horizon = self.model.partials(run)
        for row in (*rows, horizon):
            if not math.isfinite(sum(row)):
                row[:] = [slope if math.isfinite(slope) else 0.0 for slope in row]
        return rows, horizon

    # -- switches -----------------------------------------------------------------------------------------------

    def _decisions(self, share: float) -> Decisions:
        run, model = self.at(share), self.model
        decisions: Decisions = {}
        for position, row in enumerate(run.rows):
            taken: dict[tuple[int, int], bool] = {}
            model.step.branches(row, model.base, model.parameters, run.past(position), taken)
            decisions |= {(position, slot, select): side for (slot, select), side in taken.items()}
        taken = {}
        model.recomputed.branches(run.horizon(), model.horizon_base(run.periods), model.parameters, (), taken)
        decisions |= {(HORIZON, slot, select): side for (slot, select), side in taken.items()}
        return {key: side for key, side in decisions.items() if key[1] in self.touched and key[1] != self.slot}

    @cached_property
    def _branching(self) -> bool:
        blocks = (*self.model.step.blocks, *self.model.recomputed.blocks)
        return any(block.selects for block in blocks if block.slot in self.touched)

    def _first_switch(self, low: float, high: float, count: int) -> tuple[float, float] | None:
        """Return the last share before and the first after the lowest switch within, or None."""
        if not self._branching or high <= low:
            return None
        points = [low, *(low + (high - low) * x for x, _ in gauss(max(count, 16))), high]
        start = self._decisions(low)
        for left, right in pairwise(points):
            if self._decisions(right) != start:
                return self._bisect(left, right, start)
        return None

    def _bisect(self, left: float, right: float, start: Decisions) -> tuple[float, float]:
        while True:
            middle = (left + right) / 2
            if not left < middle < right:
                return left, right
            if self._decisions(middle) == start:
                left = middle
            else:
                right = middle

    def _switched(self, left: float, right: float, nodes: list[Node]) -> list[Switch]:
        """Return what switches between two neighbouring shares; a jump adds its quadrature nodes."""
        before, after = self._decisions(left), self._decisions(right)
        changed = sorted({key for key in before if key in after and before[key] != after[key]})
        below, above = self.at(left), self.at(right)
        jump = Jump(self, below, above, changed)
        share = 0.0
        if jump.jumps:
            nodes += jump.nodes()
            share = (self._outcome(above) - self._outcome(below)) / len(changed)
        return [Switch(slot, select, position, right, share) for position, slot, select in changed]

    # -- flows --------------------------------------------------------------------------------------------------

    def tangent(
        self, node: Node, visit: Callable[[int, int, Callable[[Load], float]], None] | None = None
    ) -> tuple[list[Row], Row]:
        """Return how fast each slot moves in every period and over the horizon, per unit of s.

        `visit` is called before each slot is moved, with a function that tells how fast a load moves.
        """
        model = self.model
        rows = [[0.0] * model.size for _ in node.partials]
        for position, partials in enumerate(node.partials):
            row = rows[position]
            row[self.slot] = self.delta[position]

            def moving(load: Load, here: int = position) -> float:
                past = here - load.lag
                return rows[past][load.slot] if past >= 0 else 0.0

            for slot in self.order:
                if visit:
                    visit(position, slot, moving)
                total = 0.0
                for edge, load in self.inward[slot]:
                    past = position - load.lag
                    if past >= 0:
                        total += partials[edge] * rows[past][load.slot]
                row[slot] = total
        horizon = self.aggregate(rows)
        if model.aggregations[self.slot] == "recompute":
            horizon[self.slot] = self.delta_horizon
        for slot in self.horizon_order:
            if visit:
                visit(HORIZON, slot, lambda load: horizon[load.slot])
            horizon[slot] = sum(node.horizon[edge] * horizon[load.slot] for edge, load in self.horizon_inward[slot])
        return rows, horizon

    def aggregate(self, rows: Sequence[Row]) -> Row:
        """Return the horizon's moves of the touched slots that are aggregated over periods."""
        horizon = [0.0] * self.model.size
        for slot in self.touched:
            horizon[slot] = self.model.aggregate(slot, [row[slot] for row in rows], self.before.repeats)
        return horizon

    def adjoint(self, node: Node) -> tuple[list[Row], Row]:
        """Return the derivative of the outcome with respect to each touched slot, by period and over the horizon."""
        model = self.model
        horizon = [0.0] * model.size
        horizon[self.outcome] = 1.0
        for slot in reversed(self.horizon_order):
            for edge, load in self.horizon_inward[slot]:
                horizon[load.slot] += node.horizon[edge] * horizon[slot]
        rows = model.seeds(self.before, horizon)
        for position in range(len(rows) - 1, -1, -1):
            row, partials = rows[position], node.partials[position]
            for slot in reversed(self.order):
                if row[slot]:
                    for edge, load in self.inward[slot]:
                        past = position - load.lag
                        if past >= 0:
                            rows[past][load.slot] += partials[edge] * row[slot]
        return rows, horizon

    @cached_property
    def flows(self) -> tuple[EdgeFlow, ...]:
        """The amount that each edge between two metrics carries; a running total belongs to its metric."""
        return self._flows(self.nodes)

    @cached_property
    def gross(self) -> tuple[EdgeFlow, ...]:
        """What each edge would carry if nothing cancelled: all local derivatives taken by their size.

        A metric whose paths cancel passes on nothing in sum, but it has paths.
        """
        return self._flows([Node(abs(n.weight), tuple(map(_sizes, n.partials)), _sizes(n.horizon)) for n in self.nodes])

    def _flows(self, nodes: Sequence[Node]) -> tuple[EdgeFlow, ...]:
        amounts: dict[tuple[int, int, int], list[float]] = {}
        owners = self.model.owners
        for node in nodes:
            moves, horizon_moves = self.tangent(node)
            adjoints, horizon_adjoints = self.adjoint(node)
            for slot in self.order:
                for edge, load in self.inward[slot]:
                    carried = math.fsum(
                        adjoints[position][slot] * node.partials[position][edge] * moves[position - load.lag][load.slot]
                        for position in range(load.lag, len(moves))
                    )
                    key = (owners[load.slot], owners[slot], load.lag)
                    amounts.setdefault(key, []).append(node.weight * carried)
            for slot in self.horizon_order:
                for edge, load in self.horizon_inward[slot]:
                    carried = horizon_adjoints[slot] * node.horizon[edge] * horizon_moves[load.slot]
                    amounts.setdefault((owners[load.slot], owners[slot], 0), []).append(node.weight * carried)
        return tuple(EdgeFlow(*key, math.fsum(parts)) for key, parts in amounts.items() if key[0] != key[1])

    @property
    def allowance(self) -> float:
        """What parts that add up to the total may miss: a billionth of the flows, and rounding."""
        carried = math.fsum(abs(flow.amount) for flow in self.flows)
        return 1e-9 * max(abs(self.total), carried) + self.noise

    @property
    def noise(self) -> float:
        """How far rounding alone may move the outcome."""
        return self.rounding[HORIZON][self.outcome]

    @cached_property
    def closure(self) -> float:
        """The part of the total that the nodes do not account for: rounding."""
        return self.total - math.fsum(self._carried(node) for node in self.nodes)


def _sizes(row: Row) -> Row:
    return [abs(value) for value in row]
