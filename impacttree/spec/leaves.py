"""How the single values of a model are read: each function takes what was written and returns what is meant, or raises.

Written means text from a file, or text, numbers, dates and lists from Python; the same functions read both.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, cast, get_args

from impacttree.errors import Edit, FormulaError, ImpactTreeError, Problem, meant, printable
from impacttree.formula import Binary, Call, Expr, Name, names, parse_expression, walk
from impacttree.formula.calculations import worked_out
from impacttree.patterns import pattern
from impacttree.quantity import (
    MONEY,
    PERCENT,
    PERIODS_PER_YEAR,
    TIMES,
    Period,
    Quantity,
    Unit,
    parse_change,
    parse_quantity,
    parse_range,
    parse_slope,
)
from impacttree.quantity.units import MAX_CHARACTERS
from impacttree.records import dataclass
from impacttree.spec.places import Key
from impacttree.spec.yaml_events import BROKEN, read_yaml
from impacttree.spec.yaml_text import flow_text

__all__ = [
    "MAX_HORIZON",
    "NAME",
    "Context",
    "Finding",
    "Periods",
    "Wrong",
    "as_name",
    "change",
    "choice",
    "code",
    "day",
    "factor",
    "flag",
    "formula",
    "items",
    "line",
    "metric_value",
    "name",
    "other_periods",
    "pairs",
    "periods",
    "prose",
    "quantities",
    "quantity",
    "semi_elasticity",
    "share",
    "slope",
    "span",
    "spread",
    "start",
    "text_or_mapping",
    "unit_of",
    "whole",
]

MAX_HORIZON = 36_500
"""Longest horizon: a hundred years of days."""

NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""What metric and scenario names look like."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and the path of keys that leads to it; `at_key` when the key, not its value, is wrong."""

    path: tuple[Key, ...]
    problem: Problem
    at_key: bool = False

    def below(self, *above: Key) -> Finding:
        return replace(self, path=(*above, *self.path))


class Wrong(ValueError):
    """What was written cannot be used; no findings when that is reported already."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self.findings = findings


@dataclass(slots=True)
class Context:
    """What reading a value needs to know, and where it leaves what is wrong with parts that it can do without."""

    currency: str = "USD"
    findings: list[Finding] = field(default_factory=list)


def wrong(reason: str, fix: str = "", *path: Key, edit: Edit | None = None) -> Wrong:
    return Wrong(Finding(path, Problem(reason=reason, fix=fix, edit=edit)))


def whole_of(text: str, new: str) -> Edit:
    """Return the edit that puts `new` in place of all of a text."""
    return Edit(0, len(text), new)


def stated(raw: object) -> Any:
    """Return `raw`, unless nothing usable is written."""
    if raw is BROKEN:
        raise Wrong
    if raw is None:
        raise wrong("nothing is written here", "give a value, or leave the key out")
    return raw


def text_of(raw: object, what: str, example: str) -> str:
    """Return the stripped text."""
    if not isinstance(stated(raw), str):
        raise wrong(f"{what} is text, not {_kind(raw)}", f"write e.g. {example}")
    text = str(raw).strip()
    if not text:
        raise wrong("nothing is written here", "give a value, or leave the key out")
    return text


def _kind(raw: object) -> str:
    match raw:
        case bool():
            return "true or false"
        case Mapping():
            return "a mapping"
        case str():
            return "text"
        case Sequence() | set() | frozenset():
            return "a list"
        case int() | float():
            return "a number"
        case _:
            return f"an object of type {type(raw).__name__}"


# ---- text

_JOINERS = "\u200c\u200d"
"""Invisible, but part of how scripts and emoji are written."""


def prose(raw: object) -> str:
    """Read text of any length and any number of lines, without control characters."""
    text = text_of(raw, "this", "Weekly engagement").replace("\r\n", "\n")
    if not text.isprintable() and (found := next(filter(_is_control, text), "")):
        raise wrong(f"holds the control character U+{ord(found):04X}", "remove it")
    return text


def _is_control(character: str) -> bool:
    """Return whether a character steers (direction, end of line, half a pair) instead of being seen."""
    if character.isprintable() or character in "\n\t":
        return False
    from unicodedata import category

    return category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS


def line(raw: object) -> str:
    """Read text of one line."""
    text = prose(raw)
    if "\n" in text or "\t" in text:
        raise wrong("goes over several lines, or holds a tab", "write it in one line, with spaces")
    return text


def formula(raw: object) -> str:
    """Read a formula's text; what it says is checked later."""
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        raise wrong("a formula is text, not a number", "write a stated number as `value`")
    return text_of(raw, "a formula", "customers * arpu").replace("\r\n", "\n")


def name(raw: object) -> str:
    """Read the name of a metric or scenario."""
    text = text_of(raw, "a name", "weekly_engagement")
    if not NAME.fullmatch(text):
        fix, better = "use letters, digits and _, not starting with a digit", as_name(text)
        if better:
            fix += f": {better}"
        raise wrong(f"'{printable(text, 60)}' cannot be a name", fix, edit=whole_of(text, better) if better else None)
    return text


def as_name(text: str) -> str:
    """Return the name that is nearest to a text; empty where no letter of it can stand in one.

    Examples
    --------
    >>> as_name("take-rate"), as_name("promo push"), as_name("2nd order")
    ('take_rate', 'promo_push', '_2nd_order')
    """
    better = re.sub(r"[^A-Za-z0-9]+", "_", text[:60]).strip("_")
    return f"_{better}" if better[:1].isdigit() else better


# ---- choices, whole numbers, dates


def choice(closed: Any, said: Mapping[str, str] = MappingProxyType({})) -> Callable[[object], str]:
    """Return the reader of a closed set of words, given as a `Literal`; `said` is what else people call them."""
    words: tuple[str, ...] = get_args(closed)

    def read(raw: object) -> str:
        if not isinstance(stated(raw), str) or str(raw).strip() not in words:
            shown = f"'{printable(raw, 40)}'" if isinstance(raw, str) else _kind(raw)
            plain = raw.strip().lower() if isinstance(raw, str) else ""
            likely = said.get(plain) or (meant(raw, words) if isinstance(raw, str) else "")
            hint = f" (did you mean '{likely}'?)" if likely else ""
            edit = whole_of(str(raw), likely) if likely else None
            raise wrong(f"{shown} is not known here{hint}", f"write one of {', '.join(words)}", edit=edit)
        return str(raw).strip()

    return read


def flag(raw: object) -> bool:
    """Read ``true`` or ``false``."""
    if isinstance(stated(raw), bool):
        return bool(raw)
    if raw in ("true", "false"):
        return raw == "true"
    said = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    likely = said.get(str(raw).strip().lower())
    edit = whole_of(str(raw), likely) if likely else None
    raise wrong(f"{_shown(raw)} is neither true nor false", f"write {likely or 'true or false'}", edit=edit)


def whole(low: int, high: int) -> Callable[[object], int]:
    """Return the reader of whole numbers within both limits."""

    def read(raw: object) -> int:
        text = str(raw).strip() if isinstance(stated(raw), (str, int)) and not isinstance(raw, bool) else ""
        plain = re.sub(r"^0+(?=[0-9])|\.0*$", "", text)
        if not re.fullmatch(r"[0-9]{1,9}", plain, re.ASCII) or not low <= int(plain) <= high:
            raise wrong(f"{_shown(raw)} is not a whole number from {low} to {high:_}", "write e.g. 12")
        if plain != text:
            reason = f"{_shown(raw)} is not how a whole number is written"
            raise wrong(reason, f"write {plain}", edit=whole_of(str(raw), plain))
        return int(text)

    return read


class Periods(int):
    """A number of periods, with the period that was written beside it (``18 months``); empty where none was."""

    period: str

    def __new__(cls, number: int, period: str = "") -> Periods:
        """Make the number; `period` does not count in comparisons."""
        made = super().__new__(cls, number)
        made.period = period
        return made


def periods(low: int, high: int) -> Callable[[object], Periods]:
    """Return the reader of whole numbers of periods within both limits: ``18`` or ``18 months``."""
    read_number = whole(low, high)

    def read(raw: object) -> Periods:
        if isinstance(raw, Periods):
            return raw
        match = re.fullmatch(r"\s*(\S+)\s+([A-Za-z]+)\s*", raw, re.ASCII) if isinstance(raw, str) else None
        if match is None:
            return Periods(read_number(raw))
        unit: Unit = _asked(Unit.parse, match[2], "USD")
        if len(unit.calendar) != 1 or unit != Unit("", unit.calendar):
            raise wrong(f"{_shown(raw)} is not a number of periods", f"write {match[1]}, or e.g. {match[1]} months")
        return Periods(read_number(match[1]), unit.calendar[0][0])

    return read


def other_periods(number: Periods, period: Period) -> tuple[str, str]:
    """Return what is wrong with a number of periods that are not those of a tree, and what to write."""
    count = number * PERIODS_PER_YEAR[period] / PERIODS_PER_YEAR[cast("Period", number.period)]
    fix = (
        f"write {round(count)} {period}{'s' if round(count) != 1 else ''}" if round(count) else f"write it in {period}s"
    )
    near = "" if abs(count - round(count)) < 1e-9 else f", which is nearly {count:.4g}"
    return f"the tree steps by {period}, not by {number.period}{near}", fix


def day(raw: object) -> datetime.date:
    """Read a date written ``2026-03-01``."""
    if isinstance(stated(raw), datetime.date) and not isinstance(raw, datetime.datetime):
        return raw  # type: ignore[return-value]
    if isinstance(raw, str) and re.fullmatch(r"\s*\d{4}-\d\d-\d\d\s*", raw, re.ASCII):
        try:
            return datetime.date.fromisoformat(raw.strip())
        except ValueError:
            raise wrong(f"{_shown(raw)} is not in the calendar", "write e.g. 2026-03-01") from None
    parts = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", str(raw).strip(), re.ASCII)
    likely = f"{parts[1]}-{int(parts[2]):02}-{int(parts[3]):02}" if parts else ""
    fix = f"write {likely}" if likely else "write year, month and day, e.g. 2026-03-01"
    raise wrong(f"{_shown(raw)} is not a date", fix, edit=whole_of(str(raw), likely) if likely else None)


_SIGNS = {"US$": "USD", "€": "EUR", "£": "GBP", "C$": "CAD", "A$": "AUD", "₹": "INR", "₩": "KRW"}


def code(raw: object) -> str:
    """Read an ISO 4217 currency code."""
    text = text_of(raw, "a currency", "USD")
    if text not in MONEY:
        reason = f"'{printable(text, 20)}' is not an ISO 4217 currency code"
        likely = text.upper() if text.upper() in MONEY else _SIGNS.get(text, "")
        edit = whole_of(text, likely) if likely else None
        raise wrong(reason, f"write {likely or 'e.g. USD, EUR or GBP'}", edit=edit)
    return text


def _shown(raw: object) -> str:
    return f"'{printable(str(raw), 40)}'" if isinstance(raw, (str, int, float)) else _kind(raw)


# ---- numbers with units


def quantity(raw: object, currency: str) -> Quantity:
    """Read a quantity: text, a number, or a mapping such as ``{p10: 1%, p90: 3%}``."""
    if isinstance(stated(raw), Quantity):
        return _readable(raw, currency)  # type: ignore[arg-type]
    if isinstance(raw, Mapping):
        plain = as_texts(raw, 4)
        mapped: Quantity = _asked(parse_quantity, plain, currency)
        return replace(mapped, text=flow_text(plain))
    text = text_of(raw, "", "") if isinstance(raw, str) else _number(raw)
    try:
        found: Quantity = _asked(parse_quantity, text, currency)
    except Wrong as error:
        if not isinstance(text, str) or any(finding.problem.edit for finding in error.findings):
            raise
        expression = _calculation(text)
        number = worked_out(expression) if expression else ""
        if not number:
            raise
        reason = f"'{text}' is a calculation, not a number"
        problem = Problem(reason=reason, fix=f"write {number}", edit=whole_of(text, number))
        raise Wrong(Finding((), problem)) from None
    return found


def metric_value(raw: object, currency: str) -> Quantity:
    """Read the value of a metric, and tell a formula that stands there from what is not a value at all."""
    try:
        return quantity(raw, currency)
    except Wrong:
        if not isinstance(raw, str):
            raise
        expression = _calculation(raw)
        if expression is None or not any(isinstance(node, Name) for node in walk(expression)):
            raise
        reason = f"'{printable(raw.strip(), 60)}' is a formula, not a number"
        fix, edit = "write `formula:` in place of `value:`", Edit(0, len("value"), "formula")
        problem = Problem(reason=reason, fix=fix, edit=edit)
        raise Wrong(Finding((), problem, at_key=True)) from None


def _calculation(text: str) -> Expr | None:
    """Return what a text calculates; None where it is not a formula, or only a number or a name."""
    try:
        expression = parse_expression(text) if len(text) <= MAX_CHARACTERS else None
    except FormulaError:
        return None
    return expression if isinstance(expression, Binary | Call) else None


def start(raw: object, currency: str) -> Quantity:
    """Read the value of a stock at t = 0: a quantity, or a formula over stated metrics."""
    try:
        return quantity(raw, currency)
    except Wrong:
        text = raw.strip() if isinstance(raw, str) else ""
        try:
            is_formula = bool(text) and bool(names(parse_expression(text)))
        except FormulaError:
            is_formula = False
        if not is_formula:
            raise
        return Quantity(None, None, None, text, is_formula=True)


def factor(largest: int) -> Callable[[object], Quantity]:
    """Return the reader of factors above 1 and up to the largest."""

    def read(raw: object) -> Quantity:
        found = quantity(raw, "USD")
        if found.value is None or found.spread is not None or found.unit not in (None, TIMES):
            raise wrong(f"'{printable(found.text, 40)}' is not a factor", "write a plain number above 1, e.g. 2.5")
        if not 1 < found.value <= largest:
            raise wrong(f"a factor is above 1 and at most {largest:_}, not {found.text}", "write e.g. 2.5")
        return found

    return read


def share(raw: object) -> Quantity:
    """Read a share above zero, up to all."""
    found = quantity(raw, "USD")
    if found.value is None or found.spread is not None or found.unit not in (None, PERCENT):
        raise wrong(f"'{printable(found.text, 40)}' is not a share", "write e.g. 50%")
    if not 0 < found.value <= 1:
        raise wrong(f"a share is above 0% and at most 100%, not {found.text}", "write e.g. 50%")
    return found


def _readable(raw: Quantity, currency: str) -> Quantity:
    """Return a quantity made elsewhere, if its text tells what it is: long mappings are cut there for messages."""
    if not raw.text.startswith("{"):
        return raw
    again = quantity(written(raw), currency)
    if replace(again, text=raw.text, unit=raw.unit) != raw:
        raise wrong(f"'{printable(raw.text, 60)}' does not tell the whole quantity", "give the mapping itself")
    return replace(raw, text=again.text)


def written(raw: Quantity) -> Any:
    """Return what a `Quantity` was read from: its text, or the mapping that its text shows."""
    return text_or_mapping(raw.text)


def text_or_mapping(text: str) -> Any:
    """Return a text, or the mapping that it shows in braces."""
    return read_yaml(text).data if text.startswith("{") else text


def as_texts(raw: object, depth: int) -> Any:
    """Return nested mappings and lists with every number as text, as a file has them."""
    stated(raw)
    if isinstance(raw, str):
        return raw.strip()
    if depth and isinstance(raw, Mapping):
        return {str(key): as_texts(value, depth - 1) for key, value in raw.items()}
    if depth and isinstance(raw, Sequence):
        return [as_texts(value, depth - 1) for value in raw]
    return _asked(parse_quantity, _number(raw), "USD").text


def _number(raw: object) -> int | float:
    """Return a Python number, also one of numpy's."""
    import numbers

    if isinstance(raw, bool) or not isinstance(raw, numbers.Real):
        raise wrong(f"a quantity is text or a number, not {_kind(raw)}", "write e.g. 42%, 1.2M or $29/user/month")
    return int(raw) if isinstance(raw, numbers.Integral) else float(raw)


def _asked(parse: Callable[..., Any], raw: object, currency: str) -> Any:
    """Parse, and turn the error into findings of this value."""
    try:
        return parse(raw, currency=currency)
    except ImpactTreeError as error:
        raise Wrong(*(Finding((), problem) for problem in error.problems)) from None


def span(raw: object, currency: str) -> Quantity:
    """Read ``low to high``."""
    if isinstance(stated(raw), Quantity):
        return span(raw.text, currency)  # type: ignore[attr-defined]
    text = text_of(raw, "a range", "40% to 46%")
    found: Quantity = _asked(parse_range, text, currency)
    return found


def spread(raw: object) -> str:
    """Read the text of a range, or a mapping such as ``{ci95: 1% to 3%}``, which is kept as text in braces."""
    if isinstance(raw, str) and raw.strip().startswith("{"):
        document = read_yaml(raw.strip())
        if document.problems:
            raise wrong(f"'{printable(raw, 60)}' is not a mapping that can be read", "write e.g. {ci95: -0.6pp to 0pp}")
        raw = document.data
    if isinstance(raw, Mapping):
        return flow_text(as_texts(raw, 4))
    return text_of(raw, "a range", "-0.5pp to -0.1pp")


def unit_of(raw: object, currency: str) -> Unit:
    """Read a unit; ``1`` says that it is a pure number."""
    if isinstance(stated(raw), Unit):
        return raw  # type: ignore[return-value]
    if raw in ("1", 1) and not isinstance(raw, bool):
        return Unit()
    found: Unit = _asked(Unit.parse, text_of(raw, "a unit", "USD/month"), currency)
    return found


def means_unit(text: str, unit: Unit | None) -> bool:
    """Return whether a text is still how `unit` is written, ``$`` being any dollar."""
    own = unit.money if unit else None
    try:
        return unit_of(text, own or "USD") == unit
    except Wrong:
        return False


def change(raw: object, currency: str) -> str:
    """Read the text of a change."""
    if isinstance(stated(raw), str):
        raw = str(raw).strip()
    _asked(parse_change, raw, currency)
    if not isinstance(raw, str):
        raise wrong("a change in a model is written as text", "write e.g. +1%, +2pp, -$3 or =45%")
    return raw


def slope(raw: object, currency: str) -> str:
    """Read the text of a slope."""
    text = text_of(raw, "a slope", "-0.01pp per point") if isinstance(stated(raw), str) else _plain(raw)
    _asked(parse_slope, text, currency)
    return text


def semi_elasticity(raw: object, currency: str) -> str:
    """Read the text of a semi-elasticity: a slope whose change is relative, a fraction or in %."""
    text = text_of(raw, "a semi-elasticity", "-2% per point") if isinstance(stated(raw), str) else _plain(raw)
    _asked(partial(parse_slope, percent=True), text, currency)
    return text


def _plain(raw: object) -> str:
    text: str = _asked(parse_quantity, _number(raw), "USD").text
    return text


# ---- lists and mappings


def items(raw: object, what: str, example: str) -> Iterator[tuple[int, object]]:
    """Walk a list with positions."""
    if isinstance(stated(raw), (str, Mapping, set, frozenset)) or not isinstance(raw, Iterable):
        raise wrong(f"{what} is a list, not {_kind(raw)}", f"write {example}")
    return enumerate(raw)


def pairs(raw: object, what: str, example: str) -> Iterator[tuple[str, object]]:
    """Walk a mapping."""
    if not isinstance(stated(raw), Mapping):
        raise wrong(f"{what} is a mapping, not {_kind(raw)}", f"write {example}")
    return ((str(key), value) for key, value in raw.items())  # type: ignore[attr-defined]


def quantities(required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Return the reader of a small mapping of named quantities, as pairs."""
    example = "{" + ", ".join(f"{key}: ..." for key in required) + "}"

    def read(raw: object, currency: str) -> tuple[tuple[str, Quantity], ...]:
        if isinstance(raw, tuple) and raw and all(isinstance(pair, tuple) for pair in raw):
            raw = dict(raw)
        found: list[Finding] = []
        values: list[tuple[str, Quantity]] = []
        given = dict(pairs(raw, "this", example))
        for key, value in given.items():
            if key not in required + optional:
                likely = meant(key, required + optional)
                hint = f" (did you mean '{likely}'?)" if likely else ""
                problem = Problem(
                    reason=f"'{printable(key, 40)}' is not known here{hint}",
                    fix=f"write {example}",
                    edit=whole_of(key, likely) if likely else None,
                )
                found.append(Finding((key,), problem, at_key=True))
                continue
            try:
                values.append((key, quantity(value, currency)))
            except Wrong as error:
                found += [finding.below(key) for finding in error.findings]
        missing = [f"'{key}'" for key in required if key not in given]
        if missing:
            reason = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            found.append(Finding((), Problem(reason=reason, fix=f"write {example}")))
        if found or len(values) < len(given):
            raise Wrong(*found)
        return tuple(values)

    return read
