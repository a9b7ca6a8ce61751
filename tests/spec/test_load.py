"""Model texts to specs: every problem, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import impacttree
from impacttree.errors import ModelError
from impacttree.spec import MetricSpec, Scenario, load_file, load_text, read_file, read_text

TEMPLATES = sorted((Path(impacttree.__file__).parent / "templates").glob("*.yaml"))

DESIGN = """\
# yaml-language-server: $schema=./impacttree.schema.json
name: Northwind CRM
currency: USD
period: month            # the tree's time step
horizon: 12              # periods; default one year
outcome: profit
outcomes: [revenue, gross_profit, contribution, profit]
metrics:
  engagement:
    label: Weekly engagement
    kind: product
    value: 42% (40% to 45%)          # point and range
    bounds: 0% to 100%
    plausible: 40% to 46%            # what was ever reached or planned; ranks levers fairly
    owner: Core PM
    source: Product analytics
    as_of: 2026-10-31
  churn:
    label: Monthly churn
    value: 2.5%/month
    bounds: 0%/month to 100%/month
    better: lower
    drivers:                          # assumed effects, anchored at today's values
      engagement: {when: +10% relative, then: -0.3pp, range: -0.5pp to -0.1pp, lag: 1, observed: 38% to 46%,
                   evidence: {grade: experiment, source: Onboarding holdout, date: 2026-03-01}}
      nps: {slope: -0.01pp per point, evidence: judgement}
  customers:
    start: 65_800 customers
    formula: prev(customers) * (1 - churn) + new_customers      # identity: exact
  revenue: {formula: customers * arpu, unit: USD/month, kind: financial}
  ltv: {formula: arpu * gross_margin / churn, unit: USD/customer}
  ltv_to_cac: {formula: ltv / cac, guardrail: {min: 3}}
scenarios:
  downturn: {new_customers: -20%, churn: +0.5pp}
"""


def test_the_file_of_the_design():
    spec = load_text(DESIGN)
    engagement, churn, customers, revenue, _, ratio = spec.metrics
    assert (spec.name, spec.currency, spec.period, spec.horizon, spec.outcome) == (
        "Northwind CRM", "USD", "month", 12, "profit",
    )  # fmt: skip
    assert spec.outcomes == ("revenue", "gross_profit", "contribution", "profit")
    assert engagement.value.value == 0.42
    assert engagement.plausible.low_high() == (0.4, 0.46)
    assert str(engagement.as_of) == "2026-10-31"
    effect, other = churn.drivers
    assert (effect.source, effect.when, effect.then, effect.lag) == ("engagement", "+10% relative", "-0.3pp", 1)
    assert effect.evidence.grade == "experiment"
    assert (other.slope, other.evidence.grade) == ("-0.01pp per point", "judgement")
    assert customers.formula == "prev(customers) * (1 - churn) + new_customers"
    assert customers.start.value == 65800
    assert str(revenue.unit) == "USD/month"
    assert ratio.guardrail.min.value == 3
    assert spec.scenarios == (Scenario("downturn", {"new_customers": "-20%", "churn": "+0.5pp"}),)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_load(path):
    spec = load_file(path)
    written = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    assert [metric.name for metric in spec.metrics] == list(written["metrics"])
    assert {metric.name: metric.formula for metric in spec.metrics if metric.formula} == {
        name: body["formula"] for name, body in written["metrics"].items() if "formula" in body
    }


WRONG = """\
name: x
currncy: USD
horizon: 1e3
outcomes: [a, b c]
metrics:
  a: {value: 1,200, label: no}
  b: {formula: max(a, b), value: 5}
  my c: {value: 1%%}
  d: a * 2
  e:
    start: 5
    start: 6
  f:
    value: 5
    bounds: 0 to 1
    guardrail: {min: 5, max: 3}
    drivers:
      a: {slope: 1, elasticity: 2}
      b:
        when: +5%
        lag: x
      g: {saturating: {ceiling: 1, half: y}}
    evidence: judgement
  g:
  h: {value: *a}
scenarios:
  low: {a: 5, b: +5%}
"""


def test_every_independent_problem_with_its_place():
    with pytest.raises(ModelError) as caught:
        load_text(WRONG, "m.yaml")
    found = caught.value.problems
    assert {problem.file for problem in found} == {"m.yaml"}
    assert [(problem.line, problem.metric, problem.key) for problem in found] == [
        (2, "", "currncy"),
        (3, "", "horizon"),
        (4, "", "outcomes.1"),
        (6, "", ""),
        (7, "", ""),
        (7, "b", "value"),
        (8, "my c", ""),
        (8, "my c", "value"),
        (9, "d", ""),
        (10, "e", ""),
        (12, "", ""),
        (14, "f", "value"),
        (16, "f", "guardrail"),
        (18, "f", "drivers.a"),
        (19, "f", "drivers.b"),
        (21, "f", "drivers.b.lag"),
        (22, "f", "drivers.g.saturating.half"),
        (23, "f", "evidence"),
        (24, "g", ""),
        (25, "", ""),
        (27, "", "scenarios.low.a"),
    ]
    for problem in found:
        assert problem.reason
        line = WRONG.split("\n")[problem.line - 1]
        assert line[problem.column - 1 :].strip()


@pytest.mark.parametrize(
    ("body", "key", "line", "words"),
    [
        ("{label: Weak, a: -20%}", "low.label", 5, "write e.g. {label: Weak demand, changes:"),
        ("\n    label: Weak\n    changes:\n      a: 20%", "low.changes.a", 8, "write '\\+20%' to multiply"),
        ("\n    label: [Weak]\n    changes: {a: -20%}", "low.label", 6, "this is text"),
        ("\n    lable: Weak\n    changes: {a: -20%}", "low.lable", 6, "did you mean 'label'"),
        ("{label: Weak, changes: {}}", "low.changes", 5, "a scenario changes something"),
    ],
)
def test_problems_of_a_scenario_with_a_label_have_their_place(body, key, line, words):
    text = f"metrics:\n  a: {{value: 1}}\n  b: {{formula: 2 * a}}\nscenarios:\n  low: {body}\n"
    with pytest.raises(ModelError, match=words) as caught:
        load_text(text)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (f"scenarios.{key}", line)


def test_what_could_be_understood_is_kept():
    reading = read_text(WRONG)
    spec = reading.spec
    assert [metric.name for metric in spec.metrics] == ["a", "b", "d", "e", "f", "g", "h"]
    by_name = {metric.name: metric for metric in spec.metrics}
    assert by_name["a"] == MetricSpec("a", value=1200, label="no")
    assert by_name["b"].formula == "max(a, b)"
    assert by_name["d"].value is by_name["d"].formula is by_name["h"].value is None
    assert by_name["f"].drivers == ()
    assert spec.name == "x"
    assert spec.scenarios[0].changes == (("b", "+5%"),)
    with pytest.raises(ModelError):
        reading.checked()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("{}", "empty"),
        ("just text", "maps keys to values"),
        ("- a\n- b", "maps keys to values"),
        ("name: x", "'metrics' is missing"),
        ("metrics: {}", "at least one metric"),
        ("metrics:", "nothing is written"),
        ("metrics: [a, b]", "not a metric"),
        ("metrics: a", "is a list, not text"),
        ("metrics: {a: {value: 1", "not closed"),
        ("metrics: {a: {value: }}", "nothing is written"),
        ("metrics: {a: {value: 1}}\x00", "NUL"),
        ("metrics: {a: {label: '\ud800', value: 1}}", "surrogate"),
        ("x" * 10_000_001, "10,000,001 bytes"),
    ],
)
def test_what_is_no_model_is_said_so(text, words):
    with pytest.raises(ModelError, match=words):
        load_text(text, "m.yaml")


def test_truncated_files_never_break_the_reader():
    whole = DESIGN.encode()
    for end in range(len(whole)):
        reading = read_text(whole[:end])
        assert reading.problems or reading.checked().metrics


def test_quantities_of_the_file_are_read_in_its_currency():
    spec = load_text("currency: CAD\nmetrics: {a: {value: $5}, b: {value: US$5}, c: {value: 1, unit: $/month}}")
    assert [metric.value.unit and metric.value.unit.money for metric in spec.metrics] == ["CAD", "USD", None]
    assert spec.metrics[2].unit.money == "CAD"


def test_files_are_read_with_their_name(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("metrics: {a: {valeu: 1}}", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_file(path)
    assert caught.value.problems[0].file == str(path)
    path.write_bytes(b"metrics: {a: {value: 1}}")
    assert read_file(path).checked() == load_text("metrics: {a: {value: 1}}")
    assert load_file(path).places.file == str(path)


def test_a_byte_order_mark_before_the_text_is_let_pass() -> None:
    plain = load_text("metrics: {a: {value: 1}}")
    assert load_text("\ufeffmetrics: {a: {value: 1}}") == plain
    assert load_text(b"\xef\xbb\xbfmetrics: {a: {value: 1}}") == plain
