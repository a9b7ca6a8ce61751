"""How do the outcomes go, period by period?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from impacttree.answers.asked import Changes
from impacttree.answers.axis import round_levels
from impacttree.answers.case import Case
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Subject
from impacttree.answers.words import ACCRUAL, Words, joined, noted
from impacttree.engine.model import Run
from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.views import Cell, Column, Lines, Series, Table

__all__ = ["Projection", "project"]


@dataclass(frozen=True, repr=False)
class Projection(Result):
    """Every metric at t = 0 and in each period.

    Attributes
    ----------
    names : tuple of str
        Metrics, in file order.
    values : tuple of tuple of float
        One row for each of t = 0..n, one column for each metric.
    before : tuple of tuple of float
        The same without the changes.
    changes : tuple of (str, str)
        What was changed, as it is printed, by metric.
    warnings : tuple of str
        Extrapolated effects, and values outside bounds.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    before: tuple[tuple[float, ...], ...]
    outcome: str
    outcomes: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    def __getitem__(self, name: str) -> tuple[float, ...]:
        """Return one metric's values at t = 0..n."""
        column = self.words.graph.by_name.get(name)
        if column is None:
            raise QuestionError(
                Problem(
                    reason=f"there is no metric '{printable(str(name), 80)}'{nearest(str(name), self.names)}",
                    fix="name one of those in `names`",
                )
            )
        return tuple(row[column] for row in self.values)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        key: str = self.words.period
        while key in self.names:
            key += "_"
        return [{key: t, **dict(zip(self.names, row, strict=True))} for t, row in enumerate(self.values)]

    def summary(self) -> dict[str, Any]:
        units = {name: str(self.words.unit(name)) for name in self.names}
        return super().summary() | {"changes": dict(self.changes), "units": units, "warnings": list(self.warnings)}

    def view(self) -> Table:
        words, period, last = self.words, self.words.period, len(self.values) - 1
        title = f"Projection by {period}, over {words.periods(last)}"
        columns = (Column(period.capitalize(), "right"), *(Column(words.label(n), "right") for n in self.outcomes))
        rows = tuple(
            (Cell(str(t), float(t)), *(Cell(words.value(n, self[n][t]), self[n][t]) for n in self.outcomes))
            for t in range(len(self.values))
        )
        notes = [f"{period.capitalize()} 0 is today, before any change."]
        before = self.before[-1]
        for name, change in self.changes:
            start = before[words.graph.by_name[name]]
            moved = words.move(name, start, self[name][-1], f" in {period} {last}")
            notes.append(f"With {change} {words.label(name)} ({moved})")
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        return Table(title, columns, rows, (*notes, *self.warnings, *basis))

    def picture(self) -> Lines:
        """Return the tree's outcome as a line over time, with the base case beside it when something changed."""
        words, name = self.words, self.outcome
        column = self.names.index(name)
        after, before = self[name], tuple(row[column] for row in self.before)
        series = [Series(words.label(name), after, words.value(name, after[-1]), accent=True)]
        if self.changes:
            series.append(Series("Without the changes", before, words.value(name, before[-1])))
        ticks = tuple(str(t) for t in range(len(after)))
        low, high = min(*after, *before), max(*after, *before)
        levels = tuple((y, words.value(name, y)) for y in round_levels(low, high))
        done = f"; {joined([f'{change} {words.label(metric)}' for metric, change in self.changes])}"
        subtitle = f"By {words.period}, from today (0){done if self.changes else ''}"
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        notes = (*noted(self.warnings), *basis)
        return Lines(words.label(name), subtitle, ticks, tuple(series), levels, notes)


def project(subject: Subject, periods: int | None = None, changes: Changes | None = None) -> Projection:
    """Step the tree through time.

    Parameters
    ----------
    subject
        The tree.
    periods
        How many; by default the horizon.
    changes
        What is done, by metric, from period 1.
    """
    case = Case.of(subject, changes, periods)
    metrics, words = subject.graph.metrics, subject.words
    stated = (subject.graph.outcome,) if subject.graph.outcome else tuple(m.name for m in metrics)
    outcomes = subject.graph.spec.outcomes or stated
    parts = [ACCRUAL] if any(words.unit(name).is_money for name in outcomes) else []
    parts += [f"changes held from {words.period} 1"] if case.asked.recipes else []
    return Projection(
        provenance=subject.provenance("stepped period by period", "; ".join(parts)),
        names=tuple(metric.name for metric in metrics),
        values=_rows(case.run, len(metrics)),
        before=_rows(case.base, len(metrics)),
        outcome=subject.graph.outcome or outcomes[0],
        outcomes=outcomes,
        changes=case.asked.texts,
        warnings=case.warnings(),
        words=words,
    )


def _rows(run: Run, width: int) -> tuple[tuple[float, ...], ...]:
    """Return the metrics at t = 0 and in each period; running totals stand behind them."""
    return tuple(tuple(run.at(t)[:width]) for t in range(run.periods + 1))
