"""To networkx and back."""

from __future__ import annotations

import networkx as nx
import pytest

from impacttree.errors import ModelError
from impacttree.formula import same
from impacttree.graph import Graph, build, from_networkx, to_networkx
from impacttree.spec import load_text
from impacttree.templates import names, text


@pytest.fixture(params=names())
def graph(request: pytest.FixtureRequest) -> Graph:
    return build(load_text(text(request.param)))


def test_edges_are_the_references(graph: Graph) -> None:
    expected = {(ref.source, metric.name) for metric in graph.metrics for ref in metric.references}
    expected |= {(name, metric.name) for metric in graph.metrics for name in metric.starts_from}
    exported = to_networkx(graph)
    assert set(exported.edges) == expected
    assert list(exported.nodes) == [metric.name for metric in graph.metrics]
    for metric in graph.metrics:
        for influence in metric.influences:
            edge = exported.edges[influence.source, metric.name]
            assert (edge["kind"], edge["words"]) == ("influence", influence.words)


def test_there_and_back_is_the_same_tree(graph: Graph) -> None:
    again = build(from_networkx(to_networkx(graph)))
    assert again.outcome == graph.outcome
    assert again.order == graph.order
    assert again.spec.scenarios == graph.spec.scenarios
    for old, new in zip(graph.metrics, again.metrics, strict=True):
        assert same(old.rule, new.rule)
        assert (old.unit, old.references, old.influences) == (new.unit, new.references, new.influences)
        assert (old.aggregation, old.loop) == (new.aggregation, new.loop)
        assert old.spec.with_keys(unit=None) == new.spec.with_keys(unit=None)


def test_timing_of_edges() -> None:
    graph = build(
        load_text("""
outcome: a
metrics:
  a: {start: 1, formula: "prev(a) + b + lag(b, 3) + cumulative(c) + baseline(c)"}
  b: {value: 1, drivers: {c: {elasticity: 1, lag: 2}}}
  c: {value: 1}
""")
    )
    timings = {(source, target): timing for source, target, timing in to_networkx(graph).edges(data="timing")}
    assert timings == {
        ("a", "a"): "prev", ("b", "a"): "now, lag 3", ("c", "a"): "cumulative, baseline", ("c", "b"): "lag 2",
    }  # fmt: skip


def test_a_plain_graph_becomes_a_model() -> None:
    graph = nx.DiGraph(name="Shop", outcome="revenue", currency="EUR")
    graph.add_node("visits", value=40_000, unit="visits/month", label="Site visits", kind="product")
    graph.add_node("orders", value="1200 orders/month")
    graph.add_node("revenue", formula="orders * 40", unit="orders/month", kind="financial", description=None)
    graph.add_edge("visits", "orders", elasticity=0.8, lag=1, evidence="experiment")
    graph.add_edge("orders", "revenue")
    spec = from_networkx(graph)
    assert (spec.name, spec.currency, spec.outcome) == ("Shop", "EUR", "revenue")
    tree = build(spec)
    assert tree["visits"].label == "Site visits"
    assert tree["orders"].influences[0].parameters == (("orders.visits.elasticity", 0.8),)
    assert tree["orders"].influences[0].evidence.grade == "experiment"


def test_graphs_survive_a_file_format_of_networkx(tmp_path: object) -> None:
    graph = nx.DiGraph(outcome="b")
    graph.add_node("a", value="3 users")
    graph.add_node("b", formula="a * 2")
    graph.add_edge("a", "b")
    again = nx.parse_graphml("\n".join(nx.generate_graphml(graph)))
    assert from_networkx(again) == from_networkx(graph)


@pytest.mark.parametrize(
    ("change", "metric", "reason", "fix"),
    [
        (lambda g: g.add_edge("a", "b", elasticty=0.8), "b", "did you mean 'elasticity'?", ""),
        (lambda g: g.add_edge("a", "b", color="red"), "b", "'color' is not one of an edge", "remove it"),
        (lambda g: g.add_node("a", valeu=3), "a", "did you mean 'value'?", ""),
        (lambda g: g.add_edge("a", "b"), "b", "has no effect", "elasticity"),
        (lambda g: g.graph.update(period="fortnight"), "", "fortnight", "month"),
        (lambda g: g.graph.update(colour="red"), "", "'colour' is not one of the graph itself", "remove it"),
        (lambda g: g.add_node("a", elasticity=0.8), "a", "'elasticity' is not one of a node", "belongs to an edge"),
        (lambda g: g.add_edge("a", "b", slope=1, formula="a"), "b", "'formula' is not one of an edge", "to a node"),
        (lambda g: g.graph.update(lag=2), "", "'lag' is not one of the graph itself", "belongs to an edge"),
        (lambda g: g.add_node("a", outcome="b"), "a", "'outcome' is not one of a node", "belongs to the graph itself"),
        (lambda g: g.add_node("c"), "c", "neither a value nor a formula", "value"),
        (lambda g: g.add_node("net profit", value=3), "net profit", "cannot be a name", "net_profit"),
    ],
)
def test_what_is_wrong_with_a_graph(change: object, metric: str, reason: str, fix: str) -> None:
    graph = nx.DiGraph(outcome="b")
    graph.add_node("a", value=1)
    graph.add_node("b", value=2)
    change(graph)  # type: ignore[operator]
    with pytest.raises(ModelError) as caught:
        from_networkx(graph)
    (problem,) = caught.value.problems
    assert problem.metric == metric
    assert reason in problem.reason
    assert fix in problem.fix


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiDiGraph])
def test_only_simple_directed_graphs(kind: type[nx.Graph]) -> None:
    with pytest.raises(ModelError, match=r"networkx\.DiGraph"):
        from_networkx(kind())


def test_a_broken_formula_is_reported_by_the_build_not_by_its_edges() -> None:
    graph = nx.DiGraph(outcome="b")
    graph.add_node("a", value=1)
    graph.add_node("b", formula="a +")
    graph.add_edge("a", "b")
    with pytest.raises(ModelError, match="ends after") as caught:
        build(from_networkx(graph))
    assert len(caught.value.problems) == 1
