"""Round numbers for the axes of charts."""

from __future__ import annotations

import math

__all__ = ["round_levels", "round_step", "round_ticks"]


def round_step(width: float, count: int) -> float:
    """Return a round step, 1, 2, 2.5 or 5 times a power of ten, of which `count` or fewer cover a width.

    Examples
    --------
    >>> round_step(17_400.0, 4)
    5000.0
    """
    least = width / count
    power: float = 10.0 ** int(f"{least:e}".split("e")[1])
    return next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= least)


def round_levels(low: float, high: float, count: int = 4) -> list[float]:
    """Return a few round numbers that span `low` to `high`, so far apart that `count` steps or fewer cover that width.

    Examples
    --------
    >>> round_levels(8_800.0, 26_000.0)
    [5000.0, 10000.0, 15000.0, 20000.0, 25000.0, 30000.0]
    """
    if high <= low:
        high = low + (abs(low) or 1.0)
    step = round_step(high - low, count)
    first, last = math.floor(low / step + TOUCHING), math.ceil(high / step - TOUCHING)
    return [k * step for k in range(first, last + 1)]


def round_ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers that lie from `low` to `high`.

    Examples
    --------
    >>> round_ticks(5.4, 9.4)
    [6.0, 7.0, 8.0, 9.0]
    """
    step = round_step(high - low, 6)
    first, last = math.ceil(low / step - TOUCHING), math.floor(high / step + TOUCHING)
    return [k * step for k in range(first, last + 1)]


TOUCHING = 1e-9
"""Share of a step by which a number at the end may be off by rounding."""
