"""Move metrics one at a time, each held from period 1, until something happens for the first time.

Many metrics and many amounts are rows of one evaluation: in each row one metric is moved, the others keep what they
would have. A grid of amounts finds where it first happens, and sections of that step close in on it. What happens and
is undone between two points of the grid is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.model import Model
from impacttree.engine.vector import Batch, evaluate_many
from impacttree.quantity import Intervention
from impacttree.records import dataclass

__all__ = [
    "Crossing",
    "GridStep",
    "Lever",
    "RowMargins",
    "first_crossings",
    "first_steps",
    "grid_steps",
    "lever_groups",
]

Margin = Callable[[Batch], Array]
"""How far each row is from what is looked for: below zero where it has happened, NaN where a row has no value."""

RowMargins = Callable[[npt.NDArray[np.int_], Array], Array]
"""The margins of numbered rows at some amounts, an array of amounts for each."""

MOST_STEPS, FEWEST_STEPS = 64, 16
"""Points of the grid to each side of today."""
WORK = 1_000_000_000
"""Values that the grids of all levers may take together, as far as the fewest steps allow."""
RATIO = 1_000.0
"""The last step of a grid over its first: it is finest near today."""
GROUP = 128
"""Levers that share an evaluation."""
SHORT = 1e-9
"""So far, relative to it, a search stops short of an end, at which a denominator is often zero."""
NEAR = (1e-2, 1e-5)
"""How far beside the point that a straight line hits are two more tried, as a share of the step."""
PRECISE = 1e-12
"""Relative to the amount."""
MOST_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Lever:
    """A metric to move: by amounts that are added in every period, or by ratios (0.1 is +10 %)."""

    slot: int
    kind: Literal["add", "multiply"]
    ends: tuple[float, float]
    """The furthest amounts downwards and upwards, around 0."""


class Crossing(NamedTuple):
    """Where it first happens when one lever is moved to one side."""

    lever: Lever
    side: Literal[-1, 1]
    holds: float
    """The last amount at which it has not happened; the end of the side where it never does."""
    happens: float | None
    """The first amount at which it has, next to `holds`; None where it never does or a value ends before."""
    is_fault: bool
    """Whether rows have no value beyond `holds`."""
    paths: Mapping[int, Array]
    """Slot -> values in periods 1..n at `happens`; empty where there is none."""


def grid_steps(metrics: int, periods: int, levers: int) -> int:
    """Return how many points a grid has to each side, so that a large tree is answered in seconds."""
    fitting = WORK // max(1, 2 * metrics * periods * levers)
    return min(MOST_STEPS, max(FEWEST_STEPS, fitting))


def first_crossings(
    model: Model,
    periods: int,
    levers: Sequence[Lever],
    margin: Margin,
    *,
    extremes: Sequence[int],
    paths: Sequence[int],
    steps: int = MOST_STEPS,
) -> Iterator[Crossing]:
    """Yield what is found to each side of each lever, in order, levers on time loops last.

    Parameters
    ----------
    margin
        Of the rows of a batch that holds `extremes`.
    extremes
        Slots whose least and greatest values the margin reads.
    paths
        Slots whose values are wanted where it happens.
    steps
        Points of the grid to each side.

    Examples
    --------
    How far may a price rise before 200 - 5 * price falls below 20?

    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: 30}, sold: {formula: 200 - 5 * price}}"))
    >>> lever = Lever(graph.by_name["price"], "add", (-30.0, 300.0))
    >>> sold = graph.by_name["sold"]
    >>> found = first_crossings(Model(graph), 1, [lever], lambda b: b.lows[sold] - 20, extremes=[sold], paths=[])
    >>> [(crossing.side, crossing.happens and round(crossing.happens, 9)) for crossing in found]
    [(-1, None), (1, 6.0)]
    """
    for group in lever_groups(model, levers):
        yield from _Search(model, periods, group, margin, tuple(extremes)).crossings(steps, paths)


def first_steps(ends: Array, steps: int, margins: RowMargins) -> tuple[npt.NDArray[np.bool_], GridStep]:
    """Return for which rows it happens on the way from 0 to an end, and for these the amounts just before and after.

    Parameters
    ----------
    ends
        How far each row is searched.
    steps
        Points of the grid on the way; it is finest near 0.
    margins
        Of numbered rows, an array of amounts for each.

    Examples
    --------
    >>> happens, step = first_steps(np.array([5.0, -5.0]), 16, lambda rows, amounts: 2.0 - amounts)
    >>> happens.tolist(), step.far.round(9).tolist()
    ([True, False], [2.0])
    """
    grid = ends[:, None] * ((1 - SHORT) * (RATIO ** (np.arange(steps + 1) / steps) - 1) / (RATIO - 1))
    happens, step = _first_step(grid, margins(np.arange(len(ends)), grid))
    return happens, _refined(np.flatnonzero(happens), step, ends, margins)


def _refined(rows: npt.NDArray[np.int_], step: GridStep, ends: Array, margins: RowMargins) -> GridStep:
    """Return steps so short that their ends are the same amount but for rounding."""
    finest = np.spacing(np.abs(ends[rows]))
    for _ in range(MOST_ROUNDS):
        wide = np.abs(step.far - step.near) > PRECISE * np.abs(step.far) + finest
        if not wide.any():
            break
        within = step.of(wide)
        tried = np.column_stack([within.near, within.tries(), within.far])
        found = margins(rows[wide], tried[:, 1:-1])
        _, closer = _first_step(tried, np.column_stack([within.near_margin, found, within.far_margin]))
        for part, values in zip(step, closer, strict=True):
            part[wide] = values
    return step


def lever_groups(model: Model, levers: Sequence[Lever]) -> Iterator[Sequence[Lever]]:
    """Yield levers that can share an evaluation; one on a time loop is moved against a run of its own."""
    looped = [lever for lever in levers if model.graph.metrics[lever.slot].on_loop]
    others = [lever for lever in levers if lever not in looped] if looped else levers
    for first in range(0, len(others), GROUP):
        yield others[first : first + GROUP]
    for lever in looped:
        yield [lever]


class GridStep(NamedTuple):
    """Amounts between which it happens, one pair for each row of arrays, with their margins."""

    near: Array
    far: Array
    near_margin: Array
    far_margin: Array

    def of(self, rows: npt.NDArray[np.bool_]) -> GridStep:
        return GridStep(*(part[rows] for part in self))

    def tries(self) -> Array:
        """Return amounts to try, from near to far, a row of them for each pair."""
        drop = self.near_margin - self.far_margin
        straight = np.divide(self.near_margin, drop, out=np.full_like(drop, 0.5), where=drop > 0)
        shares = [np.full_like(straight, share) for share in (0.25, 0.5, 0.75)]
        shares += [np.clip(straight + sign * off, 0.0, 1.0) for off in NEAR for sign in (-1, 1)]
        amounts: Array = self.near[:, None] + (self.far - self.near)[:, None] * np.sort(np.array(shares).T, axis=1)
        return amounts


class _Search:
    """The levers of one group, each to both sides."""

    def __init__(
        self, model: Model, periods: int, levers: Sequence[Lever], margin: Margin, extremes: tuple[int, ...]
    ) -> None:
        self.model, self.periods, self.levers = model, periods, levers
        self.margin, self.extremes = margin, extremes
        sides = [(who, side) for who in range(len(levers)) for side in (0, 1)]
        self.who = np.array([who for who, _ in sides])
        self.ends = np.array([levers[who].ends[side] for who, side in sides])

    def crossings(self, steps: int, paths: Sequence[int]) -> Iterator[Crossing]:
        happens, step = first_steps(self.ends, steps, self.margins)
        is_fault = np.isnan(step.far_margin)
        at = self.batch(self.who[happens], step.far, paths=paths) if paths and len(step.far) else None
        row_of = {int(position): row for row, position in enumerate(np.flatnonzero(happens))}
        for position, who in enumerate(self.who):
            lever, row = self.levers[who], row_of.get(position)
            side: Literal[-1, 1] = 1 if position % 2 else -1
            if row is None:
                yield Crossing(lever, side, float(self.ends[position]), None, False, {})
            elif is_fault[row]:
                yield Crossing(lever, side, float(step.near[row]), None, True, {})
            else:
                found = {slot: path[1:, row] for slot, path in at.paths.items()} if at is not None else {}
                yield Crossing(lever, side, float(step.near[row]), float(step.far[row]), False, found)

    def margins(self, rows: npt.NDArray[np.int_], amounts: Array) -> Array:
        """Return the margins of some amounts of levers, an array of amounts for each."""
        batch = self.batch(np.repeat(self.who[rows], amounts.shape[1]), amounts.ravel(), extremes=self.extremes)
        return self.margin(batch).reshape(amounts.shape)

    def batch(
        self, who: npt.NDArray[np.int_], amounts: Array, extremes: Sequence[int] = (), paths: Sequence[int] = ()
    ) -> Batch:
        effects = {lever.slot: _effect(lever, np.where(who == k, amounts, 0.0)) for k, lever in enumerate(self.levers)}
        return evaluate_many(
            self.model, self.periods, count=len(who), interventions=effects, extremes=extremes, paths=paths
        )


def _effect(lever: Lever, amounts: Array) -> Intervention:
    return Intervention("wrap", shift=amounts) if lever.kind == "add" else Intervention("wrap", scale=1.0 + amounts)


def _first_step(amounts: Array, margins: Array) -> tuple[npt.NDArray[np.bool_], GridStep]:
    """Return for which rows it happens after the first amount, and for these the amounts just before and after."""
    happened = ~(margins[:, 1:] >= 0)
    happens: npt.NDArray[np.bool_] = np.any(happened, axis=1)
    rows = np.flatnonzero(happens)
    near = happened[rows].argmax(axis=1)
    pairs = [values[rows, near + far] for values in (amounts, margins) for far in (0, 1)]
    return happens, GridStep(*pairs)
