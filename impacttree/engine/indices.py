"""Variance-based sensitivity: which share of an outcome's variance each factor makes, alone and with others.

Two independent sets of draws A and B, and for each factor the set A with that factor's draws from B. First-order
indices by Saltelli and others, "Variance based sensitivity analysis of model output", Computer Physics Communications
181, 2010 (table 2, b), on centred outputs; total indices by Jansen, "Analysis of variance designs for model output",
Computer Physics Communications 117, 1999. Intervals are those of a ratio of two means (A. Janon and others, "Asymptotic
normality and efficiency of two Sobol index estimators", ESAIM: Probability and Statistics 18, 2014); they err on the
wide side, because Sobol points are more even than the random ones that they suppose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from impacttree.engine.arrays import Array
from impacttree.engine.sampling import Sampler
from impacttree.engine.simulation import Job
from impacttree.engine.sobol import chunks_of
from impacttree.engine.vector import evaluate_many
from impacttree.quantity.spread_checks import Z_P97_5
from impacttree.records import dataclass

__all__ = ["Index", "IndexEstimate", "Outputs", "indices_of", "sample_factors", "swings"]

TOGETHER = 256
"""Factors whose swings are worked at once."""


class IndexEstimate(NamedTuple):
    """A number with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Index:
    """One factor's share of the variance: alone, and with all interactions that it takes part in."""

    first: IndexEstimate
    total: IndexEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """An outcome at the base points: drawn from A, from B, and from A with one factor of B.

    Parameters
    ----------
    a, b
        Arrays with a number for each base point.
    mixed
        A row for each factor.
    """

    a: Array
    b: Array
    mixed: Array


def indices_of(outputs: Outputs, size: float = 0.0) -> tuple[Index, ...] | None:
    """Return the indices of each factor; None where the outcome does not vary.

    Base points without a value are left out.

    Parameters
    ----------
    outputs
        The outcome at the base points.
    size
        Of the largest number that the outcome is made of: beside it, rounding is to be seen.

    Examples
    --------
    The outcome ``x + 2 y`` of two normal numbers: a fifth of the variance is that of x.

    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.normal(size=(2, 2, 4096))
    >>> def f(x, y): return x + 2 * y
    >>> x, y = indices_of(Outputs(f(*a), f(*b), np.array([f(b[0], a[1]), f(a[0], b[1])])))
    >>> round(x.first.value, 1), round(y.total.value, 1)
    (0.2, 0.8)
    """
    whole = np.isfinite(outputs.a) & np.isfinite(outputs.b) & np.isfinite(outputs.mixed).all(axis=0)
    a, b, mixed = outputs.a[whole], outputs.b[whole], outputs.mixed[:, whole]
    count = len(a)
    if count < 2:
        return None
    centre = (a.mean() + b.mean()) / 2
    a, b, mixed = a - centre, b - centre, mixed - centre
    scale = float(max(np.abs(a).max(), np.abs(b).max()))
    if not _varies(a, b, max(abs(centre), size), scale):
        return None
    a, b, mixed = a / scale, b / scale, mixed / scale
    terms = np.concatenate([b * (mixed - a), (a - mixed) ** 2 / 2])
    estimates = _shares(terms, a + b, a * a + b * b)
    factors = len(mixed)
    return tuple(map(Index, estimates[:factors], estimates[factors:]))


def _varies(a: Array, b: Array, size: float, scale: float) -> bool:
    return scale > 1e-12 * size and bool(np.ptp(a) > 0 or np.ptp(b) > 0)


def _shares(terms: Array, sums: Array, squares: Array) -> list[IndexEstimate]:
    """Divide the mean of each term by the variance of A and B together, from their sums and sums of squares.

    The error is that of a ratio of means to first order: of what each base point adds to the one less the share of what
    it adds to the other.
    """
    centre = sums.mean() / 2
    variance = float(squares.mean() / 2 - centre**2)
    shares = terms.mean(axis=1) / variance
    own = squares / 2 - centre * sums
    errors = (terms - shares[:, np.newaxis] * own).std(axis=1) / (variance * math.sqrt(terms.shape[1]))
    reach = Z_P97_5 * errors
    columns = zip(shares.tolist(), (shares - reach).tolist(), (shares + reach).tolist(), strict=True)
    return [IndexEstimate(*column) for column in columns]


def sample_factors(
    job: Job,
    sampler: Sampler,
    outcome: int,
    factors: Sequence[Sequence[str]],
    samples: int,
    report: Callable[[int, int], None] | None = None,
) -> Outputs:
    """Return the outcome over the horizon at the base points of each factor, a factor being addresses drawn together.

    Parameters
    ----------
    job
        What is run: one run, whose outcome it is; or one without and one with a change, whose difference it is.
    sampler
        With two copies of the draws.
    factors
        Addresses that are exchanged together: correlated numbers make one factor.
    samples
        Base points.
    report
        Told about progress.
    """
    drawn = job.drawn
    outputs = Outputs(np.empty(samples), np.empty(samples), np.empty((len(factors), samples)))
    done, whole = 0, samples * (len(factors) + 2)
    for first, count in chunks_of(samples):
        rows = slice(first, first + count)
        a, b = (sampler.draw(first, count, only=drawn, copy=copy) for copy in (0, 1))
        for draws, into in _mixtures(a, b, factors, outputs):
            into[rows] = _outcome(job, outcome, draws, count)
            done += count
            if report is not None:
                report(done, whole)
    return outputs


def _outcome(job: Job, outcome: int, draws: Mapping[str, Array], count: int) -> Array:
    """Return the outcome over the horizon in each row; of two runs, what the second one changes."""
    found = [
        evaluate_many(job.model, job.periods, count=count, **job.inputs(draws, changes), totals=(outcome,))
        for changes in job.runs
    ]
    first, *others = (batch.totals[outcome] for batch in found)
    moved: Array = others[-1] - first if others else first
    return moved


def _mixtures(
    a: dict[str, Array], b: dict[str, Array], factors: Sequence[Sequence[str]], outputs: Outputs
) -> Iterator[tuple[dict[str, Array], Array]]:
    """Yield the draws of each evaluation with where its outcome goes."""
    yield a, outputs.a
    yield b, outputs.b
    for factor, into in zip(factors, outputs.mixed, strict=True):
        yield {**a, **{address: b[address] for address in factor}}, into


def swings(job: Job, sampler: Sampler, outcome: int) -> dict[str, tuple[float, float]]:
    """Return the outcome with each uncertain number at its P10 and at its P90, all others at their stated points.

    Of two runs it is what the second one changes. NaN where the outcome has no value there.
    """
    known = {one.address: one.distribution for one in sampler.inputs}
    central = dict(zip(job.model.addresses, job.model.parameters, strict=True))
    central |= {number.address: known[number.address].central for number in job.extra}
    found: dict[str, tuple[float, float]] = {}
    for start in range(0, len(job.drawn), TOGETHER):
        together = job.drawn[start : start + TOGETHER]
        numbers = dict.fromkeys((*together, *(number.address for number in job.extra)))
        rows = {address: np.full(2 * len(together), central[address]) for address in numbers}
        for position, address in enumerate(together):
            rows[address][2 * position : 2 * position + 2] = known[address].quantile(np.array([0.1, 0.9]))
        pairs = _outcome(job, outcome, rows, 2 * len(together)).reshape(-1, 2).tolist()
        found |= {address: (low, high) for address, (low, high) in zip(together, pairs, strict=True)}
    return found
