"""Which way of a metric is good, where the model does not say: the way that moves the outcome the better way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impacttree.answers.case import Case
from impacttree.answers.subject import Subject
from impacttree.answers.words import is_still
from impacttree.errors import EvaluationError
from impacttree.graph.model import Metric
from impacttree.spec.models import Better

__all__ = ["better_ways", "direction_notes"]


def better_ways(case: Case, outcome: Metric) -> Mapping[int, Better]:
    """Return which way is better for each metric, by slot: as stated, else by the sign of the outcome's slope.

    The slope is that of the outcome over the horizon, without a change, to an amount held from period 1. Where it is
    zero or not finite, higher is better, as it is of what does not reach the outcome.
    """
    ways = {metric.index: metric.spec.better for metric in case.subject.graph.metrics}
    return ways | {metric.index: "lower" for metric in _unstated_costs(case, outcome)}


def direction_notes(subject: Subject) -> tuple[str, ...]:
    """Return what to state of metrics that read as a cost; nothing where the base case has no value."""
    outcome = subject.outcome()
    worse = "lowers" if outcome.spec.better == "higher" else "raises"
    try:
        costs = list(_unstated_costs(Case.of(subject), outcome))
    except EvaluationError:
        return ()
    return tuple(
        f"{metric.name}: a rise {worse} {outcome.label}, and `better` is not stated; write `better: lower`, or "
        "`better: higher` if a rise is good all the same"
        for metric in costs
    )


def _unstated_costs(case: Case, outcome: Metric) -> Iterator[Metric]:
    """Yield the metrics of which a rise moves the outcome the worse way, and which do not state what is better."""
    graph, moving = case.subject.graph, case.subject.upstream(outcome)
    unstated = [
        graph.metrics[slot]
        for slot in sorted(moving - {outcome.index})
        if "better" not in graph.metrics[slot].spec.stated_keys()
    ]
    if not unstated:
        return
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    slopes, total = case.base.model.gradient(case.base, outcome.index), case.before[outcome.index]
    for metric in unstated:
        moved = slopes[metric.index] * (abs(case.before[metric.index]) or 1.0)
        if sign * moved < 0 and not is_still(total, total + moved):
            yield metric
