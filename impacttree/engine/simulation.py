"""Many samples of a tree: drawn, worked and kept chunk by chunk, by any number of workers.

Chunks are those of the Sobol points, and each knows the indices of its samples: so the same seed gives the same numbers
on one worker or many, in threads, processes or on a cluster. Only what is asked for is kept. Several runs (without a
lift and with it) are worked on the same draws, so that their differences hold nothing but the lift.
"""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import nullcontext
from dataclasses import field
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple, TypedDict

import numpy as np

from impacttree.engine.arrays import Array
from impacttree.engine.horizon import HORIZONS, HorizonRule
from impacttree.engine.model import Model
from impacttree.engine.sampling import Sampler
from impacttree.engine.sobol import chunks_of
from impacttree.engine.vector import Batch, evaluate_many
from impacttree.errors import Problem, QuestionError, printable
from impacttree.graph.model import Aggregation, Graph, UncertainNumber
from impacttree.quantity import Intervention, Recipe, number_of
from impacttree.records import dataclass

__all__ = ["Corridor", "DrawnChange", "Job", "Report", "Sampled", "Scramblings", "Wanted", "simulate_many"]

Chunk = tuple[int, int]
"""Index of the first sample, and how many there are."""
Worked = list[tuple[Chunk, "list[Sampled]"]]
Report = Callable[[int, int], None]
"""Told how many samples are done, and of how many."""

KEPT_DRAWS = 2**13
"""Draws of so many samples, from the first, are kept."""
TOGETHER = 4
"""Chunks that one task works, so that sending it costs little beside it."""
WAITING = 32
"""Tasks handed out at a time: results that wait to be stored stay few."""
MOST_THREADS = 8
PATHS = 64 * 2**20
"""Bytes of the samples that are kept period by period."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """Where a metric should stay in every period."""

    slot: int
    low: float = -math.inf
    high: float = math.inf

    def count(self, lows: Array, highs: Array) -> Counted:
        """Count samples by their least and greatest values over the periods."""
        there = np.isfinite(lows) & np.isfinite(highs)
        outside = there & ((lows < self.low) | (highs > self.high))
        return Counted(int(outside.sum()), int(there.sum()))


class Counted(NamedTuple):
    """How many samples left a span in some period, of those that have a value."""

    outside: int
    whole: int

    @property
    def share(self) -> float:
        return self.outside / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is kept of every sample, by slot.

    Parameters
    ----------
    totals
        Values over the horizon, by the aggregation rule.
    spans
        Samples that leave them are counted.
    paths
        Values period by period, of as many of the first samples as `PATHS` has room for.
    """

    totals: tuple[int, ...] = ()
    spans: tuple[Corridor, ...] = ()
    paths: tuple[int, ...] = ()

    @property
    def slots(self) -> frozenset[int]:
        return frozenset((*self.totals, *(span.slot for span in self.spans), *self.paths))


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """What was kept of one run, by slot; NaN where a sample has no value.

    Parameters
    ----------
    totals
        An array with a number for each sample.
    outside
        Samples that left each span.
    paths
        Arrays of (periods + 1) by as many of the first samples as there was room for.
    faults
        Number of samples in which the metric's own rule had no finite value.
    """

    totals: Mapping[int, Array]
    outside: Mapping[Corridor, Counted]
    paths: Mapping[int, Array]
    faults: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class DrawnChange:
    """What is done to one metric, where some of it is not known for certain.

    Parameters
    ----------
    recipe
        What the changes do together.
    addresses
        Of each change's number; None where it is certain.
    """

    recipe: Recipe
    addresses: tuple[str | None, ...]

    @property
    def varies(self) -> bool:
        """Whether what is done differs from period to period."""
        return self.recipe.varies

    def at(self, draws: Mapping[str, Array]) -> Intervention:
        """Return the effect with a number for each row."""
        pairs = zip(self.recipe.changes, self.addresses, strict=True)
        numbers = [number_of(change) if address is None else draws[address] for change, address in pairs]
        return self.recipe.intervention(numbers)


class _Inputs(TypedDict):
    parameters: Mapping[str, Array]
    interventions: Mapping[int, Intervention]


@dataclass(frozen=True, eq=False)
class Job:
    """What is done with each sample; it travels to other processes as the written model and these settings.

    Parameters
    ----------
    graph
        The checked tree.
    periods
        How many are stepped through.
    wanted
        What is kept.
    seed
        Of the draws.
    runs
        What is changed in each run of a sample, by slot, from period 1; one run without a change if not given.
    extra
        Uncertain numbers that are not of the tree, such as those of a lift; `sampler` draws them, too.
    since
        The first period of what counts as the horizon.
    rules
        How metrics are taken over it.
    """

    graph: Graph
    periods: int
    wanted: Wanted
    seed: int = 0
    runs: tuple[Mapping[int, Intervention | DrawnChange], ...] = field(default_factory=lambda: ({},))
    extra: tuple[UncertainNumber, ...] = ()
    since: int = 1
    rules: Mapping[Aggregation, HorizonRule] = field(default_factory=lambda: HORIZONS)

    @classmethod
    def of(cls, model: Model, periods: int, wanted: Wanted, **settings: Any) -> Job:
        """Return the job of a tree that is compiled already."""
        job = cls(model.graph, periods, wanted, since=model.since, rules=model.rules, **settings)
        vars(job)["model"] = model
        return job

    @cached_property
    def model(self) -> Model:
        return Model(self.graph, self.rules).counting(self.since)

    @cached_property
    def sampler(self) -> Sampler:
        return Sampler(self.model, seed=self.seed, extra=self.extra)

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """Addresses of the uncertain numbers that what is wanted rests on."""
        slots = self.wanted.slots.union(*self.runs)
        read = self.model.part(slots).addresses | {number.address for number in self.extra}
        return tuple(one.address for one in self.sampler.inputs if one.address in read)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("graph", "periods", "wanted", "seed", "runs", "extra", "since")
        return {**{key: vars(self)[key] for key in kept}, "rules": dict(self.rules)}

    def path_rows(self, samples: int) -> int:
        """Return of how many samples there is room for the values of every period."""
        if not self.wanted.paths:
            return 0
        return min(samples, PATHS // (8 * len(self.wanted.paths) * len(self.runs) * (self.periods + 1)) or 1)

    def work(self, chunks: Sequence[Chunk], path_rows: int) -> Worked:
        """Return what is wanted of some chunks, an entry for each run."""
        return [(chunk, self._runs(chunk, path_rows)) for chunk in chunks]

    def _runs(self, chunk: Chunk, path_rows: int) -> list[Sampled]:
        first, count = chunk
        draws = self.draws(first, count)
        wanted = self.wanted
        batches = (
            evaluate_many(
                self.model,
                self.periods,
                count=count,
                **self.inputs(draws, changes),
                totals=wanted.totals,
                extremes=sorted({span.slot for span in wanted.spans}),
                paths=wanted.paths if first < path_rows else (),
            )
            for changes in self.runs
        )
        return [_sampled(batch, wanted.spans) for batch in batches]

    def draws(self, first: int, count: int) -> Mapping[str, Array]:
        """Return what is drawn for some samples; those of the first few are kept, as they may be worked once more."""
        if first or count > KEPT_DRAWS:
            return self.sampler.draw(first, count, only=self.drawn)
        if count not in self._first_draws:
            self._first_draws[count] = self.sampler.draw(0, count, only=self.drawn)
        return self._first_draws[count]

    @cached_property
    def _first_draws(self) -> dict[int, Mapping[str, Array]]:
        return {}

    def inputs(self, draws: Mapping[str, Array], changes: Mapping[int, Intervention | DrawnChange]) -> _Inputs:
        """Return what the evaluator takes of draws: parameters of the tree, and what a run changes at them."""
        lifts = {number.address for number in self.extra}
        return {
            "parameters": {address: numbers for address, numbers in draws.items() if address not in lifts},
            "interventions": {slot: _effect(change, draws) for slot, change in changes.items()},
        }


def _effect(change: Intervention | DrawnChange, draws: Mapping[str, Array]) -> Intervention:
    return change.at(draws) if isinstance(change, DrawnChange) else change


def _sampled(batch: Batch, spans: Sequence[Corridor]) -> Sampled:
    """Return what is wanted of a batch: samples outside a span are counted at once, and not kept."""
    outside = {span: span.count(batch.lows[span.slot], batch.highs[span.slot]) for span in spans}
    return Sampled(batch.totals, outside, batch.paths, batch.faults)


class Scramblings:
    """Samples of a job at several scrambled nets that are independent of each other, as a standard error needs them.

    Parameters
    ----------
    job
        What is done with each sample; totals alone are wanted of it. Its seed stands for those of all the nets.
    samples
        In all; nets differ by one at most.
    count
        How many nets.
    """

    def __init__(self, job: Job, samples: int, count: int) -> None:
        self.sizes = tuple(samples // count + (net < samples % count) for net in range(count))
        settings = {"runs": job.runs, "extra": job.extra}
        self._jobs = tuple(
            Job.of(job.model, job.periods, job.wanted, seed=count * job.seed + net, **settings) for net in range(count)
        )

    def simulate(self) -> tuple[Sampled, ...]:
        """Return what is wanted of all samples, one net after the other, an entry for each run of the job."""
        nets = [simulate_many(job, size) for job, size in zip(self._jobs, self.sizes, strict=True)]
        return tuple(map(_concatenated, zip(*nets, strict=True)))

    def draw(self, address: str) -> Array:
        """Return the draws of one number in the order of the samples."""
        pairs = zip(self._jobs, self.sizes, strict=True)
        return np.concatenate([job.sampler.draw(0, size, only=(address,))[address] for job, size in pairs])


def _concatenated(nets: Sequence[Sampled]) -> Sampled:
    totals = {slot: np.concatenate([net.totals[slot] for net in nets]) for slot in nets[0].totals}
    slots = sorted({slot for net in nets for slot in net.faults})
    return Sampled(totals, {}, {}, {slot: sum(net.faults.get(slot, 0) for net in nets) for slot in slots})


class _Kept:
    """Arrays for all samples, filled chunk by chunk in whatever order these come."""

    def __init__(self, job: Job, samples: int) -> None:
        wanted = job.wanted
        self.path_rows, self.done = job.path_rows(samples), 0
        self.runs = [
            Sampled(
                totals={slot: np.empty(samples) for slot in wanted.totals},
                outside=dict.fromkeys(wanted.spans, Counted(0, 0)),
                paths={slot: np.empty((job.periods + 1, self.path_rows)) for slot in wanted.paths},
                faults={},
            )
            for _ in job.runs
        ]

    def store(self, worked: Worked) -> None:
        for (first, count), found in worked:
            self.runs = [_joined(kept, part, first, count) for kept, part in zip(self.runs, found, strict=True)]
            self.done += count

    def sampled(self) -> tuple[Sampled, ...]:
        for run in self.runs:
            for values in (*run.totals.values(), *run.paths.values()):
                values.flags.writeable = False
        return tuple(self.runs)


def _joined(kept: Sampled, part: Sampled, first: int, count: int) -> Sampled:
    """Store the arrays of a chunk where they belong, and return the counts of both together."""
    for whole, chunk in ((kept.totals, part.totals), (kept.paths, part.paths)):
        for slot, values in chunk.items():
            room = whole[slot][..., first : first + count]
            room[...] = values[..., : room.shape[-1]]
    pairs = ((span, counted, part.outside[span]) for span, counted in kept.outside.items())
    outside = {span: Counted(a.outside + b.outside, a.whole + b.whole) for span, a, b in pairs}
    slots = sorted({*kept.faults, *part.faults})
    faults = {slot: kept.faults.get(slot, 0) + part.faults.get(slot, 0) for slot in slots}
    return Sampled(kept.totals, outside, kept.paths, faults)


def simulate_many(
    job: Job, samples: int, *, executor: Executor | None = None, report: Report | None = None
) -> tuple[Sampled, ...]:
    """Return what is wanted of all samples, one entry for each run of the job.

    Parameters
    ----------
    samples
        1 to 2**24. The first so many Sobol points: powers of two are spread best.
    executor
        Works the chunks, wherever it is; threads of this process if not given. The numbers are the same.
    report
        Told about progress, from this thread.

    Raises
    ------
    QuestionError
        When the number of samples is out of range, or what is given as an executor is not one.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: $30 ($25 to $36)}, paid: {formula: 50 * price}}"))
    >>> (run,) = simulate_many(Job(graph, 12, Wanted(totals=(1,))), 2**14)
    >>> np.quantile(run.totals[1], [0.1, 0.9]).round()
    array([1250., 1800.])
    """
    chunks = list(chunks_of(samples))
    if executor is not None and not callable(getattr(executor, "submit", None)):
        reason = f"an executor is one of concurrent.futures or like it, not {printable(repr(executor), 40)}"
        raise QuestionError(Problem(reason=reason, fix="pass e.g. ProcessPoolExecutor(), or leave it out"))
    kept = _Kept(job, samples)

    def store(worked: Worked) -> None:
        kept.store(worked)
        if report is not None:
            report(kept.done, samples)

    if executor is None:
        store(job.work(chunks[:1], kept.path_rows))  # compiles what the threads then share
        chunks = chunks[1:]
        work = partial(job.work, path_rows=kept.path_rows)
    else:
        work = partial(_elsewhere, pickle.dumps(job), path_rows=kept.path_rows)
    if chunks:
        tasks = (chunks[i : i + TOGETHER] for i in range(0, len(chunks), TOGETHER))
        threads = min(MOST_THREADS, os.cpu_count() or 1)
        with nullcontext(executor) if executor is not None else ThreadPoolExecutor(threads) as pool:
            for worked in _worked(pool, work, tasks):
                store(worked)
    return kept.sampled()


def _worked(
    pool: Executor, work: Callable[[Sequence[Chunk]], Worked], tasks: Iterator[Sequence[Chunk]]
) -> Iterator[Worked]:
    """Yield what tasks give as it comes, with a few of them handed out at a time."""
    waiting: set[Future[Worked]] = set()
    try:
        waiting |= {_handed_out(pool, work, task) for task in islice(tasks, WAITING)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            waiting |= {_handed_out(pool, work, task) for task in islice(tasks, len(done))}
    except (BrokenExecutor, CancelledError) as error:
        raise _no_work(error) from error
    finally:
        for future in waiting:
            future.cancel()


def _handed_out(pool: Executor, work: Callable[[Sequence[Chunk]], Worked], task: Sequence[Chunk]) -> Future[Worked]:
    try:
        return pool.submit(work, task)
    except RuntimeError as error:  # what executors raise once they are shut down
        raise _no_work(error) from error


def _no_work(error: BaseException) -> QuestionError:
    why = printable(str(error)) or "its work was cancelled"
    return QuestionError(
        Problem(reason=f"the executor does not do the work: {why}", fix="pass one that is open, or leave it out")
    )


def _elsewhere(payload: bytes, chunks: Sequence[Chunk], path_rows: int) -> Worked:
    """Work chunks in another process, which keeps the job's tree for the next ones."""
    return _job_of(payload).work(chunks, path_rows)


@lru_cache(maxsize=4)
def _job_of(payload: bytes) -> Job:
    job: Job = pickle.loads(payload)  # noqa: S301 - made by `simulate_many` of this package, in the same run
    return job
