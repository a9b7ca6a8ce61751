"""Why a sampled number has no mean, told as a reader can act on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from impacttree.answers.words import Words
from impacttree.errors import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.model import Model
    from impacttree.engine.simulation import Corridor, Job, Sampled
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
    job: Job,
    slot: int,
    values: npt.NDArray[np.float64],
    runs: Sequence[Sampled] = (),
    draw: Callable[[str], npt.NDArray[np.float64]] | None = None,
) -> str:
    """Return why samples of a metric, or of what a change does to it, have no mean; empty where they have one.

    Parameters
    ----------
    words
        Of the tree.
    job
        By which they were sampled.
    slot
        Of the metric.
    values
        Its samples, NaN where one has no value.
    runs
        What was counted by `divisor_corridors`; without them, whatever is divided by may pass through zero.
    draw
        Gives the draws of a number in the order of the samples, where they are not those of the job.
    """
    import numpy as np

    from impacttree.engine.tails import cause_of, denominators, is_heavy

    there = values[np.isfinite(values)]
    if not len(there) or float(np.ptp(there)) == 0.0:
        return ""
    heavy = is_heavy(there)
    divided, otherwise = denominators(job.model.part((slot,)))
    passes = [one for one in divided if not runs or any(_may_pass(run, one) for run in runs)]
    if not heavy and not otherwise and not passes:
        return ""
    count = min(len(values), TRACED)
    if draw is None:
        draws = job.draws(0, count)
    else:
        draws = {address: draw(address)[:count] for address in job.drawn}
    cause = cause_of(job, slot, values[:count], draws, heavy=heavy)
    return _told(words, cause) if cause is not None else ""


def _may_pass(run: Sampled, slot: int) -> bool:
    """Return whether a metric is zero or of both signs, in some period of some samples."""
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
