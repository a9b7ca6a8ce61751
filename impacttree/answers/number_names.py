"""What an uncertain number is called by people who do not know its address."""

from __future__ import annotations

from impacttree.answers.words import Words
from impacttree.graph.model import Graph
from impacttree.quantity import format_percent_change
from impacttree.spec.address import Address

__all__ = ["label_of", "size_of", "size_per"]


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


def size_of(words: Words, address: str, value: float) -> str:
    """Write a number of the tree: a value in its metric's unit, or how strong an assumed effect is.

    Examples
    --------
    >>> import impacttree as it
    >>> words = Words(it.template("saas")._graph)
    >>> size_of(words, "arpu.value", 29.0), size_of(words, "churn.nps.slope", -0.0001)
    ('$29', '-0.01pp per +1')
    """
    size, per = size_per(words, address, value)
    return f"{size} per {per}" if per else size


def size_per(words: Words, address: str, value: float) -> tuple[str, str]:
    """Write a number of the tree, and by what its source moves for that; nothing where it is not an effect of one.

    Examples
    --------
    >>> import impacttree as it
    >>> size_per(Words(it.template("saas")._graph), "churn.nps.slope", -0.0001)
    ('-0.01pp', '+1')
    """
    number = Address.parse(address)
    if number.source is None:
        return words.value(number.metric, value), ""
    is_share = words.unit(number.source).is_share
    step, per = (0.01, "+1pp") if is_share else (1.0, "+1")
    match number.key:
        case "slope":
            return words.signed(number.metric, value * step), per
        case "semi_elasticity":
            return format_percent_change(value * step), per
        case "elasticity":
            return format_percent_change(value * 0.01), "+1%"
    return f"{value:.4g}", ""
