"""How sure an answer is: the same question asked of many samples, with and without the change on the same draws.

Common random numbers leave only what the change does: what is uncertain but moves both sides alike cancels sample by
sample, so that an identity lift and ``x - x`` have no spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impacttree.answers.limits import GuardrailCheck, guarded, with_risks
from impacttree.answers.result import Provenance
from impacttree.answers.samples import Range, Samples, percentage, visibly_differ
from impacttree.answers.subject import Asked, Subject
from impacttree.answers.words import Words, joined
from impacttree.graph.checks import bounds_of
from impacttree.graph.model import Metric

if TYPE_CHECKING:
    from impacttree.engine.simulation import Corridor, Job, Sampled, Wanted

__all__ = [
    "Ranges",
    "Risks",
    "bounds_span",
    "change_ranges",
    "guardrail_risks",
    "missing_note",
    "outside_notes",
    "outside_shares",
    "range_cells",
    "range_text",
    "sampled_provenance",
]

SEED = 0
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
        That guardrails are broken, with the changes.
    notes
        Samples without a value, and those that leave bounds.
    """

    changes: tuple[tuple[str, Range], ...]
    last: Range | None
    risks: Risks
    notes: tuple[str, ...]

    def of(self, name: str) -> Range | None:
        """Return the range of the change of one outcome."""
        return dict(self.changes).get(name)


def change_ranges(subject: Subject, asked: Asked, outcomes: Sequence[str]) -> Ranges | None:
    """Return the ranges of what changes do to outcomes; None where nothing that they rest on is uncertain.

    Parameters
    ----------
    subject
        The tree.
    asked
        What is done.
    outcomes
        Names, the one that the question is about first.
    """
    from impacttree.engine.simulation import Job, Wanted, simulate_many

    graph, slots = subject.graph, [subject.graph.by_name[name] for name in outcomes]
    upstream = subject.upstream(graph.metrics[slots[0]])
    bounded = [metric for metric in subject.bounded if metric.index in upstream]
    spans = (*(limit.span for limit in guarded(graph)), *map(bounds_span, bounded))
    wanted = Wanted(totals=tuple(slots), spans=spans, paths=(slots[0],))
    job = Job.of(
        subject.model,
        subject.horizon,
        wanted,
        seed=SEED,
        runs=({}, asked.drawn(graph)),
        extra=asked.uncertain(graph),
    )
    if not job.drawn:
        return None
    count = _count(subject, wanted)
    before, after = simulate_many(job, count)
    moves = {
        name: Samples(after.totals[slot] - before.totals[slot])
        for name, slot in zip(outcomes, slots, strict=True)
        if _rests_on(subject, slot, job)
    }
    last = Samples(after.paths[slots[0]][-1] - before.paths[slots[0]][-1])
    first = moves.get(outcomes[0])
    missing = max((_unjudged(after, count), *(move.missing for move in moves.values())))
    return Ranges(
        changes=tuple((name, move.range) for name, move in moves.items() if move.missing < count),
        last=last.range if first is not None and last.missing < count else None,
        risks=Risks(_shares(subject, after, job), count, SEED),
        notes=(
            *missing_note(subject.words, (before, after), count, missing),
            *outside_notes(outside_shares(bounded, after), NOTABLE),
        ),
    )


def _rests_on(subject: Subject, slot: int, job: Job) -> bool:
    """Whether a metric rests on a number that is drawn, of the tree or of a lift."""
    lifted = {subject.graph.by_name[number.metric] for number in job.extra}
    reached = lifted and not lifted.isdisjoint(subject.upstream(subject.graph.metrics[slot]))
    return bool(reached) or not subject.model.part((slot,)).addresses.isdisjoint(job.drawn)


def sampled_provenance(subject: Subject, method: str, basis: str, ranges: Ranges | None) -> Provenance:
    """Return how an answer came about, with its samples where any were drawn."""
    if ranges is None:
        return subject.provenance(method, basis)
    samples, seed = ranges.risks.samples, ranges.risks.seed
    return subject.provenance(
        f"{method}; ranges of {samples:,} samples at scrambled Sobol points", basis, samples, seed
    )


def range_text(words: Words, name: str, of: Range | None) -> str:
    """Write the range of a change, ``+$9k to +$26k (P10 to P90)``; nothing where there is no spread."""
    return "" if of is None or of.is_point else f"{words.span(name, of.p10, of.p90)} (P10 to P90)"


def range_cells(words: Words, name: str, point: float, of: Range | None) -> tuple[str, ...]:
    """Return what is said of the range of a change: its ends, and median and mean where they visibly differ."""
    if of is None:
        return ()
    if of.is_point:
        return ("none: no uncertain number moves it",)
    cells = [range_text(words, name, of)]
    shown = {words.figure(name, point)}
    for word, number in (("median", of.p50), ("mean", of.mean)):
        text = words.figure(name, number)
        if text not in shown and visibly_differ(number, point):
            cells.append(f"{word} {text}")
            shown.add(text)
    return tuple(cells)


def guardrail_risks(subject: Subject, asked: Asked) -> Risks | None:
    """Return how likely the breach of each guardrail is; None where nothing uncertain moves any."""
    from impacttree.engine.simulation import Job, Wanted, simulate_many

    limits = guarded(subject.graph)
    wanted = Wanted(spans=tuple(limit.span for limit in limits))
    runs, extra = (asked.drawn(subject.graph),), asked.uncertain(subject.graph)
    job = Job.of(subject.model, subject.horizon, wanted, seed=SEED, runs=runs, extra=extra)
    if not job.drawn:
        return None
    count = _count(subject, wanted)
    (run,) = simulate_many(job, count)
    notes = missing_note(subject.words, (run,), count, _unjudged(run, count))
    return Risks(_shares(subject, run, job), count, SEED, notes)


def _shares(subject: Subject, run: Sampled, job: Job) -> tuple[float | None, ...]:
    risks: list[float | None] = []
    for limit in guarded(subject.graph):
        slot = limit.metric.index
        risks.append(run.outside[limit.span].share if _rests_on(subject, slot, job) else None)
    return tuple(risks)


def _count(subject: Subject, wanted: Wanted) -> int:
    """Return how many samples there is time for: a power of two."""
    periods = 1 if subject.model.is_static else subject.horizon
    cells = len(subject.model.part(wanted.slots).step.blocks) * periods
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
