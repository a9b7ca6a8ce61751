"""What is every metric now, or over the horizon under some changes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from impacttree.analyses.asking import Changes, Subject
from impacttree.analyses.cautions import beyond_bounds, extrapolations
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words
from impacttree.quantity import unit_words
from impacttree.views import Cell, Column, Table

__all__ = ["MetricValue", "Values", "values"]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric and its value, and the base case beside it when something was changed."""

    name: str
    label: str
    value: float
    before: float
    rule: str
    """How the value is formed: ``value at t = 0``, or the aggregation over the horizon."""


@dataclass(frozen=True)
class Values(Result, Mapping[str, float]):
    """Values of all metrics, by name; a mapping.

    Without changes they are those at t = 0; with changes, those over the horizon by each metric's aggregation rule.

    Attributes
    ----------
    metrics : tuple of MetricValue
        In file order.
    warnings : tuple of str
        Extrapolated effects and values outside bounds.
    """

    metrics: tuple[MetricValue, ...]
    changed: bool
    horizon: int
    warnings: tuple[str, ...]
    words: Words

    def __getitem__(self, name: str) -> float:
        for metric in self.metrics:
            if metric.name == name:
                return metric.value
        raise KeyError(name)

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
                **({"before": m.before, "change": m.value - m.before} if self.changed else {}),
                "unit": str(self.words.unit(m.name)),
                "rule": m.rule,
            }
            for m in self.metrics
        ]

    def view(self) -> Table:
        return Table(self._title(), self._columns(), tuple(self._row(m) for m in self.metrics), self._notes())

    def _title(self) -> str:
        if not self.changed:
            return "Values today (t = 0)"
        return f"Values over the {self.words.first(self.horizon)}"

    def _columns(self) -> tuple[Column, ...]:
        moved = (Column("Before", "right"), Column("Change", "right")) if self.changed else ()
        return (Column("Metric"), Column("Value", "right"), Column("Unit"), *moved)

    def _row(self, m: MetricValue) -> tuple[Cell, ...]:
        words, change = self.words, m.value - m.before
        cells = (
            Cell(m.label, m.name),
            Cell(words.value(m.name, m.value), m.value),
            Cell(self._unit(m)),
        )
        if not self.changed:
            return cells
        relative = words.percent(m.before, change) if change else "no change"
        text = words.signed(m.name, change) if words.unit(m.name).is_share and change else relative
        moved = Cell(words.value(m.name, m.before), m.before)
        return (*cells, moved, Cell(text, change, words.tone(m.name, change)))

    def _unit(self, m: MetricValue) -> str:
        summed = self.changed and self.words.graph[m.name].aggregation == "sum"
        return f"in {self.words.periods(self.horizon)}" if summed else unit_words(self.words.unit(m.name))

    def _notes(self) -> tuple[str, ...]:
        return (*self.warnings, self.provenance.basis) if self.provenance.basis else self.warnings


def values(subject: Subject, changes: Changes | None = None) -> Values:
    """Return every metric's value.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1. Without any, the values are those of t = 0.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.template("saas")
    >>> tree.values()["churn"]
    0.025
    """
    given = subject.changes(changes)
    metrics = subject.graph.metrics
    if not given:
        rows = tuple(
            MetricValue(m.name, m.label, value, value, "value at t = 0")
            for m, value in zip(metrics, subject.model.base, strict=False)
        )
        return Values(subject.provenance("evaluated at t = 0"), rows, False, subject.horizon, (), subject.words)
    run = subject.model.run(subject.horizon, given)
    before, after = subject.base.horizon(), run.horizon()
    rows = tuple(MetricValue(m.name, m.label, after[m.index], before[m.index], m.aggregation_reason) for m in metrics)
    warnings = (*extrapolations(subject, run), *beyond_bounds(subject, run))
    basis = f"changes held from {subject.words.period} 1"
    return Values(subject.provenance("evaluated", basis), rows, True, subject.horizon, warnings, subject.words)
