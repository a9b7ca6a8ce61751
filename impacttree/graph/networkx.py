"""To and from networkx: metrics are nodes, formulas and drivers are edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from impacttree.errors import FormulaError, ModelError, Problem, nearest, printable
from impacttree.formula import names, parse
from impacttree.formula.parser import parse_expression
from impacttree.graph.model import Graph, Metric
from impacttree.spec import Driver, MetricSpec, TreeSpec

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_networkx", "to_networkx"]

_NODE = frozenset(MetricSpec.model_fields) - {"name", "drivers"}
_EDGE = frozenset(Driver.model_fields) - {"source"}
_TREE = frozenset(TreeSpec.model_fields) - {"metrics"}
_PLACES = {
    "a node": _NODE,
    "an edge": _EDGE,
    "the graph itself": _TREE,
}
"""Where attributes belong."""
_TOLD = frozenset(("kind", "timing", "words"))
"""Edge attributes that `to_networkx` writes for readers."""
_OF_FILE_FORMATS = frozenset(("node_default", "edge_default"))
"""Graph attributes that networkx itself leaves when it reads a file."""


def to_networkx(graph: Graph) -> nx.DiGraph[str]:
    """Return the graph for networkx: each edge leads from what acts to what it acts on.

    The graph's attributes are the keys of the model beside ``metrics``, as text: ``name``, ``currency``, ``period``,
    ``outcome`` and so on. A node is named like its metric; its attributes are the keys of the metric that were written,
    as text, without ``drivers``, and ``unit`` as checked. An edge has

    ``kind``
        ``identity`` where a formula reads the metric, ``influence`` where a driver does.
    ``timing``
        When it is read: ``now``, ``prev``, ``lag 3``, ``cumulative``, ``baseline``; several are joined by commas.
    ``words``
        Of a driver: the effect in words. With it stand the keys of the driver that were written, such as ``slope``.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text('''
    ... outcome: revenue
    ... metrics:
    ...   orders: {value: 1200 orders/month, drivers: {visits: {elasticity: 0.8}}}
    ...   visits: {value: 40_000 visits/month}
    ...   basket: {value: $40/order}
    ...   revenue: {formula: orders * basket}
    ... '''))
    >>> list(to_networkx(graph).edges(data="elasticity"))
    [('orders', 'revenue', None), ('visits', 'orders', '0.8'), ('basket', 'revenue', None)]
    """
    import networkx as nx

    result: nx.DiGraph[str] = nx.DiGraph()
    stated = graph.spec.written()
    result.graph.update({key: value for key, value in stated.items() if key != "metrics"})
    for metric in graph.metrics:
        body = {key: value for key, value in metric.spec.written().items() if key != "drivers"}
        result.add_node(metric.name, **{**body, "unit": str(metric.unit) or "1"})
    for metric in graph.metrics:
        for source, attributes in _edges_into(metric).items():
            result.add_edge(source, metric.name, **attributes)
    return result


def _edges_into(metric: Metric) -> dict[str, dict[str, Any]]:
    drivers = {driver.source: driver for driver in metric.spec.drivers}
    words = {influence.source: influence.words for influence in metric.influences}
    timings: dict[str, list[str]] = {}
    for ref in metric.references:
        shown = f"lag {ref.lag}" if ref.lag > 1 else ref.timing
        timings.setdefault(ref.source, []).append(shown)
    for name in metric.starts_from:
        timings.setdefault(name, []).append("start")
    edges: dict[str, dict[str, Any]] = {}
    for source, listed in timings.items():
        if source in drivers:
            edges[source] = {"kind": "influence", "timing": listed[0], "words": words[source]}
            edges[source] |= drivers[source].written()
        else:
            edges[source] = {"kind": "identity", "timing": ", ".join(listed)}
    return edges


def from_networkx(graph: nx.DiGraph[Any]) -> TreeSpec:
    """Read a model from a networkx graph, whose edges lead from what acts to what it acts on.

    Nodes carry the keys of a metric (``value`` or ``formula``, ``unit``, ``label``, ``kind`` and so on), edges those of
    a driver (``elasticity``, ``slope``, ``when`` and ``then``, ``lag``, ``evidence`` and so on). An edge without them
    stands for a name in the formula of its target. The graph's own attributes may hold ``name``, ``currency``,
    ``period``, ``outcome`` and the other keys of a model.

    Raises
    ------
    ModelError
        With every problem: an unknown attribute, an edge without effect, and all that a model file could have wrong.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph(outcome="orders")
    >>> graph.add_node("visits", value="40_000 visits/month")
    >>> graph.add_node("orders", value="1200 orders/month")
    >>> graph.add_edge("visits", "orders", elasticity=0.8)
    >>> from_networkx(graph).metrics[1].drivers[0].elasticity.value
    0.8
    """
    if not hasattr(graph, "is_directed") or not graph.is_directed() or graph.is_multigraph():
        raise ModelError(
            Problem(reason="a model is a directed graph with one edge a pair", fix="give a networkx.DiGraph")
        )
    problems: list[Problem] = []
    tree = _known(graph.graph, "the graph itself", _OF_FILE_FORMATS, "", "", problems)
    metrics: dict[str, dict[str, Any]] = {}
    for node, attributes in graph.nodes(data=True):
        metrics[str(node)] = _known(attributes, "a node", frozenset(), str(node), "", problems)
    for source, target, attributes in graph.edges(data=True):
        key = f"drivers.{source}"
        driver = _known(attributes, "an edge", _TOLD, str(target), key, problems)
        if driver:
            metrics[str(target)].setdefault("drivers", {})[str(source)] = driver
        elif not attributes.keys() - _TOLD and not _is_read(str(source), metrics[str(target)]):
            reason = f"the edge from '{printable(str(source), 80)}' has no effect, and no formula here reads it"
            fix = "give the edge an effect (elasticity, slope, when and then), or name it in the formula"
            problems.append(Problem(reason=reason, fix=fix, metric=str(target), key=key))
    if problems:
        raise ModelError(*problems)
    return TreeSpec(**tree, metrics=metrics)


def _known(
    attributes: Mapping[Any, Any],
    place: str,
    ignored: frozenset[str],
    metric: str,
    key: str,
    problems: list[Problem],
) -> dict[str, Any]:
    """Return the attributes that a model has at this place; report others, with where they belong if anywhere."""
    known = _PLACES[place]
    for name in attributes:
        if name not in known | ignored:
            elsewhere = [other for other, names in _PLACES.items() if name in names]
            hint = "" if elsewhere else nearest(str(name), known)
            reason = f"the attribute '{printable(str(name), 60)}' is not one of {place}{hint}"
            fix = "" if hint else f"remove it; known are {', '.join(sorted(known))}"
            fix = f"it belongs to {' or '.join(elsewhere)}" if elsewhere else fix
            problems.append(Problem(reason=reason, fix=fix, metric=metric, key=key))
    return {name: value for name, value in attributes.items() if name in known and value is not None}


def _is_read(source: str, metric: Mapping[str, Any]) -> bool:
    """Return whether the metric's formula or start names `source`; what cannot be read is reported elsewhere."""
    formula, start = metric.get("formula"), metric.get("start")
    if not isinstance(formula, str):
        return False
    try:
        return source in names(parse(formula)) or (isinstance(start, str) and source in _named(start))
    except FormulaError:
        return True


def _named(start: str) -> tuple[str, ...]:
    """Return the metrics that a start names: none where it is a number with a unit."""
    try:
        return names(parse_expression(start))
    except FormulaError:
        return ()
