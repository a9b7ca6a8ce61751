"""Which number should be measured next, and what may measuring it cost?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from impacttree.analyses.sensitivity import sensitivity_of
from impacttree.answers.asked import Basis, Changes
from impacttree.answers.case import Case
from impacttree.answers.cost import check_net, is_cost
from impacttree.answers.decision import WRITE, Decision
from impacttree.answers.local import local
from impacttree.answers.means import missing_mean
from impacttree.answers.number_names import label_of
from impacttree.answers.outlays import Outlay, payments, read_outlays
from impacttree.answers.ranges import missing_note
from impacttree.answers.result import Result, Scalar
from impacttree.answers.samples import Samples, percentage
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import STILL, Words, counted_noun, joined, sentence
from impacttree.errors import Problem, QuestionError, printable
from impacttree.graph.model import Metric, UncertainNumber
from impacttree.quantity import shown_parts, to
from impacttree.records import dataclass
from impacttree.views import Bar, Bars, Cell, Column, Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.information import Information
    from impacttree.engine.simulation import Job, Scramblings

__all__ = ["NumberWorth", "ValueOfInformation", "value_of_information"]

Choice = Literal["do it", "leave it", "either"]


@dataclass(frozen=True, slots=True)
class NumberWorth:
    """What it is worth to know one uncertain number before deciding."""

    address: str
    """``churn.engagement.slope``; ``decision.cost`` is what the decision costs."""
    label: str
    """``Monthly churn <- Weekly engagement, slope``"""
    evppi: float
    """Expected value of partial perfect information: the most that measuring it may cost."""
    error: float
    """Its standard error."""
    share: float
    """Of what it is worth to know every number; the shares need not add up to one."""
    stated: bool
    """False where the range follows from an evidence grade alone."""


@dataclass(frozen=True, repr=False)
class ValueOfInformation(Result):
    """What it is worth to know the numbers that a decision rests on.

    Attributes
    ----------
    decision : tuple of str
        What would be done.
    cost : str
        What it costs.
    is_closest : bool
        Whether no decision was given, so that the one that is hardest to make was taken.
    outcome : str
        The metric that it is done for.
    worth, expected : float or None
        Expected worth of doing it, before and after its cost; None where it has no mean.
    mean_missing : str
        Why it has none; the choice is then told by the median and the probability of a loss.
    median_worth, median : float
        Median worth of doing it, before and after its cost.
    probability_of_loss : float
        Share of the samples in which it is worth less than it costs.
    evpi, evpi_error : float or None
        Expected value of perfect information: of knowing every number before deciding; and its standard error. None
        where the worth has no mean.
    rows : tuple of NumberWorth
        The numbers, the one most worth measuring first; none where the worth has no mean.
    """

    decision: tuple[str, ...]
    cost: str
    is_closest: bool
    outcome: str
    horizon: int
    worth: float | None
    expected: float | None
    mean_missing: str
    median_worth: float
    median: float
    probability_of_loss: float
    evpi: float | None
    evpi_error: float | None
    rows: tuple[NumberWorth, ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def choice(self) -> Choice:
        """The better choice as long as nothing more is known."""
        net = self.median if self.expected is None else self.expected
        if net == 0:
            return "either"
        return "do it" if net > 0 else "leave it"

    @property
    def measure(self) -> NumberWorth | None:
        """The number to measure next; None when no single one is worth measuring."""
        return next(iter(self._shown), None)

    @property
    def title(self) -> str:
        """The sentence with the money."""
        return self.words.headed(self._sentence, self.outcome)

    @property
    def _sentence(self) -> str:
        measure = self.measure
        if self.evpi is None:
            return f"What measuring is worth to this decision cannot be said, no mean: {self.mean_missing}"
        if not self.rows:
            return f"Nothing to measure: no number that this decision rests on is uncertain ({self.choice})"
        if self.evpi == 0:
            same = "doing it and leaving it come to the same"
            better = {"do it": "doing it pays", "leave it": "leaving it is better", "either": same}[self.choice]
            return f"Nothing in this model can change the decision: {better} in all {self.provenance.samples:,} samples"
        if measure is None:
            all_of_them = f"knowing all of them is worth up to {self._amount(self.evpi)}"
            return f"No number by itself is worth measuring for this decision; {all_of_them}"
        worth = self._amount(measure.evppi)
        return f"Measure next: {measure.label}. Knowing it is worth up to {worth} to this decision"

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "number": row.address,
                "label": row.label,
                "evppi": row.evppi,
                "error": row.error,
                "share_of_evpi": row.share,
                "stated": row.stated,
                "unit": str(self.words.total_unit(self.outcome)),
            }
            for row in self.rows
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "decision": list(self.decision),
            "cost": self.cost,
            "is_closest": self.is_closest,
            "outcome": self.outcome,
            "unit": str(self.words.total_unit(self.outcome)),
            "worth": self.worth,
            "expected": self.expected,
            "mean_missing": self.mean_missing or None,
            "median_worth": self.median_worth,
            "median": self.median,
            "probability_of_loss": self.probability_of_loss,
            "choice": self.choice,
            "evpi": self.evpi,
            "evpi_error": self.evpi_error,
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        columns = (
            Column("Number"),
            Column("Worth of knowing it", "right"),
            Column("Of knowing all", "right"),
            Column("Range"),
        )
        title = self.words.headed(self.provenance.told(self._sentence), self.outcome)
        return Table(title, columns, tuple(map(self._cells, self._shown)), tuple(self._notes()))

    @property
    def _shown(self) -> tuple[NumberWorth, ...]:
        return tuple(row for row in self.rows if _matters(row) and row.share >= SMALL)[:MOST_ROWS]

    def _cells(self, row: NumberWorth) -> tuple[Cell, ...]:
        return (
            Cell(row.label, row.address),
            Cell(self._amount(row.evppi, row.error), row.evppi),
            Cell(percentage(row.share), row.share),
            Cell("stated" if row.stated else "from its grade"),
        )

    def _notes(self) -> Iterator[str]:
        yield self._asked
        yield self._today
        known = ""
        if self.evpi:
            known = self._amount(self.evpi, self.evpi_error or 0.0)
            yield f"Knowing every number before deciding is worth {known} (EVPI): no measurement is worth more."
        rest = [row for row in self.rows if row not in self._shown]
        if rest and self.evpi:
            most = self._amount(max(NEGLIGIBLE * self.evpi, *(row.evppi + row.error for row in rest)))
            numbers = f"{len(rest)} {'more ' if self._shown else ''}number{'s' if len(rest) > 1 else ''}"
            yield f"{numbers}: knowing {'any one of them' if len(rest) > 1 else 'it'} is worth less than {most}."
        if any(not row.stated for row in self._shown):
            yield "From its grade: no range is stated, so it is the one that the grade of the evidence stands for."
        yield from map(sentence, self.warnings)
        if any("±" in cell.text for row in self._shown for cell in self._cells(row)) or "±" in known:
            yield "± one standard error, where it reaches the last digit shown."
        if len(self._shown) > 1:
            yield "Numbers overlap, so their shares need not add up to 100%."
        provenance = self.provenance
        by = "By regression on" if self.rows else "Of"
        yield f"{by} {provenance.samples:,} samples, seed {provenance.seed}."
        yield f"Basis: {provenance.basis}."

    @property
    def _asked(self) -> str:
        done = joined(self.decision)
        if not self.is_closest:
            return f"Decision: {done}, at a cost of {self.cost}, or not."
        which, worth = ("median", self.median_worth) if self.worth is None else ("expected", self.worth)
        weighed = f"a cost of its {which} worth, {self.cost}" if worth > 0 else "no cost"
        return (
            "No decision was given. Taken is the lever with most at stake, where the choice is closest: "
            f"{done}, at {weighed}."
        )

    @property
    def _today(self) -> str:
        words, name, plural = self.words, self.outcome, len(self.decision) > 1
        worth, net = (self.median_worth, self.median) if self.worth is None else (self.worth, self.expected or 0.0)
        change = worth if words.graph[name].spec.better == "higher" else -worth
        effect = f"{'they' if plural else 'it'} {words.effect(name, 0.0, change, plural=plural)}"
        apart = self._amount(abs(net))
        against = {
            "do it": f"{apart} more than the cost",
            "leave it": f"{apart} less than the cost",
            "either": "as much as the cost",
        }[self.choice]
        lost = self.probability_of_loss
        certain = {0.0: "no sample makes a loss", 1.0: "every sample makes a loss"}
        return (
            f"As things stand: {self.choice if self.choice != 'either' else 'a toss-up'}. "
            f"{'On average' if self.worth is not None else 'In the median'} {effect} "
            f"{words.over(name, self.horizon)}, {against}; "
            f"{certain.get(lost) or f'the chance of a loss is {percentage(lost)}'}."
        )

    def _amount(self, amount: float, error: float = 0.0) -> str:
        """Write an amount of the outcome, and its standard error to the same step where it is as large as one."""
        words, unit = self.words, self.words.unit(self.outcome)
        texts = [words.unsigned(self.outcome, amount)]
        if amount and (beside := round(error, 2 - int(f"{amount:e}".split("e")[1]))):
            rounded = float(f"{amount:.2e}")
            (shown, off, _), _ = shown_parts([rounded, beside, -beside], rounded, unit, currency=words.currency)
            texts = [shown.removeprefix("+"), off.removeprefix("+")]
        return f"{' ± '.join(texts)} {counted_noun(unit)}".rstrip()

    def picture(self) -> Bars:
        """Return what knowing each number is worth, as bars."""
        bars = tuple(
            Bar(row.label, 0.0, row.evppi, "", self._amount(row.evppi, row.error), "neutral", "neutral")
            for row in self._shown
        )
        subtitle = "The most that measuring each number may cost, before the decision below"
        notes = (self._asked, self._today, f"Basis: {self.provenance.basis}.")
        return Bars(self.title, subtitle, 0.0, self._amount(0.0), bars, notes)


MOST_ROWS = 12
SMALL = 0.005
"""Share of the EVPI below which a number stands in the note on the rest."""
NEGLIGIBLE = 0.001
"""Share of the EVPI below which nobody asks how little it is."""
MOST_SAMPLES = 2**20
METHOD = (
    "net benefit in samples with and without the decision on the same draws, of 16 independent scramblings; "
    "worth of knowing one number by regression "
    "on it (restricted cubic spline of 7 knots over its ranks; of few values, the mean of each)"
)


def _matters(row: NumberWorth) -> bool:
    """Return whether knowing a number is worth more than its estimate may be off by chance."""
    return row.evppi > 2 * row.error


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A decision as it was understood."""

    outcome: Metric
    case: Case
    outlays: tuple[Outlay, ...] | None
    """None where it is the expected worth."""

    @property
    def uncertain_cost(self) -> tuple[UncertainNumber, ...]:
        """The cost, where it is uncertain."""
        return tuple(number for one in self.outlays or () for number in one.uncertain(self.outcome))


@local
def value_of_information(
    subject: Subject,
    decision: Decision | None = None,
    samples: int = 2**14,
    seed: int = 0,
    *,
    changes: Changes | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> ValueOfInformation:
    """Compute what it is worth to know the numbers that a decision rests on, each by itself and all together.

    Doing it is worth what the changes are worth over the horizon, less the cost; leaving it is worth nothing. Where
    two uncertain numbers are correlated, the worth of knowing one includes what it tells about the other. Formulas and
    sources stand in `impacttree.engine.information`.

    Parameters
    ----------
    subject
        The tree.
    decision
        What may be done, and its cost. By default the lever with most at stake (`sensitivity`) is moved to its
        favourable end at a cost equal to its expected worth: there the choice is closest, and knowing more worth most.
    samples
        From 200 to 2**20; powers of two are spread best.
    seed
        The same seed gives the same samples.
    changes
        What is done, by metric, whether the decision is taken or not.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held whether the decision is taken or not.
    basis
        How amounts count: as they come, or with ``"pv"`` discounted to today as the model's ``finance`` says. A cost is
        paid once, so that a run rate is refused.

    Raises
    ------
    QuestionError
        When the decision has no cost in the outcome's unit, or none is given and no metric says what is plausible.
    ChangeError
        When a change does not fit its metric.

    Examples
    --------
    >>> import impacttree as it
    >>> decision = it.Decision("engagement", "+1%", cost="$15k")
    >>> answer = it.template("saas").value_of_information(decision)
    >>> answer.measure.label, answer.choice
    ('Monthly churn <- Weekly engagement, slope', 'do it')
    """
    subject = subject.over(over, horizon).on_basis(basis)
    import numpy as np

    from impacttree.engine.information import SCRAMBLINGS, Information
    from impacttree.engine.simulation import Job, Scramblings, Wanted

    _check_samples(samples)
    held = Case.of(subject, None, horizon, scenario, beside=changes)
    check_net(held)
    weighed = _closest(held) if decision is None else _understood(held, decision)
    case, outcome, slot = weighed.case, weighed.outcome, weighed.outcome.index
    job = Job.of(
        subject.model,
        case.periods,
        Wanted(totals=(slot,)),
        seed=seed,
        runs=(case.held.drawn(subject.graph), case.together.drawn(subject.graph)),
        extra=(*case.together.uncertain(subject.graph), *weighed.uncertain_cost),
    )
    nets = Scramblings(job, samples, SCRAMBLINGS)
    before, after = nets.simulate()
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    worth = Samples(sign * (after.totals[slot] - before.totals[slot]))
    there = _there(worth)
    missing, words = missing_mean(subject.words, job, slot, worth.values, draw=nets.draw), subject.words
    cost = _costs(nets, weighed, worth.quantile(0.5) if missing else worth.mean, samples)
    net = worth.present - cost[there]
    rounding = STILL * float(np.abs(net).max() + cost.max())
    net[np.abs(net) <= rounding] = 0.0
    expected, median = float(net.mean()), float(np.median(net))
    information = None if missing else Information(net, _sizes(nets, there))
    correlated = tuple(address for group in subject.correlated(job.drawn) for address in group)
    rows = _rows(subject, job, nets, information, there, correlated) if information is not None else []
    told = words.basis(outcome.name, lifted=False, costed=True, weights=case.asked.weights)
    meant = f"{words.horizon(outcome.name, case.periods)}; {told}"
    return ValueOfInformation(
        provenance=case.provenance(METHOD, meant, samples, seed),
        decision=tuple(move.text for move in case.moves),
        cost=_taken(words, outcome, float(cost[0]))
        if weighed.outlays is None
        else joined([printable(one.text) for one in weighed.outlays]),
        is_closest=decision is None,
        outcome=outcome.name,
        horizon=case.periods,
        worth=None if missing else worth.mean,
        expected=None if missing else expected if abs(expected) > rounding else 0.0,
        mean_missing=missing,
        median_worth=worth.quantile(0.5),
        median=median if abs(median) > rounding else 0.0,
        probability_of_loss=float((net < 0).mean()),
        evpi=information.of_all.value if information is not None else None,
        evpi_error=information.of_all.error if information is not None else None,
        rows=tuple(sorted(rows, key=lambda row: (-row.evppi, row.address))),
        warnings=(
            *case.warnings(outcome),
            *missing_note(words, (before, after), samples, worth.missing),
            *_correlation_note(subject, correlated),
        ),
        words=words,
    )


def _rows(
    subject: Subject,
    job: Job,
    nets: Scramblings,
    information: Information,
    there: npt.NDArray[np.bool_],
    correlated: Sequence[str],
) -> list[NumberWorth]:
    """Return what knowing each number is worth."""
    found = information.of_each(job.drawn, lambda number: nets.draw(number)[there], correlated)
    stated = {one.address: one.stated for one in job.sampler.inputs}
    return [
        NumberWorth(
            address=number,
            label="Cost of the decision" if is_cost(number) else label_of(subject.graph, number),
            evppi=found[number].value,
            error=found[number].error,
            share=found[number].value / information.of_all.value if found[number].value else 0.0,
            stated=stated[number],
        )
        for number in job.drawn
    ]


def _taken(words: Words, outcome: Metric, cost: float) -> str:
    """Write a cost that was not stated."""
    return f"{words.unsigned(outcome.name, cost)} {counted_noun(outcome.unit)}".rstrip()


def _check_samples(samples: int) -> None:
    from impacttree.engine.information import LEAST

    if isinstance(samples, bool) or not isinstance(samples, int) or not LEAST <= samples <= MOST_SAMPLES:
        fix = f"give a whole number from {LEAST} to {MOST_SAMPLES:_}"
        raise QuestionError(Problem(reason=f"samples is {printable(repr(samples), 40)}", fix=fix))


def _closest(held: Case) -> _Weighed:
    """Return the lever whose plausible move is worth most, at a cost that is yet to be found."""
    outcome = held.subject.outcome()
    found = sensitivity_of(held, outcome)
    for row in found.rows:
        if row.plausible and held.words.tone(found.outcome, row.plausible_worth or 0.0) == "favourable":
            return _Weighed(outcome, held.asking({row.metric: to(row.plausible[1])}), None)
    reason = "no metric states what is plausible for it, so there is no lever to decide about"
    raise QuestionError(Problem(reason=reason, fix=f"add `plausible:` to a metric, or {WRITE}"))


def _understood(held: Case, decision: object) -> _Weighed:
    if not isinstance(decision, Decision):
        shown = type(decision).__name__
        raise QuestionError(Problem(reason=f"{shown} is not a decision", fix=WRITE))
    if len(decision.acts) > 1:
        fix = "give a decision of one act; `decide` weighs several, and says what knowing every number is worth"
        raise QuestionError(Problem(reason="which number to measure is asked of one act at a time", fix=fix))
    act, outcome = decision.acts[0], held.subject.outcome(decision.on)
    case = held.asking(dict(act.changes))
    return _Weighed(outcome, case, read_outlays(case, outcome, act.cost))


def _there(worth: Samples) -> npt.NDArray[np.bool_]:
    """Return which samples have a value.

    Raises
    ------
    QuestionError
        When they are too few.
    """
    import numpy as np

    from impacttree.engine.information import LEAST

    there: npt.NDArray[np.bool_] = np.isfinite(worth.values)
    if there.sum() < LEAST:
        reason = f"only {there.sum():,} of {len(worth):,} samples have a value"
        fix = "ask for more samples, or narrow the ranges that leave formulas without a value"
        raise QuestionError(Problem(reason=reason, fix=fix))
    return there


def _sizes(nets: Scramblings, there: npt.NDArray[np.bool_]) -> list[int]:
    """Return how many samples of each net have a value."""
    ends = list(accumulate(nets.sizes, initial=0))
    return [int(there[first:last].sum()) for first, last in pairwise(ends)]


def _costs(nets: Scramblings, weighed: _Weighed, worth: float, samples: int) -> npt.NDArray[np.float64]:
    """Return what doing it costs in each sample: where no cost is stated, its worth."""
    import numpy as np

    if weighed.outlays is None:
        return np.full(samples, max(worth, 0.0))
    drawn = [nets.draw(one.address) if one.cost.spread is not None else one.amount for one in weighed.outlays]
    whole: npt.NDArray[np.float64] = np.zeros(samples)
    for paid in payments(weighed.case, weighed.outlays, drawn):
        whole = whole + paid
    return whole


def _correlation_note(subject: Subject, correlated: Sequence[str]) -> Iterator[str]:
    if correlated:
        together = joined([label_of(subject.graph, address) for address in correlated])
        yield f"{together} are correlated: knowing one also tells of the others, which its worth includes"
