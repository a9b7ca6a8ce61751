"""The JSON Schema, against an independent validator and against the loader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

import impacttree
from impacttree.errors import ModelError
from impacttree.spec import Driver, MetricSpec, TreeSpec, json_schema, load_text

TEMPLATES = sorted((Path(impacttree.__file__).parent / "templates").glob("*.yaml"))


class EditorLoader(yaml.CSafeLoader):
    """Types scalars as editors do (YAML 1.2): numbers and true/false, dates stay text."""


EditorLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.rpartition(":")[2] in ("int", "float", "null") or (tag.endswith("bool") and first in "tfTF")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def is_valid(validator, text: str) -> bool:
    return validator.is_valid(yaml.load(text, Loader=EditorLoader))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_are_valid(validator, path):
    errors = list(validator.iter_errors(yaml.load(path.read_text(encoding="utf-8"), Loader=EditorLoader)))
    assert errors == []


METRIC = "metrics: {a: {%s}}"


@pytest.mark.parametrize(
    "text",
    [
        "metrics: {a: {value: 1}}",
        "metrics: {a: {value: 1.5, placeholder: true}}",
        "metrics: {a: {value: {p10: 1, p50: 2, p90: 4}}}",
        "metrics: {a: {value: {value: 3, normal: {mean: 3, sd: 1}}}}",
        "metrics: {a: {value: {discrete: [[1, 30%], [2, 70%]]}}}",
        "metrics: {a: {value: {ci95: 1 to 4}}}",
        "metrics: {a: {value: 1, drivers: {b: {slope: 1, lag: 2, evidence: judgement}}}}",
        "metrics: {a: {value: 1, drivers: {b: {points: [[1, 2], [2, 3]], evidence: {grade: benchmark}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {groups: {with: 1%, without: 2%}, note: x}}}}",
        "metrics: {a: {value: 1, drivers: {b: {treatment: {on_source: +1% (0% to 2%), on_target: +1 (0 to 2)}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {treatment: {what: x, on_source: {value: +1, ci95: 0 to 2},"
        " on_target: +1 (0 to 2), correlation: 0.2}}}}}",
        "metrics: {a: {value: 1, guardrail: {min: 3}, agreed: {by: CFO, on: 2026-01-01}}}",
        "metrics: {a: {value: 1}}\nhorizon: 24\nperiod: week\nscenarios: {low: {a: +1%}}",
        "metrics: {a: {value: 1}}\nscenarios: {low: {label: Weak, description: x, changes: {a: +1%}}}",
        "metrics: {changes: {value: 1}}\nscenarios: {low: {changes: +1%}, bare: {changes: {changes: +1%}}}",
        "metrics: {a: {value: 1}}\nevidence_defaults: {judgement: 4, causal_share: 30%}",
        "metrics: {a: {value: 1}}\nstart_date: 2027-01-15\nperiod: day\nfiscal_calendar: {start: February}",
        "metrics: {a: {value: 1}}\nstart_date: 2027-01-31\nperiod: week\nfiscal_calendar: {start: February,"
        " pattern: 4-5-4, year_end: Saturday nearest 31 January, named_after: start}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%/year, timing: mid, tax_rate: 25%, losses: lost,"
        " cash: a}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, terminal: none}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, terminal: {perpetuity: {growth: 2%/year}}, cash: {"
        "profit: a, receivables: {of: a, days: 45}, deferred_revenue: b, capex: {of: c, life: 36 months}}}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, terminal: {multiple: {of: a, x: 8}}}",
        "metrics: {a: {value: 1}}\ncorrelations: [[a.value, b.value, 0.3], [b.c.slope, a.start, -1]]",
        "metrics: {a: {value: 1, drivers: {b: {slope: 1 (0 to 2), evidence: {grade: experiment, randomised: b}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {elasticity: 1, range: {ci95: 0 to 2}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {elasticity: 1, range: {normal: [1, 0.2]}}}}}",
    ],
)
def test_what_loads_is_valid(validator, text):
    load_text(text)
    assert is_valid(validator, text)


@pytest.mark.parametrize(
    "text",
    [
        "name: x",
        "metrics: {}",
        "metrics: {a b: {value: 1}}",
        "metrics: {a: {valeu: 1}}",
        "metrics: {a: {value: true}}",
        "metrics: {a: {value: [1]}}",
        "metrics: {a: {value: {p11: 1}}}",
        "metrics: {a: {value: 1, kind: prodct}}",
        "metrics: {a: {value: 1, bounds: 5}}",
        "metrics: {a: {value: 1, as_of: yesterday}}",
        "metrics: {a: {value: 1, guardrail: {}}}",
        "metrics: {a: {value: 1, agreed: {by: CFO}}}",
        "metrics: {a: {value: 1, drivers: {b: {slope: 1, evidence: experment}}}}",
        "metrics: {a: {value: 1, drivers: {b: {groups: {with: 1}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {treatment: {on_source: +1% (0% to 2%)}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {treatment: {on_source: {value: +1}, on_target: +1 (0 to 2)}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {lag: 1}}}}",
        "metrics: {a: {value: 1, drivers: {b: {when: +1%}}}}",
        "metrics: {a: {value: 1, drivers: {b: {slope: 1, elasticity: 1}}}}",
        "metrics: {a: {value: 1, formula: b}}",
        "metrics: {a: {label: x}}",
        "metrics: {a: {drivers: {b: {slope: 1}}}}",
        "metrics: {a: {value: 1}}\nperiod: fortnight",
        "metrics: {a: {value: 1}}\nhorizon: 0",
        "metrics: {a: {value: 1}}\ncurrency: usd",
        "metrics: {a: {value: 1}}\nscenarios: {low: {}}",
        "metrics: {a: {value: 1}}\nscenarios: {low: {changes: {}}}",
        "metrics: {a: {value: 1}}\nscenarios: {low: {lable: x, changes: {a: +1%}}}",
        "metrics: {a: {value: 1}}\nevidence_defaults: {judgment: 4}",
        "metrics: {a: {value: 1}}\nevidence_defaults: [4]",
        "metrics: {a: {value: 1}}\nstart_date: 2027-02-01\nfiscal_calendar: {start: feb}",
        "metrics: {a: {value: 1}}\nstart_date: 2027-02-01\nfiscal_calendar: {}",
        "metrics: {a: {value: 1}}\nstart_date: 2027-02-01\nfiscal_calendar: {start: February, pattern: 4-4-4}",
        "metrics: {a: {value: 1}}\nfinance: {timing: end}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, terminal: {}}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, cash: {receivables: {of: a, days: 45}}}",
        "metrics: {a: {value: 1}}\nfinance: {discount_rate: 12%, timing: start}",
        "metrics: {a: {value: 1}}\ncorrelations: [[a.value, b.value]]",
        "metrics: {a: {value: 1}}\ncorrelations: []",
        "metrics: {a: {value: 1}}\ncorrelations: {a.value: 1}",
        "metrics: {a: {value: 1, drivers: {b: {elasticity: 1, range: {value: 1, ci95: 0 to 2}}}}}",
        "metrics: {a: {value: 1, drivers: {b: {elasticity: 1, range: [0, 2]}}}}",
    ],
)
def test_what_does_not_load_is_not_valid(validator, text):
    with pytest.raises(ModelError):
        load_text(text)
    assert not is_valid(validator, text)


def test_every_key_is_described():
    def walk(schema, path):
        for key, inner in schema.get("properties", {}).items():
            assert inner.get("description") or path[-1:] in (["saturating"], ["logistic"], ["groups"]), [*path, key]
            walk(inner, [*path, key])

    schema = json_schema()
    walk(schema, [])
    for name, definition in schema["$defs"].items():
        walk(definition, [name])
    assert set(schema["properties"]) == set(TreeSpec.model_fields)
    assert set(schema["$defs"]["metric"]["properties"]) == set(MetricSpec.model_fields) - {"name"}
    assert set(schema["$defs"]["driver"]["properties"]) == set(Driver.model_fields) - {"source"}


def test_callers_cannot_change_the_schema_of_others():
    json_schema()["$defs"]["quantity"]["anyOf"].clear()
    json_schema()["properties"]["currency"].clear()
    assert json_schema()["$defs"]["quantity"]["anyOf"]
    assert json_schema()["properties"]["currency"]["pattern"]
