"""What the fields of all models share: how each kind is read, and small rules between values."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, get_args

from impacttree.errors import Problem
from impacttree.quantity import Quantity, RawQuantity
from impacttree.spec import leaves
from impacttree.spec.base import As, Entry, read_one
from impacttree.spec.leaves import Finding
from impacttree.spec.places import Key

__all__ = [
    "Amount",
    "AmountField",
    "Day",
    "DayField",
    "LineField",
    "NameField",
    "ProseField",
    "SpanField",
    "StartField",
    "ValueField",
    "as_",
    "as_amount",
    "as_choice",
    "as_entry",
    "as_parameters",
    "comparable",
    "is_above",
    "mistake",
]

Amount = RawQuantity | Quantity
Day = str | datetime.date
"""What Python callers may give: see the fields for what is meant."""


def as_(read: Callable[[object], Any], **schema: Any) -> As:
    """Return how a field is read that needs nothing beyond what was written."""
    return As(lambda raw, _: read(raw), schema)


def as_amount(read: Callable[[object, str], Any], **schema: Any) -> As:
    """Return how a field is read that may hold money: the reader is told the currency."""
    return As(lambda raw, context: read(raw, context.currency), schema)


def as_choice(closed: Any, said: Mapping[str, str] | None = None) -> As:
    """Return how a field is read that holds one of a few words; `said` is what else people call them."""
    return as_(leaves.choice(closed, said or {}), enum=list(get_args(closed)))


def as_entry(cls: type[Entry], definition: str) -> As:
    """Return how a field is read that holds one nested model; `definition` is what the schema calls it."""
    return As(partial(read_one, cls), {"$ref": f"#/$defs/{definition}"})


def as_parameters(*required: str, optional: tuple[str, ...] = ()) -> As:
    """Return how a field is read that holds named quantities."""
    return as_amount(
        leaves.quantities(required, optional),
        type="object",
        properties={key: {"$ref": "#/$defs/quantity"} for key in required + optional},
        required=list(required),
        additionalProperties=False,
    )


LineField = Annotated[str | None, as_(leaves.line, type="string")]
ProseField = Annotated[str | None, as_(leaves.prose, type="string")]
NameField = Annotated[str, as_(leaves.name, type="string", pattern=f"^{leaves.NAME.pattern}$")]
DayField = Annotated[datetime.date | None, as_(leaves.day, type="string", format="date")]
AmountField = Annotated[Quantity | None, as_amount(leaves.quantity, **{"$ref": "#/$defs/quantity"})]
ValueField = Annotated[Quantity | None, as_amount(leaves.metric_value, **{"$ref": "#/$defs/quantity"})]
StartField = Annotated[Quantity | None, as_amount(leaves.start, **{"$ref": "#/$defs/quantity"})]
SpanField = Annotated[Quantity | None, as_amount(leaves.span, **{"$ref": "#/$defs/range"})]


def mistake(reason: str, fix: str, *path: Key, at_key: bool = False) -> Finding:
    """Return what is wrong at a place within a model."""
    return Finding(path, Problem(reason=reason, fix=fix), at_key)


def is_above(left: float | None, right: float | None) -> bool:
    """Return whether both numbers are known and the left one is greater."""
    return left is not None and right is not None and left > right


def comparable(left: Quantity, right: Quantity) -> bool:
    """Return whether the numbers may be compared as they are; other units are for the unit rules to judge."""
    if left.unit is None or right.unit is None:
        return True
    return (left.unit.money, left.unit.is_share) == (right.unit.money, right.unit.is_share)
