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

The points of one scrambled net hang together, so that their scatter says nothing of how far their mean is off. The
samples are therefore those of `SCRAMBLINGS` nets that are independent of each other, and each expected gain is the mean
of as many (A. B. Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics 25, 1997). What
deciding by m(X) gains in a sample is ``(1[m(X) > 0] - 1[E[NB] > 0]) NB``; that m itself is estimated adds nothing to
the error in first order, because m is where the gain is greatest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.records import dataclass

__all__ = ["LEAST", "SCRAMBLINGS", "GainEstimate", "Information"]

Groups = npt.NDArray[np.intp]
"""To which value of a number each sample belongs, counted from the lowest; of many values, the rank of the sample."""

SCRAMBLINGS = 16
"""Independent nets, which an honest standard error takes."""
LEAST = 200
"""Samples without which a regression says nothing."""
KNOTS = (0.025, 11 / 60, 41 / 120, 0.5, 79 / 120, 49 / 60, 0.975)
"""Shares of the samples below each knot: Harrell's, for seven."""
FEW = 20
"""Samples for each value of a number from which on the number is taken to have few values."""
GROUPS = 32
"""Groups of equally many samples, by rank, that the spline is held against."""
SURE = 3.0
"""Standard errors by which the groups must gain more than the spline."""


@dataclass(frozen=True, slots=True)
class GainEstimate:
    """An expected gain and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Regression:
    """E[NB | X] at some points.

    Parameters
    ----------
    fitted
        By least squares.
    counts
        How many samples each point stands for.
    terms
        How many coefficients were fitted.
    noise
        The standard error of each, of columns that are orthonormal over the samples.
    """

    fitted: Array
    counts: Array
    terms: int
    noise: float

    @property
    def means(self) -> Array:
        """E[NB | X] at each point."""
        return self.middle + self.effect

    @property
    def middle(self) -> float:
        return float((self.counts * self.fitted).sum() / self.counts.sum())

    @property
    def effect(self) -> Array:
        """What X does to NB, drawn together so that it varies no more than without noise in the coefficients."""
        rough: Array = self.fitted - self.middle
        signal = float((self.counts * rough * rough).sum())
        chance = (self.terms - 1) * self.noise**2
        return rough * (math.sqrt(1 - chance / signal) if signal > chance else 0.0)


class Information:
    """The worth of knowing numbers, to one decision.

    Parameters
    ----------
    net
        Net benefit of doing it, one number for each sample.
    sizes
        How many samples each scrambling has: the first ones are those of the first, and so on.

    Examples
    --------
    >>> random = np.random.default_rng(7)
    >>> draws = {"price": random.normal(3.0, 2.0, 20_000), "cost": random.normal(3.0, 1.0, 20_000)}
    >>> information = Information(draws["price"] - draws["cost"], sizes=[1_250] * SCRAMBLINGS)
    >>> each = information.of_each(["price", "cost"], draws.__getitem__)
    >>> round(information.of_all.value, 1), round(each["price"].value, 1), round(each["cost"].value, 1)
    (0.9, 0.8, 0.4)
    """

    def __init__(self, net: Array, sizes: Sequence[int]) -> None:
        self.net = net
        self._parts = [slice(first, last) for first, last in pairwise(accumulate(sizes, initial=0)) if first < last]
        self._done = net.mean() > 0

    @cached_property
    def of_all(self) -> GainEstimate:
        """EVPI."""
        gains = np.maximum(self.net, 0.0) - self._done * self.net
        return GainEstimate(float(gains.mean()), self._error(gains))

    def _error(self, gains: Array) -> float:
        """Return the standard error of a mean, from how far the means of the scramblings are apart."""
        means = [float(gains[part].mean()) for part in self._parts]
        return float(np.std(means, ddof=1)) / math.sqrt(len(means))

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
        """Return the EVPPI of one number: what deciding by its regression gains.

        Where a spline bends too little, the means of groups of samples, which assume no shape, gain visibly more.
        """
        gains = self._gains(net, self._regression(net, groups), groups)
        if _is_rank(groups) and len(net) >= 2 * FEW * GROUPS:
            more = self._gains_by_groups(net, groups * GROUPS // len(groups)) - gains
            if more.mean() > SURE * self._error(more):
                gains = gains + more
        # Knowing one number is worth no less than nothing and no more than knowing all.
        value = min(max(float(gains.mean()), 0.0), self.of_all.value)
        return GainEstimate(value, self._error(gains))

    def _gains(self, net: Array, regression: _Regression, groups: Groups) -> Array:
        """Return what deciding by E[NB | X] gains in each sample over deciding once."""
        gains: Array = ((regression.means > 0)[groups] * 1.0 - self._done) * net
        return gains

    def _gains_by_groups(self, net: Array, groups: Groups) -> Array:
        """Return the same of the means of groups, those of one half of the scramblings deciding in the other half."""
        middle = self._parts[len(self._parts) // 2].start
        halves = slice(0, middle), slice(middle, None)
        gains = np.empty(len(net))
        for seen, other in (halves, halves[::-1]):
            means = np.bincount(groups[seen], weights=net[seen], minlength=GROUPS)
            gains[other] = ((means > 0)[groups[other]] * 1.0 - self._done) * net[other]
        return gains

    def _by_spline(self, net: Array, ranks: Groups) -> _Regression:
        ranked, fitted = np.empty(len(net)), np.zeros(len(net))
        ranked[ranks] = net
        for column in self._columns:
            fitted += (column * ranked).sum() * column
        terms = len(self._columns)
        return _Regression(fitted, np.ones(len(net)), terms, _noise(ranked - fitted, terms))

    @cached_property
    def _columns(self) -> Array:
        """The spline's design in the order of ranks, the same for every number."""
        from scipy.special import ndtri

        count = len(self.net)
        score = ndtri((np.arange(count) + 0.5) / count)
        return _orthonormal(_restricted_cubic(score, ndtri(np.array(KNOTS))))


def _is_rank(groups: Groups) -> bool:
    return int(groups.max()) + 1 == len(groups)


def _by_groups(net: Array, groups: Groups) -> _Regression:
    counts = np.bincount(groups).astype(np.float64)
    means = np.bincount(groups, weights=net) / counts
    return _Regression(means, counts, len(counts), _noise(net - means[groups], len(counts)))


def _orthonormal(rows: Array) -> Array:
    """Return orthonormal rows that span what these span: Gram and Schmidt's, each twice, which is enough."""
    found: list[Array] = []
    for row in rows:
        left = row.copy()
        for _ in range(2):
            for known in found:
                left -= (left * known).sum() * known
            left /= math.sqrt(float((left * left).sum()))
        found.append(left)
    return np.array(found)


def _restricted_cubic(x: Array, knots: Array) -> Array:
    """Return cubic splines that are straight beyond the outer knots, a row each: 1, x, and one for each inner knot.

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
    return np.array([np.ones(len(x)), x, *bent])


def _noise(residuals: Array, coefficients: int) -> float:
    return math.sqrt(float((residuals * residuals).sum()) / (len(residuals) - coefficients))
