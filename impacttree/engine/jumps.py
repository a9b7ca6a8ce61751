"""What a lift carries where conditions switch and values jump.

Between two neighbouring shares of a lift, a metric whose condition switches moves from its value before to its value
after. That whole move goes through the edges of the condition, by how fast each moves the condition's margin; from
there on each metric passes on exactly what it moved by itself.

It is told in two quadrature nodes that differ in one thing: in the second, and only there, the conditions' edges carry
the jumps. Their difference is what passes through the jump; all that moves smoothly cancels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from impacttree.engine.lift_slopes import LiftSlopes
from impacttree.engine.lift_structure import Inward
from impacttree.engine.model import Run
from impacttree.engine.program import Row
from impacttree.engine.quadrature import HORIZON, Node, gauss, values_at
from impacttree.engine.tape import Load

__all__ = ["BranchKey", "Jump"]

BranchKey = tuple[int, int, int]
"""A branch that switches: position, slot and select."""

Margins = Mapping[tuple[int, int], Mapping[int, float]]
"""(position, slot) -> how fast each edge moves what decides the switch."""

NODES = 16
JUMP = 1e3
"""Times rounding: a difference between two neighbouring shares that is more than rounding."""
STEP = 1e-30


class Jump:
    """The switches between two shares of a lift, neighbouring ones or those at the ends of a stretch.

    Parameters
    ----------
    slopes
        The lift.
    below, above
        The runs at the two shares.
    changed
        Branches that switch.
    width
        How far the shares are apart, where that is more than from one number to the next.
    """

    def __init__(
        self, slopes: LiftSlopes, below: Run, above: Run, changed: Sequence[BranchKey], width: float = 1.0
    ) -> None:
        self.slopes, self.model, self.below, self.changed, self.width = slopes, slopes.model, below, changed, width
        positions = (HORIZON, *range(len(below.rows)))
        self._low = {position: values_at(below, position) for position in positions}
        self._high = {position: values_at(above, position) for position in positions}

    @property
    def jumps(self) -> bool:
        """Whether any metric that switches does more than bend."""
        return any(self._leaps(position, slot) for position, slot, _ in self.changed)

    def nodes(self) -> tuple[Node, Node]:
        """Return the node without and the node with what the conditions carry."""
        rows, horizon = self._secants()
        margins = self._margins()
        for position, slot in margins:
            for edge, _ in self._inward(position).get(slot, ()):
                (horizon if position == HORIZON else rows[position])[edge] = 0.0
        calm = Node(-1.0, tuple(list(row) for row in rows), list(horizon))
        return calm, self._through(rows, horizon, margins)

    def stretch(self) -> Node:
        """Return one node that accounts for all that moves from one end of the stretch to the other."""
        return self._through(*self._secants(), self._margins())

    def _through(self, rows: tuple[Row, ...], horizon: Row, margins: Margins) -> Node:
        node = Node(self.width, rows, horizon)
        self.slopes.tangent(node, partial(self._carry, node, margins))
        return node

    def _carry(
        self,
        node: Node,
        margins: Margins,
        position: int,
        slot: int,
        speed: Callable[[Load], float],
    ) -> None:
        """Give the edges of a switched condition slopes that carry the whole jump."""
        if (position, slot) not in margins:
            return
        loads = self._inward(position).get(slot, ())
        pushes = [margins[position, slot][edge] * speed(load) for edge, load in loads]
        if not math.fsum(pushes):
            pushes = [abs(speed(load)) for _, load in loads]
        push, jump = math.fsum(pushes), self._moved(position, slot) / self.width
        for (edge, load), part in zip(loads, pushes, strict=True):
            node.at(position)[edge] = jump * (part / push) / speed(load) if part else 0.0

    # -- what moves without a condition of its own ----------------------------------------------------------------

    def _secants(self) -> tuple[tuple[Row, ...], Row]:
        """Return slopes that account exactly for what each metric moves by because its inputs jump."""
        total: list[Row] = []
        for x, weight in gauss(NODES):
            rows, horizon = self.slopes.partials(self._part_way(x))
            scaled = [[weight * slope for slope in row] for row in (*rows, horizon)]
            total = [list(map(float.__add__, a, b)) for a, b in zip(total, scaled, strict=True)] if total else scaled
        *rows_found, horizon_found = total
        for position, row in (*enumerate(rows_found), (HORIZON, horizon_found)):
            for slot, loads in self._inward(position).items():
                self._settle(position, slot, loads, row)
        return tuple(rows_found), horizon_found

    def _settle(self, position: int, slot: int, loads: Sequence[tuple[int, Load]], slopes: Row) -> None:
        """Correct slopes for kinks on the way, so that they account for the whole move of a slot."""
        moving = [(edge, self._load_moved(position, load)) for edge, load in loads if self._load_leaps(position, load)]
        carried = [slopes[edge] * moved for edge, moved in moving]
        missing = self._moved(position, slot) - math.fsum(carried)
        shares = [abs(part) for part in carried] if any(carried) else [1.0] * len(moving)
        for (edge, moved), share in zip(moving, shares, strict=True):
            slopes[edge] += missing * share / math.fsum(shares) / moved

    def _part_way(self, x: float) -> Run:
        """Return a run whose every value is part of the way between the two."""

        def between(position: int) -> Row:
            return [(1 - x) * a + x * b for a, b in zip(self._low[position], self._high[position], strict=True)]

        rows = tuple(between(position) for position in range(len(self.below.rows)))
        held, over = self.below.held, between(HORIZON)
        recomputed = [block.slot for block in self.model.recomputed.blocks]
        kinds: dict[int, Literal["wrap", "fix"]] = {**held.kinds, **dict.fromkeys(recomputed, "fix")}
        fixed: dict[int, Callable[[int], float]] = {slot: partial(_constant, over[slot]) for slot in recomputed}
        held = replace(held, kinds=kinds, horizons={**held.horizons, **fixed})
        return replace(self.below, rows=rows, held=held)

    # -- conditions -----------------------------------------------------------------------------------------------

    def _margins(self) -> dict[tuple[int, int], Mapping[int, float]]:
        """Return, for each metric that switches by itself, how fast each edge moves what decides it."""
        blocks = (*self.model.step.blocks, *self.model.recomputed.blocks)
        jumping = {(block.slot, step.out) for block in blocks for step in block.branches if step.may_jump}
        margins: dict[tuple[int, int], Mapping[int, float]] = {}
        for position, slot, select in self.changed:
            if (position, slot) not in margins and (slot, select) in jumping:
                margins[position, slot] = self._margin(position, slot, select)
        return margins

    def _margin(self, position: int, slot: int, select: int) -> Mapping[int, float]:
        """Return the margin's slopes half way, or before the switch where the condition is not met half way."""
        for run in (self._part_way(0.5), self.below):
            slopes = {
                edge: self._margin_slope(run, position, (slot, select), load)
                for edge, load in self._inward(position).get(slot, ())
            }
            if None not in slopes.values():
                break
        return {edge: slope or 0.0 for edge, slope in slopes.items()}

    def _margin_slope(self, run: Run, position: int, key: tuple[int, int], load: Load) -> float | None:
        """Return one slope of a margin by complex step; None where the condition is not reached."""
        model, at_horizon = self.model, position == HORIZON
        program = model.recomputed if at_horizon else model.step
        base = model.horizon_base(run.periods) if at_horizon else model.base
        row: list[complex] = list(values_at(run, position))
        past: list[list[complex]] = [] if at_horizon else [list(values) for values in run.past(position)]
        (row if load.timing == "now" else past[model.lags.index(load.lag)])[load.slot] += STEP * 1j
        found: dict[tuple[int, int], complex] = {}
        program.margins(row, base, model.numbers(position + 1), past, found)
        return found[key].imag / STEP if key in found else None

    # -- moves ----------------------------------------------------------------------------------------------------

    def _inward(self, position: int) -> Inward:
        return self.slopes.structure.inward(position)

    def _moved(self, position: int, slot: int) -> float:
        return self._high[position][slot] - self._low[position][slot]

    def _leaps(self, position: int, slot: int) -> bool:
        return abs(self._moved(position, slot)) > JUMP * self.slopes.rounding[position][slot]

    def _load_moved(self, position: int, load: Load) -> float:
        past = position if position == HORIZON else position - load.lag
        return self._moved(past, load.slot) if past >= HORIZON else 0.0

    def _load_leaps(self, position: int, load: Load) -> bool:
        past = position if position == HORIZON else position - load.lag
        return (position == HORIZON or past >= 0) and self._leaps(past, load.slot)


def _constant(value: float, periods: int) -> float:  # noqa: ARG001 - called for any number of periods
    return value
