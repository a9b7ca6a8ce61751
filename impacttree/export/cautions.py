"""What a reader should know before using a figure, as plain data: the script finds what holds of what is moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from impacttree.answers.case import Case
from impacttree.answers.cautions import SAYS, limits_of, other_routes, started_from, where_seen
from impacttree.graph.model import Metric
from impacttree.graph.reach import delay

__all__ = ["cautions_data"]


def cautions_data(case: Case, outcome: Metric, movable: Sequence[int], horizons: Sequence[int]) -> dict[str, Any]:
    r"""Return what the cautions of any case of a tree follow from, and their words.

    Parameters
    ----------
    case
        The tree as stated.
    outcome
        What is asked about.
    movable
        The metrics that may be changed.
    horizons
        Over which they may be.

    Examples
    --------
    >>> import impacttree as it
    >>> subject = it.loads("outcome: c\nmetrics: {a: {value: 3}, b: {value: 2}, c: {formula: 2 * b}}")._subject
    >>> found = cautions_data(Case.of(subject), subject.metric("c"), [0, 1], [12])
    >>> found["late"], found["says"]["unreached"]
    ([[0, None, {}, []]], 'no path in this tree leads from {} to {}')
    """
    seen, beyond = _seen(case, outcome), _bounded(case, outcome)
    late, unmoved = _late(case, outcome, movable, horizons), _unmoved(case, outcome, movable)
    used = {
        "extrapolated": seen,
        "beyond": beyond,
        "today": beyond,
        "aside": beyond,
        "unmoved": unmoved,
        "unreached": late,
        "lagged": [one for one in late if one[2]],
        "started": [one for one in late if one[3]],
    }
    return {
        "says": {"untimely": SAYS["untimely"], **{name: SAYS[name] for name, found in used.items() if found}},
        "seen": seen,
        "bounded": beyond,
        "late": late,
        "unmoved": unmoved,
        "standing": {str(count): texts for count in horizons if (texts := list(case.over(count).standing(outcome)))},
    }


def _seen(case: Case, outcome: Metric) -> list[list[Any]]:
    """Return the ranges in which metrics were seen to bear on others, and whether the outcome rests on these."""
    words, by_name, resting = case.words, case.subject.graph.by_name, case.resting(outcome)
    return [
        [by_name[one.source], one.low, one.high, one.metric.index in resting, *where_seen(words, one)]
        for one in case.subject.seen
    ]


def _bounded(case: Case, outcome: Metric) -> list[list[Any]]:
    """Return the metrics that computing may take out of their bounds, and whether the outcome rests on them."""
    words, resting = case.words, case.resting(outcome)
    found: list[list[Any]] = []
    for metric in case.subject.bounded:
        if metric.origin != "value" or metric.index in case.subject.graph.differing:
            ends = limits_of(metric)
            texts = [words.value(metric.name, end) for end in ends]
            low, high = (end if math.isfinite(end) else None for end in ends)
            found.append([metric.index, low, high, metric.index in resting, *texts])
    return found


def _late(case: Case, outcome: Metric, movable: Sequence[int], horizons: Sequence[int]) -> list[list[Any]]:
    """Return what moves the outcome late or never: after how many periods, from when on, and whose start it sets."""
    subject, words = case.subject, case.words
    found: list[list[Any]] = []
    for slot in movable:
        waited = delay(subject.graph, [slot], outcome.index)
        if waited is None:
            found.append([slot, None, {}, [one.index for one in started_from(subject, [slot], outcome)]])
        elif waited >= min(horizons):
            lag = [words.periods(waited), words.placed("from", waited + 1)]
            windows = {str(count): [*lag, words.through("within", count)] for count in horizons if waited >= count}
            found.append([slot, waited, windows, []])
    return found


def _unmoved(case: Case, outcome: Metric, movable: Sequence[int]) -> list[list[Any]]:
    """Return the formulas among what may be changed that have inputs with another route to the outcome."""
    metrics = case.subject.graph.metrics
    routes = ((slot, other_routes(case.subject, metrics[slot], outcome)) for slot in movable)
    return [[slot, [one.index for one in others]] for slot, others in routes if others]
