"""The case that every question starts from: the tree run without and with what is asked, and all that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from impacttree.answers.asked import NOTHING, Asked, Changes, Move
from impacttree.answers.cautions import beyond_bounds, extrapolations, seasonal, unmoved, unreached, untimely
from impacttree.answers.guardrail_checks import GuardrailCheck, guarded, guardrail_checks
from impacttree.answers.ranges import UNSAMPLED, Ranges, Risks, change_ranges, guardrail_risks
from impacttree.answers.result import Provenance
from impacttree.answers.samples import Range
from impacttree.answers.subject import Horizon, Subject
from impacttree.answers.words import Words, is_still, lowered
from impacttree.engine.horizon import Window
from impacttree.engine.model import Model, Run
from impacttree.engine.program import Row
from impacttree.engine.rounding import Settled, settled
from impacttree.errors import EvaluationError
from impacttree.graph.model import Metric
from impacttree.graph.reach import upstream
from impacttree.quantity import Intervention
from impacttree.records import dataclass

__all__ = ["Case", "OutcomeChange"]


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """One outcome over the horizon, without and with what was changed."""

    name: str
    label: str
    before: float
    after: float
    change: float
    text: str
    """``gross profit +$17k``."""
    range: Range | None = None
    """Of the change; None where nothing that it rests on is uncertain."""


@dataclass(frozen=True, eq=False)
class Case:
    """A tree without and with what is asked, over some periods; each figure is computed once, when first asked for.

    Parameters
    ----------
    subject
        The tree.
    asked
        What the question changes; nothing for the base case.
    periods
        Over which the tree is run: the horizon of the answer.
    held
        What is changed in both runs, so that the difference between them is what is asked alone.
    scenario
        What is held is called; empty where nothing is.
    samples, seed
        Of its ranges: how many, drawn how; as many as there is time for where None.
    """

    subject: Subject
    asked: Asked
    periods: int
    held: Asked = NOTHING
    scenario: str = ""
    samples: int | None = None
    seed: int = 0

    @classmethod
    def of(
        cls,
        subject: Subject,
        changes: Changes | None = None,
        horizon: Horizon = None,
        scenario: str | None = None,
        samples: int | None = None,
        seed: int = 0,
        *,
        beside: Changes | None = None,
    ) -> Case:
        """Return the case of what a question is given: the one meaning of these arguments.

        Parameters
        ----------
        subject
            The tree.
        changes
            What is done, by metric, from period 1; nothing for the base case.
        horizon
            Periods, as a number or as text such as ``"36 months"``; by default the tree's.
        scenario
            The name of a scenario of the model file, held in both runs: before is the scenario, after is the scenario
            and the changes.
        samples
            How many are drawn for ranges; as many as there is time for unless given.
        seed
            Of the draws: the same seed gives the same samples.
        beside
            What is changed in both runs on top of the scenario.

        Raises
        ------
        ChangeError
            When a change is written wrongly or does not fit its metric.
        QuestionError
            When a metric or the scenario does not exist, or the horizon is out of range.

        Examples
        --------
        >>> import impacttree as it
        >>> tree = it.loads("metrics: {price: {value: 30}, sold: {value: 50}, paid: {formula: price * sold}}")
        >>> case = Case.of(tree._subject, {"price": "+10%"})
        >>> [(move.before, move.after) for move in case.moves], case.change(case.subject.metric("paid"))
        ([(30.0, 33.0)], 150.0)
        """
        named = subject.scenario(scenario)
        own = NOTHING if named is None else subject.changes(dict(named.changes))
        held = subject.together(own, subject.changes(beside))
        title = "" if named is None else named.title
        return cls(subject, subject.changes(changes), subject.periods(horizon), held, title, samples, seed)

    def __reduce__(self) -> tuple[type[Case], tuple[Subject, Asked, int, Asked, str, int | None, int]]:
        """Pickle what was asked; what was computed from it is computed again where it arrives."""
        return Case, (self.subject, self.asked, self.periods, self.held, self.scenario, self.samples, self.seed)

    def asking(self, changes: Changes) -> Case:
        """Return the case of other changes, all else being the same."""
        return replace(self, asked=self.subject.changes(changes))

    def over(self, periods: int) -> Case:
        """Return the case of the same changes up to another period."""
        return replace(self, periods=periods)

    @property
    def ends(self) -> tuple[int, ...]:
        """The last periods of one, two and three horizons, as far as the tree has values."""
        count = self.words.count_to(self.furthest.periods) // self.words.count_to(self.periods)
        return tuple(self.words.end(self.periods, times) for times in range(1, count + 1))

    @cached_property
    def plain(self) -> Case:
        """The same case, amounts added up as they come: what was changed is told so on any basis."""
        subject = self.subject.on_basis("horizon")
        return self if subject is self.subject else replace(self, subject=subject)

    @cached_property
    def furthest(self) -> Case:
        """The same case over three horizons, or as many as the tree has values for; it must have them over its own."""
        _ = self.base, self.run
        for count in (3, 2):
            longer = self.over(self.words.end(self.periods, count))
            try:
                _ = longer.base, longer.run
            except EvaluationError:
                continue
            return longer
        return self

    @property
    def words(self) -> Words:
        return self.subject.words

    def provenance(
        self, method: str, basis: str = "", samples: int | None = None, seed: int | None = None
    ) -> Provenance:
        """Return how an answer came about: it knows the scenario in which it was asked."""
        return replace(self.subject.provenance(method, basis, samples, seed), scenario=self.scenario)

    def sampled(self, method: str, basis: str, ranges: Ranges) -> Provenance:
        """Return the same with the samples of its ranges, where any were drawn."""
        if ranges.risks is None:
            return self.provenance(method, basis)
        samples, seed = ranges.risks.samples, ranges.risks.seed
        method = f"{method}; ranges of {samples:,} samples at scrambled Sobol points"
        return self.provenance(method, basis, samples, seed)

    @cached_property
    def marked(self) -> Case:
        """The same case of all metrics, what has no value being marked: the case itself where all of them have one."""
        return self if self.subject.kept is None else replace(self, subject=self.subject.marked)

    # -- the two runs -------------------------------------------------------------------------------------------

    @cached_property
    def together(self) -> Asked:
        """What is changed in the second run: what is held in both, and what is asked."""
        return self.subject.together(self.held, self.asked)

    @cached_property
    def base(self) -> Run:
        """The run without what is asked."""
        if self._is_plain:
            return self.subject.base(self.periods)
        return self._model.run(self.periods, self.held.interventions)

    @property
    def _is_plain(self) -> bool:
        """Whether nothing is held, so that the run without what is asked is that of the tree itself."""
        return not self.held.recipes and self._model is self.subject.model

    @cached_property
    def _model(self) -> Model:
        """The model of both runs, whose rows stand for the same periods."""
        return self.subject.model.beside(self.together.interventions)

    @cached_property
    def run(self) -> Run:
        """The run with what is asked."""
        return self.moved({}) if self.asked.recipes else self.base

    def moved(self, further: Mapping[int, Intervention]) -> Run:
        """Return the run with what is asked and, on top of that, further interventions by slot.

        Raises
        ------
        EvaluationError
            When the tree has no value there.
        """
        return self._model.run(self.periods, self._with(further))

    def total(self, metric: Metric, further: Mapping[int, Intervention]) -> float | None:
        """Return what a metric comes to over the horizon with further interventions, as `moved` has it.

        None where the tree has no value there.
        """
        quick = self._model.total(self.periods, self._with(further), metric.index)
        if quick is not None:
            return quick
        try:
            run = self.moved(further)
        except EvaluationError:
            return None
        return run.horizon()[metric.index]

    def totals(
        self, metric: Metric, ends: Sequence[int], moves: Sequence[Mapping[int, Intervention]]
    ) -> list[tuple[float | None, ...]]:
        """Return what a metric comes to up to each of some last periods with each of several moves, as `total` has it.

        Moves that are asked about together are computed together where that is quicker.
        """
        found = self._model.totals(ends, [self._with(move) for move in moves], metric.index)
        cases = [self if end == self.periods else self.over(end) for end in ends]
        return [
            tuple(case.total(metric, move) for case in cases) if known is None else known
            for move, known in zip(moves, found, strict=True)
        ]

    def _with(self, further: Mapping[int, Intervention]) -> Mapping[int, Intervention]:
        done = self.together.interventions
        if not done:
            return further
        more = {slot: done[slot].then(one) if slot in done else one for slot, one in further.items()}
        return {**done, **more}

    @cached_property
    def told_before(self) -> Settled:
        """The run without what is asked as it is told: zero where only rounding is left."""
        return self.subject.told(self.periods) if self._is_plain else settled(self.base)

    @cached_property
    def told_after(self) -> Settled:
        """The same of the run with it."""
        return self.told_before if self.run is self.base else settled(self.run)

    @property
    def sizes(self) -> Row:
        """By slot, the size beside which rounding is to be seen in the base case."""
        return self.subject.sizes(self.periods)

    @cached_property
    def before(self) -> Row:
        """Every slot over the horizon, by its aggregation rule, without what is asked."""
        return self.told_before.horizon()

    @cached_property
    def after(self) -> Row:
        """The same with it."""
        return self.before if self.run is self.base else self.told_after.horizon()

    def change(self, metric: Metric) -> float:
        """Return by how much what is asked changes a metric over the horizon."""
        return self.after[metric.index] - self.before[metric.index]

    def change_over(self, metric: Metric, periods: int) -> float:
        """Return by how much it does so up to one of the periods."""
        slot = metric.index
        return self.told_after.horizon(periods)[slot] - self.told_before.horizon(periods)[slot]

    def by_period(self, metric: Metric) -> tuple[float, ...]:
        """Return by how much it does so in each of the periods that are asked about."""
        slot, last = metric.index, self.periods
        before, after = self.told_before, self.told_after
        return tuple(after.at(t)[slot] - before.at(t)[slot] for t in range(self.words.since, last + 1))

    def by_year(self, metric: Metric) -> tuple[tuple[str, float], ...]:
        """Return by how much it does so in each fiscal year within three horizons, and in what comes before the first.

        Nothing where the tree states no fiscal calendar.
        """
        calendar = self.words.calendar
        if calendar is None or calendar.fiscal is None:
            return ()
        first, *others = calendar.parts(self.words.since, self.furthest.periods, "year")
        years = [*([first] if others or calendar.is_year(first) else []), *filter(calendar.is_year, others)]
        return tuple((self.words.called(year), self._within(year).change(metric)) for year in years)

    def _within(self, periods: range) -> Case:
        """Return the case of the same changes over some periods alone."""
        return replace(self, subject=self.subject.counting(periods), periods=periods[-1])

    def run_rate(self, metric: Metric) -> float | None:
        """Return by how much it does so in the last period, annualised; None for what has no run rate."""
        pace = self.subject.pace(metric)
        return None if pace is None else pace.tangent(self.by_period(metric)[-1:], Window(1, 1))

    # -- what moved ---------------------------------------------------------------------------------------------

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """What was changed, and where it went over the horizon; a level whose change ends or fades, while it was on."""
        plain, moves = self.plain, []
        words = plain.words
        for name, change in self.asked.texts:
            slot = self.subject.graph.by_name[name]
            before, after = plain.before[slot], plain.after[slot]
            at = self._most_in_force(slot)
            if at is None:
                moved = words.move(name, before, after, words.during(name, self.periods, before))
            else:
                moved = words.move(
                    name, self.told_before.at(at)[slot], self.told_after.at(at)[slot], f" {words.placed('in', at)}"
                )
            moves.append(Move(name, change, before, after, f"{words.changed(name, change)} ({moved})"))
        return tuple(moves)

    def _most_in_force(self, slot: int) -> int | None:
        """Return the last period in which most of the change of a level is in force; None where that is at the end."""
        (recipe,) = (recipe for other, recipe in self.asked.recipes if other == slot)
        if not recipe.varies or self.subject.graph.metrics[slot].aggregation != "last":
            return None
        periods = range(self.words.since, self.periods + 1)
        shares = [sum(1.0 if one is None else one.at(t) for one in recipe.weights) for t in periods]
        most = max(shares)
        return None if shares[-1] == most else max(t for t, share in zip(periods, shares, strict=True) if share == most)

    def beside(self, outcome: Metric) -> tuple[str, ...]:
        """Return the outcomes that are shown together with one, itself among them."""
        names = self.subject.graph.spec.outcomes or (outcome.name,)
        return names if outcome.name in names else (outcome.name, *names)

    def outcomes(self, outcome: Metric, ranges: Ranges) -> tuple[OutcomeChange, ...]:
        """Return how the outcomes move that are shown together with one."""
        return tuple(self._outcome(self.subject.graph[name], ranges) for name in self.beside(outcome))

    def _outcome(self, metric: Metric, ranges: Ranges) -> OutcomeChange:
        name, start, end = metric.name, self.before[metric.index], self.after[metric.index]
        label = self.words.titled(name)
        shown = self.words.signed(name, 0.0 if is_still(start, end) else end - start)
        text = f"{lowered(label)} {shown}"
        return OutcomeChange(name, label, start, end, end - start, text, ranges.of(name))

    # -- how sure that is ---------------------------------------------------------------------------------------

    def ranges(self, outcome: Metric) -> Ranges:
        """Return what samples say of what is asked: of an outcome, of those beside it, and of guardrails."""
        if not self.asked.recipes:
            return UNSAMPLED
        if outcome.name not in self._ranges:
            names = tuple(dict.fromkeys((outcome.name, *self.beside(outcome))))
            runs = (self.held, self.together)
            self._ranges[outcome.name] = change_ranges(self.subject, runs, self.periods, names, self.samples, self.seed)
        return self._ranges[outcome.name]

    @cached_property
    def _ranges(self) -> dict[str, Ranges]:
        return {}

    @cached_property
    def risks(self) -> Risks | None:
        """How likely the breach of each guardrail is; None where nothing uncertain moves any."""
        return guardrail_risks(self.subject, self.together, self.periods, self.samples, self.seed)

    @cached_property
    def guardrails(self) -> tuple[GuardrailCheck, ...]:
        """The guardrails with what is asked, at their tightest; texts say what is broken without it as well."""
        return guardrail_checks(self.words, self.told_after, self.told_before if self.asked.recipes else None)

    # -- what a reader should know ------------------------------------------------------------------------------

    def warnings(self, on: Metric | None = None, *, shown: Iterable[Metric] | None = None) -> tuple[str, ...]:
        """Return what a reader should know before using an answer, by one rule for all answers.

        An assumed effect is called extrapolated where its source is moved out of the range in which it was seen: by
        what is asked, or, in the base case, since today. A computed value outside its bounds is told of wherever it is
        shown or rested on, and wherever what is asked moves it.

        Parameters
        ----------
        on
            The outcome of the answer; it shows those beside it and the guardrails, too.
        shown
            What an answer without an outcome shows; every metric unless given.
        """
        subject, changed = self.subject, self.asked.slots
        metrics = subject.graph.metrics if shown is None else shown
        resting = self._resting(metrics) if on is None else self.resting(on)
        found = [*untimely(self.words, self.asked, self.periods)]
        found += unreached(subject, changed, on, self.periods) if on is not None else ()
        if self.run is self.base:
            found += extrapolations(subject, self.run.rows, [subject.model.base] * len(self.run.rows), resting)
        else:
            found += extrapolations(subject, self.run.rows, self.base.rows)
        found += unmoved(subject, changed, on) if on is not None else ()
        found += beyond_bounds(subject, self.base, self.run, resting)
        return (*found, *self._of_its_time(resting))

    def standing(self, on: Metric) -> tuple[str, ...]:
        """Return those of the warnings that hold whatever is changed, since they are of the time alone."""
        return self._of_its_time(self.resting(on))

    def _of_its_time(self, resting: frozenset[int]) -> tuple[str, ...]:
        seasons = seasonal(self.subject, resting, self.periods) if self.words.is_run_rate else ()
        return (*seasons, *self._long_years())

    def run_rate_warnings(self, on: Metric) -> tuple[str, ...]:
        """Return what a reader should know besides before using the run rate of an outcome that moves.

        Nothing where answers are run rates: `warnings` has it.
        """
        if self.words.is_run_rate or self.run_rate(on) is None or not any(self.by_period(on)):
            return ()
        return tuple(seasonal(self.subject, self._resting([on]), self.periods))

    def _long_years(self) -> tuple[str, ...]:
        """Return which fiscal years have a 53rd week among the periods: a year before or after is shorter."""
        calendar = self.words.calendar
        return () if calendar is None else calendar.long_years(self.words.since, self.periods)

    def resting(self, on: Metric) -> frozenset[int]:
        """Return what an answer on an outcome rests on: it shows those beside it and the guardrails, too."""
        return self._resting(self._shown_with(on))

    def _shown_with(self, on: Metric) -> Iterator[Metric]:
        graph = self.subject.graph
        yield from (on, *(graph[name] for name in self.beside(on)))
        yield from (limit.metric for limit in guarded(graph))

    def _resting(self, shown: Iterable[Metric]) -> frozenset[int]:
        """Return what shown metrics rest on, themselves included."""
        return upstream(self.subject.graph, [metric.index for metric in shown])
