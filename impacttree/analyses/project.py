"""How do the outcomes go, period by period?"""

from __future__ import annotations

from dataclasses import dataclass

from impacttree.analyses.asking import Changes, Subject, written
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words, joined
from impacttree.errors import QuestionError
from impacttree.views import Cell, Column, Lines, Series, Table

__all__ = ["Projection", "project"]


@dataclass(frozen=True)
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
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    before: tuple[tuple[float, ...], ...]
    outcome: str
    outcomes: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    words: Words

    def __getitem__(self, name: str) -> tuple[float, ...]:
        """Return one metric's values at t = 0..n."""
        if name not in self.names:
            raise QuestionError(f"there is no metric {name!r} in this projection")
        column = self.names.index(name)
        return tuple(row[column] for row in self.values)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        period = self.words.period
        return [{period: t, **dict(zip(self.names, row, strict=True))} for t, row in enumerate(self.values)]

    def view(self) -> Table:
        words, period = self.words, self.words.period
        title = f"Projection over {words.periods(len(self.values) - 1)}"
        columns = (Column(period.capitalize(), "right"), *(Column(words.label(n), "right") for n in self.outcomes))
        rows = tuple(
            (Cell(str(t), float(t)), *(Cell(words.value(n, self[n][t]), self[n][t]) for n in self.outcomes))
            for t in range(len(self.values))
        )
        notes = (f"{period} 0 is today, before any change.", self.provenance.basis)
        return Table(title, columns, rows, tuple(note for note in notes if note))

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
        levels = tuple((y, words.value(name, y)) for y in _levels(low, high))
        done = f"; {joined([f'{change} {words.label(metric)}' for metric, change in self.changes])}"
        subtitle = f"By {words.period}, from today (0){done if self.changes else ''}"
        notes = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        return Lines(words.label(name), subtitle, ticks, tuple(series), levels, notes)


def _levels(low: float, high: float) -> list[float]:
    """Return a few round values that span `low` to `high`, for an axis."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    step = 10.0 ** float(f"{(high - low) / 4:e}".split("e")[1])
    step *= next(k for k in (1, 2, 2.5, 5, 10) if k * step >= (high - low) / 4)
    first = int(low // step)
    return [k * step for k in range(first, first + 8) if (k - 1) * step < high]


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
    count, given = subject.periods(periods), subject.changes(changes)
    run = subject.model.run(count, given)
    base = subject.model.run(count) if given else run
    metrics = subject.graph.metrics
    width = len(metrics)
    spec = subject.graph.spec
    stated = (subject.graph.outcome,) if subject.graph.outcome else tuple(m.name for m in metrics)
    outcomes = spec.outcomes or stated
    basis = f"changes held from {subject.words.period} 1" if given else ""
    return Projection(
        subject.provenance("stepped period by period", basis),
        tuple(metric.name for metric in metrics),
        tuple(tuple(run.at(t)[:width]) for t in range(count + 1)),
        tuple(tuple(base.at(t)[:width]) for t in range(count + 1)),
        subject.graph.outcome or outcomes[0],
        outcomes,
        written(subject, changes or {}),
        subject.words,
    )
