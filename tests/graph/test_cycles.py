"""Orders and circles against networkx on small graphs, and by their definition on large ones."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.graph.cycles import components, evaluation_order, readers, shortest_cycle
from tests.work import growth


@st.composite
def input_lists(draw: st.DrawFn, largest: int = 9) -> list[list[int]]:
    size = draw(st.integers(1, largest))
    return draw(st.lists(st.lists(st.integers(0, size - 1), max_size=4, unique=True), min_size=size, max_size=size))


def as_networkx(inputs: list[list[int]]) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(inputs)))
    graph.add_edges_from((source, node) for node, sources in enumerate(inputs) for source in sources)
    return graph


@given(input_lists())
def test_order_puts_inputs_first_and_leaves_out_only_what_depends_on_a_circle(inputs: list[list[int]]) -> None:
    order = evaluation_order(inputs)
    position = {node: place for place, node in enumerate(order)}
    assert all(position[source] < position[node] for node in order for source in inputs[node])
    graph = as_networkx(inputs)
    on_circle = {node for cycle in nx.simple_cycles(graph) for node in cycle}
    blocked = on_circle.union(*(nx.descendants(graph, node) for node in on_circle))
    assert set(order) == set(graph) - blocked
    assert len(order) == len(set(order))


@given(input_lists())
def test_order_is_the_first_in_file_order(inputs: list[list[int]]) -> None:
    graph = as_networkx(inputs)
    if nx.is_directed_acyclic_graph(graph):
        assert list(evaluation_order(inputs)) == list(nx.lexicographical_topological_sort(graph))


@given(input_lists())
def test_components_match_networkx_and_come_after_what_they_read(inputs: list[list[int]]) -> None:
    found = components(inputs)
    expected = {frozenset(members) for members in nx.strongly_connected_components(as_networkx(inputs))}
    assert {frozenset(members) for members in found} == expected
    assert len(found) == len(expected)
    place = {node: index for index, members in enumerate(found) for node in members}
    assert all(place[source] <= place[node] for node, sources in enumerate(inputs) for source in sources)


@given(input_lists())
def test_shortest_cycle_is_a_circle_of_the_least_length(inputs: list[list[int]]) -> None:
    cycle = shortest_cycle(inputs, range(len(inputs)))
    lengths = [len(found) for found in nx.simple_cycles(as_networkx(inputs))]
    assert len(cycle) == min(lengths, default=0)
    assert all(after in inputs[node] for node, after in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True))
    assert not cycle or cycle[0] == min(cycle)


@given(input_lists(), st.data())
def test_shortest_cycle_stays_within_the_given_nodes(inputs: list[list[int]], data: st.DataObject) -> None:
    within = data.draw(st.lists(st.integers(0, len(inputs) - 1), unique=True))
    lengths = [len(found) for found in nx.simple_cycles(as_networkx(inputs).subgraph(within))]
    cycle = shortest_cycle(inputs, within)
    assert set(cycle) <= set(within)
    assert len(cycle) == min(lengths, default=0)


@given(input_lists())
def test_readers_turn_every_edge_round(inputs: list[list[int]]) -> None:
    edges = {(node, source) for node, sources in enumerate(inputs) for source in sources}
    assert {(node, source) for source, nodes in enumerate(readers(inputs)) for node in nodes} == edges


@pytest.mark.slow
def test_large_rings_and_chains_take_linear_time() -> None:
    walk_large_ones(50_000)
    assert growth(walk_large_ones, 1_000, 4) < 4.1


def walk_large_ones(size: int) -> None:
    ring = [[(node + 1) % size] for node in range(size)]
    chain = [[node - 1] if node else [] for node in range(size)]
    hub = [[node] for node in range(1, size)] + [list(range(size - 1))]
    assert len(shortest_cycle(ring, range(size))) == size
    assert components(ring) == (tuple(range(size)),)
    assert evaluation_order(chain) == tuple(range(size))
    assert len(components(chain)) == size
    assert len(shortest_cycle(hub, range(size))) == 2
