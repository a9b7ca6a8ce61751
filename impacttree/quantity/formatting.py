"""Numbers as the reader sees them: one rounding rule, in the unit's own style.

Three significant digits, half away from zero on the shortest decimal form of the number, trailing zeros dropped
(``$17k``, ``$1.36M``, ``65.8k``), with one decimal at least on shares and multiples (``42.0%``, ``3.0x``). Cents are
those of the number (``$12.34``), and from 1,000 % on shares are multiples (``12.5x``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from impacttree.errors import QuantityError
from impacttree.quantity.money import sign_of
from impacttree.quantity.nouns import plural
from impacttree.quantity.numbers import (
    SUFFIXES,
    Decimal,
    exact,
    leading_place,
    plain,
    round_to,
    scientific,
)
from impacttree.quantity.units import Unit

__all__ = [
    "DIGITS",
    "cents_place",
    "format_percent_change",
    "format_signed",
    "format_value",
    "shown_levels",
    "shown_parts",
    "shown_shares",
    "style_of",
    "unit_words",
]

DIGITS = 3
"""Significant digits of every number shown, unless a caller asks for fewer or more."""

FACTOR = 10.0
"""From here on shares and relative changes are written as multiples: 1,000 %."""

MULTIPLES = 6
"""Multiples below 10 to this power are written out."""

CLOSURE_PLACES = 5
"""Powers of ten by which parts may exceed their total before the step grows: closure is promised to 1e-9 only."""

_SUFFIXES = tuple(sorted(((power, letter) for letter, power in SUFFIXES.items()), reverse=True))
_WITHOUT_CENTS = ("JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "XPF", "UGX", "RWF", "PYG")


class _Style(NamedTuple):
    """How numbers of one unit are written: sign before, word after, decimals at least, power of ten that is shown."""

    before: str = ""
    after: str = ""
    word: str = ""
    shift: int = 0
    decimals: int = 0
    cents: bool = False


def _style(unit: Unit, currency: str, difference: bool, is_multiple: bool = False) -> _Style:
    decimals = 0 if difference else 1
    if unit.is_share and not is_multiple:
        points = difference or unit.display == "pp"
        return _Style(after="pp", shift=2) if points else _Style(after="%", shift=2, decimals=decimals)
    if unit.is_share or unit.display == "x":
        return _Style(after="x", decimals=decimals)
    if unit.display == "points":
        return _Style(word="point")
    if unit.money is not None:
        return _Style(before=sign_of(unit.money, currency), cents=unit.money not in _WITHOUT_CENTS)
    time = next((base for base, power in unit.calendar + unit.clock if power > 0), "")
    return _Style(word=time)


def _decimal(value: float, shift: int) -> Decimal:
    if not math.isfinite(value):
        raise QuantityError(f"{value!r} cannot be shown: it is not a finite number")
    coefficient, exponent = exact(value)
    return coefficient, exponent + shift


def _suffix(number: Decimal, style: _Style) -> tuple[int, str]:
    """Return the power of ten and letter that shorten this rounded number; none for shares and small multiples."""
    place = leading_place(number)
    if style.shift or (style.after == "x" and place < MULTIPLES):
        return 0, ""
    return next(((power, letter) for power, letter in _SUFFIXES if place >= power), (0, ""))


def _text(rounded: Decimal, style: _Style, suffix: tuple[int, str], plus: bool) -> str:
    coefficient, exponent = rounded
    if coefficient == 0:
        suffix = (0, "")
    place = leading_place(rounded)
    if coefficient and not -7 < place < 15:
        number = scientific((abs(coefficient), exponent))
    else:
        decimals = 0 if style.after == "x" and place >= DIGITS - 1 else style.decimals
        number = plain((abs(coefficient), exponent - suffix[0]), decimals)
        if style.cents and not suffix[1] and "." in number and len(number) - number.index(".") == 2:
            number += "0"
        number += suffix[1]
    sign = "-" if coefficient < 0 else "+" if plus and coefficient > 0 else ""
    word = f" {style.word if number == '1' else plural(style.word)}" if style.word else ""
    return f"{sign}{style.before}{number}{style.after}{word}"


def _shown(value: float, style: _Style, digits: int | None, plus: bool, step: int | None = None) -> str:
    number = _decimal(value, style.shift)
    if digits is not None:
        style = style._replace(decimals=0)
    place = _place(number, style, digits)
    if step is not None:
        place = min(place, step)
    rounded = round_to(number, place), place
    return _text(rounded, style, _suffix(rounded, style), plus)


def _place(number: Decimal, style: _Style, digits: int | None) -> int:
    """Return the power of ten to which a number is rounded."""
    place = leading_place(number) - (digits or DIGITS) + 1
    if style.after == "%" and style.decimals:
        return min(place, -1)
    return -2 if style.cents and place == -1 else place


def is_factor(value: float, unit: Unit) -> bool:
    """Return whether a share is so large that it is written as a multiple: 12.5x for 1,250 %."""
    return unit.is_share and abs(value) >= FACTOR


def cents_place(value: float, unit: Unit, *, currency: str = "USD", digits: int | None = None) -> int | None:
    """Return the place to which an amount of money is rounded where that is below a whole one, else None.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> cents_place(99.99, Unit.parse("USD")), cents_place(12.345, Unit.parse("USD"), digits=5)
    (-2, -3)
    >>> cents_place(123.4, Unit.parse("USD")), cents_place(10.0, Unit.parse("USD"))
    (None, None)
    """
    style = _style(unit, currency, difference=False)
    number = _decimal(value, 0)
    place = _place(number, style, digits)
    rounded = round_to(number, place)
    return place if style.cents and place < 0 and rounded % int(10**-place) else None


def format_value(
    value: float, unit: Unit, *, currency: str = "USD", digits: int | None = None, step: int | None = None
) -> str:
    """Write a value in its unit's style, without denominators (see `unit_words`).

    Parameters
    ----------
    value
        In base units: 0.42 for a share of 42 %.
    unit
        Decides sign, ``%``, ``x``, ``points`` or time word.
    currency
        The tree's own currency, whose sign may be short.
    digits
        Significant digits, 3 if not given.
    step
        Power of ten to which it is written at least.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> [format_value(0.42, Unit("%")), format_value(17_020, Unit.parse("USD/month")), format_value(4.5, Unit("x"))]
    ['42.0%', '$17k', '4.5x']
    >>> [format_value(65_800, Unit.parse("customers")), format_value(6.2, Unit.parse("days"))]
    ['65.8k', '6.2 days']
    """
    style = _style(unit, currency, difference=False, is_multiple=is_factor(value, unit))
    return _shown(value, style, digits, plus=False, step=step)


def format_signed(value: float, unit: Unit, *, currency: str = "USD", digits: int | None = None) -> str:
    """Write a difference with its sign; differences of shares are percentage points.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> format_signed(17_020, Unit.parse("USD")), format_signed(-0.003, Unit("%"))
    ('+$17k', '-0.3pp')
    """
    style = _style(unit, currency, difference=True, is_multiple=is_factor(value, unit))
    return _shown(value, style, digits, plus=True)


def format_percent_change(ratio: float) -> str:
    """Write a relative change; two decimals at most, unless that leaves fewer than two digits.

    From 1,000 % on it is written as a multiple.

    Examples
    --------
    >>> format_percent_change(0.006412), format_percent_change(0.01274), format_percent_change(-0.000123)
    ('+0.64%', '+1.27%', '-0.012%')
    """
    if abs(ratio) >= FACTOR:
        return _shown(ratio, _Style(after="x"), None, plus=True)
    number = _decimal(ratio, 2)
    place = max(leading_place(number) - DIGITS + 1, min(-2, leading_place(number) - 1))
    rounded = round_to(number, place), place
    style = _Style(after="%", shift=2)
    return _text(rounded, style, _suffix(rounded, style), plus=True)


def style_of(unit: Unit, *, currency: str = "USD", difference: bool = False) -> dict[str, Any]:
    """Return how numbers of a unit are written, as data, for scripts that write them by the same rules.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> style_of(Unit.parse("USD"))["before"], style_of(Unit.parse("days"))["words"]
    ('$', ('day', 'days'))
    """
    style = _style(unit, currency, difference)
    words = (style.word, plural(style.word)) if style.word else ("", "")
    return {
        "before": style.before,
        "after": style.after,
        "words": words,
        "shift": style.shift,
        "decimals": style.decimals,
        "cents": style.cents,
    }


def unit_words(unit: Unit) -> str:
    """Write the denominators that `format_value` leaves out.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> unit_words(Unit.parse("USD/user/month")), unit_words(Unit.parse("customers"))
    ('per user per month', '')
    """
    words = str(unit).split("/")[1:]
    return " ".join(f"per {word}" for word in words)


def shown_parts(
    parts: Sequence[float], total: float, unit: Unit, *, currency: str = "USD"
) -> tuple[tuple[str, ...], str]:
    """Write the parts of a difference and their total at one common step, so that what is shown adds up.

    The step is that of the total at three significant digits (coarser where parts are far larger than the total).
    What rounding leaves over goes to the parts with the largest remainders.

    Returns
    -------
    tuple of tuple of str and str
        Signed texts of the parts, in order, and of the total.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> shown_parts([15_649.0, 871.0, 480.0], 17_000.0, Unit.parse("USD"))
    (('+$15.6k', '+$0.9k', '+$0.5k'), '+$17k')
    """
    style = _style(unit, currency, difference=True)
    decimals = [_decimal(part, style.shift) for part in parts]
    whole = _decimal(total, style.shift)
    largest = max((leading_place(part) for part in decimals if part[0]), default=leading_place(whole))
    lead = max(leading_place(whole), largest - CLOSURE_PLACES) if whole[0] else largest
    place = lead - DIGITS + 1
    units = round_to(whole, place)
    counts = _apportion(decimals, units, place)
    suffix = _suffix((units, place) if units else (1, lead), style)
    texts = tuple(_text((count, place), style, suffix, plus=True) for count in counts)
    return texts, _text((units, place), style, suffix, plus=True)


def shown_levels(
    levels: Sequence[float], unit: Unit, *, currency: str = "USD"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write levels that follow each other, and the steps between them, so that each level and step make the next one.

    All stand at one common step: that of the first level at three significant digits (coarser where others are far
    larger).

    Returns
    -------
    tuple of tuple of str and tuple of str
        Signed texts of the levels, and of the steps, one fewer.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> shown_levels([116_400.0, 420_300.0, 116_400.0], Unit.parse("USD"))
    (('+$116k', '+$420k', '+$116k'), ('+$304k', '-$304k'))
    """
    style = _style(unit, currency, difference=True)
    decimals = [_decimal(level, style.shift) for level in levels]
    places = [leading_place(level) for level in decimals if level[0]]
    largest = max(places, default=0)
    lead = max(leading_place(decimals[0]), largest - CLOSURE_PLACES) if decimals[0][0] else largest
    place = lead - DIGITS + 1
    counts = [round_to(level, place) for level in decimals]
    suffix = _suffix((max(counts, key=abs), place), style) if any(counts) else _suffix((1, lead), style)

    def written(count: int) -> str:
        return _text((count, place), style, suffix, plus=True)

    steps = tuple(written(after - before) for before, after in pairwise(counts))
    return tuple(map(written, counts)), steps


def shown_shares(shares: Sequence[float]) -> tuple[str, ...]:
    """Write shares in whole percents that add up to their rounded sum: 100% where they add to 1.

    Examples
    --------
    >>> shown_shares([1 / 3, 1 / 3, 1 / 3])
    ('34%', '33%', '33%')
    """
    decimals = [_decimal(share, 2) for share in shares]
    units = round_to(_decimal(round(math.fsum(shares), 9), 2), 0)
    return tuple(f"{count}%" for count in _apportion(decimals, units, 0))


def _apportion(parts: Sequence[Decimal], total: int, place: int) -> list[int]:
    """Round parts to whole numbers of ``10**place`` that add to `total`, by largest remainder (Hamilton)."""
    floors, remainders = [], []
    for coefficient, exponent in parts:
        step = int(10 ** max(0, place - exponent))
        floor, remainder = divmod(coefficient * int(10 ** max(0, exponent - place)), step)
        floors.append(floor)
        remainders.append(remainder / step)
    left = total - sum(floors)
    if not 0 <= left <= len(parts):
        raise QuantityError("the parts do not add up to the total")
    for i in sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[:left]:
        floors[i] += 1
    return floors
