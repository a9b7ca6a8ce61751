"""How do the outcomes spread, given all that is uncertain?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from impacttree.analyses.asking import Subject
from impacttree.analyses.axis import round_levels, round_step, round_ticks
from impacttree.analyses.limits import Limit, guarded
from impacttree.analyses.ranges import bounds_span, missing_note, outside_notes, outside_shares
from impacttree.analyses.result import Chart, Result, Scalar
from impacttree.analyses.samples import Range, Samples, percentage
from impacttree.analyses.words import ACCRUAL, Words
from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.graph.model import Metric
from impacttree.views import Band, Cell, Column, Distribution, Lines, Mark, Series, Table

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.simulation import Report, Sampled

__all__ = ["Fan", "GuardrailRisk", "Simulation", "simulate"]

BINS, MOST_BINS = 40, 200


@dataclass(frozen=True, slots=True)
class Fan:
    """Quantiles of one metric in each period."""

    metric: str
    samples: int
    """How many of the first samples they are of: values of every period take room."""
    p10: tuple[float, ...]
    p25: tuple[float, ...]
    p50: tuple[float, ...]
    p75: tuple[float, ...]
    p90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GuardrailRisk:
    """How likely the breach of one limit is."""

    metric: str
    label: str
    side: str
    limit: float
    risk: float
    """Share of samples in which it is broken in some period."""


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """Many samples of a tree's metrics over the horizon.

    Attributes
    ----------
    outcome : str
        The metric asked about first.
    names : tuple of str
        Metrics whose samples were kept.
    horizon : int
        Periods.
    count : int
        Samples drawn.
    central : tuple of float
        The metrics with every number at its stated point, in the order of `names`.
    kept : tuple of Samples
        Their samples, in the same order: values over the horizon by the metric's aggregation rule.
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
    """

    outcome: str
    names: tuple[str, ...]
    horizon: int
    count: int
    central: tuple[float, ...]
    kept: tuple[Samples, ...]
    fans: tuple[Fan, ...]
    guardrails: tuple[GuardrailRisk, ...]
    faults: tuple[tuple[str, int], ...]
    outside: tuple[tuple[str, float], ...]
    uncertain: tuple[str, ...]
    notes: tuple[str, ...]
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
        """Return P10, P50, P90 and mean of a metric."""
        return self._of(name).range

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
            When it is no comparison, or compares different units.
        QuestionError
            When it reads a metric whose samples were not kept, or no sample has a value for it.

        Examples
        --------
        >>> import impacttree as it
        >>> tree = it.loads("metrics: {price: {value: $30 ($25 to $36)}, paid: {formula: 50 * price}}")
        >>> round(tree.simulate().probability("paid > 1_500"), 3)
        0.5
        """
        from impacttree.analyses.conditions import share_that_holds

        return share_that_holds(condition, self.words, {name: self._of(name) for name in self.names}, self._unkept)

    def histogram(self, name: str | None = None, bins: int = BINS) -> Chart:
        """Return the histogram of a metric's samples, with the share of samples up to each bin's end."""
        return _histogram(self, self._named(name), bins)

    def cdf(self, name: str | None = None) -> Chart:
        """Return the cumulative distribution of a metric: which share of the samples lies below each value."""
        return _cdf(self, self._named(name))

    def fan(self, name: str | None = None) -> Chart:
        """Return how a metric's range widens over time: P10 to P90, P25 to P75 and P50 in each period."""
        return _fan(self, self._named(name))

    def _named(self, name: str | None) -> str:
        if name is None:
            return self.outcome
        if name not in self.names:
            raise self._unkept(name)
        return name

    def _of(self, name: str | None) -> Samples:
        return self.kept[self.names.index(self._named(name))]

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
        words, name = self.words, self.outcome
        label = words.label(name)
        samples = self._of(name)
        if samples.missing == self.count:
            return f"{label}: no sample has a value"
        found = samples.range
        if found.is_point:
            return (
                f"{label} {words.value(name, found.p50)} {words.over(name, self.horizon)}: nothing uncertain moves it"
            )
        low, middle, high = (words.value(name, number) for number in (found.p10, found.p50, found.p90))
        mean = words.value(name, found.mean)
        beside = f", mean {mean}" if mean != middle and _differs(found) else ""
        return f"{label} {words.over(name, self.horizon)}: {middle} (P50), {low} to {high} (P10 to P90){beside}"

    def to_dicts(self) -> list[dict[str, Scalar]]:
        rows: list[dict[str, Scalar]] = []
        for name, central, samples in zip(self.names, self.central, self.kept, strict=True):
            found = samples.range if samples.missing < self.count else None
            rows.append(
                {
                    "metric": name,
                    "label": self.words.label(name),
                    "unit": str(self.words.total_unit(name)),
                    "over": self.words.formed(name, self.horizon),
                    "central": central,
                    "p10": found.p10 if found else None,
                    "p50": found.p50 if found else None,
                    "p90": found.p90 if found else None,
                    "mean": found.mean if found else None,
                    "missing": samples.missing,
                }
            )
        return rows

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "outcome": self.outcome,
            "horizon": self.horizon,
            "guardrails": [
                {"metric": rail.metric, "side": rail.side, "limit": rail.limit, "risk": rail.risk}
                for rail in self.guardrails
            ],
            "faults": dict(self.faults),
            "outside_bounds": dict(self.outside),
            "uncertain": list(self.uncertain),
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
        words, samples = self.words, self._of(name)
        central = self.central[self.names.index(name)]
        numbers: tuple[float, ...] = ()
        if samples.missing < self.count:
            found = samples.range
            numbers = (found.p10, found.p50, found.p90, found.mean)
        cells = [Cell(words.value(name, number), number) for number in numbers] or [Cell("no value")] * 4
        return (
            Cell(words.label(name), name),
            Cell(words.formed(name, self.horizon)),
            Cell(words.value(name, central), central),
            *cells,
        )

    def _table_notes(self) -> tuple[str, ...]:
        words = self.words
        rails = [
            f"{rail.label}: {rail.side} {words.value(rail.metric, rail.limit)}{words.each(rail.metric)} broken in "
            f"{percentage(rail.risk)} of samples."
            for rail in self.guardrails
        ]
        numbers = f"{len(self.uncertain)} uncertain number{'s' * (len(self.uncertain) != 1)}"
        drawn = f"{self.count:,} samples of {numbers}, seed {self.provenance.seed}."
        basis = (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()
        return (*rails, *self.notes, drawn, *basis)

    def picture(self) -> Distribution | Table:
        if self._of(self.outcome).missing == self.count:
            return self.view()
        drawn = self.histogram().drawn
        assert isinstance(drawn, Distribution)
        return drawn


METHOD = "scrambled Sobol points through inverse distributions"
VISIBLE = 0.02
"""Difference of mean and median, relative to the median, from which on both are printed."""


def _differs(found: Range) -> bool:
    return abs(found.mean - found.p50) > VISIBLE * abs(found.p50)


# ---- charts


def _chart(simulation: Simulation, drawn: Any, columns: tuple[str, ...], rows: Sequence[tuple[Scalar, ...]]) -> Chart:
    return Chart(simulation.provenance, drawn, columns, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Bins:
    """How many of the samples lie where."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    below: float
    """Share of the samples left of the first bin."""
    above: float

    @property
    def reached(self) -> list[float]:
        """Share of the samples below each edge."""
        return list(accumulate(self.shares, initial=self.below))


def _bins(values: npt.NDArray[np.float64], bins: int) -> _Bins:
    """Count samples in at most so many bins of a round width, from P0.5 to P99.5."""
    import numpy as np

    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= MOST_BINS:
        raise QuestionError(f"a histogram has 1 to {MOST_BINS} bins, not {bins!r}")
    low, high = map(float, np.quantile(values, (EDGE, 1 - EDGE)))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        spare = abs(low) * 0.05 or 1.0
        edges = np.array([low - spare, low + spare])
    else:
        step = round_step(high - low, bins)
        edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    counts, _ = np.histogram(values, edges)
    below, above = (float(np.mean(beyond)) for beyond in (values < edges[0], values > edges[-1]))
    return _Bins(tuple(edges.tolist()), tuple((counts / len(values)).tolist()), below, above)


def _histogram(simulation: Simulation, name: str, bins: int) -> Chart:
    found = _bins(Samples(simulation.samples(name)).present, bins)
    drawn = _distribution(simulation, name, found, tuple(zip(found.edges, found.reached, strict=True)))
    rows = zip(found.edges[:-1], found.edges[1:], found.shares, found.reached[1:], strict=True)
    return _chart(simulation, drawn, ("low", "high", "share", "share_below_high"), list(rows))


EDGE = 0.005
POINTS = 101


def _cdf(simulation: Simulation, name: str) -> Chart:
    import numpy as np

    values, shares = Samples(simulation.samples(name)).present, np.linspace(EDGE, 1 - EDGE, POINTS)
    curve = tuple(zip(np.quantile(values, shares).tolist(), shares.tolist(), strict=True))
    drawn = _distribution(simulation, name, _bins(values, BINS), curve)
    return _chart(simulation, drawn, ("value", "share_below"), curve)


def _distribution(
    simulation: Simulation,
    name: str,
    bins: _Bins,
    curve: tuple[tuple[float, float], ...],
) -> Distribution:
    words, found = simulation.words, simulation.range(name)
    marks = [
        Mark(number, label, words.value(name, number), accent=label == "P50")
        for label, number in (("P10", found.p10), ("P50", found.p50), ("P90", found.p90))
    ]
    if _differs(found):
        marks.append(Mark(found.mean, "mean", words.value(name, found.mean)))
    basis = simulation.provenance.basis
    limit, text, adverse = _threshold(simulation, name)
    outside = bins.below + bins.above
    beyond = [f"{percentage(outside)} of the samples lie beyond the axis."] if outside else []
    return Distribution(
        title=words.label(name),
        subtitle=f"{words.heading(name, simulation.horizon)}; {simulation.count:,} samples",
        edges=bins.edges,
        shares=bins.shares,
        curve=curve,
        marks=tuple(marks),
        levels=tuple((level, words.value(name, level)) for level in round_ticks(bins.edges[0], bins.edges[-1])),
        central=(found.p10, found.p90),
        central_text="P10 to P90",
        threshold=limit,
        threshold_text=text,
        adverse=adverse,
        notes=(*beyond, *simulation.notes, *([f"Basis: {basis}."] if basis else [])),
    )


def _threshold(simulation: Simulation, name: str) -> tuple[float | None, str, Literal["below", "above"]]:
    """Return beyond which value the metric is adverse in some of the samples: its guardrail, else a loss of money."""
    words, values = simulation.words, Samples(simulation.samples(name)).present
    adverse: Literal["below", "above"]
    for rail in simulation.guardrails:
        adverse = "below" if rail.side == "floor" else "above"
        share = float(((values < rail.limit) if adverse == "below" else (values > rail.limit)).mean())
        if rail.metric == name and share:
            limit = words.value(name, rail.limit)
            return rail.limit, f"{adverse} the {rail.side} of {limit}: {percentage(share)} of samples", adverse
    metric = words.graph[name]
    loss = float((values < 0).mean())
    if metric.unit.is_money and metric.spec.better == "higher" and loss:
        return 0.0, f"below zero: {percentage(loss)} of samples", "below"
    return None, "", "below"


def _fan(simulation: Simulation, name: str) -> Chart:
    words = simulation.words
    fan = next(fan for fan in simulation.fans if fan.metric == name)
    bands = tuple(
        Band(low, high, f"{first} to {last}", *(f"{at} {words.value(name, end[-1])}" for at, end in ends))
        for first, last, low, high in (("P10", "P90", fan.p10, fan.p90), ("P25", "P75", fan.p25, fan.p75))
        for ends in [((first, low), (last, high))]
    )
    series = Series("P50", fan.p50, words.value(name, fan.p50[-1]), accent=True)
    levels = tuple((y, words.value(name, y)) for y in round_levels(min(fan.p10), max(fan.p90)))
    ticks = tuple(str(t) for t in range(len(fan.p50)))
    subtitle = f"By {words.period}, from today (0); {fan.samples:,} samples"
    basis = simulation.provenance.basis
    notes = (f"Basis: {basis}.",) if basis else ()
    drawn = Lines(words.label(name), subtitle, ticks, (series,), levels, notes, bands)
    quantiles = zip(fan.p10, fan.p25, fan.p50, fan.p75, fan.p90, strict=True)
    rows = [(t, *row) for t, row in enumerate(quantiles)]
    return _chart(simulation, drawn, (words.period, "p10", "p25", "p50", "p75", "p90"), rows)


# ---- the question


def simulate(
    subject: Subject,
    samples: int = 2**14,
    seed: int = 0,
    on: str | Sequence[str] | None = None,
    executor: Executor | None = None,
    report: Report | None = None,
) -> Simulation:
    """Draw many samples of all that is uncertain, and see how the outcomes spread.

    Values, parameters of assumed effects and starts with a range or distribution are drawn at scrambled Sobol points
    (A. B. Owen, "Randomly Permuted (t,m,s)-Nets and (t,s)-Sequences", 1995), correlated by a Gaussian copula where the
    model says so. What ``baseline`` reads stays at its central value.

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
        Where the work is done: any ``concurrent.futures`` executor, of processes or of a cluster; threads if not given.
    report
        Told how many samples are done, and of how many.

    Raises
    ------
    QuestionError
        When a metric does not exist, or the number of samples or the seed is none.
    """
    from impacttree.engine.simulation import Job, Wanted, simulate_many

    kept = _kept(subject, on)
    slots = tuple(metric.index for metric in kept)
    limits = [limit for limit in guarded(subject.graph) if limit.metric.index in slots]
    reached = frozenset().union(*(subject.upstream(metric) for metric in kept))
    bounded = [metric for metric in subject.bounded if metric.index in reached]
    spans = (*(limit.span for limit in limits), *map(bounds_span, bounded))
    wanted = Wanted(totals=slots, spans=spans, paths=slots)
    job = Job.of(subject.model, subject.horizon, wanted, seed=seed)
    (run,) = simulate_many(job, samples, executor=executor, report=report)
    metrics, central = subject.graph.metrics, subject.base.horizon()
    found = tuple(Samples(run.totals[slot]) for slot in slots)
    outside = outside_shares(bounded, run)
    return Simulation(
        provenance=subject.provenance(METHOD, _basis(kept), samples, seed),
        outcome=kept[0].name,
        names=tuple(metric.name for metric in kept),
        horizon=subject.horizon,
        count=samples,
        central=tuple(central[slot] for slot in slots),
        kept=found,
        fans=tuple(_quantiles(metric, run) for metric in kept),
        guardrails=tuple(_risk(limit, run) for limit in limits),
        faults=tuple((metrics[owner].name, number) for owner, number in run.faults.items()),
        outside=tuple((metric.name, share) for metric, share in outside),
        uncertain=job.drawn,
        notes=_notes(subject, run, found, outside, job.drawn),
        words=subject.words,
    )


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
    found = {metric.index: metric for metric in map(subject.metric, names)}
    return tuple(found.values())


def _basis(kept: Sequence[Metric]) -> str:
    return ACCRUAL if any(metric.unit.is_money for metric in kept) else ""


def _quantiles(metric: Metric, run: Sampled) -> Fan:
    import numpy as np

    paths = run.paths[metric.index]
    whole = paths[:, np.isfinite(paths).all(axis=0)]
    count = whole.shape[1]
    if not count:
        whole = paths[:, :0]
    shares = (0.1, 0.25, 0.5, 0.75, 0.9)
    rows = np.quantile(whole, shares, axis=1) if count else np.empty((len(shares), 0))
    return Fan(metric.name, count, *(tuple(map(float, row)) for row in rows))


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
