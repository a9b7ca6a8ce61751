"""How sure an answer is: the same question asked of many samples, with and without the change on the same draws.

Common random numbers leave only what the change does: what is uncertain but moves both sides alike cancels sample by
sample, so that an identity lift and ``x - x`` have no spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impacttree.answers.asked import Asked
from impacttree.answers.guardrail_checks import GuardrailCheck, Limit, guarded, sized, with_risks
from impacttree.answers.means import divisor_corridors, missing_mean
from impacttree.answers.samples import Range, Samples, percentage, visibly_differ
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, joined
from impacttree.graph.checks import bounds_of
from impacttree.graph.model import Metric
from impacttree.records import dataclass

if TYPE_CHECKING:
    from impacttree.engine.simulation import Corridor, Job, Sampled, Wanted

__all__ = [
    "UNSAMPLED",
    "Ranges",
    "Risks",
    "bounds_span",
    "change_ranges",
    "guardrail_risks",
    "loss_text",
    "missing_note",
    "no_mean",
    "outside_notes",
    "outside_shares",
    "range_cells",
    "range_text",
    "sample_count",
]

SAMPLES = 2**13
"""Of a range beside an answer: P10 and P90 to about one part in a hundred."""
LEAST_SAMPLES = 2**10
CELLS = 2**23
"""Values that the samples of a range may take to compute; large trees get fewer samples, so that answers stay quick."""
NOTABLE = 0.01
"""Share of samples from which on leaving bounds is worth a warning beside an answer."""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Risks:
    """How likely it is that guardrails are broken.

    Parameters
    ----------
    shares
        Share of samples in which each limit is broken in some period, in the order of `guarded`; None where nothing
        uncertain moves it.
    samples, seed
        How many, drawn how.
    notes
        Samples without a value.
    """

    shares: tuple[float | None, ...]
    samples: int
    seed: int
    notes: tuple[str, ...] = ()

    def beside(self, checks: Sequence[GuardrailCheck]) -> tuple[GuardrailCheck, ...]:
        """Return guardrail checks that say their risk."""
        return with_risks(checks, self.shares)


@dataclass(frozen=True, slots=True)
class Ranges:
    """What many samples say of a change.

    Parameters
    ----------
    changes
        Of outcomes over the horizon, by name; those that rest on nothing uncertain are left out.
    last
        Of the first outcome in the last period.
    risks
        That guardrails are broken, with the changes; None where nothing was sampled.
    notes
        Samples without a value, and those that leave bounds.
    """

    changes: tuple[tuple[str, Range], ...]
    last: Range | None
    risks: Risks | None
    notes: tuple[str, ...]

    def beside(self, checks: tuple[GuardrailCheck, ...]) -> tuple[GuardrailCheck, ...]:
        """Return guardrail checks that say their risk, where any was sampled."""
        return checks if self.risks is None else self.risks.beside(checks)

    def of(self, name: str) -> Range | None:
        """Return the range of the change of one outcome."""
        return dict(self.changes).get(name)


UNSAMPLED = Ranges((), None, None, ())
"""Where no samples were drawn: nothing is uncertain, or nobody asked."""


def change_ranges(
    subject: Subject,
    runs: tuple[Asked, Asked],
    periods: int,
    outcomes: Sequence[str],
    samples: int | None = None,
    seed: int = 0,
) -> Ranges:
    """Return the ranges of what changes do to outcomes.

    Parameters
    ----------
    subject
        The tree.
    runs
        What is changed in the run without and in the run with what is asked.
    periods
        The horizon.
    outcomes
        Names, the one that the question is about first.
    samples
        How many; as many as there is time for unless given.
    seed
        Of the draws.
    """
    from impacttree.engine.simulation import Job, Wanted, simulate_many

    graph, slots = subject.graph, [subject.graph.by_name[name] for name in outcomes]
    upstream = subject.upstream(graph.metrics[slots[0]])
    bounded = [metric for metric in subject.bounded if metric.index in upstream]
    sizes, limits = subject.sizes(periods), _limits(subject, periods)
    divided = divisor_corridors(subject.model, tuple(slots))
    spans = (*(limit.span for limit in limits), *map(bounds_span, bounded), *divided)
    wanted = Wanted(totals=tuple(slots), spans=tuple(dict.fromkeys(spans)), paths=(slots[0],))
    drawn, extra = tuple(asked.drawn(graph) for asked in runs), runs[1].uncertain(graph)
    job = Job.of(subject.model, periods, wanted, seed=seed, runs=drawn, extra=extra)
    if not job.drawn:
        return UNSAMPLED
    count = samples or sample_count(subject, wanted, periods)
    before, after = simulate_many(job, count)
    moves = {
        name: Samples(after.totals[slot] - before.totals[slot])
        for name, slot in zip(outcomes, slots, strict=True)
        if _rests_on(subject, slot, job)
    }
    missing = max((_unjudged(after, count), *(move.missing for move in moves.values())))
    found = {}
    for name, move in moves.items():
        slot = graph.by_name[name]
        if move.missing < count:
            why = missing_mean(subject.words, job, slot, move.values, (before, after))
            found[name] = move.range(sizes[slot], mean_missing=why)
    first = found.get(outcomes[0])
    last = Samples(after.paths[slots[0]][-1] - before.paths[slots[0]][-1])
    return Ranges(
        changes=tuple(found.items()),
        last=_last(last, first, sizes[slots[0]]) if first is not None else None,
        risks=Risks(_shares(subject, after, job, limits), count, seed),
        notes=(
            *missing_note(subject.words, (before, after), count, missing),
            *outside_notes(outside_shares(bounded, after), NOTABLE),
        ),
    )


def _last(last: Samples, whole: Range, size: float) -> Range | None:
    """Return the range of the last period, which has a mean where the whole horizon has one."""
    return last.range(size, mean_missing=whole.mean_missing) if last.missing < len(last) else None


def _limits(subject: Subject, periods: int) -> tuple[Limit, ...]:
    return sized(guarded(subject.graph), subject.sizes(periods))


def _rests_on(subject: Subject, slot: int, job: Job) -> bool:
    """Return whether a metric rests on a number that is drawn, of the tree or of a lift."""
    lifted = {subject.graph.by_name[number.metric] for number in job.extra}
    reached = lifted and not lifted.isdisjoint(subject.upstream(subject.graph.metrics[slot]))
    return bool(reached) or not subject.model.part((slot,)).addresses.isdisjoint(job.drawn)


def range_text(words: Words, name: str, of: Range | None) -> str:
    """Write the range of a change, ``+$9k to +$26k (P10 to P90)``; nothing where there is no spread."""
    return "" if of is None or of.is_point else f"{words.span(name, of.p10, of.p90)} (P10 to P90)"


def range_cells(words: Words, name: str, point: float, of: Range | None) -> tuple[str, ...]:
    """Return what is said of the range of a change: its ends, and median and mean where they visibly differ.

    Of a rare event, which no quantile shows, how often it happens; without a mean, what a decision is told by instead:
    the median and the probability of a loss.
    """
    if of is None:
        return ()
    if of.is_point:
        return ("none: no uncertain number moves it",)
    cells = [range_text(words, name, of)]
    rare = of.p10 == of.p90
    if rare:
        cells.append(f"another value in {percentage(of.beyond)} of samples")
    if of.mean is None:
        return (*cells, f"median of samples {words.figure(name, of.p50)}", *loss_text(words, name, of), no_mean(of))
    shown = {words.figure(name, point)}
    for word, number in (("median", of.p50), ("mean", of.mean)):
        text = words.figure(name, number)
        if text not in shown and (visibly_differ(number, point) or (rare and word == "mean")):
            cells.append(f"{word} of samples {text}{_error(words, name, of) if word == 'mean' else ''}")
            shown.add(text)
    return tuple(cells)


def no_mean(of: Range) -> str:
    """Write ``no mean: LTV divides by Churn, which passes through zero; ...``."""
    return f"no mean: {of.mean_missing}"


def loss_text(words: Words, name: str, of: Range) -> tuple[str, ...]:
    """Return in which share of the samples a change is for the worse, if in any."""
    share = of.below_zero if words.graph[name].spec.better == "higher" else of.above_zero
    return (f"a loss in {percentage(share)} of samples",) if share else ()


def _error(words: Words, name: str, of: Range) -> str:
    """Write the standard error of a mean where it is visible beside it."""
    if of.mean is None or of.mean_error is None or not visibly_differ(abs(of.mean) + of.mean_error, abs(of.mean)):
        return ""
    return f" ± {words.unsigned(name, of.mean_error)}"


def guardrail_risks(
    subject: Subject, asked: Asked, periods: int, samples: int | None = None, seed: int = 0
) -> Risks | None:
    """Return how likely the breach of each guardrail is; None where nothing uncertain moves any."""
    from impacttree.engine.simulation import Job, Wanted, simulate_many

    limits = _limits(subject, periods)
    wanted = Wanted(spans=tuple(limit.span for limit in limits))
    runs, extra = (asked.drawn(subject.graph),), asked.uncertain(subject.graph)
    job = Job.of(subject.model, periods, wanted, seed=seed, runs=runs, extra=extra)
    if not job.drawn:
        return None
    count = samples or sample_count(subject, wanted, periods)
    (run,) = simulate_many(job, count)
    notes = missing_note(subject.words, (run,), count, _unjudged(run, count))
    return Risks(_shares(subject, run, job, limits), count, seed, notes)


def _shares(subject: Subject, run: Sampled, job: Job, limits: Sequence[Limit]) -> tuple[float | None, ...]:
    risks: list[float | None] = []
    for limit in limits:
        slot = limit.metric.index
        risks.append(run.outside[limit.span].share if _rests_on(subject, slot, job) else None)
    return tuple(risks)


def sample_count(subject: Subject, wanted: Wanted, periods: int) -> int:
    """Return how many samples there is time for: a power of two."""
    cells = len(subject.model.part(wanted.slots).step.blocks) * subject.model.steps(periods)
    fitting = max(CELLS // max(cells, 1), 1)
    return max(LEAST_SAMPLES, min(SAMPLES, 1 << fitting.bit_length() - 1))


def _unjudged(run: Sampled, count: int) -> int:
    """Return how many samples have no value of something that is watched: the most of any one."""
    return max((count - counted.whole for counted in run.outside.values()), default=0)


def missing_note(words: Words, runs: Sequence[Sampled], count: int, missing: int) -> tuple[str, ...]:
    """Return what is said of samples without a value: how many, and whose formulas failed in any of the runs."""
    if not missing:
        return ()
    metrics = words.graph.metrics
    faults = {slot: max(run.faults.get(slot, 0) for run in runs) for run in runs for slot in run.faults}
    worst = sorted(faults, key=lambda slot: (-faults[slot], slot))
    named = [f"{metrics[slot].label} ({faults[slot]:,})" for slot in worst[:MOST_NAMED]]
    reason = f": no finite value of {joined(named)}" if named else ""
    return (f"{missing:,} of {count:,} samples are left out{reason}",)


def bounds_span(metric: Metric) -> Corridor:
    """Return where the bounds of a metric keep it."""
    from impacttree.engine.simulation import Corridor

    return Corridor(metric.index, *(bounds_of(metric.spec) or ()))


def outside_shares(bounded: Sequence[Metric], run: Sampled) -> tuple[tuple[Metric, float], ...]:
    """Return metrics that leave their bounds in some period, with the share of samples in which they do."""
    shares = ((metric, run.outside[bounds_span(metric)].share) for metric in bounded)
    return tuple((metric, share) for metric, share in shares if share)


def outside_notes(shares: Sequence[tuple[Metric, float]], least: float = 0.0) -> tuple[str, ...]:
    """Return what is said of metrics that leave their bounds in more than a share of the samples."""
    return tuple(
        f"{metric.label} leaves its bounds in {percentage(share)} of samples"
        for metric, share in shares
        if share > least
    )
