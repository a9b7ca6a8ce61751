"""How do the outcomes spread, given all that is uncertain?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

from impacttree.answers.asked import Basis, Changes, Move
from impacttree.answers.case import Case
from impacttree.answers.guardrail_checks import Limit, guarded, sized
from impacttree.answers.local import local
from impacttree.answers.means import divisor_corridors, missing_mean
from impacttree.answers.pictures import BINS, Fan, GuardrailRisk, SampledMetric, cdf, fan, histogram
from impacttree.answers.ranges import bounds_span, missing_note, outside_notes, outside_shares
from impacttree.answers.result import BASE, ChartResult, Result, Scalar
from impacttree.answers.samples import Range, Samples, percentage, visibly_differ
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, sentence
from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.graph.model import Metric
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Distribution, Table
from impacttree.views.slides import Slide

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.simulation import Job, Sampled

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """Many samples of a tree's metrics over the horizon.

    Attributes
    ----------
    moves : tuple of Move
        What was changed; empty for the base case.
    outcome : str
        The metric asked about first.
    names : tuple of str
        Metrics whose samples were kept.
    horizon : int
        Periods.
    scenario : str
        The name of what is held; ``base`` where nothing is.
    count : int
        Samples drawn.
    central : tuple of float
        The metrics with every number at its stated point, in the order of `names`.
    kept : tuple of Samples
        Their samples, in the same order: values over the horizon by the metric's aggregation rule.
    ranges : tuple of Range or None
        Their quantiles, and their means where these settle; None where no sample has a value.
    fans : tuple of Fan
        Their quantiles period by period.
    guardrails : tuple of GuardrailRisk
        How likely it is that those with a limit break it.
    faults : tuple of (str, int)
        Samples in which a metric's own formula had no finite value.
    outside : tuple of (str, float)
        Share of samples in which a metric leaves its bounds.
    uncertain : tuple of str
        Addresses of the numbers that were drawn.
    notes : tuple of str
        Samples without a value, and those that leave bounds.
    warnings : tuple of str
        Of the base case: extrapolated effects, and values outside bounds.
    """

    moves: tuple[Move, ...]
    outcome: str
    names: tuple[str, ...]
    horizon: int
    scenario: str
    count: int
    central: tuple[float, ...]
    kept: tuple[Samples, ...]
    ranges: tuple[Range | None, ...]
    fans: tuple[Fan, ...]
    guardrails: tuple[GuardrailRisk, ...]
    faults: tuple[tuple[str, int], ...]
    outside: tuple[tuple[str, float], ...]
    uncertain: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    def samples(self, name: str | None = None) -> npt.NDArray[np.float64]:
        """Return the samples of a metric, NaN where one has no value; the array cannot be written to."""
        return self._of(name).values

    def quantiles(self, name: str | None = None, shares: Sequence[float] = (0.1, 0.5, 0.9)) -> tuple[float, ...]:
        """Return the numbers below which shares of the samples lie: P10, P50 and P90 unless others are asked for.

        Examples
        --------
        >>> import impacttree as it
        >>> tree = it.loads("metrics: {price: {value: $30 ($25 to $36)}, paid: {formula: 50 * price}}")
        >>> [round(dollars) for dollars in tree.simulate(seed=7).quantiles("paid")]
        [1250, 1500, 1800]
        """
        return self._of(name).quantiles(shares)

    def mean(self, name: str | None = None) -> float:
        """Return the mean of the samples of a metric."""
        return self._of(name).mean

    def range(self, name: str | None = None) -> Range:
        """Return P10, P50, P90 and mean of a metric, or why it has no mean.

        Raises
        ------
        QuestionError
            When no sample has a value.
        """
        found = self.ranges[self.names.index(self._named(name))]
        if found is None:
            raise QuestionError(f"none of {self.count:,} samples has a value")
        return found

    def probability(self, condition: str) -> float:
        """Return the share of samples in which a condition holds.

        Parameters
        ----------
        condition
            A comparison in the formula language, over metrics that were kept: ``"ltv_to_cac < 3"``,
            ``"profit > 0.1 * revenue"``. Metrics stand for their values over the horizon, in base units (3% is 0.03).

        Raises
        ------
        FormulaError
            When it is not a comparison, or compares different units.
        QuestionError
            When it reads a metric whose samples were not kept, or no sample has a value for it.

        Examples
        --------
        >>> import impacttree as it
        >>> tree = it.loads("metrics: {price: {value: $30 ($25 to $36)}, paid: {formula: 50 * price}}")
        >>> round(tree.simulate().probability("paid > 1_500"), 3)
        0.5
        """
        from impacttree.answers.conditions import share_that_holds

        return share_that_holds(condition, self.words, {name: self._of(name) for name in self.names}, self._unkept)

    def histogram(self, name: str | None = None, bins: int = BINS) -> ChartResult:
        """Return the histogram of a metric's samples, with the share of samples up to each bin's end."""
        return histogram(self._sampled(name), bins)

    def cdf(self, name: str | None = None) -> ChartResult:
        """Return the cumulative distribution of a metric: which share of the samples lies below each value."""
        return cdf(self._sampled(name))

    def fan(self, name: str | None = None) -> ChartResult:
        """Return how a metric's range widens over time: P10 to P90, P25 to P75 and P50 in each period."""
        return fan(self._sampled(name))

    def _named(self, name: str | None) -> str:
        if name is None:
            return self.outcome
        if name not in self.names:
            raise self._unkept(name)
        return name

    def _of(self, name: str | None) -> Samples:
        return self.kept[self.names.index(self._named(name))]

    def _sampled(self, name: str | None) -> SampledMetric:
        named = self._named(name)
        return SampledMetric(
            name=named,
            samples=self._of(named),
            range=self.range(named),
            fan=next(one for one in self.fans if one.metric == named),
            rails=tuple(rail for rail in self.guardrails if rail.metric == named),
            horizon=self.horizon,
            scenario=self.scenario,
            notes=(*self.notes, *map(sentence, self.warnings)),
            provenance=self.provenance,
            words=self.words,
        )

    def _unkept(self, name: str) -> QuestionError:
        shown = printable(str(name), 80)
        if isinstance(name, str) and name in self.words.graph.by_name:
            fix = f"ask simulate(on=[..., '{shown}']) for them"
            return QuestionError(Problem(reason=f"the samples of '{shown}' were not kept", fix=fix))
        hint = nearest(str(name), self.names)
        fix = f"kept are {', '.join(self.names)}"
        return QuestionError(Problem(reason=f"there is no metric '{shown}'{hint}", fix=fix))

    @property
    def title(self) -> str:
        """The sentence with the range."""
        return self.words.headed(self._sentence, self.outcome)

    @property
    def _sentence(self) -> str:
        words, name = self.words, self.outcome
        label = words.titled(name)
        found = self.ranges[self.names.index(name)]
        if found is None:
            return f"{label}: no sample has a value"
        if found.is_point:
            return (
                f"{label} {words.value(name, found.p50)} {words.over(name, self.horizon)}: nothing uncertain moves it"
            )
        low, high, middle, mean = words.spread(name, found.p10, found.p90, found.p50, found.mean or 0.0)
        beside = ", no mean" if found.mean is None else ""
        if found.p10 == found.p90:
            beside = f", another value in {percentage(found.beyond)} of samples"
        if found.mean is not None and visibly_differ(found.mean, found.p50):
            beside += f", mean {mean}" if mean != middle else ""
        found_text = f"{middle} (P50), {low} to {high} (P10 to P90){beside}"
        return self.provenance.told(f"{label} {words.over(name, self.horizon)}: {found_text}")

    def to_dicts(self) -> list[dict[str, Scalar]]:
        rows: list[dict[str, Scalar]] = []
        for name, central, samples, found in zip(self.names, self.central, self.kept, self.ranges, strict=True):
            rows.append(
                {
                    "metric": name,
                    "period": self.horizon,
                    "scenario": self.scenario,
                    "label": self.words.titled(name),
                    "unit": str(self.words.total_unit(name)),
                    "over": self.words.formed(name, self.horizon),
                    "central": central,
                    "p10": found.p10 if found else None,
                    "p50": found.p50 if found else None,
                    "p90": found.p90 if found else None,
                    "mean": found.mean if found else None,
                    "mean_missing": (found.mean_missing or None) if found else None,
                    "missing": samples.missing,
                }
            )
        return rows

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "changes": {move.metric: move.change for move in self.moves},
            "outcome": self.outcome,
            "horizon": self.horizon,
            "guardrails": [
                {"metric": rail.metric, "side": rail.side, "limit": rail.limit, "risk": rail.risk}
                for rail in self.guardrails
            ],
            "faults": dict(self.faults),
            "outside_bounds": dict(self.outside),
            "uncertain": list(self.uncertain),
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def view(self) -> Table:
        columns = (
            Column("Metric"),
            Column("Over"),
            Column("As stated", "right"),
            *(Column(head, "right") for head in ("P10", "P50", "P90", "Mean")),
        )
        return Table(self.title, columns, tuple(map(self._cells, self.names)), self._table_notes())

    def _cells(self, name: str) -> tuple[Cell, ...]:
        words, position = self.words, self.names.index(name)
        central, found = self.central[position], self.ranges[position]
        if found is None:
            cells = [Cell("no value")] * 4
        else:
            low, high, middle, mean = words.spread(name, found.p10, found.p90, found.p50, found.mean or 0.0)
            last = Cell("no mean") if found.mean is None else Cell(mean, found.mean)
            cells = [Cell(low, found.p10), Cell(middle, found.p50), Cell(high, found.p90), last]
        return (
            Cell(words.titled(name), name),
            Cell(words.formed(name, self.horizon)),
            Cell(words.value(name, central), central),
            *cells,
        )

    def slides(self) -> tuple[Slide, ...]:
        picture = self.picture()
        table = self.slide(self.view())
        return table if isinstance(picture, Table) else (*self.slide(picture, self.title), *table)

    def _table_notes(self) -> tuple[str, ...]:
        words = self.words
        rails = [
            f"{rail.label}: {rail.side} {words.value(rail.metric, rail.limit)}{words.each(rail.metric)} broken in "
            f"{percentage(rail.risk)} of samples."
            for rail in self.guardrails
        ]
        unsettled = [
            f"{words.titled(name)} has no mean: {found.mean_missing}."
            for name, found in zip(self.names, self.ranges, strict=True)
            if found is not None and found.mean is None
        ]
        numbers = f"{len(self.uncertain)} uncertain number{'s' * (len(self.uncertain) != 1)}"
        drawn = f"{self.count:,} samples of {numbers}, seed {self.provenance.seed}."
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        moved = (f"With {move.text}." for move in self.moves)
        return (*moved, *rails, *unsettled, *self.notes, *map(sentence, self.warnings), drawn, *basis)

    def picture(self) -> Distribution | Table:
        if self._of(self.outcome).missing == self.count:
            return self.view()
        drawn = self.histogram().drawn
        assert isinstance(drawn, Distribution)
        return drawn


METHOD = "scrambled Sobol points through inverse distributions"


@local
def simulate(
    subject: Subject,
    samples: int = 2**14,
    seed: int = 0,
    on: str | Sequence[str] | None = None,
    executor: Executor | None = None,
    *,
    changes: Changes | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> Simulation:
    """Draw many samples of all that is uncertain, and see how the outcomes spread.

    Values, parameters of assumed effects and starts with a range or distribution are drawn at scrambled Sobol points
    (A. B. Owen, "Randomly Permuted (t,m,s)-Nets and (t,s)-Sequences", 1995), correlated by a Gaussian copula where the
    model says so. What ``baseline`` reads stays at its central value. A progress bar shows where there is a terminal or
    a notebook and the work lasts longer than a second.

    Parameters
    ----------
    subject
        The tree.
    samples
        How many, up to 2**24; powers of two are spread best.
    seed
        The same seed gives the same samples, whatever the workers.
    on
        Metrics whose samples are kept; by default the outcomes, and metrics with a guardrail.
    executor
        Where the work is done: any ``concurrent.futures`` executor, of processes or of a cluster (dask:
        ``client.get_executor()``); threads if not given.
    changes
        What is done, by metric, from period 1; nothing for the base case.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held beside the changes.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    QuestionError
        When a metric does not exist, or the samples, the seed or the executor cannot be used.

    Examples
    --------
    >>> import impacttree as it
    >>> simulation = it.template("saas").simulate(seed=7)
    >>> low, middle, high = simulation.quantiles("profit")
    >>> low < middle < high, simulation.probability("ltv_to_cac < 3") < 0.01
    (True, True)
    """
    from impacttree.engine.simulation import Job, Wanted, simulate_many
    from impacttree.render.progress import progress

    subject = subject.over(over, horizon).on_basis(basis)
    kept, case = _kept(subject, on), Case.of(subject, changes, horizon, scenario)
    slots = tuple(metric.index for metric in kept)
    limits = [limit for limit in sized(guarded(subject.graph), case.sizes) if limit.metric.index in slots]
    reached = frozenset().union(*(subject.upstream(metric) for metric in kept))
    bounded = [metric for metric in subject.bounded if metric.index in reached]
    divided = divisor_corridors(subject.model, slots)
    spans = (*(limit.span for limit in limits), *map(bounds_span, bounded), *divided)
    wanted = Wanted(totals=slots, spans=tuple(dict.fromkeys(spans)), paths=slots)
    runs, extra = (case.together.drawn(subject.graph),), case.together.uncertain(subject.graph)
    job = Job.of(subject.model, case.periods, wanted, seed=seed, runs=runs, extra=extra)
    with progress("drawing samples") as report:
        (run,) = simulate_many(job, samples, executor=executor, report=report)
    metrics = subject.graph.metrics
    found = tuple(Samples(run.totals[slot]) for slot in slots)
    outside = outside_shares(bounded, run)
    return Simulation(
        provenance=case.provenance(METHOD, _basis(case, kept), samples, seed),
        moves=case.moves,
        outcome=kept[0].name,
        names=tuple(metric.name for metric in kept),
        horizon=case.periods,
        scenario=scenario or BASE,
        count=samples,
        central=tuple(case.after[slot] for slot in slots),
        kept=found,
        ranges=tuple(map(partial(_range, case, job, run), slots)),
        fans=tuple(_quantiles(metric, run) for metric in kept),
        guardrails=tuple(_risk(limit, run) for limit in limits),
        faults=tuple((metrics[owner].name, number) for owner, number in run.faults.items()),
        outside=tuple((metric.name, share) for metric, share in outside),
        uncertain=job.drawn,
        notes=_notes(subject, run, found, outside, job.drawn),
        warnings=case.warnings(shown=kept),
        words=subject.words,
    )


def _range(case: Case, job: Job, run: Sampled, slot: int) -> Range | None:
    """Return the range of a metric; None where no sample has a value."""
    samples = Samples(run.totals[slot])
    if samples.missing == len(samples):
        return None
    why = missing_mean(case.words, job, slot, samples.values, (run,))
    return samples.range(case.sizes[slot], mean_missing=why)


def _kept(subject: Subject, on: str | Sequence[str] | None) -> tuple[Metric, ...]:
    """Return the metrics whose samples are kept, the one that the question is about first."""
    if on is None:
        outcome = subject.outcome()
        rails = [limit.metric.name for limit in guarded(subject.graph)]
        names: Sequence[str] = (outcome.name, *subject.graph.spec.outcomes, *rails)
    elif isinstance(on, str):
        names = (on,)
    else:
        names = on if isinstance(on, Sequence) else ()
    if not names:
        fix = "give a name or a list of names, or leave it out"
        raise QuestionError(Problem(reason="`on` names no metric", fix=fix))
    found = {metric.index: metric for metric in map(subject.metric if on is None else subject.outcome, names)}
    return tuple(found.values())


def _basis(case: Case, kept: Sequence[Metric]) -> str:
    parts = [case.words.meant(*(metric.name for metric in kept))]
    parts += [case.words.held("changes", case.asked.weights)] if case.asked.recipes else []
    return "; ".join(filter(None, parts))


def _quantiles(metric: Metric, run: Sampled) -> Fan:
    import numpy as np

    paths = run.paths[metric.index]
    there = np.isfinite(paths).all(axis=0)
    count, shares = int(there.sum()), (0.1, 0.25, 0.5, 0.75, 0.9)
    rows = [np.quantile(path[there], shares, overwrite_input=True) for path in paths if count]
    columns = np.array(rows).T if count else np.empty((len(shares), 0))
    return Fan(metric.name, count, *(tuple(map(float, column)) for column in columns))


def _risk(limit: Limit, run: Sampled) -> GuardrailRisk:
    risk = run.outside[limit.span].share
    return GuardrailRisk(limit.metric.name, limit.metric.label, limit.side, limit.value, risk)


def _notes(
    subject: Subject,
    run: Sampled,
    kept: Sequence[Samples],
    outside: Sequence[tuple[Metric, float]],
    drawn: Sequence[str],
) -> tuple[str, ...]:
    words = subject.words
    missing = max(samples.missing for samples in kept)
    notes = list(missing_note(words, (run,), len(kept[0]), missing))
    notes += outside_notes(outside)
    if not drawn:
        notes.append("Nothing that these metrics rest on is uncertain: state ranges, as 42% (40% to 45%)")
    return tuple(f"{note}." for note in notes)
