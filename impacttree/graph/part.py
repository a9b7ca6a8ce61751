"""The part of a tree that given outcomes need."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from impacttree.errors import FormulaError, ModelError, QuestionError, nearest, printable
from impacttree.formula import names, parse, parse_expression
from impacttree.graph.reach import reached
from impacttree.spec import MetricSpec, TreeSpec
from impacttree.spec.address import Address

__all__ = ["subtree"]


def subtree(spec: TreeSpec, outcomes: Iterable[str]) -> TreeSpec:
    """Return the tree of the metrics that `outcomes` depend on, through formulas, drivers and time.

    The default outcome stays if it is among them, else it is the first of `outcomes`; scenarios keep the changes on
    metrics that are left, correlations those of their numbers; what is cash is known if all metrics of it are left.

    Raises
    ------
    QuestionError
        If an outcome is not a metric of the tree, or if there is none.
    ModelError
        If a formula on the way cannot be read.

    Examples
    --------
    >>> from impacttree.spec import load_text
    >>> spec = load_text('''
    ... outcome: profit
    ... metrics:
    ...   orders: {value: 1200 orders/month}
    ...   basket: {value: $40/order}
    ...   revenue: {formula: orders * basket}
    ...   cost: {value: $9k/month}
    ...   profit: {formula: revenue - cost}
    ... ''')
    >>> [metric.name for metric in subtree(spec, ["revenue"]).metrics]
    ['orders', 'basket', 'revenue']
    """
    asked = list(dict.fromkeys(outcomes))
    metrics = {metric.name: metric for metric in spec.metrics}
    for name in asked:
        if name not in metrics:
            raise QuestionError(f"there is no metric '{printable(name, 80)}'{nearest(name, metrics)}")
    if not asked:
        raise QuestionError("a subtree needs at least one outcome: name a metric of the tree")
    kept = reached(asked, lambda name: metrics.keys() & _read_by(metrics[name]))
    scenarios = (
        (scenario, {name: text for name, text in scenario.changes if name in kept}) for scenario in spec.scenarios
    )
    part = spec.with_keys(
        metrics=[_within(metric, kept) for metric in spec.metrics if metric.name in kept],
        outcome=spec.outcome if spec.outcome in kept else asked[0],
        outcomes=[name for name in spec.outcomes if name in kept] or None,
        statement=_whole(spec.statement, kept),
        finance=spec.finance.within(kept) if spec.finance is not None else None,
        scenarios=[scenario.with_keys(changes=changes) for scenario, changes in scenarios if changes] or None,
        correlations=[entry for entry in spec.correlations if kept.issuperset(map(_metric_of, entry[:2]))] or None,
    )
    return part.at(spec.places)


def _within(metric: MetricSpec, kept: Collection[str]) -> MetricSpec:
    """Return a metric that names no metric outside the part as left out."""
    inside = {name: note for name, note in metric.not_modelled if name in kept}
    return metric if len(inside) == len(metric.not_modelled) else metric.with_keys(not_modelled=inside or None)


def _whole(statement: tuple[str, ...], kept: Collection[str]) -> tuple[str, ...] | None:
    """Return a statement whose lines are all kept; None where one is missing."""
    return statement if statement and all(line.lstrip("-=") in kept for line in statement) else None


def _metric_of(address: str) -> str:
    return Address.parse(address).metric


def _read_by(metric: MetricSpec) -> tuple[str, ...]:
    if metric.formula is None:
        return tuple(driver.source for driver in metric.drivers)
    try:
        start = metric.start.text if metric.start is not None and metric.start.is_formula else ""
        return names(parse(metric.formula)) + (names(parse_expression(start)) if start else ())
    except FormulaError as error:
        problems = (problem.at(metric=metric.name, key="formula") for problem in error.problems)
        raise ModelError(*problems) from None
