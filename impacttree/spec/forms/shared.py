"""What the forms of an assumed effect share: the two metrics, the term that comes of a form, ranges and words."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from impacttree.formula.ast import Binary, Call, Expr, Name, Number
from impacttree.quantity import (
    Add,
    Change,
    Points,
    Quantity,
    Slope,
    Spread,
    Unit,
    effect_misfit,
    format_signed,
    format_value,
    in_unit_of_effect,
    parse_slope_spread,
    parse_spread,
)
from impacttree.records import dataclass
from impacttree.spec.address import Address

__all__ = ["Effect", "Pair", "RefusedError", "Side", "ValuelessError"]


class Side(NamedTuple):
    """One end of an assumed effect: a metric, its unit, and its value today where it has one."""

    name: str
    label: str
    unit: Unit
    value: float | None

    def shown(self, value: float, currency: str) -> str:
        return format_value(value, self.unit, currency=currency)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a form comes to: the term that joins the rule of the driven metric, and what outputs say of it."""

    curve: str
    """The form whose curve it is: ``slope`` for a difference of two groups."""
    joins: Literal["+", "*"]
    term: Expr
    words: str
    parameters: tuple[tuple[str, float], ...] = ()
    """Addresses and central values, as they count."""
    spread: Spread | None = None
    """What is stated of the one parameter beyond its value, as it counts."""
    divisor: Expr | None = None
    """What the term divides by, which must be above zero today."""


class RefusedError(Exception):
    """A driver cannot be used: at which key, why, and what to do."""

    def __init__(self, key: str, reason: str, fix: str) -> None:
        super().__init__(key, reason, fix)
        self.key, self.reason, self.fix = key, reason, fix


class ValuelessError(Exception):
    """A driver asks for today's value of a metric that has none."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two metrics of an assumed effect, and what is stated beside its form.

    Parameters
    ----------
    form
        The key of the form, where what is wrong is reported.
    source, target
        The driving metric and the driven one.
    currency
        What ``$`` means.
    lag
        Periods until the effect shows.
    range
        What the driver states as `range`: text, a mapping, or None.
    counted
        The share of the stated effect that counts.
    """

    form: str
    source: Side
    target: Side
    currency: str
    lag: int
    range: Any
    counted: float

    @property
    def x(self) -> Expr:
        """The driving metric when it acts."""
        name = Name(self.source.name)
        return Call("lag", (name, Number(float(self.lag), str(self.lag)))) if self.lag else name

    @property
    def x0(self) -> Expr:
        """The driving metric today."""
        return Call("baseline", (Name(self.source.name),))

    def address(self, key: str) -> str:
        return str(Address(self.target.name, self.source.name, key))

    # ---- numbers in the units of the two metrics

    def fitting(self, quantity: Quantity, side: Side, key: str) -> float:
        """Return the number of a quantity that is in the unit of one side."""
        wrong = effect_misfit(quantity.unit, side.unit)
        if wrong is not None:
            raise RefusedError(key, f"{quantity.text}: {wrong[0]}", wrong[1])
        return quantity.central()

    def difference(self, quantity: Quantity, key: str) -> Quantity:
        """Return a difference of the driven metric; that of a share is in points."""
        wrong = effect_misfit(quantity.unit, self.target.unit)
        if wrong is None and quantity.unit is not None and quantity.unit.display == "%":
            wrong = ("`%` could mean points or a ratio", "write differences of a share in pp: -0.5pp to -0.1pp")
        if wrong is not None:
            raise RefusedError(key, *wrong)
        return quantity

    def need_positive(self, what: str) -> None:
        """Refuse a driving metric that is not above zero today."""
        if self.source.value is None:
            raise ValuelessError
        if self.source.value <= 0:
            today = self.source.shown(self.source.value, self.currency)
            reason = f"{what} needs a driver above zero, and '{self.source.name}' is {today} today"
            key = self.form if self.form != "when" else "then"
            raise RefusedError(key, reason, f"use a slope: {self.slope_example()}")

    # ---- ranges

    def spread(self) -> Quantity | None:
        """Return the stated range, as a quantity in whatever unit it is written."""
        return None if self.range is None else parse_spread(self.range, currency=self.currency)

    def spread_of_differences(self, effect: float, said: Change) -> Spread | None:
        """Return the stated range of differences of the driven metric, which must hold the effect.

        A range without a unit is in that of the effect as it is said.
        """
        stated = self.spread()
        if stated is None:
            return None
        if stated.unit is None:
            return self.holding(effect, in_unit_of_effect(stated, said))
        return self.holding(effect, self.difference(stated, "range").spread)

    def said(self, amount: float) -> Change:
        """Return a difference of the driven metric as a change: that of a share in points."""
        return Points(100 * amount) if self.target.unit.is_share else Add(amount)

    def spread_of_slope(self, slope: Slope, *, percent: bool = False) -> Spread | None:
        """Return the range of a slope, stated apart or beside it."""
        if self.range is None:
            return slope.spread
        spread, *units = parse_slope_spread(self.range, currency=self.currency, percent=percent, like=slope)
        if units != [slope.above, slope.below]:
            raise RefusedError("range", "the range is in other units than the effect", "write both in one unit")
        return self.holding(slope.value, spread)

    @staticmethod
    def holding(effect: float, spread: Spread | None) -> Spread | None:
        """Return the spread, if the stated effect lies within it."""
        if spread is None:
            return None
        low, high = spread.ends()
        if not low - 1e-9 * (high - low) <= effect <= high + 1e-9 * (high - low):
            reason = "the effect lies outside its range"
            raise RefusedError("range", reason, "a range is P10 to P90 and holds the effect")
        if spread.kind == "p10_p50_p90" and abs(spread.numbers[1] - effect) > 1e-9 * (high - low):
            fix = "leave p50 out, or correct one of them"
            raise RefusedError("range", "the effect is not the P50 of its range", fix)
        return spread

    def scaled(self, spread: Spread | None, factor: float) -> Spread | None:
        """Return the spread of `factor` times what has this one."""
        scaled = spread.times(factor) if spread else None
        if spread is not None and scaled is None:
            key = "range" if self.range is not None else self.form
            what = "a part" if spread.kind == "beta" else "the opposite"
            reason = f"{what} of a {spread.kind} is not one"
            raise RefusedError(key, reason, "write its p10 and p90, or {ci95: ...}")
        return scaled

    # ---- what counts, and words

    def part(self, response: Expr) -> Expr:
        """Return what counts of a response."""
        if self.counted == 1:
            return response
        return Binary("*", Number(self.counted, repr(self.counted)), response)

    def start(self) -> str:
        """Return what ends the words: the value today, and the share that counts."""
        start = "" if self.source.value is None else f", from {self.source.shown(self.source.value, self.currency)}"
        return start if self.counted == 1 else f"{start}, counted at {100 * self.counted:.4g}%"

    def step(self) -> float:
        """Return a readable step of the driving metric: 1pp of a share, else a power of ten well below its value."""
        if self.source.unit.is_share:
            return 0.01
        size = abs(self.source.value or 1.0)
        exponent = math.floor(math.log10(size)) if size else 0
        return 10.0 ** (max(exponent - 1, 0) if size >= 1 else exponent - 1)

    def per_step(self) -> str:
        """Return ``per +1pp``."""
        return f"per {format_signed(self.step(), self.source.unit, currency=self.currency)}"

    def signed(self, value: float) -> str:
        """Write a difference of the driven metric."""
        return format_signed(value, self.target.unit, currency=self.currency)

    def step_words(self) -> str:
        """Return what a slope is per: ``pp``, ``point``, ``visits``."""
        unit = self.source.unit
        if unit.is_share:
            return "pp"
        above = (f"{base}**{power}" if power > 1 else base for base, power in unit.factors if power > 0)
        return "point" if unit.display == "points" else "*".join(above) or "1"

    def slope_example(self) -> str:
        own = self.target.unit
        above = Unit(own.display, tuple(factor for factor in own.factors if factor[1] > 0))
        amount = "-0.1pp" if own.is_share else f"{own.money} 2" if own.money else f"2 {above}".rstrip()
        return f"{amount} per {self.step_words()}"
