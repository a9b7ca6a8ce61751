"""What happens to the outcomes if several metrics change at once?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impacttree.analyses.asking import Changes, Subject, written
from impacttree.analyses.cautions import beyond_bounds, extrapolations
from impacttree.analyses.guardrails import GuardrailCheck, guardrail_checks
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words, joined, lowered
from impacttree.analyses.worth import OutcomeChange
from impacttree.views import Cell, Column, Table

__all__ = ["Comparison", "WhatIf", "compare", "what_if"]


@dataclass(frozen=True)
class WhatIf(Result):
    """The outcomes without and with some changes.

    Attributes
    ----------
    outcome : str
        The one that the question was about.
    total, before, after : float
        Its change and values over the horizon.
    run_rate : float or None
        Its change in the last period, annualised.
    outcomes : tuple of OutcomeChange
        All outcomes shown together.
    guardrails : tuple of GuardrailCheck
        With the changes.
    """

    changes: tuple[tuple[str, str], ...]
    outcome: str
    horizon: int
    total: float
    before: float
    after: float
    run_rate: float | None
    outcomes: tuple[OutcomeChange, ...]
    guardrails: tuple[GuardrailCheck, ...]
    warnings: tuple[str, ...]
    words: Words

    @property
    def title(self) -> str:
        """The sentence with the money."""
        words, name = self.words, self.outcome
        done = joined([f"{change} {words.label(metric)}" for metric, change in self.changes]) or "No change"
        when = words.over(name, self.horizon)
        plural = len(self.changes) > 1
        if not self.total:
            return f"{done} {'do' if plural else 'does'} not change {lowered(words.label(name))} {when}"
        verb = words.verb(name, self.total).removesuffix("s" if plural else "")
        return f"{done} {verb} {words.amount_of(name, self.total)} {when}"

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [{"outcome": o.name, "before": o.before, "after": o.after, "change": o.change} for o in self.outcomes]

    def summary(self) -> dict[str, object]:
        return super().summary() | {
            "changes": dict(self.changes),
            "outcome": self.outcome,
            "total": self.total,
            "run_rate": self.run_rate,
            "guardrails": [{"metric": c.metric, "holds": c.holds, "period": c.period} for c in self.guardrails],
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        words = self.words
        columns = (
            Column("Outcome"),
            Column("Before", "right"),
            Column("After", "right"),
            Column("Change", "right"),
            Column("", "right"),
        )
        rows = tuple(
            (
                Cell(o.label, o.name),
                Cell(words.value(o.name, o.before), o.before),
                Cell(words.value(o.name, o.after), o.after),
                Cell(words.signed(o.name, o.change), o.change, words.tone(o.name, o.change)),
                Cell(words.percent(o.before, o.change) if o.change else "no change"),
            )
            for o in self.outcomes
        )
        notes = [*self.warnings, *(check.text for check in self.guardrails), self.provenance.basis]
        if self.run_rate is not None:
            rate = words.signed(self.outcome, self.run_rate)
            notes.insert(0, f"Run rate by {words.period} {self.horizon}: {rate} a year")
        return Table(self.title, columns, rows, tuple(notes))


def what_if(subject: Subject, changes: Changes, on: str | None = None, *, in_file: bool = False) -> WhatIf:
    """Compute the outcomes with several changes held at once; overlap goes through the formulas.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1.
    on
        The outcome that the sentence is about; by default the tree's.
    in_file
        The changes stand in a model file, where ``%`` on a share must say ``relative``.
    """
    outcome, given = subject.outcome(on), subject.changes(changes, in_file=in_file)
    run, n = subject.model.run(subject.horizon, given), subject.horizon
    before, after = subject.base.horizon(), run.horizon()
    names = subject.graph.spec.outcomes or (outcome.name,)
    strip = names if outcome.name in names else (outcome.name, *names)
    annual = subject.words.annual(outcome)
    slot = outcome.index
    return WhatIf(
        provenance=subject.provenance("two exact evaluations", subject.words.basis(outcome.name, lifted=False)),
        changes=written(subject, changes),
        outcome=outcome.name,
        horizon=n,
        total=after[slot] - before[slot],
        before=before[slot],
        after=after[slot],
        run_rate=(run.at(n)[slot] - subject.base.at(n)[slot]) * annual if annual is not None else None,
        outcomes=tuple(_outcome(subject, name, before, after) for name in strip),
        guardrails=guardrail_checks(subject.words, run),
        warnings=(*extrapolations(subject, run), *beyond_bounds(subject, run)),
        words=subject.words,
    )


def _outcome(subject: Subject, name: str, before: list[float], after: list[float]) -> OutcomeChange:
    metric = subject.metric(name)
    change = after[metric.index] - before[metric.index]
    text = f"{lowered(metric.label)} {subject.words.signed(name, change)}"
    return OutcomeChange(name, metric.label, before[metric.index], after[metric.index], change, text)


@dataclass(frozen=True)
class Comparison(Result):
    """Several sets of changes side by side, on the tree's outcomes.

    Attributes
    ----------
    scenarios : tuple of (str, WhatIf)
        By name, in the order given.
    """

    scenarios: tuple[tuple[str, WhatIf], ...]
    outcomes: tuple[str, ...]
    horizon: int
    words: Words

    def __getitem__(self, name: str) -> WhatIf:
        return dict(self.scenarios)[name]

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [{"scenario": name, **row} for name, scenario in self.scenarios for row in scenario.to_dicts()]

    def view(self) -> Table:
        words = self.words
        outcomes = (Column(words.label(name), "right") for name in self.outcomes)
        columns = (Column("Scenario"), *outcomes, Column("Guardrails"))
        base = self.scenarios[0][1] if self.scenarios else None
        rows = [] if base is None else [(Cell("Base case", "base"), *self._values(base, before=True), Cell(""))]
        for name, scenario in self.scenarios:
            breached = [check.label for check in scenario.guardrails if not check.holds]
            verdict = Cell(f"breached: {', '.join(breached)}", None, "adverse") if breached else Cell("hold")
            rows.append((Cell(name.replace("_", " ").capitalize(), name), *self._values(scenario), verdict))
        done = tuple(
            f"{name}: {', '.join(f'{metric} {change}' for metric, change in scenario.changes)}"
            for name, scenario in self.scenarios
        )
        warnings = dict.fromkeys(warning for _, scenario in self.scenarios for warning in scenario.warnings)
        title = f"Scenarios over the {words.first(self.horizon)}"
        return Table(title, columns, tuple(rows), (*done, *warnings, self.provenance.basis))

    def _values(self, scenario: WhatIf, before: bool = False) -> tuple[Cell, ...]:
        by_name = {o.name: o for o in scenario.outcomes}
        cells = []
        for name in self.outcomes:
            o = by_name[name]
            if before:
                cells.append(Cell(self.words.value(name, o.before), o.before))
            else:
                change = self.words.signed(name, o.change) if o.change else "no change"
                text = f"{self.words.value(name, o.after)} ({change})"
                cells.append(Cell(text, o.after, self.words.tone(name, o.change)))
        return tuple(cells)


def compare(subject: Subject, scenarios: Mapping[str, Changes] | None = None) -> Comparison:
    """Compute several sets of changes side by side.

    Parameters
    ----------
    subject
        The tree.
    scenarios
        Changes by name; by default the scenarios of the model file.
    """
    own = {scenario.name: dict(scenario.changes) for scenario in subject.graph.spec.scenarios}
    given = own if scenarios is None else scenarios
    outcome = subject.outcome()
    answers = tuple((name, what_if(subject, changes, in_file=scenarios is None)) for name, changes in given.items())
    names = subject.graph.spec.outcomes or (outcome.name,)
    strip = names if outcome.name in names else (outcome.name, *names)
    basis = subject.words.basis(outcome.name, lifted=False)
    provenance = subject.provenance("exact evaluations", basis)
    return Comparison(provenance, answers, strip, subject.horizon, subject.words)
