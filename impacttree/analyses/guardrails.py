"""Do the guardrails hold, in every period, and where are they tightest?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from impacttree.analyses.asking import Changes, Move, Subject
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words, is_still
from impacttree.engine.model import Run
from impacttree.graph.model import Metric
from impacttree.views import Cell, Column, Table

__all__ = ["GuardrailCheck", "GuardrailReport", "check_guardrails", "guardrail_checks", "guardrail_row"]


@dataclass(frozen=True, slots=True)
class GuardrailCheck:
    """One limit of one metric, at the period where it is tightest."""

    metric: str
    label: str
    side: Literal["floor", "cap"]
    limit: float
    value: float
    """Value in the tightest period."""
    period: int
    """The tightest period; the first of several that are alike."""
    breached: tuple[int, ...]
    """Periods in which the limit is broken; empty when it holds."""
    text: str
    """``LTV/CAC 4.5x in month 1, floor 3.0x: holds``; no period where all are alike."""

    @property
    def holds(self) -> bool:
        return not self.breached


@dataclass(frozen=True, repr=False)
class GuardrailReport(Result):
    """Every guardrail of a tree.

    Attributes
    ----------
    checks : tuple of GuardrailCheck
        In file order, floors before caps.
    moves : tuple of Move
        What was changed; empty for the base case.
    holds : bool
        True when all hold in every period.
    """

    checks: tuple[GuardrailCheck, ...]
    moves: tuple[Move, ...]
    horizon: int
    words: Words = field(compare=False)

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                **guardrail_row(check),
                "label": check.label,
                "unit": str(self.words.unit(check.metric)),
                "breached_periods": len(check.breached),
            }
            for check in self.checks
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {"changes": {m.metric: m.change for m in self.moves}, "holds": self.holds}

    def view(self) -> Table:
        columns = (Column("Guardrail"), Column("Limit"), Column("Tightest", "right"), Column("In"), Column(""))
        notes = [f"With {move.text}" for move in self.moves]
        if not self.checks:
            notes.insert(0, "The tree has no guardrails.")
        periods = self.words.periods(self.horizon)
        title = f"Guardrails in each of {periods}" if self.horizon > 1 else f"Guardrails over {periods}"
        return Table(title, columns, tuple(map(self._cells, self.checks)), tuple(notes))

    def _cells(self, check: GuardrailCheck) -> tuple[Cell, ...]:
        words, each = self.words, self.words.each(check.metric)
        value, limit = words.apart(check.metric, check.value, check.limit)
        verdict = "holds" if check.holds else _breach(words, check.breached, self.horizon)
        return (
            Cell(check.label, check.metric),
            Cell(f"{check.side} {limit}{each}", check.limit),
            Cell(f"{value}{each}", check.value),
            Cell(f"{words.period} {check.period}", float(check.period)),
            Cell(verdict, None, "favourable" if check.holds else "adverse"),
        )


def check_guardrails(subject: Subject, changes: Changes | None = None) -> GuardrailReport:
    """Check every guardrail in each period of the horizon.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric; nothing for the base case.
    """
    asked = subject.changes(changes)
    run = subject.model.run(subject.horizon, asked.interventions)
    moves = subject.moves(asked, subject.base.horizon(), run.horizon())
    basis = f"changes held from {subject.words.period} 1" if moves else ""
    provenance = subject.provenance("values of each period against the limits", basis)
    checks = guardrail_checks(subject.words, run, subject.base if moves else None)
    return GuardrailReport(provenance, checks, moves, subject.horizon, subject.words)


def guardrail_checks(words: Words, run: Run, base: Run | None = None) -> tuple[GuardrailCheck, ...]:
    """Return the guardrails of a run, each at its tightest period; texts say what is broken in `base` as well."""
    checks = _checks(words, run)
    if base is None or all(check.holds for check in checks):
        return checks
    pairs = zip(checks, _checks(words, base), strict=True)
    return tuple(_beside(words, check, was.breached, base.periods) for check, was in pairs)


def _beside(words: Words, check: GuardrailCheck, without: tuple[int, ...], periods: int) -> GuardrailCheck:
    """Return a check whose text also says in which periods the limit is broken without the change."""
    if not check.breached or not without:
        return check
    before = _breach(words, without, periods).removeprefix("BREACHED ")
    beside = ", as without the change" if without == check.breached else f"; without the change {before}"
    return replace(check, text=check.text + beside)


def _checks(words: Words, run: Run) -> tuple[GuardrailCheck, ...]:
    checks: list[GuardrailCheck] = []
    for metric in run.model.graph.metrics:
        guardrail = metric.spec.guardrail
        if guardrail is None:
            continue
        values = [run.at(t)[metric.index] for t in range(1, run.periods + 1)]
        if guardrail.min is not None:
            checks.append(_check(words, metric, "floor", guardrail.min.central(), values))
        if guardrail.max is not None:
            checks.append(_check(words, metric, "cap", guardrail.max.central(), values))
    return tuple(checks)


def guardrail_row(check: GuardrailCheck) -> dict[str, Scalar]:
    """Return a check as it stands in the head of an answer's JSON."""
    return {
        "metric": check.metric,
        "side": check.side,
        "limit": check.limit,
        "value": check.value,
        "period": check.period,
        "holds": check.holds,
    }


def _check(
    words: Words, metric: Metric, side: Literal["floor", "cap"], limit: float, values: Sequence[float]
) -> GuardrailCheck:
    rooms = [value - limit if side == "floor" else limit - value for value in values]
    position = rooms.index(min(rooms))
    value, name = values[position], metric.name
    steady = is_still(min(values), max(values))
    breached = tuple(t for t, v in enumerate(values, 1) if rooms[t - 1] < 0 and not is_still(v, limit))
    shown, bound = words.apart(name, value, limit)
    when = words.each(name) if steady else f" in {words.period} {position + 1}"
    verdict = _breach(words, breached, len(values)) if breached else "holds"
    text = f"{metric.label} {shown}{when}, {side} {bound}{words.each(name)}: {verdict}"
    return GuardrailCheck(name, metric.label, side, limit, value, position + 1, breached, text)


def _breach(words: Words, breached: Sequence[int], periods: int) -> str:
    """Write when a limit is broken: ``BREACHED from month 5``."""
    first, last, count = breached[0], breached[-1], len(breached)
    if count == periods:
        return f"BREACHED in every {words.period}" if periods > 1 else "BREACHED"
    if count == 1:
        return f"BREACHED in {words.period} {first}"
    if count < last - first + 1:
        return f"BREACHED in {count} of {words.periods(periods)}, first in {words.period} {first}"
    return f"BREACHED from {words.period} {first}" + (f" to {last}" if last < periods else "")
