"""Correlations between uncertain numbers: a Gaussian copula over Sobol points.

A correlation is that of the normal scores. What is not listed is not correlated.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from impacttree.errors import nearest, printable
from impacttree.graph.findings import Findings

__all__ = ["Correlation", "Linked", "linked"]

Array = npt.NDArray[np.float64]

Correlation = tuple[str, str, float]
"""Two addresses and the correlation between them: ``("churn.nps.slope", "arpu.value", 0.3)``."""

MAX_LINKED = 200
"""Most numbers that hang together by correlations."""

MAX_NAMED = 6
"""Pairs that one message names."""

ROUNDING = 1e-10
"""How far below zero an eigenvalue may be by rounding."""


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

        scores = self.factor @ ndtri(shares)
        correlated: Array = np.clip(ndtr(scores), 1e-300, 1.0 - 2.0**-53)
        return correlated


def linked(
    correlations: Iterable[Correlation], addresses: Sequence[str], known: Collection[str], findings: Findings
) -> tuple[Linked, ...]:
    """Check correlations and return the groups that they make; what is wrong goes to the findings.

    Parameters
    ----------
    addresses
        The uncertain numbers, in the order of their positions.
    known
        All addresses of the model, certain or not.
    """
    positions = {address: position for position, address in enumerate(addresses)}
    values: dict[tuple[int, int], float] = {}
    for index, (first, second, value) in enumerate(correlations):
        wrong = _wrong_names((first, second), positions, known) or _wrong_value(value)
        pair = (positions.get(first, -1), positions.get(second, -1))
        pair = (min(pair), max(pair))
        if wrong is None and pair in values:
            wrong = f"{first} and {second} are listed twice", "keep one"
        if wrong is not None:
            findings.add_at(("correlations", index), *wrong)
        else:
            values[pair] = float(value)
    groups: list[Linked] = []
    for members in _components(values):
        matrix = _matrix(members, values)
        wrong = _impossible(members, matrix, addresses)
        if wrong is not None:
            findings.add_at(("correlations",), *wrong)
        else:
            groups.append(Linked(members, _factor(matrix)))
    return tuple(groups)


def _wrong_names(
    names: tuple[str, str], uncertain: Mapping[str, int], known: Collection[str]
) -> tuple[str, str] | None:
    for name in names:
        if name in uncertain:
            continue
        if name in known:
            return f"{name} is certain, so nothing correlates with it", "state its range, or leave the correlation out"
        hint = nearest(name, [*uncertain, *known])
        return f"there is no number '{printable(name, 80)}' in this tree{hint}", _example(uncertain)
    if names[0] == names[1]:
        return f"{names[0]} is correlated with itself", "name two different numbers"
    return None


def _example(uncertain: Mapping[str, int]) -> str:
    shown = ", ".join(list(uncertain)[:MAX_NAMED])
    return f"numbers with a range are e.g. {shown}" if shown else "no number of this tree has a range"


def _wrong_value(value: object) -> tuple[str, str] | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -1 <= value <= 1:
        return None
    return f"a correlation lies between -1 and 1, and {printable(str(value), 40)} does not", "write e.g. 0.3"


def _components(values: Mapping[tuple[int, int], float]) -> list[tuple[int, ...]]:
    neighbours: dict[int, set[int]] = {}
    for first, second in values:
        neighbours.setdefault(first, set()).add(second)
        neighbours.setdefault(second, set()).add(first)
    components: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for start in sorted(neighbours):
        if start in seen:
            continue
        seen.add(start)
        component = [start]
        for member in component:
            component += sorted(neighbours[member] - seen)
            seen |= neighbours[member]
        components.append(tuple(sorted(component)))
    return components


def _matrix(members: Sequence[int], values: Mapping[tuple[int, int], float]) -> Array:
    matrix = np.eye(len(members))
    for (i, first), (j, second) in combinations(enumerate(members), 2):
        matrix[i, j] = matrix[j, i] = values.get((first, second), 0.0)
    return matrix


def _impossible(members: Sequence[int], matrix: Array, addresses: Sequence[str]) -> tuple[str, str] | None:
    """Return the reason and the fix if no numbers can have these correlations, else None."""
    if len(members) > MAX_LINKED:
        reason = f"{len(members)} numbers hang together by correlations, more than {MAX_LINKED}"
        return reason, "leave out the correlations that matter least"
    least = _least_eigenvalue(matrix)
    if least >= -ROUNDING:
        return None
    guilty = _least_impossible(matrix)
    pairs = [(i, j) for i, j in combinations(guilty, 2) if matrix[i, j]]
    named = [f"{addresses[members[i]]} and {addresses[members[j]]} {matrix[i, j]:g}" for i, j in pairs[:MAX_NAMED]]
    more = f", and {len(pairs) - MAX_NAMED} more" if len(pairs) > MAX_NAMED else ""
    possible = max(math.floor(100 / (1 - least)), 1) / 100
    fix = f"move them towards 0, e.g. all of them times {possible:g}; pairs that are not listed are uncorrelated"
    return f"these correlations cannot hold together: {', '.join(named)}{more}", fix


def _least_eigenvalue(matrix: Array) -> float:
    return float(np.linalg.eigvalsh(matrix)[0])


def _least_impossible(matrix: Array) -> list[int]:
    """Return few positions whose correlations alone cannot hold: those that weigh most in the impossible direction."""
    direction = np.linalg.eigh(matrix)[1][:, 0]
    heaviest = np.argsort(-np.abs(direction), kind="stable")
    chosen = sorted(heaviest.tolist())
    for size in range(2, len(heaviest)):
        part = heaviest[:size]
        if _least_eigenvalue(matrix[np.ix_(part, part)]) < -ROUNDING:
            chosen = sorted(part.tolist())
            break
    for position in tuple(chosen):
        rest = [other for other in chosen if other != position]
        if len(rest) > 1 and _least_eigenvalue(matrix[np.ix_(rest, rest)]) < -ROUNDING:
            chosen = rest
    return chosen


def _factor(matrix: Array) -> Array:
    """Return the Cholesky factor, with a column of zeros where a number follows from those before it."""
    factor = np.zeros_like(matrix)
    for j in range(len(matrix)):
        square = matrix[j, j] - factor[j, :j] @ factor[j, :j]
        if square > ROUNDING:
            factor[j, j] = math.sqrt(square)
            factor[j + 1 :, j] = (matrix[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / factor[j, j]
    normalized: Array = factor / np.linalg.norm(factor, axis=1, keepdims=True)
    return normalized
