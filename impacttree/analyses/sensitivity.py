"""Which metric moves the outcome most: per percent, and by a plausible move?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from impacttree.analyses.asking import Subject
from impacttree.analyses.cautions import bottlenecks, extrapolations
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words, lowered
from impacttree.engine.model import Run
from impacttree.errors import EvaluationError
from impacttree.graph.model import Metric
from impacttree.quantity import Intervention
from impacttree.views import Bar, Bars, Cell, Column, Table

__all__ = ["Sensitivity", "SensitivityRow", "sensitivity"]


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One metric's pull on the outcome."""

    metric: str
    label: str
    value: float
    elasticity: float | None
    """Percent change of the outcome per percent of the metric held from period 1; None where either is zero."""
    percent: Literal["+1%", "-1%"]
    """One percent in the direction that is better."""
    worth: float | None
    """Of that one percent; None where a relative change is undefined (a value of zero or below)."""
    plausible: tuple[float, float] | None
    """From today to the favourable end of what is plausible; None when the model states none."""
    plausible_worth: float | None
    extrapolated: bool
    """Whether the plausible move leaves the range in which an assumed effect was seen."""
    rank: int | None
    """By the size of the plausible move's worth; None when unranked."""


@dataclass(frozen=True)
class Sensitivity(Result):
    """Every metric's pull on one outcome, ranked by what a plausible move is worth.

    Attributes
    ----------
    outcome : str
        The metric that was moved.
    rows : tuple of SensitivityRow
        Ranked ones first, then the rest by the worth of one percent.
    """

    outcome: str
    horizon: int
    rows: tuple[SensitivityRow, ...]
    kinks: tuple[str, ...]
    """Where a limit binds: elasticities are those of the side that does."""
    words: Words

    def __getitem__(self, name: str) -> SensitivityRow:
        return {row.metric: row for row in self.rows}[name]

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": row.metric,
                "value": row.value,
                "elasticity": row.elasticity,
                "percent": row.percent,
                "worth_of_percent": row.worth,
                "plausible_to": row.plausible[1] if row.plausible else None,
                "worth_of_plausible": row.plausible_worth,
                "extrapolated": row.extrapolated,
                "rank": row.rank,
            }
            for row in self.rows
        ]

    def view(self) -> Table:
        words = self.words
        title = (
            f"What moves {lowered(words.label(self.outcome))} {words.over(self.outcome, self.horizon)}, "
            "ranked by a plausible move"
        )
        columns = (
            Column("Metric"),
            Column("Today", "right"),
            Column("Plausible", "right"),
            Column("Is worth", "right"),
            Column("1% better", "right"),
            Column("Elasticity", "right"),
        )
        unranked = any(row.rank is None for row in self.rows)
        beyond = any(row.extrapolated for row in self.rows)
        notes = (
            "Elasticity: % change of the outcome per % of the metric held from the first period.",
            "Metrics without a plausible move or a range come last, by what 1% is worth." if unranked else "",
            "* extrapolated: the move leaves the range in which an assumed effect was seen." if beyond else "",
            *self.kinks,
            self.provenance.basis,
        )
        return Table(title, columns, tuple(map(self._cells, self.rows)), tuple(note for note in notes if note))

    def _cells(self, row: SensitivityRow) -> tuple[Cell, ...]:
        words, outcome = self.words, self.outcome
        percent = f"{row.percent}: {words.signed(outcome, row.worth)}" if row.worth is not None else "undefined"
        move = f"-> {words.value(row.metric, row.plausible[1])}" if row.plausible else "not stated"
        worth = words.signed(outcome, row.plausible_worth) if row.plausible_worth is not None else ""
        worth += " *" if row.extrapolated else ""
        return (
            Cell(row.label, row.metric),
            Cell(words.value(row.metric, row.value), row.value),
            Cell(move, row.plausible[1] if row.plausible else None),
            Cell(worth, row.plausible_worth, words.tone(outcome, row.plausible_worth or 0.0)),
            Cell(percent, row.worth, words.tone(outcome, row.worth or 0.0)),
            Cell(f"{row.elasticity:+.2f}" if row.elasticity is not None else "undefined", row.elasticity),
        )

    def picture(self) -> Bars:
        return self.tornado()

    def tornado(self) -> Bars:
        """Return the ranked metrics as a tornado: one percent up and down where nothing plausible is stated."""
        words, outcome = self.words, self.outcome
        ranked = [row for row in self.rows if row.plausible_worth][:MOST_BARS]
        bars = tuple(self._bar(row) for row in ranked)
        title = f"What a plausible move is worth in {lowered(words.label(outcome))}"
        subtitle = f"{words.first(self.horizon).capitalize()}, one metric at a time, from today to its favourable end"
        return Bars(title, subtitle, 0.0, words.signed(outcome, 0.0), bars, (f"Basis: {self.provenance.basis}.",))

    def _bar(self, row: SensitivityRow) -> Bar:
        amount = row.plausible_worth or 0.0
        text, tone = self.words.signed(self.outcome, amount), self.words.tone(self.outcome, amount)
        start, end = row.plausible or (row.value, row.value)
        move = f"{self.words.value(row.metric, start)} → {self.words.value(row.metric, end)}"
        low, high = min(amount, 0.0), max(amount, 0.0)
        texts = (text, "") if amount < 0 else ("", text)
        return Bar(f"{row.label}, {move}", low, high, *texts, tone, tone)


MOST_BARS = 12


def sensitivity(subject: Subject, on: str | None = None) -> Sensitivity:
    """Move each metric by one percent and by a plausible amount, and see what the outcome does.

    Worth is the difference of exact evaluations; elasticities come from one reverse pass through time (a metric on a
    time loop takes one of its own, its feedback being cut as a lift would cut it).

    Parameters
    ----------
    subject
        The tree.
    on
        The outcome; by default the tree's.
    """
    outcome = subject.outcome(on)
    base = subject.base
    totals = base.horizon()
    gradient = subject.model.relative_gradient(base, outcome.index)
    upstream = subject.upstream(outcome)
    rows = [
        _row(subject, metric, outcome, totals[outcome.index], gradient[metric.index])
        for metric in subject.graph.metrics
        if metric is not outcome and metric.index in upstream
    ]
    ranked = sorted((r for r in rows if r.plausible_worth is not None), key=lambda r: -abs(r.plausible_worth or 0.0))
    others = sorted((r for r in rows if r.plausible_worth is None), key=lambda r: -abs(r.worth or 0.0))
    numbered = [_numbered(row, rank) for rank, row in enumerate(ranked, 1)]
    basis = f"{subject.words.horizon(outcome.name, subject.horizon)}; {subject.words.basis(outcome.name)}"
    provenance = subject.provenance("exact evaluations; elasticities by reverse differentiation", basis)
    kinks = tuple(bottlenecks(subject, base, upstream))
    return Sensitivity(provenance, outcome.name, subject.horizon, (*numbered, *others), kinks, subject.words)


def _row(subject: Subject, metric: Metric, outcome: Metric, total: float, pull: float) -> SensitivityRow:
    value = subject.model.base[metric.index]
    better = metric.spec.better == "higher"
    percent: Literal["+1%", "-1%"] = "+1%" if better else "-1%"
    one = Intervention("wrap", 1.01 if better else 0.99)
    end = _favorable_end(metric)
    moved = _run(subject, metric, Intervention("fix", shift=end)) if end is not None else None
    stepped = _run(subject, metric, one) if value > 0 else None
    return SensitivityRow(
        metric=metric.name,
        label=metric.label,
        value=value,
        elasticity=pull / total if total and value else None,
        percent=percent,
        worth=_worth(subject, outcome, stepped),
        plausible=(value, end) if end is not None else None,
        plausible_worth=_worth(subject, outcome, moved),
        extrapolated=moved is not None and any(extrapolations(subject, moved)),
        rank=None,
    )


def _run(subject: Subject, metric: Metric, intervention: Intervention) -> Run | None:
    """Return the tree with one move; None when it has no value there (a zero denominator, say)."""
    try:
        return subject.model.run(subject.horizon, {metric.index: intervention})
    except EvaluationError:
        return None


def _worth(subject: Subject, outcome: Metric, after: Run | None) -> float | None:
    if after is None:
        return None
    return after.horizon()[outcome.index] - subject.base.horizon()[outcome.index]


def _favorable_end(metric: Metric) -> float | None:
    """Return the better end of `plausible`, else of the value's own range, else None."""
    stated = metric.spec.plausible or metric.spec.value
    ends = stated.low_high() if stated is not None else None
    if ends is None:
        return None
    return ends[1] if metric.spec.better == "higher" else ends[0]


def _numbered(row: SensitivityRow, rank: int) -> SensitivityRow:
    return replace(row, rank=rank)
