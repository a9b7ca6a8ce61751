"""The models as Python callers meet them."""

from __future__ import annotations

import copy
import datetime
import inspect
import pickle

import numpy as np
import pydantic
import pytest

from impacttree.errors import ImpactTreeError, ModelError
from impacttree.quantity import Unit, parse_quantity
from impacttree.spec import (
    Agreed,
    Driver,
    Evidence,
    EvidenceDefaults,
    FiscalCalendar,
    Guardrail,
    MetricSpec,
    Scenario,
    Treatment,
    TreeSpec,
    load_text,
    to_yaml,
)
from impacttree.spec.base import Entry, fields_of
from impacttree.spec.finance import CashBridge, Finance, Multiple, Perpetuity, Receivables, Spend, Terminal
from impacttree.spec.forms import FORMS, KEYS

MODELS = {
    Agreed: lambda: Agreed("CFO", "2026-01-01"),
    Driver: lambda: Driver("a", slope=1),
    Evidence: Evidence,
    EvidenceDefaults: EvidenceDefaults,
    Finance: lambda: Finance(discount_rate="12%/year"),
    CashBridge: lambda: CashBridge(profit="a"),
    Multiple: lambda: Multiple(of="a", x="5x"),
    Perpetuity: lambda: Perpetuity(growth="2%/year"),
    Receivables: lambda: Receivables(of="a", days=30),
    Spend: lambda: Spend(of="a", life="3 years"),
    Terminal: lambda: Terminal(perpetuity=Perpetuity(growth="2%/year")),
    FiscalCalendar: lambda: FiscalCalendar(start="February"),
    Guardrail: lambda: Guardrail(min=1),
    MetricSpec: lambda: MetricSpec("a", value=1),
    Scenario: lambda: Scenario("a", {"b": "+1%"}),
    Treatment: lambda: Treatment(**WRITTEN["treatment"]["treatment"]),
    TreeSpec: lambda: TreeSpec(metrics=[MetricSpec("a", value=1)]),
}
"""Every model, with how one is made."""


def problems(make) -> list[str]:
    with pytest.raises(ModelError) as caught:
        make()
    for problem in caught.value.problems:
        assert problem.file == ""
        assert problem.line == 0
    return [str(problem) for problem in caught.value.problems]


# ---- all models


def test_all_models_are_among_them():
    assert MODELS.keys() == {cls for cls in Entry.__subclasses__() if cls.__module__.startswith("impacttree.")}


@pytest.mark.parametrize("cls", MODELS)
def test_fields_constructor_and_descriptions_are_complete(cls):
    parameters = {name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "unknown")}
    assert parameters == set(cls.model_fields) == set(fields_of(cls))
    assert all(field.description and field.description.strip() for field in cls.model_fields.values())


@pytest.mark.parametrize("cls", MODELS)
def test_models_are_frozen(cls):
    made = MODELS[cls]()
    with pytest.raises(pydantic.ValidationError):
        setattr(made, next(iter(cls.model_fields)), 3)
    assert hash(made) == hash(copy.deepcopy(made))
    assert pickle.loads(pickle.dumps(made)) == made == made.model_copy()


def test_pydantic_reads_models_with_the_same_rules():
    assert MetricSpec.model_validate({"name": "a", "value": "42%"}) == MetricSpec("a", value="42%")
    assert problems(lambda: pydantic.TypeAdapter(list[MetricSpec]).validate_python([{"name": "a"}]))


def test_repr_shows_what_was_stated():
    assert repr(Evidence("experiment", source="x")) == "Evidence(grade='experiment', source='x')"


# ---- metrics


def test_a_metric_reads_text_and_python_values_alike():
    metric = MetricSpec(
        "churn",
        label="Monthly churn",
        kind="product",
        value="2.5%/month (2.2%/month to 2.9%/month)",
        bounds="0%/month to 100%/month",
        drivers=[Driver("nps", slope=-0.01), Driver("engagement", elasticity=-0.4)],
        unit=Unit.parse("%/month"),
        as_of=datetime.date(2026, 10, 31),
        agreed={"by": "CFO", "on": "2026-10-31"},
        guardrail={"max": "4%/month"},
        placeholder=True,
    )
    assert metric.value.value == 0.025
    assert metric.value.low_high() == (0.022, 0.029)
    assert [driver.source for driver in metric.drivers] == ["nps", "engagement"]
    assert metric.agreed == Agreed("CFO", datetime.date(2026, 10, 31))
    assert metric.guardrail.max.value == 0.04
    text = """metrics: {churn: {label: Monthly churn, kind: product, value: 2.5%/month (2.2%/month to 2.9%/month),
      bounds: 0%/month to 100%/month, drivers: {nps: {slope: -0.01}, engagement: {elasticity: -0.4}}, unit: "%/month",
      as_of: 2026-10-31, agreed: {by: CFO, on: 2026-10-31}, guardrail: {max: 4%/month}, placeholder: true}}"""
    assert load_text(text).metrics == (metric,)


@pytest.mark.parametrize(
    "number", [0.42, 42, -3, 0, 1e-9, 1.5e300, np.float64(0.1), np.float32(0.5), np.int64(7), 10**15]
)
def test_python_numbers_are_taken_as_they_are(number):
    metric = MetricSpec("a", value=number)
    assert metric.value.value == float(number)
    assert metric.value.unit is None
    assert load_text(f"metrics: {{a: {{value: {metric.value.text}}}}}").metrics == (metric,)


@pytest.mark.parametrize(
    "bad", [True, float("nan"), float("inf"), -np.inf, [1], object(), b"1", "", "  ", "1,200", {}, 1j]
)
def test_what_is_no_quantity_is_refused(bad):
    (problem,) = problems(lambda: MetricSpec("a", value=bad))
    assert problem.startswith("a.value: ")


def test_quantities_may_be_mappings():
    metric = MetricSpec("a", value={"value": 3, "normal": {"mean": 3, "sd": 0.5}})
    assert metric.value.spread.kind == "normal"
    assert metric == MetricSpec("a", value={"value": "3", "normal": {"mean": "3", "sd": "0.5"}})
    assert metric.value.text == "{value: 3, normal: {mean: 3, sd: 0.5}}"


def test_quantities_may_be_quantities():
    quantity = parse_quantity("42% (40% to 45%)")
    assert MetricSpec("a", value=quantity).value is quantity
    mapped = parse_quantity({"value": 3, "normal": {"mean": 3, "sd": 0.5}})
    assert MetricSpec("a", value=mapped) == MetricSpec("a", value={"value": 3, "normal": {"mean": 3, "sd": 0.5}})
    long = {"discrete": [[number, 0.02] for number in range(50)]}
    assert problems(lambda: MetricSpec("a", value=parse_quantity(long)))
    assert MetricSpec("a", value=long).value.spread.numbers[-2:] == (49, 0.02)
    assert problems(lambda: MetricSpec("a", value=1, plausible=parse_quantity("5")))


def test_misspelt_keys_are_named_once():
    (problem,) = problems(lambda: MetricSpec("a", valeu=1))
    assert problem == "a.valeu: 'valeu' is not known in a metric (did you mean 'value'?)"
    assert "evidence is for assumed effects" in problems(lambda: MetricSpec("a", value=1, evidence="experiment"))[0]
    assert "known are label" in problems(lambda: MetricSpec("a", value=1, colour="red"))[0]


def test_all_problems_are_listed():
    found = problems(
        lambda: MetricSpec(
            "my metric",
            value="1,200",
            formula="a * b",
            start="1,200",
            kind="prodct",
            label="a\nb",
            owner="a\x07",
            unit="€€",
        )
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        f"my metric{key}" for key in (".value", ".name", ".label", ".kind", ".value", ".start", ".unit", ".owner")
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "neither a value nor a formula"),
        ({"value": 1, "formula": "b"}, "both a value and a formula"),
        ({"formula": "b", "drivers": [Driver("b", slope=1)]}, "both a formula and drivers"),
        ({"drivers": [Driver("b", slope=1)]}, "drivers but no value"),
        ({"value": 1, "start": 2}, "`start` goes with"),
        ({"start": 2}, "neither"),
        ({"value": 5, "bounds": "0 to 4"}, "outside the bounds"),
        ({"value": "3 (1 to 5)", "bounds": "0 to 4"}, "outside the bounds"),
        ({"value": "1 to 5", "bounds": "2 to 6"}, "outside the bounds"),
        ({"formula": "b", "start": -1, "bounds": "0 to 4"}, "outside the bounds"),
        ({"value": "42%", "bounds": "0% to 40%"}, "outside the bounds"),
        ({"value": 3, "bounds": "0 to 4", "plausible": "1 to 9"}, "outside the bounds"),
        ({"value": 3, "bounds": "4 to 0"}, "low end"),
        ({"value": 3, "bounds": 4}, "range"),
        ({"value": 3, "guardrail": {"min": 5, "max": 3}}, "at least 5 and at most 3"),
        ({"value": 3, "guardrail": {"min": "1 to 3"}}, "one number"),
        ({"value": 3, "guardrail": {}}, "min, a max"),
        ({"value": 3, "guardrail": 3}, "mapping"),
        ({"value": 3, "guardrail": {"mn": 3}}, "did you mean 'min'"),
        ({"value": 3, "agreed": {"by": "CFO"}}, "'on' is missing"),
        ({"value": 3, "agreed": {"by": "CFO", "on": "31/10/2026"}}, "not a date"),
        ({"value": 3, "as_of": "2026-02-30"}, "not in the calendar"),
        ({"value": 3, "as_of": "20260230"}, "not a date"),
        ({"value": 3, "as_of": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "not a date"),
        ({"value": 3, "placeholder": "yes"}, "true nor false"),
        ({"value": 3, "better": "up"}, "one of higher, lower"),
        ({"value": 3, "aggregate": ["sum"]}, "one of sum"),
        ({"value": 3, "label": 5}, "is text"),
        ({"value": 3, "label": "a\tb"}, "several lines"),
        ({"value": 3, "notes": "a\u202eb"}, "U+202E"),
        ({"value": 3, "notes": "\ud800"}, "U+D800"),
        ({"value": 3, "unit": 5}, "a unit is text"),
        ({"value": 3, "drivers": {"b": {"slope": 1, "source": "x"}}}, "'source' is not known in a driver"),
        ({"value": 3, "drivers": [{"slope": 1}]}, "not a driver"),
        ({"value": 3, "drivers": [Driver("b", slope=1), Driver("b", slope=2)]}, "stated twice"),
        ({"value": 3, "drivers": "b"}, "is a list, not text"),
        ({"formula": 5}, "a formula is text"),
        ({"formula": " "}, "nothing is written"),
    ],
)
def test_what_does_not_go_together_is_refused(keys, words):
    (problem,) = problems(lambda: MetricSpec("a", **keys))
    assert words in problem
    assert problem.startswith("a")


@pytest.mark.parametrize(
    "keys",
    [
        {"value": 4, "bounds": "0 to 4"},
        {"value": "$5", "bounds": "0 to 4 users"},  # judged by the unit rules
        {"formula": "b", "start": 3},
        {"value": 3, "drivers": [Driver("b", slope=1)], "start": 2},
        {"value": 3, "guardrail": {"min": 3, "max": 3}},
        {"value": 3, "unit": 1},
        {"value": 3, "label": "Größe 客户 👩‍💻 €"},
        {"value": 3, "notes": "two\nlines\n\twith a tab"},
        {"value": 3, "drivers": []},
    ],
)
def test_what_goes_together_passes(keys):
    metric = MetricSpec("a", **keys)
    assert load_text("metrics: {a: {value: 1}}").metrics[0].name == metric.name


@pytest.mark.parametrize("name", ["", "a b", "1a", "a-b", "é", "ａ", "a.b", "a\nb", "__import__('os')", 3, None])
def test_names_are_plain_identifiers(name):
    assert problems(lambda: MetricSpec(name, value=1))


@pytest.mark.parametrize("name", ["E", "pi", "beta", "N", "S", "lambda_", "_", "__class__", "no", "null", "value"])
def test_any_identifier_is_a_name(name):
    assert load_text(f"metrics: {{{name}: {{value: 1}}}}").metrics == (MetricSpec(name, value=1),)


# ---- drivers and evidence

EFFECT = "+2pp (1pp to 3pp)"
WRITTEN = {
    "when": {"when": "+10% relative", "then": "-0.3pp"},
    "slope": {"slope": "-0.01pp per point"},
    "elasticity": {"elasticity": 0.4},
    "semi_elasticity": {"semi_elasticity": "-0.02 per point"},
    "per_doubling": {"per_doubling": "+150 orders/month"},
    "points": {"points": [["38%", "2.8%"], ["46%", "2.3%"]]},
    "groups": {"groups": {"with": "1.9%", "without": "3.4%"}},
    "treatment": {"treatment": {"on_source": "+2pp (1.2pp to 2.8pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}},
    "saturating": {"saturating": {"ceiling": "92%", "half": "4 paths"}},
    "logistic": {"logistic": {"floor": 0, "ceiling": 1, "middle": 5, "steepness": 2}},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_alone(form):
    driver = Driver("x", **WRITTEN[form])
    assert driver.form.name == form
    assert driver.form.example.startswith(f"{{{form}: ")
    assert driver.lag == 0
    expected = {"groups": "correlation", "treatment": "quasi_experiment"}.get(form, "judgement")
    assert driver.evidence.grade == expected
    assert "evidence" not in driver.model_fields_set


def test_every_form_is_a_field_and_an_argument_of_a_driver():
    arguments = list(inspect.signature(Driver.__init__).parameters)
    listed = list(KEYS)
    assert [key for key in Driver.model_fields if key in KEYS] == listed
    assert [key for key in arguments if key in KEYS] == listed
    for key, entry in KEYS.items():
        assert Driver.model_fields[key].description == entry.description
        assert fields_of(Driver)[key] is entry.read
    for form in FORMS.values():
        assert build_driver(form.example).form is form


def build_driver(text):
    (metric, _) = load_text(f"metrics: {{m: {{value: 3, drivers: {{x: {text}}}}}, x: {{value: 1}}}}").metrics
    (driver,) = metric.drivers
    return driver


@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("second", FORMS)
def test_exactly_one_form(first, second):
    if first < second:
        (problem,) = problems(lambda: Driver("x", **WRITTEN[first], **WRITTEN[second]))
        assert "more than one way" in problem
        assert first in problem
        assert second in problem


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "how strong"),
        ({"lag": 1}, "how strong"),
        ({"when": "+1%"}, "`then` is missing"),
        ({"then": "+1%"}, "`when` is missing"),
        ({"when": "=5", "then": "+1%"}, "sets a value"),
        ({"when": "+1%", "then": "=5"}, "sets a value"),
        ({"when": "+0%", "then": "+1%"}, "zero"),
        ({"when": "+1% (0.5% to 2%)", "then": "+1%"}, "`when` is one amount"),
        ({"when": "+1%", "then": "+1% (0.5% to 2%)"}, "P10 and P90 of the effect as `range`"),
        ({"when": "1%", "then": "+1%"}, "starts with"),
        ({"slope": "5%"}, "points or a ratio"),
        ({"elasticity": "$5"}, "no unit"),
        ({"points": [[1, 2]]}, "fewer than two"),
        ({"points": [[1, 2], [1, 3]]}, "left to right"),
        ({"points": [[1, 2], [0, 3]]}, "left to right"),
        ({"points": [[1, 2], [2, 3, 4]]}, "two numbers"),
        ({"points": [[x, x] for x in range(101)]}, "more than 100"),
        ({"points": [[1, 2], [2, "3 to 4"]]}, "two numbers"),
        ({"points": [1, 2]}, "a point is a list"),
        ({"points": {"a": 1}}, "is a list, not a mapping"),
        ({"groups": {"with": 1}}, "'without' is missing"),
        ({"groups": {}}, "'with' and 'without' are missing"),
        ({"groups": [1, 2]}, "mapping"),
        ({"saturating": {"ceiling": 1, "half": 0}}, "above zero"),
        ({"saturating": {"ceiling": 1, "half": 1, "shap": 2}}, "did you mean 'shape'"),
        ({"logistic": {"floor": 0, "ceiling": 1, "middle": 5, "steepness": -2}}, "above zero"),
        ({"treatment": "+2pp"}, "mapping"),
        ({"treatment": {"on_source": EFFECT}}, "'on_target' is missing"),
        ({"treatment": {"on_source": EFFECT, "on_traget": EFFECT}}, "did you mean 'on_target'"),
        ({"treatment": {"on_source": EFFECT, "on_target": "+2pp"}}, "not an effect with its range"),
        ({"treatment": {"on_source": EFFECT, "on_target": "+1pp to +2pp"}}, "not an effect with its range"),
        ({"treatment": {"on_source": EFFECT, "on_target": "=2% (1% to 3%)"}}, "sets a value"),
        ({"treatment": {"on_source": EFFECT, "on_target": "2pp (1pp to 3pp)"}}, "starts with"),
        ({"treatment": {"on_source": EFFECT, "on_target": {"value": "+2pp"}}}, "`value` and its `ci95`"),
        ({"treatment": {"on_source": EFFECT, "on_target": {"value": 2, "ci95": 3}}}, "`value` and its `ci95`"),
        ({"treatment": {"on_source": EFFECT, "on_target": {"value": "+2pp", "ci95": "3pp to 4pp"}}}, "outside its"),
        ({"treatment": {"on_source": EFFECT, "on_target": EFFECT, "correlation": 1}}, "between -1 and 1"),
        ({"treatment": {"on_source": EFFECT, "on_target": EFFECT, "correlation": "20%"}}, "between -1 and 1"),
        ({"treatment": {"on_source": EFFECT, "on_target": EFFECT, "correlation": "0.1 to 0.3"}}, "between -1 and 1"),
        ({"treatment": {"on_source": EFFECT, "on_target": EFFECT}, "range": "1 to 2"}, "from those of both effects"),
        ({"slope": 1, "lag": -1}, "whole number"),
        ({"slope": 1, "lag": 1.5}, "whole number"),
        ({"slope": 1, "lag": True}, "whole number"),
        ({"slope": 1, "range": "5"}, "range"),
        ({"slope": "1 per point", "range": "1pp to 2pp per point", "note": ""}, "nothing is written"),
        ({"when": "+1%", "then": "+1%", "range": "1"}, "range"),
        ({"points": [[1, 2], [2, 3]], "range": "1 to 2"}, "does not go with"),
        ({"slope": 1, "observed": "5"}, "range"),
        ({"slope": 1, "range": {"value": 1, "ci95": "0 to 2"}}, "leave `value` out"),
        ({"slope": 1, "range": {"p1": 0, "p90": 2}}, "did you mean 'p10'"),
        ({"slope": 1, "range": {"p10": 2, "p90": 2}}, "increase"),
        ({"slope": 1, "range": {}}, "give one of"),
        ({"slope": 1, "range": [0, 2]}, "a range is text, not a list"),
        ({"slope": 1, "range": 3}, "a range is text, not a number"),
        ({"slope": 1, "range": "{ci95: 0 to 2"}, "not a mapping that can be read"),
        ({"slope": "1 (0 to 2)", "range": "0 to 2"}, "stated twice"),
        ({"elasticity": "1 (0 to 2)", "range": "0 to 2"}, "stated twice"),
        ({"elasticity": 1, "range": {"beta": [1, 2]}}, "of a probability"),
        ({"when": "+1%", "then": "+1%", "range": {"ci95": "2% to 0%"}}, "below its high end"),
        ({"slope": 1, "evidence": {"randomised": "a b"}}, "cannot be a name"),
        ({"slope": 1, "evidence": {"randomized": "a"}}, "did you mean 'randomised'"),
        ({"slope": 1, "evidence": "experment"}, "did you mean 'experiment'"),
        ({"slope": 1, "evidence": {"grde": "experiment"}}, "did you mean 'grade'"),
        ({"slope": 1, "evidence": ["experiment"]}, "mapping"),
    ],
)
def test_wrong_drivers_are_refused(keys, words):
    (problem,) = problems(lambda: Driver("x", **keys))
    assert words in problem
    assert problem.startswith("drivers.x")


def test_forms_that_take_a_range():
    for form, written in (
        ("when", "-0.5pp to -0.1pp"),
        ("slope", "-0.03pp to -0.01pp per point"),
        ("elasticity", "0.2 to 0.6"),
        ("semi_elasticity", "-0.03 to -0.01 per point"),
        ("per_doubling", "100 to 200 orders/month"),
        ("groups", "-2.0pp to -0.3pp"),
    ):
        assert Driver("x", **WRITTEN[form], range=written).range == written


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("when", {"ci95": "-0.5pp to -0.1pp"}),
        ("when", {"p10": "-0.5pp", "p90": "-0.1pp"}),
        ("slope", {"normal": {"mean": "-0.01pp per point", "sd": "0.005pp per point"}}),
        ("elasticity", {"discrete": [[0, "50%"], [0.8, 0.5]]}),
        ("groups", {"uniform": "-2pp to -1pp"}),
    ],
)
def test_a_range_may_be_a_mapping(form, written):
    driver = Driver("x", **WRITTEN[form], range=written)
    assert driver.spread == driver.written()["range"] == _texts(written)
    assert driver.with_keys(lag=1).with_keys(lag=None) == driver
    assert load_text(to_yaml(TreeSpec(metrics=[MetricSpec("a", value=1, drivers=[driver])]))).metrics[0].drivers == (
        driver,
    )


def _texts(data):
    if isinstance(data, dict):
        return {key: _texts(value) for key, value in data.items()}
    return [_texts(item) for item in data] if isinstance(data, list) else str(data)


# ---- evidence defaults


def test_evidence_defaults_are_the_decided_ones_where_nothing_is_stated():
    spec = TreeSpec(metrics=[MetricSpec("a", value=1)])
    grades = ("experiment", "quasi_experiment", "correlation", "benchmark", "judgement")
    assert [spec.evidence_defaults.factor(grade) for grade in grades] == [1.3, 1.6, 2.0, 2.5, 3.0]
    assert [spec.evidence_defaults.counted(grade) for grade in grades] == [1.0, 1.0, 0.5, 1.0, 1.0]
    assert "evidence_defaults" not in spec.written()


def test_evidence_defaults_keep_what_was_written():
    spec = TreeSpec(metrics=[MetricSpec("a", value=1)], evidence_defaults={"judgement": 4, "causal_share": "30%"})
    assert spec.evidence_defaults == EvidenceDefaults(judgement=4, causal_share="30%")
    assert (spec.evidence_defaults.factor("judgement"), spec.evidence_defaults.factor("benchmark")) == (4.0, 2.5)
    assert spec.evidence_defaults.counted("correlation") == 0.3
    assert spec.written()["evidence_defaults"] == {"judgement": "4", "causal_share": "30%"}
    assert load_text(to_yaml(spec)) == spec


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"judgement": 1}, "above 1"),
        ({"judgement": 0.5}, "above 1"),
        ({"judgement": -2}, "above 1"),
        ({"judgement": 1001}, "at most 1_000"),
        ({"judgement": "300%"}, "not a factor"),
        ({"judgement": "$3"}, "not a factor"),
        ({"judgement": "2 to 3"}, "not a factor"),
        ({"judgement": {"normal": [3, 1]}}, "not a factor"),
        ({"judgement": float("inf")}, "finite"),
        ({"judgement": True}, "true or false"),
        ({"judgment": 3}, "did you mean 'judgement'"),
        ({"causal_share": "101%"}, "at most 100%"),
        ({"causal_share": 50}, "at most 100%"),
        ({"causal_share": 0}, "above 0%"),
        ({"causal_share": "50pp"}, "not a share"),
        ({"causal_share": "40% to 50%"}, "not a share"),
    ],
)
def test_wrong_evidence_defaults_are_refused(keys, words):
    (problem,) = problems(lambda: EvidenceDefaults(**keys))
    assert words in problem
    assert problem.startswith("evidence_defaults.")


def test_a_factor_may_be_written_with_x_and_a_share_as_a_fraction():
    assert EvidenceDefaults(judgement="4x", causal_share=1).factor("judgement") == 4.0


def test_evidence_may_be_a_word():
    full = Driver("x", slope=1, evidence=Evidence("benchmark"))
    assert full == Driver("x", slope=1, evidence="benchmark") == Driver("x", slope=1, evidence={"grade": "benchmark"})


# ---- scenarios and trees


def test_scenarios_keep_their_order_and_text():
    scenario = Scenario("low", {"b": " +1% ", "a": "=$5"})
    assert scenario.changes == (("b", "+1%"), ("a", "=$5"))
    uncertain = Scenario("downturn", {"b": "-20% (-30% to -10%)"})
    assert uncertain.changes == (("b", "-20% (-30% to -10%)"),)
    for bad in ({}, {"b": 0.5}, {"b": "5"}, {"b c": "+1%"}, {"b": None}, "x", None):
        assert problems(lambda bad=bad: Scenario("low", bad))


def test_a_scenario_may_say_what_it_is_called_and_what_happens_in_it():
    bare, named = Scenario("weak_demand", {"b": "+1%"}), Scenario("low", {"b": "+1%"}, label="Weak", description="x\ny")
    assert (bare.title, named.title) == ("Weak demand", "Weak")
    assert bare.written() == {"b": "+1%"}
    assert named.written() == {"label": "Weak", "description": "x\ny", "changes": {"b": "+1%"}}
    assert TreeSpec(metrics={"b": {"value": 1}}, scenarios={"low": named.written()}).scenarios == (named,)
    metric = TreeSpec(metrics={"changes": {"value": 1}}, scenarios={"low": {"changes": "+1%"}})
    assert metric.scenarios == (Scenario("low", {"changes": "+1%"}),)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"currency": "usd"}, "write USD"),
        ({"currency": "XYZ"}, "ISO 4217"),
        ({"period": "fortnight"}, "one of day"),
        ({"horizon": 0}, "whole number"),
        ({"horizon": 10**9}, "whole number"),
        ({"horizon": "1e2"}, "whole number"),
        ({"outcomes": ["a", "a"]}, "twice"),
        ({"outcomes": "a"}, "is a list"),
        ({"outcomes": []}, "empty"),
        ({"outcomes": ["a b"]}, "cannot be a name"),
        ({"start_date": "now"}, "not a date"),
        ({"start_date": "0206-11-01"}, "lies outside the years 1900 to 2199"),
        ({"fiscal_calendar": {"start": "February"}}, "needs the first day of period 1"),
        ({"start_date": "2027-02-01", "fiscal_calendar": {"start": "Feb"}}, "write February"),
        ({"start_date": "2027-02-01", "fiscal_calendar": {"start": "2"}}, "write February"),
        ({"start_date": "2027-02-01", "fiscal_calendar": {"start": "Smarch"}}, "not the name of a month"),
        (
            {"start_date": "2027-02-01", "fiscal_calendar": {"pattern": "months"}},
            "states the month that it begins",
        ),
        ({"start_date": "2027-01-31", "fiscal_calendar": {"pattern": "4-5-4"}}, "states on which day its years end"),
        (
            {"start_date": "2027-02-01", "fiscal_calendar": {"start": "February", "year_end": "last Friday of May"}},
            "year_end is for years of whole weeks",
        ),
        (
            {"start_date": "2027-02-01", "fiscal_calendar": {"pattern": "4-5-4", "year_end": "soon"}},
            "does not say when a fiscal year ends",
        ),
        (
            {
                "start_date": "2027-01-31",
                "fiscal_calendar": {"start": "March", "pattern": "4-5-4", "year_end": "last Saturday of January"},
            },
            "start in February, not in March",
        ),
        (
            {"start_date": "2027-02-02", "fiscal_calendar": {"start": "February"}},
            "no fiscal month begins on 2027-02-02: the next one begins on 2027-03-01",
        ),
        ({"metric": {}}, "did you mean 'metrics'"),
        ({"scenarios": [1]}, "not a scenario"),
    ],
)
def test_wrong_trees_are_refused(keys, words):
    (problem,) = problems(lambda: TreeSpec(metrics=[MetricSpec("a", value=1)], **keys))
    assert words in problem


def test_a_tree_needs_metrics_with_names_of_their_own():
    assert problems(TreeSpec) == ["'metrics' is missing in a model: write e.g. metrics: {engagement: {value: 42%}}"]
    assert "at least one" in problems(lambda: TreeSpec(metrics=[]))[0]
    metric = MetricSpec("a", value=1)
    assert "twice" in problems(lambda: TreeSpec(metrics=[metric, metric]))[0]


def test_the_problems_of_a_calendar_are_all_listed():
    keys = {"start": "Smarch", "pattern": "4-4-4", "year_end": "soon", "quarter": "x"}
    found = problems(lambda: TreeSpec(metrics=[MetricSpec("a", value=1)], start_date="tomorrow", fiscal_calendar=keys))
    assert len(found) >= 5
    assert sum("fiscal_calendar" in problem for problem in found) >= 4


def test_a_fiscal_calendar_is_written_as_it_was_stated():
    stated = {"start": "February", "pattern": "4-5-4", "year_end": "last Saturday of January", "named_after": "start"}
    spec = TreeSpec(
        metrics=[MetricSpec("a", value=1)], period="week", start_date="2027-01-31", fiscal_calendar=dict(stated)
    )
    assert spec.written()["fiscal_calendar"] == stated
    assert spec.fiscal_calendar == FiscalCalendar(**stated)
    assert spec.calendar.label(1) == "FY27 W1"
    assert spec.calendar.label(1, 52) == "FY27"


def test_without_a_first_day_there_is_no_calendar():
    assert TreeSpec(metrics=[MetricSpec("a", value=1)]).calendar is None


def test_the_default_year_is_the_fiscal_one_where_the_first_period_begins_it():
    retail = {"pattern": "4-5-4", "year_end": "Saturday nearest 31 January"}
    keys = {"metrics": [MetricSpec("a", value=1)], "period": "week", "fiscal_calendar": retail}
    assert TreeSpec(start_date="2023-01-29", **keys).horizon_periods == 53
    assert TreeSpec(start_date="2024-02-04", **keys).horizon_periods == 52
    assert TreeSpec(start_date="2023-02-05", **keys).horizon_periods == 52
    assert TreeSpec(start_date="2023-01-29", horizon=26, **keys).horizon_periods == 26


@pytest.mark.parametrize(
    ("period", "periods"), [("day", 365), ("week", 52), ("month", 12), ("quarter", 4), ("year", 1)]
)
def test_the_horizon_is_one_year_unless_stated(period, periods):
    metric = MetricSpec("a", value=1)
    assert TreeSpec(metrics=[metric], period=period).horizon_periods == periods
    assert TreeSpec(metrics=[metric], period=period, horizon=7).horizon_periods == 7


def test_a_dollar_is_the_dollar_of_the_tree():
    metric = MetricSpec(
        "a", value="$5/month", unit="$/month", drivers=[Driver("b", points=[["$1", "$2"], ["$2", "$3"]])]
    )
    euro = MetricSpec("e", value="US$3")
    assert metric.value.unit.money == metric.unit.money == "USD"
    tree = TreeSpec(currency="CAD", metrics=[metric, euro])
    canadian, foreign = tree.metrics
    assert canadian.value.unit.money == canadian.unit.money == "CAD"
    assert canadian.drivers[0].points[0][0].unit.money == "CAD"
    assert foreign.value.unit.money == "USD"
    assert tree.metrics == TreeSpec(currency="CAD", metrics=tree.metrics).metrics
    back = TreeSpec(metrics=tree.metrics)
    assert back.metrics == (metric, euro)


# ---- changed copies


def test_with_keys_returns_a_checked_copy():
    metric = MetricSpec("a", value=1, label="A", better="lower")
    assert metric.with_keys(value="2") == MetricSpec("a", value=2, label="A", better="lower")
    assert metric.with_keys(label=None) == MetricSpec("a", value=1, better="lower")
    assert metric.with_keys(value=None, formula="b") == MetricSpec("a", formula="b", label="A", better="lower")
    assert problems(lambda: metric.with_keys(formula="b"))
    assert problems(lambda: metric.with_keys(valeu=3))
    tree = load_text("metrics: {a: {value: 1}, b: {value: $2}}\ncurrency: CAD")
    changed = tree.with_keys(metrics=[tree.metrics[0].with_keys(value=3), tree.metrics[1]])
    assert changed.metrics[1] == tree.metrics[1]
    assert changed.metrics[0].value.value == 3
    assert changed.places.find("metrics", "a") == (0, 0)
    assert changed.at(tree.places).places.find("metrics", "a") == (1, 11)


def test_only_this_package_s_errors():
    for keys in ({"value": object()}, {"drivers": object()}, {"notes": []}, {"guardrail": 3.5}, {"agreed": object()}):
        with pytest.raises(ImpactTreeError):
            MetricSpec("a", **({"value": 1} | keys))


def test_models_are_few():
    """Each class costs a millisecond at import."""
    assert len(Entry.__subclasses__()) == len(MODELS)
