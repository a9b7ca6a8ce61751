"""Slopes as people say them: ``-0.01pp per point``, ``$2 per point``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from impacttree.errors import QuantityError, printable
from impacttree.quantity.quantities import (
    Numbers,
    parse_quantity,
    power_of,
    read_amount,
    read_spread,
    refuse_point,
    shown_mapping,
)
from impacttree.quantity.spreads import Spread
from impacttree.quantity.units import MAX_CHARACTERS, NUMBER, Unit, refuse

__all__ = ["Slope", "parse_slope", "parse_slope_spread"]


class Slope(NamedTuple):
    """A slope in base units of both metrics, with the units as written and the range that stands beside it."""

    value: float
    above: Unit
    below: Unit
    spread: Spread | None = None


class _Per(NamedTuple):
    """The units of a slope."""

    above: Unit
    below: Unit

    def __str__(self) -> str:
        return f"{str(self.above) or 'none'} per {str(self.below) or '1'}"


def parse_slope(text: str | int | float, *, currency: str = "USD") -> Slope:
    """Read a slope, as ``-0.01pp per point`` or with its range ``-0.01pp per point (-0.02pp to 0pp per point)``.

    Raises
    ------
    QuantityError
        If the text is no slope, or uses ``%`` where points and ratios could be confused.

    Examples
    --------
    >>> slope = parse_slope("-0.01pp per point (-0.02pp to 0pp)")
    >>> slope.value, str(slope.above), str(slope.below), slope.spread
    (-0.0001, 'pp', 'points', Spread(kind='p10_p90', numbers=(-0.0002, 0.0)))
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise QuantityError(f"a slope is text such as '-0.01pp per point', not a {type(text).__name__}")
    if not isinstance(text, str):
        return Slope(parse_quantity(text).central(), NUMBER, NUMBER)
    stripped = text.strip()
    if len(stripped) > MAX_CHARACTERS:
        raise QuantityError(f"'{printable(stripped, 40)}' is too long for a slope")
    if not (stripped.endswith(")") and "(" in stripped):
        return _slope(stripped, currency)
    head, _, inside = stripped[:-1].partition("(")
    point = _slope(head.strip(), currency)
    low, high, units = _low_high(inside.strip(), currency, _per(head.rstrip()))
    if units != point[1:3]:
        raise refuse("the range is in other units than the slope", "write both in one unit", stripped)
    if not low <= point.value <= high:
        raise refuse("the point lies outside its range", "a range is P10 to P90 and holds the point", stripped)
    return point._replace(spread=Spread("p10_p90", (low, high)))


def _slope(text: str, currency: str) -> Slope:
    head, per, below = text.rpartition(" per ")
    rise = read_amount((head if per else text).strip(), currency)
    above_unit = rise.unit or NUMBER
    _no_percent(text, above_unit)
    if not per:
        return Slope(rise.value(text), above_unit, NUMBER)
    step, below_unit = _below(text, below.strip(), currency)
    return Slope(rise.shifted(text, power_of(above_unit) - power_of(below_unit)) / step, above_unit, below_unit)


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


def parse_slope_spread(raw: str | Mapping[str, object], *, currency: str = "USD") -> tuple[Spread, Unit, Unit]:
    """Read what is known of a slope whose point is stated elsewhere, with the units above and below.

    It is ``low to high``, where the low end may leave out ``per ...``, or a mapping such as ``{ci95: low to high}``.

    Examples
    --------
    >>> parse_slope_spread("-0.03pp to -0.01pp per point")[0]
    Spread(kind='p10_p90', numbers=(-0.0003, -0.0001))
    >>> parse_slope_spread({"normal": ["-0.02pp per point", "0.01pp per point"]})[0]
    Spread(kind='normal', numbers=(-0.0002, 0.0001))
    """
    if not isinstance(raw, Mapping):
        low, high, units = _low_high(raw, currency)
        return Spread("p10_p90", (low, high)), *units
    refuse_point(raw)

    def one(number: object) -> tuple[float, _Per]:
        slope = parse_slope(number, currency=currency)  # type: ignore[arg-type]  # refuses what is neither
        if slope.spread is not None:
            raise QuantityError(f"'{printable(str(number), 60)}' must be one slope here")
        return slope.value, _Per(slope.above, slope.below)

    text = shown_mapping(raw)
    reader = Numbers(text, one, lambda number: _low_high(number, currency))
    spread = read_spread(raw, text, reader, currency)
    assert reader.unit is not None
    return spread, *reader.unit


def _low_high(raw: object, currency: str, default: str = "") -> tuple[float, float, _Per]:
    """Read ``low to high``; what an end leaves out of ``per ...`` is that of the other, or else the default."""
    if not isinstance(raw, str) or raw.count(" to ") != 1 or len(raw) > MAX_CHARACTERS:
        shown = printable(raw if isinstance(raw, str) else type(raw).__name__, 60)
        raise QuantityError(f"'{shown}' is not a range of slopes: write -0.03pp to -0.01pp per point")
    first, _, second = raw.strip().partition(" to ")
    if " per " not in second:
        second += default
    if " per " not in first:
        first += _per(second)
    low, high = (_slope(end.strip(), currency) for end in (first, second))
    if low[1:3] != high[1:3]:
        raise refuse("both ends of a range of slopes must be in one unit", "", raw)
    if low.value >= high.value:
        raise refuse("the low end of a range must be below its high end", "write `low to high`", raw)
    return low.value, high.value, _Per(high.above, high.below)


def _per(text: str) -> str:
    """Return the part of a slope from ``per`` on."""
    _, per, below = text.rpartition(" per ")
    return f" per {below}" if per else ""
