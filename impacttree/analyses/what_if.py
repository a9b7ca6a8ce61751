"""What happens to the outcomes if several metrics change at once?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from impacttree.answers.asked import Basis, Changes, Move
from impacttree.answers.case import Case, OutcomeChange
from impacttree.answers.guardrail_checks import GuardrailCheck, gauges_part, guardrail_row
from impacttree.answers.left_out import LeftOut, left_out, left_out_row, left_out_texts
from impacttree.answers.local import local
from impacttree.answers.ranges import UNSAMPLED, range_cells
from impacttree.answers.result import BASE, Result, Scalar
from impacttree.answers.samples import Range
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, joined, lowered, sentence
from impacttree.errors import ImpactTreeError, Problem, QuestionError, nearest, printable
from impacttree.graph.model import Metric
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Table
from impacttree.views.slides import Slide

__all__ = ["Comparison", "WhatIf", "compare", "what_if"]


@dataclass(frozen=True, repr=False)
class WhatIf(Result):
    """The outcomes without and with some changes.

    Attributes
    ----------
    moves : tuple of Move
        What was changed, and where it went.
    outcome : str
        The one that the question was about.
    total, before, after : float
        Its change and values over the horizon.
    range : Range or None
        Of that change over many samples; None where nothing that it rests on is uncertain.
    run_rate : float or None
        Its change in the last period, annualised.
    by_year : tuple of (str, float)
        Where the tree states a fiscal calendar, its change in each fiscal year within three horizons, as of `Worth`.
    outcomes : tuple of OutcomeChange
        All outcomes shown together.
    guardrails : tuple of GuardrailCheck
        With the changes.
    not_modelled : tuple of LeftOut
        What changed metrics state as left out of the tree, and how far it may move before the gain is gone.
    """

    moves: tuple[Move, ...]
    outcome: str
    horizon: int
    total: float
    before: float
    after: float
    range: Range | None
    run_rate: float | None
    by_year: tuple[tuple[str, float], ...]
    outcomes: tuple[OutcomeChange, ...]
    guardrails: tuple[GuardrailCheck, ...]
    not_modelled: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """The changes as they are printed, by metric."""
        return tuple((move.metric, move.change) for move in self.moves)

    @property
    def title(self) -> str:
        """The sentence with the money."""
        return self.words.headed(self._sentence, self.outcome)

    @property
    def _sentence(self) -> str:
        words, name = self.words, self.outcome
        when = words.over(name, self.horizon)
        if not self.moves:
            return self.provenance.told(
                f"Without a change: {lowered(words.titled(name))} {words.value(name, self.before)} {when}"
            )
        many = len(self.moves) > MOST_IN_TITLE
        done = f"{len(self.moves)} changes together" if many else joined([move.text for move in self.moves])
        effect = words.effect(name, self.before, self.after, plural=len(self.moves) > 1)
        moved = "" if is_still(self.before, self.after) else words.percent(self.before, self.total)
        return self.provenance.told(f"{done} {effect} {when}" + (f" ({moved})" if moved else ""))

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "outcome": o.name,
                "label": o.label,
                "before": o.before,
                "after": o.after,
                "change": o.change,
                "change_p10": o.range.p10 if o.range else None,
                "change_p90": o.range.p90 if o.range else None,
                "unit": str(self.words.total_unit(o.name)),
                "over": self.words.formed(o.name, self.horizon),
            }
            for o in self.outcomes
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "changes": dict(self.changes),
            "outcome": self.outcome,
            "unit": str(self.words.total_unit(self.outcome)),
            "over": self.words.formed(self.outcome, self.horizon),
            "total": self.total,
            "range": self.range and self.range.as_dict(),
            "run_rate": self.run_rate,
            "by_year": dict(self.by_year),
            "guardrails": [guardrail_row(check) for check in self.guardrails],
            "not_modelled": [left_out_row(one) for one in self.not_modelled],
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        words = self.words
        columns = (
            Column("Outcome"),
            *([Column("Over")] if self._differ else []),
            Column("Before", "right"),
            Column("After", "right"),
            Column("Change", "right"),
            Column("", "right"),
            *([Column("P10 to P90", "right")] if self._has_ranges else []),
        )
        notes = [f"Not modelled: {text}" for text in left_out_texts(words, self.not_modelled)]
        notes += [f"With {move.text}" for move in self.moves if len(self.moves) > MOST_IN_TITLE]
        beside = range_cells(words, self.outcome, self.total, self.range)[1:]
        if beside:
            notes.append(f"Change of {lowered(words.titled(self.outcome))}: {', '.join(beside)}")
        notes += filter(None, [self.yearly])
        if self.run_rate is not None and self.moves and not words.is_run_rate:
            rate = f"{words.figure(self.outcome, self.run_rate)} a year {words.by(self.horizon)}{words.undiscounted}"
            notes.append(f"Run rate of {lowered(words.label(self.outcome))}: {rate}")
        notes += [*self.warnings, *(check.text for check in self.guardrails), f"Basis: {self.provenance.basis}."]
        return Table(self.title, columns, tuple(map(self._cells, self.outcomes)), tuple(notes))

    @property
    def yearly(self) -> str:
        """``Change of profit by year: FY27 +$72, FY28 +$468``; empty without a change, or a fiscal calendar."""
        if not self.by_year:
            return ""
        label, years = lowered(self.words.titled(self.outcome)), self.words.by_year(self.outcome, self.by_year)
        return f"Change of {label} {self.words.yearly(self.by_year, self.horizon)}: {', '.join(years)}"

    def slides(self) -> tuple[Slide, ...]:
        gauges = gauges_part(self.words, self.guardrails, self.horizon)
        return self.slide(self.view(), beside=gauges, columns=8 if gauges else 12)

    @property
    def _has_ranges(self) -> bool:
        return any(o.range is not None for o in self.outcomes)

    @property
    def _differ(self) -> bool:
        """Whether outcomes are taken over the horizon in different ways; else the title says it of all."""
        return len({self.words.formed(o.name, self.horizon) for o in self.outcomes}) > 1

    def _cells(self, o: OutcomeChange) -> tuple[Cell, ...]:
        words, still = self.words, is_still(o.before, o.after)
        ends = range_cells(words, o.name, o.change, o.range)[:1]
        span = "".join(ends).removesuffix(" (P10 to P90)") if o.range is None or not o.range.is_point else "no spread"
        return (
            Cell(o.label, o.name),
            *([Cell(words.formed(o.name, self.horizon))] if self._differ else []),
            Cell(words.value(o.name, o.before), o.before),
            Cell(words.value(o.name, o.after), o.after),
            Cell(words.signed(o.name, 0.0 if still else o.change), o.change, words.tone(o.name, o.change)),
            Cell("no change" if still else words.percent(o.before, o.change)),
            *([Cell(span)] if self._has_ranges else []),
        )


MOST_IN_TITLE = 2
"""Changes that the title writes out; more are notes."""


@local
def what_if(
    subject: Subject,
    changes: Changes,
    on: str | None = None,
    range: bool = True,  # noqa: A002 - the word that users know
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
    samples: int | None = None,
    seed: int = 0,
) -> WhatIf:
    """Compute the outcomes with several changes held at once; overlap goes through the formulas.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1; several changes on one metric as a list.
    on
        The outcome that the sentence is about; by default the tree's.
    range
        Whether to draw samples of what is uncertain, for ranges and the risk of guardrails.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the changes.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Examples
    --------
    >>> import impacttree as it
    >>> answer = it.template("saas").what_if({"engagement": "+1%", "arpu": "=$32"})
    >>> answer.range.p10 < answer.total < answer.range.p90
    True
    """
    subject = subject.over(over, horizon).on_basis(basis)
    outcome = subject.outcome(on)
    case = Case.of(subject, changes, horizon, scenario, samples, seed)
    return _what_if(case, outcome, range, case.run_rate_warnings(outcome))


def _what_if(case: Case, outcome: Metric, ranged: bool, further: Sequence[str] = ()) -> WhatIf:
    slot = outcome.index
    ranges = case.ranges(outcome) if ranged else UNSAMPLED
    basis = case.words.basis(outcome.name, lifted=False, in_full=case.asked.in_full, weights=case.asked.weights)
    return WhatIf(
        provenance=case.sampled("two exact evaluations", basis, ranges),
        moves=case.moves,
        outcome=outcome.name,
        horizon=case.periods,
        total=case.change(outcome),
        before=case.before[slot],
        after=case.after[slot],
        range=ranges.of(outcome.name),
        run_rate=case.run_rate(outcome),
        by_year=case.by_year(outcome) if case.asked.recipes else (),
        outcomes=case.outcomes(outcome, ranges),
        guardrails=ranges.beside(case.guardrails),
        not_modelled=left_out(case, outcome),
        warnings=(*case.warnings(outcome), *further, *ranges.notes),
        words=case.words,
    )


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Several sets of changes side by side, on the tree's outcomes.

    Attributes
    ----------
    base : WhatIf
        Without a change.
    scenarios : tuple of (str, WhatIf)
        By name, in the order given.
    titles : tuple of str
        What they are called, in the same order.
    descriptions : tuple of str
        What happens in them; empty where nothing is said of it.
    """

    base: WhatIf
    scenarios: tuple[tuple[str, WhatIf], ...]
    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    outcomes: tuple[str, ...]
    horizon: int
    words: Words = field(compare=False)

    def __getitem__(self, name: str) -> WhatIf:
        known = dict(self.scenarios)
        if name not in known:
            reason = f"there is no scenario '{printable(str(name), 80)}'{nearest(str(name), known)}"
            fix = f"they are {', '.join(known)}" if known else "give some to compare(), or write them in the model"
            raise QuestionError(Problem(reason=reason, fix=fix))
        return known[name]

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {"metric": row.pop("outcome"), "period": self.horizon, "scenario": name, "title": title, **row}
            for title, (name, scenario) in zip(self.titles, self.scenarios, strict=True)
            for row in scenario.to_dicts()
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "horizon": self.horizon,
            "scenarios": {
                name: {
                    "title": title,
                    "description": description or None,
                    "changes": dict(scenario.changes),
                    "by_year": dict(scenario.by_year),
                    "guardrails": [guardrail_row(check) for check in scenario.guardrails],
                    "warnings": list(scenario.warnings),
                }
                for (name, scenario), title, description in self._told
            },
        }

    @property
    def _told(self) -> Iterator[tuple[tuple[str, WhatIf], str, str]]:
        return zip(self.scenarios, self.titles, self.descriptions, strict=True)

    def view(self) -> Table:
        words = self.words
        outcomes = (Column(self._head(name), "right") for name in self.outcomes)
        guarded = bool(self.base.guardrails)
        columns = (Column("Scenario"), *outcomes, *([Column("Guardrails")] if guarded else []))
        rows, notes = [self._row("Base case", BASE, self.base)], []
        for (name, scenario), shown, description in self._told:
            rows.append(self._row(shown, name, scenario))
            notes.append(f"{shown}: {'; '.join(move.text for move in scenario.moves) or 'no change'}")
            notes += [f"{shown}: {sentence(description).rstrip('.')}"] if description else []
            spread = range_cells(words, scenario.outcome, scenario.total, scenario.range)
            if spread and scenario.range is not None and not scenario.range.is_point:
                notes.append(f"{shown}, change of {lowered(words.titled(scenario.outcome))}: {', '.join(spread)}")
            notes += [f"{shown}, {lowered(scenario.yearly)}"] if scenario.by_year else []
            notes += [f"{shown}: {warning}" for warning in scenario.warnings if warning not in self.base.warnings]
        notes += [*self.base.warnings, f"Basis: {self.provenance.basis}."]
        title = words.headed(f"Scenarios {words.across(self.horizon)}", *self.outcomes)
        return Table(title, columns, tuple(rows), tuple(notes))

    def slides(self) -> tuple[Slide, ...]:
        words, told = self.words, f"{len(self.scenarios)} scenarios beside the base case"
        if self.scenarios:
            name, most = max(self.scenarios, key=lambda pair: abs(pair[1].total))
            effect = words.effect(most.outcome, most.before, most.after)
            told = f"{name.replace('_', ' ').capitalize()} {effect} {words.over(most.outcome, self.horizon)}"
        return self.slide(self.view(), words.headed(told, *self.outcomes), self.view().title)

    def _head(self, name: str) -> str:
        words = self.words
        summed = words.graph[name].aggregation in ("sum", "recompute")
        return words.titled(name) if summed else f"{words.label(name)}, {words.formed(name, self.horizon)}"

    def _row(self, shown: str, name: str, scenario: WhatIf) -> tuple[Cell, ...]:
        words, cells = self.words, [Cell(shown, name)]
        for o in scenario.outcomes:
            text = words.value(o.name, o.after)
            if scenario.moves:
                change = "no change" if is_still(o.before, o.after) else words.signed(o.name, o.change)
                text = f"{text} ({change})"
            cells.append(Cell(text, o.after, words.tone(o.name, o.change)))
        if scenario.guardrails:
            breached = [check.label for check in scenario.guardrails if not check.holds]
            verdict = f"BREACHED: {', '.join(breached)}" if breached else "hold"
            cells.append(Cell(verdict, None, "adverse" if breached else "neutral"))
        return tuple(cells)


@local
def compare(
    subject: Subject,
    scenarios: Mapping[str, Changes] | None = None,
    range: bool = True,  # noqa: A002 - the word that users know
    *,
    horizon: Horizon = None,
    over: Over = None,
    basis: Basis = "horizon",
) -> Comparison:
    """Compute several sets of changes side by side.

    Parameters
    ----------
    subject
        The tree.
    scenarios
        Changes by name; by default the scenarios of the model file.
    range
        Whether to draw samples of what is uncertain, for the range of each scenario's change.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    QuestionError
        When `scenarios` is not a mapping of names to changes.
    ChangeError
        When a change is wrong; the message names the scenario.

    Examples
    --------
    >>> import impacttree as it
    >>> [name for name, scenario in it.template("saas").compare().scenarios if scenario.total < 0]
    ['downturn']
    """
    subject = subject.over(over, horizon).on_basis(basis)
    own = {scenario.name: dict(scenario.changes) for scenario in subject.graph.spec.scenarios}
    given = own if scenarios is None else scenarios
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        fix = "write {'downturn': {'traffic': '-20%'}}"
        raise QuestionError(Problem(reason="scenarios are a mapping of name to changes", fix=fix))
    for name in given:
        _check_name(name)
    outcome, base = subject.outcome(), Case.of(subject, None, horizon)
    without = _what_if(base, outcome, False)
    answers = tuple((name, _scenario(base, outcome, name, given[name], range)) for name in given)
    weights = tuple(one for changes in given.values() for one in base.asking(changes).asked.weights or (None,))
    told = subject.words.basis(outcome.name, lifted=False, weights=weights)
    provenance = subject.provenance("exact evaluations", told)
    known = {scenario.name: scenario for scenario in subject.graph.spec.scenarios} if scenarios is None else {}
    titles = tuple(known[name].title if name in known else _title(name) for name in given)
    said = tuple(" ".join((known[name].description or "").split()) if name in known else "" for name in given)
    return Comparison(provenance, without, answers, titles, said, base.beside(outcome), base.periods, subject.words)


def _title(name: str) -> str:
    shown = name.replace("_", " ")
    return shown[:1].upper() + shown[1:]


def _check_name(name: str) -> None:
    """Hold the name of a scenario to what text of a model file is held to."""
    from impacttree.spec.leaves import Wrong, line

    try:
        line(name)
    except Wrong as error:
        problem = error.findings[0].problem
        raise QuestionError(replace(problem, reason=f"scenario '{printable(name, 40)}': {problem.reason}")) from None


def _scenario(base: Case, outcome: Metric, name: str, changes: Changes, ranged: bool) -> WhatIf:
    try:
        return _what_if(base.asking(changes), outcome, ranged)
    except ImpactTreeError as error:
        where = f"in the scenario {printable(name, 80)}, "
        raise type(error)(*(replace(problem, reason=where + problem.reason) for problem in error.problems)) from None
