"""Why a sampled number has no mean, told as a reader can act on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from impacttree.answers.words import Words
from impacttree.errors import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.model import AnyIntervention, Model
    from impacttree.engine.simulation import Corridor, Sampled
    from impacttree.engine.tails import Cause

__all__ = ["divisor_corridors", "missing_mean"]

TRACED = 2**13
"""Samples that are worked once more, one operation at a time, where a mean may not exist."""
LONGEST = 60
SMALLEST = 5e-324


def divisor_corridors(model: Model, slots: tuple[int, ...]) -> tuple[Corridor, ...]:
    """Return what is counted of the metrics that some slots divide by: samples at or below zero, at or above it."""
    from impacttree.engine.simulation import Corridor
    from impacttree.engine.tails import denominators

    divided, _ = denominators(model.part(slots))
    return tuple(span for slot in divided for span in (Corridor(slot, low=SMALLEST), Corridor(slot, high=-SMALLEST)))


def missing_mean(
    words: Words,
    model: Model,
    periods: int,
    slot: int,
    values: npt.NDArray[np.float64],
    run: Sampled | None,
    draws: Callable[[int], Mapping[str, npt.NDArray[np.float64]]],
    changes: Callable[[Mapping[str, npt.NDArray[np.float64]]], Mapping[int, AnyIntervention]],
) -> str:
    """Return why samples of a metric, or of what a change does to it, have no mean; empty where they have one.

    Parameters
    ----------
    words
        Of the tree.
    model, periods
        As they were sampled.
    slot
        Of the metric.
    values
        Its samples, NaN where one has no value.
    run
        What was counted by `divisor_corridors`; without it, a metric that is divided by may always pass through zero.
    draws
        Gives so many of the first draws by address, those of a lift left out.
    changes
        Gives what is done at such draws, by slot.
    """
    import numpy as np

    from impacttree.engine.tails import cause_of, denominators, is_heavy

    there = values[np.isfinite(values)]
    if not len(there) or float(np.ptp(there)) == 0.0:
        return ""
    heavy = is_heavy(there)
    divided, otherwise = denominators(model.part((slot,)))
    passes = run is None or any(_may_pass(run, one) for one in divided)
    if not heavy and not otherwise and not (divided and passes):
        return ""
    count = min(len(values), TRACED)
    drawn = draws(count)
    cause = cause_of(model, periods, slot, values[:count], drawn, changes(drawn), heavy=heavy)
    return _told(words, cause) if cause is not None else ""


def _may_pass(run: Sampled, slot: int) -> bool:
    """Whether a metric is zero or of both signs, in some period of some samples."""
    counted = {(span.low, span.high): number.outside for span, number in run.outside.items() if span.slot == slot}
    return all(counted.get(key, 1) for key in ((SMALLEST, math.inf), (-math.inf, -SMALLEST)))


def _told(words: Words, cause: Cause) -> str:
    """Write ``no mean: LTV divides by Churn, which passes through zero (state its `bounds`, or another shape)``."""
    metrics = words.graph.metrics
    metric = metrics[cause.slot]
    fix = "state `bounds` or another shape for what is uncertain in it"
    if cause.kind == "tail":
        what = _written(metric.spec.formula, cause.span) or f"what drives {metric.label}"
        return f"{what} in {metric.label} has a tail too heavy for a mean; {fix}"
    zero = "is zero in some samples" if cause.kind == "zero" else "passes through zero"
    if cause.denominator is not None:
        by = metrics[cause.denominator]
        return f"{metric.label} divides by {by.label}, which {zero}; state `bounds` or another shape for {by.label}"
    what = _written(metric.spec.formula, cause.span)
    place = f" in {what}" if what else ""
    return f"{metric.label} divides by what {zero}{place}; {fix}"


def _written(formula: str | None, span: tuple[int, int]) -> str:
    text = formula[span[0] : span[1]] if formula is not None else ""
    return printable(text, LONGEST)
