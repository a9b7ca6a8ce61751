"""Changes as people say them (``+1%``, ``+2pp``, ``-$3``, ``=45%``), and what they do to a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from impacttree.errors import ChangeError, Problem, QuantityError, printable
from impacttree.quantity.formatting import format_value
from impacttree.quantity.money import sign_of
from impacttree.quantity.numbers import exact, exact_text
from impacttree.quantity.quantities import read_amount
from impacttree.quantity.spreads import Bounds
from impacttree.quantity.units import MAX_CHARACTERS, NUMBER, POINTS, PP, Unit

__all__ = [
    "Add",
    "Change",
    "Intervention",
    "Points",
    "Relative",
    "Set",
    "add",
    "misfit",
    "parse_change",
    "points",
    "relative",
    "resolve",
    "to",
]


@dataclass(frozen=True, slots=True)
class Relative:
    """Multiply by ``1 + ratio``; `stated` when said to be relative, not only written with ``%``."""

    ratio: float
    stated: bool = False

    def __str__(self) -> str:
        return f"{_signed(self.ratio, 2)}%"


@dataclass(frozen=True, slots=True)
class Points:
    """Add percentage points: 2.0 is ``+2pp``."""

    points: float

    def __str__(self) -> str:
        return f"{_signed(self.points)}pp"


@dataclass(frozen=True, slots=True)
class Add:
    """Add an amount in base units; `typed` when given as a number in the metric's own unit."""

    amount: float
    unit: Unit | None = None
    typed: bool = False

    def __str__(self) -> str:
        return _amount_text(self.amount, self.unit, signed=True)


@dataclass(frozen=True, slots=True)
class Set:
    """Fix at a value in base units; `typed` when given as a number in the metric's own unit."""

    value: float
    unit: Unit | None = None
    typed: bool = False

    def __str__(self) -> str:
        return f"={_amount_text(self.value, self.unit, signed=False)}"


Change = Relative | Points | Add | Set


@dataclass(frozen=True, slots=True)
class Intervention:
    """What the engine does: ``wrap`` shows ``F * scale + shift``, ``fix`` shows ``shift``."""

    kind: Literal["wrap", "fix"]
    scale: float = 1.0
    shift: float = 0.0

    def apply(self, value: float) -> float:
        """Return what the metric shows when it would have `value` without the change."""
        return self.shift if self.kind == "fix" else value * self.scale + self.shift


def relative(ratio: float) -> Relative:
    """Return the change that multiplies by ``1 + ratio``.

    Examples
    --------
    >>> str(relative(0.01))
    '+1%'
    """
    return Relative(_finite(ratio), stated=True)


def points(points: float) -> Points:
    """Return the change that adds percentage points.

    Examples
    --------
    >>> from impacttree.quantity import points
    >>> str(points(-0.5))
    '-0.5pp'
    """
    return Points(_finite(points))


def add(amount: float) -> Add:
    """Return the change that adds an amount in the metric's own unit (a share of 2 % is 0.02).

    Examples
    --------
    >>> str(add(500))
    '+500'
    """
    return Add(_finite(amount), typed=True)


def to(value: float) -> Set:
    """Return the change that fixes a metric at a value in its own unit (45 % is 0.45).

    Examples
    --------
    >>> str(to(0.45))
    '=0.45'
    """
    return Set(_finite(value), typed=True)


def parse_change(text: str | Change, *, currency: str = "USD") -> Change:
    """Read a change; a `Change` is returned as it is.

    Raises
    ------
    ChangeError
        If the text has no sign, is no number with a unit, or is a bare Python number.

    Examples
    --------
    >>> parse_change("+1%")
    Relative(ratio=0.01, stated=False)
    >>> parse_change("-0.3pp"), str(parse_change("=$32"))
    (Points(points=-0.3), '=$32')
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
    if " to " in stripped:
        raise _wrong(stripped, "a change is one amount, not a range", "write the amount you mean: +1%")
    try:
        return _set(stripped, currency) if stripped[0] == "=" else _move(stripped, currency)
    except QuantityError as error:
        raise ChangeError(*error.problems) from None


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
    fix = f"write '+{shown}' to add or '={shown}' to set" if plain else "write e.g. '+1%', '+2pp', '-$3' or '=45%'"
    return ChangeError(Problem(reason=f"a change starts with `+`, `-` or `=`, '{shown}' does not", fix=fix))


def _set(text: str, currency: str) -> Set:
    amount = read_amount(text[1:].strip(), currency)
    if amount.unit is not None and amount.unit.display == "pp":
        raise _wrong(text, "`pp` is a difference, not a level", f"write {text.replace('pp', '%')} to set a share")
    return Set(amount.value(text), amount.unit)


def _move(text: str, currency: str) -> Change:
    body, stated = (text[: -len("relative")].rstrip(), True) if text.endswith("relative") else (text, False)
    amount = read_amount(body, currency)
    display = amount.unit.display if amount.unit else ""
    if stated and (display != "%" or amount.unit is None or not amount.unit.is_pure):
        raise _wrong(text, "only a percentage can be relative", "write e.g. +10% relative")
    if display == "%":
        if amount.unit is not None and not amount.unit.is_pure:
            raise _wrong(text, "a relative change has no period", "write +1% to multiply or +0.5pp/month to add")
        return Relative(amount.value(text), stated)
    if amount.unit is not None and amount.unit == PP:
        return Points(amount.shifted(text))
    return Add(amount.value(text), amount.unit)


def _wrong(text: str, reason: str, fix: str) -> ChangeError:
    return ChangeError(Problem(reason=reason, fix=fix, formula=text, span=(0, len(text))))


def _finite(number: float) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ChangeError(f"a number is expected, not a {type(number).__name__}")
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ChangeError("a change must be a finite number")
    return value


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


def misfit(written: Unit | None, own: Unit) -> tuple[str, str] | None:
    """Return the reason and the fix if a number written in one unit does not fit a metric's own, else None.

    A bare number (None) takes the metric's unit, but not on money and shares, where it could mean two things. Money and
    shares may leave denominators out. What is written must match.

    Examples
    --------
    >>> misfit(Unit.parse("$"), Unit.parse("USD/user/month")) is None
    True
    >>> misfit(None, Unit.parse("%"))
    ('a bare number could mean a fraction or a percentage', 'write it with its unit: %')
    """
    if written is None or written == NUMBER:
        return _bare(own)
    fix = f"write it in {own}" if str(own) else "write a plain number"
    if not _same_display(written, own):
        return f"{written} does not fit a metric in {str(own) or 'plain numbers'}", fix
    loose = own.is_money or own.is_share
    missing = [factor for factor in own.factors if factor not in written.factors]
    extra = any(factor not in own.factors for factor in written.factors)
    if extra or any(power > 0 or not loose for _, power in missing):
        return f"{written} does not fit a metric in {str(own) or 'plain numbers'}", fix
    return None


def _bare(own: Unit) -> tuple[str, str] | None:
    if own.is_share:
        return "a bare number could mean a fraction or a percentage", f"write it with its unit: {own}"
    if own.is_money:
        return "a bare number does not say which money", f"write it with its currency: {own.money}"
    return None


def _same_display(written: Unit, own: Unit) -> bool:
    if own.is_share:
        return written.is_share
    return written.display in ("", own.display) if own.display else written.display != "pp"


def resolve(
    changes: Sequence[Change],
    *,
    name: str,
    unit: Unit,
    base: float,
    bounds: Bounds | None = None,
    in_file: bool = False,
) -> Intervention:
    """Turn all changes on one metric into one intervention: set, then products, then sums.

    Parameters
    ----------
    changes
        What is done to the metric; at most one `Set`.
    name, unit, base, bounds
        The metric: its name, unit, value today, and bounds if it has any.
    in_file
        True for a scenario in a model file, where ``%`` on a metric shown in % must say ``relative`` or be ``pp``.

    Raises
    ------
    ChangeError
        If a change does not fit the metric; the message names the form that does.

    Examples
    --------
    >>> resolve([parse_change("+10%"), parse_change("+$2")], name="arpu", unit=Unit.parse("USD"), base=29.0)
    Intervention(kind='wrap', scale=1.1, shift=2.0)
    """
    metric = _Metric(name, unit, base, bounds, in_file)
    sets = [change for change in changes if isinstance(change, Set)]
    if len(sets) > 1:
        raise metric.error(f"is set twice ({sets[0]} and {sets[1]})", "keep one")
    start = metric.set_value(sets[0]) if sets else base
    ratios = [metric.ratio(change, start) for change in changes if isinstance(change, Relative)]
    scale = math.prod(ratios, start=1.0)
    shift = math.fsum(metric.amount(change) for change in changes if isinstance(change, (Points, Add)))
    shown = start * scale + shift
    if not math.isfinite(shown):
        raise metric.error("becomes too large", "use a smaller change")
    metric.check_bounds(shown, changes)
    return Intervention("fix", shift=shown) if sets else Intervention("wrap", scale, shift)


class _Metric(NamedTuple):
    """The metric that is changed, and what can be refused about it."""

    name: str
    unit: Unit
    base: float
    bounds: Bounds | None
    in_file: bool

    def error(self, reason: str, fix: str) -> ChangeError:
        return ChangeError(Problem(reason=f"'{printable(self.name, 80)}' {reason}", fix=fix))

    def set_value(self, change: Set) -> float:
        self._fits(change)
        return change.value

    def ratio(self, change: Relative, start: float) -> float:
        if start <= 0:
            raise self.error(
                f"is {self._shown(start)}, and a relative change ({change}) means nothing at or below zero",
                f"write an absolute change: {self._absolute_form()}",
            )
        if self.in_file and self.unit.is_share and not change.stated:
            raise self.error(
                f"is shown in %, so {change} could mean a ratio or points",
                f"write '{change} relative' or '{str(change).replace('%', 'pp')}'",
            )
        return 1.0 + change.ratio

    def amount(self, change: Points | Add) -> float:
        if isinstance(change, Add):
            self._fits(change)
            return change.amount
        if not self.unit.is_share:
            raise self.error(
                f"is not shown in %, so {change} has no meaning for it", f"write e.g. {self._absolute_form()} or +1%"
            )
        return change.points / 100

    def check_bounds(self, shown: float, changes: Sequence[Change]) -> None:
        if self.bounds is None or not changes:
            return
        low, high = self.bounds
        slack = 1e-12 * (high - low)
        already_outside = not low <= self.base <= high and not any(isinstance(change, Set) for change in changes)
        if already_outside or low - slack <= shown <= high + slack:
            return
        written = ", ".join(str(change) for change in changes)
        limits = f"{self._shown(low)} to {self._shown(high)}"
        raise self.error(
            f"would be {self._shown(shown)} with {written}, outside its bounds {limits}",
            "use a smaller change or widen the bounds",
        )

    def _fits(self, change: Add | Set) -> None:
        if change.typed:
            return
        wrong = misfit(change.unit, self.unit)
        if wrong is not None:
            raise self.error(f"cannot take {change}: {wrong[0]}", wrong[1])

    def _shown(self, value: float) -> str:
        return format_value(value, self.unit)

    def _absolute_form(self) -> str:
        if self.unit.is_share:
            return "+2pp"
        if self.unit.is_money:
            return f"+{sign_of(self.unit.money or '', 'USD')}3"
        return "+5 points" if self.unit == POINTS else "+5"
