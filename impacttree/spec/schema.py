"""The model file's JSON Schema, for editors: made from the models, so that it cannot drift."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, get_args

from impacttree.spec.base import Entry, fields_of
from impacttree.spec.effects import Driver, Evidence, EvidenceDefaults
from impacttree.spec.finance import CashBridge, Finance, Multiple, Perpetuity, Receivables, Spend, Terminal
from impacttree.spec.fiscal import FiscalCalendar
from impacttree.spec.forms import FORMS, Grade
from impacttree.spec.leaves import NAME
from impacttree.spec.models import Agreed, Guardrail, MetricSpec, Scenario, TreeSpec
from impacttree.spec.treatments import Treatment

__all__ = ["json_schema"]

_NUMBERS: dict[str, Any] = {
    "anyOf": [{"type": ["string", "number"]}, {"type": "object"}, {"type": "array"}],
}
_QUANTITY_KEYS = {
    "value": "The stated point.",
    "p10": "One in ten is lower.",
    "p50": "The middle.",
    "p90": "One in ten is higher.",
    "ci95": "95 % interval, as `40% to 45%`.",
    "normal": "`mean` and `sd`.",
    "lognormal": "`mean` and `sd`.",
    "beta": "`alpha` and `beta`.",
    "triangular": "`low`, `mode` and `high`.",
    "uniform": "`low` and `high`.",
    "discrete": "Pairs of value and probability.",
}
_DEFINITIONS: dict[str, Any] = {
    "name": {"type": "string", "pattern": f"^{NAME.pattern}$", "description": "Name of a metric."},
    "quantity": {
        "description": "A number with its unit, and its range if known: `42%`, `$29/user/month`, `42% (40% to 45%)`.",
        "anyOf": [
            {"type": ["string", "number"]},
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {key: {**_NUMBERS, "description": text} for key, text in _QUANTITY_KEYS.items()},
            },
        ],
    },
    "spread": {
        "description": "What is known of an effect beside its point: `low to high` (P10 to P90), or a mapping.",
        "anyOf": [
            {"type": "string", "pattern": "\\sto\\s"},
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    key: {**_NUMBERS, "description": text}
                    for key, text in _QUANTITY_KEYS.items()
                    if key not in ("value", "beta")
                },
            },
        ],
    },
    "range": {"type": "string", "description": "`low to high`, as `40% to 46%`.", "pattern": "\\sto\\s"},
    "change": {
        "type": ["string", "number"],
        "description": "A change: `+1%` multiplies, `+2pp` and `+500` add, `=45%` sets.",
    },
    "slope": {
        "type": ["string", "number"],
        "description": "Change per unit, as `-0.01pp per point`, with its range if known.",
    },
    "grade": {"enum": list(get_args(Grade)), "description": "How strong the evidence is."},
}
_METRIC_RULES: dict[str, Any] = {
    "oneOf": [{"required": ["value"]}, {"required": ["values"]}, {"required": ["formula"]}],
    "dependentRequired": {"then": ["values"]},
    "dependentSchemas": {
        "start": {"anyOf": [{"required": ["formula"]}, {"required": ["drivers"]}, {"required": ["values"]}]},
        "drivers": {"not": {"required": ["formula"]}},
        "seasonality": {"not": {"required": ["formula"]}},
    },
}
_DRIVER_RULES: dict[str, Any] = {
    "oneOf": [{"required": [form]} for form in FORMS],
    "dependentRequired": {
        key: [other for other in form.keys if other != key]
        for form in FORMS.values()
        if len(form.keys) > 1
        for key in form.keys
    },
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of model files.

    Examples
    --------
    >>> json_schema()["properties"]["currency"]["pattern"]
    '^[A-Z]{3}$'
    """
    definitions = {
        **_DEFINITIONS,
        "metric": _object(MetricSpec) | _METRIC_RULES,
        "driver": _object(Driver) | _DRIVER_RULES,
        "evidence": _object(Evidence),
        "treatment": _object(Treatment),
        "evidence_defaults": _object(EvidenceDefaults),
        "finance": _object(Finance),
        "cash": _object(CashBridge),
        "receivables": _object(Receivables),
        "capex": _object(Spend),
        "terminal": _object(Terminal) | {"minProperties": 1, "maxProperties": 1},
        "perpetuity": _object(Perpetuity),
        "multiple": _object(Multiple),
        "fiscal_calendar": _object(FiscalCalendar) | {"minProperties": 1},
        "guardrail": _object(Guardrail) | {"minProperties": 1},
        "agreed": _object(Agreed),
        "scenario": _scenario(),
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "impacttree model",
        **_object(TreeSpec),
        "$defs": definitions,
    }
    return deepcopy(schema)


def _object(cls: type[Entry]) -> dict[str, Any]:
    keys = [key for key in cls.model_fields if key != cls.identity]
    required = [key for key in keys if cls.model_fields[key].is_required()]
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _field(cls, key) for key in keys},
    }
    return {**schema, "required": required} if required else schema


def _scenario() -> dict[str, Any]:
    """Return the schema of a scenario: its changes alone, or its fields, which have the changes as a mapping."""
    whole = _object(Scenario)
    is_whole = {"properties": {"changes": {"type": "object"}}, "required": ["changes"]}
    return {"type": "object", "if": is_whole, "then": whole, "else": _field(Scenario, "changes")}


def _field(cls: type[Entry], key: str) -> dict[str, Any]:
    return {"description": cls.model_fields[key].description, **fields_of(cls)[key].schema}
