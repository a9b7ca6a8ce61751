"""What drives the spread of an outcome: which uncertain number moves it most, alone and with others?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from impacttree.answers.asked import Basis, Changes, Move
from impacttree.answers.case import Case
from impacttree.answers.local import local
from impacttree.answers.means import missing_mean
from impacttree.answers.number_names import label_of
from impacttree.answers.ranges import no_mean
from impacttree.answers.result import ChartResult, Result, Scalar
from impacttree.answers.samples import Range, Samples, percentage
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import STILL, Words, joined, lowered, sentence
from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.quantity.changes import at
from impacttree.records import dataclass
from impacttree.spec.address import Address
from impacttree.views import Bar, Bars, Cell, Column, Table
from impacttree.views.slides import Slide

if TYPE_CHECKING:
    from impacttree.engine.indices import Index
    from impacttree.engine.sampling import Sampler, Uncertain

__all__ = ["Share", "Uncertainty", "UncertaintyRow", "uncertainty"]

MOST_SAMPLES = 2**17
MOST_INDICES = 40
"""Factors, widest swings first, whose indices are computed; each takes as many evaluations as there are samples."""
MOST_BARS = 100
"""Rows of a tornado."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the outcome's variance, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class UncertaintyRow:
    """What one uncertain number does to the spread of the outcome."""

    address: str
    """``churn.nps.slope``"""
    label: str
    low: float
    """The number's P10, in base units."""
    high: float
    """Its P90."""
    span: str
    """Both as text."""
    outcome_low: float | None
    """The outcome with the number at its P10 and all others at their stated points; None where it has no value."""
    outcome_high: float | None
    """The same at its P90."""
    first: Share | None
    """Share of the variance that the number makes alone; None where it was not computed."""
    total: Share | None
    """The same with all interactions that it takes part in."""
    with_others: tuple[str, ...]
    """Addresses correlated with it, which share its indices."""
    stated: bool
    """False where its range follows from an evidence grade alone."""

    @property
    def swing(self) -> float:
        """How far apart the outcome is between P10 and P90; 0 where it has no value."""
        if self.outcome_low is None or self.outcome_high is None:
            return 0.0
        return abs(self.outcome_high - self.outcome_low)


@dataclass(frozen=True, repr=False)
class Uncertainty(Result):
    """What drives the spread of an outcome.

    Attributes
    ----------
    moves : tuple of Move
        What was changed; where anything was, figures are those of what that does to the outcome.
    outcome : str
        The metric.
    central : float
        The outcome, or its change, over the horizon with every number at its stated point.
    range : Range or None
        Of the same over the samples; None where no sample has a value.
    rows : tuple of UncertaintyRow
        Uncertain numbers that the outcome rests on, widest swing first.
    warnings : tuple of str
        Of the base case: extrapolated effects, and values outside bounds.
    """

    moves: tuple[Move, ...]
    outcome: str
    horizon: int
    central: float
    range: Range | None
    rows: tuple[UncertaintyRow, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    def __getitem__(self, address: str) -> UncertaintyRow:
        known = {row.address: row for row in self.rows}
        if address not in known:
            reason = f"'{printable(str(address), 80)}' is not one of the uncertain numbers that move {self.outcome}"
            raise QuestionError(
                Problem(reason=reason + nearest(str(address), known), fix="see the rows of this answer")
            )
        return known[address]

    @property
    def title(self) -> str:
        words, name = self.words, self.outcome
        label = lowered(words.titled(name))
        done = f"what {joined([words.changed(move.metric, move.change) for move in self.moves])} does to "
        what = f"{done if self.moves else ''}{label}"
        if not self.rows:
            return words.headed(self.provenance.told(f"Nothing uncertain moves {what}"), name)
        title = f"What drives the spread of {what} {words.over(name, self.horizon)}"
        return words.headed(self.provenance.told(title), name)

    def _told(self, amount: float) -> str:
        """Write the outcome, or its change where something was changed."""
        return self.words.signed(self.outcome, amount) if self.moves else self.words.value(self.outcome, amount)

    def _spread_texts(self, low: float, high: float, *others: float) -> tuple[str, ...]:
        """Write the ends of its spread, and others of its values."""
        write = self.words.changes_apart if self.moves else self.words.spread
        return write(self.outcome, low, high, *others)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "address": row.address,
                "label": row.label,
                "p10": row.low,
                "p90": row.high,
                "outcome_at_p10": row.outcome_low,
                "outcome_at_p90": row.outcome_high,
                "swing": row.swing,
                "unit": str(self.words.total_unit(self.outcome)),
                **_columns("first", row.first),
                **_columns("total", row.total),
                "correlated_with": ", ".join(row.with_others),
                "stated": row.stated,
            }
            for row in self.rows
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "changes": {move.metric: move.change for move in self.moves},
            "outcome": self.outcome,
            "central": self.central,
            "range": self.range and self.range.as_dict(),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def view(self) -> Table:
        label = self.words.titled(self.outcome)
        columns = (
            Column("Uncertain number"),
            Column("P10 to P90"),
            Column("At P10", "right"),
            Column("At P90", "right"),
            Column("Share of spread", "right"),
            Column("With interactions", "right"),
        )
        notes = []
        if self.range is not None and self.range.mean is None:
            notes.append(f"No shares of spread, {no_mean(self.range)}.")
        if self.rows:
            what = f"the change of {lowered(label)}" if self.moves else label
            notes.append(f"At P10, at P90: {what} with that number there and all others at their stated points.")
            notes.append(
                "Share of spread: of the variance, alone (first order) and with interactions (total), "
                "with its 95% interval."
            )
        notes = [*self._spread(), *notes, *self.notes, *map(sentence, self.warnings), *self._drawn()]
        return Table(self.title, columns, tuple(map(self._cells, self.rows)), tuple(notes))

    def _spread(self) -> Iterator[str]:
        if self.range is None or not self.rows:
            return
        words, name, found = self.words, self.outcome, self.range
        low, high, middle = self._spread_texts(found.p10, found.p90, found.p50)
        label = f"Change of {lowered(words.titled(name))}" if self.moves else words.titled(name)
        yield f"{label} {words.over(name, self.horizon)}: {low} to {high} (P10 to P90), P50 {middle}."

    def _drawn(self) -> Iterator[str]:
        """Yield what the figures were drawn from, and what they mean."""
        provenance = self.provenance
        if self.rows:
            yield f"{provenance.samples:,} samples for each index, seed {provenance.seed}."
        if provenance.basis:
            yield f"Basis: {provenance.basis}."

    def _cells(self, row: UncertaintyRow) -> tuple[Cell, ...]:
        low, high = self._ends(row)
        return (
            Cell(row.label + " *" * (not row.stated), row.address),
            Cell(row.span),
            low,
            high,
            Cell(share_text(row.first) + " ~" * bool(row.with_others), row.first.value if row.first else None),
            Cell(share_text(row.total), row.total.value if row.total else None),
        )

    def _ends(self, row: UncertaintyRow) -> tuple[Cell, Cell]:
        """Return the cells of the outcome at both ends of a number."""
        words, name, ends = self.words, self.outcome, (row.outcome_low, row.outcome_high)
        low, high = (self.central if end is None else end for end in ends)
        texts = zip(ends, self._spread_texts(low, high), strict=True)
        first, second = (
            Cell("no value") if end is None else Cell(text, end, words.tone(name, end - self.central))
            for end, text in texts
        )
        return first, second

    def tornado(self) -> ChartResult:
        """Return the swings as a tornado around the outcome as stated, coloured by better and worse."""
        bars = self.picture()
        rows = tuple((bar.label, bar.low, bar.high) for bar in bars.bars)
        return ChartResult(self.provenance, bars, ("number", "outcome_at_p10", "outcome_at_p90"), rows)

    def picture(self) -> Bars:
        words, name = self.words, self.outcome
        valued = [row for row in self.rows if row.outcome_low is not None and row.outcome_high is not None]
        groups: dict[tuple[str, ...], UncertaintyRow] = {}
        for row in valued:  # widest first, so that the widest stands for its group
            groups.setdefault(tuple(sorted((row.address, *row.with_others))), row)
        bars = tuple(map(self._bar, list(groups.values())[:MOST_BARS]))
        subtitle = f"{words.heading(name, self.horizon)}; each number alone from its P10 to its P90"
        notes = (*self._spread(), *self._left_out(valued, len(groups)), *self.notes, *self._drawn())
        base = self._told(self.central)
        return Bars(self.title, subtitle, self.central, base, bars, notes, "of spread" if bars else "")

    def slides(self) -> tuple[Slide, ...]:
        picture, words = self.picture(), self.words
        told = self.title
        if picture.bars:
            first, label = picture.bars[0], lowered(words.titled(self.outcome))
            does = "what the change does to " if self.moves else ""
            told = words.headed(
                self.provenance.told(f"{first.label} moves {does}{label} most: {first.low_text} to {first.high_text}"),
                self.outcome,
            )
        return (*self.slide(picture, told), *self.slide(self.view()))

    def _left_out(self, valued: Sequence[UncertaintyRow], groups: int) -> Iterator[str]:
        """Say which rows of the table have no bar of their own, and why."""
        if groups < len(valued):
            yield "Correlated numbers share a row: the bar is that of the one with the widest swing, the share of all."
        if groups > MOST_BARS:
            yield f"{groups - MOST_BARS} more, with a smaller swing, stand in the table."
        without = [row.label for row in self.rows if row not in valued]
        if without:
            yield f"Not drawn, since the outcome has no value there: {joined(without)}."

    def _bar(self, row: UncertaintyRow) -> Bar:
        words, name = self.words, self.outcome
        assert row.outcome_low is not None
        assert row.outcome_high is not None
        ends = (row.outcome_low, row.outcome_high)
        low_text, high_text = self._spread_texts(*ends)
        low_tone, high_tone = (words.tone(name, end - self.central) for end in ends)
        beside = [other.label for other in self.rows if other.address in row.with_others]
        shared = f" (correlated with {joined(beside)})" if beside else ""
        label = f"{row.label}, {row.span}" + " *" * (not row.stated) + shared
        return Bar(label, *ends, low_text, high_text, low_tone, high_tone, share_text(row.first))


def share_text(share: Share | None) -> str:
    """Write ``38% (36% to 40%)``; an index that is zero but for its error is under 1%."""
    if share is None:
        return ""
    value, low, high = (min(max(number, 0.0), 1.0) for number in (share.value, share.low, share.high))
    if value < 0.01 and high < 0.02:
        return "under 1%"
    return f"{value:.0%} ({low:.0%} to {high:.0%})"


def _columns(kind: str, share: Share | None) -> dict[str, Scalar]:
    return {
        kind: share.value if share else None,
        f"{kind}_low": share.low if share else None,
        f"{kind}_high": share.high if share else None,
    }


@local
def uncertainty(
    subject: Subject,
    on: str | None = None,
    samples: int = 2**13,
    seed: int = 0,
    *,
    changes: Changes | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> Uncertainty:
    """Find which uncertain numbers drive the spread of an outcome.

    Two readings side by side. The swing moves one number from its P10 to its P90 with all others at their stated
    points. The Sobol indices (I. M. Sobol', "Sensitivity estimates for nonlinear mathematical models", 1993) share out
    the variance over all samples: first-order what a number makes alone, total what it makes with all others. Numbers
    that the model correlates have no indices of their own: the whole group that hangs together has one.

    Parameters
    ----------
    subject
        The tree.
    on
        The outcome; by default the tree's.
    samples
        Base points; the indices of k numbers take k + 2 times as many evaluations.
    seed
        Of the draws.
    changes
        What is done, by metric: the answer is then about the spread of what that does to the outcome.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held in every run.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    QuestionError
        When the metric does not exist, or the number of samples is out of range.

    Examples
    --------
    >>> import impacttree as it
    >>> it.template("saas").uncertainty(samples=2**10).rows[0].address
    'arpu.value'
    """
    subject = subject.over(over, horizon).on_basis(basis)
    from impacttree.engine.indices import indices_of, sample_factors, swings
    from impacttree.engine.sampling import Sampler
    from impacttree.engine.simulation import Job, Wanted
    from impacttree.render.progress import progress

    outcome = subject.outcome(on)
    if isinstance(samples, bool) or not isinstance(samples, int) or not 2 <= samples <= MOST_SAMPLES:
        raise QuestionError(f"indices take 2 to {MOST_SAMPLES:_} samples, not {samples!r}")
    case = Case.of(subject, changes, horizon, scenario)
    slot, graph = outcome.index, subject.graph
    runs = (case.held.drawn(graph), *([case.together.drawn(graph)] if case.asked.recipes else []))
    extra = case.together.uncertain(graph)
    job = Job.of(subject.model, case.periods, Wanted(totals=(slot,)), seed=seed, runs=runs, extra=extra)
    sampler = Sampler(subject.model, seed=seed, copies=2, extra=extra)
    central = case.change(outcome) if case.asked.recipes else case.before[slot]
    size = case.sizes[slot]
    swung = {
        address: (_settled(low, size), _settled(high, size))
        for address, (low, high) in swings(job, sampler, slot).items()
    }
    factors = _factors(subject, swung)
    measured = factors[:MOST_INDICES]
    with progress("sharing out the spread") as report:
        outputs = sample_factors(job, sampler, slot, measured, samples, report) if measured else None
    both = None if outputs is None else Samples(outputs.a)
    why = missing_mean(subject.words, job, slot, both.values) if both is not None else ""
    found = indices_of(outputs, size) if outputs is not None and not why else None
    indices = dict(zip(measured, found, strict=True)) if found else {}
    rows = _rows(case, sampler, swung, factors, indices)
    told = subject.words.basis(outcome.name, lifted=len(case.moves) == 1, weights=case.asked.weights)
    meant = told if case.asked.recipes else subject.words.meant(outcome.name)
    method = "swings by exact evaluation; Sobol indices (Saltelli 2010, Jansen 1999) with 95 % intervals"
    return Uncertainty(
        provenance=case.provenance(method, meant, samples, seed),
        moves=case.moves,
        outcome=outcome.name,
        horizon=case.periods,
        central=central,
        range=both.range(size, mean_missing=why) if both is not None and both.missing < samples else None,
        rows=rows,
        notes=tuple(_notes(subject, rows, both, len(factors) - len(measured))),
        warnings=case.warnings(shown=(outcome,)),
        words=subject.words,
    )


def _settled(value: float, size: float) -> float:
    """Return zero for what rounding leaves of it beside what it is made of."""
    return 0.0 if abs(value) <= STILL * size else value


def _factors(subject: Subject, swung: Mapping[str, tuple[float, float]]) -> list[tuple[str, ...]]:
    """Return the factors of the indices, widest swing first: single numbers, and groups that are correlated.

    What the outcome does not rest on takes no part: the others vary together as they do without it.
    """
    groups = {address: group for group in subject.correlated(swung) for address in group}
    factors = dict.fromkeys(groups.get(address, (address,)) for address in swung)

    def widest(factor: tuple[str, ...]) -> float:
        spans = (abs(high - low) for low, high in (swung[address] for address in factor))
        return max((span for span in spans if math.isfinite(span)), default=0.0)

    return sorted(factors, key=lambda factor: (-widest(factor), factor))


def _rows(
    case: Case,
    sampler: Sampler,
    swung: Mapping[str, tuple[float, float]],
    factors: Sequence[tuple[str, ...]],
    indices: Mapping[tuple[str, ...], Index],
) -> tuple[UncertaintyRow, ...]:
    factor_of = {address: factor for factor in factors for address in factor}
    known = {one.address: one for one in sampler.inputs}
    rows = [
        _row(case, known[address], ends, factor_of[address], indices.get(factor_of[address]))
        for address, ends in swung.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.swing, row.address)))


def _row(
    case: Case, one: Uncertain, ends: tuple[float, float], factor: tuple[str, ...], index: Index | None
) -> UncertaintyRow:
    import numpy as np

    low, high = map(float, one.distribution.quantile(np.array([0.1, 0.9])))
    outcome_low, outcome_high = (end if math.isfinite(end) else None for end in ends)
    return UncertaintyRow(
        address=one.address,
        label=label_of(case.subject.graph, one.address),
        low=low,
        high=high,
        span=_span(case, one, low, high),
        outcome_low=outcome_low,
        outcome_high=outcome_high,
        first=Share(*index.first) if index is not None else None,
        total=Share(*index.total) if index is not None else None,
        with_others=tuple(address for address in factor if address != one.address),
        stated=one.stated,
    )


def _span(case: Case, one: Uncertain, low: float, high: float) -> str:
    """Write P10 to P90 of a number: of a value in its unit, of an effect as multiples of its stated strength."""
    lift = case.together.uncertain_changes(case.subject.graph).get(one.address)
    if lift is not None:
        return " to ".join(case.words.change(one.metric, at(lift, float(f"{end:.9g}"))) for end in (low, high))
    if Address.parse(one.address).source is None:
        return " to ".join(case.words.apart(one.metric, low, high))
    centre = one.distribution.central
    if centre == 0:
        return f"{low:.3g} to {high:.3g}"
    near, far = (f"{abs(end) if abs(end) < 0.005 else end:.2f}" for end in sorted((low / centre, high / centre)))
    return f"{near} to {far} times"


def _notes(subject: Subject, rows: Sequence[UncertaintyRow], both: Samples | None, left: int) -> Iterator[str]:
    if any(Address.parse(row.address).source and not row.swing for row in rows):
        yield "An assumed effect moves nothing while what drives it stays as stated: it counts with interactions."
    if any(not row.stated for row in rows):
        yield "* range from the evidence grade alone."
    grouped = list(dict.fromkeys(frozenset((row.address, *row.with_others)) for row in rows if row.with_others))
    if grouped:
        listed = "; ".join(joined([label_of(subject.graph, address) for address in sorted(group)]) for group in grouped)
        yield (
            f"~ correlated: {listed}. Their indices are those of the group together, which shares out no further: "
            "alone, a correlated number has no part of the variance of its own."
        )
    if left:
        yield f"{left} factor{'s' * (left != 1)} with the smallest swings {'have' if left > 1 else 'has'} no indices."
    if both is not None and both.missing:
        yield f"{percentage(both.missing / len(both))} of the samples have no value and are left out."
