"""How far may each number behind a decision move before it stops paying?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.answers.cost import is_cost, pays
from impacttree.answers.local import local
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.number_names import label_of, size_of, size_per
from impacttree.answers.outlays import Costs, Outlay, payments, read_outlays
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.verdict import is_turned, verdict
from impacttree.answers.words import Words, counted, lowered, sentence
from impacttree.errors import ChangeError, Problem, QuestionError, printable
from impacttree.graph.model import Metric
from impacttree.quantity import Change, Intervention, number_of
from impacttree.quantity.changes import at
from impacttree.records import dataclass
from impacttree.spec.address import Address
from impacttree.views import Cell, Column, Table

if TYPE_CHECKING:
    from impacttree.engine.arrays import Array
    from impacttree.engine.switching import Movable, SwitchingPoint, Weighing

__all__ = ["BreakEven", "SwitchingValue", "break_even"]

FURTHEST = 10.0
"""How far is searched without bounds: times the size of a number."""
MOST_SHOWN = 12
"""Rows that text and pictures show; the data has them all."""


@dataclass(frozen=True, slots=True)
class SwitchingValue:
    """How far one number may move, all others as stated, before the answer changes sign."""

    address: str
    """``churn.engagement.slope``; ``engagement.lift`` is the size of the lift, ``decision.cost`` what it costs."""
    label: str
    today: float
    """As stated."""
    at: float | None
    """The last value before the answer changes sign; None where it never does, as far as was searched."""
    moves: float | None
    """From `today` to `at`."""
    low: float | None
    high: float | None
    """P10 and P90 of the number; None where it is stated for certain."""
    within_range: bool | None
    """Whether the answer changes sign between P10 and P90."""
    searched: tuple[float, float]
    """Between which values the answer keeps its sign."""

    @property
    def nearness(self) -> float:
        """The move in widths of the range to that side: 1 is at its P10 or P90."""
        if self.at is None or self.low is None or self.high is None:
            return math.inf
        end = self.high if self.at > self.today else self.low
        return abs(self.at - self.today) / abs(end - self.today) if end != self.today else math.inf


@dataclass(frozen=True, repr=False)
class BreakEven(Result):
    """What must be true for a lift to pay.

    Attributes
    ----------
    metric, change : str
        What is done.
    outcome : str
        What it is done for.
    horizon : int
        Over how many periods.
    cost : float or None
        What it costs over the horizon, in the outcome's unit; None where no cost is stated.
    net : float
        Worth over the horizon less the cost; above zero it pays.
    rows : tuple of SwitchingValue
        The size of the lift first, then the cost, then what is nearest within its range, then what never switches.
    """

    metric: str
    change: str
    outcome: str
    horizon: int
    cost: float | None
    net: float
    rows: tuple[SwitchingValue, ...]
    idle: int
    warnings: tuple[str, ...]
    parsed: Change = field(compare=False)
    case: Case = field(compare=False)
    costs: Costs | None = field(compare=False)

    @property
    def words(self) -> Words:
        return self.case.words

    @property
    def pays(self) -> bool:
        """Whether the worth over the horizon is more than the cost."""
        return pays(self.net)

    @cached_property
    def returns(self) -> Returns | None:
        """What the lift returns against its cost over one, two and three horizons; None where no cost is stated."""
        if self.cost is None:
            return None
        return returns(self.case.furthest, self.words.graph[self.outcome], self.costs, self.horizon, sampled=False)

    @property
    def title(self) -> str:
        """The sentence about the first number."""
        return self.words.headed(self._sentence, self.outcome)

    @property
    def _sentence(self) -> str:
        words = self.words
        what = self.provenance.told(words.changed(self.metric, self.change))
        within = words.over(self.outcome, self.horizon)
        if self.cost is None:
            nearest = next((row for row in self.rows if row.at is not None), None)
            if nearest is None:
                return (
                    f"{what}: no number alone turns its effect on {lowered(words.titled(self.outcome))} {within} around"
                )
            return (
                f"{what}: its effect on {lowered(words.titled(self.outcome))} {within} turns around "
                f"if {nearest.label} is {self._bound(nearest, opposite=True)}; stated is {self._today(nearest)}"
            )
        first, found = self.rows[0], self.returns
        assert found is not None
        is_sized = first.address == self._lift and first.at is not None
        would = "pays" if self.pays else "would pay" if is_sized else "does not pay"
        if is_turned(found):
            size = f" at {self._bound(first)}" if is_sized else ", whatever its size"
            return f"{what} {verdict(words, self.outcome, found)}; {within} it {would}{size}"
        if not is_sized:
            return f"{what} {would} {within}, whatever its size"
        return f"{what} {would} {within} if it is {self._bound(first)}; stated is {self._today(first)}"

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "address": row.address,
                "label": row.label,
                "today": row.today,
                "at": row.at,
                "moves": row.moves,
                "p10": row.low,
                "p90": row.high,
                "within_range": row.within_range,
                "searched_from": row.searched[0],
                "searched_to": row.searched[1],
            }
            for row in self.rows
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "metric": self.metric,
            "change": self.change,
            "outcome": self.outcome,
            "periods": self.horizon,
            "cost": self.cost,
            "net": self.net,
            "pays": self.pays,
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        condition = "It pays if" if self.cost is not None else "It keeps its sign if"
        if self.cost is not None and not self.pays:
            condition = "It would pay if"
        columns = (Column("What must hold"), Column("Stated"), Column(condition), Column("P10 to P90"), Column("Holds"))
        shown = self.shown
        accent = 0 if shown and shown[0].address == self._lift else None
        return Table(self.title, columns, tuple(map(self._cells, shown)), self.notes, accent=accent)

    @property
    def _lift(self) -> str:
        return str(Address(self.metric, key="lift"))

    def _cells(self, row: SwitchingValue) -> tuple[Cell, ...]:
        spread = "not stated"
        if row.low is not None and row.high is not None:
            spread = f"{self.written(row, row.low)} to {self.written(row, row.high)}"
        holds = "" if row.within_range is None else "within its range" if row.within_range else "over its range"
        if not self.pays:
            holds = "reachable" if row.within_range else ""
        elif row.within_range:
            holds = "NOT over its range"
        return (
            Cell(row.label, row.address),
            Cell(self._today(row), row.today),
            Cell(self._bound(row), row.at),
            Cell(spread),
            Cell(holds, None if row.within_range is None else not row.within_range),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What stands below the table: the net as stated, what is not shown, warnings, and the basis."""
        return tuple(self._notes(self.shown))

    def _notes(self, shown: Sequence[SwitchingValue]) -> Iterator[str]:
        words = self.words
        if self.cost is not None:
            net = "NPV after a" if words.net(self.outcome) == "NPV" else "Worth less the"
            cost = words.value(self.outcome, self.cost)
            after = f"{net} cost of {cost}: {words.signed(self.outcome, self.net)}"
            yield f"{after} {words.over(self.outcome, self.horizon)}."
        else:
            better = 1.0 if words.graph[self.outcome].spec.better == "higher" else -1.0
            worth = words.figure(self.outcome, better * self.net)
            yield f"As stated: {worth} {words.over(self.outcome, self.horizon)}, before any cost."
        yield "Each number is moved alone until the answer changes sign; nearest within its range first."
        rest = sum(row.at is not None for row in self.rows) - len(shown)
        if rest > 0:
            yield f"{counted(rest, 'more number')} would have to move further."
        never = sum(row.at is None for row in self.rows)
        if never:
            turn = "turns" if never == 1 else "turn"
            yield f"{counted(never, 'further number')} never {turn} it around, as far as was searched."
        yield from map(sentence, self.warnings)
        yield f"Basis: {self.provenance.basis}."

    def _today(self, row: SwitchingValue) -> str:
        return self.written(row, row.today)

    def _bound(self, row: SwitchingValue, *, opposite: bool = False) -> str:
        """Write ``1.8% or more``: the number that still holds, rounded to the side that does."""
        rounded, side = self.bound(row, opposite=opposite)
        return f"{self.written(row, rounded)} or {side}"

    def bound(self, row: SwitchingValue, *, opposite: bool = False) -> tuple[float, str]:
        """Return up to which number a row holds, rounded to the side that does, and which side: ``more``, ``weaker``.

        Parameters
        ----------
        row
            One with a value in `at`.
        opposite
            Whether to name the side on which it does not hold.
        """
        assert row.at is not None
        at_least = row.at < row.today if self.pays else row.at > row.today
        rounded = _rounded(row.at, up=at_least, digits=4 if self._in_small_money(row) else 3)
        return rounded, self._side(row, rounded, more=at_least != opposite)

    @property
    def shown(self) -> tuple[SwitchingValue, ...]:
        """The rows that text and pictures show: those that switch at all, nearest first."""
        return tuple(row for row in self.rows if row.at is not None)[:MOST_SHOWN]

    @property
    def lift(self) -> SwitchingValue | None:
        """The row of the size of the lift; None where that never switches."""
        return next((row for row in self.rows if row.address == self._lift and row.at is not None), None)

    @staticmethod
    def _side(row: SwitchingValue, bound: float, *, more: bool) -> str:
        """Return to which side of a bound it holds, so that nobody mistakes it below zero."""
        if Address.parse(row.address).source is not None and bound * row.today > 0:
            return "stronger" if more == (bound > 0) else "weaker"
        if bound < 0:
            return "higher" if more else "lower"
        return "more" if more else "less"

    def _in_small_money(self, row: SwitchingValue) -> bool:
        """Return whether a number is an amount that people write with its cents."""
        number = Address.parse(row.address)
        is_value = not is_cost(row.address) and number.source is None and number.key in ("value", "start")
        return is_value and self.words.unit(number.metric).is_money and abs(row.at or 0.0) < 1_000

    def written(self, row: SwitchingValue, value: float, *, per: bool = True) -> str:
        """Write a value of a row's number; of an effect with what its source moves by for it, unless `per` is False."""
        if is_cost(row.address):
            return self.words.value(self.outcome, value)
        if row.address == self._lift:
            return self.words.change(self.metric, at(self.parsed, float(f"{value:.9g}")))
        return size_of(self.words, row.address, value) if per else size_per(self.words, row.address, value)[0]


def _rounded(value: float, *, up: bool, digits: int = 3) -> float:
    """Return a threshold with few digits, rounded to the side that still holds."""
    if value == 0:
        return 0.0
    scale = 10.0 ** (digits - 1 - math.floor(math.log10(abs(value))))
    exact = value * scale
    nearest = round(exact)
    whole = nearest if abs(exact - nearest) < 1e-9 * abs(exact) else math.ceil(exact) if up else math.floor(exact)
    return whole / scale


# ---- finding it


@local
def break_even(
    subject: Subject,
    metric: str,
    change: str | Change,
    on: str | None = None,
    *,
    cost: Costs | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> BreakEven:
    """Find how far each number and assumed effect may move, alone, before a lift stops paying.

    The numbers are those that the worth of the lift rests on: stated values, starts and the parameters of assumed
    effects, the size of the lift itself and its cost. Each is moved with all others as stated, within its bounds, else
    from zero to eleven times its value (of an effect, as far to the other side); the worth is computed exactly at each
    place, and the place where it changes sign found to rounding.

    Parameters
    ----------
    subject
        The tree.
    metric
        What is lifted.
    change
        What is done to it, from period 1: one change, which has a size.
    on
        The outcome that it is done for; by default the tree's.
    cost
        What it costs, as `worth` takes it: of several amounts each is moved alone. Without one, what is looked for is
        where the worth turns around.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the lift.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    ChangeError
        When the change does not fit the metric.
    QuestionError
        When a metric does not exist, or the cost is not in the outcome's unit.

    Examples
    --------
    >>> import impacttree as it
    >>> answer = it.template("saas").break_even("engagement", "+5%", cost="$250k", horizon=36)
    >>> answer.pays, answer.rows[0].address, round(answer.rows[0].at, 3)
    (True, 'engagement.lift', 0.017)
    """
    subject = subject.over(over, horizon).on_basis(basis)
    from impacttree.engine.first_crossing import grid_steps
    from impacttree.engine.switching import switching_points

    outcome = subject.outcome(on)
    case = Case.of(subject, {metric: change}, horizon, scenario)
    every = () if cost is None else read_outlays(case.furthest, outcome, cost, case.periods)
    outlays = tuple(one for one in every if one.period <= case.periods)
    weighing = _weighing(case, outcome, math.fsum(payments(case, outlays, [one.amount for one in outlays])))
    net = weighing.sign * case.change(outcome) - weighing.cost
    if net == 0.0 and not outlays:
        shown, label = case.asked.texts[0][1], subject.words.label(metric)
        reason = f"{shown} {label} does not change {lowered(outcome.label)}, so there is no sign to turn around"
        raise QuestionError(Problem(metric=metric, reason=reason, fix="ask about an outcome that it moves"))
    ranges = _ranges(case)
    numbers = _numbers(case, outcome, ranges)
    steps = grid_steps(2 * len(subject.upstream(outcome)), case.periods, len(numbers))
    points = list(switching_points(weighing, numbers, pays=pays(net), steps=steps))
    pairs = list(zip(points[::2], points[1::2], strict=True))
    bearing = [pair for pair in pairs if pair[0].bears]
    rows = [_row(subject, down, up, ranges) for down, up in bearing]
    sized = [row for row in rows if row.address == numbers[0].address]
    others = [row for row in rows if row.address != numbers[0].address]
    priced = [_cost_row(case, one, net, is_alone=len(outlays) == 1) for one in outlays]
    words = subject.words
    told = words.basis(outcome.name, costed=bool(outlays), weights=case.asked.weights)
    meant = f"{words.horizon(outcome.name, case.periods)}; {told}"
    return BreakEven(
        provenance=case.provenance("exact worth at each place; sign change closed in on to rounding", meant),
        metric=metric,
        change=case.asked.texts[0][1],
        outcome=outcome.name,
        horizon=case.periods,
        cost=weighing.cost if outlays else None,
        net=net,
        # without a cost the worth turns around where the lift does: at nothing
        rows=(*(sized if priced else []), *priced, *sorted(others, key=_order)),
        idle=len(pairs) - len(bearing),
        warnings=case.warnings(outcome),
        parsed=_single(case),
        case=case,
        costs=cost,
    )


def _single(case: Case) -> Change:
    """Return the one change that is asked about."""
    ((_, recipe),) = case.asked.recipes
    if len(recipe.changes) > 1:
        raise ChangeError(Problem(reason="several changes on one metric have no one size", fix="give a single change"))
    return recipe.changes[0]


def _weighing(case: Case, outcome: Metric, cost: float) -> Weighing:
    """Return what is weighed: the lift with a size for each row against its cost."""
    from impacttree.engine.simulation import DrawnChange
    from impacttree.engine.switching import Weighing

    ((slot, _),) = case.asked.recipes
    recipe = dict(case.together.recipes)[slot]  # what is held of the metric comes before what is asked
    drawn = DrawnChange(recipe, (*[None] * (len(recipe.changes) - 1), _lift_address(case)))
    held = case.held.interventions

    def after(numbers: Mapping[str, Array]) -> Mapping[int, Intervention]:
        return {**held, slot: drawn.at(numbers)}

    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    model = case.subject.model
    return Weighing(model, case.periods, outcome.index, sign, cost, lambda _: held, after)


def _lift_address(case: Case) -> str:
    ((slot, _),) = case.asked.recipes
    return str(Address(case.subject.graph.metrics[slot].name, key="lift"))


def _ranges(case: Case) -> dict[str, tuple[float, float]]:
    """Return P10 and P90 of every number that is not known for certain."""
    import numpy as np

    from impacttree.engine.distributions import distribution_of

    found = {}
    for number in (*case.subject.graph.uncertain, *case.asked.uncertain(case.subject.graph)):
        low, high = distribution_of(number.quantity, number.bounds).quantile(np.array([0.1, 0.9]))
        found[number.address] = (float(low), float(high))
    return found


def _numbers(case: Case, outcome: Metric, ranges: Mapping[str, tuple[float, float]]) -> list[Movable]:
    """Return what can be moved: the lift first, then every number that the outcome rests on."""
    from impacttree.engine.switching import Movable

    subject, model = case.subject, case.subject.model
    change = _single(case)
    size = number_of(change)
    lift = Movable(_lift_address(case), size, _lift_ends(case, change), is_change=True)
    central = dict(zip(model.addresses, model.parameters, strict=True))
    used = sorted(model.part((outcome.index, *case.asked.slots)).addresses)
    return [lift, *(Movable(one, central[one], _ends(subject, one, central[one], ranges)) for one in used)]


def _lift_ends(case: Case, change: Change) -> tuple[float, float]:
    """Return how far the size of the lift is searched: as far as the metric's bounds, else to eleven times itself."""
    size = number_of(change)
    reach = FURTHEST * abs(size) or 1.0
    ((slot, recipe),) = case.asked.recipes
    metric = case.subject.graph.metrics[slot]
    bounds = metric.spec.bounds.low_high() if metric.spec.bounds else None
    if bounds is None:
        return -reach, reach
    base = case.subject.model.base[slot]
    scale, shift = recipe.effect([1.0])
    if recipe.kind == "fix":
        return bounds[0] - size, bounds[1] - size
    per_unit = base * (scale - 1.0) + shift
    if not per_unit:
        return -reach, reach
    ends = sorted((bound - base) / per_unit - size for bound in bounds)
    return min(0.0, max(ends[0], -reach)), max(0.0, min(ends[1], reach))


def _ends(
    subject: Subject, address: str, today: float, ranges: Mapping[str, tuple[float, float]]
) -> tuple[float, float]:
    """Return how far a number is searched to either side of where it stands."""
    number = Address.parse(address)
    low, high = ranges.get(address, (today, today))
    size = max(abs(today), abs(low), abs(high)) or 1.0
    if number.source is None:
        bounds = subject.graph[number.metric].spec.bounds
        limits = bounds.low_high() if bounds is not None else None
        if limits is not None:
            return min(0.0, limits[0] - today), max(0.0, limits[1] - today)
        if today >= 0 and low >= 0:
            return -today if today else -FURTHEST * size, FURTHEST * size
    return -FURTHEST * size, FURTHEST * size


def _row(
    subject: Subject, down: SwitchingPoint, up: SwitchingPoint, ranges: Mapping[str, tuple[float, float]]
) -> SwitchingValue:
    """Return the nearer of the two sides at which the answer changes sign."""
    number = down.number
    ends = ranges.get(number.address)
    low, high = (None, None) if ends is None else ends
    sides = [point for point in (down, up) if point.switches is not None]
    row = SwitchingValue(
        address=number.address,
        label=label_of(subject.graph, number.address),
        today=number.today,
        at=None,
        moves=None,
        low=low,
        high=high,
        within_range=None if low is None else False,
        searched=(down.holds, up.holds),
    )
    found = [replace(row, at=point.holds, moves=point.holds - number.today) for point in sides]
    if not found:
        return row
    nearest = min(found, key=lambda one: (one.nearness, abs(one.moves or 0.0)))
    within = None if low is None or high is None else any(low <= (one.at or 0.0) <= high for one in found)
    return replace(nearest, within_range=within)


def _cost_row(case: Case, outlay: Outlay, net: float, *, is_alone: bool) -> SwitchingValue:
    """Return how much may be paid at most: what is left of the worth after all else that is paid."""
    cost, ends = outlay.amount, outlay.cost.low_high()
    worth = cost + net / math.fsum(payments(case, (outlay,), (1.0,)))
    low, high = ends if ends is not None and ends[0] != ends[1] else (None, None)
    within = None if low is None or high is None else low <= worth <= high
    at = worth if worth >= 0 else None
    moves = None if at is None else at - cost
    label = "Cost of the decision" if is_alone else f"Cost, {printable(outlay.told(case.words), 60)}"
    return SwitchingValue(outlay.address, label, cost, at, moves, low, high, within, (0.0, max(worth, cost)))


def _order(row: SwitchingValue) -> tuple[bool, float, float, str]:
    relative = abs(row.moves / row.today) if row.moves is not None and row.today else math.inf
    return row.at is None, row.nearness, relative, row.address
