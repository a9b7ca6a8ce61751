"""What the numbers of a spread say together: whether they can hold, and how wide they are."""

from __future__ import annotations

import math
from itertools import pairwise

from impacttree.quantity.formatting import format_value
from impacttree.quantity.quantities import Quantity
from impacttree.quantity.spreads import Bounds, Spread, distance
from impacttree.quantity.units import NUMBER

__all__ = ["Z_P90", "Z_P97_5", "deviation", "impossible"]

Z_P90 = 1.2815515655446004
"""The normal score of P90."""

Z_P97_5 = 1.9599639845400543
"""The normal score of P97.5, the upper end of a 95 % interval."""

SLACK = 0.01
"""How far a stated value may stand from the middle of its distribution, in standard deviations."""

LARGEST = 1e150
"""Largest number whose square, and so the variance, is a number."""

_ENDS = {"p10_p90": ("P10", "P90"), "p10_p50_p90": ("P10", "P90"), "ci95": ("P2.5", "P97.5")}


def impossible(quantity: Quantity, bounds: Bounds | None = None) -> tuple[str, str] | None:
    """Return the reason and the fix if no distribution within the bounds has the numbers of a quantity, else None.

    Examples
    --------
    >>> from impacttree.quantity import parse_quantity
    >>> impossible(parse_quantity("42% (42% to 45%)"))
    ('the point is P50 and must lie between P10 and P90, not on one of them', 'move the point or widen the range')
    >>> impossible(parse_quantity("42% (40% to 45%)"), bounds=(0.0, 1.0)) is None
    True
    """
    spread = quantity.spread
    if spread is None:
        return None
    if spread.is_range:
        wrong = _out_of_order(quantity.value, spread) or _outside(spread, bounds)
    else:
        wrong = _beyond(spread, bounds) or _two_middles(quantity, spread)
    if wrong is None and _is_too_wide(quantity, spread, bounds):
        return "the range is too wide: its variance is not a finite number", "narrow it"
    return wrong


def _out_of_order(point: float | None, spread: Spread) -> tuple[str, str] | None:
    low, high = _ENDS[spread.kind]
    numbers = spread.numbers
    if not all(map(math.isfinite, numbers)) or any(first >= second for first, second in pairwise(numbers)):
        return f"{low} must be below {high}", "write the numbers from low to high"
    if point is not None and spread.kind != "p10_p50_p90" and not numbers[0] < point < numbers[1]:
        reason = f"the point is P50 and must lie between {low} and {high}, not on one of them"
        return reason, "move the point or widen the range"
    return None


def _outside(spread: Spread, bounds: Bounds | None) -> tuple[str, str] | None:
    """Tell which end of a range is not strictly within the bounds, though a tenth of the cases lies beyond it."""
    if bounds is None or (bounds[0] < spread.numbers[0] and spread.numbers[-1] < bounds[1]):
        return None
    low, high = _ENDS[spread.kind]
    if spread.numbers[0] < bounds[0] or spread.numbers[-1] > bounds[1]:
        return "the range lies outside the bounds", "correct the range or the bounds"
    end = low if spread.numbers[0] == bounds[0] else high
    beyond = "below" if end == low else "above"
    reason = f"{end} stands on a bound, which leaves no room for the cases {beyond} it"
    return reason, "move it inside the bounds, or write {uniform: low to high} where the bound is the limit"


def _beyond(spread: Spread, bounds: Bounds | None) -> tuple[str, str] | None:
    """Tell where a distribution that ends leaves the bounds, or the middle of one that does not end."""
    if bounds is None:
        return None
    endless = spread.kind in ("normal", "lognormal", "beta")
    low, high = (spread.central(),) * 2 if endless else spread.ends()
    if bounds[0] <= low and high <= bounds[1]:
        return None
    return "the distribution lies outside the bounds", "correct the distribution or the bounds"


def _two_middles(quantity: Quantity, spread: Spread) -> tuple[str, str] | None:
    """Tell where a stated value is not the middle that its named distribution has anyway."""
    middle = spread.central()
    if quantity.value is None or abs(quantity.value - middle) <= SLACK * deviation(spread):
        return None
    name = "mean" if spread.kind in ("beta", "discrete") else "P50"
    shown = format_value(middle, quantity.unit or NUMBER, digits=4)
    return f"the value is not the {name} of its distribution, {shown}", "leave the value out, or correct one of them"


def _is_too_wide(quantity: Quantity, spread: Spread, bounds: Bounds | None) -> bool:
    if not all(abs(number) < LARGEST for number in spread.numbers):
        return True
    middle = quantity.central(bounds)
    if spread.kind == "lognormal":
        width = math.sqrt(2.0 * math.log(math.hypot(1.0, spread.numbers[1] / spread.numbers[0])))
    elif spread.is_range and (shape := spread.shape(bounds)) in ("lognormal", "mirrored_lognormal"):
        ends = pairwise((spread.numbers[0], middle, spread.numbers[-1])) if middle else ()
        score = Z_P97_5 if spread.kind == "ci95" else Z_P90
        width = max((distance(shape, *pair, (0.0, 1.0)) / score for pair in ends), default=0.0)
    else:
        return False
    return middle == 0 or not math.log(abs(middle)) + width * width < math.log(LARGEST)


def deviation(spread: Spread) -> float:
    """Return the standard deviation of a named distribution; of a range, that of a normal one with its two ends.

    Examples
    --------
    >>> round(deviation(Spread("uniform", (0.0, 12.0))), 3), round(deviation(Spread("p10_p90", (-1.2816, 1.2816))), 3)
    (3.464, 1.0)
    """
    numbers = spread.numbers
    match spread.kind:
        case "normal" | "lognormal":
            return numbers[1]
        case "beta":
            total = numbers[0] + numbers[1]
            return math.sqrt(numbers[0] / total * (numbers[1] / total) / (total + 1))
        case "triangular":
            left, right = numbers[1] - numbers[0], numbers[2] - numbers[1]
            return math.sqrt((left * left + left * right + right * right) / 18)
        case "uniform":
            return (numbers[1] - numbers[0]) / math.sqrt(12)
        case "discrete":
            mean = spread.central()
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            return math.sqrt(math.fsum(share * (value - mean) ** 2 for value, share in pairs))
        case _:
            return (numbers[-1] - numbers[0]) / (2 * (Z_P97_5 if spread.kind == "ci95" else Z_P90))
