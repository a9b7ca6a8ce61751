"""Split a finite lift over edges and paths, exactly.

Along the lift, from nothing (s = 0) to all of it (s = 1), each edge carries a local flow: what moves its source, times
the local derivative along it, times the adjoint of its target. The amount carried is the integral over s (the
Aumann-Shapley or integrated-gradients split; flows are conserved at every metric in every period, so they add up over
any cut). The integral is taken by Gauss-Legendre quadrature between the places where a branch switches.

At a switch that jumps (``if``), the lump goes through the edges of the condition; see `jumps`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from impacttree.engine.jumps import BranchKey, Jump
from impacttree.engine.lift_slopes import LiftSlopes
from impacttree.engine.model import Run
from impacttree.engine.program import Row
from impacttree.engine.quadrature import HORIZON, Node, gauss, values_at
from impacttree.records import dataclass

__all__ = ["EdgeFlow", "Lift", "Switch"]

Decisions = dict[BranchKey, float]
"""Side taken at each branch, or the step stood on."""

TOLERANCE = 1e-11
"""Of the sum of absolute flows of a piece; a piece that does not close so far is refined."""
MOST_SWITCHES = 200
MOST_NODES = 3_000
"""Evaluated for one lift; what is left then is taken in one piece."""
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
    before, after
        The tree without and with the lift, over the horizon.
    slot
        The metric that is lifted.
    outcome
        Whose change is split.
    """

    def __init__(self, before: Run, after: Run, slot: int, outcome: int) -> None:
        self.before, self.after, self.slot, self.outcome = before, after, slot, outcome
        self.model, self.periods = before.model, before.periods
        self.slopes = LiftSlopes(before, after, slot, outcome)
        self.structure = self.slopes.structure
        self.total = self._outcome(self.after) - self._outcome(self.before)

    @property
    def touched(self) -> frozenset[int]:
        """Slots that the lift can move and that can move the outcome: all that flows pass through."""
        return self.structure.touched

    def _outcome(self, run: Run) -> float:
        return run.horizon()[self.outcome]

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
            found = self._first_switch(low, high, count)
            if found and len(switches) >= MOST_SWITCHES:
                switches += self._in_one_piece(low, high, nodes)
                continue
            if found:
                left, right = found
                switches += self._switched(left, right, nodes)
                pending += [(right, high, count)] if right < high else []
                high = left
                if high <= low:
                    continue
            piece = [self._node(low + (high - low) * x, (high - low) * w) for x, w in gauss(count)]
            spent += count
            if self._closes(piece, self.slopes.at(low), self.slopes.at(high)):
                nodes += piece
            elif spent > MOST_NODES or high - low < NARROWEST:
                self._in_one_piece(low, high, nodes)
            elif count < 64:
                pending.append((low, high, count * 2))
            else:
                middle = (low + high) / 2
                pending += [(middle, high, 16), (low, middle, 16)]
        return tuple(nodes), tuple(sorted(switches, key=lambda switch: switch.at))

    def _closes(self, piece: Sequence[Node], low: Run, high: Run) -> bool:
        """Return whether the nodes account for the change of every touched slot between two shares of the lift.

        Of the outcome alone it would not do: flows that cancel there may each be far off.
        """
        moves = [self.slopes.tangent(node) for node in piece]
        weights = [node.weight for node in piece]
        for position in (HORIZON, *reversed(range(len(low.rows)))):
            rows = [horizon if position == HORIZON else rows[position] for rows, horizon in moves]
            before, after, rounding = (
                values_at(low, position),
                values_at(high, position),
                self.slopes.rounding[position],
            )
            for slot in self.structure.order(position):
                carried = [weight * row[slot] for weight, row in zip(weights, rows, strict=True)]
                missing = abs(math.fsum(carried) - (after[slot] - before[slot]))
                if missing > rounding[slot] + TOLERANCE * math.fsum(map(abs, carried)):
                    return False
        return True

    def _node(self, share: float, weight: float) -> Node:
        return Node(weight, *self.slopes.partials(self.slopes.at(share)))

    # -- switches -----------------------------------------------------------------------------------------------

    def _decisions(self, share: float) -> Decisions:
        decisions: Decisions = {}
        for position, taken in self.model.decisions(self.slopes.at(share)):
            decisions |= {(position, slot, select): side for (slot, select), side in taken.items()}
        return {key: side for key, side in decisions.items() if key[1] in self.touched and key[1] != self.slot}

    def _first_switch(self, low: float, high: float, count: int) -> tuple[float, float] | None:
        """Return the last share before and the first after the lowest switch within, or None."""
        if not self.structure.branching or high <= low:
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
        changed = self._changed(left, right)
        below, above = self.slopes.at(left), self.slopes.at(right)
        jump = Jump(self.slopes, below, above, changed)
        share = 0.0
        if jump.jumps:
            nodes += jump.nodes()
            share = (self._outcome(above) - self._outcome(below)) / len(changed)
        return [Switch(slot, select, position, right, share) for position, slot, select in changed]

    def _in_one_piece(self, low: float, high: float, nodes: list[Node]) -> list[Switch]:
        """Account for a stretch by where it begins and ends: too much switches there, or a slope has no end."""
        changed = self._changed(low, high)
        below, above = self.slopes.at(low), self.slopes.at(high)
        nodes.append(Jump(self.slopes, below, above, changed, width=high - low).stretch())
        share = (self._outcome(above) - self._outcome(below)) / len(changed) if changed else 0.0
        return [Switch(slot, select, position, high, share) for position, slot, select in changed]

    def _changed(self, left: float, right: float) -> list[BranchKey]:
        before, after = self._decisions(left), self._decisions(right)
        return sorted({key for key in before if key in after and before[key] != after[key]})

    # -- flows --------------------------------------------------------------------------------------------------

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
        owners, structure = self.model.owners, self.structure
        for node in nodes:
            moves, horizon_moves = self.slopes.tangent(node)
            adjoints, horizon_adjoints = self.slopes.adjoint(node)
            for slot in structure.order(0):
                for edge, load in structure.inward(0)[slot]:
                    carried = math.fsum(
                        adjoints[position][slot] * node.partials[position][edge] * moves[position - load.lag][load.slot]
                        for position in range(load.lag, len(moves))
                    )
                    key = (owners[load.slot], owners[slot], load.lag)
                    amounts.setdefault(key, []).append(node.weight * carried)
            for slot in structure.order(HORIZON):
                for edge, load in structure.inward(HORIZON)[slot]:
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
        return self.slopes.rounding[HORIZON][self.outcome]

    @cached_property
    def closure(self) -> float:
        """The part of the total that the nodes do not account for: rounding."""
        carried = (node.weight * self.slopes.tangent(node)[1][self.outcome] for node in self.nodes)
        return self.total - math.fsum(carried)


def _sizes(row: Row) -> Row:
    return [abs(value) for value in row]
