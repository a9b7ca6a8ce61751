"""Units: what a number counts, as exponents of a few bases and a display form.

Money and time are hard: they must agree. Count nouns are labels, and ``%``, ``pp``, ``x`` and ``points`` only say how a
pure number is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from functools import lru_cache
from typing import Literal, NamedTuple

from impacttree.errors import Edit, Problem, QuantityError, printable
from impacttree.patterns import pattern
from impacttree.quantity.money import MONEY, SIGNS, code_of
from impacttree.quantity.nouns import COUNTED, plural, singular
from impacttree.quantity.numbers import SUFFIXES
from impacttree.records import dataclass

__all__ = [
    "MAX_CHARACTERS",
    "NUMBER",
    "PERCENT",
    "PERIODS_PER_YEAR",
    "POINTS",
    "PP",
    "TIMES",
    "Display",
    "Factors",
    "Period",
    "Scale",
    "Unit",
    "read_unit",
]

Period = Literal["day", "week", "month", "quarter", "year"]
Display = Literal["", "%", "pp", "x", "points"]
Factors = tuple[tuple[str, int], ...]

PERIODS_PER_YEAR: dict[str, float] = {"day": 365, "week": 365 / 7, "month": 12, "quarter": 4, "year": 1}
"""1 year = 4 quarters = 12 months = 365 days, 1 week = 7 days."""

MAX_CHARACTERS = 200
"""Longest quantity, unit or change that is read."""

_CALENDAR = frozenset(PERIODS_PER_YEAR)
_CLOCK = frozenset(("hour", "minute", "second"))
_TIME_WORDS = {
    "mo": "month", "mos": "month", "yr": "year", "yrs": "year", "wk": "week", "wks": "week", "qtr": "quarter",
    "qtrs": "quarter", "annum": "year", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute",
    "sec": "second", "secs": "second",
}  # fmt: skip
_DISPLAYS: dict[str, Display] = {
    "%": "%", "percent": "%", "pp": "pp", "x": "x", "times": "x", "point": "points", "points": "points",
    "pt": "points", "pts": "points",
}  # fmt: skip
_FIXES = {
    **dict.fromkeys(("thousand", "thousands"), "write `k` right after the number: 3k"),
    **dict.fromkeys(("m", "mm", "mn", "mio", "mil", "million", "millions"), "write `M` right after the number: 1.2M"),
    **dict.fromkeys(("b", "bn", "mrd", "bil", "billion", "billions"), "write `B` right after the number: 1.2B"),
    **dict.fromkeys(("tn", "trn", "trillion", "trillions"), "write `T` right after the number: 1.2T"),
    **dict.fromkeys(("bp", "bps", "ppt", "percentage", "percentage_points"), "write `pp`: 0.25pp"),
    **dict.fromkeys(("dollar", "dollars"), "write `$` or the ISO code: $29 or 29 USD"),
    **dict.fromkeys(("euro", "euros"), "write `€` or the ISO code: €29 or 29 EUR"),
    **dict.fromkeys(("cent", "cents"), "write the fraction of the currency: $0.05"),
    **dict.fromkeys(("usd", "eur", "gbp", "jpy", "chf", "cad", "aud", "inr", "cny"), "write the ISO code in capitals"),
    **dict.fromkeys(("nan", "inf", "infinity", "none", "null"), "write a number"),
    **dict.fromkeys(("to", "and", "or", "of", "in"), "a unit is words joined with `/`, a range is `low to high`"),
    "relative": "`relative` belongs to a change: +10% relative",
    "daily": "write `/day`",
    "weekly": "write `/week`",
    "monthly": "write `/month`",
    "quarterly": "write `/quarter`",
    "yearly": "write `/year`",
    "annually": "write `/year`",
}
_TOKEN = pattern(
    r"\s*(?:(?P<op>\*\*|\*|/|per(?![A-Za-z_-]))|(?P<number>-?[0-9][0-9_]*(?:[kKMBT](?![A-Za-z_-]))?(?![0-9.,]))"
    r"|(?P<word>%|[A-Z]{0,2}\$|[€£¥₹₩₪₫₱₺₽₴₦฿]|[A-Za-z]+(?:[_-][A-Za-z]+)*))",
    re.ASCII,
)
_INTEGER = pattern(r"-?[0-9]{1,3}", re.ASCII)
_HUNDREDS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
MULTIPLES: dict[str, str] = {
    **dict.fromkeys(("thousand", "thousands", "k"), "k"),
    **dict.fromkeys(("m", "mm", "mn", "mio", "mil", "million", "millions"), "M"),
    **dict.fromkeys(("b", "bn", "mrd", "bil", "billion", "billions"), "B"),
    **dict.fromkeys(("t", "tn", "trn", "trillion", "trillions"), "T"),
}
"""Words that people write for the suffixes of a number."""
_SPACE = " \t\n\r\f\v"


def refuse(
    reason: str, fix: str, text: str, span: tuple[int, int] | None = None, new: str | None = None
) -> QuantityError:
    """Make the error for `text`, with the part in `span` (all of it by default) marked.

    `new` is what stands there instead, where exactly one spelling is meant.
    """
    marked = span or (0, len(text))
    edit = None if new is None else Edit(*marked, new)
    return QuantityError(Problem(reason=reason, fix=fix, edit=edit, formula=text or " ", span=marked))


class Scale(NamedTuple):
    """What a number in a unit's own words is multiplied by: ``10**power / over``; ``$2/1M tokens`` is 2 * 10**-6."""

    power: int = 0
    over: int = 1


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit such as ``USD/user/month``, ``%/month`` or ``customers``.

    Parameters
    ----------
    display
        How a pure number is shown; empty for everything else.
    factors
        Sorted pairs of base and exponent, exponents never zero. Bases are ISO currency codes, calendar periods
        (``month``), clock times (``hour``) and singular lower-case nouns (``user``).

    Examples
    --------
    >>> arpu, churn = Unit.parse("$/customer/month"), Unit.parse("%/month")
    >>> str(arpu / churn)
    'USD/customer'
    """

    display: Display = ""
    factors: Factors = ()
    in_multiples: bool = field(default=False, compare=False)
    """Whether it was stated with a multiple (``$2/1M tokens``), so that an amount without it would be of one."""

    @staticmethod
    def parse(text: str, *, currency: str = "USD") -> Unit:
        """Read a unit; ``$`` is the tree's own dollar.

        Raises
        ------
        QuantityError
            If the text is not a unit; the message marks the spot.

        Examples
        --------
        >>> Unit.parse("$/user/month") == Unit.parse("USD per user per month")
        True
        """
        if not isinstance(text, str):
            raise QuantityError(f"a unit is text such as 'USD/month' or 'customers', not {type(text).__name__}")
        unit, scale = read_unit(text, currency)
        if scale != Scale():
            fix = f"write {unit} here, and the multiple at the number: 3M tokens, $2/1M tokens"
            raise refuse("a unit by itself counts single things", fix, text)
        return unit

    def __mul__(self, other: Unit) -> Unit:
        return Unit(_product_display(self, other), _merge(self.factors, other.factors, 1))

    def __truediv__(self, other: Unit) -> Unit:
        display = self.display if _is_plain(other) else ""
        return Unit(display, _merge(self.factors, other.factors, -1))

    def __pow__(self, exponent: int) -> Unit:
        if exponent == 0:
            return NUMBER
        display = self.display if exponent == 1 or (exponent > 1 and self.display == "%") else ""
        return Unit(display, tuple((base, power * exponent) for base, power in self.factors))

    @property
    def money(self) -> str | None:
        """ISO code of the money that is counted; None when money is absent or only divides."""
        return next((base for base, power in self.factors if power > 0 and base in MONEY), None)

    @property
    def is_money(self) -> bool:
        return self.money is not None

    @property
    def is_pure(self) -> bool:
        """True for a number without any base, whatever its display form."""
        return not self.factors

    @property
    def is_share(self) -> bool:
        """True when shown in % (``%`` and ``%/month``), or in points of it."""
        return self.display in ("%", "pp")

    @property
    def calendar(self) -> Factors:
        return tuple(factor for factor in self.factors if factor[0] in _CALENDAR)

    @property
    def clock(self) -> Factors:
        return tuple(factor for factor in self.factors if factor[0] in _CLOCK)

    @property
    def nouns(self) -> Factors:
        return tuple(factor for factor in self.factors if is_noun(factor[0]))

    def hard(self) -> Unit:
        """Return what must agree: money and time, without nouns and display form.

        Examples
        --------
        >>> str(Unit.parse("USD/user/month").hard())
        'USD/month'
        """
        return Unit("", tuple(factor for factor in self.factors if not is_noun(factor[0])))

    def per(self, period: str) -> bool:
        """Return True for a flow or rate per that calendar period."""
        return (period, -1) in self.factors

    def __str__(self) -> str:
        above: list[str] = [self.display] if self.display else []
        above += [_power(_plural(base), power) for base, power in _reading_order(self.factors) if power > 0]
        below = [_power(base, -power) for base, power in _reading_order(self.factors) if power < 0]
        return "/".join(["*".join(above) or ("1" if below else ""), *below])


NUMBER = Unit()
PERCENT = Unit("%")
PP = Unit("pp")
POINTS = Unit("points")
TIMES = Unit("x")


def is_noun(base: str) -> bool:
    """Return True for a count noun; money, calendar and clock are the other bases."""
    return base not in MONEY and base not in _CALENDAR and base not in _CLOCK


def _is_plain(unit: Unit) -> bool:
    """Return whether multiplying by `unit` keeps the other's display form: a bare number, or calendar time only."""
    return not unit.display and all(base in _CALENDAR for base, _ in unit.factors)


def _product_display(left: Unit, right: Unit) -> Display:
    if _is_plain(right):
        return left.display
    if _is_plain(left) or (left.display == right.display == "%"):
        return right.display
    return ""


def _merge(left: Factors, right: Factors, sign: int) -> Factors:
    if not right:
        return left
    powers = dict(left)
    for base, power in right:
        powers[base] = powers.get(base, 0) + sign * power
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def _reading_order(factors: Factors) -> Iterable[tuple[str, int]]:
    """Return the factors in the order of money, nouns, clock, calendar: ``USD/user/month``."""

    def rank(factor: tuple[str, int]) -> int:
        base = factor[0]
        return 0 if base in MONEY else 3 if base in _CALENDAR else 2 if base in _CLOCK else 1

    return sorted(factors, key=rank)


def _plural(base: str) -> str:
    return base if base in MONEY else plural(base)


def _power(base: str, power: int) -> str:
    return base if power == 1 else f"{base}**{power}"


@lru_cache(maxsize=4096)
def read_unit(text: str, currency: str) -> tuple[Unit, Scale]:
    """Read a unit that follows a number, whose denominators may hold numbers and whose nouns may be multiples.

    Examples
    --------
    >>> unit, scale = read_unit("USD/1k tokens", "USD")
    >>> str(unit), scale
    ('USD/token', Scale(power=-3, over=1))
    """
    if len(text) > MAX_CHARACTERS:
        raise QuantityError(f"a unit of {len(text)} characters is too long; at most {MAX_CHARACTERS} are read")
    return _Reader(text, currency).read()


_Token = tuple[str, str, tuple[int, int]]
"""Kind (``op``, ``number``, ``word``), text and span."""


class _Reader:
    """Reads one unit from left to right: terms joined by ``/``, ``*`` or ``per``, each with an optional power."""

    def __init__(self, text: str, currency: str) -> None:
        self.text = text
        self.currency = currency
        self.display: Display = ""
        self.powers: dict[str, int] = {}
        self.power, self.over = 0, 1
        """Of the scale."""

    def read(self) -> tuple[Unit, Scale]:
        tokens = self._tokens()
        position = 0
        while position < len(tokens):
            position = self._term(tokens, position)
        factors = tuple(sorted((base, power) for base, power in self.powers.items() if power))
        scale = Scale(self.power, self.over)
        return Unit(self.display, factors, in_multiples=scale != Scale()), scale

    def _term(self, tokens: list[_Token], position: int) -> int:
        """Read one term with the sign before it; return the position after it."""
        first, sign = position == 0, 1
        kind, word, span = tokens[position]
        if kind == "op" and word != "**":
            sign = 1 if word == "*" else -1
            position += 1
        elif not first:
            if word == "of" and self.display == "%" and not self.powers:
                return self._whole(tokens, position)
            raise self._error("cannot read this unit", self._joined(tokens, position), span)
        if position == len(tokens) or tokens[position][0] == "op" or (first and word == "*"):
            raise self._error("a unit is missing here", "write e.g. USD/user/month", span)
        if sign < 0:
            position = self._number(tokens, position)
        kind, word, span = tokens[position]
        position, power = position + 1, 1
        if position < len(tokens) and tokens[position][1] == "**":
            power, position = self._exponent(tokens, position)
        self._add(kind, word, span, sign * power, first)
        return position

    def _number(self, tokens: list[_Token], position: int) -> int:
        """Read the number of a denominator (``/1k tokens``), if there is one; return the position after it."""
        kind, word, span = tokens[position]
        power = _HUNDREDS.get(word.lower(), 0)
        is_followed = position + 1 < len(tokens) and tokens[position + 1][0] == "word"
        if kind != "number" and not (power and is_followed):
            return position
        if not is_followed or word.startswith("-"):
            raise self._error("what is counted is missing here", "write e.g. $2/1M tokens", span)
        number = 1 if power else int(word.rstrip("kKMBT"))
        if number == 0:
            raise self._error("nothing can be per 0", "write e.g. $2/1M tokens", span)
        power = power or SUFFIXES.get(word[-1].replace("K", "k"), 0)
        while number % 10 == 0:
            number, power = number // 10, power + 1
        self.power, self.over = self.power - power, self.over * number
        return position + 1

    def _whole(self, tokens: list[_Token], position: int) -> int:
        """Skip what a share is of (``% of gmv``); return the position after it."""
        end = position + 1
        while end < len(tokens) and tokens[end][0] == "word":
            end += 1
        if end == position + 1:
            raise self._error("what the share is of is missing here", "write e.g. 1.9% of gmv", tokens[position][2])
        return end

    def _joined(self, tokens: list[_Token], position: int) -> str:
        before, word = tokens[position - 1][1], tokens[position][1]
        if _is_time(word.lower()) and before.isalpha():
            return f"join the two with `-`: {before}-{word}"
        return "join words with `_`, units with `/`: paid_orders/month"

    def _tokens(self) -> list[_Token]:
        tokens = []
        position, end = 0, len(self.text.rstrip(_SPACE))
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self._unreadable(position)
            kind = match.lastgroup or ""
            tokens.append((kind, match[kind], match.span(kind)))
            position = match.end()
        return tokens

    def _unreadable(self, position: int) -> QuantityError:
        position += len(self.text[position:]) - len(self.text[position:].lstrip(_SPACE))
        fix = "a unit is words joined with `/`: USD/user/month, %/month, customers"
        if self.text[position] in "()":
            fix = "units take no parentheses: write USD/user/month"
        return self._error(f"cannot read {printable(self.text[position])!r} in a unit", fix, (position, position + 1))

    def _exponent(self, tokens: list[_Token], position: int) -> tuple[int, int]:
        if position + 1 == len(tokens) or not _INTEGER.fullmatch(tokens[position + 1][1]):
            raise self._error("a whole-number power is missing here", "write e.g. USD**2", tokens[position][2])
        return int(tokens[position + 1][1]), position + 2

    def _add(self, kind: str, word: str, span: tuple[int, int], power: int, first: bool) -> None:
        if kind == "number":
            if word != "1" or not first:
                raise self._error("a unit holds no number", "write it before the unit: 5 USD/user", span)
            return
        display = _DISPLAYS.get(word.lower())
        if display is None:
            for base in self._bases(word, span, power):
                self.powers[base] = self.powers.get(base, 0) + power
        elif first and power == 1:
            self.display = display
        elif display in ("%", "pp") or power > 0:
            raise self._error(f"`{word}` stands only at the start of a unit", "write 5%/month, not 5/%", span)

    def _bases(self, word: str, span: tuple[int, int], power: int) -> Iterator[str]:
        """Return the bases that one word names: two of ``customer-month`` and ``person-days``."""
        thing, _, time = word.rpartition("-")
        if thing and _is_time(time.lower()):
            yield self._base(thing, span, power)
            yield self._base(time, span, power)
        else:
            yield self._base(word, span, power)

    def _base(self, word: str, span: tuple[int, int], power: int) -> str:
        if word in MONEY:
            return word
        if word in SIGNS:
            return code_of(word, self.currency)
        lower = word.lower()
        if lower in _FIXES:
            raise self._error(f"`{word}` is not a unit", _FIXES[lower], span)
        if word.endswith("$"):
            raise self._error(f"`{word}` is not a known money sign", "write the ISO code: 29 USD", span)
        if len(word) == 1:
            raise self._error(f"`{word}` is not a unit", "spell the unit out: minutes, hours, days, orders", span)
        counted = singular(lower[1:])
        if counted in COUNTED and lower[0] in "mk" and not word[1:].isupper():
            if word[0] == "m":
                fix = f"write the multiple at the number: 1M {word[1:]}, $2/1M {word[1:]}"
                raise self._error(f"`{word}` could be thousands or millions of {word[1:]}", fix, span)
            self.power += SUFFIXES[word[0].replace("K", "k")] * power
            return counted
        return _TIME_WORDS.get(lower, singular(lower))

    def _error(self, reason: str, fix: str, span: tuple[int, int]) -> QuantityError:
        return refuse(reason, fix, self.text, span)


def _is_time(word: str) -> bool:
    base = _TIME_WORDS.get(word, singular(word))
    return base in _CALENDAR or base in _CLOCK
