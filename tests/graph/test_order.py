"""Orders, circles and loops of random trees against networkx, and what is said about circles."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import ModelError
from impacttree.graph import Graph, build
from impacttree.spec import MetricSpec, TreeSpec, load_text

Reads = list[list[tuple[int, str]]]
WORDS = {
    "now": "m{}",
    "prev": "prev(m{})",
    "lag": "lag(m{}, 2)",
    "cumulative": "cumulative(m{})",
    "baseline": "baseline(m{})",
}


@st.composite
def trees(draw: st.DrawFn) -> tuple[Reads, list[bool]]:
    size = draw(st.integers(1, 6))
    read = st.tuples(st.integers(0, size - 1), st.sampled_from(("now", "now", *WORDS)))
    reads = draw(st.lists(st.lists(read, max_size=3), min_size=size, max_size=size))
    starts = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return reads, starts


def spec_of(reads: Reads, starts: list[bool]) -> TreeSpec:
    metrics = []
    for index, sources in enumerate(reads):
        if not sources:
            metrics.append(MetricSpec(f"m{index}", value=1))
            continue
        formula = " + ".join(WORDS[timing].format(source) for source, timing in sources)
        metrics.append(MetricSpec(f"m{index}", formula=formula, start=1 if starts[index] else None))
    return TreeSpec(metrics=metrics, outcome="m0")


def edges(reads: Reads, starts: list[bool], *timings: str, at_start: bool = False) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(reads)))
    for node, sources in enumerate(reads):
        if not (at_start and starts[node]):
            graph.add_edges_from((source, node) for source, timing in sources if timing in timings)
    return graph


@given(trees())
def test_orders_loops_and_refusals(tree: tuple[Reads, list[bool]]) -> None:
    reads, starts = tree
    now = edges(reads, starts, "now", "cumulative")
    initial = edges(reads, starts, "now", "prev", "lag", "baseline", at_start=True)
    circular = [c for c in nx.strongly_connected_components(now) if _is_circle(now, c)]
    unstarted = [
        c for c in nx.strongly_connected_components(initial)
        if _is_circle(initial, c) and not any(c & members for members in circular)
    ]  # fmt: skip
    spec = spec_of(reads, starts)
    if circular or unstarted:
        with pytest.raises(ModelError) as caught:
            build(spec)
        problems = caught.value.problems
        assert sum("same period" in problem.reason for problem in problems) == len(circular)
        assert sum("needs a start" in problem.reason for problem in problems) == len(unstarted)
        return
    graph = build(spec)
    _assert_order(graph.order, now)
    _assert_order(graph.initial_order, initial)
    through_time = edges(reads, starts, "now", "prev", "lag", "cumulative")
    loops = [c for c in nx.strongly_connected_components(through_time) if _is_circle(through_time, c)]
    by_loop = {metric.loop: set[int]() for metric in graph.metrics if metric.loop >= 0}
    for metric in graph.metrics:
        assert metric.on_loop == (metric.loop >= 0)
        if metric.on_loop:
            by_loop[metric.loop].add(metric.index)
    assert sorted(map(sorted, by_loop.values())) == sorted(map(sorted, loops))


def _is_circle(graph: nx.DiGraph, members: set[int]) -> bool:
    return len(members) > 1 or any(graph.has_edge(member, member) for member in members)


def _assert_order(order: tuple[int, ...], graph: nx.DiGraph) -> None:
    place = {node: index for index, node in enumerate(order)}
    assert sorted(order) == sorted(graph)
    assert all(place[source] < place[target] for source, target in graph.edges)


def problem_of(text: str) -> tuple[int, str, str, str]:
    with pytest.raises(ModelError) as caught:
        build(load_text(text))
    (problem,) = caught.value.problems
    return problem.line, problem.metric, problem.reason, problem.fix


def test_a_circle_is_shown_at_its_first_metric_with_the_way_out() -> None:
    text = (
        "outcome: c\nmetrics:\n  a: {value: 1}\n  b: {formula: a + c}\n  c: {formula: d * 2}\n  d: {formula: b + 1}\n"
    )
    line, metric, reason, fix = problem_of(text)
    assert (line, metric) == (4, "b")
    assert "b <- c <- d <- b" in reason
    assert "prev(c) in 'b'" in fix


def test_a_metric_that_reads_itself() -> None:
    line, metric, reason, fix = problem_of("outcome: b\nmetrics:\n  a: {value: 1}\n  b: {formula: b + a}\n")
    assert (line, metric) == (4, "b")
    assert "'b' reads itself in the same period" in reason
    assert "prev(b)" in fix


def test_cumulative_counts_as_the_same_period() -> None:
    _, _, reason, _ = problem_of("outcome: b\nmetrics:\n  b: {formula: cumulative(c)}\n  c: {formula: b + 1}\n")
    assert "cumulative includes the current period" in reason


def test_drivers_that_act_at_once_on_each_other_are_told_to_lag() -> None:
    text = """
outcome: b
metrics:
  a: {value: 1, drivers: {b: {elasticity: 1}}}
  b: {value: 1, drivers: {a: {elasticity: 1}}}
"""
    line, metric, _, fix = problem_of(text)
    assert (line, metric) == (4, "a")
    assert "lag: 1" in fix
    lagged = text.replace("{b: {elasticity: 1}}", "{b: {elasticity: 1, lag: 1}}")
    line, metric, reason, fix = problem_of(lagged)
    assert metric == "b"
    assert "needs a start" in reason
    assert "`start: 1`" in fix
    graph = build(load_text(lagged.replace("b: {value: 1,", "b: {value: 1, start: 1,")))
    assert [metric.loop for metric in graph.metrics] == [0, 0]


def test_a_stock_needs_a_start() -> None:
    line, metric, reason, fix = problem_of("outcome: a\nmetrics:\n  b: {value: 1}\n  a: {formula: prev(a) + b}\n")
    assert (line, metric) == (4, "a")
    assert "'a' needs a start" in reason
    assert "start: 100" in fix


def test_a_long_circle_is_cut_in_the_message() -> None:
    ring = "\n".join(f"  m{i}: {{formula: m{(i + 1) % 3000} + 1}}" for i in range(3000))
    line, _, reason, _ = problem_of(f"outcome: m0\nmetrics:\n{ring}\n")
    assert line == 3
    assert "(2994 more)" in reason
    assert len(reason) < 200


def test_metrics_read_before_they_are_written_and_time_off_loops() -> None:
    graph: Graph = build(
        load_text("outcome: c\nmetrics: {c: {formula: prev(a) + b}, b: {formula: a * 2}, a: {value: 3}}")
    )
    assert graph.order == (2, 1, 0)
    assert not any(metric.on_loop for metric in graph.metrics)
    assert not graph.is_static
