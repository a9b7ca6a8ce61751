"""Places along a lift, and the local derivatives there."""

from __future__ import annotations

import math
from functools import cache

from impacttree.engine.horizon import HORIZON
from impacttree.engine.model import Run
from impacttree.engine.program import Row
from impacttree.records import dataclass

__all__ = ["HORIZON", "Node", "gauss", "values_at"]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Node:
    """One quadrature node: its weight and the local derivatives of every period and over the horizon."""

    weight: float
    partials: tuple[Row, ...]
    horizon: Row

    def at(self, position: int) -> Row:
        return self.horizon if position == HORIZON else self.partials[position]


def values_at(run: Run, position: int) -> Row:
    """Return the values of a period, or those over the horizon."""
    return run.horizon() if position == HORIZON else run.rows[position]


@cache
def gauss(count: int) -> tuple[tuple[float, float], ...]:
    """Return Gauss-Legendre nodes and weights on 0..1, by Newton's method on the Legendre polynomial (without numpy).

    Examples
    --------
    >>> round(sum(weight * x**3 for x, weight in gauss(2)), 12)
    0.25
    """
    rule = []
    for k in range(count):
        x = math.cos(math.pi * (k + 0.75) / (count + 0.5))
        for _ in range(100):
            below, value = 1.0, x
            for degree in range(2, count + 1):
                below, value = value, ((2 * degree - 1) * x * value - (degree - 1) * below) / degree
            slope = count * (x * value - below) / (x * x - 1)
            change = value / slope
            x -= change
            if abs(change) < 1e-16:
                break
        rule.append(((1 - x) / 2, 1 / ((1 - x * x) * slope * slope)))
    return tuple(rule)
