"""Whole trees: what a graph holds, and how all problems of one file are reported at once."""

from __future__ import annotations

import pickle

import pytest

from impacttree.errors import ModelError, Problem
from impacttree.formula import unparse
from impacttree.graph import Graph, build
from impacttree.spec import MetricSpec, TreeSpec, load_text, read_text
from impacttree.templates import names, text

GOOD = """
outcome: profit
outcomes: [revenue, profit]
metrics:
  engagement: {value: 42% (40% to 45%), kind: product, bounds: 0% to 100%}
  churn:
    value: 2.5%/month
    drivers:
      engagement: {when: +10% relative, then: -0.3pp, lag: 1}
  customers: {start: 1000 customers, formula: prev(customers) * (1 - churn) + new}
  new: {value: 40 customers/month to 60 customers/month}
  arpu: {value: $29/customer/month}
  revenue: {formula: customers * arpu, kind: financial}
  cost: {value: $120k/year}
  profit: {formula: revenue - per_month(cost), kind: financial}
scenarios:
  downturn: {churn: +0.5pp, new: -20%}
"""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build(load_text(GOOD))


def problems_of(text: str) -> tuple[Problem, ...]:
    reading = read_text(text, "m.yaml")
    assert reading.spec is not None
    with pytest.raises(ModelError) as caught:
        build(reading.spec, reading.problems)
    return caught.value.problems


def places_of(text: str) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.metric, problem.key) for problem in problems_of(text)]


def test_metrics_in_file_order_with_one_rule_each(graph: Graph) -> None:
    assert [metric.name for metric in graph.metrics] == [
        "engagement", "churn", "customers", "new", "arpu", "revenue", "cost", "profit",
    ]  # fmt: skip
    assert [metric.index for metric in graph.metrics] == list(range(8))
    assert {name: graph.metrics[index].name for name, index in graph.by_name.items()} == {
        metric.name: metric.name for metric in graph.metrics
    }
    assert [metric.origin for metric in graph.metrics] == [
        "value", "drivers", "formula", "value", "value", "formula", "value", "formula",
    ]  # fmt: skip
    assert unparse(graph["profit"].rule) == "revenue - cost / 12"
    assert unparse(graph["churn"].rule).startswith("0.025 + -0.0714")
    assert graph.outcome == "profit"


def test_stated_numbers_are_parameters_with_addresses(graph: Graph) -> None:
    assert (graph["engagement"].rule.address, graph["engagement"].rule.value) == ("engagement.value", 0.42)
    start = graph["customers"].start
    assert start is not None
    assert (start.address, start.value) == ("customers.start", 1000.0)
    assert graph["new"].rule.value == pytest.approx((40 * 60) ** 0.5)


def test_references_in_reading_order(graph: Graph) -> None:
    read = {m.name: [(ref.source, ref.timing, ref.lag) for ref in m.references] for m in graph.metrics}
    assert read["customers"] == [("customers", "prev", 1), ("churn", "now", 0), ("new", "now", 0)]
    assert read["churn"] == [("engagement", "prev", 1), ("engagement", "baseline", 0)]
    assert read["engagement"] == []


def test_graphs_are_immutable_and_keep_their_spec(graph: Graph) -> None:
    assert graph.spec == load_text(GOOD)
    with pytest.raises(TypeError):
        graph.by_name["x"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        graph.outcome = "x"  # type: ignore[misc]


@pytest.mark.parametrize("name", names())
def test_templates_build_without_a_note(name: str) -> None:
    assert build(load_text(text(name))).notes == ()


def test_all_problems_of_one_file_in_order_with_their_lines() -> None:
    found = problems_of("""outcome: proffit
metrics:
  orders: {value: 1_200 orders/month}
  price: {value: "1,200"}
  revenue: {formula: orders * price, unit: USD/month}
  margin: {formula: "orders ^ 2"}
  after: {formula: margin * revenue}
  profit: {formula: revenue - cots}
  cost: {value: $9k/year}
  net: {formula: orders * 3 - cost}
  a: {formula: b + 1}
  b: {formula: a + 1}
  stock: {formula: prev(stock) + orders}
  share:
    value: 42%
    bounds: 0% to 100%
    guardrail: {min: 3 users}
    drivers:
      engagment: {slope: 1}
      orders: {slope: -0.01}
  engagement: {value: 42%, valeu: 3}
scenarios:
  worse:
    orders: -10%
    share: -5%
    prise: +3
""")
    assert [(problem.line, problem.metric, problem.key) for problem in found] == [
        (1, "", "outcome"),
        (4, "price", "value"),
        (6, "margin", "formula"),
        (8, "profit", "formula"),
        (10, "net", "formula"),
        (11, "a", "formula"),
        (13, "stock", ""),
        (17, "share", "guardrail.min"),
        (19, "share", "drivers.engagment"),
        (20, "share", "drivers.orders.slope"),
        (21, "engagement", "valeu"),
        (25, "", "scenarios.worse.share"),
        (26, "", "scenarios.worse.prise"),
    ]
    by_metric = {problem.metric or problem.key: problem for problem in found}
    assert "did you mean 'profit'?" in by_metric["outcome"].reason
    assert "did you mean 'cost'?" in by_metric["profit"].reason
    assert by_metric["profit"].formula[slice(*by_metric["profit"].span)] == "cots"
    assert "did you mean 'engagement'?" in found[8].reason
    assert "did you mean 'price'?" in found[12].reason
    assert all(problem.file == "m.yaml" for problem in found)
    assert all(problem.reason and problem.fix for problem in found if problem.key != "valeu")


def test_several_unknown_names_of_one_formula_each_once() -> None:
    found = problems_of("outcome: c\nmetrics:\n  ab: {value: 1}\n  c: {formula: abb + x * abb + prev(y) + ab}\n")
    assert [problem.formula[slice(*problem.span)] for problem in found] == ["abb", "x", "y"]


def test_what_depends_on_a_broken_metric_stays_silent() -> None:
    assert places_of("""
outcome: c
metrics:
  broken: {value: 12 12}
  a: {formula: broken * $}
  b: {formula: a + broken, unit: USD/month}
  c: {formula: b / a - broken}
  d: {value: 3%, drivers: {broken: {slope: 0.1pp per point}, a: {elasticity: 1}}}
  e: {formula: "exp(a) + b", guardrail: {min: $3/year}}
scenarios:
  s: {a: +1%, broken: +2pp, c: "=3 users"}
""") == [(4, "broken", "value"), (5, "a", "formula")]


@pytest.mark.parametrize("name", names())
def test_one_broken_metric_of_a_template_is_one_problem(name: str) -> None:
    content = text(name)
    spec = load_text(content)
    for metric in spec.metrics:
        key = "formula" if metric.formula else "value"
        line = spec.places.find("metrics", metric.name, key)[0]
        lines = content.splitlines()
        lines[line - 1] = f"    {key}: (oops"
        assert places_of("\n".join(lines)) == [(line, metric.name, key)]


def test_a_metric_that_could_not_be_read_at_all_is_not_unknown() -> None:
    assert places_of("""
outcome: gone
outcomes: [gone, a]
metrics:
  gone: 5
  a: {value: 3, drivers: {gone: {elasticity: 1}}}
  b: {formula: gone + a}
scenarios: {s: {gone: +1%}}
""") == [(5, "gone", "")]


def test_a_formula_cut_by_yaml_is_reported_as_that_only() -> None:
    found = problems_of("""
outcome: c
metrics:
  a: {value: 3}
  b: {formula: max(a, 2), unit: USD/month}
  c: {formula: b * 2}
""")
    assert [problem.line for problem in found] == [5]
    assert "comma" in found[0].reason


@pytest.mark.parametrize(
    ("metrics", "outcome"),
    [
        ("a: {value: $1/month, kind: financial}", "a"),
        ("a: {value: $1/month, kind: financial}, b: {formula: a * 2, kind: financial}, c: {value: 3}", "b"),
        ("a: {value: $1/month, kind: financial}, s: {start: 1, formula: prev(s) + 1}", "a"),
        ("a: {start: $1, formula: prev(a) * 1.1, kind: financial, aggregate: last}", "a"),
    ],
)
def test_the_only_financial_sink_is_the_outcome(metrics: str, outcome: str) -> None:
    assert build(load_text(f"metrics: {{{metrics}}}")).outcome == outcome


@pytest.mark.parametrize(
    ("metrics", "listed"),
    [
        ("a: {value: 1}, b: {formula: a * 2}, c: {formula: a * 3}", "ends in b, c"),
        ("a: {value: $1/month, kind: financial}, b: {value: $1/month, kind: financial}", "could be it: a, b"),
    ],
)
def test_candidates_are_listed_when_there_is_no_single_outcome(metrics: str, listed: str) -> None:
    (problem,) = problems_of(f"metrics: {{{metrics}}}")
    assert listed in problem.reason
    assert "`outcome: " in problem.fix


def test_no_outcome_is_guessed_while_formulas_are_broken() -> None:
    assert places_of("metrics:\n  a: {value: $1/month, kind: financial}\n  b: {formula: a +, kind: financial}\n") == [
        (3, "b", "formula")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("a: +1%", "ratio or points"),
        ("a: +70pp", "outside its bounds"),
        ("n: +1%", "at or below zero"),
        ("r: +3", "which money"),
        ("r: +3 users", "users"),
        ("c: +1pp", "not shown in %"),
        ("a: +1% (0.5% to 2%)", "ratio or points"),
        ("a: +70pp (10pp to 80pp)", "outside its bounds"),
    ],
)
def test_scenarios_must_apply(change: str, reason: str) -> None:
    (problem,) = problems_of(f"""
outcome: c
metrics:
  a: {{value: 42%, bounds: 0% to 100%}}
  n: {{value: -3}}
  r: {{value: $5/month}}
  c: {{formula: n * 2}}
scenarios:
  s:
    {change}
""")
    assert (problem.line, problem.key) == (10, f"scenarios.s.{change[0]}")
    assert reason in problem.reason


def test_scenarios_may_be_uncertain() -> None:
    graph = build(
        load_text("""
metrics:
  a: {value: 42%, bounds: 0% to 100%}
scenarios:
  s: {a: +50pp (10pp to 70pp)}
  t: {a: -20% relative (-30% to -10%)}
""")
    )
    assert [scenario.changes for scenario in graph.spec.scenarios] == [
        (("a", "+50pp (10pp to 70pp)"),),
        (("a", "-20% relative (-30% to -10%)"),),
    ]


def test_models_made_in_python_have_problems_without_places() -> None:
    spec = TreeSpec(metrics=[MetricSpec("a", formula="b + 1"), MetricSpec("c", formula="a * d")], outcome="c")
    with pytest.raises(ModelError) as caught:
        build(spec)
    assert [str(problem).splitlines()[0] for problem in caught.value.problems] == [
        "a.formula: there is no metric 'b': correct the name, or add the metric",
        "c.formula: there is no metric 'd': correct the name, or add the metric",
    ]


def test_what_reading_left_out_is_a_problem_even_if_its_reasons_are_not_handed_on() -> None:
    spec = read_text("metrics: {a: {value: oops}}").spec
    assert spec is not None
    with pytest.raises(ModelError, match="a: has neither a value nor a formula"):
        build(spec)


@pytest.mark.slow
def test_chains_and_sums_of_ten_thousand() -> None:
    chain = [MetricSpec("m0", value=1), *(MetricSpec(f"m{i}", formula=f"m{i - 1} + 1") for i in range(1, 10_001))]
    graph = build(TreeSpec(metrics=chain, outcome="m10000"))
    assert graph.order == tuple(range(10_001))
    total = MetricSpec("total", formula=" + ".join(f"m{i}" for i in range(10_000)))
    wide = build(TreeSpec(metrics=[total, *(MetricSpec(f"m{i}", value=1) for i in range(10_000))], outcome="total"))
    assert len(wide["total"].references) == 10_000
    assert wide.order[-1] == 0


@pytest.mark.slow
def test_thousands_of_unknown_names_are_reported() -> None:
    metrics = [MetricSpec(f"metric_{i}", formula=f"metrik_{i} + metric_0") for i in range(1, 3_000)]
    spec = TreeSpec(metrics=[MetricSpec("metric_0", value=1), *metrics], outcome="metric_0")
    with pytest.raises(ModelError) as caught:
        build(spec)
    assert len(caught.value.problems) == 2_999
    assert "did you mean" in caught.value.problems[0].reason


def test_specs_survive_pickling(graph: Graph) -> None:
    assert pickle.loads(pickle.dumps(graph.metrics[1].influences)) == graph.metrics[1].influences
