"""Subtrees hold exactly what the outcomes need."""

from __future__ import annotations

import networkx as nx
import pytest

from impacttree.errors import ModelError, QuestionError
from impacttree.graph import build, subtree, to_networkx
from impacttree.spec import MetricSpec, TreeSpec, load_text
from impacttree.templates import names, text


@pytest.mark.parametrize("name", names())
def test_ancestors_of_every_metric_and_nothing_else(name: str) -> None:
    spec = load_text(text(name))
    graph = to_networkx(build(spec))
    for metric in spec.metrics:
        part = subtree(spec, [metric.name])
        kept = nx.ancestors(graph, metric.name) | {metric.name}
        assert [m.name for m in part.metrics] == [m.name for m in spec.metrics if m.name in kept]
        for whole, own in zip((m for m in spec.metrics if m.name in kept), part.metrics, strict=True):
            inside = {name: note for name, note in whole.not_modelled if name in kept}
            assert own == whole.with_keys(not_modelled=inside or None)
        assert part.outcome == (spec.outcome if spec.outcome in kept else metric.name)
        assert set(part.outcomes) == set(spec.outcomes) & kept
        changed = {name for scenario in part.scenarios for name, _ in scenario.changes}
        assert changed == {name for scenario in spec.scenarios for name, _ in scenario.changes} & kept


def test_a_subtree_builds_and_knows_its_file() -> None:
    spec = load_text(text("saas"), "saas.yaml")
    part = subtree(spec, ["ltv_to_cac", "nps"])
    graph = build(part)
    assert graph.outcome == "ltv_to_cac"
    assert part.places.file == "saas.yaml"
    assert part.currency == spec.currency
    assert str(graph["ltv_to_cac"].unit) == "x"


def test_correlations_stay_with_their_numbers() -> None:
    spec = load_text("""
outcome: d
metrics:
  a: {value: 1 to 2}
  b: {value: 1 to 2}
  c: {value: 1 to 2}
  d: {formula: a + b}
  e: {formula: c * 2}
correlations: [[a.value, b.value, 0.3], [b.value, c.value, 0.2]]
""")
    assert [entry[:2] for entry in subtree(spec, ["d"]).correlations] == [("a.value", "b.value")]
    assert subtree(spec, ["e"]).correlations == ()


def test_the_whole_tree_is_a_subtree_of_itself() -> None:
    spec = load_text(text("duolingo"))
    assert subtree(spec, [metric.name for metric in spec.metrics]) == spec


@pytest.mark.parametrize(("asked", "reason"), [(["revenu"], "did you mean 'revenue'"), ([], "at least one outcome")])
def test_questions_about_what_is_not_there(asked: list[str], reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        subtree(load_text(text("saas")), asked)


def test_a_broken_formula_on_the_way() -> None:
    spec = TreeSpec(metrics=[MetricSpec("a", formula="b ^ 2"), MetricSpec("b", value=1), MetricSpec("c", value=1)])
    with pytest.raises(ModelError, match=r"a\.formula"):
        subtree(spec, ["a"])
    assert [metric.name for metric in subtree(spec, ["c"]).metrics] == ["c"]


@pytest.mark.slow
def test_a_chain_of_ten_thousand() -> None:
    metrics = [MetricSpec("m0", value=1), *(MetricSpec(f"m{i}", formula=f"m{i - 1} + 1") for i in range(1, 10_001))]
    assert len(subtree(TreeSpec(metrics=metrics), ["m10000"]).metrics) == 10_001


FINANCED = """
finance: {discount_rate: 12%/year, cash: {profit: profit, capex: {of: capex, life: 36}}, terminal: TERMINAL}
outcome: profit
metrics:
  revenue: {value: $40k/month}
  cost: {value: $9k/month}
  capex: {value: $1k/month}
  profit: {formula: revenue - cost}
  margin: {formula: profit / revenue}
  spent: {formula: profit - capex}
"""


@pytest.mark.parametrize(
    ("outcome", "terminal", "cash", "kept"),
    [
        ("spent", "{perpetuity: {growth: 2%}}", True, True),
        ("spent", "{multiple: {of: revenue, x: 2}}", True, True),
        ("spent", "{multiple: {of: margin, x: 2}}", True, False),
        ("margin", "{perpetuity: {growth: 2%}}", False, False),
        ("margin", "{multiple: {of: revenue, x: 2}}", False, False),
    ],
)
def test_what_is_cash_is_known_where_all_of_it_is_left(outcome: str, terminal: str, cash: bool, kept: bool) -> None:
    spec = load_text(FINANCED.replace("TERMINAL", terminal))
    finance = subtree(spec, [outcome]).finance
    assert finance is not None
    assert spec.finance is not None
    assert finance.rate == spec.finance.rate
    assert finance.cash == (spec.finance.cash if cash else None)
    assert finance.terminal == (spec.finance.terminal if kept else None)
