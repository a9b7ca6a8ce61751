"""The object that users hold: what it says of itself, its changed copies, and the ways in and out."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree import questions
from impacttree.errors import EvaluationError, FormulaError, ImpactTreeError, ModelError, OutputError, QuestionError
from impacttree.spec import TreeSpec
from impacttree.tree import ImpactTree
from tests.analyses.models import CLUB, COST, SHOP, asked, can_be_asked, club, near, over, shop
from tests.strategies import Sketch, changes, examples, trees

TEMPLATES = ("saas", "internal", "duolingo")
LIFTS = {"saas": ("engagement", "+1%"), "internal": ("adoption", "+1%"), "duolingo": ("engagement", "+1%")}


def answers(tree: ImpactTree, metric: str, change: str) -> tuple[str, ...]:
    """Everything that the tree prints, but for times and places."""
    questions = (
        tree.values(),
        tree.worth(metric, change),
        tree.sensitivity(),
        tree.project(),
        tree.what_if({metric: change}),
        tree.check_guardrails(),
    )
    return tuple(str(answer) for answer in questions)


# ---- what it is


def test_a_tree_is_a_collection_of_metrics():
    tree = it.loads(SHOP)
    assert tree.name == "Shop"
    assert tree.outcome == "profit"
    assert len(tree) == 10
    assert list(tree)[:3] == ["speed", "visits", "conversion"]
    assert "visits" in tree
    assert "nothing" not in tree
    assert 3 not in tree
    assert str(tree["basket"].unit) == "USD/order"
    assert tree._graph["conversion"].influences[0].source == "speed"
    assert repr(tree) == "<ImpactTree 'Shop': 10 metrics, outcome profit>"
    assert str(tree).startswith("Values today (t = 0)\n")
    assert tree.show() == tree.values()


def test_a_tree_never_changes():
    tree = it.loads(SHOP)
    with pytest.raises(AttributeError, match="an ImpactTree never changes, so outcome cannot be set"):
        tree.outcome = "revenue"
    with pytest.raises(AttributeError):
        tree.anything = 1
    with pytest.raises(ValueError, match="frozen"):
        tree.spec.name = "Other"
    before = answers(tree, "speed", "+1%")
    graph = tree.graph
    graph.nodes["visits"]["value"] = "1 visits/month"
    graph.remove_node("profit")
    assert answers(tree, "speed", "+1%") == before


def test_equal_trees_are_equal():
    tree, same = it.loads(SHOP), it.loads(SHOP)
    assert tree == same
    assert hash(tree) == hash(same)
    assert len({tree, same, it.loads(CLUB)}) == 2
    assert tree != it.loads(SHOP.replace("90_000", "91_000"))
    assert tree != "Shop"


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_trees_pickle_and_copy(name):
    tree = it.template(name)
    for again in (pickle.loads(pickle.dumps(tree)), copy.copy(tree), copy.deepcopy(tree)):
        assert again == tree
        assert answers(again, *LIFTS[name]) == answers(tree, *LIFTS[name])


# ---- made in Python, from files, from graphs


def test_a_tree_made_in_python_is_the_tree_of_the_file():
    made = it.ImpactTree(
        name="Shop",
        outcome="revenue",
        metrics=[
            it.Metric("speed", value="80 points", kind="product"),
            it.Metric("visits", value="90k visits/month"),
            it.Metric("conversion", value="2%", drivers=[it.Driver("speed", slope="0.02pp per point")]),
            it.Metric("basket", value="$40/order"),
            it.Metric("revenue", formula="visits * conversion * basket", unit="USD/month", kind="financial"),
        ],
    )
    read = it.loads("""
name: Shop
outcome: revenue
metrics:
  speed: {value: 80 points, kind: product}
  visits: {value: 90k visits/month}
  conversion: {value: 2%, drivers: {speed: {slope: 0.02pp per point}}}
  basket: {value: $40/order}
  revenue: {formula: visits * conversion * basket, unit: USD/month, kind: financial}
""")
    assert made == read
    assert made.worth("speed", "+10 points").total == pytest.approx(90e3 * 0.002 * 40 * 12)


@pytest.mark.slow
def test_a_file_keeps_its_answers(tmp_path):
    for name in TEMPLATES:
        tree = it.template(name)
        path = tmp_path / f"{name}.yaml"
        tree.save(path)
        again = it.load(path)
        assert again == tree
        assert answers(again, *LIFTS[name]) == answers(tree, *LIFTS[name])
        with pytest.raises(OutputError):
            tree.save(path, overwrite=False)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_graph_keeps_its_answers(name):
    tree = it.template(name)
    again = it.from_networkx(tree.graph)
    assert answers(again, *LIFTS[name]) == answers(tree, *LIFTS[name])
    assert isinstance(tree.graph, nx.DiGraph)
    assert set(tree.graph.nodes) == set(tree)


@pytest.mark.slow
@examples(25)
@given(st.one_of(trees(), trees(kinks=True, jumps=True)), st.data())
def test_every_way_out_and_back_keeps_the_numbers(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch))
    assume(can_be_asked(sketch, drawn, tree.values()))
    for again in (it.loads(tree.to_yaml()), it.from_networkx(tree.graph), pickle.loads(pickle.dumps(tree))):
        assert dict(again.values()) == dict(tree.values())
        assert again.what_if(asked(drawn)).after == tree.what_if(asked(drawn)).after


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: it.loads(None), ModelError, "a model is text or bytes, not NoneType"),
        (lambda: it.loads(""), ModelError, "the file is empty"),
        (lambda: it.load("no such file.yaml"), ModelError, "there is no such file: check the path"),
        (lambda: it.template("sass"), QuestionError, "there is no template 'sass' .did you mean 'saas'"),
        (lambda: it.template(None), QuestionError, "a template is named by text, not NoneType"),
        (lambda: it.from_networkx(3), ModelError, "a model is a directed graph with one edge a pair"),
        (lambda: it.ImpactTree(metric=[]), ModelError, "metric"),
    ],
)
def test_what_is_no_model(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_every_problem_is_told_at_once():
    with pytest.raises(ModelError) as caught:
        it.loads(SHOP.replace("visits * conversion", "visits * conversoin").replace("value: 30%", "value: banana"))
    assert len(caught.value.problems) == 2
    assert "did you mean 'conversion'?" in str(caught.value)


# ---- changed copies


def test_refreshed_values_anchor_assumed_effects_again_and_changes_do_not():
    tree = it.loads(SHOP)
    fresh = tree.with_values({"speed": "85 points"})
    assert fresh.values()["conversion"] == 0.02
    assert fresh.values()["profit"] == pytest.approx(shop(months=1)["profit"])
    assert fresh.worth("speed", "+5 points").total == pytest.approx(shop(speed=85)["profit"] - shop()["profit"])
    moved = tree.what_if({"speed": "=85 points"})
    assert moved.after == pytest.approx(shop(speed=85)["profit"])
    assert dict(tree.values()) == dict(it.loads(SHOP).values())


def test_refreshed_values_of_a_stock_are_its_start():
    tree = it.loads(CLUB).with_values({"members": 11_000, "fee": "€52"})
    assert tree.values()["members"] == 11_000
    assert tree.project(1)["members"][1] == pytest.approx(11_000 * 0.95 + 400)
    assert tree.values()["fees"] == 11_000 * 52


@pytest.mark.parametrize("value", [52, 52.0, "€52", "€52/member/quarter", "€52 (€50 to €53)"])
def test_refreshed_values_keep_the_unit_of_the_metric(value):
    tree = it.loads(CLUB)
    fresh = tree.with_values({"fee": value})
    assert fresh.values()["fee"] == 52
    assert fresh["fee"].unit == tree["fee"].unit
    assert it.loads(fresh.to_yaml()) == fresh
    assert fresh.worth("fee", "+€1").total == pytest.approx(sum(row["members"] for row in club()))


@pytest.mark.parametrize(("value", "shown"), [(0.45, "45.0%"), ("45%", "45.0%")])
def test_refreshed_shares_stay_shares(value, shown):
    row = next(row for row in it.loads(CLUB).with_values({"spirit": value}).values().view().rows)
    assert row[2].text == shown


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fe": 3}, "there is no metric 'fe' .did you mean 'fee'"),
        ({"result": 3}, "result: is computed by a formula: refresh the metrics that it reads instead"),
        ({"fee": "52"}, "fee: cannot take 52: a bare number does not say which money: write it with its currency: EUR"),
        ({"fee": "$52"}, r"fee: cannot take \$52: USD does not fit a metric in EUR/member/quarter"),
        ({"fee": "52 members"}, "fee: cannot take 52 members: members does not fit a metric in EUR/member/quarter"),
        ({"fee": None}, "fee: cannot take None: write e.g. '43%' or 0.43"),
        ({"fee": float("nan")}, "fee: cannot take nan: write e.g. '43%' or 0.43"),
        ({"fee": True}, "fee: cannot take True: write e.g. '43%' or 0.43"),
        (["fee"], "values are a mapping by metric or a pandas Series, not list"),
    ],
)
def test_values_that_do_not_fit(values, message):
    with pytest.raises(QuestionError, match=message):
        it.loads(CLUB).with_values(values)


def test_refreshed_values_beyond_bounds_and_unreadable_ones():
    with pytest.raises(ModelError, match="outside the bounds"):
        it.loads(CLUB).with_values({"spirit": "130%"})
    with pytest.raises(ModelError, match="this is not a number with a unit"):
        it.loads(CLUB).with_values({"fee": "banana"})


def test_a_number_that_becomes_certain_is_no_longer_correlated():
    tree = it.ImpactTree(
        metrics=[it.Metric(name, value="1 to 2") for name in "abc"] + [it.Metric("d", formula="a * b * c")],
        correlations=[("a.value", "b.value", 0.3), ("b.value", "c.value", -0.2)],
    )
    assert [entry[:2] for entry in tree.with_values({"a": 1.5}).spec.correlations] == [("b.value", "c.value")]
    assert len(tree.with_values({"a": "1.1 to 1.9"}).spec.correlations) == 2
    assert tree.with_values({"b": 1}).spec.correlations == ()


def test_correlations_with_numbers_that_the_outcome_does_not_rest_on():
    """One of a correlated group that is read stands alone; two that are read make one factor, without the rest."""
    metrics = [it.Metric(name, value="1 to 2") for name in "abcz"] + [it.Metric("sum", formula="a + b + c")]
    links = [("a.value", "z.value", 0.5), ("a.value", "b.value", 0.5)]
    both = it.ImpactTree(metrics=metrics, outcome="sum", correlations=links).uncertainty()
    assert both["a.value"].with_others == ("b.value",)
    alone = it.ImpactTree(metrics=metrics, outcome="sum", correlations=links[:1]).uncertainty()
    assert {row.with_others for row in alone.rows} == {()}
    assert [row.first.value for row in alone.rows] == pytest.approx([1 / 3] * 3, abs=0.02)
    assert both["a.value"].first.value == pytest.approx((2 + 1) / (3 + 1), rel=0.05)


def test_what_is_refreshed_is_no_longer_a_template_value():
    tree = it.loads(SHOP.replace("kind: product}", "kind: product, placeholder: true}", 1))
    assert tree.worth("speed", "+1%").placeholders == (1, 8)
    assert tree.with_values({"speed": "81 points"}).worth("speed", "+1%").placeholders == (0, 8)


def test_a_metric_is_put_in_place_or_added():
    tree = it.loads(SHOP)
    dear = tree.with_metric(it.Metric("margin", label="Gross margin", value="40%", bounds="0% to 100%"))
    assert list(dear) == list(tree)
    assert dear.what_if({}).before == pytest.approx(shop(margin=0.4)["profit"])
    more = tree.with_metric(it.Metric("tax", formula="profit * 0.25", unit="USD/month", kind="financial"))
    assert list(more) == [*tree, "tax"]
    assert more.worth("fixed", "-$1k", on="tax").total == pytest.approx(12_000 * 0.25)
    assert "tax" not in tree
    with pytest.raises(QuestionError, match=r"with_metric\(\) takes an it\.Metric"):
        tree.with_metric("tax")


def test_a_part_of_a_tree_gives_the_same_answers():
    tree = it.loads(SHOP)
    part = tree.subtree("revenue")
    assert set(part) == {"speed", "visits", "conversion", "basket", "orders", "revenue"}
    assert part.worth("speed", "+10 points", on="revenue").total == pytest.approx(
        shop(speed=90)["revenue"] - shop()["revenue"]
    )
    assert [scenario.name for scenario in part.spec.scenarios] == ["fast"]
    with pytest.raises(QuestionError, match="a subtree needs at least one outcome"):
        tree.subtree()
    with pytest.raises(QuestionError, match="there is no metric 'revenu'"):
        tree.subtree("revenu")


@pytest.mark.parametrize("name", TEMPLATES)
def test_parts_of_the_templates(name):
    tree = it.template(name)
    part = tree.subtree(tree.outcome)
    assert set(part) <= set(tree)
    metric, change = LIFTS[name]
    assert part.worth(metric, change).total == pytest.approx(tree.worth(metric, change).total, rel=1e-12)


# ---- metrics


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_tree_gives_its_metrics_as_users_write_them(name):
    tree = it.template(name)
    assert [metric.name for metric in tree.metrics] == list(tree)
    exported, values = tree.graph, tree.values()
    for metric in tree.metrics:
        assert isinstance(metric, it.Metric)
        assert metric is tree[metric.name]
        assert metric == next(written for written in tree.spec.metrics if written.name == metric.name)
        assert metric.today == values[metric.name]
        assert (str(metric.unit) or "1") == exported.nodes[metric.name]["unit"]
        assert set(metric.inputs) == set(exported.predecessors(metric.name)) - {metric.name}
        assert set(metric.outputs) == set(exported.successors(metric.name)) - {metric.name}
        assert metric.aggregation == tree._graph[metric.name].aggregation
        assert tree.with_metric(metric) == tree
        assert repr(metric).startswith(f"Metric({metric.name!r}")
        assert len(repr(metric).splitlines()) <= 12
    again = it.ImpactTree(metrics=tree.metrics, outcome=tree.outcome, period=tree.spec.period)
    assert [metric.written() for metric in again.spec.metrics] == [m.written() for m in tree.spec.metrics]


def test_what_a_tree_knows_of_a_metric_is_read_only_and_does_not_become_a_key():
    tree = it.loads(SHOP)
    orders = tree["orders"]
    assert (orders.inputs, orders.outputs) == (("visits", "conversion"), ("revenue",))
    for key in ("today", "aggregation", "inputs", "outputs", "unit"):
        with pytest.raises((AttributeError, ValueError)):
            setattr(orders, key, None)
    loose = it.Metric("orders", formula="visits * conversion")
    assert (loose.today, loose.aggregation, loose.inputs, loose.outputs) == (None, None, (), ())
    basket = tree["basket"]
    assert "unit" not in basket.stated_keys()
    assert str(basket.unit) == "USD/order"
    assert basket.with_keys(label="Sold").unit is None
    assert pickle.loads(pickle.dumps(orders)).today == orders.today
    assert hash(orders) == hash(tree.spec.metrics[list(tree).index("orders")])


def test_a_metric_shows_itself_as_a_table_in_a_notebook():
    metric = it.loads("metrics: {a: {value: 2 users, label: '<b>A & B</b>'}}")["a"]
    html = metric._repr_html_()
    assert html.startswith("<table>")
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in html
    assert "<b>" not in html


def test_values_may_come_from_a_series():
    tree = it.loads(SHOP)
    fresh = tree.with_values(pd.Series({"visits": np.int64(50_000), "conversion": 0.03}))
    assert fresh == tree.with_values({"visits": 50_000, "conversion": 0.03})
    with pytest.raises(QuestionError, match=r"visits.*given twice"):
        tree.with_values(pd.Series([1.0, 2.0], index=["visits", "visits"]))
    with pytest.raises(QuestionError, match="cannot take nan"):
        tree.with_values(pd.Series({"visits": math.nan}))
    with pytest.raises(QuestionError, match="mapping by metric or a pandas Series, not list"):
        tree.with_values([("visits", 3)])


# ---- questions are bound, not repeated


def test_questions_work_on_the_class_and_show_their_own_signature():
    tree = it.loads(SHOP)
    assert it.ImpactTree.worth(tree, "speed", "+10 points") == tree.worth("speed", "+10 points")
    for name in questions.__all__:
        method, question = getattr(it.ImpactTree, name), getattr(questions, name)
        own, asked = inspect.signature(method), inspect.signature(question)
        assert list(own.parameters.values())[1:] == list(asked.parameters.values())[1:]
        assert next(iter(own.parameters)) == "self"
        assert own.return_annotation == asked.return_annotation
        assert method.__qualname__ == f"ImpactTree.{name}"
        assert inspect.getdoc(method)
        assert "subject" not in inspect.getdoc(method)
        assert name in dir(tree)


def test_the_constructor_names_the_keys_of_a_model():
    keys = list(inspect.signature(it.ImpactTree).parameters.values())
    assert keys == list(inspect.signature(TreeSpec.__init__).parameters.values())[1:]
    with pytest.raises(ModelError, match="did you mean 'horizon'"):
        it.ImpactTree(metrics={"a": {"value": 1}}, horzion=3)


# ---- closed forms


def test_closed_forms_of_a_tree_without_time():
    tree = it.loads(SHOP)
    visits, basket, margin = (sympy.Symbol(name, real=True) for name in ("visits", "basket", "margin"))
    derivative = tree.derivative("profit", "orders")
    assert sympy.simplify(derivative - basket * margin) == 0
    assert sympy.simplify(tree.derivative("orders", "conversion") - visits) == 0
    orders, revenue = (sympy.Symbol(name, real=True) for name in ("orders", "revenue"))
    assert sympy.simplify(tree.elasticity("revenue", "basket") - orders * basket / revenue) == 0
    assert set(map(str, tree.expression("orders").free_symbols)) >= {"visits"}


def test_closed_forms_through_time_name_their_periods():
    tree = it.loads(CLUB)
    slope = tree.derivative("members", "joins", period=2)
    churn = sympy.Function("churn", real=True)
    assert sympy.simplify(slope - (1 + (1 - churn(2)))) == 0
    assert tree.derivative("churn", "spirit", period=1) == 0
    assert float(tree.derivative("churn", "spirit")) == pytest.approx(-0.2)
    with pytest.raises(QuestionError, match="not a whole number"):
        tree.derivative("members", "joins", period=0)
    with pytest.raises(QuestionError, match="there is no metric"):
        tree.derivative("members", "join")


# ---- formulas by themselves


def test_a_formula_by_itself():
    formula = it.Formula("customers * arpu")
    assert formula.names == ("customers", "arpu")
    assert formula.evaluate(customers=100, arpu=29) == 2900
    assert it.Formula("self * 2").evaluate(self=3) == 6
    assert formula == it.Formula("customers * arpu")
    assert "customers" in formula.latex()
    with pytest.raises(AttributeError):
        formula.text = "a"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: it.Formula("a +"), FormulaError, "the formula ends after"),
        (lambda: it.Formula(None), FormulaError, "a formula is text such as 'customers . arpu', not NoneType"),
        (lambda: it.Formula("a + b").evaluate(a=1), QuestionError, "needs a value of 'b'"),
        (lambda: it.Formula("a + b").evaluate(a=1, b="x"), QuestionError, "b is 'x'; give a finite number"),
        (lambda: it.Formula("a + b").evaluate(a=1, b=2, c=3), QuestionError, "c"),
        (lambda: it.Formula("1 / a").evaluate(a=0), EvaluationError, "a"),
    ],
)
def test_formulas_that_cannot_be_computed(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- the questions are bound to the tree


def test_each_question_is_the_one_of_its_module():
    tree = it.loads(COST)
    assert tree.values()["hours"] == pytest.approx(12_000 * 0.8 * 0.25)
    assert tree.worth("rate", "+€1").total == pytest.approx(2_400 * 4)
    assert tree.what_if({"rate": "+€1"}, on="hours").total == 0
    assert tree.sensitivity(on="hours").outcome == "hours"
    assert len(tree.project(5).values) == 6
    assert tree.compare({"a": {}}).base.total == 0
    assert tree.check_guardrails().holds
    assert tree.verify(on="hours").agrees
    assert tree.diagram(on="hours").view().outcome == "hours"
    assert "cost" in tree.to_graphviz(lift=("rate", "+€1")).source
    assert tree._repr_mimebundle_()


@examples(25)
@given(trees(stepped=True))
def test_lifting_a_stock_and_its_feedback(sketch: Sketch) -> None:
    """A relative lift of any metric shows its own path without the lift, times one plus the ratio (DESIGN 4)."""
    tree = sketch.tree()
    plain = tree.project()
    for metric in tree:
        if min(value for value in plain[metric] if value is not None) <= 0:
            continue
        lifted = tree.project(None, {metric: "+10%"})
        if tree._graph[metric].on_loop or tree._graph[metric].origin == "value":
            for before, after in zip(plain[metric][1:], lifted[metric][1:], strict=True):
                assert near(after, 1.1 * before, tolerance=1e-12)


def test_mistakes_are_of_one_family():
    tree = it.loads(SHOP)
    for call in (lambda: tree["x"], lambda: tree.worth("x", "+1%"), lambda: it.loads("a"), lambda: it.Formula("^")):
        with pytest.raises(ImpactTreeError):
            call()


def test_the_horizon_of_an_answer_is_the_tree_s():
    six = it.loads(SHOP.replace("name: Shop", "name: Shop\nhorizon: 6"))
    assert six.worth("speed", "+10 points").total == pytest.approx(
        shop(speed=90, months=6)["profit"] - shop(months=6)["profit"]
    )
    assert over(club(quarters=3))["result"] == pytest.approx(
        it.loads(CLUB.replace("horizon: 6", "horizon: 3")).what_if({}).before
    )
