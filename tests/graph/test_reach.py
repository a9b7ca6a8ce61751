"""The walk against networkx, on graphs of any shape."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from impacttree.graph.reach import reached, upstream
from tests.strategies import Sketch, examples, trees

EDGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)))


@given(EDGES, st.sets(st.integers(0, 12), min_size=1), st.sets(st.integers(0, 12)))
def test_what_is_reached_is_what_networkx_reaches(edges, starts, around):
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(range(13))
    open_graph = graph.subgraph((set(graph) - around) | starts)
    wanted = set().union(*({start} | nx.descendants(open_graph, start) for start in starts))
    entered = {node for node in wanted if node not in around or node in starts}
    assert reached(starts, graph.successors, around=around) == entered


def test_a_chain_of_any_length_is_walked():
    assert len(reached([0], lambda node: [node + 1] if node < 200_000 else [])) == 200_001


@examples(40)
@given(trees())
def test_a_metric_rests_on_its_inputs_at_every_lag_but_not_on_what_is_held_at_the_start(sketch: Sketch):
    graph = sketch.tree()._subject.graph
    moves = nx.DiGraph()
    moves.add_nodes_from(range(len(graph.metrics)))
    for metric in graph.metrics:
        read = (ref.source for ref in metric.references if ref.timing != "baseline")
        moves.add_edges_from((graph.by_name[source], metric.index) for source in read)
    for metric in graph.metrics:
        assert upstream(graph, [metric.index]) == {metric.index} | nx.ancestors(moves, metric.index)
