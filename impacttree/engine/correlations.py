"""Correlated draws: a Gaussian copula over Sobol points.

A correlation is that of the normal scores. What is not listed is not correlated. That correlations can hold together is
checked where the graph is built.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from impacttree.engine.arrays import Array
from impacttree.graph.correlations import ROUNDING
from impacttree.graph.model import Correlated
from impacttree.records import dataclass

__all__ = ["Linked", "linked"]


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """Some uncertain numbers that hang together.

    Parameters
    ----------
    members
        Their positions, ascending: the first keeps its own draws, each next one leans on those before.
    factor
        Lower triangular: correlated normal scores are this times independent ones.
    """

    members: tuple[int, ...]
    factor: Array

    def apply(self, shares: Array) -> Array:
        """Return correlated shares, one row for each member, from independent ones."""
        from scipy.special import ndtr, ndtri

        independent = ndtri(shares)
        scores = np.zeros_like(independent)
        for row, above in enumerate(self.factor):
            for position in np.flatnonzero(above):
                scores[row] += above[position] * independent[position]
        correlated: Array = np.clip(ndtr(scores), 1e-300, 1.0 - 2.0**-53)
        return correlated


def linked(group: Correlated, positions: Mapping[str, int]) -> Linked:
    """Return a group of the graph with the positions of its members and the factor of its correlations.

    Examples
    --------
    >>> linked(Correlated(("a.value", "b.value"), (("a.value", "b.value", 0.6),)), {"a.value": 0, "b.value": 1}).factor
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    inside = {address: row for row, address in enumerate(group.members)}
    matrix = np.eye(len(inside))
    for first, second, value in group.pairs:
        matrix[inside[first], inside[second]] = matrix[inside[second], inside[first]] = value
    return Linked(tuple(positions[address] for address in group.members), _factor(matrix))


def _factor(matrix: Array) -> Array:
    """Return the Cholesky factor, with a column of zeros where a number follows from those before it."""
    factor = np.zeros_like(matrix)
    for j in range(len(matrix)):
        rest = matrix[j:, j] - (factor[j:, :j] * factor[j, :j]).sum(axis=1)
        if rest[0] > ROUNDING:
            factor[j:, j] = rest / math.sqrt(rest[0])
    normalized: Array = factor / np.sqrt((factor * factor).sum(axis=1, keepdims=True))
    return normalized
