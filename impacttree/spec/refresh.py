"""Changed copies of a specification: refreshed values, a metric added or replaced."""

from __future__ import annotations

from collections.abc import Mapping

from impacttree.errors import QuestionError, nearest
from impacttree.spec.models import MetricSpec, TreeSpec

__all__ = ["with_metric", "with_values"]


def with_values(spec: TreeSpec, values: Mapping[str, str | float]) -> TreeSpec:
    """Return `spec` with newly stated values; a metric with a formula takes them as its `start`.

    What is replaced is no longer a template's placeholder.

    Raises
    ------
    QuestionError
        When a metric does not exist, or has a formula and no start.
    """
    known = {metric.name: metric for metric in spec.metrics}
    for name in values:
        if name not in known:
            raise QuestionError(f"there is no metric {name!r}{nearest(str(name), known)}; nothing was changed")
        if known[name].formula is not None and known[name].start is None:
            raise QuestionError(f"{name} is computed by a formula; refresh the metrics that it reads instead")
    changed = []
    for metric in spec.metrics:
        if metric.name in values:
            key = "value" if metric.formula is None else "start"
            metric = metric.with_keys(**{key: values[metric.name], "placeholder": None})  # noqa: PLW2901
        changed.append(metric)
    return spec.with_keys(metrics=tuple(changed))


def with_metric(spec: TreeSpec, metric: MetricSpec) -> TreeSpec:
    """Return `spec` with `metric` in place of the one of that name, or at the end.

    Raises
    ------
    QuestionError
        When `metric` is not a metric.
    """
    if not isinstance(metric, MetricSpec):
        raise QuestionError(f"with_metric() takes an it.Metric(...), not {type(metric).__name__}")
    if any(known.name == metric.name for known in spec.metrics):
        return spec.with_keys(metrics=tuple(metric if known.name == metric.name else known for known in spec.metrics))
    return spec.with_keys(metrics=(*spec.metrics, metric))
