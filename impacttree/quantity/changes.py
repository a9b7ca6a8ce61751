"""Changes as people say them: ``+1%``, ``+2pp``, ``-$3``, ``=45%``."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from impacttree.errors import ChangeError, Problem, QuantityError, printable
from impacttree.patterns import pattern
from impacttree.quantity.money import sign_of
from impacttree.quantity.numbers import exact, exact_text, literal, round_to_digits
from impacttree.quantity.quantities import Quantity, RawQuantity, parse_quantity
from impacttree.quantity.spread_checks import impossible
from impacttree.quantity.spreads import Spread
from impacttree.quantity.timing import InForce, RampShape, other_words, split, timing_of
from impacttree.quantity.units import MAX_CHARACTERS, NUMBER, PERCENT, PP, Unit
from impacttree.records import dataclass

__all__ = [
    "Add",
    "Change",
    "Points",
    "Relative",
    "Set",
    "add",
    "at",
    "lift",
    "number_of",
    "parse_change",
    "points",
    "quantity_of",
    "relative",
    "to",
]

DIGITS = 4
"""Digits of a middle that follows from a distribution, where a change is shown."""

_TO = pattern(r"\s+to\s+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Relative:
    """Multiply by ``1 + ratio``; `stated` when said to be relative, not only written with ``%``.

    The number of a change is its P50; `spread` tells what is known beyond it, in the same unit. A range beside a stated
    number is a ``p10_p50_p90``, a range alone a ``p10_p90``.
    """

    ratio: float
    stated: bool = False
    spread: Spread | None = None
    timing: InForce | None = None
    """When it is in force; None for all of it in every period."""

    def __str__(self) -> str:
        return _when(_shown(self.ratio, self.spread, lambda ratio: f"{_signed(ratio, 2)}%"), self.timing)


@dataclass(frozen=True, slots=True)
class Points:
    """Add percentage points: 2.0 is ``+2pp``."""

    points: float
    spread: Spread | None = None
    timing: InForce | None = None

    def __str__(self) -> str:
        return _when(_shown(self.points, self.spread, lambda points: f"{_signed(points)}pp"), self.timing)


@dataclass(frozen=True, slots=True)
class Add:
    """Add an amount in base units; `typed` when given as a number in the metric's own unit."""

    amount: float
    unit: Unit | None = None
    typed: bool = False
    spread: Spread | None = None
    timing: InForce | None = None

    def __str__(self) -> str:
        text = _shown(self.amount, self.spread, lambda amount: _amount_text(amount, self.unit, signed=True))
        return _when(text, self.timing)


@dataclass(frozen=True, slots=True)
class Set:
    """Fix at a value in base units; `typed` when given as a number in the metric's own unit."""

    value: float
    unit: Unit | None = None
    typed: bool = False
    spread: Spread | None = None
    timing: InForce | None = None

    def __str__(self) -> str:
        text = _shown(self.value, self.spread, lambda value: _amount_text(value, self.unit, signed=False))
        return _when(f"={text}", self.timing)


Change = Relative | Points | Add | Set


def number_of(change: Change) -> float:
    """Return the number of a change, in its own unit: a ratio, percentage points, or base units.

    Examples
    --------
    >>> number_of(parse_change("+2pp (1pp to 4pp)"))
    2.0
    """
    match change:
        case Relative():
            return change.ratio
        case Points():
            return change.points
        case Add():
            return change.amount
        case Set():
            return change.value
    assert_never(change)


def at(change: Change, number: float) -> Change:
    """Return the change for certain, with another number in its own unit.

    Examples
    --------
    >>> str(at(parse_change("-$3 (-$4 to -$2)"), -2.5))
    '-$2.5'
    """
    match change:
        case Relative():
            return replace(change, ratio=number, spread=None)
        case Points():
            return replace(change, points=number, spread=None)
        case Add():
            return replace(change, amount=number, spread=None)
        case Set():
            return replace(change, value=number, spread=None)
    assert_never(change)


def quantity_of(change: Change) -> Quantity:
    """Return the number of a change with what is known beyond it, in its own unit.

    Examples
    --------
    >>> quantity_of(parse_change("+2pp (1pp to 4pp)")).low_high()
    (1.0, 4.0)
    """
    return Quantity(number_of(change), None, change.spread, str(change))


# ---- from Python


def relative(ratio: RawQuantity) -> Relative:
    """Return the change that multiplies by ``1 + ratio``.

    Parameters
    ----------
    ratio
        A number, or any other form of a quantity, such as ``"1% (0.5% to 2%)"``.

    Examples
    --------
    >>> str(relative(0.01)), str(relative("1% (0.5% to 2%)"))
    ('+1%', '+1% (+0.5% to +2%)')
    """
    quantity = _given(ratio)
    if quantity.unit not in (None, NUMBER, PERCENT):
        raise _does_not_take("relative", quantity, "a relative change is a ratio", "1% (0.5% to 2%)")
    return _relative(quantity, stated=True)


def points(points: RawQuantity) -> Points:
    """Return the change that adds percentage points.

    Parameters
    ----------
    points
        A number of points, or any other form of a quantity: ``{"p10": 0.5, "p50": 1, "p90": 2}``,
        ``"1pp (0.5pp to 2pp)"``.

    Examples
    --------
    >>> from impacttree.quantity import points
    >>> str(points(-0.5)), str(points({"normal": {"mean": 1, "sd": 0.4}}))
    ('-0.5pp', '+1pp (normal)')
    """
    quantity = _given(points)
    if quantity.unit not in (None, NUMBER, PP):
        raise _does_not_take("points", quantity, "points are percentage points", "1pp (0.5pp to 2pp)")
    return Points(*_known(quantity)) if quantity.unit != PP else _points(quantity)


def add(amount: RawQuantity) -> Add:
    """Return the change that adds an amount in the metric's own unit (a share of 2 % is 0.02).

    Parameters
    ----------
    amount
        A number, or any other form of a quantity; with a unit, it is in that unit.

    Examples
    --------
    >>> str(add(500)), str(add("$3 ($2 to $4)"))
    ('+500', '+$3 (+$2 to +$4)')
    """
    quantity = _given(amount)
    if quantity.unit is not None and quantity.unit.display == "%":
        raise _does_not_take("add", quantity, "with `%` it could be a ratio or points: use relative()", "2pp")
    number, spread = _known(quantity)
    return Add(number, quantity.unit, typed=quantity.unit is None, spread=spread)


def to(value: RawQuantity) -> Set:
    """Return the change that fixes a metric at a value in its own unit (45 % is 0.45).

    Parameters
    ----------
    value
        A number, or any other form of a quantity; with a unit, it is in that unit.

    Examples
    --------
    >>> str(to(0.45)), str(to({"uniform": "40% to 46%"}))
    ('=0.45', '=43% (uniform 40% to 46%)')
    """
    quantity = _given(value)
    if quantity.unit is not None and quantity.unit.display == "pp":
        raise _does_not_take("to", quantity, "`pp` is a difference, not a level", "45%")
    number, spread = _known(quantity)
    return Set(number, quantity.unit, typed=quantity.unit is None, spread=spread)


def _given(raw: RawQuantity) -> Quantity:
    """Read what a typed form is given."""
    if isinstance(raw, bool) or raw is None:
        raise ChangeError(f"a number is expected, not a {type(raw).__name__}")
    try:
        return parse_quantity(raw)
    except QuantityError as error:
        raise ChangeError(*error.problems) from None


def _does_not_take(form: str, quantity: Quantity, reason: str, example: str) -> ChangeError:
    shown = printable(quantity.text, 60)
    return ChangeError(
        Problem(reason=f"{form}() does not take '{shown}': {reason}", fix=f"write e.g. {form}('{example}')")
    )


# ---- from text


def parse_change(text: str | Change, *, currency: str = "USD") -> Change:
    """Read a change; a `Change` is returned as it is.

    Raises
    ------
    ChangeError
        If the text has no sign, is not a number with a unit, or is a bare Python number.

    Notes
    -----
    A change that is not known for certain has its P10 and P90 after it, ``+1% (+0.5% to +2%)``, or is these two alone.
    Ends without a sign take that of the change.

    Examples
    --------
    >>> parse_change("+1%")
    Relative(ratio=0.01, stated=False, spread=None, timing=None)
    >>> str(parse_change("-0.3pp (0.1pp to 0.5pp)")), str(parse_change("=$32"))
    ('-0.3pp (-0.5pp to -0.1pp)', '=$32')
    """
    if isinstance(text, Change):
        return text
    if not isinstance(text, str):
        raise _not_text(text)
    stripped = text.strip()
    if len(stripped) > MAX_CHARACTERS:
        raise ChangeError(f"'{printable(stripped, 40)}' is too long for a change")
    if not stripped or stripped[0] not in "+-=":
        raise _unsigned(stripped)
    body, timing = split(stripped)
    try:
        change = _set(body, currency) if body[0] == "=" else _move(body, currency)
    except QuantityError as error:
        when = other_words(body)
        raise ChangeError(*(replace(each, fix=when) if when else each for each in error.problems)) from None
    return change if timing is None else replace(change, timing=timing)


def lift(
    change: str | Change,
    *,
    start: str | int | datetime.date | None = None,
    ramp: str | int | None = None,
    shape: RampShape = "linear",
    until: str | int | datetime.date | None = None,
    decay: str | float | None = None,
) -> Change:
    """Return a change that is in force from some period on, comes in bit by bit, ends, or fades.

    With s the first period and k the length of the ramp, a share ``w = min(1, (t - s + 1) / k)`` of the change is in
    force in period t (``3 w**2 - 2 w**3`` for the shape ``"s"``), which after the ramp is lost at the rate of `decay`.
    There is nothing of it before s and after `until`.

    Parameters
    ----------
    change
        What is done in full: ``"+1%"``, ``"=$32"``.
    start, until
        The first and the last period: a date or label of the tree's calendar (``"2027-04"``), or a number
        (``4``, ``"month 4"``). From period 1 on, and without an end, unless given.
    ramp
        How many periods it takes until all of it is in force: ``"3 months"``. All at once unless given.
    shape
        How it comes in: by as much in each period, or slowly at both ends (``"s"``).
    decay
        The share that is lost in each period after the ramp: ``"5%/month"``.

    Raises
    ------
    ChangeError
        With all that is written wrongly. What does not fit a tree is told when the change is used.

    Examples
    --------
    >>> str(lift("+1%", start="2027-04", ramp="3 months"))
    '+1% from 2027-04 over 3 months'

    From month 7 on only half of the year is left, so that it is worth half as much:

    >>> import impacttree as it
    >>> tree = it.loads("metrics: {price: {value: $30}, sold: {value: 50/month}, paid: {formula: price * sold}}")
    >>> late = it.lift("+10%", start="month 7")
    >>> round(tree.worth("price", "+10%", on="paid").total), round(tree.worth("price", late, on="paid").total)
    (1800, 900)
    """
    timing = timing_of(start=start, ramp=ramp, shape=shape, until=until, decay=decay)
    return replace(parse_change(change), timing=timing) if timing is not None else parse_change(change)


def _not_text(raw: object) -> ChangeError:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return ChangeError(
            "a bare number does not say what kind of change it is: write '+1%', '+2pp', '+500' or '=45%', "
            "or use relative(), points(), add() or to()"
        )
    return ChangeError(f"a change is text such as '+1%', not a {type(raw).__name__}")


def _unsigned(text: str) -> ChangeError:
    shown = printable(text, 40)
    plain = text[:1].isalnum() or text[:1] in ("$", ".")
    does = "multiply" if "%" in text and "/" not in text else "add"
    fix = f"write '+{shown}' to {does} or '={shown}' to set" if plain else "write e.g. '+1%', '+2pp', '-$3' or '=45%'"
    return ChangeError(Problem(reason=f"a change starts with `+`, `-` or `=`, '{shown}' does not", fix=fix))


def _set(text: str, currency: str) -> Set:
    quantity = parse_quantity(text[1:].strip(), currency=currency)
    if quantity.unit is not None and quantity.unit.display == "pp":
        raise _wrong(text, "`pp` is a difference, not a level", f"write {text.replace('pp', '%')} to set a share")
    number, spread = _known(quantity)
    return Set(number, quantity.unit, spread=spread)


def _move(text: str, currency: str) -> Change:
    body, stated = _without_relative(text)
    quantity = _with_sign(body, currency)
    unit = quantity.unit
    display = unit.display if unit else ""
    if stated and (display != "%" or unit is None or not unit.is_pure):
        raise _wrong(text, "only a percentage can be relative", "write e.g. +10% relative")
    if display == "%":
        if unit is not None and not unit.is_pure:
            raise _wrong(text, "a relative change has no period", "write +1% to multiply or +0.5pp/month to add")
        return _relative(quantity, stated)
    if unit == PP:
        return _points(quantity)
    number, spread = _known(quantity)
    return Add(number, unit, spread=spread)


def _without_relative(text: str) -> tuple[str, bool]:
    """Take out the word `relative`, which stands last or before the range."""
    head, bracket, ends = text.partition("(")
    for part, rest in ((text, ""), (head.rstrip(), f" ({ends}" if bracket else "")):
        if part.endswith("relative"):
            return part[: -len("relative")].rstrip() + rest, True
    return text, False


def _with_sign(text: str, currency: str) -> Quantity:
    """Read an amount with its sign and its range, whose ends take that sign where they have none."""
    head, bracket, inside = text.rstrip(")").partition("(")
    ends = _TO.split((inside if bracket else head).strip())
    bare = [position for position, end in enumerate(ends) if end[:1] not in ("+", "-")]
    if text[0] == "+" or len(ends) != 2 or not bare:
        return parse_quantity(text, currency=currency)
    if len(bare) == 2:
        return _mirrored(parse_quantity(text[1:].strip(), currency=currency), text)
    quantity = parse_quantity(text, currency=currency)
    if quantity.spread is not None and quantity.spread.numbers[bare[0]] != 0:
        end = ends[bare[0]]
        raise _wrong(text, f"'{end}' could mean -{end} or +{end}", "write a sign before both ends")
    return quantity


def _mirrored(quantity: Quantity, text: str) -> Quantity:
    assert quantity.value is not None
    assert quantity.spread is not None
    ends = tuple(0.0 - number for number in reversed(quantity.spread.numbers))
    return replace(quantity, value=0.0 - quantity.value, spread=replace(quantity.spread, numbers=ends), text=text)


def _relative(quantity: Quantity, stated: bool) -> Relative:
    number, spread = _known(quantity)
    return Relative(number, stated, spread)


def _points(quantity: Quantity) -> Points:
    """Return the change that a quantity in ``pp`` is: its numbers, which are fractions, count in points."""
    number, spread = _known(quantity)
    try:
        return Points(_hundredfold(number), None if spread is None else _in_points(spread))
    except OverflowError:
        raise _wrong(quantity.text, "this number is too large", "") from None


def _in_points(spread: Spread) -> Spread:
    shares = spread.numbers[1::2] if spread.kind == "discrete" else ()
    numbers = [_hundredfold(number) for number in spread.numbers]
    numbers[1::2] = shares or numbers[1::2]
    return Spread(spread.kind, tuple(numbers))


def _hundredfold(value: float) -> float:
    """Return a hundred times the decimal that was written: 7 of 0.07."""
    coefficient, exponent = exact(value)
    return math.copysign(literal(str(abs(coefficient)), exponent + 2), coefficient)


def _known(quantity: Quantity) -> tuple[float, Spread | None]:
    """Return the number of a change, which is the P50, and what is known beyond it.

    Raises
    ------
    ChangeError
        If no distribution has the stated numbers.
    """
    middle, spread = quantity.central(), quantity.spread
    if spread is None:
        return middle, None
    wrong = impossible(replace(quantity, value=middle))
    if wrong is not None:
        raise ChangeError(Problem(reason=f"{printable(quantity.text, 80)}: {wrong[0]}", fix=wrong[1]))
    if spread.kind == "p10_p90" and quantity.value is not None:
        low, high = spread.numbers
        spread = Spread("p10_p50_p90", (low, middle, high))
    return middle, spread


def _wrong(text: str, reason: str, fix: str) -> ChangeError:
    return ChangeError(Problem(reason=reason, fix=fix, formula=text, span=(0, len(text))))


def _shown(number: float, spread: Spread | None, write: Callable[[float], str]) -> str:
    """Write the number of a change and what is known beyond it; P10 and P90 alone say it all."""
    if spread is None:
        return write(number)
    if spread.kind in ("normal", "lognormal", "beta"):
        return f"{write(_rounded(number))} ({spread.kind})"
    ends = " to ".join(write(end) for end in spread.ends())
    match spread.kind:
        case "p10_p90":
            return ends
        case "p10_p50_p90":
            return f"{write(number)} ({ends})"
        case _:
            return f"{write(_rounded(number))} ({spread.kind} {ends})"


def _when(text: str, timing: InForce | None) -> str:
    return text if timing is None else f"{text} {timing}"


def _rounded(number: float) -> float:
    coefficient, exponent = round_to_digits(exact(number), DIGITS)
    return float(f"{coefficient}e{exponent}")


def _signed(value: float, shift: int = 0) -> str:
    coefficient, exponent = exact(value)
    text = exact_text((abs(coefficient), exponent + shift))
    return f"-{text}" if coefficient < 0 else f"+{text}"


def _amount_text(value: float, unit: Unit | None, signed: bool) -> str:
    shift = 2 if unit is not None and unit.is_share else 0
    sign = "-" if value < 0 else "+" if signed else ""
    coefficient, exponent = exact(abs(value))
    text = exact_text((coefficient, exponent + shift))
    if unit is None or unit == NUMBER:
        return f"{sign}{text}"
    name = str(unit)
    if unit.money and name.startswith(unit.money):
        return f"{sign}{sign_of(unit.money, 'USD')}{text}{name[3:]}"
    return f"{sign}{text}{name}" if unit.display in ("%", "pp", "x") else f"{sign}{text} {name}"
