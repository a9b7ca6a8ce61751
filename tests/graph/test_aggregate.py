"""Which rule a metric follows over the horizon, and that recomputing is only chosen where it is right."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import ModelError
from impacttree.formula import parse, parse_expression
from impacttree.graph import Graph, build
from impacttree.graph.aggregate import is_flow, scales_out
from impacttree.graph.central_values import evaluate
from impacttree.quantity import Unit
from impacttree.spec import load_text

TREE = """
outcome: revenue
metrics:
  customers: {start: 1000 customers, formula: prev(customers) * (1 - churn) + new}
  new: {value: 50 customers/month}
  churn: {value: 2%/month}
  arpu: {value: $29/customer/month}
  spend: {value: $10k/month}
  salary: {value: $120k/year}
  dau: {value: 5000 users, aggregate: mean}
  revenue: {formula: customers * arpu, kind: financial}
  mrr: {formula: customers * arpu, aggregate: last}
  profit: {formula: revenue - spend - per_month(salary)}
  margin: {formula: profit / revenue, unit: "%"}
  fixed_margin: {formula: (revenue - 1000) / revenue}
  cac: {formula: spend / new}
  ltv: {formula: arpu * margin / churn}
  ltv_to_cac: {formula: ltv / cac}
  yearly: {formula: per_year(revenue)}
  grown: {formula: revenue / prev(revenue)}
  since: {formula: revenue / baseline(revenue)}
  total: {formula: cumulative(revenue), aggregate: last}
  per_head: {formula: revenue / customers}
  per_user: {formula: revenue / dau}
  best: {formula: "max(profit, 0) / revenue"}
  average: {formula: "mrr / customers"}
"""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build(load_text(TREE))


@pytest.mark.parametrize(
    ("name", "rule", "reason"),
    [
        ("customers", "last", "level: value of the last period"),
        ("new", "sum", "flow per month: summed"),
        ("churn", "last", "level: value of the last period"),
        ("arpu", "last", "level: value of the last period"),
        ("salary", "last", "level: value of the last period"),
        ("dau", "mean", "stated: mean"),
        ("revenue", "sum", "flow per month: summed"),
        ("mrr", "last", "stated: last"),
        ("profit", "sum", "flow per month: summed"),
        ("margin", "recompute", "recomputed from its inputs over the horizon"),
        ("fixed_margin", "last", "level: value of the last period"),
        ("cac", "recompute", "recomputed from its inputs over the horizon"),
        ("ltv", "recompute", "recomputed from its inputs over the horizon"),
        ("ltv_to_cac", "recompute", "recomputed from its inputs over the horizon"),
        ("yearly", "last", "level: value of the last period"),
        ("grown", "last", "level: value of the last period"),
        ("since", "last", "level: value of the last period"),
        ("total", "last", "stated: last"),
        ("per_head", "last", "level: value of the last period"),
        ("per_user", "last", "level: value of the last period"),
        ("best", "recompute", "recomputed from its inputs over the horizon"),
        ("average", "recompute", "recomputed from its inputs over the horizon"),
    ],
)
def test_rule_and_printed_reason(graph: Graph, name: str, rule: str, reason: str) -> None:
    assert (graph[name].aggregation, graph[name].aggregation_reason) == (rule, reason)


@pytest.mark.parametrize(
    ("unit", "flows"),
    [("USD/month", True), ("users/month", True), ("1/month", True), ("hours/month", True), ("%/month", False),
     ("USD/user/month", False), ("USD/year", False), ("USD", False), ("hours/month/user", False), ("", False)],
)  # fmt: skip
def test_flows_of_the_period(unit: str, flows: bool) -> None:
    assert is_flow(Unit.parse(unit), "month") == flows


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    calls = st.tuples(st.sampled_from(("min", "max")), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})")
    chosen = st.tuples(inner, inner, inner, inner).map(lambda p: f"if({p[0]} > {p[1]}, {p[2]}, {p[3]})")
    other = inner.flatmap(
        lambda x: st.sampled_from((
            f"-{x}", f"{x} ** 2", f"{x} ** -1", f"sqrt({x})", f"abs({x})", f"exp({x} / 100)", f"log({x})",
            f"clip({x}, 1, 50)", f"saturate({x}, 10, 3)", f"saturate({x}, 10, flow)", f"saturate(5, {x}, 3)",
            f"logistic({x}, 0, 2, 3, 0.1)", f"logistic({x}, 0, flow, flow, 1 / other)",
            f"interpolate({x}, 0, 1, 9, 4)"
        ))
    )  # fmt: skip
    return binary | calls | chosen | other


formulas = st.recursive(st.sampled_from(("flow", "other", "level", "2", "0")), _joined, max_leaves=6)


@given(formulas, st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.1, 9), st.sampled_from((0.25, 4.0, 16.0)))
def test_what_scales_out_keeps_its_value_when_all_flows_grow(
    text: str, flow: float, other: float, level: float, factor: float
) -> None:
    expression = parse_expression(text)
    assume(scales_out(expression, {"flow", "other"}.__contains__))
    values = {"flow": flow, "other": other, "level": level}
    before = evaluate(expression, values.get)
    after = evaluate(expression, {"flow": flow * factor, "other": other * factor, "level": level}.get)
    if before is not None and after is not None and abs(before) < 1e9:
        assert after == pytest.approx(before, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flow / other", True),
        ("flow * level", False),
        ("flow ** 2 / other ** 2", True),
        ("flow ** level", False),
        ("sqrt(flow * other) / flow", True),
        ("exp(flow)", False),
        ("exp(flow / other)", True),
        ("flow / 5", False),
        ("(flow - 5) / other", False),
        ("(flow - 0) / other", True),
        ("max(flow, 0) / other", True),
        ("if(flow > other, level, 3)", True),
        ("if(flow > 10, level, 3)", False),
        ("saturate(flow, level, other)", True),
        ("saturate(flow, level, 100)", False),
        ("per_day(flow) / per_day(other)", True),
        ("baseline(flow) * level", True),
        ("flow / baseline(flow)", False),
    ],
)
def test_homogeneous_of_degree_zero(text: str, expected: bool) -> None:
    assert scales_out(parse(text), {"flow", "other"}.__contains__) is expected


@pytest.mark.parametrize(
    ("body", "key", "reason", "fix"),
    [
        ("{value: $5k, kind: financial}", "", "balance", "USD/month"),
        ("{value: 5 users, aggregate: recompute}", "aggregate", "stated value", "sum, mean or last"),
        ("{formula: prev(y) * 2, aggregate: recompute}", "aggregate", "other periods", "sum, mean or last"),
    ],
)
def test_what_must_be_stated_and_cannot_be(body: str, key: str, reason: str, fix: str) -> None:
    with pytest.raises(ModelError) as caught:
        build(load_text(f"outcome: y\nmetrics:\n  y: {{value: 3}}\n  m: {body}\n"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.metric, problem.key) == (4, "m", key)
    assert reason in problem.reason
    assert fix in problem.fix


@pytest.mark.parametrize("aggregate", ["sum", "last", "mean"])
def test_bare_money_with_a_stated_rule(aggregate: str) -> None:
    graph = build(
        load_text(f"outcome: cash\nmetrics: {{cash: {{value: $5k, kind: financial, aggregate: {aggregate}}}}}")
    )
    assert graph["cash"].aggregation == aggregate


def test_an_outcome_in_another_period_names_the_conversion() -> None:
    text = "outcome: m\nmetrics:\n  salary: {value: $120k/year}\n  m: {formula: salary * 2}\n"
    with pytest.raises(ModelError, match=r"m: the outcome 'm' is per year.*per_month\(salary \* 2\)"):
        build(load_text(text))
    with pytest.raises(ModelError, match=r"formula per_month\(salary\)"):
        build(
            load_text(
                text.replace("outcome: m", "outcome: m\noutcomes: [salary]").replace("salary * 2", "per_month(salary)")
            )
        )
    level = build(load_text(text.replace("salary * 2", "salary * 2, aggregate: last")))
    assert level["m"].aggregation == "last"
    assert math.isclose(build(load_text(text.replace("salary * 2", "per_month(salary)")))["m"].rule.right.value, 12)  # type: ignore[union-attr]
