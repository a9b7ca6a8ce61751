"""Do the guardrails hold, in every period, where are they tightest, and how sure is that?"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from impacttree.answers.asked import Changes, Move
from impacttree.answers.case import Case
from impacttree.answers.guardrail_checks import GuardrailCheck, breach_words, gauges_part, guarded, guardrail_row
from impacttree.answers.local import local
from impacttree.answers.result import Result, Scalar
from impacttree.answers.samples import percentage
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, sentence
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Table
from impacttree.views.slides import Slide

__all__ = ["GuardrailReport", "check_guardrails"]


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
    notes : tuple of str
        What is to be known of the samples that risks come from.
    warnings : tuple of str
        Extrapolated effects, and values outside bounds.
    """

    checks: tuple[GuardrailCheck, ...]
    moves: tuple[Move, ...]
    horizon: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
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
        return super().summary() | {
            "changes": {m.metric: m.change for m in self.moves},
            "holds": self.holds,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def view(self) -> Table:
        columns = (
            Column("Guardrail"),
            Column("Limit"),
            Column("Tightest", "right"),
            Column("In"),
            Column(""),
            *([Column("Risk", "right")] if self.provenance.samples else []),
        )
        notes = [f"With {move.text}" for move in self.moves]
        if not self.checks:
            notes.insert(0, "The tree has no guardrails.")
        if self.provenance.samples:
            samples, seed = self.provenance.samples, self.provenance.seed
            notes.append(
                f"Risk: share of {samples:,} samples (seed {seed}) that break the limit in some {self.words.period}."
            )
        notes += [*(f"{note}." for note in self.notes), *map(sentence, self.warnings)]
        periods, calendar = self.words.periods(self.horizon), self.words.calendar
        periods += f", {calendar.label(1, self.horizon)}" if calendar is not None else ""
        title = f"Guardrails in each of {periods}" if self.horizon > 1 else f"Guardrails over {periods}"
        title = self.words.headed(self.provenance.told(title))
        return Table(title, columns, tuple(map(self._cells, self.checks)), tuple(notes))

    def slides(self) -> tuple[Slide, ...]:
        words, broken = self.words, [check for check in self.checks if not check.holds]
        count, risks = len(self.checks), [check.risk for check in self.checks if check.risk is not None]
        held = f"All {count} guardrails hold" if count > 1 else f"{count} guardrail holds"
        verb = "is" if len(broken) == 1 else "are"
        told = f"{len(broken)} of {count} guardrails {verb} broken" if broken else held
        told += f" over {words.periods(self.horizon)}"
        told += f"; the largest risk of a breach is {percentage(max(risks))}" if risks else ""
        title = words.headed(self.provenance.told(told))
        gauges = gauges_part(words, self.checks, self.horizon)
        return self.slide(self.view(), title, beside=gauges, columns=8 if gauges else 12)

    def _cells(self, check: GuardrailCheck) -> tuple[Cell, ...]:
        words, each = self.words, self.words.each(check.metric)
        value, limit = words.apart(check.metric, check.value, check.limit)
        verdict = "holds" if check.holds else breach_words(words, check.breached, self.horizon)
        return (
            Cell(check.label, check.metric),
            Cell(f"{check.side} {limit}{each}", check.limit),
            Cell(f"{value}{each}", check.value),
            Cell(words.at(check.period), float(check.period)),
            Cell(verdict, None, "favourable" if check.holds else "adverse"),
            *(
                [Cell("" if check.risk is None else percentage(check.risk), check.risk)]
                if self.provenance.samples
                else []
            ),
        )


@local
def check_guardrails(
    subject: Subject,
    changes: Changes | None = None,
    range: bool = True,  # noqa: A002 - the word that users know
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> GuardrailReport:
    """Check every guardrail in each period from period 1 to the end of the horizon, and how likely a breach is.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric; nothing for the base case.
    range
        Whether to draw samples of what is uncertain, for the risk that a limit is broken in some period.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``. Every period from period 1 to the last of them is looked
        at, those before the first too: changes act from period 1, and a limit that they break on the way is broken.
    scenario
        A scenario of the model file, held without and with the changes.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Examples
    --------
    >>> import impacttree as it
    >>> report = it.template("saas").check_guardrails()
    >>> report.holds, max(check.risk for check in report.checks) < 0.01
    (True, True)
    """
    subject = subject.over(over, horizon)
    case = Case.of(subject, changes, horizon, scenario, samples, seed)
    checks, moves = case.guardrails, case.moves
    basis = subject.words.held("changes", case.asked.weights) if moves else ""
    risks = case.risks if range and checks else None
    if risks is None:
        provenance = case.provenance("values of each period against the limits", basis)
    else:
        checks = risks.beside(checks)
        method = "values of each period against the limits, of the central case and of samples"
        provenance = case.provenance(method, basis, risks.samples, risks.seed)
    return GuardrailReport(
        provenance=provenance,
        checks=checks,
        moves=moves,
        horizon=case.periods,
        notes=risks.notes if risks is not None else (),
        warnings=case.warnings(shown=[limit.metric for limit in guarded(subject.graph)]),
        words=subject.words,
    )
