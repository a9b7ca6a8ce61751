"""The keywords of the models' constructors, for type checkers and editors: what each key accepts in Python."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from impacttree.quantity import Period, Quantity, RawQuantity, Unit
from impacttree.spec.models import Aggregate, Agreed, Better, Driver, Evidence, Grade, Guardrail, Kind
from impacttree.spec.models import MetricSpec, Scenario

__all__ = ["DriverKeys", "EvidenceKeys", "GuardrailKeys", "MetricKeys", "TreeKeys"]

Amount = RawQuantity | Quantity
Span = str | Quantity
Slope = str | float
Date = str | datetime.date


class EvidenceKeys(TypedDict, total=False):
    source: str | None
    date: Date | None
    note: str | None


class GuardrailKeys(TypedDict, total=False):
    min: Amount | None
    max: Amount | None


class DriverKeys(TypedDict, total=False):
    when: str | None
    then: str | None
    slope: Slope | None
    elasticity: Amount | None
    semi_elasticity: Slope | None
    points: Sequence[Sequence[Amount]] | None
    groups: Mapping[str, Amount] | None
    saturating: Mapping[str, Amount] | None
    logistic: Mapping[str, Amount] | None
    range: str | None
    lag: int | str | None
    observed: Span | None
    evidence: Grade | Mapping[str, Any] | Evidence | None
    note: str | None


class MetricKeys(TypedDict, total=False):
    label: str | None
    description: str | None
    kind: Kind | None
    value: Amount | None
    formula: str | None
    drivers: Iterable[Driver] | Mapping[str, Mapping[str, Any]] | None
    start: Amount | None
    unit: str | Unit | None
    bounds: Span | None
    plausible: Span | None
    better: Better | None
    guardrail: Mapping[str, Amount] | Guardrail | None
    aggregate: Aggregate | None
    owner: str | None
    source: str | None
    as_of: Date | None
    agreed: Mapping[str, Any] | Agreed | None
    notes: str | None
    placeholder: bool | None


class TreeKeys(TypedDict, total=False):
    name: str | None
    description: str | None
    currency: str | None
    period: Period | None
    horizon: int | str | None
    start_date: Date | None
    outcome: str | None
    outcomes: Sequence[str] | None
    metrics: Iterable[MetricSpec] | Mapping[str, Any] | None
    scenarios: Iterable[Scenario] | Mapping[str, Mapping[str, str]] | None
