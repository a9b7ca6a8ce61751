"""What is known of a number beyond its point: ranges and distributions, and their middle."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, assert_never

from impacttree.records import dataclass

__all__ = ["Bounds", "Spread", "SpreadShape", "distance"]

Bounds = tuple[float, float]
SpreadShape = Literal["logit_normal", "lognormal", "mirrored_lognormal", "normal"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A range or distribution as stated.

    Parameters
    ----------
    kind
        Which form was written.
    numbers
        In the order of the written form: ``p10_p90`` and ``ci95`` low, high; ``p10_p50_p90`` all three; ``normal`` and
        ``lognormal`` mean and standard deviation of the number itself; ``beta`` alpha, beta; ``triangular`` low, mode,
        high; ``uniform`` low, high; ``discrete`` value, probability, value, probability and so on.
    """

    kind: Literal["p10_p90", "p10_p50_p90", "ci95", "normal", "lognormal", "beta", "triangular", "uniform", "discrete"]
    numbers: tuple[float, ...]

    @property
    def is_range(self) -> bool:
        """Whether quantiles are stated, and not a whole distribution."""
        return self.kind in ("p10_p90", "p10_p50_p90", "ci95")

    def low_high(self) -> tuple[float, float] | None:
        """Return the stated P10 and P90; None for other forms."""
        return (self.numbers[0], self.numbers[-1]) if self.kind in ("p10_p90", "p10_p50_p90") else None

    def ends(self) -> tuple[float, float]:
        """Return the least and greatest number that a stated point may take beside this spread."""
        numbers = self.numbers
        match self.kind:
            case "normal":
                return (-math.inf, math.inf)
            case "lognormal":
                return (0.0, math.inf)
            case "beta":
                return (0.0, 1.0)
            case "discrete":
                return (min(numbers[::2]), max(numbers[::2]))
            case _:
                return (numbers[0], numbers[-1])

    def shape(self, bounds: Bounds | None = None) -> SpreadShape:
        """Return how a range (``p10_p90``, ``p10_p50_p90``, ``ci95``) is read between its two ends.

        Strictly within `bounds` it is normal on the logit scale of the bounds, else with both ends positive normal on
        the logarithmic scale, with both negative the mirror image of that, else normal.
        """
        low, high = self.numbers[0], self.numbers[-1]
        if bounds is not None and bounds[0] < low and high < bounds[1]:
            return "logit_normal"
        if low > 0:
            return "lognormal"
        return "mirrored_lognormal" if high < 0 else "normal"

    def central(self, bounds: Bounds | None = None) -> float:
        """Return the P50; for ``discrete`` and ``beta``, which are of outcomes and probabilities, the mean.

        Examples
        --------
        >>> round(Spread("p10_p90", (0.2, 0.8)).central(bounds=(0.0, 1.0)), 12)
        0.5
        """
        numbers = self.numbers
        match self.kind:
            case "p10_p50_p90":
                return numbers[1]
            case "normal":
                return numbers[0]
            case "lognormal":
                return numbers[0] / math.hypot(1.0, numbers[1] / numbers[0])
            case "beta":
                return numbers[0] / (numbers[0] + numbers[1])
            case "triangular":
                return _triangular_median(*numbers)
            case "uniform":
                return _midpoint(*numbers)
            case "discrete":
                return math.fsum(v * p for v, p in zip(numbers[::2], numbers[1::2], strict=True))
            case _:
                return self._middle(bounds)

    def times(self, factor: float) -> Spread | None:
        """Return what is known of `factor` times the number; None where no kind of spread says it.

        Examples
        --------
        >>> Spread("ci95", (1.0, 4.0)).times(-0.5)
        Spread(kind='ci95', numbers=(-2.0, -0.5))
        """
        scaled = tuple(number * factor + 0.0 for number in self.numbers)
        match self.kind:
            case "beta":
                return self if factor == 1 else None
            case "lognormal":
                return Spread(self.kind, scaled) if factor > 0 else None
            case "normal":
                return Spread(self.kind, (scaled[0], abs(scaled[1])))
            case "discrete":
                pairs = zip(scaled[::2], self.numbers[1::2], strict=True)
                return Spread(self.kind, tuple(number for pair in pairs for number in pair))
            case _:
                return Spread(self.kind, scaled if factor > 0 else scaled[::-1])

    def through(self, monotone: Callable[[float], float]) -> Spread | None:
        """Return what is known of a monotone function of the number: quantiles go through it, other kinds do not.

        Examples
        --------
        >>> Spread("p10_p90", (1.0, 4.0)).through(lambda x: 1 / x)
        Spread(kind='p10_p90', numbers=(0.25, 1.0))
        """
        if not self.is_range:
            return None
        return Spread(self.kind, tuple(sorted(map(monotone, self.numbers))))

    def _middle(self, bounds: Bounds | None) -> float:
        low, high = self.numbers
        match self.shape(bounds):
            case "logit_normal":
                assert bounds is not None
                return _logit_middle(low, high, *bounds)
            case "lognormal":
                return math.sqrt(low) * math.sqrt(high)
            case "mirrored_lognormal":
                return -math.sqrt(-low) * math.sqrt(-high)
            case _:
                return _midpoint(low, high)


def _midpoint(low: float, high: float) -> float:
    return low / 2 + high / 2


def _logit_middle(low: float, high: float, floor: float, ceiling: float) -> float:
    """Return the median of the logit-normal: its odds over the bounds are the geometric mean of those at both ends."""
    root = math.sqrt(low - floor) * math.sqrt(high - floor)
    rest = math.sqrt(ceiling - low) * math.sqrt(ceiling - high)
    share = root / (root + rest)
    return floor * (1 - share) + ceiling * share


def _triangular_median(low: float, mode: float, high: float) -> float:
    if mode - low >= high - mode:
        return low + math.sqrt((high - low) / 2) * math.sqrt(mode - low)
    return high - math.sqrt((high - low) / 2) * math.sqrt(high - mode)


def distance(shape: SpreadShape, low: float, high: float, bounds: Bounds) -> float:
    """Return how far two numbers are apart on the scale of a shape; `bounds` count for ``logit_normal`` alone."""
    match shape:
        case "normal":
            return high - low
        case "lognormal":
            return math.log(high) - math.log(low)
        case "mirrored_lognormal":
            return math.log(-low) - math.log(-high)
        case "logit_normal":
            floor, ceiling = bounds
            up = math.log(high - floor) - math.log(low - floor)
            return up + math.log(ceiling - low) - math.log(ceiling - high)
    assert_never(shape)
