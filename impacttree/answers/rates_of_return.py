"""Internal rates of return: all of them, since amounts that change sign more than once may have several or none."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from impacttree.errors import MissingDependency, Problem

__all__ = ["internal_rates", "internal_rates_by_date", "sign_changes"]

LOWEST, HIGHEST = -0.99, 1e4
"""Rates a year that are looked for."""
PLACES = 4_000
"""Between these, where the sign of the present value is looked at."""
HALVINGS = 200


def sign_changes(amounts: Sequence[float]) -> int:
    """Return how often amounts change sign, zeros apart; there are at most as many internal rates (Descartes).

    Examples
    --------
    >>> sign_changes([-100, 0, 230, -132])
    2
    """
    signs = [amount > 0 for amount in amounts if amount]
    return sum(left != right for left, right in pairwise(signs))


def internal_rates(amounts: Sequence[float], per_year: float) -> tuple[float, ...]:
    """Return the effective rates of a year at which amounts come to nothing today.

    Parameters
    ----------
    amounts
        At equal distances, the first one today.
    per_year
        How many of them a year has.

    Raises
    ------
    MissingDependency
        When pyxirr (the extra ``finance``) is not installed.

    Examples
    --------
    >>> [round(rate, 4) for rate in internal_rates([-70_000, 12_000, 15_000, 18_000, 21_000, 26_000], 1)]
    [0.0866]
    >>> [round(rate, 4) for rate in internal_rates([-100, 230, -132], 1)]
    [0.1, 0.2]
    """
    changes = sign_changes(amounts)
    if not changes:
        return ()
    if changes > 1:
        return _several(amounts, [t / per_year for t in range(len(amounts))])
    found = _pyxirr().irr(list(amounts))
    return () if found is None or not math.isfinite(found) else _within((1.0 + found) ** per_year - 1.0)


def internal_rates_by_date(amounts: Sequence[float], days: Sequence[datetime.date]) -> tuple[float, ...]:
    """Return the same of amounts that come in on given days, a year having 365 (XIRR).

    Examples
    --------
    >>> days = [datetime.date(2008, 1, 1), datetime.date(2008, 3, 1), datetime.date(2008, 10, 30),
    ...         datetime.date(2009, 2, 15), datetime.date(2009, 4, 1)]
    >>> [round(rate, 6) for rate in internal_rates_by_date([-10_000, 2_750, 4_250, 3_250, 2_750], days)]
    [0.373363]
    """
    changes = sign_changes(amounts)
    if not changes:
        return ()
    if changes > 1:
        return _several(amounts, [(day - days[0]).days / 365.0 for day in days])
    found = _pyxirr().xirr(list(days), list(amounts))
    return () if found is None or not math.isfinite(found) else _within(found)


def _within(rate: float) -> tuple[float, ...]:
    return (rate,) if LOWEST < rate < HIGHEST else ()


def _several(amounts: Sequence[float], years: Sequence[float]) -> tuple[float, ...]:
    """Return the rates between which the present value changes sign, by halving."""

    def value(power: float) -> float:
        """Return the present value at the rate ``exp(power) - 1``, relative to what is not discounted away."""
        top = max(-power * year for year in years)
        return math.fsum(
            amount * math.exp(-power * year - top) for amount, year in zip(amounts, years, strict=True) if amount
        )

    low, high = math.log1p(LOWEST), math.log1p(HIGHEST)
    powers = [low + (high - low) * k / PLACES for k in range(PLACES + 1)]
    values = list(map(value, powers))
    found = []
    for k in range(PLACES):
        if values[k] == 0:
            found.append(math.expm1(powers[k]))
        elif values[k] * values[k + 1] < 0:
            found.append(math.expm1(_halved(value, powers[k], powers[k + 1])))
    return tuple(found)


def _halved(value: Callable[[float], float], low: float, high: float) -> float:
    below = value(low) < 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if (value(middle) < 0) == below else (low, middle)
    return (low + high) / 2


def _pyxirr() -> Any:
    try:
        import pyxirr
    except ImportError as error:
        fix = "run: pip install 'impacttree[finance]'"
        raise MissingDependency(
            Problem(reason="internal rates of return need pyxirr, which is not installed", fix=fix)
        ) from error
    return pyxirr
