"""Slopes as people say them: ``-0.01pp per point``, ``$2 per point``."""

from __future__ import annotations

from impacttree.errors import QuantityError, printable
from impacttree.quantity.numbers import exact
from impacttree.quantity.quantities import read_amount
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
        exact_or_refuse(text)
        return float(text), NUMBER, NUMBER
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
    return rise.value(stripped) / step, above_unit, below_unit


def exact_or_refuse(number: float) -> None:
    try:
        exact(number)
    except (ValueError, OverflowError):
        raise QuantityError("a slope is a finite number: write the number itself") from None


def _below(text: str, below: str, currency: str) -> tuple[float, Unit]:
    if any(character.isdigit() for character in below):
        amount = read_amount(below, currency)
        step, unit = amount.value(text), amount.unit or NUMBER
        if step <= 0:
            raise refuse("the step of a slope must be above zero", "write e.g. per 10 points", text)
    else:
        unit = Unit.parse(below, currency=currency)
        step = 0.01 if unit.display == "pp" else 1.0
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
        raise QuantityError(f"'{printable(str(text), 60)}' is not a range of slopes: write -0.03pp to -0.01pp per point")
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
