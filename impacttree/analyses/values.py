"""What is every metric now, or over some periods, with and without changes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from impacttree.answers.asked import Changes, Move
from impacttree.answers.case import Case
from impacttree.answers.cautions import beyond_bounds_today
from impacttree.answers.local import known, marking
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, undefined
from impacttree.graph.model import Metric
from impacttree.quantity import Unit, unit_words
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Table
from impacttree.views.slides import Slide

__all__ = ["MetricValue", "Values", "values"]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric and its value, and the base case beside it when something was changed."""

    name: str
    label: str
    value: float | None
    before: float | None
    rule: str
    """How the value is formed: ``value at t = 0``, or the aggregation over the horizon."""
    reason: str = ""
    """Why there is no value: ``undefined: division by zero today``, ``first known in month 1``."""

    @property
    def change(self) -> float | None:
        """By how much it moved; None where there is no value."""
        return None if self.value is None or self.before is None else self.value - self.before


@dataclass(frozen=True, repr=False)
class Values(Result, Mapping[str, float | None]):
    """Values of all metrics, by name; a mapping, with None for what has no value.

    They are those at t = 0; where changes or periods are asked about, those over the periods by each metric's
    aggregation rule.

    Attributes
    ----------
    metrics : tuple of MetricValue
        In file order.
    moves : tuple of Move
        What was changed.
    warnings : tuple of str
        Extrapolated effects and values outside bounds.
    """

    metrics: tuple[MetricValue, ...]
    moves: tuple[Move, ...]
    horizon: int | None
    """The last of the periods that values are taken over; None at t = 0."""
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def changed(self) -> bool:
        return bool(self.moves)

    def __getitem__(self, name: str) -> float | None:
        return self.metrics[self.words.graph.by_name[name]].value

    def __iter__(self) -> Iterator[str]:
        return (metric.name for metric in self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": m.name,
                "label": m.label,
                "value": m.value,
                **({"before": m.before, "change": m.change} if self.changed else {}),
                "unit": str(self._value_unit(m.name)),
                "rule": m.rule,
                **({"reason": m.reason or None} if self._lacks_values else {}),
            }
            for m in self.metrics
        ]

    @property
    def _lacks_values(self) -> bool:
        return any(m.reason for m in self.metrics)

    def summary(self) -> dict[str, Any]:
        changes = {move.metric: move.change for move in self.moves}
        return super().summary() | {"changes": changes, "warnings": list(self.warnings)}

    def view(self) -> Table:
        return Table(
            self.words.headed(self._title()), self._columns(), tuple(self._row(m) for m in self.metrics), self._notes()
        )

    def _title(self) -> str:
        if self.horizon is None:
            return "Values today (t = 0)"
        return self.provenance.told(f"Values {self.words.through('over', self.horizon)}")

    def _columns(self) -> tuple[Column, ...]:
        formed = () if self.horizon is None else (Column("Formed as"),)
        moved = (Column("Before", "right"), Column("Change", "right")) if self.changed else ()
        return (Column("Metric"), Column("Name"), Column("Value", "right"), Column("Unit"), *formed, *moved)

    def _row(self, m: MetricValue) -> tuple[Cell, ...]:
        words, unit, change = self.words, self._value_unit(m.name), m.change
        named = (Cell(m.label, m.name), Cell(m.name))
        formed = () if self.horizon is None else (Cell(words.formed(m.name, self.horizon)),)
        if m.value is None or m.before is None or change is None:
            before = "" if m.before is None else words.value(m.name, m.before)
            blank = (Cell(before, m.before), Cell("")) if self.changed else ()
            return (*named, Cell(m.reason), Cell(""), *formed, *blank)
        before, value = words.apart(m.name, m.before, m.value)
        cells = (
            *named,
            Cell(value, m.value),
            Cell(" ".join(filter(None, (words.count(m.name, unit), unit_words(unit))))),
            *formed,
        )
        if not self.changed:
            return cells
        if is_still(m.before, m.value):
            moved = Cell("no change", change)
        else:
            relative = "" if words.unit(m.name).is_share else words.percent(m.before, change)
            moved = Cell(relative or words.signed(m.name, change), change, words.tone(m.name, change))
        return (*cells, Cell(before, m.before), moved)

    def slides(self) -> tuple[Slide, ...]:
        return self.slide(self.view(), self.words.headed(f"{self._title()}: {len(self.metrics)} metrics"))

    def _value_unit(self, name: str) -> Unit:
        return self.words.unit(name) if self.horizon is None else self.words.total_unit(name)

    def _notes(self) -> tuple[str, ...]:
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        return (*(f"With {move.text}" for move in self.moves), *self.warnings, *basis)


@marking
def values(
    subject: Subject,
    changes: Changes | None = None,
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
) -> Values:
    """Return every metric's value: today, or over the periods that are asked about, by its aggregation rule.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1. With no argument at all the values are those of t = 0.
    horizon
        Periods, or text such as ``"36 months"``; with changes by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the changes.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.template("saas")
    >>> tree.values()["churn"]
    0.025
    >>> tree.values(over="2027")["revenue"] > 12 * tree.values()["revenue"]
    True
    """
    subject = subject.over(over, horizon)
    case, metrics = Case.of(subject, changes, horizon, scenario), subject.graph.metrics
    if not case.asked.recipes and (horizon, over, scenario) == (None, None, None):
        rows = tuple(_today(subject, m) for m in metrics)
        warnings = tuple(beyond_bounds_today(subject))
        return Values(subject.provenance("evaluated at t = 0"), rows, (), None, warnings, subject.words)
    rows = tuple(_over_horizon(case, m) for m in metrics)
    basis = subject.words.held("changes", case.asked.weights) if case.asked.recipes else ""
    return Values(case.provenance("evaluated", basis), rows, case.moves, case.periods, case.warnings(), subject.words)


def _today(subject: Subject, m: Metric) -> MetricValue:
    reason = subject.missing_today(m)
    value = None if reason else subject.today[m.index]
    return MetricValue(m.name, m.label, value, value, "value at t = 0", reason)


def _over_horizon(case: Case, m: Metric) -> MetricValue:
    before, after = (known(values[m.index]) for values in (case.before, case.after))
    run = case.base if before is None else case.run
    reason = undefined(run.why(m.index)) if before is None or after is None else ""
    return MetricValue(m.name, m.label, after, before, m.aggregation_reason, reason)
