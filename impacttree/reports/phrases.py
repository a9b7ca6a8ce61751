"""How slides write: signs and arrows as set in print."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from impacttree.render.layout.measure import printed

__all__ = ["typeset"]

T = TypeVar("T")

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
        return _DIGITS.sub(",", printed(value))
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
