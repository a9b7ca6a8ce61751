"""Which of several acts should be taken, if any, and what is it worth to know more before choosing?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import groupby
from typing import Any

from impacttree.answers.asked import Basis, Move
from impacttree.answers.axis import round_levels
from impacttree.answers.case import Case
from impacttree.answers.cost import cost_address, pays
from impacttree.answers.decision import ACTS, Act, Decision
from impacttree.answers.guardrail_checks import GuardrailCheck
from impacttree.answers.left_out import LeftOut, left_out, left_out_row, left_out_texts
from impacttree.answers.local import local
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.result import Result, Scalar
from impacttree.answers.samples import percentage
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.verdict import payback_text
from impacttree.answers.words import Words, counted, joined, sentence
from impacttree.errors import Problem, QuestionError, printable
from impacttree.graph.model import Metric
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Lines, Series, Table

__all__ = ["Decided", "Standing", "WeighedAct", "decide"]


@dataclass(frozen=True, slots=True)
class WeighedAct:
    """An act, and what it comes to."""

    label: str
    moves: tuple[Move, ...]
    returns: Returns
    """Its net, period by period and at each horizon, and when it is paid back."""
    not_modelled: tuple[LeftOut, ...]
    by_year: tuple[tuple[str, float], ...]
    """What it is worth in each fiscal year, before its cost, where the tree states a fiscal calendar."""
    breached: tuple[GuardrailCheck, ...]
    """Guardrails that it breaks, within one horizon."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the acts stand at one horizon.

    Parameters
    ----------
    periods
        Its end.
    best
        Position of the act with the greatest net at the stated values; None where that of none is above zero.
    shares
        Of the samples in which each act is best, and last that in which it is best to leave all as it is; empty where
        nothing is uncertain.
    best_on_average
        Position of the act with the greatest mean net of the samples, None as of `best`; the same as `best` where
        nothing was sampled, or the mean does not exist.
    evpi
        Expected value of perfect information: of knowing every number before choosing. None where nothing is uncertain,
        or a mean does not exist.
    """

    periods: int
    best: int | None
    shares: tuple[float, ...] = ()
    best_on_average: int | None = None
    evpi: float | None = None


@dataclass(frozen=True, repr=False)
class Decided(Result):
    """Acts side by side: net at one, two and three horizons, payback, and which is best.

    Attributes
    ----------
    acts : tuple of WeighedAct
        In the order given.
    outcome : str
        The metric that they are done for.
    horizon : int
        Periods of one horizon.
    standings : tuple of Standing
        How they stand at each horizon.
    mean_missing : str
        Why the net of some act has no mean; empty where all have one.
    warnings : tuple of str
        What a reader should know before using the figures.
    """

    acts: tuple[WeighedAct, ...]
    outcome: str
    horizon: int
    standings: tuple[Standing, ...]
    mean_missing: str
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def best(self) -> str | None:
        """The label of the act that is best over one horizon; None where it is best to leave all as it is."""
        return self._name(self.standings[0].best)

    @property
    def evpi(self) -> float | None:
        """Expected value of perfect information over one horizon; None where nothing is uncertain, or has no mean."""
        return self.standings[0].evpi

    def _name(self, best: int | None) -> str | None:
        return None if best is None else self.acts[best].label

    @property
    def title(self) -> str:
        """The sentence with the choice at each horizon."""
        return self.words.headed(self.provenance.told(self._sentence), self.outcome)

    @property
    def _sentence(self) -> str:
        words, standings = self.words, self.standings
        last = words.periods(standings[-1].periods)
        if len({standing.best for standing in standings}) > 1:
            groups = [list(group) for _, group in groupby(standings, key=lambda standing: standing.best)]
            return f"The horizon decides: {', '.join(map(self._choice, groups))}"
        if standings[0].best is None:
            none = "It does not pay" if len(self.acts) == 1 else f"None of the {len(self.acts)} acts pays"
            return f"{none} within {last}: leave all as it is"
        nets = " and ".join(
            f"{self._net(standing)} after {words.periods(standing.periods)}" for standing in self._ends()
        )
        label = self.acts[standings[0].best].label
        net = words.net(self.outcome)
        return f"{label} {'is best at every horizon' if len(self.acts) > 1 else 'pays'}: {net} {nets}"

    def _ends(self) -> tuple[Standing, ...]:
        return self.standings[:1] if len(self.standings) == 1 else (self.standings[0], self.standings[-1])

    def _choice(self, standings: Sequence[Standing]) -> str:
        """Write ``Onboarding within 24 months (+$252k net) and 36 (+$853k)``."""
        first, *others = standings
        name = self._name(first.best)
        if name is None:
            ends = [self.words.periods(first.periods), *(str(standing.periods) for standing in others)]
            return f"leave all as it is within {joined(ends)}"
        nets = [f"{self.words.periods(first.periods)} ({self._net(first)} {self.words.net(self.outcome)})"]
        nets += [f"{standing.periods} ({self._net(standing)})" for standing in others]
        return f"{name} within {joined(nets)}"

    def _net(self, standing: Standing) -> str:
        assert standing.best is not None
        stages = {stage.periods: stage.net for stage in self.acts[standing.best].returns.stages}
        return self.words.signed(self.outcome, stages[standing.periods])

    def to_dicts(self) -> list[dict[str, Scalar]]:
        rows: list[dict[str, Scalar]] = []
        for number, act in enumerate(self.acts):
            for stage, standing in zip(act.returns.stages, self.standings, strict=False):
                rows.append(
                    {
                        "act": act.label,
                        "metric": self.outcome,
                        "period": stage.periods,
                        "worth": stage.worth,
                        "cost": act.returns.cost,
                        "net": stage.net,
                        "net_p10": stage.range.p10 if stage.range else None,
                        "net_p90": stage.range.p90 if stage.range else None,
                        "share_that_pays": stage.range.above_zero if stage.range else None,
                        "probability_of_loss": stage.loss,
                        "share_best": standing.shares[number] if standing.shares else None,
                        "best": standing.best == number,
                        "payback": act.returns.payback,
                        "unit": str(self.words.total_unit(self.outcome)),
                    }
                )
        return rows

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "acts": {act.label: {move.metric: move.change for move in act.moves} for act in self.acts},
            "outcome": self.outcome,
            "unit": str(self.words.total_unit(self.outcome)),
            "standings": [
                {
                    "periods": standing.periods,
                    "best": self._name(standing.best),
                    "best_on_average": self._name(standing.best_on_average),
                    "evpi": standing.evpi,
                }
                for standing in self.standings
            ],
            "by_year": {act.label: dict(act.by_year) for act in self.acts},
            "mean_missing": self.mean_missing or None,
            "not_modelled": {act.label: [left_out_row(one) for one in act.not_modelled] for act in self.acts},
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        ends = [Column(self.words.periods(standing.periods), "right") for standing in self.standings]
        best = [Column("Best in", "right"), Column("Loses in", "right")] if self.standings[0].shares else []
        columns = (Column("Act"), Column("Cost", "right"), *ends, Column("Paid back"), *best)
        rows = [self._cells(number, act) for number, act in enumerate(self.acts)]
        zero = self.words.signed(self.outcome, 0.0)
        leave = [Cell("Leave it"), Cell(zero, 0.0)]
        leave += [Cell(zero + self._star(standing, None), 0.0) for standing in self.standings]
        rows.append((*leave, Cell(""), *self._shares(len(self.acts), 0.0)))
        return Table(self.title, columns, tuple(rows), tuple(self._notes()), accent=self._accent)

    @property
    def _accent(self) -> int:
        best = self.standings[0].best
        return len(self.acts) if best is None else best

    def _cells(self, number: int, act: WeighedAct) -> tuple[Cell, ...]:
        words, found = self.words, act.returns
        nets = [
            Cell(
                words.signed(self.outcome, stage.net) + self._star(standing, number),
                stage.net,
                "favourable" if stage.pays else "adverse",
            )
            for stage, standing in zip(found.stages, self.standings, strict=False)
        ]
        back = payback_text(words, found, spread=False).removeprefix("in ") if found.cost else "costs nothing"
        cost = Cell(words.unsigned(self.outcome, found.cost), found.cost)
        return (Cell(act.label), cost, *nets, Cell(back, found.payback), *self._shares(number, _loses(found)))

    @staticmethod
    def _star(standing: Standing, number: int | None) -> str:
        return " *" if standing.best == number else "  "

    def _shares(self, number: int, loses: float) -> list[Cell]:
        """Return in how many samples an act is best, and in how many its net is below zero, over one horizon."""
        shares = self.standings[0].shares
        return [Cell(percentage(share), share) for share in (shares[number], loses)] if shares else []

    def _notes(self) -> Iterator[str]:
        words = self.words
        net = "NPV" if words.net(self.outcome) == "NPV" else "Net of the cost"
        yield f"{net}, every number at its stated value; * best at that horizon."
        for act in self.acts:
            done = joined([move.text for move in act.moves])
            named = "" if act.label in done else f"{act.label}: "
            spread = f", at a cost of {printable(act.returns.text)}" if " to " in act.returns.text else ""
            yield f"{named}{done}{spread}"
            if act.by_year:
                years = ", ".join(words.by_year(self.outcome, act.by_year))
                head = words.yearly(act.by_year, self.standings[-1].periods)
                yield f"{act.label} {head}, before cost: {years}"
            yield from (f"{act.label}, not modelled: {text}" for text in left_out_texts(words, act.not_modelled))
            yield from (f"{act.label}: {check.text}" for check in act.breached)
        yield from self._on_average()
        if any(standing.shares for standing in self.standings):
            of = f"of {self.provenance.samples:,} samples over {words.periods(self.horizon)}"
            yield f"Best in: share {of}; loses in: share in which its {words.net(self.outcome)} is below zero."
        yield from map(sentence, self.warnings)
        yield f"Basis: {self.provenance.basis}."

    def _on_average(self) -> Iterator[str]:
        """Yield what the mean of the samples says: another choice, and what it is worth to know more."""
        words = self.words
        if self.mean_missing:
            yield f"What knowing more is worth to this choice cannot be said, no mean: {self.mean_missing}."
        for standing in self.standings:
            if standing.best_on_average != standing.best:
                name = self._name(standing.best_on_average) or "leaving all as it is"
                yield f"By the mean of samples, {name} is best over {words.periods(standing.periods)}."
        known = [
            f"{words.unsigned(self.outcome, standing.evpi)} over {words.periods(standing.periods)}"
            for standing in self.standings
            if standing.evpi is not None
        ]
        if known and any(standing.evpi for standing in self.standings):
            yield f"Knowing every number before choosing is worth up to {', '.join(known)} (EVPI, mean of samples)."
        elif known:
            yield "Nothing in this model can change the choice: the same act is best in all samples."

    def picture(self) -> Lines:
        """Return the net of each act, period by period."""
        words, name = self.words, self.outcome
        shown = list(enumerate(self.acts))[:MOST_LINES]
        end = max(act.returns.periods for _, act in shown)
        series = tuple(
            Series(act.label, act.returns.net, words.signed(name, act.returns.net[-1]), accent=number == self._accent)
            for number, act in shown
        )
        nets = [0.0, *(net for _, act in shown for net in act.returns.net)]
        levels = tuple((level, words.signed(name, level)) for level in round_levels(min(nets), max(nets)))
        left = len(self.acts) - len(shown)
        more = (f"{counted(left, 'more act')} not drawn.",) if left else ()
        subtitle = f"Net of cost by {words.period}, {words.titled(name)}, every number at its stated value"
        ticks = words.ticks(1, end)
        return Lines(self.title, subtitle, ticks, series, levels, (*more, f"Basis: {self.provenance.basis}."))


MOST_LINES = 6
METHOD = "two exact evaluations for each act, added up by period, less its cost"


def _loses(found: Returns) -> float:
    """Return in what share of the samples the net over one horizon is below zero; where it is certain, 0 or 1."""
    stage = found.stages[0]
    return float(stage.net < 0) if stage.loss is None else stage.loss


@local
def decide(
    subject: Subject,
    decision: Decision,
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
    samples: int | None = None,
    seed: int = 0,
) -> Decided:
    """Weigh acts against each other and against leaving all as it is: which is best, at which horizon, how sure.

    Each act is worth what its changes do to the outcome, less its cost, over one, two and three horizons. The samples
    of all acts are the same draws: what is uncertain in the tree, and lifts of the same metric, move all of them alike,
    and costs are independent of each other.

    Parameters
    ----------
    subject
        The tree.
    decision
        The acts, of which one at most is taken, each with its cost.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon, from the first one on, in which costs are paid: ``"FY27"``.
    scenario
        A scenario of the model file, held with each act and without any.
    basis
        How amounts count: as they come, or with ``"pv"`` discounted to today as the model's ``finance`` says. A cost is
        paid once, so that a run rate is refused.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Raises
    ------
    QuestionError
        When a cost is not in the outcome's unit, or two acts are the same.

    Examples
    --------
    >>> import impacttree as it
    >>> answer = it.template("saas").decide(it.Decision([
    ...     it.Act("engagement", "+5%", cost="$250k", label="Onboarding"),
    ...     it.Act("cost_to_serve", "-4%", cost="$150k", label="Cheaper hosting"),
    ... ]))
    >>> [round(stage.net, -3) for stage in answer.acts[1].returns.stages]
    [27000.0, 208000.0, 393000.0]
    """
    subject = subject.over(over, horizon).on_basis(basis)
    if not isinstance(decision, Decision):
        raise QuestionError(Problem(reason=f"{type(decision).__name__} is not a decision", fix=ACTS))
    held, outcome = Case.of(subject, None, horizon, scenario, samples, seed), subject.outcome(decision.on)
    cases = [held.asking(dict(act.changes)) for act in decision.acts]
    far = min(case.furthest.periods for case in cases)
    acts = tuple(
        _weighed(act, case, far, outcome, number)
        for number, (act, case) in enumerate(zip(decision.acts, cases, strict=True), 1)
    )
    _check_labels(acts)
    missing = next((why for act in acts for why in _mean_missing(act)), "")
    standings = tuple(_standing(acts, number, missing) for number in range(far // held.periods))
    drawn = next((len(act.returns.samples) for act in acts if act.returns.samples is not None), None)
    words = subject.words
    in_full = any(case.asked.in_full for case in cases)
    weights = tuple(one for case in cases for one in case.asked.weights or (None,))
    meant = words.basis(outcome.name, lifted=False, costed=True, in_full=in_full, weights=weights)
    warnings = dict.fromkeys(warning for case in cases for warning in case.warnings(outcome))
    method = METHOD if drawn is None else f"{METHOD}; ranges of {drawn:,} samples at scrambled Sobol points"
    return Decided(
        provenance=held.provenance(method, meant, drawn, None if drawn is None else seed),
        acts=acts,
        outcome=outcome.name,
        horizon=held.periods,
        standings=standings,
        mean_missing=missing,
        warnings=tuple(warnings),
        words=words,
    )


def _weighed(act: Act, case: Case, far: int, outcome: Metric, number: int) -> WeighedAct:
    found = returns(case.over(far), outcome, act.cost, case.periods, address=cost_address(number))
    changes = [case.words.changed(name, change) for name, change in case.asked.texts]
    return WeighedAct(
        label=act.label or joined(changes),
        moves=case.moves,
        returns=found,
        not_modelled=left_out(case, outcome, found.cost),
        by_year=case.by_year(outcome),
        breached=tuple(check for check in case.guardrails if not check.holds),
    )


def _check_labels(acts: Sequence[WeighedAct]) -> None:
    labels = [act.label for act in acts]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        reason = f"two acts are called '{printable(twice, 60)}'"
        raise QuestionError(Problem(reason=reason, fix="give each a `label` of its own"))


def _mean_missing(act: WeighedAct) -> Iterator[str]:
    return (stage.range.mean_missing for stage in act.returns.stages if stage.range and stage.range.mean_missing)


def _standing(acts: Sequence[WeighedAct], number: int, missing: str) -> Standing:
    """Return how acts stand at one horizon."""
    import numpy as np

    stages = [act.returns.stages[number] for act in acts]
    best = _greatest([stage.net for stage in stages])
    count = next((len(stage.samples) for stage in stages if stage.samples is not None), 0)
    nets = np.array(
        [np.full(count, s.net) if s.samples is None else s.samples.values for s in stages] + [np.zeros(count)]
    )
    nets = nets[:, np.isfinite(nets).all(axis=0)]
    if not nets.size:
        return Standing(stages[0].periods, best, best_on_average=best)
    wins = np.bincount(nets.argmax(axis=0), minlength=len(nets))
    shares = tuple(float(share) for share in wins / nets.shape[1])
    if missing:
        return Standing(stages[0].periods, best, shares, best)
    means = nets.mean(axis=1)
    evpi = max(float(nets.max(axis=0).mean() - means.max()), 0.0)
    on_average = _greatest(means[:-1].tolist())
    known = 0.0 if wins.max() == nets.shape[1] else evpi
    return Standing(stages[0].periods, best, shares, on_average, known)


def _greatest(nets: Sequence[float]) -> int | None:
    """Return the position of the greatest net; None where none is above zero."""
    position = max(range(len(nets)), key=lambda place: nets[place])
    return position if pays(nets[position]) else None
