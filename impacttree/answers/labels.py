"""What an uncertain number is called by people who do not know its address."""

from __future__ import annotations

from impacttree.graph.model import Graph
from impacttree.spec.address import Address

__all__ = ["label_of"]


def label_of(graph: Graph, address: str) -> str:
    """Return the label of a number: its metric's, or that of the assumed effect that it belongs to.

    Parameters
    ----------
    graph
        The checked tree.
    address
        ``arpu.value``, ``customers.start``, ``churn.engagement.slope``; ``arpu.lift`` of a lift that is uncertain.

    Examples
    --------
    >>> import impacttree as it
    >>> graph = it.template("saas")._graph
    >>> [label_of(graph, address) for address in ("arpu.value", "customers.start", "churn.engagement.slope")]
    ['ARPU', 'Customers, at the start', 'Monthly churn <- Weekly engagement, slope']
    """
    number = Address.parse(address)
    label, key = graph[number.metric].label, number.key
    if number.source is not None:
        return f"{label} <- {graph[number.source].label}, {key.replace('_', '-')}"
    if key.startswith("lift"):
        return f"{label}, size of the lift"
    return f"{label}, at the start" if key == "start" else label
