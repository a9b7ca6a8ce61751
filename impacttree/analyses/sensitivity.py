"""Which metric moves the outcome most: per percent, and by a plausible move?"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice
from typing import Any, Literal

from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.answers.cautions import extrapolations
from impacttree.answers.corners import bottlenecks
from impacttree.answers.direction import better_ways
from impacttree.answers.local import local
from impacttree.answers.result import ChartResult, Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, joined, lowered, sentence
from impacttree.errors import EvaluationError, Problem, QuestionError, nearest, printable
from impacttree.graph.model import Metric
from impacttree.quantity import Intervention
from impacttree.records import dataclass
from impacttree.spec.models import Better
from impacttree.views import Bar, Bars, Cell, Column, Table
from impacttree.views.slides import Slide

__all__ = ["Sensitivity", "SensitivityRow", "sensitivity", "sensitivity_of"]


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One metric's pull on the outcome."""

    metric: str
    label: str
    value: float
    elasticity: float | None
    """Percent change of the outcome per percent of the metric held from period 1; None where either is zero."""
    percent: Literal["+1%", "-1%"]
    """One percent in the direction that is better: as stated, else by the sign of the outcome's slope."""
    worth: float | None
    """Of that one percent; None where a relative change is undefined (a value of zero or below) or out of bounds."""
    plausible: tuple[float, float] | None
    """From today to the favourable end of what is plausible; None when the model states none."""
    plausible_worth: float | None
    at_corner: bool
    """Whether the outcome bends at today's value (a kink): the elasticity is that of the side taken."""
    extrapolated: bool
    """Whether the plausible move leaves the range in which an assumed effect was seen, or a formula has points."""
    rank: int | None
    """By the size of the plausible move's worth, among levers or among spend; None when unranked."""
    is_spend: bool = False
    """Whether it is a budget: stated money per period that is better lower."""
    later: float | None = None
    """What the plausible move, else one percent, is worth over `Sensitivity.later` periods."""
    later_rank: int | None = None
    """By the size of that."""
    overtakes: bool = False
    """Whether it is one of the fewest metrics that change their place between both rankings."""
    left_out: str = ""
    """Why one percent has no worth: ``value is zero``, ``out of bounds``, ``no value``; empty where it has one."""
    no_value: str = ""
    """Why the tree has no value after a move of the metric: ``Result: division by zero in month 3``."""

    @property
    def main(self) -> float | None:
        """What ranks it over the horizon: worth of the plausible move, else of one percent."""
        return self.worth if self.plausible is None else self.plausible_worth

    @property
    def turns(self) -> bool:
        """Whether over the longer horizon its worth has another sign."""
        return (self.main or 0.0) * (self.later or 0.0) < 0


@dataclass(frozen=True, repr=False)
class Sensitivity(Result):
    """Every metric's pull on one outcome, ranked by what a plausible move is worth.

    Attributes
    ----------
    outcome : str
        The metric that was moved.
    later : int
        The longer horizon that moves are told over as well: three times `horizon`, where the tree has values so far.
    rows : tuple of SensitivityRow
        Levers, then spend; of each the ranked ones first, then the rest by the worth of one percent.
    """

    outcome: str
    horizon: int
    later: int
    total: float
    """The outcome over the horizon."""
    rows: tuple[SensitivityRow, ...]
    kinks: tuple[str, ...]
    """Where a limit binds: elasticities are those of the side that does."""
    warnings: tuple[str, ...]
    """Of the base case: extrapolated effects, and values outside bounds."""
    words: Words = field(compare=False)

    def __getitem__(self, name: str) -> SensitivityRow:
        known = {row.metric: row for row in self.rows}
        if name not in known:
            reason = f"'{printable(str(name), 80)}' is not one of the metrics that move {self.outcome}"
            raise QuestionError(Problem(reason=reason + nearest(str(name), known), fix="see the rows of this answer"))
        return known[name]

    @property
    def is_ranked(self) -> bool:
        """Whether any metric states what is plausible; else rows stand in the order of the worth of 1 %."""
        return any(row.rank is not None for row in self.rows)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": row.metric,
                "label": row.label,
                "value": row.value,
                "unit": str(self.words.unit(row.metric)),
                "elasticity": row.elasticity,
                "at_corner": row.at_corner,
                "percent": row.percent,
                "worth_of_percent": row.worth,
                "plausible_to": row.plausible[1] if row.plausible else None,
                "worth_of_plausible": row.plausible_worth,
                "worth_unit": str(self.words.total_unit(self.outcome)),
                "extrapolated": row.extrapolated,
                "rank": row.rank,
                "is_spend": row.is_spend,
                "worth_later": row.later,
                "rank_later": row.later_rank,
                "overtakes": row.overtakes,
                "turns": row.turns,
                "percent_left_out": row.left_out or None,
            }
            for row in self.rows
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "outcome": self.outcome,
            "horizon": self.horizon,
            "later": self.later,
            "limits": list(self.kinks),
            "warnings": list(self.warnings),
        }

    def view(self) -> Table:
        words, outcome, n = self.words, self.outcome, self.horizon
        by = "a plausible move" if self.is_ranked else "1%"
        title = f"What moves {lowered(words.titled(outcome))} {words.over(outcome, n)}, ranked by {by}"
        columns = (
            Column("Metric"),
            Column("Today", "right"),
            Column("Plausible", "right"),
            Column("Is worth" if self._is_worth else "Effect", "right"),
            *([Column(self._later_head, "right")] if self.later > n else []),
            Column("1% better", "right"),
            Column("Elasticity", "right"),
        )
        return Table(
            words.headed(self.provenance.told(title), outcome),
            columns,
            tuple(map(self._cells, self.rows)),
            tuple(filter(None, self._notes())),
        )

    @property
    def _later_head(self) -> str:
        """What the longer horizon is called: ``In 36 months``, of run rates ``By month 36``."""
        text = self.words.reaching(self.later, "in")
        return f"{text[:1].upper()}{text[1:]}"

    @property
    def _is_worth(self) -> bool:
        return self.words.graph[self.outcome].spec.better == "higher"

    def _notes(self) -> Iterator[str]:
        label = self.words.label(self.outcome)
        if not self.rows:
            yield f"No other metric moves {label}."
        else:
            yield "1% better: of the metric, in the direction that is better for it."
            if self.later > self.horizon:
                yield f"{self._later_head}: what the plausible move does, else 1%."
            taken = [row.label for row in self.rows if row.percent == "-1%" and self._is_taken(row)]
            if taken:
                verb = "lowers" if self._is_worth else "raises"
                yield f"`better` is not stated of {_some(taken)}; lower is taken, since a rise {verb} {label}."
            if any(row.overtakes for row in self.rows):
                yield f"(3rd): rank {self.words.reaching(self.later)} of what passes others or falls back."
            if any(row.turns for row in self.rows):
                yield f"(turns): another sign {self.words.reaching(self.later)}."
            yield from self._gaps()
            if any(row.is_spend for row in self.rows):
                yield "Spend stands below the levers: budgets, whose plausible move is a cut."
            yield "Elasticity: % change of the outcome per % of the metric held from the first period."
        if self.total < 0 and self.rows:
            yield f"With {label} below zero, an elasticity below zero means a rise."
        if any(row.rank is None for row in self.rows):
            yield (
                "Metrics that state no plausible range or range of their value come last, by what 1% does."
                if self.is_ranked
                else "No metric states a plausible range or a range of its value, so what 1% does ranks them."
            )
        if any(row.at_corner for row in self.rows):
            yield "^ at a corner of the formulas: up and down differ; the elasticity is that of the side taken today."
        if any(row.extrapolated for row in self.rows):
            yield "* extrapolated: the move leaves the range in which an effect or a formula was seen."
        yield from self.kinks
        yield from map(sentence, self.warnings)
        yield f"Basis: {self.provenance.basis}."

    def _gaps(self) -> Iterator[str]:
        """Say why moves have no worth: bounds that they would leave, and formulas without a value."""
        for row in [row for row in self.rows if row.left_out == BEYOND][:MOST_NAMED]:
            spec = self.words.graph[row.metric].spec
            assert spec.bounds is not None
            yield f"Out of bounds: {row.percent} would take {row.label} beyond its bounds, {spec.bounds.text}."
        for why in dict.fromkeys(row.no_value for row in self.rows if row.no_value):
            yield f"No value after the move: {why}."

    def _is_taken(self, row: SensitivityRow) -> bool:
        """Return whether the better way of a metric is not stated."""
        return "better" not in self.words.graph[row.metric].spec.stated_keys()

    def _cells(self, row: SensitivityRow) -> tuple[Cell, ...]:
        words, outcome = self.words, self.outcome
        percent = f"{row.percent}: {words.figure(outcome, row.worth)}" if row.worth is not None else row.left_out
        move = f"-> {words.apart(row.metric, *row.plausible)[1]}" if row.plausible else "not stated"
        worth = words.figure(outcome, row.plausible_worth) if row.plausible_worth is not None else ""
        worth += " *" if row.extrapolated else ""
        if row.plausible and row.plausible_worth is None:
            worth = NOWHERE
        return (
            Cell(row.label, row.metric),
            Cell(words.value(row.metric, row.value), row.value),
            Cell(move, row.plausible[1] if row.plausible else None),
            Cell(worth, row.plausible_worth, words.tone(outcome, row.plausible_worth or 0.0)),
            *([self._later(row)] if self.later > self.horizon else []),
            Cell(percent, row.worth, words.tone(outcome, row.worth or 0.0)),
            Cell(self._elasticity(row) + " ^" * row.at_corner, row.elasticity),
        )

    def _elasticity(self, row: SensitivityRow) -> str:
        """Write an elasticity with two decimals; one that rounds to zero has no sign. Else say why there is none."""
        if row.elasticity is not None:
            return f"{row.elasticity:+.2f}" if abs(row.elasticity) >= 0.005 else "0.00"
        return "value is zero" if not row.value else "outcome is zero" if not self.total else "no slope"

    def _later(self, row: SensitivityRow) -> Cell:
        if row.later is None:
            return Cell(row.left_out if row.plausible is None else NOWHERE)
        text = self.words.figure(self.outcome, row.later)
        if row.turns:
            text += " (turns)"
        elif row.overtakes and row.later_rank is not None:
            text += f" ({ordinal(row.later_rank)})"
        return Cell(text, row.later, self.words.tone(self.outcome, row.later))

    def tornado(self) -> ChartResult:
        """Return the ranked metrics as a tornado: what the plausible move of each is worth."""
        bars = self.picture()
        rows = tuple((bar.label, bar.low, bar.high) for bar in bars.bars)
        return ChartResult(self.provenance, bars, ("metric", "low", "high"), rows)

    def picture(self) -> Bars:
        words, outcome = self.words, self.outcome
        ranked = [row for row in self.rows if row.plausible_worth is not None]
        drawn = ranked or [row for row in self.rows if row.worth is not None]
        does = "is worth in" if self._is_worth else "does to"
        move, how = (
            ("a plausible move", "from today to its favourable end")
            if ranked
            else ("1%", "by 1% in the direction that is better for it")
        )
        title = f"What {move} {does} {lowered(words.titled(outcome))}"
        subtitle = f"{words.heading(outcome, self.horizon)}, one metric at a time, {how}"
        bars = tuple(self._bar(row) for row in drawn[:MOST_BARS])
        notes = (*self._left_out(drawn), f"Basis: {self.provenance.basis}.")
        return Bars(words.headed(title, outcome), subtitle, 0.0, words.signed(outcome, 0.0), bars, notes)

    def slides(self) -> tuple[Slide, ...]:
        picture, words = self.picture(), self.words
        first = next(iter(picture.bars), None)
        label = lowered(words.label(self.outcome))
        told = f"Nothing moves {label}"
        if first is not None:
            told = f"Of {len(self.rows)} metrics, {first.label} moves {label} most: {first.high_text or first.low_text}"
        title = words.headed(self.provenance.told(told), self.outcome)
        return (*self.slide(picture, title), *self.slide(self.view()))

    def _left_out(self, drawn: Sequence[SensitivityRow]) -> Iterator[str]:
        """Say which rows of the table are not drawn, and why."""
        if len(drawn) > MOST_BARS:
            yield f"{len(drawn) - MOST_BARS} more metrics, with a smaller effect, stand in the table."
        without = [row.label for row in self.rows if row.plausible is None and row not in drawn]
        if without:
            yield f"Not drawn, since no plausible range is stated: {_some(without)}."
        undefined = [row.label for row in self.rows if row not in drawn and row.label not in without]
        if undefined:
            yield f"Not drawn, since the outcome has no value there: {_some(undefined)}."

    def _bar(self, row: SensitivityRow) -> Bar:
        amount = row.worth if row.plausible_worth is None else row.plausible_worth
        assert amount is not None
        text, tone = self.words.signed(self.outcome, amount), self.words.tone(self.outcome, amount)
        move = " → ".join(self.words.apart(row.metric, *row.plausible)) if row.plausible else row.percent
        low, high = min(amount, 0.0), max(amount, 0.0)
        texts = (text, "") if amount < 0 else ("", text)
        return Bar(f"{row.label}, {move}", low, high, *texts, tone, tone)


def _some(labels: Sequence[str]) -> str:
    """Name a few of many."""
    left = len(labels) - MOST_NAMED
    return joined(labels) if left <= 1 else f"{', '.join(labels[:MOST_NAMED])} and {left} more"


MOST_NAMED = 10
MOST_BARS = 100
"""Rows of a tornado."""
RUNS = 3
"""Evaluations for a metric, about: by a percent, by what is plausible, and where the outcome may bend."""
ONE_PERCENT: Mapping[Better, Intervention] = {
    "higher": Intervention("wrap", 1.01),
    "lower": Intervention("wrap", 0.99),
}
STEPS = tuple(Intervention("wrap", 1 + step) for step in (1e-6, -1e-6))
"""Up and down, relatively: far below what anyone would move, far above rounding."""


BEYOND = "out of bounds"
NOWHERE = "no value"


def ordinal(rank: int) -> str:
    """Write a rank: ``3rd``.

    Examples
    --------
    >>> [ordinal(rank) for rank in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    teen = rank % 100 in (11, 12, 13)
    return f"{rank}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"


@local
def sensitivity(
    subject: Subject,
    on: str | None = None,
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> Sensitivity:
    """Move each metric by one percent and by a plausible amount, and see what the outcome does.

    Worth is the difference of exact evaluations; elasticities come from one reverse pass through time (a metric on a
    time loop takes one of its own, its feedback being cut as a lift would cut it).

    Parameters
    ----------
    subject
        The tree.
    on
        The outcome; by default the tree's.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's. What moves are worth is told over three times
        as many as well.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held in every run.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.
    """
    subject = subject.over(over, horizon).on_basis(basis)
    return sensitivity_of(Case.of(subject, None, horizon, scenario), subject.outcome(on))


def sensitivity_of(case: Case, outcome: Metric) -> Sensitivity:
    """Return every metric's pull on an outcome, in what is held in both runs of a case."""
    subject = case.subject
    total = case.before[outcome.index]
    subject.model.expect(RUNS * len(subject.graph.metrics), case.periods)
    gradient = case.base.model.relative_gradient(case.base, outcome.index)
    upstream = subject.upstream(outcome)
    bending = _bending(subject, upstream)
    ways = better_ways(case, outcome)
    moving = [
        _moves(case, metric, outcome, ways[metric.index], metric.index in bending)
        for metric in subject.graph.metrics
        if metric is not outcome and metric.index in upstream
    ]
    rows = [
        _row(case, moves, outcome, gradient[moves.metric.index], worths)
        for moves, worths in zip(moving, _worths(case, outcome, moving), strict=True)
    ]
    levers, spend = ([row for row in rows if row.is_spend == is_spend] for is_spend in (False, True))
    basis = f"{subject.words.horizon(outcome.name, case.periods)}; {subject.words.basis(outcome.name)}"
    return Sensitivity(
        provenance=case.provenance("exact evaluations; elasticities by reverse differentiation", basis),
        outcome=outcome.name,
        horizon=case.periods,
        total=total,
        later=case.furthest.periods,
        rows=(*_ranked(levers), *_ranked(spend)),
        kinks=tuple(bottlenecks(subject, case.base, upstream)),
        warnings=case.warnings(shown=(outcome,)),
        words=subject.words,
    )


@dataclass(frozen=True, slots=True)
class _Moves:
    """What is done to one metric to see what the outcome does."""

    metric: Metric
    way: Better
    one: Intervention
    """One percent the better way."""
    left_out: str
    """Why that cannot be done; empty where it can."""
    plausible: Intervention | None
    steps: tuple[Intervention, ...]
    """A small step up and the same step down, where the outcome may bend."""

    @property
    def main(self) -> Intervention | None:
        """What ranks the metric."""
        return self.plausible or (None if self.left_out else self.one)

    @property
    def others(self) -> tuple[Intervention, ...]:
        return (*(() if self.left_out or self.plausible is None else (self.one,)), *self.steps)


def _moves(case: Case, metric: Metric, outcome: Metric, way: Better, may_bend: bool) -> _Moves:
    value, end = case.subject.first_known(metric), _favorable_end(metric, way)
    one = ONE_PERCENT[way]
    plausible = Intervention("fix", shift=end) if end is not None else None
    bends = may_bend and value and case.before[outcome.index]
    return _Moves(metric, way, one, _left_out(metric, value, one), plausible, STEPS if bends else ())


@dataclass(frozen=True, slots=True)
class _Worths:
    """What the moves of a metric are worth; None where the tree has no value there (a zero denominator, say)."""

    main: tuple[float | None, ...]
    """Of what ranks it, over the horizon and the longer one; nothing where nothing does."""
    others: tuple[float | None, ...]
    """Of the other moves, over the horizon."""


def _worths(case: Case, outcome: Metric, moving: Sequence[_Moves]) -> Iterator[_Worths]:
    """Yield what the moves of each metric are worth; those of all metrics are computed together."""
    both = tuple(dict.fromkeys((case.periods, case.furthest.periods)))
    before = (case.before[outcome.index], case.furthest.before[outcome.index])
    mains = [{moves.metric.index: moves.main} for moves in moving if moves.main is not None]
    main = iter(case.totals(outcome, both, mains))
    others = iter(
        case.totals(outcome, both[:1], [{moves.metric.index: move} for moves in moving for move in moves.others])
    )
    for moves in moving:
        after = next(main) if moves.main is not None else ()
        yield _Worths(
            tuple(None if one is None else one - base for one, base in zip(after, before, strict=False)),
            tuple(None if one is None else one - before[0] for (one,) in islice(others, len(moves.others))),
        )


def _row(case: Case, moves: _Moves, outcome: Metric, pull: float, worths: _Worths) -> SensitivityRow:
    metric, one, plausible, left_out = moves.metric, moves.one, moves.plausible, moves.left_out
    value, total = case.subject.first_known(metric), case.before[outcome.index]
    steps = worths.others[-len(moves.steps) :] if moves.steps else ()
    worth = None if left_out else worths.others[0] if plausible else worths.main[0]
    plausible_worth = worths.main[0] if plausible else None
    missing = [
        move
        for move, found in ((None if left_out else one, worth), (plausible, plausible_worth))
        if move is not None and found is None
    ]
    return SensitivityRow(
        metric=metric.name,
        label=metric.label,
        value=value,
        elasticity=pull / total if total and value and math.isfinite(pull) else None,
        percent="+1%" if moves.way == "higher" else "-1%",
        worth=worth,
        plausible=(value, plausible.shift) if plausible else None,
        plausible_worth=plausible_worth,
        at_corner=_bends(total, steps),
        extrapolated=plausible is not None and _extrapolates(case, metric, plausible),
        rank=None,
        is_spend=_is_spend(case, metric, moves.way),
        later=worths.main[-1] if worths.main else None,
        left_out=left_out or (NOWHERE if worth is None else ""),
        no_value=next((_why(case, metric, move) for move in missing), ""),
    )


def _left_out(metric: Metric, value: float, one: Intervention) -> str:
    """Return why a metric cannot move by one percent; empty where it can."""
    if value <= 0:
        return "value is zero" if value == 0 else "below zero"
    return "" if _is_within(metric, one.apply(value)) else BEYOND


def _why(case: Case, metric: Metric, move: Intervention) -> str:
    """Return why the tree has no value after a move."""
    try:
        case.moved({metric.index: move})
    except EvaluationError as error:
        problem = error.problems[0]
        return f"{case.words.label(problem.metric)}: {problem.reason}" if problem.metric else problem.reason
    return ""


def _is_spend(case: Case, metric: Metric, way: Better) -> bool:
    """Return whether a metric is a budget: stated money per period, and nothing else, that is better lower."""
    if metric.spec.level is None or way != "lower":
        return False
    unit = metric.unit
    return unit.is_money and not unit.nouns and unit.per(case.words.period)


def _ranked(rows: Sequence[SensitivityRow]) -> list[SensitivityRow]:
    """Return rows with their ranks: those with a plausible move first, then the rest by the worth of one percent."""

    def largest(row: SensitivityRow) -> float:
        return -abs(row.main or 0.0)

    ranked = sorted((row for row in rows if row.plausible_worth is not None), key=largest)
    longer = sorted(ranked, key=lambda row: -abs(row.later or 0.0))
    places = {row.metric: place for place, row in enumerate(longer, 1)}
    steady = _steady([places[row.metric] for row in ranked])
    numbered = [
        replace(row, rank=place, later_rank=places[row.metric], overtakes=places[row.metric] not in steady)
        for place, row in enumerate(ranked, 1)
    ]
    others = (row for row in rows if row.plausible_worth is None)
    return [*numbered, *sorted(others, key=lambda row: -abs(row.worth or 0.0))]


def _steady(places: Sequence[int]) -> frozenset[int]:
    """Return a longest rising run of places: those who stay in order among each other."""
    ends: list[int] = []
    """Of runs of each length, the least place at which one ends."""
    runs: list[int] = []
    for place in places:
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        runs.append(length)
    kept: list[int] = []
    for place, length in zip(reversed(places), reversed(runs), strict=True):
        if length == len(ends) - 1 - len(kept) and (not kept or place < kept[-1]):
            kept.append(place)
    return frozenset(kept)


def _bending(subject: Subject, upstream: frozenset[int]) -> frozenset[int]:
    """Return the metrics on which a branch among `upstream` depends."""
    branching = {block.slot for block in subject.model.step.branching} & upstream
    return frozenset().union(*(subject.upstream(subject.graph.metrics[slot]) for slot in branching))


def _bends(total: float, worths: Sequence[float | None]) -> bool:
    """Return whether a small step up and the same step down move the outcome by different amounts."""
    known = [worth for worth in worths if worth is not None]
    if len(known) < len(STEPS):
        return False
    size = math.fsum(map(abs, known))
    return abs(math.fsum(known)) > max(1e-3 * size, 1e-13 * abs(total))


def _is_within(metric: Metric, value: float) -> bool:
    bounds = metric.spec.bounds.low_high() if metric.spec.bounds else None
    return bounds is None or bounds[0] <= value <= bounds[1]


def _extrapolates(case: Case, metric: Metric, move: Intervention) -> bool:
    """Return whether a move leaves the range in which an assumed effect was seen, or a formula has points."""
    if not case.subject.seen:
        return False
    try:
        moved = case.moved({metric.index: move})
    except EvaluationError:
        return False
    return any(extrapolations(case.subject, moved.rows, case.base.rows))


def _favorable_end(metric: Metric, way: Better) -> float | None:
    """Return the better end of `plausible`, else of the value's own range, else None."""
    stated = metric.spec.plausible or metric.spec.value
    ends = stated.low_high() if stated is not None else None
    if ends is None:
        return None
    return ends[1] if way == "higher" else ends[0]
