"""What changes do to a metric in each period: the numbers that the engine works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Literal, assert_never

from impacttree.quantity.changes import Add, Change, Points, Relative, Set, number_of
from impacttree.quantity.timing import Weights
from impacttree.records import dataclass

__all__ = ["Intervention", "Recipe"]


@dataclass(frozen=True, slots=True)
class Intervention:
    """What the engine does: ``wrap`` shows ``F * scale + shift``, ``fix`` shows ``shift``.

    Parameters
    ----------
    scale, shift
        Numbers, or arrays with one for each of many rows.
    weights
        How much of it is in force in each period; None for all of it. Of a ``wrap`` alone.
    before
        What is done to the metric before this, one after the other, each by itself.
    """

    kind: Literal["wrap", "fix"]
    scale: Any = 1.0
    shift: Any = 0.0
    weights: Weights | None = None
    before: tuple[Intervention, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether it differs from period to period."""
        return self.weights is not None or bool(self.before)

    @property
    def steps(self) -> tuple[Intervention, ...]:
        """All that is done, one after the other, each by itself."""
        return (*self.before, replace(self, kind="wrap", before=())) if self.before else (self,)

    def at(self, t: int) -> Intervention:
        """Return what is done in period `t`: with a share w of it in force, ``F * (1 + (scale - 1) * w) + shift * w``.

        Examples
        --------
        >>> Intervention("wrap", 1.1, 4.0, Weights(start=3, ramp=2)).at(3)
        Intervention(kind='wrap', scale=1.05, shift=2.0, weights=None, before=())
        """
        return reduce(Intervention.then, (_in_force(step, t) for step in self.steps)) if self.varies else self

    def over(self, periods: range) -> Intervention:
        """Return what is done to a value over some periods: the average of what is done in each."""
        if not self.varies:
            return self
        each, count = [self.at(t) for t in periods], len(periods)
        scale, shift = sum(one.scale for one in each) / count, sum(one.shift for one in each) / count
        return replace(each[0], scale=scale, shift=shift)

    def apply(self, value: Any) -> Any:
        """Return what the metric shows when it would have `value` without the change, which does not vary."""
        return self.shift if self.kind == "fix" else value * self.scale + self.shift

    def then(self, other: Intervention) -> Intervention:
        """Return what does this first, and `other` to what the metric shows then.

        Examples
        --------
        >>> Intervention("wrap", 2.0, 1.0).then(Intervention("wrap", 3.0)).apply(5.0)
        33.0
        """
        if other.kind == "fix" and not other.varies:
            return other
        if self.varies or other.varies:
            kind: Literal["wrap", "fix"] = "fix" if "fix" in (self.kind, other.kind) else "wrap"
            *before, last = (*self.steps, *other.steps)
            return replace(last, kind=kind, before=tuple(before))
        return replace(self, scale=self.scale * other.scale, shift=self.shift * other.scale + other.shift)

    def mapped(self, change: Callable[[Any], Any]) -> Intervention:
        """Return the same with other numbers in place of its scales and shifts."""
        before = tuple(one.mapped(change) for one in self.before)
        return replace(self, scale=change(self.scale), shift=change(self.shift), before=before)


def _in_force(step: Intervention, t: int) -> Intervention:
    """Return as much of a step as is in force in period `t`."""
    if step.weights is None:
        return step
    share = step.weights.at(t)
    scale = step.scale if share == 1.0 else 1.0 + (step.scale - 1.0) * share
    return Intervention(step.kind, scale, step.shift * share)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What several changes on one metric do together: set, then products, then sums.

    Parameters
    ----------
    changes
        All that is done to the metric; at most one `Set`.
    weights
        How much of each is in force in each period, where that varies; nothing where all are in force in every period.
    """

    changes: tuple[Change, ...]
    weights: tuple[Weights | None, ...] = ()

    @property
    def kind(self) -> Literal["wrap", "fix"]:
        return "fix" if any(isinstance(change, Set) for change in self.changes) else "wrap"

    @property
    def varies(self) -> bool:
        """Whether what is done differs from period to period."""
        return bool(self.weights)

    def effect(self, numbers: Sequence[Any]) -> tuple[Any, Any]:
        """Return the scale and the shift of all changes in force, when they have these numbers.

        Parameters
        ----------
        numbers
            One for each change in order, in its own unit: a float, or an array with a number for each draw.

        Examples
        --------
        >>> from impacttree.quantity.changes import points, relative
        >>> Recipe((relative("10% (5% to 15%)"), points(2))).effect([0.2, 1.0])
        (1.2, 0.01)
        """
        level: Any = None
        scale: Any = 1.0
        shift: Any = 0.0
        for change, number in zip(self.changes, numbers, strict=True):
            match change:
                case Set():
                    level = number
                case Relative():
                    scale = scale * (1.0 + number)
                case Points():
                    shift = shift + number / 100
                case Add():
                    shift = shift + number
                case _:
                    assert_never(change)
        return (scale, shift) if level is None else (1.0, level * scale + shift)

    def intervention(self, numbers: Sequence[Any] | None = None) -> Intervention:
        """Return what the changes do when they have these numbers, each its P50 unless given.

        Examples
        --------
        >>> from impacttree.quantity.changes import to
        >>> half = Recipe((to(40.0),), (Weights(ramp=2),)).intervention().at(1)
        >>> half.apply(20.0)
        30.0
        """
        given = [number_of(change) for change in self.changes] if numbers is None else numbers
        if not self.weights:
            return Intervention(self.kind, *self.effect(given))
        return reduce(Intervention.then, (stage for _, stage in self.stages(given)))

    def stages(self, numbers: Sequence[Any]) -> Sequence[tuple[int, Intervention]]:
        """Return what each change does by itself, in the order in which they act, with its place among the changes."""
        stages = zip(self.changes, numbers, self.weights or (None,) * len(self.changes), strict=True)
        places = sorted(range(len(self.changes)), key=lambda place: _turn(self.changes[place]))
        each = [_stage(*stage) for stage in stages]
        return [(place, each[place]) for place in places]


def _stage(change: Change, number: Any, weights: Weights | None) -> Intervention:
    """Return what one change does by itself; a value that is set for a time wraps what the metric would have."""
    alone = Recipe((change,))
    kind, (scale, shift) = alone.kind, alone.effect([number])
    if kind == "fix" and weights is not None:
        return Intervention("wrap", 0.0, shift, weights)
    return Intervention(kind, scale, shift, weights)


def _turn(change: Change) -> int:
    """Return when a change comes among others on one metric: set, then products, then sums."""
    return 0 if isinstance(change, Set) else 1 if isinstance(change, Relative) else 2
