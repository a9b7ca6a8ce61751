"""How far each number behind a decision may move, alone, before the decision pays no more (or pays at last).

A number is a parameter of the tree, or the size of the lift itself. Numbers and amounts are rows of one evaluation,
with and without the lift on the same rows; the search is that of `impacttree.engine.first_crossing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.first_crossing import first_steps
from impacttree.engine.model import Model
from impacttree.engine.vector import evaluate_many
from impacttree.quantity import Intervention
from impacttree.records import dataclass

__all__ = ["Movable", "SwitchingPoint", "Weighing", "switching_points"]

Lifts = Callable[[Mapping[str, Array]], Mapping[int, Intervention]]
"""Numbers of the changes by address, one for each row -> what the changes do, by slot."""
GROUP = 128
"""Numbers that share an evaluation."""


@dataclass(frozen=True, slots=True)
class Movable:
    """A number that is moved: where it stands, and the amounts around 0 that it is moved by at most."""

    address: str
    today: float
    ends: tuple[float, float]
    is_change: bool = False
    """Whether it is a number of the changes themselves, not one of the tree."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a decision is worth: the change of one slot over the horizon, better upwards or downwards, less its cost.

    Parameters
    ----------
    before, after
        What is changed without and with the decision, given its numbers by address.
    """

    model: Model
    periods: int
    outcome: int
    sign: float
    cost: float
    before: Lifts
    after: Lifts

    def net(self, numbers: Mapping[str, Array], changed: Mapping[str, Array], count: int) -> Array:
        """Return the worth less the cost in each row; NaN where it has no value."""
        runs = []
        for lifts in (self.before, self.after):
            batch = evaluate_many(
                self.model,
                self.periods,
                count=count,
                parameters=numbers,
                interventions=lifts(changed),
                totals=[self.outcome],
            )
            runs.append(batch.totals[self.outcome])
        worth: Array = self.sign * (runs[1] - runs[0]) - self.cost
        return worth


class SwitchingPoint(NamedTuple):
    """What is found when one number is moved to one side."""

    number: Movable
    holds: float
    """The last value at which the answer has not switched; the end of the side where it never does."""
    switches: float | None
    """The first value at which it has, next to `holds`; None where it never does."""
    is_fault: bool
    """Whether the answer has no value beyond `holds`."""
    bears: bool
    """Whether the worth moves at all with the number."""


def switching_points(
    weighing: Weighing, numbers: Sequence[Movable], *, pays: bool, steps: int
) -> Iterator[SwitchingPoint]:
    """Yield what is found to each side of each number, downwards first.

    Parameters
    ----------
    pays
        Whether the decision pays as stated; what is looked for is where it does not, and the other way round.

    Examples
    --------
    Selling 50 at a price of 30 and raising it by 10 % for 100 pays as long as at least 34 are sold:

    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: 30}, sold: {value: 50}, paid: {formula: price * sold}}"))
    >>> lift = {graph.by_name["price"]: Intervention("wrap", scale=1.1)}
    >>> weighed = Weighing(Model(graph), 1, graph.by_name["paid"], 1.0, 100.0, lambda _: {}, lambda _: lift)
    >>> down, up = switching_points(weighed, [Movable("sold.value", 50.0, (-50.0, 500.0))], pays=True, steps=64)
    >>> round(down.switches, 6), up.switches
    (33.333333, None)
    """
    for first in range(0, len(numbers), GROUP):
        yield from _Group(weighing, numbers[first : first + GROUP], 1.0 if pays else -1.0).points(steps)


class _Group:
    """Numbers that share an evaluation, each to both sides."""

    def __init__(self, weighing: Weighing, numbers: Sequence[Movable], sign: float) -> None:
        self.weighing, self.numbers, self.sign = weighing, numbers, sign
        self.who = np.repeat(np.arange(len(numbers)), 2)
        self.ends = np.array([end for number in numbers for end in number.ends])
        self.moved = np.zeros(len(self.ends), dtype=bool)

    def points(self, steps: int) -> Iterator[SwitchingPoint]:
        happens, step = first_steps(self.ends, steps, self.margins)
        row_of = {int(position): row for row, position in enumerate(np.flatnonzero(happens))}
        bears = self.moved[::2] | self.moved[1::2]
        for position, who in enumerate(self.who):
            number, row = self.numbers[int(who)], row_of.get(position)
            moved = bool(bears[who])
            if row is None:
                yield SwitchingPoint(number, number.today + float(self.ends[position]), None, False, moved)
                continue
            near, far = (number.today + float(part[row]) for part in (step.near, step.far))
            fault = bool(np.isnan(step.far_margin[row]))
            yield SwitchingPoint(number, near, None if fault else far, fault, moved)

    def margins(self, rows: npt.NDArray[np.int_], amounts: Array) -> Array:
        who, moves = np.repeat(self.who[rows], amounts.shape[1]), amounts.ravel()
        numbers: dict[str, Array] = {}
        changed: dict[str, Array] = {}
        for k, number in enumerate(self.numbers):
            values = np.where(who == k, number.today + moves, number.today)
            (changed if number.is_change else numbers)[number.address] = values
        found = self.weighing.net(numbers, changed, len(who)).reshape(amounts.shape)
        spread = np.nanmax(found, axis=1, initial=-np.inf) - np.nanmin(found, axis=1, initial=np.inf)
        self.moved[rows] |= (spread > 1e-12 * np.abs(found[:, 0])) | np.isnan(found).any(axis=1)
        margins: Array = self.sign * found
        return margins
