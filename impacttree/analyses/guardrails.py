"""Do the guardrails hold, in every period, and where are they tightest?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from impacttree.analyses.asking import Changes, Subject
from impacttree.analyses.result import Result, Scalar
from impacttree.analyses.words import Words
from impacttree.engine.model import Run
from impacttree.graph.model import Metric
from impacttree.views import Cell, Column, Table

__all__ = ["GuardrailCheck", "GuardrailReport", "check_guardrails", "guardrail_checks"]


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
    holds: bool
    text: str
    """``LTV/CAC 4.5x, floor 3.0x: holds``."""


@dataclass(frozen=True)
class GuardrailReport(Result):
    """Every guardrail of a tree.

    Attributes
    ----------
    checks : tuple of GuardrailCheck
        In file order, floors before caps.
    holds : bool
        True when all hold in every period.
    """

    checks: tuple[GuardrailCheck, ...]
    period: str

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": check.metric,
                "side": check.side,
                "limit": check.limit,
                "value": check.value,
                "period": check.period,
                "holds": check.holds,
            }
            for check in self.checks
        ]

    def view(self) -> Table:
        rows = tuple(
            (
                Cell(check.label, check.metric),
                Cell(check.text.split(", ")[1].split(":")[0], check.limit),
                Cell(check.text.split(",")[0].removeprefix(check.label).strip(), check.value),
                Cell(f"{self.period} {check.period}", float(check.period)),
                Cell("holds" if check.holds else "BREACHED", None, "favourable" if check.holds else "adverse"),
            )
            for check in self.checks
        )
        columns = (Column("Guardrail"), Column("Limit"), Column("Tightest", "right"), Column("In"), Column(""))
        notes = () if self.checks else ("The tree has no guardrails.",)
        return Table("Guardrails", columns, rows, notes)


def check_guardrails(subject: Subject, changes: Changes | None = None) -> GuardrailReport:
    """Check every guardrail in each period of the horizon.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric; nothing for the base case.
    """
    run = subject.model.run(subject.horizon, subject.changes(changes))
    provenance = subject.provenance("values of each period against the limits")
    return GuardrailReport(provenance, guardrail_checks(subject.words, run), subject.words.period)


def guardrail_checks(words: Words, run: Run) -> tuple[GuardrailCheck, ...]:
    """Return the guardrails of a run, each at its tightest period."""
    checks: list[GuardrailCheck] = []
    for metric in run.model.graph.metrics:
        guardrail = metric.spec.guardrail
        if guardrail is None:
            continue
        values = [row[metric.index] for row in run.rows]
        if guardrail.min is not None:
            checks.append(_check(words, metric, "floor", guardrail.min.central(), values))
        if guardrail.max is not None:
            checks.append(_check(words, metric, "cap", guardrail.max.central(), values))
    return tuple(checks)


def _check(
    words: Words, metric: Metric, side: Literal["floor", "cap"], limit: float, values: Sequence[float]
) -> GuardrailCheck:
    tightest = min(values) if side == "floor" else max(values)
    holds = tightest >= limit if side == "floor" else tightest <= limit
    shown, bound = words.value(metric.name, tightest), words.value(metric.name, limit)
    period = values.index(tightest) + 1
    verdict = "holds" if holds else f"BREACHED in {words.period} {period}"
    text = f"{metric.label} {shown}, {side} {bound}: {verdict}"
    return GuardrailCheck(metric.name, metric.label, side, limit, tightest, period, holds, text)
