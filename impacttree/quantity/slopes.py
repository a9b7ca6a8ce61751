"""Slopes as people say them: ``-0.01pp per point``, ``$2 per point``."""

from __future__ import annotations

from impacttree.errors import QuantityError, printable
from impacttree.quantity.quantities import parse_quantity, power_of, read_amount
from impacttree.quantity.units import MAX_CHARACTERS, NUMBER, Unit, refuse

__all__ = ["parse_slope", "parse_slope_range"]


def parse_slope(text: str | int | float, *, currency: str = "USD") -> tuple[float, Unit, Unit]:
    """Read a slope in base units of both metrics, with the units above and below as written.

    Raises
    ------
    QuantityError
        If the text is no slope, or uses ``%`` where points and ratios could be confused.

    Examples
    --------
    >>> slope, above, below = parse_slope("-0.01pp per point")
    >>> slope, str(above), str(below)
    (-0.0001, 'pp', 'points')
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise QuantityError(f"a slope is text such as '-0.01pp per point', not a {type(text).__name__}")
    if not isinstance(text, str):
        return parse_quantity(text).central(), NUMBER, NUMBER
    stripped = text.strip()
    if len(stripped) > MAX_CHARACTERS:
        raise QuantityError(f"'{printable(stripped, 40)}' is too long for a slope")
    head, per, below = stripped.rpartition(" per ")
    rise = read_amount((head if per else stripped).strip(), currency)
    above_unit = rise.unit or NUMBER
    _no_percent(stripped, above_unit)
    if not per:
        return rise.value(stripped), above_unit, NUMBER
    step, below_unit = _below(stripped, below.strip(), currency)
    return rise.shifted(stripped, power_of(above_unit) - power_of(below_unit)) / step, above_unit, below_unit


def _below(text: str, below: str, currency: str) -> tuple[float, Unit]:
    """Read what stands after ``per``: a unit (a step of 1), or a step as written and its unit."""
    if any(character.isdigit() for character in below):
        amount = read_amount(below, currency)
        step, unit = amount.shifted(text), amount.unit or NUMBER
        if step <= 0:
            raise refuse("the step of a slope must be above zero", "write e.g. per 10 points", text)
    else:
        step, unit = 1.0, Unit.parse(below, currency=currency)
    _no_percent(text, unit)
    return step, unit


def _no_percent(text: str, unit: Unit) -> None:
    if unit.display == "%":
        fix = "write `pp` for points of a share; a ratio is an `elasticity` or `semi_elasticity`"
        raise refuse("`%` in a slope could mean points or a ratio", fix, text)


def parse_slope_range(text: str, *, currency: str = "USD") -> tuple[float, float, Unit, Unit]:
    """Read ``low to high`` of a slope; the low end may leave out ``per ...``.

    Examples
    --------
    >>> parse_slope_range("-0.03pp to -0.01pp per point")[:2]
    (-0.0003, -0.0001)
    """
    if not isinstance(text, str) or text.count(" to ") != 1:
        shown = printable(text if isinstance(text, str) else type(text).__name__, 60)
        raise QuantityError(f"'{shown}' is not a range of slopes: write -0.03pp to -0.01pp per point")
    first, _, second = text.strip().partition(" to ")
    if " per " not in first:
        first += "".join(second.rpartition(" per ")[1:]) if " per " in second else ""
    low, *low_units = parse_slope(first, currency=currency)
    high, above, below = parse_slope(second, currency=currency)
    if low_units != [above, below]:
        raise refuse("both ends of a range of slopes must be in one unit", "", text)
    if low >= high:
        raise refuse("the low end of a range must be below its high end", "write `low to high`", text)
    return low, high, above, below
