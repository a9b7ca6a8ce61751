"""What it is worth to know a number before one decides: expected values of perfect information.

Doing it pays a net benefit NB in each sample, not doing it pays nothing. Who knows every number before deciding gains::

    EVPI = E[max(NB, 0)] - max(E[NB], 0)

(R. A. Howard, "Information value theory", IEEE Transactions on Systems Science and Cybernetics 2, 1966). Who knows one
number X gains the same of m(X) = E[NB | X], its EVPPI. No second simulation is needed for m: it is the regression of NB
on X over the samples that there are (M. Strong, J. E. Oakley and A. Brennan, "Estimating multiparameter partial
expected value of perfect information from a probabilistic sensitivity analysis sample", Medical Decision Making 34,
2014). Here m is a restricted cubic spline of seven knots (F. E. Harrell, "Regression Modeling Strategies", section
2.4.5) over the normal score of X's rank, so that the scale of X does not matter; of an X with few values, the mean of
each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array

__all__ = ["LEAST", "GainEstimate", "Information"]

Groups = npt.NDArray[np.intp]
"""To which value of a number each sample belongs, counted from the lowest; of many values, the rank of the sample."""

LEAST = 200
"""Samples without which a regression says nothing."""
KNOTS = (0.025, 11 / 60, 41 / 120, 0.5, 79 / 120, 49 / 60, 0.975)
"""Shares of the samples below each knot: Harrell's, for seven."""
FEW = 20
"""Samples for each value of a number from which on the number is taken to have few values."""
GROUPS = 32
"""Groups of equally many samples, by rank, that the spline is held against."""
DRAWS = 200
"""Of the coefficients, for the error."""
POINTS = 2_048
"""Of the curve that draws of the coefficients are compared at."""


@dataclass(frozen=True, slots=True)
class GainEstimate:
    """An expected gain and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Regression:
    """E[NB | X] at some points: columns that are orthonormal over the samples, the constant among what they span.

    Parameters
    ----------
    columns
        Of the design, at each point.
    counts
        How many samples each point stands for.
    coefficients
        Estimated; each has the standard error `noise`.
    """

    columns: Array
    counts: Array
    coefficients: Array
    noise: float

    @property
    def means(self) -> Array:
        """E[NB | X] at each point."""
        return self.middle + self.effect

    @property
    def middle(self) -> float:
        return float(self.counts @ (self.columns @ self.coefficients) / self.counts.sum())

    @property
    def effect(self) -> Array:
        """What X does to NB, drawn together so that it varies no more than without noise in the coefficients."""
        rough: Array = self.columns @ self.coefficients - self.middle
        signal = float(self.counts @ rough**2)
        chance = (len(self.coefficients) - 1) * self.noise**2
        return rough * (math.sqrt(1 - chance / signal) if signal > chance else 0.0)

    def gain(self) -> float:
        return float(_gain(self.means, self.counts))

    def error(self, seed: int) -> float:
        """Return how far the gain is off when coefficients are drawn from their sampling distribution, squared mean."""
        step = -(-len(self.counts) // POINTS)
        means, columns, counts = self.means[::step], self.columns[::step], self.counts[::step]
        random = np.random.Generator(np.random.Philox(key=seed % 2**64))
        noise = columns @ (self.noise * random.standard_normal((len(self.coefficients), DRAWS)))
        off = _gain(means[:, np.newaxis] + noise, counts) - _gain(means, counts)
        return math.sqrt(float(np.mean(off**2)))


class Information:
    """The worth of knowing numbers, to one decision.

    Parameters
    ----------
    net
        Net benefit of doing it, one number for each sample.
    seed
        Of the draws that the standard errors come from.

    Examples
    --------
    >>> random = np.random.default_rng(7)
    >>> draws = {"price": random.normal(3.0, 2.0, 20_000), "cost": random.normal(3.0, 1.0, 20_000)}
    >>> information = Information(draws["price"] - draws["cost"], seed=0)
    >>> each = information.of_each(["price", "cost"], draws.__getitem__)
    >>> round(information.of_all.value, 1), round(each["price"].value, 1), round(each["cost"].value, 1)
    (0.9, 0.8, 0.4)
    """

    def __init__(self, net: Array, seed: int) -> None:
        self.net, self.seed = net, seed

    @cached_property
    def of_all(self) -> GainEstimate:
        """EVPI; its error is that of a mean of independent samples, which Sobol points stay below."""
        net = self.net
        value = float(_gain(net, np.ones(len(net))))
        gains = np.maximum(net, 0.0) - (net if net.mean() > 0 else 0.0)
        return GainEstimate(value, float(gains.std()) / math.sqrt(len(net)))

    def of_each(
        self, numbers: Sequence[str], draw: Callable[[str], Array], correlated: Collection[str] = ()
    ) -> dict[str, GainEstimate]:
        """Return the EVPPI of each number by itself.

        What the others do to NB, as far as it is a sum of what each of them does, is noise in the regression on a
        number that is independent of them, so it is taken out first.

        Parameters
        ----------
        numbers
            What they are called.
        draw
            Gives the draws of a number in the order of the samples.
        correlated
            Those that are not independent of all the others.
        """
        if self.of_all.value <= 0:
            return dict.fromkeys(numbers, GainEstimate(0.0, 0.0))
        rest, parts = self.net, {}
        for number in numbers:
            if number not in correlated:
                groups = self._groups(draw(number))
                parts[number] = self._regression(rest, groups)
                rest = rest - parts[number].effect[groups]
        estimates = {}
        for number in numbers:
            groups = self._groups(draw(number))
            net = rest + parts[number].effect[groups] if number in parts else rest
            estimates[number] = self._estimate(net, groups)
        return estimates

    def _groups(self, draws: Array) -> Groups:
        """Return the position of each draw among the values that a number has, which may be its rank."""
        values, groups = np.unique(draws, return_inverse=True)
        if len(values) * FEW <= len(draws):
            return groups
        ranks = np.empty(len(draws), dtype=np.intp)
        ranks[np.argsort(draws, kind="stable")] = np.arange(len(draws))
        return ranks

    def _regression(self, net: Array, groups: Groups) -> _Regression:
        return self._by_spline(net, groups) if _is_rank(groups) else _by_groups(net, groups)

    def _estimate(self, net: Array, groups: Groups) -> GainEstimate:
        """Return the EVPPI of one number.

        Its error has two parts: the sampling distribution of the regression's coefficients, and how far a spline is
        from the means of groups of samples, which assume no shape.
        """
        regression, apart = self._regression(net, groups), 0.0
        if _is_rank(groups):
            apart = regression.gain() - _by_groups(net, groups * GROUPS // len(groups)).gain()
        # Knowing one number is worth no less than nothing and no more than knowing all.
        value = min(max(regression.gain(), 0.0), self.of_all.value)
        return GainEstimate(value, math.hypot(regression.error(self.seed), apart))

    def _by_spline(self, net: Array, ranks: Groups) -> _Regression:
        columns, ranked = self._columns, np.empty(len(net))
        ranked[ranks] = net
        coefficients = columns.T @ ranked
        noise = _noise(ranked - columns @ coefficients, columns.shape[1])
        return _Regression(columns, np.ones(len(ranked)), coefficients, noise)

    @cached_property
    def _columns(self) -> Array:
        """The spline's design in the order of ranks, the same for every number."""
        from scipy.special import ndtri

        count = len(self.net)
        score = ndtri((np.arange(count) + 0.5) / count)
        columns: Array = np.linalg.qr(_restricted_cubic(score, ndtri(np.array(KNOTS))))[0]
        return columns


def _is_rank(groups: Groups) -> bool:
    return int(groups.max()) + 1 == len(groups)


def _by_groups(net: Array, groups: Groups) -> _Regression:
    counts = np.bincount(groups).astype(np.float64)
    means = np.bincount(groups, weights=net) / counts
    noise = _noise(net - means[groups], len(counts))
    return _Regression(np.diag(1 / np.sqrt(counts)), counts, means * np.sqrt(counts), noise)


def _restricted_cubic(x: Array, knots: Array) -> Array:
    """Return the columns of cubic splines that are straight beyond the outer knots: 1, x, and one for each inner knot.

    Harrell, equation 2.25.
    """

    def beyond(knot: float) -> Array:
        return np.maximum(x - knot, 0.0) ** 3

    last, before = float(knots[-1]), float(knots[-2])
    bent = [
        beyond(knot)
        - beyond(before) * (last - knot) / (last - before)
        + beyond(last) * (before - knot) / (last - before)
        for knot in map(float, knots[:-2])
    ]
    return np.column_stack([np.ones(len(x)), x, *bent])


def _gain(means: Array, counts: Array) -> Array:
    """Return what deciding by each of these means gains over deciding once, for each column of them."""
    shares = counts / counts.sum()
    gain: Array = shares @ np.maximum(means, 0.0) - np.maximum(shares @ means, 0.0)
    return gain


def _noise(residuals: Array, coefficients: int) -> float:
    return math.sqrt(float(residuals @ residuals) / (len(residuals) - coefficients))
