"""How do the outcomes go, period by period?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from impacttree.answers.asked import Changes
from impacttree.answers.axis import round_levels
from impacttree.answers.case import Case
from impacttree.answers.local import known, marking
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Over, Subject
from impacttree.answers.words import Words, joined, noted, undefined
from impacttree.engine.rounding import Settled
from impacttree.errors import OutputError, Problem, QuestionError, nearest, printable
from impacttree.quantity.calendar import placed
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Lines, Series, Table
from impacttree.views.slides import Slide

__all__ = ["Projection", "project"]


@dataclass(frozen=True, repr=False)
class Projection(Result):
    """Every metric at t = 0 and in each period.

    Attributes
    ----------
    names : tuple of str
        Metrics, in file order.
    values : tuple of tuple of float or None
        One row for each of t = 0..n, one column for each metric; None where a metric has no value.
    before : tuple of tuple of float
        The same without the changes.
    changes : tuple of (str, str)
        What was changed, as it is printed, by metric.
    warnings : tuple of str
        Extrapolated effects, and values outside bounds.
    reasons : tuple of (str, int, str)
        Metrics without a value, the period, and why: ``undefined: division by zero in month 1``.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    before: tuple[tuple[float | None, ...], ...]
    outcome: str
    outcomes: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    reasons: tuple[tuple[str, int, str], ...]
    words: Words = field(compare=False)

    def __getitem__(self, name: str) -> tuple[float | None, ...]:
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
        key = "period"
        while key in self.names:
            key += "_"
        return [{key: t, **dict(zip(self.names, self.values[t], strict=True))} for t in self.shown]

    @property
    def shown(self) -> range:
        """The periods that were asked about: from today on, unless they begin later."""
        since = self.words.since
        return range(0 if since == 1 else since, len(self.values))

    def summary(self) -> dict[str, Any]:
        units = {name: str(self.words.unit(name)) for name in self.names}
        reasons = [{"metric": name, "period": t, "reason": reason} for name, t, reason in self.reasons]
        told = {"changes": dict(self.changes), "units": units, "warnings": list(self.warnings)}
        return super().summary() | told | ({"undefined": reasons} if reasons else {})

    def view(self) -> Table:
        words, period, last = self.words, self.words.period, len(self.values) - 1
        title = f"Projection by {period}, {placed('over', words.lasting(last))}"
        columns = (Column(period.capitalize(), "right"), *(Column(words.label(n), "right") for n in self.outcomes))
        rows = tuple(
            (Cell(self._name(t), float(t)), *(self._cell(name, t) for name in self.outcomes)) for t in self.shown
        )
        zero = f"{period.capitalize()} 0" if words.calendar is None else "Today"
        notes = (
            [f"{zero} is {'today, ' if words.calendar is None else ''}before any change."] if 0 in self.shown else []
        )
        before = self.before[-1]
        for name, change in self.changes:
            start, end = before[words.graph.by_name[name]], self[name][-1]
            moved = words.move(name, _marked(start), _marked(end), f" {words.placed('in', last)}")
            notes.append(f"With {words.changed(name, change)} ({moved})")
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        return Table(words.headed(title, *self.outcomes), columns, rows, (*notes, *self.warnings, *basis))

    def _name(self, t: int) -> str:
        """Write a period as it heads its row: by its number, or by its name."""
        calendar = self.words.calendar
        return str(t) if calendar is None else calendar.label(t) if t else "Today"

    def slides(self) -> tuple[Slide, ...]:
        picture = self.picture()
        words, name, last = self.words, self.outcome, len(self.values) - 1
        line = next(series for series in picture.series if series.accent)
        first, each = words.value(name, line.values[0]), words.each(name)
        goes = f"{words.label(name)} goes from {first}{each} to {line.last_text}{each} {words.placed('in', last)}"
        return (*self.slide(picture, words.headed(goes, name)), *self.slide(self.view()))

    def _cell(self, name: str, t: int) -> Cell:
        value = self[name][t]
        if value is not None:
            return Cell(self.words.value(name, value), value)
        return Cell(next(reason for metric, period, reason in self.reasons if (metric, period) == (name, t)))

    def picture(self) -> Lines:
        """Return the tree's outcome as a line over time, with the base case beside it when something changed."""
        words, name = self.words, self.outcome
        column = self.names.index(name)
        rows = enumerate(zip(self.values, self.before, strict=True))
        pairs = [(t, row[column], was[column]) for t, (row, was) in rows if t in self.shown]
        shown = [(t, after, before) for t, after, before in pairs if after is not None and before is not None]
        if not shown:
            raise OutputError(f"{words.label(name)} has no value in any {words.period}, so there is no line to draw")
        periods, after, before = zip(*shown, strict=True)
        series = [Series(words.label(name), after, words.value(name, after[-1]), accent=True)]
        if self.changes:
            series.append(Series("Without the changes", before, words.value(name, before[-1])))
        ticks = tuple(words.ticks(t, t)[0] for t in periods)
        low, high = min(*after, *before), max(*after, *before)
        levels = words.levels(name, round_levels(low, high))
        done = f"; {joined([words.changed(metric, change) for metric, change in self.changes])}"
        since = f"from {words.today}" if periods[0] == 0 else words.placed("from", periods[0])
        subtitle = f"By {words.period}, {since}{done if self.changes else ''}"
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        left_out = [f"{words.at(t) if t else 'today'}: {why}" for metric, t, why in self.reasons if metric == name]
        notes = (*left_out, *noted(self.warnings), *basis)
        return Lines(words.headed(words.label(name), name), subtitle, ticks, tuple(series), levels, notes)


@marking
def project(
    subject: Subject, periods: int | None = None, changes: Changes | None = None, *, over: Over = None
) -> Projection:
    """Step the tree through time.

    Parameters
    ----------
    subject
        The tree.
    periods
        How many; by default the horizon.
    changes
        What is done, by metric, from period 1.
    over
        Periods by name in place of how many: ``"FY27"``, ``"2027-04 to 2027-09"``; these are shown.
    """
    subject = subject.over(over, periods)
    case = Case.of(subject, changes, periods)
    metrics, words = subject.graph.metrics, subject.words
    stated = (subject.graph.outcome,) if subject.graph.outcome else tuple(m.name for m in metrics)
    outcomes = subject.graph.spec.outcomes or stated
    money = [name for name in outcomes if words.unit(name).is_money]
    parts = [words.accounting(*money)] if money else []
    parts += [words.held("changes", case.asked.weights)] if case.asked.recipes else []
    reasons = tuple(_reasons(case))
    return Projection(
        provenance=subject.provenance("stepped period by period", "; ".join(parts)),
        names=tuple(metric.name for metric in metrics),
        values=_rows(case, case.told_after),
        before=_rows(case, case.told_before),
        outcome=subject.graph.outcome or outcomes[0],
        outcomes=outcomes,
        changes=case.asked.texts,
        warnings=(*case.warnings(), *_undefined(words, reasons)),
        reasons=reasons,
        words=words,
    )


def _rows(case: Case, run: Settled) -> tuple[tuple[float | None, ...], ...]:
    """Return the metrics at t = 0 and in each period; running totals stand behind them."""
    metrics = case.subject.graph.metrics
    today = tuple(None if case.subject.missing_today(m) else run.at(0)[m.index] for m in metrics)
    return (today, *(tuple(map(known, run.at(t)[: len(metrics)])) for t in range(1, run.periods + 1)))


def _reasons(case: Case) -> Iterator[tuple[str, int, str]]:
    """Yield which metrics have no value, when and why."""
    for metric in case.subject.graph.metrics:
        today, since = case.subject.missing_today(metric), case.words.since
        if today and since == 1:
            yield metric.name, 0, today
        for t in range(since, case.periods + 1) if case.run.missing else ():
            if math.isnan(case.run.at(t)[metric.index]):
                yield metric.name, t, undefined(case.run.why(metric.index, t))


def _undefined(words: Words, reasons: Sequence[tuple[str, int, str]]) -> Iterator[str]:
    """Say once of each metric that it is undefined, by what comes first."""
    first: dict[str, str] = {}
    for name, _, reason in reasons:
        if reason.startswith("undefined"):
            first.setdefault(name, reason)
    return (f"{words.label(name)} is {reason}" for name, reason in first.items())


def _marked(value: float | None) -> float:
    return math.nan if value is None else value
