"""How slides write: signs and arrows as set in print, and the ends of periods."""

from __future__ import annotations

import datetime
import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from impacttree.spec import TreeSpec

__all__ = ["period_end", "period_name", "typeset"]

T = TypeVar("T")

_MINUS = re.compile(r"(?<![\w.])-(?=[^\w\s]?\d)")
_DIGITS = re.compile(r"(?<=\d)_(?=\d)")


def typeset(view: T) -> T:
    """Return a picture with every text as it is set in print: ``→``, and a minus sign before numbers.

    Examples
    --------
    >>> typeset("+1% (42.0% -> 42.4%) costs -$3k; self-serve 6_000")
    '+1% (42.0% → 42.4%) costs −$3k; self-serve 6,000'
    """
    return cast("T", _typeset(view))


def _typeset(value: Any) -> Any:
    if isinstance(value, str):
        return _DIGITS.sub(",", _MINUS.sub("−", value.replace("->", "→").replace("<-", "←")))
    if isinstance(value, tuple):
        return tuple(map(_typeset, value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _typeset(getattr(value, field.name)) for field in fields(value) if field.name not in _KEYS
        }
        return replace(value, **changed)
    return value


_KEYS = frozenset(("id", "source", "target", "path", "outcome", "lifted", "value"))
"""Fields that name or number something and are not read; a card's value is set by its own pen."""


def period_end(spec: TreeSpec, period: int) -> datetime.date | None:
    """Return the last day of a period; None where the tree states no first day.

    Examples
    --------
    >>> import impacttree as it
    >>> period_end(it.template("saas").spec, 21)
    datetime.date(2028, 7, 31)
    """
    try:
        return None if spec.calendar is None else spec.calendar.last_day(period)
    except (ValueError, OverflowError):
        return None


def period_name(spec: TreeSpec, period: int) -> str:
    """Return ``Jul 2028``; empty where the tree states no first day."""
    return "" if spec.calendar is None else spec.calendar.label(period)
