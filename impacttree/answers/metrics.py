"""The metrics of a tree as users meet them: what was written, with what the tree knows of each."""

from __future__ import annotations

from impacttree.answers.subject import Subject
from impacttree.errors import EvaluationError
from impacttree.spec import MetricSpec
from impacttree.spec.models import InTree

__all__ = ["metrics"]


def metrics(subject: Subject) -> tuple[MetricSpec, ...]:
    """Return the metrics in file order, each with its unit as checked, value today, aggregation, inputs and outputs.

    Parameters
    ----------
    subject
        The tree.

    Examples
    --------
    >>> import impacttree as it
    >>> basket, revenue = it.loads('''
    ... metrics:
    ...   basket: {value: $40/order}
    ...   revenue: {formula: basket * 3}
    ... ''').metrics
    >>> basket.outputs, revenue.today, str(revenue.unit)
    (('revenue',), 120.0, 'USD/order')
    """
    graph = subject.graph
    inputs = {
        m.name: dict.fromkeys(
            name for name in (*(ref.source for ref in m.references), *m.starts_from) if name != m.name
        )
        for m in graph.metrics
    }
    outputs: dict[str, list[str]] = {metric.name: [] for metric in graph.metrics}
    for name, sources in inputs.items():
        for source in sources:
            outputs[source].append(name)
    today = _today(subject)
    return tuple(
        metric.spec.in_tree(
            InTree(
                metric.unit,
                None if today is None or subject.missing_today(metric) else today[metric.index],
                graph.spec.currency,
                metric.aggregation,
                tuple(inputs[metric.name]),
                tuple(outputs[metric.name]),
            )
        )
        for metric in graph.metrics
    )


def _today(subject: Subject) -> tuple[float, ...] | None:
    try:
        return tuple(subject.model.base)
    except EvaluationError:
        return None
