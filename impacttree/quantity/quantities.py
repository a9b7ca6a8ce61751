"""Quantities: a number with its unit, and what is known beyond the point."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any, Generic, Literal, NamedTuple, NoReturn, TypeVar

from impacttree.errors import QuantityError, nearest, printable
from impacttree.patterns import pattern
from impacttree.quantity.numbers import NUMBER_PATTERN, SUFFIXES, literal
from impacttree.quantity.slips import correction, leading_zeros
from impacttree.quantity.spreads import Bounds, Spread
from impacttree.quantity.units import MAX_CHARACTERS, MULTIPLES, NUMBER, PERCENT, Scale, Unit, read_unit, refuse
from impacttree.records import dataclass

__all__ = [
    "Numbers",
    "Quantity",
    "RawQuantity",
    "Written",
    "parse_quantity",
    "parse_range",
    "parse_spread",
    "power_of",
    "read_amount",
    "read_spread",
    "shown_mapping",
]

U = TypeVar("U")

RawQuantity = str | int | float | Mapping[str, object]
"""What a model file or a Python call gives."""

MAX_OUTCOMES = 100
"""Most outcomes of a `discrete` distribution."""

MAX_SHOWN = 12
"""Most entries of a mapping or list that are shown in messages."""

LARGEST_SHOWN = 10**15

MAX_BETA = 1_000_000
"""Largest parameter of a beta distribution: successes or failures that were counted."""

_AMOUNT = pattern(
    r"(?P<sign>[+-]?)\s*(?P<money>[A-Z]{0,2}\$|[€£¥₹₩₪₫₱₺₽₴₦฿]|[A-Z]{3}(?=\s*[\d.]))?\s*"
    + NUMBER_PATTERN
    + r"(?:\s?(?P<suffix>[kKMBT])(?=(?:x|pp)?(?![A-Za-z0-9_$-])))?\s*(?P<unit>.*)",
    re.ASCII | re.DOTALL,
)
_GROUPED = pattern(r"\d{1,3}(?:([,.])\d{3})+(?!\d)", re.ASCII)
_COMMAS = pattern(r"\d[\d,.]*,[\d,.]*\d", re.ASCII)
_INNER_SIGN = pattern(r"([A-Z]{0,2}\$|[€£¥₹₩₪₫₱₺₽₴₦฿]|[A-Z]{3})\s*([+-])\s*(?=[\d.])", re.ASCII)
_DOTTED = pattern(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
"""``9.000``: nine thousand to some readers, nine to others."""
_DASHED = pattern(r"[\d%kKMB]\s*-\s*[$€£]?\d", re.ASCII)
_LOOK_ALIKES = frozenset("−–—‐‑‒~…±")
_TO = pattern(r"\s+to\s+", re.ASCII)
_BELOW = pattern(r"/|per\s", re.ASCII)

SpreadKind = Literal["normal", "lognormal", "beta", "triangular", "uniform"]
_PARAMETERS: dict[SpreadKind, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "lognormal": ("mean", "sd"),
    "beta": ("alpha", "beta"),
    "triangular": ("low", "mode", "high"),
    "uniform": ("low", "high"),
}
QUANTITY_KEYS = ("value", "p10", "p50", "p90", "ci95", *_PARAMETERS, "discrete")
"""Of a mapping that states one number with what is known beyond it."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a person states it.

    Parameters
    ----------
    value
        The stated point in base units (``42%`` is 0.42); None where only a range or distribution is stated.
    unit
        The unit as written; None for a bare number.
    spread
        What is known beyond the point.
    text
        As written, for messages.
    """

    value: float | None
    unit: Unit | None
    spread: Spread | None
    text: str
    is_formula: bool = False
    """Whether the text is a formula over other metrics, which the start of a stock may be; it states no number."""

    def central(self, bounds: Bounds | None = None) -> float:
        """Return the stated point, else the P50 of the spread (the mean of a discrete one or a beta).

        Parameters
        ----------
        bounds
            The metric's bounds: a range strictly within them is read as logit-normal.

        Examples
        --------
        >>> parse_quantity("10 to 1000").central()
        100.0
        """
        if self.value is not None:
            return self.value
        if self.spread is None:
            raise QuantityError(f"'{printable(self.text)}' states no number")
        return self.spread.central(bounds)

    def low_high(self) -> tuple[float, float] | None:
        """Return the stated P10 and P90, exactly; None where none are stated.

        Examples
        --------
        >>> parse_quantity("42% (40% to 45%)").low_high()
        (0.4, 0.45)
        """
        return self.spread.low_high() if self.spread else None


class Written(NamedTuple):
    """One signed amount in a text: digits and exponent still apart, so that a unit's scale is applied exactly."""

    sign: str
    digits: str
    exponent: int
    unit: Unit | None
    scale: Scale = Scale()
    """What the unit's own words add: a thousandth in ``$0.002/1k tokens``."""

    def value(self, text: str, whole: Written | None = None) -> float:
        """Return the amount in base units, of its own unit or else of the amount that it goes with."""
        unit, scale = self.unit, self.scale
        if whole is not None and (unit is None or (whole.unit is not None and _shortened(unit, whole.unit))):
            unit, scale = whole.unit, whole.scale
        return self._replace(scale=scale).shifted(text, power_of(unit))

    def shifted(self, text: str, shift: int = 0) -> float:
        """Return the amount as written (2.0 for ``2pp``) times ``10**shift``."""
        try:
            number = literal(self.digits, self.exponent + self.scale.power + shift) / self.scale.over
        except OverflowError:
            raise refuse("this number is too large or too small", "", text) from None
        return -number if self.sign == "-" and number else number


def power_of(unit: Unit | None) -> int:
    """Return the power of ten between what is written and base units: -2 for ``%`` and ``pp``."""
    return -2 if unit is not None and unit.is_share else 0


def read_amount(text: str, currency: str) -> Written:
    """Read one amount: sign, money sign, digits, suffix, unit.

    Raises
    ------
    QuantityError
        If the text is anything else.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or "," in text or not (text.isascii() or _LOOK_ALIKES.isdisjoint(text)):
        _not_an_amount(text)
    zeros = leading_zeros(text)
    if zeros != (0, 0):
        without = text[: zeros[0]] + text[zeros[1] :]
        raise refuse("a number does not start with a zero", f"write {printable(without, 40)}", text, zeros, "")
    sign, money, digits, exponent, suffix, rest = match.groups()
    power = (int(exponent) if exponent else 0) + (SUFFIXES["k" if suffix == "K" else suffix] if suffix else 0)
    unit, scale = (None, Scale()) if not rest and not money else _unit(text, match, money, rest, currency)
    if _DOTTED.fullmatch(digits) and not (exponent or suffix):
        _refuse_dotted(text, match.span("digits"), digits, unit)
    return Written(sign, digits, power, unit, scale)


def _refuse_dotted(text: str, span: tuple[int, int], digits: str, unit: Unit | None) -> None:
    """Refuse ``9.000 customers``, where the point may group thousands: on what is counted, and on whole amounts."""
    is_whole = digits.endswith(".000") and digits != "1.000" and (unit is None or not unit.display)
    is_price = unit is not None and any(power < 0 for _, power in unit.nouns)
    counts = unit is not None and not is_price and (unit.is_money or any(power > 0 for _, power in unit.nouns))
    if is_whole or counts:
        grouped, decimal = (
            printable(f"{text[: span[0]]}{number}{text[span[1] :]}", 40)
            for number in (digits.replace(".", "_"), _as_decimal(digits))
        )
        fix = f"write {grouped} or, as a decimal, {decimal}"
        raise refuse("a point before three digits is ambiguous", fix, text, span)


def _refuse_suffix(text: str, match: re.Match[str], money: str | None, rest: str) -> None:
    """Refuse what people write for a suffix (``$5m``, ``5 million users``), or between thousands (``1.127.540``)."""
    start = match.start("unit")
    grouped = re.match(r"(?:\.\d{3})+(?!\d)", rest)
    if grouped and _DOTTED.fullmatch(match["digits"]):
        number = (match["digits"] + grouped[0]).replace(".", "_")
        shown = printable(f"{text[: match.start('digits')]}{number}{rest[grouped.end() :]}", 40)
        raise refuse("points between thousands are not read", f"write {shown}", text, (start, start + grouped.end()))
    word = re.match(r"[A-Za-z]+", rest)
    if word is None or word[0].lower() not in MULTIPLES or match["suffix"]:
        return
    shown = printable(text[:start].rstrip() + MULTIPLES[word[0].lower()] + rest[word.end() :], 40)
    fix = f"write {shown}"
    if len(word[0]) == 1 and not money:
        fix += ", or spell the unit out: minutes, months"
    raise refuse(f"`{word[0]}` is not a suffix of a number", fix, text, (start, start + word.end()))


def _unit(text: str, match: re.Match[str], money: str | None, rest: str, currency: str) -> tuple[Unit, Scale]:
    start = match.start("unit")
    _refuse_suffix(text, match, money, rest)
    if money and rest and not _BELOW.match(rest):
        fix = "after the number only `/...` may follow: $29/user/month"
        raise refuse("the currency stands before the number", fix, text, (start, len(text)))
    try:
        unit, scale = read_unit(rest, currency) if rest else (NUMBER, Scale())
        if not money:
            return _apart(text, start, unit), scale
        whole = Unit.parse(money, currency=currency) * unit
        return Unit(whole.display, whole.factors, in_multiples=unit.in_multiples), scale
    except QuantityError as error:
        if _DASHED.search(text):
            raise refuse("this is not a number with a unit", "write a range as `40% to 45%`", text) from None
        problem = error.problems[0]
        shift = start if problem.formula == rest else 0
        span = (problem.span[0] + shift, problem.span[1] + shift)
        raise refuse(problem.reason, problem.fix, text, span) from None


def _apart(text: str, start: int, unit: Unit) -> Unit:
    """Refuse ``1.2Musers``, where a suffix would be read as part of the noun."""
    if not text[start - 1].isspace() and any(power > 0 for _, power in unit.nouns):
        fix = "put a space between them: 1.2M users"
        raise refuse("the unit is written together with its number", fix, text, (start, len(text)))
    return unit


def _not_an_amount(text: str) -> NoReturn:
    if "," in text:
        at = text.index(",")
        raise refuse("a comma in a number is ambiguous", _without_commas(text), text, (at, at + 1))
    inner = _INNER_SIGN.match(text)
    if inner:
        space = " " if inner[1].isalpha() else ""
        shown = f"{inner[2]}{inner[1]}{space}{text[inner.end() :]}"
        raise refuse("the sign stands before the currency", f"write {shown}", text, inner.span(2))
    at = next((at for at, character in enumerate(text) if character in _LOOK_ALIKES), -1)
    if at >= 0:
        fix = "write a range as `40% to 45%`, a minus as `-`"
        raise refuse(f"cannot read {text[at]!r} here", fix, text, (at, at + 1))
    if text.lower().strip("+-. ") in ("nan", "inf", "infinity"):
        raise refuse("this is not a finite number", "write the number itself", text)
    if text.startswith("("):
        raise refuse("a number in parentheses is ambiguous", "write a negative number with `-`", text)
    raise refuse("this is not a number with a unit", "write e.g. 42%, 1.2M, $29/user/month, 40% to 45%", text)


def _without_commas(text: str) -> str:
    """Return the fix of a number with commas: thousands, a decimal, or either where both could be meant."""
    match = _COMMAS.search(text)
    if match is None:
        return f"write {printable(text.replace(',', ''), 40)}"
    number = match[0]
    last, other = (",", ".") if number.rfind(",") > number.rfind(".") else (".", ",")
    head, tail = text[: match.start()], text[match.end() :]

    def shown(whole: str) -> str:
        return printable(f"{head}{whole}{tail}", 40)

    if last in number and other in number:
        whole, _, fraction = number.rpartition(last)
        return f"write {shown(re.sub('[,.]', '_', whole) + '.' + fraction)}"
    grouped = number.replace(",", "_")
    if number.count(",") > 1:
        return f"write {shown(grouped)}"
    decimal = number.replace(",", ".")
    if not _GROUPED.fullmatch(number):
        return f"write {shown(decimal)}"
    return f"write {shown(grouped)} or, as a decimal, {shown(_as_decimal(decimal))}"


def _as_decimal(number: str) -> str:
    """Return a decimal that nobody takes for thousands: ``9.0`` of 9.000, ``9.1250`` of 9.125."""
    whole, _, fraction = number.partition(".")
    shorter = fraction.rstrip("0") or "0"
    return f"{whole}.{shorter if len(shorter) != 3 else fraction + '0'}"


def parse_quantity(raw: RawQuantity, *, currency: str = "USD") -> Quantity:
    """Read a quantity in any of the ways people write them.

    Parameters
    ----------
    raw
        ``42%``, ``1.2M``, ``65_800 customers``, ``$29/user/month``, ``29 USD/user/month``; ``point (low to high)``;
        ``low to high``; a number; or a mapping with ``p10 p50 p90``, ``ci95``, ``normal``, ``lognormal``, ``beta``,
        ``triangular``, ``uniform`` or ``discrete``, and an optional ``value``.
    currency
        The tree's currency, which decides what ``$`` means.

    Raises
    ------
    QuantityError
        If it is something else, not finite, or ambiguous (``1,200``).

    Examples
    --------
    >>> parse_quantity("$1.2M/month").value
    1200000.0
    >>> parse_quantity("42% (40% to 45%)").spread
    Spread(kind='p10_p90', numbers=(0.4, 0.45))
    """
    if isinstance(raw, str):
        try:
            return _from_text(raw, currency)
        except QuantityError as error:
            raise _corrected(raw.strip(), currency) or error from None
    if isinstance(raw, Mapping):
        return _from_mapping(raw, currency)
    return _from_number(raw)


def _corrected(text: str, currency: str) -> QuantityError | None:
    """Return the error with the one spelling that is meant, if there is one and it is read."""
    reason, new = correction(text) if len(text) <= MAX_CHARACTERS else ("", "")
    if not new:
        return None
    try:
        _from_text(new, currency)
    except QuantityError:
        return None
    return refuse(reason, f"write {printable(new, 60)}", text, None, new)


def parse_range(raw: RawQuantity, *, currency: str = "USD") -> Quantity:
    """Read ``low to high``, as bounds, plausible and observed ranges are written; the spread holds both ends.

    Examples
    --------
    >>> parse_range("0% to 100%").low_high()
    (0.0, 1.0)
    """
    quantity = parse_quantity(raw, currency=currency) if isinstance(raw, str) else None
    if quantity is None or quantity.value is not None or quantity.low_high() is None:
        raise QuantityError(f"'{printable(_flow(raw, 2), 60)}' is not a range: write `low to high`, e.g. 40% to 46%")
    return quantity


def parse_spread(raw: str | Mapping[str, object], *, currency: str = "USD") -> Quantity:
    """Read what is known of a number whose point is stated elsewhere: ``low to high``, or a mapping without `value`.

    Examples
    --------
    >>> parse_spread({"ci95": "-0.5pp to -0.1pp"}).spread
    Spread(kind='ci95', numbers=(-0.005, -0.001))
    """
    if not isinstance(raw, Mapping):
        return parse_range(raw, currency=currency)
    refuse_point(raw)
    return parse_quantity(raw, currency=currency)


def refuse_point(raw: Mapping[str, object]) -> None:
    """Refuse what cannot stand in the range of an effect."""
    for key, fix in (
        ("value", "the effect is stated already: leave `value` out"),
        ("beta", "a beta is of a probability: write p10 and p90, or ci95"),
    ):
        if key in raw:
            raise QuantityError(f"{shown_mapping(raw)}: `{key}` has no place in the range of an effect: {fix}")


def _from_number(raw: object) -> Quantity:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise QuantityError(f"a quantity is a number or text such as '42%', not {_kind(raw)}")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise QuantityError("a quantity is a finite number: write the number itself")
    return Quantity(value + 0.0, None, None, repr(int(raw) if isinstance(raw, int) else value))


def _kind(raw: object) -> str:
    return "nothing" if raw is None else "true or false" if isinstance(raw, bool) else f"a {type(raw).__name__}"


def _from_text(raw: str, currency: str) -> Quantity:
    text = raw.strip()
    if len(text) > MAX_CHARACTERS:
        raise QuantityError(
            f"'{printable(text, 40)}' is too long for a quantity: at most {MAX_CHARACTERS} characters are read"
        )
    if text.endswith(")") and "(" in text:
        head, _, inside = text[:-1].partition("(")
        return _point_and_range(text, head.strip(), inside.strip(), currency)
    if " to " in text or _TO.search(text):
        unit, low, high = _low_high(text, currency, None)
        return Quantity(None, unit, Spread("p10_p90", (low, high)), text)
    amount = read_amount(text, currency)
    return Quantity(amount.value(text), amount.unit, None, text)


def _point_and_range(text: str, head: str, inside: str, currency: str) -> Quantity:
    if not head:
        _not_an_amount(text)
    point = read_amount(head, currency)
    unit, low, high = _low_high(inside, currency, point)
    if point.unit is not None and unit is not None and _shortened(unit, point.unit):
        unit = point.unit
    _same_unit(text, point.unit or unit, unit)
    value = point.value(text, point if point.unit is not None else Written("", "0", 0, unit))
    if not low <= value <= high:
        raise refuse("the point lies outside its range", "a range is P10 to P90 and holds the point", text)
    return Quantity(value, unit, Spread("p10_p90", (low, high)), text)


def _low_high(text: str, currency: str, default: Written | None) -> tuple[Unit | None, float, float]:
    """Read ``low to high``; an end without a unit takes that of the other end, or else the default."""
    ends = _TO.split(text)
    if len(ends) != 2:
        raise refuse("this is not a range", "write `low to high`: 40% to 45%", text)
    low, high = (read_amount(end, currency) for end in ends)
    stated = next((end for end in (high, low, default) if end is not None and end.unit is not None), None)
    unit = stated.unit if stated else None
    first = low.unit or unit
    if first is not None and unit is not None and not _shortened(first, unit):
        _same_unit(text, first, unit)
    whole = stated
    if default is not None and default.unit is not None and unit is not None and _shortened(unit, default.unit):
        whole = default
    ends_values = low.value(text, whole), high.value(text, whole)
    if not ends_values[0] < ends_values[1]:
        raise refuse("the low end of a range must be below its high end", "write `low to high`", text)
    return unit, *ends_values


def _shortened(first: Unit, whole: Unit) -> bool:
    """Return whether `first` is `whole` without its denominators, as in ``$25 to $33/user``."""
    above = tuple(factor for factor in whole.factors if factor[1] > 0)
    return first.display == whole.display and first.factors == above


def _same_unit(text: str, first: Unit | None, second: Unit | None) -> None:
    if first != second:
        raise refuse(f"units differ: {first or 'none'} and {second or 'none'}", "write both in one unit", text)


def _from_mapping(raw: Mapping[str, object], currency: str) -> Quantity:
    text = shown_mapping(raw)
    reader = _numbers(text, currency)
    value = reader.number(raw["value"]) if "value" in raw else None
    spread = read_spread(raw, text, reader, currency)
    unit = PERCENT if spread.kind == "beta" and reader.unit is None else reader.unit
    if value is not None:
        _holds(text, spread, value)
    return Quantity(value, unit, spread, text)


class Numbers(Generic[U]):
    """Reads the numbers of a mapping, all of which must be in one unit.

    Parameters
    ----------
    text
        The mapping, for messages.
    one, two
        How one number is read, and how ``low to high``, each with its unit.
    """

    def __init__(
        self, text: str, one: Callable[[object], tuple[float, U]], two: Callable[[object], tuple[float, float, U]]
    ) -> None:
        self.text, self.one, self.two = text, one, two
        self.unit: U | None = None
        self.started = False

    def number(self, raw: object) -> float:
        value, unit = self.one(raw)
        self._agree(unit)
        return value

    def range(self, raw: object) -> tuple[float, float]:
        if isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw) == 2:
            return self.number(raw[0]), self.number(raw[1])
        low, high, unit = self.two(raw)
        self._agree(unit)
        return low, high

    def _agree(self, unit: U) -> None:
        if self.started and unit != self.unit:
            raise QuantityError(
                f"{self.text}: units differ: {self.unit or 'none'} and {unit or 'none'}: write every number in one unit"
            )
        self.unit, self.started = unit, True


def _numbers(text: str, currency: str) -> Numbers[Unit | None]:
    def one(raw: object) -> tuple[float, Unit | None]:
        quantity = _scalar(raw, currency, text)
        assert quantity.value is not None
        return quantity.value, quantity.unit

    def two(raw: object) -> tuple[float, float, Unit | None]:
        quantity = parse_range(raw if isinstance(raw, str) else shown_mapping(raw), currency=currency)
        assert quantity.spread is not None
        low, high = quantity.spread.numbers
        return low, high, quantity.unit

    return Numbers(text, one, two)


def _scalar(raw: object, currency: str, text: str) -> Quantity:
    if not isinstance(raw, (str, int, float)):
        raise QuantityError(f"{text}: a number is expected, not {_kind(raw)}")
    quantity = parse_quantity(raw, currency=currency)
    if quantity.value is None or quantity.spread is not None:
        raise QuantityError(f"{text}: '{printable(quantity.text, 60)}' must be one number here")
    return quantity


def read_spread(raw: Mapping[str, object], text: str, reader: Numbers[Any], currency: str) -> Spread:
    """Read the range or distribution that a mapping states.

    Raises
    ------
    QuantityError
        If it states none, or more than one, or numbers that are not in order.
    """
    for key in raw:
        if key not in QUANTITY_KEYS:
            shown = _flow(key, 1)
            known = nearest(shown, QUANTITY_KEYS)
            raise QuantityError(
                f"'{printable(shown, 40)}' is not a part of a quantity{known}: it takes {', '.join(QUANTITY_KEYS)}"
            )
    keys = frozenset(raw) - {"value"}
    if keys in ({"p10", "p90"}, {"p10", "p50", "p90"}):
        numbers = tuple(reader.number(raw[key]) for key in ("p10", "p50", "p90") if key in keys)
        _increasing(text, numbers)
        if len(numbers) == 3 and "value" in raw:
            raise QuantityError(f"{text}: `value` and `p50` say the same: keep one")
        return Spread("p10_p90" if len(numbers) == 2 else "p10_p50_p90", numbers)
    if len(keys) != 1 or "p10" in keys or "p50" in keys or "p90" in keys:
        raise QuantityError(f"{text}: give one of p10 and p90 (with p50 or not), {', '.join(QUANTITY_KEYS[4:])}")
    if "ci95" in keys:
        return Spread("ci95", _increasing(text, reader.range(raw["ci95"])))
    for kind, names in _PARAMETERS.items():
        if kind in keys:
            numbers = _parameters(kind, names, raw[kind], text, reader, currency)
            _check(kind, numbers, text)
            return Spread(kind, numbers)
    return _discrete(raw["discrete"], text, reader, currency)


def _parameters(
    kind: SpreadKind, names: tuple[str, ...], raw: object, text: str, reader: Numbers[Any], currency: str
) -> tuple[float, ...]:
    if kind == "uniform" and isinstance(raw, str):
        return reader.range(raw)
    if isinstance(raw, Mapping) and set(raw) == set(names):
        values = [raw[name] for name in names]
    elif isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw) == len(names):
        values = list(raw)
    else:
        form = ", ".join(f"{name}: ..." for name in names)
        raise QuantityError(f"{text}: write {kind}: {{{form}}}")
    if kind == "beta":
        reader = _numbers(text, currency)
    numbers = tuple(reader.number(value) for value in values)
    if kind == "beta" and reader.unit is not None:
        raise QuantityError(f"{text}: alpha and beta are bare numbers")
    return numbers


def _check(kind: SpreadKind, numbers: tuple[float, ...], text: str) -> None:
    if kind in ("normal", "lognormal") and numbers[1] <= 0:
        raise QuantityError(f"{text}: sd must be above zero")
    if kind == "lognormal" and numbers[0] <= 0:
        raise QuantityError(f"{text}: the mean of a lognormal must be above zero: use normal")
    if kind == "beta" and not (min(numbers) > 0 and max(numbers) <= MAX_BETA):
        raise QuantityError(f"{text}: alpha and beta must be above zero and at most {MAX_BETA:_}")
    if kind == "uniform":
        _increasing(text, numbers)
    if kind == "triangular" and not (numbers[0] <= numbers[1] <= numbers[2] and numbers[0] < numbers[2]):
        raise QuantityError(f"{text}: low, mode and high must increase")


def _increasing(text: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(numbers)):
        raise QuantityError(f"{text}: the numbers must increase from low to high")
    return numbers


def _discrete(raw: object, text: str, reader: Numbers[Any], currency: str) -> Spread:
    pairs = list(raw.items()) if isinstance(raw, Mapping) else raw
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not 2 <= len(pairs) <= MAX_OUTCOMES:
        raise QuantityError(f"{text}: write discrete: [[value, probability], ...] with 2 to {MAX_OUTCOMES} outcomes")
    numbers: list[float] = []
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise QuantityError(f"{text}: each outcome is [value, probability]")
        numbers += [reader.number(pair[0]), _probability(pair[1], text, currency)]
    if abs(math.fsum(numbers[1::2]) - 1.0) > 1e-9:
        raise QuantityError(f"{text}: the probabilities add up to {math.fsum(numbers[1::2]):.6g}, not to 1")
    return Spread("discrete", tuple(numbers))


def _probability(raw: object, text: str, currency: str) -> float:
    quantity = _scalar(raw, currency, text)
    value = quantity.value
    if value is None or quantity.unit not in (None, PERCENT) or not 0 < value <= 1:
        raise QuantityError(f"{text}: a probability is a share above 0, such as 30% or 0.3")
    return value


def _holds(text: str, spread: Spread, value: float) -> None:
    low, high = spread.ends()
    if not low <= value <= high:
        raise QuantityError(f"{text}: the value lies outside its own range or distribution")


def shown_mapping(raw: object) -> str:
    """Return a mapping or list in flow style, cut to a readable length."""
    return printable(_flow(raw, 4), MAX_CHARACTERS)


def _flow(raw: object, depth: int) -> str:
    if depth == 0:
        return "..."
    if isinstance(raw, Mapping):
        pairs = islice(raw.items(), MAX_SHOWN)
        return "{" + ", ".join(f"{_flow(key, 1)}: {_flow(value, depth - 1)}" for key, value in pairs) + "}"
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return "[" + ", ".join(_flow(item, depth - 1) for item in raw[:MAX_SHOWN]) + "]"
    if isinstance(raw, str):
        return raw[: 2 * MAX_CHARACTERS]
    if isinstance(raw, int) and not -LARGEST_SHOWN < raw < LARGEST_SHOWN:
        return "a huge number"
    return str(raw) if isinstance(raw, (int, float)) and not isinstance(raw, bool) else _kind(raw)
