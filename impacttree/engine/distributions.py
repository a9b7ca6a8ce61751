"""Quantities as distributions: what is stated of a number -> its quantile function.

A range is read on the scale that its bounds and signs decide (`Spread.shape`): strictly within bounds on the logit
scale of the bounds, both ends positive on the logarithmic scale, both negative mirrored, otherwise plain. On that scale
the quantile function is that of a normal, bent so that it meets three stated quantiles exactly::

    t(u) = t(P50) + z * (a + b * (u - 1/2)),        z the normal score of u

This is the construction of the metalog (T. W. Keelin, "The Metalog Distributions", Decision Analysis 13, 2016) on
the normal quantile function, a simple Q-normal (Keelin and Powley, "Quantile-Parameterized Distributions",
Decision Analysis 8, 2011). The logistic metalog has tails so heavy that a range of a factor of nine, which is what a
judgement has, leaves no finite variance on the logarithmic scale; this one has all its moments, and a point that stands
where its range alone would put it changes nothing. Three quantiles so lopsided that this curve would turn back take a
normal of two halves, each with its own width, which meets any three.

A range that an evidence grade stands for is a convention about P10 and P90, which says nothing of one case in a
million. Its score is that of a normal cut at its own P1 and P99 and stretched, so that P10, P50 and P90 stay where they
are::

    z(u) = zt(u) * z90 / zt(0.9),        zt(u) = z(0.01 + 0.98 u)

An effect in an exponent, as an elasticity is, then has a mean, which a lognormal one has not.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Protocol, assert_never

import numpy as np

from impacttree.engine.arrays import Array
from impacttree.errors import Problem, QuantityError, printable
from impacttree.quantity import Bounds, Quantity, Spread
from impacttree.quantity.spread_checks import Z_P90, Z_P97_5, impossible
from impacttree.quantity.spreads import SpreadShape, distance
from impacttree.records import dataclass

__all__ = [
    "GRADE_CUT",
    "Array",
    "BentNormal",
    "Beta",
    "Discrete",
    "ProbabilityDistribution",
    "Triangular",
    "Uniform",
    "distribution_of",
]


STEEPEST = 1.5900
"""Largest |b| / a at which the bent curve rises everywhere: 1 / 0.62890, the least value, at z = -sqrt 2, of
``Phi(z) - 1/2 + z phi(z)``, rounded down; of a cut normal times what is left of it."""

GRADE_CUT = 0.01
"""Share that is cut off either tail of a range that follows from an evidence grade alone."""

NODES = 96
"""Nodes of the quadrature on either side of the median: mean and deviation to ten digits and more."""


class ProbabilityDistribution(Protocol):
    """What is known of a number, as a whole."""

    @property
    def central(self) -> float:
        """What stands for the number where one is needed: the P50, of outcomes and probabilities the mean."""

    @property
    def mean(self) -> float: ...

    def quantile(self, u: Array) -> Array:
        """Return the numbers below which shares `u` of the cases lie, 0 < u < 1."""


@dataclass(frozen=True, slots=True)
class BentNormal:
    """A normal on the scale of its shape, bent to a P50 and a quantile on either side of it.

    Parameters
    ----------
    shape
        The scale: ``normal`` plain, ``lognormal`` and ``mirrored_lognormal`` logarithmic, ``logit_normal`` between the
        `bounds`.
    central
        The P50, in the number's own unit.
    below, above
        Distance from the P50 to the lower and the upper quantile on that scale, per unit of normal score.
    tail
        Share beyond either of these quantiles: 0.1 for P10 and P90.
    bounds
        Where values end, for ``logit_normal``.
    cut
        Share that is cut off either tail of the normal, the rest being stretched so that the quantiles stay.

    Examples
    --------
    >>> import numpy as np
    >>> price = BentNormal("lognormal", 29.0, 0.1, 0.1)
    >>> price.quantile(np.array([0.1, 0.5, 0.9])).round(2)
    array([25.51, 29.  , 32.97])
    """

    shape: SpreadShape
    central: float
    below: float
    above: float
    tail: float = 0.1
    bounds: Bounds = (-math.inf, math.inf)
    cut: float = 0.0

    def quantile(self, u: Array) -> Array:
        from scipy.special import ndtri

        score: Array = ndtri(u) if not self.cut else ndtri(self.cut + (1.0 - 2.0 * self.cut) * u) * self.stretch
        return self.scaled(self.bent(score, u))

    @property
    def stretch(self) -> float:
        """Return by what the score of a cut normal is multiplied, so that it is that of a whole one at `tail`."""
        from scipy.special import ndtri

        return float(ndtri(self.tail) / ndtri(self.cut + (1.0 - 2.0 * self.cut) * self.tail))

    def bent(self, z: Array, u: Array) -> Array:
        """Return the distance from the P50 on the scale of the shape, at normal scores `z` of shares `u`."""
        if self.below == self.above:
            return z * self.below
        if self.bend is None:
            return z * np.where(z < 0, self.below, self.above)
        return z * ((self.below + self.above) / 2 + self.bend * (u - 0.5))

    @property
    def bend(self) -> float | None:
        """Return by how much the curve widens from the lowest share to the highest; None where it is of two halves."""
        bend = (self.above - self.below) / (1 - 2 * self.tail)
        slope = (self.below + self.above) / 2
        return None if abs(bend) > STEEPEST * (1.0 - 2.0 * self.cut) * slope else bend

    def scaled(self, distance: Array) -> Array:
        """Return the numbers at these distances from the P50."""
        match self.shape:
            case "normal":
                return self.central + distance
            case "lognormal":
                return self.central * np.exp(distance)
            case "mirrored_lognormal":
                return self.central * np.exp(-distance)
            case "logit_normal":
                from scipy.special import expit

                floor, ceiling = self.bounds
                odds = math.log(self.central - floor) - math.log(ceiling - self.central) + distance
                inside: Array = (ceiling - floor) * expit(-np.abs(odds))
                return np.where(odds < 0, floor + inside, ceiling - inside)
        assert_never(self.shape)

    @property
    def mean(self) -> float:
        if self.shape == "normal" and self.below == self.above:
            return self.central
        # Over the normal score on both sides of the median: to the cut, else as far as a lognormal's tail needs.
        from scipy.special import ndtr, ndtri

        kept, stretch = 1.0 - 2.0 * self.cut, self.stretch if self.cut else 1.0
        reach = 9.0 + 2.0 * max(self.below, self.above) * (self.shape != "normal")
        if self.cut:
            reach = -float(ndtri(self.cut))
        nodes, weights = _nodes()
        score = reach * (nodes + 1.0) / 2.0
        weights = weights * reach / 2.0 * np.exp(-score * score / 2.0) / math.sqrt(2.0 * math.pi) / kept
        sides = (self.scaled(self.bent(z * stretch, (ndtr(z) - self.cut) / kept)) for z in (-score, score))
        return float(sum((weights * side).sum() for side in sides))


@cache
def _nodes() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any number between two ends, all alike."""

    low: float
    high: float

    @property
    def central(self) -> float:
        return self._spread.central()

    mean = central

    @property
    def _spread(self) -> Spread:
        return Spread("uniform", (self.low, self.high))

    def quantile(self, u: Array) -> Array:
        return self.low * (1.0 - u) + self.high * u


@dataclass(frozen=True, slots=True)
class Triangular:
    """A density that rises from `low` to `mode` and falls to `high`."""

    low: float
    mode: float
    high: float

    @property
    def central(self) -> float:
        return self._spread.central()

    @property
    def mean(self) -> float:
        return self.low / 3 + self.mode / 3 + self.high / 3

    @property
    def _spread(self) -> Spread:
        return Spread("triangular", (self.low, self.mode, self.high))

    def quantile(self, u: Array) -> Array:
        width = self.high - self.low
        rising = self.low + np.sqrt(u * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1.0 - u) * width * (self.high - self.mode))
        return np.where(u * width < self.mode - self.low, rising, falling)


@dataclass(frozen=True, slots=True)
class Beta:
    """A share of which `alpha` successes and `beta` failures are known."""

    alpha: float
    beta: float

    @property
    def central(self) -> float:
        return self._spread.central()

    mean = central

    @property
    def _spread(self) -> Spread:
        return Spread("beta", (self.alpha, self.beta))

    def quantile(self, u: Array) -> Array:
        from scipy.special import betaincinv

        shares: Array = betaincinv(self.alpha, self.beta, u)
        return shares


@dataclass(frozen=True, slots=True)
class Discrete:
    """A few outcomes, each with its probability.

    Examples
    --------
    >>> import numpy as np
    >>> deal = Discrete((0.0, 250_000.0), (0.7, 0.3))
    >>> deal.central, deal.quantile(np.array([0.69, 0.71]))
    (75000.0, array([     0., 250000.]))
    """

    values: tuple[float, ...]
    """From low to high, so that a higher share never means a lower number."""
    shares: tuple[float, ...]

    @property
    def central(self) -> float:
        return self._spread.central()

    mean = central

    @property
    def _spread(self) -> Spread:
        pairs = zip(self.values, self.shares, strict=True)
        return Spread("discrete", tuple(number for pair in pairs for number in pair))

    def quantile(self, u: Array) -> Array:
        reached = np.cumsum(self.shares)[:-1]
        return np.array(self.values)[np.searchsorted(reached, u)]


def distribution_of(quantity: Quantity, bounds: Bounds | None = None, *, cut: float = 0.0) -> ProbabilityDistribution:
    """Return the distribution of a quantity whose range or distribution is stated.

    Parameters
    ----------
    quantity
        What is known; its stated point is the P50.
    bounds
        The metric's bounds, which decide the shape of a range.
    cut
        Share that is cut off either tail of a range: `GRADE_CUT` where nobody stated it.

    Raises
    ------
    QuantityError
        When no distribution has the stated numbers: quantiles out of order, a range outside the bounds, a value that is
        not the middle of its own distribution, a range too wide for numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from impacttree.quantity import parse_quantity
    >>> price = distribution_of(parse_quantity("$29 ($25 to $35)"))
    >>> price.quantile(np.array([0.1, 0.5, 0.9])).round(9)
    array([25., 29., 35.])
    >>> round(price.mean, 2)
    29.58
    """
    if quantity.spread is None:
        raise QuantityError(f"'{printable(quantity.text)}' states no range and no distribution")
    wrong = impossible(quantity, bounds)
    if wrong is not None:
        raise _refused(quantity, *wrong)
    return _read(quantity.spread, quantity.value, bounds, cut)


def _refused(quantity: Quantity, reason: str, fix: str) -> QuantityError:
    return QuantityError(Problem(reason=f"{printable(quantity.text)}: {reason}", fix=fix))


def _read(spread: Spread, point: float | None, bounds: Bounds | None, cut: float) -> ProbabilityDistribution:
    numbers = spread.numbers
    match spread.kind:
        case "p10_p90" | "p10_p50_p90":
            return _bent(spread, point, bounds, 0.1, Z_P90, cut)
        case "ci95":
            return _bent(spread, point, bounds, 0.025, Z_P97_5, cut)
        case "normal":
            return BentNormal("normal", numbers[0], numbers[1], numbers[1])
        case "lognormal":
            width = math.sqrt(2.0 * math.log(math.hypot(1.0, numbers[1] / numbers[0])))
            return BentNormal("lognormal", spread.central(), width, width)
        case "beta":
            return Beta(*numbers)
        case "triangular":
            return Triangular(*numbers)
        case "uniform":
            return Uniform(*numbers)
        case "discrete":
            values, shares = zip(*sorted(zip(numbers[::2], numbers[1::2], strict=True)), strict=True)
            return Discrete(values, shares)
    assert_never(spread.kind)


def _bent(
    spread: Spread, point: float | None, bounds: Bounds | None, tail: float, score: float, cut: float
) -> BentNormal:
    """Return the curve through both ends and, where one is stated, the point; else the even one through both ends."""
    shape = spread.shape(bounds)
    middle = spread.central(bounds) if point is None else point
    limits = bounds if bounds and shape == "logit_normal" else (-math.inf, math.inf)
    below = distance(shape, spread.numbers[0], middle, limits) / score
    above = distance(shape, middle, spread.numbers[-1], limits) / score
    if len(spread.numbers) == 2 and point is None:
        below = above = (below + above) / 2
    return BentNormal(shape, middle, below, above, tail, limits, cut)
