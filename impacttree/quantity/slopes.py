"""Slopes as people say them: ``-0.01pp per point``, ``$2 per point``, ``0.03 trials/session``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from impacttree.errors import QuantityError, printable
from impacttree.patterns import pattern
from impacttree.quantity.change_checks import misfit
from impacttree.quantity.changes import Add, Change
from impacttree.quantity.numbers import NUMBER_PATTERN, exact, literal
from impacttree.quantity.quantities import (
    Numbers,
    Quantity,
    parse_quantity,
    power_of,
    read_amount,
    read_spread,
    refuse_point,
    shown_mapping,
)
from impacttree.quantity.spreads import Spread
from impacttree.quantity.units import MAX_CHARACTERS, NUMBER, Unit, refuse

__all__ = [
    "Slope",
    "effect_misfit",
    "in_unit_of_effect",
    "parse_slope",
    "parse_slope_spread",
    "slope_misfit",
    "spoken_unit",
]


_NUMBER = pattern(rf"[+-]?\s*{NUMBER_PATTERN}", re.ASCII)


class Slope(NamedTuple):
    """A slope in base units of both metrics, with the units as written and the range that stands beside it."""

    value: float
    above: Unit
    below: Unit
    spread: Spread | None = None
    one: float = 1.0
    """What a written 1 stands for: 0.01 in ``-0.01pp per point``; a range without units is in the same."""


class _Per(NamedTuple):
    """The units of a slope."""

    above: Unit
    below: Unit

    def __str__(self) -> str:
        return f"{str(self.above) or 'none'} per {str(self.below) or '1'}"


def parse_slope(text: str | int | float, *, currency: str = "USD", percent: bool = False) -> Slope:
    """Read a slope, as ``-0.01pp per point`` or with its range ``-0.01pp per point (-0.02pp to 0pp per point)``.

    Parameters
    ----------
    percent
        Whether ``%`` is a ratio, as in ``-2% per point`` of a semi-elasticity; else it could be points as well.

    Raises
    ------
    QuantityError
        If the text is not a slope, or uses ``%`` where points and ratios could be confused.

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
        return _slope(stripped, currency, percent)
    head, _, inside = stripped[:-1].partition("(")
    point = _slope(head.strip(), currency, percent)
    low, high, units = _low_high(inside.strip(), currency, _per(head.rstrip()), percent=percent, like=point)
    if units != point[1:3]:
        raise refuse("the range is in other units than the slope", "write both in one unit", stripped)
    if not low <= point.value <= high:
        raise refuse("the point lies outside its range", "a range is P10 to P90 and holds the point", stripped)
    return point._replace(spread=Spread("p10_p90", (low, high)))


def _slope(text: str, currency: str, percent: bool = False) -> Slope:
    head, below = _parted(text)
    rise = read_amount(head.strip(), currency)
    above_unit = rise.unit or NUMBER
    if not percent:
        _no_percent(text, above_unit)
    step, below_unit = _below(text, below.strip(), currency) if below else (1.0, NUMBER)
    shift = power_of(above_unit) - power_of(below_unit)
    one = rise._replace(sign="", digits="1", exponent=0).shifted(text, shift) / step
    value = rise.shifted(text, shift) / step
    is_ratio = percent and above_unit.display == "%" and above_unit.is_pure
    return Slope(value, NUMBER if is_ratio else above_unit, below_unit, None, one)


def _parted(text: str) -> tuple[str, str]:
    """Return the change and what it is per: the last ``per``, or what a pure number stands below (``pp/point``)."""
    head, per, below = text.rpartition(" per ")
    if per:
        return head, below
    head, _, below = text.partition("/")
    return (head, below) if below.strip() in ("point", "points", "pp", "pt", "pts") else (text, "")


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


def effect_misfit(written: Unit | None, own: Unit) -> tuple[str, str] | None:
    """Return the reason and the fix if a number of an effect does not fit a metric, else None.

    As `misfit`; what is said aloud may leave denominators out: ``+30 trials`` of a metric in trials/month.

    Examples
    --------
    >>> effect_misfit(Unit.parse("trials"), Unit.parse("trials/month")) is None
    True
    >>> effect_misfit(Unit.parse("visits"), Unit.parse("trials/month"))
    ('visits does not fit a metric in trials/month', 'write it in trials/month')
    """
    wrong = misfit(written, own)
    if wrong is None or written is None or own.in_multiples:
        return wrong
    left_out = [factor for factor in own.factors if factor not in written.factors]
    is_part = all(factor in own.factors for factor in written.factors) and written.factors != ()
    fits = is_part and written.display in ("", own.display) and all(power < 0 for _, power in left_out)
    return None if fits else wrong


def spoken_unit(change: Change, own: Unit) -> Unit:
    """Return the unit that a change of an effect is held against: its own, where that leaves denominators out."""
    if isinstance(change, Add) and change.unit is not None and effect_misfit(change.unit, own) is None:
        return change.unit if change.unit.factors else own
    return own


def in_unit_of_effect(quantity: Quantity, effect: Change) -> Spread | None:
    """Return the spread of a range, which is as its effect where it has no unit: -0.5 to -0.1 beside ``-0.3pp``.

    Examples
    --------
    >>> from impacttree.quantity import Relative
    >>> in_unit_of_effect(parse_quantity("-5 to -1"), Relative(-0.03))
    Spread(kind='p10_p90', numbers=(-0.05, -0.01))
    """
    if quantity.spread is None or quantity.unit is not None or isinstance(effect, Add):
        return quantity.spread
    numbers = [_hundredth(number) for number in quantity.spread.numbers]
    if quantity.spread.kind == "discrete":
        numbers[1::2] = quantity.spread.numbers[1::2]
    return Spread(quantity.spread.kind, tuple(numbers))


def _hundredth(value: float) -> float:
    """Return a hundredth of the decimal that was written: 0.07 of 7."""
    coefficient, exponent = exact(value)
    return math.copysign(literal(str(abs(coefficient)), exponent - 2), value) if coefficient else 0.0


def slope_misfit(above: Unit, below: Unit, target: Unit, source: Unit) -> tuple[str, Unit] | None:
    """Return the reason and the metric's unit if a part of a slope does not fit it, else None.

    A slope is said of both metrics (``0.03 trials per session``), or as one unit that is their ratio
    (``0.03 trials/session``, ``$30/customer/month``); a period that both flow by cancels. Of two flows by different
    periods both are to be written. A bare number may be a ratio of two like units.

    Examples
    --------
    >>> trials, sessions = Unit.parse("trials/month"), Unit.parse("sessions/month")
    >>> slope_misfit(Unit.parse("trials/session"), NUMBER, trials, sessions) is None
    True
    >>> slope_misfit(Unit.parse("trials"), Unit.parse("orders"), trials, sessions)[0]
    'orders does not fit a metric in sessions/month'
    """
    alike = (target.money, target.is_share) == (source.money, source.is_share)
    if not str(above) and not str(below) and alike:
        return None
    ratio, wanted = above / below, target / source
    if ratio.factors and ratio.factors == wanted.factors and above.is_share == target.is_share and not source.is_share:
        return None
    are_apart = target.calendar and source.calendar and target.calendar != source.calendar
    for part, own in ((above, target), (below, source)):
        wrong = (misfit if are_apart else effect_misfit)(part, own)
        if wrong is not None:
            return wrong[0], own
    return None


def parse_slope_spread(
    raw: str | Mapping[str, object], *, currency: str = "USD", percent: bool = False, like: Slope | None = None
) -> tuple[Spread, Unit, Unit]:
    """Read what is known of a slope whose point is stated elsewhere, with the units above and below.

    Without units it is in those of the slope that it is `like`. It is ``low to high``, where the low end may leave out
    ``per ...``, or a mapping such as ``{ci95: low to high}``.

    Examples
    --------
    >>> parse_slope_spread("-0.03pp to -0.01pp per point")[0]
    Spread(kind='p10_p90', numbers=(-0.0003, -0.0001))
    >>> parse_slope_spread({"normal": ["-0.02pp per point", "0.01pp per point"]})[0]
    Spread(kind='normal', numbers=(-0.0002, 0.0001))
    """
    if not isinstance(raw, Mapping):
        low, high, units = _low_high(raw, currency, percent=percent, like=like)
        return Spread("p10_p90", (low, high)), *units
    refuse_point(raw)

    def one(number: object) -> tuple[float, _Per]:
        slope = parse_slope(number, currency=currency, percent=percent)  # type: ignore[arg-type]  # refuses the rest
        if slope.spread is not None:
            raise QuantityError(f"'{printable(str(number), 60)}' must be one slope here")
        slope = _alike(slope, like)
        return slope.value, _Per(slope.above, slope.below)

    text = shown_mapping(raw)
    reader = Numbers(text, one, lambda number: _low_high(number, currency, percent=percent, like=like))
    spread = read_spread(raw, text, reader, currency)
    assert reader.unit is not None
    return spread, *reader.unit


def _alike(slope: Slope, like: Slope | None) -> Slope:
    """Return a slope without units in those of another."""
    if like is None or str(slope.above) or str(slope.below):
        return slope
    return like._replace(value=slope.value * like.one, spread=None)


def _low_high(
    raw: object, currency: str, default: str = "", *, percent: bool = False, like: Slope | None = None
) -> tuple[float, float, _Per]:
    """Read ``low to high``; what an end leaves out of ``per ...`` is that of the other, or else the default."""
    if not isinstance(raw, str) or raw.count(" to ") != 1 or len(raw) > MAX_CHARACTERS:
        shown = printable(raw if isinstance(raw, str) else type(raw).__name__, 60)
        raise QuantityError(f"'{shown}' is not a range of slopes: write -0.03pp to -0.01pp per point")
    first, _, second = raw.strip().partition(" to ")
    is_bare = like is not None and all(_NUMBER.fullmatch(end.strip()) for end in (first, second))
    if not is_bare:
        second += default if not _per(second) else ""
        first += _per(second) if not _per(first) else ""
    low, high = (_alike(_slope(end.strip(), currency, percent), like) for end in (first, second))
    if low[1:3] != high[1:3]:
        raise refuse("both ends of a range of slopes must be in one unit", "", raw)
    if low.value >= high.value:
        raise refuse("the low end of a range must be below its high end", "write `low to high`", raw)
    return low.value, high.value, _Per(high.above, high.below)


def _per(text: str) -> str:
    """Return the part of a slope from ``per`` on, or from the ``/`` before points."""
    head, below = _parted(text)
    return text[len(head) :] if below else ""
