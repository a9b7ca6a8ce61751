"""What does the outcome do as one metric goes from one value to another?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from itertools import pairwise
from typing import Any

from impacttree.answers.asked import Basis
from impacttree.answers.axis import round_levels
from impacttree.answers.case import Case
from impacttree.answers.cautions import extrapolations
from impacttree.answers.local import local
from impacttree.answers.result import BASE, Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, lowered, noted, sentence
from impacttree.engine.flows import Lift
from impacttree.engine.model import Run
from impacttree.errors import ChangeError, EvaluationError, OutputError, Problem, QuestionError, printable
from impacttree.graph.model import Metric
from impacttree.quantity import Change, Intervention, RawQuantity, Set, to
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Lines, Series, Table

__all__ = ["Sweep", "SweepPoint", "sweep"]

MOST_POINTS = 2_001
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """The outcome with the metric held at one value."""

    value: float
    outcome: float | None
    """Over the horizon; None where the tree has no value there."""
    change: float | None
    """Against the outcome with the metric as it is."""
    slope: float | None
    """Of the outcome by the metric, to the next point; None at the last one and where either has no value."""
    extrapolated: bool
    """Whether a driver leaves the range in which its effect was seen."""


@dataclass(frozen=True, repr=False)
class Sweep(Result):
    """What the outcome does as one metric goes from one value to another, held there from period 1.

    Attributes
    ----------
    metric : str
        What is moved.
    outcome : str
        What is watched.
    horizon : int
        Over how many periods.
    scenario : str
        The name of the scenario that is held; ``base`` where none is.
    today : float
        The metric as it is.
    base : float
        The outcome over the horizon with the metric as it is.
    points : tuple of SweepPoint
        In the order of the values.
    bends : tuple of (float, str)
        Values of the metric at which the slope changes at once, since a limit binds or a branch switches there, and
        the metric whose formula does so.
    """

    metric: str
    outcome: str
    horizon: int
    scenario: str
    today: float
    base: float
    points: tuple[SweepPoint, ...]
    bends: tuple[tuple[float, str], ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def title(self) -> str:
        """The sentence with both ends."""
        return self.words.headed(self.provenance.told(self._sentence), self.outcome)

    @property
    def _sentence(self) -> str:
        words, name = self.words, self.outcome
        ends = [point for point in self.points if point.outcome is not None]
        low, high = (self._value(point.value) for point in (self.points[0], self.points[-1]))
        what = f"{words.label(self.metric)} from {low} to {high}"
        label, when = lowered(words.titled(name)), words.over(name, self.horizon)
        if not ends:
            return f"{what}: {label} has no value {when}"
        first, last = (words.value(name, point.outcome or 0.0) for point in (ends[0], ends[-1]))
        return f"{what}: {label} {first} to {last} {when}"

    def _value(self, value: float) -> str:
        return self.words.value(self.metric, value)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": self.outcome,
                "period": self.horizon,
                "scenario": self.scenario,
                "moved": self.metric,
                "moved_to": point.value,
                "value": point.outcome,
                "change": point.change,
                "slope": point.slope,
                "extrapolated": point.extrapolated,
            }
            for point in self.points
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "metric": self.metric,
            "outcome": self.outcome,
            "horizon": self.horizon,
            "unit": str(self.words.total_unit(self.outcome)),
            "today": self.today,
            "base": self.base,
            "bends": [{"value": value, "metric": name} for value, name in self.bends],
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        words = self.words
        columns = (
            Column(words.label(self.metric), "right"),
            Column(words.titled(self.outcome), "right"),
            Column("Change", "right"),
            Column("Slope to the next", "right"),
        )
        return Table(self.title, columns, tuple(map(self._cells, self.points)), tuple(self._notes()))

    def _cells(self, point: SweepPoint) -> tuple[Cell, ...]:
        words, name = self.words, self.outcome
        value = Cell(self._value(point.value) + " *" * point.extrapolated, point.value)
        if point.outcome is None or point.change is None:
            return value, Cell("no value"), Cell(""), Cell("")
        still = is_still(self.base, point.outcome)
        slope = "" if point.slope is None else f"{words.signed(name, point.slope * self._step)} per {self._each}"
        return (
            value,
            Cell(words.value(name, point.outcome), point.outcome),
            Cell(words.signed(name, 0.0 if still else point.change), point.change, words.tone(name, point.change)),
            Cell(slope, point.slope),
        )

    @property
    def _step(self) -> float:
        """By how much of the metric a slope is told: one point of a share, one of anything else."""
        return 0.01 if self.words.unit(self.metric).is_share else 1.0

    @property
    def _each(self) -> str:
        return "+1pp" if self.words.unit(self.metric).is_share else self.words.signed(self.metric, 1.0)

    def _notes(self) -> Iterator[str]:
        words, when = self.words, self.words.over(self.outcome, self.horizon)
        base = f"{words.titled(self.outcome)} {words.value(self.outcome, self.base)} {when}"
        yield f"As stated, {words.label(self.metric)} is {self._value(self.today)}: {base}."
        yield from self._bent()
        if any(point.extrapolated for point in self.points):
            yield "* extrapolated: the move leaves the range in which an effect or a formula was seen."
        yield from map(sentence, self.warnings)
        yield f"Basis: {self.provenance.basis}."

    def _bent(self) -> Iterator[str]:
        """Say where the slope changes."""
        for value, name in self.bends[:MOST_TOLD]:
            yield f"The slope changes at {self._value(value)}: a limit or a condition of {self.words.label(name)}."
        if len(self.bends) > MOST_TOLD:
            yield f"It changes at {len(self.bends) - MOST_TOLD} more values."

    def picture(self) -> Lines:
        """Return the outcome as a line over the values of the metric."""
        words, name = self.words, self.outcome
        there = [(point.value, point.outcome) for point in self.points if point.outcome is not None]
        if not there:
            raise OutputError(f"{words.titled(name)} has no value at any {words.label(self.metric)}: no line to draw")
        values, outcomes = zip(*there, strict=True)
        low, high = min(*outcomes, self.base), max(*outcomes, self.base)
        levels = tuple((y, words.value(name, y)) for y in round_levels(low, high))
        after = Series(words.titled(name), outcomes, words.value(name, outcomes[-1]), accent=True)
        before = Series("As stated", (self.base,) * len(outcomes), words.value(name, self.base))
        subtitle = f"{words.heading(name, self.horizon)}, by {words.label(self.metric)}, held {words.placed('from', 1)}"
        notes = (*self._bent(), *noted(self.warnings), f"Basis: {self.provenance.basis}.")
        return Lines(self.title, subtitle, tuple(map(self._value, values)), (after, before), levels, notes)


@local
def sweep(
    subject: Subject,
    metric: str,
    low: RawQuantity,
    high: RawQuantity,
    steps: int = 21,
    on: str | None = None,
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> Sweep:
    """Hold one metric at evenly spaced values, and see what the outcome does at each of them.

    Parameters
    ----------
    subject
        The tree.
    metric
        What is moved.
    low
        The first value: text with its unit, or a number in the metric's base unit (0.43 for 43 %).
    high
        The last value.
    steps
        How many values there are, both ends included.
    on
        The outcome; by default the tree's.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file that holds at every value.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    QuestionError
        When a metric does not exist, or the values are not two, or their number is out of range.
    ChangeError
        When a value does not fit the metric.

    Examples
    --------
    >>> import impacttree as it
    >>> answer = it.template("saas").sweep("churn", "2%", "3%", steps=3)
    >>> [point.value for point in answer.points], answer.points[0].change > 0
    ([0.02, 0.025, 0.03], True)
    """
    subject = subject.over(over, horizon).on_basis(basis)
    moved, outcome = subject.metric(metric), subject.outcome(on)
    case = Case.of(subject, None, horizon, scenario)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 2 <= steps <= MOST_POINTS:
        reason = f"steps is {printable(repr(steps), 40)}"
        raise QuestionError(Problem(reason=reason, fix=f"give a whole number from 2 to {MOST_POINTS:_}"))
    ends = _end(case, moved, low), _end(case, moved, high)
    if ends[0] == ends[1]:
        reason = f"from {printable(str(low), 40)} to {printable(str(high), 40)} is one value"
        raise QuestionError(Problem(reason=reason, fix="give two values that differ"))
    values = [ends[0] + (ends[1] - ends[0]) * step / (steps - 1) for step in range(steps - 1)] + [ends[1]]
    runs = [_held(case, moved, value) for value in values]
    words = subject.words
    meant = f"{words.horizon(outcome.name, case.periods)}; {words.basis(outcome.name)}"
    return Sweep(
        provenance=case.provenance("an exact evaluation at each value; bends closed in on to rounding", meant),
        metric=metric,
        outcome=outcome.name,
        horizon=case.periods,
        scenario=scenario or BASE,
        today=subject.first_known(moved),
        base=case.before[outcome.index],
        points=tuple(_points(case, outcome, values, runs)),
        bends=_bends(moved, outcome, ends, (runs[0], runs[-1])),
        warnings=case.warnings(shown=(outcome,)),
        words=words,
    )


def _end(case: Case, metric: Metric, raw: RawQuantity) -> float:
    """Return the number of one end, held to what a change that sets the metric is held to."""
    change: str | Change = f"={raw.strip().removeprefix('=')}" if isinstance(raw, str) else to(raw)
    asked = case.asking({metric.name: change}).asked
    ((_, recipe),) = asked.recipes
    (found,) = recipe.changes
    assert isinstance(found, Set)
    if found.spread is not None:
        raise ChangeError(Problem(metric=metric.name, reason="an end of a sweep is one value", fix="write e.g. 30"))
    if found.timing is not None:
        reason = f"a sweep holds each value {case.words.placed('from', 1)} on, and an end of it says '{found.timing}'"
        raise ChangeError(Problem(metric=metric.name, reason=reason, fix="leave it out, or ask `worth` of one lift"))
    return found.value


def _held(case: Case, metric: Metric, value: float) -> Run | None:
    """Return the tree with the metric held at a value; None where it has no value there."""
    try:
        return case.moved({metric.index: Intervention("fix", shift=value)})
    except EvaluationError:
        return None


def _points(case: Case, outcome: Metric, values: list[float], runs: list[Run | None]) -> Iterator[SweepPoint]:
    before = case.before[outcome.index]
    found = [
        SweepPoint(value, None, None, None, False) if run is None else _point(case, outcome, value, run, before)
        for value, run in zip(values, runs, strict=True)
    ]
    for one, after in pairwise(found):
        if one.outcome is None or after.outcome is None:
            yield one
        else:
            yield replace(one, slope=(after.outcome - one.outcome) / (after.value - one.value))
    yield found[-1]


def _point(case: Case, outcome: Metric, value: float, run: Run, before: float) -> SweepPoint:
    after = run.horizon()[outcome.index]
    extrapolated = any(extrapolations(case.subject, run.rows, case.base.rows))
    return SweepPoint(value, after, after - before, None, extrapolated)


def _bends(
    metric: Metric, outcome: Metric, ends: tuple[float, float], runs: tuple[Run | None, Run | None]
) -> tuple[tuple[float, str], ...]:
    """Return where a branch changes sides between both ends, each value once, and whose it is."""
    first, last = runs
    if first is None or last is None:
        return ()
    lift = Lift(first, last, metric.index, outcome.index)
    try:
        switches = lift.switches
    except EvaluationError:  # between the ends there is a value at which the tree has none
        return ()
    metrics, owners = first.model.graph.metrics, first.model.owners
    found: dict[tuple[float, str], None] = {}
    for switch in switches:
        value = ends[0] + switch.at * (ends[1] - ends[0])
        found.setdefault((float(f"{value:.9g}"), metrics[owners[switch.slot]].name))
    return tuple(sorted(found))
