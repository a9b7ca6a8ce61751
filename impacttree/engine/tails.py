"""Whether the mean of a sampled number settles, and which operation is to blame where it does not.

A mean may not exist: of a ratio whose denominator can be zero, of a power whose exponent is known within a wide factor.
The mean of samples is a number all the same, another one for each seed. Two signs tell:

- *The tail.* Let d be the distances from the median, d_1 the largest. h, the mean of ln(d_i / d_(k+1)) over the k
  largest (B. M. Hill, "A simple general approach to inference about the tail of a distribution", Annals of Statistics
  3, 1975), is one over the exponent of a tail that falls as a power: at 1 there is no mean. Here k is a 64th of the
  samples, and what is heavier than `HEAVY` counts. Ties and a cluster of its own (an event that is rare and large) are
  not a tail.
- *A pole.* A denominator that passes through zero in few of the samples does not show in h yet.

`Watch` looks at both for every quotient, power and exponential that an outcome rests on.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.model import Part
from impacttree.engine.row_program import varying
from impacttree.engine.simulation import Job
from impacttree.engine.tape import Block, Instruction
from impacttree.engine.vector import evaluate_many
from impacttree.formula.ast import Span
from impacttree.records import dataclass

__all__ = ["Cause", "Watch", "cause_of", "denominators", "is_heavy", "tail"]


Mask = npt.NDArray[np.bool_]

HEAVY = 0.85
"""h from which on a mean is not said to settle: between that of a Pareto tail of exponent 1.5 (0.67) and 1 (1)."""
LIGHT = math.exp(-0.8)
"""Where more distances exceed this share of the largest than the tail holds, no ratio in it makes h more than 0.8."""
LEAST = 32
"""Distances that h is the mean of, at least."""
SHARE = 64
"""One in so many samples makes the tail."""
DIFFERENT = 0.75
"""Share of the distances in the tail that must differ."""
CLUSTER = 30.0
"""Largest spacing in the tail, in mean ones, beyond which what lies further out is an event of its own: of a power tail
the largest of hundreds stays below 20."""
NARROW = 0.1
"""A denominator passes through zero where the gap around zero is below this share of what it spans."""
FELT = 0.7
"""Mean rank of an outcome's distances where an operation goes furthest, from which on the outcome follows it."""


def tail(values: Array) -> float:
    """Return h of finite numbers; NaN where they are too few, mostly alike, or hold a rare event of its own.

    Examples
    --------
    >>> u = (np.arange(8192) + 0.5) / 8192
    >>> [round(tail(u**-power), 1) for power in (1 / 2, 1 / 1.5, 1.0)]
    [0.6, 0.7, 1.0]
    """
    if len(values) <= 2 * _tail_size(values):
        return float("nan")
    return _hill(np.abs(values - _median(values)))


def _hill(distances: Array) -> float:
    """Return h of distances from the median."""
    k = _tail_size(distances)
    largest = np.sort(np.partition(distances, len(distances) - k - 1)[-k - 1 :])[::-1]
    if largest[-1] <= 0 or 1 + np.count_nonzero(largest[1:-1] != largest[:-2]) < DIFFERENT * k:
        return float("nan")
    logs = np.log(largest)
    spacings = np.arange(1, k + 1) * (logs[:-1] - logs[1:])
    h = float(spacings.mean())
    return float("nan") if float(spacings.max()) > CLUSTER * h else h


def _tail_size(values: Array) -> int:
    """Return how many of the distances make the tail."""
    return max(LEAST, len(values) // SHARE)


def _median(values: Array) -> np.float64:
    """Return the median of finite numbers, as `np.median` does, which looks at more."""
    low, high = (len(values) - 1) // 2, len(values) // 2
    parted = np.partition(values, (low, high))
    middle: np.float64 = (parted[low] + parted[high]) / 2
    return middle


def is_heavy(values: Array) -> bool:
    """Return whether the tail of finite numbers is as heavy as one without a mean."""
    k = _tail_size(values)
    if len(values) <= 2 * k:
        return False
    distances = np.abs(values - _median(values))
    if np.count_nonzero(distances > LIGHT * distances.max()) > k:
        return False
    return _hill(distances) >= HEAVY


@dataclass(frozen=True, slots=True)
class Cause:
    """The operation that leaves an outcome without a mean.

    Parameters
    ----------
    slot
        Whose rule it stands in.
    span
        Where in the formula.
    kind
        ``pole``: its denominator passes through zero. ``zero``: it is zero in some samples. ``tail``: its result has a
        tail that its operands do not have.
    denominator
        The slot of the metric that is divided by, where it is a metric.
    """

    slot: int
    span: Span
    kind: Literal["pole", "zero", "tail"]
    denominator: int | None = None


@dataclass(slots=True)
class _Seen:
    """What is known of one quotient, power or exponential over all samples."""

    block: Block
    step: Instruction
    closest: Array | None = None
    """Least size of the denominator over the periods, where it was looked at."""
    negative: float = -np.inf
    """Largest denominator below zero, and the smallest above."""
    positive: float = np.inf
    low: float = np.inf
    high: float = -np.inf
    zero: Mask | None = None
    values: tuple[Any, ...] = ()
    """The result and the operands, when last computed: arrays, or numbers where all samples have the same."""


class Watch:
    """Sees operations over many samples, as `evaluate_many` tells of them.

    Parameters
    ----------
    count
        How many samples there are.
    watched
        Slots whose operations are looked at.
    """

    def __init__(self, count: int, watched: Collection[int]) -> None:
        self.count, self.watched = count, watched
        self._seen: dict[tuple[int, int], _Seen] = {}

    def __call__(
        self, block: Block, step: Instruction, result: Any, args: Sequence[Any], taken: Any, rows: slice
    ) -> None:
        """Take note of an operation in some rows; `taken` says in which of them its branch is."""
        if block.slot not in self.watched or not _is_risky(block, step):
            return
        seen = self._seen.setdefault((block.slot, step.out), _Seen(block, step))
        divisor = _divisor(step, args)
        if divisor is not None:
            _note_divisor(seen, divisor, taken, rows, self.count)
        if taken is True and rows == slice(0, self.count):
            seen.values = (result, *args)
            return
        if not seen.values:
            seen.values = tuple(np.full(self.count, np.nan) for _ in range(1 + len(args)))
        for kept, now in zip(seen.values, (result, *args), strict=True):
            kept[rows] = np.where(taken, now, np.nan)

    def cause(self, outcome: Array, heavy: bool) -> Cause | None:
        """Return what leaves an outcome without a mean; None where nothing does.

        Parameters
        ----------
        outcome
            Its samples, NaN where one has no value.
        heavy
            Whether its own tail is heavy.
        """
        there = np.isfinite(outcome)
        ranks = np.zeros(self.count)
        order = np.argsort(np.abs(outcome[there] - _median(outcome[there])), kind="stable")
        ranks[np.flatnonzero(there)[order]] = (np.arange(len(order)) + 0.5) / max(len(order), 1)
        for seen in self._seen.values():
            if seen.zero is not None and bool((seen.zero & ~there).any()):
                return _cause(seen, "zero")
            if seen.closest is None or not self._is_pole(seen):
                continue
            if _felt(ranks, np.where(there, seen.closest, np.inf)):
                return _cause(seen, "pole")
        if heavy:
            for seen in self._seen.values():
                whole = there & np.isfinite(seen.values[0])
                result, *operands = (np.broadcast_to(values, self.count) for values in seen.values)
                result = result[whole]
                if not is_heavy(result) or any(is_heavy(values[whole]) for values in operands):
                    continue
                if _felt(ranks[whole], -np.abs(result - _median(result))):
                    return _cause(seen, "tail")
        return None

    def _is_pole(self, seen: _Seen) -> bool:
        return seen.positive - seen.negative < NARROW * (seen.high - seen.low)


def _felt(ranks: Array, order: Array) -> bool:
    """Return whether an outcome is far from its median where an operation goes furthest: first by `order`."""
    return float(ranks[np.argsort(order, kind="stable")[:LEAST]].mean()) >= FELT


def _note_divisor(seen: _Seen, divisor: Any, taken: Any, rows: slice, count: int) -> None:
    width = len(range(*rows.indices(count)))
    numbers = np.broadcast_to(np.asarray(divisor, dtype=np.float64), width)
    used, sizes = numbers, np.abs(numbers)
    if taken is not True or not sizes.min() > 0 or not sizes.max() < np.inf:
        counts = np.broadcast_to(taken, width) & np.isfinite(numbers)
        zero = counts & (numbers == 0)
        if zero.any():
            seen.zero = np.zeros(count, dtype=np.bool_) if seen.zero is None else seen.zero
            seen.zero[rows] |= zero
        used, sizes = numbers[counts & ~zero], np.where(counts & ~zero, sizes, np.inf)
        if not len(used):
            return
    if seen.closest is None and width == count:
        seen.closest = sizes
    else:
        seen.closest = np.full(count, np.inf) if seen.closest is None else seen.closest
        seen.closest[rows] = np.minimum(seen.closest[rows], sizes)
    low, high = float(used.min()), float(used.max())
    seen.low, seen.high = min(seen.low, low), max(seen.high, high)
    if low < 0:
        below = high if high < 0 else float(used.max(where=used < 0, initial=-np.inf))
        seen.negative = max(seen.negative, below)
    if high > 0:
        above = low if low > 0 else float(used.min(where=used > 0, initial=np.inf))
        seen.positive = min(seen.positive, above)


def _cause(seen: _Seen, kind: Literal["pole", "zero", "tail"]) -> Cause:
    load = seen.block.loads.get(seen.step.args[1]) if seen.step.operation == "div" else None
    return Cause(seen.block.slot, seen.step.span, kind, load.slot if load is not None and load.lag == 0 else None)


def _is_risky(block: Block, step: Instruction) -> bool:
    """Return whether an operation can leave without a mean what had one; not where its divisor is fixed."""
    match step.operation:
        case "div":
            return not _is_fixed(block, step.args[1])
        case "pow":
            return True
        case "call":
            return step.function == "exp"
        case _:
            return False


def _is_fixed(block: Block, temporary: int) -> bool:
    load = block.loads.get(temporary)
    return temporary in block.constants or (load is not None and load.timing == "baseline")


def _divisor(step: Instruction, args: Sequence[Any]) -> Any:
    """Return what is divided by, if anything: of a power with a negative exponent its base."""
    if step.operation == "div":
        return args[1]
    if step.operation == "pow" and np.ndim(args[1]) == 0 and args[1] <= -1:
        return args[0]
    return None


def denominators(part: Part) -> tuple[tuple[int, ...], bool]:
    """Return the slots of metrics that a part of a tree divides by, and whether it divides by anything else.

    What does not vary (constants, ``baseline``) is left out.
    """
    slots: set[int] = set()
    otherwise = False
    for block in (*part.step.blocks, *part.recomputed.blocks):
        for step in block.steps:
            if not isinstance(step, Instruction):
                continue
            if step.operation == "pow" or (step.operation == "div" and not _is_fixed(block, step.args[1])):
                divisor = step.args[1] if step.operation == "div" else step.args[0]
                load = block.loads.get(divisor)
                if step.operation == "pow" and block.constants.get(step.args[1], 0.0) > -1:
                    continue
                if load is None:
                    otherwise = True
                else:
                    slots.add(load.slot)
    return tuple(sorted(slots)), otherwise


def cause_of(job: Job, slot: int, outcome: Array, draws: Mapping[str, Array], *, heavy: bool) -> Cause | None:
    """Return what leaves an outcome without a mean, from its samples worked once more, one operation at a time.

    Parameters
    ----------
    job
        By which it was sampled; all its runs are worked, because the difference of two has what either has.
    slot
        Of the metric that the outcome is of.
    outcome
        Its samples, or of what a change does to it.
    draws
        Of the same samples.
    heavy
        Whether the tail of all samples of the outcome is heavy.
    """
    for number, changes in enumerate(job.runs):
        watched = _watched(job, slot, number)
        if not watched:
            continue
        watch = Watch(len(outcome), watched)
        inputs = job.inputs(draws, changes)
        evaluate_many(job.model, job.periods, count=len(outcome), **inputs, totals=(slot,), observe=watch)
        cause = watch.cause(outcome, heavy)
        if cause is not None:
            return cause
    return None


def _watched(job: Job, slot: int, number: int) -> frozenset[int]:
    """Return the slots with operations to look at in a run: those that are not what they were in the first one."""
    first, changes = job.runs[0], job.runs[number]
    part = job.model.part((slot, *changes))
    rules = (*part.step.blocks, *part.recomputed.blocks)
    steps = ((block, step) for block in rules for step in block.steps if isinstance(step, Instruction))
    risky = frozenset(block.slot for block, step in steps if _is_risky(block, step))
    if not number or any(change.varies for change in (*first.values(), *changes.values())):
        return risky
    differing = [slot for slot in {*first, *changes} if first.get(slot) is not changes.get(slot)]
    return risky & varying((*part.initial.blocks, *rules), frozenset(), differing).slots
