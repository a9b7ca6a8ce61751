from __future__ import annotations

from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given

from impacttree.render.layout.cut import Excerpt, cleaned
from impacttree.render.layout.network import Network, network
from impacttree.views import Diagram
from tests.render import diagrams
from tests.render.layout.strategies import wild_diagrams


def numbered(diagram: Diagram) -> Network:
    return network(Excerpt(cleaned(diagram)))


def test_the_loop_through_time_returns() -> None:
    net = numbered(diagrams.saas25())
    returning = [(arrow.link.source, arrow.link.target) for arrow in net.arrows if arrow.returns]
    assert returning == [("customers", "referred")]


def test_a_delayed_step_of_the_main_path_runs_forward() -> None:
    diagram = diagrams.sample18()
    links = tuple(
        replace(link, back=True, delay="next month") if link.target == "churn" else link for link in diagram.links
    )
    net = numbered(replace(diagram, links=links))
    assert not any(arrow.returns for arrow in net.arrows)
    assert sum(arrow.on_path for arrow in net.arrows) == len(net.path) - 1


def test_what_carries_next_to_nothing_is_not_live() -> None:
    diagram = diagrams.sample18()
    links = tuple(replace(link, money=100.0) if link.source == "opex" else link for link in diagram.links)
    arrows = numbered(replace(diagram, links=links)).arrows
    assert [arrow.live for arrow in arrows if arrow.link.source == "opex"] == [False]
    assert max(arrow.share for arrow in arrows) == 1.0


def test_nothing_is_live_without_a_lift() -> None:
    net = numbered(diagrams.without_lift(diagrams.sample18()))
    assert not net.lifted
    assert not any(arrow.live for arrow in net.arrows)


@pytest.mark.slow
@given(wild_diagrams())
def test_forward_edges_never_form_a_circle(diagram: Diagram) -> None:
    net = numbered(diagram)
    graph = nx.DiGraph([(arrow.source, arrow.target) for arrow in net.forward])
    assert nx.is_directed_acyclic_graph(graph)
    for arrow in net.arrows:
        if arrow.returns:
            assert nx.has_path(
                nx.DiGraph([*graph.edges, *zip(net.path, net.path[1:], strict=False)]), arrow.target, arrow.source
            )
