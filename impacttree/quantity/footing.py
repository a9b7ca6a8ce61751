"""Whole numbers that foot: the lines of a table before, by how much they change, and after, all rounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise, product

__all__ = ["footed"]

CLOSE = 1e-9
"""How far a number may be from a whole one by rounding of its digits, relative to its size."""


def footed(before: Sequence[float], change: Sequence[float]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Round the lines of a table so that rows and running totals add up as shown.

    The changes are rounded first, their running totals to the nearest; then the running totals before, each down or
    up, so that lines before and after, and their running totals, stand as near to their numbers as can be: within one.
    Rounding each number by itself does not foot (L. Cox and L. Ernst, "Controlled Rounding", INFOR 20, 1982).

    Parameters
    ----------
    before, change
        Of the lines that are added up, from the first; costs below zero. After is their sum, line by line.

    Returns
    -------
    tuple of tuple of int and tuple of int
        The lines before, and their changes.

    Examples
    --------
    >>> footed([71_517.4, -13_563.6, -34_200.0], [870.6, -164.9, 0.0])
    ((71517, -13563, -34200), (871, -165, 0))
    """
    changes = [math.floor(total + 0.5) for total in accumulate(change, initial=0.0)]
    totals = list(accumulate(before, initial=0.0))
    moved = [total + own for total, own in zip(totals, accumulate(change, initial=0.0), strict=True)]
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, (0,))}
    for position, total in enumerate(totals[1:], 1):
        step = changes[position] - changes[position - 1]
        found: dict[int, tuple[float, tuple[int, ...]]] = {}
        for (last, (missed, taken)), now in product(best.items(), _around(total)):
            line = now - last
            exact = before[position - 1]
            misses = (
                missed
                + _miss(line, exact)
                + _miss(line + step, exact + change[position - 1])
                + _miss(now + changes[position], moved[position])
                + _miss(now, total)
            )
            if now not in found or misses < found[now][0]:
                found[now] = misses, (*taken, now)
        best = found
    chosen = min(best.values(), key=lambda pair: pair[0])[1]
    return tuple(b - a for a, b in pairwise(chosen)), tuple(b - a for a, b in pairwise(changes))


def _around(number: float) -> tuple[int, ...]:
    """Return the whole numbers that a number may be rounded to."""
    nearest = round(number)
    if abs(number - nearest) <= CLOSE * max(1.0, abs(number)):
        return (nearest,)
    return (math.floor(number), math.ceil(number))


def _miss(shown: int, exact: float) -> float:
    """Return how much is wrong with a rounded number: much where it is neither rounded down nor up."""
    off = abs(shown - exact)
    return off + (1_000.0 if off >= 1.0 else 0.0)
